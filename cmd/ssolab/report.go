package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/internal/trace"
)

// loginReport is the document that login --json prints. Its members are a contract.
type loginReport struct {
	OK          bool               `json:"ok"`
	Email       string             `json:"email"`
	Issuer      string             `json:"issuer"`
	ClientID    string             `json:"client_id"`
	Scope       string             `json:"scope"`           // as asked for
	Trace       string             `json:"trace,omitempty"` // page of the lab's console
	Hops        []loginHop         `json:"hops"`
	UserInfo    json.RawMessage    `json:"userinfo,omitempty"`
	IDToken     *conformance.Token `json:"id_token,omitempty"`
	AccessToken *conformance.Token `json:"access_token,omitempty"` // when it is a JWT
	ExpiresIn   int64              `json:"expires_in,omitempty"`
	Tokens      json.RawMessage    `json:"tokens,omitempty"` // with --tokens
	Error       *loginError        `json:"error,omitempty"`
}

type loginHop struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Channel string   `json:"channel"` // front or back
	Method  string   `json:"method"`
	URL     string   `json:"url"` // codes and tokens are masked
	Status  int      `json:"status"`
	Notes   []string `json:"notes,omitempty"` // what the lab's party did
	Failure string   `json:"failure,omitempty"`
}

type loginError struct {
	Step    string `json:"step"` // discovery, sign-in, callback, exchange, id_token or userinfo
	Message string `json:"message"`
	Decided bool   `json:"decided"` // false: a host could not be reached
}

func newReport(t *conformance.Target, j *conformance.Journey, err error) *loginReport {
	r := &loginReport{
		OK: err == nil, Email: t.Email, Issuer: t.Issuer, ClientID: t.Client.ID, Scope: strings.Join(t.Client.Scopes, " "),
		Hops: seenHops(t, j), UserInfo: j.UserInfo, IDToken: j.IDToken,
	}
	if j.Tokens != nil {
		r.AccessToken, r.ExpiresIn = conformance.ReadToken(j.Tokens.AccessToken.Reveal()), j.Tokens.ExpiresIn
	}
	if step, ok := errors.AsType[*conformance.StepError](err); ok {
		r.Error = &loginError{Step: step.Step, Message: step.Err.Error(), Decided: !step.Undecided}
	}
	return r
}

// seenHops are the hops as the browser and the app saw them. The app's first call, discovery, comes before.
func seenHops(t *conformance.Target, j *conformance.Journey) []loginHop {
	out := []loginHop{}
	add := func(from, channel string, hops []conformance.Hop) {
		for _, h := range hops {
			out = append(out, loginHop{
				From: from, To: partyAt(t, h.URL), Channel: channel, Method: h.Method, URL: conformance.MaskURL(h.URL), Status: h.Status,
			})
		}
	}
	first := min(1, len(j.BackChannel))
	add("app", "back", j.BackChannel[:first])
	add("browser", "front", j.Visit.Hops)
	if j.Visit.Callback != "" {
		out = append(out, loginHop{From: "browser", To: "app", Channel: "front", Method: "GET", URL: conformance.MaskURL(j.Visit.Callback)})
	}
	add("app", "back", j.BackChannel[first:])
	return out
}

// partyAt tells whose host a URL has; one that the target does not name is the identity provider's.
func partyAt(t *conformance.Target, raw string) string {
	host := func(raw string) string {
		u, err := url.Parse(raw)
		if err != nil {
			return ""
		}
		return u.Host
	}
	for _, p := range []struct{ name, url string }{
		{"app", t.AppURL}, {"app", t.Client.RedirectURI}, {"cognito", t.Issuer}, {"cognito", t.Domain}, {"scalekit", t.Scalekit.EnvironmentURL},
	} {
		if p.url != "" && host(p.url) == host(raw) {
			return p.name
		}
	}
	return "idp"
}

