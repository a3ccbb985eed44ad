package scenarios_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/target"
)

// zooConfig is a run against a mutant of the reference receiver.
func zooConfig(t *testing.T, mutant string) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Settle = 200 * time.Millisecond
	cfg.Probe = referenceProbe()
	file := filepath.Join(t.TempDir(), "receiver.db")
	cfg.Target = target.Spec{
		Name: "mutant " + mutant, Path: receiver.DefaultPath,
		Handler: func(env target.Env) (http.Handler, func() error, error) {
			r, err := receiver.New(receiver.Config{
				Secret: env.Secret.Reveal(), File: file, BaseURL: env.BaseURL, APIKey: env.APIKey, Mutant: mutant,
			})
			if err != nil {
				return nil, nil, err
			}
			return r, r.Close, nil
		},
	}
	return cfg
}
