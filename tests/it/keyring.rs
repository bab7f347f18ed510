//! Rings: which key a token is tried with, and how keys come and go.

use serde_json::json;
#[cfg(feature = "amora")]
use symbolon::amora::AmoraOpener;
#[cfg(feature = "sealed")]
use symbolon::sealed::{HeaderlessKey, SealedCipher, SealedKey};
use symbolon::{
    Claims, EdAlg, ErrorKind, HmacAlg, Jwk, JwkSet, JwsAlg, JwsCodec, KeyId, Keyring, KidPolicy,
    NoCustom, OctKey, OkpCurve, OkpPrivateKey, Provenance, RingKey, SharedKeyring, Signer, TokenCodec,
    TokenCodecExt, Verifier, WritingKey,
};
#[cfg(feature = "jwe")]
use symbolon::{Encrypter, JweAlg, JweEnc};

use crate::support::{NOW, at, base64url, header_of, kind, signed_as, signers};

fn secret(byte: u8) -> Signer {
    OctKey::new(vec![byte; 32]).unwrap().signer(HmacAlg::Hs256).unwrap()
}

fn named(byte: u8, kid: &str) -> Signer {
    secret(byte).with_kid(kid).unwrap()
}

fn token(signer: &Signer) -> String {
    signed_as(header_of(signer), "{}", signer)
}

fn read_at(ring: &Keyring, token: &str, now: i64) -> Option<ErrorKind> {
    kind(JwsCodec::new(ring.clone()).decode_at::<NoCustom>(token, at(now)))
}

fn read(ring: &Keyring, token: &str) -> Option<ErrorKind> {
    read_at(ring, token, NOW)
}

#[test]
fn a_kid_picks_its_key_among_others() {
    let signers: Vec<Signer> = (0..50).map(|n| named(n, &format!("k{n}"))).collect();
    let ring = Keyring::new(signers[0].clone())
        .with_readers(signers[1..].iter().map(Signer::verifier))
        .unwrap();
    assert_eq!((ring.len(), ring.is_empty()), (50, false));
    for signer in &signers {
        let opened = JwsCodec::new(ring.clone()).decode::<NoCustom>(&token(signer)).unwrap();
        assert_eq!(opened.envelope().kid(), signer.kid());
    }
    assert_eq!(read(&ring, &token(&named(0, "k1"))), Some(ErrorKind::Unauthentic));
    assert_eq!(read(&ring, &token(&named(0, "k50"))), Some(ErrorKind::UnknownKey));
    assert_eq!(ring.candidates(Some("k7"), "HS256", NOW).unwrap().count(), 1);
}

#[test]
fn the_two_names_of_ed25519_read_each_other() {
    let key = OkpPrivateKey::generate(OkpCurve::Ed25519).unwrap();
    for (writes, reads) in [(EdAlg::EdDsa, EdAlg::Ed25519), (EdAlg::Ed25519, EdAlg::EdDsa)] {
        for kid in [None, Some("k")] {
            let with_kid =
                |signer: Signer| kid.map_or(Ok(signer.clone()), |kid| signer.with_kid(kid)).unwrap();
            let writer = with_kid(key.signer(writes).unwrap());
            let reader = with_kid(key.signer(reads).unwrap());
            let token = token(&writer);
            let opened = JwsCodec::new(reader).decode::<NoCustom>(&token).unwrap();
            // What is told is the key's name, not the header's.
            assert_eq!(opened.envelope().alg(), JwsAlg::from(reads).name());
        }
    }
}

