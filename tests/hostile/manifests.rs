//! Manifests that a reader may take for something else than the browser does.

use crxhound::finding::Verdict::{Ok as Fine, Review};
use serde_json::{Value, json};

use super::Wanted::{At, AtMost, Error, NoError};
use super::{Case, THEFT, Wanted, case, folder_of, inspect, meets};

const NAME: &str = "/extensions/0/name";
const API: &str = "/extensions/0/permissions/api";
const HOSTS: &str = "/extensions/0/permissions/hosts";
const VERSION: &str = "/extensions/0/manifest_version";

/// What is read of a manifest that is none: the extension is there, and has no name but its id.
fn refused(words: &'static str) -> Vec<Wanted> {
    vec![Error(words), At(VERSION, json!(0)), At(API, json!([]))]
}

/// Rows: a name, the manifest's bytes, what must hold.
type Row = (String, Vec<u8>, Vec<Wanted>);

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut row = |name: &str, bytes: &[u8], wanted: Vec<Wanted>| rows.push((name.to_owned(), bytes.to_vec(), wanted));
    let plain = r#"{"manifest_version": 3, "name": "N", "version": "1"}"#;
    row("an honest manifest", plain.as_bytes(), vec![NoError, At(NAME, json!("N")), AtMost(Fine)]);

    // Keys that stand twice: the browser takes the last.
    for (key, first, last, pointer, value) in [
        ("name", r#""First""#, r#""Last""#, NAME, json!("Last")),
        ("manifest_version", "2", "3", VERSION, json!(3)),
        ("version", r#""1.0""#, r#""6.6""#, "/extensions/0/version", json!("6.6")),
        ("permissions", "[]", r#"["debugger"]"#, API, json!(["debugger"])),
        ("permissions", r#"["storage"]"#, r#"["cookies", "tabs"]"#, API, json!(["cookies", "tabs"])),
        ("host_permissions", "[]", r#"["<all_urls>"]"#, HOSTS, json!(["<all_urls>"])),
        (
            "optional_permissions",
            "[]",
            r#"["nativeMessaging"]"#,
            "/extensions/0/permissions/optional_api",
            json!(["nativeMessaging"]),
        ),
        ("optional_host_permissions", "[]", r#"["*://*/*"]"#, "/extensions/0/permissions/optional_hosts", json!(["*://*/*"])),
        ("description", r#""a""#, r#""b""#, "/extensions/0/description", json!("b")),
    ] {
        for (how, between) in
            [("in a row", ""), ("with others between", r#""icons": {}, "#), ("behind a comment", "/* the end */ ")]
        {
            let text = format!(
                r#"{{"{key}": {first}, "manifest_version": 3, "name": "N", "version": "1", {between}"{key}": {last}}}"#
            );
            // What this row is about stands last in any case.
            row(&format!("{key} twice, {how}: {last}"), text.as_bytes(), vec![At(pointer, value.clone())]);
        }
    }
    row(
        "a key twice, once with an escape",
        br#"{"manifest_version": 3, "name": "N", "version": "1", "permissions": [], "\u0070ermissions": ["debugger"]}"#,
        vec![At(API, json!(["debugger"]))],
    );
    row(
        "a worker twice: only the last one runs",
        br#"{"manifest_version": 3, "name": "N", "version": "1", "permissions": ["cookies"], "host_permissions": ["<all_urls>"],
            "background": {"service_worker": "a.js", "service_worker": "bg.js"}}"#,
        vec![Wanted::Rule(super::THEFT_RULE)],
    );

    // Keys that look like others.
    for (name, key) in [
        ("in capitals", "Permissions"),
        ("with a blank", "permissions "),
        ("with a letter of no width", "permis\u{200b}sions"),
        ("with a Cyrillic letter", "реrmissions"),
        ("with a byte order mark", "\u{feff}permissions"),
        ("with a zero byte", "permissions\\u0000"),
    ] {
        let text = format!(r#"{{"manifest_version": 3, "name": "N", "version": "1", "{key}": ["debugger"]}}"#);
        row(&format!("permissions written {name} are none"), text.as_bytes(), vec![At(API, json!([]))]);
    }

    // What the browser takes although JSON does not, and the other way round.
    for (name, text, value) in [
        ("comments", "// a\n{/* b */\"manifest_version\": 3, \"name\": \"N\", \"version\": \"1\"}// c", "N"),
        ("a mark in front", "\u{feff}{\"manifest_version\": 3, \"name\": \"N\", \"version\": \"1\"}", "N"),
        (
            "a comment that hides a key",
            "{\"name\": \"Real\", /* \"name\": \"Shown\", */ \"manifest_version\": 3, \"version\": \"1\"}",
            "Real",
        ),
        ("a comment within a text", "{\"name\": \"/* N */\", \"manifest_version\": 3, \"version\": \"1\"}", "/* N */"),
        ("escapes of two digits", r#"{"name": "\x4e", "manifest_version": 3, "version": "1"}"#, "N"),
        ("a line break in a text", "{\"name\": \"a\nb\", \"manifest_version\": 3, \"version\": \"1\"}", "a\nb"),
    ] {
        row(&format!("{name} in JSON"), text.as_bytes(), vec![At(NAME, json!(value))]);
    }
    for (name, text, words) in [
        ("nothing", "", "empty"),
        ("blanks", " \n ", "empty"),
        ("a comment alone", "// only", ""),
        ("two documents", "{\"name\": \"N\"}{}", ""),
        ("a zero byte behind", "{\"name\": \"N\"}\0", ""),
        ("a comma too many", "{\"name\": \"N\",}", ""),
        ("single quotes", "{'name': 'N'}", ""),
        ("keys without quotes", "{name: \"N\"}", ""),
        ("a comment that does not end", "{\"name\": \"N\"} /*", ""),
        ("a list", "[{\"name\": \"N\"}]", "must be an object"),
        ("a text", "\"N\"", "must be an object"),
        ("a number", "3", "must be an object"),
        ("half a pair of UTF-16", r#"{"name": "\ud800"}"#, ""),
        ("NaN", "{\"manifest_version\": NaN}", ""),
    ] {
        row(&format!("{name} instead of a manifest"), text.as_bytes(), refused(words));
    }
    let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        [&mark[..], &plain.encode_utf16().flat_map(bytes).collect::<Vec<_>>()].concat()
    };
    row("UTF-16, the low byte first", &utf16([0xff, 0xfe], u16::to_le_bytes), refused("UTF-16"));
    row("UTF-16, the high byte first", &utf16([0xfe, 0xff], u16::to_be_bytes), refused("UTF-16"));
    row("UTF-32", &plain.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<_>>(), refused(""));
    row("Latin 1", b"{\"manifest_version\": 3, \"name\": \"N\xe9\", \"version\": \"1\"}", refused("UTF-8"));
    row(
        "letters written longer than they are",
        b"{\"manifest_version\": 3, \"name\": \"\xc0\xae\", \"version\": \"1\"}",
        refused("UTF-8"),
    );
    row("half a pair in UTF-8", b"{\"manifest_version\": 3, \"name\": \"\xed\xa0\x80\", \"version\": \"1\"}", refused("UTF-8"));
    row("a packed manifest", b"\x1f\x8b\x08\0\0\0\0\0", refused(""));
    row("199 levels and more", format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500)).as_bytes(), refused("199 levels"));
    row("a million brackets", "[".repeat(1_000_000).as_bytes(), refused(""));

    // Values of another type: each is said, and what is right beside it still counts.
    for (key, wrong) in [
        ("permissions", json!("debugger")),
        ("permissions", json!({"0": "debugger"})),
        ("permissions", json!(1)),
        ("host_permissions", json!("<all_urls>")),
        ("content_scripts", json!("bg.js")),
        ("content_scripts", json!([1, "x", null])),
        ("content_scripts", json!([{"matches": "x", "js": 1}])),
        ("background", json!("bg.js")),
        ("background", json!({"service_worker": ["bg.js"]})),
        ("content_security_policy", json!([])),
        ("web_accessible_resources", json!(true)),
        ("externally_connectable", json!([])),
        ("declarative_net_request", json!([])),
        ("options_ui", json!("x")),
        ("sandbox", json!(1)),
    ] {
        let text = json!({"manifest_version": 3, "name": "N", "version": "1", "optional_permissions": ["tabs"], key: wrong});
        let wanted = vec![Error(key), At(NAME, json!("N")), At("/extensions/0/permissions/optional_api", json!(["tabs"]))];
        row(&format!("{key} as {wrong}"), text.to_string().as_bytes(), wanted);
    }
    for (name, value) in [
        ("a text", json!("3")),
        ("a fraction", json!(3.5)),
        ("less than nothing", json!(-1)),
        ("huge", json!(1e300)),
        ("null", Value::Null),
    ] {
        let text = json!({"manifest_version": value, "name": "N", "version": "1", "permissions": ["tabs"]});
        row(
            &format!("manifest_version: {name}"),
            text.to_string().as_bytes(),
            vec![At(NAME, json!("N")), At(API, json!(["tabs"]))],
        );
    }

    // Paths that lead elsewhere, and long lists.
    for path in
        ["../../secret.js", "/etc/passwd", "C:\\a.js", "file:///etc/passwd", "https://a.invalid/a.js", "bg.js\0", "%2e%2e/a.js"]
    {
        let text = json!({"manifest_version": 3, "name": "N", "version": "1", "background": {"service_worker": path}});
        row(&format!("a worker at {path:?}"), text.to_string().as_bytes(), vec![At(NAME, json!("N")), AtMost(Review)]);
    }
    for (name, value) in [
        ("100,000 permissions", json!({"permissions": (0..100_000).map(|n| format!("p{n}")).collect::<Vec<_>>()})),
        (
            "20,000 hosts",
            json!({"host_permissions": (0..20_000).map(|n| format!("https://a{n}.invalid/*")).collect::<Vec<_>>()}),
        ),
        ("3,000 content scripts", json!({"content_scripts": vec![json!({"matches": ["<all_urls>"], "js": ["bg.js"]}); 3_000]})),
        ("a name of a million letters", json!({"name": "N".repeat(1_000_000)})),
        ("a million stars in a pattern", json!({"host_permissions": [format!("https://{}/*", "*.".repeat(1_000_000))]})),
    ] {
        let mut text = json!({"manifest_version": 3, "name": "N", "version": "1"});
        text.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        row(name, text.to_string().as_bytes(), vec![At(VERSION, json!(3)), AtMost(Review)]);
    }
    rows
}

pub fn cases() -> Vec<Case> {
    let check = |(name, bytes, wanted): Row| {
        case(name, move || {
            // Only what tells which script runs has something to find.
            let script = if wanted.iter().any(|one| matches!(one, Wanted::Rule(_))) { THEFT } else { "1;" };
            let files: [(&str, &[u8]); 3] = [("manifest.json", &bytes), ("bg.js", script.as_bytes()), ("a.js", b"1;")];
            let (_dir, folder) = folder_of(files);
            meets(&inspect(&folder), &wanted)
        })
    };
    rows().into_iter().map(check).collect()
}
