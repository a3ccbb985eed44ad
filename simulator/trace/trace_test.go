package trace_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/trace"
)

var start = time.Date(2025, 10, 31, 10, 10, 42, 0, time.UTC)

func id(n byte) uuid.UUID { return uuid.UUID{0: n, 6: 0x40, 8: 0x80} }

// sample is a run with one of each kind of line.
func sample() trace.Trace {
	message := chaos.Subject{Kind: chaos.AboutMessage, Index: 1, ID: id(3), On: event.SMS}
	contact := chaos.Subject{Kind: chaos.AboutContact, Index: 4, ID: id(5), From: "+12025550123", On: event.SMS}
	return trace.Trace{
		Run: trace.Run{
			Sentsim: "v1.1.0", Command: "chaos", Target: "exec: ./receiver", Started: start.Add(time.Hour),
			Plan: chaos.Plan{
				Seed: 1, Messages: 300, Start: start, WebhookID: id(1), AccountID: id(2),
				Profile: chaos.Profile{Name: "everything", Faults: map[chaos.Fault]float64{"duplicate": 0.1}},
				Format:  chaos.Format{Envelope: event.EnvelopeCurrent, Numbers: event.NumbersE164, InboundShape: event.InboundClassic},
			},
		},
		Steps: []trace.Step{
			{chaos.Step{
				Number: 1, Kind: chaos.KindDeliver, Subject: message,
				Event: chaos.Event{ID: id(4), Type: "message.delivered", Status: "DELIVERED", At: start},
				Body:  chaos.Body(`{"payload":{"text":"<&> é \u2028"}}`), Occurrence: chaos.First, Attempt: 1, Sender: delivery.LoseAck, Rule: "SIG-1",
			}, trace.Answer{Outcome: delivery.Answered, Status: 200, DurationMS: 1.25}},
			{chaos.Step{
				Number: 2, At: time.Second, Kind: chaos.KindForge, Subject: message, Body: chaos.Body("\xff\xfe not text"),
				Forgery: "body-tampered", Rule: "SIG-2",
			}, trace.Answer{Outcome: delivery.Reset, Error: "the connection broke"}},
			{chaos.Step{Number: 4, At: 2 * time.Second, Kind: chaos.KindRestart}, trace.Answer{Skipped: "this target cannot be restarted"}},
			{chaos.Step{
				Number: 5, At: 2 * time.Second, Kind: chaos.KindDeliver, Subject: contact,
				Event: chaos.Event{ID: id(6), Type: event.ContactOptOut, At: start}, Body: chaos.Body(`{"payload":{"opt_out":true}}`),
				Occurrence: chaos.Retry, Attempt: 2, Rule: "IDEM-2",
			}, trace.Answer{Outcome: delivery.Answered, Status: 200}},
		},
		Violations: []trace.Violation{{Rule: "ORD-3", Subject: message, Text: "it is SENT", Step: 1}},
		End:        &trace.End{Steps: 4, Violations: 1, ExitStatus: 1},
	}
}

// written is tr as a Writer writes it.
func written(tb testing.TB, tr trace.Trace, secrets ...signing.Secret) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := trace.NewWriter(&b, secrets...)
	err := w.Begin(tr.Run)
	for _, s := range tr.Steps {
		err = errors.Join(err, w.Step(s.Step, s.Answer))
	}
	for _, v := range tr.Violations {
		err = errors.Join(err, w.Violation(v))
	}
	if tr.End != nil {
		err = errors.Join(err, w.End(tr.End.ExitStatus, tr.End.Reason))
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	want := sample()
	got, err := trace.Read(bytes.NewReader(written(t, want)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
}

// TestCRLF: a trace that git checked out on Windows is the same trace.
func TestCRLF(t *testing.T) {
	file := bytes.ReplaceAll(written(t, sample()), []byte("\n"), []byte("\r\n"))
	if _, err := trace.Read(bytes.NewReader(file)); err != nil {
		t.Error(err)
	}
}

func TestSecretsAreNeverWritten(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb, 0xef}, 12)
	secret, err := signing.ParseSecret("whsec_" + base64.StdEncoding.EncodeToString(key))
	if err != nil {
		t.Fatal(err)
	}
	tr := sample()
	tr.Run.Target = "exec: SECRET=" + secret.Reveal() + " ./receiver"
	tr.Steps[1].Answer.Error = "the receiver said " + hex.EncodeToString(key)
	tr.Violations[0].Text = "it echoes " + strings.TrimPrefix(secret.Reveal(), "whsec_")
	file := written(t, tr, secret)
	for _, word := range secret.Spellings() {
		if bytes.Contains(file, []byte(word)) {
			t.Errorf("the trace holds the secret, spelled %q", word)
		}
	}
	got, err := trace.Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got.Run.Target != "exec: SECRET=whsec_*** ./receiver" || got.Steps[1].Answer.Error != "the receiver said ***" {
		t.Errorf("target %q, error %q", got.Run.Target, got.Steps[1].Answer.Error)
	}
}

