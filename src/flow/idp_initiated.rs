//! From our own page to a provider that has asked for nothing: IdP-initiated sign-in
//! (saml-profiles-2.0 §4.1.5), where the administrator allows it.
//!
//! A link leads to a page, and only a click on that page begins the journey: a page of another site can
//! send a browser here, and cannot sign anybody in. From then on it is a journey like any other; of what a
//! request could wish for, nothing is wished for.

use super::{
    Reply, Visit,
    bridge::{Bridge, Provider},
    stop::{HereFault, Stop, Stopped},
    story::{OpenStory, Story},
    way::UnderWay,
};
use crate::{
    model::{
        journey::RelayState,
        language::Localized,
        service_provider::UiInfo,
        short_name::ShortName,
        support_code::SupportCode,
        trace::{Organ, Verdict},
    },
    saml::acs::ReturnAddress,
    sys::entropy::saml_id,
};

/// The page from which people go to a provider.
#[derive(Debug)]
pub struct Start {
    /// The provider's short name.
    pub sp: ShortName,
    /// The `RelayState` that the link names; none where it names none.
    pub named: Option<RelayState>,
    /// The provider's name for people.
    pub provider: Localized,
    /// What else it says of itself.
    pub ui_info: UiInfo,
}

impl Bridge {
    /// The provider of that short name, if the administrator lets people come to it from our own page.
    /// Where this is none, the address of that page is one at which nothing is.
    pub fn starts_here(&self, sp: &str) -> Option<ShortName> {
        let name = ShortName::parse(sp).ok()?;
        let listed = self.registry.listed(&name, self.clock.now())?;
        listed.may_start_here.then_some(name)
    }

    /// Says what the page shows. `named` is the `RelayState` that a link names. Begins nothing.
    ///
    /// # Errors
    ///
    /// What the person is told on our page.
    pub fn ask_start(&self, sp: &ShortName, named: Option<&str>) -> Result<Start, Box<Stopped>> {
        let mut story = Story::new(SupportCode::draw(&*self.entropy));
        let (provider, to) = self
            .address_of(sp, named, &mut story)
            .map_err(|fault| Box::new(self.stopped_at(&mut story, fault)))?;
        Ok(Start {
            sp: sp.clone(),
            named: to.relay_state().filter(|_| named.is_some()).cloned(),
            provider: provider.display_name.clone(),
            ui_info: provider.registered.sp.ui_info.clone(),
        })
    }

    /// Takes the click on that page.
    ///
    /// # Errors
    ///
    /// What the person is told on our page. The provider is told of no fault: it has not asked.
    pub async fn start(
        &self,
        sp: &ShortName,
        named: Option<&str>,
        visit: &Visit,
    ) -> Result<Reply, Stopped> {
        let mut story = self.open_story();
        let found = self.address_of(sp, named, &mut story);
        self.set_out(found, Verdict::ClickOnOurPage, visit, story)
            .await
    }

    /// Begins the journey of a click on one of our pages to what was `found` for it.
    pub(super) async fn set_out(
        &self,
        found: Result<(&Provider, ReturnAddress), HereFault>,
        request: Verdict,
        visit: &Visit,
        mut story: OpenStory<'_>,
    ) -> Result<Reply, Stopped> {
        let end = match found {
            Ok((provider, to)) => {
                story.trace.note(Organ::Request, "request", request);
                story
                    .trace
                    .note(Organ::Acs, "address", Verdict::AddressByDefault);
                let journey = self.journey(&to, provider, &story);
                let way = UnderWay::new(journey, to, provider, visit);
                // The click came from our own page, and brought our cookies.
                self.pick_next(way, visit, true, &mut story).await
            }
            Err(fault) => Err(Stop::from(fault)),
        };
        self.close(story, end).await
    }

    fn address_of(
        &self,
        sp: &ShortName,
        named: Option<&str>,
        story: &mut Story,
    ) -> Result<(&Provider, ReturnAddress), HereFault> {
        // The page that says why it is not served leads home, too.
        story.sp = Some(sp.clone());
        let served = self.registry.sp_by_short_name(sp, self.clock.now());
        let provider = self.served(served, story)?;
        let rule = provider.registered.config.idp_initiated.as_ref();
        let id = saml_id(&*self.entropy).into();
        let to = ReturnAddress::unsolicited(id, named, &provider.registered.sp, rule)?;
        Ok((provider, to))
    }
}
