//! From what `flow` says to an HTTP response.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header, uri::Authority},
    response::{IntoResponse, Response as HttpResponse},
};

use super::{
    Front,
    stops::{self, HttpFault, HttpPage, told_of_refused},
    visitor,
};
use crate::{
    attributes::catalog,
    authn::ldap::PasswordWarning,
    edge::{
        browser::{BROWSER_COOKIE, LANGUAGE_COOKIE, SESSION_COOKIE, forget, keep},
        headers::PagePolicy,
        limits::BodyFault,
        location::{TRIALS, go_on, go_to_cas, path_of, start_path, trial_path, way_in},
        page::{About, Ending, Page, PasswordEnd, Refusal, Stop},
    },
    flow::{
        Answer, Next, Notice, PasswordForm, Refused, Reply, idp_initiated::Start, logout::Farewell,
        stop::Stopped, trial::Trial,
    },
    model::{
        chain::Chain, journey::RelayState, language::Language, service_provider::UiInfo,
        support_code::SupportCode,
    },
};

/// How much is written into the log of the names that were asked for; a host name has 253 at most.
const MAX_HOST_CHARS: usize = 300;
/// What is wrong, as a rule, where people ask for the right host and we are asked for another one.
const PROXY: &str = "a proxy must pass on the Host that the browser sent (Apache: ProxyPreserveHost On; nginx: \
                     proxy_set_header Host $http_host): X-Forwarded-Host is not read";

/// The longest User-Agent that is written into the log.
const MAX_AGENT_CHARS: usize = 200;

/// Whether a body is a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

/// The next step of a sign-on, or the page that says why there is none.
pub(super) fn to_step(
    front: &Front,
    headers: &HeaderMap,
    end: Result<Reply, Stopped>,
) -> HttpResponse {
    to_step_in(front, headers, None, end)
}

/// As [`to_step`], where the language may have been chosen with this request.
pub(super) fn to_step_in(
    front: &Front,
    headers: &HeaderMap,
    chosen: Option<Language>,
    end: Result<Reply, Stopped>,
) -> HttpResponse {
    let language = chosen.unwrap_or_else(|| visitor::language(headers));
    let mut response = match end {
        Ok(reply) => {
            let mut response = match &reply.next {
                Next::Answer(answer) => post_page(front, language, answer),
                Next::AskPassword(form) => password_page(front, language, form),
                Next::GoOn(step) => go_on(step),
                Next::GoToCas(address) => go_to_cas(address),
                Next::Show(trial) => trial_page(front, language, trial),
                Next::TellOfTheEnd(notice) => notice_page(front, language, notice),
            };
            if let Some(token) = reply.keep_browser {
                add_cookie(&mut response, keep(BROWSER_COOKIE, &token.text()));
            }
            if let Some(token) = reply.keep_session {
                add_cookie(&mut response, keep(SESSION_COOKIE, &token.text()));
            } else if reply.forget_session {
                forget_session(&mut response);
            }
            response
        }
        Err(stopped) => {
            let mut response = stop_page(front, headers, language, &stopped);
            if stopped.forget_session {
                forget_session(&mut response);
            }
            response
        }
    };
    remember(&mut response, chosen);
    response
}

/// The page from which people go to a provider, or the one that says why they cannot.
pub(super) fn to_start(
    front: &Front,
    headers: &HeaderMap,
    chosen: Option<Language>,
    end: Result<Start, Box<Stopped>>,
) -> HttpResponse {
    let language = chosen.unwrap_or_else(|| visitor::language(headers));
    let mut response = match end {
        Ok(start) => {
            let page = Page::Start {
                action: &start_path(&start.sp, start.named.as_ref()),
                provider: start.provider.text(language),
                about: about(&start.ui_info, language),
            };
            html(front, &page, language, StatusCode::OK)
        }
        Err(stopped) => stop_page(front, headers, language, &stopped),
    };
    remember(&mut response, chosen);
    response
}

