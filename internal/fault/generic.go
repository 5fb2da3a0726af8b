package fault

import (
	"net/http"
	"strconv"
	"time"
)

// Generic returns the route faults that make sense at every endpoint.
func Generic() []Fault {
	return []Fault{{
		ID: "route.status", Title: "Answer with a bare HTTP status instead of serving",
		Defaults: Params{"status": "500"},
		Route: func(_ http.Handler, p Params) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				status, err := strconv.Atoi(p["status"])
				if err != nil || status < 200 || status > 599 {
					status = http.StatusInternalServerError
				}
				http.Error(w, http.StatusText(status), status)
			})
		},
	}, {
		ID: "route.delay", Title: "Wait before serving; the caller's own time-out decides",
		Defaults: Params{"delay": "10s"},
		Route: func(next http.Handler, p Params) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				delay, err := time.ParseDuration(p["delay"])
				if err != nil {
					delay = 10 * time.Second
				}
				// The server's limit on answers is not the caller's time-out.
				_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
				timer := time.NewTimer(delay)
				defer timer.Stop()
				select {
				case <-timer.C:
					next.ServeHTTP(w, r)
				case <-r.Context().Done():
				}
			})
		},
	}, {
		ID: "route.redirect_307", Title: "Redirect with 307, so that a form is sent again with what it holds",
		Route: func(next http.Handler, _ Params) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(&repeating{w}, r)
			})
		},
	}, {
		ID: "route.drop", Title: "Close the connection without an answer",
		Route: func(http.Handler, Params) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		},
	}, {
		ID: "route.html", Title: "Answer 200 with an HTML page where a document is expected",
		Route: func(http.Handler, Params) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write([]byte("<!doctype html><title>Maintenance</title><p>Back soon.</p>"))
			})
		},
	}}
}

// repeating turns redirects into those that keep method and body.
type repeating struct{ http.ResponseWriter }

func (w *repeating) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *repeating) WriteHeader(status int) {
	if status == http.StatusFound || status == http.StatusSeeOther {
		status = http.StatusTemporaryRedirect
	}
	w.ResponseWriter.WriteHeader(status)
}
