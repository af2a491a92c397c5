//! The words of `passerelle init`: its questions, and what it says at the end.

use fluent_bundle::FluentArgs;

use super::{PageError, template::key, words::Words};
use crate::{config::draft::Question, model::language::Language};

/// The words of the questions in one language.
pub struct InterviewWords(Words);

impl std::fmt::Debug for InterviewWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InterviewWords(…)")
    }
}

impl InterviewWords {
    /// Reads the words of `language`.
    ///
    /// # Errors
    ///
    /// The file of texts is broken, which tests exclude.
    pub fn load(language: Language) -> Result<Self, PageError> {
        Ok(Self(Words::load(language)?))
    }

    /// What stands above the questions.
    ///
    /// # Errors
    ///
    /// A text is missing, which tests exclude; so below.
    pub fn lead(&self) -> Result<String, PageError> {
        self.text(key("init-lead"), &[])
    }

    /// A question, with what counts where somebody says nothing; none for what nobody is asked.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn question(
        &self,
        question: Question,
        proposed: &str,
    ) -> Result<Option<String>, PageError> {
        let (key, arguments): (_, &[(&str, &str)]) = match question {
            Question::BaseUrl => (
                key("init-base-url"),
                &[("example", "https://idp.univ.example")],
            ),
            Question::SignIn => (
                key("init-sign-in"),
                &[
                    ("cas", "https://cas.univ.example/cas"),
                    ("ldap", "ldaps://ldap.univ.example"),
                ],
            ),
            Question::Ldap => (
                key("init-directory"),
                &[("example", "ldaps://ldap.univ.example")],
            ),
            Question::LdapBase => (
                key("init-ldap-base"),
                &[("example", "ou=people,dc=univ,dc=example")],
            ),
            Question::LdapBindDn => (key("init-ldap-bind-dn"), &[]),
            Question::LdapPasswordFile => (key("init-ldap-password-file"), &[]),
            Question::Contact => (key("init-contact"), &[]),
            Question::MailDomains => (key("init-mail-domains"), &[("proposed", proposed)]),
            Question::Languages => (key("init-languages"), &[("proposed", proposed)]),
            Question::SupportText => (key("init-support-text"), &[]),
            Question::SupportTextEn => (key("init-support-text-en"), &[]),
            Question::SupportLink => (key("init-support-link"), &[]),
            Question::Cas
            | Question::Ca
            | Question::StateFolder
            | Question::Organization
            | Question::OrganizationUrl => return Ok(None),
        };
        self.text(key, arguments).map(Some)
    }

    /// What an answer has to be like, for whoever gave one that was refused.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn wanted(&self, question: Question) -> Result<String, PageError> {
        let (key, example) = match question {
            Question::BaseUrl => (key("init-wanted-base-url"), "https://idp.univ.example"),
            Question::SignIn => (key("init-wanted-sign-in"), ""),
            Question::Cas => (key("init-wanted-cas"), "https://cas.univ.example/cas"),
            Question::Ldap => (key("init-wanted-ldap"), "ldaps://ldap.univ.example"),
            Question::LdapBase => (key("init-wanted-dn"), "ou=people,dc=univ,dc=example"),
            Question::LdapBindDn => (
                key("init-wanted-dn"),
                "cn=passerelle,ou=services,dc=univ,dc=example",
            ),
            Question::LdapPasswordFile => (key("init-wanted-ldap-password-file"), ""),
            Question::Ca => (key("init-wanted-ca"), ""),
            Question::StateFolder => (key("init-wanted-state-folder"), ""),
            Question::Contact => (key("init-wanted-contact"), "sso@univ.example"),
            Question::OrganizationUrl => (key("init-wanted-link"), "https://www.univ.example"),
            Question::MailDomains => (
                key("init-wanted-mail-domains"),
                "univ.example, etu.univ.example",
            ),
            Question::Languages => (key("init-wanted-languages"), ""),
            Question::Organization | Question::SupportText | Question::SupportTextEn => {
                (key("init-wanted-sentence"), "")
            }
            Question::SupportLink => (key("init-wanted-link"), "https://help.univ.example"),
        };
        self.text(key, &[("example", example)])
    }

    /// That nothing is no answer to a question.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn needed(&self) -> Result<String, PageError> {
        self.text(key("init-needed"), &[])
    }

    /// What to look at in the configuration that was written: what stands there of the organization follows.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn look(&self, file: &str) -> Result<String, PageError> {
        self.text(key("init-look"), &[("file", file)])
    }

    /// Where every key is explained.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn explained(&self, file: &str) -> Result<String, PageError> {
        self.text(key("init-explained"), &[("file", file)])
    }

    /// The account of a try, and its password.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn account(&self, login: &str, password: &str) -> Result<String, PageError> {
        let arguments = [("login", login), ("password", password)];
        self.text(key("init-account"), &arguments)
    }

    /// What root has to know: what was made is root's, and no service should be. What gives it away follows.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn as_root(&self) -> Result<String, PageError> {
        self.text(key("init-as-root"), &[])
    }

    /// What is off in the configuration in `file` and wants to be switched on before long; `texts` is the start page's.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn later(&self, file: &str, texts: &str) -> Result<String, PageError> {
        self.text(key("init-later"), &[("file", file), ("texts", texts)])
    }

    /// What stands above the next commands.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn next(&self) -> Result<String, PageError> {
        self.text(key("init-next"), &[])
    }

    /// How the sign-in of this server, at `url`, is tried before anybody is sent there.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn try_first(&self, file: &str, url: &str) -> Result<String, PageError> {
        self.text(key("init-try-first"), &[("file", file), ("url", url)])
    }

    /// What there is to see in a try, once the server runs at `url`. A service that exists is added by the first command
    /// that follows; its form is filled in by the second.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn try_it(&self, url: &str, login: &str) -> Result<String, PageError> {
        self.text(key("init-try-it"), &[("url", url), ("login", login)])
    }

    /// What people are told in a try, where nobody helps them.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn try_support(&self) -> Result<String, PageError> {
        self.text(key("init-try-support"), &[])
    }

    fn text(&self, key: &str, arguments: &[(&str, &str)]) -> Result<String, PageError> {
        let arguments: FluentArgs<'_> = arguments.iter().copied().collect();
        Ok(self.0.text(key, &arguments)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_asked_sees_by_the_number_of_each_question_how_many_are_left() {
        // In the order in which they are asked.
        let asked = [
            (Question::BaseUrl, 1),
            (Question::SignIn, 2),
            (Question::Ldap, 2),
            (Question::LdapBase, 2),
            (Question::LdapBindDn, 2),
            (Question::LdapPasswordFile, 2),
            (Question::Contact, 3),
            (Question::MailDomains, 3),
            (Question::Languages, 4),
            (Question::SupportText, 5),
            (Question::SupportTextEn, 5),
            (Question::SupportLink, 5),
        ];
        for language in [Language::Fr, Language::En] {
            let words = InterviewWords::load(language).unwrap();
            for (question, number) in asked {
                let text = words.question(question, "").unwrap().unwrap();
                assert!(text.starts_with(&format!("{number}/5  ")), "{text}");
            }
        }
    }

    #[test]
    fn whoever_is_refused_is_told_in_their_language_what_is_wanted() {
        let [in_french, in_english] =
            [Language::Fr, Language::En].map(|language| InterviewWords::load(language).unwrap());
        for question in [
            Question::BaseUrl,
            Question::SignIn,
            Question::Cas,
            Question::Ldap,
            Question::LdapBase,
            Question::LdapBindDn,
            Question::LdapPasswordFile,
            Question::Ca,
            Question::StateFolder,
            Question::Contact,
            Question::Organization,
            Question::OrganizationUrl,
            Question::MailDomains,
            Question::Languages,
            Question::SupportText,
            Question::SupportTextEn,
            Question::SupportLink,
        ] {
            let text = in_french.wanted(question).unwrap();
            assert!(text.starts_with("Attendu\u{a0}: "), "{text}");
            let text = in_english.wanted(question).unwrap();
            assert!(text.starts_with("Wanted: "), "{text}");
        }
    }
}
