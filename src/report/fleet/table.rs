//! A fleet for a person at a terminal: risky and rare first, each with the machines that have it.

use std::io::{self, Write};

use super::super::table::grid::{Column, Grid, Row};
use super::super::table::paint::{self, Paint};
use super::super::text::{self, plain, wrap};
use super::super::{View, phrase};
use super::words;
use crate::finding::Verdict;
use crate::judge::fleet::{Fleet, Prevalence, RulePrevalence};
use crate::locales::Words;

/// Lines of text are not easier to read in a wider terminal.
const WIDEST: usize = 160;

/// Rows of one part; the rest is counted, and JSON has all.
const ROWS: usize = 100;

/// Machines that are named in one row.
const NAMED: usize = 5;

/// Lines of a name, of a reason and of versions in one row.
const LINES: usize = 2;

/// Writes the table.
pub fn write(fleet: &Fleet, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let page = Page {
        fleet,
        findings: fleet.findings().collect(),
        view,
        words: view.lang.words(),
        paint: Paint::new(view.colour),
        width: view.width.min(WIDEST),
    };
    let least = view.min_verdict.unwrap_or(Verdict::Suspicious);
    page.extensions(least, out)?;
    page.elsewhere(least, out)?;
    page.contents(out)?;
    let listed = |verdict: Verdict| verdict >= least;
    if !listed(Verdict::Review) && fleet.summary.review > 0 {
        let line = page.words.count("table.review_folded", fleet.summary.review);
        page.paragraph(&format!("{line} {}", page.words.get("table.more_review")), out)?;
    }
    if let Some(skipped) = words::skipped(fleet, page.words) {
        page.paragraph(&skipped, out)?;
    }
    for line in wrap(&plain(&words::summary(fleet, page.words)), page.width) {
        writeln!(out, "{}", page.paint.verdict(fleet.summary.verdict, &line))?;
    }
    Ok(())
}

struct Page<'p> {
    fleet: &'p Fleet,
    findings: Vec<RulePrevalence>,
    view: &'p View<'p>,
    words: &'p Words,
    paint: Paint,
    width: usize,
}

