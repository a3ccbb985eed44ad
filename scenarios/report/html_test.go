package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/sentsim/sentsim/scenarios/report"
)

// htmlBody writes the HTML report without what is the same in every one.
func htmlBody(w io.Writer, rep report.Report) error {
	var b bytes.Buffer
	if err := report.HTML(&b, rep); err != nil {
		return err
	}
	page := b.String()
	for _, cut := range []string{`(?s)<style>.*?</style>`, `(?s)<script>.*?</script>`, `(?s)<svg class="hidden".*?</svg>`, `sha256-[^&]*&#39;`} {
		page = regexp.MustCompile(cut).ReplaceAllString(page, "…")
	}
	_, err := io.WriteString(w, page)
	return err
}

func page(t *testing.T, rep report.Report) (text string, root *html.Node) {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, rep); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), root
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// fill puts what makes(path) returns into every text of v.
func fill(v reflect.Value, path string, makes func(path string) string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(makes(path))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), path+"."+v.Type().Field(i).Name, makes)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), path, makes)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), path, makes)
		}
	default:
	}
}

func payloads(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "simulator", "style", "testdata", "hostile.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.SplitSeq(string(data), "\n") {
		if line != "" && !strings.HasPrefix(line, "## ") {
			all = append(all, line)
		}
	}
	if len(all) < 40 {
		t.Fatalf("only %d payloads", len(all))
	}
	return all
}

// elements counts the elements and attributes of a page, by name.
func elements(root *html.Node) map[string]int {
	found := map[string]int{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			found["<"+n.Data+">"]++
			for _, a := range n.Attr {
				found[n.Data+"["+a.Key+"]"]++
			}
		}
		if n.Type == html.CommentNode {
			found["<!-- -->"]++
		}
	}
	return found
}

// Nothing that a receiver, a target's name or a config file says becomes markup:
// the page has the same elements and attributes as with harmless text, and no
// address but those of Sent's documentation.
func TestHTMLHoldsHostileText(t *testing.T) {
	t.Parallel()
	for _, sample := range []func() report.Report{everyVerdict, refused, story, chaos} {
		hostile := func(payload string) (string, *html.Node) {
			rep := sample()
			fill(reflect.ValueOf(&rep).Elem(), "", func(path string) string {
				if strings.HasSuffix(path, ".Reason") || strings.HasSuffix(path, ".Remedy") {
					return payload + path // groups are made by reason
				}
				return payload
			})
			return page(t, rep)
		}
		_, harmless := hostile("-H quite harmless")
		want := elements(harmless)
		for _, payload := range payloads(t) {
			text, root := hostile("-H " + payload)
			if got := elements(root); !reflect.DeepEqual(got, want) {
				t.Errorf("%s\nchanged the page: %v", payload, difference(got, want))
			}
			for n := range root.Descendants() {
				for _, a := range n.Attr {
					if (a.Key == "href" || a.Key == "src") && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "https://docs.sent.dm/") {
						t.Errorf("%s\nbecame the address %s", payload, a.Val)
					}
				}
			}
			if !strings.Contains(text, "Content-Security-Policy") {
				t.Errorf("%s\ntook the policy away", payload)
			}
		}
	}
}

func difference(got, want map[string]int) []string {
	var out []string
	for k, n := range got {
		if want[k] != n {
			out = append(out, fmt.Sprintf("%s %d instead of %d", k, n, want[k]))
		}
	}
	return out
}

// A secret is recognised before the page escapes its plus signs.
func TestHTMLKeepsSecrets(t *testing.T) {
	t.Parallel()
	const secret = "whsec_abc+DEF/ghi+JKL/mno+PQR/stu+VWX/yz0="
	for _, sample := range []func() report.Report{everyVerdict, refused, story, chaos} {
		rep := sample()
		fill(reflect.ValueOf(&rep).Elem(), "", func(string) string { return "it is " + secret + "\nsaid twice: " + secret })
		_, root := page(t, rep)
		var text strings.Builder
		for n := range root.Descendants() {
			if n.Type == html.TextNode {
				text.WriteString(n.Data)
			}
			for _, a := range n.Attr {
				text.WriteString(a.Val)
			}
		}
		for _, part := range []string{"DEF/", "+PQR", "yz0="} {
			if strings.Contains(text.String(), part) {
				t.Errorf("%q of the secret is on the page", part)
			}
		}
	}
}

