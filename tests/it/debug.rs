//! `Debug` of no public type shows a secret: a key, a password, what is or was encrypted, a token.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use symbolon::rotation::{MemoryStore, RotationPolicy, Rotator, Stored};
use symbolon::{
    AnyOf, Body, Cached, Claims, EcCurve, EcPrivateKey, HmacAlg, Jwk, JwkSet, JwsAlg, JwsCodec,
    KeyMaterial, Keyring, NoCustom, OctKey, OkpCurve, OkpPrivateKey, RawToken, RefreshTokens,
    Revocations, Secret, SecretEncoding, SharedKeyring, TokenCodecExt, Tokens,
};
use time::Duration;

use crate::support::noise;

/// Types that have nothing to hide: names, settings and verdicts; public keys; and what is signed, whose
/// owner shows it as he likes.
const WITHOUT_SECRETS: &[&str] = &[
    // Names of things.
    "AmoraVersion",
    "EcCurve",
    "EdAlg",
    "ErrorKind",
    "Fault",
    "Format",
    "HmacAlg",
    "JweAlg",
    "JweEnc",
    "JwsAlg",
    "KeyEvent",
    "KeyId",
    "KeyType",
    "KidPolicy",
    "OkpCurve",
    "Payload",
    "Provenance",
    "Publishes",
    "Replaced",
    "RsaSigAlg",
    "Scope",
    "SealedCipher",
    "SealedKeys",
    "SecretEncoding",
    "Signatures",
    "StoreVersion",
    // Settings, and where things are kept.
    "FileStore",
    "FixedClock",
    "Limits",
    "Parameters",
    "RotationPolicy",
    "SystemClock",
    "Validator",
    // Errors and answers; that their texts repeat nothing is held where they come about.
    "BearerAnswer",
    "Error",
    "SkippedKey",
    // Public keys, and whence they come.
    "EcPublicKey",
    "FetchRequest",
    "Fetched",
    "Flight",
    "Issuers",
    "JwksCodec",
    "JwksSource",
    "JwksSourceBuilder",
    "JwksStatus",
    "OkpPublicKey",
    "RsaPublicKey",
    "UreqFetch",
    "VerifiedSignature",
    // What stands outside, or was signed for all to read.
    "Audience",
    "Bearer",
    "Claims",
    "Envelope",
    "Metadata",
    "NoCustom",
    "Registered",
    "Signed",
    "UnverifiedMetadata",
    "Verified",
    // Hashes of what was revoked.
    "MemoryRevocations",
    "RevocationKey",
    "Revocations",
];

/// What is looked for, and what it was looked for in.
#[derive(Default)]
struct Search {
    secrets: Vec<Vec<u8>>,
    shown: BTreeSet<&'static str>,
}

impl Search {
    fn hides(&mut self, secret: impl AsRef<[u8]>) {
        assert!(secret.as_ref().len() >= 12, "too short to be known again");
        self.secrets.push(secret.as_ref().to_vec());
    }

    fn show(&mut self, name: &'static str, value: &dyn Debug) {
        self.shown.insert(name);
        for text in [format!("{value:?}"), format!("{value:#?}")] {
            assert!(!text.is_empty(), "{name} shows nothing");
            if let Some(found) = self.secrets.iter().find_map(|secret| found(&text, secret)) {
                panic!("{name} shows {found}: {text}");
            }
        }
    }
}

/// A piece of `secret` that stands in `text`: as it is, as numbers, in hexadecimal digits or base64.
fn found(text: &str, secret: &[u8]) -> Option<String> {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let lower = dense.to_ascii_lowercase();
    secret.windows(12).find_map(|piece| {
        let numbers: String = piece.iter().map(|byte| format!("{byte},")).collect();
        let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
        let hex_numbers: String = piece.iter().map(|byte| format!("{byte:x},")).collect();
        let spellings = [
            String::from_utf8(piece.to_vec()).unwrap_or_else(|_| numbers.clone()),
            numbers,
            URL_SAFE_NO_PAD.encode(piece),
            STANDARD_NO_PAD.encode(piece),
            piece.escape_ascii().to_string(),
        ];
        let spelled = spellings.into_iter().find(|spelling| dense.contains(&**spelling));
        spelled.or_else(|| [hex, hex_numbers].into_iter().find(|hex| lower.contains(&**hex)))
    })
}

