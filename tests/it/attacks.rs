//! How libraries of this kind were broken: a test per break, named after the rule that prevents it.
//!
//! The comment over each test names the class and some advisories. Nearly all tokens here carry true
//! signatures over hostile text, so that it is the rule which refuses them and not the signature.

use serde::de::IgnoredAny;
use serde_json::{Value, json};
use symbolon::jws::{Unverified, compact};
use symbolon::{
    AnyOf, Claims, EcCurve, EcPrivateKey, ErrorKind, HmacAlg, Jwk, JwkSet, JwsAlg, JwsCodec,
    KeyMaterial, KeyType, Keyring, KidPolicy, Limits, NoCustom, OctKey, OkpCurve, OkpPrivateKey,
    OkpPublicKey, RsaPublicKey, Signer, TokenCodecExt, Tokens, Validator, Verifier,
};

use crate::support::{
    MAX_DEPTH, NOW, at, base64url, damaged, from_base64url, header_of, hmac_sha256, hs256, kind,
    lacks_feature, sha256, signed_as, signed_input, signer, signers,
};

const PLAIN: &str = r#"{"sub":"7"}"#;

/// Reads `token` with `ring` by every door that leads to compact tokens; they must agree.
fn read(ring: &Keyring, token: &str) -> Result<(), ErrorKind> {
    let codec = JwsCodec::new(ring.clone());
    let by_codec =
        codec.decode_at::<IgnoredAny>(token, at(NOW)).map(|_| ()).map_err(|error| error.kind());
    let by_bytes = codec.open_at(token, at(NOW)).map(|_| ()).map_err(|error| error.kind());
    let below = compact::verify(token, ring, &Limits::default(), at(NOW))
        .map(|_| ())
        .map_err(|error| error.kind());
    assert_eq!(by_bytes, below, "{token:.200}");
    match by_codec {
        // Only the codec reads the payload as claims.
        Err(ErrorKind::MalformedClaims) => assert_eq!(below, Ok(()), "{token:.200}"),
        _ => assert_eq!(by_codec, below, "{token:.200}"),
    }
    let any = AnyOf::new(codec)
        .decode_at::<IgnoredAny>(token, at(NOW))
        .map(|_| ())
        .map_err(|error| error.kind());
    assert!(any == by_codec || any == Err(ErrorKind::UnknownFormat), "{token:.200}");
    by_codec
}

/// Reads a token whose header is `header` and which `signer` truly signed.
fn judge_header(signer: &Signer, header: impl AsRef<[u8]>) -> Result<(), ErrorKind> {
    read(&Keyring::new(signer.clone()), &signed_as(header, PLAIN, signer))
}

/// What the claims of an authentic token are found to be before any policy.
fn judge_claims(claims: impl AsRef<[u8]>) -> Result<(), ErrorKind> {
    let signer = hs256();
    read(&Keyring::new(signer.clone()), &signed_as(header_of(&signer), claims, &signer))
}

/// The same under a policy.
fn validate(claims: &str, validator: &Validator) -> Result<(), ErrorKind> {
    let signer = hs256();
    let token = signed_as(header_of(&signer), claims, &signer);
    let token =
        JwsCodec::new(signer).decode_at::<IgnoredAny>(&token, at(NOW)).map_err(|error| error.kind())?;
    token.validate_at(validator, at(NOW)).map(|_| ()).map_err(|error| error.kind())
}

// ---------------------------------------------------------------------------------------------
// Unsigned accepted: CVE-2015-9235, CVE-2025-61152, GHSA-88q6-jcjg-hvmw.

fn casings(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    (0..1_u32 << letters.len())
        .map(|mask| {
            let letter = |(place, letter): (usize, &char)| {
                if mask >> place & 1 == 1 { letter.to_ascii_uppercase() } else { *letter }
            };
            letters.iter().enumerate().map(letter).collect()
        })
        .collect()
}

