package signin

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Delivery says where a code went, CodeDeliveryDetails.
type Delivery struct {
	Medium      string // EMAIL or SMS
	Destination string // as it is shown: j***@e***, +*******1234
	Attribute   string // email or phone_number
}

// outgoing is a message to be sent.
type outgoing struct {
	purpose   userpool.Purpose
	what      string // CustomMessage's source
	attribute string // email or phone_number
	address   string
	code      string
}

func mediumOf(attribute string) string {
	if attribute == "phone_number" {
		return userpool.MediumSMS
	}
	return userpool.MediumEmail
}

// deliveryTo is the delivery to an address.
func deliveryTo(attribute, address string) *Delivery {
	return &Delivery{Medium: mediumOf(attribute), Destination: masked(attribute, address), Attribute: attribute}
}

// masked shows a bit of an address.
func masked(attribute, address string) string {
	if attribute == "phone_number" {
		last := address[max(0, len(address)-4):]
		return "+" + strings.Repeat("*", max(0, len(address)-5)) + last
	}
	name, host, _ := strings.Cut(address, "@")
	first := func(s string) string {
		for _, r := range s {
			return string(r)
		}
		return ""
	}
	return first(name) + "***@" + first(host) + "***"
}

// The parameters that stand for the code and the user name in the texts of a pool and of its functions.
const (
	codeParameter     = "{####}"
	usernameParameter = "{username}"
)

// send puts a message into the outbox, worded by the pool's function, or the pool, or the service.
func (e *Engine) send(ctx context.Context, c Caller, u *userpool.User, o outgoing) (*Delivery, error) {
	event := &CustomMessage{Base: NewBase(TriggerCustomMessage, o.what, c, u, ""), CodeParameter: codeParameter, UsernameParameter: usernameParameter}
	if _, err := e.run(ctx, event); err != nil {
		return nil, err
	}
	text := e.wording(c.Pool, o)
	medium := mediumOf(o.attribute)
	if medium == userpool.MediumSMS {
		text = wording{body: cmp.Or(event.SMSMessage, text.sms)}
	} else {
		text.body, text.subject = cmp.Or(event.EmailMessage, text.body), cmp.Or(event.EmailTitle, text.subject)
	}
	e.tell(ctx, c, u, o)
	fill := strings.NewReplacer(codeParameter, o.code, usernameParameter, u.Username)
	err := e.directory.Outbox().Send(ctx, userpool.Message{
		PoolID: c.Pool.ID, Username: u.Username, Medium: medium, Destination: o.address, Purpose: o.purpose, Code: o.code,
		Subject: fill.Replace(text.subject), Body: fill.Replace(text.body),
	})
	return deliveryTo(o.attribute, o.address), err
}

// tell writes a code into the log, above the level that a lab shows by itself: nobody gets a mail. A temporary password is
// in the outbox alone.
func (e *Engine) tell(ctx context.Context, c Caller, u *userpool.User, o outgoing) {
	code := o.code
	if o.purpose == userpool.Invitation {
		code = "(a password, see the messages)"
	}
	e.log.WarnContext(ctx, "message kept instead of sent", "purpose", o.purpose, "pool", c.Pool.ID, "username", u.Username, "to", o.address, "code", code)
}

// Invite sends a user whom an administrator made his temporary password, by the media that were asked for and by which he
// can be reached. Unverified: which medium is taken when none was; the documented default is SMS.
func (e *Engine) Invite(ctx context.Context, c Caller, u *userpool.User, clear string, media []string) error {
	if len(media) == 0 {
		media = []string{userpool.MediumEmail}
		if u.Attributes.Get("phone_number") != "" {
			media = []string{userpool.MediumSMS}
		}
	}
	for _, medium := range media {
		attribute := contactOf(medium)
		if u.Attributes.Get(attribute) == "" {
			continue
		}
		_, err := e.send(ctx, c, u, outgoing{purpose: userpool.Invitation, what: "AdminCreateUser", attribute: attribute, address: u.Attributes.Get(attribute), code: clear})
		if err != nil {
			return err
		}
	}
	return nil
}

// wording is the texts of a message.
type wording struct{ subject, body, sms string }

// wording is how the pool, or else the service, words a message. The service's own texts are not fixed.
func (e *Engine) wording(p *userpool.Pool, o outgoing) wording {
	const code = "code is " + codeParameter
	switch o.purpose {
	case userpool.SecondFactor, userpool.OneTimePassword:
		w := wording{subject: "Your authentication code", body: "Your authentication " + code, sms: cmp.Or(p.SMSAuthenticationMessage, "Your authentication "+code)}
		if p.EmailMFA != nil {
			w.subject, w.body = cmp.Or(p.EmailMFA.Subject, w.subject), cmp.Or(p.EmailMFA.Message, w.body)
		}
		if p.SMSMFA != nil {
			w.sms = cmp.Or(p.SMSMFA.Message, w.sms)
		}
		return w
	case userpool.Invitation:
		const text = "Your username is " + usernameParameter + " and temporary password is " + codeParameter + ". "
		w := wording{subject: "Your temporary password", body: text, sms: text}
		if t := p.AdminCreateUser.Invite; t != nil {
			w = wording{cmp.Or(t.EmailSubject, w.subject), cmp.Or(t.EmailMessage, w.body), cmp.Or(t.SMSMessage, w.sms)}
		}
		return w
	}
	word := "verification"
	if o.purpose == userpool.ForgotPassword {
		word = "password reset"
	}
	v := p.Verification
	return wording{
		subject: cmp.Or(v.EmailSubject, p.EmailVerificationSubject, "Your "+word+" code"),
		body:    cmp.Or(v.EmailMessage, p.EmailVerificationMessage, "Your "+word+" "+code),
		sms:     cmp.Or(v.SMSMessage, p.SMSVerificationMessage, "Your "+word+" "+code),
	}
}

// autoVerified is the attribute to which a pool sends codes at sign-up: one of those that it verifies by itself and that
// the user has, a phone number before an address.
func autoVerified(p *userpool.Pool, u *userpool.User) string {
	for _, name := range []string{"phone_number", "email"} {
		if slices.Contains(p.AutoVerified, name) && u.Attributes.Get(name) != "" {
			return name
		}
	}
	return ""
}

// simulatedDelivery is where a code for a name that nobody has seems to have gone: to the name itself if it is an address or
// number, else to one made from it. attribute is what kind it has to be; empty: either.
func (e *Engine) simulatedDelivery(c Caller, username, attribute string) (*Delivery, error) {
	sum, err := e.simulated(c, username, "address")
	if err != nil {
		return nil, err
	}
	letter := func(b byte) string { return string('a' + rune(b%26)) }
	switch {
	case attribute != "phone_number" && strings.Contains(username, "@"):
		return deliveryTo("email", username), nil
	case attribute != "email" && strings.HasPrefix(username, "+"):
		return deliveryTo("phone_number", username), nil
	case attribute == "phone_number":
		return deliveryTo("phone_number", fmt.Sprintf("+1555%07d", binary.BigEndian.Uint32(sum)%10_000_000)), nil
	}
	return deliveryTo("email", letter(sum[0])+"@"+letter(sum[1])), nil
}
