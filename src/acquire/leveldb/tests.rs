//! Databases made by hand; those of a real browser are read in the integration tests.

#![allow(clippy::unwrap_used)]

use super::*;

/// A number in the variable-length form.
fn number(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&number(bytes.len() as u64), bytes].concat()
}

type Write<'a> = (&'a str, Option<&'a [u8]>);

fn batch(sequence: u64, writes: &[Write<'_>]) -> Vec<u8> {
    let mut out = [&sequence.to_le_bytes()[..], &(writes.len() as u32).to_le_bytes()].concat();
    for (key, value) in writes {
        out.push(value.is_some().into());
        out.extend(with_length(key.as_bytes()));
        out.extend(value.map(with_length).unwrap_or_default());
    }
    out
}

/// Batches as a log, cut at the borders of blocks.
fn log(batches: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for batch in batches {
        let mut rest = batch.as_slice();
        let mut first = true;
        loop {
            let left = 32_768 - out.len() % 32_768;
            if left < 7 {
                out.extend(vec![0; left]);
                continue;
            }
            let (part, behind) = rest.split_at(rest.len().min(left - 7));
            rest = behind;
            let kind = match (first, rest.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            out.extend(masked_crc(&[&[kind], part]).to_le_bytes());
            out.extend((part.len() as u16).to_le_bytes());
            out.push(kind);
            out.extend_from_slice(part);
            first = false;
            if rest.is_empty() {
                break;
            }
        }
    }
    out
}

fn block(entries: &[(Vec<u8>, Vec<u8>)], packed: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut before: &[u8] = &[];
    for (key, value) in entries {
        let shared = key.iter().zip(before).take_while(|(a, b)| a == b).count();
        for length in [shared, key.len() - shared, value.len()] {
            out.extend(number(length as u64));
        }
        out.extend_from_slice(&key[shared..]);
        out.extend_from_slice(value);
        before = key;
    }
    out.extend([0, 0, 0, 0, 1, 0, 0, 0]);
    if packed { snap::raw::Encoder::new().compress_vec(&out).unwrap() } else { out }
}

fn sealed(content: Vec<u8>, packed: u8) -> Vec<u8> {
    let crc = masked_crc(&[&content, &[packed]]).to_le_bytes();
    [content, vec![packed], crc.to_vec()].concat()
}

/// A table of one data block.
fn table(entries: &[(u64, Write<'_>)], packed: bool) -> Vec<u8> {
    let internal =
        |sequence: u64, key: &str, live: bool| [key.as_bytes(), &(sequence << 8 | u64::from(live)).to_le_bytes()].concat();
    let data: Vec<_> = entries
        .iter()
        .map(|(sequence, (key, value))| (internal(*sequence, key, value.is_some()), value.unwrap_or_default().to_vec()))
        .collect();
    let data = block(&data, packed);
    let handle = [number(0), number(data.len() as u64)].concat();
    let mut out = sealed(data, packed.into());
    let index = block(&[(b"z".to_vec(), handle)], false);
    let at = [number(out.len() as u64), number(index.len() as u64)].concat();
    out.extend(sealed(index, 0));
    let mut footer = [number(0), number(0), at].concat();
    footer.resize(40, 0);
    out.extend(footer);
    out.extend(0xdb47_7524_8b80_fb57_u64.to_le_bytes());
    out
}

fn live(database: &Database) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    database.live().map(|(key, value)| (text(key), text(value))).collect()
}

#[test]
fn the_checksum_is_the_known_one() {
    // The standard check value of CRC-32C, before the disguise: e3069283.
    let crc = masked_crc(&[b"123456789"]).wrapping_sub(0xa282_ead8).rotate_left(15);
    assert_eq!(crc, 0xe306_9283);
}

#[test]
fn the_newest_version_of_a_key_wins_wherever_it_is() {
    let old = table(&[(1, ("a", Some(b"old"))), (2, ("b", Some(b"kept"))), (3, ("c", Some(b"gone")))], true);
    let new = log(&[batch(10, &[("a", Some(b"new")), ("c", None), ("d", Some(b"fresh"))])]);
    for files in [[("000005.ldb", &old), ("000007.log", &new)], [("000007.log", &new), ("000005.ldb", &old)]] {
        let (database, problems) = from_files(files.map(|(name, bytes)| (name, bytes.as_slice())));
        assert_eq!(problems, []);
        let wanted = [("a", "new"), ("b", "kept"), ("d", "fresh")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(live(&database), wanted);
        assert_eq!(database.deleted().collect::<Vec<_>>(), [(&b"c"[..], Some(&b"gone"[..]))]);
        assert_eq!((database.get(b"a"), database.get(b"c")), (Some(&b"new"[..]), None));
    }
}

#[test]
fn a_batch_across_blocks() {
    let large = vec![b'x'; 100_000];
    let bytes =
        log(&[batch(1, &[("small", Some(b"1"))]), batch(2, &[("large", Some(&large))]), batch(3, &[("end", Some(b"2"))])]);
    let (database, problems) = from_files([("1.log", bytes.as_slice())]);
    assert_eq!((problems.len(), database.live().count()), (0, 3));
    assert_eq!(database.get(b"large"), Some(large.as_slice()));
}

#[test]
fn a_torn_end_is_no_fault() {
    let bytes = log(&[batch(1, &[("a", Some(b"1"))]), batch(2, &[("b", Some(&[b'x'; 500]))])]);
    let whole = log(&[batch(1, &[("a", Some(b"1"))])]).len();
    for end in whole..bytes.len() {
        let (database, problems) = from_files([("1.log", &bytes[..end])]);
        assert_eq!((database.live().count(), problems.len()), (1, 0), "{end}");
    }
    let zeros = [&bytes[..whole], &[0; 4_000]].concat();
    assert_eq!(from_files([("1.log", zeros.as_slice())]).1, []);
}

#[test]
fn damage_is_said_and_the_rest_is_taken() {
    let mut bytes =
        log(&[batch(1, &[("a", Some(b"1"))]), batch(2, &[("b", Some(&vec![b'x'; 70_000]))]), batch(3, &[("c", None)])]);
    bytes[40_000] ^= 1;
    let (database, problems) = from_files([("1.log", bytes.as_slice())]);
    assert_eq!((database.live().count(), problems.len()), (1, 1));
    let good = table(&[(1, ("a", Some(b"1")))], false);
    assert_eq!(from_files([("1.ldb", good.as_slice())]).1, []);
    for (name, bytes) in [("1.ldb", &good[..good.len() - 1]), ("1.ldb", b""), ("1.ldb", &[0; 48]), ("1.sst", b"text")] {
        assert_eq!(from_files([(name, bytes)]).1.len(), 1);
    }
    for at in 0..good.len() {
        let mut broken = good.clone();
        broken[at] ^= 0x55;
        from_files([("1.ldb", broken.as_slice())]);
    }
}

#[test]
fn what_is_not_there_is_empty() {
    let (database, problems) = open(Path::new("/nonexistent/database"), &Limits::default());
    assert!(database.is_empty() && problems.is_empty());
}
