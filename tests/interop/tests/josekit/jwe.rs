//! Encrypted tokens: algorithm, content encryption, serialization.

use josekit::JoseError;
use josekit::jwe::{self, JweDecrypter, JweEncrypter, JweHeader, JweHeaderSet};
use serde_json::{Value, json};
use symbolon::jwe::{Content, Decrypted, compact, json as jwe_json};
use symbolon::{
    Claims, Encrypter, ErrorKind, JweAlg, JweCodec, JweEnc, Jwk, JwsAlg, JwsCodec, Keyring, Limits,
    Nested, Signer, Token, TokenCodecExt, Validator,
};
use symbolon_interop::{Recipient, changed, grid, recipients};
use time::{Duration, OffsetDateTime};

use crate::{FORMS, Form, Tally, public_jwk, secret_jwk};

const PAYLOAD: &[u8] = "{\"né\": \"any bytes\"}".as_bytes();

/// The peer's key for an algorithm, by its method `$make`.
macro_rules! peer {
    ($alg:expr, $make:ident, $jwk:expr) => {
        match $alg.name() {
            "dir" => Box::new(jwe::Dir.$make($jwk).unwrap()),
            "A128KW" => Box::new(jwe::A128KW.$make($jwk).unwrap()),
            "A192KW" => Box::new(jwe::A192KW.$make($jwk).unwrap()),
            "A256KW" => Box::new(jwe::A256KW.$make($jwk).unwrap()),
            "A128GCMKW" => Box::new(jwe::A128GCMKW.$make($jwk).unwrap()),
            "A192GCMKW" => Box::new(jwe::A192GCMKW.$make($jwk).unwrap()),
            "A256GCMKW" => Box::new(jwe::A256GCMKW.$make($jwk).unwrap()),
            "RSA-OAEP" => Box::new(jwe::RSA_OAEP.$make($jwk).unwrap()),
            "RSA-OAEP-256" => Box::new(jwe::RSA_OAEP_256.$make($jwk).unwrap()),
            "RSA-OAEP-384" => Box::new(jwe::RSA_OAEP_384.$make($jwk).unwrap()),
            "RSA-OAEP-512" => Box::new(jwe::RSA_OAEP_512.$make($jwk).unwrap()),
            "ECDH-ES" => Box::new(jwe::ECDH_ES.$make($jwk).unwrap()),
            "ECDH-ES+A128KW" => Box::new(jwe::ECDH_ES_A128KW.$make($jwk).unwrap()),
            "ECDH-ES+A192KW" => Box::new(jwe::ECDH_ES_A192KW.$make($jwk).unwrap()),
            "ECDH-ES+A256KW" => Box::new(jwe::ECDH_ES_A256KW.$make($jwk).unwrap()),
            "PBES2-HS256+A128KW" => Box::new(jwe::PBES2_HS256_A128KW.$make($jwk).unwrap()),
            "PBES2-HS384+A192KW" => Box::new(jwe::PBES2_HS384_A192KW.$make($jwk).unwrap()),
            "PBES2-HS512+A256KW" => Box::new(jwe::PBES2_HS512_A256KW.$make($jwk).unwrap()),
            other => panic!("{other} is new: say what the peer has for it"),
        }
    };
}

/// The peer's side of a recipient.
trait Peer {
    fn lacks(&self) -> Option<&'static str>;
    fn peer_writer(&self) -> Box<dyn JweEncrypter>;
    fn peer_reader(&self) -> Box<dyn JweDecrypter>;
}

impl Peer for Recipient {
    fn lacks(&self) -> Option<&'static str> {
        (self.enc == JweEnc::XC20P).then_some("josekit has no XC20P, a draft's name")
    }

    fn peer_writer(&self) -> Box<dyn JweEncrypter> {
        peer!(self.alg, encrypter_from_jwk, &public_jwk(&self.jwk))
    }

    fn peer_reader(&self) -> Box<dyn JweDecrypter> {
        peer!(self.alg, decrypter_from_jwk, &secret_jwk(&self.jwk))
    }
}

/// What a message has besides its payload.
#[derive(Debug, Default, Clone, Copy)]
struct Besides {
    compressed: bool,
    /// For the JSON serializations.
    aad: Option<&'static [u8]>,
    /// For ECDH-ES.
    parties: Option<(&'static [u8], &'static [u8])>,
}

