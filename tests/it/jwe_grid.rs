//! Encrypted tokens of every algorithm, content encryption and serialization: what is written is
//! read, by the key it was written to and by no other.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon::jwe::{Content, compact, json as jwe_json};
use symbolon::{
    AnyOf, Body, Claims, Decrypter, Encrypter, Error, ErrorKind, Fault, HmacAlg, JweAlg, JweCodec,
    JweEnc, Jwk, JwsAlg, JwsCodec, KeyMaterial, Keyring, KidPolicy, Limits, Nested, NoCustom, OctKey,
    OkpCurve, OkpPrivateKey, Provenance, RawToken, RemoteUnwrap, SharedKeyring, Signer, TokenCodec,
    TokenCodecExt, Tokens, Validator, WritingKey,
};
use time::{Duration, OffsetDateTime};

use crate::jwe_support::{
    Fixed, Ring, all_forms, bent, dir, encrypter, is_direct, oct, open, parts, recipients, refused,
    ring_of, rsa_key,
};
use crate::support::{Miss, from_base64url, tally};

/// The grid: what a recipient is called, how it encrypts, and its private key.
fn grid() -> Vec<(String, JweAlg, JweEnc, Result<KeyMaterial, Error>)> {
    JweEnc::all()
        .flat_map(|enc| {
            let all = recipients(enc).into_iter();
            all.map(move |(name, alg, key)| (format!("{name} with {enc}"), alg, enc, key))
        })
        .collect()
}

/// The key of a case of the grid on both sides; a lack of a backend excuses it, and is told by name.
fn pair(
    name: &str,
    alg: JweAlg,
    enc: JweEnc,
    key: Result<KeyMaterial, Error>,
) -> Result<(Encrypter, Decrypter), Miss> {
    let family = name.split(" with ").next().unwrap();
    let fault = |error: Error| match error.kind() {
        ErrorKind::MissingFeature => Miss::skipped(format!("{family} or {enc}: not in this build")),
        _ => Miss::wrong(format!("{name}: {error}")),
    };
    let key = key.map_err(fault)?;
    let encrypter = encrypter(alg, enc, &key).map_err(fault)?;
    Ok((encrypter, Decrypter::new(alg, enc, &key).map_err(fault)?))
}

#[test]
fn every_algorithm_writes_what_it_reads_in_every_serialization() {
    let payloads = [vec![], vec![0], b"any bytes".to_vec(), vec![7; 16], vec![0xff; 1000]];
    tally("grid: algorithm, content encryption, serialization", grid(), |(name, alg, enc, key)| {
        let (encrypter, decrypter) = pair(&name, alg, enc, key)?;
        let ring = ring_of(decrypter);
        for payload in &payloads {
            for (form, message) in all_forms(&Content::new(payload), &encrypter).unwrap() {
                match open(&message, &ring, &Limits::default()) {
                    Ok(read) if read == *payload => {}
                    other => return Err(Miss::wrong(format!("{name} {form}: {other:?}"))),
                }
            }
            // PBKDF2 is slow on purpose, and tests are built without optimization.
            if name.starts_with("PBES2") {
                break;
            }
        }
        // Encrypting the same again gives another message each time, with another iv.
        let [one, other] =
            [0; 2].map(|_| compact::encrypt(&Content::new(b"x"), &(), &encrypter).unwrap());
        let ivs = [&one, &other].map(|token| token.split('.').nth(2).unwrap().to_owned());
        match one != other && ivs[0] != ivs[1] {
            true => Ok(()),
            false => Err(Miss::wrong(format!("{name}: {one} {other}"))),
        }
    });
}

#[test]
fn a_key_that_only_encrypts_reads_nothing() {
    tally("grid: the public half alone", grid(), |(name, alg, enc, key)| {
        let public = key.as_ref().ok().and_then(KeyMaterial::to_public);
        let public = public.ok_or_else(|| Miss::skipped("symmetric, or not in this build"))?;
        let encrypter = match encrypter(alg, enc, &public) {
            Err(error) if error.kind() == ErrorKind::MissingFeature => {
                return Err(Miss::skipped("symmetric, or not in this build"));
            }
            encrypter => encrypter.unwrap(),
        };
        let token = compact::encrypt(&Content::new(b"x"), &(), &encrypter).unwrap();
        let ring = Keyring::new(encrypter);
        if !ring.is_empty() || refused(&token, &ring) != Some(ErrorKind::UnknownKey) {
            return Err(Miss::wrong(name));
        }
        if Decrypter::new(alg, enc, &public).unwrap_err().kind() != ErrorKind::KeyMismatch {
            return Err(Miss::wrong(format!("{name} decrypts")));
        }
        Ok(())
    });
}

