"""PyJWT's side: verifies the lines of `mint` on standard input, then mints its own. JSON lines out."""

import base64
import datetime
import hashlib
import hmac
import json
import sys
import time

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

ISSUER = "https://id.example"
NOW = int(time.time())


def say(**line):
    print(json.dumps(line), flush=True)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def tampered(token):
    head, _, signature = token.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def verify(line):
    alg = line["alg"]
    if alg not in jwt.algorithms.get_default_algorithms():
        say(kind="skip", name=f"{alg}: PyJWT has no such algorithm")
        return
    keys = {"JWK": jwt.PyJWK(line["jwk"], algorithm=alg).key}
    found = jwt.PyJWKSet.from_dict({"keys": [line["jwk"]]})[line["kid"]]
    keys["JWK Set"] = found.key
    if line["spki"]:
        keys["SPKI PEM"] = line["spki"]
    options = {"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]}
    for road, key in keys.items():
        name = f"{alg}, {line['name']}, key as {road}"
        try:
            claims = jwt.decode(
                line["token"], key, algorithms=[alg], issuer=ISSUER, audience="api", options=options
            )
            header = jwt.get_unverified_header(line["token"])
            good = claims["role"] == "admin" and claims["näme"] == 'Zoë "q" \U0001f511'
            good = good and header["kid"] == line["kid"] and header["typ"] == "JWT"
            say(kind="verdict", name=name, ok=good, error="" if good else f"{header} {claims}")
        except Exception as error:  # any refusal is a disagreement
            say(kind="verdict", name=name, ok=False, error=repr(error))
        try:
            jwt.decode(tampered(line["token"]), key, algorithms=[alg], audience="api")
            say(kind="verdict", name=f"{name}, tampered", ok=False, error="accepted")
        except jwt.InvalidTokenError:
            say(kind="verdict", name=f"{name}, tampered", ok=True, error="")


def certificate(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "id.example")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER), made.public_bytes(serialization.Encoding.PEM).decode()


def fresh(alg):
    """A private key, or a secret."""
    if alg.startswith("HS"):
        return hashlib.sha512(alg.encode() + str(time.time_ns()).encode()).digest()
    if alg[:2] in ("RS", "PS"):
        return rsa.generate_private_key(65537, 2048)
    curves = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1, "ES256K": ec.SECP256K1}
    return ec.generate_private_key(curves[alg]()) if alg in curves else ed25519.Ed25519PrivateKey.generate()


def public_jwk(alg, key, kid):
    """As providers publish it: with everything they like to put beside the key."""
    family = jwt.algorithms.get_default_algorithms()[alg]
    if isinstance(key, bytes):
        return json.loads(family.to_jwk(key)) | {"kid": kid, "alg": alg}
    jwk = json.loads(family.to_jwk(key.public_key())) | {"kid": kid, "alg": alg, "use": "sig"}
    jwk |= {"key_ops": ["verify"], "issuer": ISSUER, "ext": True, "nbf": NOW, "vendor": {"a": [1, None]}}
    if alg[:2] in ("RS", "PS"):
        der, _ = certificate(key)
        jwk["x5c"] = [base64.b64encode(der).decode()]
        jwk["x5t"] = b64(hashlib.sha1(der).digest())
        jwk["x5t#S256"] = b64(hashlib.sha256(der).digest())
    return jwk


def pems(key):
    if isinstance(key, bytes):
        return {}
    public = key.public_key()
    out = {
        "SPKI": public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    }
    private = serialization.PrivateFormat
    out["PKCS#8"] = key.private_bytes(serialization.Encoding.PEM, private.PKCS8, serialization.NoEncryption())
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        out["traditional"] = key.private_bytes(
            serialization.Encoding.PEM, private.TraditionalOpenSSL, serialization.NoEncryption()
        )
    if isinstance(key, rsa.RSAPrivateKey):
        out["PKCS#1 public"] = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    out = {name: pem.decode() for name, pem in out.items()}
    out["certificate"] = certificate(key)[1]
    return out


def claims(**others):
    base = {"iss": ISSUER, "aud": "api", "sub": "7", "iat": NOW, "nbf": NOW, "exp": NOW + 600}
    base |= {"role": "admin", "nested": {"a": [1, 2.5, None, "ü"]}}
    return {name: value for name, value in (base | others).items() if value is not ...}


