//! A whole extension in a world of stand-ins: one realm for each world, and one backstage, where the hub that they share and the
//! stand-ins themselves live.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use boa_engine::builtins::function::OrdinaryFunction;
use boa_engine::error::EngineError;
use boa_engine::object::{FunctionObjectBuilder, ObjectInitializer};
use boa_engine::realm::Realm;
use boa_engine::{Context, JsError, JsObject, JsResult, JsString, JsValue, NativeFunction, Source, js_string};
use serde_json::json;

use crate::builtin::packed;

use super::super::markup;
use super::super::protocol::{Ending, Event, Play, PlayScene};
use super::pieces::{Piece, pieces, snippet};
use super::{context_eval, decoder_world, meter, new_context, note, report_function};

/// What a world is furnished with, in this order: the first gives what the others share.
fn furniture() -> [&'static str; 6] {
    [
        packed!("src/sandbox/world/kit.js"),
        packed!("src/sandbox/world/words.js"),
        packed!("src/sandbox/world/network.js"),
        packed!("src/sandbox/world/document.js"),
        packed!("src/sandbox/world/api.js"),
        packed!("src/sandbox/world/globals.js"),
    ]
}

/// Events that are told of one scene, and their bytes.
const EVENTS_LIMIT: usize = 4_000;
const EVENT_BYTES: usize = 3 << 20;

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

/// Hears what happens.
pub type Tell = Rc<dyn Fn(Event)>;

/// What the natives work with while one scene is played.
pub(super) struct Stage {
    backstage: Rc<Backstage>,
    realms: RefCell<BTreeMap<String, Realm>>,
    hub: RefCell<Option<JsObject>>,
    scene: serde_json::Value,
    texts: Rc<Texts>,
    tell: Tell,
    events: Cell<usize>,
    bytes: Cell<usize>,
    full: Cell<bool>,
    ran: RefCell<BTreeSet<(String, String)>>,
    depth: Cell<usize>,
    ending: Cell<Ending>,
}

/// The package's own texts, and the scripts of its pages.
struct Texts {
    files: BTreeMap<String, String>,
    pages: BTreeMap<String, Vec<String>>,
}

/// What is made before any world. Nothing that the extension does gets at it, so the next scene can do with it as well.
struct Backstage {
    realm: Realm,
    hub: JsObject,
    day: JsObject,
    decoder: JsObject,
    furniture: Vec<JsObject>,
}

/// An engine with all that is made before any world, which takes longer than most scenes.
struct Theatre {
    context: Context,
    backstage: Rc<Backstage>,
}

/// Plays scenes, one after the other; `over` hears how each ended, and the steps that it took.
pub fn play(play: &Play, tell: Tell, over: &mut dyn FnMut(Ending, u64)) {
    let texts = Rc::new(Texts { files: play.files.clone(), pages: play.pages.clone() });
    let mut total = play.total;
    let mut ready: Option<Theatre> = None;
    for scene in &play.scenes {
        let share = play.steps.min(total);
        // A theatre whose steps are used up by half is given up, so that one scene cannot starve the next.
        let kept = ready.take().filter(|theatre| meter::left(&theatre.context) >= share / 2);
        let before = kept.as_ref().map_or(share, |theatre| meter::left(&theatre.context));
        let Some(mut theatre) = kept.or_else(|| Theatre::new(share)) else {
            // There were not even enough steps to begin.
            over(Ending::Steps, 0);
            continue;
        };
        let ending = theatre.play(&play.setup, scene, &texts, &tell);
        let spent = before.saturating_sub(meter::left(&theatre.context));
        total = total.saturating_sub(spent);
        over(ending, spent);
        // What ran into a limit may have left anything behind.
        ready = Some(theatre).filter(|_| ending <= Ending::Threw);
    }
}

impl Theatre {
    fn new(steps: u64) -> Option<Theatre> {
        let (mut context, _) = new_context(steps)?;
        let furniture = furniture().iter().map(|part| function(part, &mut context)).collect::<Option<Vec<_>>>()?;
        let hub = function(packed!("src/sandbox/world/hub.js"), &mut context)?;
        let day = function(packed!("src/sandbox/world/day.js"), &mut context)?;
        let decoder = function(decoder_world(), &mut context)?;
        function(packed!("src/sandbox/world/lock.js"), &mut context)?.call(&JsValue::undefined(), &[], &mut context).ok()?;
        let realm = context.realm().clone();
        Some(Theatre { context, backstage: Rc::new(Backstage { realm, hub, day, decoder, furniture }) })
    }

