//! Command lines that start a browser: which switches matter, and which program and scripts they name.
//!
//! The text may be a plain command line, an argument of `cmd`, `sh` or PowerShell, or a line of a script, quoted in any of
//! their ways; so switches are looked for wherever they stand rather than by one shell's rules. Pure functions over text.

use crate::model::machine::{Launcher, LauncherKind, Origin, Switch};
use crate::model::place::classify;

use super::browsers::{Browser, browser_of_program, browsers};

/// Letters of a command line that are kept.
const LENGTH: usize = 4_096;

/// Bytes of a line that are looked at.
const LINE: usize = 64 << 10;

/// Folders of one switch, and switches of one command line, that are taken.
const SWITCHES: usize = 64;

/// A command line and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Command {
    /// What kind of thing holds it.
    pub kind: LauncherKind,
    /// The command line.
    pub text: String,
    /// The program where the thing names it apart, or the browser whose flags these are.
    pub program: Option<String>,
    /// Where it was read.
    pub origin: Origin,
}

/// Switches that matter: name, and the word that stands for it.
///
/// Some are gone from current versions (see the formats' notes on command lines), but old ones and forks obey them, and an
/// attempt is worth knowing of.
const KNOWN: &[(&str, &str)] = &[
    ("load-extension", "load-extension"),
    ("load-and-launch-app", "load-extension"),
    ("disable-extensions-except", "disable-extensions-except"),
    ("enable-unsafe-extension-debugging", "unsafe-extension-debugging"),
    ("remote-debugging-port", "remote-debugging"),
    ("remote-debugging-pipe", "remote-debugging"),
    ("remote-debugging-address", "remote-debugging"),
    ("remote-allow-origins", "remote-debugging"),
    ("silent-debugger-extension-api", "silent-debugger"),
    ("auto-open-devtools-for-tabs", "devtools-open"),
    ("extensions-on-chrome-urls", "extensions-on-browser-pages"),
    ("extensions-on-extension-urls", "extensions-on-browser-pages"),
    ("allowlisted-extension-id", "allowlisted-extension"),
    ("whitelisted-extension-id", "allowlisted-extension"),
    ("apps-gallery-update-url", "gallery-update-url"),
    ("apps-gallery-url", "gallery-update-url"),
    ("disable-features", "feature-switch"),
    ("headless", "headless"),
    ("user-data-dir", "user-data-dir"),
];

/// Features whose absence lets in what the browser would refuse.
const FEATURES: &[&str] = &[
    "DisableLoadExtensionCommandLineSwitch",
    "DisableDisableExtensionsExceptCommandLineSwitch",
    "ExtensionManifestV2Unsupported",
    "ExtensionManifestV2Disabled",
    "ExtensionDisableUnsupportedDeveloper",
];

/// Words that say something of any program built on the engine.
const ALONE: &[&str] = &[
    "load-extension",
    "disable-extensions-except",
    "unsafe-extension-debugging",
    "silent-debugger",
    "extensions-on-browser-pages",
    "allowlisted-extension",
    "gallery-update-url",
    "feature-switch",
];

/// Words that say something where a browser is started.
const WITH_BROWSER: &[&str] = &["remote-debugging", "devtools-open"];

