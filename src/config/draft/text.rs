//! The text that answers come to, and of the files beside it.

use std::fmt::Write as _;

use url::Url;

use super::{Answers, Question};
use crate::config::edit::quoted;

/// As `passerelle keys` calls them, in the folder beside that of the configuration.
const KEYS: &str = r#"# Made by `passerelle keys`. Keep a copy of signing.pem and pairwise.key in a safe place.
[keys]
signing = ["../certs/signing.pem"]
seal = "../certs/seal.keys"
pairwise = "../certs/pairwise.key"
"#;

/// The file of people, beside the configuration.
pub const PEOPLE: &str = "people.toml";

/// The account of a try.
pub const TRY_LOGIN: &str = "test";

/// The folder of what the server keeps where nobody names another one, beside that of the configuration.
pub const STATE: &str = "state";

/// The table of the service that is made up for a try.
pub const TRY_TABLE: &str = "sp.try";

/// The file of its metadata, from the folder above that of the configuration.
pub const TRY_SERVICE: &str = "metadata/try.xml";

/// What is in it: a service at a name that belongs to nobody (RFC 2606), where no answer arrives.
pub const TRY_METADATA: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- A service that does not exist: `passerelle init` made it up for a try. -->
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://service.example">
  <md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" WantAssertionsSigned="true">
    <md:AssertionConsumerService index="0" isDefault="true"
        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://service.example/saml/SSO"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
"#;

/// The file that explains every key, beside the configuration.
pub const EXPLAINED: &str = "passerelle.example.toml";

/// What is in it.
pub const EXPLANATION: &str = include_str!("../../../config/passerelle.example.toml");

/// What a start page may say, beside the configuration, and what is in it.
pub const HOME: [(&str, &str); 2] = [
    (
        "texts/home.fr.md",
        include_str!("../../../config/texts/home.fr.md"),
    ),
    (
        "texts/home.en.md",
        include_str!("../../../config/texts/home.en.md"),
    ),
];

const HEAD: &str = "\
# Written by `passerelle init`, out of what it was told; change what you like, and run `passerelle check`.
#
# Every key that may stand here is explained in passerelle.example.toml, beside this file. A line that begins with `#:` is
# a setting that is off: remove the `#:` to switch it on.

";

impl Answers {
    /// The configuration. What was not answered is missing in it.
    pub fn text(&self) -> String {
        let parts = [
            self.head(),
            self.server(),
            KEYS.to_owned(),
            self.organization(),
            self.support(),
            self.authn(),
            self.trial(),
            self.alerts(),
            self.home(),
        ];
        HEAD.to_owned() + &parts.join("\n")
    }

    /// A file of people with one account, for a try.
    pub fn people(&self, password_hash: &str) -> String {
        let domains = self.domains();
        let domain = domains.first().map_or("", String::as_str);
        let of_ours = quoted(&format!("{TRY_LOGIN}@{domain}"));
        let (login, hash) = (quoted(TRY_LOGIN), quoted(password_hash));
        format!(
            "# The people of a try. `passerelle hash-password` makes the line of another password.\n\n\
             [person.{login}]\npassword = {hash}\ngivenName = \"Camille\"\nsn = \"Essai\"\n\
             displayName = \"Camille Essai\"\nmail = {of_ours}\n\
             eduPersonAffiliation = [\"member\", \"employee\"]\neduPersonUniqueId = {of_ours}\n"
        )
    }

    fn head(&self) -> String {
        let mut lines = Lines::default();
        lines.note("Where people and service providers reach this server. It comes to stand in their systems.");
        lines.text("base-url", self.to(Question::BaseUrl));
        if self.is_lab {
            lines.note("Plain http, on this machine alone. Pages and log say that this is a lab.");
            lines.raw("lab", "true");
        }
        lines.0
    }

