//! PEM and DER: RFC 7468, RFC 5958, RFC 5915, RFC 8017 appendix A, RFC 8410, RFC 5280 §4.1.
//! The keys were made by the `openssl` command line.

use symbolon::{EcCurve, EcPrivateKey, ErrorKind, Jwk, KeyMaterial, KeyType, OctKey};

use crate::support::{count, damaged, lacks_feature, noise};

macro_rules! pem {
    ($name:literal) => {
        ($name, include_str!(concat!("pem/", $name, ".pem")))
    };
}

type File = (&'static str, &'static str);

/// Every file of one pair, its PKCS#8 first.
const PAIRS: &[&[File]] = &[
    &[
        pem!("rsa.pkcs8"),
        pem!("rsa.pkcs1"),
        pem!("rsa.spki"),
        pem!("rsa.pkcs1_public"),
        pem!("rsa.certificate"),
    ],
    &[
        pem!("p256.pkcs8"),
        pem!("p256.sec1"),
        pem!("p256.sec1_compressed"),
        pem!("p256.sec1_no_point"),
        pem!("p256.spki"),
        pem!("p256.certificate"),
    ],
    &[pem!("p384.pkcs8"), pem!("p384.sec1"), pem!("p384.spki")],
    &[pem!("p521.pkcs8"), pem!("p521.sec1"), pem!("p521.spki")],
    &[pem!("secp256k1.pkcs8"), pem!("secp256k1.sec1"), pem!("secp256k1.spki")],
    &[pem!("ed25519.pkcs8"), pem!("ed25519.spki"), pem!("ed25519.certificate")],
    &[pem!("x25519.pkcs8"), pem!("x25519.spki")],
];

fn files() -> impl Iterator<Item = &'static File> {
    PAIRS.iter().copied().flatten()
}

fn kind(pem: impl AsRef<[u8]>) -> Option<ErrorKind> {
    KeyMaterial::from_pem(pem).err().map(|error| error.kind())
}

/// The bytes of the last block.
fn der_of(pem: &str) -> Vec<u8> {
    use base64::Engine;
    let body = pem.trim_end().rsplit("-----BEGIN ").next().unwrap();
    let body = body.split_once("-----").unwrap().1.split_once("-----").unwrap().0;
    let body: String = body.split_ascii_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}