#[test]
fn another_key_of_the_same_kind_opens_nothing() {
    let cases = recipients(JweEnc::A256GCM).into_iter().zip(recipients(JweEnc::A256GCM));
    tally("grid: another key", cases, |((name, alg, mine), (_, _, other))| {
        if name.starts_with("RSA") {
            return Err(Miss::skipped("RSA: one key serves all these tests"));
        }
        let (mine, _) = pair(&name, alg, JweEnc::A256GCM, mine)?;
        let (_, other) = pair(&name, alg, JweEnc::A256GCM, other)?;
        let ring = ring_of(other);
        for (form, message) in all_forms(&Content::new(b"x"), &mine).unwrap() {
            if refused(&message, &ring) != Some(ErrorKind::Unauthentic) {
                return Err(Miss::wrong(format!("{name} {form}")));
            }
        }
        Ok(())
    });
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    user: u64,
}

#[test]
fn a_service_issues_and_verifies_with_every_algorithm() {
    tally("grid: Tokens, Nested, AnyOf", grid(), |(name, alg, enc, key)| {
        let (encrypter, decrypter) = pair(&name, alg, enc, key)?;
        let asymmetric = !alg.is_symmetric();
        let provenance = if asymmetric { Provenance::Anyone } else { Provenance::SharedKey };
        let ring = Keyring::new(encrypter);
        assert_eq!(ring.readers().map(Decrypter::provenance).collect::<Vec<_>>(), [provenance]);
        let codec = JweCodec::new(ring);
        assert_eq!((decrypter.provenance(), codec.provenance()), (provenance, provenance));
        let session = Session { user: 7 };

        // Encryption is not identity: who encrypts to a public key can be anyone.
        let built = Tokens::<Session>::builder(codec.clone()).build();
        assert_eq!(built.is_err(), asymmetric, "{name}");
        if asymmetric {
            assert_eq!(built.unwrap_err().kind(), ErrorKind::AnonymousIssuer);
        }
        let tokens = Tokens::builder(codec.clone()).issuer("i").audience("a").allow_anonymous_issuer();
        let tokens = tokens.build().unwrap();
        let token = tokens.issue(&session).unwrap();
        let verified = tokens.verify(&token).unwrap();
        assert_eq!((verified.custom(), verified.envelope().alg()), (&session, alg.name()));
        assert_eq!(verified.envelope().provenance(), provenance);

        // Signed within, it is the signer's.
        let signed = JwsCodec::new(Signer::generate(JwsAlg::EDDSA).unwrap());
        let nested = Nested::new(codec.clone(), signed.clone());
        assert_eq!(nested.provenance(), Provenance::Signed);
        let tokens = Tokens::builder(nested).build().unwrap();
        let token = tokens.issue(&session).unwrap();
        let verified = tokens.verify(&token).unwrap();
        assert_eq!((verified.custom(), verified.envelope().alg()), (&session, "EdDSA"));

        // By its shape among others.
        let any = AnyOf::new(signed.clone()).or(codec.clone());
        assert_eq!(any.provenance(), provenance);
        let claims = Claims::new(session.clone());
        for token in [codec.encode(&claims).unwrap(), signed.encode(&claims).unwrap()] {
            let read = any.decode::<Session>(&token).unwrap().claims_unvalidated().unwrap();
            assert_eq!(read.custom(), &session);
        }
        Ok(())
    });
}

fn kw(kid: &str, byte: u8) -> Result<Encrypter, Error> {
    let key = OctKey::new(vec![byte; 32]).unwrap().into();
    // Without a backend that wraps keys, the key is the content key.
    let alg = if cfg!(feature = "rustcrypto") { JweAlg::A256KW } else { JweAlg::DIR };
    Encrypter::new(alg, JweEnc::A256GCM, &key)?.with_kid(kid)
}

