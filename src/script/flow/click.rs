//! Whether a click of the person starts something.

use rustc_hash::FxHashMap;

use super::super::analysis::World;
use super::super::eval::{Atom, Caller};
use super::super::ir::Expr;
use super::super::program::At;
use super::Examiner;

/// Events of the browser that a person makes happen on purpose, on the extension's own buttons and menus.
const OWN_EVENTS: &[&str] = &[
    "chrome.action.onClicked",
    "chrome.browserAction.onClicked",
    "chrome.pageAction.onClicked",
    "chrome.contextMenus.onClicked",
    "chrome.commands.onCommand",
    "chrome.notifications.onClicked",
    "chrome.notifications.onButtonClicked",
    "chrome.omnibox.onInputEntered",
    "chrome.contextMenus.create",
];
/// Events of a button.
const BUTTON_EVENTS: &[&str] =
    &["click", "dblclick", "mousedown", "mouseup", "pointerdown", "pointerup", "touchstart", "auxclick"];
/// Events of a page that has been opened.
const OPENING: &[&str] = &["DOMContentLoaded", "load", "pageshow"];
/// Functions around functions that are looked at.
const MAX_DEPTH: u32 = 10;

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Clicks {
    known: FxHashMap<At, bool>,
    /// Some script clicks by itself.
    scripted: Option<bool>,
    /// Only a press on the extension's icon opens the popup.
    popup: Option<bool>,
}