/// What a person sees who signs out.
pub(super) fn to_farewell(
    front: &Front,
    headers: &HeaderMap,
    chosen: Option<Language>,
    end: Result<Farewell, Stopped>,
) -> HttpResponse {
    let language = chosen.unwrap_or_else(|| visitor::language(headers));
    let mut response = match end {
        Ok(Farewell::Confirm { form_key, person }) => {
            let page = Page::LogoutConfirm {
                csrf: &form_key,
                person: person.as_deref(),
            };
            html(front, &page, language, StatusCode::OK)
        }
        Ok(Farewell::Done) => {
            let mut response = html(front, &Page::LoggedOut, language, StatusCode::OK);
            forget_session(&mut response);
            response
        }
        Ok(Farewell::Nothing) => html(front, &Page::NothingToLogOut, language, StatusCode::OK),
        Err(stopped) => stop_page(front, headers, language, &stopped),
    };
    remember(&mut response, chosen);
    response
}

/// The start page.
pub(super) fn home(front: &Front, headers: &HeaderMap, chosen: Option<Language>) -> HttpResponse {
    let language = chosen.unwrap_or_else(|| visitor::language(headers));
    let bridge = &front.bridge;
    // Nobody is sent to a provider that is switched off, or whose metadata has ended or is broken.
    let answered = bridge.registry.listing(bridge.clock.now());
    let mut providers: Vec<_> = answered.filter(|listed| listed.is_answered).collect();
    providers.sort_by_cached_key(|listed| listed.display_name.text(language).to_owned());
    let providers: Vec<_> = providers
        .iter()
        .map(|listed| {
            let link = listed.way_in.as_ref().map(way_in);
            (listed.display_name.text(language), link)
        })
        .collect();
    let providers: Vec<_> = providers
        .iter()
        .map(|(name, link)| (*name, link.as_deref()))
        .collect();
    let page = Page::Home {
        providers: &providers,
        may_sign_out: visitor::names_session(headers),
    };
    let mut response = html(front, &page, language, StatusCode::OK);
    remember(&mut response, chosen);
    response
}

/// The page where sign-ins are tried.
pub(super) fn trials(front: &Front, headers: &HeaderMap, chosen: Option<Language>) -> HttpResponse {
    let language = chosen.unwrap_or_else(|| visitor::language(headers));
    let trials = front.bridge.trials().into_iter();
    let mut trials: Vec<_> = trials
        .map(|(sp, name)| (name.text(language).to_owned(), trial_path(&sp)))
        .collect();
    trials.sort();
    let trials: Vec<_> = trials
        .iter()
        .map(|(name, path)| (name.as_str(), path.as_str()))
        .collect();
    let page = Page::Trials { trials: &trials };
    let mut response = html(front, &page, language, StatusCode::OK);
    remember(&mut response, chosen);
    response
}

/// The page of an address where nothing is.
fn not_found(front: &Front, headers: &HeaderMap) -> HttpResponse {
    let support_code = SupportCode::draw(&*front.bridge.entropy);
    tracing::info!(
        support.code = %support_code,
        peer.agent = agent(headers),
        "nothing is at this address"
    );
    let page = Page::NotFound {
        support_code: &support_code.to_string(),
    };
    html(
        front,
        &page,
        visitor::language(headers),
        HttpFault::NotFound.status(),
    )
}

/// The page in a frame of another site, whatever was asked for: nothing is done there.
fn framed(front: &Front, headers: &HeaderMap) -> HttpResponse {
    tracing::info!(peer.agent = agent(headers), "not shown in a frame");
    html(
        front,
        &Page::Framed,
        visitor::language(headers),
        HttpFault::Framed.status(),
    )
}

/// A request for another host than ours. Both names are for the log, where whoever set up a proxy finds them: what a
/// stranger asked for is on no page of ours.
pub(super) fn wrong_host(front: &Front, request: &Request) -> HttpResponse {
    let in_line = request.uri().authority().map(Authority::as_str);
    let hosts = request.headers().get_all(header::HOST).iter();
    let hosts = hosts.map(|host| host.to_str().unwrap_or("?"));
    // Before the host of an absolute address a password may stand.
    let asked: Vec<_> = { in_line.into_iter().chain(hosts) }
        .filter_map(|name| name.rsplit('@').next())
        .collect();
    let asked = asked.join(", ");
    // A tab is all that is not printable in it.
    let asked = asked.get(..MAX_HOST_CHARS).unwrap_or(&asked);
    let headers = request.headers();
    turned_away(front, headers, HttpFault::BadHost, Some(asked))
}