// TestAKilledRunCanBeRead: wherever the file ends, what is whole before is read,
// and that it is cut off is said, with the place.
func TestAKilledRunCanBeRead(t *testing.T) {
	file := written(t, sample())
	first := bytes.IndexByte(file, '\n') + 1
	for at := first; at < len(file)-1; at++ {
		got, err := trace.Read(bytes.NewReader(file[:at]))
		var p *trace.Problem
		if !errors.Is(err, trace.ErrCut) || !errors.As(err, &p) || got == nil {
			t.Fatalf("cut at byte %d: %v", at, err)
		}
		lines := bytes.Count(file[:at], []byte("\n"))
		whole := lines
		if file[at-1] == '}' && file[at] == '\n' {
			whole++ // only its line end is missing
		}
		if n := 1 + len(got.Steps) + len(got.Violations); n != whole {
			t.Fatalf("cut at byte %d: %d lines read, %d are whole", at, n, whole)
		}
		if p.Line < lines || p.Line > lines+1 || p.Byte < 1 {
			t.Fatalf("cut at byte %d, in line %d: %v", at, lines+1, err)
		}
	}
	for at := range first - 1 {
		if _, err := trace.Read(bytes.NewReader(file[:at])); err == nil {
			t.Fatalf("cut at byte %d of the first line: no error", at)
		}
	}
}

// TestAnyEditIsNoticed changes every byte of a trace, one at a time.
func TestAnyEditIsNoticed(t *testing.T) {
	file := written(t, sample())
	for i := range file {
		edited := bytes.Clone(file)
		edited[i] ^= 0x01
		if got, err := trace.Read(bytes.NewReader(edited)); err == nil || got != nil && !errors.Is(err, trace.ErrCut) {
			t.Fatalf("byte %d changed from %q to %q: %v", i, file[i], edited[i], err)
		}
	}
	lines := bytes.SplitAfter(bytes.TrimSuffix(file, []byte("\n")), []byte("\n"))
	join := func(ls ...[]byte) []byte { return bytes.Join(ls, nil) }
	for name, edited := range map[string][]byte{
		"a line left out":      join(lines[0], lines[2], lines[3]),
		"two lines swapped":    join(lines[0], lines[2], lines[1], lines[3]),
		"a line put in twice":  join(lines[0], lines[1], lines[1], lines[2]),
		"a line's sum removed": bytes.Replace(file, []byte(`,"sum":"`), []byte(`,"som":"`), 1),
	} {
		if _, err := trace.Read(bytes.NewReader(edited)); !errors.Is(err, trace.ErrEdited) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProblemsHaveAPlace(t *testing.T) {
	whole := string(written(t, sample()))
	run, rest, _ := strings.Cut(whole, "\n")
	second, _, _ := strings.Cut(rest, "\n")
	sealed := func(content string) string { return run + "\n" + trace.Seal(t, run, content) + "\n" }
	tests := map[string]struct {
		file string
		is   error
		want string
	}{
		"an empty file":            {"", trace.ErrFormat, `line 1, byte 1: the file is empty`},
		"an empty line":            {"\n", trace.ErrFormat, `line 1, byte 1: this is no trace of sentsim: a trace begins with {"kind":"run","trace":1,`},
		"something else":           {"GET / HTTP/1.1\r\n", trace.ErrFormat, `line 1, byte 1: this is no trace of sentsim`},
		"JSON of somebody else":    {`{"schema":1}` + "\n", trace.ErrFormat, `line 1, byte 1: this is no trace of sentsim`},
		"a newer version":          {strings.Replace(whole, `"trace":1`, `"trace":2`, 1), trace.ErrVersion, `line 1, byte 15, "trace": the trace has version 2 of the format, written by sentsim v1.1.0, and this sentsim reads version 1: replay it with that one, or record it anew`},
		"a version of other sums":  {`{"kind":"run","trace":7}` + "\n", trace.ErrVersion, `version 7 of the format, written by sentsim of an unknown version`},
		"an edited body":           {strings.Replace(whole, "DELIVERED", "TELEPATHY", 1), trace.ErrEdited, fmt.Sprintf(`line 2, byte %d, "sum": does not fit: this line was changed, or one before it left out, moved or put in`, len(second)-24)},
		"reprinted":                {strings.ReplaceAll(whole, `"}`+"\n", "\" }\n"), trace.ErrEdited, `"sum": is missing at the end`},
		"an unknown kind":          {sealed(`{"kind":"picture"}`), trace.ErrFormat, `line 2, byte 1, "kind": "picture" is not known to this version`},
		"an unknown field":         {sealed(`{"kind":"step","step":{"number":1,"kind":"deliver","colour":"red"}}`), trace.ErrFormat, `line 2, byte 52, "colour": is not known to this version`},
		"an unknown kind of step":  {sealed(`{"kind":"step","step":{"number":1,"kind":"explode"}}`), trace.ErrFormat, `line 2, byte 1, "step.kind": "explode" is not known to this version`},
		"an unknown subject":       {sealed(`{"kind":"step","step":{"number":1,"kind":"deliver","subject":{"kind":"planet"}}}`), trace.ErrFormat, `"step.subject.kind": "planet" is not known to this version`},
		"an unknown forgery":       {sealed(`{"kind":"step","step":{"number":1,"kind":"forge","forgery":"by-hand"}}`), trace.ErrFormat, `"step.forgery": "by-hand" is not known to this version`},
		"an unknown sender":        {sealed(`{"kind":"step","step":{"number":1,"kind":"deliver","sender":"sings"}}`), trace.ErrFormat, `"step.sender": "sings" is not known to this version`},
		"a text for a number":      {sealed(`{"kind":"step","step":{"number":"one"}}`), trace.ErrFormat, `line 2, byte 37, "step.number": a string where it takes a whole number`},
		"a step numbered 0":        {sealed(`{"kind":"step","step":{"kind":"restart"}}`), trace.ErrFormat, `"step.number": 0 after 0: steps are numbered from 1, and stand in that order`},
		"two runs in one":          {sealed(`{"kind":"run"}`), trace.ErrFormat, `line 2, byte 1, "kind": "run": the first line, and no other, is of the kind "run"`},
		"more after the end":       {whole + second + "\n", trace.ErrEdited, `does not fit`},
		"not UTF-8":                {sealed("{\"kind\":\"\xff\"}"), trace.ErrFormat, `line 2, byte 10: is not UTF-8`},
		"a line without an end":    {run + "\n" + strings.Repeat("x", trace.MaxLine+2), trace.ErrFormat, fmt.Sprintf(`line 2, byte %d: goes on, and no line of a trace is longer than %d bytes`, trace.MaxLine+1, trace.MaxLine)},
		"no end":                   {run + "\n" + second + "\n", trace.ErrCut, fmt.Sprintf(`line 2, byte %d: the trace ends after this line and not with one of the kind "end"`, len(second))},
		"the middle of a line":     {run + "\n" + second[:40], trace.ErrCut, fmt.Sprintf(`line 2, byte 40: the trace ends in the middle of this line, after %d bytes in all`, len(run)+41)},
		"the middle of the first":  {run[:90], trace.ErrCut, `line 1, byte 90: the trace ends in the middle of this line, after 90 bytes in all`},
		"fewer steps than it says": {sealed(`{"kind":"end","steps":3,"violations":0,"exit_status":0}`), trace.ErrEdited, `"steps": the run had 3 steps, and 0 are here`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := trace.Read(strings.NewReader(tc.file))
			if !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s (%v)", err, tc.want, tc.is)
			}
			if (got != nil) != (errors.Is(err, trace.ErrCut) && !strings.HasPrefix(err.Error(), "line 1,")) {
				t.Errorf("a trace was returned: %v", got != nil)
			}
		})
	}
}

