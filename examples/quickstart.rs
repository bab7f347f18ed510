use serde::{Deserialize, Serialize};
use symbolon::*;
#[derive(Serialize, Deserialize, Debug)]
struct Session { user: u64, role: String }
fn main() -> Result<()> {
    let t = Tokens::<Session>::builder(JwsCodec::new(Signer::generate(JwsAlg::ES256)?.with_kid("a")?)).issuer("x").audience("api").build()?;
    let tok = t.issue(&Session { user: 7, role: "admin".into() })?;
    println!("{tok}\n{:?}", t.verify(&tok)?);
    Ok(())
}
