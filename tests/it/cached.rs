//! Tokens that were verified before: nothing that could have changed since is taken on trust.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use proptest::prelude::*;
#[cfg(feature = "sealed")]
use symbolon::sealed::{HeaderlessKey, SealedKey};
#[cfg(feature = "amora")]
use symbolon::{AmoraCodec, amora::AmoraOpener};
use symbolon::{
    AnyOf, Cached, Clock, Envelope, ErrorKind, Format, JwsAlg, JwsCodec, KeyId, Keyring, NoCustom,
    Provenance, RawToken, Revocations, SharedKeyring, Signer, TokenCodec, Tokens, WritingKey,
};
#[cfg(feature = "jwe")]
use symbolon::{Encrypter, JweAlg, JweCodec, JweEnc, Nested, OctKey};
#[cfg(feature = "sealed")]
use symbolon::{HeaderlessSealedCodec, SealedCodec};
use time::{Duration, OffsetDateTime};

use super::support::{config, kind};

const START: i64 = 1_800_000_000;

#[derive(Clone)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }

    fn set(&self, seconds: i64) {
        self.0.store(START + seconds, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

fn signer(kid: &str) -> Signer {
    Signer::generate(JwsAlg::HS256).unwrap().with_kid(kid).unwrap()
}

#[cfg(feature = "jwe")]
fn dir() -> Encrypter {
    let key = OctKey::generate(32).unwrap();
    Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key.into()).unwrap()
}

fn cached(codec: impl TokenCodec + 'static, clock: &Hand) -> Cached<NoCustom> {
    let tokens = Tokens::builder(codec).lifetime(Duration::seconds(100)).clock(clock.clone());
    Cached::new(tokens.build().unwrap(), 64)
}

/// Shows the cache a token until it is remembered, and that it is.
fn remember(cached: &Cached<NoCustom>, token: &str) {
    cached.verify(token).unwrap();
    let second = cached.verify(token).unwrap();
    assert!(Arc::ptr_eq(&second, &cached.verify(token).unwrap()), "it is remembered");
}

fn issue(cached: &Cached<NoCustom>) -> String {
    cached.tokens().issue(&NoCustom::default()).unwrap()
}

#[test]
fn remembers_from_the_second_sight_on() {
    let cached = cached(JwsCodec::new(signer("a")), &Hand::new());
    let token = issue(&cached);
    let first = cached.verify(&token).unwrap();
    let second = cached.verify(&token).unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    assert!(Arc::ptr_eq(&second, &cached.verify(&token).unwrap()));
    assert_eq!(first, second);
    cached.clear();
    assert!(!Arc::ptr_eq(&second, &cached.verify(&token).unwrap()));
}

#[test]
fn a_remembered_token_expires_to_the_second() {
    let clock = Hand::new();
    let cached = cached(JwsCodec::new(signer("a")), &clock);
    let token = issue(&cached);
    remember(&cached, &token);
    clock.set(99);
    assert!(cached.verify(&token).is_ok());
    clock.set(100);
    assert_eq!(kind(cached.verify(&token)), Some(ErrorKind::Expired));
}

#[test]
fn a_key_that_is_taken_out_reads_no_remembered_token() {
    let keys = SharedKeyring::new(signer("a"));
    let cached = cached(JwsCodec::new(&keys), &Hand::new());
    let token = issue(&cached);
    remember(&cached, &token);
    keys.rotate(signer("b"), None).unwrap();
    remember(&cached, &token);
    keys.remove(&KeyId::new("a").unwrap());
    assert_eq!(kind(cached.verify(&token)), Some(ErrorKind::UnknownKey));
    keys.replace(Keyring::new(signer("a")));
    assert_eq!(kind(cached.verify(&token)), Some(ErrorKind::Unauthentic));
}

#[test]
fn a_key_s_last_moment_holds_for_remembered_tokens() {
    let clock = Hand::new();
    let keys = SharedKeyring::new(signer("a"));
    let cached = cached(JwsCodec::new(&keys), &clock);
    let token = issue(&cached);
    keys.rotate(signer("b"), Some(clock.now() + Duration::seconds(10))).unwrap();
    remember(&cached, &token);
    clock.set(10);
    assert!(cached.verify(&token).is_ok());
    clock.set(11);
    assert_eq!(kind(cached.verify(&token)), Some(ErrorKind::UnknownKey));
}

/// Exchanges the keys of a codec over and over, and asks it each time, and a cache before it, what it
/// knows of that. `key` makes a new key of this name.
fn follows_its_keys<W: WritingKey + Clone + 'static, T: TokenCodec + Clone + 'static>(
    key: impl Fn(&str) -> W,
    codec: impl Fn(&SharedKeyring<W>) -> T,
) where
    W::Reader: Clone,
{
    let clock = Hand::new();
    let keys = SharedKeyring::new(key("a"));
    let codec = codec(&keys);
    let (format, kid) = codec.writes_with().unwrap();
    let name = format.to_string();
    assert_eq!(kid.unwrap().as_str(), "a", "{name}");
    let cached = cached(codec.clone(), &clock);
    let token = issue(&cached);
    assert_eq!(cached.verify(&token).unwrap().envelope().format(), format);
    remember(&cached, &token);

    // Each exchange has a number of its own, whatever was exchanged.
    let mut versions = vec![codec.keys_version().unwrap()];
    let mut has_changed = || {
        let version = codec.keys_version().unwrap();
        assert!(!versions.contains(&version), "{name}: {version} again");
        versions.push(version);
    };
    assert_eq!(codec.keys_due_until(clock.unix_timestamp()), None, "{name}");
    keys.rotate(key("b"), Some(clock.now() + Duration::seconds(10))).unwrap();
    has_changed();
    assert_eq!(
        codec.keys_due_until(clock.unix_timestamp()),
        Some(clock.unix_timestamp() + 10),
        "{name}"
    );

    // The last second of a key that is retired, with a token that is remembered.
    remember(&cached, &token);
    clock.set(10);
    assert!(cached.verify(&token).is_ok(), "{name}");
    clock.set(11);
    assert_eq!(codec.keys_due_until(clock.unix_timestamp()), None, "{name}");
    assert!(cached.verify(&token).is_err(), "{name}");

    // A key that is taken out at once.
    let token = issue(&cached);
    remember(&cached, &token);
    keys.rotate(key("c"), None).unwrap();
    has_changed();
    remember(&cached, &token);
    keys.remove(&KeyId::new("b").unwrap());
    has_changed();
    assert!(cached.verify(&token).is_err(), "{name}");
}

#[test]
fn each_format_follows_its_keys() {
    follows_its_keys(signer, |keys| JwsCodec::new(keys));
    follows_its_keys(signer, |keys| Arc::new(AnyOf::new(JwsCodec::new(keys))));
    let reader = SharedKeyring::new(signer("a"));
    let any_of = AnyOf::new(JwsCodec::new(signer("b"))).or(JwsCodec::new(&reader));
    let version = any_of.keys_version();
    reader.rotate(signer("c"), None).unwrap();
    assert_ne!(any_of.keys_version(), version);
    #[cfg(feature = "jwe")]
    {
        let encrypter = |kid: &str| dir().with_kid(kid).unwrap();
        follows_its_keys(encrypter, |keys| JweCodec::new(keys));
        let (outer, inner) = (encrypter("outer"), signer("inner"));
        follows_its_keys(signer, |keys| Nested::new(JweCodec::new(outer.clone()), JwsCodec::new(keys)));
        // It is the inner key that a token is told by.
        let keys = SharedKeyring::new(encrypter("a"));
        let nested = Nested::new(JweCodec::new(&keys), JwsCodec::new(inner.clone()));
        let version = nested.keys_version();
        assert_eq!(nested.writes_with(), Some((Format::Jws, inner.kid().cloned())));
        keys.rotate(encrypter("b"), None).unwrap();
        assert_ne!(nested.keys_version(), version);
    }
    #[cfg(feature = "sealed")]
    {
        follows_its_keys(
            |kid| SealedKey::generate().unwrap().with_kid(kid).unwrap(),
            |keys| SealedCodec::new(keys),
        );
        follows_its_keys(
            |kid| HeaderlessKey::new([kid.as_bytes()[0]; 32]).unwrap().with_kid(kid).unwrap(),
            |keys| HeaderlessSealedCodec::new(keys),
        );
    }
    #[cfg(feature = "amora")]
    follows_its_keys(
        |kid| AmoraOpener::generate_zero().unwrap().with_kid(kid).unwrap().sealer(),
        |keys| AmoraCodec::new(keys),
    );
}

// Either of two codecs within one another has keys whose end is the first.
#[cfg(feature = "jwe")]
#[test]
fn a_nested_token_is_due_until_the_first_of_its_keys_is_not() {
    let at = |seconds| OffsetDateTime::from_unix_timestamp(START + seconds).unwrap();
    let ring = |first, last| {
        let ring =
            Keyring::new(signer("a")).with_reader_until(signer("old").verifier(), at(last)).unwrap();
        ring.with_reader_until(signer("older").verifier(), at(first)).unwrap()
    };
    let outer = Keyring::new(dir().with_kid("a").unwrap())
        .with_reader_until(dir().with_kid("b").unwrap().reader().unwrap(), at(20))
        .unwrap();
    let nested = Nested::new(JweCodec::new(outer), JwsCodec::new(ring(10, 30)));
    for (now, until) in [(0, Some(10)), (10, Some(10)), (11, Some(20)), (21, Some(30)), (31, None)] {
        assert_eq!(
            nested.keys_due_until(at(now).unix_timestamp()),
            until.map(|until| at(until).unix_timestamp()),
            "{now}"
        );
    }
}

#[test]
fn a_format_s_last_day_holds_for_remembered_tokens() {
    let clock = Hand::new();
    let old = JwsCodec::new(signer("a"));
    let token = issue(&cached(old.clone(), &clock));
    struct Never;
    impl TokenCodec for Never {
        fn recognizes(&self, _: &RawToken<'_>) -> bool {
            false
        }
        fn provenance(&self) -> Provenance {
            Provenance::Signed
        }
        fn encode_into(&self, _: &symbolon::Body<'_>, _: &mut String) -> symbolon::Result<()> {
            Err(ErrorKind::NoKey.into())
        }
        fn decode_into(&self, _: &RawToken<'_>, _: i64, _: &mut Vec<u8>) -> symbolon::Result<Envelope> {
            Err(ErrorKind::UnknownFormat.into())
        }
        fn keys_version(&self) -> Option<u64> {
            Some(0)
        }
    }
    let last = clock.now() + Duration::seconds(10);
    let codec = Arc::new(AnyOf::new(Never).or_until(old, last));
    for remembered_at in [0, 10] {
        clock.set(remembered_at);
        let cached = cached(Arc::clone(&codec), &clock);
        remember(&cached, &token);
        clock.set(10);
        assert!(cached.verify(&token).is_ok());
        clock.set(11);
        assert_eq!(kind(cached.verify(&token)), Some(ErrorKind::UnknownFormat), "{remembered_at}");
    }
}

#[test]
fn checks_of_one_s_own_are_asked_each_time() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let tokens = Tokens::<NoCustom>::builder(JwsCodec::new(signer("a"))).policy(|validator| {
        validator.also(|_| match ASKED.fetch_add(1, Ordering::SeqCst) {
            0..=3 => Ok(()),
            _ => Err(ErrorKind::Refused.into()),
        })
    });
    let cached = Cached::new(tokens.build().unwrap(), 4);
    let token = issue(&cached);
    remember(&cached, &token);
    assert!(cached.verify(&token).is_ok());
    assert_eq!(kind(cached.verify(&token)), Some(ErrorKind::Refused));
}

