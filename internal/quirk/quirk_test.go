package quirk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/quirk"
)

func set() *quirk.Set {
	return quirk.NewSet(
		[]quirk.Quirk{{ID: "nonce", Party: "cognito", Default: true}},
		[]quirk.Quirk{{ID: "scopes", Party: "scalekit", Default: true}, {ID: "random", Party: "idp"}},
	)
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	s := set()
	require.True(t, s.On("nonce"))
	require.False(t, s.On("random"))
	require.NoError(t, s.Switch("nonce", false))
	require.NoError(t, s.Switch("random", true))
	require.False(t, s.On("nonce"))
	require.True(t, s.On("random"))
	var got []string
	for _, q := range s.List() {
		got = append(got, q.ID)
		require.Equal(t, s.On(q.ID), q.On)
	}
	require.Equal(t, []string{"nonce", "scopes", "random"}, got, "in the order given")
	s.Reset()
	require.True(t, s.On("nonce"))
	require.False(t, s.On("random"))
}

func TestUnknownQuirks(t *testing.T) {
	t.Parallel()
	s := set()
	require.EqualError(t, s.Switch("nonsense", true), `unknown quirk "nonsense"; known: nonce, random, scopes`)
	require.Panics(t, func() { s.On("nonsense") })
	require.Panics(t, func() { quirk.NewSet([]quirk.Quirk{{ID: "a"}}, []quirk.Quirk{{ID: "a"}}) })
}
