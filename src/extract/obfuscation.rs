//! How far the code hides what it does, and what put it together.

use std::collections::BTreeMap;

use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject, libraries};
use crate::script::measure::{self, TECHNIQUES};

/// The extractor of this file.
pub const EXTRACTOR: Extractor =
    Extractor { name: "obfuscation", facts: &[&OBFUSCATION, &BUILD_TOOL, &THIN_LOADER], code: true, run };

/// A way of hiding was seen.
pub static OBFUSCATION: FactKind = FactKind {
    name: "obfuscation",
    doc: "Code is written so that it hides what it does. Value: the technique (string-array, control-flow, hex-names, \
          arithmetic, packer, symbols-only, char-codes, escapes, high-entropy, debugger-trap).",
    fields: &[
        Field { name: "degree", doc: "whole (two thirds of the code and more), part (a tenth and more) or trace" },
        Field { name: "files", doc: "how many files" },
    ],
};

/// Traces of a build tool.
pub static BUILD_TOOL: FactKind = FactKind {
    name: "build-tool",
    doc: "Code was put together by a build tool, which explains its looks. Value: the tool (webpack, vite, esbuild, ...).",
    fields: &[Field { name: "files", doc: "how many files" }],
};

/// Little code that fetches the rest.
pub static THIN_LOADER: FactKind = FactKind {
    name: "thin-loader",
    doc: "All the code there is fetches code or orders from elsewhere: what the extension does cannot be read here. Value: the \
          host, where known.",
    fields: &[
        Field { name: "bytes", doc: "bytes of scripts beside known libraries" },
        Field { name: "how", doc: "how the fetched text is run (eval, script-element, ...)" },
    ],
};

/// Bytes of scripts up to which a loader is thin. SHARPEXT's later loader and its like are below 4 kB.
const THIN: u64 = 12 << 10;

fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let mut total = 0u64;
    let mut techniques: BTreeMap<&str, (u64, Vec<&str>)> = BTreeMap::new();
    let mut tools: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, file) in &subject.package.files {
        let script = [".js", ".mjs", ".cjs"].iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
        let Some(bytes) = file.bytes.as_deref().filter(|_| script) else { continue };
        if libraries::is_known(&file.sha256) {
            continue;
        }
        total += file.size;
        let looks = measure::look(&String::from_utf8_lossy(bytes));
        for technique in looks.techniques {
            let (hidden, files) = techniques.entry(technique).or_default();
            *hidden += file.size;
            files.push(path);
        }
        if let Some(tool) = looks.build_tool {
            tools.entry(tool).or_default().push(path);
        }
    }
    // In the order of the table, which is the order in which a reader wants to hear of them.
    for technique in TECHNIQUES {
        let Some((hidden, files)) = techniques.get(technique.name) else { continue };
        let share = hidden.saturating_mul(100).checked_div(total).unwrap_or_default();
        let degree = if share >= 66 {
            "whole"
        } else if share >= 10 {
            "part"
        } else {
            "trace"
        };
        let fact = Fact::new(&OBFUSCATION, technique.name).with("degree", degree).with("files", files.len().to_string());
        facts.push(fact.at(Place::file(files.first().copied().unwrap_or_default())));
    }
    for (tool, files) in tools {
        let fact = Fact::new(&BUILD_TOOL, tool).with("files", files.len().to_string());
        facts.push(fact.at(Place::file(files.first().copied().unwrap_or_default())));
    }
    thin_loader(subject, total, facts);
}

fn thin_loader(subject: &Subject<'_>, bytes: u64, facts: &mut FactSet) {
    let Some(analysis) = subject.scripts else { return };
    if bytes > THIN {
        return;
    }
    let fetched = analysis.remote_code.iter().find(|code| code.origin == "network" || !code.host.is_empty());
    if let Some(code) = fetched {
        let fact = Fact::new(&THIN_LOADER, &code.host).with("bytes", bytes.to_string()).with("how", &code.how);
        facts.push(fact.at(Place::at(&code.spot.file, code.spot.offset)).steps(code.steps.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acquire::Package;
    use crate::extract::tests::facts_of;

    #[test]
    fn degree_says_how_much_of_the_code_is_hidden() {
        let hidden = "var _0x1a2b=_0x3c4d(_0x5e6f);".repeat(40);
        let plain = "function show(text) { document.body.append(text); }\n".repeat(40);
        let package = Package::from_memory("x", [("a.js", hidden.as_bytes()), ("b.js", plain.as_bytes())]);
        let facts = facts_of(&EXTRACTOR, &package);
        let seen: Vec<_> = facts.of(&OBFUSCATION).map(|fact| (fact.value.as_str(), fact.field("degree"))).collect();
        assert_eq!(seen, [("hex-names", Some("part"))]);
        let package = Package::from_memory("x", [("a.js", hidden.as_bytes())]);
        let facts = facts_of(&EXTRACTOR, &package);
        assert_eq!(facts.of(&OBFUSCATION).next().and_then(|fact| fact.field("degree")), Some("whole"));
    }
}
