//! A new configuration, written out of what somebody answers to a few questions: `passerelle init`.
//!
//! Knows which keys an answer comes to, and judges none of them: the text is read as every configuration is,
//! and a fault of a key is one of the answer that came to it. So no rule stands here a second time. Reads and
//! writes no file.

use std::{collections::BTreeMap, fmt::Write as _};

use url::Url;

use super::{edit::quoted, files::CREDENTIAL};

/// What is asked, or derived from other answers where nobody says it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Question {
    /// Where people and providers reach us.
    BaseUrl,
    /// The address of the CAS server or of the directory: whoever asks it takes the answer for one of those.
    SignIn,
    /// The CAS server.
    Cas,
    /// The directory.
    Ldap,
    /// Below which entry people are.
    LdapBase,
    /// Our own account in the directory; none where the answer is empty.
    LdapBindDn,
    /// The file that holds its password.
    LdapPasswordFile,
    /// The file of the authorities that vouch for the CAS server and for the directory.
    Ca,
    /// The folder of what the server keeps; [`STATE`] otherwise, which is made.
    StateFolder,
    /// The mail address of the people who run this server.
    Contact,
    /// The organization's name; the first of its mail domains otherwise.
    Organization,
    /// Its home page; that of its first mail domain otherwise.
    OrganizationUrl,
    /// Its mail domains, with commas between them; in a try that of the contact.
    MailDomains,
    /// The tags of the languages that its texts are in, with commas between them.
    Languages,
    /// What a person does to get help, in French.
    SupportText,
    /// The same in English.
    SupportTextEn,
    /// Where that is done; nowhere where the answer is empty.
    SupportLink,
}

impl Question {
    /// The option of the command line that answers it.
    pub const fn flag(self) -> &'static str {
        match self {
            Self::BaseUrl => "--base-url",
            Self::SignIn => "--cas or --ldap",
            Self::Cas => "--cas",
            Self::Ldap => "--ldap",
            Self::LdapBase => "--ldap-base",
            Self::LdapBindDn => "--ldap-bind-dn",
            Self::LdapPasswordFile => "--ldap-password-file",
            Self::Ca => "--ca",
            Self::StateFolder => "--state-folder",
            Self::Contact => "--contact",
            Self::Organization => "--organization",
            Self::OrganizationUrl => "--organization-url",
            Self::MailDomains => "--mail-domains",
            Self::Languages => "--languages",
            Self::SupportText => "--support-text",
            Self::SupportTextEn => "--support-text-en",
            Self::SupportLink => "--support-link",
        }
    }

    /// Whether such an answer is a path, and not the name of a credential of systemd's.
    pub fn is_path(self, answer: &str) -> bool {
        match self {
            Self::LdapPasswordFile => !answer.starts_with(CREDENTIAL),
            Self::Ca | Self::StateFolder => true,
            Self::BaseUrl
            | Self::SignIn
            | Self::Cas
            | Self::Ldap
            | Self::LdapBase
            | Self::LdapBindDn
            | Self::Contact
            | Self::Organization
            | Self::OrganizationUrl
            | Self::MailDomains
            | Self::Languages
            | Self::SupportText
            | Self::SupportTextEn
            | Self::SupportLink => false,
        }
    }

    /// The keys whose faults are faults of the answer, and of no other one.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::BaseUrl => &["base-url", "lab", "server.listen"],
            // It is judged with its password: one without the other is a fault. The first is no answer to keep.
            Self::SignIn | Self::LdapBindDn => &[],
            Self::Cas => &["authn.cas.url"],
            Self::Ldap => &["authn.ldap.url"],
            Self::LdapBase => &["authn.ldap.base"],
            Self::LdapPasswordFile => &["authn.ldap.bind-dn", "authn.ldap.bind-password-file"],
            Self::Ca => &["authn.cas.ca", "authn.ldap.ca"],
            Self::StateFolder => &["server.state-folder"],
            Self::Contact => &["organization.technical-contact"],
            Self::Organization | Self::Languages => &["organization.name"],
            Self::OrganizationUrl => &["organization.url"],
            Self::MailDomains => &["organization.mail-domains", "organization.scopes"],
            Self::SupportText => &["support.text.fr"],
            Self::SupportTextEn => &["support.text.en"],
            Self::SupportLink => &["support.link"],
        }
    }
}

