package scenarios

import (
	"errors"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/clock"
)

// withoutTarget is the report of a run whose target could not be reached or
// started: without it whoever reads reports would find none, or an old one. For
// any other error it is empty.
func withoutTarget(cfg Config, version string, err error) report.Report {
	var unreachable *TargetError
	if !errors.As(err, &unreachable) {
		return report.Report{}
	}
	rep := opened(cfg, version, "verify", unreachable.Target, clock.Wall())
	rep.ExitStatus, rep.TargetLog = ExitTarget, unreachable.Log
	rep.Diagnosis = &report.Diagnosis{
		Cause:   "target-unreachable",
		Summary: unreachable.Error(),
		Fix:     "Bring the receiver up and run again; nothing was judged.",
	}
	return rep
}
