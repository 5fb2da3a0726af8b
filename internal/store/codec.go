package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
)

// Values are stored in a compact form of JSON's data model, since a lab encodes and decodes some twenty for each sign-in:
//
//	value  = 0x01 item                            a value that begins otherwise is JSON
//	item   = number | block                       by the type of the value
//	number = varint                               bool (0, 1), integers (zigzag if signed), floats (their bits)
//	block  = length content                       string, []byte and time.Time: their bytes
//	                                              list: kind count item…      map: kind count (block item)…
//	                                              where a count is one more, and 0 is nil
//	                                              struct: (name item)…        pointer: 0 | 1 item
//	name   = kind<<6|length bytes                 the JSON name of a member that is not its type's zero value
//	kind   = 0 number, 1 block
//
// As in JSON, members are found by name: one that a type does not have is skipped, one that is missing stays zero. What
// encoding/json would write in a way of its own (an interface, a Marshaler) makes the whole type a matter of JSON.
const compact = 0x01

// kind of an item, as far as is needed to skip it.
type kind byte

const (
	number kind = iota
	block
)

// codec writes and reads values of one type. The zero encode means JSON.
type codec struct {
	kind   kind
	encode func(b []byte, v reflect.Value) []byte // appends an item
	decode func(d *decoder, v reflect.Value)
}

func (c codec) marshal(v any) ([]byte, error) {
	if c.encode == nil {
		return json.Marshal(v)
	}
	return c.encode(append(make([]byte, 0, 256), compact), reflect.ValueOf(v).Elem()), nil
}

func (c codec) unmarshal(b []byte, into any) error {
	if len(b) == 0 || b[0] != compact {
		return json.Unmarshal(b, into)
	}
	if c.encode == nil {
		return fmt.Errorf("a compact value of %T, whose values are JSON", into)
	}
	d := decoder{rest: string(b[1:])} // copied once, and shared by all strings of the value
	c.decode(&d, reflect.ValueOf(into).Elem())
	if d.err == nil && d.rest != "" {
		d.err = errors.New("bytes after the value")
	}
	return d.err
}

// decoder reads items. After its first error it reads zeros only.
type decoder struct {
	rest string
	err  error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.rest = ""
}

var errShort = errors.New("the value ends too early")

func (d *decoder) number() uint64 {
	var n uint64
	for i := range min(len(d.rest), binary.MaxVarintLen64) {
		c := d.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.rest = d.rest[i+1:]
			return n
		}
	}
	d.fail(errShort)
	return 0
}

