//! Bytes to text: decoding, and lines.

use std::borrow::Cow;

/// The text of a script or page, and how its offsets map back to the file.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    /// The decoded text, without a byte-order mark.
    pub text: Cow<'a, str>,
    /// Bytes of the file before the text begins.
    pub skipped: u32,
}

/// Decodes as the browser does: a byte-order mark decides, else UTF-8, where bytes that are none become U+FFFD.
///
/// For UTF-16 the offsets in the text are not those in the file; line numbers still are.
pub fn decode(bytes: &[u8]) -> Text<'_> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Text { text: String::from_utf8_lossy(rest), skipped: 3 },
        [0xff, 0xfe, rest @ ..] => Text { text: utf16(rest, u16::from_le_bytes), skipped: 0 },
        [0xfe, 0xff, rest @ ..] => Text { text: utf16(rest, u16::from_be_bytes), skipped: 0 },
        _ => Text { text: String::from_utf8_lossy(bytes), skipped: 0 },
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'static, str> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// Where the lines of a text begin.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    starts: Vec<u32>,
}

impl Lines {
    /// The lines of `text`.
    pub fn new(text: &[u8]) -> Lines {
        let breaks = memchr::memchr_iter(b'\n', text).map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX));
        Lines { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The line of an offset, from 1.
    pub fn line(&self, offset: u32) -> u32 {
        u32::try_from(self.starts.partition_point(|&start| start <= offset)).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_decide() {
        assert_eq!(decode(b"\xef\xbb\xbfa").text, "a");
        assert_eq!(decode(b"\xff\xfea\0b\0").text, "ab");
        assert_eq!(decode(b"\xfe\xff\0a\0b").text, "ab");
        assert_eq!(decode(b"a\xffb").text, "a\u{fffd}b");
    }

    #[test]
    fn lines_count_from_one() {
        let lines = Lines::new(b"a\nbc\n");
        assert_eq!([0, 1, 2, 4, 5].map(|at| lines.line(at)), [1, 1, 2, 2, 3]);
    }
}
