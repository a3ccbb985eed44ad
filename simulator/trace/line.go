package trace

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
)

// MaxLine is how long a line of a trace may be, in bytes. The largest body that
// is delivered, 1 MiB of characters that JSON escapes, fits.
const MaxLine = 16 << 20

const (
	sumMember = `,"sum":"`
	sumDigits = 16
	sumTail   = len(sumMember) + sumDigits + len(`"}`)
)

// sum is of a line's content and of the sum before it, "" before the first.
func sum(before string, content []byte) string {
	h := sha256.New()
	_, _ = h.Write([]byte(before)) // a hash never fails to write
	_, _ = h.Write(content)
	return hex.EncodeToString(h.Sum(nil)[:sumDigits/2])
}

// encode writes v as the content of a line. v is a struct with a member in it.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// seal makes a line of content, with its sum as the last member, and returns the
// sum for the next one.
func seal(before string, content []byte) (line []byte, after string) {
	after = sum(before, content)
	line = append(line, content[:len(content)-1]...)
	line = append(line, sumMember...)
	line = append(line, after...)
	return append(line, "\"}\n"...), after
}

// unseal takes the sum off a line that has one. Whether it is the right one is
// for the caller to say.
func unseal(line []byte) (content []byte, given string, ok bool) {
	at := len(line) - sumTail
	if at < 1 || !bytes.HasPrefix(line[at:], []byte(sumMember)) || !bytes.HasSuffix(line, []byte(`"}`)) {
		return nil, "", false
	}
	content = append(append(make([]byte, 0, at+1), line[:at]...), '}')
	return content, string(line[at+len(sumMember) : len(line)-2]), true
}

// decode reads a line's content strictly: a member that v has no place for is
// an error, as is anything behind the object.
func decode(content []byte, v any) *Problem {
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		return nil
	}
	p := &Problem{Byte: int(dec.InputOffset()) + 1, Err: ErrFormat}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		p.Byte, p.Reason = int(syntax.Offset), "is not JSON: "+syntax.Error()
	case errors.As(err, &kind):
		p.Byte, p.Field, p.Reason = int(kind.Offset), kind.Field, "a "+kind.Value+" where it takes "+takes(kind)
	default: // of an unknown field, or of a type's own reading
		p.Reason = cleaned(err)
		if name, found := unknownField(err); found {
			p.Field, p.Reason = name, "is not known to this version"
			p.Byte = max(bytes.Index(content, []byte(`"`+name+`"`)), 0) + 1
		}
	}
	return p
}
