//! The order of the house: a file uses only what stands above it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Modules in their order; those of one row know nothing of each other, but for the first row.
const ROWS: [&[&str]; 13] = [
    &["base", "error"],
    &["secret"],
    &["crypto", "bearer", "signal"],
    &["jwa"],
    &["jwk"],
    &["keys"],
    &["jose"],
    &["jws", "jwe", "amora", "sealed"],
    &["revocation"],
    &["jwt"],
    // Above the formats: it makes keys of each of them, and encrypts what it keeps as a JWE.
    &["rotation"],
    &["codec"],
    &["prelude", "web"],
];

/// Formats that are none of JOSE's.
const NOT_JOSE: [&str; 2] = ["amora", "sealed"];
const JOSE: [&str; 5] = ["jose", "jws", "jwe", "jwa", "jwk"];

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The code of a file without comments, documentation and what is compiled for tests alone.
fn code(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            // The item behind it: up to its closing brace, which stands where the item does.
            let mut item = lines.next().unwrap_or_default();
            while item.trim().starts_with("#[") {
                item = lines.next().unwrap_or_default();
            }
            if item.trim_end().ends_with('{') {
                let end = format!("{}}}", &item[..item.len() - item.trim_start().len()]);
                for line in lines.by_ref() {
                    if line == end {
                        break;
                    }
                }
            }
            continue;
        }
        let line = line.split("//").next().unwrap_or_default();
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// What stands behind each `crate::`: the module or the name at the crate's root.
fn uses(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::`, `some_crate::` and `pub(in crate::…)` are read alike.
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            let mut first = true;
            for letter in list.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.insert(std::mem::take(&mut word));
                        first = true;
                    }
                    _ if letter.is_alphanumeric() || letter == '_' => {
                        if depth == 0 && first {
                            word.push(letter);
                        }
                    }
                    _ if letter.is_whitespace() => {}
                    _ => first = false,
                }
            }
            found.insert(word);
        } else {
            found.insert(
                rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect(),
            );
        }
    }
    found.remove("");
    found
}

/// The module that each name at the crate's root comes from.
fn re_exports(lib: &str) -> BTreeMap<String, String> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut names = BTreeMap::new();
    for (at, _) in lib.match_indices("pub use ") {
        let statement = &lib[at + "pub use ".len()..];
        let statement = statement[..statement.find(';').unwrap()].trim_start_matches("crate::");
        // `module::…`, or a list of such.
        let list =
            statement.strip_prefix('{').and_then(|list| list.strip_suffix('}')).unwrap_or(statement);
        let mut depth = 0;
        for item in list.split(|letter| {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            letter == ',' && depth == 0
        }) {
            let mut words = item.split(|letter| !is_word(letter)).filter(|word| !word.is_empty());
            let module = words.next().unwrap_or_default();
            names.extend(words.map(|name| (name.to_owned(), module.to_owned())));
        }
    }
    names
}

#[test]
fn a_module_uses_only_what_stands_above_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let names = re_exports(&code(&std::fs::read_to_string(src.join("lib.rs")).unwrap()));
    for (name, module) in [("Error", "error"), ("Clock", "base"), ("Verified", "codec"), ("Jwk", "jwk")]
    {
        assert_eq!(names.get(name).map(String::as_str), Some(module), "{name}");
    }
    let (mut run, mut wrong) = (0, Vec::new());
    for file in files(&src) {
        let inside = file.strip_prefix(&src).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        let module = first.strip_suffix(".rs").unwrap_or(first);
        if module == "lib" {
            continue;
        }
        let Some(own) = row(module) else {
            wrong.push(format!("{module} has no row: give it its place here and in the design"));
            continue;
        };
        for used in uses(&code(&std::fs::read_to_string(&file).unwrap())) {
            run += 1;
            // A name at the crate's root stands where it comes from.
            let used = names.get(&used).unwrap_or(&used);
            let Some(above) = row(used) else {
                wrong.push(format!("{}: `crate::{used}` has no row", inside.display()));
                continue;
            };
            let mates = own == 0 && above == 0;
            if used != module && !mates && above >= own {
                wrong.push(format!("{}: {module} must not use {used}", inside.display()));
            }
            if NOT_JOSE.contains(&module) && JOSE.contains(&used.as_str()) {
                wrong.push(format!(
                    "{}: {module} is none of JOSE's formats and must not use {used}",
                    inside.display()
                ));
            }
        }
    }
    assert!(run > 50, "only {run} uses were found: the test has lost its eyes");
    println!("uses of modules: {run} run, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn uses_are_found_in_every_spelling() {
    let text = "
        //! crate::comment
        use crate::a::{self, B};
        use crate::{b::C, d, e::{F, g}, H};
        /// [crate::documented]
        fn f() -> crate::Result<crate::i::J> { crate::k::l(\"\") } // crate::trailing
        #[cfg(test)]
        mod tests {
            use crate::test_only;
        }
        pub(crate) use crate::m;
        other_crate::n!();
    ";
    let found = uses(&code(text));
    assert_eq!(
        found.iter().map(String::as_str).collect::<Vec<_>>(),
        ["H", "Result", "a", "b", "d", "e", "i", "k", "m"]
    );
}

#[test]
fn the_primitives_and_the_ground_stay_private() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for module in ["base", "crypto", "error", "jose", "jwa", "jwk", "keys"] {
        assert!(lib.lines().any(|line| line == format!("mod {module};")), "{module}");
    }
}
