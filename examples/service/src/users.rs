//! Who may log in, and what each may do. A real service asks its database; here it is a list.

use std::collections::HashMap;
use std::sync::Arc;

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;
use symbolon::bearer::Scope;

use crate::password;

pub struct User {
    pub name: String,
    pub hash: PasswordHash,
    pub scope: Scope,
}

pub struct Users(HashMap<String, Arc<User>>);

/// The longest name.
pub const MAX_NAME: usize = 64;

impl Users {
    /// A line a user: a name, a password hash, and scopes, between spaces.
    ///
    /// # Errors
    /// Names the line that is wrong, and not what stands in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut users = HashMap::new();
        for (line, number) in text.lines().zip(1..) {
            let mut words = line.split_whitespace();
            let Some(name) = words.next().filter(|name| !name.starts_with('#')) else { continue };
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
            if name.len() > MAX_NAME || !name.bytes().all(is_letter) {
                return Err(format!("line {number}: a name has up to 64 letters, digits, or -_.@"));
            }
            let hash = words.next().and_then(|word| PasswordHash::new(word).ok());
            let hash = hash
                .filter(|hash| hash.algorithm.as_str() == "argon2id" && Params::try_from(hash).is_ok());
            let hash =
                hash.ok_or_else(|| format!("line {number}: the second word is no argon2id hash"))?;
            let user = User { name: name.to_owned(), hash, scope: words.collect() };
            if users.insert(name.to_owned(), Arc::new(user)).is_some() {
                return Err(format!("line {number}: this name was there before"));
            }
        }
        if users.is_empty() {
            return Err("there is no user".into());
        }
        Ok(Self(users))
    }

    /// One user named `demo` with a password of this moment, to try the service out; and that password.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn demo() -> Result<(Self, String), String> {
        let password = crate::random::text().map_err(|error| error.to_string())?;
        let hash = password::hash(&password)?;
        let users = Self::parse(&format!("demo {hash} note:read note:write"))?;
        Ok((users, password))
    }

    pub fn find(&self, name: &str) -> Option<&Arc<User>> {
        self.0.get(name)
    }
}
