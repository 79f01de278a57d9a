//! Content security policies of extension pages: what they allow beyond the extension's own files.

/// One way in which a policy lets foreign code run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakness {
    /// `unsafe-eval`, `unsafe-inline`, `remote-script`, `any-script`, `data-script`.
    pub word: &'static str,
    /// The directive that allows it.
    pub directive: String,
    /// The source that allows it, as written.
    pub source: String,
}

/// Directives that say where scripts may come from; the first that is there counts for scripts, `default-src` last.
const SCRIPT: [&str; 4] = ["script-src-elem", "script-src", "worker-src", "default-src"];

/// What is weak in a policy. A policy without a word on scripts counts as the browser's own, which is strict.
pub fn weaknesses(policy: &str) -> Vec<Weakness> {
    let directives: Vec<(String, &str)> = policy
        .split(';')
        .filter_map(|directive| {
            let directive = directive.trim();
            let (name, sources) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
            (!name.is_empty()).then(|| (name.to_ascii_lowercase(), sources))
        })
        .collect();
    let has_script = directives.iter().any(|(name, _)| name == "script-src");
    let mut found: Vec<Weakness> = Vec::new();
    for (name, sources) in &directives {
        if !SCRIPT.contains(&name.as_str()) || (name == "default-src" && has_script) {
            continue;
        }
        for source in sources.split_whitespace() {
            if let Some(word) = weakness(source)
                && !found.iter().any(|known| known.word == word && known.source == source)
            {
                found.push(Weakness { word, directive: name.clone(), source: source.to_owned() });
            }
        }
    }
    found
}

fn weakness(source: &str) -> Option<&'static str> {
    let source = source.to_ascii_lowercase();
    match source.as_str() {
        "'unsafe-eval'" => Some("unsafe-eval"),
        "'unsafe-inline'" => Some("unsafe-inline"),
        "*" | "http:" | "https:" | "http://*" | "https://*" | "http://*/" | "https://*/" => Some("any-script"),
        "data:" | "blob:" | "filesystem:" => Some("data-script"),
        // Keywords, nonces and hashes of the extension's own scripts.
        quoted if quoted.starts_with('\'') => None,
        own if own.starts_with("chrome-extension:") => None,
        host => {
            let host = super::host::of_url(host)?;
            (!super::host::is_local(&host)).then_some("remote-script")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(policy: &str) -> Vec<String> {
        weaknesses(policy).into_iter().map(|weak| format!("{} {} {}", weak.directive, weak.word, weak.source)).collect()
    }

    #[test]
    fn what_lets_foreign_code_run() {
        assert_eq!(
            words("script-src 'self' 'unsafe-eval' https://cdn.example; object-src 'self'"),
            ["script-src unsafe-eval 'unsafe-eval'", "script-src remote-script https://cdn.example"]
        );
        assert_eq!(
            words("default-src 'self' https: data:"),
            ["default-src any-script https:", "default-src data-script data:"]
        );
        assert_eq!(
            words("SCRIPT-SRC * 'unsafe-inline'"),
            ["script-src any-script *", "script-src unsafe-inline 'unsafe-inline'"]
        );
        assert_eq!(words("script-src cdn.example"), ["script-src remote-script cdn.example"]);
    }

    #[test]
    fn what_does_not() {
        for policy in [
            "",
            ";;",
            "script-src 'self'; object-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval' 'sha256-abc=' 'nonce-x'",
            "script-src 'self' http://localhost:3000 http://127.0.0.1:*",
            "default-src *; script-src 'self'",
            "img-src *; connect-src https:; frame-src https://x.example",
        ] {
            assert_eq!(words(policy), Vec::<String>::new(), "{policy}");
        }
    }
}
