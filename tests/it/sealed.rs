//! Sealed tokens: our layout, and the headerless one that others write.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use symbolon::sealed::{HeaderlessKey, SealedCipher, SealedKey};
use symbolon::{
    AnyOf, Body, Claims, Envelope, Error, ErrorKind, FixedClock, Format, HeaderlessSealedCodec, KeyId,
    Keyring, KidPolicy, Limits, NoCustom, Provenance, RawToken, SealedCodec, SharedKeyring, TokenCodec,
    TokenCodecExt, Tokens, Validator,
};
use time::{Duration, OffsetDateTime};

use crate::support::{count, damaged, noise, vectors};

const NOW: i64 = 1_760_000_000;
const CIPHERS: [SealedCipher; 2] = [SealedCipher::Aes256Gcm, SealedCipher::XChaCha20Poly1305];
const PAYLOAD: &[u8] = b"{\"exp\":4102444800}";

/// What stands before the salt of a token without a kid, then before its ciphertext.
const HEADER: usize = 3;
const PREFIX: usize = HEADER + 24 + 32;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

fn hex(digits: &Value) -> Vec<u8> {
    let digits = digits.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn bytes(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token).unwrap()
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read(codec: &impl TokenCodec, token: &str) -> Result<(Vec<u8>, Envelope), Error> {
    // What stood in the buffer stays, and a failure adds nothing.
    let mut out = b"before".to_vec();
    let result = codec.decode_into(&RawToken::new(token), NOW, &mut out);
    assert!(out.starts_with(b"before"));
    assert!(result.is_ok() || out == b"before");
    result.map(|envelope| (out.split_off(6), envelope))
}

fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

fn key(byte: u8) -> SealedKey {
    SealedKey::new([byte; 32]).unwrap()
}

fn named(byte: u8, kid: &str) -> SealedKey {
    key(byte).with_kid(kid).unwrap()
}

fn codec(byte: u8) -> SealedCodec {
    SealedCodec::new(key(byte))
}

#[test]
fn reads_headerless_tokens_of_both_ciphers() {
    let Some(file) = vectors("sealed_headerless.json") else { return };
    count("sealed_headerless.json", file["cases"].as_array().unwrap(), |case: &Value| {
        let id = &case["id"];
        let token = case["token"].as_str().ok_or("no token")?;
        let payload = case["payload_utf8"].as_str().ok_or("no payload")?;
        let codec = HeaderlessSealedCodec::from_master(hex(&case["master_key_hex"]));
        let codec = codec.map_err(|error| format!("{id}: {error}"))?;
        if !codec.recognizes(&RawToken::new(token)) {
            return Err(format!("{id}: not recognized"));
        }
        let (read, envelope) = read(&codec, token).map_err(|error| format!("{id}: {error}"))?;
        let alg = match case["cipher"].as_str() {
            Some("AES-256-GCM") => "A256GCM",
            Some("XChaCha20-Poly1305") => "XC20P",
            _ => return Err(format!("{id}: of no cipher")),
        };
        if read != payload.as_bytes() || envelope.alg() != alg {
            return Err(format!("{id}: other contents"));
        }
        if envelope.format() != Format::SealedHeaderless {
            return Err(format!("{id}: of another format"));
        }
        // The expiry stands in the claims.
        let clock = FixedClock::at_unix(NOW).map_err(|error| error.to_string())?;
        let token =
            codec.decode_at::<Value>(token, at(NOW)).map_err(|error| format!("{id}: {error}"))?;
        let verdict = kind(token.validate(&Validator::new().any_audience().clock(clock)));
        let due = case["expired"].as_bool().ok_or("no expiry")?.then_some(ErrorKind::Expired);
        if verdict != due {
            return Err(format!("{id}: judged {verdict:?}"));
        }
        Ok(())
    });
}

#[test]
fn headerless_is_written_on_request() {
    for cipher in CIPHERS {
        let key = HeaderlessKey::new([7; 32]).unwrap();
        let codec = HeaderlessSealedCodec::new(key.clone()).cipher(cipher);
        let token = codec.seal(&Body::new(PAYLOAD)).unwrap();
        assert_eq!(
            bytes(&token).len(),
            PAYLOAD.len() + 16 + 16 + if cipher == CIPHERS[0] { 12 } else { 24 }
        );
        let (payload, envelope) = read(&codec, &token).unwrap();
        assert_eq!((payload, envelope.alg()), (PAYLOAD.to_vec(), cipher.name()));
        assert_eq!(key.open(&token).unwrap(), PAYLOAD);
        for damaged in damaged(&bytes(&token)) {
            assert!(read(&codec, &text(damaged)).is_err());
        }
        for damaged in damaged(token.as_bytes()) {
            let Ok(token) = String::from_utf8(damaged) else { continue };
            assert!(read(&codec, &token).is_err(), "{token}");
        }
    }
}

#[test]
fn headerless_ring_tries_four_keys_with_both_ciphers() {
    let key = |n: u8| HeaderlessKey::new([n; 32]).unwrap();
    let ring =
        Keyring::new(key(1)).with_readers([key(2), key(3), key(4).with_kid("last").unwrap()]).unwrap();
    let fifth = ring.clone().with_reader(key(5).with_kid("fifth").unwrap());
    assert_eq!(kind(fifth), Some(ErrorKind::InvalidSetting));
    let codec = HeaderlessSealedCodec::new(ring);
    for cipher in CIPHERS {
        for n in 1..=4 {
            let token = key(n).seal(PAYLOAD, cipher).unwrap();
            let (payload, envelope) = read(&codec, &token).unwrap();
            assert_eq!(payload, PAYLOAD);
            assert_eq!(envelope.kid().map(KeyId::as_str), (n == 4).then_some("last"));
        }
        let stranger = key(5).seal(PAYLOAD, cipher).unwrap();
        assert_eq!(kind(read(&codec, &stranger)), Some(ErrorKind::Unauthentic));
    }
}

#[test]
fn headerless_stands_last_among_formats() {
    let master = [7; 32];
    let old = HeaderlessSealedCodec::from_master(master).unwrap();
    let both = AnyOf::new(codec(7)).or(HeaderlessSealedCodec::from_master(master).unwrap());
    for codec in [&old as &dyn TokenCodec, &both] {
        let token = codec.seal(&Body::new(PAYLOAD)).unwrap();
        assert_eq!(read(&both, &token).unwrap().0, PAYLOAD);
    }
    // The shortest there is: of nothing.
    let shortest = old.clone().cipher(CIPHERS[0]).seal(&Body::new(b"")).unwrap();
    assert_eq!(shortest.len(), 59);
    assert!(old.recognizes(&RawToken::new(&shortest)));
    assert_eq!(read(&old, &shortest).unwrap().0, b"");
    for other in
        ["", "short", &"A".repeat(58), &("A".repeat(60) + "."), &"A".repeat(60).replace('A', "+")]
    {
        assert!(!old.recognizes(&RawToken::new(other)), "{other}");
        assert!(read(&old, other).is_err());
    }
}

#[test]
fn writes_what_it_reads() {
    for cipher in CIPHERS {
        for payload in [&b""[..], b"\x00", PAYLOAD, &noise(1, 10_000)] {
            for key in [key(7), named(7, "k"), named(7, &"k".repeat(255))] {
                let codec = SealedCodec::new(key.clone()).cipher(cipher);
                let token = codec.seal(&Body::new(payload)).unwrap();
                assert!(token.starts_with("se"));
                assert!(codec.recognizes(&RawToken::new(&token)));
                let (read, envelope) = read(&codec, &token).unwrap();
                assert_eq!(read, payload);
                assert_eq!((envelope.format(), envelope.alg()), (Format::Sealed, cipher.name()));
                assert_eq!((envelope.kid(), envelope.provenance()), (key.kid(), Provenance::SharedKey));
                assert_eq!(key.open(&token).unwrap(), payload);
                assert_ne!(codec.seal(&Body::new(payload)).unwrap(), token, "the same twice");
            }
        }
    }
}

#[test]
fn every_codec_reads_both_ciphers() {
    for written in CIPHERS {
        let token = codec(7).cipher(written).seal(&Body::new(PAYLOAD)).unwrap();
        for configured in CIPHERS {
            let (payload, envelope) = read(&codec(7).cipher(configured), &token).unwrap();
            assert_eq!((payload, envelope.alg()), (PAYLOAD.to_vec(), written.name()));
        }
    }
    let token = codec(7).seal(&Body::new(PAYLOAD)).unwrap();
    assert_eq!(read(&codec(7), &token).unwrap().1.alg(), SealedCipher::preferred().name());
}

#[test]
fn master_keys_have_32_bytes_or_more() {
    for len in 0..32 {
        assert_eq!(kind(SealedKey::new(vec![7; len])), Some(ErrorKind::WeakKey));
        assert_eq!(kind(HeaderlessKey::new(vec![7; len])), Some(ErrorKind::WeakKey));
        assert_eq!(kind(SealedCodec::from_master(vec![7; len])), Some(ErrorKind::WeakKey));
    }
    // A longer one counts to its end, also beyond the hash's block, where HMAC would hash a key.
    for len in [32, 33, 64, 65, 200] {
        let codec = SealedCodec::from_master(vec![7; len]).unwrap();
        let token = codec.seal(&Body::new(PAYLOAD)).unwrap();
        assert!(read(&codec, &token).is_ok());
        let mut other = vec![7; len];
        *other.last_mut().unwrap() ^= 1;
        let other = SealedCodec::from_master(other).unwrap();
        assert_eq!(kind(read(&other, &token)), Some(ErrorKind::Unauthentic));
        // Zeros at the end are not padding.
        let longer = SealedCodec::from_master([vec![7; len], vec![0]].concat()).unwrap();
        assert_eq!(kind(read(&longer, &token)), Some(ErrorKind::Unauthentic));
    }
    assert!(key(7).with_kid("k".repeat(255)).is_ok());
    assert_eq!(kind(key(7).with_kid("k".repeat(256))), Some(ErrorKind::InvalidKey));
}

#[test]
fn a_token_never_opens_under_another_key() {
    for cipher in CIPHERS {
        let token = key(1).seal(PAYLOAD, cipher).unwrap();
        assert_eq!(kind(key(2).open(&token)), Some(ErrorKind::Unauthentic));
        // Not with the other key's commitment for the salt either: that key's own token has another
        // salt, and with that one this ciphertext is not its own.
        let other = bytes(&key(2).seal(PAYLOAD, cipher).unwrap());
        let mut mixed = bytes(&token);
        mixed[HEADER + 24..PREFIX].copy_from_slice(&other[HEADER + 24..PREFIX]);
        assert_eq!(kind(key(1).open(&text(&mixed))), Some(ErrorKind::Unauthentic));
        assert_eq!(kind(key(2).open(&text(&mixed))), Some(ErrorKind::Unauthentic));
        mixed[HEADER..HEADER + 24].copy_from_slice(&other[HEADER..HEADER + 24]);
        assert_eq!(kind(key(1).open(&text(&mixed))), Some(ErrorKind::Unauthentic));
        assert_eq!(kind(key(2).open(&text(&mixed))), Some(ErrorKind::Unauthentic));
    }
}

#[test]
fn a_wrong_commitment_is_refused() {
    for cipher in CIPHERS {
        let token = bytes(&key(1).seal(PAYLOAD, cipher).unwrap());
        for bit in 0..32 * 8 {
            let mut forged = token.clone();
            forged[HEADER + 24 + bit / 8] ^= 1 << (bit % 8);
            assert_eq!(kind(key(1).open(&text(forged))), Some(ErrorKind::Unauthentic));
        }
    }
}

#[test]
fn the_cipher_cannot_be_exchanged() {
    for (cipher, byte) in [(CIPHERS[0], 0xe2), (CIPHERS[1], 0xe1)] {
        let mut forged = bytes(&key(1).seal(PAYLOAD, cipher).unwrap());
        forged[1] = byte;
        assert_eq!(kind(read(&codec(1), &text(&forged))), Some(ErrorKind::Unauthentic));
        for unknown in [0xe0, 0xe3, 0xef] {
            forged[1] = unknown;
            assert_eq!(kind(read(&codec(1), &text(&forged))), Some(ErrorKind::UnsupportedHeader));
        }
    }
}

#[test]
fn the_kid_cannot_be_exchanged() {
    // One master under two names: the name is bound nevertheless.
    let ring = Keyring::new(named(1, "a")).with_reader(named(1, "b")).unwrap();
    let codec = SealedCodec::new(ring);
    let token = bytes(&codec.seal(&Body::new(PAYLOAD)).unwrap());
    assert!(read(&codec, &text(&token)).is_ok());
    let mut forged = token.clone();
    forged[3] = b'b';
    assert_eq!(kind(read(&codec, &text(&forged))), Some(ErrorKind::Unauthentic));
    forged[3] = b'c';
    assert_eq!(kind(read(&codec, &text(&forged))), Some(ErrorKind::UnknownKey));
    forged[3] = 0xff;
    assert_eq!(kind(read(&codec, &text(&forged))), Some(ErrorKind::Malformed));
    // Nor cut off, nor moved into the salt.
    let mut cut = token.clone();
    cut.remove(3);
    cut[2] = 0;
    assert!(read(&SealedCodec::new(key(1)), &text(&cut)).is_err());
    let mut moved = token;
    moved[2] = 0;
    assert_eq!(kind(read(&SealedCodec::new(key(1)), &text(&moved))), Some(ErrorKind::Unauthentic));
}

#[test]
fn ring_picks_by_kid() {
    let old = named(1, "old");
    let keys = SharedKeyring::new(old.clone());
    let codec = SealedCodec::new(&keys);
    let token = codec.seal(&Body::new(PAYLOAD)).unwrap();
    keys.rotate(named(2, "new"), None).unwrap();
    assert_eq!(read(&codec, &token).unwrap().1.kid().map(KeyId::as_str), Some("old"));
    let fresh = codec.seal(&Body::new(PAYLOAD)).unwrap();
    assert_eq!(read(&codec, &fresh).unwrap().1.kid().map(KeyId::as_str), Some("new"));
    // A kid is tried with its own keys alone, and once those are gone with none.
    let imposter = named(2, "old").seal(PAYLOAD, CIPHERS[0]).unwrap();
    assert_eq!(kind(read(&codec, &imposter)), Some(ErrorKind::Unauthentic));
    keys.remove(old.kid().unwrap());
    assert_eq!(kind(read(&codec, &token)), Some(ErrorKind::UnknownKey));
    assert!(read(&codec, &fresh).is_ok());
    assert_eq!(kind(named(3, "new").open(&token)), Some(ErrorKind::UnknownKey));
}

#[test]
fn tokens_without_a_kid_follow_the_policy() {
    let nameless = key(2).seal(PAYLOAD, CIPHERS[0]).unwrap();
    let ring = Keyring::new(key(1)).with_reader(key(2)).unwrap();
    for (policy, verdict) in [
        (KidPolicy::Required, Some(ErrorKind::UnknownKey)),
        (KidPolicy::SoleKey, Some(ErrorKind::UnknownKey)),
        (KidPolicy::TryAll, None),
    ] {
        let codec = SealedCodec::new(ring.clone().with_policy(policy).unwrap());
        assert_eq!(kind(read(&codec, &nameless)), verdict, "{policy:?}");
    }
    let four = ring.with_policy(KidPolicy::TryAll).unwrap().with_readers([key(3), key(4)]).unwrap();
    assert_eq!(kind(four.clone().with_reader(key(5))), Some(ErrorKind::InvalidSetting));
    let codec = SealedCodec::new(four);
    for n in 1..=4 {
        assert!(read(&codec, &key(n).seal(PAYLOAD, CIPHERS[1]).unwrap()).is_ok());
    }
    assert!(read(&codec, &key(5).seal(PAYLOAD, CIPHERS[1]).unwrap()).is_err());
}

#[test]
fn refuses_every_cut_and_every_flipped_bit() {
    for cipher in CIPHERS {
        let key = named(7, "kid");
        let codec = SealedCodec::new(key.clone());
        let token = key.seal(PAYLOAD, cipher).unwrap();
        for damaged in damaged(&bytes(&token)) {
            let token = text(damaged);
            assert!(read(&codec, &token).is_err(), "{token}");
            assert!(key.open(&token).is_err());
        }
        for damaged in damaged(token.as_bytes()) {
            let Ok(token) = String::from_utf8(damaged) else { continue };
            assert!(read(&codec, &token).is_err(), "{token}");
        }
    }
}

#[test]
fn refuses_noise() {
    let headerless = HeaderlessSealedCodec::from_master([7; 32]).unwrap();
    for seed in 0..2000 {
        let mut noise = noise(seed, seed as usize % 400);
        assert!(read(&headerless, &text(&noise)).is_err());
        for (place, byte) in noise.iter_mut().zip([0xb1, 0xe1 + (seed as u8 & 1)]) {
            *place = byte;
        }
        assert!(read(&codec(7), &text(&noise)).is_err());
    }
}

#[test]
fn bytes_have_one_spelling() {
    // Of three lengths, so that each number of unused bits occurs.
    for payload in [&b"\xff"[..], b"\xff\xff", b"\xff\xff\xff"] {
        let token = key(7).seal(payload, CIPHERS[0]).unwrap();
        let old = HeaderlessKey::new([7; 32]).unwrap().seal(payload, CIPHERS[0]).unwrap();
        let headerless = HeaderlessSealedCodec::from_master([7; 32]).unwrap();
        for token in [token, old] {
            let (head, tail) = token.split_at(20);
            let mut others = vec![
                format!("{token}="),
                format!("{token}=="),
                format!(" {token}"),
                format!("{token}\n"),
                format!("{head}\n{tail}"),
                format!("{head}é{tail}"),
                format!("{head}+{}", &tail[1..]),
                format!("{head}/{}", &tail[1..]),
                format!("{token}."),
            ];
            if token.len() % 4 != 0 {
                let mut bent = token.clone().into_bytes();
                *bent.last_mut().unwrap() += 1;
                if URL_SAFE_NO_PAD.decode(&bent).is_err() {
                    others.push(String::from_utf8(bent).unwrap());
                }
            }
            for other in others {
                assert!(read(&codec(7), &other).is_err(), "{other:?}");
                assert!(read(&headerless, &other).is_err(), "{other:?}");
            }
        }
    }
}

#[test]
fn refuses_what_is_too_large_before_it_decodes() {
    let codec = codec(7);
    let headerless = HeaderlessSealedCodec::from_master([7; 32]).unwrap();
    for head in ["seE", "", "."] {
        let garbage = head.to_owned() + &"A".repeat(10 * 1024 * 1024);
        for codec in [&codec as &dyn TokenCodec, &headerless] {
            let mut out = Vec::new();
            let result = codec.decode_into(&RawToken::new(&garbage), NOW, &mut out);
            assert_eq!(kind(result), Some(ErrorKind::TooLarge));
            assert_eq!(out.capacity(), 0, "room was made for it");
            assert!(!codec.recognizes(&RawToken::new(&garbage)));
        }
    }
    let token = codec.seal(&Body::new(PAYLOAD)).unwrap();
    let exact = codec.clone().limits(Limits::default().token_len(token.len()));
    assert!(read(&exact, &token).is_ok());
    let less = codec.limits(Limits::default().token_len(token.len() - 1));
    assert_eq!(kind(read(&less, &token)), Some(ErrorKind::TooLarge));

    let token = headerless.seal(&Body::new(PAYLOAD)).unwrap();
    let exact = headerless.clone().limits(Limits::default().token_len(token.len()));
    assert!(exact.recognizes(&RawToken::new(&token)) && read(&exact, &token).is_ok());
    let less = headerless.limits(Limits::default().token_len(token.len() - 1));
    assert!(!less.recognizes(&RawToken::new(&token)));
    assert_eq!(kind(read(&less, &token)), Some(ErrorKind::TooLarge));
}

#[test]
fn recognizes_its_shape_and_no_other() {
    let codec = codec(7);
    let token = key(7).seal(b"", CIPHERS[0]).unwrap();
    assert!(codec.recognizes(&RawToken::new(&token)));
    let dotted = format!("{token}.{token}");
    for other in
        [&token[..token.len() - 1], &dotted, "", "se", "v4.local.AAAA", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"]
    {
        assert!(!codec.recognizes(&RawToken::new(other)), "{other}");
        assert!(read(&codec, other).is_err());
    }
    #[cfg(feature = "amora")]
    for amora in [symbolon::AmoraSealer::zero(&[7; 32]), symbolon::AmoraOpener::one(&[7; 32]).sealer()] {
        let amora = amora.seal(&[0; 100], 60, at(NOW)).unwrap();
        assert!(!codec.recognizes(&RawToken::new(&amora)));
        assert_eq!(kind(read(&codec, &amora)), Some(ErrorKind::UnknownFormat));
    }
}

#[test]
fn expiry_stands_in_the_claims() {
    let codec = codec(7);
    let claims = Claims::new(NoCustom::default()).with_expiry(at(NOW + 60));
    let token = codec.encode(&claims).unwrap();
    let decoded = codec.decode::<NoCustom>(&token).unwrap();
    assert_eq!((decoded.envelope().issued_at(), decoded.envelope().expires_at()), (None, None));
    let at = |now| Validator::new().clock(FixedClock::at_unix(now).unwrap());
    assert!(codec.decode::<NoCustom>(&token).unwrap().validate(&at(NOW + 59)).is_ok());
    assert!(decoded.validate(&at(NOW + 60)).unwrap_err().is_expired());

    let tokens = Tokens::<NoCustom>::builder(codec).lifetime(Duration::minutes(1)).build().unwrap();
    assert!(tokens.verify(&tokens.issue(&NoCustom::default()).unwrap()).is_ok());
}

#[test]
fn debug_prints_no_key() {
    let master = [0xab; 32];
    let key = SealedKey::new(master).unwrap().with_kid("name").unwrap();
    let old = HeaderlessKey::new(master).unwrap();
    for printed in [
        format!("{key:?} {:?}", SealedCodec::new(key.clone())),
        format!("{old:?} {:?}", HeaderlessSealedCodec::new(old.clone())),
    ] {
        assert!(!printed.contains("171, 171") && !printed.contains("abab"), "{printed}");
    }
    assert!(format!("{key:?}").contains("name"));
}
