//! What the text of a script looks like: ways of hiding it, and the build tool that put it together.
//!
//! This looks at bytes, not at syntax, so it says something about scripts that no parser takes too. Every test is linear in
//! the length of the text. A minified bundle is not obfuscated: short names and one long line prove nothing, so none of the
//! signs here is one of those.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::decode::is_symbols_only;

/// What was seen in one script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Ways of hiding, by the names of [`TECHNIQUES`].
    pub techniques: Vec<&'static str>,
    /// The build tool whose traces it carries.
    pub build_tool: Option<&'static str>,
}

/// One way of hiding what a script does.
pub struct Technique {
    /// The value of the fact `obfuscation`.
    pub name: &'static str,
    /// What it does to a script.
    pub doc: &'static str,
    sees: fn(&[u8]) -> bool,
}

/// The ways that are told apart.
pub const TECHNIQUES: &[Technique] = &[
    Technique {
        name: "string-array",
        doc: "strings are looked up by number in a rotated or self-replacing table",
        sees: string_array,
    },
    Technique { name: "control-flow", doc: "statements are put out of order and dispatched by a loop", sees: control_flow },
    Technique { name: "hex-names", doc: "names are hexadecimal numbers", sees: hex_names },
    Technique { name: "arithmetic", doc: "numbers are written as sums and products", sees: arithmetic },
    Technique { name: "packer", doc: "the script is compressed text that unpacks and runs itself", sees: packer },
    Technique { name: "symbols-only", doc: "the script is written without letters", sees: symbols_only },
    Technique { name: "char-codes", doc: "strings are spelled as lists of character codes", sees: char_codes },
    Technique { name: "escapes", doc: "strings are written in hexadecimal or Unicode escapes", sees: escapes },
    Technique { name: "high-entropy", doc: "a good part of the script is one encoded text", sees: high_entropy },
    Technique { name: "debugger-trap", doc: "it tries to stop whoever opens the developer tools", sees: debugger_trap },
];

/// Looks at one script.
pub fn look(text: &str) -> Looks {
    let bytes = text.as_bytes();
    let techniques = TECHNIQUES.iter().filter(|technique| (technique.sees)(bytes)).map(|technique| technique.name);
    Looks { techniques: techniques.collect(), build_tool: build_tool(bytes) }
}

/// Compiles a pattern of ours; a wrong one would never match, and fails the tests.
fn pattern(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

fn seen(pattern: &LazyLock<Option<Regex>>, bytes: &[u8]) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(bytes))
}

fn count(pattern: &LazyLock<Option<Regex>>, bytes: &[u8], most: usize) -> usize {
    pattern.as_ref().map_or(0, |pattern| pattern.find_iter(bytes).take(most).count())
}

fn string_array(bytes: &[u8]) -> bool {
    // `words.push(words.shift())` in a `catch`, with either way to write a member, escaped or not.
    static ROTATES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern(
            r#"(?-u)(?:\.push|\[["'](?:push|\\x70\\x75\\x73\\x68)["']\])\([\w$]+(?:\.shift|\[["'](?:shift|\\x73\\x68\\x69\\x66\\x74)["']\])\(\)\)[^}]{0,8}\}?\s*catch"#,
        )
    });
    // `table = function () { return words; }; return table();` With the name in the pattern, which can begin anywhere, the
    // search would take ten times as long.
    static REPLACES: LazyLock<Option<Regex>> =
        LazyLock::new(|| pattern(r"(?-u)function\s*\(\)\s*\{\s*return\s+[\w$]+;?\s*\}\s*(?:[;,]\s*return\s*[\w$]+\(|\)\()"));
    let replaces = || {
        let mut found = REPLACES.iter().flat_map(|pattern| pattern.find_iter(bytes));
        found.any(|found| bytes[..found.start()].trim_ascii_end().ends_with(b"="))
    };
    // The counted rotation of older versions.
    static COUNTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern(r#"(?-u)while\(--[\w$]+\)\{[\w$]+(?:\.push|\[["']push["']\])\([\w$]+(?:\.shift|\[["']shift["']\])\(\)\)"#)
    });
    seen(&ROTATES, bytes) || seen(&COUNTS, bytes) || (replaces() && many_strings(bytes))
}

