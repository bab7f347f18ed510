//! Keys in a file that several processes of one machine may share.
//!
//! A new text is written to a file beside it, flushed to the disk, and renamed over the old one: whoever
//! reads finds the one or the other, whenever a process dies. Writers hold a lock, of a file of its own
//! since the other one is exchanged, which the system gives back when a process dies however it dies.
//! Readers take no lock.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::store::{KeyStore, Replaced, StoreVersion, Stored};
use crate::base::base64url;
use crate::crypto::hash::{Hash, digest};
use crate::error::{Error, ErrorKind, Result};

/// A schedule of the longest kind, encrypted.
const MAX_LEN: u64 = 2 * 1024 * 1024;

/// How long a writer waits for others, who hold the lock for some milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keys kept in a file, for all processes that can reach it.
///
/// The file is only its owner's (mode 0600), and is refused where others can read or write it; its folder
/// must exist, and only the service should be able to write there. Beside it stand, for as long as they
/// are needed, `NAME.tmp`, and for good the empty `NAME.lock`.
///
/// Processes of one machine can share it; over a network file system they can where that has locks and
/// an atomic rename. On other systems than Unix nothing is known of modes: protect the folder.
///
/// ```
/// use symbolon::JwsAlg;
/// use symbolon::rotation::{FileStore, RotationPolicy, Rotator};
/// use time::Duration;
///
/// # let folder = std::env::temp_dir().join(format!("symbolon-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let policy = RotationPolicy::every(Duration::days(30)).keep_for(Duration::hours(1));
/// let store = FileStore::new(folder.join("keys.json"));
/// let rotator = Rotator::builder(JwsAlg::ES256, policy).open(store)?;
/// # let _ = rotator;
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FileStore {
    path: PathBuf,
}

impl FileStore {
    /// A store in the file `path`. Nothing is read or written yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(ending);
        name.into()
    }

    fn failed(&self, what: &str, error: io::Error) -> Error {
        let path = self.path.display();
        Error::new(ErrorKind::KeyStore, format!("{path}: {what}")).with_source(error)
    }

    fn read(&self) -> Result<Option<Zeroizing<String>>> {
        match self.path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("it cannot be reached", error)),
            // Of a link only the link would be replaced.
            Ok(found) if !found.is_file() => {
                let path = self.path.display();
                return Err(Error::new(
                    ErrorKind::KeyStore,
                    format!("{path}: it is not a regular file"),
                ));
            }
            Ok(_) => {}
        }
        let unreadable = |error| self.failed("it cannot be read", error);
        let file = File::open(&self.path).map_err(unreadable)?;
        let found = file.metadata().map_err(unreadable)?;
        self.check_owner_only(&found)?;
        // All the room at once: nothing secret is left behind by a text that grows.
        let room = usize::try_from(found.len().min(MAX_LEN)).unwrap_or_default().saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        file.take(MAX_LEN.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_LEN) {
            return Err(self.damaged("it is longer than 2 MiB"));
        }
        match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => Ok(Some(text.into())),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Err(self.damaged("it is not text"))
            }
        }
    }

    fn damaged(&self, why: &str) -> Error {
        Error::new(ErrorKind::DamagedKeyStore, format!("{}: {why}", self.path.display()))
    }

    #[cfg(unix)]
    fn check_owner_only(&self, found: &std::fs::Metadata) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;

        let mode = found.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let path = self.path.display();
            return Err(Error::new(
                ErrorKind::ExposedKeyStore,
                format!(
                    "{path}: its mode is {mode:03o}, it must be 600: its keys may be known, replace them"
                ),
            ));
        }
        Ok(())
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as on Unix")]
    fn check_owner_only(&self, _: &std::fs::Metadata) -> Result<()> {
        Ok(())
    }

    /// Waits until no other process writes. The lock is given back when the file is dropped.
    fn lock(&self) -> Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let path = self.beside(".lock");
        let file = owner_only(&mut options)
            .open(path)
            .map_err(|error| self.failed("the lock beside it cannot be opened", error))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    let waited = io::Error::from(io::ErrorKind::TimedOut);
                    return Err(self.failed("another process holds the lock", waited));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(self.failed("it cannot be locked", error));
                }
            }
        }
    }

    /// Lets `text` take the place of the file, whatever happens meanwhile. Only under the lock.
    fn write(&self, text: &str) -> io::Result<()> {
        let path = self.beside(".tmp");
        // What a process that died has left behind; created anew it has our mode, not one it came with.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = owner_only(OpenOptions::new().create_new(true).write(true))
            .open(&path)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                // Else the name could reach the disk before the text does.
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&path, &self.path));
        if written.is_err() {
            // The first error tells more than this one would.
            let _ = std::fs::remove_file(&path);
        }
        written.and_then(|()| self.sync_folder())
    }

    #[cfg(unix)]
    fn sync_folder(&self) -> io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as on Unix")]
    fn sync_folder(&self) -> io::Result<()> {
        Ok(())
    }
}

impl KeyStore for FileStore {
    fn load(&self) -> Result<Option<Stored>> {
        let text = self.read()?;
        Ok(text.map(|mut text| {
            let version = version(&text);
            Stored::new(std::mem::take(&mut *text), version)
        }))
    }

    fn replace(&self, text: &str, expected: Option<&StoreVersion>) -> Result<Replaced> {
        let _lock = self.lock()?;
        let found = self.read()?.map(|found| version(&found));
        if found.as_deref() != expected.map(StoreVersion::as_str) {
            return Ok(Replaced::Conflict);
        }
        self.write(text).map_err(|error| self.failed("it cannot be written", error))?;
        Ok(Replaced::Done(StoreVersion::new(version(text))))
    }
}

/// What a text is called: where two are the same there is nothing to lose by taking one for the other.
fn version(text: &str) -> String {
    base64url::encode(digest(Hash::Sha256, text.as_bytes()))
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    options.mode(0o600)
}

#[cfg(not(unix))]
fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
