package console

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/ssolab/ssolab/internal/yamlfile"
)

// What a reload does to an object.
const (
	Added   = "added"
	Changed = "changed"
	Removed = "removed"
)

// Change is one thing that a reload has changed.
type Change struct {
	Op   string `json:"op"`   // added, changed or removed
	What string `json:"what"` // "app client 6hf2kq1p0acmeexample000001"
}

// Reloaded answers POST reload.
type Reloaded struct {
	Changes []Change `json:"changes"`
	Restart []string `json:"restart"` // keys of the file that differ from the running lab's, and count at its next start
}

// Problem is something wrong in the lab file.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // from 1; 0: the file as a whole
	Column  int    `json:"column"`
	Path    string `json:"path"` // user_pools[0].clients[1].id; empty where there is none
	Message string `json:"message"`
}

// reload reads the lab's configuration again. What is wrong with it is answered whole, and changes nothing.
func (c *console) reload(w http.ResponseWriter, r *http.Request) error {
	if err := noBody(r); err != nil {
		return err
	}
	if c.Config.Reload == nil {
		return refused(http.StatusConflict, "this lab has no file to read again", "Start it with \"ssolab up --config FILE\".")
	}
	done, err := c.Config.Reload(r.Context())
	if problems, ok := errors.AsType[yamlfile.Problems](err); ok {
		return refuseFile(problems)
	}
	if err != nil {
		return refused(http.StatusUnprocessableEntity, err.Error(), "Nothing was changed.")
	}
	if done.Changes == nil {
		done.Changes = []Change{}
	}
	if done.Restart == nil {
		done.Restart = []string{}
	}
	return ok(w, done)
}

func refuseFile(problems yamlfile.Problems) error {
	e := &apiError{Status: http.StatusUnprocessableEntity, Message: problems.Error(), Hint: "Nothing was changed."}
	if len(problems) > 1 {
		e.Message = fmt.Sprintf("%s has %d problems:\n%v", problems[0].File, len(problems), problems)
	}
	for _, p := range problems {
		e.Problems = append(e.Problems, Problem(p))
	}
	return e
}
