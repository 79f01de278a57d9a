//! Which form goes where, and writing all of them.

use std::io;
use std::path::PathBuf;

use anyhow::bail;

use super::exit::Exit;
use super::files;
use super::terminal::Terminal;
use crate::report::fleet::FleetFormat;
use crate::report::{Format, Report, View, table};

/// A form that is named by `--format` or by the ending of a file. The default is for a person at a terminal.
pub trait Form: Copy + Default + PartialEq {
    /// The name on the command line.
    fn name(self) -> &'static str;
    /// The form that a file name asks for by its ending.
    fn of_file_name(name: &str) -> Option<Self>;
    /// Read by programs: a cut one is a wrong one.
    fn is_machine(self) -> bool;
    /// This build can write it.
    fn is_available(self) -> bool;
}

impl Form for Format {
    fn name(self) -> &'static str {
        self.form().name
    }

    fn of_file_name(name: &str) -> Option<Self> {
        Format::of_file_name(name)
    }

    fn is_machine(self) -> bool {
        self.form().machine
    }

    fn is_available(self) -> bool {
        self.form().render.is_some()
    }
}

impl Form for FleetFormat {
    fn name(self) -> &'static str {
        FleetFormat::name(self)
    }

    fn of_file_name(name: &str) -> Option<Self> {
        FleetFormat::of_file_name(name)
    }

    fn is_machine(self) -> bool {
        FleetFormat::is_machine(self)
    }

    fn is_available(self) -> bool {
        FleetFormat::is_available(self)
    }
}

/// One report in one form to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<F = Format> {
    /// The form.
    pub format: F,
    /// The file; `None` is standard output.
    pub file: Option<PathBuf>,
}

/// Pairs what was named with `--format` and `--output`.
///
/// As many of one as of the other: in order. Otherwise a file whose ending is known takes that form, the others take the named
/// forms in order, and one form may be left over: it goes to standard output.
pub fn targets<F: Form>(formats: &[F], outputs: &[PathBuf]) -> anyhow::Result<Vec<Target<F>>> {
    let file = |path: &PathBuf| (path.as_os_str() != "-").then(|| path.clone());
    if formats.len() == outputs.len() && !outputs.is_empty() {
        let pairs = formats.iter().zip(outputs);
        return Ok(pairs.map(|(format, path)| Target { format: *format, file: file(path) }).collect());
    }
    let mut left = formats.to_vec();
    let mut targets = Vec::new();
    for path in outputs {
        let by_ending = path.file_name().and_then(|name| F::of_file_name(&name.to_string_lossy()));
        let format = match by_ending {
            Some(format) => {
                if let Some(at) = left.iter().position(|other| *other == format) {
                    left.remove(at);
                }
                format
            }
            None if !left.is_empty() => left.remove(0),
            None => bail!(
                "--output {}: the ending names no format; add --format, or end the name in .json, .html, .sarif, ...",
                path.display()
            ),
        };
        targets.push(Target { format, file: file(path) });
    }
    match left.as_slice() {
        [] if outputs.is_empty() => targets.push(Target { format: F::default(), file: None }),
        [] => {}
        [format] => targets.push(Target { format: *format, file: None }),
        [_, more @ ..] => {
            let names: Vec<_> = more.iter().map(|format| format.name()).collect();
            bail!("--format {}: only one form can go to standard output; name a file with --output", names.join(", "));
        }
    }
    for target in &targets {
        if !target.format.is_available() {
            bail!("--format {}: not available in this build", target.format.name());
        }
    }
    Ok(targets)
}

