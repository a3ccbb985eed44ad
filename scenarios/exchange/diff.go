package exchange

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// Diff is how sent differs from the genuine request that it was made of, as the
// hunks of a unified diff: a line for each header, and bodies broken before each
// of their members. Equal requests give "". private are headers whose values are
// not printed.
func Diff(genuine, sent delivery.Request, private []delivery.Header) string {
	out := string(diff.Diff("genuine", []byte(lines(genuine, private)), "sent", []byte(lines(sent, private))))
	if _, hunks, found := strings.Cut(out, "\n@@"); found {
		return "@@" + strings.TrimRight(hunks, "\n")
	}
	return ""
}

func lines(r delivery.Request, private []delivery.Header) string {
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s\n", r.URL)
	for _, h := range r.Headers {
		for _, p := range private {
			if strings.EqualFold(h.Name, p.Name) {
				h.Value = "***"
			}
		}
		fmt.Fprintf(&b, "%s: %s\n", h.Name, h.Value)
	}
	body := strings.NewReplacer(`,"`, ",\n\"", `{"`, "{\n\"").Replace(string(r.Body))
	fmt.Fprintf(&b, "\n%s\n", body)
	return b.String()
}
