//! Other issuers' keys, fetched from a real HTTP server: cached, refreshed, bounded.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use symbolon::{
    Cached, Claims, Clock, Error, ErrorKind, Fault, Fetch, FetchAsync, FetchRequest, Fetched, Issuers,
    Jwk, JwkSet, JwksCodec, JwksSource, JwksSourceBuilder, JwsAlg, JwsCodec, NoCustom, Provenance,
    RawToken, Signer, TokenCodec, TokenCodecExt, Tokens, Validator, Verified,
};
use time::OffsetDateTime;

use crate::http::{Answer, PlainFetch, Server};
use crate::support::{base64url, block_on, signed_as};

type AnyFetch = Arc<dyn Fetch>;

/// Each HTTP client there is.
fn clients() -> Vec<(&'static str, AnyFetch)> {
    vec![
        ("plain", Arc::new(PlainFetch)),
        #[cfg(feature = "ureq")]
        ("ureq", Arc::new(symbolon::UreqFetch::new())),
    ]
}

/// A clock that is set by hand, in milliseconds.
#[derive(Clone)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_800_000_000_000)))
    }

    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> OffsetDateTime {
        let millis = i128::from(self.0.load(Ordering::Relaxed));
        OffsetDateTime::from_unix_timestamp_nanos(millis * 1_000_000).unwrap()
    }
}

fn key(kid: &str) -> Jwk {
    Jwk::generate(JwsAlg::ES256).unwrap().with_kid(kid).unwrap()
}

fn set(keys: &[&Jwk]) -> String {
    let set: JwkSet = keys.iter().map(|key| key.to_public().unwrap()).collect();
    set.to_json().unwrap()
}

/// A token by `key` that is good at any time.
fn token(key: &Jwk) -> String {
    token_of("https://id.example", key)
}

fn token_of(issuer: &str, key: &Jwk) -> String {
    let claims = Claims::new(NoCustom::default()).with_issuer(issuer);
    JwsCodec::new(Signer::from_jwk(key).unwrap()).encode(&claims).unwrap()
}

/// A server with one set, a source of it, and a clock.
struct World {
    server: Server,
    hand: Hand,
    codec: JwksCodec<AnyFetch>,
}

const PATH: &str = "/jwks.json";

impl World {
    fn new(client: &AnyFetch) -> Self {
        Self::with(client, |builder| builder)
    }

    fn with(client: &AnyFetch, set: impl FnOnce(JwksSourceBuilder) -> JwksSourceBuilder) -> Self {
        let (server, hand) = (Server::start(), Hand::new());
        let builder = JwksSource::at(server.url(PATH)).danger_allow_http().clock(hand.clone());
        let source = set(builder).build().unwrap();
        Self { server, hand, codec: JwksCodec::new(source, Arc::new(Arc::clone(client))) }
    }

    fn publish(&self, keys: &[&Jwk]) {
        self.server.put(PATH, Answer::json(set(keys)));
    }

    fn asked(&self) -> usize {
        self.server.asked(PATH)
    }

    /// Why the token is refused, if it is.
    fn judge(&self, token: &str) -> Option<ErrorKind> {
        let read = self.codec.open_at(token, self.hand.now());
        read.err().map(|error| error.kind())
    }

    fn status(&self) -> symbolon::JwksStatus {
        self.codec.source().status()
    }

    /// Waits for a fetch in the background to have ended.
    fn settle(&self, done: impl Fn(&symbolon::JwksStatus) -> bool) {
        for _ in 0..2_000 {
            if done(&self.status()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not settle: {:?}", self.status());
    }
}

#[test]
fn fetches_when_first_needed_and_not_again_while_fresh() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let key = key("a");
        world.publish(&[&key]);
        assert!(world.codec.recognizes(&RawToken::new(&token(&key))));
        assert_eq!(world.asked(), 0, "{name}");
        assert_eq!(world.status().fetched_at(), None);
        for _ in 0..10 {
            assert_eq!(world.judge(&token(&key)), None, "{name}");
            world.hand.forward(40);
        }
        assert_eq!(world.asked(), 1, "{name}");
        let status = world.status();
        let start = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        assert_eq!(
            (status.keys(), status.fetched_at(), status.fresh_until(), status.usable_until()),
            (
                1,
                Some(start),
                Some(start + time::Duration::minutes(10)),
                Some(start + time::Duration::minutes(70))
            )
        );
        assert_eq!((status.failures(), status.last_failure()), (0, None));
    }
}

#[test]
fn a_thousand_verifiers_at_once_fetch_once() {
    const CROWD: usize = 1_000;

    for (name, client) in clients() {
        let world = World::with(&client, |builder| builder.timeout(time::Duration::seconds(30)));
        let (old, new) = (key("a"), key("b"));
        let good = Answer::json(set(&[&old]));
        world.server.put(PATH, Answer::After(Duration::from_millis(300), Box::new(good)));
        let rush = |token: &str| {
            let (start, refused) = (Barrier::new(CROWD), Mutex::new(Vec::new()));
            std::thread::scope(|scope| {
                for _ in 0..CROWD {
                    let rush = || {
                        start.wait();
                        refused.lock().unwrap().extend(world.judge(token));
                    };
                    std::thread::Builder::new()
                        .stack_size(256 * 1024)
                        .spawn_scoped(scope, rush)
                        .unwrap();
                }
            });
            refused.into_inner().unwrap()
        };
        // Without any keys.
        assert_eq!(rush(&token(&old)), []);
        assert_eq!(world.asked(), 1, "{name}");

        // With a key that is unknown as yet.
        world.hand.forward(60);
        let good = Answer::json(set(&[&old, &new]));
        world.server.put(PATH, Answer::After(Duration::from_millis(300), Box::new(good)));
        assert_eq!(rush(&token(&new)), []);
        assert_eq!(world.asked(), 2, "{name}");

        // With one that nobody knows: that was asked for just now.
        let refused = rush(&token(&key("c")));
        assert_eq!(refused.len(), CROWD);
        assert!(refused.iter().all(|kind| *kind == ErrorKind::UnknownKey));
        assert_eq!(world.asked(), 2, "{name}");
        println!("{name}: {} verifications, {} requests", 3 * CROWD, world.asked());
    }
}

