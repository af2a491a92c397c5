//! What is kept of a sign-in for the help desk, under the code that people read out: `passerelle story`.

use passerelle::{
    model::{story::StoryStep, support_code::SupportCode},
    sys::host,
};

use crate::{
    bridge::{Bridge, PASSWORD, Setup, ZOOM, browser::Browser, log::Log},
    lab::{redis_server::Redis, until::until},
    shared_store::{at, signs_in, table, until_it_answers, visit},
};

const BY: &str = "user 0";

fn with_stories(lines: &str) -> Bridge {
    let setup = Setup {
        more: format!("[stories]\n{lines}"),
        ..Setup::new()
    };
    setup.build()
}

fn node(redis: &Redis, seed: u64) -> Bridge {
    let setup = Setup {
        seed,
        more: table(redis),
        ..Setup::new()
    };
    setup.build()
}

/// The code of the step that was logged last.
pub(crate) fn last_code(log: &Log) -> SupportCode {
    let lines = log.lines();
    let code = { lines.iter().rev() }.find_map(|line| line["support.code"].as_str());
    SupportCode::parse(code.unwrap()).unwrap()
}

/// What is kept under a code, once its last step is.
pub(crate) async fn story(node: &Bridge, code: SupportCode, last: &str) -> Vec<StoryStep> {
    let read = async || node.front.bridge.story(code, BY).await.unwrap();
    until("the last step is kept", async || {
        read().await.last().is_some_and(|step| step.end == last)
    })
    .await;
    read().await
}

pub(crate) async fn is_kept(bridge: &Bridge, code: SupportCode) -> bool {
    !{ bridge.front.bridge.story(code, BY).await.unwrap() }.is_empty()
}

/// Has round after round of steps kept, until those of the first one are pushed out. A round waits until its last step is
/// kept, and says the code of it: what finds no room in the queue is dropped.
pub(crate) async fn fill(bridge: &Bridge, mut round: impl AsyncFnMut() -> SupportCode) {
    let first = round().await;
    let mut rounds = 1;
    while is_kept(bridge, first).await {
        assert!(rounds < 100, "the store is never full");
        round().await;
        rounds += 1;
    }
    assert_eq!(bridge.front.bridge.stories.dropped(), 0);
}

/// Somebody who types a wrong password first.
async fn signs_in_at_the_second_try(node: &Bridge) -> Browser {
    let mut browser = node.browser();
    let request = node.request();
    let form = browser.arrive(&request.redirect(None)).await;
    let again = browser
        .submit(&form, &form.filled("anne.dupont", "wrong"))
        .await;
    assert_eq!(again.kind(), "login");
    let answer = browser.sign_in(&form, "anne.dupont").await.answer();
    node.identity(&answer, ZOOM, request.id());
    browser
}

