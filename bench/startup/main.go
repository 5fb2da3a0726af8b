// Command startup measures how soon a lab answers after its process starts, what it holds in memory when idle, and how
// large the binary is, beside the budgets.
//
//	go run ./bench/startup -ssolab bin/ssolab
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/ssolab/ssolab/bench/internal/measure"
)

const (
	budgetDiscovery = 10.0 // ms
	budgetJWKS      = 200.0
	budgetIdle      = 20.0 // MB
	budgetBinary    = 22.0

	pool = "/us-east-1_SsoLab001/.well-known/"
)

func main() {
	binary := flag.String("ssolab", "bin/ssolab", "the `binary` to measure, a release build")
	runs := flag.Int("runs", 15, "how many `times` it is started; the middle one counts")
	flag.Parse()
	if err := measureStart(*binary, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "bench/startup:", err)
		os.Exit(1)
	}
}

func measureStart(binary string, runs int) error {
	info, err := os.Stat(binary)
	if err != nil {
		return err
	}
	var discovery, jwks []time.Duration
	var idle float64
	for range runs {
		p, err := measure.StartLab(binary)
		if err != nil {
			return err
		}
		d, err := p.Await(p.URL(1, pool+"openid-configuration"), 10*time.Second)
		if err != nil {
			return err
		}
		k, err := p.Await(p.URL(1, pool+"jwks.json"), 10*time.Second)
		if err != nil {
			return err
		}
		discovery, jwks = append(discovery, d), append(jwks, k)
		if _, err := p.Await(p.URL(2, "/keys"), 10*time.Second); err != nil { // the last key is made
			return err
		}
		time.Sleep(200 * time.Millisecond) // idle
		rss, err := p.RSS()
		if err != nil {
			return err
		}
		idle = max(idle, rss)
		if err := p.Stop(); err != nil {
			return err
		}
	}
	t := measure.NewTable(os.Stdout, fmt.Sprintf("start, the middle of %d", runs))
	t.Row("to the first discovery answer", ms(measure.Median(discovery)), budgetDiscovery, "ms")
	t.Row("to the first JWKS", ms(measure.Median(jwks)), budgetJWKS, "ms")
	t.Row("resident, idle (largest)", idle, budgetIdle, "MB")
	t.Row("binary", float64(info.Size())/1e6, budgetBinary, "MB")
	return t.Close()
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
