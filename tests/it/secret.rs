//! Secrets from the environment, files and bytes: what is refused, and that no error repeats them.

use std::error::Error as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use symbolon::SecretEncoding::{Base64, Base64Url, Hex, Raw, Text};
use symbolon::{Error, ErrorKind, Fault, HmacAlg, JwsCodec, OctKey, Secret, SecretEncoding};

use crate::key_file::Folder;
use crate::support::{kind, noise};

fn bytes(text: &str, encoding: SecretEncoding) -> Option<Vec<u8>> {
    let read = Secret::decode(text, encoding, 1);
    if let Err(error) = &read {
        assert!(matches!(error.kind(), ErrorKind::InvalidSecret | ErrorKind::WeakKey), "{error}");
    }
    read.ok().map(Vec::from)
}

#[test]
fn each_spelling_is_read_and_no_other() {
    let secret = [0xfb, 0xff, 0xfe, 0x00];
    for (encoding, text) in [
        (Base64Url, "-__-AA"),
        (Base64Url, "-__-AA=="),
        (Base64, "+//+AA=="),
        (Base64, "+//+AA"),
        (Hex, "fbfffe00"),
        (Hex, "FBffFe00"),
    ] {
        assert_eq!(bytes(text, encoding).as_deref(), Some(&secret[..]), "{text}");
        // One line break is no part of it; anything else is.
        assert_eq!(bytes(&format!("{text}\n"), encoding).as_deref(), Some(&secret[..]));
        assert_eq!(bytes(&format!("{text}\r\n"), encoding).as_deref(), Some(&secret[..]));
        for wrong in [format!("{text}\n\n"), format!(" {text}"), format!("{text} "), format!("{text}\r")]
        {
            assert_eq!(bytes(&wrong, encoding), None, "{wrong:?}");
        }
    }
    for (encoding, wrong) in [
        (Base64Url, "+//+AA"),
        (Base64Url, "-__-AB"),
        (Base64Url, "-__-A"),
        (Base64Url, "-__-AA==="),
        (Base64, "-__-AA=="),
        (Base64, "+//+AB=="),
        (Hex, "fbfffe0"),
        (Hex, "fbfffe0g"),
        (Hex, "0xfbfffe"),
        (Hex, "+1-1"),
        (Hex, "éé"),
    ] {
        assert_eq!(kind(Secret::decode(wrong, encoding, 1)), Some(ErrorKind::InvalidSecret), "{wrong}");
    }
    assert_eq!(bytes("a phrase\r\n", Text).unwrap(), b"a phrase");
    assert_eq!(bytes("a phrase \n\n", Text).unwrap(), b"a phrase \n");
    assert_eq!(bytes("a phrase\n", Raw).unwrap(), b"a phrase\n");
}

#[test]
fn what_is_too_short_or_too_long_is_refused() {
    for (text, encoding, min_len) in
        [("", Raw, 0), ("\n", Text, 0), ("", Hex, 0), ("aabb", Hex, 3), ("abc", Text, 4)]
    {
        assert_eq!(kind(Secret::decode(text, encoding, min_len)), Some(ErrorKind::WeakKey), "{text:?}");
    }
    assert_eq!(Secret::decode("aabb", Hex, 2).unwrap().as_bytes().len(), 2);
    // 32 characters of base64url are no 32 bytes.
    let error = Secret::decode("A".repeat(32), Base64Url, 32).unwrap_err();
    assert_eq!(error.to_string(), "the key is too weak: the secret has 24 bytes, it needs 32 or more");
    assert!(Secret::decode("A".repeat(Secret::MAX_LEN), Text, 1).is_ok());
    let long = Secret::decode("A".repeat(Secret::MAX_LEN + 1), Text, 1);
    assert_eq!(kind(long), Some(ErrorKind::InvalidSecret));
}

#[test]
fn a_secret_goes_wherever_bytes_of_a_key_go() {
    let secret = Secret::decode("07".repeat(32), Hex, 32).unwrap();
    assert_eq!(OctKey::new(secret.clone()).unwrap().as_bytes(), [7; 32]);
    assert!(JwsCodec::hs256(secret.clone()).is_ok());
    assert!(OctKey::new(secret.clone()).unwrap().signer(HmacAlg::Hs256).is_ok());
    assert_eq!(secret.as_array::<32>().unwrap(), &[7; 32]);
    assert_eq!(kind(secret.as_array::<31>()), Some(ErrorKind::InvalidKey));
    assert_eq!(secret, Secret::decode([7; 32], Raw, 1).unwrap());
    assert_ne!(secret, Secret::decode([8; 32], Raw, 1).unwrap());
    #[cfg(feature = "sealed")]
    assert!(symbolon::SealedKey::new(&secret).is_ok());
    #[cfg(feature = "amora")]
    let _ = symbolon::amora::AmoraOpener::zero(secret.as_array().unwrap());
    #[cfg(all(feature = "jwe", feature = "rustcrypto"))]
    assert!(symbolon::Encrypter::password(secret, symbolon::JweEnc::A256GCM).is_ok());
}

