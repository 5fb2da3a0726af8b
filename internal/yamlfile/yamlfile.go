// Package yamlfile reads configuration files strictly: an unknown key, a wrong type or a key given twice is a problem
// with file, line and column, and all problems of a file are reported at once.
//
//	bytes ─► Decode ─► struct, and a Document that knows where each value stands
//	                        │
//	                        └─► Problem("clients[1].id", …) from the caller's own checks ─► Err()
//
// Values keep the type YAML gives them: a number where a string belongs is a problem, not a string (client secrets and
// version numbers would lose leading zeros). Not read: merge keys, tags, several documents in one file.
package yamlfile

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits that keep a small file from becoming a large structure by aliases.
const (
	maxDepth = 40
	maxNodes = 100_000
)

// Problem is one thing wrong in a file.
type Problem struct {
	File         string
	Line, Column int // from 1; 0: the file as a whole
	Path         string
	Message      string
}

// Error writes the problem as compilers do: file:line:column: message.
func (p Problem) Error() string {
	where := p.File
	if p.Line > 0 {
		where += ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
	}
	if p.Path != "" {
		return where + ": " + p.Path + ": " + p.Message
	}
	return where + ": " + p.Message
}

// Problems are all that is wrong in a file, in its order.
type Problems []Problem

// Error has one line per problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

type position struct{ line, column int }

// Document is a file that has been read: where its values stand, and what is wrong with it.
type Document struct {
	file     string
	at       map[string]position
	anchors  map[string]ast.Node
	patterns map[string]*regexp.Regexp
	problems Problems
	nodes    int
	broken   bool // something is wrong that a schema says, too
	isBeyond bool // what is reported next is nothing that a schema says
}

// Decode reads data, the content of the file called name, into the struct that into points to. Fields are matched by
// their `yaml:"name"` tags; "-" and untagged fields are not read. A scalar is given to an encoding.TextUnmarshaler.
// What is wrong is found with Err, after the caller has added what its own checks found.
func Decode(name string, data []byte, into any) *Document {
	return NewReader().Decode(name, data, into)
}

// Reader reads many files and makes ready the patterns of their rules once. It is not for concurrent use.
type Reader struct{ patterns map[string]*regexp.Regexp }

// NewReader returns a reader.
func NewReader() *Reader { return &Reader{patterns: map[string]*regexp.Regexp{}} }

// Decode is the function of that name.
func (r *Reader) Decode(name string, data []byte, into any) *Document {
	d := &Document{file: name, at: map[string]position{}, anchors: map[string]ast.Node{}, patterns: r.patterns}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.syntax(err)
		return d
	}
	bodies := slices.DeleteFunc(file.Docs, func(doc *ast.DocumentNode) bool { return doc.Body == nil })
	switch len(bodies) {
	case 0:
	case 1:
		d.value("", bodies[0].Body, reflect.ValueOf(into).Elem(), 0)
	default:
		tk := bodies[1].Body.GetToken()
		d.beyond()
		d.addAt(tk, "", "a second document begins here; the file is one document")
	}
	return d
}

// Has tells whether the file gives a value at path.
func (d *Document) Has(path string) bool {
	_, ok := d.at[path]
	return ok
}

// Broken tells whether something is wrong that the file's schema says, too: not those of Problem, nor what a schema cannot
// say.
func (d *Document) Broken() bool { return d.broken }

// beyond says that the next problem is of a kind that a schema cannot say.
func (d *Document) beyond() { d.isBeyond = true }

func (d *Document) report(p Problem) {
	d.problems = append(d.problems, p)
	d.broken = d.broken || !d.isBeyond
	d.isBeyond = false
}

// Reported tells whether there is a problem with the value at path.
func (d *Document) Reported(path string) bool {
	return slices.ContainsFunc(d.problems, func(p Problem) bool { return p.Path == path })
}

