package signing

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Spellings are the ways in which the secret is printed by whoever has it:
// whole, without its prefix, and its key in the ways of the function Spellings.
// They are for finding a leak and for taking it out; never print one. They are
// empty for no secret. The list is everybody's: change a clone of it.
func (s Secret) Spellings() []string {
	if s.IsZero() {
		return nil
	}
	s.m.spelling.Do(func() { s.m.spellings = slices.Clip(spell(s)) })
	return s.m.spellings
}

func spell(s Secret) []string {
	text := strings.TrimRight(s.Reveal(), "=")
	part := strings.TrimPrefix(text, SecretPrefix)
	all := []string{text, part, strings.ReplaceAll(part, "/", `\/`), url.QueryEscape(part)}
	if key, err := base64.RawStdEncoding.DecodeString(part); err == nil {
		all = append(all, Spellings(key)...)
		all = append(all, string(key))
	}
	return all
}

// Spellings are the ways in which programs print bytes such as a key or a
// digest: base64 without its padding, as JSON and URLs escape it and in its
// URL-safe alphabet, and hex in both cases and with colons.
func Spellings(b []byte) []string {
	text := base64.RawStdEncoding.EncodeToString(b)
	colons := strings.Trim(strings.ReplaceAll(fmt.Sprintf("% x", b), " ", ":"), ":")
	return []string{
		text, strings.ReplaceAll(text, "/", `\/`), url.QueryEscape(text), base64.RawURLEncoding.EncodeToString(b),
		hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), colons, strings.ToUpper(colons),
	}
}
