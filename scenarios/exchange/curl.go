package exchange

import (
	"strings"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// CurlOptions are what a printed command leaves out. The zero value leaves out
// nothing.
type CurlOptions = delivery.CurlOptions

// Curl is the exact request as a command for a POSIX shell that knows $'…'. Its
// signature is only good for the five minutes around its timestamp.
func Curl(r delivery.Request, o CurlOptions) string { return r.Curl(o) }

// Join writes a command line of words.
func Join(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}

// Quote writes a shell word: as it is, in quotes, or as $'…' when it holds what
// a terminal would swallow.
func Quote(word string) string { return delivery.Quote(word) }
