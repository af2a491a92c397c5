//! By which algorithms a service provider can sign its own AuthnRequest, and what the bridge says to
//! each: those of the list sign somebody in, SHA-1 only where `sha1-until` takes it of that provider, and
//! the others never.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::ToSpan as _;
use passerelle::{
    model::name_id::NameIdFormat,
    sys::clock::{Clock as _, SystemClock},
    xmlsec::{DigestAlgorithm, Part, SignatureAlgorithm, SignatureFault},
};

use super::field::{Field, do_all};
use crate::{
    independent_readers::expected,
    lab::{
        browser::{BrowserSim, Page},
        process::Server,
        service_provider::{RequestBinding, RunningSp, SpKind, read_verdict},
    },
};

/// The last word of an algorithm's URI.
type Word = &'static str;

/// What a request is signed by: a digest, too, where the signature stands in the XML.
type Signed = (Word, Option<Word>);

/// The signatures that a library writes into a query, by an RSA key.
const fn in_a_query(kind: SpKind) -> &'static [Word] {
    match kind {
        SpKind::Python3Saml | SpKind::Mellon => {
            &["rsa-sha1", "rsa-sha256", "rsa-sha384", "rsa-sha512"]
        }
        SpKind::Pysaml2 => &[
            "rsa-sha1",
            "rsa-sha224",
            "rsa-sha256",
            "rsa-sha384",
            "rsa-sha512",
        ],
        SpKind::NodeSaml | SpKind::Samlify => &["rsa-sha1", "rsa-sha256", "rsa-sha512"],
        SpKind::Saml2Js | SpKind::Samael => &["rsa-sha256"],
    }
}

/// The signatures and digests that it writes into the XML, by an RSA key: of pysaml2, each signature and
/// each digest once.
const fn in_the_xml(kind: SpKind) -> &'static [(Word, Word)] {
    match kind {
        SpKind::Python3Saml => &[],
        SpKind::Mellon => &[
            ("rsa-sha1", "sha1"),
            ("rsa-sha256", "sha256"),
            ("rsa-sha384", "sha384"),
            ("rsa-sha512", "sha384"),
        ],
        SpKind::Pysaml2 => &[
            ("rsa-sha1", "sha1"),
            ("rsa-sha224", "sha224"),
            ("rsa-sha256", "sha256"),
            ("rsa-sha384", "sha384"),
            ("rsa-sha512", "sha512"),
            ("rsa-sha256", "sha1"),
            ("rsa-sha256", "sha224"),
            ("rsa-sha256", "sha384"),
            ("rsa-sha256", "sha512"),
            ("rsa-sha256", "ripemd160"),
        ],
        SpKind::NodeSaml => &[
            ("rsa-sha1", "sha1"),
            ("rsa-sha1", "sha256"),
            ("rsa-sha1", "sha512"),
            ("rsa-sha256", "sha1"),
            ("rsa-sha256", "sha256"),
            ("rsa-sha256", "sha512"),
            ("rsa-sha512", "sha1"),
            ("rsa-sha512", "sha256"),
            ("rsa-sha512", "sha512"),
        ],
        SpKind::Samlify => &[
            ("rsa-sha1", "sha1"),
            ("rsa-sha256", "sha256"),
            ("rsa-sha512", "sha512"),
        ],
        SpKind::Saml2Js => &[
            ("rsa-sha1", "sha256"),
            ("rsa-sha256", "sha256"),
            ("rsa-sha512", "sha256"),
        ],
        SpKind::Samael => &[
            ("rsa-sha1", "sha1"),
            ("rsa-sha256", "sha1"),
            ("rsa-sha256", "sha256"),
            ("rsa-sha384", "sha384"),
            ("rsa-sha512", "sha512"),
        ],
    }
}

