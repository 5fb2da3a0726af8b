package labfile

import (
	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/yamlfile"
)

// Examine reads a file and tells whether something is wrong with it that the schema says, too, and all that is wrong.
func Examine(r *yamlfile.Reader, data []byte, getenv func(string) string) (broken bool, err error) {
	_, doc := parse(r, "f.yaml", data, ssolab.Config{}, getenv)
	return doc.Broken(), doc.Err()
}
