package probe

import (
	"encoding/json"
	"net/url"
	"testing"

	"pgregory.net/rapid"
)

// Whatever an id is made of, a filter finds it and only it, and a URL carries it whole.
func TestIDsSurviveTheirPlaceholders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ "'\\/?&#+%{}=]{0,8}`)).Draw(t, "id")
		for _, quote := range []string{`"`, `'`} {
			e, errs := compile(KindMessage, Endpoint{
				URL:    "/m/{message_id}?id={message_id}",
				Status: `$[?@.id == ` + quote + `{message_id}` + quote + `].status`,
			})
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			body, err := json.Marshal([]map[string]string{{"id": id + "x", "status": "other"}, {"id": id, "status": "SENT"}})
			if err != nil {
				t.Fatal(err)
			}
			if s, err := e.state(answer{200, body}, id); err != nil || s.Status != "SENT" {
				t.Fatalf("id %q in %s: got %+v, %v", id, quote, s, err)
			}
			u, err := e.resolve("http://127.0.0.1:1", id)
			if err != nil {
				t.Fatal(err)
			}
			back, err := url.Parse(u.String())
			if err != nil || back.Path != "/m/"+id || back.Query().Get("id") != id {
				t.Fatalf("id %q became %s (%v)", id, u, err)
			}
		}
	})
}

// A receiver may answer anything: that is a state or an error, with every
// number in range.
func FuzzState(f *testing.F) {
	for _, body := range []string{
		`{"status":"SENT","effects":1}`, `{"effects":"2"}`, `[{"effects":[1,2]},{"effects":null}]`,
		``, `null`, `{"status":{}}`, `{"effects":1e400}`, `{"effects":-0}`, `"`, `[[[[`, `{"effects":"0x10"}`,
	} {
		f.Add(200, []byte(body))
	}
	f.Add(404, []byte("no"))
	f.Add(503, []byte("\xff\xfe"))
	var endpoints []*endpoint
	for _, p := range []string{"$.effects", "$[*].effects", "$..*"} {
		e, errs := compile(KindMessage, Endpoint{URL: "/{message_id}", Status: "$.status", Effects: p})
		if len(errs) > 0 {
			f.Fatal(errs)
		}
		endpoints = append(endpoints, e)
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for _, e := range endpoints {
			s, err := e.state(answer{status, body}, "m")
			if err != nil && s != (State{}) {
				t.Errorf("an error and a state: %+v, %v", s, err)
			}
			if s.Effects < 0 || (s.Effects > 0 && !s.HasEffects) || (s.Status != "" && !s.HasStatus) {
				t.Errorf("inconsistent: %+v", s)
			}
			if s.Known && status != printed && (status < 200 || status > 299) {
				t.Errorf("known from a %d", status)
			}
		}
	})
}
