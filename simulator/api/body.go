package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// maxBody is how large a request's body may be, in bytes.
const maxBody = 1 << 20

// problems collects what is wrong with the fields of one request.
type problems struct {
	code    string // of the first
	first   string
	details map[string][]string
}

func (p *problems) add(code, field, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.details == nil {
		p.details, p.code, p.first = map[string][]string{}, code, field+" "+text
	}
	p.details[field] = append(p.details[field], text)
}

// has reports whether something is wrong with that field.
func (p *problems) has(field string) bool { return len(p.details[field]) > 0 }

// refusal is nil when nothing is wrong.
func (p *problems) refusal() error {
	if p.details == nil {
		return nil
	}
	message := p.first
	if more := len(p.details) - 1; more > 0 {
		message += fmt.Sprintf(" (and %d more: see details)", more)
	}
	return &problem{status: http.StatusBadRequest, code: p.code, message: message, details: p.details}
}

// body is a request's JSON object, read field by field. A field that is null
// counts as not given; one of the wrong type is noted as a problem. Fields that
// nobody asks for are left alone: newer clients may send more.
type body struct {
	fields   map[string]json.RawMessage
	prefix   string // "template." for the fields of an object inside
	problems *problems
}

// readBody reads the request's JSON object. An empty body is an empty object:
// clients that have nothing to say send none.
func (c *call) readBody() error {
	c.body = &body{fields: map[string]json.RawMessage{}, problems: &c.problems}
	if c.method == http.MethodGet {
		return nil
	}
	data, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch data = bytes.TrimSpace(data); {
	case errors.As(err, &tooLarge):
		return refusal(http.StatusBadRequest, codeInvalid, "the body is larger than %d bytes", maxBody)
	case err != nil:
		return refusal(http.StatusBadRequest, codeInvalid, "the body ended early")
	case len(data) == 0:
		return nil
	case !utf8.Valid(data):
		return refusal(http.StatusBadRequest, codeInvalid, "the body is not UTF-8")
	case data[0] != '{':
		return refusal(http.StatusBadRequest, codeInvalid, "the body must be a JSON object")
	}
	if err := json.Unmarshal(data, &c.body.fields); err != nil {
		return refusal(http.StatusBadRequest, codeInvalid, "the body is not JSON: %s", jsonTrouble(err))
	}
	if c.doc == "" { // Sent's API, not the control interface
		c.sandboxed = c.body.isTrue("sandbox")
		return nil
	}
	for name := range c.body.fields {
		if !slices.ContainsFunc(c.fields, func(f field) bool { return f.Name == name }) {
			c.body.bad(codeInvalid, name, "is unknown: there are %s", names(c.fields))
		}
	}
	return nil
}

func names(fields []field) string {
	if len(fields) == 0 {
		return "no fields"
	}
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
	}
	return strings.Join(all, ", ")
}

func jsonTrouble(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("%s (at byte %d)", syntax.Error(), syntax.Offset)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func (b *body) bad(code, field, format string, args ...any) {
	b.problems.add(code, b.prefix+field, format, args...)
}

// given is the field's value, unless it is missing or null.
func (b *body) given(field string) (json.RawMessage, bool) {
	raw, ok := b.fields[field]
	return raw, ok && !bytes.Equal(raw, []byte("null"))
}

// null reports whether the field is there and null.
func (b *body) null(field string) bool {
	raw, ok := b.fields[field]
	return ok && bytes.Equal(raw, []byte("null"))
}

// value reads a field into a T; what names the type in the problem.
func value[T any](b *body, field, what string) *T {
	raw, ok := b.given(field)
	if !ok {
		return nil
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		b.bad(codeInvalid, field, "must be %s", what)
		return nil
	}
	return v
}

func (b *body) text(field string) *string { return value[string](b, field, "a string") }

func (b *body) truth(field string) *bool { return value[bool](b, field, "true or false") }

// isTrue is the field's value, false when it is not given.
func (b *body) isTrue(field string) bool {
	v := b.truth(field)
	return v != nil && *v
}

// whole reads an integer; 3.0 is one, 3.5 is not.
func (b *body) whole(field string) *int {
	n := value[float64](b, field, "a whole number")
	if n == nil {
		return nil
	}
	if *n != math.Trunc(*n) {
		b.bad(codeInvalid, field, "must be a whole number")
		return nil
	}
	// Far out of any range of ours, and within what an int can hold.
	i := int(max(-1e9, min(1e9, *n)))
	return &i
}

// texts reads a list of strings; nil when it is not given.
func (b *body) texts(field string) []string {
	v := value[[]string](b, field, "a list of strings")
	if v == nil {
		return nil
	}
	if *v == nil {
		return []string{}
	}
	return *v
}

// object reads an object inside; nil when it is not given.
func (b *body) object(field string) *body {
	v := value[map[string]json.RawMessage](b, field, "an object")
	if v == nil {
		return nil
	}
	return &body{fields: *v, prefix: b.prefix + field + ".", problems: b.problems}
}

// required notes that a field is missing, unless it is given or wrong already.
func (b *body) required(field string) {
	if _, given := b.given(field); !given && !b.has(field) {
		b.bad(codeRequired, field, "is required")
	}
}

// has reports whether something is wrong with the field.
func (b *body) has(field string) bool { return b.problems.has(b.prefix + field) }

// enum reads one of these words over what is there, in exactly this spelling.
func enum[T ~string](b *body, field string, into *T, from ...T) {
	v := b.text(field)
	switch {
	case v == nil:
	case !slices.Contains(from, T(*v)):
		b.bad(codeEnum, field, "must be one of %s", joined(from))
	default:
		*into = T(*v)
	}
}

func joined[T ~string](words []T) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return strings.Join(all, ", ")
}

// within reads a whole number over what is there.
func (b *body) within(field string, n *int, lo, hi int) {
	v := b.whole(field)
	switch {
	case v == nil:
	case *v < lo || *v > hi:
		b.bad(codeRange, field, "%d is out of range: use %d to %d", *v, lo, hi)
	default:
		*n = *v
	}
}

// id reads a UUID; nil when it is not given.
func (b *body) id(field string) *uuid.UUID {
	v := b.text(field)
	if v == nil {
		return nil
	}
	id, ok := parseID(*v)
	if !ok {
		b.bad(codeUUID, field, "must be a UUID")
		return nil
	}
	return &id
}

// instant reads a time over what is there.
func (b *body) instant(field string, into *time.Time) {
	v := b.text(field)
	if v == nil {
		return
	}
	at, err := time.Parse(time.RFC3339, *v)
	if err != nil {
		b.bad(codeInvalid, field, "must be a time such as 2025-10-31T10:10:42Z")
		return
	}
	*into = at
}

// duration reads a duration such as "90s".
func (b *body) duration(field string, otherwise time.Duration) time.Duration {
	text := b.text(field)
	if text == nil {
		return otherwise
	}
	d, err := time.ParseDuration(*text)
	if err != nil {
		b.bad(codeInvalid, field, `must be a duration such as "90s" or "1h"`)
		return otherwise
	}
	return d
}

// parseID reads a UUID in its usual form, in any case.
func parseID(text string) (uuid.UUID, bool) {
	if len(text) != 36 {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(text)
	return id, err == nil
}
