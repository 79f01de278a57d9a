//! Extension ids: 32 letters `a` to `p`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An extension id: 32 letters `a` to `p`, 16 bytes with each hex digit shifted to a letter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct ExtensionId(String);

impl ExtensionId {
    /// Reads an id; upper case is folded, as the browser does with names from the registry.
    pub fn parse(text: &str) -> Option<ExtensionId> {
        Self::letters(text).map(|_| ExtensionId(text.to_ascii_lowercase()))
    }

    /// The 16 bytes of an id, without keeping its text; `None` for what is none.
    pub fn letters(text: &str) -> Option<[u8; 16]> {
        let pairs = text.as_bytes().as_chunks::<2>().0;
        let mut bytes = [0; 16];
        if text.len() != 32 {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Some(bytes)
    }

    /// The id of a public key: the first 16 bytes of the SHA-256 of the decoded key.
    pub fn from_key(der: &[u8]) -> ExtensionId {
        Self::from_digest(&super::hash::sha256(der))
    }

    /// The id of a manifest's `key`. `None` for one that the browser refuses.
    pub fn from_manifest_key(key: &str) -> Option<ExtensionId> {
        decode_key(key).map(|der| ExtensionId::from_key(&der))
    }

    /// The id whose 16 bytes are the first of `digest` (at least 16 bytes long; missing ones count as zero).
    pub fn from_digest(digest: &[u8]) -> ExtensionId {
        let letter = |nibble: u8| char::from(b'a' + nibble);
        let bytes = digest.iter().copied().chain(std::iter::repeat(0)).take(16);
        ExtensionId(bytes.flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]).collect())
    }

    /// The 16 bytes that the letters stand for.
    pub fn to_bytes(&self) -> [u8; 16] {
        // Nothing makes an id of other letters.
        Self::letters(&self.0).unwrap_or_default()
    }

    /// The id of an unpacked extension without a `key`: of the bytes of its resolved absolute path. On Windows the path is
    /// UTF-16LE with an upper-case drive letter, elsewhere its bytes as they are (Chromium's `extensions/common/id_util.cc`).
    pub fn from_path(path: &str, windows: bool) -> ExtensionId {
        if !windows {
            return Self::from_key(path.as_bytes());
        }
        let mut path = path.to_owned();
        if path.as_bytes().get(1) == Some(&b':') {
            path[..1].make_ascii_uppercase();
        }
        Self::from_key(&path.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
    }

    /// The 32 letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a letter stands for.
fn nibble(letter: u8) -> Option<u8> {
    let letter = letter.to_ascii_lowercase();
    letter.is_ascii_lowercase().then(|| letter - b'a').filter(|nibble| *nibble < 16)
}

/// The bytes of a manifest's `key`: base64, with or without the head and foot lines of PEM. The browser does not ask that what
/// is in it be a key. `None` for what is no base64.
pub fn decode_key(key: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    use base64::alphabet::STANDARD;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

    const LENIENT: GeneralPurpose =
        GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));
    let body: String = key.lines().filter(|line| !line.trim_start().starts_with("-----")).collect();
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    LENIENT.decode(body).ok().filter(|der| !der.is_empty())
}

impl fmt::Display for ExtensionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ExtensionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ExtensionId> for String {
    fn from(id: ExtensionId) -> String {
        id.0
    }
}

impl TryFrom<String> for ExtensionId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        ExtensionId::parse(&text).ok_or_else(|| format!("\"{text}\" is not an extension id: 32 letters a to p are wanted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_no_key_still_gives_an_id() {
        // Seen with Chromium 156: base64 of "hello" as a key was accepted.
        let id = ExtensionId::from_key(b"hello");
        assert_eq!(id.as_str(), "cmpcenlkfplakdaocgoidlckmfljocjo");
        assert_eq!(ExtensionId::from_manifest_key("aGVsbG8="), Some(id.clone()));
        let pem = "-----BEGIN PUBLIC KEY-----\naGVs\nbG8=\n-----END PUBLIC KEY-----\n";
        assert_eq!(ExtensionId::from_manifest_key(pem), Some(id));
        assert_eq!(ExtensionId::from_manifest_key("not base64!"), None);
    }

    #[test]
    fn letters_and_bytes_are_the_same() {
        let id = ExtensionId::from_key(b"hello");
        assert_eq!(ExtensionId::from_digest(&id.to_bytes()), id);
    }

    #[test]
    fn only_32_letters_from_a_to_p() {
        assert!(ExtensionId::parse(&"a".repeat(32)).is_some());
        assert!(ExtensionId::parse(&"a".repeat(31)).is_none());
        assert!(ExtensionId::parse(&"q".repeat(32)).is_none());
        assert_eq!(ExtensionId::parse(&"P".repeat(32)).map(String::from), Some("p".repeat(32)));
        assert_eq!(ExtensionId::letters(&"aBcP".repeat(8)), Some([0x01, 0x2f].repeat(8).try_into().expect("16 bytes")));
        assert_eq!(ExtensionId::letters(&"é".repeat(16)), None);
    }
}
