//! Policy: every default and every setting of a validator, at its boundary.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::de::IgnoredAny;
use serde_json::{Value, json};
use symbolon::{
    Audience, Body, Clock, Envelope, ErrorKind, FixedClock, Format, NoCustom, Provenance, RawToken,
    Result, Token, TokenCodec, TokenCodecExt, Tokens, Validator,
};
use time::{Duration, OffsetDateTime};

use crate::support::{NOW, at, hs256, kind, signed_as};

/// A format of one's own whose tokens are their payloads, and which says outside what it is told to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plain {
    pub(crate) typ: Option<&'static str>,
    pub(crate) issued_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
}

impl TokenCodec for Plain {
    fn recognizes(&self, _: &RawToken<'_>) -> bool {
        true
    }

    fn provenance(&self) -> Provenance {
        Provenance::Signed
    }

    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        out.push_str(std::str::from_utf8(body.payload()).unwrap());
        Ok(())
    }

    fn decode_into(&self, token: &RawToken<'_>, _: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        out.extend_from_slice(token.as_str().as_bytes());
        Ok(Envelope::new(Format::Other("plain"), "none of ours", self.provenance())
            .with_typ(self.typ)
            .with_issued_at(self.issued_at)
            .with_expires_at(self.expires_at))
    }
}

fn token(outside: Plain, claims: &str) -> Token<IgnoredAny> {
    outside.decode(claims).unwrap()
}

pub(crate) fn judge_with(validator: &Validator, outside: Plain, claims: &str) -> Option<ErrorKind> {
    let by_moment = kind(token(outside, claims).validate_at(validator, at(NOW)));
    let by_clock =
        kind(token(outside, claims).validate(&validator.clone().clock(FixedClock::new(at(NOW)))));
    assert_eq!(by_moment, by_clock, "{claims}");
    by_moment
}

fn judge(validator: &Validator, claims: impl ToString) -> Option<ErrorKind> {
    judge_with(validator, Plain::default(), &claims.to_string())
}

fn lasting() -> Validator {
    Validator::new().allow_no_expiry()
}

#[test]
fn expiry_is_required() {
    assert_eq!(judge(&Validator::new(), "{}"), Some(ErrorKind::MissingClaim));
    assert_eq!(judge(&Validator::default(), "{}"), Some(ErrorKind::MissingClaim));
    assert_eq!(judge(&lasting(), "{}"), None);
    // Where it is there it counts, required or not.
    assert_eq!(judge(&lasting(), json!({"exp": NOW})), Some(ErrorKind::Expired));
    // The format's own will do.
    let outside = Plain { expires_at: Some(NOW + 1), ..Plain::default() };
    assert_eq!(judge_with(&Validator::new(), outside, "{}"), None);
}

