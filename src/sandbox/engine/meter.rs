//! What the engine does by itself, counted: its own count of instructions sees one where a promise's job runs, or where a function of
//! the language walks through a million letters.
//!
//! Each of them costs steps beside the instructions, and where both together have used up the budget, a run is over. The price of a
//! call hangs on its input alone, so the same run ends at the same place on every machine.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use boa_engine::error::EngineError;
use boa_engine::gc::Gc;
use boa_engine::job::{Job, JobExecutor};
use boa_engine::object::FunctionObjectBuilder;
use boa_engine::object::builtins::{JsMap, JsSet, JsTypedArray};
use boa_engine::property::{PropertyDescriptor, PropertyKey};
use boa_engine::realm::Realm;
use boa_engine::{Context, JsObject, JsResult, JsString, JsSymbol, JsValue, NativeFunction, js_string};

/// Steps that a job of a promise costs.
const JOB: u64 = 400;

/// What is short is free: most calls are about a few letters or elements.
const FREE: u64 = 64;

/// Letters of a text that are looked through in one step, made in one, and copied in one.
const LOOKED_AT: u64 = 16;
const MADE: u64 = 64;
const COPIED: u64 = 256;

/// A text of more letters than this needs new memory from the system, which takes far longer than filling it: so many in a step.
const LARGE: u64 = 1 << 20;
const LARGE_MADE: u64 = 4;

/// Steps for each letter of code that is compiled.
pub const COMPILED: u64 = 4;

/// Steps spent beside the engine's own count.
#[derive(Debug, Default)]
pub struct Meter {
    spent: Cell<u64>,
}

/// Steps that are left.
pub fn left(context: &Context) -> u64 {
    let spent = context.get_data::<Rc<Meter>>().map_or(0, |meter| meter.spent.get());
    (context.instructions_remaining() as u64).saturating_sub(spent)
}

/// Whether the budget is used up.
pub fn is_over(context: &Context) -> bool {
    left(context) == 0
}

/// Spends steps; an error that no script can catch where none are left.
pub fn spend(steps: u64, context: &Context) -> JsResult<()> {
    if let Some(meter) = context.get_data::<Rc<Meter>>() {
        meter.spent.set(meter.spent.get().saturating_add(steps));
    }
    if is_over(context) { Err(EngineError::NoInstructionsRemain.into()) } else { Ok(()) }
}

/// The jobs of promises, in order, each at its price. One that fails does not end the others.
#[derive(Default)]
pub struct Jobs {
    waiting: RefCell<VecDeque<Job>>,
}

impl JobExecutor for Jobs {
    fn enqueue_job(self: Rc<Self>, job: Job, _: &mut Context) {
        // The other kinds wait for modules, for other threads or for the collector: there is none of them here.
        if matches!(job, Job::PromiseJob(_) | Job::GenericJob(_)) {
            self.waiting.borrow_mut().push_back(job);
        }
    }

    fn run_jobs(self: Rc<Self>, context: &mut Context) -> JsResult<()> {
        let mut outcome = Ok(());
        loop {
            let next = self.waiting.borrow_mut().pop_front();
            let Some(job) = next else { break };
            let done = spend(JOB, context).and_then(|()| match job {
                Job::PromiseJob(job) => job.call(context),
                Job::GenericJob(job) => job.call(context),
                _ => Ok(JsValue::undefined()),
            });
            if let Err(error) = done {
                if is_over(context) {
                    self.waiting.borrow_mut().clear();
                    return Err(error);
                }
                outcome = outcome.and(Err(error));
            }
        }
        context.clear_kept_objects();
        outcome
    }
}

/// What a call costs.
#[derive(Clone, Copy)]
enum Price {
    /// All of what it is given and makes is walked through, at so many steps an element.
    Walk(u64),
    /// The same, and every letter is weighed.
    Read,
    /// All of what it belongs to will be taken, element by element.
    Spread,
    /// A text is looked through up to what is found.
    Search,
    /// A text is made as often as the argument says.
    Times,
    /// A text is made as long as the argument says.
    Length,
}

/// Steps for each element that an iterator will give: where a list is spread, the engine takes all of them in one step, and what it
/// does for one takes as long as so many.
const SPREAD: u64 = 12;

const ITERATORS: &[&str] = &["entries", "keys", "values"];
const TEXT: &[&str] = &["String", "prototype"];
const LIST: &[&str] = &["Array", "prototype"];
/// What all typed arrays have in common has no name of its own.
const BYTES: &[&str] = &["Uint8Array", "__proto__", "prototype"];

