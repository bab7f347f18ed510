//! The Rust side of scripts/grid.py. `exchange write` encrypts and signs a message of every kind, a line of
//! JSON each, the keys first; `exchange read` takes such lines by another implementation and says of each
//! whether it is as it should be.

use std::collections::HashMap;
use std::io::{self, BufRead};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon::jwe::{Content, compact as jwe_compact, json as jwe_json};
use symbolon::jws::{NewSignature, Signatures, compact, detached, flattened, general, unencoded};
use symbolon::{
    Encrypter, ErrorKind, JweAlg, JweEnc, Jwk, JwkSet, JwsAlg, Keyring, Limits, Signer, Verifier,
};
use symbolon_interop::{
    Recipient, Signing, changed, encryption_keys, grid, public, reading, recipients, secret_json,
    signing,
};
use time::OffsetDateTime;

type Result<T, E = symbolon::Error> = std::result::Result<T, E>;

const PAYLOAD: &[u8] = b"any bytes, \xff and \0";
/// What a compact token may hold as it is, and nobody objects to (RFC 7797 §5.2).
const PLAIN: &[u8] = b"order-66_all";

/// A line: a key, or a message and what is to be found in it.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Line {
    /// `key`, `jwe`, `jws`; in what is read, lines of other kinds are not for us.
    kind: String,
    name: String,
    alg: String,
    enc: String,
    /// `compact`, `flattened` or `general`.
    form: String,
    /// The keys, each of which reads it.
    kids: Vec<String>,
    /// Of a key: private or symmetric, and the half to give away.
    jwk: Value,
    public: Value,
    /// The message, and what is to be found in it; bytes in base64url.
    token: String,
    payload: String,
    header: Value,
    unprotected: Value,
    aad: Option<String>,
    apu: Option<String>,
    apv: Option<String>,
    zip: bool,
    /// Of a signed message (RFC 7797, RFC 7515 appendix F).
    unencoded: bool,
    detached: bool,
    /// The key that signed the token within, where there is one.
    inner: Option<String>,
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("write") => write().unwrap(),
        Some("read") => read(),
        _ => panic!("usage: exchange write | exchange read"),
    }
}

fn say(line: &impl Serialize) {
    println!("{}", serde_json::to_string(line).unwrap());
}

fn key(kid: &str, alg: &str, enc: &str, jwk: &Jwk) -> Line {
    Line {
        kind: "key".into(),
        name: kid.into(),
        alg: alg.into(),
        enc: enc.into(),
        jwk: serde_json::from_str(&secret_json(jwk)).unwrap(),
        public: serde_json::from_str(&secret_json(&public(jwk))).unwrap(),
        ..Line::default()
    }
}

fn write() -> Result<()> {
    for (alg, enc, jwk) in encryption_keys() {
        say(&key(jwk.kid().unwrap().as_str(), alg.name(), enc.map_or("", JweEnc::name), jwk));
    }
    for Signing { alg, jwk } in signing() {
        say(&key(alg.name(), alg.name(), "", jwk));
    }
    write_jwe()?;
    write_jws()
}

const FORMS: [&str; 3] = ["compact", "flattened", "general"];

