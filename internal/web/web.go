// Package web is how every party serves HTTP: an Endpoint does the work and returns an error, a Presenter says how an
// error looks at that place, and a Surface wires both to the trace, the faults and the log.
//
//	request ─► Surface ─► log ─► trace ─► limits ─► faults ─► Endpoint ─┬─► answer
//	                                                                    └─► error ─► Presenter ─► OAuth JSON | redirect | AWS JSON | page
package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/trace"
)

// Endpoint serves a request: it either writes a whole answer and returns nil, or writes nothing and returns an error.
type Endpoint func(w http.ResponseWriter, r *http.Request) error

// Presenter writes err as the answer.
type Presenter func(w http.ResponseWriter, r *http.Request, err error)

// Route is one mounted endpoint.
type Route struct {
	Methods []string      // nil means GET, which serves HEAD too
	Path    string        // a pattern of http.ServeMux without method and host
	Point   string        // its name for traces and faults: "<party>.<what>"
	Channel trace.Channel // who calls it
	Starts  bool          // a browser's sign-in may begin here
	Silent  bool          // not traced: it tells nothing about a sign-in
	Present Presenter
	Serve   Endpoint
}

// Surface is the HTTP side of one party.
type Surface struct {
	Party    trace.Party
	Trace    *trace.Recorder
	Faults   *fault.Plan
	Log      *slog.Logger // nil means discard
	NotFound Endpoint     // serves every other path; nil answers 404
	// MethodNotAllowed presents a known path asked with another method; nil answers 405 in plain text. Allow is set.
	MethodNotAllowed Presenter
	// LimitPoint is the step point of the bound on request bodies; empty: no fault lifts it. The party declares it.
	LimitPoint string

	mux    *http.ServeMux
	byPath map[string][]string
}

// MaxBody is the size of the largest request body that a surface reads, in bytes.
const MaxBody = 256 << 10

// Mount serves the routes, which are all there are, and declares their fault points.
func (s *Surface) Mount(routes ...Route) {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.NotFound == nil {
		s.NotFound = func(w http.ResponseWriter, r *http.Request) error { http.NotFound(w, r); return nil }
	}
	s.mux = http.NewServeMux()
	s.byPath = map[string][]string{}
	var points []fault.Point
	for _, rt := range routes {
		if rt.Methods == nil {
			rt.Methods = []string{http.MethodGet}
		}
		s.byPath[rt.Path] = append(s.byPath[rt.Path], rt.Methods...)
		if !slices.ContainsFunc(points, func(p fault.Point) bool { return p.Name == rt.Point }) {
			points = append(points, fault.Point{Name: rt.Point, Kind: fault.Route, Description: strings.Join(rt.Methods, "|") + " " + rt.Path})
		}
		h := Handle(rt.Present, rt.Serve)
		h = s.Faults.Wrap(rt.Point, h)
		h = s.limit(h)
		if !rt.Silent {
			h = s.Trace.Handler(trace.Endpoint{Party: s.Party, Point: rt.Point, Channel: rt.Channel, Starts: rt.Starts}, h)
		}
		for _, m := range rt.Methods {
			s.mux.Handle(m+" "+rt.Path, h)
		}
	}
	for path, methods := range s.byPath {
		s.mux.Handle(path, s.otherMethod(methods))
	}
	s.mux.Handle("/", Handle(nil, s.NotFound))
	s.Faults.Declare(points, nil)
}

func (s *Surface) otherMethod(methods []string) http.Handler {
	allow := slices.Clone(methods)
	if slices.Contains(allow, http.MethodGet) {
		allow = append(allow, http.MethodHead)
	}
	slices.Sort(allow)
	allow = slices.Compact(allow)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		if s.MethodNotAllowed != nil {
			s.MethodNotAllowed(w, r, fmt.Errorf("%s is not served here; allowed: %s", r.Method, strings.Join(allow, ", ")))
			return
		}
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	})
}

// ServeHTTP implements http.Handler: one access line per request, and a panic ends the request, never the server.
func (s *Surface) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now() //nolint:forbidigo // a duration of the machine, not a time of the lab
	status := &statusWriter{ResponseWriter: w}
	w.Header().Set("X-Ssolab", "mock")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v)
			}
			s.Log.Error("panic", "party", s.Party, "path", r.URL.Path, "value", fmt.Sprint(v), "stack", string(debug.Stack()))
			if status.status == 0 {
				http.Error(status, "Internal Server Error", http.StatusInternalServerError)
			}
		}
		level := slog.LevelInfo
		if status.status >= 500 {
			level = slog.LevelError
		}
		// The query is left out: it carries codes and states.
		s.Log.Log(r.Context(), level, "request", "party", s.Party, "method", r.Method, "path", r.URL.Path, "status", status.status, "duration", time.Since(begun))
	}()
	s.mux.ServeHTTP(status, r)
}

// Handle joins an endpoint and a presenter. A nil presenter answers 500.
func Handle(present Presenter, serve Endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := serve(w, r); err != nil {
			if present == nil {
				http.Error(w, "Internal Server Error", http.StatusInternalServerError)
				return
			}
			present(w, r, err)
		}
	})
}

func (s *Surface) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bound := func() error { r.Body = http.MaxBytesReader(w, r.Body, MaxBody); return nil }
		if s.LimitPoint == "" {
			_ = bound()
		} else {
			_ = s.Faults.Run(r.Context(), fault.Check{Point: s.LimitPoint, Run: bound}) // which does not fail
		}
		next.ServeHTTP(w, r)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Why Query and Form refuse.
var (
	ErrMalformed   = errors.New("malformed parameters")
	ErrContentType = errors.New("the body is not application/x-www-form-urlencoded")
	ErrTooLarge    = errors.New("the body is too large")
)

// Query parses the query strictly: what net/http would drop silently is ErrMalformed.
func Query(r *http.Request) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return q, nil
}

// Form parses a form body strictly. Query parameters are not part of it.
func Form(r *http.Request) (url.Values, error) {
	mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(mediaType), "application/x-www-form-urlencoded") {
		return nil, ErrContentType
	}
	if r.PostForm == nil { // a fault that matches on parameters may have parsed it before
		if err := r.ParseForm(); err != nil {
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				return nil, ErrTooLarge
			}
			if _, queryErr := url.ParseQuery(r.URL.RawQuery); queryErr == nil {
				return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
			}
		}
	}
	return r.PostForm, nil
}

// Duplicate returns the name of the first of names that stands in v more than once, or "" (RFC 6749 §3.1, §3.2).
func Duplicate(v url.Values, names ...string) string {
	for _, name := range names {
		if len(v[name]) > 1 {
			return name
		}
	}
	return ""
}
