package explain

import (
	"bytes"
	"encoding/base64"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/simulator/signing"
)

// change is something that was undone to see that a signature is right.
type change struct {
	cause string
	said  string // a clause that says what was changed
	fix   string
	note  bool // tools and editors do it to a capture: no fault of the request
}

// headerSet is one way to read the three headers, and what it undoes.
type headerSet struct {
	values  signing.Headers
	changes []change
}

// reading is one way to read the value of a header.
type reading struct {
	value   string
	changes []change
}

// headerSets are the ways to read the headers, the plainest first; none where
// one of the three is missing.
func headerSets(r capture.Request) []headerSet {
	var of [3][]reading
	for i, role := range []capture.Role{capture.ID, capture.Timestamp, capture.Signature} {
		of[i] = readingsOf(r, role)
	}
	var sets []headerSet
	for _, id := range of[0] {
		for _, at := range of[1] {
			for _, signature := range of[2] {
				if len(sets) == 96 {
					return sets
				}
				set := headerSet{values: signing.Headers{ID: id.value, Timestamp: at.value, Signature: signature.value}}
				for _, c := range slices.Concat(id.changes, at.changes, signature.changes) {
					if !slices.Contains(set.changes, c) {
						set.changes = append(set.changes, c)
					}
				}
				sets = append(sets, set)
			}
		}
	}
	slices.SortStableFunc(sets, func(a, b headerSet) int { return len(a.changes) - len(b.changes) })
	return sets
}

// readingsOf are the ways to read the header in this role.
func readingsOf(r capture.Request, role capture.Role) []reading {
	values, names, spelled := r.Values(role)
	if !slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
		values, names = r.Shaped(role)
		spelled = slices.Repeat([]capture.Spelling{capture.Renamed}, len(values))
	}
	var all []reading
	for i, v := range values {
		if v == "" {
			continue
		}
		first := reading{value: v}
		switch spelled[i] {
		case capture.Printed:
			first.changes = []change{{cause: "headers-printed", note: true, said: "the headers are spelled as programs print them (such as x_webhook_id)"}}
		case capture.Renamed:
			first.changes = []change{renamed(r, names[i])}
		case capture.Exact:
		}
		if i > 0 && v != values[0] {
			first.changes = append(first.changes, change{cause: "header-repeated", note: spelled[i] == spelled[0], said: "the headers are there more than once, with different values"})
		}
		add := func(v reading) {
			if v.value != "" && len(all) < 12 && !slices.ContainsFunc(all, func(known reading) bool { return known.value == v.value }) {
				all = append(all, v)
			}
		}
		add(first)
		for _, x := range valueRepairs() {
			for _, known := range slices.Clone(all) {
				for _, value := range x.undo(known.value, role) {
					add(reading{value, append(slices.Clone(known.changes), x.change)})
				}
			}
		}
	}
	return all
}

// renamed is the change of a header that has another name than Sent's. It names all
// that were renamed, so that it is said once.
func renamed(r capture.Request, name string) change {
	if !strings.Contains(name, "-") { // as a log writes them
		return change{cause: "headers-printed", note: true, said: "the headers have short names, as a log writes them (" + name + ")"}
	}
	var found, sent []string
	for _, role := range []capture.Role{capture.ID, capture.Timestamp, capture.Signature} {
		values, names, spelled := r.Values(role)
		if len(values) == 0 {
			_, names = r.Shaped(role)
			spelled = []capture.Spelling{capture.Renamed}
		}
		if len(names) > 0 && spelled[0] == capture.Renamed {
			found, sent = append(found, names[0]), append(sent, role.Name())
		}
	}
	if !slices.Contains(found, name) {
		found, sent = append(found, name), append(sent, "another name")
	}
	return change{
		cause: "headers-renamed",
		said:  "the headers were renamed: they are called " + strings.Join(found, ", ") + ", and Sent sends " + strings.Join(sent, ", "),
		fix:   "Find what renames them (a gateway, a relay, code that feeds a Standard Webhooks or Svix library), and verify with the names that arrive.",
	}
}

// valueRepair undoes one thing that happens to the value of a header.
type valueRepair struct {
	change change
	undo   func(value string, role capture.Role) []string
}

