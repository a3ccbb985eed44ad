package probe

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// optedOutOf makes an opt-out state of what a JSONPath selected: true or false,
// 1 or 0, the usual words for them, or the time of the opt-out, for which null
// says that there was none. A path that selects nothing says nothing.
func optedOutOf(nodes []any) (optedOut, ok bool, err error) {
	if len(nodes) == 0 {
		return false, false, nil
	}
	if len(nodes) > 1 {
		return false, false, fmt.Errorf("selects %d values; select one, e.g. the last with [-1]", len(nodes))
	}
	switch v := nodes[0].(type) {
	case nil:
		return false, true, nil
	case bool:
		return v, true, nil
	case json.Number:
		// A number beyond any flag is the time of the opt-out, in seconds or finer.
		const earliest = 1e9
		f, err := v.Float64()
		if err == nil && (f == 0 || f == 1 || f >= earliest) {
			return f != 0, true, nil
		}
		return false, false, fmt.Errorf("selects %s, which is neither 0 nor 1", v)
	case string:
		return optOutWord(v)
	default:
		return false, false, fmt.Errorf("selects %s; select true or false", kindOf(v))
	}
}

// optOutWord reads a text as an opt-out state.
func optOutWord(text string) (optedOut, ok bool, err error) {
	word := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(strings.TrimSpace(text)))
	switch word {
	case "":
		return false, true, nil
	case "true", "t", "yes", "y", "1", "on", "optedout", "optout", "out", "unsubscribed", "unsubscribe", "stopped", "stop", "blocked", "revoked", "inactive":
		return true, true, nil
	case "false", "f", "no", "n", "0", "off", "optedin", "optin", "in", "subscribed", "subscribe", "started", "start", "allowed", "granted", "active", "none", "null":
		return false, true, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if len(text) >= len(layout)-len(".999999999Z07:00") && parses(layout, text) {
			return true, true, nil
		}
	}
	return false, false, fmt.Errorf("selects %.40q, which says neither that the contact has opted out (true, 1, yes, opted_out, a time) nor that it has not (false, 0, no, opted_in, null)", text)
}

func parses(layout, text string) bool {
	_, err := time.Parse(layout, strings.TrimSpace(text))
	return err == nil
}
