//! From what was typed to what it means: flags, environment and `crxhound.toml` become one set of options, once.
//! Code past this module never asks clap anything.

use std::any::TypeId;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::builder::BoolishValueParser;
use clap::{CommandFactory as _, FromArgMatches as _};

use super::args::{AnalysisArgs, Cli, FailOn, GlobalArgs, OutputArgs, ReportArgs, SignatureArgs, TargetArgs, When};
use super::audit;
use super::config::Config;
use super::output::{self, Target};
use super::terminal::Terminal;
use crate::engine::LEAST_MEMORY;
use crate::finding::Verdict;
use crate::judge::Sensitivity;
use crate::locales::Lang;
use crate::model::ExtensionId;
use crate::report::tlp::Tlp;

/// What went wrong before there was anything to do.
pub enum Refusal {
    /// Help, version, or a usage error in clap's words.
    Clap(clap::Error),
    /// A file of options that is wrong.
    Config(anyhow::Error),
}

/// Reads the command line, with the environment and the file of options behind it.
pub fn parse(arguments: Vec<OsString>) -> Result<(Cli, Config), Refusal> {
    let named = named_config(&arguments);
    let config = Config::load(named.as_deref()).map_err(Refusal::Config)?;
    let command = config.apply(command()).map_err(Refusal::Config)?;
    let matches = command.try_get_matches_from(arguments).map_err(Refusal::Clap)?;
    let cli = Cli::from_arg_matches(&matches).map_err(Refusal::Clap)?;
    Ok((cli, config))
}

/// The command line's definition, with what holds for all long options added in one place.
pub fn command() -> clap::Command {
    complete(Cli::command())
}

/// Every long option can come from the environment, and every switch can be turned off again (`--redact=no`), since a file of
/// options may have turned it on.
fn complete(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|mut arg| {
        let Some(long) = arg.get_long().map(str::to_owned) else { return arg };
        if arg.get_value_parser().type_id() == TypeId::of::<bool>() && arg.get_action().takes_values() {
            let parser = BoolishValueParser::new();
            arg = arg.num_args(0..=1).require_equals(true).default_missing_value("true").value_parser(parser);
            arg = arg.value_name("no").hide_possible_values(true);
        } else {
            arg = with_values_in_help(arg);
        }
        let variable = format!("CRXHOUND_{}", long.to_uppercase().replace('-', "_"));
        match std::env::var_os(&variable) {
            Some(value) if !value.is_empty() && arg.get_action().takes_values() => arg.env(variable).hide_env(true),
            _ => arg,
        }
    });
    command.mut_subcommands(complete)
}

/// The words that an option takes, behind its help: clap would give each a paragraph.
fn with_values_in_help(arg: clap::Arg) -> clap::Arg {
    let values: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    match arg.get_help() {
        Some(help) if !values.is_empty() => {
            let help = format!("{help} [{}]", values.join(", "));
            arg.help(help).hide_possible_values(true)
        }
        _ => arg,
    }
}

/// `--config` must be known before the rest can be read.
fn named_config(arguments: &[OsString]) -> Option<PathBuf> {
    let mut arguments = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        if text == "--config" {
            return arguments.next().map(PathBuf::from);
        }
        if let Some(path) = text.strip_prefix("--config=") {
            return Some(PathBuf::from(path));
        }
    }
    std::env::var_os("CRXHOUND_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// What every command needs.
pub struct Common {
    /// The language of words for people.
    pub lang: Lang,
    /// Where to talk to.
    pub terminal: Terminal,
}

impl Common {
    /// Out of the options of every command.
    pub fn new(args: &GlobalArgs) -> Common {
        let terminal = Terminal::new(
            args.color.unwrap_or_default(),
            args.progress.unwrap_or_default(),
            args.quiet.unwrap_or_default(),
            args.verbose,
        );
        Common { lang: args.lang.unwrap_or_else(system_language), terminal }
    }
}

/// The language that the system is set to, where we have it.
fn system_language() -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| std::env::var(name).ok()).find(|tag| !tag.is_empty());
    match set {
        Some(tag) => Lang::of_tag(&tag).unwrap_or_default(),
        None => settings_language().unwrap_or_default(),
    }
}

#[cfg(windows)]
fn settings_language() -> Option<Lang> {
    let key = windows_registry::CURRENT_USER.open("Control Panel\\International").ok()?;
    Lang::of_tag(&key.get_string("LocaleName").ok()?)
}

