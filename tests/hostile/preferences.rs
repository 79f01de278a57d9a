//! What lies in a profile beside extensions' own files: preferences, lists of profiles, databases. Whatever is in one of them,
//! the good profile beside it is read whole.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Case, Check, case, holds, scan};
use crate::support::made;

/// Reads a folder with a good profile of two extensions and whatever else is laid into it: the words that an error must have,
/// where one is wanted.
fn beside_a_good_profile(lay: impl Fn(&Path), error: Option<&str>) -> Check {
    let dir = tempfile::tempdir().unwrap();
    let data = made::user_data(&dir.path().join("data"), 1, 2, 100);
    lay(&data.path);
    let report = scan(&data.path);
    let good = report.extensions.iter().filter(|extension| extension.profile.as_deref() == Some("Default")).count();
    let said: Vec<_> = report.errors.iter().map(|error| format!("{}: {}", error.path, error.message)).collect();
    holds(good == 2, || format!("{good} extensions in the good profile, {said:?}"))?;
    holds(!said.iter().any(|said| said.contains("please report this")), || format!("{said:?}"))?;
    holds(error.is_none_or(|words| said.iter().any(|said| said.contains(words))), || format!("{error:?}: {said:?}"))
}

/// `Preferences` of another profile: a name, the bytes, what must be said.
fn preferences() -> Vec<(String, Vec<u8>, Option<&'static str>)> {
    let id = made::id(5);
    let mut rows: Vec<(String, Vec<u8>, Option<&'static str>)> = Vec::new();
    let mut row = |name: &str, bytes: Vec<u8>, error| rows.push((name.to_owned(), bytes, error));
    for (name, bytes) in [
        ("nothing", b"".to_vec()),
        ("one bracket", b"{".to_vec()),
        ("cut in the middle", b"{\"extensions\": {\"settings\": {\"".to_vec()),
        ("zero bytes", vec![0; 10_000]),
        ("noise", (0..=255).cycle().take(50_000).collect()),
        ("UTF-16", "{}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a list", b"[]".to_vec()),
        ("a text", b"\"x\"".to_vec()),
        ("a number", b"7".to_vec()),
        ("300 levels", format!("{}{}", "{\"a\":".repeat(300), "1".to_owned() + &"}".repeat(300)).into_bytes()),
        ("a page", b"<html></html>".to_vec()),
        ("a program", b"\x7fELF\x02\x01\x01".to_vec()),
        ("two documents", b"{}{}".to_vec()),
    ] {
        row(&format!("{name} as preferences"), bytes, Some("Odd"));
    }
    for value in [json!(null), json!(true), json!(1), json!("x"), json!([]), json!([1])] {
        for pointer in ["extensions", "settings", "entry"] {
            let document = match pointer {
                "extensions" => json!({ "extensions": value }),
                "settings" => json!({"extensions": {"settings": value}}),
                _ => json!({"extensions": {"settings": {id.as_str(): value}}}),
            };
            let error = (!value.is_null()).then_some("Odd");
            row(&format!("{value} as {pointer}"), document.to_string().into_bytes(), error);
        }
    }
    for (key, value) in [
        ("location", json!("x")),
        ("location", json!(1e308)),
        ("location", json!(-1)),
        ("path", json!(7)),
        ("path", json!([])),
        ("path", json!("\0")),
        ("path", json!("")),
        ("path", json!("..")),
        ("path", json!("/")),
        ("path", json!("/proc/self/mem")),
        ("path", json!("a/".repeat(5_000))),
        ("manifest", json!("x")),
        ("manifest", json!([])),
        ("manifest", json!({"name": 1})),
        ("state", json!("on")),
        ("disable_reasons", json!("x")),
        ("disable_reasons", json!(u64::MAX)),
        ("disable_reasons", json!({"1": 2})),
        ("first_install_time", json!("-9223372036854775808")),
        ("first_install_time", json!("99999999999999999999999")),
        ("first_install_time", json!(f64::MAX)),
        ("last_update_time", json!("x")),
        ("active_permissions", json!([])),
        ("granted_permissions", json!({"api": "x"})),
        ("granted_permissions", json!({"explicit_host": [1, null, "<all_urls>"]})),
        ("creation_flags", json!("x")),
    ] {
        let mut entry = json!({"location": 1, "path": format!("{id}/1.0_0"), "manifest": made::manifest(5)});
        entry[key] = value.clone();
        let shown: String = value.to_string().chars().take(40).collect();
        row(
            &format!("{key}: {shown} in an entry"),
            json!({"extensions": {"settings": {id.as_str(): entry}}}).to_string().into_bytes(),
            None,
        );
    }
    let many: serde_json::Map<String, Value> =
        (0..3_000).map(|n| (made::id(n).to_string(), json!({"location": 1, "path": "x"}))).collect();
    row("3,000 entries without files", json!({"extensions": {"settings": many}}).to_string().into_bytes(), None);
    let entry =
        |name: &str| json!({"location": 1, "path": "x", "manifest": {"name": name, "version": "1", "manifest_version": 3}});
    row(
        "an entry twice",
        format!("{{\"extensions\": {{\"settings\": {{\"{id}\": {}, \"{id}\": {}}}}}}}", entry("A"), entry("B")).into_bytes(),
        None,
    );
    rows
}

/// `Local State`: what it says of profiles never leads out of the folder.
fn local_states() -> Vec<(&'static str, Value)> {
    vec![
        ("a profile that climbs", json!({"profile": {"info_cache": {"../../etc": {"name": "x"}}}})),
        ("a profile from the root", json!({"profile": {"info_cache": {"/etc": {"name": "x"}}}})),
        ("a profile with a zero byte", json!({"profile": {"info_cache": {"a\0b": {"name": "x"}}}})),
        ("a profile of nothing", json!({"profile": {"info_cache": {"": {"name": "x"}}}})),
        ("a profile of dots", json!({"profile": {"info_cache": {"..": {"name": "x"}, ".": {"name": "y"}}}})),
        (
            "2,000 profiles",
            json!({"profile": {"info_cache": (0..2_000).map(|n| (format!("P{n}"), json!({}))).collect::<serde_json::Map<_, _>>()}}),
        ),
        ("a profile with a name of a megabyte", json!({"profile": {"info_cache": {"P": {"name": "x".repeat(1 << 20)}}}})),
        ("a list of profiles that is none", json!({"profile": {"info_cache": []}})),
        ("profiles that are none", json!({"profile": {"info_cache": {"Default": 7}}})),
        ("a list in place of the whole", json!([])),
    ]
}

/// What lies as a file or folder where another thing is expected.
fn shapes() -> Vec<Case> {
    let laid =
        |name: &'static str, lay: fn(&Path), error: Option<&'static str>| case(name, move || beside_a_good_profile(lay, error));
    vec![
        laid("a folder as preferences", |data| fs::create_dir_all(data.join("Odd/Preferences")).unwrap(), None),
        laid("a folder as the list of profiles", |data| fs::create_dir_all(data.join("Local State")).unwrap(), None),
        laid(
            "a file as the folder of extensions",
            |data| {
                fs::create_dir_all(data.join("Odd")).unwrap();
                fs::write(data.join("Odd/Preferences"), "{}").unwrap();
                fs::write(data.join("Odd/Extensions"), "x").unwrap();
            },
            None,
        ),
        laid(
            "a file as a version",
            |data| {
                let folder = data.join("Odd/Extensions").join(made::id(5).as_str());
                fs::create_dir_all(&folder).unwrap();
                fs::write(data.join("Odd/Preferences"), "{}").unwrap();
                fs::write(folder.join("1.0_0"), "x").unwrap();
            },
            None,
        ),
        laid(
            "a folder as a manifest",
            |data| {
                let folder = data.join("Odd/Extensions").join(made::id(5).as_str()).join("1.0_0/manifest.json");
                fs::create_dir_all(&folder).unwrap();
                fs::write(data.join("Odd/Preferences"), "{}").unwrap();
            },
            None,
        ),
        laid(
            "two hundred versions of one extension",
            |data| {
                let folder = data.join("Odd/Extensions").join(made::id(5).as_str());
                fs::create_dir_all(data.join("Odd")).unwrap();
                fs::write(data.join("Odd/Preferences"), "{}").unwrap();
                (0..200).for_each(|n| fs::create_dir_all(folder.join(format!("{n}.0_0"))).unwrap());
            },
            None,
        ),
        laid(
            "noise as databases",
            |data| {
                for folder in ["Extension Scripts", "Extension State", "Local Extension Settings"] {
                    let folder = data.join("Default").join(folder);
                    fs::create_dir_all(&folder).unwrap();
                    for name in ["CURRENT", "MANIFEST-000001", "000003.log", "000005.ldb"] {
                        fs::write(folder.join(name), (0..=255).cycle().take(70_000).collect::<Vec<u8>>()).unwrap();
                    }
                }
            },
            None,
        ),
        laid(
            "a log of the right beginning and no end",
            |data| {
                let folder = data.join("Default/Extension Scripts");
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join("000003.log"), b"\0\0\0\0\xff\xff\x01".repeat(10_000)).unwrap();
            },
            None,
        ),
        #[cfg(unix)]
        laid(
            "a profile that is a link to itself",
            |data| std::os::unix::fs::symlink(data.join("Loop"), data.join("Loop")).unwrap(),
            None,
        ),
        #[cfg(unix)]
        laid("a profile that is a link to the root", |data| std::os::unix::fs::symlink("/", data.join("Root")).unwrap(), None),
        #[cfg(unix)]
        laid(
            "extensions that are a link to the profile",
            |data| {
                fs::create_dir_all(data.join("Odd")).unwrap();
                fs::write(data.join("Odd/Preferences"), "{}").unwrap();
                std::os::unix::fs::symlink("..", data.join("Odd/Extensions")).unwrap();
            },
            None,
        ),
        #[cfg(target_os = "linux")]
        laid(
            "a profile whose name is no text",
            |data| {
                use std::os::unix::ffi::OsStrExt as _;
                let folder = data.join(std::ffi::OsStr::from_bytes(b"Odd\xff\xfe"));
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join("Preferences"), "{").unwrap();
            },
            Some("Odd"),
        ),
        #[cfg(unix)]
        laid(
            "a profile whose name acts on the terminal",
            |data| {
                let folder = data.join("\u{1b}[2J\u{202e}Odd");
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join("Preferences"), "{").unwrap();
            },
            Some("Odd"),
        ),
    ]
}

pub fn cases() -> Vec<Case> {
    let preferences = preferences().into_iter().map(|(name, bytes, error)| {
        case(name, move || {
            let lay = |data: &Path| {
                fs::create_dir_all(data.join("Odd")).unwrap();
                fs::write(data.join("Odd/Preferences"), &bytes).unwrap();
            };
            beside_a_good_profile(lay, error)
        })
    });
    let states = local_states().into_iter().map(|(name, state)| {
        let lay = move |data: &Path| fs::write(data.join("Local State"), state.to_string()).unwrap();
        case(format!("{name} in the list of profiles"), move || beside_a_good_profile(&lay, None))
    });
    preferences.chain(states).chain(shapes()).collect()
}