/// The peer's message.
fn peer_encrypts(to: &Recipient, form: Form, besides: Besides) -> Result<String, JoseError> {
    let writer = to.peer_writer();
    let mut header = JweHeader::new();
    header.set_content_encryption(to.enc.name());
    header.set_token_type("example");
    header.set_claim("né", Some("ü\n".into()))?;
    if besides.compressed {
        header.set_compression("DEF");
    }
    let mut parties = JweHeader::new();
    if let Some((apu, apv)) = besides.parties {
        parties.set_agreement_partyuinfo(apu);
        parties.set_agreement_partyvinfo(apv);
    }
    // It looks for the parties where it puts the key's other parameters: in general JSON that is the
    // recipient's own header.
    if form != Form::General {
        for (name, value) in parties.claims_set() {
            header.set_claim(name, Some(value.clone()))?;
        }
    }
    if form == Form::Compact {
        return jwe::serialize_compact(PAYLOAD, &header, &*writer);
    }
    let mut headers = JweHeaderSet::new();
    for (name, value) in header.claims_set() {
        headers.set_claim(name, Some(value.clone()), true)?;
    }
    headers.set_claim("hop", Some(3.into()), false)?;
    if form == Form::Flattened {
        return jwe::serialize_flattened_json(PAYLOAD, Some(&headers), None, besides.aad, &*writer);
    }
    jwe::serialize_general_json(PAYLOAD, Some(&headers), &[(Some(&parties), &*writer)], besides.aad)
}

/// Our message.
fn encrypts(to: &Recipient, form: Form, besides: Besides) -> String {
    let mut writer = to.writer();
    let mut content = Content::new(PAYLOAD).typ("example");
    if besides.compressed {
        content = content.danger_compressed();
    }
    if let Some(aad) = besides.aad {
        content = content.additional_data(aad);
    }
    if let Some((apu, apv)) = besides.parties {
        writer = writer.with_parties(apu, apv);
    }
    let (protected, unprotected) = (json!({"né": "ü\n"}), json!({"hop": 3}));
    match form {
        Form::Compact => compact::encrypt(&content, &protected, &writer),
        Form::Flattened => jwe_json::encrypt_flattened(&content, &protected, &unprotected, &writer),
        Form::General => jwe_json::encrypt_general(&content, &protected, &unprotected, &[writer]),
    }
    .unwrap_or_else(|error| panic!("{} {form:?}: {error}", to.name()))
}

fn opens(form: Form, message: &str, ring: &Keyring<Encrypter>) -> symbolon::Result<Decrypted> {
    let (limits, now) = (Limits::default().inflated_len(1 << 16), OffsetDateTime::now_utc());
    match form {
        Form::Compact => compact::decrypt(message, ring, &limits, now),
        _ => jwe_json::decrypt(message, ring, &limits, now),
    }
}

fn peer_opens(
    form: Form,
    message: &str,
    reader: &dyn JweDecrypter,
) -> Result<(Vec<u8>, JweHeader), JoseError> {
    match form {
        Form::Compact => jwe::deserialize_compact(message, reader),
        _ => jwe::deserialize_json(message, reader),
    }
}

/// The peer writes each message and we read it; then we write it and the peer reads it.
fn both_ways(
    what: &str,
    grid: impl Iterator<Item = Recipient>,
    cells: impl Fn(Form) -> Option<Besides>,
    lacks: impl Fn(&Recipient) -> Option<&'static str>,
) {
    let (mut ours, mut theirs, mut unread) = (Tally::default(), Tally::default(), 0);
    for recipient in grid {
        let (ring, reader) = (recipient.ring(), recipient.peer_reader());
        for form in FORMS {
            let Some(besides) = cells(form) else { continue };
            let name = format!("{} {form:?}", recipient.name());
            let lacks = lacks(&recipient);

            match &ring {
                Some(ring) => {
                    let outcome = peer_encrypts(&recipient, form, besides);
                    if let Some(message) = theirs.judge(&format!("{name} by josekit"), lacks, outcome) {
                        is_read(&name, form, &message, ring, besides);
                    }
                }
                None => unread += 1,
            }

            let message = encrypts(&recipient, form, besides);
            let outcome = peer_opens(form, &message, &*reader);
            if let Some((payload, header)) = ours.judge(&format!("{name} by symbolon"), lacks, outcome) {
                assert_eq!(payload, PAYLOAD, "{name}");
                let header = header.claims_set();
                assert_eq!((&header["typ"], &header["né"]), (&json!("example"), &json!("ü\n")));
                assert_eq!(header.get("hop"), (form != Form::Compact).then_some(&json!(3)));
                assert_eq!(header["kid"], recipient.kid());
            }
        }
    }
    theirs.tell(&format!("{what}: josekit encrypts, symbolon decrypts"));
    if unread > 0 {
        println!("  {unread} not read: RSA-OAEP is decrypted by the feature aws-lc-rs alone");
    }
    ours.tell(&format!("{what}: symbolon encrypts, josekit decrypts"));
}

