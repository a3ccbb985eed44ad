package capture

import (
	"regexp"
	"slices"
	"strings"
)

// signatureShape is a signature wherever it stands; its first group is the digest
// without the padding, which some programs lose.
func signatureShape() *regexp.Regexp { return regexp.MustCompile(`\bv1[,=:] ?([A-Za-z0-9+/_-]{43})`) }

// signaturesOf counts the different signatures of r. Those in one value are of one
// request: a delivery may carry several.
func (r Request) signaturesOf() int {
	values, _, _ := r.Values(Signature)
	var seen []string
	for _, v := range values {
		var digests []string
		for _, m := range signatureShape().FindAllStringSubmatch(v, -1) {
			digests = append(digests, m[1])
		}
		slices.Sort(digests)
		if one := strings.Join(slices.Compact(digests), " "); one != "" && !slices.Contains(seen, one) {
			seen = append(seen, one)
		}
	}
	return len(seen)
}

// parseLoose reads what has no form of its own: the line of a log, a dump of a
// dictionary, the code of a program that sends the request. Where it has several
// signatures it is split, if each part is a request for itself; else nobody can
// tell which headers belong to which body, and the one request says so.
func (p Parser) parseLoose(text string) ([]Request, error) {
	r, err := p.looseRequest(text)
	if err != nil {
		return nil, err
	}
	n := r.signaturesOf()
	if n < 2 {
		return []Request{r}, nil
	}
	for _, parts := range [][]string{signedLines(text), signedBlocks(text)} {
		if requests := p.looseParts(parts, n); requests != nil {
			return requests, nil
		}
	}
	r.Signatures = n
	return []Request{r}, nil
}

// looseParts are the requests of the parts of a text; nil unless each part has one
// signature and one body, and together they have all of the n signatures.
func (p Parser) looseParts(parts []string, n int) []Request {
	const most = 64 // of which each is looked through
	if len(parts) < n || len(parts) > most {
		return nil
	}
	var all []Request
	together := Request{}
	for _, part := range parts {
		r, err := p.looseRequest(part)
		if err != nil || r.Lost != "" || r.signaturesOf() != 1 || bodiesIn(part) != 1 {
			return nil
		}
		for _, role := range []Role{ID, Timestamp} {
			if values, _, _ := r.Values(role); len(values) == 0 {
				return nil
			}
		}
		all = append(all, r)
		together.Headers = append(together.Headers, r.Headers...)
	}
	if together.signaturesOf() != n {
		return nil
	}
	return all
}

// signedLines are the lines of a text that have a signature.
func signedLines(text string) (lines []string) {
	for l := range strings.Lines(text) {
		if signatureShape().MatchString(l) {
			lines = append(lines, l)
		}
	}
	return lines
}

// signedBlocks are the parts of a text that begin with headers, which stand behind
// the body of the part before.
func signedBlocks(text string) (blocks []string) {
	var block strings.Builder
	signed, body := false, false
	for l := range strings.Lines(text) {
		if hasRole(looseHeaders(l)) && signed && body {
			blocks = append(blocks, block.String())
			block.Reset()
			signed, body = false, false
		}
		block.WriteString(l)
		signed = signed || signatureShape().MatchString(l)
		body = body || bodiesIn(l) > 0
	}
	if signed {
		blocks = append(blocks, block.String())
	}
	return blocks
}

// hasRole reports whether one of the headers belongs to a signature.
func hasRole(headers []Header) bool {
	return slices.ContainsFunc(headers, func(h Header) bool {
		role, _ := RoleOf(h.Name)
		return role == ID || role == Timestamp || role == Signature
	})
}

// bodiesIn counts the bodies in a text that do not stand within another.
func bodiesIn(text string) int {
	n, end := 0, 0
	for _, m := range bodyBeginning().FindAllStringSubmatchIndex(text, 40) {
		if m[0] < end {
			continue
		}
		n++
		end = m[0] + spanEnd(text[m[0]:], text[m[2]:m[3]])
	}
	return n
}
