//! The story of a run as a timeline, for `--trace`.

use std::io::{self, Write};

use super::super::model::{ExtensionReport, Run};
use super::super::text::{cut, plain};
use super::super::{View, phrase};
use super::paint::{DIM, HEADING, Paint, STRONG};

/// Writes what each extension did in its runs, scene by scene.
pub fn write(extensions: &[ExtensionReport], view: &View<'_>, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let (words, paint) = (view.lang.words(), Paint::new(view.colour));
    for extension in extensions {
        let name = plain(&phrase::name(extension));
        if extension.runs.is_empty() {
            writeln!(out, "{}\n", cut(&words.fill("run.none", &[("name", &name)]), width))?;
        }
        for run in &extension.runs {
            let head = words.fill("run.head", &[("name", &name), ("scene", &run.scene), ("page", &plain(&run.page))]);
            writeln!(out, "{}", paint.text(HEADING, &cut(&head, width)))?;
            moments(run, view, width, out)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn moments(run: &Run, view: &View<'_>, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let (words, paint) = (view.lang.words(), Paint::new(view.colour));
    for moment in &run.moments {
        let line = format!("{:>10}  {:<10}  {}", phrase::run_clock(moment.at), moment.world, phrase::run_moment(moment, words));
        let line = cut(&plain(&line), width);
        writeln!(out, "{}", if moment.carries.is_empty() { line } else { paint.text(STRONG, &line) })?;
    }
    if run.more > 0 {
        writeln!(out, "{}", paint.text(DIM, &words.fill("run.more", &[("n", &run.more)])))?;
    }
    if !run.complete {
        writeln!(out, "{}", paint.text(DIM, words.get("run.cut")))?;
    }
    Ok(())
}
