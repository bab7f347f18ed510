//! Builds the contestants, each by itself.

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

/// A program that can be run, with its arguments.
pub(crate) struct Built {
    pub(crate) name: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) arguments: &'static [&'static str],
}

/// Package and arguments of every program; the first two are ours.
const PROGRAMS: [(&str, &[&str]); 10] = [
    ("contestant-symbolon-default", &[]),
    ("contestant-symbolon-aws-lc-rs", &[]),
    ("contestant-jsonwebtoken", &["aws_lc_rs"]),
    ("contestant-jsonwebtoken", &["rust_crypto"]),
    ("contestant-jwt-simple", &[]),
    ("contestant-josekit", &[]),
    ("contestant-biscuit", &[]),
    ("contestant-jwt-compact", &[]),
    ("contestant-beside-jose", &[]),
    ("contestant-floors", &[]),
];

/// Builds what can be built here; what cannot is told and left out, unless it is ours.
pub(crate) fn all() -> Result<Vec<Built>, Box<dyn Error>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let here = env::current_exe()?;
    let profile = here.parent().ok_or("this program stands in no folder")?;
    let target = profile.parent().ok_or("this program stands in no target folder")?;

    let mut built = Vec::new();
    for (name, arguments) in PROGRAMS {
        eprintln!("building {name} {}", arguments.join(" "));
        let status = Command::new(&cargo)
            .args(["build", "--quiet", "--release", "--package", name, "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .arg("--target-dir")
            .arg(target)
            .status()?;
        if status.success() {
            let path = profile.join(name).with_extension(env::consts::EXE_EXTENSION);
            built.push(Built { name, path, arguments });
        } else if name.contains("symbolon") {
            return Err(format!("{name} cannot be built").into());
        } else {
            eprintln!("left out: {name}: it cannot be built here");
        }
    }
    Ok(built)
}
