package report

import (
	"encoding/json"
	"fmt"
)

// Verdict is what a run concluded about a rule. The zero value is NotChecked,
// so a forgotten assignment never reads as a pass.
type Verdict int

// The verdicts.
const (
	NotChecked Verdict = iota // it could not be seen; the reason says why
	Passed                    // the receiver keeps the rule
	Warned                    // the receiver breaks a SHOULD rule
	Failed                    // the receiver breaks a MUST rule (with strict: any rule)
	Errored                   // our own trouble: it says nothing of the receiver
)

// String is the verdict as it stands in the JSON report.
func (v Verdict) String() string {
	switch v {
	case NotChecked:
		return "not_checked"
	case Passed:
		return "passed"
	case Warned:
		return "warned"
	case Failed:
		return "failed"
	case Errored:
		return "errored"
	}
	return fmt.Sprintf("Verdict(%d)", int(v))
}

// MarshalJSON writes the verdict's name. A value that is no verdict is an error.
func (v Verdict) MarshalJSON() ([]byte, error) {
	if v < NotChecked || v > Errored {
		return nil, fmt.Errorf("%s is not a verdict", v)
	}
	return json.Marshal(v.String())
}

// UnmarshalJSON reads a verdict's name.
func (v *Verdict) UnmarshalJSON(data []byte) error {
	var name string
	if err := json.Unmarshal(data, &name); err != nil {
		return fmt.Errorf("verdict: %w", err)
	}
	for known := NotChecked; known <= Errored; known++ {
		if known.String() == name {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("unknown verdict %q: passed, failed, warned, not_checked or errored", name)
}

// Worst is the verdict on the whole, given those on its parts: failed before
// errored before warned before not checked. It is passed only when every part
// is, and not checked when there is no part at all.
func Worst(verdicts ...Verdict) Verdict {
	worst := Passed
	for _, v := range verdicts {
		if severity(v) > severity(worst) {
			worst = v
		}
	}
	if len(verdicts) == 0 {
		return NotChecked
	}
	return worst
}

// severity orders the verdicts for Worst. What the receiver did wrong is told
// before what we did wrong: a failure seen is a failure, whatever else broke.
func severity(v Verdict) int {
	switch v {
	case Failed:
		return 4
	case Errored:
		return 3
	case Warned:
		return 2
	case Passed:
		return 0
	case NotChecked:
		return 1
	}
	return 3 // no verdict at all is our own trouble
}
