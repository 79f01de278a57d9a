//! `crxhound.toml`: any long option as a line, such as `fail-on = "review"` or `iocs = ["ours.csv", "cert.json"]`.
//! `crxhound.toml.example` has all of them.
//!
//! A line holds for every command that has the option and takes the value; below `[scan]` it holds for that command alone. The
//! values become defaults of the options, so that the environment and what is typed win over them. Options of other commands
//! than the one that runs are checked for name and value and left alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The file's name, where it is looked for by itself.
pub const NAME: &str = "crxhound.toml";

/// What a file says.
#[derive(Debug, Default)]
pub struct Config {
    /// Where it was read.
    pub path: Option<PathBuf>,
    /// Whether it was named, not found.
    pub named: bool,
    entries: Vec<Entry>,
}

/// One option of the file.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    /// The command that it is for; `None` for all.
    command: Option<String>,
    /// The long option.
    name: String,
    values: Vec<String>,
}

impl Config {
    /// The file that was named; else the one in the current folder, else the one in the user's folder of settings.
    pub fn load(named: Option<&Path>) -> anyhow::Result<Config> {
        if let Some(path) = named {
            return Config::read(path, true);
        }
        let own = dirs::config_dir().map(|folder| folder.join("crxhound").join(NAME));
        match [Some(PathBuf::from(NAME)), own].into_iter().flatten().find(|path| path.is_file()) {
            Some(path) => Config::read(&path, false),
            None => Ok(Config::default()),
        }
    }

    fn read(path: &Path, named: bool) -> anyhow::Result<Config> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        Ok(Config { named, ..Config::of_text(path, &text)? })
    }

    /// What the text of a file says.
    pub fn of_text(path: &Path, text: &str) -> anyhow::Result<Config> {
        let entries = parse(text).with_context(|| path.display().to_string())?;
        Ok(Config { path: Some(path.to_owned()), named: false, entries })
    }

    /// Puts the values in as defaults of `command` and of the commands below it.
    pub fn apply(&self, mut command: clap::Command) -> anyhow::Result<clap::Command> {
        let shown = self.path.as_deref().unwrap_or(Path::new(NAME)).display();
        for entry in &self.entries {
            let mut known = Vec::new();
            match &entry.command {
                None => collect_options(&command, &mut known),
                Some(name) => match command.find_subcommand(name) {
                    Some(below) => collect_options(below, &mut known),
                    None => bail!("{shown}: [{name}] is no command"),
                },
            }
            known.retain(|option| !NOT_HERE.contains(&option.name.as_str()));
            let same: Vec<&Known> = known.iter().filter(|option| option.name == entry.name).collect();
            if same.is_empty() {
                let near = nearest(&entry.name, &known).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
                let of = entry.command.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
                bail!("{shown}: \"{}\" is not an option{of}{near}", entry.name);
            }
            if !same.iter().any(|option| option.takes(&entry.values)) {
                let words: BTreeSet<&str> = same.iter().flat_map(|option| option.words.iter().map(String::as_str)).collect();
                let words = words.into_iter().collect::<Vec<_>>().join(", ");
                let wanted = if words.is_empty() { "one value is wanted".to_owned() } else { format!("one of {words}") };
                bail!("{shown}: \"{}\" does not take \"{}\": {wanted}", entry.name, entry.values.join("\", \""));
            }
            command = match &entry.command {
                None => with_default(command, &entry.name, &entry.values),
                Some(name) => command.mut_subcommand(name, |below| with_default(below, &entry.name, &entry.values)),
            };
        }
        Ok(command)
    }
}

/// Options that only make sense when typed.
const NOT_HERE: &[&str] = &["config", "help", "version", "explain"];

/// An option of some command.
struct Known {
    name: String,
    /// The words that it takes; empty where it takes any.
    words: Vec<String>,
    /// Whether it takes more than one.
    several: bool,
}

impl Known {
    fn of(arg: &clap::Arg) -> Option<Known> {
        let words = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        let several = matches!(arg.get_action(), clap::ArgAction::Append);
        Some(Known { name: arg.get_long()?.to_owned(), words, several })
    }

    fn takes(&self, values: &[String]) -> bool {
        let fit = self.words.is_empty() || values.iter().all(|value| self.words.contains(value));
        fit && (self.several || values.len() == 1)
    }
}

fn collect_options(command: &clap::Command, into: &mut Vec<Known>) {
    into.extend(command.get_arguments().filter_map(Known::of));
    command.get_subcommands().for_each(|below| collect_options(below, into));
}

fn with_default(command: clap::Command, name: &str, values: &[String]) -> clap::Command {
    let command = command.mut_args(|arg| match Known::of(&arg) {
        Some(known) if known.name == name && known.takes(values) => {
            // A counter has no value that help could show.
            let has_value = arg.get_action().takes_values();
            arg.default_values(values.to_vec()).hide_default_value(has_value)
        }
        _ => arg,
    });
    command.mut_subcommands(|below| with_default(below, name, values))
}

/// Reads the file's lines: text, numbers, yes/no, and lists of them; a table is for the command of its name.
fn parse(text: &str) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (name, value) in text.parse::<toml::Table>()? {
        match value {
            toml::Value::Table(table) => {
                for (option, value) in table {
                    entries.push(Entry { command: Some(name.clone()), values: values(&option, value)?, name: option });
                }
            }
            value => entries.push(Entry { command: None, values: values(&name, value)?, name }),
        }
    }
    // What is for one command wins over what is for all.
    entries.sort_by_key(|entry| entry.command.is_some());
    Ok(entries)
}

