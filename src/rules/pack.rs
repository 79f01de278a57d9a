//! Signatures on their own: an archive of them that whoever looks after a fleet signs, and installed programs take over.
//!
//! A pack is a zip file with `pack.json`, which names the day of the signatures and the SHA-256 of each file, `pack.sig`, an
//! Ed25519 signature over the bytes of `pack.json`, and the files. Nothing of it is looked at before the signature fits, beyond
//! the two entries that this takes. Keys are in the forms that OpenSSL writes (PKCS#8 and SubjectPublicKeyInfo, as PEM), and
//! `openssl pkeyutl -verify -rawin` checks a pack's signature too.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::model::hash::{hex, sha256};

pub use ed25519_dalek::{SigningKey, VerifyingKey};

const MANIFEST: &str = "pack.json";
const SIGNATURE: &str = "pack.sig";

/// The form of packs that is read and written.
const SCHEMA: &str = "crxhound.signatures/1";

/// Bytes of a manifest, and of all files together. The built-in signatures have less than a megabyte.
const MANIFEST_BYTES: u64 = 4 << 20;
const BYTES: u64 = 64 << 20;

/// What a pack says of itself.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    schema: String,
    date: String,
    files: BTreeMap<String, String>,
}

/// Signatures out of a pack whose signature fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// What it is called in messages: the name of its file.
    pub name: String,
    /// The day of the signatures, as `2026-11-26`.
    pub date: String,
    /// Path below the folder that it was made of, and text.
    pub files: BTreeMap<String, String>,
}

/// Why a pack is refused. All but the first may be an attack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// It is something else, or damaged.
    #[error("is no pack of signatures: {0}")]
    NotAPack(String),
    /// It has no signature.
    #[error("is not signed: {SIGNATURE} is missing or no Ed25519 signature; signatures pack makes signed packs")]
    Unsigned,
    /// Nobody whose key is trusted has signed it as it is.
    #[error("refused: no trusted key has signed it as it is; --trust-key names the public key of whoever made it")]
    Untrusted,
    /// A newer program wrote it.
    #[error("is of the form \"{0}\", this program reads {SCHEMA}; install a newer one")]
    Schema(String),
    /// A file is not the one that was signed.
    #[error("refused: {0} is not what was signed")]
    Altered(String),
    /// An old pack, which does not know what has been found since.
    #[error("refused: its signatures are of {date}, those of {since} or later are wanted; ask for a newer pack")]
    Older {
        /// Its day.
        date: String,
        /// The first day that would do.
        since: String,
    },
}

/// A day as packs have it; nothing where it is none.
pub fn day(text: &str) -> Option<Date> {
    text.trim().parse().ok()
}

/// The private key in a PEM file (`openssl genpkey -algorithm ed25519`).
pub fn private_key(pem: &str) -> Option<SigningKey> {
    SigningKey::from_pkcs8_pem(pem.trim()).ok()
}

/// A public key: a PEM file (`openssl pkey -pubout`), or base64 of its 32 bytes or of the whole structure. One that fits
/// signatures of strangers is none.
pub fn public_key(text: &str) -> Option<VerifyingKey> {
    let text = text.trim();
    let key = VerifyingKey::from_public_key_pem(text).ok().or_else(|| {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        let plain = <&[u8; 32]>::try_from(bytes.as_slice()).ok().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
        plain.or_else(|| VerifyingKey::from_public_key_der(&bytes).ok())
    })?;
    (!key.is_weak()).then_some(key)
}

/// A public key as it is written on one line: base64 of its 32 bytes.
pub fn key_text(key: &VerifyingKey) -> String {
    BASE64_STANDARD.encode(key.as_bytes())
}

