package labfile

import _ "embed" // the starters

//go:embed starter.yaml
var starter string

//go:embed minimal.yaml
var minimal string

// Starter is a lab file that declares the default lab, with every key that it does not need as a comment: a line that
// begins with # and a key is that key, one that begins with # and a space is an explanation.
func Starter() string { return starter }

// Minimal is a lab file of a few lines over the default lab.
func Minimal() string { return minimal }
