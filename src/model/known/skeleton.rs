//! The skeleton of a name: what is left of it for the eye.

/// Letters that look alike become one, case and accents go, and so does what is no letter.
pub fn skeleton(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars().map(plain) {
        for c in look(c).to_lowercase().map(look) {
            if c.is_alphanumeric() && !is_mark(c) {
                out.push(c);
            }
        }
    }
    // Two letters that read as one.
    out.replace("rn", "m").replace("vv", "w")
}

/// Characters that take no space, or only steer the direction of the text.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e007f}')
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
        || is_invisible(c)
}

/// Letters of other shapes and blocks as plain ones: full width, circled, mathematical, with accents.
fn plain(c: char) -> char {
    let code = u32::from(c);
    let latin = |at: u32| char::from_u32(if at < 26 { 0x41 + at } else { 0x61 + at - 26 }).unwrap_or(c);
    match code {
        0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(c),
        0x24b6..=0x24e9 => latin(code - 0x24b6),
        0x1d400..=0x1d6a3 => latin((code - 0x1d400) % 52),
        0x1d7ce..=0x1d7ff => char::from_u32(0x30 + (code - 0x1d7ce) % 10).unwrap_or(c),
        0xc0..=0x24f => without_accent(c),
        _ => c,
    }
}

fn without_accent(c: char) -> char {
    match c {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => 'a',
        'Ç' | 'ç' | 'Ć'..='č' => 'c',
        'Ď'..='đ' | 'Ð' | 'ð' => 'd',
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => 'e',
        'Ĝ'..='ģ' => 'g',
        'Ĥ'..='ħ' => 'h',
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => 'i',
        'Ĵ' | 'ĵ' => 'j',
        'Ķ'..='ĸ' => 'k',
        'Ĺ'..='ł' => 'l',
        'Ñ' | 'ñ' | 'Ń'..='ŋ' => 'n',
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' => 'o',
        'Ŕ'..='ř' => 'r',
        'Ś'..='š' => 's',
        'Ţ'..='ŧ' => 't',
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => 'u',
        'Ŵ' | 'ŵ' => 'w',
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' => 'y',
        'Ź'..='ž' => 'z',
        _ => c,
    }
}

/// One letter for all that look like it.
fn look(c: char) -> char {
    match c {
        // Greek and Cyrillic capitals look like other letters than their small forms.
        'Α' | 'А' | 'а' | 'α' | 'ɑ' | '@' => 'a',
        'Β' | 'В' | 'β' | 'в' => 'b',
        'С' | 'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'Ε' | 'Е' | 'е' | 'ε' | 'ё' | '3' => 'e',
        'ɡ' | 'ɢ' => 'g',
        'Η' | 'Н' | 'н' | 'һ' => 'h',
        'Ј' | 'ј' => 'j',
        'Κ' | 'К' | 'к' | 'κ' => 'k',
        'Ι' | 'І' | 'і' | 'ι' | 'ɩ' | 'ɪ' | 'ӏ' | 'Ӏ' | 'ʟ' | 'i' | 'I' | 'l' | 'L' | '1' | '|' | '!' => 'l',
        'Μ' | 'М' | 'м' => 'm',
        'Ν' | 'η' | 'п' | 'ո' => 'n',
        'Ο' | 'О' | 'о' | 'ο' | 'օ' | 'σ' | '0' => 'o',
        'Ρ' | 'Р' | 'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'Ѕ' | 'ѕ' | '5' | '$' => 's',
        'Τ' | 'Т' | 'т' | 'τ' => 't',
        'υ' | 'ս' | 'μ' => 'u',
        'ν' | 'ѵ' => 'v',
        'ω' | 'ѡ' | 'ԝ' => 'w',
        'Χ' | 'Х' | 'х' | 'χ' => 'x',
        'Υ' | 'У' | 'у' => 'y',
        'Ζ' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_one() {
        for (one, other) in [
            ("Google", "ＧＯＯＧＬＥ"),
            ("Paypal", "РауРаӏ"),
            ("Übersetzer", "Ubersetzer"),
            ("modern", "modem"),
            ("Wallet", "VVallet"),
            ("𝐌𝐞𝐭𝐚𝐌𝐚𝐬𝐤", "MetaMask"),
            ("Ⓜⓔⓣⓐ", "Meta"),
            ("a\u{301}b", "ab"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        assert_ne!(skeleton("번역"), skeleton("번호"));
        assert_eq!(skeleton(" \u{200b}-™"), "");
    }
}
