// Package tenant examines the configuration of a user pool, and of the Scalekit environment behind it, for what breaks
// sign-ins. Nothing is changed, and nobody signs in.
//
//	describe-*.json ─► ReadDir, AddFile ─┐
//	AWS API ─► live.Read ────────────────┼─► Model ─► Examine ─► Report ─► text, JSON, conformance.Report
//	target file (what the app uses,      │
//	what is known of Scalekit) ──────────┤
//	Scalekit, without signing in ─► Probe┘
//
// Each finding has both values side by side, what a person who signs in sees, and the fix as a console path, an AWS CLI
// command and a Terraform attribute. Commands carry all settings that the API would reset otherwise, and no secret.
// What the input does not tell is a skip with its reason, never a pass.
//
// Not looked at: the code of Lambda triggers, branding of managed login, resource servers, users and groups, and
// identity providers that are not described. Member names are those of the service model,
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/.
package tenant
