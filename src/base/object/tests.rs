//! What is written, beside what serde_json writes.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use serde::Serialize;

use super::*;

/// The member `fixed`, which is nobody else's.
struct One;

impl Fixed for One {
    fn write(&self, to: &mut Members<'_>) -> Result<(), JsonError> {
        to.add("fixed", &1)
    }

    fn claims(&self, name: &str) -> bool {
        name == "fixed"
    }
}

fn written<C: Serialize>(custom: &C) -> Result<String, JsonError> {
    let mut out = Scratch::new();
    write(&One, custom, &mut out)?;
    Ok(String::from_utf8(out.to_vec()).unwrap())
}

/// Behind the fixed member stands what serde_json writes, byte for byte.
fn agrees<C: Serialize + Debug>(custom: &C) {
    let theirs = serde_json::to_string(custom).unwrap();
    let due = match theirs.strip_prefix('{') {
        Some("}") | None => r#"{"fixed":1}"#.to_owned(),
        Some(members) => format!(r#"{{"fixed":1,{members}"#),
    };
    assert_eq!(written(custom).unwrap(), due, "{custom:?}");
}

#[derive(Debug, Clone, Serialize)]
struct Id(u64);

#[derive(Debug, Clone, Serialize)]
struct Unit;

#[derive(Debug, Clone, Serialize)]
struct Pair(i8, &'static str);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum Shape {
    Bare,
    New(u8),
    Two(u8, u8),
    Named { a: u8 },
}

#[derive(Debug, Clone)]
struct Shown;

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str("shown \"so\"")
    }
}

#[derive(Debug, Clone)]
struct Bytes;

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(b"\x00\xff")
    }
}

#[derive(Debug, Clone, Serialize)]
struct All<'s> {
    plain: &'s str,
    #[serde(rename = "q\"uoted\n")]
    escaped: &'s str,
    none: Option<u8>,
    some: Option<&'s str>,
    unit: (),
    unit_struct: Unit,
    id: Id,
    pair: Pair,
    yes: bool,
    no: bool,
    small: (i8, i16, i32, i64, u8, u16, u32, u64),
    least: i64,
    most: u64,
    wide: i128,
    wider: u128,
    single: f32,
    double: f64,
    not_a_number: f64,
    letter: char,
    bytes: Bytes,
    shown: Shown,
    shapes: Vec<Shape>,
    lists: &'s [&'s [Option<&'s str>]],
    bare: Shape,
    new: Shape,
    two: Shape,
    named: Shape,
    map: BTreeMap<u8, &'s str>,
}

const ALL: All<'_> = All {
    plain: "text",
    escaped: "a \"b\" \\ \u{7} \u{2028}",
    none: None,
    some: Some("there"),
    unit: (),
    unit_struct: Unit,
    id: Id(7),
    pair: Pair(-1, "two"),
    yes: true,
    no: false,
    small: (-8, -16, -32, -64, 8, 16, 32, 64),
    least: i64::MIN,
    most: u64::MAX,
    wide: i128::MIN,
    wider: u128::MAX,
    single: 0.5,
    double: -1e300,
    not_a_number: f64::NAN,
    letter: '"',
    bytes: Bytes,
    shown: Shown,
    shapes: Vec::new(),
    lists: &[&[Some("a"), None, Some("\"b\"")], &[], &[Some("")]],
    bare: Shape::Bare,
    new: Shape::New(1),
    two: Shape::Two(1, 2),
    named: Shape::Named { a: 1 },
    map: BTreeMap::new(),
};

#[derive(Serialize)]
#[serde(transparent)]
struct Around<T>(T);

