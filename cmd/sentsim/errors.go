package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/nearest"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/signing"
)

// statusBroken is for what was asked and answered with no, statusTrouble for
// what is nobody's fault but ours or this machine's.
const (
	statusBroken  = report.ExitBroken
	statusTrouble = report.ExitErrored
)

// usageError is a command line that cannot be understood.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// exitError ends the program with a status. With no error in it, everything has
// been said.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func exit(status int, err error) error {
	if status == 0 && err == nil {
		return nil
	}
	return &exitError{status, err}
}

// report prints what went wrong, and is the exit status: 2 unless the error says
// otherwise.
func (a *app) report(cmd *cobra.Command, err error) int {
	if err == nil {
		return 0
	}
	var stop *signalled
	if errors.As(err, &stop) { // what it was about when it was stopped is of no interest
		a.complain(stop)
		return stop.status
	}
	status := scenarios.ExitUsage
	if isFull(err) {
		status = statusTrouble
	}
	var e *exitError
	if errors.As(err, &e) {
		status = e.status
		if e.err == nil {
			return status
		}
	}
	a.complain(err)
	var u *usageError
	if errors.As(err, &u) {
		fmt.Fprintf(a.stderr, "see %s --help\n", cmd.CommandPath())
	}
	return status
}

// isFull reports whether err is a disk's that takes nothing more.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) || errors.Is(err, syscall.EIO)
}

// listenError is why nothing can listen there: an address that there is not is the
// user's mistake, one that is taken is not.
func listenError(err error) error {
	var address *net.AddrError
	var name *net.DNSError
	if errors.As(err, &address) || errors.As(err, &name) || errors.Is(err, syscall.EADDRNOTAVAIL) {
		return usage("--listen: %v", err)
	}
	return exit(statusTrouble, fmt.Errorf("%w (choose another address with --listen)", err))
}

// complain prints err, each line of it as an error of ours. It never shows a
// secret, whatever somebody mistook for a flag or a path.
func (a *app) complain(err error) {
	for line := range strings.Lines(report.Printable(inWords(err))) {
		fmt.Fprintf(a.stderr, "sentsim: %s\n", strings.TrimRight(line, "\n"))
	}
}

// inWords is an error's text. Where the system could not open or write a file, it
// names the file and what to do instead of the system call and its error.
func inWords(err error) string {
	text := err.Error()
	var path *fs.PathError
	if !errors.As(err, &path) {
		return text
	}
	said := path.Path + ": " + path.Err.Error()
	switch info, statErr := os.Stat(path.Path); {
	case errors.Is(path.Err, fs.ErrNotExist) && !exists(filepath.Dir(path.Path)):
		said = "there is no folder " + filepath.Dir(path.Path) + ": check the name, or make the folder first"
	case errors.Is(path.Err, fs.ErrNotExist):
		said = "there is no file " + path.Path + ": check its name, and the folder that sentsim runs in"
	case errors.Is(path.Err, fs.ErrExist):
		said = "there is a file " + path.Path + " already: name another, or remove it first"
	case errors.Is(path.Err, fs.ErrPermission):
		said = path.Path + " is not open to this user: change its permissions, or name another file"
	case statErr == nil && info.IsDir():
		said = path.Path + " is a folder: name a file in it"
	}
	return strings.Replace(text, path.Error(), said, 1)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// bug tells of a panic without its stack trace, which means nothing to a user.
func (a *app) bug(panicked any) int {
	a.complain(fmt.Errorf("this is a mistake in sentsim %s, not in the receiver: %v; please report it, with the command", thisBuild().version, panicked))
	return statusTrouble
}

// targetTrouble tells why a target could not be reached or started, with the last
// that it said.
func (a *app) targetTrouble(e *scenarios.TargetError) {
	text, _, _ := strings.Cut(e.Error(), "\n")
	a.complain(errors.New(text))
	if len(e.Log) == 0 {
		return
	}
	fmt.Fprintln(a.stderr, "last lines of the target's output:")
	for _, line := range e.Log {
		fmt.Fprintf(a.stderr, "  %s\n", strings.TrimRight(report.Printable(line), "\n"))
	}
}

// flagError puts pflag's errors into our words.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return usage("unknown flag -%s", unknown.GetSpecifiedName())
	case errors.As(err, &unknown):
		return usage("unknown flag --%s%s", unknown.GetSpecifiedName(), nearestFlag(cmd, unknown.GetSpecifiedName()))
	case errors.As(err, &invalid):
		return usage("--%s: %q is not what it takes (%s)", invalid.GetFlag().Name, invalid.GetValue(), invalid.GetFlag().Value.Type())
	case errors.Is(err, pflag.ErrHelp):
		return err
	}
	return usage("%v", err)
}

// nearestFlag offers the flag that was meant, or the commands that have it.
func nearestFlag(cmd *cobra.Command, name string) string {
	var known, owners []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	for _, c := range cmd.Root().Commands() {
		if c != cmd && c.Flags().Lookup(name) != nil {
			owners = append(owners, c.Name())
		}
	}
	if len(owners) > 0 {
		return ", which is one of " + strings.Join(owners, ", ")
	}
	if found := nearest.Name(name, known); found != "" {
		return fmt.Sprintf(", did you mean --%s?", found)
	}
	return ""
}

// noArgs refuses arguments, and says where they most likely belong.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	switch {
	case strings.Contains(args[0], signing.SecretPrefix):
		return usage("unexpected argument, did you mean --secret?") // which must not be printed
	case cmd.Flags().Lookup("target") != nil && strings.Contains(args[0], "://"):
		hint = ", did you mean --target " + args[0] + "?"
	}
	return usage("unexpected argument %q%s", args[0], hint)
}

// atMostOne takes an argument, or none.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return noArgs(cmd, args[1:])
}
