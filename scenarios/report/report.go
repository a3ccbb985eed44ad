package report

import "time"

// Schema is the version of the JSON report. It changes only when a reader of
// the old one could misread the new one; new fields may come without a change.
const Schema = 1

// Report is one run.
type Report struct {
	Schema     int        `json:"schema"`
	Sentsim    string     `json:"sentsim"` // version
	Command    string     `json:"command"`
	Started    string     `json:"started"` // when the run began, RFC 3339 in UTC; "" where it is not known
	Host       string     `json:"host"`    // where sentsim ran: operating system and architecture
	Seed       uint64     `json:"seed"`
	Edition    string     `json:"edition"` // of Sent, in which the receiver was judged
	Strict     bool       `json:"strict"`
	RequireAll bool       `json:"require_all"`
	Target     string     `json:"target"` // as the user would name it, without secrets
	Image      string     `json:"image"`  // digest of the container's image, or ""
	Notes      []string   `json:"notes"`  // what else is to be known of the run
	ExitStatus int        `json:"exit_status"`
	DurationMS int64      `json:"duration_ms"` // wall time
	VirtualMS  int64      `json:"virtual_ms"`  // simulated time, summed over the scenarios
	Diagnosis  *Diagnosis `json:"diagnosis"`
	Learned    *Learned   `json:"learned"`    // of the receiver, before it was judged; null where nothing was
	Causes     []Cause    `json:"causes"`     // the few mistakes behind what failed, the likeliest first
	TargetLog  []string   `json:"target_log"` // last lines of the target's output, when something failed
	Chaos      *Chaos     `json:"chaos"`      // of the chaos command
	Answers    []Answers  `json:"answers"`    // how long they took, by classes
	Summary    Summary    `json:"summary"`
	Levels     []Level    `json:"levels"`
	Rules      []Rule     `json:"rules"`
}

// Diagnosis says why the plain signed delivery was refused.
type Diagnosis struct {
	Cause    string   `json:"cause"`   // stable short name, e.g. "secret-not-decoded", "wrong-path"
	Summary  string   `json:"summary"` // one sentence
	Fix      string   `json:"fix"`
	Evidence []string `json:"evidence"` // what was tried and what came back, a line each
}

// Learned is how the receiver was built, as far as it was seen.
type Learned struct {
	Edition         string             `json:"edition"`           // in which it was judged
	Channels        []string           `json:"channels"`          // on which messages show
	Statuses        map[string]*string `json:"statuses"`          // its own words; null: not kept
	OwnMessagesOnly *bool              `json:"own_messages_only"` // null: it could not be told
	InboundShape    *string            `json:"inbound_shape"`     // that shows; null: none, or it could not be told
	LagMS           int64              `json:"lag_ms"`            // of its state behind its answers, at most
	AnswerMS        int64              `json:"answer_ms"`
	SideBySide      int                `json:"side_by_side"` // deliveries that it takes in about the time of one
	Unseen          string             `json:"unseen"`       // why messages do not show, or ""
	Notes           []string           `json:"notes"`        // what its answers give away
	ExpectedMS      int64              `json:"expected_ms"`  // how long the run was expected to take
}

// Cause is one mistake behind what failed.
type Cause struct {
	ID        string   `json:"id"`      // stable short name
	Summary   string   `json:"summary"` // one sentence
	Fix       string   `json:"fix"`
	Rules     []string `json:"rules"`     // that failed because of it
	Certainty string   `json:"certainty"` // tried, matches or likely
}

// Answers is how many answers took up to so long.
type Answers struct {
	UpToMS int64 `json:"up_to_ms"` // 0: longer than any other class
	Count  int   `json:"count"`
}

// Summary counts rules by verdict.
type Summary struct {
	Passed     int `json:"passed"`
	Failed     int `json:"failed"`
	Warned     int `json:"warned"`
	NotChecked int `json:"not_checked"`
	Errored    int `json:"errored"`
}

// Total is the number of rules counted.
func (s Summary) Total() int { return s.Passed + s.Failed + s.Warned + s.NotChecked + s.Errored }

// Rule is the verdict on one rule of the contract.
type Rule struct {
	ID        string     `json:"id"`
	Level     string     `json:"level"` // MUST or SHOULD
	Verdict   Verdict    `json:"verdict"`
	Title     string     `json:"title"`
	Why       string     `json:"why"`
	Fix       string     `json:"fix"`
	Reason    string     `json:"reason"` // one sentence; of a passed rule: which part was not checked, or ""
	Remedy    string     `json:"remedy"` // what would make what was not checked checkable, or ""
	Cause     string     `json:"cause"`  // id of the cause why it failed, or ""
	Scenarios []Scenario `json:"scenarios"`
}

// Scenario is one Gherkin scenario, or one row of its examples.
type Scenario struct {
	Name     string        `json:"name"`
	File     string        `json:"file"` // feature file and line: "signature.feature:12"
	Verdict  Verdict       `json:"verdict"`
	Reason   string        `json:"reason"`
	Remedy   string        `json:"remedy"`  // of a scenario that was not checked, or ""
	Partial  bool          `json:"partial"` // of several parts of the rule; see package documentation
	Duration time.Duration `json:"-"`
	Steps    []Step        `json:"-"`
	Evidence []Evidence    `json:"evidence"`
}

// Step is one Gherkin step as it ran.
type Step struct {
	Text string // with its keyword
	Err  string // "" when it went well or did not run
	Ran  bool
}

// Evidence is one exchange with the receiver, or one reading of its state: first
// the one that the verdict rests on, then the scenario's story from its beginning.
// The evidence of a passed scenario is not kept.
type Evidence struct {
	Step      int    `json:"step"`    // its place in the scenario's story, from 1; 0 where it has none
	SentMS    int64  `json:"sent_ms"` // when, after the story's first, on the clock of the scenario
	What      string `json:"what"`    // what was sent, in words, or ""
	Request   string `json:"request"`
	Changed   string `json:"changed"` // of a forged request: how it differs from the genuine one, as a unified diff
	Response  string `json:"response"`
	State     string `json:"state"` // the receiver's state, where that is what is wrong
	Expected  string `json:"expected"`
	Reproduce string `json:"reproduce"` // a command; "" where no single one does it
}
