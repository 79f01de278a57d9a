//! Is this machine managed by an organisation? Forced extensions are ordinary there, and telling elsewhere.

use crate::model::machine::{Answer, Managed, System};

use super::browsers::browsers;
use super::registry::{Key, KeyRoot, Registry};
use super::root::Root;

/// Files whose presence says that a macOS machine is enrolled.
const MACOS: &[(&str, &str)] = &[
    ("/var/db/ConfigurationProfiles/Settings/.cloudConfigProfileInstalled", "enrolled in device management"),
    (
        "/var/db/ConfigurationProfiles/Settings/.cloudConfigHasActivationRecord",
        "assigned to an organisation's device management",
    ),
    ("/private/var/db/ConfigurationProfiles/Settings/.cloudConfigProfileInstalled", "enrolled in device management"),
    ("/Library/Preferences/OpenDirectory/Configurations/Active Directory", "bound to Active Directory"),
    ("/Library/Google/Chrome/CloudManagementEnrollmentToken", "Chrome is enrolled with its organisation's token"),
    ("/Library/Microsoft/Edge/CloudManagementEnrollmentToken", "Edge is enrolled with its organisation's token"),
    ("/usr/local/jamf/bin/jamf", "Jamf is installed"),
    ("/Library/Intune/Microsoft Intune Agent.app", "the Intune agent is installed"),
];

/// Files whose presence says that a Linux machine belongs to an organisation.
const LINUX: &[(&str, &str)] = &[
    ("/etc/sssd/sssd.conf", "signs people in through a directory service (sssd)"),
    ("/var/lib/realmd", "joined a domain (realmd)"),
    ("/etc/ipa/default.conf", "joined an IPA domain"),
    ("/etc/krb5.keytab", "has a host key of a Kerberos realm"),
    ("/etc/opt/chrome/policies/enrollment/CloudManagementEnrollmentToken", "Chrome is enrolled with its organisation's token"),
    ("/etc/chromium/policies/enrollment/CloudManagementEnrollmentToken", "Chromium is enrolled with its organisation's token"),
    ("/etc/opt/edge/policies/enrollment/CloudManagementEnrollmentToken", "Edge is enrolled with its organisation's token"),
    ("/opt/microsoft/intune", "the Intune agent is installed"),
    ("/etc/landscape/client.conf", "managed through Landscape"),
    ("/opt/jc/jcagent.conf", "managed through JumpCloud"),
];

/// Whether the machine is managed, and what says so. Policies themselves are no reason: they are what is in question.
pub fn managed(root: &Root, registry: Option<&dyn Registry>) -> Managed {
    match root.system {
        System::Windows => registry.map_or_else(
            || Managed { answer: Answer::Unknown, reasons: vec!["the registry cannot be read here".to_owned()] },
            windows,
        ),
        System::Macos => by_files(root, MACOS, "/var/db/ConfigurationProfiles/Settings"),
        System::Linux => by_files(root, LINUX, "/etc"),
    }
}

/// Yes for any of the files; no only where the folder that would hold them can be read.
fn by_files(root: &Root, files: &[(&str, &str)], witness: &str) -> Managed {
    let mut reasons = Vec::new();
    let mut denied = None;
    for (path, says) in files {
        match root.look_up(path) {
            Ok(Some(_)) => reasons.push(format!("{says} ({path})")),
            Ok(None) => {}
            Err(error) => denied = Some(error.path.display().to_string()),
        }
    }
    if !reasons.is_empty() {
        return Managed { answer: Answer::Yes, reasons };
    }
    if let Some(path) = denied {
        return Managed { answer: Answer::Unknown, reasons: vec![format!("{path} cannot be read")] };
    }
    match root.look_up(witness) {
        Ok(Some(path)) if root.tree.list(&path).is_ok() => Managed {
            answer: Answer::No,
            reasons: vec!["no directory service, device management or browser enrolment was found".to_owned()],
        },
        _ => Managed { answer: Answer::Unknown, reasons: vec![format!("{witness} cannot be read")] },
    }
}

