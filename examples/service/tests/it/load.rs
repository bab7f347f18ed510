//! Keys that rotate while everybody calls.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use symbolon::{JwkSet, JwsCodec, Keyring, NoCustom, TokenCodecExt, Validator};
use time::Duration;

use crate::browser::{ACCESS, Browser};
use crate::serving::{ORIGIN, Service};

#[test]
fn no_request_is_refused_while_keys_rotate_under_load() {
    // A key a minute, and tokens that outlive dozens of them.
    let service = Service::start(|config| {
        config.lifetimes.key = Duration::MINUTE;
        config.lifetimes.access = Duration::HOUR;
        config.lifetimes.refresh = Duration::HOUR;
    });
    let browsers: Vec<Browser> = (0..4).map(|_| service.logged_in("alice")).collect();
    let (over, calls, renewals, verified) =
        (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let is_over = || over.load(Ordering::SeqCst);
    let rotations = std::thread::scope(|scope| {
        for mut browser in browsers {
            let (is_over, calls, renewals) = (&is_over, &calls, &renewals);
            scope.spawn(move || {
                for turn in 0_usize.. {
                    if is_over() {
                        break;
                    }
                    let seen = browser.get("/me");
                    assert_eq!(seen.status, 200, "{}", seen.text);
                    calls.fetch_add(1, Ordering::SeqCst);
                    if turn % 10 == 9 {
                        let seen = browser.post("/refresh");
                        assert_eq!(seen.status, 200, "{}", seen.text);
                        renewals.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        // Another service, which verifies by keys that it fetched up to half a minute ago.
        let (is_over, verified, clock) = (&is_over, &verified, &service.clock);
        let (mut issuer, mut other) = (service.browser(), service.logged_in("bob"));
        let access = service.app.sessions.access().clone();
        let elsewhere = scope.spawn(move || {
            let validator = Validator::new().issuer(ORIGIN).audience(ORIGIN).clock(clock.clone());
            let now = || symbolon::Clock::now(clock).unix_timestamp();
            let mut fetched = 0;
            let mut codec = JwsCodec::new(Keyring::read_only());
            while !is_over() {
                let jwks = issuer.get("/.well-known/jwks.json");
                if now() - fetched > 30 {
                    fetched = now();
                    codec =
                        JwsCodec::new(Keyring::from_jwk_set(&JwkSet::from_json(&jwks.text).unwrap()));
                }
                // One that was just issued, and one of the session.
                assert_eq!(other.post("/refresh").status, 200);
                let token = other.cookies[ACCESS].clone();
                let read = codec.decode::<NoCustom>(&token).and_then(|token| token.validate(&validator));
                assert!(read.is_ok() && access.verify(&token).is_ok(), "{read:?}");
                verified.fetch_add(1, Ordering::SeqCst);
            }
        });
        let mut kids = std::collections::BTreeSet::new();
        for _ in 0..150 {
            let seen = verified.load(Ordering::SeqCst);
            service.pass(Duration::seconds(10));
            let ring = service.app.keys.signing.keys().load();
            kids.insert(ring.primary().unwrap().kid().unwrap().to_string());
            // So that the other service's keys are as old as said, and no older.
            while verified.load(Ordering::SeqCst) == seen && !elsewhere.is_finished() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
        over.store(true, Ordering::SeqCst);
        kids.len()
    });
    println!(
        "{rotations} keys, {} calls, {} renewals and {} verified elsewhere: none refused",
        calls.load(Ordering::SeqCst),
        renewals.load(Ordering::SeqCst),
        verified.load(Ordering::SeqCst)
    );
    assert!(rotations >= 25);
    for count in [calls, renewals, verified] {
        assert!(count.into_inner() > 10);
    }
}
