//! Keys that travel encrypted: in a JWE (RFC 7517 §7, appendix C), and in PKCS#8 (RFC 5958 §3,
//! RFC 8018 §6.2) as the `openssl` command line writes it.

#[cfg(feature = "jwe")]
mod in_jwe {
    use symbolon::jwe::{self, Content, compact, json};
    use symbolon::{
        Decrypter, EcCurve, EcPrivateKey, Encrypter, Error, ErrorKind, Fault, JweAlg, JweEnc, Jwk,
        JwkSet, JwsAlg, Keyring, Limits, OctKey, OkpCurve, OkpPrivateKey,
    };
    use time::OffsetDateTime;

    use crate::support::{from_base64url, lacks_feature, vectors};

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn read(text: &str, ring: &Keyring<Encrypter>) -> Result<Jwk, Error> {
        jwe::decrypt_jwk(text, ring, &Limits::default(), NOW)
    }

    fn read_set(text: &str, ring: &Keyring<Encrypter>) -> Result<JwkSet, Error> {
        jwe::decrypt_jwk_set(text, ring, &Limits::default(), NOW)
    }

    fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }

    fn private_key() -> Jwk {
        Jwk::from(EcPrivateKey::generate(EcCurve::P256).unwrap())
            .with_kid("2026-11")
            .unwrap()
            .with_alg(JwsAlg::ES256)
            .unwrap()
    }

    fn direct() -> Encrypter {
        let key = OctKey::new(vec![7; 32]).unwrap().into();
        Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key).unwrap()
    }

    fn header(token: &str) -> serde_json::Value {
        serde_json::from_slice(&from_base64url(token.split('.').next().unwrap())).unwrap()
    }

    /// A key for `enc` under each kind of key management that keys are encrypted with.
    fn encrypters() -> Vec<Encrypter> {
        let symmetric = OctKey::generate(32).unwrap().into();
        let agreed = OkpPrivateKey::generate(OkpCurve::X25519).unwrap().into();
        [
            Ok(direct()),
            Encrypter::new(JweAlg::A256KW, JweEnc::A256CBC_HS512, &symmetric),
            Encrypter::new(JweAlg::ECDH_ES, JweEnc::A256GCM, &agreed),
            Encrypter::password("a long passphrase, drawn by dice", JweEnc::A128CBC_HS256),
            Encrypter::password("a long passphrase, drawn by dice", JweEnc::A256GCM),
        ]
        .into_iter()
        .filter(|encrypter| !lacks_feature(encrypter))
        .map(Result::unwrap)
        .collect()
    }

    #[test]
    fn rfc_7517_appendix_c() {
        let Some(file) = vectors("rfc7517/examples.json") else { return };
        let examples = file.as_array().unwrap();
        let example = examples.iter().find(|example| example["id"] == "rfc7517-C").unwrap();
        let text = example["token"].as_str().unwrap();
        let password = OctKey::new(example["password_utf8"].as_str().unwrap()).unwrap().into();
        let decrypter =
            |password| Decrypter::new(JweAlg::PBES2_HS256_A128KW, JweEnc::A128CBC_HS256, password);
        let decrypter_of = decrypter(&password);
        if lacks_feature(&decrypter_of) {
            println!("skipped: rfc7517-C: {}", decrypter_of.unwrap_err());
            return;
        }
        let ring = Keyring::read_only().with_reader(decrypter_of.unwrap()).unwrap();
        let key = read(text, &ring).unwrap();
        let payload = from_base64url(example["payload_b64u"].as_str().unwrap());
        assert_eq!(key, Jwk::from_json(&payload).unwrap());
        assert_eq!(key.kid().unwrap().as_str(), "juliet@capulet.lit");
        assert_eq!((key.key_use(), key.material().is_secret()), (Some("enc"), true));

        // It is one key, not a set; and with 4096 rounds, which may be too many.
        assert_eq!(kind(read_set(text, &ring)), Some(ErrorKind::WrongType));
        let few = Limits::default().pbkdf2_rounds(4095);
        assert!(jwe::decrypt_jwk(text, &ring, &few, NOW).is_err());
        let other = OctKey::new("Thus from my lips, by mine, my sin is purged.").unwrap().into();
        let ring = Keyring::read_only().with_reader(decrypter(&other).unwrap()).unwrap();
        assert_eq!(kind(read(text, &ring)), Some(ErrorKind::Unauthentic));

        // Written again it says the same outside, but for its salt.
        let again = Encrypter::new(JweAlg::PBES2_HS256_A128KW, JweEnc::A128CBC_HS256, &password)
            .unwrap()
            .with_pbkdf2_rounds(4096)
            .unwrap();
        let again_text = jwe::encrypt_jwk(&key, &again).unwrap();
        let (mut theirs, mut ours) = (header(text), header(&again_text));
        theirs["p2s"].take();
        ours["p2s"].take();
        assert_eq!(ours, theirs);
        assert_eq!(again_text.len(), text.len());
        assert_eq!(read(&again_text, &Keyring::new(again)).unwrap(), key);
    }

    #[test]
    fn keys_and_sets_come_back_whole() {
        let key = private_key();
        let set: JwkSet = [key.clone(), Jwk::generate(JwsAlg::HS256).unwrap(), key.to_public().unwrap()]
            .into_iter()
            .collect();
        for encrypter in encrypters() {
            let ring = Keyring::new(encrypter.clone());
            let text = jwe::encrypt_jwk(&key, &encrypter).unwrap();
            assert_eq!(header(&text)["cty"], "jwk+json");
            assert_eq!(read(&text, &ring).unwrap(), key, "{encrypter:?}");
            assert_eq!(read(&format!("\n{text}\n"), &ring).unwrap(), key);
            assert_eq!(kind(read_set(&text, &ring)), Some(ErrorKind::WrongType));

            let text = jwe::encrypt_jwk_set(&set, &encrypter).unwrap();
            assert_eq!(header(&text)["cty"], "jwk-set+json");
            let found = read_set(&text, &ring).unwrap();
            assert_eq!((found.keys(), found.skipped().len()), (set.keys(), 0));
            assert_eq!(kind(read(&text, &ring)), Some(ErrorKind::WrongType));
        }
        let empty = jwe::encrypt_jwk_set(&JwkSet::new(), &direct()).unwrap();
        assert!(read_set(&empty, &Keyring::new(direct())).unwrap().keys().is_empty());
    }

    #[test]
    fn cty_must_be_there_and_protected() {
        let ring = Keyring::new(direct());
        let key = private_key();
        let secret = key.danger_to_secret_json();
        let content = Content::new(secret.as_str().as_bytes());
        let with = |cty| compact::encrypt(&content.content_type(cty), &(), &direct()).unwrap();
        for good in ["jwk+json", "JWK+JSON", "application/jwk+json"] {
            assert_eq!(read(&with(good), &ring).unwrap(), key, "{good}");
        }
        for bad in ["", "jwk", "json", "JWT", "jwk-set+json", "jwk+json ", "application/x/jwk+json"] {
            assert_eq!(kind(read(&with(bad), &ring)), Some(ErrorKind::WrongType), "{bad}");
        }
        let without = compact::encrypt(&content, &(), &direct()).unwrap();
        assert_eq!(kind(read(&without, &ring)), Some(ErrorKind::WrongType));

        // The JSON serialization is read as well, where the protected header says it.
        let flattened =
            json::encrypt_flattened(&content.content_type("jwk+json"), &(), &(), &direct()).unwrap();
        assert_eq!(read(&flattened, &ring).unwrap(), key);
        let flattened = json::encrypt_flattened(&content, &(), &(), &direct()).unwrap();
        assert_eq!(kind(read(&flattened, &ring)), Some(ErrorKind::WrongType));
        let mut moved: serde_json::Value = serde_json::from_str(&flattened).unwrap();
        moved["unprotected"] = serde_json::json!({"cty": "jwk+json"});
        assert_eq!(kind(read(&moved.to_string(), &ring)), Some(ErrorKind::WrongType));
    }

    #[test]
    fn what_is_inside_must_be_a_key() {
        let ring = Keyring::new(direct());
        let cases: [(&[u8], ErrorKind); 6] = [
            (b"", ErrorKind::InvalidJwk),
            (b"{}", ErrorKind::InvalidJwk),
            (b"[]", ErrorKind::InvalidJwk),
            (b"\xff", ErrorKind::InvalidJwk),
            (br#"{"kty":"oct","k":"AA","k":"AA"}"#, ErrorKind::InvalidJwk),
            (br#"{"kty":"of tomorrow"}"#, ErrorKind::UnsupportedKey),
        ];
        for (inside, due) in cases {
            let content = Content::new(inside).content_type("jwk+json");
            let text = compact::encrypt(&content, &(), &direct()).unwrap();
            let error = read(&text, &ring).unwrap_err();
            assert_eq!((error.kind(), error.fault()), (due, Fault::Caller));
        }
        let content = Content::new(br#"{"keys":[{"kty":"of tomorrow"}]}"#).content_type("jwk-set+json");
        let text = compact::encrypt(&content, &(), &direct()).unwrap();
        assert_eq!(read_set(&text, &ring).unwrap().skipped().len(), 1);
    }

    #[test]
    fn passwords_are_judged_and_tampering_is_noticed() {
        let password = Encrypter::password("a long passphrase, drawn by dice", JweEnc::A256GCM);
        if lacks_feature(&password) {
            return;
        }
        let password = password.unwrap();
        assert_eq!(kind(Encrypter::password("", JweEnc::A256GCM)), Some(ErrorKind::WeakKey));
        assert_eq!(
            kind(Encrypter::password(vec![b'a'; 1025], JweEnc::A256GCM)),
            Some(ErrorKind::InvalidKey)
        );
        let key = private_key();
        let text = jwe::encrypt_jwk(&key, &password).unwrap();
        let other = Encrypter::password("a long passphrase, drawn by hand", JweEnc::A256GCM).unwrap();
        assert_eq!(kind(read(&text, &Keyring::new(other))), Some(ErrorKind::Unauthentic));

        let more = password.clone().with_pbkdf2_rounds(10_001).unwrap();
        let costly = jwe::encrypt_jwk(&key, &more).unwrap();
        let ring = Keyring::new(password);
        assert!(read(&costly, &ring).is_err());
        let limits = Limits::default().pbkdf2_rounds(10_001);
        assert_eq!(jwe::decrypt_jwk(&costly, &ring, &limits, NOW).unwrap(), key);

        let ring = Keyring::new(direct());
        let text = jwe::encrypt_jwk(&key, &direct()).unwrap();
        for at in 0..text.len() {
            assert!(read(&text[..at], &ring).is_err(), "cut at {at}");
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let error = read(std::str::from_utf8(&other).unwrap(), &ring).unwrap_err();
            assert_eq!(error.fault(), Fault::Token, "changed at {at}");
        }
    }

    #[test]
    fn a_set_with_secrets_is_written_by_its_loud_name_only() {
        let set: JwkSet = [private_key(), Jwk::generate(JwsAlg::HS256).unwrap()].into_iter().collect();
        assert_eq!(kind(set.to_json()), Some(ErrorKind::KeyMismatch));
        let text = set.danger_to_secret_json();
        assert_eq!(JwkSet::from_json(text.as_str()).unwrap().keys(), set.keys());
        assert_eq!(format!("{text:?}"), "SecretText([secret])");
        assert_eq!(JwkSet::new().danger_to_secret_json().as_str(), r#"{"keys":[]}"#);
        let public: JwkSet = [private_key().to_public().unwrap()].into_iter().collect();
        assert_eq!(public.danger_to_secret_json().as_str(), public.to_json().unwrap());
    }
}

#[cfg(feature = "pem")]
mod in_pkcs8 {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use symbolon::{Error, ErrorKind, Fault, Jwk, KeyMaterial};

    use crate::support::{count, damaged, lacks_feature, noise};

    const PASSWORD: &str = "correct horse battery staple";

    macro_rules! encrypted {
        ($name:literal) => {
            ($name, include_str!(concat!("pem/encrypted/", $name, ".pem")))
        };
    }

    macro_rules! plain {
        ($name:literal) => {
            include_str!(concat!("pem/", $name, ".pkcs8.pem"))
        };
    }

    type File = (&'static str, &'static str);

    /// Each with the key that is in it.
    const READ: [(File, &str, &str); 10] = [
        (encrypted!("p256.aes128_sha256"), plain!("p256"), PASSWORD),
        (encrypted!("p256.aes192_sha512"), plain!("p256"), PASSWORD),
        (encrypted!("p256.aes256_sha384"), plain!("p256"), PASSWORD),
        (encrypted!("p256.aes256_sha1"), plain!("p256"), PASSWORD),
        (encrypted!("rsa.aes256_sha256"), plain!("rsa"), PASSWORD),
        (encrypted!("ed25519.aes256_sha256"), plain!("ed25519"), PASSWORD),
        // With 600,000 rounds.
        (encrypted!("ed25519.aes128_sha512"), plain!("ed25519"), PASSWORD),
        (encrypted!("x25519.aes192_sha256"), plain!("x25519"), PASSWORD),
        (encrypted!("ed25519.empty_password"), plain!("ed25519"), ""),
        (encrypted!("ed25519.utf8_password"), plain!("ed25519"), "пароль 🔑"),
    ];

    fn der_of(pem: &str) -> Vec<u8> {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        STANDARD.decode(body).unwrap()
    }

    fn pem_of(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    }

    fn kind(result: Result<KeyMaterial, Error>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }

    /// Whether this build can decrypt them; where not, that each says which feature it lacks.
    fn readable() -> bool {
        let [(_, pem), ..] = READ.map(|(file, ..)| file);
        let key = KeyMaterial::from_encrypted_pem(pem, PASSWORD);
        if lacks_feature(&key) {
            let error = key.unwrap_err();
            assert!(error.to_string().contains("rustcrypto"), "{error}");
            println!("skipped: encrypted PKCS#8: {error}");
            return false;
        }
        true
    }

    #[test]
    fn reads_what_openssl_writes() {
        if !readable() {
            return;
        }
        count("encrypted PKCS#8", READ, |((name, pem), plain, password)| {
            let plain = KeyMaterial::from_pem(plain);
            if lacks_feature(&plain) {
                println!("skipped: {name}");
                return Ok(());
            }
            let plain = plain.unwrap();
            let fault = |error: Error| format!("{name}: {error}");
            let keys = [
                KeyMaterial::from_encrypted_pem(pem, password).map_err(fault)?,
                KeyMaterial::from_encrypted_pem(pem.replace('\n', "\r\n  "), password).map_err(fault)?,
                KeyMaterial::from_encrypted_der(der_of(pem), password).map_err(fault)?,
                Jwk::from_encrypted_pem(pem, password).map_err(fault)?.material().clone(),
                Jwk::from_encrypted_der(der_of(pem), password).map_err(fault)?.material().clone(),
            ];
            if keys.iter().all(|key| *key == plain) { Ok(()) } else { Err(name.to_owned()) }
        });
    }

    #[test]
    fn a_wrong_password_is_one_error() {
        if !readable() {
            return;
        }
        let (_, pem) = encrypted!("ed25519.one_round");
        let mut said = std::collections::BTreeSet::new();
        // By chance one in 256 leaves good padding.
        let passwords = (0..2000).map(|number| format!("guess {number}"));
        let near = ["", "correct horse battery stapl", "correct horse battery staple ", "Correct"];
        for password in near.map(str::to_owned).into_iter().chain(passwords) {
            let error = KeyMaterial::from_encrypted_pem(pem, &password).unwrap_err();
            assert_eq!((error.kind(), error.fault()), (ErrorKind::InvalidPem, Fault::Caller));
            said.insert(error.to_string());
        }
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said.iter().all(|said| said.contains("password is wrong") && !said.contains("guess")));
    }

    #[test]
    fn other_schemes_say_how_to_convert_them() {
        for (name, pem) in [
            encrypted!("ed25519.scrypt"),
            encrypted!("ed25519.des3"),
            encrypted!("ed25519.sha224"),
            encrypted!("ed25519.camellia"),
            encrypted!("ed25519.pbes1"),
        ] {
            let error = KeyMaterial::from_encrypted_pem(pem, PASSWORD).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnsupportedAlgorithm, "{name}");
            assert!(error.to_string().contains("openssl pkcs8 -topk8"), "{name}: {error}");
        }
    }

    #[test]
    fn the_label_decides() {
        let (_, pem) = encrypted!("ed25519.aes256_sha256");
        // Whoever reads it without a password is told how to.
        for error in
            [KeyMaterial::from_pem(pem).unwrap_err(), KeyMaterial::from_der(der_of(pem)).unwrap_err()]
        {
            assert_eq!(error.kind(), ErrorKind::InvalidPem);
            assert!(error.to_string().contains("from_encrypted_pem"), "{error}");
        }
        // A key that is not encrypted is not read where one that is was expected.
        let plain = plain!("ed25519");
        assert_eq!(kind(KeyMaterial::from_encrypted_pem(plain, PASSWORD)), Some(ErrorKind::InvalidPem));
        let error = KeyMaterial::from_encrypted_der(der_of(plain), PASSWORD).unwrap_err();
        assert!(error.to_string().contains("not encrypted"), "{error}");
        let mislabelled = pem_of("ENCRYPTED PRIVATE KEY", &der_of(plain));
        assert_eq!(
            kind(KeyMaterial::from_encrypted_pem(mislabelled, PASSWORD)),
            Some(ErrorKind::InvalidPem)
        );
        let traditional = include_str!("pem/encrypted.pkcs1.pem");
        let error = KeyMaterial::from_encrypted_pem(traditional, PASSWORD).unwrap_err();
        assert!(error.to_string().contains("traditional"), "{error}");
        for text in [format!("{pem}{pem}"), format!("{pem}junk"), format!("junk{pem}"), String::new()] {
            let error = KeyMaterial::from_encrypted_pem(text, PASSWORD).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPem);
        }
        for long in [pem.len(), 70_000] {
            let long = vec![b' '; 64 * 1024 + long];
            assert_eq!(kind(KeyMaterial::from_encrypted_pem(&long, "")), Some(ErrorKind::InvalidPem));
            assert_eq!(kind(KeyMaterial::from_encrypted_der(&long, "")), Some(ErrorKind::InvalidPem));
        }
    }

    #[test]
    fn what_was_inside_is_judged_as_ever() {
        if !readable() {
            return;
        }
        let (_, pem) = encrypted!("rsa1024.aes256_sha256");
        assert_eq!(kind(KeyMaterial::from_encrypted_pem(pem, PASSWORD)), Some(ErrorKind::WeakKey));
    }

    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let len = content.len();
        let head = match len {
            0..=0x7f => vec![tag, len as u8],
            0x80..=0xff => vec![tag, 0x81, len as u8],
            _ => vec![tag, 0x82, (len >> 8) as u8, len as u8],
        };
        [head, content].concat()
    }

    const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
    const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
    const SHA_1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x07];
    const AES_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];

    /// `p256.aes256_sha1`, taken apart.
    struct Parts {
        salt: Vec<u8>,
        rounds: Vec<u8>,
        key_len: Option<Vec<u8>>,
        function: Vec<u8>,
        iv: Vec<u8>,
        ciphertext: Vec<u8>,
        behind: Vec<u8>,
    }

    impl Parts {
        fn new() -> Self {
            let der = der_of(encrypted!("p256.aes256_sha1").1);
            let after = |tag: &[u8]| {
                der.windows(tag.len()).position(|window| window == tag).unwrap() + tag.len()
            };
            let (salt, rounds, iv) = (after(&[0x04, 0x08]), after(&[0x02, 0x02]), after(&[0x04, 0x10]));
            assert_eq!(der[iv + 16..][..2], [0x04, 0x81]);
            let parts = Self {
                salt: der[salt..][..8].to_vec(),
                rounds: der[rounds..][..2].to_vec(),
                key_len: None,
                function: Vec::new(),
                iv: der[iv..][..16].to_vec(),
                ciphertext: der[iv + 19..].to_vec(),
                behind: Vec::new(),
            };
            assert_eq!(parts.der(), der);
            parts
        }

        fn der(&self) -> Vec<u8> {
            let key_len = self.key_len.as_ref().map(|len| element(0x02, &[len])).unwrap_or_default();
            let derivation = element(
                0x30,
                &[
                    &element(0x06, &[PBKDF2]),
                    &element(
                        0x30,
                        &[
                            &element(0x04, &[&self.salt]),
                            &element(0x02, &[&self.rounds]),
                            &key_len,
                            &self.function,
                            &self.behind,
                        ],
                    ),
                ],
            );
            let encryption = element(0x30, &[&element(0x06, &[AES_256]), &element(0x04, &[&self.iv])]);
            let parameters = element(0x30, &[&derivation, &encryption]);
            let scheme = element(0x30, &[&element(0x06, &[PBES2]), &parameters]);
            element(0x30, &[&scheme, &element(0x04, &[&self.ciphertext])])
        }

        fn read(&self) -> Result<KeyMaterial, Error> {
            KeyMaterial::from_encrypted_der(self.der(), PASSWORD)
        }
    }

    #[test]
    fn parameters_may_be_said_in_each_permitted_way() {
        if !readable() {
            return;
        }
        let due = KeyMaterial::from_pem(plain!("p256")).unwrap();
        let sha_1 = element(0x06, &[SHA_1]);
        for key_len in [None, Some(vec![32])] {
            for function in
                [Vec::new(), element(0x30, &[&sha_1]), element(0x30, &[&sha_1, &element(0x05, &[])])]
            {
                let parts = Parts { key_len: key_len.clone(), function, ..Parts::new() };
                assert_eq!(parts.read().unwrap(), due);
            }
        }
    }

    #[test]
    fn parameters_that_are_wrong_are_refused_before_any_work() {
        let sha_1 = element(0x06, &[SHA_1]);
        let cases = [
            // Five million and one; 2^31 and 2^64, which would take minutes and ages; none; less.
            Parts { rounds: vec![0x4c, 0x4b, 0x41], ..Parts::new() },
            Parts { rounds: vec![0x00, 0x80, 0, 0, 0], ..Parts::new() },
            Parts { rounds: vec![0x7f, 0xff, 0xff, 0xff], ..Parts::new() },
            Parts { rounds: vec![0x01, 0, 0, 0, 0, 0, 0, 0, 0], ..Parts::new() },
            // Of which the low 32 bits would be none too many.
            Parts { rounds: vec![0x01, 0, 0, 0x08, 0], ..Parts::new() },
            Parts { rounds: vec![0x7f; 600], ..Parts::new() },
            Parts { rounds: vec![0], ..Parts::new() },
            Parts { rounds: vec![0xff], ..Parts::new() },
            Parts { rounds: vec![], ..Parts::new() },
            Parts { rounds: vec![0, 1], ..Parts::new() },
            Parts { key_len: Some(vec![16]), ..Parts::new() },
            Parts { key_len: Some(vec![0]), ..Parts::new() },
            Parts { key_len: Some(vec![1, 0]), ..Parts::new() },
            Parts { key_len: Some(vec![]), ..Parts::new() },
            Parts { iv: vec![0; 15], ..Parts::new() },
            Parts { iv: vec![0; 17], ..Parts::new() },
            Parts { iv: vec![], ..Parts::new() },
            Parts { ciphertext: vec![], ..Parts::new() },
            Parts { ciphertext: vec![0; 15], ..Parts::new() },
            Parts { function: element(0x30, &[&sha_1, &element(0x05, &[&[0]])]), ..Parts::new() },
            Parts { function: element(0x30, &[&sha_1, &element(0x04, &[])]), ..Parts::new() },
            Parts { function: element(0x30, &[]), ..Parts::new() },
            Parts { behind: element(0x05, &[]), ..Parts::new() },
            Parts { behind: vec![0], ..Parts::new() },
        ];
        let start = std::time::Instant::now();
        for (case, parts) in cases.iter().enumerate() {
            let error = parts.read().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPem, "case {case}");
            assert!(!error.to_string().contains("password is wrong"), "case {case}: {error}");
        }
        let took = start.elapsed();
        assert!(took.as_millis() < 500, "{took:?}");
        assert_eq!(KeyMaterial::MAX_PBKDF2_ROUNDS, 5_000_000);
        // As many as that are none too many: it is the unknown hash that is told.
        let md5 = element(0x06, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05]]);
        let function = element(0x30, &[&md5]);
        let most = Parts { rounds: vec![0x4c, 0x4b, 0x40], function, ..Parts::new() };
        assert_eq!(most.read().unwrap_err().kind(), ErrorKind::UnsupportedAlgorithm);
    }

    #[test]
    fn an_encrypted_key_has_64_kib_at_most() {
        if !readable() {
            return;
        }
        let why = |len: usize| {
            let mut parts = Parts { ciphertext: vec![0; 64_000], salt: vec![0; 300], ..Parts::new() };
            // The salt makes up for what the blocks of the cipher leave.
            parts.salt = vec![0; len - parts.der().len() + 300];
            assert_eq!(parts.der().len(), len);
            parts.read().unwrap_err().to_string()
        };
        assert!(why(64 * 1024).contains("the password is wrong"), "{}", why(64 * 1024));
        assert!(!why(64 * 1024 + 1).contains("password"));
    }

    #[test]
    fn damaged_ones_are_typed_errors_or_other_keys() {
        let (_, pem) = encrypted!("ed25519.one_round");
        let der = der_of(pem);
        let can_read = readable();
        let due = KeyMaterial::from_pem(plain!("ed25519")).unwrap();
        // Without a tag some damage goes unnoticed: to the key, or to the version of its structure.
        let (mut run, mut same, mut other) = (0, 0, 0);
        let mut judge = |key: Result<KeyMaterial, Error>| {
            run += 1;
            match key {
                Ok(key) if key == due => same += 1,
                Ok(_) => other += 1,
                Err(error) => assert_eq!(error.fault(), Fault::Caller),
            }
        };
        for (at, text) in damaged(&der).enumerate() {
            let key = KeyMaterial::from_encrypted_der(&text, PASSWORD);
            assert!(at >= der.len() || key.is_err(), "cut at {at}");
            judge(key);
        }
        // Behind the last dash there is only a line end; a flip there or at another one may be free.
        for (at, text) in damaged(pem.as_bytes()).enumerate() {
            let key = KeyMaterial::from_encrypted_pem(&text, PASSWORD);
            assert!(at >= pem.trim_end().len() || key.is_err(), "cut at {at}");
            judge(key);
        }
        for seed in 0..2000 {
            let bytes = noise(seed, (seed % 257) as usize);
            judge(KeyMaterial::from_encrypted_der(&bytes, PASSWORD));
            judge(KeyMaterial::from_encrypted_pem(pem_of("ENCRYPTED PRIVATE KEY", &bytes), ""));
            // Good parameters around any ciphertext; fewer, for each costs its rounds.
            if can_read && seed < 100 {
                let parts = Parts { ciphertext: noise(seed, 144), ..Parts::new() };
                assert_eq!(kind(parts.read()), Some(ErrorKind::InvalidPem));
            }
        }
        println!("damaged encrypted PKCS#8: {run} run, {same} read, {other} as other keys, 0 wrong");
    }
}
