//! Every page that a person sees here.
//!
//! Owns the templates (`templates/`), the texts (`locales/`) and the look (`assets/`), all built
//! into the program. Pure: reads no clock, draws no randomness and sets no header. A page loads
//! nothing from elsewhere, has no inline style, and the one script there is (on the POST page)
//! bears the caller's nonce, so the strictest Content-Security-Policy fits. Nothing on a
//! page says what is behind it: no host, no protocol, no cause, and not whether an account exists
//! but for the pages of `/test`, which are for those who see to what is behind it.

pub mod article;
mod finding;
mod form;
pub mod gallery;
pub mod interview;
pub mod matter;
mod remark;
pub mod sheet;
pub mod specimens;
mod stop;
mod template;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;
mod trial;
mod words;

pub use stop::{RealSignIn, Stop, StopReason};
pub use words::WordsError;

use std::collections::BTreeMap;

use article::Article;
use form::{Skeleton, Values};
use jiff::civil::Date;
use template::{Edition, Login};

use crate::{
    flow::trial::Trial,
    model::language::{Language, Localized},
};

/// What the configuration says about the place.
#[derive(Clone, Debug)]
pub struct Site {
    /// The name of the organization: the text mark of every page.
    pub organization: Localized,
    /// Its home page.
    pub organization_url: Localized,
    /// How to get help, in words. Steps are set apart by ` > `.
    pub support_text: Localized,
    /// Where to get help.
    pub support_link: Option<String>,
    /// Where people change their password.
    pub password_link: Option<String>,
    /// Whether plain `http` is allowed; every page then says so.
    pub lab: bool,
    /// What the start page says besides its list of services, in each language or in none.
    pub welcome: BTreeMap<Language, Welcome>,
}

/// What the administrator has the start page say.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// Its heading.
    pub title: String,
    /// What stands before the services.
    pub lead: String,
    /// What stands behind them.
    pub article: Article,
    /// When somebody last changed what it says.
    pub last_change: Date,
}

/// A page and what it shows. All text is plain text: escaping is done here.
#[derive(Clone, Copy, Debug)]
pub enum Page<'a> {
    /// Leads to a provider that has asked for nothing, by a click.
    Start {
        /// Own path that the form is sent to.
        action: &'a str,
        /// Name of the provider.
        provider: &'a str,
        /// What else is said of it.
        about: About<'a>,
    },
    /// Asks for name and password.
    Login {
        /// Own path that the form is sent to.
        action: &'a str,
        /// The synchroniser token.
        csrf: &'a str,
        /// Name of the provider.
        provider: &'a str,
        /// What else is said of it.
        about: About<'a>,
        /// What was typed before; empty the first time.
        username: &'a str,
        /// What came of the last attempt.
        refused: Option<Refusal>,
    },
    /// Carries the Response of a successful sign-in to the provider.
    Post {
        /// Address of the assertion consumer service.
        action: &'a str,
        /// The Response in base 64.
        saml_response: &'a str,
        /// The RelayState, byte for byte as it came.
        relay_state: Option<&'a str>,
        /// Name of the provider.
        provider: &'a str,
    },
    /// Carries a Response that tells the provider of a fault: like [`Page::Post`], but does not
    /// say that anybody is signed in.
    PostFault {
        /// Address of the assertion consumer service.
        action: &'a str,
        /// The Response in base 64.
        saml_response: &'a str,
        /// The RelayState, byte for byte as it came.
        relay_state: Option<&'a str>,
        /// Name of the provider.
        provider: &'a str,
    },
    /// Says that the password ends soon, before the person goes on to the provider.
    PasswordEnds(Ending<'a>),
    /// Says why the person cannot go on.
    Stop(Stop<'a>),
    /// Asks whether to sign out. The form is sent to `/logout`.
    LogoutConfirm {
        /// The synchroniser token.
        csrf: &'a str,
        /// Who is signed in.
        person: Option<&'a str>,
    },
    /// Says that the session has ended.
    LoggedOut,
    /// Says that there was no session.
    NothingToLogOut,
    /// Says that there is no such address.
    NotFound {
        /// The code that finds the request in the journal.
        support_code: &'a str,
    },
    /// Says, in a frame of another site, that people sign in in a window of their own, and opens the start
    /// page in one. The only page that may be framed: nothing on it is worth a click that somebody is
    /// tricked into.
    Framed,
    /// Lets people try a sign-in to each provider.
    Trials {
        /// Name of each provider, and the own path that its form is sent to.
        trials: &'a [(&'a str, &'a str)],
    },
    /// Shows what would have been sent. It has no form.
    Trial(&'a Trial),
    /// Says what this address is for.
    Home {
        /// Name of each provider, and where to start a sign-in to it.
        providers: &'a [(&'a str, Option<&'a str>)],
        /// Whether there may be a session to end: the browser brought one, whatever it is worth.
        may_sign_out: bool,
    },
}

/// What a provider says of itself, for whoever wants to know before they go there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct About<'a> {
    /// A sentence or two.
    pub description: Option<&'a str>,
    /// Where it tells more.
    pub information: Option<&'a str>,
    /// Where it says what it does with what it is told of people.
    pub privacy: Option<&'a str>,
}

impl About<'_> {
    /// Its addresses are a stranger's words: they lead to the web or nowhere.
    fn check(&self) -> Result<(), PageError> {
        let links = [self.information, self.privacy];
        links.into_iter().flatten().try_for_each(web_address)
    }
}

