package scenarios_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/trace"
)

const loadSecret = "whsec_bG9hZCBsb2FkIGxvYWQgbG9hZCBsb2FkIGxvYWQh"

// recording is the reference receiver, or a mutant, that remembers what it was sent.
type recording struct {
	*httptest.Server
	mu       sync.Mutex
	seen     []string
	stumbles atomic.Bool // over the first reading of everything
	read     sync.Map
}

func newRecording(t *testing.T, mistake string) *recording {
	t.Helper()
	cfg := receiver.Config{Secret: loadSecret}
	if err := mutant.Apply(&cfg, mistake); err != nil {
		t.Fatal(err)
	}
	r, err := receiver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	rec := &recording{}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodPost {
			body, err := io.ReadAll(q.Body)
			rec.add(q.Header, body, err)
			q.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), q.Body))
		} else if _, again := rec.read.LoadOrStore(q.URL.Path, true); rec.stumbles.Load() && !again && strings.HasPrefix(q.URL.Path, "/state/") {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		r.ServeHTTP(w, q)
	}))
	t.Cleanup(func() {
		rec.Close()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return rec
}

// add keeps a request, without what follows from the moment in which it was signed.
func (r *recording) add(h http.Header, body []byte, err error) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		value := strings.Join(h[name], ", ")
		if name == http.CanonicalHeaderKey(signing.HeaderSignature) || name == http.CanonicalHeaderKey(signing.HeaderTimestamp) {
			value = "…"
		}
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	if err != nil {
		body = []byte("cut off")
	}
	b.Write(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, b.String())
}

// all is what was sent, in an order that does not depend on the moment.
func (r *recording) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(slices.Values(r.seen))
}

func loadConfig(r *recording) scenarios.Config {
	cfg := scenarios.DefaultConfig()
	cfg.Target.URL = r.URL + receiver.DefaultPath
	cfg.Secret, _ = signing.ParseSecret(loadSecret)
	cfg.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	cfg.Settle = 100 * time.Millisecond
	return cfg
}

