//! HTML pages: the scripts they run, and what they load.
//!
//! Only the tokenizer of the HTML standard is used, no tree: scripts, handlers and addresses are what matters here.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

/// Scripts, handlers and loads of one page are bounded, so that a page of ten million tags costs no memory.
const MAX_PARTS: usize = 20_000;

/// What a page runs and loads.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Scripts in order.
    pub scripts: Vec<PageScript>,
    /// Addresses of frames, images, forms, links to style sheets: the element's name, the address, its offset.
    pub loads: Vec<(String, String, u32)>,
    /// `<base href>`.
    pub base: Option<String>,
    /// Content security policies in `<meta>`.
    pub policies: Vec<String>,
    /// Elements with an `id` that a person types into: the id and what it takes (`password`, `email`, ...).
    pub inputs: Vec<(String, String)>,
}

/// One script of a page.
#[derive(Clone, Debug)]
pub enum PageScript {
    /// `<script src>`: the address as written, and whether it is a module.
    External {
        /// As written.
        address: String,
        /// `type="module"`.
        module: bool,
        /// Where the tag begins.
        offset: u32,
    },
    /// Text between `<script>` and `</script>`.
    Inline {
        /// Where the text begins and ends in the page.
        span: (u32, u32),
        /// `type="module"`.
        module: bool,
    },
    /// An event handler attribute or a `javascript:` address; it runs only where the page's policy lets it.
    Handler {
        /// The attribute's name: `onclick`.
        attribute: String,
        /// The code.
        code: String,
        /// Where the attribute begins.
        offset: u32,
    },
}

/// Reads a page.
pub fn read(text: &str) -> Page {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut page = Page::default();
    let mut open: Option<bool> = None;
    let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let Ok(token) = token;
        if page.scripts.len() + page.loads.len() > MAX_PARTS {
            break;
        }
        match token {
            Token::StartTag(tag) => open = page.start(&tag),
            Token::String(text) => {
                if let Some(module) = open {
                    // Adjacent pieces of one script are one script.
                    let (start, end) = (at(text.span.start), at(text.span.end));
                    match page.scripts.last_mut() {
                        Some(PageScript::Inline { span, .. }) if span.1 == start => span.1 = end,
                        _ => page.scripts.push(PageScript::Inline { span: (start, end), module }),
                    }
                }
            }
            Token::EndTag(_) => open = None,
            _ => {}
        }
    }
    page
}

impl Page {
    /// Notes a tag; says whether an inline script follows, and whether it is a module.
    fn start(&mut self, tag: &StartTag<usize>) -> Option<bool> {
        let offset = u32::try_from(tag.span.start).unwrap_or(u32::MAX);
        let attribute =
            |name: &str| tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).trim().to_owned());
        for (name, value) in &tag.attributes {
            let name = String::from_utf8_lossy(name);
            if name.starts_with("on") && name.len() > 2 {
                let code = String::from_utf8_lossy(value).into_owned();
                let offset = u32::try_from(value.span.start).unwrap_or(u32::MAX);
                self.scripts.push(PageScript::Handler { attribute: name.into_owned(), code, offset });
            }
        }
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        match name.as_str() {
            "script" => {
                let kind = attribute("type").unwrap_or_default().to_ascii_lowercase();
                let module = kind == "module";
                let runs = module || kind.is_empty() || kind.contains("javascript") || kind.contains("ecmascript");
                match attribute("src") {
                    Some(address) if runs => self.scripts.push(PageScript::External { address, module, offset }),
                    None if runs => return Some(module),
                    _ => {}
                }
            }
            "base" => self.base = self.base.take().or_else(|| attribute("href")),
            "meta" => {
                let header = attribute("http-equiv").unwrap_or_default();
                if header.eq_ignore_ascii_case("content-security-policy") {
                    self.policies.extend(attribute("content"));
                }
            }
            "input" | "textarea" => {
                if let Some(id) = attribute("id").or_else(|| attribute("name")) {
                    let kind = attribute("type").unwrap_or_else(|| "text".to_owned()).to_ascii_lowercase();
                    self.inputs.push((id, kind));
                }
            }
            _ => {}
        }
        for from in ["src", "href", "action", "data", "formaction"] {
            if name != "script"
                && name != "base"
                && let Some(address) = attribute(from)
                && !(from == "href" && name == "a")
            {
                self.loads.push((name.clone(), address, offset));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_come_out_in_order_with_their_offsets() {
        let text = "<!doctype html><script src=a.js></script><body onload='go()'><script type=module>let x = '<b>';\n</script>\
                    <script type='text/template'>no</script><!-- <script>no</script> --><iframe src=https://f.invalid/></iframe>";
        let page = read(text);
        assert!(matches!(&page.scripts[0], PageScript::External { address, module: false, .. } if address == "a.js"));
        assert!(
            matches!(&page.scripts[1], PageScript::Handler { attribute, code, .. } if attribute == "onload" && code == "go()")
        );
        let PageScript::Inline { span, module: true } = page.scripts[2] else { panic!("{page:?}") };
        assert_eq!(&text[span.0 as usize..span.1 as usize], "let x = '<b>';\n");
        assert_eq!(page.scripts.len(), 3);
        assert_eq!(page.loads[0].1, "https://f.invalid/");
    }
}
