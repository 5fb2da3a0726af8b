// Package lab holds what every party of one lab shares: the clock, the source of randomness, identifiers and keys.
//
// A lab never reads the machine's clock or its random source directly: it asks its Env. Advancing the clock of an Env
// ages codes, tokens, cookies, sessions and keys of every party at once.
//
//	          ┌─────────────── Env ───────────────┐
//	Advance ─►│ clock   randomness   ids   keys   │◄─ mockcognito, mockscalekit, sample app, console
//	          └───────────────────────────────────┘
package lab

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"
)

// Options are the inputs of New. The zero value is the real thing: the machine's clock and crypto/rand.
type Options struct {
	Now  func() time.Time // base clock; nil means time.Now
	Rand io.Reader        // source of randomness for ids and tokens, safe for concurrent use; nil means crypto/rand
	Keys KeyMaker         // makes private keys; nil means fresh keys

	Offset time.Duration       // of the clock at the start
	Moved  func(time.Duration) // is told of each new offset before who moved the clock is answered; nil: nobody is told
}

// Env is the clock, randomness, ids and keys of one lab. It is safe for concurrent use.
type Env struct {
	base func() time.Time
	rand io.Reader
	keys *Keys

	moved  func(time.Duration)
	moving sync.Mutex // one move at a time, so that the last one told is the last one made

	mu       sync.Mutex // guards the fields below
	offset   time.Duration
	lastTick int64
	sequence int64
}

// New returns an Env made from o.
func New(o Options) *Env {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Moved == nil {
		o.Moved = func(time.Duration) {}
	}
	return &Env{base: o.Now, rand: o.Rand, keys: newKeys(o.Keys), offset: o.Offset, moved: o.Moved}
}

// Now is the lab's time: the base clock plus everything it was advanced by.
func (e *Env) Now() time.Time {
	e.mu.Lock()
	offset := e.offset
	e.mu.Unlock()
	return e.base().Add(offset)
}

// Offset is how far the lab's clock is from its base clock.
func (e *Env) Offset() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.offset
}

// Advance moves the lab's clock by d, which may be negative, and returns the new time.
func (e *Env) Advance(d time.Duration) time.Time {
	e.move(func(offset time.Duration) time.Duration { return offset + d })
	return e.Now()
}

func (e *Env) move(to func(time.Duration) time.Duration) {
	e.moving.Lock()
	defer e.moving.Unlock()
	e.mu.Lock()
	before := e.offset
	e.offset = to(before)
	after := e.offset
	e.mu.Unlock()
	if after != before {
		e.moved(after)
	}
}

// ResetClock puts the lab's clock back on its base clock.
func (e *Env) ResetClock() { e.move(func(time.Duration) time.Duration { return 0 }) }

// Keys are the private keys of this lab.
func (e *Env) Keys() *Keys { return e.keys }

// Bytes returns n random bytes.
func (e *Env) Bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(e.rand, b); err != nil {
		panic("lab: the random source failed: " + err.Error())
	}
	return b
}

// Token returns n random bytes as base64url without padding.
func (e *Env) Token(n int) string { return base64.RawURLEncoding.EncodeToString(e.Bytes(n)) }

// UUID returns a random lower-case UUID (RFC 9562, version 4).
func (e *Env) UUID() string {
	b := e.Bytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return FormatUUID(b)
}

// FormatUUID writes the first 16 bytes of b in the 8-4-4-4-12 form, changing no bit.
func FormatUUID(b []byte) string {
	var out [36]byte
	hex.Encode(out[0:8], b[0:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:36], b[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

var sonyflakeEpoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// Sonyflake returns prefix_<id>, where the id is a decimal Sonyflake number as Scalekit makes them:
// centiseconds since 2024-01-01 shifted by 24, a sequence of 8 bits, a machine of 16 bits.
func (e *Env) Sonyflake(prefix string) string {
	const machine = 0x5501
	tick := e.Now().Sub(sonyflakeEpoch).Milliseconds() / 10
	e.mu.Lock()
	defer e.mu.Unlock()
	if tick <= e.lastTick {
		tick = e.lastTick
		if e.sequence++; e.sequence > 0xff {
			tick, e.sequence = tick+1, 0
		}
	} else {
		e.sequence = 0
	}
	e.lastTick = tick
	return fmt.Sprintf("%s_%d", prefix, tick<<24|e.sequence<<16|machine)
}
