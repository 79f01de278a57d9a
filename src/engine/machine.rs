//! What discovery knows of a machine, in the report's words.

use crate::model::machine::{Answer, Machine, Origin};
use crate::report::model::{ExternalEntry, Known, LauncherEntry, Machine as Report, NativeHostEntry, PolicyEntry};

/// The machine's part of a report, without findings.
pub(super) fn report(machine: &Machine) -> Report {
    let installs = machine.policies.iter().map(|policy| PolicyEntry {
        name: policy.policy.clone(),
        browser: policy.browsers.join(", "),
        scope: policy.origin.scope.as_str().to_owned(),
        extension: Some(policy.target.clone()),
        value: policy.mode.as_str().to_owned(),
        update_url: policy.update_url.clone(),
        source: source(&policy.origin),
    });
    let settings = machine.settings.iter().map(|setting| PolicyEntry {
        name: setting.policy.clone(),
        browser: setting.browsers.join(", "),
        scope: setting.origin.scope.as_str().to_owned(),
        extension: None,
        value: setting.value.to_string(),
        update_url: None,
        source: source(&setting.origin),
    });
    Report {
        managed: match machine.managed.answer {
            Answer::Yes => Known::Yes,
            Answer::No => Known::No,
            Answer::Unknown => Known::Unknown,
        },
        policies: installs.chain(settings).collect(),
        launchers: machine
            .launchers
            .iter()
            .map(|launcher| LauncherEntry {
                kind: launcher.kind.as_str().to_owned(),
                source: source(&launcher.origin),
                command: launcher.command.clone(),
                options: launcher.switches.iter().map(|switch| option(&switch.name, &switch.value)).collect(),
            })
            .collect(),
        native_hosts: machine
            .native_hosts
            .iter()
            .map(|host| NativeHostEntry {
                name: host.name.clone(),
                browser: host.browser.clone(),
                program: host.program.clone(),
                allowed: host.allowed.clone(),
                source: source(&host.origin),
            })
            .collect(),
        external: machine
            .external
            .iter()
            .map(|external| ExternalEntry {
                id: external.id.clone(),
                browser: external.browser.clone(),
                path: external.package.clone(),
                update_url: external.update_url.clone(),
                source: source(&external.origin),
            })
            .collect(),
        findings: Vec::new(),
    }
}

/// The file, or the registry key in full.
fn source(origin: &Origin) -> String {
    if origin.registry { format!("{}\\{}", origin.file, origin.pointer) } else { origin.file.clone() }
}

/// A switch as a person would type it.
fn option(name: &str, value: &str) -> String {
    if value.is_empty() { format!("--{name}") } else { format!("--{name}={value}") }
}
