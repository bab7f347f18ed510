//! What each of the four makes of a token: the claims that it would act upon, or nothing.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration as StdDuration, SystemTime};

use biscuit::jwa::{ContentEncryptionAlgorithm, KeyManagementAlgorithm, SignatureAlgorithm};
use biscuit::jws::Secret;
use josekit::jwe::{self, JweDecrypter};
use josekit::jws::{self, JwsVerifier};
use josekit::jwt::{JwtPayload, JwtPayloadValidator};
use serde_json::{Map, Value};
use symbolon::{
    Error, FixedClock, JweAlg, JweCodec, JweEnc, Jwk, JwsAlg, JwsCodec, KeyMaterial, Keyring,
    TokenCodec, TokenCodecExt, Validator, Verifier,
};
use symbolon_interop::{Recipient, Signing, public, reading, secret_json};
use time::{Duration, OffsetDateTime};

pub(crate) type Claims = Map<String, Value>;

/// Whom a token is for, wherever it is read.
pub(crate) const AUDIENCE: &str = "api";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    Jsonwebtoken,
    Josekit,
    Biscuit,
}

pub(crate) const PEERS: [Peer; 3] = [Peer::Jsonwebtoken, Peer::Josekit, Peer::Biscuit];

/// What a peer makes of a token.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    Accepts(Claims),
    Refuses,
    Panics,
}

/// The readers of one key.
pub(crate) struct Readers {
    ours: Box<dyn TokenCodec>,
    jsonwebtoken: Option<(jsonwebtoken::DecodingKey, jsonwebtoken::Validation)>,
    josekit: Josekit,
    biscuit: Option<Biscuit>,
}

enum Josekit {
    Verifies(Box<dyn JwsVerifier>),
    Decrypts(Box<dyn JweDecrypter>),
}

enum Biscuit {
    Verifies(Secret, SignatureAlgorithm),
    Decrypts(biscuit::jwk::JWK<biscuit::Empty>, KeyManagementAlgorithm),
}

/// The key without its name, for a token may name any here.
fn nameless(jwk: &Jwk) -> Jwk {
    jwk.material().clone().into()
}

fn josekit_jwk(jwk: &Jwk) -> josekit::jwk::Jwk {
    josekit::jwk::Jwk::from_bytes(secret_json(&nameless(jwk))).unwrap()
}

impl Readers {
    pub(crate) fn of_signed(key: &Signing) -> Self {
        let reader = Verifier::new(key.alg, public(&key.jwk).material()).unwrap();
        Self {
            ours: Box::new(JwsCodec::new(Keyring::read_only().with_reader(reader).unwrap())),
            jsonwebtoken: jsonwebtoken_key(key),
            josekit: Josekit::Verifies(josekit_verifier(key)),
            biscuit: biscuit_secret(key).map(|(secret, alg)| Biscuit::Verifies(secret, alg)),
        }
    }

    /// None where this build decrypts no RSA-OAEP.
    pub(crate) fn of_encrypted(to: &Recipient) -> Option<Self> {
        let jwk = josekit_jwk(&to.jwk);
        let josekit = josekit_decrypter(to.alg, &jwk);
        let alg = match to.alg.name() {
            "dir" => Some(KeyManagementAlgorithm::DirectSymmetricKey),
            "A128GCMKW" => Some(KeyManagementAlgorithm::A128GCMKW),
            "A256GCMKW" => Some(KeyManagementAlgorithm::A256GCMKW),
            _ => None,
        };
        // Of the others it has the names.
        let alg = alg.filter(|_| to.enc == JweEnc::A256GCM);
        let ring = reading(&nameless(&to.jwk), to.alg, to.enc)?;
        let biscuit = alg.map(|alg| {
            let KeyMaterial::Oct(key) = to.jwk.material() else { panic!("a shared key") };
            let key = biscuit::jwk::JWK::new_octet_key(key.as_bytes(), biscuit::Empty {});
            Biscuit::Decrypts(key, alg)
        });
        Some(Self {
            ours: Box::new(JweCodec::new(ring)),
            jsonwebtoken: None, // signs alone
            josekit: Josekit::Decrypts(josekit),
            biscuit,
        })
    }

    /// What we make of it, at the moment `now`.
    pub(crate) fn ours(&self, token: &str, now: i64) -> Result<Claims, Error> {
        let now = OffsetDateTime::from_unix_timestamp(now).unwrap();
        // The peers have no tolerance of ours for clocks that run ahead, unless told.
        let policy =
            Validator::new().audience(AUDIENCE).leeway(Duration::ZERO).clock(FixedClock::new(now));
        let verified = self.ours.decode_at::<Claims>(token, now)?.validate(&policy)?;
        Ok(verified.into_custom())
    }

