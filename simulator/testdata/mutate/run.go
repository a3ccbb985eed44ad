package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// suite is a compiled test binary and how it is run.
type suite struct {
	bin     string
	dir     string // the tests' working folder
	args    []string
	timeout time.Duration
}

// run gives every mutant its fate.
func (s *session) run(ctx context.Context, o options, progress io.Writer) error {
	tmp, err := os.MkdirTemp("", "sentsim-mutate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for i, p := range s.pkgs {
		dir := filepath.Join(tmp, strconv.Itoa(i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := s.runPackage(ctx, o, p, dir, progress); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

func (s *session) runPackage(ctx context.Context, o options, p *pkg, tmp string, progress io.Writer) error {
	var together, apart []*mutant
	for _, m := range s.mutants {
		switch {
		case m.pkg != p || m.fate == stillborn:
		case m.shares():
			together = append(together, m)
		default:
			apart = append(apart, m)
		}
	}
	fmt.Fprintf(progress, "%s: %d mutants in one binary, %d compiled one by one\n", p.dir, len(together), len(apart))
	testDirs := append([]string{p.dir}, p.extra...)
	suites := make([]suite, 0, len(testDirs))
	for i, dir := range testDirs {
		b := &builder{root: s.root, dir: filepath.Join(tmp, fmt.Sprintf("shared%d", i))}
		if err := os.Mkdir(b.dir, 0o700); err != nil {
			return err
		}
		bin, err := b.shared(ctx, p, together, dir)
		if err != nil {
			return err
		}
		base := suite{bin: bin, dir: filepath.Join(s.root, dir), timeout: o.timeout}
		base.args = append([]string{"-test.failfast", "-test.timeout=0"}, base.rapidFlags(ctx)...) // the time limit is ours
		for _, su := range base.stages(p, dir, o) {
			if su, err = su.withoutMutant(ctx, o.timeout); err != nil {
				return fmt.Errorf("%s: %w", dir, err)
			}
			suites = append(suites, su)
		}
	}
	return inParallel(o.jobs, append(together, apart...), func(m *mutant) error {
		return s.judge(ctx, o, m, suites, tmp, progress)
	})
}

// stages says which tests of dir run, in which order: a package's own quick ones
// come first.
func (su suite) stages(p *pkg, dir string, o options) []suite {
	run, skip := "", o.skip
	if dir == p.dir {
		run, skip = p.tests, strings.Trim(p.skip+"|"+o.skip, "|")
	}
	if dir != p.dir || p.first == "" {
		return []suite{su.only(run, skip)}
	}
	return []suite{su.only(p.first, skip), su.only(run, strings.Trim(p.first+"|"+skip, "|"))}
}

// only is the suite with -test.run and -test.skip.
func (su suite) only(run, skip string) suite {
	su.args = slices.Clone(su.args)
	if run != "" {
		su.args = append(su.args, "-test.run="+run)
	}
	if skip != "" {
		su.args = append(su.args, "-test.skip="+skip)
	}
	return su
}

// judge runs the tests against one mutant until one of them objects.
func (s *session) judge(ctx context.Context, o options, m *mutant, suites []suite, tmp string, progress io.Writer) error {
	if ctx.Err() != nil {
		return nil // stays "not judged"
	}
	b := &builder{root: s.root, dir: filepath.Join(tmp, "m"+strconv.Itoa(m.id))}
	defer os.RemoveAll(b.dir)
	result := survived
	bin := "" // of a mutant compiled alone, and the folder it tests
	for i, su := range suites {
		if !m.shares() && i > 0 && su.dir == suites[i-1].dir {
			su.bin = bin
		} else if !m.shares() {
			if err := os.MkdirAll(b.dir, 0o700); err != nil {
				return err
			}
			var err error
			bin, err = b.alone(ctx, m, strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(su.dir, s.root)), "/"))
			if err != nil {
				result = stillborn
				break
			}
			su.bin = bin
		}
		f, _, err := su.test(ctx, m.id)
		if err != nil {
			return err
		}
		if result = f; f != survived {
			break
		}
	}
	if ctx.Err() != nil {
		return nil // cut short: what the tests said is not about the mutant
	}
	m.fate = result
	if o.verbose {
		fmt.Fprintf(progress, "%-16s %s\n", m.fate, m.describe())
	}
	return nil
}

// withoutMutant checks that the tests pass as the code stands and sets the time
// limit by how long that takes.
func (su suite) withoutMutant(ctx context.Context, limit time.Duration) (suite, error) {
	su.timeout = 5 * time.Minute
	started := time.Now()
	f, out, err := su.test(ctx, 0)
	if err != nil {
		return su, err
	}
	if f != survived {
		return su, fmt.Errorf("the tests fail without any mutant:\n%s", out)
	}
	su.timeout = min(limit, 5*time.Second+5*time.Since(started))
	return su, nil
}

// test runs the binary as the mutant with that id (0: none).
func (su suite) test(ctx context.Context, id int) (fate, string, error) {
	inner, cancel := context.WithTimeout(ctx, su.timeout)
	defer cancel()
	// The limit on memory, where the shell knows one, stops a loop that lost
	// its end before it takes the machine with it.
	args := append([]string{"-c", `ulimit -v 4194304 2>/dev/null; exec "$0" "$@"`, su.bin}, su.args...)
	cmd := exec.CommandContext(inner, "sh", args...)
	cmd.Dir = su.dir
	cmd.Env = append(os.Environ(), variable+"="+strconv.Itoa(id))
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return notJudged, "", nil
	case inner.Err() != nil:
		return timedOut, tail(out.String()), nil
	case err == nil && strings.Contains(out.String(), "no tests to run"):
		return notJudged, "", errors.New("no test matches the pattern in targets.go")
	case err == nil:
		return survived, "", nil
	case errors.As(err, &exit):
		return killed, tail(out.String()), nil
	}
	return notJudged, "", fmt.Errorf("running the tests: %w", err)
}

// rapidFlags keep property tests from writing failures into the work tree, from
// taking time to shrink what nobody will read, and from drawing differently
// each time.
func (su suite) rapidFlags(ctx context.Context) []string {
	out, err := exec.CommandContext(ctx, su.bin, "-help").CombinedOutput()
	if err != nil && !bytes.Contains(out, []byte("-rapid.nofailfile")) {
		return nil
	}
	if !bytes.Contains(out, []byte("-rapid.nofailfile")) {
		return nil
	}
	return []string{"-rapid.nofailfile", "-rapid.shrinktime=0s", "-rapid.seed=1"}
}

func tail(s string) string {
	const most = 4000
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}

// inParallel calls f for each mutant, n at a time, and returns the first error.
func inParallel(n int, ms []*mutant, f func(*mutant) error) error {
	queue := make(chan *mutant)
	errs := make(chan error, len(ms))
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for m := range queue {
				if err := f(m); err != nil {
					errs <- err
				}
			}
		})
	}
	for _, m := range ms {
		queue <- m
	}
	close(queue)
	wg.Wait()
	close(errs)
	return <-errs // nil when none
}
