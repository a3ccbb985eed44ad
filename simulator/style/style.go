// Package style is the look that the dashboard and the HTML report share: colours
// for light and dark, type, and the small parts that both are made of. It is text
// and holds no page.
package style

import _ "embed"

//go:embed style.css
var css string

// CSS is the style sheet.
func CSS() string { return css }
