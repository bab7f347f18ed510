//! What a hostile sender who has the key may write, and one who has not: headers, claims, spellings.

use crate::dice::Dice;

/// Headers. `"alg":"ALG"` stands for the parameters that the algorithm needs.
pub(crate) const HEADERS: &[&str] = &[
    r#"{"alg":"ALG","typ":"JWT"}"#,
    "\n{ \"typ\" : \"JWT\",\t\"alg\":\"ALG\" }\r",
    r#"{"alg":"ALG","more":[1,{"x":null}]}"#,
    // Members twice.
    r#"{"alg":"ALG","typ":"JWT","typ":"JWT"}"#,
    r#"{"alg":"ALG","x":1,"x":2}"#,
    r#"{"alg":"ALG","x":1,"\u0078":2}"#,
    r#"{"alg":"ALG","x":{"y":1,"y":2}}"#,
    r#"{"alg":"ALG","x":[[{"":1,"":1}]]}"#,
    // Extensions.
    r#"{"alg":"ALG","crit":["exp"],"exp":1}"#,
    r#"{"alg":"ALG","crit":["more"]}"#,
    r#"{"alg":"ALG","crit":[]}"#,
    r#"{"alg":"ALG","crit":"exp","exp":1}"#,
    r#"{"alg":"ALG","crit":[1]}"#,
    r#"{"alg":"ALG","crit":null}"#,
    r#"{"alg":"ALG","crit":["b64"],"b64":true}"#,
    r#"{"alg":"ALG","crit":["b64"],"b64":false}"#,
    r#"{"alg":"ALG","crit":["b64"]}"#,
    r#"{"alg":"ALG","crit":["b64","b64"],"b64":true}"#,
    r#"{"alg":"ALG","b64":true}"#,
    r#"{"alg":"ALG","b64":false}"#,
    r#"{"alg":"ALG","b64":"false"}"#,
    // Parameters of odd types and values.
    r#"{"alg":"ALG","typ":"at+jwt"}"#,
    r#"{"alg":"ALG","typ":"application/JWT"}"#,
    r#"{"alg":"ALG","typ":"jwt"}"#,
    r#"{"alg":"ALG","typ":""}"#,
    r#"{"alg":"ALG","typ":null}"#,
    r#"{"alg":"ALG","typ":7}"#,
    r#"{"alg":"ALG","cty":"JWT"}"#,
    r#"{"alg":"ALG","cty":null}"#,
    r#"{"alg":"ALG","cty":["JWT"]}"#,
    r#"{"alg":"ALG","kid":""}"#,
    r#"{"alg":"ALG","kid":null}"#,
    r#"{"alg":"ALG","kid":7}"#,
    r#"{"alg":"ALG","zip":"DEF"}"#,
    r#"{"alg":"ALG","zip":7}"#,
    r#"{"alg":"ALG","jku":7}"#,
    r#"{"alg":"ALG","jwk":"k"}"#,
    r#"{"alg":"ALG","jwk":{"kty":"oct","k":"AAAA"}}"#,
    r#"{"alg":"ALG","x5c":"MII"}"#,
    r#"{"alg":"ALG","x5c":["@"]}"#,
    r#"{"alg":"ALG","x5t":"+/=="}"#,
    r#"{"alg":"ALG","x5u":[]}"#,
    r#"{"alg":"ALG","url":{}}"#,
    r#"{"alg":"ALG","nonce":1}"#,
    // JSON that is none, or hardly.
    r#"{"alg":"ALG","x":"\u0000"}"#,
    r#"{"alg":"ALG","x":"\ud800"}"#,
    r#"{"alg":"ALG","\udfff":1}"#,
    r#"{"alg":"ALG","x":"\ud83d\ude00"}"#,
    r#"{"alg":"ALG","x":1e999}"#,
    r#"{"alg":"ALG","x":-0,"y":1E-400}"#,
    r#"{"alg":"ALG","x":123456789012345678901234567890}"#,
    r#"{"alg":"ALG","x":01}"#,
    r#"{"alg":"ALG","x":NaN}"#,
    r#"{"alg":"ALG",}"#,
    r#"{"alg":"ALG"/**/}"#,
    r#"{"alg":"ALG"}x"#,
    r#"{"alg":"ALG"}{}"#,
    "{\"alg\":\"ALG\"}\0",
    "{\"alg\":\"ALG\",\"x\":\"\n\"}",
    "\u{feff}{\"alg\":\"ALG\"}",
    r#"[{"alg":"ALG"}]"#,
    "",
    "null",
];

