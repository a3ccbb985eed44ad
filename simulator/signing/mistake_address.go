package signing

import (
	"net/url"
	"strings"
)

// addressed is a content with the request's address in it.
type addressed struct {
	parts     []string // "url", "path", "method", "id", "timestamp", "body"
	separator string
}

// addressedContents are the likeliest: the schemes of Square (URL and body), HubSpot
// (method, URL, body, timestamp) and Coinbase (timestamp, method, path, body), and
// the right content with the address before the body or before all of it.
func addressedContents() []addressed {
	var all []addressed
	add := func(parts string, separators ...string) {
		for _, s := range separators {
			all = append(all, addressed{strings.Fields(parts), s})
		}
	}
	for _, address := range []string{"url", "path"} {
		add(address+" body", "", ".")
		add(address+" id timestamp body", ".")
		add("id timestamp "+address+" body", ".")
		add(address+" timestamp body", "", ".")
		add("timestamp "+address+" body", "", ".")
	}
	add("method url body", "")
	add("method url body timestamp", "")
	add("method path body", "", ".", "\n")
	add("method path timestamp body", "", ".", "\n")
	add("timestamp method path body", "", ".", "\n")
	add("method path id timestamp body", ".", "\n")
	add("id timestamp method path body", ".")
	return all
}

// AddressMistakes are the known mistakes of signing the request's method, URL or
// path as well. Unlike the others they depend on where a delivery goes: to
// address, with this method. There are none for what is no URL.
func AddressMistakes(method, address string) []Mistake {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	var all []Mistake
	for _, a := range addressedContents() {
		all = append(all, mistake(twist{
			name: strings.Join(a.parts, "-") + "-signed" + map[string]string{"": "-joined", ".": "", "\n": "-in-lines"}[a.separator],
			does: "signs " + listed(a.parts) + map[string]string{"": " with nothing between", ".": " with dots between", "\n": " with line breaks between"}[a.separator],
			fix:  "Sign `${X-Webhook-ID}.${X-Webhook-Timestamp}.${raw body}`: the address of the request is no part of it.",
			recipe: signsContent(func(id, stamp string, body []byte) []byte {
				values := map[string]string{"url": address, "path": u.RequestURI(), "method": method, "id": id, "timestamp": stamp, "body": string(body)}
				content := make([]string, len(a.parts))
				for n, part := range a.parts {
					content[n] = values[part]
				}
				return []byte(strings.Join(content, a.separator))
			}),
		}))
	}
	return all
}

// listed names the parts of a content in a sentence.
func listed(parts []string) string {
	named := make([]string, len(parts))
	for n, part := range parts {
		named[n] = map[string]string{"url": "the request's URL", "path": "the request's path", "id": "webhook id"}[part]
		if named[n] == "" {
			named[n] = part
		}
	}
	last := len(named) - 1
	return strings.Join(named[:last], ", ") + " and " + named[last]
}
