//! jsonwebtoken 11.1 (with AWS-LC): every algorithm it has, both ways, keys as PEM, DER and JWK.

use jsonwebtoken as peer;
use serde_json::{Value, json};
use symbolon::{
    Claims, ErrorKind, HmacAlg, Jwk, JwkSet, JwsAlg, JwsCodec, KeyType, Keyring, Limits, NoCustom,
    OctKey, Signer, Token, TokenCodecExt, Validator, Verified, Verifier, jws::compact,
};
use time::{Duration, OffsetDateTime};

const ISSUER: &str = "https://id.example";

/// All that the peer has.
const ALGS: [(JwsAlg, peer::Algorithm); 12] = [
    (JwsAlg::HS256, peer::Algorithm::HS256),
    (JwsAlg::HS384, peer::Algorithm::HS384),
    (JwsAlg::HS512, peer::Algorithm::HS512),
    (JwsAlg::RS256, peer::Algorithm::RS256),
    (JwsAlg::RS384, peer::Algorithm::RS384),
    (JwsAlg::RS512, peer::Algorithm::RS512),
    (JwsAlg::PS256, peer::Algorithm::PS256),
    (JwsAlg::PS384, peer::Algorithm::PS384),
    (JwsAlg::PS512, peer::Algorithm::PS512),
    (JwsAlg::ES256, peer::Algorithm::ES256),
    (JwsAlg::ES384, peer::Algorithm::ES384),
    (JwsAlg::EDDSA, peer::Algorithm::EdDSA),
];

/// A fresh key of ours, by the name of its algorithm.
fn fresh(alg: JwsAlg) -> Jwk {
    Jwk::generate(alg).unwrap().with_kid(alg.name()).unwrap()
}

/// The key as the peer signs with it, by every road it has: PEM, and DER.
fn encoding_keys(key: &Jwk) -> Vec<(&'static str, peer::EncodingKey)> {
    let material = key.material();
    if let symbolon::KeyMaterial::Oct(secret) = material {
        return vec![("secret", peer::EncodingKey::from_secret(secret.as_bytes()))];
    }
    let pem = material.to_pkcs8_pem().unwrap();
    let der = material.to_pkcs8_der().unwrap();
    let (pem, der) = (pem.as_str().as_bytes(), der.as_bytes());
    match material.key_type() {
        // The peer's DER of an RSA key is PKCS#1; we write PKCS#8, which it takes as PEM alone.
        KeyType::Rsa => vec![("PKCS#8 PEM", peer::EncodingKey::from_rsa_pem(pem).unwrap())],
        KeyType::Ec => vec![
            ("PKCS#8 PEM", peer::EncodingKey::from_ec_pem(pem).unwrap()),
            ("PKCS#8 DER", peer::EncodingKey::from_ec_der(der)),
        ],
        _ => vec![
            ("PKCS#8 PEM", peer::EncodingKey::from_ed_pem(pem).unwrap()),
            ("PKCS#8 DER", peer::EncodingKey::from_ed_der(der)),
        ],
    }
}

/// The key as the peer verifies with it, by every road it has: SPKI, and JWK.
fn decoding_keys(key: &Jwk) -> Vec<(&'static str, peer::DecodingKey)> {
    let material = key.material();
    let (jwk, mut keys) = match material {
        symbolon::KeyMaterial::Oct(secret) => (
            key.danger_to_secret_json().as_str().to_owned(),
            vec![("secret", peer::DecodingKey::from_secret(secret.as_bytes()))],
        ),
        _ => {
            let pem = material.to_public().unwrap().to_spki_pem().unwrap();
            let pem = pem.as_bytes();
            let from_pem = match material.key_type() {
                KeyType::Rsa => peer::DecodingKey::from_rsa_pem(pem),
                KeyType::Ec => peer::DecodingKey::from_ec_pem(pem),
                _ => peer::DecodingKey::from_ed_pem(pem),
            };
            (key.to_public().unwrap().to_json().unwrap(), vec![("SPKI PEM", from_pem.unwrap())])
        }
    };
    let jwk: peer::jwk::Jwk = serde_json::from_str(&jwk).unwrap();
    assert_eq!(jwk.common.key_id.as_deref(), Some(key.kid().unwrap().as_str()));
    keys.push(("JWK", peer::DecodingKey::from_jwk(&jwk).unwrap()));
    keys
}

