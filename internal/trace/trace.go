// Package trace records what the parties of a lab say to each other and joins it into sign-ins.
//
// Each party's server records the exchanges it receives. Which sign-in one belongs to is found from what it carries:
// codes, tokens, request ids and state are remembered from the answers that handed them out. A call that one party
// makes while serving another (Cognito fetching Scalekit's keys) carries none of these, so the caller's Transport tells
// the recorder from which local port it speaks; nothing is added to the wire.
//
//	browser ─► [server records] ─► answer: Location has code=…  ──┐ remembered
//	app ─────► [server records] ◄─ request: code=…  ◄─────────────┘ same sign-in
//
// Values are kept as sent, in memory only; everything that leaves the package through View is masked.
package trace

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// Party is a lane of a sign-in.
type Party string

// The parties, from left to right.
const (
	Browser  Party = "browser"
	App      Party = "app"
	Cognito  Party = "cognito"
	Scalekit Party = "scalekit"
	IdP      Party = "idp"
	Lambda   Party = "lambda" // functions that a user pool calls; no party of the lab
)

// Channel says who makes a request: the person's browser, or a server.
type Channel string

// Front and back channel.
const (
	Front Channel = "front"
	Back  Channel = "back"
)

// Outcomes of a sign-in.
const (
	Open      = "open"      // under way, or left by the person
	Code      = "code"      // the app has been handed a code
	Completed = "completed" // the app has got tokens
	Failed    = "failed"    // somebody refused
)

// Exchange is one request and its answer, as recorded.
type Exchange struct {
	Seq            uint64
	SignIn         string // empty: belongs to no sign-in
	From, To       Party
	Channel        Channel
	Point          string // name of the endpoint, e.g. "cognito.token"
	Started        time.Time
	Duration       time.Duration // by the machine's monotonic clock
	Method         string
	URL            string
	RequestHeader  []Header
	RequestBody    string
	Status         int
	ResponseHeader []Header
	ResponseBody   string
	Notes          []string // what the party did: "verified the ID token with key …"
	Failure        string   // why it refused, as one sentence
}

// Header is one header line.
type Header struct{ Name, Value string }

// SignIn is a joined sign-in.
type SignIn struct {
	ID       string
	Started  time.Time
	Updated  time.Time
	Email    string // login_hint or the e-mail that came out
	ClientID string
	Provider string
	Username string
	Outcome  string
	Failure  string // the sentence of the hop that failed
	Hops     []Exchange
}

// Event is something that can be waited for.
type Event struct {
	Seq    uint64 `json:"seq"`
	Name   string `json:"name"` // the point of a recorded exchange, or "signin.<outcome>"
	SignIn string `json:"sign_in,omitempty"`
	Status int    `json:"status,omitempty"` // HTTP status of the exchange
}

// Options of a Recorder.
type Options struct {
	Now       func() time.Time // the lab's clock
	ID        func() string    // makes ids of sign-ins
	Keep      int              // how many sign-ins are kept; 0 means 100
	KeepBytes int              // how many bytes of their exchanges are kept, the newest sign-in's in any case; 0 means 8 MiB
}

const (
	keepLoose  = 50      // exchanges of no sign-in that are kept, of keepBytes at most
	keepEvents = 4096    // events that Wait and Events can look back on
	keepHops   = 100     // exchanges of one sign-in that are kept
	keepKeys   = 2000    // values that lead to one sign-in
	keepBytes  = 1 << 20 // of exchanges of one sign-in; an ordinary one has a tenth
)

// Recorder keeps the last sign-ins of a lab. It is safe for concurrent use.
type Recorder struct {
	o      Options
	seed   maphash.Seed
	memory sync.Pool // of *scratch

	mu      sync.Mutex // guards the fields below
	seq     uint64
	order   []*signIn
	byID    map[string]*signIn
	byKey   map[uint64]*signIn
	bytes   int // of the exchanges of all sign-ins
	loose   []hop
	calls   map[string]call // local address of a caller's connection → who is calling
	events  []Event
	changed chan struct{} // closed at the next event; nil while nobody waits
}

type signIn struct {
	SignIn // without Hops
	hops   []hop
	keys   []uint64
	bytes  int // of its exchanges
}

type call struct {
	from   Party
	signIn string
}

