//! Finds the forms of a page, as far as the pages of the tests go.

/// A form, with what would be sent if it were submitted as it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    /// The `action`, as written; empty for the page itself.
    pub(crate) action: String,
    /// Whether it is sent by POST.
    pub(crate) is_post: bool,
    controls: Vec<Control>,
}

#[derive(Clone, Debug)]
struct Control {
    name: String,
    value: String,
    /// False for an unticked box and for a button that was not pressed.
    is_sent: bool,
}

impl Form {
    /// A form that a page of another site might hold.
    pub(crate) fn post(action: &str, fields: &[(&str, &str)]) -> Self {
        Self {
            action: action.to_owned(),
            is_post: true,
            controls: fields
                .iter()
                .map(|(name, value)| Control {
                    name: (*name).to_owned(),
                    value: (*value).to_owned(),
                    is_sent: true,
                })
                .collect(),
        }
    }

    /// The same form with `name` filled in, ticked or pressed.
    ///
    /// Fails the test when the form has no such control: a person could not fill it in either.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let control = self
            .controls
            .iter_mut()
            .find(|control| control.name == name)
            .unwrap_or_else(|| panic!("the form has no control {name:?}"));
        value.clone_into(&mut control.value);
        control.is_sent = true;
        self
    }

    /// The value that the form holds under `name`.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.controls
            .iter()
            .find(|control| control.name == name)
            .map(|control| control.value.as_str())
    }

    /// What is sent, as `application/x-www-form-urlencoded`.
    pub(crate) fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(
                self.controls
                    .iter()
                    .filter(|control| control.is_sent)
                    .map(|control| (&control.name, &control.value)),
            )
            .finish()
    }
}

/// All forms of `html`, in order.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut open: Option<Form> = None;
    for tag in tags(html) {
        match (tag.name.as_str(), open.as_mut()) {
            ("form", _) => {
                forms.extend(open.take());
                open = Some(tag.form());
            }
            ("/form", _) => forms.extend(open.take()),
            ("input" | "button" | "textarea", Some(form)) => form.controls.extend(tag.control()),
            ("select", Some(_)) => panic!("no page of the tests has a select"),
            _ => {}
        }
    }
    forms.extend(open);
    forms
}

/// The `href` of the first link whose attribute `name` is `value`.
pub(crate) fn link(html: &str, name: &str, value: &str) -> Option<String> {
    tags(html)
        .into_iter()
        .filter(|tag| tag.name == "a" && tag.attribute(name) == Some(value))
        .find_map(|tag| tag.attribute("href").map(str::to_owned))
}

/// The attribute `name` of the first tag `tag`.
pub(crate) fn attribute(html: &str, tag: &str, name: &str) -> Option<String> {
    tags(html)
        .into_iter()
        .filter(|found| found.name == tag)
        .find_map(|found| found.attribute(name).map(str::to_owned))
}

#[derive(Debug)]
struct Tag {
    /// In lower case, with a leading slash for an end tag.
    name: String,
    attributes: Vec<(String, String)>,
    /// The text up to the next tag.
    text: String,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    fn form(&self) -> Form {
        assert_ne!(
            self.attribute("enctype"),
            Some("multipart/form-data"),
            "no form of the tests uploads files"
        );
        Form {
            action: self.attribute("action").unwrap_or_default().to_owned(),
            is_post: self
                .attribute("method")
                .is_some_and(|method| method.eq_ignore_ascii_case("post")),
            controls: Vec::new(),
        }
    }

    /// The control, unless it has no name and so is never sent.
    fn control(&self) -> Option<Control> {
        let name = self.attribute("name")?.to_owned();
        let is_ticked = self.attribute("checked").is_some();
        let (is_sent, value) = match (self.name.as_str(), self.attribute("type")) {
            ("textarea", _) => (true, Some(self.text.as_str())),
            ("input", Some("checkbox" | "radio")) => {
                (is_ticked, self.attribute("value").or(Some("on")))
            }
            ("button", _) | ("input", Some("submit" | "image" | "button")) => {
                (false, self.attribute("value"))
            }
            (_, _) => (true, self.attribute("value")),
        };
        Some(Control {
            name,
            value: value.unwrap_or_default().to_owned(),
            is_sent,
        })
    }
}

