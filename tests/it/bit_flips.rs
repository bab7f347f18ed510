//! Not one bit of a token may be another one: every codec, algorithm and kind of key.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use symbolon::{Body, ErrorKind, Fault, TokenCodec, TokenCodecExt};

use crate::cells::{Cell, cells};
use crate::support::{NOW, at, base64url, config, count, damaged, from_base64url};

fn token(cell: &Cell) -> String {
    let body = Body::new(b"{\"sub\":\"7\"}").issued_at(at(NOW)).expires_at(at(NOW + 60));
    let token = cell.codec.seal(&body).unwrap();
    assert!(cell.codec.open_at(&token, at(NOW)).is_ok(), "{}", cell.name);
    token
}

/// It is refused, and the sender is told to be at fault.
fn refuses(codec: &dyn TokenCodec, token: &str) -> Result<(), String> {
    match codec.open_at(token, at(NOW)) {
        Ok(_) => Err(format!("read: {token}")),
        Err(error) if error.fault() == Fault::Token => Ok(()),
        Err(error) => Err(format!("{error}: {token}")),
    }
}

/// The token with one bit flipped of what a part of it spells.
fn flipped_below(token: &str, part: &prop::sample::Index, bit: &prop::sample::Index) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let filled: Vec<usize> = (0..parts.len()).filter(|at| !parts[*at].is_empty()).collect();
    let at = filled[part.index(filled.len())];
    let mut bytes = from_base64url(&parts[at]);
    let bit = bit.index(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    parts[at] = base64url(bytes);
    parts.join(".")
}

/// Everything there is, by chance: in the text, and in the bytes that it spells.
#[test]
fn any_flipped_bit_is_noticed_by_every_codec() {
    let tokens: Vec<String> = cells().iter().map(token).collect();
    let indices = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    TestRunner::new(config(6))
        .run(&indices, |(part, bit)| {
            for (cell, token) in cells().iter().zip(&tokens) {
                let below = flipped_below(token, &part, &bit);
                prop_assert_eq!(refuses(&*cell.codec, &below), Ok(()), "{}", cell.name);
                let mut text = token.clone().into_bytes();
                let bit = bit.index(text.len() * 8);
                text[bit / 8] ^= 1 << (bit % 8);
                // What is no UTF-8 can be no token.
                if let Ok(text) = std::str::from_utf8(&text) {
                    prop_assert_eq!(refuses(&*cell.codec, text), Ok(()), "{}", cell.name);
                }
            }
            Ok(())
        })
        .unwrap();
}

/// All bits and all cuts, where that is quickly done.
#[test]
fn every_flipped_bit_is_noticed_by_the_quick_ones() {
    for cell in cells().iter().filter(|cell| cell.is_quick) {
        let token = token(cell);
        let texts = damaged(token.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok());
        count(&format!("flipped bits: {}", cell.name), texts, |text| refuses(&*cell.codec, &text));
    }
}

/// The same of MACs, signatures and tags alone is one kind of error: it tells nothing of where.
#[test]
fn a_flipped_bit_of_the_last_part_is_not_told_from_another() {
    for cell in cells().iter().filter(|cell| cell.is_jose && !cell.name.contains("another")) {
        let token = token(cell);
        let (input, last) = token.rsplit_once('.').unwrap();
        let bytes = from_base64url(last);
        for bit in [0, 1, bytes.len() * 4, bytes.len() * 8 - 1] {
            let mut wrong = bytes.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let refused = cell.codec.open_at(&format!("{input}.{}", base64url(wrong)), at(NOW));
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unauthentic, "{} {bit}", cell.name);
        }
    }
}
