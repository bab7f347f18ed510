//! The budget of the heap: writing a token asks for memory once, for the token; reading one never,
//! but for the claims' own fields. A codec that is lent its buffers asks for none.
//!
//! What the table says is counted in this build, per format; a budget above the goal is what is still
//! to be won. Only the default backends are counted: others ask for memory of their own, aws-lc-rs in
//! C, where nobody counts.

#![cfg(all(
    feature = "ring",
    feature = "rustcrypto",
    feature = "jwe",
    feature = "amora",
    feature = "sealed",
    not(feature = "aws-lc-rs")
))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic, and says what it counted on stdout"
)]

use std::hint::black_box;
use std::sync::Arc;

use allocation_counter::measure;
use serde::{Deserialize, Serialize};
use symbolon::{
    AmoraCodec, Body, Cached, EcCurve, EcPrivateKey, Encrypter, JweAlg, JweCodec, JweEnc, Jwk, JwsAlg,
    JwsCodec, KeyMaterial, KeyType, Keyring, OctKey, OkpCurve, OkpPrivateKey, RawToken, RsaPrivateKey,
    SealedCipher, SealedCodec, Signer, TokenCodec, Tokens, Verifier,
};
use time::{Duration, OffsetDateTime};

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "api";

#[derive(Debug, Serialize, Deserialize)]
struct Session {
    user: u64,
    name: String,
    roles: Vec<String>,
}

/// What a token's claims own, whoever reads them.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is read to see what that takes")]
struct All {
    iss: String,
    aud: String,
    exp: i64,
    iat: i64,
    user: u64,
    name: String,
    roles: Vec<String>,
}

/// How often the heap is asked for memory, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    /// By `TokenCodec::encode_into`, with room in the buffer. The goal is 0.
    encode: u64,
    /// By `TokenCodec::decode_into`, the same. The goal is 0.
    decode: u64,
    /// By `Tokens::issue`. The goal is 1, the token.
    issue: u64,
    /// By `Tokens::verify`, beyond what the claims own. The goal is 0.
    verify: u64,
}

impl Asked {
    /// What most formats stay within.
    const LITTLE: Self = Self::new(0, 0, 1, 0);

    const fn new(encode: u64, decode: u64, issue: u64, verify: u64) -> Self {
        Self { encode, decode, issue, verify }
    }

    const fn is_within(self, budget: Self) -> bool {
        self.encode <= budget.encode
            && self.decode <= budget.decode
            && self.issue <= budget.issue
            && self.verify <= budget.verify
    }
}

