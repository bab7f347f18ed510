//! The verdict on claims, beside a model written from RFC 7519 §4.1 and the documentation alone: which
//! rules are broken, in no order, at moments of exact fractions of a second.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use symbolon::{ErrorKind, TokenCodecExt, Validator};
use time::Duration;

use crate::support::{NOW, config, kind};
use crate::validator::{Plain, judge_with};

#[derive(Debug, Clone)]
struct Policy {
    issuers: Vec<&'static str>,
    audience: Option<Vec<&'static str>>,
    any_audience: bool,
    subject: Option<&'static str>,
    id: Option<&'static str>,
    typ: Option<&'static str>,
    any_typ: bool,
    required: Vec<&'static str>,
    no_expiry: bool,
    leeway: Option<i64>,
    max_age: Option<i64>,
}

/// A NumericDate (RFC 7519 §2) in eighths of a second, which any decimal and any float holds exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Date(i128);

impl Date {
    /// `exp` and `iat` begin with the second that they fall into.
    const fn down(self) -> i128 {
        self.0.div_euclid(8)
    }

    /// `nbf` begins with the second after.
    const fn up(self) -> i128 {
        -(-self.0).div_euclid(8)
    }

    /// One of the ways to write it.
    fn written(self, exponent: bool) -> String {
        let thousandths = self.0 * 125;
        let sign = if thousandths < 0 { "-" } else { "" };
        let digits = thousandths.unsigned_abs();
        match (digits % 1000, exponent) {
            (_, true) => format!("{sign}{digits}e-3"),
            (0, false) => format!("{sign}{}", digits / 1000),
            (rest, false) => format!("{sign}{}.{rest:03}", digits / 1000),
        }
    }
}

/// Claims as they are written, and what they mean.
#[derive(Debug, Clone)]
struct Claims {
    /// Those that are strings.
    texts: Vec<(&'static str, &'static str)>,
    aud: Option<Value>,
    dates: Vec<(&'static str, Date, bool)>,
    /// A claim of a wrong type, in the place of its right one.
    wrong: Option<(&'static str, Value)>,
}

impl Claims {
    fn text(&self, name: &str) -> Option<&'static str> {
        self.texts.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
    }

    fn date(&self, name: &str) -> Option<Date> {
        self.dates.iter().find(|(own, _, _)| *own == name).map(|(_, date, _)| *date)
    }

    fn has(&self, name: &str) -> bool {
        self.text(name).is_some() || self.date(name).is_some() || name == "aud" && self.aud.is_some()
    }

    fn written(&self) -> String {
        let mut members: Map<String, Value> =
            self.texts.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
        members.extend(self.aud.clone().map(|aud| ("aud".to_owned(), aud)));
        if let Some((name, value)) = &self.wrong {
            members.insert((*name).to_owned(), value.clone());
        }
        let right = |name: &str| self.wrong.as_ref().is_none_or(|(wrong, _)| *wrong != name);
        let dates = self.dates.iter().filter(|(name, _, _)| right(name));
        let dates =
            dates.map(|(name, date, exponent)| format!("\"{name}\":{}", date.written(*exponent)));
        let others = members.iter().map(|(name, value)| format!("\"{name}\":{value}"));
        format!("{{{}}}", dates.chain(others).collect::<Vec<_>>().join(","))
    }
}

impl Policy {
    fn validator(&self) -> Validator {
        let mut validator = Validator::new();
        validator = self.issuers.iter().fold(validator, |validator, issuer| validator.issuer(*issuer));
        if self.any_audience {
            validator = validator.any_audience();
        } else if let Some(names) = &self.audience {
            validator = names.iter().fold(validator, |validator, name| validator.audience(*name));
        }
        validator =
            self.subject.iter().fold(validator, |validator, subject| validator.subject(*subject));
        validator = self.id.iter().fold(validator, |validator, id| validator.id(*id));
        validator = self.typ.iter().fold(validator, |validator, typ| validator.typ(*typ));
        if self.any_typ {
            validator = validator.any_typ();
        }
        validator = self.required.iter().fold(validator, |validator, name| validator.require(*name));
        if self.no_expiry {
            validator = validator.allow_no_expiry();
        }
        if let Some(leeway) = self.leeway {
            validator = validator.leeway(Duration::seconds(leeway));
        }
        if let Some(age) = self.max_age {
            validator = validator.max_age(Duration::seconds(age));
        }
        validator
    }

