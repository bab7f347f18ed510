//! All integration tests, in one binary: a module per source of truth.

mod jwk;
#[cfg(feature = "pem")]
mod pem;
mod rfc7517;
mod rfc7638;
mod support;
