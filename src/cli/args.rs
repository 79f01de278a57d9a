//! What may be typed. Every long option is also an environment variable (`CRXHOUND_FAIL_ON` for `--fail-on`) and a line of
//! `crxhound.toml` (`fail-on = "review"`); [`super::options`] adds both here, once, for all of them.

use super::examples;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::finding::Verdict;
use crate::judge::Sensitivity;
use crate::locales::Lang;
use crate::report::Format;
use crate::report::fleet::FleetFormat;
use crate::report::tlp::Tlp;

/// Finds malicious browser extensions in Chromium profiles: what they are, how they got there, what they steal.
#[derive(Debug, Parser)]
#[command(name = "crxhound", version, max_term_width = 110, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  crxhound scan                                 every browser of yours
  crxhound scan --output report.html            the same as a page to read, print and hand on
  crxhound scan --root /mnt/image               a mounted disk of any system
  crxhound inspect suspicious.crx               one package, in depth

Exit codes: 0 nothing found, 1 something at or above --fail-on, 2 it could not be done.

Every option may also be a line of crxhound.toml (`fail-on = \"review\"`) or a variable (CRXHOUND_FAIL_ON=review).";

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere", next_display_order = 900)]
pub struct GlobalArgs {
    /// Language of what people read
    #[arg(long, global = true, value_name = "LANG")]
    pub lang: Option<Lang>,
    /// Colours on the terminal
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<When>,
    /// Progress bar on standard error
    #[arg(long, global = true, value_name = "WHEN")]
    pub progress: Option<When>,
    /// No notes and warnings, only errors
    #[arg(long, short, global = true)]
    pub quiet: Option<bool>,
    /// More notes on standard error
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// File of options instead of crxhound.toml here or in the folder of your settings
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// When to do something that depends on a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Where a terminal is there.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find bad extensions in browser profiles (the main job)
    #[command(after_help = examples::SCAN_EXAMPLES)]
    Scan(ScanArgs),
    /// Look deep into packages: folders, .crx, .zip, .xpi
    #[command(after_help = examples::INSPECT_EXAMPLES)]
    Inspect(InspectArgs),
    /// List what is installed, without looking at code
    #[command(after_help = examples::LIST_EXAMPLES)]
    List(ListArgs),
    /// Explain a rule or a family; without ID, all rules
    #[command(after_help = examples::EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Say what has changed between two reports, or between two versions of an extension
    #[command(after_help = examples::DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// Merge the reports of many machines: what is how common, what is rare, what is wrong where
    #[command(after_help = examples::FLEET_EXAMPLES)]
    Fleet(FleetArgs),
    /// Show, check, test and pack signatures
    #[command(after_help = examples::SIGNATURES_EXAMPLES)]
    Signatures(SignaturesArgs),
    /// Turn saved reports into any other form
    #[command(after_help = examples::RENDER_EXAMPLES)]
    Render(RenderArgs),
    /// Seal what an investigation needs of an extension in one archive, or check one
    #[command(after_help = examples::EVIDENCE_EXAMPLES)]
    Evidence(EvidenceArgs),
    /// Say how to take an extension out, block it and secure the accounts; changes nothing
    #[command(after_help = examples::REMEDIATE_EXAMPLES)]
    Remediate(RemediateArgs),
    /// Tell, on harmless samples, how such attacks go
    #[command(after_help = examples::DEMO_EXAMPLES)]
    Demo(DemoArgs),
    /// Serve inventory and findings as tables of osquery
    #[command(after_help = examples::OSQUERY_EXAMPLES)]
    Osquery(OsqueryArgs),
    /// Print the JSON Schema of the report
    #[command(after_help = examples::SCHEMA_EXAMPLES)]
    Schema(SchemaArgs),
    /// Say what can be read here and what not, and why
    #[command(after_help = examples::DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Print shell completions
    #[command(after_help = examples::COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_help = examples::MAN_EXAMPLES)]
    Man,
}

