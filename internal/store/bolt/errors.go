package bolt

import (
	"errors"
	"fmt"
	"path/filepath"
)

// ErrClosed says that the file has been closed.
var ErrClosed = errors.New("the data file is closed")

// LockedError says that another program has the file open.
type LockedError struct {
	Dir    string
	Holder string // who it says it is; empty when it does not
}

// Error implements error.
func (e *LockedError) Error() string {
	who := "another process"
	if e.Holder != "" {
		who = e.Holder
	}
	return fmt.Sprintf("the data directory %s is in use by %s", e.Dir, who)
}

// Hint is what to do.
func (e *LockedError) Hint() string {
	return "stop that lab, or give this one a directory of its own with --data"
}

// DamagedError says that the file is not what was written.
type DamagedError struct {
	Path string
	Err  error // what was found first
}

// Error implements error.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("the data file %s is damaged: %v", e.Path, e.Err)
}

// Unwrap returns what was found.
func (e *DamagedError) Unwrap() error { return e.Err }

// Hint is what to do.
func (e *DamagedError) Hint() string {
	return fmt.Sprintf("it was left as it is; put a copy of yours in its place, or start afresh by moving it aside:\n  mv %s %s.damaged", e.Path, e.Path)
}

// NewerError says that a newer program wrote the file.
type NewerError struct {
	Path    string
	Format  int    // of the file
	Program string // that wrote it
	Knows   int    // the newest format this program reads
}

// Error implements error.
func (e *NewerError) Error() string {
	by := ""
	if e.Program != "" {
		by = " by " + e.Program
	}
	return fmt.Sprintf("the data file %s was written%s in format %d; this program reads formats up to %d", e.Path, by, e.Format, e.Knows)
}

// Hint is what to do.
func (e *NewerError) Hint() string {
	return fmt.Sprintf("use that version or a newer one, put the copy made before the upgrade (%s.format-%d) in its place, or give another directory with --data", e.Path, e.Knows)
}

// ForeignError says that the file is sound, and not a lab's.
type ForeignError struct{ Path string }

// Error implements error.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s is a file of another program", e.Path)
}

// Hint is what to do.
func (e *ForeignError) Hint() string {
	return fmt.Sprintf("give a directory of its own with --data; %s belongs to something else", filepath.Dir(e.Path))
}
