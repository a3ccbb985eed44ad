package main

import (
	"cmp"
	"io"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal is one that nobody sits at.
func terminal(t *testing.T, columns uint16) *os.File {
	t.Helper()
	const noTerminal = "this machine gives out no terminals"
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("%s: %v", noTerminal, err)
	}
	t.Cleanup(func() { _ = master.Close() })
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skipf("%s: %v", noTerminal, err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("%s: %v", noTerminal, err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 25, Col: columns}); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("%s: %v", noTerminal, err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return tty
}

func TestColourIsForTerminals(t *testing.T) {
	t.Parallel()
	tty := terminal(t, 72)
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	for _, tt := range []struct {
		name    string
		when    string
		w       io.Writer
		plain   bool
		environ []string
		color   bool
		width   int
	}{
		{"always", "always", file, true, []string{"NO_COLOR=1"}, true, 100},
		{"never", "never", tty, false, nil, false, 72},
		{"a terminal", "", tty, false, []string{"TERM=xterm"}, true, 72},
		{"an empty NO_COLOR says nothing", "", tty, false, []string{"NO_COLOR="}, true, 72},
		{"NO_COLOR", "", tty, false, []string{"NO_COLOR=1"}, false, 72},
		{"a dumb terminal", "", tty, false, []string{"TERM=dumb"}, false, 72},
		{"--output plain", "", tty, true, nil, false, 100},
		{"a file", "", file, false, nil, false, 100},
		{"no file at all", "", io.Discard, false, nil, false, 100},
		{"a terminal without a size", "", terminal(t, 0), false, nil, true, 100},
	} {
		a := &app{invocation{environ: tt.environ}}
		if o := a.style(tt.w, tt.plain, cmp.Or(tt.when, "auto")); o.Color != tt.color || o.Width != tt.width {
			t.Errorf("%s: colour %v, width %d; want %v, %d", tt.name, o.Color, o.Width, tt.color, tt.width)
		}
	}
}
