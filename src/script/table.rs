//! `taint.toml`: sources, sinks, carriers and the types of the browser's objects, as data.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use crate::builtin::packed;

/// What decides further what a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The hosts of the pages.
    Hosts,
    /// The field that is read.
    Field,
    /// The domain that the call names.
    Domain,
    /// The address that was fetched.
    Address,
    /// The event that is listened to.
    Event,
    /// The debugger's command.
    Command,
    /// The service that an account is of.
    Issuer,
    /// Whether the script has put itself in the place of the page's own functions.
    Hook,
}

/// Where data comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it is, in the words of the fact `flow`.
    pub kind: String,
    /// What decides further.
    #[serde(default)]
    pub by: Option<By>,
    /// The step in words.
    pub words: String,
    /// Paths.
    #[serde(default)]
    pub at: Vec<String>,
    /// Paths of objects that hold such data: they count where the whole object leaves.
    #[serde(default)]
    pub whole: Vec<String>,
    /// `pages`: only in scripts that run in or beside pages.
    #[serde(default)]
    pub only: Option<String>,
    /// Events for `by = "event"`.
    #[serde(default)]
    pub events: Vec<String>,
    /// Commands for `by = "command"`.
    #[serde(default)]
    pub commands: Vec<String>,
    /// Says little on its own: counted only where the pages are worth stealing.
    #[serde(default)]
    pub weak: bool,
}

/// Where data leaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    /// What it is, in the words of the fact `flow`.
    pub name: String,
    /// Paths that are called.
    #[serde(default)]
    pub call: Vec<String>,
    /// Paths that are assigned to.
    #[serde(default)]
    pub set: Vec<String>,
    /// Where the address is.
    #[serde(default)]
    pub address: Vec<Part>,
    /// Where the data is.
    #[serde(default)]
    pub data: Vec<Part>,
}

/// A part of a call: `1.body`, `0..url`, `new:0`, `open:1`, `this`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Part {
    /// An argument, and a member of it.
    Argument(usize, Option<String>),
    /// Members of a name in an argument, however deep.
    Within(usize, String),
    /// An argument of the call of this method on the same object; `new` is its constructor.
    Method(String, usize),
    /// What is assigned to this member of the same object.
    Member(String),
    /// The object itself.
    This,
}

