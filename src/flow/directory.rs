//! What the university's directory is asked for people whom the CAS server has signed in, and for
//! mail addresses that a provider knows people by.

use std::sync::Arc;

use super::{
    Reply, Visit,
    answer::Proven,
    bridge::Bridge,
    newcomer::Newcomer,
    sso::tell_refusal,
    stop::{HereFault, Stop},
    story::Story,
    way::UnderWay,
};
use crate::{
    authn::{
        AuthnError, Barrier,
        ldap::{LdapFault, Record},
    },
    config::sections::WithoutDirectory,
    model::{
        attribute::Attributes,
        name_id::NameId,
        proof::Proof,
        trace::{Organ, Verdict},
    },
};

impl Bridge {
    /// Lets a person in whom the CAS server has signed in, with what the directory knows of them
    /// where that is who gives the attributes.
    pub(super) async fn let_in_with_record(
        &self,
        mut way: UnderWay<'_>,
        newcomer: Newcomer,
        visit: &Visit,
        story: &mut Story,
    ) -> Result<Reply, Stop> {
        let (Some(directory), Some(uses)) = (&self.directory, &self.settings.directory) else {
            return self.let_in(way, newcomer, visit, story).await;
        };
        if !uses.gives_attributes {
            return self.let_in(way, newcomer, visit, story).await;
        }
        let by = match &uses.cas_attribute {
            None => newcomer.proof().login.as_str(),
            Some(name) => match newcomer.proof().attributes.values(name) {
                [one] => one.as_str(),
                [] | [..] => return Err(HereFault::NotInDirectory.into()),
            },
        };
        let found = directory.look_up(by, self.clock.now()).await;
        let fault = match found {
            Ok(Record::Known(record)) => {
                story
                    .trace
                    .note(Organ::Authn, "directory", Verdict::RecordFound);
                let attributes = with_uid(record, newcomer.proof());
                let newcomer = newcomer.with_attributes(attributes);
                return self.let_in(way, newcomer, visit, story).await;
            }
            Ok(Record::Shut) => {
                tell_refusal(Barrier::AccountShut.as_str(), &way, story);
                return Err(HereFault::Barred(Barrier::AccountShut).into());
            }
            Ok(Record::Unknown) => return Err(HereFault::NotInDirectory.into()),
            Err(fault) => fault,
        };
        match uses.when_down {
            WithoutDirectory::UseCas if fault.is_down() => {
                story
                    .trace
                    .note(Organ::Authn, "directory", Verdict::RecordOfCas);
                // The next provider may need what only the directory knows.
                way.keeps_session = false;
                match self.let_in(way, newcomer, visit, story).await {
                    // What lacks stands in the directory.
                    Err(Stop::Here(HereFault::NameId(_) | HereFault::Release(_))) => {
                        Err(unanswered(fault))
                    }
                    end => end,
                }
            }
            WithoutDirectory::Stop | WithoutDirectory::UseCas => Err(unanswered(fault)),
        }
    }

    /// Refuses a name that is or stands for a mail address which somebody else has, too: the provider would
    /// take the one for the other.
    pub(super) async fn refuse_shared_mail(
        &self,
        (name, address): (&NameId, &str),
        proof: &Proof,
        proven: Proven<'_>,
        story: &mut Story,
    ) -> Result<(), Stop> {
        let Some(directory) = &self.directory else {
            return Ok(());
        };
        // Whoever has been told of this address on this session was asked about it then. To look whether
        // it has become another's since is good, and no reason to keep anybody waiting.
        let was_told = match proven {
            Proven::Now => false,
            Proven::Before(session) => { session.participants.iter() }
                .any(|participant| participant.name_id.as_ref() == Some(name)),
        };
        let is_shared = if was_told {
            let known = (proof.login.clone(), proof.attributes.clone());
            let directory = Arc::clone(directory);
            directory
                .glance_for_another(address.to_owned(), known)
                .await
        } else {
            let known = (proof.login.as_str(), &proof.attributes);
            directory.is_mail_of_another(address, known).await
        };
        match is_shared {
            Ok(false) => Ok(()),
            Ok(true) => {
                story
                    .trace
                    .note(Organ::NameId, "mail", Verdict::AddressOfAnother);
                Err(HereFault::MailOfAnother.into())
            }
            // Such a session lives on while the directory does not answer, or not soon, or others take all
            // its places, or all files; and whoever goes on with what CAS says goes on while it does not answer.
            Err(fault) => {
                let goes_on = self.settings.directory.as_ref().is_some_and(|uses| {
                    uses.gives_attributes && uses.when_down == WithoutDirectory::UseCas
                });
                let is_ours = fault.is_want_of_a_file() || matches!(fault, LdapFault::Busy);
                let is_kept = was_told && (fault.is_down() || is_ours);
                story
                    .trace
                    .note(Organ::NameId, "mail", Verdict::AddressUnchecked);
                if is_kept || (fault.is_down() && goes_on) {
                    Ok(())
                } else {
                    Err(unanswered(fault))
                }
            }
        }
    }
}

/// As with the other sources: without a `uid` the login is the uid.
fn with_uid(mut record: Attributes, proof: &Proof) -> Attributes {
    if record.values("uid").is_empty() {
        record.add("uid", proof.attributes.values("uid").iter().cloned());
    }
    record
}

fn unanswered(fault: LdapFault) -> Stop {
    HereFault::from(AuthnError::Directory(fault)).into()
}
