package dashboard

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"time"

	"github.com/sentsim/sentsim/simulator/style"
)

//go:embed assets
var assetFiles embed.FS

// assets are the files that pages load, by their name with a hash of what is in
// them: a browser may keep them for ever.
type assets struct {
	named  map[string]string // style.css → style-1f2e3d4c.css
	byName map[string][]byte
}

func newAssets() (assets, error) {
	a := assets{named: map[string]string{}, byName: map[string][]byte{}}
	for name, file := range map[string]string{
		"style.css": "assets/dashboard.css", "dashboard.js": "assets/dashboard.js", "icon.svg": "assets/icon.svg",
		"idiomorph.js": "assets/idiomorph/idiomorph-0.8.0.min.js", "idiomorph-license.txt": "assets/idiomorph/LICENSE",
	} {
		data, err := assetFiles.ReadFile(file)
		if err != nil {
			return a, err
		}
		if name == "style.css" {
			data = append([]byte(style.CSS()), data...)
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(name)
		hashed := name[:len(name)-len(ext)] + "-" + hex.EncodeToString(sum[:6]) + ext
		a.named[name], a.byName[hashed] = "/assets/"+hashed, data
	}
	return a, nil
}

// url is where an asset is.
func (a assets) url(name string) string { return a.named[name] }

func (a assets) serve(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	data, ok := a.byName[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}