/// The switches of a command line that matter, in the order in which they stand.
pub fn switches(text: &str) -> Vec<Switch> {
    let text = bounded(text);
    // ASCII only, so that places in both texts are the same.
    let folded = text.to_ascii_lowercase();
    let mut found: Vec<(usize, Switch)> = Vec::new();
    for &(name, word) in KNOWN {
        for (at, _) in folded.match_indices(name) {
            let (Some(before), Some(after)) = (text.get(..at), text.get(at + name.len()..)) else { continue };
            let Some(quote) = switch_start(before) else { continue };
            if after.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_') {
                continue;
            }
            let value = value_of(after, quote);
            let values: Vec<&str> = match word {
                "load-extension" | "disable-extensions-except" if !value.starts_with(['`', '$']) => value.split(',').collect(),
                "feature-switch" => value.split(',').filter(|feature| FEATURES.contains(&feature.trim())).collect(),
                _ => vec![value.as_str()],
            };
            found.extend(values.into_iter().take(SWITCHES).map(|value| {
                let value = value.trim();
                let value = if value.starts_with(['`', '$']) { value } else { value.trim_matches(['"', '\'']) }.to_owned();
                let class = matches!(word, "load-extension" | "disable-extensions-except" | "user-data-dir")
                    .then(|| value.as_str())
                    .filter(|value| !value.is_empty())
                    .map(classify);
                (at, Switch { word, name: name.to_owned(), value, class })
            }));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.truncate(SWITCHES);
    found.into_iter().map(|(_, switch)| switch).collect()
}

/// As much of a line as is looked at: no command line of any system is longer than 32 KB by much.
fn bounded(text: &str) -> &str {
    let end = text.floor_char_boundary(LINE.min(text.len()));
    text.get(..end).unwrap_or(text)
}

/// Whether a switch may begin behind this text: dashes (or on Windows a slash) at the start of a word. The quotation mark
/// that stands before them, if one does.
fn switch_start(before: &str) -> Option<Option<char>> {
    let stripped = before.strip_suffix("--").or_else(|| before.strip_suffix('-')).or_else(|| before.strip_suffix('/'))?;
    let last = stripped.chars().next_back();
    match last {
        None => Some(None),
        Some(quote @ ('"' | '\'' | '`')) => Some(Some(quote)),
        Some(letter) if letter.is_whitespace() || "=(,;|&>{[".contains(letter) => Some(None),
        Some(_) => None,
    }
}

/// The value behind a switch's name: up to the end of its quotation, else of its word.
fn value_of(after: &str, quote: Option<char>) -> String {
    let Some(value) = after.strip_prefix('=') else { return String::new() };
    if let Some(rest) = value.strip_prefix("$(") {
        return format!("$({}", rest.split(')').next().unwrap_or_default());
    }
    if let Some(rest) = value.strip_prefix('`') {
        return format!("`{}", rest.split('`').next().unwrap_or_default());
    }
    let inner = value.trim_start_matches('\\');
    let (value, end) = match inner.chars().next() {
        Some(own @ ('"' | '\'')) => (inner.trim_start_matches(own), Some(own)),
        _ => (value, quote),
    };
    let posix = value.starts_with(['/', '~', '$']);
    let mut out = String::new();
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, end) {
            ('\\', _) if posix && letters.peek() == Some(&' ') => out.extend(letters.next()),
            (letter, Some(end)) if letter == end => break,
            (letter, None) if letter.is_whitespace() || "\"'`|&<>;)".contains(letter) => break,
            ('\n' | '\r', _) => break,
            (letter, _) => out.push(letter),
        }
        if out.len() > LENGTH {
            break;
        }
    }
    // What is left of an escaped quotation mark.
    if end.is_some() { out.trim_end_matches('\\').to_owned() } else { out }
}

/// The launcher that a command line makes, if it says anything about extensions.
pub fn launcher(command: &Command) -> Option<Launcher> {
    let switches = switches(&command.text);
    launcher_of(command, switches)
}

/// The same, of switches that were looked into further.
pub fn launcher_of(command: &Command, switches: Vec<Switch>) -> Option<Launcher> {
    let has = |words: &[&str]| switches.iter().any(|switch| words.contains(&switch.word));
    let browser = browser_in(command);
    let telling = has(ALONE) || browser.is_some() && (has(WITH_BROWSER) || has(&["headless"]) && has(&["user-data-dir"]));
    telling.then(|| Launcher {
        kind: command.kind,
        browser: browser.map(|browser| browser.id.clone()),
        program: command.program.clone().unwrap_or_else(|| program_of(&command.text)),
        command: cut(&command.text),
        switches,
        origin: command.origin.clone(),
    })
}

/// A text of bearable length.
pub fn cut(text: &str) -> String {
    text.chars().take(LENGTH).collect()
}

