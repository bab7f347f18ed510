//! Writes the seeds anew: `cargo run --example seeds` in the folder `fuzz`.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use symbolon::jwe::{self, Content};
use symbolon::jws::compact::{self, Parameters};
use symbolon::jws::{NewSignature, detached, flattened, general};
use symbolon::{Body, Encrypter, Format, JweEnc, Jwk, JwkSet, JwsAlg, TokenCodec, TokenCodecExt};
use symbolon_fuzz::targets::any_of::codecs;
use symbolon_fuzz::targets::jwe::recipients;
use symbolon_fuzz::targets::jws::signers;
use symbolon_fuzz::targets::{NOW, TARGETS};
use time::{Duration, OffsetDateTime};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// RFC 7515 A.1 and A.2.
const TOKENS: [&str; 2] = [
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
];

const HEADERS: [&str; 9] = [
    r#"{"alg":"HS256","kid":"hs","typ":"JWT"}"#,
    r#"{"typ":"at+jwt","alg":"ES256","kid":"es"}"#,
    r#"{"alg":"EdDSA","cty":"application/json","kid":"ed"}"#,
    r#"{"alg":"Ed25519","typ":"application/at+jwt"}"#,
    r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
    r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"},"x5c":["AA"],"jku":"https://x.example"}"#,
    r#"{"\u0061lg":"HS256","tenant":{"a":[1,-2.5e3,null,true]}}"#,
    r#"{"alg":"HS256","alg":"none"}"#,
    r#"{"alg":"none"}"#,
];

const JWKS: [&str; 6] = [
    r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
    r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#,
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    r#"{"kty":"OKP","crv":"X25519","kid":"Bob","use":"enc","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}"#,
    r#"{"kty":"RSA","n":"not base64!","e":"AQAB","x5t":"AA","key_ops":["verify"],"ext":true}"#,
    r#"{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"}"#,
];

fn main() -> Result {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, _) in TARGETS {
        let folder = corpus.join(name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds(name)?.into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), seed)?;
        }
    }
    Ok(())
}

fn now() -> Result<OffsetDateTime> {
    Ok(OffsetDateTime::from_unix_timestamp(NOW)?)
}

fn full_claims() -> Value {
    json!({
        "iss": "https://id.example", "aud": ["ops", "api"], "sub": "7", "jti": "1",
        "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 600, "role": "admin",
    })
}

