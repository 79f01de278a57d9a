//! What the stand-ins ask of us: the only way between them and the rest of the program.

use boa_engine::error::EngineError;
use boa_engine::object::ObjectInitializer;
use boa_engine::realm::Realm;
use boa_engine::{Context, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string};
use serde_json::json;

use super::super::markup;
use super::meter;
use super::module;
use super::pieces::snippet;
use super::play::{LINE_MARK, Stage, eval, file, function_of, in_world, push, stage};

/// The natives, for the hub alone.
pub fn new(context: &mut Context) -> JsObject {
    ObjectInitializer::new(context)
        .function(NativeFunction::from_fn_ptr(report), js_string!("report"), 2)
        .function(NativeFunction::from_fn_ptr(run_code), js_string!("run"), 2)
        .function(NativeFunction::from_fn_ptr(call_function), js_string!("call"), 3)
        .function(NativeFunction::from_fn_ptr(run_file), js_string!("file"), 2)
        .function(NativeFunction::from_fn_ptr(run_page), js_string!("page"), 2)
        .function(NativeFunction::from_fn_ptr(read_file), js_string!("read"), 1)
        .function(NativeFunction::from_fn_ptr(elements), js_string!("elements"), 1)
        .function(NativeFunction::from_fn_ptr(elements_of), js_string!("markup"), 1)
        .function(NativeFunction::from_fn_ptr(meter::grown), js_string!("grown"), 1)
        .build()
}

/// Code that a script has the engine make, by `eval` or `Function`.
pub fn created(realm: &Realm, code: &str, context: &mut Context) {
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

/// The file whose code is running, and its line.
fn origin(context: &Context) -> String {
    let mut paths = context.stack_trace().map(|frame| frame.position().path.to_string());
    paths.find(|path| path.contains(LINE_MARK)).unwrap_or_default()
}

/// A script that fails ends itself, not the code that had it run.
fn unless_over(result: JsResult<JsValue>, context: &Context, stage: &Stage) -> JsResult<JsValue> {
    match result {
        Err(error) if error.as_engine().is_some() && stage.is_over(context) => Err(error),
        other => Ok(other.unwrap_or_default()),
    }
}

fn run_code(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let Some(stage) = stage(context) else { return Ok(JsValue::undefined()) };
    let origin = origin(context);
    let code = text(arguments, 1);
    meter::compile(&JsString::from(code.as_str()), context)?;
    let code = snippet(&code);
    let result = in_world(&text(arguments, 0), context, &stage, |context, _| eval(&code, &origin, context));
    unless_over(result, context, &stage)
}

/// Calls a function, given as text, in a world; what it is given is text too.
fn call_function(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let Some(stage) = stage(context) else { return Ok(JsValue::undefined()) };
    let origin = origin(context);
    let [world, code, given] = [0, 1, 2].map(|at| text(arguments, at));
    meter::compile(&JsString::from(given.as_str()), context)?;
    let result = in_world(&world, context, &stage, |context, realm| {
        let function = function_of(&code, &origin, realm, context, &stage)?;
        let call = eval(&format!("(called)=>called({given}\n)"), &origin, context)?;
        let Some(call) = call.as_callable() else { return Ok(JsValue::undefined()) };
        call.call(&JsValue::undefined(), &[function.into()], context)
    });
    unless_over(result, context, &stage)
}

/// Runs a file of the package; its number, should it be a module.
fn run_file(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let path = text(arguments, 1);
    let path = path.trim_start_matches(['.', '/']);
    if let Some(stage) = stage(context) {
        file(&text(arguments, 0), path, context, &stage);
    }
    Ok(JsString::from(module::number(path)).into())
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

/// The elements that a text is written of.
fn elements_of(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let text = text(arguments, 0);
    meter::spend(text.len() as u64, context)?;
    JsValue::from_json(&markup::elements(&text), context)
}

/// The text of a file of the package; undefined where there is none.
fn read_file(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let path = text(arguments, 0);
    let found = stage(context).and_then(|stage| stage.texts.files.get(path.trim_start_matches(['.', '/'])).cloned());
    Ok(found.map_or_else(JsValue::undefined, |text| JsString::from(text).into()))
}
