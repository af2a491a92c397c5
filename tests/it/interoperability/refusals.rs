//! What the service providers refuse, so that their word for our answers is worth something.
//!
//! An impostor answers them with Responses that xmlsec1 signed and that have one fault each.

use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::lab::{
    impostor::{Asked, Impostor},
    keys::KeyPair,
    mint::Minted,
    service_provider::{Identity, RunningSp, SpKind},
};

/// What is wrong with a Response that is good otherwise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// No signature in it.
    Unsigned,
    /// Signed by a key that the metadata does not name.
    Key,
    /// Changed after it was signed.
    Changed,
    /// Empty.
    Empty,
    /// Past its `NotOnOrAfter`.
    Old,
    /// Before its `NotBefore`.
    Early,
    /// From another `Issuer`.
    Issuer,
    /// For another `Audience`.
    Audience,
    /// For another `Recipient`.
    Recipient,
    /// For another `Destination`.
    Destination,
    /// Answers no request of this service provider.
    Request,
    /// The second time that it comes.
    Again,
}

impl Fault {
    pub(super) const ALL: [Self; 12] = [
        Self::Unsigned,
        Self::Key,
        Self::Changed,
        Self::Empty,
        Self::Old,
        Self::Early,
        Self::Issuer,
        Self::Audience,
        Self::Recipient,
        Self::Destination,
        Self::Request,
        Self::Again,
    ];

    /// What the document calls it.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Unsigned => "nothing is signed",
            Self::Key => "signed by another key",
            Self::Changed => "the NameID was changed after signing",
            Self::Empty => "empty",
            Self::Old => "an hour old",
            Self::Early => "an hour ahead",
            Self::Issuer => "another Issuer, the right key",
            Self::Audience => "another Audience",
            Self::Recipient => "another Recipient",
            Self::Destination => "another Destination",
            Self::Request => "another InResponseTo",
            Self::Again => "the same Response a second time",
        }
    }

    /// Whether a service provider that took it would take anything.
    const fn must_be_refused(self) -> bool {
        match self {
            Self::Unsigned | Self::Key | Self::Changed | Self::Empty | Self::Old | Self::Early => {
                true
            }
            Self::Issuer
            | Self::Audience
            | Self::Recipient
            | Self::Destination
            | Self::Request
            | Self::Again => false,
        }
    }

    /// The answer to `asked`, with this fault.
    fn put_in(self, asked: &Asked, idp: &Impostor, stranger: &KeyPair) -> String {
        let good = idp.answer(asked);
        let elsewhere = "https://elsewhere.example/acs";
        let readdressed = |name: &str| {
            let right = format!(" {name}=\"{}\"", good.acs);
            let wrong = format!(" {name}=\"{elsewhere}\"");
            good.response_with(|xml| replaced(&xml, &right, &wrong))
        };
        match self {
            Self::Unsigned => without_signatures(&good.response()),
            Self::Key => Minted {
                keys: stranger,
                ..good
            }
            .response(),
            Self::Changed => replaced(&good.response(), "@univ.example<", "@other.example<"),
            Self::Empty => String::new(),
            Self::Old => Minted {
                age: SignedDuration::from_hours(1),
                ..good
            }
            .response(),
            Self::Early => Minted {
                age: SignedDuration::from_hours(-1),
                ..good
            }
            .response(),
            Self::Issuer => Minted {
                issuer: "https://elsewhere.example/idp",
                ..good
            }
            .response(),
            Self::Audience => Minted {
                audience: "https://elsewhere.example",
                ..good
            }
            .response(),
            Self::Recipient => readdressed("Recipient"),
            Self::Destination => readdressed("Destination"),
            Self::Request => Minted {
                in_response_to: "_another",
                ..good
            }
            .response(),
            Self::Again => good.response(),
        }
    }
}

fn replaced(xml: &str, old: &str, new: &str) -> String {
    assert!(xml.contains(old), "no {old} in {xml}");
    xml.replace(old, new)
}

fn without_signatures(xml: &str) -> String {
    let mut rest = xml.to_owned();
    while let Some((before, after)) = rest.split_once("<ds:Signature ") {
        let (_, after) = after.split_once("</ds:Signature>").unwrap();
        rest = format!("{before}{after}");
    }
    rest
}

/// What one service provider says to each fault, in the order of [`Fault::ALL`]; None where it takes it.
pub(super) type Refusals = Vec<Option<String>>;

/// Has every service provider read a good Response, and then one with each fault.
pub(super) async fn run() -> Vec<(SpKind, Refusals)> {
    let idp = Impostor::set_up().await;
    let stranger = KeyPair::generate(idp.folder.path(), "stranger");
    let all = SpKind::ALL.map(|kind| ask_everything(&idp, kind, &stranger));
    join_all(all).await
}

async fn ask_everything(idp: &Impostor, kind: SpKind, stranger: &KeyPair) -> (SpKind, Refusals) {
    let sp = idp.start(kind).await;
    takes_a_good_response(idp, &sp).await;
    let mut refusals = Vec::new();
    for fault in Fault::ALL {
        let words = answer(idp, &sp, fault, stranger).await;
        assert!(
            words.is_some() || !fault.must_be_refused(),
            "{kind:?} takes {fault:?}"
        );
        refusals.push(words);
    }
    (kind, refusals)
}

async fn answer(
    idp: &Impostor,
    sp: &RunningSp,
    fault: Fault,
    stranger: &KeyPair,
) -> Option<String> {
    let mut asked = idp.ask(sp).await;
    let response = fault.put_in(&asked, idp, stranger);
    if fault == Fault::Again {
        let first = asked.send(&response).await;
        first.unwrap_or_else(|words| panic!("{:?}: {words}", sp.kind()));
    }
    let words = asked.send(&response).await.err()?;
    let kind = sp.kind();
    assert!(!words.trim().is_empty(), "{kind:?}, {fault:?}: no words");
    let names = [
        (idp.base.as_str(), "IDP"),
        (&sp.origin(), "SP"),
        (&asked.id, "REQUEST"),
    ];
    Some(super::words::own(kind, &words, &names))
}

async fn takes_a_good_response(idp: &Impostor, sp: &RunningSp) {
    let kind = sp.kind();
    let mut asked = idp.ask(sp).await;
    let response = idp.answer(&asked).response();
    let verdict = asked.send(&response).await;
    let Identity {
        name_id,
        name_id_format,
        attributes,
        session_index,
        in_response_to,
        relay_state,
    } = verdict.unwrap_or_else(|words| panic!("{kind:?}: {words}\n{}", sp.server().log()));
    assert_eq!(name_id.as_deref(), Some("zoé@univ.example"), "{kind:?}");
    let format = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    let told = kind.tells_name_id_format().then_some(format);
    assert_eq!(name_id_format.as_deref(), told, "{kind:?}");
    let session = Some(Minted::SESSION_INDEX);
    assert_eq!(session_index.as_deref(), session, "{kind:?}");
    assert_eq!(in_response_to, Some(asked.id), "{kind:?}");
    let expected = [
        ("urn_oid_1_3_6_1_4_1_5923_1_1_1_1", vec!["member", "staff"]),
        ("urn_oid_2_5_4_42", vec!["Zoé"]),
    ]
    .map(|(name, values)| {
        let values = values.into_iter().map(str::to_owned).collect();
        (name.to_owned(), values)
    });
    assert_eq!(attributes, expected.into(), "{kind:?}");
    assert!(
        sp.relay_state()
            .ends_with(&relay_state.expect("a RelayState comes back")),
        "{kind:?}"
    );
}
