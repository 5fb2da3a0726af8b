package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The marks around what ssolab writes into a hosts file. What stands outside of them is never touched.
const (
	hostsBegin = "# ssolab begin"
	hostsEnd   = "# ssolab end"
)

// hostsBlock has one line for each name and loopback address: resolvers that ask for one kind of address alone, and
// those that want both, are served.
func hostsBlock(names []string) string {
	var b strings.Builder
	b.WriteString(hostsBegin + "\n")
	for _, name := range names {
		b.WriteString("127.0.0.1 " + name + "\n::1 " + name + "\n")
	}
	b.WriteString(hostsEnd)
	return b.String()
}

// findBlock returns where the block begins and ends, without the end of its last line. No block is from == to == -1.
func findBlock(text string) (from, to int, err error) {
	from, to = -1, -1
	at, number := 0, 0
	for line := range strings.Lines(text) {
		number++
		switch strings.TrimSpace(line) {
		case hostsBegin:
			if from >= 0 {
				return -1, -1, fmt.Errorf("line %d begins a second block of ssolab", number)
			}
			from = at
		case hostsEnd:
			if from < 0 || to >= 0 {
				return -1, -1, fmt.Errorf("line %d has %q without %q before it", number, hostsEnd, hostsBegin)
			}
			to = at + len(strings.TrimSuffix(line, "\n"))
		}
		at += len(line)
	}
	if from >= 0 && to < 0 {
		return -1, -1, fmt.Errorf("there is %q without %q after it", hostsBegin, hostsEnd)
	}
	return from, to, nil
}

// withBlock puts the block in place of the one that text has, or at its end. A text without a line end at its end gets a
// block without one, by which withoutBlock knows.
func withBlock(text, block string) (string, error) {
	from, to, err := findBlock(text)
	switch {
	case err != nil:
		return "", err
	case from >= 0:
		return text[:from] + block + text[to:], nil
	case text == "" || strings.HasSuffix(text, "\n"):
		return text + block + "\n", nil
	}
	return text + "\n" + block, nil
}

// withoutBlock takes the block out: what remains is, byte for byte, what was there before it was put in.
func withoutBlock(text string) (string, error) {
	from, to, err := findBlock(text)
	switch {
	case err != nil || from < 0:
		return text, err
	case to < len(text):
		return text[:from] + text[to+1:], nil
	}
	return strings.TrimSuffix(text[:from], "\n"), nil
}

// changeFile gives a file new content, if it differs. Mode and owner stay. It is written in one step where that can be:
// not when it is mounted, as in containers, nor when nobody may make files beside it.
func changeFile(path string, change func(string) (string, error)) (changed bool, err error) {
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return false, err
	}
	old, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	content, err := change(string(old))
	if err != nil || content == string(old) {
		return false, err
	}
	err = replaceFile(path, content, os.Rename)
	if errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV) || notPermitted(err) {
		err = overwrite(path, content)
	}
	return true, err
}

// replaceFile writes a new file with the mode and owner of the old one and puts it in its place.
func replaceFile(path, content string, rename func(from, to string) error) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	// One may be allowed to replace a file without being allowed to write it: then the file's own modes count.
	probe, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := probe.Close(); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".ssolab-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	err = errors.Join(err, keepOwner(f, info), f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
	if err == nil {
		err = rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// overwrite writes into a file that is there: the new content first, then the cut.
func overwrite(path, content string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Truncate(int64(len(content))), f.Sync(), f.Close())
}

// notPermitted tells an error that another user would not get.
func notPermitted(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