// The page is one file: it names nothing that a browser would load, and its policy
// allows exactly the style and the script that it holds.
func TestHTMLNeedsNothingElse(t *testing.T) {
	t.Parallel()
	for _, rep := range []report.Report{everyVerdict(), refused(), kept(), story(), chaos(), {}} {
		_, root := page(t, rep)
		policy := ""
		holds := map[string]string{}
		for n := range root.Descendants() {
			switch n.Data {
			case "link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "source", "image":
				t.Errorf("the page has a <%s>", n.Data)
			case "style", "script":
				if n.FirstChild == nil {
					continue // the text of one
				}
				if attr(n, "src") != "" {
					t.Errorf("the page loads %s", attr(n, "src"))
				}
				sum := sha256.Sum256([]byte(n.FirstChild.Data))
				holds[n.Data] = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
				if n.Data == "style" && regexp.MustCompile(`url\(|@import`).MatchString(n.FirstChild.Data) {
					t.Error("the style loads something")
				}
			case "meta":
				if attr(n, "http-equiv") == "Content-Security-Policy" {
					policy = attr(n, "content")
				}
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s %s> does not work under the policy", n.Data, a.Key)
				}
			}
		}
		want := "default-src 'none'; style-src " + holds["style"] + "; script-src " + holds["script"] + "; base-uri 'none'; form-action 'none'"
		if policy != want {
			t.Errorf("policy %s\nwant   %s", policy, want)
		}
	}
}

// Every link on the page leads somewhere, and no id is given twice.
func TestHTMLLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, rep := range []report.Report{everyVerdict(), refused(), kept(), story(), chaos()} {
		_, root := page(t, rep)
		ids := map[string]int{}
		for n := range root.Descendants() {
			if id := attr(n, "id"); id != "" {
				ids[id]++
			}
		}
		for id, n := range ids {
			if n > 1 {
				t.Errorf("id %q is given %d times", id, n)
			}
		}
		for n := range root.Descendants() {
			for _, a := range n.Attr {
				if to, local := strings.CutPrefix(a.Val, "#"); local && a.Key == "href" && ids[to] == 0 {
					t.Errorf("the link #%s leads nowhere", to)
				}
				if a.Key == "aria-labelledby" && ids[a.Val] == 0 {
					t.Errorf("<%s> is labelled by %q, which is not there", n.Data, a.Val)
				}
			}
		}
	}
}

// What is copied from the page is the command of the report.
func TestHTMLCommandStaysTheSame(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	for _, command := range []string{
		`sentsim trigger message.sent --target http://127.0.0.1/` + long + ` --forge a`,
		`curl -X POST http://a/` + long + ` -H 'A: b --c -H d' -H $'it\'s -H --x' --data-raw 'e'\'' -H f'`,
		`curl ` + long + ` -H a --data-binary @body # 9 bytes --that -H begin with 'x'`,
	} {
		rep := sum(report.Report{Rules: []report.Rule{report.Conclude(must("SIG-1"), []report.Scenario{{
			Verdict: report.Failed, Evidence: []report.Evidence{{Request: "x", Reproduce: command}},
		}}, false)}})
		_, root := page(t, rep)
		shown := ""
		for n := range root.Descendants() {
			if attr(n, "class") == "command" {
				shown = n.FirstChild.FirstChild.Data
			}
		}
		if !strings.Contains(shown, " \\\n  -") {
			t.Errorf("a long command is on one line: %s", shown)
		}
		if got := strings.ReplaceAll(shown, " \\\n  ", " "); got != command {
			t.Errorf("the page shows\n%s\nof\n%s", shown, command)
		}
	}
}
