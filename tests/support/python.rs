//! Programs and libraries from PyPI that know what others expect of our files, or that are the others themselves: each set in
//! an environment of its own below `target/python`, made at first use.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use super::material::skip;

/// What the scripts under `tests/oracle` need, in the versions that the tests were written against.
const ORACLES: &[&str] = &["stix2==3.0.2", "stix2-validator==3.3.2", "pymisp==2.5.34.4"];

/// The folder with the programs of an environment that holds `packages`. `None` (with a loud word, in CI a failure) where there
/// is no Python or no way to the packages.
pub fn environment(name: &str, packages: &[&str]) -> Option<PathBuf> {
    // Tests run side by side, and an environment is made once.
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    make(name, packages).map_err(|reason| skip(&format!("no {name} from PyPI: {reason}"))).ok()
}

fn make(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    // What another system made is no use without what runs it.
    run(Command::new("python3").arg("--version"))?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python").join(name);
    let (programs, done) = (folder.join(if cfg!(windows) { "Scripts" } else { "bin" }), folder.join("complete"));
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|found| found == wanted) {
        return Ok(programs);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(programs.join("pip")).args(["install", "--quiet", "--disable-pip-version-check"]).args(packages))?;
    std::fs::write(&done, wanted).map_err(|error| error.to_string())?;
    Ok(programs)
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(output) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// What a script under `tests/oracle` says about files; it ends with an error where it finds one. `None` where it cannot run.
pub fn oracle(script: &str, files: &[&Path]) -> Option<String> {
    let python = environment("oracles", ORACLES)?.join("python3");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(script);
    let output = run(Command::new(python).arg(&script).args(files));
    Some(output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_else(|error| panic!("{error}")))
}
