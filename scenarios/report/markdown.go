package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// maxMarkdown is how many characters a page has at most: a comment on a pull
// request takes 65,536.
const maxMarkdown = 65_536

// Markdown writes the report as a page for people, as it stands in the summary
// of a job or in a comment: the verdict, what is wrong with its evidence, and all
// rules folded. What does not fit is left out, the longest first: evidence, then
// the target's output, then the table of rules; the page says so.
func Markdown(w io.Writer, rep Report) error {
	var page string
	for _, full := range []pageParts{{true, true, true}, {false, true, true}, {false, false, true}, {}} {
		if page = markdownPage(rep, full); utf8.RuneCountInString(page) < maxMarkdown-margin {
			break
		}
	}
	if runes := []rune(page); len(runes) >= maxMarkdown-margin { // hundreds of rules, or a cause of pages
		page = string(runes[:maxMarkdown-margin]) + "…\n"
	}
	return put(w, "markdown", bytes.NewBuffer(muted([]byte(page))))
}

// margin is room for what escapes add to a page on its way out.
const margin = 1024

// pageParts are the parts of a page that can be left out.
type pageParts struct{ evidence, log, rules bool }

func markdownPage(rep Report, full pageParts) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## %s sentsim: %s\n\n", headline(rep), md(Meaning(rep)))
	fmt.Fprintf(&b, "%s · seed %d · %s · sentsim %s\n\n", md(rep.Target), rep.Seed,
		short(time.Duration(rep.DurationMS)*time.Millisecond), md(rep.Sentsim))
	s := rep.Summary
	if s.Total() > 0 {
		b.WriteString("| passed | failed | warned | not checked | errored |\n|---:|---:|---:|---:|---:|\n")
		fmt.Fprintf(&b, "| %d | %d | %d | %d | %d |\n\n", s.Passed, s.Failed, s.Warned, s.NotChecked, s.Errored)
	}
	for _, f := range facts(rep) {
		fmt.Fprintf(&b, "- %s: %s\n", f.name, md(f.text))
	}
	b.WriteString("\n")
	if d := rep.Diagnosis; d != nil {
		fmt.Fprintf(&b, "### Diagnosis\n\n%s\n\n**Fix:** %s\n\n", md(d.Summary), md(d.Fix))
		fenced(&b, strings.Join(d.Evidence, "\n"))
	}
	b.WriteString(markdownCauses(rep))
	if facts := learnedFacts(rep.Learned); len(facts) > 0 {
		b.WriteString("<details><summary>what was learned of the receiver</summary>\n\n| | |\n|---|---|\n")
		for _, f := range facts {
			fmt.Fprintf(&b, "| %s | %s |\n", f.name, md(f.text))
		}
		b.WriteString("\n</details>\n\n")
	}
	for _, v := range []Verdict{Failed, Errored, Warned} {
		for _, r := range rep.Rules {
			if r.Verdict == v {
				fmt.Fprintf(&b, "### %s %s %s\n\n%s\n\n", sign(v), r.ID, md(r.Title), md(r.Reason))
				if full.evidence {
					folded(&b, "evidence, why and fix", told(r))
				} else if v != Errored {
					name, text := mend(r)
					fmt.Fprintf(&b, "**%s:** %s\n\n", capital(name), md(text))
				}
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
	if len(rep.TargetLog) > 0 && full.log {
		folded(&b, "last lines of the target's output", strings.Join(rep.TargetLog, "\n"))
	}
	if !full.evidence {
		b.WriteString("The evidence is too long for this page: `--report html=report.html` has all of it.\n\n")
	}
	if len(rep.Rules) > 0 && full.rules {
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
	return b.String()
}

// told is the evidence of a rule for a page: of each scenario what was seen, and of
// the first the exchange that decides it, with the way there in a line a step. Why
// and fix follow.
func told(r Rule) string {
	var b strings.Builder
	first := true
	for _, s := range r.Scenarios {
		if s.Verdict == Passed || s.Verdict == NotChecked {
			continue
		}
		fmt.Fprintf(&b, "%s (%s)\n%s\n", oneLine(s.Name), oneLine(s.File), visible(s.Reason))
		if first {
			b.WriteString(story(s.Evidence))
		}
		first = false
		b.WriteString("\n")
	}
	if r.Verdict != Errored { // our own trouble is not the receiver's to repair
		name, text := mend(r)
		fmt.Fprintf(&b, "why: %s\n%s: %s\n", visible(r.Why), name, visible(text))
	}
	return b.String()
}

// story is the exchange that decides a scenario in full, and the others in a line.
func story(all []Evidence) string {
	var b strings.Builder
	for i, e := range all {
		if i == 0 {
			for _, f := range fields(e) {
				fmt.Fprintf(&b, "%s:\n  %s\n", f.name, strings.ReplaceAll(strings.TrimRight(visible(f.text), "\n"), "\n", "\n  "))
			}
			continue
		}
		if i == 1 {
			b.WriteString("what was sent, in order:\n")
		}
		answer, _, _ := strings.Cut(strings.TrimSpace(visible(e.Response)), "\n")
		fmt.Fprintf(&b, "  %d. %s: %s\n", i, oneLine(or(e.What, "a delivery")), cut(answer, maxLine))
	}
	return b.String()
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
			name, does := mend(r)
			text += "\n" + name + ": " + does
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
	case !AllSeen(rep):
		return "☑️"
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
		"&", "&amp;", "|", `\|`, "#", `\#`, "~", `\~`, "@", "@\u200b").Replace(oneLine(string(redact([]byte(s))))) // a secret that is escaped would not be seen any more
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
