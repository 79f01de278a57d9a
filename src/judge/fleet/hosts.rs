//! Which report of each machine counts: the newest.

use std::collections::HashSet;
use std::collections::hash_map::{DefaultHasher, RandomState};
use std::hash::{Hash as _, Hasher as _};

use indexmap::IndexMap;
use jiff::Timestamp;

use super::record::Head;
use super::seen::short;

/// The machines met so far, each with its newest scan. Any order of scans gives the same.
#[derive(Debug, Default)]
pub struct Census {
    /// By key. Reports are hostile, so the map is one whose slots they cannot choose.
    newest: IndexMap<Box<str>, Newest, RandomState>,
    systems: Systems,
    /// A hash of each scan: they are counted, never looked up, and there may be one for each machine and day.
    scans: HashSet<u64>,
}

/// There is one for each machine, so its texts are kept as one.
#[derive(Debug)]
struct Newest {
    started: Option<Timestamp>,
    /// The machine's name, then the scan.
    texts: Box<str>,
    /// Where the name ends.
    name: u32,
    system: u8,
}

impl Census {
    /// Takes note of a scan; once for each is enough, more do no harm.
    pub fn see(&mut self, head: &Head) {
        let started = started(head);
        let mut hasher = DefaultHasher::new();
        (&head.host, &head.scan_id, started).hash(&mut hasher);
        self.scans.insert(hasher.finish());
        let here = (started, head.scan_id.as_str());
        if self.newest.get(head.host.as_str()).is_some_and(|newest| (newest.started, newest.scan()) >= here) {
            return;
        }
        let name = short(&head.name);
        let newest = Newest {
            started,
            texts: [&*name, &head.scan_id].concat().into(),
            // A short name's length fits.
            name: name.len() as u32,
            system: self.systems.number(&head.os),
        };
        match self.newest.get_mut(head.host.as_str()) {
            Some(known) => *known = newest,
            None => _ = self.newest.insert(head.host.as_str().into(), newest),
        }
    }

    /// The machines, once all scans were seen.
    pub fn close(mut self) -> Hosts {
        self.newest.sort_unstable_by(|key, a, other, b| (a.name(), key).cmp(&(b.name(), other)));
        Hosts { hosts: self.newest, systems: self.systems, scans: self.scans.len() }
    }
}

impl Newest {
    fn name(&self) -> &str {
        self.texts.get(..self.name as usize).unwrap_or_default()
    }

    fn scan(&self) -> &str {
        self.texts.get(self.name as usize..).unwrap_or_default()
    }
}

/// The words for operating systems: three, unless reports are hostile.
#[derive(Debug, Default)]
struct Systems(Vec<String>);

impl Systems {
    /// The number of a word. Where there are too many, the last stands for all others.
    fn number(&mut self, word: &str) -> u8 {
        const LAST: usize = u8::MAX as usize;
        let at = self.0.iter().position(|known| known == word).unwrap_or(self.0.len()).min(LAST);
        if at == self.0.len() {
            self.0.push(if at < LAST { short(word).into_owned() } else { "unknown".to_owned() });
        }
        at as u8
    }

    fn word(&self, number: u8) -> &str {
        self.0.get(usize::from(number)).map_or("", String::as_str)
    }
}

/// When a scan began; `None`, older than any other, where the report does not say so in RFC 3339.
fn started(head: &Head) -> Option<Timestamp> {
    head.started_at.parse().ok()
}

/// The machines of a fleet, by name, each with the scan that counts.
#[derive(Debug)]
pub struct Hosts {
    hosts: IndexMap<Box<str>, Newest, RandomState>,
    systems: Systems,
    scans: usize,
}

/// One machine.
#[derive(Clone, Copy, Debug)]
pub struct Host<'h> {
    /// What tells it from others.
    pub key: &'h str,
    /// Its name.
    pub name: &'h str,
    /// Its operating system, in the report's word.
    pub os: &'h str,
    /// When the scan that counts began.
    pub started: Option<Timestamp>,
}

/// Where a record belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The machine's number, from 0.
    pub host: u32,
    /// When the scan began.
    pub started: Option<Timestamp>,
    /// Whether it is the machine's newest scan.
    pub counts: bool,
}

impl Hosts {
    /// How many.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// No machine at all.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// How many scans there are, those that do not count included.
    pub fn scans(&self) -> usize {
        self.scans
    }

    /// A machine.
    pub fn get(&self, number: u32) -> Option<Host<'_>> {
        self.hosts.get_index(number as usize).map(|(key, newest)| self.host(key, newest))
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = Host<'_>> {
        self.hosts.iter().map(|(key, newest)| self.host(key, newest))
    }

    /// Where a record belongs; `None` for a machine that nobody has seen before.
    pub fn place(&self, head: &Head) -> Option<Place> {
        let (number, _, newest) = self.hosts.get_full(head.host.as_str())?;
        let started = started(head);
        let counts = started == newest.started && newest.scan() == head.scan_id;
        Some(Place { host: u32::try_from(number).ok()?, started, counts })
    }

    fn host<'h>(&'h self, key: &'h str, newest: &'h Newest) -> Host<'h> {
        Host { key, name: newest.name(), os: self.systems.word(newest.system), started: newest.started }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(host: &str, scan: &str, started_at: &str) -> Head {
        Head {
            host: host.to_owned(),
            name: host.to_uppercase(),
            scan_id: scan.to_owned(),
            started_at: started_at.to_owned(),
            ..Head::default()
        }
    }

    #[test]
    fn systems_are_told_apart_as_far_as_there_is_room() {
        let mut systems = Systems::default();
        for round in 0..2 {
            for number in 0..1000 {
                let known = systems.number(&format!("system {number}"));
                assert_eq!(usize::from(known), number.min(255), "round {round}");
            }
        }
        assert_eq!((systems.word(3), systems.word(255)), ("system 3", "unknown"));
    }

    #[test]
    fn the_newest_scan_of_each_machine_counts_whatever_the_order() {
        let mut heads = vec![
            head("b", "s1", "2026-04-01T10:00:00Z"),
            head("b", "s2", "2026-04-01T12:30:00+02:00"),
            head("b", "s0", "no time"),
            head("a", "s3", "2026-04-02T00:00:00Z"),
            head("b", "s1", "2026-04-01T10:00:00Z"),
        ];
        for _ in 0..heads.len() {
            heads.rotate_left(1);
            let mut census = Census::default();
            heads.iter().for_each(|head| census.see(head));
            let hosts = census.close();
            assert_eq!(hosts.iter().map(|host| host.key).collect::<Vec<_>>(), ["a", "b"]);
            assert_eq!(hosts.scans(), 4);
            for head in &heads {
                let place = hosts.place(head);
                assert_eq!(place.map(|place| place.counts), Some(["s2", "s3"].contains(&head.scan_id.as_str())));
            }
            assert_eq!(hosts.place(&head("c", "s9", "")), None);
        }
    }
}
