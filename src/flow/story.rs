//! What is written about a step: one line, under the support code that the person can read out.

use std::ops::{Deref, DerefMut};

use crate::model::{
    decision_lines::DecisionLines, session::SessionKey, short_name::ShortName,
    support_code::SupportCode, trace::Trace,
};

use super::{Next, Reply, Step, bridge::Bridge, stop::Stopped, trial::StoppedTrial};

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

/// The story of a step that is under way. Where the step is dropped, as the server does when the browser has gone away, what
/// was decided until then is told and kept all the same: people lose patience where CAS or a directory hangs.
#[derive(Debug)]
pub(super) struct OpenStory<'b> {
    bridge: &'b Bridge,
    story: Story,
    is_closed: bool,
}

impl OpenStory<'_> {
    /// What is to be told: the step has come to its end.
    pub(super) fn close(mut self) -> Story {
        self.is_closed = true;
        self.taken()
    }

    const fn taken(&mut self) -> Story {
        let code = self.story.support_code;
        std::mem::replace(&mut self.story, Story::new(code))
    }
}

impl Deref for OpenStory<'_> {
    type Target = Story;

    fn deref(&self) -> &Story {
        &self.story
    }
}

impl DerefMut for OpenStory<'_> {
    fn deref_mut(&mut self) -> &mut Story {
        &mut self.story
    }
}

impl Drop for OpenStory<'_> {
    fn drop(&mut self) {
        // A panic is told of by itself, and another one would end the process.
        if !self.is_closed && !std::thread::panicking() {
            let story = self.taken();
            let decisions = story.trace.lines();
            story.tell_broken_off(&decisions);
            self.bridge.keep_broken_off(story, decisions);
        }
    }
}

impl Bridge {
    /// The story of a step that begins, under a code of its own until it is known to be one of a journey.
    pub(super) fn open_story(&self) -> OpenStory<'_> {
        OpenStory {
            bridge: self,
            story: Story::new(SupportCode::draw(&*self.entropy)),
            is_closed: false,
        }
    }
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

    fn tell_broken_off(&self, decisions: &DecisionLines) {
        tracing::info!(
            support.code = %self.support_code,
            sp.name = self.sp.as_ref().map_or("", ShortName::as_str),
            trace = decisions.as_str(),
            "broken off before its end"
        );
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
