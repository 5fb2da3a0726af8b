package matrix_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/matrix"
)

const file = `code.reusable
  fail   TOKEN-004
  warn   TOKEN-005
  skip   TOKEN-006, DISC-001 scalekit
route.delay @cognito.token delay=10ms
  none   a slow answer is an answer
route.status @scalekit.token a=1 status=500
  error  FED-014
`

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	m, err := matrix.Parse([]byte(file))
	require.NoError(t, err)
	require.Len(t, m, 3)
	require.Equal(t, []string{"TOKEN-004", "TOKEN-005"}, m[0].Red())
	require.Equal(t, []string{"TOKEN-006", "DISC-001 scalekit"}, m[0].Outcome[matrix.Skip])
	require.Equal(t, matrix.Fault{ID: "route.status", At: "scalekit.token", Params: map[string]string{"a": "1", "status": "500"}}, m[2].Fault)
	require.Equal(t, file, string(matrix.Matrix{m[2], m[0], m[1]}.Format()), "sorted")
	row, ok := m.Of(matrix.Fault{ID: "route.delay", At: "cognito.token", Params: map[string]string{"delay": "10ms"}})
	require.True(t, ok)
	require.Equal(t, "a slow answer is an answer", row.Reason)
	_, ok = m.Of(matrix.Fault{ID: "route.delay"})
	require.False(t, ok)
}

func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"  fail   X-001\n":        "before any fault",
		"a.b\n  red    X-001\n":   "no outcome",
		"a.b what\n":              "neither @point nor name=value",
		"a.b\n\n":                 "names no fault",
		"a.b @point @other n=1\n": "neither @point nor name=value",
	} {
		_, err := matrix.Parse([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}
