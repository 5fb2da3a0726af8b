//go:build race

package mockcognito_test

// killRounds is how often a service is killed. With the race detector, which slows the start of each process, fewer are enough:
// without it all are done.
const killRounds = 15
