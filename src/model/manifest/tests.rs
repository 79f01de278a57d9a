#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> (Manifest, Vec<String>) {
    let (manifest, problems) = parse(text.as_bytes()).unwrap();
    (manifest, problems.into_iter().map(|problem| problem.to_string()).collect())
}

#[test]
fn version_3() {
    let (manifest, problems) = read(
        r#"{
        "manifest_version": 3, "name": "__MSG_name__", "version": "1.2", "description": "d", "default_locale": "en",
        "key": "aGVsbG8=", "update_url": "https://updates.example/crx", "homepage_url": "https://example.com",
        "permissions": ["tabs", {"usbDevices": [1]}, "tabs", "https://stray.example/*"], "host_permissions": ["https://*/*"],
        "optional_permissions": ["cookies"], "optional_host_permissions": ["https://a.example/*"],
        "background": {"service_worker": "/sw.js", "type": "module"},
        "content_scripts": [{"matches": ["https://mail.example/*"], "js": ["./a.js", "b\\c.js"], "css": ["s.css"],
            "run_at": "document_start", "world": "MAIN", "all_frames": true, "match_about_blank": true}],
        "devtools_page": "dev.html?x", "action": {"default_popup": "popup.html#a"}, "options_ui": {"page": "o.html"},
        "chrome_url_overrides": {"newtab": "new.html"}, "side_panel": {"default_path": "side.html"},
        "sandbox": {"pages": ["box.html"]}, "content_security_policy": {"extension_pages": "p", "sandbox": "s"},
        "web_accessible_resources": [{"resources": ["/a.png"], "matches": ["<all_urls>"]}],
        "externally_connectable": {"matches": ["https://x.example/*"], "ids": ["*"]},
        "declarative_net_request": {"rule_resources": [{"id": "r", "enabled": true, "path": "rules.json"}]},
        "chrome_settings_overrides": {"homepage": "https://h.example", "search_provider": {"search_url": "https://s.example"}},
        "oauth2": {"client_id": "c", "scopes": ["https://mail.example/"]}
    }"#,
    );
    assert_eq!((manifest.manifest_version, manifest.version.as_str()), (3, "1.2"));
    assert_eq!(manifest.permissions, ["tabs", "usbDevices"]);
    assert_eq!(manifest.host_permissions, ["https://*/*"]);
    assert_eq!(
        (manifest.optional_permissions, manifest.optional_host_permissions),
        (vec!["cookies".to_owned()], vec!["https://a.example/*".to_owned()])
    );
    assert_eq!(manifest.background.service_worker.as_deref(), Some("sw.js"));
    assert!(manifest.background.module);
    let script = manifest.content_scripts.first().unwrap();
    assert_eq!(script.js, ["a.js", "b/c.js"]);
    assert!(script.main_world && script.all_frames && script.about_blank);
    assert_eq!(manifest.devtools_page.as_deref(), Some("dev.html"));
    assert_eq!((manifest.popup.as_deref(), manifest.options_page.as_deref()), (Some("popup.html"), Some("o.html")));
    assert_eq!(manifest.other_pages.len(), 2);
    assert_eq!((manifest.csp.as_deref(), manifest.sandbox_csp.as_deref()), (Some("p"), Some("s")));
    assert_eq!(manifest.web_accessible.first().unwrap().resources, ["a.png"]);
    assert_eq!(manifest.externally_connectable, ["https://x.example/*", "*"]);
    assert_eq!(manifest.rule_resources, ["rules.json"]);
    assert_eq!(manifest.settings_overrides.len(), 2);
    assert_eq!(manifest.oauth_scopes, ["https://mail.example/"]);
    assert_eq!(problems, ["manifest.json: host \"https://stray.example/*\" under \"permissions\" is not granted in version 3"]);
}

#[test]
fn version_2() {
    let (manifest, problems) = read(
        r#"{"manifest_version": 2, "name": "n", "version": "1", "permissions": ["tabs", "<all_urls>", "http://*/"],
        "optional_permissions": ["history", "https://b.example/*"], "background": {"scripts": ["bg.js"], "persistent": false},
        "content_security_policy": "script-src 'self'", "web_accessible_resources": ["a.png", "/b.png"],
        "browser_action": {"default_popup": "p.html"}, "page_action": {"default_popup": "q.html"}, "options_page": "o.html"}"#,
    );
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(manifest.permissions, ["tabs"]);
    assert_eq!(manifest.host_permissions, ["<all_urls>", "http://*/"]);
    assert_eq!(manifest.optional_permissions, ["history"]);
    assert_eq!(manifest.optional_host_permissions, ["https://b.example/*"]);
    assert_eq!(manifest.background.persistent, Some(false));
    assert_eq!(manifest.csp.as_deref(), Some("script-src 'self'"));
    assert_eq!(
        manifest.web_accessible,
        [WebAccessible { resources: vec!["a.png".into(), "b.png".into()], ..WebAccessible::default() }]
    );
    assert_eq!(manifest.popup.as_deref(), Some("p.html"));
    assert_eq!(manifest.other_pages, [("page_action".to_owned(), "q.html".to_owned())]);
}