/// An array of at least a dozen short strings.
fn many_strings(bytes: &[u8]) -> bool {
    static STRINGS: LazyLock<Option<Regex>> =
        LazyLock::new(|| pattern(r#"(?-u)\[(?:\s*(?:'[^'\n]{0,200}'|"[^"\n]{0,200}")\s*,){11}"#));
    seen(&STRINGS, bytes)
}

fn control_flow(bytes: &[u8]) -> bool {
    static ORDER: LazyLock<Option<Regex>> =
        LazyLock::new(|| pattern(r#"(?-u)["'](?:\d{1,3}\|){2,}\d{1,3}["']\s*(?:\.split|\[["']split["']\])\("#));
    static DISPATCH: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern(r"(?-u)(?:while\s*\((?:!!\[\]|true|!0|1)\)|for\s*\(;;\))\s*\{?\s*switch\s*\([\w$]+\[[\w$]+\+\+\]\)")
    });
    seen(&ORDER, bytes) || seen(&DISPATCH, bytes)
}

fn hex_names(bytes: &[u8]) -> bool {
    static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"(?-u)\b(?:[a-zA-Z]\d_)?_0x[0-9a-f]{3,}"));
    let names = count(&NAMES, bytes, 100_000);
    names >= 10 && names * 200 >= bytes.len().min(20_000_000)
}

fn arithmetic(bytes: &[u8]) -> bool {
    static SUMS: LazyLock<Option<Regex>> =
        LazyLock::new(|| pattern(r"(?-u)-?0x[0-9a-f]+\s*\*\s*-?0x[0-9a-f]+\s*\+\s*-?(?:0x[0-9a-f]+|\d)"));
    let sums = count(&SUMS, bytes, 10_000);
    sums >= 8 && sums * 2_000 >= bytes.len()
}

fn packer(bytes: &[u8]) -> bool {
    static PACKED: LazyLock<Option<Regex>> =
        LazyLock::new(|| pattern(r"(?-u)eval\s*\(\s*function\s*\(p,\s*a,\s*c,\s*k,\s*e,\s*[rd]\)"));
    seen(&PACKED, bytes)
}

fn symbols_only(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(is_symbols_only)
}

fn char_codes(bytes: &[u8]) -> bool {
    static CODES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern(
            r#"(?-u)(?:fromCharCode|fromCodePoint)["']?\]?(?:\.apply\([^,()]{0,30},\s*\[|\(\s*(?:\.\.\.\s*\[)?)(?:\s*(?:0x[0-9a-f]+|\d+)\s*,){7}"#,
        )
    });
    // The decoding may stand elsewhere: a long list of small numbers that are mapped.
    static MAPPED: LazyLock<Option<Regex>> =
        LazyLock::new(|| pattern(r"(?-u)\[(?:\s*\d{2,3}\s*,){11}\s*\d{2,3}\s*\]\s*\.map\s*\([^)]{0,40}fromCharCode"));
    seen(&CODES, bytes) || seen(&MAPPED, bytes)
}

fn escapes(bytes: &[u8]) -> bool {
    static ESCAPES: LazyLock<Option<Regex>> =
        LazyLock::new(|| pattern(r"(?-u)(?:\\x[0-7][0-9a-fA-F]|\\u00[0-7][0-9a-fA-F]){4,}"));
    let Some(escapes) = ESCAPES.as_ref() else { return false };
    let escaped: usize = escapes.find_iter(bytes).map(|found| found.len()).sum();
    escaped >= 400 && escaped * 10 >= bytes.len()
}

/// Bytes of base64 in a row that are one encoded text.
const ENCODED_RUN: usize = 512;

