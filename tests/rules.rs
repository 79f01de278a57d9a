//! The built-in rules: they load, their cases hold, and nothing about them is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crxhound::engine::{Cases, Config, Engine};
use crxhound::extract::{Fact, FactKind, FactSet, Field};
use crxhound::finding::{Leg, Verdict};
use crxhound::model::attack;
use crxhound::model::host::STRANGERS;
use crxhound::rules::rule::{Expect, FamilyName};
use crxhound::rules::selftest;
use crxhound::rules::{Origin, RuleSet, Scope};

static COLOUR: FactKind = FactKind {
    name: "colour",
    doc: "a colour",
    fields: &[Field { name: "shade", doc: "light or dark" }, Field { name: "world", doc: "" }],
};
static SIZE: FactKind = FactKind { name: "size", doc: "a number", fields: &[] };
static FLOW: FactKind = FactKind { name: "flow", doc: "a flow", fields: &[Field { name: "sink", doc: "" }] };

fn builtin() -> RuleSet {
    RuleSet::builtin().unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// A rule of a user with the given `[match]` and what follows it.
fn rule(id: &str, extra: &str, condition: &str) -> (Origin, String) {
    let text = format!(
        "id = \"{id}\"\ntitle = \"t\"\nwhy = \"w\"\nleg = \"skeleton\"\nseverity = \"low\"\nconfidence = \"low\"\n\
         verdict = \"review\"\nbenign = \"b\"\nremediation = \"r\"\n{extra}\n[match]\n{condition}\n\
         [[case]]\nname = \"a\"\nexpect = \"hit\"\nfacts = []\n[[case]]\nname = \"b\"\nexpect = \"clean\"\nfacts = []\n"
    );
    (Origin::User(format!("{id}.toml")), text)
}

fn load(rules: &[(Origin, String)]) -> Result<RuleSet, String> {
    let files = rules.iter().map(|(origin, text)| (origin.clone(), text.as_str()));
    RuleSet::load(files, &[&COLOUR, &SIZE, &FLOW]).map_err(|wrong| wrong.to_string())
}

/// Whether a condition is true of facts.
fn holds(scope: &str, condition: &str, facts: Vec<Fact>) -> bool {
    let set = load(&[rule("x", &format!("scope = \"{scope}\""), condition)]).unwrap();
    let mut all = FactSet::new();
    all.extend(facts);
    !set.evaluate(&all, Scope::Extension).is_empty()
}

fn colour(value: &str, shade: &'static str, file: &str) -> Fact {
    Fact::new(&COLOUR, value).with("shade", shade).at(crxhound::extract::Place::file(file))
}

#[test]
fn every_case_of_every_built_in_rule_holds() {
    let engine = Engine::new(Config::builtin().unwrap()).unwrap();
    let results = selftest::run(engine.rules(), &Cases::new(&engine, Some(env!("CARGO_MANIFEST_DIR").into())));
    let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(!results.is_empty());
}

/// Rules for which it matters what kind of stranger it is.
const CHOOSY: &[&str] =
    &["aiframe-remote-window", "covers-pages-with-a-remote-page", "talks-to-a-raw-address", "talks-to-a-throw-away-host"];

/// A theft is one whatever is known of the place that takes the loot: a foreign host, a messenger's bots, a tunnel.
#[test]
fn a_stranger_is_one_whatever_kind_of_place_it_is() {
    let engine = Engine::new(Config::builtin().unwrap()).unwrap();
    let cases = Cases::new(&engine, Some(env!("CARGO_MANIFEST_DIR").into()));
    let is_strange = |(name, value): &(&str, String)| *name == "class" && STRANGERS.contains(&value.as_str());
    let (mut tried, mut missed) = (0, BTreeSet::new());
    for rule in engine.rules().rules().iter().filter(|rule| !CHOOSY.contains(&rule.id.as_str())) {
        for case in rule.cases.iter().filter(|case| case.expect == Expect::Hit) {
            let facts = selftest::facts(case, &cases).unwrap();
            if !facts.iter().any(|fact| fact.fields.iter().any(is_strange)) {
                continue;
            }
            for word in STRANGERS {
                let mut changed = FactSet::new();
                changed.extend(facts.iter().cloned().map(|mut fact| {
                    for field in fact.fields.iter_mut().filter(|field| is_strange(field)) {
                        field.1 = (*word).to_owned();
                    }
                    fact
                }));
                let hits =
                    engine.rules().evaluate(&changed, rule.scopes.first().map_or(Scope::Extension, |scope| scope.target()));
                tried += 1;
                if hits.iter().all(|hit| hit.rule.id != rule.id) {
                    missed.insert(format!("{}, \"{}\": {word}", rule.id, case.name));
                }
            }
        }
    }
    assert!(tried > 200, "{tried}");
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Every rule over the cases of every other one: a false alarm shows on the day it is born. Read a changed line as if it were
/// prose: should this rule be true of that case?
#[test]
fn rules_over_the_cases_of_others() {
    let engine = Engine::new(Config::builtin().unwrap()).unwrap();
    let crossings = selftest::crossings(engine.rules(), &Cases::new(&engine, Some(env!("CARGO_MANIFEST_DIR").into())));
    // Building blocks and what merely informs are meant to be true of many things.
    let says = |id: &str| engine.rules().rule(id).is_some_and(|rule| !rule.hidden && rule.verdict > Verdict::Ok);
    let shown = crossings.iter().filter(|(rule, ..)| says(rule));
    let lines: Vec<_> = shown.map(|(rule, owner, case)| format!("{rule} <- {owner}: {case}")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_technique_exists() {
    let set = builtin();
    let of_rules = set.rules().iter().flat_map(|rule| rule.attack.iter().map(|id| (&rule.id, id)));
    let of_families = set.families().iter().flat_map(|family| family.attack.iter().map(|id| (&family.id, id)));
    let unknown: Vec<_> = of_rules.chain(of_families).filter(|(_, id)| attack::name(id).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_pages_of_the_documentation_are_those_of_the_rules() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    let kept = std::fs::read_dir(&folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
    });
    let kept: BTreeMap<String, String> = kept.collect();
    let pages = crxhound::report::pages::pages(&builtin());
    let names = kept.keys().chain(pages.keys());
    let stale: BTreeSet<&String> = names.filter(|name| kept.get(*name) != pages.get(*name)).collect();
    assert!(
        stale.is_empty(),
        "make them anew with `rm -r docs/rules; cargo run -- signatures list --pages docs/rules`: {stale:?}"
    );
}

#[test]
fn every_rule_can_be_explained() {
    let set = builtin();
    for rule in set.rules() {
        for language in ["en", "de", "ko"] {
            let text = rule.text(language);
            assert!(language == "en" || *text != rule.text, "{}: no {language}", rule.id);
            assert!(text.title.chars().count() <= 72, "{}: {language} title", rule.id);
        }
        assert!(rule.hidden || !rule.references.is_empty(), "{} names no source", rule.id);
        assert!(rule.verdict != Verdict::Malicious || rule.leg == Leg::Indicator, "{}: only a hash stands alone", rule.id);
    }
    // Every family that a rule or a list names has its page.
    let fixed = set.rules().iter().filter_map(|rule| match &rule.family {
        Some(FamilyName::Fixed(name)) => Some(name.clone()),
        _ => None,
    });
    let listed = crxhound::rules::feed::builtin();
    let listed = listed.all().iter().filter_map(|listed| listed.family.clone());
    let named: BTreeSet<String> = fixed.chain(listed).collect();
    let without: Vec<_> = named.iter().filter(|name| set.family(name).is_none()).collect();
    assert!(without.is_empty(), "no page under signatures/families for {without:?}");
}

#[test]
fn the_guide_names_every_fact() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("signatures/README.md");
    let guide = std::fs::read_to_string(&path).unwrap();
    let (head, _) = guide.split_once("<!-- facts -->").unwrap();
    let mut facts = String::from("<!-- facts -->\n\n");
    for kind in crxhound::extract::vocabulary() {
        writeln!(facts, "- `{}`: {}", kind.name, kind.doc.trim_end_matches('.')).unwrap();
        for field in kind.fields {
            writeln!(facts, "  - `{}`: {}", field.name, field.doc.trim_end_matches('.')).unwrap();
        }
    }
    let wanted = format!("{head}{facts}");
    if std::env::var_os("CRXHOUND_BLESS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
        return;
    }
    assert!(guide == wanted, "signatures/README.md is stale: run this test once with CRXHOUND_BLESS=1");
}

#[test]
fn conditions() {
    let facts = || vec![colour("red", "dark", "a.js"), colour("blue", "light", "b.js"), Fact::new(&SIZE, "12")];
    for (condition, expected) in [
        ("fact = \"colour\"", true),
        ("fact = \"colour\"\nis = \"red\"", true),
        ("fact = \"colour\"\nis = \"green\"", false),
        ("fact = \"colour\"\none_of = [\"green\", \"blue\"]\nwhere = { shade = \"light\" }", true),
        ("fact = \"colour\"\nis = \"blue\"\nwhere = { shade = [\"dark\"] }", false),
        ("fact = \"colour\"\nwhere = { world = { none_of = [\"main\"] } }", true),
        ("fact = \"colour\"\nwhere = { world = { matches = \".*\" } }", false),
        ("fact = \"colour\"\nwhere = { file = { ends_with = \"b.js\" } }", true),
        ("fact = \"colour\"\nmatches = \"^r.d$\"", true),
        ("fact = \"colour\"\nunlike = \"^r\"\nwhere = { world = { unlike = \"x\" } }", true),
        ("fact = \"colour\"\nunlike = \"^(r|b)\"", false),
        ("fact = \"size\"\nmin = 12\nmax = 13", true),
        ("fact = \"size\"\nmin = 12.5", false),
        ("fact = \"colour\"\ncount = 2", true),
        ("fact = \"colour\"\ncount = 3", false),
        ("fact = \"colour\"\ncount = 2\ndistinct = \"shade\"", true),
        ("all = [{ fact = \"size\" }, { not = { fact = \"colour\", is = \"green\" } }]", true),
        ("all = [{ fact = \"size\" }, { not = { fact = \"colour\" } }]", false),
        ("at_least = 2\nof = [{ fact = \"size\" }, { fact = \"flow\" }, { fact = \"colour\" }]", true),
        ("at_least = 3\nof = [{ fact = \"size\" }, { fact = \"flow\" }, { fact = \"colour\" }]", false),
    ] {
        assert_eq!(holds("extension", condition, facts()), expected, "{condition}");
    }
}

#[test]
fn scopes_hold_facts_together() {
    let both = "all = [{ fact = \"colour\", is = \"red\" }, { fact = \"colour\", is = \"blue\" }]";
    assert!(holds("extension", both, vec![colour("red", "dark", "a.js"), colour("blue", "dark", "b.js")]));
    assert!(!holds("file", both, vec![colour("red", "dark", "a.js"), colour("blue", "dark", "b.js")]));
    assert!(holds("file", both, vec![colour("red", "dark", "a.js"), colour("blue", "dark", "a.js")]));
    let world = |value: &str, world: &'static str| Fact::new(&COLOUR, value).with("world", world);
    assert!(!holds("world", both, vec![world("red", "page"), world("blue", "worker")]));
    assert!(holds("world", both, vec![world("red", "page"), world("blue", "page")]));
}

#[test]
fn a_flow_and_what_lies_on_its_way() {
    let condition =
        "all = [{ fact = \"flow\", is = \"mail\" }, { fact = \"flow\", where = { sink = \"fetch\" } }, { fact = \"colour\" }]";
    let flow = |source: &str, sink: &'static str, file: &str| {
        let step = crxhound::finding::Step { file: file.to_owned(), line: 1, what: "reads".to_owned(), world: String::new() };
        Fact::new(&FLOW, source).with("sink", sink).steps(vec![step])
    };
    assert!(holds("flow", condition, vec![flow("mail", "fetch", "a.js"), colour("red", "dark", "a.js")]));
    assert!(!holds("flow", condition, vec![flow("mail", "fetch", "a.js"), colour("red", "dark", "b.js")]));
    // Two flows that would only together be the one that is asked for.
    assert!(!holds(
        "flow",
        condition,
        vec![flow("mail", "image", "a.js"), flow("page", "fetch", "a.js"), colour("red", "dark", "a.js")]
    ));
}

#[test]
fn rules_build_on_rules() {
    let set = load(&[rule("above", "", "rule = \"below\""), rule("below", "hidden = true", "fact = \"colour\"")]).unwrap();
    let mut facts = FactSet::new();
    facts.push(colour("red", "dark", "a.js"));
    let matches = set.evaluate(&facts, Scope::Extension);
    assert_eq!(matches.iter().map(|found| found.rule.id.as_str()).collect::<Vec<_>>(), ["below", "above"]);
    let findings = set.findings(&facts, Scope::Extension, &|_| Default::default());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].evidence[0].excerpt.as_deref(), Some("colour: red"));
}

