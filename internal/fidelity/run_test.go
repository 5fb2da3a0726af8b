package fidelity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/fidelity"
)

// events are those of a run: package a passes, b fails in one test and hangs in another, c does not build.
const events = `{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestOne"}
{"Action":"output","Package":"m/a","Test":"TestOne","Output":"=== RUN   TestOne\n"}
{"Action":"pass","Package":"m/a","Test":"TestOne/sub"}
{"Action":"pass","Package":"m/a","Test":"TestOne"}
{"Action":"skip","Package":"m/a","Test":"TestTwo"}
{"Action":"start","Package":"m/b"}
{"Action":"output","Package":"m/b","Test":"TestFine","Output":"    fine\n"}
{"Action":"pass","Package":"m/b","Test":"TestFine"}
{"Action":"output","Package":"m/b","Test":"TestBad","Output":"=== RUN   TestBad\n"}
{"Action":"output","Package":"m/b","Test":"TestBad","Output":"--- FAIL: TestBad (0.00s)\n"}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t0.1s\n"}
{"Action":"pass","Package":"m/a","Elapsed":0.1}
{"Action":"fail","Package":"m/b","Test":"TestBad"}
{"Action":"output","Package":"m/b","Test":"TestHangs","Output":"    panic: test timed out\n"}
{"Action":"output","Package":"m/b","Output":"FAIL\tm/b\t0.2s\n"}
{"Action":"fail","Package":"m/b","Elapsed":0.2}
{"ImportPath":"m/c","Action":"build-output","Output":"c.go:1: syntax error\n"}
{"ImportPath":"m/c","Action":"build-fail"}
go: a line of a tool
{"Action":"start","Package":"m/d"}
{"Action":"output","Package":"m/d","Output":"?   \tm/d\t[no test files]\n"}
{"Action":"skip","Package":"m/d"}
{"Action":"start","Package":"m"}
{"Action":"pass","Package":"m","Test":"TestRoot"}
`

func TestPrinterShowsWhatGoTestShows(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := fidelity.NewPrinter(&b)
	require.NoError(t, fidelity.ReadEvents(strings.NewReader(events), p.Print))
	require.Equal(t, "ok  \tm/a\t0.1s\n--- FAIL: TestBad (0.00s)\n    panic: test timed out\nFAIL\tm/b\t0.2s\nc.go:1: syntax error\ngo: a line of a tool\n?   \tm/d\t[no test files]\n", b.String())
	require.True(t, p.Failed())
}

func TestTestsOfTheLedgerThatDidNotRun(t *testing.T) {
	t.Parallel()
	r := fidelity.NewRun("m")
	require.NoError(t, fidelity.ReadEvents(strings.NewReader(events), r.Record))
	entries := []fidelity.Entry{
		{ID: "X-1-01", Tests: []string{"a:TestOne", "a:TestOne/sub", ".:TestRoot"}},
		{ID: "X-1-02", Tests: []string{"b:TestBad"}}, // failed: the run fails anyway
		{ID: "X-1-03", Tests: []string{"a:TestTwo"}},
		{ID: "X-1-04", Tests: []string{"a:TestOne/other"}},
		{ID: "X-1-05", Tests: []string{"e:TestElsewhere"}},
	}
	part := []string{"X-1-03: a:TestTwo was skipped", "X-1-04: a:TestOne/other did not run"}
	require.Equal(t, part, r.Missing(entries, false))
	require.Equal(t, append(part, "X-1-05: e:TestElsewhere: the package was not tested"), r.Missing(entries, true))
}
