package mockscalekit

import (
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/saml"
)

// samlFaults are the ways in which an identity provider's SAML response is wrong: what it says, before it is signed, and its XML,
// after.
func samlFaults() []fault.Fault {
	says := func(id, title string, change func(doc *jose.Object)) fault.Fault {
		return fault.Fault{
			ID: "idp.saml_" + id, Title: "The identity provider's SAML response " + title, Points: []string{"idp.saml_response"},
			Document: func(doc *jose.Object, _ fault.Params) { change(doc) },
		}
	}
	member := func(id, title, name, value string) fault.Fault {
		return says(id, title, func(doc *jose.Object) { doc.Set(name, value) })
	}
	text := func(id, title string, change func(xml string) string) fault.Fault {
		return fault.Fault{
			ID: "idp.saml_" + id, Title: "The identity provider's SAML response " + title, Points: []string{"idp.saml_response.signed"},
			Document: func(doc *jose.Object, _ fault.Params) {
				if xml, ok := doc.Get("xml").(string); ok {
					doc.Set("xml", change(xml))
				}
			},
		}
	}
	return []fault.Fault{
		member("unsigned", "is not signed", "signing_key", "none"),
		member("wrong_key", "is signed with a key that no metadata has", "signing_key", "another"),
		member("wrong_issuer", "is of another issuer", "issuer", "https://other.example/saml"),
		member("wrong_acs", "is for another assertion consumer service", "destination", "https://other.example/acs"),
		member("wrong_recipient", "has an assertion for another recipient", "recipient", "https://other.example/acs"),
		member("wrong_request", "answers another request", "in_response_to", "_another"),
		member("wrong_audience", "has an assertion for another audience", "audience", "https://other.example"),
		member("no_subject", "names nobody", "name_id", ""),
		member("replayed", "has an assertion that was used before", "assertion_id", "_replayed"),
		member("bad_status", "has a status that means nothing", "status", "urn:example:status:odd"),
		says("bad_request", "says that the request was bad", func(doc *jose.Object) { doc.Set("status", saml.StatusRequester) }),
		says("no_passive", "says that somebody has to sign in", func(doc *jose.Object) {
			doc.Set("status", saml.StatusResponder)
			doc.Set("sub_status", saml.StatusNoPassive)
		}),
		says("old", "was issued an hour ago", func(doc *jose.Object) { earlier(doc, "issued") }),
		says("expired", "has an assertion that expired an hour ago", func(doc *jose.Object) { earlier(doc, "not_before", "not_on_or_after") }),
		text("changed", "was changed after it was signed", func(xml string) string { return strings.ReplaceAll(xml, ">Ann<", ">Eve<") }),
		text("wrapped", "has an assertion wrapped around the signed one", wrapped),
		text("comment", "has a comment in the name of the subject", func(xml string) string {
			return strings.Replace(xml, "</saml:NameID>", "<!---->.evil.test</saml:NameID>", 1)
		}),
		text("xxe", "declares an external entity", func(xml string) string { return `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + xml }),
		text("malformed", "is cut off", func(xml string) string { return xml[:len(xml)/2] }),
		text("nothing", "is missing from the form", func(string) string { return "" }),
	}
}

// earlier moves times an hour back.
func earlier(doc *jose.Object, names ...string) {
	for _, name := range names {
		if at, ok := doc.Get(name).(int64); ok {
			doc.Set(name, at-int64(time.Hour/time.Second))
		}
	}
}

// wrapped puts an unsigned copy of the assertion, of somebody else, before the signed one.
func wrapped(xml string) string {
	from, to := strings.Index(xml, "<saml:Assertion"), strings.Index(xml, "</saml:Assertion>")
	if from < 0 || to < from {
		return xml
	}
	to += len("</saml:Assertion>")
	evil := strings.Replace(xml[from:to], ` ID="_`, ` ID="_evil`, 1)
	return xml[:from] + evil + xml[from:]
}
