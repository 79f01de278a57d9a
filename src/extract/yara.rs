//! People's own YARA rules, and ours: which match which files.
//!
//! The only file that names the engine. A rule with a pattern that gives the engine nothing to search for would slow every
//! scan a hundredfold, so it is refused when it is loaded, as is one that does not compile; the others of its file are kept.
//!
//! Beside the usual external variables (`filename`, `filepath`, `extension`, `filetype`, `owner`) rules may use `crx_id`,
//! `crx_name`, `crx_version`, `crx_permissions` (all, with spaces between) and `crx_manifest_version`.

use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};
use crate::acquire::Package;
use crate::model::Extension;
use crate::problem::{Outcome, Problem, Stage};

/// The extractor of this file.
pub const EXTRACTOR: Extractor = Extractor { name: "yara", facts: &[&YARA], code: false, run };

/// A YARA rule matches a file.
pub static YARA: FactKind = FactKind {
    name: "yara",
    doc: "A YARA rule matches a file. Value: the rule's name.",
    fields: &[
        Field { name: "namespace", doc: "the file that the rule comes from, without its ending" },
        Field { name: "file", doc: "the path in the package" },
        Field { name: "tags", doc: "the rule's tags, with spaces between" },
    ],
};

/// One match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct YaraMatch {
    /// Path in the package.
    pub file: String,
    /// The rule.
    pub rule: String,
    /// Where the rule comes from.
    pub namespace: String,
    /// The rule's tags.
    pub tags: String,
    /// Where the first string matched.
    pub offset: Option<u32>,
}

/// States the matches that were found beforehand.
fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    for found in subject.yara {
        let place = match found.offset {
            Some(offset) => Place::at(&found.file, offset),
            None => Place::file(&found.file),
        };
        let fact = Fact::new(&YARA, &found.rule).with("namespace", &found.namespace).with("file", &found.file);
        facts.push(fact.with("tags", &found.tags).at(place));
    }
}

/// Rules, compiled and ready.
#[derive(Debug, Default)]
pub struct YaraSet {
    #[cfg(feature = "yara")]
    scanner: Option<boreal::Scanner>,
    rules: usize,
}

impl YaraSet {
    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules
    }

    /// Whether there is nothing to match.
    pub fn is_empty(&self) -> bool {
        self.rules == 0
    }

    /// Compiles files: (name, bytes). What is wrong is said by file and line; the rest is used.
    #[cfg(not(feature = "yara"))]
    pub fn compile(files: &[(String, Vec<u8>)]) -> Outcome<YaraSet> {
        let problem = |name: &String| Problem::new(name, Stage::Signatures, "this build has no YARA engine");
        (YaraSet::default(), files.iter().map(|(name, _)| problem(name)).collect())
    }

    /// Matches every file that is held in memory.
    #[cfg(not(feature = "yara"))]
    pub fn scan(&self, _: &Extension, _: &Package, _: &dyn Fn() -> bool) -> Outcome<Vec<YaraMatch>> {
        (Vec::new(), Vec::new())
    }
}

#[cfg(feature = "yara")]
mod engine {
    use std::time::Duration;

    use boreal::compiler::{Compiler, CompilerParams};
    use boreal::scanner::{ScanError, ScanParams};

    use super::*;

    /// Time for one file. A backstop: slow patterns are refused when they are loaded.
    const FILE_TIME: Duration = Duration::from_secs(2);

    /// The engine's measure of what it can search for: two different letters have 40, nothing has 0.
    const QUALITY: u32 = 38;

    /// Names that rules may use, empty until a file is scanned.
    const TEXTS: &[&str] =
        &["filename", "filepath", "extension", "filetype", "owner", "crx_id", "crx_name", "crx_version", "crx_permissions"];

    fn compiler() -> Compiler {
        let mut compiler = Compiler::new();
        compiler.set_params(CompilerParams::default().compute_statistics(true).disable_includes(true));
        for name in TEXTS {
            compiler.define_symbol(*name, "");
        }
        compiler.define_symbol("crx_manifest_version", 0i64);
        compiler
    }

