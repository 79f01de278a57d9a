//! What a rule concluded, and what it stands on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad it would be if it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Info,
    /// Hygiene.
    Low,
    /// Powerful or unusual.
    Medium,
    /// Likely harm.
    High,
    /// Harm.
    Critical,
}

/// How sure the rule is that what it says is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A hint; honest software trips it too.
    Low,
    /// Usually right.
    Medium,
    /// Seldom wrong.
    High,
}

/// What an extension, a profile or a machine amounts to.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to say.
    #[default]
    Ok,
    /// Powerful, nothing wrong seen.
    Review,
    /// A person should look today.
    Suspicious,
    /// Take it out now.
    Malicious,
}

impl Leg {
    /// The word used in rules and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Leg::Indicator => "indicator",
            Leg::Skeleton => "skeleton",
            Leg::Behaviour => "behaviour",
            Leg::Install => "install",
            Leg::Concealment => "concealment",
            Leg::Exposure => "exposure",
        }
    }
}

impl Severity {
    /// The word used in rules and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl Confidence {
    /// The word used in rules and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

impl Verdict {
    /// The word used in reports and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Review => "review",
            Verdict::Suspicious => "suspicious",
            Verdict::Malicious => "malicious",
        }
    }

    /// The lowest and highest score of the band.
    pub fn band(self) -> (u8, u8) {
        match self {
            Verdict::Ok => (0, 19),
            Verdict::Review => (20, 49),
            Verdict::Suspicious => (50, 79),
            Verdict::Malicious => (80, 100),
        }
    }
}

/// The kind of ground that a rule stands on. The judge's table is over legs, never over rule ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Leg {
    /// An exact value known to be bad: file hash, extension id, host.
    Indicator,
    /// What the package looks like: manifest, files, granted set.
    Skeleton,
    /// What the code does: flows and calls.
    Behaviour,
    /// How it got there.
    Install,
    /// What it does to stay unseen: decoded destinations, remote code, dead drops, false identity.
    Concealment,
    /// What it could do: permissions and weaknesses.
    Exposure,
}

/// What kind of thing a piece of evidence was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceKind {
    /// A file of the extension.
    #[default]
    Package,
    /// `Preferences` or `Secure Preferences`.
    Preferences,
    /// An enterprise policy.
    Policy,
    /// The Windows registry.
    Registry,
    /// A shortcut, task or autostart entry.
    Launcher,
    /// Anything else on the disk.
    Filesystem,
}

/// One place that shows what the finding says.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What was read.
    pub kind: EvidenceKind,
    /// File inside the package, or path on the machine.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<u32>,
    /// JSON pointer or registry key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pointer: Option<String>,
    /// A short piece of the text, or of the value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub excerpt: Option<String>,
    /// SHA-256 of the file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
}

/// One step of the way that data takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// File inside the package.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// What happens here, in words.
    pub what: String,
    /// The part of the extension that does it: `background`, `content`, `main`, `devtools`, `popup`, ...; empty where unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub world: String,
}

/// How much a listed value may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// A file name, path or parameter: counts inside a family's rule only.
    Context,
    /// An id, host or address, or anything out of a user's feed: needs a further leg.
    Corroborate,
    /// The exact hash of a file known to be bad.
    Alone,
}

/// What the judge's table asks of a finding beside its leg.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grounds {
    /// The finding is a theft: data of the user reaches a foreign place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub theft: bool,
    /// The sealed worker saw it happen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emulated: bool,
    /// It stands on a listed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Listed>,
    /// The list says that the extension was cleaned since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remediated: bool,
}

impl Grounds {
    /// True where there is nothing to add to the leg.
    pub fn is_plain(&self) -> bool {
        *self == Grounds::default()
    }
}

/// What a rule concluded about one extension, profile or machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// A few words that fit on a table row.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The kind of ground it stands on.
    pub leg: Leg,
    /// What the judge asks beside the leg.
    #[serde(default, skip_serializing_if = "Grounds::is_plain")]
    pub grounds: Grounds,
    /// The family that the rule names, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub family: Option<String>,
    /// MITRE ATT&CK technique ids.
    pub attack: Vec<String>,
    /// One sentence that a help desk understands.
    pub why: String,
    /// What this finding amounts to on its own.
    pub verdict: Verdict,
    /// Since when the person may have been exposed (RFC 3339), for thefts.
    pub exposed_since: Option<String>,
    /// The first is the primary place.
    pub evidence: Vec<Evidence>,
    /// The way of the data, for flows.
    pub flow: Vec<Step>,
    /// What to do.
    pub remediation: String,
}

impl Finding {
    /// Whether it says that data of the person leaves: a theft, or what a family does with data on a way that is known. Then
    /// the person wants to know since when.
    pub fn takes_data(&self) -> bool {
        self.grounds.theft || (self.leg == Leg::Behaviour && self.family.is_some() && !self.flow.is_empty())
    }
}
