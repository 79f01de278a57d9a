//! The two passes over the files of a fleet, file by file on all cores.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::files::ReportFiles;
use super::records::{Record, Records};
use crate::judge::fleet::record::{Kind, Reader};
use crate::judge::fleet::{Census, Fleet, Hosts, Skipped, Tally, Unused};
use crate::report::read::ReadError;
use crate::report::text::first_chars;

/// Bytes read at a time.
const BLOCK: usize = 1 << 16;

/// Longest message about a file, in characters.
const MESSAGE: usize = 200;

/// The newest scan of each machine in these files.
pub fn census(files: &ReportFiles, skipped: &Skips) -> Hosts {
    let census = Mutex::new(Census::default());
    (0..files.len()).into_par_iter().for_each(|at| {
        each_record(&files.path(at), at, skipped, |reader, _, _, _| {
            if let Some(head) = reader.new_scan() {
                census.lock().unwrap_or_else(PoisonError::into_inner).see(head);
            }
        });
    });
    census.into_inner().unwrap_or_else(PoisonError::into_inner).close()
}

/// What the newest scans say together.
pub fn count(files: &ReportFiles, hosts: Hosts, skipped: Skips) -> Fleet {
    let tally = Tally::new(hosts.len());
    // What is wrong with heads was said in the first pass.
    let said = Skips::default();
    (0..files.len()).into_par_iter().for_each(|at| {
        let mut place = None;
        each_record(&files.path(at), at, &said, |reader, kind, line, bytes| {
            if let Some(head) = reader.new_scan() {
                place = hosts.place(head);
            }
            // A machine that nobody has seen before: the file has changed since the first pass.
            let Some(place) = place else { return };
            if !place.counts {
                skipped.add(at, Unused::Older, line, format_args!("there is a newer report of {}", reader.named()));
            }
            match reader.part(bytes, kind) {
                Ok(part) if tally.add(&part, place) == 0 => {}
                Ok(_) => skipped.add(at, Unused::Damaged, line, "an extension without a valid id"),
                Err(error) => skipped.add(at, Unused::Damaged, line, error),
            }
        });
    });
    tally.finish(hosts, files.len(), skipped.list(files))
}

/// Hands each record whose head can be read to `work`, with its line; the others are skipped.
fn each_record(path: &Path, at: usize, skipped: &Skips, mut work: impl FnMut(&mut Reader, Kind, usize, &[u8])) {
    let source = path.to_string_lossy();
    let mut read = || -> io::Result<()> {
        let mut records = Records::new(BufReader::with_capacity(BLOCK, File::open(path)?));
        let mut reader = Reader::default();
        let mut empty = true;
        while let Some(record) = records.next()? {
            empty = false;
            match record {
                Record::TooLong(line) => skipped.add(at, Unused::Damaged, line, "longer than a report may be"),
                Record::Whole(line, bytes) => match reader.head(bytes, line, &source) {
                    Ok(kind) => work(&mut reader, kind, line, bytes),
                    Err(error @ (ReadError::Schema { .. } | ReadError::Kind { .. })) => {
                        skipped.add(at, Unused::Foreign, line, error);
                    }
                    Err(error) => skipped.add(at, Unused::Damaged, line, error),
                },
            }
        }
        if empty {
            skipped.add(at, Unused::Damaged, 1, ReadError::Empty);
        }
        Ok(())
    };
    if let Err(error) = read() {
        skipped.add(at, Unused::Unreadable, 0, error);
    }
}

/// Records that do not count, by file and reason: the first of each, and how many.
#[derive(Default)]
pub struct Skips(Mutex<BTreeMap<(usize, Unused), Skip>>);

struct Skip {
    line: usize,
    records: usize,
    message: String,
}

impl Skips {
    /// A record of the file at this place in the list does not count. A file's records are told in order.
    fn add(&self, at: usize, why: Unused, line: usize, message: impl Display) {
        let mut skips = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Skip { line, records: 0, message: first_chars(&message.to_string(), MESSAGE) };
        skips.entry((at, why)).or_insert_with(new).records += 1;
    }

    fn list(self, files: &ReportFiles) -> Vec<Skipped> {
        let skips = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let skips = skips.into_iter().map(|((at, kind), skip)| {
            let path = files.path(at).to_string_lossy().into_owned();
            Skipped { path, kind, line: skip.line, records: skip.records, message: skip.message }
        });
        skips.collect()
    }
}