#[test]
fn what_is_revoked_or_used_up_is_refused_though_remembered() {
    let revocations = Revocations::in_memory();
    let tokens = Tokens::<NoCustom>::builder(JwsCodec::new(signer("a"))).issuer("us").random_ids();
    let tokens = tokens.policy(|validator| validator.unless_revoked(&revocations));
    let cached = Cached::new(tokens.build().unwrap(), 4);
    let token = issue(&cached);
    remember(&cached, &token);
    let verified = cached.verify(&token).unwrap();
    let claims = verified.registered();
    revocations.revoke(claims.issuer(), claims.id().unwrap(), claims.expires_at()).unwrap();
    assert_eq!(kind(cached.verify(&token)), Some(ErrorKind::Revoked));

    let tokens = Tokens::<NoCustom>::builder(JwsCodec::new(signer("a"))).random_ids();
    let tokens = tokens.policy(|validator| validator.single_use(Revocations::in_memory()));
    let cached = Cached::new(tokens.build().unwrap(), 4);
    let token = issue(&cached);
    assert!(cached.verify(&token).is_ok());
    assert!((0..4).all(|_| kind(cached.verify(&token)) == Some(ErrorKind::Replayed)));
}

#[test]
fn a_token_with_the_end_of_a_remembered_one_is_another() {
    let cached = cached(JwsCodec::new(signer("a")), &Hand::new());
    let token = issue(&cached);
    remember(&cached, &token);
    for at in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        assert!(cached.verify(std::str::from_utf8(&other).unwrap()).is_err(), "{at}");
    }
    assert!(cached.verify(&token[1..]).is_err() && cached.verify(&format!("x{token}")).is_err());
}

