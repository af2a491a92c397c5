//! Queries of HTTP-Redirect, made from one that pysaml2 wrote and signed.

use std::{fs, io::Write as _, sync::OnceLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use passerelle::{
    model::journey::RelayStateFault,
    saml::binding::{BindingFault as Fault, redirect::MAX_QUERY_BYTES},
    xmlsec::{Part, SignatureFault},
};
use tempfile::TempDir;

use super::{
    case::{Case, Verdict, harmless, signature},
    genuine::{EVIL, Genuine, Kind},
};
use crate::{
    bridge::{
        ZOOM_ACS,
        keys::zoom_key,
        request::{deflate, encode},
    },
    lab::process::{repository, run},
};

/// Why a parameter of another name is no harm.
const UNREAD: &str = "a parameter of nobody's is not read";
/// Why an unsigned query is no harm.
const UNSIGNED: &str = "Zoom need not sign, and is answered at its own address alone";
/// The names of SAML's own parameters.
pub(super) const NAMES: [&str; 6] = [
    "SAMLRequest",
    "SAMLResponse",
    "RelayState",
    "SigAlg",
    "Signature",
    "SAMLEncoding",
];

/// A signed query and its four parts, raw.
#[derive(Debug)]
pub(super) struct Query {
    /// The whole.
    pub(super) whole: String,
    request: String,
    relay_state: String,
    algorithm: String,
    value: String,
}

impl Query {
    /// The genuine one: made once in a run.
    pub(super) fn genuine() -> &'static Self {
        static GENUINE: OnceLock<Query> = OnceLock::new();
        GENUINE.get_or_init(|| Self::sign(&Genuine::new(Kind::AuthnRequest).bare(), "home page/é"))
    }

    /// Has pysaml2 write and sign the query that carries `xml`.
    fn sign(xml: &str, relay_state: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let python = repository().join("lab/venv-pysaml2/bin/python");
        let script = repository().join("tests/peers/redirect_query.py");
        let arguments = [
            "-B".to_owned(),
            script.to_str().unwrap().to_owned(),
            write("key.pem", &zoom_key().private_pem()),
            write("request.xml", xml),
            "--relay-state".to_owned(),
            relay_state.to_owned(),
        ];
        let (is_done, whole) = run(python.to_str().unwrap(), &arguments, &[]);
        assert!(is_done, "{whole}");
        let parts: Vec<_> = whole.split('&').map(str::to_owned).collect();
        let [request, relay_state, algorithm, value] = parts.as_slice() else {
            panic!("{whole}")
        };
        for (part, name) in parts
            .iter()
            .zip(["SAMLRequest", "RelayState", "SigAlg", "Signature"])
        {
            assert!(part.starts_with(&format!("{name}=")), "{whole}");
        }
        Self {
            request: request.clone(),
            relay_state: relay_state.clone(),
            algorithm: algorithm.clone(),
            value: value.clone(),
            whole,
        }
    }

    /// The four, in the order of the standard.
    pub(super) fn parts(&self) -> [&str; 4] {
        [
            &self.request,
            &self.relay_state,
            &self.algorithm,
            &self.value,
        ]
    }

    /// The whole with one of its parts replaced.
    fn with(&self, part: &str, new: &str) -> String {
        assert_eq!(self.whole.matches(part).count(), 1, "{part}");
        self.whole.replace(part, new)
    }
}

/// All of them but the spellings.
pub(super) fn cases() -> Vec<Case> {
    let genuine = Query::genuine();
    let mut cases = repeated(genuine);
    cases.extend(parted(genuine));
    cases.extend(encoded(genuine));
    cases.extend(changed(genuine));
    cases.extend(of_signatures(genuine));
    cases.extend(of_messages());
    cases.extend(of_lengths(genuine));
    cases
}

fn refused(name: impl Into<String>, query: impl Into<String>, fault: Fault) -> Case {
    Case::new(name, query.into(), Verdict::Binding(fault))
}

