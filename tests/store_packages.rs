//! Packages that the web store signed, out of a public registry: signatures, and the signed list of files.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use crxhound::acquire::{Container, Package};
use crxhound::model::content::{self, ContentCheck, Doubt};
use crxhound::model::crx::{self, CrxError, CrxFault, PackageSignature};
use crxhound::model::{ContentState, ExtensionId, Manifest};

use crate::support::material;

type Files = BTreeMap<String, Vec<u8>>;

struct StorePackage {
    id: ExtensionId,
    bytes: Vec<u8>,
    files: Files,
}

/// The packages; `None` where the test skips.
fn store_packages() -> Option<Vec<StorePackage>> {
    let folder = material::corpus()?.join("suites/crx/store-signed-crx3");
    let mut packages: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let id = ExtensionId::parse(path.file_stem()?.to_str()?)?;
            let bytes = fs::read(&path).unwrap();
            let files = unzip(&bytes[crx::parse(&bytes).unwrap().payload..]);
            Some(StorePackage { id, bytes, files })
        })
        .collect();
    packages.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(packages.len(), 14, "{}", folder.display());
    Some(packages)
}

fn unzip(bytes: &[u8]) -> Files {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = Files::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        if entry.is_file() {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.insert(entry.name().unwrap().into_owned(), content);
        }
    }
    files
}

/// The comparison of files as they would lie in a profile.
fn installed(files: &Files) -> ContentCheck {
    check(files, Container::Folder)
}

