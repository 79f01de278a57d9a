//! Where a line of the audit log goes.
//!
//! - A file, to which the line is appended: other scans may append to it at the same time.
//! - journald, by its native protocol: one datagram of `NAME=value` lines.
//! - syslog, by the datagram that `syslog(3)` sends.
//!
//! No scan opens any other socket than these two.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::exit::Exit;

/// The name under which logs of the system show us.
#[cfg(unix)]
const NAME: &str = "crxhound";

/// A place for lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// A file.
    File(PathBuf),
    /// systemd's journal.
    Journald,
    /// The system's syslog.
    Syslog,
}

impl Sink {
    /// Writes a line, which has no line end in it. What was found is a notice, the rest is information.
    pub fn write(&self, line: &str, exit: Exit) -> anyhow::Result<()> {
        #[cfg(not(unix))]
        let _ = exit; // For logs of the system only: a file has it in the line.
        match self {
            Sink::File(path) => append(path, line).with_context(|| path.display().to_string()),
            #[cfg(unix)]
            Sink::Journald => unix::send(unix::JOURNAL, &unix::journal_message(line, exit)),
            #[cfg(unix)]
            Sink::Syslog => unix::send(unix::SYSLOG, &unix::syslog_message(line, exit, std::process::id())),
            // Which of them a system has is said before the scan.
            #[cfg(not(unix))]
            other => anyhow::bail!("{other:?}: not on this system"),
        }
    }
}

/// Appends one line, whole or not at all.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // It tells who ran what: nobody else's business.
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    // Where locks are not to be had, appending in one piece is what keeps lines apart.
    let _ = file.lock();
    let before = file.metadata()?.len();
    let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| sync(&file));
    if written.is_err() && file.metadata().is_ok_and(|about| about.is_file()) {
        // The failure that matters is the one above.
        let _ = file.set_len(before);
    }
    written
}

/// Brings a line to the disk; what is no file (a pipe, the null device) has none.
fn sync(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.sync_data() } else { Ok(()) }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::net::UnixDatagram;
    use std::path::Path;

    use anyhow::Context as _;

    use super::NAME;
    use crate::cli::exit::Exit;

    /// Where systemd's journal listens (`systemd.journal-fields(7)`, native protocol).
    pub const JOURNAL: &str = "/run/systemd/journal/socket";
    /// Where syslog listens.
    pub const SYSLOG: &str = if cfg!(target_os = "macos") { "/var/run/syslog" } else { "/dev/log" };

    /// `LOG_AUTHPRIV`: messages about security that not everybody may read.
    const FACILITY: u8 = 10;

    fn severity(exit: Exit) -> u8 {
        match exit {
            Exit::Clean => 6,
            Exit::Found => 5,
            Exit::Failed => 4,
        }
    }

    /// One record of the journal.
    pub fn journal_message(line: &str, exit: Exit) -> Vec<u8> {
        let (severity, code) = (severity(exit), exit.code());
        let fields = format!(
            "MESSAGE={line}\nPRIORITY={severity}\nSYSLOG_FACILITY={FACILITY}\nSYSLOG_IDENTIFIER={NAME}\nCRXHOUND_EXIT_CODE={code}\n"
        );
        fields.into_bytes()
    }

    /// One message as `syslog(3)` writes it: priority, local time, name and process, text.
    pub fn syslog_message(line: &str, exit: Exit, process: u32) -> Vec<u8> {
        let priority = FACILITY * 8 + severity(exit);
        let time = crate::engine::now().to_zoned(jiff::tz::TimeZone::system()).strftime("%b %e %H:%M:%S");
        format!("<{priority}>{time} {NAME}[{process}]: {line}").into_bytes()
    }

    /// Sends one datagram.
    pub fn send(socket: &str, message: &[u8]) -> anyhow::Result<()> {
        let send = || UnixDatagram::unbound()?.send_to(message, Path::new(socket));
        send().with_context(|| format!("{socket}: does not take the line"))?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_of_many_scans_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let line = |n: usize| format!("{{\"n\":{n},\"pad\":\"{}\"}}", "x".repeat(6_000));
        std::thread::scope(|scope| {
            for n in 0..16 {
                let path = path.clone();
                scope.spawn(move || Sink::File(path).write(&line(n), Exit::Clean).unwrap());
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        let mut seen: Vec<&str> = text.lines().collect();
        seen.sort_unstable();
        let mut wanted: Vec<String> = (0..16).map(line).collect();
        wanted.sort_unstable();
        assert_eq!(seen, wanted);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_and_failures_are_said() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        Sink::File(path.clone()).write("{}", Exit::Clean).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let error = Sink::File(folder.path().join("missing/audit.jsonl")).write("{}", Exit::Clean).unwrap_err();
        assert!(format!("{error:#}").contains("missing"), "{error:#}");
        #[cfg(target_os = "linux")]
        assert!(Sink::File("/dev/full".into()).write("{}", Exit::Clean).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn sockets_of_the_system_get_what_they_read() {
        use std::os::unix::net::UnixDatagram;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let path = path.to_str().unwrap();
        let socket = UnixDatagram::bind(path).unwrap();
        let heard = || {
            let mut buffer = [0; 1 << 16];
            let length = socket.recv(&mut buffer).unwrap();
            String::from_utf8(buffer[..length].to_vec()).unwrap()
        };
        unix::send(path, &unix::syslog_message("{\"a\":1}", Exit::Found, 42)).unwrap();
        let message = heard();
        // 85 is 10 * 8 + 5: authpriv, notice.
        assert!(message.starts_with("<85>") && message.ends_with(" crxhound[42]: {\"a\":1}"), "{message}");
        assert_eq!(message.find(" crxhound"), Some("<85>Nov 22 10:00:00".len()));
        unix::send(path, &unix::journal_message("{\"a\":1}", Exit::Failed)).unwrap();
        let message = heard();
        let fields: Vec<&str> = message.lines().collect();
        assert!(fields.contains(&"MESSAGE={\"a\":1}") && fields.contains(&"PRIORITY=4"), "{message}");
        assert!(message.ends_with('\n') && fields.iter().all(|field| field.contains('=')));
        drop(socket);
        assert!(unix::send(path, b"nobody").is_err());
    }
}