fn from_base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn pem_of(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn reads_every_structure_of_every_kind() {
    count("pem", PAIRS, |pair| {
        let mut first: Option<KeyMaterial> = None;
        for (name, pem) in *pair {
            let key = KeyMaterial::from_pem(pem);
            if lacks_feature(&key) {
                continue;
            }
            let key = key.map_err(|error| format!("{name}: {error}"))?;
            let secret = name.contains("pkcs8") || name.contains("sec1") || name.ends_with("pkcs1");
            let first = first.get_or_insert_with(|| key.clone());
            let same = key.to_public() == first.to_public() && (!secret || key == *first);
            // The structure alone, without its label, is told by its shape.
            let bare =
                KeyMaterial::from_der(der_of(pem)).map_err(|error| format!("{name} DER: {error}"))?;
            if !same || key.is_secret() != secret || bare != key {
                return Err((*name).to_owned());
            }
        }
        Ok(())
    });
}

#[test]
fn with_all_backends_no_structure_is_left_out() {
    if cfg!(all(feature = "rustcrypto", feature = "amora")) {
        assert!(files().all(|(_, pem)| KeyMaterial::from_pem(pem).is_ok()));
    }
}

#[test]
fn writes_what_openssl_writes() {
    for pair in PAIRS {
        let (name, pkcs8) = pair[0];
        let Ok(key) = KeyMaterial::from_pem(pkcs8) else { continue };
        assert_eq!(key.to_pkcs8_pem().unwrap().as_str(), pkcs8, "{name}");
        assert_eq!(key.to_pkcs8_der().unwrap().as_bytes(), der_of(pkcs8), "{name}");
        let (name, spki) = pair.iter().find(|(name, _)| name.ends_with(".spki")).unwrap();
        assert_eq!(key.to_spki_pem().unwrap(), *spki, "{name}");
        assert_eq!(key.to_public().unwrap().to_spki_der().unwrap(), der_of(spki), "{name}");
    }
}

#[test]
fn keys_pass_between_pem_and_jwk() {
    for (name, pem) in files() {
        let Ok(key) = Jwk::from_pem(pem) else { continue };
        assert_eq!(Jwk::from_der(der_of(pem)).unwrap(), key, "{name}");
        assert_eq!(Jwk::from_json(key.danger_to_secret_json().as_str()).unwrap(), key, "{name}");
    }
}

#[test]
fn white_space_is_free() {
    for (name, pem) in files() {
        let read = KeyMaterial::from_pem(pem).map_err(|error| error.kind());
        let body = pem.trim_end();
        for text in [
            pem.replace('\n', "\r\n"),
            format!("\r\n \t{body}"),
            format!("{body}\n\n  \r\n"),
            pem.replace('\n', "\n\n"),
            pem.replace('\n', " "),
        ] {
            assert_eq!(KeyMaterial::from_pem(&text).map_err(|error| error.kind()), read, "{name}");
        }
    }
}

#[test]
fn the_label_decides() {
    let labels = [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "PUBLIC KEY",
        "RSA PUBLIC KEY",
        "CERTIFICATE",
        "ENCRYPTED PRIVATE KEY",
        "EC PARAMETERS",
        "TRUSTED CERTIFICATE",
        "OPENSSH PRIVATE KEY",
        "private key",
        " PRIVATE KEY",
        "MY PRIVATE KEY",
        "",
    ];
    for (name, pem) in files() {
        let own = pem.rsplit("-----END ").next().unwrap().split("-----").next().unwrap();
        for label in labels.iter().filter(|label| **label != own) {
            let error = KeyMaterial::from_pem(pem_of(label, &der_of(pem))).unwrap_err();
            // A sequence in the place of a curve's name is a curve spelled out.
            let unsupported = *label == "EC PARAMETERS" && error.kind() == ErrorKind::UnsupportedKey;
            assert!(error.kind() == ErrorKind::InvalidPem || unsupported, "{name} as {label}");
        }
    }
}

#[test]
fn refuses_junk_and_company() {
    for (name, pem) in files() {
        let body = pem.trim_end();
        let shorter = der_of(pem);
        for text in [
            String::new(),
            " ".to_owned(),
            format!("Bag Attributes\n{pem}"),
            format!("\u{feff}{pem}"),
            format!("{pem}junk"),
            format!("{body}-"),
            format!("{pem}{pem}"),
            format!(
                "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{pem}{pem}"
            ),
            body[..body.len() - 1].to_owned(),
            pem.replace("-----END", "----END"),
            pem.replace("-----BEGIN ", "-----BEGIN"),
            pem.replacen("-----END ", "-----END A ", 1),
            pem.replace('\n', "\\n"),
            pem.replacen("-----\n", "-----\n=", 1),
            pem.replacen("-----\n", "-----\n*", 1),
            pem_of("PRIVATE KEY", &[]),
            pem_of("PRIVATE KEY", &[&shorter[..], &[0]].concat()),
        ] {
            assert_eq!(kind(&text), Some(ErrorKind::InvalidPem), "{name}: {text:.80}");
        }
        assert!(KeyMaterial::from_der([&shorter[..], &[0]].concat()).is_err());
    }
    assert_eq!(
        kind(format!("{}{}", pem!("ed25519.spki").1, " ".repeat(64 * 1024))),
        Some(ErrorKind::InvalidPem)
    );
    let said = KeyMaterial::from_pem(pem!("p256.spki").1.replace('\n', "\\n")).unwrap_err().to_string();
    assert!(said.contains("line breaks"), "{said}");
}

#[test]
fn says_what_to_do_with_keys_that_cannot_be_read() {
    for (file, kind, says) in [
        (pem!("encrypted.pkcs8"), ErrorKind::InvalidPem, "decrypt it first"),
        (pem!("encrypted.pkcs1"), ErrorKind::InvalidPem, "decrypt it first"),
        (pem!("explicit.sec1"), ErrorKind::UnsupportedKey, "named curve"),
        (pem!("p256.spki_compressed"), ErrorKind::UnsupportedKey, "uncompressed"),
        (pem!("rsa1024.pkcs8"), ErrorKind::WeakKey, "2048 bits or more"),
        (pem!("rsa_three_primes.pkcs8"), ErrorKind::UnsupportedKey, "two primes"),
        (pem!("ed448.pkcs8"), ErrorKind::UnsupportedKey, "none of RSA, EC, Ed25519 and X25519"),
    ] {
        let (name, pem) = file;
        let error = KeyMaterial::from_pem(pem).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}");
        assert!(error.to_string().contains(says), "{name}: {error}");
        assert_eq!(Jwk::from_pem(pem).unwrap_err().kind(), kind);
    }
    let error = KeyMaterial::from_der(der_of(pem!("encrypted.pkcs8").1)).unwrap_err();
    assert!(error.to_string().contains("decrypt it first"), "{error}");
}

