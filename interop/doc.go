// Package interop shows that programs which know nothing of ssolab sign in through it unchanged.
//
//	Go      coreos/go-oidc + x/oauth2, in this package's tests
//	Node    openid-client 5 with the parameters of the integration guide, in node/, run by `make interop`
//
// Both are given the variables that `ssolab env` prints and nothing else. HTML pages are served by submitting their
// first form with its default values, as the lab's contract promises.
package interop