#[test]
fn a_file_holds_a_secret_to_its_last_byte() {
    let folder = Folder::new();
    let path = folder.join("secret");
    let random = [noise(1, 31), vec![b'\n']].concat();
    fs::write(&path, &random).unwrap();
    assert_eq!(Secret::from_file(&path, Raw, 32).unwrap().as_bytes(), random);
    assert_eq!(kind(Secret::from_file(&path, Text, 32)), Some(ErrorKind::WeakKey));
    fs::write(&path, vec![b'a'; Secret::MAX_LEN]).unwrap();
    assert!(Secret::from_file(&path, Text, 1).is_ok());
    fs::write(&path, vec![b'a'; Secret::MAX_LEN + 1]).unwrap();
    assert_eq!(kind(Secret::from_file(&path, Text, 1)), Some(ErrorKind::InvalidSecret));
    for nothing in [folder.join("none"), folder.join(".")] {
        let error = Secret::from_file(nothing, Text, 1).unwrap_err();
        assert_eq!((error.kind(), error.fault()), (ErrorKind::MissingSecret, Fault::Caller));
        assert!(error.source().is_some());
    }
    // What has no end is not read to its end.
    if Path::new("/dev/zero").exists() {
        assert_eq!(kind(Secret::from_file("/dev/zero", Raw, 1)), Some(ErrorKind::InvalidSecret));
    }
}

/// What a process with these variables reads of `SYMBOLON_TEST_KEY`, as base64url of 8 bytes or more.
fn in_environment(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "secret::process_that_reads_its_environment"]);
    command.env_remove("SYMBOLON_TEST_KEY").env_remove("SYMBOLON_TEST_KEY_FILE");
    let output = command.envs(variables.iter().copied()).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success());
    let out = String::from_utf8(output.stdout).unwrap();
    let found =
        out.lines().find_map(|line| line.split_once("found: ")).map(|(_, found)| found.to_owned());
    found.unwrap_or_else(|| panic!("{out}"))
}

fn shown(error: &Error) -> String {
    let source = error.source().map(|source| format!(" {source} {source:?}"));
    format!("{} {error} {error:?}{}", error.code(), source.unwrap_or_default())
}

#[test]
#[ignore = "a process of the_environment_is_read_by_name_and_errors_repeat_nothing"]
fn process_that_reads_its_environment() {
    match Secret::from_env("SYMBOLON_TEST_KEY", Base64Url, 8) {
        Ok(secret) => println!("found: {:?}", secret.as_bytes()),
        Err(error) => println!("found: {}", shown(&error)),
    }
}

#[test]
fn the_environment_is_read_by_name_and_errors_repeat_nothing() {
    const NAME: &str = "SYMBOLON_TEST_KEY";
    const FILE: &str = "SYMBOLON_TEST_KEY_FILE";
    let folder = Folder::new();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file("good", "AQIDBAUGBwg\n");
    let bad = file("bad", "!S3CRET!S3CRET!");
    let short = file("short", "S3CRET");
    let empty = file("empty", "");
    let read = "[1, 2, 3, 4, 5, 6, 7, 8]";
    let mut run = 0;
    for (variables, begins, names) in [
        (&[(NAME, "AQIDBAUGBwg")][..], read, ""),
        (&[(NAME, "AQIDBAUGBwg=\n")], read, ""),
        (&[(FILE, &good)], read, ""),
        (&[(NAME, ""), (FILE, &good)], read, ""),
        (&[(NAME, "AQIDBAUGBwg"), (FILE, "")], read, ""),
        (&[], "missing_secret", "neither SYMBOLON_TEST_KEY nor SYMBOLON_TEST_KEY_FILE is set"),
        (&[(NAME, ""), (FILE, "")], "missing_secret", "neither SYMBOLON_TEST_KEY nor"),
        (&[(NAME, "S3CRETS3CRET"), (FILE, &good)], "invalid_setting", "both SYMBOLON_TEST_KEY and"),
        (&[(NAME, "!S3CRET!S3CRET!")], "invalid_secret", "SYMBOLON_TEST_KEY is not base64url"),
        (&[(NAME, "S3CRET")], "invalid_secret", "SYMBOLON_TEST_KEY is not base64url"),
        (&[(NAME, "S3CRETS3")], "weak_key", "SYMBOLON_TEST_KEY has 6 bytes, it needs 8 or more"),
        (
            &[(FILE, &bad)],
            "invalid_secret",
            "the file that SYMBOLON_TEST_KEY_FILE names is not base64url",
        ),
        (&[(FILE, &short)], "invalid_secret", "the file that SYMBOLON_TEST_KEY_FILE names is not"),
        (&[(FILE, &empty)], "weak_key", "the file that SYMBOLON_TEST_KEY_FILE names has 0 bytes"),
        // Someone took the secret for a path.
        (
            &[(FILE, "S3CRETS3CRET")],
            "missing_secret",
            "the file that SYMBOLON_TEST_KEY_FILE names cannot",
        ),
    ] {
        let found = in_environment(variables);
        assert!(found.starts_with(begins) && found.contains(names), "{variables:?}: {found}");
        assert!(!found.contains("S3CRET"), "{found}");
        run += 1;
    }
    println!("environments: {run} run");
}
