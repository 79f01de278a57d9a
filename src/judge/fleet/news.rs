//! What is new in a fleet since an earlier view of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Prevalence;
use super::view::{Extension, Fleet};
use crate::finding::Verdict;

/// In which ways an extension is new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct News {
    /// No machine had it; what follows is empty then.
    pub extension: bool,
    /// Versions that no machine had.
    pub versions: Vec<String>,
    /// Contents that no machine had under a version that was known.
    pub contents: Vec<String>,
    /// Rules that had found nothing about it on any machine.
    pub findings: Vec<String>,
    /// The worst that any machine said of it, where it is worse now.
    pub verdict_was: Option<Verdict>,
}

impl Fleet {
    /// Leaves what is new since `then`: extensions with [`News`], rules and contacts that no machine had. The verdict and the
    /// numbers of extensions are those of what is left; the machines stay counted. The answer is how many extensions, and how
    /// many rules, were known and left out.
    pub fn keep_new(&mut self, then: &Fleet) -> (usize, usize) {
        let known: BTreeMap<[u8; 16], &Extension> = then.extensions.iter().map(|old| (old.id, old)).collect();
        let before = (self.extensions.len(), self.rules.len());
        let mut extensions = std::mem::take(&mut self.extensions);
        extensions.retain_mut(|now| {
            now.new = match known.get(&now.id) {
                None => Some(News { extension: true, ..News::default() }),
                Some(old) => Some(news(&self.prevalence(now), &then.prevalence(old))).filter(|news| *news != News::default()),
            }
            .map(Box::new);
            now.new.is_some()
        });
        self.extensions = extensions;
        let rules: BTreeSet<&str> = then.rules.iter().map(|found| found.rule.as_str()).collect();
        self.rules.retain(|found| !rules.contains(found.rule.as_str()));
        let contacts: BTreeSet<&str> = then.contacts.iter().map(|(host, _)| host.as_str()).collect();
        self.contacts.retain(|(host, _)| !contacts.contains(host.as_str()));
        self.count_extensions();
        let extensions = self.extensions.iter().map(|extension| extension.seen.verdict);
        self.summary.verdict = extensions.chain(self.rules.iter().map(|found| found.seen.verdict)).max().unwrap_or_default();
        (before.0 - self.extensions.len(), before.1 - self.rules.len())
    }
}

fn news(now: &Prevalence, old: &Prevalence) -> News {
    let builds = |extension: &Prevalence| -> BTreeSet<(String, String)> {
        let versions = extension.by_version.iter();
        let contents = versions.flat_map(|version| {
            let hashes = version.contents.iter().filter_map(|content| content.content_sha256.clone());
            hashes.map(|hash| (version.version.clone(), hash))
        });
        contents.collect()
    };
    let (new_builds, old_builds) = (builds(now), builds(old));
    let contents = new_builds.difference(&old_builds).filter(|(version, _)| old.versions.contains(version));
    News {
        extension: false,
        versions: missing(&now.versions, &old.versions),
        contents: contents.map(|(_, content)| content.clone()).collect(),
        findings: missing(&now.findings, &old.findings),
        verdict_was: (now.verdict > old.verdict).then_some(old.verdict),
    }
}

/// What is in the first and not in the second.
fn missing(now: &[String], old: &[String]) -> Vec<String> {
    now.iter().filter(|text| !old.contains(text)).cloned().collect()
}
