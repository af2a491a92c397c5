//! A person who signs in for the first time, in two halves: up to where their password or their
//! ticket is sent, and from there on.

use passerelle::sys::clock::{Clock as _, SystemClock};

use crate::kit::{
    browser::{Browser, Form},
    cas::way_back,
    place::PASSWORD,
    request::AuthnRequest,
};

/// Where people sign in.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// At a CAS server.
    Cas,
    /// At a directory.
    Directory,
}

/// A visit that has come half-way.
pub(crate) struct HalfWay {
    /// The provider's request.
    pub(crate) request: AuthnRequest,
    next: Next,
}

enum Next {
    /// Bring a ticket.
    Return(String),
    /// Fill in the form.
    FillIn(Form),
}

impl Way {
    /// Comes with a new request, and is at CAS or before the form; the ticket has this number.
    ///
    /// # Errors
    ///
    /// A step was not answered as it should be.
    pub(crate) fn begin(
        self,
        browser: &mut Browser,
        login: &str,
        ticket: usize,
    ) -> anyhow::Result<HalfWay> {
        let request = AuthnRequest::new(SystemClock.now())?;
        let query = request.query()?;
        let next = match self {
            Self::Cas => Next::Return(way_back(&browser.arrive(&query)?, login, ticket)?),
            Self::Directory => Next::FillIn(browser.form(&query)?),
        };
        Ok(HalfWay { request, next })
    }
}

impl HalfWay {
    /// Sends what proves who it is, and does not wait for what comes of it.
    ///
    /// # Errors
    ///
    /// The connection is closed.
    pub(crate) fn go_on(&self, browser: &mut Browser, login: &str) -> anyhow::Result<()> {
        match &self.next {
            Next::Return(path) => browser.get(path),
            Next::FillIn(form) => browser.fill_in(form, login, PASSWORD),
        }
    }
}
