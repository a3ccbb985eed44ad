package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// Markdown writes the report as a page for people, as it stands in the summary
// of a job: the verdict, what is wrong with its evidence, and all rules folded.
func Markdown(w io.Writer, rep Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## %s sentsim: %s\n\n", headline(rep), md(Meaning(rep)))
	fmt.Fprintf(&b, "%s · seed %d · %s · sentsim %s\n\n", md(rep.Target), rep.Seed,
		short(time.Duration(rep.DurationMS)*time.Millisecond), md(rep.Sentsim))
	s := rep.Summary
	if s.Total() > 0 {
		b.WriteString("| passed | failed | warned | not checked | errored |\n|---:|---:|---:|---:|---:|\n")
		fmt.Fprintf(&b, "| %d | %d | %d | %d | %d |\n\n", s.Passed, s.Failed, s.Warned, s.NotChecked, s.Errored)
	}
	if d := rep.Diagnosis; d != nil {
		fmt.Fprintf(&b, "### Diagnosis\n\n%s\n\n**Fix:** %s\n\n", md(d.Summary), md(d.Fix))
		fenced(&b, strings.Join(d.Evidence, "\n"))
	}
	b.WriteString(markdownCauses(rep))
	for _, v := range []Verdict{Failed, Errored, Warned} {
		for _, r := range rep.Rules {
			if r.Verdict == v {
				fmt.Fprintf(&b, "### %s %s %s\n\n%s\n\n", sign(v), r.ID, md(r.Title), md(r.Reason))
				folded(&b, "evidence, why and fix", details(r))
			}
		}
	}
	if rep.Chaos != nil {
		b.WriteString("| | |\n|---|---|\n")
		for _, f := range chaosFields(rep.Chaos) {
			fmt.Fprintf(&b, "| %s | %s |\n", f.name, md(f.text))
		}
		b.WriteString("\n")
	}
	if len(rep.TargetLog) > 0 {
		folded(&b, "last lines of the target's output", strings.Join(rep.TargetLog, "\n"))
	}
	if len(rep.Rules) > 0 {
		b.WriteString("<details><summary>all rules</summary>\n\n| | rule | level | |\n|---|---|---|---|\n")
		for _, r := range rep.Rules {
			text := md(r.Title)
			if r.Verdict == NotChecked {
				text += "<br>not checked: " + md(r.Reason)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", sign(r.Verdict), r.ID, r.Level, text)
		}
		b.WriteString("\n</details>\n")
	}
	return put(w, "markdown", &b)
}

// Annotations writes one workflow command of GitHub Actions for each rule that
// is broken, so that it stands at the top of the run: ::error, or ::warning.
func Annotations(w io.Writer, rep Report) error {
	var b bytes.Buffer
	tell := func(level, title, text string) {
		fmt.Fprintf(&b, "::%s title=%s::%s\n", level, workflowProperty(oneLine(title)), workflowText(visible(text)))
	}
	if d := rep.Diagnosis; d != nil {
		tell("error", "sentsim: "+d.Cause, d.Summary+"\nfix: "+d.Fix)
	}
	for _, r := range rep.Rules {
		level := ""
		switch r.Verdict {
		case Failed, Errored:
			level = "error"
		case Warned:
			level = "warning"
		case Passed, NotChecked:
			continue
		}
		text := r.Title + "\n" + r.Reason
		if r.Verdict != Errored {
			text += "\nfix: " + r.Fix
		}
		tell(level, r.ID+" ("+r.Level+")", text)
	}
	return put(w, "annotations", &b)
}

func put(w io.Writer, what string, b *bytes.Buffer) error {
	if _, err := w.Write(redact(b.Bytes())); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func headline(rep Report) string {
	switch {
	case rep.ExitStatus != ExitKept:
		return sign(Failed)
	case rep.Summary.Warned > 0:
		return sign(Warned)
	}
	return sign(Passed)
}

func sign(v Verdict) string {
	switch v {
	case Passed:
		return "✅"
	case Failed:
		return "❌"
	case Warned:
		return "⚠️"
	case Errored:
		return "💥"
	case NotChecked:
	}
	return "➖"
}

// md is text that of which no character steers the page, on one line.
func md(s string) string {
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;",
		"&", "&amp;", "|", `\|`, "#", `\#`, "~", `\~`, "@", "@\u200b").Replace(oneLine(s))
}

// fenced writes text as it is; the fence is longer than any in it.
func fenced(b *bytes.Buffer, text string) {
	text = strings.Trim(visible(text), "\n")
	if text == "" {
		return
	}
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	fmt.Fprintf(b, "%stext\n%s\n%s\n\n", fence, text, fence)
}

func folded(b *bytes.Buffer, title, text string) {
	fmt.Fprintf(b, "<details><summary>%s</summary>\n\n", title)
	fenced(b, text)
	b.WriteString("</details>\n\n")
}

func workflowText(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func workflowProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
