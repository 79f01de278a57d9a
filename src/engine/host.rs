//! Who is scanned, and when: the only fields of a report that differ between two runs over the same input.

use std::path::PathBuf;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{Timestamp, Unit};
use sha2::Sha256;

use crate::acquire::read::read_regular;
use crate::discover::Root;
use crate::model::hash::{hex, sha256};
use crate::model::machine::System;
use crate::report::model::{Host, Os};

/// Keys the host id, so that a report does not give the machine id away and other programs' hashes of it do not match ours.
const KEY: &[u8] = b"crxhound host id 1";
/// Files with the machine's id and name are a line long.
const LINE: u64 = 4 << 10;

/// The machine that a root stands for.
pub(super) fn host(root: &Root) -> Host {
    let line = |path: &str| {
        let found: Option<PathBuf> = root.locate(path);
        let (bytes, _) = read_regular(&found?, LINE).ok()?;
        let text = String::from_utf8_lossy(&bytes).lines().next()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let image = root.is_image();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !image && !value.is_empty());
    let name = line("/etc/hostname").or_else(|| variable("COMPUTERNAME")).or_else(|| variable("HOSTNAME"));
    let machine = line("/etc/machine-id").or_else(|| line("/var/lib/dbus/machine-id")).or_else(|| machine_guid(image));
    let user = variable("USER").or_else(|| variable("USERNAME")).or_else(|| variable("LOGNAME"));
    let name = name.unwrap_or_default();
    Host {
        id: keyed(machine.as_deref().unwrap_or(&name)),
        name,
        os: match root.system {
            System::Windows => Os::Windows,
            System::Macos => Os::Macos,
            System::Linux => Os::Linux,
        },
        user: user.unwrap_or_default(),
    }
}

#[cfg(windows)]
fn machine_guid(image: bool) -> Option<String> {
    if image {
        return None;
    }
    windows_registry::LOCAL_MACHINE.open(r"SOFTWARE\Microsoft\Cryptography").ok()?.get_string("MachineGuid").ok()
}

#[cfg(not(windows))]
fn machine_guid(_image: bool) -> Option<String> {
    None
}

/// A keyed hash, short enough for a line of a log.
fn keyed(machine: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("HMAC takes a key of any length");
    mac.update(machine.trim().as_bytes());
    hex(mac.finalize().into_bytes().get(..16).unwrap_or_default())
}

/// The time. A clock that shows a year which no calendar has stops no scan.
pub(crate) fn now() -> Timestamp {
    Timestamp::try_from(std::time::SystemTime::now()).unwrap_or(Timestamp::MAX)
}

/// When a scan began.
pub(super) struct Clock {
    started: Timestamp,
    since: std::time::Instant,
}

impl Clock {
    pub fn start() -> Clock {
        Clock { started: now(), since: std::time::Instant::now() }
    }

    /// RFC 3339 in UTC, to the second.
    pub fn started_at(&self) -> String {
        self.started.round(Unit::Second).unwrap_or(self.started).to_string()
    }

    pub fn elapsed(&self) -> std::time::Duration {
        self.since.elapsed()
    }

    /// A value that no other scan has: time to the nanosecond, process and host.
    pub fn scan_id(&self, host: &Host) -> String {
        let seed = format!("{} {} {}", self.started.as_nanosecond(), std::process::id(), host.id);
        hex(sha256(seed.as_bytes()).get(..16).unwrap_or_default())
    }
}

/// The day in UTC, as `2026-11-22`.
pub(super) fn today() -> String {
    now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// Unix seconds as RFC 3339 in UTC.
pub(super) fn rfc3339(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}
