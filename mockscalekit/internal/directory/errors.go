package directory

import (
	"errors"
	"fmt"
)

// Why a read or a write is refused. Match them with errors.Is; the message of the error says which object and why.
var (
	ErrNotFound = errors.New("no such object")
	ErrConflict = errors.New("already exists")
	ErrInvalid  = errors.New("not valid")
)

type refusal struct {
	kind    error
	message string
}

func (r *refusal) Error() string { return r.message }

func (r *refusal) Unwrap() error { return r.kind }

func refuse(kind error, format string, args ...any) error {
	return &refusal{kind, fmt.Sprintf(format, args...)}
}
