//! The codec layer: one trait for all formats, services on top of it, and claims in and out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
#[cfg(feature = "amora")]
use symbolon::{AmoraCodec, amora::AmoraOpener};
use symbolon::{
    AnyOf, Audience, Body, Claims, Envelope, Error, ErrorKind, Fault, FixedClock, Format, HmacAlg,
    JwsAlg, JwsCodec, Keyring, Limits, NoCustom, OctKey, Provenance, RawToken, Result, SharedKeyring,
    Signer, TokenCodec, TokenCodecExt, Tokens, Validator,
};
#[cfg(feature = "jwe")]
use symbolon::{Encrypter, JweAlg, JweCodec, JweEnc};
#[cfg(feature = "sealed")]
use symbolon::{HeaderlessSealedCodec, SealedCodec};
use time::{Duration, OffsetDateTime};

use crate::support::{NOW, at, base64url, damaged, from_base64url, header_of, hs256, kind, signed_as};

/// A format of one's own, as a user would write it: a prefix, the payload, and a MAC by one of our
/// keys behind it.
#[derive(Clone)]
struct Sealing {
    prefix: &'static str,
    provenance: Provenance,
    key: Signer,
}

impl Sealing {
    fn new(prefix: &'static str, provenance: Provenance) -> Self {
        Self { prefix, provenance, key: hs256() }
    }
}

impl TokenCodec for Sealing {
    fn recognizes(&self, token: &RawToken<'_>) -> bool {
        token.as_str().starts_with(self.prefix)
    }

    fn provenance(&self) -> Provenance {
        self.provenance
    }

    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        let signature = self.key.sign(body.payload())?;
        let times = format!("{:?}/{:?}", body.issued_at_unix(), body.expires_at_unix());
        *out += &format!(
            "{}~{}~{}~{}",
            self.prefix,
            base64url(body.payload()),
            base64url(signature),
            base64url(times)
        );
        Ok(())
    }

    fn decode_into(&self, token: &RawToken<'_>, _: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        let malformed = || Error::from(ErrorKind::Malformed);
        let mut parts =
            token.as_str().strip_prefix(self.prefix).ok_or_else(malformed)?.split('~').skip(1);
        let mut part = || parts.next().map(from_base64url).ok_or_else(malformed);
        let (payload, signature) = (part()?, part()?);
        if !self.key.verifier().verify(&payload, &signature) {
            return Err(ErrorKind::Unauthentic.into());
        }
        out.extend(payload);
        Ok(Envelope::new(Format::Other("sealing"), "HMAC", self.provenance))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    user: u64,
    role: String,
}

fn session() -> Session {
    Session { user: 7, role: "admin".into() }
}

fn lasting() -> Validator {
    Validator::new().allow_no_expiry()
}

fn payload(token: &str) -> Value {
    serde_json::from_slice(&from_base64url(token.split('.').nth(1).unwrap())).unwrap()
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&from_base64url(token.split('.').next().unwrap())).unwrap()
}

#[test]
fn a_codec_works_through_references_boxes_and_arcs() {
    let codec = JwsCodec::new(hs256());
    let claims = Claims::new(session());
    let shared: Arc<dyn TokenCodec> = Arc::new(codec.clone());
    let boxed: Box<dyn TokenCodec> = Box::new(codec.clone());
    let twice: Box<Arc<dyn TokenCodec>> = Box::new(Arc::clone(&shared));
    let by_reference: &dyn TokenCodec = &codec;
    let token = codec.encode(&claims).unwrap();
    for dynamic in [by_reference, &shared, &boxed, &twice, &&codec] {
        assert_eq!(dynamic.encode(&claims).unwrap(), token);
        assert_eq!(dynamic.decode::<Session>(&token).unwrap().claims_unvalidated().unwrap(), claims);
        assert!(dynamic.recognizes(&RawToken::new(&token)) && !dynamic.recognizes(&RawToken::new("x")));
        assert_eq!(dynamic.provenance(), Provenance::SharedKey);
        assert_eq!(kind(dynamic.decode::<Session>("x")), Some(ErrorKind::Malformed));
    }
    let tokens = Tokens::<Session>::builder(shared).build().unwrap();
    assert_eq!(tokens.verify(&tokens.issue(&session()).unwrap()).unwrap().into_custom(), session());
    assert_eq!(tokens.codec().provenance(), Provenance::SharedKey);
}

