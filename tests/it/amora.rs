//! Amora: the tokens of libsodium and of the crate amora-rs, and none of the latter's faults.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use symbolon::amora::{self, AmoraKeyPair, AmoraOpener, AmoraSealer, AmoraVersion, MAX_TTL};
use symbolon::{
    AmoraCodec, Body, Claims, Envelope, Error, ErrorKind, Format, KeyId, Keyring, KidPolicy, Limits,
    NoCustom, Provenance, RawToken, SharedKeyring, TokenCodec, TokenCodecExt, Tokens, Validator,
};
use time::{Duration, OffsetDateTime};

use crate::support::{count, damaged, noise, vectors};

const NOW: i64 = 1_760_000_000;

/// The format's published samples: key, token, issue time.
const ZERO_KEY: &str = "4f9970662facd37dc36c0fd1dad07eaa047c2854583c920f524b2b01d840831a";
const ZERO_TOKEN: &str = "oAEAAE_X6GVaC7xve5xaaAaLiW1YPqHX9I1BNGbKnC7ArMke4GEU9MXCgU2U5jYAkJhDXQBqsO5tadCKy\
                          XZmI3mV-bpDFr1aQc1U";
const ZERO_TGT: i64 = 1_709_758_287;
const ONE_KEY: &str = "778d0b92672b9a25ec4fbe65e3ad2212efa011e8f7035754c1342fe46191dbb3";
const ONE_TOKEN: &str = "oQEAAGgmXpFevpAoQpgcC7AFgwmbHKDTABRGdPQxfsIymRJPN4VWZdALbFb_E3Jd8_xGAihaJSerdTCt-z\
                         pa0XRS-sY5F4H1SZ5mwRzpWc4rXYMY1NIgz8DpsGTD-JAdqmsIgTo6SRYl4m4";
const ONE_TGT: i64 = 1_700_169_015;
const SAMPLE: &[u8] = b"sample_payload_just_for_testing";

/// The points of small order (RFC 7748 §6.1, libsodium's list), each also with its unused last bit
/// set.
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn key(digits: &str) -> [u8; 32] {
    hex(digits).try_into().unwrap()
}

fn small_order() -> impl Iterator<Item = [u8; 32]> {
    SMALL_ORDER.iter().flat_map(|digits| {
        let mut with_bit = key(digits);
        with_bit[31] |= 0x80;
        [key(digits), with_bit]
    })
}

fn bytes(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token).unwrap()
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read(codec: &impl TokenCodec, token: &str, now: i64) -> Result<(Vec<u8>, Envelope), Error> {
    // What stood in the buffer stays, and a failure adds nothing.
    let mut out = b"before".to_vec();
    let result = codec.decode_into(&RawToken::new(token), now, &mut out);
    assert!(out.starts_with(b"before"));
    assert!(result.is_ok() || out == b"before");
    result.map(|envelope| (out.split_off(6), envelope))
}

fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

/// An opener and a codec for each version, and a token of `payload` issued at [`NOW`] for an hour.
fn both(payload: &[u8]) -> [(AmoraOpener, AmoraCodec, String); 2] {
    let zero = AmoraOpener::zero(&[7; 32]);
    let one = AmoraOpener::one(&[7; 32]);
    [zero, one].map(|opener| {
        let token = opener.sealer().seal(payload, 3600, at(NOW)).unwrap();
        let codec = AmoraCodec::new(opener.sealer());
        (opener, codec, token)
    })
}

