//! PBKDF2 (RFC 8018 §5.2) with HMAC-SHA-1, to read old files with: it is the function that
//! PBKDF2-params mean where they name none (§A.2). HMAC does not rest on collision resistance.

use super::Unusable;
use core::num::NonZeroU32;

// The crate pbkdf2 or nobody: whoever reads AES-CBC, which follows, has that as well.
#[cfg(not(feature = "rustcrypto"))]
use on_nothing as imp;
#[cfg(feature = "rustcrypto")]
use on_rustcrypto as imp;

/// Fills `out`, which is a key. How many rounds a stranger may ask for is for the caller to say.
pub(crate) fn pbkdf2_sha1(
    password: &[u8],
    salt: &[u8],
    rounds: NonZeroU32,
    out: &mut [u8],
) -> Result<(), Unusable> {
    imp::pbkdf2_sha1(password, salt, rounds, out)
}

#[cfg(feature = "rustcrypto")]
mod on_rustcrypto {
    use super::{NonZeroU32, Unusable};

    pub(super) fn pbkdf2_sha1(
        password: &[u8],
        salt: &[u8],
        rounds: NonZeroU32,
        out: &mut [u8],
    ) -> Result<(), Unusable> {
        ::pbkdf2::pbkdf2_hmac::<sha1::Sha1>(password, salt, rounds.get(), out);
        Ok(())
    }
}

#[cfg(not(feature = "rustcrypto"))]
mod on_nothing {
    use super::{NonZeroU32, Unusable};

    pub(super) fn pbkdf2_sha1(_: &[u8], _: &[u8], _: NonZeroU32, _: &mut [u8]) -> Result<(), Unusable> {
        Err(Unusable::Needs("rustcrypto"))
    }
}

#[cfg(all(test, feature = "rustcrypto"))]
mod tests {
    use super::super::unhex;
    use super::*;

    // RFC 6070 §2: "password" and "salt" with 1 and 4096 rounds.
    #[test]
    fn derives_as_rfc6070() {
        for (rounds, key) in [
            (1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
            (4096, "4b007901b765489abead49d926f721d065a429c1"),
        ] {
            let mut out = [0; 20];
            pbkdf2_sha1(b"password", b"salt", NonZeroU32::new(rounds).unwrap(), &mut out).unwrap();
            assert_eq!(out[..], unhex(key));
        }
    }
}