#[test]
fn follows_a_rollover_at_the_first_token_of_the_new_key() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let (old, new) = (key("a"), key("b"));
        world.publish(&[&old]);
        assert_eq!(world.judge(&token(&old)), None);
        world.publish(&[&old, &new]);
        // Within the cool-down nobody asks again, whatever is sent.
        for _ in 0..50 {
            assert_eq!(world.judge(&token(&key("made up"))), Some(ErrorKind::UnknownKey));
        }
        assert_eq!((world.judge(&token(&new)), world.asked()), (Some(ErrorKind::UnknownKey), 1));
        world.hand.forward(30);
        assert_eq!((world.judge(&token(&new)), world.asked()), (None, 2), "{name}");
        assert_eq!(world.judge(&token(&old)), None);
        assert_eq!(world.status().keys(), 2);

        // And at the next one.
        let newest = key("c");
        world.publish(&[&newest]);
        world.hand.forward(30);
        assert_eq!((world.judge(&token(&newest)), world.asked()), (None, 3), "{name}");
        assert_eq!(world.status().keys(), 1);
    }
}

#[test]
fn ready_waits_for_keys_whoever_fetches_them() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let (source, client) = (world.codec.source(), Arc::new(client));
        let good = Answer::json(set(&[&key("a")]));
        world.server.put(PATH, Answer::After(Duration::from_millis(300), Box::new(good)));
        std::thread::scope(|scope| {
            let first = scope.spawn(|| source.ready(&client));
            world.server.wait_for(PATH, 1);
            // Long before the answer.
            source.ready(&client).unwrap();
            assert_eq!(world.status().keys(), 1, "{name}");
            first.join().unwrap().unwrap();
        });
        assert_eq!(world.asked(), 1, "{name}");

        let broken = World::new(&client);
        broken.server.put(PATH, Answer::Close);
        let refused = broken.codec.source().ready(&client).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::KeysUnavailable, "{name}");
    }
}

#[test]
fn nobody_waits_for_an_issuer_that_failed_before_while_its_keys_may_be_used() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let key = key("a");
        world.publish(&[&key]);
        assert_eq!(world.judge(&token(&key)), None);
        world.server.put(PATH, Answer::Close);
        world.hand.forward(600);
        assert_eq!(world.judge(&token(&key)), None);
        assert_eq!(world.status().failures(), 1, "{name}");
        let slow = Answer::After(Duration::from_secs(2), Box::new(Answer::Close));
        world.server.put(PATH, slow);
        world.hand.forward(60);
        let began = Instant::now();
        assert_eq!(world.judge(&token(&key)), None);
        assert!(began.elapsed() < Duration::from_millis(1_500), "{name}: {:?}", began.elapsed());
        world.server.wait_for(PATH, 3);
    }
}

#[test]
fn a_withdrawn_key_goes_with_the_next_set() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let (stays, leaked) = (key("a"), key("b"));
        world.publish(&[&stays, &leaked]);
        assert_eq!(world.judge(&token(&leaked)), None);
        world.publish(&[&stays]);
        world.hand.forward(600);
        assert_eq!(world.judge(&token(&leaked)), Some(ErrorKind::UnknownKey), "{name}");
        assert_eq!(world.judge(&token(&stays)), None);
        // All of them may go.
        world.server.put(PATH, Answer::json(r#"{"keys":[]}"#));
        world.hand.forward(600);
        assert_eq!(world.judge(&token(&stays)), Some(ErrorKind::UnknownKey), "{name}");
    }
}

#[test]
fn tokens_that_are_remembered_are_forgotten_with_their_key_and_do_not_keep_keys_from_being_fetched() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let (old, new) = (key("old"), key("new"));
        world.publish(&[&old]);
        let tokens = Tokens::<NoCustom>::builder(world.codec.clone())
            .issuer("https://id.example")
            .policy(Validator::allow_no_expiry)
            .clock(world.hand.clone());
        let cached = Cached::new(tokens.build().unwrap(), 16);
        let token = token(&old);
        let same = |one: &Verified, other: &Verified| std::ptr::eq(one, other);
        // The first sight has the keys fetched, the second one is the cache's first.
        let [.., second, third] = [(); 4].map(|()| cached.verify(&token).unwrap());
        assert!(same(&second, &third), "{name}: it is remembered");
        assert_eq!(world.asked(), 1, "{name}");

        // Its key is withdrawn, and the set that is held grows old.
        world.publish(&[&new]);
        assert!(same(&third, &cached.verify(&token).unwrap()), "{name}: nobody knows yet");
        let until = world.status().fresh_until().unwrap();
        world.hand.forward((until - world.hand.now()).whole_seconds() + 1);
        let refused = cached.verify(&token).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::UnknownKey, "{name}");
        assert_eq!(world.asked(), 2, "{name}");
    }
}