#[test]
fn keys_rotate_by_kid() {
    let keys = SharedKeyring::new(kw("2026-10", 1).unwrap());
    let codec = JweCodec::new(&keys);
    let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let body = Body::new(b"x");
    let old = codec.seal(&body).unwrap();
    keys.rotate(kw("2026-11", 2).unwrap(), Some(now)).unwrap();
    let new = codec.seal(&body).unwrap();
    let kid = |token: &str, at| {
        codec.open_at(token, at).map(|opened| opened.envelope().kid().unwrap().as_str().to_owned())
    };
    assert_eq!(kid(&old, now).unwrap(), "2026-10");
    assert_eq!(kid(&new, now).unwrap(), "2026-11");
    let later = now + Duration::SECOND;
    assert_eq!(kid(&old, later).unwrap_err().kind(), ErrorKind::UnknownKey);
    assert_eq!(kid(&new, later).unwrap(), "2026-11");
    keys.remove(&symbolon::KeyId::new("2026-11").unwrap());
    assert_eq!(kid(&new, now).unwrap_err().kind(), ErrorKind::UnknownKey);
}

#[test]
fn a_missing_or_unknown_kid_is_judged_by_the_rings_policy() {
    let named = Keyring::new(kw("a", 1).unwrap())
        .with_reader(
            kw("b", 2)
                .unwrap()
                .with_kid("b")
                .map(|key| {
                    let ring = Keyring::new(key);
                    ring.readers().next().unwrap().clone()
                })
                .unwrap(),
        )
        .unwrap();
    let key = OctKey::new(vec![1; 32]).unwrap().into();
    let nameless = Encrypter::new(kw("a", 1).unwrap().alg(), JweEnc::A256GCM, &key).unwrap();
    let token = compact::encrypt(&Content::new(b"x"), &(), &nameless).unwrap();
    let policy = |policy| refused(&token, &named.clone().with_policy(policy).unwrap());
    assert_eq!(policy(KidPolicy::Required), Some(ErrorKind::UnknownKey));
    assert_eq!(policy(KidPolicy::SoleKey), Some(ErrorKind::UnknownKey), "two fit");
    assert_eq!(policy(KidPolicy::TryAll), None);
    let other = compact::encrypt(&Content::new(b"x"), &(), &kw("c", 1).unwrap()).unwrap();
    assert_eq!(refused(&other, &named), Some(ErrorKind::UnknownKey));
}

#[test]
fn parties_are_agreed_on() {
    for (name, alg, key) in recipients(JweEnc::A128GCM) {
        if !name.starts_with("ECDH") {
            continue;
        }
        let Ok((encrypter, decrypter)) = pair(&name, alg, JweEnc::A128GCM, key) else {
            println!("skipped: parties_are_agreed_on: {name}: not in this build");
            continue;
        };
        let ring = ring_of(decrypter);
        let mut tokens = vec![];
        for (apu, apv) in
            [(&b"Alice"[..], &b"Bob"[..]), (b"", b"Bob"), (&[0xff; 300], b"\0"), (b"", b"")]
        {
            let encrypter = encrypter.clone().with_parties(apu, apv);
            for (form, message) in all_forms(&Content::new(b"x"), &encrypter).unwrap() {
                assert_eq!(refused(&message, &ring), None, "{name} {form}");
            }
            tokens.push(compact::encrypt(&Content::new(b"x"), &(), &encrypter).unwrap());
        }
        let header = tokens[0].split('.').next().unwrap();
        let header: serde_json::Value = serde_json::from_slice(&from_base64url(header)).unwrap();
        assert_eq!((&header["apu"], &header["apv"]), (&json!("QWxpY2U"), &json!("Qm9i")));
        let bare = tokens[3].split('.').next().unwrap();
        let bare: serde_json::Value = serde_json::from_slice(&from_base64url(bare)).unwrap();
        assert!(bare["apu"].is_null() && bare["apv"].is_null(), "{bare}");
    }
}

