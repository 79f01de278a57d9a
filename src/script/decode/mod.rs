//! Undoing obfuscation: one file a trick.
//!
//! A trick looks at the `Sketch` of a script and names places whose value would tell something: calls of a decoder, code
//! that is put together before it is run. What such a place needs is cut out as a closed slice (`slice.rs`) and handed to
//! an [`Evaluate`], which is the sealed worker in the program and nobody in a fuzzer. The answers come back keyed by the
//! place in the script, next to whole scripts that were hidden in it; those are read like any other script, and may hide
//! more.
//!
//! To add a trick: one file, and one line in [`TRICKS`].

mod base64;
mod char_codes;
mod inject;
mod packer;
mod sketch;
mod slice;
mod string_array;
mod unescape;
mod xor;

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};
use oxc_ast::ast::Program;

pub use self::packer::is_symbols_only;
pub use self::sketch::Place;
use self::sketch::{Call, Callee, Sketch, Word};
use self::slice::Slicer;
use super::evaluate::{DecoderJob, Evaluate};
use super::ir::Ir;

/// One way of hiding strings or code, and how to see through it.
pub struct Trick {
    /// The file's name, and the value of the fact `obfuscation` that it backs.
    pub name: &'static str,
    /// What is done to a script.
    pub doc: &'static str,
    find: fn(&mut Search<'_, '_>),
}

/// All tricks, in the order in which they claim a place.
pub const TRICKS: &[Trick] =
    &[string_array::TRICK, packer::TRICK, xor::TRICK, base64::TRICK, unescape::TRICK, char_codes::TRICK];

/// What came out of one script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The string that stands for an expression, by the expression's place.
    pub strings: BTreeMap<Place, String>,
    /// Scripts that were hidden in the script.
    pub code: Vec<Revealed>,
    /// How many pieces each trick had hidden.
    pub tricks: BTreeMap<&'static str, u32>,
    /// How many pieces were found, undone or not.
    pub found: u32,
    /// The decoding machinery: tables, decoders, rotations. It does nothing of its own.
    pub machinery: Vec<Place>,
    /// The calls that put a table of strings into order.
    pub rotations: Vec<Place>,
}

impl Decoded {
    /// The script with its strings where the calls of decoders stood, and without the rotation of their table: it does the same
    /// in far fewer steps. Nothing where no table is rotated, or some call could not be undone and still needs the table in order.
    ///
    /// Lines stay the lines that they were.
    pub fn put_back(&self, text: &str) -> Option<String> {
        let undone: u32 = self.tricks.values().sum();
        if self.rotations.is_empty() || undone < self.found {
            return None;
        }
        let rotations = self.rotations.iter().map(|place| (*place, "0".to_owned()));
        let strings = self.strings.iter().filter_map(|(place, string)| Some((*place, serde_json::to_string(string).ok()?)));
        let changes: BTreeMap<Place, String> = rotations.chain(strings).collect();
        let mut whole = String::with_capacity(text.len());
        let mut end = 0;
        for (place, new) in &changes {
            let (from, to) = (place.from as usize, place.to as usize);
            // What lies within something that was put back is gone with it.
            if from < end {
                continue;
            }
            whole.push_str(text.get(end..from)?);
            // Separators of lines are characters of strings in JSON, and once were none in JavaScript.
            whole.push_str(&format!("({})", new.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")));
            whole.extend(text.get(from..to)?.bytes().filter(|byte| *byte == b'\n').map(|_| '\n'));
            end = to;
        }
        whole.push_str(text.get(end..)?);
        (whole.len() <= text.len().saturating_mul(GROWTH)).then_some(whole)
    }
}

/// A script that was hidden in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// Its text.
    pub text: String,
    /// Where it was hidden.
    pub place: Place,
    /// Where it runs.
    pub runs: Runs,
}

/// Where a script runs that stands in another as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runs {
    /// Where the other runs.
    There,
    /// In a page's own world.
    InPage,
    /// Beside a page, as content scripts do.
    BesidePage,
}

/// Most places of one script that are evaluated.
const ASKS_LIMIT: usize = 50_000;

