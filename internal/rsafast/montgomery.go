package rsafast

import (
	"math/big"
	"math/bits"
)

// nat is a number below 2^256, least significant word first.
type nat [4]uint64

// natOf returns b, which must be below 2^256.
func natOf(b *big.Int) (n nat) {
	var bytes [32]byte
	return natOfBytes(b.FillBytes(bytes[:]))
}

// natOfBytes reads 32 bytes, big-endian.
func natOfBytes(b []byte) (n nat) {
	for i := range n {
		for _, x := range b[24-8*i : 32-8*i] {
			n[i] = n[i]<<8 | uint64(x)
		}
	}
	return n
}

// modulus is an odd number of 256 bits, its highest bit set, to compute with in Montgomery's form: x stands for x·R⁻¹,
// with R = 2^256 (P. Montgomery, Modular multiplication without trial division, 1985).
type modulus struct {
	m   nat
	inv uint64 // -m⁻¹ mod 2^64
	one nat    // R mod m
	rr  nat    // R² mod m: multiplying by it leads into Montgomery's form
}

func newModulus(m *big.Int) *modulus {
	f := &modulus{m: natOf(m)}
	inv := f.m[0] // right for 3 bits; each step doubles them
	for range 5 {
		inv *= 2 - f.m[0]*inv
	}
	f.inv = -inv
	for i := range f.m { // R - m, which is below m
		f.one[i] = ^f.m[i]
	}
	f.one[0]++ // m is odd, so nothing is carried
	f.rr = f.one
	for range 256 {
		f.add(&f.rr, &f.rr, &f.rr)
	}
	return f
}

// subtract sets z to t - m or t, whichever is the smallest that is not negative; carry is the word above t. What comes
// out is below m if t is below 2·m.
func (f *modulus) subtract(z *nat, t0, t1, t2, t3, carry uint64) {
	s0, b := bits.Sub64(t0, f.m[0], 0)
	s1, b := bits.Sub64(t1, f.m[1], b)
	s2, b := bits.Sub64(t2, f.m[2], b)
	s3, b := bits.Sub64(t3, f.m[3], b)
	if carry == 0 && b == 1 {
		z[0], z[1], z[2], z[3] = t0, t1, t2, t3
		return
	}
	z[0], z[1], z[2], z[3] = s0, s1, s2, s3
}

// add sets z to x + y mod m, for x and y below m.
func (f *modulus) add(z, x, y *nat) {
	t0, c := bits.Add64(x[0], y[0], 0)
	t1, c := bits.Add64(x[1], y[1], c)
	t2, c := bits.Add64(x[2], y[2], c)
	t3, c := bits.Add64(x[3], y[3], c)
	f.subtract(z, t0, t1, t2, t3, c)
}

// mul sets z to x·y·R⁻¹ mod m, for any x and y of which one is below m.
func (f *modulus) mul(z, x, y *nat) {
	var t0, t1, t2, t3, t4, t5 uint64 // t5 is a carry of one bit
	y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
	m0, m1, m2, m3 := f.m[0], f.m[1], f.m[2], f.m[3]
	for _, word := range x {
		// t += word·y. Low and high halves apart: each is one chain of carries, which is the fastest that Go compiles to.
		h0, l0 := bits.Mul64(word, y0)
		h1, l1 := bits.Mul64(word, y1)
		h2, l2 := bits.Mul64(word, y2)
		h3, l3 := bits.Mul64(word, y3)
		var c uint64
		t0, c = bits.Add64(t0, l0, 0)
		t1, c = bits.Add64(t1, l1, c)
		t2, c = bits.Add64(t2, l2, c)
		t3, c = bits.Add64(t3, l3, c)
		t4, t5 = bits.Add64(t4, 0, c)
		t1, c = bits.Add64(t1, h0, 0)
		t2, c = bits.Add64(t2, h1, c)
		t3, c = bits.Add64(t3, h2, c)
		t4, c = bits.Add64(t4, h3, c)
		t5 += c
		// t = (t + q·m) / 2^64, where q makes the lowest word zero.
		q := t0 * f.inv
		h0, l0 = bits.Mul64(q, m0)
		h1, l1 = bits.Mul64(q, m1)
		h2, l2 = bits.Mul64(q, m2)
		h3, l3 = bits.Mul64(q, m3)
		_, c = bits.Add64(t0, l0, 0)
		t0, c = bits.Add64(t1, l1, c)
		t1, c = bits.Add64(t2, l2, c)
		t2, c = bits.Add64(t3, l3, c)
		t3, c = bits.Add64(t4, 0, c)
		t4 = t5 + c
		t0, c = bits.Add64(t0, h0, 0)
		t1, c = bits.Add64(t1, h1, c)
		t2, c = bits.Add64(t2, h2, c)
		t3, c = bits.Add64(t3, h3, c)
		t4 += c
	}
	f.subtract(z, t0, t1, t2, t3, t4)
}

