package config

import (
	"strings"

	"github.com/sentsim/sentsim/simulator/event"
)

// Template is the config file that `sentsim init` writes: every key with what it
// means, all of it commented out but the harmless defaults, so that it loads as
// it is.
func Template() string { return template() }

func template() string {
	return `# How sentsim reaches your webhook receiver and what it expects of it.
# Flags override environment variables, and those override this file.
# ${NAME} stands for an environment variable; write $${ for the characters.
# sentsim config shows what every setting has become, and where it came from.

target:
  # One of these. Without any, sentsim runs against its own reference receiver.
  #
  # A receiver that runs already:
  # url: http://127.0.0.1:8080/webhooks/sent
  #
  # A receiver that sentsim starts, with PORT, its signing secret and
  # SENT_BASE_URL in its environment, in the folder of this file. No shell is
  # involved; $PORT is the port that was chosen.
  # exec: node server.js
  #
  # A container that sentsim starts, from an image (pulled if the engine does not
  # have it) or from a Dockerfile and the folder that it stands in. It gets the
  # same variables, with PORT being the port that its image exposes.
  # image: my-receiver:ci
  # dockerfile: .

  # The signing secret. A receiver that runs already has one, so name it here
  # (or use --secret-stdin). For one that sentsim starts, a secret is made when
  # none is given.
  # secret: ${SENT_DM_WEBHOOK_SECRET}

  # Only for exec and containers:
  # dir: ./server                 # where exec is started, relative to this file
  # path: /webhooks/sent          # of the webhook
  # port: 8080                    # left out: a free one; for a container the one that it exposes
  # env: {STATE_FILE: ./state.db}
  # secret_env: SENT_DM_WEBHOOK_SECRET   # the variable that carries the secret
  # ready: /healthz               # or {port: 8080}, or {log: "listening on"}

  # Only for url: how to give it a new secret, and how to restart it. A command
  # gets the secret in its environment, a URL in a POST of {"secret":"whsec_…"}.
  # rotate: {exec: ./rotate.sh}   # or {url: "http://127.0.0.1:8081/rotate"}
  # restart: {exec: ./restart.sh} # or {url: "http://127.0.0.1:8081/restart"}

  # Only for an app that keeps no messages but those that it sent itself: how it
  # is made to send one, for each message that a run needs. It must send through
  # SENT_BASE_URL, or keep the {message_id} that it is told. {from} is known too.
  # arrange: {method: POST, url: /test/orders, body: '{"phone":"{to}","channel":"{channel}"}'}
  # or arrange: {exec: "./make-order {to} {channel}"}

  start_timeout: 30s

# How to read the receiver's state. Many rules ask what the receiver keeps, not
# only what it answers; without a probe they are reported as not checked.
# The paths are JSONPath (RFC 9535); a 404 means that it knows nothing of it.
# effects counts how often a message took effect: a number, or a list that has
# one entry for each, e.g. the rows of a log. For {"status":"SENT","log":[7,9]}
# it is "$.log", and 2.
# A command may stand in place of a url. It prints JSON, or nothing for what the
# receiver does not know; it runs where the target does, without a shell:
#   exec: "sqlite3 -json state.db \"SELECT status FROM messages WHERE id = '{message_id}'\""
#   status: "$[0].status"
probe:
  # message:  {url: "/state/messages/{message_id}", status: "$.status", effects: "$.effects"}
  #   its own words, null being a status that it does not keep; and its channels:
  #   statuses: {QUEUED: accepted, ROUTED: accepted, READ: null}
  #   channels: [sms, whatsapp]
  # inbound:  {url: "/state/inbound?from={from}", count: "$.count"}
  # template: {url: "/state/templates/{template_id}", status: "$.status", effects: "$.effects"}
  # contact:  {url: "/state/contacts?number={from}", opted_out: "$.opted_out"}
  # headers: {Authorization: "Bearer ${STATE_TOKEN}"}

# How long state may lag behind the acknowledgement.
settle: 2s

# Sent's side, as your account has it. What Sent sends has changed: an edition is
# Sent as it was at one time (sentsim events --edition 2025 describes one). Single
# knobs override a part of it; sentsim config --knobs lists them.
knobs:
  edition: ` + event.NewestEdition().Name + `              # or ` + strings.Join(event.EditionNames()[1:], ", ") + `
  # numbers: digits             # without +
  # extended: true              # scheduled, cancelled, filtered, blocked, reroutes
  # ack_within: 1s              # for ACK-1

# What a run takes, with their flags: --strict, --rule, --tags, --seed, ...
# strict: false                 # SHOULD rules fail the run too
# rules: [SIG, ACK-3]           # only these
# skip: [TOL-8, CON]           # all but these
# tags: "not @slow"
# features: [tests/stories.feature]   # scenarios of your own instead of the contract's
# seed: 1
# clock: virtual                # or real, scaled=N
# fail_fast: false
# time_limit: 2m                # then the run ends in good order; rules not reached are not checked
# require_all: false            # a MUST rule that was not checked fails the run
# timeout: 10s                  # of one delivery attempt
# wait_for_target: 10s          # how long a url may take to accept connections
# headers: {X-Tunnel-Token: "${TUNNEL_TOKEN}"}   # sent with every delivery
# cacert: ./ca.pem              # or insecure: true, for an https url
# allow_public_target: ["staging.example.com:443"]
`
}
