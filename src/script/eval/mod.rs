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
//!
//! | question | rooms |
//! | --- | --- |
//! | names and modules | `scope`, `import`, `modules` (those of bundles) |
//! | calls, forward and backward | `call`, `parameter`, `callers`, `frame` (chains of calls) |
//! | messages | `channel`, `senders`, `narrow` (what conditions say of them) |
//! | objects | `member`, `properties`, `additions`, `candidates` (who of many concerns a thing), `this`, `held` (all that leaves with an object), `questions` |
//! | the language | `expression`, `operator`, `text`, `builtin` with `strings`, `pattern`, `list`, `container`, `global`, `coder` |
//! | the browser | `host`, `host_call`, `hook`; where data is taken: `source`, `form`, `pages` (whose they are), `words` (around a place); `packaged` (JSON of the package); `stream` (recorders and streams) |
//! | answers | `value`, `memo`, `budget` (how many, and which are forgotten), `way` (step by step) |

mod additions;
mod budget;
mod builtin;
mod call;
mod callers;
mod candidates;
mod channel;
mod coder;
mod computed;
mod container;
mod expression;
mod form;
mod frame;
mod global;
mod held;
mod hook;
mod host;
mod host_call;
mod import;
mod indirect;
mod list;
mod member;
mod memo;
mod modules;
mod narrow;
mod operator;
mod packaged;
mod pages;
mod parameter;
mod pattern;
mod properties;
mod questions;
mod scope;
mod senders;
mod source;
mod stream;
mod strings;
mod text;
mod this;
mod value;
mod way;
mod words;

use std::rc::Rc;

use memo::Memo;
use rustc_hash::{FxHashMap, FxHashSet};

use super::analysis::Stop;
use super::ir::{Expr, ExprId, FuncId, Ir, SymbolId};
use super::names::{Name, Names};
use super::program::{At, Program};
use super::table::{TABLE, Table};

pub use callers::{Caller, Use};
pub use host::{Host, OWN_HOST, OWN_PAGE};
pub use indirect::Indirect;
pub use senders::MAX_SENDERS;
pub use value::{Atom, HOLE, Set, Value};

/// Questions within questions. With 60 the large bundles of honest extensions take a tenth less, but one in twenty of their
/// calls of the browser is not found.
const MAX_LEVEL: u32 = 220;
/// Members of members that are looked through to what they are read of.
const MAX_LINKS: u32 = 6;
/// How often an answer that was found within a cycle is forgotten before it stays.
const MAX_FORGOTTEN: u8 = 1;

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
    /// Behind `this`, or in a list.
    Indirect(Indirect),
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
    /// No value is the answer to this one, but a table that is kept beside it.
    Candidates(u32, candidates::Sought),
    /// Nor of this: what a thing holds.
    Held(Atom),
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
    /// Texts that scripts read out of the package.
    read_out: FxHashSet<Name>,
    /// Whether arguments of a function of the browser were bound.
    binds_arguments: bool,
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
    senders: senders::Senders,
    /// The one sender that scripts of a realm hear, where the others are left out.
    heard: Option<senders::Heard>,
    callers: FxHashMap<(u32, FuncId), Rc<[Caller]>>,
    /// Places that look alike.
    alike: FxHashMap<(u32, candidates::Sought), Rc<candidates::List>>,
    /// How much room those take.
    listed: usize,
    /// Modules of bundles.
    modules: modules::Modules,
    /// Callers that only values tell.
    computed: FxHashMap<(u32, FuncId), Vec<Caller>>,
    pub(super) realm_facts: Vec<pages::RealmFacts>,
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
            read_out: FxHashSet::default(),
            binds_arguments: false,
            hosts: Vec::new(),
            host_ids: FxHashMap::default(),
            host_members: FxHashMap::default(),
            leads: FxHashMap::default(),
            origins: Vec::new(),
            origin_ids: FxHashMap::default(),
            trails: vec![TrailStep { before: 0, at: none, words: Name::EMPTY, length: 0 }],
            messages: Vec::new(),
            message_ids: FxHashMap::default(),
            senders: senders::Senders::default(),
            heard: None,
            callers: FxHashMap::default(),
            alike: FxHashMap::default(),
            listed: 0,
            modules: modules::Modules::default(),
            computed: FxHashMap::default(),
            realm_facts: Vec::new(),
            injected: Vec::new(),
            seeking: 0,
        };
        engine.realm_facts = engine.classify_realms();
        engine
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
            // Conditions tell of messages only.
            Expr::Local(symbol) => {
                let value = self.symbol(at.inst, symbol, ctx);
                if !value.has_message() {
                    return value;
                }
            }
            Expr::Member { object, .. } if ctx != 0 => {
                let ctx = self.chain_for(At { inst: at.inst, expr: object }, ctx);
                return self.ask(Key::Expr(at, ctx));
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

    /// The part of a chain of calls that matters for what a member is read of: members of a name of an outer function are the
    /// same however the inner one was reached.
    fn chain_for(&self, object: At, ctx: Ctx) -> Ctx {
        let ir = self.ir(object.inst);
        let mut expr = object.expr;
        for _ in 0..MAX_LINKS {
            match ir.expr(expr) {
                Expr::Member { object, .. } => expr = object,
                Expr::Local(symbol) => {
                    let declared = ir.symbol(symbol).map_or(FuncId(0), |symbol| symbol.func);
                    return self.lexical(ctx, object.inst, declared);
                }
                Expr::Global(_) => return 0,
                _ => return ctx,
            }
        }
        ctx
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

    /// Works something out that is no answer of its own, and says whether it may be kept: whether nothing was lacking that is
    /// being worked out just now.
    fn worked_out<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, bool) {
        let low = std::mem::replace(&mut self.low, u32::MAX);
        let found = work(self);
        let whole = self.low == u32::MAX && !self.is_exhausted();
        self.low = self.low.min(low);
        (found, whole)
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
            Key::Candidates(inst, sought) => {
                self.file_candidates(inst, sought);
                Value::clean()
            }
            Key::Held(thing) => {
                self.hold(thing);
                Value::clean()
            }
        }
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
}
