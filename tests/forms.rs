//! Fixtures in the forms that code is shipped in: minified, bundled, obfuscated. Made by the real tools from npm, at test time,
//! into the build folder; nothing of them is kept in the project.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crxhound::model::hash::Hasher;

use crate::decode::npm;
use crate::{fixtures, pages};

/// How code is shipped: as it was written, then the words of `support/forms.js`.
///
/// `minified` is terser, `bundled` esbuild, `obfuscated` javascript-obfuscator as it comes, `encoded` the same with what hides
/// strings (base64, pieces, escapes), `rc4` with strings encrypted, `high` its strongest preset, of which nothing is promised.
/// `lowered` is Babel for a browser of 2013, `compiled` TypeScript for ES5, `packed` webpack with a function for each module.
/// `CRXHOUND_FORMS=lowered,packed` leaves the others out, to work on some of them.
pub fn forms() -> Vec<&'static str> {
    let all = [&["plain"], npm::FORMS, npm::COMPILED].concat();
    match std::env::var("CRXHOUND_FORMS") {
        Ok(only) => all.into_iter().filter(|form| only.split(',').any(|name| name == *form)).collect(),
        Err(_) => all,
    }
}

/// Path and text of each file of an extension.
pub type Files = BTreeMap<String, String>;

/// The extensions in one form, in the same order; `None` where the tools cannot be had. Each is made once, for each version of
/// the tools.
pub fn make(form: &str, extensions: &[Files]) -> Option<Vec<Files>> {
    if form == "plain" {
        return Some(extensions.to_vec());
    }
    npm::tools()?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("forms");
    fs::create_dir_all(&folder).unwrap();
    let made: Vec<_> = extensions.iter().map(|files| folder.join(name(form, files))).collect();
    let missing: Vec<_> = made.iter().zip(extensions).filter(|(path, _)| !path.exists()).collect();
    if !missing.is_empty() {
        let jobs: Vec<_> = missing.iter().map(|(_, files)| serde_json::json!({ "form": form, "files": files })).collect();
        for ((path, _), files) in missing.iter().zip(npm::run::<Files>(&jobs)?) {
            fs::write(path, serde_json::to_vec(&files).unwrap()).unwrap();
        }
    }
    Some(made.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect())
}

/// The name of the file that keeps a result: of what was asked, of whom, about what.
fn name(form: &str, files: &Files) -> PathBuf {
    let mut hash = Hasher::new();
    hash.update(include_bytes!("support/forms.js"));
    hash.update(npm::TOOLS.join("\n").as_bytes());
    hash.update(serde_json::json!({ "form": form, "files": files }).to_string().as_bytes());
    PathBuf::from(hash.hex() + ".json")
}

/// Every fixture: the packages, and the cases of the pages.
fn everything() -> Vec<(String, Files)> {
    let packages = fixtures::list().into_iter().map(|expected| (expected.name.clone(), fixtures::files(&expected.name)));
    let cases = pages::cases().into_iter().map(|case| (case.name(), case.files));
    packages.chain(cases).map(|(name, files)| (name, files.into_iter().collect())).collect()
}

#[test]
fn every_form_of_every_fixture_parses_and_hides_what_it_should() {
    let (names, extensions): (Vec<_>, Vec<_>) = everything().into_iter().unzip();
    for form in forms() {
        let Some(made) = make(form, &extensions) else { return };
        let mut addresses = 0;
        for (name, files) in names.iter().zip(&made) {
            for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".js")) {
                if let Some(wrong) = pages::syntax_error(text) {
                    panic!("{name}, {path}, {form}: {wrong}");
                }
                addresses += usize::from(text.contains("https://collector.invalid"));
            }
        }
        let hidden = ["encoded", "rc4", "high"].contains(&form);
        assert_eq!(addresses < 5, hidden, "{form}: {addresses} addresses stand there");
    }
}
