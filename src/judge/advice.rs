//! What to do now, step by step, for the way an extension came in and for what it took.
//!
//! The order matters: evidence first, then what would bring the extension back (policy, launcher, program), then the extension,
//! then synchronisation, and from a clean device the accounts. Sources of the advice: MITRE ATT&CK's mitigations of T1176.001, the
//! vendors' reports on SHARPEXT, STOLEN PENCIL and AiFrame, and the agencies' warnings of 2023 and 2024.

use crate::finding::{Finding, Verdict};
use crate::model::InstallSource;

/// One step, in three languages.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// A word for it.
    pub id: &'static str,
    english: &'static str,
    german: &'static str,
    korean: &'static str,
}

impl Step {
    /// The words in a language (`en`, `de`, `ko`), English where it is none of them.
    pub fn text(&self, language: &str) -> &'static str {
        match language {
            "de" => self.german,
            "ko" => self.korean,
            _ => self.english,
        }
    }
}

macro_rules! steps {
    ($($name:ident $id:literal $english:literal $german:literal $korean:literal)*) => {
        $(static $name: Step = Step { id: $id, english: $english, german: $german, korean: $korean };)*
        /// Every step, in the order in which they are done.
        static ALL: &[&Step] = &[$(&$name),*];
    };
}

steps! {
    EVIDENCE "evidence"
        "Do not delete anything yet. Save the extension's folder, the profile's Preferences and Secure Preferences and the report, for instance with \"crxhound evidence\"."
        "Noch nichts löschen. Den Ordner der Erweiterung, die Dateien Preferences und Secure Preferences des Profils und den Bericht sichern, etwa mit \"crxhound evidence\"."
        "아직 아무것도 삭제하지 마십시오. 확장 프로그램 폴더, 프로필의 Preferences와 Secure Preferences, 보고서를 \"crxhound evidence\" 등으로 보관하십시오."
    OFFLINE "offline"
        "Take the computer off the network. Whoever put this extension there controlled the computer: plan to set it up anew instead of cleaning it."
        "Den Rechner vom Netz nehmen. Wer diese Erweiterung abgelegt hat, beherrschte den Rechner: eine Neuinstallation planen statt einer Reinigung."
        "PC를 네트워크에서 분리하십시오. 이 확장 프로그램을 넣은 자는 PC를 장악했습니다. 치료가 아니라 재설치를 계획하십시오."
    POLICY "policy"
        "A policy installs it: find out who set that policy, and take the entry out first, or the browser brings the extension back."
        "Eine Richtlinie installiert sie: klären, wer sie gesetzt hat, und zuerst den Eintrag entfernen, sonst bringt der Browser die Erweiterung zurück."
        "정책으로 설치되었습니다. 누가 설정했는지 확인하고 정책 항목부터 제거하십시오. 그러지 않으면 브라우저가 다시 설치합니다."
    LAUNCHER "launcher"
        "A shortcut, task or startup entry loads it: take that entry out first, and look at what else it starts."
        "Eine Verknüpfung, Aufgabe oder ein Autostart lädt sie: zuerst diesen Eintrag entfernen und ansehen, was er noch startet."
        "바로 가기, 예약 작업, 자동 시작 항목이 불러옵니다. 그 항목부터 제거하고 다른 무엇을 실행하는지 확인하십시오."
    EXTERNAL "external"
        "A file or registry key outside the profile may bring it in: look for it and take it out first."
        "Eine Datei oder ein Registrierungsschlüssel außerhalb des Profils kann sie einbringen: danach suchen und zuerst entfernen."
        "프로필 밖의 파일이나 레지스트리 키가 설치했을 수 있습니다. 찾아서 먼저 제거하십시오."
    NATIVE_HOST "native-host"
        "A program outside the browser may talk to the extension: take its entry out, and look at what the program is and who put it there."
        "Ein Programm außerhalb des Browsers darf mit der Erweiterung sprechen: seinen Eintrag entfernen und klären, was es ist und wer es abgelegt hat."
        "브라우저 밖의 프로그램이 확장 프로그램과 통신할 수 있습니다. 그 등록 항목을 제거하고 어떤 프로그램이며 누가 넣었는지 확인하십시오."
    REMOVE "remove"
        "Remove the extension on the browser's extensions page, then look whether its folder is gone."
        "Die Erweiterung auf der Erweiterungsseite des Browsers entfernen, dann prüfen, ob ihr Ordner fort ist."
        "브라우저의 확장 프로그램 페이지에서 제거한 뒤 폴더가 없어졌는지 확인하십시오."
    DEVELOPER "developer-mode"
        "Switch developer mode off, if nobody here develops extensions."
        "Den Entwicklermodus abschalten, wenn hier niemand Erweiterungen entwickelt."
        "확장 프로그램을 개발하지 않는다면 개발자 모드를 끄십시오."
    SYNC "sync"
        "Pause the browser's synchronisation until every device is checked, or it comes back from another one."
        "Die Synchronisierung des Browsers anhalten, bis jedes Gerät geprüft ist, sonst kommt sie von einem anderen zurück."
        "모든 기기를 점검할 때까지 브라우저 동기화를 중지하십시오. 그러지 않으면 다른 기기에서 다시 설치됩니다."
    SESSIONS "sessions"
        "From a clean device sign out all sessions of the accounts that were open in this browser: a stolen session needs no password."
        "Von einem sauberen Gerät aus alle Sitzungen der Konten abmelden, die in diesem Browser offen waren: eine gestohlene Sitzung braucht kein Passwort."
        "안전한 다른 기기에서 이 브라우저에 열려 있던 계정의 모든 세션을 로그아웃하십시오. 훔친 세션에는 비밀번호가 필요 없습니다."
    PASSWORDS "passwords"
        "From that device change the passwords, mail first, and renew the second factor, best with a security key."
        "Von dort aus die Passwörter ändern, Mail zuerst, und den zweiten Faktor erneuern, am besten mit einem Sicherheitsschlüssel."
        "그 기기에서 메일부터 비밀번호를 바꾸고, 2차 인증 수단을 가능하면 보안 키로 새로 등록하십시오."
    MAILBOX "mailbox"
        "In the mail account look for forwarding rules, filters, delegates, recovery addresses, app passwords and connected apps that nobody knows."
        "Im Mailkonto nach unbekannten Weiterleitungen, Filtern, Stellvertretern, Wiederherstellungsadressen, App-Passwörtern und verbundenen Apps suchen."
        "메일 계정에서 모르는 자동 전달 규칙, 필터, 위임, 복구 주소, 앱 비밀번호, 연결된 앱이 있는지 확인하십시오."
    PHONE "phone"
        "Look at the Google account's phone for apps that its owner did not install: Kimsuky used that way too."
        "Auf dem Telefon des Google-Kontos nach Apps suchen, die die Person nicht installiert hat: auch diesen Weg nutzte Kimsuky."
        "구글 계정에 연결된 휴대전화에 본인이 설치하지 않은 앱이 있는지 확인하십시오. 김수키가 이 방법도 사용했습니다."
    PEOPLE "people"
        "Tell the people whose mails were in the mailbox: stolen mail is used for the next lure."
        "Die Menschen informieren, deren Mails im Postfach lagen: gestohlene Mails dienen dem nächsten Köder."
        "편지함에 메일이 있던 사람들에게 알리십시오. 훔친 메일은 다음 미끼에 쓰입니다."
    WALLET "wallet"
        "From a clean device move the funds to a new wallet with a new recovery phrase."
        "Von einem sauberen Gerät aus das Guthaben in eine neue Wallet mit neuer Wiederherstellungsphrase verschieben."
        "안전한 다른 기기에서 새 복구 구문으로 만든 새 지갑으로 자산을 옮기십시오."
    REPORT "report"
        "Report it: to your own security team, and to the national agency (Germany: BSI and BfV; Korea: KISA and NIS; United States: CISA)."
        "Melden: dem eigenen Sicherheitsteam und der Behörde (Deutschland: BSI und BfV; Korea: KISA und NIS; USA: CISA)."
        "신고하십시오. 소속 기관의 보안 담당자와 국가 기관(한국: KISA와 국가정보원, 독일: BSI와 BfV, 미국: CISA)에 알리십시오."
}

