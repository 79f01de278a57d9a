//! The guide under `docs/` says nothing that is not so. Its commands are checked in `src/cli/options.rs`, its pages of rules in
//! `tests/rules.rs`.

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use crxhound::engine::{Cases, Config, Engine};
use crxhound::extract::vocabulary;
use crxhound::report::FORMATS;
use crxhound::report::fleet::FleetFormat;
use crxhound::rules::{Origin, RuleSet, feed, selftest};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let below = walkdir::WalkDir::new(root().join("docs")).into_iter().map(|entry| entry.unwrap().into_path());
    let mut pages: Vec<_> = below.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    pages.push(root().join("README.md"));
    pages
}

#[test]
fn no_link_leads_nowhere() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = page.parent().unwrap().join(file);
            assert!(target.exists(), "{}: {link}", page.display());
            let slug = |title: &str| title.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-");
            let there = std::fs::read_to_string(&target)
                .is_ok_and(|text| text.lines().filter(|line| line.starts_with('#')).any(|title| slug(title) == heading));
            assert!(heading.is_empty() || there, "{}: {link}", page.display());
        }
    }
}

#[test]
fn every_page_can_be_reached() {
    let index = std::fs::read_to_string(root().join("docs/README.md")).unwrap();
    for page in std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        assert!(!page.ends_with(".md") || page == "README.md" || index.contains(&format!("({page})")), "{page}");
    }
}

#[test]
fn every_form_is_described() {
    let text = std::fs::read_to_string(root().join("docs/formats.md")).unwrap();
    for form in FORMATS.iter().filter(|form| form.render.is_some()) {
        assert!(text.contains(&format!("| `{}` |", form.name)), "{}", form.name);
    }
    let (_, fleet) = text.split_once("## A fleet").unwrap();
    let fleet = fleet.split("\n## ").next().unwrap();
    for form in FleetFormat::value_variants().iter().filter(|form| form.is_available()) {
        assert!(fleet.contains(&format!("| `{}` |", form.name())), "{}", form.name());
    }
}

#[test]
fn the_rule_of_the_guide_loads_and_does_what_its_cases_say() {
    let text = std::fs::read_to_string(root().join("docs/writing-rules.md")).unwrap();
    let rule = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let origin = Origin::User("our-rules/sends-cookies-to-our-lookalike.toml".to_owned());
    let set = RuleSet::load([(origin, rule)], &vocabulary()).unwrap_or_else(|wrong| panic!("{wrong}"));
    let engine = Engine::new(Config::new(set, feed::builtin())).unwrap();
    let results = selftest::run(engine.rules(), &Cases::new(&engine, None));
    assert_eq!(results.len(), 2);
    for result in results {
        assert!(result.passed(), "{}: {:?}", result.case, result.hit);
    }
}
