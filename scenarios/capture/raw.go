package capture

import (
	"bytes"
	"fmt"
	"io"
	"net/http/httputil"
	"regexp"
	"slices"
	"strings"
)

// The first line of a request, with HTTP's version wherever it stands, without
// it at the beginning of a line.
func requestLine() *regexp.Regexp {
	return regexp.MustCompile(`(?m)((?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+ HTTP/[0-9.]+)\r?$|^[ \t]*((?:GET|POST|PUT|PATCH) (?:https?://|/)\S*)[ \t]*\r?$`)
}

// parseRaw reads HTTP requests as they go over the wire, or as an editor saved
// them: the request line may be missing, lines may end with LF. What follows the
// first empty line is the body, up to the next request with a signature or to the
// last byte; what is behind a body, only the judgement of its signature can tell.
// line is where data begins.
func parseRaw(data []byte, line int) ([]Request, error) {
	starts := requestStarts(data)
	var all []Request
	for i, start := range starts {
		end := len(data)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		r, err := parseHead(data[start:end], line+bytes.Count(data[:start], []byte("\n")))
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return onlySigned(all), nil
}

// requestStarts are where the requests in data begin, at least one: what stands
// before the first request line is left out unless it has a request's headers.
// The others begin where a request line, or what separates requests in a file, has
// headers behind it, and a signature among them: no body of Sent has that in it,
// so the length that a head states needs no trust.
func requestStarts(data []byte) []int {
	separated := regexp.MustCompile(`(?m)^(?:#{3}|-{3}|={3}).*\n\s*`)
	starts := []int{0}
	for i, at := range requestLine().FindAllSubmatchIndex(data, -1) {
		start := max(at[2], at[4])
		switch {
		case i == 0 && (!bytes.Contains(bytes.ReplaceAll(data[:start], []byte("\r"), nil), []byte("\n\n")) || !headerBefore(data[:start])):
			starts[0] = start
		case signedHead(data[start:], true):
			starts = append(starts, start)
		}
	}
	for _, at := range separated.FindAllIndex(data, -1) {
		if at[1] > starts[0] && signedHead(data[at[1]:], false) {
			starts = append(starts, at[1])
		}
	}
	slices.Sort(starts)
	return slices.Compact(starts)
}

// signedHead reports whether data begins with the head of a request, behind its
// request line where it has one, that carries a signature.
func signedHead(data []byte, line bool) bool {
	for len(data) > 0 {
		l := firstLine(data)
		data = data[len(l):]
		if line {
			line = false
			continue
		}
		name, _, ok := strings.Cut(string(l), ":")
		if name = strings.TrimSpace(name); l[0] == ' ' || l[0] == '\t' { // it continues the header before
			continue
		}
		if !ok || !isToken(name) {
			return false
		}
		if role, _ := RoleOf(name); role == Signature {
			return true
		}
	}
	return false
}

// headerBefore reports whether a signature's header stands in data: then what
// follows is its body.
func headerBefore(data []byte) bool {
	for l := range strings.Lines(string(data)) {
		name, _, ok := strings.Cut(l, ":")
		if role, _ := RoleOf(strings.TrimSpace(name)); ok && role == Signature {
			return true
		}
	}
	return false
}

func parseHead(data []byte, line int) (Request, error) {
	first := regexp.MustCompile(`^([A-Za-z]+) (\S+)( HTTP/[0-9.]+)?[ \t]*$`)
	r := Request{Method: "POST"}
	complete := false
	for start := true; len(data) > 0; start = false {
		whole := firstLine(data)
		data = data[len(whole):]
		text := strings.TrimSuffix(strings.TrimSuffix(string(whole), "\n"), "\r")
		if strings.TrimSpace(text) == "" {
			r.Body, complete = data, true
			break
		}
		m := first.FindStringSubmatch(text)
		switch {
		case start && m != nil:
			r.Method, r.URL = m[1], m[2]
		case start && strings.HasPrefix(text, "HTTP/"):
			return Request{}, fmt.Errorf("line %d: this is a response; give the request that it answers", line)
		case len(r.Headers) > 0 && (text[0] == '{' || text[0] == '['): // the empty line was lost
			r.Body, complete = append(bytes.Clone(whole), data...), true
			r.Notes = append(r.Notes, "there is no empty line between headers and body")
			data = nil
		case strings.HasPrefix(text, "#") || strings.HasPrefix(text, "//"): // a comment of an .http file
		default:
			if err := r.addLine(text); err != nil {
				return Request{}, fmt.Errorf("line %d: %w", line, err)
			}
		}
		line++
	}
	if len(r.Headers) == 0 {
		return Request{}, fmt.Errorf("%w: line %d: a request line without any header", ErrNothing, line)
	}
	if len(r.Body) == 0 {
		r.Lost, r.Remedy = "the capture ends after the headers", "Capture the request again with its body, to the last byte."
		if !complete {
			r.Lost = "the capture ends within the headers, or right after them"
		}
	}
	if strings.Contains(strings.ToLower(r.Get("Transfer-Encoding")), "chunked") {
		if plain, ok := unchunk(r.Body); ok {
			r.Body = plain
			r.Notes = append(r.Notes, "the body's chunks (Transfer-Encoding: chunked) were put together")
		}
	}
	return r, nil
}

// firstLine is data up to its first LF, with it.
func firstLine(data []byte) []byte {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return data[:i+1]
	}
	return data
}

