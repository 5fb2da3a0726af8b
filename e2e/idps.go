package e2e

// Chooses picks an option of a list by its value.
func (p *Person) Chooses(id, value string) *Person {
	p.tb.Helper()
	p.must(p.tab.choose(testid(id), value))
	return p
}

// Shows is whether the page has the element.
func (p *Person) Shows(id string) bool {
	p.tb.Helper()
	ok, err := p.tab.has(testid(id))
	p.must(err)
	return ok
}

// Reads is what the element says.
func (p *Person) Reads(id string) string {
	p.tb.Helper()
	p.at(id)
	return p.text(id)
}

// Ending is where a sign-in at an identity provider has led.
type Ending struct {
	Page string // the test id of the page
	Code string // its data-error; empty: nothing went wrong
}

// SignsInAtIdP goes through the pages of the identity provider with a character that the person is at, as they stand, and ends
// the sign-in there in the chosen way; as the account of the person says without one. It comes back at one of the given pages, or
// where the identity provider keeps the person.
func (p *Person) SignsInAtIdP(outcome string, until ...string) Ending {
	p.tb.Helper()
	p.at("idp-page")
	if outcome != "" {
		p.Follow("idp-otherwise").Chooses("idp-outcome", outcome)
	}
	onward := []string{"idp-submit", "idp-approve", "idp-allow", "saml-continue"}
	for range 8 {
		for _, id := range append(until, "idp-stopped") {
			if p.Shows(id) {
				return Ending{id, p.errorOf(id)}
			}
		}
		moved := false
		for _, id := range onward {
			if !moved && p.Shows(id) {
				p.leave(id)
				moved = true
			}
		}
		if !moved {
			break
		}
	}
	p.at("one of the pages where a sign-in ends")
	return Ending{}
}

// errorOf is the data-error of an element; empty without one.
func (p *Person) errorOf(id string) string {
	p.tb.Helper()
	ok, err := p.tab.has(testid(id) + "[data-error]")
	p.must(err)
	if !ok {
		return ""
	}
	code, err := p.tab.attribute(testid(id), "data-error")
	p.must(err)
	return code
}

// Follow clicks on what opens something on the same page.
func (p *Person) Follow(id string) *Person {
	p.tb.Helper()
	p.must(p.tab.click(testid(id)))
	return p
}
