package signing_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/signing"
)

const (
	keyText    = "MfKQ9r8GKYqTwUPD8ILPZIo2LaLw4T3pXGJx6m1b+/8="
	secretText = signing.SecretPrefix + keyText
)

func mustParse(tb testing.TB, text string) signing.Secret {
	tb.Helper()
	s, err := signing.ParseSecret(text)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestParseSecret(t *testing.T) {
	unpadded := strings.TrimRight(secretText, "=")
	tests := []struct {
		name, text, problem string // problem "" is none
	}{
		{"padded", secretText, ""},
		{"unpadded", unpadded, ""},
		{"24 bytes", "whsec_" + strings.Repeat("A", 32), ""},
		{"the shortest", "whsec_AAAAAAAAAAA=", ""},
		{"empty", "", "it is empty"},
		{"blank", " \t", "nothing but whitespace"},
		{"line break at the end", secretText + "\n", "line break"},
		{"space before", " " + secretText, "whitespace around"},
		{"double quotes", `"` + secretText + `"`, "quotes around"},
		{"single quote at the end", secretText + "'", "quotes around"},
		{"no prefix", keyText, "does not start with whsec_"},
		{"signature's version before it", "v1," + secretText, "starts with v1,"},
		{"prefix in upper case", "WHSEC_" + keyText, "lower case"},
		{"something before it", "SECRET=" + secretText, "something stands before"},
		{"prefix alone", "whsec_", "nothing follows"},
		{"URL-safe alphabet", "whsec_AAAA-AAAAAAAAAAAA", "URL-safe alphabet ('-' and '_') is used at position 11"},
		{"second prefix", "whsec_" + secretText, "position 12"},
		{"space inside", "whsec_AAAA AAAAAAAAAAAA", "whitespace at position 11"},
		{"line break inside", "whsec_AAAA\nAAAAAAAAAAAA", "whitespace at position 11"},
		{"non-ASCII", "whsec_AAAA\u2026AAAAAAAA", "position 11 is not ASCII"},
		{"not of base64", "whsec_AAAA*AAAAAAAAAA", "position 11 is not of base64"},
		{"goes on after padding", "whsec_AAAAAAAAAAA=AAAA", "goes on after '=' at position 19"},
		{"one character too many", unpadded + "AA", "some are missing"},
		{"padding of the wrong length", secretText + "=", "ends with 2 '='"},
		{"only padding", "whsec_====", "ends with 4 '='"},
		{"placeholder", "whsec_test", "decodes to 3 bytes"},
		{"too short by one byte", "whsec_AAAAAAAAAA==", "decodes to 7 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := signing.ParseSecret(tt.text)
			if tt.problem == "" {
				if err != nil || s.IsZero() || s.Reveal() != tt.text {
					t.Fatalf("ParseSecret: %v, zero %v; want the secret", err, s.IsZero())
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Fatalf("error %v, want one that says %q", err, tt.problem)
			}
			if !s.IsZero() {
				t.Error("an error came with a secret")
			}
		})
	}
}

// An error may end up in a log: whatever is wrong with a secret, replacing its
// characters by others of the same sort gives the same error.
func TestParseErrorsDoNotDependOnTheSecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.StringMatching(`(whsec_)?[a-zA-Z0-9+/_=\-* \n]{0,60}`).Draw(t, "secret")
		head := len(shape) - len(strings.TrimPrefix(shape, "whsec_"))
		other := []byte(shape)
		for i := head; i < len(other); i++ {
			if c := other[i]; c >= 'a' && c <= 'z' && c != 'w' || c >= 'A' && c <= 'Z' && c != 'W' || c >= '0' && c <= '9' {
				other[i] = rapid.SampledFrom([]byte("abcXYZ0123")).Draw(t, "other")
			}
		}
		_, err := signing.ParseSecret(shape)
		_, otherErr := signing.ParseSecret(string(other))
		if fmt.Sprint(err) != fmt.Sprint(otherErr) {
			t.Fatalf("the error depends on the secret:\n%v\n%v", err, otherErr)
		}
	})
}

func TestGenerateSecret(t *testing.T) {
	s, err := signing.GenerateSecret(bytes.NewReader(bytes.Repeat([]byte{0xFB}, 40)))
	if err != nil {
		t.Fatal(err)
	}
	if want := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xFB}, 32)); s.Reveal() != want {
		t.Errorf("got %s, want %s", s.Reveal(), want)
	}
	if !mustParse(t, s.Reveal()).Equal(s) {
		t.Error("what was generated does not parse to itself")
	}
	broken := errors.New("no entropy")
	if s, err := signing.GenerateSecret(iotest.ErrReader(broken)); !errors.Is(err, broken) || !s.IsZero() {
		t.Errorf("got %v, want the reader's error and no secret", err)
	}
}

