//! The program: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The sealed worker is this program too. It must lock itself down before anything else is looked at.
    if crxhound::sandbox::worker::requested() {
        return crxhound::sandbox::worker::main();
    }
    ExitCode::SUCCESS
}