#[test]
fn what_was_refused_is_not_remembered() {
    let clock = Hand::new();
    let cached = cached(JwsCodec::new(signer("a")), &clock);
    clock.set(500);
    let token = issue(&cached);
    clock.set(0);
    assert!(cached.verify(&token).is_ok(), "a claim's issue time judges nothing");
    clock.set(600);
    let refused = || kind(cached.verify(&token)) == Some(ErrorKind::Expired);
    assert!((0..4).all(|_| refused()));
    clock.set(599);
    assert!(cached.verify(&token).is_ok());
}

#[test]
fn long_tokens_and_codecs_that_do_not_tell_are_verified_each_time() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Long {
        text: String,
    }
    let tokens = Tokens::<Long>::builder(JwsCodec::new(signer("a"))).build().unwrap();
    let long = Cached::new(tokens, 4);
    let token = long.tokens().issue(&Long { text: "a".repeat(4000) }).unwrap();
    let second = long.verify(&token).unwrap();
    assert!(!Arc::ptr_eq(&second, &long.verify(&token).unwrap()));
    assert!(!Arc::ptr_eq(&second, &long.verify(&token).unwrap()));

    struct Silent(JwsCodec);
    impl TokenCodec for Silent {
        fn recognizes(&self, token: &RawToken<'_>) -> bool {
            self.0.recognizes(token)
        }
        fn provenance(&self) -> Provenance {
            self.0.provenance()
        }
        fn encode_into(&self, body: &symbolon::Body<'_>, out: &mut String) -> symbolon::Result<()> {
            self.0.encode_into(body, out)
        }
        fn decode_into(
            &self,
            token: &RawToken<'_>,
            now: i64,
            out: &mut Vec<u8>,
        ) -> symbolon::Result<Envelope> {
            self.0.decode_into(token, now, out)
        }
    }
    let silent = cached(Silent(JwsCodec::new(signer("a"))), &Hand::new());
    let token = issue(&silent);
    silent.verify(&token).unwrap();
    let second = silent.verify(&token).unwrap();
    assert!(!Arc::ptr_eq(&second, &silent.verify(&token).unwrap()));
    assert_eq!(second.envelope().format(), Format::Jws);
}

