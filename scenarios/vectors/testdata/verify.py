"""A unit test with the vectors of sentsim: python3 verify.py vectors.json"""

import base64
import hashlib
import hmac
import json
import sys


def verify(headers, body, secret, now):
    """True if Sent signed this body within 300 s of now."""
    headers = {name.lower(): value for name, value in headers.items()}
    webhook, stamp = headers.get("x-webhook-id"), headers.get("x-webhook-timestamp")
    if not webhook or not stamp or not stamp.isascii() or not stamp.isdigit():
        return False
    if abs(now - int(stamp)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = webhook.encode("latin-1") + b"." + stamp.encode() + b"." + body
    want = b"v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
    given = headers.get("x-webhook-signature", "").encode("latin-1").split(b" ")
    return any(hmac.compare_digest(one, want) for one in given)


def main(file):
    with open(file, encoding="utf-8") as f:
        vectors = json.load(f)["vectors"]
    wrong = 0
    for v in vectors:
        body = base64.b64decode(v["body_base64"]) if v["body"] is None else v["body"].encode()
        if verify(v["headers"], body, v["secret"], v["now"]) != (v["expect"] == "accept"):
            wrong += 1
            print(f"{v['id']} ({v['rule']}): not {v['expect']}ed. {v['why']}")
    print(f"{len(vectors) - wrong} of {len(vectors)} right")
    return 1 if wrong or not vectors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
