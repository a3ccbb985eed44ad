package signing

// Printing is a way in which programs print JSON that they have parsed.
type Printing struct {
	Name  string                   // a clause: the body is …
	Print func(body []byte) []byte // nil where body is no JSON, or has nothing of what is printed
}

// Printings are the ways that are met in receivers: indented, with blanks, sorted, the
// payload alone, and each with a line break behind it, as print and echo add one.
func Printings() []Printing {
	plain, python := javascriptStyle(""), pythonStyle()
	var all []Printing
	for _, p := range []struct {
		name            string
		style           jsonStyle
		sorted, payload bool
	}{
		{"printed by JSON.stringify with an indentation of 2", javascriptStyle("  "), false, false},
		{"printed with an indentation of 4", javascriptStyle("    "), false, false},
		{"printed with an indentation of a tab", javascriptStyle("\t"), false, false},
		{"printed by Python's json.dumps, with blanks after , and :", python, false, false},
		{"printed with sorted keys", plain, true, false},
		{"printed by Python's json.dumps with sort_keys, with blanks after , and :", python, true, false},
		{"reduced to its payload", plain, false, true},
		{"reduced to its payload, printed with an indentation of 2", javascriptStyle("  "), false, true},
		{"reduced to its payload, printed by Python's json.dumps", python, false, true},
	} {
		all = append(all, Printing{p.name, func(body []byte) []byte {
			n, ok := parseJSON(body)
			if p.payload {
				n, ok = n.member("payload")
			}
			if !ok {
				return nil
			}
			if p.sorted {
				sortMembers(&n)
			}
			return p.style.append(nil, n, 0)
		}})
	}
	for _, p := range all[:len(all):len(all)] {
		all = append(all, Printing{p.Name + " and a line break behind it", func(body []byte) []byte {
			if printed := p.Print(body); printed != nil {
				return append(printed, '\n')
			}
			return nil
		}})
	}
	return all
}
