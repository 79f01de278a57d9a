//! Where osquery and its extensions meet: Unix sockets, or on Windows named pipes, which have no file to take away.

#[cfg(windows)]
mod pipe;
#[cfg(unix)]
mod unix;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

#[cfg(windows)]
pub use pipe::{Listener, Stream, connect};
#[cfg(unix)]
pub use unix::{Listener, Stream, connect};

/// Our own socket, for as long as this lives.
pub struct Own {
    pub listener: Arc<Listener>,
    path: PathBuf,
}

impl Own {
    /// Listens on `<socket>.<number>`, where osquery looks for the extension to which it gave that number.
    pub fn bind(socket: &Path, number: i64) -> anyhow::Result<Own> {
        let mut path = socket.as_os_str().to_owned();
        path.push(format!(".{number}"));
        let path = PathBuf::from(path);
        let listener = Listener::bind(&path).with_context(|| format!("{}: cannot listen there", path.display()))?;
        Ok(Own { listener: Arc::new(listener), path })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if cfg!(unix) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
