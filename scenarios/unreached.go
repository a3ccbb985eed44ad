package scenarios

import (
	"errors"

	"github.com/sentsim/sentsim/scenarios/report"
)

// withoutTarget is the report of a run whose target could not be reached or
// started: without it whoever reads reports would find none, or an old one. For
// any other error it is empty.
func withoutTarget(cfg Config, version string, err error) report.Report {
	var unreachable *TargetError
	if !errors.As(err, &unreachable) {
		return report.Report{}
	}
	return report.Report{
		Schema: report.Schema, Sentsim: version, Command: "verify",
		Seed: uint64(cfg.Seed), Strict: cfg.Strict, Target: unreachable.Target,
		ExitStatus: ExitTarget,
		TargetLog:  unreachable.Log,
		Diagnosis: &report.Diagnosis{
			Cause:   "target-unreachable",
			Summary: unreachable.Error(),
			Fix:     "Bring the receiver up and run again; nothing was judged.",
		},
	}
}
