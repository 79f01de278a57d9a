//! osquery's side of the talk with its extensions, byte by byte.

/// The answer to a question of an extension: success, and the number 7.
pub fn answer(question: &[u8]) -> Vec<u8> {
    let length = u32::from_be_bytes(question[4..8].try_into().unwrap()) as usize;
    let name_and_number = &question[4..8 + length + 4];
    let mut bytes = vec![0x80, 1, 0, 2];
    bytes.extend(name_and_number);
    // Field 0, a struct; in it field 1, a number of 32 bits: 0; field 3, one of 64 bits: 7.
    bytes.extend([12, 0, 0, 8, 0, 1, 0, 0, 0, 0, 10, 0, 3, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0]);
    bytes
}

/// Asks for the rows of a table.
#[allow(dead_code)]
pub fn generate(table: &str) -> Vec<u8> {
    let mut bytes = asked("call");
    for (number, word) in [(1, "table"), (2, table)] {
        bytes.extend([11, 0, number]);
        put(word, &mut bytes);
    }
    // Field 3, a map of one text to another.
    bytes.extend([13, 0, 3, 11, 11, 0, 0, 0, 1]);
    put("action", &mut bytes);
    put("generate", &mut bytes);
    bytes.push(0);
    bytes
}

/// Tells an extension to end.
#[allow(dead_code)]
pub fn shutdown() -> Vec<u8> {
    let mut bytes = asked("shutdown");
    bytes.push(0);
    bytes
}

fn asked(function: &str) -> Vec<u8> {
    let mut bytes = vec![0x80, 1, 0, 1];
    put(function, &mut bytes);
    bytes.extend([0, 0, 0, 9]);
    bytes
}

fn put(text: &str, bytes: &mut Vec<u8>) {
    bytes.extend((text.len() as u32).to_be_bytes());
    bytes.extend(text.as_bytes());
}
