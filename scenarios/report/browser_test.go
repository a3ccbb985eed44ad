package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/browsertest"
)

// The HTML report as somebody gets it: a file, opened from disk.
func TestHTMLInABrowser(t *testing.T) {
	b := browsertest.Start(t)
	write := func(t *testing.T, rep report.Report) (address string) {
		t.Helper()
		var buf bytes.Buffer
		if err := report.HTML(&buf, rep); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(file, buf.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file://" + file
	}
	open := func(t *testing.T, rep report.Report, o browsertest.Options) *browsertest.Page {
		t.Helper()
		return b.Open(t, write(t, rep), o)
	}
	for look, o := range map[string]browsertest.Options{"light": {}, "dark-phone": {Dark: true, Width: 390, Height: 844}} {
		p := b.Open(t, "about:blank", o)
		for name, rep := range map[string]report.Report{"every": everyVerdict(), "refused": refused(), "kept": kept(), "story": story(), "chaos": chaos()} {
			t.Run(name+" "+look, func(t *testing.T) {
				p.During(t, func() {
					address := write(t, rep)
					p.Allow(address)
					p.Goto(address)
					p.FitsWidth()
					p.Picture("report-" + name + "-" + look)
					p.Accessible()
				})
			})
		}
	}
	t.Run("its parts", func(t *testing.T) {
		p := open(t, story(), browsertest.Options{})
		p.PressIn(`.families a[href="#rule-ORD-3"]`)
		p.Wait("the rule", `location.hash === "#rule-ORD-3" && document.getElementById("rule-ORD-3").getBoundingClientRect().top < innerHeight`)
		p.WaitText("its late SENT event moved the message from DELIVERED to SENT")
		p.PictureOf("#rule-ORD-3", "report-rule")
		browsertest.Eval[any](p, `Object.defineProperty(navigator, "clipboard", {value: {writeText: t => { window.copied = t }}}), 0`)
		p.PressIn("#rule-ORD-3 .command button")
		p.WaitText("Copied")
		if got := browsertest.Eval[string](p, "window.copied"); got != "sentsim verify --rule ORD-3 --seed 42 --exec 'node server.js'" {
			t.Errorf("copied %q", got)
		}
		browsertest.Eval[any](p, `dispatchEvent(new Event("beforeprint")), 0`)
		if n := browsertest.Eval[int](p, `document.querySelectorAll("details:not([open])").length`); n != 0 {
			t.Errorf("%d parts would not be printed", n)
		}
	})
	t.Run("hostile text", func(t *testing.T) {
		rep := story()
		all := strings.Join(payloads(t), "\n")
		fill(reflect.ValueOf(&rep).Elem(), "", func(string) string { return all })
		p := open(t, rep, browsertest.Options{})
		p.WaitText("Contract broken")
		p.WaitText("<script>alert(1)</script>")
	})
	t.Run("its policy holds", func(t *testing.T) {
		// What would have got through the escaping does not run either.
		p := open(t, story(), browsertest.Options{})
		p.Expect("Content Security Policy")
		p.Expect("127.0.0.1:1/x.png") // asked for, and blocked: it is named all the same
		browsertest.Eval[any](p, `(() => {
			const s = document.createElement("script"); s.textContent = "window.ran = true"; document.body.append(s);
			const i = document.createElement("img"); i.src = "http://127.0.0.1:1/x.png"; document.body.append(i);
			const d = document.createElement("div"); d.innerHTML = "<b style='color: red' onclick='window.ran = true'>x</b>"; document.body.append(d); d.firstChild.click();
		})(), 0`)
		if browsertest.Eval[bool](p, "window.ran === true") {
			t.Error("a script that is not the page's own ran")
		}
	})
}
