//! jwt-compact, which is built on RustCrypto. It judges times; issuer and audience are the service's
//! part.

use std::io;
use std::rc::Rc;

use chrono::DateTime;
use contestant::keys::{ED25519, P256, RSA, SECRET};
use contestant::{AUDIENCE, Claims, Entries, ISSUER, Session};
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use jwt_compact::alg::{Ed25519, Es256, Hs256, Hs256Key, Rsa, StrongKey};
use jwt_compact::{AlgorithmExt, Header, TimeOptions, Token, UntrustedToken};
use rsa::RsaPrivateKey;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Custom {
    iss: String,
    aud: String,
    user: u64,
    name: String,
    roles: Vec<String>,
}

fn main() -> io::Result<()> {
    let mut entries = Entries::default();

    let hs256 = || Hs256Key::new(SECRET);
    enter(&mut entries, "HS256", Hs256, hs256(), hs256());

    let key = p256::ecdsa::SigningKey::from_pkcs8_pem(P256.private_pem).expect("the key serves");
    let public = *key.verifying_key();
    enter(&mut entries, "ES256", Es256, key, public);

    let key = ed25519_dalek::SigningKey::from_pkcs8_pem(ED25519.private_pem).expect("the key serves");
    let public = key.verifying_key();
    enter(&mut entries, "EdDSA", Ed25519, key, public);

    for (name, alg) in [("RS256", Rsa::rs256()), ("PS256", Rsa::ps256())] {
        let key = RsaPrivateKey::from_pkcs8_pem(RSA.private_pem).expect("the key serves");
        let key = StrongKey::try_from(key).expect("it is long enough");
        let public = key.to_public_key();
        enter(&mut entries, name, alg, key.into_inner(), public.into_inner());
    }
    entries.take_turns()
}

fn enter<A>(
    entries: &mut Entries,
    name: &str,
    alg: A,
    signing: A::SigningKey,
    verifying: A::VerifyingKey,
) where
    A: AlgorithmExt + 'static,
    A::SigningKey: 'static,
    A::VerifyingKey: 'static,
{
    let header = Header::empty().with_token_type("JWT");
    let writer = Rc::new(alg);
    let reader = Rc::clone(&writer);
    let options = TimeOptions::default();
    entries.sign_and_verify(
        "jwt-compact",
        name,
        claims,
        move |claims| writer.token(&header, claims, &signing).expect("it signs"),
        move |token| {
            let token = UntrustedToken::new(token).ok()?;
            let token: Token<Custom> = reader.validator(&verifying).validate(&token).ok()?;
            token.claims().validate_expiration(&options).ok()?;
            let custom = token.into_parts().1.custom;
            let good = custom.iss == ISSUER && custom.aud == AUDIENCE;
            good.then(|| Session { user: custom.user, name: custom.name, roles: custom.roles })
        },
    );
}

fn claims(all: &Claims) -> jwt_compact::Claims<Custom> {
    let moment = |seconds: u64| {
        let moment = DateTime::from_timestamp(seconds.try_into().expect("it is near"), 0);
        Some(moment.expect("it is near"))
    };
    let Session { user, name, roles } = all.to_session();
    let custom = Custom { iss: all.iss.clone(), aud: all.aud.clone(), user, name, roles };
    let mut claims = jwt_compact::Claims::new(custom);
    claims.expiration = moment(all.exp);
    claims.issued_at = moment(all.iat);
    claims
}