/// The functions of the language that do more than a step's work in one step. What takes a callback runs it at every element, and
/// that is counted; but there may be a billion elements that are not there.
const PRICES: &[(&[&str], Price, &[&str])] = &[
    (
        TEXT,
        Price::Walk(1),
        &[
            "concat",
            "includes",
            "isWellFormed",
            "localeCompare",
            "normalize",
            "toLocaleLowerCase",
            "toLocaleUpperCase",
            "toLowerCase",
            "toUpperCase",
            "toWellFormed",
            "trim",
            "trimEnd",
            "trimStart",
        ],
    ),
    (TEXT, Price::Read, &["match", "replace", "replaceAll", "split"]),
    (TEXT, Price::Search, &["indexOf", "lastIndexOf", "search"]),
    (TEXT, Price::Spread, &[]),
    (TEXT, Price::Times, &["repeat"]),
    (TEXT, Price::Length, &["padEnd", "padStart"]),
    (
        LIST,
        Price::Walk(4),
        &[
            "concat",
            "copyWithin",
            "fill",
            "flat",
            "join",
            "reverse",
            "slice",
            "sort",
            "splice",
            "toLocaleString",
            "toReversed",
            "toSorted",
            "toSpliced",
            "toString",
            "with",
        ],
    ),
    (
        LIST,
        Price::Walk(1),
        &[
            "every",
            "filter",
            "find",
            "findIndex",
            "findLast",
            "findLastIndex",
            "flatMap",
            "forEach",
            "includes",
            "indexOf",
            "lastIndexOf",
            "map",
            "reduce",
            "reduceRight",
            "some",
        ],
    ),
    (LIST, Price::Spread, ITERATORS),
    (&["Map", "prototype"], Price::Spread, ITERATORS),
    (&["Set", "prototype"], Price::Spread, ITERATORS),
    (&["Array"], Price::Walk(4), &["from", "of"]),
    (
        BYTES,
        Price::Walk(1),
        &[
            "copyWithin",
            "every",
            "fill",
            "filter",
            "find",
            "findIndex",
            "findLast",
            "findLastIndex",
            "forEach",
            "includes",
            "indexOf",
            "join",
            "lastIndexOf",
            "map",
            "reduce",
            "reduceRight",
            "reverse",
            "set",
            "slice",
            "some",
            "sort",
            "toLocaleString",
            "toReversed",
            "toSorted",
            "with",
        ],
    ),
    (BYTES, Price::Spread, ITERATORS),
    (&["Uint8Array", "__proto__"], Price::Walk(4), &["from", "of"]),
    (&["JSON"], Price::Read, &["parse", "stringify"]),
    (&["Object"], Price::Walk(4), &["entries", "fromEntries", "getOwnPropertyNames", "keys", "values"]),
    (&["Reflect"], Price::Walk(4), &["apply", "ownKeys"]),
    (&[], Price::Read, &["decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape", "unescape"]),
];

/// Memory that the collector lets grow before it looks through all of it. Left alone it begins with one megabyte, and looks through
/// the stand-ins over and over while they are made.
const ROOM: usize = 16 << 20;

/// Gives the collector room: it never looks more often again than what it once held asks for. Once in the life of a child.
pub fn make_room() {
    const PIECE: usize = 1 << 16;
    let held: Vec<_> = (0..ROOM / (PIECE * size_of::<u64>())).map(|_| Gc::new([0u64; PIECE])).collect();
    drop(held);
}

/// Lets the functions of a realm's language cost what they do. Called before anything else runs in it, while it is entered.
pub fn install(realm: &Realm, context: &mut Context) -> JsResult<()> {
    let global = context.global_object();
    // One that has two names is still one function.
    let mut made: Vec<(JsObject, JsObject)> = Vec::new();
    for (path, price, names) in PRICES {
        let mut holder = global.clone();
        for name in *path {
            let Some(next) = holder.get(JsString::from(*name), context)?.as_object() else { break };
            holder = next;
        }
        for name in *names {
            let Some(original) = holder.get(JsString::from(*name), context)?.as_object() else { continue };
            let known = made.iter().find(|(one, _)| JsObject::equals(one, &original)).map(|(_, metered)| metered.clone());
            let metered = known.unwrap_or_else(|| metered(&original, *price, name, realm));
            made.push((original, metered.clone()));
            replace(&holder, JsString::from(*name).into(), metered, context)?;
        }
        // The iterator of a list is one of its functions by another name; that of a text has no other.
        let iterator = PropertyKey::from(JsSymbol::iterator());
        let current = holder.get(iterator.clone(), context)?.as_object();
        if let (TEXT, Price::Spread, Some(original)) = (*path, price, &current) {
            let metered = metered(original, Price::Spread, "[Symbol.iterator]", realm);
            made.push((original.clone(), metered));
        }
        let metered = made.iter().find(|(original, _)| current.as_ref().is_some_and(|one| JsObject::equals(one, original)));
        if let Some((_, metered)) = metered {
            replace(&holder, iterator, metered.clone(), context)?;
        }
    }
    Ok(())
}

fn replace(holder: &JsObject, key: PropertyKey, function: JsObject, context: &mut Context) -> JsResult<bool> {
    let property = PropertyDescriptor::builder().value(function).writable(true).enumerable(false).configurable(true);
    holder.define_property_or_throw(key, property, context)
}

