package chaos

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// DefaultProfile is the name of the profile that a run has unless another is named.
const DefaultProfile = "everything"

// Profiles are the named profiles, from the gentlest. The caller owns them.
func Profiles() []Profile {
	mix := Mix{Inbound: 0.15, Template: 0.05, WhatsApp: 0.40, RCS: 0.15, Failed: 0.05}
	calm := Profile{Name: "calm", Mix: mix, Faults: map[Fault]float64{
		FaultSkip: 0.05, FaultDuplicate: 0.02, FaultResigned: 0.02,
	}}
	carrier := Profile{Name: "carrier", Mix: Mix{Inbound: 0.15, Template: 0.02, WhatsApp: 0.15, RCS: 0.10, Failed: 0.15}, Faults: map[Fault]float64{
		FaultSkip: 0.25, FaultReorder: 0.15, FaultTogether: 0.10, FaultDuplicate: 0.05, FaultResigned: 0.05, FaultAtOnce: 0.03,
		FaultLateDuplicate: 0.03, FaultLateRetry: 0.05, FaultBurst: 0.01,
		FaultUnknownStatus: 0.02, FaultNullFields: 0.05,
	}}
	storm := Profile{Name: "retry-storm", Mix: mix, Faults: map[Fault]float64{
		FaultSkip: 0.05, FaultReorder: 0.05, FaultTogether: 0.05, FaultDuplicate: 0.10, FaultResigned: 0.10, FaultAtOnce: 0.15,
		FaultLateDuplicate: 0.15, FaultLateRetry: 0.10, FaultLostAck: 0.12, FaultHangUp: 0.08, FaultReset: 0.05,
		FaultBurst: 0.02, FaultPause: 0.01, FaultRestart: 0.02, FaultDisable: 0.005,
	}}
	hostile := Profile{Name: "hostile", Mix: Mix{Inbound: 0.40, Template: 0.05, WhatsApp: 0.30, RCS: 0.10}, Faults: map[Fault]float64{
		FaultForgery: 0.50, FaultSkew: 0.05, FaultHostileText: 0.50, FaultUnknownStatus: 0.05, FaultUnknownField: 0.05,
		FaultExtraFields: 0.10, FaultNullFields: 0.10, FaultNotAnObject: 0.08, FaultReset: 0.05, FaultSlowSender: 0.02,
		FaultDuplicate: 0.05, FaultBurst: 0.01, FaultRotate: 0.02,
	}}
	everything := Profile{Name: DefaultProfile, Mix: Mix{Inbound: 0.20, Template: 0.08, WhatsApp: 0.40, RCS: 0.15, Failed: 0.15}, Faults: map[Fault]float64{
		FaultSkip: 0.10, FaultReorder: 0.10, FaultTogether: 0.08, FaultDuplicate: 0.05, FaultResigned: 0.05, FaultAtOnce: 0.06,
		FaultLateDuplicate: 0.08, FaultLateRetry: 0.06, FaultLostAck: 0.05, FaultHangUp: 0.06, FaultReset: 0.03,
		FaultSlowSender: 0.01, FaultSkew: 0.03, FaultBurst: 0.012, FaultForgery: 0.30, FaultUnknownStatus: 0.03, FaultUnknownField: 0.02,
		FaultExtraFields: 0.05, FaultNullFields: 0.05, FaultHostileText: 0.30, FaultNotAnObject: 0.06,
		FaultPause: 0.01, FaultRestart: 0.02, FaultRotate: 0.02, FaultDisable: 0.005,
	}}
	return []Profile{calm, carrier, storm, hostile, everything}
}

// ProfileNames are the names of Profiles.
func ProfileNames() []string {
	var names []string
	for _, p := range Profiles() {
		names = append(names, p.Name)
	}
	return names
}

// LookupProfile is the profile of that name; ok tells if there is one.
func LookupProfile(name string) (p Profile, ok bool) {
	for _, p := range Profiles() {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// Validate tells which faults there are not and which probabilities are none.
func (p Profile) Validate() error {
	known := map[Fault]bool{}
	for _, d := range Faults() {
		known[d.Fault] = true
	}
	var problems []error
	for _, f := range slices.Sorted(maps.Keys(p.Faults)) {
		if !known[f] {
			problems = append(problems, fmt.Errorf("unknown fault %q", f))
			continue
		}
		if err := CheckProbability(p.Faults[f]); err != nil {
			problems = append(problems, fmt.Errorf("faults.%s: %w", f, err))
		}
	}
	for _, c := range p.Mix.chances() {
		if err := CheckProbability(c.Of); err != nil {
			problems = append(problems, fmt.Errorf("mix.%s: %w", c.Name, err))
		}
	}
	if sum := p.Mix.Inbound + p.Mix.Template; sum > 1 {
		problems = append(problems, fmt.Errorf("mix: inbound and template are more than all together (%g)", sum))
	}
	if sum := p.Mix.WhatsApp + p.Mix.RCS; sum > 1 {
		problems = append(problems, fmt.Errorf("mix: whatsapp and rcs are more than all together (%g)", sum))
	}
	return errors.Join(problems...)
}

// CheckProbability refuses what is no probability.
func CheckProbability(p float64) error {
	if p >= 0 && p <= 1 { // NaN is neither
		return nil
	}
	return fmt.Errorf("%g is no probability: use a number from 0 to 1", p)
}

// Probability is one number of a profile, as it is printed.
type Probability struct {
	Name string  `json:"name"` // faults.duplicate, mix.inbound
	Of   float64 `json:"probability"`
	Per  string  `json:"per"` // event or message
	Doc  string  `json:"doc"`
}

// Probabilities are all numbers of the profile in the order of the
// documentation, faults that never happen included.
func (p Profile) Probabilities() []Probability {
	var all []Probability
	for _, c := range p.Mix.chances() {
		c.Name = "mix." + c.Name
		all = append(all, c)
	}
	for _, d := range Faults() {
		doc := d.Doc
		if d.Most > 0 {
			doc = strings.TrimSuffix(doc, ".") + fmt.Sprintf(" (%d times at most)", d.Most)
		}
		all = append(all, Probability{Name: "faults." + string(d.Fault), Of: p.Chance(d.Fault), Per: string(d.Per), Doc: doc})
	}
	return all
}

// MixNames are the keys of a mix.
func MixNames() []string { return []string{mixInbound, mixTemplate, mixWhatsApp, mixRCS, mixFailed} }

// Set changes the share of that name; ok tells if there is one.
func (m *Mix) Set(name string, share float64) (ok bool) {
	switch name {
	case mixInbound:
		m.Inbound = share
	case mixTemplate:
		m.Template = share
	case mixWhatsApp:
		m.WhatsApp = share
	case mixRCS:
		m.RCS = share
	case mixFailed:
		m.Failed = share
	default:
		return false
	}
	return true
}

func (m Mix) chances() []Probability {
	return []Probability{
		{mixInbound, m.Inbound, string(PerMessage), "it is one to three texts of a contact"},
		{mixTemplate, m.Template, string(PerMessage), "it is a template under review"},
		{mixWhatsApp, m.WhatsApp, string(PerMessage), "an outbound message travels on WhatsApp"},
		{mixRCS, m.RCS, string(PerMessage), "an outbound message travels on RCS; the others travel by SMS"},
		{mixFailed, m.Failed, string(PerMessage), "an outbound message is made to fail, besides those that fail anyway"},
	}
}