#[test]
fn four_keys_may_share_a_kid_and_the_fifth_is_refused() {
    let signers: Vec<Signer> = (0..5).map(|byte| named(byte, "k")).collect();
    let four = Keyring::read_only().with_readers(signers[..4].iter().map(Signer::verifier)).unwrap();
    for signer in &signers[..4] {
        assert_eq!(read(&four, &token(signer)), None);
    }
    assert_eq!(read(&four, &token(&signers[4])), Some(ErrorKind::Unauthentic));
    assert_eq!(kind(four.clone().with_reader(signers[4].verifier())), Some(ErrorKind::InvalidSetting));
    assert_eq!(
        kind(four.clone().with_reader_until(signers[4].verifier(), at(NOW))),
        Some(ErrorKind::InvalidSetting)
    );
    assert_eq!(kind(four.clone().rotated(signers[4].clone(), None)), Some(ErrorKind::InvalidSetting));
    // Keys of another algorithm or another name are not counted.
    let ec = Signer::generate(JwsAlg::ES256).unwrap().with_kid("k").unwrap();
    let ring =
        four.with_reader(ec.verifier()).unwrap().with_reader(named(4, "other").verifier()).unwrap();
    assert_eq!(read(&ring, &token(&ec)), None);
    assert_eq!(read(&ring, &token(&signers[3])), None);
    assert_eq!(ring.candidates(Some("k"), "HS256", NOW).unwrap().count(), 4);
    assert_eq!(ring.candidates(Some("k"), "ES256", NOW).unwrap().count(), 1);
}

#[test]
fn the_two_names_of_ed25519_are_counted_together() {
    let keys: Vec<_> = (0..5).map(|_| OkpPrivateKey::generate(OkpCurve::Ed25519).unwrap()).collect();
    let alg = |n: usize| if n.is_multiple_of(2) { EdAlg::EdDsa } else { EdAlg::Ed25519 };
    for policy in [KidPolicy::Required, KidPolicy::SoleKey, KidPolicy::TryAll] {
        for kid in [Some("k"), None] {
            let signers: Vec<Signer> = keys
                .iter()
                .enumerate()
                .map(|(n, key)| key.signer(alg(n)).unwrap())
                .map(|signer| kid.map_or(Ok(signer.clone()), |kid| signer.with_kid(kid)).unwrap())
                .collect();
            let ring = Keyring::read_only().with_policy(policy).unwrap();
            let four = ring.with_readers(signers[..4].iter().map(Signer::verifier)).unwrap();
            if kid.is_some() || policy == KidPolicy::TryAll {
                // Whichever name a token bears, each of the four is tried.
                assert!(signers[..4].iter().all(|signer| read(&four, &token(signer)).is_none()));
            }
            assert_eq!(kind(four.with_reader(signers[4].verifier())), Some(ErrorKind::InvalidSetting));
        }
    }
}