#[test]
fn fetches_ahead_of_time_while_nobody_waits() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let (old, new) = (key("a"), key("b"));
        world.publish(&[&old]);
        assert_eq!(world.judge(&token(&old)), None);
        let slow = Answer::After(Duration::from_secs(1), Box::new(Answer::json(set(&[&new]))));
        world.server.put(PATH, slow);
        world.hand.forward(480);
        let began = Instant::now();
        for _ in 0..100 {
            assert_eq!(world.judge(&token(&old)), None, "{name}");
        }
        assert!(began.elapsed() < Duration::from_millis(900), "{name}: {:?}", began.elapsed());
        let start = OffsetDateTime::from_unix_timestamp(1_800_000_480).unwrap();
        world.settle(|status| status.fetched_at() == Some(start));
        assert_eq!((world.judge(&token(&old)), world.asked()), (Some(ErrorKind::UnknownKey), 2));
        assert_eq!(world.judge(&token(&new)), None);
    }
}

#[test]
fn an_outage_leaves_the_last_keys_for_a_limited_time() {
    for (name, client) in clients() {
        let world = World::with(&client, |builder| builder.stale_in_outage(time::Duration::minutes(20)));
        let key = key("a");
        world.publish(&[&key]);
        assert_eq!(world.judge(&token(&key)), None);
        world.server.put(PATH, Answer::Status(500, set(&[])));
        let mut minutes = 0;
        while minutes < 29 {
            world.hand.forward(60);
            minutes += 1;
            assert_eq!(world.judge(&token(&key)), None, "{name}: after {minutes} minutes");
            // An unknown key may be the issuer's: that is no fault of the token's.
            let unknown = world.judge(&token(&self::key("b")));
            assert_eq!(
                unknown,
                Some(if minutes == 0 { ErrorKind::UnknownKey } else { ErrorKind::KeysUnavailable })
            );
        }
        assert_eq!(world.status().last_failure(), Some("the answer has status 500"));
        world.hand.forward(60);
        assert_eq!(world.judge(&token(&key)), Some(ErrorKind::KeysUnavailable), "{name}");
        // Who uses the ring without asking is told no otherwise.
        let ring = JwsCodec::new(world.codec.source().keys());
        assert!(ring.open_at(&token(&key), world.hand.now()).is_err());

        world.publish(&[&key]);
        world.hand.forward(60);
        assert_eq!(world.judge(&token(&key)), None, "{name}");
        assert_eq!(world.status().failures(), 0);
    }
}

#[test]
fn failures_are_tried_again_ever_more_slowly() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let token = token(&key("a"));
        for second in 0..200 {
            assert_eq!(world.judge(&token), Some(ErrorKind::KeysUnavailable), "{second}");
            world.hand.forward(1);
        }
        // After 0, 2, 6, 14, 30, 62, 94, … seconds.
        assert_eq!(world.asked(), 10, "{name}");
        let error = world.codec.open(&token).unwrap_err();
        assert_eq!((error.code(), error.fault()), ("keys_unavailable", Fault::Environment));
        assert_eq!((error.bearer().status(), error.bearer().www_authenticate()), (503, None));
        assert!(error.to_string().contains("status 404"), "{error}");
    }
}

/// Each way in which an answer can be bad.
fn faults(good: &str) -> Vec<(&'static str, Answer)> {
    let typed = |content_type| Answer::Ok { content_type, headers: String::new(), body: good.into() };
    let mut faults = vec![
        ("slow", Answer::After(Duration::from_secs(3), Box::new(Answer::json(good)))),
        ("drip", Answer::Drip),
        ("flood", Answer::Flood),
        ("huge", Answer::json(format!("{good}{}", " ".repeat(600 * 1024)))),
        ("cut", Answer::Cut { chunked: false, body: good.into() }),
        ("cut in chunks", Answer::Cut { chunked: true, body: good.into() }),
        ("half", Answer::json(&good[..good.len() / 2])),
        ("500", Answer::Status(500, good.into())),
        ("503", Answer::Status(503, good.into())),
        ("404", Answer::Status(404, good.into())),
        ("204", Answer::Status(204, String::new())),
        ("206", Answer::Status(206, good.into())),
        ("301", Answer::Status(301, good.into())),
        ("302", Answer::Status(302, good.into())),
        ("307", Answer::Status(307, good.into())),
        ("304", Answer::Status(304, String::new())),
        ("close", Answer::Close),
        ("noise", Answer::Noise),
        ("html", typed("text/html; charset=utf-8")),
        ("plain text", typed("text/plain")),
        ("json in words", typed("text/json+html")),
        ("text in JSON", typed("text/x+json")),
        ("another application", typed("application/xml")),
        ("empty", Answer::json("")),
        ("no object", Answer::json("[]")),
        ("no keys", Answer::json("{}")),
        ("keys of another kind", Answer::json(r#"{"keys":{}}"#)),
        ("a member twice", Answer::json(good.replacen("{\"keys\":", "{\"keys\":[],\"keys\":", 1))),
        ("trailing", Answer::json(format!("{good}x"))),
    ];
    // ring looks at a point when it verifies with it: there these are keys, and cost nothing to read.
    if cfg!(any(feature = "rustcrypto", feature = "aws-lc-rs")) {
        let off_the_curve = base64url([1; 32]);
        let broken = json!({"kty": "EC", "crv": "P-256", "x": off_the_curve, "y": off_the_curve});
        let set = json!({"keys": vec![broken; 1_001]}).to_string();
        faults.push(("too many costly keys", Answer::json(set)));
    }
    faults
}

#[test]
fn a_bad_answer_gives_no_keys_and_takes_none() {
    for (name, client) in clients() {
        let key = key("a");
        let mut run = 0;
        for (fault, answer) in faults(&set(&[&key])) {
            let world =
                World::with(&client, |builder| builder.timeout(time::Duration::milliseconds(400)));
            // What a redirect would lead to.
            world.server.put("/moved", Answer::json(set(&[&key])));
            world.server.put(PATH, answer.clone());
            let began = Instant::now();
            assert_eq!(world.judge(&token(&key)), Some(ErrorKind::KeysUnavailable), "{name}: {fault}");
            assert!(began.elapsed() < Duration::from_secs(2), "{name}: {fault}: {:?}", began.elapsed());
            assert_eq!(world.status().failures(), 1, "{name}: {fault}");

            world.hand.forward(60);
            world.publish(&[&key]);
            assert_eq!(world.judge(&token(&key)), None, "{name}: {fault}");
            world.server.put(PATH, answer);
            world.hand.forward(601);
            assert_eq!(world.judge(&token(&key)), None, "{name}: {fault}");
            assert_eq!(world.status().failures(), 1, "{name}: {fault}");
            assert_eq!(world.server.asked("/moved"), 0, "{name}: {fault}");
            run += 1;
        }
        println!("{name}: {run} faults");
    }
}

#[test]
fn a_server_that_is_gone_is_an_outage() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let key = key("a");
        world.publish(&[&key]);
        assert_eq!(world.judge(&token(&key)), None);
        let World { server, hand, codec } = world;
        drop(server);
        std::thread::sleep(Duration::from_millis(100));
        hand.forward(700);
        assert!(codec.open_at(&token(&key), hand.now()).is_ok(), "{name}");
        assert_eq!(codec.source().status().failures(), 1);
    }
}

