//! Names that act on what shows them: each is put wherever a report has a text of a stranger, and written in every form.

use crxhound::report::model::ExtensionReport;
use crxhound::report::{Format, Report, View, read, text};

use super::{Case, Check, case, holds};
use crxhound::finding::Verdict;

/// What a stranger may call an extension, a file, a profile, a user.
const NAMES: &[(&str, &str)] = &[
    ("a colour", "\u{1b}[31mred\u{1b}[0m"),
    ("a cleared screen", "\u{1b}[2J\u{1b}[H"),
    ("a title of the window", "\u{1b}]0;owned\u{7}"),
    ("a link of the terminal", "\u{1b}]8;;https://a.invalid\u{1b}\\here\u{1b}]8;;\u{1b}\\"),
    ("controls of one byte", "\u{9b}31m\u{9d}0;x\u{9c}"),
    ("a return", "ok\rMALICIOUS"),
    ("a line break", "one\ntwo"),
    ("a line of the table", "A\nok          Another 1.0                 chrome, Default"),
    ("backspaces", "evil\u{8}\u{8}\u{8}\u{8}good"),
    ("a bell", "\u{7}\u{7}\u{7}"),
    ("a zero byte", "a\0b"),
    ("reading from right to left", "\u{202e}txt.exe"),
    ("isolates without an end", "\u{2066}\u{2067}\u{2068}a"),
    ("embeddings without an end", "\u{202a}\u{202b}a"),
    ("marks of direction", "\u{200e}a\u{200f}\u{61c}b"),
    ("letters of no width", "Goo\u{200b}gle\u{2060}Docs\u{feff}"),
    ("only letters of no width", "\u{200b}\u{200b}\u{2060}"),
    ("letters that show nothing", "\u{3164}\u{115f}\u{1160}\u{ffa0}\u{180e}"),
    ("tags", "a\u{e0041}\u{e0042}\u{e007f}"),
    ("a tower of marks", "a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}"),
    ("separators of lines", "a\u{2028}b\u{2029}c\u{85}d"),
    ("a script", "<script>alert(1)</script>"),
    ("the end of a page", "</title></style></script></body></html>"),
    ("a tag with a handler", "<img src=x onerror=alert(1)>"),
    ("an attribute that ends", "\"><svg/onload=alert(1)>"),
    ("an entity", "&lt;b&gt;&amp;&#60;script&#62;"),
    ("a comment of a page", "<!-- --!> <b>"),
    ("a formula", "=cmd|' /C calc'!A0"),
    ("a formula with a plus", "+1+cmd"),
    ("a formula with a minus", "-2+3"),
    ("a formula with an at", "@SUM(1+1)"),
    ("a formula behind a tab", "\t=1+1"),
    ("a formula behind a blank", " =1+1"),
    ("a formula of full width", "\u{ff1d}1+1"),
    ("a cell that ends", "a\",\"malicious\",\"b"),
    ("a line that ends", "a\"}\n{\"type\":\"summary\",\"complete\":true}"),
    ("a row that ends", "a\r\nhost,chrome,ok"),
    ("a table of Markdown", "a | b |\n| --- | --- |"),
    ("a link of Markdown", "[click](javascript:alert(1))"),
    ("a picture of Markdown", "![x](https://a.invalid/x.png)"),
    ("a heading of Markdown", "# Verdict: ok"),
    ("code of Markdown", "`` ` ```"),
    ("nothing", ""),
    ("a long name", LONG),
];

/// Longer than any line.
const LONG: &str = "LongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLong\
    LongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLong";

/// A report with the name in every place that a stranger writes.
fn report_with(name: &str) -> Report {
    let mut report = read::reports(include_bytes!("../../fixtures/reports/institute.json")).unwrap().remove(0);
    report.host.name = name.to_owned();
    report.host.user = name.to_owned();
    for browser in &mut report.browsers {
        browser.user_data_dir = format!("/home/{name}/data");
        for profile in &mut browser.profiles {
            profile.directory = name.to_owned();
            profile.name = Some(name.to_owned());
        }
    }
    report.extensions.iter_mut().for_each(|extension| rename(extension, name));
    for error in &mut report.errors {
        error.path = name.to_owned();
        error.message = name.to_owned();
    }
    report.finish()
}

fn rename(extension: &mut ExtensionReport, name: &str) {
    extension.name = name.to_owned();
    extension.version = name.to_owned();
    extension.description = name.to_owned();
    extension.profile = Some(name.to_owned());
    extension.path = Some(format!("/x/{name}"));
    for finding in &mut extension.findings {
        for evidence in &mut finding.evidence {
            evidence.file = Some(name.to_owned());
            evidence.excerpt = Some(name.to_owned());
        }
        for step in &mut finding.flow {
            step.file = name.to_owned();
        }
    }
    for contact in &mut extension.contacts {
        contact.host = name.to_owned();
    }
}

