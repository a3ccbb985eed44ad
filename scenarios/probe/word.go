package probe

// BareWord is a status without what never matters: see SameWord.
func BareWord(text string) string { return bareWord(text) }