// square sets z to x²·R⁻¹ mod m, for x below m: as mul does, with ten products of words instead of sixteen.
func (f *modulus) square(z, x *nat) {
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	var c uint64
	t2, t1 := bits.Mul64(x0, x1)
	h02, l02 := bits.Mul64(x0, x2)
	h03, l03 := bits.Mul64(x0, x3)
	h12, l12 := bits.Mul64(x1, x2)
	h13, l13 := bits.Mul64(x1, x3)
	h23, l23 := bits.Mul64(x2, x3)
	t2, c = bits.Add64(t2, l02, 0)
	t3, c := bits.Add64(h02, l03, c)
	t4, c := bits.Add64(h03, l13, c)
	t5, c := bits.Add64(h13, l23, c)
	t6 := h23 + c
	t3, c = bits.Add64(t3, l12, 0)
	t4, c = bits.Add64(t4, h12, c)
	t5, c = bits.Add64(t5, 0, c)
	t6 += c
	t1, c = bits.Add64(t1, t1, 0)
	t2, c = bits.Add64(t2, t2, c)
	t3, c = bits.Add64(t3, t3, c)
	t4, c = bits.Add64(t4, t4, c)
	t5, c = bits.Add64(t5, t5, c)
	t6, t7 := bits.Add64(t6, t6, c)
	h0, t0 := bits.Mul64(x0, x0)
	h1, l1 := bits.Mul64(x1, x1)
	h2, l2 := bits.Mul64(x2, x2)
	h3, l3 := bits.Mul64(x3, x3)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, l1, c)
	t3, c = bits.Add64(t3, h1, c)
	t4, c = bits.Add64(t4, l2, c)
	t5, c = bits.Add64(t5, h2, c)
	t6, c = bits.Add64(t6, l3, c)
	t7 += h3 + c
	m0, m1, m2, m3 := f.m[0], f.m[1], f.m[2], f.m[3]
	for range 4 { // as in mul; four words are enough, as t + q·m is below 2^320
		q := t0 * f.inv
		h0, l0 := bits.Mul64(q, m0)
		h1, l1 := bits.Mul64(q, m1)
		h2, l2 := bits.Mul64(q, m2)
		h3, l3 := bits.Mul64(q, m3)
		_, c = bits.Add64(t0, l0, 0)
		t0, c = bits.Add64(t1, l1, c)
		t1, c = bits.Add64(t2, l2, c)
		t2, t3 = bits.Add64(t3, l3, c)
		t0, c = bits.Add64(t0, h0, 0)
		t1, c = bits.Add64(t1, h1, c)
		t2, c = bits.Add64(t2, h2, c)
		t3 += h3 + c
	}
	t0, c = bits.Add64(t0, t4, 0)
	t1, c = bits.Add64(t1, t5, c)
	t2, c = bits.Add64(t2, t6, c)
	t3, c = bits.Add64(t3, t7, c)
	f.subtract(z, t0, t1, t2, t3, c)
}

// window is how many bits of an exponent one multiplication takes, at most.
const window = 5

// step is a part of an exponent: so many squarings, and then a multiplication by an odd power, unless power is 0.
type step struct {
	squarings, power uint8
}

// exponent is a number written as sliding windows, highest first.
type exponent []step

func newExponent(e *big.Int) exponent {
	var out exponent
	pending := 0
	for i := e.BitLen() - 1; i >= 0; {
		if e.Bit(i) == 0 {
			pending, i = pending+1, i-1
			continue
		}
		low := max(0, i-window+1)
		for e.Bit(low) == 0 {
			low++
		}
		power := uint8(0)
		for k := i; k >= low; k-- {
			power = power<<1 | uint8(e.Bit(k))
		}
		out = append(out, step{uint8(pending + i - low + 1), power})
		pending, i = 0, low-1
	}
	if pending > 0 {
		out = append(out, step{squarings: uint8(pending)})
	}
	return out
}

// exp sets z to x to the power e, both in Montgomery's form.
func (f *modulus) exp(z, x *nat, e exponent) {
	var odd [1 << (window - 1)]nat // x, x³, x⁵, …
	var square nat
	f.square(&square, x)
	odd[0] = *x
	for i := range len(odd) - 1 {
		f.mul(&odd[i+1], &odd[i], &square)
	}
	acc, first := f.one, true
	for _, s := range e {
		if first { // one needs no squaring
			acc, first = odd[s.power>>1], false
			continue
		}
		for range s.squarings {
			f.square(&acc, &acc)
		}
		if s.power != 0 {
			f.mul(&acc, &acc, &odd[s.power>>1])
		}
	}
	*z = acc
}
