//! Companions: scripts beside the browser that keep a planted extension working, as SHARPEXT's do. They press keys to open
//! the developer tools, hide windows, or write the browser's preference files.
//!
//! These are words in a text, nothing more: a script that is encoded says nothing here, and an honest macro may say much.

use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject};
use crate::finding::EvidenceKind;
use crate::model::machine::Machine;

/// A script that does what companions do.
pub static COMPANION: FactKind = FactKind {
    name: "companion",
    doc: "a script of the system that works on a browser from outside: key-injection, window-hiding or preference-writer",
    fields: &[
        Field {
            name: "place",
            doc: "what starts it (startup, run-key, task, ...), or package for one in the extension's folder",
        },
        Field { name: "browser", doc: "yes where it names a browser or its developer tools" },
        Field { name: "with", doc: "the other things that the same script does, separated by blanks" },
        Field { name: "path", doc: "the script" },
    ],
};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "companions", facts: FACTS, code: false, run };

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&COMPANION];

/// Endings of scripts that the system runs; those of the extension itself are none of them.
const SYSTEM_SCRIPTS: &[&str] = &["ps1", "vbs", "vbe", "bat", "cmd", "wsf", "hta", "ahk", "au3", "sh", "py", "applescript"];

/// Letters of a script that are looked at.
const LENGTH: usize = 256 << 10;

/// Ways of pressing keys for the person.
const KEYS: &[&str] = &[
    "sendkeys",
    "keybd_event",
    "sendinput",
    "controlsend",
    "sendevent",
    "xdotool key",
    "xdotool type",
    "ydotool key",
    "keystroke ",
    "pyautogui.hotkey",
    "pyautogui.press",
    "keyboard.press",
];

/// Ways of taking a window out of sight. Starting one's own console hidden is ordinary and not among them.
const WINDOWS: &[&str] = &[
    "showwindow(",
    "showwindow ",
    "showwindowasync",
    "sw_hide",
    "winhide",
    "winminimize",
    "setwindowpos",
    "xdotool windowunmap",
    "xdotool windowminimize",
    "set visible of",
];

/// Browsers and their developer tools.
const BROWSERS: &[&str] =
    &["chrome", "chromium", "msedge", "microsoft edge", "whale", "brave", "vivaldi", "opera", "devtools", "developer tools"];

/// Ways of writing files.
const WRITES: &[&str] = &[
    "set-content",
    "out-file",
    "add-content",
    "writealltext",
    "writeallbytes",
    "copy-item",
    "move-item",
    "copyfile",
    "movefile",
    "savetofile",
    "opentextfile",
    "createtextfile",
    "downloadfile",
    "-outfile",
    "json.dump",
    "shutil.copy",
    "shutil.move",
    "os.replace",
    ".write(",
    "copy /y",
    "xcopy ",
    "robocopy ",
    "sed -i",
    "\ncp ",
    "\nmv ",
];

/// States the companions in the extension's own folder.
fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    for path in subject.package.files.keys() {
        let script =
            path.rsplit_once('.').is_some_and(|(_, ending)| SYSTEM_SCRIPTS.contains(&ending.to_ascii_lowercase().as_str()));
        let Some(bytes) = subject.package.bytes(path).filter(|_| script) else { continue };
        let bytes = bytes.get(..LENGTH).unwrap_or(bytes);
        // UTF-16, which Windows' own editors write, without its zeros is plain enough.
        let bytes: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        let text = String::from_utf8_lossy(&bytes);
        state(&text, "package", path, Place::file(path), facts);
    }
}

/// States the companions among the scripts that start by themselves.
pub(super) fn machine_companions(machine: &Machine, facts: &mut FactSet) {
    for script in &machine.startup_scripts {
        let pointer = if script.origin.pointer.is_empty() { &script.origin.file } else { &script.origin.pointer };
        let place = Place::outside(EvidenceKind::Filesystem, &script.path, pointer);
        state(&script.text, script.kind.as_str(), &script.path, place, facts);
    }
}

