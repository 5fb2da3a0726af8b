package bolt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Names of the files in a data directory.
const (
	FileName   = "ssolab.db"
	HolderName = "ssolab.pid" // who has the file open, for the error that others get; the lock itself is on the file
)

// Format is the version of the format that this program writes.
const Format = 1

// lockWait is how long another program may take to let go of the file. One that only looks whether it is sound has it for
// a moment.
const lockWait = time.Second

// Options are the inputs of Open.
type Options struct {
	Program string // who writes, e.g. "ssolab 1.2.3"; told to those who find the file too new
	Holder  string // what others are told while the file is open, e.g. "process 4711"

	// Migrations bring older files up to Format; the one at i makes format i+2 of format i+1. Nil: this program's own.
	migrations []migration
	format     int           // that is written; 0: Format
	wait       time.Duration // for the lock; 0: lockWait
	maxSize    int           // of the file, in bytes; 0: no limit
}

// migration changes a file by one version within the transaction that writes the new version.
type migration func(*bbolt.Tx) error

// File is an open data file. It is safe for concurrent use.
type File struct {
	db     *bbolt.DB
	dir    string
	queue  chan *request
	ended  chan struct{}
	live   int // records at the last sweep; belongs to the goroutine that writes
	writes int // since then; likewise

	mu     sync.RWMutex // guards closed, and keeps the file open for who holds it
	closed bool

	spacesMu sync.Mutex // guards spaces; apart, as the goroutine that writes must not wait for who closes
	spaces   []*Space
}

// Open opens the data file of a directory, making both if there are none. An error is one of *LockedError, *DamagedError,
// *NewerError and *ForeignError, or one of the file system; the file is then as it was.
func Open(dir string, o Options) (*File, error) {
	o.format, o.wait = cmp.Or(o.format, Format), cmp.Or(o.wait, lockWait)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	path := filepath.Join(dir, FileName)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path, o); err != nil {
			return nil, err
		}
	}
	from, records, err := inspect(path, o)
	if err != nil {
		return nil, err
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: o.wait, MaxSize: o.maxSize, NoStatistics: true})
	if err != nil {
		return nil, openError(path, err)
	}
	if from < o.format {
		if err := migrate(db, path, from, o); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	f := &File{db: db, dir: dir, queue: make(chan *request, maxBatch), ended: make(chan struct{}), live: records, writes: max(minSweep, records)}
	f.tellHolder(o.Holder)
	go f.serve()
	return f, nil
}

// Space returns the part of the file with that name, whose records expire by now; nil means they never do.
func (f *File) Space(name string, now func() time.Time) *Space {
	s := &Space{file: f, name: []byte(name), now: now}
	f.spacesMu.Lock()
	f.spaces = append(f.spaces, s)
	f.spacesMu.Unlock()
	return s
}

// Close waits for the writes that were asked for, and lets go of the file.
func (f *File) Close() error {
	f.mu.Lock()
	first := !f.closed
	f.closed = true
	if first {
		close(f.queue)
	}
	f.mu.Unlock()
	<-f.ended
	if !first {
		return nil
	}
	_ = os.Remove(filepath.Join(f.dir, HolderName))
	if err := f.db.Close(); err != nil {
		return fmt.Errorf("close the data file: %w", err)
	}
	return nil
}

// create makes an empty file under another name first, so that a half-made one is never taken for the lab's.
func create(path string, o Options) error {
	fresh := path + ".new"
	db, err := bbolt.Open(fresh, 0o600, &bbolt.Options{Timeout: o.wait})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return &LockedError{Dir: filepath.Dir(path), Holder: holder(path)}
	}
	if err != nil { // left by a program that was killed while it made it; nothing was ever kept in it
		if err := os.Remove(fresh); err != nil {
			return fmt.Errorf("make the data file: %w", err)
		}
		if db, err = bbolt.Open(fresh, 0o600, &bbolt.Options{Timeout: o.wait}); err != nil {
			return fmt.Errorf("make the data file: %w", err)
		}
	}
	err = db.Update(func(tx *bbolt.Tx) error { return writeFormat(tx, o) })
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("make the data file: %w", err)
	}
	// A link fails where there is a file already: another program was faster, and its file is the one.
	if err := os.Link(fresh, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the data file: %w", err)
	}
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make the data file: %w", err)
	}
	syncDir(filepath.Dir(path))
	return nil
}

