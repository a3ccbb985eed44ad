package output

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/signing"
)

func parse(t *testing.T, text string) signing.Secret {
	t.Helper()
	s, err := signing.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func secret(t *testing.T) signing.Secret {
	t.Helper()
	return parse(t, "whsec_c2VjcmV0L3NlY3JldCtzZWNyZXQ/c2VjcmV0IT8/Pw==")
}

func otherSecret(t *testing.T) signing.Secret {
	t.Helper()
	return parse(t, "whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXI=")
}

func TestOutputKeepsTheLastLines(t *testing.T) {
	var o Tail
	if o.Lines() != nil {
		t.Error("lines of nothing")
	}
	for i := range Kept + 7 {
		_, _ = fmt.Fprintf(&o, "line %d\r\n", i)
	}
	mark := o.Mark()
	_, _ = fmt.Fprintf(&o, "%s\nprompt", strings.Repeat("é", ReadLine))
	lines := o.Lines()
	if len(lines) != Kept+1 || lines[0] != "line 8" || lines[Kept] != "prompt" {
		t.Errorf("%d lines, first %q, last %q", len(lines), lines[0], lines[len(lines)-1])
	}
	if long := lines[Kept-1]; len(long) > keptLine+3 || !strings.HasSuffix(long, "é…") {
		t.Errorf("a long line is %d bytes, ends with %q", len(long), long[len(long)-5:])
	}
	if got := o.Since(mark); len(got) != 2 || got[1] != "prompt" {
		t.Errorf("%d lines since the mark", len(got))
	}
	if got := o.Since(0); len(got) != Kept+1 {
		t.Errorf("%d lines since the start", len(got))
	}
}

func TestOutputHidesSecrets(t *testing.T) {
	s := secret(t)
	part := strings.TrimPrefix(s.Reveal(), "whsec_")
	var o Tail
	o.Hide(s, "api-key-api-key")
	o.Hide(otherSecret(t), "short") // after a rotation
	for line, want := range map[string]string{
		"secret=" + s.Reveal() + ";": "secret=whsec_***;",
		"key " + part:                "key ***==",
		"key " + strings.TrimRight(part, "=") + " unpadded":                    "key *** unpadded",
		`{"s":"` + strings.ReplaceAll(s.Reveal(), "/", `\/`) + `"}`:            `{"s":"whsec_***"}`,
		"json " + strings.ReplaceAll(part, "/", `\/`):                          "json ***==",
		"query whsec_c2VjcmV0L3NlY3JldCtzZWNyZXQ%2Fc2VjcmV0IT8%2FPw%":          "", // checked below
		"bytes secret/secret+secret?secret!???.":                               "bytes ***.",
		"hex " + hex.EncodeToString([]byte("secret/secret+secret?secret!???")): "hex ***",
		"somebody else's whsec_YWJj":                                           "somebody else's whsec_***",
		"old and new " + otherSecret(t).Reveal():                               "old and new whsec_***",
		"api-key-api-key and short":                                            "*** and short",
		"\x1b[1mwhs\x1b[0mec_c2VjcmV0\x1b[m in colour\x07":                     "whsec_*** in colour",
		"\x1b]0;title\x07plain":                                                "plain",
		"\xff bad":                                                             "\uFFFD bad",
		strings.Repeat("x", keptLine-3) + " " + s.Reveal():                     "", // checked below
		strings.Repeat("y", ReadLine-20) + " " + s.Reveal():                    "", // checked below
	} {
		got := o.clean(line)
		if want != "" && got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
		if strings.Contains(got, part[:16]) {
			t.Errorf("%q: got %q with the secret in it", line, got)
		}
	}
}

// However a secret is cut into writes, colours and lines around it, it does not come out.
func TestOutputNeverShowsASecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 8, 40).Draw(t, "key")
		s, err := signing.GenerateSecret(strings.NewReader(strings.Repeat(string(key), 8)))
		if err != nil {
			t.Fatal(err)
		}
		part := strings.TrimRight(strings.TrimPrefix(s.Reveal(), signing.SecretPrefix), "=")
		text := rapid.StringMatching(`[a-z \n]{0,1000}`).Draw(t, "before") + rapid.SampledFrom([]string{part, s.Reveal()}).Draw(t, "form") + "\n"
		var o Tail
		o.Hide(s, "")
		for text != "" {
			n := rapid.IntRange(1, len(text)).Draw(t, "write")
			_, _ = o.Write([]byte(text[:n]))
			text = text[n:]
		}
		if all := strings.Join(o.Lines(), "\n"); strings.Contains(all, part[:8]) {
			t.Fatalf("%q shows %q", all, part)
		}
	})
}

func TestOutputExpectsALine(t *testing.T) {
	var o Tail
	seen := o.Expect(regexp.MustCompile(`listening on \d+`), 0)
	for _, chunk := range []string{"liste", "ning\n", "listening on", " 80"} {
		select {
		case <-seen:
			t.Fatalf("seen before %q", chunk)
		default:
		}
		_, _ = o.Write([]byte(chunk))
	}
	<-seen
	_, _ = o.Write([]byte("80\nlistening on 1\n")) // once is enough
	if want := []string{"listening", "listening on 8080", "listening on 1"}; !slices.Equal(o.Lines(), want) {
		t.Errorf("lines %q", o.Lines())
	}
}

// What a container printed before it was started again says nothing of now.
func TestOutputExpectsALineAfterOthers(t *testing.T) {
	var o Tail
	seen := o.Expect(regexp.MustCompile(`^ready`), 2)
	_, _ = o.Write([]byte("ready\nstopped\n"))
	select {
	case <-seen:
		t.Error("seen in what was printed before")
	default:
	}
	_, _ = o.Write([]byte("ready\n"))
	select {
	case <-seen:
	default:
		t.Error("not seen")
	}
}