/// What the parties agreed on is bound in the key: in general JSON, where no tag covers it, too.
#[test]
fn parties_that_were_exchanged_open_nothing() {
    let key = OkpPrivateKey::generate(OkpCurve::X25519).unwrap().into();
    let encrypter = match Encrypter::new(JweAlg::ECDH_ES_A128KW, JweEnc::A128GCM, &key) {
        Ok(encrypter) if !Keyring::new(encrypter.clone()).is_empty() => encrypter,
        _ => {
            return println!(
                "skipped: parties_that_were_exchanged: ECDH-ES+A128KW is not in this build"
            );
        }
    };
    let ring = Keyring::new(encrypter.clone());
    let encrypter = encrypter.with_parties(b"Alice", b"Bob");
    let message = jwe_json::encrypt_general(&Content::new(b"x"), &(), &(), &[encrypter]).unwrap();
    assert_eq!(refused(&message, &ring), None);
    for (one, other) in [("QWxpY2U", "QWxpY2Y"), (r#""apv":"Qm9i""#, r#""apv":"""#)] {
        let other = message.replace(one, other);
        assert_ne!(other, message);
        assert_eq!(refused(&other, &ring), Some(ErrorKind::Unauthentic));
    }
}

fn decrypted(message: &str, ring: &Ring) -> symbolon::jwe::Decrypted {
    jwe_json::decrypt(message, ring, &Limits::default(), OffsetDateTime::UNIX_EPOCH).unwrap()
}

#[test]
fn additional_data_is_authentic_and_has_no_place_in_compact() {
    let ring = dir();
    let encrypter = ring.primary().unwrap();
    for aad in [&b""[..], b"seen by all", &[0, 0xff, b'.']] {
        let content = Content::new(b"x").additional_data(aad);
        let error = compact::encrypt(&content, &(), encrypter).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSetting);
        let message = jwe_json::encrypt_flattened(&content, &(), &(), encrypter).unwrap();
        assert_eq!(decrypted(&message, &ring).additional_data(), Some(aad));
        let mut bent: serde_json::Value = serde_json::from_str(&message).unwrap();
        bent["aad"] = "AAAA".into();
        assert_eq!(refused(&bent.to_string(), &ring), Some(ErrorKind::Unauthentic));
        bent.as_object_mut().unwrap().remove("aad");
        assert_eq!(refused(&bent.to_string(), &ring), Some(ErrorKind::Unauthentic));
    }
    let plain = jwe_json::encrypt_flattened(&Content::new(b"x"), &(), &(), encrypter).unwrap();
    assert_eq!(decrypted(&plain, &ring).additional_data(), None);
}

#[test]
fn headers_of_ones_own_are_protected_or_shared_as_asked() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Own {
        tenant: String,
    }
    let own = Own { tenant: "blue".into() };
    let ring = dir();
    let encrypter = ring.primary().unwrap();
    let content = Content::new(b"x").typ("at+jwt").content_type("application/json");
    let token = compact::encrypt(&content, &own, encrypter).unwrap();
    let read = compact::decrypt(&token, &ring, &Limits::default(), OffsetDateTime::UNIX_EPOCH).unwrap();
    assert_eq!(read.custom_header::<Own>().unwrap(), own);
    assert_eq!((read.enc(), read.key().alg()), (JweEnc::A256GCM, JweAlg::DIR));
    let opened = JweCodec::new(ring.clone()).open(&token).unwrap();
    assert_eq!(opened.envelope().typ(), Some("at+jwt"));
    assert_eq!(opened.envelope().content_type(), Some("application/json"));

    let shared = json!({"jku": "https://example.com/keys"});
    let message = jwe_json::encrypt_flattened(&content, &own, &shared, encrypter).unwrap();
    assert!(message.contains(r#""unprotected":{"jku":"https://example.com/keys"}"#));
    let read = decrypted(&message, &ring);
    assert_eq!(read.custom_header::<Own>().unwrap(), own);
    assert!(!String::from_utf8_lossy(read.header()).contains("jku"), "only what is authentic");

    // What this crate writes is not the user's to write, in either header; nor is what is no object.
    for name in
        ["alg", "enc", "kid", "zip", "crit", "b64", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c"]
    {
        let header = json!({ name: "x" });
        let protected = compact::encrypt(&content, &header, encrypter).unwrap_err();
        let shared = jwe_json::encrypt_flattened(&content, &(), &header, encrypter).unwrap_err();
        assert_eq!(protected.kind(), ErrorKind::InvalidSetting, "{name}");
        assert_eq!(shared.kind(), ErrorKind::InvalidSetting, "{name}");
    }
    for header in [json!([]), json!("x"), json!(7)] {
        let error = compact::encrypt(&content, &header, encrypter).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSetting, "{header}");
    }
    let claims = Claims::new(NoCustom::default());
    let codec = JweCodec::new(ring);
    let token = codec.encode_with_header(&claims, &own).unwrap();
    assert_eq!(codec.decode::<NoCustom>(&token).unwrap().envelope().typ(), Some("JWT"));
    assert!(codec.encode_with_header(&claims, &json!({"alg": "none"})).is_err());
}

/// A parameter must not stand in two headers (RFC 7516 §7.2.1): what is written so could not be read.
#[test]
fn a_parameter_of_ones_own_in_both_headers_is_not_written() {
    let ring = dir();
    let header = json!({"tenant": "blue"});
    let encrypter = ring.primary().unwrap();
    let content = Content::new(b"x");
    let error = jwe_json::encrypt_flattened(&content, &header, &header, encrypter).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSetting);
    if let Ok(wrapping) = Encrypter::new(JweAlg::A256GCMKW, JweEnc::A256GCM, &oct(32)) {
        let error = jwe_json::encrypt_general(&content, &header, &header, &[wrapping]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSetting);
    }
}