#[test]
fn reads_what_libsodium_wrote() {
    let Some(file) = vectors("amora.json") else { return };
    count("amora.json", file["cases"].as_array().unwrap(), |case: &Value| {
        let id = &case["id"];
        let token = case["token"].as_str().ok_or("no token")?;
        let (opener, version) = match case["version"].as_str() {
            Some("zero") => {
                (AmoraOpener::zero_from_hex(case["key_hex"].as_str().unwrap()), AmoraVersion::Zero)
            }
            Some("one") => {
                (AmoraOpener::one_from_hex(case["secret_key_hex"].as_str().unwrap()), AmoraVersion::One)
            }
            _ => return Err(format!("{id}: of no version")),
        };
        let opener = opener.map_err(|error| format!("{id}: {error}"))?;
        let (ttl, tgt) = (case["ttl"].as_i64().unwrap(), case["tgt"].as_i64().unwrap());
        let payload = hex(case["payload_hex"].as_str().unwrap());

        let public = case["public_key_hex"].as_str().map(key);
        if opener.public_key() != public {
            return Err(format!("{id}: another public key"));
        }
        let said = *amora::peek(token).map_err(|error| format!("{id}: {error}"))?.unverified();
        let times = (i64::from(said.ttl()), said.issued_at_unix(), said.expires_at_unix());
        if said.version() != version || times != (ttl, tgt, tgt + ttl + 1) {
            return Err(format!("{id}: peeks {said:?}"));
        }
        for now in [tgt, tgt + ttl, tgt - 60] {
            let contents = opener.open(token, at(now)).map_err(|error| format!("{id}: {error}"))?;
            if contents.payload() != payload || *contents.metadata() != said {
                return Err(format!("{id}: other contents"));
            }
        }
        if kind(opener.open(token, at(tgt + ttl + 1))) != Some(ErrorKind::Expired) {
            return Err(format!("{id}: good after its last second"));
        }
        if kind(opener.open(token, at(tgt - 61))) != Some(ErrorKind::NotYetValid) {
            return Err(format!("{id}: good long before its first second"));
        }

        let codec = AmoraCodec::new(Keyring::new(opener.sealer()));
        let (read, envelope) = read(&codec, token, tgt).map_err(|error| format!("{id}: {error}"))?;
        let times = (envelope.issued_at(), envelope.expires_at());
        if read != payload || times != (Some(at(tgt)), Some(at(tgt + ttl + 1))) {
            return Err(format!("{id}: the codec reads otherwise"));
        }

        // The same again from our own hand: but for the random part, zero has just one spelling.
        let again = opener.sealer().seal(&payload, said.ttl(), at(tgt)).map_err(|e| e.to_string())?;
        let (again, token) = (bytes(&again), bytes(token));
        let head = if version == AmoraVersion::Zero { 8 } else { 4 };
        if again.len() != token.len() || again[..head] != token[..head] {
            return Err(format!("{id}: is written otherwise"));
        }
        Ok(())
    });
}

#[test]
fn reads_the_published_samples() {
    for (opener, token, tgt, format, provenance) in [
        (
            AmoraOpener::zero_from_hex(ZERO_KEY).unwrap(),
            ZERO_TOKEN,
            ZERO_TGT,
            Format::AmoraZero,
            Provenance::SharedKey,
        ),
        (
            AmoraOpener::one_from_hex(&ONE_KEY.to_uppercase()).unwrap(),
            ONE_TOKEN,
            ONE_TGT,
            Format::AmoraOne,
            Provenance::Anyone,
        ),
    ] {
        assert_eq!(opener.open(token, at(tgt)).unwrap().payload(), SAMPLE);
        assert_eq!(opener.open(token, at(tgt + 1)).unwrap().payload(), SAMPLE);
        assert!(opener.open(token, at(tgt + 2)).unwrap_err().is_expired());
        assert_eq!(opener.danger_open_expired(token).unwrap().into_payload(), SAMPLE);

        let codec = AmoraCodec::new(opener.sealer());
        assert!(codec.recognizes(&RawToken::new(token)));
        let (payload, envelope) = read(&codec, token, tgt).unwrap();
        assert_eq!(payload, SAMPLE);
        assert_eq!((envelope.format(), envelope.provenance()), (format, provenance));
        assert_eq!(envelope.expires_at(), Some(at(tgt + 2)));
    }
}

#[test]
fn writes_what_it_reads() {
    for payload in [&b""[..], b"\x00", SAMPLE, &noise(1, 10_000)] {
        for (opener, codec, token) in both(payload) {
            assert!(codec.recognizes(&RawToken::new(&token)));
            assert_eq!(opener.open(&token, at(NOW)).unwrap().payload(), payload);
            assert_eq!(read(&codec, &token, NOW).unwrap().0, payload);
            assert_ne!(opener.sealer().seal(payload, 3600, at(NOW)).unwrap(), token, "the same twice");
        }
    }
}

