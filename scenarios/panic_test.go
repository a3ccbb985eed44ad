package scenarios_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
)

// clumsy panics at the first verdict, in the middle of the run.
type clumsy struct{}

func (clumsy) Start(report.Header)    {}
func (clumsy) RuleDone(r report.Rule) { panic("dropped " + r.ID) }

// TestPanicLeavesNothing: what was started is stopped, whatever happens.
func TestPanicLeavesNothing(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	cfg := config.Default()
	cfg.Target = target.Spec{
		Name: "a receiver", Exec: "'" + self + "'", Port: port, StartTimeout: 30 * time.Second,
		Env: map[string]string{"FRAGILE_RECEIVER": "1", "STATE_FILE": filepath.Join(t.TempDir(), "state.db")},
	}
	bug := func() (bug any) {
		defer func() { bug = recover() }()
		_, _ = scenarios.Run(t.Context(), cfg, scenarios.WithWatcher(clumsy{}))
		return nil
	}()
	if text, _ := bug.(string); !strings.HasPrefix(text, "dropped ") {
		t.Errorf("the panic became %v", bug)
	}
	dialer := net.Dialer{Timeout: time.Second}
	if conn, err := dialer.DialContext(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
		_ = conn.Close()
		t.Error("the receiver still runs")
	}
}