/// The types that the crate's source declares public.
fn public_types(folder: &Path, types: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            public_types(&path, types);
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let line = line.trim_start();
            let declared = ["pub struct ", "pub enum "];
            if let Some(rest) = declared.iter().find_map(|words| line.strip_prefix(words)) {
                let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
                types.insert(rest[..end].to_owned());
            }
        }
    }
}

#[test]
fn pieces_are_found_in_each_spelling() {
    let secret = noise(3, 20);
    let text = b"correct horse battery";
    for shown in [
        format!("{secret:?}"),
        format!("{secret:#?}"),
        format!("{secret:x?}"),
        format!("{secret:X?}"),
        format!("xx{}", URL_SAFE_NO_PAD.encode(&secret)),
        format!("x{}", STANDARD_NO_PAD.encode(&secret)),
        secret.iter().map(|byte| format!("{byte:02X}")).collect(),
        format!("{}", secret.escape_ascii()),
    ] {
        assert!(found(&shown, &secret).is_some(), "{shown}");
    }
    assert!(found("Key(correcthorsebattery)", &text.map(|byte| byte)[..]).is_none());
    assert!(found("Key(\"correct horse\")", b"correcthorse").is_some());
    assert_eq!(found("Key([secret])", &secret), None);
}

#[test]
fn debug_of_no_public_type_shows_a_secret() {
    let mut search = Search::default();
    let bytes = noise(1, 64);
    search.hides(&bytes);

    keys(&mut search, &bytes);
    tokens(&mut search, &bytes);
    rotation(&mut search);
    #[cfg(feature = "jwe")]
    encryption(&mut search, &bytes);
    #[cfg(feature = "amora")]
    amora(&mut search, bytes.first_chunk().unwrap());
    #[cfg(feature = "sealed")]
    sealed(&mut search, &bytes);
    #[cfg(feature = "redis")]
    {
        let password = "a pass phrase for a server";
        search.hides(password);
        let store = symbolon::RedisRevocations::new("127.0.0.1:1").password(password.to_owned());
        search.show("RedisRevocations", &store);
    }
    #[cfg(feature = "tower")]
    {
        let signer = OctKey::new(&bytes[..]).unwrap().signer(HmacAlg::Hs256).unwrap();
        let tokens = service(signer);
        let layer = symbolon::web::BearerLayer::<_, NoCustom>::new(tokens);
        search.show("BearerLayer", &layer);
        search.show("BearerService", &tower::Layer::layer(&layer, ()));
    }

    let mut types = BTreeSet::new();
    public_types(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut types);
    let without: BTreeSet<&str> = WITHOUT_SECRETS.iter().copied().collect();
    assert_eq!(without.len(), WITHOUT_SECRETS.len(), "one is named twice");
    let both: Vec<_> = without.intersection(&search.shown).collect();
    assert!(both.is_empty(), "{both:?} cannot be both");
    let judged: BTreeSet<String> =
        without.iter().chain(&search.shown).map(|name| (*name).to_owned()).collect();
    let gone: Vec<_> = judged.difference(&types).collect();
    assert!(gone.is_empty(), "{gone:?} are no public types");
    if cfg!(all(
        feature = "amora",
        feature = "jwe",
        feature = "pem",
        feature = "redis",
        feature = "sealed",
        feature = "tower"
    )) {
        let unjudged: Vec<_> = types.difference(&judged).collect();
        assert!(unjudged.is_empty(), "show {unjudged:?} here, or say that they hold no secret");
    }
    println!("public types: {} run, {} without secrets", search.shown.len(), without.len());
}

fn service(signer: impl Into<SharedKeyring>) -> Tokens<NoCustom> {
    Tokens::builder(JwsCodec::new(signer)).lifetime(Duration::MINUTE).build().unwrap()
}

