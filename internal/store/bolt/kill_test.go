package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/store/bolt"
)

// asWriter makes the test binary a program that writes into the directory it names until it is killed.
const asWriter = "SSOLAB_TEST_AS_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asWriter); dir != "" {
		writeForEver(dir, os.Getenv(asWriter+"_ROUND"))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const writers = 6

// writeForEver writes with several writers and prints a line for each write that was acknowledged.
func writeForEver(dir, round string) {
	f, err := bolt.Open(dir, bolt.Options{})
	if err != nil {
		fmt.Println("open:", err)
		return
	}
	s := f.Space("state", fixed)
	together(writers, func(w int) error {
		for n := 0; ; n++ {
			if err := writeOne(s, fmt.Sprintf("%s/%d/%d", round, w, n), strconv.Itoa(w), n); err != nil {
				fmt.Println("write:", err)
				return err
			}
		}
	})
}

func writeOne(s store.Backend, key, writer string, n int) error {
	ctx := context.Background()
	if err := s.Put(ctx, "put", key, store.Record{Value: []byte(longValue(key))}); err != nil {
		return err
	}
	fmt.Println("put", key)
	total := 0
	err := s.Update(ctx, "count", writer, func(old *store.Record) (*store.Record, error) {
		total = 0
		if old != nil {
			var err error
			if total, err = strconv.Atoi(string(old.Value)); err != nil {
				return nil, err
			}
		}
		total++
		return &store.Record{Value: []byte(strconv.Itoa(total))}, nil
	})
	if err != nil {
		return err
	}
	fmt.Println("count", writer, total)
	if n%2 == 0 {
		return nil
	}
	if _, err := s.Take(ctx, "put", key); err != nil {
		return err
	}
	fmt.Println("take", key)
	return nil
}

// longValue follows from its key and fills pages of the file, more than one for some, so that half of one shows.
func longValue(key string) string {
	return strings.Repeat(key+" ", 20+len(key)*37%500)
}

// acknowledged is what the writer said, over all rounds.
type acknowledged struct {
	put, taken map[string]bool
	count      map[string]int
	lines      int
}

func (a *acknowledged) line(t *testing.T, text string) {
	t.Helper()
	words := strings.Fields(text)
	switch {
	case len(words) == 2 && words[0] == "put":
		a.put[words[1]] = true
	case len(words) == 2 && words[0] == "take":
		a.taken[words[1]] = true
	case len(words) == 3 && words[0] == "count":
		n, err := strconv.Atoi(words[2])
		require.NoError(t, err)
		a.count[words[1]] = n
	default:
		require.Fail(t, "the writer failed", text)
	}
	a.lines++
}

// runAndKill starts the writer, kills it after so many acknowledgements, and takes note of all that it had printed by then.
func (a *acknowledged) runAndKill(t *testing.T, dir string, round, after int) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), asWriter+"="+dir, asWriter+"_ROUND="+strconv.Itoa(round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		a.line(t, lines.Text())
		if n == after {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	require.Error(t, cmd.Wait(), "it was killed")
}

// check opens the file as the next program does and compares.
func (a *acknowledged) check(t *testing.T, dir string) {
	t.Helper()
	f, err := bolt.Open(dir, bolt.Options{})
	require.NoError(t, err)
	s, ctx := f.Space("state", fixed), t.Context()
	for key := range a.put {
		r, err := s.Get(ctx, "put", key)
		if errors.Is(err, store.ErrNotFound) && a.mayBeTaken(key) {
			continue
		}
		require.NoError(t, err, "put %s", key)
		require.False(t, a.taken[key], "%s was taken and is there again", key)
		require.Equal(t, longValue(key), string(r.Value))
	}
	for writer, n := range a.count {
		r, err := s.Get(ctx, "count", writer)
		require.NoError(t, err)
		have, err := strconv.Atoi(string(r.Value))
		require.NoError(t, err)
		require.Contains(t, []int{n, n + 1}, have, "the last one may have been written and not acknowledged")
		a.count[writer] = have
	}
	require.NoError(t, s.Scan(ctx, "put", func(key string, r store.Record) error {
		require.Equal(t, longValue(key), string(r.Value), "no half of a record")
		return nil
	}))
	require.NoError(t, f.Close())
}

// mayBeTaken tells whether the writer was about to take a record when it was killed: it may have done so without saying it.
// It takes each second one, before it puts the next.
func (a *acknowledged) mayBeTaken(key string) bool {
	end := strings.LastIndex(key, "/") + 1
	n, err := strconv.Atoi(key[end:])
	return err == nil && n%2 == 1 && (a.taken[key] || !a.put[key[:end]+strconv.Itoa(n+1)])
}

// A hundred times a program that writes with several writers at once is killed with SIGKILL: what it had acknowledged is
// there, what it had taken is gone, and nothing is half there.
func TestKilledInTheMiddleOfWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := &acknowledged{put: map[string]bool{}, taken: map[string]bool{}, count: map[string]int{}}
	for round := range 100 {
		a.runAndKill(t, dir, round, round*37%120)
		a.check(t, dir)
	}
	require.Greater(t, a.lines, 5000)
	t.Logf("%d acknowledged writes", a.lines)
}