/// Headers of a signed token alone.
pub(crate) const JWS_HEADERS: &[&str] = &[
    r#"{"\u0061lg":"ALG"}"#,
    r#"{"alg":"ALG","alg":"ALG"}"#,
    r#"{"alg":"none","alg":"ALG"}"#,
    r#"{"alg":"ALG","\u0061lg":"none"}"#,
    r#"{"alg":"ALG","enc":"A256GCM"}"#,
    r#"{"alg":"ALG","enc":null}"#,
    r#"{"alg":"none"}"#,
    r#"{"alg":""}"#,
    r#"{"alg":"ALG "}"#,
    r#"{"alg":"HS256\u0000"}"#,
    r#"{"alg":["ALG"]}"#,
    r#"{"alg":null}"#,
    r#"{"typ":"JWT"}"#,
    r#"{"ALG":"ALG"}"#,
];

/// Claims. `LATER` and `BEFORE` stand for an hour on either side of `NOW`.
pub(crate) const CLAIMS: &[&str] = &[
    r#"{"aud":"api","exp":LATER,"user":7}"#,
    r#"{"iss":"i","sub":"s","aud":["x","api"],"exp":LATER,"nbf":BEFORE,"iat":BEFORE,"jti":"1","né":"ü\n"}"#,
    " { \"aud\" : [ \"api\" ] , \"exp\" : LATER } ",
    r#"{"\u0061ud":"\u0061pi","\u0065xp":LATER}"#,
    // Times.
    r#"{"aud":"api"}"#,
    r#"{"aud":"api","exp":BEFORE}"#,
    r#"{"aud":"api","exp":NOW}"#,
    r#"{"aud":"api","exp":NOW.5}"#,
    r#"{"aud":"api","exp":LATER.5}"#,
    r#"{"aud":"api","exp":4.1e9}"#,
    r#"{"aud":"api","exp":"LATER"}"#,
    r#"{"aud":"api","exp":null}"#,
    r#"{"aud":"api","exp":true}"#,
    r#"{"aud":"api","exp":-1}"#,
    r#"{"aud":"api","exp":-0}"#,
    r#"{"aud":"api","exp":253402300799}"#,
    r#"{"aud":"api","exp":99999999999999}"#,
    r#"{"aud":"api","exp":9223372036854775807}"#,
    r#"{"aud":"api","exp":18446744073709551615}"#,
    r#"{"aud":"api","exp":18446744073709551616}"#,
    r#"{"aud":"api","exp":1e300}"#,
    r#"{"aud":"api","exp":-1e300}"#,
    r#"{"aud":"api","exp":1e999}"#,
    r#"{"aud":"api","exp":[LATER]}"#,
    r#"{"aud":"api","exp":LATER,"nbf":LATER}"#,
    r#"{"aud":"api","exp":LATER,"nbf":NOW}"#,
    r#"{"aud":"api","exp":LATER,"nbf":NOW.4}"#,
    r#"{"aud":"api","exp":LATER,"nbf":"BEFORE"}"#,
    r#"{"aud":"api","exp":LATER,"nbf":null}"#,
    r#"{"aud":"api","exp":LATER,"nbf":-1}"#,
    r#"{"aud":"api","exp":LATER,"nbf":-1.5}"#,
    r#"{"aud":"api","exp":LATER,"nbf":-1e300}"#,
    r#"{"aud":"api","exp":LATER,"nbf":99999999999999}"#,
    r#"{"aud":"api","exp":LATER,"nbf":BEFORE.25}"#,
    r#"{"aud":"api","exp":LATER,"iat":LATER}"#,
    r#"{"aud":"api","exp":LATER,"iat":-1}"#,
    r#"{"aud":"api","exp":LATER,"iat":"BEFORE"}"#,
    r#"{"aud":"api","exp":LATER,"iat":null}"#,
    r#"{"aud":"api","exp":LATER,"iat":1e18}"#,
    // Whom it is for, by and about.
    r#"{"exp":LATER}"#,
    r#"{"aud":"other","exp":LATER}"#,
    r#"{"aud":"API","exp":LATER}"#,
    r#"{"aud":" api","exp":LATER}"#,
    r#"{"aud":"","exp":LATER}"#,
    r#"{"aud":[],"exp":LATER}"#,
    r#"{"aud":[["api"]],"exp":LATER}"#,
    r#"{"aud":{"api":1},"exp":LATER}"#,
    r#"{"aud":7,"exp":LATER}"#,
    r#"{"aud":["api",7],"exp":LATER}"#,
    r#"{"aud":["api",null],"exp":LATER}"#,
    r#"{"aud":["api","api"],"exp":LATER}"#,
    r#"{"aud":null,"exp":LATER}"#,
    r#"{"iss":7,"aud":"api","exp":LATER}"#,
    r#"{"iss":["i"],"aud":"api","exp":LATER}"#,
    r#"{"iss":null,"aud":"api","exp":LATER}"#,
    r#"{"sub":7,"aud":"api","exp":LATER}"#,
    r#"{"sub":null,"aud":"api","exp":LATER}"#,
    r#"{"jti":7,"aud":"api","exp":LATER}"#,
    r#"{"jti":{},"aud":"api","exp":LATER}"#,
    // Members twice.
    r#"{"aud":"api","exp":LATER,"exp":LATER}"#,
    r#"{"aud":"api","exp":BEFORE,"exp":LATER}"#,
    r#"{"aud":"api","exp":BEFORE,"\u0065xp":LATER}"#,
    r#"{"aud":"other","aud":"api","exp":LATER}"#,
    r#"{"aud":"api","exp":LATER,"x":1,"x":2}"#,
    r#"{"aud":"api","exp":LATER,"x":1,"\u0078":2}"#,
    r#"{"aud":"api","exp":LATER,"x":[{"y":1,"y":2}]}"#,
    // JSON that is none, or hardly.
    r#"[{"aud":"api","exp":LATER}]"#,
    r#"["i","s","api",LATER,BEFORE,BEFORE,"1"]"#,
    r#""exp""#,
    "",
    "null",
    r#"{"aud":"api","exp":LATER,}"#,
    r#"{"aud":"api","exp":LATER}{}"#,
    r#"{"aud":"api","exp":LATER}x"#,
    "{\"aud\":\"api\",\"exp\":LATER}\0",
    "\u{feff}{\"aud\":\"api\",\"exp\":LATER}",
    r#"{"aud":"api","exp":LATER,"x":"\ud800"}"#,
    r#"{"aud":"api","exp":LATER,"\ud800":1}"#,
    r#"{"aud":"api","exp":LATER,"x":"\ud83d\ude00\u0000"}"#,
    "{\"aud\":\"api\",\"exp\":LATER,\"x\":\"\u{1}\"}",
    r#"{"aud":"api","exp":LATER,"x":1e999}"#,
    r#"{"aud":"api","exp":LATER,"x":[-0,1.5e-7,0.1,123456789012345678901234567890]}"#,
    r#"{"aud":"api","exp":+LATER}"#,
    r#"{"aud":"api","exp":0LATER}"#,
];