// ReportedIn tells whether there is a problem with the value at path or within it.
func (d *Document) ReportedIn(path string) bool {
	return slices.ContainsFunc(d.problems, func(p Problem) bool {
		rest, ok := strings.CutPrefix(p.Path, path)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// Problem adds a problem of the caller's own with the value at path, which stands where the value or else its nearest
// parent stands.
func (d *Document) Problem(path, format string, args ...any) {
	d.beyond()
	d.found(path, format, args...)
}

// Refuse is Problem for what the schema says, too, by the caller's own doing.
func (d *Document) Refuse(path, format string, args ...any) { d.found(path, format, args...) }

func (d *Document) found(path, format string, args ...any) {
	p := Problem{File: d.file, Path: path, Message: fmt.Sprintf(format, args...)}
	for at := path; ; at = parent(at) {
		if pos, ok := d.at[at]; ok {
			p.Line, p.Column = pos.line, pos.column
			break
		}
		if at == "" {
			break
		}
	}
	d.report(p)
}

// Err is nil, or Problems in the order of the file.
func (d *Document) Err() error {
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return d.problems
}

func parent(path string) string {
	if i := strings.LastIndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return ""
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *Document) syntax(err error) {
	d.beyond()
	p := Problem{File: d.file, Message: err.Error()}
	var yerr yaml.Error
	if errors.As(err, &yerr) {
		p.Message = yerr.GetMessage()
		if tk := yerr.GetToken(); tk != nil && tk.Position != nil {
			p.Line, p.Column = tk.Position.Line, tk.Position.Column
		}
	}
	d.report(p)
}

func (d *Document) addAt(tk *token.Token, path, format string, args ...any) {
	p := Problem{File: d.file, Path: path, Message: fmt.Sprintf(format, args...)}
	if tk != nil && tk.Position != nil {
		p.Line, p.Column = tk.Position.Line, tk.Position.Column
	}
	d.report(p)
}

// resolve follows anchors and aliases.
func (d *Document) resolve(path string, n ast.Node) (ast.Node, bool) {
	for range maxDepth {
		switch v := n.(type) {
		case *ast.AnchorNode:
			d.anchors[v.Name.GetToken().Value] = v.Value
			n = v.Value
		case *ast.AliasNode:
			name := v.Value.GetToken().Value
			target, ok := d.anchors[name]
			if !ok {
				d.beyond()
				d.addAt(v.GetToken(), path, "the alias *%s has no anchor before it", name)
				return nil, false
			}
			n = target
		case *ast.TagNode:
			d.beyond()
			d.addAt(v.GetToken(), path, "tags such as %s are not read", v.GetToken().Value)
			return nil, false
		default:
			return n, true
		}
	}
	d.beyond()
	d.addAt(n.GetToken(), path, "aliases lead in a circle")
	return nil, false
}

func (d *Document) value(path string, n ast.Node, into reflect.Value, depth int) {
	if d.nodes++; d.nodes > maxNodes || depth > maxDepth {
		if d.nodes <= maxNodes+1 {
			d.beyond()
			d.addAt(n.GetToken(), path, "the file nests too deep or repeats too much by aliases")
			d.nodes = maxNodes + 1
		}
		return
	}
	n, ok := d.resolve(path, n)
	if !ok {
		return
	}
	tk := start(n)
	if _, seen := d.at[path]; !seen && tk != nil && tk.Position != nil {
		d.at[path] = position{tk.Position.Line, tk.Position.Column}
	}
	if n.Type() == ast.NullType {
		d.found(path, "has no value; give one or remove the key")
		return
	}
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	if text, isText := into.Addr().Interface().(encoding.TextUnmarshaler); isText {
		if s, isString := stringOf(n); isString {
			if err := text.UnmarshalText([]byte(s)); err != nil {
				d.addAt(tk, path, "%s", err)
			} else {
				d.text(tk, path, s, into.Type())
			}
			return
		}
	}
	switch into.Kind() {
	case reflect.Struct:
		d.structure(path, n, into, depth)
	case reflect.Map:
		d.mapping(path, n, into, depth)
	case reflect.Slice:
		d.sequence(path, n, into, depth)
	default:
		d.scalar(path, n, into)
	}
}

// entries calls each for the keys of a mapping; false says that n is none.
func (d *Document) entries(path string, n ast.Node, want string, each func(key string, tk *token.Token, value ast.Node)) bool {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		d.wrong(path, n, want)
		return false
	}
	first := map[string]int{}
	for _, kv := range values {
		tk := kv.Key.GetToken()
		if _, merge := kv.Key.(*ast.MergeKeyNode); merge {
			d.beyond()
			d.addAt(tk, path, "merge keys (<<) are not read")
			continue
		}
		key := keyOf(kv.Key)
		if line, dup := first[key]; dup {
			d.beyond()
			d.addAt(tk, join(path, key), "is given twice; the first is in line %d", line)
			continue
		}
		first[key] = tk.Position.Line
		each(key, tk, kv.Value)
	}
	return true
}

func keyOf(n ast.MapKeyNode) string {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value
	}
	return n.GetToken().Value
}

func (d *Document) structure(path string, n ast.Node, into reflect.Value, depth int) {
	fields := fieldsOf(into.Type())
	given := map[string]bool{}
	good := d.entries(path, n, "a mapping", func(key string, tk *token.Token, value ast.Node) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == key })
		if i < 0 {
			d.addAt(tk, "", "unknown key %q%s%s", key, in(path), suggest(key, fields))
			return
		}
		given[key] = true
		at := join(path, key)
		d.at[at] = position{tk.Position.Line, tk.Position.Column}
		d.value(at, value, into.Field(fields[i].index), depth+1)
		d.list(at, fields[i], into.Field(fields[i].index))
	})
	if good {
		d.shape(path, start(n), into, given)
	}
}