/// What was answered so far.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    given: BTreeMap<Question, String>,
    /// Whether plain http is let through, on this machine alone.
    pub is_lab: bool,
    /// Whether people are in [`PEOPLE`], and sign in from there.
    pub are_people_in_a_file: bool,
}

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
pub const EXPLANATION: &str = include_str!("../../config/passerelle.example.toml");

/// What a start page may say, beside the configuration, and what is in it.
pub const HOME: [(&str, &str); 2] = [
    (
        "texts/home.fr.md",
        include_str!("../../config/texts/home.fr.md"),
    ),
    (
        "texts/home.en.md",
        include_str!("../../config/texts/home.en.md"),
    ),
];

const HEAD: &str = "\
# Written by `passerelle init`, out of what it was told; change what you like, and run `passerelle check`.
#
# Every key that may stand here is explained in passerelle.example.toml, beside this file. A line that begins with `#:` is
# a setting that is off: remove the `#:` to switch it on.

";

impl Answers {
    /// Takes an answer in the place of an earlier one.
    pub fn give(&mut self, question: Question, answer: impl Into<String>) {
        self.given.insert(question, answer.into());
    }

    /// Asks for an answer again.
    pub fn take_back(&mut self, question: Question) {
        self.given.remove(&question);
    }

    /// What was answered; nothing where it was not, or by nothing.
    pub fn to(&self, question: Question) -> Option<&str> {
        let answer = self.given.get(&question)?.as_str();
        Some(answer).filter(|answer| !answer.is_empty())
    }

    /// Those that were answered, be it by nothing.
    pub fn questions(&self) -> impl Iterator<Item = Question> {
        self.given.keys().copied()
    }

    /// What counts where somebody is asked and says nothing; none where they have to say something.
    pub fn proposed(&self, question: Question) -> Option<String> {
        match question {
            Question::Ldap | Question::LdapBindDn | Question::SupportLink => Some(String::new()),
            Question::Languages => Some("fr,en".to_owned()),
            Question::MailDomains => self.to(Question::Contact).and_then(domain_of),
            Question::BaseUrl
            | Question::SignIn
            | Question::Cas
            | Question::LdapBase
            | Question::LdapPasswordFile
            | Question::Ca
            | Question::StateFolder
            | Question::Contact
            | Question::Organization
            | Question::OrganizationUrl
            | Question::SupportText
            | Question::SupportTextEn => None,
        }
    }

    /// The next question that has to be asked; none where all is known.
    pub fn next_question(&self) -> Option<Question> {
        let has = |question| self.to(question).is_some();
        let is_said = has(Question::Cas) || has(Question::Ldap) || self.are_people_in_a_file;
        [
            (Question::BaseUrl, true),
            (Question::SignIn, !is_said),
            // Whoever was asked where people sign in, and said CAS, may have a directory besides.
            (
                Question::Ldap,
                has(Question::Cas) && self.given.contains_key(&Question::SignIn),
            ),
            (Question::LdapBase, has(Question::Ldap)),
            (Question::LdapBindDn, has(Question::Ldap)),
            (Question::LdapPasswordFile, has(Question::LdapBindDn)),
            (Question::Contact, true),
            // The contact may be anywhere, and a mail provider's domain is no university's.
            (Question::MailDomains, !self.are_people_in_a_file),
            (Question::Languages, true),
            (Question::SupportText, true),
            (Question::SupportTextEn, self.languages().contains(&"en")),
            (Question::SupportLink, true),
        ]
        .into_iter()
        .find(|(question, is_asked)| *is_asked && !self.given.contains_key(question))
        .map(|(question, _)| question)
    }

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

