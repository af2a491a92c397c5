//! What people do: they sign in, type wrong passwords, go back, load pages anew, press buttons twice, follow links of
//! others, sign out, and leave their place to somebody else.

use std::sync::Arc;

use url::Url;

use crate::{
    bridge::{ORIGIN, answer::Answer, exchange::Cause, page::Page},
    browsers::{Browser, Call, hex},
    lab::form::Form,
    providers::Wish,
    world::{Lie, World},
};

/// More pages than a sign-in takes once nothing goes wrong any more.
const MOST_PAGES: usize = 40;

/// How a sign-in ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// With an answer to the provider that says who somebody is.
    ComesIn,
    /// With another one.
    IsRefused,
    /// With nothing: who wants in begins anew.
    BeginsAnew,
    /// A person has no more patience. Nobody is like that once all is calm.
    GivesUp,
}

impl Browser {
    /// Comes from a provider, and follows what is shown until there is an end.
    pub(crate) async fn sign_in(self: &Arc<Self>, wish: Wish) -> End {
        let world = &*self.world;
        let now = world.now();
        let id = format!("_{:016x}", world.dice.number());
        let relay_state = format!("to {}", hex(&id, 6));
        let (path, body) = wish.message(&id, &relay_state, World::instant(now));
        let mut expected = wish;
        if world.lie == Some(Lie::AnswerUnderAnotherName) {
            expected.provider = wish.provider.by_its_other_name();
        }
        world.judge.is_asked(now, &id, expected, &relay_state);
        self.note(&format!("{id}: {wish:?}"));
        let call = Call {
            url: Url::parse(&format!("{ORIGIN}{path}")).unwrap(),
            body,
            cause: Cause::Elsewhere,
            about: id,
        };
        self.walk(call, wish).await
    }

    /// Follows what is shown, from a call on.
    async fn walk(self: &Arc<Self>, mut call: Call, wish: Wish) -> End {
        let world = &*self.world;
        let first = call.clone();
        for _ in 0..MOST_PAGES {
            if self.clicks_twice() {
                self.note("clicks twice");
                self.presses(call.clone());
            }
            let (page, came_by) = self.go(call.clone()).await;
            if world.strikes(200) {
                world.is_seen(world.dice.pick(&[&call, &came_by]));
            }
            let Some(page) = page else {
                world.wait(500, 4000).await;
                // They load it anew; a form is sent once more, or they go back to where they came from.
                call = if world.dice.falls(700) {
                    came_by
                } else {
                    first.clone()
                };
                if world.strikes(60) {
                    return End::GivesUp;
                }
                continue;
            };
            call = match page.kind().as_str() {
                "post" => {
                    let answer = Answer::of(&page.form());
                    let says_who = answer.count("Assertion") > 0;
                    if says_who {
                        self.posts(&answer, wish).await;
                    }
                    self.goes_back(&page, &came_by).await;
                    return if says_who {
                        End::ComesIn
                    } else {
                        End::IsRefused
                    };
                }
                "login" if wish.is_passive => {
                    world
                        .judge
                        .finds(world, "a page is shown where none may be");
                    return End::GivesUp;
                }
                "login" => match self.fill_in(&page, &came_by).await {
                    Some(call) => call,
                    None => return End::GivesUp,
                },
                "stop" => match self.way_out(&page, &came_by).await {
                    Some(call) => call,
                    None => return End::BeginsAnew,
                },
                other => {
                    let what = format!("{} at a page {other:?} without a way out", page.status);
                    world.judge.finds(world, &what);
                    return End::GivesUp;
                }
            };
        }
        world.judge.finds(world, "a sign-in that does not end");
        End::GivesUp
    }

