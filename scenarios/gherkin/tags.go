package gherkin

import (
	"fmt"
	"slices"
	"strings"
)

// Tags is a tag expression: tags with their @, combined by "and", "or", "not"
// and parentheses, as Cucumber writes them. The zero value matches everything.
type Tags struct{ match func(tags []string) bool }

// ParseTags reads a tag expression. Errors say where it stops making sense.
func ParseTags(text string) (Tags, error) {
	p := &tagParser{text: text, words: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))}
	if len(p.words) == 0 {
		return Tags{}, nil
	}
	m, err := p.or()
	if err == nil && p.at < len(p.words) {
		err = p.unexpected("and, or, or the end")
	}
	if err != nil {
		return Tags{}, err
	}
	return Tags{m}, nil
}

// Match reports whether a scenario with these tags is meant.
func (t Tags) Match(tags []string) bool { return t.match == nil || t.match(tags) }

type tagParser struct {
	text  string
	words []string
	at    int
}

func (p *tagParser) take(word string) bool {
	if p.at < len(p.words) && p.words[p.at] == word {
		p.at++
		return true
	}
	return false
}

func (p *tagParser) unexpected(want string) error {
	if p.at >= len(p.words) {
		return fmt.Errorf("tag expression %q: it ends where %s is needed", p.text, want)
	}
	return fmt.Errorf("tag expression %q: %q stands where %s is needed, as in \"@MUST and not @state\"", p.text, p.words[p.at], want)
}

func (p *tagParser) or() (func([]string) bool, error) {
	left, err := p.and()
	for err == nil && p.take("or") {
		a := left
		var b func([]string) bool
		if b, err = p.and(); err == nil {
			left = func(ts []string) bool { return a(ts) || b(ts) }
		}
	}
	return left, err
}

func (p *tagParser) and() (func([]string) bool, error) {
	left, err := p.not()
	for err == nil && p.take("and") {
		a := left
		var b func([]string) bool
		if b, err = p.not(); err == nil {
			left = func(ts []string) bool { return a(ts) && b(ts) }
		}
	}
	return left, err
}

func (p *tagParser) not() (func([]string) bool, error) {
	switch {
	case p.take("not"):
		m, err := p.not()
		return func(ts []string) bool { return !m(ts) }, err
	case p.take("("):
		m, err := p.or()
		if err == nil && !p.take(")") {
			err = p.unexpected("a closing parenthesis")
		}
		return m, err
	case p.at < len(p.words) && len(p.words[p.at]) > 1 && p.words[p.at][0] == '@':
		tag := p.words[p.at]
		p.at++
		return func(ts []string) bool { return slices.Contains(ts, tag) }, nil
	}
	return nil, p.unexpected("a tag")
}
