package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/lambda"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Invoker takes an event to the function of an ARN and returns what it answers: a *lambda.FunctionError is what the function
// threw, a *lambda.InvokeError that it could not be run.
type Invoker interface {
	Invoke(ctx context.Context, arn string, event []byte) ([]byte, error)
}

// Runner implements signin.Triggers by functions.
type Runner struct{ Invoker Invoker }

var _ signin.Triggers = Runner{}

// Run implements signin.Triggers.
func (r Runner) Run(ctx context.Context, e signin.Event) (bool, error) {
	base := e.Common()
	f, have := functionOf(base)
	if !have {
		return false, nil
	}
	made := newEvent(e, f.Version)
	sent, err := json.Marshal(made)
	if err != nil {
		return false, fmt.Errorf("event of %s: %w", base.Trigger, err)
	}
	answer, err := r.Invoker.Invoke(ctx, f.ARN, sent)
	if err != nil {
		return true, refused(ctx, base, f, err)
	}
	if err := readAnswer(e, f.Version, answer); err != nil {
		trace.Note(ctx, fmt.Sprintf("the answer of %s for %s is none: %v", f.ARN, base.Source, err))
		return true, userpool.Errorf(signin.InvalidLambdaResponse, "Unrecognizable lambda output")
	}
	trace.Note(ctx, fmt.Sprintf("ran the Lambda trigger %s (%s)", base.Source, f.ARN))
	return true, nil
}

// functionOf is the function that a pool has for an event, with the version of the event.
func functionOf(b *signin.Base) (userpool.VersionedFunction, bool) {
	config := b.Pool.Lambda
	switch b.Trigger {
	case signin.TriggerInboundFederation:
		f := config.Versioned["InboundFederation"]
		return f, f.ARN != ""
	case signin.TriggerPreTokenGeneration:
		f := config.Versioned["PreTokenGenerationConfig"]
		if f.ARN == "" {
			f = userpool.VersionedFunction{Version: "V1_0", ARN: config.Triggers["PreTokenGeneration"]}
		}
		if b.Source == b.Trigger.Source("ClientCredentials") && f.Version != "V3_0" {
			return f, false
		}
		return f, f.ARN != ""
	}
	arn := config.Triggers[string(b.Trigger)]
	return userpool.VersionedFunction{Version: "V1_0", ARN: arn}, arn != ""
}

// refused is the service's answer for a function that did not answer an event.
func refused(ctx context.Context, b *signin.Base, f userpool.VersionedFunction, err error) error {
	if e, ok := errors.AsType[*lambda.FunctionError](err); ok {
		trace.Note(ctx, fmt.Sprintf("%s threw %s: %s", f.ARN, e.Type, e.Message))
		return signin.Thrown(b.Trigger, e.Message)
	}
	trace.Note(ctx, fmt.Sprintf("%s could not be run: %v", f.ARN, err))
	if e, ok := errors.AsType[*lambda.InvokeError](err); ok {
		return userpool.Errorf(signin.UnexpectedLambda, "%s invocation failed due to error %s.", b.Trigger, e.Reason)
	}
	if errors.Is(err, lambda.ErrTooLarge) {
		return userpool.Errorf(signin.InvalidLambdaResponse, "Unrecognizable lambda output") // Unverified
	}
	return fmt.Errorf("run %s: %w", f.ARN, err)
}
