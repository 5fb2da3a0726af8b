package memory

import (
	"encoding/binary"
	"hash/maphash"
	"maps"
	"math"
	"time"

	"github.com/ssolab/ssolab/internal/store"
)

// slab holds the records of one table, one behind the other in chunks of bytes: a lab has many small ones, and the
// garbage collector need not look at any.
//
//	index: hash of a key ─► place ─► chunk: [expires length length key value][…][…]
//
// A record is never changed where it stands; another version is written at the end, and the old one is dead. A chunk is
// given back when all in it is dead, and when half of it is, after what lives was written again.
type slab struct {
	hash   func(key string) uint64
	index  map[uint64]place
	twins  map[string]string // records by key, where another key of the same hash is in index; hardly ever there
	chunks []*chunk          // nil where one was given back
	last   int               // the chunk that is written to
}

// place is a chunk's number and an offset in it.
type place struct{ chunk, offset uint32 }

type chunk struct {
	data []byte
	dead int // bytes
}

const (
	minChunk = 1 << 10
	maxChunk = 32 << 10 // of chunks with more than one record
)

const never = math.MaxInt64 // expiry of what does not

func newSlab(hash func(string) uint64) *slab {
	return &slab{hash: hash, index: map[uint64]place{}, last: -1}
}

func newHash() func(string) uint64 {
	seed := maphash.MakeSeed()
	return func(key string) uint64 { return maphash.String(seed, key) }
}

// entry is a record as it is written: its expiry in eight bytes (nanoseconds since 1970), the lengths of key and value, key
// and value.
type entry struct {
	expires    int64
	key, value []byte
	size       int // of all of it
}

func readEntry(b []byte) entry {
	e := entry{expires: int64(binary.LittleEndian.Uint64(b))}
	at := 8
	key, n := binary.Uvarint(b[at:])
	at += n
	value, n := binary.Uvarint(b[at:])
	at += n
	e.key = b[at : at+int(key)]
	e.value = b[at+int(key) : at+int(key)+int(value)]
	e.size = at + int(key) + int(value)
	return e
}

func appendEntry(b []byte, key string, r store.Record) []byte {
	expires := int64(never)
	if !r.Expires.IsZero() {
		expires = r.Expires.UnixNano()
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(expires))
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = binary.AppendUvarint(b, uint64(len(r.Value)))
	return append(append(b, key...), r.Value...)
}

func (e entry) expired(now time.Time) bool { return e.expires <= now.UnixNano() }

// record copies.
func (e entry) record() *store.Record {
	r := &store.Record{Value: append([]byte{}, e.value...)}
	if e.expires != never {
		r.Expires = time.Unix(0, e.expires)
	}
	return r
}

func (s *slab) at(p place) entry { return readEntry(s.chunks[p.chunk].data[p.offset:]) }

// get returns the entry of a key, expired or not. It is good until the next change of the slab.
func (s *slab) get(key string) (entry, bool) {
	if p, ok := s.index[s.hash(key)]; ok {
		if e := s.at(p); string(e.key) == key {
			return e, true
		}
	}
	if twin, ok := s.twins[key]; ok {
		return readEntry([]byte(twin)), true
	}
	return entry{}, false
}

func (s *slab) put(key string, r store.Record) {
	s.delete(key)
	hash := s.hash(key)
	if _, taken := s.index[hash]; taken {
		if s.twins == nil {
			s.twins = map[string]string{}
		}
		s.twins[key] = string(appendEntry(nil, key, r))
		return
	}
	const head = 8 + 2*binary.MaxVarintLen64
	p := s.room(head + len(key) + len(r.Value))
	c := s.chunks[p.chunk]
	c.data = appendEntry(c.data, key, r)
	s.index[hash] = p
}

func (s *slab) delete(key string) {
	hash := s.hash(key)
	if p, ok := s.index[hash]; ok && string(s.at(p).key) == key {
		delete(s.index, hash)
		s.bury(p)
		return
	}
	delete(s.twins, key)
}

// room finds where a record of at most size bytes goes.
func (s *slab) room(size int) place {
	if s.last >= 0 {
		if c := s.chunks[s.last]; cap(c.data)-len(c.data) >= size {
			return place{uint32(s.last), uint32(len(c.data))}
		}
	}
	capacity := minChunk
	if s.last >= 0 {
		capacity = min(maxChunk, 2*cap(s.chunks[s.last].data))
	}
	full := s.last
	s.last = s.newChunk(max(capacity, size))
	if full >= 0 {
		s.tidy(full)
		return s.room(size) // what was written again may have taken the room
	}
	return place{chunk: uint32(s.last)}
}

func (s *slab) newChunk(capacity int) int {
	c := &chunk{data: make([]byte, 0, capacity)}
	for i := range s.chunks {
		if s.chunks[i] == nil {
			s.chunks[i] = c
			return i
		}
	}
	s.chunks = append(s.chunks, c)
	return len(s.chunks) - 1
}

// bury marks a record that is no longer in the index as dead.
func (s *slab) bury(p place) {
	s.mark(p)
	s.tidy(int(p.chunk))
}

func (s *slab) mark(p place) {
	c := s.chunks[p.chunk]
	c.dead += readEntry(c.data[p.offset:]).size
}

// tidy gives back a chunk of which half is dead, after writing again what lives. The last one is written from its start
// when all of it is dead.
func (s *slab) tidy(number int) {
	c := s.chunks[number]
	if number == s.last {
		if c.dead == len(c.data) {
			c.data, c.dead = c.data[:0], 0
		}
		return
	}
	if 2*c.dead < len(c.data) {
		return
	}
	for offset := 0; offset < len(c.data); {
		e := readEntry(c.data[offset:])
		hash := s.hash(string(e.key))
		if p, ok := s.index[hash]; ok && p == (place{uint32(number), uint32(offset)}) {
			to := s.room(e.size)
			last := s.chunks[to.chunk]
			last.data = append(last.data, c.data[offset:offset+e.size]...)
			s.index[hash] = to
		}
		offset += e.size
	}
	s.chunks[number] = nil
}

// each calls f for every entry, in no order.
func (s *slab) each(f func(entry)) {
	for _, p := range s.index {
		f(s.at(p))
	}
	for _, twin := range s.twins {
		f(readEntry([]byte(twin)))
	}
}

func (s *slab) len() int { return len(s.index) + len(s.twins) }

// sweep drops what has expired.
func (s *slab) sweep(now time.Time) {
	maps.DeleteFunc(s.index, func(_ uint64, p place) bool {
		gone := s.at(p).expired(now)
		if gone {
			s.mark(p)
		}
		return gone
	})
	maps.DeleteFunc(s.twins, func(_, twin string) bool { return readEntry([]byte(twin)).expired(now) })
	for i := range s.chunks {
		if s.chunks[i] != nil {
			s.tidy(i)
		}
	}
}