#[test]
fn the_envelope_tells_what_stands_outside() {
    let signer = Signer::generate(JwsAlg::ES256).unwrap().with_kid("k").unwrap();
    let codec = JwsCodec::new(signer.clone());
    let token = codec.encode(&Claims::new(NoCustom::default())).unwrap();
    let read = codec.decode::<NoCustom>(&token).unwrap();
    let envelope = read.envelope().clone();
    assert_eq!((envelope.format(), envelope.alg()), (Format::Jws, "ES256"));
    assert_eq!((envelope.kid(), envelope.provenance()), (signer.kid(), Provenance::Signed));
    assert_eq!((envelope.typ(), envelope.content_type()), (Some("JWT"), None));
    assert_eq!((envelope.issued_at(), envelope.expires_at()), (None, None));
    assert_eq!(envelope.format().to_string(), "JWS");
    // The kid told is the key's, not the header's.
    let anonymous = JwsCodec::new(hs256());
    let token = signed_as(r#"{"alg":"HS256","kid":"anything","typ":"x+jwt","cty":"y"}"#, "{}", &hs256());
    let read = anonymous.decode::<NoCustom>(&token).unwrap();
    assert_eq!(read.envelope().kid(), None);
    assert_eq!((read.envelope().typ(), read.envelope().content_type()), (Some("x+jwt"), Some("y")));
    // Times beyond the calendar are judged, but cannot be told.
    let envelope =
        Envelope::new(Format::Other("x"), "a", Provenance::Anyone).with_expires_at(Some(i64::MAX));
    assert_eq!(
        (envelope.expires_at(), envelope.clone().with_issued_at(Some(7)).issued_at()),
        (None, Some(at(7)))
    );
}

// AnyOf.

#[test]
fn any_of_dispatches_by_shape_and_never_tries() {
    let (a, b) = (Sealing::new("aa", Provenance::Signed), Sealing::new("ab", Provenance::SharedKey));
    let jws = JwsCodec::new(Signer::generate(JwsAlg::ES256).unwrap());
    let codec = AnyOf::new(a.clone()).or(b.clone()).or(jws.clone());
    let claims = Claims::new(session());
    assert!(codec.encode(&claims).unwrap().starts_with("aa~"), "the first writes");
    for (writer, format) in [(&a as &dyn TokenCodec, "sealing"), (&b, "sealing"), (&jws, "JWS")] {
        let token = writer.encode(&claims).unwrap();
        assert!(codec.recognizes(&RawToken::new(&token)));
        let read = codec.decode::<Session>(&token).unwrap();
        assert_eq!(read.envelope().format().to_string(), format);
        assert_eq!(read.claims_unvalidated().unwrap().into_custom(), session());
    }
    for text in ["", "x", "a", "b.c.d", "{}", "e.b", "e.b.c.d"] {
        assert!(!codec.recognizes(&RawToken::new(text)));
        assert_eq!(kind(codec.decode::<Session>(text)), Some(ErrorKind::UnknownFormat), "{text}");
    }
    // A token of the wrong key is not handed on, though the next reader would open it.
    let mut other = Sealing::new("aa", Provenance::Signed);
    other.key = OctKey::new(vec![9; 32]).unwrap().signer(HmacAlg::Hs256).unwrap();
    let token = other.encode(&claims).unwrap();
    let codec = AnyOf::new(a).or(other);
    assert_eq!(kind(codec.decode::<Session>(&token)), Some(ErrorKind::Unauthentic));
    assert_eq!(format!("{codec:?}"), "AnyOf { readers: 1, .. }");
}

#[test]
fn any_of_asks_its_readers_in_their_order() {
    // Both recognize the text; the first that was added has it.
    let wide = Sealing::new("a", Provenance::Signed);
    let mut narrow = Sealing::new("ab", Provenance::Signed);
    narrow.key = OctKey::new(vec![9; 32]).unwrap().signer(HmacAlg::Hs256).unwrap();
    let token = narrow.encode(&Claims::new(session())).unwrap();
    let writer = Sealing::new("x", Provenance::Signed);
    let first_wide = AnyOf::new(writer.clone()).or(wide.clone()).or(narrow.clone());
    assert!(first_wide.decode::<Session>(&token).is_err());
    assert!(AnyOf::new(writer).or(narrow.clone()).or(wide.clone()).decode::<Session>(&token).is_ok());
    // The writer goes before all readers.
    assert!(AnyOf::new(wide).or(narrow).decode::<Session>(&token).is_err());
}

#[test]
fn or_until_reads_up_to_and_including_its_last_moment() {
    let old = Sealing::new("a", Provenance::Signed);
    let token = old.encode(&Claims::new(session())).unwrap();
    let codec = AnyOf::new(JwsCodec::new(hs256())).or_until(old.clone(), at(NOW));
    for (now, due) in [(NOW - 1, None), (NOW, None), (NOW + 1, Some(ErrorKind::UnknownFormat))] {
        assert_eq!(kind(codec.decode_at::<Session>(&token, at(now))), due, "{now}");
        assert_eq!(kind(codec.open_at(&token, at(now))), due, "{now}");
    }
    // A format that is no longer read is not handed on, either.
    let codec = AnyOf::new(JwsCodec::new(hs256())).or_until(old.clone(), at(NOW)).or(old);
    assert_eq!(kind(codec.decode_at::<Session>(&token, at(NOW + 1))), Some(ErrorKind::UnknownFormat));
}

#[test]
fn any_of_is_as_strong_as_its_weakest() {
    let of = |provenance| Sealing::new("a", provenance);
    for (all, due) in [
        (vec![Provenance::Signed], Provenance::Signed),
        (vec![Provenance::Signed, Provenance::SharedKey], Provenance::SharedKey),
        (vec![Provenance::Anyone, Provenance::Signed], Provenance::Anyone),
        (vec![Provenance::Signed, Provenance::SharedKey, Provenance::Anyone], Provenance::Anyone),
    ] {
        let codec =
            all[1..].iter().fold(AnyOf::new(of(all[0])), |codec, provenance| codec.or(of(*provenance)));
        assert_eq!(codec.provenance(), due);
        assert_eq!(AnyOf::new(codec).provenance(), due);
    }
    let past = AnyOf::new(of(Provenance::Signed)).or_until(of(Provenance::Anyone), at(0));
    assert_eq!(past.provenance(), Provenance::Anyone);
}

// Tokens.

#[test]
fn a_service_issues_what_it_verifies() {
    let signer = Signer::generate(JwsAlg::EDDSA).unwrap().with_kid("2026-11").unwrap();
    let tokens = Tokens::<Session>::builder(JwsCodec::new(signer))
        .issuer("https://id.example")
        .audience("api")
        .audience("ops")
        .lifetime(Duration::minutes(5))
        .random_ids()
        .clock(FixedClock::new(at(NOW)))
        .build()
        .unwrap();
    let token = tokens.issue_for("7", &session()).unwrap();
    let mut claims = payload(&token);
    let id = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(from_base64url(id.as_str().unwrap()).len(), 16);
    assert_eq!(
        claims,
        json!({"iss": "https://id.example", "sub": "7", "aud": ["api", "ops"], "exp": NOW + 300, "iat": NOW, "user": 7, "role": "admin"})
    );
    assert_eq!(header(&token), json!({"alg": "EdDSA", "kid": "2026-11", "typ": "JWT"}));
    let verified = tokens.verify(&token).unwrap();
    assert_eq!(verified.custom(), &session());
    let registered = verified.registered();
    assert_eq!((registered.issuer(), registered.subject()), (Some("https://id.example"), Some("7")));
    assert_eq!(registered.audience(), Some(&Audience::from(["api", "ops"])));
    assert_eq!((registered.expires_at(), registered.issued_at()), (Some(at(NOW + 300)), Some(at(NOW))));
    assert_eq!(registered.id(), id.as_str());
    assert_eq!(verified.claims().custom(), &session());

    let ids: std::collections::HashSet<_> =
        (0..100).map(|_| payload(&tokens.issue(&session()).unwrap())["jti"].to_string()).collect();
    assert_eq!(ids.len(), 100);
}

#[test]
fn a_service_demands_what_it_was_told() {
    let signer = hs256();
    let tokens = Tokens::<NoCustom>::builder(JwsCodec::new(signer.clone()))
        .issuer("us")
        .audience("api")
        .clock(FixedClock::new(at(NOW)))
        .policy(|validator| validator.require("sub").leeway(Duration::seconds(2)))
        .build()
        .unwrap();
    let right = json!({"iss": "us", "aud": "api", "exp": NOW - 1, "sub": "7"});
    for (name, value, due) in [
        ("x", json!(1), None),
        ("exp", json!(NOW - 2), Some(ErrorKind::Expired)),
        ("iss", json!("them"), Some(ErrorKind::WrongIssuer)),
        ("iss", Value::Null, Some(ErrorKind::MalformedClaims)),
        ("aud", json!(["ops"]), Some(ErrorKind::WrongAudience)),
        ("nbf", json!(NOW + 3), Some(ErrorKind::NotYetValid)),
    ] {
        let mut claims = right.clone();
        claims[name] = value;
        let error = tokens.verify(&signed_as(header_of(&signer), claims.to_string(), &signer));
        assert!(error.as_ref().err().is_none_or(|error| error.fault() == Fault::Token));
        assert_eq!(kind(error), due, "{name}");
    }
    for name in ["iss", "aud", "exp", "sub"] {
        let mut claims = right.clone();
        claims.as_object_mut().unwrap().remove(name);
        let verdict = tokens.verify(&signed_as(header_of(&signer), claims.to_string(), &signer));
        assert_eq!(kind(verdict), Some(ErrorKind::MissingClaim), "{name}");
    }
}

#[test]
fn typ_is_written_and_demanded() {
    let service = |typ: Option<&str>| {
        let builder = Tokens::<NoCustom>::builder(JwsCodec::new(hs256()));
        typ.map_or_else(|| Tokens::builder(JwsCodec::new(hs256())), |typ| builder.typ(typ))
            .build()
            .unwrap()
    };
    let (plain, access, refresh) = (service(None), service(Some("at+jwt")), service(Some("rt+jwt")));
    let token = access.issue(&NoCustom::default()).unwrap();
    assert_eq!(header(&token)["typ"], "at+jwt");
    assert!(access.verify(&token).is_ok());
    assert_eq!(kind(refresh.verify(&token)), Some(ErrorKind::WrongType));
    assert_eq!(kind(plain.verify(&token)), Some(ErrorKind::WrongType));
    let token = plain.issue(&NoCustom::default()).unwrap();
    assert_eq!(header(&token)["typ"], "JWT");
    assert_eq!(kind(access.verify(&token)), Some(ErrorKind::WrongType));
    let bare = signed_as(r#"{"alg":"HS256"}"#, r#"{"exp":4000000000}"#, &hs256());
    assert!(plain.verify(&bare).is_ok());
    assert_eq!(kind(access.verify(&bare)), Some(ErrorKind::WrongType));
}

#[test]
fn a_service_is_refused_where_its_settings_are_wrong() {
    let builder = || Tokens::<NoCustom>::builder(JwsCodec::new(hs256()));
    for (lifetime, due) in [
        (Duration::SECOND, None),
        (Duration::milliseconds(999), Some(ErrorKind::InvalidLifetime)),
        (Duration::ZERO, Some(ErrorKind::InvalidLifetime)),
        (Duration::seconds(-60), Some(ErrorKind::InvalidLifetime)),
        (Duration::MIN, Some(ErrorKind::InvalidLifetime)),
        (Duration::MAX, None),
    ] {
        assert_eq!(kind(builder().lifetime(lifetime).build()), due, "{lifetime}");
    }
    let endless = builder().lifetime(Duration::MAX).build().unwrap();
    assert_eq!(kind(endless.issue(&NoCustom::default())), Some(ErrorKind::InvalidLifetime));
    for policy in [
        |v: Validator| v.leeway(Duration::hours(1)),
        |v: Validator| v.require("role"),
        |v: Validator| v.max_age(Duration::MIN),
    ] {
        let error = builder().policy(policy).build().unwrap_err();
        assert_eq!((error.kind(), error.fault()), (ErrorKind::InvalidSetting, Fault::Caller));
    }
}

#[test]
fn a_format_that_names_no_issuer_must_be_allowed() {
    for (provenance, fine) in
        [(Provenance::Signed, true), (Provenance::SharedKey, true), (Provenance::Anyone, false)]
    {
        let builder = || Tokens::<Session>::builder(Sealing::new("a", provenance));
        assert_eq!(kind(builder().build()), (!fine).then_some(ErrorKind::AnonymousIssuer));
        let tokens = builder().allow_anonymous_issuer().build().unwrap();
        assert!(tokens.verify(&tokens.issue(&session()).unwrap()).is_ok());
    }
    let mixed = AnyOf::new(JwsCodec::new(hs256())).or(Sealing::new("a", Provenance::Anyone));
    assert_eq!(kind(Tokens::<Session>::builder(mixed).build()), Some(ErrorKind::AnonymousIssuer));
}

#[test]
fn a_format_that_turns_anonymous_later_is_refused_then() {
    /// Says it is signed, until it reads a token.
    struct Liar(Sealing);
    impl TokenCodec for Liar {
        fn recognizes(&self, token: &RawToken<'_>) -> bool {
            self.0.recognizes(token)
        }
        fn provenance(&self) -> Provenance {
            Provenance::Signed
        }
        fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
            self.0.encode_into(body, out)
        }
        fn decode_into(&self, token: &RawToken<'_>, now: i64, out: &mut Vec<u8>) -> Result<Envelope> {
            self.0.decode_into(token, now, out)
        }
    }
    let service = |allowed: bool| {
        let builder = Tokens::<Session>::builder(Liar(Sealing::new("a", Provenance::Anyone)));
        if allowed { builder.allow_anonymous_issuer() } else { builder }.build().unwrap()
    };
    let token = service(false).issue(&session()).unwrap();
    assert_eq!(kind(service(false).verify(&token)), Some(ErrorKind::AnonymousIssuer));
    assert!(service(true).verify(&token).is_ok());
}

#[test]
fn a_codec_of_one_s_own_is_told_the_times() {
    let tokens = Tokens::<Session>::builder(Sealing::new("a", Provenance::Signed))
        .lifetime(Duration::seconds(60))
        .clock(FixedClock::new(at(NOW)))
        .build()
        .unwrap();
    let times =
        |token: &str| String::from_utf8(from_base64url(token.rsplit('~').next().unwrap())).unwrap();
    let token = tokens.issue(&session()).unwrap();
    assert_eq!(times(&token), format!("Some({NOW})/Some({})", NOW + 60));
    assert!(tokens.verify(&token).is_ok());
    let codec = Sealing::new("a", Provenance::Signed);
    let claims = Claims::new(session()).with_issued_at(at(1)).with_expiry(at(2));
    assert_eq!(times(&codec.encode(&claims).unwrap()), "Some(1)/Some(2)");
    let body = Body::new(b"x").issued_at(at(3)).expires_at(at(4)).typ("t").content_type("c");
    assert_eq!(times(&codec.seal(&body).unwrap()), "Some(3)/Some(4)");
    // What is not said to be issued at any time is issued now, and does not expire.
    let before = OffsetDateTime::now_utc().unix_timestamp();
    let token = times(&codec.seal(&Body::new(b"x")).unwrap());
    let issued = token.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(")/None")).unwrap();
    assert!((before..=before + 60).contains(&issued.parse().unwrap()), "{token}");
    assert_eq!(
        (body.payload(), body.as_typ(), body.as_content_type()),
        (&b"x"[..], Some("t"), Some("c"))
    );
}