/// Two content encryptions with keys of one length: which one it is, the key says.
#[test]
fn dir_keys_of_one_length_are_never_confused() {
    let encs: Vec<_> = JweEnc::all().filter(|enc| enc.key_len() == 32).collect();
    assert_eq!(encs.len(), 3);
    tally(
        "dir, keys of 32 bytes",
        encs.iter().flat_map(|one| encs.iter().map(move |other| (one, other))),
        |(one, other)| {
            let made = |enc: JweEnc| {
                Encrypter::new(JweAlg::DIR, enc, &oct(32)).map_err(|error| Miss::of("dir", &error))
            };
            let (writer, reader) = (made(*one)?, Keyring::new(made(*other)?));
            for (form, message) in all_forms(&Content::new(b"x"), &writer).unwrap() {
                let due = (one != other).then_some(ErrorKind::AlgorithmMismatch);
                if refused(&message, &reader) != due {
                    return Err(Miss::wrong(format!("{one} {other} {form}")));
                }
            }
            Ok(())
        },
    );
    let key = Decrypter::new(JweAlg::DIR, JweEnc::A256GCM, &oct(32)).unwrap();
    assert_eq!(key.also_reading([JweEnc::XC20P]).unwrap_err().kind(), ErrorKind::InvalidSetting);
    let remote = Decrypter::remote(JweAlg::DIR, JweEnc::A256GCM, Fixed(vec![7; 32]));
    assert_eq!(remote.unwrap_err().kind(), ErrorKind::InvalidSetting);
}

#[test]
fn a_key_reads_other_content_encryptions_only_where_told() {
    let writer = |enc| Encrypter::new(JweAlg::A256GCMKW, enc, &oct(32)).unwrap();
    let token = |enc| compact::encrypt(&Content::new(b"x"), &(), &writer(enc)).unwrap();
    let reader = || Decrypter::new(JweAlg::A256GCMKW, JweEnc::A256GCM, &oct(32)).unwrap();
    assert_eq!(refused(&token(JweEnc::A128GCM), &ring_of(reader())), Some(ErrorKind::AlgorithmMismatch));
    let both = ring_of(reader().also_reading([JweEnc::A128GCM]).unwrap());
    assert_eq!(refused(&token(JweEnc::A128GCM), &both), None);
    assert_eq!(refused(&token(JweEnc::A256GCM), &both), None);
    assert_eq!(refused(&token(JweEnc::XC20P), &both), Some(ErrorKind::AlgorithmMismatch));
    // One that this build lacks is found out now, not with the first token.
    for enc in JweEnc::all() {
        let made =
            Encrypter::new(JweAlg::A256GCMKW, enc, &oct(32)).map(|_| ()).map_err(|error| error.kind());
        let also = reader().also_reading([enc]).map(|_| ()).map_err(|error| error.kind());
        assert_eq!(made, also, "{enc}");
    }
}