/// The peer's message is read as it was meant, and no other.
fn is_read(name: &str, form: Form, message: &str, ring: &Keyring<Encrypter>, besides: Besides) {
    let opened = opens(form, message, ring).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(opened.payload(), PAYLOAD, "{name}");
    assert_eq!(opened.additional_data(), besides.aad, "{name}");
    let header: Value = serde_json::from_slice(opened.header()).unwrap();
    assert_eq!((&header["typ"], &header["né"]), (&json!("example"), &json!("ü\n")), "{name}");

    // A tag stands last in a compact message, and last but for the closing `"}` in the peer's JSON;
    // the first of its characters has no bits to spare.
    let tag = message.rfind(['.', ':']).unwrap() + if form == Form::Compact { 1 } else { 2 };
    let error = opens(form, &changed(message, tag), ring).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthentic, "{name}");
}

#[test]
fn every_algorithm_is_exchanged_in_every_serialization() {
    both_ways("grid", grid(), |_| Some(Besides::default()), Peer::lacks);
}

#[test]
fn additional_data_is_exchanged() {
    let besides = |form| {
        let besides = Besides { aad: Some(b"seen by \xff all"), ..Besides::default() };
        (form != Form::Compact).then_some(besides)
    };
    let grid = grid().filter(|one| one.enc != JweEnc::XC20P);
    both_ways("additional data", grid, besides, |_| None);
}

#[test]
fn compressed_content_is_exchanged() {
    let besides = |_| Some(Besides { compressed: true, ..Besides::default() });
    let grid = grid().filter(|one| one.enc != JweEnc::XC20P);
    both_ways("zip: DEF", grid, besides, |_| None);
}

#[test]
fn parties_are_bound_in_the_agreed_key() {
    for parties in [(&b"Alice"[..], &b"Bob"[..]), (&[0xff; 70], b"\0")] {
        let besides = |_| Some(Besides { parties: Some(parties), ..Besides::default() });
        let grid = grid().filter(|one| one.alg.name().starts_with("ECDH") && one.enc != JweEnc::XC20P);
        both_ways("apu, apv", grid, besides, |_| None);
    }
}

#[test]
fn each_of_several_recipients_reads_the_same_message() {
    let (mut theirs, mut ours) = (Tally::default(), Tally::default());
    for enc in JweEnc::all() {
        let all: Vec<_> = recipients(enc).filter(|one| !one.is_direct()).collect();
        let lacks = all[0].lacks();

        let mut headers = JweHeaderSet::new();
        headers.set_content_encryption(enc.name(), true);
        let writers: Vec<_> = all.iter().map(Recipient::peer_writer).collect();
        let writers: Vec<_> = writers.iter().map(|writer| (None, &**writer)).collect();
        let outcome = jwe::serialize_general_json(PAYLOAD, Some(&headers), &writers, None);
        if let Some(message) = theirs.judge(&format!("{enc} to all by josekit"), lacks, outcome) {
            let limits = Limits::default().recipients(all.len());
            for one in &all {
                let Some(ring) = one.ring() else { continue };
                let opened = jwe_json::decrypt(&message, &ring, &limits, OffsetDateTime::now_utc())
                    .unwrap_or_else(|error| panic!("{}: {error}", one.name()));
                assert_eq!(opened.payload(), PAYLOAD);
                assert_eq!(opened.key().kid(), one.jwk.kid());
            }
        }

        let writers: Vec<_> = all.iter().map(Recipient::writer).collect();
        let message = jwe_json::encrypt_general(&Content::new(PAYLOAD), &(), &(), &writers).unwrap();
        for one in &all {
            let outcome = jwe::deserialize_json(&message, &*one.peer_reader());
            if let Some((payload, header)) = ours.judge(&one.name(), lacks, outcome) {
                assert_eq!(payload, PAYLOAD);
                assert_eq!(header.algorithm(), Some(one.alg.name()));
            }
        }
    }
    theirs.tell("several recipients: josekit encrypts, each of symbolon's decrypts");
    ours.tell("several recipients: symbolon encrypts, each of josekit's decrypts");
}

