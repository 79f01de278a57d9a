//! Canaries in what a script sends, whatever they are wrapped in.
//!
//! A hostile script may send megabytes, so each search here goes through a text once, for all words together, and the forms of a
//! text that are looked through are bounded.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use memchr::memmem;
use regex::bytes::Regex;

use super::scene::{CANARIES, Canary};

/// The canaries in what was sent.
pub fn canaries(sent: &str) -> Vec<&'static Canary> {
    Sent::new(sent).canaries()
}

/// What was sent: as it is, and with its wrappings taken off.
pub struct Sent<'s> {
    text: &'s str,
    forms: Vec<Vec<u8>>,
}

impl Sent<'_> {
    /// Takes off base64, hex, percent escapes, and turns it around.
    pub fn new(text: &str) -> Sent<'_> {
        Sent { text, forms: forms(text) }
    }

    /// The canaries in it, in letters of any case, and under XOR with a short key.
    pub fn canaries(&self) -> Vec<&'static Canary> {
        let mut found = vec![false; CANARIES.len()];
        for form in &self.forms {
            SEARCHES.plain.note(form, &mut found);
            for (key, search) in (1..).zip(&SEARCHES.crossed) {
                search.note(&apart(form, key), &mut found);
            }
        }
        CANARIES.iter().zip(found).filter(|(_, found)| *found).map(|(canary, _)| canary).collect()
    }
}

/// A search for words of many canaries at once.
struct Search {
    words: Option<AhoCorasick>,
    /// The canary of each word, by its place in [`CANARIES`].
    of: Vec<usize>,
}

impl Search {
    fn new(builder: &AhoCorasickBuilder, words: impl Iterator<Item = (usize, Vec<u8>)>) -> Search {
        let (of, words): (Vec<_>, Vec<_>) = words.unzip();
        Search { words: builder.build(words).ok(), of }
    }

    fn note(&self, text: &[u8], found: &mut [bool]) {
        for hit in self.words.iter().flat_map(|words| words.find_overlapping_iter(text)) {
            if let Some(found) = self.of.get(hit.pattern().as_usize()).and_then(|at| found.get_mut(*at)) {
                *found = true;
            }
        }
    }
}

struct Searches {
    plain: Search,
    /// Under XOR with a key of one letter, of two, ...
    crossed: Vec<Search>,
}

/// The longest key that is tried, in letters.
const KEY: usize = 6;

static SEARCHES: LazyLock<Searches> = LazyLock::new(|| {
    let words =
        || CANARIES.iter().enumerate().flat_map(|(at, canary)| canary.words.iter().map(move |word| (at, word.as_bytes())));
    let crossed = (1..=KEY).map(|key| {
        // Few letters have few differences, which turn up by chance; the same letter over and over differs by nothing.
        let long = words().filter(|(_, word)| word.len() >= key + 7).map(|(at, word)| (at, apart(word, key)));
        Search::new(&AhoCorasickBuilder::new(), long.filter(|(_, word)| word.iter().any(|byte| *byte != 0)))
    });
    let mut any_case = AhoCorasickBuilder::new();
    any_case.ascii_case_insensitive(true);
    let plain = Search::new(&any_case, words().map(|(at, word)| (at, word.to_vec())));
    Searches { plain, crossed: crossed.collect() }
});

/// How each letter differs from the one that stands so far behind it: the same under XOR with a key of that length.
fn apart(text: &[u8], key: usize) -> Vec<u8> {
    const CHUNK: usize = 8;
    let (front, back) = (text, text.get(key..).unwrap_or_default());
    let mut made = Vec::with_capacity(back.len());
    // Eight at once: these texts may be long, and so is the list of keys.
    let chunks = |of: &[u8]| {
        of.chunks_exact(CHUNK).filter_map(|chunk| chunk.try_into().ok().map(u64::from_le_bytes)).collect::<Vec<_>>()
    };
    for (one, other) in chunks(front).into_iter().zip(chunks(back)) {
        made.extend_from_slice(&(one ^ other).to_le_bytes());
    }
    let rest = made.len();
    made.extend(front.iter().zip(back).skip(rest).map(|(one, other)| one ^ other));
    made
}

