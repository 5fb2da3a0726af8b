package ssolab

import "time"

// SetLimits makes a lab's clients hurry, for tests: how long a header, a whole request and an answer may take.
func (c *Config) SetLimits(header, request, answer time.Duration) {
	c.limits = limits{header: header, request: request, answer: answer}
}
