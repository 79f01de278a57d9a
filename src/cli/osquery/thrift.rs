//! Thrift's strict binary protocol, as far as osquery's extensions speak it.
//!
//! Source: Apache Thrift, "Thrift Binary protocol encoding" (doc/specs/thrift-binary-protocol.md). Numbers are big-endian. A
//! message is its version and kind, a name, a number that the answer repeats, and a struct of arguments. Both ends of the
//! socket belong to the same machine, but what comes in is bounded all the same: bytes of a message, and nesting.

use std::io::{self, Read, Write};

/// The version of the strict protocol, in the upper half of a message's first word.
const VERSION: u32 = 0x8001_0000;

/// Bytes of one message. osquery's requests are a few hundred.
const LONGEST: u64 = 4 << 20;

/// Values within values. osquery's registry nests four times.
const DEEPEST: usize = 16;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A question.
    Call = 1,
    /// Its answer.
    Reply = 2,
    /// The answer that there is none.
    Exception = 3,
    /// A question that wants no answer.
    Oneway = 4,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// The function.
    pub name: String,
    /// Repeated by the answer.
    pub number: i32,
    /// The arguments, or what the function gives back: fields of a struct.
    pub fields: Fields,
}

/// Fields of a struct with their numbers.
pub type Fields = Vec<(i16, Value)>;

/// Any value. Sets are read as lists.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// Whole numbers.
    Byte(i8),
    /// 16 bits.
    I16(i16),
    /// 32 bits.
    I32(i32),
    /// 64 bits.
    I64(i64),
    /// Any number.
    Double(f64),
    /// Text; bytes that are none are replaced.
    Text(String),
    /// Numbered fields.
    Struct(Fields),
    /// Pairs.
    Map(Vec<(Value, Value)>),
    /// Items.
    List(Vec<Value>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// A map of texts to values.
    pub fn map<'k>(pairs: impl IntoIterator<Item = (&'k str, Value)>) -> Value {
        Value::Map(pairs.into_iter().map(|(key, value)| (Value::text(key), value)).collect())
    }

    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What a map of texts holds under a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Value::Map(pairs) = self else { return None };
        pairs.iter().find(|(name, _)| name.as_text() == Some(key)).map(|(_, value)| value)
    }

    /// The protocol's number for the type.
    fn kind(&self) -> u8 {
        match self {
            Value::Bool(_) => 2,
            Value::Byte(_) => 3,
            Value::Double(_) => 4,
            Value::I16(_) => 6,
            Value::I32(_) => 8,
            Value::I64(_) => 10,
            Value::Text(_) => 11,
            Value::Struct(_) => 12,
            Value::Map(_) => 13,
            Value::List(_) => 15,
        }
    }
}

/// The type of texts, which stands in for that of items where there are none: nobody reads it then.
const TEXT: u8 = 11;

/// A field of a struct.
pub fn field(fields: &Fields, number: i16) -> Option<&Value> {
    fields.iter().find(|(other, _)| *other == number).map(|(_, value)| value)
}

/// Writes a message in one piece.
pub fn write(message: &Message, to: &mut impl Write) -> io::Result<()> {
    let mut bytes = (VERSION | message.kind as u32).to_be_bytes().to_vec();
    put_text(&message.name, &mut bytes);
    bytes.extend(message.number.to_be_bytes());
    put_fields(&message.fields, &mut bytes);
    to.write_all(&bytes)?;
    to.flush()
}

fn put_value(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Bool(value) => bytes.push(u8::from(*value)),
        Value::Byte(value) => bytes.extend(value.to_be_bytes()),
        Value::I16(value) => bytes.extend(value.to_be_bytes()),
        Value::I32(value) => bytes.extend(value.to_be_bytes()),
        Value::I64(value) => bytes.extend(value.to_be_bytes()),
        Value::Double(value) => bytes.extend(value.to_be_bytes()),
        Value::Text(text) => put_text(text, bytes),
        Value::Struct(fields) => put_fields(fields, bytes),
        Value::Map(pairs) => {
            let kinds = pairs.first().map_or([TEXT, TEXT], |(key, value)| [key.kind(), value.kind()]);
            bytes.extend(kinds);
            put_length(pairs.len(), bytes);
            for (key, value) in pairs {
                put_value(key, bytes);
                put_value(value, bytes);
            }
        }
        Value::List(items) => {
            bytes.push(items.first().map_or(TEXT, Value::kind));
            put_length(items.len(), bytes);
            items.iter().for_each(|item| put_value(item, bytes));
        }
    }
}

fn put_fields(fields: &Fields, bytes: &mut Vec<u8>) {
    for (number, value) in fields {
        bytes.push(value.kind());
        bytes.extend(number.to_be_bytes());
        put_value(value, bytes);
    }
    bytes.push(0);
}

fn put_text(text: &str, bytes: &mut Vec<u8>) {
    put_length(text.len(), bytes);
    bytes.extend(text.as_bytes());
}

/// Lengths are signed in the protocol. What we send is far below that.
fn put_length(length: usize, bytes: &mut Vec<u8>) {
    bytes.extend(i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes());
}

