//go:build !race

package mockcognito_test

// killRounds is how often a service is killed.
const killRounds = 100
