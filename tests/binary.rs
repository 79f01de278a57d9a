//! The program itself: it hunts for what others hunt for too, so nothing of it may lie readable in the program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use crxhound::builtin;
use crxhound::extract::indicators::IndicatorType;
use crxhound::rules::feed;

/// Shorter lines say too little to be known again by.
const LINE: usize = 40;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program() -> Vec<u8> {
    fs::read(assert_cmd::cargo::cargo_bin!("crxhound")).unwrap()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// What of these words can be read in the bytes, whatever the case.
fn readable<'w>(words: &[&'w str], bytes: &[u8]) -> Vec<&'w str> {
    let search = AhoCorasick::builder().ascii_case_insensitive(true).build(words).unwrap();
    let mut found: Vec<_> = search.find_overlapping_iter(bytes).map(|hit| words[hit.pattern().as_usize()]).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn what_is_packed_is_what_lies_in_the_source_tree() {
    for (path, text) in builtin::all() {
        assert!(fs::read_to_string(root().join(path)).unwrap() == text, "{path}");
    }
    for file in files_below(&root().join("signatures")) {
        let below = file.strip_prefix(root().join("signatures")).unwrap().to_str().unwrap().replace('\\', "/");
        assert!(builtin::signature(&below).is_some() || below == "README.md", "{below}");
    }
}