// openLoad opens a load of which no trace is recorded. The caller closes it.
func openLoad(t *testing.T, cfg scenarios.Config, profile string, messages int) *scenarios.Load {
	t.Helper()
	p, ok := chaos.LookupProfile(profile)
	if !ok {
		t.Fatalf("no profile %s", profile)
	}
	plan, err := scenarios.ChaosPlan(cfg, p, messages)
	if err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.OpenLoad(t.Context(), cfg, scenarios.ChaosRun{Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// carryOut carries out, as one process, the iterations that mine names.
func carryOut(t *testing.T, r *recording, profile string, messages int, record string, mine func(i int) bool) (report.Report, []string) {
	t.Helper()
	cfg := loadConfig(r)
	p, ok := chaos.LookupProfile(profile)
	if !ok {
		t.Fatalf("no profile %s", profile)
	}
	plan, err := scenarios.ChaosPlan(cfg, p, messages)
	if err != nil {
		t.Fatal(err)
	}
	run := scenarios.ChaosRun{Plan: plan, Trace: record}
	if record != "" {
		if run.Record, err = trace.Create(record); err != nil {
			t.Fatal(err)
		}
	}
	l, err := scenarios.OpenLoad(t.Context(), cfg, run)
	if err != nil {
		t.Fatal(err)
	}
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var violations []string
	for range 16 {
		wg.Go(func() {
			for i := range next {
				m, err := l.Message(t.Context(), i)
				if err != nil {
					t.Errorf("iteration %d: %v", i, err)
				}
				mu.Lock()
				for _, v := range m.Violations {
					violations = append(violations, fmt.Sprintf("%d %s %s %s", i, v.Rule, v.Cause, v.Summary))
				}
				mu.Unlock()
			}
		})
	}
	for i := range messages {
		if mine(i) {
			next <- i
		}
	}
	close(next)
	wg.Wait()
	rep, err := l.Report(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(rep); err != nil {
		t.Fatal(err)
	}
	return roundTrip(t, rep), slices.Sorted(slices.Values(violations))
}

// roundTrip is a report as sentsim merge reads it.
func roundTrip(t *testing.T, rep report.Report) (back report.Report) {
	t.Helper()
	var b bytes.Buffer
	if err := report.JSON(&b, rep); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), strings.TrimPrefix(loadSecret, signing.SecretPrefix)) {
		t.Error("the report holds the signing secret")
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	return back
}

func loadVerdicts(rep report.Report) string {
	var b strings.Builder
	for _, r := range rep.Rules {
		fmt.Fprintf(&b, "%s %s %s\n", r.ID, r.Verdict, r.Reason)
	}
	return b.String()
}

// What three processes send and find is together what one process sends and finds. The
// mistakes are of those that show always, not only where two requests meet.
func TestLoadsPartsAreTheWhole(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for _, tc := range []struct{ profile, mistake string }{
		{"everything", ""}, {"retry-storm", ""}, {"everything", "no-dedupe"}, {"carrier", "read-dropped"},
	} {
		t.Run(tc.profile+" "+tc.mistake, func(t *testing.T) {
			t.Parallel()
			const messages = 120
			one := newRecording(t, tc.mistake)
			whole, found := carryOut(t, one, tc.profile, messages, "", func(int) bool { return true })
			three := newRecording(t, tc.mistake)
			var parts []report.Report
			var names, foundApart []string
			for n := range 3 {
				rep, v := carryOut(t, three, tc.profile, messages, "", func(i int) bool { return i%3 == n })
				parts, names, foundApart = append(parts, rep), append(names, fmt.Sprintf("part%d.json", n)), append(foundApart, v...)
			}
			if got, want := three.all(), one.all(); !slices.Equal(got, want) {
				t.Errorf("three processes sent %d requests, one sent %d, and they are not the same", len(got), len(want))
			}
			slices.Sort(foundApart)
			if !slices.Equal(foundApart, found) {
				t.Errorf("three processes found\n%s\nand one found\n%s", strings.Join(foundApart, "\n"), strings.Join(found, "\n"))
			}
			merged, err := scenarios.Merge(t.Context(), parts, names)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := loadVerdicts(merged), loadVerdicts(whole); got != want {
				t.Errorf("merged:\n%s\nof one process:\n%s", got, want)
			}
			if merged.Chaos.Share.Missing != "" || merged.Chaos.Share.Done != "0-119" || merged.ExitStatus != whole.ExitStatus {
				t.Errorf("merged: done %s, missing %q, exit %d; one process: exit %d", merged.Chaos.Share.Done, merged.Chaos.Share.Missing, merged.ExitStatus, whole.ExitStatus)
			}
			if (len(found) > 0) != (tc.mistake != "") {
				t.Errorf("a receiver with the mistake %q: %d violations: %s", tc.mistake, len(found), strings.Join(found, "\n"))
			}
		})
	}
}

func TestMergeSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	r := newRecording(t, "")
	first, _ := carryOut(t, r, "calm", 30, "", func(i int) bool { return i%3 == 0 })
	second, _ := carryOut(t, r, "calm", 30, "", func(i int) bool { return i%3 == 1 })
	merged, err := scenarios.Merge(t.Context(), []report.Report{first, second}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	if got := merged.Chaos.Share.Missing; got != "2-29/3" {
		t.Errorf("missing %q", got)
	}
	if merged.ExitStatus != report.ExitErrored || merged.Chaos.Stopped != "10 iterations of 30 are missing: 2-29/3" {
		t.Errorf("exit %d: %s", merged.ExitStatus, merged.Chaos.Stopped)
	}
	if _, err := scenarios.Merge(t.Context(), []report.Report{first, second, first}, []string{"a", "b", "c"}); err == nil || err.Error() != "iteration 0 was carried out twice: it stands in a and in c" {
		t.Errorf("the same part twice: %v", err)
	}
	other, _ := carryOut(t, newRecording(t, ""), "carrier", 30, "", func(i int) bool { return i == 2 })
	if _, err := scenarios.Merge(t.Context(), []report.Report{first, other}, []string{"a", "b"}); err == nil || !strings.Contains(err.Error(), "not of one run: profile calm and profile carrier") {
		t.Errorf("another run's part: %v", err)
	}
	other.Chaos.Share = nil
	if _, err := scenarios.Merge(t.Context(), []report.Report{other}, []string{"a"}); err == nil || !strings.Contains(err.Error(), "is not the report of a part of a run") {
		t.Errorf("no part at all: %v", err)
	}
}

// A load's record is a trace like any other: its steps are numbered in order, and what
// was found says which of them it is about.
func TestLoadsRecordCanBeReplayed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "load.trace")
	r := newRecording(t, "any-timestamp")
	_, found := carryOut(t, r, "everything", 60, file, func(i int) bool { return i%2 == 0 })
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := trace.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.Violations) == 0 || len(tr.Violations) < len(found) {
		t.Fatalf("%d violations in the trace, %d were found", len(tr.Violations), len(found))
	}
	for _, v := range tr.Violations {
		if v.Step == 0 {
			continue
		}
		i := slices.IndexFunc(tr.Steps, func(s trace.Step) bool { return s.Number == v.Step })
		if i < 0 || tr.Steps[i].Subject != v.Subject {
			t.Errorf("%s: %s is not about step %d", v.Rule, v.Text, v.Step)
		}
	}
}

func TestLoadRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	r := newRecording(t, "")
	cfg := loadConfig(r)
	l := openLoad(t, cfg, "calm", 10)
	defer func() { _ = l.Close(report.Report{}) }()
	var end *scenarios.EndError
	if _, err := l.Message(t.Context(), 10); !errors.As(err, &end) || !strings.HasPrefix(err.Error(), "iteration 10: the plan has 10 messages, for iterations 0 to 9: ") {
		t.Errorf("beyond the plan: %v", err)
	}
	if _, err := l.Message(t.Context(), 3); err != nil {
		t.Error(err)
	}
	if _, err := l.Message(t.Context(), 3); err == nil || !strings.Contains(err.Error(), "was carried out already") {
		t.Errorf("again: %v", err)
	}
	r.read.Clear()
	r.stumbles.Store(true)
	again := openLoad(t, cfg, "calm", 10)
	defer func() { _ = again.Close(report.Report{}) }()
	if _, err := again.Message(t.Context(), 3); err == nil || !strings.Contains(err.Error(), "use another seed") {
		t.Errorf("the same run again, of which the receiver knows: %v", err)
	}
}

// A receiver that goes down ends the run, and the report says so.
func TestLoadEndsWithTheReceiver(t *testing.T) {
	t.Parallel()
	r := newRecording(t, "")
	cfg := loadConfig(r)
	l := openLoad(t, cfg, "calm", 10)
	r.Close()
	var end *scenarios.EndError
	if _, err := l.Message(t.Context(), 0); !errors.As(err, &end) {
		t.Errorf("a receiver that is gone: %v", err)
	}
	rep, err := l.Report(t.Context(), true)
	if err != nil || rep.ExitStatus == report.ExitKept || rep.Chaos.Fell == "" {
		t.Errorf("exit %d, %q, %v", rep.ExitStatus, rep.Chaos.Fell, err)
	}
	if err := l.Close(rep); err != nil {
		t.Error(err)
	}
}

// A receiver that takes nothing, as with another secret, fails SIG-1 and nothing else,
// and the run ends.
func TestLoadEndsWhereNothingIsTaken(t *testing.T) {
	t.Parallel()
	r := newRecording(t, "")
	cfg := loadConfig(r)
	var err error
	if cfg.Secret, err = signing.ParseSecret("whsec_" + strings.Repeat("B", 43) + "="); err != nil {
		t.Fatal(err)
	}
	l := openLoad(t, cfg, "everything", 100)
	var end *scenarios.EndError
	for i := 0; i < 100 && end == nil; i++ {
		if _, err = l.Message(t.Context(), i); err != nil && !errors.As(err, &end) {
			t.Fatal(err)
		}
	}
	if end == nil || !strings.Contains(end.Reason, "refuses every genuine delivery") {
		t.Errorf("it ended with %v", err)
	}
	rep, err := l.Report(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rep.Rules {
		if failed := rule.Verdict == report.Failed; failed != (rule.ID == "SIG-1") {
			t.Errorf("%s: %s", rule.ID, rule.Verdict)
		}
	}
	if err := l.Close(rep); err != nil {
		t.Error(err)
	}
}

// Deliveries go over connections that are kept.
func TestLoadKeepsConnections(t *testing.T) {
	t.Parallel()
	var kept, closed atomic.Int64
	r := newRecording(t, "")
	handler := r.Config.Handler
	r.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.Method != http.MethodPost:
		case q.Close:
			closed.Add(1)
		default:
			kept.Add(1)
		}
		handler.ServeHTTP(w, q)
	})
	carryOut(t, r, "calm", 30, "", func(int) bool { return true })
	if closed.Load() > 0 || kept.Load() == 0 {
		t.Errorf("%d deliveries over connections that were kept, %d over others", kept.Load(), closed.Load())
	}
}
