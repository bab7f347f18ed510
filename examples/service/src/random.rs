//! Values that nobody can guess.

/// 128 random bits in hexadecimal.
///
/// # Errors
/// Where the system gives no random bytes.
pub fn text() -> Result<String, symbolon::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| symbolon::ErrorKind::Randomness)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
