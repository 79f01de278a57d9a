//! Where does this value come from?
//!
//! Nothing is computed in advance: a question about an expression is answered by asking what it is made of, backward, until
//! constants, functions, objects of the browser or sources are met. Answers are kept. Calls are told apart by the chain of
//! calls they were reached through ([`Frame`]), as far as the expression lies in the functions called; so a helper that is
//! called with an address and a text keeps each address with its text.
//!
//! A question that is asked again while it is being answered gets nothing, and what was answered on the way is forgotten when
//! the outermost answer is there, so that it is worked out again with all of it: cycles end, and the order of questions hardly
//! matters. Each answer is forgotten a few times only, and a function is told apart by a bounded number of ways to reach it:
//! without either bound, the work on large bundles would grow with the square of their size. Steps are counted.

mod builtin;
mod call;
mod callers;
mod channel;
mod host;
mod member;
mod memo;
mod modules;
mod text;
mod value;

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::analysis::{Stop, World};
use super::ir::{Expr, ExprId, FuncId, Ir, List, Op, SymbolId, SymbolKind, UnaryOp};
use super::names::{Name, Names};
use super::program::{At, Program, resolve};
use super::table::{TABLE, Table};

use memo::Memo;

pub use callers::{Caller, Use};
pub use channel::MAX_SENDERS;
pub use host::{Host, OWN_HOST, OWN_PAGE};
pub use value::{Atom, HOLE, Set, Value};

/// Questions within questions.
const MAX_LEVEL: u32 = 220;
/// Steps between two looks at the time: some milliseconds.
const ASK_EVERY: u64 = 1_000;
/// Calls within calls that are told apart.
const MAX_FRAMES: u8 = 7;
/// Chains of calls into one function that are told apart; above that only the call itself is.
const MAX_CHAINS: u32 = 40;
/// Calls of one function that are told apart; above that it is one place for all.
const MAX_CALLS: u32 = 400;
/// How often an answer that was found within a cycle is forgotten before it stays.
const MAX_FORGOTTEN: u8 = 1;
/// Writes of one name that are followed.
const MAX_WRITES: usize = 64;

/// Libraries that are known without their files, and what they are to the analysis.
const LIBRARIES: &[(&str, &str)] = &[
    ("webextension-polyfill", "chrome"),
    ("webextension-polyfill-ts", "chrome"),
    ("browser-polyfill", "chrome"),
    ("jquery", "$"),
    ("axios", "axios"),
    ("ky", "ky"),
    ("superagent", "superagent"),
    ("html2canvas", "html2canvas"),
    ("lz-string", "LZString"),
    ("crypto-js", "CryptoJS"),
    ("pako", "pako"),
];

/// A chain of calls, in the table of frames; 0 is none.
pub type Ctx = u32;

/// A call that a function was entered through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The function.
    pub inst: u32,
    /// The function.
    pub func: FuncId,
    /// The call.
    pub call: At,
    /// How its arguments become parameters.
    pub via: Via,
    /// The calls that the call itself was reached through.
    pub caller: Ctx,
    /// The calls that the functions around this one were entered through.
    pub outer: Ctx,
    /// How many calls deep.
    pub depth: u8,
}

/// How the arguments of a call become parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// One by one.
    Plain,
    /// One by one, with a new object.
    New,
    /// `f.call(this, a, b)`.
    Call,
    /// `f.apply(this, [a, b])`.
    Apply,
    /// The arguments are known values, in the table of lists.
    Values(u32),
    /// Through a bound function.
    Bound(u32),
}

/// A bound function: the target's callee value and the arguments it was bound with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bound {
    /// What was bound.
    target: Atom,
    /// The call of `bind`: its first argument is `this`.
    call: At,
    ctx: Ctx,
}

/// Where data worth following was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// What it is: `mail.text`.
    pub kind: Name,
    /// Where.
    pub at: At,
    /// Whose it is, or for fetched text the host it came from.
    pub provider: Name,
    /// It says little on its own.
    pub weak: bool,
}

