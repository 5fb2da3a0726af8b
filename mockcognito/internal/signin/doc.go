// Package signin signs the users of a pool's own directory in: the rules and states behind the user pools API's
// authentication and behind the login pages, without either's wire format.
//
//	              Initiate (flow, parameters)              Respond (challenge, session, responses)
//	                     │                                        │
//	USER_PASSWORD_AUTH ──┤ PreAuthentication, password            │ takes the session: it is used once
//	USER_SRP_AUTH ───────┼────────► PASSWORD_VERIFIER ───────────►┤
//	USER_AUTH ───────────┼────────► SELECT_CHALLENGE, EMAIL_OTP … ┤
//	CUSTOM_AUTH ─────────┴────────► CUSTOM_CHALLENGE … ───────────┤
//	                                                              ▼
//	first factor proven ─► NEW_PASSWORD_REQUIRED? ─► MFA_SETUP, SELECT_MFA_TYPE, SMS_MFA, EMAIL_OTP,
//	                       (FORCE_CHANGE_PASSWORD)   SOFTWARE_TOKEN_MFA? ─► PostAuthentication ─► Step.User
//
// A Step either has the user, who is signed in, or a challenge with the session to answer it by. Tokens are not made here:
// whoever asked makes them, or an authorization code, or a cookie.
//
// A session is a record that is taken when it is answered, so that it serves once; a wrong code puts it back, as clients
// ask again with the same session. It lives as long as the app client says (AuthSessionValidity, 3–15 minutes).
// PASSWORD_VERIFIER of USER_SRP_AUTH has no session: its secret block is what leads to the record.
//
// Around it: sign-up and its confirmation, forgotten passwords, verification of attributes, second factors. Codes are kept
// with the user they were sent to; messages go to the Outbox. A pool's Lambda functions are run through Triggers.
//
// An app client with PreventUserExistenceErrors gets, for a name that nobody has, what it would get for somebody's with a
// wrong password: the same errors, a simulated challenge or delivery that is the same each time, and about the same work.
//
// Not here: remembered devices, passkeys, threat protection, verification by link.
//
// Sources: Amazon Cognito developer guide (authentication flows, user existence errors, MFA, attempt limits, Lambda
// triggers), user pools API reference; texts are those that clients have published. What is marked Unverified is plausible
// and was not observed.
package signin