fn write_jwe() -> Result<()> {
    let plain = |one: &Recipient, form: &str| Line {
        kind: "jwe".into(),
        name: format!("{} {form}", one.name()),
        alg: one.alg.name().into(),
        enc: one.enc.name().into(),
        form: form.into(),
        kids: vec![one.kid().into()],
        payload: base64url(PAYLOAD),
        header: json!({"note": "plain"}),
        unprotected: if form == "compact" { Value::Null } else { json!({"hop": 3}) },
        ..Line::default()
    };
    for one in grid() {
        for form in FORMS {
            encrypt(plain(&one, form), &[one.writer()])?;
            // What has nothing to do with how content is encrypted: with one of each kind.
            if ![JweEnc::A256GCM, JweEnc::A128CBC_HS256].contains(&one.enc) {
                continue;
            }
            let mut line = Line { zip: true, ..plain(&one, form) };
            line.name += ", zip";
            encrypt(line, &[one.writer()])?;
            if form != "compact" {
                let mut line = Line { aad: Some(base64url(b"seen by \xff all")), ..plain(&one, form) };
                line.name += ", aad";
                encrypt(line, &[one.writer()])?;
            }
            if one.alg.name().starts_with("ECDH") {
                let (apu, apv) = (b"Alice \xff", b"Bob");
                let mut line =
                    Line { apu: Some(base64url(apu)), apv: Some(base64url(apv)), ..plain(&one, form) };
                line.name += ", apu and apv";
                encrypt(line, &[one.writer().with_parties(apu, apv)])?;
            }
            if one.alg == JweAlg::A256KW {
                let mut line = Line { header: json!({"né": "ü\n"}), ..plain(&one, form) };
                line.name += ", header not in ASCII";
                encrypt(line, &[one.writer()])?;
            }
        }
    }
    for enc in JweEnc::all() {
        let all: Vec<_> = recipients(enc).filter(|one| !one.is_direct()).collect();
        let line = Line {
            name: format!("several recipients, {enc}"),
            alg: String::new(),
            kids: all.iter().map(|one| one.kid().to_owned()).collect(),
            ..plain(&all[0], "general")
        };
        encrypt(line, &all.iter().map(Recipient::writer).collect::<Vec<_>>())?;
    }
    // Keys and signed tokens within.
    let password =
        recipients(JweEnc::A256GCM).find(|one| one.alg == JweAlg::PBES2_HS512_A256KW).unwrap();
    let keys = signing().iter().map(|one| (one.alg.name(), "jwk+json", secret_json(&one.jwk)));
    let set: JwkSet = signing().iter().map(|one| one.jwk.clone()).collect();
    let set = ("JWK Set", "jwk-set+json", set.danger_to_secret_json().as_str().to_owned());
    for (name, cty, json) in keys.chain([set]) {
        let line = Line {
            name: format!("the key {name}"),
            payload: base64url(json.as_bytes()),
            header: json!({"cty": cty}),
            ..plain(&password, "compact")
        };
        encrypt(line, &[password.writer()])?;
    }
    for one in recipients(JweEnc::A128CBC_HS256) {
        let signer = signing().iter().find(|one| one.alg == JwsAlg::ES256).unwrap().signer();
        let token = compact::sign(PAYLOAD, &compact::Parameters::new(), &(), &signer)?;
        let line = Line {
            name: format!("{}, a signed token within", one.name()),
            payload: base64url(token.as_bytes()),
            header: json!({"cty": "JWT"}),
            inner: Some("ES256".into()),
            ..plain(&one, "compact")
        };
        encrypt(line, &[one.writer()])?;
    }
    Ok(())
}

fn encrypt(mut line: Line, to: &[Encrypter]) -> Result<()> {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (payload, aad) = (bytes(&line.payload), line.aad.as_deref().map(bytes));
    let mut content = Content::new(&payload);
    if let Some(aad) = &aad {
        content = content.additional_data(aad);
    }
    if line.zip {
        content = content.danger_compressed();
    }
    let mut protected = line.header.clone();
    let cty = protected.as_object_mut().and_then(|header| header.remove("cty"));
    if let Some(cty) = &cty {
        content = content.content_type(cty.as_str().unwrap());
    }
    line.token = match line.form.as_str() {
        "compact" => jwe_compact::encrypt(&content, &protected, &to[0])?,
        "flattened" => jwe_json::encrypt_flattened(&content, &protected, &line.unprotected, &to[0])?,
        _ => jwe_json::encrypt_general(&content, &protected, &line.unprotected, to)?,
    };
    say(&line);
    Ok(())
}

fn write_jws() -> Result<()> {
    for one in signing() {
        let signer = one.signer();
        for form in FORMS {
            for (unencoded, detached, what) in [
                (false, false, ""),
                (true, false, ", b64 false"),
                (false, true, ", detached"),
                (true, true, ", detached, b64 false"),
            ] {
                let payload = if unencoded && !detached { PLAIN } else { PAYLOAD };
                let line = Line {
                    kind: "jws".into(),
                    name: format!("{} {form}{what}", one.alg),
                    alg: one.alg.name().into(),
                    form: form.into(),
                    kids: vec![one.alg.name().into()],
                    payload: base64url(payload),
                    header: json!({"note": "plain"}),
                    unprotected: if form == "compact" { Value::Null } else { json!({"hop": 3}) },
                    unencoded,
                    detached,
                    ..Line::default()
                };
                sign(line, payload, &[&signer])?;
            }
        }
    }
    let line = Line {
        kind: "jws".into(),
        name: "several signatures".into(),
        form: "general".into(),
        kids: signing().iter().map(|one| one.alg.name().into()).collect(),
        payload: base64url(PAYLOAD),
        header: json!({"note": "plain"}),
        unprotected: json!({"hop": 3}),
        ..Line::default()
    };
    let signers: Vec<_> = signing().iter().map(Signing::signer).collect();
    sign(line, PAYLOAD, &signers.iter().collect::<Vec<_>>())
}