/// Bytes of all strings of one script together: one that is long and stands in many places is long in each.
const STRINGS_LIMIT: usize = 16 << 20;

/// How many times as long a script may be when its strings are put back: to look one up takes as many letters as most have.
const GROWTH: usize = 4;

/// Bytes of code that one script may reveal.
const CODE_LIMIT: usize = 16 << 20;

/// Longest script that is looked at.
const TEXT_LIMIT: usize = 16 << 20;

/// Undoes what hides strings and code in `text`.
///
/// The thread must have the stack that `script` asks for.
pub fn apply(text: &str, evaluate: &dyn Evaluate) -> Decoded {
    search(text, || Sketch::of(text)).undo(text, evaluate)
}

/// What may be hidden in a script.
#[derive(Clone, Debug, Default)]
pub enum Hidden {
    /// Nothing that is known.
    #[default]
    Nothing,
    /// The script is written in symbols only: the whole of it is to be unpacked.
    Whole,
    /// Pieces of it.
    Pieces {
        /// What shows without running anything.
        seen: Decoded,
        /// What is to be evaluated.
        jobs: Vec<Job>,
    },
}

/// Pieces that one trick hides, to be evaluated in one go.
#[derive(Clone, Debug)]
pub struct Job {
    trick: &'static str,
    job: DecoderJob,
    /// Where the pieces are, what is wanted of them, and the number of their call.
    asks: Vec<(Place, Want, usize)>,
}

/// Looks for what is hidden in a script that is parsed and lowered already.
pub fn look(text: &str, program: &Program<'_>, ir: &Ir) -> Hidden {
    search(text, || Some(Sketch::read(text, program, ir)))
}

/// Has every trick look at a script that shows any sign of one.
fn search<'t>(text: &'t str, sketch: impl FnOnce() -> Option<Sketch<'t>>) -> Hidden {
    if text.len() > TEXT_LIMIT {
        return Hidden::Nothing;
    }
    if packer::is_symbols_only(text) {
        return Hidden::Whole;
    }
    if !worth_a_look(text) {
        return Hidden::Nothing;
    }
    let Some(sketch) = sketch() else { return Hidden::Nothing };
    let mut search = Search::new(&sketch);
    for trick in TRICKS {
        search.trick = trick.name;
        (trick.find)(&mut search);
    }
    inject::find(&mut search);
    search.finish()
}

impl Hidden {
    /// Undoes it. `text` is the script's.
    pub fn undo(self, text: &str, evaluate: &dyn Evaluate) -> Decoded {
        match self {
            Hidden::Nothing => Decoded::default(),
            Hidden::Whole => {
                let mut decoded = Decoded::default();
                packer::run(text, evaluate, &mut decoded);
                decoded
            }
            Hidden::Pieces { mut seen, jobs } => {
                let mut room = STRINGS_LIMIT;
                for job in jobs {
                    job.run(&mut seen, &mut room, evaluate);
                }
                seen
            }
        }
    }
}

impl Job {
    /// Has the pieces evaluated, and files the answers.
    fn run(self, decoded: &mut Decoded, room: &mut usize, evaluate: &dyn Evaluate) {
        let answers = evaluate.evaluate(&self.job);
        for (place, want, at) in self.asks {
            let Some(Some(text)) = answers.get(at) else { continue };
            match want {
                Want::Text if text.len() > *room => {}
                Want::Text => {
                    *room -= text.len();
                    decoded.strings.insert(place, text.clone());
                    *decoded.tricks.entry(self.trick).or_default() += 1;
                }
                Want::Code => reveal(decoded, self.trick, place, text.clone()),
            }
        }
    }
}

