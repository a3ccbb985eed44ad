package api

import (
	"cmp"
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
)

// findTemplate reads a message's template: {id or name, parameters}. What is
// wrong with the fields is noted; the error is that there is no such template.
func (c *call) findTemplate(b *body) (*usedTemplate, error) {
	idText, name := b.text("id"), b.text("name")
	t := &usedTemplate{}
	if v := value[map[string]string](b, "parameters", "an object of strings"); v != nil {
		t.parameters = *v
	}
	hasID, hasName := idText != nil && *idText != "", name != nil && *name != ""
	switch {
	case b.has("id") || b.has("name"):
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
		return t, err
	}
	t.id, t.name, t.status = known.ID, known.Name, templateStatus(known)
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
func (c *call) unknownTemplate(t *usedTemplate) error {
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
	status := templateStatus(t)
	return templateView{
		ID: t.ID, Name: t.Name, Category: t.Category, Language: t.Language, Status: status,
		Channels: d.channels(), Variables: d.variables(),
		CreatedAt: rfc3339(t.CreatedAt), UpdatedAt: rfc3339(t.UpdatedAt), IsPublished: status == event.TemplateApproved,
	}
}

func categories() []string { return []string{event.Marketing, event.Utility, event.Authentication} }

var language = regexp.MustCompile(`^[a-z]{2,3}(_[A-Za-z0-9]{2,8})*$`)

// readTemplate reads what a request says about a template onto t.
func (c *call) readTemplate(t *simulator.Template) {
	b := c.body
	if v := b.text("name"); v != nil {
		t.Name = strings.TrimSpace(*v)
		if t.Name == "" || len(t.Name) > maxName {
			b.bad(codeRange, "name", "must have 1 to %d bytes", maxName)
		}
	}
	enum(b, "category", &t.Category, categories()...)
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
	c.readOutcome(t)
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// nameOf is a template's name: as given, or made from the first words of its
// text. Sent makes it from the text too, but does not say how.
func nameOf(given string, d definition) string {
	if given != "" {
		return given
	}
	text := placeholder.ReplaceAllString(d.bodies()[0].Template, " ")
	words := strings.Fields(notInName.ReplaceAllString(strings.ToLower(text), " "))
	name := strings.Join(words[:min(len(words), 5)], "_")
	if name = name[:min(len(name), 60)]; name == "" {
		return "template"
	}
	return name
}

func createTemplate(c *call) (any, error) {
	var t simulator.Template
	c.body.required("definition")
	submit := c.body.isTrue("submit_for_review")
	_, named := c.body.given("name")
	c.readTemplate(&t)
	if err := c.check(); err != nil {
		return nil, err
	}
	var err error
	if t.Name, err = c.freeName(t.Name, named); err != nil {
		return nil, err
	}
	if c.sandbox() {
		now := c.sim.Now()
		return submitted(history.Template{
			ID: uuid.New(), Name: t.Name, Language: t.Language, Category: t.Category, Status: history.TemplateDraft,
			Definition: t.Definition, CreatedAt: now, UpdatedAt: now,
		}, submit), nil
	}
	create := c.sim.CreateTemplate
	if submit {
		c.decideReview(&t)
		create = c.sim.SubmitTemplate
	}
	id, err := create(t)
	if err != nil {
		return nil, err
	}
	c.somethingDue()
	made, err := c.sim.Template(id)
	return submitted(made, submit), err
}

// submitted shows a template that was submitted a moment ago as what it is, also
// before its first event.
func submitted(t history.Template, submit bool) templateView {
	if submit {
		t.Status = event.TemplatePending
	}
	t.Language, t.Category = cmp.Or(t.Language, "en_US"), cmp.Or(t.Category, event.Marketing)
	return viewTemplate(t)
}

// freeName is a name that no template has: as given, or with a number behind
// where the name is ours to choose.
func (c *call) freeName(name string, given bool) (string, error) {
	all, err := c.sim.Templates(history.Query{Search: name})
	if err != nil {
		return "", err
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
func (c *call) template() (history.Template, error) {
	id, err := c.pathID()
	if err != nil {
		return history.Template{}, err
	}
	t, err := c.sim.Template(id)
	return t, orMissing(err, codeNoTemplate, "template")
}

func getTemplate(c *call) (any, error) {
	t, err := c.template()
	return viewTemplate(t), err
}

func listTemplates(c *call) (any, error) {
	page, search := c.page(), c.search()
	status := choice(c, "status", event.TemplateApproved, event.TemplatePending, event.TemplateRejected, history.TemplateDraft)
	category := choice(c, "category", categories()...)
	c.truth("is_welcome_playground") // there are none, so it filters nothing
	if err := c.check(); err != nil {
		return nil, err
	}
	all, err := c.sim.Templates(history.Query{Search: search, Newest: true})
	rows := slices.DeleteFunc(all.Rows, func(t history.Template) bool {
		return category != "" && t.Category != category || status != "" && templateStatus(t) != status
	})
	return listed("templates", page, len(rows), of(page, rows), viewTemplate), err
}

func updateTemplate(c *call) (any, error) {
	old, err := c.template()
	if err != nil {
		return nil, err
	}
	submit := c.body.isTrue("submit_for_review")
	t := simulator.Template{ID: old.ID, Name: old.Name, Language: old.Language, Category: old.Category, Definition: old.Definition}
	c.readTemplate(&t)
	if err := c.check(); err != nil {
		return nil, err
	}
	if t.Name != old.Name {
		if _, err := c.freeName(t.Name, true); err != nil {
			return nil, err
		}
	}
	change := func(h *history.Template) {
		h.Name, h.Language, h.Category, h.Definition = t.Name, t.Language, t.Category, t.Definition
	}
	if c.sandbox() {
		change(&old)
		return submitted(old, submit), nil
	}
	changed, err := c.sim.UpdateTemplate(old.ID, change)
	if err == nil && submit {
		c.decideReview(&t)
		if _, err = c.sim.SubmitTemplate(t); err == nil {
			c.somethingDue()
			changed, err = c.sim.Template(old.ID)
		}
	}
	return submitted(changed, submit), err
}

func deleteTemplate(c *call) (any, error) {
	t, err := c.template()
	if err != nil {
		return nil, err
	}
	c.body.truth("delete_from_meta") // there is no Meta to delete it from
	if err := c.check(); err != nil || c.sandbox() {
		return nil, err
	}
	return nil, c.sim.DeleteTemplate(t.ID)
}
