//! Archives that read differently to us and to the browser, or that are made to break what reads them.

use crxhound::acquire::{self, Limits};

use super::rawzip::{RawEntry, RawZip, deflated, entry, zip};
use super::{Case, Check, case, holds};

/// What must hold of an archive.
enum Wanted {
    /// It has exactly these files.
    Files(&'static [&'static str]),
    /// A file has these bytes.
    Holds(&'static str, &'static [u8]),
    /// A problem with these words is said.
    Says(&'static str),
    /// Nothing is said.
    Silent,
    /// It is refused, with these words.
    Refused(&'static str),
    /// It is read with a word, or refused: what cannot be, since readers differ, is that nothing is said.
    Said,
    /// No bytes of a script with this text are kept under any name.
    Without(&'static [u8]),
}
use Wanted::{Files, Holds, Refused, Said, Says, Silent, Without};

fn check(bytes: &[u8], wanted: &[Wanted]) -> Check {
    let limits = Limits { entries: 5_000, file_bytes: 8 << 20, total_bytes: 16 << 20, ..Limits::default() };
    let answer = acquire::archive("x.zip", bytes, &limits);
    for one in wanted {
        let fine = match (one, &answer) {
            (Refused(words), Err(error)) => error.to_string().contains(words),
            (Said, Err(error)) => !error.to_string().is_empty(),
            (Said, Ok((_, problems))) => !problems.is_empty(),
            (Files(names), Ok((package, _))) => package.files.keys().map(String::as_str).eq(names.iter().copied()),
            (Holds(name, bytes), Ok((package, _))) => package.bytes(name) == Some(*bytes),
            (Says(words), Ok((_, problems))) => problems.iter().any(|problem| problem.message.contains(words)),
            (Silent, Ok((_, problems))) => problems.is_empty(),
            (Without(text), Ok((package, _))) => package
                .files
                .values()
                .all(|file| file.bytes.as_deref().is_none_or(|held| memchr::memmem::find(held, text).is_none())),
            _ => false,
        };
        let said = || match &answer {
            Ok((package, problems)) => format!("{:?} {problems:?}", package.files.keys().collect::<Vec<_>>()),
            Err(error) => error.to_string(),
        };
        holds(fine, said)?;
    }
    Ok(())
}

const MANIFEST: &[u8] = b"{\"manifest_version\": 3, \"name\": \"N\", \"version\": \"1\"}";

fn manifest() -> RawEntry {
    entry("manifest.json", MANIFEST)
}

/// An archive of a manifest and one more entry.
fn with(more: RawEntry) -> Vec<u8> {
    zip(&[manifest(), more]).bytes()
}

/// The header of a `.crx` of version 3 that says it is this long.
fn crx3(length: u32, header: &[u8], rest: &[u8]) -> Vec<u8> {
    [b"Cr24\x03\0\0\0", &length.to_le_bytes()[..], header, rest].concat()
}

pub fn cases() -> Vec<Case> {
    let mut rows: Vec<(String, Vec<u8>, Vec<Wanted>)> = Vec::new();
    let mut row = |name: &str, bytes: Vec<u8>, wanted: Vec<Wanted>| rows.push((name.to_owned(), bytes, wanted));
    let plain = zip(&[manifest(), entry("a.js", b"1")]);
    let other = zip(&[manifest(), entry("evil.js", b"2")]);
    row("an honest archive", plain.bytes(), vec![Files(&["a.js", "manifest.json"]), Silent]);

    // Two archives in one file.
    row("bytes in front", RawZip { before: b"MZ stub".into(), ..plain.clone() }.bytes(), vec![Said]);
    row(
        "bytes in front that the offsets count",
        [b"PK\x03\x04 no entry ".as_slice(), &RawZip { before: vec![0; 64], counts_before: true, ..plain.clone() }.bytes()]
            .concat(),
        vec![Said],
    );
    row("bytes behind", RawZip { after: b"more".into(), ..plain.clone() }.bytes(), vec![Says("bytes after")]);
    row("a megabyte behind", RawZip { after: vec![b' '; 1 << 20], ..plain.clone() }.bytes(), vec![Said]);
    row("a second archive behind", [plain.bytes(), other.bytes()].concat(), vec![Files(&["evil.js", "manifest.json"]), Said]);
    row("a second archive in the comment", RawZip { comment: other.bytes(), ..plain.clone() }.bytes(), vec![Said]);
    let end = &RawZip::default().bytes();
    row("a second end in the comment", RawZip { comment: end.clone(), ..plain.clone() }.bytes(), vec![Said]);
    row("a second end behind", RawZip { after: end.clone(), ..plain.clone() }.bytes(), vec![Said]);
    row(
        "a second directory behind the first",
        RawZip { comment: other.bytes()[30..].to_vec(), ..plain.clone() }.bytes(),
        vec![Said],
    );
    row(
        "an archive stored in an archive",
        with(entry("b.zip", &other.bytes())),
        vec![Files(&["b.zip", "manifest.json"]), Without(b"2")],
    );
    row("a comment of the longest kind", RawZip { comment: vec![b'x'; 65_535], ..plain.clone() }.bytes(), vec![Silent]);

    // Names that stand for two files, or two names for one.
    let twice = |last: &[u8]| vec![entry("a.js", b"first"), manifest(), entry("a.js", last)];
    row("a script twice", zip(&twice(b"last")).bytes(), vec![Holds("a.js", b"last"), Says("twice")]);
    row("a script twice with the same bytes", zip(&twice(b"first")).bytes(), vec![Says("twice")]);
    row(
        "the manifest twice",
        zip(&[entry("manifest.json", b"{}"), manifest()]).bytes(),
        vec![Holds("manifest.json", MANIFEST), Says("twice")],
    );
    row(
        "a name twice, once with another slash",
        zip(&[manifest(), entry("a/b.js", b"1"), entry("a\\b.js", b"2")]).bytes(),
        vec![Said],
    );
    row("a name twice, once with a dot", zip(&[manifest(), entry("b.js", b"1"), entry("./b.js", b"2")]).bytes(), vec![Said]);
    // What is read first because the manifest names it is no earlier for that.
    row(
        "the manifest twice, first with a dot",
        zip(&[entry("./manifest.json", b"{}"), manifest()]).bytes(),
        vec![Holds("manifest.json", MANIFEST), Said],
    );
    let naming = br#"{"manifest_version":3,"name":"x","version":"1","background":{"service_worker":"b"}}"#;
    row(
        "the worker twice, first with a dot",
        zip(&[entry("manifest.json", naming), entry("./b", b"1"), entry("b", b"2")]).bytes(),
        vec![Holds("b", b"2"), Said],
    );
    row(
        "a name twice, once with two slashes",
        zip(&[manifest(), entry("a/b.js", b"1"), entry("a//b.js", b"2")]).bytes(),
        vec![Said],
    );
    for (name, one, two) in [
        ("the manifest in another case", "manifest.json", "Manifest.JSON"),
        ("a script in another case", "bg.js", "BG.js"),
        ("a folder in another case", "lib/a.js", "LIB/a.js"),
        ("an umlaut in another case", "ä.js", "Ä.js"),
        ("Greek in another case", "δ.js", "Δ.js"),
        ("Cyrillic in another case", "ж.js", "Ж.js"),
    ] {
        let entries = [entry(one, MANIFEST), entry(two, b"2")];
        row(name, zip(&entries).bytes(), vec![Says("only in case")]);
    }
    row(
        "a name composed and decomposed",
        zip(&[manifest(), entry("\u{e9}.js", b"1"), entry("e\u{301}.js", b"2")]).bytes(),
        vec![Files(&["e\u{301}.js", "manifest.json", "\u{e9}.js"])],
    );
    row(
        "a file and a folder of one name",
        zip(&[manifest(), entry("a", b"1"), entry("a/b.js", b"2")]).bytes(),
        vec![Files(&["a", "a/b.js", "manifest.json"])],
    );
    row(
        "another name in front of the bytes",
        with(RawEntry { local_name: Some(b"b.js".into()), ..entry("a.js", b"1") }),
        vec![Said],
    );
    row(
        "two names for the same bytes",
        zip(&[manifest(), entry("a.js", b"1"), RawEntry { offset: Some(0), ..entry("b.js", b"") }]).bytes(),
        vec![Said],
    );

    // Names that lead elsewhere.
    for (name, path, words) in [
        ("a name that climbs", "../a.js", "leads out"),
        ("a name that climbs with the other slash", "..\\a.js", "leads out"),
        ("a name that climbs from a folder", "a/../../b.js", "leads out"),
        ("a name that climbs and comes back", "../extension/a.js", "leads out"),
        ("a name that only climbs", "..", "leads out"),
        ("a name from the root", "/etc/a.js", "absolute"),
        ("a name from the root with the other slash", "\\etc\\a.js", "absolute"),
        ("a name on a drive", "C:\\a.js", "absolute"),
        ("a name beside a drive", "c:a.js", "absolute"),
        ("a name on a server", "\\\\server\\share\\a.js", "absolute"),
        ("a name on a device", "\\\\.\\PhysicalDrive0", "absolute"),
        ("a name with a zero byte", "a.js\0.png", "zero byte"),
    ] {
        row(name, with(entry(path, b"payload")), vec![Files(&["manifest.json"]), Says(words), Without(b"payload")]);
    }
    row("a name of 2,000 letters", with(entry(&"n".repeat(2_000), b"1")), vec![Says("too long")]);
    row("a name a hundred folders deep", with(entry(&format!("{}a.js", "d/".repeat(100)), b"1")), vec![Says("too deep")]);
    row("a name of nothing", with(entry("", b"payload")), vec![Files(&["manifest.json"]), Without(b"payload")]);
    row("a name that is a dot", with(entry(".", b"payload")), vec![Files(&["manifest.json"]), Without(b"payload")]);
    for (name, path) in [
        ("a name with a stream of Windows", "bg.js::$DATA"),
        ("a name that ends in a dot", "bg.js."),
        ("a name that ends in a blank", "bg.js "),
        ("a folder that ends in a dot", "lib./bg.js"),
    ] {
        row(name, with(entry(path, b"1")), vec![Says("Windows takes for another")]);
    }
    for (name, path) in [
        ("a name of a device of Windows", "con.js"),
        ("a name that reads from right to left", "\u{202e}gnp.js"),
        ("a name with a letter of no width", "b\u{200b}g.js"),
        ("a name with a line break", "a\nb.js"),
        ("a name that colours the terminal", "\u{1b}[31ma.js"),
        ("a name as a formula", "=cmd|' /C calc'!A0.js"),
        ("a name as a tag", "<script>alert(1)<script>.js"),
    ] {
        row(name, with(entry(path, b"1")), vec![Holds(path, b"1")]);
    }
    row(
        "a name that is no UTF-8 and says it is",
        with(RawEntry { name: b"a\xff.js".into(), ..entry("", b"1") }),
        vec![Holds("a\u{a0}.js", b"1")],
    );
    row(
        "a name in the old alphabet",
        with(RawEntry { name: b"a\x81.js".into(), flags: 0, ..entry("", b"1") }),
        vec![Holds("aü.js", b"1")],
    );

    // Numbers that lie.
    let a = || entry("a.js", b"alert(1)");
    row("a wrong checksum", with(RawEntry { crc: Some(7), ..a() }), vec![Said]);
    row("a size too small", with(RawEntry { unpacked: Some(1), ..a() }), vec![Said]);
    row("a size too large", with(RawEntry { unpacked: Some(1 << 30), ..a() }), vec![Said]);
    row("a packed size beyond the end", with(RawEntry { packed: Some(1 << 30), ..a() }), vec![Said]);
    row("an offset beyond the end", with(RawEntry { offset: Some(1 << 30), ..a() }), vec![Said]);
    row("an offset into the middle", with(RawEntry { offset: Some(5), ..a() }), vec![Said]);
    row("a packed size of all ones", with(RawEntry { packed: Some(u32::MAX), ..a() }), vec![Said]);
    row(
        "sizes of ZIP64 that are not there",
        with(RawEntry { packed: Some(u32::MAX), extra: b"\x01\0\x08\0".into(), ..a() }),
        vec![Said],
    );
    row("more entries claimed than there are", RawZip { count: Some(9), ..plain.clone() }.bytes(), vec![Said]);
    row("fewer entries claimed than there are", RawZip { count: Some(1), ..plain.clone() }.bytes(), vec![Said]);
    row("no entry claimed", RawZip { count: Some(0), ..plain.clone() }.bytes(), vec![Said]);
    row("65,535 entries claimed", RawZip { count: Some(u16::MAX), ..plain.clone() }.bytes(), vec![Said]);
    row("a directory beyond the end", RawZip { directory: Some(1 << 30), ..plain.clone() }.bytes(), vec![Said]);
    row("a directory at the beginning", RawZip { directory: Some(0), ..plain.clone() }.bytes(), vec![Said]);
    row(
        "a directory of no length",
        RawZip { directory_size: Some(0), ..plain.clone() }.bytes(),
        vec![Files(&["a.js", "manifest.json"])],
    );
    row("a second disk", RawZip { disk: 1, ..plain.clone() }.bytes(), vec![Said]);

    // Ways to pack.
    for method in [1, 6, 9, 12, 14, 93, 95, 99, 65_535] {
        row(&format!("packed in way {method}"), with(RawEntry { method, ..a() }), vec![Files(&["manifest.json"]), Said]);
    }
    row("said to be encrypted", with(RawEntry { flags: 0x801, ..a() }), vec![Files(&["manifest.json"]), Said]);
    row("sizes behind the bytes, and none in front", with(RawEntry { flags: 0x808, packed: Some(0), ..a() }), vec![Said]);
    let zeros = deflated(&vec![0; 7 << 20]);
    row(
        "a bomb",
        with(RawEntry { method: 8, data: zeros.clone(), unpacked: Some(7 << 20), ..entry("a.js", b"") }),
        vec![Files(&["manifest.json"]), Says("bomb")],
    );
    row(
        "a bomb that says it is small",
        with(RawEntry { method: 8, data: zeros, unpacked: Some(10), ..entry("a.js", b"") }),
        vec![Files(&["manifest.json"]), Said],
    );
    row("packed bytes that are none", with(RawEntry { method: 8, ..a() }), vec![Files(&["manifest.json"]), Said]);
    row(
        "packed bytes that are cut",
        with(RawEntry { method: 8, data: deflated(&[b'x'; 999])[..5].to_vec(), unpacked: Some(999), ..entry("a.js", b"") }),
        vec![Said],
    );
    row("a file above the bound", with(entry("a.js", &vec![b' '; 9 << 20])), vec![Files(&["manifest.json"]), Says("left out")]);
    let many: Vec<RawEntry> = (0..6_000).map(|n| entry(&format!("{n}.js"), b"")).collect();
    row("more entries than are read", zip(&many).bytes(), vec![Refused("at most")]);

    // Kinds of entries.
    row(
        "a link",
        with(RawEntry { mode: 0o120_777, ..entry("a.js", b"/etc/passwd") }),
        vec![Files(&["manifest.json"]), Says("a link in an archive")],
    );
    row(
        "a folder with bytes",
        with(RawEntry { mode: 0o040_755, ..entry("a/", b"payload") }),
        vec![Files(&["manifest.json"]), Without(b"payload")],
    );
    row("a device", with(RawEntry { mode: 0o060_644, ..entry("a.js", b"1") }), vec![Holds("a.js", b"1")]);

    // Cut, or something else altogether.
    for at in [1, 4, 30, 60, plain.bytes().len() - 30, plain.bytes().len() - 1] {
        row(&format!("cut after {at} bytes"), plain.bytes()[..at].to_vec(), vec![Said]);
    }
    for (name, bytes) in [
        ("nothing", b"".as_slice()),
        ("one byte", b"P"),
        ("a gzip", b"\x1f\x8b\x08\0\0\0\0\0"),
        ("a 7z", b"7z\xbc\xaf\x27\x1c\0\x04"),
        ("a RAR", b"Rar!\x1a\x07\x01\0"),
        ("a program of Windows", b"MZ\x90\0\x03\0\0\0"),
        ("a program of Linux", b"\x7fELF\x02\x01\x01\0"),
        ("a PDF", b"%PDF-1.7\n"),
        ("a page", b"<!doctype html><script>1</script>"),
        ("a manifest", MANIFEST),
    ] {
        row(&format!("{name} with the name of a package"), bytes.to_vec(), vec![Refused("")]);
    }

    // Headers of `.crx`.
    for version in [0, 1, 4, 255, u32::MAX] {
        let bytes = [b"Cr24", &version.to_le_bytes()[..], &[0; 8], &plain.bytes()].concat();
        row(&format!("a .crx of version {version}"), bytes, vec![Refused("")]);
    }
    row("a .crx with a header of no length", crx3(0, b"", &plain.bytes()), vec![Files(&["a.js", "manifest.json"])]);
    row("a .crx with a header beyond its end", crx3(1 << 30, b"", &plain.bytes()), vec![Refused("")]);
    row("a .crx with a header of all ones", crx3(u32::MAX, b"", &plain.bytes()), vec![Refused("")]);
    row("a .crx with a header of noise", crx3(8, b"\xff\xff\xff\xff\xff\xff\xff\xff", &plain.bytes()), vec![]);
    row("a .crx with nothing behind its header", crx3(0, b"", b""), vec![Refused("")]);
    row("a .crx in a .crx", crx3(0, b"", &crx3(0, b"", &plain.bytes())), vec![Said]);
    row(
        "an archive as the header of a .crx",
        crx3(other.bytes().len() as u32, &other.bytes(), &plain.bytes()),
        vec![Files(&["a.js", "manifest.json"])],
    );
    row(
        "a .crx of version 2 with lengths of all ones",
        [b"Cr24\x02\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", &plain.bytes()[..]].concat(),
        vec![Refused("")],
    );

    rows.into_iter().map(|(name, bytes, wanted)| case(name, move || check(&bytes, &wanted))).collect()
}
