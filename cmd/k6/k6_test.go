package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/trace"
)

// segments are the thirds of a test, as k6 is told them.
func segments() []string { return []string{"0:1/3", "1/3:2/3", "2/3:1"} }

// sequence is how k6 is told of the thirds together.
const sequence = "0,1/3,2/3,1"

// third starts the process of one segment.
func third(t *testing.T, r *recording, n int, text string, env ...string) *k6 {
	t.Helper()
	return start(t, t.TempDir(), text, environ(r, env...), "run", "-q",
		"--execution-segment", segments()[n], "--execution-segment-sequence", sequence)
}

func merge(t *testing.T, reports ...report.Report) report.Report {
	t.Helper()
	names := make([]string, len(reports))
	for i := range names {
		names[i] = fmt.Sprintf("part%d.json", i)
	}
	merged, err := scenarios.Merge(t.Context(), reports, names)
	if err != nil {
		t.Fatal(err)
	}
	return merged
}

// verdicts is what a report says of each rule.
func verdicts(rep report.Report) string {
	var b strings.Builder
	for _, r := range rep.Rules {
		fmt.Fprintf(&b, "%s %s %s\n", r.ID, r.Verdict, r.Reason)
	}
	return b.String()
}

// Three processes send, event for event and byte for byte, what one sends with the same
// seed, and their reports together say what the one says.
func TestThreeProcessesAreOneRun(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ seed, profile, mistake string }{
		{"1", "everything", ""}, {"7", "retry-storm", "no-dedupe"},
	} {
		t.Run(tc.profile, func(t *testing.T) {
			t.Parallel()
			const messages = 60
			text := script(messages, fmt.Sprintf("seed: %s, profile: '%s'", tc.seed, tc.profile))
			one, three := newRecording(t, tc.mistake, nil), newRecording(t, tc.mistake, nil)
			_, _, whole := run(t, one, text)
			var processes []*k6
			for n := range 3 {
				processes = append(processes, third(t, three, n, text))
			}
			var parts []report.Report
			for _, p := range processes {
				p.end(t)
				parts = append(parts, p.report(t))
			}
			if got, want := three.all(), one.all(); len(want) < messages || !slices.Equal(got, want) {
				t.Errorf("three processes sent %d deliveries, one sent %d, and they are not the same", len(got), len(want))
			}
			merged := merge(t, parts...)
			if got, want := verdicts(merged), verdicts(whole); got != want {
				t.Errorf("merged:\n%s\nof one process:\n%s", got, want)
			}
			if merged.Chaos.Violated != whole.Chaos.Violated || (whole.Chaos.Violated > 0) != (tc.mistake != "") {
				t.Errorf("three processes found %d violations, one found %d", merged.Chaos.Violated, whole.Chaos.Violated)
			}
			if s := merged.Chaos.Share; s.Done != "0-59" || s.Missing != "" {
				t.Errorf("merged: done %s, missing %s", s.Done, s.Missing)
			}
		})
	}
}

// A process that is killed in the middle leaves its share missing, and that is said; what
// it recorded until then can be read.
func TestShareOfAKilledProcessIsMissing(t *testing.T) {
	t.Parallel()
	const messages = 60
	reached, killed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var mu sync.Mutex
	sent := 0
	r := newRecording(t, "", func(q *http.Request) {
		if q.Header.Get(processHeader) != "2" {
			return
		}
		mu.Lock()
		sent++
		middle := sent > 30
		mu.Unlock()
		if middle { // it gets no answer any more
			once.Do(func() { close(reached) })
			<-killed
		}
	})
	text := script(messages, "profile: 'calm', record: 'run.trace', headers: {'"+processHeader+"': __ENV.PROCESS}")
	var processes []*k6
	for n := range 3 {
		processes = append(processes, third(t, r, n, text, fmt.Sprintf("PROCESS=%d", n)))
	}
	select {
	case <-reached:
	case <-t.Context().Done():
		t.Fatal("the process that is to be killed sent nothing")
	}
	if err := processes[2].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	processes[2].end(t)
	close(killed)
	var parts []report.Report
	for _, p := range processes[:2] {
		if status := p.end(t); status != 0 {
			t.Errorf("k6 exits with %d:\n%s", status, p.said())
		}
		parts = append(parts, p.report(t))
	}
	merged := merge(t, parts...)
	done := parts[0].Chaos.Begun + parts[1].Chaos.Begun // k6 gives each process about a third
	if missing := fmt.Sprintf("%d iterations of %d are missing: 2", messages-done, messages); done > 45 || merged.ExitStatus != report.ExitErrored || !strings.HasPrefix(merged.Chaos.Stopped, missing) {
		t.Errorf("done %d, exit %d, %s", done, merged.ExitStatus, merged.Chaos.Stopped)
	}
	data, err := os.ReadFile(filepath.Join(processes[2].dir, "run.trace"))
	if err != nil {
		t.Fatal(err)
	}
	if tr, err := trace.Read(bytes.NewReader(data)); tr == nil || tr.End != nil || len(tr.Steps) == 0 {
		t.Errorf("the record of the killed process: %v", err)
	}
}

