//! A whole extension in a world of stand-ins: one realm for each world, one hub that they share.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use boa_engine::error::EngineError;
use boa_engine::object::ObjectInitializer;
use boa_engine::realm::Realm;
use boa_engine::{Context, JsError, JsObject, JsResult, JsString, JsValue, NativeFunction, Source, js_string};
use serde_json::json;

use crate::builtin::packed;

use super::super::protocol::{Ending, Event, Play};
use super::pieces::{Piece, pieces, snippet};
use super::{context_eval, decoder_world, new_context, note, register_report};

/// What a world is furnished with, in this order, out of what the kit gives all of them.
fn furniture() -> [&'static str; 5] {
    [
        packed!("src/sandbox/world/words.js"),
        packed!("src/sandbox/world/network.js"),
        packed!("src/sandbox/world/document.js"),
        packed!("src/sandbox/world/api.js"),
        packed!("src/sandbox/world/globals.js"),
    ]
}

/// Events that are kept, and their bytes.
const EVENTS_LIMIT: usize = 4_000;
const EVENT_BYTES: usize = 8 << 20;

/// Tasks that are run.
const TASKS_LIMIT: usize = 10_000;

/// The clock of the world, in milliseconds: when the person and the browser begin to do something, and when the run ends. Some
/// code waits for days.
const SETTLE_MILLIS: i32 = 4_000;
const END_MILLIS: i32 = 20 * 86_400_000;

/// Code within code that is run.
const DEPTH_LIMIT: usize = 16;

/// Stands between a file's path and a line in what the engine is told of a piece's origin.
const LINE_MARK: char = '\u{1}';

/// What the natives work with.
pub(super) struct Stage {
    realms: RefCell<BTreeMap<String, Realm>>,
    hub: RefCell<Option<JsObject>>,
    scene: String,
    files: BTreeMap<String, String>,
    pages: BTreeMap<String, Vec<String>>,
    events: RefCell<Vec<Event>>,
    bytes: Cell<usize>,
    full: Cell<bool>,
    ran: RefCell<BTreeSet<(String, String)>>,
    depth: Cell<usize>,
    ending: Cell<Ending>,
    left: Cell<u64>,
}

/// Plays one scene: what happened, how it ended, and the instructions that it took.
pub fn play(play: &Play) -> (Vec<Event>, Ending, u64) {
    let stage = Rc::new(Stage {
        realms: RefCell::default(),
        hub: RefCell::default(),
        scene: format!("({})", play.scene),
        files: play.files.clone(),
        pages: play.pages.clone(),
        events: RefCell::default(),
        bytes: Cell::default(),
        full: Cell::default(),
        ran: RefCell::default(),
        depth: Cell::default(),
        ending: Cell::default(),
        left: Cell::new(play.steps),
    });
    if run(play, &stage).is_none() {
        stage.ends(Ending::Threw);
    }
    if stage.full.get() {
        stage.ends(Ending::Steps);
    }
    (stage.events.take(), stage.ending.get(), play.steps.saturating_sub(stage.left.get()))
}

fn run(play: &Play, stage: &Rc<Stage>) -> Option<()> {
    let (mut context, _) = new_context(play.steps)?;
    let context = &mut context;
    context.insert_data(Rc::clone(stage));
    let native = ObjectInitializer::new(context)
        .function(NativeFunction::from_fn_ptr(report), js_string!("report"), 2)
        .function(NativeFunction::from_fn_ptr(run_code), js_string!("run"), 2)
        .function(NativeFunction::from_fn_ptr(run_file), js_string!("file"), 2)
        .function(NativeFunction::from_fn_ptr(run_page), js_string!("page"), 2)
        .function(NativeFunction::from_fn_ptr(read_file), js_string!("read"), 1)
        .build();
    let setup = context_eval(context, &format!("({})", play.setup)).ok()?;
    let undefined = JsValue::undefined();
    let hub = packed!("src/sandbox/world/hub.js");
    let hub = context_eval(context, hub).ok()?.as_callable()?.call(&undefined, &[native.into(), setup], context).ok()?;
    let hub = hub.as_object()?;
    *stage.hub.borrow_mut() = Some(hub.clone());
    for script in &play.scripts {
        file(&script.world, &script.file, context, stage);
    }
    let mut tasks = TASKS_LIMIT;
    // Some seconds pass before anything happens: intervals tick, delays go by.
    drain(&hub, SETTLE_MILLIS, context, stage, &mut tasks);
    let scene = context_eval(context, &stage.scene).ok()?;
    let day = context_eval(context, packed!("src/sandbox/world/day.js")).ok()?;
    if let Err(error) = day.as_callable()?.call(&undefined, &[hub.clone().into(), scene], context) {
        failed("day", error, context, stage);
    }
    drain(&hub, END_MILLIS, context, stage, &mut tasks);
    stage.left.set(context.instructions_remaining() as u64);
    Some(())
}

