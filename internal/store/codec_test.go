package store

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type inner struct {
	Name  string            `json:"n,omitempty"`
	Extra map[string]string `json:"x"`
	Deep  *inner2           `json:"d"`
}

type inner2 struct {
	Flags []bool
	At    time.Time
}

// everything is what records are made of.
type everything struct {
	Text    string `json:"t"`
	Bytes   []byte
	Yes     bool
	Small   int8
	Int     int
	Big     int64
	Word    uint64
	Half    uint16
	Real    float64
	At      time.Time
	Zoned   time.Time `json:"z,omitzero"`
	List    []string
	Lists   [][]string
	Structs []inner
	Times   []time.Time
	Map     map[string]string
	Maps    map[string][]int
	Inner   inner
	Pointer *inner
	Text2   *string
	Points  []*inner
	secret  string
	Left    string `json:"-"`
}

func full() everything {
	text := ""
	return everything{
		Text: "é\x00\"", Bytes: []byte{0, 1, 255}, Yes: true, Small: -128, Int: 7, Big: math.MinInt64, Word: math.MaxUint64, Half: 65535, Real: -1.5e300,
		At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Zoned: time.Date(1969, 1, 2, 3, 4, 5, 6, time.FixedZone("", 5400)),
		List: []string{"", strings.Repeat("long", 100)}, Lists: [][]string{nil, {}, {"a"}}, Structs: []inner{{}, {Name: "n", Extra: map[string]string{"": ""}}},
		Times: []time.Time{{}, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, Map: map[string]string{"a": "1", "b": ""}, Maps: map[string][]int{"x": {-1, 300}, "nil": nil},
		Inner: inner{Deep: &inner2{Flags: []bool{true, false}}}, Pointer: &inner{}, Text2: &text, Points: []*inner{nil, {}, {Name: "p"}},
		secret: "stays", Left: "stays",
	}
}

func TestCompactValuesComeBack(t *testing.T) {
	t.Parallel()
	c := codecOf(reflect.TypeFor[everything]())
	require.NotNil(t, c.encode)
	empty := everything{
		Bytes: []byte{}, List: []string{}, Lists: [][]string{}, Structs: []inner{}, Times: []time.Time{}, Map: map[string]string{}, Maps: map[string][]int{},
		Pointer: &inner{}, Points: []*inner{},
	}
	for _, v := range []everything{{}, full(), empty} {
		b, err := c.marshal(&v)
		require.NoError(t, err)
		got := everything{Text: "an older value", List: []string{"x"}}
		require.NoError(t, c.unmarshal(b, &got))
		want := v
		want.secret, want.Left = "", ""
		require.Equal(t, want, got)
		// encoding/json agrees on what there is to keep.
		a, err := json.Marshal(v)
		require.NoError(t, err)
		d, err := json.Marshal(got)
		require.NoError(t, err)
		require.JSONEq(t, string(a), string(d))
		require.Less(t, len(b), len(a))
		var old everything
		require.NoError(t, c.unmarshal(a, &old), "values stored as JSON are read")
	}
}

func TestCompactScalars(t *testing.T) {
	t.Parallel()
	check := func(v any) {
		c := codecOf(reflect.TypeOf(v).Elem())
		require.NotNil(t, c.encode, "%T", v)
		b, err := c.marshal(v)
		require.NoError(t, err)
		got := reflect.New(reflect.TypeOf(v).Elem())
		require.NoError(t, c.unmarshal(b, got.Interface()))
		require.Equal(t, v, got.Interface())
	}
	yes, n, s, at := true, -5, "text", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	check(&yes)
	check(&n)
	check(&s)
	check(&at)
	check(&[]string{"a"})
	check(&map[string]int{"a": 1})
	check(new([]string))
}

// What encoding/json has ways of its own for stays JSON.
func TestWhatStaysJSON(t *testing.T) {
	t.Parallel()
	type embedded struct{ A string }
	type node struct{ Next *node }
	for _, v := range []any{
		new(any), new(struct{ V any }), new(json.RawMessage), new(struct{ embedded }), new(struct{ V [2]int }), new(node), new(map[int]string),
		new(struct {
			N int `json:",string"`
		}),
		new(struct {
			A string `json:"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"`
		}),
		new(chan int), new(complex128), new(struct{ F func() }),
	} {
		require.Nil(t, codecOf(reflect.TypeOf(v).Elem()).encode, "%T", v)
	}
	twice := reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeFor[string](), Tag: `json:"x"`}, {Name: "B", Type: reflect.TypeFor[string](), Tag: `json:"x"`},
	})
	require.Nil(t, codecOf(twice).encode, "two members of one name")
	type open struct{ V any }
	c := codecOf(reflect.TypeFor[open]())
	b, err := c.marshal(&open{V: "x"})
	require.NoError(t, err)
	require.JSONEq(t, `{"V":"x"}`, string(b))
	var back open
	require.NoError(t, c.unmarshal(b, &back))
	require.Equal(t, "x", back.V)
	require.ErrorContains(t, c.unmarshal([]byte{compact, 0}, &back), "values are JSON")
}

