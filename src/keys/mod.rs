//! Prepared keys: each knows its algorithm, is prepared once, and stands in a ring.

#[cfg(feature = "jwe")]
mod decrypter;
#[cfg(feature = "jwe")]
mod encrypter;
mod jwks;
mod load;
mod provenance;
mod ring;
mod shared;
mod signer;
mod verifier;

#[cfg(feature = "jwe")]
pub use decrypter::{Decrypter, RemoteUnwrap};
#[cfg(feature = "jwe")]
pub use encrypter::Encrypter;
#[cfg(feature = "ureq")]
pub use jwks::UreqFetch;
pub use jwks::{
    Fetch, FetchAsync, FetchRequest, Fetched, Flight, JwksSource, JwksSourceBuilder, JwksStatus,
};
pub use provenance::Provenance;
pub(crate) use ring::MAX_TRIES;
pub use ring::{Keyring, KidPolicy, RingKey, WritingKey};
pub use shared::SharedKeyring;
pub use signer::{RemoteSigner, Signer};
pub use verifier::Verifier;
