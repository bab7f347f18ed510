//! josekit, with the system's OpenSSL. Payloads are bytes here: its own claims are a map of JSON
//! values, which would have to be read into the type a second time.

use std::io;

use contestant::keys::{ED25519, P256, P384, RSA, SECRET, X25519};
use contestant::{Claims, Entries};
use josekit::JoseError;
use josekit::jwe::{self, JweDecrypter, JweEncrypter, JweHeader};
use josekit::jws::{self, JwsHeader, JwsSigner, JwsVerifier};

fn main() -> io::Result<()> {
    let mut entries = Entries::default();
    sign_and_verify(&mut entries).expect("the keys serve");
    encrypt_and_decrypt(&mut entries).expect("the keys serve");
    entries.take_turns()
}

fn sign_and_verify(entries: &mut Entries) -> Result<(), JoseError> {
    type Keys = (Box<dyn JwsSigner>, Box<dyn JwsVerifier>);
    let keys: [(&str, Keys); 6] = [
        (
            "HS256",
            (
                Box::new(jws::HS256.signer_from_bytes(SECRET)?),
                Box::new(jws::HS256.verifier_from_bytes(SECRET)?),
            ),
        ),
        (
            "RS256",
            (
                Box::new(jws::RS256.signer_from_pem(RSA.private_pem)?),
                Box::new(jws::RS256.verifier_from_pem(RSA.public_pem)?),
            ),
        ),
        (
            "PS256",
            (
                Box::new(jws::PS256.signer_from_der(RSA.private_der())?),
                Box::new(jws::PS256.verifier_from_der(RSA.public_der())?),
            ),
        ),
        (
            "ES256",
            (
                Box::new(jws::ES256.signer_from_pem(P256.private_pem)?),
                Box::new(jws::ES256.verifier_from_pem(P256.public_pem)?),
            ),
        ),
        (
            "ES384",
            (
                Box::new(jws::ES384.signer_from_pem(P384.private_pem)?),
                Box::new(jws::ES384.verifier_from_pem(P384.public_pem)?),
            ),
        ),
        (
            "EdDSA",
            (
                Box::new(jws::EdDSA.signer_from_pem(ED25519.private_pem)?),
                Box::new(jws::EdDSA.verifier_from_pem(ED25519.public_pem)?),
            ),
        ),
    ];
    for (alg, (signer, verifier)) in keys {
        let mut header = JwsHeader::new();
        header.set_token_type("JWT");
        entries.sign_and_verify(
            "josekit",
            alg,
            Claims::clone,
            move |claims| {
                jws::serialize_compact(&claims.to_json(), &header, &*signer).expect("it signs")
            },
            move |token| Claims::accept(&jws::deserialize_compact(token, &*verifier).ok()?.0),
        );
    }
    Ok(())
}

fn encrypt_and_decrypt(entries: &mut Entries) -> Result<(), JoseError> {
    type Keys = (Box<dyn JweEncrypter>, Box<dyn JweDecrypter>);
    let kw = || -> Result<Keys, JoseError> {
        let encrypter = jwe::A256KW.encrypter_from_bytes(SECRET)?;
        Ok((Box::new(encrypter), Box::new(jwe::A256KW.decrypter_from_bytes(SECRET)?)))
    };
    let keys: [(&str, &str, Keys); 6] = [
        (
            "dir+A256GCM",
            "A256GCM",
            (
                Box::new(jwe::Dir.encrypter_from_bytes(SECRET)?),
                Box::new(jwe::Dir.decrypter_from_bytes(SECRET)?),
            ),
        ),
        ("A256KW+A256GCM", "A256GCM", kw()?),
        ("A256KW+A128CBC-HS256", "A128CBC-HS256", kw()?),
        (
            "ECDH-ES P-256",
            "A256GCM",
            (
                Box::new(jwe::ECDH_ES.encrypter_from_pem(P256.public_pem)?),
                Box::new(jwe::ECDH_ES.decrypter_from_pem(P256.private_pem)?),
            ),
        ),
        (
            "ECDH-ES X25519",
            "A256GCM",
            (
                Box::new(jwe::ECDH_ES.encrypter_from_pem(X25519.public_pem)?),
                Box::new(jwe::ECDH_ES.decrypter_from_pem(X25519.private_pem)?),
            ),
        ),
        (
            "RSA-OAEP-256",
            "A256GCM",
            (
                Box::new(jwe::RSA_OAEP_256.encrypter_from_pem(RSA.public_pem)?),
                Box::new(jwe::RSA_OAEP_256.decrypter_from_pem(RSA.private_pem)?),
            ),
        ),
    ];
    for (operation, enc, (encrypter, decrypter)) in keys {
        let mut header = JweHeader::new();
        header.set_token_type("JWT");
        header.set_content_encryption(enc);
        entries.encrypt_and_decrypt(
            "josekit",
            operation,
            Claims::clone,
            move |claims| {
                let payload = claims.to_json();
                jwe::serialize_compact(&payload, &header, &*encrypter).expect("it encrypts")
            },
            move |token| Claims::accept(&jwe::deserialize_compact(token, &*decrypter).ok()?.0),
        );
    }
    Ok(())
}
