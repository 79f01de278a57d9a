//! Locks objects and all that they lead to. What a script would need a quarter of a million steps for at the beginning of each run.

use std::collections::HashSet;

use boa_engine::object::{IntegrityLevel, JsObject};
use boa_engine::{Context, JsResult, JsValue};

/// Freezes each argument, what its properties hold and what it inherits from.
pub fn lock(_: &JsValue, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let mut waiting: Vec<JsObject> = given.iter().filter_map(JsValue::as_object).collect();
    let mut locked: HashSet<JsObject> = HashSet::new();
    while let Some(object) = waiting.pop() {
        if !locked.insert(object.clone()) {
            continue;
        }
        object.set_integrity_level(IntegrityLevel::Frozen, context)?;
        for key in object.own_property_keys(context)? {
            let property = object.borrow().properties().get(&key);
            let Some(property) = property else { continue };
            let held = [property.value(), property.get(), property.set()];
            waiting.extend(held.into_iter().flatten().filter_map(JsValue::as_object));
        }
        waiting.extend(object.prototype());
    }
    Ok(JsValue::undefined())
}
