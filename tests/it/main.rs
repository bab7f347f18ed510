//! All integration tests, in one binary: a module per source of truth.

mod algorithms;
#[cfg(feature = "amora")]
mod amora;
mod attacks;
mod codec;
mod error_codes;
mod hostile;
mod jwk;
mod keyring;
mod layers;
#[cfg(feature = "pem")]
mod pem;
mod properties;
mod remote;
mod rfc7515;
mod rfc7517;
mod rfc7519;
mod rfc7520;
mod rfc7638;
mod rfc8037;
#[cfg(feature = "sealed")]
mod sealed;
mod support;
mod validator;
mod wycheproof;
