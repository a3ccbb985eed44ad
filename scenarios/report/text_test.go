package report

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestVisible(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"plain text\nin two lines", "plain text\nin two lines"},
		{"a\x00b\x1b[31m\x7f", `a\x00b\x1b[31m\x7f`},
		{"head\r\nbody\rrest", "head\nbody" + `\x0drest`},
		{"a\tb", "a    b"},
		{"broken \xff\xfe utf-8", `broken \xff\xfe utf-8`},
		{"right\u202eto left", `right\u202eto left`},
		{"no character \ufffe", `no character \ufffe`},
		{"żółć 👋🏽 مرحبا", "żółć 👋🏽 مرحبا"},
		{"replaced \ufffd", "replaced \ufffd"},
	} {
		if got := visible(c.in); got != c.want {
			t.Errorf("visible(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestVisibleIsLegalEverywhere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		out := visible(in)
		if !utf8.ValidString(out) {
			t.Fatalf("%q is not UTF-8", out)
		}
		for _, r := range out {
			if hidden(r) {
				t.Fatalf("%q still contains %q", out, r)
			}
		}
		var b strings.Builder
		if err := xml.EscapeText(&b, []byte(out)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(in, "\ufffd") && strings.Contains(b.String(), "\ufffd") {
			t.Fatalf("XML has no way to write %q", out)
		}
		if again := visible(out); again != out {
			t.Fatalf("twice is not once: %q, %q", out, again)
		}
	})
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"strip whsec_ and decode", "strip whsec_ and decode"},
		{"whsec_abc", "whsec_abc"},
		{"whsec_***", "whsec_***"},
		{"key whsec_YWJjZGVmZ2g= end", "key whsec_*** end"},
		{"whsec_whsec_YWJjZGVmZ2g=", "whsec_***"},
		{"whsec_YWJjZGVm+/==whsec_YWJjZGVm-_", "whsec_***"},
		{"a=whsec_YWJjZGVmZ2g&b=whsec_MTIzNDU2Nzg.", "a=whsec_***&b=whsec_***."},
	} {
		if got := string(redact([]byte(c.in))); got != c.want {
			t.Errorf("redact(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-z]{1,12} ){0,20}[a-z]{0,30}`).Draw(t, "text")
		width := rapid.IntRange(0, 40).Draw(t, "width")
		lines := wrap(text, width)
		if got, want := strings.Join(lines, " "), strings.Join(strings.Fields(text), " "); got != want {
			t.Fatalf("words were lost: %q, want %q", got, want)
		}
		for _, l := range lines {
			if width > 0 && len(l) > width && strings.Contains(l, " ") {
				t.Fatalf("%q is wider than %d", l, width)
			}
		}
	})
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"exactly", 7, "exactly"},
		{"a longer one", 8, "a longe…"},
		{"a longer one", 9, "a longer…"},
		{"a word, another one", 14, "a word, anoth…"},
		{"a few words, another one", 16, "a few words…"},
		{"ends at a space", 6, "ends…"},
		{"no limit at all", 0, "no limit at all"},
		{"żółć żółć", 5, "żółć…"},
	} {
		if got := cut(c.in, c.width); got != c.want {
			t.Errorf("cut(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 ms", 340 * time.Millisecond: "340 ms", 3210 * time.Millisecond: "3.2 s",
		65 * time.Second: "1m5s", time.Hour + 2*time.Minute + 5*time.Second: "1h2m5s",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%v) = %q, want %q", d, got, want)
		}
	}
}
