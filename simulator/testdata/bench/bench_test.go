package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the processes that bench starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == receiverRole || roles()[os.Args[1]] != nil) {
		os.Exit(bench(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestTheBodyHasTheSizeThatIsSaid(t *testing.T) {
	if got := len(body()); got != bodySize {
		t.Errorf("%d bytes, want %d", got, bodySize)
	}
}

// TestCompare runs the real processes for a moment.
func TestCompare(t *testing.T) {
	var out bytes.Buffer
	o := options{rounds: 2, duration: 50 * time.Millisecond, memory: []int{100, 200}}
	if err := compare(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nsentsim ", "\nbare loop ", "\nnet/http ", "times the deliveries of a plain net/http client (goal: at least 1.8)", "wrk did not take part", "      200 messages: peak memory "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

// TestCountsMustAgree: a sender that counts what never arrived, or leaves out
// what did, is an error.
func TestCountsMustAgree(t *testing.T) {
	r, err := startReceiver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	}()
	liar := contender{name: "liar", command: []string{"echo"}}
	if _, err := r.measure(t.Context(), liar, []string{`{"deliveries":3,"seconds":1}`}); err == nil || err.Error() != "liar counted 3 deliveries, the receiver 0" {
		t.Errorf("too many: %v", err)
	}
	all, err := contenders(t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all[0].run(t.Context(), []string{r.url, "7"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.measure(t.Context(), liar, []string{`{"deliveries":6,"seconds":1}`}); err == nil || err.Error() != "liar counted 6 deliveries, the receiver 7" {
		t.Errorf("too few: %v", err)
	}
}

func TestTable(t *testing.T) {
	at := func(deliveries int, cpu time.Duration) turn {
		return turn{result: result{Deliveries: deliveries, Seconds: 2}, cpu: cpu, memory: 20 << 20}
	}
	all := []contender{{name: "sentsim"}, {name: "bare loop"}, {name: "net/http"}, {name: "k6", missing: "nobody has it"}, {name: "wrk"}}
	var out bytes.Buffer
	table(&out, all, map[string][]turn{
		"sentsim":   {at(160_000, time.Second), at(40_000, 2*time.Second), at(150_000, time.Second)},
		"bare loop": {at(160_000, time.Second), at(50_000, time.Second), at(150_000, time.Second)},
		"net/http":  {at(80_000, time.Second), at(40_000, time.Second), at(80_000, time.Second)},
		"wrk":       {at(200_000, time.Second), at(50_000, time.Second), at(200_000, time.Second)},
	})
	memory(&out, []turn{at(1000, time.Second), {result: result{Deliveries: 10_000, Seconds: 1}, memory: 30 << 20}})
	want := `             deliveries/s     of wrk  CPU µs/delivery  peak memory
sentsim            75,000       0.80              6.7     20.0 MiB
bare loop          75,000       0.80              6.7     20.0 MiB
net/http           40,000       0.40             12.5     20.0 MiB
k6         skipped: nobody has it
wrk               100,000       1.00              5.0     20.0 MiB

met      1.00 times the deliveries of the bare loop (goal: at least 0.95)
met      1.00 times the CPU time of the bare loop (goal: at most 1.25)
missed   0.80 times the deliveries of wrk with one thread (goal: at least 0.85)
met      1.88 times the deliveries of a plain net/http client (goal: at least 1.8)
unknown  times the deliveries of k6: k6 did not take part
unknown  times the deliveries of k6, with k6/x/sentsim in it: k6/x did not take part

    1,000 messages: peak memory 20.0 MiB, 500 deliveries/s
   10,000 messages: peak memory 30.0 MiB, 10,000 deliveries/s
missed   1.50 times the memory (goal: at most 1.25)
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableTellsTheCeiling(t *testing.T) {
	at := func(deliveries int) []turn {
		return []turn{{result: result{Deliveries: deliveries, Seconds: 1}, cpu: time.Second}}
	}
	var out bytes.Buffer
	table(&out, nil, map[string][]turn{"sentsim": at(150_000), "net/http": at(100_000), "k6": at(20_000), "k6/x": at(30_000), "wrk": at(160_000)})
	for _, want := range []string{
		"missed   1.50 times the deliveries of a plain net/http client (goal: at least 1.8; on this machine wrk itself: 1.60)\n",
		"met      7.50 times the deliveries of k6 (goal: at least 6)\n",
		"missed   1.50 times the deliveries of k6, with k6/x/sentsim in it (goal: at least 2.5)\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nwant in it\n%s", out.String(), want)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"--rounds", "0"}, {"--duration", "999ms"}, {"more"}, {"--what"}, {"sentsim"}, {"net/http", "http://127.0.0.1:1/", "long"}} {
		var out bytes.Buffer
		if code := bench(t.Context(), args, strings.NewReader(""), &out, &out); code != 2 || out.Len() == 0 {
			t.Errorf("%q: status %d, %q", args, code, out.String())
		}
	}
}

// TestVerdicts lets the command of now play both sides, at what takes no time.
func TestVerdicts(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the command")
	}
	dir := t.TempDir()
	sides, all, err := prepare(t.Context(), options{verdicts: true, duration: 50 * time.Millisecond}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("node"); (err != nil) != (all[1].missing != "") {
		t.Errorf("node: %v, and the task says %q", err, all[1].missing)
	}
	all[1].missing = "not now"
	quick := slices.DeleteFunc(all, func(task task) bool {
		return task.missing == "" && !slices.Contains([]string{"sentsim version", postsInMemory, postsInSQLite}, task.name)
	})
	var out bytes.Buffer
	if err := verdicts(t.Context(), quick, 1, append(sides, sides...), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" skipped: not now\n", " ms  before ", " POST /v3/messages a second with SQLite (goal: at least 10,000)\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestVerdictTable(t *testing.T) {
	all := []task{{name: "a verdict", unit: "s"}, {name: "another", missing: "nobody has it"}, {name: postsInMemory, unit: "requests/s"}}
	now := outcomes{"a verdict": {2, 1, 12}, postsInMemory: {30_000}, inMemory: {1000, 3000}, inSQLite: {400, 1500}, generated: {2500}, bareHMAC: {1000}}
	var out bytes.Buffer
	verdictTable(&out, all, now, outcomes{"a verdict": {4, 1, 10}})
	want := `
a verdict                              2.00 s  before 4.00, ratio 1.00
another                          skipped: nobody has it
POST /v3/messages, memory            30,000 requests/s

met      30,000 POST /v3/messages a second in memory (goal: at least 25,000)
unknown  POST /v3/messages a second with SQLite: not measured
missed   0.45 times the deliveries of a server in memory, with SQLite (goal: at least 0.50)
missed   2.50 times the bare HMAC to generate and sign an event (goal: at most 2.00)
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
