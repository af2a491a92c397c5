//! A text that an administrator writes in Markdown (`CommonMark` 0.31), made into HTML once.
//!
//! The only place that knows Markdown. What it takes is what a page of ours may hold: headings, paragraphs, lists, quotations,
//! links and emphasis. HTML and pictures are faults, and so is a link that leads elsewhere than to the web, to a
//! mail address or to a path of our own. A value of the configuration is written as its name in braces, in what people
//! read and in the address of a link: `{support.link}`. A name that is not known is a fault, so that no page shows it.

use std::{collections::BTreeMap, ops::Range};

use pulldown_cmark::{
    CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TextMergeWithOffset, html,
};

use super::address;

/// The text of a page, as HTML that may stand in one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Article(String);

/// The values that a text may name: each by its name.
pub type Values = BTreeMap<String, String>;

/// What is wrong with a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ArticleFault {
    /// The line of the text, from 0.
    pub line: usize,
    /// What it is.
    pub kind: ArticleFaultKind,
}

/// The ways in which a text can be wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ArticleFaultKind {
    /// A link leads where no page of ours leads.
    #[error("a link leads neither to http, https or mailto nor to a path of our own")]
    Address,
    /// A brace begins a name, and nothing ends it.
    #[error("{{ begins the name of a value, and no }} ends it")]
    Brace,
    /// A heading is none that a section may have.
    #[error(
        "a heading is neither ## nor, below one, ###; the title of the page stands at the top of the file"
    )]
    Heading,
    /// HTML, or a comment of HTML.
    #[error("holds HTML, which is not taken")]
    Html,
    /// A picture, which no page of ours loads.
    #[error("holds a picture, which is not taken")]
    Picture,
    /// A value has no such name.
    #[error("{{{0}}} is not the name of a value")]
    Unknown(String),
}

impl Article {
    /// Reads `markdown`, and writes it with the values that it names.
    ///
    /// # Errors
    ///
    /// Every fault, in the order of the lines.
    pub fn write(markdown: &str, values: &Values) -> Result<Self, Vec<ArticleFault>> {
        let mut writing = Writing {
            markdown,
            values,
            has_section: false,
            faults: Vec::new(),
        };
        let parser = Parser::new_ext(markdown, Options::empty()).into_offset_iter();
        let events: Vec<_> = TextMergeWithOffset::new(parser)
            .map(|(event, place)| writing.event(event, &place))
            .collect();
        if !writing.faults.is_empty() {
            writing.faults.dedup();
            return Err(writing.faults);
        }
        let mut text = String::with_capacity(markdown.len() * 2);
        html::push_html(&mut text, events.into_iter());
        Ok(Self(text))
    }

    /// The HTML.
    pub(super) fn html(&self) -> &str {
        &self.0
    }
}

/// What is known on the way through a text.
struct Writing<'a> {
    markdown: &'a str,
    values: &'a Values,
    /// Whether a heading of the first kind stood before.
    has_section: bool,
    faults: Vec<ArticleFault>,
}

impl<'a> Writing<'a> {
    fn event(&mut self, event: Event<'a>, place: &Range<usize>) -> Event<'a> {
        match event {
            Event::Start(tag) => Event::Start(self.tag(tag, place)),
            Event::Text(text) => Event::Text(self.filled(text, place)),
            Event::InlineHtml(text) => {
                self.fault(ArticleFaultKind::Html, place);
                Event::InlineHtml(text)
            }
            // The rest of what is told where it begins, what says itself, and what `CommonMark` alone does not have.
            other @ (Event::End(_)
            | Event::Html(_)
            | Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_)) => other,
        }
    }

    fn tag(&mut self, tag: Tag<'a>, place: &Range<usize>) -> Tag<'a> {
        match tag {
            Tag::Heading { level, .. } => {
                self.heading(level, place);
                tag
            }
            Tag::HtmlBlock => {
                self.fault(ArticleFaultKind::Html, place);
                tag
            }
            Tag::Image { .. } => {
                self.fault(ArticleFaultKind::Picture, place);
                tag
            }
            Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            } => Tag::Link {
                dest_url: self.destination(link_type, dest_url, place),
                link_type,
                title: self.filled(title, place),
                id,
            },
            Tag::Paragraph
            | Tag::BlockQuote(_)
            | Tag::CodeBlock(_)
            | Tag::List(_)
            | Tag::Item
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Table(_)
            | Tag::TableHead
            | Tag::TableRow
            | Tag::TableCell
            | Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => tag,
        }
    }

    fn heading(&mut self, level: HeadingLevel, place: &Range<usize>) {
        match level {
            HeadingLevel::H2 => self.has_section = true,
            HeadingLevel::H3 if self.has_section => {}
            HeadingLevel::H1
            | HeadingLevel::H3
            | HeadingLevel::H4
            | HeadingLevel::H5
            | HeadingLevel::H6 => self.fault(ArticleFaultKind::Heading, place),
        }
    }

