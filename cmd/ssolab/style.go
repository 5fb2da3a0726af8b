package main

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// palette writes ANSI colours, or nothing.
type palette struct{ on bool }

// paletteFor colours a terminal, and nothing where NO_COLOR is set (https://no-color.org).
func paletteFor(w io.Writer, getenv func(string) string) palette {
	return palette{on: isTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// party gives a text the colour of a party.
func (p palette) party(name, text string) string {
	code := map[string]string{"browser": "90", "app": "36", "cognito": "33", "scalekit": "35", "idp": "34", "lambda": "95"}[name]
	if code == "" {
		code = "1"
	}
	return p.paint(code, text)
}

func (p palette) bold(text string) string { return p.paint("1", text) }
func (p palette) dim(text string) string  { return p.paint("90", text) }
func (p palette) good(text string) string { return p.paint("32", text) }
func (p palette) bad(text string) string  { return p.paint("31", text) }

func (p palette) paint(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// partyTitle is how a party is called in text.
func partyTitle(name string) string {
	if title := map[string]string{"cognito": "Cognito", "scalekit": "Scalekit", "idp": "IdP", "lambda": "Lambda"}[name]; title != "" {
		return title
	}
	return name
}

// pad fills text with spaces on the right; it goes before colours.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// wrap joins words by gap in lines of at most width columns, each after the indent.
func wrap(words []string, indent, gap string, width int) string {
	var out strings.Builder
	line := ""
	for _, w := range words {
		next := indent + w
		if line != "" {
			next = line + gap + w
		}
		if line != "" && utf8.RuneCountInString(next) > width {
			out.WriteString(line + "\n")
			next = indent + w
		}
		line = next
	}
	if line != "" {
		out.WriteString(line + "\n")
	}
	return out.String()
}

// progress is a line on a terminal's standard error that goes away again.
type progress struct {
	w  io.Writer
	on bool
}

func progressOn(w io.Writer) *progress { return &progress{w: w, on: isTerminal(w)} }

func (p *progress) show(text string) {
	if p.on {
		_, _ = io.WriteString(p.w, "\r\x1b[K"+text)
	}
}

func (p *progress) clear() {
	if p.on {
		_, _ = io.WriteString(p.w, "\r\x1b[K")
	}
}
