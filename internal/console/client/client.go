// Package client speaks the control API of a running lab.
//
//	c := client.New("http://localhost:9400", nil)
//	before, err := c.Health(ctx)
//	…                                             // do something that signs in
//	event, err := c.WaitEvent(ctx, client.Wait{After: before.Seq, Names: []string{"signin.completed"}})
//	signIn, err := c.SignIn(ctx, event.SignIn)
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/internal/trace"
)

// Error is a refusal of the API.
type Error struct {
	Status   int               // of HTTP
	Message  string            // what happened
	Hint     string            // what to do next
	Problems []console.Problem // of the lab file, when that is what was refused
}

// Error implements error.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " (" + e.Hint + ")"
}

// ErrNoEvent is WaitEvent's answer when nothing happened in time.
var ErrNoEvent = errors.New("no such event in time")

// Client speaks to one lab. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

// New returns a client of the console at baseURL. A nil hc is http.DefaultClient.
func New(baseURL string, hc *http.Client) *Client {
	if hc == nil {
		hc = http.DefaultClient
	}
	return &Client{base: strings.TrimSuffix(baseURL, "/") + "/api/v1/", http: hc}
}

// Health tells that the lab answers, its version, and the number of its newest event.
func (c *Client) Health(ctx context.Context) (console.Health, error) {
	return ask[console.Health](ctx, c, http.MethodGet, "health", nil)
}

// Env returns the variables that an application of the lab needs.
func (c *Client) Env(ctx context.Context) (map[string]string, error) {
	return ask[map[string]string](ctx, c, http.MethodGet, "env", nil)
}

// EnvText returns the variables in a format: json, dotenv or shell.
func (c *Client) EnvText(ctx context.Context, format string) (string, error) {
	_, b, err := c.do(ctx, http.MethodGet, "env?format="+url.QueryEscape(format), nil)
	return string(b), err
}

// Messages are what the lab would have mailed or texted, newest first: those to an address or user, or all if to is empty.
func (c *Client) Messages(ctx context.Context, to string) ([]console.Message, error) {
	path := "messages"
	if to != "" {
		path += "?to=" + url.QueryEscape(to)
	}
	m, err := ask[console.Messages](ctx, c, http.MethodGet, path, nil)
	return m.Messages, err
}

// Network tells where the lab's host names are and which CA to trust.
func (c *Client) Network(ctx context.Context) (console.Network, error) {
	return ask[console.Network](ctx, c, http.MethodGet, "network", nil)
}

// SignIns lists the recorded sign-ins, newest first.
func (c *Client) SignIns(ctx context.Context) ([]console.Summary, error) {
	list, err := ask[console.SignIns](ctx, c, http.MethodGet, "signins", nil)
	return list.SignIns, err
}

// SignIn returns one sign-in with its hops; the id "latest" means the newest.
func (c *Client) SignIn(ctx context.Context, id string) (trace.View, error) {
	return ask[trace.View](ctx, c, http.MethodGet, "signins/"+url.PathEscape(id), nil)
}

// Faults lists faults, points and the rules that are set.
func (c *Client) Faults(ctx context.Context) (console.Faults, error) {
	return ask[console.Faults](ctx, c, http.MethodGet, "faults", nil)
}

// AddFault sets a rule and returns it with its id.
func (c *Client) AddFault(ctx context.Context, r fault.Rule) (fault.Rule, error) {
	body := struct {
		ID     string            `json:"id,omitempty"`
		Fault  string            `json:"fault"`
		At     string            `json:"at,omitempty"`
		Match  map[string]string `json:"match,omitempty"`
		Times  int               `json:"times,omitempty"`
		Params map[string]string `json:"params,omitempty"`
	}{r.ID, r.Fault, r.At, r.Match, r.Times, r.Params}
	return ask[fault.Rule](ctx, c, http.MethodPost, "faults", body)
}

// RemoveFault takes one rule back.
func (c *Client) RemoveFault(ctx context.Context, id string) error {
	_, _, err := c.do(ctx, http.MethodDelete, "faults/"+url.PathEscape(id), nil)
	return err
}

