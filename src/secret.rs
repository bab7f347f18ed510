//! Secrets from where a service is given them: the environment, files, bytes.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64_simd::{Base64, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::base::{SecretBytes, base64url};
use crate::error::{Error, ErrorKind, Result};

/// How a secret is spelled. It is always said, never guessed: many a text can be read in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretEncoding {
    /// base64url (RFC 4648 §5), with its padding or without.
    Base64Url,
    /// base64 (RFC 4648 §4), with its padding or without: what `openssl rand -base64 32` prints.
    Base64,
    /// Hexadecimal digits of any case: what `openssl rand -hex 32` prints.
    Hex,
    /// The text itself, without the line break at its end: a passphrase.
    Text,
    /// The bytes as they are, a line break at their end included: a file of random bytes.
    Raw,
}

/// Secret bytes that a service was given: wiped when dropped, redacted in `Debug`, compared in constant
/// time.
///
/// It goes wherever bytes of a key go: `OctKey::new(secret)`, `JwsCodec::hs256(secret)`,
/// `SealedKey::new(&secret)`, `AmoraOpener::zero(secret.as_array()?)`, `Encrypter::password(secret, …)`.
///
/// One line break at the end is no part of a secret, but for [`Raw`](SecretEncoding::Raw): editors and
/// `echo` leave it there. An error names the variable or the file, never what stands in it.
///
/// ```no_run
/// use symbolon::{JwsCodec, Secret, SecretEncoding};
///
/// // SESSION_KEY=…, or SESSION_KEY_FILE=/run/secrets/session-key
/// let secret = Secret::from_env("SESSION_KEY", SecretEncoding::Base64Url, 32)?;
/// let codec = JwsCodec::hs256(secret)?;
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(SecretBytes);

impl Secret {
    /// The most bytes a secret may have, as it is spelled: 64 KiB.
    pub const MAX_LEN: usize = 64 * 1024;

