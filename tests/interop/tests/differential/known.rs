//! The differences that are known: who decides otherwise, when, and why we decide as we do.
//!
//! A difference goes by what serde_json says of the token, and, where we refuse, by the reason that we
//! give, so that none excuses another. Each must be seen, by each peer it names, in some token that no
//! other one explains.

use serde_json::{Number, Value};
use symbolon::ErrorKind::{
    Expired, Malformed, MalformedClaims, MissingClaim, NotYetValid, TooLarge, UnsupportedHeader,
    WrongType,
};

use crate::facts::Facts;
use crate::readers::Peer::{self, Biscuit, Josekit, Jsonwebtoken};

/// What a peer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// What we refuse.
    Accepts,
    /// What we accept.
    Refuses,
    /// Whatever we do.
    Panics,
    /// What we accept, but it reads other claims.
    ReadsOtherwise,
}

use Outcome::{Accepts, Panics, Refuses};

pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) who: &'static [Peer],
    pub(crate) does: Outcome,
    pub(crate) why: &'static str,
    pub(crate) holds: fn(&Facts<'_>) -> bool,
}

const TIMES: [&str; 3] = ["exp", "nbf", "iat"];
const TEXTS: [&str; 3] = ["iss", "sub", "jti"];

/// The last second of the year 9999.
const YEAR_9999: f64 = 253_402_300_799.0;
/// The last second that the crate chrono can tell.
const CHRONO: i64 = 8_210_266_876_799;

