#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::*;

fn document() -> Document {
    toml::from_str(include_str!("../../hosts.toml")).unwrap()
}

fn named(host: &str) -> Option<(&'static str, &'static str)> {
    classify(host).map(|known| (known.class.as_str(), known.provider))
}

#[test]
fn the_table_is_consistent() {
    let document = document();
    let owners: BTreeSet<&str> = document.owner.iter().map(|owner| owner.name.as_str()).collect();
    let mut seen = BTreeSet::new();
    let hosts = document.provider.iter().flat_map(|provider| {
        assert!(provider.owner.as_deref().is_none_or(|owner| owners.contains(owner)), "{}", provider.name);
        provider.hosts.iter().chain(&provider.addresses)
    });
    for entry in hosts.chain(document.group.iter().flat_map(|group| &group.hosts)) {
        assert!(seen.insert(entry.trim_start_matches('=')), "{entry} stands twice");
        let host = split_path(entry.trim_start_matches('=')).0.trim_end_matches(".*");
        assert_eq!(normalise(host).as_deref(), Some(host), "{entry}");
    }
    for owner in &document.owner {
        for entry in owner.domains.iter().chain(&owner.tenants) {
            let host = split_path(entry).0.trim_end_matches(".*");
            assert_eq!(normalise(host).as_deref(), Some(host), "{entry}");
        }
    }
    // One name of a provider means one owner.
    let mut owner_of = std::collections::BTreeMap::new();
    for provider in &document.provider {
        let owner = provider.owner.as_deref().unwrap_or(&provider.name);
        assert_eq!(*owner_of.entry(&provider.name).or_insert(owner), owner, "{}", provider.name);
    }
}

/// A word that is missing there is a destination that no rule of theft would ask for.
#[test]
fn whatever_the_table_says_of_a_place_to_send_to_makes_it_a_strangers() {
    let document = document();
    let hosts = document.group.iter().flat_map(|group| &group.hosts);
    let mut words = BTreeSet::new();
    for host in hosts.map(|entry| entry.trim_start_matches('=').trim_end_matches(".*")) {
        words.insert(super::super::contact_class(&format!("https://{host}/x"), &[], &[]));
    }
    words.remove("store");
    let known: BTreeSet<_> = super::super::STRANGERS.iter().copied().filter(|word| *word != "raw-ip").collect();
    assert_eq!(words, known);
}

#[test]
fn hosts_are_recognised() {
    for (host, class, provider) in [
        ("mail.google.com", "mail", "gmail"),
        ("MAIL.GOOGLE.COM.", "mail", "gmail"),
        ("outlook.office365.com", "mail", "outlook"),
        ("us-mg5.mail.yahoo.com", "mail", "yahoo"),
        ("de.mail.yahoo.com", "mail", "yahoo"),
        ("mail.yahoo.de", "mail", "yahoo"),
        ("mail.yahoo.co.jp", "mail", "yahoo-japan"),
        ("mail.aol.com", "mail", "aol"),
        ("mail.naver.com", "mail", "naver"),
        ("mail.daum.net", "mail", "daum"),
        ("mail.kakao.com", "mail", "kakao"),
        ("bap.navigator.web.de", "mail", "web.de"),
        ("e.mail.ru", "mail", "mail.ru"),
        ("account.mail.ru", "login", "vk"),
        ("nid.naver.com", "login", "naver"),
        ("accounts.kakao.com", "login", "kakao"),
        ("accounts.google.co.kr", "login", "google"),
        (".google.com", "identity", "google"),
        ("google.de", "identity", "google"),
        ("company.okta.com", "login", "okta"),
        ("obank.kbstar.com", "bank", "kbstar"),
        ("blog.naver.com", "dead-drop", "naver"),
        ("onewithshare.blogspot.com", "dead-drop", "blogspot"),
        ("ney.r-e.kr", "free-zone", "r-e"),
        ("webman.w3school.cloudns.nz", "free-zone", "cloudns"),
        ("sdfa.liveblog365.com", "free-zone", "liveblog365"),
        ("jinakoa.000webhostapp.com", "free-zone", "000webhostapp"),
        ("x.trycloudflare.com", "tunnel", "trycloudflare"),
        ("x.s3.eu-west-1.amazonaws.com", "app-hosting", "amazonaws"),
    ] {
        let known = named(host);
        assert_eq!(known.map(|known| known.0), Some(class), "{host}");
        if !matches!(class, "free-zone" | "dead-drop" | "tunnel" | "app-hosting") {
            assert_eq!(known.map(|known| known.1), Some(provider), "{host}");
        }
    }
    for host in ["fonts.google.com", "example.com", "notmail.google.com.evil.invalid", "mail.google.com.evil.invalid", "", "."]
    {
        assert_eq!(named(host), None, "{host}");
    }
    // Not every domain with a company's name is the company's.
    assert_eq!(named("accounts.google.xyz"), None);
}

