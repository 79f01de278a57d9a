//! A whole extension in a world of stand-ins: one realm for each world, one hub that they share.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use boa_engine::object::ObjectInitializer;
use boa_engine::realm::Realm;
use boa_engine::{Context, JsError, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string};

use super::super::protocol::{Ending, Event, Play};
use super::{DECODER_WORLD, context_eval, new_context, note, register_report};

const HUB: &str = include_str!("../world/hub.js");
const BROWSER: &str = include_str!("../world/browser.js");

/// Events that are kept, and their bytes.
const EVENTS_LIMIT: usize = 4_000;
const EVENT_BYTES: usize = 8 << 20;

/// Tasks that are run.
const TASKS_LIMIT: usize = 4_000;

/// The clock of the world at which the person and the browser begin to do something, and at which the run ends.
const SETTLE_MILLIS: i32 = 4_000;
const DAY_MILLIS: i32 = 90_000_000;

/// Code within code that is run.
const DEPTH_LIMIT: usize = 16;

/// What the natives work with.
struct Stage {
    realms: RefCell<BTreeMap<String, Realm>>,
    files: BTreeMap<String, String>,
    events: RefCell<Vec<Event>>,
    bytes: RefCell<usize>,
    full: Cell<bool>,
    ran: RefCell<BTreeSet<(String, String)>>,
    depth: RefCell<usize>,
}

/// Plays one scene.
pub fn play(play: &Play) -> (Vec<Event>, Ending) {
    let stage = Rc::new(Stage {
        realms: RefCell::default(),
        files: play.files.clone(),
        events: RefCell::default(),
        bytes: RefCell::default(),
        full: Cell::default(),
        ran: RefCell::default(),
        depth: RefCell::default(),
    });
    let mut ending = Ending::Complete;
    if run(play, &stage, &mut ending).is_none() {
        ending = ending.max(Ending::Threw);
    }
    if stage.full.get() {
        ending = Ending::Steps;
    }
    (stage.events.take(), ending)
}

fn run(play: &Play, stage: &Rc<Stage>, ending: &mut Ending) -> Option<()> {
    let (mut context, _) = new_context(play.steps)?;
    let context = &mut context;
    context.insert_data(Rc::clone(stage));
    let native = ObjectInitializer::new(context)
        .function(NativeFunction::from_fn_ptr(report), js_string!("report"), 2)
        .function(NativeFunction::from_fn_ptr(run_code), js_string!("run"), 2)
        .function(NativeFunction::from_fn_ptr(run_file), js_string!("file"), 2)
        .build();
    let setup = context_eval(context, &format!("({})", play.setup)).ok()?;
    let hub =
        context_eval(context, HUB).ok()?.as_callable()?.call(&JsValue::undefined(), &[native.into(), setup], context).ok()?;
    let hub = hub.as_object()?;
    let mut worlds: Vec<&str> = vec!["background", "page", "main"];
    for script in &play.scripts {
        if !worlds.contains(&script.world.as_str()) {
            worlds.push(&script.world);
        }
    }
    for world in worlds {
        let realm = context.create_realm().ok()?;
        stage.realms.borrow_mut().insert(world.to_owned(), realm.clone());
        let old = context.enter_realm(realm);
        let made = furnish(context, &hub, world, &play.scene);
        context.enter_realm(old);
        if let Err(error) = made {
            let data = serde_json::json!({ "world": world, "error": error.to_string() });
            push(stage, "broken", data);
        }
    }
    for script in &play.scripts {
        file(&script.world, &script.file, context, stage, ending);
    }
    let mut tasks = TASKS_LIMIT;
    // Some seconds pass before anything happens: intervals tick, delays go by.
    drain(&hub, SETTLE_MILLIS, context, ending, &mut tasks);
    let scene = context_eval(context, &format!("({})", play.scene)).ok()?;
    let player = hub.get(js_string!("play"), context).ok()?;
    let played = player.as_callable()?.call(&hub.clone().into(), &[scene], context);
    note(ending, context, played.err());
    drain(&hub, DAY_MILLIS, context, ending, &mut tasks);
    Some(())
}

/// Gives a world its stand-ins.
fn furnish(context: &mut Context, hub: &JsObject, world: &str, scene: &str) -> JsResult<()> {
    register_report(context)?;
    context_eval(context, DECODER_WORLD)?;
    let scene = context_eval(context, &format!("({scene})"))?;
    let make = context_eval(context, BROWSER)?;
    let world = JsValue::from(JsString::from(world));
    if let Some(make) = make.as_callable() {
        make.call(&JsValue::undefined(), &[hub.clone().into(), world, scene], context)?;
    }
    Ok(())
}

/// Runs what is due until nothing is left.
fn drain(hub: &JsObject, until: i32, context: &mut Context, ending: &mut Ending, tasks: &mut usize) {
    let Ok(step) = hub.get(js_string!("step"), context) else { return };
    let Some(step) = step.as_callable() else { return };
    loop {
        if let Err(error) = context.run_jobs() {
            note(ending, context, Some(error));
        }
        if *tasks == 0 || context.instructions_remaining() == 0 {
            *ending = (*ending).max(Ending::Steps);
            return;
        }
        *tasks -= 1;
        match step.call(&hub.clone().into(), &[JsValue::from(until)], context) {
            Ok(more) if more.as_boolean() == Some(true) => {}
            Ok(_) => return,
            // One task failed; the next may not.
            Err(error) => failed("", error, context, ending),
        }
    }
}

