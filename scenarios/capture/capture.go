// Package capture reads a captured request in the form that a user has at hand:
// the command of a client, an export of a browser, a proxy or an inspector, an
// event of a serverless platform, a line of a log, or the raw HTTP request. It
// looks at bytes only: it sends nothing, judges nothing, and opens no file
// unless it is given a way to.
package capture

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Request is one captured request.
type Request struct {
	Method  string // POST where the capture does not say
	URL     string // as captured: for raw HTTP the request target, which may be a path, or ""
	Headers []Header
	Body    []byte // the bytes of the body as the capture has them

	// Length is the length of the body as the capture gives it beside the
	// headers, such as a HAR file's bodySize; 0 when it does not.
	Length int64
	// Lost says why the bytes of the body are not in the capture, and Remedy how
	// to capture them; both are "" when they are.
	Lost, Remedy string
	// Parsed is true where the capture has the body's JSON as a value of its own:
	// Body is that value printed again, and need not be what was sent.
	Parsed bool
	// Reported is true where the capture is a program's account of the request, a
	// log or an export: the way in which the body is written may be that program's.
	Reported bool
	// Signatures is how many different ones a text without a form has, where it
	// cannot be told which headers and which body belong together; else 0.
	Signatures int
	// Others are other ways to read the body, where the capture allows several.
	Others [][]byte
	// Notes are what was repaired to read it, a clause each.
	Notes []string
}

// Header is one request header, its name spelled as captured.
type Header struct{ Name, Value string }

// Get is the value of the first header of that name in any case, or "".
func (r Request) Get(name string) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Values are the values of all headers in this role, those with Sent's own
// spelling first, and how the name of each is spelled.
func (r Request) Values(role Role) (values []string, names []string, spelled []Spelling) {
	for _, want := range []Spelling{Exact, Printed, Renamed} {
		for _, h := range r.Headers {
			if got, spelling := RoleOf(h.Name); got == role && spelling == want {
				values, names, spelled = append(values, h.Value), append(names, h.Name), append(spelled, spelling)
			}
		}
	}
	return values, names, spelled
}

// signed reports whether r carries a signature at all, under whatever name.
func (r Request) signed() bool {
	values, _, _ := r.Values(Signature)
	_, shaped := r.Shaped(Signature)
	return len(values) > 0 || slices.ContainsFunc(shaped, func(name string) bool {
		return strings.Contains(strings.ToLower(name), "sig") // a header's value may stand under "value" too
	})
}

// ErrNothing is returned when there is no request in what was given, or none
// that carries a signature where there are many.
var ErrNothing = errors.New("no captured request")

// Parser reads captures. The zero value opens no files.
type Parser struct {
	// ReadFile gives the content of a file that a command names (-d @body.json);
	// nil opens none.
	ReadFile func(name string) ([]byte, error)

	stdinText []byte // what the command that is read has as standard input
}

// Reading is one way to read a capture. Where several are possible (quotes that
// may be a word processor's or the body's own), a signature tells which is right.
type Reading struct {
	Format   string // "a curl command", for people
	Requests []Request
	Loose    bool // headers and body were looked for in a text of no known form
}

// Most bytes that a capture may have, and most readings of one.
const (
	MaxBytes    = 128 << 20 // HAR files are large
	largeText   = 2 << 20   // beyond it a text is read in its plain form only
	maxReadings = 24
)

// Parse is the likeliest reading's requests, of a Parser that opens no files.
func Parse(data []byte) ([]Request, error) { return Parser{}.Parse(data) }

// Parse is the likeliest reading's requests, at least one.
func (p Parser) Parse(data []byte) ([]Request, error) {
	readings, err := p.Readings(data)
	if err != nil {
		return nil, err
	}
	return readings[0].Requests, nil
}

// Readings are the ways to read data, at least one, the likeliest first. Each
// has requests, at least one: where there are many, those that carry a signature.
// Errors name what data is and how to capture it instead, or a line, from 1.
func (p Parser) Readings(data []byte) ([]Reading, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("the capture has %d bytes; at most %d are read: give the one request", len(data), MaxBytes)
	}
	return p.readings(data, 0)
}

func (p Parser) readings(data []byte, depth int) ([]Reading, error) {
	if err := foreign(data); err != nil {
		return nil, err
	}
	text := string(decodeText(data))
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("%w: the input is empty; give a curl command, a HAR file or a raw HTTP request", ErrNothing)
	}
	signed := mentionsSignature(text)
	rest, line := begin(text)
	if beginning, _, _ := strings.Cut(rest, "\n"); !signed { // one of its lines may look like a header
		if err := logOnly(beginning, line); err != nil {
			return nil, err
		}
	}
	var all []Reading
	var first error
	for _, v := range variants(text) {
		for _, f := range p.formats(depth) {
			if len(all) >= maxReadings || len(v.text) > largeText && (f.loose || isJSON(v.text) != (f.name == "JSON")) || !f.fits(v.text) {
				continue
			}
			requests, err := f.read(v.text)
			if err != nil {
				first = firstError(first, err)
				continue
			}
			for i := range requests {
				requests[i].Notes = append(slices.Clone(v.notes), requests[i].Notes...)
			}
			if len(requests) > 0 {
				all = append(all, Reading{f.name, requests, f.loose})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Reading) int { return b.worth() - a.worth() })
	if len(all) == 0 && !signed {
		first = cmp.Or(logOnly(text, line), first)
	}
	if len(all) == 0 {
		return nil, first
	}
	return all, nil
}

// isJSON reports whether a text begins as JSON does.
func isJSON(text string) bool {
	rest, _ := begin(text)
	return rest != "" && strings.IndexByte("{[", rest[0]) >= 0
}

// firstError keeps the error that says most: any rather than "there is nothing".
func firstError(first, err error) error {
	if first == nil || errors.Is(first, ErrNothing) && !errors.Is(err, ErrNothing) {
		return err
	}
	return first
}

// worth is how much of a delivery a reading has.
func (r Reading) worth() int {
	best := 0
	for _, q := range r.Requests {
		n := 0
		for _, role := range []Role{ID, Timestamp, Signature} {
			values, _, _ := q.Values(role)
			shaped, _ := q.Shaped(role)
			if len(values) > 0 || len(shaped) > 0 {
				n += 4
			}
			if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "{{") || encodedAsMail(v) }) {
				n-- // still to be filled in, or decoded
			}
		}
		if service, _ := q.OtherSender(); service != "" && n == 0 {
			n += 6
		}
		if q.Lost == "" {
			n += 2
		}
		if !q.Parsed {
			n++
		}
		if r.Loose {
			n -= 5 // what has a form says more, even where a header is missing
		}
		best = max(best, n)
	}
	return best
}

// short quotes text for an error, without filling the screen.
func short(text string) string {
	const most = 40
	if len(text) > most {
		return fmt.Sprintf("%q...", text[:most])
	}
	return fmt.Sprintf("%q", text)
}
