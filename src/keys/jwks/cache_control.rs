//! How long an answer may be kept: `Cache-Control` and `Age` (RFC 9111 §4.2, §5.1, §5.2).

/// The seconds that an answer stays fresh; none where it does not say. Whatever can be read in two
/// ways is read as the shorter time.
pub(super) fn lifetime(cache_control: Option<&str>, age: Option<&str>) -> Option<i64> {
    let mut max_age = None::<i64>;
    for directive in split(cache_control?) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let name = name.trim();
        if ["no-store", "no-cache"].iter().any(|no| name.eq_ignore_ascii_case(no)) {
            return Some(0);
        }
        if name.eq_ignore_ascii_case("max-age") {
            let seconds = seconds(value.trim().trim_matches('"'));
            max_age = Some(max_age.map_or(seconds, |other| other.min(seconds)));
        }
    }
    let age = age.map_or(0, |age| seconds(age.trim()));
    max_age.map(|max_age| max_age.saturating_sub(age).max(0))
}

/// At the commas that stand in no quoted string.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
    .map(str::trim)
}

/// What is no number is as good as none (RFC 9111 §4.2.1); one that is too large is just large (§1.2.2).
fn seconds(text: &str) -> i64 {
    const MOST: i64 = 1 << 31;

    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    text.parse().map_or(MOST, |seconds: i64| seconds.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::lifetime;

    #[test]
    fn reads_max_age_and_subtracts_age() {
        for (cache_control, age, due) in [
            ("max-age=600", None, Some(600)),
            ("public, Max-Age=600, must-revalidate", Some("100"), Some(500)),
            (r#"max-age="600""#, Some(" 7 "), Some(593)),
            ("max-age=60", Some("61"), Some(0)),
            ("max-age=99999999999999999999999", None, Some(1 << 31)),
            ("max-age=600", Some("99999999999999999999999"), Some(0)),
            ("max-age=600, max-age=60", None, Some(60)),
            ("s-maxage=600", None, None),
            ("public", Some("5"), None),
            ("", None, None),
        ] {
            assert_eq!(lifetime(Some(cache_control), age), due, "{cache_control} {age:?}");
        }
        assert_eq!(lifetime(None, Some("5")), None);
    }

    #[test]
    fn what_is_doubtful_is_not_kept() {
        for text in [
            "no-store",
            "No-Cache",
            r#"max-age=600, no-cache="set-cookie""#,
            "max-age",
            "max-age=",
            "max-age=-1",
            "max-age=+1",
            "max-age=1.5",
            "max-age=ten",
        ] {
            assert_eq!(lifetime(Some(text), None), Some(0), "{text}");
        }
        // A quoted comma separates nothing.
        assert_eq!(lifetime(Some(r#"x="a, max-age=9", max-age=600"#), None), Some(600));
        assert_eq!(lifetime(Some("max-age=600"), Some("soon")), Some(600));
    }
}
