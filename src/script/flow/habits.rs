//! Habits of remote control and of hiding: orders from a server, dead drops, self-protection.

use std::collections::BTreeMap;

use super::super::analysis::Note;
use super::super::eval::{Atom, Value};
use super::super::ir::{Expr, ExprId, Op, UnaryOp};
use super::super::program::At;
use super::Examiner;
use crate::model::host::{self, Class, HostClass};

/// Conditions that are asked where their values come from.
const MAX_CONDITIONS: usize = 3_000;
/// Minutes from which on a first alarm is a long delay.
const LONG_MINUTES: f64 = 2.0 * 1_440.0;
/// Hosts in one script above which it is a list of hosts.
const LIST_OF_HOSTS: usize = 120;

impl Examiner<'_, '_, '_> {
    /// States habits.
    pub(super) fn look_at_habits(&mut self) {
        self.orders();
        self.self_protection();
        self.detection();
        self.mail_hosts();
        self.redirects();
        self.found.notes.sort();
        self.found.notes.dedup_by(|a, b| (a.kind, &a.value, &a.detail) == (b.kind, &b.value, &b.detail));
    }

    fn note(&mut self, kind: &'static str, value: &str, detail: &str, at: At) {
        let spot = self.spot(at);
        self.found.notes.push(Note { kind, value: value.to_owned(), detail: detail.to_owned(), steps: Vec::new(), spot });
    }

    // ---------------------------------------------------------------------------------------------------------- orders

    /// Conditions that compare what a server said with words, and do something of the browser's then.
    fn orders(&mut self) {
        let program = self.engine.program;
        let mut looked_at = 0;
        // Host, and the words and places of its orders.
        let mut orders: BTreeMap<String, (Vec<String>, At, u32, bool)> = BTreeMap::new();
        for (unit, script) in program.units.iter().enumerate() {
            let ir = &script.ir;
            let Some(&inst) = program.by_unit[unit].first() else { continue };
            let mut acts: Vec<u32> = self
                .uses
                .iter()
                .filter(|used| program.instances[used.call.inst as usize].unit as usize == unit && is_act(&used.path))
                .map(|used| ir.start(used.call.expr))
                .collect();
            acts.sort_unstable();
            if acts.is_empty() {
                continue;
            }
            for guard in ir.guards.iter().filter(|guard| !guard.negated) {
                let from = acts.partition_point(|&at| at < guard.span.0);
                if acts.get(from).is_none_or(|&at| at >= guard.span.1) {
                    continue;
                }
                looked_at += 1;
                if looked_at > MAX_CONDITIONS || self.engine.is_exhausted() {
                    break;
                }
                for (subject, word) in self.comparisons(At { inst, expr: guard.test }, 0) {
                    let value = self.engine.eval(subject, 0);
                    let Some((host, trail, cut)) = self.fetched_from(&value) else { continue };
                    let entry = orders.entry(host).or_insert_with(|| (Vec::new(), subject, trail, false));
                    if !entry.0.contains(&word) {
                        entry.0.push(word);
                    }
                    entry.3 |= cut;
                }
            }
        }
        self.switches();
        for (host, (words, at, trail, cut)) in orders {
            if cut {
                self.dead_drop(&host, trail, at, "command");
            }
            if self.is_repeated(trail) {
                let steps = self.steps(trail, Some((at, format!("branches on it: {}", words.join(", ")))));
                let spot = self.spot(at);
                self.found.notes.push(Note { kind: "command-loop", value: host, detail: words.join(" "), steps, spot });
            }
        }
    }

    /// Switches that a fetched text turns on: `flags[atob(word)] = true`. Lists that are only sorted in are not decoded.
    fn switches(&mut self) {
        let program = self.engine.program;
        for &(unit, assign) in program.dynamic_writes.iter().take(MAX_CONDITIONS) {
            let Some(&inst) = program.by_unit[unit as usize].first() else { continue };
            let ir = program.ir(inst);
            let Expr::Assign { target, value } = ir.expr(assign) else { continue };
            let Expr::Index { index, .. } = ir.expr(target) else { continue };
            // `!0` is what minifiers write for `true`.
            let constant = match ir.expr(value) {
                Expr::Bool(_) => true,
                Expr::Unary { op: UnaryOp::Not, value } => matches!(ir.expr(value), Expr::Number(_)),
                _ => false,
            };
            if !constant || self.engine.is_exhausted() {
                continue;
            }
            let key = self.engine.eval(At { inst, expr: index }, 0);
            let Some((host, trail, true)) = self.fetched_from(&key) else { continue };
            let decoded = self.engine.way(trail).iter().any(|step| self.engine.text(step.words).contains("atob"));
            if decoded
                || matches!(ir.expr(index), Expr::Call { callee, .. } if matches!(ir.expr(callee), Expr::Global(name) if self.engine.text(name) == "atob"))
            {
                self.dead_drop(&host, trail, At { inst, expr: assign }, "command");
            }
        }
    }

    /// Comparisons of something with a word in a condition.
    fn comparisons(&mut self, test: At, depth: u32) -> Vec<(At, String)> {
        if depth > 6 {
            return Vec::new();
        }
        let sub = |expr: ExprId| At { inst: test.inst, expr };
        match self.engine.program.expr(test) {
            Expr::Binary { op: Op::Equal, left, right } => {
                let mut found = Vec::new();
                for (subject, word) in [(left, right), (right, left)] {
                    let value = self.engine.eval(sub(word), 0);
                    if let Some(Atom::Text(name)) = value.single() {
                        let word = self.engine.text(name).to_owned();
                        if word.len() > 1 && word.len() < 40 {
                            found.push((sub(subject), word));
                        }
                    }
                }
                found
            }
            Expr::Binary { op: Op::And | Op::Or, left, right } => {
                let mut found = self.comparisons(sub(left), depth + 1);
                found.extend(self.comparisons(sub(right), depth + 1));
                found
            }
            Expr::Any(list) => {
                let items: Vec<ExprId> = self.engine.program.ir(test.inst).list(list).collect();
                items.into_iter().flat_map(|item| self.comparisons(sub(item), depth + 1)).collect()
            }
            Expr::Unary { op: UnaryOp::Not, value } | Expr::Use(value) => self.comparisons(sub(value), depth + 1),
            _ => Vec::new(),
        }
    }

    /// Whether what a way begins with happens again and again: by timer, alarm, or a socket that stays open.
    fn is_repeated(&mut self, trail: u32) -> bool {
        let Some(first) = self.engine.way(trail).first().copied() else { return false };
        if self.engine.text(first.words).contains("from a server") {
            return true;
        }
        let program = self.engine.program;
        let mut at = first.at;
        for _ in 0..8 {
            let ir = program.ir(at.inst);
            let func = ir.func_of(at.expr);
            if func.0 == 0 {
                return false;
            }
            let callers = self.engine.callers(at.inst, func);
            let mut next = None;
            for caller in callers.iter() {
                use super::super::eval::Caller;
                match *caller {
                    Caller::Passed { call, .. } => {
                        let Expr::Call { callee, .. } = program.expr(call) else { continue };
                        let value = self.engine.eval(At { inst: call.inst, expr: callee }, 0);
                        let timed = value.atoms().iter().any(|atom| match *atom {
                            Atom::Host(host) => {
                                let path = self.engine.host_path(host);
                                path.ends_with("setInterval")
                                    || path.ends_with("setTimeout")
                                    || path.starts_with("chrome.alarms.onAlarm")
                            }
                            _ => false,
                        });
                        if timed {
                            return true;
                        }
                        next = Some(call);
                    }
                    Caller::Call { call, .. } => next = Some(call),
                    _ => {}
                }
            }
            match next {
                Some(next) => at = next,
                None => return false,
            }
        }
        false
    }

    // ------------------------------------------------------------------------------------------------- self-protection

    fn self_protection(&mut self) {
        for used in self.uses.clone() {
            let call = used.call;
            match used.path.as_str() {
                "chrome.tabs.remove"
                | "chrome.tabs.update"
                | "chrome.tabs.goBack"
                | "chrome.tabs.reload"
                | "chrome.tabs.discard"
                | "chrome.windows.remove" => {
                    let words = self.engine.condition_words(call);
                    let needle = words.iter().find(|word| {
                        ["://extensions", "chromewebstore.google", "chrome.google.com/webstore", "about:addons"]
                            .iter()
                            .any(|page| word.contains(page))
                    });
                    if let Some(needle) = needle.cloned() {
                        self.note("self-protection", "extension-pages", &needle, call);
                    }
                }
                "chrome.management.setEnabled" | "chrome.management.uninstall" if !self.starts_with_click(call) => {
                    self.note("self-protection", "management", &used.path, call);
                }
                "chrome.browsingData.removeCookies" if !self.starts_with_click(call) => {
                    self.note("self-protection", "wipes-cookies", &used.path, call);
                }
                "chrome.browsingData.remove" => {
                    let what = self.engine.argument(call, 1, 0);
                    let cookies = self.engine.members_named(&what, "cookies", call);
                    if cookies.atoms().contains(&Atom::Bool(true)) && !self.starts_with_click(call) {
                        self.note("self-protection", "wipes-cookies", &used.path, call);
                    }
                }
                "chrome.alarms.create" => {
                    let count = self.engine.argument_count(call);
                    let options = self.engine.argument(call, count.saturating_sub(1), 0);
                    let delay = self.engine.members_named(&options, "delayInMinutes", call);
                    if self.largest(&delay) >= LONG_MINUTES {
                        self.note("self-protection", "long-delay", &used.path, call);
                    }
                }
                "setTimeout" => {
                    let delay = self.engine.argument(call, 1, 0);
                    if self.largest(&delay) >= LONG_MINUTES * 60_000.0 {
                        self.note("self-protection", "long-delay", &used.path, call);
                    }
                }
                _ => {}
            }
        }
    }

    fn largest(&self, value: &Value) -> f64 {
        let numbers = value.atoms().iter().filter_map(|atom| match atom {
            Atom::Number(bits) => Some(f64::from_bits(*bits)),
            _ => None,
        });
        numbers.fold(0.0, f64::max)
    }

    /// Whether somebody is watching: a pause at `debugger`, a window smaller inside than outside.
    fn detection(&mut self) {
        let program = self.engine.program;
        for (unit, script) in program.units.iter().enumerate() {
            let ir = &script.ir;
            let Some(&inst) = program.by_unit[unit].first() else { continue };
            for &stop in &ir.stops {
                let span = ir.func(ir.func_at(stop)).span;
                let clocks = ir.exprs.iter().enumerate().filter(|(at, expr)| {
                    let start = ir.start(ExprId(*at as u32));
                    matches!(expr, Expr::Member { name, .. } if self.engine.text(*name) == "now")
                        && (span.0..span.1).contains(&start)
                });
                let clocks: Vec<usize> = clocks.map(|(at, _)| at).take(2).collect();
                if let [_, second] = clocks[..] {
                    self.note("self-protection", "devtools-detection", "debugger", At { inst, expr: ExprId(second as u32) });
                }
            }
            for (at, expr) in ir.exprs.iter().enumerate() {
                let Expr::Binary { op: Op::Sub, left, right } = *expr else { continue };
                let name = |expr: ExprId| match ir.expr(expr) {
                    Expr::Member { name, .. } | Expr::Global(name) => self.engine.text(name),
                    _ => "",
                };
                let compares =
                    matches!((name(left), name(right)), ("outerWidth", "innerWidth") | ("outerHeight", "innerHeight"));
                let used =
                    ir.parent(ExprId(at as u32)).is_some_and(|user| matches!(ir.expr(user), Expr::Binary { op: Op::Less, .. }));
                if compares && used {
                    self.note("self-protection", "devtools-detection", "outerWidth", At { inst, expr: ExprId(at as u32) });
                }
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------ mail hosts

    /// How many providers of mail the code names, apart from lists of hosts.
    fn mail_hosts(&mut self) {
        let program = self.engine.program;
        let mut providers: BTreeMap<&'static str, At> = BTreeMap::new();
        for (unit, script) in program.units.iter().enumerate() {
            let Some(&inst) = program.by_unit[unit].first() else { continue };
            let mut found: BTreeMap<&'static str, At> = BTreeMap::new();
            let mut hosts = 0;
            for (at, expr) in script.ir.exprs.iter().enumerate() {
                let text = match expr {
                    Expr::Text(name) => self.engine.text(*name).to_owned(),
                    Expr::Regex { pattern, .. } => self.engine.text(*pattern).replace('\\', ""),
                    _ => continue,
                };
                if !text.contains('.') || text.len() > 300 {
                    continue;
                }
                let Some(host) = super::state::host_in(&text) else { continue };
                hosts += 1;
                // "gmail.com" in a list of sign-in services is no page with mails.
                let names_pages = |known: &HostClass| !known.in_addresses || host != known.host || text.contains("://");
                if let Some(known) = host::classify(&host).filter(|known| known.class == Class::Mail && names_pages(known)) {
                    found.entry(known.provider).or_insert(At { inst, expr: ExprId(at as u32) });
                }
            }
            if hosts <= LIST_OF_HOSTS {
                for (provider, at) in found {
                    providers.entry(provider).or_insert(at);
                }
            }
        }
        if let Some(&at) = providers.values().next() {
            let names: Vec<&str> = providers.keys().copied().collect();
            self.note("mail-hosts", &names.len().to_string(), &names.join(" "), at);
        }
    }
}

/// Whether a call does something worth an order.
fn is_act(path: &str) -> bool {
    const QUIET: &[&str] = &[
        "chrome.runtime.getManifest",
        "chrome.runtime.getURL",
        "chrome.i18n",
        "chrome.storage",
        "chrome.action",
        "chrome.browserAction",
        "chrome.notifications",
        "chrome.declarativeNetRequest",
    ];
    (path.starts_with("chrome.") && !QUIET.iter().any(|quiet| path.starts_with(quiet)) && !path.ends_with("Listener"))
        || matches!(
            path,
            "fetch" | "XMLHttpRequest.send" | "WebSocket.send" | "eval" | "new Function" | "navigator.sendBeacon" | "open"
        )
}
