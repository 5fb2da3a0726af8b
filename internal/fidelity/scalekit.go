package fidelity

// scalekit is what is known of Scalekit environments.
func scalekit() Ledger {
	return Ledger{Service: "Scalekit"}
}
