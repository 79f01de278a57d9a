//! The files of a package: what they are, and what is not what it seems.

use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};

/// A file.
pub static FILE: FactKind = FactKind {
    name: "file",
    doc: "a file of the package, by its path",
    fields: &[
        Field { name: "kind", doc: "script, page, style, image, json, binary or other, by its name" },
        Field { name: "sha256", doc: "SHA-256, lower-case hex" },
        Field { name: "size", doc: "bytes" },
    ],
};

/// The size of the package.
pub static PACKAGE_SIZE: FactKind = FactKind {
    name: "package-size",
    doc: "how many files there are",
    fields: &[
        Field { name: "scripts", doc: "how many scripts" },
        Field { name: "script_bytes", doc: "bytes of scripts" },
        Field { name: "pages", doc: "how many pages" },
        Field { name: "bytes", doc: "bytes of everything" },
    ],
};

/// A file that holds something else than its name says.
pub static HIDDEN_FILE: FactKind = FactKind {
    name: "hidden-file",
    doc: "a picture, font or sound that holds something else, by its path",
    fields: &[Field { name: "holds", doc: "script, program, archive or data (behind the end of the picture)" }],
};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "files", facts: FACTS, code: true, run };

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&FILE, &PACKAGE_SIZE, &HIDDEN_FILE];

/// What a file is, by its ending.
pub fn kind_of(path: &str) -> &'static str {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref().unwrap_or_default() {
        "js" | "mjs" | "cjs" | "jsx" | "ts" => "script",
        "html" | "htm" | "xhtml" => "page",
        "css" | "scss" | "less" => "style",
        "png" | "jpg" | "jpeg" | "gif" | "svg" | "webp" | "ico" | "bmp" | "avif" => "image",
        "json" | "map" | "webmanifest" => "json",
        "wasm" | "exe" | "dll" | "so" | "dylib" | "node" | "nexe" | "pexe" | "bin" | "zip" | "crx" | "jar" | "pak" => "binary",
        _ => "other",
    }
}

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let files = &subject.package.files;
    if files.is_empty() {
        return;
    }
    let (mut scripts, mut script_bytes, mut pages, mut bytes) = (0u64, 0u64, 0u64, 0u64);
    for (path, file) in files {
        let kind = kind_of(path);
        bytes = bytes.saturating_add(file.size);
        match kind {
            "script" => {
                scripts += 1;
                script_bytes = script_bytes.saturating_add(file.size);
            }
            "page" => pages += 1,
            _ => {}
        }
        let fact = Fact::new(&FILE, path).with("kind", kind).with("sha256", &file.sha256).with("size", file.size.to_string());
        facts.push(fact.at(Place::file(path)));
        if let Some(hidden) = &file.hidden {
            let fact = Fact::new(&HIDDEN_FILE, path).with("holds", hidden.holds);
            facts.push(fact.at(Place::file(path).with_excerpt(&hidden.excerpt)));
        }
    }
    let size = Fact::new(&PACKAGE_SIZE, files.len().to_string())
        .with("scripts", scripts.to_string())
        .with("script_bytes", script_bytes.to_string())
        .with("pages", pages.to_string())
        .with("bytes", bytes.to_string());
    facts.push(size);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::acquire::Package;
    use crate::extract::tests::facts_of;

    #[test]
    fn files_are_named_counted_and_looked_into() {
        let png = [
            &crate::model::hidden::tests::png()[..],
            b";function x(){return fetch('https://c.invalid/')}".repeat(4).as_slice(),
        ]
        .concat();
        let package = Package::from_memory(
            "x",
            [
                ("manifest.json", &b"{\"manifest_version\":3,\"name\":\"x\",\"version\":\"1\"}"[..]),
                ("a.js", b"12345"),
                ("p/b.HTML", b""),
                ("icon.png", &crate::model::hidden::tests::png()[..]),
                ("logo.png", &png),
            ],
        );
        let facts = facts_of(&EXTRACTOR, &package);
        let size = facts.of(&PACKAGE_SIZE).next().unwrap();
        assert_eq!(size.value, "5");
        assert_eq!((size.field("scripts"), size.field("script_bytes"), size.field("pages")), (Some("1"), Some("5"), Some("1")));
        let kinds: Vec<_> = facts.of(&FILE).map(|fact| fact.field("kind").unwrap()).collect();
        assert_eq!(kinds, ["script", "image", "image", "json", "page"]);
        let hidden: Vec<_> = facts.of(&HIDDEN_FILE).map(|f| (f.value.as_str(), f.field("holds").unwrap())).collect();
        assert_eq!(hidden, [("logo.png", "script")]);
    }
}
