//! The templates with the texts of one language: an [`Edition`].
//!
//! The only place that knows minijinja. Every value is escaped on its way into the page, but for the one
//! that [`Article`](super::article::Article) wrote as HTML; a name that a template does not get is an error, and a
//! test keeps `safe` out of the templates.

use std::{hash::Hasher, sync::Arc};

use fluent_bundle::{FluentArgs, FluentValue};
use minijinja::{
    AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, context, value::Kwargs,
};

use super::{
    About, Ending, PageError, Pages, PasswordEnd, RealSignIn, Refusal, Site, Stop, StopReason,
    Welcome,
    form::{Gap, Skeleton, Values},
    words::{Words, of_day},
};
use crate::model::language::Language;

/// Every template: its name, and its text as built into the program.
pub(super) const SOURCES: [(&str, &str); 19] = [
    (
        "layout.html",
        include_str!("../../../templates/layout.html"),
    ),
    ("about.html", include_str!("../../../templates/about.html")),
    ("code.html", include_str!("../../../templates/code.html")),
    (
        "support.html",
        include_str!("../../../templates/support.html"),
    ),
    ("start.html", include_str!("../../../templates/start.html")),
    ("login.html", include_str!("../../../templates/login.html")),
    (
        "password-ends.html",
        include_str!("../../../templates/password-ends.html"),
    ),
    ("post.html", include_str!("../../../templates/post.html")),
    ("stop.html", include_str!("../../../templates/stop.html")),
    (
        "logout.html",
        include_str!("../../../templates/logout.html"),
    ),
    ("said.html", include_str!("../../../templates/said.html")),
    (
        "not-found.html",
        include_str!("../../../templates/not-found.html"),
    ),
    ("home.html", include_str!("../../../templates/home.html")),
    (
        "framed.html",
        include_str!("../../../templates/framed.html"),
    ),
    (
        "trials.html",
        include_str!("../../../templates/trials.html"),
    ),
    ("trial.html", include_str!("../../../templates/trial.html")),
    (
        "withheld.html",
        include_str!("../../../templates/withheld.html"),
    ),
    (
        "decisions.html",
        include_str!("../../../templates/decisions.html"),
    ),
    (
        "stopped-trial.html",
        include_str!("../../../templates/stopped-trial.html"),
    ),
];

/// Marks a string as the name of a text, so that a test finds it in the sources.
pub(super) const fn key(name: &'static str) -> &'static str {
    name
}

impl About<'_> {
    /// Nothing where nothing is said: the template is spared then.
    fn value(&self) -> Value {
        if self
            .description
            .or(self.information)
            .or(self.privacy)
            .is_none()
        {
            return Value::from(());
        }
        context! {
            description => self.description,
            information => self.information,
            privacy => self.privacy,
        }
    }
}

/// What every page says about itself.
pub(super) struct Face<'a> {
    /// `data-page`.
    name: &'a str,
    title: String,
    /// `data-reason`.
    reason: Option<&'a str>,
    /// Whether this page can be asked for again in the other language, by `?lang=`.
    has_languages: bool,
    /// What else stands in the query then: `name=value&`.
    query: String,
}

impl<'a> Face<'a> {
    pub(super) const fn new(name: &'a str, title: String) -> Self {
        Self {
            name,
            title,
            reason: None,
            has_languages: false,
            query: String::new(),
        }
    }

    pub(super) fn in_all_languages(self) -> Self {
        Self {
            has_languages: true,
            ..self
        }
    }

    fn value(self) -> Value {
        context! {
            name => self.name,
            title => self.title,
            reason => self.reason,
            has_languages => self.has_languages,
            query => self.query,
        }
    }
}

/// What a stop page says in one language.
struct StopText {
    title: String,
    sentence: String,
    advice: String,
}

/// The pages in one language.
pub(super) struct Edition {
    pub(super) language: Language,
    pub(super) words: Arc<Words>,
    templates: Environment<'static>,
    /// What the start page says, where the administrator has written it.
    welcome: Option<Welcome>,
    /// The form for name and password as it is shown first, for a provider that says nothing of itself.
    first_form: Skeleton,
    /// The POST page that says that the person is signed in; with a RelayState and without.
    pub(super) signed_in: [Skeleton; 2],
    /// The POST page that says nothing about the outcome; with a RelayState and without.
    pub(super) answered: [Skeleton; 2],
}

/// Compiles templates. Whatever they are called, every value in them is escaped, and one that is not there is
/// a fault.
///
/// # Errors
///
/// A template is broken.
pub(super) fn environment(
    sources: &[(&'static str, &'static str)],
) -> Result<Environment<'static>, PageError> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(|_name| AutoEscape::Html);
    for (name, source) in sources {
        templates.add_template(name, source)?;
    }
    Ok(templates)
}

