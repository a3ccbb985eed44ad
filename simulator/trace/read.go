package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// Read reads a trace. Its errors are *Problem, with line and byte, or those of r.
// With ErrCut it also returns what could be read, which is whole up to there;
// with any other error there is no trace.
func Read(r io.Reader) (*Trace, error) {
	l := newLines(r)
	t := &Trace{}
	for {
		content, err := l.next()
		switch {
		case errors.Is(err, io.EOF) && l.n == 1:
			return nil, l.at(&Problem{Err: ErrFormat, Reason: "the file is empty"})
		case errors.Is(err, io.EOF) && t.End == nil:
			l.n--
			return t, l.at(&Problem{Byte: l.last, Err: ErrCut, Reason: `the trace ends after this line and not with one of the kind "end"`})
		case errors.Is(err, io.EOF):
			return t, nil
		case errors.Is(err, ErrCut) && l.n > 1 && t.End == nil:
			return t, err
		case err != nil:
			return nil, err
		case t.End != nil:
			return nil, l.at(&Problem{Err: ErrFormat, Reason: `goes on after the line of the kind "end"`})
		}
		if p := t.add(l.n, content); p != nil {
			return nil, l.at(p)
		}
	}
}

// first looks at the first line before its sum: another version may have other sums.
func first(line []byte) *Problem {
	var head struct {
		Kind    string          `json:"kind"`
		Trace   json.RawMessage `json:"trace"`
		Sentsim string          `json:"sentsim"`
	}
	const begin = `a trace begins with {"kind":"run","trace":1,`
	if err := json.Unmarshal(line, &head); err != nil {
		if bytes.HasPrefix(line, fmt.Appendf(nil, `{"kind":"run","trace":%d,`, Schema)) {
			return nil // it is one, and what is wrong with it is found later
		}
		return &Problem{Err: ErrFormat, Reason: "this is no trace of sentsim: " + begin}
	}
	switch {
	case head.Kind != kindRun || head.Trace == nil:
		return &Problem{Err: ErrFormat, Reason: "this is no trace of sentsim: " + begin}
	case string(head.Trace) != fmt.Sprint(Schema):
		return &Problem{
			Byte: bytes.Index(line, []byte(`"trace"`)) + 1, Field: "trace", Err: ErrVersion,
			Reason: fmt.Sprintf("the trace has version %.20s of the format, written by sentsim %.40s, and this sentsim reads version %d: replay it with that one, or record it anew", head.Trace, named(head.Sentsim), Schema),
		}
	}
	return nil
}

func named(version string) string {
	if version == "" {
		return "of an unknown version"
	}
	return version
}

// add takes a line's content in.
func (t *Trace) add(n int, content []byte) *Problem {
	var head struct {
		Kind string `json:"kind"`
	}
	_ = json.Unmarshal(content, &head) // what is wrong with it, decode says better
	if (head.Kind == kindRun) != (n == 1) {
		return &Problem{Field: "kind", Err: ErrFormat, Reason: fmt.Sprintf("%q: the first line, and no other, is of the kind %q", head.Kind, kindRun)}
	}
	switch head.Kind {
	case kindRun:
		var l runLine
		if p := decode(content, &l); p != nil {
			return p
		}
		t.Run = l.Run
	case kindStep:
		var l stepLine
		if p := decode(content, &l); p != nil {
			return p
		}
		if p := t.check(l.Step); p != nil {
			return p
		}
		t.Steps = append(t.Steps, Step{l.Step, l.Answer})
	case kindViolation:
		var l violationLine
		if p := decode(content, &l); p != nil {
			return p
		}
		t.Violations = append(t.Violations, l.Violation)
	case kindEnd:
		var l endLine
		if p := decode(content, &l); p != nil {
			return p
		}
		if l.Steps != len(t.Steps) {
			return &Problem{Field: "steps", Err: ErrEdited, Reason: fmt.Sprintf("the run had %d steps, and %d are here", l.Steps, len(t.Steps))}
		}
		t.End = &l.End
	default:
		return &Problem{Field: "kind", Err: ErrFormat, Reason: fmt.Sprintf("%.40q is not known to this version", head.Kind)}
	}
	return nil
}

// check refuses a step that this version would not know how to send.
func (t *Trace) check(s chaos.Step) *Problem {
	wrong := func(field, format string, args ...any) *Problem {
		return &Problem{Field: "step." + field, Err: ErrFormat, Reason: fmt.Sprintf(format, args...)}
	}
	last := 0
	if n := len(t.Steps); n > 0 {
		last = t.Steps[n-1].Number
	}
	if s.Number <= last {
		return wrong("number", "%d after %d: steps are numbered from 1, and stand in that order", s.Number, last)
	}
	if !slices.Contains(kinds(), s.Kind) {
		return wrong("kind", "%.40q is not known to this version", s.Kind)
	}
	if !slices.Contains(subjects(), s.Subject.Kind) {
		return wrong("subject.kind", "%.40q is not known to this version", s.Subject.Kind)
	}
	if !slices.Contains(senders(), s.Sender) {
		return wrong("sender", "%.40q is not known to this version", s.Sender)
	}
	if s.Kind == chaos.KindForge && s.Forgery != chaos.ForgeryOldSecret {
		if _, err := chaos.Lookup(s.Forgery); err != nil {
			return wrong("forgery", "%.40q is not known to this version", s.Forgery)
		}
	}
	return nil
}

func kinds() []chaos.Kind {
	return []chaos.Kind{
		chaos.KindDeliver, chaos.KindForge, chaos.KindPause, chaos.KindResume,
		chaos.KindRestart, chaos.KindRotate, chaos.KindDisable, chaos.KindEnable,
	}
}

// subjects are the kinds of what a step can be about; "" is for nothing.
func subjects() []chaos.SubjectKind {
	return []chaos.SubjectKind{"", chaos.AboutMessage, chaos.AboutInbound, chaos.AboutTemplate, chaos.AboutContact}
}

func senders() []delivery.Misbehaviour {
	return []delivery.Misbehaviour{delivery.Well, delivery.LoseAck, delivery.HangUp, delivery.Dawdle, delivery.Cut}
}
