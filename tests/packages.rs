//! Packages of every container, honest and hostile.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crxhound::acquire::{self, Container, Limits, OpenError, Package, ZipError};
use crxhound::problem::Problem;
use zip::write::SimpleFileOptions;

/// An archive with the given entries.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(bytes: &[u8]) -> (Package, Vec<Problem>) {
    acquire::archive("x.zip", bytes, &Limits::default()).unwrap()
}

fn names(package: &Package) -> Vec<&str> {
    package.files.keys().map(String::as_str).collect()
}

fn said(problems: &[Problem], words: &str) -> bool {
    problems.iter().any(|problem| problem.message.contains(words))
}

#[test]
fn folder_and_archive_of_the_same_files_are_equal_in_content() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("js")).unwrap();
    fs::write(dir.path().join("manifest.json"), "{}").unwrap();
    fs::write(dir.path().join("js/a.js"), "1").unwrap();
    let (folder, problems) = acquire::open(dir.path(), &Limits::default()).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    let (zipped, problems) = read(&archive(&[("js/a.js", b"1"), ("manifest.json", b"{}")]));
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(names(&folder), ["js/a.js", "manifest.json"]);
    assert_eq!((folder.container, zipped.container), (Container::Folder, Container::Zip));
    assert_eq!(folder.content_sha256(), zipped.content_sha256());
    assert_eq!(folder.bytes("js/a.js"), Some(b"1".as_slice()));
}

#[test]
fn an_archive_of_a_folder_is_what_is_in_the_folder() {
    let (package, _) = read(&archive(&[("ext-1.0/manifest.json", b"{}"), ("ext-1.0/a.js", b"")]));
    assert_eq!(names(&package), ["a.js", "manifest.json"]);
}

#[test]
fn paths_that_lead_out_are_said_and_left_out() {
    let bytes =
        archive(&[("../../evil.js", b"1"), ("/etc/passwd", b"1"), ("c:\\x.js", b"1"), ("a\\b.js", b"1"), ("ok.js", b"1")]);
    let (package, problems) = read(&bytes);
    assert_eq!(names(&package), ["a/b.js", "ok.js"]);
    assert!(said(&problems, "leads out of the package") && said(&problems, "is absolute"), "{problems:?}");
}

#[test]
fn names_that_differ_in_case_and_double_entries_are_said() {
    let (_, problems) = read(&archive(&[("bg.js", b"1"), ("BG.js", b"2")]));
    assert!(said(&problems, "only in case"), "{problems:?}");
    // The writer refuses the same name twice, so that one is renamed in the bytes.
    let mut bytes = archive(&[("bg.js", b"first"), ("bh.js", b"second")]);
    while let Some(at) = memchr::memmem::find(&bytes, b"bh.js") {
        bytes[at + 1] = b'g';
    }
    let (package, problems) = read(&bytes);
    assert!(said(&problems, "twice"), "{problems:?}");
    assert_eq!(package.bytes("bg.js"), Some(b"second".as_slice()), "the last one counts");
}

#[test]
fn a_bomb_is_left_out_and_the_rest_is_read() {
    let bomb = vec![0; 64 << 20];
    let limits = Limits { ratio: 100, ..Limits::default() };
    let bytes = archive(&[("bomb.bin", &bomb), ("manifest.json", b"{}")]);
    let (package, problems) = acquire::archive("x.zip", &bytes, &limits).unwrap();
    assert_eq!(names(&package), ["manifest.json"]);
    assert!(said(&problems, "bomb"), "{problems:?}");
}

#[test]
fn sizes_that_lie_cost_nothing() {
    let mut bytes = archive(&[("a.js", b"alert(1)")]);
    // The uncompressed size in the directory entry: 24 bytes behind its signature.
    let at = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap() + 24;
    bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes()[..]);
    bytes[at + 3] = 0x7f;
    let (package, problems) = read(&bytes);
    assert!(said(&problems, "has another size") || package.files.is_empty(), "{problems:?}");
}