#[test]
fn a_token_is_expired_from_the_second_of_exp_on() {
    for (exp, due) in [
        (NOW + 1, None),
        (NOW, Some(ErrorKind::Expired)),
        (NOW - 1, Some(ErrorKind::Expired)),
        (0, Some(ErrorKind::Expired)),
        (-1, Some(ErrorKind::Expired)),
    ] {
        assert_eq!(judge(&Validator::new(), json!({"exp": exp})), due, "{exp}");
    }
    // Parts of a second of the clock do not count: 0.9 s before is before.
    let late = at(NOW) + Duration::milliseconds(999);
    let verdict = |exp: i64| {
        kind(
            token(Plain::default(), &json!({"exp": exp}).to_string())
                .validate_at(&Validator::new(), late),
        )
    };
    assert_eq!(verdict(NOW + 1), None);
    assert_eq!(verdict(NOW), Some(ErrorKind::Expired));
    let error =
        token(Plain::default(), r#"{"exp":1}"#).validate_at(&Validator::new(), at(NOW)).unwrap_err();
    assert!(error.is_expired());
}

#[test]
fn nbf_has_60_seconds_of_tolerance() {
    for (nbf, due) in [
        (NOW - 1, None),
        (NOW, None),
        (NOW + 60, None),
        (NOW + 61, Some(ErrorKind::NotYetValid)),
        (i64::MAX, Some(ErrorKind::NotYetValid)),
        (i64::MIN, None),
    ] {
        assert_eq!(judge(&lasting(), json!({"nbf": nbf})), due, "{nbf}");
        // A format's issue time likewise; a claim's judges nothing by itself.
        let outside = Plain { issued_at: Some(nbf), ..Plain::default() };
        assert_eq!(judge_with(&lasting(), outside, "{}"), due, "{nbf}");
        assert_eq!(judge(&lasting(), json!({"iat": nbf})), None, "{nbf}");
    }
}

#[test]
fn leeway_widens_both_ends_and_replaces_the_tolerance() {
    for leeway in [0, 1, 5, 60, 599, 600] {
        let validator = lasting().leeway(Duration::seconds(leeway));
        assert_eq!(judge(&validator, json!({"exp": NOW - leeway + 1})), None, "{leeway}");
        assert_eq!(
            judge(&validator, json!({"exp": NOW - leeway})),
            Some(ErrorKind::Expired),
            "{leeway}"
        );
        assert_eq!(judge(&validator, json!({"nbf": NOW + leeway})), None, "{leeway}");
        assert_eq!(
            judge(&validator, json!({"nbf": NOW + leeway + 1})),
            Some(ErrorKind::NotYetValid),
            "{leeway}"
        );
        let outside = |issued_at, expires_at| Plain { issued_at, expires_at, ..Plain::default() };
        assert_eq!(judge_with(&validator, outside(None, Some(NOW - leeway + 1)), "{}"), None);
        assert_eq!(
            judge_with(&validator, outside(None, Some(NOW - leeway)), "{}"),
            Some(ErrorKind::Expired)
        );
        assert_eq!(judge_with(&validator, outside(Some(NOW + leeway), None), "{}"), None);
        assert_eq!(
            judge_with(&validator, outside(Some(NOW + leeway + 1), None), "{}"),
            Some(ErrorKind::NotYetValid)
        );
    }
}

#[test]
fn leeway_has_600_seconds_at_most() {
    for (leeway, fine) in [
        (Duration::seconds(600), true),
        (Duration::seconds(601), false),
        (Duration::MAX, false),
        (Duration::seconds(-1), false),
        (Duration::MIN, false),
    ] {
        let validator = lasting().leeway(leeway);
        let due = (!fine).then_some(ErrorKind::InvalidSetting);
        assert_eq!(judge(&validator, "{}"), due, "{leeway}");
        // It is found when a service is set up, and no later setting heals it.
        let tokens = Tokens::<NoCustom>::builder(Plain::default()).policy(|_| validator.clone()).build();
        assert_eq!(kind(tokens), due, "{leeway}");
        assert_eq!(judge(&validator.leeway(Duration::seconds(1)), "{}"), due, "{leeway}");
    }
}

#[test]
fn settings_that_contradict_themselves_refuse_every_token() {
    for validator in [
        lasting().max_age(Duration::seconds(-1)),
        lasting().require("role"),
        lasting().require(""),
        lasting().require("EXP"),
    ] {
        assert_eq!(
            judge(&validator, r#"{"iat":1800000000,"role":1}"#),
            Some(ErrorKind::InvalidSetting),
            "{validator:?}"
        );
    }
}

#[test]
fn both_expiries_and_both_starts_count() {
    let outside = Plain { issued_at: Some(NOW), expires_at: Some(NOW + 10), ..Plain::default() };
    assert_eq!(
        judge_with(&Validator::new(), outside, &json!({"exp": NOW + 1, "nbf": NOW}).to_string()),
        None
    );
    assert_eq!(
        judge_with(&Validator::new(), outside, &json!({"exp": NOW}).to_string()),
        Some(ErrorKind::Expired)
    );
    assert_eq!(
        judge_with(&Validator::new(), outside, &json!({"nbf": NOW + 61}).to_string()),
        Some(ErrorKind::NotYetValid)
    );
    let over = Plain { expires_at: Some(NOW), ..outside };
    assert_eq!(
        judge_with(&Validator::new(), over, &json!({"exp": NOW + 10}).to_string()),
        Some(ErrorKind::Expired)
    );
    let early = Plain { issued_at: Some(NOW + 61), ..outside };
    assert_eq!(judge_with(&Validator::new(), early, "{}"), Some(ErrorKind::NotYetValid));
    // Ends of time of a format of one's own do not overflow.
    for (issued_at, expires_at, due) in [
        (Some(i64::MAX), None, Some(ErrorKind::NotYetValid)),
        (Some(i64::MIN), None, None),
        (None, Some(i64::MAX), None),
        (None, Some(i64::MIN), Some(ErrorKind::Expired)),
    ] {
        let outside = Plain { issued_at, expires_at, ..Plain::default() };
        assert_eq!(judge_with(&lasting().leeway(Duration::seconds(600)), outside, "{}"), due);
    }
}

#[test]
fn a_token_for_some_audience_is_refused_where_none_is_configured() {
    for aud in [json!("api"), json!(["api"]), json!([]), json!("")] {
        assert_eq!(judge(&lasting(), json!({"aud": aud})), Some(ErrorKind::WrongAudience), "{aud}");
        assert_eq!(judge(&lasting().any_audience(), json!({"aud": aud})), None, "{aud}");
    }
    assert_eq!(judge(&lasting().any_audience(), "{}"), None);
    let error =
        token(Plain::default(), r#"{"aud":"api"}"#).validate_at(&lasting(), at(NOW)).unwrap_err();
    assert!(error.to_string().contains("Validator::audience"), "{error}");
}

#[test]
fn a_configured_audience_must_be_named() {
    let two = lasting().audience("api").audience("ops");
    for (aud, due) in [
        (json!("api"), None),
        (json!("ops"), None),
        (json!(["x", "ops"]), None),
        (json!(["x"]), Some(ErrorKind::WrongAudience)),
        (json!([]), Some(ErrorKind::WrongAudience)),
        (json!("x"), Some(ErrorKind::WrongAudience)),
    ] {
        assert_eq!(judge(&two, json!({"aud": aud})), due, "{aud}");
    }
    assert_eq!(judge(&two, "{}"), Some(ErrorKind::MissingClaim));
    // The later setting holds.
    assert_eq!(judge(&two.clone().any_audience(), "{}"), None);
    assert_eq!(
        judge(&lasting().any_audience().audience("api"), json!({"aud": "x"})),
        Some(ErrorKind::WrongAudience)
    );
}

#[test]
fn configured_issuers_subject_and_id_must_be_there_and_equal() {
    let cases = [
        ("iss", lasting().issuer("a"), ErrorKind::WrongIssuer),
        ("sub", lasting().subject("a"), ErrorKind::WrongSubject),
        ("jti", lasting().id("a"), ErrorKind::WrongId),
    ];
    for (name, validator, wrong) in cases {
        assert_eq!(judge(&validator, json!({name: "a"})), None);
        for other in ["", "A", "aa", "a ", "b"] {
            assert_eq!(judge(&validator, json!({name: other})), Some(wrong), "{name} {other}");
        }
        assert_eq!(judge(&validator, "{}"), Some(ErrorKind::MissingClaim), "{name}");
        // Where none is configured, none is looked at.
        assert_eq!(judge(&lasting(), json!({name: "b"})), None);
    }
    let two = lasting().issuer("a").issuer("b");
    assert_eq!(judge(&two, json!({"iss": "a"})), None);
    assert_eq!(judge(&two, json!({"iss": "b"})), None);
    assert_eq!(judge(&two, json!({"iss": "c"})), Some(ErrorKind::WrongIssuer));
    assert_eq!(judge(&two, "{}"), Some(ErrorKind::MissingClaim));
    // One subject or id there is: the later one.
    assert_eq!(
        judge(&lasting().subject("a").subject("b"), json!({"sub": "a"})),
        Some(ErrorKind::WrongSubject)
    );
}

#[test]
fn typ_is_jwt_or_none_unless_another_is_configured() {
    let judge =
        |validator: &Validator, typ| judge_with(validator, Plain { typ, ..Plain::default() }, "{}");
    let special = Some(ErrorKind::WrongType);
    for typ in
        [None, Some("JWT"), Some("jwt"), Some("Jwt"), Some("application/jwt"), Some("APPLICATION/JWT")]
    {
        assert_eq!(judge(&lasting(), typ), None, "{typ:?}");
    }
    for typ in [
        "at+jwt",
        "application/at+jwt",
        "dpop+jwt",
        "JOSE",
        "",
        "JWT ",
        "text/jwt",
        "application/application/jwt",
        "application//jwt",
        "jwt/jwt",
    ] {
        assert_eq!(judge(&lasting(), Some(typ)), special, "{typ}");
        assert_eq!(judge(&lasting().any_typ(), Some(typ)), None, "{typ}");
    }
    let access = lasting().typ("at+jwt");
    for (typ, due) in [
        (Some("at+jwt"), None),
        (Some("AT+JWT"), None),
        (Some("application/at+jwt"), None),
        (Some("Application/At+Jwt"), None),
        (Some("JWT"), special),
        (Some("at+jwt2"), special),
        (Some("text/at+jwt"), special),
        (None, special),
    ] {
        assert_eq!(judge(&access, typ), due, "{typ:?}");
        assert_eq!(judge(&lasting().typ("application/at+jwt"), typ), due, "{typ:?}");
    }
    // Configured means required, even of JWT.
    assert_eq!(judge(&lasting().typ("JWT"), None), special);
    assert_eq!(judge(&lasting().any_typ(), None), None);
    // A media type that has another slash keeps its prefix.
    assert_eq!(judge(&lasting().typ("application/a/b"), Some("a/b")), special);
    assert_eq!(judge(&lasting().typ("application/a/b"), Some("application/a/b")), None);
}

#[test]
fn typ_comes_from_the_header_of_a_signed_token() {
    let codec = symbolon::JwsCodec::new(hs256());
    for (header, due) in [
        (r#"{"alg":"HS256"}"#, None),
        (r#"{"alg":"HS256","typ":"JWT"}"#, None),
        (r#"{"typ":"jwt","alg":"HS256"}"#, None),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, Some(ErrorKind::WrongType)),
        (r#"{"alg":"HS256","typ":""}"#, Some(ErrorKind::WrongType)),
    ] {
        let token = codec.decode::<NoCustom>(&signed_as(header, r#"{"typ":"JWT"}"#, &hs256())).unwrap();
        assert_eq!(kind(token.validate_at(&lasting(), at(NOW))), due, "{header}");
    }
}

#[test]
fn required_claims_must_be_there() {
    for name in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"] {
        let validator = lasting().any_audience().require(name);
        let value = match name {
            "iss" | "sub" | "jti" => json!(""),
            "aud" => json!([]),
            "exp" => json!(NOW + 1),
            _ => json!(NOW),
        };
        assert_eq!(judge(&validator, json!({name: value})), None, "{name}");
        assert_eq!(judge(&validator, "{}"), Some(ErrorKind::MissingClaim), "{name}");
        // What a format says outside is no claim.
        let outside = Plain { issued_at: Some(NOW), expires_at: Some(NOW + 1), ..Plain::default() };
        assert_eq!(judge_with(&validator, outside, "{}"), Some(ErrorKind::MissingClaim), "{name}");
    }
    let both = lasting().require("sub").require("jti");
    assert_eq!(judge(&both, json!({"sub": "a"})), Some(ErrorKind::MissingClaim));
    assert_eq!(judge(&both, json!({"sub": "a", "jti": "b"})), None);
}

#[test]
fn max_age_counts_from_the_issue_time() {
    let validator = lasting().max_age(Duration::seconds(100));
    for (iat, due) in [
        (json!(NOW - 100), None),
        (json!(NOW - 101), Some(ErrorKind::TooOld)),
        (json!(NOW - 99), None),
        (json!(NOW), None),
        (json!(NOW + 60), None),
        (json!(NOW + 61), Some(ErrorKind::NotYetValid)),
        (json!(i64::MIN), Some(ErrorKind::TooOld)),
        (json!(i64::MAX), Some(ErrorKind::NotYetValid)),
    ] {
        assert_eq!(judge(&validator, json!({"iat": iat})), due, "{iat}");
        let outside = Plain { issued_at: iat.as_i64(), ..Plain::default() };
        assert_eq!(judge_with(&validator, outside, "{}"), due, "{iat}");
    }
    assert_eq!(judge(&validator, "{}"), Some(ErrorKind::MissingClaim));
    // Whatever its expiry.
    assert_eq!(judge(&validator, json!({"iat": NOW - 101, "exp": NOW + 1000})), Some(ErrorKind::TooOld));
    // The claim goes before what the format says.
    let outside = Plain { issued_at: Some(NOW), ..Plain::default() };
    assert_eq!(
        judge_with(&validator, outside, &json!({"iat": NOW - 101}).to_string()),
        Some(ErrorKind::TooOld)
    );
    // Leeway counts here, too.
    let soft = validator.leeway(Duration::seconds(5));
    assert_eq!(judge(&soft, json!({"iat": NOW - 105})), None);
    assert_eq!(judge(&soft, json!({"iat": NOW - 106})), Some(ErrorKind::TooOld));
    assert_eq!(judge(&soft, json!({"iat": NOW + 6})), Some(ErrorKind::NotYetValid));
    // No age at all.
    // However long it is, what was issued before all time is older.
    let longest = lasting().max_age(Duration::seconds(i64::MAX));
    assert_eq!(judge(&longest, json!({"iat": i64::MIN})), Some(ErrorKind::TooOld));
    assert_eq!(judge(&longest, json!({"iat": NOW - 1_000_000})), None);
    let none = lasting().max_age(Duration::ZERO);
    assert_eq!(judge(&none, json!({"iat": NOW})), None);
    assert_eq!(judge(&none, json!({"iat": NOW - 1})), Some(ErrorKind::TooOld));
}

#[test]
fn checks_of_one_s_own_are_asked_last_and_all() {
    let refuse = |id: &'static str| {
        move |claims: &symbolon::Registered| match claims.id() {
            Some(own) if own == id => Err(ErrorKind::Refused.into()),
            _ => Ok(()),
        }
    };
    let validator = lasting().also(refuse("a")).also(refuse("b"));
    assert_eq!(judge(&validator, json!({"jti": "a"})), Some(ErrorKind::Refused));
    assert_eq!(judge(&validator, json!({"jti": "b"})), Some(ErrorKind::Refused));
    assert_eq!(judge(&validator, json!({"jti": "c"})), None);
    assert_eq!(judge(&validator, json!({"jti": "a", "exp": NOW})), Some(ErrorKind::Expired));
    let asked = Arc::new(AtomicI64::new(0));
    let seen = Arc::clone(&asked);
    let validator = lasting().issuer("us").also(move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
        Err(ErrorKind::InsufficientScope.into())
    });
    assert_eq!(judge(&validator, json!({"iss": "them"})), Some(ErrorKind::WrongIssuer));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert_eq!(judge(&validator, json!({"iss": "us"})), Some(ErrorKind::InsufficientScope));
    assert!(asked.load(Ordering::SeqCst) > 0);
}

#[test]
fn what_a_token_is_is_judged_before_its_times() {
    let validator = Validator::new()
        .issuer("us")
        .audience("api")
        .subject("7")
        .id("1")
        .require("nbf")
        .max_age(Duration::seconds(1));
    let right = json!({"iss": "us", "aud": "api", "sub": "7", "jti": "1", "nbf": NOW + 1000, "iat": 0, "exp": 1});
    for (name, value, due) in [
        ("iss", json!("x"), ErrorKind::WrongIssuer),
        ("aud", json!("x"), ErrorKind::WrongAudience),
        ("sub", json!("x"), ErrorKind::WrongSubject),
        ("jti", json!("x"), ErrorKind::WrongId),
    ] {
        let mut claims = right.clone();
        claims[name] = value;
        assert_eq!(judge(&validator, &claims), Some(due));
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(judge(&validator, &claims), Some(ErrorKind::MissingClaim));
    }
    let outside = Plain { typ: Some("at+jwt"), ..Plain::default() };
    assert_eq!(judge_with(&validator, outside, &right.to_string()), Some(ErrorKind::WrongType));
    // `token_expired` is said only of a token that was right otherwise.
    let mut claims = right;
    claims["nbf"] = json!(0);
    claims["iat"] = json!(NOW);
    assert_eq!(judge(&validator, &claims), Some(ErrorKind::Expired));
}

#[test]
fn the_clock_is_injected() {
    #[derive(Clone)]
    struct Hand(Arc<AtomicI64>);
    impl Clock for Hand {
        fn now(&self) -> OffsetDateTime {
            at(self.0.load(Ordering::SeqCst))
        }
    }
    let hand = Hand(Arc::new(AtomicI64::new(NOW)));
    let validator = Validator::new().clock(hand.clone());
    let verdict =
        || kind(token(Plain::default(), &json!({"exp": NOW + 10}).to_string()).validate(&validator));
    assert_eq!(verdict(), None);
    hand.0.store(NOW + 10, Ordering::SeqCst);
    assert_eq!(verdict(), Some(ErrorKind::Expired));
    hand.0.store(NOW + 9, Ordering::SeqCst);
    assert_eq!(verdict(), None);
    // Without one, it is the system's, which is past 2020.
    let old = token(Plain::default(), r#"{"exp":1577836800}"#);
    assert_eq!(kind(old.validate(&Validator::new())), Some(ErrorKind::Expired));

    let tokens = Tokens::<NoCustom>::builder(Plain::default())
        .lifetime(Duration::seconds(10))
        .clock(hand.clone())
        .build()
        .unwrap();
    let token = tokens.issue(&NoCustom::default()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&token).unwrap(), json!({"exp": NOW + 19, "iat": NOW + 9}));
    hand.0.store(NOW + 18, Ordering::SeqCst);
    assert!(tokens.verify(&token).is_ok());
    hand.0.store(NOW + 19, Ordering::SeqCst);
    assert_eq!(kind(tokens.verify(&token)), Some(ErrorKind::Expired));
    assert_eq!(kind(FixedClock::at_unix(i64::MAX)), Some(ErrorKind::InvalidSetting));
    assert_eq!(Arc::new(FixedClock::at_unix(7).unwrap()).now(), at(7));
}

#[test]
fn the_user_s_claims_are_read_only_of_accepted_tokens() {
    #[derive(Debug, serde::Deserialize)]
    struct Role {
        #[serde(rename = "role")]
        _role: String,
    }
    let token = |claims: Value| Plain::default().decode::<Role>(&claims.to_string()).unwrap();
    let wrong = Some(ErrorKind::MalformedClaims);
    assert_eq!(
        kind(token(json!({"exp": 1})).validate_at(&Validator::new(), at(NOW))),
        Some(ErrorKind::Expired)
    );
    assert_eq!(kind(token(json!({"exp": NOW + 1})).validate_at(&Validator::new(), at(NOW))), wrong);
    assert_eq!(kind(token(json!({"exp": 1})).claims_unvalidated()), wrong);
    assert_eq!(kind(token(json!({"exp": 1, "role": "a"})).claims_unvalidated()), None);
}

#[test]
fn debug_of_a_validator_tells_its_settings() {
    let shown = format!("{:?}", Validator::new().issuer("us").audience("api").also(|_| Ok(())));
    for part in ["us", "api", "also: 1"] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn an_audience_is_the_names_it_was_made_of() {
    let two = ["api", "admin"];
    for audience in [
        Audience::from(two),
        Audience::from(vec!["api", "admin"]),
        two.into_iter().map(String::from).collect(),
    ] {
        assert_eq!(audience.iter().collect::<Vec<_>>(), two);
        assert_eq!((audience.len(), audience.is_empty()), (2, false));
        assert!(audience.contains("admin") && !audience.contains("adm"));
    }
    for audience in [Audience::from("api"), Audience::from(String::from("api"))] {
        assert_eq!((audience.len(), audience.is_empty()), (1, false));
        assert_eq!(audience.iter().collect::<Vec<_>>(), ["api"]);
    }
    let none = Audience::default();
    assert_eq!((none.len(), none.is_empty(), none.iter().count()), (0, true, 0));
}
