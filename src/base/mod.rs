//! What knows no cryptography: text, time, limits, and bytes that must not leak.

pub(crate) mod base64url;
mod clock;
mod key_id;
mod limits;
mod media_type;
mod secret;
pub(crate) mod json;
pub(crate) mod object;

pub use clock::{Clock, FixedClock, SystemClock};
pub use key_id::KeyId;
pub use limits::Limits;
pub(crate) use media_type::same_media_type;
pub(crate) use secret::SecretBytes;