#[tokio::test]
async fn the_story_of_a_sign_in_has_every_step_with_its_decisions_under_one_code() {
    let bridge = Bridge::new();
    let log = Log::start();
    let mut browser = signs_in_at_the_second_try(&bridge).await;
    let steps = story(&bridge, last_code(&log), "answered").await;
    let ends: Vec<_> = steps.iter().map(|step| &*step.end).collect();
    assert_eq!(
        ends,
        ["sent on", "asked for a password", "asked again", "answered"]
    );
    for step in &steps {
        assert_eq!(step.sp.as_ref().unwrap().as_str(), "zoom");
        assert_eq!((&step.node, step.at), (&host::name(), bridge.now()));
        assert_eq!((&step.stop, step.is_trial), (&None, false));
    }
    let has = |step: &StoryStep, said: &str| step.decisions.iter().any(|it| it.contains(said));
    assert!(
        has(&steps[0], "Acs address: stands in the metadata"),
        "{steps:?}"
    );
    assert!(has(&steps[2], "Authn password: refused"), "{steps:?}");
    assert!(has(&steps[3], "Release mail: sent, 1 value"), "{steps:?}");
    // Who is not let in is not named; who is, with the session that they have now.
    assert!(steps[..3].iter().all(|step| step.person.is_none()));
    let Some(last) = steps.last() else {
        panic!("{steps:?}");
    };
    assert_eq!(last.person.as_deref(), Some("anne.dupont"));
    let all = passerelle::model::oversight::Which::All;
    let seen = bridge.front.bridge.oversee(&all, 1, BY).await.unwrap();
    assert_eq!(last.session.as_ref(), Some(&seen.sessions[0].handle));
    // On the session the next answer is a story of its own.
    assert_eq!(visit(&bridge, &mut browser, ZOOM).await.kind(), "post");
    let next = story(&bridge, last_code(&log), "answered").await;
    assert_eq!(next.len(), 1);
    assert_eq!(
        (&next[0].person, &next[0].session),
        (&last.person, &last.session)
    );
    // The audit says who was shown it.
    let lines = log.lines();
    let shown = { lines.iter().rev() }.find(|line| line["event"] == "story-shown");
    assert_eq!(shown.unwrap()["asked.by"], BY);
}

#[tokio::test]
async fn the_code_of_a_page_that_stops_somebody_leads_to_why_and_is_kept_for_as_long_as_configured()
{
    let bridge = with_stories("keep-days = 2");
    let stale = bridge
        .request()
        .with("IssueInstant", "2020-01-01T00:00:00Z");
    let page = bridge.browser().arrive(&stale.redirect(None)).await;
    let code = SupportCode::parse(&page.support_code()).unwrap();
    let steps = story(&bridge, code, "stopped").await;
    assert_eq!(steps.len(), 1);
    let stop = steps[0].stop.as_ref().unwrap();
    assert!(stop.starts_with("the request is not believed: "), "{stop}");
    // Somebody whose way is not at its end, whatever became of them.
    let log = Log::start();
    let mut browser = bridge.browser();
    browser.arrive(&bridge.request().redirect(None)).await;
    let begun = last_code(&log);
    story(&bridge, begun, "asked for a password").await;
    // And somebody who has proven who they are: each is kept for as long as is configured.
    signs_in(&bridge, "anne.dupont").await;
    let proven = last_code(&log);
    story(&bridge, proven, "answered").await;
    let kept = async || {
        let mut kept = [0; 3];
        for (kept, code) in kept.iter_mut().zip([begun, code, proven]) {
            *kept = bridge.front.bridge.story(code, BY).await.unwrap().len();
        }
        kept
    };
    bridge.wait(2 * 24 * 60 - 1);
    assert_eq!(kept().await, [2, 1, 3]);
    bridge.wait(1);
    assert_eq!(kept().await, [0; 3]);
}

#[tokio::test]
async fn r122_with_all_the_stops_that_they_like_nobody_pushes_the_story_of_a_real_sign_in_out() {
    let bridge = with_stories("max-megabytes = 1");
    let log = Log::start();
    signs_in(&bridge, "anne.dupont").await;
    let proven = last_code(&log);
    story(&bridge, proven, "answered").await;
    let stale = bridge
        .request()
        .with("IssueInstant", "2020-01-01T00:00:00Z")
        .redirect(None);
    let stop_often = async || {
        // Of two that end at one moment either may go first.
        bridge.wait(1);
        for _ in 0..99 {
            bridge.browser().arrive(&stale).await;
        }
        let page = bridge.browser().arrive(&stale).await;
        let last = SupportCode::parse(&page.support_code()).unwrap();
        story(&bridge, last, "stopped").await;
        last
    };
    fill(&bridge, stop_often).await;
    // It came before all of them.
    assert!(is_kept(&bridge, proven).await);
}

