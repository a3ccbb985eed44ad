package main

import (
	"testing"

	"github.com/sentsim/sentsim/scenarios/config"
)

// Every flag that the configuration understands can be given.
func TestVerifyAndConfigHaveEveryFlag(t *testing.T) {
	t.Parallel()
	a := &app{}
	for _, name := range config.FlagNames() {
		for _, cmd := range a.root().Commands() {
			if cmd.Name() != "verify" && cmd.Name() != "config" {
				continue
			}
			f := cmd.Flags().Lookup(name)
			if f == nil {
				t.Errorf("%s has no flag --%s", cmd.Name(), name)
				continue
			}
			if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
				t.Errorf("%s --%s has the default %q of its own: defaults are config's", cmd.Name(), name, f.DefValue)
			}
		}
	}
}