fn windows(registry: &dyn Registry) -> Managed {
    let mut reasons = Vec::new();
    let mut say = |what: &str, key: &Key, value: &str| reasons.push(format!(r"{what} ({key}\{value})"));
    let filled = |key: &Key, name: &str| registry.text(key, name).is_some_and(|text| !text.trim().is_empty());

    let key = Key::machine(r"System\CurrentControlSet\Services\Tcpip\Parameters");
    if filled(&key, "Domain") {
        say("has the name of a domain", &key, "Domain");
    }
    let key = Key::machine(r"System\CurrentControlSet\Services\Netlogon\Parameters");
    if filled(&key, "DynamicSiteName") {
        say("signs in at a domain's site", &key, "DynamicSiteName");
    }
    let key = Key::machine(r"Software\Microsoft\Windows\CurrentVersion\Group Policy\State\Machine");
    if filled(&key, "Distinguished-Name") {
        say("has an account in a directory", &key, "Distinguished-Name");
    }
    let key = Key::machine(r"System\CurrentControlSet\Control\CloudDomainJoin\JoinInfo");
    for name in registry.subkeys(&key) {
        say("joined Microsoft Entra ID (Azure AD)", &key, &name);
    }
    let key = Key::machine(r"Software\Microsoft\Enrollments");
    for name in registry.subkeys(&key) {
        let enrolment = key.child(&name);
        if filled(&enrolment, "DiscoveryServiceFullURL") || filled(&enrolment, "ProviderID") {
            say("enrolled in device management", &key, &name);
        }
    }
    for (path, value) in [
        (r"Software\Policies\Google\Chrome", "CloudManagementEnrollmentToken"),
        (r"Software\Policies\Google\CloudManagement", "EnrollmentToken"),
        (r"Software\Policies\Microsoft\Edge", "EdgeManagementEnrollmentToken"),
        (r"Software\Google\Enrollment", "dmtoken"),
        (r"Software\Google\Chrome\Enrollment", "dmtoken"),
    ] {
        for key in [Key::machine(path), Key::machine32(path)] {
            if registry.value(&key, value).is_some_and(|value| !value.bytes.is_empty()) {
                say("a browser is enrolled with its organisation's token", &key, value);
            }
        }
    }
    for place in browsers().iter().flat_map(|browser| &browser.policies.windows) {
        let key = Key::machine(format!(r"Software\Policies\{place}"));
        if place != r"Google\Chrome" && filled(&key, "CloudManagementEnrollmentToken") {
            say("a browser is enrolled with its organisation's token", &key, "CloudManagementEnrollmentToken");
        }
    }
    if !reasons.is_empty() {
        return Managed { answer: Answer::Yes, reasons };
    }
    if registry.readable(KeyRoot::Machine) {
        let reason = "joined no domain, enrolled in no device management, no browser enrolment".to_owned();
        return Managed { answer: Answer::No, reasons: vec![reason] };
    }
    Managed { answer: Answer::Unknown, reasons: vec!["the SYSTEM and SOFTWARE hives cannot both be read".to_owned()] }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::registry::{Memory, Value};
    use super::*;

    #[test]
    fn windows_by_the_registry() {
        assert_eq!(windows(&Memory::default()).answer, Answer::No);
        for (path, name) in [
            (r"System\CurrentControlSet\Services\Tcpip\Parameters", "Domain"),
            (r"System\CurrentControlSet\Control\CloudDomainJoin\JoinInfo\0a", "TenantId"),
            (r"Software\Microsoft\Enrollments\{0a}", "ProviderID"),
            (r"Software\Policies\Google\Chrome", "CloudManagementEnrollmentToken"),
        ] {
            let mut registry = Memory::default();
            registry.set(&Key::machine(path), name, Value::of_text("corp.example"));
            assert_eq!(windows(&registry).answer, Answer::Yes, "{path}");
        }
        // An empty domain, and the enrolments that every Windows has, say nothing.
        let mut registry = Memory::default();
        registry.set(&Key::machine(r"System\CurrentControlSet\Services\Tcpip\Parameters"), "Domain", Value::of_text(""));
        registry.set(&Key::machine(r"Software\Microsoft\Enrollments\{0b}"), "EnrollmentState", Value::of_number(1));
        registry.set(&Key::machine(r"Software\Policies\Google\Chrome\ExtensionInstallForcelist"), "1", Value::of_text("x"));
        assert_eq!(windows(&registry).answer, Answer::No);
    }

    #[test]
    fn linux_by_files() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("etc")).unwrap();
        std::fs::write(dir.path().join("etc/passwd"), "").unwrap();
        let root = Root::image(dir.path()).unwrap();
        assert_eq!(managed(&root, None).answer, Answer::No);
        std::fs::create_dir_all(dir.path().join("etc/sssd")).unwrap();
        std::fs::write(dir.path().join("etc/sssd/sssd.conf"), "").unwrap();
        let found = managed(&root, None);
        assert_eq!(found.answer, Answer::Yes);
        assert!(found.reasons[0].contains("sssd"));
    }

    #[test]
    fn an_image_without_the_folders_that_would_say_so_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("Users/kim/Library")).unwrap();
        assert_eq!(managed(&Root::image(dir.path()).unwrap(), None).answer, Answer::Unknown);
    }
}
