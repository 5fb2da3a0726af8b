// Command check measures how long `ssolab check` takes on a lab that it starts itself, beside the budget.
//
//	go run ./bench/check -ssolab bin/ssolab
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"time"

	"github.com/ssolab/ssolab/bench/internal/measure"
)

const budget = 5.0 // s, without a browser

func main() {
	binary := flag.String("ssolab", "bin/ssolab", "the `binary` to measure, a release build")
	runs := flag.Int("runs", 5, "how many `times` it runs; the middle one counts")
	flag.Parse()
	if err := measureCheck(*binary, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "bench/check:", err)
		os.Exit(1)
	}
}

var count = regexp.MustCompile(`(?m)^\S (\d+ checks: .*)\n\s+(.*), [0-9.]+ s$`)

func measureCheck(binary string, runs int) error {
	if runs < 1 {
		return errors.New("-runs must be at least 1")
	}
	var took []time.Duration
	var what []string
	for range runs {
		cmd := exec.Command(binary, "check", "--names", "localhost") // its own lab, whatever runs here
		begun := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		took = append(took, time.Since(begun))
		if what = count.FindStringSubmatch(string(out)); what == nil {
			return fmt.Errorf("no summary in\n%s", out)
		}
	}
	t := measure.NewTable(os.Stdout, fmt.Sprintf("ssolab check, the middle of %d: %s; %s", runs, what[1], what[2]))
	t.Row("process start to end, lab included", measure.Median(took).Seconds(), budget, "s")
	return t.Close()
}
