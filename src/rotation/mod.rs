//! Keys that rotate by themselves: a policy, a schedule, and a store that survives the process.
//!
//! A [`RotationPolicy`] says how often a new key signs, how long before that it is published, and how
//! long after its last signature an old one verifies. A [`KeySchedule`] is which key is which at any
//! moment: a list of keys with their times, without a clock of its own. A [`Rotator`] carries it out on a
//! [`SharedKeyring`](crate::SharedKeyring) that codecs use, whenever the service [ticks](Rotator::tick).
//!
//! ```text
//!            publish_ahead          every                    keep_for
//!          |--------------|------------------------|--------------------------|
//!        made,        not_before:              the next                   expires:
//!      published        signs                 one signs                    dropped
//!          |<----------------------- verifies, is published ------------------>|
//! ```
//!
//! A [`KeyStore`] keeps the schedule: [`FileStore`] on disk, [`MemoryStore`] for the life of the process,
//! or one of your own (a database, an object store). It is replaced as a whole, and only by who has seen
//! what stands there, so that several processes rotate together: each period has one key, whoever made it.
//! On disk it is plain JSON for its owner's eyes only, or encrypted with a master key
//! ([`encrypted_with`](RotatorBuilder::encrypted_with)) or a passphrase
//! ([`passphrase`](RotatorBuilder::passphrase)).
//!
//! What is rotated is a [`KeyKind`]: signers, encrypters, keys of sealed and Amora tokens, or keys of a KMS.

#[cfg(feature = "jwe")]
mod cipher;
mod file;
mod kind;
mod policy;
mod rotator;
mod schedule;
mod store;
mod text;

pub use self::file::FileStore;
#[cfg(feature = "sealed")]
pub use self::kind::SealedKeys;
pub use self::kind::{KeyKind, Publishes};
pub use self::policy::RotationPolicy;
pub use self::rotator::{KeyEvent, Rotator, RotatorBuilder};
pub use self::schedule::{KeyRecord, KeySchedule};
pub use self::store::{KeyStore, MemoryStore, Replaced, StoreVersion, Stored};