/// A stop that `flow` was never asked about.
pub(super) fn plain_stop(front: &Front, headers: &HeaderMap, fault: HttpFault) -> HttpResponse {
    turned_away(front, headers, fault, None)
}

/// Writes the page, and the line of the log; with the host that was asked for, where it is the reason.
fn turned_away(
    front: &Front,
    headers: &HeaderMap,
    fault: HttpFault,
    asked: Option<&str>,
) -> HttpResponse {
    let reason = match fault.page() {
        HttpPage::Framed => return framed(front, headers),
        HttpPage::NotFound => return not_found(front, headers),
        HttpPage::Stop(reason) => reason,
    };
    let support_code = SupportCode::draw(&*front.bridge.entropy);
    let code = fault.code();
    tracing::warn!(
        support.code = %support_code,
        error.code = code,
        error.reason = reason.slug(),
        peer.agent = agent(headers),
        request.host = asked,
        server.host = asked.map(|_| front.authority()),
        error.hint = asked.map(|_| PROXY),
        "turned away"
    );
    let way_out = if fault == HttpFault::LogoutNotTaken {
        Some(("", "/logout"))
    } else if fault == HttpFault::BadHost {
        Some(("", front.origin.as_str()))
    } else {
        None
    };
    let page = Page::Stop(Stop {
        code,
        reason,
        support_code: &support_code.to_string(),
        way_out,
        again: None,
        trial: None,
        shown: None,
    });
    html(front, &page, visitor::language(headers), fault.status())
}

