//! What nearly every service writes: `use symbolon::prelude::*`.

pub use crate::codec::{AnyOf, JwsCodec, Nested, TokenCodec, TokenCodecExt, Tokens, Verified};
pub use crate::error::{Error, ErrorKind};
pub use crate::jwa::JwsAlg;
pub use crate::jwk::{Jwk, JwkSet};
pub use crate::jwt::{Claims, NoCustom, Validator};
pub use crate::keys::{Keyring, SharedKeyring, Signer, Verifier};
pub use serde::{Deserialize, Serialize};

#[cfg(feature = "amora")]
pub use crate::codec::AmoraCodec;
#[cfg(feature = "jwe")]
pub use crate::codec::JweCodec;
#[cfg(feature = "sealed")]
pub use crate::codec::SealedCodec;
#[cfg(feature = "jwe")]
pub use crate::jwa::{JweAlg, JweEnc};
#[cfg(feature = "jwe")]
pub use crate::keys::{Decrypter, Encrypter};