/// Options of `scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub analysis: AnalysisArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Options of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Packages: unpacked folders, .crx, .zip, .xpi, or folders of many
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only these extensions
    #[arg(long, value_name = "EXTENSION-ID", value_delimiter = ',', help_heading = TARGET)]
    pub id: Vec<String>,
    /// With --emulate: tell what each extension did when it ran, moment by moment
    #[arg(long, help_heading = REPORT)]
    pub trace: Option<bool>,
    #[command(flatten)]
    pub analysis: AnalysisArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    /// Every file with its SHA-256
    #[arg(long, help_heading = REPORT)]
    pub with_files: Option<bool>,
    /// Exit with 0 also where something could not be read
    #[arg(long, help_heading = REPORT)]
    pub allow_incomplete: Option<bool>,
    /// Threads; 0 for one a core
    #[arg(long, value_name = "N", help_heading = ANALYSIS)]
    pub threads: Option<usize>,
    /// Low CPU and disk priority
    #[arg(long, help_heading = ANALYSIS)]
    pub gentle: Option<bool>,
}

const TARGET: &str = "Where to look";
const ANALYSIS: &str = "How to look";
const REPORT: &str = "What to report";
const OSQUERY: &str = "osquery";

/// Where to look.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = TARGET)]
pub struct TargetArgs {
    /// User-data folders, profile folders or home folders; without any, every browser of the current user
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only these browsers
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub browser: Vec<String>,
    /// Only these profiles
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub profile: Vec<String>,
    /// Only these extensions
    #[arg(long, value_name = "EXTENSION-ID", value_delimiter = ',')]
    pub id: Vec<String>,
    /// A user-data folder, beside or instead of the known ones
    #[arg(long, value_name = "DIR")]
    pub user_data_dir: Vec<PathBuf>,
    /// The profiles of every user of this machine
    #[arg(long)]
    pub all_users: Option<bool>,
    /// A mounted disk image of Windows, macOS or Linux
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

/// Signatures beside the built-in ones.
#[derive(Clone, Debug, Default, Args)]
pub struct SignatureArgs {
    /// More rules: a folder like our own `signatures/`, or a signed pack of them
    #[arg(long, value_name = "DIR-OR-PACK")]
    pub signatures: Vec<PathBuf>,
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Which packs of signatures are taken.
#[derive(Clone, Debug, Default, Args)]
pub struct TrustArgs {
    /// Public key of somebody whose packs of signatures are taken: a PEM file, or base64
    #[arg(long, value_name = "FILE-OR-BASE64")]
    pub trust_key: Vec<String>,
    /// Take no pack of signatures older than this day; one older than the built-in ones is never taken
    #[arg(long, value_name = "DATE")]
    pub signatures_since: Option<String>,
}

/// How to look.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = ANALYSIS)]
pub struct AnalysisArgs {
    /// `high` for people who are targets: weak signs are shown too
    #[arg(long, value_name = "LEVEL")]
    pub sensitivity: Option<Sensitivity>,
    #[command(flatten)]
    pub signatures: SignatureArgs,
    /// YARA rules, from a file or a folder
    #[arg(long, value_name = "FILE-OR-DIR")]
    pub yara: Vec<PathBuf>,
    /// Indicators: CSV, one value a line, JSON, STIX 2.1, MISP
    #[arg(long, value_name = "FILE")]
    pub iocs: Vec<PathBuf>,
    /// A wrong line of --yara or --iocs is an error
    #[arg(long)]
    pub strict: Option<bool>,
    /// Your own word on extensions: allow, deny, severity; with reason and expiry
    #[arg(long, value_name = "FILE")]
    pub policy: Vec<PathBuf>,
    /// Run extensions in the sealed worker, offline: auto runs those whose code hides what it does, never runs no code at all
    #[arg(long, value_name = "WHEN")]
    pub emulate: Option<When>,
    /// Threads; 0 for one a core
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Memory to stay below, such as 512M: fewer extensions at once, and the largest scripts are left out and named
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<String>,
    /// Stop after this many seconds and say what was left out
    #[arg(long, value_name = "N")]
    pub max_seconds: Option<u64>,
    /// Low CPU and disk priority
    #[arg(long)]
    pub gentle: Option<bool>,
    /// Neither read nor write results of earlier scans
    #[arg(long)]
    pub no_cache: Option<bool>,
}

/// In which form, and where to.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = REPORT)]
pub struct OutputArgs {
    /// Form of the report; for files also told by their ending
    #[arg(long, short, value_name = "FORMAT")]
    pub format: Vec<Format>,
    /// Write to a file; may be given several times, each paired with its --format
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// No user names, account addresses or home paths
    #[arg(long)]
    pub redact: Option<bool>,
    /// One line on standard output; files of --output are whole
    #[arg(long)]
    pub summary: Option<bool>,
    /// jsonl: do not cut lines above 8 kB
    #[arg(long)]
    pub full_lines: Option<bool>,
    /// stix, misp: how far it may go, by the Traffic Light Protocol
    #[arg(long, value_name = "LEVEL")]
    pub tlp: Option<Tlp>,
}

/// What to report.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = REPORT)]
pub struct ReportArgs {
    #[command(flatten)]
    pub output: OutputArgs,
    /// From which verdict on to exit with 1
    #[arg(long, value_name = "VERDICT")]
    pub fail_on: Option<FailOn>,
    /// What the table lists
    #[arg(long, value_name = "VERDICT")]
    pub min_verdict: Option<Verdict>,
    /// Show one extension in full
    #[arg(long, value_name = "EXTENSION-ID")]
    pub explain: Option<String>,
    /// Exit with 0 also where something could not be read
    #[arg(long)]
    pub allow_incomplete: Option<bool>,
    /// Only what is new since this report
    #[arg(long, value_name = "REPORT")]
    pub baseline: Option<PathBuf>,
    /// Every file with its SHA-256
    #[arg(long)]
    pub with_files: Option<bool>,
    /// Write down who ran this, with which signatures, and what came of it: one line of JSON to a file or a log of the system
    #[arg(long, value_name = "FILE|journald|syslog")]
    pub audit_log: Option<String>,
}

/// From which verdict on the exit code is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Malicious.
    Malicious,
    /// Suspicious and worse.
    #[default]
    Suspicious,
    /// Review and worse.
    Review,
    /// Never.
    Never,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A rule or a family
    pub id: Option<String>,
    #[command(flatten)]
    pub signatures: SignatureArgs,
    /// As JSON
    #[arg(long)]
    pub json: Option<bool>,
}

/// Options of `osquery`.
#[derive(Debug, Args)]
pub struct OsqueryArgs {
    /// The socket on which osquery waits for extensions
    #[arg(long, value_name = "PATH", help_heading = OSQUERY)]
    pub socket: PathBuf,
    /// Seconds to wait until osquery listens
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = OSQUERY)]
    pub timeout: u64,
    /// Seconds between two questions whether osquery is still there
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = OSQUERY)]
    pub interval: u64,
    /// Seconds for which a report is served before a query starts a new scan
    #[arg(long, value_name = "N", default_value_t = 3600, help_heading = OSQUERY)]
    pub refresh: u64,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

