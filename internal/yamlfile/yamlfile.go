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
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

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
	problems Problems
	nodes    int
}

// Decode reads data, the content of the file called name, into the struct that into points to. Fields are matched by
// their `yaml:"name"` tags; "-" and untagged fields are not read. A scalar is given to an encoding.TextUnmarshaler.
// What is wrong is found with Err, after the caller has added what its own checks found.
func Decode(name string, data []byte, into any) *Document {
	d := &Document{file: name, at: map[string]position{}, anchors: map[string]ast.Node{}}
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
		d.addAt(tk, "", "a second document begins here; the file is one document")
	}
	return d
}

// Has tells whether the file gives a value at path.
func (d *Document) Has(path string) bool {
	_, ok := d.at[path]
	return ok
}

// Problem adds a problem with the value at path, which stands where the value or else its nearest parent stands.
func (d *Document) Problem(path, format string, args ...any) {
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
	d.problems = append(d.problems, p)
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
	p := Problem{File: d.file, Message: err.Error()}
	var yerr yaml.Error
	if errors.As(err, &yerr) {
		p.Message = yerr.GetMessage()
		if tk := yerr.GetToken(); tk != nil && tk.Position != nil {
			p.Line, p.Column = tk.Position.Line, tk.Position.Column
		}
	}
	d.problems = append(d.problems, p)
}

func (d *Document) addAt(tk *token.Token, path, format string, args ...any) {
	p := Problem{File: d.file, Path: path, Message: fmt.Sprintf(format, args...)}
	if tk != nil && tk.Position != nil {
		p.Line, p.Column = tk.Position.Line, tk.Position.Column
	}
	d.problems = append(d.problems, p)
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
				d.addAt(v.GetToken(), path, "the alias *%s has no anchor before it", name)
				return nil, false
			}
			n = target
		case *ast.TagNode:
			d.addAt(v.GetToken(), path, "tags such as %s are not read", v.GetToken().Value)
			return nil, false
		default:
			return n, true
		}
	}
	d.addAt(n.GetToken(), path, "aliases lead in a circle")
	return nil, false
}

func (d *Document) value(path string, n ast.Node, into reflect.Value, depth int) {
	if d.nodes++; d.nodes > maxNodes || depth > maxDepth {
		if d.nodes <= maxNodes+1 {
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
		d.Problem(path, "has no value; give one or remove the key")
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

func (d *Document) entries(path string, n ast.Node, want string, each func(key string, tk *token.Token, value ast.Node)) {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		d.wrong(path, n, want)
		return
	}
	first := map[string]int{}
	for _, kv := range values {
		tk := kv.Key.GetToken()
		if _, merge := kv.Key.(*ast.MergeKeyNode); merge {
			d.addAt(tk, path, "merge keys (<<) are not read")
			continue
		}
		key := keyOf(kv.Key)
		if line, dup := first[key]; dup {
			d.addAt(tk, join(path, key), "is given twice; the first is in line %d", line)
			continue
		}
		first[key] = tk.Position.Line
		each(key, tk, kv.Value)
	}
}

func keyOf(n ast.MapKeyNode) string {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value
	}
	return n.GetToken().Value
}

func (d *Document) structure(path string, n ast.Node, into reflect.Value, depth int) {
	fields := map[string]int{}
	for i := range into.NumField() {
		if name, ok := into.Type().Field(i).Tag.Lookup("yaml"); ok && name != "-" {
			fields[name] = i
		}
	}
	d.entries(path, n, "a mapping", func(key string, tk *token.Token, value ast.Node) {
		i, ok := fields[key]
		if !ok {
			d.addAt(tk, "", "unknown key %q%s%s", key, in(path), suggest(key, fields))
			return
		}
		d.at[join(path, key)] = position{tk.Position.Line, tk.Position.Column}
		d.value(join(path, key), value, into.Field(i), depth+1)
	})
}

func (d *Document) mapping(path string, n ast.Node, into reflect.Value, depth int) {
	out := reflect.MakeMap(into.Type())
	d.entries(path, n, "a mapping", func(key string, tk *token.Token, value ast.Node) {
		d.at[join(path, key)] = position{tk.Position.Line, tk.Position.Column}
		v := reflect.New(into.Type().Elem()).Elem()
		d.value(join(path, key), value, v, depth+1)
		out.SetMapIndex(reflect.ValueOf(key), v)
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
	case into.Type() == reflect.TypeFor[time.Duration]():
		s, ok := stringOf(n)
		v, err := time.ParseDuration(s)
		if !ok || err != nil || v < 0 {
			d.wrong(path, n, `a duration such as "5m" or "72h"`)
			return
		}
		into.SetInt(int64(v))
	case into.Kind() == reflect.String:
		s, ok := stringOf(n)
		if !ok {
			d.wrong(path, n, "a string")
			return
		}
		into.SetString(s)
	case into.Kind() == reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			d.wrong(path, n, "true or false")
			return
		}
		into.SetBool(b.Value)
	case into.CanInt():
		v, err := strconv.ParseInt(n.GetToken().Value, 10, into.Type().Bits())
		if n.Type() != ast.IntegerType || err != nil {
			d.wrong(path, n, "a whole number")
			return
		}
		into.SetInt(v)
	default:
		panic("yamlfile: no rule for " + into.Type().String())
	}
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
func suggest(key string, fields map[string]int) string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(fields[a], fields[b]) })
	best, bestDistance := "", 3
	for _, name := range names {
		if dist := distance(strings.ToLower(strings.ReplaceAll(key, "-", "_")), name); dist < bestDistance {
			best, bestDistance = name, dist
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; known: " + strings.Join(names, ", ")
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
