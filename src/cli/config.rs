//! `crxhound.toml`: any long option as a line, such as `fail-on = "review"` or `iocs = ["ours.csv", "cert.json"]`.
//!
//! The values become defaults of the options, so that the environment and what is typed win over them. Options of other
//! commands than the one that runs are checked for their name and left alone.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The file's name, where it is looked for by itself.
pub const NAME: &str = "crxhound.toml";

/// What a file says: name of the option, values.
#[derive(Debug, Default)]
pub struct Config {
    /// Where it was read.
    pub path: Option<PathBuf>,
    /// Whether it was named, not found.
    pub named: bool,
    entries: Vec<(String, Vec<String>)>,
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
        let entries = parse(&text).with_context(|| path.display().to_string())?;
        Ok(Config { path: Some(path.to_owned()), named, entries })
    }

    /// Puts the values in as defaults of `command` and of the commands below it.
    pub fn apply(&self, mut command: clap::Command) -> anyhow::Result<clap::Command> {
        let mut known = Vec::new();
        collect_names(&command, &mut known);
        for (name, values) in &self.entries {
            if !known.contains(name) || NOT_HERE.contains(&name.as_str()) {
                let shown = self.path.as_deref().unwrap_or(Path::new(NAME)).display();
                let near = nearest(name, &known).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
                bail!("{shown}: \"{name}\" is not an option{near}");
            }
            command = with_default(command, name, values);
        }
        Ok(command)
    }
}

/// Options that only make sense when typed.
const NOT_HERE: &[&str] = &["config", "help", "version", "explain"];

fn collect_names(command: &clap::Command, into: &mut Vec<String>) {
    into.extend(command.get_arguments().filter_map(|arg| arg.get_long()).map(str::to_owned));
    command.get_subcommands().for_each(|below| collect_names(below, into));
}

fn with_default(command: clap::Command, name: &str, values: &[String]) -> clap::Command {
    let command = command.mut_args(|arg| match arg.get_long() {
        Some(long) if long == name => arg.default_values(values.to_vec()).hide_default_value(true),
        _ => arg,
    });
    command.mut_subcommands(|below| with_default(below, name, values))
}

/// Reads the file's lines: text, numbers, yes/no, and lists of them.
fn parse(text: &str) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let table: toml::Table = text.parse()?;
    let scalar = |name: &str, value: toml::Value| match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        other => bail!("\"{name}\" must be text, a number, true or false, or a list of them, found {}", other.type_str()),
    };
    let mut entries = Vec::new();
    for (name, value) in table {
        let values = match value {
            toml::Value::Array(list) => list.into_iter().map(|value| scalar(&name, value)).collect::<anyhow::Result<_>>()?,
            value => vec![scalar(&name, value)?],
        };
        entries.push((name, values));
    }
    Ok(entries)
}

/// The known name that takes the fewest edits, where it takes few.
fn nearest<'n>(name: &str, known: &'n [String]) -> Option<&'n str> {
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
    let best = known.iter().map(|other| (distance(&name, other), other.as_str())).min();
    best.filter(|(edits, _)| *edits <= 3).map(|(_, other)| other)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_values() {
        let entries = parse("fail-on = \"review\"\nthreads = 2\nredact = true\niocs = [\"a\", \"b\"]").unwrap();
        let find = |name: &str| entries.iter().find(|(known, _)| known == name).map(|(_, values)| values.join(","));
        assert_eq!(find("fail-on").as_deref(), Some("review"));
        assert_eq!(find("threads").as_deref(), Some("2"));
        assert_eq!(find("redact").as_deref(), Some("true"));
        assert_eq!(find("iocs").as_deref(), Some("a,b"));
        assert!(parse("a = { b = 1 }").is_err());
    }

    #[test]
    fn the_nearest_name_is_offered() {
        let known = ["fail-on".to_owned(), "format".to_owned(), "threads".to_owned()];
        assert_eq!(nearest("fail_on", &known), Some("fail-on"));
        assert_eq!(nearest("formt", &known), Some("format"));
        assert_eq!(nearest("quite-another", &known), None);
    }
}