/// Every spelling of every name of SAML's, beside a genuine signed query: before it and behind it.
pub(super) fn spellings() -> Vec<Case> {
    let whole = &Query::genuine().whole;
    let percent = |octet: u8| format!("%{octet:02X}");
    let mut cases = Vec::new();
    for name in NAMES {
        let (first, rest) = name.split_at(1);
        let (start, last) = name.split_at(name.len() - 1);
        let first = percent(first.as_bytes()[0]);
        for spelling in [
            format!("{first}{rest}"),
            format!("{}{rest}", first.to_lowercase()),
            format!("{start}{}", percent(last.as_bytes()[0])),
            name.bytes().map(percent).collect(),
            name.to_lowercase(),
            name.to_uppercase(),
            format!(
                "%{:02x}{}",
                name.to_lowercase().as_bytes()[0],
                rest.to_uppercase()
            ),
            format!("+{name}"),
            format!("{name}+"),
            format!("%20{name}"),
            format!("{name}%09"),
            format!("{name}%00"),
            format!("{name}%00x"),
            format!("{name};x"),
            format!("{first}{rest};x"),
            format!("{name}[]"),
            format!("{name}%5b0%5D"),
            format!("{}{name}", "+".repeat(80)),
            format!("%0D%0A{name}"),
            format!("x;{name}"),
            format!("x=y;{name}"),
            format!("x=y;{}", name.to_lowercase()),
            format!("x=y;z;{first}{rest}"),
        ] {
            for query in [
                format!("{whole}&{spelling}=x"),
                format!("{spelling}=x&{whole}"),
            ] {
                cases.push(refused(query.clone(), query, Fault::Parameters));
            }
        }
        let behind = format!("{whole};{name}=x");
        cases.push(refused(behind.clone(), behind, Fault::Parameters));
    }
    cases
}

/// Parameters that come twice, and those of another message beside the genuine ones.
fn repeated(genuine: &Query) -> Vec<Case> {
    let whole = &genuine.whole;
    let mut cases = Vec::new();
    for part in genuine.parts() {
        let (name, _) = part.split_once('=').unwrap();
        for (what, query) in [
            ("again", format!("{whole}&{part}")),
            ("again, before", format!("{part}&{whole}")),
            ("again, empty", format!("{whole}&{name}=")),
            ("again, other, before", format!("{name}=x&{whole}")),
            ("again, without a value", format!("{whole}&{name}")),
        ] {
            cases.push(refused(format!("{name} {what}"), query, Fault::Parameters));
        }
    }
    let evil = {
        let xml = Genuine::new(Kind::AuthnRequest)
            .bare()
            .replace(ZOOM_ACS, EVIL);
        format!(
            "SAMLRequest={}",
            encode(&STANDARD.encode(deflate(xml.as_bytes())))
        )
    };
    cases.extend([
        refused(
            "another message before",
            format!("{evil}&{whole}"),
            Fault::Parameters,
        ),
        refused(
            "another message behind",
            format!("{whole}&{evil}"),
            Fault::Parameters,
        ),
        signature(
            "another message in its place",
            genuine.with(&genuine.request, &evil),
            SignatureFault::NotByTheseKeys,
        ),
        refused(
            "SAMLResponse beside",
            format!("{whole}&SAMLResponse=x"),
            Fault::Response,
        ),
        refused(
            "SAMLResponse beside, empty",
            format!("SAMLResponse=&{whole}"),
            Fault::Response,
        ),
        refused(
            "SAMLResponse for SAMLRequest",
            genuine.with("SAMLRequest=", "SAMLResponse="),
            Fault::Response,
        ),
        refused(
            "SAMLResponse for RelayState",
            genuine.with("RelayState=", "SAMLResponse="),
            Fault::Response,
        ),
    ]);
    cases
}

