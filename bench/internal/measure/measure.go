// Package measure starts a lab as a process of its own and reads what the system says of it.
package measure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// Process is a running `ssolab up`, or another server.
type Process struct {
	Base    int // the console's port; the others follow
	Started time.Time
	cmd     *exec.Cmd
	stderr  *strings.Builder
}

// StartLab starts `ssolab up` on free ports, with further flags. It does not wait until it answers.
func StartLab(binary string, flags ...string) (*Process, error) {
	path, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	base, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	p, err := Start(path, append([]string{"up", "--port-base", strconv.Itoa(base)}, flags...)...)
	if p != nil {
		p.Base = base
	}
	return p, err
}

// StartSelf starts this program as a server: with these arguments and, after them, the first of five free ports. It does not
// wait until it answers.
func StartSelf(args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	base, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	p, err := Start(self, append(args, strconv.Itoa(base))...)
	if p != nil {
		p.Base = base
	}
	return p, err
}

// Start starts any program.
func Start(name string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(name, args...), stderr: &strings.Builder{}}
	p.cmd.Stderr = p.stderr
	p.Started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// Stop ends the process and waits for it.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

// URL is an address of a party by its place: 0 console, 1 Cognito, 2 Scalekit, 3 sample app, 4 identity providers.
func (p *Process) URL(party int, path string) string {
	return fmt.Sprintf("http://127.0.0.1:%d%s", p.Base+party, path)
}

// Await asks for an address again and again until it answers 200, and tells how long after the start that was.
func (p *Process) Await(address string, limit time.Duration) (time.Duration, error) {
	client := &http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		resp, err := client.Get(address)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(p.Started), nil
			}
			err = errors.New(resp.Status)
		}
		if time.Since(p.Started) > limit {
			return 0, fmt.Errorf("%s did not answer in %s: %w; it said: %s", address, limit, err, p.stderr)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// Env are the variables that the lab gives to an app.
func (p *Process) Env() (map[string]string, error) {
	resp, err := http.Get(p.URL(0, "/api/v1/env"))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var out map[string]string
	return out, json.NewDecoder(resp.Body).Decode(&out)
}

// RSS is the resident memory of the process in megabytes of 10^6 bytes.
func (p *Process) RSS() (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb * 1024 / 1e6, err
		}
	}
	return 0, errors.New("no VmRSS in /proc")
}

// CPU is the processor time that the process has used, in all threads, user and system.
func (p *Process) CPU() (time.Duration, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, name := range threads { // nanoseconds, where /proc/…/stat has ticks of 10 ms
		data, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		ns, err := strconv.ParseInt(strings.Fields(string(data))[0], 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ns)
	}
	if len(threads) == 0 {
		return 0, errors.New("no schedstat in /proc; this needs Linux")
	}
	return total, nil
}

// freePorts finds the first of n consecutive ports that are free.
func freePorts(n int) (int, error) {
	for base := 21000; base < 60000; base += n {
		var open []net.Listener
		for i := range n {
			l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+i)))
			if err != nil {
				break
			}
			open = append(open, l)
		}
		for _, l := range open {
			_ = l.Close()
		}
		if len(open) == n {
			return base, nil
		}
	}
	return 0, fmt.Errorf("no %d free ports in a row", n)
}

// Median is the middle of some durations.
func Median(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// Table is figures beside their budgets.
type Table struct {
	w *tabwriter.Writer
}

// NewTable begins a table.
func NewTable(out io.Writer, title string) *Table {
	t := &Table{tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)}
	_, _ = fmt.Fprintf(out, "%s\n", title)
	_, _ = fmt.Fprint(t.w, "figure\tmeasured\tbudget\tratio\t\n")
	return t
}

// Row adds a figure. A budget of 0 means that there is none.
func (t *Table) Row(figure string, measured, budget float64, unit string) {
	unit = strings.TrimRight(" "+unit, " ")
	if budget == 0 {
		_, _ = fmt.Fprintf(t.w, "%s\t%.2f%s\t\t\t\n", figure, measured, unit)
		return
	}
	mark := ""
	if measured > budget {
		mark = " over"
	}
	_, _ = fmt.Fprintf(t.w, "%s\t%.2f%s\t%.4g%s\t%.2f%s\t\n", figure, measured, unit, budget, unit, measured/budget, mark)
}

// Close writes the table.
func (t *Table) Close() error { return t.w.Flush() }