#[test]
fn takes_json_of_each_name_and_any_other_if_told() {
    for (name, client) in clients() {
        let key = key("a");
        for content_type in [
            "application/json",
            "Application/JWK-Set+JSON; charset=utf-8",
            "application/jwk-set+json",
            "",
        ] {
            let world = World::new(&client);
            let body = set(&[&key]);
            world.server.put(PATH, Answer::Ok { content_type, headers: String::new(), body });
            assert_eq!(world.judge(&token(&key)), None, "{name}: {content_type}");
        }
        let world = World::with(&client, JwksSourceBuilder::any_content_type);
        let body = set(&[&key]);
        world
            .server
            .put(PATH, Answer::Ok { content_type: "binary/octet-stream", headers: String::new(), body });
        assert_eq!(world.judge(&token(&key)), None, "{name}");
    }
}

#[test]
fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    for (name, client) in clients() {
        let key = key("a");
        let body = set(&[&key]);
        for (room, due) in [(0, None), (1, Some(ErrorKind::KeysUnavailable))] {
            let world = World::with(&client, |builder| builder.max_len(body.len() + 99));
            world.server.put(PATH, Answer::json(format!("{body}{}", " ".repeat(99 + room))));
            assert_eq!(world.judge(&token(&key)), due, "{name}");
        }
    }
}

#[test]
fn honours_cache_control_within_bounds() {
    for (name, client) in clients() {
        for (headers, due) in [
            (&[][..], 600),
            (&["Cache-Control: public, max-age=900"], 900),
            (&["Cache-Control: max-age=900", "Age: 300"], 600),
            (&["Cache-Control: public", "Cache-Control: max-age=900"], 900),
            (&["Cache-Control: max-age=86400"], 3_600),
            (&["Cache-Control: max-age=5"], 60),
            (&["Cache-Control: no-store"], 60),
            (&["Cache-Control: no-cache, max-age=900"], 60),
            (&["Cache-Control: max-age=99999999999999999999"], 3_600),
            // Clocks that are apart change nothing: no moment that the server names counts.
            (&["Date: Thu, 01 Jan 1970 00:00:00 GMT", "Expires: 0"], 600),
            (&["Date: Fri, 31 Dec 2999 23:59:59 GMT", "Cache-Control: max-age=900"], 900),
        ] {
            // The plain client reads the first of a header's lines alone.
            if name == "plain" && headers.len() > 1 && headers[1].starts_with("Cache") {
                continue;
            }
            let world = World::new(&client);
            let answer = Answer::json(set(&[&key("a")]));
            let answer = headers.iter().fold(answer, |answer, line| answer.with_header(line));
            world.server.put(PATH, answer);
            world.judge(&token(&key("a")));
            let status = world.status();
            let lifetime = status.fresh_until().unwrap() - status.fetched_at().unwrap();
            assert_eq!(lifetime.whole_seconds(), due, "{name}: {headers:?}");
        }
    }
}

#[test]
fn a_clock_set_back_or_ahead_has_keys_fetched_anew() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let key = key("a");
        world.publish(&[&key]);
        assert_eq!(world.judge(&token(&key)), None);
        for jump in [-86_400, 10 * 86_400, -1_000 * 86_400] {
            world.hand.forward(jump);
            assert_eq!(world.judge(&token(&key)), None, "{name}: {jump}");
        }
        assert_eq!(world.asked(), 4, "{name}");
        // By a little, as when clocks are corrected, nothing is.
        world.hand.forward(-30);
        assert_eq!((world.judge(&token(&key)), world.asked()), (None, 4), "{name}");
        // In an outage such a clock must not make keys live on.
        world.server.put(PATH, Answer::Close);
        world.hand.forward(-86_400);
        assert_eq!(world.judge(&token(&key)), Some(ErrorKind::KeysUnavailable), "{name}");
    }
}

#[test]
fn published_secrets_are_left_out() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let shared = Jwk::generate(JwsAlg::HS256).unwrap().with_kid("oct").unwrap();
        let (private, public) = (key("private"), key("public"));
        let mut keys: JwkSet = [shared.clone(), private.clone()].into_iter().collect();
        keys.push(public.to_public().unwrap());
        world.server.put(PATH, Answer::json(keys.danger_to_secret_json().as_str()));
        assert_eq!(world.judge(&token(&public)), None, "{name}");
        for everyones in [&shared, &private] {
            assert_eq!(world.judge(&token(everyones)), Some(ErrorKind::UnknownKey), "{name}");
        }
        assert_eq!(world.status().keys(), 1);
        assert_eq!(world.codec.provenance(), Provenance::Signed);
    }
}

