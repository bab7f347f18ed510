use super::*;

fn judge(json: &str) -> Result<Vec<(String, Kind, String)>, JsonError> {
    let mut seen = Vec::new();
    members(json.as_bytes(), |name, value| {
        seen.push((name.to_string(), value.kind, value.raw.to_owned()));
    })?;
    Ok(seen)
}

#[test]
fn hands_out_members_in_order() {
    let seen = judge(r#" {"a" : 1 , "b":[1, {"c":null}],"\u0063":"x\ty"} "#).unwrap();
    assert_eq!(
        seen,
        [
            ("a".into(), Kind::Number, "1".into()),
            ("b".into(), Kind::Array, r#"[1, {"c":null}]"#.into()),
            ("c".into(), Kind::String(true), r#""x\ty""#.into()),
        ]
    );
}

#[test]
fn refuses_duplicates_at_every_depth_and_in_every_spelling() {
    for json in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":1}"#,
        r#"{"x":{"a":1,"b":2,"a":1}}"#,
        r#"{"x":[0,{"a":1,"a":1}]}"#,
    ] {
        assert_eq!(judge(json), Err(JsonError::Duplicate), "{json}");
    }
    let many = |last: &str| {
        let names: Vec<_> = (0..100).map(|n| format!("\"{n}\":{{\"{n}\":0}}")).collect();
        format!("{{{},\"{last}\":0}}", names.join(","))
    };
    assert_eq!(judge(&many("50")), Err(JsonError::Duplicate));
    assert_eq!(judge(&many("100")).map(|seen| seen.len()), Ok(101));
}

#[test]
fn names_spilled_by_an_inner_object_are_still_compared() {
    let inner: Vec<_> = (0..40).map(|n| format!("\"{n}\":0")).collect();
    let json = |last: &str| format!(r#"{{"a":0,"b":{{{}}},"{last}":0}}"#, inner.join(","));
    assert_eq!(judge(&json("a")), Err(JsonError::Duplicate));
    assert_eq!(judge(&json("c")).map(|seen| seen.len()), Ok(3));
}

#[test]
fn names_that_begin_alike_or_stand_at_the_end_are_told_apart() {
    for (one, other) in
        [("12345678a", "12345678b"), ("1234567", "12345678"), ("a", "b"), ("", "a"), ("a\\u0000", "a")]
    {
        let json = |other: &str| format!("{{\"{one}\":0,\"{other}\":0}}");
        assert_eq!(judge(&json(other)).map(|seen| seen.len()), Ok(2), "{one} {other}");
        assert_eq!(judge(&json(one)), Err(JsonError::Duplicate), "{one}");
    }
}

#[test]
fn what_ends_a_string_is_found_wherever_it_stands() {
    for at in 0..40 {
        for tail in 0..20 {
            let json = |what: &str| {
                format!(
                    "{{\"{}{what}{}\":0}}",
                    "ä".repeat(at / 2) + &"a".repeat(at % 2),
                    "z".repeat(tail)
                )
            };
            assert!(judge(&json("")).is_ok());
            assert!(judge(&json("\u{7f}\u{80}~ !#[]")).is_ok());
            assert_eq!(judge(&json("\\n")).map(|seen| seen.len()), Ok(1));
            for wrong in ["\"", "\\q", "\u{1f}", "\0", "\n"] {
                assert_eq!(judge(&json(wrong)), Err(JsonError::Syntax), "{wrong:?} at {at}");
            }
        }
    }
}

#[test]
fn plain_text_is_told_from_what_needs_escapes_wherever_it_stands() {
    for len in 0..40 {
        let text = "~ä".repeat(len / 3) + &"!".repeat(len % 3);
        assert!(is_plain(text.as_bytes()), "{text}");
        for (at, _) in text.char_indices() {
            for other in ["\"", "\\", "\0", "\n", "\u{1f}"] {
                let mut text = text.clone();
                text.insert_str(at, other);
                assert!(!is_plain(text.as_bytes()), "{text:?}");
            }
        }
        assert!(is_plain((text + "\u{7f}").as_bytes()));
    }
}

#[test]
fn eight_digits_are_the_number_that_they_spell() {
    let read = |text: &str| eight_digits(text.as_bytes().try_into().unwrap());
    for number in [0_u64, 1, 9, 90, 10_000_000, 12_345_678, 98_765_432, 99_999_999] {
        assert_eq!(read(&format!("{number:08}")), Some(number));
    }
    for at in 0..8 {
        for other in (0..=255).filter(|byte: &u8| !byte.is_ascii_digit()) {
            let mut text = *b"99999999";
            text[at] = other;
            assert_eq!(eight_digits(text), None, "{other} at {at}");
        }
    }
}

#[test]
fn a_short_name_is_marked_as_any_name_is() {
    for len in 0..=7 {
        for behind in ["\":1,....", "\"\"\"\"\"\"\"\""] {
            let name = &"abcdefg"[..len];
            let text = format!("{name}{behind}");
            let found = short_name(*text.as_bytes().first_chunk().unwrap());
            assert_eq!(found, Some((len, mark(&text, 0, len))), "{text}");
        }
    }
    for other in ["abcdefgh", "abc\\u0061", "abc\n\"abc", "\u{e9}\u{e9}\u{e9}\u{e9}"] {
        assert_eq!(short_name(*other.as_bytes().first_chunk().unwrap()), None, "{other}");
    }
}

#[test]
fn refuses_what_is_not_strict() {
    for (json, error) in [
        ("", JsonError::Syntax),
        ("{", JsonError::Syntax),
        ("{}x", JsonError::Syntax),
        ("{} {}", JsonError::Syntax),
        ("{'a':1}", JsonError::Syntax),
        ("{\"a\":1,}", JsonError::Syntax),
        ("{\"a\":01}", JsonError::Syntax),
        ("{\"a\":+1}", JsonError::Syntax),
        ("{\"a\":.5}", JsonError::Syntax),
        ("{\"a\":1.}", JsonError::Syntax),
        ("{\"a\":1e}", JsonError::Syntax),
        ("{\"a\":NaN}", JsonError::Syntax),
        ("{\"a\":\"\n\"}", JsonError::Syntax),
        ("{\"a\":\"\\x\"}", JsonError::Syntax),
        ("{\"a\":\"\\u12g4\"}", JsonError::Syntax),
        ("{\"a\":\"\\u+123\"}", JsonError::Syntax),
        ("{\"a\":\"\\ud800\"}", JsonError::Surrogate),
        ("{\"a\":\"\\udc00\"}", JsonError::Surrogate),
        ("{\"a\":\"\\ud800\\u0041\"}", JsonError::Surrogate),
        ("[1]", JsonError::NotObject),
        ("\"a\"", JsonError::NotObject),
        ("1", JsonError::NotObject),
    ] {
        assert_eq!(judge(json), Err(error), "{json}");
    }
    assert_eq!(members(b"{\"a\":\"\xff\"}", |_, _| ()).err(), Some(JsonError::Utf8));
    assert!(judge(r#"{"a":"\ud83d\ude00"}"#).is_ok());
}

#[test]
fn stops_at_depth_129() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(judge(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(judge(&nested(MAX_DEPTH + 1)), Err(JsonError::Depth));
}
