package target

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// A process has no environment for the moment in which it starts a program. It is
// found all the same: whoever overlooks it leaves it running.
func TestFamilyFindsWhatIsJustStarting(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here")
	}
	for n := range 100 {
		mark := newMark()
		cmd := exec.CommandContext(t.Context(), "sh", "-c", "setsid env A=1 sleep 300 &")
		cmd.Env = append(os.Environ(), mark)
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		left := family(mark)
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		if len(left) == 0 {
			killFamily(mark) // by now it is there
			t.Fatalf("the process that run %d left behind was not found", n)
		}
	}
}

// A receiver that goes into the background, as daemons do, is controlled there: it is
// paused, brought back and seen to crash as any other.
func TestOneInTheBackgroundIsControlled(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]string{
		"in a session of its own": "setsid env RECEIVER=127.0.0.1 SELF &",
		"after it has answered":   "env RECEIVER=127.0.0.1 SELF & while ! grep -qs ready LOG; do sleep 0.01; done",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			start := strings.NewReplacer("SELF", self(t)+" >"+dir+"/log", "LOG", dir+"/log").Replace(start)
			if err := os.WriteFile(dir+"/start.sh", []byte(start), 0o600); err != nil {
				t.Fatal(err)
			}
			tg := mustStart(t, Spec{Exec: "sh " + dir + "/start.sh", Path: "/", Ready: Ready{Path: "/healthz"}}, Env{Secret: secret(t)})
			followed := func() {
				t.Helper()
				for end := time.Now().Add(20 * time.Second); !strings.Contains(strings.Join(tg.Log(), "\n"), "is watched in its place"); time.Sleep(5 * time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("its output is %q", tg.Log())
					}
				}
			}
			request := func(path string, within time.Duration) delivery.Outcome {
				return delivery.HTTP{}.Send(t.Context(), delivery.Request{URL: tg.URL() + path}, within)
			}
			followed()
			if o := request("healthz", 5*time.Second); !o.Accepted() || !tg.Alive(t.Context()) {
				t.Fatalf("once its command has ended: %s %d %s", o.Kind, o.Status, o.Err)
			}
			if err := tg.Pause(); err != nil {
				t.Fatal(err)
			}
			if o := request("healthz", 150*time.Millisecond); o.Kind != delivery.Timeout {
				t.Errorf("paused: %s %d", o.Kind, o.Status)
			}
			if err := tg.Restart(t.Context(), Env{Secret: secret(t)}); err != nil {
				t.Fatalf("paused, it is restarted: %v", err)
			}
			if o := request("crash", 5*time.Second); o.Kind != delivery.Reset || tg.Alive(t.Context()) {
				t.Errorf("it crashed: %s, alive: %t", o.Kind, tg.Alive(t.Context()))
			}
			if err := tg.Restart(t.Context(), Env{Secret: secret(t)}); err != nil || !tg.Alive(t.Context()) {
				t.Errorf("it was brought back: %v", err)
			}
		})
	}
}

// What has left the group has as much time to end as the process itself, also where it
// writes its output elsewhere: a receiver that saves its work on SIGTERM loses none.
func TestWhatRunsElsewhereMayFinish(t *testing.T) {
	t.Parallel()
	server, saving := "env RECEIVER=127.0.0.1 "+self(t), "setsid sh SAVES >/dev/null 2>&1 &"
	for name, start := range map[string]string{
		"beside the receiver":       saving + " exec " + server,
		"when its command is over":  saving + " setsid " + server + " >/dev/null 2>&1 &",
		"in the group of the shell": "sh SAVES >/dev/null 2>&1 & exec " + server,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			saves := "trap 'sleep 0.3; echo >" + dir + "/saved; exit 0' TERM; echo >" + dir + "/trapped; while :; do sleep 0.05; done"
			for file, text := range map[string]string{"start.sh": strings.ReplaceAll(start, "SAVES", dir+"/saves.sh"), "saves.sh": saves} {
				if err := os.WriteFile(dir+"/"+file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			tg := mustStart(t, Spec{Exec: "sh " + dir + "/start.sh"}, Env{Secret: secret(t)})
			for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				if _, err := os.Stat(dir + "/trapped"); err == nil {
					break
				} else if time.Now().After(end) {
					t.Fatal(err)
				}
			}
			if err := tg.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(dir + "/saved"); err != nil {
				t.Errorf("it was killed before it was done: %v", err)
			}
		})
	}
}