// Claims out.

fn issue<C: Serialize>(claims: &Claims<C>) -> Result<Value> {
    JwsCodec::new(hs256()).encode(claims).map(|token| payload(&token))
}

#[test]
fn custom_claims_never_take_the_name_of_one_that_is_set() {
    #[derive(Serialize)]
    struct Struct {
        iss: &'static str,
    }
    #[derive(Serialize)]
    struct Flat {
        user: u64,
        #[serde(flatten)]
        more: BTreeMap<&'static str, u64>,
    }
    #[derive(Serialize)]
    #[serde(tag = "iss")]
    enum Tagged {
        A { user: u64 },
    }
    #[derive(Serialize, PartialEq, Eq, Hash)]
    #[serde(rename_all = "lowercase")]
    enum Name {
        Iss,
    }
    let with = |_: ()| Claims::new(()).with_issuer("us");
    let named = with(());
    assert_eq!(issue(&named).unwrap(), json!({"iss": "us"}));

    fn judge<C: Serialize>(custom: C) {
        let free = issue(&Claims::new(&custom)).unwrap();
        assert_eq!(free.as_object().unwrap().keys().filter(|name| *name == "iss").count(), 1, "{free}");
        let error = issue(&Claims::new(&custom).with_issuer("us")).unwrap_err();
        assert_eq!((error.kind(), error.fault()), (ErrorKind::InvalidClaims, Fault::Caller));
        assert!(error.to_string().contains("`iss`"), "{error}");
        // Other names stay free.
        assert!(issue(&Claims::new(&custom).with_subject("7")).is_ok());
        let tokens = |builder: symbolon::TokensBuilder<C>| {
            builder.clock(FixedClock::new(at(NOW))).build().unwrap()
        };
        let codec = || JwsCodec::new(hs256());
        assert_eq!(
            kind(tokens(Tokens::builder(codec()).issuer("us")).issue(&custom)),
            Some(ErrorKind::InvalidClaims)
        );
        assert!(tokens(Tokens::builder(codec())).issue(&custom).is_ok());
    }
    judge(Struct { iss: "them" });
    judge(Some(Struct { iss: "them" }));
    judge(Box::new(Struct { iss: "them" }));
    judge(HashMap::from([("iss", "them"), ("b", "c")]));
    judge(HashMap::from([("iss".to_owned(), vec![1])]));
    judge(HashMap::from([(Name::Iss, 1)]));
    judge(BTreeMap::from([("a", 1), ("iss", 2)]));
    judge(Flat { user: 7, more: BTreeMap::from([("iss", 1)]) });
    judge(Tagged::A { user: 7 });
    judge(json!({"iss": "them"}));
    judge(json!({"iss": null}));
}