func (d *decoder) bytes(n uint64) string {
	if n > uint64(len(d.rest)) {
		d.fail(errShort)
		return ""
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out
}

func (d *decoder) block() string { return d.bytes(d.number()) }

// inside reads the content of a block with f, which must read all of it.
func (d *decoder) inside(f func(d *decoder)) {
	inner := decoder{rest: d.block()}
	f(&inner)
	switch {
	case inner.err != nil:
		d.fail(inner.err)
	case inner.rest != "":
		d.fail(errors.New("bytes after the end of a block"))
	}
}

func (d *decoder) skip(k kind) {
	if k == number {
		d.number()
	} else {
		d.block()
	}
}

// count reads the head of a list or map: how many items, which are of the kind want; -1 for nil.
func (d *decoder) count(want kind) int {
	if got := kind(d.number()); got != want && d.err == nil {
		d.fail(errors.New("items of another kind"))
	}
	n := d.number()
	if d.err != nil || n > 1+uint64(len(d.rest)) { // an item has one byte at least
		d.fail(errShort)
		return -1
	}
	return int(n) - 1
}

func appendCount(b []byte, k kind, v reflect.Value) []byte {
	if v.IsNil() {
		return append(b, byte(k), 0)
	}
	return binary.AppendUvarint(append(b, byte(k)), uint64(v.Len())+1)
}

// appendBlock appends a block whose content f appends.
func appendBlock(b []byte, f func(b []byte) []byte) []byte {
	start := len(b)
	b = f(append(b, 0))
	length := len(b) - start - 1
	if length < 0x80 {
		b[start] = byte(length)
		return b
	}
	var head [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(head[:], uint64(length))
	b = append(b, head[1:n]...) // room
	copy(b[start+n:], b[start+1:start+1+length])
	copy(b[start:], head[:n])
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
	textType      = reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()
)

// codecOf returns the codec of a type.
func codecOf(t reflect.Type) codec {
	if c, ok := build(t, nil); ok {
		return c
	}
	return codec{}
}

// build makes a codec, unless the type is a matter of JSON. Types that are being built are listed, as one that holds itself is a matter of JSON.
func build(t reflect.Type, above []reflect.Type) (codec, bool) {
	if t == timeType {
		return timeCodec(), true
	}
	p := reflect.PointerTo(t)
	if p.Implements(marshalerType) || p.Implements(textType) {
		return codec{}, false
	}
	for _, a := range above {
		if a == t {
			return codec{}, false
		}
	}
	above = append(above, t)
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float64:
		return numberCodec(t.Kind()), true
	case reflect.String:
		return codec{
			block,
			func(b []byte, v reflect.Value) []byte { return appendString(b, v.String()) },
			func(d *decoder, v reflect.Value) { v.SetString(d.block()) },
		}, true
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return codec{
				block,
				func(b []byte, v reflect.Value) []byte {
					return append(binary.AppendUvarint(b, uint64(v.Len())), v.Bytes()...)
				},
				func(d *decoder, v reflect.Value) { v.SetBytes([]byte(d.block())) },
			}, true
		}
		elem, ok := build(t.Elem(), above)
		return listCodec(t, elem), ok
	case reflect.Map:
		if t.Key().Kind() != reflect.String || t.Key().Implements(textType) {
			return codec{}, false
		}
		elem, ok := build(t.Elem(), above)
		return mapCodec(t, elem), ok
	case reflect.Pointer:
		elem, ok := build(t.Elem(), above)
		return pointerCodec(t, elem), ok
	case reflect.Struct:
		return structCodec(t, above)
	}
	return codec{}, false
}

