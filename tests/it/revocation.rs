//! What was issued and is no longer accepted: in memory, and in a real Redis server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use serde_json::{Value, json};
use symbolon::{
    Claims, Error, ErrorKind, Fault, FixedClock, Jwk, JwsAlg, JwsCodec, MemoryRevocations, NoCustom,
    RefreshTokens, RevocationKey, RevocationStore, Revocations, Signer, TokenCodecExt, Tokens,
    Validator,
};
use time::{Duration, OffsetDateTime};

use crate::support::{NOW, at, base64url, from_base64url, hs256, signed_as};

/// Each store there is, empty. What serves it lives as long as it is held.
struct Place {
    name: &'static str,
    store: Arc<dyn RevocationStore>,
    #[cfg(feature = "redis")]
    _server: Option<redis::Server>,
}

impl Place {
    fn revocations(&self) -> Revocations {
        Revocations::new(Arc::clone(&self.store))
    }
}

fn places() -> Vec<Place> {
    vec![
        Place {
            name: "memory",
            store: Arc::new(MemoryRevocations::new()),
            #[cfg(feature = "redis")]
            _server: None,
        },
        #[cfg(feature = "redis")]
        match redis::Server::start(&[]) {
            Some(server) => {
                let store = Arc::new(symbolon::RedisRevocations::new(server.address()));
                Place { name: "Redis", store, _server: Some(server) }
            }
            None => Place { name: "memory", store: Arc::new(MemoryRevocations::new()), _server: None },
        },
    ]
}

/// A validator for tokens at the real time, since Redis has a clock of its own.
fn validator(revocations: &Revocations) -> Validator {
    Validator::new().issuer("us").unless_revoked(revocations)
}

