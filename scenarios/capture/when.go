package capture

import (
	"errors"
	"regexp"
	"strconv"
	"time"

	"github.com/sentsim/sentsim/simulator/signing"
)

// When is the time as of which to judge a capture that is read at now: when it
// was signed, as it says itself, since captures are older than what a receiver
// tolerates. own is false, and the time is now, where it does not say, or where
// its timestamp cannot be seconds since 1970: then the timestamp is the mistake.
func (r Request) When(now time.Time) (at time.Time, own bool) {
	const firstYear = 2020 // no delivery is older; what seems so is in another unit
	values, _, _ := r.Values(Timestamp)
	n, err := int64(0), errors.New("no timestamp")
	if len(values) > 0 { // it may stand in quotes, or twice
		n, err = strconv.ParseInt(regexp.MustCompile(`^\D{0,8}(\d*).*$`).ReplaceAllString(values[0], "$1"), 10, 64)
	}
	at = time.Unix(n, 0)
	if err != nil || at.After(now.Add(signing.Tolerance)) || at.UTC().Year() < firstYear {
		return now, false
	}
	return at, true
}