#[test]
fn several_recipients_each_open_it_alone() {
    tally("general JSON: a message to all kinds of recipients", JweEnc::all(), |enc| {
        let mut encrypters = Vec::new();
        let mut decrypters = Vec::new();
        for (at, (name, alg, key)) in recipients(enc).into_iter().enumerate() {
            if is_direct(alg) {
                continue;
            }
            let Ok((encrypter, decrypter)) = pair(&name, alg, enc, key) else { continue };
            let kid = format!("{at}");
            encrypters.push(encrypter.with_kid(kid.as_str()).unwrap());
            decrypters.push((name, decrypter.with_kid(kid.as_str()).unwrap()));
        }
        if encrypters.is_empty() {
            return Err(Miss::skipped(format!("{enc}: no recipient is in this build")));
        }
        let shared = json!({"note": "to all"});
        let content = Content::new(b"to all").additional_data(b"aad").typ("JOSE+JSON");
        let message = jwe_json::encrypt_general(&content, &(), &shared, &encrypters).unwrap();
        let limits = Limits::default().recipients(encrypters.len());
        for (name, decrypter) in decrypters {
            match open(&message, &ring_of(decrypter), &limits) {
                Ok(read) if read == b"to all" => {}
                other => return Err(Miss::wrong(format!("{name} with {enc}: {other:?}"))),
            }
        }
        if encrypters.len() > 16 && refused(&message, &dir()) != Some(ErrorKind::TooLarge) {
            return Err(Miss::wrong("17 recipients or more"));
        }
        Ok(())
    });
}

/// Nothing but the ephemeral key's curve tells whose it is, where no `kid` does.
#[test]
fn an_ephemeral_key_on_the_curve_of_another_key_is_passed_over() {
    let keys: Vec<_> = recipients(JweEnc::A256GCM)
        .into_iter()
        .filter(|(_, alg, _)| *alg == JweAlg::ECDH_ES_A256KW)
        .filter_map(|(name, alg, key)| pair(&name, alg, JweEnc::A256GCM, key).ok())
        .collect();
    if keys.len() < 2 {
        println!("skipped: keys on two curves: not in this build");
        return;
    }
    let (encrypters, decrypters): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    let content = Content::new(b"x");
    let general = jwe_json::encrypt_general(&content, &(), &(), &encrypters).unwrap();
    for decrypter in &decrypters {
        assert_eq!(refused(&general, &ring_of(decrypter.clone())), None);
    }
    let all =
        Ring::read_only().with_readers(decrypters).unwrap().with_policy(KidPolicy::TryAll).unwrap();
    for encrypter in &encrypters {
        let token = compact::encrypt(&content, &(), encrypter).unwrap();
        assert_eq!(refused(&token, &all), None);
        // What no key opens is a forgery, whatever else is wrong with it for some.
        let [header, key, iv, bytes, tag] = parts(&token);
        let forged = [header, key, iv, bytes, bent(&tag)].join(".");
        assert_eq!(refused(&forged, &all), Some(ErrorKind::Unauthentic));
    }
}

