//! Writing files so that a reader sees the old one or the new one whole, and nothing is left behind when it fails.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes a file by way of a temporary one beside it. What is no regular file (a pipe, a terminal, the null device) is written
/// to directly, since a rename would replace it.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |out| out.write_all(bytes))
}

/// The same for what is not held in memory as a whole.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&target) {
        Ok(there) if there.is_dir() => return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder")),
        Ok(there) if !there.is_file() => return buffered(&OpenOptions::new().write(true).open(&target)?, fill),
        Ok(there) if there.permissions().readonly() => {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "is read-only"));
        }
        _ => {}
    }
    #[cfg(target_os = "linux")]
    if let Some(file) = nameless::create(&target) {
        buffered(&file, fill)?;
        settle(&file, &target)?;
        return nameless::put(&file, &target);
    }
    let (temporary, file) = create_beside(&target)?;
    let written = buffered(&file, fill).and_then(|()| settle(&file, &target)).and_then(|()| {
        // Windows renames no open file.
        drop(file);
        fs::rename(&temporary, &target)
    });
    if written.is_err() {
        // The failure that matters is the one above.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn buffered(file: &File, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    out.flush()
}

/// Gives a file the permissions of the one whose place it takes, and has it on the disk.
fn settle(file: &File, target: &Path) -> io::Result<()> {
    if let Ok(there) = fs::metadata(target) {
        file.set_permissions(there.permissions())?;
    }
    file.sync_all()
}

/// Files without a name until they are whole: what is killed while it writes leaves nothing behind.
#[cfg(target_os = "linux")]
mod nameless {
    use std::fs::{self, File};
    use std::io;
    use std::os::fd::AsRawFd as _;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags};

    /// A new file in the folder of `target`; `None` where the file system has no such files, or /proc is not there to name them.
    pub fn create(target: &Path) -> Option<File> {
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666)).ok().map(File::from)?;
        Path::new(&named(&file)).exists().then_some(file)
    }

    /// Gives a file its name, also where another has it.
    pub fn put(file: &File, target: &Path) -> io::Result<()> {
        match give_name(file, target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => replace(file, target),
            named => named,
        }
    }

    fn named(file: &File) -> String {
        format!("/proc/self/fd/{}", file.as_raw_fd())
    }

    fn give_name(file: &File, name: &Path) -> io::Result<()> {
        Ok(rustix::fs::linkat(CWD, named(file), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
    }

    /// Takes the place of a file that is there. The name in between stands for a moment only.
    fn replace(file: &File, target: &Path) -> io::Result<()> {
        let between = super::free_name(target, |name| give_name(file, name))?.0;
        fs::rename(&between, target).inspect_err(|_| {
            // The failure that matters is the one above.
            let _ = fs::remove_file(&between);
        })
    }
}

/// A new file in the same folder, under a name that nobody has.
fn create_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    free_name(target, |name| OpenOptions::new().write(true).create_new(true).open(name))
}

/// What `take` makes under a name in the same folder that nobody has.
fn free_name<T>(target: &Path, take: impl Fn(&Path) -> io::Result<T>) -> io::Result<(PathBuf, T)> {
    let name = target.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "names no file"))?;
    for attempt in 0..100 {
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.{attempt}.tmp", std::process::id()));
        let temporary = target.with_file_name(temporary);
        match take(&temporary) {
            Ok(taken) => return Ok((temporary, taken)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "no free name for a temporary file beside it"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_whole_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.json");
        write(&file, b"old").unwrap();
        write(&file, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["report.json"]);
        fs::create_dir(folder.path().join("folder")).unwrap();
        assert!(write(&folder.path().join("folder"), b"x").is_err());
        assert!(write(&folder.path().join("missing/report.json"), b"x").is_err());
        assert_eq!(names(folder.path()), ["folder", "report.json"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_is_seen_of_a_file_before_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("report.json");
        // File systems without such files exist; the folder of tests is expected to be on none of them.
        let mut file = nameless::create(&target).unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("real"), b"old").unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
        write(&folder.path().join("link"), b"new").unwrap();
        assert_eq!(fs::read(folder.path().join("real")).unwrap(), b"new");
        assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
        write(Path::new("/dev/null"), b"x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