// TestMaxBody: the largest body that is ever delivered, at its most talkative in JSON.
func TestMaxBody(t *testing.T) {
	tr := sample()
	tr.Steps[0].Body = bytes.Repeat([]byte{0x01}, 1<<20)
	if _, err := trace.Read(bytes.NewReader(written(t, tr))); err != nil {
		t.Error(err)
	}
}

func TestWritersShareAFile(t *testing.T) {
	tr := sample()
	var b bytes.Buffer
	w := trace.NewWriter(&b)
	if err := w.Begin(tr.Run); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if err := w.Violation(trace.Violation{Rule: "ORD-3", Step: i}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := w.End(0, ""); err != nil {
		t.Fatal(err)
	}
	got, err := trace.Read(&b)
	if err != nil || len(got.Violations) != 40 {
		t.Errorf("%v", err)
	}
}

type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestTheFirstErrorStays(t *testing.T) {
	tr := sample()
	w := trace.NewWriter(&full{left: 2000})
	if err := w.Begin(tr.Run); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 1; err == nil && i < 100; i++ {
		err = w.Step(chaos.Step{Number: i}, trace.Answer{})
	}
	if err == nil || !strings.Contains(err.Error(), "no space left") || w.End(0, "") == nil {
		t.Errorf("got %v, then no error", err)
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.jsonl")
	empty := func() *trace.File {
		f, err := trace.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	if err := empty().Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file without a line was left: %v", err)
	}
	old := strings.Repeat("an older and longer trace\n", 1000)
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	f := empty()
	if content, _ := os.ReadFile(path); string(content) != old {
		t.Error("the file that was there is gone before the first line")
	}
	if err := errors.Join(f.Begin(sample().Run), f.End(0, "nothing to send")); err != nil {
		t.Fatal(err)
	}
	// What is written is in the file at once, not when it is closed.
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trace.Read(bytes.NewReader(content)); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := trace.Create(filepath.Join(path, "below")); err == nil {
		t.Error("a file below a file could be created")
	}
}
