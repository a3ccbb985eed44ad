package signing_test

import (
	"strings"
	"testing"

	"github.com/sentsim/sentsim/simulator/signing"
)

// Each of the 256 bytes inside a secret is either of the standard alphabet or
// gets the advice that fits it.
func TestEveryByteInsideASecret(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for c := range 256 {
		b := byte(c)
		want := "the character at position 11 is not of base64"
		switch {
		case strings.IndexByte(alphabet, b) >= 0:
			want = ""
		case b == '=':
			want = "goes on after '=' at position 12"
		case b == '-' || b == '_':
			want = "URL-safe alphabet ('-' and '_') is used at position 11"
		case strings.IndexByte(" \t\r\n", b) >= 0:
			want = "whitespace at position 11"
		case b >= 0x80:
			want = "position 11 is not ASCII"
		}
		_, err := signing.ParseSecret("whsec_AAAA" + string([]byte{b}) + "AAAAAAAAAAA")
		switch {
		case want == "" && err != nil:
			t.Errorf("byte %#x: %v, want a secret", b, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("byte %#x: %v, want an error that says %q", b, err, want)
		}
	}
}

func TestWhatStandsAroundASecret(t *testing.T) {
	for _, quote := range []string{`"`, "'", "`"} {
		for where, text := range map[string]string{
			"before": quote + secretText, "behind": secretText + quote, "around": quote + secretText + quote,
		} {
			_, err := signing.ParseSecret(text)
			if want := "quotes around it; take it away"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %s: %v, want an error that says %q", quote, where, err, want)
			}
		}
	}
	for _, c := range []struct{ text, want string }{
		{"v1," + secretText, "starts with v1, which belongs to signatures"},
		{"v1," + keyText, "does not start with whsec_"}, // a signature, not a secret
		{"key=" + secretText, "something stands before whsec_; take it away"},
		{secretText + "\n", "ends with a line break; take it away"},
		{"\t" + secretText, "whitespace around it; take it away"},
	} {
		if _, err := signing.ParseSecret(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want an error that says %q", err, c.want)
		}
	}
}

// Padding is all there or not there at all.
func TestPadding(t *testing.T) {
	const tail = "AAAAAAAAAAAA" // nine bytes
	for _, c := range []struct{ data, want string }{
		{tail, ""},
		{tail + "AA", ""},
		{tail + "AA=", "ends with 1 '=' after 14 base64 characters"},
		{tail + "AA==", ""},
		{tail + "AAA", ""},
		{tail + "AAA=", ""},
		{tail + "AAA==", "ends with 2 '=' after 15 base64 characters"},
		{tail + "=", "ends with 1 '=' after 12 base64 characters"},
		{tail + "====", "ends with 4 '=' after 12 base64 characters"},
		{tail + "A===", "13 base64 characters after whsec_ cannot be right"},
	} {
		_, err := signing.ParseSecret(signing.SecretPrefix + c.data)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.data, err, c.want)
		}
	}
}

func TestMarshalJSONIsJSON(t *testing.T) {
	out, err := mustParse(t, secretText).MarshalJSON()
	if err != nil || string(out) != `"whsec_***"` {
		t.Errorf("got %s, %v", out, err)
	}
}
