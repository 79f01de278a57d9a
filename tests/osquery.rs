//! The extension for osquery, with osquery's own bindings as the peer, and with a peer that goes away.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::commands::{crxhound, user_data};
use super::support::{python, thrift};

#[test]
fn osquerys_own_bindings_get_every_table() {
    let Some(programs) = python::environment("osquery", &["osquery==3.1.1", "setuptools<81"]) else { return };
    let home = tempfile::tempdir().unwrap();
    let data = user_data(home.path());
    let peer = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/osquery_peer.py");
    let mut command = Command::new(programs.join("python"));
    command.arg(peer).arg(env!("CARGO_BIN_EXE_crxhound")).args(["osquery", "--socket", "{socket}", "--interval", "1"]);
    let output = command.arg(data).current_dir(home.path()).env("HOME", home.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));

    assert_eq!((&told["name"], &told["version"]), (&"crxhound".into(), &env!("CARGO_PKG_VERSION").into()));
    assert_eq!((&told["ping"], &told["mode"]), (&0.into(), &"0o600".into()));
    let tables = told["tables"].as_object().unwrap();
    let names: Vec<_> = tables.keys().map(String::as_str).collect();
    assert_eq!(names, ["crxhound_browsers", "crxhound_profiles", "crxhound_extensions", "crxhound_findings"]);
    for (name, table) in tables {
        assert_eq!((&table["code"], &table["routes"]), (&0.into(), &table["columns"]), "{name}");
        let columns: BTreeSet<_> =
            table["columns"].as_array().unwrap().iter().map(|column| column["name"].clone().to_string()).collect();
        assert!(columns.len() >= 5, "{name}: {columns:?}");
        for row in table["rows"].as_array().unwrap() {
            let cells: BTreeSet<_> =
                row.as_object().unwrap().keys().map(|name| Value::from(name.clone()).to_string()).collect();
            assert_eq!(cells, columns, "{name}");
        }
    }
    let extension = &tables["crxhound_extensions"]["rows"][0];
    assert_eq!((&extension["id"], &extension["version"]), (&"abcdefghijklmnopabcdefghijklmnop".into(), &"1.2".into()));
    assert_eq!((&extension["location"], &extension["enabled"]), (&"unpacked".into(), &"1".into()));
    assert_eq!(tables["crxhound_profiles"]["rows"][0]["name"], "Person 1");
    assert_eq!(tables["crxhound_browsers"]["rows"].as_array().map(Vec::len), Some(1));

    assert_eq!(told["refused"], serde_json::json!([1, 1, 1]));
    assert_eq!(told["unknown"], 1, "TApplicationException: unknown method");
    assert_eq!((&told["exit"], &told["gone"], &told["socket_left"]), (&0.into(), &true.into(), &false.into()));
}

#[test]
fn it_ends_when_osquery_is_gone_and_leaves_no_socket() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("osquery.em");
    let listener = UnixListener::bind(&socket).unwrap();
    let mut child = crxhound(home.path()).args(["osquery", "--interval", "1", "--socket"]).arg(&socket).spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let mut asked = [0; 64];
    stream.read_exact(&mut asked).unwrap();
    assert!(asked.starts_with(b"\x80\x01\x00\x01\x00\x00\x00\x11registerExtension"));
    stream.write_all(&thrift::answer(&asked)).unwrap();
    let own = home.path().join("osquery.em.7");
    let waited = Instant::now();
    while !own.exists() {
        assert!(waited.elapsed() < Duration::from_secs(60), "it never listened");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop((stream, listener));
    std::fs::remove_file(&socket).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!own.exists());
}

#[test]
fn a_program_of_the_name_that_osquery_loads_is_its_extension() {
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join("crxhound.ext");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_crxhound"), &program).unwrap();
    let output = Command::new(&program).args(["--socket", "none.em", "--timeout", "1", "--interval", "3"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--socket none.em: osquery does not answer there"), "{said}");
}

#[test]
fn nobody_there_is_said() {
    let home = tempfile::tempdir().unwrap();
    let output = crxhound(home.path()).args(["osquery", "--timeout", "1", "--socket", "none.em"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--socket none.em: osquery does not answer there"), "{said}");
}