fn keys(search: &mut Search, bytes: &[u8]) {
    let oct = OctKey::new(bytes).unwrap();
    search.show("Secret", &Secret::decode(bytes, SecretEncoding::Raw, 1).unwrap());
    search.show("OctKey", &oct);

    let okp = OkpPrivateKey::generate(OkpCurve::Ed25519).unwrap();
    let ec = EcPrivateKey::generate(EcCurve::P256).unwrap();
    let rsa = Jwk::from_json(crate::rfc7515::A_2_KEY).unwrap().into_material();
    search.hides(okp.d());
    search.hides(ec.d());
    if let KeyMaterial::RsaPrivate(rsa) = &rsa {
        let parts = rsa.crt_parts();
        let parts_of_it = [parts.d, parts.p, parts.q, parts.dp, parts.dq, parts.qi];
        parts_of_it.iter().for_each(|part| search.hides(part));
        search.show("RsaCrtParts", &parts);
        search.show("RsaPrivateKey", rsa);
    }
    search.show("OkpPrivateKey", &okp);
    search.show("EcPrivateKey", &ec);

    let materials = [oct.clone().into(), okp.into(), ec.into(), rsa];
    for material in &materials {
        search.show("KeyMaterial", material);
        let jwk = Jwk::from(material.clone()).with_kid("a").unwrap();
        search.show("SecretText", &jwk.danger_to_secret_json());
        search.show("Jwk", &jwk);
        search.show("JwkSet", &[jwk].into_iter().collect::<JwkSet>());
        #[cfg(feature = "pem")]
        if !matches!(material, KeyMaterial::Oct(_)) {
            search.show("SecretDer", &material.to_pkcs8_der().unwrap());
            search.show("SecretText", &material.to_pkcs8_pem().unwrap());
        }
    }
    for (material, alg) in
        materials.iter().zip([JwsAlg::HS256, JwsAlg::EDDSA, JwsAlg::ES256, JwsAlg::RS256])
    {
        let signer = match symbolon::Signer::new(alg, material) {
            // RustCrypto signs nothing with RSA.
            Err(error) if error.kind() == symbolon::ErrorKind::MissingFeature => continue,
            signer => signer.unwrap(),
        };
        search.show("Signer", &signer);
        search.show("Verifier", &signer.clone().verifier());
        search.show("Keyring", &Keyring::new(signer.clone()));
        search.show("SharedKeyring", &SharedKeyring::from(signer));
    }
}

fn tokens(search: &mut Search, bytes: &[u8]) {
    let signer = || OctKey::new(bytes).unwrap().signer(HmacAlg::Hs256).unwrap();
    let codec = JwsCodec::new(signer());
    search.show("JwsCodec", &codec);
    search.show("NewSignature", &symbolon::jws::NewSignature::by(&signer()));

    let token = codec.encode(&Claims::new(NoCustom::default()).with_subject("someone")).unwrap();
    // Whoever has its last part has it all.
    search.hides(token.rsplit('.').next().unwrap());
    search.show("RawToken", &RawToken::new(&token));
    search.show("Token", &codec.decode::<NoCustom>(&token).unwrap());
    search.show("Unverified", &symbolon::jws::Unverified::peek(&token).unwrap());
    search.show("Draft", &codec.draft(&Claims::new(NoCustom::default())).unwrap());

    // What is to be encrypted, for all that it knows.
    search.hides("what nobody else may read");
    let body = Body::new(b"what nobody else may read");
    search.show("Body", &body);
    search.show("Opened", &codec.open(&codec.seal(&body).unwrap()).unwrap());

    search.show("AnyOf", &AnyOf::new(codec.clone()));
    search.show("TokensBuilder", &Tokens::<NoCustom>::builder(codec));
    search.show("Tokens", &service(signer()));
    let cached = Cached::new(service(signer()), 16);
    let issued = service(signer()).issue(&NoCustom::default()).unwrap();
    cached.verify(&issued).unwrap();
    search.hides(issued.rsplit('.').next().unwrap());
    search.show("Cached", &cached);

    let builder = RefreshTokens::<NoCustom>::builder(JwsCodec::new(signer()), Revocations::in_memory());
    search.show("RefreshTokensBuilder", &builder);
    let refresh = builder.issuer("https://us").build().unwrap();
    let first = refresh.issue("someone", &NoCustom::default()).unwrap();
    search.hides(first.rsplit('.').next().unwrap());
    let renewed = refresh.rotate(&first).unwrap();
    search.hides(renewed.token().rsplit('.').next().unwrap());
    search.show("RefreshTokens", &refresh);
    search.show("Renewed", &renewed);
}

