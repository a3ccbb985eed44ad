package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/signing"
)

// partsOf are the names of reports of a run's parts, each carried out by one process.
func partsOf(t *testing.T, mistake string, messages int, parts ...func(i int) bool) []string {
	t.Helper()
	const secret = "whsec_bG9hZCBsb2FkIGxvYWQgbG9hZCBsb2FkIGxvYWQh"
	own := receiver.Config{Secret: secret}
	if err := mutant.Apply(&own, mistake); err != nil {
		t.Fatal(err)
	}
	r, err := receiver.New(own)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r)
	defer func() {
		server.Close()
		_ = r.Close()
	}()
	cfg := scenarios.DefaultConfig()
	cfg.Target.URL, cfg.Settle, cfg.Start = server.URL+receiver.DefaultPath, 50*time.Millisecond, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if cfg.Secret, err = signing.ParseSecret(secret); err != nil {
		t.Fatal(err)
	}
	profile, _ := chaos.LookupProfile("calm")
	plan, err := scenarios.ChaosPlan(cfg, profile, messages)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var names []string
	for n, mine := range parts {
		l, err := scenarios.OpenLoad(t.Context(), cfg, scenarios.ChaosRun{Plan: plan})
		if err != nil {
			t.Fatal(err)
		}
		for i := range messages {
			if mine(i) {
				if _, err := l.Message(t.Context(), i); err != nil {
					t.Fatal(err)
				}
			}
		}
		rep, err := l.Report(t.Context(), false)
		if err == nil {
			err = l.Close(rep)
		}
		var b bytes.Buffer
		if err == nil {
			err = report.JSON(&b, rep)
		}
		names = append(names, filepath.Join(dir, fmt.Sprintf("part%d.json", n)))
		if err == nil {
			err = os.WriteFile(names[n], b.Bytes(), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// merged calls the command.
func merged(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), invocation{args: append([]string{"merge"}, args...), stdin: strings.NewReader(""), stdout: &out, stderr: &errs})
	return status, out.String(), errs.String()
}

func TestMergeCommand(t *testing.T) {
	t.Parallel()
	even, odd := func(i int) bool { return i%2 == 0 }, func(i int) bool { return i%2 == 1 }
	parts := partsOf(t, "", 20, even, odd)
	status, said, _ := merged(t, parts...)
	if status != 0 || !strings.Contains(said, "20 of 20 iterations, from 2 reports") || strings.Contains(said, "stopped") {
		t.Errorf("both parts: exit %d:\n%s", status, said)
	}
	status, said, _ = merged(t, parts[0])
	if status != 4 || !strings.Contains(said, "10 iterations of 20 are missing: 1-19/2") {
		t.Errorf("one part: exit %d:\n%s", status, said)
	}
	status, said, errs := merged(t, parts[0], parts[1], "--output", "json")
	var rep report.Report
	if err := json.Unmarshal([]byte(said), &rep); status != 0 || err != nil || rep.Chaos.Share.Done != "0-19" || rep.Command != "k6" {
		t.Errorf("as JSON: exit %d, %v:\n%s%s", status, err, said, errs)
	}
	broken := partsOf(t, "no-dedupe", 20, even, odd)
	if status, said, _ := merged(t, broken...); status != 1 || !strings.Contains(said, "IDEM-") {
		t.Errorf("of a receiver that is wrong: exit %d:\n%s", status, said)
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	all := func(int) bool { return true }
	first, other := partsOf(t, "", 4, all), partsOf(t, "", 5, all)
	plain := filepath.Join(t.TempDir(), "plain.json")
	if err := os.WriteFile(plain, []byte(`{"schema":1,"rules":[{"id":"SIG-1","verdict":"passed"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "again.json")
	data, err := os.ReadFile(first[0])
	if err == nil {
		err = os.WriteFile(again, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.json")
	if err := os.WriteFile(damaged, bytes.Replace(data, []byte(`"done": "0-3"`), []byte(`"done": "0-9"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"none", nil, "which reports? name those of all processes"},
		{"one twice", []string{first[0], first[0]}, "is named twice"},
		{"the same iterations twice", []string{first[0], again}, "iteration 0 was carried out twice"},
		{"reports of two runs", []string{first[0], other[0]}, "are not of one run: 4 messages and 5 messages"},
		{"a report of verify", []string{plain}, "is not the report of a part of a run"},
		{"iterations that there are not", []string{damaged}, `"0-9" is not a list of iterations from 0 to 3`},
		{"no such file", []string{"nowhere.json"}, "nowhere.json"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if status, _, errs := merged(t, tc.args...); status != 2 || !strings.Contains(errs, tc.want) {
				t.Errorf("exit %d, want 2 and %q:\n%s", status, tc.want, errs)
			}
		})
	}
}
