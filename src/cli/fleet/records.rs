//! A file of saved reports, cut into its records: lines of JSON, or documents over many lines, or both.
//!
//! Nothing is understood here but where a record ends, so that a file of any size is read in the memory of one record, and a
//! record that is cut off takes no other with it.

use std::io::{self, BufRead, Read as _};

/// The longest record; a report of a terminal server with all its files is shorter.
const LONGEST: u64 = 1 << 28;

/// The records of a file.
pub struct Records<R> {
    reader: R,
    longest: u64,
    /// The line of the record, from 1.
    line: usize,
    /// Lines read so far.
    lines: usize,
    record: Vec<u8>,
    /// The first line of the next record, read while the end of one that is cut off was looked for.
    ahead: Vec<u8>,
    /// Bytes of the reader's buffer that were handed out.
    lent: usize,
}

/// One record.
pub enum Record<'a> {
    /// Its first line, from 1, and its bytes: JSON where it is not damaged.
    Whole(usize, &'a [u8]),
    /// Its first line. It is too long to be held.
    TooLong(usize),
}

impl<R: BufRead> Records<R> {
    /// The records of what a reader gives.
    pub fn new(reader: R) -> Self {
        Records { reader, longest: LONGEST, line: 0, lines: 0, record: Vec::new(), ahead: Vec::new(), lent: 0 }
    }

    /// The next record; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        self.reader.consume(std::mem::take(&mut self.lent));
        self.record.clear();
        if self.ahead.is_empty() && self.lend_line()? {
            self.lines += 1;
            let line = self.reader.fill_buf()?.get(..self.lent).unwrap_or_default();
            return Ok(Some(Record::Whole(self.lines, line)));
        }
        std::mem::swap(&mut self.record, &mut self.ahead);
        while self.record.trim_ascii().is_empty() {
            self.record.clear();
            if !self.read_line()? {
                return Ok(None);
            }
            if self.lines == 1 && self.record.starts_with(b"\xef\xbb\xbf") {
                self.record.drain(..3);
            }
        }
        self.line = self.lines;
        let mut depth = Depth::default();
        // A line of JSON is a record of its own; only of documents over several lines the end must be looked for.
        if !is_line(&self.record) {
            depth.read(&self.record);
        }
        while depth.is_open() && !self.is_full() {
            let end = self.record.len();
            if !self.read_line()? {
                break;
            }
            let added = self.record.get(end..).unwrap_or_default();
            // A document has its inner objects indented, or alone on their line: here one ends too early and another begins.
            if added.starts_with(b"{\"") {
                self.ahead = self.record.split_off(end);
                break;
            }
            depth.read(added);
        }
        if self.is_full() {
            return Ok(Some(Record::TooLong(self.line)));
        }
        Ok(Some(Record::Whole(self.line, &self.record)))
    }

    /// Whether the reader has a whole line of JSON in its buffer, which need not be copied then.
    fn lend_line(&mut self) -> io::Result<bool> {
        let buffer = self.reader.fill_buf()?;
        let line = memchr::memchr(b'\n', buffer).and_then(|end| buffer.get(..=end));
        let line = line.filter(|line| is_line(line) && (line.len() as u64) < self.longest);
        self.lent = line.map_or(0, <[u8]>::len);
        Ok(self.lent > 0)
    }

    /// Appends a line, as far as a record may be long; false at the end.
    fn read_line(&mut self) -> io::Result<bool> {
        let room = self.longest.saturating_sub(self.record.len() as u64);
        let read = (&mut self.reader).take(room).read_until(b'\n', &mut self.record)? as u64;
        if read == room {
            self.skip_line()?;
        }
        self.lines += usize::from(read > 0);
        Ok(read > 0)
    }

    /// No more of the record can be held.
    fn is_full(&self) -> bool {
        self.record.len() as u64 >= self.longest
    }

    /// Passes over the rest of a line that is not held.
    fn skip_line(&mut self) -> io::Result<()> {
        if self.record.last() == Some(&b'\n') {
            return Ok(());
        }
        loop {
            let bytes = self.reader.fill_buf()?;
            let length = bytes.len();
            let end = memchr::memchr(b'\n', bytes);
            self.reader.consume(end.map_or(length, |end| end + 1));
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    }
}

/// Looks like a whole object on one line.
fn is_line(bytes: &[u8]) -> bool {
    bytes.starts_with(b"{\"") && bytes.trim_ascii_end().ends_with(b"}")
}

/// How deep in brackets a text is, as far as it was read.
#[derive(Default)]
struct Depth {
    open: usize,
    in_string: bool,
    escaped: bool,
}

impl Depth {
    fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => self.open += 1,
                b'}' | b']' if !self.in_string => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_open(&self) -> bool {
        self.open > 0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn records(text: &str, longest: u64) -> Vec<String> {
        let mut records = Records { longest, ..Records::new(text.as_bytes()) };
        let mut found = Vec::new();
        while let Some(record) = records.next().unwrap() {
            found.push(match record {
                Record::Whole(line, bytes) => format!("{line}:{}", String::from_utf8_lossy(bytes).trim_end()),
                Record::TooLong(line) => format!("{line}:too long"),
            });
        }
        found
    }

    fn all(text: &str) -> Vec<String> {
        records(text, LONGEST)
    }

    #[test]
    fn lines_and_documents_follow_each_other() {
        let document = "{\n \"a\": \"}{\\\"\",\n \"b\": [\n  {\n  }\n ]\n}";
        let text = format!("\u{feff}{{\"x\":1}}\n\n{{\"y\":2}}\r\n{document}\n{document}\n{{\"z\":3}}");
        let expected = [
            "1:{\"x\":1}".to_owned(),
            "3:{\"y\":2}".to_owned(),
            format!("4:{document}"),
            format!("11:{document}"),
            "18:{\"z\":3}".to_owned(),
        ];
        assert_eq!(all(&text), expected);
        assert!(all("").is_empty() && all("\n \n").is_empty());
    }

    #[test]
    fn what_is_cut_off_takes_no_other_record_with_it() {
        assert_eq!(all("{\"a\":{\"b\n{\"c\":1}\n{\"d\":2}\n"), ["1:{\"a\":{\"b", "2:{\"c\":1}", "3:{\"d\":2}"]);
        assert_eq!(all("{\n \"a\": [\n{\"c\":1}\n"), ["1:{\n \"a\": [", "3:{\"c\":1}"]);
        assert_eq!(all("{\n \"a\":\n"), ["1:{\n \"a\":"]);
        assert_eq!(all("garbage }{\n{\"c\":1}\n"), ["1:garbage }{", "2:{\"c\":1}"]);
    }

    #[test]
    fn what_is_too_long_is_passed_over() {
        let long = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(100));
        assert_eq!(records(&long, 50), ["1:too long", "2:{\"b\":1}"]);
        let document = format!("{{\n{}}}\n{{\"b\":1}}\n", " \"a\": 1,\n".repeat(20));
        assert_eq!(records(&document, 50).first().map(String::as_str), Some("1:too long"));
        assert_eq!(records(&document, 50).last().map(String::as_str), Some("23:{\"b\":1}"));
    }
}