/// How far the words of canaries have come in pieces, over the requests to one destination.
#[derive(Debug, Default)]
pub struct Pieces {
    arrived: BTreeMap<&'static str, usize>,
    typed: usize,
}

/// The least letters of a piece; what is left at the end may be fewer.
const PIECE: usize = 4;

impl Pieces {
    /// The canaries that are complete with this request.
    pub fn add(&mut self, sent: &Sent<'_>) -> Vec<&'static Canary> {
        let forms: Vec<_> = sent.forms.iter().map(|form| form.to_ascii_lowercase()).collect();
        let holds = |piece: &str| !piece.is_empty() && forms.iter().any(|form| memmem::find(form, piece.as_bytes()).is_some());
        let mut complete = Vec::new();
        for canary in CANARIES {
            for word in canary.words.iter().filter(|word| word.len() > 2 * PIECE) {
                let arrived = self.arrived.entry(word).or_default();
                let rest = word.get(*arrived..).unwrap_or_default();
                // A longer piece begins with the shortest.
                let mut next = PIECE.min(rest.len());
                if !rest.get(..next).is_some_and(holds) {
                    continue;
                }
                while next < rest.len() && rest.get(..next + 1).is_some_and(holds) {
                    next += 1;
                }
                *arrived += next;
                if *arrived == word.len() {
                    *arrived = 0;
                    complete.push(canary);
                }
            }
        }
        complete.extend(self.letter(sent.text));
        complete
    }

    /// Keys may leave one by one: then each request ends with the next letter of the word that is typed.
    fn letter(&mut self, sent: &str) -> Option<&'static Canary> {
        let canary = CANARIES.iter().find(|canary| canary.is_typed())?;
        let word = canary.words.first()?;
        let last = sent.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).chars().last()?.to_ascii_lowercase();
        let is = |at: usize| word.chars().nth(at) == Some(last);
        self.typed = if is(self.typed) { self.typed + 1 } else { usize::from(is(0)) };
        if self.typed < word.len() {
            return None;
        }
        self.typed = 0;
        Some(canary)
    }
}

/// A text and what it is when its wrappings are taken off, a byte for each character: what lies beyond a byte is cut, which XOR
/// does not mind.
fn forms(sent: &str) -> Vec<Vec<u8>> {
    let sent = narrow(sent);
    let mut reversed = sent.clone();
    reversed.reverse();
    let mut forms = Forms { room: (FORMS_BYTES * sent.len()).max(FORMS_BYTES_LEAST), list: Vec::new() };
    forms.push(&sent);
    forms.push(&reversed);
    forms.unwrap(&sent, 0);
    forms.list
}

/// Layers of encodings that are taken off, and most forms that are looked at; how many times as long as the text all of them may
/// be, and what even a short text has room for.
const LAYERS: usize = 3;
const FORMS: usize = 64;
const FORMS_BYTES: usize = 8;
const FORMS_BYTES_LEAST: usize = 4096;

struct Forms {
    list: Vec<Vec<u8>>,
    room: usize,
}

impl Forms {
    fn push(&mut self, form: &[u8]) -> bool {
        let fits = self.list.len() < FORMS && form.len() <= self.room;
        if fits {
            self.room -= form.len();
            self.list.push(form.to_owned());
        }
        fits
    }