/// One step of the way that data took.
#[derive(Clone, Copy, Debug)]
pub struct TrailStep {
    /// The step before; itself for the first.
    pub before: u32,
    /// Where.
    pub at: At,
    /// In words.
    pub words: Name,
    /// How many there are.
    pub length: u8,
}

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Expr(At, Ctx),
    Symbol(u32, SymbolId, Ctx),
    Returns(u32, FuncId, Ctx),
    Property(Atom, Name),
    Elements(Atom),
    This(u32, FuncId, Ctx),
    Message(u32),
    Exported(u32, Name),
}

#[derive(Clone, Debug)]
enum Slot {
    Open(u32),
    Done(Value),
    /// Was answered within a cycle, and has to be worked out again: how often so far.
    Forgotten(u8),
}

/// What was answered while all senders of messages were heard: no answers where only one is.
pub struct Answers(Memo);

/// Names that the analysis itself asks for.
pub(super) struct Known {
    pub prototype: Name,
    pub length: Name,
    pub default: Name,
    pub chrome: Name,
    pub browser: Name,
}

/// Answers questions about one extension's scripts.
pub struct Engine<'p, 'a> {
    /// The scripts.
    pub program: &'p Program<'a>,
    /// All strings, those of the scripts and those that come out of them.
    pub names: Names,
    /// Sources, sinks, types.
    pub table: &'static Table,
    /// Steps taken.
    pub steps: u64,
    /// Steps that may be taken in all.
    budget: u64,
    /// Says when to stop, and the step at which to ask it again.
    stop: Option<Stop<'p>>,
    ask_at: u64,
    /// Steps after which questions are refused until [`Engine::allow`] is called again.
    ceiling: u64,
    /// A question was refused since the last [`Engine::allow`].
    refused: bool,
    /// A question was refused at some time.
    incomplete: bool,
    /// Places looked at in searches for uses.
    looked_at: u64,
    pub(super) known: Known,
    memo: Memo,
    /// Answers found within a cycle, and how often each was forgotten before.
    provisional: Vec<(Key, u8)>,
    level: u32,
    low: u32,
    frames: Vec<Frame>,
    frame_ids: FxHashMap<Frame, Ctx>,
    /// How many chains of calls into each function are told apart.
    chains: FxHashMap<(u32, FuncId), u32>,
    /// Arrays: their elements, and whether there may be any number of them.
    lists: Vec<(Rc<[Value]>, bool)>,
    /// Object literals without the members that destructuring took out of them.
    withouts: Vec<(Atom, Rc<[Name]>)>,
    bounds: Vec<Bound>,
    bound_ids: FxHashMap<Bound, u32>,
    hosts: Vec<Host>,
    host_ids: FxHashMap<Host, u32>,
    host_members: FxHashMap<(Name, Name), Name>,
    /// What the table says of the paths that were asked for.
    leads: FxHashMap<Name, Option<host::Lead>>,
    /// Origins of data.
    pub origins: Vec<Origin>,
    origin_ids: FxHashMap<Origin, u32>,
    trails: Vec<TrailStep>,
    messages: Vec<channel::Message>,
    message_ids: FxHashMap<channel::Message, u32>,
    senders: channel::Senders,
    /// The one sender that scripts of a realm hear, where the others are left out.
    heard: Option<channel::Heard>,
    callers: FxHashMap<(u32, FuncId), Rc<[Caller]>>,
    /// Modules of bundles.
    modules: modules::Modules,
    /// Callers that only values tell.
    computed: FxHashMap<(u32, FuncId), Vec<Caller>>,
    pub(super) realm_facts: Vec<host::RealmFacts>,
    pub(super) injected: Vec<(u32, FuncId, At)>,
    /// Depth of callers that are being looked for.
    seeking: u32,
}

