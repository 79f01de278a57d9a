//! A whole extension in a world of stand-ins: one realm for each world, and one backstage, where the hub that they share and the
//! stand-ins themselves live.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use boa_engine::builtins::function::OrdinaryFunction;
use boa_engine::object::FunctionObjectBuilder;
use boa_engine::realm::Realm;
use boa_engine::{Context, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction, Source, js_string};
use serde_json::json;

use crate::builtin::packed;

use super::super::protocol::{Ending, Event, Play, PlayScene, PlayScript};
use super::pieces::{Code, Piece, Pieces, pieces, snippet};
use super::portable::{Compiled, Door, Portable};
use super::{context_eval, decoder_world, failure, lock, meter, module, natives, new_context, note, report_function, rewrite};

/// What a world is furnished with, in this order: the first gives what the others share.
fn furniture() -> [&'static str; 7] {
    [
        packed!("src/sandbox/world/kit.js"),
        packed!("src/sandbox/world/words.js"),
        packed!("src/sandbox/world/network.js"),
        packed!("src/sandbox/world/document.js"),
        packed!("src/sandbox/world/window.js"),
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
pub(super) const LINE_MARK: char = '\u{1}';

/// Hears what happens.
pub type Tell = Rc<dyn Fn(Event)>;

/// What the natives work with while one scene is played.
pub(super) struct Stage {
    backstage: Rc<Backstage>,
    pub(super) realms: RefCell<BTreeMap<String, Realm>>,
    hub: RefCell<Option<JsObject>>,
    scene: serde_json::Value,
    pub(super) texts: Rc<Texts>,
    tell: Tell,
    events: Cell<usize>,
    bytes: Cell<usize>,
    pub(super) full: Cell<bool>,
    ran: RefCell<BTreeSet<(String, String)>>,
    depth: Cell<usize>,
    ending: Cell<Ending>,
    /// Whether there were steps left when the scripts had run and the day began.
    has_begun: Cell<bool>,
}

/// The package's own texts, and the scripts of its pages.
pub(super) struct Texts {
    pub files: BTreeMap<String, String>,
    pub pages: BTreeMap<String, Vec<String>>,
}

/// What is made before any world. Nothing that the extension does gets at it, so the next scene can do with it as well.
struct Backstage {
    realm: Realm,
    hub: JsObject,
    day: JsObject,
    decoder: JsObject,
    furniture: Vec<JsObject>,
    /// The package's scripts as they are run, by path. Each is read and compiled once, however many worlds and scenes want it.
    library: RefCell<BTreeMap<String, Rc<Vec<Part>>>>,
    /// Functions that are handed from world to world as text, by where that is done and the text.
    functions: RefCell<BTreeMap<(String, String), Compiled>>,
    door: Door,
}

/// A piece of a script.
struct Part {
    piece: Piece,
    compiled: OnceCell<Compiled>,
}

/// An engine with all that is made before any world, which takes longer than most scenes.
struct Theatre {
    context: Context,
    backstage: Rc<Backstage>,
}

/// Plays scenes, one after the other; `over` hears how each ended, and the steps that it took.
pub fn play(play: Play, tell: Tell, over: &mut dyn FnMut(Ending, u64)) {
    let texts = Rc::new(Texts { files: play.files, pages: play.pages });
    let mut total = play.total;
    let mut ready: Option<Theatre> = None;
    // Scripts that used up all steps before anything had happened. They would again: only then do scenes differ.
    let mut endless: Option<&[PlayScript]> = None;
    for scene in &play.scenes {
        if endless == Some(scene.scripts.as_slice()) {
            over(Ending::Steps, 0);
            continue;
        }
        let share = play.steps.min(total);
        // A theatre whose steps are used up by half is given up, so that one scene cannot starve the next.
        let kept = ready.take().filter(|theatre| meter::left(&theatre.context) >= share / 2);
        let is_new = kept.is_none();
        let before = kept.as_ref().map_or(share, |theatre| meter::left(&theatre.context));
        let Some(mut theatre) = kept.or_else(|| Theatre::new(share)) else {
            // There were not even enough steps to begin.
            over(Ending::Steps, 0);
            continue;
        };
        let (ending, has_begun) = theatre.play(&play.setup, scene, &texts, &tell);
        if is_new && ending == Ending::Steps && !has_begun {
            endless = Some(&scene.scripts);
        }
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
        let realm = context.realm().clone();
        let lock = FunctionObjectBuilder::new(&realm, NativeFunction::from_fn_ptr(lock::lock)).build().into();
        function(packed!("src/sandbox/world/lock.js"), &mut context)?
            .call(&JsValue::undefined(), &[lock], &mut context)
            .ok()?;
        let (library, functions, door) = Default::default();
        let backstage = Backstage { realm, hub, day, decoder, furniture, library, functions, door };
        Some(Theatre { context, backstage: Rc::new(backstage) })
    }

    /// How it ended, and whether it came to the day.
    fn play(&mut self, setup: &str, scene: &PlayScene, texts: &Rc<Texts>, tell: &Tell) -> (Ending, bool) {
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
            has_begun: Cell::default(),
        });
        self.context.insert_data(Rc::clone(&stage));
        if run(setup, scene, &mut self.context, &stage).is_none() {
            stage.ends(Ending::Threw);
        }
        if stage.is_over(&self.context) {
            stage.ends(Ending::Steps);
        }
        (stage.ending.get(), stage.has_begun.get())
    }
}