#[test]
fn rejects_alg_none_in_every_casing_and_spelling() {
    let mut spellings = casings("none");
    assert_eq!(spellings.len(), 16);
    for odd in [
        "",
        " ",
        "none ",
        " none",
        "none\\u0000",
        "\\u006eone",
        "n\\u006fne",
        "\\u006e\\u006f\\u006e\\u0065",
        "n one",
        "none\\n",
        "null",
        "undefined",
        "false",
        "0",
        "NoNe\\t",
        "non\\u0435",
        "\\uff4e\\uff4f\\uff4e\\uff45",
    ] {
        spellings.push(odd.into());
    }
    for (_, signer) in signers() {
        let named = signer.clone().with_kid("k").unwrap();
        for spelling in &spellings {
            for (signer, kid) in [(signer, ""), (&named, r#","kid":"k""#)] {
                let header = format!(r#"{{"alg":"{spelling}"{kid}}}"#);
                let signed = signed_as(&header, PLAIN, signer);
                let input = signed.rsplit_once('.').unwrap().0;
                for token in [
                    signed.clone(),
                    format!("{input}."),
                    format!("{input}.AA"),
                    format!("{input}.{}", base64url([0; 64])),
                ] {
                    let verdict = read(&Keyring::new(signer.clone()), &token);
                    assert_eq!(verdict, Err(ErrorKind::AlgorithmMismatch), "{token}");
                }
            }
        }
    }
}

#[test]
fn rejects_alg_of_every_other_json_type() {
    let signer = hs256();
    for alg in
        ["null", "true", "false", "0", "1.5", "[]", "[null]", r#"["HS256"]"#, "{}", r#"{"alg":"HS256"}"#]
    {
        assert_eq!(
            judge_header(&signer, format!(r#"{{"alg":{alg}}}"#)),
            Err(ErrorKind::Malformed),
            "{alg}"
        );
    }
}

#[test]
fn rejects_absent_alg() {
    for header in
        ["{}", r#"{"typ":"JWT"}"#, r#"{"Alg":"HS256"}"#, r#"{"ALG":"HS256"}"#, r#"{"alg ":"HS256"}"#]
    {
        assert_eq!(judge_header(&hs256(), header), Err(ErrorKind::Malformed), "{header}");
    }
}

#[test]
fn none_has_no_row_and_names_are_exact() {
    for name in casings("none") {
        assert_eq!(JwsAlg::from_name(&name), None);
    }
    for alg in JwsAlg::all() {
        let name = alg.name();
        for other in [
            name.to_lowercase(),
            name.to_uppercase(),
            format!("{name} "),
            format!(" {name}"),
            format!("{name}\0"),
        ] {
            assert_eq!(JwsAlg::from_name(&other), (other == name).then_some(alg), "{other}");
        }
    }
    for name in
        ["", "RSA1_5", "HS1", "RS1", "MD5", "dir", "A128KW", "A128GCM", "HMAC", "ES256KR", "Ed448"]
    {
        assert_eq!(JwsAlg::from_name(name), None, "{name}");
    }
}

#[test]
fn rejects_alg_in_another_casing_or_with_white_space() {
    for (_, signer) in signers() {
        let name = signer.alg().name();
        for other in [
            name.to_lowercase(),
            format!("{name} "),
            format!(" {name}"),
            format!("{name}\\u0000"),
            name[1..].into(),
        ] {
            let verdict = judge_header(signer, format!(r#"{{"alg":"{other}"}}"#));
            assert_eq!(verdict, Err(ErrorKind::AlgorithmMismatch), "{other}");
        }
        // An escape is JSON's business: the name is the same.
        let escaped = format!(r#"{{"alg":"\u{:04x}{}"}}"#, u32::from(name.as_bytes()[0]), &name[1..]);
        assert_eq!(judge_header(signer, escaped), Ok(()), "{name}");
    }
}

// ---------------------------------------------------------------------------------------------
// Public key as HMAC secret: CVE-2016-5431, CVE-2016-10555, CVE-2022-29217, CVE-2024-33663,
// CVE-2023-48223, CVE-2026-34950, CVE-2026-48526.

/// One key of each kind that this build can hold.
fn one_of_each_kind() -> Vec<KeyMaterial> {
    let mut keys = vec![KeyMaterial::from(OctKey::new(vec![7; 64]).unwrap())];
    let rsa = crate::support::key(JwsAlg::RS256).unwrap();
    keys.extend(rsa.to_public());
    keys.push(rsa);
    for curve in EcCurve::ALL {
        let key = EcPrivateKey::generate(curve);
        if lacks_feature(&key) {
            println!("skipped: {}: this build lacks a feature for it", curve.name());
            continue;
        }
        let key = KeyMaterial::from(key.unwrap());
        keys.extend(key.to_public());
        keys.push(key);
    }
    let ed = KeyMaterial::from(OkpPrivateKey::generate(OkpCurve::Ed25519).unwrap());
    keys.extend(ed.to_public());
    keys.push(ed);
    keys.push(OkpPublicKey::new(OkpCurve::X25519, &[9; 32]).unwrap().into());
    match OkpPrivateKey::generate(OkpCurve::X25519) {
        Ok(key) => keys.push(key.into()),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::MissingFeature);
            println!("skipped: private X25519: this build lacks a feature for it");
        }
    }
    keys
}

/// Whether a key of this kind is for `alg`, told by the registries and not by the crate.
fn belongs(key: &KeyMaterial, alg: JwsAlg) -> bool {
    match alg.name() {
        "HS256" | "HS384" | "HS512" => matches!(key, KeyMaterial::Oct(_)),
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => {
            matches!(key, KeyMaterial::RsaPublic(_) | KeyMaterial::RsaPrivate(_))
        }
        "ES256" => key.curve() == Some("P-256"),
        "ES384" => key.curve() == Some("P-384"),
        "ES512" => key.curve() == Some("P-521"),
        "ES256K" => key.curve() == Some("secp256k1"),
        "EdDSA" | "Ed25519" => key.curve() == Some("Ed25519"),
        other => panic!("{other} is new: say here which keys it takes"),
    }
}

#[test]
fn only_right_pairs_of_key_and_algorithm_exist() {
    let (mut run, mut right) = (0, 0);
    for key in one_of_each_kind() {
        for alg in JwsAlg::all() {
            let jwk = Jwk::from(key.clone());
            let can_verify = belongs(&key, alg);
            let can_sign = can_verify && key.is_secret();
            let verifiers = [Verifier::new(alg, &key), Verifier::from_jwk_as(&jwk, alg)].map(kind);
            let signers = [Signer::new(alg, &key), Signer::from_jwk_as(&jwk, alg)].map(kind);
            for (found, fits) in [(verifiers, can_verify), (signers, can_sign)] {
                for found in found {
                    run += 1;
                    if fits {
                        right += 1;
                        assert!(
                            matches!(found, None | Some(ErrorKind::MissingFeature)),
                            "{key:?} {alg}: {found:?}"
                        );
                    } else {
                        assert_eq!(found, Some(ErrorKind::KeyMismatch), "{key:?} {alg}");
                    }
                }
            }
            assert_eq!(jwk.with_alg(alg).is_ok(), can_verify, "{key:?} {alg}");
        }
    }
    println!("key kind × algorithm: {run} pairs, {right} right");
}

#[test]
fn a_jwk_that_names_an_algorithm_serves_no_other() {
    for (key, signer) in signers() {
        let jwk = Jwk::from(key.clone()).with_alg(signer.alg()).unwrap();
        for alg in JwsAlg::all() {
            let verdicts =
                [kind(Signer::from_jwk_as(&jwk, alg)), kind(Verifier::from_jwk_as(&jwk, alg))];
            let expected = (alg != signer.alg()).then_some(ErrorKind::KeyMismatch);
            assert_eq!(verdicts, [expected; 2], "{} as {alg}", signer.alg());
        }
    }
}

/// Texts that are keys of other kinds, as they stand in files and variables.
fn keys_as_text() -> Vec<(String, Vec<u8>)> {
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/pem");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "pem") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let pem = std::fs::read_to_string(&path).unwrap();
        texts.push((name.clone(), pem.clone().into_bytes()));
        texts.push((format!("{name} without line breaks"), pem.replace('\n', "\\n").into_bytes()));
        texts.push((format!("{name} with CRLF"), pem.replace('\n', "\r\n").into_bytes()));
        texts.push((format!("{name} behind a comment"), format!("# the key\n{pem}").into_bytes()));
        // A body behind headers is encrypted: nobody can tell what it is.
        if pem.contains("Proc-Type") {
            continue;
        }
        let last = pem.rsplit_once("-----BEGIN").unwrap().1;
        let body = last.split_once("-----\n").unwrap().1.split_once("-----END").unwrap().0;
        let one_line: String = body.split_whitespace().collect();
        let der = {
            use base64::Engine;
            base64::engine::general_purpose::STANDARD.decode(&one_line).unwrap()
        };
        texts.push((format!("{name} body"), body.as_bytes().to_vec()));
        texts.push((format!("{name} body in one line"), one_line.clone().into_bytes()));
        texts.push((format!("{name} body without padding"), one_line.trim_end_matches('=').into()));
        texts.push((format!("{name} DER in base64url"), base64url(&der).into_bytes()));
        texts.push((format!("{name} DER"), der));
    }
    for (name, text) in [
        ("ssh-ed25519", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDwqW0vYaw7y user@host"),
        ("ssh-rsa", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 user@host"),
        ("ecdsa-sha2", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= user@host"),
        ("sk-ssh", "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5 user@host"),
        (
            "OpenSSH private",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n",
        ),
        ("SSH2", "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n"),
        ("PuTTY", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n"),
        ("PGP", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n-----END PGP PUBLIC KEY BLOCK-----\n"),
    ] {
        texts.push((name.into(), text.into()));
    }
    for key in one_of_each_kind() {
        let private = Jwk::from(key).with_kid("1").unwrap();
        let mut jwks = vec![private.danger_to_secret_json().as_str().to_owned()];
        jwks.extend(private.to_public().ok().map(|public| public.to_json().unwrap()));
        for jwk in jwks {
            let pretty =
                serde_json::to_string_pretty(&serde_json::from_str::<Value>(&jwk).unwrap()).unwrap();
            texts.push((format!("{private:?} as JWKS"), format!(r#"{{"keys":[{jwk}]}}"#).into()));
            texts.push((format!("{private:?} in lines"), pretty.into()));
            texts.push((format!("{private:?} as JWK"), jwk.into()));
        }
    }
    texts
}

#[test]
fn an_oct_key_is_never_a_key_of_another_kind() {
    let texts = keys_as_text();
    let mut run = 0;
    for (name, text) in &texts {
        let mut disguised = vec![text.clone()];
        for before in
            [&b" "[..], b"\n", b"\r\n\t ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n ", b"\n\xef\xbb\xbf"]
        {
            disguised.push([before, text].concat());
            disguised.push([before, text, b"\n"].concat());
        }
        disguised.push([text, &b"\n"[..]].concat());
        disguised.push([text, &b" \r\n"[..]].concat());
        for bytes in disguised {
            run += 1;
            let due = Some(ErrorKind::KeyMismatch);
            assert_eq!(kind(OctKey::new(bytes.clone())), due, "{name}: {}", bytes.escape_ascii());
            assert_eq!(kind(OctKey::from_base64url(&base64url(&bytes))), due, "{name}");
            assert_eq!(kind(JwsCodec::hs256(bytes.clone())), due, "{name}");
            let jwk = json!({"kty": "oct", "alg": "HS256", "k": base64url(&bytes)}).to_string();
            assert_eq!(kind(Jwk::from_json(&jwk)), due, "{name}");
            let set = JwkSet::from_json(
                json!({"keys": [{"kty": "oct", "alg": "HS256", "k": base64url(&bytes)}]}).to_string(),
            );
            assert!(set.unwrap().keys().is_empty(), "{name}");
        }
    }
    println!("keys of other kinds: {} texts, {run} disguises", texts.len());
}

#[test]
fn a_jwk_that_is_broken_is_no_secret_either() {
    for text in [
        r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl","kty":"EC"}"#,
        r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl""#,
        r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl"};"#,
    ] {
        assert_eq!(kind(OctKey::new(text)), Some(ErrorKind::KeyMismatch), "{text}");
    }
}

#[test]
fn secrets_that_only_resemble_keys_are_taken() {
    for secret in [
        &b"0\x82 random bytes that begin like DER do"[..],
        b"MIIB is how this passphrase of many words begins",
        br#"{"secret":"a JSON object that is no key at all"}"#,
        b"begin with -----BEGIN? no: without the space behind",
        b"{kty: not JSON, just a secret with braces}",
    ] {
        assert!(OctKey::new(secret).is_ok(), "{}", secret.escape_ascii());
    }
}

// ---------------------------------------------------------------------------------------------
// The header picks the algorithm: CVE-2023-48238, CVE-2024-37568, CVE-2026-22817, CVE-2026-22818,
// CVE-2026-48523, GHSA-jc38-x7x8-2xc8.

/// What an attacker may know of a public key and use as an HMAC secret.
fn public_bytes(key: &KeyMaterial) -> Vec<Vec<u8>> {
    let public = key.to_public().unwrap();
    let jwk = Jwk::from(public.clone()).to_json().unwrap();
    let mut all = vec![jwk.clone().into_bytes(), format!(r#"{{"keys":[{jwk}]}}"#).into_bytes()];
    match &public {
        KeyMaterial::RsaPublic(key) => all.extend([key.n().to_vec(), base64url(key.n()).into_bytes()]),
        KeyMaterial::EcPublic(key) => all.extend([key.x().to_vec(), [&[4], key.x(), key.y()].concat()]),
        KeyMaterial::OkpPublic(key) => all.extend([key.x().to_vec(), base64url(key.x()).into_bytes()]),
        other => panic!("{other:?}"),
    }
    #[cfg(feature = "pem")]
    {
        let pem = public.to_spki_pem().unwrap();
        let der = public.to_spki_der().unwrap();
        all.push(pem.trim_end().as_bytes().to_vec());
        all.push(pem.into_bytes());
        all.push(base64url(&der).into_bytes());
        all.push(der);
    }
    all
}

#[test]
fn a_mac_made_with_a_public_key_is_refused() {
    let mut run = 0;
    for (key, signer) in signers().iter().filter(|(key, _)| key.key_type() != KeyType::Oct) {
        for secret in public_bytes(key) {
            for (signer, kid) in
                [(signer.clone(), ""), (signer.clone().with_kid("k").unwrap(), r#","kid":"k""#)]
            {
                let input =
                    format!("{}.{}", base64url(format!(r#"{{"alg":"HS256"{kid}}}"#)), base64url(PLAIN));
                let forged = format!("{input}.{}", base64url(hmac_sha256(&secret, input.as_bytes())));
                let ring = Keyring::new(signer.clone());
                assert_eq!(read(&ring, &forged), Err(ErrorKind::AlgorithmMismatch), "{}", signer.alg());
                // A ring that does hold a secret, under the same name even, gains the attacker nothing.
                let other = OctKey::new(vec![9; 32]).unwrap().verifier(HmacAlg::Hs256).unwrap();
                let other = if kid.is_empty() { other } else { other.with_kid("k").unwrap() };
                assert_eq!(
                    read(&ring.with_reader(other).unwrap(), &forged),
                    Err(ErrorKind::Unauthentic)
                );
                // Were the bytes a secret, the token would be good: HMAC hashes keys beyond 64 bytes.
                if secret.len() > 64 {
                    let hashed = OctKey::new(sha256(&secret)).unwrap().signer(HmacAlg::Hs256).unwrap();
                    let hashed = if kid.is_empty() { hashed } else { hashed.with_kid("k").unwrap() };
                    assert_eq!(read(&Keyring::new(hashed), &forged), Ok(()));
                }
                run += 1;
            }
        }
    }
    println!("MACs by public keys: {run} refused");
}

#[test]
fn the_header_may_only_agree_with_the_key() {
    for (_, signer) in signers() {
        let named = signer.clone().with_kid("k").unwrap();
        for alg in JwsAlg::all() {
            let same = alg == signer.alg()
                || [alg.name(), signer.alg().name()].iter().all(|name| name.starts_with("Ed"));
            let due = if same { Ok(()) } else { Err(ErrorKind::AlgorithmMismatch) };
            assert_eq!(
                judge_header(signer, format!(r#"{{"alg":"{alg}"}}"#)),
                due,
                "{} {alg}",
                signer.alg()
            );
            let header = format!(r#"{{"alg":"{alg}","kid":"k"}}"#);
            assert_eq!(judge_header(&named, header), due, "{} {alg}", signer.alg());
        }
    }
}

#[test]
fn one_kid_for_several_algorithms_lends_no_key_to_another() {
    // Each signature is true, but the header names the algorithm of another key of the same kid.
    let all: Vec<Signer> = signers()
        .iter()
        .map(|(_, signer)| signer.clone().with_kid("k").unwrap())
        .filter(|signer| signer.alg() != JwsAlg::ED25519)
        .collect();
    let ring = Keyring::read_only().with_readers(all.iter().map(Signer::verifier)).unwrap();
    for signer in &all {
        for other in &all {
            let token = signed_as(header_of(other), PLAIN, signer);
            let due = if signer.alg() == other.alg() { Ok(()) } else { Err(ErrorKind::Unauthentic) };
            assert_eq!(read(&ring, &token), due, "{} as {}", signer.alg(), other.alg());
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Signature missing or unchecked: CVE-2020-28042, CVE-2020-15957, CVE-2023-23928, CVE-2024-51744.

#[test]
fn rejects_tokens_without_a_signature() {
    for (_, signer) in signers() {
        let ring = Keyring::new(signer.clone());
        let token = signed_as(header_of(signer), PLAIN, signer);
        let input = token.rsplit_once('.').unwrap().0;
        assert_eq!(read(&ring, &token), Ok(()));
        assert_eq!(read(&ring, &format!("{input}.")), Err(ErrorKind::Unauthentic), "{}", signer.alg());
        for text in [
            input.to_owned(),
            format!("{input}.."),
            format!("{token}."),
            format!(".{token}"),
            format!("{token}.AA"),
        ] {
            assert_eq!(read(&ring, &text), Err(ErrorKind::Malformed), "{text}");
        }
    }
}

#[test]
fn rejects_wrong_numbers_of_parts() {
    let ring = Keyring::new(hs256());
    let token = signed_as(header_of(&hs256()), PLAIN, &hs256());
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!() };
    for text in [
        "",
        ".",
        "..",
        "...",
        "....",
        "a",
        header,
        &format!("{header}."),
        &format!("{header}.{payload}"),
    ] {
        assert_eq!(read(&ring, text), Err(ErrorKind::Malformed), "{text}");
    }
    assert_eq!(read(&ring, &format!(".{payload}.{signature}")), Err(ErrorKind::Malformed));
    assert_eq!(read(&ring, &format!("{header}..{signature}")), Err(ErrorKind::Unauthentic));
    assert_eq!(read(&ring, &format!("{header}.{signature}.{payload}")), Err(ErrorKind::Unauthentic));
}

#[test]
fn rejects_tokens_cut_off_or_with_any_bit_flipped() {
    let mut run = 0;
    for (_, signer) in signers() {
        // Verifying RSA and P-521 in a debug build takes its time; properties.rs draws from them.
        if !matches!(signer.alg().name(), "HS256" | "HS512" | "ES256" | "EdDSA") {
            continue;
        }
        let ring = Keyring::new(signer.clone());
        let token = signed_as(header_of(signer), PLAIN, signer);
        for bytes in damaged(token.as_bytes()) {
            let Ok(text) = std::str::from_utf8(&bytes) else { continue };
            run += 1;
            assert!(read(&ring, text).is_err(), "{text}");
        }
    }
    println!("damaged tokens: {run} refused");
}

#[test]
fn a_claim_error_never_hides_a_signature_error() {
    let signer = hs256();
    let other = OctKey::new(vec![8; 32]).unwrap().signer(HmacAlg::Hs256).unwrap();
    let tokens = Tokens::<NoCustom>::builder(JwsCodec::new(signer.clone()))
        .issuer("us")
        .audience("api")
        .build()
        .unwrap();
    for claims in [
        json!({"exp": 1, "iss": "us", "aud": "api"}),
        json!({"exp": 4_000_000_000_i64, "iss": "them", "aud": "api"}),
        json!({"exp": 4_000_000_000_i64, "iss": "us", "aud": "others"}),
        json!({"exp": "1", "iss": 7}),
        json!({"nbf": 4_000_000_000_i64}),
        json!([]),
        json!("no object"),
    ] {
        let claims = claims.to_string();
        let forged = signed_as(header_of(&other), &claims, &other);
        assert_eq!(kind(tokens.verify(&forged)), Some(ErrorKind::Unauthentic), "{claims}");
        let token = signed_as(header_of(&signer), &claims, &signer);
        assert_ne!(kind(tokens.verify(&token)), Some(ErrorKind::Unauthentic), "{claims}");
        assert_ne!(kind(tokens.verify(&token)), None, "{claims}");
    }
    // Not even a payload that cannot be decoded is looked at before the signature was verified.
    let input = format!("{}.{}", base64url(header_of(&other)), "not+base64url=");
    assert_eq!(kind(tokens.verify(&signed_input(&input, &other))), Some(ErrorKind::Unauthentic));
    assert_eq!(kind(tokens.verify(&signed_input(&input, &signer))), Some(ErrorKind::Malformed));
}

// ---------------------------------------------------------------------------------------------
// Wrong or empty keys: CVE-2019-20933, CVE-2026-44351, CVE-2026-45363, CVE-2026-49852,
// CVE-2025-45768, CVE-2025-45769.

#[test]
fn secrets_shorter_than_the_hash_are_refused_on_every_route() {
    for (alg, hash) in [(HmacAlg::Hs256, 32), (HmacAlg::Hs384, 48), (HmacAlg::Hs512, 64)] {
        for len in 1..=hash {
            let key = OctKey::new(vec![7; len]).unwrap();
            let material = KeyMaterial::from(key.clone());
            let name = JwsAlg::from(alg).name();
            let jwk = Jwk::from_json(
                json!({"kty": "oct", "alg": name, "k": base64url(vec![7; len])}).to_string(),
            )
            .unwrap();
            let due = (len < hash).then_some(ErrorKind::WeakKey);
            assert_eq!(kind(key.signer(alg)), due, "{name} {len}");
            assert_eq!(kind(key.verifier(alg)), due, "{name} {len}");
            assert_eq!(kind(Signer::new(alg.into(), &material)), due, "{name} {len}");
            assert_eq!(kind(Verifier::new(alg.into(), &material)), due, "{name} {len}");
            assert_eq!(kind(Signer::from_jwk(&jwk)), due, "{name} {len}");
            assert_eq!(kind(Verifier::from_jwk(&jwk)), due, "{name} {len}");
            let unnamed = Jwk::from(key);
            assert_eq!(kind(Signer::from_jwk_as(&unnamed, alg.into())), due, "{name} {len}");
            assert_eq!(kind(Verifier::from_jwk_as(&unnamed, alg.into())), due, "{name} {len}");
            let set: JwkSet = [jwk].into_iter().collect();
            assert_eq!(Keyring::from_jwk_set(&set).is_empty(), due.is_some(), "{name} {len}");
            if hash == 32 {
                assert_eq!(kind(JwsCodec::hs256(vec![7; len])), due, "{len}");
            }
        }
    }
}

#[test]
fn empty_secrets_are_refused_on_every_route() {
    let due = Some(ErrorKind::WeakKey);
    assert_eq!(kind(OctKey::new(Vec::new())), due);
    assert_eq!(kind(OctKey::from_base64url("")), due);
    assert_eq!(kind(JwsCodec::hs256(Vec::new())), due);
    assert_eq!(kind(OctKey::generate(0)), due);
    for jwk in [
        r#"{"kty":"oct","k":""}"#,
        r#"{"kty":"oct","alg":"HS256","k":""}"#,
        r#"{"kty":"oct","k":"","use":"sig"}"#,
    ] {
        assert_eq!(kind(Jwk::from_json(jwk)), due);
        let set = JwkSet::from_json(format!(r#"{{"keys":[{jwk}]}}"#)).unwrap();
        assert_eq!(set.skipped()[0].error().kind(), ErrorKind::WeakKey);
        assert!(Keyring::from_jwk_set_as(&set, &[JwsAlg::HS256]).is_empty());
    }
    assert_eq!(kind(Jwk::from_json(r#"{"kty":"oct"}"#)), Some(ErrorKind::InvalidJwk));
    assert_eq!(kind(Jwk::from_json(r#"{"kty":"oct","k":null}"#)), Some(ErrorKind::InvalidJwk));
}

#[test]
fn rsa_keys_under_2048_bits_are_refused_on_every_route() {
    for bits in [0_usize, 1, 8, 512, 1024, 1536, 2040, 2047] {
        let mut n = vec![0xff; bits.div_ceil(8)];
        if let (Some(first), odd @ 1..) = (n.first_mut(), bits % 8) {
            *first = (1 << odd) - 1;
        }
        assert_eq!(kind(RsaPublicKey::new(&n, &[1, 0, 1])), Some(ErrorKind::WeakKey), "{bits}");
        // Leading zeros make no key longer.
        let padded = [vec![0; 256], n].concat();
        assert_eq!(kind(RsaPublicKey::new(&padded, &[1, 0, 1])), Some(ErrorKind::WeakKey), "{bits}");
        let jwk = json!({"kty": "RSA", "alg": "RS256", "n": base64url(&padded), "e": "AQAB"});
        assert_eq!(kind(Jwk::from_json(jwk.to_string())), Some(ErrorKind::WeakKey), "{bits}");
        let set = JwkSet::from_json(json!({"keys": [jwk]}).to_string()).unwrap();
        assert!(Keyring::from_jwk_set(&set).is_empty());
    }
    #[cfg(feature = "pem")]
    {
        let pem = include_str!("pem/rsa1024.pkcs8.pem");
        assert_eq!(kind(KeyMaterial::from_pem(pem)), Some(ErrorKind::WeakKey));
        assert_eq!(kind(Signer::from_pem(pem, JwsAlg::RS256)), Some(ErrorKind::WeakKey));
        assert_eq!(kind(Verifier::from_pem(pem, JwsAlg::PS512)), Some(ErrorKind::WeakKey));
    }
}

#[test]
fn ed25519_points_of_small_order_are_refused() {
    // With such a key anyone could sign. The eight points of the torsion group, encoded.
    for point in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ] {
        let bytes: Vec<u8> =
            (0..32).map(|at| u8::from_str_radix(&point[at * 2..at * 2 + 2], 16).unwrap()).collect();
        assert_eq!(
            kind(OkpPublicKey::new(OkpCurve::Ed25519, &bytes)),
            Some(ErrorKind::InvalidKey),
            "{point}"
        );
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(&bytes)}).to_string();
        assert_eq!(kind(Jwk::from_json(jwk)), Some(ErrorKind::InvalidKey), "{point}");
    }
}

// ---------------------------------------------------------------------------------------------
// The attacker's own key: CVE-2018-0114, CVE-2026-27962, CVE-2026-34240, CVE-2024-21643,
// CVE-2026-48522, CVE-2025-65945.

#[test]
fn a_key_in_the_header_is_inert() {
    let ours = Signer::generate(JwsAlg::ES256).unwrap().with_kid("k").unwrap();
    let theirs = Jwk::generate(JwsAlg::ES256).unwrap().with_kid("k").unwrap();
    let attacker = Signer::from_jwk(&theirs).unwrap();
    let jwk: Value = serde_json::from_str(&theirs.to_public().unwrap().to_json().unwrap()).unwrap();
    let thumbprint = theirs.thumbprint_base64url();
    let extras = [
        json!({"jwk": jwk}),
        json!({"jku": "https://attacker.example/jwks.json"}),
        json!({"jku": "file:///etc/passwd"}),
        json!({"jku": "http://169.254.169.254/latest/meta-data/"}),
        json!({"x5u": "https://attacker.example/cert.pem"}),
        json!({"x5c": ["MIIB", "not a certificate"]}),
        json!({"x5t": thumbprint, "x5t#S256": thumbprint}),
        json!({"jwk": jwk, "jku": "https://attacker.example/jwks.json", "x5c": [], "x5u": ""}),
        // Not even of the type that an RFC gives them.
        json!({"jwk": null, "jku": [], "x5c": "x", "x5u": 7, "x5t": {}}),
        json!({"jwk": "file:///dev/zero"}),
    ];
    for extra in extras {
        let mut header = json!({"alg": "ES256", "kid": "k"});
        header.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let header = header.to_string();
        let ring = Keyring::new(ours.clone());
        assert_eq!(
            read(&ring, &signed_as(&header, PLAIN, &attacker)),
            Err(ErrorKind::Unauthentic),
            "{header}"
        );
        assert_eq!(read(&ring, &signed_as(&header, PLAIN, &ours)), Ok(()), "{header}");
        assert_eq!(
            read(&Keyring::read_only(), &signed_as(&header, PLAIN, &attacker)),
            Err(ErrorKind::UnknownKey)
        );
    }
}

#[test]
fn a_kid_is_opaque_and_never_a_path_or_a_query() {
    let ring = Keyring::new(hs256().with_kid("k").unwrap());
    let hostile = [
        "../../../../dev/null",
        "/dev/null",
        "file:///dev/null",
        "\\\\host\\share",
        "k/../k",
        "./k",
        "k\0",
        "\0",
        "k ",
        " k",
        "K",
        "k\n",
        "' OR '1'='1",
        "k' UNION SELECT 'secret'; --",
        "$(id)",
        "`id`",
        "${jndi:ldap://attacker.example/a}",
        "*",
        "%",
        "k%00",
        "http://attacker.example/k",
        "\u{212a}",
        "",
        "null",
    ];
    for kid in hostile {
        let signer = hs256().with_kid("k").unwrap();
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        assert_eq!(read(&ring, &signed_as(header, PLAIN, &signer)), Err(ErrorKind::UnknownKey), "{kid}");
        // A null file or an empty column is no key.
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        let input = format!("{}.{}", base64url(header), base64url(PLAIN));
        for secret in [&b""[..], b"secret", b"AA=="] {
            let token = format!("{input}.{}", base64url(hmac_sha256(secret, input.as_bytes())));
            assert_eq!(read(&ring, &token), Err(ErrorKind::UnknownKey), "{kid}");
        }
    }
    // A key that is so named is found by its name, whatever it looks like.
    for kid in hostile.iter().filter(|kid| !kid.is_empty()) {
        let signer = hs256().with_kid(*kid).unwrap();
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        assert_eq!(
            read(&Keyring::new(signer.clone()), &signed_as(header, PLAIN, &signer)),
            Ok(()),
            "{kid}"
        );
    }
}

#[test]
fn a_kid_has_256_bytes_at_most_and_is_a_string() {
    for len in [1, 46, 47, 255, 256] {
        let kid = "k".repeat(len);
        let signer = hs256().with_kid(kid.as_str()).unwrap();
        assert_eq!(judge_header(&signer, header_of(&signer)), Ok(()), "{len}");
        assert_eq!(
            judge_header(&hs256().with_kid("k2").unwrap(), header_of(&signer)),
            Err(ErrorKind::UnknownKey),
            "{len}"
        );
    }
    for kid in ["k".repeat(257), "k".repeat(5000), "ü".repeat(129)] {
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        assert_eq!(judge_header(&hs256(), header), Err(ErrorKind::TooLarge));
        assert_eq!(kind(hs256().with_kid(kid.as_str())), Some(ErrorKind::InvalidKey));
    }
    for kid in ["null", "true", "1", "[]", r#"["k"]"#, "{}"] {
        let header = format!(r#"{{"alg":"HS256","kid":{kid}}}"#);
        assert_eq!(judge_header(&hs256(), header), Err(ErrorKind::Malformed), "{kid}");
    }
}

#[test]
fn a_named_kid_never_falls_back_to_another_named_key() {
    let [a, b] = ["a", "b"].map(|kid| Signer::generate(JwsAlg::ES256).unwrap().with_kid(kid).unwrap());
    for policy in [KidPolicy::Required, KidPolicy::SoleKey, KidPolicy::TryAll] {
        let ring =
            Keyring::new(a.clone()).with_reader(b.verifier()).unwrap().with_policy(policy).unwrap();
        let token = |kid: &str| signed_as(format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), PLAIN, &a);
        assert_eq!(read(&ring, &token("a")), Ok(()));
        assert_eq!(read(&ring, &token("b")), Err(ErrorKind::Unauthentic), "{policy:?}");
        assert_eq!(read(&ring, &token("c")), Err(ErrorKind::UnknownKey), "{policy:?}");
        // Nor when the named key is no longer due.
        let ring = Keyring::new(a.clone()).with_reader_until(b.verifier(), at(NOW - 1)).unwrap();
        let ring = ring.with_policy(policy).unwrap();
        assert_eq!(read(&ring, &token("b")), Err(ErrorKind::UnknownKey), "{policy:?}");
        // A key without a name takes no token that names another key of the ring.
        let anonymous = Signer::generate(JwsAlg::ES256).unwrap();
        let ring = Keyring::new(anonymous.clone())
            .with_reader(b.verifier())
            .unwrap()
            .with_policy(policy)
            .unwrap();
        let token = signed_as(r#"{"alg":"ES256","kid":"b"}"#, PLAIN, &anonymous);
        assert_eq!(read(&ring, &token), Err(ErrorKind::Unauthentic), "{policy:?}");
    }
}

// ---------------------------------------------------------------------------------------------
// crit ignored: CVE-2025-59420, CVE-2026-32597, CVE-2026-35042. b64: RFC 7797 §6.

#[test]
fn crit_is_a_list_of_understood_names_that_are_present() {
    use ErrorKind::{Malformed, UnsupportedHeader};
    let signer = hs256();
    for (rest, due) in [
        // Not understood, present or absent.
        (r#""crit":["exp"],"exp":1"#, Err(UnsupportedHeader)),
        (r#""crit":["exp"]"#, Err(UnsupportedHeader)),
        (r#""crit":["http://example.com/x"],"http://example.com/x":true"#, Err(UnsupportedHeader)),
        (r#""crit":["x"],"x":null"#, Err(UnsupportedHeader)),
        (r#""crit":[""],"":1"#, Err(UnsupportedHeader)),
        (r#""crit":["b64","x"],"b64":true,"x":1"#, Err(UnsupportedHeader)),
        (r#""crit":["x","b64"],"b64":true,"x":1"#, Err(UnsupportedHeader)),
        (r#""crit":["B64"],"B64":true,"b64":true"#, Err(UnsupportedHeader)),
        // Registered parameters must not be named.
        (r#""crit":["alg"]"#, Err(UnsupportedHeader)),
        (r#""crit":["crit"]"#, Err(UnsupportedHeader)),
        (r#""crit":["kid"],"kid":"k""#, Err(UnsupportedHeader)),
        (r#""crit":["typ"],"typ":"JWT""#, Err(UnsupportedHeader)),
        (r#""crit":["jwk"],"jwk":{}"#, Err(UnsupportedHeader)),
        (r#""crit":["zip"],"zip":"DEF""#, Err(UnsupportedHeader)),
        // Absent, twice.
        (r#""crit":["b64"]"#, Err(UnsupportedHeader)),
        (r#""crit":["b64","b64"],"b64":true"#, Err(UnsupportedHeader)),
        // Neither a list nor of strings.
        (r#""crit":[],"b64":true"#, Err(Malformed)),
        (r#""crit":[]"#, Err(Malformed)),
        (r#""crit":null"#, Err(Malformed)),
        (r#""crit":true"#, Err(Malformed)),
        (r#""crit":1"#, Err(Malformed)),
        (r#""crit":"b64","b64":true"#, Err(Malformed)),
        (r#""crit":{"b64":true},"b64":true"#, Err(Malformed)),
        (r#""crit":{}"#, Err(Malformed)),
        (r#""crit":[null],"b64":true"#, Err(UnsupportedHeader)),
        (r#""crit":[1],"b64":true"#, Err(UnsupportedHeader)),
        (r#""crit":[["b64"]],"b64":true"#, Err(UnsupportedHeader)),
        (r#""crit":["b64"],"crit":["b64"],"b64":true"#, Err(Malformed)),
        // The one extension that is understood.
        (r#""crit":["b64"],"b64":true"#, Ok(())),
        (r#""b64":true,"crit":["b64"]"#, Ok(())),
        (r#""crit":["\u006264"],"b64":true"#, Ok(())),
        (r#""b64":true"#, Ok(())),
        // Payloads that are not encoded are not expected here.
        (r#""crit":["b64"],"b64":false"#, Err(UnsupportedHeader)),
        (r#""b64":false"#, Err(UnsupportedHeader)),
        (r#""crit":["b64"],"b64":"false""#, Err(Malformed)),
        (r#""crit":["b64"],"b64":null"#, Err(Malformed)),
        (r#""crit":["b64"],"b64":0"#, Err(Malformed)),
        (r#""b64":[]"#, Err(Malformed)),
        (r#""b64":{}"#, Err(Malformed)),
    ] {
        let header = format!(r#"{{"alg":"HS256",{rest}}}"#);
        let signer = if rest.contains("\"kid\":") {
            signer.clone().with_kid("k").unwrap()
        } else {
            signer.clone()
        };
        assert_eq!(judge_header(&signer, &header), due, "{header}");
        let peeked = Unverified::peek(&signed_as(&header, PLAIN, &signer))
            .map(|_| ())
            .map_err(|error| error.kind());
        assert_eq!(peeked, due, "{header}");
    }
}

#[test]
fn a_payload_that_is_not_encoded_is_refused_even_where_it_is_signed_so() {
    let signer = hs256();
    for header in [r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#, r#"{"alg":"HS256","b64":false}"#] {
        for payload in ["plain text", "", "e30"] {
            let token = signed_input(&format!("{}.{payload}", base64url(header)), &signer);
            assert_eq!(read(&Keyring::new(signer.clone()), &token), Err(ErrorKind::UnsupportedHeader));
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Mode confusion: CVE-2026-29000, CVE-2023-51774, CVE-2022-3102.

#[test]
fn five_parts_are_never_a_signed_token() {
    // RFC 7516 A.1.
    let jwe = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe\
        .48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ";
    assert_eq!(jwe.split('.').count(), 5);
    for (_, signer) in signers() {
        assert_eq!(read(&Keyring::new(signer.clone()), jwe), Err(ErrorKind::Malformed));
    }
    assert_eq!(kind(Unverified::peek(jwe)), Some(ErrorKind::Malformed));
    for parts in [1, 2, 4, 5, 6, 100] {
        let text = vec![base64url(header_of(&hs256())); parts].join(".");
        assert_eq!(read(&Keyring::new(hs256()), &text), Err(ErrorKind::Malformed), "{parts}");
    }
}

#[test]
fn the_header_of_an_encrypted_token_is_refused() {
    for enc in [r#""A256GCM""#, r#""""#, "null", "1", "[]", "{}", "false"] {
        let header = format!(r#"{{"alg":"HS256","enc":{enc}}}"#);
        assert_eq!(judge_header(&hs256(), header), Err(ErrorKind::Malformed), "{enc}");
    }
}

#[test]
fn json_serializations_are_never_compact_tokens() {
    let token = signed_as(header_of(&hs256()), PLAIN, &hs256());
    let parts: Vec<&str> = token.split('.').collect();
    let flattened = json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]});
    let general =
        json!({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]});
    let both = json!({"protected": parts[0], "payload": parts[1], "signature": parts[2], "ciphertext": "AA", "iv": "AA"});
    for text in [flattened, general, both, json!(token)] {
        assert!(read(&Keyring::new(hs256()), &text.to_string()).is_err(), "{text}");
    }
}

#[test]
fn a_key_for_encryption_neither_signs_nor_verifies() {
    for (key, signer) in signers() {
        let alg = signer.alg();
        let jwk = Jwk::from(key.clone()).with_alg(alg).unwrap();
        let with = |name: &str, value: Value| {
            let mut text: Value = serde_json::from_str(jwk.danger_to_secret_json().as_str()).unwrap();
            text[name] = value;
            Jwk::from_json(text.to_string()).unwrap()
        };
        let refused = Some(ErrorKind::KeyUse);
        for (jwk, sign, verify) in [
            (with("use", json!("sig")), None, None),
            (with("use", json!("enc")), refused, refused),
            (with("use", json!("tls")), refused, refused),
            (with("use", json!("SIG")), refused, refused),
            (with("use", json!("")), refused, refused),
            (with("key_ops", json!(["sign", "verify"])), None, None),
            (with("key_ops", json!(["verify"])), refused, None),
            (with("key_ops", json!(["encrypt", "decrypt"])), refused, refused),
            (with("key_ops", json!(["deriveKey"])), refused, refused),
            (with("key_ops", json!(["Sign", "VERIFY"])), refused, refused),
            (with("key_ops", json!([])), refused, refused),
            // What may sign may have its signatures verified.
            (with("key_ops", json!(["sign"])), None, None),
        ] {
            assert_eq!(kind(Signer::from_jwk(&jwk)), sign, "{alg} {jwk:?} {:?}", jwk.key_ops());
            assert_eq!(kind(Signer::from_jwk_as(&jwk, alg)), sign, "{alg}");
            assert_eq!(kind(Verifier::from_jwk(&jwk)), verify, "{alg} {jwk:?} {:?}", jwk.key_ops());
            assert_eq!(kind(Verifier::from_jwk_as(&jwk, alg)), verify, "{alg}");
            let set: JwkSet = [jwk.clone()].into_iter().collect();
            assert_eq!(Keyring::from_jwk_set_as(&set, &[alg]).is_empty(), verify.is_some(), "{alg}");
            if let Ok(public) = jwk.to_public() {
                let kept = jwk.key_use().is_some() || jwk.key_ops().is_some_and(|ops| ops != ["sign"]);
                if kept {
                    assert_eq!(
                        kind(Verifier::from_jwk(&public)),
                        verify,
                        "{alg} public {:?}",
                        jwk.key_ops()
                    );
                }
            }
        }
        // A public key whose owner says that it signs is no key that verifies.
        if let Ok(public) = jwk.to_public() {
            let mut text: Value = serde_json::from_str(&public.to_json().unwrap()).unwrap();
            text["key_ops"] = json!(["sign"]);
            assert_eq!(
                kind(Verifier::from_jwk(&Jwk::from_json(text.to_string()).unwrap())),
                refused,
                "{alg}"
            );
        }
    }
}

#[test]
fn a_jwk_for_an_encryption_algorithm_is_no_signature_key() {
    let rsa = Jwk::from(crate::support::key(JwsAlg::RS256).unwrap().to_public().unwrap());
    let mut text: Value = serde_json::from_str(&rsa.to_json().unwrap()).unwrap();
    for alg in ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5", "none", "HS256", "RS1", ""] {
        text["alg"] = json!(alg);
        let jwk = Jwk::from_json(text.to_string()).unwrap();
        assert!(Verifier::from_jwk(&jwk).is_err(), "{alg}");
        assert!(Verifier::from_jwk_as(&jwk, JwsAlg::RS256).is_err(), "{alg}");
        let set: JwkSet = [jwk].into_iter().collect();
        assert!(Keyring::from_jwk_set_as(&set, &JwsAlg::all().collect::<Vec<_>>()).is_empty(), "{alg}");
    }
}

// ---------------------------------------------------------------------------------------------
// ECDSA and EdDSA encoding: CVE-2022-21449, CVE-2020-14966, CVE-2020-14968, CVE-2021-30246,
// CVE-2022-25898, CVE-2024-21484, CVE-2026-4598 to 4601. RSA lengths.

/// The order of the curve's group, big-endian, as long as the field.
fn order(alg: JwsAlg) -> Vec<u8> {
    let hex = match alg.name() {
        "ES256" => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551".to_owned(),
        "ES384" => format!("{}c7634d81f4372ddf581a0db248b0a77aecec196accc52973", "f".repeat(48)),
        "ES512" => format!(
            "01{}a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
            "f".repeat(65)
        ),
        "ES256K" => "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".to_owned(),
        other => panic!("{other}"),
    };
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect()
}

/// `a + b`, big-endian; none where it outgrows their length.
fn add(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    let mut carry = 0_u16;
    let mut sum: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            carry += u16::from(*a) + u16::from(*b);
            let byte = carry as u8;
            carry >>= 8;
            byte
        })
        .collect();
    sum.reverse();
    (carry == 0).then_some(sum)
}

/// `a - b`, big-endian, where `a` is the greater.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let not_b: Vec<u8> = b.iter().map(|byte| !byte).collect();
    let mut one = vec![0; b.len()];
    *one.last_mut().unwrap() = 1;
    let mut borrow = 1_u16;
    let mut difference: Vec<u8> = a
        .iter()
        .zip(&not_b)
        .rev()
        .map(|(a, b)| {
            borrow += u16::from(*a) + u16::from(*b);
            let byte = borrow as u8;
            borrow >>= 8;
            byte
        })
        .collect();
    difference.reverse();
    difference
}

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count().min(number.len() - 1);
        let mut content = number[zeros..].to_vec();
        if content[0] >= 0x80 {
            content.insert(0, 0);
        }
        [vec![0x02, content.len() as u8], content].concat()
    };
    let body = [integer(r), integer(s)].concat();
    if body.len() < 0x80 {
        [vec![0x30, body.len() as u8], body].concat()
    } else {
        [vec![0x30, 0x81, body.len() as u8], body].concat()
    }
}

fn ecdsa_signers() -> Vec<Signer> {
    signers()
        .iter()
        .filter(|(key, _)| key.key_type() == KeyType::Ec)
        .map(|(_, signer)| signer.clone())
        .collect()
}

/// Reads a token of `signer`'s with `signature` in the place of its own.
fn judge_signature(signer: &Signer, input: &str, signature: &[u8]) -> Result<(), ErrorKind> {
    assert_eq!(
        signer.verifier().verify(input.as_bytes(), signature),
        read(&Keyring::new(signer.clone()), &format!("{input}.{}", base64url(signature))).is_ok()
    );
    read(&Keyring::new(signer.clone()), &format!("{input}.{}", base64url(signature)))
}

#[test]
fn ecdsa_numbers_outside_1_to_n_are_refused() {
    for signer in ecdsa_signers() {
        let alg = signer.alg();
        let input = format!("{}.{}", base64url(header_of(&signer)), base64url(PLAIN));
        let good = signer.sign(input.as_bytes()).unwrap();
        let half = good.len() / 2;
        assert_eq!(Some(good.len()), alg.signature_len());
        let (r, s) = good.split_at(half);
        assert_eq!(judge_signature(&signer, &input, &good), Ok(()), "{alg}");

        let n = order(alg);
        let one = [vec![0; half - 1], vec![1]].concat();
        let mut bad = vec![vec![0; half], n.clone(), add(&n, &one).unwrap(), vec![0xff; half], one];
        bad.extend([subtract(&n, &[vec![0; half - 1], vec![1]].concat())]);
        for number in &bad {
            for signature in [[r, number].concat(), [number, s].concat(), [&number[..], number].concat()]
            {
                assert_eq!(
                    judge_signature(&signer, &input, &signature),
                    Err(ErrorKind::Unauthentic),
                    "{alg}"
                );
            }
        }
        // The same numbers once around, where the field has room for them.
        for (number, first) in [(r, true), (s, false)] {
            if let Some(around) = add(number, &n) {
                let signature = if first { [&around, s].concat() } else { [r, &around].concat() };
                assert_eq!(
                    judge_signature(&signer, &input, &signature),
                    Err(ErrorKind::Unauthentic),
                    "{alg}"
                );
            }
        }
        // Halves in the wrong order.
        assert_eq!(
            judge_signature(&signer, &input, &[s, r].concat()),
            Err(ErrorKind::Unauthentic),
            "{alg}"
        );
    }
}

#[test]
fn ecdsa_signatures_have_their_exact_length_and_are_never_der() {
    for signer in ecdsa_signers() {
        let alg = signer.alg();
        let input = format!("{}.{}", base64url(header_of(&signer)), base64url(PLAIN));
        let good = signer.sign(input.as_bytes()).unwrap();
        let (r, s) = good.split_at(good.len() / 2);
        let stripped: Vec<u8> = [r, s].concat().into_iter().skip_while(|byte| *byte == 0).collect();
        let mut wrong =
            vec![der(r, s), [&good[..], &[0]].concat(), [&[0], &good[..]].concat(), good[1..].to_vec()];
        wrong.extend([
            good[..good.len() - 1].to_vec(),
            r.to_vec(),
            Vec::new(),
            [&good[..], &good[..]].concat(),
        ]);
        wrong.push([&[0], r, &[0], s].concat());
        wrong.push([&[4], &good[..]].concat());
        if stripped.len() < good.len() {
            wrong.push(stripped);
        }
        for len in 0..good.len() {
            wrong.push(good[..len].to_vec());
        }
        for signature in wrong {
            assert_eq!(
                judge_signature(&signer, &input, &signature),
                Err(ErrorKind::Unauthentic),
                "{alg} {}",
                signature.len()
            );
        }
    }
}

/// Documented: a token's text is no identity, since s → n − s makes another valid text of it.
#[test]
fn the_second_form_of_an_ecdsa_signature_verifies_too() {
    for signer in ecdsa_signers() {
        let input = format!("{}.{}", base64url(header_of(&signer)), base64url(PLAIN));
        let good = signer.sign(input.as_bytes()).unwrap();
        let (r, s) = good.split_at(good.len() / 2);
        let second = [r, &subtract(&order(signer.alg()), s)].concat();
        assert_ne!(good, second);
        assert_eq!(judge_signature(&signer, &input, &second), Ok(()), "{}", signer.alg());
    }
}

#[test]
fn ed25519_signatures_are_canonical_and_64_bytes() {
    // The group's order, little-endian.
    let l: Vec<u8> = {
        let hex = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        (0..32).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect()
    };
    for alg in [JwsAlg::EDDSA, JwsAlg::ED25519] {
        let signer = signer(alg).unwrap();
        let input = format!("{}.{}", base64url(header_of(&signer)), base64url(PLAIN));
        let good = signer.sign(input.as_bytes()).unwrap();
        assert_eq!(judge_signature(&signer, &input, &good), Ok(()));
        let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
        let around = reversed(&add(&reversed(&good[32..]), &reversed(&l)).unwrap());
        let mut wrong = vec![
            [&good[..32], &around].concat(),
            [&good[..], &[0]].concat(),
            [&good[..32], &l].concat(),
            vec![0; 64],
        ];
        wrong.extend((0..64).map(|len| good[..len].to_vec()));
        for signature in wrong {
            assert_eq!(
                judge_signature(&signer, &input, &signature),
                Err(ErrorKind::Unauthentic),
                "{}",
                signature.len()
            );
        }
    }
}

#[test]
fn rsa_signatures_are_as_long_as_the_modulus_and_below_it() {
    for (key, signer) in signers().iter().filter(|(key, _)| key.key_type() == KeyType::Rsa) {
        let Some(KeyMaterial::RsaPublic(public)) = key.to_public() else { panic!() };
        let n = public.n();
        let input = format!("{}.{}", base64url(header_of(signer)), base64url(PLAIN));
        let good = signer.sign(input.as_bytes()).unwrap();
        assert_eq!(good.len(), n.len());
        assert_eq!(judge_signature(signer, &input, &good), Ok(()));
        let one = [vec![0; n.len() - 1], vec![1]].concat();
        let mut wrong =
            vec![[&[0], &good[..]].concat(), [&good[..], &[0]].concat(), good[1..].to_vec(), Vec::new()];
        wrong.extend([
            good[..255].to_vec(),
            vec![0; n.len()],
            one.clone(),
            vec![0xff; n.len()],
            n.to_vec(),
        ]);
        wrong.extend([subtract(n, &one), subtract(n, &good), vec![1; 512], vec![1; 1024]]);
        wrong.extend(add(&good, n));
        for signature in wrong {
            let verdict = judge_signature(signer, &input, &signature);
            assert_eq!(verdict, Err(ErrorKind::Unauthentic), "{} {}", signer.alg(), signature.len());
        }
        // Longer than any key's signature.
        let token = format!("{input}.{}", base64url(vec![1; 2000]));
        assert_eq!(read(&Keyring::new(signer.clone()), &token), Err(ErrorKind::Malformed));
    }
}

#[test]
fn macs_are_never_truncated() {
    for alg in [JwsAlg::HS256, JwsAlg::HS384, JwsAlg::HS512] {
        let signer = signer(alg).unwrap();
        let input = format!("{}.{}", base64url(header_of(&signer)), base64url(PLAIN));
        let good = signer.sign(input.as_bytes()).unwrap();
        assert_eq!(judge_signature(&signer, &input, &good), Ok(()));
        for len in 0..good.len() {
            assert_eq!(
                judge_signature(&signer, &input, &good[..len]),
                Err(ErrorKind::Unauthentic),
                "{alg} {len}"
            );
        }
        assert_eq!(
            judge_signature(&signer, &input, &[&good[..], &[0]].concat()),
            Err(ErrorKind::Unauthentic)
        );
    }
}

// ---------------------------------------------------------------------------------------------
// Claims: CVE-2026-25537, CVE-2024-53861, CVE-2020-26160, CVE-2025-27370, CVE-2025-27371,
// CVE-2026-53777.

#[test]
fn a_registered_claim_of_a_wrong_type_is_never_absent() {
    let anything = Validator::new().any_audience().any_typ().allow_no_expiry();
    let mut run = 0;
    for name in ["iss", "sub", "jti", "aud", "exp", "nbf", "iat"] {
        let is_good = |value: &str| match name {
            "iss" | "sub" | "jti" => value.starts_with('"'),
            "aud" => value.starts_with('"') || ["[]", r#"["x"]"#, r#"["x","y","x"]"#].contains(&value),
            _ => value.starts_with(|first: char| first == '-' || first.is_ascii_digit()),
        };
        let all = [
            "null",
            "true",
            "false",
            "0",
            "-1",
            "-0.0",
            "1500000000",
            "1500000000.5",
            "15e8",
            r#""x""#,
            r#""""#,
            r#""\u0041""#,
            r#""1500000000""#,
            r#""NaN""#,
            "[]",
            r#"["x"]"#,
            r#"["x","y","x"]"#,
            "[1]",
            "[null]",
            r#"["x",1]"#,
            r#"["x",null]"#,
            r#"[["x"]]"#,
            r#"[{}]"#,
            r#"["x",["y"]]"#,
            "{}",
            r#"{"x":1}"#,
            r#"{"0":"x","length":1}"#,
            "[1500000000]",
        ];
        for value in all {
            run += 1;
            let claims = format!(r#"{{"{name}":{value}}}"#);
            let fine = is_good(value);
            let due = if fine { Ok(()) } else { Err(ErrorKind::MalformedClaims) };
            assert_eq!(judge_claims(&claims), due, "{claims}");
            // Not even the laxest policy comes to see it.
            let verdict = validate(&claims, &anything);
            match name {
                "exp" if fine => assert_eq!(verdict, Err(ErrorKind::Expired), "{claims}"),
                _ => assert_eq!(verdict, due, "{claims}"),
            }
        }
    }
    println!("registered claim × JSON type: {run} run");
}

#[test]
fn numbers_that_json_has_not_are_refused() {
    for number in [
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "+1",
        ".5",
        "1.",
        "0x10",
        "1e",
        "1_000",
        "--1",
        "1e+",
        "0b1",
        "1.5.5",
        "1,5",
        "١",
    ] {
        assert_eq!(
            judge_claims(format!(r#"{{"exp":{number}}}"#)),
            Err(ErrorKind::MalformedClaims),
            "{number}"
        );
    }
}

#[test]
fn extreme_dates_never_overflow() {
    let far = [
        "1e400",
        "1e308",
        "9.9e99",
        "1000000000000000000",
        "9223372036854775806",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "253402300799",
        "253402300800",
        "253402300800.5",
        "1e18",
        "1e19",
        "1E+300",
    ];
    let base = Validator::new().any_audience();
    let soft = base.clone().leeway(time::Duration::seconds(600));
    for validator in [&base, &soft, &base.clone().max_age(time::Duration::MAX)] {
        for number in far {
            let plus = |name: &str, sign: &str| {
                format!(r#"{{"iat":1800000000,"exp":1900000000,"{name}":{sign}{number}}}"#)
            };
            let replaced = |name: &str, sign: &str| {
                // The claim stands once: the default goes.
                let text = plus(name, sign);
                if name == "exp" {
                    text.replace(r#""exp":1900000000,"#, "")
                } else {
                    text.replace(
                        r#""iat":1800000000,"#,
                        if name == "iat" { "" } else { r#""iat":1800000000,"# },
                    )
                }
            };
            assert_eq!(validate(&replaced("exp", ""), validator), Ok(()), "{number}");
            assert_eq!(validate(&replaced("exp", "-"), validator), Err(ErrorKind::Expired), "{number}");
            assert_eq!(
                validate(&replaced("nbf", ""), validator),
                Err(ErrorKind::NotYetValid),
                "{number}"
            );
            assert_eq!(validate(&replaced("nbf", "-"), validator), Ok(()), "{number}");
        }
    }
    // An issue time judges nothing until an age is asked for.
    let aged = base.clone().max_age(time::Duration::hours(1));
    for number in far {
        for (sign, due) in [("", ErrorKind::NotYetValid), ("-", ErrorKind::TooOld)] {
            let claims = format!(r#"{{"exp":1900000000,"iat":{sign}{number}}}"#);
            assert_eq!(validate(&claims, &base), Ok(()), "{claims}");
            assert_eq!(validate(&claims, &aged), Err(due), "{claims}");
        }
    }
    // And all of them can be told.
    for number in far {
        for sign in ["", "-"] {
            let signer = hs256();
            let claims =
                format!(r#"{{"exp":{sign}{number},"nbf":{sign}{number},"iat":{sign}{number}}}"#);
            let token = signed_as(header_of(&signer), claims, &signer);
            let token = JwsCodec::new(signer).decode_at::<IgnoredAny>(&token, at(NOW)).unwrap();
            let claims = token.claims_unvalidated().unwrap();
            let all = [
                claims.registered().expires_at(),
                claims.registered().not_before(),
                claims.registered().issued_at(),
            ];
            for moment in all {
                let year = moment.unwrap().year();
                assert!(
                    year == 9999 || year == -9999 || number.starts_with("253402300"),
                    "{sign}{number}: {year}"
                );
            }
        }
    }
    // Nor does a clock at the end of the calendar.
    for (end, due) in [(253_402_300_799, Err(ErrorKind::Expired)), (-377_705_116_800, Ok(()))] {
        let signer = hs256();
        let token =
            signed_as(header_of(&signer), r#"{"exp":1900000000,"iat":9223372036854775807}"#, &signer);
        let token = JwsCodec::new(signer).decode_at::<IgnoredAny>(&token, at(end)).unwrap();
        let verdict = token.validate_at(&soft, at(end)).map(|_| ()).map_err(|error| error.kind());
        assert_eq!(verdict, due);
    }
}

#[test]
fn fractional_dates_are_legal_and_round_to_the_safe_side() {
    let v = Validator::new().leeway(time::Duration::ZERO);
    for (claims, due) in [
        (r#"{"exp":1800000000.5}"#, Err(ErrorKind::Expired)),
        (r#"{"exp":1800000000.999999}"#, Err(ErrorKind::Expired)),
        (r#"{"exp":1800000001.0}"#, Ok(())),
        (r#"{"exp":1.800000001e9}"#, Ok(())),
        (r#"{"exp":1900000000,"nbf":1800000000.0}"#, Ok(())),
        (r#"{"exp":1900000000,"nbf":1800000000.000001}"#, Err(ErrorKind::NotYetValid)),
        (r#"{"exp":1900000000,"nbf":1799999999.5}"#, Ok(())),
    ] {
        assert_eq!(validate(claims, &v), due, "{claims}");
    }
}

#[test]
fn an_issuer_is_compared_whole_and_is_a_string() {
    let validator = Validator::new().allow_no_expiry().issuer("https://id.example");
    for (iss, due) in [
        (r#""https://id.example""#, Ok(())),
        (r#""https:\/\/id.example""#, Ok(())),
        (r#""https://id.exampl""#, Err(ErrorKind::WrongIssuer)),
        (r#""https://id.example/""#, Err(ErrorKind::WrongIssuer)),
        (r#""https://id.example.attacker.example""#, Err(ErrorKind::WrongIssuer)),
        (r#""HTTPS://ID.EXAMPLE""#, Err(ErrorKind::WrongIssuer)),
        (r#"" https://id.example""#, Err(ErrorKind::WrongIssuer)),
        (r#""https://id.example\u0000""#, Err(ErrorKind::WrongIssuer)),
        (r#""https""#, Err(ErrorKind::WrongIssuer)),
        (r#""""#, Err(ErrorKind::WrongIssuer)),
        (r#"["https://id.example"]"#, Err(ErrorKind::MalformedClaims)),
        (r#"["https://attacker.example","https://id.example"]"#, Err(ErrorKind::MalformedClaims)),
        (r#"{"https://id.example":1}"#, Err(ErrorKind::MalformedClaims)),
        ("null", Err(ErrorKind::MalformedClaims)),
    ] {
        assert_eq!(validate(&format!(r#"{{"iss":{iss}}}"#), &validator), due, "{iss}");
    }
    assert_eq!(validate("{}", &validator), Err(ErrorKind::MissingClaim));
}

#[test]
fn an_audience_is_compared_whole() {
    let validator = Validator::new().allow_no_expiry().audience("api");
    for (aud, due) in [
        (r#""api""#, Ok(())),
        (r#"["api"]"#, Ok(())),
        (r#"["ops","api"]"#, Ok(())),
        (r#"["\u0061pi"]"#, Ok(())),
        (r#""ap""#, Err(ErrorKind::WrongAudience)),
        (r#""apis""#, Err(ErrorKind::WrongAudience)),
        (r#""API""#, Err(ErrorKind::WrongAudience)),
        (r#""ops api""#, Err(ErrorKind::WrongAudience)),
        (r#""ops,api""#, Err(ErrorKind::WrongAudience)),
        (r#""[\"api\"]""#, Err(ErrorKind::WrongAudience)),
        (r#"["ap","i"]"#, Err(ErrorKind::WrongAudience)),
        ("[]", Err(ErrorKind::WrongAudience)),
        (r#"[""]"#, Err(ErrorKind::WrongAudience)),
        (r#""""#, Err(ErrorKind::WrongAudience)),
        (r#"["api",null]"#, Err(ErrorKind::MalformedClaims)),
        (r#"["api",{"a":"api"}]"#, Err(ErrorKind::MalformedClaims)),
        (r#"[["api"]]"#, Err(ErrorKind::MalformedClaims)),
        (r#"{"0":"api"}"#, Err(ErrorKind::MalformedClaims)),
    ] {
        assert_eq!(validate(&format!(r#"{{"aud":{aud}}}"#), &validator), due, "{aud}");
    }
    assert_eq!(validate("{}", &validator), Err(ErrorKind::MissingClaim));
}

#[test]
fn claims_are_a_json_object_and_nothing_else() {
    for payload in [
        "",
        " ",
        "null",
        "true",
        "1",
        "\"{}\"",
        "[]",
        r#"[{"exp":1}]"#,
        "{",
        "}",
        "{}{}",
        "{} x",
        "{},",
        "\u{feff}{}",
        "<a/>",
    ] {
        assert_eq!(judge_claims(payload), Err(ErrorKind::MalformedClaims), "{payload}");
    }
    for payload in ["{}", " {}", "{}\n", "\t{ }\r\n"] {
        assert_eq!(judge_claims(payload), Ok(()), "{payload}");
    }
}

// ---------------------------------------------------------------------------------------------
// Size and depth: CVE-2025-30204, CVE-2025-27144, CVE-2025-61920, CVE-2025-65015, CVE-2024-21664,
// CVE-2026-34986, CVE-2026-48525, CVE-2026-48990, RUSTSEC-2020-0075.

#[test]
fn a_token_beyond_its_limit_is_refused_before_it_is_decoded() {
    let signer = hs256();
    let ring = Keyring::new(signer.clone());
    let token = signed_as(header_of(&signer), PLAIN, &signer);
    for (most, due) in [
        (token.len(), None),
        (token.len() - 1, Some(ErrorKind::TooLarge)),
        (0, Some(ErrorKind::TooLarge)),
    ] {
        let limits = Limits::default().token_len(most);
        assert_eq!(kind(compact::verify(&token, &ring, &limits, at(NOW))), due, "{most}");
        let codec = JwsCodec::new(signer.clone()).limits(limits);
        assert_eq!(kind(codec.decode_at::<NoCustom>(&token, at(NOW))), due, "{most}");
        assert_eq!(kind(codec.decode_with_header::<NoCustom, NoCustom>(&token)), due, "{most}");
    }
    // By default, 1 MiB, however odd the text.
    for text in [".".repeat(1 << 20), "e".repeat(1 << 20), format!("e.{}", ".".repeat(1 << 19))] {
        assert_eq!(read(&ring, &text), Err(ErrorKind::Malformed));
        assert_eq!(kind(Unverified::peek(&text)), Some(ErrorKind::Malformed));
        let more = format!("{text}{text}{text}");
        assert_eq!(read(&ring, &more), Err(ErrorKind::TooLarge));
        assert_eq!(kind(Unverified::peek(&more)), Some(ErrorKind::TooLarge));
    }
}

#[test]
fn ten_megabytes_of_dots_are_refused() {
    let dots = ".".repeat(10 << 20);
    assert_eq!(read(&Keyring::new(hs256()), &dots), Err(ErrorKind::TooLarge));
    let lax = JwsCodec::new(hs256()).limits(Limits::default().token_len(usize::MAX));
    for text in [dots.clone(), format!("e{dots}"), format!("{}{dots}", base64url(header_of(&hs256())))] {
        assert_eq!(kind(lax.decode::<NoCustom>(&text)), Some(ErrorKind::Malformed));
        assert!(!symbolon::TokenCodec::recognizes(&lax, &symbolon::RawToken::new(&text)));
    }
}

#[test]
fn a_header_has_8_kib_at_most() {
    let signer = hs256();
    let header = |len: usize| {
        let frame = r#"{"alg":"HS256","x":""}"#.len();
        format!(r#"{{"alg":"HS256","x":"{}"}}"#, "x".repeat(len - frame))
    };
    assert_eq!(judge_header(&signer, header(8 * 1024)), Ok(()));
    assert_eq!(judge_header(&signer, header(8 * 1024 + 1)), Err(ErrorKind::TooLarge));
    assert_eq!(judge_header(&signer, header(100_000)), Err(ErrorKind::TooLarge));
    let token = signed_as(header(1000), PLAIN, &signer);
    let codec = JwsCodec::new(signer.clone());
    assert!(codec.clone().limits(Limits::default().header_len(1000)).decode::<NoCustom>(&token).is_ok());
    assert_eq!(
        kind(codec.limits(Limits::default().header_len(999)).decode::<NoCustom>(&token)),
        Some(ErrorKind::TooLarge)
    );
}

#[test]
fn json_deeper_than_serde_json_reads_is_refused() {
    // The object itself is the first level.
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth - 1), close.repeat(depth - 1));
        let claims = |depth: usize| format!(r#"{{"a":{}}}"#, nested(depth));
        assert_eq!(judge_claims(claims(MAX_DEPTH)), Ok(()));
        assert_eq!(judge_claims(claims(MAX_DEPTH + 1)), Err(ErrorKind::MalformedClaims));
        assert_eq!(judge_claims(claims(50_000)), Err(ErrorKind::MalformedClaims));
        let header = |depth: usize| format!(r#"{{"alg":"HS256","a":{}}}"#, nested(depth));
        assert_eq!(judge_header(&hs256(), header(MAX_DEPTH)), Ok(()));
        assert_eq!(judge_header(&hs256(), header(MAX_DEPTH + 1)), Err(ErrorKind::Malformed));
        // Open brackets without end.
        assert_eq!(
            judge_claims(format!(r#"{{"a":{}"#, open.repeat(100_000))),
            Err(ErrorKind::MalformedClaims)
        );
    }
}

#[test]
fn deep_claims_that_a_type_takes_in_are_refused_without_a_crash() {
    let signer = hs256();
    for depth in [100, 126, 127, 128, 129, 10_000] {
        let claims = format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
        let token = signed_as(header_of(&signer), claims, &signer);
        let read = JwsCodec::new(signer.clone()).decode_at::<Value>(&token, at(NOW));
        let read = read.and_then(|token| token.claims_unvalidated().map(|_| ()));
        assert!(matches!(kind(read), None | Some(ErrorKind::MalformedClaims)), "{depth}");
    }
}

#[test]
fn many_members_cost_no_squares() {
    let members: Vec<String> = (0..50_000).map(|n| format!(r#""m{n}":{n}"#)).collect();
    assert_eq!(judge_claims(format!("{{{}}}", members.join(","))), Ok(()));
    let again = format!(r#"{{{},"m7":0}}"#, members.join(","));
    assert_eq!(judge_claims(again), Err(ErrorKind::MalformedClaims));
}

// ---------------------------------------------------------------------------------------------
// base64url: one spelling of the same bytes.

#[test]
fn sloppy_base64url_is_refused_in_every_part() {
    let signer = hs256();
    let ring = Keyring::new(signer.clone());
    // Lengths that leave two and four bits over, and bytes that need `-` and `_`.
    let header = base64url(r#"{"alg":"HS256","x":"??>>"}"#);
    let payload = base64url(r#"{"a":"~~??>>ÿÿ"}"#);
    let good = signed_input(&format!("{header}.{payload}"), &signer);
    assert_eq!(read(&ring, &good), Ok(()));
    let signature = good.rsplit_once('.').unwrap().1.to_owned();
    let spoil = |part: &str| {
        let mut spoilt = vec![
            format!("{part}="),
            format!("{part}=="),
            format!("{part}\n"),
            format!(" {part}"),
            format!("{part} "),
        ];
        spoilt.push(format!("{}\n{}", &part[..4], &part[4..]));
        spoilt.push(format!("{}\0{}", &part[..4], &part[4..]));
        spoilt.push(format!("{}%3D", part));
        spoilt.push(format!("{}ü", part));
        spoilt.extend(
            [part.replace('-', "+"), part.replace('_', "/")].into_iter().filter(|text| text != part),
        );
        // Bits of no byte.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let last = alphabet.find(part.chars().last().unwrap()).unwrap();
        let free = match part.len() % 4 {
            2 => 4,
            3 => 2,
            _ => 0,
        };
        for bits in 1..1 << free {
            spoilt.push(format!("{}{}", &part[..part.len() - 1], &alphabet[last + bits..=last + bits]));
        }
        spoilt
    };
    let mut run = 0;
    for part in [&header, &payload] {
        for spoilt in spoil(part) {
            let input = format!("{header}.{payload}").replacen(part.as_str(), &spoilt, 1);
            run += 1;
            // Truly signed, and still refused.
            let verdict = read(&ring, &signed_input(&input, &signer));
            assert!(matches!(verdict, Err(ErrorKind::Malformed)), "{spoilt:?}: {verdict:?}");
        }
    }
    for spoilt in spoil(&signature) {
        run += 1;
        assert_eq!(
            read(&ring, &format!("{header}.{payload}.{spoilt}")),
            Err(ErrorKind::Malformed),
            "{spoilt:?}"
        );
    }
    println!("spellings: {run} refused");
}

#[test]
fn white_space_around_a_token_is_not_forgiven() {
    let token = signed_as(header_of(&hs256()), PLAIN, &hs256());
    for text in [
        format!(" {token}"),
        format!("{token}\n"),
        format!("\u{feff}{token}"),
        format!("Bearer {token}"),
        format!("\"{token}\""),
    ] {
        assert_eq!(read(&Keyring::new(hs256()), &text), Err(ErrorKind::Malformed), "{text}");
    }
}

// ---------------------------------------------------------------------------------------------
// JSON: parsers differ over what is doubtful, so it is refused.

#[test]
fn rejects_duplicate_members_of_a_header() {
    let signer = hs256();
    for header in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","\u0061lg":"none"}"#,
        r#"{"alg":"HS256","kid":"a","kid":"b"}"#,
        r#"{"alg":"HS256","typ":"JWT","typ":"JWT"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":true,"b64":true}"#,
        r#"{"alg":"HS256","x":1,"x":1}"#,
        r#"{"alg":"HS256","x":1,"\u0078":1}"#,
        r#"{"alg":"HS256","":1,"":1}"#,
        r#"{"alg":"HS256","jwk":{"kty":"oct","kty":"EC"}}"#,
        r#"{"alg":"HS256","x":[[{"a":{"b":1,"b":2}}]]}"#,
    ] {
        assert_eq!(judge_header(&signer, header), Err(ErrorKind::Malformed), "{header}");
    }
    assert_eq!(
        judge_header(&signer, r#"{"alg":"HS256","x":{"alg":"none"},"y":{"alg":"none"}}"#),
        Ok(())
    );
}

#[test]
fn rejects_duplicate_members_of_claims() {
    for claims in [
        r#"{"exp":1,"exp":1900000000}"#,
        r#"{"exp":1900000000,"\u0065xp":1}"#,
        r#"{"exp":1900000000,"ex\u0070":1}"#,
        r#"{"sub":"a","sub":"a"}"#,
        r#"{"role":"user","role":"admin"}"#,
        r#"{"role":"user","r\u006fle":"admin"}"#,
        r#"{"":1,"":2}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"a":[1,[{"b":{"c":1,"c":2}}]]}"#,
        "{\"ü\":1,\"\\u00fc\":2}",
        "{\"\u{1f600}\":1,\"\\ud83d\\ude00\":2}",
    ] {
        assert_eq!(judge_claims(claims), Err(ErrorKind::MalformedClaims), "{claims}");
    }
    // Twice at the same name in different objects, or names that only look alike, are fine.
    for claims in
        [r#"{"a":{"b":1},"b":{"b":1,"a":{"b":2}}}"#, "{\"\u{fc}\":1,\"u\u{308}\":2}", r#"{"a":1,"A":2}"#]
    {
        assert_eq!(judge_claims(claims), Ok(()), "{claims}");
    }
    // However many stand between them.
    for between in [1, 10, 11, 12, 13, 22, 23, 24, 25, 100] {
        let members: String = (0..between).map(|n| format!(r#""m{n}":{{"x":{n}}},"#)).collect();
        assert_eq!(
            judge_claims(format!(r#"{{"a":1,{members}"a":2}}"#)),
            Err(ErrorKind::MalformedClaims),
            "{between}"
        );
        assert_eq!(judge_claims(format!(r#"{{"a":1,{members}"b":2}}"#)), Ok(()), "{between}");
        assert_eq!(
            judge_claims(format!(r#"{{"z":{{"a":1,{members}"a":2}}}}"#)),
            Err(ErrorKind::MalformedClaims),
            "{between}"
        );
        // The outer names are not forgotten behind a large inner object.
        let nested = format!(r#"{{"a":1,"z":{{{members}"b":1}},"a":2}}"#);
        assert_eq!(judge_claims(nested), Err(ErrorKind::MalformedClaims), "{between}");
        assert_eq!(
            judge_claims(format!(r#"{{"a":1,"z":{{{members}"b":1}},"b":2}}"#)),
            Ok(()),
            "{between}"
        );
    }
}

#[test]
fn rejects_duplicate_members_of_jwks() {
    for jwk in [
        r#"{"kty":"oct","kty":"oct","k":"AAAA"}"#,
        r#"{"kty":"oct","k":"AAAA","k":"AAAB"}"#,
        r#"{"kty":"oct","k":"AAAA","\u006b":"AAAB"}"#,
        r#"{"kty":"oct","k":"AAAA","use":"sig","use":"enc"}"#,
        r#"{"kty":"oct","k":"AAAA","x5c":[{"a":1,"a":2}]}"#,
    ] {
        assert_eq!(kind(Jwk::from_json(jwk)), Some(ErrorKind::InvalidJwk), "{jwk}");
        assert_eq!(
            kind(JwkSet::from_json(format!(r#"{{"keys":[{jwk}]}}"#))),
            Some(ErrorKind::InvalidJwk),
            "{jwk}"
        );
    }
}

#[test]
fn doubtful_json_is_refused() {
    let texts: [&[u8]; 16] = [
        b"\xff",
        b"\"\xff\"",
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xf4\x90\x80\x80\"",
        br#""\ud800""#,
        br#""\udc00""#,
        br#""\ud800\u0041""#,
        br#""\ud800\ud800""#,
        b"\"\x00\"",
        b"\"\n\"",
        br#""\x41""#,
        br#""\u12""#,
        b"'x'",
        b"undefined",
        b"/* */1",
    ];
    for value in texts {
        let claims = [b"{\"a\":", value, b"}"].concat();
        assert_eq!(judge_claims(&claims), Err(ErrorKind::MalformedClaims), "{}", claims.escape_ascii());
        let header = [b"{\"alg\":\"HS256\",\"a\":", value, b"}"].concat();
        assert_eq!(
            judge_header(&hs256(), &header),
            Err(ErrorKind::Malformed),
            "{}",
            header.escape_ascii()
        );
        let jwk = [b"{\"kty\":\"oct\",\"k\":\"AAAA\",\"a\":", value, b"}"].concat();
        assert_eq!(kind(Jwk::from_json(&jwk)), Some(ErrorKind::InvalidJwk), "{}", jwk.escape_ascii());
    }
    for header in [
        r#"{"alg":"HS256",}"#,
        r#"{"alg":"HS256"}{}"#,
        r#"{"alg":"HS256"} x"#,
        "\u{feff}{\"alg\":\"HS256\"}",
        "[]",
        "null",
        "",
        r#""HS256""#,
    ] {
        assert_eq!(judge_header(&hs256(), header), Err(ErrorKind::Malformed), "{header}");
    }
    for name in ["typ", "cty"] {
        for value in ["null", "1", "[]", r#"["JWT"]"#, "{}"] {
            let header = format!(r#"{{"alg":"HS256","{name}":{value}}}"#);
            assert_eq!(judge_header(&hs256(), &header), Err(ErrorKind::Malformed), "{header}");
        }
    }
}

// ---------------------------------------------------------------------------------------------
// What a token says before it is verified.

#[test]
fn a_peek_decides_nothing() {
    let token = signed_as(r#"{"alg":"none","kid":"../x","typ":"JWT"}"#, r#"{"iss":"us"}"#, &hs256());
    let peeked = Unverified::peek(&token).unwrap();
    assert_eq!((peeked.alg(), peeked.kid(), peeked.typ()), ("none", Some("../x"), Some("JWT")));
    assert_eq!(peeked.claims_unverified::<Value>().unwrap(), json!({"iss": "us"}));
    assert_eq!(format!("{peeked:?}"), "Unverified");
    assert_eq!(read(&Keyring::new(hs256()), &token), Err(ErrorKind::AlgorithmMismatch));
}

#[test]
fn the_fast_path_for_known_headers_is_no_way_around() {
    // The header of the ring's first key is recognized byte by byte; all else must still be checked.
    let codec = JwsCodec::new(hs256().with_kid("k").unwrap());
    let token = codec.encode(&Claims::new(NoCustom::default())).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    assert!(codec.decode::<NoCustom>(&token).is_ok());
    let wrong = [
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], base64url([0; 32])),
        format!("{}.{}.{}", parts[0], base64url(r#"{"sub":"8"}"#), parts[2]),
    ];
    for token in wrong {
        assert_eq!(kind(codec.decode::<NoCustom>(&token)), Some(ErrorKind::Unauthentic));
    }
    let header: Value = serde_json::from_slice(&from_base64url(parts[0])).unwrap();
    assert_eq!(header, json!({"alg": "HS256", "kid": "k", "typ": "JWT"}));
    // The key is gone, or its time is over.
    codec.keys().remove(&symbolon::KeyId::new("k").unwrap());
    assert_eq!(kind(codec.decode::<NoCustom>(&token)), Some(ErrorKind::UnknownKey));
    let verifier = hs256().with_kid("k").unwrap().verifier();
    let ring = Keyring::read_only().with_reader_until(verifier, at(NOW)).unwrap();
    let codec = JwsCodec::new(ring);
    assert!(codec.decode_at::<NoCustom>(&token, at(NOW)).is_ok());
    assert_eq!(kind(codec.decode_at::<NoCustom>(&token, at(NOW + 1))), Some(ErrorKind::UnknownKey));
}