    /// What the token breaks of what it is, and of when it is.
    fn broken(&self, outside: Plain, claims: &Claims) -> (Vec<ErrorKind>, Vec<ErrorKind>) {
        let (mut identity, mut times) = (Vec::new(), Vec::new());
        let short = |typ: &str| typ.to_lowercase().trim_start_matches("application/").to_owned();
        if !self.any_typ {
            let fine = match self.typ {
                Some(due) => outside.typ.is_some_and(|typ| short(typ) == short(due)),
                None => outside.typ.is_none_or(|typ| short(typ) == "jwt"),
            };
            if !fine {
                identity.push(ErrorKind::WrongType);
            }
        }
        let mut equal = |name: &str, due: &[&str], wrong: ErrorKind| match claims.text(name) {
            _ if due.is_empty() => {}
            None => identity.push(ErrorKind::MissingClaim),
            Some(own) if due.contains(&own) => {}
            Some(_) => identity.push(wrong),
        };
        equal("iss", &self.issuers, ErrorKind::WrongIssuer);
        equal("sub", self.subject.as_slice(), ErrorKind::WrongSubject);
        equal("jti", self.id.as_slice(), ErrorKind::WrongId);
        if !self.any_audience {
            let names: Option<Vec<&str>> = claims.aud.as_ref().map(|aud| match aud {
                Value::String(name) => vec![name.as_str()],
                other => other.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect(),
            });
            match (&self.audience, names) {
                (None, None) => {}
                (Some(_), None) => identity.push(ErrorKind::MissingClaim),
                (None, Some(_)) => identity.push(ErrorKind::WrongAudience),
                (Some(due), Some(names)) => {
                    if !names.iter().any(|name| due.contains(name)) {
                        identity.push(ErrorKind::WrongAudience);
                    }
                }
            }
        }
        if self.required.iter().any(|name| !claims.has(name)) {
            identity.push(ErrorKind::MissingClaim);
        }

        let (exp, iat) = (claims.date("exp").map(Date::down), claims.date("iat").map(Date::down));
        let nbf = claims.date("nbf").map(Date::up);
        let [issued_at, expires_at] =
            [outside.issued_at, outside.expires_at].map(|moment| moment.map(i128::from));
        let (now, late, early) = (
            i128::from(NOW),
            i128::from(self.leeway.unwrap_or(0)),
            i128::from(self.leeway.unwrap_or(60)),
        );
        if !self.no_expiry && exp.is_none() && expires_at.is_none() {
            times.push(ErrorKind::MissingClaim);
        }
        if [exp, expires_at].into_iter().flatten().any(|end| now >= end + late) {
            times.push(ErrorKind::Expired);
        }
        if [nbf, issued_at].into_iter().flatten().any(|start| start > now + early) {
            times.push(ErrorKind::NotYetValid);
        }
        if let Some(age) = self.max_age {
            match iat.or(issued_at) {
                None => times.push(ErrorKind::MissingClaim),
                Some(issued) if issued > now + early => times.push(ErrorKind::NotYetValid),
                Some(issued) if now - issued > i128::from(age) + late => times.push(ErrorKind::TooOld),
                Some(_) => {}
            }
        }
        (identity, times)
    }
}

fn moment() -> impl Strategy<Value = i64> {
    // Near the boundaries, mostly.
    prop_oneof![
        8 => (-3_i64..=3, prop::sample::select(vec![0_i64, 5, -5, 60, -60, 600, -600, 100, -100])).prop_map(|(by, around)| NOW + around + by),
        1 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, 0, -1]),
    ]
}