    impl YaraSet {
        /// Compiles files: (name, bytes). What is wrong is said by file and line; the rest is used.
        pub fn compile(files: &[(String, Vec<u8>)]) -> Outcome<YaraSet> {
            let mut problems = Vec::new();
            // Every piece is compiled on trial first: a rule cannot be taken back out of a compiler.
            let (mut trial, mut kept) = (compiler(), compiler());
            let mut rules = 0;
            for (name, bytes) in files {
                let Ok(text) = std::str::from_utf8(bytes) else {
                    problems.push(Problem::new(name, Stage::Signatures, "is not UTF-8 text"));
                    continue;
                };
                let namespace = namespace(name);
                let (imports, pieces) = split(text);
                for (line, piece) in pieces {
                    // In its own lines, so that messages name the right ones.
                    let padded = format!("{imports}{}{piece}", "\n".repeat(line));
                    let status = match trial.add_rules_str_in_namespace(&padded, &namespace) {
                        Ok(status) => status,
                        Err(error) => {
                            problems.push(Problem::new(name, Stage::Signatures, place(&error.to_string())));
                            continue;
                        }
                    };
                    let mut slow = status.statistics().filter_map(|rule| {
                        let string = rule.strings.iter().find(|string| string.atoms_quality < QUALITY)?;
                        Some(format!(
                            "line {}: rule {}: ${} gives nothing to search for and would slow every scan; give it a fixed part of \
                             four letters or more",
                            line + 1 + leading_lines(piece),
                            rule.name,
                            string.name
                        ))
                    });
                    if let Some(message) = slow.next() {
                        problems.push(Problem::new(name, Stage::Signatures, message));
                    } else if let Err(error) = kept.add_rules_str_in_namespace(&padded, &namespace) {
                        problems.push(Problem::new(name, Stage::Signatures, place(&error.to_string())));
                    } else {
                        rules += 1;
                    }
                }
            }
            let mut scanner = kept.finalize();
            scanner.set_scan_params(
                ScanParams::default().timeout_duration(Some(FILE_TIME)).compute_full_matches(true).string_max_nb_matches(1),
            );
            (YaraSet { scanner: (rules > 0).then_some(scanner), rules }, problems)
        }

        /// Matches every file that is held in memory, until `stop` says that there is no more time.
        pub fn scan(&self, extension: &Extension, package: &Package, stop: &dyn Fn() -> bool) -> Outcome<Vec<YaraMatch>> {
            let (mut matches, mut problems) = (Vec::new(), Vec::new());
            let Some(scanner) = &self.scanner else { return (matches, problems) };
            let mut scanner = scanner.clone();
            let manifest = extension.manifest.as_ref();
            let permissions = manifest.map(|manifest| {
                let all = manifest.permissions.iter().chain(&manifest.host_permissions);
                all.map(String::as_str).collect::<Vec<_>>().join(" ")
            });
            // Every name is defined in every compiler, so none of these can fail.
            let _ = scanner.define_symbol("crx_id", extension.id.to_string());
            let _ = scanner.define_symbol("crx_name", extension.name.clone());
            let _ = scanner.define_symbol("crx_version", extension.version.clone());
            let _ = scanner.define_symbol("crx_permissions", permissions.unwrap_or_default());
            let version = manifest.map_or(0, |manifest| i64::from(manifest.manifest_version));
            let _ = scanner.define_symbol("crx_manifest_version", version);
            for (path, file) in &package.files {
                let Some(bytes) = file.bytes.as_deref() else { continue };
                if stop() {
                    break;
                }
                let name = path.rsplit('/').next().unwrap_or(path);
                let ending = name.rfind('.').and_then(|at| name.get(at..)).unwrap_or_default();
                let _ = scanner.define_symbol("filename", name);
                let _ = scanner.define_symbol("filepath", path.as_str());
                let _ = scanner.define_symbol("extension", ending);
                let result = match scanner.scan_mem(bytes) {
                    Ok(result) => result,
                    Err((error, result)) => {
                        if matches!(error, ScanError::Timeout) {
                            let message = "the YARA rules took too long over this file; what matched until then is used";
                            problems.push(Problem::new(format!("{}/{path}", package.path), Stage::Analyse, message));
                        }
                        result
                    }
                };
                for rule in result.rules.iter().filter(|rule| rule.matched) {
                    let first = rule.matches.iter().flat_map(|string| &string.matches).map(|found| found.offset).min();
                    let tags = rule.tags.iter().map(|tag| scanner.get_string_symbol(*tag)).collect::<Vec<_>>();
                    matches.push(YaraMatch {
                        file: path.clone(),
                        rule: rule.name.to_owned(),
                        namespace: rule.namespace.to_owned(),
                        tags: tags.join(" "),
                        offset: first.and_then(|offset| u32::try_from(offset).ok()),
                    });
                }
            }
            matches.sort();
            (matches, problems)
        }
    }

    /// Line ends before the first word.
    fn leading_lines(piece: &str) -> usize {
        piece.bytes().take_while(u8::is_ascii_whitespace).filter(|byte| *byte == b'\n').count()
    }

    /// The namespace of a file: its name without folders and ending.
    fn namespace(name: &str) -> String {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        name.split_once('.').map_or(name, |(stem, _)| stem).to_owned()
    }

    /// `mem:12:3: error: ...` in the words of our messages.
    fn place(message: &str) -> String {
        match message.strip_prefix("mem:") {
            Some(rest) => format!("line {rest}"),
            None => message.to_owned(),
        }
    }