    /// Where somebody goes on whom a page has stopped: none where that is at the provider.
    async fn way_out(&self, page: &Page, came_by: &Call) -> Option<Call> {
        let world = &*self.world;
        world.wait(700, 5000).await;
        let again = page.link("again");
        let out = page.link("way-out");
        let home = page.link("home");
        if again.is_none() && out.is_none() && home.is_none() {
            let what = format!("no way out of {}", page.reason());
            world.judge.finds(world, &what);
        }
        if let Some(again) =
            again.filter(|_| out.is_none() && home.is_none() || !world.dice.falls(200))
        {
            return Some(Call {
                url: page.url.join(&again).unwrap(),
                body: None,
                cause: Cause::Ours,
                about: came_by.about.clone(),
            });
        }
        if let Some(home) = home {
            let call = Call {
                url: page.url.join(&home).unwrap(),
                body: None,
                cause: Cause::Ours,
                about: came_by.about.clone(),
            };
            let (page, _) = self.go(call).await;
            if page.is_some_and(|page| page.kind() != "home") {
                world.judge.finds(world, "the way home leads elsewhere");
            }
        }
        None
    }

    /// Fills in name and password, and sends them, perhaps twice: none where somebody has no patience.
    async fn fill_in(self: &Arc<Self>, page: &Page, came_by: &Call) -> Option<Call> {
        let world = &*self.world;
        world.wait(1500, 20_000).await;
        if page.body.contains("id=\"refused\"") {
            // Who is told to wait for a while does.
            world.wait(60_000, 90_000).await;
        }
        if world.strikes(40) {
            return None;
        }
        if world.strikes(80) && page.url.path().starts_with("/j/") && came_by.body.is_none() {
            return Some(came_by.clone());
        }
        let visitor = self.visitor();
        let person = &world.people[visitor.person];
        let is_right = !world.strikes(120);
        let password = if is_right {
            person.password()
        } else {
            "bonjour".to_owned()
        };
        let form = page.filled(&person.login, &password);
        let call = Self::of_form(page, &form, came_by);
        if world.is_kept() {
            self.note("keeps a form, for another browser to send");
            world.is_seen(&call);
            return None;
        }
        if is_right {
            world.judge.has_typed(world.now(), visitor);
        }
        if world.strikes(100) {
            self.note("presses the button twice");
            self.presses(call.clone());
            world.wait(20, 700).await;
            if is_right {
                world.judge.has_typed(world.now(), visitor);
            }
        }
        Some(call)
    }

    /// Sends a form without waiting for what comes: nobody looks at it.
    fn presses(self: &Arc<Self>, call: Call) {
        let unseen = Arc::clone(self);
        self.world.crowd.join(async move {
            let _ = unseen.go(call).await;
        });
    }

    fn of_form(page: &Page, form: &Form, came_by: &Call) -> Call {
        Call {
            url: page.url.join(&form.action).unwrap(),
            body: Some(form.encode()),
            cause: Cause::Ours,
            about: came_by.about.clone(),
        }
    }

    /// Posts an answer to the provider that asked: some press the button twice, or load the provider's page anew.
    async fn posts(&self, answer: &Answer, wish: Wish) {
        let world = &*self.world;
        let id = assertion_id(answer);
        let times = if world.strikes(150) { 2 } else { 1 };
        for _ in 0..times {
            world.travel().await;
            let is_taken = match world.lie {
                Some(Lie::EverythingIsTaken) => true,
                _ => world.taken.takes(wish.provider, &id),
            };
            self.note(&format!("posts {id}, taken: {is_taken}"));
            world.judge.is_posted(world, &answer.base64, is_taken);
        }
    }

    /// Some load the page of their answer anew, or go back to the one before it.
    async fn goes_back(&self, page: &Page, came_by: &Call) {
        let world = &*self.world;
        if !world.strikes(150) {
            return;
        }
        self.note(&format!(
            "loads {} anew",
            page.url.path().split('/').nth(1).unwrap()
        ));
        world.wait(100, 15_000).await;
        let _ = self.go(came_by.clone()).await;
    }

    /// Signs out of our own session, by the page for it.
    async fn sign_out(&self) {
        let world = &*self.world;
        let was_still = self.is_still();
        let call = Call {
            url: Url::parse(&format!("{ORIGIN}/logout")).unwrap(),
            body: None,
            cause: Cause::Typed,
            about: String::new(),
        };
        let (page, came_by) = self.go(call).await;
        let Some(page) = page.filter(|page| page.body.contains("data-testid=\"logout\"")) else {
            return;
        };
        let asked_at = world.now();
        let was_still = was_still && self.is_still();
        let (done, _) = self.go(Self::of_form(&page, &page.form(), &came_by)).await;
        if done.is_some_and(|done| done.kind() == "logged-out") {
            self.note("has signed out");
            if was_still && self.is_still() {
                world.judge.has_signed_out(asked_at, self.number);
            }
        }
    }

