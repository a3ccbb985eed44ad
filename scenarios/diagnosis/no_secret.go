package diagnosis

import (
	"html"
	"net/http"
	"regexp"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
)

// noSecretTexts are what programs write that have no secret to verify with: in
// their own words, or in those of the library that was given nothing for a key.
var noSecretTexts = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`(secret|signing.?key|webhook.?key|hmac.?key|SENT_[A-Z_]*|[A-Z]+_SECRET\w*).{0,60}(is |are |was |has )?(not |n't |un|never |no |in)(been )?(configured|set\b|defined|found|provided|available|initiali[sz]ed|present|loaded)`,
	`(secret|signing.?key).{0,30}(is |are )?(missing|undefined|empty|unset|unconfigured|null|none|nil|required)`,
	`(missing|no|unset|undefined|unconfigured|without|configure|set)\b.{0,24}(signing secret|webhook.?secret|secret.{0,20}(configured|set|env)|signing.?key|environment variable|env(ironment)? var|SENT_[A-Z_]+|[A-Z]+_SECRET)`,
	`(mis|not |un)configured|configuration (error|missing)|misconfiguration`,
	`empty key|key cannot be (null|empty)|parameter 'key'|"key" argument must be.{0,200}(undefined|null)`,
	`got 'NoneType'|'NoneType' object has no attribute '(encode|split|removeprefix|replace|startswith)|nil into String|argument #3 \(\$key\)|null given|undefined \(reading '(replace|slice|split|startsWith|substring)'\)|keyerror: '?SENT|secret.{0,20}(nil|null) pointer|nullpointerexception.{0,200}secretkeyspec|secretkeyspec.{0,200}nullpointerexception`,
}, "|"))

// What a secret is called in other languages, and how it is said that one is not there:
// German, Spanish, Portuguese, French, Chinese, Japanese and Russian.
const (
	calledElsewhere = `(geheimnis|secreto|clave secreta|segredo|clé secrète|密钥|密鑰|シークレット|секрет)`
	lostElsewhere   = `(nicht (gesetzt|konfiguriert|gefunden|vorhanden|definiert)|\bkein(e|en)?\b|fehlt|\bfalta\b|\bno (está |ha sido )?(configurad|definid|encontrad)|sin configurar|não (está |foi )?(configurad|definid|encontrad)|manquant|non (configuré|défini)|未配置|未设置|未設置|没有|缺少|未設定|設定されていません|ありません|не (задан|настроен|установлен|указан|найден)|отсутствует)`
)

// noSecretElsewhere is noSecretTexts in those languages.
var noSecretElsewhere = regexp.MustCompile(`(?i)` + calledElsewhere + `.{0,40}` + lostElsewhere + `|` + lostElsewhere + `.{0,40}` + calledElsewhere)

// ofConfiguration are words of somebody who speaks of how the receiver is set up, and
// not of what a request lacks.
var ofConfiguration = regexp.MustCompile(`(?i)configured|environment|konfigur|configur|配置|設定|настро`)