// sample is a line of k6's JSON output.
type sample struct {
	Type   string
	Metric string
	Data   struct {
		Value float64
		Tags  map[string]string
	}
}

func samples(t *testing.T, file string) map[string][]sample {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]sample{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		if s.Type == "Point" {
			all[s.Metric] = append(all[s.Metric], s)
		}
	}
	return all
}

// A defective receiver breaks the threshold; each violation is a sample with the rule and
// the cause as tags, and the trace and the report name it.
func TestDefectiveReceiverIsFound(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ mistake, rule, cause string }{
		{"no-dedupe", "IDEM-1", "the same request again"},
		{"any-timestamp", "SIG-6", "forged as stale-3600"},
		{"failed-overwritten", "ORD-6", "SENT after FAILED"},
	} {
		t.Run(tc.mistake, func(t *testing.T) {
			t.Parallel()
			r := newRecording(t, tc.mistake, nil)
			p, status, rep := run(t, r, script(150, "seed: 3, record: 'run.trace'"), "--out", "json=samples.json")
			if status != 99 {
				t.Errorf("k6 exits with %d, want 99 for a broken threshold:\n%s", status, p.said())
			}
			if i := slices.IndexFunc(rep.Rules, func(r report.Rule) bool { return r.ID == tc.rule }); rep.Rules[i].Verdict != report.Failed {
				t.Errorf("%s is %s", tc.rule, rep.Rules[i].Verdict)
			}
			all := samples(t, filepath.Join(p.dir, "samples.json"))
			found, ofRule := 0, 0
			for _, s := range all["sentsim_violations"] {
				found += int(s.Data.Value)
				if s.Data.Tags["rule"] == tc.rule && s.Data.Tags["cause"] == tc.cause {
					ofRule++
				}
			}
			if found == 0 || ofRule == 0 || found != rep.Chaos.Violated {
				t.Errorf("%d violations in k6, %d of them of %s by %q; %d in the report", found, ofRule, tc.rule, tc.cause, rep.Chaos.Violated)
			}
			if sent, seen := len(all["sentsim_deliveries"]), rep.Chaos.Sent; sent != seen || len(all["sentsim_delivery_duration"]) == 0 || len(all["sentsim_retries"]) != 150 {
				t.Errorf("%d deliveries in k6, %d in the report; %d durations; %d counts of retries",
					sent, seen, len(all["sentsim_delivery_duration"]), len(all["sentsim_retries"]))
			}
			data, err := os.ReadFile(filepath.Join(p.dir, "run.trace"))
			if err != nil {
				t.Fatal(err)
			}
			tr, err := trace.Read(bytes.NewReader(data))
			if err != nil || len(tr.Violations) == 0 || tr.End == nil {
				t.Errorf("the trace: %v", err)
			}
		})
	}
}

// A receiver that goes down is no receiver that keeps the rules: k6 ends with a status of its own.
func TestReceiverThatGoesDownEndsTheTest(t *testing.T) {
	t.Parallel()
	r := newRecording(t, "", nil)
	target := r.webhook()
	r.Close()
	p := start(t, t.TempDir(), script(30, ""), []string{"SENTSIM_TARGET=" + target, "SENT_DM_WEBHOOK_SECRET=" + secret}, "run", "-q")
	if status := p.end(t); status != 108 || !strings.Contains(p.said(), "test aborted") {
		t.Errorf("k6 exits with %d, want 108:\n%s", status, p.said())
	}
}

// What an earlier run of k6 reported is gone once the next one has begun, which may be
// killed before it reports. A file of another's is left alone.
func TestAnEarlierReportIsNotLeft(t *testing.T) {
	t.Parallel()
	text, _, _ := strings.Cut(script(10, ""), "export const handleSummary")
	for _, tt := range []struct {
		json string
		left []string
	}{
		{`{"command": "k6"}`, nil},
		{`{"command": "verify"}`, []string{"sentsim.json", "sentsim.xml"}},
		{`of somebody else`, []string{"sentsim.json", "sentsim.xml"}},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"sentsim.json": tt.json, "sentsim.xml": "<testsuites/>"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p := start(t, dir, text, environ(newRecording(t, "", nil)), "run", "-q")
		if status := p.end(t); status != 0 {
			t.Errorf("k6 exits with %d:\n%s", status, p.said())
		}
		left, err := filepath.Glob(filepath.Join(dir, "sentsim.*"))
		for i, file := range left {
			left[i] = filepath.Base(file)
		}
		if err != nil || !slices.Equal(left, tt.left) {
			t.Errorf("%s: %v is left, want %v, %v", tt.json, left, tt.left, err)
		}
	}
}

// A message that k6 does not wait for is not judged: the test is no success, and the
// summary says what is missing.
func TestInterruptedIterationsFailTheTest(t *testing.T) {
	t.Parallel()
	text := script(200, "settle: '5s'")
	text = strings.Replace(text, "settle: '100ms', ", "", 1)
	text = strings.Replace(text, "iterations: 200 }", "iterations: 200, maxDuration: '1s', gracefulStop: '0s' }", 1)
	p, status, rep := run(t, newRecording(t, "", nil), text)
	if status == 0 || rep.ExitStatus != report.ExitErrored || !strings.Contains(p.said(), "200 iterations of 200 are missing") {
		t.Errorf("k6 exits with %d, the report with %d:\n%s", status, rep.ExitStatus, p.said())
	}
}