    fn unwrap(&mut self, text: &[u8], layer: usize) {
        use base64::Engine as _;
        if layer >= LAYERS || self.list.len() >= FORMS {
            return;
        }
        let mut next = Vec::new();
        if memchr::memchr(b'%', text).is_some() {
            next.push(percent(text));
        }
        let lenient = base64::engine::GeneralPurpose::new(
            &base64::alphabet::STANDARD,
            base64::engine::GeneralPurposeConfig::new()
                .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
                .with_decode_allow_trailing_bits(true),
        );
        let found = |runs: &'static Option<Regex>| runs.iter().flat_map(|runs| runs.find_iter(text)).map(|run| run.as_bytes());
        for run in found(&RUNS.hex).filter(|run| run.len() % 2 == 0).take(FORMS) {
            let digits =
                |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16).unwrap_or_default();
            next.push(run.chunks(2).map(digits).collect());
        }
        for run in found(&RUNS.base64).take(FORMS) {
            let mut standard = run.to_vec();
            // The alphabet of addresses: two letters are other ones.
            for (other, usual) in [(b'-', b'+'), (b'_', b'/')] {
                for at in memchr::memchr_iter(other, run) {
                    if let Some(byte) = standard.get_mut(at) {
                        *byte = usual;
                    }
                }
            }
            for start in 0..4usize {
                let Some(tail) = standard.get(start..) else { continue };
                let whole = tail.len() - if tail.len() % 4 == 1 { 1 } else { 0 };
                if let Some(Ok(bytes)) = tail.get(..whole).map(|part| lenient.decode(part)) {
                    next.push(bytes);
                }
                // A run that is whole needs no other start; a query's name may stick to one that is not.
                if start == 0 && next.last().is_some_and(|text| memmem::find(text, b"kxq").is_some()) {
                    break;
                }
            }
        }
        for text in next {
            if self.push(&text) {
                self.unwrap(&text, layer + 1);
            }
        }
    }
}

/// Runs of letters that may be an encoding.
struct Runs {
    hex: Option<Regex>,
    base64: Option<Regex>,
}

static RUNS: LazyLock<Runs> =
    LazyLock::new(|| Runs { hex: Regex::new("[0-9A-Fa-f]{12,}").ok(), base64: Regex::new("[A-Za-z0-9+/_-]{12,}").ok() });

/// The low byte of each character.
fn narrow(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        return text.as_bytes().to_vec();
    }
    text.chars().map(|letter| u32::from(letter) as u8).collect()
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(value) if byte == b'%' => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    // What was escaped is text as a rule: then its characters are what counts.
    std::str::from_utf8(&out).map_or(out.clone(), narrow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canaries_are_known_in_every_wrapping() {
        use base64::Engine as _;
        let word = "kxqpasswordzv4";
        let canaries = |sent: &str| canaries(sent).into_iter().flat_map(|canary| canary.words).copied().collect::<Vec<_>>();
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let key = [0x21, 0x42, 0x13];
        let crossed: String = word.bytes().zip(key.iter().cycle()).map(|(byte, key)| char::from(byte ^ key)).collect();
        let xor: String = word.chars().map(|c| char::from_u32(u32::from(c) ^ 0x5a).unwrap_or(c)).collect();
        for sent in [
            word.to_owned(),
            word.to_uppercase(),
            word.chars().rev().collect(),
            format!("https://x.invalid/?d={}", base64(&format!("a{word}b"))),
            format!("d={}", base64(&base64(&format!("ab{word}")))),
            hex(word),
            format!("https://{}.drop.invalid/", hex(word)),
            word.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            xor.clone(),
            base64(&xor),
            crossed,
        ] {
            assert_eq!(canaries(&sent), [word], "{sent}");
        }
        assert_eq!(canaries("https://collector.invalid/?nothing=here&id=0123456789abcdef"), Vec::<&str>::new());
    }

    #[test]
    fn canaries_are_known_in_pieces_over_several_requests() {
        let mut pieces = Pieces::default();
        for (sent, complete) in [("p=0&d=kxqpas", 0), ("p=1&d=swordz", 0), ("nothing", 0), ("p=2&d=v4", 1)] {
            assert_eq!(pieces.add(&Sent::new(sent)).len(), complete, "{sent}");
        }
        let letters =
            "kxqkeypresszv8".chars().map(|letter| pieces.add(&Sent::new(&format!("https://c.invalid/k?{letter}"))).len());
        assert_eq!(letters.sum::<usize>(), 1);
        for sent in ["the password is stored", "kxq", "words and passwords, 4 of them"] {
            assert_eq!(Pieces::default().add(&Sent::new(sent)).len(), 0, "{sent}");
        }
    }
}
