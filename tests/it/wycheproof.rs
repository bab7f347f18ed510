//! Wycheproof's JOSE sets: every case through the doors that a user takes, from the key's text to
//! the payload. They have two verdicts, valid and invalid; cases whose verdict is disputed are not
//! in the files.

use serde_json::{Value, json};
use symbolon::{ErrorKind, Jwk, JwkSet, Keyring, Limits, Verifier};

use crate::support::{Miss, read, tally, vectors};

/// What came of a case: the payload; or the reason why key or token was refused.
type Verdict = Result<Vec<u8>, String>;

/// The key as a whole: one JWK, which must be fit to verify.
fn by_key(key: &Value, token: &str) -> Result<Verdict, Miss> {
    let verifier = Jwk::from_json(key.to_string()).and_then(|key| Verifier::from_jwk(&key));
    let ring = match verifier.and_then(|key| Keyring::read_only().with_reader(key)) {
        Err(error) if error.kind() == ErrorKind::MissingFeature => {
            return Err(Miss::of("a key", &error));
        }
        Err(error) => return Ok(Err(error.to_string())),
        Ok(ring) => ring,
    };
    Ok(read(token, &ring, &Limits::default()).map_err(|error| error.to_string()))
}

/// The keys as an issuer publishes them: what does not fit is left out.
fn by_set(set: &Value, token: &str) -> Result<Verdict, Miss> {
    let set = match JwkSet::from_json(set.to_string()) {
        Err(error) => return Ok(Err(error.to_string())),
        Ok(set) => set,
    };
    let lack = set
        .skipped()
        .iter()
        .map(|key| key.error())
        .find(|error| error.kind() == ErrorKind::MissingFeature);
    if let Some(error) = lack {
        return Err(Miss::of("a key", error));
    }
    let ring = Keyring::from_jwk_set(&set);
    Ok(read(token, &ring, &Limits::default()).map_err(|error| error.to_string()))
}

fn judge(group: &Value, test: &Value) -> Result<(), Miss> {
    let token = match &test["jws"] {
        Value::String(token) if !token.trim_start().starts_with('{') => token,
        Value::Null => return Err(Miss::skipped("encrypted: wycheproof_jwe.rs judges it")),
        _ => return Err(Miss::skipped("JSON serialization: not yet")),
    };
    let key = group.get("public").unwrap_or_else(|| &group["private"]);
    let mut verdicts = Vec::new();
    if key["keys"].is_array() {
        verdicts.push(("as a set", by_set(key, token)?));
    } else {
        verdicts.push(("as a key", by_key(key, token)?));
        verdicts.push(("in a set", by_set(&json!({ "keys": [key] }), token)?));
    }
    let due = test["result"] == "valid";
    for (door, verdict) in verdicts {
        if verdict.is_ok() != due {
            return Err(Miss::wrong(format!(
                "{} {} {} {door}: {:?}, should be {}",
                group["comment"],
                test["tcId"],
                test["comment"],
                verdict.map(|_| "read"),
                test["result"]
            )));
        }
    }
    Ok(())
}

fn suite(name: &str, groups: impl Fn(&Value) -> bool) {
    let Some(suite) = vectors(&format!("wycheproof/{name}_test.dev.json")) else { return };
    let groups = suite["testGroups"].as_array().unwrap().iter().filter(|group| groups(group));
    let cases = groups
        .flat_map(|group| group["tests"].as_array().unwrap().iter().map(move |test| (group, test)));
    let cases: Vec<_> = cases.collect();
    assert!(cases.iter().any(|(_, test)| test["result"] == "valid"));
    assert!(cases.iter().any(|(_, test)| test["result"] == "invalid"));
    tally(&format!("wycheproof {name}"), cases, |(group, test)| judge(group, test));
}

#[test]
fn signatures_get_the_right_verdict() {
    suite("json_web_signature", |_| true);
}

#[test]
fn keys_get_the_right_verdict() {
    suite("json_web_key", |_| true);
}

#[test]
fn the_signatures_among_mixed_cases_get_the_right_verdict() {
    suite("json_web_crypto", |_| true);
}