#[test]
fn each_registered_claim_is_guarded() {
    let all = |custom: Value| {
        Claims::new(custom)
            .with_issuer("i")
            .with_subject("s")
            .with_audience("a")
            .with_expiry(at(1))
            .with_not_before(at(2))
            .with_issued_at(at(3))
            .with_id("j")
    };
    for name in symbolon::Registered::NAMES {
        assert_eq!(kind(issue(&all(json!({name: 1})))), Some(ErrorKind::InvalidClaims), "{name}");
        // Names that only look alike are one's own.
        let alike = name.to_uppercase();
        assert_eq!(issue(&all(json!({alike.as_str(): 1}))).unwrap()[&alike], 1);
    }
    assert_eq!(
        issue(&all(json!({"x": {"iss": 1}}))).unwrap(),
        json!({"iss": "i", "sub": "s", "aud": "a", "exp": 1, "nbf": 2, "iat": 3, "jti": "j", "x": {"iss": 1}})
    );
    // One audience is a string, several are a list, none is an empty one.
    assert_eq!(issue(&Claims::new(()).with_audience(["a", "b"])).unwrap(), json!({"aud": ["a", "b"]}));
    assert_eq!(issue(&Claims::new(()).with_audience(Vec::<String>::new())).unwrap(), json!({"aud": []}));
    // A service guards those that it sets.
    let tokens = Tokens::<Value>::builder(JwsCodec::new(hs256()))
        .issuer("i")
        .audience("a")
        .random_ids()
        .build()
        .unwrap();
    for (name, fine) in [
        ("iss", false),
        ("aud", false),
        ("exp", false),
        ("iat", false),
        ("jti", false),
        ("sub", true),
        ("nbf", true),
    ] {
        assert_eq!(tokens.issue(&json!({name: 1})).is_ok(), fine, "{name}");
        assert_eq!(tokens.issue_for("7", &json!({name: 1})).is_ok(), fine && name != "sub", "{name}");
    }
}

