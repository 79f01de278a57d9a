//! `crxhound doctor`: what can be read here and what not, and why.

use super::args::DoctorArgs;
use super::exit::Exit;
use super::options::{Common, Targets};

/// Looks without judging, and says what stood in the way.
pub fn run(args: DoctorArgs, _common: &Common) -> anyhow::Result<Exit> {
    let _targets = Targets::new(args.target)?;
    anyhow::bail!("doctor: not available in this build")
}
