package signing

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

const (
	// MinKeyBytes is the shortest key that ParseSecret takes. Real ones have 24
	// to 64 bytes; below 8 it is a placeholder ("whsec_test") or was cut off.
	MinKeyBytes = 8
	// generatedKeyBytes is the length of the keys that GenerateSecret makes.
	generatedKeyBytes = 32
)

// Secret is the signing secret of one webhook. The zero value is no secret: it
// signs nothing and verifies nothing. However it is printed, logged or encoded,
// it shows as "whsec_***"; Reveal is the only way to its text. It is immutable
// and safe for concurrent use. Compare with Equal.
type Secret struct {
	m *vault
}

// vault keeps the material two pointers away. fmt calls no methods of a value in
// somebody's unexported field but walks through it: of a pointer it prints the
// address, but with a verb that does not fit, %s say, what the pointer leads to.
type vault struct{ *material }

type material struct {
	text   string // as given
	key    []byte
	states sync.Pool // of *state, keyed once and used again

	spelling  sync.Once
	spellings []string // made when they are asked for first
}

func newSecret(text string, key []byte) Secret {
	return Secret{m: &vault{&material{text: text, key: key}}}
}

// ParseSecret reads a signing secret as Sent shows it: "whsec_" and then the key
// in base64 (standard alphabet, padded or not). Its errors say what is wrong and
// where, and never contain any part of text.
func ParseSecret(text string) (Secret, error) {
	if err := checkAround(text); err != nil {
		return Secret{}, err
	}
	data := text[len(SecretPrefix):]
	if err := checkAlphabet(data); err != nil {
		return Secret{}, err
	}
	unpadded := strings.TrimRight(data, "=")
	padding := len(data) - len(unpadded)
	if len(unpadded)%4 == 1 {
		return Secret{}, fmt.Errorf("signing secret: %d base64 characters after %s cannot be right: some are missing, or one is too many; copy it again", len(unpadded), SecretPrefix)
	}
	if padding > 0 && (padding > 2 || len(data)%4 != 0) {
		return Secret{}, fmt.Errorf("signing secret: ends with %d '=' after %d base64 characters; copy it again, or leave the '=' out", padding, len(unpadded))
	}
	key, err := base64.RawStdEncoding.DecodeString(unpadded)
	if err != nil { // the checks above leave nothing to fail, and its text would quote the secret
		return Secret{}, errors.New("signing secret: what follows " + SecretPrefix + " is not base64")
	}
	if len(key) < MinKeyBytes {
		return Secret{}, fmt.Errorf("signing secret: decodes to %d bytes, and a real one has at least %d: is it a placeholder, or was it cut off?", len(key), MinKeyBytes)
	}
	return newSecret(text, key), nil
}

// checkAround looks at the prefix and at what copying and quoting leave around a secret.
func checkAround(text string) error {
	const takeAway = "; take it away"
	switch {
	case text == "":
		return errors.New("signing secret: it is empty; it starts with " + SecretPrefix)
	case strings.TrimSpace(text) == "":
		return errors.New("signing secret: it is nothing but whitespace; it starts with " + SecretPrefix)
	case strings.HasSuffix(text, "\n"):
		return errors.New("signing secret: it ends with a line break" + takeAway)
	case strings.TrimSpace(text) != text:
		return errors.New("signing secret: there is whitespace around it" + takeAway)
	case strings.ContainsAny(text[:1], "\"'`") || strings.ContainsAny(text[len(text)-1:], "\"'`"):
		return errors.New("signing secret: there are quotes around it" + takeAway)
	case strings.HasPrefix(text, SecretPrefix):
		return nil
	case strings.HasPrefix(text, versionPrefix+SecretPrefix):
		return errors.New("signing secret: it starts with " + versionPrefix + " which belongs to signatures; begin with " + SecretPrefix)
	case strings.HasPrefix(strings.ToLower(text), SecretPrefix):
		return errors.New("signing secret: its prefix must be in lower case: " + SecretPrefix)
	case strings.Contains(text, SecretPrefix):
		return errors.New("signing secret: something stands before " + SecretPrefix + takeAway)
	}
	return errors.New("signing secret: it does not start with " + SecretPrefix + "; copy it whole from the webhook's settings")
}

// checkAlphabet finds the first character that standard base64 does not have.
// Positions count bytes from 1, from the start of the whole secret.
func checkAlphabet(data string) error {
	if data == "" {
		return errors.New("signing secret: nothing follows " + SecretPrefix)
	}
	padded := false
	for i := range len(data) {
		c, at := data[i], len(SecretPrefix)+i+1
		switch {
		case c == '=':
			padded = true
			continue
		case c == '-' || c == '_':
			return fmt.Errorf("signing secret: the URL-safe alphabet ('-' and '_') is used at position %d; Sent's secrets use the standard one ('+' and '/')", at)
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			return fmt.Errorf("signing secret: there is whitespace at position %d; it is one unbroken word", at)
		case c >= 0x80:
			return fmt.Errorf("signing secret: the character at position %d is not ASCII; copy it again as plain text", at)
		case !isBase64(c):
			return fmt.Errorf("signing secret: the character at position %d is not of base64", at)
		case padded:
			return fmt.Errorf("signing secret: it goes on after '=' at position %d; are these two secrets in one?", at)
		}
	}
	return nil
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}

// GenerateSecret makes a secret of 32 bytes drawn from r, which should be
// crypto/rand.Reader unless a run must be repeatable.
func GenerateSecret(r io.Reader) (Secret, error) {
	key := make([]byte, generatedKeyBytes)
	if _, err := io.ReadFull(r, key); err != nil {
		return Secret{}, fmt.Errorf("generate a signing secret: %w", err)
	}
	return newSecret(SecretPrefix+base64.StdEncoding.EncodeToString(key), key), nil
}

// GenerateTellingSecret makes a secret like GenerateSecret, by which more mistakes of a
// receiver show: those that depend on the secret's characters. It has a '+' and a '/'
// beside the '=' at its end, which URLs, paths and decoders treat in ways of their own,
// and after the prefix comes one of the prefix's letters, which code loses that strips
// characters in the place of the prefix.
func GenerateTellingSecret(r io.Reader) (Secret, error) {
	drawn, err := GenerateSecret(r)
	if err != nil {
		return Secret{}, err
	}
	const letters, plus, slash = "whsec", len(SecretPrefix) + 11, len(SecretPrefix) + 23
	text := []byte(drawn.Reveal())
	text[len(SecretPrefix)] = letters[int(text[len(SecretPrefix)])%len(letters)]
	text[plus], text[slash] = '+', '/'
	return ParseSecret(string(text))
}

// Reveal is the secret's text as it was given, with its prefix; "" for no
// secret. Whoever calls it must not log or print the result.
func (s Secret) Reveal() string {
	if s.m == nil {
		return ""
	}
	return s.m.text
}

// IsZero reports whether this is no secret at all.
func (s Secret) IsZero() bool { return s.m == nil }

// Equal reports whether both have the same key, in constant time. Padding makes
// no difference. No secret equals only no secret.
func (s Secret) Equal(other Secret) bool {
	if s.m == nil || other.m == nil {
		return s.m == other.m
	}
	return subtle.ConstantTimeCompare(s.m.key, other.m.key) == 1
}
