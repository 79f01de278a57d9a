//! Tables: sorted keys and values in blocks, with an index of the blocks at the end.

use super::{Damage, Record, masked_crc, varint};

const FOOTER: usize = 48;
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;
/// Bytes of one block when it is unpacked. Blocks have 4 kB, and more only where a single value has.
const MAX_BLOCK: usize = 64 << 20;
/// Bytes of all blocks of a table when they are unpacked: snappy packs a megabyte into some fifty kilobytes at best.
const MAX_TABLE: usize = 512 << 20;

/// Where a block lies.
#[derive(Clone, Copy)]
struct Handle {
    offset: usize,
    size: usize,
}

/// Hands every version of every key in a table to `take`.
pub fn records(bytes: &[u8], take: &mut dyn FnMut(Record)) -> Result<(), Damage> {
    let index = index(bytes).ok_or(Damage::NoTable)?;
    let index = block(bytes, index)?;
    let mut damage = Ok(());
    let mut unpacked = 0_usize;
    let whole = entries(&index, &mut |_, value| {
        let Some(at) = handle(value).map(|(at, _)| at) else {
            damage = Err(Damage::Broken);
            return true;
        };
        let block = match block(bytes, at) {
            Ok(block) => block,
            Err(broken) => {
                damage = Err(broken);
                return true;
            }
        };
        unpacked = unpacked.saturating_add(block.len());
        let whole = entries(&block, &mut |key, value| {
            // The key of the user, then a number of which the last byte says whether it is a value or a deletion.
            let split = key.len().checked_sub(8).and_then(|end| key.split_at_checked(end));
            if let Some((key, tail)) = split
                && let Ok(tail) = tail.try_into()
            {
                let tail = u64::from_le_bytes(tail);
                let value = (tail & 0xff == 1).then(|| value.to_vec());
                take(Record { sequence: tail >> 8, key: key.to_vec(), value });
            }
            true
        });
        if whole.is_none() {
            damage = Err(Damage::Broken);
        }
        unpacked < MAX_TABLE
    });
    if whole.is_none() || unpacked >= MAX_TABLE { Err(Damage::Broken) } else { damage }
}

/// Where the index block lies, by the footer.
fn index(bytes: &[u8]) -> Option<Handle> {
    let footer = bytes.get(bytes.len().checked_sub(FOOTER)?..)?;
    if u64::from_le_bytes(footer.get(FOOTER - 8..)?.try_into().ok()?) != MAGIC {
        return None;
    }
    let (_, rest) = handle(footer)?;
    handle(rest).map(|(index, _)| index)
}

fn handle(bytes: &[u8]) -> Option<(Handle, &[u8])> {
    let (offset, rest) = varint(bytes)?;
    let (size, rest) = varint(rest)?;
    Some((Handle { offset: usize::try_from(offset).ok()?, size: usize::try_from(size).ok()? }, rest))
}

/// A block's content: its bytes are followed by how they are packed and by a checksum.
fn block(bytes: &[u8], at: Handle) -> Result<Vec<u8>, Damage> {
    let read = || {
        let end = at.offset.checked_add(at.size)?;
        let content = bytes.get(at.offset..end)?;
        let &[packed, c0, c1, c2, c3] = bytes.get(end..end.checked_add(5)?)? else { return None };
        (masked_crc(&[content, &[packed]]) == u32::from_le_bytes([c0, c1, c2, c3])).then_some((content, packed))
    };
    let (content, packed) = read().ok_or(Damage::Broken)?;
    match packed {
        0 if content.len() <= MAX_BLOCK => Ok(content.to_vec()),
        1 if snap::raw::decompress_len(content).is_ok_and(|length| length <= MAX_BLOCK) => {
            snap::raw::Decoder::new().decompress_vec(content).map_err(|_| Damage::Broken)
        }
        0 | 1 => Err(Damage::Broken),
        _ => Err(Damage::Compression),
    }
}

/// Hands the entries of a block to `take` until it says that it is enough. A key is stored as what differs from the one before.
fn entries(block: &[u8], take: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Option<()> {
    let (rest, count) = block.split_at_checked(block.len().checked_sub(4)?)?;
    let restarts = usize::try_from(u32::from_le_bytes(count.try_into().ok()?)).ok()?;
    let mut rest = rest.get(..rest.len().checked_sub(restarts.checked_mul(4)?)?)?;
    let mut key = Vec::new();
    while !rest.is_empty() {
        let (shared, behind) = varint(rest)?;
        let (own, behind) = varint(behind)?;
        let (length, behind) = varint(behind)?;
        let (own, behind) = behind.split_at_checked(usize::try_from(own).ok()?)?;
        let (value, behind) = behind.split_at_checked(usize::try_from(length).ok()?)?;
        let shared = usize::try_from(shared).ok().filter(|&shared| shared <= key.len())?;
        key.truncate(shared);
        key.extend_from_slice(own);
        rest = behind;
        if !take(&key, value) {
            break;
        }
    }
    Some(())
}
