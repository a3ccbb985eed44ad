// Package rule is the contract between Sent and a webhook receiver, one rule at
// a time: what is asked, why it matters in production, how to repair a receiver
// that breaks it, and where Sent says so. It holds text, it judges nothing.
package rule

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/sentsim/sentsim/scenarios/nearest"
)

// Level says how binding a rule is.
type Level string

// The levels.
const (
	Must   Level = "MUST"   // breaking it fails the run
	Should Level = "SHOULD" // breaking it warns, and fails the run only with --strict
)

// Rule is one claim about a receiver.
type Rule struct {
	ID     string // stable: SIG-1, never renumbered
	Level  Level
	State  bool   // the whole rule needs to see the receiver's state
	Family string // name of the family: "Signature"
	Title  string // the claim in one sentence, with the receiver as its subject
	Why    string // what goes wrong in production when it is broken
	Fix    string // what to change in the receiver
	Source string // the page that says so

	// StatePart is what a state probe adds to a rule that is judged from outside
	// too; "" for none. Without a probe that part is not checked.
	StatePart string
	// Needs is what the harness must be given before it can check the rule, or
	// its state part; empty where the HTTP answers are enough.
	Needs []Need
}

// Code is the short name of the rule's family: SIG of SIG-1.
func (r Rule) Code() string {
	code, _, _ := strings.Cut(r.ID, "-")
	return code
}

// Family is a group of rules with one subject and one feature file.
type Family struct {
	Code string // SIG
	Name string // Signature
	Doc  string // one sentence
}

// Families lists the families in the order of their rules.
func Families() []Family {
	return []Family{
		{"SIG", "Signature", "Take what Sent signed, refuse everything else."},
		{"ACK", "Acknowledgement", "Answer each delivery quickly, yourself, with a 2xx."},
		{"IDEM", "Idempotency", "The same event may come many times and counts once; different events all count."},
		{"ORD", "Order", "Events of a message may arrive in any order, with gaps."},
		{"TOL", "Tolerance", "Live with events, fields and texts you did not expect."},
		{"RET", "Retries", "Recover when Sent delivers late, or again after it had stopped."},
		{"INB", "Inbound", "Take what contacts write back."},
		{"CON", "Contacts", "Follow who has opted out, and write to nobody who has."},
		{"TPL", "Templates", "Follow the review of WhatsApp templates."},
		{"ROT", "Rotation", "Follow a change of the signing secret."},
	}
}

// All lists every rule, in the order of the contract. The caller owns the list.
func All() []Rule { return slices.Clone(all()) }

// Each goes through the rules of All, and makes no list.
func Each() iter.Seq[Rule] { return slices.Values(all()) }

var all = sync.OnceValue(func() (all []Rule) { //nolint:gochecknoglobals // a constant, asked for with each message of a load
	for _, family := range [][]Rule{
		signatureRules(), acknowledgementRules(), idempotencyRules(), orderRules(),
		toleranceRules(), retryRules(), inboundRules(), contactRules(), templateRules(), rotationRules(),
	} {
		all = append(all, family...)
	}
	names := map[string]string{}
	for _, f := range Families() {
		names[f.Code] = f.Name
	}
	for i := range all {
		all[i].Family = names[all[i].Code()]
	}
	return all
})

// ByProbe reports whether nothing but a probe shows that a rule is kept.
func ByProbe(id string) bool { return byProbe()[id] }

var byProbe = sync.OnceValue(func() map[string]bool { //nolint:gochecknoglobals // a constant, asked for with each answer
	ids := map[string]bool{}
	for _, r := range all() {
		ids[r.ID] = r.State && slices.ContainsFunc(r.Needs, func(n Need) bool { return n.Probe() != "" })
	}
	return ids
})

// Get finds a rule by its exact id.
func Get(id string) (Rule, bool) {
	for _, r := range All() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// Parse finds a rule by an id as a person types it: case does not count. The
// error for an unknown one names the nearest, or what there is.
func Parse(text string) (Rule, error) {
	var ids []string
	for _, r := range All() {
		if strings.EqualFold(r.ID, strings.TrimSpace(text)) {
			return r, nil
		}
		ids = append(ids, r.ID)
	}
	if code, _, dash := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), "-"); dash {
		if family := inFamily(code); len(family) > 0 {
			return Rule{}, fmt.Errorf("unknown rule %q: the %s rules are %s", text, code, strings.Join(family, ", "))
		}
	}
	if name := nearest.Name(text, ids); name != "" {
		return Rule{}, fmt.Errorf("unknown rule %q, did you mean %q? sentsim rules lists them all", text, name)
	}
	return Rule{}, fmt.Errorf("unknown rule %q: sentsim rules lists them all", text)
}

// Select finds the rules named by ids and family codes (SIG for all signature
// rules), each once, in the order of the contract.
func Select(names []string) ([]Rule, error) {
	wanted := map[string]bool{}
	for _, name := range names {
		if family := inFamily(strings.ToUpper(strings.TrimSpace(name))); len(family) > 0 {
			for _, id := range family {
				wanted[id] = true
			}
			continue
		}
		r, err := Parse(name)
		if err != nil {
			return nil, err
		}
		wanted[r.ID] = true
	}
	var selected []Rule
	for _, r := range All() {
		if wanted[r.ID] {
			selected = append(selected, r)
		}
	}
	return selected, nil
}

// Except is rules without those that names select.
func Except(rules []Rule, names []string) ([]Rule, error) {
	dropped, err := Select(names)
	return slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool {
		return slices.ContainsFunc(dropped, func(d Rule) bool { return d.ID == r.ID })
	}), err
}

func inFamily(code string) []string {
	var ids []string
	for _, r := range All() {
		if r.Code() == code {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// The pages of Sent's documentation that the rules come from.
const (
	signaturePage = "Signature Verification, https://docs.sent.dm/start/webhooks/signature-verification"
	retriesPage   = "Handling Retries, https://docs.sent.dm/start/webhooks/handling-retries"
	eventsPage    = "Event Types, https://docs.sent.dm/start/webhooks/event-types"
	clientTypes   = "the types and comments of Sent's official clients: TypeScript 0.40, C# 0.30"
	lifecyclePage = "Webhooks Lifecycle, under https://docs.sent.dm/start/webhooks"
)
