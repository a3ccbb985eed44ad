package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/clock"
)

type resendOptions struct {
	server, apiKey, since, status, webhook string
}

func (a *app) resendCommand() *cobra.Command {
	var o resendOptions
	cmd := &cobra.Command{
		Use:   "resend [ID…] [flags]",
		Short: "have a running sentsim serve deliver events again",
		Long: `Has a sentsim serve that runs deliver events again, the same bodies as then. An ID is
that of a delivery, as serve prints it and the dashboard shows it; its beginning is enough.
With --since, all deliveries that are over and were made since then, the oldest first, but
for those of webhooks that are not active.`,
		Example: `  sentsim resend 5bf05f37
  sentsim resend --since 10m --status FAILED
  sentsim resend --since 2026-11-28T12:00:00Z --webhook 7ba7b820-9dad-11d1-80b4-00c04fd430c8`,
		Annotations: map[string]string{helpEnvironment: `  SENT_BASE_URL                  where sentsim serve is, as --server
  SENTSIM_API_KEY, SENT_DM_API_KEY   as --api-key
`, helpStatuses: "  0  they are on their way\n  1  there is no such delivery, or nothing to resend\n  2  usage\n  3  no sentsim serve answers there\n"},
		RunE: func(cmd *cobra.Command, args []string) error { return a.resend(cmd.Context(), args, o) },
	}
	group(cmd, "Deliveries", func(f *pflag.FlagSet) {
		f.StringVar(&o.since, "since", "", "all that were made since a `TIME`, or for a duration such as 10m, of the simulation's time")
		f.StringVar(&o.status, "status", "", "with --since: only those that ended `STATUS`: DELIVERED or FAILED")
		f.StringVar(&o.webhook, "webhook", "", "with --since: only those of the webhook with this `ID`")
	})
	group(cmd, "Server", func(f *pflag.FlagSet) {
		f.StringVar(&o.server, "server", "", "`URL` of sentsim serve (default http://"+defaultServeListen+")")
		f.StringVar(&o.apiKey, "api-key", "", "its API `KEY` (default "+api.DefaultKey+"; better given in SENTSIM_API_KEY)")
	})
	_ = cmd.RegisterFlagCompletionFunc("status", fixed("DELIVERED", "FAILED"))
	return cmd
}

func (a *app) resend(ctx context.Context, ids []string, o resendOptions) error {
	switch {
	case len(ids) == 0 && o.since == "":
		return usage("which deliveries? give their ids, or --since TIME")
	case len(ids) > 0 && o.since != "":
		return usage("give ids or --since, not both")
	case o.since == "" && (o.status != "" || o.webhook != ""):
		return usage("--status and --webhook go with --since")
	}
	s := control{
		strings.TrimRight(cmp.Or(o.server, a.getenv("SENT_BASE_URL"), "http://"+defaultServeListen), "/"),
		cmp.Or(o.apiKey, a.getenv(envServeKey), a.getenv("SENT_DM_API_KEY"), api.DefaultKey),
	}
	if o.since != "" {
		return a.resendSince(ctx, s, o)
	}
	for _, id := range ids {
		if err := a.resendOne(ctx, s, strings.ToLower(id)); err != nil {
			return err
		}
	}
	return nil
}

// resendOne resends the delivery whose id begins so.
func (a *app) resendOne(ctx context.Context, s control, begin string) error {
	if len(begin) < 4 || strings.Trim(begin, "0123456789abcdef-") != "" {
		return usage("%q is no id of a delivery, nor the first 4 or more characters of one", begin)
	}
	list, err := s.call(ctx, http.MethodGet, "/_sentsim/deliveries?id="+url.QueryEscape(begin), nil)
	if err != nil {
		return err
	}
	switch found := list.Get("deliveries.#").Int(); found {
	case 0:
		return exit(statusBroken, fmt.Errorf("there is no delivery whose id begins with %s, or not any more", begin))
	case 1:
	default:
		return exit(statusBroken, fmt.Errorf("the ids of %d deliveries begin with %s: give more of it", found, begin))
	}
	d := list.Get("deliveries.0")
	if _, err := s.call(ctx, http.MethodPost, "/_sentsim/deliveries/"+d.Get("id").String()+"/resend", nil); err != nil {
		return err
	}
	return a.print("resent %s of %s\n", report.Printable(d.Get("event_type").String()), report.Printable(d.Get("created_at").String()))
}

func (a *app) resendSince(ctx context.Context, s control, o resendOptions) error {
	asked := map[string]string{"since": o.since}
	if d, err := time.ParseDuration(o.since); err == nil && d >= 0 {
		state, err := s.call(ctx, http.MethodGet, "/_sentsim/clock", nil)
		if err != nil {
			return err
		}
		asked["since"] = state.Get("now").Time().Add(-d).Format(time.RFC3339Nano)
	} else if _, err := time.Parse(time.RFC3339, o.since); err != nil {
		return usage("--since %q: a time such as 2025-10-31T10:10:42Z, or a duration such as 10m", o.since)
	}
	if o.status != "" {
		asked["status"] = o.status
	}
	if o.webhook != "" {
		asked["webhook_id"] = o.webhook
	}
	answer, err := s.call(ctx, http.MethodPost, "/_sentsim/resend", asked)
	if err != nil {
		return err
	}
	n := answer.Get("resent.#").Int()
	if n == 0 {
		return exit(statusBroken, errors.New("there is nothing to resend: no such delivery is over, or its webhook is not active"))
	}
	return a.print("resent %d\n", n)
}

// control is the control interface of a sentsim serve.
type control struct{ url, key string }

// controlTime is how long an answer of it may take.
const controlTime = 30 * time.Second

// call makes a request and returns the data of its answer.
func (s control) call(ctx context.Context, method, path string, body any) (gjson.Result, error) {
	ctx, cancel := context.WithDeadline(ctx, clock.Wall().Add(controlTime))
	defer cancel()
	var text []byte
	if body != nil {
		text, _ = json.Marshal(body) // texts only
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(text))
	if err != nil {
		return gjson.Result{}, usage("--server %q is no URL such as http://%s", s.url, defaultServeListen)
	}
	req.Header.Set("X-Api-Key", s.key)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return gjson.Result{}, exit(scenarios.ExitTarget, fmt.Errorf("no sentsim serve answers at %s: start it, or name it with --server", s.url))
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return gjson.Result{}, exit(scenarios.ExitTarget, fmt.Errorf("%s did not answer to its end", s.url))
	}
	answer := gjson.ParseBytes(data)
	if answer.Get("success").Bool() {
		return answer.Get("data"), nil
	}
	problem := cmp.Or(answer.Get("error.message").String(), "what answers is no sentsim serve")
	return gjson.Result{}, exit(statusBroken, fmt.Errorf("%s: %s", s.url, problem))
}
