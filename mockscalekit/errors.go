package mockscalekit

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/refusal"
)

// documented are the error codes and their descriptions at https://docs.scalekit.com/sso/reference/sso-integration-errors/,
// in the order and with the formatting of that page. access_denied is of an example of full-stack mode.
func documented() [][2]string {
	return [][2]string{
		{"invalid_redirect_uri", "Redirect URI is not part of the pre-approved list of redirect URIs"},
		{"invalid_connection_selector", "Missing `organization_id` (or) `connection_id` (or) `domain` (or) `provider` in the authorization URL"},
		{"no_active_connections", "There are no active SSO connections configured to process the single sign-on request"},
		{"connection_not_active", "The configured connection is not active"},
		{"no_configured_connections", "No active SSO connections configured"},
		{"invalid_organization_id", "Invalid organization ID"},
		{"invalid_connection_id", "Invalid connection ID"},
		{"domain_not_found", "No domain specified for the SSO connection(s)"},
		{"invalid_user_domain", "User's domain not allowed for this SSO connection"},
		{"invalid_client", "The client application is not recognized or not configured correctly"},
		{"application_not_active", "The application is inactive"},
		{"invalid_request", "The authorization request contains invalid or missing parameters"},
		{"unauthorized", "The request is unauthorized"},
		{"user_not_active", "The user account is inactive"},

		{"mandatory_attribute_missing", "Missing mandatory user attributes"},
		{"invalid_id_token", "Invalid ID token"},
		{"failed_to_exchange_token", "Token exchange failure due to incorrect `client_secret`"},
		{"user_info_retrieve_failed", "User info retrieval failed, possibly due to an incorrect `client_secret` or other issues"},
		{"invalid_saml_metadata", "Incorrect SAML metadata configuration"},
		{"invalid_saml_response", "Invalid SAML response"},
		{"invalid_saml_request", "The SAML request is invalid"},
		{"invalid_saml_form_params", "The SAML form parameters are invalid or malformed"},
		{"signature_validation_failed", "Failed signature validation"},
		{"invalid_acs_url", "Invalid ACS URL"},
		{"invalid_assertion_url", "The assertion URL in the SAML request is invalid"},
		{"invalid_status", "Invalid status"},
		{"malformed_saml_response", "Marshalling error"},
		{"assertion_expired", "Expired SAML assertion"},
		{"response_expired", "Expired SAML response"},
		{"authentication_not_completed", "The authentication flow was not completed"},
		{"user_login_required", "User login is required to continue"},
		{"access_denied", "User denied access"},
	}
}

// describe is the description of a documented code, without formatting.
// Unverified: that the live service sends exactly these strings.
func describe(code string) string { return strings.ReplaceAll(formatted(code), "`", "") }

func formatted(code string) string {
	for _, row := range documented() {
		if row[0] == code {
			return row[1]
		}
	}
	return ""
}

// loginError and target are how a sign-in at an environment ends badly.
type (
	loginError = refusal.Error
	target     = refusal.Target
)

// refuse makes a loginError with the description of the table.
func refuse(code, format string, args ...any) *loginError {
	return &loginError{Code: code, Description: describe(code), Sentence: fmt.Sprintf(format, args...)}
}

// presentLogin shows an error of the environment's own endpoints.
func (e *environment) presentLogin(w http.ResponseWriter, r *http.Request, err error) {
	failure := refusal.As(err)
	if e.quirk("scalekit-formatted-descriptions") && failure.Description == describe(failure.Code) {
		failure.Description = formatted(failure.Code)
	}
	if failure.To == nil && e.quirk("scalekit-plain-errors") {
		trace.Fail(r.Context(), failure.Sentence)
		http.Error(w, failure.Description, failure.Status())
		return
	}
	page := look.Page{Party: "scalekit", Title: "Sign-in stopped · Scalekit mock", Strip: e.strip()}
	e.refusals.Present(w, r, page, failure)
}

// presentOAuth shows an error as the JSON of RFC 6749 §5.2.
func presentOAuth(w http.ResponseWriter, r *http.Request, err error) {
	e := oauth2.AsError(err)
	stopped(r.Context(), "The "+r.URL.Path+" endpoint refused: "+e.Error()+".")
	if e.Status == http.StatusUnauthorized && r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="OAuth"`) // RFC 6749 §5.2
	}
	web.NoStore(w)
	writeOAuth(w, e.HTTPStatus(), string(e.Code), e.Description)
}

// stopped marks the sign-in as failed, unless it was completed before: a code that is sent again undoes nothing.
func stopped(ctx context.Context, sentence string) {
	completed := false
	trace.Annotate(ctx, func(s *trace.SignIn) { completed = s.Outcome == trace.Completed })
	if completed {
		trace.Note(ctx, sentence)
		return
	}
	trace.Fail(ctx, sentence)
}

// presentBearer shows an error of userinfo.
// Unverified: plain text without WWW-Authenticate, as zitadel/oidc does.
func presentBearer(w http.ResponseWriter, r *http.Request, err error) {
	e := oauth2.AsError(err)
	stopped(r.Context(), "userinfo refused: "+e.Error()+". Send the access token of this sign-in, within its 15 minutes, as Authorization: Bearer.")
	http.Error(w, e.Description, e.HTTPStatus())
}

func writeOAuth(w http.ResponseWriter, status int, code, description string) {
	body := struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description}
	_ = web.JSON(w, status, "application/json", body) // two strings always encode
}