impl TryFrom<String> for Part {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |text: &str| text.parse::<usize>().map_err(|_| format!("\"{text}\" is not the number of an argument"));
        if text == "this" {
            return Ok(Part::This);
        }
        if let Some((argument, member)) = text.split_once("..") {
            return Ok(Part::Within(number(argument)?, member.to_owned()));
        }
        Ok(match text.split_once(':') {
            Some((member, "")) => Part::Member(member.to_owned()),
            Some((method, argument)) => Part::Method(method.to_owned(), number(argument)?),
            None => match text.split_once('.') {
                Some((argument, member)) => Part::Argument(number(argument)?, Some(member.to_owned())),
                None => Part::Argument(number(&text)?, None),
            },
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Type {
    name: String,
    is: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Carriers {
    calls: Vec<String>,
    containers: Vec<String>,
    clean: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    address: FxHashSet<String>,
    host: FxHashSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    r#type: Vec<Type>,
    source: Vec<Source>,
    sink: Vec<Sink>,
    own: Own,
    carriers: Carriers,
}

/// The table, indexed by path.
pub struct Table {
    types: FxHashMap<String, String>,
    /// Sources in the order of the file.
    pub sources: Vec<Source>,
    source_at: FxHashMap<String, Vec<usize>>,
    whole_at: FxHashMap<String, Vec<usize>>,
    /// Sinks in the order of the file.
    pub sinks: Vec<Sink>,
    call_at: FxHashMap<String, Vec<usize>>,
    set_at: FxHashMap<String, Vec<usize>>,
    own: Own,
    carriers: FxHashSet<String>,
    containers: FxHashSet<String>,
    clean: FxHashSet<String>,
    /// Every beginning of every path: what is not among them leads nowhere.
    known: FxHashSet<String>,
    /// Last members of the paths that are called as sinks.
    pub called: FxHashSet<String>,
    /// Last members of the paths that are assigned to as sinks.
    pub assigned: FxHashSet<String>,
}

/// The table of `taint.toml`.
pub static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::parse(packed!("src/script/taint.toml")).expect("taint.toml is part of the program and tested"));

impl Table {
    fn parse(text: &str) -> Result<Table, toml::de::Error> {
        let document: Document = toml::from_str(text)?;
        let mut table = Table {
            types: FxHashMap::default(),
            source_at: FxHashMap::default(),
            whole_at: FxHashMap::default(),
            call_at: FxHashMap::default(),
            set_at: FxHashMap::default(),
            own: document.own,
            carriers: document.carriers.calls.into_iter().collect(),
            containers: document.carriers.containers.into_iter().collect(),
            clean: document.carriers.clean.into_iter().collect(),
            known: FxHashSet::default(),
            called: FxHashSet::default(),
            assigned: FxHashSet::default(),
            sources: document.source,
            sinks: document.sink,
        };
        for kind in document.r#type {
            table.know(&kind.name);
            for path in kind.is {
                table.know(&path);
                table.types.insert(path, kind.name.clone());
            }
        }
        for (number, source) in table.sources.iter().enumerate() {
            for path in &source.at {
                table.source_at.entry(path.clone()).or_default().push(number);
            }
            for path in &source.whole {
                table.whole_at.entry(path.clone()).or_default().push(number);
            }
        }
        for (number, sink) in table.sinks.iter().enumerate() {
            for path in &sink.call {
                table.call_at.entry(path.clone()).or_default().push(number);
                table.called.insert(last(path).to_owned());
            }
            for path in &sink.set {
                table.set_at.entry(path.clone()).or_default().push(number);
                table.assigned.insert(last(path).to_owned());
            }
        }
        let paths = table.source_at.keys().chain(table.whole_at.keys()).chain(table.call_at.keys()).chain(table.set_at.keys());
        let paths = paths.chain(&table.own.address).chain(&table.own.host);
        let paths: Vec<String> = paths.chain(&table.carriers).chain(&table.clean).cloned().collect();
        paths.iter().for_each(|path| table.know(path));
        // What makes code and what carries messages is asked for by name.
        for path in [
            "eval",
            "Function",
            "postMessage",
            "Port.postMessage",
            "Port.onMessage.addListener",
            "Port.onMessage(0)",
            "Event.detail",
            "CustomEvent",
            "dispatchEvent",
            "BroadcastChannel.postMessage",
            "Worker.postMessage",
            "IDBObjectStore.add",
            "IDBObjectStore.put",
            // Functions of the language that values are followed through.
            "Object.defineProperty",
            "Object.getOwnPropertyNames",
            "Function.prototype.apply",
            "Function.prototype.call",
            "Reflect.apply",
            "Reflect.construct",
            "Reflect.ownKeys",
            "Promise.reject",
            "String.fromCharCode",
            "String.fromCodePoint",
            "Number.parseInt",
            "parseInt",
        ] {
            table.know(path);
        }
        // The methods that tell a sink where to send: `XMLHttpRequest.prototype.open` may have another name.
        let mut methods = Vec::new();
        for sink in &table.sinks {
            for part in sink.address.iter().chain(&sink.data) {
                let Part::Method(method, _) = part else { continue };
                let owners = sink.call.iter().filter_map(|path| path.rsplit_once('.')).map(|(owner, _)| owner);
                methods.extend(owners.map(|owner| format!("{owner}.{method}")));
            }
        }
        methods.iter().for_each(|path| table.know(path));
        let made: Vec<String> = table.containers.iter().map(|name| format!("new {name}")).collect();
        made.iter().for_each(|path| table.know(path));
        Ok(table)
    }

    fn know(&mut self, path: &str) {
        for (at, byte) in path.bytes().enumerate() {
            if matches!(byte, b'.' | b'(' | b'[') {
                self.known.insert(path[..at].to_owned());
            }
        }
        self.known.insert(path.to_owned());
        if let Some(made) = path.strip_prefix("new ") {
            let end = made.find(['.', '(', '[']).unwrap_or(made.len());
            self.known.insert(made[..end].to_owned());
        }
    }

    /// The path under its type's name, where it has a type.
    pub fn canonical<'p>(&'p self, path: &'p str) -> &'p str {
        if let Some(name) = self.types.get(path) {
            return name;
        }
        let found = wild(path).and_then(|wild| self.types.get(&wild));
        match found.or_else(|| any_member(path).and_then(|any| self.types.get(&any))) {
            Some(name) => name,
            None => path,
        }
    }

    /// Whether a path leads anywhere; the browser's own API always does.
    pub fn leads(&self, path: &str) -> bool {
        path.starts_with("chrome") || self.known.contains(path) || wild(path).is_some_and(|wild| self.known.contains(&wild))
    }

    /// Whether a path gives the page's own address.
    pub fn is_own_address(&self, path: &str) -> bool {
        self.own.address.contains(path)
    }

    /// Whether a path gives the page's own host.
    pub fn is_own_host(&self, path: &str) -> bool {
        self.own.host.contains(path)
    }

    /// The sources at a path.
    pub fn sources_at(&self, path: &str) -> impl Iterator<Item = usize> + '_ {
        let found = self.source_at.get(path).or_else(|| self.source_at.get(&wild(path)?));
        let found = found.or_else(|| self.source_at.get(&any_member(path)?));
        found.into_iter().flatten().copied()
    }

    /// The sources that an object holds as a whole.
    pub fn sources_within(&self, path: &str) -> impl Iterator<Item = usize> + '_ {
        self.whole_at.get(path).into_iter().flatten().copied()
    }

