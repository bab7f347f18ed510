//! Mutants that may survive, each with its reason.
//!
//! Lines that are not indented give a reason, `kind: words`; the indented ones behind it name the
//! mutants that it holds for, as the list of survivors does: `file | function | change`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::Result;
use crate::find::Found;

/// What a reason may say.
pub const KINDS: [(&str, &str); 5] = [
    ("equivalent", "nothing that can be seen from outside differs"),
    ("speed", "the same comes out, sooner or later"),
    ("wiping", "memory is not wiped, which takes unsafe code to see, as in tests/wiping"),
    ("wording", "the words of an error, which nobody relies on"),
    (BUILD, "a build with other features notices, or else `--report` tells"),
];

/// Of these the build with all features is the one that does not tell.
pub const BUILD: &str = "build";

pub struct Accepted {
    /// Kinds by mutant.
    all: BTreeMap<String, String>,
}

pub fn read(path: &Path) -> Result<Accepted> {
    let mut all = BTreeMap::new();
    let mut kind = None::<String>;
    let mut in_reason = false;
    for (index, line) in fs::read_to_string(path)?.lines().enumerate() {
        let fault = |what: &str| format!("{}:{}: {what}", path.display(), index + 1);
        if line.starts_with('#') || line.trim().is_empty() {
            in_reason = false;
        } else if line.starts_with(char::is_whitespace) {
            in_reason = false;
            let kind = kind.clone().ok_or_else(|| fault("no reason stands above"))?;
            if all.insert(line.trim().to_owned(), kind).is_some() {
                return Err(fault("this mutant stands here twice").into());
            }
        } else if !in_reason {
            let (word, words) = line.split_once(": ").ok_or_else(|| fault("no `kind: reason`"))?;
            if !KINDS.iter().any(|(kind, _)| *kind == word) || words.trim().is_empty() {
                return Err(fault("a reason begins with one of the kinds, and says why").into());
            }
            kind = Some(word.to_owned());
            in_reason = true;
        }
    }
    Ok(Accepted { all })
}

impl Accepted {
    pub fn kind(&self, id: &str) -> Option<&str> {
        self.all.get(id).map(String::as_str)
    }

    /// Fails where an entry has lost its mutant.
    pub fn each_has_a_mutant(&self, found: &Found) -> Result<()> {
        let there = found.mutants.iter().map(crate::find::Mutant::id).collect::<BTreeSet<_>>();
        let gone = self.all.keys().filter(|id| !there.contains(*id)).collect::<Vec<_>>();
        if gone.is_empty() {
            return Ok(());
        }
        let lines = gone.iter().map(|id| format!("\n    {id}")).collect::<String>();
        Err(format!("accepted.txt names {} mutants that are not there:{lines}", gone.len()).into())
    }
}
