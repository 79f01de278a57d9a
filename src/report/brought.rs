//! What outside its profile has to do with an extension, with the places: what advice needs to say what comes first.

use super::Report;
use super::model::ExtensionReport;
use crate::judge::advice::Brought;

/// The places that bring an extension in or work with it, by their kind.
#[derive(Debug, Default)]
pub struct Places {
    policies: Vec<String>,
    launchers: Vec<String>,
    external: Vec<String>,
    native_hosts: Vec<String>,
}

impl Places {
    /// What the machines of `reports` say about the extension with this id, which is installed as in `found`.
    pub fn new(id: &str, reports: &[&Report], found: &[&ExtensionReport]) -> Places {
        let mut places = Places::default();
        let paths = found.iter().filter_map(|extension| extension.path.as_deref()).filter(|path| !path.is_empty());
        let paths: Vec<&str> = paths.collect();
        for machine in reports.iter().map(|report| &report.machine) {
            let policies = machine.policies.iter().filter(|policy| policy.extension.as_deref() == Some(id));
            places.policies.extend(policies.map(|policy| format!("{} {} ({})", policy.name, policy.value, policy.source)));
            let loads = |option: &String| option.contains(id) || paths.iter().any(|path| option.contains(path));
            let launchers = machine.launchers.iter().filter(|launcher| launcher.options.iter().any(loads));
            places.launchers.extend(launchers.map(|launcher| launcher.source.clone()));
            let external = machine.external.iter().filter(|entry| entry.id == id);
            places.external.extend(external.map(|entry| entry.source.clone()));
            let hosts = machine.native_hosts.iter().filter(|host| host.allowed.iter().any(|allowed| allowed.contains(id)));
            places.native_hosts.extend(hosts.map(|host| format!("{}: {} ({})", host.name, host.program, host.source)));
        }
        places
    }

    /// Which kinds there are.
    pub fn brought(&self) -> Brought {
        Brought {
            policy: !self.policies.is_empty(),
            launcher: !self.launchers.is_empty(),
            external: !self.external.is_empty(),
            native_host: !self.native_hosts.is_empty(),
        }
    }

    /// The places that a step of the advice is about.
    pub fn of_step(&self, step: &str) -> &[String] {
        match step {
            "policy" => &self.policies,
            "launcher" => &self.launchers,
            "external" => &self.external,
            "native-host" => &self.native_hosts,
            _ => &[],
        }
    }
}
