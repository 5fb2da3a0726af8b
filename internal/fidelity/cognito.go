package fidelity

// cognito is what is known of Amazon Cognito user pools.
func cognito() Ledger {
	return Ledger{Service: "Amazon Cognito", Sections: []Section{
		{ID: "COG-1.1", Title: "Hosts", Entries: []Entry{
			{"COG-1.1-01", Yes, Documented, "The issuer is https://cognito-idp.<region>.amazonaws.com/<pool id>, without a slash at its end", "guide, verifying a JSON web token", "", tests(".:TestVendorNames")},
		}},
	}}
}

// tests keeps the tables of entries narrow.
func tests(names ...string) []string { return names }
