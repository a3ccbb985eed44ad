package weight_test

import (
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/history"
)

const our = "github.com/sentsim/sentsim"

// modulesOf are the modules that a package brings into the go.mod of one that imports
// it, with a package of each, on whatever system: those that `go mod tidy` would write.
func modulesOf(t *testing.T, pkg string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, system := range []string{"linux", "darwin", "windows"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{$.ImportPath}}{{end}}", pkg)
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				t.Fatalf("%v\n%s", err, exit.Stderr)
			}
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			if module, of, ok := strings.Cut(strings.TrimSpace(line), " "); ok && module != our {
				found[module] = of
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("go list names no module that %s needs", pkg)
	}
	return found
}

// TestModules: a test that calls scenarios.Verify on a handler, and a program that
// only simulates, do not pay for what they do not use.
func TestModules(t *testing.T) {
	for _, c := range []struct {
		pkg  string
		most int
	}{
		{our + "/scenarios", 25},
		{our + "/simulator", 8},
	} {
		t.Run(strings.TrimPrefix(c.pkg, our+"/"), func(t *testing.T) {
			modules := modulesOf(t, c.pkg)
			names := slices.Sorted(maps.Keys(modules))
			t.Logf("%d modules", len(names))
			if len(names) > c.most {
				t.Errorf("%d modules come with it, and %d may:\n  %s", len(names), c.most, strings.Join(names, "\n  "))
			}
			for _, name := range names {
				for _, heavy := range []string{"testcontainers/", "moby/", "docker/", "modernc.org/", "prometheus/", "google.golang.org/protobuf"} {
					if strings.Contains(name+"/", heavy) {
						t.Errorf("%s comes with it, for its %s: what needs that belongs into a package that is imported by name", name, modules[name])
					}
				}
			}
		})
	}
}

// TestWhatIsNotImported: the error says which line to add.
func TestWhatIsNotImported(t *testing.T) {
	const (
		containers = `add import _ "github.com/sentsim/sentsim/scenarios/target/container"`
		sqlite     = `add import _ "github.com/sentsim/sentsim/simulator/history/sqlite"`
	)
	file := filepath.Join(t.TempDir(), "data.db")
	run := func(cfg scenarios.Config) error {
		_, err := scenarios.Run(t.Context(), cfg)
		return err
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"an image", run(scenarios.Image("my-receiver:ci")), containers},
		{"a Dockerfile", run(scenarios.Dockerfile(".")), containers},
		{"the embedded receiver", run(scenarios.Config{Embedded: true}), sqlite},
		{"a data file", func() error { _, err := history.OpenSQLite(t.Context(), file, 0); return err }(), sqlite},
		{"the reference receiver", func() error { _, err := receiver.OpenStore(t.Context(), file); return err }(), sqlite},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, c.err, c.want)
		}
		if c.err != nil && strings.Contains(c.err.Error(), "\n") {
			t.Errorf("%s: several lines: %v", c.name, c.err)
		}
	}
	if _, err := target.New(target.Spec{Image: "x"}); !errors.Is(err, target.ErrNoContainers) {
		t.Errorf("%v is not ErrNoContainers", err)
	}
	if _, err := history.OpenSQLite(t.Context(), file, 0); !errors.Is(err, history.ErrNoDriver) {
		t.Errorf("%v is not ErrNoDriver", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a file was made all the same")
	}
}

// A handler is verified without any of it.
func TestHandler(t *testing.T) {
	cfg := scenarios.Handler(func(string) http.Handler { return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}) })
	cfg.Rules = []string{"SIG-1", "SIG-2"}
	rep, err := scenarios.Run(t.Context(), cfg, scenarios.WithVersion("v9.9.9"))
	if err != nil {
		t.Fatal(err)
	}
	if rep.Sentsim != "v9.9.9" {
		t.Errorf("judged by version %q", rep.Sentsim)
	}
	got := map[string]report.Verdict{}
	for _, r := range rep.Rules {
		got[r.ID] = r.Verdict
	}
	if got["SIG-1"] != report.Passed || got["SIG-2"] != report.Failed {
		t.Errorf("a receiver that takes everything: %v", got)
	}
}