/// Makes a pack. The same files, day and key give the same bytes.
pub fn seal(date: Date, files: &BTreeMap<String, String>, key: &SigningKey) -> Result<Vec<u8>, zip::result::ZipError> {
    let sums = files.iter().map(|(path, text)| (path.clone(), hex(&sha256(text.as_bytes()))));
    let manifest = Manifest { schema: SCHEMA.to_owned(), date: date.to_string(), files: sums.collect() };
    let manifest = serde_json::to_vec_pretty(&manifest).map_err(std::io::Error::from)?;
    let signature = key.sign(&manifest).to_bytes();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let own: [(&str, &[u8]); 2] = [(MANIFEST, &manifest), (SIGNATURE, &signature)];
    for (path, bytes) in own.into_iter().chain(files.iter().map(|(path, text)| (path.as_str(), text.as_bytes()))) {
        writer.start_file(path, options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Reads a pack that one of these keys has signed and whose signatures are of `since` or later.
pub fn open(name: &str, bytes: &[u8], trusted: &[VerifyingKey], since: Date) -> Result<Pack, PackError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| PackError::NotAPack(error.to_string()))?;
    let manifest =
        entry(&mut archive, MANIFEST, MANIFEST_BYTES).ok_or_else(|| PackError::NotAPack(format!("{MANIFEST} is missing")))?;
    let signature = entry(&mut archive, SIGNATURE, 64).and_then(|bytes| Signature::from_slice(&bytes).ok());
    let signature = signature.ok_or(PackError::Unsigned)?;
    if !trusted.iter().any(|key| key.verify_strict(&manifest, &signature).is_ok()) {
        return Err(PackError::Untrusted);
    }
    let manifest = read(&manifest)?;
    let date = day(&manifest.date).ok_or_else(|| PackError::NotAPack(format!("\"{}\" is no day", manifest.date)))?;
    if date < since {
        return Err(PackError::Older { date: date.to_string(), since: since.to_string() });
    }
    let mut files = BTreeMap::new();
    let mut room = BYTES;
    for (path, sum) in &manifest.files {
        let altered = || PackError::Altered(path.clone());
        let content = entry(&mut archive, path, room).filter(|content| hex(&sha256(content)) == *sum).ok_or_else(altered)?;
        room = room.saturating_sub(content.len() as u64);
        files.insert(path.clone(), String::from_utf8(content).map_err(|_| altered())?);
    }
    // Nothing reads what is not listed, but whoever looks into a pack should see only what was signed.
    let known = |path: &str| path == MANIFEST || path == SIGNATURE || files.contains_key(path);
    for path in archive.file_names() {
        let path = path.map_err(|error| PackError::NotAPack(error.to_string()))?;
        if !known(&path) {
            return Err(PackError::Altered(path.into_owned()));
        }
    }
    Ok(Pack { name: name.to_owned(), date: date.to_string(), files })
}

/// A manifest. Its form comes first: another one may have other fields.
fn read(manifest: &[u8]) -> Result<Manifest, PackError> {
    #[derive(Deserialize)]
    struct Form {
        schema: String,
    }
    let wrong = |error: serde_json::Error| PackError::NotAPack(format!("{MANIFEST}: {error}"));
    let Form { schema } = serde_json::from_slice(manifest).map_err(wrong)?;
    if schema != SCHEMA {
        return Err(PackError::Schema(schema));
    }
    serde_json::from_slice(manifest).map_err(wrong)
}

/// The content of an entry, where it is there and no longer than `most`.
fn entry(archive: &mut ZipArchive<Cursor<&[u8]>>, path: &str, most: u64) -> Option<Vec<u8>> {
    let entry = archive.by_name(path).ok()?;
    let mut content = Vec::new();
    entry.take(most.saturating_add(1)).read_to_end(&mut content).ok()?;
    (content.len() as u64 <= most).then_some(content)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ed25519_dalek::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, spki::der::pem::LineEnding};

    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn files() -> BTreeMap<String, String> {
        [("behaviour/a.toml", "one"), ("indicators/b.csv", "two")].map(|(path, text)| (path.to_owned(), text.to_owned())).into()
    }

    fn sealed() -> Vec<u8> {
        seal(day("2026-11-26").unwrap(), &files(), &key(1)).unwrap()
    }

    fn opened(bytes: &[u8]) -> Result<Pack, PackError> {
        open("a", bytes, &[key(2).verifying_key(), key(1).verifying_key()], day("2026-11-26").unwrap())
    }

    /// The entries of an archive, changed, as an archive.
    fn again(change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> Vec<u8> {
        let bytes = sealed();
        let mut archive = ZipArchive::new(Cursor::new(bytes.as_slice())).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        let mut entries: BTreeMap<_, _> =
            names.into_iter().map(|name| (name.clone(), entry(&mut archive, &name, BYTES).unwrap())).collect();
        change(&mut entries);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(&bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn what_was_packed_comes_out_again() {
        assert_eq!(opened(&sealed()).unwrap(), Pack { name: "a".into(), date: "2026-11-26".into(), files: files() });
        assert_eq!(sealed(), sealed());
    }

    #[test]
    fn what_was_not_signed_is_refused() {
        let with = |path: &'static str, bytes: &'static [u8]| {
            opened(&again(move |entries| drop(entries.insert(path.to_owned(), bytes.to_vec()))))
        };
        assert_eq!(with("behaviour/a.toml", b"other"), Err(PackError::Altered("behaviour/a.toml".into())));
        assert_eq!(with("behaviour/more.toml", b"more"), Err(PackError::Altered("behaviour/more.toml".into())));
        assert_eq!(with(MANIFEST, b"{}"), Err(PackError::Untrusted));
        assert_eq!(with(SIGNATURE, &[0; 64]), Err(PackError::Untrusted));
        assert_eq!(with(SIGNATURE, b"short"), Err(PackError::Unsigned));
        assert_eq!(opened(&again(|entries| drop(entries.remove(SIGNATURE)))), Err(PackError::Unsigned));
        let gone = opened(&again(|entries| drop(entries.remove("indicators/b.csv"))));
        assert_eq!(gone, Err(PackError::Altered("indicators/b.csv".into())));
        assert!(matches!(opened(&again(|entries| drop(entries.remove(MANIFEST)))), Err(PackError::NotAPack(_))));
        assert!(matches!(opened(b"text"), Err(PackError::NotAPack(_))));
        assert_eq!(open("a", &sealed(), &[key(3).verifying_key()], Date::MIN), Err(PackError::Untrusted));
        assert_eq!(open("a", &sealed(), &[], Date::MIN), Err(PackError::Untrusted));
    }

    #[test]
    fn one_changed_byte_never_changes_what_is_read() {
        let whole = sealed();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            if let Ok(pack) = opened(&changed) {
                assert_eq!((pack.date.as_str(), pack.files), ("2026-11-26", files()), "byte {at}");
            }
        }
    }

    #[test]
    fn an_older_pack_is_refused() {
        let later = open("a", &sealed(), &[key(1).verifying_key()], day("2026-11-27").unwrap());
        assert_eq!(later, Err(PackError::Older { date: "2026-11-26".into(), since: "2026-11-27".into() }));
    }

    #[test]
    fn a_pack_of_another_form_says_so_once_its_signature_fits() {
        let other = br#"{"schema": "crxhound.signatures/2", "more": 1}"#;
        let bytes = again(|entries| {
            entries.insert(MANIFEST.to_owned(), other.to_vec());
            entries.insert(SIGNATURE.to_owned(), key(1).sign(other).to_bytes().to_vec());
        });
        assert_eq!(opened(&bytes), Err(PackError::Schema("crxhound.signatures/2".into())));
    }

    #[test]
    fn keys_in_every_form() {
        let (private, public) = (key(1), key(1).verifying_key());
        assert_eq!(private_key(&private.to_pkcs8_pem(LineEnding::LF).unwrap()), Some(private));
        let whole = BASE64_STANDARD.encode(public.to_public_key_der().unwrap());
        for text in [public.to_public_key_pem(LineEnding::CRLF).unwrap(), whole, format!(" {}\n", key_text(&public))] {
            assert_eq!(public_key(&text), Some(public), "{text}");
        }
        // A point of small order: it fits signatures that its owner has never made.
        assert_eq!(public_key(&BASE64_STANDARD.encode([[1].as_slice(), &[0; 31]].concat())), None);
        assert_eq!((public_key("AAAA"), private_key("AAAA")), (None, None));
    }
}