impl Page<'_> {
    fn paragraph(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        wrap(&plain(text), self.width).iter().try_for_each(|line| writeln!(out, "{line}"))
    }

    fn heading(&self, key: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.paint.text(paint::STRONG, self.words.get(key)))
    }

    /// Says how many rows were left out.
    fn more(&self, rows: usize, out: &mut dyn Write) -> io::Result<()> {
        let more = rows.saturating_sub(ROWS);
        if more > 0 {
            writeln!(out, "{}", self.words.fill("table.and_more", &[("n", &more)]))?;
        }
        writeln!(out)
    }

    fn extensions(&self, least: Verdict, out: &mut dyn Write) -> io::Result<()> {
        let mut listed = self.fleet.extensions().filter(|extension| extension.verdict >= least);
        let rows: Vec<_> = listed.by_ref().take(ROWS).map(|extension| self.extension(&extension)).collect();
        if rows.is_empty() {
            let least = phrase::verdict(least.max(Verdict::Review), self.words);
            writeln!(out, "{}", self.words.fill("table.nothing_listed", &[("verdict", &least)]))?;
            return writeln!(out);
        }
        self.grid().write(&rows, out)?;
        self.more(rows.len() + listed.count(), out)
    }

    fn grid(&self) -> Grid {
        let title = |key: &str| self.words.get(key).to_owned();
        let verdicts = [Verdict::Malicious, Verdict::Suspicious, Verdict::Review, Verdict::Ok];
        let verdicts = verdicts.iter().map(|verdict| text::width(&self.shout(*verdict)));
        let verdict = verdicts.chain([text::width(self.words.get("table.verdict"))]).max().unwrap_or_default();
        let hosts = if self.width < 90 { 16 } else { 24 };
        let columns = vec![
            Column { title: title("table.verdict"), width: verdict },
            Column { title: title("table.extension"), width: 0 },
            Column { title: title("fleet.machines"), width: hosts },
            Column { title: title("fleet.seen"), width: text::width(self.words.get("fleet.seen")).max(10) },
        ];
        Grid::new(columns, self.width, self.paint)
    }

    fn shout(&self, verdict: Verdict) -> String {
        phrase::verdict(verdict, self.words).to_uppercase()
    }

    fn extension(&self, extension: &Prevalence) -> Row {
        let mut row = Row::new(4);
        row.put(0, &self.shout(extension.verdict), 1, Paint::of_verdict(extension.verdict));
        row.put(1, &words::name(extension), LINES, paint::STRONG);
        let worst = self.findings.iter().find(|found| extension.findings.contains(&found.rule));
        if let Some(found) = worst {
            let title = words::title(found, self.view);
            let families = &extension.families;
            let reason = if families.is_empty() { title } else { format!("{title} ({})", families.join(", ")) };
            row.put(1, &reason, LINES, paint::PLAIN);
        }
        if let Some(news) = &extension.new {
            row.put(1, &words::news(news, self.words), LINES, paint::PLAIN);
        }
        row.put(1, &extension.versions.join(", "), LINES, paint::DIM);
        row.put(1, extension.id.as_str(), 1, paint::DIM);
        let of = self.words.fill("fleet.of", &[("n", &extension.hosts), ("all", &self.fleet.summary.hosts)]);
        row.put(2, &of, 1, paint::PLAIN);
        row.put(2, &self.names(&extension.on, extension.flagged_hosts), LINES + 1, paint::DIM);
        for seen in [&extension.first_seen, &extension.last_seen].into_iter().flatten() {
            row.put(3, words::day(seen), 1, paint::PLAIN);
        }
        row
    }

    /// The first machines by name, and how many more there are.
    fn names(&self, names: &[String], all: usize) -> String {
        let mut shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = all.saturating_sub(names.len().min(NAMED));
        if more > 0 && !shown.is_empty() {
            shown = format!("{shown} {}", self.words.fill("table.and_more", &[("n", &more)]));
        }
        shown
    }

    /// What is found about machines and profiles.
    fn elsewhere(&self, least: Verdict, out: &mut dyn Write) -> io::Result<()> {
        let about = |found: &&RulePrevalence| found.extensions == 0 && found.verdict >= least;
        let listed: Vec<_> = self.findings.iter().filter(about).collect();
        if listed.is_empty() {
            return Ok(());
        }
        self.heading("html.elsewhere", out)?;
        for found in listed.iter().take(ROWS) {
            let verdict = self.paint.text(Paint::of_verdict(found.verdict), &self.shout(found.verdict));
            let hosts = self.words.fill("fleet.of", &[("n", &found.hosts), ("all", &self.fleet.summary.hosts)]);
            let mut lines =
                wrap(&plain(&format!("{} ({})", words::title(found, self.view), found.rule)), self.width - 4).into_iter();
            writeln!(out, "  {verdict}  {}", lines.next().unwrap_or_default())?;
            lines.try_for_each(|line| writeln!(out, "    {line}"))?;
            let names = self.names(&found.on, found.hosts);
            let machines = if names.is_empty() { hosts } else { format!("{hosts}: {names}") };
            wrap(&plain(&machines), self.width - 4).iter().try_for_each(|line| writeln!(out, "    {line}"))?;
        }
        self.more(listed.len(), out)
    }

    /// Versions that have other files on some machines: a store hands out one content for each.
    fn contents(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut rows = 0;
        for extension in self.fleet.extensions().filter(|extension| extension.contents_differ) {
            if rows == 0 {
                self.heading("fleet.contents", out)?;
            }
            rows += 1;
            if rows > ROWS {
                continue;
            }
            self.paragraph(&format!("{} ({})", words::name(&extension), extension.id), out)?;
            for version in extension.by_version.iter().filter(|version| version.differs()) {
                let counts: Vec<String> = version.contents.iter().map(|content| content.hosts.to_string()).collect();
                let values = [("version", &version.version as &dyn std::fmt::Display), ("counts", &counts.join(" + "))];
                writeln!(out, "  {}", plain(&self.words.fill("fleet.content", &values)))?;
            }
        }
        if rows > 0 { self.more(rows, out) } else { Ok(()) }
    }
}