def mint():
    algs = [alg for alg in jwt.algorithms.get_default_algorithms() if alg not in ("none", "ES521")]
    for alg in algs:
        key, kid = fresh(alg), f"pyjwt-{alg}"
        say(kind="key", alg=alg, kid=kid, jwk=public_jwk(alg, key, kid), pems=pems(key))

        def token(name, expect, body, headers=None, key=key, alg=alg, kid=kid):
            headers = {"kid": kid} if headers is None else headers
            text = jwt.encode(body, key, algorithm=alg, headers=headers)
            say(kind="token", alg=alg, kid=kid, name=name, token=text, expect=expect)

        token("plain", "ok", claims())
        token("aud an array", "ok", claims(aud=["admin", "api"]))
        token("fractional dates", "ok", claims(iat=NOW + 0.25, nbf=NOW - 0.5, exp=NOW + 600.75))
        token("typ at+jwt", "ok", claims(), {"kid": kid, "typ": "at+jwt"})
        token("no typ", "ok", claims(), {"kid": kid, "typ": None})
        token("header members of its own", "ok", claims(), {"kid": kid, "jku": "https://x.example", "n": {"a": 1}})
        token("expired", "token_expired", claims(exp=NOW - 1))
        token("not valid yet", "token_not_yet_valid", claims(nbf=NOW + 3600))
        token("another audience", "wrong_audience", claims(aud=["ops"]))
        token("another issuer", "wrong_issuer", claims(iss=ISSUER + "/"))
        token("no audience", "missing_claim", claims(aud=...))
        token("no expiry", "missing_claim", claims(exp=...))
        token("crit", "unsupported_header", claims(), {"kid": kid, "crit": ["policy"], "policy": "strict"})
        token("unknown kid", "unknown_key", claims(), {"kid": "elsewhere"})
        text = jwt.encode(claims(), key, algorithm=alg, headers={"kid": kid})
        say(kind="token", alg=alg, kid=kid, name="tampered", token=tampered(text), expect="unauthentic")
        head, payload, signature = text.split(".")
        say(kind="token", alg=alg, kid=kid, name="no signature", token=f"{head}.{payload}.", expect="unauthentic")
        unsigned = jwt.encode(claims(), None, algorithm="none", headers={"kid": kid})
        say(kind="token", alg=alg, kid=kid, name="alg none", token=unsigned, expect="algorithm_mismatch")
        if alg == "RS256":  # the public key as a shared secret; PyJWT itself refuses to do it
            head = b64(json.dumps({"alg": "HS256", "typ": "JWT", "kid": kid}).encode())
            body = f"{head}.{b64(json.dumps(claims()).encode())}"
            mac = hmac.new(pems(key)["SPKI"].encode(), body.encode(), "sha256").digest()
            forged = f"{body}.{b64(mac)}"
            say(kind="token", alg=alg, kid=kid, name="RS as HS", token=forged, expect="algorithm_mismatch")


def odd_keys():
    """What stands in real sets beside the keys that one needs."""
    good = rsa.generate_private_key(65537, 2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(good.public_key()))
    encryption = jwk | {"kid": "encryption", "use": "enc", "alg": "RSA-OAEP-256", "key_ops": ["wrapKey"]}
    weak = rsa.generate_private_key(65537, 1024)
    weak = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(weak.public_key())) | {"kid": "weak"}
    okp = ed448.Ed448PrivateKey.generate().public_key()
    okp = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(okp)) | {"kid": "ed448"}
    yield from (encryption, weak, okp)
    yield {"kty": "AKP", "alg": "ML-DSA-44", "kid": "post-quantum", "pub": "AAAA"}
    yield {"kty": "EC", "crv": "P-256", "kid": "off the curve", "x": b64(b"\1" * 32), "y": b64(b"\2" * 32)}
    yield {"kty": "EC", "crv": "P-256", "kid": "short", "x": "AQ", "y": "AQ"}
    yield {"kty": "RSA", "kid": "broken", "n": "not base64!", "e": "AQAB"}
    yield {"kty": "RSA", "kid": "no modulus", "e": "AQAB"}
    yield {"kid": "no type"}
    yield {"kty": 7, "kid": "type of a wrong type"}
    yield "not even an object"


for text in sys.stdin:
    verify(json.loads(text))
mint()
for odd in odd_keys():
    say(kind="odd", jwk=odd)