/// What came of an attempt to sign in, as far as the person is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The proof failed. One text for an unknown name, a wrong password and a locked account.
    WrongCredentials,
    /// Too many attempts; the next one counts after this long.
    Wait {
        /// How long.
        seconds: u64,
    },
    /// Too many people at once.
    Busy,
}

/// What the page of a password that ends shows.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// Own path that the form is sent to.
    pub action: &'a str,
    /// The synchroniser token.
    pub csrf: &'a str,
    /// What was proven, sealed.
    pub proof: &'a str,
    /// Name of the provider.
    pub provider: &'a str,
    /// When it ends.
    pub ends: PasswordEnd,
}

/// When a password ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PasswordEnd {
    /// In so many whole days.
    Days(u64),
    /// It has ended, and works for so many more sign-ins.
    SignIns(u64),
}

/// Why a page could not be written. The texts and templates are tested, so what is left are the
/// addresses and the site's own texts.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// An address is not one that this page may lead to.
    #[error("an address on a page is neither a web address nor one of our own paths")]
    Address,
    /// The organization's name or the support text holds a character from U+F8D0 to U+F8D4.
    #[error("a text of the site holds a character that the pages use themselves")]
    ReservedCharacter,
    /// A template is broken.
    #[error("a template could not be rendered")]
    Template(#[from] minijinja::Error),
    /// A text is missing.
    #[error("a text could not be written")]
    Words(#[from] WordsError),
}

/// All pages in all languages, compiled once.
pub struct Pages {
    french: Edition,
    english: Edition,
    site: Site,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl Pages {
    /// Where [`Self::style`] is served.
    pub const STYLE_PATH: &'static str = "/assets/style.css";
    /// Where [`Self::icon`] is served.
    pub const ICON_PATH: &'static str = "/assets/icon.svg";

    /// Compiles the pages for a site.
    ///
    /// # Errors
    ///
    /// An address or text of the site cannot stand on a page.
    pub fn new(site: Site) -> Result<Self, PageError> {
        for language in Language::ALL {
            web_address(site.organization_url.text(language))?;
        }
        for link in [&site.support_link, &site.password_link] {
            link.as_deref().map(web_address).transpose()?;
        }
        Ok(Self {
            french: Edition::new(&site, Language::Fr)?,
            english: Edition::new(&site, Language::En)?,
            site,
        })
    }

    /// Writes a page. `nonce` is the one of the response's Content-Security-Policy.
    ///
    /// # Errors
    ///
    /// An address on the page is not one that it may lead to: the caller must not answer with
    /// anything that a person could follow.
    pub fn render(
        &self,
        page: &Page<'_>,
        language: Language,
        nonce: &str,
    ) -> Result<String, PageError> {
        let edition = self.edition(language);
        match *page {
            Page::Login {
                action,
                csrf,
                provider,
                about,
                username,
                refused,
            } => {
                own_path(action)?;
                about.check()?;
                edition.login(&Login {
                    action,
                    csrf,
                    provider,
                    about,
                    username,
                    refused,
                })
            }
            Page::Start {
                action,
                provider,
                about,
            } => {
                own_path(action)?;
                about.check()?;
                edition.start(action, provider, &about)
            }
            Page::Post {
                action,
                saml_response,
                relay_state,
                provider,
            }
            | Page::PostFault {
                action,
                saml_response,
                relay_state,
                provider,
            } => {
                let values = Values {
                    action,
                    saml_response,
                    relay_state,
                    provider,
                    nonce,
                    ..Values::default()
                };
                let skeletons = if matches!(page, Page::Post { .. }) {
                    &edition.signed_in
                } else {
                    &edition.answered
                };
                self.post(skeletons, &values)
            }
            Page::Stop(stop) => self.stop(&stop, language),
            Page::PasswordEnds(ending) => {
                own_path(ending.action)?;
                edition.password_ends(&ending)
            }
            Page::LogoutConfirm { csrf, person } => edition.logout(csrf, person),
            Page::LoggedOut => edition.logged_out(),
            Page::NothingToLogOut => edition.nothing_to_log_out(),
            Page::NotFound { support_code } => edition.not_found(support_code),
            Page::Framed => edition.framed(),
            Page::Trials { trials } => {
                trials.iter().try_for_each(|(_name, path)| own_path(path))?;
                edition.trials(trials)
            }
            Page::Trial(trial) => edition.trial(trial),
            Page::Home {
                providers,
                may_sign_out,
            } => {
                addresses(providers)?;
                edition.home(providers, may_sign_out)
            }
        }
    }

    /// The style sheet, served as `text/css` at [`Self::STYLE_PATH`]. Pages ask for it with a query
    /// that changes when it does, so it may be cached for good.
    pub const fn style() -> &'static str {
        include_str!("../../assets/style.css")
    }

    /// The icon, served as `image/svg+xml` at [`Self::ICON_PATH`]; cached like the style sheet.
    pub const fn icon() -> &'static str {
        include_str!("../../assets/icon.svg")
    }

    fn stop(&self, stop: &Stop<'_>, language: Language) -> Result<String, PageError> {
        stop.way_out
            .map(|(_provider, link)| address(link))
            .transpose()?;
        stop.again.map(own_path).transpose()?;
        let other = match language {
            Language::Fr => &self.english,
            Language::En => &self.french,
        };
        self.edition(language).stop(stop, &[other])
    }

    /// Writes a page that posts: its skeletons are those with a RelayState and without.
    fn post(
        &self,
        [with, without]: &[Skeleton; 2],
        values: &Values<'_>,
    ) -> Result<String, PageError> {
        self.endpoint(values.action)?;
        let skeleton = if values.relay_state.is_some() {
            with
        } else {
            without
        };
        Ok(skeleton.fill(values))
    }

    const fn edition(&self, language: Language) -> &Edition {
        match language {
            Language::Fr => &self.french,
            Language::En => &self.english,
        }
    }

    /// Checks where a message is sent: in clear only in the laboratory.
    fn endpoint(&self, action: &str) -> Result<(), PageError> {
        if action.starts_with("https://") || (self.site.lab && action.starts_with("http://")) {
            Ok(())
        } else {
            Err(PageError::Address)
        }
    }
}

/// Checks an address on the web. Whoever registered it has parsed it; this only keeps
/// `javascript:` and its kin off our pages, should that ever be forgotten.
fn web_address(link: &str) -> Result<(), PageError> {
    if link.starts_with("https://") || link.starts_with("http://") {
        Ok(())
    } else {
        Err(PageError::Address)
    }
}

/// Checks a path of our own. `//host` and `/\host` are other hosts to a browser, which also drops
/// tabs and line breaks before it looks.
fn own_path(link: &str) -> Result<(), PageError> {
    let is_own = link.starts_with('/')
        && !link.starts_with("//")
        && link
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own {
        Ok(())
    } else {
        Err(PageError::Address)
    }
}

/// Checks the address of each provider that has one.
fn addresses(providers: &[(&str, Option<&str>)]) -> Result<(), PageError> {
    let mut links = providers.iter().filter_map(|(_name, link)| *link);
    links.try_for_each(address)
}

/// Checks an address of either kind.
fn address(link: &str) -> Result<(), PageError> {
    own_path(link).or_else(|_not_ours| web_address(link))
}