// All places of a cache are used, and go on being used.
#[test]
fn a_cache_remembers_as_many_as_it_holds_and_never_stops() {
    let tokens = Tokens::<NoCustom>::builder(JwsCodec::new(signer("a"))).random_ids();
    let cached = Cached::new(tokens.build().unwrap(), 4);
    for _ in 0..20 {
        let tokens: Vec<_> = (0..4).map(|_| issue(&cached)).collect();
        let kept = tokens.iter().map(|token| {
            remember(&cached, token);
            cached.verify(token).unwrap()
        });
        for (token, kept) in tokens.iter().zip(kept.collect::<Vec<_>>()) {
            assert!(Arc::ptr_eq(&kept, &cached.verify(token).unwrap()));
        }
    }
}

#[test]
fn memory_is_bounded() {
    let tokens = Tokens::<NoCustom>::builder(JwsCodec::new(signer("a"))).random_ids();
    let cached = Cached::new(tokens.build().unwrap(), 16);
    assert_eq!(cached.capacity(), 16);
    let issued: Vec<_> = (0..200).map(|_| issue(&cached)).collect();
    let kept: Vec<_> = issued
        .iter()
        .map(|token| {
            cached.verify(token).unwrap();
            Arc::downgrade(&cached.verify(token).unwrap())
        })
        .collect();
    let alive = kept.iter().filter(|kept| kept.upgrade().is_some()).count();
    assert!((1..=16).contains(&alive), "{alive} are alive");
    assert_eq!(
        Cached::new(Tokens::<NoCustom>::builder(JwsCodec::new(signer("a"))).build().unwrap(), 0)
            .capacity(),
        4
    );
}