#[test]
fn a_key_limited_to_pss_is_an_rsa_key() {
    let key = KeyMaterial::from_pem(pem!("rsa_pss.pkcs8").1).unwrap();
    assert_eq!((key.key_type(), key.is_secret()), (KeyType::Rsa, true));
    assert_eq!(KeyMaterial::from_pem(key.to_spki_pem().unwrap()).unwrap(), key.to_public().unwrap());
}

// RFC 8410 §10.1 and §10.3: the same key without and with its public half and an attribute.
#[test]
fn rfc_8410_examples() {
    let public = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";
    let first = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    let second = "-----BEGIN PRIVATE KEY-----\n\
        MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n\
        Z9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PRIVATE KEY-----\n";
    let key = KeyMaterial::from_pem(first).unwrap();
    assert_eq!(KeyMaterial::from_pem(second).unwrap(), key);
    assert_eq!(Some(KeyMaterial::from_pem(public).unwrap()), key.to_public());
    assert_eq!(key.to_pkcs8_pem().unwrap().as_str(), first);

    // The public half of version 2 must be that of the key.
    let mut der = der_of(second);
    let last = der.len() - 1;
    der[last] ^= 1;
    assert!(matches!(kind(pem_of("PRIVATE KEY", &der)), Some(ErrorKind::InvalidKey)));
    // Version 1 has none.
    let mut der = der_of(second);
    der[4] = 0;
    assert_eq!(kind(pem_of("PRIVATE KEY", &der)), Some(ErrorKind::InvalidPem));
}

#[test]
fn a_private_key_must_fit_its_public_half() {
    if cfg!(not(feature = "rustcrypto")) {
        return;
    }
    for (name, pem) in [pem!("p256.sec1"), pem!("p256.sec1_compressed"), pem!("p256.pkcs8")] {
        let (label, der) =
            (if name.ends_with("pkcs8") { "PRIVATE KEY" } else { "EC PRIVATE KEY" }, der_of(pem));
        // The scalar: another one, whose point is not the one beside it.
        let scalar = der.windows(2).position(|pair| pair == [0x04, 0x20]).unwrap() + 2;
        let mut other = der.clone();
        other[scalar + 31] ^= 1;
        assert_eq!(kind(pem_of(label, &other)), Some(ErrorKind::InvalidKey), "{name}");
    }
    let compressed = der_of(pem!("p256.sec1_compressed").1);
    let point = compressed.len() - 33;
    let mut other_half = compressed.clone();
    other_half[point] ^= 1;
    assert_eq!(kind(pem_of("EC PRIVATE KEY", &other_half)), Some(ErrorKind::InvalidKey));
}

