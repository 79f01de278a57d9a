//! The tools that people hide and shrink their scripts with, from npm, fetched once into `target/npm-tools`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::support::material::skip;

/// Versions that the tests were written against.
pub const TOOLS: &[&str] = &[
    "javascript-obfuscator@5.8.0",
    "terser@5.51.2",
    "esbuild@0.28.2",
    "@babel/core@7.29.13",
    "@babel/preset-env@7.29.14",
    "typescript@5.9.3",
    "webpack@5.113.0",
    "memfs@4.80.1",
];

/// The forms that `forms.js` makes of a script, with the strength that the manual of the analyser gives them.
pub const FORMS: &[&str] = &["minified", "bundled", "obfuscated", "encoded", "rc4", "high"];
/// The forms that compilers make, for browsers that are long gone.
pub const COMPILED: &[&str] = &["lowered", "compiled", "packed"];

/// Where the tools are; `None` (with a loud word) where there is no npm. In CI a missing npm is a failure.
pub fn tools() -> Option<&'static Path> {
    static TOOLS_FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    TOOLS_FOLDER.get_or_init(|| install_or_skip("npm-tools", TOOLS)).as_deref()
}

/// A folder with packages from npm; `None` (with a loud word) where there is no npm. In CI a missing npm is a failure.
pub fn install_or_skip(name: &str, packages: &[&str]) -> Option<PathBuf> {
    match install(name, packages) {
        Ok(folder) => Some(folder),
        Err(reason) => {
            skip(&format!("nothing from npm for {name}: {reason}"));
            None
        }
    }
}

/// A folder below `target` with packages from npm, made once for each set of versions.
pub fn install(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    // Tools that another system fetched are no use without what runs them.
    Command::new("node").arg("--version").output().map_err(|error| format!("node: {error}"))?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join(name);
    let done = folder.join("complete");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|found| found == wanted) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let output = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder)
        .args(packages)
        .output()
        .map_err(|error| format!("npm: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    std::fs::write(&done, wanted).map_err(|error| error.to_string())?;
    Ok(folder)
}

/// Each script in a form, in order; `None` where the tools cannot be had.
pub fn transform(jobs: &[(&str, &str)]) -> Option<Vec<String>> {
    let jobs: Vec<_> = jobs.iter().map(|(form, code)| serde_json::json!({ "form": form, "code": code })).collect();
    run(&jobs)
}

/// The answers to jobs of `forms.js`, in order. One process for all of them: they start slowly.
pub fn run<T: serde::de::DeserializeOwned>(jobs: &[serde_json::Value]) -> Option<Vec<T>> {
    let folder = tools()?;
    let mut child = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/forms.js"))
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node comes with npm");
    let text = serde_json::to_vec(jobs).unwrap();
    let mut input = child.stdin.take().unwrap();
    // The child reads everything before it writes anything.
    input.write_all(&text).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "forms.js failed");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
