// Package fault makes things go wrong on purpose, as data.
//
// A party mounts named points; a Fault says at which points it may act and what it does there; a Rule binds a fault to
// requests for a number of times. No handler contains fault code: the wiring wraps it.
//
//	route     around an endpoint            delay, status, dropped connection, changed redirect
//	document  before a document is written  discovery, JWK Set, token response, userInfo
//	token     before a JWT is signed        claims, header, key; and after, the signature
//	step      around a named check          the check is skipped
//
// Plan is safe for concurrent use, and costs one atomic load where no rule is set.
package fault

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ssolab/ssolab/internal/jose"
)

// Kind is the kind of a point.
type Kind string

// The four kinds of point.
const (
	Route    Kind = "route"
	Document Kind = "document"
	Token    Kind = "token"
	Step     Kind = "step"
)

// Point is a named place where a fault may act.
type Point struct {
	Name        string `json:"name"` // "<party>.<what>", e.g. "cognito.token"
	Kind        Kind   `json:"kind"`
	Description string `json:"description"`
}

// Params are the values given with a rule, over the fault's defaults.
type Params map[string]string

// Fault is one way to go wrong. Exactly one of the four actions is set; Points names where it acts by default, or where
// it may act when the rule names a point itself.
type Fault struct {
	ID       string   `json:"id"` // stable; "area.what" as in the catalogue of checks
	Title    string   `json:"title"`
	Points   []string `json:"points"` // empty: any point of the fault's kind, named by the rule
	Defaults Params   `json:"params,omitempty"`

	Route    func(next http.Handler, p Params) http.Handler `json:"-"`
	Document func(doc *jose.Object, p Params)               `json:"-"`
	Token    func(d *jose.Draft, p Params)                  `json:"-"`
	Skip     bool                                           `json:"-"`
}

// Kind is the kind of point the fault acts at.
func (f Fault) Kind() Kind {
	switch {
	case f.Route != nil:
		return Route
	case f.Document != nil:
		return Document
	case f.Token != nil:
		return Token
	}
	return Step
}

// Rule switches a fault on.
type Rule struct {
	ID     string            `json:"id"`               // made by Plan.Add when empty
	Fault  string            `json:"fault"`            // id of a fault
	At     string            `json:"at,omitempty"`     // point; empty means the fault's own points
	Match  map[string]string `json:"match,omitempty"`  // request parameters that must have these values, e.g. client_id
	Times  int               `json:"times,omitempty"`  // how many times it acts; 0 means until removed
	Params Params            `json:"params,omitempty"` // over the fault's defaults
	Fired  int               `json:"fired"`            // how many times it has acted
}

// Plan is the faults of one lab and the rules that are set.
type Plan struct {
	armed atomic.Bool // some rule is set

	mu     sync.Mutex // guards the fields below
	points map[string]Point
	faults map[string]Fault
	rules  []*Rule
	nextID int
}

// NewPlan returns a plan with the faults that more than one party has, and no rule.
func NewPlan() *Plan {
	p := &Plan{points: map[string]Point{}, faults: map[string]Fault{}}
	for _, faults := range [][]Fault{Generic(), Discovery(), KeySet()} {
		p.Declare(nil, faults)
	}
	return p
}

// Declare adds points and faults. A name that is there already is a programming error.
func (p *Plan) Declare(points []Point, faults []Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pt := range points {
		if _, dup := p.points[pt.Name]; dup {
			panic("fault: two points are called " + pt.Name)
		}
		p.points[pt.Name] = pt
	}
	for _, f := range faults {
		if _, dup := p.faults[f.ID]; dup {
			panic("fault: two faults are called " + f.ID)
		}
		p.faults[f.ID] = f
	}
}

// Points lists the points, sorted by name.
func (p *Plan) Points() []Point {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(maps.Values(p.points), func(a, b Point) int { return strings.Compare(a.Name, b.Name) })
}

// Faults lists the faults, sorted by id.
func (p *Plan) Faults() []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(maps.Values(p.faults), func(a, b Fault) int { return strings.Compare(a.ID, b.ID) })
}

// Rules lists the rules that are set, oldest first.
func (p *Plan) Rules() []Rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Rule, len(p.rules))
	for i, r := range p.rules {
		out[i] = *r
	}
	return out
}

// Add sets a rule and returns it with its id. An unknown fault, point or parameter, or a point of another kind, is an error.
func (p *Plan) Add(r Rule) (Rule, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.check(r); err != nil {
		return Rule{}, err
	}
	if r.ID == "" {
		p.nextID++
		r.ID = fmt.Sprintf("rule-%d", p.nextID)
	}
	if slices.ContainsFunc(p.rules, func(other *Rule) bool { return other.ID == r.ID }) {
		return Rule{}, fmt.Errorf("there is a rule %q already", r.ID)
	}
	r.Fired = 0
	p.rules = append(p.rules, &r)
	p.armed.Store(true)
	return r, nil
}

// Check tells what Add would refuse, but for an id that is taken.
func (p *Plan) Check(r Rule) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.check(r)
}