#[test]
fn public_key_writes_and_secret_key_reads() {
    let pair = AmoraKeyPair::generate().unwrap();
    let codec = AmoraCodec::one_sealing(pair.public()).unwrap();
    let body = Body::new(SAMPLE).issued_at(at(NOW)).expires_at(at(NOW + 60));
    let token = codec.seal(&body).unwrap();
    assert_eq!(pair.opener().open(&token, at(NOW)).unwrap().payload(), SAMPLE);
    assert_eq!(read(&AmoraCodec::one(pair.secret()), &token, NOW).unwrap().0, SAMPLE);
    assert_eq!(kind(read(&codec, &token, NOW)), Some(ErrorKind::UnknownKey));
    assert_eq!(codec.provenance(), Provenance::Anyone);
}

#[test]
fn refuses_a_ttl_that_24_bits_cannot_hold() {
    for sealer in [AmoraSealer::zero(&[7; 32]), AmoraOpener::one(&[7; 32]).sealer()] {
        assert!(sealer.seal(b"", MAX_TTL, at(NOW)).is_ok());
        for ttl in [MAX_TTL + 1, 0x0100_0001, u32::MAX] {
            assert_eq!(kind(sealer.seal(b"", ttl, at(NOW))), Some(ErrorKind::InvalidLifetime));
        }
        for now in [-1, i64::from(u32::MAX) + 1] {
            assert_eq!(kind(sealer.seal(b"", 1, at(now))), Some(ErrorKind::InvalidLifetime));
        }
    }
}

#[test]
fn codec_refuses_times_that_the_wire_cannot_hold() {
    let codec = AmoraCodec::zero(&[7; 32]);
    let write = |body: Body<'_>| {
        let mut out = String::from("before");
        let result = codec.encode_into(&body, &mut out);
        assert!(out.starts_with("before"));
        result.map(|()| out.split_off(6))
    };
    let body = Body::new(b"payload");
    let last = i64::from(u32::MAX);
    let longest = i64::from(MAX_TTL);
    for refused in [
        body,
        body.issued_at(at(NOW)),
        body.expires_at(at(NOW)),
        body.issued_at(at(NOW)).expires_at(at(NOW)),
        body.issued_at(at(NOW)).expires_at(at(NOW - 1)),
        body.issued_at(at(NOW)).expires_at(at(NOW + longest + 1)),
        body.issued_at(at(-1)).expires_at(at(1)),
        body.issued_at(at(last + 1)).expires_at(at(last + 2)),
    ] {
        assert_eq!(kind(write(refused)), Some(ErrorKind::InvalidLifetime), "{refused:?}");
    }
    for (issued_at, expires_at) in [(NOW, NOW + 1), (NOW, NOW + longest), (0, 1), (last, last + longest)]
    {
        let token = write(body.issued_at(at(issued_at)).expires_at(at(expires_at))).unwrap();
        let (_, envelope) = read(&codec, &token, issued_at).unwrap();
        assert_eq!(envelope.issued_at(), Some(at(issued_at)));
        // The second it ends in is its last good one, as amora-rs has it.
        assert_eq!(envelope.expires_at(), Some(at(expires_at + 1)));
    }
}

#[test]
fn the_latest_issue_time_and_longest_ttl_do_not_overflow() {
    for (opener, codec, _) in both(b"") {
        let token = opener.sealer().seal(b"", MAX_TTL, at(u32::MAX.into())).unwrap();
        let end = i64::from(u32::MAX) + i64::from(MAX_TTL) + 1;
        assert_eq!(amora::peek(&token).unwrap().unverified().expires_at_unix(), end);
        assert!(opener.open(&token, at(end - 1)).is_ok());
        assert!(opener.open(&token, at(end)).unwrap_err().is_expired());
        assert_eq!(read(&codec, &token, NOW).unwrap().1.expires_at(), Some(at(end)));

        // And unauthenticated, with every bit of both times set.
        let mut forged = bytes(&opener.sealer().seal(b"", 1, at(NOW)).unwrap());
        let nonce = if opener.version() == AmoraVersion::Zero { 4 } else { 36 };
        forged[1..4].fill(0xff);
        forged[nonce..nonce + 4].fill(0xff);
        assert_eq!(kind(opener.open(&text(forged), at(NOW))), Some(ErrorKind::Unauthentic));
    }
}