// A value that another version of a type wrote is read as far as the names go.
func TestCompactTypesMayChange(t *testing.T) {
	t.Parallel()
	type before struct {
		A, B, C string
		N       int
		List    []inner
	}
	type after struct {
		N   int
		New string
		C   string
		A   string
	}
	old := before{A: "a", B: "b", C: "c", N: 5, List: []inner{{Name: "gone"}}}
	b, err := codecOf(reflect.TypeFor[before]()).marshal(&old)
	require.NoError(t, err)
	var got after
	require.NoError(t, codecOf(reflect.TypeFor[after]()).unmarshal(b, &got))
	require.Equal(t, after{N: 5, C: "c", A: "a"}, got)

	refused := func(into any, because string) {
		require.ErrorContains(t, codecOf(reflect.TypeOf(into).Elem()).unmarshal(b, into), because, "%T", into)
	}
	refused(new(struct{ A int }), "member A is of another kind")
	refused(new(struct{ List []int }), "items of another kind")
	refused(new(struct{ N string }), "member N is of another kind")
	big := struct{ N int }{300}
	b, err = codecOf(reflect.TypeOf(big)).marshal(&big)
	require.NoError(t, err)
	refused(new(struct{ N int8 }), "does not fit")
	refused(new(struct{ N uint8 }), "does not fit")
}

func TestBrokenCompactValues(t *testing.T) {
	t.Parallel()
	c := codecOf(reflect.TypeFor[everything]())
	v := full()
	whole, err := c.marshal(&v)
	require.NoError(t, err)
	for n := range whole {
		require.Error(t, c.unmarshal(whole[:n], new(everything)), "the first %d bytes", n)
	}
	require.ErrorContains(t, c.unmarshal(append(whole, 0), new(everything)), "after the value")
	require.Error(t, c.unmarshal([]byte{compact, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, new(everything)))
}

// FuzzCompactValues reads whatever bytes, and what can be read comes back the same.
func FuzzCompactValues(f *testing.F) {
	c := codecOf(reflect.TypeFor[everything]())
	for _, v := range []everything{{}, full()} {
		b, err := c.marshal(&v)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add([]byte(`{"t":"text"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v, again everything
		if len(b) == 0 || b[0] != compact || c.unmarshal(b, &v) != nil {
			return
		}
		out, err := c.marshal(&v)
		require.NoError(t, err)
		require.NoError(t, c.unmarshal(out, &again))
		if v.Real == v.Real { // not a NaN
			require.Equal(t, v, again)
		}
	})
}

type record struct {
	PoolID    string    `json:"p"`
	ClientID  string    `json:"c"`
	Username  string    `json:"u"`
	Sub       string    `json:"s"`
	Scopes    []string  `json:"g"`
	AuthTime  time.Time `json:"t"`
	OriginJTI string    `json:"o,omitempty"`
}

func BenchmarkCodec(b *testing.B) {
	v := record{"us-east-1_SsoLab001", "ssolabclient00000000000001", "ScalekitIdPRouter_conn_60040666217971987;693039d0-842d-4075-8683-d1035009c86b", "86cdd996-6b38-706f-e10a-abe5bbc1ecad", []string{"openid", "email"}, time.Now(), "b6e8edcb-fe1c-47a8-90a9-5c7a77041a99"}
	for name, c := range map[string]codec{"json": {}, "compact": codecOf(reflect.TypeFor[record]())} {
		data, err := c.marshal(&v)
		require.NoError(b, err)
		b.Run(name+"/encode", func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(data)), "bytes")
			for b.Loop() {
				if _, err := c.marshal(&v); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var into record
				if err := c.unmarshal(data, &into); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
