//! Fingerprints of an extension's code that survive renaming, minifying and bundling.
//!
//! A fingerprint is a sample of *features*: 32-bit hashes of what the scripts are built of (see `script::shape`). The
//! sample is the features with the smallest hashes, so two samples of the same set are the same, and how many features two
//! sets share can be estimated from their samples alone (bottom-k sketches, Broder 1997; Bar-Yossef et al. 2002).
//!
//! As text: `crxf1:<features in all>:<the sample, eight hexadecimal digits each, in order>`.

use std::fmt;
use std::str::FromStr;

/// Features of a sample. The standard error of a share of one half is then 0.06.
const SAMPLE: usize = 64;
/// Code with fewer features says too little: any two settings pages would be alike.
const LEAST: usize = 10;
/// Features that two samples must have in the same range of hashes before they are compared.
const COMPARED: usize = 20;
/// What the text begins with. Another way to make features is another number.
const MARK: &str = "crxf1";

/// A sample of the features of an extension's own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Features in all.
    total: u32,
    /// The smallest of them, in order, each once.
    sample: Vec<u32>,
}

/// Why a text is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// It begins otherwise; perhaps a later version made it.
    #[error("it is no fingerprint of this version ({MARK}:...)")]
    Mark,
    /// Numbers are missing, out of order, or not as many as they should be.
    #[error("the fingerprint is damaged")]
    Damaged,
}

impl Fingerprint {
    /// The fingerprint of features in order, each once; none of too few.
    pub fn of(features: &[u32]) -> Option<Fingerprint> {
        if features.len() < LEAST {
            return None;
        }
        let total = u32::try_from(features.len()).unwrap_or(u32::MAX);
        Some(Fingerprint { total, sample: features.iter().take(SAMPLE).copied().collect() })
    }

    /// The share of this fingerprint's code that is found among the features of another extension (in order, each once):
    /// 0 nothing, 1 all of it. What else there is in the other does not matter.
    pub fn share_in(&self, features: &[u32]) -> f64 {
        let found = self.sample.iter().filter(|feature| features.binary_search(feature).is_ok()).count();
        found as f64 / self.sample.len() as f64
    }

    /// How alike two extensions are: the share of the smaller one's code that is found in the larger one, 0 to 1. It is 0
    /// where their sizes differ so much that the samples cannot tell (from about one to three on).
    pub fn similarity(&self, other: &Fingerprint) -> f64 {
        let reach = self.reach().min(other.reach());
        let within = |print: &Fingerprint| print.sample.partition_point(|&feature| feature <= reach);
        let (ours, theirs) = (within(self), within(other));
        let smaller = ours.min(theirs);
        // A whole fingerprint is as much as there is.
        let enough = COMPARED.min(self.sample.len()).min(other.sample.len());
        if smaller < enough {
            return 0.0;
        }
        let theirs = &other.sample[..theirs];
        let shared = self.sample[..ours].iter().filter(|feature| theirs.binary_search(feature).is_ok()).count();
        shared as f64 / smaller as f64
    }

    /// Up to which hash the sample has every feature.
    fn reach(&self) -> u32 {
        let whole = self.sample.len() == self.total as usize;
        self.sample.last().copied().filter(|_| !whole).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}:{}:", self.total)?;
        self.sample.iter().try_for_each(|feature| write!(f, "{feature:08x}"))
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Fingerprint, FingerprintError> {
        let rest = text.trim().strip_prefix(MARK).and_then(|rest| rest.strip_prefix(':')).ok_or(FingerprintError::Mark)?;
        let (total, sample) = rest.split_once(':').ok_or(FingerprintError::Damaged)?;
        let total: u32 = total.parse().map_err(|_| FingerprintError::Damaged)?;
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let feature = |digits: &[u8]| digits.iter().try_fold(0, |sum, byte| Some(sum << 4 | digit(byte)?));
        let chunks = sample.as_bytes().chunks(8);
        let sample: Option<Vec<u32>> = chunks.map(|digits| feature(digits).filter(|_| digits.len() == 8)).collect();
        let sample = sample.ok_or(FingerprintError::Damaged)?;
        let right = sample.len() == SAMPLE.min(total as usize)
            && sample.len() >= LEAST
            && sample.windows(2).all(|pair| pair[0] < pair[1]);
        if right { Ok(Fingerprint { total, sample }) } else { Err(FingerprintError::Damaged) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// `count` features that are spread as hashes are, from number `from` on.
    fn features(from: u32, count: u32) -> Vec<u32> {
        let mut features: Vec<u32> = (from..from + count).map(|number| number.wrapping_mul(0x9e37_79b1)).collect();
        features.sort_unstable();
        features
    }

    #[test]
    fn text_and_back() {
        for count in [10, 63, 64, 5_000] {
            let print = Fingerprint::of(&features(0, count)).unwrap();
            assert_eq!(print.to_string().parse(), Ok(print));
        }
        assert_eq!(Fingerprint::of(&features(0, 9)), None);
        let text = Fingerprint::of(&features(0, 20)).unwrap().to_string();
        assert_eq!("crxf2:1:00".parse::<Fingerprint>(), Err(FingerprintError::Mark));
        for wrong in [&text[..text.len() - 1], &text.replace("crxf1:20", "crxf1:21"), "crxf1:0:", "crxf1:12:zz", "crxf1:ä:"] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(FingerprintError::Damaged), "{wrong}");
        }
    }

    #[test]
    fn shares_are_estimated() {
        let print = Fingerprint::of(&features(0, 4_000)).unwrap();
        assert_eq!(print.share_in(&features(0, 50_000)), 1.0);
        assert_eq!(print.share_in(&features(100_000, 50_000)), 0.0);
        let half = print.share_in(&features(2_000, 50_000));
        assert!((0.35..0.65).contains(&half), "{half}");
    }

    #[test]
    fn similarity_is_the_share_of_the_smaller_one() {
        let print = |from, count| Fingerprint::of(&features(from, count)).unwrap();
        assert_eq!(print(0, 3_000).similarity(&print(0, 3_000)), 1.0);
        assert_eq!(print(0, 3_000).similarity(&print(0, 5_000)), 1.0);
        assert_eq!(print(0, 15).similarity(&print(0, 15)), 1.0);
        assert_eq!(print(0, 3_000).similarity(&print(9_000, 3_000)), 0.0);
        let half = print(0, 3_000).similarity(&print(1_500, 3_000));
        assert!((0.3..0.7).contains(&half) && half == print(1_500, 3_000).similarity(&print(0, 3_000)), "{half}");
        // Too unlike in size to tell.
        assert_eq!(print(0, 100).similarity(&print(0, 50_000)), 0.0);
    }
}