/// A moment, or a fraction of a second beside it; or one that no clock can tell.
fn date() -> impl Strategy<Value = (Date, bool)> {
    let near =
        (moment(), -7..8_i128).prop_map(|(seconds, eighths)| Date(i128::from(seconds) * 8 + eighths));
    let whole = moment().prop_map(|seconds| Date(i128::from(seconds) * 8));
    let far = (any::<bool>(), 40..120_u32)
        .prop_map(|(is_past, bits)| Date(if is_past { -(1 << bits) } else { 1 << bits }));
    // Beyond 2^53 a float holds no fraction, and integers beyond 64 bits are read as floats.
    let exact =
        |date: Date| Date(if date.0.unsigned_abs() >> 53 == 0 { date.0 } else { date.0 >> 3 << 3 });
    let dates = prop_oneof![4 => whole, 4 => near.prop_map(exact), 1 => far];
    (dates, any::<bool>()).prop_map(|(date, exponent)| {
        // What is written with an exponent is read as a float, too.
        (date, exponent && date.0.unsigned_abs() >> 53 == 0)
    })
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "A", ""])
}

fn policies() -> impl Strategy<Value = Policy> {
    let typ = prop::option::of(prop::sample::select(vec!["JWT", "at+jwt", "application/at+jwt"]));
    let required =
        prop::collection::vec(prop::sample::select(symbolon::Registered::NAMES.to_vec()), 0..2);
    (
        (
            prop::collection::vec(name(), 0..3),
            prop::option::of(prop::collection::vec(name(), 1..3)),
            any::<bool>(),
        ),
        (prop::option::of(name()), prop::option::of(name()), typ, any::<bool>()),
        (required, any::<bool>(), prop::option::of(prop::sample::select(vec![0_i64, 5, 60, 600]))),
        prop::option::of(prop::sample::select(vec![0_i64, 5, 100])),
    )
        .prop_map(
            |(
                (issuers, audience, any_audience),
                (subject, id, typ, any_typ),
                (required, no_expiry, leeway),
                max_age,
            )| Policy {
                issuers,
                audience,
                any_audience,
                subject,
                id,
                typ,
                any_typ,
                required,
                no_expiry,
                leeway,
                max_age,
            },
        )
}

/// What no registered claim may be (RFC 7519 §4.1), null above all.
fn wrong() -> impl Strategy<Value = (&'static str, Value)> {
    let texts = ("iss|sub|jti", vec![json!(7), json!(null), json!(["a"]), json!({}), json!(true)]);
    let dates =
        ("exp|nbf|iat", vec![json!("1800000000"), json!(null), json!([1]), json!({}), json!(false)]);
    let aud = ("aud", vec![json!(7), json!(null), json!(["a", 7]), json!([["a"]]), json!({"a": 1})]);
    prop::sample::select(vec![texts, dates, aud]).prop_flat_map(|(names, values)| {
        let names: Vec<&str> = names.split('|').collect();
        (prop::sample::select(names), prop::sample::select(values))
    })
}

fn tokens() -> impl Strategy<Value = (Plain, Claims)> {
    let typ =
        prop::option::of(prop::sample::select(vec!["JWT", "jwt", "at+jwt", "Application/AT+jwt", "x"]));
    let aud = prop_oneof![
        name().prop_map(|name| json!(name)),
        prop::collection::vec(name(), 0..3).prop_map(|names| json!(names))
    ];
    let text = || prop::option::of(name());
    (
        (typ, prop::option::of(moment()), prop::option::of(moment())),
        [text(), text(), text()],
        [prop::option::of(date()), prop::option::of(date()), prop::option::of(date())],
        (prop::option::of(aud), prop::option::weighted(0.05, wrong())),
    )
        .prop_map(|((typ, issued_at, expires_at), texts, dates, (aud, wrong))| {
            let texts = ["iss", "sub", "jti"].into_iter().zip(texts);
            let dates = ["exp", "nbf", "iat"].into_iter().zip(dates);
            let claims = Claims {
                texts: texts.filter_map(|(name, text)| Some((name, text?))).collect(),
                aud,
                dates: dates
                    .filter_map(|(name, date)| date.map(|(date, way)| (name, date, way)))
                    .collect(),
                wrong,
            };
            (Plain { typ, issued_at, expires_at }, claims)
        })
}

