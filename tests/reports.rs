//! What people read: the table and the view of one extension, as snapshots.

use crxhound::finding::Verdict;
use crxhound::locales::Lang;
use crxhound::report::{Report, View, read, table};

fn institute() -> Report {
    load(include_bytes!("../fixtures/reports/institute.json"))
}

/// Names that right a reader's order, move a cursor, break a table or a page.
fn hostile() -> Report {
    load(include_bytes!("../fixtures/reports/hostile.json"))
}

fn load(bytes: &[u8]) -> Report {
    read::reports(bytes).unwrap().remove(0)
}

fn table(report: &Report, view: View<'_>) -> String {
    let mut out = Vec::new();
    table::write(report, &view, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    for c in text.chars().filter(|c| *c != '\n' && (view.colour || *c != '\u{1b}')) {
        assert!(!c.is_control() || c == '\u{1b}', "{c:?} reaches the terminal");
        assert!(
            !('\u{202a}'..='\u{202e}').contains(&c) && !('\u{2066}'..='\u{2069}').contains(&c),
            "{c:?} reaches the terminal"
        );
    }
    text
}

#[test]
fn table_in_80_columns() {
    insta::assert_snapshot!(table(&institute(), View { width: 80, ..View::default() }));
}

#[test]
fn table_in_100_columns() {
    insta::assert_snapshot!(table(&institute(), View::default()));
}

#[test]
fn table_in_200_columns() {
    insta::assert_snapshot!(table(&institute(), View { width: 200, ..View::default() }));
}

#[test]
fn table_of_hostile_names() {
    for width in [80, 100, 200] {
        let text = table(&hostile(), View { width, min_verdict: Some(Verdict::Ok), ..View::default() });
        let widest = text.lines().map(crxhound::report::text::width).max().unwrap_or_default();
        assert!(widest <= width, "{widest} columns at {width}");
        insta::assert_snapshot!(format!("hostile_names_in_{width}_columns"), text);
    }
}

#[test]
fn table_in_other_languages() {
    for lang in [Lang::De, Lang::Ko] {
        insta::assert_snapshot!(format!("table_{}", lang.code()), table(&institute(), View { lang, ..View::default() }));
    }
}

#[test]
fn one_extension_in_full() {
    let report = institute();
    let id = report.worst_first().first().map(|extension| extension.id.to_string());
    insta::assert_snapshot!(table(&report, View { explain: id, ..View::default() }));
}

#[test]
fn colours_change_nothing_but_colours() {
    let report = institute();
    let plain = table(&report, View::default());
    let coloured = table(&report, View { colour: true, ..View::default() });
    assert_ne!(plain, coloured);
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

#[test]
fn nothing_found_says_where_it_looked() {
    let looked_in = vec!["/home/m/.config/chromium".to_owned(), "/home/m/.config/google-chrome".to_owned()];
    insta::assert_snapshot!(table(&Report { looked_in, ..Report::default() }, View::default()));
}

#[test]
fn the_line_for_the_phone() {
    let line = |report: &Report, view: View<'_>| {
        let mut out = Vec::new();
        crxhound::report::table::summary(report, &view, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let say = |report: &Report| line(report, View::default());
    insta::assert_snapshot!("phone_line", say(&institute()));
    let clean = Report { errors: Vec::new(), extensions: Vec::new(), machine: Default::default(), ..institute() }.finish();
    insta::assert_snapshot!("phone_line_clean", say(&clean));
    let listed = line(&institute(), View { inventory: true, ..View::default() });
    assert_eq!(listed, "7 extensions in 3 profiles of 2 browsers; 1 place could not be read whole.\n");
    let nowhere = Report { looked_in: vec!["/home/m/.config/chromium".to_owned()], ..Report::default() };
    assert_eq!(say(&nowhere), "No Chromium-family browser was found.\n");
    // What a launcher or a task does to the machine is told although no browser is there.
    let machine = Report { looked_in: nowhere.looked_in.clone(), machine: institute().machine, ..Report::default() };
    assert!(say(&machine).starts_with("1 about the machine or its profiles: "), "{}", say(&machine));
    assert!(table(&machine, View::default()).contains("SUSPICIOUS"), "{}", table(&machine, View::default()));
}

#[test]
fn nothing_of_a_name_becomes_a_tag_or_a_request_of_the_page() {
    for report in [institute(), hostile()] {
        let mut out = Vec::new();
        crxhound::report::html::write(&report, &View::default(), &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert_eq!(page.matches("<script").count(), 1, "one script, ours");
        assert!(!page.contains("<img") && !page.contains("<link") && !page.contains("<iframe"));
        assert!(!page.contains("<a ") && !page.contains("<form") && !page.contains("url(") && !page.contains("@import"));
        assert!(page.contains("default-src 'none'"));
    }
}

#[test]
fn the_page_says_where_an_extension_came_from() {
    for lang in [Lang::En, Lang::De, Lang::Ko] {
        let words = lang.words();
        let mut out = Vec::new();
        crxhound::report::html::write(&institute(), &View { lang, ..View::default() }, &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        let card = |name: &str| {
            let cards = page.split("<details class=\"card extension").skip(1).find(|card| card.contains(name)).unwrap();
            cards.split("<section").next().unwrap().to_owned()
        };
        let places = |card: &str, parts: &[&str]| -> Vec<usize> {
            parts.iter().map(|part| card.find(part).unwrap_or_else(|| panic!("no {part} in {card}"))).collect()
        };
        // Installed, from then on exposed, seen by the scan: in this order.
        let sharpext = card("Advanced Font");
        let exposed = words.get("html.origin.exposed");
        let line = places(
            &sharpext,
            &[words.get("moment.installed"), exposed, "2026-04-12T09:14:03Z", words.get("html.origin.mac_valid")],
        );
        assert!(line.is_sorted(), "{line:?}");
        let translatext = card("Google Translate");
        places(&translatext, &[words.get("html.origin.policy"), "ExtensionInstallForcelist HKCU"]);
    }
}

#[test]
fn every_step_of_the_fixtures_is_told_in_every_language() {
    let home = tempfile::tempdir().unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/packages");
    let mut command = crate::commands::crxhound(home.path());
    command.args(["inspect", "--no-cache", "--quiet", "--format", "json"]);
    command.args(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
    let report = load(&command.output().unwrap().stdout);
    let steps: Vec<_> = report.findings().flat_map(|finding| &finding.flow).collect();
    assert!(steps.len() > 200, "{}", steps.len());
    for step in steps {
        assert!(!step.world.is_empty(), "{step:?}: nobody knows which part does it");
        for lang in [Lang::De, Lang::Ko] {
            let words = lang.words();
            assert_ne!(crxhound::report::step::what(step, words), step.what, "{lang:?}");
            assert_ne!(crxhound::report::step::part(step, words), step.world, "{lang:?}");
        }
    }
}

#[test]
fn every_source_is_told_in_every_language() {
    let taint = include_str!("../src/script/taint.toml");
    let sources = taint.lines().filter_map(|line| line.strip_prefix("words = \""));
    let sources: Vec<_> = sources.map(|words| words.trim_end_matches('"').to_owned()).collect();
    assert!(sources.len() > 20);
    for what in sources {
        let step = crxhound::finding::Step { file: String::new(), line: 1, what, world: String::new() };
        assert_ne!(crxhound::report::step::what(&step, Lang::Ko.words()), step.what);
    }
}

#[test]
fn the_way_of_the_data_is_drawn_from_the_page_to_the_foreign_host() {
    let home = tempfile::tempdir().unwrap();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/packages/sharpext");
    let mut command = crate::commands::crxhound(home.path());
    command.args(["inspect", sample, "--no-cache", "--quiet", "--format", "html"]);
    let page = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let flow = page.split("class=\"flow\"").nth(1).unwrap().split("</svg>").next().unwrap();
    let parts = ["Mail page", "Developer-tools page", "dev.js:", "Background", "bg.js:", "collector.invalid", "foreign place"];
    let places: Vec<_> = parts.iter().map(|part| flow.rfind(part).unwrap_or_else(|| panic!("no {part}: {flow}"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    // Findings of the same way draw it once.
    assert_eq!(page.matches(">Developer-tools page<").count(), 1);
}

#[test]
fn what_to_do_comes_first_and_names_commands_places_and_pages() {
    let mut out = Vec::new();
    crxhound::report::html::write(&institute(), &View::default(), &mut out).unwrap();
    let page = String::from_utf8(out).unwrap();
    let steps = page.split("class=\"steps\"").nth(1).unwrap().split("</ol>").next().unwrap();
    let order =
        ["crxhound evidence", "A policy installs it", "ExtensionInstallForcelist", "Remove the extension", "Pause the browser"];
    let places: Vec<_> = order.iter().map(|part| steps.find(part).unwrap_or_else(|| panic!("no {part}: {steps}"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.find("class=\"steps\"") < page.find("card extension"), "before the extensions");
}

#[test]
fn every_word_is_used() {
    // Keys that are put together from a word of the report.
    const MADE: &[&str] = &["permission.", "moment.", "severity.", "confidence.", "leg.", "run.", "step.", "world.", "kind."];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = walkdir::WalkDir::new(root).into_iter().filter_map(Result::ok);
    let code: String = files
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "rs"))
        .map(|entry| std::fs::read_to_string(entry.path()).unwrap())
        .collect();
    let words = Lang::En.words();
    let used = |key: &str| {
        let key = key.strip_suffix(".one").or_else(|| key.strip_suffix(".other")).unwrap_or(key);
        MADE.iter().any(|start| key.starts_with(start)) || code.contains(&format!("\"{key}\""))
    };
    let unused: Vec<_> = words.keys().filter(|key| !used(key)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
