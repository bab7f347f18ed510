"""joserfc's side of grid.py."""

import json
import warnings

from joserfc import jwe, jwk, jws
from joserfc.drafts.jwe_chacha20 import register_chacha20_poly1305
from joserfc.jwa import JWE_ALG_MODELS, JWE_ENC_MODELS, JWS_ALGORITHMS

import answering
from answering import encode, parts

register_chacha20_poly1305()
warnings.simplefilter("ignore")  # on algorithms that are no longer recommended

JWE = [model.name for model in (*JWE_ALG_MODELS, *JWE_ENC_MODELS)] + ["XC20P", "DEF"]
JWS = [model.name for model in JWS_ALGORITHMS]
NO_KEY = jwk.OctKey.import_key(bytes(7))


def encrypting():
    # Headers of one's own it wants to know beforehand; and one of several recipients is enough.
    registry = jwe.JWERegistry(algorithms=JWE, strict_check_header=False, verify_all_recipients=False)
    registry.max_recipients = 64
    return registry


class Joserfc:
    @staticmethod
    def lacks(line):
        if line["alg"] in ("RSA-OAEP-384", "RSA-OAEP-512"):
            return "joserfc has no RSA-OAEP with SHA-384 or SHA-512"
        return None

    @staticmethod
    def lacks_reading(line):
        json_form = line["form"] != "compact"
        if line["kind"] == "jwe" and json_form and not json.dumps(line["header"], ensure_ascii=False).isascii():
            return "joserfc authenticates JSON by a protected header that it writes anew, in ASCII"
        if json_form and line["unencoded"] and line["detached"]:
            return "joserfc takes no payload beside JSON, and what is put back must be text where it is not encoded"
        return None

    @staticmethod
    def lacks_writing(line):
        if line["unencoded"] and line["detached"]:
            return "joserfc signs text alone where the payload is not encoded"
        return None

    @staticmethod
    def key(members):
        return jwk.import_key(members)

    @staticmethod
    def generate(members):
        size = members.get("crv") or (2048 if members["kty"] == "RSA" else len(answering.decode(members["k"])) * 8)
        key = jwk.generate_key(members["kty"], size, {"kid": members["kid"]})
        return key.as_dict(private=True), key.as_dict(private=members["kty"] == "oct")

    @staticmethod
    def read(line, keys):
        payload, aad = parts(line)
        if line["kind"] == "jws":
            registry = jws.JWSRegistry(algorithms=JWS, strict_check_header=False)
            keyset = jwk.KeySet([keys[kid]["public"] for kid in line["kids"]])
            if line["form"] == "compact":
                away = payload if line["detached"] else None
                token = jws.deserialize_compact(line["token"], keyset, registry=registry, payload=away)
                return token.payload, token.headers()
            message = json.loads(line["token"])
            if line["detached"]:  # as RFC 7515 appendix F says: put it back
                message["payload"] = payload.decode() if line["unencoded"] else encode(payload)
            token = jws.deserialize_json(message, keyset, registry=registry)
            return token.payload, token.members[0].headers()
        if line["form"] == "compact":
            token = jwe.decrypt_compact(line["token"], keys[line["kids"][0]]["private"], registry=encrypting())
            return token.plaintext, token.headers()
        for kid in line["kids"]:
            # It wants a key for each recipient: one for this, and for the others one that fits nothing.
            def find(recipient, kid=kid):
                return keys[kid]["private"] if recipient.headers().get("kid") == kid else NO_KEY

            token = jwe.decrypt_json(json.loads(line["token"]), find, registry=encrypting())
            if token.aad != aad:
                raise ValueError("other additional data")
        return token.plaintext, token.recipients[0].headers()

    @staticmethod
    def write(line, keys):
        payload, aad = parts(line)
        first, form = keys[line["kids"][0]], line["form"]
        if line["kind"] == "jws":
            registry = jws.JWSRegistry(algorithms=JWS, strict_check_header=False)

            def protected(kid):
                header = line["header"] | {"alg": keys[kid]["alg"], "kid": kid}
                return header | {"b64": False, "crit": ["b64"]} if line["unencoded"] else header

            if form == "compact":
                token = jws.serialize_compact(protected(line["kids"][0]), payload, first["private"], registry=registry)
            else:
                members = [{"protected": protected(kid), "header": dict(line["unprotected"])} for kid in line["kids"]]
                members = members if form == "general" else members[0]
                keyset = jwk.KeySet([keys[kid]["private"] for kid in line["kids"]])
                token = jws.serialize_json(members, payload, keyset, registry=registry)
            return jws.detach_content(token) if line["detached"] else token
        protected = line["header"] | {"enc": line["enc"]}
        if line["zip"]:
            protected["zip"] = "DEF"
        own = {name: line[name] for name in ("apu", "apv") if line[name]}
        if form == "compact":
            protected |= own | {"alg": first["alg"], "kid": line["kids"][0]}
            return jwe.encrypt_compact(protected, payload, first["public"], registry=encrypting())
        kind = jwe.GeneralJSONEncryption if form == "general" else jwe.FlattenedJSONEncryption
        message = kind(protected, payload, dict(line["unprotected"]), aad)
        for kid in line["kids"]:
            message.add_recipient(own | {"alg": keys[kid]["alg"], "kid": kid}, keys[kid]["public"])
        return jwe.encrypt_json(message, None, registry=encrypting())


answering.run(Joserfc)