// NewRecorder returns an empty recorder.
func NewRecorder(o Options) *Recorder {
	if o.Keep <= 0 {
		o.Keep = 100
	}
	if o.KeepBytes <= 0 {
		o.KeepBytes = 8 << 20
	}
	return &Recorder{
		o: o, seed: maphash.MakeSeed(), memory: sync.Pool{New: func() any { return new(scratch) }},
		byID: map[string]*signIn{}, byKey: map[uint64]*signIn{}, calls: map[string]call{},
	}
}

// SignIns returns copies of the sign-ins that are kept, newest first.
func (r *Recorder) SignIns() []SignIn {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]SignIn, 0, len(r.order))
	for _, s := range slices.Backward(r.order) {
		out = append(out, s.copy())
	}
	return out
}

// SignIn returns a copy of one sign-in.
func (r *Recorder) SignIn(id string) (SignIn, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.byID[id]
	if !ok {
		return SignIn{}, false
	}
	return s.copy(), true
}

// Loose returns the last exchanges that belong to no sign-in, oldest first.
func (r *Recorder) Loose() []Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Exchange, len(r.loose))
	for i, h := range r.loose {
		out[i] = h.exchange("")
	}
	return out
}

// Reset forgets everything recorded. Numbers of events go on.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.order, r.loose, r.events, r.bytes = nil, nil, nil, 0
	clear(r.byID)
	clear(r.byKey)
	r.emit("reset", "", 0)
}

// Seq is the number of the newest event; Events and Wait look after such a number.
func (r *Recorder) Seq() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seq
}

// Wait blocks until there is an event after seq that match accepts, or ctx ends.
func (r *Recorder) Wait(ctx context.Context, after uint64, match func(Event) bool) (Event, error) {
	for {
		r.mu.Lock()
		for _, e := range r.events {
			if e.Seq > after && match(e) {
				r.mu.Unlock()
				return e, nil
			}
		}
		if r.changed == nil {
			r.changed = make(chan struct{})
		}
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// Annotate changes what is known of the sign-in that the request being served belongs to. Outside of a recorded
// request it does nothing.
func Annotate(ctx context.Context, f func(*SignIn)) {
	a, ok := ctx.Value(activeKey{}).(*active)
	if !ok {
		return
	}
	a.r.mu.Lock()
	defer a.r.mu.Unlock()
	s := a.r.byID[a.signIn]
	if s == nil {
		return
	}
	before := s.Outcome
	f(&s.SignIn)
	if s.Outcome != before {
		a.r.emit("signin."+s.Outcome, s.ID, 0)
	}
}

// Note adds what the party did to the exchange being served.
func Note(ctx context.Context, note string) {
	if a, ok := ctx.Value(activeKey{}).(*active); ok {
		a.r.mu.Lock()
		a.notes = append(a.notes, note)
		a.r.mu.Unlock()
	}
}

// Fail marks the exchange being served as the one that failed, with the sentence to show, and its sign-in too unless it
// was completed before: a code sent twice fails without undoing what it brought the first time.
func Fail(ctx context.Context, sentence string) {
	a, ok := ctx.Value(activeKey{}).(*active)
	if !ok {
		return
	}
	a.r.mu.Lock()
	a.failure = sentence
	a.r.mu.Unlock()
	Annotate(ctx, func(s *SignIn) {
		if s.Outcome == Completed {
			return
		}
		s.Outcome = Failed
		if s.Failure == "" {
			s.Failure = sentence
		}
	})
}

// ID is the sign-in of the request being served, or empty.
func ID(ctx context.Context) string {
	if a, ok := ctx.Value(activeKey{}).(*active); ok {
		a.r.mu.Lock()
		defer a.r.mu.Unlock()
		return a.signIn
	}
	return ""
}

func (s *signIn) copy() SignIn {
	c := s.SignIn
	sorted := slices.SortedFunc(slices.Values(s.hops), func(a, b hop) int { return int(a.seq) - int(b.seq) })
	c.Hops = make([]Exchange, len(sorted))
	for i, h := range sorted {
		c.Hops[i] = h.exchange(s.ID)
	}
	return c
}

// emit needs r.mu.
func (r *Recorder) emit(name, signIn string, status int) {
	r.seq++
	r.events = append(r.events, Event{Seq: r.seq, Name: name, SignIn: signIn, Status: status})
	if len(r.events) > keepEvents {
		r.events = slices.Delete(r.events, 0, keepEvents/4)
	}
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}