/// Runs of at least [`ENCODED_RUN`] characters of base64. Only every 512th byte of anything else is looked at.
fn encoded_runs(bytes: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut from = 0;
    std::iter::from_fn(move || {
        // A run that begins at or after `from` covers its 512th byte.
        while let Some(&last) = bytes.get(from + ENCODED_RUN - 1) {
            let window = &bytes[from..from + ENCODED_RUN];
            match if is_base64(last) { window.iter().rposition(|&byte| !is_base64(byte)) } else { Some(ENCODED_RUN - 1) } {
                Some(other) => from += other + 1,
                None => {
                    let begin = from;
                    let more = bytes[from..].iter().take_while(|&&byte| is_base64(byte)).count();
                    from += more;
                    let padding = bytes[from..].iter().take(2).take_while(|&&byte| byte == b'=').count();
                    return Some(begin..from + padding);
                }
            }
        }
        None
    })
}

fn high_entropy(bytes: &[u8]) -> bool {
    let mut hidden = 0usize;
    for run in encoded_runs(bytes) {
        // What says what it is hides nothing: data addresses, WebAssembly, fonts, images.
        let before = bytes.get(run.start.saturating_sub(8)..run.start).unwrap_or_default();
        let named = before.ends_with(b"base64,");
        let known: &[&[u8]] =
            &[b"AGFzbQ", b"iVBORw0KGgo", b"/9j/", b"R0lGOD", b"d09GR", b"d09GM", b"T1RUTw", b"AAEAAAA", b"PHN2Zy", b"UklGR"];
        if !named && !known.iter().any(|magic| bytes[run.clone()].starts_with(magic)) {
            hidden += run.len();
        }
    }
    hidden * 4 >= bytes.len() && hidden > 0
}

fn debugger_trap(bytes: &[u8]) -> bool {
    static TRAP: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern(
            r#"(?-u)(?:constructor["']?\]?|Function)\(\s*(?:["']debugger|["']debu["']\s*\+\s*["']gger)|setInterval\s*\([^;]{0,60}\bdebugger\b"#,
        )
    });
    seen(&TRAP, bytes)
}

/// Traces that build tools leave, each with its tool.
const TRACES: &[(&str, &str)] = &[
    (r"__webpack_require__|webpackChunk|webpackJsonp|/\*{6}/ \(", "webpack"),
    (r"__vite__|__vitePreload|vite/preload-helper|/@vite/", "vite"),
    (r"\bparcelRequire|parcel\$require", "parcel"),
    (r"__toESM\s*=|__commonJS\s*=|__esm\s*=\s*\(|__defProp\s*=\s*Object\.defineProperty", "esbuild"),
    (
        r"_rollupPluginBabelHelpers|Object\.freeze\(\s*(?:/\*#__PURE__\*/)?\s*(?:Object\.defineProperty\()?\{\s*__proto__\s*:\s*null",
        "rollup",
    ),
    (r"Cannot find module '\x22?|\(function\(\)\{function r\(e,n,t\)\{function o\(i,f\)", "browserify"),
    (r"\$jscomp\.|goog\.provide\(|goog\.require\(", "closure"),
    (r"_interopRequireDefault|@babel/runtime|babelHelpers", "babel"),
    (r"__awaiter\s*=\s*\(?this|__extends\s*=\s*\(?this|__importDefault\s*=", "typescript"),
    (r"\bplasmo-|@plasmohq", "plasmo"),
];

