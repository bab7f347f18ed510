//! What a hostile sender may write, by parser: token, header, claims, keys. Each comes to a typed
//! error, or, where damage leaves something good, to what it then says; nothing panics.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use serde_json::{Value, json};
use symbolon::jws::Unverified;
use symbolon::jws::compact::{self, Parameters};
use symbolon::{
    Error, ErrorKind, Fault, FixedClock, HmacAlg, Jwk, JwkSet, JwsAlg, JwsCodec, Keyring, Limits,
    NoCustom, OctKey, RawToken, Signer, TokenCodec, TokenCodecExt, Validator, Verifier,
};

use crate::rfc7515::{A_2_KEY, A_2_TOKEN};
use crate::support::{
    MAX_DEPTH, base64url, count, damaged, noise, read, refused, signed_as, signed_input,
};

/// What stands in for a character of a token, one after the other.
const ODD: [&str; 16] =
    [".", "=", "+", "/", " ", "\0", "é", "\n", "\r", "\t", "%", "\"", "~", "\u{feff}", "\u{202e}", "A"];

fn hs256() -> Signer {
    OctKey::new(vec![7; 32]).unwrap().signer(HmacAlg::Hs256).unwrap()
}

/// A ring of one key named `k`.
fn named() -> (Signer, Keyring) {
    let signer = hs256().with_kid("k").unwrap();
    (signer.clone(), Keyring::new(signer))
}

