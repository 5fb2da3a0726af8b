package interop_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ssolab/ssolab"
)

// Eight labs in one process with four sign-ins at once in each: no clash, each person their own claims, and nothing
// left when they are closed. It does not run beside other tests, since it counts goroutines.
func TestManyLabsInOneProcess(t *testing.T) {
	const labs, people = 8, 4
	before := goleak.IgnoreCurrent()
	running := make([]*ssolab.Lab, labs)
	for i := range running {
		lab, err := ssolab.New(ssolab.Config{})
		require.NoError(t, err)
		require.NoError(t, lab.Start(t.Context()))
		running[i] = lab
	}
	errs := make([]error, labs*people)
	subjects := make([]string, labs*people)
	var group sync.WaitGroup
	for i := range labs {
		for j := range people {
			group.Go(func() {
				n := i*people + j
				subjects[n], errs[n] = signInTo(t.Context(), running[i], fmt.Sprintf("person%d@example.com", j))
			})
		}
	}
	group.Wait()
	for _, lab := range running {
		errs = append(errs, lab.Close())
	}
	require.NoError(t, errors.Join(errs...))
	different := map[string]bool{}
	for n, subject := range subjects {
		different[subject] = true
		require.Equal(t, subjects[n%people], subject, "a person has the same sub in every lab")
	}
	require.Len(t, different, people)
	goleak.VerifyNone(t, before)
}

func signInTo(ctx context.Context, lab *ssolab.Lab, email string) (string, error) {
	p, transport, err := newProgram(ctx, variables(lab), false)
	defer transport.CloseIdleConnections()
	if err != nil {
		return "", err
	}
	got, err := p.signIn(newBrowser(transport), email, oidc.Nonce("nonce of "+email))
	switch {
	case err != nil:
		return "", err
	case got.userInfo["email"] != email || got.idToken.Nonce != "nonce of "+email:
		return "", fmt.Errorf("%s was given the claims of %v", email, got.userInfo["email"])
	}
	return got.idToken.Subject, nil
}