#[test]
fn what_is_no_token_fetches_nothing() {
    for (name, client) in clients() {
        let world = World::new(&client);
        world.publish(&[&key("a")]);
        for text in ["", "x", "e.e", "....", "e.e.e.e.e", &"e".repeat(2_000_000)] {
            assert!(!world.codec.recognizes(&RawToken::new(text)));
            let kind = world.judge(text).unwrap();
            assert!([ErrorKind::Malformed, ErrorKind::TooLarge].contains(&kind), "{name}: {kind:?}");
        }
        assert_eq!(world.asked(), 0, "{name}");
    }
}

#[test]
fn a_forgery_by_a_known_name_fetches_nothing() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let key = key("a");
        world.publish(&[&key]);
        assert_eq!(world.judge(&token(&key)), None);
        world.hand.forward(300);
        let forger = Signer::from_jwk(&self::key("a")).unwrap();
        for header in [r#"{"alg":"ES256","kid":"a"}"#, r#"{"alg":"none","kid":"a"}"#] {
            assert!(world.judge(&signed_as(header, "{}", &forger)).is_some());
        }
        // Nor does a key, or the place of one, that the token brings itself.
        let jwk = json!({"alg": "ES256", "kid": "a", "jku": world.server.url("/evil"),
            "x5u": world.server.url("/evil"), "jwk": forger.kid().map(|kid| kid.as_str())});
        assert!(world.judge(&signed_as(jwk.to_string(), "{}", &forger)).is_some());
        assert_eq!((world.asked(), world.server.asked("/evil")), (1, 0), "{name}");
    }
}

#[test]
fn a_fetch_that_panics_passes_the_turn_on() {
    struct Panics(AtomicUsize);

    impl Fetch for Panics {
        fn fetch(&self, request: &FetchRequest) -> Result<Fetched, Error> {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "a client with a bug");
            PlainFetch.fetch(request)
        }
    }

    let world = World::new(&(Arc::new(Panics(AtomicUsize::new(0))) as AnyFetch));
    let key = key("a");
    world.publish(&[&key]);
    assert!(catch_unwind(AssertUnwindSafe(|| world.judge(&token(&key)))).is_err());
    assert_eq!(world.judge(&token(&key)), None);
}

#[test]
fn a_fetch_that_never_ends_holds_nobody_for_long() {
    /// The first call hangs far beyond the time limit that it was told.
    struct Hangs(AtomicUsize);

    impl Fetch for Hangs {
        fn fetch(&self, request: &FetchRequest) -> Result<Fetched, Error> {
            if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
                std::thread::sleep(Duration::from_secs(3));
            }
            PlainFetch.fetch(request)
        }
    }

    let hangs = Arc::new(Hangs(AtomicUsize::new(0)));
    let client = Arc::clone(&hangs) as AnyFetch;
    let world = World::with(&client, |builder| builder.timeout(time::Duration::milliseconds(200)));
    let key = key("a");
    world.publish(&[&key]);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| world.judge(&token(&key)));
        while hangs.0.load(Ordering::Relaxed) == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let began = Instant::now();
        assert_eq!(world.judge(&token(&key)), Some(ErrorKind::KeysUnavailable));
        let ready = world.codec.source().ready(&Arc::new(Arc::clone(&client)));
        assert_eq!(ready.unwrap_err().kind(), ErrorKind::KeysUnavailable);
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        // After a while it is given up, and what it brings at last no longer counts.
        world.hand.forward(1);
        assert_eq!(world.judge(&token(&key)), None);
        let fetched_at = world.status().fetched_at();
        assert_eq!(first.join().unwrap(), None);
        assert_eq!((world.status().fetched_at(), world.asked()), (fetched_at, 2));
    });
}

// Discovery.

const DOCUMENT: &str = "/tenant/.well-known/openid-configuration";

fn discovering(client: &AnyFetch, slash: &str) -> World {
    let (server, hand) = (Server::start(), Hand::new());
    let source = JwksSource::discover(format!("{}{slash}", server.url("/tenant")))
        .danger_allow_http()
        .clock(hand.clone())
        .build()
        .unwrap();
    World { server, hand, codec: JwksCodec::new(source, Arc::new(Arc::clone(client))) }
}

#[test]
fn finds_the_set_by_the_discovery_document() {
    for (name, client) in clients() {
        for slash in ["", "/"] {
            let world = discovering(&client, slash);
            let key = key("a");
            let issuer = format!("{}{slash}", world.server.url("/tenant"));
            let document = |path: &str| {
                let place = world.server.url(path);
                json!({"issuer": issuer, "jwks_uri": place, "authorization_endpoint": "x"}).to_string()
            };
            world.server.put(DOCUMENT, Answer::json(document("/one")));
            world.server.put("/one", Answer::json(set(&[&key])));
            assert_eq!(world.judge(&token(&key)), None, "{name}");
            // For a day the document is believed …
            world.hand.forward(3_600);
            assert_eq!(world.judge(&token(&key)), None, "{name}");
            assert_eq!((world.server.asked(DOCUMENT), world.server.asked("/one")), (1, 2));
            // … unless its set is gone.
            world.server.put(DOCUMENT, Answer::json(document("/two")));
            world.server.put("/one", Answer::Status(404, String::new()));
            world.server.put("/two", Answer::json(set(&[&key])));
            world.hand.forward(3_600);
            assert_eq!(world.judge(&token(&key)), None, "{name}");
            world.hand.forward(10);
            assert_eq!(world.judge(&token(&key)), None, "{name}");
            world.settle(|status| status.failures() == 0);
            assert_eq!((world.server.asked(DOCUMENT), world.server.asked("/two")), (2, 1));
            world.hand.forward(86_400);
            assert_eq!(world.judge(&token(&key)), None, "{name}");
            assert_eq!(world.server.asked(DOCUMENT), 3, "{name}");
        }
    }
}

