//! What a hostile sender may make of a good encrypted message: it is never read as another payload,
//! never a panic, and always the sender's fault.

use std::panic::{AssertUnwindSafe, catch_unwind};

use symbolon::jwe::Content;
use symbolon::{JweAlg, JweEnc, Keyring, Limits};

use crate::jwe_support::{Ring, all_forms, encrypter, open, recipients};
use crate::support::{count, damaged, noise};

const PAYLOAD: &[u8] = b"{\"sub\":\"7\"}";

const ODD: [&str; 15] =
    [".", "=", "+", "/", " ", "\0", "é", "\n", "\"", "{", "}", ",", "\\", "\u{feff}", "A"];

/// A good message of each family in each serialization, and the ring that reads it.
fn good() -> Vec<(String, Ring, String)> {
    let encs = [JweEnc::A256GCM, JweEnc::A128CBC_HS256, JweEnc::XC20P];
    let families =
        [JweAlg::DIR, JweAlg::A128KW, JweAlg::A256GCMKW, JweAlg::ECDH_ES_A256KW, JweAlg::ECDH_ES];
    let mut all = Vec::new();
    for (at, alg) in families.into_iter().enumerate() {
        let enc = encs[at % 3];
        let key = recipients(enc).into_iter().rfind(|(_, other, _)| *other == alg).unwrap().2;
        let made = key.and_then(|key| encrypter(alg, enc, &key));
        let ring = made.map(Keyring::new).ok().filter(|ring| !ring.is_empty());
        let Some(ring) = ring else {
            println!("skipped: hostile {alg} with {enc}: not in this build");
            continue;
        };
        let forms = all_forms(&Content::new(PAYLOAD), ring.primary().unwrap()).unwrap();
        for (form, message) in forms {
            assert_eq!(open(&message, &ring, &Limits::default()).unwrap(), PAYLOAD);
            all.push((format!("{alg} with {enc}, {form}"), ring.clone(), message));
        }
    }
    assert!(!all.is_empty());
    all
}

/// A compact message is refused; of JSON, parts that nothing depends on may change, but not the
/// payload.
fn judge(message: &str, ring: &Ring, original: &str) -> Result<(), String> {
    let opened = catch_unwind(AssertUnwindSafe(|| open(message, ring, &Limits::default())))
        .map_err(|_| format!("panicked or blamed another: {message:?}"))?;
    match opened {
        Err(_) => Ok(()),
        Ok(payload) if payload == PAYLOAD && original.starts_with('{') => Ok(()),
        Ok(_) => Err(format!("read: {message:?}")),
    }
}

#[test]
fn damage_at_every_byte_and_bit_is_never_read_as_another_payload() {
    for (name, ring, message) in good() {
        count(&format!("damaged {name}"), damaged(message.as_bytes()), |bytes| {
            judge(&String::from_utf8_lossy(&bytes), &ring, &message)
        });
    }
}

#[test]
fn odd_characters_anywhere_are_never_read_as_another_payload() {
    for (name, ring, message) in good() {
        let places = (0..=message.len()).flat_map(|place| ODD.map(|odd| (place, odd)));
        count(&format!("odd characters {name}"), places, |(place, odd)| {
            let (before, after) = message.split_at(place);
            judge(&format!("{before}{odd}{after}"), &ring, &message)?;
            match after.get(1..) {
                Some(rest) if !after.starts_with(odd) => {
                    judge(&format!("{before}{odd}{rest}"), &ring, &message)
                }
                _ => Ok(()),
            }
        });
    }
}

/// A stretch taken out, doubled or moved, and stretches of two messages exchanged.
#[test]
fn pieces_taken_out_doubled_or_exchanged_are_never_read_as_another_payload() {
    let all = good();
    let again = good();
    for ((name, ring, message), (_, _, other)) in all.iter().zip(&again) {
        count(&format!("pieces {name}"), 0..400, |seed| {
            let dice = noise(seed, 6);
            let at = |die: usize| usize::from(dice[die]) * 257 % message.len();
            let (mut from, mut to) = (at(0), at(1));
            if from > to {
                std::mem::swap(&mut from, &mut to);
            }
            let piece = &message[from..to];
            let bent = match seed % 4 {
                0 => format!("{}{}", &message[..from], &message[to..]),
                1 => format!("{}{piece}{}", &message[..to], &message[to..]),
                2 => format!("{piece}{}{}", &message[..from], &message[to..]),
                _ => {
                    let theirs = other.get(from..to).unwrap_or_default();
                    format!("{}{theirs}{}", &message[..from], &message[to..])
                }
            };
            if bent == *message { Ok(()) } else { judge(&bent, ring, message) }
        });
    }
}

#[test]
fn noise_is_refused() {
    let (_, ring, _) = good().remove(0);
    count("noise", 0..2000_u64, |seed| {
        let bytes = noise(seed, (seed % 300) as usize);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let alphabet = b"ABCeyJ09-_.{}\":,[]\\ dirptvgk";
        let shaped: String =
            bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect();
        for text in [text, format!("{{{shaped}}}"), shaped] {
            let opened = catch_unwind(AssertUnwindSafe(|| open(&text, &ring, &Limits::default())));
            match opened {
                Ok(Err(_)) => {}
                _ => return Err(format!("{text:?}")),
            }
        }
        Ok(())
    });
}
