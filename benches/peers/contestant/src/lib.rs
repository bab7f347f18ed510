//! What every contestant is given to do, how it shows that it does it, and how it takes its turns.

mod claims;
pub mod keys;
mod turns;

pub use claims::{AUDIENCE, Claims, ISSUER, Session};
pub use turns::Entries;
