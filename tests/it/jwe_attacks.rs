//! How libraries for encrypted tokens were broken, each break as a rule, for every serialization that
//! it applies to. What is forged here has a good tag wherever the rule itself must refuse it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use symbolon::jwe::{Content, compact, json as jwe_json};
use symbolon::jws;
use symbolon::{
    Body, Decrypter, EcCurve, EcPrivateKey, Encrypter, Error, ErrorKind, HmacAlg, JweAlg, JweCodec,
    JweEnc, Jwk, JwsAlg, JwsCodec, KeyMaterial, Keyring, Limits, Nested, NoCustom, OctKey, OkpCurve,
    OkpPrivateKey, Provenance, RemoteUnwrap, Signer, TokenCodec, TokenCodecExt, Verifier,
};
use time::OffsetDateTime;

use crate::jwe_support::{
    Fixed, IV, Ring, all_forms, bent, dir, encrypter, forge, forge_json, is_direct, oct, open, parts,
    recipients, refused, ring_of, rsa_key,
};
use crate::support::{Miss, base64url, count, from_base64url, tally};

const CEK: [u8; 32] = [7; 32];
const HEADER: &str = r#"{"alg":"dir","enc":"A256GCM"}"#;

/// `HEADER` with one more member.
fn header_with(name: &str, value: &Value) -> String {
    format!(r#"{{"alg":"dir","enc":"A256GCM","{name}":{value}}}"#)
}

/// A message with a good tag that has the parameter in each place there is for one; whether that place
/// is protected.
fn everywhere(name: &str, value: &Value) -> Vec<(&'static str, bool, String)> {
    let protected = header_with(name, value);
    let general = |own: Value| json!({ "recipients": [{ "header": own }] });
    let with = json!({ name: value });
    let shared_in_general = json!({"unprotected": with, "recipients": [{}]});
    vec![
        ("compact", true, forge(&protected, b"", &CEK, b"x")),
        ("flattened protected", true, forge_json(&protected, json!({}), &CEK, b"x").to_string()),
        ("general protected", true, forge_json(&protected, general(json!({})), &CEK, b"x").to_string()),
        (
            "unprotected",
            false,
            forge_json(HEADER, json!({ "unprotected": with }), &CEK, b"x").to_string(),
        ),
        ("header", false, forge_json(HEADER, json!({ "header": with }), &CEK, b"x").to_string()),
        ("recipient", false, forge_json(HEADER, general(with), &CEK, b"x").to_string()),
        ("general unprotected", false, forge_json(HEADER, shared_in_general, &CEK, b"x").to_string()),
    ]
}

#[test]
fn what_is_forged_here_is_read_where_no_rule_forbids_it() {
    for (place, _, message) in everywhere("tenant", &json!("blue")) {
        assert_eq!(open(&message, &dir(), &Limits::default()).unwrap(), b"x", "{place}");
    }
}

#[test]
fn crit_is_refused_in_every_header() {
    let values = [
        json!(["unknown"]),
        json!(["exp"]),
        json!(["b64"]),
        json!(["alg"]),
        json!(["enc", "enc"]),
        json!([]),
        json!([7]),
        json!([null]),
        json!("tenant"),
        json!(7),
        json!(null),
        json!({}),
        json!(true),
    ];
    let cases = values.iter().flat_map(|value| everywhere("crit", value));
    count("crit", cases, |(place, _, message)| match refused(&message, &dir()) {
        Some(ErrorKind::UnsupportedHeader | ErrorKind::Malformed) => Ok(()),
        other => Err(format!("{place}: {other:?}")),
    });
    // Also where the parameter that it names is there.
    let header = r#"{"alg":"dir","enc":"A256GCM","crit":["exp"],"exp":1}"#;
    assert_eq!(refused(&forge(header, b"", &CEK, b"x"), &dir()), Some(ErrorKind::UnsupportedHeader));
}

#[test]
fn zip_is_refused_unless_protected_and_asked_for() {
    let cases = everywhere("zip", &json!("DEF"));
    count("zip by default", cases, |(place, protected, message)| {
        let due = if protected { ErrorKind::UnsupportedHeader } else { ErrorKind::Malformed };
        match refused(&message, &dir()) {
            Some(kind) if kind == due => Ok(()),
            other => Err(format!("{place}: {other:?}")),
        }
    });
    for value in ["GZIP", "def", "DEFLATE", "", "none"] {
        for (place, protected, message) in everywhere("zip", &json!(value)) {
            let due = if protected { ErrorKind::UnsupportedHeader } else { ErrorKind::Malformed };
            let limits = Limits::default().inflated_len(1 << 20);
            let kind = open(&message, &dir(), &limits).unwrap_err().kind();
            assert_eq!(kind, due, "{place} {value:?}");
        }
    }
    for value in [json!(null), json!(7), json!(["DEF"]), json!(true)] {
        for (place, _, message) in everywhere("zip", &value) {
            assert_eq!(refused(&message, &dir()), Some(ErrorKind::Malformed), "{place} {value}");
        }
    }
}

#[test]
fn b64_is_for_signed_tokens() {
    for value in [json!(true), json!(false), json!("x")] {
        for (place, _, message) in everywhere("b64", &value) {
            assert_eq!(refused(&message, &dir()), Some(ErrorKind::Malformed), "{place} {value}");
        }
    }
}

#[test]
fn alg_and_enc_only_agree() {
    let header = |alg: &Value, enc: &Value| json!({"alg": alg, "enc": enc}).to_string();
    let both_ways = |alg: &Value, enc: &Value| {
        let compact = forge(&header(alg, enc), b"", &CEK, b"x");
        let unprotected = json!({ "unprotected": { "alg": alg, "enc": enc } });
        [compact, forge_json("{}", unprotected, &CEK, b"x").to_string()]
    };
    let (dir_alg, gcm) = (json!("dir"), json!("A256GCM"));
    for message in both_ways(&dir_alg, &gcm) {
        assert_eq!(refused(&message, &dir()), None);
    }
    let names = [
        "none",
        "None",
        "NONE",
        "DIR",
        "Dir",
        "dir ",
        "",
        "RSA1_5",
        "A256KW",
        "A256GCMKW",
        "ECDH-ES",
        "HS256",
        "A256GCM",
        "RSA-OAEP",
        "PBES2-HS256+A128KW",
    ];
    for name in names {
        for message in both_ways(&json!(name), &gcm) {
            assert_eq!(refused(&message, &dir()), Some(ErrorKind::AlgorithmMismatch), "alg {name:?}");
        }
    }
    for name in ["none", "", "a256gcm", "A128GCM", "A256CBC-HS512", "XC20P", "A128CBC-HS256", "dir"] {
        for message in both_ways(&dir_alg, &json!(name)) {
            assert_eq!(refused(&message, &dir()), Some(ErrorKind::AlgorithmMismatch), "enc {name:?}");
        }
    }
    for odd in [json!(null), json!(7), json!(["dir"]), json!({}), json!(true)] {
        for message in both_ways(&odd, &gcm).into_iter().chain(both_ways(&dir_alg, &odd)) {
            assert_eq!(refused(&message, &dir()), Some(ErrorKind::Malformed), "{odd}");
        }
    }
    for header in [r#"{"alg":"dir"}"#, r#"{"enc":"A256GCM"}"#, "{}"] {
        assert_eq!(refused(&forge(header, b"", &CEK, b"x"), &dir()), Some(ErrorKind::Malformed));
        let json = forge_json(header, json!({}), &CEK, b"x").to_string();
        assert_eq!(refused(&json, &dir()), Some(ErrorKind::Malformed));
    }
    for name in ["RSA1_5", "none", "", "a256kw", "DIR"] {
        assert_eq!(JweAlg::from_name(name), None);
        assert_eq!(JweEnc::from_name(name), None);
    }
    assert!(JweAlg::all().all(|alg| !alg.name().contains("RSA1")));
}

#[test]
fn a_parameter_twice_is_refused_within_and_across_headers() {
    let members = [
        (r#""alg":"dir""#, "alg"),
        (r#""enc":"A256GCM""#, "enc"),
        (r#""tenant":1"#, "tenant"),
        (r#""\u0061lg":"dir""#, "alg"),
    ];
    for (member, name) in members {
        let twice = format!(r#"{{"alg":"dir","enc":"A256GCM","tenant":1,{member}}}"#);
        assert_eq!(
            refused(&forge(&twice, b"", &CEK, b"x"), &dir()),
            Some(ErrorKind::Malformed),
            "{member}"
        );
        let flat = forge_json(&twice, json!({}), &CEK, b"x").to_string();
        assert_eq!(refused(&flat, &dir()), Some(ErrorKind::Malformed), "{member}");
        let header = r#"{"alg":"dir","enc":"A256GCM","tenant":1}"#;
        let value: Value = serde_json::from_str(&format!("{{{member}}}")).unwrap();
        for place in [
            json!({ "unprotected": value }),
            json!({ "header": value }),
            json!({ "recipients": [{ "header": value }] }),
            json!({ "unprotected": value, "recipients": [{}] }),
        ] {
            let message = forge_json(header, place.clone(), &CEK, b"x").to_string();
            assert_eq!(refused(&message, &dir()), Some(ErrorKind::Malformed), "{name} {place}");
        }
        let unprotected = json!({"unprotected": {"other": 1}, "header": {"other": 1}});
        let message = forge_json(header, unprotected, &CEK, b"x").to_string();
        assert_eq!(refused(&message, &dir()), Some(ErrorKind::Malformed));
        // Two of them are no better than one.
        let unprotected = json!({"unprotected": {"a": 1, "b": 1}, "header": {"a": 1, "b": 1}});
        let message = forge_json(header, unprotected, &CEK, b"x").to_string();
        assert_eq!(refused(&message, &dir()), Some(ErrorKind::Malformed));
    }
    // Members of the message itself and of a recipient.
    let good = forge_json(HEADER, json!({"recipients": [{"header": {"a": 1}}]}), &CEK, b"x").to_string();
    assert_eq!(refused(&good, &dir()), None);
    for (one, two) in [
        (r#""iv":"#, format!(r#""iv":"{}","iv":"#, base64url(IV))),
        (r#""header":{"#, r#""header":{},"header":{"#.to_owned()),
        (r#"{"a":1}"#, r#"{"a":1,"a":1}"#.to_owned()),
    ] {
        let twice = good.replace(one, &two);
        assert_ne!(twice, good);
        assert_eq!(refused(&twice, &dir()), Some(ErrorKind::Malformed), "{one}");
    }
    // Two recipients may each have their own.
    let own = json!({"header": {"a": 1}});
    let two = forge_json(HEADER, json!({ "recipients": [own, own] }), &CEK, b"x").to_string();
    assert_eq!(refused(&two, &dir()), None);
}

#[test]
fn a_message_is_of_one_serialization() {
    let ring = dir();
    let compact = forge(HEADER, b"", &CEK, b"x");
    let flat = forge_json(HEADER, json!({}), &CEK, b"x");
    let mut messages = vec![
        ("flattened and general", json!({"header": {"a": 1}, "recipients": [{}]})),
        ("key and recipients", json!({"encrypted_key": "", "recipients": [{}]})),
        ("payload", json!({"payload": "eA"})),
        ("signature", json!({"signature": "eA"})),
        ("signatures", json!({"signatures": []})),
        ("no recipients", json!({"recipients": []})),
        ("recipients are no list", json!({"recipients": {}})),
        ("recipients are null", json!({"recipients": null})),
        ("a recipient is no object", json!({"recipients": ["x"]})),
        ("a recipient's header is no object", json!({"recipients": [{"header": "x"}]})),
        ("a recipient's key is no string", json!({"recipients": [{"encrypted_key": 7}]})),
        ("header is no object", json!({"header": []})),
        ("unprotected is no object", json!({"unprotected": "x"})),
        ("protected is no string", json!({"protected": {"alg": "dir", "enc": "A256GCM"}})),
        ("iv is no string", json!({"iv": null})),
        ("tag is no string", json!({"tag": 7})),
        ("ciphertext is no string", json!({"ciphertext": ["eA"]})),
        ("aad is no string", json!({"aad": {}})),
        ("aad is no base64url", json!({"aad": "+/=="})),
    ]
    .into_iter()
    .map(|(what, members)| {
        let mut message = flat.clone();
        message.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        (what, message.to_string())
    })
    .collect::<Vec<_>>();
    for name in ["iv", "ciphertext", "tag", "protected"] {
        let mut message = flat.clone();
        message.as_object_mut().unwrap().remove(name);
        messages.push(("a member is missing", message.to_string()));
    }
    messages.push(("trailing", format!("{flat}x")));
    messages.push(("two", format!("{flat}{flat}")));
    messages.push(("a list", format!("[{flat}]")));
    messages.push((
        "deep",
        flat.to_string().replacen('{', &format!("{{\"a\":{}{},", "[".repeat(200), "]".repeat(200)), 1),
    ));
    count("JSON that is no message", messages, |(what, message)| {
        match jwe_json::decrypt(&message, &ring, &Limits::default(), OffsetDateTime::UNIX_EPOCH) {
            Err(error) if error.kind() == ErrorKind::Malformed => Ok(()),
            other => Err(format!("{what}: {other:?}")),
        }
    });
    let [h, k, i, c, t] = parts(&compact);
    let malformed = [
        String::new(),
        "....".into(),
        format!("{h}.{k}.{i}"),
        format!("{h}.{k}.{i}.{c}"),
        format!("{compact}."),
        format!("{compact}.{t}"),
        format!(".{compact}"),
        format!(" {compact}"),
        format!("{compact}\n"),
        format!("{h}.{i}.{c}.{t}"),
        format!(".{k}.{i}.{c}.{t}"),
        flat.to_string(),
        base64url(&compact),
    ];
    count("text that is no compact message", malformed, |text| {
        let now = OffsetDateTime::UNIX_EPOCH;
        match compact::decrypt(&text, &ring, &Limits::default(), now).map_err(|error| error.kind()) {
            Err(ErrorKind::Malformed) => Ok(()),
            other => Err(format!("{text:?}: {other:?}")),
        }
    });
    let as_json = jwe_json::decrypt(&compact, &ring, &Limits::default(), OffsetDateTime::UNIX_EPOCH);
    assert_eq!(as_json.unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn a_signed_token_is_no_encrypted_one_nor_the_reverse() {
    let signer = OctKey::new(CEK.to_vec()).unwrap().signer(HmacAlg::Hs256).unwrap();
    let signed_ring = Keyring::new(signer.clone());
    let now = OffsetDateTime::UNIX_EPOCH;
    // A token of three parts, and one of five with a header of the other kind.
    let jws = crate::support::signed_as(r#"{"alg":"HS256"}"#, "x", &signer);
    assert_eq!(refused(&jws, &dir()), Some(ErrorKind::Malformed));
    let jws_of_jwe = crate::support::signed_as(HEADER, "x", &signer);
    assert_eq!(crate::support::refused(&jws_of_jwe, &signed_ring), Some(ErrorKind::Malformed));
    let jwe = forge(HEADER, b"", &CEK, b"x");
    assert_eq!(crate::support::refused(&jwe, &signed_ring), Some(ErrorKind::Malformed));
    for header in
        [r#"{"alg":"HS256"}"#, r#"{"alg":"HS256","enc":"A256GCM"}"#, r#"{"alg":"none","enc":"A256GCM"}"#]
    {
        assert!(refused(&forge(header, b"", &CEK, b"x"), &dir()).is_some(), "{header}");
    }
    // One with both, in every order of members.
    let flat = forge_json(HEADER, json!({}), &CEK, b"x");
    for extra in
        [json!({"payload": "eA", "signature": "AA"}), json!({"payload": "eA", "signatures": [{}]})]
    {
        let mut message = flat.clone();
        message.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(refused(&message.to_string(), &dir()), Some(ErrorKind::Malformed));
    }
    let error =
        jws::compact::verify(&flat.to_string(), &signed_ring, &Limits::default(), now).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

/// Would tell that cryptography began.
struct Panics;

impl RemoteUnwrap for Panics {
    fn unwrap(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
        panic!("a key was reached")
    }
}

fn panics() -> Ring {
    ring_of(Decrypter::remote(JweAlg::RSA_OAEP, JweEnc::A256GCM, Panics).unwrap())
}

#[test]
fn iv_and_tag_have_exactly_their_length_before_any_cryptography() {
    for enc in JweEnc::all() {
        let Ok(decrypter) = Decrypter::remote(JweAlg::RSA_OAEP, enc, Panics) else {
            println!("skipped: iv and tag of {enc}: not in this build");
            continue;
        };
        let ring = ring_of(decrypter);
        let (iv, tag) = match enc.name() {
            "A192CBC-HS384" => (16, 24),
            "A256CBC-HS512" => (16, 32),
            "XC20P" => (24, 16),
            name if name.contains("CBC") => (16, 16),
            _ => (12, 16),
        };
        let header = base64url(format!(r#"{{"alg":"RSA-OAEP","enc":"{enc}"}}"#));
        let lens = (0..=40).flat_map(|len| [(len, tag), (iv, len)]).filter(|lens| *lens != (iv, tag));
        count(&format!("iv and tag of {enc}"), lens, |(iv, tag)| {
            let (iv, tag) = (base64url(vec![0; iv]), base64url(vec![0; tag]));
            let compact = format!("{header}.AAAA.{iv}.AAAA.{tag}");
            let flat = json!({
                "protected": header, "encrypted_key": "AAAA", "iv": iv, "ciphertext": "AAAA", "tag": tag,
            });
            match [refused(&compact, &ring), refused(&flat.to_string(), &ring)] {
                [Some(ErrorKind::Malformed), Some(ErrorKind::Malformed)] => Ok(()),
                other => Err(format!("{iv} {tag}: {other:?}")),
            }
        });
    }
}

/// The texts of all ways to fail behind the key: they must be one.
#[test]
fn a_failed_unwrap_is_indistinguishable_from_a_failed_tag() {
    let encs = [JweEnc::A256GCM, JweEnc::A128CBC_HS256];
    let cases = encs.into_iter().flat_map(|enc| recipients(enc).into_iter().map(move |one| (enc, one)));
    tally("failed unwrap and failed tag", cases, |(enc, (name, alg, key))| {
        if is_direct(alg) {
            return Err(Miss::skipped("direct: no key is encrypted"));
        }
        let lacks = || Miss::skipped(format!("{name}: not in this build"));
        let key = key.map_err(|_| lacks())?;
        let encrypter = encrypter(alg, enc, &key).map_err(|_| lacks())?;
        let ring = ring_of(Decrypter::new(alg, enc, &key).map_err(|_| lacks())?);
        for (form, message) in all_forms(&Content::new(b"x"), &encrypter).unwrap() {
            let (tag, encrypted_key) = if form == "compact" {
                let [_, key, _, _, tag] = parts(&message);
                (tag, key)
            } else {
                let message: Value = serde_json::from_str(&message).unwrap();
                let one = if form == "general" { &message["recipients"][0] } else { &message };
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                (text(&message["tag"]), text(&one["encrypted_key"]))
            };
            let other_key = base64url(vec![0x55; from_base64url(&encrypted_key).len()]);
            let damaged = [
                message.replace(&tag, &bent(&tag)),
                message.replace(&encrypted_key, &bent(&encrypted_key)),
                message.replace(&encrypted_key, &other_key),
                message.replace(&encrypted_key, &encrypted_key[..encrypted_key.len() / 2 / 4 * 4]),
                message.replace(&encrypted_key, "AAAA"),
                message.replace(&encrypted_key, ""),
                message.replace(&encrypted_key, &bent(&encrypted_key)).replace(&tag, &bent(&tag)),
            ];
            let mut texts: Vec<_> = damaged
                .iter()
                .map(|message| match open(message, &ring, &Limits::default()) {
                    Err(error) => format!("{error} {error:?} {}", error.code()),
                    Ok(_) => "read".into(),
                })
                .collect();
            texts.dedup();
            if texts.len() != 1 || !texts[0].contains("Unauthentic") {
                return Err(Miss::wrong(format!("{name} with {enc}, {form}: {texts:?}")));
            }
        }
        Ok(())
    });
}

/// What a sender could measure. The figure is printed; the bound is loose, since machines are shared.
#[test]
fn a_failed_unwrap_takes_as_long_as_a_failed_tag() {
    let Ok(key) = Encrypter::new(JweAlg::A256KW, JweEnc::A256GCM, &oct(32)) else {
        return println!("skipped: a_failed_unwrap_takes_as_long: A256KW is not in this build");
    };
    let ring = Keyring::new(key.clone());
    let token = compact::encrypt(&Content::new(&[7; 256]), &(), &key).unwrap();
    let [_, wrapped, _, _, tag] = parts(&token);
    let bad = [token.replace(&wrapped, &bent(&wrapped)), token.replace(&tag, &bent(&tag))];
    let mut samples = [vec![], vec![]];
    for round in 0..4000 {
        for at in [round % 2, 1 - round % 2] {
            let start = Instant::now();
            let opened =
                compact::decrypt(&bad[at], &ring, &Limits::default(), OffsetDateTime::UNIX_EPOCH);
            samples[at].push(start.elapsed().as_nanos());
            assert!(opened.is_err());
        }
    }
    let [unwrap, tag] = samples.map(|mut times| {
        times.sort_unstable();
        [1, 2, 3].map(|quarter| times[times.len() * quarter / 4])
    });
    let ratio = unwrap[1] as f64 / tag[1] as f64;
    println!(
        "A256KW, 4000 each, quartiles in ns: failed unwrap {unwrap:?}, failed tag {tag:?}, medians' ratio {ratio:.3}"
    );
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}

fn pbes2(p2c: &str, p2s: &str) -> String {
    let header =
        base64url(format!(r#"{{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2s":{p2s},"p2c":{p2c}}}"#));
    format!("{header}.{}.{}.AAAA.{}", base64url([0; 40]), base64url(IV), base64url([0; 16]))
}

const SALT: &str = r#""AAAAAAAAAAAAAAAAAAAAAA""#;

fn password() -> Option<Encrypter> {
    let made = Encrypter::new(JweAlg::PBES2_HS256_A128KW, JweEnc::A256GCM, &oct(20));
    if made.is_err() {
        println!("skipped: PBES2-HS256+A128KW is not in this build");
    }
    made.ok()
}

#[test]
fn pbes2_counts_are_bounded_before_the_work() {
    let Some(key) = password() else { return };
    let ring = Keyring::new(key.clone());
    use ErrorKind::{Malformed, TooLarge, Unauthentic, UnsupportedHeader};
    let counts = [
        ("0", UnsupportedHeader),
        ("1", UnsupportedHeader),
        ("999", UnsupportedHeader),
        ("1000", Unauthentic),
        ("10000", Unauthentic),
        ("10001", TooLarge),
        ("2147483647", TooLarge),
        ("2147483648", TooLarge),
        ("4294967295", TooLarge),
        ("4294967296", TooLarge),
        ("4294968296", TooLarge),
        ("18446744073709551616", TooLarge),
        ("1000000000000000000000000000000", TooLarge),
        ("-1", Malformed),
        ("-1000", Malformed),
        ("1000.5", Malformed),
        ("1e4", Malformed),
        ("1E3", Malformed),
        ("2000.0", Malformed),
        (r#""2000""#, Malformed),
        ("null", Malformed),
        ("[2000]", Malformed),
        ("true", Malformed),
    ];
    count("p2c", counts, |(p2c, due)| match refused(&pbes2(p2c, SALT), &ring) {
        Some(kind) if kind == due => Ok(()),
        other => Err(format!("{p2c}: {other:?}, should be {due:?}")),
    });
    for p2s in [r#""""#, r#""AAAA""#, r#""AAAAAAAAAA""#, r#""====""#, "7", "null"] {
        assert_eq!(refused(&pbes2("1000", p2s), &ring), Some(Malformed), "{p2s}");
    }
    // RFC 7518 §4.8.1.1: 8 bytes or more; and passwords are as long as §8.8 has sense in, and no longer.
    assert_eq!(refused(&pbes2("1000", r#""AAAAAAAAAAA""#), &ring), Some(Unauthentic));
    for (len, due) in [(1024, None), (1025, Some(ErrorKind::InvalidKey))] {
        let made = Encrypter::new(JweAlg::PBES2_HS256_A128KW, JweEnc::A256GCM, &oct(len));
        assert_eq!(made.err().map(|error| error.kind()), due, "{len}");
    }
    let token = pbes2("2147483648", SALT);
    let took = (0..20).map(|_| {
        let start = Instant::now();
        let refused = compact::decrypt(&token, &ring, &Limits::default(), OffsetDateTime::UNIX_EPOCH);
        assert_eq!(refused.unwrap_err().kind(), TooLarge);
        start.elapsed()
    });
    let fastest = took.min().unwrap();
    println!("p2c of 2^31: refused in {fastest:?}");
    assert!(fastest < Duration::from_millis(1));
    // Raised by whoever needs it, in both directions.
    let limits = Limits::default().pbkdf2_rounds(20_000);
    let many =
        compact::encrypt(&Content::new(b"x"), &(), &key.clone().with_pbkdf2_rounds(20_000).unwrap());
    assert_eq!(refused(&many.as_ref().unwrap().clone(), &ring), Some(TooLarge));
    assert_eq!(open(&many.unwrap(), &ring, &limits).unwrap(), b"x");
    assert_eq!(key.with_pbkdf2_rounds(999).unwrap_err().kind(), ErrorKind::InvalidSetting);
}

#[test]
fn one_budget_of_pbes2_rounds_holds_for_all_recipients_together() {
    let Some(key) = password() else { return };
    let ring = Keyring::new(key.clone());
    let other = Encrypter::new(JweAlg::PBES2_HS256_A128KW, JweEnc::A256GCM, &oct(21)).unwrap();
    let to = |rounds: &[(&Encrypter, u32)]| {
        let all: Vec<_> = rounds
            .iter()
            .map(|(key, rounds)| (*key).clone().with_pbkdf2_rounds(*rounds).unwrap())
            .collect();
        jwe_json::encrypt_general(&Content::new(b"x"), &(), &(), &all).unwrap()
    };
    assert_eq!(refused(&to(&[(&other, 5000), (&key, 5000)]), &ring), None);
    assert_eq!(refused(&to(&[(&other, 5000), (&other, 5000)]), &ring), Some(ErrorKind::Unauthentic));
    assert_eq!(refused(&to(&[(&other, 5000), (&key, 5001)]), &ring), Some(ErrorKind::TooLarge));
    let three = to(&[(&other, 4000), (&other, 4000), (&key, 4000)]);
    assert_eq!(refused(&three, &ring), Some(ErrorKind::TooLarge));
}

#[test]
fn recipients_are_counted_before_any_cryptography() {
    let message = |count: usize| {
        let one = json!({"header": {"alg": "RSA-OAEP"}, "encrypted_key": "AAAA"});
        forge_json(r#"{"enc":"A256GCM"}"#, json!({ "recipients": vec![one; count] }), &CEK, b"x")
            .to_string()
    };
    let many = message(10_000);
    let start = Instant::now();
    assert_eq!(refused(&many, &panics()), Some(ErrorKind::TooLarge));
    let took = start.elapsed();
    println!("general JSON with 10,000 recipients, {} bytes: refused in {took:?}", many.len());
    assert!(took < Duration::from_secs(3));
    assert_eq!(refused(&message(17), &panics()), Some(ErrorKind::TooLarge));
    // One key is tried with 4 of them at most.
    let ring =
        ring_of(Decrypter::remote(JweAlg::RSA_OAEP, JweEnc::A256GCM, Fixed(vec![1; 32])).unwrap());
    assert_eq!(refused(&message(4), &ring), Some(ErrorKind::Unauthentic));
    assert_eq!(refused(&message(5), &ring), Some(ErrorKind::TooLarge));
    assert_eq!(refused(&message(16), &ring), Some(ErrorKind::TooLarge));
    let named = ring_of(
        Decrypter::remote(JweAlg::RSA_OAEP, JweEnc::A256GCM, Fixed(CEK.to_vec()))
            .unwrap()
            .with_kid("k")
            .unwrap(),
    );
    // Those for others cost nothing.
    let mut all =
        vec![json!({"header": {"alg": "RSA-OAEP", "kid": "other"}, "encrypted_key": "AAAA"}); 15];
    all.push(json!({"header": {"alg": "RSA-OAEP", "kid": "k"}, "encrypted_key": "AAAA"}));
    let last = forge_json(r#"{"enc":"A256GCM"}"#, json!({ "recipients": all }), &CEK, b"x").to_string();
    assert_eq!(refused(&last, &named), None);
    assert_eq!(
        open(&last, &named, &Limits::default().recipients(15)).unwrap_err().kind(),
        ErrorKind::TooLarge
    );
}

#[test]
fn text_and_headers_are_bounded_before_any_cryptography() {
    let big = "x".repeat(9000);
    for (place, _, message) in everywhere("tenant", &json!(big)) {
        assert_eq!(refused(&message, &dir()), Some(ErrorKind::TooLarge), "{place}");
        let limits = Limits::default().header_len(16 * 1024);
        assert_eq!(open(&message, &dir(), &limits).unwrap(), b"x", "{place}");
        let exact = limits.token_len(message.len());
        assert_eq!(open(&message, &dir(), &exact).unwrap(), b"x", "{place}");
        let limits = limits.token_len(message.len() - 1);
        assert_eq!(open(&message, &dir(), &limits).unwrap_err().kind(), ErrorKind::TooLarge, "{place}");
    }
    let kid = "k".repeat(256);
    for (place, _, message) in everywhere("kid", &json!(kid)) {
        assert_eq!(refused(&message, &dir()), None, "{place}");
    }
    let kid = "k".repeat(257);
    for (place, _, message) in everywhere("kid", &json!(kid)) {
        assert_eq!(refused(&message, &dir()), Some(ErrorKind::TooLarge), "{place}");
    }
    let dots = ".".repeat(10 << 20);
    assert_eq!(refused(&dots, &dir()), Some(ErrorKind::TooLarge));
    let limits = Limits::default().token_len(usize::MAX);
    assert_eq!(open(&dots, &dir(), &limits).unwrap_err().kind(), ErrorKind::Malformed);
}

/// Names are compared across headers: many of them in each must not cost their product.
#[test]
fn headers_of_very_many_names_are_refused_quickly() {
    let names = |prefix: char, count: usize| -> Value {
        (0..count)
            .map(|at| (format!("{prefix}{at:x}"), json!(0)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let two = json!({ "unprotected": names('a', 40_000), "header": names('z', 40_000) });
    let many = json!({ "header": names('z', 800) });
    let general = json!({ "unprotected": names('a', 800), "recipients": vec![many; 16] });
    for (what, members) in [("two headers", two), ("16 recipients", general)] {
        let message = forge_json(HEADER, members, &CEK, b"x").to_string();
        assert!(message.len() < 1 << 20);
        let start = Instant::now();
        let refused = refused(&message, &dir());
        println!("{what}, {} bytes of names: {refused:?} in {:?}", message.len(), start.elapsed());
        assert_eq!(refused, Some(ErrorKind::TooLarge), "{what}");
        assert!(start.elapsed() < Duration::from_secs(5), "{what}");
    }
}

/// Points that no key agrees with.
#[test]
fn an_ephemeral_key_that_is_none_on_our_curve_is_refused() {
    let zero = |len: usize| base64url(vec![0; len]);
    for (curve, len) in [(EcCurve::P256, 32), (EcCurve::P384, 48), (EcCurve::P521, 66)] {
        let made = EcPrivateKey::generate(curve);
        let key = made.as_ref().ok().map(|key| KeyMaterial::from(key.clone()));
        let decrypter = key.and_then(|key| Decrypter::new(JweAlg::ECDH_ES, JweEnc::A256GCM, &key).ok());
        let Some(decrypter) = decrypter else {
            println!("skipped: epk on {}: not in this build", curve.name());
            continue;
        };
        let (own, ring) = (made.unwrap(), ring_of(decrypter));
        let (x, y) = (base64url(own.public().x()), base64url(own.public().y()));
        let crv = curve.name();
        let other = if crv == "P-256" { "P-384" } else { "P-256" };
        let cases = [
            ("off the curve", json!({"kty": "EC", "crv": crv, "x": x, "y": bent(&y)})),
            ("swapped", json!({"kty": "EC", "crv": crv, "x": y, "y": x})),
            ("zero", json!({"kty": "EC", "crv": crv, "x": zero(len), "y": zero(len)})),
            ("x zero", json!({"kty": "EC", "crv": crv, "x": zero(len), "y": y})),
            ("all ones", json!({"kty": "EC", "crv": crv, "x": base64url(vec![0xff; len]), "y": y})),
            ("no y", json!({"kty": "EC", "crv": crv, "x": x})),
            ("no x", json!({"kty": "EC", "crv": crv, "y": y})),
            ("no crv", json!({"kty": "EC", "x": x, "y": y})),
            ("no kty", json!({"crv": crv, "x": x, "y": y})),
            ("another curve", json!({"kty": "EC", "crv": other, "x": x, "y": y})),
            ("unknown curve", json!({"kty": "EC", "crv": "P-999", "x": x, "y": y})),
            ("OKP", json!({"kty": "OKP", "crv": crv, "x": x, "y": y})),
            ("X25519", json!({"kty": "OKP", "crv": "X25519", "x": zero(32)})),
            ("short", json!({"kty": "EC", "crv": crv, "x": zero(len - 1), "y": y})),
            ("long", json!({"kty": "EC", "crv": crv, "x": format!("AAAA{x}"), "y": y})),
            ("padded", json!({"kty": "EC", "crv": crv, "x": format!("{x}="), "y": y})),
            ("x a number", json!({"kty": "EC", "crv": crv, "x": 7, "y": y})),
            ("y null", json!({"kty": "EC", "crv": crv, "x": x, "y": null})),
            ("empty", json!({})),
            ("a list", json!([])),
            ("null", json!(null)),
            ("a string", json!(format!(r#"{{"kty":"EC","crv":"{crv}","x":"{x}","y":"{y}"}}"#))),
            ("a number", json!(7)),
        ];
        judge_epks(crv, &ring, cases.into_iter(), json!({"kty": "EC", "crv": crv, "x": x, "y": y}));
    }
}

fn judge_epks(crv: &str, ring: &Ring, cases: impl Iterator<Item = (&'static str, Value)>, good: Value) {
    let message = |epk: Value| {
        let header = json!({"alg": "ECDH-ES", "enc": "A256GCM", "epk": epk}).to_string();
        [forge(&header, b"", &CEK, b"x"), forge_json(&header, json!({}), &CEK, b"x").to_string()]
    };
    // A point that can be agreed with gives another key than the one that the message is under.
    let mut with_more = good.clone();
    for (name, value) in [("kid", json!("x")), ("d", json!("AA")), ("more", json!({"a": [1]}))] {
        with_more[name] = value;
    }
    for epk in [good, with_more] {
        for message in message(epk) {
            assert_eq!(refused(&message, ring), Some(ErrorKind::Unauthentic), "{crv}");
        }
    }
    count(&format!("epk on {crv}"), cases, |(what, epk)| {
        let kinds = message(epk).map(|message| refused(&message, ring));
        if kinds == [Some(ErrorKind::Malformed); 2] { Ok(()) } else { Err(format!("{what}: {kinds:?}")) }
    });
    let without = forge(r#"{"alg":"ECDH-ES","enc":"A256GCM"}"#, b"", &CEK, b"x");
    assert_eq!(refused(&without, ring), Some(ErrorKind::Malformed));
    for name in ["apu", "apv"] {
        for value in [json!(7), json!("+"), json!(null), json!("A")] {
            let header = json!({"alg": "ECDH-ES", "enc": "A256GCM", "epk": {}, name: value}).to_string();
            assert_eq!(refused(&forge(&header, b"", &CEK, b"x"), ring), Some(ErrorKind::Malformed));
        }
    }
}

/// All encodings of the points of low order (the top bit is ignored: RFC 7748 §5), and zero.
#[test]
fn low_order_points_on_x25519_are_refused() {
    let hex = |text: &str| -> Vec<u8> {
        (0..64).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let low = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let mut points: Vec<Vec<u8>> = low.into_iter().map(hex).collect();
    for at in 0..low.len() {
        let mut point = points[at].clone();
        point[31] |= 0x80;
        points.push(point);
    }
    let own = OkpPrivateKey::generate(OkpCurve::X25519).unwrap();
    let x = base64url(own.public().x());
    let ring = ring_of(Decrypter::new(JweAlg::ECDH_ES, JweEnc::A256GCM, &own.into()).unwrap());
    let okp = |x: Value| json!({"kty": "OKP", "crv": "X25519", "x": x});
    let more = [
        ("short", okp(json!(base64url([9; 31])))),
        ("long", okp(json!(base64url([9; 33])))),
        ("empty x", okp(json!(""))),
        ("x a number", okp(json!(9))),
        ("Ed25519", json!({"kty": "OKP", "crv": "Ed25519", "x": x})),
        ("X448", json!({"kty": "OKP", "crv": "X448", "x": x})),
        ("EC", json!({"kty": "EC", "crv": "X25519", "x": x, "y": x})),
        ("P-256", json!({"kty": "EC", "crv": "P-256", "x": x, "y": x})),
        ("no x", json!({"kty": "OKP", "crv": "X25519"})),
        ("a string", json!(x)),
    ];
    let low = points.iter().map(|point| ("low order", okp(base64url(point).into())));
    judge_epks("X25519", &ring, low.chain(more), okp(json!(x)));
    // Nor is anything encrypted to one.
    for point in &points {
        let key = symbolon::OkpPublicKey::new(OkpCurve::X25519, point).map(KeyMaterial::from);
        let sent = key
            .and_then(|key| Encrypter::new(JweAlg::ECDH_ES, JweEnc::A256GCM, &key))
            .and_then(|key| compact::encrypt(&Content::new(b"x"), &(), &key));
        assert!(sent.is_err(), "{point:02x?}");
    }
}

#[test]
fn an_encrypted_key_where_none_is_due_is_refused() {
    tally("encrypted key where none is due", recipients(JweEnc::A256GCM), |(name, alg, key)| {
        if !is_direct(alg) {
            return Err(Miss::skipped("its key is encrypted"));
        }
        let lacks = |_| Miss::skipped("not in this build");
        let key = key.map_err(lacks)?;
        let ring = ring_of(Decrypter::new(alg, JweEnc::A256GCM, &key).map_err(lacks)?);
        let encrypter = encrypter(alg, JweEnc::A256GCM, &key).map_err(lacks)?;
        let token = compact::encrypt(&Content::new(b"x"), &(), &encrypter).unwrap();
        let flat = jwe_json::encrypt_flattened(&Content::new(b"x"), &(), &(), &encrypter).unwrap();
        let mut flat: Value = serde_json::from_str(&flat).unwrap();
        flat["encrypted_key"] = "".into();
        assert_eq!(refused(&flat.to_string(), &ring), None);
        for extra in ["AA", "AAAA", &base64url([0; 40]), "+"] {
            flat["encrypted_key"] = extra.into();
            let with_key = token.replacen("..", &format!(".{extra}."), 1);
            // The codec, which knows the header of its own first key by heart, reads no differently.
            let codec = JweCodec::new(Keyring::new(encrypter.clone()));
            if codec.open(&with_key).err().map(|error| error.kind()) != Some(ErrorKind::Malformed) {
                return Err(Miss::wrong(format!("{name} {extra}: by the codec")));
            }
            for message in [with_key, flat.to_string()] {
                if refused(&message, &ring) != Some(ErrorKind::Malformed) {
                    return Err(Miss::wrong(format!("{name} {extra}")));
                }
            }
        }
        Ok(())
    });
}

fn jwk(members: Value) -> Jwk {
    let mut key = json!({"kty": "oct", "k": base64url(CEK)});
    key.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    Jwk::from_json(key.to_string()).unwrap()
}

#[test]
fn use_key_ops_and_alg_of_a_jwk_are_honoured() {
    let made = |members: Value| {
        let key = jwk(members);
        let (alg, enc) = (JweAlg::A256GCMKW, JweEnc::A256GCM);
        (
            Encrypter::from_jwk_as(&key, alg, enc).map_err(|error| error.kind()),
            Decrypter::from_jwk_as(&key, alg, enc).map_err(|error| error.kind()).map(|_| ()),
        )
    };
    let no = Some(ErrorKind::KeyUse);
    for (members, encrypts, decrypts) in [
        (json!({}), None, None),
        (json!({"use": "enc"}), None, None),
        (json!({"use": "sig"}), no, no),
        (json!({"use": "other"}), no, no),
        (json!({"key_ops": ["sign", "verify"]}), no, no),
        (json!({"key_ops": []}), no, no),
        (json!({"key_ops": ["wrapKey"]}), None, no),
        (json!({"key_ops": ["encrypt"]}), None, no),
        (json!({"key_ops": ["unwrapKey"]}), no, None),
        (json!({"key_ops": ["decrypt"]}), no, None),
        (json!({"key_ops": ["wrapKey", "unwrapKey"]}), None, None),
        (json!({"alg": "A256GCMKW"}), None, None),
        (json!({"alg": "A256KW"}), Some(ErrorKind::KeyMismatch), Some(ErrorKind::KeyMismatch)),
        (json!({"alg": "HS256"}), Some(ErrorKind::KeyMismatch), Some(ErrorKind::KeyMismatch)),
        (json!({"alg": "A256GCM"}), Some(ErrorKind::KeyMismatch), Some(ErrorKind::KeyMismatch)),
    ] {
        let (encrypter, decrypter) = made(members.clone());
        assert_eq!(encrypter.as_ref().err().copied(), encrypts, "{members}");
        assert_eq!(decrypter.err(), decrypts, "{members}");
        // A ring of a key that may only encrypt does not decrypt by it.
        if let Ok(encrypter) = encrypter {
            assert_eq!(Keyring::new(encrypter).is_empty(), decrypts.is_some(), "{members}");
        }
    }
    // What is for encryption signs nothing.
    for members in [json!({"use": "enc"}), json!({"key_ops": ["encrypt", "decrypt"]})] {
        let error = Signer::from_jwk_as(&jwk(members.clone()), JwsAlg::HS256).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeyUse, "{members}");
        let error = Verifier::from_jwk_as(&jwk(members), JwsAlg::HS256).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeyUse);
    }
    for alg in ["RSA1_5", "none", "HS256", "ES256", ""] {
        let key = jwk(json!({ "alg": alg }));
        for error in [
            Encrypter::from_jwk(&key, JweEnc::A256GCM).unwrap_err(),
            Decrypter::from_jwk(&key, JweEnc::A256GCM).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::UnsupportedAlgorithm, "{alg}");
        }
    }
    let nameless = Decrypter::from_jwk(&jwk(json!({})), JweEnc::A256GCM).unwrap_err();
    assert_eq!(nameless.kind(), ErrorKind::UnsupportedAlgorithm);
}

#[test]
fn keys_of_another_kind_or_length_are_never_made() {
    let mut keys: Vec<(String, KeyMaterial)> =
        [1, 15, 16, 17, 24, 32, 33, 48, 64].map(|len| (format!("oct {len}"), oct(len))).into();
    for curve in [EcCurve::P256, EcCurve::P384, EcCurve::P521, EcCurve::Secp256k1] {
        match EcPrivateKey::generate(curve) {
            Ok(key) => keys.push((curve.name().to_owned(), key.into())),
            Err(error) => println!("skipped: keys on {}: {error}", curve.name()),
        }
    }
    for curve in [OkpCurve::X25519, OkpCurve::Ed25519] {
        keys.push((curve.name().to_owned(), OkpPrivateKey::generate(curve).unwrap().into()));
    }
    keys.push(("RSA".into(), rsa_key()));
    let fits = |alg: JweAlg, enc: JweEnc, kind: &str| {
        let name = alg.name();
        let len = kind.strip_prefix("oct ").and_then(|len| len.parse::<usize>().ok());
        match name {
            "dir" => len == Some(enc.key_len()),
            _ if name.starts_with("PBES2") => len.is_some(),
            _ if name.starts_with("ECDH") => ["P-256", "P-384", "P-521", "X25519"].contains(&kind),
            _ if name.starts_with("RSA") => kind == "RSA",
            _ => len == Some(name[1..4].parse::<usize>().unwrap() / 8),
        }
    };
    let encs = [JweEnc::A256GCM, JweEnc::A128GCM, JweEnc::XC20P];
    let cases = JweAlg::all().flat_map(|alg| encs.map(|enc| (alg, enc)));
    let cases = cases.flat_map(|(alg, enc)| keys.iter().map(move |(kind, key)| (alg, enc, kind, key)));
    tally("grid: kind of key, algorithm", cases, |(alg, enc, kind, key)| {
        let private = Decrypter::new(alg, enc, key).map(|_| ());
        let mut made = vec![Encrypter::new(alg, enc, key).map(|_| ()), private];
        made.extend(key.to_public().map(|key| Encrypter::new(alg, enc, &key).map(|_| ())));
        for made in made {
            match (fits(alg, enc, kind), made.map_err(|error| error.kind())) {
                (true, Ok(())) | (false, Err(ErrorKind::KeyMismatch)) => {}
                (true, Err(ErrorKind::MissingFeature)) => {
                    return Err(Miss::skipped(format!("{alg}: not in this build")));
                }
                // A backend that lacks the algorithm as a whole may say so first.
                (_, other) => return Err(Miss::wrong(format!("{alg} {enc} {kind}: {other:?}"))),
            }
        }
        // A public key never decrypts.
        match key.to_public().map(|key| Decrypter::new(alg, enc, &key).map_err(|error| error.kind())) {
            None | Some(Err(ErrorKind::KeyMismatch)) => Ok(()),
            Some(other) => Err(Miss::wrong(format!("{alg} {kind}, public: {other:?}"))),
        }
    });
}

#[test]
fn a_header_with_another_alg_than_the_keys_is_refused() {
    let all = recipients(JweEnc::A256GCM);
    let made: Vec<_> = all
        .into_iter()
        .filter_map(|(name, alg, key)| {
            let encrypter = encrypter(alg, JweEnc::A256GCM, key.as_ref().ok()?).ok()?;
            Some((name, alg, encrypter.with_kid("k").unwrap()))
        })
        .collect();
    let pairs = made.iter().flat_map(|one| made.iter().map(move |other| (one, other)));
    let pairs =
        pairs.filter(|(one, other)| one.1 != other.1 && Keyring::new(other.2.clone()).len() == 1);
    count("alg of the header, alg of the key", pairs, |((name, _, writer), (other, _, reader))| {
        let token = compact::encrypt(&Content::new(b"x"), &(), writer).unwrap();
        match refused(&token, &Keyring::new(reader.clone())) {
            Some(ErrorKind::AlgorithmMismatch) => Ok(()),
            kind => Err(format!("{name}, read with {other}: {kind:?}")),
        }
    });
}

#[test]
fn keys_and_addresses_in_the_header_are_inert() {
    let theirs = json!({"kty": "oct", "k": base64url([1; 32])});
    let values = [
        ("jwk", theirs.clone()),
        ("jku", json!("file:///etc/passwd")),
        ("x5u", json!("http://localhost/")),
        ("x5c", json!(["AAAA"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!(7)),
    ];
    for (name, value) in values {
        for (place, _, message) in everywhere(name, &value) {
            assert_eq!(refused(&message, &dir()), None, "{name} {place}");
        }
        let theirs = forge(&header_with(name, &value), b"", &[1; 32], b"x");
        assert_eq!(refused(&theirs, &dir()), Some(ErrorKind::Unauthentic), "{name}");
    }
    for kid in ["../../etc/passwd", "' OR 1=1 --", "https://x/", "\u{0}", "%2e%2e"] {
        for (place, _, message) in everywhere("kid", &json!(kid)) {
            let other = Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &oct(32)).unwrap().with_kid("k");
            assert_eq!(
                refused(&message, &Keyring::new(other.unwrap())),
                Some(ErrorKind::UnknownKey),
                "{place}"
            );
        }
    }
    for kid in [json!(7), json!(null), json!(["k"]), json!({})] {
        for (place, _, message) in everywhere("kid", &kid) {
            assert_eq!(refused(&message, &dir()), Some(ErrorKind::Malformed), "{place} {kid}");
        }
    }
}

#[test]
fn of_all_spellings_of_a_part_one_is_read() {
    let header = r#"{"alg":"dir","enc":"A256GCM" }"#;
    let good = forge(header, b"", &CEK, b"any");
    let flat = forge_json(header, json!({}), &CEK, b"any");
    assert_eq!(refused(&good, &dir()), None);
    let next = |text: &str| {
        let last = text.chars().last().unwrap();
        format!("{}{}", &text[..text.len() - 1], char::from(last as u8 + 1))
    };
    let spell = |part: &str| {
        let mut all =
            vec![format!("{part}="), format!("{part}=="), format!("{part}\n"), format!(" {part}")];
        all.push(part.replace('A', "+"));
        if !part.len().is_multiple_of(4) {
            all.push(next(part));
        }
        all.retain(|other| other != part);
        all
    };
    let mut cases = 0;
    for (at, name) in [(2, "iv"), (3, "ciphertext"), (4, "tag")] {
        let all = parts(&good);
        for other in spell(&all[at]) {
            let mut spelled = all.clone();
            spelled[at].clone_from(&other);
            let mut message = flat.clone();
            message[name] = other.clone().into();
            for message in [spelled.join("."), message.to_string()] {
                let kind = refused(&message, &dir());
                assert!(
                    matches!(kind, Some(ErrorKind::Malformed | ErrorKind::Unauthentic)),
                    "{name} {other:?} {kind:?}"
                );
                cases += 1;
            }
        }
    }
    println!("other spellings: {cases} run, 0 wrong");
    let mut aad = jwe_json::encrypt_flattened(
        &Content::new(b"x").additional_data(b"aa"),
        &(),
        &(),
        dir().primary().unwrap(),
    )
    .unwrap();
    assert_eq!(refused(&aad, &dir()), None);
    aad = aad.replace(r#""aad":"YWE""#, r#""aad":"YWF""#);
    assert_eq!(refused(&aad, &dir()), Some(ErrorKind::Malformed));
}

fn nested() -> (JweCodec, JwsCodec, Nested<JweCodec, JwsCodec>) {
    let outer = JweCodec::new(dir());
    let inner = JwsCodec::new(OctKey::new(vec![5; 32]).unwrap().signer(HmacAlg::Hs256).unwrap());
    (outer.clone(), inner.clone(), Nested::new(outer, inner))
}

#[test]
fn a_nested_token_must_say_so_and_hold_a_signed_one() {
    let (outer, inner, codec) = nested();
    let claims = symbolon::Claims::new(NoCustom::default());
    let signed = inner.encode(&claims).unwrap();
    let read = |token: &str| codec.decode::<NoCustom>(token).map(|_| ()).map_err(|error| error.kind());
    let wrap = |payload: &str, cty: Option<&str>| {
        let body = Body::new(payload.as_bytes());
        outer.seal(&cty.map_or(body, |cty| body.content_type(cty))).unwrap()
    };
    for cty in ["JWT", "jwt", "application/jwt"] {
        assert_eq!(read(&wrap(&signed, Some(cty))), Ok(()), "{cty}");
    }
    assert_eq!(read(&codec.encode(&claims).unwrap()), Ok(()));
    for cty in [None, Some(""), Some("JWS"), Some("text/plain"), Some("JWT2"), Some("application/jwt+x")]
    {
        assert_eq!(read(&wrap(&signed, cty)), Err(ErrorKind::WrongType), "{cty:?}");
    }
    let [h, p, s] = signed.split('.').collect::<Vec<_>>().try_into().unwrap();
    let none = base64url(r#"{"alg":"none"}"#);
    let other = JwsCodec::new(OctKey::new(vec![6; 32]).unwrap().signer(HmacAlg::Hs256).unwrap());
    for (what, payload) in [
        ("alg none", format!("{none}.{p}.")),
        ("alg none, signed", format!("{none}.{p}.{s}")),
        ("no signature", format!("{h}.{p}.")),
        ("two parts", format!("{h}.{p}")),
        ("bare claims", r#"{"sub":"x"}"#.into()),
        ("another's", other.encode(&claims).unwrap()),
        ("encrypted", outer.encode(&claims).unwrap()),
        ("nested once more", codec.encode(&claims).unwrap()),
        ("empty", String::new()),
        ("white space", format!(" {signed}")),
        ("a JSON string", format!("\"{signed}\"")),
    ] {
        let kind = read(&wrap(&payload, Some("JWT"))).unwrap_err();
        println!("inner {what}: {kind:?}");
        assert_ne!(kind, ErrorKind::WrongType);
        assert_eq!(kind.fault(), symbolon::Fault::Token, "{what}");
    }
    let bytes = outer.seal(&Body::new(&[0xff, 0xfe]).content_type("JWT")).unwrap();
    assert_eq!(read(&bytes), Err(ErrorKind::Malformed));
    assert!(read(&signed).is_err(), "the inner token alone");
    // The wrong tag of the outer one hides the inner one altogether.
    let [h, k, i, c, t] = parts(&wrap(&signed, None));
    assert_eq!(read(&format!("{h}.{k}.{i}.{c}.{}", bent(&t))), Err(ErrorKind::Unauthentic));
    // cty must be protected: an unprotected one is not there in compact tokens at all.
    assert_eq!(codec.provenance(), Provenance::SharedKey);
    let envelope = codec.decode::<NoCustom>(&wrap(&signed, Some("JWT"))).unwrap();
    assert_eq!(envelope.envelope().provenance(), Provenance::SharedKey);
    assert_eq!(envelope.envelope().format(), symbolon::Format::Jws);
}

#[cfg(feature = "deflate")]
mod compression {
    use super::*;
    use miniz_oxide::deflate::compress_to_vec;

    /// Compressed content in a message with a good tag.
    fn message(compressed: &[u8]) -> String {
        forge(&header_with("zip", &json!("DEF")), b"", &CEK, compressed)
    }

    fn limits() -> Limits {
        Limits::default().inflated_len(250_000).inflated_ratio(2000).token_len(4 << 20)
    }

    fn kind(compressed: &[u8], limits: &Limits) -> Option<ErrorKind> {
        open(&message(compressed), &dir(), limits).err().map(|error| error.kind())
    }

    /// About `len / 1000` bytes that inflate to `len` zeros, made without holding those.
    pub(super) fn bomb(len: usize) -> Vec<u8> {
        use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
        use miniz_oxide::{MZFlush, deflate::stream::deflate};
        let flags = create_comp_flags_from_zip_params(9, 0, 0);
        let zeros = vec![0; 1 << 20];
        let mut block = vec![0; 1 << 16];
        let mut made = CompressorOxide::new(flags);
        let result = deflate(&mut made, &zeros, &mut block, MZFlush::Full);
        assert_eq!(result.bytes_consumed, zeros.len());
        block.truncate(result.bytes_written);
        let mut all = block.repeat(len / zeros.len());
        all.extend([3, 0]);
        all
    }

    #[test]
    fn it_is_off_unless_asked_for() {
        let compressed = compress_to_vec(b"any bytes", 6);
        assert_eq!(kind(&compressed, &Limits::default()), Some(ErrorKind::UnsupportedHeader));
        assert_eq!(kind(&compressed, &limits()), None);
        // Nor is anything written so by itself.
        let token = compact::encrypt(&Content::new(&[0; 1000]), &(), dir().primary().unwrap()).unwrap();
        assert!(token.len() > 1000);
    }

    #[test]
    fn every_length_comes_back_in_every_serialization() {
        let ring = dir();
        let limits = limits().inflated_ratio(5000);
        let lens = [
            0, 1, 100, 4095, 4096, 4097, 8191, 8192, 8193, 32767, 32768, 32769, 65536, 249_999, 250_000,
        ];
        for len in lens {
            let noise = crate::support::noise(len as u64, len);
            for payload in [vec![0; len], noise] {
                let content = Content::new(&payload).danger_compressed();
                let forms = all_forms(&content, ring.primary().unwrap()).unwrap();
                for (form, message) in forms {
                    assert_eq!(open(&message, &ring, &limits).unwrap(), payload, "{form} {len}");
                }
            }
        }
        let more = vec![0; 250_001];
        let content = Content::new(&more).danger_compressed();
        let message = compact::encrypt(&content, &(), ring.primary().unwrap()).unwrap();
        assert_eq!(open(&message, &ring, &limits).unwrap_err().kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn the_ratio_is_bounded_as_well() {
        let zeros = compress_to_vec(&[0; 100_000], 9);
        let ratio = 100_000_usize.div_ceil(zeros.len());
        assert_eq!(kind(&zeros, &limits().inflated_ratio(ratio)), None);
        assert_eq!(kind(&zeros, &limits().inflated_ratio(ratio - 1)), Some(ErrorKind::TooLarge));
        assert_eq!(kind(&zeros, &limits().inflated_ratio(20)), Some(ErrorKind::TooLarge));
        assert_eq!(kind(&zeros, &limits().inflated_ratio(0)), Some(ErrorKind::TooLarge));
        let unbounded = Limits::default().inflated_len(usize::MAX).inflated_ratio(usize::MAX);
        assert_eq!(kind(&zeros, &unbounded), None);
    }

    #[test]
    fn a_stream_that_is_none_or_has_more_behind_it_is_refused() {
        let good = compress_to_vec(&crate::support::noise(1, 5000), 6);
        assert_eq!(kind(&good, &limits()), None);
        count("truncated streams", (0..good.len()).step_by(37), |end| {
            match kind(&good[..end], &limits()) {
                Some(ErrorKind::Malformed) => Ok(()),
                other => Err(format!("{end}: {other:?}")),
            }
        });
        for more in [&[0][..], &[3, 0], &[0xff; 100]] {
            assert_eq!(kind(&[&good, more].concat(), &limits()), Some(ErrorKind::Malformed));
        }
        count("streams of noise", 0..500, |seed| {
            let noise = crate::support::noise(seed, 64);
            match kind(&noise, &limits()) {
                None | Some(ErrorKind::Malformed | ErrorKind::TooLarge) => Ok(()),
                other => Err(format!("{seed}: {other:?}")),
            }
        });
        for stream in [&b""[..], &[6], &[7], &[1, 5, 0, 0, 0], &[0x78, 0x9c, 3, 0, 0, 0, 0, 1]] {
            assert_eq!(kind(stream, &limits()), Some(ErrorKind::Malformed), "{stream:02x?}");
        }
    }

    /// Nothing is inflated before the tag was right.
    #[test]
    fn a_wrong_tag_comes_first() {
        let [h, k, i, c, t] = parts(&message(&bomb(1 << 24)));
        let token = format!("{h}.{k}.{i}.{c}.{}", bent(&t));
        assert_eq!(open(&token, &dir(), &limits()).unwrap_err().kind(), ErrorKind::Unauthentic);
    }

    const CHILD: &str = "SYMBOLON_TEST_BOMB_CHILD";

    #[test]
    fn a_megabyte_that_inflates_to_a_gigabyte_is_refused_in_bounded_memory() {
        if std::env::var_os(CHILD).is_some() {
            return child();
        }
        let compressed = bomb(1 << 30);
        let token = message(&compressed);
        assert!((900_000..1_200_000).contains(&compressed.len()), "{}", compressed.len());
        let start = Instant::now();
        let now = OffsetDateTime::UNIX_EPOCH;
        let refused = compact::decrypt(&token, &dir(), &limits(), now).unwrap_err();
        let took = start.elapsed();
        assert_eq!(refused.kind(), ErrorKind::TooLarge);
        println!("bomb of {} bytes to 1 GiB: refused in {took:?}", compressed.len());
        assert!(took < Duration::from_secs(5));
        // By the usual length of a token it is not even looked at.
        let usual = Limits::default().inflated_len(250_000);
        assert_eq!(kind(&compressed, &usual), Some(ErrorKind::TooLarge));

        #[cfg(target_os = "linux")]
        {
            use std::io::Write;
            use std::process::{Command, Stdio};
            // In a process of its own, where no other test allocates.
            let test = std::thread::current().name().unwrap().to_owned();
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", &test, "--nocapture", "--test-threads", "1"])
                .env(CHILD, "1")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            let grew = text.lines().find_map(|line| line.split_once("grew by ")?.1.strip_suffix(" KiB"));
            let grew: u64 = grew.unwrap_or_else(|| panic!("{text}")).parse().unwrap();
            println!("bomb: peak memory grew by {grew} KiB");
            assert!(output.status.success());
            assert!(grew < 4096, "{grew} KiB");
        }
    }

    /// Reads the token from its standard input and tells how much memory refusing it took.
    fn child() {
        use std::io::Read;
        let status = |name: &str| -> u64 {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        let mut token = String::with_capacity(2 << 20);
        std::io::stdin().read_to_string(&mut token).unwrap();
        let (ring, limits) = (dir(), limits());
        // What once was needed for a small one is not counted.
        let small = message(&compress_to_vec(b"x", 6));
        assert_eq!(open(&small, &ring, &limits).unwrap(), b"x");
        // Sets the peak back to what is in use now, where the kernel lets us.
        let _not_everywhere = std::fs::write("/proc/self/clear_refs", "5");
        let before = status("VmRSS:");
        let refused = compact::decrypt(&token, &ring, &limits, OffsetDateTime::UNIX_EPOCH);
        let after = status("VmHWM:");
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::TooLarge);
        println!("grew by {} KiB", after.saturating_sub(before));
    }
}