/// Whether a script shows any sign of a trick, from its bytes alone. Most scripts do not, and cost no more than this.
fn worth_a_look(text: &str) -> bool {
    static SIGNS: std::sync::LazyLock<Option<AhoCorasick>> = std::sync::LazyLock::new(|| {
        let signs = [
            "eval",
            "Function(",
            "constructor",
            "fromCharCode",
            "fromCodePoint",
            "charCodeAt",
            "codePointAt",
            "atob",
            "unescape",
            "TextDecoder",
            "\\x66\\x72\\x6f\\x6d",
            "\\x73\\x68\\x69\\x66\\x74",
            ".shift()",
            "['shift']",
            "[\"shift\"]",
            "_0x",
            "'%'+",
            "'%' +",
            "\"%\"+",
            "\"%\" +",
            "createElement(\"script",
            "createElement('script",
            "createElement(`script",
            "executeScript",
            "inspectedWindow",
            "createObjectURL",
            "setTimeout(\"",
            "setTimeout('",
            "setInterval(\"",
            "setInterval('",
            "javascript:",
            "setAttribute(\"on",
            "setAttribute('on",
        ];
        AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(signs).ok()
    });
    SIGNS.as_ref().is_some_and(|signs| signs.is_match(text)) || makes_elements_by_variable(text.as_bytes())
}

/// `createElement(tag)`: the tag may be that of a script element.
fn makes_elements_by_variable(text: &[u8]) -> bool {
    const MAKES: &[u8] = b"createElement(";
    let mut places = memchr::memmem::find_iter(text, MAKES).map(|at| &text[at + MAKES.len()..]);
    places.any(|given| !matches!(given.trim_ascii_start().first(), Some(b'"' | b'\'' | b'`' | b')') | None))
}

/// What is wanted of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// The string that it stands for.
    Text,
    /// The script that it stands for.
    Code,
}

/// A place whose value is wanted.
struct Ask {
    trick: &'static str,
    place: Place,
    want: Want,
    needs: BTreeSet<u32>,
}

/// What a trick works with.
struct Search<'s, 't> {
    sketch: &'s Sketch<'t>,
    slicer: Slicer<'s, 't>,
    trick: &'static str,
    asks: Vec<Ask>,
    /// Places that were asked for.
    asked: BTreeSet<Place>,
    /// Places that a trick has claimed, with everything within them: from, to.
    claimed: BTreeMap<u32, u32>,
    decoded: Decoded,
}

impl<'s, 't> Search<'s, 't> {
    fn new(sketch: &'s Sketch<'t>) -> Self {
        Search {
            sketch,
            slicer: Slicer::new(sketch),
            trick: "",
            asks: Vec::new(),
            asked: BTreeSet::new(),
            claimed: BTreeMap::new(),
            decoded: Decoded::default(),
        }
    }

    /// Asks for the value at `place`, where it is closed. True where it is.
    fn ask(&mut self, place: Place, want: Want) -> bool {
        if self.asks.len() >= ASKS_LIMIT || self.asked.contains(&place) {
            return false;
        }
        let Some(needs) = self.slicer.needs_at(place) else { return false };
        self.decoded.found += 1;
        self.asked.insert(place);
        self.asks.push(Ask { trick: self.trick, place, want, needs });
        true
    }

    /// Whether a place lies within something that was claimed before.
    fn is_claimed(&self, place: Place) -> bool {
        self.claimed.range(..=place.from).next_back().is_some_and(|(_, to)| place.to <= *to)
    }

    /// Takes a place for the current trick.
    fn claim(&mut self, place: Place) {
        if !self.is_claimed(place) {
            self.claimed.insert(place.from, place.to);
        }
    }

    /// Asks for calls on literals and functions of the language whose text is put together by a function on the spot:
    /// `[104, 105].map(c => String.fromCharCode(c ^ 7)).join('')`. Simpler ones are followed without running anything.
    fn ask_expressions(&mut self, telling: fn(Word) -> bool) {
        let sketch = self.sketch;
        let mut end = 0;
        for call in &sketch.calls {
            let place = call.place;
            if place.from < end || call.dropped || place.size() > EXPRESSION_LIMIT {
                continue;
            }
            let tells = sketch.words_in(place).any(telling);
            let chain = call.callee == Callee::Other && sketch.has_function(place);
            let on_the_spot = call.callee == Callee::Function && call.text.as_deref().is_some_and(looks_encoded);
            if tells && (chain || on_the_spot) && !self.is_claimed(place) && self.ask(place, Want::Text) {
                self.claim(place);
                end = place.to;
            }
        }
    }

