package chaos

import (
	"fmt"
	"slices"

	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

// familyEvery is which of the plan's messages bring an event of a family that
// Sent has added since: one in so many, so that a run of 300 has each of them more
// than once, and what is lost on purpose once is sent another time.
const familyEvery = 6

// addedFamily delivers the event whose turn it is of the families that not every
// edition has. It only has to be answered (TOL-3).
func (d *drawer) addedFamily() {
	p := d.plan
	if d.index%familyEvery != 0 || p.Families == "" || p.Profile.Chance(FaultUnknownField) <= 0 || !p.Sending.allows(FaultUnknownField) {
		return
	}
	kinds := slices.DeleteFunc(event.Catalogue(), func(k event.Kind) bool {
		return k.Parent() == event.ParentMessage || k.Parent() == event.ParentTemplates || !p.Families.Has(k.Parent())
	})
	if len(kinds) == 0 {
		return
	}
	st := p.Seed.Stream("chaos family", nth(d.index))
	e, err := kinds[(d.index/familyEvery-1)%len(kinds)].Sample(st, p.Start)
	if err != nil {
		return // not for a kind of the catalogue
	}
	*e.Account() = p.AccountID
	if e.Contact != nil { // none of the contacts that texts come from (see contact)
		e.Contact.From = fmt.Sprintf("+121155501%02d", st.IntN(100))
	}
	f := d.fact(st, Subject{}, e, "", d.start)
	f.rule = contract.TOL3
	d.add(f.created, d.deliver(f, First, 1, "", "", FaultUnknownField))
}
