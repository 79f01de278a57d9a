//! What extensions are built with must run in the sealed worker as it does in a browser: a world that breaks the framework sees
//! nothing of what is built on it. Real frameworks, from npm.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crxhound::acquire::Package;
use crxhound::sandbox::{Budget, Effort, Worker, emulate};

use crate::decode::npm;

const PACKAGES: &[&str] =
    &["react@18.3.1", "react-dom@18.3.1", "vue@3.5.26", "jquery@3.7.1", "angular@1.8.3", "preact@10.28.1"];

const MANIFEST: &str = r#"{"manifest_version":3,"name":"x","version":"1","host_permissions":["https://mail.google.com/*"],
    "action":{"default_popup":"page.html"}}"#;

/// The addresses that an extension sends to whose popup is `body`, a framework and `code`.
fn sent(body: &str, framework: &[PathBuf], code: &str) -> BTreeSet<String> {
    let libraries: Vec<String> = framework.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let names: Vec<String> = (0..libraries.len()).map(|number| format!("framework{number}.js")).collect();
    let scripts: String = names.iter().map(|name| format!("<script src=\"{name}\"></script>")).collect();
    let page = format!("<!doctype html><html><body>{body}{scripts}<script src=\"page.js\"></script></body></html>");
    let mut files: Vec<(&str, &[u8])> =
        vec![("manifest.json", MANIFEST.as_bytes()), ("page.html", page.as_bytes()), ("page.js", code.as_bytes())];
    files.extend(names.iter().map(String::as_str).zip(libraries.iter().map(String::as_bytes)));
    let package = Package::from_memory("memory", files);
    let worker = Worker::with_program(env!("CARGO_BIN_EXE_crxhound"), Budget::default());
    let (emulation, problems) = emulate(&worker, &crate::emulate::extension(&package), &package, &[], Effort::Whole);
    assert_eq!(problems, []);
    let events = emulation.story.iter().flat_map(|ran| &ran.events);
    let failed: Vec<_> = events.clone().filter(|event| matches!(event.kind.as_str(), "error" | "broken")).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    events.filter(|event| event.kind == "sink").map(|event| event.data["url"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn pages_that_frameworks_draw_are_drawn() {
    let Some(folder) = npm::install_or_skip("npm-frameworks", PACKAGES) else { return };
    let at = |path: &str| folder.join("node_modules").join(path);
    let react = |element: &str, render: &str| {
        format!(
            "const {{ createElement: h }} = {element};
             class Field extends {element}.Component {{
               componentDidMount() {{ fetch('https://c.invalid/mounted?' + document.querySelector('b').textContent); }}
               render() {{ return h('div', {{ className: 'a' }}, h('input', {{ value: 'v', onInput() {{}} }}), h('b', null, this.props.text)); }}
             }}
             {render}"
        )
    };
    for (name, body, framework, code) in [
        (
            "react",
            "<div id=root></div>",
            vec![at("react/umd/react.production.min.js"), at("react-dom/umd/react-dom.production.min.js")],
            react("React", "ReactDOM.createRoot(document.getElementById('root')).render(h(Field, { text: 'drawn' }));"),
        ),
        (
            "preact",
            "<div id=root></div>",
            vec![at("preact/dist/preact.umd.js")],
            react("preact", "preact.render(h(Field, { text: 'drawn' }), document.getElementById('root'));"),
        ),
        (
            "vue",
            "<div id=app><input v-model=v><b>{{ text }}</b></div>",
            vec![at("vue/dist/vue.global.prod.js")],
            "Vue.createApp({ data: () => ({ text: 'drawn', v: 1 }),
               mounted() { fetch('https://c.invalid/mounted?' + document.querySelector('b').textContent); } }).mount('#app');"
                .to_owned(),
        ),
        (
            "angular",
            "<div id=app ng-controller=all><b>{{ text }}</b></div>",
            vec![at("angular/angular.min.js")],
            "angular.module('x', []).controller('all', ($scope, $timeout) => { $scope.text = 'drawn';
               $timeout(() => fetch('https://c.invalid/mounted?' + $scope.text)); });
             angular.bootstrap(document.getElementById('app'), ['x']);"
                .to_owned(),
        ),
        (
            "jquery",
            "<form id=f><input name=a value=1><b></b></form>",
            vec![at("jquery/dist/jquery.min.js")],
            "$(() => { $('<i class=x>drawn</i>').appendTo('b'); const b = $('form').find('b').clone(true);
               $.ajax({ url: 'https://c.invalid/mounted?' + b.text(), method: 'POST', data: $('#f').serialize() }); });"
                .to_owned(),
        ),
    ] {
        let sent = sent(body, &framework, &code);
        assert!(
            sent.iter().any(|url| url.starts_with("https://c.invalid/mounted?") && url.ends_with("drawn")),
            "{name}: {sent:?}"
        );
    }
}
