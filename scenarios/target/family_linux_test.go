package target

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
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
