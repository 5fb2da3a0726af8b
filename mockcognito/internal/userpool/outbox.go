package userpool

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store"
)

// Purpose is what a message or its code is for.
type Purpose string

// Purposes of messages.
const (
	Invitation      Purpose = "invitation"       // a user made by an administrator; the code is the temporary password
	SignUp          Purpose = "sign-up"          // confirms a sign-up
	ForgotPassword  Purpose = "forgot-password"  // sets a new password
	VerifyAttribute Purpose = "verify-attribute" // verifies an e-mail address or phone number
	SecondFactor    Purpose = "second-factor"    // MFA
	OneTimePassword Purpose = "one-time-password"
)

// Media of messages.
const (
	MediumEmail = "EMAIL"
	MediumSMS   = "SMS"
)

// Message is an e-mail or text message that the service would have sent.
type Message struct {
	ID          string
	At          time.Time
	PoolID      string
	Username    string
	Medium      string // EMAIL or SMS
	Destination string // address or number
	Purpose     Purpose
	Code        string // the code, or the temporary password
	Subject     string
	Body        string
}

// Outbox keeps the messages of a lab, which sends none.
type Outbox struct {
	env   *lab.Env
	table store.Table[Message]
}

// messageLifetime is how long a message is kept. A temporary password is good for 7 days unless the policy says otherwise,
// every code for less.
const messageLifetime = 7 * 24 * time.Hour

func newOutbox(env *lab.Env, b store.Backend) *Outbox {
	return &Outbox{env: env, table: store.NewTable[Message](b, "cognito.messages")}
}

// Send keeps a message; its id and time are set.
func (o *Outbox) Send(ctx context.Context, m Message) error {
	m.At = o.env.Now().UTC().Round(0)
	m.ID = fmt.Sprintf("%020d-%s", m.At.UnixNano(), o.env.Token(6)) // in the order of sending
	return o.table.Put(ctx, m.ID, m, m.At.Add(messageLifetime))
}

// List are the messages, newest first.
func (o *Outbox) List(ctx context.Context) ([]Message, error) {
	var out []Message
	err := o.table.Scan(ctx, func(_ string, m Message) error { out = append(out, m); return nil })
	slices.Reverse(out)
	return out, err
}

func (o *Outbox) clear(ctx context.Context) error { return clearTable(ctx, o.table, "") }
