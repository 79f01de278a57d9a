//! Writes small LevelDB files, for tests.

/// A key, and its value; none where it is deleted.
pub type Write<'a> = (&'a str, Option<&'a [u8]>);

/// CRC-32C in the disguise that the format gives it, bit by bit.
pub fn masked_crc(parts: &[&[u8]]) -> u32 {
    let crc = parts.iter().copied().flatten().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg()))
    });
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A number in the variable-length form, which protocol buffers have too.
pub fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&varint(bytes.len() as u64), bytes].concat()
}

/// What one write puts into a log.
pub fn batch(sequence: u64, writes: &[Write<'_>]) -> Vec<u8> {
    let mut out = [&sequence.to_le_bytes()[..], &(writes.len() as u32).to_le_bytes()].concat();
    for (key, value) in writes {
        out.push(value.is_some().into());
        out.extend(with_length(key.as_bytes()));
        out.extend(value.map(with_length).unwrap_or_default());
    }
    out
}

/// Batches as a log, cut at the borders of blocks.
pub fn log(batches: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for batch in batches {
        let mut rest = batch.as_slice();
        let mut first = true;
        loop {
            let left = 32_768 - out.len() % 32_768;
            if left < 7 {
                out.extend(vec![0; left]);
                continue;
            }
            let (part, behind) = rest.split_at(rest.len().min(left - 7));
            rest = behind;
            let kind = match (first, rest.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            out.extend(masked_crc(&[&[kind], part]).to_le_bytes());
            out.extend((part.len() as u16).to_le_bytes());
            out.push(kind);
            out.extend_from_slice(part);
            first = false;
            if rest.is_empty() {
                break;
            }
        }
    }
    out
}

fn block(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut before: &[u8] = &[];
    for (key, value) in entries {
        let shared = key.iter().zip(before).take_while(|(a, b)| a == b).count();
        for length in [shared, key.len() - shared, value.len()] {
            out.extend(varint(length as u64));
        }
        out.extend_from_slice(&key[shared..]);
        out.extend_from_slice(value);
        before = key;
    }
    out.extend([0, 0, 0, 0, 1, 0, 0, 0]);
    out
}

/// The data block of these entries, each with its sequence number.
pub fn data_block(entries: &[(u64, Write<'_>)]) -> Vec<u8> {
    let internal =
        |sequence: u64, key: &str, live: bool| [key.as_bytes(), &(sequence << 8 | u64::from(live)).to_le_bytes()].concat();
    let data: Vec<_> = entries
        .iter()
        .map(|(sequence, (key, value))| (internal(*sequence, key, value.is_some()), value.unwrap_or_default().to_vec()))
        .collect();
    block(&data)
}

/// A table around one data block, `packed` being what the format says of its compression.
pub fn table_of(data: &[u8], packed: u8) -> Vec<u8> {
    let sealed = |content: &[u8], packed: u8| [content, &[packed], &masked_crc(&[content, &[packed]]).to_le_bytes()].concat();
    let handle = [varint(0), varint(data.len() as u64)].concat();
    let mut out = sealed(data, packed);
    let index = block(&[(b"z".to_vec(), handle)]);
    let at = [varint(out.len() as u64), varint(index.len() as u64)].concat();
    out.extend(sealed(&index, 0));
    let mut footer = [varint(0), varint(0), at].concat();
    footer.resize(40, 0);
    out.extend(footer);
    out.extend(0xdb47_7524_8b80_fb57_u64.to_le_bytes());
    out
}
