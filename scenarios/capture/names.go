package capture

import (
	"regexp"
	"strings"

	"github.com/sentsim/sentsim/simulator/signing"
)

// Role is what a header is to a delivery.
type Role int

// The roles. Other is every header that says nothing about the signature.
const (
	Other Role = iota
	ID
	Timestamp
	Signature
	EventType
	EventID
)

// Spelling is how far the name of a header is from the one that Sent sends.
type Spelling int

// The spellings. Printed is the same name as a program prints it (x_webhook_id,
// HTTP_X_WEBHOOK_ID); Renamed is another name (svix-id).
const (
	Exact Spelling = iota
	Printed
	Renamed
)

// sentNames are the names of the headers by their role.
func sentNames() map[Role]string {
	return map[Role]string{
		ID: signing.HeaderID, Timestamp: signing.HeaderTimestamp, Signature: signing.HeaderSignature,
		EventType: signing.HeaderEventType, EventID: "X-Webhook-Event-ID",
	}
}

// Name is the header that Sent sends for a role; "" for Other.
func (r Role) Name() string { return sentNames()[r] }

// RoleOf tells what the header called name is, and how its name is spelled.
func RoleOf(name string) (Role, Spelling) {
	for role, sent := range sentNames() {
		if strings.EqualFold(name, sent) {
			return role, Exact
		}
	}
	plain := plainName(name)
	for role, sent := range sentNames() {
		if plain == plainName(sent) {
			return role, Printed
		}
	}
	for _, family := range []string{"webhook", "svix", "sentwebhook", "sent", "wh"} {
		switch rest, ok := strings.CutPrefix(withoutPrefixes(plain), family); {
		case !ok:
		case rest == "id" || rest == "msgid" || rest == "messageid":
			return ID, Renamed
		case rest == "timestamp" || rest == "ts":
			return Timestamp, Renamed
		case rest == "signature" || rest == "sig":
			return Signature, Renamed
		case rest == "eventtype":
			return EventType, Renamed
		case rest == "eventid":
			return EventID, Renamed
		}
	}
	return prefixed(name, plain), Renamed
}

// prefixed is the role of a header before whose name a relay has put another one
// (X-Acme-Webhook-ID). Other services have names like these.
func prefixed(name, plain string) Role {
	if !strings.Contains(name, "-") || senderOf(name) != "" {
		return Other
	}
	for _, role := range []Role{EventID, EventType, ID, Timestamp, Signature} {
		if strings.HasSuffix(plain, strings.TrimPrefix(plainName(role.Name()), "x")) {
			return role
		}
	}
	return Other
}

// Shaped are the headers without a role whose values have the form of one: a
// signature, and under a name that says so a time or an id. Only a signature that
// is right tells that they are what they look like.
func (r Request) Shaped(role Role) (values, names []string) {
	form, called := map[Role]string{
		ID:        `^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`,
		Timestamp: `^1[5-9]\d{8}$`,
		Signature: `^v1,[A-Za-z0-9+/]{43}=$`,
	}[role], map[Role]string{ID: `(?i)(?:^|[-_])id$`, Timestamp: `(?i)time|[-_]ts$`}[role]
	if form == "" {
		return nil, nil
	}
	value, name := regexp.MustCompile(form), regexp.MustCompile(called)
	for _, h := range r.Headers {
		if RoleOfIs(h.Name, Other) && name.MatchString(h.Name) && value.MatchString(h.Value) {
			values, names = append(values, h.Value), append(names, h.Name)
		}
	}
	return values, names
}

// plainName is a name without what programs change in it: case, dashes, the
// prefixes of CGI and of variables.
func plainName(name string) string {
	plain := strings.ToLower(name)
	if i := strings.LastIndexAny(plain, ".[$"); i >= 0 { // req.headers.x, $http_x
		plain = plain[i+1:]
	}
	for strings.HasPrefix(plain, "redirect_") { // Apache, once for each time that it rewrites a URL
		plain = strings.TrimPrefix(plain, "redirect_")
	}
	plain = strings.TrimPrefix(strings.TrimPrefix(plain, "http_"), "http-")
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, plain)
}

// withoutPrefixes takes away what proxies put before a name that they keep.
func withoutPrefixes(plain string) string {
	for changed := true; changed; {
		changed = false
		for _, prefix := range []string{"xamzmeta", "xamz", "original", "forwarded", "orig", "header", "headers", "custom", "integration", "xx", "x"} {
			if rest, ok := strings.CutPrefix(plain, prefix); ok && rest != "" {
				plain, changed = rest, true
			}
		}
	}
	return plain
}