#[tokio::test]
async fn whose_session_answers_at_an_address_of_somebody_else_is_not_found_under_its_code() {
    let bridge = Bridge::new();
    let log = Log::start();
    let mut luc = signs_in(&bridge, "luc.bernard").await;
    let mut anne = bridge.browser();
    let form = anne.arrive(&bridge.request().redirect(None)).await;
    let hers = last_code(&log);
    story(&bridge, hers, "asked for a password").await;
    // She sends him the address of the page that she sees; at once, and later.
    assert_eq!(luc.arrive(form.url.path()).await.kind(), "post");
    let his = last_code(&log);
    assert_ne!(his, hers);
    let steps = story(&bridge, his, "answered").await;
    assert_eq!(steps[0].person.as_deref(), Some("luc.bernard"));
    bridge.wait(2);
    let page = luc.arrive(form.url.path()).await;
    page.stops(400, "request-used");
    assert_ne!(page.support_code(), hers.to_string());
    // All that comes in her own browser has the code that she was shown, also later than at once.
    anne.arrive(form.url.path()).await;
    assert_eq!(last_code(&log), hers);
    let steps = bridge.front.bridge.story(hers, BY).await.unwrap();
    assert!(steps.iter().all(|step| step.person.is_none()), "{steps:?}");
}

#[tokio::test]
async fn who_opens_an_address_that_belongs_to_another_browser_does_not_read_its_code() {
    let bridge = Bridge::new();
    let log = Log::start();
    let mut anne = bridge.browser();
    // Her browser has a value of its own, and what comes next is bound to it.
    anne.arrive(&bridge.request().redirect(None)).await;
    let login = anne.arrive(&bridge.request().redirect(None)).await;
    let hers = last_code(&log);
    story(&bridge, hers, "asked for a password").await;
    let mut luc = bridge.browser();
    luc.arrive(&bridge.request().redirect(None)).await;
    let mut shown = Vec::new();
    for other in [&mut bridge.browser(), &mut luc] {
        let form = login.filled("luc.bernard", PASSWORD);
        for page in [
            other.arrive(login.url.path()).await,
            other.submit(&login, &form).await,
        ] {
            page.stops(400, "other-browser");
            shown.push(page.support_code());
        }
    }
    assert!(!shown.contains(&hers.to_string()), "{shown:?}");
    // She signs in under her code, and nothing that they did is told with it.
    let signed_in = login.filled("anne.dupont", PASSWORD);
    anne.submit(&login, &signed_in).await.answer();
    assert_eq!(last_code(&log), hers);
    let steps = story(&bridge, hers, "answered").await;
    let ends: Vec<_> = steps.iter().map(|step| &*step.end).collect();
    assert_eq!(ends, ["sent on", "asked for a password", "answered"]);
}

#[tokio::test]
async fn whose_session_answers_at_an_address_that_was_posted_has_a_code_that_nobody_else_was_shown()
{
    let bridge = Bridge::new();
    let log = Log::start();
    let mut luc = signs_in(&bridge, "luc.bernard").await;
    let before = log.lines().len();
    // Somebody posts a request, and looks at what comes of it: at its address, and at that of another provider.
    let mut mallory = bridge.browser();
    let posted = bridge.request().post(None);
    let page = mallory.arrive_by_post("/saml/sso", &posted).await;
    assert_eq!(page.kind(), "login");
    let address = page.hops[0].headers["location"].to_str().unwrap();
    let elsewhere = address.replace("/zoom/", "/library/");
    let page = mallory.open(&elsewhere).await;
    page.stops(400, "journey-forged");
    let shown = page.support_code();
    let lines = log.lines();
    let known = { lines[before..].iter() }.filter_map(|line| line["support.code"].as_str());
    let known: Vec<_> = known.collect();
    assert!(known.contains(&&*shown));
    // Then she has him open it, within a minute.
    assert_eq!(luc.arrive(address).await.kind(), "post");
    let his = last_code(&log);
    assert!(!known.contains(&&*his.to_string()));
    // The help desk sees under it where it began, and under that one nobody.
    let steps = story(&bridge, his, "answered").await;
    let [began, answered] = &steps[..] else {
        panic!("{steps:?}");
    };
    assert_eq!((&*began.end, &began.person), ("sent on", &None));
    assert_eq!(answered.person.as_deref(), Some("luc.bernard"));
    let posted = SupportCode::parse(known[0]).unwrap();
    let steps = bridge.front.bridge.story(posted, BY).await.unwrap();
    assert_eq!(steps, std::slice::from_ref(began));
}

