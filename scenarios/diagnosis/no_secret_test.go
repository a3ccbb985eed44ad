package diagnosis_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/scenarios/zoo"
	"github.com/sentsim/sentsim/simulator/signing"
)

// A receiver that lost its secret is said to have none where its answer or its output
// says so, in whatever words; what speaks of another variable, or is explained by an
// experiment, is not.
func TestALostSecretIsNamed(t *testing.T) {
	t.Parallel()
	const lost = "secret-not-configured"
	for _, tt := range []struct {
		name   string
		status int
		text   string
		log    string
		cause  string // "" is any but that of a lost secret
	}{
		{"Node, on a page", 500, "<!doctype html><title>Error</title><pre>TypeError [ERR_INVALID_ARG_TYPE]: The &quot;key&quot; argument must be of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey. Received undefined<br> at new Hmac</pre>", "", lost},
		{"Node, in JSON", 500, `{"error":"The \"key\" argument must be of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey. Received undefined"}`, "", lost},
		{"Ruby", 500, `KeyError (key not found: "SENT_SIGNING_SECRET")`, "", lost},
		{"Python", 500, "KeyError: 'ACME_HOOK_KEY'", "", lost},
		{"PHP", 500, `Undefined array key "ACME_HOOK_TOKEN"`, "", lost},
		{"Go", 503, "missing env ACME_SIGNING_KEY", "", lost},
		{"Java", 500, "java.lang.NullPointerException at javax.crypto.spec.SecretKeySpec.<init>", "", lost},
		{"with any status", 401, `{"error":"WEBHOOK_SECRET is empty"}`, "", lost},
		{"German", 500, "Kein Webhook-Geheimnis konfiguriert", "", lost},
		{"Spanish", 500, `{"error":"Falta configurar el secreto del webhook"}`, "", lost},
		{"Portuguese", 500, "O segredo do webhook não está configurado", "", lost},
		{"Chinese", 500, "未配置密钥", "", lost},
		{"Japanese", 500, "シークレットが設定されていません", "", lost},
		{"Russian", 500, "секрет не задан", "", lost},
		{"only in the output", 401, "unauthorized", "WARN webhook rejected: env SENT_HOOK_KEY is empty", lost},
		{"another secret's name", 401, "unauthorized", "STRIPE_SECRET_KEY is not set: payments are off", ""},
		{"a code of an error", 401, `{"code":"MISSING_SECRET_TOKEN","message":"a token is required"}`, "", ""},
		{"a key of the caller's", 401, `{"error":"API_KEY required"}`, "", ""},
	} {
		if !zoo.Tests(tt.name) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/webhooks/sent" {
					http.NotFound(w, r)
					return
				}
				answers(tt.status, tt.text)(w, r)
			}))
			defer srv.Close()
			r := under(t, srv.URL+"/webhooks/sent")
			r.Started, r.Alive = true, func(context.Context) bool { return true }
			r.Log = func() []string { return []string{tt.log} }
			d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r))
			if is := d.Cause == lost; is != (tt.cause == lost) || is && !strings.Contains(d.Fix, "--secret-env") {
				t.Errorf("%+v", d)
			}
		})
	}
}

// A line in the output about one variable is nothing where an experiment explains the
// refusal: another variable may have taken its place.
func TestAMistakeCountsMoreThanALineInTheOutput(t *testing.T) {
	t.Parallel()
	s := secret(t)
	var kept signing.Mistake
	for _, m := range signing.Mistakes() {
		if m.Name == "prefix-kept" {
			kept = m
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !takes(kept, s, r) {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
		}
	}))
	defer srv.Close()
	r := under(t, srv.URL+"/webhooks/sent")
	r.Log = func() []string { return []string{"SENT_OLD_SECRET is not set, taking SENT_DM_WEBHOOK_SECRET"} }
	if d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r)); d.Cause != "prefix-kept" {
		t.Errorf("%+v", d)
	}
}
