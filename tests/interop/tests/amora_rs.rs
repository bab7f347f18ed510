//! amora-rs 0.2.2: zero and one, both ways, keys as bytes and as hexadecimal text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use amora_rs::{Amora, AmoraErr};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use symbolon::ErrorKind;
use symbolon::amora::{self, AmoraOpener, AmoraSealer, AmoraVersion};
use time::OffsetDateTime;

const KEY: &str = "4f9970662facd37dc36c0fd1dad07eaa047c2854583c920f524b2b01d840831a";
const SECRET: &str = "778d0b92672b9a25ec4fbe65e3ad2212efa011e8f7035754c1342fe46191dbb3";
const PUBLIC: &str = "5cdd89c1bb6859c927c50b6976712f256cdbf14d7273f723dc121c191f9d6d6d";

fn bytes(hex: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap())
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// One version of the format: the peer's keys, and ours.
struct Side {
    name: &'static str,
    peer_writes: Vec<Amora>,
    peer_reads: Vec<Amora>,
    writes: Vec<AmoraSealer>,
    reads: Vec<AmoraOpener>,
}

fn sides() -> [Side; 2] {
    let secret = bytes(SECRET);
    let public = AmoraOpener::one(&secret).public_key().unwrap();
    assert_eq!(public, bytes(PUBLIC));
    [
        Side {
            name: "zero",
            peer_writes: vec![
                Amora::amora_zero(&bytes(KEY)).unwrap(),
                Amora::amora_zero_from_str(KEY).unwrap(),
            ],
            peer_reads: vec![Amora::amora_zero_from_str(&KEY.to_uppercase()).unwrap()],
            writes: vec![
                AmoraSealer::zero(&bytes(KEY)),
                AmoraSealer::zero_from_hex(KEY).unwrap(),
                AmoraOpener::zero(&bytes(KEY)).sealer(),
            ],
            reads: vec![
                AmoraOpener::zero(&bytes(KEY)),
                AmoraOpener::zero_from_hex(&KEY.to_uppercase()).unwrap(),
            ],
        },
        Side {
            name: "one",
            peer_writes: vec![
                Amora::amora_one(None, Some(public.into())),
                Amora::amora_one_from_str(None, Some(PUBLIC)).unwrap(),
                Amora::amora_one_from_str(Some(SECRET), Some(PUBLIC)).unwrap(),
            ],
            peer_reads: vec![
                Amora::amora_one(Some(secret.into()), None),
                Amora::amora_one_from_str(Some(SECRET), None).unwrap(),
            ],
            writes: vec![
                AmoraSealer::one(&public).unwrap(),
                AmoraSealer::one_from_hex(PUBLIC).unwrap(),
                AmoraOpener::one_from_hex(SECRET).unwrap().sealer(),
            ],
            reads: vec![AmoraOpener::one(&secret), AmoraOpener::one_from_hex(SECRET).unwrap()],
        },
    ]
}

fn payloads() -> Vec<Vec<u8>> {
    let mut payloads: Vec<Vec<u8>> = vec![Vec::new(), b"sample_payload".to_vec(), (0..=255).collect()];
    payloads.extend([15, 16, 17, 63, 64, 65, 10_000, 100_000].map(|len| vec![0xa5; len]));
    payloads
}

const TTLS: [u32; 4] = [60, 1800, 65_536, amora::MAX_TTL];

#[test]
fn opens_what_the_peer_writes() {
    for side in sides() {
        let mut tokens = 0;
        for (payload, ttl) in payloads().iter().flat_map(|payload| TTLS.map(|ttl| (payload, ttl))) {
            for (peer, opener) in
                side.peer_writes.iter().flat_map(|peer| side.reads.iter().map(move |own| (peer, own)))
            {
                let token = peer.encode(payload, ttl).unwrap();
                let contents = opener.open(&token, now()).unwrap();
                assert_eq!(contents.payload(), payload);
                assert_eq!(contents.metadata().ttl(), ttl);

                let theirs = Amora::meta(&token).unwrap();
                let ours = amora::peek(&token).unwrap();
                let ours = ours.unverified();
                assert_eq!((ours.ttl(), ours.issued_at_unix()), (theirs.ttl, theirs.timestamp.into()));
                assert_eq!(
                    ours.version() == AmoraVersion::One,
                    theirs.version == amora_rs::AmoraVer::One
                );
                tokens += 1;
            }
        }
        println!("amora-rs writes {}, symbolon opens: {tokens} tokens, 0 wrong", side.name);
    }
}

#[test]
fn the_peer_opens_what_is_written() {
    for side in sides() {
        let mut tokens = 0;
        for (payload, ttl) in payloads().iter().flat_map(|payload| TTLS.map(|ttl| (payload, ttl))) {
            for (sealer, peer) in
                side.writes.iter().flat_map(|own| side.peer_reads.iter().map(move |peer| (own, peer)))
            {
                let token = sealer.seal(payload, ttl, now()).unwrap();
                assert_eq!(&peer.decode(&token, true).unwrap(), payload);
                let theirs = Amora::meta(&token).unwrap();
                assert_eq!((theirs.ttl, theirs.is_valid), (ttl, true));
                tokens += 1;
            }
        }
        println!("symbolon writes {}, amora-rs opens: {tokens} tokens, 0 wrong", side.name);
    }
}

