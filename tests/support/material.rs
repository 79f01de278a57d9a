//! Inputs that are too large, or too much other people's work, to be kept in the repository: profiles that a real browser wrote,
//! and packages out of public registries. Scripts make them under `target/`.
//!
//! Where a script cannot run (no browser, no npm, no network), a test says loudly that it skips; in CI it fails instead.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The folder with profiles that `scripts/make-real-profiles.sh` made: `CRXHOUND_PROFILES`, else `target/profiles`.
pub fn profiles() -> Option<&'static Path> {
    static PROFILES: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        if cfg!(windows) {
            // Seeds, device ids and paths in them are those of Linux.
            skip("profiles that Debian's browser wrote are looked at on Debian");
            return None;
        }
        let mut options = vec!["--no-install".to_owned()];
        if let Some(package) = corpus().map(store_package).filter(|package| package.is_file()) {
            options.extend(["--store-package".to_owned(), package.to_string_lossy().into_owned()]);
        }
        made("CRXHOUND_PROFILES", "profiles", "expected.json", "make-real-profiles.sh", &options)
    });
    PROFILES.as_deref()
}

/// The folder with real extensions that `scripts/real-extensions.sh` fetched: `CRXHOUND_CORPUS`, else `target/corpus`.
pub fn corpus() -> Option<&'static Path> {
    static CORPUS: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        made("CRXHOUND_CORPUS", "corpus", "suites/crx/store-signed-crx3/README.txt", "real-extensions.sh", &[])
    });
    CORPUS.as_deref()
}

/// The smallest of the packages that the web store signed.
fn store_package(corpus: &Path) -> PathBuf {
    corpus.join("suites/crx/store-signed-crx3/kfidecgcdjjfpeckbblhmfkhmlgecoff.crx")
}

/// Says past the test harness that a test does not run; in CI that is a failure.
pub fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "in CI nothing is skipped: {why}");
}

fn made(variable: &str, folder: &str, mark: &str, script: &str, options: &[String]) -> Option<PathBuf> {
    if let Some(given) = std::env::var_os(variable) {
        let given = PathBuf::from(given);
        assert!(given.join(mark).is_file(), "{variable} names {}, which has no {mark}", given.display());
        return Some(given);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target").join(folder);
    if !folder.join(mark).is_file() && cfg!(windows) {
        // Wine would start the script, with a path that is none to it.
        skip(&format!("{} is not there, and scripts/{script} makes it on Debian only", folder.display()));
        return None;
    }
    if !folder.join(mark).is_file() {
        let run = Command::new(root.join("scripts").join(script)).args(options).arg(&folder).output();
        let said = match &run {
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        if !folder.join(mark).is_file() {
            skip(&format!("scripts/{script} made no {}: {}", folder.display(), said.trim()));
            return None;
        }
    }
    Some(folder)
}
