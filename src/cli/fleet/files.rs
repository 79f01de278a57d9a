//! The report files of a fleet.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::terminal::Terminal;

/// Endings of report files; what else lies in a folder is passed over.
const ENDINGS: &[&str] = &["json", "jsonl", "ndjson"];

/// Files, each once and in order. There may be one for each machine and day, so that the names of their folders are kept once.
#[derive(Default)]
pub struct ReportFiles {
    folders: Vec<PathBuf>,
    /// The number of the folder, and the name in it.
    names: Vec<(u32, Box<OsStr>)>,
}

impl ReportFiles {
    /// The files that were named, and those below the folders that were.
    pub fn find(paths: &[PathBuf], terminal: &Terminal) -> anyhow::Result<ReportFiles> {
        let mut files = ReportFiles::default();
        for path in paths {
            let there =
                path.metadata().with_context(|| format!("{}: no such file or folder, or no way to it", path.display()))?;
            if there.is_dir() {
                files.add_folder(path, terminal);
            } else if there.is_file() {
                files.add(path);
            } else {
                bail!("{}: is no file or folder; reports are read twice, so a pipe will not do", path.display());
            }
        }
        let ReportFiles { folders, names } = &mut files;
        let folder = |file: &(u32, Box<OsStr>)| folders.get(file.0 as usize);
        names.sort_unstable_by(|a, b| (folder(a), &a.1).cmp(&(folder(b), &b.1)));
        names.dedup_by(|a, b| (folder(a), &a.1) == (folder(b), &b.1));
        if names.is_empty() {
            bail!("no file that ends in .{} was found", ENDINGS.join(", ."));
        }
        Ok(files)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// One of them; an empty path for a number that is too large.
    pub fn path(&self, number: usize) -> PathBuf {
        let path = self.names.get(number).and_then(|(folder, name)| Some(self.folders.get(*folder as usize)?.join(&**name)));
        path.unwrap_or_default()
    }

    fn add_folder(&mut self, folder: &Path, terminal: &Terminal) {
        for entry in walkdir::WalkDir::new(folder) {
            match entry {
                Ok(entry) => {
                    let ending = entry.path().extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                    if entry.file_type().is_file() && ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)) {
                        self.add(entry.path());
                    }
                }
                Err(error) => terminal.warn(error.to_string()),
            }
        }
    }

    fn add(&mut self, file: &Path) {
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return };
        if self.folders.last().is_none_or(|last| last != folder) {
            self.folders.push(folder.to_owned());
        }
        self.names.push((self.folders.len() as u32 - 1, name.into()));
    }
}
