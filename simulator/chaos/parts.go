package chaos

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// forger makes one forgery of a request that is known to be genuine.
type forger = func(r delivery.Request, in Input) (delivery.Request, error)

// tamper changes the last digit of the body, which keeps JSON valid; a body
// without a digit has its middle byte changed, an empty one becomes "{}".
func tamper(r delivery.Request, _ Input) (delivery.Request, error) {
	body := slices.Clone(r.Body)
	if len(body) == 0 {
		return r.WithBody([]byte("{}")), nil
	}
	if i := bytes.LastIndexAny(body, "0123456789"); i >= 0 {
		body[i] = '0' + (body[i]-'0'+1)%10
	} else {
		body[len(body)/2] ^= 1
	}
	return r.WithBody(body), nil
}

func truncate(r delivery.Request, _ Input) (delivery.Request, error) {
	if len(r.Body) == 0 {
		return r, errors.New("the body is empty: there is nothing to cut off")
	}
	return r.WithBody(slices.Clone(r.Body[:len(r.Body)-1])), nil
}

func extend(r delivery.Request, _ Input) (delivery.Request, error) {
	return r.WithBody(append(slices.Clone(r.Body), '\n')), nil
}

func wrongSecret(r delivery.Request, in Input) (delivery.Request, error) {
	switch {
	case in.Other.IsZero():
		return r, errors.New("no other secret given to sign with")
	case in.Other.Equal(in.Secret):
		return r, errors.New("the other secret is the right one: give a different one")
	}
	return r.With(signing.HeaderSignature, in.Other.Sign(in.WebhookID, in.Timestamp, r.Body)), nil
}

// keyed signs with a key that is made of the secret's text.
func keyed(key func(signing.Secret) string) forger {
	return func(r delivery.Request, in Input) (delivery.Request, error) {
		mac := hmac.New(sha256.New, []byte(key(in.Secret)))
		mac.Write(content(in.WebhookID, stamp(in), r.Body))
		return r.With(signing.HeaderSignature, signing.Version+","+base64Text(mac.Sum(nil))), nil
	}
}

func withoutPrefix(s signing.Secret) string {
	return strings.TrimPrefix(s.Reveal(), signing.SecretPrefix)
}

func without(header string) forger {
	return func(r delivery.Request, _ Input) (delivery.Request, error) { return r.Without(header), nil }
}

// emptied leaves the header in place, with nothing in it.
func emptied(header string) forger {
	return func(r delivery.Request, _ Input) (delivery.Request, error) { return r.With(header, ""), nil }
}

// then does one thing after another.
func then(first, second forger) forger {
	return func(r delivery.Request, in Input) (delivery.Request, error) {
		r, err := first(r, in)
		if err != nil {
			return r, err
		}
		return second(r, in)
	}
}

// keep stands for the genuine value in resign. No header can carry it.
const keep = "\x00"

// resign signs with id and timestamp as they are given, whatever the headers say.
func resign(id, timestamp string) forger {
	return func(r delivery.Request, in Input) (delivery.Request, error) {
		id, timestamp := id, timestamp
		if id == keep {
			id = in.WebhookID
		}
		if timestamp == keep {
			timestamp = stamp(in)
		}
		return r.With(signing.HeaderSignature, in.Secret.SignContent(content(id, timestamp, r.Body))), nil
	}
}

// signedOver signs one part and the body, with one dot between: what is left
// when the other part is dropped together with its dot.
func signedOver(part func(Input) string) forger {
	return func(r delivery.Request, in Input) (delivery.Request, error) {
		signed := append([]byte(part(in)+"."), r.Body...)
		return r.With(signing.HeaderSignature, in.Secret.SignContent(signed)), nil
	}
}

func webhookID(in Input) string { return in.WebhookID }

// bodyAlone puts the HMAC of nothing but the body in the place of the signature.
func bodyAlone(key func(signing.Secret) string, value func(digest []byte) string) forger {
	return func(r delivery.Request, in Input) (delivery.Request, error) {
		mac := hmac.New(sha256.New, []byte(key(in.Secret)))
		mac.Write(r.Body)
		return r.With(signing.HeaderSignature, value(mac.Sum(nil))), nil
	}
}

// signature puts value in the place of the signature; it gets the right digest
// as bytes, which it may append to, and in base64.
func signature(value func(digest []byte, text string) string) forger {
	return func(r delivery.Request, in Input) (delivery.Request, error) {
		text := strings.TrimPrefix(in.Secret.Sign(in.WebhookID, in.Timestamp, r.Body), signing.Version+",")
		digest, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return r, errors.New("the genuine signature is not base64")
		}
		return r.With(signing.HeaderSignature, value(digest, text)), nil
	}
}

// shifted is validly signed, seconds away from the genuine timestamp.
func shifted(seconds int64) forger {
	return stamped(func(in Input) string { return strconv.FormatInt(in.Timestamp+seconds, 10) })
}

// stamped is validly signed for the timestamp that value gives.
func stamped(value func(Input) string) forger {
	return func(r delivery.Request, in Input) (delivery.Request, error) {
		timestamp := value(in)
		return resign(keep, timestamp)(r.With(signing.HeaderTimestamp, timestamp), in)
	}
}

func text(t string) func(Input) string { return func(Input) string { return t } }

func negative(in Input) string { return "-" + stamp(in) }

func milliseconds(in Input) string { return stamp(in) + "000" }

// exponent is the timestamp as a calculator writes it: 1.795861000e9.
func exponent(in Input) string {
	digits := stamp(in)
	return fmt.Sprintf("%s.%se%d", digits[:1], digits[1:], len(digits)-1)
}

// wrapping is the timestamp plus 2^64.
func wrapping(in Input) string {
	n := new(big.Int).Lsh(big.NewInt(1), 64)
	return n.Add(n, big.NewInt(in.Timestamp)).String()
}

func signedForOtherID(r delivery.Request, in Input) (delivery.Request, error) {
	return resign(otherID(in.WebhookID), keep)(r, in)
}

func replaceID(r delivery.Request, in Input) (delivery.Request, error) {
	return r.With(signing.HeaderID, otherID(in.WebhookID)), nil
}

// otherID is id with another last character: of a UUID, another UUID.
func otherID(id string) string {
	last := "0"
	if strings.HasSuffix(id, last) {
		last = "1"
	}
	return id[:len(id)-1] + last
}

// content is what is signed.
func content(id, timestamp string, body []byte) []byte {
	c := make([]byte, 0, len(id)+len(timestamp)+len(body)+2)
	c = append(append(c, id...), '.')
	c = append(append(c, timestamp...), '.')
	return append(c, body...)
}

func stamp(in Input) string { return strconv.FormatInt(in.Timestamp, 10) }

func base64Text(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