#[test]
fn every_table_that_the_code_asks_for_is_packed() {
    let mut asked = 0;
    for file in files_below(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap_or_default();
        for path in text.split("packed!(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(builtin::text(path).is_some(), "{}: {path} is not packed; build.rs says what is", file.display());
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked}");
}

#[test]
fn no_indicator_can_be_read_in_the_program() {
    let indicators = feed::builtin();
    let telling = |kind| !matches!(kind, IndicatorType::FileName | IndicatorType::Path);
    let mut words: Vec<&str> =
        indicators.all().iter().filter(|listed| telling(listed.kind)).map(|listed| listed.value.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert!(words.len() > 350, "{}", words.len());
    assert_eq!(readable(&words, &program()), Vec::<&str>::new());
    // The search finds what is there.
    assert_eq!(readable(&words, words.join(" ").as_bytes()).len(), words.len());
}

#[test]
fn no_line_of_a_packed_file_can_be_read_in_the_program() {
    let mut lines: Vec<&str> = builtin::all().flat_map(|(_, text)| text.lines().map(str::trim)).collect();
    lines.retain(|line| line.len() >= LINE);
    assert!(lines.len() > 4_000, "{}", lines.len());
    assert_eq!(readable(&lines, &program()), Vec::<&str>::new());
}

/// Rules as others write them of the same public facts: for each family what its listed samples have in them.
#[cfg(feature = "yara")]
fn rules_of_others() -> String {
    let indicators = feed::builtin();
    let mut families: BTreeMap<String, BTreeMap<&str, &str>> = BTreeMap::new();
    for listed in indicators.all() {
        let prefix = match listed.kind {
            IndicatorType::Domain | IndicatorType::Url | IndicatorType::ExtensionId | IndicatorType::Sha256 => "one",
            IndicatorType::RequestParam => "some",
            _ => continue,
        };
        let family = listed.family.as_deref().unwrap_or("NONE").replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        families.entry(family).or_default().insert(&listed.value, prefix);
    }
    let mut text = String::new();
    for (family, strings) in families {
        let _ = writeln!(text, "rule {family} {{\n  strings:");
        for (number, (value, prefix)) in strings.iter().enumerate() {
            let _ = writeln!(text, "    ${prefix}_{number} = \"{value}\" ascii wide nocase");
        }
        let mut any = Vec::from(["any of ($one_*)"]);
        if strings.values().any(|prefix| *prefix == "some") {
            any.push("2 of ($some_*)");
        }
        let _ = writeln!(text, "  condition: {}\n}}", any.join(" or "));
    }
    text
}

/// Which of these rules hit which files of a folder.
#[cfg(feature = "yara")]
fn hits(scanner: &boreal::Scanner, folder: &Path) -> Vec<String> {
    let mut hits = Vec::new();
    for file in files_below(folder) {
        let result = scanner.scan_mem(&fs::read(&file).unwrap()).unwrap();
        let below = file.strip_prefix(folder).unwrap().display().to_string().replace('\\', "/");
        hits.extend(result.rules.iter().map(|rule| format!("{below}: {}", rule.name)));
    }
    hits
}

#[cfg(feature = "yara")]
#[test]
fn rules_of_others_hit_the_samples_and_not_the_program() {
    let mut compiler = boreal::Compiler::new();
    compiler.add_rules_str(rules_of_others()).unwrap();
    let scanner = compiler.finalize();

    let result = scanner.scan_mem(&program()).unwrap();
    assert_eq!(result.rules.iter().map(|rule| rule.name).collect::<Vec<_>>(), Vec::<&str>::new());

    let home = tempfile::tempdir().unwrap();
    let demo = crate::commands::crxhound(home.path()).args(["demo", "--output", "story"]).output().unwrap();
    assert_eq!(demo.status.code(), Some(0));
    fs::write(home.path().join("story/terminal.txt"), demo.stdout).unwrap();
    let story = hits(&scanner, &home.path().join("story"));
    let packages = hits(&scanner, &root().join("fixtures/packages"));
    insta::assert_snapshot!(format!("demo\n{}\n\nfixtures\n{}", story.join("\n"), packages.join("\n")));
}

/// Signatures of ClamAV of the same public facts, as files of a database: what is telling alone, and what is where two meet.
#[cfg(target_os = "linux")]
fn signatures_of_clamav() -> [(&'static str, String); 2] {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (mut alone, mut together) = (String::new(), BTreeMap::<String, Vec<String>>::new());
    for (number, listed) in feed::builtin().all().iter().enumerate() {
        let family = listed.family.as_deref().unwrap_or("NONE").replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        match listed.kind {
            IndicatorType::Domain | IndicatorType::Url | IndicatorType::ExtensionId => {
                let _ = writeln!(alone, "{family}-{number}:0:*:{}", hex(&listed.value));
            }
            IndicatorType::RequestParam => together.entry(family).or_default().push(format!("{}::i", hex(&listed.value))),
            _ => {}
        }
    }
    let two = together.iter().filter(|(_, parts)| parts.len() > 1).map(|(family, parts)| {
        let numbers = (0..parts.len()).map(|n| n.to_string()).collect::<Vec<_>>().join("|");
        format!("{family}-0;Engine:81-255,Target:0;({numbers})>1,2;{}\n", parts.join(";"))
    });
    [("facts.ndb", alone), ("facts.ldb", two.collect())]
}

/// What ClamAV finds: files and the families of the signatures that hit, without the numbers of signatures.
#[cfg(target_os = "linux")]
fn found_by_clamav(database: &Path, folder: &Path) -> Vec<String> {
    let mut command = std::process::Command::new("clamscan");
    command.args(["--recursive", "--infected", "--no-summary", "--stdout", "--allmatch", "--max-filesize=2000M"]);
    command.args(["--max-scansize=2000M", "--database"]).arg(database).arg(folder);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let hit = |line: &str| {
        let (path, name) = line.strip_suffix(" FOUND")?.rsplit_once(": ")?;
        let below = Path::new(path).strip_prefix(folder).unwrap_or(Path::new(path)).display().to_string();
        Some(format!("{below}: {}", name.rsplit_once('-').map_or(name, |(family, _)| family)))
    };
    let mut hits: Vec<String> = text.lines().filter_map(hit).collect();
    hits.sort();
    hits.dedup();
    hits
}

/// Its own database comes from a network only; where one is on the machine, the program is held against that too.
#[test]
#[cfg(target_os = "linux")]
fn clamav_hits_the_samples_and_not_the_program() {
    if std::process::Command::new("clamscan").arg("--version").output().is_err() {
        return crate::support::material::skip("clamscan is not installed, so that ClamAV is not asked");
    }
    let home = tempfile::tempdir().unwrap();
    let database = home.path().join("database");
    fs::create_dir(&database).unwrap();
    for (name, text) in signatures_of_clamav() {
        assert!(!text.is_empty(), "{name}");
        fs::write(database.join(name), text).unwrap();
    }
    let tool = home.path().join("program");
    fs::create_dir(&tool).unwrap();
    fs::copy(assert_cmd::cargo::cargo_bin!("crxhound"), tool.join("crxhound")).unwrap();
    assert_eq!(found_by_clamav(&database, &tool), Vec::<String>::new());
    let public = Path::new("/var/lib/clamav");
    if ["main.cvd", "main.cld"].iter().any(|name| public.join(name).is_file()) {
        assert_eq!(found_by_clamav(public, &tool), Vec::<String>::new());
    }
    let demo = crate::commands::crxhound(home.path()).args(["demo", "--output", "story"]).output().unwrap();
    assert_eq!(demo.status.code(), Some(0));
    fs::write(home.path().join("story/terminal.txt"), demo.stdout).unwrap();
    let story = found_by_clamav(&database, &home.path().join("story"));
    let fixtures = found_by_clamav(&database, &root().join("fixtures"));
    assert!(!story.is_empty() && !fixtures.is_empty(), "the signatures hit what they are made for");
    insta::assert_snapshot!(format!("demo\n{}\n\nfixtures\n{}", story.join("\n"), fixtures.join("\n")));
}

#[test]
fn our_own_rules_find_nothing_in_the_program() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("extension");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("manifest.json"), r#"{"manifest_version": 3, "name": "Tool box", "version": "1"}"#).unwrap();
    fs::write(folder.join("tool"), program()).unwrap();
    // Read as code, whatever can be read in it is found.
    let words: String = program().iter().map(|byte| if byte.is_ascii_graphic() { *byte as char } else { ' ' }).collect();
    let words = words.split(' ').filter(|word| word.len() > 7 && word.len() < 200 && !word.contains(['"', '\\', '`', '$']));
    let mut script = String::new();
    for word in words.take(50_000) {
        let _ = writeln!(script, "words.push(\"{word}\");");
    }
    fs::write(folder.join("words.js"), script).unwrap();
    let output = crate::commands::crxhound(home.path()).args(["inspect", "extension", "--format", "json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let extension = &report["extensions"][0];
    let findings: Vec<_> = extension["findings"].as_array().unwrap().iter().map(|finding| &finding["rule"]).collect();
    assert!(["ok", "review"].contains(&extension["verdict"].as_str().unwrap()), "{findings:?}");
    assert_eq!(extension["families"], serde_json::json!([]), "{findings:?}");
}