/// How the parts stand beside one another.
fn parted(genuine: &Query) -> Vec<Case> {
    let whole = &genuine.whole;
    let [request, relay_state, algorithm, value] = genuine.parts();
    let orders = [
        [value, algorithm, relay_state, request],
        [relay_state, request, value, algorithm],
        [algorithm, value, request, relay_state],
        [request, algorithm, value, relay_state],
    ];
    let mut cases: Vec<_> = orders
        .iter()
        .map(|order| {
            let name = format!("the order {:?}", order.map(|part| part.split_at(4).0));
            harmless(
                name,
                order.join("&"),
                "what is signed is put together in the order of the standard",
            )
        })
        .collect();
    let encoding = encode("urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE");
    cases.extend([
        refused(
            "semicolons for ampersands",
            whole.replace('&', ";"),
            Fault::Parameters,
        ),
        refused(
            "one semicolon",
            genuine.with("&RelayState", ";RelayState"),
            Fault::Parameters,
        ),
        harmless("parameters of others", format!("utm=1&{whole}&x"), UNREAD),
        harmless(
            "a name that is encoded twice",
            format!("{whole}&%2553AMLRequest=x"),
            UNREAD,
        ),
        harmless("empty parts", format!("&&{whole}&"), "nothing is in them"),
        refused(
            "a question mark before",
            format!("?{request}"),
            Fault::NoRequest,
        ),
        refused("nothing", "", Fault::NoRequest),
        refused("RelayState alone", relay_state, Fault::NoRequest),
        refused(
            "a percent sign behind SAMLRequest",
            format!("{request}%&{relay_state}"),
            Fault::PercentEncoding,
        ),
        refused("SAMLRequest without a value", "SAMLRequest", Fault::Deflate),
        refused("SAMLRequest empty", "SAMLRequest=", Fault::Deflate),
        harmless(
            "SAMLEncoding of the standard",
            format!("{whole}&SAMLEncoding={encoding}"),
            "it says what is so",
        ),
        refused(
            "SAMLEncoding of nobody's",
            format!("{whole}&SAMLEncoding=urn:x"),
            Fault::Encoding,
        ),
        refused(
            "SAMLEncoding empty",
            format!("{whole}&SAMLEncoding="),
            Fault::Encoding,
        ),
        refused(
            "SAMLEncoding encoded twice",
            format!("{whole}&SAMLEncoding={}", encode(&encoding)),
            Fault::Encoding,
        ),
        refused(
            "SAMLEncoding twice",
            format!("{whole}&SAMLEncoding={encoding}&SAMLEncoding={encoding}"),
            Fault::Parameters,
        ),
    ]);
    cases
}

/// The same values in other octets: a signature covers octets (saml-bindings-2.0 §3.4.4.1).
fn encoded(genuine: &Query) -> Vec<Case> {
    let foreign = SignatureFault::NotByTheseKeys;
    let [request, relay_state, algorithm, value] = genuine.parts();
    let lower = |part: &str| {
        let mut pieces = part.split('%');
        let first = pieces.next().unwrap().to_owned();
        let rest = pieces.map(|piece| {
            let (hex, text) = piece.split_at(2);
            format!("%{}{text}", hex.to_lowercase())
        });
        [first].into_iter().chain(rest).collect::<String>()
    };
    let again = |part: &str| {
        let (name, text) = part.split_once('=').unwrap();
        format!("{name}={}", text.replace('%', "%25"))
    };
    vec![
        signature(
            "RelayState: %20 for +",
            genuine.with("home+page", "home%20page"),
            foreign,
        ),
        signature(
            "RelayState: a plain letter encoded",
            genuine.with("=home", "=%68ome"),
            foreign,
        ),
        signature(
            "RelayState: a slash not encoded",
            genuine.with("page%2F", "page/"),
            foreign,
        ),
        signature(
            "RelayState in small hex",
            genuine.with(relay_state, &lower(relay_state)),
            foreign,
        ),
        signature(
            "SAMLRequest in small hex",
            genuine.with(request, &lower(request)),
            foreign,
        ),
        signature(
            "SigAlg in small hex",
            genuine.with(algorithm, &lower(algorithm)),
            foreign,
        ),
        harmless(
            "Signature in small hex",
            genuine.with(value, &lower(value)),
            "it does not cover itself",
        ),
        refused(
            "SAMLRequest encoded twice",
            genuine.with(request, &again(request)),
            Fault::Base64,
        ),
        signature(
            "RelayState encoded twice",
            genuine.with(relay_state, &again(relay_state)),
            foreign,
        ),
        signature(
            "SigAlg encoded twice",
            genuine.with(algorithm, &again(algorithm)),
            SignatureFault::Algorithm(Part::SignatureMethod),
        ),
        refused(
            "Signature encoded twice",
            genuine.with(value, &again(value)),
            Fault::Base64,
        ),
    ]
}