/// Where one provider lets people end sessions, and what else to look at there.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    /// The provider.
    pub name: &'static str,
    /// The page that lists sessions and devices.
    pub sessions: &'static str,
    /// The page with the password, app passwords and the second factor.
    pub passwords: &'static str,
    /// The page that lists apps with access (OAuth grants).
    pub apps: &'static str,
    /// The mailbox's page of forwarding rules and filters.
    pub mailbox: &'static str,
    words: &'static [&'static str],
}

/// Providers by the words with which findings name them.
static ACCOUNTS: &[Account] = &[
    Account {
        name: "Google",
        sessions: "https://myaccount.google.com/device-activity",
        passwords: "https://myaccount.google.com/apppasswords",
        apps: "https://myaccount.google.com/connections",
        mailbox: "https://mail.google.com/mail/u/0/#settings/fwdandpop",
        words: &["gmail", "google"],
    },
    Account {
        name: "Microsoft",
        sessions: "https://account.microsoft.com/security",
        passwords: "https://account.microsoft.com/security",
        apps: "https://account.live.com/consent/Manage",
        mailbox: "https://outlook.live.com/mail/0/options/mail/forwarding",
        words: &["outlook", "microsoft", "live.com"],
    },
    Account {
        name: "Naver",
        sessions: "https://nid.naver.com/user2/help/myInfo",
        passwords: "https://nid.naver.com/user2/help/myInfo",
        apps: "https://nid.naver.com/user2/help/myInfo",
        mailbox: "https://mail.naver.com/",
        words: &["naver"],
    },
    Account {
        name: "Kakao and Daum",
        sessions: "https://accounts.kakao.com/",
        passwords: "https://accounts.kakao.com/",
        apps: "https://accounts.kakao.com/",
        mailbox: "https://mail.daum.net/",
        words: &["kakao", "daum"],
    },
    Account {
        name: "Yahoo and AOL",
        sessions: "https://login.yahoo.com/account/activity",
        passwords: "https://login.yahoo.com/account/security",
        apps: "https://login.yahoo.com/account/activity",
        mailbox: "https://mail.yahoo.com/",
        words: &["yahoo", "aol"],
    },
];