#[test]
fn keys_without_a_name_read_any_kid_that_no_other_claims() {
    let anonymous = secret(1);
    let ring = Keyring::new(anonymous.clone()).with_reader(named(2, "b").verifier()).unwrap();
    let with_kid =
        |kid: &str| signed_as(json!({"alg": "HS256", "kid": kid}).to_string(), "{}", &anonymous);
    assert_eq!(read(&ring, &with_kid("a")), None);
    assert_eq!(read(&ring, &with_kid("")), None);
    assert_eq!(read(&ring, &with_kid("b")), Some(ErrorKind::Unauthentic));
    // No more of them than a token may be tried with.
    let ring = ring.with_readers([3, 4, 5].map(|byte| secret(byte).verifier())).unwrap();
    assert_eq!(read(&ring, &signed_as(r#"{"alg":"HS256","kid":"a"}"#, "{}", &secret(5))), None);
    assert_eq!(kind(ring.with_reader(secret(6).verifier())), Some(ErrorKind::InvalidSetting));
}

#[test]
fn kid_policy_says_what_a_token_without_a_kid_gets() {
    let (a, b) = (named(1, "a"), named(2, "b"));
    let ec = Signer::generate(JwsAlg::ES256).unwrap().with_kid("c").unwrap();
    let bare = |signer: &Signer| signed_as(format!(r#"{{"alg":"{}"}}"#, signer.alg()), "{}", signer);
    let one = Keyring::new(a.clone()).with_reader(ec.verifier()).unwrap();
    let two = one.clone().with_reader(b.verifier()).unwrap();

    for ring in [&one, &two] {
        let required = ring.clone().with_policy(KidPolicy::Required).unwrap();
        assert_eq!(read(&required, &bare(&a)), Some(ErrorKind::UnknownKey));
        assert_eq!(read(&required, &bare(&ec)), Some(ErrorKind::UnknownKey));
        assert_eq!(read(&required, &token(&a)), None);
    }

    // The default: just one key fits the algorithm.
    assert_eq!(KidPolicy::default(), KidPolicy::SoleKey);
    assert_eq!(read(&one, &bare(&a)), None);
    assert_eq!(read(&two, &bare(&a)), Some(ErrorKind::UnknownKey));
    assert_eq!(read(&two, &bare(&b)), Some(ErrorKind::UnknownKey));
    assert_eq!(read(&two, &bare(&ec)), None);
    // Keys that are no longer due do not count.
    let retired = one.clone().with_reader_until(b.verifier(), at(NOW)).unwrap();
    assert_eq!(read_at(&retired, &bare(&a), NOW), Some(ErrorKind::UnknownKey));
    assert_eq!(read_at(&retired, &bare(&a), NOW + 1), None);

    let all = two.clone().with_policy(KidPolicy::TryAll).unwrap();
    assert_eq!(read(&all, &bare(&a)), None);
    assert_eq!(read(&all, &bare(&b)), None);
    assert_eq!(read(&all, &bare(&secret(9))), Some(ErrorKind::Unauthentic));
    // At most 4 of one algorithm, in whichever order ring and policy are set up.
    let four = all.with_readers([3, 4].map(|byte| named(byte, &byte.to_string()).verifier())).unwrap();
    assert_eq!(kind(four.with_reader(named(5, "5").verifier())), Some(ErrorKind::InvalidSetting));
    let five =
        two.with_readers([3, 4, 5].map(|byte| named(byte, &byte.to_string()).verifier())).unwrap();
    assert_eq!(kind(five.clone().with_policy(KidPolicy::TryAll)), Some(ErrorKind::InvalidSetting));
    assert!(five.with_policy(KidPolicy::Required).is_ok());
}

#[test]
fn a_key_reads_up_to_and_including_its_last_second() {
    let (a, b) = (named(1, "a"), named(2, "b"));
    let ring = Keyring::new(a).with_reader_until(b.verifier(), at(NOW)).unwrap();
    let token = token(&b);
    assert_eq!(read_at(&ring, &token, NOW - 1), None);
    assert_eq!(read_at(&ring, &token, NOW), None);
    assert_eq!(read_at(&ring, &token, NOW + 1), Some(ErrorKind::UnknownKey));
    assert_eq!(ring.clone().pruned(at(NOW)).len(), 2);
    let pruned = ring.pruned(at(NOW + 1));
    assert_eq!(pruned.len(), 1);
    assert_eq!(read_at(&pruned, &token, NOW), Some(ErrorKind::UnknownKey));
}

#[test]
fn rotated_makes_the_new_key_write_and_the_old_one_read_for_a_while() {
    let (a, b, c) = (named(1, "a"), named(2, "b"), named(3, "c"));
    let ring = Keyring::new(a.clone()).rotated(b.clone(), Some(at(NOW + 60))).unwrap();
    assert_eq!(ring.primary().unwrap().kid().unwrap().as_str(), "b");
    assert_eq!(ring.readers().map(|key| key.kid().unwrap().to_string()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(read_at(&ring, &token(&a), NOW + 60), None);
    assert_eq!(read_at(&ring, &token(&a), NOW + 61), Some(ErrorKind::UnknownKey));
    assert_eq!(read_at(&ring, &token(&b), NOW + 61), None);
    // A second rotation leaves the first one's time alone.
    let ring = ring.rotated(c.clone(), None).unwrap();
    assert_eq!(read_at(&ring, &token(&a), NOW + 61), Some(ErrorKind::UnknownKey));
    assert_eq!(read_at(&ring, &token(&b), NOW + 1_000_000), None);
    assert_eq!(read_at(&ring, &token(&c), NOW), None);
    // Of a ring that only read, no reader's time is touched.
    let ring =
        Keyring::read_only().with_reader_until(a.verifier(), at(NOW)).unwrap().rotated(c, None).unwrap();
    assert_eq!(read_at(&ring, &token(&a), NOW + 1), Some(ErrorKind::UnknownKey));
}

#[test]
fn rotating_a_primary_that_was_taken_out_touches_no_other_key() {
    let (a, b, c) = (named(1, "a"), named(2, "b"), named(3, "c"));
    let leaked = |ring: Keyring| ring.without(a.kid().unwrap());
    // A key that is being retired is not revived.
    let ring = Keyring::new(a.clone()).with_reader_until(b.verifier(), at(NOW)).unwrap();
    let ring = leaked(ring).rotated(c.clone(), None).unwrap();
    assert_eq!(read_at(&ring, &token(&b), NOW), None);
    assert_eq!(read_at(&ring, &token(&b), NOW + 1), Some(ErrorKind::UnknownKey));
    // Nor is one that stays retired.
    let ring = Keyring::new(a.clone()).with_reader(b.verifier()).unwrap();
    let ring = leaked(ring).rotated(c.clone(), Some(at(NOW))).unwrap();
    assert_eq!(read_at(&ring, &token(&b), NOW + 1), None);
    assert_eq!(read(&ring, &token(&a)), Some(ErrorKind::UnknownKey));
    // After the rotation the new primary's own reader stands first again.
    let ring = ring.rotated(named(4, "d"), Some(at(NOW))).unwrap();
    assert_eq!(read_at(&ring, &token(&c), NOW), None);
    assert_eq!(read_at(&ring, &token(&c), NOW + 1), Some(ErrorKind::UnknownKey));
    assert_eq!(read_at(&ring, &token(&b), NOW + 1), None);
}

#[test]
fn without_refuses_what_a_key_signed() {
    let (a, b) = (named(1, "a"), named(2, "b"));
    let ring = Keyring::new(a.clone())
        .with_reader(b.verifier())
        .unwrap()
        .with_reader(named(3, "b").verifier())
        .unwrap();
    let ring = ring.without(&KeyId::new("b").unwrap());
    assert_eq!(ring.len(), 1);
    assert_eq!(read(&ring, &token(&b)), Some(ErrorKind::UnknownKey));
    assert_eq!(read(&ring, &token(&a)), None);
    assert_eq!(ring.clone().without(&KeyId::new("c").unwrap()).len(), 1);
    // The primary stays, though nothing of it is read any more.
    let ring = ring.without(&KeyId::new("a").unwrap());
    assert!(ring.is_empty());
    assert_eq!(ring.primary().unwrap().kid(), a.kid());
    assert_eq!(read(&ring, &token(&a)), Some(ErrorKind::UnknownKey));
}

#[test]
fn a_ring_that_only_reads_writes_nothing() {
    let ring = Keyring::<Signer>::read_only();
    assert_eq!(kind(ring.primary().cloned()), Some(ErrorKind::NoKey));
    let codec = JwsCodec::new(ring.with_reader(secret(1).verifier()).unwrap());
    let claims = Claims::new(NoCustom::default());
    assert_eq!(kind(codec.encode(&claims)), Some(ErrorKind::NoKey));
    assert_eq!(kind(codec.draft(&claims)), Some(ErrorKind::NoKey));
    assert_eq!(kind(codec.encode_with_header(&claims, &())), Some(ErrorKind::NoKey));
    assert!(codec.decode::<NoCustom>(&token(&secret(1))).is_ok());
}

#[test]
fn all_algorithms_stand_in_one_ring() {
    let all: Vec<Signer> = signers()
        .iter()
        .map(|(_, signer)| signer.clone().with_kid(signer.alg().name()).unwrap())
        .collect();
    let mut ring = Keyring::new(all[0].clone());
    ring = ring.with_readers(all[1..].iter().map(Signer::verifier)).unwrap();
    for signer in &all {
        assert_eq!(read(&ring, &token(signer)), None, "{}", signer.alg());
    }
    // The weakest of them says who could have minted a token.
    assert_eq!(JwsCodec::new(ring).provenance(), Provenance::SharedKey);
    let signed: Vec<&Signer> =
        all.iter().filter(|signer| signer.verifier().provenance() == Provenance::Signed).collect();
    let ring = Keyring::new(signed[0].clone())
        .with_readers(signed[1..].iter().map(|signer| signer.verifier()))
        .unwrap();
    assert_eq!(JwsCodec::new(ring).provenance(), Provenance::Signed);
}

#[test]
fn a_hundred_thousand_kids_are_looked_up_at_once() {
    let verifier = secret(1).verifier();
    let many = (0..100_000).map(|n| verifier.clone().with_kid(format!("k{n}")).unwrap());
    let ring = Keyring::new(named(2, "primary")).with_readers(many).unwrap();
    let codec = JwsCodec::new(ring);
    for n in [0, 1, 50_000, 99_999] {
        assert!(codec.decode::<NoCustom>(&token(&named(1, &format!("k{n}")))).is_ok());
    }
    for kid in ["k100000", "k", "primar"] {
        assert_eq!(kind(codec.decode::<NoCustom>(&token(&named(1, kid)))), Some(ErrorKind::UnknownKey));
    }
    let start = std::time::Instant::now();
    let (known, unknown) = (token(&named(1, "k77777")), token(&named(1, "unknown")));
    for _ in 0..200 {
        assert!(codec.decode::<NoCustom>(&known).is_ok());
        assert!(codec.decode::<NoCustom>(&unknown).is_err());
        assert!(codec.decode::<NoCustom>(&token(&secret(1))).is_err());
    }
    // A search through all of them, 600 times, takes far longer than this.
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn threads_verify_while_keys_rotate() {
    const ROTATIONS: usize = 300;
    let keys = SharedKeyring::new(named(0, "k0"));
    let codec = JwsCodec::new(&keys);
    let done = std::sync::atomic::AtomicBool::new(false);
    let load = std::sync::atomic::Ordering::SeqCst;
    let verified: usize = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..8)
            .map(|_| {
                let codec = codec.clone();
                let done = &done;
                scope.spawn(move || {
                    let claims = Claims::new(NoCustom::default());
                    let (mut verified, mut old) = (0, codec.encode(&claims).unwrap());
                    while !done.load(load) {
                        // Whatever the ring wrote it reads, before and after a rotation.
                        let token = codec.encode(&claims).unwrap();
                        assert!(codec.decode::<NoCustom>(&token).is_ok());
                        assert!(codec.decode::<NoCustom>(&old).is_ok());
                        old = token;
                        verified += 1;
                    }
                    verified
                })
            })
            .collect();
        for n in 1..=ROTATIONS {
            keys.rotate(named(n as u8, &format!("k{n}")), None).unwrap();
            std::thread::yield_now();
        }
        done.store(true, load);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert_eq!(keys.load().len(), ROTATIONS + 1);
    println!("{verified} tokens verified during {ROTATIONS} rotations, none refused");
}

#[test]
fn no_change_to_a_shared_ring_is_lost() {
    let keys = SharedKeyring::new(named(0, "primary"));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let keys = keys.clone();
            scope.spawn(move || {
                for n in 0..25 {
                    let verifier = named(1, &format!("{thread}-{n}")).verifier();
                    keys.update(|ring| ring.with_reader(verifier.clone())).unwrap();
                }
            });
        }
    });
    assert_eq!(keys.load().len(), 201);
}

#[test]
fn a_shared_ring_is_one_ring_in_all_its_handles() {
    let keys = SharedKeyring::new(named(1, "a"));
    let codec = JwsCodec::new(&keys);
    let old = token(&named(1, "a"));
    keys.clone().rotate(named(2, "b"), None).unwrap();
    assert!(codec.decode::<NoCustom>(&old).is_ok());
    assert!(codec.decode::<NoCustom>(&token(&named(2, "b"))).is_ok());
    codec.keys().remove(&KeyId::new("a").unwrap());
    assert_eq!(keys.load().len(), 1);
    assert_eq!(kind(codec.decode::<NoCustom>(&old)), Some(ErrorKind::UnknownKey));
    keys.replace(Keyring::new(named(3, "c")));
    assert_eq!(kind(codec.decode::<NoCustom>(&token(&named(2, "b")))), Some(ErrorKind::UnknownKey));
    // What was loaded stays as it was.
    let loaded = keys.load();
    keys.replace(Keyring::read_only());
    assert_eq!(loaded.len(), 1);
    // A change that fails changes nothing.
    keys.replace(Keyring::new(named(3, "c")));
    assert_eq!(kind(keys.update(|_| Err(ErrorKind::Refused.into()))), Some(ErrorKind::Refused));
    assert_eq!(keys.load().len(), 1);
    let full = |ring: Keyring| ring.with_readers((4..7).map(|byte| named(byte, "c").verifier()));
    keys.update(full).unwrap();
    assert_eq!(kind(keys.rotate(named(9, "c"), None)), Some(ErrorKind::InvalidSetting));
    assert_eq!(keys.load().primary().unwrap().kid().unwrap().as_str(), "c");
    assert_eq!(keys.load().len(), 4);
}

fn set(keys: serde_json::Value) -> JwkSet {
    JwkSet::from_json(json!({"keys": keys}).to_string()).unwrap()
}

fn public_json(alg: JwsAlg) -> Option<serde_json::Value> {
    let key = crate::support::key(alg)?.to_public()?;
    Some(serde_json::from_str(&Jwk::from(key).to_json().unwrap()).unwrap())
}

#[test]
fn from_jwk_set_takes_each_key_for_what_it_says() {
    let mut keys = Vec::new();
    for alg in [JwsAlg::ES256, JwsAlg::ES384, JwsAlg::EDDSA] {
        let mut key = public_json(alg).unwrap();
        key["kid"] = json!(alg.name());
        keys.push(key);
    }
    // An RSA key that does not say: RS256, as OpenID Connect has it.
    let mut rsa = public_json(JwsAlg::RS256).unwrap();
    rsa["kid"] = json!("rsa");
    keys.push(rsa.clone());
    rsa["alg"] = json!("PS384");
    rsa["kid"] = json!("pss");
    keys.push(rsa.clone());
    // None of these can serve.
    for (name, value) in [
        ("use", json!("enc")),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("none")),
        ("key_ops", json!(["encrypt"])),
    ] {
        let mut key = rsa.clone();
        key["alg"] = json!("RS256");
        key[name] = value;
        keys.push(key);
    }
    keys.push(json!({"kty": "oct", "k": base64url([7; 32]), "kid": "oct"}));
    keys.push(json!({"kty": "OKP", "crv": "X25519", "x": base64url([9; 32]), "kid": "x"}));
    keys.push(json!({"kty": "new"}));
    let set = set(keys.into());
    let algs = |ring: Keyring| {
        ring.readers().map(|key| (key.kid().unwrap().to_string(), key.alg().name())).collect::<Vec<_>>()
    };
    let due =
        [("ES256", "ES256"), ("ES384", "ES384"), ("EdDSA", "EdDSA"), ("rsa", "RS256"), ("pss", "PS384")];
    assert_eq!(algs(Keyring::from_jwk_set(&set)), due.map(|(kid, alg)| (kid.to_owned(), alg)));
    assert!(Keyring::from_jwk_set(&set).primary().is_err());

    let ring = Keyring::from_jwk_set_as(&set, &[JwsAlg::PS256, JwsAlg::RS512, JwsAlg::HS256]);
    let mut more = due.map(|(kid, alg)| (kid.to_owned(), alg)).to_vec();
    more[3] = ("rsa".into(), "PS256");
    more.insert(4, ("rsa".into(), "RS512"));
    more.push(("oct".into(), "HS256"));
    assert_eq!(algs(ring), more);

    let none = Keyring::from_jwk_set_as(&set, &[]);
    assert!(none.readers().all(|key| key.kid().unwrap().as_str() != "rsa"));

    // Why the others verify nothing can be asked.
    let reasons: Vec<_> =
        set.verifiers(&[JwsAlg::RS256]).filter_map(|(_, verifiers)| kind(verifiers)).collect();
    assert_eq!(
        reasons,
        [
            ErrorKind::KeyUse,
            ErrorKind::UnsupportedAlgorithm,
            ErrorKind::UnsupportedAlgorithm,
            ErrorKind::KeyUse,
            ErrorKind::UnsupportedAlgorithm,
            ErrorKind::UnsupportedAlgorithm,
        ]
    );
}

#[test]
fn beyond_four_keys_of_one_kid_a_set_leaves_out_the_rest() {
    let mut keys: Vec<_> = (0..10).map(|_| public_json(JwsAlg::ES256).unwrap()).collect();
    keys.iter_mut().for_each(|key| key["kid"] = json!("k"));
    let mut last = public_json(JwsAlg::EDDSA).unwrap();
    last["kid"] = json!("k");
    keys.push(last);
    let ring = Keyring::from_jwk_set(&set(keys.clone().into()));
    assert_eq!(ring.len(), 5);
    assert_eq!(ring.candidates(Some("k"), "ES256", NOW).unwrap().count(), 4);
    assert_eq!(ring.candidates(Some("k"), "EdDSA", NOW).unwrap().count(), 1);
    // The same without a kid.
    keys.iter_mut().for_each(|key| {
        key.as_object_mut().unwrap().remove("kid");
    });
    assert_eq!(Keyring::from_jwk_set(&set(keys.into())).len(), 5);
}

#[test]
fn an_issuer_s_set_verifies_its_tokens() {
    let (mut set, mut tokens) = (JwkSet::new(), Vec::new());
    for (key, signer) in
        signers().iter().filter(|(_, signer)| signer.verifier().provenance() == Provenance::Signed)
    {
        let kid = signer.alg().name();
        set.push(Jwk::from(key.clone()).with_alg(signer.alg()).unwrap().with_kid(kid).unwrap());
        tokens.push(token(&signer.clone().with_kid(kid).unwrap()));
    }
    let published = set.to_public().unwrap().to_json().unwrap();
    let ring = Keyring::from_jwk_set(&JwkSet::from_json(published).unwrap());
    assert_eq!(ring.len(), tokens.len());
    for token in tokens {
        assert_eq!(read(&ring, &token), None);
    }
}

/// A key of one's own can stand in a ring.
#[derive(Clone)]
struct Plain(Option<KeyId>);

impl RingKey for Plain {
    fn kid(&self) -> Option<&KeyId> {
        self.0.as_ref()
    }
}

impl symbolon::WritingKey for Plain {
    type Reader = Self;

    fn reader(&self) -> Option<Self> {
        None
    }
}

#[test]
fn rings_hold_keys_of_one_s_own() {
    let key = |kid: &str| Plain(Some(KeyId::new(kid).unwrap()));
    let ring = Keyring::new(key("a")).with_reader(key("b")).unwrap();
    // A primary whose own tokens cannot be read stands not among the readers.
    assert_eq!(ring.len(), 1);
    assert_eq!(ring.candidates(Some("b"), "", NOW).unwrap().count(), 1);
    for other in ["a", "", "\u{1}", "bb"] {
        let found = kind(ring.candidates(Some(other), "", NOW).map(drop));
        assert_eq!(found, Some(ErrorKind::UnknownKey), "{other:?}");
    }
    assert_eq!(kind(ring.candidates(Some("b"), "x", NOW).map(drop)), Some(ErrorKind::AlgorithmMismatch));
    let ring = ring.rotated(key("c"), Some(at(NOW - 1))).unwrap();
    assert_eq!(
        ring.candidates(Some("b"), "", NOW).unwrap().count(),
        1,
        "no reader was the old primary's"
    );
}

#[test]
fn debug_of_rings_and_keys_shows_no_secret() {
    let secret_text = "S3cretS3cretS3cretS3cretS3cretS3";
    let key = OctKey::new(secret_text).unwrap();
    let signer = key.signer(HmacAlg::Hs256).unwrap().with_kid("k").unwrap();
    let ring = Keyring::new(signer.clone());
    let codec = JwsCodec::new(ring.clone());
    for shown in [
        format!("{key:?}"),
        format!("{signer:?}"),
        format!("{:?}", signer.verifier()),
        format!("{ring:?}"),
        format!("{:?}", SharedKeyring::new(ring.clone())),
        format!("{codec:?}"),
        format!("{:?}", codec.draft(&Claims::new(NoCustom::default())).unwrap()),
        format!("{:?}", symbolon::KeyMaterial::from(key.clone())),
    ] {
        assert!(!shown.contains("S3cret") && !shown.contains("83, 51, 99"), "{shown}");
    }
}

#[test]
fn verifiers_tell_what_they_are() {
    for (key, signer) in signers() {
        let verifier = Verifier::new(signer.alg(), key).unwrap();
        assert_eq!((verifier.alg(), verifier.kid()), (signer.alg(), None));
        let shared = matches!(key, symbolon::KeyMaterial::Oct(_));
        assert_eq!(
            verifier.provenance(),
            if shared { Provenance::SharedKey } else { Provenance::Signed }
        );
    }
}

/// A key that writes stands in no ring itself, but says of itself what its reader does.
fn answers_as_its_reader<W: WritingKey>(key: &W) {
    let reader = key.reader().unwrap();
    assert_eq!(key.kid().map(KeyId::as_str), Some("k"));
    assert_eq!(key.kid(), reader.kid());
    assert_eq!(key.alg(), reader.alg());
    assert_eq!(key.is_named_in_tokens(), reader.is_named_in_tokens());
    assert!(reader.fits(key.alg()) && !reader.fits("another"));
}

#[test]
fn a_key_that_writes_answers_as_its_reader() {
    for (_, signer) in signers() {
        answers_as_its_reader(&signer.clone().with_kid("k").unwrap());
        assert_eq!(RingKey::alg(signer), signer.alg().name());
    }
    #[cfg(feature = "jwe")]
    {
        let key = OctKey::generate(32).unwrap().into();
        let encrypter = Encrypter::new(JweAlg::A256GCMKW, JweEnc::A256GCM, &key).unwrap();
        answers_as_its_reader(&encrypter.with_kid("k").unwrap());
    }
    #[cfg(feature = "amora")]
    for opener in [AmoraOpener::generate_zero(), AmoraOpener::generate_one()] {
        let sealer = opener.unwrap().with_kid("k").unwrap().sealer();
        answers_as_its_reader(&sealer);
        assert_eq!(sealer.kid(), RingKey::kid(&sealer));
        assert_eq!(sealer.alg().replace("amora.", "Amora "), sealer.version().to_string());
    }
    #[cfg(feature = "sealed")]
    {
        let (sealed, headerless) =
            (SealedKey::generate().unwrap(), HeaderlessKey::new([7; 32]).unwrap());
        assert_eq!((sealed.alg(), headerless.alg()), ("", ""));
        assert_eq!(SealedCipher::Aes256Gcm.to_string(), "AES-256-GCM");
        assert!(sealed.is_named_in_tokens() && !headerless.is_named_in_tokens());
        assert_eq!(sealed.with_kid("k").unwrap().reader().unwrap().kid().unwrap().as_str(), "k");
        let reader = headerless.with_kid("k").unwrap().reader().unwrap();
        assert_eq!(RingKey::kid(&reader).unwrap().as_str(), "k");
    }
}

#[test]
fn a_key_for_agreement_verifies_nothing() {
    let x25519 = Jwk::from(OkpPrivateKey::generate(OkpCurve::X25519).unwrap());
    for jwk in [x25519.to_public().unwrap(), x25519] {
        assert_eq!(kind(Verifier::from_jwk(&jwk)), Some(ErrorKind::UnsupportedAlgorithm));
        assert_eq!(kind(Signer::from_jwk(&jwk)), Some(ErrorKind::UnsupportedAlgorithm));
        assert!(Keyring::from_jwk_set(&JwkSet::from_iter([jwk])).is_empty());
    }
}

// Of a token without a kid no more keys are asked than may be tried, and none in vain: the second that
// fits settles it.
#[test]
fn a_ring_offers_no_more_keys_than_may_be_tried() {
    let ring =
        Keyring::new(named(0, "k0")).with_readers((1..4).map(|n| named(n, &format!("k{n}")).verifier()));
    let ring = ring.unwrap().with_policy(KidPolicy::TryAll).unwrap();
    assert_eq!(ring.candidates(None, "HS256", NOW).unwrap().count(), 4);
    let fifth = ring.with_reader(named(4, "k4").verifier());
    assert_eq!(kind(fifth), Some(ErrorKind::InvalidSetting));
}