#[tokio::test]
async fn a_story_is_told_though_what_came_before_it_cannot_be_read() {
    let redis = Redis::start(&[]).await;
    let node = node(&redis, 1);
    let mut luc = signs_in(&node, "luc.bernard").await;
    let log = Log::start();
    let mut other = node.browser();
    let page = other
        .arrive_by_post("/saml/sso", &node.request().post(None))
        .await;
    let address = page.hops[0].headers["location"].to_str().unwrap();
    node.front.bridge.stories.rest().await;
    // As if sealed with a key that is gone.
    let lua = "for _, id in ipairs(redis.call('HKEYS', KEYS[1])) do \
               if #id == 32 then redis.call('HSET', KEYS[1], id, '\\0\\0\\0\\1x') end \
               end return #redis.call('HKEYS', KEYS[1])";
    let fields = redis.told(&["EVAL", lua, "1", "passerelle:{stories}:steps"]);
    assert_ne!(fields.trim(), "0");
    assert_eq!(luc.arrive(address).await.kind(), "post");
    let steps = story(&node, last_code(&log), "answered").await;
    assert_eq!(steps.len(), 1, "{steps:?}");
}

#[tokio::test]
async fn r122_whoever_comes_without_end_pushes_the_story_of_nobody_else_out() {
    let setup = Setup {
        more: "[requests]\nmax-answers-per-person = 3\n\n[stories]\nmax-megabytes = 1".to_owned(),
        ..Setup::new()
    };
    let bridge = setup.build();
    let log = Log::start();
    signs_in(&bridge, "anne.dupont").await;
    let hers = last_code(&log);
    story(&bridge, hers, "answered").await;
    let mut luc = signs_in(&bridge, "luc.bernard").await;
    for _ in 0..2 {
        assert_eq!(visit(&bridge, &mut luc, ZOOM).await.kind(), "post");
    }
    // His session answers nothing more for a while: a page says so, or the provider is told that there is no sign-in.
    let come_often = async || {
        bridge.wait_seconds(1);
        for _ in 0..99 {
            let passive = bridge.request().with("IsPassive", "true").redirect(None);
            luc.arrive(&passive).await.answer();
        }
        let page = visit(&bridge, &mut luc, ZOOM).await;
        page.stops(429, "too-often");
        let last = SupportCode::parse(&page.support_code()).unwrap();
        let steps = story(&bridge, last, "stopped").await;
        assert_eq!(steps[0].person.as_deref(), Some("luc.bernard"));
        last
    };
    fill(&bridge, come_often).await;
    // Hers came before all of them.
    assert!(is_kept(&bridge, hers).await);
}