// readTrace puts the hops that the lab recorded among those that were seen: the calls between the parties, and what
// each party noted. Those seen keep their order; recorded ones come before the next that is both.
func (r *loginReport) readTrace(ctx context.Context, lab *running, j *conformance.Journey) {
	view, ok := findTrace(ctx, lab, j.State)
	if !ok {
		return
	}
	r.Trace = lab.url + "/signins/" + view.ID
	recorded := view.Hops
	var out []loginHop
	take := func(n int) {
		for _, h := range recorded[:n] {
			out = append(out, loginHop{
				From: string(h.From), To: string(h.To), Channel: string(h.Channel), Method: h.Method, URL: h.URL, Status: h.Status,
				Notes: h.Notes, Failure: h.Failure,
			})
		}
		recorded = recorded[n:]
	}
	for _, seen := range r.Hops {
		at := slices.IndexFunc(recorded, func(h trace.Hop) bool {
			return string(h.From) == seen.From && h.Method == seen.Method && short(h.URL) == short(seen.URL)
		})
		if at < 0 {
			within := slices.IndexFunc(recorded, func(h trace.Hop) bool { return h.From == trace.Browser || h.From == trace.App })
			if within < 0 {
				within = len(recorded)
			}
			take(within) // calls made while the last request was served
			out = append(out, seen)
			continue
		}
		take(at + 1)
	}
	take(len(recorded))
	r.Hops = out
}

func (r *loginReport) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *loginReport) writeText(w io.Writer, p palette) error {
	var b strings.Builder
	if len(r.Hops) > 0 {
		b.WriteString(p.bold("Hops") + p.dim("  (─► browser, ┈► server to server)") + "\n")
	}
	for i, h := range r.Hops {
		r.writeHop(&b, p, i+1, h)
	}
	section := func(title string, body json.RawMessage) {
		if len(body) > 0 {
			b.WriteString("\n" + p.bold(title) + "\n" + indented(body) + "\n")
		}
	}
	section("userInfo", r.UserInfo)
	if r.IDToken != nil {
		title := "ID token, not accepted"
		if r.OK || r.Error != nil && r.Error.Step == conformance.StepUserInfo {
			title = "ID token, signed with key " + r.IDToken.KeyID
		}
		section(title, r.IDToken.Claims)
	}
	if r.AccessToken != nil {
		section("access token", r.AccessToken.Claims)
	}
	section("tokens", r.Tokens)
	if r.Trace != "" {
		b.WriteString("\nTrace: " + r.Trace + "\n")
	}
	if r.OK {
		b.WriteString("\n" + p.good("✓ signed in") + " as " + r.Email + "\n")
	} else {
		b.WriteString("\n" + p.bad("✗ not signed in") + " as " + r.Email + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *loginReport) writeHop(b *strings.Builder, p palette, n int, h loginHop) {
	arrow := "─►"
	if h.Channel == "back" {
		arrow = "┈►"
	}
	status := p.dim("—")
	switch {
	case h.Failure != "" || h.Status >= 400:
		status = p.bad(fmt.Sprintf("%d ✗", h.Status))
	case h.Status > 0:
		status = fmt.Sprint(h.Status)
	}
	const address = 42
	fmt.Fprintf(b, "%3d  %s %s %s  %s %s %s\n", n, p.party(h.From, pad(partyTitle(h.From), 8)), p.dim(arrow),
		p.party(h.To, pad(partyTitle(h.To), 8)), pad(h.Method, 4), pad(squeeze(short(h.URL), address), address), status)
	if h.Failure != "" {
		for line := range strings.Lines(wrap(strings.Fields(h.Failure), "     ", " ", screen)) {
			b.WriteString(p.bad(strings.TrimSuffix(line, "\n")) + "\n")
		}
	}
}

// squeeze leaves out the middle of a long text.
func squeeze(text string, width int) string {
	r := []rune(text)
	if len(r) <= width {
		return text
	}
	const head = 16
	return string(r[:head]) + "…" + string(r[len(r)-(width-head-1):])
}

func indented(raw json.RawMessage) string {
	var out bytes.Buffer
	if json.Indent(&out, raw, "  ", "  ") != nil {
		return "  " + string(raw)
	}
	return "  " + out.String()
}
