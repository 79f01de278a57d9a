//! Near copies: code of a known family is found under other names and in other forms, and honest extensions are no copies of
//! each other.
//!
//! `CRXHOUND_BLESS=1 cargo test near::` writes `signatures/near/common.csv` and `signatures/indicators/near-copies.csv` anew;
//! run it twice, since the second is built on the first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crxhound::acquire::{self, Limits, Package};
use crxhound::engine::{Config, Engine, Silent};
use crxhound::extract::libraries;
use crxhound::model::fingerprint::Fingerprint;
use crxhound::model::manifest;
use crxhound::script::{self, Input, evaluate::NoEvaluator};
use oxc_span::GetSpan;
use rayon::prelude::*;

use crate::fixtures::{self, Kind};
use crate::forms::{self, Files};
use crate::support::material;

/// Products of which several versions or parts are among the real extensions.
const SIBLINGS: &[&str] = &["apollo-", "seleniumbase-", "vue-devtools-"];
/// So many different products make a feature a common one.
const COMMON: usize = 5;

type Features = BTreeSet<u32>;

/// All features of an extension beside libraries.
fn raw(package: &Package) -> Features {
    let manifest = package.bytes("manifest.json").and_then(|bytes| manifest::parse(bytes).ok()).map(|(manifest, _)| manifest);
    let shapes = script::shapes(&Input::new(manifest.as_ref(), package), &NoEvaluator);
    let library = |path: &str| package.files.get(path).is_some_and(|file| libraries::is_known(&file.sha256));
    shapes.into_iter().filter(|shape| !library(&shape.file)).flat_map(|shape| shape.features).collect()
}

fn raw_files(files: &Files) -> Features {
    raw(&Package::from_memory("test", files.iter().map(|(path, text)| (path.as_str(), text.as_bytes()))))
}

/// Whether the large ones among the real extensions are looked at too, which takes a minute.
fn thorough() -> bool {
    ["CI", "CRXHOUND_BLESS"].iter().any(|variable| std::env::var_os(variable).is_some())
}

/// The features of the real extensions, by slug.
fn real() -> Option<&'static BTreeMap<String, Features>> {
    static REAL: LazyLock<Option<BTreeMap<String, Features>>> = LazyLock::new(|| {
        let folder = material::corpus()?.join("benign");
        let (packages, _) = acquire::packages_below(&folder, &Limits::default());
        let pool = rayon::ThreadPoolBuilder::new().stack_size(64 << 20).build().unwrap();
        let one = |path: &PathBuf| {
            let slug = path.strip_prefix(&folder).unwrap().iter().next().unwrap().to_str().unwrap().to_owned();
            let (package, _) = acquire::open(path, &Limits::default()).unwrap();
            let scripts = package.files.iter().filter(|(path, _)| path.ends_with(".js"));
            let size: u64 = scripts.map(|(_, file)| file.size).sum();
            (size < 4 << 20 || thorough()).then(|| (slug, raw(&package)))
        };
        Some(pool.install(|| packages.par_iter().filter_map(one).collect()))
    });
    REAL.as_ref()
}

/// Which products have a feature.
fn makers() -> Option<&'static BTreeMap<u32, BTreeSet<&'static str>>> {
    static MAKERS: LazyLock<Option<BTreeMap<u32, BTreeSet<&str>>>> = LazyLock::new(|| {
        let mut makers: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
        for (slug, features) in real()? {
            for feature in features {
                makers.entry(*feature).or_default().insert(product(slug));
            }
        }
        Some(makers)
    });
    MAKERS.as_ref()
}

fn product(slug: &str) -> &str {
    SIBLINGS.iter().find(|start| slug.starts_with(**start)).unwrap_or(&slug)
}

/// Features of all fixtures of these kinds.
fn of_kind(kind: Kind) -> Features {
    let list = fixtures::list();
    let names = list.iter().filter(|expected| expected.kind == kind).map(|expected| &expected.name);
    names.flat_map(|name| raw_files(&fixtures::files(name).into_iter().collect())).collect()
}

fn signatures(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("signatures").join(path)
}

/// Compares a file with what it should be, or writes it.
fn keep(path: &str, wanted: &str) {
    let file = signatures(path);
    if std::env::var_os("CRXHOUND_BLESS").is_some() {
        std::fs::write(&file, wanted).unwrap();
    }
    assert!(std::fs::read_to_string(&file).unwrap() == wanted, "signatures/{path} is stale: see the head of tests/near.rs");
}

fn common() -> Features {
    let text = std::fs::read_to_string(signatures("near/common.csv")).unwrap();
    text.lines().skip(1).map(|line| u32::from_str_radix(line, 16).unwrap()).collect()
}

#[test]
fn what_honest_extensions_have_in_common_is_listed() {
    let Some(makers) = makers().filter(|_| thorough()) else {
        return material::skip("the list of common features is compared with the large real extensions in CI only");
    };
    // What one of them has counts too, where a fixture of a theft has it: then it is no sign of the theft.
    let theft = of_kind(Kind::Theft);
    let mut common = of_kind(Kind::Honest);
    common.extend(
        makers.iter().filter(|(feature, who)| who.len() >= COMMON || theft.contains(feature)).map(|(feature, _)| feature),
    );
    let mut text = String::from("feature\n");
    common.iter().for_each(|feature| writeln!(text, "{feature:08x}").unwrap());
    keep("near/common.csv", &text);
}

