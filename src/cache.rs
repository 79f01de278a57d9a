//! What earlier scans found in the same code, in the user's cache folder.
//!
//! An entry is one file, named by its key (SHA-256 in hex of everything that the result depends on): a mark, the SHA-256 of
//! the rest, and the rest: the key once more and the result, compressed. What is damaged, of another version or under a
//! wrong name is no entry. Entries are written under another name and renamed, so that scans that run at once see whole ones.
//!
//! Whoever runs as the user can write entries, so none is believed about code that such a one could have put there: see
//! [`crate::engine`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::acquire::read::read_regular;
use crate::model::hash::sha256;

/// What an entry begins with. Another form of entries is another mark.
const MARK: &[u8] = b"crxhound 1\n";
/// Largest entry, as a file and in memory.
const LARGEST: u64 = 8 << 20;
const LARGEST_IN_MEMORY: usize = 64 << 20;
/// Bytes of all entries.
const MOST: u64 = 96 << 20;
/// Entries that are counted when a folder is opened.
const MOST_FILES: usize = 100_000;
/// After this time an unfinished entry is one of a scan that was killed.
const UNFINISHED: Duration = Duration::from_secs(3_600);

/// A folder of entries.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    most: u64,
    /// Bytes of entries, as far as this process knows.
    used: AtomicU64,
    /// Makes names of unfinished entries differ.
    written: AtomicU64,
}

impl Cache {
    /// The cache of the user who runs this. None for root and Windows' own accounts: what they trust must not be writable by
    /// anybody else, and a folder of theirs may be another user's (`sudo` keeps `HOME`). None without a folder that is private.
    pub fn of_user() -> Option<Cache> {
        let folder = dirs::cache_dir()?;
        let is_system = folder.components().any(|part| part.as_os_str().eq_ignore_ascii_case("systemprofile"));
        if is_system || is_root() {
            return None;
        }
        Cache::at(folder.join("crxhound"), MOST).ok()
    }

    /// A cache in a folder, which is made if it is not there, with at most so many bytes.
    pub fn at(folder: PathBuf, most: u64) -> io::Result<Cache> {
        private_folder(&folder)?;
        let cache = Cache { folder, most, used: AtomicU64::new(0), written: AtomicU64::new(0) };
        cache.used.store(cache.entries().iter().map(|(_, _, size)| size).sum(), Ordering::Relaxed);
        Ok(cache)
    }

    /// The result under a key.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let (bytes, _) = read_regular(&self.path(key)?, LARGEST).ok()?;
        let (sum, rest) = bytes.strip_prefix(MARK)?.split_at_checked(32)?;
        if sha256(rest).as_slice() != sum {
            return None;
        }
        let packed = rest.strip_prefix(key.as_bytes())?;
        if snap::raw::decompress_len(packed).ok()? > LARGEST_IN_MEMORY {
            return None;
        }
        snap::raw::Decoder::new().decompress_vec(packed).ok()
    }

    /// Keeps a result. That it cannot be kept is nobody's problem: the next scan works it out again.
    pub fn put(&self, key: &str, result: &[u8]) {
        let Some(path) = self.path(key).filter(|_| result.len() <= LARGEST_IN_MEMORY) else { return };
        let Ok(packed) = snap::raw::Encoder::new().compress_vec(result) else { return };
        let rest = [key.as_bytes(), &packed].concat();
        let bytes = [MARK, &sha256(&rest), &rest].concat();
        let size = bytes.len() as u64;
        if size > LARGEST.min(self.most) || self.write(&path, &bytes).is_err() {
            return;
        }
        if self.used.fetch_add(size, Ordering::Relaxed) + size > self.most {
            self.make_room();
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.folder.join(format!("{}-{number}.part", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&unfinished).and_then(|mut file: File| file.write_all(bytes));
        written.and_then(|()| fs::rename(&unfinished, path)).inspect_err(|_| {
            let _ = fs::remove_file(&unfinished);
        })
    }

    /// Removes the oldest entries until a quarter of the room is free.
    fn make_room(&self) {
        let mut entries = self.entries();
        entries.sort();
        let mut used: u64 = entries.iter().map(|(_, _, size)| size).sum();
        for (_, path, size) in entries {
            if used <= self.most / 4 * 3 {
                break;
            }
            if fs::remove_file(&path).is_ok() {
                used -= size;
            }
        }
        self.used.store(used, Ordering::Relaxed);
    }

    /// When each entry was written, where it lies and how large it is. What a killed scan has left is removed.
    fn entries(&self) -> Vec<(SystemTime, PathBuf, u64)> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten().take(MOST_FILES) {
            let Ok(data) = entry.metadata() else { continue };
            let name = entry.file_name();
            let (Some(name), true) = (name.to_str(), data.is_file()) else { continue };
            let written = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if is_key(name) {
                entries.push((written, entry.path(), data.len()));
            } else if name.ends_with(".part") && written.elapsed().is_ok_and(|age| age > UNFINISHED) {
                let _ = fs::remove_file(entry.path());
            }
        }
        entries
    }

    /// Where the entry of a key lies.
    fn path(&self, key: &str) -> Option<PathBuf> {
        is_key(key).then(|| self.folder.join(key))
    }
}

