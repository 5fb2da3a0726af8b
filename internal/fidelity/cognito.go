package fidelity

import "slices"

// cognito is what is known of Amazon Cognito user pools. The numbers of the sections are the ledger's own.
func cognito() Ledger {
	return Ledger{Service: "Amazon Cognito", Sections: slices.Concat(
		cognitoIssuer(), cognitoAuthorize(), cognitoUpstream(), cognitoUser(), cognitoTokenEndpoint(), cognitoTokens(),
		cognitoEndpoints(), cognitoIdentifiers(), cognitoTriggers(), cognitoQuotas(), cognitoWays(), cognitoAPI(), cognitoPages(),
	)}
}

// Sources that many entries have.
const (
	gAuthorize  = "guide, authorization endpoint"
	gToken      = "guide, token endpoint"
	gUserInfo   = "guide, userInfo endpoint"
	gRevoke     = "guide, revocation endpoint"
	gLogout     = "guide, logout endpoint"
	gLogin      = "guide, login endpoint"
	gManaged    = "guide, managed login"
	gOIDC       = "guide, OIDC identity providers"
	gFlow       = "guide, OIDC user pool flow"
	gErrors     = "guide, identity provider responses"
	gMapping    = "guide, attribute mappings"
	gLinking    = "guide, linking federated users"
	gCase       = "guide, user pool case sensitivity"
	gIDToken    = "guide, ID token"
	gAccess     = "guide, access token"
	gRefresh    = "guide, refresh token"
	gVerify     = "guide, verifying JSON web tokens"
	gTriggers   = "guide, Lambda triggers"
	gQuotas     = "guide, quotas"
	gFederation = "guide, signing in with third-party providers"
	gNaming     = "guide, SAML provider names and identifiers"
	model       = "model"
	dump        = "published sign-ins with their tokens"
)

// Why something is not modelled.
const (
	noSAML   = "SAML is not modelled"
	noSocial = "social providers are not modelled"
	noLimits = "rate limits are not modelled"
)

// tests keeps the tables of entries narrow.
func tests(names ...string) []string { return names }
