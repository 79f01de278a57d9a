//! Named pipes. An answer may take as long as it likes there: a pipe has no time limit, and breaks with the process behind it.

use std::io;
use std::path::Path;
use std::time::Duration;

use interprocess::ConnectWaitMode;
use interprocess::os::windows::named_pipe::pipe_mode::Bytes;
use interprocess::os::windows::named_pipe::{DuplexPipeStream, PipeListener, PipeListenerOptions};
use interprocess::os::windows::security_descriptor::SecurityDescriptor;
use widestring::u16cstr;

/// A connection.
pub type Stream = DuplexPipeStream<Bytes>;

/// How long a pipe whose every end is taken may stay so.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connects, where somebody listens.
pub fn connect(path: &Path) -> io::Result<Stream> {
    Stream::connect_by_path_with_wait_mode(path, ConnectWaitMode::Timeout(PATIENCE))
}

/// What others connect to.
pub struct Listener(PipeListener<Bytes, Bytes>);

impl Listener {
    /// A new pipe of this machine that the system, administrators and this user reach: reports name accounts.
    ///
    /// Source: Microsoft, "Security Descriptor String Format" and "ACE Strings".
    pub fn bind(path: &Path) -> io::Result<Listener> {
        let reached_by = SecurityDescriptor::deserialize(u16cstr!("D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)"))?;
        let options = PipeListenerOptions::new().path(path).security_descriptor(Some(reached_by));
        options.create_duplex::<Bytes>().map(Listener)
    }

    /// Waits for the next one who connects.
    pub fn accept(&self) -> io::Result<Stream> {
        self.0.accept()
    }
}
