//! The command line as it may be kept: bounded, and without secrets.

use std::ffi::OsString;

/// Arguments that are kept, and characters of each: the line must fit into a datagram and into a log.
const ARGUMENTS: usize = 40;
const LONGEST: usize = 120;

/// Words in an option's name that make its value a secret. No option of ours takes one; what somebody types by mistake, or an
/// option of a later day, must not end up in a log.
const SECRET: &[&str] = &["password", "passwd", "secret", "token", "api-key", "apikey", "credential"];

/// What stands for a secret.
const HIDDEN: &str = "[hidden]";

/// The arguments, the program's name first without its folder.
pub fn shown(arguments: impl IntoIterator<Item = OsString>) -> Vec<String> {
    let mut shown = Vec::new();
    let mut hide = false;
    for argument in arguments {
        let text = argument.to_string_lossy();
        let text = match text.split_once('=') {
            _ if std::mem::take(&mut hide) => HIDDEN.to_owned(),
            Some((option, _)) if is_secret(option) => format!("{option}={HIDDEN}"),
            None if is_secret(&text) => {
                hide = true;
                text.into_owned()
            }
            _ => without_login(&text),
        };
        if shown.len() == ARGUMENTS {
            shown.push("...".to_owned());
            break;
        }
        shown.push(if shown.is_empty() { program(&text).to_owned() } else { cut(&text) });
    }
    shown
}

fn is_secret(option: &str) -> bool {
    let option = option.to_ascii_lowercase().replace('_', "-");
    option.starts_with('-') && SECRET.iter().any(|word| option.contains(word))
}

/// The name of the program without its folder.
fn program(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// An address without the name and password in it.
fn without_login(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{scheme}://{HIDDEN}{}", rest.get(at..).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A text of bounded length.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Vec<String> {
        shown(arguments.iter().map(OsString::from))
    }

    #[test]
    fn secrets_are_hidden_in_every_spelling() {
        let line =
            ["/opt/crxhound", "scan", "--feed-token", "abc", "--proxy-password=abc", "https://me:abc@feed.invalid/a?b@c"];
        let kept = [
            "crxhound",
            "scan",
            "--feed-token",
            "[hidden]",
            "--proxy-password=[hidden]",
            "https://[hidden]@feed.invalid/a?b@c",
        ];
        assert_eq!(of(&line), kept);
        assert_eq!(of(&["crxhound", "--output=a@b", "mail@host"]), ["crxhound", "--output=a@b", "mail@host"]);
    }

    #[test]
    fn a_long_line_is_cut() {
        let long = "ü".repeat(1_000);
        let many: Vec<&str> = std::iter::once("crxhound").chain(std::iter::repeat_n(long.as_str(), 500)).collect();
        let kept = of(&many);
        assert_eq!((kept.len(), kept[1].chars().count()), (ARGUMENTS + 1, LONGEST + 3));
    }
}
