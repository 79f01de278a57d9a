//! Who runs the program, as the system knows it: names in the environment can be made up.

use serde::Serialize;

/// The person and the account.
#[derive(Debug, Serialize)]
pub struct Who {
    /// The account's name, where it is known.
    pub user: String,
    /// Its number, on Unix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The account whose rights it has, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_uid: Option<u32>,
    /// Who logged in at first, before `sudo` or `su` (Linux).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_uid: Option<u32>,
}

/// Who it is now.
#[cfg(unix)]
pub fn who() -> Who {
    let uid = rustix::process::getuid().as_raw();
    let effective = rustix::process::geteuid().as_raw();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    Who {
        // Accounts of a directory service are in no file; then the environment's word is better than none.
        user: name_of(uid, &accounts).or_else(|| std::env::var("USER").ok()).unwrap_or_default(),
        uid: Some(uid),
        effective_uid: (effective != uid).then_some(effective),
        login_uid: login_uid(),
    }
}

/// Who it is now.
#[cfg(not(unix))]
pub fn who() -> Who {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USERNAME").unwrap_or_default();
    let user = variable("USERDOMAIN").map_or(user.clone(), |domain| format!("{domain}\\{user}"));
    Who { user, uid: None, effective_uid: None, login_uid: None }
}

/// What the kernel wrote down at login; nothing for services.
#[cfg(unix)]
fn login_uid() -> Option<u32> {
    let text = std::fs::read_to_string("/proc/self/loginuid").ok()?;
    text.trim().parse().ok().filter(|uid| *uid != u32::MAX)
}

/// The name of an account in a passwd file.
#[cfg(unix)]
fn name_of(uid: u32, accounts: &str) -> Option<String> {
    let mut lines = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let line = lines.find(|fields| fields.get(2).and_then(|field| field.parse().ok()) == Some(uid))?;
    line.first().map(|name| (*name).to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn names_belong_to_numbers() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\nbroken\nmin:x:1000:1000::/home/min:/bin/sh\n";
        assert_eq!(name_of(1000, accounts).as_deref(), Some("min"));
        assert_eq!(name_of(1001, accounts), None);
    }
}
