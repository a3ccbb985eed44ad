package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/simulator/seed"
)

func TestSeedsPass(t *testing.T) {
	var out bytes.Buffer
	if code := simulate(t.Context(), []string{"--seeds", "200"}, &out, &out); code != 0 {
		t.Errorf("exit %d\n%s", code, out.String())
	}
	t.Log(out.String())
}

// TestASeedIsOneStory: what a seed makes happen does not depend on who is faster.
func TestASeedIsOneStory(t *testing.T) {
	for s := range seed.Seed(100) {
		p := draw(s)
		p.told = true
		first, again := carryOut(t.Context(), p, patience), carryOut(t.Context(), p, patience)
		if !slices.Equal(first.story, again.story) {
			t.Errorf("seed %s is two stories:\n%s\n\n%s", s, strings.Join(first.story, "\n"), strings.Join(again.story, "\n"))
		}
		if first.requests != again.requests || first.simulated != again.simulated || first.restarts != again.restarts {
			t.Errorf("seed %s: %d requests in %s, and then %d in %s", s, first.requests, first.simulated, again.requests, again.simulated)
		}
	}
}

// TestEveryFaultIsInTheCode: a fault whose text is gone would prove nothing.
func TestEveryFaultIsInTheCode(t *testing.T) {
	for _, f := range faults() {
		source, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(f.file)))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(source), f.text); n != 1 || f.text == f.new {
			t.Errorf("%s: its text is %d times in %s, and must be there once", f.name, n, f.file)
		}
	}
}

// TestAFaultIsFoundAndTold builds the platform with one mistake in it, finds it,
// and tells a short story of it.
func TestAFaultIsFoundAndTold(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program again")
	}
	var out bytes.Buffer
	if code := simulate(t.Context(), []string{"--faults", "--seeds", "300", "--only", "disabled one failure late"}, &out, &out); code != 0 {
		t.Errorf("exit %d\n%s", code, out.String())
	}
	f := faults()[0]
	binary, err := f.build(t.Context(), filepath.Join("..", "..", ".."), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	said := tellOf(t, binary, "--seeds", "300")
	for _, want := range []string{"FAILED at seed", "go run ./simulator/testdata/simulate --seed ", "The rule: ", "WRONG: "} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	var steps int // one of them may emit twelve events, each with its attempts
	_, story, _ := strings.Cut(said, "The shortest story found (")
	if n, _ := fmt.Sscanf(story, "%d of its steps", &steps); n != 1 || steps > 5 {
		t.Errorf("the story is not short:\n%s", story)
	}
	t.Log(said)
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"--seeds", "0"}, {"--jobs", "0"}, {"--seed", "x"}, {"more"}, {"--no-such-flag"}} {
		var out bytes.Buffer
		if code := simulate(t.Context(), args, &out, &out); code != 2 {
			t.Errorf("%v: exit %d", args, code)
		}
	}
	var out bytes.Buffer
	if code := simulate(t.Context(), []string{"--faults", "--only", "no fault has this name"}, &out, &out); code == 0 {
		t.Error("looking for nothing is a success")
	}
}

func tellOf(t *testing.T, binary string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
	if err == nil {
		t.Errorf("the fault was not found:\n%s", out)
	}
	return string(out)
}
