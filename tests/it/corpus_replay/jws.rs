//! Signed tokens in all serializations.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use symbolon::jws::{
    NewSignature, Payload, Signatures, Unverified, compact, detached, flattened, general,
};
use symbolon::{
    ErrorKind, Fault, HmacAlg, Jwk, JwsCodec, Keyring, KidPolicy, Limits, OctKey, RawToken, RingKey,
    Signer, TokenCodec, TokenCodecExt, Verifier,
};

use super::choices::{Choices, damage_json, damaged};
use super::{SECRET, good, now, text, validators};

/// RFC 7515 A.2.
const RSA: &str = r#"{"kty":"RSA","kid":"rs","alg":"RS256","e":"AQAB",
"n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#;

/// RFC 7515 A.3.
const EC: &str = r#"{"kty":"EC","crv":"P-256","kid":"es",
"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// RFC 8037 A.1.
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"ed",
"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// Keys that sign: a secret and two private keys.
pub fn signers() -> &'static [Signer; 3] {
    static SIGNERS: OnceLock<[Signer; 3]> = OnceLock::new();
    SIGNERS.get_or_init(|| {
        let hs = good(OctKey::new(SECRET).and_then(|key| key.signer(HmacAlg::Hs256)));
        let jwk = |json| good(Jwk::from_json(json).and_then(|jwk| Signer::from_jwk(&jwk)));
        [good(hs.with_kid("hs")), jwk(EC), jwk(ED)]
    })
}

fn ring() -> &'static Keyring {
    static RING: OnceLock<Keyring> = OnceLock::new();
    RING.get_or_init(|| {
        let [hs, es, ed] = signers();
        let rs = good(Jwk::from_json(RSA).and_then(|jwk| Verifier::from_jwk(&jwk)));
        good(Keyring::new(hs.clone()).with_readers([es.verifier(), ed.verifier(), rs]))
    })
}

pub fn codec() -> &'static JwsCodec {
    static CODEC: OnceLock<JwsCodec> = OnceLock::new();
    CODEC.get_or_init(|| JwsCodec::new(ring().clone()))
}

/// A compact token against fixed keys.
pub fn jws_compact(data: &[u8]) {
    let Some(token) = text(data) else { return };
    let peeked = Unverified::peek(token);
    let signed = compact::verify(token, ring(), &Limits::default(), now());
    let opened = codec().open_at(token, now());
    assert_eq!(signed.is_ok(), opened.is_ok(), "both layers judge alike");
    if let (Ok(signed), Ok(opened)) = (&signed, opened) {
        // White space in front of a header's `{` is legal, but no shape to know a token by.
        assert!(codec().recognizes(&RawToken::new(token)) || !token.starts_with('e'));
        assert_eq!(signed.payload(), opened.payload_unvalidated());
        assert!(peeked.is_ok_and(|peeked| peeked.payload_unverified() == signed.payload()));
    }
    judge(token);
    as_flattened(token, signed.as_ref().map(compact::Signed::payload).map_err(symbolon::Error::kind));
}

/// The same parts in flattened JSON fare alike, but for payloads that are not encoded, which the
/// compact serialization does not read.
fn as_flattened(token: &str, verdict: Result<&[u8], ErrorKind>) {
    let parts: Vec<&str> = token.split('.').collect();
    let &[protected, payload, signature] = &*parts else { return };
    let json = json!({ "protected": protected, "payload": payload, "signature": signature }).to_string();
    let flattened = flattened::verify(&json, ring(), &Limits::default(), now());
    match (verdict, &flattened) {
        (Ok(payload), Ok(signed)) => assert_eq!(signed.payload(), payload),
        (Err(ErrorKind::UnsupportedHeader), Ok(signed)) => {
            assert_eq!(signed.payload(), payload.as_bytes(), "as it stands");
        }
        (verdict, flattened) => assert!(verdict.is_err() && flattened.is_err(), "{json}"),
    }
}

/// All that becomes of a token's claims.
pub fn judge(token: &str) {
    for validator in validators() {
        if let Ok(token) = codec().decode_at::<Value>(token, now()) {
            let unvalidated = token.claims_unvalidated();
            if let Ok(verified) = token.validate(validator) {
                assert!(
                    verified
                        .registered()
                        .expires_at()
                        .is_some_and(|end| end > now() - time::Duration::MINUTE)
                );
                assert!(unvalidated.is_ok_and(|claims| claims.custom() == verified.custom()));
            }
        }
    }
}

