//! Whether one stored code fits one text. Nothing here gives a code away: the answer is yes, no, or "cannot be opened".

use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Text that a browser was built with, which its codes are keyed by.
#[derive(Debug)]
pub struct Seed {
    /// As in the table of browsers.
    pub name: &'static str,
    bytes: &'static [u8],
}

/// The seeds that are known. The one of Google's own builds is a resource of the program, published many times; all other
/// builds (Chromium and what is made from it) have none. It stands here as numbers because malware that forges entries
/// carries it as text, and virus scanners look for that text.
pub static SEEDS: [Seed; 2] = [
    Seed { name: "empty", bytes: &[] },
    Seed {
        name: "google",
        bytes: &[
            0xe7, 0x48, 0xf3, 0x36, 0xd8, 0x5e, 0xa5, 0xf9, 0xdc, 0xdf, 0x25, 0xd8, 0xf3, 0x47, 0xa6, 0x5b, 0x4c, 0xdf, 0x66,
            0x76, 0x00, 0xf0, 0x2d, 0xf6, 0x72, 0x4a, 0x2a, 0xf1, 0x8a, 0x21, 0x2d, 0x26, 0xb7, 0x88, 0xa2, 0x50, 0x86, 0x91,
            0x0c, 0xf3, 0xa9, 0x03, 0x13, 0x69, 0x68, 0x71, 0xf3, 0xdc, 0x05, 0x82, 0x37, 0x30, 0xc9, 0x1d, 0xf8, 0xba, 0x5c,
            0x4f, 0xd9, 0xc8, 0x84, 0xb5, 0x05, 0xa8,
        ],
    },
];

/// What the copy of the codes in the Windows registry is keyed by, in every browser (`profile_pref_store_manager.cc`).
pub static REGISTRY_SEED: Seed = Seed { name: "registry", bytes: b"ChromeRegistryHashStoreValidationSeed" };

/// HMAC-SHA256 under the seed over device id, path and text, in hex.
pub fn mac_fits(seed: &Seed, device_id: &str, path: &str, text: &str, stored: &str) -> bool {
    let Some(stored) = unhex(stored) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(seed.bytes) else { return false };
    for part in [device_id, path, text] {
        mac.update(part.as_bytes());
    }
    mac.verify_slice(&stored).is_ok()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digit = |at: usize| pair.get(at).and_then(|&c| char::from(c).to_digit(16));
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(bytes)
}

/// What is inside a stored "encrypted hash".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// It could be opened: SHA-256 of seed, path and text.
    Digest([u8; 32]),
    /// Sealed with a key that only the user's session has.
    Closed,
    /// The form that Linux has without a key store, and it does not open: made on macOS, or garbage.
    Unopened,
    /// Nothing that any browser writes.
    Garbled,
}

/// Opens a stored "encrypted hash". Without a desktop key store, Chromium on Linux seals with a password that is no secret
/// (`os_crypt_linux.cc`: "peanuts", "saltysalt", one round); every other way needs a key of the user's session.
pub fn open(stored: &str) -> Sealed {
    let Ok(blob) = STANDARD.decode(stored) else { return Sealed::Garbled };
    // "v10" with three blocks is also what macOS writes, under another password.
    let Some(blocks) = blob.strip_prefix(b"v10").filter(|blocks| blocks.len() == 48) else {
        let known = [&b"v10"[..], b"v11", b"v20"].iter().any(|prefix| blob.starts_with(prefix));
        return if known { Sealed::Closed } else { Sealed::Garbled };
    };
    let mut buffer: [u8; 48] = blocks.try_into().unwrap_or([0; 48]);
    let Some(key) = linux_key() else { return Sealed::Closed };
    let opened = cbc::Decryptor::<aes::Aes128>::new(&key.into(), &[b' '; 16].into()).decrypt_padded::<Pkcs7>(&mut buffer);
    match opened.ok().and_then(|plain| plain.try_into().ok()) {
        Some(digest) => Sealed::Digest(digest),
        None => Sealed::Unopened,
    }
}

/// PBKDF2-HMAC-SHA1 of one round and one block is a single HMAC.
fn linux_key() -> Option<[u8; 16]> {
    let mut mac = Hmac::<Sha1>::new_from_slice(b"peanuts").ok()?;
    mac.update(b"saltysalt\0\0\0\x01");
    mac.finalize().into_bytes().get(..16)?.try_into().ok()
}

/// Whether an opened hash fits: SHA-256 of seed, path and text, without a device id.
pub fn digest_fits(seed: &Seed, path: &str, text: &str, digest: &[u8; 32]) -> bool {
    let mut hash = Sha256::new();
    for part in [seed.bytes, path.as_bytes(), text.as_bytes()] {
        hash.update(part);
    }
    hash.finalize().as_slice() == digest
}

/// What tests need to make images whose codes fit: for invented seeds and device ids only, never in the program.
#[cfg(test)]
pub(super) mod testing {
    #![allow(clippy::unwrap_used)]

    use aes::cipher::BlockModeEncrypt;

    use super::*;

