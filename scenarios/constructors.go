package scenarios

import (
	"net/http"

	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Handler is the configuration for a receiver inside this process. h is called
// with the signing secret, and again whenever a rule restarts the receiver or
// gives it another secret.
func Handler(h func(secret string) http.Handler) Config {
	cfg := DefaultConfig()
	cfg.Target.Handler = func(env target.Env) (http.Handler, func() error, error) {
		return h(env.Secret.Reveal()), nil, nil
	}
	return cfg
}

// URL is the configuration for a receiver that runs already: where its webhook
// is, and what it verifies with. A secret that is none is an error of Run.
func URL(url, secret string) Config {
	cfg := DefaultConfig()
	cfg.Target.URL = url
	cfg.Secret, cfg.invalid = signing.ParseSecret(secret)
	return cfg
}

// Exec is the configuration for a receiver that a command starts. It finds PORT
// and SENT_DM_WEBHOOK_SECRET in its environment.
func Exec(command string) Config {
	cfg := DefaultConfig()
	cfg.Target.Exec = command
	return cfg
}

// Image is the configuration for a receiver in a container of that image, which
// exposes one port. It finds PORT and SENT_DM_WEBHOOK_SECRET in its environment.
//
// Containers are a package of their own, which the test imports:
//
//	import _ "github.com/sentsim/sentsim/scenarios/target/container"
func Image(ref string) Config {
	cfg := DefaultConfig()
	cfg.Target.Image = ref
	return cfg
}

// Dockerfile is Image for one that is built for the run, of the Dockerfile in
// dir. It needs the same import.
func Dockerfile(dir string) Config {
	cfg := DefaultConfig()
	cfg.Target.Dockerfile = dir
	return cfg
}
