//! The elements of a page of the extension's own, so that its scripts find what was written and not what they might have meant.
//!
//! No page as a browser draws it: elements in elements, with their attributes, and the text between them.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use serde_json::{Map, Value, json};

/// Elements and texts that are read, and elements within elements.
const ELEMENTS: usize = 3_000;
const DEPTH: usize = 100;

/// What a page consists of whether it is written or not, and what is nothing that a script looks for.
const LEFT_OUT: [&str; 10] = ["html", "head", "body", "meta", "link", "base", "title", "script", "style", "noscript"];

/// Elements that hold nothing.
const EMPTY: [&str; 10] = ["area", "br", "col", "embed", "hr", "img", "input", "source", "track", "wbr"];

/// An element that is still open.
struct Open {
    tag: String,
    attributes: Map<String, Value>,
    children: Vec<Value>,
}

impl Open {
    fn value(self) -> Value {
        json!({ "tag": self.tag, "attributes": self.attributes, "children": self.children })
    }
}

/// What a page's body holds, in order: elements with `tag`, `attributes` and `children`, and texts with `text`.
pub fn elements(page: &str) -> Value {
    let mut emitter = DefaultEmitter::<()>::default();
    emitter.naively_switch_states(true);
    let mut open = vec![Open { tag: String::new(), attributes: Map::new(), children: Vec::new() }];
    let mut count = 0;
    let mut left_out = false;
    for token in Tokenizer::new_with_emitter(page, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) if count < ELEMENTS => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                left_out = matches!(name.as_str(), "script" | "style" | "title");
                if LEFT_OUT.contains(&name.as_str()) {
                    continue;
                }
                count += 1;
                let holds = !EMPTY.contains(&name.as_str()) && !tag.self_closing && open.len() < DEPTH;
                open.push(Open { attributes: attributes(&tag), tag: name, children: Vec::new() });
                if !holds {
                    close(&mut open);
                }
            }
            Token::EndTag(tag) => {
                left_out = false;
                let name = String::from_utf8_lossy(&tag.name);
                if let Some(at) = open.iter().rposition(|one| one.tag == name) {
                    while open.len() > at.max(1) {
                        close(&mut open);
                    }
                }
            }
            Token::String(text) if !left_out && count < ELEMENTS => {
                count += 1;
                if let Some(last) = open.last_mut() {
                    last.children.push(json!({ "text": String::from_utf8_lossy(&text) }));
                }
            }
            _ => {}
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().map_or(Value::Null, |body| Value::Array(body.children))
}

/// Puts the innermost open element into the one around it.
fn close(open: &mut Vec<Open>) {
    if let Some(one) = open.pop()
        && let Some(around) = open.last_mut()
    {
        around.children.push(one.value());
    }
}

fn attributes(tag: &StartTag<()>) -> Map<String, Value> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    tag.attributes.iter().map(|(name, value)| (text(name), Value::String(text(value)))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn elements_stand_in_elements_whatever_is_left_open() {
        let page = "<!doctype html><html><head><title>x</title><script>let a = '<p>'</script></head><body>\
                    <form id=f><label>Name<input name=n></label><p>one<p>two</form><div>after</div></span>";
        let elements = elements(page);
        let form = elements.get(0).unwrap();
        assert_eq!(form["tag"], "form");
        assert_eq!(form["attributes"], json!({ "id": "f" }));
        assert_eq!(form["children"][0]["children"][0]["text"], "Name");
        assert_eq!(form["children"][0]["children"][1]["attributes"], json!({ "name": "n" }));
        assert_eq!(elements[1]["children"][0]["text"], "after");
        assert_eq!(elements.as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_deep_page_is_as_deep_as_it_may_be() {
        let page = "<div>".repeat(100_000);
        let text = elements(&page).to_string();
        assert_eq!(text.matches("\"tag\"").count(), ELEMENTS);
    }
}
