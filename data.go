package ssolab

import (
	"fmt"
	"os"
	"time"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store/bolt"
)

// Parts of the data file. Reset empties the first; keys and clock are in the second.
const (
	spaceState = "state"
	spaceLab   = "lab"
)

// openData opens the data directory, if the lab has one.
func (l *Lab) openData() error {
	if l.cfg.Data == "" {
		return nil
	}
	var err error
	l.data, err = bolt.Open(l.cfg.Data, bolt.Options{Program: "ssolab " + l.cfg.Version, Holder: processName()})
	return err
}

func processName() string { return fmt.Sprintf("process %d", os.Getpid()) }

// env is the lab's clock and keys: those of the data directory, or new ones.
func (l *Lab) env() (*lab.Env, error) {
	o := lab.Options{Now: l.cfg.Now, Keys: lab.FreshKeys{TwoPrimes: l.cfg.TwoPrimeKeys}}
	if l.data == nil {
		return lab.New(o), nil
	}
	l.data.Holder(fmt.Sprintf("%s, the lab at %s", processName(), l.plan().urls.Console))
	kept := l.data.Space(spaceLab, nil)
	clock := lab.KeptClock{Store: kept}
	var err error
	if o.Offset, err = clock.Offset(); err != nil {
		return nil, fmt.Errorf("data directory %s: %w", l.cfg.Data, err)
	}
	o.Moved = func(offset time.Duration) {
		if err := clock.Keep(offset); err != nil {
			l.cfg.Log.Error("the lab's clock was moved, and a restart will not know it", "offset", offset, "error", err)
		}
	}
	o.Keys = lab.KeptKeys{Store: kept, Maker: o.Keys}
	return lab.New(o), nil
}

func (l *Lab) closeData() error {
	if l.data == nil {
		return nil
	}
	return l.data.Close()
}
