//! What a provider would be told of somebody if they signed in now: for the administrator, before the switch.
//!
//! The steps and rules are those of the answer itself (`answer`). Nothing is issued or signed, no session begins and
//! no request is marked; nothing is written to the log or to the audit.

use super::{
    answer::Proven,
    bridge::{Bridge, Provider},
    stop::Stop,
    story::Story,
};
use crate::{
    attributes::asked::Asked,
    model::{
        attribute::ReleasedAttribute, name_id::NameId, proof::Proof, support_code::SupportCode,
    },
};

/// What a provider would be told.
#[derive(Debug)]
pub struct Foreseen {
    /// The name that it would know the person by.
    pub name_id: Option<NameId>,
    /// The attributes.
    pub attributes: Vec<ReleasedAttribute>,
}

impl Bridge {
    /// Finds out what `provider` would be told, where it asks in its usual way and the person proves `proof`.
    ///
    /// # Errors
    ///
    /// They would be stopped, and not get there.
    pub async fn foresee(&self, provider: &Provider, proof: &Proof) -> Result<Foreseen, Stop> {
        let mut story = Story::new(SupportCode::draw(&*self.entropy));
        let ours = self.mapping.apply(&proof.attributes, &mut story.trace);
        let name_id = self.name(provider, &ours, &mut story.trace)?;
        let asked = Asked::of(&provider.registered.sp, None);
        let named = (name_id.as_ref(), &ours);
        let attributes = self
            .choose((provider, &asked), named, (proof, Proven::Now), &mut story)
            .await?;
        Ok(Foreseen {
            name_id,
            attributes,
        })
    }
}
