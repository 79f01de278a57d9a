//! The header of a `.crx` file, version 2 and 3, and its signatures.
//!
//! After Chromium's `components/crx_file/crx_verifier.cc` and `crx3.proto`. A file that is no `.crx`, or whose payload cannot
//! be found, is a [`CrxError`]; one that merely would be refused for its proofs is read all the same, with a [`CrxFault`], since
//! a scanner wants to see what is inside. Digests are taken over the caller's slice: the payload is never copied.

use std::fmt;

use sha2::{Digest, Sha256};

use super::hash::{hex, sha256};
use super::id::ExtensionId;
use super::protobuf::{Field, fields};
use super::signature;

/// SHA-256 of the key of the web store's publisher proof (ECDSA, `ecdsa_2017_public`). A valid proof by it says that the
/// store has signed exactly these bytes.
const PUBLISHER_KEY: &str = "61f7f2a6bfcf74cd0bc1fe2497cc9b04254c658f79f2145392867ea8366367cf";
/// SHA-256 of the key of the store's RSA proof, which stands beside the publisher's.
const STORE_KEY: &str = "b5e4096227b83f82101fc2aa49f2a251accde3d98471464dd17d1819b43786b0";

const MAGIC: &[u8] = b"Cr24";
const DELTA_MAGIC: &[u8] = b"CrOD";
/// What all proofs of version 3 sign begins with this.
const SIGNED_PREFIX: &[u8] = b"CRX3 SignedData\0";
/// Real headers have 1 to 2 kB, or some hundred when they carry the store's list of files.
const MAX_HEADER: usize = 16 << 20;
/// Store packages have three; each costs a signature check.
const MAX_PROOFS: usize = 32;

/// The parsed header of a `.crx`, and the verdict over its proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrxHeader {
    /// 2 or 3.
    pub version: u32,
    /// The extension id that the header declares (CRX3) or its key gives (CRX2).
    pub id: Option<ExtensionId>,
    /// Whether every proof holds and one key gives the id.
    pub signature: PackageSignature,
    /// Whether the web store's publisher proof is among the valid ones.
    pub publisher_proof: bool,
    /// Whether the web store's other proof is among the valid ones.
    pub store_proof: bool,
    /// Why the signature is invalid.
    pub fault: Option<CrxFault>,
    /// SHA-256 of each proof's public key (DER), lower-case hex, in file order.
    pub keys: Vec<String>,
    /// Where the ZIP payload begins.
    pub payload: usize,
}

/// What a package's own signature amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageSignature {
    /// Every proof holds and the id belongs to one of the keys.
    Valid,
    /// A proof fails, or the id belongs to none of the keys.
    Invalid,
    /// An archive without a signature.
    Unsigned,
    /// Not an archive.
    NotApplicable,
}

impl PackageSignature {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            PackageSignature::Valid => "valid",
            PackageSignature::Invalid => "invalid",
            PackageSignature::Unsigned => "unsigned",
            PackageSignature::NotApplicable => "not_applicable",
        }
    }
}

/// Why a package's signature is invalid: the first thing that a browser would refuse it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrxFault {
    /// The header is no readable message.
    DamagedHeader,
    /// The header contains the mark of a ZIP's end, so that ZIP readers may find another archive than the signed one.
    ZipEndInHeader,
    /// The signed data names no id of 16 bytes.
    NoId,
    /// There is no proof at all, or none for the id.
    IdOfNoKey,
    /// More proofs than any packer writes.
    TooManyProofs,
    /// A proof does not fit the content.
    ProofFails,
}

impl fmt::Display for CrxFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CrxFault::DamagedHeader => "the header is damaged",
            CrxFault::ZipEndInHeader => "the header contains the end of another archive",
            CrxFault::NoId => "the header names no extension id",
            CrxFault::IdOfNoKey => "the id belongs to none of the keys",
            CrxFault::TooManyProofs => "there are too many proofs",
            CrxFault::ProofFails => "a proof does not fit the content",
        })
    }
}

/// Why a file cannot be taken as a `.crx` at all. The file's fault, not the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrxError {
    /// The first four bytes are others.
    #[error("not a .crx file: it does not begin with \"Cr24\"")]
    NotCrx,
    /// A difference to an older package, which means nothing without that one.
    #[error("a delta update (\"CrOD\") holds only changes; the whole package is needed")]
    Delta,
    /// A version that was never released.
    #[error("version {0} of the .crx format is not known; 2 and 3 are")]
    Version(u32),
    /// The declared lengths reach beyond the end of the file.
    #[error("cut off: the header reaches beyond the end of the file")]
    Truncated,
    /// The declared header is larger than any real one.
    #[error("a header of {0} bytes is beyond all reason")]
    HeaderTooLarge(u32),
}

