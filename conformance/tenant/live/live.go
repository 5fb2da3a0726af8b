// Package live reads the configuration of a user pool through the AWS API.
//
//	Read ─► DescribeUserPool ─► DescribeUserPoolClient, DescribeIdentityProvider, DescribeUserPoolDomain ─► tenant.Model
//
// Only Describe operations are called, each request is listed. Credentials, endpoints and CA bundles are found as the
// AWS SDK finds them. The answers are read as they came over the wire, by the same code that reads files: members that
// the SDK does not know are kept.
package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/ssolab/ssolab/conformance/tenant"
)

// Options say what to read.
type Options struct {
	Pool      string
	Clients   []string
	Providers []string // beside those that the clients name
	Endpoint  string   // of the API; empty: the region's, or what the SDK is configured with

	Load []func(*config.LoadOptions) error // further options of the SDK
}

// Actions are the IAM actions that Read needs.
func Actions() []string {
	return []string{
		"cognito-idp:DescribeIdentityProvider", "cognito-idp:DescribeUserPool", "cognito-idp:DescribeUserPoolClient", "cognito-idp:DescribeUserPoolDomain",
	}
}

// Policy is the IAM policy that Read needs, for the pool with this id in any account: JSON. DescribeUserPoolDomain has no
// resource type, so it needs a resource of *
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html).
func Policy(poolID string) (string, error) {
	region, name, ok := strings.Cut(poolID, "_")
	if !ok || region == "" || name == "" {
		return "", fmt.Errorf("%q is no user pool id; the form is <region>_<letters and digits>", poolID)
	}
	partition := "aws"
	switch {
	case strings.HasPrefix(region, "us-gov-"):
		partition = "aws-us-gov"
	case strings.HasPrefix(region, "cn-"):
		partition = "aws-cn"
	}
	type statement struct {
		Sid, Effect string
		Action      []string
		Resource    string
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{
		{"ReadUserPool", "Allow", Actions()[:3], "arn:" + partition + ":cognito-idp:" + region + ":*:userpool/" + poolID},
		{"ReadDomain", "Allow", Actions()[3:], "*"},
	}})
	return b.String(), err
}

// Call is a request to the API.
type Call struct {
	Operation string `json:"operation"`
	Name      string `json:"name"` // what was asked for
	Status    int    `json:"status"`
}

// Read describes the pool, its domains, the clients, and the providers. What does not exist or may not be read is in the
// model's Unread; an error means that nothing could be read at all.
func Read(ctx context.Context, o Options) (*tenant.Model, []Call, error) {
	region, _, ok := strings.Cut(o.Pool, "_")
	if !ok || region == "" {
		return nil, nil, fmt.Errorf("%q is no user pool id; the form is <region>_<letters and digits>", o.Pool)
	}
	cfg, err := config.LoadDefaultConfig(ctx, append([]func(*config.LoadOptions) error{config.WithRegion(region)}, o.Load...)...)
	if err != nil {
		return nil, nil, fmt.Errorf("configure the AWS SDK: %w", err)
	}
	r := &reader{model: &tenant.Model{}}
	r.api = cip.NewFromConfig(cfg, func(options *cip.Options) {
		if o.Endpoint != "" {
			options.BaseEndpoint = aws.String(o.Endpoint)
		}
		if r.recorder.next = options.HTTPClient; r.recorder.next == nil {
			r.recorder.next = awshttp.NewBuildableClient()
		}
		options.HTTPClient = &r.recorder
	})
	err = r.read(ctx, o)
	return r.model, r.recorder.calls, err
}

type reader struct {
	api      *cip.Client
	recorder recorder
	model    *tenant.Model
}

func (r *reader) read(ctx context.Context, o Options) error {
	pool, err := call(ctx, r, "DescribeUserPool", o.Pool, func(ctx context.Context) (*cip.DescribeUserPoolOutput, error) {
		return r.api.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: aws.String(o.Pool)})
	})
	if err != nil || pool == nil {
		return err // without the pool, all the rest is missing too
	}
	providers := slices.Clone(o.Providers)
	for _, id := range o.Clients {
		client, err := call(ctx, r, "DescribeUserPoolClient", id, func(ctx context.Context) (*cip.DescribeUserPoolClientOutput, error) {
			return r.api.DescribeUserPoolClient(ctx, &cip.DescribeUserPoolClientInput{UserPoolId: aws.String(o.Pool), ClientId: aws.String(id)})
		})
		if err != nil {
			return err
		}
		if client != nil && client.UserPoolClient != nil {
			providers = append(providers, client.UserPoolClient.SupportedIdentityProviders...)
		}
	}
	asked := map[string]bool{"": true, "COGNITO": true}
	for _, name := range providers {
		if asked[name] {
			continue
		}
		asked[name] = true
		if _, err := call(ctx, r, "DescribeIdentityProvider", name, func(ctx context.Context) (*cip.DescribeIdentityProviderOutput, error) {
			return r.api.DescribeIdentityProvider(ctx, &cip.DescribeIdentityProviderInput{UserPoolId: aws.String(o.Pool), ProviderName: aws.String(name)})
		}); err != nil {
			return err
		}
	}
	if pool.UserPool == nil {
		return nil
	}
	for _, name := range []string{aws.ToString(pool.UserPool.Domain), aws.ToString(pool.UserPool.CustomDomain)} {
		if name == "" {
			continue
		}
		if _, err := call(ctx, r, "DescribeUserPoolDomain", name, func(ctx context.Context) (*cip.DescribeUserPoolDomainOutput, error) {
			return r.api.DescribeUserPoolDomain(ctx, &cip.DescribeUserPoolDomainInput{Domain: aws.String(name)})
		}); err != nil {
			return err
		}
	}
	return nil
}

// call makes one call and gives what came over the wire to the model. An answer that the service gives on purpose, such
// as that there is nothing of that name, is no error and has no output.
func call[O any](ctx context.Context, r *reader, operation, name string, do func(context.Context) (*O, error)) (*O, error) {
	r.recorder.operation, r.recorder.name = operation, name
	out, err := do(ctx)
	if err == nil {
		return out, r.model.Add(operation+" "+name, r.recorder.body)
	}
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		r.model.Unread = append(r.model.Unread, tenant.Unread{Operation: operation, Name: name, Missing: true, Reason: reason(err)})
		return nil, nil
	}
	var service interface{ ErrorCode() string }
	if errors.As(err, &service) && operation != "DescribeUserPool" {
		r.model.Unread = append(r.model.Unread, tenant.Unread{Operation: operation, Name: name, Reason: reason(err)})
		return nil, nil
	}
	return nil, fmt.Errorf("%s %s: %w", operation, name, err)
}

// reason is what the service said, without the SDK's frame.
func reason(err error) string {
	var service interface {
		ErrorCode() string
		ErrorMessage() string
	}
	if errors.As(err, &service) {
		return service.ErrorCode() + ": " + service.ErrorMessage()
	}
	return err.Error()
}

// recorder keeps the last answer and lists all requests, repeated ones too.
type recorder struct {
	next            cip.HTTPClient
	operation, name string
	body            []byte
	calls           []Call
}

// maxAnswer bounds an answer of the API.
const maxAnswer = 4 << 20

// Do implements the SDK's HTTP client.
func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	resp, err := r.next.Do(req)
	if err != nil {
		r.calls = append(r.calls, Call{Operation: r.operation, Name: r.name})
		return nil, err
	}
	r.calls = append(r.calls, Call{Operation: r.operation, Name: r.name, Status: resp.StatusCode})
	defer func() { _ = resp.Body.Close() }()
	if r.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(r.body))
	return resp, nil
}
