package diagnosis

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// likeliest tries the mistakes that are made most often, where the receiver is so slow to
// refuse that there may be no time for all of them.
func (i *investigation) likeliest() *report.Diagnosis {
	if !i.slow() || i.r.Secret.IsZero() {
		return nil
	}
	all := likelyOnes()
	packs := i.packs()
	some := func(from, to int) func() *report.Diagnosis {
		return func() *report.Diagnosis { d, _ := i.oneOfFew(all[from:min(to, len(all))]); return d }
	}
	at := func(from, to int) func() *report.Diagnosis {
		return func() *report.Diagnosis { return i.severalSignatures(packs[from:to]) }
	}
	const most, more = 2, 8
	return first(at(0, 1), some(0, most), i.otherHeaderNames, i.likelyOffsets, some(most, more), at(1, len(packs)), some(more, len(all)))
}

// likelyNames are known mistakes by how often they are made.
func likelyNames() []string {
	return []string{
		"prefix-kept", "secret-not-decoded", "prefix-decoded", "prefix-decoded-skipping", "reserialised-python", "bare-hex", "bare-base64",
		"prefix-kept-and-bare-hex", "prefix-kept-and-body-only-and-sha256-prefix", "prefix-kept-and-body-only-and-bare-hex", "secret-not-decoded-and-bare-hex",
		"timestamp-milliseconds", "body-as-object", "body-undefined", "body-empty", "empty-key", "body-only", "no-id", "urlsafe-base64", "hex-digest", "sha256-prefix",
		"key-as-latin1-text", "key-as-utf8-text", "key-as-hex-text",
	}
}

func likelyOnes() []signing.Mistake {
	byName := map[string]signing.Mistake{}
	for _, m := range signing.Mistakes() {
		byName[m.Name] = m
	}
	var all []signing.Mistake
	for _, name := range likelyNames() {
		if m, ok := byName[name]; ok {
			all = append(all, m)
		}
	}
	return all
}

// likelyOffsets tries the clocks that are wrong most often, those of another time zone.
func (i *investigation) likelyOffsets() *report.Diagnosis {
	const hour = 3600
	return i.offsetAmong([]int64{hour, -hour, 2 * hour, -2 * hour})
}

// mostPacked is how many characters of signatures one header is given, far below what
// servers take of one header (8 KiB).
const mostPacked = 3000

// packs are all known mistakes, as many together as have room in one header.
func (i *investigation) packs() [][]signing.Mistake {
	base := i.genuine()
	packs := [][]signing.Mistake{nil}
	size := 0
	for _, m := range append(signing.Mistakes(), signing.AddressMistakes(http.MethodPost, i.r.URL)...) {
		text, ok := i.signatureWith(m, base)
		if !ok {
			continue
		}
		if size += len(text) + 1; size > mostPacked {
			packs, size = append(packs, nil), len(text)
		}
		packs[len(packs)-1] = append(packs[len(packs)-1], m)
	}
	return packs
}

// severalSignatures signs one delivery in many wrong ways at once: the header may hold
// several signatures with blanks between, and a receiver that splits it there, as it
// should, tries each of them. So a few requests do for all mistakes.
func (i *investigation) severalSignatures(packs [][]signing.Mistake) *report.Diagnosis {
	requests := make([]delivery.Request, len(packs))
	for n, pack := range packs {
		requests[n] = i.packed(pack, i.genuine())
	}
	i.ahead(requests)
	for n, pack := range packs {
		if i.over() {
			return nil
		}
		what, a := i.try(requests[n])
		if what != accepted && what != changed {
			continue
		}
		if d, _ := i.oneOfFew(i.halved(pack, a)); d != nil {
			return d
		}
	}
	return nil
}

// halved looks for the mistake of a pack that made the difference: it leaves the half
// that makes none, until one is left. A receiver that works on many at once is asked
// about all of them by whoever calls it.
func (i *investigation) halved(pack []signing.Mistake, found answer) []signing.Mistake {
	for len(pack) > max(1, i.width) && !i.over() {
		half := pack[:len(pack)/2]
		if a := i.send(i.packed(half, i.genuine())); a.print == found.print {
			pack = half
		} else {
			pack = pack[len(half):]
		}
	}
	return pack
}

// packed is a delivery with the signature of every mistake of a pack.
func (i *investigation) packed(pack []signing.Mistake, base delivery.Request) delivery.Request {
	var all []string
	for _, m := range pack {
		if text, ok := i.signatureWith(m, base); ok && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return base.With(signing.HeaderSignature, strings.Join(all, " "))
}

// signatureWith is what a mistake puts in the place of a delivery's signature; false where
// it changes other headers as well, or makes no difference.
func (i *investigation) signatureWith(m signing.Mistake, r delivery.Request) (string, bool) {
	at, err := strconv.ParseInt(r.Get(signing.HeaderTimestamp), 10, 64)
	if err != nil {
		return "", false
	}
	signed := m.Sign(i.r.Secret, r.Get(signing.HeaderID), at, r.Body).Headers
	if len(signed) != 3 || signed[0].Name != signing.HeaderID || signed[1].Name != signing.HeaderTimestamp || signed[1].Value != r.Get(signing.HeaderTimestamp) ||
		signed[2].Name != signing.HeaderSignature || strings.Contains(signed[2].Value, " ") {
		return "", false
	}
	return signed[2].Value, true
}