/// The same of samael by a key on P-256.
const IN_A_QUERY_ON_P256: [Word; 1] = ["ecdsa-sha256"];
const IN_THE_XML_ON_P256: [(Word, Word); 4] = [
    ("ecdsa-sha1", "sha1"),
    ("ecdsa-sha256", "sha256"),
    ("ecdsa-sha384", "sha384"),
    ("ecdsa-sha512", "sha512"),
];

/// What the bridge said to a request.
#[derive(Debug)]
pub(super) struct Asked<'f> {
    pub(super) sp: &'f RunningSp,
    pub(super) binding: RequestBinding,
    pub(super) signed: Signed,
    /// None where somebody was signed in.
    pub(super) refusal: Option<String>,
    /// The same where SHA-1 is taken of that provider: of those that were refused.
    pub(super) refusal_with_sha1: Option<String>,
}

/// Has every service provider ask in every way that it can.
pub(super) async fn run(field: &Field) -> Vec<Asked<'_>> {
    let of_rsa = field.peers(false).flat_map(|sp| {
        let (query, xml) = (in_a_query(sp.kind()), in_the_xml(sp.kind()));
        all_of(sp, query, xml)
    });
    let of_ec = all_of(&field.on_p256, &IN_A_QUERY_ON_P256, &IN_THE_XML_ON_P256);
    let mut all: Vec<_> = of_rsa.chain(of_ec).collect();

    let demanding = "sign = \"both\"\nsignature = \"rsa-sha256\"\nrequire-signed-requests = true";
    let (server, browser) = field.start(|_| demanding.to_owned()).await;
    do_all(all.iter_mut().map(async |asked| {
        asked.refusal = asked.ask((&server, &browser), false).await;
    }))
    .await;
    drop(server);

    let last = SystemClock.now() + (30 * 24).hours();
    let until = last.strftime("sha1-until = %Y-%m-%d");
    let lenient = format!("{demanding}\n{until}");
    let (server, browser) = field.start(|_| lenient.clone()).await;
    let refused = all.iter_mut().filter(|asked| asked.refusal.is_some());
    do_all(refused.map(async |asked| {
        asked.refusal_with_sha1 = asked.ask((&server, &browser), true).await;
    }))
    .await;
    all
}

fn all_of<'f>(
    sp: &'f RunningSp,
    queries: &'static [Word],
    xml: &'static [(Word, Word)],
) -> impl Iterator<Item = Asked<'f>> {
    let queries = queries
        .iter()
        .map(|signature| (RequestBinding::Redirect, (*signature, None)));
    let xml = xml
        .iter()
        .map(|(signature, digest)| (RequestBinding::Post, (*signature, Some(*digest))));
    queries.chain(xml).map(|(binding, signed)| Asked {
        sp,
        binding,
        signed,
        refusal: None,
        refusal_with_sha1: None,
    })
}