#[test]
fn a_signed_token_travels_within_an_encrypted_one() {
    let mut tokens = 0;
    let signing = Jwk::generate(JwsAlg::ES256).unwrap().with_kid("signer").unwrap();
    let (peer_signs, peer_verifies) = (
        josekit::jws::ES256.signer_from_jwk(&secret_jwk(&signing)).unwrap(),
        josekit::jws::ES256.verifier_from_jwk(&public_jwk(&signing)).unwrap(),
    );
    let claims = Claims::new(json!({"role": "admin"}))
        .with_issuer("https://id.example")
        .with_expiry(OffsetDateTime::now_utc() + Duration::minutes(10));
    let validator = Validator::new().issuer("https://id.example");
    for recipient in recipients(JweEnc::A128CBC_HS256) {
        let name = recipient.name();
        let signer = Signer::from_jwk(&signing).unwrap();
        let inner = JwsCodec::new(signer);
        let writes = Nested::new(JweCodec::new(recipient.writer()), inner.clone());
        let token = writes.encode(&claims).unwrap();
        let (text, header) = jwe::deserialize_compact(&token, &*recipient.peer_reader()).unwrap();
        assert_eq!(header.content_type(), Some("JWT"), "{name}");
        let (payload, _) = josekit::jwt::decode_with_verifier(text, &peer_verifies).unwrap();
        assert_eq!(payload.claim("role"), Some(&"admin".into()), "{name}");
        tokens += 1;

        let Some(ring) = recipient.ring() else { continue };
        let token =
            josekit::jwt::encode_with_signer(&payload, &josekit::jws::JwsHeader::new(), &peer_signs);
        let mut header = JweHeader::new();
        header.set_content_encryption("A128CBC-HS256");
        header.set_content_type("jwt");
        let token =
            jwe::serialize_compact(token.unwrap().as_bytes(), &header, &*recipient.peer_writer());
        let reads = Nested::new(JweCodec::new(ring), inner);
        let read: Token<Value> = reads.decode(&token.unwrap()).unwrap();
        let verified = read.validate(&validator).unwrap();
        assert_eq!(verified.custom()["role"], "admin", "{name}");
        tokens += 1;
    }
    println!("signed, then encrypted: {tokens} tokens exchanged, 0 wrong");
}

#[test]
fn keys_travel_encrypted() {
    let recipient = recipients(JweEnc::A256GCM).find(|one| one.alg == JweAlg::PBES2_HS512_A256KW);
    let recipient = recipient.unwrap();
    let (ring, limits) = (recipient.ring().unwrap(), Limits::default());
    let mut keys = 0;
    for alg in JwsAlg::all() {
        let key = Jwk::generate(alg).unwrap().with_kid("within").unwrap();
        let text = symbolon::jwe::encrypt_jwk(&key, &recipient.writer()).unwrap();
        let (payload, header) = jwe::deserialize_compact(&text, &*recipient.peer_reader()).unwrap();
        assert_eq!(header.content_type(), Some("jwk+json"));
        let read = josekit::jwk::Jwk::from_bytes(&payload).unwrap();
        assert_eq!(read.key_id(), Some("within"));

        let mut header = JweHeader::new();
        header.set_content_encryption("A256GCM");
        header.set_content_type("jwk+json");
        let bytes = read.to_string();
        let text = jwe::serialize_compact(bytes.as_bytes(), &header, &*recipient.peer_writer());
        let now = OffsetDateTime::now_utc();
        assert_eq!(symbolon::jwe::decrypt_jwk(&text.unwrap(), &ring, &limits, now).unwrap(), key);
        keys += 2;
    }
    println!("keys within encrypted tokens: {keys} exchanged, 0 wrong");
}