    pub fn mac(seed: &Seed, device_id: &str, path: &str, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(seed.bytes).unwrap();
        mac.update(device_id.as_bytes());
        mac.update(path.as_bytes());
        mac.update(text.as_bytes());
        crate::model::hash::hex(&mac.finalize().into_bytes()).to_uppercase()
    }

    pub fn seal(seed: &Seed, path: &str, text: &str) -> String {
        let digest = crate::model::hash::sha256(&[seed.bytes, path.as_bytes(), text.as_bytes()].concat());
        let mut buffer = [0; 48];
        buffer[..32].copy_from_slice(&digest);
        let sealed = cbc::Encryptor::<aes::Aes128>::new(&linux_key().unwrap().into(), &[b' '; 16].into())
            .encrypt_padded::<Pkcs7>(&mut buffer, 32)
            .unwrap();
        STANDARD.encode([b"v10", sealed].concat())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    static ASCII: Seed = Seed { name: "test", bytes: b"0123456789ABCDEF0123456789ABCDEF" };

    /// Chromium's published known answers (`pref_hash_calculator_unittest.cc`).
    #[test]
    fn known_answers() {
        let empties = r#"{"a":"foo","b":{},"c":"baz","d":[],"e":{"a":{},"b":[]},"f":[{},[],{"a":{},"b":[]}]}"#;
        let text = r#""testing with special chars:\n<>{}:^^@#$\\/""#;
        let all = format!(
            r#"{{"null":null,"bool":false,"int":1234567890,"double":123.0987654321,"string":{text},"list":[true,100,1.0],"dict":{empties}}}"#
        );
        for (value, mac) in [
            ("null", "82A9F3BBC7F9FF84C76B033C854E79EEB162783FA7B3E99FF9372FA8E12C44F7"),
            ("false", "A520D8F43EA307B0063736DC9358C330539D0A29417580514C8B9862632C4CCC"),
            ("1234567890", "8D60DA1F10BF5AA29819D2D66D7CCEF9AABC5DA93C11A0D2BD21078D63D83682"),
            ("123.0987654321", "C9D94772516125BEEDAE68C109D44BC529E719EE020614E894CC7FB4098C545D"),
            (text, "05ACCBD3B05C45C36CD06190F63EC577112311929D8380E26E5F13182EB68318"),
            ("[true,100,1.0]", "8D5A25972DF5AE20D041C780E7CA54E40F614AD53513A0724EE8D62D4F992740"),
            (empties, "7A84DCC710D796C771F789A4DA82C952095AA956B6F1667EE42D0A19ECAA3C4A"),
            (&all, "B97D09BE7005693574DCBDD03D8D9E44FB51F4008B73FB56A49A9FA671A1999B"),
        ] {
            let text = super::super::canonical::text(&serde_json::from_str(value).unwrap()).unwrap();
            assert!(mac_fits(&ASCII, "test_device_id1", "pref.path", &text, mac), "{value}");
            assert!(mac_fits(&ASCII, "test_device_id1", "pref.path", &text, &mac.to_lowercase()), "{value}");
            assert!(!mac_fits(&ASCII, "test_device_id2", "pref.path", &text, mac), "{value}");
            assert!(!mac_fits(&SEEDS[0], "test_device_id1", "pref.path", &text, mac), "{value}");
        }
    }

    #[test]
    fn what_is_no_code_fits_nothing() {
        for stored in ["", "zz", &"g".repeat(64), &"é".repeat(32), &"A".repeat(63)] {
            assert!(!mac_fits(&SEEDS[0], "", "homepage", "", stored));
        }
    }

    #[test]
    fn the_macs_of_nothing() {
        // What Chromium 156 on Linux writes into an otherwise empty `Secure Preferences`.
        assert!(mac_fits(&SEEDS[0], "", "", "", "B613679A0814D9EC772F95D778C35FC5FF1697C493715653C6C712144292C5AD"));
    }

    #[test]
    fn hashes_are_opened_where_the_key_is_no_secret() {
        let stored = testing::seal(&SEEDS[0], "homepage", "\"x\"");
        let Sealed::Digest(digest) = open(&stored) else { panic!("{stored}") };
        assert!(digest_fits(&SEEDS[0], "homepage", "\"x\"", &digest));
        assert!(!digest_fits(&SEEDS[0], "homepage", "\"y\"", &digest));
        assert!(!digest_fits(&SEEDS[1], "homepage", "\"x\"", &digest));
        for (blob, state) in [
            ([&b"v10"[..], &[7; 60]].concat(), Sealed::Closed),
            ([&b"v10"[..], &[7; 48]].concat(), Sealed::Unopened),
            ([&b"v11"[..], &[7; 48]].concat(), Sealed::Closed),
            ([&b"v20"[..], &[7; 60]].concat(), Sealed::Closed),
            (b"xyz".to_vec(), Sealed::Garbled),
        ] {
            assert_eq!(open(&STANDARD.encode(blob)), state);
        }
        assert_eq!(open("not base64!"), Sealed::Garbled);
    }
}
