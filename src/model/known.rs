//! Well-known extensions: whether an id is one of theirs, and whether a name pretends to be.
//!
//! Names are compared by their *skeleton*, in which letters that look alike are one letter, and what cannot be seen is nothing.
//! After the idea of Unicode's technical standard 39, cut down to the letters that occur in such names.

mod skeleton;

use std::sync::LazyLock;

use serde::Deserialize;

use super::id::ExtensionId;

use crate::builtin::packed;

pub use skeleton::skeleton;

/// A well-known extension.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// What people call it.
    pub name: String,
    /// Who makes it.
    pub vendor: String,
    /// Its ids, the web store's first.
    pub ids: Vec<ExtensionId>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    common: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    vendors: Vec<String>,
    product: Vec<Product>,
}

/// The table with what is compared.
struct Known {
    products: Vec<Product>,
    /// Skeleton and product, for names that are no everyday words.
    names: Vec<(String, usize)>,
    /// Vendor, and the skeleton of its name.
    vendors: Vec<(String, String)>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let Document { vendors, product: products } = match toml::from_str(packed!("src/model/known.toml")) {
        Ok(document) => document,
        Err(error) => unreachable!("known.toml is part of the program, and a test reads it: {error}"),
    };
    let mut names = Vec::new();
    for (at, product) in products.iter().enumerate().filter(|(_, product)| !product.common) {
        names.extend(product.also.iter().chain([&product.name]).map(|name| (skeleton(name), at)));
    }
    let vendors = vendors.into_iter().map(|vendor| (skeleton(&vendor), vendor)).map(|(bare, vendor)| (vendor, bare)).collect();
    Known { products, names, vendors }
});

/// Every product of the table.
pub fn products() -> &'static [Product] {
    &KNOWN.products
}

/// The product that an id belongs to.
pub fn by_id(id: &ExtensionId) -> Option<&'static Product> {
    KNOWN.products.iter().find(|product| product.ids.contains(id))
}

/// In what way a name is another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// It begins with the name of a maker, or says that it is by that maker.
    Vendor,
    /// One letter is another.
    Near,
    /// The name with a number, a version or a filler more.
    Variant,
    /// The same name.
    Same,
    /// The same name for the eye, in other letters or with invisible ones.
    Disguised,
}

impl Likeness {
    /// The word in facts.
    pub fn as_str(self) -> &'static str {
        match self {
            Likeness::Vendor => "vendor",
            Likeness::Near => "near",
            Likeness::Variant => "variant",
            Likeness::Same => "same",
            Likeness::Disguised => "disguised",
        }
    }

    /// How alike, up to 100.
    pub fn score(self) -> u32 {
        match self {
            Likeness::Vendor => 60,
            Likeness::Near => 80,
            Likeness::Variant => 90,
            Likeness::Same | Likeness::Disguised => 100,
        }
    }
}

/// What a name looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookAlike {
    /// The product's name, or the maker's.
    pub name: &'static str,
    /// The product's id in the web store.
    pub id: Option<&'static ExtensionId>,
    /// In what way.
    pub likeness: Likeness,
}

/// Names longer than this are compared by their beginning.
const MAX_NAME: usize = 200;
/// A name of fewer letters has too many neighbours for one letter more or less to mean something.
const SHORTEST_NEAR: usize = 8;
/// Words that a name may have more without being another name. Compared as skeletons.
const FILLERS: &[&str] = &[
    "extension",
    "plugin",
    "addon",
    "add-on",
    "official",
    "original",
    "pro",
    "plus",
    "new",
    "free",
    "update",
    "updated",
    "latest",
    "for chrome",
    "for google chrome",
    "for edge",
    "chrome extension",
    "browser extension",
    "app",
    "2024",
    "2025",
    "2026",
];

