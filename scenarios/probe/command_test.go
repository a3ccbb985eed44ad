package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asked is a probe whose message state a command reads, run in a folder of its own.
func asked(t *testing.T, exec, status string) *Probe {
	t.Helper()
	return mustNew(t, Config{
		Message: &Endpoint{Exec: exec, Status: status},
		Dir:     t.TempDir(), Env: map[string]string{"STATE": "SENT"},
	})
}

func TestCommandsAreReadAsEndpointsAre(t *testing.T) {
	const id = "4b1c7d5e-0f6a-4c6e-9f21-3b9a4f0c1d11"
	for _, tt := range []struct {
		name, exec, status string
		want               State // but for Raw
		wantErr            []string
	}{
		{"JSON", `sh -c 'echo "{\"id\":\"$1\",\"status\":\"SENT\"}"' sh {message_id}`, "$.status", State{Known: true, Status: "SENT", HasStatus: true}, nil},
		{"rows, filtered by id", `echo '[{"id":"x","s":"READ"},{"id":"{message_id}","s":4}]'`, `$[?@.id == "{message_id}"].s`, State{Known: true, Status: "4", HasStatus: true}, nil},
		{"nothing is unknown", `test -n {message_id}`, "$.status", State{}, nil},
		{"null is unknown", `echo null -n{message_id}`, "$", State{}, []string{"more than one JSON value", "null -n" + id}},
		{"null alone is unknown", `sh -c 'echo null' {message_id}`, "$", State{}, nil},
		{"status 1 and silence is unknown", `test {message_id} = other`, "$.status", State{}, nil},
		{"status 1 and null is unknown", `sh -c 'echo null; exit 1' {message_id}`, "$.status", State{}, nil},
		{"the target's environment and port", `sh -c 'echo "{\"status\":\"$STATE $PORT\"}"' {message_id}`, "$.status", State{Known: true, Status: "SENT 8080", HasStatus: true}, nil},
		{"variables in the command", `sh -c 'echo "[\"$1\"]"' sh "${STATE} {message_id}"`, "$[0]", State{Known: true, Status: "SENT " + id, HasStatus: true}, nil},
		{"a variable in front", `ID={message_id} sh -c 'echo "[\"$ID\"]"'`, "$[0]", State{Known: true, Status: id, HasStatus: true}, nil},
		{"status 1 and a word", `sh -c 'echo "no such table" >&2; exit 1' {message_id}`, "$.status", State{}, []string{"probe.message.exec", "sh ended with exit status 1", "no such table"}},
		{"another status", `sh -c 'exit 3' {message_id}`, "$.status", State{}, []string{"exit status 3", "it printed nothing"}},
		{"no JSON", `echo SENT {message_id}`, "$.status", State{}, []string{"probe.message.exec: echo printed what is not JSON", "SENT " + id}},
		{"an object for a status", `echo '{"status":{}}' #{message_id}`, "$.status", State{}, []string{"more than one JSON value"}},
		{"too much", `yes {message_id}`, "$.status", State{}, []string{"yes prints more than 1048576 bytes"}},
		{"no program", `no-such-program-here {message_id}`, "$.status", State{}, []string{`there is no program "no-such-program-here"`}},
		{"no file", `./read {message_id}`, "$.status", State{}, []string{"there is no file"}},
		{"a secret on standard error", `sh -c 'echo "key whsec_c2VudHNpbSB0ZXN0" >&2; exit 2' {message_id}`, "$.status", State{}, []string{"key whsec_***"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := asked(t, tt.exec, tt.status).Message(t.Context(), "http://127.0.0.1:8080/hook", id)
			if (err != nil) != (tt.wantErr != nil) {
				t.Fatalf("%+v, %v", got, err)
			}
			for _, want := range tt.wantErr {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			got.Raw = ""
			if err == nil && got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// What stands in the place of a placeholder is a part of its word, and nothing
// that a shell or a database would read as more than a value.
func TestPlaceholdersOfCommandsAreArguments(t *testing.T) {
	dir := t.TempDir()
	p := mustNew(t, Config{Inbound: &Endpoint{Exec: `sh -c 'echo {from} > asked; echo "[1,2]"'`, Count: "$"}, Dir: dir})
	if s, err := p.Inbound(t.Context(), "", "+15550001111"); err != nil || s.Count != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	if said, err := os.ReadFile(filepath.Join(dir, "asked")); err != nil || string(said) != "+15550001111\n" {
		t.Errorf("the command got %q, %v", said, err)
	}
	for _, hostile := range []string{`x; touch owned`, `$(touch owned)`, "`touch owned`", `' OR 1=1 --`, "a\nb", "-rf", "", "a|b", `"`} {
		if _, err := p.Inbound(t.Context(), "", hostile); err == nil || !strings.Contains(err.Error(), "not put into a command") {
			t.Errorf("%q: %v", hostile, err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files %v", files)
	}
}

func TestCommandsEndWithTheirContext(t *testing.T) {
	p := asked(t, `sh -c 'sleep 100 & sleep 100' {message_id}`, "$.status")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := p.Message(ctx, "", "m"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 30*time.Second {
		t.Errorf("%v after %s", err, time.Since(begin))
	}
}

// Readings go side by side, but not all of them at once.
func TestCommandsAreBounded(t *testing.T) {
	dir := t.TempDir()
	// Each notes how many run when it starts.
	p := mustNew(t, Config{Message: &Endpoint{Exec: `sh -c 'mkdir run-$0; ls -d run-* | wc -l; sleep 0.05; rmdir run-$0' {message_id}`, Status: "$"}, Dir: dir})
	most := make(chan int)
	for i := range 12 {
		go func() {
			s, err := p.Message(t.Context(), "", fmt.Sprint(i))
			if err != nil {
				t.Error(err)
			}
			var n int
			_, _ = fmt.Sscan(s.Status, &n)
			most <- n
		}()
	}
	highest := 0
	for range 12 {
		highest = max(highest, <-most)
	}
	if highest < 2 || highest > 4 {
		t.Errorf("%d commands ran at the same time, want 2 to 4", highest)
	}
}
