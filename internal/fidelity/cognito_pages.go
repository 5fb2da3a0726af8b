package fidelity

// cognitoPages are the pages of a domain for a pool's own users.
func cognitoPages() []Section {
	const (
		t          = "mockcognito:Test"
		gEndpoints = "guide, managed login endpoints"
	)
	yes := func(id string, c Confidence, statement, source string, names ...string) Entry {
		return Entry{id, Yes, c, statement, source, "", names}
	}
	return []Section{{ID: "COG-13.1", Title: "pages for a pool's own users", Entries: []Entry{
		yes("COG-13.1-01", Documented, "/signup, /confirm, /resendcode, /forgotPassword and /confirmforgotPassword stand beside /login, with its parameters", gEndpoints, t+"SignUpOnThePages", t+"ResetOnThePages"),
		yes("COG-13.1-02", Documented, "The two looks differ in what is seen, not in paths and functions", gEndpoints, t+"BothLooks"),
		yes("COG-13.1-03", Documented, "A user who signs in on the page lands at the callback with a code; the tokens are those of the domain, with no identities", gLogin, t+"SignInOnTheLoginPage"),
		yes("COG-13.1-04", Documented, "The session is good for an hour, is not extended by use, and serves the same way of signing in", gManaged, t+"SessionOfAnOwnUser"),
		yes("COG-13.1-05", Documented, "prompt=login asks for the password again", gAuthorize, t+"SessionOfAnOwnUser"),
		yes("COG-13.1-06", Documented, "Sign-up asks for the required attributes and sends a code that the next page takes", gManaged, t+"SignUpOnThePages", t+"PagesOfAPoolWhoseNamesAreAddresses"),
		yes("COG-13.1-07", Documented, "A pool whose users are made by administrators offers no sign-up", gManaged, t+"PoolsWithoutSignUp"),
		yes("COG-13.1-08", Documented, "A forgotten password is reset by a code that is sent, and login follows", gManaged, t+"ResetOnThePages"),
		yes("COG-13.1-09", Documented, "A temporary password has to be replaced on the way in, and required attributes be given", gManaged, t+"NewPasswordOnThePages"),
		yes("COG-13.1-10", Documented, "Second factors are asked for, chosen and set up on the way in", gManaged, t+"AuthenticatorOnThePages", t+"CodeByMailOnThePages", t+"ChoiceOfFactorsOnThePages"),
		yes("COG-13.1-11", Observed, "Forms are taken with _csrf, the value of the XSRF-TOKEN cookie, only", "a published form", t+"FormsOfOthers"),
		yes("COG-13.1-12", Documented, "PreventUserExistenceErrors holds on the pages too: a reset for a name that nobody has goes on as if", gManaged, t+"ResetOnThePages"),
		yes("COG-13.1-13", Unknown, "The paths /changePassword and /mfa of what the guide names no path for", "", t+"NewPasswordOnThePages", t+"AuthenticatorOnThePages"),
		yes("COG-13.1-14", Unknown, "Who confirms a sign-up in the browser where the password was proven is signed in at once, others sign in", "", t+"SignUpOnThePages", t+"ConfirmationInAnotherBrowser", t+"SignInBeforeTheConfirmation"),
		yes("COG-13.1-15", Unknown, "A page that nothing is under way for leads to the login page, with “Something went wrong”", "", t+"PagesThatNothingIsUnderWayFor"),
		yes("COG-13.1-16", Unknown, "An app client without COGNITO is led from these pages to the login page, which says that the option is not available", "", t+"PagesOfAClientWithoutOwnUsers"),
		{"COG-13.1-17", No, Documented, "/confirmUser takes the link of a mail, /passkeys/add registers a passkey", gEndpoints, "no links are sent, and passkeys are not modelled", nil},
		{"COG-13.1-18", No, Documented, "With choice-based sign-in the pages offer one-time codes and passkeys as the first factor", gManaged, "the pages ask for a password; the API has one-time codes", nil},
	}}}
}
