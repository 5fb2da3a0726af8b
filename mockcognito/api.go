package mockcognito

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// The user pools API: POST / with X-Amz-Target and a JSON object (AWS JSON 1.1). Signatures are accepted, not verified.
const (
	apiTarget      = "AWSCognitoIdentityProviderService."
	apiContentType = "application/x-amz-json-1.1"
	accountID      = "000000000000"
)

// serviceError is an error of the user pools API, by the name of its class.
type serviceError struct {
	class   string
	message string
}

func (e *serviceError) Error() string { return e.class + ": " + e.message }

func apiError(class, format string, args ...any) error {
	return &serviceError{class, fmt.Sprintf(format, args...)}
}

// operation serves one operation: the body is the request's JSON object, the answer is written as JSON.
type operation func(s *Server, body []byte) (any, error)

var operations = map[string]operation{
	"DescribeUserPool":         (*Server).describeUserPool,
	"DescribeUserPoolClient":   (*Server).describeUserPoolClient,
	"DescribeUserPoolDomain":   (*Server).describeUserPoolDomain,
	"DescribeIdentityProvider": (*Server).describeIdentityProvider,
}

func (s *Server) api(w http.ResponseWriter, r *http.Request) error {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), apiTarget)
	if !ok {
		return apiError("UnknownOperationException", "The request has no X-Amz-Target that begins with %s; it has %q.", apiTarget, r.Header.Get("X-Amz-Target"))
	}
	op, ok := operations[name]
	switch {
	case ok:
	case slices.Contains(unmodelled, name):
		return apiError("UnsupportedOperationException", "The mock does not serve the operation %s. It serves %s. Set up pools, clients and providers in the lab file.", name, strings.Join(sortedKeys(operations), ", "))
	default:
		return apiError("UnknownOperationException", "There is no operation %q.", name)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return apiError("SerializationException", "The body could not be read: %v", err)
	}
	if len(strings.TrimSpace(string(body))) == 0 {
		body = []byte("{}")
	}
	answer, err := op(s, body)
	if err != nil {
		return err
	}
	s.apiHeaders(w)
	return web.JSON(w, http.StatusOK, apiContentType, answer)
}

func (s *Server) apiHeaders(w http.ResponseWriter) {
	w.Header().Set("X-Amzn-Requestid", s.kit.Env.UUID())
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
}

// presentAPI shows errors of the user pools API, and of the documents under an issuer, in AWS JSON.
func (s *Server) presentAPI(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadRequest
	e, ok := errors.AsType[*serviceError](err)
	if !ok {
		s.kit.Log.ErrorContext(r.Context(), "internal failure", "path", r.URL.Path, "error", err)
		e, status = &serviceError{"InternalErrorException", "mock Cognito failed; see its log."}, http.StatusInternalServerError
	}
	trace.Note(r.Context(), "Cognito answered "+e.Error())
	s.apiHeaders(w)
	w.Header().Set("X-Amzn-Errortype", e.class+":")
	w.Header().Set("X-Amzn-Errormessage", headerText(e.message))
	_ = web.JSON(w, status, apiContentType, struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{e.class, e.message})
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

// decodeRequest reads an operation's members; unknown ones are ignored, as newer SDKs send new ones.
func decodeRequest(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return apiError("SerializationException", "%v", err)
	}
	return nil
}

// member is a required string of a request with its constraint.
type member struct {
	name, value string
	valid       func(string) bool
	constraint  string
}

