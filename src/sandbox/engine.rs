//! The JavaScript engine: the only file that names it.
//!
//! Every request gets an engine of its own, so that no script can prepare the ground for the next. The clock stands still,
//! chance is a fixed sequence, modules cannot be loaded, and every instruction is counted, as is what the engine does within one
//! (`engine/meter.rs`).

mod failure;
mod lock;
mod meter;
mod module;
mod names;
mod natives;
mod pieces;
mod play;
mod portable;
mod rewrite;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use boa_engine::context::time::JsInstant;
use boa_engine::context::{Clock, ContextBuilder, HostHooks};
use boa_engine::module::IdleModuleLoader;
use boa_engine::object::FunctionObjectBuilder;
use boa_engine::object::builtins::JsFunction;
use boa_engine::realm::Realm;
use boa_engine::{Context, JsError, JsNativeError, JsResult, JsString, JsValue, NativeFunction, Source};

use super::protocol::Ending;

use crate::builtin::packed;

pub use meter::make_room;
pub use play::play;

/// The time at which the clock of every script stands: 2026-01-15, 09:00 UTC.
const NOW_MILLIS: i64 = 1_768_467_600_000;

/// Calls within calls. A browser allows about ten thousand.
const RECURSION: usize = 4_000;

/// Values on the engine's stack.
const STACK_VALUES: usize = 1 << 20;

/// Bytes of one array buffer.
const BUFFER_LIMIT: u64 = 64 << 20;

/// Bytes of one decoded string, and of all of an answer.
const VALUE_LIMIT: usize = 1 << 20;
const ANSWER_LIMIT: usize = 16 << 20;

/// Pieces of created code that are kept.
const CODE_LIMIT: usize = 256;

/// Stand-ins that decoders use: the names of the global object, base64, console.
fn decoder_world() -> &'static str {
    packed!("src/sandbox/world/decoder.js")
}

/// Runs `prelude`, then gives the value of each call.
pub fn decode(prelude: &str, calls: &[String], steps: u64) -> (Vec<Option<String>>, Ending) {
    let mut values = Vec::with_capacity(calls.len());
    let Some((mut context, _)) = context(steps) else { return (vec![None; calls.len()], Ending::Threw) };
    let mut ending = Ending::Complete;
    let error = context_eval(&mut context, prelude).err();
    note(&mut ending, &context, error);
    let mut room = ANSWER_LIMIT;
    for call in calls {
        let value = match context_eval(&mut context, call) {
            Ok(value) => value.as_string().map(|text| text.to_std_string_lossy()),
            Err(error) => {
                note(&mut ending, &context, Some(error));
                None
            }
        };
        let value = value.filter(|text| text.len() <= VALUE_LIMIT.min(room));
        room -= value.as_ref().map_or(0, String::len);
        values.push(value);
    }
    (values, ending)
}

/// Runs `program` and gives the code that it creates.
pub fn unpack(program: &str, steps: u64) -> (Vec<String>, Ending) {
    let Some((mut context, created)) = context(steps) else { return (Vec::new(), Ending::Threw) };
    let mut ending = Ending::Complete;
    let error = context_eval(&mut context, program).err();
    note(&mut ending, &context, error);
    if context.run_jobs().is_err() {
        ending = ending.max(Ending::Threw);
    }
    (created.borrow_mut().take(), ending)
}

/// Evaluates one piece of text, unless it nests deeper than a parser's stack.
fn context_eval(context: &mut Context, text: &str) -> JsResult<JsValue> {
    check(text)?;
    context.eval(Source::from_bytes(text))
}

fn check(text: &str) -> JsResult<()> {
    crate::script::guard::check(text).map_err(|excess| JsNativeError::range().with_message(excess.to_string()).into())
}

/// Remembers how a part of a run ended; the worst counts.
fn note(ending: &mut Ending, context: &Context, error: Option<JsError>) {
    let Some(error) = error else { return };
    let this = match error.as_engine() {
        _ if meter::is_over(context) => Ending::Steps,
        Some(_) => Ending::Depth,
        None => Ending::Threw,
    };
    *ending = (*ending).max(this);
}

/// Code that a script created, within bounds.
#[derive(Debug, Default)]
struct Created {
    code: Vec<String>,
    bytes: usize,
}