#[test]
fn judges_the_tag_before_the_times() {
    for (opener, codec, token) in both(SAMPLE) {
        let mut forged = bytes(&token);
        *forged.last_mut().unwrap() ^= 1;
        let forged = text(forged);
        for now in [NOW - 100_000, NOW, NOW + 100_000] {
            assert_eq!(kind(opener.open(&forged, at(now))), Some(ErrorKind::Unauthentic));
            assert_eq!(kind(read(&codec, &forged, now)), Some(ErrorKind::Unauthentic));
        }
    }
}

#[test]
fn judges_issue_time_and_expiry_to_the_second() {
    for (opener, codec, token) in both(SAMPLE) {
        for (now, verdict) in [
            (NOW - 61, Some(ErrorKind::NotYetValid)),
            (NOW - 60, None),
            (NOW, None),
            (NOW + 3600, None),
            (NOW + 3601, Some(ErrorKind::Expired)),
        ] {
            assert_eq!(kind(opener.open(&token, at(now))), verdict, "{now}");
            // Later within the same second is the same second.
            let later = at(now) + Duration::milliseconds(999);
            assert_eq!(kind(opener.open(&token, later)), verdict, "{now}");
            // The codec authenticates; its times are for the validator to judge.
            let opened = codec.open_at(&token, at(now)).unwrap();
            let clock = symbolon::FixedClock::at_unix(now).unwrap();
            assert_eq!(kind(opened.validate(&Validator::new().clock(clock))), verdict, "{now}");
        }
    }
}

#[test]
fn refuses_public_keys_of_small_order() {
    for point in small_order() {
        assert_eq!(kind(AmoraSealer::one(&point)), Some(ErrorKind::InvalidKey), "{point:?}");
        assert_eq!(kind(AmoraCodec::one_sealing(&point)), Some(ErrorKind::InvalidKey));
        let digits: String = point.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(kind(AmoraSealer::one_from_hex(&digits)), Some(ErrorKind::InvalidKey));
    }
}

#[test]
fn refuses_ephemeral_keys_of_small_order() {
    let opener = AmoraOpener::one(&[7; 32]);
    let token = bytes(&opener.sealer().seal(SAMPLE, 60, at(NOW)).unwrap());
    for point in small_order() {
        let mut forged = token.clone();
        forged[4..36].copy_from_slice(&point);
        assert_eq!(kind(opener.open(&text(forged), at(NOW))), Some(ErrorKind::Unauthentic));
    }
}

#[test]
fn keys_from_hex_are_64_digits() {
    for digits in [
        "",
        "4f",
        &ZERO_KEY[..63],
        &format!("{ZERO_KEY}0"),
        &format!("0x{}", &ZERO_KEY[..62]),
        &format!("+{}", &ZERO_KEY[1..]),
        &format!(" {}", &ZERO_KEY[1..]),
        &format!("g{}", &ZERO_KEY[1..]),
        &"é".repeat(32),
        &format!("a{}b", "é".repeat(31)),
        &"€".repeat(21),
        &format!("{}a", "€".repeat(21)),
        &"𝟘".repeat(16),
        &"０".repeat(64),
    ] {
        assert_eq!(kind(AmoraOpener::zero_from_hex(digits)), Some(ErrorKind::InvalidKey), "{digits}");
        assert_eq!(kind(AmoraOpener::one_from_hex(digits)), Some(ErrorKind::InvalidKey), "{digits}");
        assert_eq!(kind(AmoraSealer::zero_from_hex(digits)), Some(ErrorKind::InvalidKey), "{digits}");
        assert_eq!(kind(AmoraSealer::one_from_hex(digits)), Some(ErrorKind::InvalidKey), "{digits}");
    }
}

