//! A token format of one's own behind the same trait: opaque references to a session store.

#![allow(clippy::print_stdout, reason = "an example prints, and counts")]

use std::collections::HashMap;
use std::sync::Mutex;

use symbolon::prelude::*;
use symbolon::{Body, Envelope, Format, Provenance, RawToken};
use time::Duration;

const HELP: &str = "\
A TokenCodec of one's own: tokens that are random references to a store on the server.

Usage: custom_codec [--help]

Issues and verifies a session with it, withdraws it, and reads signed tokens beside it.";

/// The token says nothing; what it stands for is kept here, and can be withdrawn at any time.
///
/// A real store would be a database that all instances share. The references must be unguessable:
/// here they are fresh Ed25519 public keys, since this example shall not need a random generator.
#[derive(Default)]
struct Sessions(Mutex<HashMap<String, Session>>);

struct Session {
    payload: Vec<u8>,
    issued_at: Option<i64>,
    expires_at: Option<i64>,
}

const PREFIX: &str = "ref_";

impl Sessions {
    fn withdraw(&self, token: &str) {
        self.lock().remove(token);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Session>> {
        // A thread that panicked left whole sessions behind: they are inserted in one step.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl TokenCodec for Sessions {
    fn recognizes(&self, token: &RawToken<'_>) -> bool {
        token.as_str().starts_with(PREFIX)
    }

    // Only this server can put anything into its store.
    fn provenance(&self) -> Provenance {
        Provenance::Signed
    }

    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<(), Error> {
        let reference = Jwk::generate(JwsAlg::EDDSA)?.thumbprint_base64url();
        let token = format!("{PREFIX}{reference}");
        out.push_str(&token);
        self.lock().insert(
            token,
            Session {
                payload: body.payload().to_vec(),
                issued_at: body.issued_at_unix(),
                expires_at: body.expires_at_unix(),
            },
        );
        Ok(())
    }

    fn decode_into(
        &self,
        token: &RawToken<'_>,
        _now: i64,
        out: &mut Vec<u8>,
    ) -> Result<Envelope, Error> {
        let sessions = self.lock();
        let session = sessions.get(token.as_str()).ok_or(ErrorKind::Unauthentic)?;
        out.extend_from_slice(&session.payload);
        // Times are reported here, and judged by the validator like those of any other format.
        Ok(Envelope::new(Format::Other("reference"), "store", Provenance::Signed)
            .with_issued_at(session.issued_at)
            .with_expires_at(session.expires_at))
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct User {
    user: u64,
}

fn main() -> Result<(), Error> {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--help" | "-h") => {
            println!("{HELP}");
            return Ok(());
        }
        Some(other) => {
            eprintln!("there is no argument {other}\n\n{HELP}");
            std::process::exit(2);
        }
    }
    let store = std::sync::Arc::new(Sessions::default());
    let signed = JwsCodec::new(Signer::generate(JwsAlg::ES256)?);
    // It goes wherever ours go: into `AnyOf`, and into `Tokens`.
    let tokens = Tokens::<User>::builder(AnyOf::new(store.clone()).or(signed.clone()))
        .audience("api")
        .lifetime(Duration::minutes(5))
        .build()?;

    let token = tokens.issue(&User { user: 7 })?;
    println!("issued     {token}");
    println!("verified   {:?}", tokens.verify(&token)?.custom());

    let old = Tokens::<User>::builder(signed).audience("api").build()?.issue(&User { user: 8 })?;
    println!("and signed {:?}", tokens.verify(&old)?.custom());

    store.withdraw(&token);
    match tokens.verify(&token) {
        Ok(_) => println!("a withdrawn session was ACCEPTED, which must not be"),
        Err(error) => println!("withdrawn  {}", error.code()),
    }
    Ok(())
}
