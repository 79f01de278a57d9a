//! Reading the browser's documents: whole, once and bounded, with their times.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::acquire::read::{read_regular, unix_seconds};

/// A document as it was on disk.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it lies.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// When it was last written, Unix seconds.
    pub modified: Option<i64>,
    /// When it was made, Unix seconds, where the file system keeps that.
    pub created: Option<i64>,
}

/// Why a document was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not there.
    #[error("not there")]
    Absent,
    /// It is a folder, pipe, device or socket.
    #[error("not a regular file")]
    NotAFile,
    /// It is larger than any document of a browser.
    #[error("larger than {} MB; nothing of it was read", .0 >> 20)]
    TooLarge(u64),
    /// The system refused.
    #[error("cannot be read: {}", super::tree::reason(.0))]
    System(#[from] io::Error),
}

/// Reads a document of at most `limit` bytes. Pipes and devices are not opened at all, and links are followed.
pub fn document(path: &Path, limit: u64) -> Result<Document, ReadError> {
    let (bytes, data) = read_regular(path, limit).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadError::Absent,
        io::ErrorKind::InvalidInput => ReadError::NotAFile,
        io::ErrorKind::FileTooLarge => ReadError::TooLarge(limit),
        _ => ReadError::System(error),
    })?;
    let seconds = |time: io::Result<std::time::SystemTime>| time.ok().and_then(unix_seconds);
    Ok(Document { path: path.to_owned(), bytes, modified: seconds(data.modified()), created: seconds(data.created()) })
}

/// Reads a text; what is no UTF-8 in it is replaced, UTF-16 with a mark is understood.
pub fn text(path: &Path, limit: u64) -> Result<String, ReadError> {
    document(path, limit).map(|document| decode(&document.bytes))
}

/// Bytes of a text file as text: UTF-8, or UTF-16 where a mark or the zeros say so.
pub fn decode(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [b'<' | b'#' | b'[', 0, ..] => wide(bytes, u16::from_le_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// When a file or folder was last written, Unix seconds.
pub fn modified(path: &Path) -> Option<i64> {
    fs::symlink_metadata(path).and_then(|data| data.modified()).ok().and_then(unix_seconds)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bounded_and_regular_files_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, "12345").unwrap();
        assert_eq!(document(&path, 5).unwrap().bytes, b"12345");
        assert!(matches!(document(&path, 4), Err(ReadError::TooLarge(4))));
        assert!(matches!(document(dir.path(), 4), Err(ReadError::NotAFile)));
        assert!(matches!(document(&dir.path().join("y"), 4), Err(ReadError::Absent)));
        if cfg!(unix) {
            assert!(matches!(document(Path::new("/dev/zero"), 4), Err(ReadError::NotAFile)));
        }
    }

    #[test]
    fn texts_in_three_encodings() {
        assert_eq!(decode(b"\xff\xfea\0b\0"), "ab");
        assert_eq!(decode(b"\xfe\xff\0a\0b"), "ab");
        assert_eq!(decode(b"\xef\xbb\xbfab"), "ab");
        assert_eq!(decode(b"<\0a\0"), "<a");
        assert_eq!(decode(b"a\xff"), "a\u{fffd}");
    }
}
