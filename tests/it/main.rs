//! All integration tests, in one binary: a module per source of truth.

mod algorithms;
mod attacks;
mod codec;
mod error_codes;
mod jwk;
mod keyring;
mod layers;
mod properties;
mod remote;
#[cfg(feature = "pem")]
mod rfc7517;
mod rfc7638;
mod support;
mod validator;