#[tokio::test]
async fn the_person_stands_in_a_story_as_it_is_configured() {
    let mut hidden = Vec::new();
    for (lines, seed) in [
        ("person = 'hashed'", 1),
        ("person = 'hashed'", 2),
        ("person = 'none'", 3),
    ] {
        let setup = Setup {
            seed,
            more: format!("[stories]\n{lines}"),
            ..Setup::new()
        };
        let bridge = setup.build();
        let log = Log::start();
        signs_in(&bridge, "anne.dupont").await;
        let steps = story(&bridge, last_code(&log), "answered").await;
        let told = format!("{steps:?}");
        assert!(!told.contains("anne") && !told.contains("dupont"), "{told}");
        hidden.push(steps.last().unwrap().person.clone());
        // A cause may name somebody.
        let stale = bridge
            .request()
            .with("IssueInstant", "2020-01-01T00:00:00Z");
        let page = bridge.browser().arrive(&stale.redirect(None)).await;
        let code = SupportCode::parse(&page.support_code()).unwrap();
        let steps = story(&bridge, code, "stopped").await;
        assert_eq!(
            steps[0].stop.as_deref(),
            Some("the request is not believed")
        );
    }
    // The same name at every node, so that the stories of one person are known to be of one.
    let [one, other, none] = &*hidden else {
        panic!("{hidden:?}");
    };
    assert!(
        one.is_some() && one == other && none.is_none(),
        "{hidden:?}"
    );
    // With 0 days nothing is kept, and nothing is dropped.
    let bridge = with_stories("keep-days = 0");
    let log = Log::start();
    signs_in(&bridge, "anne.dupont").await;
    let steps = bridge.front.bridge.story(last_code(&log), BY).await;
    assert_eq!(steps, Ok(Vec::new()));
    assert_eq!(bridge.front.bridge.stories.dropped(), 0);
}

#[tokio::test]
async fn a_story_whose_steps_were_taken_by_two_nodes_is_read_at_either() {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1), node(&redis, 2));
    let log = Log::start();
    let mut browser = one.browser();
    let request = one.request();
    let form = browser.arrive(&request.redirect(None)).await;
    // No clock moves here, so nothing else would say which step came first.
    one.front.bridge.stories.rest().await;
    let mut browser = at(&other, &browser);
    browser.sign_in(&form, "anne.dupont").await.answer();
    let code = last_code(&log);
    for node in [&one, &other] {
        let steps = story(node, code, "answered").await;
        let ends: Vec<_> = steps.iter().map(|step| &*step.end).collect();
        assert_eq!(ends, ["sent on", "asked for a password", "answered"]);
        assert_eq!(node.front.bridge.stories.dropped(), 0);
    }
}

#[tokio::test]
async fn a_story_is_told_in_order_though_the_clock_of_a_node_is_behind() {
    let redis = Redis::start(&[]).await;
    let (one, other) = (node(&redis, 1), node(&redis, 2));
    let log = Log::start();
    one.wait_seconds(2);
    let mut browser = one.browser();
    let form = browser.arrive(&one.request().redirect(None)).await;
    one.front.bridge.stories.rest().await;
    let mut browser = at(&other, &browser);
    browser.sign_in(&form, "anne.dupont").await.answer();
    other.front.bridge.stories.rest().await;
    let code = last_code(&log);
    let steps = one.front.bridge.story(code, BY).await.unwrap();
    let ends: Vec<_> = steps.iter().map(|step| &*step.end).collect();
    assert_eq!(ends, ["sent on", "asked for a password", "answered"]);
}

#[tokio::test]
async fn a_story_that_cannot_be_kept_stops_nobody_and_is_counted() {
    let redis = Redis::start(&[]).await;
    let node = node(&redis, 1);
    signs_in(&node, "anne.dupont").await;
    let log = Log::start();
    redis.pause();
    for _ in 0..5 {
        signs_in(&node, "anne.dupont").await;
    }
    let lost = last_code(&log);
    until("the steps are given up", async || {
        node.front.bridge.stories.dropped() >= 15
    })
    .await;
    let metrics = node.metrics().await;
    let counted =
        { metrics.lines() }.find(|line| line.starts_with("passerelle_story_steps_dropped_total "));
    assert!(
        counted.is_some_and(|line| !line.ends_with(" 0")),
        "{metrics}"
    );
    let told = node.front.bridge.story(lost, BY).await.unwrap_err();
    assert_eq!(told.to_string(), "the store did not answer");
    redis.go_on();
    until_it_answers(&node).await;
    signs_in(&node, "anne.dupont").await;
    story(&node, last_code(&log), "answered").await;
}
