package idp

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Error classes of the API's frame.
const (
	internalError        userpool.Code = "InternalErrorException"
	unknownOperation     userpool.Code = "UnknownOperationException"
	unsupportedOperation userpool.Code = "UnsupportedOperationException"
	featureUnavailable   userpool.Code = "FeatureUnavailableInTierException"
	brandingExists       userpool.Code = "ManagedLoginBrandingExistsException"
)

// Account is the account that everything belongs to.
const Account = "000000000000"

const (
	target      = "AWSCognitoIdentityProviderService."
	contentType = "application/x-amz-json-1.1"
)

// Service is the user pools API over a directory.
type Service struct {
	Directory *userpool.Directory
	Env       *lab.Env
	Engine    *signin.Engine
	Tokens    Tokens
	// Region is the region of requests that name none.
	Region func() string
	// RegionOf is the region that a host serves, with its port; empty: none in particular.
	RegionOf func(host string) string
	// Reachable says why an OIDC issuer's metadata cannot be had; nil: it can.
	Reachable func(ctx context.Context, issuer string) error
}

// call is one request to an operation.
type call struct {
	*Service
	ctx    context.Context
	region string // named by the request; empty: none
	in     members
	now    *userpool.Snapshot
}

// operation is one operation of the API.
type operation struct {
	input  Structure
	noBody bool // answers without a body; otherwise a nil answer is {}
	serve  func(*call) (object, error)
}

type object = map[string]any

// operations are those that this service has. A function, so that an operation may name others.
func operations() map[string]operation {
	all := map[string]operation{}
	for _, family := range []map[string]operation{
		poolOperations(), mfaOperations(), tagOperations(), domainOperations(), clientOperations(), secretOperations(), providerOperations(),
		resourceServerOperations(), groupOperations(), userOperations(), passwordOperations(), linkOperations(), brandingOperations(),
		authOperations(), signUpOperations(), selfOperations(), authenticatorOperations(),
	} {
		maps.Copy(all, family)
	}
	return all
}

var served = operations()

// Operations are the names of the operations that this service has, sorted.
func Operations() []string { return slices.Sorted(maps.Keys(served)) }

// Input are the members of an operation's input, in the order of its shape.
func Input(name string) Structure { return served[name].input }

// Refused are the operations that the service knows and does not have, with what to do instead.
func Refused() map[string]string {
	out := maps.Clone(unsupported)
	for name := range served {
		delete(out, name)
	}
	return out
}

// Target is the X-Amz-Target of an operation.
func Target(name string) string { return target + name }

// Serve implements web.Endpoint.
func (s *Service) Serve(w http.ResponseWriter, r *http.Request) error {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target)
	if !ok {
		return userpool.Errorf(unknownOperation, "The request has no X-Amz-Target that begins with %s; it has %q.", target, r.Header.Get("X-Amz-Target"))
	}
	op, ok := served[name]
	if !ok {
		return refusal(name)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return userpool.Errorf(SerializationException, "The body could not be read: %v", err)
	}
	in, err := op.input.decode(body)
	if err != nil {
		return err
	}
	answer, err := op.serve(&call{Service: s, ctx: r.Context(), region: s.regionOf(r), in: in, now: s.Directory.Snapshot()})
	if err != nil {
		return err
	}
	s.headers(w)
	if op.noBody {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if answer == nil {
		answer = object{}
	}
	return web.JSON(w, http.StatusOK, contentType, answer)
}

// refusal is the answer for an operation that is not served.
func refusal(name string) error {
	instead, known := unsupported[name]
	if !known {
		return userpool.Errorf(unknownOperation, "There is no operation %q.", name)
	}
	return userpool.Errorf(unsupportedOperation, "This mock of Cognito does not offer the operation %s. %s", name, instead)
}

// credential is the scope of a signature (AWS Signature Version 4): Credential=<key>/<date>/<region>/<service>/aws4_request.
var credential = regexp.MustCompile(`Credential=[^/,]+/[0-9]+/([a-z0-9-]+)/`)

// regionOf is the region that a request names: in its signature, else by its host; empty when it names none.
func (s *Service) regionOf(r *http.Request) string {
	if m := credential.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		return m[1]
	}
	return s.RegionOf(r.Host)
}

// home is where a request makes things: the region that it names, else the lab's.
func (c *call) home() string {
	if c.region != "" {
		return c.region
	}
	return c.Region()
}

func (s *Service) headers(w http.ResponseWriter) {
	w.Header().Set("X-Amzn-Requestid", s.Env.UUID())
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
}

// Present implements web.Presenter: errors in AWS JSON, with status 400 but for failures of our own.
func (s *Service) Present(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadRequest
	e, ok := errors.AsType[*userpool.Error](err)
	if !ok {
		e, status = &userpool.Error{Code: internalError, Message: "mock Cognito failed; see its log."}, http.StatusInternalServerError
	}
	trace.Note(r.Context(), "Cognito answered "+e.Error())
	s.headers(w)
	w.Header().Set("X-Amzn-Errortype", string(e.Code)+":")
	w.Header().Set("X-Amzn-Errormessage", headerText(e.Message))
	_ = web.JSON(w, status, contentType, struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{string(e.Code), e.Message})
}

// IsOurs tells whether err is an answer of the service, and not a failure.
func IsOurs(err error) bool {
	_, ok := errors.AsType[*userpool.Error](err)
	return ok
}

// maxHeaderText bounds a header that repeats a part of the request: programs on Node refuse a header of 16 KiB and more.
const maxHeaderText = 1 << 10

// headerText makes a message fit for a header: clients refuse an answer whose header holds control characters, and
// net/http replaces line breaks alone. The body has the message whole.
func headerText(message string) string {
	if len(message) > maxHeaderText {
		message = strings.ToValidUTF8(message[:maxHeaderText], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, message)
}

// epoch is a timestamp of the API: seconds with a fraction.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// pool is the pool that a request names. One of another region is not there.
func (c *call) pool() (*userpool.Pool, error) { return c.poolByID(c.in.str("UserPoolId")) }

func (c *call) poolByID(id string) (*userpool.Pool, error) {
	p := c.now.Pool(id)
	if p == nil || c.region != "" && p.Region() != c.region {
		return nil, userpool.Errorf(userpool.ResourceNotFound, "User pool %s does not exist.", id)
	}
	return p, nil
}

// edit changes the pool that a request names.
func (c *call) edit(f func(*userpool.Draft) error) error {
	if _, err := c.pool(); err != nil {
		return err
	}
	return c.Directory.Edit(c.ctx, c.in.str("UserPoolId"), f)
}

// setText, setList and setObject leave an answer without the member when there is nothing to answer.
func setText(o object, name, value string) {
	if value != "" {
		o[name] = value
	}
}

func setList(o object, name string, value []string) {
	if len(value) > 0 {
		o[name] = value
	}
}

func setObject(o object, name string, value map[string]any) {
	if len(value) > 0 {
		o[name] = value
	}
}
