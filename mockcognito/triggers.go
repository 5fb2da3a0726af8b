package mockcognito

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/idp"
	"github.com/ssolab/ssolab/mockcognito/internal/lambda"
	"github.com/ssolab/ssolab/mockcognito/internal/trigger"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Lambda says where the functions of Lambda triggers are reached. LambdaConfig of a pool names them by ARN.
type Lambda struct {
	// Endpoint serves the Lambda API, POST <endpoint>/2015-03-31/functions/<name>/invocations: http://127.0.0.1:3001 of
	// `sam local start-lambda`. Empty: none does.
	Endpoint string
	// Functions are reached at URLs of their own, which take the event: name or ARN → URL.
	Functions map[string]string
	// Timeout is how long a function may take each time it is tried. Default 5 s, as the real service has it.
	Timeout time.Duration
}

// Trigger is a function of a pool: by ARN (or the function's name), or by the URL that takes its events.
type Trigger struct {
	Function string
	URL      string
	Version  string // of PreTokenGeneration: V1_0 (default), V2_0 or V3_0
}

// TriggerNames are the triggers that a pool may have, by their names in LambdaConfig.
func TriggerNames() []string {
	return []string{
		"InboundFederation", "PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration",
		"DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse", "UserMigration", "CustomMessage",
	}
}

// arn is the ARN of the function that pool's trigger of that name is.
func (t Trigger) arn(poolID, name string) string {
	if strings.HasPrefix(t.Function, "arn:") {
		return t.Function
	}
	function := t.Function
	if function == "" {
		function = poolID + "-" + name
	}
	region, _, _ := strings.Cut(poolID, "_")
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", region, idp.Account, function)
}

// lambdaConfig is LambdaConfig of the API.
func (p UserPool) lambdaConfig() userpool.LambdaConfig {
	var out userpool.LambdaConfig
	versioned := func(name, version, arn string) {
		if out.Versioned == nil {
			out.Versioned = map[string]userpool.VersionedFunction{}
		}
		out.Versioned[name] = userpool.VersionedFunction{Version: version, ARN: arn}
	}
	for name, t := range p.Triggers {
		arn := t.arn(p.ID, name)
		if name == "InboundFederation" {
			versioned(name, "V1_0", arn)
			continue
		}
		if out.Triggers == nil {
			out.Triggers = map[string]string{}
		}
		out.Triggers[name] = arn
		if name == "PreTokenGeneration" && t.Version != "" {
			versioned("PreTokenGenerationConfig", t.Version, arn)
		}
	}
	return out
}

// lambdaClient calls the functions as they are configured.
func (c Config) lambdaClient() *lambda.Client {
	functions := maps.Clone(c.Lambda.Functions)
	if functions == nil {
		functions = map[string]string{}
	}
	for _, p := range c.UserPools {
		for name, t := range p.Triggers {
			if t.URL != "" {
				functions[t.arn(p.ID, name)] = t.URL
			}
		}
	}
	client := c.Kit.Outside(trace.Cognito, trace.Endpoint{Party: trace.Lambda, Point: "lambda.invoke", Channel: trace.Back}, c.Lambda.Timeout)
	return &lambda.Client{HTTP: client, Endpoint: strings.TrimSuffix(c.Lambda.Endpoint, "/"), Functions: functions}
}

// functions takes events to functions as they are configured at the time.
type functions struct{ s *Server }

// Invoke implements trigger.Invoker.
func (f functions) Invoke(ctx context.Context, arn string, event []byte) ([]byte, error) {
	return f.s.lambda.Load().Invoke(ctx, arn, event)
}

var _ trigger.Invoker = functions{}

// problems are what is wrong with the addresses of functions.
func (l Lambda) problems() []error {
	var errs []error
	if l.Endpoint != "" && !isHTTP(l.Endpoint) {
		errs = append(errs, fmt.Errorf("lambda.endpoint: %q is no http or https URL", l.Endpoint))
	}
	for _, name := range sortedKeys(l.Functions) {
		if to := l.Functions[name]; !isHTTP(to) {
			errs = append(errs, fmt.Errorf("lambda.functions.%s: %q is no http or https URL", name, to))
		}
	}
	if l.Timeout < 0 {
		errs = append(errs, fmt.Errorf("lambda.timeout: %s is less than nothing", l.Timeout))
	}
	return errs
}

// triggerProblems are what is wrong with the triggers of a pool.
func (p UserPool) triggerProblems() []error {
	var errs []error
	for _, name := range sortedKeys(p.Triggers) {
		t, place := p.Triggers[name], ".triggers."+name
		switch {
		case !slices.Contains(TriggerNames(), name):
			errs = append(errs, fmt.Errorf("%s: is no trigger; there are %s", place, strings.Join(TriggerNames(), ", ")))
		case (t.URL == "") == (t.Function == ""):
			errs = append(errs, fmt.Errorf("%s: needs a URL or a function, and not both", place))
		case t.URL != "" && !isHTTP(t.URL):
			errs = append(errs, fmt.Errorf("%s.url: %q is no http or https URL", place, t.URL))
		case t.Version != "" && (name != "PreTokenGeneration" || !slices.Contains([]string{"V1_0", "V2_0", "V3_0"}, t.Version)):
			errs = append(errs, fmt.Errorf("%s.version: %q; PreTokenGeneration alone has V1_0, V2_0 and V3_0", place, t.Version))
		}
	}
	return errs
}

func isHTTP(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
