package ssolab

import "github.com/ssolab/ssolab/internal/trace"

// SignIn is a recorded sign-in with its hops: secrets, codes and cookies are masked, tokens are decoded.
type SignIn = trace.View

// SignIns are the recorded sign-ins, newest first.
func (l *Lab) SignIns() []SignIn {
	recorded := l.kit.Trace.SignIns()
	out := make([]SignIn, len(recorded))
	for i, s := range recorded {
		out[i] = s.View()
	}
	return out
}