impl Edition {
    /// Compiles everything for `language`.
    ///
    /// # Errors
    ///
    /// A template or a file of texts is broken, which tests exclude, or the site's own texts
    /// cannot stand on a page.
    pub(super) fn new(site: &Site, language: Language) -> Result<Self, PageError> {
        let words = Arc::new(Words::load(language)?);
        let mut templates = environment(&SOURCES)?;
        let spoken = Arc::clone(&words);
        templates.add_function("t", move |key: &str, arguments: Kwargs| {
            said_in_template(&spoken, key, &arguments)
        });
        add_site(&mut templates, site, language)?;
        let mut edition = Self {
            language,
            words,
            templates,
            welcome: site.welcome.get(&language).cloned(),
            first_form: Skeleton::cut(""),
            signed_in: [Skeleton::cut(""), Skeleton::cut("")],
            answered: [Skeleton::cut(""), Skeleton::cut("")],
        };
        edition.first_form = Skeleton::cut(&edition.login_by_template(&Login {
            action: Gap::Action.mark(),
            csrf: Gap::Csrf.mark(),
            provider: Gap::Provider.mark(),
            about: About::default(),
            username: "",
            refused: None,
        })?);
        edition.signed_in = edition.skeletons(key("post-signed-in"))?;
        edition.answered = edition.skeletons(key("post-answered"))?;
        Ok(edition)
    }

    /// The POST page under a heading, cut at its gaps: with a RelayState and without.
    fn skeletons(&self, heading: &str) -> Result<[Skeleton; 2], PageError> {
        let provider = [("provider", Gap::Provider.mark())];
        let skeleton = |relay_state: Option<&str>| {
            let face = Face::new("post", self.text(key("post-title"), provider)?);
            self.page(
                "post.html",
                face,
                &context! {
                    heading => self.text(heading, provider)?,
                    action => Gap::Action.mark(),
                    saml_response => Gap::SamlResponse.mark(),
                    relay_state => relay_state,
                    nonce => Gap::Nonce.mark(),
                },
            )
            .map(|marked| Skeleton::cut(&marked))
        };
        Ok([skeleton(Some(Gap::RelayState.mark()))?, skeleton(None)?])
    }

