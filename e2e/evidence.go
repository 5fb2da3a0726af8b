package e2e

import (
	"regexp"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// token matches what has the form of a signed or encrypted token.
var token = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){2,4}`)

// scrub takes secrets out of a text: those of the target, and what looks like a token.
func scrub(text string, secrets []conformance.Secret) string {
	for _, s := range secrets {
		if len(s) > 3 {
			text = strings.ReplaceAll(text, s.Reveal(), "…")
		}
	}
	return token.ReplaceAllString(text, "…")
}

// Files are the screenshot, the DOM and the console log of a tab as it stands, without secrets. What the browser does not
// give is left out.
func (t *Tab) Files(secrets []conformance.Secret) []conformance.File {
	var out []conformance.File
	if png, err := t.Screenshot(); err == nil {
		out = append(out, conformance.File{Name: "screenshot.png", Data: png})
	}
	if dom, err := t.DOM(); err == nil {
		where, _ := t.URL()
		out = append(out, conformance.File{Name: "page.html", Data: []byte(scrub("<!-- "+conformance.MaskURL(where)+" -->\n"+dom, secrets))})
	}
	var lines []string
	for _, line := range t.Console() {
		lines = append(lines, conformance.MaskText(line))
	}
	return append(out, conformance.File{Name: "console.log", Data: []byte(scrub(strings.Join(lines, "\n")+"\n", secrets))})
}
