//! josekit 0.10 (OpenSSL): encrypted and signed tokens, both ways, over every algorithm, content
//! encryption and serialization that it has, and keys as it writes them.

mod comparison;
mod jwe;
mod jws;
mod keys;

use josekit::JoseError;
use symbolon::Jwk;

/// How a token is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Compact,
    Flattened,
    General,
}

const FORMS: [Form; 3] = [Form::Compact, Form::Flattened, Form::General];

/// Counts what was exchanged, and holds the peer to what it is said to lack.
#[derive(Default)]
struct Tally {
    good: usize,
    lacking: Vec<&'static str>,
}

impl Tally {
    /// `lacks` says why the peer cannot, where it cannot: then it must indeed fail.
    fn judge<T>(
        &mut self,
        name: &str,
        lacks: Option<&'static str>,
        outcome: Result<T, JoseError>,
    ) -> Option<T> {
        match (lacks, outcome) {
            (None, Ok(value)) => {
                self.good += 1;
                Some(value)
            }
            (None, Err(error)) => panic!("{name}: {error}"),
            (Some(why), Err(_)) => {
                self.lacking.push(why);
                None
            }
            (Some(why), Ok(_)) => panic!("{name} works after all: it is said that {why}"),
        }
    }

    fn tell(mut self, what: &str) {
        assert_ne!(self.good, 0, "{what}: nothing was exchanged");
        println!("{what}: {} exchanged, {} lacking", self.good, self.lacking.len());
        self.lacking.sort_unstable();
        for group in self.lacking.chunk_by(|one, other| one == other) {
            println!("  {}: {}", group.len(), group[0]);
        }
    }
}

/// The key as the peer takes it to decrypt or to sign: with its secret.
fn secret_jwk(jwk: &Jwk) -> josekit::jwk::Jwk {
    josekit::jwk::Jwk::from_bytes(symbolon_interop::secret_json(jwk)).unwrap()
}

/// The key as the peer takes it to encrypt or to verify: its public half, where it has one.
fn public_jwk(jwk: &Jwk) -> josekit::jwk::Jwk {
    secret_jwk(&symbolon_interop::public(jwk))
}