    /// A text of this language.
    pub(super) fn text<'a, const N: usize>(
        &self,
        key: &str,
        arguments: [(&'a str, &'a str); N],
    ) -> Result<String, PageError> {
        Ok(self.words.text(key, &arguments.into_iter().collect())?)
    }

    /// Renders one template.
    pub(super) fn page(
        &self,
        template: &str,
        face: Face<'_>,
        values: &Value,
    ) -> Result<String, PageError> {
        let page = face.value();
        Ok(self
            .templates
            .get_template(template)?
            .render(context! { page, ..values.clone() })?)
    }

    /// The page with the button that leads to a provider.
    pub(super) fn start(
        &self,
        action: &str,
        provider: &str,
        about: &About<'_>,
    ) -> Result<String, PageError> {
        let title = self.text(key("start-title"), [("provider", provider)])?;
        let query = action.split_once('?').map(|(_, query)| format!("{query}&"));
        let face = Face {
            query: query.unwrap_or_default(),
            ..Face::new("start", title)
        };
        self.page(
            "start.html",
            face.in_all_languages(),
            &context! { action, provider, about => about.value() },
        )
    }

    /// The form for name and password.
    pub(super) fn login(&self, login: &Login<'_>) -> Result<String, PageError> {
        let is_first = login.username.is_empty() && login.refused.is_none();
        if is_first && login.about == About::default() {
            return Ok(self.first_form.fill(&Values {
                action: login.action,
                csrf: login.csrf,
                provider: login.provider,
                ..Values::default()
            }));
        }
        self.login_by_template(login)
    }

    /// The same, rendered anew.
    pub(super) fn login_by_template(&self, login: &Login<'_>) -> Result<String, PageError> {
        let title = self.text(key("login-title"), [("provider", login.provider)])?;
        self.page(
            "login.html",
            Face::new("login", title).in_all_languages(),
            &context! {
                action => login.action,
                csrf => login.csrf,
                provider => login.provider,
                about => login.about.value(),
                username => login.username,
                refused => login.refused.map(|refusal| self.refusal(refusal)).transpose()?,
                is_wrong => login.refused == Some(Refusal::WrongCredentials),
            },
        )
    }

    /// The page that says that the password ends soon. It answers a POST, so there is nothing to ask
    /// for again.
    pub(super) fn password_ends(&self, ending: &Ending<'_>) -> Result<String, PageError> {
        let mut arguments = FluentArgs::new();
        let (title, lead) = match ending.ends {
            PasswordEnd::Days(days) => {
                arguments.set("days", days);
                (key("ends-title"), key("ends-in-days"))
            }
            PasswordEnd::SignIns(count) => {
                arguments.set("count", count);
                (key("ends-title-ended"), key("ends-in-sign-ins"))
            }
        };
        let lead = self.words.text(lead, &arguments)?;
        let advice = match ending.ends {
            PasswordEnd::SignIns(0) => key("ends-advice-last"),
            PasswordEnd::SignIns(_) | PasswordEnd::Days(_) => key("ends-advice"),
        };
        self.page(
            "password-ends.html",
            Face::new("password-ends", self.text(title, [])?),
            &context! {
                action => ending.action,
                csrf => ending.csrf,
                proof => ending.proof,
                provider => ending.provider,
                lead,
                advice => self.text(advice, [])?,
            },
        )
    }

    fn refusal(&self, refusal: Refusal) -> Result<String, PageError> {
        let mut arguments = FluentArgs::new();
        let key = match refusal {
            Refusal::WrongCredentials => key("login-refused-credentials"),
            Refusal::Busy => key("login-refused-busy"),
            Refusal::Wait { seconds } if seconds <= 60 => {
                arguments.set("seconds", seconds.max(1));
                key("login-refused-wait-seconds")
            }
            Refusal::Wait { seconds } => {
                arguments.set("minutes", seconds.div_ceil(60));
                key("login-refused-wait-minutes")
            }
        };
        Ok(self.words.text(key, &arguments)?)
    }

    /// The page that says why a person cannot go on, in this language and, folded away, in the
    /// `others`: its address may not be one that can be asked for again.
    pub(super) fn stop(&self, stop: &Stop<'_>, others: &[&Self]) -> Result<String, PageError> {
        let StopText {
            title,
            sentence,
            advice,
        } = self.stop_text(&stop.reason)?;
        let way_out = match stop.way_out {
            Some((provider, link)) => Some(context! {
                link,
                label => self.text(stop.way_out_key(), [("provider", provider)])?,
            }),
            None => None,
        };
        let mut translations = Vec::with_capacity(others.len());
        for other in others {
            let StopText {
                title,
                sentence,
                advice,
            } = other.stop_text(&stop.reason)?;
            let name = other.text(key("language-name"), [])?;
            let lang = other.language.tag();
            let trial = other.trial_note(stop)?;
            translations.push(context! { lang, name, title, sentence, trial, advice });
        }
        let face = Face::new("stop", title);
        let behind = stop.shown.and_then(|shown| shown.behind.as_ref());
        self.page(
            "stop.html",
            Face {
                reason: Some(stop.reason.slug()),
                ..face
            },
            &context! {
                sentence,
                advice,
                way_out,
                again => stop.again,
                trial => self.trial_note(stop)?,
                advice_title => self.text(stop.advice_key(), [])?,
                must_change_password => stop.reason == StopReason::PasswordMustChange,
                // Where the address itself is wrong, its start page is, too.
                has_home => stop.way_out.is_none() && stop.reason != StopReason::BadHost,
                needs_support => stop.reason.needs_support(),
                code => stop.code,
                support_code => stop.support_code,
                stopped_trial => stop.shown.map(|shown| self.stopped_trial(shown)).transpose()?,
                behind => behind.map(|behind| self.behind(behind)).transpose()?,
                others => translations,
            },
        )
    }

    /// That it was a trial, and what a real sign-in would have come to.
    fn trial_note(&self, stop: &Stop<'_>) -> Result<Option<String>, PageError> {
        let note = |real: RealSignIn| -> Result<String, PageError> {
            let was_a_trial = self.text(key("stop-trial"), [])?;
            Ok(format!("{was_a_trial} {}", self.text(real.key(), [])?))
        };
        stop.trial.map(note).transpose()
    }

    fn stop_text(&self, reason: &StopReason<'_>) -> Result<StopText, PageError> {
        let (slug, arguments) = (reason.slug(), reason.arguments());
        let text = |part: &str| self.words.text(&format!("stop-{slug}{part}"), &arguments);
        Ok(StopText {
            title: text("")?,
            sentence: text(".sentence")?,
            advice: text(".advice")?,
        })
    }

    /// The question before a sign-out.
    pub(super) fn logout(&self, csrf: &str, person: Option<&str>) -> Result<String, PageError> {
        let face = Face::new("logout", self.text(key("logout-title"), [])?).in_all_languages();
        self.page("logout.html", face, &context! { csrf, person })
    }

    /// The page after a sign-out. It answers a POST, so there is nothing to ask for again.
    pub(super) fn logged_out(&self) -> Result<String, PageError> {
        let face = Face::new("logged-out", self.text(key("logged-out-title"), [])?);
        let text = self.text(key("logged-out-text"), [])?;
        self.page("said.html", face, &context! { text })
    }

    /// The page instead of the question, where nobody is signed in.
    pub(super) fn nothing_to_log_out(&self) -> Result<String, PageError> {
        let face = Face::new("logged-out", self.text(key("nothing-title"), [])?);
        let text = self.text(key("nothing-text"), [])?;
        self.page("said.html", face.in_all_languages(), &context! { text })
    }

    /// The page of an address that does not exist.
    pub(super) fn not_found(&self, support_code: &str) -> Result<String, PageError> {
        let face = Face::new("not-found", self.text(key("not-found-title"), [])?);
        let code: Option<&str> = None;
        self.page(
            "not-found.html",
            face.in_all_languages(),
            &context! { support_code, code },
        )
    }

    /// The page that another site has in a frame.
    pub(super) fn framed(&self) -> Result<String, PageError> {
        let face = Face::new("framed", self.text(key("framed-title"), [])?);
        self.page("framed.html", face, &context! {})
    }

    /// The start page.
    pub(super) fn home(
        &self,
        services: &[(&str, Option<&str>)],
        may_sign_out: bool,
    ) -> Result<String, PageError> {
        let providers: Vec<Value> = services
            .iter()
            .map(|&(name, link)| context! { name, link })
            .collect();
        let (title, welcome) = match &self.welcome {
            Some(welcome) => (welcome.title.clone(), self.welcome(welcome)?),
            None => (self.text(key("home-title"), [])?, Value::from(())),
        };
        self.page(
            "home.html",
            Face::new("home", title).in_all_languages(),
            &context! { providers, welcome, may_sign_out },
        )
    }

    fn welcome(&self, welcome: &Welcome) -> Result<Value, PageError> {
        let arguments = of_day(welcome.last_change);
        Ok(context! {
            lead => welcome.lead.as_str(),
            article => Value::from_safe_string(welcome.article.html().to_owned()),
            last_change => self.words.text(key("home-last-change"), &arguments)?,
        })
    }
}

