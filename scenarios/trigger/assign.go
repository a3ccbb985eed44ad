package trigger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/sentsim/sentsim/scenarios/nearest"
)

// Assign carries out path=value on a JSON body and leaves every other byte as it
// was. The path has a dot between keys, and indexes for keys of lists; it must
// exist, for one that does not is most likely a typing error. The value is JSON
// if it can be read as such, else a string.
func Assign(body []byte, text string) ([]byte, error) {
	path, value, found := strings.Cut(text, "=")
	if !found || path == "" {
		return nil, fmt.Errorf("%q is not of the form path=value, e.g. payload.reason=\"no route\"", text)
	}
	if !gjson.ValidBytes(body) {
		return nil, errors.New("the body is not JSON: nothing can be set in it")
	}
	known := paths(gjson.ParseBytes(body), "")
	if !slices.Contains(known, path) {
		return nil, fmt.Errorf("the body has no %q%s", path, suggest(path, known))
	}
	raw := []byte(value)
	if !json.Valid(raw) {
		raw = quoted(value)
	}
	out, err := sjson.SetRawBytes(body, path, bytes.TrimSpace(raw))
	if err != nil {
		return nil, fmt.Errorf("set %s: %w", path, err)
	}
	return out, nil
}

// paths lists every path within v.
func paths(v gjson.Result, prefix string) []string {
	if !v.IsObject() && !v.IsArray() {
		return nil
	}
	var all []string
	n := 0
	v.ForEach(func(key, value gjson.Result) bool {
		name := key.String()
		if v.IsArray() {
			name = strconv.Itoa(n)
			n++
		}
		if name == "" || strings.ContainsAny(name, `.*?\|#@!{}[]():`) {
			return true // would mean something else in a path
		}
		if prefix != "" {
			name = prefix + "." + name
		}
		all = append(append(all, name), paths(value, name)...)
		return true
	})
	return all
}

// suggest offers the path that was meant: often its beginning was left out.
func suggest(path string, known []string) string {
	for _, k := range known {
		if strings.HasSuffix(k, "."+path) {
			return fmt.Sprintf(", did you mean %q?", k)
		}
	}
	if hint := nearest.Hint(path, known); hint != "" {
		return hint
	}
	return ": there are " + strings.Join(known, ", ")
}

// quoted is text as JSON, with < > & as they are.
func quoted(text string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string always encodes
	return bytes.TrimSpace(b.Bytes())
}