/// Reads the next message; `None` where the other end has nothing more to say.
pub fn read(from: &mut impl Read) -> io::Result<Option<Message>> {
    let mut first = [0; 4];
    match from.read(&mut first[..1])? {
        0 => return Ok(None),
        _ => from.read_exact(&mut first[1..])?,
    }
    let word = u32::from_be_bytes(first);
    let kind = match (word & 0xffff_0000, word & 0xff) {
        (VERSION, 1) => Kind::Call,
        (VERSION, 2) => Kind::Reply,
        (VERSION, 3) => Kind::Exception,
        (VERSION, 4) => Kind::Oneway,
        _ => return Err(wrong("no message of the strict binary protocol")),
    };
    let mut reader = Reader { from: from.take(LONGEST) };
    let name = reader.text()?;
    let number = i32::from_be_bytes(reader.bytes()?);
    let fields = reader.fields(0)?;
    Ok(Some(Message { kind, name, number, fields }))
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Reads one message. Each value takes a byte at least, so the bytes of a message bound the number of its values.
struct Reader<'r, R> {
    from: io::Take<&'r mut R>,
}

impl<R: Read> Reader<'_, R> {
    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn kind(&mut self) -> io::Result<u8> {
        self.bytes::<1>().map(u8::from_be_bytes)
    }

    /// A length that the rest of the message can hold.
    fn length(&mut self) -> io::Result<usize> {
        let length = i32::from_be_bytes(self.bytes()?);
        match usize::try_from(length) {
            Ok(length) if length as u64 <= self.from.limit() => Ok(length),
            _ => Err(wrong("a length that no message has")),
        }
    }

    fn text(&mut self) -> io::Result<String> {
        let mut bytes = vec![0; self.length()?];
        self.from.read_exact(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn fields(&mut self, depth: usize) -> io::Result<Fields> {
        let mut fields = Vec::new();
        loop {
            let kind = self.kind()?;
            if kind == 0 {
                return Ok(fields);
            }
            let number = i16::from_be_bytes(self.bytes()?);
            fields.push((number, self.value(kind, depth)?));
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> io::Result<Value> {
        if depth >= DEEPEST {
            return Err(wrong("values nest too deeply"));
        }
        let depth = depth + 1;
        Ok(match kind {
            2 => Value::Bool(self.kind()? != 0),
            3 => Value::Byte(i8::from_be_bytes(self.bytes()?)),
            4 => Value::Double(f64::from_be_bytes(self.bytes()?)),
            6 => Value::I16(i16::from_be_bytes(self.bytes()?)),
            8 => Value::I32(i32::from_be_bytes(self.bytes()?)),
            10 => Value::I64(i64::from_be_bytes(self.bytes()?)),
            TEXT => Value::Text(self.text()?),
            12 => Value::Struct(self.fields(depth)?),
            13 => {
                let [key, value] = self.bytes()?;
                let length = self.length()?;
                let pair = |_| Ok((self.value(key, depth)?, self.value(value, depth)?));
                Value::Map((0..length).map(pair).collect::<io::Result<_>>()?)
            }
            14 | 15 => {
                let kind = self.kind()?;
                let length = self.length()?;
                Value::List((0..length).map(|_| self.value(kind, depth)).collect::<io::Result<_>>()?)
            }
            _ => return Err(wrong("a value of no known type")),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(message: &Message) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(message, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_ping_is_what_the_specification_says() {
        let ping = Message { kind: Kind::Call, name: "ping".into(), number: 7, fields: Vec::new() };
        let wanted = [0x80, 1, 0, 1, 0, 0, 0, 4, b'p', b'i', b'n', b'g', 0, 0, 0, 7, 0];
        assert_eq!(bytes(&ping), wanted);
        assert_eq!(read(&mut &wanted[..]).unwrap(), Some(ping));
        assert_eq!(read(&mut &[][..]).unwrap(), None);
    }

    #[test]
    fn every_type_comes_back() {
        let values = [
            Value::Bool(true),
            Value::Byte(-1),
            Value::I16(-300),
            Value::I32(70_000),
            Value::I64(-5_000_000_000),
            Value::Double(0.5),
            Value::text("Größe"),
            Value::Struct(vec![(3, Value::I32(1))]),
            Value::map([("a", Value::List(vec![Value::I64(1), Value::I64(2)]))]),
            Value::List(Vec::new()),
            Value::Map(Vec::new()),
        ];
        let fields = values.into_iter().enumerate().map(|(number, value)| (number as i16, value)).collect();
        let message = Message { kind: Kind::Reply, name: "all".into(), number: -1, fields };
        assert_eq!(read(&mut bytes(&message).as_slice()).unwrap(), Some(message));
    }

    #[test]
    fn hostile_lengths_and_nesting_are_refused_before_they_cost_anything() {
        let head = [0x80, 1, 0, 1, 0, 0, 0, 1, b'x', 0, 0, 0, 0];
        let refused = |tail: &[u8]| read(&mut [&head[..], tail].concat().as_slice()).unwrap_err().to_string();
        // A list of two thousand million items, a text of negative length, lists in lists.
        assert_eq!(refused(&[15, 0, 1, 2, 0x7f, 0xff, 0xff, 0xff]), "a length that no message has");
        assert_eq!(refused(&[11, 0, 1, 0xff, 0xff, 0xff, 0xff]), "a length that no message has");
        assert_eq!(refused(&[&[15, 0, 1][..], &[15, 0, 0, 0, 1].repeat(100)].concat()), "values nest too deeply");
        assert!(read(&mut &b"GET / HTTP/1.1"[..]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_an_error(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            let message = [&[0x80, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0][..], &tail].concat();
            let _ = read(&mut message.as_slice());
        }
    }
}