// OtherSender is the name of the service that sends headers like these, if it
// is not Sent, and the header that tells; "" when none does.
func (r Request) OtherSender() (service, header string) {
	for _, h := range r.Headers {
		name := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(strings.ToLower(h.Name), "http_")), "_", "-")
		if name == "x-hub-signature" || name == "x-hub-signature-256" { // GitHub's name, which Meta took over
			if r.Get("X-GitHub-Event") == "" && r.Get("X-GitHub-Delivery") == "" {
				return "GitHub or Meta (Facebook, WhatsApp, Instagram)", h.Name
			}
			return "GitHub", h.Name
		}
		if service := senderOf(name); service != "" {
			return service, h.Name
		}
	}
	return "", ""
}

// senderOf is the service that has headers with a name like this; "" where none is known.
func senderOf(name string) string {
	name = strings.ToLower(name)
	for _, s := range senders() {
		if strings.HasPrefix(name, s.prefix) {
			return s.service
		}
	}
	return ""
}

// senders are the headers that other services sign their webhooks with.
func senders() []struct{ prefix, service string } {
	return []struct{ prefix, service string }{
		{"stripe-signature", "Stripe"},
		{"x-github-", "GitHub"},
		{"x-gitlab-", "GitLab"},
		{"x-slack-signature", "Slack"},
		{"x-slack-request-timestamp", "Slack"},
		{"x-twilio-email-event-webhook-", "SendGrid (Twilio)"},
		{"x-twilio-", "Twilio"},
		{"i-twilio-", "Twilio"},
		{"x-shopify-", "Shopify"},
		{"x-sendgrid-", "SendGrid (Twilio)"},
		{"messagebird-", "MessageBird (Bird)"},
		{"x-messagebird-", "MessageBird (Bird)"},
		{"x-vonage-", "Vonage"},
		{"x-nexmo-", "Vonage"},
		{"x-plivo-", "Plivo"},
		{"telnyx-", "Telnyx"},
		{"x-telnyx-", "Telnyx"},
		{"x-infobip-", "Infobip"},
		{"x-sinch-", "Sinch"},
		{"bandwidth-", "Bandwidth"},
		{"x-line-signature", "LINE"},
		{"x-telegram-bot-api-secret-token", "Telegram"},
		{"x-viber-", "Viber"},
		{"paypal-", "PayPal"},
		{"paddle-signature", "Paddle"},
		{"x-paystack-", "Paystack"},
		{"x-razorpay-", "Razorpay"},
		{"x-square", "Square"},
		{"x-cc-webhook-signature", "Coinbase Commerce"},
		{"x-wc-webhook-", "WooCommerce"},
		{"x-hubspot-", "HubSpot"},
		{"x-zm-signature", "Zoom"},
		{"x-discord-", "Discord"},
		{"x-signature-ed25519", "Discord"},
		{"x-mailgun-", "Mailgun"},
		{"x-mandrill-signature", "Mandrill (Mailchimp)"},
		{"x-amz-sns-", "Amazon SNS"},
		{"x-goog-", "Google"},
		{"typeform-signature", "Typeform"},
		{"calendly-webhook-signature", "Calendly"},
		{"x-cal-signature", "Cal.com"},
		{"linear-signature", "Linear"},
		{"sentry-hook-", "Sentry"},
		{"x-pagerduty-", "PagerDuty"},
		{"intercom-", "Intercom"},
		{"x-zendesk-", "Zendesk"},
		{"x-docusign-", "DocuSign"},
		{"x-xero-signature", "Xero"},
		{"intuit-signature", "QuickBooks (Intuit)"},
		{"x-dropbox-signature", "Dropbox"},
		{"x-figma-", "Figma"},
		{"x-atlassian-", "Atlassian"},
		{"x-event-key", "Bitbucket"},
		{"x-circleci-", "CircleCI"},
		{"circleci-signature", "CircleCI"},
		{"x-vercel-signature", "Vercel"},
		{"x-netlify-", "Netlify"},
		{"x-contentful-", "Contentful"},
		{"x-okta-", "Okta"},
		{"x-auth0-", "Auth0"},
		{"plaid-verification", "Plaid"},
		{"adyen", "Adyen"},
		{"mollie", "Mollie"},
		{"x-lemon", "Lemon Squeezy"},
		{"x-patreon-", "Patreon"},
		{"x-twitter-webhooks-", "Twitter (X)"},
		{"twitch-eventsub-", "Twitch"},
		{"x-adobe-", "Adobe"},
		{"x-airtable-", "Airtable"},
		{"x-asana-", "Asana"},
		{"x-hook-secret", "Asana"},
		{"x-hook-signature", "Asana"},
		{"x-trello-webhook", "Trello"},
		{"x-webflow-", "Webflow"},
		{"x-360dialog", "360dialog"},
		{"x-gupshup", "Gupshup"},
		{"x-clicksend", "ClickSend"},
	}
}