/// The JSON of a header, under a good signature.
pub fn header(data: &[u8]) {
    let encoded = URL_SAFE_NO_PAD.encode(data);
    for signer in signers() {
        let mut token = format!("{encoded}.{}", URL_SAFE_NO_PAD.encode(r#"{"exp":4102444800}"#));
        let signature = good(signer.sign(token.as_bytes()));
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        if let Ok((token, header)) = codec().decode_with_header::<Value, Value>(&token) {
            // What is accepted names the key's algorithm, and no parameter that must be understood.
            let alg = header.get("alg").and_then(Value::as_str);
            assert!(alg.is_some_and(|alg| signer.verifier().fits(alg)));
            assert!(header.get("crit").is_none() && header.get("b64").is_none());
            assert_eq!(token.envelope().alg(), signer.alg().name());
        }
        jws_compact(token.as_bytes());
    }
}

/// A token in either JSON serialization against fixed keys, attached and detached.
pub fn jws_json(data: &[u8]) {
    let Some(token) = text(data) else { return };
    let limits = Limits::default();
    let flat = flattened::verify(token, ring(), &limits, now());
    let [any, all] = [Signatures::Any, Signatures::All]
        .map(|wanted| general::verify(token, ring(), &wanted, &limits, now()));
    let apart = detached::verify_flattened(token, b"payload", ring(), &limits, now());
    let apart_general =
        detached::verify_general(token, b"payload", ring(), &Signatures::Any, &limits, now());
    // It is one of these at most.
    let good = [flat.is_ok(), any.is_ok(), apart.is_ok(), apart_general.is_ok()];
    assert!(good.into_iter().filter(|good| *good).count() <= 1, "{good:?}: {token}");
    for error in
        [flat.as_ref().err(), any.as_ref().err(), apart.as_ref().err(), apart_general.as_ref().err()]
            .iter()
            .flatten()
    {
        assert_eq!(error.fault(), Fault::Token, "{error}: {token}");
    }
    if let Ok(all) = &all {
        let indices = |signed: &general::Signed| -> Vec<usize> {
            signed.signatures().iter().map(|signature| signature.index()).collect()
        };
        let any = any.as_ref().unwrap_or_else(|error| panic!("all are good, but not any: {error}"));
        assert_eq!((all.payload(), indices(all)), (any.payload(), indices(any)));
    }
    // serde_json takes fewer numbers than there are, and what moves into a list stands deeper.
    let shallow = token.matches(['[', '{']).count() < 100;
    if let (Ok(flat), Ok(mut members), true) = (&flat, serde_json::from_str::<Value>(token), shallow) {
        // The same signature in a list of one is as good.
        let own = ["protected", "header", "signature"].map(|name| {
            let own = members.as_object_mut().and_then(|members| members.remove(name));
            (name.to_owned(), own.unwrap_or_default())
        });
        let own = own.into_iter().filter(|(_, value)| !value.is_null()).collect();
        members["signatures"] = Value::Array(vec![Value::Object(own)]);
        let general = general::verify(&members.to_string(), ring(), &Signatures::All, &limits, now());
        assert!(general.is_ok_and(|general| general.payload() == flat.payload()), "{token}");
    }
}

/// The signers of structured tokens: of each algorithm that this build signs with.
fn all_signers() -> &'static [Signer] {
    static SIGNERS: OnceLock<Vec<Signer>> = OnceLock::new();
    SIGNERS.get_or_init(|| {
        #[allow(unused_mut)]
        let mut signers = signers().to_vec();
        #[cfg(feature = "pem")]
        for (pem, algs) in [
            (include_str!("../pem/rsa.pkcs8.pem"), &["RS256", "PS512"][..]),
            (include_str!("../pem/p384.pkcs8.pem"), &["ES384"]),
            (include_str!("../pem/p521.pkcs8.pem"), &["ES512"]),
            (include_str!("../pem/secp256k1.pkcs8.pem"), &["ES256K"]),
        ] {
            for alg in algs {
                let alg = symbolon::JwsAlg::from_name(alg).unwrap_or_else(|| panic!("{alg}"));
                let signer = super::served(Signer::from_pem(pem, alg));
                signers.extend(signer.map(|signer| good(signer.with_kid(alg.name()))));
            }
        }
        signers
    })
}

/// A token as its parts were asked for.
struct Asked<'a> {
    payload: &'a [u8],
    detached: bool,
    /// In compact, flattened or general serialization.
    form: u8,
}

impl Asked<'_> {
    fn sign(&self, signatures: &[NewSignature<'_>], signer: &Signer) -> symbolon::Result<String> {
        let (first, payload) = (&signatures[0], self.payload);
        match (self.detached, self.form) {
            (true, 0) => detached::sign(payload, first),
            (true, 1) => detached::sign_flattened(payload, first),
            (true, _) => detached::sign_general(payload, signatures),
            (false, 0) => compact::sign(payload, &compact::Parameters::new(), &(), signer),
            (false, 1) => flattened::sign(payload, first),
            (false, _) => general::sign(payload, signatures),
        }
    }

    /// The payload, and the places of the signatures that are good.
    fn verify(
        &self,
        token: &str,
        ring: &Keyring,
        wanted: &Signatures,
    ) -> symbolon::Result<(Vec<u8>, Vec<usize>)> {
        let (limits, own) = (Limits::default(), self.payload.to_vec());
        let places = |signatures: &[symbolon::jws::VerifiedSignature]| {
            signatures.iter().map(|signature| signature.index()).collect()
        };
        Ok(match (self.detached, self.form) {
            (true, 0) => {
                let one = detached::verify(token, self.payload, ring, &limits, now())?;
                (own, places(&[one]))
            }
            (true, 1) => {
                let one = detached::verify_flattened(token, self.payload, ring, &limits, now())?;
                (own, places(&[one]))
            }
            (true, _) => {
                let all = detached::verify_general(token, self.payload, ring, wanted, &limits, now())?;
                (own, places(&all))
            }
            (false, 0) => (compact::verify(token, ring, &limits, now())?.payload().to_vec(), vec![0]),
            (false, 1) => {
                let signed = flattened::verify(token, ring, &limits, now())?;
                (signed.payload().to_vec(), places(std::slice::from_ref(signed.signature())))
            }
            (false, _) => {
                let signed = general::verify(token, ring, wanted, &limits, now())?;
                (signed.payload().to_vec(), places(signed.signatures()))
            }
        })
    }
}

