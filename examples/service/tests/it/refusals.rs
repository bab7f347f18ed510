//! What the service does not let happen.

use serde_json::json;
use time::Duration;

use crate::browser::{ACCESS, Browser, CSRF, REFRESH, Seen};
use crate::serving::{PASSWORD, Service};

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn forged(seen: &Seen) {
    assert_eq!(seen.refusal(), is(403, "forged_request"));
    assert!(!seen.headers.contains_key("set-cookie"));
}

#[test]
fn a_wrong_password_and_a_wrong_name_are_one_answer() {
    let service = Service::start(|_| {});
    let mut browser = service.browser();
    let answers =
        [("alice", "wrong"), ("nobody", PASSWORD), ("Alice", PASSWORD), ("", ""), ("alice", "")];
    for (user, password) in answers {
        let seen = browser.log_in(user, password);
        assert_eq!(seen.refusal(), is(401, "wrong_password"), "{user}");
        assert_eq!(seen.header("www-authenticate"), Some("Bearer"));
    }
    assert!(browser.cookies.is_empty());
}

#[test]
fn guesses_at_a_user_are_limited_and_right_ones_are_not_counted() {
    let service = Service::start(|_| {});
    let mut browser = service.browser();
    for _ in 0..8 {
        assert_eq!(browser.log_in("alice", PASSWORD).status, 200);
    }
    for _ in 0..5 {
        assert_eq!(browser.log_in("alice", "wrong").refusal(), is(401, "wrong_password"));
    }
    let seen = browser.log_in("alice", "wrong");
    assert_eq!(seen.refusal(), is(429, "too_many_requests"));
    assert_eq!(seen.header("retry-after"), Some("60"));
    // Not even the right one: else a guess would tell.
    assert_eq!(browser.log_in("alice", PASSWORD).status, 429);
    assert_eq!(browser.log_in("bob", PASSWORD).status, 200);
    // A session that there is goes on.
    assert_eq!(browser.get("/me").status, 200);
    service.pass(Duration::MINUTE);
    assert_eq!(browser.log_in("alice", PASSWORD).status, 200);
}

