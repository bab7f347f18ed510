//! Claims: what a token says, and what a service demands of it (RFC 7519).

mod audience;
mod claims;
mod numeric_date;
mod one_pass;
mod read;
mod validator;
mod write;

pub use audience::Audience;
pub use claims::{Claims, NoCustom, Registered};
pub use validator::Validator;

pub(crate) use numeric_date::to_offset_date_time;
pub(crate) use one_pass::read_both;
pub(crate) use read::{read_custom, read_registered};
pub(crate) use validator::Outside;
pub(crate) use write::{Written, prepare, write};

/// A claim's text: room in place for a UUID, and for most issuers.
type Name = crate::base::Text<38>;
