package steps

// Matching are the sentences of the vocabulary, as regular expressions, that a step of a
// feature is one of.
func Matching(text string) (all []string) {
	for _, d := range vocabulary {
		if d.sentence.MatchString(text) {
			all = append(all, d.sentence.String())
		}
	}
	return all
}

// Vocabulary are all its sentences.
func Vocabulary() (all []string) {
	for _, d := range vocabulary {
		all = append(all, d.sentence.String())
	}
	return all
}