#[cfg(target_os = "macos")]
fn settings_language() -> Option<Lang> {
    let file = dirs::preference_dir()?.join(".GlobalPreferences.plist");
    let settings = plist::Value::from_file(file).ok()?;
    let first = settings.as_dictionary()?.get("AppleLanguages")?.as_array()?.first()?;
    Lang::of_tag(first.as_string()?)
}

#[cfg(not(any(windows, target_os = "macos")))]
fn settings_language() -> Option<Lang> {
    None
}

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// User-data folders, profiles or home folders.
    pub paths: Vec<PathBuf>,
    /// Only these browsers.
    pub browsers: Vec<String>,
    /// Only these profiles.
    pub profiles: Vec<String>,
    /// Only these extensions.
    pub ids: Vec<ExtensionId>,
    /// User-data folders.
    pub user_data_dirs: Vec<PathBuf>,
    /// Everyone's.
    pub all_users: bool,
    /// A mounted disk image.
    pub root: Option<PathBuf>,
}

impl Targets {
    /// Out of what was typed. Paths must exist: one that does not is a mistake of the caller, not of the input.
    pub fn new(args: TargetArgs) -> anyhow::Result<Targets> {
        for path in args.paths.iter().chain(&args.user_data_dir).chain(&args.root) {
            path.symlink_metadata().with_context(|| format!("{}: no such file or folder, or no way to it", path.display()))?;
        }
        if args.root.is_some() && args.all_users == Some(true) {
            bail!("--root looks at every user of the image already; leave --all-users out");
        }
        Ok(Targets {
            paths: args.paths,
            browsers: args.browser,
            profiles: args.profile,
            ids: ids(&args.id)?,
            user_data_dirs: args.user_data_dir,
            all_users: args.all_users.unwrap_or_default(),
            root: args.root,
        })
    }
}

/// Extension ids as typed.
pub fn ids(typed: &[String]) -> anyhow::Result<Vec<ExtensionId>> {
    typed.iter().map(|text| id(text)).collect()
}

/// An extension id as typed.
pub fn id(typed: &str) -> anyhow::Result<ExtensionId> {
    ExtensionId::parse(typed.trim())
        .with_context(|| format!("\"{typed}\" is no extension id: 32 letters from a to p are wanted"))
}

/// How to look.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// Weak signs are shown too.
    pub sensitivity: Sensitivity,
    /// Folders and packs of rules.
    pub signatures: SignatureArgs,
    /// YARA rules.
    pub yara: Vec<PathBuf>,
    /// Indicators.
    pub iocs: Vec<PathBuf>,
    /// A wrong line of them is an error.
    pub strict: bool,
    /// The user's own word on extensions.
    pub policy: Vec<PathBuf>,
    /// Run scripts in the sealed worker.
    pub emulate: When,
    /// Keep the whole story of each run.
    pub trace: bool,
    /// Threads; `None` for one a core.
    pub threads: Option<usize>,
    /// Bytes of memory to stay below.
    pub max_memory: Option<u64>,
    /// Seconds after which the scan stops.
    pub max_seconds: Option<u64>,
    /// Low priority.
    pub gentle: bool,
    /// Read and write results of earlier scans.
    pub cache: bool,
}

impl Analysis {
    /// Out of what was typed.
    pub fn new(args: AnalysisArgs) -> anyhow::Result<Analysis> {
        let max_memory = args.max_memory.as_deref().map(size).transpose().context("--max-memory")?;
        if max_memory.is_some_and(|bytes| bytes < LEAST_MEMORY) {
            bail!("--max-memory: a scan needs {}M at least", LEAST_MEMORY >> 20);
        }
        Ok(Analysis {
            sensitivity: args.sensitivity.unwrap_or_default(),
            signatures: args.signatures,
            yara: args.yara,
            iocs: args.iocs,
            strict: args.strict.unwrap_or_default(),
            policy: args.policy,
            emulate: args.emulate.unwrap_or_default(),
            trace: false,
            threads: args.threads.filter(|threads| *threads > 0),
            max_memory,
            max_seconds: args.max_seconds,
            gentle: args.gentle.unwrap_or_default(),
            cache: !args.no_cache.unwrap_or_default(),
        })
    }
}