    fn play(&mut self, setup: &str, scene: &PlayScene, texts: &Rc<Texts>, tell: &Tell) -> Ending {
        let stage = Rc::new(Stage {
            backstage: Rc::clone(&self.backstage),
            realms: RefCell::default(),
            hub: RefCell::default(),
            scene: serde_json::from_str(&scene.scene).unwrap_or_default(),
            texts: Rc::clone(texts),
            tell: Rc::clone(tell),
            events: Cell::default(),
            bytes: Cell::default(),
            full: Cell::default(),
            ran: RefCell::default(),
            depth: Cell::default(),
            ending: Cell::default(),
        });
        self.context.insert_data(Rc::clone(&stage));
        if run(setup, scene, &mut self.context, &stage).is_none() {
            stage.ends(Ending::Threw);
        }
        if stage.is_over(&self.context) {
            stage.ends(Ending::Steps);
        }
        stage.ending.get()
    }
}

fn run(setup: &str, scene: &PlayScene, context: &mut Context, stage: &Rc<Stage>) -> Option<()> {
    let native = ObjectInitializer::new(context)
        .function(NativeFunction::from_fn_ptr(report), js_string!("report"), 2)
        .function(NativeFunction::from_fn_ptr(run_code), js_string!("run"), 2)
        .function(NativeFunction::from_fn_ptr(run_file), js_string!("file"), 2)
        .function(NativeFunction::from_fn_ptr(run_page), js_string!("page"), 2)
        .function(NativeFunction::from_fn_ptr(read_file), js_string!("read"), 1)
        .function(NativeFunction::from_fn_ptr(elements), js_string!("elements"), 1)
        .function(NativeFunction::from_fn_ptr(meter::grown), js_string!("grown"), 1)
        .build();
    let setup = JsValue::from_json(&serde_json::from_str(setup).ok()?, context).ok()?;
    let undefined = JsValue::undefined();
    let hub = stage.backstage.hub.call(&undefined, &[native.into(), setup], context).ok()?.as_object()?;
    *stage.hub.borrow_mut() = Some(hub.clone());
    for script in &scene.scripts {
        file(&script.world, &script.file, context, stage);
    }
    let mut tasks = TASKS_LIMIT;
    // Some seconds pass before anything happens: intervals tick, delays go by.
    drain(&hub, SETTLE_MILLIS, context, stage, &mut tasks);
    let shown = JsValue::from_json(&stage.scene, context).ok()?;
    if let Err(error) = stage.backstage.day.call(&undefined, &[hub.clone().into(), shown], context) {
        failed("day", error, context, stage);
    }
    drain(&hub, END_MILLIS, context, stage, &mut tasks);
    Some(())
}

/// The function that a file of stand-ins is.
fn function(text: &str, context: &mut Context) -> Option<JsObject> {
    context_eval(context, text).ok()?.as_callable()
}

/// The realm of a world, with its stand-ins. Most extensions need few of them, so each is made when it is first wanted.
fn realm(world: &str, context: &mut Context, stage: &Rc<Stage>) -> Option<Realm> {
    if let Some(realm) = stage.realms.borrow().get(world) {
        return Some(realm.clone());
    }
    let hub = stage.hub.borrow().clone()?;
    let realm = context.create_realm().ok()?;
    stage.realms.borrow_mut().insert(world.to_owned(), realm.clone());
    let old = context.enter_realm(realm.clone());
    let made = furnish(context, stage, hub, world);
    context.enter_realm(old);
    // Where no steps are left, nothing is wrong with the stand-ins.
    if let Err(error) = made
        && !stage.is_over(context)
    {
        push(stage, "broken", json!({ "world": world, "message": error.to_string() }));
    }
    Some(realm)
}