    /// The secret in the environment variable `name`, or in the file that the variable `{name}_FILE`
    /// names, as container systems have it; of at least `min_len` bytes once it is decoded.
    ///
    /// The variable stays in the environment, for child processes and for who may look at the process:
    /// prefer the file. A variable that is empty counts as one that is not set.
    ///
    /// # Errors
    /// [`MissingSecret`](ErrorKind::MissingSecret) where neither is set, or the file cannot be read;
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) where both are; [`InvalidSecret`](ErrorKind::InvalidSecret)
    /// where it is not spelled so, or longer than 64 KiB; [`WeakKey`](ErrorKind::WeakKey) where it is
    /// shorter than `min_len`, or empty.
    pub fn from_env(name: &str, encoding: SecretEncoding, min_len: usize) -> Result<Self> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let file_name = format!("{name}_FILE");
        match (set(name), set(&file_name)) {
            (Some(value), None) => {
                let value = Zeroizing::new(value.into_encoded_bytes());
                Self::read(name, &value, encoding, min_len)
            }
            // What the variable says is not repeated: it may be the secret itself, by mistake.
            (None, Some(path)) => Self::from_named_file(
                &format!("the file that {file_name} names"),
                Path::new(&path),
                encoding,
                min_len,
            ),
            (Some(value), Some(_)) => {
                drop(Zeroizing::new(value.into_encoded_bytes()));
                Err(Error::new(
                    ErrorKind::InvalidSetting,
                    format!("both {name} and {file_name} are set: which one holds?"),
                ))
            }
            (None, None) => Err(Error::new(
                ErrorKind::MissingSecret,
                format!("neither {name} nor {file_name} is set"),
            )),
        }
    }

    /// The secret in a file, of at least `min_len` bytes once it is decoded. Modes are not judged:
    /// container systems mount secrets for everyone in the container to read.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_file(path: impl AsRef<Path>, encoding: SecretEncoding, min_len: usize) -> Result<Self> {
        let path = path.as_ref();
        Self::from_named_file(&path.display().to_string(), path, encoding, min_len)
    }

    /// The secret that `text` spells, of at least `min_len` bytes once it is decoded: for what comes
    /// from elsewhere, such as a configuration or a vault.
    ///
    /// ```
    /// use symbolon::{Secret, SecretEncoding};
    ///
    /// let secret = Secret::decode("AQIDBAUGBwg", SecretEncoding::Base64Url, 8)?;
    /// assert_eq!(secret.as_bytes(), [1, 2, 3, 4, 5, 6, 7, 8]);
    /// assert_eq!(format!("{secret:?}"), "Secret([secret])");
    /// assert_eq!(Secret::decode("0102", SecretEncoding::Hex, 8).unwrap_err().code(), "weak_key");
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidSecret`](ErrorKind::InvalidSecret) and [`WeakKey`](ErrorKind::WeakKey) as
    /// [`from_env`](Self::from_env).
    pub fn decode(text: impl AsRef<[u8]>, encoding: SecretEncoding, min_len: usize) -> Result<Self> {
        Self::read("the secret", text.as_ref(), encoding, min_len)
    }

    /// The bytes themselves: secret. They are wiped here, not where they are copied to.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same for what takes just `N` bytes, such as a key of Amora.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where it has another length.
    pub fn as_array<const N: usize>(&self) -> Result<&[u8; N]> {
        self.as_bytes().try_into().map_err(|_| {
            let len = self.0.len();
            Error::new(ErrorKind::InvalidKey, format!("the secret has {len} bytes, it needs just {N}"))
        })
    }

    fn from_named_file(
        name: &str,
        path: &Path,
        encoding: SecretEncoding,
        min_len: usize,
    ) -> Result<Self> {
        // All the room at once: nothing is left behind by bytes that grow.
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::MAX_LEN.saturating_add(2)));
        let most = u64::try_from(Self::MAX_LEN).unwrap_or(u64::MAX).saturating_add(1);
        let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        read.map_err(|error| {
            Error::new(ErrorKind::MissingSecret, format!("{name} cannot be read")).with_source(error)
        })?;
        Self::read(name, &bytes, encoding, min_len)
    }

    /// `name` is how an error calls it.
    fn read(name: &str, bytes: &[u8], encoding: SecretEncoding, min_len: usize) -> Result<Self> {
        let invalid =
            |why: Cow<'static, str>| Error::new(ErrorKind::InvalidSecret, format!("{name} is {why}"));
        if bytes.len() > Self::MAX_LEN {
            return Err(invalid("longer than 64 KiB".into()));
        }
        let line =
            bytes.strip_suffix(b"\n").map_or(bytes, |line| line.strip_suffix(b"\r").unwrap_or(line));
        let secret = match encoding {
            SecretEncoding::Base64Url => from_base64(line, &URL_SAFE_NO_PAD),
            SecretEncoding::Base64 => from_base64(line, &STANDARD_NO_PAD),
            SecretEncoding::Hex => from_hex(line),
            SecretEncoding::Text => Some(line.to_vec()),
            SecretEncoding::Raw => Some(bytes.to_vec()),
        };
        let secret = secret.ok_or_else(|| {
            invalid(
                format!(
                    "not {}",
                    match encoding {
                        SecretEncoding::Base64Url => "base64url",
                        SecretEncoding::Base64 => "base64",
                        SecretEncoding::Hex | SecretEncoding::Text | SecretEncoding::Raw =>
                            "hexadecimal",
                    }
                )
                .into(),
            )
        })?;
        let secret = Self(SecretBytes::new(secret));
        let (len, min_len) = (secret.0.len(), min_len.max(1));
        if len < min_len {
            return Err(Error::new(
                ErrorKind::WeakKey,
                format!("{name} has {len} bytes, it needs {min_len} or more"),
            ));
        }
        Ok(secret)
    }
}

fn from_base64(text: &[u8], alphabet: &Base64) -> Option<Vec<u8>> {
    let unpadded = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let padded_right = unpadded.len() == text.len() || text.len().is_multiple_of(4);
    if !padded_right {
        return None;
    }
    let mut bytes = base64url::decode_secret(unpadded, alphabet).ok()?;
    Some(std::mem::take(&mut *bytes))
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len().div_ceil(2)));
    let (pairs, rest) = text.as_chunks::<2>();
    for [high, low] in pairs {
        let digit =
            |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push((digit(*high)? << 4) | digit(*low)?);
    }
    rest.is_empty().then(|| std::mem::take(&mut *bytes))
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// For what takes the bytes over and wipes them, as the keys of this crate do.
impl From<Secret> for Vec<u8> {
    fn from(secret: Secret) -> Self {
        secret.0.into_vec()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([secret])")
    }
}