fn judge(claims: &Value, validator: &Validator) -> Option<ErrorKind> {
    let token = signed_as(r#"{"alg":"HS256"}"#, claims.to_string(), &hs256());
    let read = JwsCodec::new(hs256()).decode::<Value>(&token).unwrap();
    read.validate(validator).err().map(|error| error.kind())
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

fn claims(id: &str, subject: &str, issued_at: i64) -> Value {
    json!({"iss": "us", "jti": id, "sub": subject, "iat": issued_at, "exp": now() + 600})
}

#[test]
fn a_token_is_revoked_by_its_issuer_and_id() {
    for place in places() {
        let revocations = place.revocations();
        let validator = validator(&revocations);
        let (one, other) = (claims("1", "u", now()), claims("2", "u", now()));
        assert_eq!((judge(&one, &validator), judge(&other, &validator)), (None, None), "{}", place.name);
        let end = Some(OffsetDateTime::now_utc() + Duration::minutes(10));
        // Neither another issuer's nor one without an issuer.
        revocations.revoke(Some("them"), "1", end).unwrap();
        revocations.revoke(None, "1", end).unwrap();
        assert_eq!(judge(&one, &validator), None, "{}", place.name);
        revocations.revoke(Some("us"), "1", end).unwrap();
        assert_eq!(judge(&one, &validator), Some(ErrorKind::Revoked), "{}", place.name);
        assert_eq!(judge(&other, &validator), None, "{}", place.name);
        // For good, and an end that is nearer takes nothing back.
        revocations.revoke(Some("us"), "2", None).unwrap();
        revocations.revoke(Some("us"), "2", end).unwrap();
        assert_eq!(judge(&other, &validator), Some(ErrorKind::Revoked), "{}", place.name);
    }
}

#[test]
fn a_subject_is_revoked_up_to_a_moment() {
    for place in places() {
        let revocations = place.revocations();
        let validator = validator(&revocations);
        let (moment, name) = (now() - 100, place.name);
        let by = |subject: &str, issued_at: i64| judge(&claims("x", subject, issued_at), &validator);
        let revoke = |subject: &str, nanos: i128| {
            let moment = i128::from(moment) * 1_000_000_000 + nanos;
            let moment = OffsetDateTime::from_unix_timestamp_nanos(moment).unwrap();
            let end = Some(OffsetDateTime::now_utc() + Duration::HOUR);
            revocations.revoke_subject(Some("us"), subject, moment, end).unwrap();
        };
        revoke("a", 0);
        assert_eq!(by("a", moment - 1), Some(ErrorKind::Revoked), "{name}");
        assert_eq!((by("a", moment), by("b", moment - 1)), (None, None), "{name}");
        // What was issued within the second may be older.
        revoke("b", 1);
        assert_eq!((by("b", moment), by("b", moment + 1)), (Some(ErrorKind::Revoked), None), "{name}");
        // An earlier moment takes nothing back.
        revoke("b", -50_000_000_000);
        assert_eq!(by("b", moment), Some(ErrorKind::Revoked), "{name}");
        // One that does not say when it was issued is revoked, whatever else it says.
        let mut silent = claims("x", "a", 0);
        silent.as_object_mut().unwrap().remove("iat");
        assert_eq!(judge(&silent, &validator), Some(ErrorKind::Revoked), "{name}");
    }
}

#[test]
fn what_nobody_could_revoke_is_refused() {
    let validator = validator(&Revocations::in_memory());
    let exp = now() + 600;
    for (claims, due) in [
        (json!({"iss": "us", "exp": exp}), Some(ErrorKind::MissingClaim)),
        (json!({"iss": "us", "exp": exp, "sub": "u"}), Some(ErrorKind::MissingClaim)),
        (json!({"iss": "us", "exp": exp, "iat": 1}), Some(ErrorKind::MissingClaim)),
        (json!({"iss": "us", "exp": exp, "sub": "u", "iat": 1}), None),
        (json!({"iss": "us", "exp": exp, "jti": "1"}), None),
    ] {
        assert_eq!(judge(&claims, &validator), due, "{claims}");
    }
}

#[test]
fn revocation_is_asked_after_everything_else() {
    /// Counts how often it is asked, and knows nothing.
    struct Counts(Arc<AtomicUsize>);

    impl RevocationStore for Counts {
        fn mark(&self, _: &RevocationKey, _: i64, _: Option<OffsetDateTime>) -> Result<(), Error> {
            Err(ErrorKind::RevocationUnknown.into())
        }

        fn mark_once(&self, _: &RevocationKey, _: Option<OffsetDateTime>) -> Result<bool, Error> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(true)
        }

        fn marks(&self, keys: &[RevocationKey]) -> Result<Vec<Option<i64>>, Error> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(vec![None; keys.len()])
        }
    }

    let asked = Arc::new(AtomicUsize::new(0));
    let revocations = Revocations::new(Counts(Arc::clone(&asked)));
    let validator = validator(&revocations).single_use(&revocations).also(|claims| {
        if claims.subject() == Some("locked") { Err(ErrorKind::Refused.into()) } else { Ok(()) }
    });
    let mut expired = claims("1", "u", now());
    expired["exp"] = json!(now() - 1);
    assert_eq!(judge(&expired, &validator), Some(ErrorKind::Expired));
    assert_eq!(judge(&claims("1", "locked", now()), &validator), Some(ErrorKind::Refused));
    let mut foreign = claims("1", "u", now());
    foreign["iss"] = json!("them");
    assert_eq!(judge(&foreign, &validator), Some(ErrorKind::WrongIssuer));
    let good = signed_as(r#"{"alg":"HS256"}"#, claims("1", "u", now()).to_string(), &hs256());
    let forged = format!("{}.{}", good.rsplit_once('.').unwrap().0, base64url([0; 32]));
    assert!(JwsCodec::new(hs256()).decode::<Value>(&forged).is_err());
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert_eq!(judge(&claims("1", "u", now()), &validator), None);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

/// Fails always, or answers something else.
enum Broken {
    Fails,
    TooFew,
}

impl RevocationStore for Broken {
    fn mark(&self, _: &RevocationKey, _: i64, _: Option<OffsetDateTime>) -> Result<(), Error> {
        Err(ErrorKind::RevocationUnknown.into())
    }

    fn mark_once(&self, _: &RevocationKey, _: Option<OffsetDateTime>) -> Result<bool, Error> {
        Err(ErrorKind::RevocationUnknown.into())
    }

    fn marks(&self, _: &[RevocationKey]) -> Result<Vec<Option<i64>>, Error> {
        match self {
            Self::Fails => Err(ErrorKind::RevocationUnknown.into()),
            Self::TooFew => Ok(Vec::new()),
        }
    }
}

#[test]
fn a_store_that_cannot_answer_has_tokens_refused_unless_told() {
    for broken in [|| Broken::Fails, || Broken::TooFew] {
        let claims = claims("1", "u", now());
        let closed = Revocations::new(broken());
        assert_eq!(judge(&claims, &validator(&closed)), Some(ErrorKind::RevocationUnknown));
        let open = closed.clone().danger_accept_unknown();
        assert_eq!(judge(&claims, &validator(&open)), None);
        // A replay is never let through.
        let once = Validator::new().issuer("us").single_use(&open);
        assert_eq!(judge(&claims, &once), Some(ErrorKind::RevocationUnknown));
        assert!(open.revoke(Some("us"), "1", None).is_err());
    }
    let answer = Error::from(ErrorKind::RevocationUnknown).bearer();
    assert_eq!((answer.status(), answer.www_authenticate()), (503, None));
    assert_eq!(ErrorKind::RevocationUnknown.fault(), Fault::Environment);
}

#[test]
fn the_second_form_of_a_signature_is_revoked_with_the_first() {
    let key = Jwk::generate(JwsAlg::ES256).unwrap();
    let codec = JwsCodec::new(Signer::from_jwk(&key).unwrap());
    let claims = Claims::new(NoCustom::default())
        .with_issuer("us")
        .with_id("1")
        .with_expiry(OffsetDateTime::now_utc() + Duration::HOUR);
    let token = codec.encode(&claims).unwrap();
    // (r, n − s) is as good as (r, s), n being the order of P-256 (SP 800-186 §3.2.1.3).
    let order = base16("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let (input, signature) = token.rsplit_once('.').unwrap();
    let mut signature = from_base64url(signature);
    let mut borrow = 0;
    for place in (0..32).rev() {
        let difference = i32::from(order[place]) - i32::from(signature[32 + place]) - borrow;
        borrow = i32::from(difference < 0);
        signature[32 + place] = difference.rem_euclid(256) as u8;
    }
    let second = format!("{input}.{}", base64url(&signature));
    assert_ne!(token, second);

    let revocations = Revocations::in_memory();
    let judge = |token: &str| {
        let read = codec.decode::<NoCustom>(token).unwrap();
        read.validate(&validator(&revocations)).err().map(|error| error.kind())
    };
    assert_eq!((judge(&token), judge(&second)), (None, None));
    revocations.revoke(Some("us"), "1", None).unwrap();
    assert_eq!((judge(&token), judge(&second)), (Some(ErrorKind::Revoked), Some(ErrorKind::Revoked)));
}

fn base16(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

// Single use.

#[test]
fn a_token_of_single_use_is_good_once() {
    for place in places() {
        let once = Validator::new().issuer("us").single_use(place.revocations());
        let (one, other) = (claims("1", "u", now()), claims("2", "u", now()));
        assert_eq!(judge(&one, &once), None, "{}", place.name);
        assert_eq!(judge(&one, &once), Some(ErrorKind::Replayed), "{}", place.name);
        assert_eq!(judge(&other, &once), None, "{}", place.name);
        // It is used, and not revoked.
        assert_eq!(judge(&one, &validator(&place.revocations())), None, "{}", place.name);
        let mut endless = one.clone();
        endless.as_object_mut().unwrap().remove("exp");
        assert_eq!(judge(&endless, &once.clone().allow_no_expiry()), Some(ErrorKind::MissingClaim));
        let mut nameless = one;
        nameless.as_object_mut().unwrap().remove("jti");
        assert_eq!(judge(&nameless, &once), Some(ErrorKind::MissingClaim), "{}", place.name);
    }
}

#[test]
fn of_many_at_once_one_alone_uses_it() {
    const CROWD: usize = 64;

    for place in places() {
        let once = Validator::new().issuer("us").single_use(place.revocations());
        for round in 0..10 {
            let token = claims(&format!("{round}"), "u", now());
            let (start, won) = (Barrier::new(CROWD), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                for _ in 0..CROWD {
                    scope.spawn(|| {
                        start.wait();
                        match judge(&token, &once) {
                            None => {
                                won.fetch_add(1, Ordering::Relaxed);
                            }
                            other => assert_eq!(other, Some(ErrorKind::Replayed), "{}", place.name),
                        }
                    });
                }
            });
            assert_eq!(won.load(Ordering::Relaxed), 1, "{}", place.name);
        }
    }
}

// Memory.

#[test]
fn memory_forgets_what_is_over_and_nothing_before() {
    let clock = Hand::default();
    let memory = Arc::new(MemoryRevocations::new().clock(clock.clone()));
    let revocations = Revocations::new(Arc::clone(&memory));
    for second in 0..2_000 {
        clock.set(NOW + second);
        revocations.revoke(None, &format!("{second}"), Some(at(NOW + second + 100))).unwrap();
        // 100 seconds of life and 20 minutes beyond.
        assert!(memory.len() <= 1_303, "{}", memory.len());
    }
    let known = |id: i64, when: i64| {
        clock.set(when);
        let validator = Validator::new().clock(FixedClock::new(at(NOW))).unless_revoked(&revocations);
        judge(&json!({"jti": id.to_string(), "exp": NOW + 1}), &validator) == Some(ErrorKind::Revoked)
    };
    assert!(known(1_999, NOW + 1_999 + 1_300));
    assert!(!known(1_999, NOW + 1_999 + 1_301));
    // As much as any leeway, and more.
    assert!(known(1_000, NOW + 1_000 + 100 + 600));
}

#[test]
fn a_full_memory_refuses_rather_than_forgets() {
    let clock = Hand::default();
    let memory = Arc::new(MemoryRevocations::new().room(3).clock(clock.clone()));
    let revocations = Revocations::new(Arc::clone(&memory));
    for id in ["1", "2", "3"] {
        revocations.revoke(None, id, Some(at(NOW + 10))).unwrap();
    }
    let error = revocations.revoke(None, "4", Some(at(NOW + 10))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RevocationUnknown);
    // What is there may be renewed.
    revocations.revoke(None, "3", None).unwrap();
    let once = Validator::new().clock(clock.clone()).single_use(&revocations);
    let fresh = json!({"jti": "5", "exp": NOW + 10});
    assert_eq!(judge(&fresh, &once), Some(ErrorKind::RevocationUnknown));
    clock.set(NOW + 10 + 1_201);
    revocations.revoke(None, "4", Some(at(NOW + 2_000))).unwrap();
    assert_eq!(memory.len(), 2);
}

#[derive(Clone)]
struct Hand(Arc<std::sync::atomic::AtomicI64>);

impl Default for Hand {
    fn default() -> Self {
        Self(Arc::new(NOW.into()))
    }
}

impl Hand {
    fn set(&self, second: i64) {
        self.0.store(second, Ordering::Relaxed);
    }

    fn forward(&self, time: Duration) {
        self.0.fetch_add(time.whole_seconds(), Ordering::Relaxed);
    }
}

impl symbolon::Clock for Hand {
    fn now(&self) -> OffsetDateTime {
        at(self.0.load(Ordering::Relaxed))
    }
}

// Refresh tokens.

fn refresh(revocations: &Revocations) -> RefreshTokens<Value> {
    RefreshTokens::builder(JwsCodec::new(hs256()), revocations).issuer("https://us").build().unwrap()
}

fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn a_refresh_token_is_exchanged_once_and_keeps_what_it_says() {
    for place in places() {
        let refresh = refresh(&place.revocations());
        let custom = json!({"device": "phone", "scope": ["a", "b"]});
        let mut token = refresh.issue("u", &custom).unwrap();
        for _ in 0..20 {
            let renewed = refresh.rotate(&token).unwrap();
            assert_eq!(renewed.verified().registered().subject(), Some("u"), "{}", place.name);
            let said = renewed.verified().custom();
            assert_eq!((&said["device"], &said["scope"]), (&custom["device"], &custom["scope"]));
            assert_ne!(renewed.token(), token);
            token = renewed.into_token();
        }
    }
}

#[test]
fn one_that_comes_back_ends_its_family_and_no_other() {
    for place in places() {
        let (refresh, name) = (refresh(&place.revocations()), place.name);
        let stolen = refresh.issue("u", &json!({})).unwrap();
        let other = refresh.issue("u", &json!({})).unwrap();
        let newest = refresh.rotate(&stolen).unwrap().into_token();
        let newest = refresh.rotate(&newest).unwrap().into_token();
        assert_eq!(kind(refresh.rotate(&stolen)), Some(ErrorKind::Replayed), "{name}");
        assert_eq!(kind(refresh.rotate(&newest)), Some(ErrorKind::Revoked), "{name}");
        assert_eq!(kind(refresh.rotate(&stolen)), Some(ErrorKind::Revoked), "{name}");
        let other = refresh.rotate(&other).unwrap().into_token();
        refresh.revoke(&other).unwrap();
        assert_eq!(kind(refresh.rotate(&other)), Some(ErrorKind::Revoked), "{name}");
    }
}

#[test]
fn of_a_thief_and_a_victim_at_once_one_wins_and_then_neither() {
    for place in places() {
        let (refresh, name) = (refresh(&place.revocations()), place.name);
        for _ in 0..10 {
            let token = refresh.issue("u", &json!({})).unwrap();
            let start = Barrier::new(2);
            let both: Vec<_> = std::thread::scope(|scope| {
                let rotate = || {
                    start.wait();
                    refresh.rotate(&token)
                };
                [scope.spawn(rotate), scope.spawn(rotate)].map(|it| it.join().unwrap()).into()
            });
            let won: Vec<_> = both.into_iter().flatten().collect();
            assert!(won.len() <= 1, "{name}");
            for renewed in won {
                assert_eq!(kind(refresh.rotate(renewed.token())), Some(ErrorKind::Revoked), "{name}");
            }
        }
    }
}

#[test]
fn a_refresh_token_is_no_access_token_nor_the_other_way() {
    let codec = JwsCodec::new(hs256());
    let refresh = refresh(&Revocations::in_memory());
    let token = refresh.issue("u", &json!({})).unwrap();
    for validator in [
        Validator::new(),
        Validator::new().issuer("https://us"),
        Validator::new().issuer("https://us").audience("api"),
    ] {
        let refused = codec.decode::<Value>(&token).unwrap().validate(&validator);
        assert_eq!(kind(refused), Some(ErrorKind::WrongAudience));
    }
    let access = Tokens::<Value>::builder(codec)
        .issuer("https://us")
        .audience("api")
        .random_ids()
        .build()
        .unwrap();
    let token = access.issue_for("u", &json!({"fam": "x", "fam_exp": i64::MAX})).unwrap();
    assert_eq!(kind(refresh.rotate(&token)), Some(ErrorKind::WrongAudience));
}

#[test]
fn a_family_ends_however_often_it_was_renewed() {
    let clock = Hand::default();
    let refresh = RefreshTokens::<NoCustom>::builder(JwsCodec::new(hs256()), Revocations::in_memory())
        .issuer("https://us")
        .lifetime(Duration::days(14))
        .family_lifetime(Duration::days(30))
        .clock(clock.clone())
        .build()
        .unwrap();
    let mut token = refresh.issue("u", &NoCustom::default()).unwrap();
    for _ in 0..29 {
        clock.forward(Duration::DAY);
        token = refresh.rotate(&token).unwrap().into_token();
    }
    clock.forward(Duration::DAY);
    assert_eq!(kind(refresh.rotate(&token)), Some(ErrorKind::Expired));
    // And so does one whose holder stays away.
    let token = refresh.issue("u", &NoCustom::default()).unwrap();
    clock.forward(Duration::days(14));
    assert_eq!(kind(refresh.rotate(&token)), Some(ErrorKind::Expired));
}

#[test]
fn a_look_at_a_refresh_token_does_not_exchange_it() {
    let clock = Hand::default();
    let revocations = Revocations::new(MemoryRevocations::new().clock(clock.clone()));
    let refresh = RefreshTokens::<Value>::builder(JwsCodec::new(hs256()), &revocations)
        .issuer("https://us")
        .family_lifetime(Duration::days(20))
        .clock(clock.clone())
        .build()
        .unwrap();
    let first = refresh.issue("u", &json!({"csrf": "x"})).unwrap();
    for _ in 0..2 {
        let verified = refresh.verify(&first).unwrap();
        assert_eq!(
            (verified.registered().subject(), &verified.custom()["csrf"]),
            (Some("u"), &json!("x"))
        );
    }
    let second = refresh.rotate(&first).unwrap().into_token();
    // Only the exchange tells that it comes back; and then a look tells that the family is no more.
    assert_eq!(kind(refresh.verify(&first)), None);
    assert_eq!(kind(refresh.rotate(&first)), Some(ErrorKind::Replayed));
    assert_eq!(kind(refresh.verify(&second)), Some(ErrorKind::Revoked));
    let third = refresh.issue("u", &json!({})).unwrap();
    clock.forward(Duration::days(10));
    let fourth = refresh.rotate(&third).unwrap().into_token();
    clock.forward(Duration::days(10));
    assert_eq!(kind(refresh.verify(&fourth)), Some(ErrorKind::Expired));
    assert_eq!(kind(refresh.verify("a.b.c")), Some(ErrorKind::Malformed));
}

#[test]
fn a_subject_that_is_revoked_refreshes_no_more() {
    let revocations = Revocations::in_memory();
    let refresh = refresh(&revocations);
    let token = refresh.issue("u", &json!({})).unwrap();
    let soon = OffsetDateTime::now_utc() + Duration::SECOND;
    revocations.revoke_subject(Some("https://us"), "u", soon, None).unwrap();
    assert_eq!(kind(refresh.rotate(&token)), Some(ErrorKind::Revoked));
}

#[test]
fn refresh_tokens_fail_closed_even_if_told_otherwise() {
    let open = Revocations::new(Broken::Fails).danger_accept_unknown();
    let refresh = refresh(&open);
    let token = refresh.issue("u", &json!({})).unwrap();
    assert_eq!(kind(refresh.rotate(&token)), Some(ErrorKind::RevocationUnknown));
    assert_eq!(kind(refresh.revoke(&token)), Some(ErrorKind::RevocationUnknown));
}

// A store that fails while a token is exchanged costs its holder nothing but this try.
#[test]
fn a_store_that_fails_revokes_no_family() {
    struct Falters(MemoryRevocations, AtomicUsize);

    impl RevocationStore for Falters {
        fn mark(
            &self,
            key: &RevocationKey,
            mark: i64,
            until: Option<OffsetDateTime>,
        ) -> Result<(), Error> {
            self.0.mark(key, mark, until)
        }

        fn mark_once(&self, key: &RevocationKey, until: Option<OffsetDateTime>) -> Result<bool, Error> {
            if self.1.fetch_add(1, Ordering::Relaxed) == 0 {
                return Err(ErrorKind::RevocationUnknown.into());
            }
            self.0.mark_once(key, until)
        }

        fn marks(&self, keys: &[RevocationKey]) -> Result<Vec<Option<i64>>, Error> {
            self.0.marks(keys)
        }
    }

    let revocations = Revocations::new(Falters(MemoryRevocations::new(), AtomicUsize::new(0)));
    let refresh = refresh(&revocations);
    let token = refresh.issue("u", &json!({})).unwrap();
    assert_eq!(kind(refresh.rotate(&token)), Some(ErrorKind::RevocationUnknown));
    assert_eq!(kind(refresh.rotate(&token)), None);
}

#[test]
fn refresh_tokens_need_an_issuer_and_time() {
    let builder =
        || RefreshTokens::<NoCustom>::builder(JwsCodec::new(hs256()), Revocations::in_memory());
    assert_eq!(kind(builder().build()), Some(ErrorKind::InvalidSetting));
    let timeless = builder().issuer("us").family_lifetime(Duration::ZERO).build();
    assert_eq!(kind(timeless), Some(ErrorKind::InvalidSetting));
    assert!(builder().issuer("us").family_lifetime(Duration::SECOND).build().is_ok());
    assert_eq!(
        kind(builder().issuer("us").lifetime(Duration::ZERO).build()),
        Some(ErrorKind::InvalidLifetime)
    );
}

#[cfg(feature = "redis")]
mod redis {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use symbolon::{ErrorKind, RedisRevocations, Revocations};
    use time::OffsetDateTime;

    use super::{claims, judge, now, validator};

    /// A Redis server of its own on loopback, which keeps nothing.
    pub(super) struct Server {
        child: Child,
        port: u16,
    }

    impl Server {
        /// None, said on stdout, where Redis is not installed.
        pub(super) fn start(arguments: &[&str]) -> Option<Self> {
            // Taken and let go, so that the server finds it free.
            let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
            let spawned = Command::new("redis-server")
                .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
                .arg(port.to_string())
                .args(arguments)
                .stdout(Stdio::null())
                .spawn();
            let Ok(child) = spawned else {
                println!("skipped: what needs Redis: redis-server is not installed");
                return None;
            };
            let server = Self { child, port };
            for _ in 0..1_000 {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Some(server);
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            panic!("redis-server does not come up");
        }

        pub(super) fn address(&self) -> String {
            format!("127.0.0.1:{}", self.port)
        }

        /// What the server answers to a command line of its own.
        fn tell(&self, line: &str) -> String {
            use std::io::{BufRead, BufReader};

            let mut stream = TcpStream::connect(self.address()).unwrap();
            write!(stream, "{line}\r\n").unwrap();
            let mut answer = String::new();
            BufReader::new(stream).read_line(&mut answer).unwrap();
            answer.trim_end().to_owned()
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    fn store(address: &str) -> RedisRevocations {
        RedisRevocations::new(address).timeout(time::Duration::milliseconds(300))
    }

    #[test]
    fn redis_forgets_what_is_over_by_itself() {
        let Some(server) = Server::start(&[]) else { return };
        let revocations = Revocations::new(store(&server.address()));
        let end = OffsetDateTime::now_utc() + time::Duration::minutes(10);
        revocations.revoke(Some("us"), "1", Some(end)).unwrap();
        revocations.revoke(Some("us"), "2", None).unwrap();
        let long_over = OffsetDateTime::now_utc() - time::Duration::DAY;
        revocations.revoke(Some("us"), "3", Some(long_over)).unwrap();
        assert_eq!(server.tell("DBSIZE"), ":2");
        let left = || {
            let left = keys(&server).into_iter().map(|key| server.tell(&format!("TTL {key}")));
            let mut left: Vec<i64> =
                left.map(|answer| answer.trim_start_matches(':').parse().unwrap()).collect();
            left.sort_unstable();
            left
        };
        let [good, near] = left()[..] else { panic!("{:?}", left()) };
        assert_eq!(good, -1);
        assert!((1_795..=1_800).contains(&near), "{near}");
        // The later end stays, and a mark for good stays for good.
        revocations.revoke(Some("us"), "1", Some(end - time::Duration::minutes(5))).unwrap();
        revocations.revoke(Some("us"), "2", Some(end)).unwrap();
        let [good, near] = left()[..] else { panic!("{:?}", left()) };
        assert_eq!(good, -1);
        assert!((1_790..=1_800).contains(&near), "{near}");
    }

    fn keys(server: &Server) -> Vec<String> {
        use std::io::{BufRead, BufReader};

        let mut stream = TcpStream::connect(server.address()).unwrap();
        write!(stream, "KEYS symbolon:*\r\n").unwrap();
        let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
        let count: usize = lines.next().unwrap().trim_start_matches('*').parse().unwrap();
        (0..count).map(|_| lines.nth(1).unwrap()).collect()
    }

    #[test]
    fn a_redis_that_is_gone_or_hangs_has_tokens_refused_in_time() {
        let Some(server) = Server::start(&[]) else { return };
        let revocations = Revocations::new(store(&server.address()));
        let validator = validator(&revocations);
        let claims = claims("1", "u", now());
        assert_eq!(judge(&claims, &validator), None);
        let address = server.address();
        drop(server);
        assert_eq!(judge(&claims, &validator), Some(ErrorKind::RevocationUnknown));
        // One that takes connections and says nothing, or too little, or too much.
        let listener = TcpListener::bind(&address).unwrap();
        for (nth, says) in [
            &b""[..],
            b"*1\r\n",
            b"*2\r\n$9999999\r\n",
            &[b'+'; 100_000],
            b":1\r\n",
            b"*3\r\n$-1\r\n$-1\r\n$-1\r\n",
        ]
        .into_iter()
        .enumerate()
        {
            let listener = listener.try_clone().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.write_all(says);
                std::thread::sleep(Duration::from_millis(600));
            });
            let began = Instant::now();
            assert_eq!(judge(&claims, &validator), Some(ErrorKind::RevocationUnknown), "{nth}");
            assert!(began.elapsed() < Duration::from_millis(590), "{nth}: {:?}", began.elapsed());
            server.join().unwrap();
        }
    }

    #[test]
    fn a_redis_that_was_restarted_is_found_again() {
        let Some(server) = Server::start(&[]) else { return };
        let revocations = Revocations::new(store(&server.address()));
        let validator = validator(&revocations);
        let claims = claims("1", "u", now());
        assert_eq!(judge(&claims, &validator), None);
        // It closes the idle connection.
        server.tell("CLIENT KILL TYPE normal");
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(judge(&claims, &validator), None);
    }

    #[test]
    fn a_redis_that_refuses_has_tokens_refused() {
        let Some(server) = Server::start(&["--requirepass", "open sesame"]) else { return };
        let address = server.address();
        let claims = claims("1", "u", now());
        let judge = |store| judge(&claims, &validator(&Revocations::new(store)));
        assert_eq!(judge(store(&address)), Some(ErrorKind::RevocationUnknown));
        assert_eq!(judge(store(&address).password("wrong")), Some(ErrorKind::RevocationUnknown));
        assert_eq!(judge(store(&address).password("open sesame")), None);
        assert_eq!(judge(store(&address).user("default").password("open sesame").database(3)), None);
        assert_eq!(
            judge(store(&address).password("open sesame").database(99)),
            Some(ErrorKind::RevocationUnknown)
        );
        let wrong = Revocations::new(store(&address).password("wrong"));
        let error = wrong.revoke(None, "1", None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: Redis answers WRONGPASS", ErrorKind::RevocationUnknown)
        );
        let shown = format!("{:?}", store(&address).password("open sesame"));
        assert!(!shown.contains("sesame"), "{shown}");
    }

    #[test]
    fn a_redis_without_room_takes_nothing_and_says_so() {
        let Some(server) = Server::start(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"])
        else {
            return;
        };
        let revocations = Revocations::new(store(&server.address()));
        let error = revocations.revoke(None, "1", None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RevocationUnknown);
        assert!(error.to_string().contains("OOM"), "{error}");
    }

    #[test]
    fn prefixes_keep_services_apart() {
        let Some(server) = Server::start(&[]) else { return };
        let [ours, theirs] =
            ["ours:", "theirs:"].map(|prefix| Revocations::new(store(&server.address()).prefix(prefix)));
        ours.revoke(Some("us"), "1", None).unwrap();
        let claims = claims("1", "u", now());
        assert_eq!(judge(&claims, &validator(&ours)), Some(ErrorKind::Revoked));
        assert_eq!(judge(&claims, &validator(&theirs)), None);
    }
}
