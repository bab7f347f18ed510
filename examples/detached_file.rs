//! Signs and verifies files of any size, in memory that does not grow with them.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "an example prints, and counts"
)]

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use symbolon::jws::{NewSignature, Payload, detached};
use symbolon::{Error, ErrorKind, Jwk, JwsAlg, Keyring, Limits, Signer, Verifier};
use time::OffsetDateTime;

const HELP: &str = "\
Signs a file of any size, and verifies it: the signature stands in a file of its own (a detached
JWS, RFC 7515 appendix F, with b64: false, RFC 7797), and the file is streamed.

Usage: detached_file key [ALG]                         print a fresh private key, a JWK
       detached_file sign --key KEY FILE               print the signature of FILE
       detached_file verify --key KEY FILE SIGNATURE   check it; SIGNATURE is a file
       detached_file --demo [BYTES]                    do all of it with a file of BYTES bytes
                                                       (1,000,000,000 unless said otherwise) in
                                                       the folder for temporary files

  --key KEY   a file with a JWK: to verify, the public half is enough
  ALG         ES256 unless said otherwise. HS256 and the like, ES256 and the like stream; RSA is
              verified in a stream but not signed, and Ed25519 cannot be streamed

What it cost is told on standard error.

Exit status: 0 where all is well; 1 where the signature is not good or something cannot be read,
with the error's code and message on standard error; 2 for wrong usage.";

/// Usage that is wrong, or a failure on the way.
enum Stop {
    Usage,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn cannot(what: &str, path: &Path, error: io::Error) -> Error {
    let text = format!("{} cannot be {what}: {error}", path.display());
    Error::new(ErrorKind::InvalidSetting, text)
}

fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|error| cannot("opened", path, error))
}

fn read(path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    // Keys and signatures are short: whatever else is given is not read whole.
    let mut start = open(path)?.take(64 * 1024);
    start.read_to_string(&mut text).map_err(|error| cannot("read", path, error))?;
    Ok(text)
}

fn sign(signer: &Signer, file: &Path) -> Result<String, Error> {
    let signature = NewSignature::by(signer).typ("file").unencoded();
    detached::sign(Payload::Reader(&mut open(file)?), &signature)
}

fn verify(verifier: Verifier, file: &Path, signature: &str) -> Result<(), Error> {
    let ring = Keyring::read_only().with_reader(verifier)?;
    let (limits, now) = (Limits::default(), OffsetDateTime::now_utc());
    let payload = Payload::Reader(&mut open(file)?);
    detached::verify(signature.trim(), payload, &ring, &limits, now).map(drop)
}

/// The most memory that this process has held so far, in KiB, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn report(what: &str, file: &Path, since: Instant) {
    let bytes = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    let seconds = since.elapsed().as_secs_f64();
    let megabytes = bytes as f64 / 1e6;
    eprint!("{what}: {bytes} bytes in {seconds:.2} s ({:.0} MB/s)", megabytes / seconds.max(1e-9));
    match peak() {
        Some(kib) => eprintln!(", peak memory {kib} KiB"),
        None => eprintln!(", peak memory unknown on this system"),
    }
}

/// A file that is removed when this is dropped.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Makes a file with a hole for nearly all of its length, signs it, and finds one bit flipped in it.
fn demo(bytes: u64) -> Result<(), Error> {
    let path = std::env::temp_dir().join(format!("symbolon-detached-{}", std::process::id()));
    let cannot_write = |error| cannot("written", &path, error);
    let file = File::options().read(true).write(true).create_new(true).open(&path);
    let mut file = file.map_err(cannot_write)?;
    let temporary = Temporary(path.clone());
    file.set_len(bytes).map_err(cannot_write)?;

    // ring alone takes whole messages for anything but a MAC.
    let alg = if cfg!(feature = "rustcrypto") { JwsAlg::ES256 } else { JwsAlg::HS256 };
    let signer = Signer::generate(alg)?.with_kid("demo")?;
    if let Some(kib) = peak() {
        eprintln!("{alg}, a file of {bytes} bytes; peak memory before {kib} KiB");
    }
    let start = Instant::now();
    let signature = sign(&signer, &temporary.0)?;
    report("signed", &temporary.0, start);
    println!("{signature}");

    let start = Instant::now();
    verify(signer.verifier(), &temporary.0, &signature)?;
    report("verified", &temporary.0, start);

    if bytes > 0 {
        let flip = file.seek(SeekFrom::Start(bytes / 2)).and_then(|_| file.write_all(&[1]));
        flip.map_err(|error| cannot("written", &temporary.0, error))?;
        let start = Instant::now();
        match verify(signer.verifier(), &temporary.0, &signature) {
            Err(error) if error.kind() == ErrorKind::Unauthentic => {
                report("with one bit flipped: refused", &temporary.0, start);
            }
            Err(error) => return Err(error),
            Ok(()) => return Err(Error::new(ErrorKind::Refused, "a changed file was accepted")),
        }
    }
    Ok(())
}

fn run(arguments: &[String]) -> Result<(), Stop> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &*arguments {
        ["--demo"] => Ok(demo(1_000_000_000)?),
        ["--demo", bytes] => Ok(demo(bytes.replace([',', '_'], "").parse().map_err(|_| Stop::Usage)?)?),
        ["key", rest @ ..] => {
            let alg = match rest {
                [] => JwsAlg::ES256,
                [name] => JwsAlg::from_name(name).ok_or(Stop::Usage)?,
                _ => return Err(Stop::Usage),
            };
            println!("{}", Jwk::generate(alg)?.danger_to_secret_json().as_str());
            Ok(())
        }
        ["sign", "--key", key, file] => {
            let signer = Signer::from_jwk(&Jwk::from_json(read(Path::new(key))?)?)?;
            let start = Instant::now();
            println!("{}", sign(&signer, Path::new(file))?);
            report("signed", Path::new(file), start);
            Ok(())
        }
        ["verify", "--key", key, file, signature] => {
            let verifier = Verifier::from_jwk(&Jwk::from_json(read(Path::new(key))?)?)?;
            let start = Instant::now();
            verify(verifier, Path::new(file), &read(Path::new(signature))?)?;
            println!("good");
            report("verified", Path::new(file), start);
            Ok(())
        }
        _ => Err(Stop::Usage),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| ["--help", "-h"].contains(&argument.as_str())) {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Usage) => {
            eprintln!("{HELP}");
            ExitCode::from(2)
        }
        Err(Stop::Failed(error)) => {
            eprintln!("{}: {error}", error.code());
            ExitCode::FAILURE
        }
    }
}
