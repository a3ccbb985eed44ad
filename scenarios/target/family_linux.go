package target

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// looks is how often a process is looked at that may be starting a program: for that
// moment its environment is empty, or nobody may read it.
const looks = 20

// family are the processes that have a mark in their environment, and those that
// they have started: a process inherits it wherever it goes, into a group or a
// session of its own, and when its parent has ended.
func family(mark string) (pids []int) {
	if mark == "" {
		return nil
	}
	marked, buffer := map[int]bool{}, make([]byte, mostEnviron)
	children := map[int][]int{}
	_, ours := ancestry("/proc/self")
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for look := 0; len(folders) > 0 && look < looks; look++ {
		if look > 0 {
			waitFor(nil, time.Millisecond)
		}
		var unread []string
		for _, folder := range folders {
			pid, err := strconv.Atoi(filepath.Base(folder))
			if err != nil || pid == os.Getpid() {
				continue
			}
			parent, started := ancestry(folder)
			if parent == 0 || started < ours {
				continue // gone, or older than what we started
			}
			if look == 0 {
				children[parent] = append(children[parent], pid)
			}
			environ, err := readAtOnce(folder+"/environ", buffer)
			switch {
			case err != nil || len(environ) == 0:
				unread = append(unread, folder)
			case bytes.Contains(environ, []byte("\x00"+mark+"\x00")) || bytes.HasPrefix(environ, []byte(mark+"\x00")):
				marked[pid] = true
				pids = append(pids, pid)
			}
		}
		folders = unread
	}
	for at := 0; at < len(pids); at++ { // it grows
		for _, child := range children[pids[at]] {
			if !marked[child] {
				marked[child] = true
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// mostEnviron is as much as Linux lets a process have of arguments and environment with
// the usual limit on its stack.
const mostEnviron = 2 << 20

// readAtOnce reads a file with one call: of a process that starts a program between two
// of them, the second finds the end.
func readAtOnce(name string, buffer []byte) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := f.Read(buffer)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return buffer[:n], err
}

// ancestry reads a process's parent and when it was started, in ticks since the
// machine was, from "1234 (the name) S 1 …". The parent of one that is gone is 0.
func ancestry(folder string) (parent, started int) {
	stat, err := os.ReadFile(folder + "/stat")
	if err != nil {
		return 0, 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 || string(fields[0]) == "Z" {
		return 0, 0
	}
	parent, _ = strconv.Atoi(string(fields[1]))
	started, _ = strconv.Atoi(string(fields[19]))
	return parent, started
}

// exiting is the flag of a process that has begun to exit (PF_EXITING).
const exiting = 0x4

// ending reports whether a process of that group, or one of those beside it, has begun to
// exit. Its connections break before it is gone.
func ending(group int, beside []int) bool {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		stat, err := os.ReadFile(name) // "1234 (the name) S parent group session terminal foreground flags …"
		if err != nil {
			continue
		}
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if len(fields) < 18 || !slices.Contains(beside, pid) && (group == 0 || string(fields[2]) != strconv.Itoa(group)) {
			continue
		}
		flags, _ := strconv.Atoi(string(fields[6]))
		// Only what we have started is waited for by us; others may leave theirs unburied, of
		// which one thread is left.
		if leads := pid == group; flags&exiting != 0 && (leads || string(fields[0]) != "Z" || string(fields[17]) != "1") {
			return true
		}
	}
	return false
}

// signalFamily sends a signal to those that are not in the group. A second SIGTERM
// would mean more than the first.
func signalFamily(mark string, group int, sig syscall.Signal) {
	for _, pid := range family(mark) {
		if of, err := syscall.Getpgid(pid); err == nil && of != group {
			_ = syscall.Kill(pid, sig)
		}
	}
}

// killFamily ends them. One may start another meanwhile, so it looks again.
func killFamily(mark string) {
	for range 5 {
		pids := family(mark)
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		for _, pid := range pids {
			// Where we are the first process, as in a container, orphans are ours to reap.
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}
	}
}
