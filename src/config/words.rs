//! The small formats that several sections share: domains, addresses, links, networks.

use std::net::IpAddr;

use ipnet::IpNet;

use super::document::{Report, Table};
use crate::model::{
    endpoint::{Schemes, is_web_link},
    language::Localized,
};

/// Whether `text` is a domain name in lower case, with at least one dot.
pub(super) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

/// Whether `text` can be a mail address.
pub(super) fn is_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len())
            && local
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"@<>()[]\\,;:\"".contains(&b))
            && is_domain(&domain.to_ascii_lowercase())
    })
}

/// Reports each of `domains` that is none.
pub(super) fn check_domains(key: &str, domains: &[String], report: &mut Report) {
    for (number, domain) in (1_usize..).zip(domains) {
        if !is_domain(domain) {
            report
                .fault(
                    &format!("{key}[{number}]"),
                    "is not a domain name in lower case",
                )
                .hint("write it like univ-montp3.fr");
        }
    }
}

/// Reports a `link` that must not stand on our pages.
pub(super) fn check_link(key: &str, link: &str, schemes: Schemes, report: &mut Report) {
    if !is_web_link(link, schemes) {
        report.fault(
            key,
            "is not an https address (https:// in lower case, 2048 bytes at most)",
        );
    }
}

/// The same for each language.
pub(super) fn check_links(key: &str, links: &Localized, schemes: Schemes, report: &mut Report) {
    check_link(&format!("{key}.fr"), &links.fr, schemes, report);
    if let Some(link) = &links.en {
        check_link(&format!("{key}.en"), link, schemes, report);
    }
}

/// Reads networks, or single addresses, that are believed more than others.
pub(super) fn read_networks(
    table: &mut Table<'_>,
    key: &'static str,
    report: &mut Report,
) -> Option<Vec<IpNet>> {
    let written: Vec<String> = table.optional(key, report)?;
    let mut networks = Vec::new();
    for (number, text) in (1_usize..).zip(written) {
        let network = text
            .parse()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        match network {
            // Whoever may name the caller may pass every limit that counts callers.
            Ok(network) if network.prefix_len() == 0 => {
                report.fault(&table.entry(key, number), "trusts the whole world");
            }
            Ok(network) => networks.push(network),
            Err(_) => {
                report
                    .fault(&table.entry(key, number), "is not an address or a network")
                    .hint("write 127.0.0.1, or 10.1.0.0/16");
            }
        }
    }
    Some(networks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lower_case_name_with_a_dot_is_a_domain() {
        for good in ["univ-montp3.fr", "etu.univ-montp3.fr", "a.b"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in [
            "",
            "fr",
            "Univ-Montp3.fr",
            ".fr",
            "a..fr",
            "a.fr.",
            "-a.fr",
            "a_b.fr",
            "é.fr",
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }

    #[test]
    fn only_one_word_at_one_domain_is_a_mail_address() {
        for good in ["sso@univ-montp3.fr", "a.b+c@Univ-Montp3.fr"] {
            assert!(is_mail(good), "{good}");
        }
        for bad in [
            "", "sso", "@a.fr", "a@", "a@b", "a b@c.fr", "a@b@c.fr", "a@b.fr\n", "<a@b.fr>",
        ] {
            assert!(!is_mail(bad), "{bad}");
        }
    }
}
