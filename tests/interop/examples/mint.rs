//! Mints a token of every algorithm for other implementations to verify: a line of JSON each, with
//! the key as they take it.

use serde_json::{Value, json};
use symbolon::{Audience, Claims, Jwk, JwsAlg, JwsCodec, KeyType, Keyring, Signer, TokenCodecExt};
use time::{Duration, OffsetDateTime};

fn main() -> symbolon::Result<()> {
    for alg in JwsAlg::all() {
        let kid = format!("symbolon-{alg}");
        let key = Jwk::generate(alg)?.with_kid(&*kid)?;
        let shared = alg.key_type() == KeyType::Oct;
        let jwk = if shared {
            key.danger_to_secret_json().as_str().to_owned()
        } else {
            key.to_public()?.with_use("sig")?.to_json()?
        };
        let (spki, pkcs8) = if shared {
            (None, None)
        } else {
            let material = key.material();
            let public = material.to_public().map(|public| public.to_spki_pem());
            (public.transpose()?, Some(material.to_pkcs8_pem()?.as_str().to_owned()))
        };
        let codec = JwsCodec::new(Keyring::new(Signer::from_jwk(&key)?));
        for (name, audience) in [("aud a string", vec!["api"]), ("aud an array", vec!["api", "admin"])] {
            let now = OffsetDateTime::now_utc();
            let claims = Claims::new(json!({"role": "admin", "näme": "Zoë \"q\" \u{1f511}"}))
                .with_issuer("https://id.example")
                .with_subject("7")
                .with_audience(audience.into_iter().collect::<Audience>())
                .with_issued_at(now)
                .with_not_before(now - Duration::seconds(5))
                .with_expiry(now + Duration::minutes(10))
                .with_id(&*kid);
            let line = json!({
                "alg": alg.name(),
                "name": name,
                "kid": kid,
                "token": codec.encode(&claims)?,
                "issuer": "https://id.example",
                "audience": "api",
                "jwk": serde_json::from_str::<Value>(&jwk).unwrap_or_default(),
                "spki": spki,
                "pkcs8": pkcs8,
            });
            println!("{line}");
        }
    }
    Ok(())
}