#[test]
fn one_version_is_never_read_as_the_other() {
    let [(zero, zero_codec, zero_token), (one, one_codec, one_token)] = both(&noise(3, 100));
    assert_eq!(kind(zero.open(&one_token, at(NOW))), Some(ErrorKind::UnknownKey));
    assert_eq!(kind(one.open(&zero_token, at(NOW))), Some(ErrorKind::UnknownKey));
    assert_eq!(kind(read(&zero_codec, &one_token, NOW)), Some(ErrorKind::AlgorithmMismatch));
    assert_eq!(kind(read(&one_codec, &zero_token, NOW)), Some(ErrorKind::AlgorithmMismatch));
    // And with the version byte of the other.
    for (token, byte, opener) in [(zero_token, 0xa1, one), (one_token, 0xa0, zero)] {
        let mut forged = bytes(&token);
        forged[0] = byte;
        assert_eq!(kind(opener.open(&text(forged), at(NOW))), Some(ErrorKind::Unauthentic));
    }
}

#[test]
fn refuses_every_cut_and_every_flipped_bit() {
    for (opener, codec, token) in both(SAMPLE) {
        for damaged in damaged(&bytes(&token)) {
            let token = text(damaged);
            assert!(opener.open(&token, at(NOW)).is_err(), "{token}");
            assert!(read(&codec, &token, NOW).is_err());
            let _ = amora::peek(&token);
        }
        for damaged in damaged(token.as_bytes()) {
            let Ok(token) = String::from_utf8(damaged) else { continue };
            assert!(opener.open(&token, at(NOW)).is_err(), "{token}");
            assert!(read(&codec, &token, NOW).is_err());
            let _ = amora::peek(&token);
        }
    }
}

#[test]
fn refuses_noise() {
    for (opener, codec, _) in both(b"") {
        for seed in 0..2000 {
            let mut noise = noise(seed, seed as usize % 200);
            if let Some(first) = noise.first_mut() {
                *first = 0xa0 | (seed as u8 & 1);
            }
            let token = text(noise);
            assert!(opener.open(&token, at(NOW)).is_err());
            assert!(read(&codec, &token, NOW).is_err());
            let _ = amora::peek(&token);
        }
    }
}

#[test]
fn bytes_have_one_spelling() {
    for (opener, codec, token) in both(b"\xff\xfe\xfd\xfc\xfb") {
        assert!(opener.open(&token, at(NOW)).is_ok());
        let (head, tail) = token.split_at(20);
        let mut others = vec![
            format!("{token}="),
            format!("{token}=="),
            format!(" {token}"),
            format!("{token} "),
            format!("{token}\n"),
            format!("{head}\n{tail}"),
            format!("{head}\0{tail}"),
            format!("{head}é{tail}"),
            format!("{token}A"),
            format!("{token}."),
            format!("{head}.{tail}"),
        ];
        if token.contains(['-', '_']) {
            others.push(token.replace('-', "+").replace('_', "/"));
        }
        // The last character's unused bits.
        if token.len() % 4 != 0 {
            let mut bent = token.clone().into_bytes();
            let last = bent.last_mut().unwrap();
            *last += 1;
            if URL_SAFE_NO_PAD.decode(&bent).is_err() {
                others.push(String::from_utf8(bent).unwrap());
            }
        }
        for other in others {
            assert!(opener.open(&other, at(NOW)).is_err(), "{other:?}");
            assert!(read(&codec, &other, NOW).is_err(), "{other:?}");
        }
    }
}

#[test]
fn refuses_what_is_too_large_before_it_decodes() {
    let [(zero, codec, token), (one, ..)] = both(SAMPLE);
    for head in ["oA", "oQ", "", "."] {
        let garbage = head.to_owned() + &"A".repeat(10 * 1024 * 1024);
        assert_eq!(kind(zero.open(&garbage, at(NOW))), Some(ErrorKind::TooLarge));
        assert_eq!(kind(one.open(&garbage, at(NOW))), Some(ErrorKind::TooLarge));
        assert_eq!(kind(amora::peek(&garbage)), Some(ErrorKind::TooLarge));
        let mut out = Vec::new();
        let result = codec.decode_into(&RawToken::new(&garbage), NOW, &mut out);
        assert_eq!(kind(result), Some(ErrorKind::TooLarge));
        assert_eq!(out.capacity(), 0, "room was made for it");
        assert!(!codec.recognizes(&RawToken::new(&garbage)));
    }
    let exact = AmoraCodec::zero(&[7; 32]).limits(Limits::default().token_len(token.len()));
    assert!(read(&exact, &token, NOW).is_ok());
    let less = AmoraCodec::zero(&[7; 32]).limits(Limits::default().token_len(token.len() - 1));
    assert_eq!(kind(read(&less, &token, NOW)), Some(ErrorKind::TooLarge));
}