func (d *Document) mapping(path string, n ast.Node, into reflect.Value, depth int) {
	out := reflect.MakeMap(into.Type())
	keyType := into.Type().Key()
	d.entries(path, n, "a mapping", func(key string, tk *token.Token, value ast.Node) {
		d.at[join(path, key)] = position{tk.Position.Line, tk.Position.Column}
		d.text(tk, join(path, key), key, keyType)
		v := reflect.New(into.Type().Elem()).Elem()
		d.value(join(path, key), value, v, depth+1)
		out.SetMapIndex(reflect.ValueOf(key).Convert(keyType), v)
	})
	into.Set(out)
}

func (d *Document) sequence(path string, n ast.Node, into reflect.Value, depth int) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrong(path, n, "a list")
		return
	}
	out := reflect.MakeSlice(into.Type(), len(seq.Values), len(seq.Values))
	for i, v := range seq.Values {
		d.value(fmt.Sprintf("%s[%d]", path, i), v, out.Index(i), depth+1)
	}
	into.Set(out)
}

func (d *Document) scalar(path string, n ast.Node, into reflect.Value) {
	switch {
	case isDuration(into.Type()):
		s, ok := stringOf(n)
		if ok {
			ok = d.pattern(durationPattern).MatchString(s)
		}
		if !ok {
			d.wrong(path, n, `a duration such as "5m" or "72h"`)
			return
		}
		v := duration(s)
		into.SetInt(int64(v))
		d.span(n, path, v, into.Type())
	case into.Kind() == reflect.String:
		s, ok := stringOf(n)
		if !ok {
			d.wrong(path, n, "a string")
			return
		}
		into.SetString(s)
		d.text(n.GetToken(), path, s, into.Type())
	case into.Kind() == reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			d.wrong(path, n, "true or false")
			return
		}
		into.SetBool(b.Value)
	case into.CanInt():
		v, ok := wholeNumber(n)
		if !ok || into.OverflowInt(v) {
			d.wrong(path, n, "a whole number")
			return
		}
		into.SetInt(v)
		d.whole(n, path, v, into.Type())
	default:
		panic("yamlfile: no rule for " + into.Type().String())
	}
}

// wholeNumber is the value of a number without a fraction, in each way that YAML writes it.
func wholeNumber(n ast.Node) (int64, bool) {
	switch v := n.(type) {
	case *ast.IntegerNode:
		switch value := v.Value.(type) {
		case int64:
			return value, true
		case uint64:
			return int64(value), value <= math.MaxInt64
		}
	case *ast.FloatNode:
		whole := int64(v.Value)
		return whole, float64(whole) == v.Value
	}
	return 0, false
}

func (d *Document) wrong(path string, n ast.Node, want string) {
	hint := ""
	if _, scalar := n.(ast.ScalarNode); scalar && want == "a string" {
		hint = fmt.Sprintf("; write it in quotes: %q", n.GetToken().Value)
	}
	d.addAt(start(n), path, "is %s, and must be %s%s", kind(n), want, hint)
}

func stringOf(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	}
	return "", false
}

func kind(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	case ast.SequenceType:
		return "a list"
	case ast.StringType, ast.LiteralType:
		return "a string"
	case ast.BoolType:
		return "true or false"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	}
	return "a " + strings.ToLower(n.Type().String())
}

// start is the first token of a node; that of a mapping is its first key, where goccy gives the colon.
func start(n ast.Node) *token.Token {
	switch v := n.(type) {
	case *ast.MappingNode:
		if len(v.Values) > 0 && !v.IsFlowStyle {
			return v.Values[0].Key.GetToken()
		}
		return v.Start
	case *ast.MappingValueNode:
		return v.Key.GetToken()
	}
	return n.GetToken()
}

func in(path string) string {
	if path == "" {
		return ""
	}
	return " in " + path
}

// suggest names the known key that is meant, or lists them.
func suggest(key string, fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	if best := closest(strings.ToLower(strings.ReplaceAll(key, "-", "_")), names); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; known: " + strings.Join(names, ", ")
}

// closest is the word that is meant; empty when none is close.
func closest(word string, known []string) string {
	best, bestDistance := "", min(3, max(2, len(word)/2+1))
	for _, name := range known {
		if dist := distance(strings.ToLower(word), strings.ToLower(name)); dist < bestDistance {
			best, bestDistance = name, dist
		}
	}
	return best
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