#[test]
fn claims_that_are_no_object_are_refused() {
    #[derive(Serialize)]
    struct Tuple(u8, u8);
    #[derive(Serialize)]
    struct Wrapper(u64);
    #[derive(Serialize)]
    enum Choice {
        Unit,
        New(u8),
        Pair(u8, u8),
        Named { a: u8 },
    }
    #[derive(Serialize)]
    struct Unit;
    /// What is text only once it is displayed.
    struct Displayed;
    impl Serialize for Displayed {
        fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
            to.collect_str("text")
        }
    }
    fn refused<C: Serialize>(custom: C) {
        let error = issue(&Claims::new(custom)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidClaims);
        assert!(error.to_string().contains("a struct or a map"), "{error}");
    }
    refused(1_u64);
    refused(-1_i8);
    refused(1.5_f64);
    refused(true);
    refused('c');
    refused("text");
    refused(vec![1, 2]);
    refused([0_u8; 0]);
    refused((1, "a"));
    refused(Tuple(1, 2));
    refused(Wrapper(1));
    refused(Some(1));
    refused(Choice::Unit);
    refused(Choice::New(1));
    refused(Choice::Pair(1, 2));
    refused(Choice::Named { a: 1 });
    refused(json!([1]));
    refused(json!("a"));
    refused(std::net::Ipv4Addr::LOCALHOST);
    refused(Displayed);
    assert!(issue(&Claims::new(1_u128)).is_err());
    // Keys that JSON has not.
    assert_eq!(kind(issue(&Claims::new(HashMap::from([(vec![1], 1)])))), Some(ErrorKind::InvalidClaims));
    // Nothing at all is an object without members.
    for empty in [
        issue(&Claims::new(())),
        issue(&Claims::new(Unit)),
        issue(&Claims::new(None::<u8>)),
        issue(&Claims::new(NoCustom::default())),
    ] {
        assert_eq!(empty.unwrap(), json!({}));
    }
    assert_eq!(issue(&Claims::new(json!(null))).unwrap(), json!({}));
    assert_eq!(issue(&Claims::new(HashMap::from([(1_u8, 2)]))).unwrap(), json!({"1": 2}));
}

