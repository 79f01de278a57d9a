//! Forward: where a function, or an object of the browser, is used, through whatever names.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::super::ir::{Expr, ExprId, FuncId, FuncKind, Key as PropKey, Prop, PropKind, SymbolId};
use super::super::names::Name;
use super::super::program::At;
use super::candidates::Sought;
use super::{Atom, Ctx, Engine, Via};

/// Places that are looked at to find the uses of one value.
const MAX_PLACES: usize = 400;
/// Places where a list of arguments is read that are looked at.
const MAX_LISTED: usize = 8;
/// Callers of one function that are kept.
pub(super) const MAX_CALLERS: usize = 32;
/// Searches within searches.
const MAX_SEEKING: u32 = 3;

/// One use of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// It is called, in the chain of calls given.
    Called(At, Ctx),
    /// It is an argument of a call to something that is no function of the scripts.
    Passed(At, usize, Ctx),
    /// It is a property of an object literal.
    Property(At, Name),
    /// A member of it is read.
    Member(At),
    /// It is put into a member.
    Stored(At),
}

/// Who calls a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A call.
    Call {
        /// The call.
        call: At,
        /// The chain of calls it was reached through.
        ctx: Ctx,
        /// How its arguments become parameters.
        via: Via,
    },
    /// Whoever is called with it as an argument.
    Passed {
        /// The call.
        call: At,
        /// Which argument.
        index: usize,
        /// The chain of calls it was reached through.
        ctx: Ctx,
    },
    /// Whoever is called with an object that holds it.
    Option {
        /// The object literal.
        object: At,
        /// The property.
        name: Name,
    },
    /// The browser, for `onclick` and the like: the assignment.
    Handler {
        /// The assignment.
        assign: At,
    },
    /// Whoever assigns to the member that it is the setter of.
    Set {
        /// The assignment.
        assign: At,
        /// The chain of calls it was reached through.
        ctx: Ctx,
    },
}

/// A search for uses.
struct Search {
    /// What is looked for.
    wanted: Atom,
    places: usize,
    seen: FxHashSet<(At, Ctx)>,
    found: Vec<Use>,
}

impl Engine<'_, '_> {
    /// Whether there may be one more search within those that are under way.
    pub(super) fn may_seek(&self) -> bool {
        self.seeking < MAX_SEEKING
    }

    /// Every use of the value that an expression gives; `wanted` tells it from others where names are shared.
    pub fn uses(&mut self, at: At, wanted: Atom) -> Vec<Use> {
        if !self.may_seek() {
            return Vec::new();
        }
        self.seeking += 1;
        let mut search = Search { wanted, places: 0, seen: FxHashSet::default(), found: Vec::new() };
        self.follow(at, 0, &mut search, 0);
        self.seeking -= 1;
        search.found
    }

    fn follow(&mut self, at: At, ctx: Ctx, search: &mut Search, depth: u32) {
        search.places += 1;
        // To look at a place costs much less than to answer a question.
        self.looked_at += 1;
        self.steps += u64::from(self.looked_at.is_multiple_of(8));
        if search.places > MAX_PLACES || depth > 40 || self.level >= super::MAX_LEVEL || !search.seen.insert((at, ctx)) {
            return;
        }
        self.level += 1;
        self.follow_users(at, ctx, search, depth + 1);
        self.level -= 1;
    }