func TestEqual(t *testing.T) {
	s, same := mustParse(t, secretText), mustParse(t, strings.TrimRight(secretText, "="))
	other := mustParse(t, strings.Replace(secretText, "M", "N", 1))
	var none signing.Secret
	if !reflect.DeepEqual(s, mustParse(t, secretText)) {
		t.Error("reflect.DeepEqual tells two copies of one secret apart")
	}
	switch {
	case !s.Equal(same):
		t.Error("padding makes a difference")
	case s.Equal(other), s.Equal(none), none.Equal(s):
		t.Error("different secrets are equal")
	case !none.Equal(signing.Secret{}):
		t.Error("no secret differs from no secret")
	}
}

// TestSecretIsNeverPrinted prints a secret in every way, also from within a
// struct whose fields are not exported, where fmt calls no methods.
func TestSecretIsNeverPrinted(t *testing.T) {
	type hidden struct{ secret signing.Secret }
	type shown struct{ Secret signing.Secret }
	s := mustParse(t, secretText)
	var out strings.Builder
	for _, v := range []any{
		s, &s,
		hidden{s},
		&hidden{s},
		shown{s},
		&shown{s},
		[]signing.Secret{s},
		map[string]signing.Secret{"a": s},
		map[string]any{"a": hidden{s}},
		[]any{s, hidden{s}},
		fmt.Errorf("wrapped %v: %w", s, fmt.Errorf("%s", s)),
	} {
		for _, verb := range "vTtbcdoOqxXUeEfFgGspw" {
			for _, flags := range []string{"", "+", "#", "+#", " ", "-50", "050.3", "# "} {
				fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", v) // odd on purpose
			}
		}
		log.New(&out, "", 0).Println(v)
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("registered", "secret", v)
			slog.New(h).With("secret", v).WithGroup("g").Info("again", slog.Any("secret", v))
		}
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		if b, err := yaml.Marshal(v); err == nil {
			out.Write(b)
		}
		if b, err := xml.Marshal(v); err == nil {
			out.Write(b)
		}
	}
	out.WriteString(s.String() + s.GoString())
	key, err := base64.StdEncoding.DecodeString(keyText)
	if err != nil {
		t.Fatal(err)
	}
	printed := out.String()
	for name, leak := range map[string]string{
		"its text":              keyText,
		"its text's start":      keyText[:12],
		"its text in hex":       fmt.Sprintf("%x", keyText)[:24],
		"its key in hex":        fmt.Sprintf("%x", key)[:16],
		"its key in upper case": fmt.Sprintf("%X", key)[:16],
		"its key as numbers":    strings.Trim(fmt.Sprintf("%v", key[:6]), "[]"),
		"its key as Go":         strings.TrimPrefix(fmt.Sprintf("%#v", key[:4]), "[]byte{")[:14],
	} {
		if strings.Contains(printed, leak) {
			t.Errorf("%s was printed", name)
		}
	}
	if n := strings.Count(printed, "whsec_***"); n < 500 {
		t.Errorf("whsec_*** was printed %d times only: is anything printed at all?", n)
	}
	text, _ := s.MarshalText()
	asJSON, _ := json.Marshal(s)
	asYAML, _ := yaml.Marshal(s)
	for how, got := range map[string]string{
		"String": s.String(), "GoString": s.GoString(), "LogValue": s.LogValue().String(), "MarshalText": string(text),
		"JSON": strings.Trim(string(asJSON), `"`), "YAML": strings.Trim(string(asYAML), "\"'\n"),
	} {
		if got != "whsec_***" {
			t.Errorf("%s gives %s, want whsec_***", how, got)
		}
	}
	for verb, want := range map[string]string{"%v": "whsec_***", "%s": "whsec_***", "%q": "whsec_***", "%x": "whsec_***", "%#v": "whsec_***", "%d": "whsec_***"} {
		if got := fmt.Sprintf(verb, s); got != want {
			t.Errorf("%s prints %s, want %s", verb, got, want)
		}
	}
}

// A secret for a test shows the mistakes that depend on its characters.
func TestTellingSecret(t *testing.T) {
	t.Parallel()
	for drawn, want := range map[byte]string{
		0x00: "wAAAAAAAAAA+AAAAAAAAAAA/AAAAAAAAAAAAAAAAAAA=",
		0xff: "s//////////+//////////////////////////////8=",
	} {
		s, err := signing.GenerateTellingSecret(bytes.NewReader(bytes.Repeat([]byte{drawn}, 32)))
		if err != nil || s.Reveal() != signing.SecretPrefix+want {
			t.Errorf("%x: %s, %v", drawn, s.Reveal(), err)
		}
	}
	if s, err := signing.GenerateTellingSecret(strings.NewReader("too short")); err == nil || !s.IsZero() {
		t.Error("a secret of too few bytes")
	}
	for range 20 {
		s, err := signing.GenerateTellingSecret(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		rest := strings.TrimPrefix(s.Reveal(), signing.SecretPrefix)
		if !strings.ContainsAny(rest[:1], signing.SecretPrefix) || !strings.Contains(rest, "+") || !strings.Contains(rest, "/") || !strings.HasSuffix(rest, "=") {
			t.Error("a secret that does not show all mistakes")
		}
	}
}
