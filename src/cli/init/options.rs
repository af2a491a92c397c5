//! What of the answers is said on the command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::{
    cli::Spoken,
    config::draft::{Answers, Question},
    edge::page::interview::InterviewWords,
    model::language::Language,
};

/// Where a try is reached: the port of `make demo`.
const TRY_URL: &str = "http://idp.localhost:8480";
/// A domain that belongs to nobody (RFC 2606).
const TRY_CONTACT: &str = "sso@univ.example";

#[derive(Args, Debug)]
pub(in crate::cli) struct Options {
    /// The folder below which config/, metadata/ and certs/ are made.
    #[arg(default_value = ".")]
    pub(super) folder: PathBuf,
    /// A first try on this machine: asks nothing, and makes one account, whose password is shown once.
    #[arg(long = "try", conflicts_with_all = ["cas", "ldap", "ca"])]
    pub(super) is_try: bool,
    /// Lets plain http through, for a base URL on localhost.
    #[arg(long)]
    lab: bool,
    /// The language of the questions. Default: that of $LANG, or English.
    #[arg(long, value_enum, alias = "language")]
    pub(super) lang: Option<Spoken>,
    #[command(flatten)]
    sign_in: SignIn,
    #[command(flatten)]
    place: Place,
}

/// Where people sign in.
#[derive(Args, Debug)]
struct SignIn {
    /// The CAS server where people sign in: what stands before /login.
    #[arg(long, value_name = "URL")]
    cas: Option<String>,
    /// The directory, by ldaps or by ldap with `StartTLS`: it checks passwords, or with --cas says what is known of people.
    #[arg(long, value_name = "URL")]
    ldap: Option<String>,
    /// The entry of the directory below which people are.
    #[arg(long, value_name = "DN", requires = "ldap")]
    ldap_base: Option<String>,
    /// Our account in the directory.
    #[arg(long, value_name = "DN", requires = "ldap")]
    ldap_bind_dn: Option<String>,
    /// The file of its password, which nobody else can read; or credential:NAME.
    #[arg(long, value_name = "FILE", requires = "ldap_bind_dn")]
    ldap_password_file: Option<String>,
    /// The authorities that vouch for the CAS server and the directory, PEM. Default: those of the system.
    #[arg(long, value_name = "FILE")]
    ca: Option<String>,
}

/// Who runs the server, and where.
#[derive(Args, Debug)]
struct Place {
    /// A folder that the service's user alone may write to, for what the server keeps. Default: state/, which is made.
    #[arg(long, value_name = "FOLDER")]
    state_folder: Option<String>,
    /// The address at which people reach this server.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The mail address of whoever runs it.
    #[arg(long, value_name = "MAIL")]
    contact: Option<String>,
    /// The name of the organization. Default: its first mail domain.
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// Its home page. Default: www. and its first mail domain.
    #[arg(long, value_name = "URL")]
    organization_url: Option<String>,
    /// Its mail domains, with commas between them: Zoom is told addresses in no others.
    #[arg(long, value_name = "DOMAINS")]
    mail_domains: Option<String>,
    /// The languages of its texts: fr, or fr,en.
    #[arg(long, value_name = "TAGS")]
    languages: Option<String>,
    /// How a person opens a support ticket, in French.
    #[arg(long, value_name = "TEXT")]
    support_text: Option<String>,
    /// The same in English.
    #[arg(long, value_name = "TEXT")]
    support_text_en: Option<String>,
    /// Where that is done; '' where it is nowhere.
    #[arg(long, value_name = "URL")]
    support_link: Option<String>,
}

impl Options {
    /// What is said; and for a try all the rest.
    ///
    /// # Errors
    ///
    /// A path says nothing, or a text is missing, which tests exclude.
    pub(super) fn answers(&self) -> anyhow::Result<Answers> {
        let mut answers = Answers::default();
        answers.is_lab = self.lab || self.is_try;
        answers.are_people_in_a_file = self.is_try;
        if self.is_try {
            let support = |language| InterviewWords::load(language)?.try_support();
            answers.give(Question::BaseUrl, TRY_URL);
            answers.give(Question::Contact, TRY_CONTACT);
            answers.give(Question::Languages, "fr,en");
            answers.give(Question::SupportText, support(Language::Fr)?);
            answers.give(Question::SupportTextEn, support(Language::En)?);
            answers.give(Question::SupportLink, "");
        }
        for (question, answer) in self.given() {
            if let Some(answer) = answer {
                answers.give(question, as_written(question, answer)?);
            }
        }
        Ok(answers)
    }

    fn given(&self) -> [(Question, Option<&str>); 16] {
        let (sign_in, place) = (&self.sign_in, &self.place);
        [
            (Question::BaseUrl, &place.base_url),
            (Question::Cas, &sign_in.cas),
            (Question::Ldap, &sign_in.ldap),
            (Question::LdapBase, &sign_in.ldap_base),
            (Question::LdapBindDn, &sign_in.ldap_bind_dn),
            (Question::LdapPasswordFile, &sign_in.ldap_password_file),
            (Question::Ca, &sign_in.ca),
            (Question::StateFolder, &place.state_folder),
            (Question::Contact, &place.contact),
            (Question::Organization, &place.organization),
            (Question::OrganizationUrl, &place.organization_url),
            (Question::MailDomains, &place.mail_domains),
            (Question::Languages, &place.languages),
            (Question::SupportText, &place.support_text),
            (Question::SupportTextEn, &place.support_text_en),
            (Question::SupportLink, &place.support_link),
        ]
        .map(|(question, answer)| (question, answer.as_deref()))
    }
}

/// As it comes into the configuration: a path that is typed starts here, and one that stands there at its
/// folder.
pub(super) fn as_written(question: Question, typed: &str) -> anyhow::Result<String> {
    if !question.is_path(typed) {
        return Ok(typed.to_owned());
    }
    let path = std::path::absolute(typed).with_context(|| question.flag())?;
    Ok(path.to_string_lossy().into_owned())
}