// The script in the README runs as it stands there.
func TestScriptOfTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```js\n(import \\{ Run \\} from 'k6/x/sentsim'.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README has no script for k6")
	}
	text := strings.NewReplacer("100000", "40", "vus: 200", "vus: 20").Replace(string(block[1]))
	p, status, rep := run(t, newRecording(t, "", nil), text)
	if status != 0 || rep.Chaos.Share.Done != "0-39" {
		t.Errorf("k6 exits with %d, done %s:\n%s", status, rep.Chaos.Share.Done, p.said())
	}
}

// An archive holds the files that the run needs, and needs no target to be made.
func TestArchiveRunsElsewhere(t *testing.T) {
	t.Parallel()
	here, elsewhere := t.TempDir(), t.TempDir()
	config := "probe:\n  message: {url: '/state/messages/{message_id}', status: '$.status', effects: '$.effects'}\n"
	profile := "base: calm\nfaults: {duplicate: 0.5}\n"
	for name, text := range map[string]string{"sentsim.yaml": config, "load.yaml": profile} {
		if err := os.WriteFile(filepath.Join(here, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made := start(t, here, script(20, "config: './sentsim.yaml', profile: './load.yaml'"), nil, "archive", "-O", filepath.Join(elsewhere, "run.tar"))
	if status := made.end(t); status != 0 {
		t.Fatalf("k6 archive exits with %d:\n%s", status, made.said())
	}
	if err := os.RemoveAll(here); err != nil {
		t.Fatal(err)
	}
	p := startIn(t, elsewhere, environ(newRecording(t, "", nil)), "run", "-q", "run.tar")
	if status := p.end(t); status != 0 || p.report(t).Chaos.Profile != "load" {
		t.Errorf("k6 exits with %d:\n%s", status, p.said())
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	config := "settle: 2s\nprobe:\n  mesage: {url: /x}\n"
	for _, tc := range []struct{ name, options, want string }{
		{"none", "", "new Run(): give it options"},
		{"a text", "'x'", "new Run(): its argument must be an object"},
		{"no messages", "{seed: 1}", "new Run(): messages: is missing"},
		{"half a message", "{messages: 1.5}", "new Run(): messages: must be a whole number from 1 to"},
		{"too many messages", "{messages: 1e12}", "new Run(): messages: must be a whole number"},
		{"an unknown option", "{messages: 1, sed: 1}", `new Run(): unknown option "sed", did you mean "seed"?`},
		{"a random seed", "{messages: 1, seed: 'random'}", "new Run(): seed: must be a number"},
		{"a seed that is none", "{messages: 1, seed: -3}", "option seed"},
		{"a function", "{messages: 1, target: () => 1}", "new Run(): target: must be plain data"},
		{"an empty target", "{messages: 1, target: ''}", "option target: is given but empty"},
		{"a target without a secret", "{messages: 1, target: 'http://127.0.0.1:1/x'}", "the option secret"},
		{"a secret that is none", "{messages: 1, secret: 'whsec_!!'}", "option secret"},
		{"an unknown knob", "{messages: 1, knobs: {editoin: 2025}}", "editoin"},
		{"an unknown profile", "{messages: 1, profile: 'calmer'}", `profile "calmer" is neither a name nor a file: there are calm,`},
		{"a probe that is none", "{messages: 1, probe: 'x'}", "new Run(): probe: must be an object"},
		{"a probe with a wrong key", "{messages: 1, probe: {mesage: {url: '/x'}}}", `unknown key "mesage" under probe`},
		{"a config file with a wrong key", "{messages: 1, config: 'sentsim.yaml'}", `sentsim.yaml:3:3: unknown key "mesage" under probe`},
		{"no such config file", "{messages: 1, config: 'nowhere.yaml'}", "there is no file nowhere.yaml"},
		{"config and probe", "{messages: 1, config: 'sentsim.yaml', probe: {}}", "new Run(): probe: stands in the config file already"},
		{"an empty record", "{messages: 1, record: ''}", "new Run(): record: must be a text that is not empty"},
		{"a duration that is none", "{messages: 1, settle: 'soon'}", "option settle"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "sentsim.yaml"), []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			text := "import { Run } from 'k6/x/sentsim';\nconst run = new Run(" + tc.options + ");\nexport default () => run.message();\n"
			p := start(t, dir, text, nil, "run", "-q")
			if status := p.end(t); status != 107 || !strings.Contains(unescaped(p.said()), tc.want) {
				t.Errorf("k6 exits with %d, want 107 and %q:\n%s", status, tc.want, p.said())
			}
			if strings.Contains(p.said(), "goroutine") || strings.Contains(p.said(), "panic") {
				t.Errorf("k6 panics:\n%s", p.said())
			}
		})
	}
}

// unescaped is what k6 logs without the quotes that its log puts around it.
func unescaped(text string) string { return strings.ReplaceAll(text, `\"`, `"`) }
