package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sentsim/sentsim/simulator/signing"
)

// harEntry is what is read of one entry of a HAR file (version 1.2).
type harEntry struct {
	Request struct {
		Method   string      `json:"method"`
		URL      string      `json:"url"`
		Headers  []harHeader `json:"headers"`
		BodySize int64       `json:"bodySize"`
		PostData *struct {
			Text     *string           `json:"text"`
			Encoding string            `json:"encoding"` // base64 for bytes that are no text
			Params   []json.RawMessage `json:"params"`
		} `json:"postData"`
	} `json:"request"`
}

type harHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// parseHAR reads the entries of a HAR file one by one, and keeps those that
// carry a signature. line is where data begins.
func parseHAR(data []byte, line int) ([]Request, error) {
	at := func(offset int64) int {
		return line + bytes.Count(data[:min(offset, int64(len(data)))], []byte("\n"))
	}
	// The decoder below does not say where in the file it stumbled; this does.
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return nil, syntaxError(err, at)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	found, err := enter(d, "log", "entries")
	if err != nil {
		return nil, fmt.Errorf("line %d: the HAR file cannot be read: %w", at(d.InputOffset()), err)
	}
	if !found {
		return nil, fmt.Errorf("line %d: this is JSON, but not a HAR file: it has no list log.entries; a body alone is not enough, the request's headers are needed too", line)
	}
	var signed []Request
	n := 0
	for ; d.More(); n++ {
		start := d.InputOffset()
		for start < int64(len(data)) && strings.IndexByte(", \t\r\n", data[start]) >= 0 {
			start++
		}
		var e harEntry
		if err := d.Decode(&e); err != nil {
			return nil, entryError(err, n+1, at(start))
		}
		r, err := e.request()
		if err != nil {
			return nil, fmt.Errorf("line %d: HAR entry %d: %w", at(start), n+1, err)
		}
		if r.signed() {
			signed = append(signed, r)
		}
	}
	if len(signed) == 0 {
		return nil, fmt.Errorf("%w: none of the %d entries of this HAR file carries %s", ErrNothing, n, signing.HeaderSignature)
	}
	return signed, nil
}

// enter moves d into the list that path leads to; false when there is none.
func enter(d *json.Decoder, path ...string) (bool, error) {
	for i, name := range path {
		if token, err := d.Token(); err != nil || token != json.Delim('{') {
			return false, err
		}
		found := false
		for !found && d.More() {
			key, err := d.Token()
			if err != nil {
				return false, err
			}
			if found = key == name; found {
				break
			}
			var skipped json.RawMessage
			if err := d.Decode(&skipped); err != nil {
				return false, err
			}
		}
		if !found {
			_, err := d.Token() // the closing brace, or what is wrong there
			return false, err
		}
		if i == len(path)-1 {
			token, err := d.Token()
			return token == json.Delim('['), err
		}
	}
	return false, nil
}

// syntaxError gives a JSON error its line.
func syntaxError(err error, at func(int64) int) error {
	var syntax *json.SyntaxError
	switch {
	case !errors.As(err, &syntax):
		return fmt.Errorf("line %d: the HAR file cannot be read: %w", at(0), err)
	case strings.HasPrefix(syntax.Error(), "unexpected end"):
		return fmt.Errorf("line %d: the HAR file ends too early: was it cut off?", at(syntax.Offset))
	}
	return fmt.Errorf("line %d: the HAR file is not JSON: %w", at(syntax.Offset), err)
}

// entryError is for an entry that is JSON of other types than HAR has.
func entryError(err error, n, line int) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("line %d: HAR entry %d: %s is a %s", line, n, kind.Field, kind.Value)
	}
	return fmt.Errorf("line %d: HAR entry %d: %w", line, n, err)
}

// request is the entry's request. Only one that carries a signature must have its body.
func (e harEntry) request() (Request, error) {
	r := Request{Method: e.Request.Method, URL: e.Request.URL}
	if r.Method == "" {
		r.Method = "POST"
	}
	for _, h := range e.Request.Headers {
		if !strings.HasPrefix(h.Name, ":") { // HTTP/2's own
			r.Headers = append(r.Headers, Header(h))
		}
	}
	if !r.signed() {
		return r, nil
	}
	post := e.Request.PostData
	switch {
	case post == nil && e.Request.BodySize > 0, post != nil && post.Text == nil && e.Request.BodySize > 0:
		return Request{}, fmt.Errorf("its body of %d bytes was not recorded (no postData.text); record again with bodies", e.Request.BodySize)
	case post != nil && post.Text == nil && len(post.Params) > 0:
		return Request{}, errors.New("its body was recorded as form fields only (postData.params); the exact bytes are needed")
	case post == nil || post.Text == nil:
		return r, nil
	case strings.EqualFold(post.Encoding, "base64"):
		body, err := base64.StdEncoding.DecodeString(*post.Text)
		if err != nil {
			return Request{}, fmt.Errorf("its postData.text is not base64, as its encoding says: %w", err)
		}
		r.Body = body
	case post.Encoding != "" && !strings.EqualFold(post.Encoding, "utf-8") && !strings.EqualFold(post.Encoding, "utf8"):
		return Request{}, fmt.Errorf("its postData.encoding is %s; base64 is understood, or none", short(post.Encoding))
	default:
		r.Body = []byte(*post.Text)
	}
	return r, nil
}