/// Runs a file of the package in a world, once.
fn file(world: &str, path: &str, context: &mut Context, stage: &Rc<Stage>, ending: &mut Ending) {
    let path = path.trim_start_matches(['.', '/']);
    if !stage.ran.borrow_mut().insert((world.to_owned(), path.to_owned())) {
        return;
    }
    let Some(text) = stage.files.get(path) else { return };
    push(stage, "file", serde_json::json!({ "world": world, "file": path }));
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for piece in pieces(text) {
        match piece {
            Piece::Import(from) => {
                let near = if folder.is_empty() { from.clone() } else { format!("{folder}/{from}") };
                let from =
                    if stage.files.contains_key(from.trim_start_matches(['.', '/'])) { from } else { near.replace("/./", "/") };
                file(world, &from, context, stage, ending);
            }
            Piece::Code(code) => {
                if let Err(error) = in_world(world, &code, context, stage) {
                    failed(world, error, context, ending);
                }
            }
        }
        if let Err(error) = context.run_jobs() {
            note(ending, context, Some(error));
        }
        if context.instructions_remaining() == 0 {
            return;
        }
    }
}

/// A part of a script that is run by itself.
enum Piece {
    Code(String),
    Import(String),
}

/// The statements of a script, functions first: one that fails does not end the rest.
fn pieces(text: &str) -> Vec<Piece> {
    use oxc_ast::ast::Statement;
    use oxc_span::GetSpan;
    let whole = || vec![Piece::Code(text.to_owned())];
    if crate::script::guard::check(text).is_err() {
        return Vec::new();
    }
    let allocator = oxc_allocator::Allocator::default();
    let parsed = oxc_parser::Parser::new(&allocator, text, oxc_span::SourceType::unambiguous()).parse();
    if parsed.panicked {
        return whole();
    }
    let mut functions = String::new();
    let mut rest = Vec::new();
    let mut imports = Vec::new();
    for statement in &parsed.program.body {
        if let Statement::ImportDeclaration(import) = statement {
            imports.push(Piece::Import(import.source.value.to_string()));
            continue;
        }
        let span = statement.span();
        let code = text.get(span.start as usize..span.end as usize).unwrap_or_default();
        // Worlds have no modules: what is exported is a name of the world like any other.
        let code = match code.strip_prefix("export") {
            Some(rest) if rest.trim_start().starts_with(['{', '*']) => continue,
            Some(rest) => rest.trim_start().trim_start_matches("default ").trim_start(),
            None => code,
        };
        let function = code.starts_with("function") || code.starts_with("async function");
        // The engine binds names when it compiles: what a later piece declares must be a property of the global object.
        let lexical = ["const", "let"].iter().find_map(|word| code.strip_prefix(word));
        let code = match (lexical.filter(|rest| rest.starts_with([' ', '\n', '\t', '{', '['])), code.strip_prefix("class ")) {
            (Some(rest), _) => format!("var{}{rest}", if rest.starts_with(['{', '[']) { " " } else { "" }),
            (None, Some(rest)) => {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || "_$".contains(*c)).collect();
                if name.is_empty() { code.to_owned() } else { format!("var {name} = {code}") }
            }
            (None, None) => code.to_owned(),
        };
        if function {
            functions.push_str(&code);
            functions.push('\n');
        } else {
            rest.push(Piece::Code(code));
        }
    }
    if !functions.is_empty() {
        imports.push(Piece::Code(functions));
    }
    imports.extend(rest);
    imports
}

/// Evaluates code in a world.
fn in_world(world: &str, code: &str, context: &mut Context, stage: &Rc<Stage>) -> JsResult<JsValue> {
    let realm = stage.realms.borrow().get(world).cloned();
    let Some(realm) = realm else { return Ok(JsValue::undefined()) };
    if *stage.depth.borrow() >= DEPTH_LIMIT {
        return Ok(JsValue::undefined());
    }
    *stage.depth.borrow_mut() += 1;
    let old = context.enter_realm(realm);
    let result = context_eval(context, code);
    context.enter_realm(old);
    *stage.depth.borrow_mut() -= 1;
    result
}

fn push(stage: &Stage, kind: &str, data: serde_json::Value) {
    let size = data.to_string().len();
    let mut bytes = stage.bytes.borrow_mut();
    let mut events = stage.events.borrow_mut();
    if events.len() < EVENTS_LIMIT && *bytes + size <= EVENT_BYTES {
        *bytes += size;
        events.push(Event { kind: kind.to_owned(), data });
    } else {
        stage.full.set(true);
    }
}

/// A part of the run failed: a line of the story.
fn failed(world: &str, error: JsError, context: &mut Context, ending: &mut Ending) {
    if let Some(stage) = stage(context) {
        push(&stage, "error", serde_json::json!({ "world": world, "message": error.to_string() }));
    }
    note(ending, context, Some(error));
}

fn text(arguments: &[JsValue], at: usize) -> String {
    arguments.get(at).and_then(JsValue::as_string).map(|text| text.to_std_string_lossy()).unwrap_or_default()
}

fn stage(context: &Context) -> Option<Rc<Stage>> {
    context.get_data::<Rc<Stage>>().cloned()
}

fn report(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if let Some(stage) = stage(context)
        && let Ok(data) = serde_json::from_str(&text(arguments, 1))
    {
        push(&stage, &text(arguments, 0), data);
    }
    Ok(JsValue::undefined())
}

/// A script that fails ends itself, not the code that had it run.
fn run_code(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let Some(stage) = stage(context) else { return Ok(JsValue::undefined()) };
    match in_world(&text(arguments, 0), &text(arguments, 1), context, &stage) {
        Err(error) if error.as_engine().is_some() && context.instructions_remaining() == 0 => Err(error),
        other => Ok(other.unwrap_or_default()),
    }
}

fn run_file(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if let Some(stage) = stage(context) {
        let mut ending = Ending::Complete;
        file(&text(arguments, 0), &text(arguments, 1), context, &stage, &mut ending);
    }
    Ok(JsValue::undefined())
}