    /// Puts together what is to be evaluated: one job for each trick.
    fn finish(self) -> Hidden {
        let mut by_trick: BTreeMap<&'static str, Vec<Ask>> = BTreeMap::new();
        for ask in self.asks {
            by_trick.entry(ask.trick).or_default().push(ask);
        }
        let mut jobs = Vec::new();
        for (trick, asks) in by_trick {
            let mut needs = BTreeSet::new();
            for ask in &asks {
                needs.extend(ask.needs.iter().copied());
            }
            let Some(prelude) = self.slicer.prelude(&needs) else { continue };
            let mut calls = Vec::new();
            let mut index = BTreeMap::new();
            let mut wanted = Vec::with_capacity(asks.len());
            for ask in &asks {
                let text = format!("({})", self.slicer.text(ask.place, &needs));
                let at = *index.entry(text).or_insert_with_key(|text| {
                    calls.push(text.clone());
                    calls.len() - 1
                });
                wanted.push((ask.place, ask.want, at));
            }
            jobs.push(Job { trick, job: DecoderJob { prelude, calls }, asks: wanted });
        }
        if jobs.is_empty() && self.decoded == Decoded::default() {
            return Hidden::Nothing;
        }
        Hidden::Pieces { seen: self.decoded, jobs }
    }
}

/// Longest expression that is evaluated for its text.
const EXPRESSION_LIMIT: usize = 64 << 10;

/// Whether a literal looks like something that must be decoded before anybody can use it.
fn looks_encoded(text: &str) -> bool {
    let length = text.chars().count();
    if length < 6 {
        return false;
    }
    let strange = text.chars().filter(|c| !c.is_ascii_graphic() && *c != ' ').count();
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.bytes().any(|byte| byte.is_ascii_digit());
    let base64 = length >= 8
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
        && (text.bytes().any(|byte| byte.is_ascii_digit()) || text.ends_with('='));
    let escapes = text.matches('%').count() * 4 > length || text.matches("\\x").count() * 5 > length;
    let numbers = text.bytes().all(|byte| byte.is_ascii_digit() || b" ,;-|.:_".contains(&byte))
        && text.bytes().any(|b| !b.is_ascii_digit());
    let punctuation = text.bytes().filter(u8::is_ascii_punctuation).count() * 3 > length && !text.contains(' ');
    strange * 4 > length || hex || base64 || escapes || numbers || punctuation
}

/// Whether a call hands something encoded to its function.
fn hands_over_encoded(call: &Call, sketch: &Sketch<'_>) -> bool {
    if call.text.as_deref().is_some_and(looks_encoded) {
        return true;
    }
    let Some(arguments) = call.arguments else { return false };
    // What a name stands for is handed over as well.
    let named = call.names.iter().filter_map(|name| sketch.definitions.get(name)).map(|definition| sketch.at(definition.place));
    is_list_of_numbers(sketch.at(arguments))
        || named.take(4).any(|text| is_list_of_numbers(text) || quoted(text).is_some_and(looks_encoded))
}

fn is_list_of_numbers(text: &str) -> bool {
    text.starts_with('[') && text.len() > 8 && text.bytes().filter(u8::is_ascii_digit).count() * 3 > text.len()
}

/// What stands between the quotes of a literal without escapes.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'))?;
    text.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| !inner.contains(['\\', quote]))
}

/// Files a script that a trick has hidden.
fn reveal(decoded: &mut Decoded, trick: &'static str, place: Place, text: String) {
    if text.trim().len() > 3 && keep(decoded, Revealed { text, place, runs: Runs::There }) {
        *decoded.tricks.entry(trick).or_default() += 1;
    }
}

/// Keeps a script that stands in the script, once, as long as there is room.
fn keep(decoded: &mut Decoded, code: Revealed) -> bool {
    let room: usize = decoded.code.iter().map(|code| code.text.len()).sum();
    let known = decoded.code.iter().any(|other| (&other.text, other.runs) == (&code.text, code.runs));
    let is_kept = !known && room + code.text.len() <= CODE_LIMIT;
    if is_kept {
        decoded.code.push(code);
    }
    is_kept
}