/// The well-known extension that `name` pretends to be; nothing where `id` is one of its own, or one of another product whose
/// name begins like it.
pub fn look_alike(name: &str, id: &ExtensionId) -> Option<LookAlike> {
    if by_id(id).is_some() {
        return None;
    }
    let name: String = name.chars().take(MAX_NAME).collect();
    // Letters behind this sign are shown from right to left: "elgooG" reads as "Google".
    if let Some((before, behind)) = name.split_once('\u{202e}') {
        let (turned, rest) = behind.split_once('\u{202c}').unwrap_or((behind, ""));
        let shown = format!("{before}{}{rest}", turned.chars().rev().collect::<String>());
        let found = look_alike(&shown, id);
        return found.map(|found| LookAlike { likeness: Likeness::Disguised, ..found });
    }
    let bare = skeleton(&name);
    if bare.is_empty() {
        return None;
    }
    let known = &*KNOWN;
    let product = |at: usize, likeness| {
        let product = known.products.get(at)?;
        Some(LookAlike { name: &product.name, id: product.ids.first(), likeness })
    };
    let same = |wanted: &str| known.names.iter().find(|(name, _)| name == wanted).map(|(_, at)| *at);
    if let Some(at) = same(&bare) {
        return product(at, if written_alike(&name, known.products.get(at)?) { Likeness::Same } else { Likeness::Disguised });
    }
    if let Some(at) = without_fillers(&name).and_then(|short| same(&short)) {
        return product(at, Likeness::Variant);
    }
    if let Some((_, at)) = known.names.iter().find(|(known, _)| near(known, &bare)) {
        return product(*at, Likeness::Near);
    }
    vendor(&name).map(|name| LookAlike { name, id: None, likeness: Likeness::Vendor })
}

/// Whether a name is written with the letters of the product's own: case, spaces and signs do not count.
fn written_alike(name: &str, product: &Product) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let hidden = |c: char| !c.is_alphanumeric() && skeleton::is_invisible(c);
    !name.chars().any(hidden) && product.also.iter().chain([&product.name]).any(|own| plain(own) == plain(name))
}

/// The skeleton without numbers at the end and without fillers at either end; `None` where there was nothing to drop.
fn without_fillers(name: &str) -> Option<String> {
    let mut short = name.trim();
    let mut dropped = false;
    loop {
        let before = short;
        short = short.trim_end_matches(|c: char| c.is_ascii_digit() || !c.is_alphanumeric()).trim_end_matches(" v");
        for filler in FILLERS {
            if let Some(rest) = ends_with_word(short, filler) {
                short = rest;
            }
            if let Some(rest) = starts_with_word(short, filler) {
                short = rest;
            }
        }
        if short == before {
            break;
        }
        dropped = true;
    }
    dropped.then(|| skeleton(short)).filter(|short| !short.is_empty())
}

fn ends_with_word<'n>(name: &'n str, word: &str) -> Option<&'n str> {
    let at = name.len().checked_sub(word.len())?;
    let (before, end) = name.split_at_checked(at)?;
    (end.eq_ignore_ascii_case(word) && before.ends_with(|c: char| !c.is_alphanumeric()))
        .then(|| before.trim_end_matches(|c: char| !c.is_alphanumeric()))
}

fn starts_with_word<'n>(name: &'n str, word: &str) -> Option<&'n str> {
    let (start, behind) = name.split_at_checked(word.len())?;
    (start.eq_ignore_ascii_case(word) && behind.starts_with(|c: char| !c.is_alphanumeric()))
        .then(|| behind.trim_start_matches(|c: char| !c.is_alphanumeric()))
}

/// The maker that a name begins with, or says that it is by.
fn vendor(name: &str) -> Option<&'static str> {
    let words: Vec<String> = name.split(|c: char| c.is_whitespace() || "()[],:;|-–—/".contains(c)).map(skeleton).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    let by = skeleton("by");
    let starts_at = |at: usize, vendor: &str| {
        let mut joined = String::new();
        words.iter().skip(at).any(|word| {
            joined.push_str(word);
            joined == vendor
        })
    };
    let claims = |(_, bare): &&(String, String)| {
        starts_at(0, bare) || words.iter().enumerate().any(|(at, word)| *word == by && starts_at(at + 1, bare))
    };
    KNOWN.vendors.iter().find(claims).map(|(vendor, _)| vendor.as_str())
}

