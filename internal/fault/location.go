package fault

import (
	"net/http"
	"net/url"
)

// ChangeLocation makes the route action of a fault that changes where an answer redirects to. An answer without a
// Location stays as it is.
func ChangeLocation(change func(to *url.URL, r *http.Request)) func(http.Handler, Params) http.Handler {
	return func(next http.Handler, _ Params) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&locationWriter{ResponseWriter: w, change: func(to *url.URL) { change(to, r) }}, r)
		})
	}
}

// ChangeQuery makes the route action of a fault that changes the parameters of a GET request before it is served.
func ChangeQuery(change func(q url.Values)) func(http.Handler, Params) http.Handler {
	return func(next http.Handler, _ Params) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			change(q)
			own := r.Clone(r.Context())
			own.URL.RawQuery = q.Encode()
			next.ServeHTTP(w, own)
		})
	}
}

type locationWriter struct {
	http.ResponseWriter
	change func(*url.URL)
}

func (w *locationWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *locationWriter) WriteHeader(status int) {
	if location := w.Header().Get("Location"); location != "" {
		if u, err := url.Parse(location); err == nil {
			w.change(u)
			w.Header().Set("Location", u.String())
		}
	}
	w.ResponseWriter.WriteHeader(status)
}
