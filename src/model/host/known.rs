//! The table of known hosts (`hosts.toml`): who runs a host, and what for.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Breadth, HostPattern, is_below, normalise, of_url, registrable_domain};

use crate::builtin::packed;

/// What a service is for, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Reading and writing mail.
    Mail,
    /// Where passwords and one-time codes are typed.
    Login,
    /// Where the session cookies of a whole account live.
    Identity,
    /// Password managers on the web.
    Vault,
    /// Banks, brokers, cards.
    Bank,
    /// Paying and transferring without a bank.
    Payment,
    /// Chats between people.
    Messenger,
    /// Video meetings.
    Meeting,
    /// Social networks.
    Social,
    /// Advertisers' accounts, which hold money.
    Advertising,
    /// Crypto wallets and what they connect to.
    Wallet,
    /// Crypto exchanges.
    Exchange,
    /// Payroll, personnel, customers, administration.
    Work,
    /// Chats with language models, and their interfaces.
    Ai,
    /// Authorities.
    Government,
    /// Extension stores and their update servers.
    Store,
    /// Source code, and files straight out of it.
    CodeHosting,
    /// Well-known libraries.
    Cdn,
    /// Counting and crash reports.
    Telemetry,
    /// What extensions are built on: its maker's server hears how they are used.
    Platform,
    /// Translates a text that it is given.
    Translation,
    /// Gives the icon of a site that it is asked for.
    Icons,
    /// Anybody can publish text that a program fetches again: blogs, pastes, short addresses.
    DeadDrop,
    /// Anybody can leave files.
    FileShare,
    /// Files of a person's own account.
    CloudStorage,
    /// Anybody can receive what programs send: webhooks, forms, bots.
    Collector,
    /// Programs and buckets of anybody, below the host's own name.
    AppHosting,
    /// Free host names and free web space.
    FreeZone,
    /// Names that follow a changing address.
    DynamicDns,
    /// Public names for a machine behind a router.
    Tunnel,
}

impl Class {
    /// The word in facts and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Mail => "mail",
            Class::Login => "login",
            Class::Identity => "identity",
            Class::Vault => "vault",
            Class::Bank => "bank",
            Class::Payment => "payment",
            Class::Messenger => "messenger",
            Class::Meeting => "meeting",
            Class::Social => "social",
            Class::Advertising => "advertising",
            Class::Wallet => "wallet",
            Class::Exchange => "exchange",
            Class::Work => "work",
            Class::Ai => "ai",
            Class::Government => "government",
            Class::Store => "store",
            Class::CodeHosting => "code-hosting",
            Class::Cdn => "cdn",
            Class::Telemetry => "telemetry",
            Class::Platform => "platform",
            Class::Translation => "translation",
            Class::Icons => "icons",
            Class::DeadDrop => "dead-drop",
            Class::FileShare => "file-share",
            Class::CloudStorage => "cloud-storage",
            Class::Collector => "collector",
            Class::AppHosting => "app-hosting",
            Class::FreeZone => "free-zone",
            Class::DynamicDns => "dynamic-dns",
            Class::Tunnel => "tunnel",
        }
    }

    /// Whether anybody can publish something there that code could fetch as commands or as an address.
    pub fn anybody_publishes(self) -> bool {
        matches!(
            self,
            Class::DeadDrop | Class::CodeHosting | Class::Social | Class::FileShare | Class::CloudStorage | Class::Messenger
        )
    }

    /// Whether anybody can receive there what code sends.
    pub fn anybody_receives(self) -> bool {
        matches!(self, Class::Collector | Class::FileShare | Class::CloudStorage | Class::DeadDrop | Class::CodeHosting)
    }

    /// Whether a customer gets a host name of their own there.
    pub fn gives_names(self) -> bool {
        matches!(self, Class::AppHosting | Class::FreeZone | Class::DynamicDns | Class::Tunnel)
    }

    /// Whether a thief gains by reading pages of the class.
    pub fn is_worth_stealing(self) -> bool {
        self <= Class::Exchange
    }

    /// The word for a destination of this class, where that says more than `foreign`.
    pub(super) fn contact_word(self) -> Option<&'static str> {
        match self {
            Class::Store => Some("store"),
            Class::CodeHosting => Some("code-hosting"),
            Class::DeadDrop => Some("dead-drop"),
            Class::Collector | Class::FileShare => Some("collector"),
            Class::Tunnel => Some("tunnel"),
            Class::FreeZone | Class::DynamicDns => Some("free-zone"),
            _ => None,
        }
    }
}

