//! From what a run showed to facts: pure, from events alone.

use std::collections::BTreeSet;

use super::protocol::Event;
use super::scene::{CANARIES, Scene};
use crate::acquire::Package;
use crate::extract::contacts::CONTACT;
use crate::extract::flows::FLOW;
use crate::extract::{Fact, Place, Via};
use crate::finding::Step;
use crate::model::Extension;
use crate::model::host::{self, HostPattern};

/// States what the events of one scene show.
pub fn facts(extension: &Extension, package: &Package, scene: &Scene, events: &[Event]) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut seen = BTreeSet::new();
    let declared = declared(extension);
    // What arrives without anybody's click is stated as that, whichever arrival came first.
    for asked in ["no", "yes"] {
        let mut file = String::new();
        for event in events {
            let field = |name: &str| event.data.get(name).and_then(|value| value.as_str()).unwrap_or_default();
            match event.kind.as_str() {
                "file" => file = field("file").to_owned(),
                "sink" => {
                    if field("asked") != asked {
                        continue;
                    }
                    let (how, url, world) = (field("how"), field("url"), field("world"));
                    let native = how == "native" || how == "other-extension";
                    let destination = if native { url.to_owned() } else { host::of_url(url).unwrap_or_default() };
                    if destination.is_empty() {
                        continue;
                    }
                    let class = if native { "native" } else { host::contact_class(url, &[&scene.url], &declared) };
                    let via = if stands_in(package, &destination) { Via::Literal } else { Via::Decoded };
                    let found = via.as_str();
                    if seen.insert((String::new(), how.to_owned(), destination.clone())) && !native {
                        let fact = Fact::new(&CONTACT, &destination).with("url", short(url)).with("method", how);
                        facts.push(
                            fact.with("world", word(world)).with("class", class).via(Via::Emulated).at(Place::file(&file)),
                        );
                    }
                    let sent = format!("{url} {}", field("body"));
                    for canary in canaries(&sent) {
                        let source = scene.source(canary);
                        if !seen.insert((source.clone(), how.to_owned(), destination.clone())) {
                            continue;
                        }
                        let what = format!("in the sealed worker, what stood for {source} arrived at {destination} by {how}");
                        let fact = Fact::new(&FLOW, &source)
                            .with("sink", how)
                            .with("destination", &destination)
                            .with("url", short(url))
                            .with("class", class)
                            .with("found", found)
                            .with("click", asked)
                            .with("provider", &scene.name)
                            .with("world", word(world))
                            .with("sink_world", word(world));
                        let step = Step { file: file.clone(), line: 1, what };
                        facts.push(fact.via(Via::Emulated).at(Place::file(&file)).steps(vec![step]));
                    }
                }
                _ => {}
            }
        }
    }
    facts
}

/// The stand-ins' name of a world in the words of the facts.
fn word(world: &str) -> &str {
    if world == "page" { "content" } else { world }
}

/// The beginning of an address: what follows may be megabytes of canaries.
fn short(url: &str) -> String {
    url.chars().take(200).collect()
}

fn declared(extension: &Extension) -> Vec<HostPattern> {
    let Some(manifest) = &extension.manifest else { return Vec::new() };
    let homepage = manifest.homepage_url.as_deref().and_then(host::of_url).map(|host| format!("*://*.{host}/*"));
    manifest.host_permissions.iter().chain(homepage.iter()).filter_map(|pattern| HostPattern::parse(pattern)).collect()
}

/// Whether a text stands in the package as it is.
fn stands_in(package: &Package, text: &str) -> bool {
    let finder = memchr::memmem::Finder::new(text.as_bytes());
    package.files.values().filter_map(|file| file.bytes.as_deref()).any(|bytes| finder.find(bytes).is_some())
}

/// The names of the canaries in what was sent, whatever it was wrapped in: base64, hex, percent escapes, reversed, XOR with
/// one byte, letter case.
pub fn canaries(sent: &str) -> Vec<&'static str> {
    let mut forms = vec![sent.to_ascii_lowercase()];
    forms.push(sent.chars().rev().collect::<String>().to_ascii_lowercase());
    unwrap(sent, 0, &mut forms);
    CANARIES
        .iter()
        .filter(|(_, word, _)| forms.iter().any(|form| form.contains(word) || xored(form, word)))
        .map(|(name, ..)| *name)
        .collect()
}

/// Layers of encodings that are taken off, and most forms that are looked at.
const LAYERS: usize = 3;
const FORMS: usize = 64;

fn unwrap(text: &str, layer: usize, forms: &mut Vec<String>) {
    use base64::Engine as _;
    if layer >= LAYERS || forms.len() >= FORMS {
        return;
    }
    let mut next = Vec::new();
    if text.contains('%') {
        let bytes = percent(text);
        next.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let runs = text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/-_".contains(c))).filter(|run| run.len() >= 12);
    for run in runs.take(FORMS) {
        if run.len() % 2 == 0 && run.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let digits =
                |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16).unwrap_or_default();
            let bytes: Vec<u8> = run.as_bytes().chunks(2).map(digits).collect();
            next.push(latin(&bytes));
        }
        let standard = run.replace('-', "+").replace('_', "/");
        for start in 0..4usize {
            let Some(tail) = standard.get(start..) else { continue };
            let whole = tail.len() - if tail.len() % 4 == 1 { 1 } else { 0 };
            if let Some(Ok(bytes)) = tail.get(..whole).map(|part| lenient.decode(part)) {
                next.push(latin(&bytes));
            }
            // A run that is whole needs no other start; a query's name may stick to one that is not.
            if start == 0 && next.last().is_some_and(|text| text.contains("kxq")) {
                break;
            }
        }
    }
    for text in next {
        if forms.len() >= FORMS {
            return;
        }
        forms.push(text.to_ascii_lowercase());
        unwrap(&text, layer + 1, forms);
    }
}

/// Bytes as characters, one each: what a script's string of bytes is.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn percent(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
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
    out
}

/// Whether a word stands in a text under XOR with one byte. The differences of neighbours do not change under it.
fn xored(text: &str, word: &str) -> bool {
    // Few letters have few differences, which turn up by chance.
    if word.len() < 8 {
        return false;
    }
    let codes: Vec<u32> = text.chars().map(u32::from).collect();
    let wanted: Vec<u32> = word.chars().map(u32::from).collect();
    let differs = |pair: &[u32]| pair.first().zip(pair.get(1)).map(|(a, b)| a ^ b);
    let wanted: Vec<_> = wanted.windows(2).map(differs).collect();
    codes.windows(wanted.len() + 1).any(|window| window.windows(2).map(differs).eq(wanted.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canaries_are_known_in_every_wrapping() {
        use base64::Engine as _;
        let word = CANARIES.iter().find(|(name, ..)| *name == "password").map(|(_, word, _)| *word).unwrap_or_default();
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let xor: String = word.chars().map(|c| char::from_u32(u32::from(c) ^ 0x5a).unwrap_or(c)).collect();
        for sent in [
            word.to_owned(),
            word.to_uppercase(),
            word.chars().rev().collect(),
            format!("https://x.invalid/?d={}", base64(&format!("a{word}b"))),
            format!("d={}", base64(&base64(&format!("ab{word}")))),
            hex(word),
            word.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            xor.clone(),
            base64(&xor),
        ] {
            assert_eq!(canaries(&sent), ["password"], "{sent}");
        }
        assert_eq!(canaries("https://collector.invalid/?nothing=here&id=0123456789abcdef"), Vec::<&str>::new());
    }
}
