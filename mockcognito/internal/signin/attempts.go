package signin

import (
	"context"
	"errors"
	"time"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
)

// attempts are somebody's failed sign-ins by password since the last one that succeeded.
type attempts struct {
	Failed int
	Locked time.Time // until then no password is looked at
}

// The lockout of the developer guide: after the fifth failure in a row, one second, doubled with each further one up to
// about 15 minutes; 15 minutes without an attempt behind a lockout forget it.
const (
	freeAttempts = 5
	longestLock  = 15 * time.Minute
	forgetAfter  = 15 * time.Minute
)

// attemptsKey is of the same length for any name, since who is nobody may have one of any length.
func (e *Engine) attemptsKey(c Caller, username string) string {
	return hashed(c.Pool.ID, c.Pool.Users.Fold(username))
}

// locked refuses while somebody is locked out, whether he exists or not. Such an attempt does not count.
func (e *Engine) locked(ctx context.Context, c Caller, username string) error {
	a, err := e.attempts.Get(ctx, e.attemptsKey(c, username))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil && e.env.Now().Before(a.Locked) {
		err = notAuthorized("Password attempts exceeded")
	}
	return err
}

// failed counts a wrong password.
func (e *Engine) failed(ctx context.Context, c Caller, username string) error {
	e.counting.Lock()
	defer e.counting.Unlock()
	key, now := e.attemptsKey(c, username), e.env.Now()
	a, err := e.attempts.Get(ctx, key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	a.Failed++
	if a.Failed >= freeAttempts {
		lock := longestLock
		if doubled := a.Failed - freeAttempts; doubled < 10 { // 2^10 s is more than the longest
			lock = time.Second << doubled
		}
		a.Locked = now.Add(lock)
		trace.Note(ctx, "locked out for "+lock.String()+" after as many failed sign-ins in a row as the service lets pass")
	}
	forget := now
	if a.Locked.After(now) {
		forget = a.Locked
	}
	return e.attempts.Put(ctx, key, a, forget.Add(forgetAfter))
}

// succeeded forgets failures.
func (e *Engine) succeeded(ctx context.Context, c Caller, username string) error {
	return e.attempts.Delete(ctx, e.attemptsKey(c, username))
}
