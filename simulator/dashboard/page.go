package dashboard

import (
	"bytes"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/webhook"
)

//go:embed pages
var pageFiles embed.FS

// pages are the parsed pages by name; each has the layout around it.
type pages map[string]*template.Template

func newPages(a assets) (pages, error) {
	layout, err := template.New("layout").Funcs(functions(a)).ParseFS(pageFiles, "pages/layout.tmpl", "pages/parts.tmpl")
	if err != nil {
		return nil, err
	}
	files, err := pageFiles.ReadDir("pages")
	if err != nil {
		return nil, err
	}
	all := pages{}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), path.Ext(f.Name()))
		if name == "layout" || name == "parts" {
			continue
		}
		t, err := layout.Clone()
		if err == nil {
			t, err = t.ParseFS(pageFiles, "pages/"+f.Name())
		}
		if err != nil {
			return nil, err
		}
		all[name] = t
	}
	return all, nil
}

// view is one request on its way to a page.
type view struct {
	*Dashboard
	Sim *simulator.Simulator // the one that answers this request to its end
	w   http.ResponseWriter
	r   *http.Request

	Title    string
	Section  string // of the navigation
	Now      time.Time
	Webhooks []webhook.Webhook
	Disabled []webhook.Webhook // that the page warns of
	Flash    *flash
	Page     any
	status   int
	page     string // the template; "": the answer is written
}

// StandsStill reports that the page has buttons for the clock.
func (v *view) StandsStill() bool { return v.cfg.StandsStill }

// concerns has the page warn of those of its webhooks that failures have disabled.
func (v *view) concerns(hooks ...webhook.Webhook) {
	for _, w := range hooks {
		if failed(v.Sim, w) {
			v.Disabled = append(v.Disabled, w)
		}
	}
}

// Searches reports that the page has a field of its own to search in.
func (v *view) Searches() bool {
	return v.page == "deliveries" || v.page == "messages" || v.page == "templates"
}

// exports are the lines that point an app's shell at this server.
func (v *view) exports() string {
	scheme := "http"
	if v.r.TLS != nil {
		scheme = "https"
	}
	lines := "export SENT_BASE_URL=" + delivery.Quote(scheme+"://"+v.r.Host) + "\nexport SENT_DM_API_KEY="
	if v.cfg.APIKey == "" {
		return lines + "…  # the one that the server was started with"
	}
	return lines + delivery.Quote(v.cfg.APIKey)
}

// Here is the address of the page, for what comes back to it.
func (v *view) Here() string {
	u := url.URL{Path: v.r.URL.Path}
	q := v.r.URL.Query()
	q.Del("flash")
	u.RawQuery = q.Encode()
	return u.String()
}

// show answers with a page.
func (v *view) show(page, section, title string, data any) error {
	v.page, v.Section, v.Title, v.Page = page, section, title, data
	return nil
}

// goTo answers a form: the browser goes to a page, which says what has happened.
func (v *view) goTo(where string, m flash) error {
	key := rand.Text()
	v.flashes.put(key, m)
	u, err := url.Parse(where)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") {
		u = &url.URL{Path: "/"} // never away from here
	}
	q := u.Query()
	q.Set("flash", key)
	u.RawQuery = q.Encode()
	http.Redirect(v.w, v.r, u.String(), http.StatusSeeOther)
	return nil
}

// back is where a form came from: the page says so itself.
func (v *view) back(otherwise string) string {
	if to := v.r.PostFormValue("back"); to != "" {
		return to
	}
	return otherwise
}

// id is the id in the path. What is none is nowhere.
func (v *view) id() (uuid.UUID, error) {
	id, err := uuid.Parse(v.r.PathValue("id"))
	if err != nil || len(v.r.PathValue("id")) != 36 {
		return uuid.Nil, simulator.ErrNotFound
	}
	return id, nil
}

// maxForm is how large a form may be, in bytes.
const maxForm = 256 << 10

func (d *Dashboard) answer(w http.ResponseWriter, r *http.Request, h func(*view) error) {
	sim := d.cfg.Simulator()
	v := &view{Dashboard: d, Sim: sim, w: w, r: r, Now: sim.Now(), status: http.StatusOK}
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			v.failed(http.StatusBadRequest, "The form could not be read.")
			d.render(v)
			return
		}
	}
	if key := r.URL.Query().Get("flash"); key != "" {
		v.Flash = d.flashes.take(key)
	}
	if err := h(v); err != nil {
		switch {
		case errors.Is(err, simulator.ErrNotFound), errors.Is(err, simulator.ErrNoWebhook):
			v.failed(http.StatusNotFound, "There is nothing with this address, or not any more.")
		case errors.Is(err, simulator.ErrClosed):
			v.failed(http.StatusServiceUnavailable, "The simulator is shutting down.")
		default:
			v.failed(http.StatusInternalServerError, "That did not work: "+err.Error())
		}
	}
	d.render(v)
}

// failed shows a page that says what is wrong.
func (v *view) failed(status int, text string) {
	v.status = status
	_ = v.show("problem", "", http.StatusText(status), text)
}

func nothingHere(v *view) error {
	v.failed(http.StatusNotFound, "There is no page with this address.")
	return nil
}

// render writes the page as a whole: what fails in the middle is no half page.
func (d *Dashboard) render(v *view) {
	if v.page == "" {
		return
	}
	v.Webhooks = v.Sim.Webhooks()
	var b bytes.Buffer
	if err := d.pages[v.page].ExecuteTemplate(&b, "layout", v); err != nil {
		http.Error(v.w, fmt.Sprintf("the page %q could not be made: %v", v.page, err), http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(v.status)
	_, _ = v.w.Write(b.Bytes()) // whoever went away needs no page
}

// formValues are a query to be written.
type formValues map[string]string

func (f formValues) encode() string {
	q := url.Values{}
	for name, value := range f {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q.Encode()
}
