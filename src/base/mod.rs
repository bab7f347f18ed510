//! What knows no cryptography: text, time, limits, and bytes that must not leak.

pub(crate) mod base64url;
mod clock;
pub(crate) mod json;
mod key_id;
mod limits;
mod media_type;
pub(crate) mod object;
mod scratch;
mod secret;
mod stack;
mod text;

pub use clock::{Clock, FixedClock, SystemClock};
pub use key_id::KeyId;
pub use limits::Limits;
pub(crate) use media_type::same_media_type;
#[cfg(any(feature = "jwe", feature = "sealed"))]
pub(crate) use scratch::Buffer;
pub(crate) use scratch::Scratch;
pub(crate) use secret::SecretBytes;
pub(crate) use stack::leaving_no_trace;
pub(crate) use text::Text;