    /// The mail domains; that of the contact until they are said, and in a try, where nobody is asked.
    fn domains(&self) -> Vec<String> {
        if let Some(domains) = self.to(Question::MailDomains) {
            return list(domains).into_iter().map(str::to_owned).collect();
        }
        self.proposed(Question::MailDomains).into_iter().collect()
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

    /// French, until they are known.
    fn languages(&self) -> Vec<&str> {
        match self.to(Question::Languages) {
            Some(tags) => list(tags),
            None => vec!["fr"],
        }
    }
}

/// The entries of a text with commas between them.
fn list(text: &str) -> Vec<&str> {
    let entries = text.split(',').map(str::trim);
    entries.filter(|entry| !entry.is_empty()).collect()
}

/// Domains are written in lower case, whatever people do in addresses.
fn domain_of(contact: &str) -> Option<String> {
    let (_, domain) = contact.rsplit_once('@')?;
    Some(domain.to_ascii_lowercase())
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{environment::Environment, fault::ConfigFault, parse};

    fn answers(given: &[(Question, &str)]) -> Answers {
        let mut answers = Answers::default();
        for (question, answer) in given {
            answers.give(*question, *answer);
        }
        answers
    }

    const ALL: [(Question, &str); 8] = [
        (Question::BaseUrl, "https://idp.example.org"),
        (Question::Cas, "https://cas.example.org/cas"),
        (Question::Contact, "sso@Mail.example"),
        (Question::MailDomains, "example.org"),
        (Question::Languages, "fr, en"),
        (Question::SupportText, "Dans l'ENT : « Assistance »"),
        (Question::SupportTextEn, r#"In "Help" \ Tickets"#),
        (Question::SupportLink, ""),
    ];

    fn faults(answers: &Answers) -> Vec<ConfigFault> {
        faults_in(&answers.text())
    }

    fn faults_in(text: &str) -> Vec<ConfigFault> {
        let read = parse(
            Path::new("/absent/passerelle.toml"),
            text,
            &Environment::default(),
        );
        let mut faults = read.unwrap_err().faults;
        // There is no file of a key here, and no folder.
        faults.retain(|fault| !fault.is_under("keys") && !fault.is_under("server.state-folder"));
        faults
    }

    #[test]
    fn what_is_answered_stands_in_a_configuration_that_can_be_read() {
        let answers = answers(&ALL);
        assert_eq!(answers.next_question(), None);
        assert_eq!(faults(&answers), []);
        let text = answers.text();
        let organization = "[organization]\nname.fr = \"example.org\"\nname.en = \"example.org\"\n\
                            url.fr = \"https://www.example.org\"\n";
        for part in [organization, "mail-domains = [\"example.org\"]\n"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let read: toml::Table = text.parse().unwrap();
        let support = read["support"]["text"].as_table().unwrap();
        for (tag, question) in [
            ("fr", Question::SupportText),
            ("en", Question::SupportTextEn),
        ] {
            assert_eq!(support[tag].as_str(), answers.to(question));
        }
    }

    #[test]
    fn what_is_off_in_it_can_be_read_once_it_is_switched_on() {
        let text = answers(&ALL).text();
        let switched_on = text.replace("\n#:", "\n");
        let faults = faults_in(&switched_on);
        // There is no such folder here, and perhaps no such program.
        let of_files = |fault: &ConfigFault| {
            fault.is_under("texts.folder") || fault.is_under("alerts.mail.sendmail")
        };
        assert!(faults.iter().all(of_files), "{faults:?}");
        let [before, read] = [&text, &switched_on].map(|it| it.parse::<toml::Table>().unwrap());
        for key in ["test", "alerts", "texts"] {
            assert!(!before.contains_key(key), "{text}");
        }
        assert!(read["test"]["people"].is_array());
        assert_eq!(read["texts"]["folder"].as_str(), Some("texts"));
        let mail = &read["alerts"]["mail"];
        assert_eq!(mail["to"][0].as_str(), Some("sso@Mail.example"));
        assert_eq!(mail["from"].as_str(), Some("sso@Mail.example"));
        let state = before["server"]["state-folder"].as_str();
        assert_eq!(state, Some("../state"), "{text}");
        assert!(text.contains("https://idp.example.org/test"), "{text}");
    }

    #[test]
    fn a_fault_of_an_answer_stands_under_its_own_keys_and_under_no_others() {
        let ldap = [
            (Question::Cas, ""),
            (Question::Ldap, "ldaps://ldap.example.org"),
            (Question::LdapBase, "dc=example"),
        ];
        for (question, bad) in [
            (Question::BaseUrl, "http://idp.example.org"),
            (Question::BaseUrl, "idp"),
            (Question::Cas, "cas.example.org"),
            (Question::Contact, "nobody"),
            (Question::Languages, "en"),
            (Question::Languages, "fr,de"),
            (Question::Languages, "fr,é"),
            (Question::SupportText, " "),
            (Question::SupportTextEn, "a\u{7}"),
            (Question::SupportLink, "help"),
            (Question::MailDomains, "example"),
            (Question::OrganizationUrl, "ftp://example.org"),
            (Question::Ldap, "ldap.example.org"),
            (Question::LdapPasswordFile, "/absent/password"),
            (Question::Ca, "/absent/ca.pem"),
        ] {
            let mut answers = answers(&ALL);
            if matches!(question, Question::Ldap | Question::LdapPasswordFile) {
                for (question, answer) in ldap {
                    answers.give(question, answer);
                }
                answers.give(Question::LdapBindDn, "cn=reader");
            }
            answers.give(question, bad);
            let found = faults(&answers);
            let own = |fault: &ConfigFault| {
                let keys = question.keys();
                keys.iter().any(|key| fault.is_under(key))
            };
            assert!(found.iter().any(own), "{question:?} {bad}: {found:?}");
            if question != Question::Ldap {
                assert!(found.iter().all(own), "{question:?} {bad}: {found:?}");
            }
        }
    }

    #[test]
    fn what_was_answered_by_nothing_is_not_asked_again_and_stands_nowhere() {
        let mut answers = answers(&ALL);
        assert!(!answers.text().contains("\nlink ="));
        answers.give(Question::Cas, "");
        assert_eq!(answers.next_question(), Some(Question::SignIn));
        answers.give(Question::Ldap, "ldaps://ldap.example.org");
        let mut asked = Vec::new();
        while let Some(question) = answers.next_question() {
            asked.push(question);
            let proposed = answers.proposed(question);
            answers.give(question, proposed.as_deref().unwrap_or("cn=x"));
        }
        assert_eq!(asked, [Question::LdapBase, Question::LdapBindDn]);
    }

    #[test]
    fn whoever_was_asked_where_people_sign_in_and_said_cas_is_asked_for_a_directory() {
        let mut answers = answers(&ALL);
        assert_eq!(answers.next_question(), None);
        answers.give(Question::SignIn, "https://cas.example.org/cas");
        assert_eq!(answers.next_question(), Some(Question::Ldap));
        let none = answers.proposed(Question::Ldap);
        assert_eq!(none.as_deref(), Some(""));
        let mut with_none = answers.clone();
        with_none.give(Question::Ldap, "");
        assert_eq!(with_none.next_question(), None);
        assert!(!with_none.text().contains("ldap"), "{}", with_none.text());
        answers.give(Question::Ldap, "ldaps://ldap.example.org");
        assert_eq!(answers.next_question(), Some(Question::LdapBase));
        let text = answers.text();
        assert!(text.contains("attributes = \"ldap\"\n"), "{text}");
    }

    #[test]
    fn the_mail_domains_are_asked_for_and_that_of_the_contact_is_proposed() {
        let mut answers = Answers::default();
        for (question, answer) in ALL {
            if question != Question::MailDomains {
                answers.give(question, answer);
            }
        }
        assert_eq!(answers.next_question(), Some(Question::MailDomains));
        let proposed = answers.proposed(Question::MailDomains);
        assert_eq!(proposed.as_deref(), Some("mail.example"));
        // Nobody is asked in a try.
        answers.are_people_in_a_file = true;
        assert_eq!(answers.next_question(), None);
        let derived = "mail-domains = [\"mail.example\"]\n";
        assert!(answers.text().contains(derived));
    }
}
