package bolt

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strings"
)

// The layout of a bbolt file, version 2 (go.etcd.io/bbolt/internal/common: page.go, meta.go, inode.go, bucket.go). Numbers
// are in the byte order of the machine.
//
//	page     id 8 · flags 2 · count 2 · overflow 4 · elements
//	meta     magic 4 · version 4 · page size 4 · flags 4 · root page 8 · sequence 8 · free list 8 · high water mark 8 · txid 8 · FNV-1a 8
//	branch   [pos 4 · key size 4 · page 8] … then the keys
//	leaf     [flags 4 · pos 4 · key size 4 · value size 4] … then keys and values
//	bucket   a leaf's value: root page 8 · sequence 8, then a page of its own where the root page is 0
const (
	pageHead    = 16
	metaSize    = 64
	elementSize = 16
	bucketHead  = 16

	metaMagic   = 0xED0CDAED
	metaVersion = 2

	flagBranch = 0x01
	flagLeaf   = 0x02
	flagMeta   = 0x04
	flagFree   = 0x10

	elementBucket = 0x01

	noFreeList = ^uint64(0)
)

var order = binary.NativeEndian

// findings are what verify learns of a sound file.
type findings struct {
	format  *formatRecord // nil: the file has none
	records int
}

// verify reads a whole file as it is on disk and returns the first thing that is wrong: bbolt believes what it reads, and
// does not know our checksums.
func verify(r io.ReaderAt, size int64) (findings, error) {
	v := &verifier{r: r, size: size}
	if err := v.metas(); err != nil {
		return findings{}, err
	}
	v.reached = make([]bool, v.pages)
	v.reached[0], v.reached[1] = true, true
	if err := v.tree(v.root, nil, nil, nil); err != nil {
		return findings{}, err
	}
	return v.found, v.free()
}

type verifier struct {
	r        io.ReaderAt
	size     int64
	pageSize int64
	root     uint64 // page of the root bucket
	freeList uint64
	pages    uint64 // high water mark: pages are below it
	reached  []bool
	found    findings
}

// metas takes the newer of the two meta pages. Both must be sound: each commit writes one of them in less than a sector, so
// that a crash does not tear it, and an older one would hide the newest commit.
func (v *verifier) metas() error {
	first, err := v.meta(0)
	if err != nil {
		return err
	}
	v.pageSize = int64(order.Uint32(first[8:]))
	if v.pageSize < 1024 || v.pageSize > 1<<24 || v.pageSize&(v.pageSize-1) != 0 {
		return fmt.Errorf("its pages have %d bytes", v.pageSize)
	}
	second, err := v.meta(v.pageSize)
	if err != nil {
		return err
	}
	newest := first
	if order.Uint64(second[48:]) > order.Uint64(first[48:]) {
		newest = second
	}
	v.root, v.freeList, v.pages = order.Uint64(newest[16:]), order.Uint64(newest[32:]), order.Uint64(newest[40:])
	if v.pages < 2 || v.pages > uint64(v.size/v.pageSize) {
		return fmt.Errorf("it is cut short: %d pages of %d bytes were written, and it has %d bytes", v.pages, v.pageSize, v.size)
	}
	return nil
}

func (v *verifier) meta(at int64) ([]byte, error) {
	page := make([]byte, pageHead+metaSize)
	if _, err := v.r.ReadAt(page, at); err != nil {
		return nil, fmt.Errorf("it is cut short: its head has %d bytes", v.size)
	}
	m := page[pageHead:]
	sum := fnv.New64a()
	_, _ = sum.Write(m[:metaSize-8])
	switch {
	case order.Uint32(m) != metaMagic:
		return nil, errors.New("it is no bbolt file")
	case order.Uint32(m[4:]) != metaVersion:
		return nil, fmt.Errorf("it is a bbolt file of version %d", order.Uint32(m[4:]))
	case order.Uint64(m[metaSize-8:]) != sum.Sum64() || order.Uint16(page[8:])&flagMeta == 0:
		return nil, errors.New("the record of its last transaction does not have the checksum it was written with")
	}
	return m, nil
}

// page reads a page with those that it flows over to, and marks them. A page that is reached twice is a circle, or shared
// by what must be apart.
func (v *verifier) page(id uint64) ([]byte, error) {
	head := make([]byte, pageHead)
	if id < 2 || id >= v.pages {
		return nil, fmt.Errorf("it refers to page %d of %d", id, v.pages)
	}
	if _, err := v.r.ReadAt(head, int64(id)*v.pageSize); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	span := uint64(order.Uint32(head[12:])) + 1
	if order.Uint64(head) != id || span > v.pages-id {
		return nil, fmt.Errorf("page %d has a wrong head", id)
	}
	for i := id; i < id+span; i++ {
		if v.reached[i] {
			return nil, fmt.Errorf("page %d is used twice", i)
		}
		v.reached[i] = true
	}
	page := make([]byte, int64(span)*v.pageSize)
	if _, err := v.r.ReadAt(page, int64(id)*v.pageSize); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	return page, nil
}

// element is a key with what it leads to: a value, a bucket or another page.
type element struct {
	key, value []byte
	bucket     bool
	child      uint64
}