fn run(setup: &str, scene: &PlayScene, context: &mut Context, stage: &Rc<Stage>) -> Option<()> {
    let native = natives::new(context);
    let setup = JsValue::from_json(&serde_json::from_str(setup).ok()?, context).ok()?;
    let undefined = JsValue::undefined();
    let hub = stage.backstage.hub.call(&undefined, &[native.into(), setup], context).ok()?.as_object()?;
    *stage.hub.borrow_mut() = Some(hub.clone());
    // A popup opens when somebody presses the extension's icon.
    let by_click = hub.get(js_string!("popupByClick"), context).ok()?.to_boolean();
    for script in &scene.scripts {
        let is_asked = by_click && script.world == "popup";
        hub.set(js_string!("asked"), is_asked, false, context).ok()?;
        file(&script.world, &script.file, context, stage);
    }
    hub.set(js_string!("asked"), false, false, context).ok()?;
    let mut tasks = TASKS_LIMIT;
    // Some seconds pass before anything happens: intervals tick, delays go by.
    drain(&hub, SETTLE_MILLIS, context, stage, &mut tasks);
    if stage.is_over(context) {
        return Some(());
    }
    stage.has_begun.set(true);
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

/// Bytes of a function's source that are shown in one step.
const SHOWN: u64 = 64;

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
                let Some(original) = original.as_callable() else { return Ok(JsValue::undefined()) };
                let source = original.call(this, given, context)?;
                let Some(text) = source.as_string().map(|text| text.to_std_string_lossy()) else { return Ok(source) };
                meter::spend(text.len() as u64 / SHOWN, context)?;
                return Ok(if rewrite::is_changed(&text) { JsString::from(rewrite::restored(&text)).into() } else { source });
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
pub(super) fn file(world: &str, path: &str, context: &mut Context, stage: &Rc<Stage>) {
    let path = path.trim_start_matches(['.', '/']);
    let Some(text) = stage.texts.files.get(path) else { return };
    if !stage.ran.borrow_mut().insert((world.to_owned(), path.to_owned())) {
        return;
    }
    push(stage, "file", json!({ "world": world, "file": path }));
    let known = stage.backstage.library.borrow().get(path).cloned();
    let parts = match known.map_or_else(|| read(text, path, context, stage), Ok) {
        Ok(parts) => parts,
        Err(error) => return failed(world, error, context, stage),
    };
    for Part { piece, compiled } in parts.iter() {
        match piece {
            Piece::Import(from) => file(world, &resolved(path, from, &stage.texts.files), context, stage),
            Piece::Code(code) => {
                let origin = format!("{path}{LINE_MARK}{}", code.line);
                let run = |context: &mut Context, realm: &Realm| run_piece(code, compiled, &origin, realm, context, stage);
                if let Err(error) = in_world(world, context, stage, run) {
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

/// Takes a script apart, once. What is read is paid for, whether it runs or not.
fn read(text: &str, path: &str, context: &Context, stage: &Stage) -> JsResult<Rc<Vec<Part>>> {
    let Pieces { pieces, names } = pieces(text, path);
    let price = names / NAMES;
    let parts: Vec<Part> = if price > NAMES_LIMIT {
        let message = format!("not run: to compile it, {names} names would have to be gone through");
        push(stage, "error", json!({ "file": path, "message": message }));
        stage.ends(Ending::Steps);
        Vec::new()
    } else {
        meter::spend(price + text.len() as u64 * meter::COMPILED, context)?;
        pieces.into_iter().map(|piece| Part { piece, compiled: OnceCell::new() }).collect()
    };
    let parts = Rc::new(parts);
    stage.backstage.library.borrow_mut().insert(path.to_owned(), Rc::clone(&parts));
    Ok(parts)
}

/// Names that the compiler goes through in one step, and the steps that a script may take for that.
const NAMES: u64 = 8;
const NAMES_LIMIT: u64 = 8_000_000;

/// Runs a piece in the realm that is entered.
fn run_piece(
    code: &Code,
    compiled: &OnceCell<Compiled>,
    origin: &str,
    realm: &Realm,
    context: &mut Context,
    stage: &Stage,
) -> JsResult<JsValue> {
    let Some(portable) = &code.portable else { return eval(&code.text, origin, context) };
    let backstage = &stage.backstage;
    let compiled = match compiled.get() {
        Some(compiled) => compiled,
        None => {
            let made = Compiled::new(&code.text, portable, origin, &backstage.realm, context)?;
            compiled.get_or_init(|| made)
        }
    };
    compiled.run(portable, realm, &backstage.door, context)
}

/// The function that a text is, in the realm that is entered. It is compiled once: extensions hand the same one to every page.
pub(super) fn function_of(text: &str, origin: &str, realm: &Realm, context: &mut Context, stage: &Stage) -> JsResult<JsObject> {
    // Handed over again it is compiled no more, but copied and looked for.
    meter::spend(text.len() as u64 / SHOWN, context)?;
    let backstage = &stage.backstage;
    let portable = Portable::default();
    let key = (origin.to_owned(), text.to_owned());
    let known = backstage.functions.borrow().get(&key).cloned();
    let compiled = match known {
        Some(compiled) => compiled,
        None => {
            meter::compile(&JsString::from(text), context)?;
            let body = format!("return({}\n)", snippet(&format!("({text})")));
            let compiled = Compiled::new(&body, &portable, origin, &backstage.realm, context)?;
            backstage.functions.borrow_mut().insert(key, compiled.clone());
            compiled
        }
    };
    let made = compiled.run(&portable, realm, &backstage.door, context)?;
    made.as_callable().ok_or_else(|| JsNativeError::typ().with_message("no function").into())
}

pub(super) fn eval(code: &str, origin: &str, context: &mut Context) -> JsResult<JsValue> {
    context.eval(Source::from_bytes(code).with_path(Path::new(origin)))
}

/// Whether the engine may not evaluate a text because it is the question that a compiled piece begins with.
pub(super) fn enters(text: &JsString, context: &mut Context) -> bool {
    stage(context).is_some_and(|stage| stage.backstage.door.enter(text, context))
}

/// The file that a script of the package means by an address.
fn resolved(path: &str, address: &str, files: &BTreeMap<String, String>) -> String {
    let near = module::beside(path, address);
    if files.contains_key(&near) { near } else { address.to_owned() }
}

/// Evaluates something in a world.
pub(super) fn in_world(
    world: &str,
    context: &mut Context,
    stage: &Rc<Stage>,
    run: impl FnOnce(&mut Context, &Realm) -> JsResult<JsValue>,
) -> JsResult<JsValue> {
    if stage.depth.get() >= DEPTH_LIMIT {
        return Ok(JsValue::undefined());
    }
    let Some(realm) = realm(world, context, stage) else { return Ok(JsValue::undefined()) };
    stage.depth.set(stage.depth.get() + 1);
    let old = context.enter_realm(realm.clone());
    let result = run(context, &realm);
    context.enter_realm(old);
    stage.depth.set(stage.depth.get() - 1);
    result
}

impl Stage {
    /// Whether a limit was reached.
    pub(super) fn is_over(&self, context: &Context) -> bool {
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

pub(super) fn push(stage: &Stage, kind: &str, data: serde_json::Value) {
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
    let told = error.to_string();
    let message: String = failure::message(&told).chars().take(MESSAGE_LIMIT).collect();
    let mut data = json!({ "world": world, "message": message });
    if let Some((file, line)) = failure::thrown_at(&told).filter(|(file, _)| stage.texts.files.contains_key(*file)) {
        data["file"] = file.into();
        data["line"] = line.into();
    }
    push(stage, "error", data);
    stage.note(context, Some(error));
}

/// Characters of an exception's message that are kept.
const MESSAGE_LIMIT: usize = 300;

pub(super) fn stage(context: &Context) -> Option<Rc<Stage>> {
    context.get_data::<Rc<Stage>>().cloned()
}
