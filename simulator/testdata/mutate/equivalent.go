package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// equivalent is one entry of the list: a mutant that behaves like the original,
// and why.
//
//	simulator/signing/verify.go Secret.Verify
//	- if age > limit {
//	+ if age >= limit {
//	= why nobody can tell the difference
type equivalent struct {
	line   int    // of its first line in the list
	key    string // as mutant.key
	reason string
}

// readEquivalents reads the list; there need not be one.
func readEquivalents(path string) ([]equivalent, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var (
		all []equivalent
		cur *equivalent
	)
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		text := strings.TrimSpace(in.Text())
		head, rest, _ := strings.Cut(text, " ")
		switch {
		case text == "" || head == "#":
		case head == "-" || head == "+":
			if cur == nil {
				return nil, fmt.Errorf("%s:%d: a change without the file and function before it", path, n)
			}
			cur.key += "\n" + head + " " + rest
		case head == "=":
			if cur == nil {
				return nil, fmt.Errorf("%s:%d: a reason without a change before it", path, n)
			}
			cur.reason = strings.TrimSpace(cur.reason + " " + rest)
		default:
			all = append(all, equivalent{line: n, key: text})
			cur = &all[len(all)-1]
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	seen := map[string]int{}
	for _, e := range all {
		if strings.Count(e.key, "\n") != 2 {
			return nil, fmt.Errorf("%s:%d: an entry is 'FILE FUNCTION', then one line '- before', one '+ after', then '= reason'", path, e.line)
		}
		if e.reason == "" {
			return nil, fmt.Errorf("%s:%d: no reason ('= ...') is given", path, e.line)
		}
		if first := seen[e.key]; first != 0 {
			return nil, fmt.Errorf("%s:%d: the same as line %d", path, e.line, first)
		}
		seen[e.key] = e.line
	}
	return all, nil
}
