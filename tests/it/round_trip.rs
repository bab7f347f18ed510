//! What is written is read back: every codec, serialization, algorithm and kind of key, of whatever
//! payload, claims and header parameters.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use symbolon::jws::{NewSignature, Signatures, detached, flattened, general, unencoded};
use symbolon::{
    Body, Claims, ErrorKind, Jwk, JwsCodec, Keyring, Limits, RawToken, Registered, TokenCodecExt,
};

use crate::cells::cells;
use crate::properties::object;
use crate::support::{NOW, at, config, key, kind, signers};

/// What the 32 bits of an Amora hold, and any other format as well.
fn times() -> impl Strategy<Value = (i64, i64)> {
    (0..=i64::from(u32::MAX), 1..1_i64 << 24).prop_map(|(issued, ttl)| (issued, issued + ttl))
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 0..200),
        1 => prop::collection::vec(any::<u8>(), 4000..4100),
    ]
}

#[test]
fn what_is_sealed_is_opened_by_every_codec() {
    let given = (bytes(), "[ -~ü]{1,12}", times());
    TestRunner::new(config(2))
        .run(&given, |(payload, text, (issued_at, expires_at))| {
            for cell in cells() {
                let codec = &cell.codec;
                let plain = Body::new(&payload).issued_at(at(issued_at)).expires_at(at(expires_at));
                let told = plain.typ(&text).content_type(&text);
                let body = if cell.is_jose { told } else { plain.typ("JWT") };
                let token = codec.seal(&body).unwrap();
                prop_assert!(codec.recognizes(&RawToken::new(&token)), "{}", cell.name);
                let opened = codec.open_at(&token, at(NOW)).unwrap();
                prop_assert_eq!(opened.payload_unvalidated(), &payload, "{}", cell.name);
                let envelope = opened.envelope();
                if let Some((format, kid)) = codec.writes_with() {
                    prop_assert_eq!(envelope.format(), format, "{}", cell.name);
                    prop_assert_eq!(envelope.kid(), kid.as_ref(), "{}", cell.name);
                }
                prop_assert!(envelope.provenance() >= codec.provenance(), "{}", cell.name);
                let told = cell.is_jose.then_some(text.as_str());
                prop_assert_eq!(envelope.typ(), told, "{}", cell.name);
                prop_assert_eq!(envelope.content_type(), told, "{}", cell.name);
                if cell.name.starts_with("Amora") {
                    prop_assert_eq!(envelope.issued_at(), Some(at(issued_at)));
                    // It lives through the second that it ends in.
                    prop_assert_eq!(envelope.expires_at(), Some(at(expires_at + 1)));
                }
                if !cell.is_jose {
                    // Who demands it would find none.
                    let special = codec.seal(&plain.typ("at+jwt"));
                    prop_assert_eq!(kind(special), Some(ErrorKind::InvalidSetting), "{}", cell.name);
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_is_encoded_is_decoded_by_every_codec() {
    TestRunner::new(config(2))
        .run(&(object(), ".{0,12}", times()), |(custom, text, (issued_at, expires_at))| {
            let claims = Claims::new(custom)
                .with_issuer(&text)
                .with_subject(text.repeat(2))
                .with_audience([text.as_str(), "b"])
                .with_issued_at(at(issued_at))
                .with_not_before(at(issued_at - 1))
                .with_expiry(at(expires_at))
                .with_id(&text);
            for cell in cells() {
                let token = cell.codec.encode(&claims).unwrap();
                let token = cell.codec.decode_at::<Value>(&token, at(NOW)).unwrap();
                let read = token.claims_unvalidated().unwrap();
                prop_assert_eq!(read.registered(), claims.registered(), "{}", cell.name);
                let mut all = read.into_custom();
                for name in Registered::NAMES {
                    prop_assert!(all.as_object_mut().unwrap().remove(name).is_some(), "{}", name);
                }
                prop_assert_eq!(&all, claims.custom(), "{}", cell.name);
            }
            Ok(())
        })
        .unwrap();
}

/// Parameters of one's own: their names are none of ours, nor those of another header.
fn parameters(names: &'static str) -> impl Strategy<Value = Value> {
    prop::collection::btree_map(names, crate::properties::json(), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

#[test]
fn every_serialization_of_a_signature_is_read_back() {
    // Printable ASCII without a dot, which the compact serialization can hold as it is.
    let given = (
        bytes(),
        "[ -\\-/-~]{0,40}",
        "[ -~ü]{1,12}",
        parameters("P[a-z\"ü]{0,3}"),
        parameters("U[a-z\"ü]{0,3}"),
    );
    TestRunner::new(config(2))
        .run(&given, |(payload, plain, text, protected, unprotected)| {
            for (_, signer) in signers() {
                let signer = signer.clone().with_kid(text.as_str()).unwrap();
                let ring = Keyring::new(signer.clone());
                let (limits, now, wanted) = (Limits::default(), at(NOW), Signatures::All);
                let compact = || NewSignature::by(&signer).typ(&text).protected(&protected);
                let json = || compact().unprotected(&unprotected);
                let told = |header: Value| {
                    let mut header = header.as_object().unwrap().clone();
                    header.retain(|name, _| name.starts_with('P'));
                    prop_assert_eq!(Value::Object(header), protected.clone());
                    Ok(())
                };
                let news = [json(), json().unprotected_kid(), json().unencoded()];
                // What is not encoded stands in JSON as text.
                let texts = [&payload[..], &payload, plain.as_bytes()];
                for (new, within) in news.into_iter().zip(texts) {
                    let token = flattened::sign(within, &new).unwrap();
                    let read = flattened::verify(&token, &ring, &limits, now).unwrap();
                    prop_assert_eq!(read.payload(), within, "{}", signer.alg());
                    told(read.signature().custom_header()?)?;

                    let token = general::sign(within, &[new]).unwrap();
                    let read = general::verify(&token, &ring, &wanted, &limits, now).unwrap();
                    prop_assert_eq!(read.payload(), within);
                    let [one] = read.signatures() else { panic!("there is one") };
                    told(one.custom_header()?)?;

                    let token = detached::sign_flattened(&payload, &new).unwrap();
                    let one = detached::verify_flattened(&token, &payload, &ring, &limits, now);
                    told(one.unwrap().custom_header()?)?;
                    let token = detached::sign_general(&payload, &[new]).unwrap();
                    let all = detached::verify_general(&token, &payload, &ring, &wanted, &limits, now);
                    prop_assert_eq!(all.unwrap().len(), 1);
                }
                for new in [compact(), compact().unencoded()] {
                    let token = detached::sign(&payload, &new).unwrap();
                    let one = detached::verify(&token, &payload, &ring, &limits, now).unwrap();
                    told(one.custom_header()?)?;
                }
                let token = unencoded::sign(&plain, &compact()).unwrap();
                let read = unencoded::verify(&token, &ring, &limits, now).unwrap();
                prop_assert_eq!(read.payload(), plain.as_bytes());

                let codec = JwsCodec::new(ring);
                let token = codec.encode_with_header(&Claims::new(&protected), &protected).unwrap();
                let (_, header) = codec.decode_with_header::<Value, Value>(&token).unwrap();
                told(header)?;
            }
            Ok(())
        })
        .unwrap();
}

#[cfg(feature = "jwe")]
#[test]
fn every_serialization_of_an_encrypted_message_is_read_back() {
    use symbolon::jwe::{Content, compact, json};
    let given =
        (bytes(), bytes(), "[ -~ü]{1,12}", parameters("P[a-z\"ü]{0,3}"), parameters("U[a-z\"ü]{0,3}"));
    TestRunner::new(config(1))
        .run(&given, |(payload, aad, text, protected, unprotected)| {
            let (limits, now) = (Limits::default(), at(NOW));
            for (name, ring) in crate::cells::encrypted() {
                let writer = ring.primary().unwrap();
                let content = Content::new(&payload).typ(&text).content_type(&text);
                let message = compact::encrypt(&content, &protected, writer).unwrap();
                let mut all = vec![compact::decrypt(&message, ring, &limits, now).unwrap()];
                let content = content.additional_data(&aad);
                let flattened = json::encrypt_flattened(&content, &protected, &unprotected, writer);
                let general = json::encrypt_general(
                    &content,
                    &protected,
                    &unprotected,
                    std::slice::from_ref(writer),
                );
                for message in [flattened, general] {
                    let read = json::decrypt(&message.unwrap(), ring, &limits, now).unwrap();
                    prop_assert_eq!(read.additional_data(), Some(&aad[..]), "{}", name);
                    all.push(read);
                }
                for read in all {
                    prop_assert_eq!(read.payload(), &payload, "{}", name);
                    let header: Value = read.custom_header()?;
                    for (name, value) in protected.as_object().unwrap() {
                        prop_assert_eq!(header.get(name), Some(value));
                    }
                }
            }
            Ok(())
        })
        .unwrap();
}

/// A private or symmetric key of each kind there is: those that sign, and those that only agree.
fn keys() -> Vec<Jwk> {
    let algs = symbolon::JwsAlg::all().filter_map(|alg| key(alg).map(Jwk::from));
    let agreeing = symbolon::OkpPrivateKey::generate(symbolon::OkpCurve::X25519);
    algs.chain(agreeing.ok().map(|key| Jwk::from(symbolon::KeyMaterial::from(key)))).collect()
}

#[test]
fn every_text_of_a_key_is_read_back() {
    let keys = keys();
    let ops = prop::sample::subsequence(vec!["sign", "verify"], 0..=2);
    let given = (prop::sample::select(keys), ".{1,20}", any::<bool>(), prop::option::of(ops));
    TestRunner::new(config(100))
        .run(&given, |(jwk, kid, says, ops)| {
            let mut jwk = jwk.with_kid(kid.as_str()).unwrap();
            if says {
                jwk = jwk.with_use("sig").unwrap();
            }
            if let Some(ops) = ops {
                jwk = jwk.with_key_ops(ops).unwrap();
            }
            let text = jwk.danger_to_secret_json();
            prop_assert_eq!(&Jwk::from_json(text.as_str()).unwrap(), &jwk);
            if let Ok(public) = jwk.to_public() {
                prop_assert_eq!(&Jwk::from_json(public.to_json().unwrap()).unwrap(), &public);
                prop_assert_eq!(public.thumbprint(), jwk.thumbprint());
            }
            #[cfg(feature = "pem")]
            if jwk.material().key_type() != symbolon::KeyType::Oct {
                use symbolon::KeyMaterial;
                let material = jwk.material();
                let texts = [
                    KeyMaterial::from_pem(material.to_pkcs8_pem().unwrap().as_str()),
                    KeyMaterial::from_der(material.to_pkcs8_der().unwrap().as_bytes()),
                ];
                for read in texts {
                    prop_assert_eq!(&Jwk::from(read.unwrap()), &Jwk::from(material.clone()));
                }
                let public = material.to_public().unwrap();
                let texts = [
                    KeyMaterial::from_pem(public.to_spki_pem().unwrap()),
                    KeyMaterial::from_der(public.to_spki_der().unwrap()),
                ];
                for read in texts {
                    prop_assert_eq!(&Jwk::from(read.unwrap()), &Jwk::from(public.clone()));
                }
            }
            Ok(())
        })
        .unwrap();
}
