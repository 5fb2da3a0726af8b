//go:build !race

package ssolab_test

// atOnce is how many sign-ins are in flight at once.
const atOnce = 1000
