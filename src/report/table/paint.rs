//! Colours: one table of styles, and none at all where none are wanted.

use anstyle::{AnsiColor, Style};

use crate::finding::Verdict;

/// No style.
pub const PLAIN: Style = Style::new();
/// Names.
pub const STRONG: Style = Style::new().bold();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();
/// Headings.
pub const HEADING: Style = Style::new().bold().underline();

/// Applies styles, or leaves text as it is.
#[derive(Clone, Copy)]
pub struct Paint {
    colour: bool,
}

impl Paint {
    /// With colours or without.
    pub fn new(colour: bool) -> Paint {
        Paint { colour }
    }

    /// The style of a verdict.
    pub fn of_verdict(verdict: Verdict) -> Style {
        match verdict {
            Verdict::Malicious => AnsiColor::BrightWhite.on(AnsiColor::Red).bold(),
            Verdict::Suspicious => AnsiColor::Yellow.on_default().bold(),
            Verdict::Review => AnsiColor::Cyan.on_default(),
            Verdict::Ok => AnsiColor::Green.on_default(),
        }
    }

    /// Text in a style.
    pub fn text(self, style: Style, text: &str) -> String {
        if self.colour && style != PLAIN && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A whole line about a verdict: no background, it would be loud.
    pub fn verdict(self, verdict: Verdict, text: &str) -> String {
        let style = match verdict {
            Verdict::Malicious => AnsiColor::Red.on_default().bold(),
            other => Paint::of_verdict(other),
        };
        self.text(style, text)
    }
}