// syncDir makes a new name in a directory durable. Not every system can; then the name is as durable as it makes it.
func syncDir(dir string) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	_ = d.Sync()
	_ = d.Close()
}

// inspect tells whether a file may be opened: its format, and how many records it holds. While it reads, bbolt's shared lock
// keeps writers away.
func inspect(path string, o Options) (format, records int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, fmt.Errorf("open the data file: %w", err)
	}
	if info.Size() == 0 { // bbolt would take it for a new one
		return 0, 0, &DamagedError{Path: path, Err: errors.New("it is empty")}
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: o.wait})
	if err != nil {
		return 0, 0, openError(path, err)
	}
	defer db.Close()
	found, err := verifyFile(path)
	pathError, unreadable := errors.AsType[*fs.PathError](err)
	switch {
	case unreadable:
		return 0, 0, fmt.Errorf("open the data file: %w", pathError)
	case err != nil:
		return 0, 0, &DamagedError{Path: path, Err: err}
	case found.format == nil:
		return 0, 0, &ForeignError{Path: path}
	case found.format.Format > o.format:
		return 0, 0, &NewerError{Path: path, Format: found.format.Format, Program: found.format.Program, Knows: o.format}
	case found.format.Format < 1:
		return 0, 0, &DamagedError{Path: path, Err: fmt.Errorf("its format is %d", found.format.Format)}
	}
	return found.format.Format, found.records, nil
}

// verifyFile verifies a file as it is now. One of the usual size is read at once, which takes a third of the time.
func verifyFile(path string) (findings, error) {
	const atOnce = 64 << 20
	file, err := os.Open(path)
	if err != nil {
		return findings{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return findings{}, err
	}
	if info.Size() > atOnce {
		return verify(file, info.Size())
	}
	content := make([]byte, info.Size())
	if _, err := io.ReadFull(file, content); err != nil {
		return findings{}, err
	}
	return verify(bytes.NewReader(content), int64(len(content)))
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return &LockedError{Dir: filepath.Dir(path), Holder: holder(path)}
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch), strings.Contains(err.Error(), "file size too small"):
		return &DamagedError{Path: path, Err: err}
	}
	return fmt.Errorf("open the data file: %w", err)
}

// The bucket and the key of the format.
var (
	formatBucket = []byte("ssolab")
	formatKey    = []byte("format")
)

// formatRecord says who can read a file.
type formatRecord struct {
	Format  int    `json:"format"`
	Program string `json:"program"` // that wrote this record
}

func writeFormat(tx *bbolt.Tx, o Options) error {
	b, err := tx.CreateBucketIfNotExists(formatBucket)
	if err != nil {
		return err
	}
	value, err := json.Marshal(formatRecord{Format: o.format, Program: o.Program})
	if err != nil {
		return err
	}
	return b.Put(formatKey, value)
}

// migrate brings a file of an older format up to date in one transaction, after a copy of it is made beside it.
func migrate(db *bbolt.DB, path string, from int, o Options) error {
	steps := o.migrations // there is none yet: format 1 is the first
	if len(steps) != o.format-1 {
		return fmt.Errorf("the data file %s has format %d, and there is no way from it to %d", path, from, o.format)
	}
	backup := fmt.Sprintf("%s.format-%d", path, from)
	if err := db.View(func(tx *bbolt.Tx) error { return tx.CopyFile(backup, 0o600) }); err != nil {
		return fmt.Errorf("copy the data file before it is brought up to date: %w", err)
	}
	err := db.Update(func(tx *bbolt.Tx) error {
		for _, step := range steps[from-1:] {
			if err := step(tx); err != nil {
				return err
			}
		}
		return writeFormat(tx, o)
	})
	if err != nil {
		return fmt.Errorf("bring the data file %s from format %d to %d: %w; it is as it was", path, from, o.format, err)
	}
	return nil
}

// tellHolder notes who has the file, for others. It is a courtesy: without it the error is less exact.
func (f *File) tellHolder(who string) {
	if who != "" {
		_ = os.WriteFile(filepath.Join(f.dir, HolderName), []byte(who+"\n"), 0o600)
	}
}

// Holder changes what others are told.
func (f *File) Holder(who string) { f.tellHolder(who) }

// holder is who said last that it has the file of that path.
func holder(path string) string {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(path), HolderName))
	if err != nil || len(text) > 1000 {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}

func (f *File) allSpaces() []*Space {
	f.spacesMu.Lock()
	defer f.spacesMu.Unlock()
	return slices.Clone(f.spaces)
}
