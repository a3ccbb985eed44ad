// Package diagnosis finds out by experiment why a receiver refuses genuine
// deliveries. It changes one thing at a time, compares whole answers (status,
// headers and body, not only whether they are a 2xx), and then names the one
// mistake that explains all of them. It blames the secret only when the answers
// show that the signature was looked at and nothing else explains the refusal.
package diagnosis

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// Receiver is what refuses deliveries, and how it is reached. The driver, whose
// timeout is that of one attempt, is needed; everything else may be left out.
type Receiver struct {
	driver.Driver

	SentWaits time.Duration // how long Sent itself would wait for an answer
	Started   bool          // by us, with Secret in the environment variable SecretEnv
	SecretEnv string        // its name
	Handed    bool          // Secret, to the function that makes it
	Others    []Variant     // other events, editions and channels to try
	Seed      seed.Seed

	Log     func() []string                            // the last lines of its output
	Alive   func(ctx context.Context) bool             // whether it still takes connections
	Redact  func(text string) string                   // takes secrets out of a text
	Starved func(from time.Time) (total time.Duration) // for how long this machine had no time for us
}

// Variant is another genuine delivery than the one that was refused.
type Variant struct {
	Name  string // as the end of "it takes …": "a message.received event", "events of edition 2025"
	Type  event.Type
	Knobs simulator.Knobs
	// Fix is what to do where the receiver takes this one; "" for the usual advice.
	Fix string
}

// Budget is how long a diagnosis of a receiver that answers promptly may take.
const Budget = slowdown * 15 * time.Second

// A receiver that is slow to refuse gets as many answers' time more, up to a limit.
const (
	perAnswer    = 60
	mostPatience = 15 * time.Second
)

// Of finds out why a genuine delivery was answered with plain. It never returns
// without a cause; where the experiments decide nothing it says so, with what
// was seen. It ends early when ctx does.
func Of(ctx context.Context, r Receiver, plain delivery.Outcome) report.Diagnosis {
	i := begin(ctx, r, plain)
	d := i.find()
	d.Evidence = i.tried
	return *d
}

// Plain makes an ordinary genuine delivery: what Of is about, where nobody has
// made it yet.
func Plain(ctx context.Context, r Receiver) delivery.Outcome {
	i := begin(ctx, r, delivery.Outcome{})
	return i.send(i.genuine()).Outcome
}

func begin(ctx context.Context, r Receiver, plain delivery.Outcome) *investigation {
	if r.Log == nil {
		r.Log = func() []string { return nil }
	}
	if r.Redact == nil {
		r.Redact = func(text string) string { return text }
	}
	i := &investigation{r: r, ctx: ctx, until: clock.Wall().Add(Budget), budget: Budget, plain: plain}
	i.note("a genuine delivery", plain)
	return i
}

// find asks one question after another until one has an answer: what the plain
// answer says by itself, then what the facts say, then one change at a time.
func (i *investigation) find() *report.Diagnosis {
	if d := i.transport(); d != nil {
		return d
	}
	if d := i.saysAtOnce(); d != nil {
		return d
	}
	i.gather()
	if d := first(i.lockedOut, i.comesAndGoes, i.namedDoor, i.redirect, i.eventRefused); d != nil {
		return d
	}
	d := i.inOrder([]question{
		{"other paths", i.otherPath},
		{"", i.saysItsStatus},
		{"", i.noSecret},
		{"the likeliest mistakes", i.likeliest},
		{"the check of the timestamp by itself", i.timeAlone},
		{"other base64 alphabets", i.otherAlphabet},
		{"other headers (User-Agent, Host, Content-Type …)", i.otherRequest},
		{"other names of the signature's headers", i.otherHeaderNames},
		{"all known mistakes of a signature", i.knownMistake},
		{"rare mistakes of a signature", i.rare},
		{"other clocks", i.wrongClock},
		{"bodies that nothing would change", i.changedBody},
		{"two mistakes, one with the body", i.mistakeAndBody},
		{"other events", i.otherEvents},
		{aboutNames, i.namesAndMistake},
		{aboutClock, i.clockAndMistake},
		{"", i.noSecretInLog},
		{"", i.secretUnreadable},
		{"", i.saysItself},
		{"", i.weakDoor},
	})
	if told := i.account(); d == nil && told != "" {
		i.tried = append(i.tried, told)
	}
	// What an experiment seems to have found is nothing where the same delivery is
	// taken without it by now.
	if passed := i.hasPassed(); passed != nil {
		return passed
	}
	if d == nil {
		d = i.conclude()
	}
	return d
}