/// The realm of a world, with its stand-ins. Most extensions need few of them, so each is made when it is first wanted.
fn realm(world: &str, context: &mut Context, stage: &Rc<Stage>) -> Option<Realm> {
    if let Some(realm) = stage.realms.borrow().get(world) {
        return Some(realm.clone());
    }
    let realm = context.create_realm().ok()?;
    stage.realms.borrow_mut().insert(world.to_owned(), realm.clone());
    let hub = stage.hub.borrow().clone()?;
    let old = context.enter_realm(realm.clone());
    let made = furnish(context, &hub, world, &stage.scene);
    context.enter_realm(old);
    if let Err(error) = made {
        push(stage, "broken", json!({ "world": world, "message": error.to_string() }));
    }
    Some(realm)
}

/// Gives a world its stand-ins.
fn furnish(context: &mut Context, hub: &JsObject, world: &str, scene: &str) -> JsResult<()> {
    register_report(context)?;
    context_eval(context, decoder_world())?;
    let scene = context_eval(context, scene)?;
    let world = JsValue::from(JsString::from(world));
    let undefined = JsValue::undefined();
    let mut make = |part: &str, given: &[JsValue]| match context_eval(context, part)?.as_callable() {
        Some(make) => make.call(&undefined, given, context),
        None => Ok(JsValue::undefined()),
    };
    let kit = make(packed!("src/sandbox/world/kit.js"), &[hub.clone().into(), world, scene])?;
    for part in furniture() {
        make(part, std::slice::from_ref(&kit))?;
    }
    Ok(())
}

/// Runs what is due until nothing is left.
fn drain(hub: &JsObject, until: i32, context: &mut Context, stage: &Rc<Stage>, tasks: &mut usize) {
    let Ok(step) = hub.get(js_string!("step"), context) else { return };
    let Some(step) = step.as_callable() else { return };
    loop {
        jobs(context, stage);
        if *tasks == 0 || stage.is_over(context) {
            stage.ends(Ending::Steps);
            return;
        }
        *tasks -= 1;
        match step.call(&hub.clone().into(), &[JsValue::from(until)], context) {
            Ok(more) if more.as_boolean() == Some(true) => {}
            Ok(_) => return,
            // One task failed; the next may not.
            Err(error) => failed("", error, context, stage),
        }
    }
}

/// Runs what promises have left to do.
fn jobs(context: &mut Context, stage: &Stage) {
    if let Err(error) = context.run_jobs() {
        stage.note(context, Some(error));
    }
}

/// Runs a file of the package in a world, once.
fn file(world: &str, path: &str, context: &mut Context, stage: &Rc<Stage>) {
    let path = path.trim_start_matches(['.', '/']);
    let Some(text) = stage.files.get(path) else { return };
    if !stage.ran.borrow_mut().insert((world.to_owned(), path.to_owned())) {
        return;
    }
    push(stage, "file", json!({ "world": world, "file": path }));
    for piece in pieces(text, path) {
        match piece {
            Piece::Import(from) => file(world, &resolved(path, &from, &stage.files), context, stage),
            Piece::Code(code, line) => {
                let origin = format!("{path}{LINE_MARK}{line}");
                if let Err(error) = in_world(world, &code, &origin, context, stage) {
                    failed(world, error, context, stage);
                }
            }
        }
        jobs(context, stage);
        if stage.is_over(context) {
            return;
        }
    }
}

/// The file that a script of the package means by an address.
fn resolved(path: &str, address: &str, files: &BTreeMap<String, String>) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    if address.starts_with('/') {
        parts.clear();
    }
    for part in address.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let near = parts.join("/");
    if files.contains_key(&near) { near } else { address.to_owned() }
}

/// Evaluates code in a world.
fn in_world(world: &str, code: &str, origin: &str, context: &mut Context, stage: &Rc<Stage>) -> JsResult<JsValue> {
    if stage.depth.get() >= DEPTH_LIMIT {
        return Ok(JsValue::undefined());
    }
    let Some(realm) = realm(world, context, stage) else { return Ok(JsValue::undefined()) };
    stage.depth.set(stage.depth.get() + 1);
    let old = context.enter_realm(realm);
    let result = context.eval(Source::from_bytes(code).with_path(Path::new(origin)));
    context.enter_realm(old);
    stage.depth.set(stage.depth.get() - 1);
    result
}

impl Stage {
    /// Whether a limit was reached.
    fn is_over(&self, context: &Context) -> bool {
        self.full.get() || context.instructions_remaining() == 0
    }

