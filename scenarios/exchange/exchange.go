// Package exchange writes one delivery and what came back as text: the request
// as a command that sends it again, the response in a few lines. It sends nothing.
package exchange

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// maxReplyShown is how many bytes of a response's body are printed.
const maxReplyShown = 400

// NoAnswer is how what is said of a timeout begins; how long it was follows.
const NoAnswer = "no answer within "

// Seen says what came back in a few words.
func Seen(o delivery.Outcome) string {
	switch o.Kind {
	case delivery.Answered:
		text := fmt.Sprintf("%d %s", o.Status, http.StatusText(o.Status))
		if to := o.Header.Get("Location"); to != "" && o.Status/100 == 3 {
			text += " to " + to
		}
		return strings.TrimSpace(text)
	case delivery.Timeout:
		return NoAnswer + o.Duration.Round(time.Millisecond).String()
	case delivery.Refused:
		return "connection refused"
	case delivery.Unreached:
		return "unreachable: " + o.Err
	case delivery.Reset:
		return "connection dropped: " + o.Err
	case delivery.TLS:
		return "TLS failure: " + o.Err
	case delivery.Malformed:
		return "not an HTTP response: " + o.Err
	case delivery.Cancelled:
	}
	return string(o.Kind)
}

// Response is what came back: status line, the headers that tell something, and
// the beginning of the body.
func Response(o delivery.Outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s after %s", Seen(o), o.Duration.Round(time.Millisecond/10))
	for _, name := range slices.Sorted(maps.Keys(o.Header)) {
		switch name {
		case "Date", "Connection", "Keep-Alive", "Content-Length", "Transfer-Encoding":
		default:
			fmt.Fprintf(&b, "\n%s: %s", name, strings.Join(o.Header[name], ", "))
		}
	}
	if body := bytes.TrimSpace(o.Body); len(body) > 0 {
		b.WriteString("\n\n" + excerpt(body))
	}
	return b.String()
}

func excerpt(body []byte) string {
	more := ""
	if len(body) > maxReplyShown {
		more = fmt.Sprintf("… (%d bytes)", len(body))
		body = body[:maxReplyShown]
		for len(body) > 0 && !utf8.Valid(body) && len(body) > maxReplyShown-utf8.UTFMax {
			body = body[:len(body)-1]
		}
	}
	if !utf8.Valid(body) {
		return "base64:" + base64.StdEncoding.EncodeToString(body) + more
	}
	return string(body) + more
}
