//! JSON files of the package, as scripts read them: `fetch(chrome.runtime.getURL("a.json")).then((answer) => answer.json())`.

use serde_json::Value as Json;

use super::super::names::Name;
use super::super::program::{At, resolve};
use super::source::is_own_file;
use super::{Atom, Ctx, Engine, Set, Value};

/// Where the paths of such values begin; the file and a JSON pointer follow.
pub(super) const PACKAGED: &str = "package:";
/// Elements of a list that are told apart.
const MAX_ELEMENTS: usize = 32;

impl Engine<'_, '_> {
    /// The file that a request asks for, where it is one of the package's.
    pub(super) fn packaged(&mut self, request: Option<(At, Ctx)>) -> Option<Value> {
        let (call, ctx) = request?;
        let base = self.program.unit(call.inst).file.clone();
        let world = self.world(call);
        let addresses = self.address_texts(call, 0, ctx);
        let paths = addresses.iter().filter(|address| is_own_file(address, world));
        // Addresses in a service worker are relative to it; those in a page to the page, which mostly lies at its scripts' side.
        let places = paths.filter_map(|address| resolve(&base, address)).map(|path| format!("{path}#"));
        let place = places.into_iter().find(|place| self.program.packaged.value(place).is_some())?;
        self.packaged_value(&place)
    }

    fn packaged_value(&mut self, place: &str) -> Option<Value> {
        let program = self.program;
        Some(match program.packaged.value(place)? {
            Json::String(text) => self.read_out(text),
            Json::Number(number) => Atom::number(number.as_f64()?).into(),
            Json::Bool(value) => Atom::Bool(*value).into(),
            Json::Null => Atom::Nothing.into(),
            Json::Array(_) | Json::Object(_) => self.host_value(&format!("{PACKAGED}{place}"), None),
        })
    }

    /// A text out of the package. It was shipped and can be read, so it counts as written in the code.
    pub(super) fn read_out(&mut self, text: &str) -> Value {
        let atom = self.make_text(text);
        if let Atom::Text(name) = atom {
            self.read_out.insert(name);
        }
        atom.into()
    }

    /// Whether a text stands in one that scripts read out of the package.
    pub fn was_read_out(&self, text: &str) -> bool {
        self.read_out.iter().any(|name| self.text(*name).contains(text))
    }

    /// A member of an object in such a file.
    pub(super) fn packaged_member(&mut self, path: Name, name: Name) -> Value {
        let place = place_of(self.text(path)).to_owned();
        let key = self.text(name).replace('~', "~0").replace('/', "~1");
        self.packaged_value(&format!("{place}/{key}")).unwrap_or_else(Value::unknown)
    }

    /// An element of a list in such a file.
    pub(super) fn packaged_element(&mut self, path: Name) -> Value {
        let place = place_of(self.text(path)).to_owned();
        let mut set = Set::new();
        for at in 0..MAX_ELEMENTS {
            let Some(value) = self.packaged_value(&format!("{place}/{at}")) else { break };
            set.extend(&value);
        }
        set.add(Atom::Unknown);
        set.finish()
    }
}

/// The file and the JSON pointer in the path of such a value.
fn place_of(path: &str) -> &str {
    path.strip_prefix(PACKAGED).unwrap_or(path)
}
