package report

import (
	"strings"
	"time"
)

// htmlScene is one scenario that did not pass, with its story.
type htmlScene struct {
	Name, File, Reason string
	Verdict            htmlVerdict
	Open               bool
	Story              []htmlStep
	Reproduce          string
}

// htmlStep is one exchange on the story's time line.
type htmlStep struct {
	When, What              string
	Wrong                   bool // the one that the verdict rests on
	Gap                     bool // it stands for exchanges that are left out
	Gives                   bool // Answer is an answer; otherwise it is what was read
	Answer, Expected, State string
	Request, Response       string
	Changed                 []htmlLine
}

// htmlLine is one line of a difference.
type htmlLine struct{ Kind, Text string }

func newHTMLScene(s Scenario, open bool) htmlScene {
	out := htmlScene{
		Name: Printable(s.Name), File: Printable(s.File), Reason: Printable(s.Reason),
		Verdict: htmlVerdict{s.Verdict}, Open: open,
	}
	if len(s.Evidence) == 0 {
		return out
	}
	wrong := s.Evidence[0]
	out.Reproduce = breakCommand(Printable(wrong.Reproduce))
	told, last := false, 0
	for _, e := range s.Evidence[1:] {
		if wrong.Step > 0 && e.Step == wrong.Step {
			e, told = wrong, true
		}
		out.Story = append(out.Story, newHTMLStep(e, e.Step == wrong.Step && told))
		last = e.Step
	}
	if !told {
		if last > 0 && wrong.Step > last+1 {
			out.Story = append(out.Story, htmlStep{Gap: true, What: "… and " + count(wrong.Step-last-1, "more delivery", "more deliveries")})
		}
		out.Story = append(out.Story, newHTMLStep(wrong, true))
	}
	if len(out.Story) == 1 {
		out.Story[0].When = "" // there is nothing before it to be later than
	}
	return out
}

func newHTMLStep(e Evidence, wrong bool) htmlStep {
	st := htmlStep{
		Wrong: wrong, What: Printable(e.What), State: Printable(e.State),
		When: "+" + short(time.Duration(e.SentMS)*time.Millisecond), Request: breakCommand(Printable(e.Request)),
	}
	response := e.Response
	if e.State != "" {
		response = strings.TrimSuffix(strings.TrimSuffix(response, "state: "+e.State), "\n")
	}
	response = Printable(response)
	st.Answer, _, _ = strings.Cut(response, "\n")
	if strings.Contains(response, "\n") {
		st.Response = response
	}
	if st.What == "" {
		st.What = "What came back"
		if e.Request == "" {
			st.What, st.When = "The receiver’s state", ""
		}
	}
	st.Gives = e.Request != ""
	if wrong {
		st.Expected = Printable(e.Expected)
		st.Changed = htmlDiff(Printable(e.Changed))
	}
	return st
}

func htmlDiff(text string) []htmlLine {
	if text == "" {
		return nil
	}
	var out []htmlLine
	for line := range strings.SplitSeq(text, "\n") {
		kind := "ctx"
		switch {
		case strings.HasPrefix(line, "@@"):
			kind = "hunk"
		case strings.HasPrefix(line, "-"):
			kind, line = "del", "−"+line[1:] // the sign, which is as wide as the plus
		case strings.HasPrefix(line, "+"):
			kind = "ins"
		}
		out = append(out, htmlLine{kind, line})
	}
	return out
}

// breakCommand puts each option of a shell command on a line of its own, where it
// stays the same command: not within quotes, nor where there is no option.
func breakCommand(command string) string {
	const fits = 90
	if len(command) <= fits || strings.Contains(command, "\n") {
		return command
	}
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(command); i++ {
		c := command[i]
		switch {
		case quote == '$' && c == '\\' && i+1 < len(command): // in $'…' a quote may be escaped
			b.WriteByte(c)
			i++
			c = command[i]
		case quote == 0 && c == '\'':
			quote = '\''
			if i > 0 && command[i-1] == '$' {
				quote = '$'
			}
		case quote == 0 && c == '\\' && i+1 < len(command):
			b.WriteByte(c)
			i++
			c = command[i]
		case quote != 0 && c == '\'':
			quote = 0
		case quote == 0 && strings.HasPrefix(command[i:], " # "):
			b.WriteString(command[i:]) // a comment to the end
			return b.String()
		case quote == 0 && c == ' ' && breaksBefore(command[i+1:]):
			b.WriteString(" \\\n ")
		}
		b.WriteByte(c)
	}
	return b.String()
}

func breaksBefore(rest string) bool {
	return strings.HasPrefix(rest, "-H ") || strings.HasPrefix(rest, "--")
}
