//! The program: reads the command line, does what it says, ends with an exit code.

use std::process::ExitCode;

// musl's own takes eight times as long where many small pieces come and go, which is what parsers do.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The sealed worker is this program too. It must lock itself down before anything else is looked at.
    if crxhound::sandbox::worker::requested() {
        return crxhound::sandbox::worker::main();
    }
    crxhound::cli::run()
}