// addLine takes a header line, or one that continues the header before.
func (r *Request) addLine(text string) error {
	pseudo := strings.HasPrefix(text, ":") // of HTTP/2
	name, value, ok := strings.Cut(strings.TrimPrefix(text, ":"), ":")
	name = strings.TrimSpace(name)
	if (text[0] == ' ' || text[0] == '\t') && (!ok || !isToken(name) || len(r.Headers) == 0) {
		if len(r.Headers) == 0 {
			return fmt.Errorf("%s is indented, but there is no header before it to continue", short(text))
		}
		last := &r.Headers[len(r.Headers)-1]
		last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(text))
		return nil
	}
	if !ok || !isToken(name) {
		return fmt.Errorf("%s is neither a header (Name: value) nor the empty line before the body", short(text))
	}
	value = strings.Trim(value, " \t")
	switch {
	case !pseudo:
		r.Headers = append(r.Headers, Header{name, value})
	case name == "method":
		r.Method = value
	case name == "path":
		r.URL = value
	}
	return nil
}

// isToken reports whether name can be the name of a header.
func isToken(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c >= 0x7F || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return name != ""
}

// unchunk takes away the framing of chunks, if it is there from start to end:
// most tools that record a request have done so already. An editor may have
// made LF of its line ends.
func unchunk(body []byte) ([]byte, bool) {
	plain, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(body)))
	return plain, err == nil && len(plain) > 0
}

// parseVerbose reads what curl -v prints: the request's head behind "> ", and
// no body.
func parseVerbose(text string, line int) (Request, error) {
	var head strings.Builder
	for l := range strings.Lines(text) {
		l = strings.TrimLeft(l, " \t")
		if rest, ok := strings.CutPrefix(l, "> "); ok {
			head.WriteString(rest)
		} else if strings.HasPrefix(l, ">") && strings.TrimSpace(l) == ">" {
			break
		}
	}
	r, err := parseHead([]byte(head.String()), line)
	if err != nil {
		return r, err
	}
	r.Body, r.Lost = nil, "this is what curl -v (--verbose) prints: the head of the request, and the body is not in it"
	r.Remedy = "Give the command itself with its --data, or run it with --trace-ascii FILE, which records the body."
	return r, nil
}

// isVerbose reports whether text has the lines of curl -v.
func isVerbose(text string) bool {
	return regexp.MustCompile(`(?m)^[ \t]*> [A-Z]+ \S+ HTTP/`).MatchString(text) &&
		regexp.MustCompile(`(?m)^[ \t]*(\* |< )`).MatchString(text)
}
