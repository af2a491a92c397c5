//! Reads `[organization]` and `[support]`.

use super::{
    document::{Report, Table},
    files::Surroundings,
    sections::{Organization, Support},
    words::{check_domains, check_link, check_links, is_mail},
};

/// Reads `[organization]`.
pub(super) fn read_organization(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Organization> {
    let name = table.required_localized("name", report);
    let url = table.required_localized("url", report);
    if let Some(url) = &url {
        check_links(&table.at("url"), url, around.schemes, report);
    }
    let technical_contact: Option<String> = table.required("technical-contact", report);
    if technical_contact
        .as_deref()
        .is_some_and(|contact| !is_mail(contact))
    {
        report.fault(&table.at("technical-contact"), "is not a mail address");
    }
    let mail_domains: Option<Vec<String>> = table.required("mail-domains", report);
    if let Some(domains) = &mail_domains {
        if domains.is_empty() {
            report.fault(&table.at("mail-domains"), "names no domain");
        }
        check_domains(&table.at("mail-domains"), domains, report);
    }
    let scopes: Option<Vec<String>> = table.required("scopes", report);
    if let Some(scopes) = &scopes {
        check_domains(&table.at("scopes"), scopes, report);
    }
    table.finish(report);
    Some(Organization {
        name: name?,
        url: url?,
        technical_contact: technical_contact?,
        mail_domains: mail_domains?,
        scopes: scopes?,
    })
}

/// Reads `[support]`.
pub(super) fn read_support(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Support> {
    let text = table.required_localized("text", report);
    let link: Option<String> = table.optional("link", report);
    if let Some(link) = &link {
        check_link(&table.at("link"), link, around.schemes, report);
    }
    let password_link: Option<String> = table.optional("password-link", report);
    if let Some(link) = &password_link {
        check_link(&table.at("password-link"), link, around.schemes, report);
    }
    table.finish(report);
    Some(Support {
        text: text?,
        link,
        password_link,
    })
}