/// A function that spends what a call of the original costs, then calls it.
fn metered(original: &JsObject, price: Price, name: &str, realm: &Realm) -> JsObject {
    let length = original.borrow().properties().get(&js_string!("length").into());
    let length = length.and_then(|length| length.value()?.as_i32()).and_then(|length| usize::try_from(length).ok());
    let original = original.clone();
    let function = match price {
        Price::Walk(1) => NativeFunction::from_copy_closure_with_captures(walk::<1, LOOKED_AT>, original),
        Price::Walk(_) => NativeFunction::from_copy_closure_with_captures(walk::<4, LOOKED_AT>, original),
        Price::Read => NativeFunction::from_copy_closure_with_captures(walk::<1, 1>, original),
        Price::Spread => NativeFunction::from_copy_closure_with_captures(spread, original),
        Price::Search => NativeFunction::from_copy_closure_with_captures(search, original),
        Price::Times => NativeFunction::from_copy_closure_with_captures(times, original),
        Price::Length => NativeFunction::from_copy_closure_with_captures(long, original),
    };
    let built = FunctionObjectBuilder::new(realm, function).name(JsString::from(name)).length(length.unwrap_or_default());
    JsObject::from(built.build())
}

fn walk<const EACH: u64, const LETTERS: u64>(
    this: &JsValue,
    given: &[JsValue],
    original: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let extent = |value: &JsValue, price: fn(u64) -> u64, context: &mut Context| match letters(value) {
        Some(letters) => price(letters),
        None => elements(value, context).saturating_mul(EACH),
    };
    let taken = given.iter().chain([this]).map(|value| extent(value, |letters| letters / LETTERS, context));
    let taken = taken.fold(0, u64::saturating_add);
    spend_unless_short(taken, context)?;
    let made = original.call(this, given, context)?;
    let size = extent(&made, made_of, context);
    spend_unless_short(size, context)?;
    Ok(made)
}

fn spread(this: &JsValue, given: &[JsValue], original: &JsObject, context: &mut Context) -> JsResult<JsValue> {
    let all = letters(this).unwrap_or_else(|| elements(this, context));
    spend_unless_short(all.saturating_mul(SPREAD), context)?;
    original.call(this, given, context)
}

fn search(this: &JsValue, given: &[JsValue], original: &JsObject, context: &mut Context) -> JsResult<JsValue> {
    let found = original.call(this, given, context)?;
    let all = letters(this).unwrap_or_default();
    let number = |value: Option<&JsValue>| value.and_then(JsValue::as_number).filter(|number| *number >= 0.0);
    let end = number(Some(&found)).map_or(all, |at| at as u64);
    let start = number(given.get(1)).map_or(0, |at| at as u64);
    spend_unless_short(end.saturating_sub(start) / LOOKED_AT, context)?;
    Ok(found)
}

fn times(this: &JsValue, given: &[JsValue], original: &JsObject, context: &mut Context) -> JsResult<JsValue> {
    let size = letters(this).unwrap_or(1).saturating_mul(first(given));
    spend_unless_short(made_of(size), context)?;
    original.call(this, given, context)
}

fn long(this: &JsValue, given: &[JsValue], original: &JsObject, context: &mut Context) -> JsResult<JsValue> {
    spend_unless_short(made_of(first(given)), context)?;
    original.call(this, given, context)
}

/// The first argument, as a count.
fn first(given: &[JsValue]) -> u64 {
    given.first().and_then(JsValue::as_number).map_or(0, |number| number.max(0.0) as u64)
}

/// Called with what `+` has made of a text that grows: the engine copies it each time.
pub fn grown(_: &JsValue, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let made = given.first().cloned().unwrap_or_default();
    let letters = letters(&made).unwrap_or_default();
    spend_unless_short(letters / COPIED + large(letters), context)?;
    Ok(made)
}

/// Spends what it takes to compile a text.
pub fn compile(text: &JsString, context: &Context) -> JsResult<()> {
    spend((text.len() as u64).saturating_mul(COMPILED), context)
}

/// What it costs to make a text of so many letters.
fn made_of(letters: u64) -> u64 {
    letters / MADE + large(letters)
}

fn large(letters: u64) -> u64 {
    if letters > LARGE { letters / LARGE_MADE } else { 0 }
}

fn spend_unless_short(steps: u64, context: &Context) -> JsResult<()> {
    if steps > FREE { spend(steps, context) } else { Ok(()) }
}

fn letters(value: &JsValue) -> Option<u64> {
    value.as_string().map(|text| text.len() as u64)
}

/// How many elements a value has. Nothing of the script's own is run to find out.
fn elements(value: &JsValue, context: &mut Context) -> u64 {
    let Some(object) = value.as_object() else { return 0 };
    let length = object.borrow().properties().get(&js_string!("length").into());
    match length.and_then(|property| property.value()?.as_number()) {
        Some(length) => length.max(0.0) as u64,
        None => of_collection(object, context).unwrap_or_default(),
    }
}

fn of_collection(object: JsObject, context: &mut Context) -> JsResult<u64> {
    if let Ok(map) = JsMap::from_object(object.clone()) {
        return Ok(map.get_size(context)?.as_number().unwrap_or_default() as u64);
    }
    if let Ok(set) = JsSet::from_object(object.clone()) {
        return Ok(set.size() as u64);
    }
    JsTypedArray::from_object(object).and_then(|array| array.length(context)).map(|length| length as u64)
}
