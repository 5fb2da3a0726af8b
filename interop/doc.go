// Package interop shows that programs which know nothing of ssolab sign in through it unchanged.
//
//	Go      coreos/go-oidc + x/oauth2, and a relying party that checks all that the standard lets it check, in this
//	        package's tests
//	Go      aws-sdk-go-v2, which makes a set-up from nothing, administers it and deletes it; and the calls that Terraform
//	        makes for a configuration, whose second plan is empty: in this package's tests
//	shell   Debian's AWS CLI, and every command of docs/guide.md from an empty lab to a sign-in, in the tests with the tag
//	        awscli, run by `make interop`
//	Go      a Lambda function written with aws-lambda-go, served by the vendor's runtime interface emulator, as every
//	        trigger of a pool: a module of its own in lambda/, run by `make interop-lambda`
//	Node    openid-client 5 with the parameters of the integration guide, in node/, run by `make interop`
//	Node    openid-client 6 on Scalekit without Cognito, with oidc-provider and samlp as identity providers behind it, and
//	        node-saml in Scalekit's place before the lab's identity providers; in node/, run by `make interop`
//	Node    an app with the vendor's issuer in its code; openid-client 5 and 6, oauth4webapi, Auth.js, oidc-client-ts,
//	        passport-openidconnect, simple-oauth2 and aws-jwt-verify as they are installed, under the vendors' names on
//	        port 443, in node/, run by `make interop-vendor`
//
// The module in issuers/ turns it round: the tester looks at OpenID providers that share no code with the lab.
//
// Programs on a lab are given the variables that `ssolab env` prints and nothing else. HTML pages are served by submitting
// their first form with its default values, as the lab's contract promises.
package interop
