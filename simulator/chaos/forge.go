// Package chaos makes deliveries go wrong on purpose. A forgery turns a genuine
// request into one that a correct receiver must reject, and it does so in one
// respect only: whatever else there is to check still holds, so that a receiver
// that does not look at that respect accepts it. It is pure: it knows no clock,
// no HTTP and no chance.
package chaos

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Forgery is one way to forge a delivery.
type Forgery struct {
	Name string // stable, kebab-case
	Rule string // the rule that a receiver breaks by accepting it, e.g. "SIG-2"
	Doc  string // what was done, one sentence
	// StrictOnly marks a forgery so close to what is allowed that only a strict
	// run insists: clocks differ.
	StrictOnly bool

	forge func(r delivery.Request, in Input) (delivery.Request, error)
}

// Trailing is the forgery that a base64 decoder which passes over foreign
// characters cannot see: whoever sends it looks for such a decoder too.
const Trailing = "signature-trailing"

// Foreign is a genuine request with a character in the middle of its signature
// that base64 does not have. A receiver that takes it has such a decoder.
func Foreign(r delivery.Request) delivery.Request {
	right := r.Get(signing.HeaderSignature)
	middle := len(right) / 2
	return r.With(signing.HeaderSignature, right[:middle]+"!"+right[middle:])
}

// Input is what a forger has: how the genuine request was signed.
type Input struct {
	Secret    signing.Secret // of the webhook
	Other     signing.Secret // of somebody else; only wrong-secret needs it
	WebhookID string
	Timestamp int64 // Unix seconds: the genuine request's
}

// ForRule is the forgeries of one rule; none for a rule that has none.
func ForRule(rule string) []Forgery {
	return slices.DeleteFunc(Forgeries(), func(f Forgery) bool { return f.Rule != rule })
}

// Lookup is the forgery of that name. It also takes "tampered", "stale" and
// "future" for the plainest of their class.
func Lookup(name string) (Forgery, error) {
	full := name
	switch name {
	case "tampered":
		full = "body-tampered"
	case "stale":
		full = "stale-3600"
	case "future":
		full = "future-3600"
	}
	var names, similar []string
	class, _, _ := strings.Cut(name, "-")
	for _, f := range forgeries() {
		if f.Name == full {
			return f, nil
		}
		names = append(names, f.Name)
		if strings.HasPrefix(f.Name, class+"-") {
			similar = append(similar, f.Name)
		}
	}
	if len(similar) > 0 {
		names = similar
	}
	return Forgery{}, fmt.Errorf("unknown forgery %q: use tampered, stale, future or one of %s", name, strings.Join(names, ", "))
}

// Forge is the forgery of that name made from the genuine request r, which
// stays as it is. It refuses a request that in did not sign: a receiver would
// reject what comes of it for another reason than the forgery's.
func Forge(name string, r delivery.Request, in Input) (delivery.Request, error) {
	f, err := Lookup(name)
	if err != nil {
		return delivery.Request{}, err
	}
	return f.Forge(r, in)
}

// Forge makes this forgery, as the function Forge does.
func (f Forgery) Forge(r delivery.Request, in Input) (delivery.Request, error) {
	if err := genuine(r, in); err != nil {
		return delivery.Request{}, fmt.Errorf("forge %s: %w", f.Name, err)
	}
	forged, err := f.forge(r, in)
	if err != nil {
		return delivery.Request{}, fmt.Errorf("forge %s: %w", f.Name, err)
	}
	return forged, nil
}

// genuine is nil when in signed r.
func genuine(r delivery.Request, in Input) error {
	switch {
	case in.Secret.IsZero():
		return errors.New("no signing secret given")
	case r.Get(signing.HeaderID) == "" || r.Get(signing.HeaderID) != in.WebhookID:
		return fmt.Errorf("the request's %s is %q, not %q", signing.HeaderID, r.Get(signing.HeaderID), in.WebhookID)
	case r.Get(signing.HeaderTimestamp) != strconv.FormatInt(in.Timestamp, 10):
		return fmt.Errorf("the request's %s is %q, not %d", signing.HeaderTimestamp, r.Get(signing.HeaderTimestamp), in.Timestamp)
	case r.Get(signing.HeaderSignature) != in.Secret.Sign(in.WebhookID, in.Timestamp, r.Body):
		return errors.New("the request is not signed with this secret: forge a genuine one")
	}
	return nil
}
