package memory

import "time"

// NewCrowded is New with a hash of two bits, under which nearly every key is another's twin.
func NewCrowded(now func() time.Time) *Backend {
	b := New(now)
	b.hash = func(key string) uint64 {
		if key == "" {
			return 0
		}
		return uint64(key[len(key)-1]) & 3
	}
	return b
}

// Held is how many bytes the chunks of a table have room for, and how many records there are in it, expired ones too.
func (b *Backend) Held(table string) (bytes, records int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s := b.tables[table]
	if s == nil {
		return 0, 0
	}
	for _, c := range s.chunks {
		if c != nil {
			bytes += cap(c.data)
		}
	}
	return bytes, s.len()
}