/// Reads the header of the `.crx` file `bytes` and checks its proofs.
pub fn parse(bytes: &[u8]) -> Result<CrxHeader, CrxError> {
    match bytes.get(..4) {
        Some(MAGIC) => {}
        Some(DELTA_MAGIC) => return Err(CrxError::Delta),
        _ => return Err(CrxError::NotCrx),
    }
    match number(bytes, 4)? {
        2 => version_2(bytes),
        3 => version_3(bytes),
        other => Err(CrxError::Version(other)),
    }
}

/// True for bytes that begin as a `.crx` does, also one that [`parse`] refuses.
pub fn is_crx(bytes: &[u8]) -> bool {
    matches!(bytes.get(..4), Some(MAGIC | DELTA_MAGIC))
}

fn number(bytes: &[u8], at: usize) -> Result<u32, CrxError> {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).ok_or(CrxError::Truncated)?;
    Ok(u32::from_le_bytes(four))
}

fn length(bytes: &[u8], at: usize) -> Result<usize, CrxError> {
    let declared = number(bytes, at)?;
    usize::try_from(declared).ok().filter(|&n| n <= MAX_HEADER).ok_or(CrxError::HeaderTooLarge(declared))
}

/// `"Cr24"`, 2, length of the key, length of the signature, key, signature, ZIP.
fn version_2(bytes: &[u8]) -> Result<CrxHeader, CrxError> {
    let (key_length, signature_length) = (length(bytes, 8)?, length(bytes, 12)?);
    let (key_end, payload) = (16 + key_length, 16 + key_length + signature_length);
    let key = bytes.get(16..key_end).ok_or(CrxError::Truncated)?;
    let proof = bytes.get(key_end..payload).ok_or(CrxError::Truncated)?;
    let content = bytes.get(payload..).ok_or(CrxError::Truncated)?;
    let holds = signature::rsa_sha1(key, &sha1::Sha1::digest(content), proof);
    Ok(CrxHeader {
        version: 2,
        id: Some(ExtensionId::from_key(key)),
        signature: if holds { PackageSignature::Valid } else { PackageSignature::Invalid },
        publisher_proof: false,
        store_proof: false,
        fault: (!holds).then_some(CrxFault::ProofFails),
        keys: vec![hex(&sha256(key))],
        payload,
    })
}

#[derive(Clone, Copy)]
enum Algorithm {
    Rsa,
    Ecdsa,
}

struct Proof<'a> {
    algorithm: Algorithm,
    key: &'a [u8],
    signature: &'a [u8],
}

/// The parts of a version 3 header that matter here.
struct Message<'a> {
    proofs: Vec<Proof<'a>>,
    signed_data: &'a [u8],
}

/// `"Cr24"`, 3, length of the header, header, ZIP.
fn version_3(bytes: &[u8]) -> Result<CrxHeader, CrxError> {
    let header_length = length(bytes, 8)?;
    let payload = 12 + header_length;
    let header = bytes.get(12..payload).ok_or(CrxError::Truncated)?;
    let content = bytes.get(payload..).ok_or(CrxError::Truncated)?;
    let mut result = CrxHeader {
        version: 3,
        id: None,
        signature: PackageSignature::Invalid,
        publisher_proof: false,
        store_proof: false,
        fault: None,
        keys: Vec::new(),
        payload,
    };
    let fault = check_version_3(&mut result, header, content).err();
    if fault.is_none() {
        result.signature = PackageSignature::Valid;
    }
    result.fault = fault;
    Ok(result)
}

