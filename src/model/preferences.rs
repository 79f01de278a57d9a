//! The preferences of a profile: what is installed, and what goes for all of it.
use super::{ExtensionId, InstallRecord, InstallSource};
use crate::problem::Outcome;
use serde_json::Value;
use std::collections::BTreeMap;
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub records: BTreeMap<ExtensionId, InstallRecord>,
    pub name: Option<String>,
    pub account: Option<String>,
    pub developer_mode: bool,
}
pub fn parse(_p: Option<&Value>, _s: Option<&Value>) -> Outcome<Settings> {
    Default::default()
}
pub fn source(_r: &InstallRecord, _u: Option<&str>) -> InstallSource {
    InstallSource::Unknown
}
