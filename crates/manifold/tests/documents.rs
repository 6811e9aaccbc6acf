//! What the documents name is there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path, out: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !name.starts_with("target") && !name.starts_with('.') {
            sources(&path, out);
        } else if name.ends_with(".rs") {
            out.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_a_promise_names_exists() {
    let page = std::fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let mut code = String::new();
    for folder in ["crates", "sim", "interop"] {
        sources(&root().join(folder), &mut code);
    }
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise")).collect();
    assert!(
        (1..=10).all(|number| rows.iter().any(|row| row.starts_with(&format!("| **{number}. ")))),
        "the ten promises are there"
    );
    for row in rows {
        let named: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty() || row.contains("Not yet promised"), "no test holds: {row}");
        for test in named {
            assert!(code.contains(&format!("fn {test}(")), "there is no test {test}");
        }
    }
}

#[test]
fn pages_link_to_what_exists() {
    for page in ["architecture", "promises", "operating", "threats", "benchmarks"] {
        let text = std::fs::read_to_string(root().join(format!("docs/{page}.md"))).unwrap();
        let targets = text.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            assert!(root().join("docs").join(target).exists(), "docs/{page}.md links to {target}");
        }
    }
}
