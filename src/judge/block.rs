//! Policies that block one extension, as text to paste: Chromium's `ExtensionInstallBlocklist`
//! (<https://chromeenterprise.google/policies/#ExtensionInstallBlocklist>). A blocked extension that is installed is switched off.

use crate::model::ExtensionId;
use crate::model::hash::{hex, sha256};

/// The policy.
const POLICY: &str = "ExtensionInstallBlocklist";
/// The registry names the entries of a list by numbers. Administrators count from 1, so that a high one is most likely free.
const NUMBER: u32 = 9001;

/// For Windows, the text of a `.reg` file. `key` lies below `Software\Policies`.
pub fn windows(id: &ExtensionId, key: &str) -> String {
    let id = id.as_str();
    format!(
        "Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\{key}\\{POLICY}]\n\"{NUMBER}\"=\"{id}\"\n"
    )
}

/// For macOS, a configuration profile for a preference domain. The same id and domain give the same profile.
pub fn macos(id: &ExtensionId, domain: &str) -> String {
    let id = id.as_str();
    let (outer, inner) = (uuid(&format!("profile {domain} {id}")), uuid(&format!("payload {domain} {id}")));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>block.{id}.{domain}</string>
  <key>PayloadUUID</key><string>{outer}</string>
  <key>PayloadDisplayName</key><string>Block extension {id}</string>
  <key>PayloadScope</key><string>System</string>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadType</key><string>{domain}</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>block.{id}.{domain}.list</string>
      <key>PayloadUUID</key><string>{inner}</string>
      <key>{POLICY}</key>
      <array>
        <string>{id}</string>
      </array>
    </dict>
  </array>
</dict>
</plist>
"#
    )
}

/// For Linux, the text of a JSON file below `managed/`.
pub fn linux(id: &ExtensionId) -> String {
    format!("{{\n  \"{POLICY}\": [\"{}\"]\n}}\n", id.as_str())
}

/// A name-based UUID, made of a hash (version 8 of RFC 9562).
fn uuid(name: &str) -> String {
    let digits = hex(&sha256(name.as_bytes())).to_ascii_uppercase();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-A{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_reads_its_own() {
        let id = ExtensionId::from_key(b"a key");
        assert!(windows(&id, r"Google\Chrome").contains(r"Policies\Google\Chrome\ExtensionInstallBlocklist]"));
        let profile: Result<plist::Value, _> = plist::from_bytes(macos(&id, "com.google.Chrome").as_bytes());
        let profile = profile.expect("a property list");
        let payload = profile.as_dictionary().and_then(|profile| profile.get("PayloadContent")).and_then(|c| c.as_array());
        let list = payload.and_then(|p| p.first()?.as_dictionary()?.get(POLICY)?.as_array()?.first()?.as_string());
        assert_eq!(list, Some(id.as_str()));
        let value: serde_json::Value = serde_json::from_str(&linux(&id)).expect("JSON");
        assert_eq!(value.pointer("/ExtensionInstallBlocklist/0").and_then(|id| id.as_str()), Some(id.as_str()));
    }
}
