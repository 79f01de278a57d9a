//! `Registry.pol`: what a local group policy writes into the Windows registry.

use std::path::Path;

use crate::problem::{Problem, Stage};

use super::policies::DOCUMENT;
use super::read;
use super::registry::{Key, KeyRoot, Memory, Value};

/// Reads a file as the registry that it makes.
pub(super) fn read(path: &Path, root: KeyRoot) -> Result<Memory, Problem> {
    let wrong = |message: &dyn std::fmt::Display| Problem::new(path.display().to_string(), Stage::Parse, message);
    let bytes = read::document(path, DOCUMENT).map_err(|error| wrong(&error))?.bytes;
    parse(&bytes, root, path.display().to_string())
        .ok_or_else(|| wrong(&"is no group policy file, or is damaged; what it sets is unknown"))
}

/// The registry that the bytes of a file make under `root`; none where they are no such file, or a damaged one.
///
/// "PReg", version 1, then records `[key;value;type;size;data]` in UTF-16 with zeros at the ends of texts
/// (Microsoft, "Registry Policy File Format").
pub fn parse(bytes: &[u8], root: KeyRoot, source: String) -> Option<Memory> {
    let mut rest = bytes.strip_prefix(b"PReg\x01\0\0\0")?;
    let mut memory = Memory::of(source);
    let unit = |rest: &mut &[u8]| -> Option<u16> {
        let (first, after) = rest.split_first_chunk::<2>()?;
        *rest = after;
        Some(u16::from_le_bytes(*first))
    };
    let symbol = |rest: &mut &[u8], wanted: char| (unit(rest)? == wanted as u16).then_some(());
    let text = |rest: &mut &[u8]| -> Option<String> {
        let mut units = Vec::new();
        loop {
            match unit(rest)? {
                0 => return Some(String::from_utf16_lossy(&units)),
                _ if units.len() > 4096 => return None,
                letter => units.push(letter),
            }
        }
    };
    let number = |rest: &mut &[u8]| -> Option<u32> {
        let (first, after) = rest.split_first_chunk::<4>()?;
        *rest = after;
        Some(u32::from_le_bytes(*first))
    };
    while !rest.is_empty() {
        symbol(&mut rest, '[')?;
        let key = text(&mut rest)?;
        symbol(&mut rest, ';')?;
        let name = text(&mut rest)?;
        symbol(&mut rest, ';')?;
        let kind = number(&mut rest)?;
        symbol(&mut rest, ';')?;
        let size = number(&mut rest)? as usize;
        symbol(&mut rest, ';')?;
        let data = rest.get(..size)?.to_vec();
        rest = rest.get(size..)?;
        symbol(&mut rest, ']')?;
        // Names such as **del.x take a value away.
        if !name.starts_with("**") {
            let key = Key { root, ..Key::machine(key) };
            memory.set(&key, &name, Value { kind, bytes: data });
        }
    }
    Some(memory)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::registry::Registry;
    use super::*;

    const ID: &str = "abcdefghijklmnopabcdefghijklmnop";

    #[test]
    fn group_policy_files() {
        let record = |key: &str, name: &str, text: &str| {
            let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
            let data = wide(&format!("{text}\0"));
            let mut bytes = wide(&format!("[{key}\0;{name}\0;"));
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(wide(";"));
            bytes.extend((data.len() as u32).to_le_bytes());
            bytes.extend(wide(";"));
            bytes.extend(data);
            bytes.extend(wide("]"));
            bytes
        };
        let mut bytes = b"PReg\x01\0\0\0".to_vec();
        bytes.extend(record(r"Software\Policies\Google\Chrome\ExtensionInstallForcelist", "1", ID));
        bytes.extend(record(r"Software\Policies\Google\Chrome\ExtensionInstallForcelist", "**del.2", " "));
        let memory = parse(&bytes, KeyRoot::Machine, String::new()).unwrap();
        let key = Key::machine(r"Software\Policies\Google\Chrome\ExtensionInstallForcelist");
        assert_eq!(memory.values(&key).unwrap(), [("1".to_owned(), Value::of_text(ID))]);
        for end in 0..bytes.len() - 1 {
            let cut = parse(&bytes[..end], KeyRoot::Machine, String::new());
            assert!(
                cut.is_none()
                    || end == 8
                    || end == 8 + record(r"Software\Policies\Google\Chrome\ExtensionInstallForcelist", "1", ID).len()
            );
        }
    }
}