/// What [`Edition::login`] shows.
pub(super) struct Login<'a> {
    pub(super) action: &'a str,
    pub(super) csrf: &'a str,
    pub(super) provider: &'a str,
    pub(super) about: About<'a>,
    pub(super) username: &'a str,
    pub(super) refused: Option<Refusal>,
}

/// Gives the templates what is the same on every page.
fn add_site(
    templates: &mut Environment<'static>,
    site: &Site,
    language: Language,
) -> Result<(), PageError> {
    let organization = site.organization.text(language);
    let support_text = site.support_text.text(language);
    let links = [&site.support_link, &site.password_link];
    let on_pages = [
        organization,
        support_text,
        site.organization_url.text(language),
    ]
    .into_iter()
    .chain(links.into_iter().filter_map(Option::as_deref));
    if { on_pages }.any(Gap::is_marked) {
        return Err(PageError::ReservedCharacter);
    }
    let mut languages = Vec::new();
    for language in Language::ALL {
        let name = Words::load(language)?.text(key("language-name"), &FluentArgs::new())?;
        languages.push(context! { tag => language.tag(), name });
    }
    let steps: Vec<Value> = support_text.split(" > ").map(Value::from).collect();
    templates.add_global("lang", language.tag());
    templates.add_global("languages", languages);
    templates.add_global("organization", organization);
    templates.add_global("organization_url", site.organization_url.text(language));
    templates.add_global("support_steps", steps);
    templates.add_global("support_link", site.support_link.as_deref());
    templates.add_global("password_link", site.password_link.as_deref());
    templates.add_global("lab", site.lab);
    templates.add_global(
        "assets",
        context! {
            style => versioned(Pages::STYLE_PATH, Pages::style()),
            icon => versioned(Pages::ICON_PATH, Pages::icon()),
        },
    );
    Ok(())
}

/// The address of an asset, with a query that changes when the asset does: it may be cached for
/// as long as one likes.
fn versioned(path: &str, content: &str) -> String {
    // Not a defence, only a name; the same on every node that runs this program.
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(content.as_bytes());
    format!("{path}?v={:016x}", hasher.finish())
}

/// `t("key", name=value)` in a template.
fn said_in_template(
    words: &Words,
    key: &str,
    arguments: &Kwargs,
) -> Result<String, minijinja::Error> {
    let mut filled = FluentArgs::new();
    for name in arguments.args() {
        let value: &str = arguments.get(name)?;
        filled.set(name, FluentValue::from(value));
    }
    words.text(key, &filled).map_err(|fault| {
        minijinja::Error::new(ErrorKind::InvalidOperation, "a text is missing").with_source(fault)
    })
}
