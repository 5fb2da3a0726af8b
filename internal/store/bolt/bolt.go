// Package bolt is the store backend that outlives the process: one file of go.etcd.io/bbolt.
//
//	Put, Take, Update ─► queue ─► one transaction for all that wait ─► fsync ─► each is answered
//	Get, Scan ────────────────────► a read transaction of its own
//
// A write that was answered is on disk: it survives kill -9 and a power cut. Writers that come while another transaction
// is being written share the next one, and so its fsync: a single writer waits for one, a hundred wait for one together.
//
// The file is the caller's only if it is sound. Before bbolt maps it into memory, where a wrong page number is a crash or
// an endless loop, verify reads it whole: both meta pages, every page, the free list, every record's checksum. A file that
// is damaged, of a newer version, of another program or in use is refused and left as it is; the error says what to do.
//
//	bucket "ssolab"            key "format": the version of the format, and the program that wrote it
//	bucket <space>/<table>     records: 8 bytes of expiry, 4 of checksum, the value
//
// What Clear empties is one space; a lab keeps its state in one and its keys in another.
package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/ssolab/ssolab/internal/store"
)

var _ store.Backend = (*Space)(nil)

// Space is a part of a File with tables of its own.
type Space struct {
	file *File
	name []byte
	now  func() time.Time // nil: nothing expires
}

// Get implements store.Backend.
func (s *Space) Get(_ context.Context, table, key string) (store.Record, error) {
	var out *store.Record
	err := s.file.view(func(tx *bbolt.Tx) error {
		var err error
		out, err = s.live(s.table(tx, table), table, key)
		return err
	})
	switch {
	case err != nil:
		return store.Record{}, err
	case out == nil:
		return store.Record{}, store.ErrNotFound
	}
	return *out, nil
}

// Put implements store.Backend.
func (s *Space) Put(_ context.Context, table, key string, r store.Record) error {
	if err := store.CheckKey(table, key); err != nil {
		return err
	}
	value := seal(table, key, r)
	return s.file.write(func(tx *bbolt.Tx) (bool, error) {
		b, err := s.tableToWrite(tx, table)
		if err != nil {
			return false, err
		}
		return true, b.Put(boltKey(key), value)
	})
}

// Delete implements store.Backend.
func (s *Space) Delete(ctx context.Context, table, key string) error {
	err := s.Update(ctx, table, key, func(*store.Record) (*store.Record, error) { return nil, nil })
	if errors.Is(err, store.ErrKeyTooLong) {
		return nil // and so it is not there
	}
	return err
}

// Take implements store.Backend.
func (s *Space) Take(ctx context.Context, table, key string) (store.Record, error) {
	if _, err := s.Get(ctx, table, key); err != nil {
		return store.Record{}, err // not there: nobody needs to wait for a transaction
	}
	var out store.Record
	err := s.Update(ctx, table, key, func(old *store.Record) (*store.Record, error) {
		if old == nil {
			return nil, store.ErrNotFound
		}
		out = *old
		return nil, nil
	})
	return out, err
}

// Update implements store.Backend. f runs in the goroutine that writes.
func (s *Space) Update(_ context.Context, table, key string, f func(*store.Record) (*store.Record, error)) error {
	if err := store.CheckKey(table, key); err != nil {
		return err
	}
	return s.file.write(func(tx *bbolt.Tx) (bool, error) {
		b := s.table(tx, table)
		old, err := s.live(b, table, key)
		if err != nil {
			return false, err
		}
		r, err := f(old)
		switch {
		case err != nil:
			return false, err
		case r == nil && (b == nil || b.Get(boltKey(key)) == nil):
			return false, nil
		case r == nil:
			return true, b.Delete(boltKey(key))
		}
		if b == nil {
			if b, err = s.tableToWrite(tx, table); err != nil {
				return false, err
			}
		}
		return true, b.Put(boltKey(key), seal(table, key, *r))
	})
}

