//! What the machine does to bring an extension in, keep it alive or serve it: policies, external installs, launchers,
//! native messaging hosts.
//!
//! The same kinds of fact are stated about an extension, where they are tied to it by id or folder, and about the machine
//! ([`machine_facts`]), for what is there before the extension is, or without it.

use std::collections::BTreeSet;

use super::{Extractor, Fact, FactKind, FactSet, Field, Place, Subject, Via, companions};
use crate::finding::EvidenceKind;
use crate::model::host::{contact_class, of_url};
use crate::model::machine::{
    Answer, ExternalInstall, Launcher, Machine, NativeHost, Origin, PolicyInstall, PolicyMode, PolicySetting, Switch,
};
use crate::model::place::classify;
use crate::model::store;

/// A policy about one extension.
pub static POLICY_INSTALL: FactKind = FactKind {
    name: "policy-install",
    doc: "a policy installs or rules out an extension: forced, normal, allowed, blocked or removed",
    fields: &[
        Field { name: "extension", doc: "the id, or * for all" },
        Field { name: "scope", doc: "machine, or user: one user's policy, which Windows lets that user write" },
        Field { name: "managed", doc: "whether an organisation manages the machine: yes, no or unknown" },
        Field { name: "mandatory", doc: "yes, or no for a recommendation" },
        Field { name: "update_url", doc: "where it comes from, empty for the browser's own store" },
        Field { name: "store", doc: "the store of that address: web_store, edge_addons, ..., or none" },
        Field {
            name: "form",
            doc: "the form of that address: https, http, ip, local, file, code-hosting, other, or own-store",
        },
        Field { name: "policy", doc: "the policy's name" },
        Field { name: "source", doc: "registry or file" },
    ],
};

/// Another policy about extensions.
pub static POLICY_SETTING: FactKind = FactKind {
    name: "policy-setting",
    doc: "a policy about extensions that installs none; its name",
    fields: &[
        Field { name: "scope", doc: "machine or user" },
        Field { name: "managed", doc: "as for policy-install" },
        Field { name: "mandatory", doc: "as for policy-install" },
        Field { name: "text", doc: "its value as JSON" },
    ],
};

/// Whether the machine belongs to an organisation.
pub static MANAGED: FactKind = FactKind {
    name: "managed",
    doc: "whether an organisation manages the machine: yes, no or unknown",
    fields: &[Field { name: "reason", doc: "what says so" }],
};

/// A file or key outside the profile that has an extension installed.
pub static EXTERNAL_INSTALL: FactKind = FactKind {
    name: "external-install",
    doc: "a file or registry key outside the profile has the extension installed: from an address (download) or a file (package)",
    fields: &[
        Field { name: "extension", doc: "the id" },
        Field { name: "kind", doc: "json or registry" },
        Field { name: "scope", doc: "machine, or user where its user can write it" },
        Field { name: "update_url", doc: "the address" },
        Field { name: "store", doc: "as for policy-install; none for a package" },
        Field { name: "form", doc: "as for policy-install; file for a package" },
        Field { name: "path", doc: "the package" },
        Field { name: "class", doc: "where the package lies, in the words of install-path" },
        Field { name: "writable", doc: "yes where its user can write the package's place" },
    ],
};

/// A switch on a command line that starts a browser.
pub static LAUNCHER: FactKind = FactKind {
    name: "launcher",
    doc: "something starts a browser with a switch that matters: load-extension, disable-extensions-except, remote-debugging, \
          feature-switch, unsafe-extension-debugging, extensions-on-browser-pages, devtools-open, headless, ...",
    fields: &[
        Field {
            name: "kind",
            doc: "shortcut, desktop, task, run-key, startup, launch-agent, autostart, flags-file, open-command, wrapper, service",
        },
        Field { name: "starts_itself", doc: "yes where nobody has to click on it" },
        Field { name: "scope", doc: "machine or user" },
        Field { name: "program", doc: "the program" },
        Field { name: "browser", doc: "the browser that it starts, empty where that is not known" },
        Field { name: "path", doc: "the switch's value: a folder, a port, a feature" },
        Field { name: "class", doc: "for folders: where it lies, in the words of install-path" },
        Field { name: "writable", doc: "for folders: yes where its user can write that place" },
    ],
};

/// A program that an extension may start.
pub static NATIVE_HOST: FactKind = FactKind {
    name: "native-host",
    doc: "a program that extensions may start and talk to; its registered name",
    fields: &[
        Field { name: "program", doc: "the program" },
        Field { name: "class", doc: "where it lies, in the words of install-path" },
        Field { name: "writable", doc: "whether everyone can write the program or its folder: yes, no or unknown" },
        Field { name: "present", doc: "whether the program is there: yes, no or unknown" },
        Field { name: "scope", doc: "machine or user" },
        Field {
            name: "vendor",
            doc: "the maker of systems or browsers that the name claims: microsoft, google, apple, ...; else empty",
        },
        Field { name: "extensions", doc: "how many extensions may talk to it" },
        Field { name: "origin", doc: "their ids, separated by blanks" },
    ],
};

