package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

const strip = "ssolab console · every party here is a mock · nothing leaves this machine"

var outcomes = map[string]struct{ Class, Word string }{
	trace.Completed: {"pass", "completed"},
	trace.Failed:    {"fail", "failed"},
	trace.Code:      {"warn", "code not redeemed"},
	trace.Open:      {"", "under way"},
}

type row struct {
	Summary
	Class, Word string
}

type email struct{ Address, SignInURL string }

type homeData struct {
	Info
	Version string
	Seq     uint64
	Now     time.Time
	Offset  time.Duration
	Rules   []fault.Rule
	SignIns []row
	// Messages are the newest of those that the lab would have sent.
	Messages []Message
	Try      []email
}

// shownMessages is how many of them the page has.
const shownMessages = 10

func newRow(s Summary) row {
	o, known := outcomes[s.Outcome]
	if !known {
		o.Word = s.Outcome
	}
	return row{s, o.Class, o.Word}
}

func (c *console) home(w http.ResponseWriter, r *http.Request) error {
	d := homeData{
		Info: c.Info(), Version: c.Version, Seq: c.Kit.Trace.Seq(), // the number first: what happens meanwhile is sent again
		Now: c.Kit.Env.Now(), Offset: c.Kit.Env.Offset(), Rules: c.Kit.Faults.Rules(),
	}
	var err error
	if d.Messages, err = c.Messages(r.Context()); err != nil {
		return err
	}
	d.Messages = d.Messages[:min(len(d.Messages), shownMessages)]
	for _, s := range c.summaries() {
		d.SignIns = append(d.SignIns, newRow(s))
	}
	app := slices.IndexFunc(d.Parties, func(p PartyInfo) bool { return p.Party == string(trace.App) })
	for _, address := range d.Emails {
		e := email{Address: address}
		if app >= 0 {
			e.SignInURL = strings.TrimSuffix(d.Parties[app].URL, "/") + "/auth/login?email=" + url.QueryEscape(address)
		}
		d.Try = append(d.Try, e)
	}
	return look.Render(w, http.StatusOK, look.Page{Party: "console", Title: "ssolab console", Strip: strip, Width: "wide", Script: script}, homeView(d))
}

type signInData struct {
	row
	Seq      uint64
	Sequence sequence
	Hops     []hopData
}

type hopData struct {
	trace.Hop
	N                int
	FromName, ToName string
	Path             string
	Query, Form      []param
	Request, Answer  string
	Decoded          []tokenData
	Took             string
	Failed           bool
}

type param struct{ Name, Value string }

type tokenData struct{ Name, Kind, Header, Claims string }

func (c *console) signInPage(w http.ResponseWriter, r *http.Request) error {
	seq := c.Kit.Trace.Seq()
	s, found := c.find(r.PathValue("id"))
	if !found {
		return refused(http.StatusNotFound, "This sign-in is not kept.", "The lab keeps the last ones and forgets all when it is reset or stopped.")
	}
	v := s.View()
	d := signInData{row: newRow(summary(s)), Seq: seq, Sequence: draw(v.Hops)}
	for i, h := range v.Hops {
		d.Hops = append(d.Hops, newHop(i+1, h))
	}
	title := "Sign-in of " + cmp.Or(s.Email, "nobody yet") + " · ssolab console"
	return look.Render(w, http.StatusOK, look.Page{Party: "console", Title: title, Strip: strip, Width: "wide", Script: script}, signInView(d))
}

func newHop(n int, h trace.Hop) hopData {
	d := hopData{
		Hop: h, N: n, FromName: laneName(h.From), ToName: laneName(h.To), Failed: failed(h),
		Took: (time.Duration(h.Micros) * time.Microsecond).String(), Answer: pretty(h.ResponseBody),
	}
	path, query, _ := strings.Cut(h.URL, "?")
	if u, err := url.Parse(path); err == nil {
		path = u.Path
	}
	d.Path, d.Query = path, params(query)
	if slices.ContainsFunc(h.RequestHeader, func(line string) bool {
		return strings.HasPrefix(line, "Content-Type: application/x-www-form-urlencoded")
	}) {
		d.Form = params(h.RequestBody)
	} else {
		d.Request = pretty(h.RequestBody)
	}
	for _, t := range h.Tokens {
		d.Decoded = append(d.Decoded, tokenData{t.Name, t.Kind, pretty(string(t.Header)), pretty(string(t.Claims))})
	}
	return d
}

// params decodes form-encoded parameters in their order.
func params(raw string) []param {
	var out []param
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		out = append(out, param{unescape(name), unescape(value)})
	}
	return out
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// pretty indents JSON and leaves everything else as it is.
func pretty(s string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(s), "", "  ") != nil {
		return s
	}
	return out.String()
}

func (c *console) notFound(w http.ResponseWriter, r *http.Request) error {
	if isAPI(r) {
		web.NoStore(w)
		c.presentAPI(w, r, refused(http.StatusNotFound, fmt.Sprintf("the control API has nothing at %s", r.URL.Path), "docs/control-api.md lists what it has, all under /api/v1."))
		return nil
	}
	c.presentPage(w, r, refused(http.StatusNotFound, "The console has no page at this address.", "Its first page lists everything there is."))
	return nil
}

func (c *console) methodNotAllowed(w http.ResponseWriter, r *http.Request, err error) {
	if isAPI(r) {
		web.NoStore(w)
		c.presentAPI(w, r, refused(http.StatusMethodNotAllowed, err.Error(), "docs/control-api.md lists the methods of each path."))
		return
	}
	c.presentPage(w, r, refused(http.StatusMethodNotAllowed, err.Error(), "Pages are only read; changes go through the control API."))
}

func (c *console) presentPage(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		c.Kit.Log.ErrorContext(r.Context(), "console page failed", "path", r.URL.Path, "error", err)
		e = &apiError{Status: http.StatusInternalServerError, Message: "The console could not make this page.", Hint: "The lab's log says why."}
	}
	if err := look.Render(w, e.Status, look.Page{Party: "console", Title: http.StatusText(e.Status) + " · ssolab console", Strip: strip}, errorView(e)); err != nil {
		http.Error(w, e.Message, e.Status)
	}
}