// Scan implements store.Backend. The records are copied first: f may write, and a transaction that grows the file waits
// for all that read it.
func (s *Space) Scan(_ context.Context, table string, f func(string, store.Record) error) error {
	type entry struct {
		key string
		r   store.Record
	}
	var list []entry
	err := s.file.view(func(tx *bbolt.Tx) error {
		b := s.table(tx, table)
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error {
			key := string(k[1:])
			r, err := s.unseal(table, key, v)
			if r != nil {
				list = append(list, entry{key, *r})
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := f(e.key, e.r); err != nil {
			return err
		}
	}
	return nil
}

// Clear implements store.Backend for the tables of this space.
func (s *Space) Clear(context.Context) error {
	return s.file.write(func(tx *bbolt.Tx) (bool, error) {
		if tx.Bucket(s.name) == nil {
			return false, nil
		}
		return true, tx.DeleteBucket(s.name)
	})
}

// Close implements store.Backend. The file stays open: it is closed with File.Close.
func (s *Space) Close() error { return nil }

// table is the bucket of a table, or nil.
func (s *Space) table(tx *bbolt.Tx, name string) *bbolt.Bucket {
	b := tx.Bucket(s.name)
	if b == nil {
		return nil
	}
	return b.Bucket([]byte(name))
}

func (s *Space) tableToWrite(tx *bbolt.Tx, name string) (*bbolt.Bucket, error) {
	b, err := tx.CreateBucketIfNotExists(s.name)
	if err != nil {
		return nil, err
	}
	return b.CreateBucketIfNotExists([]byte(name))
}

// live returns a copy of a record that has not expired, or nil.
func (s *Space) live(b *bbolt.Bucket, table, key string) (*store.Record, error) {
	if b == nil {
		return nil, nil
	}
	v := b.Get(boltKey(key))
	if v == nil {
		return nil, nil
	}
	return s.unseal(table, key, v)
}

// boltKey is never empty, which bbolt does not take.
func boltKey(key string) []byte { return append([]byte{'='}, key...) }

const (
	expiryBytes = 8 // nanoseconds since 1970, big endian; math.MaxInt64 is never
	headBytes   = expiryBytes + crc32.Size
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal is a record as it is in the file.
func seal(table, key string, r store.Record) []byte {
	out := make([]byte, headBytes, headBytes+len(r.Value))
	expires := int64(math.MaxInt64)
	if !r.Expires.IsZero() {
		expires = r.Expires.UnixNano()
	}
	binary.BigEndian.PutUint64(out, uint64(expires))
	out = append(out, r.Value...)
	binary.BigEndian.PutUint32(out[expiryBytes:], checksum(table, key, out))
	return out
}

// checksum covers where a record is, its expiry and its value.
func checksum(table, key string, sealed []byte) uint32 {
	sum := crc32.Update(0, castagnoli, []byte(table+"\x00"+key+"\x00"))
	sum = crc32.Update(sum, castagnoli, sealed[:expiryBytes])
	return crc32.Update(sum, castagnoli, sealed[headBytes:])
}

// expiryOf is when a record expires, in nanoseconds since 1970, if it is as it was written.
func expiryOf(table, key string, v []byte) (int64, error) {
	if len(v) < headBytes || binary.BigEndian.Uint32(v[expiryBytes:]) != checksum(table, key, v) {
		return 0, fmt.Errorf("the record %q of %s does not have the checksum it was written with", key, table)
	}
	return int64(binary.BigEndian.Uint64(v)), nil
}

// unseal copies a record out of the file; nil when it has expired.
func (s *Space) unseal(table, key string, v []byte) (*store.Record, error) {
	expires, err := expiryOf(table, key, v)
	if err != nil || s.past(expires) {
		return nil, err
	}
	r := &store.Record{Value: slices.Clone(v[headBytes:])}
	if expires != math.MaxInt64 {
		r.Expires = time.Unix(0, expires)
	}
	return r, nil
}

// past tells whether what expires then has expired.
func (s *Space) past(expires int64) bool {
	return s.now != nil && expires <= s.now().UnixNano()
}