fn check_version_3(result: &mut CrxHeader, header: &[u8], content: &[u8]) -> Result<(), CrxFault> {
    let message = message(header).ok_or(CrxFault::DamagedHeader)?;
    let digests: Vec<_> = message.proofs.iter().map(|proof| sha256(proof.key)).collect();
    result.keys = digests.iter().map(|digest| hex(digest)).collect();
    // The last of repeated fields counts, as in Google's own reader.
    let id = fields(message.signed_data).try_fold(None, |last, field| match field {
        Ok((1, Field::Bytes(id))) => Ok(Some(id)),
        Ok(_) => Ok(last),
        Err(_) => Err(CrxFault::DamagedHeader),
    })?;
    let id = id.filter(|id| id.len() == 16).ok_or(CrxFault::NoId)?;
    result.id = Some(ExtensionId::from_digest(id));
    if [&b"PK\x05\x06"[..], b"PK\x06\x07"].iter().any(|mark| memchr::memmem::find(header, mark).is_some()) {
        return Err(CrxFault::ZipEndInHeader);
    }

    let mut signed = Sha256::new();
    signed.update(SIGNED_PREFIX);
    signed.update(u32::try_from(message.signed_data.len()).map_err(|_| CrxFault::DamagedHeader)?.to_le_bytes());
    signed.update(message.signed_data);
    signed.update(content);
    let signed = signed.finalize();

    let mut all_hold = true;
    for (proof, key) in message.proofs.iter().zip(&result.keys).take(MAX_PROOFS) {
        let holds = match proof.algorithm {
            Algorithm::Rsa => signature::rsa_sha256(proof.key, &signed, proof.signature),
            Algorithm::Ecdsa => signature::ecdsa_p256(proof.key, &signed, proof.signature),
        };
        all_hold &= holds;
        result.publisher_proof |= holds && key == PUBLISHER_KEY;
        result.store_proof |= holds && key == STORE_KEY;
    }
    if !all_hold {
        return Err(CrxFault::ProofFails);
    }
    if message.proofs.len() > MAX_PROOFS {
        return Err(CrxFault::TooManyProofs);
    }
    if !digests.iter().any(|digest| digest.starts_with(id)) {
        return Err(CrxFault::IdOfNoKey);
    }
    Ok(())
}

