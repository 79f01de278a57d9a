//! The pages, opened in a real browser: no error, no request, and nothing of an extension's name, path or code comes to life.

use std::path::Path;
use std::process::Command;

use crate::commands::crxhound;
use crate::support::material;

/// What the browser made of a page.
struct Opened {
    /// The document after its script has run.
    document: String,
    /// What the page wrote to its console, errors of its policy included.
    console: Vec<String>,
    /// Addresses that were asked for, beside the page.
    requests: Vec<String>,
    /// A picture of it, and how large that is.
    picture: Vec<u8>,
}

/// Opens a page in a new profile of headless Chromium. `None` (with a loud word, in CI a failure) where there is none.
fn open(page: &Path, width: u32, dark: bool, folder: &Path) -> Option<Opened> {
    let (log, shot) = (folder.join("net.json"), folder.join("shot.png"));
    let profile = tempfile::tempdir().unwrap();
    let run = |more: &[String]| {
        let mut command = Command::new("chromium");
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]);
        command.args(["--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg(format!("--window-size={width},1400"));
        if dark {
            command.arg("--blink-settings=preferredColorScheme=0");
        }
        command.args(more).arg(format!("file://{}", page.display())).output()
    };
    let Ok(dumped) = run(&["--dump-dom".to_owned(), format!("--log-net-log={}", log.display())]) else {
        material::skip("no chromium, so nothing opens the page");
        return None;
    };
    run(&[format!("--screenshot={}", shot.display())]).unwrap();
    let said = String::from_utf8_lossy(&dumped.stderr).into_owned();
    let net = std::fs::read_to_string(log).unwrap_or_default();
    let requests = net.split("\"url\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    Some(Opened {
        document: String::from_utf8(dumped.stdout).unwrap(),
        console: said.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect(),
        requests: requests.filter(|address| !harmless(address)).map(str::to_owned).collect(),
        picture: std::fs::read(shot).unwrap_or_default(),
    })
}

/// What the browser asks for by itself, whatever page is open.
fn harmless(address: &str) -> bool {
    ["chrome://", "chrome-extension://", "file://", "devtools://", "data:", "about:"]
        .iter()
        .any(|start| address.starts_with(start))
        || [".google.com/", ".googleapis.com/", ".gvt1.com/", "update.googleapis.com"].iter().any(|own| address.contains(own))
}

fn page(report: &str, lang: &str, folder: &Path) -> std::path::PathBuf {
    let file = folder.join(format!("{lang}.html"));
    let report = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports").join(report);
    let output = crxhound(folder).arg("render").arg(report).args(["--lang", lang, "--output"]).arg(&file).output().unwrap();
    assert!(file.is_file(), "{}", String::from_utf8_lossy(&output.stderr));
    file
}

fn opens_quietly(page: &Path, width: u32, dark: bool, folder: &Path) -> Option<Opened> {
    let opened = open(page, width, dark, folder)?;
    assert_eq!(opened.console, Vec::<String>::new(), "{}", page.display());
    assert_eq!(opened.requests, Vec::<String>::new(), "{}", page.display());
    assert!(opened.picture.len() > 10_000, "{}: {} bytes of picture", page.display(), opened.picture.len());
    // Ours and no other: the one script, and no element that a name could have brought.
    assert_eq!(opened.document.matches("<script").count(), 1, "{}", page.display());
    for tag in tags(opened.document.split("<body").nth(1).unwrap()) {
        let name = tag.split([' ', '/', '>']).find(|part| !part.is_empty()).unwrap_or_default();
        assert!(
            !["img", "iframe", "object", "embed", "link", "form", "base", "a"].contains(&name),
            "{}: {tag}",
            page.display()
        );
        assert!(!tag.contains(" on"), "{}: {tag}", page.display());
    }
    Some(opened)
}

/// The tags of a document that a browser wrote, without the values of their attributes.
fn tags(document: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let (mut tag, mut quoted) = (None::<String>, false);
    for c in document.chars() {
        match (&mut tag, c) {
            (None, '<') => tag = Some(String::new()),
            (None, _) => {}
            (Some(_), '"') => quoted = !quoted,
            (Some(_), _) if quoted => {}
            (Some(_), '>') => tags.extend(tag.take()),
            (Some(text), c) => text.push(c),
        }
    }
    tags
}

#[test]
fn a_scan_and_a_hostile_one_open_without_an_error_or_a_request() {
    let folder = tempfile::tempdir().unwrap();
    for report in ["institute.json", "hostile.json"] {
        for (lang, width, dark) in [("en", 1280, false), ("ko", 390, true), ("de", 390, false)] {
            let page = page(report, lang, folder.path());
            let Some(opened) = opens_quietly(&page, width, dark, folder.path()) else { return };
            // Its script ran: the filter is there to be used.
            assert!(opened.document.contains("<div class=\"filter\">"), "{report}");
        }
    }
}

#[test]
fn the_story_opens_as_quietly_and_so_does_the_report_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = crxhound(folder.path()).args(["demo", "--output", "story"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    for page in ["crxhound-demo.html", "crxhound-report.html"] {
        let Some(opened) = opens_quietly(&folder.path().join("story").join(page), 1280, false, folder.path()) else { return };
        assert!(opened.document.contains("collector.invalid"), "{page}");
    }
}

#[test]
fn a_page_with_an_error_and_a_request_would_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("bad.html");
    let text = "<body><script>fetch('http://127.0.0.1:9/x'); nowhere();</script><img src='http://127.0.0.1:9/y'>";
    std::fs::write(&page, text).unwrap();
    let Some(opened) = open(&page, 800, false, folder.path()) else { return };
    assert!(opened.console.iter().any(|line| line.contains("nowhere")), "{:?}", opened.console);
    assert!(opened.requests.iter().any(|address| address.contains("127.0.0.1:9")), "{:?}", opened.requests);
}