impl Asked<'_> {
    /// Asks in the browser of somebody who has signed in: gives the refusal, which is the one that is
    /// due, or has the service provider read who was signed in.
    async fn ask(
        &self,
        (bridge, browser): (&Server, &BrowserSim),
        is_sha1_taken: bool,
    ) -> Option<String> {
        let Self { sp, binding, .. } = *self;
        let (signature, digest) = self.uris();
        let login = sp.login_signed_by(binding, (&signature, digest.as_deref()));
        let mut browser = browser.clone();
        let mut page = browser.open(&login).await;
        let sent = match binding {
            RequestBinding::Redirect => in_query(&page),
            RequestBinding::Post => {
                let form = page.form();
                let base64 = form.value("SAMLRequest").unwrap().to_owned();
                page = browser.submit(&page, &form).await;
                in_message(&base64)
            }
        };
        assert_eq!(sent, (signature, digest), "{self:?}");
        let Some(fault) = self.fault(is_sha1_taken) else {
            assert_eq!(
                page.kind().as_deref(),
                Some("post"),
                "{self:?}: {}",
                page.body
            );
            let form = page.form();
            let identity = read_verdict(&browser.submit(&page, &form).await);
            let identity = identity.unwrap_or_else(|words| panic!("{self:?}: {words}"));
            expected(&identity, sp.kind(), Some(NameIdFormat::EmailAddress));
            return None;
        };
        assert_eq!(
            page.kind().as_deref(),
            Some("stop"),
            "{self:?}: {}",
            page.body
        );
        assert_eq!(page.status, 400, "{self:?}");
        // The page says what it is, and the log why, under one code of support.
        let code = marked(&page, "stop-code");
        assert_eq!(code, "B-REQ-05", "{self:?}");
        let (support, words) = (marked(&page, "support-code"), fault.to_string());
        bridge.says(&[&support, &words]).await;
        Some(format!("{code}: {words}"))
    }

    fn uris(&self) -> (String, Option<String>) {
        let (signature, digest) = self.signed;
        let of_dsig = |word: &str| format!("http://www.w3.org/2000/09/xmldsig#{word}");
        let of_more = |word: &str| format!("http://www.w3.org/2001/04/xmldsig-more#{word}");
        let of_enc = |word: &str| format!("http://www.w3.org/2001/04/xmlenc#{word}");
        let signature = match signature {
            "rsa-sha1" => of_dsig(signature),
            _ => of_more(signature),
        };
        let digest = digest.map(|digest| match digest {
            "sha1" => of_dsig(digest),
            "sha224" | "sha384" => of_more(digest),
            _ => of_enc(digest),
        });
        (signature, digest)
    }

    /// The fault that is due.
    fn fault(&self, is_sha1_taken: bool) -> Option<SignatureFault> {
        let (signature, digest) = self.uris();
        let is_rsa = self.signed.0.starts_with("rsa-");
        let may = |listed: bool, word: &str| listed || (is_sha1_taken && is_rsa && word == "sha1");
        let hash = self.signed.0.split_once('-').unwrap().1;
        if !may(SignatureAlgorithm::from_uri(&signature).is_some(), hash) {
            return Some(SignatureFault::Algorithm(Part::SignatureMethod));
        }
        let digest = digest.zip(self.signed.1);
        let is_off =
            digest.is_some_and(|(uri, word)| !may(DigestAlgorithm::from_uri(&uri).is_some(), word));
        is_off.then_some(SignatureFault::Algorithm(Part::DigestMethod))
    }
}

/// What the query says that it is signed by.
fn in_query(page: &Page) -> (String, Option<String>) {
    let mut came = page.redirected_from.iter().chain([&page.url]);
    let asked = came.find(|url| url.path() == "/saml/sso").unwrap();
    let value = |name: &str| {
        let mut pairs = asked.query_pairs();
        let found = pairs.find(|(key, _)| key == name);
        found.unwrap_or_else(|| panic!("no {name}: {asked}")).1
    };
    assert!(!value("Signature").is_empty());
    (value("SigAlg").into_owned(), None)
}

/// What the XML says that it is signed by.
fn in_message(base64: &str) -> (String, Option<String>) {
    let xml = String::from_utf8(BASE64_STANDARD.decode(base64).unwrap()).unwrap();
    let tree = roxmltree::Document::parse(&xml).unwrap();
    let algorithm = |name: &str| {
        let mut nodes = tree.descendants();
        let method = nodes.find(|node| node.tag_name().name() == name);
        let method = method.unwrap_or_else(|| panic!("no {name}: {xml}"));
        method.attribute("Algorithm").unwrap().to_owned()
    };
    (
        algorithm("SignatureMethod"),
        Some(algorithm("DigestMethod")),
    )
}

/// The text of the element with that `data-testid`.
fn marked(page: &Page, test_id: &str) -> String {
    let mark = format!("data-testid=\"{test_id}\">");
    let rest = page.body.split_once(&mark).map(|(_, rest)| rest);
    let text = rest
        .and_then(|rest| rest.split_once('<'))
        .map(|(text, _)| text);
    text.unwrap_or_else(|| panic!("no {test_id}: {}", page.body))
        .to_owned()
}
