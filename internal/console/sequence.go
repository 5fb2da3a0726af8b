package console

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/ssolab/ssolab/internal/trace"
)

// Measures of the drawing, in units of its viewBox.
const (
	laneGap   = 192
	laneLeft  = 82 // middle of the first lane
	headTop   = 8
	headHigh  = 32
	firstHop  = headTop + headHigh + 40
	hopGap    = 44
	saidGap   = 16
	saidWidth = 72 // characters of a line of a failure's sentence
	dotRadius = 10
	letter    = 7.25 // width of one of a label
)

// laneOf is a party with its name. The last one has a lane only where it takes part.
type laneOf struct {
	party trace.Party
	name  string
}

var lanes = []laneOf{
	{trace.Browser, "Browser"}, {trace.App, "App"}, {trace.Cognito, "Cognito"}, {trace.Scalekit, "Scalekit"}, {trace.IdP, "Identity provider"},
	{trace.Lambda, "Lambda"},
}

func laneName(p trace.Party) string {
	for _, l := range lanes {
		if l.party == p {
			return l.name
		}
	}
	return string(p)
}

func laneX(p trace.Party) int {
	for i, l := range lanes {
		if l.party == p {
			return laneLeft + i*laneGap
		}
	}
	return laneLeft
}

// lanesOf are the lanes of a drawing of those hops.
func lanesOf(hops []trace.Hop) []laneOf {
	last := len(lanes) - 1
	for _, h := range hops {
		if h.To == lanes[last].party {
			return lanes
		}
	}
	return lanes[:last]
}

// sequence is a sign-in as a drawing: a lane for each party, time downwards.
type sequence struct {
	Width, Height int
	HeadTop       int
	HeadHigh      int
	Bottom        int // where the lanes end
	Lanes         []lane
	Arrows        []arrow
}

// says describes the drawing to those who do not see it.
func (s sequence) says() string {
	var names []string
	for _, l := range s.Lanes {
		names = append(names, l.Name)
	}
	return "Lanes from left to right: " + strings.Join(names, ", ") + ". The list of hops below says the same in words."
}

type lane struct {
	Class, Name string
	X, Left     int // middle, and left edge of its head
	TextY       int
	Wide        int
}

type arrow struct {
	N              int
	Class          string // front or back, the caller's party, failed
	Title          string // for the pointer and for screen readers
	Label          string
	LabelX, LabelY int
	Plate          plate // behind the label, so that no lane runs through it
	DotX           int   // middle of the number
	X1, X2, Y      int
	TextY          int
	Head           string // points of the arrow's head
	Said           []saidLine
}

type plate struct{ X, Y, Wide, High int }

type saidLine struct {
	X, Y int
	Text string
}

// failed tells whether a hop is drawn in red.
func failed(h trace.Hop) bool { return h.Failure != "" || h.Status >= 400 }

func draw(hops []trace.Hop) sequence {
	const wide = 148
	parties := lanesOf(hops)
	s := sequence{Width: 2*laneLeft + (len(parties)-1)*laneGap, HeadTop: headTop, HeadHigh: headHigh}
	for i, l := range parties {
		x := laneLeft + i*laneGap
		s.Lanes = append(s.Lanes, lane{Class: string(l.party), Name: l.name, X: x, Left: x - wide/2, TextY: headTop + headHigh/2 + 5, Wide: wide})
	}
	y := firstHop
	for i, h := range hops {
		a := newArrow(i+1, h, y, s.Width)
		s.Arrows = append(s.Arrows, a)
		y += hopGap + saidGap*len(a.Said)
		if len(a.Said) > 0 {
			y += saidGap / 2
		}
	}
	s.Bottom = y - hopGap/2
	s.Height = s.Bottom + 8
	return s
}

func newArrow(n int, h trace.Hop, y, width int) arrow {
	x1, x2 := laneX(h.From), laneX(h.To)
	if x1 == x2 { // a party that calls itself
		x2 = x1 + laneGap/2
	}
	side := 1
	if x2 < x1 {
		side = -1
	}
	text := label(h, int(float64(max(x1-x2, x2-x1)-2*dotRadius-4)/letter))
	wide := int(letter*float64(len([]rune(text)))) + 4
	a := arrow{
		N: n, Class: string(h.Channel) + " " + string(h.From), Label: text, LabelX: (x1 + x2) / 2, LabelY: y - 11,
		Plate: plate{X: (x1+x2)/2 - wide/2, Y: y - 23, Wide: wide, High: 16},
		DotX:  x1, X1: x1 + side*dotRadius, X2: x2 - side*8, Y: y, TextY: y + 4,
		Head:  fmt.Sprintf("%d,%d %d,%d %d,%d", x2, y, x2-side*10, y-5, x2-side*10, y+5),
		Title: fmt.Sprintf("%d. %s to %s: %s", n, laneName(h.From), laneName(h.To), text),
	}
	if !failed(h) {
		return a
	}
	a.Class += " failed"
	if h.Failure == "" {
		return a
	}
	a.Title += ". " + h.Failure
	lines := wrap(h.Failure, saidWidth)
	longest := 0
	for _, l := range lines {
		longest = max(longest, len([]rune(l)))
	}
	half := longest*7/2 + 8
	middle := min(max(a.LabelX, half), width-half)
	for i, l := range lines {
		a.Said = append(a.Said, saidLine{X: middle, Y: y + 24 + i*saidGap, Text: l})
	}
	return a
}

// label is a hop in at most so many characters, if they are enough: method, the end of a long path, status.
func label(h trace.Hop, longest int) string {
	path, _, _ := strings.Cut(h.URL, "?")
	if u, err := url.Parse(path); err == nil {
		path = u.Path
	}
	status := "no answer"
	if h.Status != 0 {
		status = fmt.Sprint(h.Status)
	}
	return h.Method + " " + ending(path, min(max(longest-len(h.Method)-len(status)-2, 10), 28)) + " " + status
}

// ending is a path or its end, of at most n characters, cut before a part of it where there is one.
func ending(path string, n int) string {
	runes := []rune(path)
	if len(runes) <= n {
		return path
	}
	end := string(runes[len(runes)-n+1:])
	if i := strings.IndexAny(end, "/-_."); i >= 0 && i < len(end)-1 {
		end = end[i:]
	}
	return "…" + end
}

// wrap breaks a sentence into lines of at most n characters, where words allow it.
func wrap(s string, n int) []string {
	var out []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > n {
			out, line = append(out, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