fn state(text: &str, place: &str, path: &str, at: Place, facts: &mut FactSet) {
    let does = doing(text);
    let folded = text.to_lowercase();
    let browser = BROWSERS.iter().any(|word| folded.contains(word));
    for (what, line) in &does {
        let with: Vec<&str> = does.iter().map(|(other, _)| *other).filter(|other| other != what).collect();
        facts.push(
            Fact::new(&COMPANION, *what)
                .with("place", place)
                .with("browser", if browser { "yes" } else { "no" })
                .with("with", with.join(" "))
                .with("path", path)
                .at(at.clone().with_excerpt(line.chars().take(200).collect::<String>())),
        );
    }
}

/// What a script does, each with the first line that shows it.
fn doing(text: &str) -> Vec<(&'static str, String)> {
    let code: String = text.chars().take(LENGTH).collect::<String>();
    let lines: Vec<(String, &str)> = code
        .lines()
        .map(str::trim)
        .filter(|line| !is_comment(line))
        .map(|line| (format!("\n{}", line.to_lowercase()), line))
        .collect();
    let first = |words: &[&str]| {
        let found = lines.iter().find(|(folded, _)| words.iter().any(|word| folded.contains(word)));
        found.map(|(_, line)| (*line).to_owned())
    };
    let mut does = Vec::new();
    does.extend(first(KEYS).map(|line| ("key-injection", line)));
    does.extend(first(WINDOWS).map(|line| ("window-hiding", line)));
    let names_file = lines.iter().any(|(line, _)| {
        line.contains("secure preferences")
            || (line.contains("preferences")
                && ["user data", "google-chrome", "google/chrome", "chromium", "\\default\\"]
                    .iter()
                    .any(|word| line.contains(word)))
    });
    if names_file {
        does.extend(first(WRITES).map(|line| ("preference-writer", line)));
    }
    does
}

/// Comments of the shells, of PowerShell, Visual Basic and batch files.
fn is_comment(line: &str) -> bool {
    let folded = line.get(..4).unwrap_or(line).to_ascii_lowercase();
    line.starts_with(['#', '\'']) || line.starts_with("//") || line.starts_with("::") || folded == "rem " || line.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<&'static str> {
        doing(text).into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn what_companions_do() {
        let keeper = "# keeper\n[DllImport(\"user32.dll\")] ShowWindow($h, 0)\nAdd-Type 'keybd_event'\nGet-Process chrome\n";
        assert_eq!(kinds(keeper), ["key-injection", "window-hiding"]);
        let writer = "$p = \"$env:LOCALAPPDATA\\Google\\Chrome\\User Data\\Default\\Secure Preferences\"\nSet-Content $p $x";
        assert_eq!(kinds(writer), ["preference-writer"]);
        let shell = "src=/tmp/x\ncp \"$src\" ~/.config/google-chrome/Default/Preferences";
        assert_eq!(kinds(shell), ["preference-writer"]);
    }

    #[test]
    fn what_honest_scripts_do() {
        assert_eq!(kinds("# SendKeys would be wrong here\necho hello > log.txt"), Vec::<&str>::new());
        assert_eq!(kinds("powershell -WindowStyle Hidden -File x.ps1"), Vec::<&str>::new());
        assert_eq!(kinds("Set-Content settings.json '{}'\n# Preferences of the user"), Vec::<&str>::new());
        assert_eq!(kinds("Get-Content \"...\\User Data\\Default\\Preferences\""), Vec::<&str>::new());
    }

    #[test]
    fn scripts_in_a_package() {
        let package = crate::acquire::Package::from_memory(
            "x",
            [
                ("dev.ps1", b"ShowWindow($h, 0)\n$w.SendKeys('^+J') # chrome".as_slice()),
                ("bg.js", b"SendKeys; ShowWindow(".as_slice()),
            ],
        );
        let extension = crate::model::Extension {
            id: crate::model::ExtensionId::from_key(b"x"),
            manifest: None,
            name: String::new(),
            description: String::new(),
            version: String::new(),
            install: None,
            integrity: crate::model::Integrity::default(),
        };
        let mut facts = FactSet::new();
        run(&Subject::new(&extension, &package), &mut facts);
        let found: Vec<_> = facts.iter().map(|fact| (fact.value.as_str(), fact.field("with"), fact.field("browser"))).collect();
        assert_eq!(
            found,
            [("key-injection", Some("window-hiding"), Some("yes")), ("window-hiding", Some("key-injection"), Some("yes")),]
        );
    }
}
