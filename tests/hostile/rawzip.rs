//! Writes archives byte by byte, with whatever lies a test wants in them: the writers that honest people use refuse to.

/// One file in an archive. What is not said is worked out.
#[derive(Clone, Default)]
pub struct RawEntry {
    /// Its name in the directory of entries.
    pub name: Vec<u8>,
    /// Its name in front of its bytes, where that is another one.
    pub local_name: Option<Vec<u8>>,
    /// Its bytes, as they lie there.
    pub data: Vec<u8>,
    /// The checksum.
    pub crc: Option<u32>,
    /// Bytes that it takes in the archive.
    pub packed: Option<u32>,
    /// Bytes that it unpacks to.
    pub unpacked: Option<u32>,
    /// How it is packed: 0, not at all.
    pub method: u16,
    /// Bit 0: encrypted; bit 3: sizes follow the bytes; bit 11: the name is UTF-8.
    pub flags: u16,
    /// Where its bytes begin.
    pub offset: Option<u32>,
    /// Rights and kind of file, as Unix has them.
    pub mode: u32,
    /// Further fields in the directory.
    pub extra: Vec<u8>,
}

/// A plain entry.
pub fn entry(name: &str, data: &[u8]) -> RawEntry {
    RawEntry { name: name.into(), data: data.into(), flags: 0x800, mode: 0o100_644, ..RawEntry::default() }
}

/// An archive, and what its end says.
#[derive(Clone, Default)]
pub struct RawZip {
    /// Its files.
    pub entries: Vec<RawEntry>,
    /// What stands in front.
    pub before: Vec<u8>,
    /// Whether offsets count what stands in front.
    pub counts_before: bool,
    /// The comment at its end.
    pub comment: Vec<u8>,
    /// How many entries it claims.
    pub count: Option<u16>,
    /// Where the directory is said to begin.
    pub directory: Option<u32>,
    /// How long the directory is said to be.
    pub directory_size: Option<u32>,
    /// The number of this disk.
    pub disk: u16,
    /// What follows.
    pub after: Vec<u8>,
}

/// An archive of these entries.
pub fn zip(entries: &[RawEntry]) -> RawZip {
    RawZip { entries: entries.to_vec(), ..RawZip::default() }
}

fn put(out: &mut Vec<u8>, numbers: &[(u64, usize)]) {
    for (number, bytes) in numbers {
        out.extend(&number.to_le_bytes()[..*bytes]);
    }
}

impl RawZip {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.before.clone();
        let base = if self.counts_before { 0 } else { self.before.len() };
        let mut directory = Vec::new();
        for entry in &self.entries {
            let mut crc = flate2::Crc::new();
            crc.update(&entry.data);
            let sum = u64::from(entry.crc.unwrap_or_else(|| crc.sum()));
            let packed = u64::from(entry.packed.unwrap_or(entry.data.len() as u32));
            let unpacked = u64::from(entry.unpacked.unwrap_or(entry.data.len() as u32));
            let local = entry.local_name.as_ref().unwrap_or(&entry.name);
            let at = entry.offset.unwrap_or((out.len() - base) as u32);
            let (flags, method) = (u64::from(entry.flags), u64::from(entry.method));
            out.extend(b"PK\x03\x04");
            let shared = [(20, 2), (flags, 2), (method, 2), (0, 2), (0x5c21, 2), (sum, 4), (packed, 4), (unpacked, 4)];
            put(&mut out, &shared);
            put(&mut out, &[(local.len() as u64, 2), (0, 2)]);
            out.extend(local);
            out.extend(&entry.data);
            directory.extend(b"PK\x01\x02\x14\x03");
            put(&mut directory, &shared);
            put(&mut directory, &[(entry.name.len() as u64, 2), (entry.extra.len() as u64, 2), (0, 2), (0, 2), (0, 2)]);
            put(&mut directory, &[(u64::from(entry.mode) << 16, 4), (u64::from(at), 4)]);
            directory.extend(&entry.name);
            directory.extend(&entry.extra);
        }
        let start = (out.len() - base) as u32;
        let count = u64::from(self.count.unwrap_or(self.entries.len() as u16));
        let size = u64::from(self.directory_size.unwrap_or(directory.len() as u32));
        out.extend(directory);
        out.extend(b"PK\x05\x06");
        put(&mut out, &[(u64::from(self.disk), 2), (u64::from(self.disk), 2), (count, 2), (count, 2), (size, 4)]);
        put(&mut out, &[(u64::from(self.directory.unwrap_or(start)), 4), (self.comment.len() as u64, 2)]);
        out.extend(&self.comment);
        out.extend(&self.after);
        out
    }
}

/// Bytes as deflate packs them.
pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}