#[test]
fn a_million_entries_are_refused_before_they_are_read() {
    let count = 1_000_000u64;
    let mut bytes = Vec::new();
    let mut entry = [0u8; 47];
    entry[..4].copy_from_slice(b"PK\x01\x02");
    entry[28] = 1;
    entry[46] = b'a';
    for _ in 0..count {
        bytes.extend_from_slice(&entry);
    }
    let directory = bytes.len() as u64;
    bytes.extend_from_slice(b"PK\x06\x06");
    bytes.extend_from_slice(&44u64.to_le_bytes());
    bytes.extend_from_slice(&[0; 12]);
    for number in [count, count, directory, 0] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    bytes.extend_from_slice(&directory.to_le_bytes());
    bytes.extend_from_slice(&1u32.to_le_bytes());
    bytes.extend_from_slice(b"PK\x05\x06");
    bytes.extend_from_slice(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0]);
    let start = Instant::now();
    let result = acquire::archive("x.zip", &bytes, &Limits::default());
    assert!(matches!(result, Err(OpenError::Zip(ZipError::TooMany(1_000_000, _)))), "{result:?}");
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn archives_in_archives_are_not_opened() {
    let inner = archive(&[("manifest.json", b"{}")]);
    let (package, problems) = read(&archive(&[("inner.zip", &inner), ("manifest.json", b"{}")]));
    assert_eq!(names(&package), ["inner.zip", "manifest.json"]);
    assert!(package.bytes("inner.zip").is_none());
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn bytes_behind_and_before_an_archive_are_said() {
    let plain = archive(&[("manifest.json", b"{}")]);
    let behind = [plain.as_slice(), b"more"].concat();
    assert!(said(&read(&behind).1, "bytes after the archive"));
}

#[test]
fn what_is_no_package_is_refused_with_words() {
    for bytes in [
        b"".as_slice(),
        b"PK",
        b"PK\x03\x04",
        b"Cr24",
        b"Cr24\x03\0\0\0\xff\xff\xff\xff",
        b"hello",
        b"Cr24\x02\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let error = acquire::archive("x", bytes, &Limits::default()).unwrap_err().to_string();
        assert!(!error.is_empty() && !error.ends_with('.'), "{error}");
    }
    assert!(acquire::open(Path::new("/no/such/place"), &Limits::default()).unwrap_err().to_string().contains("gone"));
}

#[cfg(unix)]
#[test]
fn links_pipes_and_forbidden_files_do_not_stop_the_rest() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.js"), "secret").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    fs::write(root.join("manifest.json"), "{}").unwrap();
    fs::write(root.join("inside.js"), "1").unwrap();
    symlink(outside.path().join("secret.js"), root.join("out.js")).unwrap();
    symlink(root.join("inside.js"), root.join("link.js")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink(root, root.join("again")).unwrap();
    symlink("/dev/zero", root.join("zero.js")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.join("pipe.js")).status().is_ok_and(|status| status.success());
    let (package, problems) = acquire::open(root, &Limits::default()).unwrap();
    assert_eq!(names(&package), ["inside.js", "link.js", "manifest.json"]);
    assert!(said(&problems, "leads out of the extension") && said(&problems, "a link to a folder"), "{problems:?}");
    assert_eq!(made, said(&problems, "not a regular file"), "{problems:?}");
    assert!(!package.files.values().any(|file| file.bytes.as_deref() == Some(b"secret".as_slice())));
}

#[test]
fn packages_are_found_below_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["one", "two/deep"] {
        fs::create_dir_all(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join("manifest.json"), "{}").unwrap();
    }
    fs::write(dir.path().join("three.crx"), "Cr24").unwrap();
    fs::write(dir.path().join("readme.txt"), "").unwrap();
    let (found, problems) = acquire::packages_below(dir.path(), &Limits::default());
    let found: Vec<_> = found.iter().map(|path| path.strip_prefix(dir.path()).unwrap()).collect();
    assert_eq!(found, ["one", "three.crx", "two/deep"].map(Path::new));
    assert!(problems.is_empty());
}
