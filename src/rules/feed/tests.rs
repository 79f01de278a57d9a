#![allow(clippy::unwrap_used)]

use super::*;

const ID: &str = "abcdefghijklmnopabcdefghijklmnop";
const OTHER: &str = "ponmlkjihgfedcbaponmlkjihgfedcba";

fn values(text: &str) -> Vec<(&'static str, String)> {
    parse("feed", text.as_bytes()).0.into_iter().map(|found| (found.kind.as_str(), found.value)).collect()
}

fn ids(text: &str) -> Vec<String> {
    values(text).into_iter().filter(|(kind, _)| *kind == "extension_id").map(|(_, value)| value).collect()
}

#[test]
fn every_row_of_the_built_in_lists_is_understood() {
    let lists = || builtin::signatures().filter(|(path, _)| is_own(path));
    let rows: usize = lists().map(|(_, text)| csv::Reader::from_reader(text.as_bytes()).records().count()).sum();
    assert_eq!(builtin().all().len(), rows);
    assert!(rows > 400, "{rows}");
    for listed in builtin().all() {
        let right = match listed.kind {
            IndicatorType::Sha256 => listed.value.len() == 64 && listed.value.bytes().all(|byte| byte.is_ascii_hexdigit()),
            IndicatorType::ExtensionId => crate::model::ExtensionId::parse(&listed.value).is_some(),
            IndicatorType::Domain => listed.value.contains('.') && !listed.value.contains('/'),
            _ => !listed.value.is_empty(),
        };
        assert!(right, "{listed:?}");
        assert!(listed.strength != Strength::Alone || listed.kind == IndicatorType::Sha256, "{listed:?}");
    }
}

#[test]
fn no_built_in_indicator_accuses_well_known_software() {
    let protected = Protected::builtin();
    assert!(protected.ids.len() > 30 && protected.hosts.len() > 20);
    for (id, name) in &protected.ids {
        assert!(crate::model::ExtensionId::parse(id).is_some(), "{name}");
    }
    for listed in builtin().all() {
        assert_eq!(owner(listed.kind, &listed.value), None, "{}", listed.value);
    }
}

#[test]
fn one_id_a_line_with_head_comments() {
    let text = format!("# https://example.org/article\r\n{ID}\r\n\r\n#https://example.org/second\r\n{OTHER}");
    let (found, problems) = parse("list.txt", text.as_bytes());
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(found[0].source, "https://example.org/article");
    assert_eq!(found[1].source, "https://example.org/second");
}

#[test]
fn names_and_tags_after_the_id() {
    let (found, problems) = parse("f", format!("{ID}  # Some Name [remediated]\n{OTHER} # Other [malware]\n").as_bytes());
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(found.iter().map(|found| found.remediated).collect::<Vec<_>>(), [true, false]);
    assert_eq!(ids(&format!("{ID} - Booking.com helper\t \nSome name ({OTHER})")), [ID, OTHER]);
}

#[test]
fn one_single_line_with_commas() {
    assert_eq!(ids(&format!("{ID},{OTHER}")), [ID, OTHER]);
    assert_eq!(ids(&format!("{}, {OTHER} ,", ID.to_uppercase())), [ID, OTHER]);
}

#[test]
fn csv_by_the_names_of_its_columns() {
    let text = format!(
        "\"EXTID\",\"EXTID-NAME\",\"DATE-ADD\",\"SOURCE\",\"CONFIRM-MAL\",\"REPORTED-MAL\",\"NOTES\"\n\
         \"{ID}\",\"A, B\",\"2026-01-02\",\"Somebody\",\"3\",\"1\",\"remediated supply-chain victim\"\n\
         \"{OTHER}\",\"C\",\"\",\"\",\"0\",\"0\",\"\"\n"
    );
    let (found, problems) = parse("meta.csv", text.as_bytes());
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(found.len(), 1, "nobody confirmed or reported the second");
    assert_eq!((found[0].source.as_str(), found[0].date.as_deref()), ("Somebody", Some("2026-01-02")));
    assert!(found[0].remediated);
    assert_eq!(ids(&format!("extensionID,reference\n{ID},\"https://example.org/a,b\"\n")), [ID]);
    assert_eq!(ids(&format!("ID,name,threat,Source\n{ID},x,adware,y\n")), [ID]);
}

#[test]
fn our_own_columns_keep_their_strength() {
    let hash = "a".repeat(64);
    let text = format!(
        "value,type,family,strength,source\n{hash},sha256,X,alone,me\nbad.example,domain,X,alone,me\nbg.js,file_name,X,alone,me\n"
    );
    let found = parse("own.csv", text.as_bytes()).0;
    let strengths: Vec<_> = found.iter().map(|found| found.strength).collect();
    assert_eq!(strengths, [Strength::Alone, Strength::Corroborate, Strength::Context], "only a hash may stand alone");
}

#[test]
fn markdown_tables_and_store_addresses() {
    let text = format!(
        "Some prose.\n\n| Store | Name | Users |\n|---|:--|--:|\n\
         | https://chromewebstore.google.com/detail/some-name/{ID} | A | 1 |\n\
         | [B](https://chrome.google.com/webstore/detail/{OTHER}) | B | 2 |\n"
    );
    assert_eq!(ids(&text), [ID, OTHER]);
    let dated = format!("| ID | Name | Insert date |\n| --- | --- | --- |\n| {ID} | x | 07/02/26 |\n");
    assert_eq!(parse("f", dated.as_bytes()).0[0].date.as_deref(), Some("07/02/26"));
}

