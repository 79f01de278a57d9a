//! Writes small Windows shortcuts, for tests only.

/// A shortcut to `target` with `arguments`, as Windows writes them: an id list, where the target lies, texts in Unicode.
pub fn shortcut(target: &str, arguments: &str) -> Vec<u8> {
    let mut bytes = vec![0x4c, 0, 0, 0, 0x01, 0x14, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
    // Id list, link info, working folder, arguments, Unicode.
    bytes.extend(0xb3u32.to_le_bytes());
    bytes.resize(76, 0);
    bytes.extend([6, 0, 4, 0, 0xaa, 0xbb, 0, 0]);

    let mut info = Vec::new();
    let path: Vec<u8> = target.bytes().chain([0]).collect();
    // Header of 28 bytes; flag 1: the target lies on a local volume; its path follows, then an empty rest.
    for number in [0, 28, 1, 0, 28, 0, 28 + path.len() as u32] {
        info.extend(number.to_le_bytes());
    }
    info.extend(&path);
    info.push(0);
    let size = info.len() as u32;
    info[..4].copy_from_slice(&size.to_le_bytes());
    bytes.extend(info);

    for text in [r"C:\start", arguments] {
        let units: Vec<u16> = text.encode_utf16().collect();
        bytes.extend((units.len() as u16).to_le_bytes());
        bytes.extend(units.into_iter().flat_map(u16::to_le_bytes));
    }
    bytes.extend([0; 4]);
    bytes
}
