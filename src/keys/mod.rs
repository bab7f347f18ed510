//! Prepared keys: each knows its algorithm, is prepared once, and stands in a ring.

mod load;
mod provenance;
mod ring;
mod shared;
mod signer;
mod verifier;

pub use provenance::Provenance;
pub use ring::{KidPolicy, Keyring, RingKey, WritingKey};
pub use shared::SharedKeyring;
pub use signer::{RemoteSigner, Signer};
pub use verifier::Verifier;
