package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
)

// late watches, while the scenarios run, for what learning has not seen in time. A
// state that comes after the settle time is no defect: the verdicts that did not
// wait for it say nothing.
type late struct {
	stop context.CancelFunc
	wg   sync.WaitGroup
	by   atomic.Int64 // how late, a time.Duration; 0: nothing came
}

func (w *late) watch(ctx context.Context, l *learn.Learner) {
	ctx, w.stop = context.WithCancel(ctx)
	w.wg.Go(func() { w.by.Store(int64(l.Late(ctx))) })
}

// end ends the watching; with patience it may run to its own end.
func (w *late) end(patience bool) {
	if w.stop == nil {
		return
	}
	if !patience {
		w.stop()
	}
	w.wg.Wait()
	w.stop()
}

// pardon takes back what a rule's scenarios and what was learned say of state.
func (w *late) pardon(out report.Scenario, settle time.Duration) report.Scenario {
	by := time.Duration(w.by.Load())
	out.Verdict, out.Evidence = report.NotChecked, nil
	out.Reason = fmt.Sprintf("the receiver's state came %s after the acknowledgement, and settle is %s: nothing can be said of it", by.Round(100*time.Millisecond), settle)
	out.Remedy = fmt.Sprintf("Set how late state may be: settle: %s in the config file, or --settle %[1]s", (by * 2).Round(time.Second))
	return out
}

// pardoned reports whether a scenario that was learned, or ran, says nothing
// because state was late: it failed, or was not checked as nothing showed.
func (w *late) pardoned(out report.Scenario, state bool, t learn.Traits) bool {
	if w.by.Load() == 0 || !state {
		return false
	}
	switch out.Verdict {
	case report.Failed, report.Warned:
		return true
	case report.NotChecked:
		return slices.Contains([]string{t.Outbound.Why, t.Inbound.Why, t.Template.Why}, out.Reason)
	case report.Passed, report.Errored:
	}
	return false
}

// believed are the traits without what the late state seemed to show.
func (w *late) believed(t learn.Traits) learn.Traits {
	if w.by.Load() > 0 {
		t.Deviations = slices.DeleteFunc(slices.Clone(t.Deviations), aboutState)
	}
	return t
}

// aboutState reports whether a deviation was seen in the receiver's state, and not
// in an answer (SIG-1) or by another edition that shows.
func aboutState(d learn.Deviation) bool {
	return d.Rule != rule.SIG1 && !strings.HasPrefix(d.ID, "edition-")
}
