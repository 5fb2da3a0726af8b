package console

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/ssolab/ssolab/internal/jose"
)

// env answers the variables. They are the only place where the API shows secrets.
func (c *console) env(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "format")
	if err != nil {
		return err
	}
	format := "json"
	if f := q["format"]; len(f) > 0 {
		format = f[0]
	}
	variables := c.Info().Variables
	var text string
	switch format {
	case "json":
		object := jose.Object{} // keeps the order
		for _, v := range variables {
			object.Set(v.Name, v.Value)
		}
		b, err := object.Encode()
		if err != nil {
			return fmt.Errorf("encode the variables: %w", err)
		}
		w.Header().Set("Content-Type", contentJSON)
		_, _ = w.Write(b)
		return nil
	case "dotenv":
		text = Dotenv(variables)
	case "shell":
		text = Shell(variables)
	default:
		return refused(http.StatusBadRequest, fmt.Sprintf("parameter \"format\" is %q", format), "It is json, dotenv or shell.")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text))
	return nil
}

var plainValue = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=~-]*$`)

// Dotenv writes variables as lines of a .env file. Values that need quotes get single ones, in which no reader of such
// files expands anything; a value with a single quote or a line break gets double ones.
func Dotenv(variables []Variable) string {
	var b strings.Builder
	for _, v := range variables {
		value := v.Value
		switch {
		case plainValue.MatchString(value):
		case strings.ContainsAny(value, "'\n\r"):
			value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\n", `\n`, "\r", `\r`).Replace(value) + `"`
		default:
			value = "'" + value + "'"
		}
		fmt.Fprintf(&b, "%s=%s\n", v.Name, value)
	}
	return b.String()
}

// Shell writes variables as export lines of a POSIX shell.
func Shell(variables []Variable) string {
	var b strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&b, "export %s='%s'\n", v.Name, strings.ReplaceAll(v.Value, "'", `'\''`))
	}
	return b.String()
}
