//! Claims under a good signature.

use serde_json::Value;
use symbolon::jws::compact::{self, Parameters};
use symbolon::{ErrorKind, FixedClock, NoCustom, Registered, TokenCodecExt, Validator};
use time::Duration;

use super::choices::Choices;
use super::jws::{codec, judge, signers};
use super::{NOW, good, now};

/// The JSON of claims.
pub fn claims(data: &[u8]) {
    let [signer, ..] = signers();
    for parameters in [Parameters::new(), Parameters::new().typ("at+jwt")] {
        let token = good(compact::sign(data, &parameters, &(), signer));
        if let Ok(token) = codec().decode_at::<Value>(&token, now()) {
            // `Value` holds no number beyond f64; what it does hold is an object.
            assert!(token.claims_unvalidated().map_or(true, |claims| claims.custom().is_object()));
        }
        judge(&token);
    }
}

/// Claims put together of parts whose meaning is known, judged by a policy put together alike: the
/// verdict must be that of a model that never parses anything. The input: a choice for each part.
pub fn claims_structured(data: &[u8]) {
    let mut choices = Choices::of(data);
    let said = Said::chosen(&mut choices);
    let policy = Policy::chosen(&mut choices);
    let json = said.to_json(&mut choices);

    let parameters = said.typ.map_or(Parameters::new(), |(typ, _)| Parameters::new().typ(typ));
    let token = good(compact::sign(json.as_bytes(), &parameters, &(), &signers()[0]));
    let verdict = codec()
        .decode_at::<NoCustom>(&token, now())
        .and_then(|token| token.validate(&policy.validator()))
        .map(|verified| assert!(said.is_told_by(verified.registered()), "{json}"))
        .map_err(|error| error.kind());
    assert_eq!(verdict, policy.verdict(&said), "{json} {policy:?}");
}