#[test]
fn a_type_s_own_failure_to_serialize_is_told() {
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("out of order"))
        }
    }
    let error = issue(&Claims::new(Failing)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidClaims);
    assert!(error.to_string().contains("out of order"));
}

// Claims in.

// What a token says of another party, in an object of its own, is no claim of the token.
#[test]
fn names_of_registered_claims_mean_nothing_further_in() {
    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Party {
        iss: String,
        sub: String,
        aud: Vec<String>,
        exp: i64,
        nbf: i64,
        iat: i64,
        jti: String,
    }
    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Acting {
        act: Party,
        all: Vec<Party>,
    }
    let party = || Party {
        iss: "https://them".into(),
        sub: "they".into(),
        aud: vec!["theirs".into()],
        exp: 1,
        nbf: NOW + 6_000,
        iat: NOW + 6_000,
        jti: "their".into(),
    };
    let codec = JwsCodec::new(hs256());
    let acting = Acting { act: party(), all: vec![party(), party()] };
    let claims = Claims::new(acting).with_issuer("https://us").with_expiry(at(NOW + 60));
    let token = codec.encode(&claims).unwrap();
    let validator = Validator::new().issuer("https://us").clock(FixedClock::new(at(NOW)));
    let verified = codec.decode::<Acting>(&token).unwrap().validate(&validator).unwrap();
    let registered = verified.registered();
    assert_eq!((registered.issuer(), registered.expires_at()), (Some("https://us"), Some(at(NOW + 60))));
    assert_eq!((registered.subject(), registered.audience()), (None, None));
    assert_eq!((registered.not_before(), registered.issued_at(), registered.id()), (None, None, None));
    assert_eq!(verified.custom(), claims.custom());
}

#[test]
fn a_type_may_read_registered_claims_itself() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Own {
        iss: String,
        exp: f64,
        aud: Value,
        role: String,
    }
    let codec = JwsCodec::new(hs256());
    let token = signed_as(
        header_of(&hs256()),
        r#"{"iss":"us","exp":4000000000.5,"aud":["a"],"role":"r"}"#,
        &hs256(),
    );
    let verified =
        codec.decode::<Own>(&token).unwrap().validate(&Validator::new().audience("a")).unwrap();
    assert_eq!(
        verified.custom(),
        &Own { iss: "us".into(), exp: 4_000_000_000.5, aud: json!(["a"]), role: "r".into() }
    );
    assert_eq!(verified.registered().expires_at(), Some(at(4_000_000_000)));
    let map = codec.decode::<HashMap<String, Value>>(&token).unwrap().claims_unvalidated().unwrap();
    assert_eq!(map.custom().len(), 4);
    let none = codec.decode::<NoCustom>(&token).unwrap().claims_unvalidated().unwrap();
    assert_eq!(none.registered().issuer(), Some("us"));
}

#[test]
fn claims_that_do_not_fit_the_type_are_refused_without_being_quoted() {
    let codec = JwsCodec::new(hs256());
    for claims in [
        r#"{}"#,
        r#"{"user":"MARKER","role":"r"}"#,
        r#"{"user":7}"#,
        r#"{"user":-7,"role":"MARKER"}"#,
        r#"{"user":7,"role":["MARKER"]}"#,
    ] {
        let token = codec.decode::<Session>(&signed_as(header_of(&hs256()), claims, &hs256())).unwrap();
        let error = token.validate(&lasting()).unwrap_err();
        assert_eq!((error.kind(), error.fault()), (ErrorKind::MalformedClaims, Fault::Token));
        assert!(
            !error.to_string().contains("MARKER") && error.to_string().contains("line 1 column"),
            "{error}"
        );
    }
}

// Headers of one's own.