    /// The sinks that are calls of a path.
    pub fn sinks_called(&self, path: &str) -> impl Iterator<Item = usize> + '_ {
        self.call_at.get(path).or_else(|| self.call_at.get(&wild(path)?)).into_iter().flatten().copied()
    }

    /// The sinks that are assignments to a path.
    pub fn sinks_set(&self, path: &str) -> impl Iterator<Item = usize> + '_ {
        self.set_at.get(path).or_else(|| self.set_at.get(&wild(path)?)).into_iter().flatten().copied()
    }

    /// The type that a member of something unknown in a page probably is of, or the path that it probably is.
    pub fn guess(&self, member: &str) -> Option<String> {
        let wild = format!("*.{member}");
        let element = format!("Element.{member}");
        let known = self.known.contains(&wild);
        (known || self.source_at.contains_key(&wild)).then_some(element)
    }

    /// Whether a call gives back what went in.
    pub fn carries(&self, path: &str) -> bool {
        self.carriers.contains(path)
    }

    /// Whether a constructor makes a container.
    pub fn contains(&self, name: &str) -> bool {
        self.containers.contains(name)
    }

    /// Whether a call says nothing of what went in.
    pub fn is_clean(&self, path: &str) -> bool {
        let root = path.split('.').next().unwrap_or(path);
        self.clean.contains(path) || self.clean.contains(root)
    }
}

/// `a.b().c` as `*.c`.
fn wild(path: &str) -> Option<String> {
    let dot = last_dot(path)?;
    Some(format!("*{}", &path[dot..]))
}

/// `a.b` as `a.*`.
fn any_member(path: &str) -> Option<String> {
    let dot = last_dot(path)?;
    Some(format!("{}.*", &path[..dot]))
}

fn last_dot(path: &str) -> Option<usize> {
    path.rfind('.')
}

/// The last member of a path: what stands in the code before the bracket.
fn last(path: &str) -> &str {
    let path = path.strip_prefix("new ").unwrap_or(path);
    path.rsplit('.').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_table_is_read() {
        let table = Table::parse(packed!("src/script/taint.toml")).unwrap();
        assert_eq!(table.canonical("document.querySelector()"), "Element");
        assert_eq!(table.canonical("chrome.tabs.query()[]"), "Tab");
        assert_eq!(table.canonical("fetch()"), "Response");
        assert_eq!(table.sources_at("Element.innerText").count(), 1);
        assert_eq!(table.sources_at("localStorage.token").count(), 1);
        assert_eq!(table.sinks_called("XMLHttpRequest.send").count(), 1);
        assert!(table.leads("navigator") && table.leads("chrome.whatever.new") && !table.leads("whatever"));
        assert_eq!(table.guess("innerText").as_deref(), Some("Element.innerText"));
        assert_eq!(table.guess("foo"), None);
    }

    #[test]
    fn every_type_can_be_reached_and_every_path_begins_somewhere() {
        let document: Document = toml::from_str(packed!("src/script/taint.toml")).unwrap();
        let names: FxHashSet<_> = document.r#type.iter().map(|kind| kind.name.as_str()).collect();
        assert_eq!(names.len(), document.r#type.len(), "a type stands there twice");
        for kind in &document.r#type {
            assert!(!kind.is.is_empty(), "{}", kind.name);
        }
    }
}