fn is_key(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Makes a folder that nobody else may look into; refuses one that others own or may write.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let data = fs::symlink_metadata(folder)?;
    #[cfg(unix)]
    let private = {
        use std::os::unix::fs::MetadataExt;
        data.uid() == rustix::process::geteuid().as_raw() && data.mode() & 0o077 == 0
    };
    // The user's folder for programs' own data, which Windows keeps others from.
    #[cfg(not(unix))]
    let private = true;
    if data.is_dir() && private { Ok(()) } else { Err(io::Error::other("not a private folder")) }
}

/// Whether everything is allowed to this process.
fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn key(number: u8) -> String {
        crate::model::hash::hex(&sha256(&[number]))
    }

    #[test]
    fn what_is_kept_comes_back_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/crxhound");
        let cache = Cache::at(folder.clone(), MOST).unwrap();
        assert_eq!(cache.get(&key(1)), None);
        cache.put(&key(1), b"result");
        assert_eq!(cache.get(&key(1)).as_deref(), Some(&b"result"[..]));
        assert_eq!(Cache::at(folder.clone(), MOST).unwrap().get(&key(1)).as_deref(), Some(&b"result"[..]));
        // Under the name of another key.
        fs::copy(folder.join(key(1)), folder.join(key(2))).unwrap();
        assert_eq!(cache.get(&key(2)), None);
        cache.put("../../outside", b"x");
        assert!(!dir.path().join("outside").exists());
    }

    #[test]
    fn damaged_entries_are_none() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path().join("c"), MOST).unwrap();
        cache.put(&key(1), &b"result".repeat(50));
        let path = cache.path(&key(1)).unwrap();
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(cache.get(&key(1)), None, "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(cache.get(&key(1)), None, "cut at {at}");
        }
        // A right sum over a length that lies.
        let rest = [key(1).as_bytes(), &[0xff, 0xff, 0xff, 0xff, 0x0f, 0]].concat();
        fs::write(&path, [MARK, &sha256(&rest), &rest].concat()).unwrap();
        assert_eq!(cache.get(&key(1)), None);
    }

    #[test]
    fn the_oldest_make_room() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path().join("c"), 10_000).unwrap();
        // Bytes that do not compress.
        let result: Vec<u8> = (0..40u8).flat_map(|number| sha256(&[number])).collect();
        for number in 0..20 {
            cache.put(&key(number), &result);
            let file = File::options().write(true).open(cache.path(&key(number)).unwrap()).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(number.into())).unwrap();
        }
        assert!(cache.get(&key(0)).is_none() && cache.get(&key(19)).is_some());
        let total: u64 = cache.entries().iter().map(|(_, _, size)| size).sum();
        assert!(total <= 10_000, "{total}");
        cache.put(&key(99), &vec![7; LARGEST_IN_MEMORY + 1]);
        assert!(cache.get(&key(99)).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn only_a_private_folder_is_used() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("c");
        let cache = Cache::at(folder.clone(), MOST).unwrap();
        cache.put(&key(1), b"x");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(key(1)))), (0o700, 0o600));
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        assert!(Cache::at(folder.clone(), MOST).is_err());
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
        symlink(&folder, dir.path().join("link")).unwrap();
        assert!(Cache::at(dir.path().join("link"), MOST).is_err());
    }
}
