//! What is written about a step: one line, under the support code that the person can read out.

use crate::model::{
    decision_lines::DecisionLines, session::SessionKey, short_name::ShortName,
    support_code::SupportCode, trace::Trace,
};

use super::{Next, Reply, Step, stop::Stopped, trial::StoppedTrial};

/// One step of a sign-on, while it is under way.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) support_code: SupportCode,
    /// The code under which what came before is, where others may know it.
    pub(crate) began_under: Option<SupportCode>,
    pub(crate) sp: Option<ShortName>,
    /// Whether nothing of it is sent.
    pub(crate) is_trial: bool,
    /// Whether the browser is to forget the session that it brought: nothing of it may live on there, and it
    /// could not be ended, or no other one takes its place.
    pub(crate) forgets_session: bool,
    /// The step that was opened: where the journey goes on from.
    pub(crate) step: Option<Step>,
    pub(crate) trace: Trace,
    /// Who proved who they are on it.
    pub(crate) person: Option<String>,
    /// Whether they came no more often than a person may; none until it is asked.
    pub(crate) is_in_pace: Option<bool>,
    /// The session that it began, or that answered.
    pub(crate) session: Option<SessionKey>,
    /// What the person is shown where it is a trial and stops: for their page alone.
    pub(crate) stopped_trial: Option<Box<StoppedTrial>>,
}

impl Story {
    pub(crate) const fn new(support_code: SupportCode) -> Self {
        Self {
            support_code,
            began_under: None,
            sp: None,
            is_trial: false,
            forgets_session: false,
            step: None,
            trace: Trace::new(),
            person: None,
            is_in_pace: None,
            session: None,
            stopped_trial: None,
        }
    }

    /// Writes how the step ended. A stop on our page is written where its whole chain of causes is
    /// at hand, at the edge: here only its trace is, at `debug`.
    pub(crate) fn tell(&self, end: &Result<Reply, Stopped>, decisions: &DecisionLines) {
        let sp = self.sp.as_ref().map_or("", ShortName::as_str);
        let support_code = tracing::field::display(self.support_code);
        let trace = tracing::field::display(decisions.as_str());
        match end.as_ref().map(|reply| &reply.next) {
            Ok(Next::Answer(_)) => {
                tracing::info!(support.code = support_code, sp.name = sp, trace, "answered");
            }
            Ok(Next::Show(_)) => {
                tracing::info!(
                    support.code = support_code,
                    sp.name = sp,
                    trace,
                    "shown as a test"
                );
            }
            Ok(Next::AskPassword(_)) => {
                tracing::debug!(support.code = support_code, sp.name = sp, trace, "asked");
            }
            Ok(Next::TellOfTheEnd(_)) => {
                tracing::debug!(support.code = support_code, sp.name = sp, trace, "warned");
            }
            Ok(Next::GoToCas(_)) => {
                tracing::debug!(
                    support.code = support_code,
                    sp.name = sp,
                    trace,
                    "sent to CAS"
                );
            }
            Ok(Next::GoOn(_)) => {
                tracing::debug!(support.code = support_code, sp.name = sp, trace, "sent on");
            }
            Err(_) => {
                tracing::info!(support.code = support_code, sp.name = sp, trace, "stopped");
            }
        }
    }
}
