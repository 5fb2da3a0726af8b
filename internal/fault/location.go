package fault

import (
	"bytes"
	"io"
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

// ChangeForm makes the route action of a fault that changes the fields of a form before it is served. What is no form of at most
// a megabyte is served as it came.
func ChangeForm(change func(form url.Values)) func(http.Handler, Params) http.Handler {
	return func(next http.Handler, _ Params) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			own := r.Clone(r.Context())
			if body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20)); err == nil {
				if form, err := url.ParseQuery(string(body)); err == nil && len(form) > 0 {
					change(form)
					body = []byte(form.Encode())
				}
				own.Body, own.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			}
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