#[test]
fn mistakes_are_shown_on_the_line_of_their_author() {
    let mut shown = BTreeMap::new();
    for (name, extra, condition) in [
        ("unknown-fact", "", "fact = \"color\""),
        ("unknown-field", "", "fact = \"colour\"\nwhere = { shadow = \"dark\" }"),
        ("unknown-key", "servity = \"low\"", "fact = \"colour\""),
        ("unknown-word", "scope = \"files\"", "fact = \"colour\""),
        ("bad-regex", "", "fact = \"colour\"\nmatches = \"a(\""),
        ("bad-technique", "attack = [\"T11\"]", "fact = \"colour\""),
        ("nothing-positive", "", "not = { fact = \"colour\" }"),
        ("two-heads", "", "fact = \"colour\"\nrule = \"x\""),
        ("unknown-rule", "", "rule = \"unknown-rul\""),
        ("circle", "", "rule = \"circle\""),
        ("impossible", "", "at_least = 2\nof = [{ fact = \"colour\" }]"),
    ] {
        shown.insert(name, load(&[rule(name, extra, condition)]).unwrap_err());
    }
    let (_, text) = rule("other-name", "", "fact = \"colour\"");
    shown.insert("file-name", load(&[(Origin::User("some/where.toml".to_owned()), text)]).unwrap_err());
    let twice = [rule("twice", "", "fact = \"colour\""), rule("twice", "", "fact = \"size\"")];
    shown.insert("twice", load(&twice).unwrap_err());
    let (origin, text) = rule("no-clean-case", "", "fact = \"colour\"");
    shown.insert("no-clean-case", load(&[(origin, text.replace("\"clean\"", "\"hit\""))]).unwrap_err());
    let (_, text) = rule("one-language", "", "fact = \"colour\"");
    shown.insert("one-language", load(&[(Origin::BuiltIn("one-language.toml".to_owned()), text)]).unwrap_err());
    shown.insert("no-toml", load(&[(Origin::User("no-toml.toml".to_owned()), "id = ".to_owned())]).unwrap_err());
    let page: Vec<_> = shown.iter().map(|(name, text)| format!("== {name}\n{text}\n")).collect();
    insta::assert_snapshot!(page.join("\n"));
}
