"""An end-to-end test of an app against sentsim, with nothing but Python:

    sentsim serve --clock virtual &
    python3 e2e.py
"""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

BASE = os.environ.get("SENT_BASE_URL", "http://127.0.0.1:8700")
KEY = os.environ.get("SENT_DM_API_KEY", "sentsim")


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"x-api-key": KEY, "content-type": "application/json"}
    try:
        with urlopen(Request(BASE + path, data, headers, method=method), timeout=60) as res:
            return json.load(res)["data"]
    except HTTPError as err:
        raise AssertionError(f"{method} {path}: {err.read().decode()}") from None


# The app under test: it keeps each message's status, and answers who writes to it.
statuses = {}


class App(BaseHTTPRequestHandler):
    def do_POST(self):
        delivery = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        payload = delivery["payload"]
        if delivery["event"] == "message.received":
            call("POST", "/v3/messages", {"to": [payload["inbound_number"]], "text": "Thanks!"})
        else:
            statuses[payload["message_id"]] = payload["message_status"]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


app = ThreadingHTTPServer(("127.0.0.1", 0), App)
threading.Thread(target=app.serve_forever, daemon=True).start()

# Begin anew, and register the app's webhook.
call("POST", "/_sentsim/reset")
url = f"http://127.0.0.1:{app.server_port}/webhooks/sent"
hook = call("POST", "/v3/webhooks", {"display_name": "app", "endpoint_url": url})

# A message to a magic number is read. Its first delivery is lost on the way, so a
# retry brings it a minute later: on the virtual clock that takes no time at all.
call("POST", "/_sentsim/faults", {"fault": "refuse", "event_type": "message.queued"})
sent = call("POST", "/v3/messages", {"to": ["+15005550100"], "channel": ["whatsapp"], "text": "Hello"})
call("POST", "/_sentsim/wait")
message_id = sent["recipients"][0]["message_id"]
assert call("GET", f"/v3/messages/{message_id}")["status"] == "READ"
assert message_id in statuses

# Everything that was delivered, with every attempt.
deliveries = call("GET", f"/_sentsim/deliveries?webhook_id={hook['id']}")["deliveries"]
assert [a["outcome"] for a in deliveries[0]["attempts"]] == ["refused", "answered"]
assert all(d["delivery_status"] == "DELIVERED" for d in deliveries)

# A contact writes, and the app answers once.
call("POST", "/_sentsim/inbound", {"from": "+14155550123", "text": "Is it ready?"})
call("POST", "/_sentsim/wait")
messages = call("GET", "/_sentsim/messages?search=" + quote("+14155550123"))["messages"]
assert [(m["direction"], m["message_body"]["content"]) for m in messages] == [
    ("inbound", "Is it ready?"),
    ("outbound", "Thanks!"),
]

# Any event, at any time: this one says that a message was delivered a second time.
call("POST", "/_sentsim/events", {"type": "message.delivered", "payload": {"message_id": message_id}})
call("POST", "/_sentsim/clock/advance", {"by": "1h"})

app.shutdown()
print("ok")
