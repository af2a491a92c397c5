//! Every page in every state in which somebody may meet it, to be looked at: `examples/pages` writes them into a
//! folder, and the tests in Chromium look at each.

use std::path::Path;

use jiff::civil::date;

use super::{
    About, Page, PageError, RealSignIn, Stop, StopReason,
    sheet::SheetWords,
    specimens::{Cast, TRIALS, stopped_trial, trial},
};
use crate::{
    config::{fault::ConfigFault, sections::FieldLine},
    flow::trial::{Behind, Ingredient, Origin, StoppedTrial, Taken, Told, Trial},
    metadata::remark::Remark,
    model::{
        attribute::ReleasedAttribute,
        language::Language,
        name_id::{NameId, NameIdFormat},
        proof::AuthnMethod,
        short_name::{InvalidShortName, ShortName},
        trace::{Organ, Trace, Verdict},
        vocab,
    },
    setup::{
        accounts::ShutOut,
        said::Said,
        sheet::{Entry, Heading, Note, Part, Row, Sheet, Told as ToldOfProvider},
    },
    sp_check::Rule,
};

/// A word that cannot be broken where words are: what a stranger calls their service need not be short.
const LONG: &str =
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
const LONG_PROVIDERS: &[(&str, Option<&str>)] =
    &[(LONG, Some("https://sp.example/login")), (LONG, None)];
const LONG_TRIALS: &[(&str, &str)] = &[(LONG, "/test/long")];

/// The pages of [`Cast`] that show a text whose length is not ours.
const LONG_PAGES: [&str; 9] = [
    "home",
    "login-about",
    "login-wrong",
    "logout",
    "password-ends",
    "post",
    "start-named",
    "stop-missing-attribute",
    "stop-that-may-pass",
];