#[test]
fn writing_and_reading_stay_within_their_budget() {
    let own = claims_own();
    println!(
        "asked of the heap (budget)     encode_into  decode_into        issue   verify beyond {own}"
    );
    let mut over = Vec::new();
    for (name, codec, budget) in codecs() {
        let asked = count_all(&codec, own);
        let cell = |asked: u64, budget: u64| format!("{asked} ({budget})");
        println!(
            "{name:30} {:>11}  {:>11}  {:>11}  {:>11}",
            cell(asked.encode, budget.encode),
            cell(asked.decode, budget.decode),
            cell(asked.issue, budget.issue),
            cell(asked.verify, budget.verify),
        );
        if !asked.is_within(budget) {
            over.push(format!("{name}: {asked:?} is over {budget:?}"));
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

/// Every format with every kind of key, and its budget.
fn codecs() -> Vec<(String, Arc<dyn TokenCodec>, Asked)> {
    let mut codecs: Vec<(String, Arc<dyn TokenCodec>, Asked)> = Vec::new();
    let rsa = KeyMaterial::from(RsaPrivateKey::generate(2048).unwrap());
    for alg in JwsAlg::all() {
        // ring's RSA keeps its numbers on the heap.
        let (signer, budget) = match alg.key_type() {
            KeyType::Rsa => (Signer::new(alg, &rsa), Asked::new(9, 5, 10, 5)),
            _ => (Signer::generate(alg), Asked::LITTLE),
        };
        let codec = JwsCodec::new(signer.unwrap().with_kid("2026-11").unwrap());
        codecs.push((alg.name().to_owned(), Arc::new(codec), budget));
    }

    let shared = KeyMaterial::from(OctKey::generate(32).unwrap());
    let p256 = EcPrivateKey::generate(EcCurve::P256).unwrap().into();
    let x25519 = OkpPrivateKey::generate(OkpCurve::X25519).unwrap().into();
    for (alg, enc, key, budget) in [
        (JweAlg::DIR, JweEnc::A256GCM, &shared, Asked::LITTLE),
        (JweAlg::A256KW, JweEnc::A256GCM, &shared, Asked::LITTLE),
        (JweAlg::A256KW, JweEnc::A128CBC_HS256, &shared, Asked::LITTLE),
        (JweAlg::ECDH_ES, JweEnc::A256GCM, &p256, Asked::new(7, 10, 9, 9)),
        (JweAlg::ECDH_ES, JweEnc::A256GCM, &x25519, Asked::new(3, 7, 6, 7)),
    ] {
        let curve = key.curve().unwrap_or_default();
        let encrypter = Encrypter::new(alg, enc, key).unwrap().with_kid("2026-11").unwrap();
        codecs.push((format!("{alg} {enc} {curve}"), Arc::new(JweCodec::new(encrypter)), budget));
    }

    let key = [7; 32];
    codecs.push(("Amora zero".to_owned(), Arc::new(AmoraCodec::zero(&key)), Asked::LITTLE));
    codecs.push(("Amora one".to_owned(), Arc::new(AmoraCodec::one(&key)), Asked::LITTLE));
    for cipher in [SealedCipher::Aes256Gcm, SealedCipher::XChaCha20Poly1305] {
        let codec = SealedCodec::from_master(key).unwrap().cipher(cipher);
        codecs.push((format!("sealed {cipher}"), Arc::new(codec), Asked::LITTLE));
    }
    codecs
}

fn count_all(codec: &Arc<dyn TokenCodec>, own: u64) -> Asked {
    let now = OffsetDateTime::now_utc();
    let payload = payload(now);
    let body = Body::new(&payload).typ("JWT").issued_at(now).expires_at(now + Duration::MINUTE);
    let mut token = String::with_capacity(4096);
    let encode = count(|| {
        token.clear();
        codec.encode_into(&body, &mut token).unwrap();
    });
    let mut read = Vec::with_capacity(4096);
    let decode = count(|| {
        read.clear();
        codec.decode_into(&RawToken::new(&token), now.unix_timestamp(), &mut read).unwrap()
    });
    assert_eq!(read, payload);

    let tokens = Tokens::<Session>::builder(Arc::clone(codec))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .allow_anonymous_issuer()
        .build()
        .unwrap();
    let session = session();
    let issue = count(|| tokens.issue(&session).unwrap());
    let token = tokens.issue(&session).unwrap();
    let verify = count(|| tokens.verify(&token).unwrap());
    Asked { encode, decode, issue, verify: verify.saturating_sub(own) }
}

fn session() -> Session {
    let roles = ["admin", "editor"].map(str::to_owned).to_vec();
    Session { user: 7, name: "Zoë Example".to_owned(), roles }
}

/// Claims as [`Tokens::issue`] writes them.
fn payload(now: OffsetDateTime) -> Vec<u8> {
    let (issued, session) = (now.unix_timestamp(), serde_json::to_string(&session()).unwrap());
    let end = issued + 60;
    let head = format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":{end},"iat":{issued},"#);
    (head + session.strip_prefix('{').unwrap()).into_bytes()
}

/// What reading the claims into a type that owns all of them asks for.
fn claims_own() -> u64 {
    let payload = payload(OffsetDateTime::now_utc());
    count(|| serde_json::from_slice::<All>(&payload).unwrap())
}

/// How often `work` asks the heap for memory once all that is made once is made.
fn count<T>(mut work: impl FnMut() -> T) -> u64 {
    drop(work());
    measure(|| drop(black_box(work()))).count_total
}

#[test]
fn a_token_that_was_seen_before_asks_for_nothing() {
    let codec = JwsCodec::new(Signer::generate(JwsAlg::ES256).unwrap());
    let tokens = Tokens::<Session>::builder(codec).issuer(ISSUER).audience(AUDIENCE).build().unwrap();
    let cached = Cached::new(tokens, 16);
    let token = cached.tokens().issue(&session()).unwrap();
    // It enters at its second sight.
    drop([(); 2].map(|()| cached.verify(&token).unwrap()));
    assert_eq!(count(|| cached.verify(&token).unwrap()), 0);
}

/// What stays on the heap for each key of a service with many: of the prepared key alone, and with its
/// place in a ring.
#[test]
fn prepared_keys_stay_within_their_budget() {
    const KEYS: usize = 100;

    println!("\nbytes of a key (budget)         signer   verifier    in a ring");
    let mut over = Vec::new();
    for (alg, budget) in [
        (JwsAlg::HS256, [900, 500, 700]),
        (JwsAlg::RS256, [2900, 850, 1050]),
        (JwsAlg::ES256, [1200, 550, 750]),
        // With a table of the point's multiples, for a third of the time.
        (JwsAlg::ES384, [3400, 2850, 3050]),
        // With the point that its public half is.
        (JwsAlg::EDDSA, [750, 400, 600]),
    ] {
        let key = match alg.key_type() {
            KeyType::Rsa => RsaPrivateKey::generate(2048).unwrap().into(),
            _ => Jwk::generate(alg).unwrap().into_material(),
        };
        let public = key.to_public().unwrap_or_else(|| key.clone());
        let signer = |_| Signer::new(alg, &key).unwrap();
        let verifier =
            |number| Verifier::new(alg, &public).unwrap().with_kid(format!("key-{number}")).unwrap();
        let kept = [
            kept(|| (0..KEYS).map(signer).collect::<Vec<_>>()),
            kept(|| (0..KEYS).map(verifier).collect::<Vec<_>>()),
            kept(|| Keyring::<Signer>::read_only().with_readers((0..KEYS).map(verifier)).unwrap()),
        ]
        .map(|bytes| bytes / KEYS as u64);
        let cell = |at: usize| format!("{} ({})", kept[at], budget[at]);
        println!("{:26} {:>11} {:>10} {:>12}", alg.name(), cell(0), cell(1), cell(2));
        if kept.iter().zip(&budget).any(|(kept, budget)| kept > budget) {
            over.push(format!("{alg}: {kept:?} is over {budget:?}"));
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

/// How many bytes what `make` makes holds on the heap.
fn kept<T>(make: impl Fn() -> T) -> u64 {
    drop(make());
    let mut made = None;
    let kept = measure(|| made = Some(make())).bytes_current;
    drop(made);
    kept.unsigned_abs()
}
