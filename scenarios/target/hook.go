package target

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"

	"github.com/sentsim/sentsim/scenarios/target/internal/output"
	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
	"github.com/sentsim/sentsim/simulator/clock"
)

// run runs one hook, within the start timeout. Its errors are ours: they say
// nothing of the receiver.
func (t *urlTarget) run(ctx context.Context, key string, hook Hook, env Env) error {
	within, cancel := context.WithTimeout(ctx, t.spec.StartTimeout)
	defer cancel()
	var err error
	if hook.URL != "" {
		err = t.post(within, key, hook.URL, env)
	} else {
		err = t.command(within, hook.Exec, env)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// post tells a URL.
func (t *urlTarget) post(ctx context.Context, key, hookURL string, env Env) error {
	payload := map[string]string{}
	if key == "rotate" {
		payload["secret"] = env.Secret.Reveal()
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	u, err := parseTargetURL(hookURL)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	u.RawQuery = "" // may be a token
	// A round trip rather than a client: the secret follows no redirect.
	resp, err := (&http.Transport{DisableKeepAlives: true, TLSClientConfig: t.tls}).RoundTrip(req)
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("POST %s: no answer within %s", u, t.spec.StartTimeout)
		}
		return fmt.Errorf("POST %s: %w", u, reach.Reason(err))
	}
	defer func() { _ = resp.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, output.ReadLine)) // for the log only
	_, _ = t.out.Write(said)
	t.out.EndLine()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("POST %s answered %d", u, resp.StatusCode)
	}
	return nil
}

// command tells a command.
func (t *urlTarget) command(ctx context.Context, line string, env Env) error {
	environ := childEnv(os.Environ(), env, 0, nil, nil)
	c, err := parseCommand(line, lookup(environ))
	if err != nil {
		return err
	}
	path, err := c.program("")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, c.args[1:]...)
	cmd.Args[0] = c.args[0]
	cmd.Env = append(environ, c.env...)
	mark := t.out.Mark()
	p, err := startProcess(cmd, "", t.out, stopGrace) // it may start a receiver that is to stay
	if err != nil {
		return startError(path, err)
	}
	if (clock.Real{}).Wait(ctx, p.done) != nil {
		err = fmt.Errorf("%s was not done within %s", c.args[0], t.spec.StartTimeout)
	}
	if stopErr := p.stop(); stopErr != nil {
		return stopErr
	}
	t.out.EndLine()
	if err == nil && !p.cmd.ProcessState.Success() {
		err = fmt.Errorf("%s ended with %s; %s", c.args[0], p.ended(), output.Last(t.out.Since(mark)))
	}
	return err
}