fn sign(mut line: Line, payload: &[u8], signers: &[&Signer]) -> Result<()> {
    let signatures: Vec<_> = signers
        .iter()
        .map(|signer| {
            let signature = NewSignature::by(signer).protected(&line.header);
            let signature = if line.form == "compact" {
                signature
            } else {
                signature.unprotected(&line.unprotected)
            };
            if line.unencoded { signature.unencoded() } else { signature }
        })
        .collect();
    let first = &signatures[0];
    line.token = match (line.form.as_str(), line.detached) {
        ("compact", false) if line.unencoded => {
            unencoded::sign(std::str::from_utf8(payload).unwrap(), first)?
        }
        ("compact", false) => {
            compact::sign(payload, &compact::Parameters::new(), &line.header, signers[0])?
        }
        ("compact", true) => detached::sign(payload, first)?,
        ("flattened", false) => flattened::sign(payload, first)?,
        ("flattened", true) => detached::sign_flattened(payload, first)?,
        (_, false) => general::sign(payload, &signatures)?,
        (_, true) => detached::sign_general(payload, &signatures)?,
    };
    say(&line);
    Ok(())
}

fn read() {
    let mut keys = HashMap::new();
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let value: Value = serde_json::from_str(&line).unwrap();
        let verdict = match value["kind"].as_str() {
            Some("key") => {
                let line: Line = serde_json::from_value(value).unwrap();
                let read = [&line.jwk, &line.public].map(|jwk| Jwk::from_json(jwk.to_string()));
                let verdict = match read {
                    [Ok(jwk), Ok(public)] if jwk.thumbprint() == public.thumbprint() => {
                        keys.insert(line.name.clone(), (line.alg.clone(), line.enc.clone(), jwk));
                        Ok(true)
                    }
                    [Ok(_), Ok(_)] => Err("the halves differ".to_owned()),
                    [Err(error), _] | [_, Err(error)] => Err(error.to_string()),
                };
                (format!("the key {}", line.name), verdict)
            }
            Some("jwe" | "jws") => {
                let line: Line = serde_json::from_value(value).unwrap();
                let verdict = judge(&line, &keys);
                (line.name, verdict)
            }
            _ => continue,
        };
        match verdict {
            (name, Ok(true)) => say(&json!({"kind": "verdict", "name": name, "ok": true, "error": ""})),
            (name, Ok(false)) => say(&json!({
                "kind": "lack",
                "name": name,
                "why": "RSA-OAEP is decrypted by the feature aws-lc-rs alone",
            })),
            (name, Err(error)) => {
                say(&json!({"kind": "verdict", "name": name, "ok": false, "error": error}));
            }
        }
    }
}

type Keys = HashMap<String, (String, String, Jwk)>;

/// Whether each of the keys reads what is due, and nothing where the message was changed; not where this
/// build lacks the algorithm.
fn judge(line: &Line, keys: &Keys) -> Result<bool, String> {
    for kid in &line.kids {
        let (alg, _, jwk) = keys.get(kid).ok_or_else(|| format!("no key {kid}"))?;
        let open: Box<dyn Fn(&str) -> Result<Opened>> = if line.kind == "jws" {
            let ring = verifying(alg, jwk, kid);
            Box::new(move |token| verify(line, token, &ring))
        } else {
            let (alg, enc) = (JweAlg::from_name(alg).unwrap(), JweEnc::from_name(&line.enc).unwrap());
            let Some(ring) = reading(jwk, alg, enc) else { return Ok(false) };
            Box::new(move |token| decrypt(line, token, &ring))
        };
        let opened = open(&line.token).map_err(|error| error.to_string())?;
        check(line, &opened, keys)?;
        match open(&tampered(&line.token)).map_err(|error| error.kind()) {
            Err(ErrorKind::Unauthentic) => {}
            Err(kind) => return Err(format!("tampered, it is {kind:?}")),
            Ok(_) => return Err("tampered, it is read all the same".into()),
        }
    }
    Ok(true)
}

/// What was found in a message: payload, protected header, additional data.
struct Opened {
    payload: Vec<u8>,
    header: Vec<u8>,
    aad: Option<Vec<u8>>,
}

