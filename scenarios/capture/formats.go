package capture

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// format is one form that captures have: how it is told, and its reader.
type format struct {
	name string
	fits func(text string) bool
	read func(text string) ([]Request, error)

	loose bool
}

// formats are tried in this order; of two that read a text equally well the
// first counts. depth is how many captures this text stands within.
func (p Parser) formats(depth int) []format {
	matches := func(pattern string) func(string) bool { return regexp.MustCompile(pattern).MatchString }
	one := func(read func(text string, line int) (Request, error)) func(string) ([]Request, error) {
		return func(text string) ([]Request, error) {
			rest, line := begin(text)
			r, err := read(rest, line)
			if err != nil {
				return nil, err
			}
			return []Request{r}, nil
		}
	}
	within := func(unpack func(string) (string, bool)) func(string) ([]Request, error) {
		return func(text string) ([]Request, error) { return p.within(text, unpack, depth) }
	}
	return []format{
		{"a trace of curl", matches(`=> Send (header|data)`), within(traced), false},
		{"a command", beginsCommand().MatchString, func(text string) ([]Request, error) {
			rest, line := begin(text)
			return p.parseShell(rest, line)
		}, false},
		{"the output of curl -v", isVerbose, one(parseVerbose), false},
		{"JSON", matches(`(?m)^[^{\[\n]*[{\[]`), func(text string) ([]Request, error) { return p.parseJSON(text, depth) }, false},
		{"an export of Burp", matches(`<request base64="true">`), func(text string) ([]Request, error) { return p.parseBurp(text, depth) }, false},
		{"YAML", matches(`(?mi)^[ \t]*(- )?(request_?)?headers?:[ \t]*$`), func(text string) ([]Request, error) {
			converted, err := yaml.YAMLToJSON([]byte(text))
			if err != nil {
				return nil, fmt.Errorf("line 1: the YAML cannot be read: %w", err)
			}
			return p.parseJSON(string(converted), depth)
		}, false},
		{"a stream of Wireshark", func(text string) bool { _, ok := streamOfYAML(text); return ok }, within(streamOfYAML), false},
		{"a recording of a terminal", func(text string) bool { _, ok := terminal(text); return ok }, within(terminal), false},
		{"what strace prints", systemCall().MatchString, func(text string) ([]Request, error) { return p.systemCalls(text, depth) }, false},
		{"a hex dump", func(text string) bool { _, ok := dumped(text); return ok }, within(dumped), false},
		{"arrays of C", func(text string) bool { _, ok := arraysOfC(text); return ok }, within(arraysOfC), false},
		{"a request in hex", func(text string) bool { _, ok := inHex(text); return ok }, within(inHex), false},
		{"a raw HTTP request", func(text string) bool {
			_, line := begin(text)
			return line > 0 && !beginsCommand().MatchString(text) && !strings.HasPrefix(strings.TrimSpace(text), "{")
		}, func(text string) ([]Request, error) {
			rest, line := begin(text)
			return parseRaw([]byte(rest), line)
		}, false},
		{"a log or a program's text", func(text string) bool { return depth < maxDepth && mentionsSignature(text) }, p.parseLoose, true},
	}
}

const maxDepth = 3

// begin is text from its first character that is no blank, and the line of that.
func begin(text string) (string, int) {
	rest := strings.TrimLeft(text, " \t\r\n")
	return rest, 1 + strings.Count(text[:len(text)-len(rest)], "\n")
}

// within reads the capture that unpack finds inside of a text.
func (p Parser) within(text string, unpack func(string) (string, bool), depth int) ([]Request, error) {
	inner, ok := unpack(text)
	if !ok || depth >= maxDepth {
		return nil, fmt.Errorf("%w: line 1: nothing is in it", ErrNothing)
	}
	readings, err := p.readings([]byte(inner), depth+1)
	if err != nil {
		return nil, err
	}
	return readings[0].Requests, nil
}

// parseBurp reads the requests of an export of Burp Suite, an item for each.
func (p Parser) parseBurp(text string, depth int) ([]Request, error) {
	item := regexp.MustCompile(`(?s)<request base64="true">\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</request>`)
	var all []Request
	var first error
	for _, m := range item.FindAllStringSubmatch(text, -1) {
		requests, err := p.within(m[1], func(packed string) (string, bool) {
			raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(packed))
			return string(raw), err == nil
		}, depth)
		if err != nil {
			first = firstError(first, err)
			continue
		}
		all = append(all, requests...)
	}
	if len(all) == 0 && first == nil {
		first = fmt.Errorf("%w: line 1: the export of Burp has no request", ErrNothing)
	}
	if len(all) == 0 {
		return nil, first
	}
	return onlySigned(all), nil
}

// onlySigned are the requests that carry a signature; all, where none does.
func onlySigned(all []Request) []Request {
	if signed := slices.DeleteFunc(slices.Clone(all), func(r Request) bool { return !r.signed() }); len(signed) > 0 {
		return signed
	}
	return all
}

// mentionsSignature reports whether a text can have a delivery in it.
func mentionsSignature(text string) bool {
	return regexp.MustCompile(`(?i)signature|svix|v1,[A-Za-z0-9+/]{20}`).MatchString(text)
}

// foreign names files that are no text at all.
func foreign(data []byte) error {
	const how = "; give the request as text: a curl command, a HAR file or the raw HTTP request"
	for _, f := range []struct{ magic, what string }{
		{"\x89PNG", "a picture (PNG)"},
		{"\xFF\xD8\xFF", "a picture (JPEG)"},
		{"GIF8", "a picture (GIF)"},
		{"%PDF", "a PDF"},
		{"\xD4\xC3\xB2\xA1", "a packet capture (pcap): follow its HTTP stream in Wireshark and save that as raw"},
		{"\xA1\xB2\xC3\xD4", "a packet capture (pcap): follow its HTTP stream in Wireshark and save that as raw"},
		{"\x0A\x0D\x0D\x0A", "a packet capture (pcapng): follow its HTTP stream in Wireshark and save that as raw"},
		{"PK\x03\x04", "a ZIP archive (also what Fiddler saves, and Word): unpack it"},
		{"SQLite format 3", "an SQLite database"},
		{"\x1f\x8b", "a file compressed with gzip: unpack it (gunzip)"},
		{"\x28\xb5\x2f\xfd", "a file compressed with zstd: unpack it"},
		{"{\\rtf", "a document of a word processor (RTF): save it as plain text"},
		{"\xD0\xCF\x11\xE0", "a document of Office: save it as plain text"},
	} {
		if bytes.HasPrefix(data, []byte(f.magic)) {
			return fmt.Errorf("line 1: this is %s%s", f.what, how)
		}
	}
	return nil
}