fn rotation(search: &mut Search) {
    let jwk = Jwk::generate(JwsAlg::ES256).unwrap().with_kid("first").unwrap();
    let KeyMaterial::EcPrivate(key) = jwk.material() else { panic!("{jwk:?}") };
    search.hides(key.d());
    let store = MemoryStore::new();
    let builder = Rotator::builder(JwsAlg::ES256, RotationPolicy::every(Duration::HOUR).keep_newest(3))
        .first_key(jwk);
    search.show("RotatorBuilder", &builder);
    let rotator = builder.open(store.clone()).unwrap();
    search.show("Rotator", &rotator);
    search.show("MemoryStore", &store);
    let schedule = rotator.schedule();
    search.show("KeySchedule", &schedule);
    search.show("KeyRecord", &schedule.records().first().unwrap());
    let text = "the text of a schedule with its keys";
    search.hides(text);
    search.show("Stored", &Stored::new(text, "1"));
}

#[cfg(feature = "jwe")]
fn encryption(search: &mut Search, bytes: &[u8]) {
    use symbolon::jwe::{Content, compact};
    use symbolon::{Decrypter, Encrypter, JweAlg, JweCodec, JweEnc, Limits, Nested};

    let key = KeyMaterial::from(OctKey::new(&bytes[..32]).unwrap());
    let encrypter = Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key).unwrap();
    search.show("Encrypter", &encrypter);
    search.show("Decrypter", &Decrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key).unwrap());
    search.show("JweCodec", &JweCodec::new(encrypter.clone()));
    let inner = JwsCodec::new(OctKey::new(bytes).unwrap().signer(HmacAlg::Hs256).unwrap());
    search.show("Nested", &Nested::new(JweCodec::new(encrypter.clone()), inner));

    let content = Content::new(b"what nobody else may read");
    search.show("Content", &content);
    let token = compact::encrypt(&content, &(), &encrypter).unwrap();
    let ring = Keyring::new(encrypter);
    search.show("Keyring", &ring);
    let decrypted = compact::decrypt(&token, &ring, &Limits::default(), crate::support::at(0)).unwrap();
    search.show("Decrypted", &decrypted);
}

#[cfg(feature = "amora")]
fn amora(search: &mut Search, key: &[u8; 32]) {
    use symbolon::AmoraCodec;
    use symbolon::amora::{AmoraKeyPair, AmoraOpener};

    let pair = AmoraKeyPair::generate().unwrap();
    search.hides(pair.secret());
    search.show("AmoraKeyPair", &pair);
    let now = crate::support::at(0);
    for opener in [AmoraOpener::zero(key), pair.opener()] {
        search.show("AmoraOpener", &opener);
        search.show("AmoraSealer", &opener.sealer());
        let token = opener.sealer().seal(b"what nobody else may read", 60, now).unwrap();
        search.show("Contents", &opener.open(&token, now).unwrap());
    }
    search.show("AmoraCodec", &AmoraCodec::zero(key));
    search.show("AmoraCodec", &AmoraCodec::one(pair.secret()));
}

#[cfg(feature = "sealed")]
fn sealed(search: &mut Search, master: &[u8]) {
    use symbolon::{HeaderlessKey, HeaderlessSealedCodec, SealedCodec, SealedKey};

    let derived = SealedKey::new(master).unwrap();
    // RFC 5869 §2.2: what the key keeps.
    search.hides(crate::support::hmac_sha256(b"symbolon sealed", master));
    search.show("SealedKey", &derived);
    search.show("SealedCodec", &SealedCodec::new(derived));
    search.show("HeaderlessKey", &HeaderlessKey::new(master).unwrap());
    search.show("HeaderlessSealedCodec", &HeaderlessSealedCodec::from_master(master).unwrap());
}
