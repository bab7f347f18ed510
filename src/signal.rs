//! What happens, told to `tracing` and `metrics` where those features are on, and to nobody else.
//!
//! Told are codes, formats, key ids and issuers: as they are configured, or as they are once a token is
//! authentic. Never a token's text, its claims, or what an unverified one says of itself.

use std::future::Future;

use crate::base::KeyId;
use crate::error::Error;

/// What is done with a token.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    Issue,
    Verify,
}

/// One deed, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Signal {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
    #[cfg(feature = "metrics")]
    measure: measure::Measure,
}

impl Signal {
    /// Whether there is anyone to tell.
    pub(crate) const IS_HEARD: bool = cfg!(any(feature = "tracing", feature = "metrics"));

    pub(crate) fn begin(deed: Deed, issuer: Option<&str>) -> Self {
        let _ = (deed, issuer);
        Self {
            #[cfg(feature = "tracing")]
            span: trace::span(deed, issuer),
            #[cfg(feature = "metrics")]
            measure: measure::Measure::begin(deed),
        }
    }

    /// What is known by now of the token: its format, and the key that made it or is to.
    pub(crate) fn of(&mut self, format: &'static str, kid: Option<&KeyId>) {
        let _ = (format, kid);
        #[cfg(feature = "tracing")]
        trace::of(&self.span, format, kid);
        #[cfg(feature = "metrics")]
        self.measure.of(format);
    }

    /// The deed itself.
    pub(crate) fn within<T>(&mut self, deed: impl FnOnce(&mut Self) -> T) -> T {
        #[cfg(feature = "tracing")]
        let _entered = self.span.clone().entered();
        deed(self)
    }

    /// The same, awaited.
    pub(crate) async fn around<T>(&self, deed: impl Future<Output = T>) -> T {
        #[cfg(feature = "tracing")]
        let deed = tracing::Instrument::instrument(deed, self.span.clone());
        deed.await
    }

    /// That it is done, or was refused.
    pub(crate) fn end(self, refused: Option<&Error>) {
        let _ = refused;
        #[cfg(feature = "tracing")]
        trace::end(&self.span, refused);
        #[cfg(feature = "metrics")]
        self.measure.end(refused);
    }
}

/// An issuer's keys were asked for: they were there, or had to be waited for.
pub(crate) fn keys_looked_up(there: bool) {
    let _ = there;
    #[cfg(feature = "metrics")]
    measure::keys_looked_up(there);
}

/// An issuer's keys were fetched from a place that was configured, or could not be.
pub(crate) fn keys_fetched(place: &str, outcome: Result<usize, &str>) {
    let _ = (place, outcome);
    #[cfg(feature = "tracing")]
    trace::keys_fetched(place, outcome);
    #[cfg(feature = "metrics")]
    measure::keys_fetched(outcome.is_ok());
}

#[cfg(feature = "tracing")]
mod trace {
    use tracing::field::Empty;
    use tracing::{Span, debug, debug_span, info, warn};

    use super::Deed;
    use crate::base::KeyId;
    use crate::error::{Error, Fault};

    pub(super) fn span(deed: Deed, issuer: Option<&str>) -> Span {
        match deed {
            Deed::Issue => {
                debug_span!(target: "symbolon", "issue", issuer, format = Empty, kid = Empty, code = Empty)
            }
            Deed::Verify => {
                debug_span!(target: "symbolon", "verify", issuer, format = Empty, kid = Empty, code = Empty)
            }
        }
    }

    pub(super) fn of(span: &Span, format: &'static str, kid: Option<&KeyId>) {
        span.record("format", format);
        if let Some(kid) = kid {
            span.record("kid", kid.as_str());
        }
    }

    pub(super) fn end(span: &Span, refused: Option<&Error>) {
        span.in_scope(|| match refused {
            None => debug!(target: "symbolon", "done"),
            Some(error) => {
                span.record("code", error.code());
                match error.fault() {
                    Fault::Token => info!(target: "symbolon", code = error.code(), "refused"),
                    Fault::Caller | Fault::Environment => {
                        warn!(target: "symbolon", code = error.code(), %error, "failed");
                    }
                }
            }
        });
    }

    pub(super) fn keys_fetched(place: &str, outcome: Result<usize, &str>) {
        match outcome {
            Ok(keys) => debug!(target: "symbolon", place, keys, "keys fetched"),
            Err(why) => warn!(target: "symbolon", place, why, "keys not fetched"),
        }
    }
}

#[cfg(feature = "metrics")]
mod measure {
    use std::time::Instant;

    use metrics::{counter, histogram};

    use super::Deed;
    use crate::error::Error;

    #[derive(Debug)]
    pub(super) struct Measure {
        deed: Deed,
        began: Instant,
        format: &'static str,
    }

    impl Measure {
        pub(super) fn begin(deed: Deed) -> Self {
            Self { deed, began: Instant::now(), format: "unknown" }
        }

        pub(super) const fn of(&mut self, format: &'static str) {
            self.format = format;
        }

        pub(super) fn end(&self, refused: Option<&Error>) {
            let seconds = self.began.elapsed().as_secs_f64();
            match (self.deed, refused) {
                (Deed::Issue, None) => {
                    counter!("symbolon_issued_total", "format" => self.format).increment(1);
                    histogram!("symbolon_issue_seconds", "format" => self.format).record(seconds);
                }
                (Deed::Issue, Some(error)) => {
                    counter!("symbolon_issue_failed_total", "code" => error.code()).increment(1);
                }
                (Deed::Verify, None) => {
                    counter!("symbolon_verified_total", "format" => self.format).increment(1);
                    histogram!("symbolon_verify_seconds", "format" => self.format).record(seconds);
                }
                (Deed::Verify, Some(error)) => {
                    counter!("symbolon_refused_total", "code" => error.code()).increment(1);
                }
            }
        }
    }

    pub(super) fn keys_looked_up(there: bool) {
        let found = if there { "hit" } else { "miss" };
        counter!("symbolon_jwks_lookups_total", "result" => found).increment(1);
    }

    pub(super) fn keys_fetched(well: bool) {
        let outcome = if well { "ok" } else { "failed" };
        counter!("symbolon_jwks_refreshes_total", "outcome" => outcome).increment(1);
    }
}