#[test]
fn json_in_the_shapes_of_the_field() {
    assert_eq!(ids(&format!("[\"{ID}\", \"{OTHER}\"]")), [ID, OTHER]);
    let meta = format!(
        r#"{{"meta":{{"name":"List"}},"extensions":[{{"ext_id":"{ID}","date_added":"2026-01-02","notes":"remediated"}}]}}"#
    );
    let found = parse("list.json", meta.as_bytes()).0;
    assert_eq!((found[0].source.as_str(), found[0].remediated), ("List", true));
    assert_eq!(ids(&format!(r#"{{"{ID}":"Some name"}}"#)), [ID]);
}

#[test]
fn stix_patterns() {
    let hash = "b".repeat(64);
    let bundle = format!(
        r#"{{"type":"bundle","id":"bundle--1","objects":[
            {{"type":"indicator","id":"indicator--1","name":"X","pattern_type":"stix",
              "pattern":"[file:hashes.'SHA-256' = '{hash}' OR domain-name:value = 'bad.example']","valid_from":"2026-01-01T00:00:00Z"}},
            {{"type":"indicator","id":"indicator--2","revoked":true,"pattern":"[x-chrome-extension:id = '{ID}']"}},
            {{"type":"indicator","id":"indicator--3","pattern":"[process:name = 'x.exe']"}},
            {{"type":"malware","id":"malware--1"}}]}}"#
    );
    let (found, problems) = parse("b.json", bundle.as_bytes());
    let shown: Vec<_> = found.iter().map(|found| (found.kind.as_str(), found.remediated)).collect();
    assert_eq!(shown, [("sha256", false), ("domain", false), ("extension_id", true)]);
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn misp_events() {
    let event = format!(
        r#"{{"Event":{{"info":"A case","date":"2026-03-04",
            "Attribute":[{{"type":"domain","value":"bad[.]example","to_ids":true}},
                         {{"type":"domain","value":"victim.example","to_ids":false}},
                         {{"type":"text","value":"{ID}"}},
                         {{"type":"filename|sha256","value":"bg.js|{}"}}],
            "Object":[{{"Attribute":[{{"type":"url","value":"hxxps://bad[.]example/in.php"}}]}}]}}}}"#,
        "c".repeat(64)
    );
    let found: Vec<_> = values(&event).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(found, ["domain", "extension_id", "sha256", "url"]);
    assert_eq!(parse("e", event.as_bytes()).0[0].source, "A case");
}

#[test]
fn defanged_values() {
    for (text, plain) in [
        ("hxxps://bad[.]example/x", ("url", "https://bad.example/x")),
        ("hXXp://bad(.)example", ("domain", "bad.example")),
        ("bad[dot]example", ("domain", "bad.example")),
        ("10[.]0[.]0[.]1", ("domain", "10.0.0.1")),
    ] {
        assert_eq!(values(text), [(plain.0, plain.1.to_owned())], "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_and_left_out() {
    let text = format!(
        "{}\nnkbihfbeogaeaoehlefnkodbefgpgknn\nblogspot.com\nthis is prose\nd41d8cd98f00b204e9800998ecf8427e\n{ID}\n",
        &ID[..31]
    );
    let (found, problems) = parse("f.txt", text.as_bytes());
    assert_eq!(found.len(), 1);
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 5, "{said:#?}");
    assert!(said[0].contains("31 letters"), "{}", said[0]);
    assert!(said[1].contains("MetaMask"), "{}", said[1]);
    assert!(said[2].contains("shared hosting"), "{}", said[2]);
    assert!(said[4].contains("SHA-256"), "{}", said[4]);
}

#[test]
fn an_empty_or_binary_feed_is_no_feed() {
    for bytes in [&b""[..], b"\xff\xfe\x00\x00", b"{", b"[[", b"|", b"| a\n|-|\n"] {
        let (found, problems) = parse("f", bytes);
        assert!(found.is_empty() && !problems.is_empty(), "{bytes:?}");
    }
}

#[test]
fn fingerprints_of_code() {
    let print: crate::model::fingerprint::Fingerprint = builtin().fingerprints().next().unwrap().0.clone();
    let json = format!(r#"{{"fingerprints": [{{"fingerprint": "{print}", "family": "TEST", "source": "a report"}}]}}"#);
    let (found, problems) = parse("f", json.as_bytes());
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!((found[0].kind, found[0].family.as_deref()), (IndicatorType::Fingerprint, Some("TEST")));
    assert_eq!(IndicatorSet::new(found).fingerprints().count(), 1);
    // A report of ours is a feed: the id and what the code is built like.
    let json = format!(r#"{{"extensions": [{{"id": "{ID}", "fingerprint": "{print}"}}]}}"#);
    assert_eq!(values(&json), [("extension_id", ID.to_owned()), ("fingerprint", print.to_string())]);
    assert_eq!(values(&format!("{print} # a line of a list")), [("fingerprint", print.to_string())]);
    let (found, problems) = parse("f", format!("{ID}\n{}", &print.to_string()[..40]).as_bytes());
    assert_eq!((found.len(), problems.len()), (1, 1), "{problems:?}");
}
