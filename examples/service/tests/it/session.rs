//! A session from its beginning to each of its ends.

use symbolon::{JwkSet, JwsCodec, Keyring, TokenCodecExt, Validator};
use time::Duration;

use crate::browser::{ACCESS, REFRESH, Seen};
use crate::serving::{Folder, ORIGIN, PASSWORD, Service};

fn refused(seen: &Seen) -> (u16, String) {
    let (status, code) = seen.refusal();
    if status == 401 {
        assert!(seen.header("www-authenticate").unwrap().starts_with("Bearer"));
    }
    (status, code)
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn the_whole_life_of_a_session() {
    let service = Service::start(|_| {});
    let mut alice = service.browser();

    // Nobody yet.
    assert_eq!(refused(&alice.get("/me")), is(401, "missing_token"));

    // Log in, call.
    let seen = alice.log_in("alice", PASSWORD);
    assert_eq!((seen.status, &seen.json()["expires_in"]), (200, &900.into()), "{seen:?}");
    assert_eq!(seen.header("cache-control"), Some("no-store"));
    let me = alice.get("/me");
    assert_eq!((me.status, &me.json()["user"]), (200, &"alice".into()));
    assert_eq!(me.json()["scope"], "note:read note:write");
    assert_eq!(alice.put("/note", "buy milk").status, 204);
    assert_eq!(alice.get("/note").text, "buy milk");

    // It expires to the second, and is renewed.
    service.pass(Duration::seconds(899));
    assert_eq!(alice.get("/me").status, 200);
    service.pass(Duration::seconds(1));
    assert_eq!(refused(&alice.get("/me")), is(401, "token_expired"));
    let mut thief = alice.clone();
    let (old_access, old_refresh) = (alice.cookies[ACCESS].clone(), alice.cookies[REFRESH].clone());
    assert_eq!(alice.post("/refresh").status, 200);
    assert!(alice.cookies[ACCESS] != old_access && alice.cookies[REFRESH] != old_refresh);
    assert_eq!(alice.get("/note").text, "buy milk");

    // Whoever has a copy of the old one ends the session, for both.
    let mut elsewhere = service.logged_in("alice");
    service.pass(Duration::seconds(1));
    assert_eq!(refused(&thief.post("/refresh")), is(401, "invalid_token"));
    assert_eq!(refused(&alice.post("/refresh")), is(401, "invalid_token"));
    assert_eq!(refused(&alice.get("/me")), is(401, "invalid_token"));
    assert_eq!(refused(&elsewhere.get("/me")), is(401, "invalid_token"));

    // Log in again, and an admin ends it.
    assert_eq!(alice.log_in("alice", PASSWORD).status, 200);
    assert_eq!(alice.get("/me").status, 200);
    let mut bob = service.logged_in("bob");
    let mut admin = service.logged_in("admin");
    service.pass(Duration::seconds(1));
    assert_eq!(admin.post("/users/alice/revoke").status, 204);
    assert_eq!(refused(&alice.get("/me")), is(401, "invalid_token"));
    assert_eq!(refused(&alice.post("/refresh")), is(401, "invalid_token"));
    assert_eq!(bob.get("/me").status, 200);

    // Log in again, and out: what was copied before is good for nothing.
    assert_eq!(alice.log_in("alice", PASSWORD).status, 200);
    let mut copy = alice.clone();
    assert_eq!(copy.get("/me").status, 200);
    assert_eq!(alice.post("/logout").status, 204);
    assert!(alice.cookies.is_empty());
    assert_eq!(refused(&copy.get("/me")), is(401, "invalid_token"));
    assert_eq!(refused(&copy.post("/refresh")), is(401, "invalid_token"));
    assert_eq!(refused(&alice.get("/me")), is(401, "missing_token"));
}

#[test]
fn who_stays_away_for_too_long_logs_in_again() {
    let service = Service::start(|_| {});
    let mut alice = service.logged_in("alice");
    service.pass(Duration::days(14) - Duration::SECOND);
    assert_eq!(alice.post("/refresh").status, 200);
    service.pass(Duration::days(14));
    assert_eq!(refused(&alice.post("/refresh")), is(401, "token_expired"));
    // And so does who never stays away.
    let mut bob = service.logged_in("bob");
    for _ in 0..8 {
        service.pass(Duration::days(10));
        assert_eq!(bob.post("/refresh").status, 200);
    }
    service.pass(Duration::days(10));
    assert_eq!(refused(&bob.post("/refresh")), is(401, "token_expired"));
}

#[test]
fn a_log_out_everywhere_ends_all_sessions_of_one_user() {
    let service = Service::start(|_| {});
    let (mut phone, mut laptop) = (service.logged_in("alice"), service.logged_in("alice"));
    let mut bob = service.logged_in("bob");
    service.pass(Duration::SECOND);
    assert_eq!(phone.post("/logout/everywhere").status, 204);
    assert!(phone.cookies.is_empty());
    assert_eq!(refused(&laptop.get("/me")), is(401, "invalid_token"));
    assert_eq!(refused(&laptop.post("/refresh")), is(401, "invalid_token"));
    assert_eq!((bob.get("/me").status, bob.post("/refresh").status), (200, 200));
    assert_eq!(service.logged_in("alice").get("/me").status, 200);
}

#[test]
fn whoever_wants_to_leave_is_let_go() {
    let service = Service::start(|_| {});
    // Without a session, with one that is over, and with half of one.
    assert_eq!(service.browser().post("/logout").status, 204);
    let mut alice = service.logged_in("alice");
    service.pass(Duration::days(15));
    assert_eq!(alice.post("/logout").status, 204);
    for lost in [ACCESS, REFRESH] {
        let mut alice = service.logged_in("alice");
        alice.cookies.remove(lost);
        let mut copy = alice.clone();
        assert_eq!(alice.post("/logout").status, 204);
        let gone = if lost == ACCESS { copy.post("/refresh") } else { copy.get("/me") };
        assert_eq!(refused(&gone), is(401, "invalid_token"));
    }
}

#[test]
fn keys_rotate_by_the_policy_and_others_verify_by_what_is_published() {
    let service = Service::start(|_| {});
    let verify = |jwks: &Seen, token: &str| {
        let set = JwkSet::from_json(&jwks.text).unwrap();
        let validator = Validator::new().issuer(ORIGIN).audience(ORIGIN).clock(service.clock.clone());
        let token = JwsCodec::new(Keyring::from_jwk_set(&set)).decode::<serde_json::Value>(token);
        token
            .and_then(|token| token.validate(&validator))
            .map(|verified| verified.registered().subject().unwrap().to_owned())
    };
    let kid = |token: &str| symbolon::jws::Unverified::peek(token).unwrap().kid().unwrap().to_owned();
    let mut browser = service.browser();
    let before = browser.get("/.well-known/jwks.json");
    assert_eq!(before.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(before.header("cache-control"), Some("public, max-age=300"));
    assert!(!before.text.contains("\"d\""));
    let mut kids = std::collections::BTreeSet::new();
    let mut published = before;
    for _ in 0..4 {
        let mut alice = service.logged_in("alice");
        let token = alice.cookies[ACCESS].clone();
        // By what was published a period ago as well: nobody is in a hurry.
        assert_eq!(verify(&published, &token).unwrap(), "alice");
        kids.insert(kid(&token));
        published = browser.get("/.well-known/jwks.json");
        service.pass(Duration::days(30));
        // Within its lifetime an old token outlives its key's turn; here that is over.
        assert_eq!(refused(&alice.get("/me")), is(401, "token_expired"));
    }
    assert_eq!(kids.len(), 4);
}

#[test]
fn kept_keys_outlive_the_service_and_are_encrypted() {
    let folder = Folder::new("keys");
    let secret = symbolon::Secret::decode("07".repeat(32), symbolon::SecretEncoding::Hex, 32).unwrap();
    let start = || {
        Service::start(|config| {
            config.keys = Some(folder.0.clone());
            config.master_key = Some(secret.clone());
        })
    };
    let service = start();
    let mut alice = service.logged_in("alice");
    drop(service);
    let service = start();
    let mut again = service.browser();
    again.cookies = std::mem::take(&mut alice.cookies);
    assert_eq!(again.get("/me").status, 200);
    assert_eq!(again.post("/refresh").status, 200);
    for name in ["signing.json", "sealing.json"] {
        let text = std::fs::read_to_string(folder.0.join(name)).unwrap();
        assert!(text.starts_with("ey") && !text.contains("kty"), "{text}");
    }
}