#[test]
fn custom_headers_go_and_come() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Tenant {
        tenant: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        x5c: Option<Vec<String>>,
    }
    let codec = JwsCodec::new(hs256().with_kid("k").unwrap());
    let tenant = Tenant { tenant: "blue".into(), x5c: Some(vec!["MIIB".into()]) };
    let token = codec.encode_with_header(&Claims::new(session()), &tenant).unwrap();
    assert_eq!(
        header(&token),
        json!({"alg": "HS256", "kid": "k", "typ": "JWT", "tenant": "blue", "x5c": ["MIIB"]})
    );
    let (read, own): (_, Tenant) = codec.decode_with_header::<Session, _>(&token).unwrap();
    assert_eq!((own, read.claims_unvalidated().unwrap().into_custom()), (tenant, session()));
    let (_, all): (_, Value) = codec.decode_with_header::<Session, _>(&token).unwrap();
    assert_eq!(all["kid"], "k");
    // It does not fit.
    let plain = codec.encode(&Claims::new(session())).unwrap();
    assert_eq!(kind(codec.decode_with_header::<Session, Tenant>(&plain)), Some(ErrorKind::Malformed));
    // A header is read only of an authentic token.
    let forged = format!("{}A", &token[..token.len() - 1]);
    assert!(codec.decode_with_header::<Session, Tenant>(&forged).is_err());
}

#[test]
fn custom_headers_never_take_a_name_of_ours() {
    let codec = JwsCodec::new(hs256());
    let judge = |header: &Value| codec.encode_with_header(&Claims::new(NoCustom::default()), header);
    for name in [
        "alg", "kid", "typ", "cty", "crit", "b64", "enc", "zip", "epk", "apu", "apv", "iv", "tag",
        "p2s", "p2c",
    ] {
        let error = judge(&json!({name: "x"})).unwrap_err();
        assert_eq!((error.kind(), error.fault()), (ErrorKind::InvalidSetting, Fault::Caller));
        assert!(error.to_string().contains(name), "{error}");
    }
    for header in [json!([]), json!("x"), json!(1)] {
        assert_eq!(kind(judge(&header)), Some(ErrorKind::InvalidSetting), "{header}");
    }
    for header in [
        json!({"Alg": "x"}),
        json!({"jwk": {}}),
        json!({"jku": "u", "x5u": "u"}),
        json!({}),
        json!(null),
    ] {
        let token = judge(&header).unwrap();
        assert!(codec.decode::<NoCustom>(&token).is_ok(), "{header}");
    }
}

// Raw bytes.

#[test]
fn any_bytes_are_sealed_and_opened() {
    let codec = JwsCodec::new(hs256());
    for bytes in [&b""[..], b"\x00\xff\xfe", b"\x93\x01\x02\x03", b"{\"exp\":1}", &[7; 10_000]] {
        let token = codec.seal(&Body::new(bytes).content_type("application/msgpack")).unwrap();
        assert_eq!(header(&token), json!({"alg": "HS256", "cty": "application/msgpack"}));
        let opened = codec.open(&token).unwrap();
        assert_eq!(opened.payload_unvalidated(), bytes);
        assert_eq!(opened.envelope().content_type(), Some("application/msgpack"));
        // Bytes have no claims: nothing in them is an expiry.
        assert_eq!(opened.validate(&lasting()).unwrap(), bytes);
        assert_eq!(
            kind(codec.open(&token).unwrap().validate(&Validator::new())),
            Some(ErrorKind::MissingClaim)
        );
        assert_eq!(
            kind(codec.open(&token).unwrap().validate(&lasting().issuer("us"))),
            Some(ErrorKind::MissingClaim)
        );
    }
    let token = codec.seal(&Body::new(b"x").typ("special")).unwrap();
    assert_eq!(kind(codec.open(&token).unwrap().validate(&lasting())), Some(ErrorKind::WrongType));
    assert_eq!(codec.open(&token).unwrap().validate(&lasting().typ("special")).unwrap(), b"x");
    let shown = format!("{:?} {:?}", codec.open(&token).unwrap(), RawToken::new(&token));
    assert!(!shown.contains(token.as_str()) && shown.contains("bytes]"), "{shown}");
}

#[test]
fn encode_into_appends() {
    let codec = JwsCodec::new(hs256());
    let mut out = "Bearer ".to_owned();
    codec.encode_into(&Body::new(b"{}").typ("JWT"), &mut out).unwrap();
    assert!(codec.decode::<NoCustom>(out.strip_prefix("Bearer ").unwrap()).is_ok());
    let mut out = "Bearer ".to_owned();
    codec.encode_into(&Body::new(b"{}").typ("at+jwt"), &mut out).unwrap();
    assert!(codec.open(out.strip_prefix("Bearer ").unwrap()).is_ok());
    let mut payload = b"before ".to_vec();
    codec.decode_into(&RawToken::new(&out["Bearer ".len()..]), NOW, &mut payload).unwrap();
    assert_eq!(payload, b"before {}");
}

// What is recognized.

/// Makes a codec of these limits write a token, and asks codecs of others whether they recognize it.
fn is_recognized_up_to_its_limit<T: TokenCodec>(codec: impl Fn(Limits) -> T) {
    let soon = OffsetDateTime::now_utc() + Duration::HOUR;
    let token = codec(Limits::default()).seal(&Body::new(b"{}").expires_at(soon)).unwrap();
    let within = |len| codec(Limits::default().token_len(len)).recognizes(&RawToken::new(&token));
    assert!(within(token.len()) && !within(token.len() - 1), "{token}");
}