#[test]
fn an_expired_token_is_refused_by_both_and_opened_by_the_loud_name() {
    for side in sides() {
        let long_ago = now() - time::Duration::hours(1);
        let token = side.writes[0].seal(b"old", 60, long_ago).unwrap();
        assert_eq!(side.peer_reads[0].decode(&token, true), Err(AmoraErr::ExpiredToken));
        assert_eq!(side.reads[0].open(&token, now()).unwrap_err().kind(), ErrorKind::Expired);
        assert_eq!(side.peer_reads[0].decode(&token, false).unwrap(), b"old");
        assert_eq!(side.reads[0].danger_open_expired(&token).unwrap().payload(), b"old");
    }
    println!("expired tokens: 2 refused by both, 0 wrong");
}

#[test]
fn every_flipped_bit_of_a_peers_token_is_refused() {
    let mut changed = 0;
    for side in sides() {
        let token = side.peer_writes[0].encode(b"sample_payload", 1800).unwrap();
        let wire = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for bit in 0..wire.len() * 8 {
            let mut wire = wire.clone();
            wire[bit / 8] ^= 1 << (bit % 8);
            let token = URL_SAFE_NO_PAD.encode(wire);
            // The highest bit of an X25519 public key counts for nothing (RFC 7748 §5), but is authenticated.
            assert!(side.reads[0].open(&token, now()).is_err(), "{} bit {bit}", side.name);
            changed += 1;
        }
        for end in 0..token.len() {
            assert!(side.reads[0].open(&token[..end], now()).is_err(), "{} cut at {end}", side.name);
            changed += 1;
        }
    }
    println!("tampered tokens of amora-rs: {changed} refused, 0 accepted");
}

/// What the peer does, and we do not.
mod comparison {
    use super::*;

    /// Whether the peer panics.
    fn peer_panics<T>(call: impl FnOnce() -> T) -> bool {
        catch_unwind(AssertUnwindSafe(call)).is_err()
    }

    fn token(wire: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(wire)
    }

    #[test]
    fn times_that_overflow_are_no_panic() {
        let mut wire = [0xff; 60];
        wire[0] = 0xa0;
        let text = token(&wire);
        let peer = Amora::amora_zero(&bytes(KEY)).unwrap();
        assert!(peer_panics(|| peer.decode(&text, true)), "the peer panics");
        assert!(peer_panics(|| Amora::meta(&text).is_ok()), "the peer panics");
        let error = AmoraOpener::zero(&bytes(KEY)).open(&text, now()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthentic);
        assert!(amora::peek(&text).is_ok());
        println!("unauthenticated TGT + TTL: amora-rs panics, symbolon says unauthentic");
    }

    #[test]
    fn a_key_in_another_script_is_no_panic() {
        let text = format!("{}a", "\u{20ac}".repeat(21)); // 64 bytes
        assert!(peer_panics(|| Amora::amora_zero_from_str(&text).is_ok()), "the peer panics");
        assert_eq!(AmoraOpener::zero_from_hex(&text).unwrap_err().kind(), ErrorKind::InvalidKey);
        assert_eq!(AmoraSealer::one_from_hex(&text).unwrap_err().kind(), ErrorKind::InvalidKey);
        println!("a key of multi-byte characters: amora-rs panics, symbolon says invalid_key");
    }

    #[test]
    fn a_lifetime_beyond_24_bits_is_not_cut() {
        let peer = Amora::amora_zero(&bytes(KEY)).unwrap();
        let cut = peer.encode(b"", 1 << 24).unwrap();
        assert_eq!(Amora::meta(&cut).unwrap().ttl, 0, "the peer writes 0");
        let error = AmoraSealer::zero(&bytes(KEY)).seal(b"", 1 << 24, now()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidLifetime);
        println!("a TTL of 2^24: amora-rs writes 0, symbolon refuses");
    }

    #[test]
    fn a_forged_token_is_never_called_expired() {
        let mut wire = [0; 60];
        wire[0] = 0xa0;
        let text = token(&wire);
        let peer = Amora::amora_zero(&bytes(KEY)).unwrap();
        assert_eq!(
            peer.decode(&text, true),
            Err(AmoraErr::ExpiredToken),
            "the peer judges it by its words"
        );
        let error = AmoraOpener::zero(&bytes(KEY)).open(&text, now()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthentic);
        println!("a forged and expired token: amora-rs says expired, symbolon unauthentic");
    }

    #[test]
    fn a_key_agreement_that_everybody_knows_is_refused() {
        // With an ephemeral key of small order the shared secret is zero, whoever the recipient is.
        let mut wire = vec![0xa1, 60, 0, 0];
        wire.extend([0; 32]);
        let mut nonce = [7; 24];
        nonce[..4].copy_from_slice(&(now().unix_timestamp() as u32).to_le_bytes());
        let sealed = XChaCha20Poly1305::new(&[0; 32].into())
            .encrypt(&XNonce::from(nonce), Payload { msg: b"I am nobody", aad: &wire })
            .unwrap();
        wire.extend(nonce);
        wire.extend(sealed);
        let text = token(&wire);
        let peer = Amora::amora_one_from_str(Some(SECRET), None).unwrap();
        assert_eq!(peer.decode(&text, true).unwrap(), b"I am nobody", "the peer lets it pass");
        let error = AmoraOpener::one_from_hex(SECRET).unwrap().open(&text, now()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthentic);
        assert_eq!(AmoraSealer::one(&[0; 32]).unwrap_err().kind(), ErrorKind::InvalidKey);
        println!("a key agreement of zero: amora-rs takes it, symbolon refuses");
    }
}
