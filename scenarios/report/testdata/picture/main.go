// Command picture draws the README's picture of a run: a real one, of a receiver
// that forgets to look at the timestamp, printed for a terminal and turned into
// an SVG on standard output.
package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/signing"
)

const (
	columns    = 104
	charWidth  = 8.0
	lineHeight = 19
	margin     = 18
)

func main() {
	var text bytes.Buffer
	text.WriteString("$ sentsim verify --target http://127.0.0.1:8080/webhooks/sent --rule SIG\n")
	term := report.NewTerminal(report.TerminalOptions{Out: &text, Color: true, Width: columns})
	cfg := config.Default()
	cfg.Rules = []string{"SIG-1", "SIG-2", "SIG-3", "SIG-4", "SIG-5", "SIG-6", "SIG-7", "SIG-8", "SIG-9", "SIG-10", "SIG-11", "SIG-12"}
	cfg.Target = target.Spec{Name: "http://127.0.0.1:8080/webhooks/sent", Path: "/webhooks/sent", Handler: forgetful}
	rep, err := scenarios.Run(context.Background(), cfg, scenarios.WithVersion("0.1.0"), scenarios.WithWatcher(term))
	if err == nil {
		err = term.Finish(rep)
	}
	if err == nil {
		_, err = os.Stdout.WriteString(svg(text.String()))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// forgetful verifies the signature and never asks how old it is.
func forgetful(env target.Env) (http.Handler, func() error, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id, stamp := r.Header.Get(signing.HeaderID), r.Header.Get(signing.HeaderTimestamp)
		want := env.Secret.SignContent([]byte(id + "." + stamp + "." + string(body)))
		for sig := range strings.FieldsSeq(r.Header.Get(signing.HeaderSignature)) {
			if id != "" && stamp != "" && hmac.Equal([]byte(sig), []byte(want)) {
				return
			}
		}
		http.Error(w, "bad signature", http.StatusUnauthorized)
	}), nil, nil
}

var escape = regexp.MustCompile("\x1b\\[(\\d+)m")

func svg(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var b strings.Builder
	width, height := int(columns*charWidth)+2*margin, len(lines)*lineHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="a run of sentsim verify">
<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#d6dbe3}.c1{font-weight:bold}.c2{fill:#8b95a5}.c31{fill:#ff7b72}.c32{fill:#56d364}.c33{fill:#e3b341}.c35{fill:#d2a8ff}</style>
<rect width="100%%" height="100%%" rx="8" fill="#0f141b"/>
`, width, height, width, height)
	for i, line := range lines {
		fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text>`+"\n", margin, margin+(i+1)*lineHeight-5, spans(cut(line)))
	}
	return b.String() + "</svg>\n"
}

// spans turns the colours of a line into classes.
func spans(line string) string {
	var b strings.Builder
	open := 0
	for {
		m := escape.FindStringSubmatchIndex(line)
		if m == nil {
			b.WriteString(html.EscapeString(line))
			return b.String() + strings.Repeat("</tspan>", open)
		}
		b.WriteString(html.EscapeString(line[:m[0]]))
		if code, _ := strconv.Atoi(line[m[2]:m[3]]); code != 0 {
			fmt.Fprintf(&b, `<tspan class="c%d">`, code)
			open++
		} else {
			b.WriteString(strings.Repeat("</tspan>", open))
			open = 0
		}
		line = line[m[1]:]
	}
}

// cut shortens a line that a terminal would wrap, escapes not counted.
func cut(line string) string {
	n := 0
	for i := 0; i < len(line); i++ {
		if m := escape.FindStringIndex(line[i:]); m != nil && m[0] == 0 {
			i += m[1] - 1
			continue
		}
		if line[i]&0xc0 != 0x80 {
			n++
		}
		if n > columns {
			return line[:i] + "…\x1b[0m"
		}
	}
	return line
}