/// What the table says of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostClass {
    /// What the service is for.
    pub class: Class,
    /// The service: `gmail`, `naver`, `kbstar`.
    pub provider: &'static str,
    /// Who runs it: `google`; the provider itself where nobody else is named.
    pub owner: &'static str,
    /// The entry that fitted.
    pub host: &'static str,
    /// Mail addresses end in it: who names it alone need not mean pages.
    pub in_addresses: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    owner: Vec<OwnerEntry>,
    provider: Vec<ProviderEntry>,
    group: Vec<GroupEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerEntry {
    name: String,
    domains: Vec<String>,
    #[serde(default)]
    tenants: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderEntry {
    name: String,
    class: Class,
    owner: Option<String>,
    hosts: Vec<String>,
    #[serde(default)]
    addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupEntry {
    class: Class,
    hosts: Vec<String>,
}

/// One service and one of its hosts.
struct Known {
    class: Class,
    provider: String,
    owner: String,
    /// The host alone, for patterns that cover it; `name.*` stays as it is.
    host: String,
    /// Only this host, nothing below it.
    exact: bool,
    /// The path that an address must begin with.
    path: Option<String>,
    in_addresses: bool,
}

/// The table, indexed by host.
struct Table {
    known: Vec<Known>,
    by_host: HashMap<String, Vec<usize>>,
    owner_of_domain: HashMap<String, String>,
    owner_of_provider: HashMap<String, String>,
    tenants: HashMap<String, Vec<Option<String>>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let document =
        toml::from_str(packed!("src/model/hosts.toml")).expect("hosts.toml is part of the program, and a test reads it");
    Table::index(document)
});

impl Table {
    fn index(document: Document) -> Table {
        let mut table = Table {
            known: Vec::new(),
            by_host: HashMap::new(),
            owner_of_domain: HashMap::new(),
            owner_of_provider: HashMap::new(),
            tenants: HashMap::new(),
        };
        for owner in document.owner {
            for domain in owner.domains {
                table.owner_of_domain.insert(domain, owner.name.clone());
            }
            for tenant in owner.tenants {
                let (host, path) = split_path(&tenant);
                table.tenants.entry(host.to_owned()).or_default().push(path.map(str::to_owned));
            }
        }
        for provider in document.provider {
            let owner = provider.owner.unwrap_or_else(|| provider.name.clone());
            table.owner_of_provider.insert(provider.name.clone(), owner.clone());
            let hosts = provider.hosts.iter().map(|host| (host, false));
            for (host, in_addresses) in hosts.chain(provider.addresses.iter().map(|host| (host, true))) {
                table.add(provider.class, &provider.name, &owner, host, in_addresses);
            }
        }
        for group in document.group {
            for host in group.hosts {
                let domain = registrable_domain(split_path(host.trim_start_matches('=')).0).to_owned();
                let name = domain.split('.').next().unwrap_or_default().to_owned();
                let owner = table.owner_of_domain.get(&domain).cloned().unwrap_or_else(|| name.clone());
                table.add(group.class, &name, &owner, &host, false);
            }
        }
        table
    }

    fn add(&mut self, class: Class, provider: &str, owner: &str, entry: &str, in_addresses: bool) {
        let (host, path) = split_path(entry);
        let exact = host.starts_with('=');
        let host = host.trim_start_matches('=').to_owned();
        // A provider that nobody owns owns its own domains.
        if provider == owner && !host.ends_with(".*") {
            self.owner_of_domain.entry(registrable_domain(&host).to_owned()).or_insert_with(|| owner.to_owned());
        }
        self.by_host.entry(host.clone()).or_default().push(self.known.len());
        let path = path.map(str::to_owned);
        let (provider, owner) = (provider.to_owned(), owner.to_owned());
        self.known.push(Known { class, provider, owner, host, exact, path, in_addresses });
    }

    /// The entry that fits best: the longest host, and with it the longest path.
    fn find(&self, host: &str, path: Option<&str>) -> Option<&Known> {
        keys(host).find_map(|(key, level)| {
            let fitting = self.by_host.get(&*key)?.iter().filter_map(|index| self.known.get(*index)).filter(|known| {
                (!known.exact || level == 0)
                    && known.path.as_deref().is_none_or(|prefix| path.is_some_and(|path| is_path_below(path, prefix)))
            });
            fitting.max_by_key(|known| known.path.as_ref().map_or(0, String::len))
        })
    }

    fn owner(&self, host: &str) -> Option<&str> {
        keys(host).find_map(|(key, _)| self.owner_of_domain.get(&*key)).map(String::as_str)
    }

    /// Whether anybody may have put the host, or what is at the path, below its owner's name.
    fn is_tenant(&self, host: &str, path: Option<&str>) -> bool {
        keys(host).any(|(key, _)| {
            self.tenants.get(&*key).is_some_and(|paths| {
                paths.iter().any(|prefix| match prefix {
                    None => true,
                    Some(prefix) => path.is_some_and(|path| is_path_below(path, prefix)),
                })
            })
        })
    }
}

/// `docs.google.com/forms` to host and path.
fn split_path(entry: &str) -> (&str, Option<&str>) {
    entry.find('/').and_then(|slash| entry.split_at_checked(slash)).map_or((entry, None), |(host, path)| (host, Some(path)))
}

fn is_path_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

/// The names under which a host may stand in the table, longest first, with the number of labels left out: itself, what it is
/// below, and each with its country's suffix replaced by `*`.
fn keys(host: &str) -> impl Iterator<Item = (std::borrow::Cow<'_, str>, usize)> {
    use std::borrow::Cow;
    let suffix = psl::suffix(host.as_bytes()).filter(|suffix| suffix.typ() == Some(psl::Type::Icann));
    let suffix = suffix.and_then(|suffix| std::str::from_utf8(suffix.as_bytes()).ok().map(str::len));
    // Only countries: a company rarely lets others have its name there, unlike in new domains such as .app.
    let country = host.rsplit('.').next().is_some_and(|label| label.len() == 2);
    let starts = std::iter::once(0).chain(host.match_indices('.').map(|(dot, _)| dot + 1));
    starts.enumerate().flat_map(move |(level, start)| {
        let name = host.get(start..).unwrap_or_default();
        let stem = suffix.filter(|_| country).and_then(|suffix| name.get(..name.len().checked_sub(suffix)?));
        let star = stem.filter(|stem| !stem.is_empty()).map(|stem| (Cow::Owned(format!("{stem}*")), level));
        std::iter::once((Cow::Borrowed(name), level)).chain(star)
    })
}

fn found(known: &'static Known) -> HostClass {
    let Known { class, provider, owner, host, in_addresses, .. } = known;
    HostClass { class: *class, provider, owner, host, in_addresses: *in_addresses }
}

/// What is known of a host. A leading dot, as in cookies, is ignored.
pub fn classify(host: &str) -> Option<HostClass> {
    TABLE.find(&normalise(host)?, None).map(found)
}

/// What is known of an address: like [`classify`], and of the path too.
pub fn classify_url(address: &str) -> Option<HostClass> {
    TABLE.find(&of_url(address)?, path_of(address)).map(found)
}

/// The path of an address, with what follows it.
fn path_of(address: &str) -> Option<&str> {
    let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
    rest.find('/').and_then(|slash| rest.get(slash..))
}

/// The services that a pattern covers, without repetition: those of its host, and for `*.` those below it. A pattern over all
/// sites, or all of a country, names none.
pub fn pattern_classes(pattern: &HostPattern) -> Vec<HostClass> {
    if pattern.breadth() > Breadth::Domain {
        return Vec::new();
    }
    let Some(host) = pattern.host() else { return Vec::new() };
    let address = format!("//{host}{}", pattern.path().trim_end_matches('*').trim_end_matches('/'));
    let mut classes: Vec<HostClass> = classify_url(&address).into_iter().collect();
    if pattern.with_subdomains() {
        let covered = TABLE.known.iter().filter(|known| known.path.is_none() && is_below(&known.host, host)).map(found);
        classes.extend(covered);
    }
    let mut seen = std::collections::HashSet::new();
    classes.retain(|known| seen.insert((known.class, known.provider)));
    classes.sort();
    classes
}

/// The company that runs a host, where the table knows it and nobody else can put something there.
pub fn owner(host: &str) -> Option<&'static str> {
    let host = normalise(host)?;
    if TABLE.is_tenant(&host, None) {
        return None;
    }
    TABLE.owner(&host)
}

