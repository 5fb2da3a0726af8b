// Package trigger runs the Lambda triggers of user pools: it makes the events, has them taken to the functions that a pool's
// LambdaConfig names, and reads the answers.
//
//	signin.Event ─► LambdaConfig: which function, which version ─► event as JSON ─► Invoker ─► answer ─► signin.Event
//	                      │ none: not run                                             │           │
//	                                                                                  ▼           ▼
//	          UserLambdaValidationException  "<Trigger> failed with error <message>." (thrown)
//	          UnexpectedLambdaException      "<Trigger> invocation failed due to error <reason>."
//	          InvalidLambdaResponseException "Unrecognizable lambda output"
//
// A function answers the event that it was given, with its response filled in. The service takes nothing else: an answer that
// lacks a member of the event is refused, as is one whose response has a member of another type.
//
// Sources: Amazon Cognito developer guide (the page of each trigger), measured events and errors that people have published,
// the event types of aws-lambda-go. What is marked Unverified is plausible and was not observed.
//
// Not here: CustomSMSSender and CustomEmailSender, whose codes are encrypted with a key of KMS; their functions are not run.
package trigger