/// `RelayState`, as signed and otherwise.
fn changed(genuine: &Query) -> Vec<Case> {
    let foreign = SignatureFault::NotByTheseKeys;
    let relay_state = &genuine.relay_state;
    let with = |new: &str| genuine.with(relay_state, new);
    let escaped = Fault::PercentEncoding;
    vec![
        signature(
            "no RelayState",
            genuine.with(&format!("&{relay_state}"), ""),
            foreign,
        ),
        signature("RelayState empty", with("RelayState="), foreign),
        signature("RelayState of another", with("RelayState=evil"), foreign),
        signature(
            "RelayState longer",
            with(&format!("{relay_state}+")),
            foreign,
        ),
        signature(
            "RelayState with parameters in it",
            with("RelayState=x%26SAMLRequest%3Dy"),
            foreign,
        ),
        refused(
            "RelayState with a zero octet",
            with("RelayState=home%00"),
            Fault::RelayState(RelayStateFault::Null),
        ),
        refused(
            "RelayState in overlong UTF-8",
            with("RelayState=%C0%AF"),
            escaped,
        ),
        refused("RelayState in Latin 1", with("RelayState=%E9"), escaped),
        refused(
            "RelayState with a surrogate",
            with("RelayState=%ED%A0%80"),
            escaped,
        ),
        refused(
            "RelayState with a percent sign at its end",
            with("RelayState=x%"),
            escaped,
        ),
        refused(
            "RelayState with half an octet",
            with("RelayState=%4"),
            escaped,
        ),
        refused("RelayState with no hex", with("RelayState=%zz"), escaped),
        refused(
            "RelayState with a Unicode escape",
            with("RelayState=%u0041"),
            escaped,
        ),
        refused(
            "RelayState too long",
            with(&format!("RelayState={}", "x".repeat(1_025))),
            Fault::RelayState(RelayStateFault::TooLong),
        ),
    ]
}

/// `SigAlg` and `Signature`, halves and others.
fn of_signatures(genuine: &Query) -> Vec<Case> {
    let [request, relay_state, algorithm, value] = genuine.parts();
    let foreign = SignatureFault::NotByTheseKeys;
    let method = SignatureFault::Algorithm(Part::SignatureMethod);
    let by = |uri: &str| genuine.with(algorithm, &format!("SigAlg={}", encode(uri)));
    let signed_as = |text: &str| genuine.with(value, &format!("Signature={text}"));
    let octets = STANDARD.encode([0; 256]);
    let plain = value.replace("%2B", "+");
    let mut cases = vec![
        refused(
            "SigAlg without Signature",
            format!("{request}&{relay_state}&{algorithm}"),
            Fault::SignatureParts,
        ),
        refused(
            "Signature without SigAlg",
            format!("{request}&{relay_state}&{value}"),
            Fault::SignatureParts,
        ),
        harmless(
            "neither SigAlg nor Signature",
            format!("{request}&{relay_state}"),
            UNSIGNED,
        ),
        signature("SigAlg empty", by(""), method),
        signature("Signature empty", signed_as(""), foreign),
        signature("Signature of zeros", signed_as(&encode(&octets)), foreign),
        signature("Signature short", signed_as("AAAA"), foreign),
        refused("Signature no base64", signed_as("!!!!"), Fault::Base64),
        refused(
            "Signature without padding",
            genuine.with(value, value.trim_end_matches("%3D")),
            Fault::Base64,
        ),
        refused(
            "Signature with a line end",
            format!("{}%0A", genuine.whole),
            Fault::Base64,
        ),
        refused(
            "Signature a percent sign",
            signed_as("%"),
            Fault::PercentEncoding,
        ),
    ];
    if plain != *value {
        cases.push(refused(
            "Signature with spaces for plus signs",
            genuine.with(value, &plain),
            Fault::Base64,
        ));
    }
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
        "rsa-sha256",
        "none",
    ] {
        cases.push(signature(format!("SigAlg {uri}"), by(uri), method));
    }
    for uri in [
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    ] {
        cases.push(signature(format!("SigAlg {uri}"), by(uri), foreign));
    }
    cases
}

