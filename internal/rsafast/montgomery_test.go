package rsafast

import (
	"crypto/rand"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func (n nat) big() *big.Int {
	out := new(big.Int)
	for i := len(n) - 1; i >= 0; i-- {
		out.Or(out.Lsh(out, 64), new(big.Int).SetUint64(n[i]))
	}
	return out
}

// moduli are those where a carry is likeliest to go wrong, and random ones; not all are primes.
func moduli(tb testing.TB) []*big.Int {
	tb.Helper()
	var out []*big.Int
	full := new(big.Int).Lsh(one, 256)
	for _, less := range []int64{1, 3, 189} { // 2^256 - 189 is the largest prime
		out = append(out, new(big.Int).Sub(full, big.NewInt(less)))
	}
	half := new(big.Int).Lsh(one, 255)
	out = append(out, new(big.Int).Add(half, one), new(big.Int).Add(half, big.NewInt(95)))
	for _, bit := range []uint{64, 128, 192} {
		m := new(big.Int).Add(half, new(big.Int).Lsh(one, bit))
		out = append(out, m.Add(m, one), new(big.Int).Add(new(big.Int).Sub(full, new(big.Int).Lsh(one, bit)), one))
	}
	for range 20 {
		p, err := rand.Prime(rand.Reader, 256)
		require.NoError(tb, err)
		out = append(out, p)
	}
	return out
}

func TestMontgomery(t *testing.T) {
	t.Parallel()
	r := new(big.Int).Lsh(one, 256)
	for _, m := range moduli(t) {
		f := newModulus(m)
		inverse := new(big.Int).ModInverse(r, m)
		require.Equal(t, new(big.Int).Mod(r, m), f.one.big())
		require.Equal(t, new(big.Int).Mod(new(big.Int).Mul(r, r), m), f.rr.big())
		values := []*big.Int{big.NewInt(0), one, big.NewInt(2), new(big.Int).Rsh(m, 1), new(big.Int).Sub(m, one), new(big.Int).Sub(m, big.NewInt(2))}
		for range 20 {
			v, err := rand.Int(rand.Reader, m)
			require.NoError(t, err)
			values = append(values, v)
		}
		product := func(x, y *big.Int) *big.Int {
			z := new(big.Int).Mul(x, y)
			return z.Mod(z.Mul(z, inverse), m)
		}
		var z nat
		for _, a := range values {
			x := natOf(a)
			require.Equal(t, a, x.big())
			f.square(&z, &x)
			require.Zero(t, product(a, a).Cmp(z.big()), "%x² mod %x", a, m)
			for _, b := range values {
				y := natOf(b)
				f.add(&z, &x, &y)
				require.Zero(t, new(big.Int).Mod(new(big.Int).Add(a, b), m).Cmp(z.big()), "%x + %x mod %x", a, b, m)
				f.mul(&z, &x, &y)
				require.Zero(t, product(a, b).Cmp(z.big()), "%x · %x mod %x", a, b, m)
			}
			largest := nat{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} // one factor may be above the modulus
			f.mul(&z, &largest, &x)
			require.Zero(t, product(largest.big(), a).Cmp(z.big()), "(2^256 - 1) · %x mod %x", a, m)
		}
	}
}

func TestExponents(t *testing.T) {
	t.Parallel()
	m := moduli(t)[len(moduli(t))-1]
	f := newModulus(m)
	exponents := []*big.Int{big.NewInt(0), one, big.NewInt(2), big.NewInt(3), big.NewInt(31), big.NewInt(32), big.NewInt(33), big.NewInt(65537), new(big.Int).Lsh(one, 255), new(big.Int).Sub(m, one)}
	for range 50 {
		e, err := rand.Int(rand.Reader, m)
		require.NoError(t, err)
		exponents = append(exponents, e)
	}
	for _, e := range exponents {
		base, err := rand.Int(rand.Reader, m)
		require.NoError(t, err)
		x := natOf(base)
		f.mul(&x, &x, &f.rr)
		f.exp(&x, &x, newExponent(e))
		f.mul(&x, &x, &nat{1})
		require.Zero(t, new(big.Int).Exp(base, e, m).Cmp(x.big()), "%x to the power %x mod %x", base, e, m)
	}
}

func TestSmallFactors(t *testing.T) {
	t.Parallel()
	product := big.NewInt(1)
	for _, p := range smallPrimes {
		product.Mul(product, new(big.Int).SetUint64(p))
	}
	want := big.NewInt(1)
	for p := int64(3); p < 400; p += 2 {
		prime := big.NewInt(p)
		if !prime.ProbablyPrime(8) {
			continue
		}
		want.Mul(want, prime)
		multiple := new(big.Int).Mul(prime, new(big.Int).Sub(new(big.Int).Lsh(one, 240), big.NewInt(467))) // a prime
		require.True(t, hasSmallFactor(natOf(multiple)), p)
	}
	require.Equal(t, want, product, "every odd prime below 400, once")
	require.False(t, hasSmallFactor(natOf(moduli(t)[2])))
}

// FuzzMontgomery compares with math/big.
func FuzzMontgomery(f *testing.F) {
	f.Add([]byte{1}, []byte{2}, []byte{3})
	for _, m := range moduli(f) {
		f.Add(m.Bytes(), new(big.Int).Sub(m, one).Bytes(), new(big.Int).Sub(m, big.NewInt(2)).Bytes())
	}
	f.Fuzz(func(t *testing.T, m, a, b []byte) {
		number := func(bytes []byte) *big.Int { return new(big.Int).SetBytes(bytes[:min(32, len(bytes))]) }
		modulus := number(m)
		modulus.SetBit(modulus.SetBit(modulus, 0, 1), 255, 1)
		x, y := new(big.Int).Mod(number(a), modulus), new(big.Int).Mod(number(b), modulus)
		inverse := new(big.Int).ModInverse(new(big.Int).Lsh(one, 256), modulus)
		fast := newModulus(modulus)
		fx, fy := natOf(x), natOf(y)
		var product, square, power nat
		fast.mul(&product, &fx, &fy)
		fast.square(&square, &fx)
		fast.mul(&power, &fx, &fast.rr)
		fast.exp(&power, &power, newExponent(y))
		fast.mul(&power, &power, &nat{1})
		want := func(z *big.Int) *big.Int { return z.Mod(z.Mul(z, inverse), modulus) }
		require.Zero(t, want(new(big.Int).Mul(x, y)).Cmp(product.big()), "product")
		require.Zero(t, want(new(big.Int).Mul(x, x)).Cmp(square.big()), "square")
		require.Zero(t, new(big.Int).Exp(x, y, modulus).Cmp(power.big()), "power")
	})
}