impl Examiner<'_, '_, '_> {
    /// Whether everything that leads to a place begins with a click.
    pub(super) fn starts_with_click(&mut self, at: At) -> bool {
        if let Some(&known) = self.clicks.known.get(&at) {
            return known;
        }
        self.clicks.known.insert(at, true);
        let is = self.all_ways(at, 0) == Some(true);
        self.clicks.known.insert(at, is);
        is
    }

    /// `Some(true)`: only clicks lead there; `Some(false)`: something else does; `None`: nothing is known to.
    fn all_ways(&mut self, at: At, depth: u32) -> Option<bool> {
        if depth > MAX_DEPTH {
            return Some(false);
        }
        let ir = self.engine.program.ir(at.inst);
        let func = ir.func_of(at.expr);
        if func.0 == 0 {
            return Some(self.is_opened_popup(at));
        }
        let callers = self.engine.callers(at.inst, func);
        let mut any = None;
        for caller in callers.iter() {
            let way = match *caller {
                Caller::Call { call, .. } => self.all_ways(call, depth + 1),
                Caller::Passed { call, .. } => self.listened(call, at, depth),
                Caller::Option { object, .. } => self.all_ways(object, depth + 1).filter(|click| *click),
                Caller::Handler { assign } => self.handled(assign, depth),
                Caller::Set { assign, .. } => self.all_ways(assign, depth + 1),
            };
            match way {
                Some(true) => any = Some(true),
                Some(false) => return Some(false),
                None => {}
            }
        }
        any
    }

    /// Whether a script runs because somebody has pressed the extension's icon, which opens the popup.
    fn is_opened_popup(&mut self, at: At) -> bool {
        if self.engine.world(at) != World::Popup {
            return false;
        }
        let (package, manifest) = (self.input.package, self.input.manifest);
        let popup = || manifest.and_then(|manifest| manifest.popup.as_deref());
        *self.clicks.popup.get_or_insert_with(|| popup().is_some_and(|popup| !package.may_open_popup(popup)))
    }

    fn listened(&mut self, call: At, from: At, depth: u32) -> Option<bool> {
        let Expr::Call { callee, .. } = self.engine.program.expr(call) else {
            // new Promise(f) runs f at once.
            return self.all_ways(call, depth + 1);
        };
        let callee = At { inst: call.inst, expr: callee };
        let value = self.engine.eval(callee, 0);
        for atom in value.atoms() {
            let Atom::Host(host) = *atom else { continue };
            let path = self.engine.host_path(host).to_owned();
            if let Some(event) = path.strip_suffix(".addListener") {
                if OWN_EVENTS.contains(&event) {
                    return Some(true);
                }
                if event == "chrome.runtime.onMessage" {
                    return Some(self.sent_by_click(from, depth));
                }
                return Some(false);
            }
            if path == "chrome.contextMenus.create" {
                return Some(true);
            }
            if path.ends_with("setInterval") {
                return Some(false);
            }
        }
        if let Expr::Member { object, name } = self.engine.program.expr(callee) {
            let name = self.engine.text(name).to_owned();
            let events: Vec<String> = match name.as_str() {
                "addEventListener" | "on" | "bind" => {
                    let event = self.engine.argument(call, 0, 0);
                    event
                        .texts()
                        .flat_map(|text| self.engine.text(text).split_whitespace().map(str::to_owned).collect::<Vec<_>>())
                        .collect()
                }
                _ => Vec::new(),
            };
            if !events.is_empty() {
                let buttons = events.iter().all(|event| BUTTON_EVENTS.contains(&event.as_str()));
                return match buttons && self.is_own_button(At { inst: call.inst, expr: object }) && !self.clicks_itself() {
                    true => Some(true),
                    false if events.iter().all(|event| OPENING.contains(&event.as_str())) && self.is_opened_popup(call) => {
                        self.all_ways(call, depth + 1)
                    }
                    // Answers of requests and the like are part of what began them.
                    false
                        if events.iter().all(|event| {
                            matches!(event.as_str(), "load" | "loadend" | "readystatechange" | "error" | "open" | "progress")
                        }) && !self.is_window(At { inst: call.inst, expr: object }) =>
                    {
                        self.all_ways(call, depth + 1)
                    }
                    false => Some(false),
                };
            }
        }
        if let Expr::Global(name) = self.engine.program.expr(callee)
            && self.engine.text(name) == "addEventListener"
        {
            return Some(false);
        }
        self.all_ways(call, depth + 1)
    }

    fn handled(&mut self, assign: At, depth: u32) -> Option<bool> {
        let Expr::Assign { target, .. } = self.engine.program.expr(assign) else { return Some(false) };
        let Expr::Member { object, name } = self.engine.program.expr(At { inst: assign.inst, expr: target }) else {
            return Some(false);
        };
        let event = self.engine.text(name).to_owned();
        let event = event.strip_prefix("on")?;
        if BUTTON_EVENTS.contains(&event) {
            return Some(self.is_own_button(At { inst: assign.inst, expr: object }) && !self.clicks_itself());
        }
        if matches!(event, "load" | "loadend" | "readystatechange" | "error" | "open" | "success" | "progress") {
            return self.all_ways(assign, depth + 1);
        }
        Some(false)
    }

    /// A button that the script put into the page, or one of the extension's own page.
    fn is_own_button(&mut self, object: At) -> bool {
        let world = self.engine.world(object);
        let value = self.engine.eval(object, 0);
        if !world.in_pages() {
            return !self.is_window(object);
        }
        value.atoms().iter().any(|atom| match *atom {
            Atom::Host(host) => {
                let host = self.engine.host(host);
                host.site.is_some_and(|(site, _)| self.makes_element(site))
            }
            _ => false,
        })
    }

    fn makes_element(&self, site: At) -> bool {
        let program = self.engine.program;
        match program.expr(site) {
            Expr::New { .. } => self.engine.makes_element(site),
            Expr::Call { callee, .. } => match program.expr(At { inst: site.inst, expr: callee }) {
                Expr::Member { object, name } => match self.engine.text(name) {
                    "createElement" | "createElementNS" | "attachShadow" => true,
                    // button.querySelector(...) of something made.
                    "querySelector" | "getElementById" | "appendChild" => {
                        match program.expr(At { inst: site.inst, expr: object }) {
                            Expr::Local(symbol) => {
                                let ir = program.ir(site.inst);
                                ir.writes(symbol).iter().any(|&value| {
                                    matches!(ir.expr(value), Expr::Call { .. })
                                        && value != site.expr
                                        && self.makes_element(At { inst: site.inst, expr: value })
                                })
                            }
                            _ => false,
                        }
                    }
                    _ => false,
                },
                _ => false,
            },
            _ => false,
        }
    }

    fn is_window(&mut self, object: At) -> bool {
        let value = self.engine.eval(object, 0);
        value
            .atoms()
            .iter()
            .any(|atom| matches!(atom, Atom::Host(host) if matches!(self.engine.host_path(*host), "" | "document")))
            || value.atoms().iter().all(|atom| matches!(atom, Atom::Unknown))
                && matches!(self.engine.program.expr(object), Expr::Global(_))
    }

    /// Whether some script presses buttons by itself: `button.click()`, `dispatchEvent(new MouseEvent("click"))`.
    fn clicks_itself(&mut self) -> bool {
        if let Some(known) = self.clicks.scripted {
            return known;
        }
        let program = self.engine.program;
        let clicks = |name: &str| {
            let Some(name) = self.engine.names.find(name) else { return false };
            program.reads.get(&name).into_iter().flatten().any(|&(unit, member)| {
                let ir = &program.units[unit as usize].ir;
                let called = ir.parent(member).is_some_and(
                    |call| matches!(ir.expr(call), Expr::Call { callee, args } if callee == member && ir.list(args).len() == 0),
                );
                // link.click() on a link that was made is how files are saved.
                let Expr::Member { object, .. } = ir.expr(member) else { return false };
                called && !self.is_link(ir, object)
            })
        };
        let scripted =
            clicks("click") || self.engine.names.find("MouseEvent").is_some_and(|name| program.globals.contains_key(&name));
        self.clicks.scripted = Some(scripted);
        scripted
    }

    fn is_link(&self, ir: &super::super::ir::Ir, object: super::super::ir::ExprId) -> bool {
        let Expr::Local(symbol) = ir.expr(object) else { return false };
        ir.writes(symbol).iter().any(|&value| match ir.expr(value) {
            Expr::Call { args, .. } => ir.item(args, 0).is_some_and(
                |arg| matches!(ir.expr(arg), Expr::Text(name) if self.engine.text(name).eq_ignore_ascii_case("a")),
            ),
            _ => false,
        })
    }

    /// Whether the messages that lead to a place are sent by clicks.
    fn sent_by_click(&mut self, at: At, depth: u32) -> bool {
        let senders = self.engine.message_senders(at);
        !senders.is_empty() && senders.into_iter().all(|sender| self.all_ways(sender, depth + 1) == Some(true))
    }
}