#[test]
fn curve_parameters_are_needed_and_agree() {
    let parameters =
        |oid: &str| format!("-----BEGIN EC PARAMETERS-----\n{oid}\n-----END EC PARAMETERS-----\n");
    let (p256, p384) = (parameters("BggqhkjOPQMBBw=="), parameters("BgUrgQQAIg=="));
    let key = pem_of("EC PRIVATE KEY", &der_of(pem!("p256.sec1").1));
    assert!(KeyMaterial::from_pem(format!("{p256}{key}")).is_ok());
    assert_eq!(kind(format!("{p384}{key}")), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(&p256), Some(ErrorKind::InvalidPem));
    assert_eq!(kind(format!("{key}{p256}")), Some(ErrorKind::InvalidPem));

    // The key inside PKCS#8 names no curve of its own: alone it is of none.
    let pkcs8 = der_of(pem!("p256.pkcs8").1);
    let inner = &pkcs8[pkcs8.len() - 109..];
    assert_eq!(inner[..2], [0x30, 0x6b]);
    assert_eq!(kind(pem_of("EC PRIVATE KEY", inner)), Some(ErrorKind::InvalidPem));
    assert!(KeyMaterial::from_pem(format!("{p256}{}", pem_of("EC PRIVATE KEY", inner))).is_ok());
}

#[test]
fn only_private_keys_become_pkcs8_and_symmetric_ones_nothing() {
    let public = KeyMaterial::from_pem(pem!("ed25519.certificate").1).unwrap();
    let error = public.to_pkcs8_pem().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyMismatch);
    assert!(error.to_string().contains("a public OKP key on Ed25519"), "{error}");
    let oct = KeyMaterial::from(OctKey::new(vec![7; 32]).unwrap());
    assert_eq!(oct.to_pkcs8_der().unwrap_err().kind(), ErrorKind::KeyMismatch);
    assert_eq!(oct.to_spki_pem().unwrap_err().kind(), ErrorKind::KeyMismatch);

    let private = KeyMaterial::from_pem(pem!("ed25519.pkcs8").1).unwrap();
    let (text, der) = (private.to_pkcs8_pem().unwrap(), private.to_pkcs8_der().unwrap());
    assert_eq!(format!("{text:?} {der:?}"), "SecretText([secret]) SecretDer([secret])");
}

#[test]
fn der_has_one_spelling() {
    let spki = der_of(pem!("ed25519.spki").1);
    let long_form = [&[0x30, 0x81, 0x2a], &spki[2..]].concat();
    let longer_form = [&[0x30, 0x82, 0x00, 0x2a], &spki[2..]].concat();
    let indefinite = [&[0x30, 0x80], &spki[2..], &[0, 0]].concat();
    let mut unused_bits = spki.clone();
    unused_bits[11] = 1;
    assert_eq!(spki[9..12], [0x03, 0x21, 0x00]);
    for der in [long_form, longer_form, indefinite, unused_bits] {
        assert_eq!(KeyMaterial::from_der(der).unwrap_err().kind(), ErrorKind::InvalidPem);
    }
    // The modulus: with a zero too many, and without the one that keeps it positive.
    let public = der_of(pem!("rsa.pkcs1_public").1);
    assert_eq!(public[..10], [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00, public[9]]);
    let padded = [&[0x30, 0x82, 0x01, 0x0b, 0x02, 0x82, 0x01, 0x02, 0x00], &public[8..]].concat();
    let negative = [&[0x30, 0x82, 0x01, 0x09, 0x02, 0x82, 0x01, 0x00], &public[9..]].concat();
    for der in [padded, negative] {
        assert_eq!(KeyMaterial::from_der(der).unwrap_err().kind(), ErrorKind::InvalidPem);
    }
}