/// What a claim or a parameter may be.
const VALUES: &[&str] = &[
    "LATER",
    "LATER",
    "LATER",
    "BEFORE",
    "BEFORE",
    "NOW",
    "NOW.5",
    "LATER.75",
    "BEFORE.5",
    "0",
    "-0",
    "-1",
    "1",
    "-1.5",
    "1e3",
    "4.1e9",
    "253402300800",
    "9007199254740993",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "1e300",
    "-1e300",
    "1e999",
    "1E-9",
    "null",
    "true",
    "\"x\"",
    "\"\"",
    "\"api\"",
    "[]",
    "{}",
    "[1]",
    "[\"api\"]",
    "[\"api\",1]",
    "\"\\u0061pi\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"JWT\"",
    "[\"b64\"]",
    "{\"a\":1,\"a\":2}",
    "[[[]]]",
    "\"at+jwt\"",
    "false",
];

/// What text is mutated with.
const BITS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0061",
    "\\ud800",
    "null",
    "true",
    "-",
    "0",
    "1",
    ".5",
    "e9",
    "1e999",
    " ",
    "\n",
    "\0",
    "\u{b}",
    "\u{feff}",
    "ü",
    "\"a\":1,",
    "\"exp\":1,",
    "\"x\":{},",
    "\"crit\":[],",
    "//",
    "'",
];

