//! Verifies a signed token and prints what it says.

#![allow(clippy::print_stdout, reason = "an example prints, and counts")]

use std::io::Read;
use std::process::ExitCode;

use serde_json::{Value, json};
use symbolon::{
    Error, ErrorKind, Jwk, JwkSet, JwsAlg, JwsCodec, KeyMaterial, Keyring, KidPolicy, TokenCodecExt,
    Validator, Verified, Verifier, jws::Unverified,
};

const HELP: &str = "\
Verifies a signed token (a JWT) and prints {\"header\": …, \"claims\": …}.

Usage: verify [--jwks FILE | --pem FILE] [--issuer ISS] [--audience AUD] [TOKEN]

  --jwks FILE     the issuer's keys: a JWK Set, or a single JWK
  --pem FILE      the issuer's key: a public key, a certificate or a private key in PEM
  --issuer ISS    demand this issuer (iss)
  --audience AUD  demand that the token is meant for this audience (aud); a token that names
                  an audience is refused unless it is given here
  TOKEN           the token; read from standard input where it is not given

Without keys there is nothing to verify with: one of --jwks and --pem must be given.

Exit status: 0 where the token is good; 1 where it is not, or the keys cannot be read, with the
error's code and message on standard error; 2 for wrong usage.";

#[derive(Default)]
struct Arguments {
    jwks: Option<String>,
    pem: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    token: Option<String>,
}

enum Usage {
    Help,
    Wrong(String),
}

fn arguments() -> Result<Arguments, Usage> {
    let mut arguments = Arguments::default();
    let mut given = std::env::args().skip(1);
    let mut only_token = false;
    while let Some(argument) = given.next() {
        let (name, joined) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (argument.clone(), None),
        };
        let place = match name.as_str() {
            _ if only_token => &mut arguments.token,
            "--help" | "-h" => return Err(Usage::Help),
            "--jwks" => &mut arguments.jwks,
            "--pem" => &mut arguments.pem,
            "--issuer" => &mut arguments.issuer,
            "--audience" => &mut arguments.audience,
            "--" => {
                only_token = true;
                continue;
            }
            "-" => continue,
            other if other.starts_with('-') => {
                return Err(Usage::Wrong(format!("there is no option {other}")));
            }
            _ => &mut arguments.token,
        };
        let value = if only_token || !name.starts_with("--") {
            argument
        } else {
            joined
                .or_else(|| given.next())
                .ok_or_else(|| Usage::Wrong(format!("{name} needs a value")))?
        };
        if place.replace(value).is_some() {
            return Err(Usage::Wrong(format!("{name}: given twice, or more than one token")));
        }
    }
    match (&arguments.jwks, &arguments.pem) {
        (None, None) => Err(Usage::Wrong("give the issuer's keys: --jwks FILE or --pem FILE".into())),
        (Some(_), Some(_)) => Err(Usage::Wrong("give --jwks or --pem, not both".into())),
        _ => Ok(arguments),
    }
}

/// The algorithms that a key is good for when nothing says which: all that fit its kind.
fn fitting(key: &KeyMaterial) -> Vec<JwsAlg> {
    JwsAlg::all().filter(|alg| alg.key_type() == key.key_type() && alg.curve() == key.curve()).collect()
}

fn read(file: &str) -> Result<Vec<u8>, Error> {
    std::fs::read(file).map_err(|error| {
        Error::new(ErrorKind::InvalidSetting, format!("the key file cannot be read: {error}"))
    })
}

fn keyring(arguments: &Arguments) -> Result<Keyring, Error> {
    let mut ring = Keyring::read_only();
    if let Some(file) = &arguments.pem {
        let key = KeyMaterial::from_pem(read(file)?)?;
        for alg in fitting(&key) {
            ring = ring.with_reader(Verifier::new(alg, &key)?)?;
        }
        if ring.is_empty() {
            return Err(Error::new(
                ErrorKind::KeyMismatch,
                "the key in the PEM file verifies no signatures",
            ));
        }
        return Ok(ring);
    }
    let text = read(arguments.jwks.as_deref().unwrap_or_default())?;
    let set = match JwkSet::from_json(&text) {
        Ok(set) => set,
        // Not a set: perhaps one key.
        Err(error) => Jwk::from_json(&text).map(|jwk| JwkSet::from_iter([jwk])).map_err(|_| error)?,
    };
    for skipped in set.skipped() {
        eprintln!("note: key {} of the set is skipped: {}", skipped.index(), skipped.error());
    }
    let all: Vec<JwsAlg> = JwsAlg::all().collect();
    // A set may hold keys that cannot serve: say so, and go on with the others.
    for (jwk, verifiers) in set.verifiers(&all) {
        if let Err(error) = verifiers {
            let kid = jwk.kid().map_or("without a kid", |kid| kid.as_str());
            eprintln!("note: key {kid:?} of the set is not used: {error}");
        }
    }
    // A token that names no key is tried with all that fit its algorithm, as far as those are few.
    let ring = Keyring::from_jwk_set_as(&set, &all);
    Ok(ring.clone().with_policy(KidPolicy::TryAll).unwrap_or(ring))
}

fn verify(arguments: &Arguments, token: &str) -> Result<Value, Error> {
    let mut validator = Validator::new().any_typ();
    if let Some(issuer) = &arguments.issuer {
        validator = validator.issuer(issuer);
    }
    if let Some(audience) = &arguments.audience {
        validator = validator.audience(audience);
    }
    let codec = JwsCodec::new(keyring(arguments)?);
    let verified: Verified<Value> = codec.decode(token)?.validate(&validator)?;
    // What was peeked at is the header of the token that has just been verified.
    let header: Value = serde_json::from_slice(Unverified::peek(token)?.header())
        .map_err(|_| Error::from(ErrorKind::Malformed))?;
    Ok(json!({ "header": header, "claims": verified.into_custom() }))
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(Usage::Help) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(Usage::Wrong(why)) => {
            eprintln!("{why}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let mut token = arguments.token.clone().unwrap_or_default();
    if arguments.token.is_none()
        && let Err(error) = std::io::stdin().lock().take(16 << 20).read_to_string(&mut token)
    {
        eprintln!("malformed_token: standard input cannot be read as text: {error}");
        return ExitCode::FAILURE;
    }
    match verify(&arguments, token.trim()) {
        Ok(result) => {
            println!("{result}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", error.code());
            ExitCode::FAILURE
        }
    }
}
