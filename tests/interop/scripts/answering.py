"""What the Python peers of grid.py share: each message of `exchange write` is read, and answered with one of
the same kind to the same key. JSON lines in and out.

A peer has: `key(jwk)`; `generate(jwk)`, a fresh key of the same kind, as JWK; `lacks(line)` and
`lacks_reading(line)`, `lacks_writing(line)`, why it cannot, where it cannot (then it must indeed fail);
`read(line, keys)`, the payload and the header; `write(line, keys)`, the token.
"""

import base64
import json
import sys


def say(**line):
    print(json.dumps(line), flush=True)


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(line):
    """What a message shall say and hold: payload and additional data as bytes."""
    return decode(line["payload"]), decode(line["aad"]) if line["aad"] else None


def tampered(token):
    def bend(text):
        return ("B" if text[0] == "A" else "A") + text[1:]

    if not token.startswith("{"):
        head, _, last = token.rpartition(".")
        return f"{head}.{bend(last)}"
    message = json.loads(token)
    for place in (message, *message.get("signatures", [])):
        for name in ("tag", "signature"):
            if name in place:
                place[name] = bend(place[name])
    return json.dumps(message)


def attempt(lacks, name, act):
    """What `act` gives; nothing where it cannot, and that is told."""
    try:
        outcome = act()
    except Exception as error:  # any failure is a disagreement, or a lack
        if lacks:
            say(kind="lack", name=name, why=lacks)
        else:
            say(kind="verdict", name=name, ok=False, error=repr(error)[:300])
        return None
    if lacks:
        say(kind="verdict", name=name, ok=False, error=f"it works after all, though {lacks}")
        return None
    return outcome


def read(peer, line, keys):
    name = f"reads {line['name']}"
    lacks = peer.lacks(line) or peer.lacks_reading(line)

    def act():
        payload, header = peer.read(line, keys)
        wrong = {name: header.get(name) for name, value in line["header"].items() if header.get(name) != value}
        if payload != decode(line["payload"]) or wrong:
            raise ValueError(f"another message: {payload[:50]} {wrong}")
        if line["header"].get("cty") == "jwk+json":
            peer.key(json.loads(payload))
        for jwk in json.loads(payload)["keys"] if line["header"].get("cty") == "jwk-set+json" else []:
            peer.key(jwk)
        if line["inner"]:
            within = line | {"kind": "jws", "form": "compact", "kids": [line["inner"]], "token": payload.decode()}
            peer.read(within | {"alg": line["inner"], "header": {}}, keys)
        return True

    if not attempt(lacks, name, act):
        return
    say(kind="verdict", name=name, ok=True, error="")
    try:
        peer.read(line | {"token": tampered(line["token"])}, keys)
    except Exception:  # whatever it says
        return
    say(kind="verdict", name=f"{name}, tampered", ok=False, error="it reads that, too")


def write(peer, line, keys):
    lacks = peer.lacks(line) or peer.lacks_writing(line)
    token = attempt(lacks, f"writes {line['name']}", lambda: peer.write(line, keys))
    if token is not None:
        say(**line | {"token": token if isinstance(token, str) else json.dumps(token)})


def run(peer):
    keys, fresh = {}, set()
    lines = [json.loads(line) for line in sys.stdin]
    for line in lines:
        if line["kind"] != "key":
            continue
        kid, alg = line["name"], line["alg"]
        lacks = peer.lacks(line)
        if lacks:
            say(kind="lack", name=f"the key {kid}", why=lacks)
            continue
        keys[kid] = {"private": peer.key(line["jwk"]), "public": peer.key(line["public"]), "alg": alg}
        # One of its own, which it is told from ours by.
        own = f"{kid} of its own"
        private, public = peer.generate(line["jwk"] | {"kid": own})
        say(**line | {"name": own, "jwk": private, "public": public})
        keys[own] = {"private": peer.key(private), "public": peer.key(public), "alg": alg}
    for line in lines:
        if line["kind"] == "key":
            continue
        if len(line["kids"]) > 1:
            line["kids"] = [kid for kid in line["kids"] if kid in keys]
        read(peer, line, keys)
        write(peer, line, keys)
        # The first message to each key is answered with the peer's own, too.
        kid = line["kids"][0]
        if len(line["kids"]) == 1 and kid not in fresh and not peer.lacks(line) and not peer.lacks_writing(line):
            fresh.add(kid)
            write(peer, line | {"name": f"{line['name']}, key of its own", "kids": [f"{kid} of its own"]}, keys)