#[test]
fn recognizes_by_the_first_twelve_bits() {
    let [(.., codec, zero), (.., one)] = both(b"");
    for first in 0..=255_u8 {
        for second in [0, 0x0f, 0xf0, 0xff] {
            let mut bytes = noise(5, 76);
            bytes[..2].copy_from_slice(&[first, second]);
            let token = text(bytes);
            assert_eq!(
                codec.recognizes(&RawToken::new(&token)),
                matches!(first, 0xa0 | 0xa1),
                "{token}"
            );
        }
    }
    for token in [&zero, &one] {
        assert!(codec.recognizes(&RawToken::new(token)));
        assert!(!codec.recognizes(&RawToken::new(&token[..token.len() - 1])), "too short");
        assert!(!codec.recognizes(&RawToken::new(&format!("{token}.{token}"))));
    }
    for other in ["", "o", "oA", "v4.local.AAAA", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"] {
        assert!(!codec.recognizes(&RawToken::new(other)));
        assert!(codec.decode_into(&RawToken::new(other), NOW, &mut Vec::new()).is_err());
    }
}

#[test]
fn ring_rotates_without_a_kid() {
    let openers: Vec<_> = (1..=5).map(|n| AmoraOpener::zero(&[n; 32])).collect();
    let tokens: Vec<_> =
        openers.iter().map(|opener| opener.sealer().seal(SAMPLE, 3600, at(NOW)).unwrap()).collect();

    let keys = SharedKeyring::new(openers[0].sealer());
    let codec = AmoraCodec::new(&keys);
    assert!(read(&codec, &tokens[0], NOW).is_ok());
    assert_eq!(kind(read(&codec, &tokens[1], NOW)), Some(ErrorKind::Unauthentic));
    // The old key reads until the end of NOW + 10.
    keys.rotate(openers[1].sealer(), Some(at(NOW + 10))).unwrap();
    assert!(read(&codec, &tokens[0], NOW + 10).is_ok());
    assert!(read(&codec, &tokens[1], NOW + 10).is_ok());
    assert_eq!(kind(read(&codec, &tokens[0], NOW + 11)), Some(ErrorKind::Unauthentic));
    // Four are tried, a fifth is not taken.
    keys.rotate(openers[2].sealer().with_kid("third").unwrap(), None).unwrap();
    keys.rotate(openers[3].sealer(), None).unwrap();
    for token in &tokens[..4] {
        assert!(read(&codec, token, NOW).is_ok());
    }
    assert_eq!(kind(keys.rotate(openers[4].sealer(), None)), Some(ErrorKind::InvalidSetting));
    // A key is retired by its name, which stands in no token.
    let (_, envelope) = read(&codec, &tokens[2], NOW).unwrap();
    assert_eq!(envelope.kid().map(KeyId::as_str), Some("third"));
    keys.remove(envelope.kid().unwrap());
    assert_eq!(kind(read(&codec, &tokens[2], NOW)), Some(ErrorKind::Unauthentic));
}

