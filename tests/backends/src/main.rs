//! One build's part in the exchange: `exchange write` prints a token of each kind there is, a line of
//! JSON each, or why this build has none; `exchange read` reads such lines and says what it read.

mod case;

use std::io::{self, BufRead};

use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cases = case::all();
    match std::env::args().nth(1).as_deref() {
        Some("write") => {
            for case in &cases {
                println!("{}", told(&case.name, (case.write)().map(|token| json!({ "token": token }))));
            }
        }
        Some("read") => {
            for line in io::stdin().lock().lines() {
                let line: Value = serde_json::from_str(&line?)?;
                let text = |name: &str| line[name].as_str().ok_or(format!("a line without `{name}`"));
                let (name, token) = (text("case")?, text("token")?);
                let case = cases.iter().find(|case| case.name == name).ok_or("an unknown case")?;
                let read = (case.read)(token).map(|payload| json!({ "same": payload == case::PAYLOAD }));
                println!("{}", told(name, read));
            }
        }
        _ => return Err("usage: exchange write|read".into()),
    }
    Ok(())
}

fn told(case: &str, result: symbolon::Result<Value>) -> Value {
    let mut line =
        result.unwrap_or_else(|error| json!({ "code": error.code(), "why": error.to_string() }));
    line["case"] = case.into();
    line
}