func numberCodec(k reflect.Kind) codec {
	c := codec{kind: number}
	switch k {
	case reflect.Bool:
		c.encode = func(b []byte, v reflect.Value) []byte {
			if v.Bool() {
				return append(b, 1)
			}
			return append(b, 0)
		}
		c.decode = func(d *decoder, v reflect.Value) { v.SetBool(d.number() != 0) }
	case reflect.Float64:
		c.encode = func(b []byte, v reflect.Value) []byte { return binary.AppendUvarint(b, math.Float64bits(v.Float())) }
		c.decode = func(d *decoder, v reflect.Value) { v.SetFloat(math.Float64frombits(d.number())) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.encode = func(b []byte, v reflect.Value) []byte { return binary.AppendUvarint(b, v.Uint()) }
		c.decode = func(d *decoder, v reflect.Value) {
			n := d.number()
			if v.OverflowUint(n) {
				d.fail(fmt.Errorf("%d does not fit %s", n, v.Type()))
				return
			}
			v.SetUint(n)
		}
	default:
		c.encode = func(b []byte, v reflect.Value) []byte { return binary.AppendVarint(b, v.Int()) }
		c.decode = func(d *decoder, v reflect.Value) {
			u := d.number()
			n := int64(u>>1) ^ -int64(u&1)
			if v.OverflowInt(n) {
				d.fail(fmt.Errorf("%d does not fit %s", n, v.Type()))
				return
			}
			v.SetInt(n)
		}
	}
	return c
}

func timeCodec() codec {
	return codec{
		block,
		func(b []byte, v reflect.Value) []byte {
			return appendBlock(b, func(b []byte) []byte {
				t := timeOf(v)
				if out, err := t.AppendBinary(b); err == nil {
					return out
				}
				b, _ = t.UTC().AppendBinary(b) // its zone is out of range, as no clock's is
				return b
			})
		},
		func(d *decoder, v reflect.Value) {
			if err := v.Addr().Interface().(*time.Time).UnmarshalBinary([]byte(d.block())); err != nil {
				d.fail(err)
			}
		},
	}
}

// timeOf reads a time without a copy on the heap where it can.
func timeOf(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}

func listCodec(t reflect.Type, elem codec) codec {
	return codec{
		block,
		func(b []byte, v reflect.Value) []byte {
			return appendBlock(b, func(b []byte) []byte {
				b = appendCount(b, elem.kind, v)
				for i := range v.Len() {
					b = elem.encode(b, v.Index(i))
				}
				return b
			})
		},
		func(d *decoder, v reflect.Value) {
			d.inside(func(d *decoder) {
				n := d.count(elem.kind)
				if n < 0 {
					v.SetZero()
					return
				}
				v.Set(reflect.MakeSlice(t, n, n))
				for i := range n {
					elem.decode(d, v.Index(i))
				}
			})
		},
	}
}

func mapCodec(t reflect.Type, elem codec) codec {
	return codec{
		block,
		func(b []byte, v reflect.Value) []byte {
			return appendBlock(b, func(b []byte) []byte {
				b = appendCount(b, elem.kind, v)
				for i := v.MapRange(); i.Next(); {
					b = elem.encode(appendString(b, i.Key().String()), i.Value())
				}
				return b
			})
		},
		func(d *decoder, v reflect.Value) {
			d.inside(func(d *decoder) {
				n := d.count(elem.kind)
				if n < 0 {
					v.SetZero()
					return
				}
				out := reflect.MakeMapWithSize(t, n)
				for range n {
					key := reflect.New(t.Key()).Elem()
					key.SetString(d.block())
					value := reflect.New(t.Elem()).Elem()
					elem.decode(d, value)
					out.SetMapIndex(key, value)
				}
				v.Set(out)
			})
		},
	}
}

func pointerCodec(t reflect.Type, elem codec) codec {
	return codec{
		block,
		func(b []byte, v reflect.Value) []byte {
			return appendBlock(b, func(b []byte) []byte {
				if v.IsNil() {
					return append(b, 0)
				}
				return elem.encode(append(b, 1), v.Elem())
			})
		},
		func(d *decoder, v reflect.Value) {
			d.inside(func(d *decoder) {
				if d.number() == 0 {
					v.SetZero()
					return
				}
				v.Set(reflect.New(t.Elem()))
				elem.decode(d, v.Elem())
			})
		},
	}
}

// member of a struct.
type member struct {
	name  string
	index int
	codec
}

const maxName = 1<<6 - 1

func structCodec(t reflect.Type, above []reflect.Type) (codec, bool) {
	list, ok := membersOf(t, above)
	if !ok {
		return codec{}, false
	}
	return codec{
		block,
		func(b []byte, v reflect.Value) []byte {
			return appendBlock(b, func(b []byte) []byte {
				for _, m := range list {
					if f := v.Field(m.index); !f.IsZero() {
						b = append(b, byte(m.kind)<<6|byte(len(m.name)))
						b = m.encode(append(b, m.name...), f)
					}
				}
				return b
			})
		},
		func(d *decoder, v reflect.Value) {
			v.SetZero()
			d.inside(func(d *decoder) {
				for next := 0; d.rest != ""; {
					head := d.bytes(1)[0]
					name, k := d.bytes(uint64(head&maxName)), kind(head>>6)
					i := find(list, next, name)
					switch {
					case i < 0:
						d.skip(k)
					case list[i].kind != k:
						d.fail(fmt.Errorf("member %s is of another kind", name))
					default:
						list[i].decode(d, v.Field(list[i].index))
						next = i + 1
					}
				}
			})
		},
	}, true
}

// membersOf lists what encoding/json writes of a struct, unless it has rules of its own for it.
func membersOf(t reflect.Type, above []reflect.Type) ([]member, bool) {
	var list []member
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if f.Anonymous || options == "string" || strings.Contains(options, "string,") || strings.Contains(options, ",string") {
			return nil, false
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		c, ok := build(f.Type, above)
		if !ok || len(name) > maxName || find(list, 0, name) >= 0 {
			return nil, false
		}
		list = append(list, member{name, i, c})
	}
	return list, true
}

// find returns the index of a member, or -1. Members are written in the type's order, so it mostly is the next one.
func find(list []member, next int, name string) int {
	for i := range list {
		if i = (i + next) % len(list); list[i].name == name {
			return i
		}
	}
	return -1
}