fn build_tool(bytes: &[u8]) -> Option<&'static str> {
    // One by one: each alone is found by its words, all together only by an automaton over every byte.
    static TOOLS: LazyLock<Vec<(Option<Regex>, &'static str)>> =
        LazyLock::new(|| TRACES.iter().map(|(trace, tool)| (pattern(&format!("(?-u){trace}")), *tool)).collect());
    let is = |trace: &Option<Regex>| trace.as_ref().is_some_and(|trace| trace.is_match(bytes));
    TOOLS.iter().find(|(trace, _)| is(trace)).map(|(_, tool)| *tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_of_base64_are_found_wherever_they_stand() {
        for before in [0, 1, 511, 512, 700] {
            for length in [511, 512, 513, 5_000] {
                let text = format!("{}!{}=;var a", ".".repeat(before), "Ab1+".repeat(2_000).get(..length).unwrap_or_default());
                let found: Vec<_> = encoded_runs(text.as_bytes()).collect();
                let expected = (length >= ENCODED_RUN).then_some(before + 1..before + 1 + length + 1);
                assert_eq!(found, Vec::from_iter(expected), "{before} before, {length} long");
            }
        }
    }

    #[test]
    fn techniques_are_told_apart() {
        let rotation = "(function(a,b){const d=dec,e=a();while(!![]){try{const f=parseInt(d(1))/1;if(f===b)break;else e['push'](e['shift']());}catch(g){e['push'](e['shift']());}}}(t,9));";
        let table = format!("function t(){{const w=[{}];t=function(){{return w;}};return t();}}", "'abc',".repeat(20));
        for (technique, text) in [
            ("string-array", rotation.to_owned()),
            ("string-array", table),
            ("control-flow", "const o='3|1|0|2'['split']('|');let i=0;".to_owned()),
            ("control-flow", "while(!![]){switch(o[i++]){case'0':f();continue;}break;}".to_owned()),
            ("hex-names", "var _0x1a2b=_0x3c4d(_0x5e6f);".repeat(10)),
            ("packer", "eval(function(p,a,c,k,e,d){return p}('',1,1,''.split('|'),0,{}))".to_owned()),
            ("char-codes", "String.fromCharCode(104,116,116,112,115,58,47,47)".to_owned()),
            ("char-codes", "[104,116,116,112,115,58,47,47,97,98,99,100].map(c=>String.fromCharCode(c^1))".to_owned()),
            ("escapes", format!("x='{}'", "\\x68\\x74".repeat(100))),
            ("high-entropy", format!("run('{}')", "aB3/".repeat(300))),
            ("debugger-trap", "(function(){}).constructor('debu'+'gger').call('action')".to_owned()),
            ("arithmetic", "f(0x12*-0x3+0x5*0x2+-0x1);".repeat(10)),
            ("symbols-only", "[][(![]+[])[+[]]+(!![]+[])[+!+[]]]".repeat(20)),
        ] {
            assert!(look(&text).techniques.contains(&technique), "{technique}: {text}");
        }
    }

    #[test]
    fn what_build_tools_do_hides_nothing() {
        let honest = [
            "!function(e,t){var n={};function r(e){return n[e]}r.d=function(){},window.webpackChunk=[]}(0,1);".to_owned(),
            "queue.push(queue.shift()); const order = '1|2'; items.push(other.shift());".to_owned(),
            "var a=String.fromCharCode(13,10),b='\\u00e4\\u00f6',c=0x10*0x20;".to_owned(),
            format!("img.src='data:image/png;base64,{}'", "iVBORw0KGgoAAAANSUhEUgAA".repeat(40)),
            "const days=['Mon','Tue'];let f=function(){return days};return f();".to_owned(),
            "while(true){switch(token[i]){case 1:break}}".to_owned(),
        ];
        for text in honest {
            assert_eq!(look(&text).techniques, Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn build_tools_leave_traces() {
        for (text, tool) in [
            ("var e=__webpack_require__(1)", Some("webpack")),
            ("(self.webpackChunkapp=self.webpackChunkapp||[]).push([[1],{}])", Some("webpack")),
            ("var __defProp = Object.defineProperty;", Some("esbuild")),
            ("parcelRequire=function(){}", Some("parcel")),
            ("console.log(1)", None),
        ] {
            assert_eq!(look(text).build_tool, tool, "{text}");
        }
    }
}
