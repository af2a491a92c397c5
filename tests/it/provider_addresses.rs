//! The addresses that a provider's metadata holds, as far as they come onto pages.

use crate::bridge::{
    Bridge, Setup, ZOOM, ZOOM_ACS, ZOOM_SECOND_ACS, keys::zoom_key, metadata, page::Page,
    zoom_metadata,
};

/// Zoom with this `mdui:UIInfo`.
fn with_ui_info(ui_info: &str) -> Bridge {
    let extensions = format!(
        "<md:Extensions><mdui:UIInfo xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\">{ui_info}\
         </mdui:UIInfo></md:Extensions><md:KeyDescriptor"
    );
    Setup {
        zoom_metadata: zoom_metadata("").replacen("<md:KeyDescriptor", &extensions, 1),
        ..Setup::zoom("idp-initiated = true")
    }
    .build()
}

/// Zoom with answers at `location`, too.
fn with_address(location: &str) -> Bridge {
    let services = [ZOOM_ACS, ZOOM_SECOND_ACS, location];
    Setup {
        zoom_metadata: metadata(ZOOM, "", zoom_key(), &services),
        ..Setup::new()
    }
    .build()
}

/// Everything that a browser would go to, load or send to.
fn addresses(page: &Page) -> Vec<String> {
    let names = ["href=\"", "action=\"", "src=\""];
    let found = names.iter().flat_map(|name| page.body.split(name).skip(1));
    let values = found.map(|rest| rest.split('"').next().unwrap());
    values
        .map(|value| value.replace("&#x2f;", "/").replace("&amp;", "&"))
        .collect()
}

/// The pages of a sign-in: the first one, the form, a wrong password, the answer, the end.
async fn walk(bridge: &Bridge) -> Vec<Page> {
    let mut browser = bridge.browser();
    let mut pages = vec![browser.open("/").await, browser.open("/start/zoom").await];
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    let wrong = browser
        .submit(&login, &login.filled("anne.dupont", "wrong"))
        .await;
    let post = browser.sign_in(&login, "anne.dupont").await;
    let stop = browser.arrive("/saml/sso?SAMLRequest=x").await;
    pages.extend([login, wrong, post, stop, browser.open("/logout").await]);
    pages
}

#[tokio::test]
async fn r42_what_a_provider_says_to_people_is_on_the_page_and_leads_to_the_web() {
    let bridge = with_ui_info(
        "<mdui:Description xml:lang='fr'>Des réunions &lt;b>à distance&lt;/b>.</mdui:Description>\
         <mdui:Description xml:lang='en'>Meetings far away.</mdui:Description>\
         <mdui:InformationURL xml:lang='fr'>https://zoom.example/fr?a=1&amp;b=2</mdui:InformationURL>\
         <mdui:InformationURL xml:lang='en'>https://zoom.example/en</mdui:InformationURL>\
         <mdui:PrivacyStatementURL xml:lang='en'>https://zoom.example/privacy</mdui:PrivacyStatementURL>\
         <mdui:Logo height='1' width='1'>https://zoom.example/logo.png</mdui:Logo>",
    );
    let mut browser = bridge.browser();
    for path in [&*bridge.request().redirect(None), "/start/zoom"] {
        let page = browser.arrive(path).await;
        assert!(
            page.body
                .contains("Des réunions &lt;b&gt;à distance&lt;&#x2f;b&gt;."),
            "{}",
            page.body
        );
        assert_eq!(
            page.link("about-information").unwrap(),
            "https://zoom.example/fr?a=1&b=2"
        );
        assert_eq!(
            page.link("about-privacy").unwrap(),
            "https://zoom.example/privacy"
        );
        // No page loads a picture of somebody else.
        assert!(!page.body.contains("logo.png"));
    }
    let page = browser.open("/start/zoom?lang=en").await;
    assert!(page.body.contains("Meetings far away."));
    assert_eq!(
        page.link("about-information").unwrap(),
        "https://zoom.example/en"
    );
}

#[tokio::test]
async fn r42_no_page_of_a_sign_in_leads_anywhere_but_to_the_web_and_to_ourselves() {
    for hostile in [
        "javascript:alert(1)",
        "JavaScript://zoom.example/%0aalert(1)",
        "data:text/html,&lt;script>alert(1)&lt;/script>",
        "//zoom.example/",
        "https://idp.example.org@zoom.example/",
        "https://zoom.example/&quot;>&lt;script>alert(1)&lt;/script>",
    ] {
        let bridge = with_ui_info(&format!(
            "<mdui:InformationURL xml:lang='fr'>{hostile}</mdui:InformationURL>\
             <mdui:PrivacyStatementURL xml:lang='fr'>{hostile}</mdui:PrivacyStatementURL>"
        ));
        for page in walk(&bridge).await {
            assert_eq!(page.link("about-information"), None, "{hostile}");
            assert_eq!(page.link("about-privacy"), None, "{hostile}");
            let found = addresses(&page);
            assert!(!found.is_empty());
            for address in found {
                let is_own = (address.starts_with('/') && !address.starts_with("//"))
                    || address.starts_with('?');
                assert!(
                    is_own || address.starts_with("https://"),
                    "{hostile}: {address}"
                );
                assert!(!address.contains("zoom.example"), "{hostile}: {address}");
            }
        }
        // As an address for answers it keeps the provider out, and comes onto no page.
        let bridge = with_address(hostile);
        let mut browser = bridge.browser();
        for path in [bridge.request().redirect(None), "/".to_owned()] {
            let page = browser.arrive(&path).await;
            assert!(["stop", "home"].contains(&&*page.kind()), "{hostile}");
            assert!(
                !page.body.contains("alert(1)") && !page.body.contains("zoom.example"),
                "{hostile}"
            );
        }
    }
}

#[tokio::test]
async fn r43_an_address_with_a_query_gets_its_answers_as_it_stands_and_none_with_a_parameter_of_ours()
 {
    let with_query = "https://univ-montp3-fr.zoom.us/saml/SSO?room=1&amp;Saml=2";
    let bridge = with_address(with_query);
    let as_read = with_query.replace("&amp;", "&");
    let mut browser = bridge.browser();
    let request = bridge
        .request()
        .with("AssertionConsumerServiceURL", &as_read);
    let login = browser.arrive(&request.redirect(None)).await;
    let post = browser.sign_in(&login, "anne.dupont").await;
    post.answer();
    assert!(addresses(&post).contains(&as_read));
    for parameter in [
        "SAMLResponse",
        "SAMLRequest",
        "RelayState",
        "SigAlg",
        "Signature",
        "SAML%52esponse",
    ] {
        let bridge = with_address(&format!(
            "https://univ-montp3-fr.zoom.us/saml/SSO?a=1&amp;{parameter}=x"
        ));
        let mut browser = bridge.browser();
        let page = browser.arrive(&bridge.request().redirect(None)).await;
        page.stops(503, "provider-broken");
        assert!(
            !addresses(&page)
                .iter()
                .any(|address| address.contains(parameter))
        );
        assert!(!page.body.contains("SAMLResponse"), "{parameter}");
    }
}
