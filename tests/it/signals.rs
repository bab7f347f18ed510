//! What is told to `tracing` and `metrics`, and what is never.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use symbolon::{
    AnyOf, Claims, Error, FixedClock, Issuers, Jwk, JwkSet, JwksSource, JwsAlg, JwsCodec, Signer,
    TokenCodecExt, Tokens, Validator,
};

use crate::http::{Answer, PlainFetch, Server};
use crate::support::{NOW, at, signed_as};

/// Stands in whatever must not be told.
const MARKER: &str = "S3CRETmarkerS3CRETmarker";

fn key(kid: &str) -> Jwk {
    Jwk::generate(JwsAlg::ES256).unwrap().with_kid(kid).unwrap()
}

fn tokens(key: &Jwk, now: i64) -> Tokens<Value> {
    Tokens::builder(AnyOf::new(JwsCodec::new(Signer::from_jwk(key).unwrap())))
        .issuer("https://us")
        .clock(FixedClock::new(at(now)))
        .build()
        .unwrap()
}

/// Issues, verifies and is refused in several ways, with the marker wherever a sender can put it.
fn live() -> Vec<Error> {
    let key = key("2026-11");
    let (early, late) = (tokens(&key, NOW), tokens(&key, NOW + 900));
    let token = early.issue_for(MARKER, &json!({MARKER: MARKER})).unwrap();
    assert!(early.verify(&token).is_ok());
    let signer = Signer::from_jwk(&key).unwrap();
    let by_nobody = json!({"alg": "ES256", "kid": MARKER}).to_string();
    let by_us = json!({"alg": "ES256", "kid": "2026-11"}).to_string();
    let theirs = json!({"iss": MARKER, "exp": NOW + 9}).to_string();
    let mut refused = vec![
        late.verify(&token).unwrap_err(),
        early.verify(&format!("{}{MARKER}A", &token[..token.len() - MARKER.len() - 1])).unwrap_err(),
        early.verify(&signed_as(by_nobody, "{}", &signer)).unwrap_err(),
        early.verify(&signed_as(by_us, theirs, &signer)).unwrap_err(),
        early.verify(MARKER).unwrap_err(),
        early.issue(&json!({"iss": MARKER})).unwrap_err(),
    ];

    let server = Server::start();
    let set: JwkSet = [key.to_public().unwrap()].into_iter().collect();
    let source = |path| JwksSource::at(server.url(path)).danger_allow_http().build().unwrap();
    server.put("/keys", Answer::json(set.to_json().unwrap()));
    server.put("/broken", Answer::Status(500, MARKER.into()));
    let issuers = Issuers::new(PlainFetch)
        .trust("https://us", source("/keys"), Validator::new().allow_no_expiry())
        .trust("https://broken", source("/broken"), Validator::new());
    let by = |issuer: &str| {
        let claims = Claims::new(json!({MARKER: MARKER})).with_issuer(issuer);
        JwsCodec::new(signer.clone()).encode(&claims).unwrap()
    };
    for _ in 0..3 {
        assert!(issuers.verify::<Value>(&by("https://us")).is_ok());
    }
    refused.push(issuers.verify::<Value>(&by("https://broken")).unwrap_err());
    refused.push(issuers.verify::<Value>(&by(MARKER)).unwrap_err());
    refused
}

/// The refusals above, in their order.
const CODES: [&str; 8] = [
    "token_expired",
    "unauthentic",
    "unknown_key",
    "wrong_issuer",
    "unknown_format",
    "invalid_claims",
    "keys_unavailable",
    "wrong_issuer",
];

#[cfg(feature = "tracing")]
mod traced {
    use std::fmt::Write;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Writes down everything that it is told in one thread, a line each. Other tests run in others,
    /// and whether anyone listens is remembered for all threads alike: so it listens to all.
    #[derive(Clone)]
    struct Notes(Arc<Mutex<Vec<String>>>, std::thread::ThreadId);