/// What the pages borrow that are no plain texts.
#[derive(Debug)]
pub struct Gallery {
    trials: Vec<(&'static str, Trial)>,
    stopped_trials: Vec<(&'static str, StoppedTrial)>,
}

impl Default for Gallery {
    fn default() -> Self {
        Self {
            trials: trials(),
            stopped_trials: stopped_trials(),
        }
    }
}

impl Gallery {
    /// Every page, each with a name of its own.
    pub fn pages(&self) -> Vec<(String, Page<'_>)> {
        let long = Cast {
            provider: LONG,
            about: About {
                description: Some(LONG),
                ..Cast::ZOOM.about
            },
            attribute: LONG,
            username: LONG,
            person: LONG,
            providers: LONG_PROVIDERS,
            ..Cast::ZOOM
        };
        let long = long.pages().into_iter();
        let long = long.filter(|(name, _)| LONG_PAGES.contains(&name.as_str()));
        let of_trials = [
            ("trials", Page::Trials { trials: TRIALS }),
            ("trials-empty", Page::Trials { trials: &[] }),
            (
                "long-trials",
                Page::Trials {
                    trials: LONG_TRIALS,
                },
            ),
        ];
        let trials = self.trials.iter();
        Cast::ZOOM
            .pages()
            .into_iter()
            .chain(long.map(|(name, page)| (format!("long-{name}"), page)))
            .chain(of_trials.map(|(name, page)| (name.to_owned(), page)))
            .chain(trials.map(|(name, trial)| ((*name).to_owned(), Page::Trial(trial))))
            .chain({ self.stopped_trials.iter() }.map(|(name, shown)| {
                let stop = Stop {
                    code: "B-ATT-01",
                    reason: StopReason::NoMail { provider: "Zoom" },
                    support_code: "7K3M-9QPD",
                    way_out: Some(("Zoom", "/test")),
                    again: None,
                    trial: Some(RealSignIn::SamePage),
                    shown: Some(shown),
                };
                ((*name).to_owned(), Page::Stop(stop))
            }))
            .collect()
    }
}

/// A trial in each state: by the verdict, by what else is said of the answer, and by what may be read of it.
fn trials() -> Vec<(&'static str, Trial)> {
    let advice = [Rule::KeyInfo, Rule::Unsolicited];
    let refused = [Rule::AuthnInstant, Rule::Destination, Rule::KeyInfo];
    let shut_out = |how| Trial {
        shut_out_by: Some(how),
        ..zoom_trial(&[])
    };
    let told_nothing = Trial {
        name: None,
        attributes: Vec::new(),
        behind: zoom_trial(&[]).behind.map(|behind| Behind {
            withheld: Vec::new(),
            ..behind
        }),
        ..zoom_trial(&[])
    };
    let for_everyone = Trial {
        method: AuthnMethod::Local,
        is_from_session: true,
        name: Some((
            NameId {
                value: "_8d3f0b6c2a9e41f7".to_owned(),
                format: NameIdFormat::Transient,
                name_qualifier: None,
                sp_name_qualifier: None,
            },
            Origin {
                sources: Vec::new(),
                rules: Vec::new(),
                taken: Taken::Drawn,
            },
        )),
        behind: None,
        ..zoom_trial(&[])
    };
    let of_another = |broken| Trial {
        method: AuthnMethod::Ldap,
        has_own_rules: false,
        ..zoom_trial(broken)
    };
    vec![
        ("trial", zoom_trial(&[])),
        ("trial-advice", zoom_trial(&advice)),
        ("trial-refused", zoom_trial(&refused)),
        ("trial-refused-by-every-rule", zoom_trial(Rule::ALL)),
        ("trial-of-another-make", of_another(&advice)),
        ("trial-refused-of-another-make", of_another(&refused)),
        ("trial-shut-out", shut_out(ShutOut::Line)),
        ("trial-without-line", shut_out(ShutOut::NoLine)),
        (
            "trial-encrypted",
            Trial {
                would_be_encrypted: true,
                ..zoom_trial(&[])
            },
        ),
        ("trial-for-everyone", for_everyone),
        ("trial-told-nothing", told_nothing),
        ("long-trial", trial(LONG, &refused)),
    ]
}

/// A trial that stops, by what may be read of it and by what is missing.
fn stopped_trials() -> Vec<(&'static str, StoppedTrial)> {
    let own =
        |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
    let ingredient = |attribute: &str, values: &[&str]| Ingredient {
        attribute: attribute.to_owned(),
        values: Some(own(values)),
        rule: None,
        sources: vec![(attribute.to_owned(), Vec::new())],
    };
    let affiliations = ["member", "student"];
    let by_rule = |of_source: &[&str]| Ingredient {
        rule: Some("supannMailPerso|endingwith('@univ-montp3.fr')".to_owned()),
        sources: vec![("supannMailPerso".to_owned(), own(of_source))],
        ..ingredient("mail", &[])
    };
    let mut decisions = Trace::new();
    decisions.note(Organ::Map, "mail", Verdict::AsTheSourceHasIt(1));
    decisions.note(Organ::NameId, "mail", Verdict::NoAddress);
    let behind = Behind {
        withheld: own(&["displayName", "supannEtuId"]),
        decisions,
    };
    let shown = |mail, behind| StoppedTrial {
        person: "cmartin01".to_owned(),
        made_of: vec![
            mail,
            ingredient("givenName", &["Camille"]),
            ingredient("eduPersonAffiliation", &affiliations),
        ],
        behind,
    };
    let address = "camille.martin@gmail.com";
    let as_it_stands = || ingredient("mail", &[address]);
    vec![
        (
            "stop-of-a-trial-shown",
            shown(as_it_stands(), Some(behind.clone())),
        ),
        (
            "stop-of-a-trial-by-a-rule",
            shown(by_rule(&[address]), Some(behind)),
        ),
        ("stop-of-a-trial-for-everyone", shown(as_it_stands(), None)),
        (
            "stop-of-a-trial-for-everyone-by-a-rule",
            shown(by_rule(&[]), None),
        ),
        ("long-stop-of-a-trial", stopped_trial(LONG)),
    ]
}

/// A trial as at the university, of somebody whom Zoom would take unless one of these rules is broken.
fn zoom_trial(broken: &[Rule]) -> Trial {
    let origin = |sources: &[&str], rules: &[&str], taken| Origin {
        sources: sources.iter().map(|name| (*name).to_owned()).collect(),
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        taken,
    };
    let told = |name: &str, (friendly, field): (&str, Option<&str>), values: &[&str], origin| {
        let name_format = vocab::ATTRNAME_URI;
        Told {
            attribute: ReleasedAttribute {
                name: name.to_owned(),
                name_format,
                friendly_name: Some(friendly.to_owned()),
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            },
            field: field.map(ToOwned::to_owned),
            gives: (friendly == "zoomLicence").then(|| "Licensed".to_owned()),
            origin,
        }
    };
    let licence = "attributes.zoomLicence = \"licensed\" if \"employee\" in eduPersonAffiliation \
                   else \"basic\" → licensed";
    let affiliation = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1";
    Trial {
        person: "cmartin01".to_owned(),
        is_from_session: false,
        would_be_encrypted: false,
        shut_out_by: None,
        name: Some((
            NameId {
                value: "camille.martin@univ-montp3.fr".to_owned(),
                format: NameIdFormat::EmailAddress,
                name_qualifier: None,
                sp_name_qualifier: None,
            },
            origin(&["mail"], &[], Taken::Address),
        )),
        attributes: vec![
            told(
                "urn:oid:0.9.2342.19200300.100.1.3",
                ("mail", Some("Email address")),
                &["camille.martin@univ-montp3.fr"],
                origin(&["mail", "supannAutreMail"], &[], Taken::Address),
            ),
            told(
                "urn:oid:2.5.4.42",
                ("givenName", Some("First name")),
                &["Camille"],
                origin(&["givenName"], &[], Taken::First),
            ),
            told(
                "urn:oasis:names:tc:SAML:attribute:pairwise-id",
                ("pairwise-id", Some("Employee Unique ID")),
                &["N2RhYjA5ZTM2NDc1YzlmOWE5Yjc0MTRk@univ-montp3.fr"],
                origin(&[], &[], Taken::Derived),
            ),
            told(
                affiliation,
                ("eduPersonAffiliation", None),
                &["employee", "faculty", "member"],
                origin(&["eduPersonAffiliation"], &[], Taken::All),
            ),
            told(
                "https://univ-montp3.fr/attributes/zoom-licence",
                ("zoomLicence", Some("License Type")),
                &["licensed"],
                origin(&["eduPersonAffiliation"], &[licence], Taken::All),
            ),
        ],
        xml: XML.to_owned(),
        ..trial("Zoom", broken)
    }
}

const XML: &str = "\
<samlp:Response ID=\"_0b4d8c1f5e9a47d2b6c3f8a1d7e20495\" Version=\"2.0\"
    IssueInstant=\"2026-11-28T12:00:00Z\" Destination=\"https://univ-montp3-fr.zoom.us/saml/SSO\">
  <saml:Issuer>https://idp.univ-montp3.fr/saml/metadata</saml:Issuer>
  <ds:Signature>
    <ds:SignatureValue>Q2VjaSBu4oCZZXN0IHBhcyB1bmUgc2lnbmF0dXJlLCBtYWlzIHVuIHRleHRlIGF1c3NpIGxvbmcg\
cXXigJl1bmUgc2lnbmF0dXJlLCBldCBzYW5zIGVzcGFjZS4=</ds:SignatureValue>
  </ds:Signature>
  <saml:Assertion ID=\"_5a1e7c3b9d2f46e8a0b4c6d8e1f30527\" Version=\"2.0\">
    <saml:Subject>
      <saml:NameID>camille.martin@univ-montp3.fr</saml:NameID>
    </saml:Subject>
  </saml:Assertion>
</samlp:Response>";

/// Every note of a sheet; a match without "whatever else" sees to it that each has words, and a test that none is missing.
pub fn notes(text: &str) -> Vec<Note> {
    let own = || text.to_owned();
    vec![
        Note::AutomaticLogout { hours: 8 },
        Note::Binding,
        Note::Certificate {
            until: date(2036, 11, 26),
            sha256: own(),
        },
        Note::DefaultIsBasic,
        Note::DefaultIsNone,
        Note::Domain,
        Note::Email,
        Note::EmailIsNameId,
        Note::EmailMissing,
        Note::EmployeeId,
        Note::EmployeeIdMissing,
        Note::EncryptionOff,
        Note::EncryptionOn,
        Note::LinesInOrder,
        Note::LinesOfYourOwn,
        Note::ManagedCertificate { is_followed: false },
        Note::ManagedCertificate { is_followed: true },
        Note::NameMissing,
        Note::NameRefresh,
        Note::ProvisionUser,
        Note::ResponseLogs,
        Note::SignLogout,
        Note::SignOut,
        Note::SignRequestsLater,
        Note::SignRequestsNeeded,
        Note::SignRequestsUnverified { sp: own() },
        Note::SignRequestsWise,
        Note::SignatureHashDiffers { algorithm: own() },
        Note::SpNameAlone { other: own() },
        Note::SpNameEither { other: own() },
        Note::SpCertificate { sp: own() },
        Note::TransferDomain,
        Note::TransferPeople,
        Note::TransferWhat,
        Note::Unplaced,
        Note::Unsent,
        Note::UnsentOthers,
        Note::VanityUrl,
    ]
}

/// Why there is no specimen of a sheet, which tests exclude.
#[derive(Debug, thiserror::Error)]
pub enum SheetSpecimenError {
    /// The name of its provider is none.
    #[error("the name of the provider cannot be used")]
    Name(#[from] InvalidShortName),
    /// A text is missing.
    #[error("its words could not be written")]
    Words(#[from] PageError),
}

/// A sheet of which something is to be mended first, with every kind of entry and every note.
///
/// # Errors
///
/// A text is broken, which tests exclude.
pub fn sheet_to_mend() -> Result<Sheet, SheetSpecimenError> {
    let name = || "urn:oid:1.3.6.1.4.1.5923.1.1.1.1".to_owned();
    let look_at = [
        told(&Said::CertificateEnds {
            until: date(2026, 12, 24),
        })?,
        told(&Said::Encryption)?,
        of_a_file(Remark::NobodyGetsIn)?,
    ];
    let mend_first = [
        told(&Said::EmailSeveral)?,
        told(&Said::EmployeeIdMissing)?,
        told(&Said::TakenByAnother {
            name: name(),
            value: "employee-retired".to_owned(),
            text: "employee".to_owned(),
        })?,
    ];
    let of_notes = notes("https://univ-montp3-fr.zoom.us").into_iter();
    let of_notes = of_notes.map(|note| row("", Entry::Step, Some(note)));
    let mut rows = entries().into_iter().chain(of_notes);
    let headings = [
        Heading::SignOn,
        Heading::Security,
        Heading::BasicMapping,
        Heading::AdvancedMapping,
        Heading::Unplaced,
        Heading::Domains,
    ];
    let mut parts: Vec<_> = headings
        .map(|heading| Part {
            heading,
            rows: rows.by_ref().take(7).collect(),
        })
        .into();
    parts.push(Part {
        heading: Heading::Transfer,
        rows: rows.collect(),
    });
    Ok(Sheet {
        short_name: ShortName::parse("zoom")?,
        is_enabled: false,
        told: [mend_first.into(), look_at.into()],
        parts,
    })
}

fn row(field: &'static str, entry: Entry, note: Option<Note>) -> Row {
    Row {
        field: field.into(),
        entry,
        note,
    }
}

/// One of every kind, as they stand on Zoom's form.
fn entries() -> [Row; 9] {
    let paste = |value: &str| Entry::Paste(value.to_owned());
    let certificate = "MIIC5zCCAc+gAwIBAgIUQ2VjaSBuZXN0IHBhcyB1biB2cmFp".repeat(20);
    let line = |contains: &str, gives: &str| FieldLine {
        contains: contains.to_owned(),
        gives: gives.to_owned(),
    };
    let licences = Entry::Lines {
        attribute: "https://univ-montp3.fr/attributes/zoom-licence".to_owned(),
        lines: vec![line("licensed", "Licensed"), line("basic", "Basic")],
    };
    let of_your_own = Entry::Lines {
        attribute: "urn:oid:1.3.6.1.4.1.5923.1.1.1.1".to_owned(),
        lines: Vec::new(),
    };
    let certificate = Entry::Paste(certificate);
    let sp_name = Entry::Choose("https://univ-montp3-fr.zoom.us".to_owned());
    let missing = Some(Note::EmailMissing);
    let wise = Some(Note::SignRequestsWise);
    [
        row(
            "Sign-in page URL",
            paste("https://idp.univ-montp3.fr/saml/sso"),
            None,
        ),
        row("Identity provider certificate", certificate, None),
        row("Service Provider (SP) Entity ID", sp_name, None),
        row("Sign SAML request", Entry::Tick, wise),
        row(
            "Support encrypted assertions",
            Entry::Untick,
            Some(Note::EncryptionOff),
        ),
        row("Email address", Entry::Missing, missing),
        row("Phone number", Entry::Unused, Some(Note::Unsent)),
        row("License Type", licences, Some(Note::LinesInOrder)),
        row("User Group", of_your_own, Some(Note::LinesOfYourOwn)),
    ]
}

/// What `check` says, in both languages.
fn told(said: &Said) -> Result<ToldOfProvider, PageError> {
    let in_words = |language| -> Result<ConfigFault, PageError> {
        let (what, hint) = SheetWords::load(language)?.said(said)?;
        let file = Path::new("/etc/passerelle/univ-montp3.toml");
        let mut fault = ConfigFault {
            line: Some(83),
            key: "sp.zoom.release".to_owned(),
            ..ConfigFault::of_file(file, what)
        };
        fault.hint(hint);
        Ok(fault)
    };
    Ok(ToldOfProvider {
        english: in_words(Language::En)?,
        french: in_words(Language::Fr)?,
    })
}

/// The same of its metadata.
fn of_a_file(remark: Remark) -> Result<ToldOfProvider, SheetSpecimenError> {
    let path = Path::new("/etc/passerelle/metadata/zoom.xml");
    let zoom = ShortName::parse("zoom")?;
    let (what, hint) = SheetWords::load(Language::Fr)?.remark(&remark, &zoom)?;
    let english = remark.of(path, &zoom).fault;
    let french = ConfigFault {
        what,
        hint,
        ..english.clone()
    };
    Ok(ToldOfProvider { english, french })
}

#[cfg(test)]
#[path = "gallery_tests.rs"]
mod tests;
