//! Bearer tokens in HTTP requests (RFC 6750): where they stand, and what scopes they carry. What is
//! answered to an error, [`Error::bearer`](crate::Error::bearer) says.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use symbolon::bearer::{self, Scope};
//! use symbolon::{Error, JwsCodec, Tokens, Verified};
//!
//! #[derive(Debug, Serialize, Deserialize)]
//! struct Access { scope: Scope }
//!
//! fn authorize(tokens: &Tokens<Access>, authorization: &[&str]) -> Result<Verified<Access>, Error> {
//!     let token = bearer::from_authorization(authorization)?; // missing_token, invalid_request
//!     let access = tokens.verify(token)?;                     // token_expired, …
//!     access.custom().scope.require(&["orders:read"])?;       // insufficient_scope
//!     Ok(access)
//! }
//!
//! let tokens = Tokens::builder(JwsCodec::hs256(vec![7; 32])?).build()?;
//! let token = tokens.issue(&Access { scope: Scope::from("orders:read orders:write") })?;
//! assert!(authorize(&tokens, &[&format!("Bearer {token}")]).is_ok());
//!
//! let answer = authorize(&tokens, &[]).unwrap_err().bearer();
//! assert_eq!((answer.status(), answer.www_authenticate()), (401, Some("Bearer")));
//! # Ok::<(), Error>(())
//! ```

mod authorization;
mod cookie;
mod scope;

pub use authorization::from_authorization;
pub use cookie::from_cookie;
pub use scope::Scope;

use crate::error::{Error, ErrorKind};

fn invalid(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidRequest, why)
}