// elements reads those of a branch or leaf page. Their keys and values follow one another without a gap, as bbolt writes
// them, which a changed count breaks.
func elements(page []byte, leaf bool) ([]element, error) {
	count := int(order.Uint16(page[10:]))
	end := pageHead + count*elementSize
	if end > len(page) {
		return nil, errors.New("has a wrong count")
	}
	out := make([]element, count)
	for i := range out {
		at := pageHead + i*elementSize
		head := page[at:]
		e := &out[i]
		var pos, keySize, valueSize uint32
		if leaf {
			pos, keySize, valueSize = order.Uint32(head[4:]), order.Uint32(head[8:]), order.Uint32(head[12:])
			e.bucket = order.Uint32(head)&elementBucket != 0
		} else {
			pos, keySize, e.child = order.Uint32(head), order.Uint32(head[4:]), order.Uint64(head[8:])
		}
		next := int64(end) + int64(keySize) + int64(valueSize)
		if int64(at)+int64(pos) != int64(end) || next > int64(len(page)) {
			return nil, fmt.Errorf("has a wrong element %d", i)
		}
		e.key, e.value = page[end:end+int(keySize)], page[end+int(keySize):next]
		end = int(next)
	}
	return out, nil
}

// tree reads a bucket's pages from one down. Its keys are not below low and, unless that is nil, below high. path names the
// buckets it is in.
func (v *verifier) tree(id uint64, path []string, low, high []byte) error {
	page, err := v.page(id)
	if err != nil {
		return err
	}
	flags := order.Uint16(page[8:])
	if flags != flagBranch && flags != flagLeaf {
		return fmt.Errorf("page %d is of a wrong kind", id)
	}
	list, err := elements(page, flags == flagLeaf)
	if err == nil && flags == flagBranch && len(list) == 0 {
		err = errors.New("leads nowhere")
	}
	if err == nil {
		err = inOrder(list, low, high)
	}
	if err != nil {
		return fmt.Errorf("page %d %w", id, err)
	}
	if flags == flagLeaf {
		return v.leaf(list, path)
	}
	for i, e := range list {
		below := high
		if i+1 < len(list) {
			below = list[i+1].key
		}
		if err := v.tree(e.child, path, e.key, below); err != nil {
			return err
		}
	}
	return nil
}

func inOrder(list []element, low, high []byte) error {
	for i, e := range list {
		if i > 0 && bytes.Compare(list[i-1].key, e.key) >= 0 || bytes.Compare(e.key, low) < 0 || high != nil && bytes.Compare(e.key, high) >= 0 {
			return errors.New("has its keys in a wrong order")
		}
	}
	return nil
}

func (v *verifier) leaf(list []element, path []string) error {
	for _, e := range list {
		var err error
		if e.bucket {
			err = v.bucket(e.value, append(path[:len(path):len(path)], string(e.key)))
		} else {
			err = v.record(e, path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) bucket(value []byte, path []string) error {
	place := strings.Join(path, "/")
	if len(value) < bucketHead || len(path) > 2 {
		return fmt.Errorf("%q is no bucket of ours", place)
	}
	if root := order.Uint64(value); root != 0 {
		return v.tree(root, path, nil, nil)
	}
	inline := value[bucketHead:]
	if len(inline) < pageHead || order.Uint16(inline[8:]) != flagLeaf {
		return fmt.Errorf("the bucket %q is of a wrong kind", place)
	}
	list, err := elements(inline, true)
	if err == nil {
		err = inOrder(list, nil, nil)
	}
	if err != nil {
		return fmt.Errorf("the bucket %q %w", place, err)
	}
	return v.leaf(list, path)
}

// record checks a value: ours have a checksum.
func (v *verifier) record(e element, path []string) error {
	switch {
	case len(path) == 1 && path[0] == string(formatBucket) && bytes.Equal(e.key, formatKey):
		v.found.format = &formatRecord{}
		if err := json.Unmarshal(e.value, v.found.format); err != nil {
			return fmt.Errorf("the record of its format: %w", err)
		}
	case len(path) == 2 && len(e.key) > 0:
		v.found.records++
		_, err := expiryOf(path[1], string(e.key[1:]), e.value)
		return err
	}
	return nil
}

// free reads the list of free pages: it and what was reached are all pages, each once.
func (v *verifier) free() error {
	if v.freeList == noFreeList {
		return nil
	}
	page, err := v.page(v.freeList)
	if err != nil {
		return err
	}
	count, list := uint64(order.Uint16(page[10:])), page[pageHead:]
	if order.Uint16(page[8:]) != flagFree {
		return fmt.Errorf("page %d is no list of free pages", v.freeList)
	}
	if count == 0xFFFF { // more than that: the number comes first
		count, list = order.Uint64(list), list[8:]
	}
	if count > uint64(len(list)/8) {
		return errors.New("the list of free pages has a wrong count")
	}
	for i := range count {
		id := order.Uint64(list[i*8:])
		if id < 2 || id >= v.pages || v.reached[id] {
			return fmt.Errorf("the list of free pages has page %d, which is in use", id)
		}
		v.reached[id] = true
	}
	for id, reached := range v.reached {
		if !reached {
			return fmt.Errorf("page %d is neither in use nor free", id)
		}
	}
	return nil
}