fn message(header: &[u8]) -> Option<Message<'_>> {
    let mut message = Message { proofs: Vec::new(), signed_data: &[] };
    for field in fields(header) {
        let algorithm = match field.ok()? {
            (2, Field::Bytes(_)) => Algorithm::Rsa,
            (3, Field::Bytes(_)) => Algorithm::Ecdsa,
            (10_000, Field::Bytes(data)) => {
                message.signed_data = data;
                continue;
            }
            _ => continue,
        };
        let Ok((_, Field::Bytes(proof))) = field else { continue };
        let mut parsed = Proof { algorithm, key: &[], signature: &[] };
        for part in fields(proof) {
            match part.ok()? {
                (1, Field::Bytes(key)) => parsed.key = key,
                (2, Field::Bytes(signature)) => parsed.signature = signature,
                _ => {}
            }
        }
        // One more than is checked: enough to know that there are too many.
        if message.proofs.len() <= MAX_PROOFS {
            message.proofs.push(parsed);
        }
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::signature::testing::*;
    use super::*;

    const ZIP: &[u8] = b"PK\x03\x04 stands for an archive";

    fn bytes_field(number: u64, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for mut varint in [number << 3 | 2, bytes.len() as u64] {
            while varint >= 0x80 {
                out.push(varint as u8 | 0x80);
                varint >>= 7;
            }
            out.push(varint as u8);
        }
        out.extend_from_slice(bytes);
        out
    }

    fn proof(field: u64, key: &[u8], signature: &[u8]) -> Vec<u8> {
        bytes_field(field, &[bytes_field(1, key), bytes_field(2, signature)].concat())
    }

    fn signed_data(id: &[u8]) -> Vec<u8> {
        bytes_field(1, id)
    }

    fn digest(signed: &[u8], zip: &[u8]) -> [u8; 32] {
        sha256(&[SIGNED_PREFIX, &(signed.len() as u32).to_le_bytes(), signed, zip].concat())
    }

    fn file(header: &[u8], zip: &[u8]) -> Vec<u8> {
        [MAGIC, &3_u32.to_le_bytes(), &(header.len() as u32).to_le_bytes(), header, zip].concat()
    }

    /// A package with an RSA and an ECDSA proof, whose id is the RSA key's.
    fn good_header() -> Vec<u8> {
        let signed = signed_data(&sha256(&rsa_key())[..16]);
        let digest = digest(&signed, ZIP);
        [
            proof(2, &rsa_key(), &sign_rsa_sha256(&digest)),
            proof(3, &ecdsa_key(), &sign_ecdsa(&digest)),
            bytes_field(10_000, &signed),
        ]
        .concat()
    }

    #[test]
    fn all_proofs_hold_and_the_id_is_a_keys() {
        let header = parse(&file(&good_header(), ZIP)).unwrap();
        assert_eq!(header.signature, PackageSignature::Valid);
        assert_eq!(header.fault, None);
        assert_eq!(header.id, Some(ExtensionId::from_key(&rsa_key())));
        assert_eq!(header.keys, [hex(&sha256(&rsa_key())), hex(&sha256(&ecdsa_key()))]);
        assert_eq!(header.payload, 12 + good_header().len());
        assert!(!header.publisher_proof && !header.store_proof);
    }

    #[test]
    fn one_changed_byte_breaks_the_proofs() {
        let mut changed = file(&good_header(), ZIP);
        *changed.last_mut().unwrap() ^= 1;
        let header = parse(&changed).unwrap();
        assert_eq!((header.signature, header.fault), (PackageSignature::Invalid, Some(CrxFault::ProofFails)));
        assert_eq!(header.id, Some(ExtensionId::from_key(&rsa_key())));
    }

    #[test]
    fn an_id_that_is_no_keys_is_invalid_though_every_proof_holds() {
        let signed = signed_data(&[0; 16]);
        let digest = digest(&signed, ZIP);
        let header = [proof(2, &rsa_key(), &sign_rsa_sha256(&digest)), bytes_field(10_000, &signed)].concat();
        assert_eq!(parse(&file(&header, ZIP)).unwrap().fault, Some(CrxFault::IdOfNoKey));
        let none = bytes_field(10_000, &signed_data(&[0; 16]));
        assert_eq!(parse(&file(&none, ZIP)).unwrap().fault, Some(CrxFault::IdOfNoKey));
    }

    #[test]
    fn what_browsers_refuse_in_a_header() {
        let fault = |header: &[u8]| parse(&file(header, ZIP)).unwrap().fault;
        assert_eq!(fault(&[good_header(), bytes_field(77, b"PK\x05\x06")].concat()), Some(CrxFault::ZipEndInHeader));
        assert_eq!(fault(&[good_header(), bytes_field(77, b"PK\x06\x07")].concat()), Some(CrxFault::ZipEndInHeader));
        assert_eq!(fault(&[good_header(), bytes_field(77, b"unknown fields pass")].concat()), None);
        assert_eq!(fault(&[good_header(), vec![0x12, 0x7f]].concat()), Some(CrxFault::DamagedHeader));
        assert_eq!(fault(&[good_header(), bytes_field(10_000, &signed_data(&[1; 15]))].concat()), Some(CrxFault::NoId));
        assert_eq!(fault(b""), Some(CrxFault::NoId));
        assert_eq!(fault(&[good_header(), proof(2, b"", b"")].concat()), Some(CrxFault::ProofFails));
        let many = [good_header(), proof(2, b"", b"").repeat(10_000)].concat();
        assert_eq!(parse(&file(&many, ZIP)).unwrap().keys.len(), MAX_PROOFS + 1);
    }

    #[test]
    fn version_2_signs_the_archive_with_sha_1() {
        let key = rsa_key();
        let signature = sign_rsa_sha1(&sha1::Sha1::digest(ZIP));
        let head = [
            MAGIC,
            &2_u32.to_le_bytes(),
            &(key.len() as u32).to_le_bytes(),
            &(signature.len() as u32).to_le_bytes(),
            &key,
            &signature,
        ]
        .concat();
        let header = parse(&[&head, ZIP].concat()).unwrap();
        assert_eq!((header.version, header.signature), (2, PackageSignature::Valid));
        assert_eq!(header.id, Some(ExtensionId::from_key(&key)));
        assert_eq!(header.payload, head.len());
        assert_eq!(parse(&[&head, &ZIP[1..]].concat()).unwrap().signature, PackageSignature::Invalid);
    }

    #[test]
    fn files_without_a_payload_to_find_are_errors() {
        assert_eq!(parse(b""), Err(CrxError::NotCrx));
        assert_eq!(parse(ZIP), Err(CrxError::NotCrx));
        assert_eq!(parse(b"CrOD\x03\0\0\0"), Err(CrxError::Delta));
        assert_eq!(parse(b"Cr24\x04\0\0\0"), Err(CrxError::Version(4)));
        assert_eq!(parse(b"Cr24\x03\0\0"), Err(CrxError::Truncated));
        assert_eq!(parse(b"Cr24\x03\0\0\0\x01\0\0\0"), Err(CrxError::Truncated));
        assert_eq!(parse(b"Cr24\x03\0\0\0\xff\xff\xff\xff"), Err(CrxError::HeaderTooLarge(u32::MAX)));
        assert_eq!(parse(b"Cr24\x02\0\0\0\x01\0\0\0\xff\xff\xff\xff"), Err(CrxError::HeaderTooLarge(u32::MAX)));
        let whole = file(&good_header(), ZIP);
        for end in 0..whole.len() - ZIP.len() {
            assert!(parse(&whole[..end]).is_err());
        }
    }
}