// validate reports all violations in the service's one sentence.
func validate(members ...member) error {
	var found []string
	for _, m := range members {
		switch {
		case m.value == "":
			found = append(found, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", m.name))
		case m.valid != nil && !m.valid(m.value):
			found = append(found, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy %s", m.value, m.name, m.constraint))
		}
	}
	if len(found) == 0 {
		return nil
	}
	word := "errors"
	if len(found) == 1 {
		word = "error"
	}
	return apiError("InvalidParameterException", "%d validation %s detected: %s", len(found), word, strings.Join(found, "; "))
}

func poolMember(id string) member {
	return member{"userPoolId", id, func(v string) bool { return len(v) <= 55 && poolIDPattern.MatchString(v) }, `regular expression pattern: [\w-]+_[0-9a-zA-Z]+`}
}

func (s *Server) poolByID(id string) (*pool, error) {
	if err := validate(poolMember(id)); err != nil {
		return nil, err
	}
	p := s.live().pools[id]
	if p == nil {
		return nil, apiError("ResourceNotFoundException", "User pool %s does not exist.", id)
	}
	return p, nil
}

// epoch is a timestamp of the API: seconds with a fraction.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

type object = map[string]any

func (s *Server) describeUserPool(body []byte) (any, error) {
	var in struct {
		UserPoolID string `json:"UserPoolId"`
	}
	if err := decodeRequest(body, &in); err != nil {
		return nil, err
	}
	p, err := s.poolByID(in.UserPoolID)
	if err != nil {
		return nil, err
	}
	out := object{
		"Id": p.ID, "Name": p.Name, "Arn": p.ARN(accountID),
		"CreationDate": epoch(p.Created), "LastModifiedDate": epoch(p.Modified),
		"Policies": object{
			"PasswordPolicy": object{"MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true, "RequireSymbols": true, "TemporaryPasswordValidityDays": 7},
			"SignInPolicy":   object{"AllowedFirstAuthFactors": []string{"PASSWORD"}},
		},
		"DeletionProtection": "INACTIVE", "MfaConfiguration": "OFF", "EstimatedNumberOfUsers": p.Users.Len(), "UserPoolTier": "ESSENTIALS",
		"LambdaConfig": object{}, "UserPoolTags": object{},
		"EmailConfiguration":          object{"EmailSendingAccount": "COGNITO_DEFAULT"},
		"AdminCreateUserConfig":       object{"AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7},
		"VerificationMessageTemplate": object{"DefaultEmailOption": "CONFIRM_WITH_CODE"},
		"AccountRecoverySetting": object{"RecoveryMechanisms": []object{
			{"Priority": 1, "Name": "verified_email"}, {"Priority": 2, "Name": "verified_phone_number"},
		}},
		"SchemaAttributes": p.schema(),
	}
	if p.CaseInsensitive() {
		out["UsernameConfiguration"] = object{"CaseSensitive": false}
	}
	for _, d := range p.Domains() {
		name := "Domain"
		if d.Custom {
			name = "CustomDomain"
		}
		if out[name] == nil {
			out[name] = d.Name
		}
	}
	if p.Issuer != "" {
		out["IssuerConfiguration"] = object{"Type": string(p.Issuer)}
	}
	return object{"UserPool": out}, nil
}

// schema lists every standard attribute and the pool's own.
func (p *pool) schema() []object {
	var out []object
	for _, a := range p.Schema() {
		o := object{"Name": a.Name, "AttributeDataType": a.DataType, "DeveloperOnlyAttribute": a.DeveloperOnly, "Mutable": !a.Immutable, "Required": a.Required}
		bounds := func(name, low, high string, b *userpool.Bounds) {
			if b == nil {
				return
			}
			limits := object{}
			if b.Min != "" {
				limits[low] = b.Min
			}
			if b.Max != "" {
				limits[high] = b.Max
			}
			o[name] = limits
		}
		bounds("StringAttributeConstraints", "MinLength", "MaxLength", a.StringLength)
		bounds("NumberAttributeConstraints", "MinValue", "MaxValue", a.NumberRange)
		out = append(out, o)
	}
	return out
}

func (s *Server) describeUserPoolClient(body []byte) (any, error) {
	var in struct {
		UserPoolID string `json:"UserPoolId"`
		ClientID   string `json:"ClientId"`
	}
	if err := decodeRequest(body, &in); err != nil {
		return nil, err
	}
	if err := validate(poolMember(in.UserPoolID), member{"clientId", in.ClientID, clientIDPattern.MatchString, `regular expression pattern: [\w+]+`}); err != nil {
		return nil, err
	}
	p, err := s.poolByID(in.UserPoolID)
	if err != nil {
		return nil, err
	}
	c := p.Client(in.ClientID)
	if c == nil {
		return nil, apiError("ResourceNotFoundException", "User pool client %s does not exist.", in.ClientID)
	}
	out := object{
		"UserPoolId": p.ID, "ClientId": c.ID, "ClientName": c.Name, "CreationDate": epoch(c.Created), "LastModifiedDate": epoch(c.Modified),
		"AllowedOAuthFlowsUserPoolClient": c.OAuth, "EnableTokenRevocation": c.TokenRevocation,
		"EnablePropagateAdditionalUserContextData": false, "AuthSessionValidity": 3, "PreventUserExistenceErrors": c.PreventUserExistence,
		"AccessTokenValidity": c.AccessTokenValidity.N, "IdTokenValidity": c.IDTokenValidity.N, "RefreshTokenValidity": c.RefreshTokenValidity.N,
		"TokenValidityUnits": object{"AccessToken": c.AccessTokenValidity.Unit, "IdToken": c.IDTokenValidity.Unit, "RefreshToken": c.RefreshTokenValidity.Unit},
	}
	if c.Confidential() {
		out["ClientSecret"] = c.Secret()
	}
	for name, list := range map[string][]string{
		"CallbackURLs": c.CallbackURLs, "LogoutURLs": c.LogoutURLs, "AllowedOAuthFlows": c.Flows, "AllowedOAuthScopes": c.Scopes,
		"SupportedIdentityProviders": c.IdentityProviders,
	} {
		if len(list) > 0 {
			out[name] = list
		}
	}
	if c.ReadAttributes != nil {
		out["ReadAttributes"] = c.ReadAttributes
	}
	return object{"UserPoolClient": out}, nil
}

// describeUserPoolDomain answers an unknown domain with an empty description, which is no error.
func (s *Server) describeUserPoolDomain(body []byte) (any, error) {
	var in struct{ Domain string }
	if err := decodeRequest(body, &in); err != nil {
		return nil, err
	}
	if err := validate(member{"domain", in.Domain, nil, ""}); err != nil {
		return nil, err
	}
	p, d := s.live().of.Domain(s.region(), in.Domain)
	if d != nil {
		return object{"DomainDescription": object{
			"UserPoolId": p.ID, "AWSAccountId": accountID, "Domain": d.Name, "Status": "ACTIVE", "ManagedLoginVersion": d.ManagedLoginVersion,
			"S3Bucket": "aws-cognito-prod-" + p.Region() + "-assets", "CloudFrontDistribution": "mock.cloudfront.invalid",
			"Version": "20261101000000", "CustomDomainConfig": object{},
		}}, nil
	}
	return object{"DomainDescription": object{}}, nil
}

func (s *Server) describeIdentityProvider(body []byte) (any, error) {
	var in struct {
		UserPoolID   string `json:"UserPoolId"`
		ProviderName string
	}
	if err := decodeRequest(body, &in); err != nil {
		return nil, err
	}
	if err := validate(poolMember(in.UserPoolID), member{"providerName", in.ProviderName, nil, ""}); err != nil {
		return nil, err
	}
	p, err := s.poolByID(in.UserPoolID)
	if err != nil {
		return nil, err
	}
	idp := p.Provider(in.ProviderName)
	if idp == nil {
		return nil, apiError("ResourceNotFoundException", "Identity provider %s does not exist.", in.ProviderName)
	}
	out := object{
		"UserPoolId": p.ID, "ProviderName": idp.Name, "ProviderType": idp.Type, "ProviderDetails": idp.Details,
		"AttributeMapping": idp.AttributeMapping, "CreationDate": epoch(idp.Created), "LastModifiedDate": epoch(idp.Modified),
	}
	if len(idp.Identifiers) > 0 {
		out["IdpIdentifiers"] = idp.Identifiers
	}
	return object{"IdentityProvider": out}, nil
}