/// The fixtures of families: family, name, all features.
fn families() -> Vec<(String, String, Features)> {
    let of = |expected: fixtures::Expected| {
        let family = expected.family.first().filter(|_| expected.kind == Kind::Theft)?;
        Some((family.clone(), expected.name.clone(), raw_files(&fixtures::files(&expected.name).into_iter().collect())))
    };
    fixtures::list().into_iter().filter_map(of).collect()
}

fn print(features: &Features, is_common: impl Fn(&u32) -> bool) -> Option<Fingerprint> {
    Fingerprint::of(&features.iter().copied().filter(|feature| !is_common(feature)).collect::<Vec<_>>())
}

#[test]
fn built_in_fingerprints_are_those_of_the_fixtures() {
    let common = common();
    let mut text = String::from("value,type,family,strength,verified,remediated,source,note\n");
    for (family, fixture, features) in families() {
        let Some(print) = print(&features, |feature| common.contains(feature)) else { continue };
        let source = "modelled by crxhound on the published analyses of the family";
        writeln!(text, "{print},fingerprint,{family},corroborate,yes,no,{source},fixtures/packages/{fixture}").unwrap();
    }
    keep("indicators/near-copies.csv", &text);
}

/// Each is looked at as one that nobody has seen: what only it has in common with a fixture is not known to be common.
#[test]
fn real_extensions_are_near_copies_of_nothing() {
    let (Some(real), Some(makers)) = (real(), makers()) else { return };
    let honest = of_kind(Kind::Honest);
    let families = families();
    let mut most = (0.0, String::new());
    for (slug, features) in real {
        let features: Vec<u32> = features.iter().copied().collect();
        let seen = |feature: &u32| {
            let others = makers.get(feature).is_some_and(|who| who.iter().any(|maker| *maker != product(slug)));
            others || honest.contains(feature)
        };
        for (_, fixture, known) in &families {
            let Some(print) = print(known, seen) else { continue };
            let share = print.share_in(&features);
            assert!(share < 0.5, "{slug} has {share:.2} of {fixture}");
            if share > most.0 {
                most = (share, format!("{slug} has {share:.2} of {fixture}"));
            }
        }
    }
    eprintln!("the most: {}", most.1);
}

#[test]
fn different_real_products_are_not_alike() {
    let Some(real) = real() else { return };
    let common = common();
    let own = real.iter().filter_map(|(slug, features)| Some((slug, print(features, |feature| common.contains(feature))?)));
    let own: Vec<_> = own.collect();
    let mut siblings = 0;
    for (at, (slug, print)) in own.iter().enumerate() {
        for (other, with) in &own[at + 1..] {
            let alike = print.similarity(with) >= 0.5;
            assert!(!alike || product(slug) == product(other), "{slug} and {other}: {:.2}", print.similarity(with));
            siblings += usize::from(alike);
        }
    }
    assert!(siblings > 0, "two copies of one product are not alike");
}

/// The statements of a script in reverse order.
fn reversed(text: &str) -> String {
    let allocator = oxc_allocator::Allocator::default();
    let parsed = oxc_parser::Parser::new(&allocator, text, oxc_span::SourceType::script()).parse();
    let statements =
        parsed.program.body.iter().rev().map(|statement| &text[statement.span().start as usize..statement.span().end as usize]);
    statements.collect::<Vec<_>>().join("\n")
}

/// Whether a page of an extension calls functions of another.
fn calls_across_pages(files: &Files) -> bool {
    files.values().any(|text| text.contains("getBackgroundPage"))
}

/// A family's fixture with the statements of each script turned round, honest code added to it, then minified or bundled,
/// which renames what can be renamed.
#[test]
fn a_changed_fixture_of_a_family_is_matched_to_it() {
    let engine = Engine::new(Config::builtin().unwrap()).unwrap();
    let listed: Vec<_> = crxhound::rules::feed::builtin().fingerprints().map(|(_, listed)| listed.family.clone()).collect();
    let common = common();
    let known = families().into_iter().filter(|(.., features)| print(features, |feature| common.contains(feature)).is_some());
    let (mut names, mut changed) = (Vec::new(), Vec::new());
    for (family, fixture, _) in known {
        let mut files: Files = fixtures::files(&fixture).into_iter().collect();
        for (path, text) in files.iter_mut().filter(|(path, _)| path.ends_with(".js")) {
            let added = if path.contains("bg") || path.contains("main") { "honest-rss-reader" } else { "honest-tab-manager" };
            let added = fixtures::files(added).into_iter().find(|(path, _)| path == "worker.js").unwrap().1;
            *text = format!("(() => {{ {added} }})();\n{}", reversed(text));
        }
        names.push((family, fixture));
        changed.push(files);
    }
    assert!(names.len() >= 5 && listed.len() == names.len(), "{names:?}");
    for form in ["plain", "minified", "bundled"] {
        let Some(made) = forms::make(form, &changed) else { return };
        for ((family, fixture), files) in names.iter().zip(made) {
            // A function that only another page calls is dropped by tools that do not know of that page.
            if form != "plain" && calls_across_pages(&files) {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            for (path, text) in &files {
                let path = folder.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            let report = engine.inspect(&[folder.path().to_path_buf()], &Silent);
            let extension = &report.extensions[0];
            assert!(extension.fingerprint.is_some(), "{fixture}, {form}");
            let found = extension.findings.iter().find(|finding| finding.rule == "has-code-of-known-family");
            assert!(found.is_some_and(|found| found.family.as_ref() == Some(family)), "{fixture}, {form}: {found:?}");
        }
    }
}
