//! Which report of each machine counts: the newest.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::record::Head;

/// The machines met so far, each with its newest scan. Any order of scans gives the same.
#[derive(Debug, Default)]
pub struct Census {
    newest: FxHashMap<Box<str>, Newest>,
    /// A hash of each scan: they are counted, never looked up, and there may be one for each machine and day.
    scans: HashSet<u64>,
}

#[derive(Debug)]
struct Newest {
    started: Option<Timestamp>,
    scan: Box<str>,
    name: Box<str>,
    os: Box<str>,
}

impl Census {
    /// Takes note of a scan; once for each is enough, more do no harm.
    pub fn see(&mut self, head: &Head) {
        let started = started(head);
        let mut hasher = DefaultHasher::new();
        (&head.host, &head.scan_id, started).hash(&mut hasher);
        self.scans.insert(hasher.finish());
        let here = (started, head.scan_id.as_str());
        match self.newest.get_mut(head.host.as_str()) {
            Some(newest) if (newest.started, &*newest.scan) >= here => {}
            Some(newest) => *newest = Newest::of(head, started),
            None => {
                self.newest.insert(head.host.as_str().into(), Newest::of(head, started));
            }
        }
    }

    /// The machines, once all scans were seen.
    pub fn close(self) -> Hosts {
        let mut hosts: Vec<Host> = self
            .newest
            .into_iter()
            .map(|(key, newest)| Host { key, name: newest.name, os: newest.os, started: newest.started, scan: newest.scan })
            .collect();
        hosts.sort_by(|a, b| (&a.name, &a.key).cmp(&(&b.name, &b.key)));
        let numbers = (0_u32..).zip(&hosts).map(|(number, host)| (host.key.clone(), number)).collect();
        Hosts { hosts, numbers, scans: self.scans.len() }
    }
}

impl Newest {
    fn of(head: &Head, started: Option<Timestamp>) -> Newest {
        Newest { started, scan: head.scan_id.as_str().into(), name: head.name.as_str().into(), os: head.os.as_str().into() }
    }
}

/// When a scan began; `None`, older than any other, where the report does not say so in RFC 3339.
fn started(head: &Head) -> Option<Timestamp> {
    head.started_at.parse().ok()
}

/// The machines of a fleet, by name, each with the scan that counts.
#[derive(Debug)]
pub struct Hosts {
    hosts: Vec<Host>,
    numbers: FxHashMap<Box<str>, u32>,
    scans: usize,
}

/// One machine.
#[derive(Debug)]
pub struct Host {
    /// What tells it from others.
    pub key: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its operating system, in the report's word.
    pub os: Box<str>,
    /// When the scan that counts began.
    pub started: Option<Timestamp>,
    scan: Box<str>,
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
    pub fn get(&self, number: u32) -> Option<&Host> {
        self.hosts.get(number as usize)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter()
    }

    /// Where a record belongs; `None` for a machine that nobody has seen before.
    pub fn place(&self, head: &Head) -> Option<Place> {
        let number = *self.numbers.get(head.host.as_str())?;
        let host = self.get(number)?;
        let started = started(head);
        Some(Place { host: number, started, counts: started == host.started && *host.scan == *head.scan_id })
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
            assert_eq!(hosts.iter().map(|host| &*host.key).collect::<Vec<_>>(), ["a", "b"]);
            assert_eq!(hosts.scans(), 4);
            for head in &heads {
                let place = hosts.place(head);
                assert_eq!(place.map(|place| place.counts), Some(["s2", "s3"].contains(&head.scan_id.as_str())));
            }
            assert_eq!(hosts.place(&head("c", "s9", "")), None);
        }
    }
}