/// The extractor.
pub const EXTRACTOR: Extractor = Extractor { name: "machine", facts: FACTS, code: false, run };

/// The kinds stated here.
const FACTS: &[&FactKind] = &[&POLICY_INSTALL, &POLICY_SETTING, &MANAGED, &EXTERNAL_INSTALL, &LAUNCHER, &NATIVE_HOST];

/// States what of the machine is tied to the extension.
fn run(subject: &Subject<'_>, facts: &mut FactSet) {
    let Some(surroundings) = subject.machine else { return };
    let machine = surroundings.machine;
    let id = subject.extension.id.as_str();
    let own = |browser: &str| browser == surroundings.browser;
    if machine.system.is_some() {
        facts.push(managed(machine));
    }
    for install in &machine.policies {
        let browser = install.browsers.is_empty() || install.browsers.iter().any(|browser| own(browser));
        let everyone = install.target == "*" && install.mode == PolicyMode::Forced;
        if browser && (install.target == id || everyone) && surroundings.reaches(&install.origin) {
            facts.push(policy_install(machine, install));
        }
    }
    for install in &machine.external {
        let here = install.user_data_dir.as_deref().is_none_or(|folder| folder == surroundings.user_data_dir);
        if install.id == id && here && own(&install.browser) && surroundings.reaches(&install.origin) {
            facts.push(external_install(install));
        }
    }
    for launcher in &machine.launchers {
        let tied =
            launcher.switches.iter().any(|switch| switch.word == "load-extension" && surroundings.is_path(&switch.value));
        if tied {
            // Of several folders the one that is the extension's; other switches belong to the same start.
            let others = |switch: &&Switch| switch.word != "load-extension" || surroundings.is_path(&switch.value);
            facts.extend(launcher.switches.iter().filter(others).map(|switch| launched(launcher, switch)));
        }
    }
    for host in &machine.native_hosts {
        let here = host.user_data_dir.as_deref().is_none_or(|folder| folder == surroundings.user_data_dir);
        if here && host.allowed.iter().any(|allowed| allowed == id) && surroundings.reaches(&host.origin) {
            facts.push(native_host(host));
        }
    }
}

/// The facts of the machine itself. Installs of extensions that were found (`installed`) are left to those extensions.
pub fn machine_facts(machine: &Machine, installed: &BTreeSet<String>) -> FactSet {
    let mut facts = FactSet::new();
    if machine.system.is_some() {
        facts.push(managed(machine));
    }
    let policies = machine.policies.iter().filter(|install| !installed.contains(&install.target));
    facts.extend(policies.map(|install| policy_install(machine, install)));
    facts.extend(machine.settings.iter().map(|setting| policy_setting(machine, setting)));
    let external = machine.external.iter().filter(|install| !installed.contains(&install.id));
    facts.extend(external.map(external_install));
    for launcher in &machine.launchers {
        facts.extend(launcher.switches.iter().map(|switch| launched(launcher, switch)));
    }
    facts.extend(machine.native_hosts.iter().map(native_host));
    companions::machine_companions(machine, &mut facts);
    facts
}

fn managed(machine: &Machine) -> Fact {
    Fact::new(&MANAGED, machine.managed.answer.as_str()).with("reason", machine.managed.reasons.join("; "))
}

fn policy_install(machine: &Machine, install: &PolicyInstall) -> Fact {
    let url = install.update_url.as_deref().unwrap_or_default();
    let (store, form) = match install.update_url.as_deref() {
        Some(url) => (store_of(url), form_of(url)),
        None => (own_store(install.browsers.first().map_or("", String::as_str)), "own-store"),
    };
    let fact = Fact::new(&POLICY_INSTALL, install.mode.as_str())
        .with("extension", &install.target)
        .with("scope", install.origin.scope.as_str())
        .with("managed", machine.managed.answer.as_str())
        .with("mandatory", yes(install.mandatory))
        .with("update_url", url)
        .with("store", store)
        .with("form", form)
        .with("policy", &install.policy)
        .with("source", if install.origin.registry { "registry" } else { "file" });
    let text = if url.is_empty() { install.target.clone() } else { format!("{};{url}", install.target) };
    fact.at(place(&install.origin, EvidenceKind::Policy, &text)).via(Via::Policy)
}

