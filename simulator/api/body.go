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
	"strconv"
	"strings"
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
func (p *problems) refusal() *problem {
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

// readBody reads a JSON object. An empty body is an empty object: clients that
// have nothing to say send none.
func readBody(w http.ResponseWriter, r *http.Request) (*body, *problem) {
	data, p := readBytes(w, r)
	if p != nil {
		return nil, p
	}
	b := &body{fields: map[string]json.RawMessage{}, problems: &problems{}}
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0:
		return b, nil
	case !utf8.Valid(data):
		return nil, refusal(http.StatusBadRequest, codeInvalid, "the body is not UTF-8")
	case data[0] != '{':
		return nil, refusal(http.StatusBadRequest, codeInvalid, "the body must be a JSON object")
	}
	if err := json.Unmarshal(data, &b.fields); err != nil {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "the body is not JSON: %s", jsonTrouble(err))
	}
	return b, nil
}

func readBytes(w http.ResponseWriter, r *http.Request) ([]byte, *problem) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refusal(http.StatusBadRequest, codeInvalid, "the body is larger than %d bytes", maxBody)
	case err != nil:
		return nil, refusal(http.StatusBadRequest, codeInvalid, "the body ended early")
	}
	return data, nil
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

// only notes every field that is none of these.
func (b *body) only(known ...string) {
	for field := range b.fields {
		if !slices.Contains(known, field) {
			b.bad(codeInvalid, field, "is unknown: there are %s", strings.Join(known, ", "))
		}
	}
}

// pathID is the id in the path.
func pathID(r *http.Request) (uuid.UUID, *problem) {
	text := r.PathValue("id")
	id, ok := parseID(text)
	if !ok {
		p := &problems{}
		p.add(codeUUID, "id", "must be a UUID")
		return uuid.Nil, p.refusal()
	}
	return id, nil
}

// parseID reads a UUID in its usual form, in any case.
func parseID(text string) (uuid.UUID, bool) {
	if len(text) != 36 {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(text)
	return id, err == nil
}

// maxPageSize is how many rows a page has at most.
const maxPageSize = 100

// query reads the parameters of a list.
type query struct {
	r        *http.Request
	problems problems
}

// number is a required parameter between 1 and most.
func (q *query) number(name string, most int) int {
	values := q.r.URL.Query()[name]
	if len(values) == 0 || values[0] == "" {
		q.problems.add(codeRequired, name, "is required")
		return 1
	}
	n, err := strconv.Atoi(values[0])
	switch {
	case errors.Is(err, strconv.ErrRange):
		q.problems.add(codeRange, name, "is out of range: use 1 to %d", most)
	case err != nil:
		q.problems.add(codeInvalid, name, "must be a whole number")
	case n < 1 || n > most:
		q.problems.add(codeRange, name, "%d is out of range: use 1 to %d", n, most)
	default:
		return n
	}
	return 1
}

// truth is an optional parameter, nil when it is not given.
func (q *query) truth(name string) *bool {
	text := q.r.URL.Query().Get(name)
	switch strings.ToLower(text) {
	case "":
		return nil
	case "true", "false":
		v := strings.EqualFold(text, "true")
		return &v
	}
	q.problems.add(codeInvalid, name, "must be true or false")
	return nil
}

// choice is an optional parameter out of a list, in upper case.
func (q *query) choice(name string, from ...string) string {
	text := strings.ToUpper(q.r.URL.Query().Get(name))
	if text != "" && !slices.Contains(from, text) {
		q.problems.add(codeEnum, name, "must be one of %s", strings.Join(from, ", "))
	}
	return text
}

// search is an optional text.
func (q *query) search() string {
	text := q.r.URL.Query().Get("search")
	if len(text) > maxSearch {
		q.problems.add(codeRange, "search", "is longer than %d bytes", maxSearch)
	}
	return text
}

const maxSearch = 1000

// page is which part of a list is asked for.
type page struct{ number, size int }

func (q *query) page() page {
	return page{q.number("page", math.MaxInt32), q.number("page_size", maxPageSize)}
}

// offset is how many rows come before the page.
func (p page) offset() int { return (p.number - 1) * p.size }

// of is the rows of the page.
func of[T any](p page, all []T) []T {
	from := min(p.offset(), len(all))
	return all[from:min(from+p.size, len(all))]
}

type pagination struct {
	Page       int   `json:"page"`
	PageSize   int   `json:"page_size"`
	TotalCount int   `json:"total_count"`
	TotalPages int   `json:"total_pages"`
	HasMore    bool  `json:"has_more"`
	Cursors    *bool `json:"cursors"` // Sent's documentation shows null
}

func (p page) pagination(total int) pagination {
	pages := (total + p.size - 1) / p.size
	return pagination{Page: p.number, PageSize: p.size, TotalCount: total, TotalPages: pages, HasMore: p.number < pages}
}
