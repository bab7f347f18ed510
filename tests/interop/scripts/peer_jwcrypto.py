"""jwcrypto's side of grid.py."""

import json

from jwcrypto import jwe, jwk, jws

import answering
from answering import decode, parts

ALGS = [*jwe.default_allowed_algs, *jws.default_allowed_algs]


class Jwcrypto:
    @staticmethod
    def lacks(line):
        if line["enc"] == "XC20P":
            return "jwcrypto has no XC20P, a draft's name"
        if line["alg"] in ("RSA-OAEP-384", "RSA-OAEP-512"):
            return "jwcrypto has no RSA-OAEP with SHA-384 or SHA-512"
        return None

    @staticmethod
    def lacks_reading(line):
        if line["unencoded"] and line["form"] == "compact" and not line["detached"]:
            return "jwcrypto decodes the payload of a compact token whatever `b64` says"
        return None

    @staticmethod
    def lacks_writing(line):
        return None

    @staticmethod
    def key(members):
        return jwk.JWK(**members)

    @staticmethod
    def generate(members):
        kind = {name: members[name] for name in ("kty", "crv", "kid") if name in members}
        if kind["kty"] == "oct":
            kind["size"] = len(decode(members["k"])) * 8
        if kind["kty"] == "RSA":
            kind["size"] = 2048
        key = jwk.JWK.generate(**kind)
        private = key.export(as_dict=True)
        return private, private if kind["kty"] == "oct" else key.export_public(as_dict=True)

    @staticmethod
    def read(line, keys):
        payload, aad = parts(line)
        if line["kind"] == "jws":
            token = jws.JWS()
            token.allowed_algs = ALGS
            token.deserialize(line["token"])
            for kid in line["kids"]:
                token.verify(keys[kid]["public"], detached_payload=payload if line["detached"] else None)
            header = token.jose_header
            read = payload if line["detached"] else token.payload
            read = read if isinstance(read, bytes) else read.encode()
            return read, header[0] if isinstance(header, list) else header
        for kid in line["kids"]:
            token = jwe.JWE(algs=ALGS)
            token.deserialize(line["token"], keys[kid]["private"])
            if token.objects.get("aad") != aad:
                raise ValueError("other additional data")
        header = token.jose_header
        return token.payload, header[0] if isinstance(header, list) else header

    @staticmethod
    def write(line, keys):
        payload, aad = parts(line)
        first = keys[line["kids"][0]]
        compact = line["form"] == "compact"
        if line["kind"] == "jws":
            # What stands in JSON as it is must be text.
            token = jws.JWS(payload.decode() if line["unencoded"] and not line["detached"] else payload)
            token.allowed_algs = ALGS
            for kid in line["kids"]:
                protected = line["header"] | {"alg": keys[kid]["alg"], "kid": kid}
                if line["unencoded"]:
                    protected |= {"b64": False, "crit": ["b64"]}
                token.add_signature(keys[kid]["private"], None, protected, None if compact else line["unprotected"])
            if line["detached"]:
                token.detach_payload()
            text = token.serialize(compact)
            if line["form"] == "general" and "signatures" not in json.loads(text):
                # One signature it flattens; the general form is the same members, one level down.
                flat = json.loads(text)
                one = {name: flat.pop(name) for name in ("protected", "header", "signature") if name in flat}
                text = json.dumps(flat | {"signatures": [one]})
            return text
        protected = line["header"] | {"enc": line["enc"]}
        if line["zip"]:
            protected["zip"] = "DEF"
        parties = {name: line[name] for name in ("apu", "apv") if line[name]}
        general = line["form"] == "general"
        if not general:
            protected |= parties | {"alg": first["alg"], "kid": line["kids"][0]}
        token = jwe.JWE(
            payload, protected, None if compact else line["unprotected"], aad, ALGS, flattened=not general
        )
        for kid in line["kids"]:
            header = parties | {"alg": keys[kid]["alg"], "kid": kid} if general else None
            token.add_recipient(keys[kid]["public"], header)
        return token.serialize(compact)


answering.run(Jwcrypto)
