package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// Endpoint is where a team wants to be told.
type Endpoint struct {
	ID     string   // whe_…; follows from the URL when empty
	URL    string   // http or https
	Secret string   // whsec_<base64>; made when empty
	Events []string // types; none means all
}

// Wants tells whether the endpoint is told of a type.
func (e Endpoint) Wants(eventType string) bool {
	return len(e.Events) == 0 || slices.Contains(e.Events, eventType)
}

// Check calls report for everything that is wrong with an endpoint, with its place: url, secret, events[0].
func (e Endpoint) Check(report func(place, problem string)) {
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		report("url", fmt.Sprintf("%q is no http or https URL", e.URL))
	}
	if e.Secret != "" {
		if _, err := keyOf(e.Secret); err != nil {
			report("secret", err.Error())
		}
	}
	for i, t := range e.Events {
		if !slices.Contains(Types(), t) {
			report(fmt.Sprintf("events[%d]", i), fmt.Sprintf("there is no event type %q; there are %s", t, strings.Join(Types(), ", ")))
		}
	}
}

// keyOf is the key of a secret: the base64 behind the first underscore.
func keyOf(secret string) ([]byte, error) {
	_, encoded, ok := strings.Cut(secret, "_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) == 0 {
		return nil, errors.New("a webhook secret is whsec_ and base64")
	}
	return key, nil
}

// Sign returns the value of webhook-signature for a body that is sent at a time under an id.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	key, err := keyOf(secret)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// State is how far a delivery is.
type State string

// States of deliveries.
const (
	Pending   State = "pending"
	Delivered State = "delivered"
	Failed    State = "failed" // after the last attempt
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID       string // of the event, evt_…; the same at every endpoint and in every attempt
	Type     string
	Endpoint string // its URL
	Body     []byte
	State    State
	Attempts []Attempt
	Next     time.Time // of the next attempt, while pending
	Created  time.Time

	endpoint Endpoint
}

// Attempt is one request of a delivery.
type Attempt struct {
	At     time.Time
	Status int    // of the answer; 0: none
	Error  string // why there was none
}

// waits are the times between attempts.
var waits = []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute}

const (
	timeout = 10 * time.Second // of one attempt, as documented
	kept    = 500              // deliveries that are kept
	tick    = 100 * time.Millisecond
	workers = 4
)

// Dispatcher delivers events. It is safe for concurrent use.
type Dispatcher struct {
	env         *lab.Env
	environment string
	client      *http.Client
	log         *slog.Logger

	mu         sync.Mutex // guards the fields below
	endpoints  []Endpoint
	deliveries []*Delivery // oldest first
	changed    chan struct{}
	working    bool // a goroutine looks after what is pending
	stopped    bool

	stop context.CancelFunc
	ctx  context.Context
	wait sync.WaitGroup
}

// New returns a dispatcher for the environment with that id (env_…). client sends; its timeout is replaced.
func New(env *lab.Env, environmentID string, client *http.Client, log *slog.Logger) *Dispatcher {
	c := *client
	c.Timeout = timeout
	d := &Dispatcher{env: env, environment: environmentID, client: &c, log: log, changed: make(chan struct{})}
	d.ctx, d.stop = context.WithCancel(context.Background())
	return d
}

// Close ends deliveries under way and waits for them.
func (d *Dispatcher) Close() {
	d.mu.Lock()
	d.stopped = true
	d.mu.Unlock()
	d.stop()
	d.wait.Wait()
}

// SetEndpoints replaces the endpoints. Those without a secret get one that follows from their URL, so that it is the same in
// every run. What is pending for an endpoint that is there no more is given up; for the others it is signed anew.
func (d *Dispatcher) SetEndpoints(list []Endpoint) {
	list = slices.Clone(list)
	for i := range list {
		e := &list[i]
		sum := sha256.Sum256([]byte("webhook endpoint " + e.URL))
		if e.ID == "" {
			e.ID = fmt.Sprintf("whe_%x", sum[:6])
		}
		if e.Secret == "" {
			e.Secret = "whsec_" + base64.StdEncoding.EncodeToString(sum[8:32])
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.endpoints = list
	for _, v := range d.deliveries {
		if i := slices.IndexFunc(list, func(e Endpoint) bool { return e.ID == v.endpoint.ID }); i >= 0 {
			v.endpoint, v.Endpoint = list[i], list[i].URL
		} else if v.State == Pending {
			v.State = Failed
		}
	}
	d.notify()
}

// Endpoints are the endpoints, with their secrets.
func (d *Dispatcher) Endpoints() []Endpoint {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.endpoints)
}

// Reset forgets every delivery.
func (d *Dispatcher) Reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deliveries = nil
	d.notify()
}