fn in_ten_minutes() -> i64 {
    (OffsetDateTime::now_utc() + Duration::minutes(10)).unix_timestamp()
}

fn claims(aud: Value) -> Value {
    json!({"iss": ISSUER, "sub": "7", "aud": aud, "exp": in_ten_minutes(), "role": "admin", "né": "ü\n"})
}

fn policy() -> Validator {
    Validator::new().issuer(ISSUER).audience("api")
}

/// A ring of `key`'s public half that was read back from its JWK Set.
fn reading(key: &Jwk) -> JwsCodec {
    let jwk = key.to_public().and_then(|public| public.to_json()).unwrap_or_else(|_| {
        key.danger_to_secret_json().as_str().to_owned() // symmetric
    });
    let set = JwkSet::from_json(format!(r#"{{"keys":[{jwk}]}}"#)).unwrap();
    let ring = Keyring::from_jwk_set(&set);
    assert_eq!(ring.len(), 1);
    JwsCodec::new(ring)
}

#[test]
fn verifies_what_the_peer_issues() {
    let mut tokens = 0;
    for (alg, peer_alg) in ALGS {
        let key = fresh(alg);
        let ours = reading(&key);
        for (road, encoding) in encoding_keys(&key) {
            for (kid, aud) in [
                (Some(alg.name()), json!("api")),
                (Some(alg.name()), json!(["admin", "api"])),
                (None, json!(["api"])),
            ] {
                // The peer writes `typ` first, then `alg`: not the order that is prepared here.
                let mut header = peer::Header::new(peer_alg);
                header.kid = kid.map(str::to_owned);
                let token = peer::encode(&header, &claims(aud), &encoding).unwrap();
                let verified: Verified<Value> = ours
                    .decode(&token)
                    .and_then(|token| token.validate(&policy()))
                    .unwrap_or_else(|error| panic!("{alg} by {road}: {error}"));
                assert_eq!(verified.envelope().alg(), alg.name());
                assert_eq!(verified.custom()["né"], "ü\n");
                tokens += 1;
            }
        }
    }
    println!(
        "jsonwebtoken issues, symbolon verifies: {} algorithms, {tokens} tokens, 0 wrong",
        ALGS.len()
    );
}

#[test]
fn the_peer_verifies_what_is_issued() {
    let mut tokens = 0;
    for (alg, peer_alg) in ALGS {
        let key = fresh(alg);
        let named = Signer::from_jwk(&key).unwrap();
        let nameless = Signer::new(alg, key.material()).unwrap();
        for (road, decoding) in decoding_keys(&key) {
            for (signer, aud) in
                [(&named, vec!["api"]), (&named, vec!["x", "api"]), (&nameless, vec!["api"])]
            {
                let ours = JwsCodec::new(signer.clone());
                let claims = Claims::new(json!({"role": "admin", "né": "ü\n"}))
                    .with_issuer(ISSUER)
                    .with_audience(aud)
                    .with_expiry(OffsetDateTime::now_utc() + Duration::minutes(10));
                let token = ours.encode(&claims).unwrap();
                let mut validation = peer::Validation::new(peer_alg);
                validation.set_audience(&["api"]);
                validation.set_issuer(&[ISSUER]);
                validation.set_required_spec_claims(&["exp", "aud", "iss"]);
                let data: peer::TokenData<Value> = peer::decode(&token, &decoding, &validation)
                    .unwrap_or_else(|error| panic!("{alg} by {road}: {error}"));
                assert_eq!(data.header.typ.as_deref(), Some("JWT"));
                assert_eq!(data.header.kid.as_deref(), signer.kid().map(|kid| kid.as_str()));
                assert_eq!(data.claims["né"], "ü\n");
                tokens += 1;
            }
        }
    }
    println!(
        "symbolon issues, jsonwebtoken verifies: {} algorithms, {tokens} tokens, 0 wrong",
        ALGS.len()
    );
}

#[test]
fn reads_the_public_keys_that_the_peer_writes() {
    let mut keys = 0;
    for (alg, peer_alg) in ALGS {
        let key = fresh(alg);
        let (_, encoding) = encoding_keys(&key).swap_remove(0);
        let mut written = peer::jwk::Jwk::from_encoding_key(&encoding, peer_alg).unwrap();
        written.common.key_id = Some(alg.name().to_owned());
        let text = serde_json::to_string(&peer::jwk::JwkSet { keys: vec![written] }).unwrap();
        let set = JwkSet::from_json(&text).unwrap();
        let read = set.find(alg.name()).unwrap_or_else(|| panic!("{alg}: {:?}", set.skipped()));
        assert_eq!(read.thumbprint(), key.thumbprint());

        let token =
            peer::encode(&peer::Header::new(peer_alg), &claims(json!("api")), &encoding).unwrap();
        let verifier = Verifier::from_jwk(read).unwrap();
        let codec = JwsCodec::new(Keyring::read_only().with_reader(verifier).unwrap());
        let token: Token<Value> = codec.decode(&token).unwrap();
        assert!(token.validate(&policy()).is_ok());
        keys += 1;
    }
    println!("jsonwebtoken writes JWKs, symbolon reads and verifies: {keys} keys, 0 wrong");
}

#[test]
fn the_peer_finds_the_key_in_a_set_by_kid() {
    let keys: Vec<Jwk> =
        ALGS.iter().map(|(alg, _)| fresh(*alg)).filter(|key| key.to_public().is_ok()).collect();
    let set: JwkSet =
        keys.iter().map(|key| key.to_public().unwrap()).fold(JwkSet::new(), |mut set, key| {
            set.push(key);
            set
        });
    let peers: peer::jwk::JwkSet = serde_json::from_str(&set.to_json().unwrap()).unwrap();
    for key in &keys {
        let token = JwsCodec::new(Signer::from_jwk(key).unwrap())
            .encode(
                &Claims::new(json!({})).with_expiry(OffsetDateTime::now_utc() + Duration::minutes(1)),
            )
            .unwrap();
        let header = peer::decode_header(&token).unwrap();
        let found = peers.find(header.kid.as_deref().unwrap()).unwrap();
        let decoding = peer::DecodingKey::from_jwk(found).unwrap();
        peer::decode::<Value>(&token, &decoding, &peer::Validation::new(header.alg)).unwrap();
    }
    println!("symbolon writes a JWK Set, jsonwebtoken finds and verifies: {} keys, 0 wrong", keys.len());
}

#[test]
fn headers_of_ones_own_travel_both_ways() {
    let key = fresh(JwsAlg::ES256);
    let codec = JwsCodec::new(Signer::from_jwk(&key).unwrap());
    let (_, encoding) = encoding_keys(&key).swap_remove(0);
    let (_, decoding) = decoding_keys(&key).swap_remove(0);

    let mut header = peer::Header::new(peer::Algorithm::ES256);
    header.typ = Some("at+jwt".into());
    header.cty = Some("example".into());
    header.jku = Some("https://elsewhere.example/keys".into());
    header.extras.insert("tenant", "blue");
    let token = peer::encode(&header, &claims(json!("api")), &encoding).unwrap();
    #[derive(serde::Deserialize, serde::Serialize)]
    struct Tenant {
        tenant: String,
    }
    let (read, custom): (Token<Value>, Tenant) = codec.decode_with_header(&token).unwrap();
    assert_eq!(custom.tenant, "blue");
    assert_eq!(read.envelope().content_type(), Some("example"));
    assert!(read.validate(&policy().typ("at+jwt")).is_ok());
    let plain: Token<Value> = codec.decode(&token).unwrap();
    assert_eq!(plain.validate(&policy()).unwrap_err().kind(), ErrorKind::WrongType);

    let ours = Claims::new(json!({})).with_expiry(OffsetDateTime::now_utc() + Duration::minutes(1));
    let token = codec.encode_with_header(&ours, &Tenant { tenant: "red".into() }).unwrap();
    let validation = peer::Validation::new(peer::Algorithm::ES256);
    let data: peer::TokenData<Value> = peer::decode(&token, &decoding, &validation).unwrap();
    assert_eq!(data.header.extras.get::<String>("tenant").unwrap().as_deref(), Some("red"));
    println!("headers of one's own: 2 tokens, 0 wrong");
}

#[test]
fn every_changed_character_of_a_peers_token_is_refused() {
    let mut changed: usize = 0;
    for (alg, peer_alg) in ALGS {
        let key = fresh(alg);
        let ours = reading(&key);
        let (_, encoding) = encoding_keys(&key).swap_remove(0);
        let token =
            peer::encode(&peer::Header::new(peer_alg), &claims(json!("api")), &encoding).unwrap();
        assert!(ours.decode::<Value>(&token).is_ok());
        for at in 0..token.len() {
            // The neighbour in base64url's alphabet: one bit of what it stands for.
            let other = match token.as_bytes()[at] {
                b'A' => 'B',
                b'.' => 'a',
                _ => 'A',
            };
            let mut text = token.clone();
            text.replace_range(at..=at, &other.to_string());
            assert!(ours.decode::<Value>(&text).is_err(), "{alg} at {at}");
            changed += 1;
        }
        for end in 0..token.len() {
            assert!(ours.decode::<Value>(&token[..end]).is_err(), "{alg} cut at {end}");
            changed += 1;
        }
    }
    println!("tampered tokens of jsonwebtoken: {changed} refused, 0 accepted");
}

/// What the peer lets pass, and we do not.
mod comparison {
    use super::*;

    struct Pair {
        encoding: peer::EncodingKey,
        decoding: peer::DecodingKey,
        ours: JwsCodec,
    }

    fn pair() -> Pair {
        let secret = OctKey::generate(32).unwrap();
        Pair {
            encoding: peer::EncodingKey::from_secret(secret.as_bytes()),
            decoding: peer::DecodingKey::from_secret(secret.as_bytes()),
            ours: JwsCodec::new(secret.signer(HmacAlg::Hs256).unwrap()),
        }
    }

    fn judged(codec: &JwsCodec, token: &str, validator: &Validator) -> ErrorKind {
        let judged: symbolon::Result<Verified<NoCustom>> =
            codec.decode(token).and_then(|token| token.validate(validator));
        judged.unwrap_err().kind()
    }

    #[test]
    fn an_unknown_critical_parameter_is_refused() {
        let pair = pair();
        let mut header = peer::Header::default();
        header.crit = Some(vec!["policy".into()]);
        header.extras.insert("policy", "strict");
        let token = peer::encode(&header, &json!({"exp": in_ten_minutes()}), &pair.encoding).unwrap();
        let validation = peer::Validation::default();
        assert!(
            peer::decode::<Value>(&token, &pair.decoding, &validation).is_ok(),
            "the peer lets it pass"
        );
        assert_eq!(judged(&pair.ours, &token, &Validator::new()), ErrorKind::UnsupportedHeader);
        println!("crit: jsonwebtoken ignores it, symbolon refuses");
    }

    #[test]
    fn a_configured_claim_that_is_absent_is_refused() {
        let pair = pair();
        let token =
            peer::encode(&peer::Header::default(), &json!({"exp": in_ten_minutes()}), &pair.encoding)
                .unwrap();
        let mut validation = peer::Validation::default();
        validation.set_audience(&["api"]);
        validation.set_issuer(&[ISSUER]);
        validation.sub = Some("7".into());
        assert!(
            peer::decode::<Value>(&token, &pair.decoding, &validation).is_ok(),
            "the peer lets it pass"
        );
        for validator in [
            Validator::new().audience("api"),
            Validator::new().issuer(ISSUER),
            Validator::new().subject("7"),
        ] {
            assert_eq!(judged(&pair.ours, &token, &validator), ErrorKind::MissingClaim);
        }
        println!("aud, iss, sub absent: jsonwebtoken lets them pass, symbolon refuses each");
    }

    #[test]
    fn a_configured_claim_of_a_wrong_type_is_refused() {
        let pair = pair();
        let claims = json!({"exp": in_ten_minutes(), "aud": 7, "iss": {"a": 1}});
        let token = peer::encode(&peer::Header::default(), &claims, &pair.encoding).unwrap();
        let mut validation = peer::Validation::default();
        validation.set_audience(&["api"]);
        validation.set_issuer(&[ISSUER]);
        assert!(
            peer::decode::<Value>(&token, &pair.decoding, &validation).is_ok(),
            "the peer lets it pass"
        );
        let validator = Validator::new().audience("api").issuer(ISSUER);
        assert_eq!(judged(&pair.ours, &token, &validator), ErrorKind::MalformedClaims);
        println!("aud, iss of a wrong type: jsonwebtoken lets them pass, symbolon refuses");
    }

    #[test]
    fn a_token_that_is_not_valid_yet_is_refused() {
        let pair = pair();
        let claims = json!({"exp": in_ten_minutes(), "nbf": in_ten_minutes() - 60});
        let token = peer::encode(&peer::Header::default(), &claims, &pair.encoding).unwrap();
        let validation = peer::Validation::default();
        assert!(
            peer::decode::<Value>(&token, &pair.decoding, &validation).is_ok(),
            "the peer lets it pass"
        );
        assert_eq!(judged(&pair.ours, &token, &Validator::new()), ErrorKind::NotYetValid);
        println!("nbf: jsonwebtoken does not look unless told, symbolon refuses");
    }

    #[test]
    fn a_token_that_expired_just_now_is_refused() {
        let pair = pair();
        let claims = json!({"exp": OffsetDateTime::now_utc().unix_timestamp() - 30});
        let token = peer::encode(&peer::Header::default(), &claims, &pair.encoding).unwrap();
        let validation = peer::Validation::default();
        assert!(
            peer::decode::<Value>(&token, &pair.decoding, &validation).is_ok(),
            "the peer lets it pass"
        );
        assert_eq!(judged(&pair.ours, &token, &Validator::new()), ErrorKind::Expired);
        println!("expired by 30 s: jsonwebtoken lets it pass, symbolon refuses");
    }

    #[test]
    fn a_short_secret_is_refused() {
        let token = peer::encode(
            &peer::Header::default(),
            &json!({"exp": in_ten_minutes()}),
            &peer::EncodingKey::from_secret(b""),
        )
        .unwrap();
        let empty = peer::DecodingKey::from_secret(b"");
        let validation = peer::Validation::default();
        assert!(peer::decode::<Value>(&token, &empty, &validation).is_ok(), "the peer lets it pass");
        assert!(JwsCodec::hs256(b"".to_vec()).is_err());
        assert_eq!(JwsCodec::hs256(b"secret".to_vec()).unwrap_err().kind(), ErrorKind::WeakKey);
        println!("empty secret: jsonwebtoken takes it, symbolon refuses");
    }

    #[test]
    fn a_public_key_is_no_shared_secret() {
        let pem = fresh(JwsAlg::ES256).material().to_public().unwrap().to_spki_pem().unwrap();
        let forged = peer::encode(
            &peer::Header::default(),
            &json!({"exp": in_ten_minutes()}),
            &peer::EncodingKey::from_secret(pem.as_bytes()),
        )
        .unwrap();
        let secret = peer::DecodingKey::from_secret(pem.as_bytes());
        let validation = peer::Validation::default();
        assert!(peer::decode::<Value>(&forged, &secret, &validation).is_ok(), "the peer lets it pass");
        assert_eq!(JwsCodec::hs256(pem.into_bytes()).unwrap_err().kind(), ErrorKind::KeyMismatch);
        println!("a PEM as HMAC secret: jsonwebtoken takes it, symbolon refuses");
    }

    #[test]
    fn a_claim_that_stands_twice_is_refused() {
        let pair = pair();
        // serde_json writes no member twice, so the text is signed as bytes.
        let payload = format!(r#"{{"exp":{0},"role":"user","role":"admin"}}"#, in_ten_minutes());
        let ring = pair.ours.keys().load();
        let parameters = compact::Parameters::new().typ("JWT");
        let token =
            compact::sign(payload.as_bytes(), &parameters, &(), ring.primary().unwrap()).unwrap();
        let validation = peer::Validation::default();
        assert!(
            peer::decode::<Value>(&token, &pair.decoding, &validation).is_ok(),
            "the peer lets it pass"
        );
        assert_eq!(judged(&pair.ours, &token, &Validator::new()), ErrorKind::MalformedClaims);
        assert!(compact::verify(&token, &ring, &Limits::default(), OffsetDateTime::now_utc()).is_ok());
        println!("a claim that stands twice: jsonwebtoken takes the last, symbolon refuses");
    }
}
