//! Reads what a provider says of itself to people (sstc-saml-metadata-ui-v1.0 §2.1, `mdui:UIInfo`).
//!
//! A provider that says nothing there may name itself with its list of attributes (saml-metadata-2.0
//! §2.4.4.1, `ServiceName` and `ServiceDescription`). `Logo` is passed over: a page loads nothing from
//! elsewhere. So are `Keywords`, which are for searching. What cannot be shown only leaves the provider
//! without.

use super::finding::Finding;
use crate::{
    model::{
        endpoint::{Schemes, is_web_link},
        language::Localized,
        service_provider::UiInfo,
        text::is_misleading,
        vocab,
    },
    xml::door::Element,
};

/// The longest name that is shown.
const MAX_NAME_CHARS: usize = 80;
/// The longest description: the specification asks for a brief one.
const MAX_DESCRIPTION_CHARS: usize = 240;

/// Reads what stands in the role `descriptor`. A link stands beside the form for the password: one of plain
/// `http`, which whoever is on the way may answer with another form, is for the lab alone.
pub(super) fn read(
    descriptor: Element<'_, '_>,
    schemes: Schemes,
    findings: &mut Vec<Finding>,
) -> UiInfo {
    let extensions = descriptor.only(vocab::MD, "Extensions").ok().flatten();
    let ui_info = extensions.and_then(|it| it.only(vocab::MDUI, "UIInfo").ok().flatten());
    let service = default_service(descriptor);
    let of_ui_info = |name| ui_info.map(|parent| texts(parent, vocab::MDUI, name));
    let of_service = |name| service.map(|parent| texts(parent, vocab::MD, name));
    let short = |found: Option<Vec<Text>>, most: usize| {
        localized(found?.into_iter(), |text| text.chars().count() <= most)
    };
    let mut link = |name| {
        let found = of_ui_info(name)?;
        let is_shown = |text: &str| is_web_link(text, schemes);
        if !found.iter().all(|(_, text)| is_shown(text)) {
            findings.push(Finding::UiLinkIgnored(name));
        }
        localized(found.into_iter(), is_shown)
    };
    UiInfo {
        information_url: link("InformationURL"),
        privacy_statement_url: link("PrivacyStatementURL"),
        display_name: short(of_ui_info("DisplayName"), MAX_NAME_CHARS)
            .or_else(|| short(of_service("ServiceName"), MAX_NAME_CHARS)),
        description: short(of_ui_info("Description"), MAX_DESCRIPTION_CHARS)
            .or_else(|| short(of_service("ServiceDescription"), MAX_DESCRIPTION_CHARS)),
    }
}

/// The list of attributes that counts where a request names none.
fn default_service<'t, 'i>(descriptor: Element<'t, 'i>) -> Option<Element<'t, 'i>> {
    let services = || {
        let children = descriptor.children();
        children.filter(|child| child.is(vocab::MD, "AttributeConsumingService"))
    };
    let is_default = |service: &Element<'_, '_>| {
        matches!(
            service.attribute("isDefault").map(str::trim),
            Some("true" | "1")
        )
    };
    services().find(is_default).or_else(|| services().next())
}

/// A language, as its primary tag in lower case, and a text in it on one line.
type Text = (String, String);

/// The texts of that name in `parent`, each with its language.
fn texts(parent: Element<'_, '_>, namespace: &str, name: &str) -> Vec<Text> {
    let children = parent.children().filter(|child| child.is(namespace, name));
    let read = children.map(|child| {
        let language = child.attribute_ns(vocab::XML, "lang").unwrap_or_default();
        let primary = language.split('-').next().unwrap_or_default();
        let text = child.text().unwrap_or_default();
        let words: Vec<_> = text.split_whitespace().collect();
        (primary.to_ascii_lowercase(), words.join(" "))
    });
    read.collect()
}