fn values(name: &str, value: toml::Value) -> anyhow::Result<Vec<String>> {
    match value {
        toml::Value::Array(list) => list.into_iter().map(|value| scalar(name, value)).collect(),
        value => Ok(vec![scalar(name, value)?]),
    }
}

fn scalar(name: &str, value: toml::Value) -> anyhow::Result<String> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        other => bail!("\"{name}\" must be text, a number, true or false, or a list of them, found {}", other.type_str()),
    }
}

/// The known name that takes the fewest edits, where it takes few.
fn nearest<'n>(name: &str, known: &'n [Known]) -> Option<&'n str> {
    let distance = |a: &str, b: &str| -> usize {
        let mut row: Vec<usize> = (0..=b.chars().count()).collect();
        for (i, x) in a.chars().enumerate() {
            let mut last = i;
            let mut left = i + 1;
            for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
                let best = (last + usize::from(x != y)).min(left + 1).min(*cell + 1);
                last = std::mem::replace(cell, best);
                left = best;
            }
            if let Some(first) = row.first_mut() {
                *first = i + 1;
            }
        }
        row.last().copied().unwrap_or_default()
    };
    let name = name.replace('_', "-");
    let best = known.iter().map(|other| (distance(&name, &other.name), other.name.as_str())).min();
    best.filter(|(edits, _)| *edits <= 3).map(|(_, other)| other)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../crxhound.toml.example");

    fn config(text: &str) -> anyhow::Result<Config> {
        Ok(Config { entries: parse(text)?, ..Config::default() })
    }

    fn apply(text: &str) -> Result<clap::Command, String> {
        config(text).and_then(|config| config.apply(super::super::options::command())).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn lines_become_values() {
        let entries =
            parse("fail-on = \"review\"\nthreads = 2\nredact = true\niocs = [\"a\", \"b\"]\n[scan]\ntlp = \"red\"").unwrap();
        let find = |name: &str| entries.iter().find(|entry| entry.name == name).map(|entry| entry.values.join(","));
        assert_eq!(find("fail-on").as_deref(), Some("review"));
        assert_eq!(find("threads").as_deref(), Some("2"));
        assert_eq!(find("redact").as_deref(), Some("true"));
        assert_eq!(find("iocs").as_deref(), Some("a,b"));
        assert_eq!(entries.last().unwrap().command.as_deref(), Some("scan"));
        assert!(parse("a = 1.5").is_err());
    }

    /// The example with every option switched on.
    fn example() -> String {
        let option = |line: &str| {
            let name = line.split(" = ").next().unwrap_or_default();
            line.contains(" = ") && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let lines = EXAMPLE.lines().map(|line| match line.strip_prefix("# ") {
            Some(rest) if option(rest) || rest.starts_with('[') => rest,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_example_changes_nothing_as_it_is_and_names_every_option() {
        assert_eq!(parse(EXAMPLE).unwrap(), []);
        let named: BTreeSet<String> = parse(&example()).unwrap().into_iter().map(|entry| entry.name).collect();
        let mut known = Vec::new();
        collect_options(&super::super::options::command(), &mut known);
        let known: BTreeSet<String> =
            known.into_iter().map(|option| option.name).filter(|name| !NOT_HERE.contains(&name.as_str())).collect();
        assert_eq!(named, known);
    }

    #[test]
    fn every_line_of_the_example_is_taken() {
        apply(&example()).unwrap().debug_assert();
        for line in ["crxhound scan", "crxhound diff a b", "crxhound demo", "crxhound signatures list"] {
            let matches = apply(&example()).unwrap().try_get_matches_from(line.split(' '));
            assert!(matches.is_ok(), "{line}: {}", matches.unwrap_err());
        }
    }

    #[test]
    fn a_value_goes_to_the_commands_that_take_it() {
        let format = |line: &str| {
            let command = apply("format = [\"html\"]\n[inspect]\nformat = [\"sarif\"]").unwrap();
            let matches = command.try_get_matches_from(line.split(' ')).unwrap();
            let (_, matches) = matches.subcommand().unwrap();
            matches.get_raw("format").map(|values| values.map(|value| value.to_string_lossy().into_owned()).collect::<String>())
        };
        assert_eq!(format("crxhound scan").as_deref(), Some("html"));
        assert_eq!(format("crxhound inspect x").as_deref(), Some("sarif"));
        assert_eq!(format("crxhound scan --format csv").as_deref(), Some("csv"));
        assert_eq!(format("crxhound diff a b"), None);
    }

    #[test]
    fn mistakes_say_what_would_work() {
        let said = |text: &str| apply(text).unwrap_err();
        assert_eq!(said("fail_on = \"review\""), "crxhound.toml: \"fail_on\" is not an option; did you mean \"fail-on\"?");
        assert_eq!(said("[scann]\ngentle = true"), "crxhound.toml: [scann] is no command");
        assert_eq!(said("[demo]\ngentle = true"), "crxhound.toml: \"gentle\" is not an option of demo");
        assert_eq!(
            said("color = \"sometimes\""),
            "crxhound.toml: \"color\" does not take \"sometimes\": one of always, auto, never"
        );
        assert_eq!(said("threads = [1, 2]"), "crxhound.toml: \"threads\" does not take \"1\", \"2\": one value is wanted");
        assert!(said("quite-another = 1").ends_with("\"quite-another\" is not an option"));
    }
}
