package features_test

import (
	"os"
	"testing"
	"time"

	"github.com/sentsim/sentsim/features"
	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/gherkin"
	"github.com/sentsim/sentsim/scenarios/steps/sentside"
	_ "github.com/sentsim/sentsim/scenarios/target/container" // for SENTSIM_IMAGE and SENTSIM_DOCKERFILE
	_ "github.com/sentsim/sentsim/simulator/history/sqlite"   // the reference receiver needs it
)

// TestReceiver holds a receiver to the contract: the target that the
// environment names (SENTSIM_TARGET, SENTSIM_EXEC, SENTSIM_IMAGE,
// SENTSIM_DOCKERFILE, SENTSIM_CONFIG), or the embedded reference receiver.
func TestReceiver(t *testing.T) {
	flags := map[string]config.FlagValue{}
	named := false
	for _, name := range []string{"SENTSIM_TARGET", "SENTSIM_EXEC", "SENTSIM_CONFIG", "SENTSIM_IMAGE", "SENTSIM_DOCKERFILE"} {
		_, set := os.LookupEnv(name)
		named = named || set
	}
	if named {
		defer neverCached(t)
	} else {
		flags["embedded"] = config.FlagValue{"true"}
	}
	resolved, err := config.Load(config.Input{Flags: flags, Environ: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	scenarios.Verify(t, resolved.Config)
}

// neverCached keeps the go command from answering this test from its cache: it
// knows nothing of a receiver elsewhere, which may have changed. What opened a
// file of this module that is younger than two seconds is not kept.
func neverCached(t *testing.T) {
	t.Helper()
	const file = "features_test.go"
	now := time.Now()
	err := os.Chtimes(file, now, now)
	if err == nil {
		var f *os.File
		if f, err = os.Open(file); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		t.Logf("the go command may answer this test from its cache (use -count=1): %v", err)
	}
}

// TestSentSide runs what Sent's side owes: the simulator against a real endpoint.
func TestSentSide(t *testing.T) {
	all, err := gherkin.Load(features.FS, "simulator")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("there are no scenarios")
	}
	for _, sc := range all {
		t.Run(sc.Feature+"/"+sc.Name, func(t *testing.T) {
			res := sc.Run(t.Context(), sentside.Bind)
			for _, st := range res.Steps {
				t.Logf("%s %s", st.Keyword, st.Text)
			}
			if res.Err != nil {
				t.Errorf("%s:%d: %v", sc.File, sc.Line, res.Err)
			}
		})
	}
}