/// Whether two skeletons differ in one letter behind the first: another one, one more, one less, or two that changed places.
fn near(known: &str, found: &str) -> bool {
    let (known, found): (Vec<char>, Vec<char>) = (known.chars().collect(), found.chars().collect());
    if known.len() < SHORTEST_NEAR || known.len().abs_diff(found.len()) > 1 {
        return false;
    }
    let start = known.iter().zip(&found).take_while(|(a, b)| a == b).count();
    if start == 0 {
        return false;
    }
    let end = known.iter().rev().zip(found.iter().rev()).take_while(|(a, b)| a == b).count();
    let shorter = known.len().min(found.len());
    let differ = known.len().max(found.len()) - (start + end).min(shorter);
    let swapped = || {
        differ == 2
            && known.len() == found.len()
            && known.get(start) == found.get(start + 1)
            && known.get(start + 1) == found.get(start)
    };
    differ == 1 || swapped()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(name: &str) -> Option<(&'static str, Likeness)> {
        let stranger = ExtensionId::from_key(b"a stranger");
        look_alike(name, &stranger).map(|found| (found.name, found.likeness))
    }

    #[test]
    fn the_table_holds_what_it_promises() {
        assert!(products().iter().filter(|product| !product.ids.is_empty()).count() >= 60);
        let mut ids: Vec<_> = products().iter().flat_map(|product| &product.ids).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "an id stands twice");
        for product in products().iter().filter(|product| !product.common) {
            assert!(skeleton(&product.name).chars().count() >= 4, "{} is too short to compare", product.name);
        }
    }

    #[test]
    fn names_that_look_like_a_known_one() {
        for name in
            ["Google Translate", "google translate", "Google  Translate", "Google-Translate", "Google Translate™", "구글 번역"]
        {
            assert_eq!(likeness(name), Some(("Google Translate", Likeness::Same)), "{name}");
        }
        for name in [
            "Gооgle Translate",         // two Cyrillic letters
            "Google\u{200b} Translate", // a space without width
            "Goog\u{00ad}le Translate", // a soft hyphen
            "Ｇｏｏｇｌｅ Translate",   // letters of full width
            "Gooɡle Τranslate",         // a script g, a Greek letter
            "G00gle Trans1ate",
            "\u{202e}\u{202c}Google Translate",
        ] {
            assert_eq!(likeness(name), Some(("Google Translate", Likeness::Disguised)), "{name}");
        }
        for name in ["Google Translate 2.1", "Google Translate v3", "Google Translate Pro", "New Google Translate (official)"] {
            assert_eq!(likeness(name), Some(("Google Translate", Likeness::Variant)), "{name}");
        }
        assert_eq!(likeness("Google Sheets 2.1"), Some(("Google Sheets", Likeness::Variant)));
        assert_eq!(likeness("Goggle Translate"), Some(("Google Translate", Likeness::Near)));
        assert_eq!(likeness("MetaMaks"), Some(("MetaMask", Likeness::Near)));
        assert_eq!(likeness("Google Font Manager"), Some(("Google", Likeness::Vendor)));
        assert_eq!(likeness("Safe Search by Microsoft"), Some(("Microsoft", Likeness::Vendor)));
        assert_eq!(likeness("Windows Defender Update"), Some(("Windows Defender", Likeness::Vendor)));
    }

    #[test]
    fn names_that_are_their_own() {
        for name in [
            "Translator",
            "Translate for everyone",
            "Kami for Google Chrome™",
            "Notes for Gmail",
            "Dark Mode",
            "Metamorph",
            "Googlebot detector",
            "My own tool",
            "Lighthouse",
            "Web Developer",
            "",
            "\u{200b}",
            "1",
            "Momentum Trader",
            "Password",
        ] {
            assert_eq!(likeness(name), None, "{name}");
        }
    }

    #[test]
    fn the_product_itself_is_no_look_alike() {
        let translate = products().iter().find(|product| product.name == "Google Translate").map(|product| &product.ids);
        let id = translate.and_then(|ids| ids.first()).cloned();
        assert_eq!(id.as_ref().and_then(by_id).map(|product| product.name.as_str()), Some("Google Translate"));
        assert_eq!(id.and_then(|id| look_alike("Google Translate", &id)), None);
    }
}
