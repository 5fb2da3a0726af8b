package bolt

import (
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

const (
	// maxBatch bounds the writes of one transaction, and so what one disk error refuses at once.
	maxBatch = 512
	// minSweep is how many writes are not worth a sweep; maxSwept bounds what one takes out, so that nobody waits for long.
	minSweep = 1024
	maxSwept = 2000
)

// request is a write that waits to be on disk.
type request struct {
	// run makes the write in tx and tells whether it changed anything. With an error it has changed nothing, so that the
	// others of its transaction are not concerned.
	run      func(tx *bbolt.Tx) (changed bool, err error)
	err      error
	panicked any
	done     chan struct{}
}

// write runs a change in the next transaction and returns when it is on disk.
func (f *File) write(run func(*bbolt.Tx) (bool, error)) error {
	r := &request{run: run, done: make(chan struct{})}
	f.mu.RLock()
	if f.closed {
		f.mu.RUnlock()
		return ErrClosed
	}
	f.queue <- r
	f.mu.RUnlock()
	<-r.done
	if r.panicked != nil {
		panic(r.panicked) // it is the caller's function that did
	}
	return r.err
}

// view runs a read transaction.
func (f *File) view(run func(*bbolt.Tx) error) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.closed {
		return ErrClosed
	}
	return f.db.View(run)
}

// serve writes until the file is closed.
func (f *File) serve() {
	defer close(f.ended)
	for first := range f.queue {
		f.commit(f.waiting(first))
	}
}

// waiting is first and those that came while the last transaction was being written.
func (f *File) waiting(first *request) []*request {
	batch := []*request{first}
	for len(batch) < maxBatch {
		select {
		case r, ok := <-f.queue:
			if !ok {
				return batch
			}
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commit writes a batch in one transaction and answers each of it.
func (f *File) commit(batch []*request) {
	err := f.transact(batch)
	for _, r := range batch {
		if r.err == nil && r.panicked == nil && err != nil {
			r.err = fmt.Errorf("write the data file: %w", err)
		}
		close(r.done)
	}
}

func (f *File) transact(batch []*request) error {
	tx, err := f.db.Begin(true)
	if err != nil {
		return err
	}
	changed := 0
	for _, r := range batch {
		if r.attempt(tx) {
			changed++
		}
	}
	if changed == 0 {
		return tx.Rollback()
	}
	if err := f.sweep(tx, changed); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit() // rolls back if it fails
}

// attempt runs a request; what it panics with is kept for who asked for it.
func (r *request) attempt(tx *bbolt.Tx) (changed bool) {
	defer func() {
		if p := recover(); p != nil {
			changed, r.panicked = false, p
		}
	}()
	changed, r.err = r.run(tx)
	return changed && r.err == nil
}

// sweep drops expired records when as many were written as there are. It needs no task in the background, and costs each
// write the same.
func (f *File) sweep(tx *bbolt.Tx, changed int) error {
	f.writes += changed
	if f.writes < max(minSweep, f.live) {
		return nil
	}
	f.live, f.writes = 0, 0
	for _, s := range f.allSpaces() {
		if err := f.sweepSpace(tx, s); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) sweepSpace(tx *bbolt.Tx, s *Space) error {
	space := tx.Bucket(s.name)
	if space == nil {
		return nil
	}
	left := maxSwept
	return space.ForEachBucket(func(table []byte) error {
		b := space.Bucket(table)
		var gone [][]byte
		err := b.ForEach(func(k, v []byte) error {
			f.live++
			expires, err := expiryOf(string(table), string(k[1:]), v)
			if err == nil && len(gone) < left && s.past(expires) {
				gone = append(gone, slices.Clone(k))
			}
			return err
		})
		for _, k := range gone {
			if err == nil {
				err = b.Delete(k)
			}
		}
		f.live -= len(gone)
		left -= len(gone)
		return err
	})
}
