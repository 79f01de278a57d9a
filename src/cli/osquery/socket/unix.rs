//! Unix sockets.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
pub use std::os::unix::net::UnixStream as Stream;
use std::path::Path;
use std::time::Duration;

/// How long osquery may take for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connects, where somebody listens.
pub fn connect(path: &Path) -> io::Result<Stream> {
    let stream = Stream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// What others connect to.
pub struct Listener(UnixListener);

impl Listener {
    /// A new socket that only this user reaches, as osquery's own: reports name accounts.
    pub fn bind(path: &Path) -> io::Result<Listener> {
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(Listener(listener))
    }

    /// Waits for the next one who connects.
    pub fn accept(&self) -> io::Result<Stream> {
        self.0.accept().map(|(stream, _)| stream)
    }
}