/// What stands in `SAMLRequest`: raw DEFLATE of one message in plain base64, or nothing.
fn of_messages() -> Vec<Case> {
    let xml = Genuine::new(Kind::AuthnRequest).bare().into_bytes();
    let raw = deflate(&xml);
    let carrying = |octets: &[u8]| format!("SAMLRequest={}", encode(&STANDARD.encode(octets)));
    let refuses = |name: &str, octets: &[u8]| refused(name, carrying(octets), Fault::Deflate);
    let zlib = {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&xml).unwrap();
        encoder.finish().unwrap()
    };
    let gzip = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&xml).unwrap();
        encoder.finish().unwrap()
    };
    let stored = {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(&xml).unwrap();
        encoder.finish().unwrap()
    };
    let text = STANDARD.encode(&raw);
    let url_safe = text.replace('+', "-").replace('/', "_");
    assert_ne!(url_safe, text);
    let long = format!(
        "{}{}",
        String::from_utf8(xml.clone()).unwrap(),
        " ".repeat(64 * 1024)
    );
    vec![
        refuses("zlib", &zlib),
        refuses("gzip", &gzip),
        refuses("not deflated", &xml),
        refuses("deflated and one octet more", &[&*raw, b"x"].concat()),
        refuses("deflated twice, one behind the other", &raw.repeat(2)),
        refuses("deflated and cut", raw.split_at(raw.len() - 4).0),
        refuses("deflated and nothing", &[]),
        refuses("a block of a kind that there is none of", &[0x07, 0, 0]),
        refuses(
            "a distance before the beginning",
            &[0x03 | 0x60, 0x18, 0x05, 0x40, 0x00],
        ),
        harmless("stored blocks", carrying(&stored), "it is raw DEFLATE"),
        refused(
            "base64 for addresses",
            format!("SAMLRequest={}", encode(&url_safe)),
            Fault::Base64,
        ),
        refused(
            "base64 with a line end",
            format!("SAMLRequest={}%0A", encode(&text)),
            Fault::Base64,
        ),
        refused(
            "base64 with a zero octet",
            format!("SAMLRequest={}%00", encode(&text)),
            Fault::Base64,
        ),
        refused(
            "base64 cut",
            format!("SAMLRequest={}", encode(&text).split_at(41).0),
            Fault::Base64,
        ),
        refused(
            "a message too long",
            carrying(&deflate(long.as_bytes())),
            Fault::TooLarge,
        ),
        refused(
            "a bomb",
            carrying(&deflate(&vec![b' '; 16 << 20])),
            Fault::TooLarge,
        ),
    ]
}

/// The longest query, and one octet more.
fn of_lengths(genuine: &Query) -> Vec<Case> {
    let filled = |length: usize| {
        let filler = length - genuine.whole.len() - "&x=".len();
        format!("{}&x={}", genuine.whole, "a".repeat(filler))
    };
    vec![
        harmless("a query of 32 KiB", filled(MAX_QUERY_BYTES), UNREAD),
        refused(
            "a query of 32 KiB and one octet",
            filled(MAX_QUERY_BYTES + 1),
            Fault::TooLarge,
        ),
    ]
}