/// Whether a host belongs to somebody else than `page`, which is a provider (`gmail`) or the host of a page. What tenants put
/// below an owner's name is foreign: data on its way to `script.google.com` leaves Gmail.
pub fn is_foreign(host: &str, page: &str) -> bool {
    normalise(host).is_none_or(|host| is_foreign_at(&host, None, page))
}

/// [`is_foreign`] for a whole address, which knows places such as `docs.google.com/forms`.
pub fn is_foreign_url(address: &str, page: &str) -> bool {
    of_url(address).is_none_or(|host| is_foreign_at(&host, path_of(address), page))
}

fn is_foreign_at(host: &str, path: Option<&str>, page: &str) -> bool {
    let page_owner = TABLE.owner_of_provider.get(page).map(String::as_str);
    let page_host = normalise(page).filter(|page| page_owner.is_none() && page.contains('.'));
    // `discord.com/api/webhooks` is somebody else's, though the page is Discord's own.
    let is_path_of_a_tenant = || path.is_some() && TABLE.is_tenant(host, path) && !TABLE.is_tenant(host, None);
    if page_host.as_deref() == Some(host) {
        return is_path_of_a_tenant();
    }
    if TABLE.is_tenant(host, path) {
        return true;
    }
    if page_host.as_deref().is_some_and(|page| registrable_domain(page) == registrable_domain(host)) {
        return false;
    }
    let page_owner = page_owner.or_else(|| TABLE.owner(page_host.as_deref()?));
    page_owner.is_none() || page_owner != TABLE.owner(host)
}

/// Whether two hosts have the same registered domain or the same known owner.
pub fn same_owner(one: &str, other: &str) -> bool {
    !is_foreign(one, other)
}

#[cfg(test)]
mod tests;