// ClearFaults takes all rules back.
func (c *Client) ClearFaults(ctx context.Context) error {
	_, _, err := c.do(ctx, http.MethodDelete, "faults", nil)
	return err
}

// Quirks lists the quirks and their switches.
func (c *Client) Quirks(ctx context.Context) ([]quirk.State, error) {
	list, err := ask[console.Quirks](ctx, c, http.MethodGet, "quirks", nil)
	return list.Quirks, err
}

// SwitchQuirk turns a quirk on or off.
func (c *Client) SwitchQuirk(ctx context.Context, id string, on bool) (quirk.State, error) {
	return ask[quirk.State](ctx, c, http.MethodPut, "quirks/"+url.PathEscape(id), map[string]any{"on": on})
}

// Clock tells the lab's time.
func (c *Client) Clock(ctx context.Context) (console.Clock, error) {
	return ask[console.Clock](ctx, c, http.MethodGet, "clock", nil)
}

// Advance moves the lab's clock.
func (c *Client) Advance(ctx context.Context, d time.Duration) (console.Clock, error) {
	return ask[console.Clock](ctx, c, http.MethodPost, "clock", map[string]any{"advance": d.String()})
}

// ResetClock puts the lab's clock back to the machine's.
func (c *Client) ResetClock(ctx context.Context) (console.Clock, error) {
	return ask[console.Clock](ctx, c, http.MethodPost, "clock", map[string]any{"reset": true})
}

// Reset puts the whole lab back to its start.
func (c *Client) Reset(ctx context.Context) error {
	_, _, err := c.do(ctx, http.MethodPost, "reset", nil)
	return err
}

// Reload has the lab read its file again. A refusal lists what is wrong with the file.
func (c *Client) Reload(ctx context.Context) (console.Reloaded, error) {
	return ask[console.Reloaded](ctx, c, http.MethodPost, "reload", nil)
}

// Wait says what WaitEvent waits for.
type Wait struct {
	After   uint64        // number of an event; only later ones count. 0 means from the first that is kept
	Names   []string      // any of these; one that ends with * matches what begins so. None means any event
	Timeout time.Duration // 0 means the API's default, 30 s; at most 5 min
}

// WaitEvent waits for an event, or answers ErrNoEvent. The HTTP client's own time-out must be longer than the wait's.
func (c *Client) WaitEvent(ctx context.Context, wait Wait) (trace.Event, error) {
	q := url.Values{"after": {strconv.FormatUint(wait.After, 10)}, "name": wait.Names}
	if wait.Timeout > 0 {
		q.Set("timeout", wait.Timeout.String())
	}
	status, b, err := c.do(ctx, http.MethodGet, "events?"+q.Encode(), nil)
	if err != nil {
		return trace.Event{}, err
	}
	if status == http.StatusNoContent {
		return trace.Event{}, ErrNoEvent
	}
	return decode[trace.Event](b)
}

func ask[T any](ctx context.Context, c *Client, method, path string, body any) (T, error) {
	_, b, err := c.do(ctx, method, path, body)
	if err != nil {
		return *new(T), err
	}
	return decode[T](b)
}

func decode[T any](b []byte) (T, error) {
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("read the console's answer: %w", err)
	}
	return v, nil
}

func (c *Client) do(ctx context.Context, method, path string, body any) (int, []byte, error) {
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, nil, fmt.Errorf("encode the request: %w", err)
		}
		reader = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return 0, nil, fmt.Errorf("ask the console: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("ask the console: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("read the console's answer: %w", err)
	}
	if resp.StatusCode < 300 {
		return resp.StatusCode, b, nil
	}
	var refusal struct {
		Error, Hint string
		Problems    []console.Problem
	}
	if json.Unmarshal(b, &refusal) != nil || refusal.Error == "" {
		refusal.Error = fmt.Sprintf("%s answered %s, not as a lab's console does", req.URL.Host, resp.Status)
	}
	return resp.StatusCode, nil, &Error{Status: resp.StatusCode, Message: refusal.Error, Hint: refusal.Hint, Problems: refusal.Problems}
}
