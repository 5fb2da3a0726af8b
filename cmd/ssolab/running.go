package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/internal/console/client"
)

const (
	consoleVariable = "SSOLAB_CONSOLE_URL"
	defaultConsole  = "http://localhost:9400"
	askTimeout      = 5 * time.Second // an answer from a lab of this machine
)

// running is a lab that another process serves.
type running struct {
	*client.Client
	url    string
	health console.Health
}

// errNoLab says that no lab answers.
type errNoLab struct {
	url   string
	named bool // by SSOLAB_CONSOLE_URL
	err   error
}

func (e *errNoLab) Error() string { return "no lab answers at " + e.url }

// misuse is the error as a command gives it.
func (e *errNoLab) misuse() error {
	hint := `start it with "ssolab up"`
	if e.named {
		hint += ", or unset " + consoleVariable
	} else {
		hint += ", or say where it is with " + consoleVariable
	}
	if refused, ok := errors.AsType[*client.Error](e.err); ok {
		return misuse(hint, "what answers at %s is no lab: %s", e.url, refused.Message)
	}
	return misuse(hint, "no lab answers at %s: %v", e.url, cause(e.err))
}

// find returns the running lab, or *errNoLab.
func find(ctx context.Context, io streams) (*running, error) {
	if at := io.Getenv(consoleVariable); at != "" {
		return ask(ctx, at, true)
	}
	return ask(ctx, cmp.Or(io.Console, defaultConsole), false)
}

func ask(ctx context.Context, at string, named bool) (*running, error) {
	hc := &http.Client{Timeout: askTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	r := &running{Client: client.New(at, hc), url: at}
	var err error
	if r.health, err = r.Health(ctx); err == nil && r.health.Status != "ok" {
		err = &client.Error{Message: "it gives no health as a lab does"}
	}
	if err != nil {
		return nil, &errNoLab{url: at, named: named, err: err}
	}
	return r, nil
}

// object is a JSON object that keeps the order of its members.
type object []member

type member struct {
	name  string
	value any
}

func objectOf(list []ssolab.Variable) object {
	out := make(object, len(list))
	for i, v := range list {
		out[i] = member{v.Name, v.Value}
	}
	return out
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
