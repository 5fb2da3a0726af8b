package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// portOwner finds the process that listens on a TCP port, as far as the proc file system under root tells. Processes of
// other people hide their sockets; then, and on systems without /proc, ok is false.
func portOwner(root string, port int) (pid int, name string, ok bool) {
	var sockets []string
	for _, table := range []string{"tcp", "tcp6"} {
		data, err := os.ReadFile(filepath.Join(root, "net", table))
		if err == nil {
			sockets = append(sockets, listeningSockets(string(data), port)...)
		}
	}
	if len(sockets) == 0 {
		return 0, "", false
	}
	fds, _ := filepath.Glob(filepath.Join(root, "[0-9]*", "fd", "*"))
	for _, fd := range fds {
		to, err := os.Readlink(fd)
		if err != nil || !slices.Contains(sockets, to) {
			continue
		}
		process := filepath.Dir(filepath.Dir(fd))
		if pid, err = strconv.Atoi(filepath.Base(process)); err != nil {
			continue
		}
		comm, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil {
			return pid, "name unknown", true
		}
		return pid, strings.TrimSpace(string(comm)), true
	}
	return 0, "", false
}

// listeningSockets reads the table of proc_pid_net(5): local address in field 1, state in 3 (0A listens), inode in 9.
func listeningSockets(table string, port int) []string {
	var out []string
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 10 || f[3] != "0A" {
			continue
		}
		_, hex, _ := strings.Cut(f[1], ":")
		if p, err := strconv.ParseUint(hex, 16, 16); err == nil && int(p) == port {
			out = append(out, "socket:["+f[9]+"]")
		}
	}
	return out
}
