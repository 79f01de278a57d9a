//! Windows shortcuts: what they start, and how.
//!
//! After \[MS-SHLLINK\]: a header, the target as a list of shell items (skipped), where it lies on a volume, then texts. A
//! pure function of bytes; whatever is cut off or lies about its length is left out.

/// What a shortcut says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortcut {
    /// The program, as an absolute path or with variables.
    pub target: Option<String>,
    /// The program, from the shortcut's own folder.
    pub relative: Option<String>,
    /// The folder to start in.
    pub folder: Option<String>,
    /// The arguments.
    pub arguments: Option<String>,
}

/// The header's size and the shell link's class, with which every shortcut begins.
const MARK: &[u8] = &[0x4c, 0, 0, 0, 0x01, 0x14, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

/// The header's end.
const HEADER: usize = 76;

/// The block after the texts that holds the target with variables.
const ENVIRONMENT: u32 = 0xa000_0001;

// Flags of the header.
const HAS_ID_LIST: u32 = 0x01;
const HAS_LINK_INFO: u32 = 0x02;
const HAS_NAME: u32 = 0x04;
const HAS_RELATIVE_PATH: u32 = 0x08;
const HAS_FOLDER: u32 = 0x10;
const HAS_ARGUMENTS: u32 = 0x20;
const HAS_ICON: u32 = 0x40;
const IS_UNICODE: u32 = 0x80;

/// Reads a shortcut; `None` where the bytes are none.
pub fn parse(bytes: &[u8]) -> Option<Shortcut> {
    if !bytes.starts_with(MARK) {
        return None;
    }
    let flags = u32_at(bytes, 20)?;
    let has = |flag: u32| flags & flag != 0;
    let mut shortcut = Shortcut::default();
    let mut rest = bytes.get(HEADER..)?;
    if has(HAS_ID_LIST) {
        let size = usize::from(u16_at(rest, 0)?);
        rest = rest.get(2 + size..)?;
    }
    if has(HAS_LINK_INFO) {
        let size = u32_at(rest, 0)? as usize;
        shortcut.target = rest.get(..size).and_then(local_path);
        rest = rest.get(size.max(4)..)?;
    }
    let mut text = |wanted: bool| -> Option<Option<String>> {
        if !wanted {
            return Some(None);
        }
        let letters = usize::from(u16_at(rest, 0)?);
        let size = if has(IS_UNICODE) { letters * 2 } else { letters };
        let data = rest.get(2..2 + size)?;
        rest = rest.get(2 + size..)?;
        Some(Some(if has(IS_UNICODE) { wide(data) } else { narrow(data) }))
    };
    // A text that is cut off ends the reading; what came before it counts.
    let _ = (|| {
        text(has(HAS_NAME))?;
        shortcut.relative = text(has(HAS_RELATIVE_PATH))?;
        shortcut.folder = text(has(HAS_FOLDER))?;
        shortcut.arguments = text(has(HAS_ARGUMENTS))?;
        text(has(HAS_ICON))
    })();
    while let Some(size) = u32_at(rest, 0).map(|size| size as usize).filter(|size| *size >= 8) {
        if u32_at(rest, 4) == Some(ENVIRONMENT) && shortcut.target.is_none() {
            // 260 letters of one byte, then 260 of two.
            let target = rest.get(268..788).map(|data| wide(data.split_at(zero_at(data)).0));
            shortcut.target = target.filter(|target| !target.is_empty());
        }
        match rest.get(size..) {
            Some(next) => rest = next,
            None => break,
        }
    }
    Some(shortcut)
}

/// `LocalBasePath` and what follows it, in Unicode where the structure has it.
fn local_path(info: &[u8]) -> Option<String> {
    let header = u32_at(info, 4)?;
    // The first flag: the target lies on a local volume.
    if u32_at(info, 8)? & 1 == 0 {
        return None;
    }
    let part = |narrow_at: usize, wide_at: usize| -> Option<String> {
        if header >= 0x24 {
            let data = info.get(u32_at(info, wide_at)? as usize..)?;
            return Some(wide(data.get(..zero_at(data))?));
        }
        let data = info.get(u32_at(info, narrow_at)? as usize..)?;
        Some(narrow(data.split(|byte| *byte == 0).next()?))
    };
    let base = part(16, 28)?;
    let suffix = part(24, 32).unwrap_or_default();
    Some(base + &suffix).filter(|path| !path.is_empty())
}

/// Where the zero of a text of two-byte letters stands, or where the text ends.
fn zero_at(data: &[u8]) -> usize {
    let pairs = data.as_chunks::<2>().0;
    2 * pairs.iter().position(|pair| *pair == [0, 0]).unwrap_or(pairs.len())
}

fn wide(data: &[u8]) -> String {
    let units: Vec<u16> = data.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
}

/// Letters of one byte; which code page they are of is not said, and switches are ASCII.
fn narrow(data: &[u8]) -> String {
    data.iter().map(|byte| char::from(*byte)).collect::<String>().trim_end_matches('\0').to_owned()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::lnk_writer::shortcut;
    use super::*;

    const TARGET: &str = r"C:\Program Files\Google\Chrome\Application\chrome.exe";

    #[test]
    fn target_and_arguments() {
        let found = parse(&shortcut(TARGET, r#"--load-extension="C:\x y""#)).unwrap();
        assert_eq!(found.target.as_deref(), Some(TARGET));
        assert_eq!(found.arguments.as_deref(), Some(r#"--load-extension="C:\x y""#));
        assert_eq!(found.folder.as_deref(), Some(r"C:\start"));
    }

    #[test]
    fn what_is_no_shortcut() {
        assert_eq!(parse(b""), None);
        assert_eq!(parse(&[0; 200]), None);
        assert_eq!(parse(MARK), None);
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_survived() {
        let bytes = shortcut(TARGET, "--load-extension=x");
        for end in 0..bytes.len() {
            let _ = parse(&bytes[..end]);
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                let _ = parse(&bytes);
            }
        }
    }
}