#[test]
fn a_discovery_document_of_another_issuer_is_refused() {
    for (name, client) in clients() {
        let key = key("a");
        let issuer = |world: &World| world.server.url("/tenant");
        let documents: [fn(&World, &str) -> Value; 10] = [
            |world, own| json!({"issuer": format!("{own}/"), "jwks_uri": world.server.url("/one")}),
            |world, _| json!({"issuer": "https://evil.example", "jwks_uri": world.server.url("/one")}),
            |world, _| json!({"jwks_uri": world.server.url("/one")}),
            |world, own| json!({"issuer": [own], "jwks_uri": world.server.url("/one")}),
            |_, own| json!({"issuer": own}),
            |world, own| json!({"issuer": own, "jwks_uri": [world.server.url("/one")]}),
            |_, own| json!({"issuer": own, "jwks_uri": "file:///etc/passwd"}),
            |_, own| json!({"issuer": own, "jwks_uri": "/one"}),
            |_, own| json!({"issuer": own, "jwks_uri": ""}),
            |world, own| json!([own, world.server.url("/one")]),
        ];
        for document in documents {
            let world = discovering(&client, "");
            let document = document(&world, &issuer(&world)).to_string();
            world.server.put("/one", Answer::json(set(&[&key])));
            world.server.put(DOCUMENT, Answer::json(&*document));
            assert_eq!(
                world.judge(&token(&key)),
                Some(ErrorKind::KeysUnavailable),
                "{name}: {document}"
            );
            assert_eq!(world.server.asked("/one"), 0, "{name}: {document}");
        }
    }
}

#[test]
fn a_discovery_document_cannot_lead_away_from_https() {
    // An issuer by https whose document names a set by http, fed by hand.
    let source = JwksSource::discover("https://id.example").build().unwrap();
    let mut flight = source.begin().unwrap();
    let request = flight.request().unwrap();
    assert_eq!(request.url(), "https://id.example/.well-known/openid-configuration");
    let document = json!({"issuer": "https://id.example", "jwks_uri": "http://id.example/keys"});
    flight.receive(Ok(Fetched::new(200, document.to_string())));
    assert_eq!(flight.request(), None);
    let error = flight.outcome().unwrap_err();
    assert!(error.to_string().contains("jwks_uri: keys are fetched over https alone"), "{error}");
}

#[test]
fn only_https_unless_told() {
    for url in ["http://127.0.0.1/jwks", "ftp://id.example", "id.example", "https://", "https://a@b/"] {
        let error = JwksSource::at(url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSetting, "{url}");
        assert!(JwksSource::discover(url).build().is_err(), "{url}");
    }
    assert!(JwksSource::at("http://127.0.0.1/jwks").danger_allow_http().build().is_ok());
    assert!(JwksSource::at("ftp://127.0.0.1/jwks").danger_allow_http().build().is_err());
}

#[test]
fn settings_that_contradict_themselves_are_refused() {
    use time::Duration;

    let (zero, year) = (Duration::ZERO, Duration::days(365));
    let at = || JwksSource::at("https://id.example/jwks");
    for (nth, builder) in [
        at().lifetime(zero),
        at().lifetime(year),
        at().lifetime_within(Duration::minutes(2), Duration::MINUTE),
        at().lifetime_within(zero, Duration::MINUTE),
        at().lifetime_within(Duration::MINUTE, year),
        at().stale_in_outage(-Duration::SECOND),
        at().stale_in_outage(year),
        at().cool_down(zero),
        at().cool_down(Duration::MAX),
        at().retry_after(zero),
        at().timeout(zero),
        at().timeout(Duration::minutes(2)),
        at().max_len(0),
        at().max_len(usize::MAX),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = builder.build().err().map(|error| error.kind());
        assert_eq!(refused, Some(ErrorKind::InvalidSetting), "{nth}");
    }
}

#[test]
fn settings_at_their_bounds_are_taken() {
    use time::Duration;

    let (second, month) = (Duration::SECOND, Duration::days(30));
    let at = || JwksSource::at("https://id.example/jwks");
    for (nth, builder) in [
        at().lifetime(second),
        at().lifetime(month).lifetime_within(month, month),
        at().lifetime_within(second, second),
        at().stale_in_outage(Duration::ZERO),
        at().stale_in_outage(month),
        at().cool_down(second).retry_after(second),
        at().cool_down(month).retry_after(month),
        at().timeout(Duration::milliseconds(1)),
        at().timeout(Duration::MINUTE),
        at().max_len(1),
        at().max_len(JwkSet::MAX_LEN),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(builder.build().is_ok(), "{nth}");
    }
    let url = |len: usize| format!("https://id.example/{}", "a".repeat(len - 19));
    assert!(JwksSource::at(url(2048)).build().is_ok());
    assert!(JwksSource::at(url(2049)).build().is_err());

    // What is not said.
    let flight = at().build().unwrap().begin().unwrap();
    let request = flight.request().unwrap();
    assert_eq!((request.url(), request.max_len()), ("https://id.example/jwks", 512 * 1024));
    assert_eq!(request.timeout(), std::time::Duration::from_secs(5));
}

// HTTPS.

/// Answers each request on loopback, over TLS by the name `localhost`, with `body`.
#[cfg(feature = "ureq")]
fn https(body: String) -> u16 {
    use std::io::{Read, Write};

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let chain = CertificateDer::pem_slice_iter(include_bytes!("tls/localhost.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/localhost.key.pem")).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.collect::<Result<_, _>>().unwrap(), key)
            .unwrap();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::StreamOwned::new(session, stream.unwrap());
            // A client that trusts nobody breaks off here.
            if tls.read(&mut [0; 4096]).is_ok() {
                let head = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
                let _ = write!(tls, "HTTP/1.1 200 OK\r\nConnection: close\r\n{head}\r\n\r\n{body}");
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    port
}

