//! Opening files of other people: regular ones only, read-only, and never waiting for anybody.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Opens a regular file for reading; a link is followed. A pipe, device or socket is refused without being opened, and one
/// that takes the file's place in between does not make us wait. On Windows the standard library shares reading, writing and
/// deleting, so that the browser's own renames do not fail.
pub fn open_regular(path: &Path) -> io::Result<(File, Metadata)> {
    let refused = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    if !fs::metadata(path)?.is_file() {
        return Err(refused());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // O_NONBLOCK, in the numbers of the two systems.
        options.custom_flags(if cfg!(target_os = "macos") { 0x4 } else { 0o4000 });
    }
    let file = options.open(path)?;
    // Asked again of what is open: the name may have stood for something else before.
    let data = file.metadata()?;
    if data.is_file() { Ok((file, data)) } else { Err(refused()) }
}

/// Opens a regular file that lies below a folder whose real path is known. Who owns the folder may put a link in the place of a
/// file or folder at any moment, also while an administrator reads: what was opened is therefore asked where it really lies.
pub fn open_below(folder: &Path, path: &Path) -> io::Result<(File, Metadata)> {
    let (file, data) = open_regular(path)?;
    if real_path_of(&file, &data, path)?.starts_with(folder) {
        Ok((file, data))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "has become a link that leads out of the extension; not read"))
    }
}

/// Where an open file lies.
#[cfg(unix)]
fn real_path_of(file: &File, data: &Metadata, path: &Path) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    // Linux knows it of every handle.
    if let Ok(real) = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())) {
        return Ok(real);
    }
    let real = path.canonicalize()?;
    let there = fs::metadata(&real)?;
    let same = (there.dev(), there.ino()) == (data.dev(), data.ino());
    if same {
        Ok(real)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "was exchanged while it was opened; not read"))
    }
}

/// Where an open file lies, as far as its name says it.
#[cfg(not(unix))]
fn real_path_of(_file: &File, _data: &Metadata, path: &Path) -> io::Result<PathBuf> {
    // Some drives cannot tell it; see `real_folder`.
    Ok(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
}

/// Reads a whole regular file of at most `limit` bytes.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<(Vec<u8>, Metadata)> {
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {} MB", limit >> 20));
    let (file, data) = open_regular(path)?;
    if data.len() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(data.len()).unwrap_or_default());
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    // The file may have grown since its size was asked for.
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok((bytes, data)) }
}

/// The real path of a folder, links resolved. Some drives of Windows (in memory, mounted images) cannot tell it; there the path
/// as it is written has to do.
pub fn real_folder(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize().or_else(|error| if cfg!(windows) && path.is_dir() { std::path::absolute(path) } else { Err(error) })
}

/// The real path of a file below a folder whose real path is known; where the drive cannot tell it, only if no part is a link.
pub fn real_below(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let path = folder.join(name);
    path.canonicalize().or_else(|error| {
        let mut parts = path.ancestors().take_while(|part| *part != folder);
        let plain = cfg!(windows) && parts.all(|part| fs::symlink_metadata(part).is_ok_and(|data| !data.is_symlink()));
        if plain { Ok(path.clone()) } else { Err(error) }
    })
}

/// A file time as Unix seconds.
pub fn unix_seconds(time: SystemTime) -> Option<i64> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).ok(),
        Err(before) => i64::try_from(before.duration().as_secs()).ok().map(|seconds| -seconds),
    }
}

/// The reason of an error in a few words, without the system's error number.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is gone".into(),
        io::ErrorKind::PermissionDenied => "permission denied; run it as that user or as an administrator".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn sizes_are_bounded_and_folders_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_regular(&path, 5).unwrap().0, b"12345");
        assert_eq!(read_regular(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_regular(dir.path(), 4).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_refused() {
        assert!(open_regular(Path::new("/dev/zero")).is_err());
    }
}