    /// What a peer makes of it; nothing where it has no such algorithm. jsonwebtoken asks the system
    /// for the time.
    pub(crate) fn theirs(&self, peer: Peer, token: &str, now: i64) -> Option<Verdict> {
        match peer {
            Peer::Jsonwebtoken => {
                let (key, validation) = self.jsonwebtoken.as_ref()?;
                Some(judged(|| {
                    let read = jsonwebtoken::decode::<Claims>(token, key, validation);
                    read.ok().map(|data| data.claims)
                }))
            }
            Peer::Josekit => match &self.josekit {
                Josekit::Verifies(verifier) => Some(judged(|| {
                    let (payload, _) = josekit::jwt::decode_with_verifier(token, &**verifier).ok()?;
                    josekit_judges(&payload, now)
                })),
                Josekit::Decrypts(decrypter) => Some(judged(|| {
                    let (payload, _) = josekit::jwt::decode_with_decrypter(token, &**decrypter).ok()?;
                    josekit_judges(&payload, now)
                })),
            },
            Peer::Biscuit => match self.biscuit.as_ref()? {
                Biscuit::Verifies(secret, alg) => Some(judged(|| {
                    let token = biscuit::JWT::<Claims, biscuit::Empty>::new_encoded(token);
                    let token = token.into_decoded(secret, *alg).ok()?;
                    biscuit_judges(token.payload().ok()?, now)
                })),
                Biscuit::Decrypts(key, alg) => Some(judged(|| {
                    type Token = biscuit::jwe::Compact<biscuit::ClaimsSet<Claims>, biscuit::Empty>;
                    let enc = ContentEncryptionAlgorithm::A256GCM;
                    let token = Token::new_encrypted(token).into_decrypted(key, *alg, enc).ok()?;
                    biscuit_judges(token.payload().ok()?, now)
                })),
            },
        }
    }
}

thread_local! {
    static EXPECTS_PANIC: Cell<bool> = const { Cell::new(false) };
}

/// Lets peers panic without a word on stderr, and nobody else.
pub(crate) fn silence_peers() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !EXPECTS_PANIC.get() {
            loud(info);
        }
    }));
}

fn judged(read: impl FnOnce() -> Option<Claims>) -> Verdict {
    EXPECTS_PANIC.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(read));
    EXPECTS_PANIC.set(false);
    match outcome {
        Ok(Some(claims)) => Verdict::Accepts(claims),
        Ok(None) => Verdict::Refuses,
        Err(_) => Verdict::Panics,
    }
}

/// It cannot be told to demand a claim but of one value.
fn josekit_judges(payload: &JwtPayload, now: i64) -> Option<Claims> {
    let mut validator = JwtPayloadValidator::new();
    let now = SystemTime::UNIX_EPOCH + StdDuration::from_secs(now.unsigned_abs());
    validator.set_base_time(now);
    validator.set_max_issued_time(now);
    validator.set_audience(AUDIENCE);
    validator.validate(payload).ok()?;
    Some(payload.claims_set().clone())
}

fn biscuit_judges(claims: &biscuit::ClaimsSet<Claims>, now: i64) -> Option<Claims> {
    use biscuit::{ClaimPresenceOptions, Presence, TemporalOptions, Validation, ValidationOptions};
    let claims_present = ClaimPresenceOptions {
        expiry: Presence::Required,
        audience: Presence::Required,
        ..Default::default()
    };
    let options = ValidationOptions {
        claim_presence_options: claims_present,
        temporal_options: TemporalOptions {
            now: chrono::DateTime::from_timestamp(now, 0),
            ..Default::default()
        },
        audience: Validation::Validate(AUDIENCE.to_owned()),
        ..Default::default()
    };
    claims.registered.validate(options).ok()?;
    match serde_json::to_value(claims).unwrap() {
        Value::Object(all) => Some(all),
        _ => None,
    }
}

fn jsonwebtoken_key(key: &Signing) -> Option<(jsonwebtoken::DecodingKey, jsonwebtoken::Validation)> {
    let alg = key.alg.name().parse().ok()?;
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_str(&secret_json(&public(&key.jwk))).unwrap();
    let mut validation = jsonwebtoken::Validation::new(alg);
    validation.leeway = 0;
    validation.validate_nbf = true;
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "aud"]);
    Some((jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap(), validation))
}