#[test]
fn of_many_guesses_at_once_no_more_are_judged() {
    let service = Service::start(|_| {});
    let statuses = std::thread::scope(|scope| {
        let guess = || service.browser().log_in("alice", "wrong").status;
        let guesses: Vec<_> = (0..16).map(|_| scope.spawn(guess)).collect();
        guesses.into_iter().map(|guess| guess.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 11, "{statuses:?}");
}

#[test]
fn guesses_of_an_address_are_limited_whatever_it_says_of_itself() {
    for (proxies, status) in [(0, 429), (1, 401)] {
        let service = Service::start(|config| config.proxies = proxies);
        let mut browser = service.browser();
        for guess in 0..30 {
            browser.headers.insert("x-forwarded-for".into(), "10.1.1.1".into());
            assert_eq!(browser.log_in(&format!("user-{guess}"), "wrong").status, 401, "{guess}");
        }
        assert_eq!(browser.log_in("user", "wrong").refusal(), is(429, "too_many_requests"));
        // The header is a client's own but for a trusted proxy.
        browser.headers.insert("x-forwarded-for".into(), "10.9.9.9".into());
        assert_eq!(browser.log_in("another", "wrong").status, status);
    }
}

#[test]
fn what_changes_something_needs_the_page_s_value() {
    let service = Service::start(|_| {});
    let mut alice = service.logged_in("alice");
    let bob = service.logged_in("bob");
    assert_eq!(alice.put("/note", "mine").status, 204);
    let values = [
        String::new(),
        "0".repeat(32),
        bob.cookies[CSRF].clone(),
        alice.cookies[CSRF].to_uppercase() + "x",
        alice.cookies[CSRF][1..].to_owned(),
    ];
    for value in values {
        let mut forger = alice.clone();
        forger.headers.insert("x-csrf-token".into(), value.clone());
        // A neighbour that could set the cookie could not know what the tokens say.
        forger.cookies.insert(CSRF.into(), value);
        forged(&forger.put("/note", "theirs"));
        forged(&forger.post("/refresh"));
        forged(&forger.post("/logout"));
        forged(&forger.post("/logout/everywhere"));
        forged(&forger.post("/users/bob/revoke"));
    }
    let mut without = alice.clone();
    without.cookies.remove(CSRF);
    forged(&without.put("/note", "theirs"));
    forged(&without.post("/refresh"));
    // No forged request has cost the session.
    assert_eq!(alice.get("/note").text, "mine");
    assert_eq!((alice.post("/refresh").status, alice.get("/me").status), (200, 200));
}

#[test]
fn another_site_s_page_can_ask_for_nothing() {
    let service = Service::start(|_| {});
    let alice = service.logged_in("alice");
    let pages = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "https://shop.example.evil.example"),
        ("origin", "http://shop.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
    ];
    for (name, value) in pages {
        let mut page = alice.clone();
        page.headers.insert(name.into(), value.into());
        forged(&page.put("/note", "theirs"));
        forged(&page.post("/refresh"));
        forged(&page.post("/logout"));
        // Nor log its visitor in as somebody else.
        forged(&page.log_in("bob", PASSWORD));
    }
    // No browser: it says nothing of a page.
    let mut program = alice.clone();
    program.headers.clear();
    assert_eq!(program.put("/note", "mine").status, 204);
    // A form cannot send JSON.
    let body = json!({"user": "bob", "password": PASSWORD}).to_string();
    let seen = program.send("POST", "/login", Some(("text/plain", body)));
    assert_eq!(seen.refusal(), is(415, "invalid_body"));
}

#[test]
fn a_token_in_a_header_needs_no_page() {
    let service = Service::start(|_| {});
    let mut alice = service.logged_in("alice");
    let mut program = service.browser();
    program.headers = [("authorization".into(), format!("Bearer {}", alice.cookies[ACCESS]))].into();
    assert_eq!((program.get("/me").status, program.put("/note", "by a program").status), (200, 204));
    assert_eq!(alice.get("/note").text, "by a program");
    // Another scheme leaves it to the cookie, and so to the page.
    alice.headers.insert("authorization".into(), "Basic dTpw".into());
    alice.headers.insert("x-csrf-token".into(), "wrong".into());
    forged(&alice.put("/note", "theirs"));
}

#[test]
fn tokens_do_not_stand_in_for_each_other() {
    let service = Service::start(|_| {});
    let mut alice = service.logged_in("alice");
    let (access, refresh) = (alice.cookies[ACCESS].clone(), alice.cookies[REFRESH].clone());
    alice.cookies.insert(ACCESS.into(), refresh);
    assert_eq!(alice.get("/me").refusal(), is(401, "invalid_token"));
    alice.cookies.insert(REFRESH.into(), access.clone());
    assert_eq!(alice.post("/refresh").refusal(), is(401, "invalid_token"));
    // Another instance has other keys.
    let mut elsewhere = Service::start(|_| {}).logged_in("alice");
    let mut here = service.browser();
    here.cookies = std::mem::take(&mut elsewhere.cookies);
    assert_eq!(here.get("/me").refusal(), is(401, "invalid_token"));
    assert_eq!(here.post("/refresh").refusal(), is(401, "invalid_token"));
    // Nobody can tell which of two it is.
    let mut twice = service.browser();
    twice.cookies.insert(format!("{ACCESS}={access}; {ACCESS}"), access);
    assert_eq!(twice.get("/me").refusal(), is(400, "invalid_request"));
}

#[test]
fn rights_are_asked_for_each_deed() {
    let service = Service::start(|_| {});
    let (mut bob, mut admin) = (service.logged_in("bob"), service.logged_in("admin"));
    assert_eq!(bob.get("/note").status, 200);
    assert_eq!(bob.put("/note", "no").refusal(), is(403, "insufficient_scope"));
    assert_eq!(bob.post("/users/alice/revoke").refusal(), is(403, "insufficient_scope"));
    assert_eq!(admin.get("/note").refusal(), is(403, "insufficient_scope"));
    assert_eq!(admin.post("/users/nobody/revoke").refusal(), is(404, "not_found"));
}

#[test]
fn what_is_no_request_of_ours_is_refused_without_an_echo() {
    let service = Service::start(|_| {});
    let mut browser: Browser = service.browser();
    let mut login = |body: String| browser.send("POST", "/login", Some(("application/json", body)));
    let wrong = r#"{"user": "alice", "password": 17}"#;
    let unknown = r#"{"user": "alice", "password": "hunter2", "admin": true}"#;
    for (body, status) in [("{", 400), (wrong, 422), (unknown, 422), ("", 400)] {
        let seen = login(body.to_owned());
        assert_eq!(seen.refusal(), is(status, "invalid_body"), "{body}");
    }
    let huge = json!({"user": "alice", "password": "x".repeat(5_000)}).to_string();
    assert_eq!(login(huge).refusal(), is(413, "invalid_body"));

    let mut alice = service.logged_in("alice");
    assert_eq!(alice.put("/note", &"x".repeat(1024)).status, 204);
    assert_eq!(alice.put("/note", &"x".repeat(1025)).refusal(), is(413, "invalid_body"));
    assert_eq!(alice.get("/note").text.len(), 1024);
    assert_eq!(alice.get("/nowhere").refusal(), is(404, "not_found"));
    assert_eq!(alice.get("/login").refusal(), is(405, "method_not_allowed"));
    // The figures are not for the public.
    assert_eq!(alice.get("/metrics").refusal(), is(404, "not_found"));
    assert_eq!(alice.get("/healthz").text, "ok");
}
