package interop_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"text/scanner"

	"github.com/stretchr/testify/require"
)

// block is a block of Terraform's language: its arguments, and the blocks in it by their type. Values are string, bool,
// float64, []any, map[string]any, and reference.
type block struct {
	labels []string
	args   map[string]any
	blocks map[string][]*block
}

// reference is a name of another object's attribute, such as aws_cognito_user_pool.acme.id.
type reference string

// hclParser reads the part of Terraform's language that configurations of user pools are written in: blocks, literals,
// lists, objects and references. Anything else is an error.
type hclParser struct {
	scanner.Scanner
	token rune
}

// parseHCL reads a configuration.
func parseHCL(text string) (body *block, err error) {
	p := &hclParser{}
	p.Init(strings.NewReader(withoutComments(text)))
	p.Mode = scanner.ScanIdents | scanner.ScanInts | scanner.ScanStrings
	defer func() {
		if e, ok := recover().(hclError); ok {
			err = e
		}
	}()
	p.Error = func(_ *scanner.Scanner, message string) { p.fail("%s", message) }
	p.next()
	body = p.body(scanner.EOF)
	return body, nil
}

func withoutComments(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			line = "\n"
		}
		out.WriteString(line)
	}
	return out.String()
}

type hclError string

func (e hclError) Error() string { return string(e) }

func (p *hclParser) fail(format string, args ...any) {
	panic(hclError(fmt.Sprintf("%s: ", p.Pos()) + fmt.Sprintf(format, args...)))
}

func (p *hclParser) next() { p.token = p.Scan() }

// take returns the text of the token, which must be of that kind, and goes on.
func (p *hclParser) take(kind rune) string {
	if p.token != kind {
		p.fail("%s where %s is wanted", scanner.TokenString(p.token), scanner.TokenString(kind))
	}
	text := p.TokenText()
	p.next()
	return text
}

func (p *hclParser) text() string {
	s, err := strconv.Unquote(p.take(scanner.String))
	if err != nil || strings.Contains(s, "${") {
		p.fail("a text that is not read here: %q", s)
	}
	return s
}

func (p *hclParser) body(end rune) *block {
	b := &block{args: map[string]any{}, blocks: map[string][]*block{}}
	for p.token != end {
		name := p.take(scanner.Ident)
		if p.token == '=' {
			p.next()
			b.args[name] = p.value()
			continue
		}
		var labels []string
		for p.token == scanner.String {
			labels = append(labels, p.text())
		}
		p.take('{')
		inner := p.body('}')
		inner.labels = labels
		b.blocks[name] = append(b.blocks[name], inner)
	}
	p.next()
	return b
}

func (p *hclParser) value() any {
	switch p.token {
	case scanner.String:
		return p.text()
	case scanner.Int:
		n, err := strconv.ParseFloat(p.take(scanner.Int), 64)
		if err != nil {
			p.fail("%v", err)
		}
		return n
	case '[':
		p.next()
		list := []any{}
		for p.token != ']' {
			list = append(list, p.value())
			p.comma(']')
		}
		p.next()
		return list
	case '{':
		return p.object()
	}
	name := p.take(scanner.Ident)
	if name == "true" || name == "false" {
		return name == "true"
	}
	for p.token == '.' {
		p.next()
		name += "." + p.take(scanner.Ident)
	}
	return reference(name)
}

func (p *hclParser) comma(end rune) {
	if p.token != end {
		p.take(',')
	}
}

func (p *hclParser) object() map[string]any {
	p.next()
	out := map[string]any{}
	for p.token != '}' {
		var key string
		if p.token == scanner.String {
			key = p.text()
		} else {
			key = p.take(scanner.Ident)
		}
		p.take('=')
		out[key] = p.value()
		if p.token == ',' {
			p.next()
		}
	}
	p.next()
	return out
}

func TestParseHCL(t *testing.T) {
	t.Parallel()
	got, err := parseHCL(`
# a comment
variable "secret" {}
resource "a" "b" {
  name  = "n\"x"
  n     = 12
  yes   = true
  list  = ["x", a.b.id]
  map   = { k = "v", "custom:x" = var.secret
            l = "w" }
  inner { deep { x = false } }
}`)
	require.NoError(t, err)
	require.Len(t, got.blocks["resource"], 1)
	r := got.blocks["resource"][0]
	require.Equal(t, []string{"a", "b"}, r.labels)
	require.Equal(t, map[string]any{
		"name": `n"x`, "n": 12.0, "yes": true, "list": []any{"x", reference("a.b.id")},
		"map": map[string]any{"k": "v", "custom:x": reference("var.secret"), "l": "w"},
	}, r.args)
	require.Equal(t, false, r.blocks["inner"][0].blocks["deep"][0].args["x"])
	for _, wrong := range []string{`a = `, `a {`, `a = "${b}"`, `a = [1 2]`, `a = f(1)`, `a "b" = 1`, `a = "x`} {
		_, err := parseHCL(wrong)
		require.Error(t, err, wrong)
	}
}