fn josekit_verifier(key: &Signing) -> Box<dyn JwsVerifier> {
    let jwk = josekit_jwk(&public(&key.jwk));
    match key.alg.name() {
        "HS256" => Box::new(jws::HS256.verifier_from_jwk(&jwk).unwrap()),
        "HS384" => Box::new(jws::HS384.verifier_from_jwk(&jwk).unwrap()),
        "HS512" => Box::new(jws::HS512.verifier_from_jwk(&jwk).unwrap()),
        "RS256" => Box::new(jws::RS256.verifier_from_jwk(&jwk).unwrap()),
        "RS384" => Box::new(jws::RS384.verifier_from_jwk(&jwk).unwrap()),
        "RS512" => Box::new(jws::RS512.verifier_from_jwk(&jwk).unwrap()),
        "PS256" => Box::new(jws::PS256.verifier_from_jwk(&jwk).unwrap()),
        "PS384" => Box::new(jws::PS384.verifier_from_jwk(&jwk).unwrap()),
        "PS512" => Box::new(jws::PS512.verifier_from_jwk(&jwk).unwrap()),
        "ES256" => Box::new(jws::ES256.verifier_from_jwk(&jwk).unwrap()),
        "ES384" => Box::new(jws::ES384.verifier_from_jwk(&jwk).unwrap()),
        "ES512" => Box::new(jws::ES512.verifier_from_jwk(&jwk).unwrap()),
        "ES256K" => Box::new(jws::ES256K.verifier_from_jwk(&jwk).unwrap()),
        "EdDSA" => Box::new(jws::EdDSA.verifier_from_jwk(&jwk).unwrap()),
        other => panic!("{other} is new: say what the peer has for it"),
    }
}

fn josekit_decrypter(alg: JweAlg, jwk: &josekit::jwk::Jwk) -> Box<dyn JweDecrypter> {
    match alg.name() {
        "dir" => Box::new(jwe::Dir.decrypter_from_jwk(jwk).unwrap()),
        "A128KW" => Box::new(jwe::A128KW.decrypter_from_jwk(jwk).unwrap()),
        "A192KW" => Box::new(jwe::A192KW.decrypter_from_jwk(jwk).unwrap()),
        "A256KW" => Box::new(jwe::A256KW.decrypter_from_jwk(jwk).unwrap()),
        "A128GCMKW" => Box::new(jwe::A128GCMKW.decrypter_from_jwk(jwk).unwrap()),
        "A192GCMKW" => Box::new(jwe::A192GCMKW.decrypter_from_jwk(jwk).unwrap()),
        "A256GCMKW" => Box::new(jwe::A256GCMKW.decrypter_from_jwk(jwk).unwrap()),
        "RSA-OAEP" => Box::new(jwe::RSA_OAEP.decrypter_from_jwk(jwk).unwrap()),
        "RSA-OAEP-256" => Box::new(jwe::RSA_OAEP_256.decrypter_from_jwk(jwk).unwrap()),
        "RSA-OAEP-384" => Box::new(jwe::RSA_OAEP_384.decrypter_from_jwk(jwk).unwrap()),
        "RSA-OAEP-512" => Box::new(jwe::RSA_OAEP_512.decrypter_from_jwk(jwk).unwrap()),
        "ECDH-ES" => Box::new(jwe::ECDH_ES.decrypter_from_jwk(jwk).unwrap()),
        "ECDH-ES+A128KW" => Box::new(jwe::ECDH_ES_A128KW.decrypter_from_jwk(jwk).unwrap()),
        "ECDH-ES+A192KW" => Box::new(jwe::ECDH_ES_A192KW.decrypter_from_jwk(jwk).unwrap()),
        "ECDH-ES+A256KW" => Box::new(jwe::ECDH_ES_A256KW.decrypter_from_jwk(jwk).unwrap()),
        "PBES2-HS256+A128KW" => Box::new(jwe::PBES2_HS256_A128KW.decrypter_from_jwk(jwk).unwrap()),
        "PBES2-HS384+A192KW" => Box::new(jwe::PBES2_HS384_A192KW.decrypter_from_jwk(jwk).unwrap()),
        "PBES2-HS512+A256KW" => Box::new(jwe::PBES2_HS512_A256KW.decrypter_from_jwk(jwk).unwrap()),
        other => panic!("{other} is new: say what the peers have for it"),
    }
}

fn biscuit_secret(key: &Signing) -> Option<(Secret, SignatureAlgorithm)> {
    let jwk = public(&key.jwk);
    let text: Value = serde_json::from_str(&secret_json(&jwk)).unwrap();
    let bytes = |name: &str| {
        data_encoding::BASE64URL_NOPAD.decode(text[name].as_str().unwrap().as_bytes()).unwrap()
    };
    // EdDSA, ES256K and, as it stands on ring, ES512 it has not.
    let alg: SignatureAlgorithm = serde_json::from_value(key.alg.name().into()).ok()?;
    let secret = match jwk.material() {
        KeyMaterial::Oct(secret) => Secret::Bytes(secret.as_bytes().to_vec()),
        KeyMaterial::RsaPublic(_) => {
            let parameters: biscuit::jwk::RSAKeyParameters =
                serde_json::from_value(text.clone()).unwrap();
            parameters.jws_public_key_secret()
        }
        _ if key.alg == JwsAlg::ES512 => return None,
        _ => Secret::PublicKey([vec![4], bytes("x"), bytes("y")].concat()),
    };
    Some((secret, alg))
}
