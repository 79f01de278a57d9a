//! The two lists under `_metadata`, read from bytes that anyone may have written.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use crate::model::hash::Hasher;
use crate::model::id::ExtensionId;
use crate::model::json;
use crate::model::signature::rsa_sha256;

/// The key that the web store signs lists of files with (`content_verifier/content_verifier_key.h`): RSA, 2048 bits, as a DER
/// `SubjectPublicKeyInfo` in base64.
const STORE_KEY: &[&str] = &[
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAj/u/XDdjlDyw7gHEtaaasZ9GdG8WOKAyJzXd8HFrDtz2Jcuy7er7MtWvHgNDA0bwpz",
    "nbI5YdZeV4UfCEsA4SrA5b3MnWTHwA1bgbiDM+L9rrqvcadcKuOlTeN48Q0ijmhHlNFbTzvT9W0zw/GKv8LgXAHggxtmHQ/Z9PP2QNF5O8rUHH",
    "SL4AJ6hNcEKSBVSmbbjeVm4gSXDuED5r0nwxvRtupDxGYp8IZpP5KlExqNu1nbkPc+igCTIB6XsqijagzxewUHCdovmkb2JNtskx/PMIEv+TvW",
    "Ix2BzqGp71gSh/dV7SJ3rClvWd2xj8dtxG8FfAWDTIIi0qZXWn2QhizQIDAQAB",
];

/// Either padded or not, as browsers read it.
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// The description that marks the one list of hashes among possible others.
const DESCRIPTION: &str = "treehash per file";
/// The signer whose key browsers know.
const STORE: &str = "webstore";
/// Real lists have one of the store's; each costs a signature check.
const MAX_SIGNATURES: usize = 4;

/// The signed list, not yet believed.
#[derive(Debug)]
pub struct SignedList {
    /// The extension that it is for.
    pub item_id: Option<ExtensionId>,
    /// The version that it is for.
    pub item_version: String,
    /// Path to tree hash.
    pub files: BTreeMap<String, [u8; 32]>,
    /// What is signed, as it stands in the file.
    payload: String,
    /// The store's signatures, each with the text that stands before the payload when it is signed.
    signatures: Vec<(String, Vec<u8>)>,
}

/// The store's key in DER.
pub fn store_key() -> Vec<u8> {
    BASE64.decode(STORE_KEY.concat()).unwrap_or_default()
}

/// Whether one of the store's signatures fits.
pub fn signed_by(list: &SignedList, key: &[u8]) -> bool {
    list.signatures.iter().any(|(protected, signature)| {
        let mut hash = Hasher::new();
        for part in [protected.as_str(), ".", &list.payload] {
            hash.update(part.as_bytes());
        }
        rsa_sha256(key, &hash.finish(), signature)
    })
}

#[derive(Deserialize)]
struct Member {
    #[serde(default)]
    description: String,
    signed_content: Option<SignedContent>,
}

#[derive(Deserialize)]
struct SignedContent {
    payload: String,
    #[serde(default)]
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    header: Header,
    protected: String,
    signature: String,
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    kid: String,
}

#[derive(Deserialize)]
struct Payload {
    content_hashes: Vec<Hashes>,
    #[serde(default)]
    item_id: String,
    #[serde(default)]
    item_version: String,
}

#[derive(Deserialize)]
struct Hashes {
    block_size: u64,
    hash_block_size: u64,
    format: String,
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    path: String,
    root_hash: String,
}

/// `verified_contents.json`; `None` where it has no list of the known form.
pub fn parse(bytes: &[u8]) -> Option<SignedList> {
    let document = json::parse(bytes).ok()?;
    let content = document
        .as_array()?
        .iter()
        .filter_map(|member| Member::deserialize(member).ok())
        .find(|member| member.description == DESCRIPTION)?
        .signed_content?;
    let payload: Payload = serde_json::from_slice(&BASE64_URL.decode(&content.payload).ok()?).ok()?;
    let hashes = payload.content_hashes.into_iter().find(|hashes| hashes.format == "treehash")?;
    if (hashes.block_size, hashes.hash_block_size) != (4_096, 4_096) {
        return None;
    }
    let mut files = BTreeMap::new();
    for listed in hashes.files {
        let root = BASE64_URL.decode(&listed.root_hash).ok()?;
        files.insert(listed.path.replace('\\', "/"), root.try_into().ok()?);
    }
    let of_store = content.signatures.into_iter().filter(|signature| signature.header.kid == STORE);
    let signatures = of_store
        .filter_map(|one| Some((one.protected, BASE64_URL.decode(&one.signature).ok()?)))
        .take(MAX_SIGNATURES)
        .collect();
    Some(SignedList {
        item_id: ExtensionId::parse(&payload.item_id),
        item_version: payload.item_version,
        files,
        payload: content.payload,
        signatures,
    })
}

#[derive(Deserialize)]
struct Computed {
    file_hashes: Vec<Noted>,
}

#[derive(Deserialize)]
struct Noted {
    path: String,
    block_size: u64,
    block_hashes: Vec<String>,
}

/// `computed_hashes.json`: path to hashes of blocks.
pub fn parse_computed(bytes: &[u8]) -> Option<BTreeMap<String, Vec<[u8; 32]>>> {
    let computed = Computed::deserialize(json::parse(bytes).ok()?).ok()?;
    let block = |hash: &String| BASE64.decode(hash).ok()?.try_into().ok();
    let noted = |noted: Noted| {
        let blocks = noted.block_hashes.iter().map(block).collect::<Option<Vec<_>>>()?;
        (noted.block_size == 4_096).then(|| (noted.path.replace('\\', "/"), blocks))
    };
    Some(computed.file_hashes.into_iter().filter_map(noted).collect())
}