/// Options of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The earlier JSON or JSONL report (- for standard input), or a version folder or package
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The later one
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Form of the answer
    #[arg(long, short, value_name = "FORMAT", help_heading = REPORT)]
    pub format: Option<DiffFormat>,
    /// Write to a file
    #[arg(long, short, value_name = "FILE", help_heading = REPORT)]
    pub output: Option<PathBuf>,
    /// From which verdict of a new or changed extension on to exit with 1
    #[arg(long, value_name = "VERDICT", help_heading = REPORT)]
    pub fail_on: Option<FailOn>,
}

/// Forms of what has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For a person.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// Options of `fleet`.
#[derive(Debug, Args)]
pub struct FleetArgs {
    /// Saved JSON or JSONL reports, or folders of them
    #[arg(required = true, value_name = "REPORT-OR-FOLDER")]
    pub reports: Vec<PathBuf>,
    /// Form of the answer; for files also told by their ending
    #[arg(long, short, value_name = "FORMAT", help_heading = REPORT)]
    pub format: Vec<FleetFormat>,
    /// Write to a file; may be given several times, each paired with its --format
    #[arg(long, short, value_name = "FILE", help_heading = REPORT)]
    pub output: Vec<PathBuf>,
    /// From which verdict on to exit with 1
    #[arg(long, value_name = "VERDICT", help_heading = REPORT)]
    pub fail_on: Option<FailOn>,
    /// What the table lists
    #[arg(long, value_name = "VERDICT", help_heading = REPORT)]
    pub min_verdict: Option<Verdict>,
    /// Only what is new since these earlier reports: extensions, versions, contents, findings
    #[arg(long, value_name = "REPORT-OR-FOLDER", help_heading = REPORT)]
    pub baseline: Vec<PathBuf>,
    /// Threads; 0 for one a core
    #[arg(long, value_name = "N", help_heading = ANALYSIS)]
    pub threads: Option<usize>,
}