/// A good token and the ring that reads it, for each family, its key with a name and without one.
fn good() -> Vec<(&'static str, Keyring, String)> {
    let mut all = Vec::new();
    for (family, signer) in [
        ("HS256", hs256()),
        ("ES256", Signer::generate(JwsAlg::ES256).unwrap()),
        ("EdDSA", Signer::generate(JwsAlg::EDDSA).unwrap()),
    ] {
        for signer in [signer.clone(), signer.with_kid("2026-11").unwrap()] {
            let token =
                compact::sign(br#"{"sub":"7"}"#, &Parameters::new().typ("JWT"), &(), &signer).unwrap();
            all.push((family, Keyring::new(signer), token));
        }
    }
    // Not every backend signs with RSA: the RFC's own.
    let key = Jwk::from_json(A_2_KEY).unwrap().to_public().unwrap();
    let key = Verifier::from_jwk_as(&key, JwsAlg::RS256).unwrap();
    all.push(("RS256", Keyring::read_only().with_reader(key).unwrap(), A_2_TOKEN.to_owned()));
    for (family, ring, token) in &all {
        assert_eq!(refused(token, ring), None, "{family}");
    }
    all
}

fn within<T>(limit: Duration, what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    let took = start.elapsed();
    assert!(took < limit, "{what} took {took:?}");
    done
}

fn must_be(kind: Option<ErrorKind>, due: ErrorKind, what: impl std::fmt::Debug) -> Result<(), String> {
    if kind == Some(due) { Ok(()) } else { Err(format!("{what:.80?}: {kind:?}, should be {due:?}")) }
}

fn must_fail(token: &str, ring: &Keyring, what: impl std::fmt::Debug) -> Result<(), String> {
    refused(token, ring).map(|_| ()).ok_or_else(|| format!("{what:?} was read"))
}

// The token.

#[test]
fn refuses_a_token_cut_off_at_any_byte() {
    for (family, ring, token) in good() {
        count(&format!("cut {family}"), 0..token.len(), |end| must_fail(&token[..end], &ring, end));
    }
}

#[test]
fn refuses_a_token_with_any_bit_flipped() {
    for (family, ring, token) in good() {
        let flipped = damaged(token.as_bytes()).skip(token.len());
        // What is no UTF-8 cannot be handed over; here it comes as a careless caller would make it.
        count(&format!("flipped {family}"), flipped, |bytes| {
            let text = String::from_utf8_lossy(&bytes);
            must_fail(&text, &ring, &text)
        });
    }
}

#[test]
fn refuses_a_token_with_any_character_replaced_or_inserted() {
    for (family, ring, token) in good() {
        let places = (0..=token.len()).flat_map(|place| ODD.map(|odd| (place, odd)));
        count(&format!("odd characters {family}"), places, |(place, odd)| {
            let (before, after) = token.split_at(place);
            must_fail(&format!("{before}{odd}{after}"), &ring, (place, odd))?;
            match after.get(1..) {
                Some(rest) if !after.starts_with(odd) => {
                    must_fail(&format!("{before}{odd}{rest}"), &ring, (place, odd))
                }
                _ => Ok(()),
            }
        });
    }
}

#[test]
fn refuses_a_token_of_any_other_shape() {
    for (family, ring, token) in good() {
        let [h, p, s] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let malformed = [
            String::new(),
            ".".into(),
            "..".into(),
            "...".into(),
            "....".into(),
            h.into(),
            format!("{h}."),
            format!("{h}.{p}"),
            format!("{h}{p}{s}"),
            format!(".{p}.{s}"),
            format!(".{p}."),
            format!("..{s}"),
            format!(".{token}"),
            format!("{token}."),
            format!("{token}.."),
            format!("{token}.{s}"),
            format!("{h}.{p}.{s}.{p}.{s}"),
            format!("{h}....{s}"),
            format!("{h},{p},{s}"),
            format!("{h}。{p}。{s}"),
            format!(" {token}"),
            format!("{token} "),
            format!("{token}\n"),
            format!("{token}\r\n"),
            format!("\n{token}"),
            format!("\t{token}"),
            format!("{token}\0"),
            format!("\u{feff}{token}"),
            format!("\"{token}\""),
            format!("Bearer {token}"),
            format!("{token},{token}"),
            format!("{h} .{p}.{s}"),
            format!("{h}.{p}. {s}"),
            format!("{h}=.{p}.{s}"),
            format!("{h}.{p}.{s}="),
            format!("{h}.{p}.{s}=="),
            format!("{h}.{p}.{s}A"), // no length that base64url has, or
            format!("{p}.{h}.{s}"),  // a header that is none
        ];
        count(&format!("malformed {family}"), malformed, |text| match refused(&text, &ring) {
            // Where one more character makes base64url again, the signature is too long.
            Some(ErrorKind::Unauthentic) if text.ends_with(&format!("{s}A")) => Ok(()),
            kind => must_be(kind, ErrorKind::Malformed, &text),
        });
        let unauthentic = [
            format!("{h}.{p}."),
            format!("{h}..{s}"),
            format!("{h}.."),
            format!("{h}.{p}p.{s}"),
            format!("{h}.{p}.AAAA"),
            format!("{h}.{p}.{}", &s[..s.len() - s.len() % 4]),
            format!("{h}.{p}.{}", base64url([0; 64])),
            format!("{h}.{p}.{}", base64url([0xff; 64])),
            format!("{h}.{p}{p}{p}{p}.{s}"),
        ];
        count(&format!("unauthentic {family}"), unauthentic, |text| match refused(&text, &ring) {
            // A payload that is no base64url either is as good a reason, but a wrong signature is
            // told first.
            kind if text.starts_with(&format!("{h}.")) => must_be(kind, ErrorKind::Unauthentic, &text),
            kind => Err(format!("{kind:?}")),
        });
        let bare = refused(&format!("{token}{token}"), &ring);
        assert_eq!(bare, Some(ErrorKind::Malformed));
    }
}

#[test]
fn a_signature_of_no_base64url_or_of_great_length_is_malformed() {
    let (signer, ring) = named();
    let input = format!("{}.e30", base64url(r#"{"alg":"HS256","kid":"k"}"#));
    for signature in ["A", "AB", "AAF", "+/+/", "AA==", "A A", "é", "AAAA\0"] {
        assert_eq!(
            refused(&format!("{input}.{signature}"), &ring),
            Some(ErrorKind::Malformed),
            "{signature:?}"
        );
    }
    for len in [
        4,
        132,
        136,
        172,
        173,
        174,
        175,
        176,
        177,
        178,
        179,
        180,
        340,
        344,
        1365,
        1366,
        1368,
        4096,
        1 << 19,
    ] {
        let kind = refused(&format!("{input}.{}", "A".repeat(len)), &ring);
        assert!(matches!(kind, Some(ErrorKind::Malformed | ErrorKind::Unauthentic)), "{len}: {kind:?}");
    }
    assert_eq!(refused(&signed_input(&input, &signer), &ring), None);
}

/// One token, one spelling: what base64url leaves free must be zero, even below a good signature.
#[test]
fn refuses_other_spellings_of_the_same_bytes_with_a_good_signature() {
    let (signer, ring) = named();
    let header = base64url(r#"{"alg":"HS256","kid":"k"} "#);
    assert_eq!(header.len() % 4, 3, "two bits of its last character are free");
    let next = |text: &str| {
        let last = text.chars().last().unwrap();
        format!("{}{}", &text[..text.len() - 1], char::from(last as u8 + 1))
    };
    let cases = [
        (format!("{}.e30", next(&header)), "header"),
        (format!("{header}=.e30"), "header"),
        (format!("{header}\n.e30"), "header"),
        (format!("{header}.AB"), "payload"),
        (format!("{header}.AAB"), "payload"),
        (format!("{header}.e31"), "payload"),
        (format!("{header}.e30="), "payload"),
        (format!("{header}.AA=="), "payload"),
        (format!("{header}. e30"), "payload"),
        (format!("{header}.e30\n"), "payload"),
        (format!("{header}.+/+/"), "payload"),
        (format!("{header}.A"), "payload"),
        (format!("{header}.{{}}"), "payload"),
        (format!("{header}.e3\u{0}0"), "payload"),
    ];
    count("other spellings", cases, |(input, part)| {
        must_be(refused(&signed_input(&input, &signer), &ring), ErrorKind::Malformed, (part, input))
    });
    // The MAC's last character has two free bits, too: of four spellings one is read.
    let good = signed_input(&format!("{header}.e30"), &signer);
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let read = digits
        .chars()
        .filter(|last| refused(&format!("{}{last}", &good[..good.len() - 1]), &ring).is_none());
    assert_eq!(read.collect::<String>(), good[good.len() - 1..]);
}

#[test]
fn refuses_noise() {
    let (_, ring) = named();
    let alphabet = b"eyJhbGciOiJIUzI1NiJ9AAw-_...=+ ";
    let texts = (0..20_000).map(|seed| {
        let bytes = noise(seed, (seed % 211) as usize);
        match seed % 3 {
            0 => String::from_utf8_lossy(&bytes).into_owned(),
            1 => bytes
                .iter()
                .map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()]))
                .collect(),
            // Three parts of base64url, so that each comes as far as it can.
            _ => [0, 1, 2]
                .map(|part| base64url(&bytes[part * bytes.len() / 3..(part + 1) * bytes.len() / 3]))
                .join("."),
        }
    });
    count("noise as token", texts, |text| must_fail(&text, &ring, &text));
}

// Sizes.

#[test]
fn ten_megabytes_of_dots_cost_nothing() {
    let dots = ".".repeat(10_000_000);
    let (_, ring) = named();
    let raised = Limits::default().token_len(usize::MAX).header_len(usize::MAX);
    let default = Limits::default();
    for (limits, kind) in [(default, ErrorKind::TooLarge), (raised, ErrorKind::Malformed)] {
        within(Duration::from_secs(1), "dots", || {
            assert_eq!(read(&dots, &ring, &limits).unwrap_err().kind(), kind);
        });
    }
    assert_eq!(Unverified::peek(&dots).unwrap_err().kind(), ErrorKind::TooLarge);
    // With all limits off work stays in proportion to the text.
    for text in [
        "e".repeat(10_000_000),
        format!("{}.e30.AA", "e".repeat(10_000_000)),
        format!("e30.{}.AA", "e".repeat(10_000_000)),
    ] {
        within(Duration::from_secs(5), "ten megabytes", || {
            assert_eq!(read(&text, &ring, &raised).unwrap_err().kind(), ErrorKind::Malformed);
        });
    }
}

#[test]
fn a_token_has_one_mebibyte_at_most() {
    const MIB: usize = 1 << 20;
    // A longer name makes room for one character less, as lengths of base64url are not any.
    for name in ["k", "kk", "kkk"] {
        let signer = hs256().with_kid(name).unwrap();
        let ring = Keyring::new(signer.clone());
        let header = base64url(format!(r#"{{"alg":"HS256","kid":"{name}"}}"#));
        for over in [0, 1] {
            let payload = MIB + over - header.len() - 2 - 43;
            if payload % 4 == 1 {
                continue;
            }
            let token = signed_input(&format!("{header}.{}", "A".repeat(payload)), &signer);
            assert_eq!(token.len(), MIB + over);
            assert_eq!(refused(&token, &ring), (over == 1).then_some(ErrorKind::TooLarge), "{name}");
            // A limit of one's own counts as exactly.
            let limit = |len| {
                read(&token, &ring, &Limits::default().token_len(len)).err().map(|error| error.kind())
            };
            assert_eq!(limit(token.len()), None);
            assert_eq!(limit(token.len() - 1), Some(ErrorKind::TooLarge));
        }
    }
    // Nothing was decoded before: this is neither base64url nor three parts.
    let (_, ring) = named();
    assert_eq!(refused(&"!".repeat(MIB + 1), &ring), Some(ErrorKind::TooLarge));
    assert_eq!(refused(&"!".repeat(MIB), &ring), Some(ErrorKind::Malformed));
}

#[test]
fn a_header_has_eight_kibibytes_at_most() {
    let (signer, ring) = named();
    let of = |len: usize| {
        let header = r#"{"alg":"HS256","kid":"k","x":""}"#;
        let padded = header.replace("\"\"", &format!("\"{}\"", "x".repeat(len - header.len())));
        assert_eq!(padded.len(), len);
        padded
    };
    for (len, kind) in [
        (8191, None),
        (8192, None),
        (8193, Some(ErrorKind::TooLarge)),
        (8194, Some(ErrorKind::TooLarge)),
        (600_000, Some(ErrorKind::TooLarge)),
    ] {
        assert_eq!(refused(&signed_as(of(len), "{}", &signer), &ring), kind, "{len}");
    }
    // Nothing was decoded before.
    assert_eq!(refused(&format!("{}.e30.AA", "!".repeat(10_924)), &ring), Some(ErrorKind::TooLarge));
    assert_eq!(refused(&format!("{}.e30.AA", "!".repeat(10_923)), &ring), Some(ErrorKind::Malformed));
    let token = signed_as(of(100), "{}", &signer);
    for (len, kind) in [(100, None), (99, Some(ErrorKind::TooLarge)), (0, Some(ErrorKind::TooLarge))] {
        let limits = Limits::default().header_len(len);
        assert_eq!(read(&token, &ring, &limits).err().map(|error| error.kind()), kind, "{len}");
    }
}

/// The ring's own header is known without being parsed: limits hold for it all the same.
#[test]
fn a_limit_below_the_rings_own_header_holds() {
    let (signer, ring) = named();
    let token = compact::sign(b"{}", &Parameters::new().typ("JWT"), &(), &signer).unwrap();
    let limits = Limits::default().header_len(10);
    assert_eq!(read(&token, &ring, &limits).unwrap_err().kind(), ErrorKind::TooLarge);
}

#[test]
fn a_kid_has_256_bytes_at_most_and_names_a_key_or_nothing() {
    let (signer, ring) = named();
    let kind = |kid: &str| {
        let header = format!(r#"{{"alg":"HS256","kid":{}}}"#, Value::from(kid));
        refused(&signed_as(header, "{}", &signer), &ring)
    };
    assert_eq!(kind("k"), None);
    for kid in [
        "",
        "K",
        "k ",
        " k",
        "k\0",
        "\0",
        "kk",
        "../k",
        "k/../k",
        "k' OR '1'='1",
        "file:///dev/null",
        "ｋ",
    ] {
        assert_eq!(kind(kid), Some(ErrorKind::UnknownKey), "{kid:?}");
    }
    assert_eq!(kind(&"k".repeat(256)), Some(ErrorKind::UnknownKey));
    assert_eq!(kind(&"k".repeat(257)), Some(ErrorKind::TooLarge));
    assert_eq!(kind(&"é".repeat(129)), Some(ErrorKind::TooLarge), "bytes are counted, not characters");
    assert_eq!(kind(&"k".repeat(8000)), Some(ErrorKind::TooLarge));
    // A key without a name reads tokens of any, still within the limit.
    let sole = Keyring::new(hs256());
    for (len, due) in [(0, None), (256, None), (257, Some(ErrorKind::TooLarge))] {
        let header = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(len));
        assert_eq!(refused(&signed_as(header, "{}", &signer), &sole), due);
    }
}

// The header, below a good signature.

/// An object of one member `deep` as deep as this, itself included.
fn nested(depth: usize, rest: &str) -> String {
    format!(r#"{{{rest}"deep":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1))
}

/// JSON that is no strict object, whatever it is for.
fn not_json() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "true",
        "0",
        "\"\"",
        "\"{}\"",
        "[]",
        "[{}]",
        "{",
        "}",
        "{}{}",
        "{},",
        "{}x",
        "{}\0",
        "\0{}",
        "{},{}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\" 1}",
        "{1:1}",
        "{null:1}",
        "{\"a\":undefined}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":-Infinity}",
        "{\"a\":01}",
        "{\"a\":-01}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":.1}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":0x1}",
        "{\"a\":1_0}",
        "{\"a\":1n}",
        "{\"a\":True}",
        "{\"a\":tru}",
        "{\"a\":nul",
        "{\"a\":truefalse}",
        "{\"a\":[}",
        "{\"a\":]}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1 2]}",
        "{\"a\":\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\0\"}",
        "{\"a\":\"\u{1f}\"}",
        "{\"a\":\"\\\"}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\'\"}",
        "{\"a\":\"\\u\"}",
        "{\"a\":\"\\u00\"}",
        "{\"a\":\"\\u004g\"}",
        "{\"a\":\"\\u+041\"}",
        "{\"a\":\"\\U00000041\"}",
        "// {}\n{}",
        "{/**/}",
        "{}//",
        "{}\n\u{c}",
        "\u{b}{}",
        "\u{a0}{}",
        "{}\u{2028}",
        "\u{feff}{}",
        "{}\u{feff}",
        "ï»¿{}",
        // lone surrogates, in values and names
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\udbff\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\ud800x\"}",
        "{\"\\ud800\":1}",
        "{\"a\":[\"\\udfff\\ud800\"]}",
        "{\"a\":{\"\\udfff\":1}}",
        // a member twice, however its name is spelled
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"\\u0061\":1,\"a\":2}",
        "{\"\\u0061\":1,\"\\u0061\":2}",
        "{\"\":1,\"\":2}",
        "{\"/\":1,\"\\/\":2}",
        "{\"\\n\":1,\"\\u000a\":2}",
        "{\"\\u000A\":1,\"\\u000a\":2}",
        "{\"😀\":1,\"\\ud83d\\ude00\":2}",
        "{\"x\":{\"a\":1,\"a\":1}}",
        "{\"x\":[[{\"a\":1,\"b\":2,\"a\":3}]]}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    // bytes that are no UTF-8: alone, cut short, overlong, a surrogate's, beyond Unicode, UTF-16, Latin-1
    for bytes in [
        &b"\xff"[..],
        b"\x80",
        b"\xc3",
        b"\xe2\x82",
        b"\xc0\x80",
        b"\xc1\xa1",
        b"\xe0\x80\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xe9",
    ] {
        for (before, after) in
            [(&b"{\"a\":\""[..], &b"\"}"[..]), (b"{\"", b"\":1}"), (b"{}", b""), (b"", b"{}")]
        {
            all.push([before, bytes, after].concat());
        }
    }
    all.push(b"\xff\xfe{\0}\0".to_vec());
    all.push(b"\0{\0}".to_vec());
    all.push(nested(MAX_DEPTH + 1, "").into_bytes());
    all.push(nested(4000, "").into_bytes());
    all.push("[".repeat(6000).into_bytes());
    all.push("{\"a\":".repeat(1500).into_bytes());
    all
}

#[test]
fn refuses_headers_that_are_not_strict_json() {
    let (signer, ring) = named();
    count("headers that are not strict JSON", not_json(), |header| {
        must_be(refused(&signed_as(&header, "{}", &signer), &ring), ErrorKind::Malformed, &header)?;
        // The same damage in a header that would be good.
        let Some(inner) = header.strip_prefix(b"{") else { return Ok(()) };
        let header = [br#"{"alg":"HS256","kid":"k","#, inner].concat();
        must_be(refused(&signed_as(&header, "{}", &signer), &ring), ErrorKind::Malformed, &header)
    });
}

#[test]
fn judges_header_parameters_by_name_type_and_value() {
    use ErrorKind::{AlgorithmMismatch, Malformed, UnsupportedHeader};
    let (signer, ring) = named();
    let mut cases = vec![
        (r#"{"kid":"k"}"#.to_owned(), Some(Malformed)),
        ("{}".to_owned(), Some(Malformed)),
        (r#"{"ALG":"HS256","kid":"k"}"#.to_owned(), Some(Malformed)),
        (r#"{"alg":"HS256","alg":"HS256","kid":"k"}"#.to_owned(), Some(Malformed)),
        (r#"{"alg":"none","alg":"HS256","kid":"k"}"#.to_owned(), Some(Malformed)),
        (r#"{"alg":"HS256","\u0061lg":"none","kid":"k"}"#.to_owned(), Some(Malformed)),
        (r#"{"\u0061lg":"none","alg":"HS256","kid":"k"}"#.to_owned(), Some(Malformed)),
        (r#"{"alg":"HS256","kid":"k","k\u0069d":"k"}"#.to_owned(), Some(Malformed)),
        (
            r#"{"alg":"HS256","kid":"k","crit":["b64"],"b64":true,"crit":["b64"]}"#.to_owned(),
            Some(Malformed),
        ),
        // An escape alone changes nothing.
        (r#"{"\u0061lg":"\u0048S256","kid":"\u006b"}"#.to_owned(), None),
        (" {\t\"alg\" : \"HS256\",\r\n\"kid\":\"k\" } ".to_owned(), None),
    ];
    // `alg`: only its name, exactly.
    for alg in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        " ",
        "hs256",
        "HS256 ",
        " HS256",
        "HS256\\u0000",
        "HS 256",
        "HS384",
        "HS512",
        "RS256",
        "ES256",
        "dir",
        "ＨＳ256",
    ] {
        cases.push((format!(r#"{{"alg":"{alg}","kid":"k"}}"#), Some(AlgorithmMismatch)));
    }
    // What is text must be text; null is not as good as absent.
    for odd in
        ["null", "true", "false", "0", "256", "[]", "{}", r#"["HS256"]"#, r#"["k"]"#, r#"{"a":"HS256"}"#]
    {
        cases.push((format!(r#"{{"alg":{odd},"kid":"k"}}"#), Some(Malformed)));
        cases.push((format!(r#"{{"alg":"HS256","kid":{odd}}}"#), Some(Malformed)));
        cases.push((format!(r#"{{"alg":"HS256","kid":"k","typ":{odd}}}"#), Some(Malformed)));
        cases.push((format!(r#"{{"alg":"HS256","kid":"k","cty":{odd}}}"#), Some(Malformed)));
        // The header of another kind of token.
        cases.push((format!(r#"{{"alg":"HS256","kid":"k","enc":{odd}}}"#), Some(Malformed)));
    }
    for (rest, kind) in [
        (r#""crit":null"#, Some(Malformed)),
        (r#""crit":true"#, Some(Malformed)),
        (r#""crit":"b64""#, Some(Malformed)),
        (r#""crit":{}"#, Some(Malformed)),
        (r#""crit":[]"#, Some(Malformed)),
        (r#""crit":[null]"#, Some(UnsupportedHeader)),
        (r#""crit":[["b64"]],"b64":true"#, Some(UnsupportedHeader)),
        (r#""crit":["b64"]"#, Some(UnsupportedHeader)),
        (r#""crit":["b64","b64"],"b64":true"#, Some(UnsupportedHeader)),
        (r#""crit":["b64","exp"],"b64":true,"exp":1"#, Some(UnsupportedHeader)),
        (r#""crit":["exp"],"exp":1"#, Some(UnsupportedHeader)),
        (r#""crit":["alg"]"#, Some(UnsupportedHeader)),
        (r#""crit":["crit"]"#, Some(UnsupportedHeader)),
        (r#""crit":["B64"],"B64":true"#, Some(UnsupportedHeader)),
        (r#""crit":["b64"],"b64":false"#, Some(UnsupportedHeader)),
        (r#""b64":false"#, Some(UnsupportedHeader)),
        (r#""b64":"false""#, Some(Malformed)),
        (r#""b64":0"#, Some(Malformed)),
        (r#""b64":null"#, Some(Malformed)),
        (r#""b64":true"#, None),
        (r#""crit":["b64"],"b64":true"#, None),
        (r#""crit":["b\u00364"],"b64":true"#, None),
        // Keys that a token brings along are inert, whatever they are.
        (
            r#""jwk":{"kty":"oct","k":"AA"},"jku":"https://evil.example/","x5u":7,"x5c":[null],"x5t":{}"#,
            None,
        ),
        (r#""x":1e999999999,"y":-1e-999999999,"z":-0"#, None),
    ] {
        cases.push((format!(r#"{{"alg":"HS256","kid":"k",{rest}}}"#), kind));
    }
    cases.push((format!(r#"{{"alg":"HS256","kid":"k","x":{}}}"#, "9".repeat(8000)), None));
    cases.push((nested(MAX_DEPTH, r#""alg":"HS256","kid":"k","#), None));
    cases.push((nested(MAX_DEPTH + 1, r#""alg":"HS256","kid":"k","#), Some(Malformed)));
    count("header parameters", cases, |(header, kind)| {
        let is = refused(&signed_as(&header, "{}", &signer), &ring);
        if is == kind { Ok(()) } else { Err(format!("{header:.100}: {is:?}, should be {kind:?}")) }
    });
}

/// A header that is read in spite of its damage must say, to any other reader too, what was read.
fn agrees_with_others(header: &[u8], signer: &Signer, ring: &Keyring) -> Result<bool, String> {
    if refused(&signed_as(header, "{}", signer), ring).is_some() {
        return Ok(false);
    }
    let value: Value = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let fits = value["alg"] == "HS256" && (value["kid"] == "k" || value.get("kid").is_none());
    let critical = value.get("crit").is_none_or(|crit| *crit == json!(["b64"]) && value["b64"] == true);
    if fits && critical { Ok(true) } else { Err(value.to_string()) }
}

#[test]
fn a_damaged_header_is_refused_or_means_the_same_to_others() {
    let (signer, ring) = named();
    let header = r#"{"typ":"JWT","alg":"HS256","kid":"k","n":[1.5e3,{"\u00e9":null}]}"#;
    assert_eq!(agrees_with_others(header.as_bytes(), &signer, &ring), Ok(true));
    count("damaged headers", damaged(header.as_bytes()), |text| {
        agrees_with_others(&text, &signer, &ring).map(|_| ())
    });
    let places = (0..header.len())
        .flat_map(|place| ODD.map(|odd| format!("{}{odd}{}", &header[..place], &header[place + 1..])));
    count("headers with odd characters", places, |text| {
        agrees_with_others(text.as_bytes(), &signer, &ring).map(|_| ())
    });
}

/// Text that is JSON often enough.
fn json_like(seed: u64) -> String {
    const BITS: [&str; 40] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        " ",
        "\n",
        "-",
        "1",
        "0",
        "1.5",
        "1e9",
        "true",
        "false",
        "null",
        "\"alg\":\"HS256\"",
        "\"kid\":\"k\"",
        "\"alg\"",
        "\"HS256\"",
        "\"kid\"",
        "\"k\"",
        "\"crit\":[\"b64\"]",
        "\"b64\":true",
        "\"\\u0061lg\"",
        "\"exp\":1e300",
        "\"exp\":",
        "\"aud\":[\"a\"]",
        "\"aud\":",
        "\"kty\":\"oct\"",
        "\"k\":\"AAAA\"",
        "\"keys\":[{}]",
        "\"x\":{}",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "é",
        "\u{0}",
        "\"a\":1",
    ];
    let random = noise(seed, 24);
    let len = usize::from(random[0]) % 23;
    let inner: Vec<_> =
        random[1..=len].iter().map(|byte| BITS[usize::from(*byte) % BITS.len()]).collect();
    match seed % 3 {
        0 => inner.concat(),
        1 => format!("{{{}}}", inner.concat()),
        _ => format!(
            "{{{}}}",
            inner.iter().filter(|bit| bit.len() > 3).copied().collect::<Vec<_>>().join(",")
        ),
    }
}

#[test]
fn json_like_noise_is_refused_or_means_the_same_to_others() {
    let (signer, ring) = named();
    let codec = JwsCodec::new(ring.clone());
    let read = std::cell::Cell::new([0; 4]);
    let more = |place: usize| {
        let mut now = read.get();
        now[place] += 1;
        read.set(now);
    };
    count("JSON-like noise", 0..30_000, |seed| {
        let text = json_like(seed);
        if agrees_with_others(text.as_bytes(), &signer, &ring)? {
            more(0);
        }
        let token = compact::sign(text.as_bytes(), &Parameters::new(), &(), &signer).unwrap();
        match codec.decode::<NoCustom>(&token) {
            Ok(_) => {
                let read = serde_json::from_str::<HashMap<String, IgnoredAny>>(&text);
                read.map(|_| more(1)).map_err(|error| format!("{text}: {error}"))?;
            }
            Err(error) => must_be(Some(error.kind()), ErrorKind::MalformedClaims, &text)?,
        }
        for (place, result) in
            [(2, Jwk::from_json(&text).map(|_| ())), (3, JwkSet::from_json(&text).map(|_| ()))]
        {
            match result {
                Ok(()) => serde_json::from_str::<IgnoredAny>(&text)
                    .map(|_| more(place))
                    .map_err(|error| error.to_string())?,
                Err(error) if error.fault() == Fault::Caller => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    });
    let [headers, claims, keys, sets] = read.get();
    println!(
        "JSON-like noise that was read: {headers} headers, {claims} claims, {keys} keys, {sets} sets"
    );
    assert!(read.get().iter().all(|read| *read > 0), "the noise is too wild to tell anything");
}

// Claims, below a good signature.

fn decoded(payload: &[u8]) -> Result<symbolon::Token<NoCustom>, Error> {
    let (signer, ring) = named();
    let token = compact::sign(payload, &Parameters::new().typ("JWT"), &(), &signer).unwrap();
    // The bytes themselves are authentic, whatever they are.
    assert_eq!(read(&token, &ring, &Limits::default()).unwrap(), payload);
    JwsCodec::new(ring).decode(&token)
}

fn claims(payload: impl AsRef<[u8]>) -> Option<ErrorKind> {
    decoded(payload.as_ref()).err().map(|error| {
        assert_eq!(error.fault(), Fault::Token);
        error.kind()
    })
}

#[test]
fn refuses_claims_that_are_not_strict_json() {
    count("claims that are not strict JSON", not_json(), |payload| {
        must_be(claims(&payload), ErrorKind::MalformedClaims, &payload)?;
        let Some(inner) = payload.strip_prefix(b"{") else { return Ok(()) };
        let payload = [br#"{"sub":"7","#, inner].concat();
        must_be(claims(&payload), ErrorKind::MalformedClaims, &payload)
    });
    for payload in
        [nested(MAX_DEPTH, ""), nested(MAX_DEPTH, r#""sub":"7","#), "{}".into(), " {} \r\n".into()]
    {
        assert_eq!(claims(&payload), None, "{payload:.40}");
    }
    assert_eq!(claims(nested(MAX_DEPTH + 1, r#""sub":"7","#)), Some(ErrorKind::MalformedClaims));
}

#[test]
fn refuses_a_registered_claim_twice_however_it_is_spelled() {
    for name in symbolon::Registered::NAMES {
        let escaped: String =
            name.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))).collect();
        let value = if ["exp", "nbf", "iat"].contains(&name) { "1" } else { r#""a""# };
        for (one, other) in [(name, name), (name, &*escaped), (&*escaped, name), (&*escaped, &*escaped)]
        {
            let payload = format!(r#"{{"{one}":{value},"x":[],"{other}":{value}}}"#);
            assert_eq!(claims(&payload), Some(ErrorKind::MalformedClaims), "{payload}");
        }
        assert_eq!(claims(format!(r#"{{"{escaped}":{value}}}"#)), None);
    }
}

#[test]
fn damaged_claims_are_refused_or_mean_the_same_to_others() {
    let payload = r#"{"iss":"a","aud":["b","c"],"exp":1300819380.5,"nbf":-1e3,"x":{"\u00e9":null}}"#;
    assert_eq!(claims(payload), None);
    count("damaged claims", damaged(payload.as_bytes()), |text| match decoded(&text) {
        Err(error) => must_be(Some(error.kind()), ErrorKind::MalformedClaims, &text),
        Ok(token) => {
            let value: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
            let read = token.claims_unvalidated().map_err(|error| error.to_string())?;
            let same = value.get("iss").and_then(Value::as_str) == read.registered().issuer()
                && value.get("exp").and_then(Value::as_f64).map(|exp| exp.floor() as i64)
                    == read.registered().expires_at().map(|exp| exp.unix_timestamp());
            if same { Ok(()) } else { Err(value.to_string()) }
        }
    });
}

#[test]
fn huge_numbers_are_far_away_and_never_near() {
    let digits = "9".repeat(100_000);
    let far = [
        "1e400",
        "1E+999999999999999999999",
        "9223372036854775808",
        "18446744073709551616",
        "1e19",
        &digits,
    ];
    let at = |payload: &str, validator: &Validator| {
        let validator = validator.clone().clock(FixedClock::at_unix(1_300_819_380).unwrap());
        within(Duration::from_secs(5), "numbers", || {
            decoded(payload.as_bytes()).and_then(|token| token.validate(&validator))
        })
        .map_err(|error| error.kind())
    };
    let usual = Validator::new();
    let lenient = Validator::new().leeway(time::Duration::minutes(10));
    let aged = Validator::new().allow_no_expiry().max_age(time::Duration::MAX);
    let hour = Validator::new().allow_no_expiry().max_age(time::Duration::hours(1));
    for far in far {
        for validator in [&usual, &lenient] {
            let verified = at(&format!(r#"{{"exp":{far}}}"#), validator).unwrap();
            assert_eq!(verified.registered().expires_at().unwrap().year(), 9999);
            assert_eq!(at(&format!(r#"{{"exp":-{far}}}"#), validator).unwrap_err(), ErrorKind::Expired);
            assert_eq!(
                at(&format!(r#"{{"exp":{far},"nbf":{far}}}"#), validator).unwrap_err(),
                ErrorKind::NotYetValid
            );
            assert!(at(&format!(r#"{{"exp":{far},"nbf":-{far},"iat":{far}}}"#), validator).is_ok());
        }
        assert_eq!(at(&format!(r#"{{"iat":{far}}}"#), &aged).unwrap_err(), ErrorKind::NotYetValid);
        assert_eq!(at(&format!(r#"{{"iat":-{far}}}"#), &hour).unwrap_err(), ErrorKind::TooOld);
    }
    for near in
        ["0", "-0", "1e-400", "-1e-400", "0.000000000000000000000000001", "-0.1e-99999999999", "5e-324"]
    {
        assert_eq!(
            at(&format!(r#"{{"exp":{near}}}"#), &usual).unwrap_err(),
            ErrorKind::Expired,
            "{near}"
        );
    }
    // As a string it is no number, however it looks.
    for text in [r#""1e400""#, r#""9999999999""#, "null", "true", "[9999999999]", "{}"] {
        assert_eq!(claims(format!(r#"{{"exp":{text}}}"#)), Some(ErrorKind::MalformedClaims), "{text}");
    }
    // Whoever reads a number into a type of his own is told when it does not fit.
    let (signer, ring) = named();
    let token = compact::sign(br#"{"n":1e400}"#, &Parameters::new(), &(), &signer).unwrap();
    let error = JwsCodec::new(ring).decode::<Value>(&token).unwrap().claims_unvalidated().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MalformedClaims);
}

/// Whatever fills a token of the greatest length is judged in time.
#[test]
fn large_claims_take_time_in_proportion() {
    const ROOM: usize = 700_000;
    let many = |member: &dyn Fn(usize) -> String| {
        let mut text = String::from("{");
        let mut index = 0;
        while text.len() < ROOM {
            text.push_str(&member(index));
            text.push(',');
            index += 1;
        }
        text.truncate(text.len() - 1);
        text + "}"
    };
    let objects = format!("{{\"a\":[{}{{}}]}}", "{},".repeat(ROOM / 3));
    let texts = [
        ("names", many(&|index| format!("\"{index}\":0")), None),
        ("escaped names", many(&|index| format!("\"\\u0061{index}\":0")), None),
        ("long names", many(&|index| format!("\"{}{index}\":0", "a".repeat(1000))), None),
        ("small objects", many(&|index| format!("\"{index}\":{{\"a\":{{}}}}")), None),
        ("objects in a list", objects, None),
        (
            "a name twice at the end",
            many(&|index| format!("\"{}\":0", if index == 50_000 { 0 } else { index })),
            Some(ErrorKind::MalformedClaims),
        ),
        ("one long string", format!("{{\"a\":\"{}\"}}", "\\u0061".repeat(ROOM / 6)), None),
        ("one long list", format!("{{\"aud\":[{}\"\"]}}", "\"\",".repeat(ROOM / 3)), None),
        ("white space", format!("{{{}}}", " ".repeat(ROOM)), None),
        ("opened lists", "[".repeat(ROOM), Some(ErrorKind::MalformedClaims)),
        ("opened objects", "{\"a\":".repeat(ROOM / 5), Some(ErrorKind::MalformedClaims)),
    ];
    count("large claims", texts, |(what, text, kind)| {
        let is = within(Duration::from_secs(5), what, || claims(&text));
        if is == kind { Ok(()) } else { Err(format!("{what}: {is:?}")) }
    });
}

// Keys: what an issuer publishes may be hostile as well. The fault is then told as the caller's,
// who chose the issuer.

fn keys_fail(text: impl AsRef<[u8]>) -> Result<(), String> {
    let text = text.as_ref();
    let sets = [text.to_vec(), [b"{\"keys\":[", text, b"]}"].concat()];
    let failed = [Jwk::from_json(text).err(), JwkSet::from_json(&sets[0]).err()];
    if failed.iter().any(|error| error.as_ref().map(Error::fault) != Some(Fault::Caller)) {
        return Err(format!("{:?}", String::from_utf8_lossy(text)));
    }
    match JwkSet::from_json(&sets[1]) {
        Ok(set) if !set.keys().is_empty() => {
            Err(format!("in a set: {:?}", String::from_utf8_lossy(text)))
        }
        _ => Ok(()),
    }
}

#[test]
fn refuses_keys_that_are_not_strict_json() {
    let oct = OctKey::new(vec![7; 32]).unwrap();
    let key = Jwk::from(oct).danger_to_secret_json().as_str().to_owned();
    assert!(Jwk::from_json(&key).is_ok());
    count("keys that are not strict JSON", not_json(), |text| {
        keys_fail(&text)?;
        let Some(inner) = text.strip_prefix(b"{") else { return Ok(()) };
        // "a" becomes a name beside those of a key.
        keys_fail([&key.as_bytes()[..key.len() - 1], b",", inner].concat())
    });
    for twice in ["\"kty\":\"oct\"", "\"kt\\u0079\":\"oct\"", "\"k\":\"AAAA\"", "\"\\u006b\":\"AAAA\""] {
        keys_fail(format!("{},{twice}}}", &key[..key.len() - 1])).unwrap();
    }
    assert!(
        Jwk::from_json(format!("{},{}", &key[..key.len() - 1], &nested(MAX_DEPTH, "")[1..])).is_ok()
    );
    keys_fail(format!("{},{}", &key[..key.len() - 1], &nested(MAX_DEPTH + 1, "")[1..])).unwrap();
    for number in ["1e400", "-1e999999999", &"9".repeat(50_000)] {
        assert!(
            Jwk::from_json(format!("{},\"x\":{number}}}", &key[..key.len() - 1])).is_err(),
            "x is text"
        );
        assert!(Jwk::from_json(format!("{},\"exp\":{number}}}", &key[..key.len() - 1])).is_ok());
        keys_fail(format!("{},\"alg\":{number}}}", &key[..key.len() - 1])).unwrap();
    }
}

/// A public RSA key, whose text jwk.rs does not damage, and characters instead of bits.
#[test]
fn damaged_keys_are_refused_or_other_keys() {
    let rsa = Jwk::from_json(A_2_KEY).unwrap().to_public().unwrap().to_json().unwrap();
    let ed25519 =
        r#"{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    for (what, key) in [("RSA", &*rsa), ("Ed25519", ed25519)] {
        let good = Jwk::from_json(key).unwrap();
        count(&format!("cut {what} keys"), 0..key.len(), |end| keys_fail(&key[..end]));
        let places = (0..key.len()).flat_map(|place| ODD.map(|odd| (place, odd)));
        count(&format!("{what} keys with odd characters"), places, |(place, odd)| {
            let text = format!("{}{odd}{}", &key[..place], &key[place + 1..]);
            match Jwk::from_json(&text) {
                Err(error) if error.fault() == Fault::Caller => Ok(()),
                Ok(key) if text == *key.to_json().unwrap() || key != good => Ok(()),
                // White space between members, or the same character.
                Ok(_) => serde_json::from_str::<IgnoredAny>(&text)
                    .map(|_| ())
                    .map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            }
        });
    }
}

#[test]
fn keys_that_are_too_long_cost_nothing() {
    for text in [
        ".".repeat(10_000_000),
        "[".repeat(10_000_000),
        "{\"keys\":[".repeat(1_000_000),
        format!("{{\"keys\":{}", "[".repeat(10_000_000)),
    ] {
        within(Duration::from_secs(2), "keys", || keys_fail(&text))
            .unwrap_or_else(|_| panic!("{text:.20}"));
    }
    for seed in 0..5_000 {
        keys_fail(noise(seed, (seed % 300) as usize)).unwrap();
    }
    println!("noise as keys: 5000 run, 0 wrong");
}

/// The look at a token that decides nothing is as strict as the reader is.
#[test]
fn peeking_refuses_what_reading_refuses_of_the_header() {
    let signer = hs256();
    count("peeked", not_json(), |header| {
        let kind = Unverified::peek(&signed_as(&header, "{}", &signer)).err().map(|error| error.kind());
        must_be(kind, ErrorKind::Malformed, &header)
    });
    assert!(!JwsCodec::new(signer).recognizes(&RawToken::new("")));
}
