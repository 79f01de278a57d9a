//! Canaries in what a script sends, whatever they are wrapped in.

use std::collections::BTreeMap;

use super::scene::{CANARIES, Canary};

/// The canaries in what was sent, whatever it was wrapped in: base64, hex, percent escapes, reversed, XOR with a short key,
/// letter case.
pub fn canaries(sent: &str) -> Vec<&'static Canary> {
    let forms = forms(sent);
    let holds = |word: &str| forms.iter().any(|form| form.contains(word) || xored(form, word));
    CANARIES.iter().filter(|canary| canary.words.iter().any(|word| holds(word))).collect()
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
    pub fn add(&mut self, sent: &str) -> Vec<&'static Canary> {
        let forms = forms(sent);
        let mut complete = Vec::new();
        for canary in CANARIES {
            for word in canary.words.iter().filter(|word| word.len() > 2 * PIECE) {
                let arrived = self.arrived.entry(word).or_default();
                let rest = word.get(*arrived..).unwrap_or_default();
                let least = PIECE.min(rest.len()).max(1);
                let next = (least..=rest.len()).rev().find(|end| {
                    let piece = rest.get(..*end).unwrap_or_default();
                    !piece.is_empty() && forms.iter().any(|form| form.contains(piece))
                });
                *arrived += next.unwrap_or_default();
                if next.is_some() && *arrived == word.len() {
                    *arrived = 0;
                    complete.push(canary);
                }
            }
        }
        complete.extend(self.letter(sent));
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

/// A text and what it is when its wrappings are taken off, in small letters.
fn forms(sent: &str) -> Vec<String> {
    let mut forms = vec![sent.to_ascii_lowercase()];
    forms.push(sent.chars().rev().collect::<String>().to_ascii_lowercase());
    unwrap(sent, 0, &mut forms);
    forms
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
    let hex = text.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() >= 12 && run.len() % 2 == 0);
    for run in hex.take(FORMS) {
        let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16).unwrap_or_default();
        let bytes: Vec<u8> = run.as_bytes().chunks(2).map(digits).collect();
        next.push(latin(&bytes));
    }
    for run in runs.take(FORMS) {
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

/// The longest key that is tried, in letters.
const KEY: usize = 6;

/// Whether a word stands in a text under XOR with a short key that is repeated. What lies one key apart differs by the same
/// under it.
fn xored(text: &str, word: &str) -> bool {
    let codes: Vec<u32> = text.chars().map(u32::from).collect();
    let wanted: Vec<u32> = word.chars().map(u32::from).collect();
    // Few letters have few differences, which turn up by chance.
    (1..=KEY).filter(|key| wanted.len() >= key + 7).any(|key| {
        let apart = |codes: &[u32]| -> Vec<u32> { codes.iter().zip(codes.iter().skip(key)).map(|(a, b)| a ^ b).collect() };
        let (wanted, codes) = (apart(&wanted), apart(&codes));
        // The same letter over and over differs by nothing, and so may a word's letters.
        wanted.iter().any(|code| *code != 0) && codes.windows(wanted.len()).any(|window| window == wanted)
    })
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
            assert_eq!(pieces.add(sent).len(), complete, "{sent}");
        }
        let letters = "kxqkeypresszv8".chars().map(|letter| pieces.add(&format!("https://c.invalid/k?{letter}")).len());
        assert_eq!(letters.sum::<usize>(), 1);
        for sent in ["the password is stored", "kxq", "words and passwords, 4 of them"] {
            assert_eq!(Pieces::default().add(sent).len(), 0, "{sent}");
        }
    }
}