    fn follow_users(&mut self, at: At, ctx: Ctx, search: &mut Search, depth: u32) {
        let ir = self.ir(at.inst);
        let users: Vec<ExprId> = ir.uses(at.expr).collect();
        if users.is_empty() || !ir.exports.is_empty() {
            self.follow_exports(at, search, depth);
        }
        for user in users {
            let user_at = At { inst: at.inst, expr: user };
            match ir.expr(user) {
                Expr::Call { callee, .. } | Expr::New { callee, .. } if callee == at.expr => {
                    search.found.push(Use::Called(user_at, ctx));
                }
                Expr::Call { callee, args } | Expr::New { callee, args } => {
                    let Some(index) = ir.list(args).position(|arg| arg == at.expr) else { continue };
                    self.follow_argument(At { inst: at.inst, expr: callee }, user_at, index, ctx, search, depth);
                }
                Expr::Member { object, .. } | Expr::Index { object, .. } if object == at.expr => {
                    search.found.push(Use::Member(user_at));
                }
                Expr::Write { symbol, .. } => {
                    self.follow_symbol(at.inst, symbol, ctx, search, depth);
                    self.follow(user_at, ctx, search, depth);
                }
                Expr::Assign { target, value } if value == at.expr => {
                    search.found.push(Use::Stored(user_at));
                    match ir.expr(target) {
                        Expr::Member { name, .. } => self.follow_members(at.inst, name, search, depth),
                        Expr::Global(name) => self.follow_global(at.inst, name, search, depth),
                        _ => {}
                    }
                    self.follow(user_at, ctx, search, depth);
                }
                Expr::Object { first, count } => {
                    let Some(prop) = ir.props(first, count).iter().find(|prop| prop.value == at.expr) else { continue };
                    match prop.key {
                        PropKey::Name(name) => {
                            search.found.push(Use::Property(user_at, name));
                            self.follow_members(at.inst, name, search, depth);
                        }
                        PropKey::Spread => self.follow(user_at, ctx, search, depth),
                        PropKey::Computed(_) => {}
                    }
                }
                Expr::Array(list) => {
                    let Some(index) = ir.list(list).position(|item| item == at.expr) else { continue };
                    self.follow_listed(user_at, index, ctx, search, depth);
                }
                Expr::Any(_) | Expr::Use(_) | Expr::Await(_) | Expr::Binary { .. } | Expr::Spread(_) => {
                    self.follow(user_at, ctx, search, depth);
                }
                Expr::Return { func, .. } if func.0 != 0 => {
                    if depth > 24 {
                        continue;
                    }
                    for caller in self.callers(at.inst, func).iter().take(12) {
                        if let Caller::Call { call, ctx, .. } = *caller {
                            self.follow(call, ctx, search, depth);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// An argument becomes a parameter of every function that may be called.
    fn follow_argument(&mut self, callee: At, call: At, index: usize, ctx: Ctx, search: &mut Search, depth: u32) {
        let value = self.eval(callee, ctx);
        let mut local = false;
        for atom in value.atoms() {
            let (target, outer, via) = match *atom {
                Atom::Function(target, outer) => (target, outer, Via::Plain),
                Atom::Class(target, outer) => (target, outer, Via::New),
                _ => continue,
            };
            let ir = self.ir(target.inst);
            let func = match ir.expr(target.expr) {
                Expr::Function(func) => func,
                Expr::Class(class) => match ir.classes.get(class.index()).and_then(|class| class.constructor) {
                    Some(func) => func,
                    None => continue,
                },
                _ => continue,
            };
            local = true;
            let Some(&symbol) = ir.func(func).params.get(index) else { continue };
            if symbol.0 == u32::MAX {
                continue;
            }
            let entered = self.enter(target.inst, func, call, via, ctx, outer);
            self.follow_symbol(target.inst, symbol, entered, search, depth);
        }
        if !local || value.atoms().iter().any(|atom| matches!(atom, Atom::Host(_))) {
            search.found.push(Use::Passed(call, index, ctx));
        }
    }

    /// `f.apply(this, [a, callback])`: a list of arguments, written where it is used or right before.
    fn follow_listed(&mut self, list: At, index: usize, ctx: Ctx, search: &mut Search, depth: u32) {
        let ir = self.ir(list.inst);
        let mut places = vec![list.expr];
        for user in ir.uses(list.expr) {
            if let Expr::Write { symbol, .. } = ir.expr(user) {
                places.extend(ir.reads(symbol));
            }
        }
        for place in places.into_iter().take(MAX_LISTED) {
            for user in ir.uses(place) {
                let Expr::Call { callee, .. } = ir.expr(user) else { continue };
                let callee = At { inst: list.inst, expr: callee };
                let Expr::Member { object, name } = ir.expr(callee.expr) else { continue };
                if self.text(name) != "apply" {
                    continue;
                }
                let call = At { inst: list.inst, expr: user };
                let function = match self.indirect(call, ctx) {
                    Some((function, _)) => function,
                    None => At { inst: list.inst, expr: object },
                };
                self.follow_argument(function, call, index, ctx, search, depth);
            }
        }
    }

    fn follow_symbol(&mut self, inst: u32, symbol: SymbolId, ctx: Ctx, search: &mut Search, depth: u32) {
        let ir = self.ir(inst);
        for &read in ir.reads(symbol) {
            let ctx = self.lexical(ctx, inst, ir.func_of(read));
            self.follow(At { inst, expr: read }, ctx, search, depth);
        }
        if let Some(declared) = ir.symbol(symbol).filter(|declared| declared.top && !ir.module) {
            self.follow_global(inst, declared.name, search, depth);
        }
    }

    /// Other scripts of the realm that read a global name, and `window.name`.
    fn follow_global(&mut self, inst: u32, name: Name, search: &mut Search, depth: u32) {
        let program = self.program;
        let realm = program.instances[inst as usize].realm;
        for &(unit, expr) in program.globals.get(&name).into_iter().flatten().take(MAX_PLACES) {
            for &other in &program.by_unit[unit as usize] {
                if program.instances[other as usize].realm == realm {
                    self.follow(At { inst: other, expr }, 0, search, depth);
                }
            }
        }
        if depth < 8 && program.reads.get(&name).is_some_and(|reads| reads.len() < 40) {
            self.follow_members(inst, name, search, depth);
        }
    }

    /// Members of a name that give the value looked for.
    fn follow_members(&mut self, inst: u32, name: Name, search: &mut Search, depth: u32) {
        if !self.program.reads.contains_key(&name) {
            return;
        }
        for (member, _) in self.concerned(inst, Sought::Read(name), search.wanted, 0).places {
            self.follow(member, 0, search, depth);
        }
    }

    fn follow_exports(&mut self, at: At, search: &mut Search, depth: u32) {
        use super::super::ir::Export;
        let program = self.program;
        let ir = self.ir(at.inst);
        let unit = program.instances[at.inst as usize].unit;
        for export in &ir.exports {
            let Export::Value { name, value } = *export else { continue };
            if value != at.expr {
                continue;
            }
            if program.loaded_later.contains(&unit) {
                self.follow_members(at.inst, name, search, depth);
            }
            for &(number, import) in program.importers.get(&program.units[unit as usize].file).into_iter().flatten() {
                let Some(inst) = program.beside(number, at.inst) else { continue };
                let import = &program.units[number as usize].ir.imports[import as usize];
                let Some(symbol) = import.symbol else { continue };
                match import.name {
                    Some(imported) if imported == name => self.follow_symbol(inst, symbol, 0, search, depth),
                    Some(_) => {}
                    None => self.follow_members(inst, name, search, depth),
                }
            }
        }
    }

    /// Everything that may call a function.
    pub fn callers(&mut self, inst: u32, func: FuncId) -> Rc<[Caller]> {
        if let Some(known) = self.callers.get(&(inst, func)) {
            return known.clone();
        }
        // While it is being looked for it has none.
        self.callers.insert((inst, func), Rc::from([]));
        let ir = self.ir(inst);
        let declared = ir.func(func);
        if declared.expr == super::super::ir::NONE || !self.may_seek() {
            if !self.may_seek() {
                self.callers.remove(&(inst, func));
            }
            return Rc::from([]);
        }
        let at = match declared.class {
            Some(_) if declared.kind == FuncKind::Constructor => self.class_of(inst, func),
            _ => At { inst, expr: declared.expr },
        };
        let is_class = matches!(ir.expr(at.expr), Expr::Class(_));
        let wanted = if is_class { Atom::Class(at, 0) } else { Atom::Function(at, 0) };
        let mut callers = Vec::new();
        let mut uses = self.uses(at, wanted);
        if let Some(class) = declared.class.filter(|_| !is_class) {
            uses.extend(self.method_uses(inst, class, at));
        }
        for found in uses {
            if callers.len() >= MAX_CALLERS {
                break;
            }
            match found {
                Use::Called(call, ctx) => {
                    let via = if matches!(self.program.expr(call), Expr::New { .. }) { Via::New } else { Via::Plain };
                    callers.push(Caller::Call { call, ctx, via });
                }
                Use::Passed(call, index, ctx) => {
                    let how = if index == 0 { self.first_called(call) } else { None };
                    callers.push(match how {
                        Some(how) => Caller::Call { call, ctx, via: Via::Indirect(how) },
                        None => Caller::Passed { call, index, ctx },
                    });
                }
                Use::Property(object, name) => callers.push(Caller::Option { object, name }),
                Use::Stored(assign) => callers.push(Caller::Handler { assign }),
                Use::Member(member) => self.indirect_callers(member, &mut callers),
            }
        }
        if declared.kind == FuncKind::Method {
            callers.extend(self.set_by(inst, func).into_iter().map(|(assign, ctx)| Caller::Set { assign, ctx }));
        }
        for caller in self.computed.get(&(inst, func)).into_iter().flatten() {
            if !callers.contains(caller) {
                callers.push(*caller);
            }
        }
        // super(...) calls the constructor too.
        callers.dedup();
        let callers: Rc<[Caller]> = callers.into();
        self.callers.insert((inst, func), callers.clone());
        callers
    }

    /// Assignments to the member that a function is the setter of, where it is one.
    fn set_by(&mut self, inst: u32, func: FuncId) -> Vec<(At, Ctx)> {
        let ir = self.ir(inst);
        let declared = ir.func(func);
        let is_it = |prop: &&Prop| prop.value == declared.expr && prop.kind == PropKind::Setter;
        let (prop, holder) = match declared.class {
            Some(class) => {
                let Some(class) = ir.classes.get(class.index()) else { return Vec::new() };
                let at = At { inst, expr: class.expr };
                let prop = class.members.iter().find(is_it);
                (prop, if declared.fixed { Atom::Class(at, 0) } else { Atom::Instance(at, 0) })
            }
            None => {
                let Some(user) = ir.parent(declared.expr) else { return Vec::new() };
                let Expr::Object { first, count } = ir.expr(user) else { return Vec::new() };
                (ir.props(first, count).iter().find(is_it), Atom::Object(At { inst, expr: user }, 0))
            }
        };
        match prop.map(|prop| prop.key) {
            Some(PropKey::Name(name)) if self.program.writes.contains_key(&name) => {
                let mut found = self.concerned(inst, Sought::Written(name), holder, 0).places;
                found.truncate(MAX_CALLERS);
                found
            }
            _ => Vec::new(),
        }
    }

    /// Uses of a method of a class: members of its name on instances.
    fn method_uses(&mut self, inst: u32, class: super::super::ir::ClassId, func: At) -> Vec<Use> {
        let ir = self.ir(inst);
        let Some(declared) = ir.classes.get(class.index()) else { return Vec::new() };
        let Some(member) = declared.members.iter().find(|member| member.value == func.expr) else { return Vec::new() };
        let PropKey::Name(name) = member.key else { return Vec::new() };
        if !self.may_seek() {
            return Vec::new();
        }
        self.seeking += 1;
        let mut search = Search { wanted: Atom::Function(func, 0), places: 0, seen: FxHashSet::default(), found: Vec::new() };
        self.follow_members(inst, name, &mut search, 0);
        self.seeking -= 1;
        search.found
    }

    /// Calls of a parameter or other name: what is called where the name is called.
    pub(super) fn calls_of_symbol(&mut self, inst: u32, symbol: SymbolId) -> Vec<Use> {
        if !self.may_seek() || symbol.0 == u32::MAX {
            return Vec::new();
        }
        self.seeking += 1;
        let mut search = Search { wanted: Atom::Unknown, places: 0, seen: FxHashSet::default(), found: Vec::new() };
        self.follow_symbol(inst, symbol, 0, &mut search, 0);
        self.seeking -= 1;
        search.found
    }
}
