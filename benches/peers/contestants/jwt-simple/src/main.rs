//! jwt-simple, with BoringSSL as it is by default. Its claims are taken by value, so each token pays
//! for a copy. Where it lacks the algorithm of a row, it enters with the nearest and says so.

use std::io;

use contestant::keys::{ED25519, P256, P384, RSA, SECRET, X25519};
use contestant::{AUDIENCE, Entries, ISSUER, Session};
use jwt_simple::prelude::*;

fn main() -> io::Result<()> {
    let mut entries = Entries::default();
    jws(&mut entries).expect("the keys serve");
    jwe(&mut entries).expect("the keys serve");
    entries.take_turns()
}

/// A key pair of each signature algorithm has methods of one name, of as many traits.
macro_rules! signed {
    ($entries:ident, $alg:literal, $signing:expr, $verifying:expr, $sign:ident) => {
        let (signing, verifying, options) = ($signing, $verifying, options());
        $entries.sign_and_verify(
            "jwt-simple",
            $alg,
            claims,
            move |claims| signing.$sign(claims.clone()).expect("it signs"),
            move |token| Some(verifying.verify_token(token, Some(options.clone())).ok()?.custom),
        );
    };
}

fn jws(entries: &mut Entries) -> Result<(), jwt_simple::Error> {
    let hs256 = || HS256Key::from_bytes(&SECRET);
    signed!(entries, "HS256", hs256(), hs256(), authenticate);
    let (private, public) = (RSA.private_pem, RSA.public_pem);
    signed!(entries, "RS256", RS256KeyPair::from_pem(private)?, RS256PublicKey::from_pem(public)?, sign);
    signed!(entries, "PS256", PS256KeyPair::from_pem(private)?, PS256PublicKey::from_pem(public)?, sign);
    let (private, public) = (P256.private_pem, P256.public_pem);
    signed!(entries, "ES256", ES256KeyPair::from_pem(private)?, ES256PublicKey::from_pem(public)?, sign);
    let (private, public) = (P384.private_pem, P384.public_pem);
    signed!(entries, "ES384", ES384KeyPair::from_pem(private)?, ES384PublicKey::from_pem(public)?, sign);
    let (private, public) = (ED25519.private_pem, ED25519.public_pem);
    signed!(
        entries,
        "EdDSA",
        Ed25519KeyPair::from_pem(private)?,
        Ed25519PublicKey::from_pem(public)?,
        sign
    );
    Ok(())
}

macro_rules! encrypted {
    ($entries:ident, $name:literal, $operation:literal, $encrypting:expr, $decrypting:expr) => {
        let (encrypting, decrypting) = ($encrypting, $decrypting);
        let options = DecryptionOptions { claim_options: Some(options()), ..Default::default() };
        $entries.encrypt_and_decrypt(
            $name,
            $operation,
            claims,
            move |claims| encrypting.encrypt(claims.clone()).expect("it encrypts"),
            move |token| Some(decrypting.decrypt_token(token, Some(options.clone())).ok()?.custom),
        );
    };
}

fn jwe(entries: &mut Entries) -> Result<(), jwt_simple::Error> {
    let kw = || A256KWKey::from_bytes(&SECRET);
    encrypted!(entries, "jwt-simple", "A256KW+A256GCM", kw()?, kw()?);
    encrypted!(
        entries,
        "jwt-simple (with A256KW)",
        "ECDH-ES P-256",
        EcdhEsA256KWEncryptionKey::from_pem(P256.public_pem)?,
        EcdhEsA256KWDecryptionKey::from_pem(P256.private_pem)?
    );
    encrypted!(
        entries,
        "jwt-simple (with A256KW)",
        "ECDH-ES X25519",
        X25519EcdhEsA256KWEncryptionKey::from_pem(X25519.public_pem)?,
        X25519EcdhEsA256KWDecryptionKey::from_pem(X25519.private_pem)?
    );
    encrypted!(
        entries,
        "jwt-simple (RSA-OAEP)",
        "RSA-OAEP-256",
        RsaOaepEncryptionKey::from_pem(RSA.public_pem)?,
        RsaOaepDecryptionKey::from_pem(RSA.private_pem)?
    );
    Ok(())
}

fn claims(all: &contestant::Claims) -> JWTClaims<Session> {
    let mut claims = Claims::with_custom_claims(all.to_session(), Duration::from_days(1))
        .with_issuer(&all.iss)
        .with_audience(&all.aud);
    claims.issued_at = Some(Duration::from_secs(all.iat));
    claims.expires_at = Some(Duration::from_secs(all.exp));
    claims.invalid_before = None;
    claims
}

fn options() -> VerificationOptions {
    VerificationOptions {
        allowed_issuers: Some([ISSUER.to_owned()].into()),
        allowed_audiences: Some([AUDIENCE.to_owned()].into()),
        ..Default::default()
    }
}
