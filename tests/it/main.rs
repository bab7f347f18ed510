//! All integration tests, in one binary: a module per source of truth.

#[cfg(feature = "amora")]
mod amora;
#[cfg(any(feature = "jwe", feature = "pem"))]
mod encrypted_keys;
mod hostile;
mod jwk;
#[cfg(feature = "pem")]
mod pem;
mod rfc7515;
mod rfc7517;
mod rfc7519;
mod rfc7520;
mod rfc7638;
mod rfc8037;
#[cfg(feature = "sealed")]
mod sealed;
mod support;
mod wycheproof;
