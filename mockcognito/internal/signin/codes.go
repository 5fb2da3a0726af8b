package signin

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// How long codes are good for, by the developer guide. Those of challenges live as long as their sessions.
const (
	signUpCode = 24 * time.Hour
	verifyCode = 24 * time.Hour
	forgotCode = time.Hour
)

// Limits of the developer guide, which says from 5 to 20 an hour, by how risky a request seems: the lowest for wrong codes,
// the highest for requests of another one.
const (
	wrongCodes   = 5
	codeRequests = 20
	codeWindow   = time.Hour
)

func tooMany() error { return userpool.Errorf(userpool.LimitExceeded, attemptsExceeded) }

// code is a new code of so many digits.
func (e *Engine) code(digits int) string {
	limit := uint64(1)
	for range digits {
		limit *= 10
	}
	return fmt.Sprintf("%0*d", digits, binary.BigEndian.Uint64(e.env.Bytes(8))%limit)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// pend puts a code into the place of an older one for the same.
func pend(u *userpool.User, code userpool.PendingCode) {
	u.Codes = append(without(u, code.Purpose, code.Attribute), code)
}

// without are a user's codes but for those of a purpose; attribute "" is any.
func without(u *userpool.User, purpose userpool.Purpose, attribute string) []userpool.PendingCode {
	return slices.DeleteFunc(slices.Clone(u.Codes), func(c userpool.PendingCode) bool {
		return c.Purpose == purpose && (attribute == "" || c.Attribute == attribute)
	})
}

// requested counts a request for a code, for a name that nobody has too.
func (e *Engine) requested(ctx context.Context, c Caller, username string, purpose userpool.Purpose) error {
	e.counting.Lock()
	defer e.counting.Unlock()
	key, now := string(purpose)+"/"+e.attemptsKey(c, username), e.env.Now()
	a, err := e.attempts.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		a.Locked = now.Add(codeWindow) // until when they are counted together
	} else if err != nil {
		return err
	}
	if a.Failed >= codeRequests {
		return tooMany()
	}
	a.Failed++
	return e.attempts.Put(ctx, key, a, a.Locked)
}

// redeem uses a code up that was sent to the user found by name, and changes him with it. A wrong one is counted.
func (e *Engine) redeem(ctx context.Context, p *userpool.Pool, name string, purpose userpool.Purpose, attribute, value string, apply func(*userpool.User, userpool.PendingCode) error) (*userpool.User, error) {
	var refused error
	u, err := p.Users.Update(ctx, name, func(u *userpool.User) error {
		refused = nil
		i := slices.IndexFunc(u.Codes, func(c userpool.PendingCode) bool {
			return c.Purpose == purpose && (attribute == "" || c.Attribute == attribute)
		})
		if i < 0 || !e.env.Now().Before(u.Codes[i].Expires) {
			return userpool.Errorf(ExpiredCode, expiredVerificationCode)
		}
		code := u.Codes[i]
		switch {
		case code.Wrong >= wrongCodes:
			return tooMany()
		case !same(value, code.Value):
			u.Codes[i].Wrong++
			refused = userpool.Errorf(CodeMismatch, wrongVerificationCode)
			return nil
		}
		u.Codes = without(u, purpose, code.Attribute)
		return apply(u, code)
	})
	if err == nil {
		err = refused
	}
	return u, err
}
