package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/internal/trace"
)

// Health answers GET health.
type Health struct {
	Status  string `json:"status"` // "ok"
	Version string `json:"version"`
	Seq     uint64 `json:"seq"` // number of the newest event
}

// Network answers GET network: what a program needs to reach the parties of a lab that has TLS or names of its own.
type Network struct {
	Resolve map[string]string `json:"resolve"` // host:port to the address:port to dial; empty when the parties are on ports
	CA      string            `json:"ca_pem"`  // certificate to trust; empty without TLS
}

// Message is an e-mail or text message that a party would have sent.
type Message struct {
	At          time.Time `json:"at"`
	PoolID      string    `json:"user_pool_id"`
	Username    string    `json:"username"`
	Medium      string    `json:"medium"`      // EMAIL or SMS
	Destination string    `json:"destination"` // address or number
	Purpose     string    `json:"purpose"`     // invitation, sign-up, forgot-password, verify-attribute, second-factor, one-time-password
	Code        string    `json:"code"`        // or the temporary password
	Subject     string    `json:"subject,omitempty"`
	Body        string    `json:"body"`
}

// Messages answers GET messages, newest first.
type Messages struct {
	Messages []Message `json:"messages"`
}

// Summary is a sign-in in the list of GET signins.
type Summary struct {
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`
	Updated  time.Time `json:"updated"`
	Email    string    `json:"email,omitempty"`
	ClientID string    `json:"client_id,omitempty"`
	Provider string    `json:"provider,omitempty"`
	Username string    `json:"username,omitempty"`
	Outcome  string    `json:"outcome"` // open, code, completed or failed
	Failure  string    `json:"failure,omitempty"`
	HopCount int       `json:"hop_count"`
}

// SignIns answers GET signins, newest first.
type SignIns struct {
	SignIns []Summary `json:"signins"`
}

// Fault is a fault in the list of GET faults.
type Fault struct {
	fault.Fault
	Kind fault.Kind `json:"kind"`
}

// Faults answers GET faults.
type Faults struct {
	Faults []Fault       `json:"faults"`
	Points []fault.Point `json:"points"`
	Rules  []fault.Rule  `json:"rules"`
}

// Quirks answers GET quirks.
type Quirks struct {
	Quirks []quirk.State `json:"quirks"`
}

// Clock answers GET clock and POST clock.
type Clock struct {
	Now    time.Time `json:"now"`    // the lab's time, RFC 3339 in UTC
	Offset string    `json:"offset"` // how far it is from the machine's, as a Go duration
}

func (c *console) health(w http.ResponseWriter, _ *http.Request) error {
	return ok(w, Health{Status: "ok", Version: c.Version, Seq: c.Kit.Trace.Seq()})
}

func (c *console) network(w http.ResponseWriter, _ *http.Request) error {
	info := c.Info()
	if info.Resolve == nil {
		info.Resolve = map[string]string{}
	}
	return ok(w, Network{Resolve: info.Resolve, CA: info.CA})
}

// messages are those to an address or a user, or all.
func (c *console) messages(w http.ResponseWriter, r *http.Request) error {
	list, err := c.Messages(r.Context())
	if err != nil {
		return err
	}
	to := r.URL.Query().Get("to")
	list = slices.DeleteFunc(list, func(m Message) bool { return to != "" && m.Destination != to && m.Username != to })
	if list == nil {
		list = []Message{}
	}
	return ok(w, Messages{Messages: list})
}

func summary(s trace.SignIn) Summary {
	return Summary{
		ID: s.ID, Started: s.Started.UTC(), Updated: s.Updated.UTC(), Email: s.Email, ClientID: s.ClientID,
		Provider: s.Provider, Username: s.Username, Outcome: s.Outcome, Failure: s.Failure, HopCount: len(s.Hops),
	}
}

func (c *console) summaries() []Summary {
	out := []Summary{}
	for _, s := range c.Kit.Trace.SignIns() {
		out = append(out, summary(s))
	}
	return out
}

func (c *console) signIns(w http.ResponseWriter, _ *http.Request) error {
	return ok(w, SignIns{c.summaries()})
}

// find looks a sign-in up by its id, or the newest as "latest".
func (c *console) find(id string) (trace.SignIn, bool) {
	if id == "latest" {
		if all := c.Kit.Trace.SignIns(); len(all) > 0 {
			return all[0], true
		}
		return trace.SignIn{}, false
	}
	return c.Kit.Trace.SignIn(id)
}

func (c *console) signIn(w http.ResponseWriter, r *http.Request) error {
	s, found := c.find(r.PathValue("id"))
	if !found {
		return refused(http.StatusNotFound, fmt.Sprintf("there is no sign-in %q", r.PathValue("id")), "GET /api/v1/signins lists those that are kept.")
	}
	return ok(w, s.View())
}

func (c *console) faults(w http.ResponseWriter, _ *http.Request) error {
	out := Faults{Faults: []Fault{}, Points: c.Kit.Faults.Points(), Rules: c.Kit.Faults.Rules()}
	for _, f := range c.Kit.Faults.Faults() {
		out.Faults = append(out.Faults, Fault{Fault: f, Kind: f.Kind()})
	}
	if out.Points == nil {
		out.Points = []fault.Point{}
	}
	return ok(w, out)
}

func (c *console) addFault(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		ID     *string           `json:"id"`
		Fault  *string           `json:"fault"`
		At     *string           `json:"at"`
		Match  map[string]string `json:"match"`
		Times  *int              `json:"times"`
		Params map[string]string `json:"params"`
	}
	if err := read(r, &body); err != nil {
		return err
	}
	if body.Fault == nil || *body.Fault == "" {
		return refused(http.StatusBadRequest, `field "fault" is missing`, "It is the id of a fault; GET /api/v1/faults lists them.")
	}
	rule, err := c.Kit.Faults.Add(fault.Rule{
		ID: value(body.ID), Fault: *body.Fault, At: value(body.At), Match: body.Match, Times: value(body.Times), Params: body.Params,
	})
	if err != nil {
		return refused(http.StatusBadRequest, err.Error(), "GET /api/v1/faults lists faults, points and the rules that are set.")
	}
	return ok(w, rule)
}

func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}

func (c *console) removeFault(w http.ResponseWriter, r *http.Request) error {
	if !c.Kit.Faults.Remove(r.PathValue("id")) {
		return refused(http.StatusNotFound, fmt.Sprintf("there is no rule %q", r.PathValue("id")), "GET /api/v1/faults lists the rules that are set.")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *console) clearFaults(w http.ResponseWriter, _ *http.Request) error {
	c.Kit.Faults.Reset()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *console) quirkStates() []quirk.State {
	if c.Kit.Quirks == nil {
		return []quirk.State{}
	}
	return c.Kit.Quirks.List()
}

func (c *console) quirks(w http.ResponseWriter, _ *http.Request) error {
	return ok(w, Quirks{c.quirkStates()})
}

func (c *console) switchQuirk(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		On *bool `json:"on"`
	}
	if err := read(r, &body); err != nil {
		return err
	}
	if body.On == nil {
		return refused(http.StatusBadRequest, `field "on" is missing`, `Send {"on":true} or {"on":false}.`)
	}
	id := r.PathValue("id")
	i := slices.IndexFunc(c.quirkStates(), func(q quirk.State) bool { return q.ID == id })
	if i < 0 {
		return refused(http.StatusNotFound, fmt.Sprintf("there is no quirk %q", id), "GET /api/v1/quirks lists them.")
	}
	if err := c.Kit.Quirks.Switch(id, *body.On); err != nil {
		return err
	}
	return ok(w, c.quirkStates()[i])
}

func (c *console) clockNow() Clock {
	return Clock{Now: c.Kit.Env.Now().UTC(), Offset: c.Kit.Env.Offset().String()}
}

func (c *console) clock(w http.ResponseWriter, _ *http.Request) error { return ok(w, c.clockNow()) }

// maxOffset keeps the lab's times within what tokens, cookies and certificates can say.
const maxOffset = 20 * 365 * 24 * time.Hour

func (c *console) setClock(w http.ResponseWriter, r *http.Request) error {
	const hint = `Send {"advance":"5m"} or {"reset":true}. A duration is a Go duration: 90s, 1h30m, -5m.`
	var body struct {
		Advance *string `json:"advance"`
		Reset   *bool   `json:"reset"`
	}
	if err := read(r, &body); err != nil {
		return err
	}
	switch {
	case body.Advance != nil && body.Reset != nil:
		return refused(http.StatusBadRequest, `fields "advance" and "reset" exclude each other`, hint)
	case body.Advance != nil:
		d, err := time.ParseDuration(*body.Advance)
		if err != nil {
			return refused(http.StatusBadRequest, fmt.Sprintf(`field "advance" is %q, not a duration`, *body.Advance), hint)
		}
		if d.Abs() > maxOffset || (c.Kit.Env.Offset()+d).Abs() > maxOffset {
			return refused(http.StatusBadRequest, fmt.Sprintf(`field "advance" is %q: the clock stays within 20 years of the machine's`, *body.Advance), hint)
		}
		c.Kit.Env.Advance(d)
	case value(body.Reset):
		c.Kit.Env.ResetClock()
	default:
		return refused(http.StatusBadRequest, `one of the fields "advance" and "reset" is needed`, hint)
	}
	return ok(w, c.clockNow())
}

// noBody takes a request without a body, or with an empty object.
func noBody(r *http.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	var nothing struct{}
	err := read(r, &nothing)
	if e, ok := errors.AsType[*apiError](err); ok {
		e.Hint = "Send no body, or {}."
	}
	return err
}

// reset takes back whatever was changed since the start. The clock goes first, so that records made anew are of the
// right time, and the trace last, so that its "reset" event says that all is done.
func (c *console) reset(w http.ResponseWriter, r *http.Request) error {
	if err := noBody(r); err != nil {
		return err
	}
	c.Kit.Faults.Reset()
	if c.Kit.Quirks != nil {
		c.Kit.Quirks.Reset()
	}
	c.Kit.Env.ResetClock()
	if err := c.Config.Reset(r.Context()); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	c.Kit.Trace.Reset()
	w.WriteHeader(http.StatusNoContent)
	return nil
}
