package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/input"
	"github.com/sentsim/sentsim/scenarios/nearest"
)

// readFile finds the config file and takes its values.
func (l *loader) readFile() {
	read := l.in.ReadFile
	if read == nil {
		read = func(name string) ([]byte, error) { return input.Regular(name, input.Settings) }
	}
	name, from := l.in.DefaultFile, origin("")
	if value := l.env[envConfig]; strings.TrimSpace(value) != "" { // a blank one is an unset one
		name, from = value, "environment "+envConfig
	}
	if values := last(l.in.Flags[flagConfig]); len(values) > 0 {
		name, from = values[0], "flag --"+flagConfig
	}
	if strings.TrimSpace(name) == "" {
		if from != "" {
			l.problem(from, "is given but empty")
		}
		return
	}
	data, err := read(name)
	switch {
	case from == "" && errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		l.problem(from, "%w", unread(name, err))
		return
	}
	l.file = name
	root, err := parse(data)
	if err != nil {
		l.problems = append(l.problems, fmt.Errorf("%s:%w", name, err))
		return
	}
	l.walk("", root)
}

// unread says of a file that could not be read what is the matter with it.
func unread(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s: check its name, and the folder that sentsim runs in", name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the file %s may not be read by this user: change its permissions", name)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("the file %s cannot be read: %w", name, path.Err)
	}
	return err
}

func (l *loader) at(line, col int) origin { return origin(fmt.Sprintf("%s:%d:%d", l.file, line, col)) }

// walk takes the values of a mapping whose keys begin with prefix.
func (l *loader) walk(prefix string, n node) {
	for _, e := range n.entries {
		key := join(prefix, e.key)
		if prefix == "" {
			key = e.key
		}
		s := l.inFile(key, e.value)
		switch {
		case s != nil:
			l.take(s, e)
		case !slices.Contains(l.children(prefix), e.key):
			l.unknown(prefix, e)
		case e.value.form == aMapping:
			l.walk(key, e.value)
		case e.value.form == nothing:
			// everything below it is commented out
		default:
			l.problem(l.at(e.value.line, e.value.col), "%s: must be a mapping, and is %s", key, e.value.form)
		}
	}
}

// inFile is the setting that key stands for, or nil.
func (l *loader) inFile(key string, value node) *setting {
	scalar := value.form != aMapping && value.form != nothing
	for i := range l.settings {
		s := &l.settings[i]
		if s.key != keyEmbedded && (s.key == key || scalar && s.short == key) {
			return s
		}
	}
	return nil
}

// children lists the keys that may stand in the mapping named prefix.
func (l *loader) children(prefix string) []string {
	var keys []string
	for _, s := range l.settings {
		rest := s.key
		if prefix != "" {
			var ok bool
			if rest, ok = strings.CutPrefix(s.key, prefix+"."); !ok {
				continue
			}
		}
		key, _, _ := strings.Cut(rest, ".")
		if s.key != keyEmbedded && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (l *loader) unknown(prefix string, e entry) {
	where := "unknown key %q"
	if prefix != "" {
		where += " under " + prefix
	}
	known := l.children(prefix)
	hint := nearest.Hint(e.key, known)
	if hint == "" {
		hint = ": known are " + strings.Join(known, ", ")
	}
	l.problem(l.at(e.line, e.col), where+"%s", e.key, hint)
}

// take turns an entry of the file into values of a setting.
func (l *loader) take(s *setting, e entry) {
	v := e.value
	wrong := func(n node, want string) {
		l.problem(l.at(n.line, n.col), "%s: must be %s, and is %s", s.key, want, n.form)
	}
	switch s.kind {
	case dict:
		if v.form == nothing {
			return
		}
		if v.form != aMapping {
			wrong(v, "a mapping")
			return
		}
		for _, item := range v.entries {
			if item.value.form == nothing && s.null != "" {
				l.add(layerFile, given{setting: s, name: item.key, text: s.null, from: l.at(item.value.line, item.value.col)})
				continue
			}
			if item.value.form > aBool {
				wrong(item.value, "a mapping of names to plain values")
				continue
			}
			l.scalar(s, item.key, item.value)
		}
	case list:
		items := v.items
		switch v.form {
		case nothing:
			return
		case aString:
			items = []node{v}
		case aNumber, aBool, aMapping:
			wrong(v, "a list")
			return
		case aList:
		}
		for _, item := range items {
			if item.form != aString {
				wrong(item, "a list of texts")
				continue
			}
			l.scalar(s, "", item)
		}
	case text, whole, truth, span:
		if problem := fits(s.kind, v); problem != "" {
			if v.form == nothing {
				problem = "is given but empty: give it a value or leave it out"
			}
			l.problem(l.at(v.line, v.col), "%s: %s", s.key, problem)
			return
		}
		l.scalar(s, "", v)
	}
}

// fits says what is wrong with the form of a value, or "". Text with a variable
// in it may turn out to be anything.
func fits(k kind, v node) string {
	variable := v.form == aString && strings.Contains(v.text, "${")
	switch k {
	case text:
		switch v.form {
		case aString:
			return ""
		case aNumber, aBool:
			return fmt.Sprintf("must be text, and is %s; put it in quotes", v.form)
		case nothing, aMapping, aList:
		}
		return fmt.Sprintf("must be text, and is %s", v.form)
	case whole:
		if v.form == aNumber || variable || v.form == aString && v.text == "random" {
			return ""
		}
		return fmt.Sprintf("must be a whole number, and is %s", v.form)
	case truth:
		if v.form == aBool || variable {
			return ""
		}
		return fmt.Sprintf("must be true or false, and is %s", v.form)
	case span:
		if v.form == aString {
			return ""
		}
		if v.form == aNumber {
			return fmt.Sprintf("%s has no unit: write %ss or %sms", v.text, v.text, v.text)
		}
		return fmt.Sprintf("must be a duration such as 2s, and is %s", v.form)
	case list, dict:
	}
	return ""
}

// scalar takes one value, with the variables in it filled in.
func (l *loader) scalar(s *setting, name string, v node) {
	from, value := l.at(v.line, v.col), v.text
	if v.form == aString && !s.command {
		var err error
		if value, err = expand(v.text, l.env); err != nil {
			l.problem(from, "%s: %w", join(s.key, name), err)
			return
		}
	}
	if s.target && strings.TrimSpace(value) == "" {
		l.problem(from, "%s: is given but empty: give it a value or leave it out", s.key)
		return
	}
	if s.file && value != "" && !filepath.IsAbs(value) {
		value = filepath.Join(filepath.Dir(l.file), value)
	}
	l.add(layerFile, given{setting: s, name: name, text: value, from: from})
}

// expand replaces ${NAME} by the variable's value. $${ is a plain ${, and any
// other $ is itself.
func expand(text string, env map[string]string) (string, error) {
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		if i > 0 && text[i-1] == '$' {
			b.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		b.WriteString(text[:i])
		name, rest, closed := strings.Cut(text[i+2:], "}")
		if !closed {
			return "", errors.New("a ${ is never closed; write $${ for the characters themselves")
		}
		if !isVariable(name) {
			return "", fmt.Errorf("${%s} is not the name of a variable; write $${ for the characters themselves", name)
		}
		value, ok := env[name]
		if !ok {
			return "", fmt.Errorf("the environment has no variable %s", name)
		}
		b.WriteString(value)
		text = rest
	}
}