impl<'p, 'a> Engine<'p, 'a> {
    /// An engine over linked scripts.
    pub fn new(program: &'p Program<'a>, mut names: Names, budget: u64, stop: Option<Stop<'p>>) -> Self {
        let known = Known {
            prototype: names.add("prototype"),
            length: names.add("length"),
            default: names.add("default"),
            chrome: names.add("chrome"),
            browser: names.add("browser"),
        };
        let none = At { inst: 0, expr: ExprId(u32::MAX) };
        let root = Frame { inst: u32::MAX, func: FuncId(0), call: none, via: Via::Plain, caller: 0, outer: 0, depth: 0 };
        let mut engine = Engine {
            program,
            names,
            table: &TABLE,
            steps: 0,
            budget,
            stop,
            ask_at: 0,
            ceiling: budget,
            refused: false,
            incomplete: false,
            looked_at: 0,
            known,
            memo: Memo::new(program),
            provisional: Vec::new(),
            level: 0,
            low: u32::MAX,
            frames: vec![root],
            frame_ids: FxHashMap::default(),
            chains: FxHashMap::default(),
            lists: Vec::new(),
            withouts: Vec::new(),
            bounds: Vec::new(),
            bound_ids: FxHashMap::default(),
            hosts: Vec::new(),
            host_ids: FxHashMap::default(),
            host_members: FxHashMap::default(),
            leads: FxHashMap::default(),
            origins: Vec::new(),
            origin_ids: FxHashMap::default(),
            trails: vec![TrailStep { before: 0, at: none, words: Name::EMPTY, length: 0 }],
            messages: Vec::new(),
            message_ids: FxHashMap::default(),
            senders: channel::Senders::default(),
            heard: None,
            callers: FxHashMap::default(),
            modules: modules::Modules::default(),
            computed: FxHashMap::default(),
            realm_facts: Vec::new(),
            injected: Vec::new(),
            seeking: 0,
        };
        engine.realm_facts = engine.classify_realms();
        engine
    }

    /// Forgets what was answered so far: after the senders of messages are known, answers change.
    pub fn forget(&mut self) {
        self.memo.take();
        self.callers.clear();
    }

    /// From here on the scripts of a realm hear one sender only, or none. Gives what was answered before, for [`Engine::hear_all`].
    pub fn hear(&mut self, realm: u32, sender: Option<(At, Ctx)>) -> Answers {
        self.heard = Some(channel::Heard { realm, sender });
        Answers(self.memo.take())
    }

    /// All senders are heard again.
    pub fn hear_all(&mut self, before: Answers) {
        self.heard = None;
        self.memo = before.0;
    }

    /// Allows so many steps from here on, of those that are left in all. Answers that lack what was refused are forgotten, so
    /// that nothing which uses up one allowance hides what the next one would have found.
    pub fn allow(&mut self, steps: u64) {
        self.ceiling = self.steps.saturating_add(steps).min(self.budget);
        if std::mem::take(&mut self.refused) {
            self.forget();
        }
    }

    /// Steps that are left in all.
    pub fn left(&self) -> u64 {
        self.budget.saturating_sub(self.steps)
    }

    /// Whether the allowed steps are used up.
    pub fn is_exhausted(&self) -> bool {
        self.steps >= self.ceiling
    }

    /// Whether a question was refused because the steps were used up.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// Whether it was told to stop. No step is left then.
    pub fn is_stopped(&self) -> bool {
        self.budget == 0
    }

    /// Asks now and then whether to stop.
    fn look_at_the_time(&mut self) {
        if self.steps < self.ask_at {
            return;
        }
        self.ask_at = self.steps + ASK_EVERY;
        if self.stop.is_some_and(|stop| stop()) {
            (self.budget, self.ceiling) = (0, 0);
        }
    }