/// The verdict, and none where a claim is of a wrong type: that is never as good as absent, whatever the
/// policy, and the token not even decoded.
fn verdict(
    policy: &Policy,
    outside: Plain,
    claims: &Claims,
) -> Result<Option<Option<ErrorKind>>, TestCaseError> {
    let text = claims.written();
    if claims.wrong.is_some() {
        let read = outside.decode::<serde::de::IgnoredAny>(&text);
        prop_assert_eq!(kind(read), Some(ErrorKind::MalformedClaims), "{}", text);
        return Ok(None);
    }
    Ok(Some(judge_with(&policy.validator(), outside, &text)))
}

proptest! {
    #![proptest_config(config(4000))]

    #[test]
    fn the_verdict_is_that_of_the_documentation(policy in policies(), (outside, claims) in tokens()) {
        let (identity, times) = policy.broken(outside, &claims);
        let Some(verdict) = verdict(&policy, outside, &claims)? else { return Ok(()) };
        match verdict {
            None => prop_assert!(identity.is_empty() && times.is_empty(), "{:?} {:?}", identity, times),
            Some(kind) if !identity.is_empty() => prop_assert!(identity.contains(&kind), "{:?} {:?}", kind, identity),
            Some(kind) => prop_assert!(times.contains(&kind), "{:?} {:?}", kind, times),
        }
    }

    /// A model that is seldom content proves little: here all is right but perhaps the times.
    #[test]
    fn times_are_judged_as_documented(policy in policies(), (outside, claims) in tokens()) {
        let policy = Policy { issuers: vec![], any_audience: true, subject: None, id: None, typ: None, any_typ: true, required: vec![], ..policy };
        let (identity, times) = policy.broken(outside, &claims);
        prop_assert!(identity.is_empty());
        let Some(verdict) = verdict(&policy, outside, &claims)? else { return Ok(()) };
        prop_assert_eq!(verdict.is_none(), times.is_empty(), "{:?} {:?}", verdict, times);
        prop_assert!(verdict.is_none_or(|kind| times.contains(&kind)), "{:?} {:?}", verdict, times);
    }

    /// And here all is right but one claim, an eighth of a second or two on either side of where it turns.
    #[test]
    fn each_boundary_is_where_it_should_be(
        policy in policies(), name in prop::sample::select(vec!["exp", "nbf", "iat"]), eighths in -12..=12_i128, exponent in any::<bool>(),
    ) {
        let policy = Policy { issuers: vec![], any_audience: true, subject: None, id: None, typ: None, any_typ: true, required: vec![], no_expiry: true, max_age: policy.max_age.filter(|_| name == "iat"), ..policy };
        let early = policy.leeway.unwrap_or(60);
        let late = policy.leeway.unwrap_or(0);
        let turns = match (name, policy.max_age) {
            ("exp", _) => vec![NOW - late],
            ("iat", Some(age)) => vec![NOW - age - late, NOW + early],
            _ => vec![NOW + early],
        };
        for turn in turns {
            let date = Date(i128::from(turn) * 8 + eighths);
            let claims = Claims { texts: vec![], aud: None, dates: vec![(name, date, exponent)], wrong: None };
            let (identity, times) = policy.broken(Plain::default(), &claims);
            let verdict = judge_with(&policy.validator(), Plain::default(), &claims.written());
            prop_assert!(identity.is_empty());
            prop_assert_eq!(verdict, times.first().copied(), "{}", claims.written());
        }
    }
}
