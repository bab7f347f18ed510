//! All integration tests, in one binary: a module per source of truth.

#[cfg(feature = "amora")]
mod amora;
mod jwk;
mod jws_json;
#[cfg(feature = "pem")]
mod rfc7517;
mod rfc7638;
#[cfg(feature = "sealed")]
mod sealed;
mod support;