#[test]
fn every_kind_of_value_is_written_as_serde_json_does() {
    let shapes = vec![Shape::Named { a: 2 }, Shape::Bare, Shape::New(3)];
    agrees(&All { shapes, map: [(1, "one"), (2, "\"two\"")].into(), ..ALL });
    agrees(&Some(Id(1)).map(|_| ALL));
    assert_eq!(written(&Around(Some(ALL))).unwrap(), written(&ALL).unwrap());

    // The same as values of a map, whose names stand before them already.
    #[derive(Debug, Serialize)]
    struct Flat<'s> {
        #[serde(flatten)]
        all: All<'s>,
    }
    agrees(&ALL);
    let shapes = vec![Shape::New(1)];
    let theirs = serde_json::to_string(&Flat { all: All { shapes: shapes.clone(), ..ALL } });
    let ours = written(&Flat { all: All { shapes, ..ALL } }).unwrap();
    assert_eq!(ours.replace(r#""fixed":1,"#, ""), theirs.unwrap());
}

#[test]
fn names_of_every_kind_are_written_as_serde_json_does() {
    agrees(&BTreeMap::from([("a", 1), ("b\"", 2), ("", 3)]));
    agrees(&BTreeMap::from([(1_u64, Some("x")), (u64::MAX, None)]));
    agrees(&BTreeMap::from([('c', true), ('"', false)]));
    agrees(&BTreeMap::from([(true, "yes")]));
    agrees(&BTreeMap::from([(Shape::Bare, -1)]));
    agrees(&BTreeMap::<String, u8>::new());
    agrees(&());
    agrees(&Unit);
    agrees(&None::<All<'_>>);
}

#[test]
fn claims_are_written_as_serde_json_does() {
    let written = |add: &dyn Fn(&mut Members<'_>) -> Result<(), JsonError>| {
        let mut scratch = Scratch::new();
        let out = RefCell::new(&mut scratch);
        let mut members = Members::new(Out(&out));
        add(&mut members)?;
        members.end()?;
        Ok::<_, JsonError>(String::from_utf8(scratch.to_vec()).unwrap())
    };
    for text in ["", "plain", "a \"b\" \\ \u{7}", "\u{e4}\u{2028} and more of it"] {
        let both = written(&|to| {
            to.add_text(*b"iss", text.as_bytes())?;
            to.add_text(*b"sub", text.as_bytes())
        });
        let json = serde_json::to_string(text).unwrap();
        assert_eq!(both.unwrap(), format!(r#"{{"iss":{json},"sub":{json}}}"#));
    }
    assert!(written(&|to| to.add_text(*b"iss", b"\"\xff")).is_err(), "it is no text");
    for number in [0, -1, i64::MIN, i64::MAX] {
        let both = written(&|to| {
            to.add_number(*b"nbf", number)?;
            to.add_number(*b"exp", number)
        });
        assert_eq!(both.unwrap(), format!(r#"{{"nbf":{number},"exp":{number}}}"#));
    }
}

#[test]
fn names_that_are_taken_and_what_is_no_object_are_refused() {
    assert!(written(&BTreeMap::from([("fixed", 1)])).is_err());
    for error in [
        written(&7),
        written(&"text"),
        written(&[1, 2]),
        written(&Pair(1, "two")),
        written(&Id(1)),
        written(&Shape::Bare),
        written(&Shape::New(1)),
        written(&Shape::Two(1, 2)),
        written(&Shape::Named { a: 1 }),
        written(&Shown),
        written(&Bytes),
        written(&true),
        written(&0.5),
        written(&BTreeMap::from([((1, 2), 3)])),
    ] {
        assert!(error.is_err(), "{error:?}");
    }
}

proptest! {
    #[test]
    fn any_text_and_number_is_written_as_serde_json_does(
        texts in prop::collection::btree_map(any::<String>(), any::<String>(), 0..6),
        numbers in prop::collection::btree_map("[a-z\"\\\\\u{1f}]{0,12}", any::<i64>(), 0..6),
    ) {
        prop_assume!(!numbers.contains_key("fixed") && !texts.contains_key("fixed"));
        agrees(&texts);
        agrees(&numbers);
    }
}
