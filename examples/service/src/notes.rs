//! What the service is for: a note for each user. A real one asks its database.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// The longest note, in bytes.
pub const MAX_LEN: usize = 1024;

#[derive(Default)]
pub struct Notes(RwLock<HashMap<String, String>>);

impl Notes {
    pub fn read(&self, user: &str) -> String {
        let notes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        notes.get(user).cloned().unwrap_or_default()
    }

    /// There are as many notes as users.
    pub fn write(&self, user: &str, note: String) {
        let mut notes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        notes.insert(user.to_owned(), note);
    }
}
