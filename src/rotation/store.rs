//! Where keys are kept: one text that is replaced as a whole, or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::jwk::SecretText;

/// A place that keeps the keys of a [`Rotator`](super::Rotator), for several processes if it can.
///
/// It holds one text of at most 2 MiB. What is in the text is none of its business; it may be a secret,
/// so keep it out of logs. All that several processes need to agree is that [`replace`](Self::replace)
/// replaces just what was seen: in SQL, `UPDATE … SET text = ?, version = version + 1 WHERE version =
/// ?`; in an object store, `If-Match`.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::Mutex;
/// use symbolon::Error;
/// use symbolon::rotation::{KeyStore, Replaced, StoreVersion, Stored};
///
/// /// Stands for a table of a database.
/// struct Table(Mutex<BTreeMap<&'static str, (String, u64)>>);
///
/// impl KeyStore for Table {
///     fn load(&self) -> Result<Option<Stored>, Error> {
///         let rows = self.0.lock().unwrap();
///         Ok(rows.get("keys").map(|(text, version)| Stored::new(text.clone(), version.to_string())))
///     }
///
///     fn replace(&self, text: &str, expected: Option<&StoreVersion>) -> Result<Replaced, Error> {
///         let mut rows = self.0.lock().unwrap();
///         let version = rows.get("keys").map(|(_, version)| *version);
///         if version.map(|version| version.to_string()).as_deref() != expected.map(StoreVersion::as_str) {
///             return Ok(Replaced::Conflict);
///         }
///         let version = version.unwrap_or_default() + 1;
///         rows.insert("keys", (text.to_owned(), version));
///         Ok(Replaced::Done(StoreVersion::new(version.to_string())))
///     }
/// }
/// # use symbolon::rotation::{RotationPolicy, Rotator};
/// # let policy = RotationPolicy::every(time::Duration::DAY).keep_for(time::Duration::HOUR);
/// # let rotator = Rotator::builder(symbolon::JwsAlg::EDDSA, policy).open(Table(Mutex::default()))?;
/// # rotator.rotate()?;
/// # Ok::<(), Error>(())
/// ```
pub trait KeyStore: Send + Sync {
    /// What it holds; none where nothing was stored yet.
    ///
    /// # Errors
    /// [`KeyStore`](crate::ErrorKind::KeyStore) where it cannot be read. What *is* there but cannot be
    /// read is never "nothing".
    fn load(&self) -> Result<Option<Stored>>;

    /// Puts `text` in the place of what it held as `expected`, or of nothing: as a whole, lasting, or
    /// not at all.
    ///
    /// # Errors
    /// [`KeyStore`](crate::ErrorKind::KeyStore) where it cannot be written. Where another version than
    /// `expected` is there that is no error but [`Replaced::Conflict`].
    fn replace(&self, text: &str, expected: Option<&StoreVersion>) -> Result<Replaced>;
}

/// A text of a [`KeyStore`], and which version of it.
#[derive(Debug)]
pub struct Stored {
    text: SecretText,
    version: StoreVersion,
}

impl Stored {
    /// What was found in a store.
    #[must_use]
    pub fn new(text: impl Into<String>, version: impl Into<String>) -> Self {
        Self { text: SecretText::new(text.into().into()), version: StoreVersion::new(version) }
    }

    /// The text; it may be a secret.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_str()
    }

    /// The version that it was found as.
    #[must_use]
    pub const fn version(&self) -> &StoreVersion {
        &self.version
    }
}

/// Which version of its text a store holds: a row's number, an ETag, a digest. Two are equal only
/// where the texts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreVersion(String);

impl StoreVersion {
    /// A version by the name that the store gives it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name that the store gave it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What became of a [`KeyStore::replace`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replaced {
    /// The text is in its place, as this version.
    Done(StoreVersion),
    /// Another one was faster: nothing was changed.
    Conflict,
}

macro_rules! forward {
    ($($store:ty)*) => {$(
        impl<S: KeyStore + ?Sized> KeyStore for $store {
            fn load(&self) -> Result<Option<Stored>> {
                (**self).load()
            }

            fn replace(&self, text: &str, expected: Option<&StoreVersion>) -> Result<Replaced> {
                (**self).replace(text, expected)
            }
        }
    )*};
}

forward! { &S Box<S> Arc<S> }

/// Keys kept in memory: gone when the process ends. Clones share what they hold.
///
/// For tests, and for tokens that need not outlive the process.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    text: Option<SecretText>,
    version: u64,
}

impl MemoryStore {
    /// A store that holds nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl KeyStore for MemoryStore {
    fn load(&self) -> Result<Option<Stored>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(held.text.as_ref().map(|text| Stored::new(text.as_str(), held.version.to_string())))
    }

    fn replace(&self, text: &str, expected: Option<&StoreVersion>) -> Result<Replaced> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let version = held.text.is_some().then(|| StoreVersion::new(held.version.to_string()));
        if version.as_ref() != expected {
            return Ok(Replaced::Conflict);
        }
        held.text = Some(SecretText::new(text.to_owned().into()));
        held.version = held.version.saturating_add(1);
        Ok(Replaced::Done(StoreVersion::new(held.version.to_string())))
    }
}
