//! The layers of the program, and the lists that must be complete.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that take values and give values: they may not touch the world.
const PURE: &[&str] = &["model", "script", "extract", "rules", "judge", "report"];

/// What touches the world. Of `std::net` the types of addresses do not.
const WORLD: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "SystemTime",
    "Instant::now",
    "println!",
    "eprintln!",
];

/// Which folders each pure layer may not know.
const NOT_KNOWN: &[(&str, &[&str])] = &[
    ("model", &["cli", "discover", "extract", "rules", "judge", "report", "engine", "sandbox"]),
    ("script", &["cli", "discover", "extract", "rules", "judge", "report", "engine", "sandbox"]),
    ("extract", &["cli", "rules", "judge", "report", "engine"]),
    ("rules", &["cli", "discover", "judge", "report", "engine", "sandbox"]),
    ("judge", &["cli", "discover", "script", "engine", "sandbox"]),
    ("report", &["cli", "discover", "script", "engine", "sandbox"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect();
    files.sort();
    files
}

/// The code of a file without its unit tests and its line comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\n").next().unwrap_or(&text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn pure_layers_do_not_touch_the_world() {
    let mut wrong = Vec::new();
    for layer in PURE {
        for path in rust_files(&root().join("src").join(layer)) {
            let code = code(&path);
            wrong.extend(WORLD.iter().filter(|word| code.contains(*word)).map(|word| format!("{}: {word}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn layers_know_only_what_they_may() {
    let mut wrong = Vec::new();
    for (layer, strangers) in NOT_KNOWN {
        for path in rust_files(&root().join("src").join(layer)) {
            let code = code(&path);
            for stranger in *strangers {
                if code.contains(&format!("crate::{stranger}::")) {
                    wrong.push(format!("{} knows {stranger}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_terminal_prints() {
    let wrong: Vec<_> = rust_files(&root().join("src"))
        .into_iter()
        .filter(|path| !path.ends_with("cli/terminal.rs"))
        .filter(|path| ["println!", "eprintln!", "print!(", "eprint!("].iter().any(|word| code(path).contains(word)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_vocabulary_names_each_fact_once() {
    let kinds = crxhound::extract::vocabulary();
    for pair in kinds.windows(2) {
        assert_ne!(pair[0].name, pair[1].name, "two kinds of fact have one name");
    }
    for kind in kinds {
        let kebab = kind.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        assert!(kebab, "{} is not kebab-case", kind.name);
        assert!(!kind.doc.is_empty(), "{} says nothing", kind.name);
    }
}

#[test]
fn every_extractor_file_is_in_the_list() {
    let listed: Vec<_> = crxhound::extract::EXTRACTORS.iter().map(|extractor| extractor.name).collect();
    let files = fs::read_dir(root().join("src/extract")).unwrap().filter_map(Result::ok);
    for file in files {
        let name = file.file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".rs") else { continue };
        if ["mod", "fact"].contains(&stem) || !code(&file.path()).contains("Extractor {") {
            continue;
        }
        assert!(listed.contains(&stem), "src/extract/{name} states facts but is not in EXTRACTORS");
    }
}
