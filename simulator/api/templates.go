package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// definition is a template's content, as far as it matters here.
type definition struct {
	Header *content `json:"header"`
	Body   *struct {
		MultiChannel *content `json:"multiChannel"`
		SMS          *content `json:"sms"`
		WhatsApp     *content `json:"whatsapp"`
		RCS          *content `json:"rcs"`
	} `json:"body"`
	Footer *content `json:"footer"`
}

type content struct {
	Template  string `json:"template"`
	Variables []struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	} `json:"variables"`
}

// on is the content for a channel; nil where there is none.
func (d definition) on(ch event.Channel) *content {
	if d.Body == nil {
		return nil
	}
	own := map[event.Channel]*content{event.SMS: d.Body.SMS, event.WhatsApp: d.Body.WhatsApp, event.RCS: d.Body.RCS}[ch]
	if own != nil {
		return own
	}
	if d.Body.MultiChannel != nil {
		return d.Body.MultiChannel
	}
	for _, c := range []*content{d.Body.SMS, d.Body.WhatsApp, d.Body.RCS} {
		if c != nil && ch == "" {
			return c
		}
	}
	return nil
}

// variables are the names of all variables, each once.
func (d definition) variables() []string {
	names := []string{}
	parts := []*content{d.Header, d.Footer}
	if d.Body != nil {
		parts = append(parts, d.Body.MultiChannel, d.Body.SMS, d.Body.WhatsApp, d.Body.RCS)
	}
	for _, c := range parts {
		if c == nil {
			continue
		}
		for _, v := range c.Variables {
			if v.Name != "" && !slices.Contains(names, v.Name) {
				names = append(names, v.Name)
			}
		}
	}
	return names
}

// channels are those that the template has content for.
func (d definition) channels() []event.Channel {
	all := []event.Channel{}
	for _, ch := range event.Channels() {
		if d.on(ch) != nil {
			all = append(all, ch)
		}
	}
	return all
}

// usedTemplate is the template of a message.
type usedTemplate struct {
	id         uuid.UUID
	name       string
	definition definition
	parameters map[string]string
}

var placeholder = regexp.MustCompile(`\{\{(\d+):[^{}]*\}\}`)

// render is the text for a channel, nil when the template has none for it.
func (t *usedTemplate) render(ch event.Channel) *string {
	c := t.definition.on(ch)
	if c == nil {
		return nil
	}
	text := placeholder.ReplaceAllStringFunc(c.Template, func(match string) string {
		id := placeholder.FindStringSubmatch(match)[1]
		for _, v := range c.Variables {
			if fmt.Sprint(v.ID) == id {
				return t.parameters[v.Name]
			}
		}
		return match
	})
	return &text
}

// findTemplate reads a message's template: {id or name, parameters}. What is
// wrong with the fields is noted in b; the problem is that there is no such template.
func (c *call) findTemplate(b *body) (*usedTemplate, *problem) {
	idText, name := b.text("id"), b.text("name")
	t := &usedTemplate{}
	if v := value[map[string]string](b, "parameters", "an object of strings"); v != nil {
		t.parameters = *v
	}
	hasID, hasName := idText != nil && *idText != "", name != nil && *name != ""
	switch {
	case b.problems.has("template.id") || b.problems.has("template.name"):
		return t, nil
	case hasID && hasName:
		b.bad(codeInvalid, "name", "goes without an id: give one of them")
		return t, nil
	case hasID:
		id, ok := parseID(*idText)
		if !ok {
			b.bad(codeUUID, "id", "must be a UUID")
			return t, nil
		}
		t.id = id
	case hasName:
		t.name = *name
	default:
		b.bad(codeRequired, "id", "is required, unless there is a name")
		return t, nil
	}
	known, err := c.knownTemplate(t.id, t.name)
	switch {
	case errors.Is(err, simulator.ErrNotFound):
		return t, c.unknownTemplate(t)
	case err != nil:
		return t, fromSimulator(err)
	}
	t.id, t.name = known.ID, known.Name
	_ = json.Unmarshal(known.Definition, &t.definition) // it was checked when it came
	for _, v := range t.definition.variables() {
		if _, ok := t.parameters[v]; !ok {
			b.bad(codeRequired, "parameters."+v, "is required")
		}
	}
	return t, nil
}

// unknownTemplate makes do with a template that was not created here, where that
// is allowed or its name is magic.
func (c *call) unknownTemplate(t *usedTemplate) *problem {
	_, magic := magicOf("", t.name)
	if !magic && !c.cfg.AnyTemplate {
		return refusal(http.StatusNotFound, codeNoTemplate,
			"there is no such template here: create it with POST /v3/templates, or start the server with --any-template")
	}
	if t.id == uuid.Nil {
		t.id = uuid.NewSHA1(c.sim.Account(), []byte(t.name)) // the same at each use
	}
	return nil
}