/// What outside the profile brings an extension in or works with it, as far as it was seen on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// A policy installs it.
    pub policy: bool,
    /// Something that starts the browser loads it.
    pub launcher: bool,
    /// A file or registry key asks for it.
    pub external: bool,
    /// A program may talk to it.
    pub native_host: bool,
}

/// The steps for an extension that came in by `source`, with these findings; none where nothing is wrong.
pub fn steps(source: InstallSource, verdict: Verdict, findings: &[Finding], brought: Brought) -> Vec<&'static Step> {
    if verdict <= Verdict::Review { Vec::new() } else { chosen(source, verdict, findings, brought, false) }
}

/// The steps about a finding that is not about an extension: what it says itself comes between them.
pub fn elsewhere() -> Vec<&'static Step> {
    vec![&EVIDENCE, &REPORT]
}

/// Several lists as one, each step once and in its order.
pub fn together(lists: &[Vec<&'static Step>]) -> Vec<&'static Step> {
    ALL.iter().copied().filter(|step| lists.iter().flatten().any(|wanted| wanted == step)).collect()
}

/// The steps for somebody who has decided to take an extension out, whatever its verdict.
pub fn removal(source: InstallSource, verdict: Verdict, findings: &[Finding], brought: Brought) -> Vec<&'static Step> {
    chosen(source, verdict, findings, brought, true)
}

fn chosen(
    source: InstallSource,
    verdict: Verdict,
    findings: &[Finding],
    brought: Brought,
    decided: bool,
) -> Vec<&'static Step> {
    use InstallSource::{CommandLine, EnterprisePolicy, Package, Sideload, Unknown, Unpacked};
    let took =
        |word: &str| findings.iter().any(|finding| finding.verdict >= Verdict::Suspicious && finding.rule.contains(word));
    let theft = findings.iter().any(|finding| finding.grounds.theft);
    let planted = matches!(source, Sideload | Unpacked | CommandLine | EnterprisePolicy);
    let mail = took("mail") || took("request") || findings.iter().any(|finding| finding.family.as_deref() == Some("SHARPEXT"));
    let chosen = [
        (true, &EVIDENCE),
        (planted && verdict == Verdict::Malicious, &OFFLINE),
        (source == EnterprisePolicy || brought.policy, &POLICY),
        (source == CommandLine || brought.launcher, &LAUNCHER),
        (source == Sideload || brought.external || (decided && source == Unknown), &EXTERNAL),
        (brought.native_host, &NATIVE_HOST),
        (source != Package, &REMOVE),
        (source == Unpacked, &DEVELOPER),
        (source != Package, &SYNC),
        (theft || decided || verdict == Verdict::Malicious, &SESSIONS),
        (theft || decided || verdict == Verdict::Malicious, &PASSWORDS),
        (mail, &MAILBOX),
        (mail && accounts(findings).iter().any(|account| account.name == "Google"), &PHONE),
        (mail, &PEOPLE),
        (took("wallet"), &WALLET),
        (decided || verdict == Verdict::Malicious, &REPORT),
    ];
    chosen.into_iter().filter(|(wanted, _)| *wanted).map(|(_, step)| step).collect()
}