#[test]
fn a_token_as_long_as_the_limit_is_recognized_and_no_longer_one() {
    let jws = JwsCodec::new(hs256());
    is_recognized_up_to_its_limit(|limits| jws.clone().limits(limits));
    #[cfg(feature = "jwe")]
    {
        let key = OctKey::new(vec![7; 32]).unwrap().into();
        let jwe = JweCodec::new(Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key).unwrap());
        is_recognized_up_to_its_limit(|limits| jwe.clone().limits(limits));
        // A header is an object, whose base64url begins so.
        assert!(jwe.recognizes(&RawToken::new("eyJ.a.b.c.d")));
        for other in ["xyJ.a.b.c.d", "eyJ.a.b.c", "eyJ.a.b.c.d.e", "", "...."] {
            assert!(!jwe.recognizes(&RawToken::new(other)), "{other}");
        }
    }
    #[cfg(feature = "sealed")]
    {
        let sealed = SealedCodec::from_master([7; 32]).unwrap();
        is_recognized_up_to_its_limit(|limits| sealed.clone().limits(limits));
        let headerless = HeaderlessSealedCodec::from_master([7; 32]).unwrap();
        is_recognized_up_to_its_limit(|limits| headerless.clone().limits(limits));
    }
    #[cfg(feature = "amora")]
    {
        let amora = AmoraCodec::new(AmoraOpener::generate_zero().unwrap().sealer());
        is_recognized_up_to_its_limit(|limits| amora.clone().limits(limits));
    }
}

// Whoever demands a `typ` would not find it in a format that has no place for it.
#[cfg(all(feature = "amora", feature = "sealed"))]
#[test]
fn formats_without_a_typ_write_none_but_jwt() {
    let codecs: [Box<dyn TokenCodec>; 3] = [
        Box::new(AmoraCodec::new(AmoraOpener::generate_zero().unwrap().sealer())),
        Box::new(SealedCodec::from_master([7; 32]).unwrap()),
        Box::new(HeaderlessSealedCodec::from_master([7; 32]).unwrap()),
    ];
    let soon = OffsetDateTime::now_utc() + Duration::HOUR;
    for codec in codecs {
        let body = Body::new(b"{}").expires_at(soon);
        assert!(codec.seal(&body).is_ok() && codec.seal(&body.typ("JWT")).is_ok());
        assert_eq!(kind(codec.seal(&body.typ("at+jwt"))), Some(ErrorKind::InvalidSetting));
    }
}

#[test]
fn jws_is_recognized_by_its_shape_alone() {
    let codec = JwsCodec::new(hs256());
    for (text, due) in [
        ("e..", true),
        ("eyJ.a.b", true),
        ("e!.!.!", true),
        ("e.a", false),
        ("e.a.b.c", false),
        ("e.a.b.c.d", false),
        ("x.a.b", false),
        (" e.a.b", false),
        ("", false),
        ("..", false),
        ("{\"e\"..}", false),
    ] {
        assert_eq!(codec.recognizes(&RawToken::new(text)), due, "{text}");
    }
    let long = format!("e.{}.", "a".repeat(1024 * 1024));
    assert!(!codec.recognizes(&RawToken::new(&long)));
}

#[test]
fn damaged_tokens_of_a_codec_of_one_s_own_are_errors_in_any_of() {
    let codec = AnyOf::new(JwsCodec::new(hs256())).or(Sealing::new("~", Provenance::Signed));
    let token = JwsCodec::new(hs256()).encode(&Claims::new(session())).unwrap();
    let mut run = 0;
    for bytes in damaged(token.as_bytes()) {
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        run += 1;
        if text.starts_with('~') {
            continue;
        }
        let error = codec.decode::<Session>(text).unwrap_err();
        assert_eq!(error.fault(), Fault::Token, "{text}");
    }
    println!("damaged tokens: {run} refused");
}

#[test]
fn a_service_survives_a_ring_that_is_emptied() {
    let keys = SharedKeyring::new(hs256());
    let tokens = Tokens::<Session>::builder(JwsCodec::new(&keys)).build().unwrap();
    let token = tokens.issue(&session()).unwrap();
    keys.replace(Keyring::read_only());
    let error = tokens.verify(&token).unwrap_err();
    assert_eq!((error.kind(), error.fault()), (ErrorKind::UnknownKey, Fault::Token));
    let error = tokens.issue(&session()).unwrap_err();
    assert_eq!((error.kind(), error.fault()), (ErrorKind::NoKey, Fault::Caller));
}

#[test]
fn debug_of_tokens_shows_no_text_and_no_claims() {
    let codec = JwsCodec::new(hs256());
    let token = codec.encode(&Claims::new(Session { user: 7, role: "MARKER".into() })).unwrap();
    let read = codec.decode::<Session>(&token).unwrap();
    let tokens = Tokens::<Session>::builder(codec).issuer("us");
    for shown in [format!("{read:?}"), format!("{tokens:?}"), format!("{:?}", tokens.build().unwrap())] {
        assert!(!shown.contains("MARKER") && !shown.contains(&token[..20]), "{shown}");
    }
}