/// Those of our languages; where there is none of them, whatever comes first.
fn localized(texts: impl Iterator<Item = Text>, fits: impl Fn(&str) -> bool) -> Option<Localized> {
    let shown: Vec<_> = texts
        .filter(|(_, text)| !text.is_empty() && !text.contains(is_misleading) && fits(text))
        .collect();
    let in_language = |tag: &str| shown.iter().find(|(language, _)| language == tag);
    let (fr, en) = (in_language("fr"), in_language("en"));
    let (_, text) = fr.or(en).or(shown.first())?;
    Some(Localized {
        fr: text.clone(),
        en: en.map(|(_, text)| text.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, open};

    fn read_of(ui_info: &str, services: &str) -> (UiInfo, Vec<Finding>) {
        let xml = format!(
            "<md:SPSSODescriptor xmlns:md='{}' xmlns:mdui='{}'><md:Extensions><mdui:UIInfo>{ui_info}\
             </mdui:UIInfo></md:Extensions>{services}</md:SPSSODescriptor>",
            vocab::MD,
            vocab::MDUI
        );
        let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
        let mut findings = Vec::new();
        let read = read(document.root(), Schemes::HttpsOnly, &mut findings);
        (read, findings)
    }

    fn both(fr: &str, en: &str) -> Localized {
        Localized {
            fr: fr.to_owned(),
            en: Some(en.to_owned()),
        }
    }

    #[test]
    fn iip_md05_what_a_provider_says_to_people_is_read_in_both_languages() {
        let (read, findings) = read_of(
            "<mdui:DisplayName xml:lang='en'>Rooms</mdui:DisplayName>\
             <mdui:DisplayName xml:lang='fr-FR'>Salles</mdui:DisplayName>\
             <mdui:Description xml:lang='de'>Anders</mdui:Description>\
             <mdui:Description xml:lang='fr'> Réserver\n une salle. </mdui:Description>\
             <mdui:Description xml:lang='en'>Book a room.</mdui:Description>\
             <mdui:Keywords xml:lang='en'>room</mdui:Keywords>\
             <mdui:Logo height='1' width='1'>https://sp.example.org/logo.png</mdui:Logo>\
             <mdui:InformationURL xml:lang='fr'>https://sp.example.org/fr</mdui:InformationURL>\
             <mdui:InformationURL xml:lang='en'>\nhttps://sp.example.org/en\n</mdui:InformationURL>\
             <mdui:PrivacyStatementURL xml:lang='en'>https://sp.example.org/p#x\
             </mdui:PrivacyStatementURL>",
            "",
        );
        assert!(findings.is_empty(), "{findings:?}");
        let expected = UiInfo {
            display_name: Some(both("Salles", "Rooms")),
            description: Some(both("Réserver une salle.", "Book a room.")),
            information_url: Some(both(
                "https://sp.example.org/fr",
                "https://sp.example.org/en",
            )),
            privacy_statement_url: Some(both(
                "https://sp.example.org/p#x",
                "https://sp.example.org/p#x",
            )),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn r42_an_address_that_no_page_may_lead_to_is_told_and_passed_over() {
        for name in ["InformationURL", "PrivacyStatementURL"] {
            let element = |language: &str, link: &str| {
                format!("<mdui:{name} xml:lang='{language}'>{link}</mdui:{name}>")
            };
            for bad in [
                "javascript:alert(1)",
                "http://sp.example.org/",
                "/privacy",
                "",
                "https://a@sp.example.org",
                "<x/>",
            ] {
                let good = element("en", "https://sp.example.org/");
                let (read, findings) = read_of(&(element("fr", bad) + &good), "");
                let found = [read.information_url, read.privacy_statement_url];
                let found: Vec<_> = found.into_iter().flatten().collect();
                let expected = both("https://sp.example.org/", "https://sp.example.org/");
                assert_eq!(found, [expected], "{bad}");
                let is_told =
                    matches!(findings[..], [Finding::UiLinkIgnored(told)] if told == name);
                assert!(is_told && !findings[0].is_fault(), "{bad}: {findings:?}");
            }
        }
    }

    #[test]
    fn what_is_too_long_empty_or_misleading_is_not_shown() {
        let read = |text: &str| {
            let ui_info = format!(
                "<mdui:DisplayName xml:lang='fr'>{text}</mdui:DisplayName>\
                 <mdui:Description xml:lang='fr'>{text}</mdui:Description>"
            );
            let (read, _) = read_of(&ui_info, "");
            (read.display_name.is_some(), read.description.is_some())
        };
        assert_eq!(read(&"é".repeat(80)), (true, true));
        assert_eq!(read(&"é".repeat(81)), (false, true));
        assert_eq!(read(&"é".repeat(240)), (false, true));
        assert_eq!(read(&"é".repeat(241)), (false, false));
        for bad in ["", " \n ", "a\u{202e}b", "a<x/>b"] {
            assert_eq!(read(bad), (false, false), "{bad:?}");
        }
    }

    #[test]
    fn a_provider_without_a_name_has_that_of_its_default_list_of_attributes() {
        let service = |attributes: &str, name: &str| {
            format!(
                "<md:AttributeConsumingService {attributes}><md:ServiceName xml:lang='fr'>{name}\
                 </md:ServiceName><md:ServiceDescription xml:lang='fr'>{name} !\
                 </md:ServiceDescription></md:AttributeConsumingService>"
            )
        };
        let services = [service("index='1'", "Un"), service("index='2'", "Deux")].concat();
        let shown = |ui_info: &str, services: &str| {
            let (read, _) = read_of(ui_info, services);
            [read.display_name, read.description].map(|it| it.map(|it| it.fr))
        };
        let of = |name: &str| [Some(name.to_owned()), Some(format!("{name} !"))];
        assert_eq!(shown("", &services), of("Un"));
        let second = services.replace("index='2'", "index='2' isDefault=' true '");
        assert_eq!(shown("", &second), of("Deux"));
        let [_, described] = of("Un");
        let named = "<mdui:DisplayName xml:lang='fr'>Nom</mdui:DisplayName>";
        assert_eq!(shown(named, &services), [Some("Nom".to_owned()), described]);
        assert_eq!(shown("", ""), [None, None]);
    }
}
