//! Where an extension came from: its location in the browser's terms, and the store that its updates come from.

use std::sync::LazyLock;

use serde::Deserialize;
use url::Url;

use super::extension::{InstallRecord, InstallSource, Location};
use super::host;

use crate::builtin::packed;

/// One store and its update addresses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The word in reports.
    pub source: InstallSource,
    /// Its name for people.
    pub name: String,
    addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    store: Vec<Store>,
}

static STORES: LazyLock<Vec<Store>> = LazyLock::new(|| match toml::from_str::<Document>(packed!("src/model/stores.toml")) {
    Ok(document) => document.store,
    Err(error) => unreachable!("stores.toml is part of the program, and a test reads it: {error}"),
});

/// The store that an update address belongs to.
pub fn of_address(address: &str) -> Option<&'static Store> {
    let (scheme, rest) = address.trim().split_once("://")?;
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") || rest.contains('@') {
        return None;
    }
    let host = host::of_url(address)?;
    let path = rest.find(['/', '?', '#']).and_then(|start| rest.get(start..)).unwrap_or_default();
    // A path that climbs, by whatever signs, leads to another place than it begins with.
    let written = path.split(['?', '#']).next().unwrap_or_default();
    if !written.is_empty() && Url::parse(address.trim()).ok()?.path() != written {
        return None;
    }
    let fits = |wanted: &String| {
        let (wanted_host, wanted_path) =
            wanted.find('/').and_then(|slash| wanted.split_at_checked(slash)).unwrap_or((wanted, ""));
        host == wanted_host
            && path.strip_prefix(wanted_path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    };
    STORES.iter().find(|store| store.addresses.iter().any(fits))
}

/// Where an installed extension came from. What the browser or a policy put there says so itself; everything else is the
/// store's whose address it carries, and without one it was put there from outside.
pub fn source(record: &InstallRecord, manifest_update_url: Option<&str>) -> InstallSource {
    match record.location {
        Location::Component | Location::ExternalComponent => InstallSource::Component,
        Location::Unpacked => InstallSource::Unpacked,
        Location::CommandLine => InstallSource::CommandLine,
        Location::ExternalPolicy | Location::ExternalPolicyDownload => InstallSource::EnterprisePolicy,
        Location::Unknown => InstallSource::Unknown,
        Location::Internal | Location::ExternalPref | Location::ExternalRegistry | Location::ExternalPrefDownload => {
            match record.update_url.as_deref().or(manifest_update_url) {
                Some(address) => of_address(address).map_or(InstallSource::Sideload, |store| store.source),
                None if record.from_webstore => InstallSource::WebStore,
                None => InstallSource::Sideload,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_known_by_their_update_address() {
        for (address, source) in [
            ("https://clients2.google.com/service/update2/crx", Some(InstallSource::WebStore)),
            ("http://clients2.google.com/service/update2/crx?x=1", Some(InstallSource::WebStore)),
            ("https://edge.microsoft.com/extensionwebstorebase/v1/crx", Some(InstallSource::EdgeAddons)),
            ("https://extension-updates.opera.com/api/omaha/update/", Some(InstallSource::OperaAddons)),
            ("https://store.whale.naver.com/update/crx", Some(InstallSource::WhaleStore)),
            ("http://upext.chrome.360.cn/intf.php?method=ExtUpdate.query", Some(InstallSource::OtherStore)),
            ("https://clients2.google.com/service/update2crx", None),
            ("https://clients2.google.com.updates.invalid/service/update2/crx", None),
            ("https://clients2.google.com@updates.invalid/service/update2/crx", None),
            ("https://updates.invalid/clients2.google.com/service/update2/crx", None),
            ("file://clients2.google.com/service/update2/crx", None),
            ("https://clients2.google.com/other", None),
            ("", None),
        ] {
            assert_eq!(of_address(address).map(|store| store.source), source, "{address}");
        }
    }

    #[test]
    fn source_follows_location() {
        let of = |location, update: Option<&str>, from_webstore| {
            let record = InstallRecord { location, from_webstore, ..InstallRecord::default() };
            source(&record, update)
        };
        let store = Some("https://clients2.google.com/service/update2/crx");
        assert_eq!(of(Location::Internal, store, true), InstallSource::WebStore);
        assert_eq!(of(Location::Internal, None, false), InstallSource::Sideload);
        assert_eq!(of(Location::Internal, Some("https://updates.invalid/x"), true), InstallSource::Sideload);
        assert_eq!(of(Location::ExternalPrefDownload, store, false), InstallSource::WebStore);
        assert_eq!(of(Location::ExternalPolicyDownload, store, true), InstallSource::EnterprisePolicy);
        assert_eq!(of(Location::Unpacked, store, true), InstallSource::Unpacked);
        assert_eq!(of(Location::CommandLine, None, false), InstallSource::CommandLine);
        assert_eq!(of(Location::ExternalComponent, store, true), InstallSource::Component);
        assert_eq!(of(Location::Unknown, store, true), InstallSource::Unknown);
    }
}