#[test]
fn damaged_keys_are_typed_errors_or_other_keys() {
    let (mut run, mut read) = (0, 0);
    let mut judge = |key: symbolon::Result<KeyMaterial>| {
        run += 1;
        match key {
            Ok(_) => read += 1,
            Err(error) => assert_eq!(error.fault(), symbolon::Fault::Caller),
        }
    };
    for (name, pem) in files() {
        // Each flip in a long number costs the check of another key: structure and start are enough.
        if !name.starts_with("p256") && !name.starts_with("ed25519") {
            for end in 0..pem.len() {
                judge(KeyMaterial::from_pem(&pem[..end]));
            }
            let der = der_of(pem);
            for bit in 0..32 * 8 {
                let mut der = der.clone();
                der[bit / 8] ^= 1 << (bit % 8);
                judge(KeyMaterial::from_der(der));
            }
            continue;
        }
        damaged(pem.as_bytes()).for_each(|text| judge(KeyMaterial::from_pem(text)));
        damaged(&der_of(pem)).for_each(|der| judge(KeyMaterial::from_der(der)));
    }
    for seed in 0..2000 {
        let bytes = noise(seed, (seed % 257) as usize);
        judge(KeyMaterial::from_der(&bytes));
        judge(KeyMaterial::from_pem(&bytes));
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE"] {
            judge(KeyMaterial::from_pem(pem_of(label, &bytes)));
            let framed = [&[0x30, 0x81, bytes.len().min(255) as u8], &bytes[..]].concat();
            judge(KeyMaterial::from_pem(pem_of(label, &framed)));
        }
    }
    println!("damaged PEM and DER: {run} run, {read} still read, 0 wrong");
}

#[test]
fn a_cut_key_is_never_read() {
    for (name, pem) in files() {
        let der = der_of(pem);
        for end in 0..der.len() {
            assert!(KeyMaterial::from_der(&der[..end]).is_err(), "{name} cut at {end}");
        }
        // Behind the last dash there is only a line end.
        for end in 0..pem.trim_end().len() {
            assert!(KeyMaterial::from_pem(&pem[..end]).is_err(), "{name} cut at {end}");
        }
    }
}

/// An element of DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let len = match len {
        0..=0x7f => vec![len as u8],
        0x80..=0xff => vec![0x81, len as u8],
        _ => vec![0x82, (len >> 8) as u8, len as u8],
    };
    [&[tag], &*len, content].concat()
}

/// RFC 5958: the same key as version 2, with this behind it.
fn version_2(pkcs8: &[u8], behind: &[u8]) -> Vec<u8> {
    let len_of_len = if pkcs8[1] < 0x80 { 1 } else { 1 + usize::from(pkcs8[1] & 0x7f) };
    let inside = pkcs8[1 + len_of_len..].strip_prefix(&[2, 1, 0]).unwrap();
    element(0x30, &[&[2, 1, 1], inside, behind].concat())
}

fn with_public(pkcs8: &[u8], public: &[u8]) -> Vec<u8> {
    version_2(pkcs8, &element(0x81, &[&[0], public].concat()))
}