fn policy_setting(machine: &Machine, setting: &PolicySetting) -> Fact {
    let text = setting.value.to_string();
    Fact::new(&POLICY_SETTING, &setting.policy)
        .with("scope", setting.origin.scope.as_str())
        .with("managed", machine.managed.answer.as_str())
        .with("mandatory", yes(setting.mandatory))
        .with("text", &text)
        .at(place(&setting.origin, EvidenceKind::Policy, &text))
        .via(Via::Policy)
}

fn external_install(install: &ExternalInstall) -> Fact {
    let package = install.package.as_deref().unwrap_or_default();
    // As in the browser, an address wins over a package.
    let (value, store, form) = match install.update_url.as_deref() {
        Some(url) => ("download", store_of(url), form_of(url)),
        None => ("package", "none", "file"),
    };
    let class = classify(package);
    let beside = !package.is_empty() && !package.starts_with(['/', '\\', '%', '~']) && !package.contains(':');
    // A package named without a folder lies beside the file that names it.
    let class = if beside { classify(&install.origin.file) } else { class };
    Fact::new(&EXTERNAL_INSTALL, value)
        .with("extension", &install.id)
        .with("kind", if install.origin.registry { "registry" } else { "json" })
        .with("scope", install.origin.scope.as_str())
        .with("update_url", install.update_url.as_deref().unwrap_or_default())
        .with("store", store)
        .with("form", form)
        .with("path", package)
        .with("class", if package.is_empty() { "" } else { class.as_str() })
        .with("writable", yes(!package.is_empty() && class.user_writable()))
        .at(place(&install.origin, EvidenceKind::Filesystem, install.update_url.as_deref().unwrap_or(package)))
}

fn launched(launcher: &Launcher, switch: &Switch) -> Fact {
    let fact = Fact::new(&LAUNCHER, switch.word)
        .with("kind", launcher.kind.as_str())
        .with("starts_itself", yes(launcher.kind.starts_itself()))
        .with("scope", launcher.origin.scope.as_str())
        .with("program", &launcher.program)
        .with("browser", launcher.browser.as_deref().unwrap_or_default())
        .with("path", &switch.value);
    let fact = match switch.class {
        Some(class) => fact.with("class", class.as_str()).with("writable", yes(class.user_writable())),
        None => fact,
    };
    fact.at(place(&launcher.origin, EvidenceKind::Launcher, &launcher.command))
}

fn native_host(host: &NativeHost) -> Fact {
    Fact::new(&NATIVE_HOST, &host.name)
        .with("program", &host.program)
        .with("class", host.class.as_str())
        .with("writable", host.writable.as_str())
        .with("present", host.present.as_str())
        .with("scope", host.origin.scope.as_str())
        .with("vendor", vendor(&host.name))
        .with("extensions", host.allowed.len().to_string())
        .with("origin", host.allowed.join(" "))
        .at(place(&host.origin, EvidenceKind::Filesystem, &host.program))
}

/// The maker whose domain a host's name begins with, turned round as such names are.
fn vendor(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    let mut parts = name.split('.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("com"), Some("microsoft"), _) => "microsoft",
        (Some("com"), Some("google"), _) | (Some("org"), Some("chromium"), _) => "google",
        (Some("com"), Some("apple"), _) => "apple",
        (Some("com"), Some("brave"), _) => "brave",
        (Some("com"), Some("opera" | "operasoftware"), _) => "opera",
        (Some("com"), Some("naver"), _) => "naver",
        _ => "",
    }
}

/// The word for the store that an update address is of.
pub(super) fn store_of(url: &str) -> &'static str {
    store::of_address(url).map_or("none", |store| store.source.as_str())
}

/// The store that a browser asks where no address is given.
fn own_store(browser: &str) -> &'static str {
    match browser {
        "edge" => "edge_addons",
        "opera" | "opera-gx" => "opera_addons",
        "whale" => "whale_store",
        _ => "web_store",
    }
}

/// The form of an update address.
pub(super) fn form_of(url: &str) -> &'static str {
    let scheme = url.trim().split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    if scheme == "file" || of_url(url).is_none() {
        return if scheme == "file" { "file" } else { "other" };
    }
    match (contact_class(url, &[], &[]), scheme.as_str()) {
        ("raw-ip", _) => "ip",
        ("local", _) => "local",
        ("code-hosting", _) => "code-hosting",
        (_, "https") => "https",
        (_, "http") => "http",
        _ => "other",
    }
}

fn place(origin: &Origin, kind: EvidenceKind, text: &str) -> Place {
    let kind = if origin.registry { EvidenceKind::Registry } else { kind };
    let excerpt: String = text.chars().take(300).collect();
    Place::outside(kind, &origin.file, &origin.pointer).with_excerpt(excerpt)
}

