// Command screenshots takes the pictures of the documentation from a running lab: the sample app's login page, the
// simulator, the claims, the console and a sign-in drawn by it, each 1280 by 800, light.
//
//	go run ./e2e/screenshots -dir docs/img
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/e2e"
)

func main() {
	dir := flag.String("dir", "docs/img", "the `directory` to write to")
	base := flag.Int("port-base", ssolab.DefaultPortBase, "first of the lab's five `ports`, which the pictures show; 0 takes free ones")
	flag.Parse()
	if err := take(*dir, *base); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func take(dir string, base int) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	lab, err := ssolab.New(ssolab.Config{PortBase: base})
	if err != nil {
		return err
	}
	if err := lab.Start(context.Background()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	browser, err := e2e.StartBrowser(e2e.BrowserOptions{})
	if err != nil {
		return err
	}
	defer browser.Close()
	tab, err := browser.NewTab()
	if err != nil {
		return err
	}
	defer tab.Close()
	defer func() { // what a page misses ends the tour by a panic with that error
		if v, ok := recover().(missing); ok {
			err = errors.Join(err, v)
		}
	}()
	return tour(lab.URLs(), tab, func(name string) {
		png, err := tab.Screenshot()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
		}
		if err != nil {
			panic(missing{err})
		}
		fmt.Println(filepath.Join(dir, name+".png"))
	})
}

func tour(urls ssolab.URLs, tab *e2e.Tab, picture func(name string)) error {
	if err := tab.Resize(1280, 800); err != nil {
		return err
	}
	person := e2e.NewPerson(strict{}, tab)
	login := person.OpensApp(urls.App)
	picture("login")
	simulator := login.SignsInAs("john@example.com").SeesSimulator()
	picture("simulator")
	claims := simulator.Submits().SeesClaims()
	picture("claims")
	claims.OpensTrace()
	picture("signin")
	person.OpensConsole(urls.Console)
	picture("console")
	return nil
}

// strict ends the tour at the first thing that is not as it should be.
type strict struct{}

func (strict) Helper() {}

func (strict) Fatalf(format string, args ...any) { panic(missing{fmt.Errorf(format, args...)}) }

type missing struct{ error }
