//! A CAS server that gives a name back as it was typed: one person in two spellings.

use std::collections::HashSet;

use passerelle::model::{oversight::Which, support_code::SupportCode};

use super::{bridge, there_and_back, zoe};
use crate::{
    bridge::{Setup, ZOOM},
    lab::{
        cas_script::{CasScript, Said},
        keys::Authority,
        until::until,
    },
};

const BY: &str = "user 0";

#[tokio::test]
async fn r121_a_person_whom_cas_names_in_two_spellings_is_one_to_whoever_ends_their_sessions() {
    let authority = Authority::new("University");
    let cas = CasScript::start(&authority.vouch_for("localhost"), Said::Nothing);
    let setup = Setup {
        more: "[stories]\nperson = 'hashed'".to_owned(),
        ..Setup::new()
    };
    let node = bridge(&setup, &cas.url(), "", Some(&authority));
    let bridge = &node.front.bridge;
    for login in ["zoe.martin", "Zoe.Martin", " ZOE.MARTIN", "zoe.martine"] {
        let Said::Person(_, attributes) = zoe(&[]) else {
            panic!("she is a person");
        };
        cas.now_says(Said::Person(login, attributes));
        let request = node.request();
        let page = there_and_back(&mut node.browser(), &request).await;
        node.identity(&page.answer(), ZOOM, request.id());
    }
    let all = bridge.oversee(&Which::All, 10, BY).await.unwrap();
    assert_eq!(all.count, 4);
    // One stands for her in all stories, and another one for the other person.
    let mut hidden = HashSet::new();
    for shown in &all.sessions {
        let code = SupportCode::parse(shown.support_code.as_ref().unwrap()).unwrap();
        let last = async || {
            let steps = bridge.story(code, BY).await.unwrap();
            steps.last().and_then(|step| step.person.clone())
        };
        until("the answer is kept", async || last().await.is_some()).await;
        hidden.insert(last().await.unwrap());
    }
    assert_eq!(hidden.len(), 2);
    let zoe = Which::Person("zoe.MARTIN".to_owned());
    assert_eq!(bridge.oversee(&zoe, 10, BY).await.unwrap().count, 3);
    let revoked = bridge.revoke(&zoe, BY).await;
    assert_eq!((revoked.count, revoked.fault), (3, None));
    let left = bridge.oversee(&Which::All, 10, BY).await.unwrap();
    assert_eq!((left.count, &*left.sessions[0].person), (1, "zoe.martine"));
}