    /// Where a link leads. A stranger's scheme would be ours to have shown.
    fn destination(
        &mut self,
        kind: LinkType,
        written: CowStr<'a>,
        place: &Range<usize>,
    ) -> CowStr<'a> {
        let faults = self.faults.len();
        let link = self.filled(written, place);
        let is_taken =
            kind == LinkType::Email || link.starts_with("mailto:") || address(&link).is_ok();
        // What could not be filled in is told already.
        if !is_taken && faults == self.faults.len() {
            self.fault(ArticleFaultKind::Address, place);
        }
        link
    }

    /// The text with its values.
    fn filled(&mut self, text: CowStr<'a>, place: &Range<usize>) -> CowStr<'a> {
        if !text.contains('{') {
            return text;
        }
        let mut filled = String::with_capacity(text.len());
        let mut parts = text.split('{');
        filled.extend(parts.next());
        for part in parts {
            let Some((name, rest)) = part.split_once('}') else {
                self.fault(ArticleFaultKind::Brace, place);
                continue;
            };
            match self.values.get(name) {
                Some(value) => filled.push_str(value),
                None => self.fault(ArticleFaultKind::Unknown(name.to_owned()), place),
            }
            filled.push_str(rest);
        }
        filled.into()
    }

    fn fault(&mut self, kind: ArticleFaultKind, place: &Range<usize>) {
        let before = self.markdown.get(..place.start).unwrap_or_default();
        self.faults.push(ArticleFault {
            line: before.matches('\n').count(),
            kind,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let named = [
            ("support.text", "Help > *Ticket* <b> & [x](y) {z}"),
            ("support.link", "https://help.example/?a=1&b=\"2\""),
        ];
        named
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn written(markdown: &str) -> String {
        Article::write(markdown, &values()).unwrap().0
    }

    fn faults(markdown: &str) -> Vec<(usize, ArticleFaultKind)> {
        let faults = Article::write(markdown, &values()).unwrap_err();
        let told = faults.into_iter().map(|fault| (fault.line, fault.kind));
        told.collect()
    }

    #[test]
    fn what_a_page_may_hold_is_written_as_commonmark_says() {
        assert_eq!(
            written("Un *mot*.\n\n## Titre\n\n### Plus bas\n\n- [ici](/logout)\n- <a@b.example>\n"),
            "<p>Un <em>mot</em>.</p>\n<h2>Titre</h2>\n<h3>Plus bas</h3>\n<ul>\n\
             <li><a href=\"/logout\">ici</a></li>\n\
             <li><a href=\"mailto:a@b.example\">a@b.example</a></li>\n</ul>\n"
        );
    }

    #[test]
    fn a_value_is_text_whatever_it_holds_and_no_markdown_and_no_markup() {
        let html = written("Par {support.text}, [là]({support.link} \"{support.text}\").");
        assert_eq!(
            html,
            "<p>Par Help &gt; *Ticket* &lt;b&gt; &amp; [x](y) {z}, <a \
             href=\"https://help.example/?a=1&amp;b=%222%22\" title=\"Help &gt; *Ticket* &lt;b&gt; &amp; \
             [x](y) {z}\">là</a>.</p>\n"
        );
    }

    #[test]
    fn a_name_that_is_not_known_and_a_brace_without_end_are_faults_with_their_lines() {
        let unknown = |name: &str| ArticleFaultKind::Unknown(name.to_owned());
        assert_eq!(
            faults(
                "{support.text}\n\n{suport.text} {support_text}\n\n[a]({support.lnk})\n\n{support.text"
            ),
            [
                (2, unknown("suport.text")),
                (2, unknown("support_text")),
                (4, unknown("support.lnk")),
                (6, ArticleFaultKind::Brace),
            ]
        );
        assert_eq!(written("`{x}`"), "<p><code>{x}</code></p>\n");
    }

    #[test]
    fn r54_a_link_leads_to_the_web_to_a_mail_address_or_to_our_own_paths() {
        for link in [
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "/\\\\evil.example",
            "relative",
            "#there",
            "https:evil.example",
            "<java\tscript:alert(1)>",
            "&#106;avascript:alert(1)",
            "",
        ] {
            let text = format!("a\n[x]({link})");
            assert_eq!(faults(&text), [(1, ArticleFaultKind::Address)], "{link}");
        }
        let reference = faults("[x][1]\n\n[1]: javascript:alert(1)\n");
        assert_eq!(reference, [(0, ArticleFaultKind::Address)]);
        assert_eq!(
            faults("<javascript:alert(1)>"),
            [(0, ArticleFaultKind::Address)]
        );
        for link in [
            "https://a.example",
            "http://a.example",
            "mailto:a@b.example",
        ] {
            assert!(written(&format!("[x]({link})")).contains(link), "{link}");
        }
    }

    #[test]
    fn r95_html_is_refused_and_never_obeyed() {
        for html in [
            "<script>alert(1)</script>",
            "<!-- a word -->",
            "a <b>b</b>",
            "a <img src=x onerror=alert(1)>",
            "> <div>",
            "- <style>",
        ] {
            let kinds = faults(html);
            assert!(
                kinds
                    .iter()
                    .all(|fault| *fault == (0, ArticleFaultKind::Html)),
                "{html}: {kinds:?}"
            );
        }
        assert_eq!(
            faults("![a](https://b.example/c.png)"),
            [(0, ArticleFaultKind::Picture)]
        );
        assert_eq!(written("1 < 2 & \"3\""), "<p>1 &lt; 2 &amp; \"3\"</p>\n");
    }

    #[test]
    fn headings_are_those_of_sections_and_skip_none() {
        for (text, line) in [("a\n\n# One", 2), ("### Three", 0), ("## a\n\n#### b", 2)] {
            assert_eq!(faults(text), [(line, ArticleFaultKind::Heading)], "{text}");
        }
    }
}
