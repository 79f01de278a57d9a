//! Databases made by hand; those of a real browser are read in the integration tests.

#![allow(clippy::unwrap_used)]

use super::*;

#[path = "../../../tests/support/leveldb.rs"]
mod writer;
use writer::{Write, batch, data_block, log, table_of};

fn table(entries: &[(u64, Write<'_>)], packed: bool) -> Vec<u8> {
    let data = data_block(entries);
    if packed { table_of(&snap::raw::Encoder::new().compress_vec(&data).unwrap(), 1) } else { table_of(&data, 0) }
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
    assert_eq!(masked_crc(&[b"1234", b"56789"]), writer::masked_crc(&[b"123456789"]));
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
