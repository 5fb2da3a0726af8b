// Command signin measures what a sign-in costs the lab's process, before and after: with keys of two primes, which
// crypto/rsa signs with, and with the default keys of eight, beside the budgets and beside the floor: four RS256 signatures of
// crypto/rsa over five HTTP requests. All of it is measured in one run, in turns, so that what else the machine does falls
// on all alike.
//
//	go run ./bench/signin -ssolab bin/ssolab [-n 10000]
//	go run ./bench/signin -profile DIR [-n 10000]
//
// With -profile nothing is measured: cpu.pprof, allocs.pprof and heap.pprof of a lab under the same load are written to DIR.
//
// The clients run in this process; only the servers' processor time counts. Every sign-in is whole: discovery, all
// redirects, the simulator's form, code exchange, a verified ID token, userInfo.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/bench/internal/measure"
)

const (
	budgetCPU    = 4.6  // ms per sign-in
	budgetRatio  = 1.15 // to the floor
	aimRatio     = 0.5
	budgetMemory = 60.0 // MB after 10,000 sign-ins
	people       = 1000
	rounds       = 5
)

func main() {
	binary := flag.String("ssolab", "bin/ssolab", "the `binary` to measure, a release build")
	n := flag.Int("n", 10_000, "how many `sign-ins`")
	profiles := flag.String("profile", "", "write profiles of a lab under load to this `directory` instead")
	role := flag.String("serve", "", "be a `server`: floor, two-primes, names or profiled; used by this program itself")
	port := flag.Int("port", 0, "with -serve, its `port` or the first of them")
	ca := flag.String("ca", "", "with -serve names, the `directory` of its CA")
	flag.Parse()
	var err error
	switch {
	case *role == "" && *profiles != "":
		err = profile(*profiles, *n)
	case *role == "":
		err = measureSignIns(*binary, *n)
	default:
		err = serve(*role, *port, *ca, *profiles)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/signin:", err)
		os.Exit(1)
	}
}

// serve is one of the servers that are measured.
func serve(role string, port int, ca, profiles string) error {
	switch role {
	case "floor":
		return serveFloor(port)
	case "two-primes":
		return serveLab(ssolab.Config{PortBase: port, TwoPrimeKeys: true})
	case "names":
		return serveLab(ssolab.Config{PortBase: port, Names: ssolab.NamesLocalhost, CADir: ca})
	case "profiled":
		return serveProfiled(ssolab.Config{PortBase: port}, profiles)
	}
	return fmt.Errorf("-serve %q is unknown", role)
}

// subject is a server whose processor time is measured.
type subject struct {
	p     *measure.Process
	run   func(n int) error // n sign-ins, or what stands for them
	share int               // it does one of so many
	done  int
	spent time.Duration
}

// turn measures n more.
func (s *subject) turn(n int) error {
	before, err := s.p.CPU()
	if err != nil {
		return err
	}
	if err := s.run(n); err != nil {
		return err
	}
	after, err := s.p.CPU()
	s.done, s.spent = s.done+n, s.spent+after-before
	return err
}

// cpu is the processor time of one sign-in in milliseconds.
func (s *subject) cpu() float64 {
	return float64(s.spent) / float64(time.Millisecond) / float64(s.done)
}

// field are the servers of a run.
type field struct {
	floor, before, after, names *subject
	load                        *load // of after
	stop                        []func() error
}

// start starts the servers, and warms them up.
func (f *field) start(binary string) error {
	dir, err := os.MkdirTemp("", "ssolab-bench-")
	if err != nil {
		return err
	}
	f.stop = append(f.stop, func() error { return os.RemoveAll(dir) })
	lab := func(share int, p *measure.Process, err error) (*subject, *load, error) {
		if p != nil {
			f.stop = append(f.stop, p.Stop)
		}
		if err != nil {
			return nil, nil, err
		}
		l, err := newLoad(p)
		if err != nil {
			return nil, nil, err
		}
		return &subject{p: p, share: share, run: func(n int) error { return l.signIns(n, 4) }}, l, l.signIns(200, 2)
	}
	p, err := measure.StartLab(binary)
	if f.after, f.load, err = lab(1, p, err); err != nil {
		return err
	}
	p, err = measure.StartSelf("-serve", "two-primes", "-port")
	if f.before, _, err = lab(5, p, err); err != nil {
		return err
	}
	p, err = measure.StartSelf("-ca", dir, "-serve", "names", "-port")
	if f.names, _, err = lab(5, p, err); err != nil {
		return err
	}
	p, err = measure.StartSelf("-serve", "floor", "-port")
	if p != nil {
		f.stop = append(f.stop, p.Stop)
	}
	if err != nil {
		return err
	}
	f.floor, err = newFloor(p)
	return err
}

func measureSignIns(binary string, n int) (err error) {
	f := &field{}
	defer func() {
		for _, stop := range f.stop {
			err = errors.Join(err, stop())
		}
	}()
	if err := f.start(binary); err != nil {
		return err
	}
	begun := time.Now()
	for range rounds {
		for _, s := range []*subject{f.floor, f.before, f.after, f.names} {
			if err := s.turn(max(1, n/rounds/s.share)); err != nil {
				return err
			}
		}
	}
	took := time.Since(begun)
	rss, err := f.after.p.RSS()
	if err != nil {
		return err
	}
	if err := f.load.signIns(256, 64); err != nil {
		return fmt.Errorf("64 at once: %w", err)
	}
	if err := f.load.inFlight(1000); err != nil {
		return fmt.Errorf("1,000 in flight: %w", err)
	}
	crowded, err := f.after.p.RSS()
	if err != nil {
		return err
	}
	title := fmt.Sprintf("%d sign-ins of %d people, 4 at a time, and fewer for comparison, in %s", f.after.done, people, took.Round(time.Second))
	return f.report(title, rss, crowded)
}

func (f *field) report(title string, rss, crowded float64) error {
	memory := budgetMemory
	if f.after.done < 10_000 {
		memory = 0 // says nothing
	}
	floor := f.floor.cpu()
	t := measure.NewTable(os.Stdout, title)
	t.Row("CPU, the floor: 4 signatures of crypto/rsa, 5 requests", floor, 0, "ms")
	t.Row("CPU per sign-in before: keys of two primes", f.before.cpu(), budgetCPU, "ms")
	t.Row("CPU per sign-in after: keys of eight primes", f.after.cpu(), budgetCPU, "ms")
	t.Row("the same with https and a host name per party", f.names.cpu(), 0, "ms")
	t.Row("before, ratio to the floor", f.before.cpu()/floor, budgetRatio, "")
	t.Row("after, ratio to the floor", f.after.cpu()/floor, budgetRatio, "")
	t.Row("after, ratio to the floor: the aim", f.after.cpu()/floor, aimRatio, "")
	t.Row(fmt.Sprintf("resident after %d", f.after.done), rss, memory, "MB")
	t.Row("resident with 1,000 in flight", crowded, 0, "MB")
	if err := t.Close(); err != nil {
		return err
	}
	fmt.Println("64 at once: no error. 1,000 in flight: no error.")
	return nil
}