    fn ends(&self, ending: Ending) {
        self.ending.set(self.ending.get().max(ending));
    }

    fn note(&self, context: &Context, error: Option<JsError>) {
        let mut ending = self.ending.get();
        note(&mut ending, context, error);
        self.ending.set(ending);
    }
}

fn push(stage: &Stage, kind: &str, data: serde_json::Value) {
    let size = data.to_string().len();
    let mut events = stage.events.borrow_mut();
    if events.len() < EVENTS_LIMIT && stage.bytes.get() + size <= EVENT_BYTES {
        stage.bytes.set(stage.bytes.get() + size);
        events.push(Event { kind: kind.to_owned(), data });
    } else {
        stage.full.set(true);
    }
}

/// A part of the run failed: a line of the story.
fn failed(world: &str, error: JsError, context: &mut Context, stage: &Rc<Stage>) {
    let message: String = error.to_string().chars().take(MESSAGE_LIMIT).collect();
    push(stage, "error", json!({ "world": world, "message": message }));
    stage.note(context, Some(error));
}

/// Characters of an exception's message that are kept.
const MESSAGE_LIMIT: usize = 300;

/// Code that a script has the engine make, by `eval` or `Function`.
pub(super) fn created(realm: &Realm, code: &str, context: &mut Context) {
    let Some(stage) = stage(context) else { return };
    let world = stage.realms.borrow().iter().find(|(_, one)| *one == realm).map(|(name, _)| name.clone());
    // The stand-ins themselves are made in realms that are furnished, by other means than these.
    let Some(world) = world else { return };
    let mut data = json!({ "how": "eval", "text": code.chars().take(CODE_LIMIT).collect::<String>(), "world": world });
    at_line(&mut data, context);
    push(&stage, "code", data);
}

/// Characters of created code that are kept.
const CODE_LIMIT: usize = 200_000;

/// Adds the place of the package's code that is running: the innermost call that is of a file.
fn at_line(data: &mut serde_json::Value, context: &Context) {
    for frame in context.stack_trace() {
        let place = frame.position();
        let origin = place.path.to_string();
        let Some((file, line)) = origin.split_once(LINE_MARK) else { continue };
        let within = place.position.map_or(1, |position| position.line_number());
        if let Some(data) = data.as_object_mut() {
            data.insert("file".to_owned(), file.into());
            data.insert("line".to_owned(), (line.parse::<u32>().unwrap_or_default().saturating_add(within)).into());
        }
        return;
    }
}

fn text(arguments: &[JsValue], at: usize) -> String {
    arguments.get(at).and_then(JsValue::as_string).map(|text| text.to_std_string_lossy()).unwrap_or_default()
}

fn stage(context: &Context) -> Option<Rc<Stage>> {
    context.get_data::<Rc<Stage>>().cloned()
}

fn report(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if let Some(stage) = stage(context)
        && let Ok(mut data) = serde_json::from_str(&text(arguments, 1))
    {
        at_line(&mut data, context);
        push(&stage, &text(arguments, 0), data);
        if stage.full.get() {
            // Nothing more can be told, so nothing more needs to run. No script can catch this.
            return Err(EngineError::NoInstructionsRemain.into());
        }
    }
    Ok(JsValue::undefined())
}

/// A script that fails ends itself, not the code that had it run.
fn run_code(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let Some(stage) = stage(context) else { return Ok(JsValue::undefined()) };
    let origin = context.stack_trace().map(|frame| frame.position().path.to_string()).find(|path| path.contains(LINE_MARK));
    let code = snippet(&text(arguments, 1));
    match in_world(&text(arguments, 0), &code, &origin.unwrap_or_default(), context, &stage) {
        Err(error) if error.as_engine().is_some() && stage.is_over(context) => Err(error),
        other => Ok(other.unwrap_or_default()),
    }
}

fn run_file(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if let Some(stage) = stage(context) {
        file(&text(arguments, 0), &text(arguments, 1), context, &stage);
    }
    Ok(JsValue::undefined())
}

/// Opens a page of the extension in a world: its scripts run.
fn run_page(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if let Some(stage) = stage(context) {
        let page = text(arguments, 1);
        let page = page.trim_start_matches(['.', '/']);
        for script in stage.pages.get(page.split(['?', '#']).next().unwrap_or(page)).into_iter().flatten() {
            file(&text(arguments, 0), script, context, &stage);
        }
    }
    Ok(JsValue::undefined())
}

/// The text of a file of the package; undefined where there is none.
fn read_file(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let path = text(arguments, 0);
    let found = stage(context).and_then(|stage| stage.files.get(path.trim_start_matches(['.', '/'])).cloned());
    Ok(found.map_or_else(JsValue::undefined, |text| JsString::from(text).into()))
}