#[test]
fn headers_hold_no_parameter_of_another_algorithm() {
    tally("header parameters", recipients(JweEnc::A256GCM), |(name, alg, key)| {
        let (encrypter, _) = pair(&name, alg, JweEnc::A256GCM, key)?;
        let encrypter = encrypter.with_parties(b"Alice", b"Bob");
        for (form, message) in all_forms(&Content::new(b"x"), &encrypter).unwrap() {
            let message = if form == "compact" {
                json!({ "protected": parts(&message)[0] })
            } else {
                serde_json::from_str(&message).unwrap()
            };
            let header = from_base64url(message["protected"].as_str().unwrap());
            let protected: serde_json::Value = serde_json::from_slice(&header).unwrap();
            let own = &message["recipients"][0]["header"];
            for (parameter, family) in [("apu", "ECDH-ES"), ("apv", "ECDH-ES"), ("p2c", "PBES2")] {
                let stands = protected.get(parameter).or_else(|| own.get(parameter)).is_some();
                if stands != alg.name().starts_with(family) {
                    return Err(Miss::wrong(format!("{name} {form}: {parameter}")));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn recipients_that_cannot_share_a_message_are_told() {
    let content = Content::new(b"x");
    let wrap = |enc| Encrypter::new(JweAlg::A256GCMKW, enc, &oct(32)).unwrap();
    let dir = Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &oct(32)).unwrap();
    for encrypters in [
        vec![],
        vec![wrap(JweEnc::A256GCM), wrap(JweEnc::A128GCM)],
        vec![dir.clone(), dir.clone()],
        vec![wrap(JweEnc::A256GCM), dir.clone()],
        vec![dir, wrap(JweEnc::A256GCM)],
    ] {
        let error = jwe_json::encrypt_general(&content, &(), &(), &encrypters).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSetting);
    }
}

#[test]
fn a_remote_place_unwraps_and_its_failures_do_not_show() {
    struct Refuses;
    impl RemoteUnwrap for Refuses {
        fn unwrap(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
            Err(ErrorKind::Unauthentic.into())
        }
    }
    struct Away;
    impl RemoteUnwrap for Away {
        fn unwrap(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
            Err(Error::new(ErrorKind::Signing, "the place cannot be reached"))
        }
    }
    let cek = vec![3; 32];
    let token =
        crate::jwe_support::forge(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#, b"wrapped", &cek, b"x");
    let (alg, enc) = (JweAlg::RSA_OAEP_256, JweEnc::A256GCM);
    let ring = ring_of(Decrypter::remote(alg, enc, Fixed(cek)).unwrap());
    assert_eq!(open(&token, &ring, &Limits::default()).unwrap(), b"x");
    let wrong = [vec![], vec![3; 16], vec![3; 31], vec![3; 33], vec![3; 64], vec![4; 32]];
    let mut texts: Vec<_> = wrong
        .into_iter()
        .map(|cek| ring_of(Decrypter::remote(alg, enc, Fixed(cek)).unwrap()))
        .chain([ring_of(Decrypter::remote(alg, enc, Refuses).unwrap())])
        .map(|ring| open(&token, &ring, &Limits::default()).unwrap_err())
        .map(|error| (error.kind(), format!("{error} {error:?}")))
        .collect();
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(texts[0].0, ErrorKind::Unauthentic);
    // That it cannot be reached is not the token's fault.
    let away = ring_of(Decrypter::remote(alg, enc, Away).unwrap());
    let now = OffsetDateTime::UNIX_EPOCH;
    let error = compact::decrypt(&token, &away, &Limits::default(), now).unwrap_err();
    assert_eq!(error.fault(), Fault::Environment);
}

/// What is unwrapped elsewhere is an encrypted key and nothing else: an algorithm whose header has
/// more to say could never work.
#[test]
fn remote_places_serve_rsa_oaep_and_aes_kw_alone() {
    for alg in JweAlg::all() {
        let made = Decrypter::remote(alg, JweEnc::A256GCM, Fixed(vec![]));
        let name = alg.name();
        let due = name.starts_with("RSA") || (name.starts_with('A') && !name.contains("GCM"));
        assert_eq!(made.is_ok(), due, "{name}");
        if let Err(error) = made {
            assert_eq!(error.kind(), ErrorKind::InvalidSetting);
        }
    }
}

#[test]
fn claims_are_validated_as_in_any_token() {
    let codec = JweCodec::a256gcm(vec![7; 32]).unwrap();
    let now = OffsetDateTime::now_utc();
    let claims = Claims::new(NoCustom::default()).with_audience("api").with_expiry(now - Duration::HOUR);
    let token = codec.encode(&claims).unwrap();
    let validator = Validator::new().audience("api");
    assert!(codec.decode::<NoCustom>(&token).unwrap().validate(&validator).unwrap_err().is_expired());
    for len in [1, 16, 31, 33, 64] {
        assert_eq!(JweCodec::a256gcm(vec![7; len]).unwrap_err().kind(), ErrorKind::KeyMismatch, "{len}");
    }
    assert_eq!(JweCodec::a256gcm(vec![]).unwrap_err().kind(), ErrorKind::WeakKey);
}

#[test]
fn shapes_are_told_apart() {
    let jwe = JweCodec::new(dir());
    let jws = JwsCodec::new(OctKey::new(vec![7; 32]).unwrap().signer(HmacAlg::Hs256).unwrap());
    let claims = Claims::new(NoCustom::default());
    let (encrypted, signed) = (jwe.encode(&claims).unwrap(), jws.encode(&claims).unwrap());
    let shape = |codec: &dyn TokenCodec, token: &str| codec.recognizes(&RawToken::new(token));
    assert!(shape(&jwe, &encrypted) && shape(&jws, &signed));
    assert!(!shape(&jwe, &signed) && !shape(&jws, &encrypted));
    let nested = Nested::new(jwe.clone(), jws.clone());
    assert!(shape(&nested, &encrypted) && !shape(&nested, &signed));
    // A JWK's own enc binds as well.
    let jwk = Jwk::from_json(
        r#"{"kty":"oct","alg":"A256GCM","k":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}"#,
    )
    .unwrap();
    let key = Decrypter::from_jwk(&jwk, JweEnc::A256GCM).unwrap();
    assert_eq!((key.alg(), key.enc()), (JweAlg::DIR, JweEnc::A256GCM));
    assert_eq!(Decrypter::from_jwk(&jwk, JweEnc::XC20P).unwrap_err().kind(), ErrorKind::KeyMismatch);
    assert!(rsa_key().is_secret());
}

#[test]
fn what_kind_of_content_it_is_stands_in_the_protected_header() {
    let encrypter = |byte: u8| {
        let key = OctKey::new(vec![byte; 32]).unwrap().into();
        Encrypter::new(JweAlg::A256GCMKW, JweEnc::A256GCM, &key).unwrap()
    };
    let protected = |message: &str| -> Value {
        let header = match serde_json::from_str::<Value>(message) {
            Ok(json) => json["protected"].as_str().unwrap().to_owned(),
            Err(_) => message.split('.').next().unwrap().to_owned(),
        };
        serde_json::from_slice(&from_base64url(&header)).unwrap()
    };
    for (typ, cty) in [
        (None, None),
        (Some("JWT"), None),
        (Some("JWT"), Some("x")),
        (Some("at+jwt"), None),
        (None, Some("x")),
    ] {
        let mut content = Content::new(b"x");
        let mut body = Body::new(b"x");
        if let Some(typ) = typ {
            (content, body) = (content.typ(typ), body.typ(typ));
        }
        if let Some(cty) = cty {
            (content, body) = (content.content_type(cty), body.content_type(cty));
        }
        // The header of `dir` stands prepared, that of a wrapped key does not.
        let [token, prepared] =
            [JweCodec::new(encrypter(1)), JweCodec::a256gcm([7; 32]).unwrap()].map(|codec| {
                let token = codec.seal(&body).unwrap();
                let read = codec.open(&token).unwrap();
                assert_eq!((read.envelope().typ(), read.envelope().content_type()), (typ, cty));
                token
            });
        for message in [
            token,
            prepared,
            compact::encrypt(&content, &(), &encrypter(1)).unwrap(),
            jwe_json::encrypt_flattened(&content, &(), &(), &encrypter(1)).unwrap(),
            jwe_json::encrypt_general(&content, &(), &(), &[encrypter(1), encrypter(2)]).unwrap(),
        ] {
            let header = protected(&message);
            assert_eq!((header["typ"].as_str(), header["cty"].as_str()), (typ, cty), "{header}");
        }
    }
}

#[test]
fn a_parameter_is_written_once() {
    let key = OctKey::new(vec![1; 32]).unwrap().into();
    let encrypter = Encrypter::new(JweAlg::A256GCMKW, JweEnc::A256GCM, &key).unwrap();
    let content = Content::new(b"x");
    let (none, one, two) = (json!({}), json!({"a": 1}), json!({"a": 1, "b": 2}));
    let write = |protected: &Value, unprotected: &Value| {
        jwe_json::encrypt_flattened(&content, protected, unprotected, &encrypter)
            .err()
            .map(|error| error.kind())
    };
    assert_eq!(
        (write(&none, &two), write(&two, &none), write(&one, &json!({"b": 1}))),
        (None, None, None)
    );
    for (protected, unprotected) in [(&one, &one), (&two, &one), (&two, &two)] {
        assert_eq!(write(protected, unprotected), Some(ErrorKind::InvalidSetting));
    }
}

// Several keys may go by one name: that the first does not open a token says nothing of the second, even
// where the token's header is the one that the first would write.
#[test]
fn each_key_of_a_name_is_tried() {
    let encrypter = |byte: u8| {
        let key = OctKey::new(vec![byte; 32]).unwrap().into();
        Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key).unwrap().with_kid("k").unwrap()
    };
    let ring = |first: u8, second: u8| {
        Keyring::new(encrypter(first)).with_reader(encrypter(second).reader().unwrap()).unwrap()
    };
    let token = JweCodec::new(encrypter(2)).encode(&Claims::new(NoCustom::default())).unwrap();
    for (first, second, due) in [(1, 2, None), (2, 1, None), (1, 3, Some(ErrorKind::Unauthentic))] {
        let read = JweCodec::new(ring(first, second)).open(&token);
        assert_eq!(read.err().map(|error| error.kind()), due, "{first} {second}");
    }
}
