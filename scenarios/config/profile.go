package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/scenarios/input"
	"github.com/sentsim/sentsim/scenarios/nearest"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// LoadProfile is the chaos profile of that name, or the one in that file. Errors
// in a file have its name, line and column.
//
// A file is YAML: name, base (a named profile to start from; else nothing ever
// goes wrong), mix (shares) and faults (probabilities), all of them optional.
func LoadProfile(ctx context.Context, nameOrFile string) (chaos.Profile, error) {
	if p, ok := chaos.LookupProfile(nameOrFile); ok {
		return p, nil
	}
	data, err := input.Read(ctx, nameOrFile, input.Settings)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(nameOrFile, `./\`):
		return chaos.Profile{}, fmt.Errorf("profile %q is neither a name%s nor a file: there are %s", nameOrFile,
			nearest.Hint(nameOrFile, chaos.ProfileNames()), strings.Join(chaos.ProfileNames(), ", "))
	default:
		return chaos.Profile{}, fmt.Errorf("profile %s: %w", nameOrFile, unread(nameOrFile, err))
	}
	return ParseProfile(nameOrFile, data)
}

// profileReader collects what is wrong with a profile's file.
type profileReader struct {
	file     string
	profile  chaos.Profile
	problems []error
}

// ParseProfile is the profile in the text of a file, which LoadProfile describes.
func ParseProfile(file string, data []byte) (chaos.Profile, error) {
	root, err := parse(data)
	if err != nil {
		return chaos.Profile{}, fmt.Errorf("%s:%w", file, err)
	}
	calm, _ := chaos.LookupProfile("calm")
	r := &profileReader{file: file, profile: chaos.Profile{
		Name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)),
		Mix:  calm.Mix, Faults: map[chaos.Fault]float64{},
	}}
	r.base(root)
	for _, e := range root.entries {
		switch e.key {
		case "name":
			if e.value.form != aString || e.value.text == "" {
				r.problem(e.value, "name: must be text")
				continue
			}
			r.profile.Name = e.value.text
		case "base":
		case "mix":
			r.shares(e.value)
		case "faults":
			r.faults(e.value)
		default:
			known := []string{"name", "base", "mix", "faults"}
			r.problem(node{line: e.line, col: e.col}, "unknown key %q%s", e.key, hintOr(e.key, known))
		}
	}
	if len(r.problems) == 0 {
		if err := r.profile.Validate(); err != nil {
			r.problem(root, "%w", err) // what only the whole shows
		}
	}
	return r.profile, errors.Join(r.problems...)
}

func hintOr(word string, known []string) string {
	if hint := nearest.Hint(word, known); hint != "" {
		return hint
	}
	return ": known are " + strings.Join(known, ", ")
}

func (r *profileReader) problem(at node, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s:%d:%d: %w", r.file, at.line, at.col, fmt.Errorf(format, args...)))
}

// base starts from a named profile, wherever in the file it is named.
func (r *profileReader) base(root node) {
	for _, e := range root.entries {
		if e.key != "base" {
			continue
		}
		p, ok := chaos.LookupProfile(e.value.text)
		if !ok {
			r.problem(e.value, "base: %q is no named profile%s", e.value.text, hintOr(e.value.text, chaos.ProfileNames()))
			continue
		}
		r.profile.Mix, r.profile.Faults = p.Mix, p.Faults
	}
}

func (r *profileReader) shares(n node) {
	for _, e := range r.mapping("mix", n) {
		if p, ok := r.probability("mix", e); ok && !r.profile.Mix.Set(e.key, p) {
			r.problem(node{line: e.line, col: e.col}, "mix: unknown share %q%s", e.key, hintOr(e.key, chaos.MixNames()))
		}
	}
}

func (r *profileReader) faults(n node) {
	var known []string
	for _, d := range chaos.Faults() {
		known = append(known, string(d.Fault))
	}
	for _, e := range r.mapping("faults", n) {
		found := false
		for _, k := range known {
			found = found || k == e.key
		}
		if !found {
			r.problem(node{line: e.line, col: e.col}, "faults: unknown fault %q%s", e.key, hintOr(e.key, known))
			continue
		}
		if p, ok := r.probability("faults", e); ok {
			r.profile.Faults[chaos.Fault(e.key)] = p
		}
	}
}

func (r *profileReader) mapping(key string, n node) []entry {
	switch n.form {
	case aMapping:
		seen := map[string]bool{}
		for _, e := range n.entries {
			if seen[e.key] {
				r.problem(node{line: e.line, col: e.col}, "%s: %q is there twice", key, e.key)
			}
			seen[e.key] = true
		}
		return n.entries
	case nothing:
		return nil
	case aString, aNumber, aBool, aList:
	}
	r.problem(n, "%s: must be a mapping of names to probabilities, and is %s", key, n.form)
	return nil
}

func (r *profileReader) probability(key string, e entry) (float64, bool) {
	p, err := strconv.ParseFloat(e.value.text, 64)
	if e.value.form != aNumber || err != nil {
		r.problem(e.value, "%s.%s: must be a number from 0 to 1, and is %s", key, e.key, e.value.form)
		return 0, false
	}
	if err := chaos.CheckProbability(p); err != nil {
		r.problem(e.value, "%s.%s: %w", key, e.key, err)
		return 0, false
	}
	return p, true
}