#[cfg(feature = "ureq")]
#[test]
fn a_server_is_believed_only_by_a_certificate_for_its_name() {
    use symbolon::UreqFetch;

    let key = key("a");
    let port = https(set(&[&key]));
    let authority = include_str!("tls/authority.pem");
    let judge = |client: UreqFetch, host: &str| {
        let source = JwksSource::at(format!("https://{host}:{port}/jwks")).build().unwrap();
        let codec = JwksCodec::new(source, Arc::new(client));
        codec.open(&token(&key)).err().map(|error| error.to_string())
    };
    assert_eq!(judge(UreqFetch::trusting(authority).unwrap(), "localhost"), None);
    // Asking for a proxy where the environment names none changes nothing, least of all the trust.
    if !["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        let client = UreqFetch::trusting(authority).unwrap().proxy_from_environment();
        assert_eq!(judge(client, "localhost"), None);
    }
    for (client, host) in [
        (UreqFetch::new(), "localhost"),
        (UreqFetch::trusting(include_str!("pem/rsa.certificate.pem")).unwrap(), "localhost"),
        (UreqFetch::trusting(authority).unwrap(), "127.0.0.1"),
    ] {
        let error = judge(client, host).unwrap();
        let due = "the issuer's keys cannot be had: no TLS connection that can be trusted";
        assert_eq!(error, due, "{host}");
    }
    for pem in ["", "no PEM", include_str!("tls/localhost.key.pem")] {
        assert_eq!(UreqFetch::trusting(pem).unwrap_err().kind(), ErrorKind::InvalidPem);
    }
}

// Several issuers.

