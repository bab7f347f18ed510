//! All integration tests, in one binary: a module per source of truth.

#[cfg(feature = "amora")]
mod amora;
mod hostile;
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
#[cfg(feature = "pem")]
mod pem;
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
#[cfg(feature = "sealed")]
mod sealed;
mod support;
mod wycheproof;
#[cfg(feature = "jwe")]
mod wycheproof_jwe;
