package bolt_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/store/bolt"
)

// fill makes a file with all that one can have: branch pages, pages that flow over, buckets of their own pages and within
// others, free pages. It returns what is in it.
func fill(t *testing.T, dir string) map[string]string {
	t.Helper()
	f, err := bolt.Open(dir, bolt.Options{Program: "ssolab 1"})
	require.NoError(t, err)
	s, in := f.Space("state", fixed), map[string]string{}
	put := func(table, key, value string) {
		require.NoError(t, s.Put(t.Context(), table, key, store.Record{Value: []byte(value), Expires: noon.Add(time.Hour)}))
		in[table+"/"+key] = value
	}
	for i := range 110 {
		put("many", fmt.Sprintf("key %03d", i), strings.Repeat(strconv.Itoa(i), 25))
	}
	put("large", "one", strings.Repeat("x", 10_000))
	put("few", "one", "1")
	put("few", "two", "2")
	for i := range 10 {
		key := fmt.Sprintf("key %03d", i*11)
		require.NoError(t, s.Delete(t.Context(), "many", key))
		delete(in, "many/"+key)
	}
	require.NoError(t, f.Close())
	return in
}

// contents reads a file without the checks of Open.
func contents(path string) (out map[string]string, err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	out = map[string]string{}
	return out, db.View(func(tx *bbolt.Tx) error {
		space := tx.Bucket([]byte("state"))
		if space == nil {
			return nil
		}
		return space.ForEachBucket(func(table []byte) error {
			return space.Bucket(table).ForEach(func(k, v []byte) error {
				out[string(table)+"/"+string(k[1:])] = string(v[12:])
				return nil
			})
		})
	})
}

// Bytes of a file are changed, one at a time: a third of those in use, so that each kind of number in it is met many times.
// Either that is noticed, or everything is there as it was: the byte was in
// a free page, or between what is used. bbolt by itself would crash, run for ever or read other records.
func TestNoDamageGoesUnnoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := fill(t, dir)
	path := filepath.Join(dir, bolt.FileName)
	sound, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, bolt.Verify(path))
	copyPath := filepath.Join(t.TempDir(), bolt.FileName)
	require.NoError(t, os.WriteFile(copyPath, sound, 0o600))
	noticed, unnoticed := 0, 0
	damaged := bytes.Clone(sound)
	for i := 0; i < bolt.Used(sound); i += 3 {
		damaged[i] ^= 1 << (i % 8)
		if err := bolt.VerifyBytes(damaged); err != nil {
			noticed++
		} else if unnoticed++; unnoticed%50 == 0 { // reading each of them with bbolt would take minutes
			require.NoError(t, os.WriteFile(copyPath, damaged, 0o600))
			have, err := contents(copyPath)
			require.NoError(t, err, "byte %d", i)
			require.Equal(t, in, have, "byte %d", i)
		}
		damaged[i] = sound[i]
	}
	require.Greater(t, noticed, 5000, "of %d bytes", len(sound))
}

// FuzzDamage changes a piece of a file. Reading it ends, and what is read is what was written.
func FuzzDamage(f *testing.F) {
	var sound []byte
	for _, at := range []uint{0, 100, 4096, 8192, 20000} {
		f.Add(at, []byte{0, 1, 2, 3, 4, 5, 6, 7})
	}
	f.Fuzz(func(t *testing.T, at uint, piece []byte) {
		if sound == nil {
			dir := t.TempDir()
			fill(t, dir)
			var err error
			sound, err = os.ReadFile(filepath.Join(dir, bolt.FileName))
			require.NoError(t, err)
		}
		damaged := bytes.Clone(sound)
		copy(damaged[at%uint(len(damaged)):], piece)
		if bolt.VerifyBytes(damaged) != nil {
			return
		}
		path := filepath.Join(t.TempDir(), bolt.FileName)
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, err := contents(path)
		require.NoError(t, err)
	})
}

// refuse opens a directory whose file cannot be used, and proves that the file was left as it is.
func refuse(t *testing.T, dir string, o bolt.Options) error {
	t.Helper()
	path := filepath.Join(dir, bolt.FileName)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := bolt.Open(dir, o)
	require.Error(t, err)
	require.Nil(t, f)
	after, readErr := os.ReadFile(path)
	require.NoError(t, readErr)
	require.Equal(t, before, after, "the file is as it was")
	return err
}

func TestADamagedFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir)
	sound, err := os.ReadFile(filepath.Join(dir, bolt.FileName))
	require.NoError(t, err)
	edit := func(f func(b []byte)) []byte {
		b := bytes.Clone(sound)
		f(b)
		return b
	}
	// everywhere changes the byte at an offset from each copy of a text: free pages hold older ones.
	everywhere := func(b []byte, text string, offset int, to byte) {
		for i := 0; ; {
			next := bytes.Index(b[i:], []byte(text))
			if next < 0 {
				return
			}
			i += next + len(text)
			b[i-len(text)+offset] = to
		}
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":               {nil, "it is empty"},
		"a few bytes":         {[]byte("ssolab"), "invalid database"},
		"a text":              {bytes.Repeat([]byte("this is no database\n"), 2000), "invalid database"},
		"zeros":               {make([]byte, len(sound)), "invalid database"},
		"cut to a page":       {sound[:4096], "file size too small"},
		"cut in the middle":   {sound[:len(sound)/2], "it is cut short: "},
		"cut at the end":      {sound[:bolt.Used(sound)-4096], "it is cut short: "},
		"first meta page":     {edit(func(b []byte) { b[40] ^= 1 }), "the record of its last transaction"},
		"second meta page":    {edit(func(b []byte) { b[4096+70] ^= 1 }), "the record of its last transaction"},
		"a value":             {edit(func(b []byte) { everywhere(b, "key 076", 30, 'X') }), `the record "key 076" of many does not have the checksum`},
		"a key":               {edit(func(b []byte) { everywhere(b, "key 078", 6, '0') }), "has its keys in a wrong order"},
		"zeros in the middle": {edit(func(b []byte) { clear(b[12288:28672]) }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, bolt.FileName), c.content, 0o600))
			err := refuse(t, dir, bolt.Options{})
			var damaged *bolt.DamagedError
			require.ErrorAs(t, err, &damaged)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "is damaged: ")
			require.Contains(t, damaged.Hint(), "mv "+filepath.Join(dir, bolt.FileName))
		})
	}
}

func TestAFileOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := bolt.Open(dir, bolt.Options{Program: "ssolab 9.9.0"}.WithFormat(7))
	require.NoError(t, err)
	put(t, f.Space("state", fixed), "t", "k", "v")
	require.NoError(t, f.Close())
	err = refuse(t, dir, bolt.Options{Program: "ssolab 1.0.0"})
	var newer *bolt.NewerError
	require.ErrorAs(t, err, &newer)
	require.EqualError(t, err, fmt.Sprintf("the data file %s was written by ssolab 9.9.0 in format 7; this program reads formats up to 1", filepath.Join(dir, bolt.FileName)))
	require.Contains(t, newer.Hint(), "--data")
}

func TestAFileOfAnotherProgramIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := bbolt.Open(filepath.Join(dir, bolt.FileName), 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("theirs"))
		if err != nil {
			return err
		}
		return b.Put([]byte("k"), []byte("v"))
	}))
	require.NoError(t, db.Close())
	var foreign *bolt.ForeignError
	require.ErrorAs(t, refuse(t, dir, bolt.Options{}), &foreign)
	require.Contains(t, foreign.Hint(), "--data")
}

func TestAnOlderFileIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := bolt.Open(dir, bolt.Options{Program: "ssolab 1"})
	require.NoError(t, err)
	put(t, f.Space("state", fixed), "old name", "k", "v")
	require.NoError(t, f.Close())
	path := filepath.Join(dir, bolt.FileName)
	first, err := os.ReadFile(path)
	require.NoError(t, err)

	broken := errors.New("no room")
	fails := func(*bbolt.Tx) error { return broken }
	rename := func(tx *bbolt.Tx) error {
		state := tx.Bucket([]byte("state"))
		if err := state.DeleteBucket([]byte("old name")); err != nil {
			return err
		}
		b, err := state.CreateBucket([]byte("new name"))
		if err != nil {
			return err
		}
		return b.Put([]byte("=k"), bolt.Seal("new name", "k", store.Record{Value: []byte("v")}))
	}
	nothing := func(*bbolt.Tx) error { return nil }

	_, err = bolt.Open(dir, bolt.Options{}.WithFormat(3, rename, fails))
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "from format 1 to 3: no room; it is as it was")
	f = open(t, dir, bolt.Options{}) // the first program reads it still
	want(t, f.Space("state", fixed), "old name", "k", "v")
	require.NoError(t, f.Close())

	f, err = bolt.Open(dir, bolt.Options{Program: "ssolab 3"}.WithFormat(3, rename, nothing))
	require.NoError(t, err)
	want(t, f.Space("state", fixed), "new name", "k", "v")
	require.NoError(t, f.Close())
	var newer *bolt.NewerError
	require.ErrorAs(t, refuse(t, dir, bolt.Options{}), &newer)

	// The way back: the copy from before the upgrade.
	backup := path + ".format-1"
	require.Contains(t, newer.Hint(), backup)
	require.NoError(t, os.Rename(backup, path))
	require.NoError(t, bolt.Verify(path))
	want(t, open(t, dir, bolt.Options{}).Space("state", fixed), "old name", "k", "v")
	require.NotEmpty(t, first)
}

func TestTwoProcessesOnOneDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, dir, bolt.Options{Holder: "process 4711 (ssolab up)"})
	o := bolt.Options{Holder: "process 4712"}.WithWait(60 * time.Millisecond)
	_, err := bolt.Open(dir, o)
	var locked *bolt.LockedError
	require.ErrorAs(t, err, &locked)
	require.EqualError(t, err, "the data directory "+dir+" is in use by process 4711 (ssolab up)")
	require.Contains(t, locked.Hint(), "--data")
	f.Holder("process 4711 (ssolab up, console http://localhost:9400)")
	_, err = bolt.Open(dir, o)
	require.ErrorContains(t, err, "console http://localhost:9400)")
	require.NoError(t, os.Remove(filepath.Join(dir, bolt.HolderName)))
	_, err = bolt.Open(dir, o)
	require.ErrorContains(t, err, "is in use by another process")
	require.NoError(t, f.Close())
	open(t, dir, o)
}

// Many that start at the same time on a directory that does not exist: one gets it, the others are told, and no half-made
// file is seen.
func TestManyProcessesMakeOneFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	files := make([]*bolt.File, 8)
	errs := together(len(files), func(i int) (err error) {
		files[i], err = bolt.Open(dir, bolt.Options{}.WithWait(500*time.Millisecond))
		return err
	})
	got := 0
	for i, f := range files {
		if f != nil {
			got++
			t.Cleanup(func() { require.NoError(t, f.Close()) })
			continue
		}
		var locked *bolt.LockedError
		require.ErrorAs(t, errs[i], &locked)
	}
	require.Equal(t, 1, got)
	_, err := os.Stat(filepath.Join(dir, bolt.FileName+".new"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A program that was killed while it made the file leaves a piece under another name.
func TestAHalfMadeFileIsNoFile(t *testing.T) {
	t.Parallel()
	for name, left := range map[string][]byte{"nothing written": {}, "a page written": make([]byte, 4096), "rubbish": []byte("ssolab")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, bolt.FileName+".new"), left, 0o600))
			put(t, open(t, dir, bolt.Options{}).Space("state", fixed), "t", "k", "v")
			require.NoError(t, bolt.Verify(filepath.Join(dir, bolt.FileName)))
		})
	}
}

func TestADirectoryThatCannotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := bolt.Open(filepath.Join(file, "data"), bolt.Options{})
	require.ErrorContains(t, err, "make the data directory: ")
}

// The pages of a large free list and of long values are read as bbolt writes them.
func TestALargeFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := bolt.Open(dir, bolt.Options{})
	require.NoError(t, err)
	s := f.Space("state", fixed)
	together(3000, func(i int) error {
		return s.Put(t.Context(), "t", strconv.Itoa(i), store.Record{Value: binary.BigEndian.AppendUint64(make([]byte, 3000), uint64(i))})
	})
	require.NoError(t, s.Clear(t.Context()))
	put(t, s, "t", "k", "v")
	require.NoError(t, f.Close())
	require.NoError(t, bolt.Verify(filepath.Join(dir, bolt.FileName)))
	want(t, open(t, dir, bolt.Options{}).Space("state", fixed), "t", "k", "v")
}
