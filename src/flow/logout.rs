//! The end of our own session. What the service providers are told is another issue's business:
//! the page says that they keep theirs.

use super::{
    Visit,
    bridge::Bridge,
    stop::{HereFault, Stopped},
};
use crate::{
    audit,
    model::{
        session::SessionKey,
        store::{Sessions as _, StoreError},
        support_code::SupportCode,
    },
    sys::token::Token,
};

const LOGOUT_FORM: &str = "passerelle logout form";

/// What a person sees who wants to sign out.
#[derive(Debug)]
pub enum Farewell {
    /// There is a session: they confirm that it ends.
    Confirm {
        /// The value that proves where the confirmation came from.
        form_key: String,
        /// Who is signed in.
        person: String,
    },
    /// The session has ended.
    Done,
    /// There is no session.
    Nothing,
}

impl Bridge {
    /// Says what there is to sign out of. A plain visit ends nothing.
    ///
    /// # Errors
    ///
    /// The store did not answer.
    pub async fn ask_logout(&self, visit: &Visit) -> Result<Farewell, Stopped> {
        let Some(token) = &visit.session else {
            return Ok(Farewell::Nothing);
        };
        let found = self
            .store
            .find(SessionKey(token.hash()), self.clock.now())
            .await;
        let session = found.map_err(|cause| self.logout_failed(cause))?;
        Ok(
            session.map_or(Farewell::Nothing, |session| Farewell::Confirm {
                form_key: token.form_key(LOGOUT_FORM, ""),
                person: session.proof.login,
            }),
        )
    }

    /// Ends the session of this browser.
    ///
    /// # Errors
    ///
    /// The form is not from our page in this browser, or the session may still live.
    pub async fn log_out(&self, form_key: &str, visit: &Visit) -> Result<Farewell, Stopped> {
        let Some(token) = &visit.session else {
            return Ok(Farewell::Nothing);
        };
        if !token.opens_form(LOGOUT_FORM, "", form_key) {
            return Err(self.stopped(HereFault::FormForged));
        }
        match self
            .store
            .end(SessionKey(token.hash()), self.clock.now())
            .await
        {
            Ok(Some(session)) => {
                let person = &session.proof.login;
                let address = visit.address;
                audit::Event::SignedOut { person, address }.write();
                Ok(Farewell::Done)
            }
            Ok(None) => Ok(Farewell::Done),
            Err(cause) => Err(self.logout_failed(cause)),
        }
    }

    fn logout_failed(&self, cause: StoreError) -> Stopped {
        self.stopped(HereFault::LogoutFailed(cause))
    }

    fn stopped(&self, fault: HereFault) -> Stopped {
        Stopped {
            again: None,
            fault,
            support_code: SupportCode::draw(&*self.entropy),
            home: None,
        }
    }

    /// A value to key a form with, where the browser has none yet.
    pub fn draw_token(&self) -> Token {
        Token::draw(&*self.entropy)
    }
}