func (p *Plan) check(r Rule) error {
	f, ok := p.faults[r.Fault]
	if !ok {
		return fmt.Errorf("unknown fault %q; known: %s", r.Fault, known(p.faults))
	}
	if r.At == "" && len(f.Points) == 0 {
		return fmt.Errorf("fault %q acts at any %s point: name one in \"at\"", f.ID, f.Kind())
	}
	if r.At != "" {
		pt, ok := p.points[r.At]
		if !ok {
			return fmt.Errorf("unknown point %q; known: %s", r.At, known(p.points))
		}
		if pt.Kind != f.Kind() || len(f.Points) > 0 && !slices.Contains(f.Points, r.At) {
			return fmt.Errorf("fault %q does not act at %q, a %s point", f.ID, r.At, pt.Kind)
		}
	}
	for name := range r.Params {
		if _, ok := f.Defaults[name]; !ok {
			return fmt.Errorf("fault %q has no parameter %q; it has: %s", f.ID, name, known(f.Defaults))
		}
	}
	if r.Times < 0 {
		return fmt.Errorf("times is %d; it is 0 (until removed) or more", r.Times)
	}
	return nil
}

// Remove takes a rule back and tells whether it was there.
func (p *Plan) Remove(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := len(p.rules)
	p.rules = slices.DeleteFunc(p.rules, func(r *Rule) bool { return r.ID == id })
	p.armed.Store(len(p.rules) > 0)
	return len(p.rules) < before
}

// Reset takes all rules back.
func (p *Plan) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
	p.armed.Store(false)
}

// Wrap puts the route faults of a point around a handler, and lets the other kinds match on its requests.
func (p *Plan) Wrap(point string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.armed.Load() {
			next.ServeHTTP(w, r)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), parametersKey{}, parameters(r)))
		h := next
		for _, hit := range p.take(r.Context(), point, Route) {
			h = hit.fault.Route(h, hit.params)
		}
		h.ServeHTTP(w, r)
	})
}

// Document lets the faults of a document point change doc.
func (p *Plan) Document(ctx context.Context, point string, doc *jose.Object) {
	for _, hit := range p.take(ctx, point, Document) {
		hit.fault.Document(doc, hit.params)
	}
}

// Token lets the faults of a token point change a JWT before it is signed.
func (p *Plan) Token(ctx context.Context, point string, d *jose.Draft) {
	for _, hit := range p.take(ctx, point, Token) {
		hit.fault.Token(d, hit.params)
	}
}

// Check is a named step of a pipeline.
type Check struct {
	Point string
	Run   func() error
}

// Run runs checks in order until one fails, leaving out those that a fault skips.
func (p *Plan) Run(ctx context.Context, checks ...Check) error {
	for _, c := range checks {
		if len(p.take(ctx, c.Point, Step)) > 0 {
			continue
		}
		if err := c.Run(); err != nil {
			return err
		}
	}
	return nil
}

type hit struct {
	fault  Fault
	params Params
}

// take returns the faults that act here and now, counting them.
func (p *Plan) take(ctx context.Context, point string, kind Kind) []hit {
	if !p.armed.Load() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var hits []hit
	for _, r := range p.rules {
		f := p.faults[r.Fault]
		if f.Kind() != kind || r.Times > 0 && r.Fired >= r.Times || !r.at(point, f) || !matches(ctx, r.Match) {
			continue
		}
		r.Fired++
		params := maps.Clone(f.Defaults)
		maps.Copy(params, r.Params)
		hits = append(hits, hit{f, params})
	}
	return hits
}

func (r *Rule) at(point string, f Fault) bool {
	if r.At != "" {
		return r.At == point
	}
	return slices.Contains(f.Points, point)
}

type parametersKey struct{}

// maxForm is how much of a form is looked at, in bytes.
const maxForm = 64 << 10

// parameters are the query and form parameters of r, and the user of HTTP Basic as client_id. The body stays as it
// was for whoever serves r: a copy of the request made later shares the body but not what net/http parsed of it.
func parameters(r *http.Request) url.Values {
	out := url.Values{}
	collect := func(raw string) {
		values, _ := url.ParseQuery(raw) // what is malformed is the endpoint's to refuse
		for name, list := range values {
			out[name] = append(out[name], list...)
		}
	}
	if r.Body != nil && strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "application/x-www-form-urlencoded") {
		head, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
		rest := io.Reader(r.Body)
		if err != nil {
			rest = failed{err}
		}
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head), rest), r.Body}
		collect(string(head))
	}
	collect(r.URL.RawQuery)
	if user, _, ok := r.BasicAuth(); ok && out.Get("client_id") == "" {
		out.Set("client_id", user)
	}
	return out
}

// failed reads as the body did when it was looked at.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// matches compares with the parameters of the request being served.
func matches(ctx context.Context, want map[string]string) bool {
	if len(want) == 0 {
		return true
	}
	got, ok := ctx.Value(parametersKey{}).(url.Values)
	if !ok {
		return false
	}
	for name, value := range want {
		if got.Get(name) != value {
			return false
		}
	}
	return true
}

func known[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}
