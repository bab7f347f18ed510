//! symbolon: written by a codec, read by what a service uses.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use contestant::keys::{ED25519, P256, P384, RSA, SECRET, X25519};
use contestant::{AUDIENCE, Entries, ISSUER, Session};
use symbolon::{
    AmoraCodec, Cached, Claims, Decrypter, Encrypter, ErrorKind, JweAlg, JweCodec, JweEnc, JwsAlg,
    JwsCodec, KeyMaterial, OctKey, Result, SealedCipher, SealedCodec, Signer, TokenCodec, TokenCodecExt,
    Tokens,
};
use time::OffsetDateTime;

fn main() -> io::Result<()> {
    let entries = all().expect("every key serves");
    entries.take_turns()
}

/// What it was built with shows in what it can do.
fn name() -> Result<&'static str> {
    let key = KeyMaterial::from_pem(RSA.private_pem)?;
    match Decrypter::new(JweAlg::RSA_OAEP_256, JweEnc::A256GCM, &key) {
        Ok(_) => Ok("symbolon (aws-lc-rs)"),
        Err(error) if error.kind() == ErrorKind::MissingFeature => Ok("symbolon (default)"),
        Err(error) => Err(error),
    }
}

fn all() -> Result<Entries> {
    let mut entries = Entries::default();
    let name = name()?;

    let mut jws = |alg: JwsAlg, codec| pair(&mut entries, name, alg.name(), ["sign", "verify"], codec);
    jws(JwsAlg::HS256, JwsCodec::hs256(SECRET)?)?;
    for (alg, key) in [
        (JwsAlg::RS256, RSA),
        (JwsAlg::PS256, RSA),
        (JwsAlg::ES256, P256),
        (JwsAlg::ES384, P384),
        (JwsAlg::EDDSA, ED25519),
    ] {
        jws(alg, JwsCodec::new(Signer::from_pem(key.private_pem, alg)?))?;
    }

    seen_before(&mut entries, name)?;

    let secret = KeyMaterial::from(OctKey::new(SECRET)?);
    for (operation, alg, enc, key) in [
        ("dir+A256GCM", JweAlg::DIR, JweEnc::A256GCM, &secret),
        ("A256KW+A256GCM", JweAlg::A256KW, JweEnc::A256GCM, &secret),
        ("A256KW+A128CBC-HS256", JweAlg::A256KW, JweEnc::A128CBC_HS256, &secret),
        ("ECDH-ES P-256", JweAlg::ECDH_ES, JweEnc::A256GCM, &KeyMaterial::from_pem(P256.private_pem)?),
        (
            "ECDH-ES X25519",
            JweAlg::ECDH_ES,
            JweEnc::A256GCM,
            &KeyMaterial::from_pem(X25519.private_pem)?,
        ),
        (
            "RSA-OAEP-256",
            JweAlg::RSA_OAEP_256,
            JweEnc::A256GCM,
            &KeyMaterial::from_pem(RSA.private_pem)?,
        ),
    ] {
        let codec = JweCodec::new(Encrypter::new(alg, enc, key)?);
        if codec.keys().load().is_empty() {
            // It writes to a key that it cannot read with.
            let claims = claims(&contestant::Claims::usual());
            entries.add(name, format!("{operation} encrypt"), move || codec.encode(&claims));
        } else {
            pair(&mut entries, name, operation, ["encrypt", "decrypt"], codec)?;
        }
    }

    pair(&mut entries, name, "Amora zero", ["encode", "decode"], AmoraCodec::zero(&SECRET))?;
    let one = AmoraCodec::one(&X25519.private_end());
    pair(&mut entries, name, "Amora one", ["encode", "decode"], one)?;

    for (operation, cipher) in [
        ("sealed AES-256-GCM", SealedCipher::Aes256Gcm),
        ("sealed XChaCha20-Poly1305", SealedCipher::XChaCha20Poly1305),
    ] {
        let codec = SealedCodec::from_master(SECRET)?.cipher(cipher);
        pair(&mut entries, name, operation, ["encrypt", "decrypt"], codec)?;
    }
    Ok(entries)
}

/// A token that is read from memory: which algorithm it was signed with is no matter.
fn seen_before(entries: &mut Entries, name: &str) -> Result<()> {
    let codec = JwsCodec::new(Signer::from_pem(P256.private_pem, JwsAlg::ES256)?);
    let token = codec.encode(&claims(&contestant::Claims::usual()))?;
    let cached = Cached::new(tokens(codec)?, 1000);
    // It enters at its second sight.
    let [_, second, third] = [(); 3].map(|()| cached.verify(&token));
    assert!(Arc::ptr_eq(&second?, &third?), "the third is read from memory");
    entries.add(name, "cached verify", move || cached.verify(&token));
    Ok(())
}

fn tokens(codec: impl TokenCodec + 'static) -> Result<Tokens<Session>> {
    Tokens::builder(codec).issuer(ISSUER).audience(AUDIENCE).allow_anonymous_issuer().build()
}

fn pair(
    entries: &mut Entries,
    name: &str,
    operation: &str,
    [write, read]: [&str; 2],
    codec: impl TokenCodec + Clone + 'static,
) -> Result<()> {
    let tokens = tokens(codec.clone())?;
    let buffer = RefCell::new(Vec::new());
    entries.pair(
        name,
        [&format!("{operation} {write}"), &format!("{operation} {read}")],
        claims,
        move |claims| codec.encode(claims).expect("they can be encoded"),
        move |token| Some(tokens.verify_in(token, &mut buffer.borrow_mut()).ok()?.into_custom()),
    );
    Ok(())
}

fn claims(all: &contestant::Claims) -> Claims<Session> {
    let moment = |seconds: u64| {
        let seconds = seconds.try_into().expect("it is near");
        OffsetDateTime::from_unix_timestamp(seconds).expect("it is near")
    };
    Claims::new(all.to_session())
        .with_issuer(&*all.iss)
        .with_audience(&*all.aud)
        .with_issued_at(moment(all.iat))
        .with_expiry(moment(all.exp))
}