#[test]
fn ring_tries_keys_of_one_version_only_and_four_of_each() {
    let mut ring = Keyring::new(AmoraSealer::zero(&[1; 32]));
    for n in 2..=4 {
        ring = ring.with_reader(AmoraOpener::zero(&[n; 32])).unwrap();
    }
    for n in 1..=4 {
        ring =
            ring.with_reader(AmoraOpener::one(&[n; 32]).with_kid(format!("one-{n}")).unwrap()).unwrap();
    }
    // Whatever is said: the tokens name no key, so neither names nor policy narrow the choice.
    for policy in [KidPolicy::Required, KidPolicy::SoleKey, KidPolicy::TryAll] {
        let ring = ring.clone().with_policy(policy).unwrap();
        let fifth = AmoraOpener::zero(&[5; 32]);
        assert_eq!(kind(ring.clone().with_reader(fifth)), Some(ErrorKind::InvalidSetting));
        let fifth = AmoraOpener::one(&[5; 32]).with_kid("one-5").unwrap();
        assert_eq!(kind(ring.clone().with_reader(fifth)), Some(ErrorKind::InvalidSetting));
        let codec = AmoraCodec::new(ring);
        for n in 1..=4 {
            for opener in [AmoraOpener::zero(&[n; 32]), AmoraOpener::one(&[n; 32])] {
                let token = opener.sealer().seal(SAMPLE, 1, at(NOW)).unwrap();
                assert_eq!(read(&codec, &token, NOW).unwrap().0, SAMPLE);
            }
        }
    }
}

#[test]
fn provenance_is_that_of_the_weakest_reader() {
    let keys = SharedKeyring::new(AmoraSealer::zero(&[1; 32]));
    let codec = AmoraCodec::new(&keys);
    assert_eq!(codec.provenance(), Provenance::SharedKey);
    keys.update(|ring| ring.with_reader(AmoraOpener::one(&[1; 32]))).unwrap();
    assert_eq!(codec.provenance(), Provenance::Anyone);
    let zero = AmoraSealer::zero(&[1; 32]).seal(b"", 1, at(NOW)).unwrap();
    assert_eq!(read(&codec, &zero, NOW).unwrap().1.provenance(), Provenance::SharedKey);
    keys.replace(Keyring::read_only());
    assert_eq!(codec.provenance(), Provenance::Anyone, "an empty ring may come to hold any key");

    let anonymous = Tokens::<NoCustom>::builder(AmoraCodec::one(&[1; 32]));
    assert_eq!(kind(anonymous.build()), Some(ErrorKind::AnonymousIssuer));
    let allowed = Tokens::<NoCustom>::builder(AmoraCodec::one(&[1; 32])).allow_anonymous_issuer();
    let tokens = allowed.build().unwrap();
    assert!(tokens.verify(&tokens.issue(&NoCustom::default()).unwrap()).is_ok());
}

#[test]
fn the_lifetime_of_the_claims_is_the_ttl() {
    let now = at(NOW);
    let codec = AmoraCodec::zero(&[7; 32]);
    let claims = Claims::new(NoCustom::default()).with_expiry(now + Duration::hours(1));
    let claims = claims.with_issued_at(now);
    let token = codec.encode(&claims).unwrap();
    let said = *amora::peek(&token).unwrap().unverified();
    assert_eq!((said.issued_at(), said.ttl()), (now, 3600));
    // The claim ends it on the second, a second before Amora itself would.
    let judge = |seconds| {
        let at = now + Duration::seconds(seconds);
        codec.decode_at::<NoCustom>(&token, at).unwrap().validate_at(&Validator::new(), at)
    };
    assert!(judge(3599).is_ok());
    assert!(judge(3600).unwrap_err().is_expired());
}

#[test]
fn debug_prints_no_key_and_no_payload() {
    let secret = [0xab; 32];
    let opener = AmoraOpener::one(&secret).with_kid("name").unwrap();
    let contents = AmoraOpener::zero(&secret)
        .sealer()
        .seal(b"hush", 1, at(NOW))
        .and_then(|token| AmoraOpener::zero(&secret).open(&token, at(NOW)));
    for printed in [
        format!("{opener:?} {:?}", opener.sealer()),
        format!("{:?} {:?}", AmoraOpener::zero(&secret), AmoraSealer::zero(&secret)),
        format!("{:?} {:?}", AmoraCodec::one(&secret), AmoraCodec::zero(&secret)),
        format!("{:?}", AmoraKeyPair::generate().unwrap()),
        format!("{:?}", contents.unwrap()),
    ] {
        for leak in ["171, 171", "abab", "ABAB", "hush", "104, 117"] {
            assert!(!printed.contains(leak), "{printed}");
        }
    }
    assert!(format!("{opener:?}").contains("name"));
}
