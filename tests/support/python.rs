//! A Python with packages from PyPI that know what others expect of our files, made once under `target/python-tools`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use super::material::skip;

/// Versions that the tests were written against.
const PACKAGES: &[&str] = &["stix2==3.0.2", "stix2-validator==3.3.2", "pymisp==2.5.34.4"];

/// The interpreter; `None` (with a loud word, in CI a failure) where there is no Python or no way to the packages.
fn interpreter() -> Option<&'static Path> {
    static INTERPRETER: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| make().map_err(|reason| skip(&format!("no packages from PyPI: {reason}"))).ok());
    INTERPRETER.as_deref()
}

fn make() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python-tools");
    let (scripts, done) = (folder.join(if cfg!(windows) { "Scripts" } else { "bin" }), folder.join("complete"));
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|found| found == wanted) {
        return Ok(scripts.join("python3"));
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(scripts.join("pip")).args(["install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES))?;
    std::fs::write(&done, wanted).map_err(|error| error.to_string())?;
    Ok(scripts.join("python3"))
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(output) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// What a script under `tests/oracle` says about files; it ends with an error where it finds one. `None` where it cannot run.
pub fn oracle(script: &str, files: &[&Path]) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(script);
    let output = run(Command::new(interpreter()?).arg(&script).args(files));
    Some(output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_else(|error| panic!("{error}")))
}