fn written(report: &Report, format: Format) -> String {
    let view = View { min_verdict: Some(Verdict::Ok), ..View::default() };
    let mut out = Vec::new();
    format.form().render.unwrap().render(report, &view, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Nothing in a text acts on a terminal or turns its order round.
fn shows(written: &str) -> Check {
    match written.chars().find(|c| text::is_hidden(*c) && !matches!(c, '\n' | '\r')) {
        Some(c) => Err(format!("{c:?} is written as it is")),
        None => Ok(()),
    }
}

fn table(name: &str) -> Check {
    let text = written(&report_with(name), Format::Table);
    shows(&text)?;
    holds(!text.contains('\r'), || "a return".into())?;
    let widest = text.lines().map(text::width).max().unwrap_or_default();
    holds(widest <= 100, || format!("{widest} columns"))?;
    // A name makes no line of its own that begins as a verdict does.
    let verdicts = |text: &str| {
        text.lines()
            .filter(|line| ["MALICIOUS", "SUSPICIOUS", "REVIEW", "ok "].iter().any(|word| line.starts_with(word)))
            .count()
    };
    let (with, without) = (verdicts(&text), verdicts(&written(&report_with("N"), Format::Table)));
    holds(with == without, || format!("{with} lines with a verdict, {without} expected"))
}

fn html(name: &str) -> Check {
    let page = written(&report_with(name), Format::Html);
    shows(&page)?;
    let without = written(&report_with("N"), Format::Html);
    for tag in ["<script", "<img", "<svg", "<b>", "</html>", "</body>", "</style>", "</title>", "<!--", "<a ", "<iframe"] {
        let (with, plain) = (page.matches(tag).count(), without.matches(tag).count());
        holds(with == plain, || format!("{with} times {tag}, {plain} expected"))?;
    }
    holds(!page.contains("onerror=alert(1)>") && !page.contains("onload=alert(1)>"), || "a handler".into())
}

fn csv(name: &str) -> Check {
    let rows_of = |name: &str| {
        let text = written(&report_with(name), Format::Csv);
        let rows: Result<Vec<_>, _> =
            csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes()).records().collect();
        (text, rows.unwrap())
    };
    let ((text, rows), (_, plain)) = (rows_of(name), rows_of("N"));
    shows(&text)?;
    holds(rows.len() == plain.len(), || format!("{} rows, {} expected", rows.len(), plain.len()))?;
    for cell in rows.iter().flatten() {
        let first = cell.trim_start().chars().next().unwrap_or(' ');
        holds(!"=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}\t\r".contains(first), || format!("the cell {cell:?}"))?;
    }
    Ok(())
}

fn json(name: &str) -> Check {
    let report = report_with(name);
    let text = written(&report, Format::Json);
    shows(&text)?;
    let back = read::reports(text.as_bytes()).map_err(|error| error.to_string())?;
    holds(back.len() == 1 && back[0].extensions.iter().all(|extension| extension.name == name), || {
        "reads back as another".into()
    })
}

fn lines(name: &str, format: Format) -> Check {
    let text = written(&report_with(name), format);
    shows(&text)?;
    let kinds = |text: &str| {
        text.lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).map(|line| line["type"].clone()))
            .collect::<Result<Vec<_>, _>>()
    };
    let with = kinds(&text).map_err(|error| error.to_string())?;
    let plain = kinds(&written(&report_with("N"), format)).map_err(|error| error.to_string())?;
    holds(with == plain, || format!("{with:?}"))
}

fn markdown(name: &str) -> Check {
    let text = written(&report_with(name), Format::Markdown);
    shows(&text)?;
    let plain = written(&report_with("N"), Format::Markdown);
    let count = |text: &str, of: fn(&str) -> bool| text.lines().filter(|line| of(line)).count();
    for (what, of) in [
        ("headings", (|line: &str| line.starts_with('#')) as fn(&str) -> bool),
        ("rows", |line| line.starts_with('|')),
        ("lines", |_| true),
    ] {
        holds(count(&text, of) == count(&plain, of), || {
            format!("{} {what}, {} expected", count(&text, of), count(&plain, of))
        })?;
    }
    // Outside of code, nothing is a tag, a link or a picture.
    let outside: String = text.split('`').step_by(2).collect();
    holds(!outside.contains("](javascript:") && !outside.contains("<script"), || "a link or a tag".into())
}

fn document(name: &str, format: Format) -> Check {
    let text = written(&report_with(name), format);
    shows(&text)?;
    serde_json::from_str::<serde_json::Value>(&text).map(drop).map_err(|error| error.to_string())
}

/// How a form is checked.
type Form = (&'static str, fn(&str) -> Check);

const FORMS: &[Form] = &[
    ("the table", table),
    ("the page", html),
    ("CSV", csv),
    ("JSON", json),
    ("lines of JSON", |name| lines(name, Format::Jsonl)),
    ("ECS", |name| lines(name, Format::Ecs)),
    ("Markdown", markdown),
    ("SARIF", |name| document(name, Format::Sarif)),
    ("STIX", |name| document(name, Format::Stix)),
    ("MISP", |name| document(name, Format::Misp)),
];

pub fn cases() -> Vec<Case> {
    let all = NAMES.iter().flat_map(|name| FORMS.iter().map(move |form| (name, form)));
    all.map(|((what, name), (form, check))| case(format!("{what}, in {form}"), move || check(name))).collect()
}
