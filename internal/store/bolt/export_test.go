package bolt

import (
	"bytes"
	"os"
	"runtime"
	"time"

	"go.etcd.io/bbolt"

	"github.com/ssolab/ssolab/internal/store"
)

// Verify reads a whole file and returns what is wrong with it, page by page as a large one is.
func Verify(path string) error {
	if _, err := verifyFile(path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	_, err = verify(f, info.Size())
	return err
}

// VerifyBytes is Verify for a file in memory.
func VerifyBytes(content []byte) error {
	_, err := verify(bytes.NewReader(content), int64(len(content)))
	return err
}

// Used is how many bytes of a sound file hold pages that were ever written; bbolt makes files larger than they need be.
func Used(content []byte) int {
	v := &verifier{r: bytes.NewReader(content), size: int64(len(content))}
	if err := v.metas(); err != nil {
		panic(err)
	}
	return int(v.pages) * int(v.pageSize)
}

// Seal is a record as it is in a file.
func Seal(table, key string, r store.Record) []byte { return seal(table, key, r) }

// WithFormat makes a program that writes another format, with ways to it from the older ones.
func (o Options) WithFormat(format int, migrations ...func(*bbolt.Tx) error) Options {
	o.format = format
	for _, m := range migrations {
		o.migrations = append(o.migrations, m)
	}
	return o
}

// WithWait changes how long another program may take to let go of the file.
func (o Options) WithWait(d time.Duration) Options {
	o.wait = d
	return o
}

// WithMaxSize bounds the file as a full disk does.
func (o Options) WithMaxSize(bytes int) Options {
	o.maxSize = bytes
	return o
}

// Transactions is how many write transactions there were.
func (f *File) Transactions() int {
	var id int
	_ = f.db.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil })
	return id
}

// AwaitQueue returns when n writes wait.
func AwaitQueue(f *File, n int) {
	for len(f.queue) < n {
		runtime.Gosched()
	}
}

// Records is how many records the file holds, expired ones too.
func Records(f *File) int {
	n := 0
	_ = f.db.View(func(tx *bbolt.Tx) error {
		for _, s := range f.allSpaces() {
			space := tx.Bucket(s.name)
			if space == nil {
				continue
			}
			if err := space.ForEachBucket(func(name []byte) error {
				return space.Bucket(name).ForEach(func(_, _ []byte) error { n++; return nil })
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return n
}
