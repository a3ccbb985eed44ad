package event

import (
	"fmt"
	"slices"
	"strings"
)

// Lookup is the catalogue's entry of that name. It also takes the families'
// other spellings ("messages.delivered", "template.approved") and any case. The
// error names the nearest known event.
func Lookup(name string) (Kind, error) {
	family, sub, _ := strings.Cut(strings.ToLower(name), ".")
	if known, ok := ParseFamily(family); ok {
		family = known
	}
	kinds := Catalogue()
	if sub == "" { // the family alone: which of its events?
		if own := slices.DeleteFunc(Catalogue(), func(k Kind) bool { return k.Parent() != family }); len(own) > 0 {
			kinds = own
		}
	}
	for _, k := range kinds {
		if k.Name == family+"."+sub {
			return k, nil
		}
	}
	if name == "" {
		return Kind{}, fmt.Errorf("no event named: give one such as %q", kinds[0].Name)
	}
	return Kind{}, fmt.Errorf("unknown event %q: did you mean %q?", name, nearest(strings.ToLower(name), kinds))
}

// ParseType is the type of the event of that name: "templates" itself, or
// whatever Lookup takes.
func ParseType(name string) (Type, error) {
	if Type(strings.ToLower(name)) == Templates {
		return Templates, nil
	}
	k, err := Lookup(name)
	return k.Type, err
}

// nearest is the name of the entry that is fewest typing errors away from name,
// which may be a sub-type alone. The catalogue's order breaks ties.
func nearest(name string, kinds []Kind) string {
	best, distance := "", -1
	for _, k := range kinds {
		_, sub, _ := strings.Cut(k.Name, ".")
		d := min(edits(name, k.Name), edits(name, sub)+1)
		if distance < 0 || d < distance {
			best, distance = k.Name, d
		}
	}
	return best
}

// edits is the Levenshtein distance of a and b in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
