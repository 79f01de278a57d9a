#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn fault(text: &str) -> Fault {
    parse(text.as_bytes()).unwrap_err().fault
}

#[test]
fn takes_what_the_browser_takes() {
    for (text, value) in [
        ("\u{feff}{\"a\":1}", json!({"a": 1})),
        ("// before\n{/* in */\"a\": /**/ 1 // after\n}// end", json!({"a": 1})),
        ("{\"a\":1,\"a\":2}", json!({"a": 2})),
        ("{\"a\":1,/**/\"a\":2}", json!({"a": 2})),
        ("\"one\ntwo\"", json!("one\ntwo")),
        (r#""\x41\u0041\ud83d\ude00\x00""#, json!("AA\u{1f600}\0")),
        (" \t\r\n[1e5,-0.5,12345678901234567890]\n", json!([1e5, -0.5, 12345678901234567890u64])),
        ("/**/[true,false,null,\"\"]", json!([true, false, null, ""])),
        ("/***/0", json!(0)),
    ] {
        assert_eq!(parse(text.as_bytes()).unwrap(), value, "{text}");
    }
}

#[test]
fn refuses_what_the_browser_refuses() {
    for text in [
        "",
        "  ",
        "// only",
        "\u{feff}\u{feff}{}",
        "{} x",
        "{}\0",
        "# c\n{}",
        "{/* }",
        "{/* /* */ */}",
        "/",
        "{\"a\":1,}",
        "[1,]",
        "[,1]",
        "{a:1}",
        "{'a':1}",
        "\"tab\there\"",
        "\"cr\rhere\"",
        r#""\v""#,
        r#""\'""#,
        r#""\x4""#,
        r#""\xZZ""#,
        r#""\u12""#,
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800\u0041""#,
        r#""\ud800/""#,
        "NaN",
        "Infinity",
        "-",
        "0x10",
        "01",
        "+1",
        ".5",
        "5.",
        "1e",
        "1e400",
        "-1e400",
        "[1 2]",
        "{\"a\" 1}",
        "{\"a\":}",
        "nul",
        "\u{c}{}",
        "\u{a0}{}",
        "{",
        "[",
        "\"",
        "\"\\",
        "[1",
        "{\"a\":1",
        "--1",
        "1-1",
    ] {
        assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        // The same with a comment in front, which the fast path refuses.
        assert!(parse(format!("/**/{text}").as_bytes()).is_err(), "comment and {text:?}");
    }
    assert_eq!(fault("1e400"), Fault::NumberRange);
    assert_eq!(fault("01"), Fault::Number);
    assert_eq!(parse(b"\xff\xfe{\0}\0").unwrap_err().fault, Fault::Utf16);
    assert_eq!(parse(b"{\"a\":\"\xff\"}").unwrap_err().fault, Fault::NotUtf8);
    assert_eq!(parse(b"\0\x01\x02binary\xff").unwrap_err().to_string().split(": ").next(), Some("line 1, column 10"));
}

#[test]
fn errors_say_where() {
    let error = parse("{\n  \"ä\": 1,\n}".as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "line 3, column 1: a comma with nothing after it");
    let error = parse("[\"äöü\" x]".as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 8: expected ',' or ']', found 'x'");
}

#[test]
fn follows_199_levels_and_not_one_more() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(parse(nested(199).as_bytes()).is_ok());
    assert_eq!(fault(&nested(200)), Fault::TooDeep);
    assert_eq!(fault(&nested(10_000)), Fault::TooDeep);
    assert_eq!(fault(&"[".repeat(1_000_000)), Fault::TooDeep);
    assert_eq!(fault(&"{\"a\":".repeat(100_000)), Fault::TooDeep);
    assert!(parse(format!("{{\"a\":{}}}", nested(198)).as_bytes()).is_ok());
}

#[test]
fn a_short_text_cannot_ask_for_much_memory() {
    let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
    assert_eq!(fault(&many), Fault::TooMany);
    // Commas in a string are no values.
    let commas = format!("\"{}\"", ",".repeat(MAX_VALUES + 10));
    assert!(parse(commas.as_bytes()).is_ok());
}

#[test]
fn duplicate_keys_are_named() {
    assert_eq!(duplicate_keys(br#"{"a":1,"b":{"c":1,"c":2,"c":3},"a":2,/**/"d":[{"e":1},{"e":1}]}"#), ["c", "a"]);
    assert!(duplicate_keys(b"\xff").is_empty());
    assert_eq!(duplicate_keys(b"{\"a\":1,\"a\":2"), ["a"]);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".*".prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::vec((".*", inner), 0..8).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_json_like_text_agrees_with_serde_json_where_that_takes_it(text in r#"[\[\]{}",:0-9eE.\\/*x u+n\-\n\t]{0,60}"#) {
        let lenient = Reader::new(&text).document();
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            prop_assert_eq!(lenient.unwrap(), value);
        }
    }

    #[test]
    fn plain_json_reads_as_serde_json_reads_it(value in value()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let expected: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&Reader::new(&text).document().unwrap(), &expected);
            prop_assert_eq!(&parse(text.as_bytes()).unwrap(), &expected);
            prop_assert_eq!(&parse(format!("/* {{ */{text}// ]").as_bytes()).unwrap(), &expected);
        }
    }
}