impl Created {
    fn push(&mut self, code: String) {
        if self.code.len() < CODE_LIMIT && self.bytes + code.len() <= ANSWER_LIMIT {
            self.bytes += code.len();
            self.code.push(code);
        }
    }

    fn take(&mut self) -> Vec<String> {
        self.bytes = 0;
        std::mem::take(&mut self.code)
    }
}

/// A fresh engine with the decoders' stand-ins.
fn context(steps: u64) -> Option<(Context, Rc<RefCell<Created>>)> {
    let (mut context, created) = new_context(steps)?;
    let decoder = context_eval(&mut context, decoder_world()).ok()?.as_callable()?;
    let given = [context.global_object().into(), report_function(context.realm()).into()];
    decoder.call(&JsValue::undefined(), &given, &mut context).ok()?;
    Some((context, created))
}

/// A fresh engine with nothing but the language.
fn new_context(steps: u64) -> Option<(Context, Rc<RefCell<Created>>)> {
    let created = Rc::new(RefCell::new(Created::default()));
    let steps = usize::try_from(steps).unwrap_or(usize::MAX);
    let mut context = ContextBuilder::new()
        .clock(Rc::new(Stopped))
        .host_hooks(Rc::new(Hooks { created: Rc::clone(&created), traps: Cell::new(0) }))
        .module_loader(Rc::new(IdleModuleLoader))
        .job_executor(Rc::new(meter::Jobs::default()))
        .instructions_remaining(steps)
        .build()
        .ok()?;
    let limits = context.runtime_limits_mut();
    limits.set_recursion_limit(RECURSION);
    limits.set_stack_size_limit(STACK_VALUES);
    context.insert_data(Rc::clone(&created));
    context.insert_data(Rc::new(meter::Meter::default()));
    let realm = context.realm().clone();
    meter::install(&realm, &mut context).ok()?;
    Some((context, created))
}

/// The one function that the decoders' stand-ins are handed.
fn report_function(realm: &Realm) -> JsFunction {
    FunctionObjectBuilder::new(realm, NativeFunction::from_fn_ptr(report_code)).length(1).build()
}

/// Called by the stand-ins with code that a script wants to run later.
fn report_code(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let text = arguments.first().and_then(JsValue::as_string);
    if let (Some(text), Some(created)) = (text, context.get_data::<Rc<RefCell<Created>>>()) {
        created.borrow_mut().push(text.to_std_string_lossy());
    }
    Ok(JsValue::undefined())
}

/// A clock that stands still: a script learns nothing of the machine by timing, and runs the same way every time.
#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> JsInstant {
        JsInstant::new(0, 0)
    }

    fn system_time_millis(&self) -> i64 {
        NOW_MILLIS
    }
}

/// What the engine asks its host.
struct Hooks {
    created: Rc<RefCell<Created>>,
    /// How often `debugger` was to be compiled.
    traps: Cell<usize>,
}

/// Traps for people who look that are laid before the stack counts as full. Scramblers lay one in each round of a recursion
/// without end, catch the exception that ends it, and do so again every few seconds: most of a run's steps went there.
const TRAPS: usize = 32;

impl HostHooks for Hooks {
    fn ensure_can_compile_strings(
        &self,
        realm: Realm,
        _: &[JsString],
        body: &JsString,
        _: bool,
        context: &mut Context,
    ) -> JsResult<()> {
        if play::enters(body, context) {
            return Err(JsNativeError::eval().with_message("entered").into());
        }
        meter::compile(body, context)?;
        let code = body.to_std_string_lossy();
        check(&code)?;
        if play::is_backstage(&realm, context) {
            return Err(JsNativeError::eval().with_message("not here").into());
        }
        if code.trim().trim_end_matches(';') == "debugger" {
            self.traps.set(self.traps.get() + 1);
            if self.traps.get() > TRAPS {
                return Err(JsNativeError::range().with_message("Maximum call stack size exceeded").into());
            }
        }
        natives::created(&realm, &code, context);
        self.created.borrow_mut().push(code);
        Ok(())
    }

    fn local_timezone_offset_seconds(&self, _: i64) -> i32 {
        0
    }

    fn max_buffer_size(&self, _: &mut Context) -> u64 {
        BUFFER_LIMIT
    }
}
