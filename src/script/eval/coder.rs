//! The language's own encoders and decoders.

use base64::Engine as _;

use super::HOLE;

/// `atob`: bytes become the characters of the same numbers.
pub(super) fn atob(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if text.is_empty() || text.contains(HOLE) {
        return None;
    }
    let engine = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
    );
    let bytes = engine.decode(text).ok()?;
    Some(bytes.into_iter().map(char::from).collect())
}

/// `unescape`: `%41`, `%u0041`.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (digits, length) = match after.strip_prefix('u') {
            Some(wide) => (wide.get(..4), 5),
            None => (after.get(..2), 2),
        };
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

pub(super) fn decode_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after.get(2..)?;
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

pub(super) fn encode_percent(text: &str, function: &str) -> String {
    let keep = match function {
        "encodeURIComponent" => "-_.!~*'()",
        "escape" => "@*_+-./",
        _ => ";/?:@&=+$,#-_.!~*'()",
    };
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || keep.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

pub(super) fn in_radix(value: f64, radix: u32) -> String {
    let mut number = value.abs().trunc().min(9e15) as u64;
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((number % u64::from(radix)) as u32, radix).unwrap_or('0'));
        number /= u64::from(radix);
        if number == 0 {
            break;
        }
    }
    if value < 0.0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_own_decoders() {
        assert_eq!(atob("aHR0cHM6Ly9hLmludmFsaWQ").as_deref(), Some("https://a.invalid"));
        assert_eq!(atob("aHR0 cHM6\n").as_deref(), Some("https:"));
        assert_eq!(atob("%%"), None);
        assert_eq!(unescape("%68%u0074tp%"), "http%");
        assert_eq!(decode_percent("%68ttp%3A").as_deref(), Some("http:"));
        assert_eq!(decode_percent("%zz"), None);
        assert_eq!(encode_percent("a b/", "encodeURIComponent"), "a%20b%2F");
        assert_eq!(in_radix(255.0, 16), "ff");
    }
}