/// A size as typed: `1500000`, `512M`, `2 GiB`.
fn size(typed: &str) -> anyhow::Result<u64> {
    let text = typed.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => bail!("\"{typed}\" is no size: a number with K, M or G behind it is wanted"),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.with_context(|| format!("\"{typed}\" is no size: a number with K, M or G behind it is wanted"))
}

/// What to report.
#[derive(Clone, Debug)]
pub struct Reporting {
    /// Forms and files.
    pub targets: Vec<Target>,
    /// Nothing that names a person.
    pub redact: bool,
    /// One line.
    pub summary: bool,
    /// No cutting of long lines.
    pub full_lines: bool,
    /// How far what is shared may go.
    pub tlp: Option<Tlp>,
    /// From which verdict on the exit code is 1.
    pub fail_on: FailOn,
    /// What the table lists.
    pub min_verdict: Option<Verdict>,
    /// One extension in full.
    pub explain: Option<ExtensionId>,
    /// Clean although something could not be read.
    pub allow_incomplete: bool,
    /// Every file with its hash.
    pub with_files: bool,
    /// A report; only what is new since it.
    pub baseline: Option<PathBuf>,
    /// Where it is written down who ran this and what came of it.
    pub audit: Option<audit::Sink>,
    /// What is installed, without verdicts.
    pub inventory: bool,
    /// What extensions did in the sealed worker, moment by moment.
    pub trace: bool,
}

impl Reporting {
    /// Out of what was typed.
    pub fn new(args: ReportArgs) -> anyhow::Result<Reporting> {
        let audit = args.audit_log.as_deref().map(audit::sink).transpose()?;
        let explain = args.explain.as_deref().map(id).transpose().context("--explain")?;
        Ok(Reporting {
            fail_on: args.fail_on.unwrap_or_default(),
            min_verdict: args.min_verdict,
            explain,
            allow_incomplete: args.allow_incomplete.unwrap_or_default(),
            with_files: args.with_files.unwrap_or_default(),
            baseline: args.baseline,
            audit,
            ..Reporting::of_output(args.output)?
        })
    }

    /// Out of what was typed for a command that judges nothing.
    pub fn of_output(args: OutputArgs) -> anyhow::Result<Reporting> {
        Ok(Reporting {
            targets: output::targets(&args.format, &args.output)?,
            redact: args.redact.unwrap_or_default(),
            summary: args.summary.unwrap_or_default(),
            full_lines: args.full_lines.unwrap_or_default(),
            tlp: args.tlp,
            fail_on: FailOn::Never,
            min_verdict: None,
            explain: None,
            allow_incomplete: false,
            with_files: false,
            baseline: None,
            audit: None,
            inventory: false,
            trace: false,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn sizes() {
        assert_eq!(size("1500").unwrap(), 1500);
        assert_eq!(size("512M").unwrap(), 512 << 20);
        assert_eq!(size("2 GiB").unwrap(), 2 << 30);
        assert!(size("lots").is_err() && size("").is_err() && size("99999999999999T").is_err());
    }

    #[test]
    fn every_command_of_the_documentation_is_one() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
        let pages = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
        let mut checked = 0;
        for page in pages.chain([root.join("README.md")]) {
            let text = std::fs::read_to_string(&page).unwrap();
            let fences = text.split("```").skip(1).step_by(2);
            for line in fences.flat_map(str::lines).filter(|line| line.starts_with("crxhound ")) {
                // In the README a remark stands behind the command.
                let line = line.split("  ").next().unwrap().replace("EXTENSION-ID", "ehkebeogbidkdhfbhihfoiedkfonnnie");
                let matches = command().try_get_matches_from(line.split_whitespace());
                assert!(matches.is_ok(), "{}: {line}: {}", page.display(), matches.unwrap_err());
                checked += 1;
            }
        }
        assert!(checked > 30, "{checked} commands");
    }

    #[test]
    fn a_switch_can_be_turned_off_again() {
        let parse = |line: &str| {
            let matches = command().try_get_matches_from(line.split(' ')).unwrap();
            Cli::from_arg_matches(&matches).unwrap()
        };
        assert_eq!(parse("crxhound scan --quiet").global.quiet, Some(true));
        assert_eq!(parse("crxhound -q scan").global.quiet, Some(true));
        assert_eq!(parse("crxhound scan --quiet=no").global.quiet, Some(false));
        assert_eq!(parse("crxhound scan").global.quiet, None);
    }
}
