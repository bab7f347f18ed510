use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::{read_custom, read_registered};
use super::*;

fn gives_up<C: DeserializeOwned>(text: &str) -> bool {
    read_both::<C>(text, &mut Registered::default()).is_none()
}

/// What this reads, the two passes read alike. Says whether it read anything.
fn agrees<C: DeserializeOwned + PartialEq + fmt::Debug>(text: &str) -> bool {
    let mut registered = Registered::default();
    match read_both::<C>(text, &mut registered) {
        None => false,
        Some(custom) => {
            assert_eq!(read_registered(text).expect(text), registered, "{text}");
            assert_eq!(read_custom::<C>(text).expect(text), custom, "{text}");
            true
        }
    }
}

#[derive(Debug, PartialEq, Deserialize)]
enum Role {
    #[serde(rename = "admin")]
    Admin,
    Named(String),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(transparent)]
struct Id(u32);

#[derive(Debug, PartialEq, Deserialize)]
struct Session {
    user: Id,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    score: f64,
    #[serde(default)]
    offset: i8,
    #[serde(default)]
    nested: BTreeMap<String, Vec<bool>>,
    #[serde(default)]
    pair: Option<(u8, char)>,
    exp: Option<u64>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Flat {
    user: u64,
    #[serde(flatten)]
    rest: HashMap<String, serde_json::Value>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Unknowing {}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Either {
    Session(Session),
    Flat(Flat),
}

fn all_agree(text: &str) -> [bool; 6] {
    [
        agrees::<Session>(text),
        agrees::<Flat>(text),
        agrees::<Unknowing>(text),
        agrees::<Either>(text),
        agrees::<serde_json::Value>(text),
        agrees::<HashMap<String, u64>>(text),
    ]
}

#[test]
fn reads_what_is_plain() {
    let text = r#" {"iss":"us","sub":"7","aud":["a","b"],"exp":18,"nbf":-1,"iat":0,"jti":"x",
        "user":7,"name":"Zo\u{eb}","roles":["admin"],"score":3,"offset":-8,
        "nested":{"a":[true,false],"b":[]},"pair":[1,"c"]} "#
        .replace("\\u{eb}", "\u{eb}");
    assert_eq!(all_agree(&text), [true, true, true, true, true, false]);
    assert!(agrees::<Unknowing>("{}") && agrees::<HashMap<String, u64>>(r#"{"a":1}"#));
    assert!(agrees::<Session>(r#"{"user":1,"name":null,"exp":999999999999999999}"#));
}

#[test]
fn gives_up_on_what_is_not() {
    for text in [
        "",
        "[]",
        "7",
        "{",
        "{}}",
        "{} x",
        r#"{"a":1,}"#,
        r#"{"a":1 "b":1}"#,
        r#"{"a" 1}"#,
        r#"{,"a":1}"#,
        r#"{xa":1,"b":22222222}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"a":[{"b":1,"b":1}]}"#,
        r#"{"\u0061":1}"#,
        r#"{"a":"\n"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":01}"#,
        r#"{"a":-0}"#,
        r#"{"a":-}"#,
        r#"{"a":1.0}"#,
        r#"{"a":1e1}"#,
        r#"{"a":1234567890123456789}"#,
        r#"{"a":tru}"#,
        r#"{"a":nul}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[1 2]}"#,
        r#"{"a":[[[[[[[[[1]]]]]]]]]}"#,
        r#"{"exp":"1"}"#,
        r#"{"exp":null}"#,
        r#"{"iss":1}"#,
        r#"{"aud":[1]}"#,
        r#"{"aud":{}}"#,
        r#"{"sub":true}"#,
        "{\"a\":\"\u{1}\"}",
    ] {
        assert!(gives_up::<serde_json::Value>(text), "{text}");
        all_agree(text);
    }
    // Members left unread, as a tuple of too few would.
    assert!(gives_up::<Session>(r#"{"user":1,"pair":[1,"c",2]}"#));
    assert!(gives_up::<Session>(r#"{"user":1,"roles":[{"Named":"x"}]}"#));
    assert!(gives_up::<HashMap<String, Box<RawValue>>>(r#"{"a":1}"#));
}

fn json() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("user"),
        Just("name"),
        Just("roles"),
        Just("score"),
        Just("offset"),
        Just("nested"),
        Just("exp"),
        Just("iss"),
        Just("aud"),
        Just("iat"),
        Just("jti"),
        Just("pair"),
        Just("x"),
    ];
    let scalar = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        (0..300_i32).prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-0".to_owned()),
        Just("01".to_owned()),
        "[a-z\\\\\"]{0,9}".prop_map(|text| format!("\"{text}\"")),
        Just("\"admin\"".to_owned()),
    ];
    let value = scalar.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(", "))),
            prop::collection::vec(("[a-c]", inner), 0..4).prop_map(|all| {
                let all: Vec<_> =
                    all.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", all.join(","))
            }),
        ]
    });
    prop::collection::vec((name, value), 0..7).prop_map(|all| {
        let all: Vec<_> = all.iter().map(|(name, value)| format!("\"{name}\" : {value}")).collect();
        format!("{{{}}}", all.join(","))
    })
}

#[derive(Serialize)]
struct Written {
    user: u32,
    name: String,
    score: i32,
    nested: BTreeMap<String, Vec<bool>>,
    exp: u32,
    iss: String,
}

proptest! {
    #[test]
    fn never_differs_from_the_two_passes(text in json()) {
        all_agree(&text);
    }

    #[test]
    fn never_differs_on_damaged_text(text in json(), at in any::<prop::sample::Index>(), byte in 0_u8..128) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        all_agree(&String::from_utf8(bytes).unwrap());
    }

    #[test]
    fn reads_what_services_write(
        user in any::<u32>(), name in "[a-zA-Z\u{e4}\u{20ac} ]{0,40}", score in any::<i32>(),
        nested in prop::collection::btree_map("[a-z]{1,9}", prop::collection::vec(any::<bool>(), 0..3), 0..4),
        exp in any::<u32>(), iss in "[a-z:/.]{0,30}",
    ) {
        let text = serde_json::to_string(&Written { user, name, score, nested, exp, iss }).unwrap();
        prop_assert!(agrees::<Session>(&text));
        prop_assert!(agrees::<serde_json::Value>(&text));
    }
}
