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
	path, raw, err := assignment(text)
	if err != nil {
		return nil, err
	}
	if err := there(body, path); err != nil {
		return nil, err
	}
	return set(body, path, raw)
}

// Add is Assign for a path that is not there yet; what it stands in must be an
// object that is.
func Add(body []byte, text string) ([]byte, error) {
	path, raw, err := assignment(text)
	if err != nil {
		return nil, err
	}
	switch at := strings.LastIndexByte(path, '.'); {
	case there(body, path) == nil:
		return nil, fmt.Errorf("the body has %q already: set it, or remove it", path)
	case strings.ContainsAny(path, special):
		return nil, fmt.Errorf("%q cannot be a path", path)
	case at >= 0:
		if err := there(body, path[:at]); err != nil {
			return nil, err
		}
		if !gjson.GetBytes(body, path[:at]).IsObject() {
			return nil, fmt.Errorf("%q is no object: nothing can be added to it", path[:at])
		}
	}
	return set(body, path, raw)
}

// Remove takes what is at a path out of a JSON body. It must be there.
func Remove(body []byte, path string) ([]byte, error) {
	if err := there(body, path); err != nil {
		return nil, err
	}
	out, err := sjson.DeleteBytes(body, path)
	if err != nil {
		return nil, fmt.Errorf("remove %s: %w", path, err)
	}
	return out, nil
}

// assignment takes path=value apart; the value is JSON then.
func assignment(text string) (path string, raw []byte, err error) {
	path, value, found := strings.Cut(text, "=")
	if !found || path == "" {
		return "", nil, fmt.Errorf("%q is not of the form path=value, e.g. payload.reason=\"no route\"", text)
	}
	raw = []byte(value)
	if !json.Valid(raw) {
		raw = quoted(value)
	}
	return path, bytes.TrimSpace(raw), nil
}

// there is nil when a body has the path.
func there(body []byte, path string) error {
	if !gjson.ValidBytes(body) {
		return errors.New("the body is not JSON: nothing can be changed in it")
	}
	known := paths(gjson.ParseBytes(body), "")
	if !slices.Contains(known, path) {
		return fmt.Errorf("the body has no %q%s", path, suggest(path, known))
	}
	return nil
}

func set(body []byte, path string, raw []byte) ([]byte, error) {
	out, err := sjson.SetRawBytes(body, path, raw)
	if err != nil {
		return nil, fmt.Errorf("set %s: %w", path, err)
	}
	return out, nil
}

// special are the characters that mean something else in a path.
const special = `*?\|#@!{}[]():`

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
		if name == "" || strings.ContainsAny(name, "."+special) {
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
