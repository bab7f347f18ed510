//! The copy of the crate that is changed, and what is kept beside it from run to run.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use crate::Result;
use crate::find::{Found, Written};

pub struct Tree {
    root: PathBuf,
    /// Where the copy stands.
    pub copy: PathBuf,
    /// What is kept.
    pub work: PathBuf,
    /// For the files of tests, some of which are killed before they could remove theirs.
    pub scratch: PathBuf,
    /// Whether it is for a few mutants alone: then to build it is what costs most.
    pub of_sample: bool,
}

/// What a copy holds.
pub struct Copied {
    /// Its files with mutants, and what stands where.
    pub files: Vec<(String, Vec<Written>)>,
    /// A number that is another for another crate, whatever its tests.
    pub source: u64,
}

impl Tree {
    pub fn new(root: &Path, work: &Path, fresh: bool, of_sample: bool) -> Result<Self> {
        if fresh {
            for file in ["unviable.txt", "tests.txt", "results.txt", "survivors.txt"] {
                let _ = fs::remove_file(work.join(file));
            }
        }
        let scratch = work.join("scratch");
        let _ = fs::remove_dir_all(&scratch);
        fs::create_dir_all(&scratch)?;
        let copy = work.join("crate");
        Ok(Self { root: root.to_owned(), copy, work: work.to_owned(), scratch, of_sample })
    }

    /// Writes the copy, with all that is switched on.
    pub fn write(&self, found: &Found) -> Result<Copied> {
        let mut all = Vec::new();
        let mut files = BTreeSet::new();
        list(&self.root, &self.root, &mut files)?;
        let mut source = DefaultHasher::new();
        for file in &files {
            let mut text = fs::read(self.root.join(file))?;
            let name = file.to_string_lossy().into_owned();
            if let Some((with_mutants, written)) = found.write(&name) {
                text = with_mutants.into_bytes();
                all.push((name.clone(), written));
            }
            match name.as_str() {
                "Cargo.toml" => {
                    let mut manifest = manifest(&String::from_utf8(text)?);
                    if !self.of_sample {
                        // Its tests are run more often than it is built.
                        manifest.push_str("\n[profile.dev]\nopt-level = 1\n");
                    }
                    text = manifest.into_bytes();
                }
                "src/lib.rs" => {
                    let head = "\n#[cfg(feature = \"__backend\")]\n#[allow(clippy::all)]\nmod mutant;\n";
                    text.extend_from_slice(head.as_bytes());
                }
                _ => {}
            }
            if name.starts_with("src/") {
                (&name, &text).hash(&mut source);
            }
            replace(&self.copy.join(file), &text)?;
        }
        let switch = include_str!("switch.rs");
        let count = found.mutants.len();
        let switch = format!("{switch}\nconst MUTANTS: usize = {count};\n");
        replace(&self.copy.join("src/mutant.rs"), switch.as_bytes())?;
        files.insert("src/mutant.rs".into());

        let mut copied = BTreeSet::new();
        list(&self.copy, &self.copy, &mut copied)?;
        for gone in copied.difference(&files) {
            fs::remove_file(self.copy.join(gone))?;
        }
        Ok(Copied { files: all, source: source.finish() })
    }
}

/// All files of a folder but what is built or kept by tools, and this package.
fn list(root: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        let is_own = path.ends_with("tests/mutants");
        if is_own || name == "target" || name == ".git" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            list(root, &path, files)?;
        } else {
            files.insert(path.strip_prefix(root)?.to_owned());
        }
    }
    Ok(())
}

/// Writes a file only where it differs, lest it be built again.
fn replace(path: &Path, text: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, text)?)
}

/// The manifest without its lints, which mutants are not held to, and as a workspace of its own.
fn manifest(text: &str) -> String {
    let mut out = String::from("workspace = {}\n");
    let mut skipped = false;
    for line in text.lines() {
        if line.starts_with('[') {
            skipped = line.starts_with("[lints");
        }
        if !skipped {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
