package target

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestWhatLeavesTheGroup: a target's children end with it wherever they went, and
// one that goes into the background is watched there.
func TestWhatLeavesTheGroup(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere, nobody finds them")
	}
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here")
	}
	server := "RECEIVER=127.0.0.1 '" + self(t) + "'"
	for name, text := range map[string]string{
		"a child in a session of its own":       "setsid sleep 300 & echo $! >>PIDS; exec env " + server,
		"a grandchild whose parent has ended":   "(setsid sh -c 'sleep 300 & echo $! >>PIDS') ; exec env " + server,
		"one that goes into the background":     "setsid env " + server + " & echo $! >>PIDS",
		"one that stays in the group and ends":  "env " + server + " & echo $! >>PIDS",
		"a child that ignores SIGTERM and HUPs": "setsid sh -c \"trap '' TERM HUP; sleep 300\" & echo $! >>PIDS; exec env " + server,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			pids, script := filepath.Join(dir, "pids"), filepath.Join(dir, "start.sh")
			if err := os.WriteFile(script, []byte(strings.ReplaceAll(text, "PIDS", pids)), 0o600); err != nil {
				t.Fatal(err)
			}
			tg := mustStart(t, Spec{Exec: "sh " + script}, Env{Secret: secret(t)})
			if err := tg.Close(); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(pids)
			if err != nil || len(strings.Fields(string(text))) == 0 {
				t.Fatalf("no process was started beside it: %v", err)
			}
			for field := range strings.FieldsSeq(string(text)) {
				pid, err := strconv.Atoi(field)
				if err != nil {
					t.Fatal(err)
				}
				for end := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(5 * time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("process %d is still there", pid)
					}
				}
			}
		})
	}
}

// alive reports whether a process still does something; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
