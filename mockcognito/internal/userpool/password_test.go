package userpool_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// The vendor's browser library (amazon-cognito-identity-js 6.3.16, generateHashDevice of group SsoLab001 and name jane)
// made these: salt, password, SHA-256 of the verifier as it pads it. One salt begins with a bit that is set.
func TestSRPVerifierIsTheVendorsClients(t *testing.T) {
	t.Parallel()
	for salt, vector := range map[string][2]string{
		"3f9a3a0090afaa8df4e97af4898ceb1b": {"PtJoiL2pshloC5kI9GiiB880BlQZnhoHiIotNwU4WZKNYoGetty/hA==", "bf8fcd184854420f8704faa45fbfe3230c9629b72dcf58e4171fa0621cfef823"},
		"b80bb5ee90764c546b3d6a7abf986fc3": {"UopPNhykdkMeoRR+WXbX28c0aJ4tisJPMIy5X8FpJLIITCT3dSXoZw==", "ccc61e64c118a981f03bc3b7d61a4dbe03deff746f7790748778d75f57c5cb72"},
	} {
		raw, err := hex.DecodeString(salt)
		require.NoError(t, err)
		p, err := userpool.NewPassword(raw, "us-east-1_SsoLab001", "jane", vector[0], userpool.PasswordPolicy{}, nil, time.Time{})
		require.NoError(t, err)
		require.Len(t, p.Verifier, 384)
		sum := sha256.Sum256(userpool.PadSRP(new(big.Int).SetBytes(p.Verifier)))
		require.Equal(t, vector[1], hex.EncodeToString(sum[:]))
	}
}

func TestPasswordIsNotKept(t *testing.T) {
	t.Parallel()
	const clear = "Passw0rd!Passw0rd!"
	policy := userpool.PasswordPolicy{HistorySize: 2}
	set := func(clear string, old *userpool.Password, salt byte) *userpool.Password {
		p, err := userpool.NewPassword([]byte{salt, 2, 3}, poolID, "jane", clear, policy, old, time.Unix(1, 0))
		require.NoError(t, err)
		return p
	}
	p := set(clear, nil, 1)
	require.True(t, p.Matches(clear))
	require.False(t, p.Matches(clear+" "))
	require.False(t, p.Matches(""))
	require.False(t, (*userpool.Password)(nil).Matches(""), "who has no password cannot sign in with one")
	b, err := json.Marshal(p)
	require.NoError(t, err)
	require.NotContains(t, string(b), clear)

	second := set("second", p, 2)
	third := set("third", second, 3)
	fourth := set("fourth", third, 4)
	require.True(t, fourth.Used("fourth", policy))
	require.True(t, fourth.Used("third", policy))
	require.True(t, fourth.Used("second", policy))
	require.False(t, fourth.Used(clear, policy), "two are remembered")
	require.False(t, fourth.Used("third", userpool.PasswordPolicy{}))
}

func TestPasswordPolicy(t *testing.T) {
	t.Parallel()
	policy := userpool.DefaultPasswordPolicy()
	for password, want := range map[string]string{
		"Passw0rd!": "", "Pässw0rd€": "", "Aa1 aaaaa": "",
		"Aa1!": "Password not long enough", "Password!": "Password must have numeric characters", "Passw0rds": "Password must have symbol characters",
		"passw0rd!": "Password must have uppercase characters", "PASSW0RD!": "Password must have lowercase characters", " Passw0rd!": "Password must not begin or end with a space",
	} {
		err := policy.Check(password)
		if want == "" {
			require.NoError(t, err, password)
		} else {
			require.EqualError(t, err, "InvalidPasswordException: Password did not conform with policy: "+want, password)
		}
	}
	require.NoError(t, userpool.PasswordPolicy{MinimumLength: 6}.Check("aaaaaa"))
}

// A password of a data file that an older program wrote is good.
func TestAPasswordOfAnOlderFile(t *testing.T) {
	t.Parallel()
	salt := []byte("0123456789abcdef")
	hash, err := pbkdf2.Key(sha256.New, "Correct-horse-1", salt, 4096, sha256.Size)
	require.NoError(t, err)
	p := &userpool.Password{Salt: salt, Hash: hash}
	require.True(t, p.Matches("Correct-horse-1"))
	require.False(t, p.Matches("Correct-horse-2"))
}