// Threads verify while the ring is exchanged over and over: no valid token is refused, and a key
// that is out stays out.
#[test]
fn threads_agree_while_keys_rotate() {
    let keys = SharedKeyring::new(signer("0"));
    let cached = cached(JwsCodec::new(&keys), &Hand::new());
    let stop = std::sync::atomic::AtomicBool::new(false);
    // Held while a token is in use: its key may be succeeded then, but not taken out.
    let in_use = std::sync::RwLock::new(());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let _in_use = in_use.read().unwrap();
                    let token = issue(&cached);
                    for _ in 0..5 {
                        cached.verify(&token).unwrap();
                    }
                }
            });
        }
        for n in 1..200 {
            let old = issue(&cached);
            cached.verify(&old).unwrap();
            cached.verify(&old).unwrap();
            keys.rotate(signer(&n.to_string()), None).unwrap();
            cached.verify(&old).unwrap();
            if n > 50 {
                let _unused = in_use.write().unwrap();
                keys.remove(&KeyId::new((n - 50).to_string()).unwrap());
            }
        }
        stop.store(true, Ordering::SeqCst);
    });
}

/// What may happen between two looks at a token.
#[derive(Debug, Clone)]
enum Event {
    Issue,
    /// This one of those that there are; perhaps with a letter of it exchanged.
    Show(prop::sample::Index, Option<prop::sample::Index>),
    Pass(i64),
    /// To a fresh key; the old one reads for so long.
    Rotate(Option<i64>),
    /// One that was the primary, this long ago.
    Remove(prop::sample::Index),
    Revoke(prop::sample::Index),
    Clear,
}

fn event() -> impl Strategy<Value = Event> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        3 => Just(Event::Issue),
        12 => (index(), prop::option::weighted(0.2, index())).prop_map(|(token, at)| Event::Show(token, at)),
        2 => (0..40_i64).prop_map(Event::Pass),
        1 => prop::option::of(0..60_i64).prop_map(Event::Rotate),
        1 => index().prop_map(Event::Remove),
        1 => index().prop_map(Event::Revoke),
        1 => Just(Event::Clear),
    ]
}

proptest! {
    #![proptest_config(config(300))]

    /// The model is the same service without a cache.
    #[test]
    fn a_cache_never_changes_a_verdict(events in prop::collection::vec(event(), 1..60)) {
        let clock = Hand::new();
        let revocations = Revocations::in_memory();
        let shared = SharedKeyring::new(Keyring::new(signer("0")));
        let build = || {
            let tokens = Tokens::<NoCustom>::builder(JwsCodec::new(&shared))
                .lifetime(Duration::seconds(100))
                .random_ids()
                .policy(|policy| policy.unless_revoked(&revocations))
                .clock(clock.clone());
            tokens.build().unwrap()
        };
        // Few places, so that tokens push one another out.
        let (cached, plain) = (Cached::new(build(), 4), build());
        let (mut seconds, mut keys) = (0, vec!["0".to_owned()]);
        let mut tokens = vec![plain.issue(&NoCustom::default()).unwrap()];
        prop_assert!(plain.verify(&tokens[0]).is_ok());
        for event in &events {
            match event {
                Event::Issue => tokens.push(plain.issue(&NoCustom::default()).unwrap()),
                Event::Show(token, at) => {
                    let mut token = tokens[token.index(tokens.len())].clone();
                    if let Some(at) = at {
                        let at = at.index(token.len());
                        let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
                        token.replace_range(at..=at, other);
                    }
                    let due = plain.verify(&token);
                    // Remembered or not, and the first time as the third.
                    for _ in 0..3 {
                        match (cached.verify(&token), &due) {
                            (Ok(read), Ok(due)) => {
                                prop_assert_eq!(read.registered(), due.registered());
                                prop_assert_eq!(read.envelope().kid(), due.envelope().kid());
                            }
                            (read, due) => {
                                let due = due.as_ref().err().map(symbolon::Error::kind);
                                prop_assert_eq!(kind(read), due);
                            }
                        }
                    }
                }
                Event::Pass(more) => {
                    seconds += more;
                    clock.set(seconds);
                }
                Event::Rotate(until) => {
                    let kid = keys.len().to_string();
                    let until = until.map(|more| clock.now() + Duration::seconds(more));
                    shared.rotate(signer(&kid), until).unwrap();
                    keys.push(kid);
                }
                Event::Remove(key) => shared.remove(&KeyId::new(&*keys[key.index(keys.len())]).unwrap()),
                Event::Revoke(token) => {
                    if let Ok(verified) = plain.verify(&tokens[token.index(tokens.len())]) {
                        let claims = verified.registered();
                        revocations.revoke(claims.issuer(), claims.id().unwrap(), None).unwrap();
                    }
                }
                Event::Clear => cached.clear(),
            }
        }
    }
}