fn check(line: &Line, opened: &Opened, keys: &Keys) -> Result<(), String> {
    if base64url(&opened.payload) != line.payload {
        return Err("another payload".into());
    }
    if opened.aad.as_deref().map(base64url) != line.aad {
        return Err("other additional data".into());
    }
    let header: Value = serde_json::from_slice(&opened.header).map_err(|error| error.to_string())?;
    for (name, value) in line.header.as_object().into_iter().flatten() {
        if header[name] != *value {
            return Err(format!("`{name}` in the header: {}", header[name]));
        }
    }
    if let Some(kid) = &line.inner {
        let (alg, _, jwk) = keys.get(kid).ok_or_else(|| format!("no key {kid}"))?;
        let token = std::str::from_utf8(&opened.payload).map_err(|error| error.to_string())?;
        let now = OffsetDateTime::now_utc();
        let signed = compact::verify(token, &verifying(alg, jwk, kid), &Limits::default(), now);
        if signed.map_err(|error| error.to_string())?.payload() != PAYLOAD {
            return Err("another payload within".into());
        }
    }
    Ok(())
}

fn verifying(alg: &str, jwk: &Jwk, kid: &str) -> Keyring {
    let alg = JwsAlg::from_name(alg).unwrap();
    let verifier = Verifier::new(alg, public(jwk).material()).unwrap().with_kid(kid).unwrap();
    Keyring::read_only().with_reader(verifier).unwrap()
}

fn decrypt(line: &Line, token: &str, ring: &Keyring<Encrypter>) -> Result<Opened> {
    let limits = Limits::default().inflated_len(1 << 16).recipients(64);
    let now = OffsetDateTime::now_utc();
    match line.header["cty"].as_str() {
        Some("jwk+json") => drop(symbolon::jwe::decrypt_jwk(token, ring, &limits, now)?),
        Some("jwk-set+json") => {
            let set = symbolon::jwe::decrypt_jwk_set(token, ring, &limits, now)?;
            assert!(set.skipped().is_empty(), "{:?}", set.skipped());
        }
        _ => {}
    }
    let opened = match line.form.as_str() {
        "compact" => jwe_compact::decrypt(token, ring, &limits, now)?,
        _ => jwe_json::decrypt(token, ring, &limits, now)?,
    };
    Ok(Opened {
        payload: opened.payload().to_vec(),
        header: opened.header().to_vec(),
        aad: opened.additional_data().map(<[u8]>::to_vec),
    })
}

fn verify(line: &Line, token: &str, ring: &Keyring) -> Result<Opened> {
    let payload = URL_SAFE_NO_PAD.decode(&line.payload).unwrap();
    let limits = Limits::default().signatures(64);
    let now = OffsetDateTime::now_utc();
    let opened = |payload: &[u8], header: &[u8]| Opened {
        payload: payload.to_vec(),
        header: header.to_vec(),
        aad: None,
    };
    Ok(match (line.form.as_str(), line.detached) {
        ("compact", false) => {
            let verify = if line.unencoded { unencoded::verify } else { compact::verify };
            let signed = verify(token, ring, &limits, now)?;
            opened(signed.payload(), signed.header())
        }
        ("compact", true) => {
            let signature = detached::verify(token, &payload, ring, &limits, now)?;
            opened(&payload, signature.protected())
        }
        ("flattened", false) => {
            let signed = flattened::verify(token, ring, &limits, now)?;
            opened(signed.payload(), signed.signature().protected())
        }
        ("flattened", true) => {
            let signature = detached::verify_flattened(token, &payload, ring, &limits, now)?;
            opened(&payload, signature.protected())
        }
        (_, false) => {
            let signed = general::verify(token, ring, &Signatures::Any, &limits, now)?;
            opened(signed.payload(), signed.signatures()[0].protected())
        }
        (_, true) => {
            let wanted = Signatures::Any;
            let signatures = detached::verify_general(token, &payload, ring, &wanted, &limits, now)?;
            opened(&payload, signatures[0].protected())
        }
    })
}

/// The message with another tag, or other signatures.
fn tampered(token: &str) -> String {
    if !token.starts_with('{') {
        return changed(token, token.rfind('.').unwrap() + 1);
    }
    let mut json: Value = serde_json::from_str(token).unwrap();
    let bend = |place: &mut Value| *place = changed(place.as_str().unwrap(), 0).into();
    ["tag", "signature"].into_iter().for_each(|name| json.get_mut(name).map_or((), bend));
    for signature in json.get_mut("signatures").and_then(Value::as_array_mut).into_iter().flatten() {
        bend(&mut signature["signature"]);
    }
    json.to_string()
}