fn seeds(target: &str) -> Result<Vec<Vec<u8>>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    Ok(match target {
        "jws_compact" => {
            let mut seeds: Vec<_> = texts(&TOKENS);
            for signer in signers() {
                let claims = full_claims().to_string();
                for typ in ["JWT", "at+jwt"] {
                    let parameters = Parameters::new().typ(typ);
                    seeds.push(compact::sign(claims.as_bytes(), &parameters, &(), signer)?.into());
                }
                let header = json!({"tenant": "blue"});
                seeds.push(compact::sign(b"", &Parameters::new(), &header, signer)?.into());
            }
            seeds
        }
        "jws_json" => {
            let signatures: Vec<_> = signers().iter().map(NewSignature::by).collect();
            let [one, two, three] = &signatures[..] else { return Err("three signers".into()) };
            let (custom, claims) = (json!({"hop": 3}), full_claims().to_string());
            texts(&[
                &flattened::sign(claims.as_bytes(), one)?,
                &flattened::sign(b"any bytes", &two.unprotected(&custom).typ("example"))?,
                &flattened::sign(b"$.02", &three.unencoded().unprotected_kid())?,
                &general::sign(b"a deal", &signatures)?,
                &general::sign(b"a \"deal\"", &[one.unencoded(), two.unencoded().protected(&custom)])?,
                &detached::sign_flattened(b"payload", one)?,
                &detached::sign_general(b"payload", &[two.unencoded(), three.unencoded()])?,
            ])
        }
        "jwe_compact" | "jwe_json" => messages(target == "jwe_compact")?,
        "zip" => {
            let limits = [1, 0, 20];
            let text = full_claims().to_string().repeat(3);
            let mut seeds = vec![[&limits, &[1, 3, 0, !3, !0][..], b"abc"].concat()];
            for (payload, level) in
                [(&b""[..], 6), (b"abcabcabcabc", 1), (text.as_bytes(), 9), (&[0; 4096], 9)]
            {
                let compressed = miniz_oxide::deflate::compress_to_vec(payload, level);
                seeds.push([&limits[..], &compressed].concat());
            }
            seeds
        }
        "jwe_structured" => {
            // Each third kind of recipient, in each serialization in turn, with each part changed.
            let kinds = (0..recipients().len() as u8).step_by(3).enumerate();
            let said = |(at, kind): (usize, u8)| {
                let at = at as u8;
                let head = [at, at.wrapping_mul(37), kind, at % 2, kind / 2, at];
                [&head[..], b"\x01u\x01v\x03aad", &[7, at, 1, at / 3, at, 1, 2, 3], b"payload"].concat()
            };
            kinds.map(said).collect()
        }
        "jws_structured" => {
            (0..32).map(|at| [&[at & 1, at >> 1, at >> 3], &*mixed(at, 24)].concat()).collect()
        }
        "claims_structured" => (0..32).map(|at| mixed(at, 48)).collect(),
        "amora_structured" | "sealed_structured" | "any_of" => (0..16).map(|at| mixed(at, 40)).collect(),
        "encrypted_pkcs8" => {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/pem/encrypted");
            let mut seeds = Vec::new();
            for name in [
                "ed25519.one_round",
                "ed25519.aes128_sha512",
                "ed25519.aes256_sha256",
                "ed25519.scrypt",
                "ed25519.des3",
                "ed25519.sha224",
                "ed25519.pbes1",
                "p256.aes256_sha1",
            ] {
                let pem = fs::read_to_string(folder.join(format!("{name}.pem")))?;
                let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
                seeds.push(STANDARD.decode(base64)?);
            }
            seeds
        }
        "header" => texts(&HEADERS),
        "claims" => {
            let fractions = format!(r#"{{"exp":{}.75,"nbf":{}e0,"iat":1.5E9}}"#, NOW + 60, NOW - 1);
            let mut seeds: Vec<_> = texts(&[
                &full_claims().to_string(),
                &fractions,
                r#"{"exp":"1793491260","aud":7,"iss":null}"#,
                r#"{"exp":1e400,"nbf":-0,"iat":99999999999999999999}"#,
                r#"{"aud":[],"exp":9223372036854775807,"nbf":-9223372036854775808}"#,
                r#"{"exp":4102444800,"exp":1,"n\u00e9":"\ud83d\udd11","a":[[[[{}]]]]}"#,
                "[1,2,3]",
            ]);
            seeds.push(
                format!("{{\"exp\":4102444800,\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40)).into(),
            );
            seeds
        }
        "jwk" => {
            let mut seeds: Vec<_> = texts(&JWKS);
            for alg in [JwsAlg::RS256, JwsAlg::ES512, JwsAlg::ES256K, JwsAlg::EDDSA, JwsAlg::HS384] {
                let key = Jwk::generate(alg)?
                    .with_kid("a")?
                    .with_use("sig")?
                    .with_key_ops(["sign", "verify"])?;
                seeds.push(key.danger_to_secret_json().as_str().into());
                if let Ok(public) = key.to_public() {
                    seeds.push(public.to_json()?.into());
                }
            }
            seeds
        }
        "jwks" => {
            let mut set = JwkSet::new();
            for alg in [JwsAlg::PS256, JwsAlg::ES384, JwsAlg::ED25519] {
                set.push(Jwk::generate(alg)?.with_thumbprint_kid()?.to_public()?);
            }
            let all = format!(r#"{{"issuer":"https://id.example","keys":[{},7]}}"#, JWKS.join(","));
            texts(&[r#"{"keys":[]}"#, &all, &set.to_json()?])
        }
        "pem" => {
            let mut seeds = Vec::new();
            for alg in [JwsAlg::RS256, JwsAlg::ES256, JwsAlg::ES512, JwsAlg::ES256K, JwsAlg::EDDSA] {
                let key = Jwk::generate(alg)?.into_material();
                seeds.push(key.to_pkcs8_pem()?.as_str().into());
                seeds.push(key.to_pkcs8_der()?.as_bytes().to_vec());
                seeds.push(key.to_spki_pem()?.into());
                seeds.push(key.to_spki_der()?);
            }
            // The other labels, as other programs write them.
            let others = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/pem");
            for name in [
                "rsa.pkcs1",
                "rsa.pkcs1_public",
                "p256.sec1",
                "p384.sec1",
                "p256.certificate",
                "ed25519.certificate",
                "rsa.certificate",
                "explicit.sec1",
                "encrypted.pkcs8",
                "encrypted.pkcs1",
                "x25519.pkcs8",
            ] {
                seeds.push(fs::read(others.join(format!("{name}.pem")))?);
            }
            seeds
        }
        "amora" | "sealed" => {
            let mut seeds = Vec::new();
            let claims = full_claims().to_string();
            for codec in codecs() {
                for payload in [claims.as_bytes(), br#"{"exp":4102444800}"#] {
                    let Ok(token) = token(&**codec, payload) else { continue };
                    let is_amora = match codec.open_at(&token, now()?)?.envelope().format() {
                        Format::AmoraZero | Format::AmoraOne => true,
                        Format::Sealed | Format::SealedHeaderless => false,
                        _ => continue,
                    };
                    if is_amora == (target == "amora") {
                        // As text, and as the bytes behind it.
                        let text = token.strip_prefix("se").unwrap_or(&token);
                        seeds.extend(URL_SAFE_NO_PAD.decode(text).ok());
                        seeds.push(token.into());
                    }
                }
            }
            seeds
        }
        "one_changed_byte" => {
            let formats = (0..codecs().len() as u8).flat_map(|format| [format, format | 0x80]);
            formats.map(|format| [&[format, 0, 40, 1], &b"payload"[..]].concat()).collect()
        }
        other => return Err(format!("no seeds for {other}").into()),
    })
}

fn token(codec: &dyn TokenCodec, payload: &[u8]) -> Result<String> {
    let body = Body::new(payload).issued_at(now()?).expires_at(now()? + Duration::minutes(1));
    Ok(codec.seal(&body)?)
}

/// Messages to the fixed keys, most of them named.
fn messages(compact: bool) -> Result<Vec<Vec<u8>>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    let jwk = Jwk::generate(JwsAlg::ES256)?.danger_to_secret_json();
    let content = Content::new(jwk.as_str().as_bytes()).content_type("jwk+json");
    let custom = json!({"tenant": "blue"});
    for (encrypter, _) in recipients().iter().filter(|(encrypter, _)| encrypter.enc() == JweEnc::A256GCM)
    {
        let named = |encrypter: &Encrypter| {
            encrypter.clone().with_kid(format!("{}+{}", encrypter.alg(), encrypter.enc()).as_str())
        };
        if compact {
            seeds.push(
                jwe::compact::encrypt(&Content::new(b"x").typ("JWT"), &(), &named(encrypter)?)?.into(),
            );
        } else {
            let content = Content::new(b"any bytes").additional_data(b"seen by all");
            let message =
                jwe::json::encrypt_flattened(&content, &custom, &json!({"hop": 3}), &named(encrypter)?);
            seeds.push(message?.into());
        }
    }
    let of = |name: &str, enc: JweEnc| {
        let mut all = recipients().iter().map(|(encrypter, _)| encrypter);
        all.find(|encrypter| encrypter.alg().name() == name && encrypter.enc() == enc)
            .cloned()
            .ok_or("no such")
    };
    for enc in JweEnc::all() {
        let (wrap, agree) = (of("A128KW", enc)?, of("ECDH-ES+A256KW", enc)?);
        seeds.push(if compact {
            jwe::compact::encrypt(&content.danger_compressed(), &custom, &wrap)?.into()
        } else {
            let all = [wrap.with_kid("someone else's")?, agree.with_parties(b"Alice", b"Bob")];
            jwe::json::encrypt_general(&content, &custom, &json!({"hop": 3}), &all)?.into()
        });
    }
    Ok(seeds)
}

/// Bytes of all kinds, the same in each run.
fn mixed(seed: u8, len: u8) -> Vec<u8> {
    (0..len).map(|at| (at ^ seed).wrapping_mul(167).wrapping_add(seed.wrapping_mul(at) >> 2)).collect()
}
