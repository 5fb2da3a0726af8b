package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/bench/internal/measure"
)

// profile signs in n times to a lab that writes its profiles to dir.
func profile(dir string, n int) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	p, err := measure.StartSelf("-profile", dir, "-serve", "profiled", "-port")
	if err != nil {
		return err
	}
	l, err := newLoad(p)
	if err == nil {
		err = l.signIns(n, 4)
	}
	return errors.Join(err, p.Stop())
}

// serveProfiled is serveLab with its profiles written to dir at its end.
func serveProfiled(cfg ssolab.Config, dir string) error {
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return err
	}
	defer cpu.Close()
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return err
	}
	return serveLab(cfg, func() error {
		pprof.StopCPUProfile()
		runtime.GC() // the heap profile is of the last collection
		return errors.Join(writeProfile(dir, "allocs"), writeProfile(dir, "heap"))
	})
}

func writeProfile(dir, name string) error {
	f, err := os.Create(filepath.Join(dir, name+".pprof"))
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup(name).WriteTo(f, 0), f.Close())
}