#[test]
fn each_issuer_has_keys_and_policy_of_its_own() {
    for (name, client) in clients() {
        let (server, ours, theirs) = (Server::start(), key("same name"), key("same name"));
        server.put("/ours", Answer::json(set(&[&ours])));
        server.put("/theirs", Answer::json(set(&[&theirs])));
        let source = |path| JwksSource::at(server.url(path)).danger_allow_http().build().unwrap();
        let policy = Validator::new().allow_no_expiry();
        let issuers = Issuers::new(Arc::clone(&client))
            .trust("https://ours.example", source("/ours"), policy.clone())
            // What the validator demanded before does not let others in.
            .trust("https://theirs.example", source("/theirs"), policy.issuer("https://ours.example"));

        let judge = |issuer: &str, key: &Jwk| {
            issuers.verify::<NoCustom>(&token_of(issuer, key)).err().map(|error| error.kind())
        };
        assert_eq!(judge("https://nobody.example", &ours), Some(ErrorKind::WrongIssuer));
        assert_eq!((server.asked("/ours"), server.asked("/theirs")), (0, 0), "{name}");
        assert_eq!(judge("https://ours.example", &ours), None, "{name}");
        assert_eq!(server.asked("/theirs"), 0, "{name}");
        assert_eq!(judge("https://theirs.example", &theirs), None, "{name}");
        assert_eq!(judge("https://ours.example", &theirs), Some(ErrorKind::Unauthentic), "{name}");
        assert_eq!(judge("https://theirs.example", &ours), Some(ErrorKind::Unauthentic), "{name}");
        // One that is out of reach is no concern of the other's.
        server.put("/theirs", Answer::Close);
        assert_eq!(judge("https://ours.example", &ours), None, "{name}");
        assert_eq!(issuers.source("https://ours.example").unwrap().status().keys(), 1);
        for text in ["", "e30.e30.", "e30.e30.AA", &format!("e30.{}.AA", base64url(r#"{"iss":1}"#))] {
            let error = issuers.verify::<NoCustom>(text).unwrap_err();
            assert_eq!(error.fault(), Fault::Token, "{text}");
        }
    }
}

#[test]
fn fits_wherever_a_codec_does() {
    for (name, client) in clients() {
        let world = World::new(&client);
        let key = key("a");
        world.publish(&[&key]);
        let tokens = Tokens::<NoCustom>::builder(world.codec.clone())
            .issuer("https://id.example")
            .clock(world.hand.clone())
            .policy(Validator::allow_no_expiry)
            .build()
            .unwrap();
        assert!(tokens.verify(&token(&key)).is_ok(), "{name}");
        assert_eq!(tokens.issue(&NoCustom::default()).unwrap_err().kind(), ErrorKind::NoKey);
    }
}

// Async, without a runtime.

/// Polls each of them whenever it was woken, and only then.
fn block_on_all<T>(futures: Vec<Pin<Box<dyn Future<Output = T> + '_>>>) -> Vec<T> {
    struct Queue {
        due: Mutex<Vec<usize>>,
        thread: std::thread::Thread,
    }

    struct One(Arc<Queue>, usize);

    impl Wake for One {
        fn wake(self: Arc<Self>) {
            self.0.due.lock().unwrap().push(self.1);
            self.0.thread.unpark();
        }
    }

    let queue = Arc::new(Queue {
        due: Mutex::new((0..futures.len()).collect()),
        thread: std::thread::current(),
    });
    let mut futures: Vec<_> = futures.into_iter().map(Some).collect();
    let mut done = Vec::new();
    let began = Instant::now();
    while done.len() < futures.len() {
        let due = std::mem::take(&mut *queue.due.lock().unwrap());
        if due.is_empty() {
            // It may return for no reason, and then there is nothing due.
            std::thread::park_timeout(Duration::from_secs(1));
            assert!(began.elapsed() < Duration::from_secs(60), "nobody is woken");
        }
        for index in due {
            let waker = Waker::from(Arc::new(One(Arc::clone(&queue), index)));
            if let Some(future) = &mut futures[index]
                && let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                done.push(value);
                futures[index] = None;
            }
        }
    }
    done
}

/// A client that does its work in a thread and is awaited.
struct Threaded;

#[derive(Default)]
struct Slot {
    answer: Option<Result<Fetched, Error>>,
    waker: Option<Waker>,
}

impl FetchAsync for Threaded {
    async fn fetch(&self, request: &FetchRequest) -> Result<Fetched, Error> {
        let (slot, request) = (Arc::new(Mutex::new(Slot::default())), request.clone());
        let its = Arc::clone(&slot);
        std::thread::spawn(move || {
            let answer = PlainFetch.fetch(&request);
            let mut slot = its.lock().unwrap();
            slot.answer = Some(answer);
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        });
        std::future::poll_fn(|context| {
            let mut slot = slot.lock().unwrap();
            slot.waker = Some(context.waker().clone());
            slot.answer.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

fn async_world() -> (Server, Hand, JwksCodec<Threaded>) {
    let (server, hand) = (Server::start(), Hand::new());
    let source =
        JwksSource::at(server.url(PATH)).danger_allow_http().clock(hand.clone()).build().unwrap();
    (server, hand, JwksCodec::new(source, Arc::new(Threaded)))
}

#[test]
fn a_thousand_that_await_fetch_once() {
    let (server, hand, codec) = async_world();
    let (old, new) = (key("a"), key("b"));
    let slow = |keys: &[&Jwk]| {
        server.put(PATH, Answer::After(Duration::from_millis(100), Box::new(Answer::json(set(keys)))));
    };
    let rush = |token: &str| {
        let one = || {
            let (codec, token) = (&codec, token.to_owned());
            Box::pin(async move { codec.decode_async::<NoCustom>(&token).await.err() })
                as Pin<Box<dyn Future<Output = Option<Error>> + '_>>
        };
        let refused = block_on_all((0..1_000).map(|_| one()).collect());
        refused.into_iter().flatten().map(|error| error.kind()).collect::<Vec<_>>()
    };
    slow(&[&old]);
    assert_eq!(rush(&token(&old)), []);
    assert_eq!(server.asked(PATH), 1);
    hand.forward(60);
    slow(&[&old, &new]);
    assert_eq!(rush(&token(&new)), []);
    assert_eq!(server.asked(PATH), 2);
    assert_eq!(rush(&token(&key("c"))).len(), 1_000);
    assert_eq!(server.asked(PATH), 2);
    // Ahead of time one of them fetches, and what it waits for nobody else does.
    hand.forward(500);
    assert_eq!(rush(&token(&new)), []);
    assert_eq!(server.asked(PATH), 3);
}

#[test]
fn one_that_is_dropped_passes_its_turn_on() {
    let (server, _, codec) = async_world();
    let key = key("a");
    let good = Answer::json(set(&[&key]));
    server.put(PATH, Answer::After(Duration::from_millis(200), Box::new(good)));
    let token = token(&key);
    let poll = |future: &mut Pin<Box<dyn Future<Output = bool> + '_>>| {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    };
    let begin = || -> Pin<Box<dyn Future<Output = bool> + '_>> {
        Box::pin(async { codec.decode_async::<NoCustom>(&token).await.is_ok() })
    };
    let (mut first, mut second) = (begin(), begin());
    assert_eq!((poll(&mut first), poll(&mut second)), (Poll::Pending, Poll::Pending));
    server.wait_for(PATH, 1);
    drop(first);
    assert!(block_on(second));
    assert_eq!(server.asked(PATH), 2);
}

#[test]
fn issuers_are_awaited_too() {
    let (server, key) = (Server::start(), key("a"));
    server.put(PATH, Answer::json(set(&[&key])));
    let source = JwksSource::at(server.url(PATH)).danger_allow_http().build().unwrap();
    let issuers =
        Issuers::new(Threaded).trust("https://id.example", source, Validator::new().allow_no_expiry());
    let verified = block_on(issuers.verify_async::<NoCustom>(&token(&key))).unwrap();
    assert_eq!(verified.registered().issuer(), Some("https://id.example"));
    server.put(PATH, Answer::Close);
    let fresh = JwksSource::at(server.url(PATH)).danger_allow_http().build().unwrap();
    let error = block_on(fresh.ready_async(&Threaded)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeysUnavailable);
    // What is verified may cross threads while it is awaited.
    fn crosses<T: Send>(value: T) -> T {
        value
    }
    let again = token_of("https://id.example", &key);
    assert!(block_on(crosses(issuers.verify_async::<NoCustom>(&again))).is_ok());
}

// Who no longer waits is no longer held: a task that was given up would stay for ever.
#[test]
fn one_that_is_dropped_leaves_nothing_behind() {
    struct Noop;

    impl Wake for Noop {
        fn wake(self: Arc<Self>) {}
    }

    let (server, _, codec) = async_world();
    server.put(PATH, Answer::After(Duration::from_secs(5), Box::new(Answer::Close)));
    let token = token(&key("a"));
    let begin = || Box::pin(codec.decode_async::<NoCustom>(&token));
    let (noop, task) = (Arc::new(Noop), Arc::new(Noop));
    let (mut first, mut second) = (begin(), begin());
    let waker = Waker::from(noop);
    assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let waker = Waker::from(Arc::clone(&task));
    assert!(second.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    assert_eq!(Arc::strong_count(&task), 2, "it waits for the first");
    drop(second);
    assert_eq!(Arc::strong_count(&task), 1);
    drop(first);
}