/// A claim as it is spelled, and what that means; none for a wrong type.
type Spelled<T> = Option<(&'static str, Option<T>)>;

/// The `typ` of a header and whether it is `JWT`, `at+jwt` or another.
const TYPS: [Option<(&str, Option<&str>)>; 10] = [
    None,
    Some(("JWT", Some("JWT"))),
    Some(("jwt", Some("JWT"))),
    Some(("application/jwt", Some("JWT"))),
    Some(("at+jwt", Some("at+jwt"))),
    Some(("APPLICATION/AT+JWT", Some("at+jwt"))),
    Some(("application/x/jwt", None)),
    Some(("", None)),
    Some(("application/", None)),
    Some(("JWTs", None)),
];

const ISSUERS: [&str; 2] = ["https://one.example", "https://two.example"];
const TEXTS: [Spelled<&str>; 12] = [
    None,
    Some((r#""https://one.example""#, Some(ISSUERS[0]))),
    Some((r#""https:\/\/two.\u0065xample""#, Some(ISSUERS[1]))),
    Some((r#""7""#, Some("7"))),
    Some((r#""\u0037""#, Some("7"))),
    Some((r#""07""#, Some("07"))),
    Some((r#""""#, Some(""))),
    Some((r#""\ud83d\udd11""#, Some("\u{1f511}"))),
    Some(("7", None)),
    Some(("null", None)),
    Some((r#"["7"]"#, None)),
    Some((r#"{"7":"7"}"#, None)),
];

const AUDIENCES: [Spelled<&[&str]>; 12] = [
    None,
    Some((r#""api""#, Some(&["api"]))),
    Some((r#""\u0061pi""#, Some(&["api"]))),
    Some((r#""ops""#, Some(&["ops"]))),
    Some((r#"[ "ops" , "api" ]"#, Some(&["ops", "api"]))),
    Some((r#"["ap"]"#, Some(&["ap"]))),
    Some(("[]", Some(&[]))),
    Some((r#""""#, Some(&[""]))),
    Some((r#"["api",7]"#, None)),
    Some((r#"[["api"]]"#, None)),
    Some(("null", None)),
    Some((r#"{"api":true}"#, None)),
];

/// A moment as it is spelled, and the whole seconds below and above it; none for a wrong type.
#[derive(Debug)]
struct Moment {
    json: String,
    seconds: Option<(i64, i64)>,
}

impl Moment {
    fn chosen(choices: &mut Choices<'_>) -> Option<Self> {
        let near = NOW + i64::from(i16::from_be_bytes([choices.byte(), choices.byte()]));
        let known = |json: String, below, above| Some(Self { json, seconds: Some((below, above)) });
        let exactly = |json: String, seconds| known(json, seconds, seconds);
        let wrong = |json: &str| Some(Self { json: json.into(), seconds: None });
        match choices.byte() % 16 {
            0 => None,
            1..=4 => exactly(near.to_string(), near),
            5 => known(format!("{near}.25"), near, near + 1),
            6 => known(format!("-{near}.25"), -near - 1, -near),
            7 => exactly(format!("{near}.0e0"), near),
            8 => exactly(format!("{near}00E-2"), near),
            9 => exactly("9223372036854775807".into(), i64::MAX),
            10 => exactly("9223372036854775808".into(), i64::MAX),
            11 => exactly("-1e400".into(), i64::MIN),
            12 => exactly("-0".into(), 0),
            13 => wrong(&format!(r#""{near}""#)),
            14 => wrong("null"),
            _ => wrong("[1]"),
        }
    }

    fn below(of: &Option<Self>) -> Option<i64> {
        of.as_ref().and_then(|moment| moment.seconds).map(|(below, _)| below)
    }

    fn above(of: &Option<Self>) -> Option<i64> {
        of.as_ref().and_then(|moment| moment.seconds).map(|(_, above)| above)
    }
}

/// What a token says.
#[derive(Debug)]
struct Said {
    typ: Option<(&'static str, Option<&'static str>)>,
    iss: Spelled<&'static str>,
    sub: Spelled<&'static str>,
    jti: Spelled<&'static str>,
    aud: Spelled<&'static [&'static str]>,
    exp: Option<Moment>,
    nbf: Option<Moment>,
    iat: Option<Moment>,
    /// A member stands in it twice.
    twice: bool,
}

impl Said {
    fn chosen(choices: &mut Choices<'_>) -> Self {
        Self {
            typ: *choices.pick(&TYPS),
            iss: *choices.pick(&TEXTS),
            sub: *choices.pick(&TEXTS),
            jti: *choices.pick(&TEXTS),
            aud: *choices.pick(&AUDIENCES),
            exp: Moment::chosen(choices),
            nbf: Moment::chosen(choices),
            iat: Moment::chosen(choices),
            twice: choices.byte() % 8 == 7,
        }
    }

    /// The members in any order, with one's own between them and white space where it may stand.
    fn to_json(&self, choices: &mut Choices<'_>) -> String {
        let spelled = |name: &str, json: &str| format!(r#""{name}" :{json}"#);
        let moment = |name, of: &Option<Moment>| of.as_ref().map(|moment| spelled(name, &moment.json));
        let text = |name, of: Spelled<&str>| of.map(|(json, _)| spelled(name, json));
        let own = r#""own":{"exp":1,"aud":[{"iss":null}]}"#.to_owned();
        let mut members: Vec<String> = [
            Some(own.clone()),
            text("iss", self.iss),
            text("s\\u0075b", self.sub),
            text("jti", self.jti),
            self.aud.map(|(json, _)| spelled("aud", json)),
            moment("exp", &self.exp),
            moment("nbf", &self.nbf),
            moment("iat", &self.iat),
            self.twice.then(|| own.replace("\"own\"", r#""\u006fwn""#)),
        ]
        .into_iter()
        .flatten()
        .collect();
        for last in (1..members.len()).rev() {
            members.swap(last, choices.place(last + 1));
        }
        format!("\t{{ {}\n}} ", members.join(" , "))
    }

    fn is_malformed(&self) -> bool {
        let text = |of: Spelled<&str>| of.is_some_and(|(_, meaning)| meaning.is_none());
        let moment = |of: &Option<Moment>| of.as_ref().is_some_and(|moment| moment.seconds.is_none());
        self.twice
            || [self.iss, self.sub, self.jti].into_iter().any(text)
            || self.aud.is_some_and(|(_, meaning)| meaning.is_none())
            || [&self.exp, &self.nbf, &self.iat].into_iter().any(moment)
    }

    fn has(&self, name: &str) -> bool {
        match name {
            "iss" => self.iss.is_some(),
            "sub" => self.sub.is_some(),
            "aud" => self.aud.is_some(),
            "exp" => self.exp.is_some(),
            "nbf" => self.nbf.is_some(),
            "iat" => self.iat.is_some(),
            "jti" => self.jti.is_some(),
            _ => unreachable!("not a registered claim: {name}"),
        }
    }

    fn is_told_by(&self, told: &Registered) -> bool {
        let names: Option<Vec<&str>> = told.audience().map(|aud| aud.iter().collect());
        let seconds =
            |moment: Option<time::OffsetDateTime>| moment.map(|moment| moment.unix_timestamp());
        // A moment beyond the calendar is told as its last one.
        let told_as = |due: Option<i64>, told: Option<i64>| match (due, told) {
            (Some(due), Some(told)) => due == told || due.unsigned_abs() > 200_000_000_000,
            (due, told) => due == told,
        };
        told.issuer() == meaning(self.iss)
            && told.subject() == meaning(self.sub)
            && told.id() == meaning(self.jti)
            && names.as_deref() == meaning(self.aud)
            && told_as(Moment::below(&self.exp), seconds(told.expires_at()))
            && told_as(Moment::above(&self.nbf), seconds(told.not_before()))
            && told_as(Moment::below(&self.iat), seconds(told.issued_at()))
    }
}

fn meaning<T: Copy>(of: Spelled<T>) -> Option<T> {
    of.and_then(|(_, meaning)| meaning)
}

/// What a service demands.
#[derive(Debug)]
struct Policy {
    typ: Option<&'static str>,
    any_typ: bool,
    issuers: &'static [&'static str],
    audiences: &'static [&'static str],
    any_audience: bool,
    subject: bool,
    id: bool,
    required: Vec<&'static str>,
    no_expiry: bool,
    leeway: Option<i64>,
    max_age: Option<i64>,
    refuses: bool,
}

impl Policy {
    fn chosen(choices: &mut Choices<'_>) -> Self {
        let required = choices.byte();
        let rarely = |byte: u8| byte % 8 == 7;
        Self {
            typ: choices.flag().then_some("at+jwt"),
            any_typ: choices.flag(),
            issuers: *choices.pick::<&[&str]>(&[&[], &ISSUERS[..1], &ISSUERS]),
            audiences: *choices.pick::<&[&str]>(&[&[], &["api"], &["ap", "ops"]]),
            any_audience: choices.flag(),
            subject: rarely(choices.byte()),
            id: rarely(choices.byte()),
            // One in eight demands any, so that the rest gets its turn.
            required: Registered::NAMES
                .into_iter()
                .enumerate()
                .filter(|(bit, _)| required & 0x80 != 0 && required >> bit & 1 == 1)
                .map(|(_, name)| name)
                .collect(),
            no_expiry: choices.flag(),
            leeway: *choices.pick(&[None, Some(0), Some(1), Some(600), Some(601), Some(-1)]),
            max_age: *choices.pick(&[None, Some(0), Some(60), Some(i64::MAX), Some(-1)]),
            refuses: rarely(choices.byte()),
        }
    }

    fn validator(&self) -> Validator {
        let mut validator = Validator::new().clock(FixedClock::new(now()));
        if self.any_typ {
            validator = validator.any_typ();
        }
        if let Some(typ) = self.typ {
            validator = validator.typ(typ);
        }
        for issuer in self.issuers {
            validator = validator.issuer(*issuer);
        }
        if self.any_audience {
            validator = validator.any_audience();
        }
        for audience in self.audiences {
            validator = validator.audience(*audience);
        }
        for name in &self.required {
            validator = validator.require(*name);
        }
        if self.subject {
            validator = validator.subject("7");
        }
        if self.id {
            validator = validator.id("7");
        }
        if self.no_expiry {
            validator = validator.allow_no_expiry();
        }
        if let Some(leeway) = self.leeway {
            validator = validator.leeway(Duration::seconds(leeway));
        }
        if let Some(age) = self.max_age {
            validator = validator.max_age(Duration::seconds(age));
        }
        if self.refuses {
            validator = validator.also(|_| Err(ErrorKind::Refused.into()));
        }
        validator
    }

    /// What the documentation of [`Validator`] says of it all, in its order.
    fn verdict(&self, said: &Said) -> Result<(), ErrorKind> {
        use ErrorKind as Kind;

        let unless = |good: bool, kind: Kind| if good { Ok(()) } else { Err(kind) };
        unless(!said.is_malformed(), Kind::MalformedClaims)?;
        let leeway_is_valid = self.leeway.is_none_or(|leeway| (0..=600).contains(&leeway));
        unless(leeway_is_valid && self.max_age.is_none_or(|age| age >= 0), Kind::InvalidSetting)?;

        let typ_fits = match (self.typ, self.any_typ, said.typ) {
            (Some(due), _, said) => said.is_some_and(|(_, short)| short == Some(due)),
            (None, true, _) | (None, false, None) => true,
            (None, false, Some((_, short))) => short == Some("JWT"),
        };
        unless(typ_fits, Kind::WrongType)?;
        if !self.issuers.is_empty() {
            let issuer = meaning(said.iss).ok_or(Kind::MissingClaim)?;
            unless(self.issuers.contains(&issuer), Kind::WrongIssuer)?;
        }
        match meaning(said.aud) {
            None => unless(self.audiences.is_empty(), Kind::MissingClaim)?,
            Some(names) => {
                let fits = if self.audiences.is_empty() {
                    self.any_audience
                } else {
                    names.iter().any(|name| self.audiences.contains(name))
                };
                unless(fits, Kind::WrongAudience)?;
            }
        }
        for (due, claim, wrong) in
            [(self.subject, said.sub, Kind::WrongSubject), (self.id, said.jti, Kind::WrongId)]
        {
            if due {
                unless(meaning(claim).ok_or(Kind::MissingClaim)? == "7", wrong)?;
            }
        }
        unless(self.required.iter().all(|name| said.has(name)), Kind::MissingClaim)?;

        // Wide enough that nothing overflows.
        let wide = |seconds: Option<i64>| seconds.map(i128::from);
        let now = i128::from(NOW);
        let (behind, ahead) = self.leeway.map_or((0, 60), |leeway| (leeway, leeway));
        let (behind, latest_start) = (i128::from(behind), now + i128::from(ahead));
        unless(self.no_expiry || said.exp.is_some(), Kind::MissingClaim)?;
        let begun = wide(Moment::above(&said.nbf)).is_none_or(|start| start <= latest_start);
        unless(begun, Kind::NotYetValid)?;
        if let Some(age) = wide(self.max_age) {
            let issued = wide(Moment::below(&said.iat)).ok_or(Kind::MissingClaim)?;
            unless(issued <= latest_start, Kind::NotYetValid)?;
            unless(now - issued <= age + behind, Kind::TooOld)?;
        }
        let lasts = wide(Moment::below(&said.exp)).is_none_or(|end| now < end + behind);
        unless(lasts, Kind::Expired)?;
        unless(!self.refuses, Kind::Refused)
    }
}
