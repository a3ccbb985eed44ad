package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"sync"

	"github.com/sentsim/sentsim/simulator/style"
)

//go:embed html.tmpl
var htmlPage string

//go:embed html.css
var htmlCSS string

//go:embed html.js
var htmlJS string

// parsePage parses the page once, when the first is written.
var parsePage = sync.OnceValues(func() (*template.Template, error) { //nolint:gochecknoglobals // a constant that takes a millisecond to make
	return template.New("report").Parse(htmlPage)
})

// HTML writes the report as one page for people that needs nothing else: no other
// file, no network. Its policy lets only its own style and script run, whatever
// the receiver answered. The same report gives the same bytes.
func HTML(w io.Writer, rep Report) error {
	page, err := parsePage()
	if err != nil {
		return fmt.Errorf("html report: %w", err)
	}
	css := style.CSS() + htmlCSS
	v := newHTMLView(rep)
	v.CSS, v.JS = template.CSS(css), template.JS(htmlJS) //nolint:gosec // both are ours, from this package
	v.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", digest(css), digest(htmlJS))
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		return fmt.Errorf("html report: %w", err)
	}
	return put(w, "html report", &b)
}

// digest is how a content security policy names a text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