// knownTemplate is the template with that id, or else with that name.
func (c *call) knownTemplate(id uuid.UUID, name string) (history.Template, error) {
	if id != uuid.Nil {
		return c.sim.Template(id)
	}
	found, err := c.sim.Templates(history.Query{Search: name})
	for _, t := range found.Rows {
		if t.Name == name {
			return t, nil
		}
	}
	if err == nil {
		err = simulator.ErrNotFound
	}
	return history.Template{}, err
}

type templateView struct {
	ID          uuid.UUID       `json:"id"`
	Name        string          `json:"name"`
	Category    string          `json:"category"`
	Language    string          `json:"language"`
	Status      string          `json:"status"`
	Channels    []event.Channel `json:"channels"`
	Variables   []string        `json:"variables"`
	CreatedAt   string          `json:"created_at"`
	UpdatedAt   string          `json:"updated_at"`
	IsPublished bool            `json:"is_published"`
}

func viewTemplate(t history.Template) templateView {
	var d definition
	_ = json.Unmarshal(t.Definition, &d) // it was checked when it came
	return templateView{
		ID: t.ID, Name: t.Name, Category: t.Category, Language: t.Language, Status: t.Status,
		Channels: d.channels(), Variables: d.variables(),
		CreatedAt: rfc3339(t.CreatedAt), UpdatedAt: rfc3339(t.UpdatedAt), IsPublished: t.Status == event.TemplateApproved,
	}
}

func categories() []string { return []string{event.Marketing, event.Utility, event.Authentication} }

var language = regexp.MustCompile(`^[a-z]{2,3}(_[A-Za-z0-9]{2,8})*$`)

// readTemplate reads what a request says about a template onto t.
func (c *call) readTemplate(b *body, t *simulator.Template) {
	if v := b.text("name"); v != nil {
		t.Name = strings.TrimSpace(*v)
		if t.Name == "" || len(t.Name) > maxName {
			b.bad(codeRange, "name", "must have 1 to %d bytes", maxName)
		}
	}
	if v := b.text("category"); v != nil {
		t.Category = strings.ToUpper(*v)
		if !slices.Contains(categories(), t.Category) {
			b.bad(codeEnum, "category", "must be one of %s", strings.Join(categories(), ", "))
		}
	}
	if v := b.text("language"); v != nil {
		t.Language = *v
		if !language.MatchString(t.Language) {
			b.bad(codeInvalid, "language", "must be a language code such as en_US")
		}
	}
	if raw, ok := b.given("definition"); ok {
		d := value[definition](b, "definition", "a template's definition")
		switch {
		case d == nil:
		case len(d.channels()) == 0:
			b.bad(codeRequired, "definition.body", "is required: multiChannel, sms, whatsapp or rcs")
		default:
			t.Definition = raw
			t.Name = nameOf(t.Name, *d)
		}
	}
	if source := b.text("creation_source"); source != nil {
		if outcome, ok := magicReview(*source); ok {
			t.Outcome = outcome
			if err := (lifecycle.TemplateOptions{Outcome: outcome}).Validate(); err != nil || outcome == "" {
				b.bad(codeEnum, "creation_source", "after sentsim: comes one of %s", outcomes())
			}
		}
	}
}

