//! Reading a document of which any part may be of the wrong type.
//!
//! Files that browsers and strangers write are read part by part: what has the wrong type is left out and said, and the rest is
//! used. A [`Part`] remembers where it is, so that the message names the place: `"content_scripts[0].js" must be a list, found a
//! string`.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

use super::json::kind;
use crate::problem::{Problem, Stage};

/// Messages about one document. A document made of mistakes is not worth more than these.
const MAX_SAID: usize = 20;

/// Members of one list that are read; honest documents have a few dozen, filter lists some thousands.
const MAX_MEMBERS: usize = 20_000;

/// What is wrong with one document, collected while it is read.
#[derive(Debug)]
pub struct Said {
    path: String,
    problems: RefCell<Vec<Problem>>,
    faults: RefCell<BTreeSet<&'static str>>,
}

impl Said {
    /// Nothing said yet about the document at `path`.
    pub fn about(path: impl Into<String>) -> Said {
        Said { path: path.into(), problems: RefCell::default(), faults: RefCell::default() }
    }

    /// Says that something is wrong.
    pub fn say(&self, message: impl std::fmt::Display) {
        let mut problems = self.problems.borrow_mut();
        match problems.len() {
            said if said < MAX_SAID => problems.push(Problem::new(&self.path, Stage::Parse, message)),
            MAX_SAID => problems.push(Problem::new(&self.path, Stage::Parse, "more of the same kind is not listed")),
            _ => {}
        }
    }

    /// Notes the kind of fault, for those who count rather than read.
    pub fn note(&self, fault: &'static str) {
        self.faults.borrow_mut().insert(fault);
    }

    /// The kinds of fault that were noted, in order of name. Every part of the wrong type is a `wrong-type`.
    pub fn faults(&self) -> Vec<&'static str> {
        self.faults.borrow().iter().copied().collect()
    }

    /// All that was said.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// A value in a document, or its absence, and where it is.
#[derive(Clone, Debug)]
pub struct Part<'v> {
    value: Option<&'v Value>,
    at: String,
    said: &'v Said,
}

impl<'v> Part<'v> {
    /// The whole document.
    pub fn root(value: &'v Value, said: &'v Said) -> Part<'v> {
        Part { value: Some(value), at: String::new(), said }
    }

    /// The value as it is.
    pub fn value(&self) -> Option<&'v Value> {
        self.value
    }

    /// True where the document has it, of whatever type.
    pub fn is_there(&self) -> bool {
        self.value.is_some()
    }

    /// Says that this part is wrong.
    pub fn say(&self, fault: impl std::fmt::Display) {
        self.said.say(format_args!("\"{}\" {fault}", self.at));
    }

    /// Notes the kind of fault, and says what is wrong with this part.
    pub fn fault(&self, fault: &'static str, message: impl std::fmt::Display) {
        self.note(fault);
        self.say(message);
    }

    fn note(&self, fault: &'static str) {
        self.said.note(fault);
    }

    fn wrong(&self, wanted: &str, found: &Value) {
        self.note("wrong-type");
        self.say(format_args!("must be {wanted}, found {}", kind(found)));
    }

    /// A member of an object. On anything else it is absent; that it should be an object is said by [`Part::object`].
    pub fn get(&self, key: &str) -> Part<'v> {
        let at = if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) };
        Part { value: self.value.and_then(|value| value.get(key)), at, said: self.said }
    }

    /// Itself, if it is an object; absent otherwise, which is said unless it was absent before.
    pub fn object(self) -> Part<'v> {
        match self.value {
            Some(value) if !value.is_object() => {
                self.wrong("an object", value);
                Part { value: None, ..self }
            }
            _ => self,
        }
    }

    /// The members of an object with their keys, in the order of the document.
    pub fn members(&self) -> Vec<(&'v str, Part<'v>)> {
        match self.value {
            Some(Value::Object(object)) => object.keys().take(MAX_MEMBERS).map(|key| (key.as_str(), self.get(key))).collect(),
            Some(other) => {
                self.wrong("an object", other);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// The members of a list.
    pub fn list(&self) -> Vec<Part<'v>> {
        let list = match self.value {
            Some(Value::Array(list)) => list,
            Some(other) => {
                self.wrong("a list", other);
                return Vec::new();
            }
            None => return Vec::new(),
        };
        if list.len() > MAX_MEMBERS {
            self.say(format_args!("has {} members; the first {MAX_MEMBERS} are read", list.len()));
        }
        let part = |(index, value)| Part { value: Some(value), at: format!("{}[{index}]", self.at), said: self.said };
        list.iter().take(MAX_MEMBERS).enumerate().map(part).collect()
    }

    /// A list of strings without repetitions, in the order of the document.
    pub fn strings(&self) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        self.list().iter().filter_map(Part::text).filter(|text| seen.insert(*text)).map(str::to_owned).collect()
    }

    /// A string.
    pub fn text(&self) -> Option<&'v str> {
        match self.value? {
            Value::String(text) => Some(text),
            other => {
                self.wrong("a string", other);
                None
            }
        }
    }

    /// A string of its own.
    pub fn string(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// A boolean.
    pub fn flag(&self) -> Option<bool> {
        match self.value? {
            Value::Bool(flag) => Some(*flag),
            other => {
                self.wrong("a boolean", other);
                None
            }
        }
    }

    /// A whole number; the browser does not take `3.0` for one.
    pub fn whole(&self) -> Option<i64> {
        match self.value? {
            Value::Number(number) if number.is_i64() => number.as_i64(),
            other => {
                self.wrong("a whole number", other);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wrong_types_are_left_out_and_said() {
        let document = json!({"list": "no", "inner": [{"text": 5, "flag": 1, "whole": 3.0}], "names": ["a", 1, "a", "b"]});
        let said = Said::about("x.json");
        let root = Part::root(&document, &said);
        assert!(root.get("list").list().is_empty());
        let inner = root.get("inner").list();
        let first = inner.first().cloned().unwrap_or_else(|| root.get("none"));
        assert_eq!((first.get("text").text(), first.get("flag").flag(), first.get("whole").whole()), (None, None, None));
        assert_eq!(root.get("names").strings(), ["a", "b"]);
        assert!(!root.get("none").get("deeper").is_there());
        let messages: Vec<_> = said.into_problems().into_iter().map(|problem| problem.to_string()).collect();
        assert_eq!(
            messages,
            [
                "x.json: \"list\" must be a list, found a string",
                "x.json: \"inner[0].text\" must be a string, found a number",
                "x.json: \"inner[0].flag\" must be a boolean, found a number",
                "x.json: \"inner[0].whole\" must be a whole number, found a number",
                "x.json: \"names[1]\" must be a string, found a number",
            ]
        );
    }

    #[test]
    fn a_document_of_mistakes_is_said_in_few_words() {
        let document = json!({"list": vec![0; 1_000]});
        let said = Said::about("x.json");
        assert!(Part::root(&document, &said).get("list").strings().is_empty());
        assert_eq!(said.into_problems().len(), MAX_SAID + 1);
    }
}
