package explain

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/simulator/signing"
)

// nearby looks for values of the headers, close to those that were captured, for
// which the signature is right: then the secret is, and one value was changed.
func nearby(secret signing.Secret, r capture.Request, h signing.Headers, body []byte) (reason, bool) {
	const fix = "Find what changes the headers on their way (a proxy, a log, code that reads and writes them), and pass their values on as they came."
	at, err := strconv.ParseInt(h.Timestamp, 10, 64)
	if err != nil || len(body) > largeBody {
		return reason{}, false
	}
	if n := len(h.Signature); n > 3 && strings.EqualFold(secret.Sign(h.ID, at, body), h.Signature) {
		return reason{"signature-case-changed", "the secret is right, and the signature is in lower or upper case only: something changed its letters, and base64 depends on them", fix}, true
	}
	for _, id := range ids(r, h.ID, body) {
		if set := (signing.Headers{ID: id.value, Timestamp: h.Timestamp, Signature: h.Signature}); secret.Fits(set, body) {
			return reason{"id-changed", "the secret is right, and the signature is right for " + id.name + " in the place of " + signing.HeaderID, fix}, true
		}
	}
	for _, d := range shifts() {
		if set := (signing.Headers{ID: h.ID, Timestamp: strconv.FormatInt(at-d, 10), Signature: h.Signature}); secret.Fits(set, body) {
			return reason{"timestamp-shifted", fmt.Sprintf("the secret is right, and the signature is right for another timestamp, %d, %s from this one: %s was changed, as by a time zone, or is that of another attempt", at-d, (time.Duration(d) * time.Second).Abs(), signing.HeaderTimestamp), "Take the header's text as it came; each attempt has a timestamp and a signature of its own. " + fix}, true
		}
	}
	return reason{}, false
}

// swapped reports that the id and the timestamp stand in each other's header.
func swapped(secret signing.Secret, sets []headerSet, body []byte) (reason, bool) {
	for _, set := range sets[:min(len(sets), 3)] {
		h := signing.Headers{ID: set.values.Timestamp, Timestamp: set.values.ID, Signature: set.values.Signature}
		if _, err := strconv.ParseInt(h.Timestamp, 10, 64); err == nil && inFormID.MatchString(strings.ToLower(h.ID)) && secret.Fits(h, body) {
			return reason{"headers-exchanged", "the secret is right, and so is the signature, but " + signing.HeaderID + " has the value of " + signing.HeaderTimestamp + ", and the other way round", "Find what exchanges the two headers, and pass each on under its own name."}, true
		}
	}
	return reason{}, false
}

// shifts are the seconds by which a timestamp may have been moved: all of the
// tolerance, and the time zones.
func shifts() []int64 {
	var all []int64
	tolerance := int64(signing.Tolerance / time.Second)
	for d := int64(1); d <= tolerance; d++ {
		all = append(all, d, -d)
	}
	const quarter, most = 15 * 60, 14 * 60 * 60 // zones are quarters of an hour apart
	for d := int64(quarter); d <= most; d += quarter {
		all = append(all, d, -d)
	}
	return all
}

// named is a value and where it stands.
type named struct{ value, name string }

// ids are what may have taken the place of the webhook's id: another spelling of
// it, another header, an id of the body.
func ids(r capture.Request, id string, body []byte) []named {
	plain := strings.TrimPrefix(strings.ToLower(id), "urn:uuid:")
	digits := strings.ReplaceAll(plain, "-", "")
	all := []named{{plain, "the UUID in it"}, {digits, "the same without its dashes"}}
	if m := regexp.MustCompile(`^(.{8})(.{4})(.{4})(.{4})(.{12})$`).FindStringSubmatch(digits); m != nil {
		all = append(all, named{strings.Join(m[1:], "-"), "the same with its dashes"})
	}
	for _, role := range []capture.Role{capture.EventID, capture.ID} {
		values, names, _ := r.Values(role)
		for i := range values {
			all = append(all, named{values[i], "the value of " + names[i]})
		}
	}
	doc := gjson.ParseBytes(body)
	for _, path := range []string{"id", "webhook_id", "event_id", "request_id", "payload.id", "payload.message_id", "payload.account_id", "payload.template_id"} {
		if v := doc.Get(path); v.Type == gjson.String {
			all = append(all, named{v.String(), path + " of the body"})
		}
	}
	return all
}