/// Writes a report to all its targets. One that fails does not keep the others from being written.
///
/// Where only a `summary` is wanted, one line takes the place of what people would read on standard output. Files are whole
/// all the same, and a form for programs stays alone on standard output: the line goes to standard error then.
pub fn write_all(report: &Report, targets: &[Target], summary: bool, view: &View<'_>, terminal: &Terminal) -> Exit {
    let mut exit = Exit::Clean;
    let mut done = |outcome: Result<(), String>| {
        if let Err(message) = outcome {
            terminal.error(message);
            exit = Exit::Failed;
        }
    };
    let for_people = |target: &&Target| target.file.is_none() && !target.format.form().machine;
    for target in targets.iter().filter(|target| !summary || !for_people(target)) {
        done(write_one(target, view, terminal, |view, out| match target.format.form().render {
            Some(render) => render.render(report, view, out),
            None => Err(io::Error::new(io::ErrorKind::Unsupported, "not available in this build")),
        }));
    }
    if summary {
        let alone = targets.iter().any(|target| target.file.is_none() && !for_people(&target));
        done(write_summary(report, alone, view, terminal));
    }
    exit
}

/// The one line, on standard error where a form for programs has standard output for itself.
fn write_summary(report: &Report, aside: bool, view: &View<'_>, terminal: &Terminal) -> Result<(), String> {
    let view = View { colour: view.colour && !aside, ..view.clone() };
    let mut line = Vec::new();
    table::summary(report, &view, &mut line).map_err(|error| format!("--summary: {error}"))?;
    if aside {
        terminal.note(String::from_utf8_lossy(&line).trim_end());
        return Ok(());
    }
    to_stdout(&line, false, terminal)
}

/// Has `render` write to one target. Colours are for a person at a terminal.
pub fn write_one<F: Form>(
    target: &Target<F>,
    view: &View<'_>,
    terminal: &Terminal,
    render: impl FnOnce(&View<'_>, &mut dyn io::Write) -> io::Result<()>,
) -> Result<(), String> {
    let name = target.format.name();
    let view = View { colour: view.colour && target.file.is_none() && target.format == F::default(), ..view.clone() };
    let Some(file) = &target.file else {
        let written = terminal.write_with(|out| render(&view, out));
        return outcome(written, target.format.is_machine());
    };
    files::write_with(file, |out| render(&view, out))
        .map_err(|error| format!("--output {}: cannot be written: {error}", file.display()))?;
    terminal.note(format!("{name} written to {}", file.display()));
    Ok(())
}

/// Writes to standard output.
pub fn to_stdout(bytes: &[u8], machine: bool, terminal: &Terminal) -> Result<(), String> {
    outcome(terminal.write(bytes), machine)
}

/// What became of writing to standard output. Where nobody reads on, text for people stops quietly; for programs a cut report is
/// a wrong one.
fn outcome(written: io::Result<()>, machine: bool) -> Result<(), String> {
    match written {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe && !machine => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Err("standard output was closed before the report was complete".to_owned())
        }
        Err(error) => Err(format!("standard output cannot be written: {error}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn paired(formats: &[Format], outputs: &[&str]) -> Vec<(Format, Option<String>)> {
        let outputs: Vec<_> = outputs.iter().map(PathBuf::from).collect();
        let targets = targets(formats, &outputs).unwrap();
        targets.into_iter().map(|t| (t.format, t.file.map(|file| file.display().to_string()))).collect()
    }

    fn to(format: Format, file: &str) -> (Format, Option<String>) {
        (format, (!file.is_empty()).then(|| file.to_owned()))
    }

    #[test]
    fn formats_and_files_are_paired() {
        use Format::{Json, Jsonl};
        assert_eq!(paired(&[Json], &[]), [to(Json, "")]);
        assert_eq!(paired(&[], &["a.json", "b.jsonl"]), [to(Json, "a.json"), to(Jsonl, "b.jsonl")]);
        assert_eq!(paired(&[Json], &["out"]), [to(Json, "out")]);
        assert_eq!(paired(&[Jsonl], &["a.json"]), [to(Jsonl, "a.json")]);
        assert_eq!(paired(&[Jsonl, Json], &["a.json"]), [to(Json, "a.json"), to(Jsonl, "")]);
        assert_eq!(paired(&[Json], &["-"]), [to(Json, "")]);
    }

    #[test]
    fn what_cannot_be_paired_is_refused() {
        assert!(targets::<Format>(&[], &["report".into()]).is_err());
        assert!(targets(&[Format::Json, Format::Jsonl], &[]).is_err());
    }
}
