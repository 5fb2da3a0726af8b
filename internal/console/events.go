package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/trace"
)

const (
	defaultWait = 30 * time.Second
	maxWait     = 5 * time.Minute
	pingEvery   = 15 * time.Second // keeps idle streams open
)

// waitEvent blocks until an event after "after" has one of the names, and answers 204 when it takes too long. Without
// "after" only what happens from now on counts.
func (c *console) waitEvent(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "after", "name", "timeout")
	if err != nil {
		return err
	}
	after, err := c.after(q["after"])
	if err != nil {
		return err
	}
	wait := defaultWait
	if v := q["timeout"]; len(v) > 0 {
		if wait, err = time.ParseDuration(v[0]); err != nil || wait < 0 || wait > maxWait {
			return refused(http.StatusBadRequest, fmt.Sprintf("parameter \"timeout\" is %q", v[0]), "It is a duration of at most 5m, e.g. 30s.")
		}
	}
	unlimited(w) // the wait is its own limit
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	e, err := c.Kit.Trace.Wait(ctx, after, named(q["name"]))
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if err != nil {
		return err
	}
	return ok(w, e)
}

// unlimited lifts the server's time limit from an answer. The one for reading is gone: net/http drops it once the
// request has been read.
func unlimited(w http.ResponseWriter) *http.ResponseController {
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Time{}) // a writer without deadlines has no limits
	return c
}

func (c *console) after(v []string) (uint64, error) {
	if len(v) == 0 || v[0] == "" {
		return c.Kit.Trace.Seq(), nil
	}
	n, err := strconv.ParseUint(v[0], 10, 64)
	if err != nil {
		return 0, refused(http.StatusBadRequest, fmt.Sprintf("parameter \"after\" is %q", v[0]), "It is the number of an event; GET /api/v1/health tells the newest as \"seq\".")
	}
	return n, nil
}

// named matches events by name; a name that ends with * matches what begins so, and no name matches all.
func named(names []string) func(trace.Event) bool {
	return func(e trace.Event) bool {
		return len(names) == 0 || slices.ContainsFunc(names, func(name string) bool {
			if prefix, wild := strings.CutSuffix(name, "*"); wild {
				return strings.HasPrefix(e.Name, prefix)
			}
			return e.Name == name
		})
	}
}

// streamEvents sends events as they happen, as server-sent events (HTML Living Standard §9.2). A browser that connects
// again says with Last-Event-ID what it had last.
func (c *console) streamEvents(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "after", "name")
	if err != nil {
		return err
	}
	from := q["after"]
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		from = []string{last}
	}
	after, err := c.after(from)
	if err != nil {
		return err
	}
	controller := unlimited(w) // a stream ends when the browser or the lab ends it
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	line := ": connected\n\n"
	for {
		if _, err := w.Write([]byte(line)); err != nil {
			return nil // the browser is gone
		}
		if err := controller.Flush(); err != nil {
			return nil
		}
		ctx, cancel := context.WithTimeout(r.Context(), pingEvery)
		e, err := c.Kit.Trace.Wait(ctx, after, named(q["name"]))
		cancel()
		switch {
		case r.Context().Err() != nil:
			return nil
		case err != nil:
			line = ": still here\n\n"
			continue
		}
		b, err := json.Marshal(e)
		if err != nil {
			return nil
		}
		after, line = e.Seq, fmt.Sprintf("id: %d\ndata: %s\n\n", e.Seq, b)
	}
}