    /// Cuts a file into its imports and its rules, each with the lines before it. Only as much of the language is understood
    /// as tells where a rule ends; a file that is cut wrongly fails to compile, and says so.
    fn split(text: &str) -> (String, Vec<(usize, &str)>) {
        let bytes = text.as_bytes();
        let (mut at, mut depth, mut start) = (0usize, 0usize, 0usize);
        let mut pieces = Vec::new();
        let mut imports = String::new();
        let mut before = b' ';
        while let Some(&byte) = bytes.get(at) {
            let next = bytes.get(at + 1).copied().unwrap_or_default();
            let from = at;
            at = match (byte, next) {
                (b'/', b'/') => find(bytes, at, b"\n").unwrap_or(bytes.len()),
                (b'/', b'*') => find(bytes, at + 2, b"*/").map_or(bytes.len(), |end| end + 2),
                (b'"', _) => quoted(bytes, at + 1, b'"'),
                (b'/', _) if b"=(,s".contains(&before) => quoted(bytes, at + 1, b'/'),
                _ => at + 1,
            };
            if byte == b'i' && depth == 0 && bytes.get(from..).is_some_and(|rest| rest.starts_with(b"import")) {
                let end = find(bytes, from, b"\n").unwrap_or(bytes.len());
                imports.push_str(text.get(from..end).unwrap_or_default().trim());
                imports.push(' ');
                (at, start) = (end, end);
                continue;
            }
            match byte {
                b'{' => depth += 1,
                b'}' if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        let lines = bytes.iter().take(start).filter(|byte| **byte == b'\n').count();
                        pieces.push((lines, text.get(start..at).unwrap_or_default()));
                        start = at;
                    }
                }
                _ => {}
            }
            if at == from + 1 && !byte.is_ascii_whitespace() {
                before = byte;
            }
        }
        let rest = text.get(start..).unwrap_or_default();
        if depth > 0 || rest.contains("rule ") {
            pieces.push((bytes.iter().take(start).filter(|byte| **byte == b'\n').count(), rest));
        }
        (imports, pieces)
    }

    fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
        memchr::memmem::find(bytes.get(from..)?, what).map(|at| from + at)
    }

    /// Behind a quoted text, which a backslash does not end.
    fn quoted(bytes: &[u8], mut at: usize, end: u8) -> usize {
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' => at += 2,
                b'\n' => return at,
                _ if byte == end => return at + 1,
                _ => at += 1,
            }
        }
        bytes.len()
    }
}

#[cfg(all(test, feature = "yara"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::extract::tests::extension_of;

    fn set(text: &str) -> (YaraSet, Vec<String>) {
        let (set, problems) = YaraSet::compile(&[("rules/own.yar".to_owned(), text.as_bytes().to_vec())]);
        (set, problems.into_iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect())
    }

    #[test]
    fn rules_match_files_and_know_the_extension() {
        let (set, problems) = set(
            "import \"hash\"\n// a comment with { a brace\nrule mail_words : mail theft { strings: $a = \"collector\" $b = /xyz[{]abc/ \
             condition: $a and not $b and filename == \"bg.js\" }\nrule by_name { condition: crx_name contains \"Sample\" and \
             extension == \".js\" and crx_manifest_version == 3 }",
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(set.len(), 2);
        let manifest = br#"{"manifest_version":3,"name":"Sample","version":"1"}"#;
        let package = Package::from_memory(
            "x",
            [("manifest.json", &manifest[..]), ("bg.js", &b"send('collector')"[..]), ("c.js", &b"collector"[..])],
        );
        let (matches, problems) = set.scan(&extension_of(&package), &package, &|| false);
        assert!(problems.is_empty());
        let found: Vec<_> = matches.iter().map(|found| (found.file.as_str(), found.rule.as_str(), found.offset)).collect();
        assert_eq!(found, [("bg.js", "by_name", None), ("bg.js", "mail_words", Some(6)), ("c.js", "by_name", None)]);
        assert_eq!(matches[1].tags, "mail theft");
        assert_eq!(matches[1].namespace, "own");
    }

    #[test]
    fn wrong_and_slow_rules_are_left_out_by_name() {
        let (set, problems) = set(
            "rule good { strings: $a = \"abcdef\" condition: $a }\n\nrule wrong { condition: $missing }\n\
             rule slow { strings: $s = /[A-Za-z0-9]{200,}/ condition: $s }\nrule last { strings: $a = \"ghijkl\" condition: $a }",
        );
        assert_eq!(set.len(), 2, "{problems:?}");
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("rules/own.yar: line 3"), "{problems:?}");
        assert!(problems[1].contains("rule slow") && problems[1].contains("line 4"), "{problems:?}");
    }

    #[test]
    fn broken_files_are_said_and_survived() {
        for text in [
            "",
            "rule",
            "rule x {",
            "}}}}",
            "import",
            "\"",
            "/*",
            "rule a { strings: $a = /x",
            "\u{feff}rule b { condition: true }",
        ] {
            let (_, problems) = set(text);
            assert!(problems.len() <= 2, "{text}: {problems:?}");
        }
        let (_, problems) = YaraSet::compile(&[("x".to_owned(), vec![0xff, 0xfe])]);
        assert_eq!(problems.len(), 1);
    }
}
