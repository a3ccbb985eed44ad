package zoo_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	_ "github.com/sentsim/sentsim/simulator/history/sqlite" // the reference receiver needs it
)

// The test binary is a mutant as well, for those that need a server of their own.
func TestMain(m *testing.M) {
	if os.Getenv("SENTSIM_MUTANT") != "" {
		var cfg receiver.Config
		err := cfg.FromEnv(os.Getenv)
		if err == nil {
			err = mutant.Apply(&cfg, os.Getenv("SENTSIM_MUTANT"))
		}
		if err == nil {
			err = receiver.Serve(context.Background(), cfg, os.Stdout)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	flag.Parse()
	// These tests wait for state to settle more than they compute.
	if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue {
		_ = p.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0)))
	}
	os.Exit(m.Run())
}
