//! Paths inside a package, as manifests, pages and preferences write them.
//!
//! The browser tolerates a leading `/`, `./`, doubled `/` and backslashes. What it resolves never leaves the package, and what
//! this module returns never does either: no `..`, no empty part, no NUL.

/// A file path (content scripts, style sheets, rule files): `None` where it is empty or leads out of the package.
pub fn file(raw: &str) -> Option<String> {
    resolve(&raw.replace('\\', "/"), false)
}

/// The path of a page or script that is loaded as an address (background, popup, options): without query and fragment,
/// percent-decoded, and `..` stops at the root as in any address.
pub fn page(raw: &str) -> Option<String> {
    let path = raw.split(['?', '#']).next().unwrap_or_default().replace('\\', "/");
    resolve(&percent_decode(&path), true)
}

fn resolve(path: &str, stop_at_root: bool) -> Option<String> {
    if path.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() && !stop_at_root {
                    return None;
                }
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// `%20` to a space and so on; the text as it is where that would not give UTF-8.
fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digit = |at: usize| behind.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_in_many_ways_and_mean_one_file() {
        for raw in ["a/b.js", "/a/b.js", "./a/b.js", "a//b.js", "a\\b.js", "\\a\\.\\b.js", "c/../a/b.js", "///a/./b.js"] {
            assert_eq!(file(raw).as_deref(), Some("a/b.js"), "{raw}");
            assert_eq!(page(raw).as_deref(), Some("a/b.js"), "{raw}");
        }
        assert_eq!(page("pop%20up.html?tab=1#top").as_deref(), Some("pop up.html"));
        assert_eq!(page("%ff%2e.html").as_deref(), Some("%ff%2e.html"));
        assert_eq!(page("100%.html").as_deref(), Some("100%.html"));
        assert_eq!(file("a#b?.js").as_deref(), Some("a#b?.js"));
    }

    #[test]
    fn no_path_leads_out_of_the_package() {
        for raw in ["../a.js", "a/../../b.js", "..\\..\\b.js", "", "/", ".", "a\0.js", "/.."] {
            assert_eq!(file(raw), None, "{raw:?}");
        }
        for raw in ["../a.js", "/../../a.js", "%2e%2e/a.js", "..%2fa.js", "x/..\\..\\a.js"] {
            assert_eq!(page(raw).as_deref(), Some("a.js"), "{raw:?}");
        }
        assert_eq!(page("?x"), None);
        assert_eq!(page("%00"), None);
    }
}
