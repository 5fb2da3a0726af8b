package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/internal/console/client"
	"github.com/ssolab/ssolab/internal/labcontrol"
	"github.com/ssolab/ssolab/internal/localca"
)

const (
	consoleVariable = "SSOLAB_CONSOLE_URL"
	caVariable      = "SSOLAB_CA_FILE"
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

// answers tells that a lab seems to be there, but is not trusted.
func (e *errNoLab) answers() bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](e.err)
	return untrusted
}

// misuse is the error as a command gives it.
func (e *errNoLab) misuse() error {
	if e.answers() {
		return misuse(caVariable+` names its certificate; "ssolab up" prints it, "ssolab ca path" prints that of the default CA`,
			"what answers at %s has a certificate of a CA that is not known here: %v", e.url, cause(e.err))
	}
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
	trust := func() (*x509.CertPool, error) { return knownRoots(io) }
	if at := io.Getenv(consoleVariable); at != "" {
		return ask(ctx, at, true, trust)
	}
	return ask(ctx, cmp.Or(io.Console, defaultConsole), false, trust)
}

// ask asks the lab at an address for its health. One that was given as http and speaks TLS is asked again by https; trust
// gives the roots for it.
func ask(ctx context.Context, at string, named bool, trust func() (*x509.CertPool, error)) (*running, error) {
	r, err := askOnce(ctx, at, trust)
	// Go's server answers plain HTTP on a port with TLS with 400, net/http.badRequestError.
	if refused, ok := errors.AsType[*client.Error](err); ok && refused.Status == http.StatusBadRequest {
		if rest, ok := strings.CutPrefix(at, "http://"); ok {
			secure, secureErr := askOnce(ctx, "https://"+rest, trust)
			if _, broken := errors.AsType[tls.RecordHeaderError](secureErr); !broken {
				at, r, err = "https://"+rest, secure, secureErr
			}
		}
	}
	if err != nil {
		return nil, &errNoLab{url: at, named: named, err: err}
	}
	return r, nil
}

func askOnce(ctx context.Context, at string, trust func() (*x509.CertPool, error)) (*running, error) {
	transport := &http.Transport{DisableKeepAlives: true}
	if strings.HasPrefix(at, "https://") {
		pool, err := trust()
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	r := &running{Client: client.New(at, &http.Client{Timeout: askTimeout, Transport: transport}), url: at}
	var err error
	if r.health, err = r.Health(ctx); err == nil && r.health.Status != "ok" {
		err = &client.Error{Message: "it gives no health as a lab does"}
	}
	return r, err
}

// knownRoots are the system's and the lab's CA: that of SSOLAB_CA_FILE, or the default one if it has been made.
func knownRoots(io streams) (*x509.CertPool, error) {
	file := io.Getenv(caVariable)
	if file == "" {
		dir, err := localca.DefaultDir(io.Getenv)
		if err != nil {
			return labcontrol.Roots(nil), nil
		}
		certificate, _ := os.ReadFile(filepath.Join(dir, localca.CertificateFile))
		return labcontrol.Roots(certificate), nil
	}
	certificate, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", caVariable, err)
	}
	return labcontrol.Roots(certificate), nil
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