/// Options of `signatures`.
#[derive(Debug, Args)]
pub struct SignaturesArgs {
    #[command(subcommand)]
    pub action: SignaturesAction,
}

/// What to do with signatures.
#[derive(Debug, Subcommand)]
pub enum SignaturesAction {
    /// What is loaded
    List {
        /// The vocabulary of facts that rules may ask for
        #[arg(long)]
        facts: Option<bool>,
        #[command(flatten)]
        signatures: SignatureArgs,
        /// As JSON
        #[arg(long)]
        json: Option<bool>,
        /// Write a Markdown page for each rule and family into this folder
        #[arg(long, value_name = "DIR")]
        pages: Option<PathBuf>,
    },
    /// Find mistakes in a folder of signatures
    Check {
        /// The folder; without one, the built-in signatures
        #[arg(value_name = "DIR")]
        folders: Vec<PathBuf>,
    },
    /// Run each signature against its own cases
    Test {
        /// The folder; without one, the built-in signatures
        #[arg(value_name = "DIR")]
        folders: Vec<PathBuf>,
    },
    /// Pack rules and indicators for installed programs, and sign the pack
    #[command(after_help = examples::PACK_EXAMPLES)]
    Pack {
        /// A folder like our own `signatures/`
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Your private Ed25519 key, as a PEM file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The pack to write
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// The day of the signatures, instead of the one in the folder's file DATE or today
        #[arg(long, value_name = "DATE")]
        date: Option<String>,
    },
    /// Check a pack: who signed it, of which day it is, whether it is whole
    Verify {
        /// The pack
        #[arg(value_name = "PACK")]
        pack: PathBuf,
        #[command(flatten)]
        trust: TrustArgs,
    },
}

/// Options of `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// Saved JSON or JSONL reports; - for standard input
    #[arg(required = true, value_name = "REPORT")]
    pub reports: Vec<PathBuf>,
    /// Only the reports of this host (name or id)
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Only the report of this scan
    #[arg(long, value_name = "SCAN-ID")]
    pub scan: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
    /// What the table lists
    #[arg(long, value_name = "VERDICT", help_heading = REPORT)]
    pub min_verdict: Option<Verdict>,
    /// Show one extension in full
    #[arg(long, value_name = "EXTENSION-ID", help_heading = REPORT)]
    pub explain: Option<String>,
    /// From which verdict on to exit with 1; without it, 0
    #[arg(long, value_name = "VERDICT", help_heading = REPORT)]
    pub fail_on: Option<FailOn>,
}

/// Options of `evidence`.
#[derive(Debug, Args)]
pub struct EvidenceArgs {
    /// The extension
    #[arg(value_name = "EXTENSION-ID")]
    pub extension: Option<String>,
    #[command(flatten)]
    pub target: TargetArgs,
    /// The archive to write
    #[arg(long, short, value_name = "FILE", help_heading = REPORT)]
    pub output: Option<PathBuf>,
    /// Take the data of the signed-in account along
    #[arg(long, help_heading = REPORT)]
    pub with_account: Option<bool>,
    /// Lock the archive with the password in this file, so that virus scanners leave it alone; also opens one for --verify
    #[arg(long, value_name = "FILE", help_heading = REPORT)]
    pub password_file: Option<PathBuf>,
    /// Check an archive instead
    #[arg(long, value_name = "FILE", help_heading = REPORT)]
    pub verify: Option<PathBuf>,
    /// The SHA-256 that was kept of it
    #[arg(long, value_name = "DIGEST", help_heading = REPORT)]
    pub sha256: Option<String>,
}

/// Options of `remediate`.
#[derive(Debug, Args)]
pub struct RemediateArgs {
    /// The extension
    #[arg(value_name = "EXTENSION-ID")]
    pub extension: String,
    #[command(flatten)]
    pub target: TargetArgs,
    /// A saved report instead of a scan of this machine
    #[arg(long, value_name = "FILE", help_heading = TARGET)]
    pub report: Option<PathBuf>,
    /// Your own security team: how to reach it
    #[arg(long, value_name = "TEXT", help_heading = REPORT)]
    pub team: Option<String>,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// A new folder for the samples and a page; without it nothing is kept
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Wait for Enter after each step
    #[arg(long)]
    pub pause: Option<bool>,
}

/// Options of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The schema of one line of `--format jsonl` instead
    #[arg(long)]
    pub lines: Option<bool>,
    /// Write to a file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}