    fn server(&self) -> String {
        let mut lines = Lines::default();
        lines.head("server");
        if self.is_lab {
            let base_url = self.to(Question::BaseUrl).map(Url::parse);
            let port = base_url.and_then(|url| url.ok()?.port_or_known_default());
            let listen = format!("127.0.0.1:{}", port.unwrap_or(80));
            lines.text("listen", Some(&listen));
        } else {
            lines.note("For a proxy on this machine that speaks TLS, and says who the caller is.");
            lines.text("listen", Some("127.0.0.1:8080"));
            lines.raw("trusted-proxies", r#"["127.0.0.1", "::1"]"#);
        }
        lines.note("What the server keeps, in a folder that its own user alone may write to: the last good metadata of every");
        lines.note("provider, and the socket by which `passerelle reload` and `passerelle status` reach it.");
        let usual = format!("../{STATE}");
        let state = self.to(Question::StateFolder).unwrap_or(&usual);
        lines.text("state-folder", Some(state));
        lines.0
    }

    /// The part about the organization, in which much follows from its mail domains.
    pub fn organization(&self) -> String {
        let mut lines = Lines::default();
        lines.head("organization");
        let domains = self.domains();
        let first = domains.first().map(String::as_str);
        let name = self.to(Question::Organization).or(first);
        for language in self.languages() {
            let is_bare = language.bytes().all(|b| b.is_ascii_alphabetic());
            let key = if is_bare {
                format!("name.{language}")
            } else {
                format!("name.{}", quoted(language))
            };
            // A name that is not known yet is no fault of the languages.
            lines.text(&key, Some(name.unwrap_or("?")));
        }
        let home = first.map(|domain| format!("https://www.{domain}"));
        let url = self.to(Question::OrganizationUrl).or(home.as_deref());
        lines.text("url.fr", url);
        lines.text("technical-contact", self.to(Question::Contact));
        lines.note("Only addresses in exactly these domains are told to providers that know people by one address.");
        let quoted: Vec<_> = domains.iter().map(|domain| quoted(domain)).collect();
        let quoted = format!("[{}]", quoted.join(", "));
        lines.raw("mail-domains", &quoted);
        lines.note("What may stand behind the @ of names like eduPersonPrincipalName.");
        lines.raw("scopes", &quoted);
        lines.0
    }

    fn support(&self) -> String {
        let mut lines = Lines::default();
        lines.note("What a person does to get help. Shown on every page that stops somebody.");
        lines.head("support");
        lines.text("text.fr", self.to(Question::SupportText));
        lines.text("text.en", self.to(Question::SupportTextEn));
        lines.text("link", self.to(Question::SupportLink));
        lines.0
    }

    fn authn(&self) -> String {
        let (cas, ldap) = (self.to(Question::Cas), self.to(Question::Ldap));
        let (is_cas, is_ldap) = (cas.is_some(), ldap.is_some());
        let who = match (is_cas, is_ldap, self.are_people_in_a_file) {
            (true, true, _) => {
                "# People sign in at the CAS server; the directory says what is known of them.\n\
                 [authn]\nmethods = [\"cas\"]\nattributes = \"ldap\"\n"
            }
            (true, false, _) => {
                "# People sign in at the CAS server, which says what is known of them.\n\
                 [authn]\nmethods = [\"cas\"]\n"
            }
            (false, true, _) => {
                "# People sign in on a form of ours, and the directory checks the password.\n\
                 [authn]\nmethods = [\"ldap\"]\n"
            }
            (false, false, true) => {
                "# People sign in on a form of ours, and are in a file: for a try.\n\
                 [authn]\nmethods = [\"local\"]\n"
            }
            (false, false, false) => "",
        };
        let mut parts = vec![who.to_owned()];
        let ca = self.to(Question::Ca);
        if is_cas {
            let mut lines = Lines::default();
            lines.note("The addresses that begin with <base-url>/cas/ have to be registered there as a service.");
            lines.head("authn.cas");
            lines.text("url", cas);
            lines.text("ca", ca);
            parts.push(lines.0);
        }
        if let Some(url) = ldap {
            let mut lines = Lines::default();
            lines.head("authn.ldap");
            lines.raw("url", &format!("[{}]", quoted(url)));
            lines.text("ca", ca);
            lines.text("base", self.to(Question::LdapBase));
            lines.text("bind-dn", self.to(Question::LdapBindDn));
            let file = self.to(Question::LdapPasswordFile);
            lines.text("bind-password-file", file);
            parts.push(lines.0);
        }
        if self.are_people_in_a_file {
            let mut lines = Lines::default();
            lines.head("authn.local");
            lines.text("people", Some(PEOPLE));
            parts.push(lines.0);
        }
        parts.join("\n")
    }

    /// Who may try a sign-in at `/test`: nobody until somebody says so. Where people are in a file they may, and there is
    /// a service to try that does not exist.
    fn trial(&self) -> String {
        let mut lines = Lines::default();
        let base_url = self.to(Question::BaseUrl).unwrap_or_default();
        if !self.are_people_in_a_file {
            lines.note(&format!(
                "Before anybody is sent here: whoever is named may sign in at {base_url}/test, and sees what a"
            ));
            lines.note("provider would be told of them. Nothing is sent. Write your own login, and switch both lines on.");
            lines.head_that_is_off("test");
            lines.raw("#:people", "[\"anne.dupont\"]");
            return lines.0;
        }
        lines.note(
            "At /test these people see what a service would be told of them. Nothing is sent.",
        );
        lines.head("test");
        lines.raw("people", &format!("[{}]", quoted(TRY_LOGIN)));
        lines.0.push('\n');
        lines.note(&format!(
            "A service that does not exist, with the rules for Zoom. Once you have tried, remove this table and {TRY_SERVICE}."
        ));
        lines.head(TRY_TABLE);
        lines.text("metadata", Some(&format!("../{TRY_SERVICE}")));
        lines.raw("preset", "\"zoom\"");
        lines.raw("aliases", "[\"service.example\"]");
        lines.raw("display-name.fr", "\"Zoom (essai)\"");
        lines.raw("display-name.en", "\"Zoom (try)\"");
        let link = format!("{base_url}/test");
        lines.text("sign-in-link", Some(&link));
        lines.0
    }

    /// Whom to tell of what ends: nobody until somebody says so, as it takes a machine that sends mail.
    fn alerts(&self) -> String {
        let mut lines = Lines::default();
        if self.are_people_in_a_file {
            return lines.0;
        }
        lines.note("Whom to tell by mail of what ends, 60, 30, 14, 7 and 1 days before. It takes a machine that sends mail");
        lines.note(
            "(sendmail). Switch the lines on, and `passerelle alerts try` sends one at once.",
        );
        lines.head_that_is_off("alerts.mail");
        let contact = quoted(self.to(Question::Contact).unwrap_or_default());
        lines.raw("#:to", &format!("[{contact}]"));
        lines.raw("#:from", &contact);
        lines.0
    }

    /// What the start page says: nothing of its own until somebody has read it.
    fn home(&self) -> String {
        let mut lines = Lines::default();
        if self.are_people_in_a_file {
            return lines.0;
        }
        lines.note(&format!(
            "What the start page says: the files {} and {}, in Markdown. As they were made, they are those",
            HOME[0].0, HOME[1].0
        ));
        lines.note("of a university whose Zoom is univ-montp3-fr: write your own name, and what holds with you, then switch both");
        lines.note("lines on. They take [sp.zoom], and link of [support].");
        lines.head_that_is_off("texts");
        lines.raw("#:folder", "\"texts\"");
        lines.0
    }
}

/// Lines of TOML.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// The head of a table.
    fn head(&mut self, name: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "[{name}]");
    }

    /// The same of one that is off.
    fn head_that_is_off(&mut self, name: &str) {
        let _ = writeln!(self.0, "#:[{name}]");
    }

    fn note(&mut self, text: &str) {
        let _ = writeln!(self.0, "# {text}");
    }

    /// No line where there is no value.
    fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.raw(key, &quoted(value));
        }
    }

    fn raw(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.0, "{key} = {value}");
    }
}
