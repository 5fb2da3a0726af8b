package conformance

import (
	"regexp"
	"slices"
	"strings"
)

// selector is the part of CSS selectors that needs no tree (Selectors Level 4 section 3.1, compound selector): a type,
// #id, .class and [attribute] with or without a value.
type selector struct {
	tag   string
	wants []want
}

// want is an attribute that the element must have.
type want struct {
	name, value string
	exists      bool // any value does
	word        bool // value is one of the words
}

var (
	compound  = regexp.MustCompile(`^(\*|[a-zA-Z][a-zA-Z0-9-]*)?((?:#[\w-]+|\.[\w-]+|\[[\w-]+(?:=(?:"[^"]*"|'[^']*'|[\w-]+))?\])*)$`)
	condition = regexp.MustCompile(`#([\w-]+)|\.([\w-]+)|\[([\w-]+)(=(?:"([^"]*)"|'([^']*)'|([\w-]+)))?\]`)
)

// parseSelector reads a selector; false: it is none of this part, and needs a browser.
func parseSelector(text string) (selector, bool) {
	m := compound.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || m[0] == "" {
		return selector{}, false
	}
	s := selector{tag: strings.ToLower(strings.TrimPrefix(m[1], "*"))}
	for _, c := range condition.FindAllStringSubmatch(m[2], -1) {
		switch {
		case c[1] != "":
			s.wants = append(s.wants, want{name: "id", value: c[1]})
		case c[2] != "":
			s.wants = append(s.wants, want{name: "class", value: c[2], word: true})
		default:
			s.wants = append(s.wants, want{name: strings.ToLower(c[3]), value: c[5] + c[6] + c[7], exists: c[4] == ""})
		}
	}
	return s, true
}

// matches tells whether an element is meant.
func (s selector) matches(tag string, attr map[string]string) bool {
	if s.tag != "" && s.tag != tag {
		return false
	}
	return !slices.ContainsFunc(s.wants, func(w want) bool {
		have, there := attr[w.name]
		switch {
		case w.exists:
			return !there
		case w.word:
			return !slices.Contains(strings.Fields(have), w.value)
		case w.name == "type": // an enumerated attribute
			return !strings.EqualFold(have, w.value)
		}
		return !there || have != w.value
	})
}