    struct Fields(String);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }

    impl Notes {
        fn note(&self, what: String, record: impl FnOnce(&mut Fields)) {
            if std::thread::current().id() == self.1 {
                let mut fields = Fields(what);
                record(&mut fields);
                self.0.lock().unwrap().push(fields.0);
            }
        }
    }

    impl Subscriber for Notes {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "symbolon"
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            self.note(
                format!("{} span {}", span.metadata().level(), span.metadata().name()),
                |fields| {
                    span.record(fields);
                },
            );
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, values: &Record<'_>) {
            self.note("record".to_owned(), |fields| values.record(fields));
        }

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            self.note(format!("{} event", event.metadata().level()), |fields| event.record(fields));
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn spans_and_events_tell_codes_formats_keys_and_issuers_alone() {
        let notes = Notes(Arc::default(), std::thread::current().id());
        tracing::subscriber::set_global_default(notes.clone()).unwrap();
        let refused = live();
        let notes = notes.0.lock().unwrap().clone();
        let all = notes.join("\n");
        println!("{all}");
        assert!(!all.contains("S3CRET"), "{all}");
        assert_eq!(refused.iter().map(Error::code).collect::<Vec<_>>(), CODES);

        let first: Vec<_> = notes[..6].iter().map(String::as_str).collect();
        assert_eq!(
            first,
            [
                r#"DEBUG span issue issuer="https://us""#,
                r#"record format="JWS""#,
                r#"record kid="2026-11""#,
                "DEBUG event message=done",
                r#"DEBUG span verify issuer="https://us""#,
                r#"record format="JWS""#,
            ]
        );
        for code in CODES {
            let event = match code {
                "invalid_claims" | "keys_unavailable" => {
                    format!(r#"WARN event message=failed code="{code}" error="#)
                }
                _ => format!(r#"INFO event message=refused code="{code}""#),
            };
            assert!(notes.iter().any(|note| note.starts_with(&event)), "{event} in {all}");
            assert!(notes.contains(&format!(r#"record code="{code}""#)), "{code} in {all}");
        }
        // An issuer that nobody configured has no name here.
        assert_eq!(notes.iter().filter(|note| *note == "DEBUG span verify").count(), 1, "{all}");
        let fetched = |note: &&String| {
            note.contains("keys fetched") && note.contains("keys=1") && note.contains("/keys\"")
        };
        assert_eq!(notes.iter().filter(fetched).count(), 1, "{all}");
        let failed = "why=\"the answer has status 500\"";
        assert!(
            notes.iter().any(|note| {
                note.contains("keys not fetched") && note.contains(failed) && note.contains("/broken\"")
            }),
            "{all}"
        );
    }
}

#[cfg(feature = "metrics")]
mod measured {
    use std::collections::BTreeMap;

    use metrics::{
        Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
        SharedString, Unit,
    };

    use super::*;

    type Counts = Arc<Mutex<BTreeMap<String, u64>>>;

    /// Counts under the name and labels of each metric: increments, or values of a histogram.
    #[derive(Default)]
    struct Ledger(Counts);

    struct Entry(Counts, String);

    impl Entry {
        fn add(&self, value: u64) {
            *self.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
        }
    }

    impl CounterFn for Entry {
        fn increment(&self, value: u64) {
            self.add(value);
        }

        fn absolute(&self, _: u64) {
            panic!("nothing here is absolute");
        }
    }

    impl HistogramFn for Entry {
        fn record(&self, value: f64) {
            assert!((0.0..60.0).contains(&value), "{value} seconds");
            self.add(1);
        }
    }

    impl Ledger {
        fn entry(&self, key: &Key) -> Arc<Entry> {
            let labels = key.labels().map(|label| format!(" {}={}", label.key(), label.value()));
            let name = labels.fold(key.name().to_owned(), |name, label| name + &label);
            Arc::new(Entry(Arc::clone(&self.0), name))
        }
    }

    impl Recorder for Ledger {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.entry(key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            panic!("{key} is no gauge")
        }

        fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::from_arc(self.entry(key))
        }
    }

    #[test]
    fn counters_tell_what_was_issued_verified_refused_and_fetched() {
        let ledger = Ledger::default();
        metrics::with_local_recorder(&ledger, live);
        let found = ledger.0.lock().unwrap().clone();
        let found: Vec<_> = found.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(
            found,
            [
                ("symbolon_issue_failed_total code=invalid_claims", 1),
                ("symbolon_issue_seconds format=JWS", 1),
                ("symbolon_issued_total format=JWS", 1),
                ("symbolon_jwks_lookups_total result=hit", 2),
                ("symbolon_jwks_lookups_total result=miss", 2),
                ("symbolon_jwks_refreshes_total outcome=failed", 1),
                ("symbolon_jwks_refreshes_total outcome=ok", 1),
                ("symbolon_refused_total code=keys_unavailable", 1),
                ("symbolon_refused_total code=token_expired", 1),
                ("symbolon_refused_total code=unauthentic", 1),
                ("symbolon_refused_total code=unknown_format", 1),
                ("symbolon_refused_total code=unknown_key", 1),
                ("symbolon_refused_total code=wrong_issuer", 2),
                ("symbolon_verified_total format=JWS", 4),
                ("symbolon_verify_seconds format=JWS", 4),
            ]
        );
    }
}
