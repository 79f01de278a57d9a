//! The wire form of Protocol Buffers, as far as package headers need it.

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// A number field.
    Number(u64),
    /// A field of bytes: text, bytes or a message inside.
    Bytes(&'a [u8]),
}

/// The message ends inside a field, or uses a form that no longer exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// The fields of a message in the order in which they stand there; ends after the first damaged one.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// The fields of `message`.
pub fn fields(message: &[u8]) -> Fields<'_> {
    Fields { rest: message }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or(Damaged))
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Field<'a>)> {
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Number(self.varint()?),
            1 => Field::Number(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = self.varint()?;
                Field::Bytes(self.take(usize::try_from(length).ok()?)?)
            }
            5 => Field::Number(u32::from_le_bytes(self.take(4)?.try_into().ok()?).into()),
            _ => return None,
        };
        Some((tag >> 3, field))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_and_where_they_end() {
        let message = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0, 0];
        let read: Vec<_> = fields(&message).collect();
        assert_eq!(
            read,
            [Ok((1, Field::Number(150))), Ok((2, Field::Bytes(b"hi"))), Ok((3, Field::Number(1))), Ok((4, Field::Number(2)))]
        );
        for damaged in [&[0x08][..], &[0x12, 3, b'h'], &[0x0b], &[0x80; 11], &[0x12, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]] {
            assert_eq!(fields(damaged).last(), Some(Err(Damaged)), "{damaged:?}");
        }
    }
}
