//! The three kinds of signature that packages and the store's lists carry, each over a digest that the caller has made.
//!
//! Keys come out of hostile files: whatever is no key, or is one beyond the usual sizes, verifies nothing.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use sha1::Sha1;
use sha2::Sha256;

/// No honest key or signature is longer: RSA of 8192 bits needs 1,062 bytes.
const LONGEST: usize = 4_096;

/// RSA PKCS#1 v1.5 over a SHA-256 digest; `key` is a DER `SubjectPublicKeyInfo`.
pub fn rsa_sha256(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    rsa(key, Pkcs1v15Sign::new::<Sha256>(), digest, signature)
}

/// RSA PKCS#1 v1.5 over a SHA-1 digest, as packages of version 2 have it.
pub fn rsa_sha1(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    rsa(key, Pkcs1v15Sign::new::<Sha1>(), digest, signature)
}

fn rsa(key: &[u8], scheme: Pkcs1v15Sign, digest: &[u8], signature: &[u8]) -> bool {
    key.len() <= LONGEST
        && signature.len() <= LONGEST
        && RsaPublicKey::from_public_key_der(key).is_ok_and(|key| key.verify(scheme, digest, signature).is_ok())
}

/// ECDSA on P-256 over a SHA-256 digest; the signature is in DER.
pub fn ecdsa_p256(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    if key.len() > LONGEST || signature.len() > LONGEST {
        return false;
    }
    let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_der(key) else { return false };
    let Ok(signature) = p256::ecdsa::Signature::from_der(signature) else { return false };
    key.verify_prehash(digest, &signature).is_ok()
}

/// Whether bytes have the form of a public key of any kind: a DER `SubjectPublicKeyInfo`.
pub fn is_public_key(der: &[u8]) -> bool {
    p256::pkcs8::spki::SubjectPublicKeyInfoRef::try_from(der).is_ok()
}

/// Keys and signatures made up for tests. The numbers are no secret: they come from a fixed seed.
#[cfg(test)]
pub(crate) mod testing {
    #![allow(clippy::unwrap_used)]

    use std::convert::Infallible;
    use std::sync::LazyLock;

    use p256::ecdsa::signature::hazmat::PrehashSigner;
    use p256::pkcs8::EncodePublicKey;
    use rsa::rand_core::{TryCryptoRng, TryRng};
    use rsa::{Pkcs1v15Sign, RsaPrivateKey};

    /// The same numbers in every run.
    struct Fixed(u64);

    impl TryRng for Fixed {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            self.try_next_u64().map(|word| (word >> 32) as u32)
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            Ok(self.0)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            for chunk in bytes.chunks_mut(8) {
                let word = self.try_next_u64()?.to_le_bytes();
                chunk.copy_from_slice(&word[..chunk.len()]);
            }
            Ok(())
        }
    }

    impl TryCryptoRng for Fixed {}

    pub static RSA: LazyLock<RsaPrivateKey> =
        LazyLock::new(|| RsaPrivateKey::new(&mut Fixed(0x9e37_79b9_7f4a_7c15), 1024).unwrap());

    pub fn rsa_key() -> Vec<u8> {
        RSA.to_public_key().to_public_key_der().unwrap().into_vec()
    }

    pub fn sign_rsa_sha256(digest: &[u8]) -> Vec<u8> {
        RSA.sign(Pkcs1v15Sign::new::<sha2::Sha256>(), digest).unwrap()
    }

    pub fn sign_rsa_sha1(digest: &[u8]) -> Vec<u8> {
        RSA.sign(Pkcs1v15Sign::new::<sha1::Sha1>(), digest).unwrap()
    }

    fn ecdsa() -> p256::ecdsa::SigningKey {
        p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap()
    }

    pub fn ecdsa_key() -> Vec<u8> {
        ecdsa().verifying_key().to_public_key_der().unwrap().into_vec()
    }

    pub fn sign_ecdsa(digest: &[u8]) -> Vec<u8> {
        let signature: p256::ecdsa::Signature = ecdsa().sign_prehash(digest).unwrap();
        signature.to_der().as_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;
    use crate::model::hash::sha256;

    #[test]
    fn what_is_no_key_verifies_nothing() {
        let digest = sha256(b"text");
        assert!(rsa_sha256(&rsa_key(), &digest, &sign_rsa_sha256(&digest)));
        assert!(ecdsa_p256(&ecdsa_key(), &digest, &sign_ecdsa(&digest)));
        assert!(!rsa_sha256(b"hello", &digest, &sign_rsa_sha256(&digest)));
        assert!(!rsa_sha256(&ecdsa_key(), &digest, &sign_ecdsa(&digest)));
        assert!(!ecdsa_p256(&rsa_key(), &digest, &sign_rsa_sha256(&digest)));
        assert!(!rsa_sha256(&rsa_key(), &sha256(b"other"), &sign_rsa_sha256(&digest)));
        assert!(!rsa_sha256(&vec![0x30; LONGEST + 1], &digest, &[]));
        assert!(!ecdsa_p256(&[], &[], &[]));
        assert!(is_public_key(&rsa_key()) && is_public_key(&ecdsa_key()));
        assert!(!is_public_key(b"hello") && !is_public_key(&[]) && !is_public_key(&[0x30, 0]));
    }
}
