package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// What can be wrong with a file; a *Problem says where.
var (
	// ErrCut is of a trace that does not come to its end: the run was killed, or
	// the file was cut. What was read until then is returned with it.
	ErrCut = errors.New("the trace is cut off")
	// ErrEdited is of a line that is not what was written.
	ErrEdited = errors.New("the trace was changed")
	// ErrVersion is of a trace in another version of this format.
	ErrVersion = errors.New("the trace is of another version")
	// ErrFormat is of everything else that is no trace.
	ErrFormat = errors.New("this is no trace")
)

// Problem is what is wrong with a trace, and where.
type Problem struct {
	Line   int    // from 1
	Byte   int    // within the line, from 1
	Field  string // the member that is meant, or ""
	Reason string
	Err    error // one of the above
}

func (p *Problem) Error() string {
	where := fmt.Sprintf("line %d, byte %d", p.Line, p.Byte)
	if p.Field != "" {
		where += fmt.Sprintf(", %q", p.Field)
	}
	return where + ": " + p.Reason
}

func (p *Problem) Unwrap() error { return p.Err }

// takes names a Go type as people who read JSON do.
func takes(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	default:
		return "a text"
	}
}

// unknownField is the name in encoding/json's error of that kind, which has no type.
func unknownField(err error) (name string, found bool) {
	name, found = strings.CutPrefix(err.Error(), "json: unknown field ")
	return strings.Trim(name, `"`), found
}

// cleaned is err in one line, without encoding/json's name in front.
func cleaned(err error) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "json: ")), " ")
}