/// Whether that is so of a time, or of one of several of its name.
fn any_time(facts: &Facts<'_>, judge: impl Fn(&str, &Number) -> bool) -> bool {
    let times = facts.claims.all.iter().filter(|(name, _)| TIMES.contains(&name.as_str()));
    times
        .filter_map(|(name, value)| Some((name, value.as_number()?)))
        .any(|(name, time)| judge(name, time))
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

fn wrong_type(facts: &Facts<'_>, name: &str) -> bool {
    let is = |value: &Value| match name {
        "aud" => {
            value.is_string() || value.as_array().is_some_and(|all| all.iter().all(Value::is_string))
        }
        _ if TIMES.contains(&name) => value.is_number(),
        _ => value.is_string(),
    };
    facts.claims.members.get(name).is_some_and(|value| !is(value))
}

fn alg<'f>(facts: &'f Facts<'_>) -> &'f str {
    facts.header.members.get("alg").and_then(Value::as_str).unwrap_or_default()
}

fn part<'f>(facts: &'f Facts<'_>, at: usize) -> &'f str {
    facts.token.split('.').nth(at).unwrap_or_default()
}

/// How long ago that is, by a clock of whole seconds.
fn seconds_before_now(facts: &Facts<'_>, name: &str) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "the present is far below 2^53")]
    facts.claims.float(name).map(|moment| facts.now as f64 - moment)
}

pub(crate) const KNOWN: &[Known] = &[
    // What the peers let pass.
    Known {
        name: "a member of an object twice",
        who: &[Jsonwebtoken, Josekit, Biscuit],
        does: Accepts,
        why: "RFC 7515 §4, RFC 7519 §4: names must be unique, and whoever reads may refuse or take the last. \
              Another reader may take the first, so neither is taken",
        holds: |facts| {
            facts.header.twice && facts.ours == Some(Malformed)
                || facts.claims.twice && facts.ours == Some(MalformedClaims)
        },
    },
    Known {
        name: "`crit` that is not understood, or no list of names",
        who: &[Jsonwebtoken, Josekit, Biscuit],
        does: Accepts,
        why: "RFC 7515 §4.1.11, RFC 7516 §4.1.13: invalid where a name is not understood; an empty list must not \
              be written, and may be refused",
        holds: |facts| {
            facts.header.has("crit") && matches!(facts.ours, Some(Malformed | UnsupportedHeader))
        },
    },
    Known {
        name: "`b64` false, or no boolean",
        who: &[Jsonwebtoken, Josekit, Biscuit],
        does: Accepts,
        why: "RFC 7797 §6, and its update of RFC 7519: not for JWTs, and never to be read as if it were not there",
        holds: |facts| {
            facts
                .header
                .members
                .get("b64")
                .is_some_and(|b64| facts.encrypted || *b64 != Value::Bool(true))
                && matches!(facts.ours, Some(Malformed | UnsupportedHeader))
        },
    },
    Known {
        name: "`typ` of another kind of token",
        who: &[Jsonwebtoken, Josekit, Biscuit],
        does: Accepts,
        why: "RFC 8725 §3.11: else a token for one purpose serves another; Validator::any_typ asks for it",
        holds: |facts| facts.header.has("typ") && facts.ours == Some(WrongType),
    },
    Known {
        name: "null for a header parameter",
        who: &[Jsonwebtoken, Biscuit],
        does: Accepts,
        why: "RFC 7515 §4.1: they are strings; null is a wrong type and not an absent parameter",
        holds: |facts| {
            ["typ", "cty", "kid", "zip"].iter().any(|name| facts.header.is_null(name))
                && facts.ours == Some(Malformed)
        },
    },
    Known {
        name: "the header of an encrypted token in a signed one",
        who: &[Jsonwebtoken, Josekit, Biscuit],
        does: Accepts,
        why: "RFC 7516 §9: a header with `enc` is that of a JWE",
        holds: |facts| !facts.encrypted && facts.header.has("enc") && facts.ours == Some(Malformed),
    },
    Known {
        name: "a header or a `kid` that is too long",
        who: &[Jsonwebtoken, Josekit, Biscuit],
        does: Accepts,
        why: "a limit of ours: 8 KiB (Limits::header_len) and 256 bytes, since all of it costs work before the signature",
        holds: |facts| {
            let kid = facts.header.members.get("kid").and_then(Value::as_str);
            (facts.header.len > 8 << 10 || kid.is_some_and(|kid| kid.len() > 256))
                && facts.ours == Some(TooLarge)
        },
    },
    Known {
        name: "a token that is too long",
        who: &[Jsonwebtoken, Josekit, Biscuit],
        does: Accepts,
        why: "a limit of ours: 1 MiB (Limits::token_len)",
        holds: |facts| facts.token.len() > 1 << 20 && facts.ours == Some(TooLarge),
    },
    Known {
        name: "a registered claim of a wrong type, where nothing is demanded of it",
        who: &[Jsonwebtoken],
        does: Accepts,
        why: "RFC 7519 §4.1: `iss`, `sub`, `jti` are strings, times are numbers; who reads it later may trip",
        holds: |facts| {
            TEXTS.iter().chain(&["iat"]).any(|name| wrong_type(facts, name))
                && facts.ours == Some(MalformedClaims)
        },
    },
    Known {
        name: "null for a registered claim",
        who: &[Biscuit],
        does: Accepts,
        why: "RFC 7519 §4.1: null is a wrong type and not an absent claim",
        holds: |facts| {
            TEXTS.iter().chain(&TIMES).any(|name| facts.claims.is_null(name))
                && facts.ours == Some(MalformedClaims)
        },
    },
    Known {
        name: "`exp` or `aud` is missing",
        who: &[Josekit],
        does: Accepts,
        why: "it cannot be told to demand a claim but of one value; RFC 8725 §3.9 demands `aud`",
        holds: |facts| {
            !(facts.claims.has("exp") && facts.claims.has("aud")) && facts.ours == Some(MissingClaim)
        },
    },
    Known {
        name: "the second of `exp` itself",
        who: &[Jsonwebtoken, Biscuit],
        does: Accepts,
        why: "RFC 7519 §4.1.4: expired on and after that second",
        holds: |facts| seconds_before_now(facts, "exp") == Some(0.0) && facts.ours == Some(Expired),
    },
    Known {
        name: "the fraction of a second that `exp` ends in",
        who: &[Jsonwebtoken, Josekit],
        does: Accepts,
        why: "RFC 7519 §2 leaves rounding open; ours is down, so that a token never lasts longer than it says. \
              jsonwebtoken takes the nearest second",
        holds: |facts| {
            let past = seconds_before_now(facts, "exp");
            past.is_some_and(|past| -1.0 < past && past <= 0.5 && past != 0.0)
                && facts.ours == Some(Expired)
        },
    },
    Known {
        name: "the fraction of a second that `nbf` begins with",
        who: &[Jsonwebtoken],
        does: Accepts,
        why: "RFC 7519 §2 leaves rounding open; ours is up. jsonwebtoken takes the nearest second",
        holds: |facts| {
            let ahead = seconds_before_now(facts, "nbf").map(|past| -past);
            ahead.is_some_and(|ahead| 0.0 < ahead && ahead <= 0.5) && facts.ours == Some(NotYetValid)
        },
    },
    Known {
        name: "compressed content",
        who: &[Josekit],
        does: Accepts,
        why: "RFC 7516 §4.1.3 makes it optional, RFC 8725 §3.6 warns of it; it is inflated where \
              Limits::inflated_len says how far",
        holds: |facts| {
            facts.encrypted && facts.header.has("zip") && facts.ours == Some(UnsupportedHeader)
        },
    },
    Known {
        name: "an encrypted key where there is none",
        who: &[Biscuit],
        does: Accepts,
        why: "RFC 7516 §5.2 step 10: it must be empty for `dir`",
        holds: |facts| facts.encrypted && alg(facts) == "dir" && !part(facts, 1).is_empty(),
    },
    Known {
        name: "a tag that is cut short",
        who: &[Josekit],
        does: Accepts,
        why: "RFC 7518 §5.3: 128 bits. Of a tag of one byte every 256th guess is right",
        holds: |facts| facts.encrypted && part(facts, 4).len() < 22 && facts.ours == Some(Malformed),
    },
    Known {
        name: "ciphertext and tag are parted elsewhere",
        who: &[Biscuit],
        does: Accepts,
        why: "RFC 7518 §5.3: the tag is the last 128 bits; else one token has many texts",
        holds: |facts| facts.encrypted && part(facts, 4).len() != 22 && facts.ours == Some(Malformed),
    },
    // What we accept.
    Known {
        name: "`crit` of `b64`, which is true",
        who: &[Josekit],
        does: Refuses,
        why: "RFC 7797 §6 is understood here, and true changes nothing",
        holds: |facts| facts.header.has("crit"),
    },
    Known {
        name: "a header parameter that is not read here, of an odd type",
        who: &[Jsonwebtoken, Josekit, Biscuit],
        does: Refuses,
        why: "RFC 7515 §4: what is not understood is ignored. A key that a token brings along is nobody's, \
              whatever it looks like",
        holds: |facts| {
            ["jku", "jwk", "x5u", "x5c", "x5t", "url", "nonce", "zip"]
                .iter()
                .any(|name| facts.header.has(name))
        },
    },
    Known {
        name: "a number in the header beyond a float's reach",
        who: &[Jsonwebtoken, Josekit, Biscuit],
        does: Refuses,
        why: "RFC 8259 §6: it is JSON; a member that is not read needs no type to hold it",
        holds: |facts| facts.header.overflows,
    },
    Known {
        name: "a time with a fraction or an exponent",
        who: &[Biscuit],
        does: Refuses,
        why: "RFC 7519 §2: NumericDate may have fractions",
        holds: |facts| any_time(facts, |_, time| time.is_f64()),
    },
    Known {
        name: "AES-GCM key wrapping",
        who: &[Biscuit],
        does: Refuses,
        why: "RFC 7518 §4.7.1: `iv` and `tag` are base64url; biscuit reads and writes arrays of numbers",
        holds: |facts| alg(facts).ends_with("GCMKW"),
    },
    Known {
        name: "`nbf` or `iat` before 1970",
        who: &[Jsonwebtoken, Josekit],
        does: Refuses,
        why: "RFC 7519 §2: a NumericDate is any number, and that one is past",
        holds: |facts| any_time(facts, |name, time| name != "exp" && float(time) < 0.0),
    },
    Known {
        name: "a time beyond 64 bits",
        who: &[Jsonwebtoken],
        does: Refuses,
        why: "RFC 7519 §2: a NumericDate is any number, and that one is far ahead, or long past",
        holds: |facts| any_time(facts, |_, time| float(time) >= 18_446_744_073_709_551_616.0),
    },
    Known {
        name: "a time beyond 63 bits",
        who: &[Biscuit],
        does: Refuses,
        why: "the same",
        holds: |facts| any_time(facts, |_, time| time.is_u64() && !time.is_i64()),
    },
    Known {
        name: "`iat` is ahead",
        who: &[Josekit, Biscuit],
        does: Refuses,
        why: "RFC 7519 §4.1.6: it tells an age and judges nothing; with Validator::max_age it does",
        holds: |facts| seconds_before_now(facts, "iat").is_some_and(|past| past < 0.0),
    },
    // What stops a thread of whoever reads it.
    Known {
        name: "a time that the clock's type cannot hold",
        who: &[Josekit],
        does: Panics,
        why: "in SystemTime's addition, Duration's conversion, or while telling the time in an error",
        holds: |facts| {
            any_time(facts, |name, time| {
                float(time) > YEAR_9999 && (name != "exp" || float(time) >= 9_223_372_036_854_775_808.0)
            })
        },
    },
    Known {
        name: "an initialization vector that is empty or, for AES-CBC, too short",
        who: &[Josekit],
        does: Panics,
        why: "it unwraps what OpenSSL demands; no key is needed to send it one",
        holds: |facts| {
            let enc = facts.header.members.get("enc").and_then(Value::as_str);
            // Sixteen bytes are 22 letters.
            let least = if enc.is_some_and(|enc| enc.contains("CBC")) { 22 } else { 1 };
            facts.encrypted && part(facts, 2).len() < least
        },
    },
    Known {
        name: "a wrapped key of fewer than 8 bytes",
        who: &[Josekit],
        does: Panics,
        why: "it subtracts the 8 bytes that wrapping adds (RFC 3394 §2.2.1); no key is needed to send it one",
        holds: |facts| {
            // Eight bytes are eleven letters.
            alg(facts).ends_with("KW")
                && !alg(facts).contains("GCM")
                && (1..11).contains(&part(facts, 1).len())
        },
    },
    Known {
        name: "a time beyond chrono's years",
        who: &[Biscuit],
        does: Panics,
        why: "it unwraps what chrono does not have",
        holds: |facts| {
            any_time(facts, |_, time| {
                time.as_i64().is_some_and(|seconds| seconds.unsigned_abs() > CHRONO.unsigned_abs())
            })
        },
    },
];