fn tags(html: &str) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut rest = html;
    while let Some((text, after)) = rest.split_once('<') {
        if let Some(last) = tags.last_mut() {
            last.text = decode(text);
        }
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let (tag, after) = read_tag(after);
        // What stands in a script is no markup.
        rest = match tag.name.as_str() {
            "script" => after.split_once("</script").map_or("", |(_, after)| after),
            "style" => after.split_once("</style").map_or("", |(_, after)| after),
            _ => after,
        };
        tags.push(tag);
    }
    tags
}

/// Reads a tag of which the `<` is behind us; gives it and what follows its `>`.
fn read_tag(text: &str) -> (Tag, &str) {
    let end = |char: char| char.is_whitespace() || char == '>';
    let (name, mut rest) = text.split_at(text.find(end).unwrap_or(text.len()));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|char: char| char.is_whitespace() || char == '/');
        if rest.is_empty() {
            break;
        }
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break;
        }
        let end = |char: char| char.is_whitespace() || matches!(char, '=' | '>' | '/');
        let (key, after) = rest.split_at(rest.find(end).unwrap_or(rest.len()));
        let (value, after) = read_value(after);
        if key.is_empty() {
            // A stray `=`: `read_value` has gone past it.
            rest = after;
            continue;
        }
        attributes.push((key.to_ascii_lowercase(), decode(value)));
        rest = after;
    }
    let tag = Tag {
        name: name.trim_end_matches('/').to_ascii_lowercase(),
        attributes,
        text: String::new(),
    };
    (tag, rest)
}

/// Reads `="value"`, `='value'` or `=value`, or nothing.
fn read_value(text: &str) -> (&str, &str) {
    let Some(text) = text.trim_start().strip_prefix('=') else {
        return ("", text);
    };
    let text = text.trim_start();
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    let end = |char: char| char.is_whitespace() || char == '>';
    text.split_at(text.find(end).unwrap_or(text.len()))
}

pub(crate) fn decode(text: &str) -> String {
    let mut decoded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let named = after
            .split_once(';')
            .and_then(|(name, after)| Some((character(name)?, after)));
        if let Some((character, after)) = named {
            decoded.push(character);
            rest = after;
        } else {
            decoded.push('&');
            rest = after;
        }
    }
    decoded + rest
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[test]
fn a_form_is_sent_with_its_hidden_fields_and_without_what_was_not_pressed() {
    let page = r#"<!-- <form action="/no"> --><script>"<form action='/no'>"</script>
        <FORM action="/j?a=1&amp;b=2" method=POST>
        <input type="hidden" name="RelayState" value="a&#x26;b &quot;c&#34;">
        <input name=username><input type=checkbox name=agree value=yes>
        <textarea name=note>x &lt; y</textarea><button name=go value=1>Go</button>
        <input type="submit" value="unnamed"/></form>"#;
    let found = forms(page);
    let [form] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(form.action, "/j?a=1&b=2");
    assert!(form.is_post);
    assert_eq!(form.value("RelayState"), Some("a&b \"c\""));
    let filled = form.clone().with("username", "zoé");
    assert_eq!(
        filled.encode(),
        "RelayState=a%26b+%22c%22&username=zo%C3%A9&note=x+%3C+y"
    );
    assert!(filled.with("agree", "yes").encode().contains("agree=yes"));
}

#[test]
fn a_link_is_found_by_its_mark() {
    let page = r#"<body data-page="login"><a href="/x">x</a>
        <a data-testid="lang-fr" href="?lang=fr&amp;a=b">Français</a>"#;
    assert_eq!(
        link(page, "data-testid", "lang-fr").as_deref(),
        Some("?lang=fr&a=b")
    );
    assert_eq!(link(page, "data-testid", "lang-en"), None);
    assert_eq!(
        attribute(page, "body", "data-page").as_deref(),
        Some("login")
    );
}
