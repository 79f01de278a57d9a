//! Logs: what was written last and is in no table yet.
//!
//! A log is a row of blocks of 32 kB. Each holds records with a checksum, a length and a kind, since a batch of writes may be
//! cut into several; what is left at a block's end is filled with zeros.

use super::{Damage, Record, masked_crc, prefixed};

const BLOCK: usize = 32 * 1024;
const HEADER: usize = 7;
/// A batch of writes is put together in memory from its parts.
const MAX_BATCH: usize = 64 << 20;

const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

/// Hands every version of every key in a log to `take`, up to where it cannot be read further.
pub fn records(bytes: &[u8], take: &mut dyn FnMut(Record)) -> Result<(), Damage> {
    let mut batch = Vec::new();
    let mut damage = Ok(());
    for (at, block) in bytes.chunks(BLOCK).enumerate() {
        let last = (at + 1) * BLOCK >= bytes.len();
        let mut rest = block;
        // A record's header never crosses into the next block.
        while rest.len() >= HEADER {
            let (head, behind) = rest.split_at(HEADER);
            let &[c0, c1, c2, c3, l0, l1, kind] = head else { break };
            let length = usize::from(u16::from_le_bytes([l0, l1]));
            if kind == 0 && length == 0 {
                // Space that was set aside and not written.
                break;
            }
            let Some((data, next)) = behind.split_at_checked(length) else {
                return if last { damage.and(Err(Damage::Torn)) } else { Err(Damage::Broken) };
            };
            rest = next;
            if masked_crc(&[&[kind], data]) != u32::from_le_bytes([c0, c1, c2, c3]) {
                // Nothing after it in this block can be trusted to begin where it seems to.
                damage = Err(if last { Damage::Torn } else { Damage::Broken });
                batch.clear();
                break;
            }
            match kind {
                FULL => damage = damage.and(writes(data, take)),
                FIRST => batch = data.to_vec(),
                MIDDLE | LAST if batch.is_empty() => {}
                MIDDLE | LAST if batch.len() + data.len() > MAX_BATCH => batch.clear(),
                MIDDLE => batch.extend_from_slice(data),
                LAST => {
                    batch.extend_from_slice(data);
                    damage = damage.and(writes(&batch, take));
                    batch.clear();
                }
                _ => damage = Err(Damage::Broken),
            }
        }
    }
    damage
}

/// A batch: the sequence number of its first write, their count, and the writes.
fn writes(batch: &[u8], take: &mut dyn FnMut(Record)) -> Result<(), Damage> {
    let mut read = || {
        let (head, mut rest) = batch.split_at_checked(12)?;
        let mut sequence = u64::from_le_bytes(head.get(..8)?.try_into().ok()?);
        let count = u32::from_le_bytes(head.get(8..)?.try_into().ok()?);
        for _ in 0..count {
            let (&tag, behind) = rest.split_first()?;
            let (key, behind) = prefixed(behind)?;
            let (value, behind) = match tag {
                0 => (None, behind),
                1 => prefixed(behind).map(|(value, behind)| (Some(value.to_vec()), behind))?,
                _ => return None,
            };
            take(Record { sequence, key: key.to_vec(), value });
            sequence = sequence.checked_add(1)?;
            rest = behind;
        }
        Some(())
    };
    read().ok_or(Damage::Broken)
}