#[test]
fn addresses_know_more_than_hosts() {
    let class = |address| classify_url(address).map(|known| known.class.as_str());
    assert_eq!(class("https://discord.com/api/webhooks/1/x"), Some("collector"));
    assert_eq!(class("https://discord.com/channels/1"), Some("messenger"));
    assert_eq!(class("https://docs.google.com/forms/d/e/x"), Some("collector"));
    assert_eq!(class("https://docs.google.com/formsheet"), None);
    assert_eq!(class("https://www.google.com/s2/favicons?domain=a.example"), Some("icons"));
    assert_eq!(class("https://www.google.com/search?q=x"), Some("identity"));
    assert_eq!(class("https://cdn.jsdelivr.net/npm/jquery"), Some("cdn"));
    assert_eq!(class("https://cdn.jsdelivr.net/gh/a/b"), Some("code-hosting"));
}

#[test]
fn patterns_cover_services() {
    let classes = |text: &str| {
        let pattern = HostPattern::parse(text).unwrap();
        pattern_classes(&pattern).into_iter().map(|k| format!("{}/{}", k.class.as_str(), k.provider)).collect::<Vec<_>>()
    };
    assert_eq!(classes("https://mail.google.com/*"), ["mail/gmail"]);
    assert_eq!(
        classes("https://*.kakao.com/*"),
        ["mail/kakao", "login/kakao", "identity/kakao", "messenger/kakaotalk", "social/kakao"]
    );
    assert!(classes("https://*.naver.com/*").contains(&"mail/naver".to_owned()));
    assert!(classes("*://*.google.com/*").contains(&"mail/gmail".to_owned()));
    assert_eq!(classes("<all_urls>"), Vec::<String>::new());
    assert_eq!(classes("https://*.com/*"), Vec::<String>::new());
    assert_eq!(classes("https://translate.google.com/*"), ["translation/google"]);
    assert_eq!(classes("https://fonts.google.com/*"), Vec::<String>::new());
    assert_eq!(classes("https://github.com/login*"), ["login/github"]);
}

#[test]
fn what_belongs_together() {
    for (host, page) in [
        ("www.googleapis.com", "gmail"),
        ("ssl.gstatic.com", "gmail"),
        ("accounts.google.co.kr", "gmail"),
        ("graph.microsoft.com", "outlook"),
        ("res.office.com", "outlook"),
        ("login.live.com", "outlook"),
        ("s.yimg.com", "aol"),
        ("ssl.pstatic.net", "naver"),
        ("t1.daumcdn.net", "kakao"),
        ("api.example.com", "www.example.com"),
        ("www.googleapis.com", "mail.google.com"),
        ("x.blogspot.com", "x.blogspot.com"),
        ("api.fastmail.com", "fastmail"),
        ("jmap.kbstar.com", "obank.kbstar.com"),
    ] {
        assert!(!is_foreign(host, page), "{host} is not foreign to {page}");
    }
    for (host, page) in [
        ("collector.invalid", "gmail"),
        ("script.google.com", "gmail"),
        ("x.firebaseio.com", "gmail"),
        ("x.appspot.com", "mail.google.com"),
        ("x.tistory.com", "daum"),
        ("graph.microsoft.com", "gmail"),
        ("y.blogspot.com", "x.blogspot.com"),
        ("google.com.evil.invalid", "gmail"),
        ("google.xyz", "gmail"),
        ("localhost", "gmail"),
        ("", "gmail"),
        ("collector.invalid", "unknown-provider"),
    ] {
        assert!(is_foreign(host, page), "{host} is foreign to {page}");
    }
    assert!(is_foreign_url("https://docs.google.com/forms/d/x", "gmail"));
    assert!(!is_foreign_url("https://docs.google.com/document/d/x", "gmail"));
    assert!(is_foreign_url("https://discord.com/api/webhooks/1/x", "discord.com"), "a webhook is whose it is");
    assert!(!is_foreign_url("https://discord.com/api/v9/users/@me", "discord.com"));
    assert_eq!(owner("mail.google.com"), Some("google"));
    assert_eq!(owner("x.blogspot.com"), None);
}
