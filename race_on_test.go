//go:build race

package ssolab_test

// atOnce is how many sign-ins are in flight at once: the race detector makes each ten times as dear.
const atOnce = 250
