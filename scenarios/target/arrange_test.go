package target

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestArrangementsThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		name    string
		arrange Arrange
		want    []string // none: it is taken
	}{
		{"a path and JSON", Arrange{URL: "/test/orders", Body: `{"phone":"{to}","n":{message_id}}`}, nil},
		{"a path with placeholders", Arrange{Method: "put", URL: "/orders/{message_id}?to={to}"}, nil},
		{"an absolute URL", Arrange{URL: "http://127.0.0.1:1/x"}, nil},
		{"a form", Arrange{URL: "/x", Body: "phone={to}&channel={channel}"}, nil},
		{"an empty JSON body", Arrange{URL: "/x", Headers: map[string]string{"content-type": "application/json"}}, nil},
		{"a command", Arrange{Exec: "./order {to}"}, nil},
		{"nothing to send to", Arrange{Body: "{}"}, []string{"target.arrange.url: is missing"}},
		{"not a path", Arrange{URL: "test/orders"}, []string{"target.arrange.url", "begins with /"}},
		{"another host in disguise", Arrange{URL: "//host/x"}, []string{"target.arrange.url"}},
		{"a scheme", Arrange{URL: "ftp://h/x"}, []string{"http:// or https://"}},
		{"a user in the URL", Arrange{URL: "http://opensesame:x@h/"}, []string{"target.arrange.url"}},
		{"a typo in the URL", Arrange{URL: "/x/{mesage_id}"}, []string{`target.arrange.url: unknown placeholder {mesage_id}, did you mean "{message_id}"?`}},
		{"a typo in the body", Arrange{URL: "/x", Body: `{"a":"{phone}"}`}, []string{"target.arrange.body: unknown placeholder {phone}; known here: {message_id} {to} {from} {channel}"}},
		{"a body that is no JSON", Arrange{URL: "/x", Body: `{"a":"{to}"`}, []string{"target.arrange.body: is not JSON"}},
		{"JSON by its type", Arrange{URL: "/x", Body: `a=b`, Headers: map[string]string{"Content-Type": "application/vnd.x+json; v=1"}}, []string{"is not JSON, as its content type (application/vnd.x+json; v=1) says"}},
		{"a method", Arrange{URL: "/x", Method: "SEND"}, []string{`target.arrange.method: "SEND" is none of POST`}},
		{"a GET with a body", Arrange{URL: "/x", Method: "GET", Body: "a=b"}, []string{"target.arrange.body: a GET has none"}},
		{"a header's name", Arrange{URL: "/x", Headers: map[string]string{"X Key": "opensesame"}}, []string{`target.arrange.headers: "X Key" is not`}},
		{"a header's value", Arrange{URL: "/x", Headers: map[string]string{"X-Key": "opensesame\n"}}, []string{"target.arrange.headers.X-Key: the value has a control character"}},
		{"two ways", Arrange{URL: "/x", Exec: "./order"}, []string{"target.arrange.exec: there is a request too"}},
		{"a command that does not end", Arrange{Exec: "./order 'x"}, []string{"target.arrange.exec: the ' at character 9 is never closed"}},
		{"a typo in the command", Arrange{Exec: "./order {chanel}"}, []string{`unknown placeholder {chanel}, did you mean "{channel}"?`}},
		{"braces of another program", Arrange{Exec: "awk '{print}' {to}"}, nil},
		{"all at once", Arrange{URL: "x", Method: "y", Body: "{"}, []string{"arrange.url", "arrange.method", "arrange.body"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(Spec{URL: "http://127.0.0.1:1/", Arrange: tt.arrange})
			if (err == nil) != (tt.want == nil) {
				t.Fatalf("error %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if err != nil && strings.Contains(err.Error(), "opensesame") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestContentTypesThatFitTheBody(t *testing.T) {
	for body, want := range map[string]string{
		``:             "",
		` {"a":1}`:     typeJSON,
		`["{to}"]`:     typeJSON,
		`a={to}&b=`:    typeForm,
		`hello {to}`:   "text/plain; charset=utf-8",
		`<a>{to}</a>`:  "text/plain; charset=utf-8",
		"a=b\nc=d e=f": "text/plain; charset=utf-8",
	} {
		if got := (Arrange{Body: body}).contentType(); got != want {
			t.Errorf("%q is %q, want %q", body, got, want)
		}
	}
}

// Whatever a value is made of, it arrives whole and as nothing but a value.
func TestValuesSurviveTheirPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		to := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ "'\\/?&#+%{}=:,\[\]]{0,8}`)).Draw(t, "to")
		values := map[string]string{placeID: "{to}", placeTo: to, placeFrom: `"`, placeChannel: "sms"}
		a := Arrange{URL: "/orders/{to}?to={to}&c={channel}", Body: `{"a":"\"{to}\\","b":{to},"c":["x {channel} {to}"],"d":"{message_id}","e":"{from}"}`}
		var got struct {
			A, B, D, E string
			C          []string
		}
		if err := json.Unmarshal([]byte(a.fillBody(values)), &got); err != nil {
			t.Fatalf("%q: %s: %v", to, a.fillBody(values), err)
		}
		valid := strings.ToValidUTF8(to, "\uFFFD")
		if got.A != `"`+valid+`\` || got.B != valid || got.C[0] != "x sms "+valid || got.D != "{to}" || got.E != `"` {
			t.Fatalf("%q became %+v", to, got)
		}
	})
}