// Observe is the directory's observer: it queues what the endpoints want to know.
func (d *Dispatcher) Observe(_ context.Context, e directory.Event) {
	if e.By == directory.Declared && e.Action != directory.Occurred {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.endpoints) == 0 || d.stopped {
		return
	}
	for _, made := range eventsOf(e) {
		id := d.env.Sonyflake("evt")
		body, err := made.body(id, d.environment, e)
		if err != nil {
			d.log.Error("webhook event", "type", made.Type, "error", err)
			continue
		}
		for _, endpoint := range d.endpoints {
			if endpoint.Wants(made.Type) {
				d.deliveries = append(d.deliveries, &Delivery{
					ID: id, Type: made.Type, Endpoint: endpoint.URL, Body: body, State: Pending, Next: e.At, Created: e.At, endpoint: endpoint,
				})
			}
		}
	}
	if over := len(d.deliveries) - kept; over > 0 {
		d.deliveries = slices.Delete(d.deliveries, 0, over)
	}
	d.start()
	d.notify()
}

// notify wakes those who wait for a change. The caller holds mu.
func (d *Dispatcher) notify() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// start begins to look after what is pending, unless somebody does. The caller holds mu.
func (d *Dispatcher) start() {
	if d.working || d.stopped || !slices.ContainsFunc(d.deliveries, isPending) {
		return
	}
	d.working = true
	d.wait.Go(d.work)
}

func isPending(v *Delivery) bool { return v.State == Pending }

// work delivers until nothing is pending. The lab's clock says what is due; it may be moved, so it is looked at often.
func (d *Dispatcher) work() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		due, more := d.due()
		var group sync.WaitGroup
		slots := make(chan struct{}, workers)
		for _, v := range due {
			slots <- struct{}{}
			group.Go(func() {
				d.attempt(v)
				<-slots
			})
		}
		group.Wait()
		if len(due) > 0 {
			continue
		}
		if !more {
			return
		}
		select {
		case <-ticker.C:
		case <-d.ctx.Done():
			return
		}
	}
}

// due are the deliveries whose time has come; more tells whether there are others. When there is neither, nobody looks after
// the deliveries any more.
func (d *Dispatcher) due() (list []*Delivery, more bool) {
	now := d.env.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, v := range d.deliveries {
		if v.State != Pending || d.stopped {
			continue
		}
		if v.Next.After(now) {
			more = true
		} else {
			list = append(list, v)
		}
	}
	if len(list) == 0 && !more {
		d.working = false
	}
	return list, more
}

// attempt sends a delivery once.
func (d *Dispatcher) attempt(v *Delivery) {
	at := d.env.Now().UTC()
	d.mu.Lock()
	endpoint := v.endpoint
	d.mu.Unlock()
	status, err := d.send(v, endpoint, at)
	made := Attempt{At: at, Status: status}
	if err != nil {
		made.Error = err.Error()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v.Attempts = append(v.Attempts, made)
	switch n := len(v.Attempts); {
	case v.State == Failed: // its endpoint went away meanwhile
	case err == nil && status >= 200 && status < 300:
		v.State = Delivered
	case n > len(waits):
		v.State = Failed
		d.log.Warn("webhook not delivered", "type", v.Type, "endpoint", v.Endpoint, "attempts", n, "status", status, "error", made.Error)
	default:
		v.Next = at.Add(waits[n-1])
	}
	d.notify()
}

func (d *Dispatcher) send(v *Delivery, to Endpoint, at time.Time) (int, error) {
	signature, err := Sign(to.Secret, v.ID, at, v.Body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(d.ctx, http.MethodPost, to.URL, bytes.NewReader(v.Body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Svix-Webhooks/1.0 (mock)")
	req.Header.Set("webhook-id", v.ID)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("webhook-signature", signature)
	resp, err := d.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	return resp.StatusCode, nil
}

// Deliveries are the deliveries that are kept, newest first.
func (d *Dispatcher) Deliveries() []Delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Delivery, 0, len(d.deliveries))
	for _, v := range slices.Backward(d.deliveries) {
		c := *v
		c.Attempts = slices.Clone(v.Attempts)
		out = append(out, c)
	}
	return out
}

// Again sends a delivery anew, and tells whether there is one of that event id.
func (d *Dispatcher) Again(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := false
	for _, v := range d.deliveries {
		if v.ID == id {
			found, v.State, v.Next, v.Attempts = true, Pending, d.env.Now(), nil
		}
	}
	d.start()
	d.notify()
	return found
}

// Idle waits until nothing is pending whose time has come, or ctx ends.
func (d *Dispatcher) Idle(ctx context.Context) error {
	for {
		now := d.env.Now()
		d.mu.Lock()
		busy := slices.ContainsFunc(d.deliveries, func(v *Delivery) bool { return v.State == Pending && !v.Next.After(now) })
		changed := d.changed
		d.mu.Unlock()
		if !busy {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
