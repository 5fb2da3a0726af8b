package idp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/saml"
	"github.com/ssolab/ssolab/internal/store"
)

// Outcome is how a sign-in at an identity provider ends.
type Outcome string

// Outcomes. Success is whatever the person's state and policies say.
const (
	Success         Outcome = ""
	Denied          Outcome = "denied"           // by a policy of the identity provider
	NotAssigned     Outcome = "not_assigned"     // the application is not assigned to the person
	AccountLocked   Outcome = "locked"           // after too many attempts
	AccountDisabled Outcome = "disabled"         // by an administrator
	ExpiredPassword Outcome = "password_expired" // a new one is asked for, and the sign-in goes on
	MFADenied       Outcome = "mfa_denied"       // the second factor was refused
	NeedsConsent    Outcome = "consent"          // the person is asked, and the sign-in goes on
	ConsentDenied   Outcome = "consent_denied"   // the person refused
	NotCompleted    Outcome = "not_completed"    // neither an answer nor an error
	ServerError     Outcome = "server_error"     // the identity provider failed
	NoEmail         Outcome = "no_email"         // succeeds, but no e-mail address is released
	ForeignEmail    Outcome = "foreign_email"    // succeeds, with an address of a domain that is not the organization's
)

// Outcomes lists what can be ordered, with a sentence for people.
func Outcomes() []OutcomeInfo {
	return []OutcomeInfo{
		{Denied, "Denied by a policy"}, {NotAssigned, "The application is not assigned to the person"}, {AccountLocked, "The account is locked"},
		{AccountDisabled, "The account is disabled"}, {ExpiredPassword, "The password has expired"}, {MFADenied, "The second factor is refused"},
		{NeedsConsent, "Consent is asked for"}, {ConsentDenied, "Consent is refused"}, {NotCompleted, "Neither an answer nor an error"},
		{ServerError, "The identity provider fails"}, {NoEmail, "No e-mail address is released"}, {ForeignEmail, "An e-mail address of another domain is released"},
	}
}

// OutcomeInfo describes an outcome.
type OutcomeInfo struct {
	Outcome Outcome `json:"outcome"`
	Label   string  `json:"label"`
}

func known(o Outcome) bool {
	return slices.ContainsFunc(Outcomes(), func(info OutcomeInfo) bool { return info.Outcome == o })
}

// ordered is an outcome for the next sign-ins of a person.
type ordered struct {
	Outcome Outcome
	Times   int
}

// Order decides how the next sign-ins of a person end, however they are signed in; zero times takes an order back.
func (p *Party) Order(ctx context.Context, email string, o Outcome, times int) error {
	if times <= 0 {
		return p.orders.Delete(ctx, personKey(email))
	}
	if !known(o) {
		return fmt.Errorf("there is no outcome %q", o)
	}
	return p.orders.Put(ctx, personKey(email), ordered{o, times}, time.Time{})
}

// Orders are the outcomes that wait for a sign-in, by e-mail address.
func (p *Party) Orders(ctx context.Context) (map[string]Outcome, error) {
	out := map[string]Outcome{}
	err := p.orders.Scan(ctx, func(email string, o ordered) error {
		out[email] = o.Outcome
		return nil
	})
	return out, err
}

// takeOrder uses one of the ordered outcomes up.
func (p *Party) takeOrder(ctx context.Context, email string) (Outcome, error) {
	if _, err := p.orders.Get(ctx, personKey(email)); errors.Is(err, store.ErrNotFound) {
		return Success, nil
	}
	taken := Success
	err := p.orders.Update(ctx, personKey(email), func(o *ordered) (*ordered, error) {
		if o == nil {
			return nil, nil
		}
		taken = o.Outcome
		if o.Times--; o.Times <= 0 {
			return nil, nil
		}
		return o, nil
	})
	return taken, err
}

// verdict is how an identity provider says an outcome: by an error to the application, or by a page at which the person stays.
type verdict struct {
	Stay     bool   // at the page
	Message  string // on the page, or the error's description
	Code     oauth2.Code
	SAMLCode string // second-level status; empty: none
}

// standard are the verdicts of a provider that answers everything by the book.
func standard(o Outcome) verdict {
	switch o {
	case Denied, NotAssigned:
		return verdict{Code: oauth2.AccessDenied, Message: "Access to the application is denied", SAMLCode: saml.StatusRequestDenied}
	case AccountLocked:
		return verdict{Code: oauth2.AccessDenied, Message: "The account is locked", SAMLCode: saml.StatusAuthnFailed}
	case AccountDisabled:
		return verdict{Code: oauth2.AccessDenied, Message: "The account is disabled", SAMLCode: saml.StatusAuthnFailed}
	case MFADenied:
		return verdict{Code: oauth2.AccessDenied, Message: "The second factor was refused", SAMLCode: saml.StatusAuthnFailed}
	case ConsentDenied:
		return verdict{Code: oauth2.AccessDenied, Message: "The user refused consent", SAMLCode: saml.StatusRequestDenied}
	}
	return verdict{Code: oauth2.ServerError, Message: "The identity provider failed"}
}