func valueRepairs() []valueRepair {
	const fix = "Find what changes the headers on their way (a proxy, a log, code that reads and writes them), and pass their values on as they came."
	one := func(change func(string) string) func(string, capture.Role) []string {
		return func(value string, _ capture.Role) []string { return []string{change(value)} }
	}
	return []valueRepair{
		{change{"header-quoted", "the values of the headers stand in quotes, which are not part of them", fix, false}, one(func(v string) string {
			return strings.Trim(strings.ReplaceAll(v, `\"`, `"`), " \"'`“”‘’\\")
		})},
		{change{"header-doubled", "the headers have their value twice (two copies were joined with a comma)", fix + " Two proxies that both add them do that.", false}, halves},
		{change{"header-in-brackets", "the values of the headers stand in brackets, as a list is printed", fix, true}, one(func(v string) string {
			return strings.Trim(v, " []()<>{}\"'")
		})},
		{change{"header-percent-encoded", "the values of the headers are percent-encoded (URL-encoded)", fix, false}, func(v string, _ capture.Role) []string {
			decoded, err := url.PathUnescape(v)
			if err != nil {
				return nil
			}
			return []string{decoded}
		}},
		{change{"header-base64", "the values of the headers are encoded in base64", fix, false}, func(v string, role capture.Role) []string {
			decoded, err := base64.StdEncoding.DecodeString(v)
			if err != nil || !bytes.HasPrefix(decoded, []byte("v1,")) && role == capture.Signature || !utf8.Valid(decoded) {
				return nil
			}
			return []string{string(decoded)}
		}},
		{change{"header-escaped", "the values of the headers are escaped, as HTML or JSON does it", fix, true}, one(func(v string) string {
			return strings.NewReplacer(`\/`, "/", `\u002b`, "+", `\u002B`, "+", `\u002f`, "/", `\u002F`, "/", `\u003d`, "=", `\u003D`, "=").Replace(html.UnescapeString(v))
		})},
		{change{"header-cleaned", "blanks, a comma or a semicolon around the values of the headers were taken off", fix, true}, one(func(v string) string {
			return strings.Trim(v, " \t\r\n,;\u00a0\u200b\ufeff")
		})},
		{change{"signature-plus-lost", "in the signature every + has become a blank, as in a decoded form", fix, false}, func(v string, role capture.Role) []string {
			if role != capture.Signature || !strings.Contains(v, " ") {
				return nil
			}
			return []string{strings.ReplaceAll(v, " ", "+"), strings.ReplaceAll(strings.ReplaceAll(v, " v1,", "\x00"), " ", "+")}
		}},
		{change{"signature-wrapped", "the signature has blanks in it, from a line that was wrapped", fix, true}, func(v string, role capture.Role) []string {
			if role != capture.Signature {
				return nil
			}
			return []string{regexp.MustCompile(`\s+`).ReplaceAllString(v, "")}
		}},
		{change{"signature-list", "several signatures are separated by something else than one blank", fix, false}, func(v string, role capture.Role) []string {
			if role != capture.Signature {
				return nil
			}
			return regexp.MustCompile(`v1[,=][A-Za-z0-9+/_-]+=*`).FindAllString(v, 8)
		}},
		{change{"signature-version-lost", "v1, before the signature is missing", "Keep the header's value whole: it is v1, and then the digest in base64.", false}, func(v string, role capture.Role) []string {
			if role != capture.Signature || strings.HasPrefix(v, "v1") || len(v) < 40 {
				return nil
			}
			return []string{"v1," + v}
		}},
		{change{"signature-version-changed", "v1 stands before the signature without its comma", "Keep the header's value whole: it is v1, and then the digest in base64.", false}, func(v string, role capture.Role) []string {
			if rest, ok := strings.CutPrefix(v, "v1"); ok && role == capture.Signature {
				return []string{"v1," + strings.TrimLeft(rest, " =:,;")}
			}
			return nil
		}},
		{change{"signature-padding-lost", "the = at the end of the signature is missing", "Keep the header's value whole; something cut it at its = (a parser of key=value pairs does).", false}, func(v string, role capture.Role) []string {
			if role == capture.Signature && len(v) == 46 && !strings.HasSuffix(v, "=") {
				return []string{v + "="}
			}
			return nil
		}},
		{change{"timestamp-as-date", "the timestamp is written as a date, and the signature is right for its Unix seconds", fix, false}, func(v string, role capture.Role) []string {
			if role != capture.Timestamp {
				return nil
			}
			var all []string
			for _, layout := range []string{time.RFC3339, time.RFC1123, time.RFC1123Z, time.ANSIC, time.DateTime, "2006-01-02T15:04:05"} {
				if at, err := time.Parse(layout, v); err == nil {
					all = append(all, strconv.FormatInt(at.Unix(), 10))
				}
			}
			return all
		}},
		{change{"timestamp-reformatted", "the timestamp was printed as a number in another way (1,761,905,442 or 1761905442.0)", fix, true}, func(v string, role capture.Role) []string {
			if n, err := strconv.ParseFloat(v, 64); role == capture.Timestamp && err == nil && strings.ContainsAny(v, "eE") {
				return []string{strconv.FormatFloat(n, 'f', 0, 64)}
			}
			if m := regexp.MustCompile(`^\d{1,3}(?:[,._ ']\d{3}){3}$|^(\d{10})\.\d+$|^(\d{10})[a-zA-Z]`).FindStringSubmatch(v); m != nil && role == capture.Timestamp {
				return []string{regexp.MustCompile(`\D`).ReplaceAllString(m[0], ""), m[1], m[2]}
			}
			return nil
		}},
	}
}

// halves are the parts of a value that is there twice or more.
func halves(value string, role capture.Role) []string {
	if role == capture.Signature {
		parts := regexp.MustCompile(`[,;]? *v1,`).Split(value, 9)
		for i := range parts {
			if parts[i] != "" {
				parts[i] = "v1," + parts[i]
			}
		}
		if len(parts) > 2 && parts[0] == "" {
			return slices.Compact(parts[1:])
		}
		return nil
	}
	parts := regexp.MustCompile(`[,;|\s]+`).Split(value, 9)
	if len(parts) > 1 {
		return slices.Compact(parts)
	}
	if n := len(value); n > 8 && n%2 == 0 && value[:n/2] == value[n/2:] {
		return []string{value[:n/2]}
	}
	return nil
}