/// Gives the world whose realm is entered its stand-ins.
fn furnish(context: &mut Context, stage: &Stage, hub: JsObject, world: &str) -> JsResult<()> {
    let backstage = &stage.backstage;
    let realm = context.realm().clone();
    meter::install(&realm, context)?;
    hide_sources(&realm, context)?;
    let front = JsValue::from(context.global_object());
    let undefined = JsValue::undefined();
    backstage.decoder.call(&undefined, &[front.clone(), report_function(&realm).into()], context)?;
    // Objects of a scene come before the extension's eyes, so each world has its own.
    context.enter_realm(backstage.realm.clone());
    let scene = JsValue::from_json(&stage.scene, context);
    context.enter_realm(realm);
    let world = JsValue::from(JsString::from(world));
    let mut given = vec![hub.into(), world, scene?, front];
    for (at, part) in backstage.furniture.iter().enumerate() {
        let made = part.call(&undefined, &given, context)?;
        if at == 0 {
            given = vec![made];
        }
    }
    Ok(())
}

/// Lets what was made backstage look as if the engine had brought it: its source is nowhere to be read.
fn hide_sources(realm: &Realm, context: &mut Context) -> JsResult<()> {
    let prototype = realm.intrinsics().constructors().function().prototype();
    let key = js_string!("toString");
    let original = prototype.get(key.clone(), context)?;
    let shown = NativeFunction::from_copy_closure_with_captures(
        |this, given, original: &JsValue, context| {
            let of = this.as_object().filter(|of| {
                of.downcast_ref::<OrdinaryFunction>().is_some_and(|function| is_backstage(function.realm(), context))
            });
            let Some(of) = of else {
                return original.as_callable().map_or(Ok(JsValue::undefined()), |original| original.call(this, given, context));
            };
            let name = of.get(js_string!("name"), context)?.as_string().unwrap_or_default().to_std_string_lossy();
            Ok(JsString::from(format!("function {name}() {{ [native code] }}")).into())
        },
        original,
    );
    let shown = FunctionObjectBuilder::new(realm, shown).name(key.clone()).build();
    prototype.set(key, shown, true, context)?;
    Ok(())
}

/// Whether a realm is the one where the stand-ins live.
pub(super) fn is_backstage(realm: &Realm, context: &Context) -> bool {
    stage(context).is_some_and(|stage| stage.backstage.realm == *realm)
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
    let Some(text) = stage.texts.files.get(path) else { return };
    if !stage.ran.borrow_mut().insert((world.to_owned(), path.to_owned())) {
        return;
    }
    push(stage, "file", json!({ "world": world, "file": path }));
    for piece in pieces(text, path) {
        match piece {
            Piece::Import(from) => file(world, &resolved(path, &from, &stage.texts.files), context, stage),
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
        self.full.get() || meter::is_over(context)
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
    if stage.events.get() < EVENTS_LIMIT && stage.bytes.get() + size <= EVENT_BYTES {
        stage.events.set(stage.events.get() + 1);
        stage.bytes.set(stage.bytes.get() + size);
        (stage.tell)(Event { kind: kind.to_owned(), data });
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
    let code = text(arguments, 1);
    meter::compile(&JsString::from(code.as_str()), context)?;
    let code = snippet(&code);
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
        for script in stage.texts.pages.get(page.split(['?', '#']).next().unwrap_or(page)).into_iter().flatten() {
            file(&text(arguments, 0), script, context, &stage);
        }
    }
    Ok(JsValue::undefined())
}

/// The elements of a page of the package; undefined where there is none.
fn elements(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let path = text(arguments, 0);
    let path = path.trim_start_matches(['.', '/']);
    let stage = stage(context);
    match stage.as_ref().and_then(|stage| stage.texts.files.get(path.split(['?', '#']).next().unwrap_or(path))) {
        Some(page) => JsValue::from_json(&markup::elements(page), context),
        None => Ok(JsValue::undefined()),
    }
}

/// The text of a file of the package; undefined where there is none.
fn read_file(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let path = text(arguments, 0);
    let found = stage(context).and_then(|stage| stage.texts.files.get(path.trim_start_matches(['.', '/'])).cloned());
    Ok(found.map_or_else(JsValue::undefined, |text| JsString::from(text).into()))
}