    /// The text of a name.
    pub fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }

    pub(super) fn ir(&self, inst: u32) -> &'p Ir {
        self.program.ir(inst)
    }

    /// What an expression may be.
    pub fn eval(&mut self, at: At, ctx: Ctx) -> Value {
        // What needs no memory needs no step.
        match self.program.expr(at) {
            Expr::Text(name) => return Atom::Text(name).into(),
            Expr::Number(index) => {
                let value = self.ir(at.inst).numbers.get(index as usize).copied().unwrap_or(0.0);
                return Atom::number(value).into();
            }
            Expr::Bool(value) => return Atom::Bool(value).into(),
            Expr::Undefined | Expr::Null => return Atom::Nothing.into(),
            Expr::Unknown => return Value::unknown(),
            Expr::Use(inner) | Expr::Await(inner) | Expr::Return { value: inner, .. } | Expr::Write { value: inner, .. } => {
                // Conditions around the outer place hold, those around the inner may not.
                let value = self.eval(At { inst: at.inst, expr: inner }, ctx);
                return self.refine(value, at);
            }
            Expr::Function(_) => {
                let outer = self.ir(at.inst).func_of(at.expr);
                return Atom::Function(at, self.lexical(ctx, at.inst, outer)).into();
            }
            Expr::Object { .. } | Expr::Array(_) => {
                let outer = self.ir(at.inst).func_of(at.expr);
                return Atom::Object(at, self.lexical(ctx, at.inst, outer)).into();
            }
            _ => {}
        }
        self.ask(Key::Expr(at, ctx))
    }

    /// Answers a question, from memory or by working it out.
    fn ask(&mut self, key: Key) -> Value {
        let forgotten = match self.memo.get(&key) {
            Some(Slot::Done(value)) => return value.clone(),
            Some(Slot::Open(level)) => {
                self.low = self.low.min(*level);
                return Value::clean();
            }
            Some(Slot::Forgotten(times)) => *times,
            None => 0,
        };
        if self.is_exhausted() {
            self.refused = true;
            self.incomplete = true;
            return Value::unknown();
        }
        if self.level >= MAX_LEVEL {
            return Value::unknown();
        }
        self.steps += 1;
        self.look_at_the_time();
        self.level += 1;
        let level = self.level;
        self.memo.insert(key, Slot::Open(level));
        let low = std::mem::replace(&mut self.low, u32::MAX);
        let mark = self.provisional.len();
        let value = self.answer(key);
        self.level -= 1;
        self.memo.insert(key, Slot::Done(value.clone()));
        if self.low >= level {
            // Nothing above is needed for this answer; what was found below with part of it is forgotten.
            for (key, times) in self.provisional.drain(mark..) {
                self.memo.insert(key, Slot::Forgotten(times + 1));
            }
            self.low = low;
        } else {
            if forgotten < MAX_FORGOTTEN {
                self.provisional.push((key, forgotten));
            }
            self.low = self.low.min(low);
        }
        value
    }

    fn answer(&mut self, key: Key) -> Value {
        match key {
            Key::Expr(at, ctx) => self.expression(at, ctx),
            Key::Symbol(inst, symbol, ctx) => self.symbol_value(inst, symbol, ctx),
            Key::Returns(inst, func, ctx) => self.returned(inst, func, ctx),
            Key::Property(holder, name) => self.property_value(holder, name),
            Key::Elements(holder) => self.elements_value(holder),
            Key::This(inst, func, ctx) => self.this_value(inst, func, ctx),
            Key::Message(message) => self.message_value(message),
            Key::Exported(inst, name) => self.exported_value(inst, name),
        }
    }

    fn expression(&mut self, at: At, ctx: Ctx) -> Value {
        let inst = at.inst;
        let sub = |expr: ExprId| At { inst, expr };
        match self.program.expr(at) {
            Expr::Unknown | Expr::ImportMeta => Value::unknown(),
            Expr::Undefined | Expr::Null => Atom::Nothing.into(),
            Expr::Bool(value) => Atom::Bool(value).into(),
            Expr::Text(name) => Atom::Text(name).into(),
            Expr::Number(_) | Expr::Function(_) | Expr::Object { .. } | Expr::Array(_) => self.eval(at, ctx),
            Expr::Regex { pattern, flags } => Atom::Regex(pattern, flags != Name::EMPTY).into(),
            Expr::This => {
                let ir = self.ir(inst);
                let owner = ir.this_owner(ir.func_of(at.expr));
                let ctx = self.lexical(ctx, inst, owner);
                self.ask(Key::This(inst, owner, ctx))
            }
            Expr::Super => self.super_value(at, ctx),
            Expr::Local(symbol) => {
                let value = self.symbol(inst, symbol, ctx);
                self.refine(value, at)
            }
            Expr::Global(name) => self.global(inst, name, at),
            Expr::Member { object, name } => {
                let value = self.member(sub(object), name, at, ctx);
                self.refine(value, at)
            }
            Expr::Index { object, index } => self.index(sub(object), sub(index), at, ctx),
            Expr::Call { callee, .. } => self.call(at, sub(callee), false, ctx),
            Expr::New { callee, .. } => self.call(at, sub(callee), true, ctx),
            Expr::Class(_) => {
                let outer = self.ir(inst).func_of(at.expr);
                Atom::Class(at, self.lexical(ctx, inst, outer)).into()
            }
            Expr::Spread(value) => {
                let value = self.eval(sub(value), ctx);
                self.elements(&value, at)
            }
            Expr::Concat(list) => self.concat(inst, list, ctx),
            Expr::Binary { op, left, right } => self.binary(op, sub(left), sub(right), ctx),
            Expr::Unary { op, value } => self.unary(op, sub(value), ctx),
            Expr::Any(list) => {
                let mut set = Set::new();
                for item in self.ir(inst).list(list) {
                    let value = self.eval(sub(item), ctx);
                    set.extend(&value);
                }
                set.finish()
            }
            Expr::Assign { value, .. }
            | Expr::Write { value, .. }
            | Expr::Await(value)
            | Expr::Return { value, .. }
            | Expr::Use(value) => self.eval(sub(value), ctx),
            Expr::Without { value, taken } => self.without(sub(value), taken, ctx),
            // Whoever runs a generator as an async function hands the answer back in.
            Expr::Yield(value) => {
                let mut set = Set::new();
                let value = self.eval(sub(value), ctx);
                set.extend(&value);
                set.add(Atom::Unknown);
                set.finish()
            }
            Expr::Param { func, index } => self.parameter(inst, func, index as usize, ctx),
            Expr::Rest { func, index } => self.rest(inst, func, index as usize, ctx),
            Expr::Element(value) => {
                let value = self.eval(sub(value), ctx);
                self.elements(&value, at)
            }
            Expr::Key(value) => {
                let value = self.eval(sub(value), ctx);
                self.keys(&value)
            }
            Expr::Import(value) => self.dynamic_import(sub(value), ctx),
        }
    }

    // ---------------------------------------------------------------------------------------------------------- frames

    /// Enters a function through a call.
    pub(super) fn enter(&mut self, inst: u32, func: FuncId, call: At, via: Via, caller: Ctx, outer: Ctx) -> Ctx {
        // A function that calls itself is entered once.
        let mut up = caller;
        while up != 0 {
            let frame = self.frames[up as usize];
            if frame.inst == inst && frame.func == func && frame.call == call && !matches!(via, Via::Values(_)) {
                return up;
            }
            up = frame.caller;
        }
        let depth = self.frames[caller as usize].depth;
        let chains = self.chains.get(&(inst, func)).copied().unwrap_or(0);
        let (caller, depth) = if depth >= MAX_FRAMES || chains >= MAX_CHAINS { (0, 1) } else { (caller, depth + 1) };
        let outer = self.lexical(outer, inst, self.ir(inst).func(func).parent);
        let frame = Frame { inst, func, call, via, caller, outer, depth };
        if let Some(&ctx) = self.frame_ids.get(&frame) {
            return ctx;
        }
        if chains >= MAX_CALLS {
            return outer;
        }
        self.chains.insert((inst, func), chains + 1);
        let ctx = self.frames.len() as Ctx;
        self.frames.push(frame);
        self.frame_ids.insert(frame, ctx);
        ctx
    }

    /// The part of a chain that matters inside a function: frames of functions around it.
    pub(super) fn lexical(&self, mut ctx: Ctx, inst: u32, func: FuncId) -> Ctx {
        while ctx != 0 {
            let frame = &self.frames[ctx as usize];
            if frame.inst == inst && self.ir(inst).encloses(frame.func, func) {
                return ctx;
            }
            ctx = frame.outer;
        }
        0
    }

    fn frame_of(&self, mut ctx: Ctx, inst: u32, func: FuncId) -> Option<(Ctx, Frame)> {
        while ctx != 0 {
            let frame = self.frames[ctx as usize];
            if frame.inst == inst && frame.func == func {
                return Some((ctx, frame));
            }
            ctx = frame.outer;
        }
        None
    }

    pub(super) fn make_list(&mut self, values: Vec<Value>) -> u32 {
        self.lists.push((values.into(), false));
        self.lists.len() as u32 - 1
    }

    /// An array of any number of elements, each of which may be the value.
    pub(super) fn make_many(&mut self, value: Value) -> Atom {
        self.lists.push((Rc::from(vec![value]), true));
        Atom::List(self.lists.len() as u32 - 1)
    }

    pub(super) fn list_values(&self, list: u32) -> Rc<[Value]> {
        self.lists.get(list as usize).map_or_else(|| Rc::from(Vec::new()), |(values, _)| values.clone())
    }

    /// Whether a list has any number of elements.
    pub(super) fn is_many(&self, list: u32) -> bool {
        self.lists.get(list as usize).is_some_and(|(_, many)| *many)
    }

    /// `const {a, ...rest} = value`: the value without what was taken.
    fn without(&mut self, value: At, taken: List, ctx: Ctx) -> Value {
        let ir = self.ir(value.inst);
        let names: Rc<[Name]> = ir
            .list(taken)
            .filter_map(|key| match ir.expr(key) {
                Expr::Text(name) => Some(name),
                _ => None,
            })
            .collect();
        let value = self.eval(value, ctx);
        if names.is_empty() {
            return value;
        }
        let mut set = Set::new();
        for atom in value.atoms() {
            set.add(match *atom {
                Atom::Object(..) => {
                    self.withouts.push((*atom, names.clone()));
                    Atom::Without(self.withouts.len() as u32 - 1)
                }
                other => other,
            });
        }
        set.finish()
    }

    // --------------------------------------------------------------------------------------------------------- symbols

    pub(super) fn symbol(&mut self, inst: u32, symbol: SymbolId, ctx: Ctx) -> Value {
        let Some(declared) = self.ir(inst).symbol(symbol) else { return Value::unknown() };
        let ctx = self.lexical(ctx, inst, declared.func);
        self.ask(Key::Symbol(inst, symbol, ctx))
    }

    fn symbol_value(&mut self, inst: u32, symbol: SymbolId, ctx: Ctx) -> Value {
        let ir = self.ir(inst);
        let Some(declared) = ir.symbol(symbol) else { return Value::unknown() };
        if declared.kind == SymbolKind::Import {
            return self.imported(inst, symbol);
        }
        let mut set = Set::new();
        for &value in ir.writes(symbol).iter().take(MAX_WRITES) {
            let value = self.eval(At { inst, expr: value }, ctx);
            set.extend(&value);
        }
        if declared.top && !ir.module {
            self.implicit(inst, declared.name, &mut set);
        }
        if set.is_empty() && ir.writes(symbol).is_empty() {
            set.add(Atom::Nothing);
        }
        set.finish()
    }

    /// Values that scripts of the realm give to a name without declaring it.
    fn implicit(&mut self, inst: u32, name: Name, set: &mut Set) {
        if let Some(values) = self.program.realm(inst).implicit.get(&name) {
            for &value in values.iter().take(MAX_WRITES) {
                let value = self.eval(value, 0);
                set.extend(&value);
            }
        }
    }

    /// A name that the script does not declare: of another script of the page, or of the browser.
    pub(super) fn global(&mut self, inst: u32, name: Name, at: At) -> Value {
        let mut set = Set::new();
        let program = self.program;
        if let Some(declared) = program.realm(inst).globals.get(&name) {
            for &(other, symbol) in declared.iter().take(MAX_WRITES) {
                let value = self.symbol(other, symbol, 0);
                set.extend(&value);
            }
        }
        self.implicit(inst, name, &mut set);
        if set.is_empty() && program.realm(inst).world == World::Content {
            // Content scripts of several entries share a world where their pages overlap.
            for realm in program.realms.iter().filter(|realm| realm.world == World::Content) {
                for &(other, symbol) in realm.globals.get(&name).into_iter().flatten().take(8) {
                    let value = self.symbol(other, symbol, 0);
                    set.extend(&value);
                }
            }
        }
        if set.is_empty() {
            self.written_to_global(inst, name, &mut set);
        }
        let text = self.text(name);
        if set.is_empty() || self.table.leads(text) {
            let value = self.global_host(name, at);
            set.extend(&value);
        }
        set.finish()
    }

    /// `root.name = value` where `root` is another name of the global object.
    fn written_to_global(&mut self, inst: u32, name: Name, set: &mut Set) {
        let program = self.program;
        let realm = program.instances[inst as usize].realm;
        for &(unit, assign) in program.writes.get(&name).into_iter().flatten().take(MAX_WRITES) {
            let mut here = program.by_unit[unit as usize].iter().filter(|&&at| program.instances[at as usize].realm == realm);
            let Some(&inst) = here.next() else { continue };
            let ir = self.ir(inst);
            let Expr::Assign { target, value } = ir.expr(assign) else { continue };
            let Expr::Member { object, .. } = ir.expr(target) else { continue };
            // Only a name that has several meanings needs to be asked: `window.name = value` is known as it stands.
            if !matches!(ir.expr(object), Expr::Local(_) | Expr::This) {
                continue;
            }
            let object = self.eval(At { inst, expr: object }, 0);
            if object.atoms().iter().any(|atom| matches!(atom, Atom::Host(host) if self.host(*host).path == Name::EMPTY)) {
                let value = self.eval(At { inst, expr: value }, 0);
                set.extend(&value);
            }
        }
    }

    // --------------------------------------------------------------------------------------------------------- modules

    fn imported(&mut self, inst: u32, symbol: SymbolId) -> Value {
        let ir = self.ir(inst);
        let Some(import) = ir.imports.iter().find(|import| import.symbol == Some(symbol)) else { return Value::unknown() };
        let Some(module) = self.module(inst, import.specifier) else {
            return self.bare_module(import.specifier);
        };
        match import.name {
            Some(name) => self.ask(Key::Exported(module, name)),
            None => Atom::Module(module).into(),
        }
    }

    /// `import browser from "webextension-polyfill"`: a library whose own file is not read.
    fn bare_module(&mut self, specifier: Name) -> Value {
        let file = self.text(specifier).rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        // jquery-3.7.1.min.js
        let stem = file.split('.').next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        match LIBRARIES.iter().find(|(library, _)| *library == stem) {
            Some((_, path)) => self.host_value(path, None),
            None => Value::unknown(),
        }
    }

    fn module(&self, inst: u32, specifier: Name) -> Option<u32> {
        let path = resolve(&self.program.unit(inst).file, self.text(specifier))?;
        let candidates = [path.clone(), format!("{path}.js"), format!("{path}/index.js"), format!("{path}.mjs")];
        let unit = candidates.iter().find_map(|path| self.program.by_path.get(path))?;
        self.program.beside(*unit, inst)
    }

    pub(super) fn exported(&mut self, inst: u32, name: Name) -> Value {
        self.ask(Key::Exported(inst, name))
    }

    fn exported_value(&mut self, inst: u32, name: Name) -> Value {
        use super::ir::Export;
        let ir = self.ir(inst);
        let mut set = Set::new();
        for export in &ir.exports {
            match *export {
                Export::Value { name: known, value } if known == name => {
                    let value = self.eval(At { inst, expr: value }, 0);
                    set.extend(&value);
                }
                Export::From { name: Some(known), imported, specifier } if known == name => {
                    let Some(module) = self.module(inst, specifier) else { continue };
                    match imported {
                        Some(imported) => {
                            let value = self.ask(Key::Exported(module, imported));
                            set.extend(&value);
                        }
                        None => set.add(Atom::Module(module)),
                    }
                }
                _ => {}
            }
        }
        if set.is_empty() && name != self.known.default {
            for export in &ir.exports {
                if let Export::From { name: None, imported: None, specifier } = *export
                    && let Some(module) = self.module(inst, specifier)
                {
                    let value = self.ask(Key::Exported(module, name));
                    set.extend(&value);
                }
            }
        }
        if set.is_empty() { Value::unknown() } else { set.finish() }
    }

    fn dynamic_import(&mut self, address: At, ctx: Ctx) -> Value {
        let value = self.eval(address, ctx);
        let mut set = Set::new();
        for name in value.texts() {
            match self.module(address.inst, name) {
                Some(module) => set.add(Atom::Module(module)),
                None => set.add(Atom::Unknown),
            }
        }
        if set.is_empty() { Value::unknown() } else { set.finish() }
    }

    // ------------------------------------------------------------------------------------------------------- operators

    fn binary(&mut self, op: Op, left: At, right: At, ctx: Ctx) -> Value {
        match op {
            Op::And => self.eval(right, ctx),
            Op::Or => {
                let mut set = Set::new();
                for side in [left, right] {
                    let value = self.eval(side, ctx);
                    set.extend(&value);
                }
                set.finish()
            }
            Op::Equal | Op::NotEqual | Op::Less | Op::In | Op::Other => Value::clean(),
            _ => {
                let left = self.eval(left, ctx);
                let right = self.eval(right, ctx);
                let mut set = Set::new();
                if let (Some(a), Some(b)) = (self.as_number(&left), self.as_number(&right)) {
                    set.add(Atom::number(text::arithmetic(op, a, b)));
                } else {
                    set.extend_taints(&left);
                    set.extend_taints(&right);
                    set.add(Atom::Unknown);
                }
                set.finish()
            }
        }
    }

    fn unary(&mut self, op: UnaryOp, value: At, ctx: Ctx) -> Value {
        match op {
            UnaryOp::Not | UnaryOp::Typeof | UnaryOp::Other => Value::clean(),
            UnaryOp::Plus | UnaryOp::Minus | UnaryOp::BitNot => {
                let value = self.eval(value, ctx);
                match self.as_number(&value) {
                    Some(number) => Atom::number(match op {
                        UnaryOp::Minus => -number,
                        UnaryOp::BitNot => f64::from(!text::to_int(number)),
                        _ => number,
                    })
                    .into(),
                    None => {
                        let mut set = Set::new();
                        set.extend_taints(&value);
                        set.add(Atom::Unknown);
                        set.finish()
                    }
                }
            }
        }
    }

    /// The number that a value is, where it is one only.
    pub(super) fn as_number(&self, value: &Value) -> Option<f64> {
        match value.single()? {
            Atom::Number(bits) => Some(f64::from_bits(bits)),
            Atom::Text(name) => text::parse_number(self.text(name)),
            Atom::Bool(value) => Some(f64::from(u8::from(value))),
            Atom::Nothing => Some(0.0),
            _ => None,
        }
    }

    /// Templates and `+`.
    fn concat(&mut self, inst: u32, list: List, ctx: Ctx) -> Value {
        let items: Vec<Value> = self.ir(inst).list(list).map(|expr| self.eval(At { inst, expr }, ctx)).collect();
        self.join(&items, "")
    }

    // ------------------------------------------------------------------------------------------------------------- way

    /// Data taken at a place.
    pub(super) fn origin(&mut self, origin: Origin, words: &str) -> Atom {
        let id = match self.origin_ids.get(&origin) {
            Some(&id) => id,
            None => {
                let id = self.origins.len() as u32;
                self.origins.push(origin);
                self.origin_ids.insert(origin, id);
                id
            }
        };
        let words = self.names.add(words);
        self.trails.push(TrailStep { before: 0, at: origin.at, words, length: 1 });
        Atom::Taint { origin: id, trail: self.trails.len() as u32 - 1 }
    }

    /// The same value one step further on its way.
    pub(super) fn step(&mut self, value: Value, at: At, words: &str) -> Value {
        if !value.has_taint() {
            return value;
        }
        let words = self.names.add(words);
        let mut set = Set::new();
        for atom in value.atoms() {
            match *atom {
                Atom::Taint { origin, trail } => {
                    let before = self.trails[trail as usize];
                    if before.length >= 14 || (before.at == at && before.words == words) {
                        set.add(*atom);
                        continue;
                    }
                    self.trails.push(TrailStep { before: trail, at, words, length: before.length + 1 });
                    set.add(Atom::Taint { origin, trail: self.trails.len() as u32 - 1 });
                }
                other => set.add(other),
            }
        }
        set.finish()
    }

    /// The way of data, first step first.
    pub fn way(&self, mut trail: u32) -> Vec<TrailStep> {
        let mut steps = Vec::new();
        while trail != 0 {
            let step = self.trails[trail as usize];
            steps.push(step);
            trail = step.before;
        }
        steps.reverse();
        steps
    }
}
