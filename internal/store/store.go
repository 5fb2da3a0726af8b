// Package store keeps the state of a lab: tables of small records with an expiry.
//
// A Backend moves bytes; a Table gives them a type. Consuming a record that may be used once is one call, Take, and
// changing one is one call, Update: single use and lost updates are decided here and nowhere else.
//
//	mockcognito, mockscalekit, sampleapp ─► Table[T] ─► Backend ─► memory, bolt (one file)
//
// Every backend passes the suite in storetest.
package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// ErrNotFound says that there is no live record under a key: it was never put, was deleted or taken, or has expired.
var ErrNotFound = errors.New("store: no such record")

// ErrKeyTooLong says that a key, or the name of a table, has more than MaxKey bytes.
var ErrKeyTooLong = errors.New("store: the key is too long")

// MaxKey bounds keys and names of tables, in bytes.
const MaxKey = 16 << 10

// CheckKey is nil or ErrKeyTooLong, for backends.
func CheckKey(table, key string) error {
	if len(table) > MaxKey || len(key) > MaxKey {
		return ErrKeyTooLong
	}
	return nil
}

// Record is a value with the moment from which it is as good as deleted. The zero Expires means never.
type Record struct {
	Value   []byte
	Expires time.Time
}

// Backend stores records by table and key. Every method is atomic and safe for concurrent use; a record whose
// Expires is not after the backend's clock does not exist for any of them. Values are copied in and out. Keys are any
// bytes, at most MaxKey of them: under a longer one there is nothing, and writing it is ErrKeyTooLong.
type Backend interface {
	// Get returns the record, or ErrNotFound.
	Get(ctx context.Context, table, key string) (Record, error)
	// Put creates or replaces the record.
	Put(ctx context.Context, table, key string, r Record) error
	// Delete removes the record; a missing one is no error.
	Delete(ctx context.Context, table, key string) error
	// Take reads and deletes in one step: of any number of concurrent calls one gets the record, the others ErrNotFound.
	Take(ctx context.Context, table, key string) (Record, error)
	// Update replaces the record by what f makes of it, or of nil where there is none. If f answers nil the record is
	// deleted; if it answers an error nothing changes and that error is returned. f may run more than once and must
	// not call the backend.
	Update(ctx context.Context, table, key string, f func(old *Record) (*Record, error)) error
	// Scan calls f for each record in ascending order of keys until f answers an error, which Scan returns.
	// f sees a consistent snapshot and may call the backend.
	Scan(ctx context.Context, table string, f func(key string, r Record) error) error
	// Clear removes every record of every table.
	Clear(ctx context.Context) error
	// Close frees what the backend holds.
	Close() error
}

// Table is a typed view of one table of a backend. Values are what encoding/json takes, stored in a compact form or as
// JSON; both are read.
type Table[T any] struct {
	backend Backend
	name    string
	codec   codec
}

// NewTable returns the table of that name.
func NewTable[T any](b Backend, name string) Table[T] {
	return Table[T]{backend: b, name: name, codec: codecOf(reflect.TypeFor[T]())}
}

// Get returns the value under key, or ErrNotFound.
func (t Table[T]) Get(ctx context.Context, key string) (T, error) {
	r, err := t.backend.Get(ctx, t.name, key)
	return t.decode(key, r, err)
}

// Put creates or replaces the value under key until expires; the zero time means for ever.
func (t Table[T]) Put(ctx context.Context, key string, v T, expires time.Time) error {
	b, err := t.codec.marshal(&v)
	if err != nil {
		return fmt.Errorf("encode %s/%s: %w", t.name, key, err)
	}
	return t.backend.Put(ctx, t.name, key, Record{Value: b, Expires: expires})
}

// Delete removes the value under key; a missing one is no error.
func (t Table[T]) Delete(ctx context.Context, key string) error {
	return t.backend.Delete(ctx, t.name, key)
}

// Take reads and deletes the value under key in one step, or answers ErrNotFound.
func (t Table[T]) Take(ctx context.Context, key string) (T, error) {
	r, err := t.backend.Take(ctx, t.name, key)
	return t.decode(key, r, err)
}

// Update changes the value under key in one step and keeps its expiry; f gets nil where there is no value, and the
// value is then kept for ever. If f answers an error nothing changes. f may run more than once.
func (t Table[T]) Update(ctx context.Context, key string, f func(v *T) (*T, error)) error {
	return t.backend.Update(ctx, t.name, key, func(old *Record) (*Record, error) {
		var v *T
		var expires time.Time
		if old != nil {
			v, expires = new(T), old.Expires
			if err := t.codec.unmarshal(old.Value, v); err != nil {
				return nil, fmt.Errorf("decode %s/%s: %w", t.name, key, err)
			}
		}
		v, err := f(v)
		if err != nil || v == nil {
			return nil, err
		}
		b, err := t.codec.marshal(v)
		if err != nil {
			return nil, fmt.Errorf("encode %s/%s: %w", t.name, key, err)
		}
		return &Record{Value: b, Expires: expires}, nil
	})
}

// Scan calls f for each value in ascending order of keys until f answers an error.
func (t Table[T]) Scan(ctx context.Context, f func(key string, v T) error) error {
	return t.backend.Scan(ctx, t.name, func(key string, r Record) error {
		v, err := t.decode(key, r, nil)
		if err != nil {
			return err
		}
		return f(key, v)
	})
}

// Keys calls f for each key in ascending order until f answers an error.
func (t Table[T]) Keys(ctx context.Context, f func(key string) error) error {
	return t.backend.Scan(ctx, t.name, func(key string, _ Record) error { return f(key) })
}

func (t Table[T]) decode(key string, r Record, err error) (T, error) {
	var v T
	if err != nil {
		return v, err
	}
	if err := t.codec.unmarshal(r.Value, &v); err != nil {
		return v, fmt.Errorf("decode %s/%s: %w", t.name, key, err)
	}
	return v, nil
}
