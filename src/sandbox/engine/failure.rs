//! What the engine tells of an exception, for people who know the package and not our stand-ins.

use super::play::LINE_MARK;

/// What an exception says, without the place of the engine's or the stand-ins' own code.
pub fn message(told: &str) -> &str {
    let first = told.lines().next().unwrap_or_default();
    first.rsplit_once(" (").filter(|(_, place)| is_place(place)).map_or(first, |(said, _)| said)
}

/// `unknown at :178:16)`
fn is_place(text: &str) -> bool {
    let Some(place) = text.strip_suffix(')') else { return false };
    let mut ends = place.rsplit(':');
    place.contains("at ") && (0..2).all(|_| ends.next().is_some_and(|number| number.parse::<u32>().is_ok()))
}

/// The innermost place of the package's code that an exception went through: the file and the line.
pub fn thrown_at(told: &str) -> Option<(&str, u32)> {
    let (before, after) = told.split_once(LINE_MARK)?;
    let mut numbers = after.split(':').map_while(|number| number.parse::<u32>().ok());
    let (piece, within) = (numbers.next()?, numbers.next()?);
    Some((before.rsplit(['(', '\n']).next()?, piece.saturating_add(within)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_told_by_what_they_say_and_by_the_place_in_the_package() {
        let told =
            "TypeError: no (such) object (unknown at :178:16)\n    at <main> (scripts/options.js\u{1}183:99:7)\n    at x";
        assert_eq!(message(told), "TypeError: no (such) object");
        assert_eq!(thrown_at(told), Some(("scripts/options.js", 282)));
        assert_eq!(message("Error: (look at it)"), "Error: (look at it)");
        assert_eq!(thrown_at("Error: a:1:2"), None);
    }
}
