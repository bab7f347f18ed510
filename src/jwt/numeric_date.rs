//! NumericDate (RFC 7519 §2): seconds since 1970, whole or fractional, never a string.

use time::OffsetDateTime;

/// Which way a fraction of a second goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Round {
    Down,
    Up,
}

/// The seconds that a JSON number tells. What lies beyond 64 bits becomes their nearest end, which
/// is as far in the past or the future as any clock here reaches.
pub(crate) fn from_json_number(raw: &str, round: Round) -> Option<i64> {
    if let Ok(seconds) = raw.parse::<i64>() {
        return Some(seconds);
    }
    let seconds: f64 = raw.parse().ok()?;
    let seconds = match round {
        Round::Down => seconds.floor(),
        Round::Up => seconds.ceil(),
    };
    #[expect(clippy::cast_possible_truncation, reason = "`as` takes the nearest end, as said above")]
    Some(seconds as i64)
}

/// The same moment as the public API tells it, or the last one that it can tell.
pub(crate) fn to_offset_date_time(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(if seconds < 0 {
        time::PrimitiveDateTime::MIN.assume_utc()
    } else {
        time::PrimitiveDateTime::MAX.assume_utc()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_go_the_safe_way_and_extremes_do_not_overflow() {
        for (raw, down, up) in [
            ("1300819380", 1_300_819_380, 1_300_819_380),
            ("1300819380.5", 1_300_819_380, 1_300_819_381),
            ("-1.5", -2, -1),
            ("1.3e9", 1_300_000_000, 1_300_000_000),
            ("1e400", i64::MAX, i64::MAX),
            ("-1e400", i64::MIN, i64::MIN),
            ("9223372036854775808", i64::MAX, i64::MAX),
            ("-0", 0, 0),
        ] {
            assert_eq!(from_json_number(raw, Round::Down), Some(down), "{raw}");
            assert_eq!(from_json_number(raw, Round::Up), Some(up), "{raw}");
        }
    }

    #[test]
    fn moments_beyond_the_calendar_stay_tellable() {
        assert_eq!(to_offset_date_time(i64::MAX).year(), 9999);
        assert_eq!(to_offset_date_time(i64::MIN).year(), -9999);
    }
}
