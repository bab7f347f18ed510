//! jsonwebtoken, with the provider of cryptography that the argument names: it is a global.

use std::io;

use contestant::keys::{ED25519, P256, P384, RSA, SECRET};
use contestant::{AUDIENCE, Claims, Entries, ISSUER};
use jsonwebtoken::crypto::{aws_lc, rust_crypto};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};

fn main() -> io::Result<()> {
    let backend = std::env::args().nth(1).unwrap_or_default();
    let provider = match &*backend {
        "aws_lc_rs" => &aws_lc::DEFAULT_PROVIDER,
        "rust_crypto" => &rust_crypto::DEFAULT_PROVIDER,
        _ => return Err(io::Error::other("the argument is aws_lc_rs or rust_crypto")),
    };
    provider.install_default().expect("it is the first");
    let mut entries = Entries::default();
    let name = format!("jsonwebtoken ({backend})");

    for (alg, keys) in [
        (Algorithm::HS256, Ok((EncodingKey::from_secret(&SECRET), DecodingKey::from_secret(&SECRET)))),
        (
            Algorithm::RS256,
            EncodingKey::from_rsa_pem(RSA.private_pem.as_bytes())
                .and_then(|key| Ok((key, DecodingKey::from_rsa_pem(RSA.public_pem.as_bytes())?))),
        ),
        (
            Algorithm::PS256,
            EncodingKey::from_rsa_pem(RSA.private_pem.as_bytes())
                .and_then(|key| Ok((key, DecodingKey::from_rsa_pem(RSA.public_pem.as_bytes())?))),
        ),
        (
            Algorithm::ES256,
            EncodingKey::from_ec_pem(P256.private_pem.as_bytes())
                .and_then(|key| Ok((key, DecodingKey::from_ec_pem(P256.public_pem.as_bytes())?))),
        ),
        (
            Algorithm::ES384,
            EncodingKey::from_ec_pem(P384.private_pem.as_bytes())
                .and_then(|key| Ok((key, DecodingKey::from_ec_pem(P384.public_pem.as_bytes())?))),
        ),
        (
            Algorithm::EdDSA,
            EncodingKey::from_ed_pem(ED25519.private_pem.as_bytes())
                .and_then(|key| Ok((key, DecodingKey::from_ed_pem(ED25519.public_pem.as_bytes())?))),
        ),
    ] {
        let (signing, verifying) = keys.expect("the keys serve");
        let header = Header::new(alg);
        let mut validation = Validation::new(alg);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        entries.sign_and_verify(
            &name,
            &format!("{alg:?}"),
            Claims::clone,
            move |claims| encode(&header, claims, &signing).expect("it signs"),
            move |token| {
                Some(decode::<Claims>(token, &verifying, &validation).ok()?.claims.into_session())
            },
        );
    }
    entries.take_turns()
}
