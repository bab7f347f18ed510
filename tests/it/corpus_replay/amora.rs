//! Amora tokens.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use symbolon::amora::{MAX_TTL, peek};
use symbolon::{AmoraCodec, AmoraOpener, ErrorKind, FixedClock, TokenCodecExt, Validator};
use time::OffsetDateTime;

use super::choices::{Choices, damaged};
use super::{NOW, SECRET, good, now, text, validators};

fn keys() -> &'static [(AmoraOpener, AmoraCodec); 2] {
    static KEYS: OnceLock<[(AmoraOpener, AmoraCodec); 2]> = OnceLock::new();
    KEYS.get_or_init(|| {
        [
            (AmoraOpener::zero(&SECRET), AmoraCodec::zero(&SECRET)),
            (AmoraOpener::one(&SECRET), AmoraCodec::one(&SECRET)),
        ]
    })
}

/// An Amora token, as text and as the bytes behind it.
pub fn amora(data: &[u8]) {
    fn all(token: &str) {
        let peeked = peek(token);
        for (opener, codec) in keys() {
            let opened = opener.danger_open_expired(token);
            if let Ok(contents) = opener.open(token, now()) {
                let metadata = *contents.metadata();
                assert!(metadata.expires_at_unix() > NOW);
                assert!(peeked.as_ref().is_ok_and(|peeked| *peeked.unverified() == metadata));
                assert!(opened.is_ok_and(|opened| opened.payload() == contents.payload()));
            }
            let _ = codec.open_at(token, now()).map(|opened| opened.validate(&validators()[0]));
        }
    }
    text(data).into_iter().for_each(all);
    all(&URL_SAFE_NO_PAD.encode(data));
}

/// Seals with any times, reads at any time, changes one thing, and demands that it is refused. The
/// input: version, times, change, payload.
pub fn amora_structured(data: &[u8]) {
    let mut choices = Choices::of(data);
    let (opener, codec) = choices.pick(keys());
    let number = choices.number();
    let ttl = *choices.pick(&[0, 1, 60, MAX_TTL, MAX_TTL + 1, number, number >> 8, number >> 16]);
    let number = i64::from(choices.number());
    let last = i64::from(u32::MAX);
    let issued = *choices.pick(&[0, NOW, NOW + 60, NOW + 61, last, last + 1, -1, number]);
    let number = i64::from(choices.number());
    let end = issued + i64::from(ttl);
    let at = *choices.pick(&[NOW, issued, issued - 60, issued - 61, end, end + 1, number, -number]);
    let mut change = Choices::of(choices.bytes());
    let payload = choices.rest();

    let moment =
        |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let sealed = opener.sealer().seal(payload, ttl, moment(issued));
    let fits = (0..=last).contains(&issued) && ttl <= MAX_TTL;
    let token = match sealed.map_err(|error| error.kind()) {
        Err(kind) => {
            return assert!(!fits && kind == ErrorKind::InvalidLifetime, "{issued} {ttl}: {kind}");
        }
        Ok(token) => token,
    };
    assert!(fits, "{issued} {ttl}");

    let contents = good(opener.danger_open_expired(&token));
    let metadata = *contents.metadata();
    assert_eq!((metadata.issued_at_unix(), metadata.ttl()), (issued, ttl));
    assert_eq!(contents.payload(), payload);
    assert!(peek(&token).is_ok_and(|peeked| *peeked.unverified() == metadata));
    let due = if at > end {
        Err(ErrorKind::Expired)
    } else if issued > at + 60 {
        Err(ErrorKind::NotYetValid)
    } else {
        Ok(payload.to_vec())
    };
    let opened = opener.open(&token, moment(at)).map(|contents| contents.payload().to_vec());
    assert_eq!(opened.map_err(|error| error.kind()), due, "{issued} + {ttl} at {at}");
    // So says a validator of the token behind the trait.
    let validator = Validator::new().clock(FixedClock::new(moment(at)));
    let opened = codec.open_at(&token, moment(at)).and_then(|opened| opened.validate(&validator));
    assert_eq!(opened.map_err(|error| error.kind()), due, "{issued} + {ttl} at {at}");

    if let Some(changed) = damaged(&token, &mut change) {
        assert!(opener.danger_open_expired(&changed).is_err(), "{token} {changed}");
        assert!(codec.open_at(&changed, now()).is_err(), "{token} {changed}");
    }
}
