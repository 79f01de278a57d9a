//! Preference files with integrity codes that fit, on machines that tests make up. Nothing outside tests computes a code.

use crxhound::model::ExtensionId;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// Invented: no machine has it.
pub const SID: &str = "S-1-5-21-1111111111-2222222222-3333333333";

/// The code over a value whose keys are in order and which holds nothing empty.
pub fn code_under(seed: &[u8], path: &str, value: &Value) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(seed).unwrap();
    mac.update(format!("{SID}{path}{value}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// `Secure Preferences` with these entries and codes that fit them on the invented machine, in a browser without a seed.
pub fn secure_preferences(entries: &[(ExtensionId, Value)]) -> Value {
    let mut settings = json!({});
    let mut codes = json!({});
    for (id, entry) in entries {
        settings[id.as_str()] = entry.clone();
        codes[id.as_str()] = code_under(b"", &format!("extensions.settings.{id}"), entry).into();
    }
    let macs = json!({ "extensions": { "settings": codes } });
    let super_mac = code_under(b"", "", &macs);
    json!({ "extensions": { "settings": settings }, "protection": { "macs": macs, "super_mac": super_mac } })
}