var (
	variables  = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b`)
	lost       = regexp.MustCompile(`(?i)\b(not set|isn.t set|unset|not found|not defined|undefined|not configured|unconfigured|missing|empty|blank|required|must be set|null|nil|none|not provided|not present|no such|keyerror|no env\w*)\b`)
	ofOthers   = regexp.MustCompile(`JWT|CLIENT|SESSION|COOKIE|AUTH|CSRF|API|ACCESS|REFRESH|STRIPE|AWS|CRYPT|DATABASE`)
	errorCode  = regexp.MustCompile(`^(ERR|E|INVALID|MISSING|NO)_|_(REQUIRED|MISSING|INVALID|ERROR|FOUND)$`)
	ofWebhooks = regexp.MustCompile(`SENT_|HOOK|SIGN|HMAC`)
)

// lostVariable reports whether a line says of a variable, by its name, that it is not
// there, and the name is that of a webhook's secret.
func lostVariable(line string) bool {
	const near = 40 // characters
	for _, at := range variables.FindAllStringIndex(line, -1) {
		name := line[at[0]:at[1]]
		secret := strings.Contains(name, "SECRET") || strings.Contains(name, "KEY") || strings.Contains(name, "TOKEN")
		if !secret || errorCode.MatchString(name) || !ofWebhooks.MatchString(name) && (!strings.Contains(name, "SECRET") || ofOthers.MatchString(name)) {
			continue
		}
		if lost.MatchString(line[max(at[0]-near, 0):at[0]]) || lost.MatchString(line[at[1]:min(at[1]+near, len(line))]) {
			return true
		}
	}
	return false
}

// plainly is a line without what HTML and JSON put in the place of quotes.
func plainly(line string) string {
	return strings.NewReplacer(`\"`, `"`, `\'`, `'`).Replace(html.UnescapeString(line))
}

// noSecret is for a receiver that has no secret and says so, in its answer or in its log.
func (i *investigation) noSecret() *report.Diagnosis {
	said := ""
	for line := range strings.Lines(words(i.plain)) {
		line = plainly(line)
		if (noSecretTexts.MatchString(line) || noSecretElsewhere.MatchString(line)) && (i.plain.Status >= 500 || ofConfiguration.MatchString(line)) || lostVariable(line) {
			said = "its answer says so: " + i.seen(i.plain)
			break
		}
	}
	if said == "" && i.plain.Status >= http.StatusInternalServerError {
		for _, line := range i.r.Log() {
			if noSecretTexts.MatchString(plainly(line)) || noSecretElsewhere.MatchString(line) || lostVariable(line) {
				said = "it answers " + i.seen(i.plain) + ", and its output says: " + i.r.Redact(strings.TrimSpace(line))
				break
			}
		}
	}
	if said == "" {
		return nil
	}
	return i.secretLost(said)
}

// noSecretInLog is for a receiver that refuses as if a signature were wrong, and whose
// output says that it has no secret. A line in the output may be older than the
// delivery, and speak of a variable that another takes the place of: it counts only
// once no experiment has explained the refusal.
func (i *investigation) noSecretInLog() *report.Diagnosis {
	for _, line := range i.r.Log() {
		if lostVariable(line) {
			return i.secretLost("it answers " + i.seen(i.plain) + ", and its output says: " + i.r.Redact(strings.TrimSpace(line)))
		}
	}
	return nil
}

func (i *investigation) secretLost(said string) *report.Diagnosis {
	d := &report.Diagnosis{
		Cause:   "secret-not-configured",
		Summary: "the receiver has no signing secret to verify with; " + said,
		Fix:     "Set the secret where the receiver runs, under the name that it reads, and start it again.",
	}
	switch {
	case i.r.Handed:
		d.Fix = "It was handed to the function that makes the handler: verify with that one."
	case i.r.Started:
		d.Fix = "It got its secret in the environment variable " + i.r.SecretEnv + ". If it reads another, name that with --secret-env NAME (target.secret_env in the config file)."
	}
	return d
}

// undecodable are what decoders of base64 say of a text that is none: Python, Go, Java,
// .NET, Ruby and browsers.
var undecodable = regexp.MustCompile(`(?i)incorrect padding|binascii\.Error|illegal base64|invalid base-?64|not (a )?valid base-?64|wrong 4-byte ending unit|number of data characters .{0,20}cannot be 1 more than|ArgumentError.{0,20}invalid base64|InvalidCharacterError|not correctly encoded`)

// secretUnreadable is for a receiver that fails where it decodes base64, as its output or
// its answer says. Without a signature in the request it can only be the secret.
func (i *investigation) secretUnreadable() *report.Diagnosis {
	if i.plain.Status < http.StatusInternalServerError {
		return nil
	}
	for _, line := range append(i.r.Log(), text(i.plain)) {
		if !undecodable.MatchString(line) {
			continue
		}
		d := &report.Diagnosis{
			Cause:   "secret-not-decodable",
			Summary: "the receiver fails where it decodes base64, of the secret or of the signature: it answers " + i.seen(i.plain) + ", and says: " + i.r.Redact(strings.TrimSpace(line)),
			Fix:     "Take off whsec_ as a prefix (removeprefix, slice(6), not lstrip), leave the '=' at the end of the secret, and base64-decode the rest with the standard alphabet. " + i.secretHint(),
		}
		if i.facts.unsigned.print != "" && i.same(i.facts.unsigned, i.facts.again) {
			d.Summary = "the receiver cannot decode its secret: it answers " + i.seen(i.plain) + ", also to a request without a signature, and says: " + i.r.Redact(strings.TrimSpace(line))
		}
		return d
	}
	return nil
}