func outcomes() string {
	var names []string
	for _, o := range lifecycle.TemplateOutcomes() {
		names = append(names, string(o))
	}
	return strings.Join(names, ", ")
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// nameOf is a template's name: as given, or made from the first words of its
// text. Sent makes it from the text too, but does not say how.
func nameOf(given string, d definition) string {
	if given != "" {
		return given
	}
	text := placeholder.ReplaceAllString(d.on("").Template, " ")
	words := strings.Fields(notInName.ReplaceAllString(strings.ToLower(text), " "))
	name := strings.Join(words[:min(len(words), 5)], "_")
	if name = name[:min(len(name), 60)]; name == "" {
		return "template"
	}
	return name
}

func createTemplate(c *call) (answer, *problem) {
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	sandbox, submit := b.isTrue("sandbox"), b.isTrue("submit_for_review")
	var t simulator.Template
	if _, ok := b.given("definition"); !ok {
		b.bad(codeRequired, "definition", "is required")
	}
	_, named := b.given("name")
	c.readTemplate(b, &t)
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	if t.Name, p = c.freeName(t.Name, named); p != nil {
		return answer{}, p
	}
	if sandbox {
		c.sandbox()
		now := c.sim.Now()
		fake := history.Template{
			ID: uuid.New(), Name: t.Name, Language: t.Language, Category: t.Category, Status: history.TemplateDraft,
			Definition: t.Definition, CreatedAt: now, UpdatedAt: now,
		}
		return answer{http.StatusCreated, submitted(fake, submit)}, nil
	}
	create := c.sim.CreateTemplate
	if submit {
		create = c.sim.SubmitTemplate
	}
	id, err := create(t)
	if err != nil {
		return answer{}, fromSimulator(err)
	}
	c.somethingDue()
	made, err := c.sim.Template(id)
	return answer{http.StatusCreated, submitted(made, submit)}, fromSimulator(err)
}

// submitted shows a template that was submitted a moment ago as what it is, also
// before its first event.
func submitted(t history.Template, submit bool) templateView {
	if submit && t.Status == history.TemplateDraft {
		t.Status = event.TemplatePending
	}
	if t.Language == "" {
		t.Language = "en_US"
	}
	if t.Category == "" {
		t.Category = event.Marketing
	}
	return viewTemplate(t)
}

// freeName is a name that no template has: as given, or with a number behind
// where the name is ours to choose.
func (c *call) freeName(name string, given bool) (string, *problem) {
	all, err := c.sim.Templates(history.Query{Search: name})
	if err != nil {
		return "", fromSimulator(err)
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(all.Rows, func(t history.Template) bool { return t.Name == name })
	}
	free := name
	for n := 2; taken(free); n++ {
		if given {
			return "", refusal(http.StatusConflict, codeExists, "there is a template with this name already")
		}
		free = fmt.Sprintf("%s_%d", name, n)
	}
	return free, nil
}

// template is the template that the path names.
func (c *call) template() (history.Template, *problem) {
	id, p := pathID(c.r)
	if p != nil {
		return history.Template{}, p
	}
	t, err := c.sim.Template(id)
	if errors.Is(err, simulator.ErrNotFound) {
		return t, refusal(http.StatusNotFound, codeNoTemplate, "there is no template with this id")
	}
	return t, fromSimulator(err)
}

func getTemplate(c *call) (answer, *problem) {
	t, p := c.template()
	return answer{http.StatusOK, viewTemplate(t)}, p
}

func listTemplates(c *call) (answer, *problem) {
	q := query{r: c.r}
	page, search := q.page(), q.search()
	status := strings.ToUpper(c.r.URL.Query().Get("status"))
	category := q.choice("category", categories()...)
	q.truth("is_welcome_playground") // there are none, so it filters nothing
	if p := q.problems.refusal(); p != nil {
		return answer{}, p
	}
	all, err := c.sim.Templates(history.Query{Search: search, Status: status, Newest: true})
	if err != nil {
		return answer{}, fromSimulator(err)
	}
	rows := slices.DeleteFunc(all.Rows, func(t history.Template) bool { return category != "" && t.Category != category })
	views := []templateView{}
	for _, t := range of(page, rows) {
		views = append(views, viewTemplate(t))
	}
	return answer{http.StatusOK, map[string]any{"templates": views, "pagination": page.pagination(len(rows))}}, nil
}

func updateTemplate(c *call) (answer, *problem) {
	old, p := c.template()
	if p != nil {
		return answer{}, p
	}
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	sandbox, submit := b.isTrue("sandbox"), b.isTrue("submit_for_review")
	t := simulator.Template{ID: old.ID, Name: old.Name, Language: old.Language, Category: old.Category, Definition: old.Definition}
	c.readTemplate(b, &t)
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	if t.Name != old.Name {
		if _, p = c.freeName(t.Name, true); p != nil {
			return answer{}, p
		}
	}
	change := func(h *history.Template) {
		h.Name, h.Language, h.Category, h.Definition = t.Name, t.Language, t.Category, t.Definition
	}
	if sandbox {
		c.sandbox()
		change(&old)
		return answer{http.StatusOK, submitted(old, submit)}, nil
	}
	changed, err := c.sim.UpdateTemplate(old.ID, change)
	if err == nil && submit {
		if _, err = c.sim.SubmitTemplate(t); err == nil {
			c.somethingDue()
			changed, err = c.sim.Template(old.ID)
		}
	}
	return answer{http.StatusOK, submitted(changed, submit)}, fromSimulator(err)
}

func deleteTemplate(c *call) (answer, *problem) {
	t, p := c.template()
	if p != nil {
		return answer{}, p
	}
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	sandbox := b.isTrue("sandbox")
	b.truth("delete_from_meta") // there is no Meta to delete it from
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	if sandbox {
		c.sandbox()
		return answer{status: http.StatusNoContent}, nil
	}
	return answer{status: http.StatusNoContent}, fromSimulator(c.sim.DeleteTemplate(t.ID))
}