fn check(files: &Files, container: Container) -> ContentCheck {
    let mut package = Package::from_memory("test", files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    package.container = container;
    let raw = crxhound::model::json::parse(&files["manifest.json"]).unwrap();
    content::check(&package, Some(&Manifest { raw, ..Manifest::default() }))
}

/// As the installer writes it: read, the key added, written again with another indent.
fn rewrite_manifest(files: &mut Files) {
    let mut manifest = crxhound::model::json::parse(&files["manifest.json"]).unwrap();
    manifest["key"] = "MIIB".into();
    files.insert("manifest.json".into(), serde_json::to_vec_pretty(&manifest).unwrap());
}

fn a_script(files: &Files) -> String {
    files.keys().find(|name| name.ends_with(".js")).unwrap().clone()
}

#[test]
fn all_proofs_of_store_packages_hold() {
    for package in store_packages().into_iter().flatten() {
        let header = crx::parse(&package.bytes).unwrap();
        assert_eq!((header.version, header.signature, header.fault), (3, PackageSignature::Valid, None), "{}", package.id);
        assert!(header.publisher_proof && header.store_proof, "{}", package.id);
        assert_eq!((header.id.as_ref(), header.keys.len()), (Some(&package.id), 3));
    }
}

#[test]
fn one_changed_byte_breaks_a_store_package() {
    for mut package in store_packages().into_iter().flatten() {
        let middle = package.bytes.len() / 2;
        package.bytes[middle] ^= 1;
        let header = crx::parse(&package.bytes).unwrap();
        assert_eq!((header.signature, header.fault), (PackageSignature::Invalid, Some(CrxFault::ProofFails)));
        assert!(!header.publisher_proof && !header.store_proof);
    }
}

#[test]
fn the_content_of_store_packages_is_verified() {
    let mut files = 0;
    for package in store_packages().into_iter().flatten() {
        for container in [Container::Crx3, Container::Zip, Container::Folder] {
            let check = check(&package.files, container);
            assert_eq!((check.state, check.doubt), (ContentState::Verified, None), "{}", package.id);
            assert_eq!(check.differences().chain(check.rewritten.iter().map(|name| (name.as_str(), ""))).count(), 0);
            assert_eq!(check.item_id.as_ref(), Some(&package.id));
            let manifest = crxhound::model::json::parse(&package.files["manifest.json"]).unwrap();
            assert_eq!(check.item_version.as_deref(), manifest["version"].as_str());
        }
        files += package.files.len();
    }
    assert!(files == 0 || files > 800, "{files}");
}

#[test]
fn a_rewritten_manifest_is_still_verified() {
    for mut package in store_packages().into_iter().flatten() {
        rewrite_manifest(&mut package.files);
        let check = installed(&package.files);
        assert_eq!((check.state, check.rewritten), (ContentState::Verified, vec!["manifest.json".to_owned()]));
        // In a package as the store made it there is no such excuse.
        assert_eq!(self::check(&package.files, Container::Crx3).modified, ["manifest.json"]);
    }
}

#[test]
fn a_changed_script_is_named() {
    for mut package in store_packages().into_iter().flatten() {
        rewrite_manifest(&mut package.files);
        let script = a_script(&package.files);
        let content = package.files.get_mut(&script).unwrap();
        content[0] ^= 1;
        let check = installed(&package.files);
        assert_eq!(check.state, ContentState::Modified);
        assert_eq!(check.differences().collect::<Vec<_>>(), [(script.as_str(), "modified")]);
    }
}

#[test]
fn added_and_removed_scripts_are_named() {
    for mut package in store_packages().into_iter().flatten() {
        let mut more = package.files.clone();
        more.insert("zz/added.js".into(), b"//".to_vec());
        assert_eq!(installed(&more).differences().collect::<Vec<_>>(), [("zz/added.js", "added")]);
        let script = a_script(&package.files);
        package.files.remove(&script);
        let check = installed(&package.files);
        assert_eq!((check.state, check.missing), (ContentState::Modified, vec![script]));
    }
}

#[test]
fn an_edited_list_has_no_known_signer() {
    for mut package in store_packages().into_iter().flatten() {
        let name = "_metadata/verified_contents.json";
        let mut list = crxhound::model::json::parse(&package.files[name]).unwrap();
        let payload = list[0]["signed_content"]["payload"].as_str().unwrap();
        // One letter of the version, four bits into the text.
        let turned: String =
            payload.chars().rev().enumerate().map(|(at, c)| if at == 30 && c != 'A' { 'A' } else { c }).collect();
        list[0]["signed_content"]["payload"] = turned.chars().rev().collect::<String>().into();
        package.files.insert(name.into(), serde_json::to_vec(&list).unwrap());
        let check = installed(&package.files);
        assert_eq!(check.state, ContentState::Unverifiable, "{}", package.id);
        assert!(matches!(check.doubt, Some(Doubt::UnknownSigner | Doubt::Damaged)));
    }
}

#[test]
fn the_browsers_own_installation_of_a_store_package() {
    let Some(profiles) = material::profiles() else { return };
    let store = profiles.join("store/Default/Extensions");
    if !store.is_dir() {
        return material::skip("the real profiles hold no store package");
    }
    for folder in fs::read_dir(store).unwrap().flat_map(|id| fs::read_dir(id.unwrap().path()).unwrap()) {
        let check = installed(&read_folder(&folder.unwrap().path()));
        assert_eq!(check.state, ContentState::Verified, "{check:?}");
        assert!(check.rewritten.contains(&"manifest.json".to_owned()), "{check:?}");
        assert!(check.rewritten.iter().skip(1).all(|name| !name.ends_with(".js") && !name.ends_with(".html")));
    }
}

fn read_folder(folder: &Path) -> Files {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn old_packages_and_damaged_ones() {
    let Some(corpus) = material::corpus() else { return };
    let read = |name: &str| fs::read(corpus.join("suites/crx/unzip-crx-3").join(name)).unwrap();
    let old = crx::parse(&read("extension.crx")).unwrap();
    assert_eq!((old.version, old.signature), (2, PackageSignature::Valid));
    assert_eq!(old.id, ExtensionId::parse("boiiolnmikbeakjccnghihhpgjadogia"));
    assert!(!unzip(&read("extension.crx")[old.payload..]).is_empty());
    assert_eq!(crx::parse(&read("extension-zipped.crx")), Err(CrxError::NotCrx));
    assert!(crx::parse(&read("extension-malformed.crx")).is_err());
    let malformed = crx::parse(&read("extension-malformed-v.crx"));
    assert!(malformed.is_ok_and(|header| header.signature == PackageSignature::Invalid));
}
