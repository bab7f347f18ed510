//! docs/THREATS.md names tests; they exist.

use std::collections::BTreeSet;
use std::path::Path;

/// The tests of a file of this folder, and those in its modules, by their last name.
fn tests_of(module: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/{module}.rs"));
    let text =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut tests = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        match line.strip_prefix("fn ") {
            Some(rest) if is_test => {
                tests.insert(rest.split('(').next().unwrap_or_default().to_owned());
                is_test = false;
            }
            _ if line == "#[test]" => is_test = true,
            _ if line.starts_with("#[") || line.starts_with("//") => {}
            _ => is_test = false,
        }
    }
    tests
}

/// `- [`module::test`](../tests/it/module.rs)`
fn named(line: &str) -> Option<(&str, &str)> {
    let (name, link) = line.strip_prefix("- [`")?.strip_suffix(')')?.split_once("`](")?;
    let (module, test) = name.split_once("::")?;
    (link.strip_prefix("../tests/it/")?.strip_suffix(".rs")? == module).then_some((module, test))
}

#[test]
fn every_class_of_break_names_tests_that_exist() {
    let text = include_str!("../../docs/THREATS.md");
    let sections: Vec<_> = text.split("\n## ").skip(1).collect();
    assert_eq!(sections.len(), 20, "one for each class that is known");
    let mut count = 0;
    for section in sections {
        let title = section.lines().next().unwrap_or_default();
        let lines: Vec<_> = section.lines().filter(|line| line.starts_with("- ")).collect();
        assert!(!lines.is_empty(), "{title}: no test is named");
        for line in lines {
            let (module, test) = named(line).unwrap_or_else(|| panic!("{title}: {line}"));
            assert!(tests_of(module).contains(test), "{title}: there is no test {module}::{test}");
            count += 1;
        }
    }
    println!("docs/THREATS.md names {count} tests");
}