/// Every provider of which we know the pages.
pub fn all_accounts() -> Vec<&'static Account> {
    ACCOUNTS.iter().collect()
}

/// The providers whose accounts findings name, in what they show: what a victim secures first.
pub fn accounts(findings: &[Finding]) -> Vec<&'static Account> {
    let shown: Vec<String> = findings
        .iter()
        .filter(|finding| finding.verdict >= Verdict::Suspicious)
        .flat_map(|finding| {
            let places = finding.evidence.iter().filter_map(|evidence| evidence.excerpt.as_deref());
            places.chain(finding.flow.iter().map(|step| step.what.as_str())).map(str::to_ascii_lowercase)
        })
        .collect();
    let named = |account: &&Account| account.words.iter().any(|word| shown.iter().any(|text| text.contains(word)));
    ACCOUNTS.iter().filter(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_comes_first_and_what_brings_it_back_before_the_extension() {
        let ids =
            |source| steps(source, Verdict::Malicious, &[], Brought::default()).iter().map(|step| step.id).collect::<Vec<_>>();
        let policy = ids(InstallSource::EnterprisePolicy);
        assert_eq!(policy.first(), Some(&"evidence"));
        let at = |id: &str| policy.iter().position(|step| *step == id);
        assert!(at("policy") < at("remove") && at("remove") < at("sync"), "{policy:?}");
        assert!(ids(InstallSource::CommandLine).contains(&"launcher"));
        assert!(!ids(InstallSource::WebStore).contains(&"offline"));
        assert!(steps(InstallSource::WebStore, Verdict::Review, &[], Brought::default()).is_empty());
    }

    #[test]
    fn whoever_has_decided_gets_steps_and_what_was_seen_comes_before_the_extension() {
        let brought = Brought { policy: true, native_host: true, ..Brought::default() };
        let steps = removal(InstallSource::WebStore, Verdict::Ok, &[], brought);
        let ids: Vec<_> = steps.iter().map(|step| step.id).collect();
        let wanted = ["evidence", "policy", "native-host", "remove", "sync", "sessions", "passwords", "report"];
        assert_eq!(ids, wanted);
    }

    #[test]
    fn several_extensions_get_one_list_in_the_same_order() {
        let of = |source| steps(source, Verdict::Malicious, &[], Brought::default());
        let both = [of(InstallSource::EnterprisePolicy), of(InstallSource::CommandLine), elsewhere()];
        let ids: Vec<_> = together(&both).iter().map(|step| step.id).collect();
        let wanted = ["evidence", "offline", "policy", "launcher", "remove", "sync", "sessions", "passwords", "report"];
        assert_eq!(ids, wanted);
        assert!(together(&[]).is_empty());
    }

    #[test]
    fn every_step_speaks_three_languages() {
        for step in ALL {
            let words: Vec<_> = ["en", "de", "ko"].iter().map(|language| step.text(language)).collect();
            assert!(words.iter().all(|text| !text.is_empty()), "{}", step.id);
            assert!(words.first() != words.get(1) && words.get(1) != words.get(2), "{}", step.id);
        }
    }
}
