//! The page before the return to the provider: a password that ends soon.
//!
//! What was proven travels sealed in the page's form, for this journey in this browser and for ten
//! minutes: nothing is stored for somebody who only reads.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    Notice, Reply, SentNotice, Step, Visit,
    bridge::Bridge,
    sso::SECOND_CLICK,
    stop::{HereFault, Stop, Stopped},
    way::UnderWay,
};
use crate::{
    authn::ldap::PasswordWarning,
    model::{journey::BrowserBinding, proof::Proof},
    sys::{
        hmac::sha256,
        seal::{BrokenSeal, Purpose},
        token::Token,
    },
};

/// How long the page may be read.
const READING: SignedDuration = SignedDuration::from_mins(10);
/// What its form is keyed for.
const FORM: &str = "passerelle notice";
/// The longest sealed proof that is put into a form; a longer one goes on without the page.
const MAX_SEALED_CHARS: usize = 24 * 1024;

/// A proof on its way through a page, and the journey it was made on.
#[derive(Debug, Deserialize, Serialize)]
struct Carried {
    journey: [u8; 32],
    proof: Proof,
}

impl Bridge {
    /// The page that says that the password ends soon; none for a record that fits into no form.
    pub(super) fn notice(
        &self,
        way: &UnderWay<'_>,
        seal: &str,
        (proof, warning): (&Proof, PasswordWarning),
        browser: &Token,
    ) -> Result<Option<Notice>, Stop> {
        let carried = Carried {
            journey: journey_of(seal),
            proof: proof.clone(),
        };
        let Ok(content) = postcard::to_allocvec(&carried) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let expires_at = now.saturating_add(READING).unwrap_or_default();
        let sealed = { self.seal.at(now) }
            .seal(Purpose::Proof, &content, expires_at, &*self.entropy)
            .map_err(HereFault::from)?;
        if sealed.len() > MAX_SEALED_CHARS {
            return Ok(None);
        }
        let step = Step::of_path(&way.journey, seal.to_owned());
        Ok(Some(Notice {
            form_key: browser.form_key(FORM, seal),
            step,
            provider: way.provider.display_name.clone(),
            warning,
            proof: sealed,
        }))
    }

    /// Takes the form of that page.
    ///
    /// # Errors
    ///
    /// What the person is told on our page. What the provider may be told is a [`Reply`].
    pub async fn take_notice(&self, sent: SentNotice, visit: &Visit) -> Result<Reply, Stopped> {
        let mut story = self.open_story();
        let end = match self.open(&sent.sp, &sent.seal, visit, &mut story) {
            Ok(mut way) => {
                way.again_within = SECOND_CLICK;
                match self.proof_of(&sent, &way, visit) {
                    Ok(proof) => {
                        let newcomer = self.welcome(proof, visit, &mut story).await;
                        self.let_in(way, newcomer, visit, &mut story).await
                    }
                    Err(fault) => Err(fault.into()),
                }
            }
            Err(stop) => Err(stop),
        };
        self.close(story, end).await
    }

    fn proof_of(
        &self,
        sent: &SentNotice,
        way: &UnderWay<'_>,
        visit: &Visit,
    ) -> Result<Proof, HereFault> {
        let Some(browser) = &visit.browser else {
            return Err(HereFault::OtherBrowser);
        };
        let is_bound = matches!(way.journey.binding, BrowserBinding::Bound(_));
        if !is_bound || !browser.opens_form(FORM, &sent.seal, &sent.form_key) {
            return Err(HereFault::FormForged);
        }
        let content = self
            .seal
            .open(Purpose::Proof, &sent.proof, self.clock.now())
            .map_err(|broken| match broken {
                BrokenSeal::Expired => HereFault::JourneyExpired,
                BrokenSeal::Forged => HereFault::FormForged,
            })?;
        match postcard::take_from_bytes::<Carried>(&content) {
            Ok((carried, [])) if carried.journey == journey_of(&sent.seal) => Ok(carried.proof),
            Ok(_) | Err(_) => Err(HereFault::FormForged),
        }
    }
}

fn journey_of(seal: &str) -> [u8; 32] {
    sha256(&[b"passerelle notice\0", seal.as_bytes()])
}