/// Headers with members of whatever kind.
pub(crate) fn odd_header(dice: &mut Dice) -> String {
    const NAMES: &[&str] =
        &["typ", "cty", "kid", "crit", "b64", "x", "x5c", "jwk", "zip", "exp", "\\u0078"];
    let mut members = vec![r#""alg":"ALG""#.to_owned()];
    for _ in 0..dice.below(4) {
        let member = format!("\"{}\":{}", dice.one(NAMES), dice.one(VALUES));
        members.insert(dice.below(members.len() + 1), member);
    }
    // Times are for claims: here they are just numbers.
    format!("{{{}}}", members.join(",")).replace("LATER", "7").replace("BEFORE", "8").replace("NOW", "9")
}

/// Claims of which each is right, odd, absent or there twice.
pub(crate) fn odd_claims(dice: &mut Dice) -> String {
    const RIGHT: &[(&str, &str)] = &[
        ("aud", "\"api\""),
        ("exp", "LATER"),
        ("nbf", "BEFORE"),
        ("iat", "BEFORE"),
        ("iss", "\"i\""),
        ("sub", "\"s\""),
        ("jti", "\"1\""),
        ("x", "[1,{\"y\":2}]"),
    ];
    let mut members = Vec::new();
    for (name, right) in RIGHT {
        // `exp` and `aud` are demanded: without them nothing else is judged.
        let demanded = matches!(*name, "aud" | "exp");
        let value = match dice.below(12) {
            0 => dice.one(VALUES),
            1..6 if !demanded => continue,
            1 if dice.once_in(4) => continue,
            _ => *right,
        };
        members.push(format!("\"{name}\":{value}"));
        if dice.once_in(30) {
            members.push(format!("\"{name}\":{right}"));
        }
    }
    if dice.once_in(3) {
        let at = dice.below(members.len());
        members.rotate_left(at);
    }
    format!("{{{}}}", members.join(","))
}

/// `text` with something struck out, put in or put in another's place, up to three times.
pub(crate) fn mutated(text: &str, dice: &mut Dice) -> Vec<u8> {
    let mut text = text.to_owned();
    for _ in 0..=dice.below(3) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let at = dice.one(&places);
        let end = places.iter().copied().find(|place| *place > at).unwrap_or(at);
        match dice.below(4) {
            0 => text.insert_str(at, dice.one(BITS)),
            1 => text.replace_range(at..end, dice.one(BITS)),
            2 => text.replace_range(at..end, ""),
            _ => {
                // A stretch of it once more.
                let stretch = text[at..dice.one(&places).max(at)].to_owned();
                text.insert_str(at, &stretch);
            }
        }
    }
    let mut bytes = text.into_bytes();
    if dice.once_in(8) && !bytes.is_empty() {
        // What may no longer be UTF-8.
        let at = dice.below(bytes.len());
        bytes[at] = dice.next() as u8;
    }
    bytes
}

/// How a part is spelled that spells the same bytes, or other ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    Padded,
    OtherAlphabet,
    BitsBehind,
    LineBreak,
    Space,
    NonAscii,
    LetterMore,
}

pub(crate) const SPELLINGS: [Spelling; 7] = [
    Spelling::Padded,
    Spelling::OtherAlphabet,
    Spelling::BitsBehind,
    Spelling::LineBreak,
    Spelling::Space,
    Spelling::NonAscii,
    Spelling::LetterMore,
];

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// `text`, which is base64url, spelled so; none where that changes nothing.
pub(crate) fn respelled(text: &str, spelling: Spelling, dice: &mut Dice) -> Option<String> {
    let at = dice.below(text.len() + 1);
    let spelled = match spelling {
        Spelling::Padded if text.len() % 4 == 0 => format!("{text}===="),
        Spelling::Padded => format!("{text}{}", "=".repeat(4 - text.len() % 4)),
        Spelling::OtherAlphabet => text.replace('-', "+").replace('_', "/"),
        Spelling::BitsBehind => {
            let last = text.bytes().last().filter(|_| text.len() % 4 != 0)?;
            let value = LETTERS.iter().position(|letter| *letter == last)?;
            format!("{}{}", &text[..text.len() - 1], char::from(LETTERS[value ^ 1]))
        }
        Spelling::LineBreak => format!("{}\n{}", &text[..at], &text[at..]),
        Spelling::Space => format!("{}{}{}", &text[..at], dice.one(&[" ", "\t", "\r\n"]), &text[at..]),
        Spelling::NonAscii => {
            format!("{}{}{}", &text[..at], dice.one(&["é", "＝", "\u{feff}"]), &text[at..])
        }
        Spelling::LetterMore => format!("{text}A"),
    };
    (spelled != text).then_some(spelled)
}

/// A token that was touched on its way.
pub(crate) fn damaged(token: &str, dice: &mut Dice) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let part = dice.below(parts.len());
    let at = dice.below(token.len());
    match dice.below(12) {
        0 => token[..at].to_owned(),
        1 => format!("{}{}", &token[..at], &token[at + 1..]),
        2 => format!("{}A{}", &token[..at], &token[at..]),
        3 => format!("{token}."),
        4 => format!("{token}\n"),
        5 => format!(" {token}"),
        6 => {
            let other = dice.below(parts.len());
            parts.swap(part, other);
            parts.join(".")
        }
        7 => {
            parts.remove(part);
            parts.join(".")
        }
        8 => {
            parts.insert(part, parts[part].clone());
            parts.join(".")
        }
        9 => {
            parts[part].clear();
            parts.join(".")
        }
        10 => {
            let spelling = dice.one(&SPELLINGS);
            parts[part] = respelled(&parts[part], spelling, dice).unwrap_or_default();
            parts.join(".")
        }
        // A bit of what a part spells.
        _ => {
            let mut bytes = data_encoding::BASE64URL_NOPAD.decode(parts[part].as_bytes()).unwrap();
            if !bytes.is_empty() {
                let bit = dice.below(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            parts[part] = data_encoding::BASE64URL_NOPAD.encode(&bytes);
            parts.join(".")
        }
    }
}
