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

func TestStrictOIDC(t *testing.T) {
	t.Parallel()
	s := quirk.NewSet([]quirk.Quirk{{ID: "nonce", Default: true, Breaks: "Core 3"}, {ID: "lab", Default: true}, {ID: "odd", Breaks: "Core 4"}})
	require.False(t, s.On(quirk.StrictOIDC))
	require.NoError(t, s.Switch(quirk.StrictOIDC, true))
	require.True(t, s.On(quirk.StrictOIDC))
	require.False(t, s.On("nonce"))
	require.True(t, s.On("lab"), "what departs from no standard stays")
	require.NoError(t, s.Switch("odd", true))
	require.False(t, s.On(quirk.StrictOIDC), "not any more")
	require.NoError(t, s.Switch(quirk.StrictOIDC, false))
	require.True(t, s.On("nonce"))
	require.False(t, s.On("odd"), "at its default")
	require.NoError(t, s.Apply(map[string]bool{"nonce": true, "lab": false, quirk.StrictOIDC: true}))
	require.True(t, s.On("nonce"), "single ones come after the preset")
	require.False(t, s.On("lab"))
	require.Error(t, s.Apply(map[string]bool{"nobody": true}))
	s.Reset()
	require.True(t, s.On("nonce"))
	list := s.List()
	require.Equal(t, quirk.StrictOIDC, list[len(list)-1].ID)
	require.Contains(t, list[len(list)-1].Description, "nonce, odd")
}

func TestUnknownQuirks(t *testing.T) {
	t.Parallel()
	s := set()
	require.EqualError(t, s.Switch("nonsense", true), `unknown quirk "nonsense"; known: nonce, random, scopes`)
	require.Panics(t, func() { s.On("nonsense") })
	require.Panics(t, func() { quirk.NewSet([]quirk.Quirk{{ID: "a"}}, []quirk.Quirk{{ID: "a"}}) })
}