/// A body that could not be read. Where the rest of it may still come, the connection is of no use for
/// another message, and that is said (RFC 9112 §9.6).
pub(super) fn body_stop(front: &Front, headers: &HeaderMap, fault: BodyFault) -> HttpResponse {
    let mut response = plain_stop(front, headers, fault.into());
    if fault != BodyFault::NotText {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

fn post_page(front: &Front, language: Language, answer: &Answer) -> HttpResponse {
    let nonce = front.bridge.draw_token().text();
    let action = answer.location.as_str();
    let saml_response = answer.saml_response.as_str();
    let relay_state = answer.relay_state.as_ref().map(RelayState::as_str);
    let provider = answer.provider.text(language);
    let page = if answer.is_success {
        Page::Post {
            action,
            saml_response,
            relay_state,
            provider,
        }
    } else {
        Page::PostFault {
            action,
            saml_response,
            relay_state,
            provider,
        }
    };
    html_with(front, &page, (language, &nonce), StatusCode::OK)
}

fn trial_page(front: &Front, language: Language, trial: &Trial) -> HttpResponse {
    html(front, &Page::Trial(trial), language, StatusCode::OK)
}

fn password_page(front: &Front, language: Language, form: &PasswordForm) -> HttpResponse {
    let action = path_of(&form.step);
    let page = Page::Login {
        action: &action,
        csrf: &form.form_key,
        provider: form.provider.text(language),
        about: about(&form.ui_info, language),
        username: &form.login,
        refused: form.refused.map(|refused| match refused {
            Refused::Wrong => Refusal::WrongCredentials,
            Refused::Wait(seconds) => Refusal::Wait { seconds },
            Refused::Busy => Refusal::Busy,
        }),
    };
    let told = form.refused.map(told_of_refused);
    let (status, wait) = told.unwrap_or((StatusCode::OK, None));
    let mut response = html(front, &page, language, status);
    if let Some(seconds) = wait {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn about(ui_info: &UiInfo, language: Language) -> About<'_> {
    let [description, information, privacy] = [
        &ui_info.description,
        &ui_info.information_url,
        &ui_info.privacy_statement_url,
    ]
    .map(|said| said.as_ref().map(|said| said.text(language)));
    About {
        description,
        information,
        privacy,
    }
}

fn notice_page(front: &Front, language: Language, notice: &Notice) -> HttpResponse {
    let page = Page::PasswordEnds(Ending {
        action: &path_of(&notice.step),
        csrf: &notice.form_key,
        proof: &notice.proof,
        provider: notice.provider.text(language),
        ends: match notice.warning {
            PasswordWarning::ExpiresIn(time) => {
                PasswordEnd::Days(time.as_hours().unsigned_abs() / 24)
            }
            PasswordWarning::GraceLogins(count) => PasswordEnd::SignIns(count.into()),
        },
    });
    html(front, &page, language, StatusCode::OK)
}

fn stop_page(
    front: &Front,
    headers: &HeaderMap,
    language: Language,
    stopped: &Stopped,
) -> HttpResponse {
    let provider = stopped
        .home
        .as_ref()
        .map_or("", |home| home.provider.text(language));
    let attribute = stopped.fault.attribute().map_or("", |name| {
        catalog::find(name).map_or(name, |known| known.label(language))
    });
    let told = stops::told(&stopped.fault, provider, attribute);
    log_stop(&told, stopped, headers);
    let link = stopped.home.as_ref().and_then(|home| home.way_in.as_ref());
    let link = link.filter(|_| told.reason.may_pass()).map(way_in);
    let way_out = if stopped.is_trial {
        let are_trials = front.bridge.settings.testers.is_some();
        are_trials.then_some((provider, TRIALS))
    } else {
        link.as_deref().map(|link| (provider, link))
    };
    let again = stopped.again.as_ref().map(path_of);
    let page = Page::Stop(Stop {
        code: told.code,
        reason: told.reason,
        support_code: &stopped.support_code.to_string(),
        way_out,
        again: again.as_deref(),
        trial: stopped.is_trial.then(|| stops::in_earnest(&stopped.fault)),
        shown: stopped.shown.as_deref(),
    });
    html(front, &page, language, told.status)
}

/// Logged once, with the whole chain of causes; the page shows none of it.
fn log_stop(told: &stops::Told<'_>, stopped: &Stopped, headers: &HeaderMap) {
    let support_code = tracing::field::display(stopped.support_code);
    let chain = tracing::field::display(Chain(&stopped.fault));
    let agent = agent(headers);
    if told.is_ours {
        tracing::error!(
            support.code = support_code,
            error.code = told.code,
            error.chain = chain,
            peer.agent = agent,
            "could not go on"
        );
    } else {
        tracing::warn!(
            support.code = support_code,
            error.code = told.code,
            error.chain = chain,
            peer.agent = agent,
            "refused"
        );
    }
}

fn agent(headers: &HeaderMap) -> &str {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    agent.get(..MAX_AGENT_CHARS).unwrap_or(agent)
}

fn html(front: &Front, page: &Page<'_>, language: Language, status: StatusCode) -> HttpResponse {
    html_with(front, page, (language, ""), status)
}

/// Writes a page, with the policy that it needs.
fn html_with(
    front: &Front,
    page: &Page<'_>,
    (language, nonce): (Language, &str),
    status: StatusCode,
) -> HttpResponse {
    match front.pages.render(page, language, nonce) {
        Ok(html) => {
            let kind = "text/html; charset=utf-8";
            let mut response = (status, [(header::CONTENT_TYPE, kind)], html).into_response();
            let asks_cas = front.bridge.authenticator.cas.is_some();
            if let Some(policy) = PagePolicy::of(page, asks_cas, nonce).header() {
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
        Err(error) => {
            tracing::error!(error.chain = %Chain(&error), "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn remember(response: &mut HttpResponse, chosen: Option<Language>) {
    if let Some(language) = chosen {
        add_cookie(response, keep(LANGUAGE_COOKIE, language.tag()));
    }
}

/// Has the browser forget its session.
pub(super) fn forget_session(response: &mut HttpResponse) {
    add_cookie(response, forget(SESSION_COOKIE));
}

fn add_cookie(response: &mut HttpResponse, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