/// The browser that a command line starts: its program, or one that it names on the way.
fn browser_in(command: &Command) -> Option<&'static Browser> {
    let program = command.program.clone().unwrap_or_else(|| program_of(&command.text));
    if let Some(browser) = browser_of_program(file_name(&program)) {
        return Some(browser);
    }
    let words = command.text.split(|letter: char| letter.is_whitespace() || "\"'`=(),;/\\|&".contains(letter));
    words.filter(|word| !word.is_empty()).take(LENGTH).find_map(|word| {
        // Short names such as "arc" are words of other things too: in the middle of a text only a program's whole name counts.
        let distinctive = word.to_ascii_lowercase().ends_with(".exe") || word.len() > 5;
        browser_of_program(word).filter(|_| distinctive)
    })
}

/// The program at the start of a command line.
pub fn program_of(text: &str) -> String {
    let text = text.trim_start();
    if let Some(quote @ ('"' | '\'')) = text.chars().next() {
        return text.get(1..).and_then(|rest| rest.split(quote).next()).unwrap_or_default().to_owned();
    }
    // Windows tries longer and longer parts of a path with spaces; up to ".exe" is what it ends at.
    if let Some(end) = text.to_ascii_lowercase().find(".exe").map(|at| at + 4)
        && !text.starts_with('/')
        && text.get(1..3) == Some(r":\")
    {
        return text.get(..end).unwrap_or_default().to_owned();
    }
    let mut words = text.split_whitespace();
    // env NAME=value program
    let skipped = |word: &&str| *word == "env" || *word == "exec" || (word.contains('=') && !word.starts_with(['/', '-', '.']));
    words.find(|word| !skipped(word)).unwrap_or_default().to_owned()
}

fn file_name(path: &str) -> &str {
    path.trim_matches('"').rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Endings of scripts that a command line may hand to an interpreter.
pub const SCRIPTS: &[&str] =
    &["vbs", "vbe", "js", "jse", "wsf", "ps1", "bat", "cmd", "hta", "ahk", "au3", "py", "sh", "command", "applescript", "scpt"];

/// Whether a file of this name is a script.
pub fn is_script(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| SCRIPTS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// The paths of scripts that a command line names.
pub fn scripts_in(text: &str) -> Vec<String> {
    let text = bounded(text);
    let folded = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for ending in SCRIPTS {
        let dotted = format!(".{ending}");
        for (at, _) in folded.match_indices(&dotted) {
            let (Some(before), Some(after)) = (text.get(..at), text.get(at + dotted.len()..)) else { continue };
            if after.starts_with(|letter: char| letter.is_ascii_alphanumeric() || "._-/\\".contains(letter)) {
                continue;
            }
            // Back to the quotation mark if one is open here, else to the last space.
            let quoted = before.matches('"').count() % 2 == 1;
            let start = if quoted {
                before.rfind('"').map_or(0, |at| at + 1)
            } else {
                before.rfind(|letter: char| letter.is_whitespace() || "\"'=,(;".contains(letter)).map_or(0, |at| at + 1)
            };
            if let Some(path) = text.get(start..at + dotted.len()) {
                found.push(path.trim_start_matches("file:///").to_owned());
            }
        }
    }
    found.sort();
    found.dedup();
    found.truncate(SWITCHES);
    found
}

/// The lines of a script or flags file that hold a switch which matters; comments of shells are left out.
pub fn lines_with_switches(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.filter(|line| !switches(line).is_empty()).take(SWITCHES).collect()
}

/// Whether a program is a browser of the table; for wrappers that take a browser's name.
pub fn is_browser_name(name: &str) -> bool {
    browsers().iter().any(|browser| browser.programs.iter().any(|program| program.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::place::PlaceClass;

    fn found(text: &str) -> Vec<(&'static str, String)> {
        switches(text).into_iter().map(|switch| (switch.word, switch.value)).collect()
    }

    #[test]
    fn quoting_of_all_kinds() {
        let path = |path: &str| vec![("load-extension", path.to_owned())];
        for (text, value) in [
            (r"chrome.exe --load-extension=C:\a\b --x", r"C:\a\b"),
            (r#"chrome.exe --load-extension="C:\a b\c" --x"#, r"C:\a b\c"),
            (r#"chrome.exe "--load-extension=C:\a b\c" --x"#, r"C:\a b\c"),
            (r#"cmd /c "start chrome --load-extension=\"C:\a b\"""#, r"C:\a b"),
            (r"Start-Process chrome -ArgumentList '--load-extension=C:\a b','--x'", r"C:\a b"),
            (r#"sh.Run "chrome --load-extension=""C:\a b""", 0"#, r"C:\a b"),
            (r"chromium --load-extension=/home/k/a\ b --x", "/home/k/a b"),
            ("chromium -load-extension=/a", "/a"),
            (r"chrome /Load-Extension=C:\a", r"C:\a"),
            ("export F=\"$F --load-extension=`ls -dm /usr/x/* | tr -d '\\n'`\"", "`ls -dm /usr/x/* | tr -d '\\n'"),
            ("chrome --load-extension", ""),
        ] {
            assert_eq!(found(text), path(value), "{text}");
        }
    }

    #[test]
    fn near_misses() {
        for text in [
            "chrome --load-extension-foo=x",
            "chrome --no-load-extension=x",
            "see https://x.example/load-extension",
            "chrome --disable-features=Translate",
            "xload-extension=1",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn several_folders_and_their_class() {
        let list =
            switches(r"chrome.exe --load-extension=C:\Users\kim\AppData\Roaming\a,C:\Program\b --remote-debugging-port=9222");
        assert_eq!(list.len(), 3);
        assert_eq!(list[0].class, Some(PlaceClass::Roaming));
        assert_eq!(list[1].value, r"C:\Program\b");
        assert_eq!((list[2].word, list[2].value.as_str()), ("remote-debugging", "9222"));
        let list = found("chrome --disable-features=Translate,DisableLoadExtensionCommandLineSwitch");
        assert_eq!(list, [("feature-switch", "DisableLoadExtensionCommandLineSwitch".to_owned())]);
    }

    fn launched(text: &str) -> Option<Launcher> {
        launcher(&Command { kind: LauncherKind::Shortcut, text: text.to_owned(), program: None, origin: Origin::default() })
    }

    #[test]
    fn what_counts_as_telling() {
        assert_eq!(launched(r#""C:\x y\msedge.exe" --remote-debugging-port=1"#).unwrap().browser.as_deref(), Some("edge"));
        assert_eq!(
            launched(r"C:\Program Files\Google\chrome.exe --headless --user-data-dir=C:\x").unwrap().browser.as_deref(),
            Some("chrome")
        );
        assert_eq!(
            launched(r#"powershell -c "Start-Process 'whale.exe' '--load-extension=C:\x'""#).unwrap().browser.as_deref(),
            Some("whale")
        );
        assert!(launched("electron --load-extension=/x").unwrap().browser.is_none());
        // Other programs have such switches too, and these of browsers are ordinary.
        for text in [
            "soffice --headless --user-data-dir=/x",
            "node --remote-debugging-port=1",
            "google-chrome --headless --screenshot",
            "chrome.exe --profile-directory=Default --app=https://x.example/ --user-data-dir=C:\\x",
        ] {
            assert!(launched(text).is_none(), "{text}");
        }
    }

    #[test]
    fn programs_and_scripts() {
        assert_eq!(program_of(r"C:\Program Files\x\a.exe --b"), r"C:\Program Files\x\a.exe");
        assert_eq!(program_of("env A=b /usr/bin/chromium %U"), "/usr/bin/chromium");
        assert_eq!(program_of(r#""C:\a b\c.exe" d"#), r"C:\a b\c.exe");
        assert_eq!(
            scripts_in(r#"wscript.exe //B "C:\Users\kim\AppData\Roaming\a b\x.vbs" y"#),
            [r"C:\Users\kim\AppData\Roaming\a b\x.vbs"]
        );
        assert_eq!(scripts_in(r"powershell -File %APPDATA%\dev.ps1"), [r"%APPDATA%\dev.ps1"]);
        assert_eq!(scripts_in("https://x.example/a.json b.pyc"), Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,200}", tail in "[-/\"'`=$(), a-zé\\\\]{0,40}") {
            for text in [text.clone(), format!("{text} --load-extension={tail}"), format!("{tail}.vbs {text}")] {
                switches(&text);
                scripts_in(&text);
                program_of(&text);
                lines_with_switches(&text);
            }
        }
    }
}