    /// Signs out at the CAS server, whose page may have the browser bring the notices of it.
    async fn signs_out_there(&self) {
        for notice in self.world.cas.sign_out(&self.world, self.number) {
            self.brings(&notice).await;
        }
    }

    /// One thing that somebody does, besides signing in.
    pub(crate) async fn does_something(&self) {
        let world = &self.world;
        match world.dice.below(6) {
            0 if world.method.has_cas() => self.signs_out_there().await,
            1 => self.sign_out().await,
            2 => {
                self.signs_out_there().await;
                self.sign_out().await;
                self.is_taken_by(world.dice.below(world.people.len()));
            }
            3 | 4 => {
                let found = world.any_seen();
                if let Some(found) = found {
                    self.note(&format!("gets hold of a link of {}", found.about));
                    let cause = Cause::Elsewhere;
                    let _ = self.go(Call { cause, ..found }).await;
                }
            }
            _ => {}
        }
    }
}

/// The `ID` of the one assertion of an answer.
fn assertion_id(answer: &Answer) -> String {
    let tree = roxmltree::Document::parse(&answer.xml).unwrap();
    let mut elements = tree.descendants();
    let assertion = elements.find(|node| node.tag_name().name() == "Assertion");
    let id = assertion.and_then(|assertion| assertion.attribute("ID"));
    id.unwrap().to_owned()
}

/// What a person does all along, in one tab.
pub(crate) async fn lives(browser: Arc<Browser>, times: usize) {
    let world = Arc::clone(&browser.world);
    for _ in 0..times {
        let most = world
            .dice
            .pick(&[10_000, 120_000, 120_000, 1_200_000, 5_000_000]);
        world.wait(0, most).await;
        if world.dice.falls(400) {
            browser.does_something().await;
        }
        let _ = browser.sign_in(Wish::any(&world.dice)).await;
    }
}

/// Somebody works all day in a browser of their own, and uses a session for as long as it lives.
pub(crate) async fn stays(browser: Arc<Browser>, until: u64) {
    let world = Arc::clone(&browser.world);
    while world.now() < until {
        let _ = browser.sign_in(Wish::lasting(&world.dice)).await;
        world.wait(1_800_000, 5_400_000).await;
    }
}

/// Somebody wants in, whatever comes of it.
pub(crate) async fn tries(browser: Arc<Browser>) {
    let wish = Wish::plain(&browser.world.dice);
    let _ = browser.sign_in(wish).await;
}

/// Once all is calm, whoever signs out is signed out everywhere, however hastily they came: each provider that knows them by
/// this browser hears of it. Of two sign-ins at one time the browser keeps one session, and the next sign-in within
/// a minute finds what the other one has (`Sessions::replace`).
pub(crate) async fn leaves(browser: &Arc<Browser>) {
    let world = &browser.world;
    let since = world.now();
    for wish in [Wish::anew(&world.dice), Wish::anew(&world.dice)] {
        browser.is_in_haste(true);
        let _ = browser.sign_in(wish).await;
        browser.is_in_haste(false);
        while !browser.is_still() {
            world.wait(10, 11).await;
        }
    }
    let _ = browser.sign_in(Wish::plain(&world.dice)).await;
    browser.sign_out().await;
    world.judge.has_left(world, browser.number, since);
}

/// Once all is calm, whoever wants in comes in.
pub(crate) async fn comes_in(browser: &Arc<Browser>) {
    let world = &browser.world;
    for _ in 0..3 {
        if browser.sign_in(Wish::plain(&world.dice)).await == End::ComesIn {
            return;
        }
    }
    world.judge.finds(
        world,
        &format!("browser {} does not come in", browser.number),
    );
}
