//! All integration tests, in one binary: a module per source of truth.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic, and says what it ran on stdout"
)]

mod algorithms;
#[cfg(feature = "amora")]
mod amora;
mod attacks;
mod bearer;
mod bit_flips;
mod cached;
mod cells;
mod codec;
mod concurrency;
mod corpus_replay;
mod debug;
mod dependencies;
#[cfg(any(feature = "jwe", feature = "pem"))]
mod encrypted_keys;
mod error_codes;
mod fleet;
mod hostile;
mod http;
#[cfg(feature = "jwe")]
mod jwe_attacks;
#[cfg(feature = "jwe")]
mod jwe_grid;
#[cfg(feature = "jwe")]
mod jwe_hostile;
#[cfg(feature = "jwe")]
mod jwe_support;
#[cfg(feature = "jwe")]
mod jwe_vectors;
mod jwk;
mod jwks_source;
mod jws_json;
mod key_file;
mod keyring;
mod keyring_model;
mod layers;
mod no_panic;
#[cfg(feature = "pem")]
mod pem;
mod properties;
mod remote;
mod revocation;
mod rfc7515;
#[cfg(feature = "jwe")]
mod rfc7516;
mod rfc7517;
#[cfg(feature = "jwe")]
mod rfc7518;
mod rfc7519;
mod rfc7520;
mod rfc7638;
mod rfc8037;
mod rotation;
mod rotation_model;
mod round_trip;
#[cfg(feature = "sealed")]
mod sealed;
mod secret;
#[cfg(any(feature = "tracing", feature = "metrics"))]
mod signals;
mod support;
mod threats;
mod twice;
mod validator;
mod validator_model;
#[cfg(feature = "axum")]
mod web;
mod wycheproof;
#[cfg(feature = "jwe")]
mod wycheproof_jwe;