// RFC 5958 §2: whoever states the public half beside the private one states that of this key.
#[test]
fn the_public_half_in_pkcs8_is_that_of_the_key() {
    let kind = |der: Vec<u8>| KeyMaterial::from_der(der).err().map(|error| error.kind());
    let rsa = der_of(pem!("rsa.pkcs8").1);
    let own = der_of(pem!("rsa.pkcs1_public").1);
    assert_eq!(kind(with_public(&rsa, &own)), None);
    assert_eq!(kind(version_2(&rsa, &[])), None);
    assert_eq!(kind(version_2(&rsa, &[5, 0])), Some(ErrorKind::InvalidPem));
    let mut other = own.clone();
    let end = other.len() - 6;
    other[end] ^= 2;
    assert_eq!(kind(with_public(&rsa, &other)), Some(ErrorKind::InvalidKey));

    let p256 = der_of(pem!("p256.pkcs8").1);
    let spki = der_of(pem!("p256.spki").1);
    let (x, y) = spki[spki.len() - 64..].split_at(32);
    let sign = 2 + y[31] % 2;
    let point = |first: &[u8], x: &[u8], y: &[u8]| with_public(&p256, &[first, x, y].concat());
    assert_eq!(kind(point(&[4], x, y)), None);
    assert_eq!(kind(point(&[sign], x, &[])), None);
    assert_eq!(kind(point(&[sign ^ 1], x, &[])), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(point(&[sign], y, &[])), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(point(&[4], x, x)), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(point(&[4], x, &y[1..])), Some(ErrorKind::InvalidKey));
    assert_eq!(kind(point(&[5], x, y)), Some(ErrorKind::InvalidPem));
    assert_eq!(kind(with_public(&p256, &[])), Some(ErrorKind::InvalidPem));

    // Points with an even and an odd y.
    let of_sign = |odd: u8| {
        let mut keys = std::iter::repeat_with(|| EcPrivateKey::generate(EcCurve::P256).unwrap());
        keys.find(|key| key.public().y().last().unwrap() % 2 == odd).unwrap()
    };
    for key in [of_sign(0), of_sign(1)] {
        let x = key.public().x();
        let sign = 2 + key.public().y().last().unwrap() % 2;
        let pkcs8 = KeyMaterial::from(key.clone()).to_pkcs8_der().unwrap();
        let v2 = |sign: u8| with_public(pkcs8.as_bytes(), &[&[sign], x].concat());
        assert_eq!((kind(v2(sign)), kind(v2(sign ^ 1))), (None, Some(ErrorKind::InvalidKey)));
    }
}

// It is the marks of RFC 1421 that tell an encrypted key, not letters that happen to stand in it.
#[test]
fn a_key_may_hold_the_letters_encrypted() {
    let mut pkcs8 = der_of(pem!("ed25519.pkcs8").1);
    let letters = from_base64("ENCRYPTEDAAA");
    pkcs8[18..27].copy_from_slice(&letters);
    let pem = pem_of("PRIVATE KEY", &pkcs8);
    assert!(pem.contains("ENCRYPTED") && !pem.contains(':'));
    assert_eq!(kind(&pem), None);
    // What else has a colon in it is no base64.
    let error = KeyMaterial::from_pem(pem.replacen("ENCRYPTED", "ENC:YPTED", 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPem);
    assert!(!error.to_string().contains("encrypted"), "{error}");
}

#[test]
fn a_key_has_64_kib_at_most() {
    const MOST: usize = 64 * 1024;
    let pem = pem!("ed25519.pkcs8").1;
    let padded = |len: usize| format!("{pem}{}", " ".repeat(len - pem.len()));
    assert_eq!((kind(padded(MOST)), kind(padded(MOST + 1))), (None, Some(ErrorKind::InvalidPem)));

    // Nothing of a certificate is looked at but its key, however long it is.
    let spki = der_of(pem!("ed25519.spki").1);
    let certificate = |len: usize| {
        let (empty, number) = (element(0x30, &[]), element(2, &[1]));
        let behind = [&*empty, &element(3, &[0])].concat();
        let of = |issuer: &[u8]| {
            let body = [&*number, &*empty, &element(0x30, issuer), &*empty, &*empty, &*spki].concat();
            element(0x30, &[element(0x30, &body), behind.clone()].concat())
        };
        let around = of(&[0; 0x100]).len() - 0x100;
        of(&vec![0; len - around])
    };
    assert_eq!(certificate(MOST).len(), MOST);
    let read = |der: Vec<u8>| KeyMaterial::from_der(der).map_err(|error| error.kind());
    assert_eq!(read(certificate(MOST)), read(spki.clone()));
    assert_eq!(read(certificate(MOST + 1)), Err(ErrorKind::InvalidPem));
}