fn yes(so: bool) -> &'static str {
    Answer::from(so).as_str()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::machine::{Managed, Scope, Surroundings, System};

    const ID: &str = "abcdefghijklmnopabcdefghijklmnop";

    fn machine() -> Machine {
        let install = |target: &str, url: Option<&str>, user: Option<&str>| PolicyInstall {
            browsers: vec!["chrome".into()],
            target: target.into(),
            mode: PolicyMode::Forced,
            update_url: url.map(str::to_owned),
            policy: "ExtensionInstallForcelist".into(),
            mandatory: true,
            origin: Origin {
                scope: if user.is_some() { Scope::User } else { Scope::Machine },
                user: user.map(str::to_owned),
                file: "HKCU".into(),
                pointer: r"HKCU\Software\Policies\Google\Chrome\ExtensionInstallForcelist\1".into(),
                registry: true,
            },
        };
        Machine {
            system: Some(System::Windows),
            managed: Managed { answer: Answer::No, reasons: vec!["joined no domain".into()] },
            policies: vec![
                install(ID, Some("http://192.0.2.7/u.xml"), Some("kim")),
                install("ponmlkjihgfedcbaponmlkjihgfedcba", None, None),
            ],
            launchers: vec![Launcher {
                kind: crate::model::machine::LauncherKind::Shortcut,
                browser: Some("chrome".into()),
                program: "chrome.exe".into(),
                command: r"chrome.exe --load-extension=C:\Users\kim\AppData\Roaming\AF,C:\other".into(),
                switches: [r"C:\Users\kim\AppData\Roaming\AF", r"C:\other"]
                    .map(|path| Switch {
                        word: "load-extension",
                        name: "load-extension".into(),
                        value: path.into(),
                        class: Some(classify(path)),
                    })
                    .to_vec(),
                origin: Origin { file: "x.lnk".into(), ..Origin::default() },
            }],
            ..Machine::default()
        }
    }

    fn of<'f>(facts: &'f FactSet, kind: &'static FactKind) -> Vec<&'f Fact> {
        facts.of(kind).collect()
    }

    fn facts_of(surroundings: Surroundings<'_>) -> FactSet {
        let package = crate::acquire::Package::from_memory("x", []);
        let id = crate::model::ExtensionId::parse(ID).unwrap();
        let extension = crate::model::Extension {
            id,
            manifest: None,
            name: String::new(),
            description: String::new(),
            version: String::new(),
            install: None,
            integrity: crate::model::Integrity::default(),
        };
        let subject = Subject { machine: Some(&surroundings), ..Subject::new(&extension, &package) };
        let mut facts = FactSet::new();
        run(&subject, &mut facts);
        facts
    }

    #[test]
    fn an_extension_is_tied_by_id_and_folder() {
        let machine = machine();
        let here = Surroundings {
            machine: &machine,
            browser: "chrome",
            user_data_dir: "x",
            user: Some("kim"),
            path: Some(r"\\?\c:\users\kim\appdata\roaming\AF\"),
        };
        let facts = facts_of(here);
        let policies = of(&facts, &POLICY_INSTALL);
        assert_eq!(policies.len(), 1);
        assert_eq!(policies[0].field("form"), Some("ip"));
        assert_eq!((policies[0].field("store"), policies[0].field("scope")), (Some("none"), Some("user")));
        assert_eq!(policies[0].place.kind, EvidenceKind::Registry);
        let launchers = of(&facts, &LAUNCHER);
        assert_eq!(launchers.len(), 1);
        assert_eq!((launchers[0].field("class"), launchers[0].field("writable")), (Some("roaming"), Some("yes")));
        // Another user, another browser: not theirs.
        assert!(of(&facts_of(Surroundings { user: Some("lee"), path: None, ..here }), &POLICY_INSTALL).is_empty());
        assert!(of(&facts_of(Surroundings { browser: "edge", path: None, ..here }), &POLICY_INSTALL).is_empty());
    }

    #[test]
    fn the_machine_keeps_what_no_extension_has() {
        let facts = machine_facts(&machine(), &BTreeSet::from([ID.to_owned()]));
        let policies = of(&facts, &POLICY_INSTALL);
        assert_eq!(policies.len(), 1);
        assert_eq!((policies[0].field("store"), policies[0].field("form")), (Some("web_store"), Some("own-store")));
        assert_eq!(of(&facts, &LAUNCHER).len(), 2);
        assert_eq!(of(&facts, &MANAGED)[0].value, "no");
    }

    #[test]
    fn forms_of_addresses() {
        for (url, form) in [
            ("https://clients2.google.com/service/update2/crx", "https"),
            ("http://updates.invalid/x", "http"),
            ("https://192.0.2.1/x", "ip"),
            ("http://localhost/x", "local"),
            ("file:///c:/x.xml", "file"),
            ("https://raw.githubusercontent.com/a/b", "code-hosting"),
            ("", "other"),
        ] {
            assert_eq!(form_of(url), form, "{url}");
        }
    }
}
