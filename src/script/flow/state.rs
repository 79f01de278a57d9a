//! States what the browser's API is called with, and who sends messages.

use super::super::analysis::{ApiCall, Listener};
use super::super::eval::{Atom, HOLE, Value};
use super::super::ir::{Expr, ExprId, Key};
use super::super::program::At;
use super::Examiner;
use crate::model::host;

impl Examiner<'_, '_, '_> {
    /// Tells the engine who sends.
    pub(super) fn find_senders(&mut self) {
        let uses = self.uses.clone();
        for used in &uses {
            match used.path.as_str() {
                "chrome.scripting.executeScript" | "chrome.tabs.executeScript" | "chrome.userScripts.execute" => {
                    // Functions that are handed over run in pages.
                    self.engine.eval(used.call, 0);
                }
                _ => {}
            }
        }
        for used in &uses {
            match used.path.as_str() {
                "chrome.runtime.onMessage.addListener"
                | "chrome.extension.onMessage.addListener"
                | "chrome.extension.onRequest.addListener" => {
                    self.engine.add_listener(used.call);
                }
                path => self.engine.add_sender(path, used.call),
            }
        }
        self.engine.senders_are_known();
    }

    /// States calls of the browser's API and listeners.
    pub(super) fn state_calls(&mut self) {
        for used in self.uses.clone() {
            if !used.path.starts_with("chrome.") {
                continue;
            }
            let world = self.engine.world(used.call);
            let spot = self.spot(used.call);
            if let Some(event) = used.path.strip_suffix(".addListener") {
                let filter = self.engine.argument(used.call, 1, 0);
                let host = self.hosts_in(&filter, 0).into_iter().next().unwrap_or_default();
                self.found.listeners.push(Listener { event: event.to_owned(), world, host, spot });
                continue;
            }
            if used.path.ends_with(".hasListener") || used.path.ends_with(".removeListener") {
                continue;
            }
            let values: Vec<Value> = (0..self.engine.argument_count(used.call).min(6))
                .map(|index| self.engine.argument(used.call, index, 0))
                .collect();
            let shown: Vec<String> = values.iter().map(|value| self.show(value, 0)).collect();
            let host = values.iter().flat_map(|value| self.hosts_in(value, 0)).next().unwrap_or_default();
            let last = used.path.rsplit('.').next().unwrap_or_default();
            let unit = self.engine.program.unit(used.call.inst);
            let decoded = memchr::memmem::find(unit.text.as_bytes(), last.as_bytes()).is_none();
            let click = self.starts_with_click(used.call);
            let arguments = cut(&shown.join(", "), 600);
            self.found.calls.push(ApiCall { path: used.path, world, arguments, host, click, decoded, spot });
        }
        self.found.calls.sort();
        self.found.calls.dedup();
        self.found.listeners.sort();
        self.found.listeners.dedup();
    }

    /// What is known of a value, as text.
    fn show(&mut self, value: &Value, depth: u32) -> String {
        let mut shown = Vec::new();
        for atom in value.atoms().iter().take(8) {
            let text = match *atom {
                Atom::Text(name) => format!("\"{}\"", self.engine.text(name).replace(HOLE, "\u{2026}")),
                Atom::Number(bits) => f64::from_bits(bits).to_string(),
                Atom::Bool(value) => value.to_string(),
                Atom::Nothing => continue,
                Atom::Object(site, ctx) if depth < 3 => self.show_object(site, ctx, depth),
                Atom::Function(..) => "function".to_owned(),
                Atom::List(_) | Atom::Message(_) | Atom::Host(_) | Atom::Taint { .. } | Atom::Unknown => continue,
                _ => continue,
            };
            if !shown.contains(&text) {
                shown.push(text);
            }
        }
        shown.join(" | ")
    }

    fn show_object(&mut self, site: At, ctx: u32, depth: u32) -> String {
        let ir = self.engine.program.ir(site.inst);
        let mut parts = Vec::new();
        match ir.expr(site.expr) {
            Expr::Object { first, count } => {
                for prop in ir.props(first, count).iter().take(16) {
                    let Key::Name(name) = prop.key else { continue };
                    let value = self.engine.eval(At { inst: site.inst, expr: prop.value }, ctx);
                    let shown = self.show(&value, depth + 1);
                    parts.push(format!("{}: {shown}", self.engine.text(name)));
                }
                format!("{{{}}}", parts.join(", "))
            }
            Expr::Array(list) => {
                let items: Vec<ExprId> = ir.list(list).take(16).collect();
                for expr in items {
                    let value = self.engine.eval(At { inst: site.inst, expr }, ctx);
                    parts.push(self.show(&value, depth + 1));
                }
                format!("[{}]", parts.join(", "))
            }
            _ => String::new(),
        }
    }

    /// Hosts that a value names: addresses, match patterns, domains.
    pub(super) fn hosts_in(&mut self, value: &Value, depth: u32) -> Vec<String> {
        let mut found = Vec::new();
        for atom in value.atoms().iter().take(16) {
            match *atom {
                Atom::Text(name) => found.extend(host_in(self.engine.text(name))),
                Atom::Object(site, ctx) if depth < 3 => {
                    let ir = self.engine.program.ir(site.inst);
                    let parts: Vec<ExprId> = match ir.expr(site.expr) {
                        Expr::Object { first, count } => {
                            ir.props(first, count).iter().take(16).map(|prop| prop.value).collect()
                        }
                        Expr::Array(list) => ir.list(list).take(16).collect(),
                        _ => Vec::new(),
                    };
                    for expr in parts {
                        let value = self.engine.eval(At { inst: site.inst, expr }, ctx);
                        found.extend(self.hosts_in(&value, depth + 1));
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// The host that a text names.
pub(super) fn host_in(text: &str) -> Option<String> {
    if text.len() > 2_000 || text.contains(char::is_whitespace) {
        return None;
    }
    if text.contains("://") {
        let pattern = host::HostPattern::parse(text).and_then(|pattern| pattern.host().map(str::to_owned));
        return pattern.or_else(|| host::of_url(&text.replace(HOLE, ""))).filter(|host| host.contains('.'));
    }
    let bare = text.trim_start_matches('.');
    let named = bare.contains('.')
        && bare.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    (named && host::public_suffix(bare).is_some_and(|suffix| suffix.len() < bare.len() && known_suffix(suffix)))
        .then(|| bare.to_owned())
}

/// Suffixes that are words of code as well (`document.cookie`, `array.map`) are no hosts.
fn known_suffix(suffix: &str) -> bool {
    let last = suffix.rsplit('.').next().unwrap_or(suffix);
    !matches!(
        last,
        "js" | "json"
            | "html"
            | "css"
            | "png"
            | "map"
            | "name"
            | "style"
            | "data"
            | "call"
            | "date"
            | "link"
            | "video"
            | "email"
            | "click"
            | "properties"
            | "md"
            | "ts"
            | "py"
            | "sh"
    ) && last.len() >= 2
        && psl::suffix(suffix.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length { text.to_owned() } else { text.chars().take(length).chain(['\u{2026}']).collect() }
}