/// Signs as the input asks, reads what was signed, changes one thing, and demands that what is signed
/// is never read from it. The input: serialization, signers and their headers, change, payload.
pub fn jws_structured(data: &[u8]) {
    let mut choices = Choices::of(data);
    let (detached, form, unencoded) = (choices.flag(), choices.byte() % 3, choices.flag());
    let count = if form == 2 { 1 + choices.place(3) } else { 1 };
    let custom = json!({ "tenant": { "a": [1, "\u{e9}\"\\"] } });
    let signatures: Vec<(&Signer, u8)> =
        (0..count).map(|_| (choices.pick(all_signers()), choices.byte())).collect();
    let mut change = Choices::of(choices.bytes());
    let stream = choices.flag();
    let asked = Asked { payload: choices.rest(), detached, form };

    let news: Vec<NewSignature<'_>> = signatures
        .iter()
        .map(|(signer, says)| {
            let says = |bit: u8| says >> bit & 1 == 1;
            let mut new = NewSignature::by(signer);
            if says(0) {
                new = new.typ("example");
            }
            if says(1) {
                new = new.content_type("octet-stream");
            }
            if says(2) && form != 0 {
                new = new.unprotected_kid();
            }
            match (says(3), says(4) && form != 0) {
                (true, _) => new = new.protected(&custom),
                (false, true) => new = new.unprotected(&custom),
                (false, false) => {}
            }
            if unencoded && (detached || form != 0) { new.unencoded() } else { new }
        })
        .collect();

    let token = match asked.sign(&news, signatures[0].0) {
        Ok(token) => token,
        Err(error) => {
            // Not encoded, a payload is part of a JSON text.
            assert!(unencoded && !detached && text(asked.payload).is_none(), "{error}");
            return;
        }
    };
    // Each token names its key: none may be read for want of a name.
    let readers = all_signers().iter().map(Signer::verifier);
    let ring = good(Keyring::read_only().with_readers(readers));
    let ring = good(ring.with_policy(KidPolicy::Required));
    let everything = (asked.payload.to_vec(), (0..count).collect::<Vec<_>>());
    for wanted in [Signatures::All, Signatures::Any] {
        assert_eq!(good(asked.verify(&token, &ring, &wanted)), everything, "{token}");
    }
    if detached && stream {
        let read = detached_stream(&token, form, asked.payload, &ring);
        assert!(read.is_ok() || read.is_err_and(|kind| kind != ErrorKind::Unauthentic), "{token}");
    }

    if form == 0 {
        let parts: Vec<&str> = token.split('.').collect();
        let place = change.place(parts.len());
        let Some(part) = damaged(parts[place], &mut change) else { return };
        let mut parts = parts;
        parts[place] = &part;
        let changed = parts.join(".");
        assert!(asked.verify(&changed, &ring, &Signatures::Any).is_err(), "{token} {changed}");
        return;
    }
    let mut json: Value =
        serde_json::from_str(&token).unwrap_or_else(|error| panic!("{error}: {token}"));
    let Some(place) = damage_json(&mut json, &mut change) else { return };
    let changed = json.to_string();
    let [all, any] =
        [Signatures::All, Signatures::Any].map(|wanted| asked.verify(&changed, &ring, &wanted));
    // Not signed, and nothing that decides: of one's own, in the header that anyone may change.
    let free = place.contains("/header/") && !place.ends_with("/kid");
    assert!(all.is_err() || free, "{place}: {token} {changed}");
    if let Ok((payload, good)) = any {
        assert_eq!(payload, asked.payload, "{place}: {token} {changed}");
        let hit =
            place.strip_prefix("/signatures/").and_then(|rest| rest.split('/').next()?.parse().ok());
        let others = everything.1.into_iter().filter(|index| free || Some(*index) != hit);
        assert_eq!(good, others.collect::<Vec<_>>(), "{place}: {token} {changed}");
    }
}

/// The same of a stream; algorithms that take none say so.
fn detached_stream(token: &str, form: u8, payload: &[u8], ring: &Keyring) -> Result<(), ErrorKind> {
    let (mut stream, limits) = (payload, Limits::default());
    let payload = Payload::Reader(&mut stream);
    match form {
        0 => detached::verify(token, payload, ring, &limits, now()).map(drop),
        1 => detached::verify_flattened(token, payload, ring, &limits, now()).map(drop),
        _ => detached::verify_general(token, payload, ring, &Signatures::All, &limits, now()).map(drop),
    }
    .map_err(|error| error.kind())
}