#[test]
fn broken_parts_are_left_empty_and_said() {
    let (manifest, problems) = read(
        r#"{"manifest_version": "3", "name": 5, "version": "1.2.3.4.5", "permissions": {"tabs": true}, "host_permissions": "x",
        "content_scripts": [5, {"js": ["../../etc/passwd", "ok.js"], "matches": "y"}], "background": "bg.js",
        "action": [], "key": 1}"#,
    );
    assert_eq!(
        problems,
        [
            "manifest.json: \"manifest_version\" must be a whole number, found a string",
            "manifest.json: \"permissions\" must be a list, found an object",
            "manifest.json: \"action\" must be an object, found a list",
            "manifest.json: \"name\" must be a string, found a number",
            "manifest.json: \"version\" is not one to four numbers with dots; the browser refuses this manifest",
            "manifest.json: \"key\" must be a string, found a number",
            "manifest.json: \"background\" must be an object, found a string",
            "manifest.json: \"content_scripts[0]\" must be an object, found a number",
            "manifest.json: \"content_scripts[1].matches\" must be a list, found a string",
            "manifest.json: \"content_scripts[1].js[0]\" names no file inside the extension",
        ]
    );
    assert_eq!(manifest.content_scripts.len(), 1);
    assert_eq!(manifest.content_scripts.first().unwrap().js, ["ok.js"]);
    assert_eq!((manifest.manifest_version, manifest.name.as_str()), (0, ""));
}

#[test]
fn a_wrong_host_list_is_said_in_version_3() {
    let (_, problems) = read(r#"{"manifest_version": 3, "name": "n", "version": "1", "host_permissions": "x"}"#);
    assert_eq!(problems, ["manifest.json: \"host_permissions\" must be a list, found a string"]);
}

#[test]
fn what_is_no_manifest_is_refused() {
    let message = |bytes: &[u8]| parse(bytes).unwrap_err().to_string();
    assert_eq!(message(b""), "manifest.json: line 1, column 1: the document is empty");
    assert_eq!(message(b"[1]"), "manifest.json: must be an object, found a list");
    assert_eq!(message(b"{\"name\": \"n\", "), "manifest.json: line 1, column 15: the text ends before the document does");
    assert_eq!(message(&[0xff, 0xfe, b'{', 0]), "manifest.json: line 1, column 1: UTF-16; the browser reads UTF-8 only");
    assert!(message("{\"a\":".repeat(10_000).as_bytes()).contains("nested deeper than 199 levels"));
    assert!(message(b"\x7fELF\x02\x01\x01\0").contains("expected a value"));
    assert!(message(b"{\"name\": \"\xff\"}").contains("not UTF-8"));
}

#[test]
fn the_last_of_duplicate_keys_counts() {
    let (manifest, _) = read(
        r#"{"manifest_version": 3, "name": "n", "version": "1", "permissions": ["storage"], /* hidden */ "permissions": ["debugger"]}"#,
    );
    assert_eq!(manifest.permissions, ["debugger"]);
}

/// A document with the keys that are looked for, and anything behind them.
fn anything() -> impl Strategy<Value = Value> {
    let keys = "name|version|manifest_version|permissions|host_permissions|content_scripts|matches|js|background|scripts|page|\
        service_worker|action|default_popup|content_security_policy|extension_pages|web_accessible_resources|resources|\
        externally_connectable|ids|declarative_net_request|rule_resources|path|sandbox|pages|options_ui|app|launch|author|oauth2";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(<all_urls>|https://[*]?[.]?[a-z*]{0,3}[.](com|kr)/?[*]?|[.]{0,2}/?[a-z%?#\\\\]{0,4}|.{0,6})".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((keys, inner), 0..8).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_is_read_or_refused(value in anything()) {
        if let Ok((manifest, _)) = from_value(value) {
            let pages = [&manifest.background.scripts, &manifest.sandbox_pages, &manifest.rule_resources];
            let scripts = manifest.content_scripts.iter().flat_map(|script| &script.js);
            for path in pages.into_iter().flatten().chain(scripts).chain(&manifest.popup).chain(&manifest.devtools_page) {
                prop_assert!(!path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{path:?}");
            }
        }
    }
}
