//! A new configuration, written out of what somebody answers to a few questions: `passerelle init`.
//!
//! Knows which keys an answer comes to, and judges none of them: the text is read as every configuration is,
//! and a fault of a key is one of the answer that came to it. So no rule stands here a second time. Reads and
//! writes no file.

use std::collections::BTreeMap;

use super::files::CREDENTIAL;

mod text;

pub use text::{
    EXPLAINED, EXPLANATION, HOME, PEOPLE, STATE, TRY_LOGIN, TRY_METADATA, TRY_SERVICE, TRY_TABLE,
};

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

    /// The mail domains; that of the contact until they are said, and in a try, where nobody is asked.
    fn domains(&self) -> Vec<String> {
        if let Some(domains) = self.to(Question::MailDomains) {
            return list(domains).into_iter().map(str::to_owned).collect();
        }
        self.proposed(Question::MailDomains).into_iter().collect()
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
