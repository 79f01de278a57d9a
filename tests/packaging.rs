//! What a release hands out: archives, hashes, and what package managers want to know of them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crxhound::model::hash::{hex, sha256};
use serde_json::Value;

const REPOSITORY: &str = "https://code.invalid/o/crxhound";
const TARGETS: &[&str] = &[
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-gnu",
    "x86_64-unknown-linux-musl",
];

fn script(name: &str) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name));
    command.env("SOURCE_DATE_EPOCH", "1700000000");
    command
}

fn done(command: &mut Command) {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
}

/// Programs of every system, which only have to be there: the one that prints documents is a script.
fn programs() -> tempfile::TempDir {
    let dist = tempfile::tempdir().unwrap();
    for target in TARGETS {
        let name = if target.contains("windows") { "crxhound.exe" } else { "crxhound" };
        let path = dist.path().join("programs").join(target).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\necho document $*\n# {target}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    dist
}

fn packed() -> (tempfile::TempDir, String) {
    let dist = programs();
    done(script("pack.sh").arg(dist.path()));
    let sums = fs::read_to_string(dist.path().join("SHA256SUMS")).unwrap();
    (dist, sums)
}

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[test]
fn the_same_programs_give_the_same_archives_with_everything_in_them() {
    let (dist, sums) = packed();
    assert_eq!(packed().1, sums);
    assert_eq!(sums.lines().count(), TARGETS.len() + 1, "an archive for each, and the Debian package: {sums}");
    for line in sums.lines() {
        let (hash, name) = line.split_once("  ").unwrap();
        assert_eq!(hex(&sha256(&fs::read(dist.path().join(name)).unwrap())), hash);
    }
    let archive = |target: &str, kind: &str| dist.path().join(format!("crxhound-{}-{target}.{kind}", version()));
    let of_windows = fs::File::open(archive("x86_64-pc-windows-gnu", "zip")).unwrap();
    let of_windows = zip::ZipArchive::new(of_windows).unwrap();
    let of_windows: BTreeSet<_> =
        of_windows.file_names().map(|name| name.unwrap().split_once('/').unwrap().1.to_owned()).collect();
    for name in ["crxhound.exe", "LICENSE-MIT", "README.md", "man/crxhound.1", "completions/_crxhound.ps1"] {
        assert!(of_windows.contains(name), "{name}: {of_windows:?}");
    }
    let listed = Command::new("tar").arg("-tvf").arg(archive("aarch64-apple-darwin", "tar.gz")).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let program = listed.lines().find(|line| line.ends_with("/crxhound")).unwrap();
    assert!(program.starts_with("-rwxr-xr-x"), "{listed}");
}

#[test]
fn the_debian_package_says_what_it_is() {
    let (dist, _) = packed();
    let package = dist.path().join(format!("crxhound_{}_amd64.deb", version()));
    let ask = |option: &str| {
        let output = Command::new("dpkg-deb").arg(option).arg(&package).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let said = ask("--field");
    assert!(said.contains(&format!("Version: {}", version())) && said.contains("Architecture: amd64"), "{said}");
    assert!(!said.contains("Depends") && !said.contains("@VERSION@"), "{said}");
    let files = ask("--contents");
    for (mode, file) in [("-rwxr-xr-x root/root", "./usr/bin/crxhound"), ("-rw-r--r-- root/root", "/man1/crxhound.1.gz")] {
        assert!(files.lines().any(|line| line.starts_with(mode) && line.ends_with(file)), "{file}: {files}");
    }
}

/// The texts that `fill.sh` writes, by name.
fn manifests(dist: &Path) -> Vec<(PathBuf, String)> {
    let folders = ["homebrew", "scoop", "winget"].map(|folder| dist.join("packages").join(folder));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn package_managers_are_told_addresses_and_hashes_that_exist() {
    let (dist, sums) = packed();
    done(script("fill.sh").args([version(), REPOSITORY]).arg(dist.path()));
    let hash = |name: &str| sums.lines().find(|line| line.ends_with(&format!("  {name}"))).map(|line| &line[..64]);
    let start = format!("{REPOSITORY}/releases/download/v{}/", version());
    let mut told = BTreeSet::new();
    for (path, text) in manifests(dist.path()) {
        for (at, _) in text.match_indices(&start) {
            let name: &str = text[at + start.len()..].split(['"', '\n']).next().unwrap();
            let hash = hash(name).unwrap_or_else(|| panic!("{} names {name}, which is not in the release", path.display()));
            // The hash belongs to the address before it.
            let after = &text[at..];
            let next = after[1..].find(&start).map_or(after.len(), |next| next + 1);
            assert!(after[..next].contains(hash), "{}: {name} without its hash", path.display());
            told.insert(name.to_owned());
        }
    }
    assert_eq!(told.len(), TARGETS.len(), "{told:?}");
    let scoop: Value = serde_json::from_slice(&fs::read(dist.path().join("packages/scoop/crxhound.json")).unwrap()).unwrap();
    assert_eq!(scoop["version"], version());
}

#[test]
fn a_manifest_without_its_archive_is_refused() {
    let dist = programs();
    fs::remove_dir_all(dist.path().join("programs/aarch64-pc-windows-msvc")).unwrap();
    done(script("pack.sh").arg(dist.path()));
    let output = script("fill.sh").args([version(), REPOSITORY]).arg(dist.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("@URL:aarch64-pc-windows-msvc@") && said.contains("scoop"), "{said}");
}
