// Package check is what the contract says of a delivery's answer and of what
// the receiver made of it, one function for each rule. Scenarios and chaos runs
// judge with the same functions, so that they cannot disagree. It sends nothing
// and reads nothing.
package check

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Leaks says what an answer tells that only the receiver and Sent may know
// (SIG-14): "the secret" or "the expected signature", in any of the ways in
// which programs print bytes; "" for nothing. What the request itself says is
// no secret: a signature that was cut is a part of the right one.
func Leaks(secret signing.Secret, r delivery.Request, o delivery.Outcome) string {
	var answer bytes.Buffer
	_ = o.Header.Write(&answer) // a buffer never fails
	answer.Write(o.Body)
	said := strings.ToLower(answer.String())
	tells := func(spelling string) bool {
		return spelling != "" && strings.Contains(said, strings.ToLower(spelling)) && !sent(r, spelling)
	}
	switch {
	case slices.ContainsFunc(secret.Spellings(), tells):
		return "the secret"
	case slices.ContainsFunc(expected(secret, r), tells):
		return "the expected signature"
	}
	return ""
}

// expected is what a receiver computes for a request, in the ways in which it
// could print it.
func expected(secret signing.Secret, r delivery.Request) []string {
	content := r.Get(signing.HeaderID) + "." + r.Get(signing.HeaderTimestamp) + "." + string(r.Body)
	_, text, _ := strings.Cut(secret.SignContent([]byte(content)), ",")
	digest, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return signing.Spellings(digest)
}

// sent reports whether a request's own headers say a word.
func sent(r delivery.Request, word string) bool {
	return slices.ContainsFunc(r.Headers, func(h delivery.Header) bool { return strings.Contains(h.Value, word) })
}
