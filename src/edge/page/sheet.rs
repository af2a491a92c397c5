//! The words of a provider's sheet, and the sheet as a page of its own: one file that asks nobody for anything.
//!
//! Unlike the pages of the server it is opened from a disk, where no header protects it: it brings its own
//! Content-Security-Policy, which lets through the one style and the one script that are built in, by their
//! digests, and nothing else. Without script its values can still be marked and copied.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fluent_bundle::FluentArgs;
use jiff::civil::Date;
use minijinja::{Value, context};

use super::{
    PageError, Pages, remark,
    template::{environment, key},
    words::{Words, of_day},
};
use crate::{
    metadata::remark::Remark,
    model::{language::Language, short_name::ShortName, text::visible},
    setup::{
        said::Said,
        sheet::{Entry, Heading, Note, Part, Row, Sheet, Told},
    },
    sys::hmac::sha256,
};

/// The templates of the sheet: the file, and in it what a page of the server can show as well.
pub(super) const SOURCES: [(&str, &str); 2] = [
    (
        "sheet-file.html",
        include_str!("../../../templates/sheet-file.html"),
    ),
    ("sheet.html", include_str!("../../../templates/sheet.html")),
];

const STYLE: &str = include_str!("../../../assets/sheet.css");
const SCRIPT: &str = include_str!("../../../assets/sheet.js");

/// The words of a sheet in one language.
pub struct SheetWords {
    words: Words,
    /// The same where lines of the configuration stand in them, with the quotation marks of a keyboard.
    typed: Words,
    language: Language,
}

impl std::fmt::Debug for SheetWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SheetWords(…)")
    }
}

impl SheetWords {
    /// Reads the words of `language`.
    ///
    /// # Errors
    ///
    /// The file of texts is broken, which tests exclude.
    pub fn load(language: Language) -> Result<Self, PageError> {
        let [words, typed] = Words::as_they_are_and_typed(
            language,
            match language {
                Language::En => as_typed_in_english,
                Language::Fr => as_typed,
            },
        )?;
        Ok(Self {
            words,
            typed,
            language,
        })
    }

    /// The title.
    ///
    /// # Errors
    ///
    /// A text is missing, which tests exclude; so below.
    pub fn title(&self) -> Result<String, PageError> {
        self.plain(key("sheet-title"))
    }

    /// Where all of it is to be typed.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn lead(&self) -> Result<String, PageError> {
        self.plain(key("sheet-lead"))
    }

    /// For which provider it is, and of whom.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn subject(&self, sheet: &Sheet, origin: &str) -> Result<String, PageError> {
        let arguments = [("name", sheet.short_name.as_str()), ("origin", origin)];
        Ok(self
            .words
            .text(key("sheet-subject"), &arguments.into_iter().collect())?)
    }

    /// That nobody is let go to the provider.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn switched_off(&self, sheet: &Sheet) -> Result<String, PageError> {
        let arguments = [("name", sheet.short_name.as_str())];
        Ok(self
            .words
            .text(key("sheet-switched-off"), &arguments.into_iter().collect())?)
    }

    /// What stands above each list of [`Sheet::told`].
    ///
    /// # Errors
    ///
    /// As above.
    pub fn told(&self) -> Result<[String; 2], PageError> {
        let (first, then) = (key("sheet-mend-first"), key("sheet-look-at"));
        Ok([self.plain(first)?, self.plain(then)?])
    }

    /// What is wrong, as the end of a sentence whose subject is a key of the configuration, and what to do about it. Lines of
    /// the configuration stand in both: their quotation marks are those of a keyboard, and values stay as they are.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn said(&self, said: &Said) -> Result<(String, String), PageError> {
        let (key, mut arguments) = (said_key(said), said_arguments(said));
        if let Said::CertificateEnds { until } = said {
            arguments.set("until", self.day(*until)?);
        }
        let text = |key: &str| self.typed.text(key, &arguments);
        Ok((text(key)?, text(&format!("{key}.hint"))?))
    }

    /// How it stands with the metadata of the provider called `sp`, and what to do about it where that can be said; likewise.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn remark(
        &self,
        remark: &Remark,
        sp: &ShortName,
    ) -> Result<(String, Option<String>), PageError> {
        Ok(match self.language {
            Language::En => (remark.to_string(), remark.hint(sp)),
            Language::Fr => remark::in_french(&self.typed, remark, sp)?,
        })
    }

    /// The same of what will be wrong once the next key signs.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn once_next(&self, what: &str) -> Result<String, PageError> {
        let arguments = [("what", what)];
        Ok(self
            .words
            .text(key("sheet-once-next"), &arguments.into_iter().collect())?)
    }

    /// What `passerelle check` says of the provider, in this language.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn warning(&self, told: &Told) -> Result<String, PageError> {
        let french = match self.language {
            Language::En => return Ok(told.english.to_string()),
            Language::Fr => &told.french,
        };
        let place = french.place();
        let arguments = [("place", &*place), ("what", &french.what)];
        let what = self
            .words
            .text(key("sheet-told-what"), &arguments.into_iter().collect())?;
        let Some(hint) = &french.hint else {
            return Ok(what);
        };
        let arguments = [("hint", hint.as_str())];
        let hint = self
            .words
            .text(key("sheet-told-hint"), &arguments.into_iter().collect())?;
        Ok(format!("{what}\n    {hint}"))
    }

    /// What a part is about.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn heading(&self, heading: Heading) -> Result<String, PageError> {
        self.plain(match heading {
            Heading::AdvancedMapping => key("sheet-advanced-mapping"),
            Heading::BasicMapping => key("sheet-basic-mapping"),
            Heading::Domains => key("sheet-domains"),
            Heading::Security => key("sheet-security"),
            Heading::SignOn => key("sheet-sign-on"),
            Heading::Transfer => key("sheet-transfer"),
            Heading::Unplaced => key("sheet-unplaced"),
        })
    }

    /// What to do with a field; none where the note says it.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn doing(&self, entry: &Entry) -> Result<Option<String>, PageError> {
        let key = match entry {
            Entry::Choose(_) => key("sheet-do-choose"),
            Entry::Lines { lines, .. } if lines.is_empty() => key("sheet-do-own-lines"),
            Entry::Lines { .. } => key("sheet-do-lines"),
            Entry::Missing => key("sheet-do-missing"),
            Entry::Paste(_) => key("sheet-do-paste"),
            Entry::Step => return Ok(None),
            Entry::Tick => key("sheet-do-tick"),
            Entry::Untick => key("sheet-do-untick"),
            Entry::Unused => key("sheet-do-unused"),
        };
        self.plain(key).map(Some)
    }

    /// The same with the value that is chosen, pasted or typed.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn doing_with_value(&self, entry: &Entry) -> Result<Option<String>, PageError> {
        let Some(doing) = self.doing(entry)? else {
            return Ok(None);
        };
        let value = match entry {
            Entry::Choose(value) | Entry::Paste(value) => value,
            Entry::Lines { attribute, .. } => attribute,
            Entry::Missing | Entry::Step | Entry::Tick | Entry::Untick | Entry::Unused => {
                return Ok(Some(doing));
            }
        };
        let arguments = [("doing", doing.as_str()), ("value", value)];
        let text = self
            .words
            .text(key("sheet-do-value"), &arguments.into_iter().collect())?;
        Ok(Some(text))
    }

    /// Why a field is filled in as it is.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn note(&self, note: &Note) -> Result<String, PageError> {
        let mut arguments = FluentArgs::new();
        match note {
            Note::AutomaticLogout { hours } => arguments.set("hours", *hours),
            Note::Certificate { until, sha256 } => {
                arguments.set("until", self.day(*until)?);
                arguments.set("digest", sha256.as_str());
            }
            Note::SignatureHashDiffers { algorithm } => {
                arguments.set("algorithm", algorithm.as_str());
            }
            Note::SignRequestsUnverified { sp } | Note::SpCertificate { sp } => {
                arguments.set("name", sp.as_str());
            }
            Note::SpNameAlone { other } | Note::SpNameEither { other } => {
                arguments.set("other", other.as_str());
            }
            Note::Binding
            | Note::DefaultIsNone
            | Note::DefaultIsBasic
            | Note::Domain
            | Note::Email
            | Note::EmailIsNameId
            | Note::EmailMissing
            | Note::EmployeeId
            | Note::EmployeeIdMissing
            | Note::EncryptionOff
            | Note::EncryptionOn
            | Note::LinesInOrder
            | Note::LinesOfYourOwn
            | Note::ManagedCertificate { is_followed: _ }
            | Note::NameMissing
            | Note::NameRefresh
            | Note::ProvisionUser
            | Note::ResponseLogs
            | Note::SignLogout
            | Note::SignRequestsLater
            | Note::SignRequestsNeeded
            | Note::SignRequestsWise
            | Note::SignOut
            | Note::TransferDomain
            | Note::TransferPeople
            | Note::TransferWhat
            | Note::Unplaced
            | Note::Unsent
            | Note::UnsentOthers
            | Note::VanityUrl => {}
        }
        let text = self.words.text(note_key(note), &arguments)?;
        let has_line = matches!(
            note,
            Note::EmailMissing | Note::EmployeeIdMissing | Note::Unplaced
        );
        Ok(if has_line {
            as_typed(&text).into_owned()
        } else {
            text
        })
    }

    /// A day, as French prose has it; in English as the commands and the log write it.
    fn day(&self, day: Date) -> Result<String, PageError> {
        Ok(match self.language {
            Language::En => day.to_string(),
            Language::Fr => self.words.text(key("date"), &of_day(day))?,
        })
    }

    fn plain(&self, key: &str) -> Result<String, PageError> {
        Ok(self.words.text(key, &FluentArgs::new())?)
    }
}

/// A text in which lines of the configuration stand, with the quotation marks of a keyboard.
fn as_typed(text: &str) -> Cow<'_, str> {
    text.replace(['“', '”'], "\"").into()
}

/// The same with the apostrophes of a keyboard, as the commands have always said it.
fn as_typed_in_english(text: &str) -> Cow<'_, str> {
    as_typed(text).replace('’', "'").into()
}

const fn note_key(note: &Note) -> &'static str {
    match note {
        Note::AutomaticLogout { .. } => key("sheet-note-automatic-logout"),
        Note::Binding => key("sheet-note-binding"),
        Note::Certificate { .. } => key("sheet-note-certificate"),
        Note::DefaultIsBasic => key("sheet-note-default-is-basic"),
        Note::DefaultIsNone => key("sheet-note-default-is-none"),
        Note::Domain => key("sheet-note-domain"),
        Note::Email => key("sheet-note-email"),
        Note::EmailIsNameId => key("sheet-note-email-is-name-id"),
        Note::EmailMissing => key("sheet-note-email-missing"),
        Note::EmployeeId => key("sheet-note-employee-id"),
        Note::EmployeeIdMissing => key("sheet-note-employee-id-missing"),
        Note::EncryptionOff => key("sheet-note-encryption-off"),
        Note::EncryptionOn => key("sheet-note-encryption-on"),
        Note::LinesInOrder => key("sheet-note-lines-in-order"),
        Note::LinesOfYourOwn => key("sheet-note-lines-of-your-own"),
        Note::ManagedCertificate { is_followed: false } => key("sheet-note-managed-certificate"),
        Note::ManagedCertificate { is_followed: true } => {
            key("sheet-note-managed-certificate-followed")
        }
        Note::NameMissing => key("sheet-note-name-missing"),
        Note::NameRefresh => key("sheet-note-name-refresh"),
        Note::ProvisionUser => key("sheet-note-provision-user"),
        Note::ResponseLogs => key("sheet-note-response-logs"),
        Note::SignLogout => key("sheet-note-sign-logout"),
        Note::SignOut => key("sheet-note-sign-out"),
        Note::SignRequestsLater => key("sheet-note-sign-requests-later"),
        Note::SignRequestsNeeded => key("sheet-note-sign-requests-needed"),
        Note::SignRequestsUnverified { .. } => key("sheet-note-sign-requests-unverified"),
        Note::SignRequestsWise => key("sheet-note-sign-requests-wise"),
        Note::SignatureHashDiffers { .. } => key("sheet-note-signature-hash-differs"),
        Note::SpNameAlone { .. } => key("sheet-note-sp-name-alone"),
        Note::SpNameEither { .. } => key("sheet-note-sp-name-either"),
        Note::TransferDomain => key("sheet-note-transfer-domain"),
        Note::TransferPeople => key("sheet-note-transfer-people"),
        Note::TransferWhat => key("sheet-note-transfer-what"),
        Note::Unplaced => key("sheet-note-unplaced"),
        Note::SpCertificate { .. } => key("sheet-note-sp-certificate"),
        Note::Unsent => key("sheet-note-unsent"),
        Note::UnsentOthers => key("sheet-note-unsent-others"),
        Note::VanityUrl => key("sheet-note-vanity-url"),
    }
}

/// The name of the text that says it.
const fn said_key(said: &Said) -> &'static str {
    match said {
        Said::AuthnAge { .. } => key("zoom-rule-authn-age"),
        Said::CertificateEnds { .. } => key("zoom-rule-certificate-ends"),
        Said::EllipticKey => key("provider-elliptic-key"),
        Said::EllipticNextKey => key("provider-elliptic-next-key"),
        Said::EmailFirst => key("zoom-rule-email-first"),
        Said::EmailMissing => key("zoom-rule-email-missing"),
        Said::EmailNameId => key("zoom-rule-email-name-id"),
        Said::EmailSeveral => key("zoom-rule-email-several"),
        Said::EmployeeIdChanges { .. } => key("zoom-rule-employee-id-changes"),
        Said::EmployeeIdMissing => key("zoom-rule-employee-id-missing"),
        Said::Encryption => key("zoom-rule-encryption"),
        Said::EncryptionToCome => key("zoom-rule-encryption-to-come"),
        Said::EntityIds { .. } => key("zoom-rule-entity-ids"),
        Said::LineWithoutValue { .. } => key("zoom-rule-line-without-value"),
        Said::LinesApart { .. } => key("zoom-rule-lines-apart"),
        Said::MetadataWithoutEnd => key("provider-metadata-without-end"),
        Said::NameId => key("zoom-rule-name-id"),
        Said::NameOfTwo => key("provider-name-of-two"),
        Said::NextKey { .. } => key("sheet-told-next-key"),
        Said::PresentKey { .. } => key("sheet-told-present-key"),
        Said::Session { .. } => key("zoom-rule-session"),
        Said::Sha1Over { .. } => key("provider-sha-over"),
        Said::Sha1Taken { .. } => key("provider-sha-taken"),
        Said::Signature { .. } => key("zoom-rule-signature"),
        Said::SignedAssertion => key("zoom-rule-signed-assertion"),
        Said::TakenByAnother { .. } => key("zoom-rule-taken-by-another"),
        Said::ValuesOverlap { .. } => key("provider-values-overlap"),
        Said::ValueWithoutLine { .. } => key("zoom-rule-value-without-line"),
    }
}

/// What that is filled with.
fn said_arguments(said: &Said) -> FluentArgs<'_> {
    let mut arguments = FluentArgs::new();
    match said {
        Said::AuthnAge { minutes } | Said::Session { minutes } => {
            arguments.set("minutes", *minutes);
        }
        Said::PresentKey { until } => {
            arguments.set("until", until.as_str());
        }
        Said::EmployeeIdChanges { name } => {
            arguments.set("name", name.as_str());
        }
        Said::EntityIds { other } => {
            arguments.set("other", other.as_str());
        }
        Said::LineWithoutValue { name, text } => {
            arguments.set("name", name.as_str());
            arguments.set("text", text.as_str());
        }
        Said::LinesApart { name, inner, outer } | Said::ValuesOverlap { name, inner, outer } => {
            arguments.set("name", name.as_str());
            arguments.set("inner", inner.as_str());
            arguments.set("outer", outer.as_str());
        }
        Said::NextKey { sp } => {
            arguments.set("sp", sp.as_str());
        }
        Said::Sha1Over { last } | Said::Sha1Taken { last } => {
            arguments.set("last", last.as_str());
        }
        Said::Signature { algorithm, digest } => {
            arguments.set("algorithm", *algorithm);
            arguments.set("digest", *digest);
        }
        Said::TakenByAnother { name, value, text } => {
            arguments.set("name", name.as_str());
            arguments.set("value", value.as_str());
            arguments.set("text", text.as_str());
        }
        Said::ValueWithoutLine { name, value } => {
            arguments.set("name", name.as_str());
            arguments.set("value", value.as_str());
        }
        Said::NameId => {
            let line = r#"name-id = { format = "email-address", from = "mail" }"#;
            arguments.set("line", line);
        }
        // A day is said in each language in its own way: `SheetWords::said` does.
        Said::CertificateEnds { .. }
        | Said::EllipticKey
        | Said::EllipticNextKey
        | Said::EmailFirst
        | Said::EmailMissing
        | Said::EmailNameId
        | Said::EmailSeveral
        | Said::EmployeeIdMissing
        | Said::Encryption
        | Said::EncryptionToCome
        | Said::MetadataWithoutEnd
        | Said::NameOfTwo
        | Said::SignedAssertion => {}
    }
    arguments
}

/// A text in every language of ours.
fn in_all<T>(
    words: &[SheetWords; 2],
    text: impl Fn(&SheetWords) -> Result<T, PageError>,
) -> Result<Value, PageError>
where
    T: Into<Value>,
{
    let [french, english] = words;
    Ok(context! { fr => text(french)?.into(), en => text(english)?.into() })
}

/// Writes the sheet as a file in French and English, for the origin that it is of.
///
/// # Errors
///
/// A template or a text is broken, which tests exclude.
pub fn write(sheet: &Sheet, origin: &str) -> Result<String, PageError> {
    let words = Arc::new([
        SheetWords::load(Language::Fr)?,
        SheetWords::load(Language::En)?,
    ]);
    let mut templates = environment(&SOURCES)?;
    let spoken = Arc::clone(&words);
    templates.add_function("t", move |key: &str| {
        in_all(&spoken, |words| words.plain(key)).map_err(|fault| {
            let kind = minijinja::ErrorKind::InvalidOperation;
            minijinja::Error::new(kind, "a text is missing").with_source(fault)
        })
    });
    let style = format!("{}\n{STYLE}", Pages::style());
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        digest(&style),
        digest(SCRIPT)
    );
    let parts: Result<Vec<_>, _> = sheet
        .parts
        .iter()
        .map(|part| part_value(part, &words))
        .collect();
    let [first, then] = &sheet.told;
    Ok(templates
        .get_template("sheet-file.html")?
        .render(context! {
            policy,
            // Built in, and the policy knows no other.
            style => Value::from_safe_string(style),
            script => Value::from_safe_string(SCRIPT.to_owned()),
            title => in_all(&words, SheetWords::title)?,
            lead => in_all(&words, SheetWords::lead)?,
            subject => in_all(&words, |words| words.subject(sheet, origin))?,
            switched_off => if sheet.is_enabled { None } else {
                Some(in_all(&words, |words| words.switched_off(sheet))?)
            },
            told => [told_value(first, &words)?, told_value(then, &words)?],
            parts => parts?,
        })?)
}

/// A source of a Content-Security-Policy (CSP 3 §2.3.1).
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(sha256(&[text.as_bytes()])))
}

fn told_value(told: &[Told], words: &[SheetWords; 2]) -> Result<Vec<Value>, PageError> {
    let shown = |told: &Told| in_all(words, |words| Ok(visible(&words.warning(told)?, &['\n'])));
    told.iter().map(shown).collect()
}

fn part_value(part: &Part, words: &[SheetWords; 2]) -> Result<Value, PageError> {
    let rows: Result<Vec<_>, _> = part.rows.iter().map(|row| row_value(row, words)).collect();
    Ok(context! {
        slug => part.heading.slug(),
        heading => in_all(words, |words| words.heading(part.heading))?,
        rows => rows?,
    })
}

fn row_value(row: &Row, words: &[SheetWords; 2]) -> Result<Value, PageError> {
    let note = match &row.note {
        Some(note) => Some(in_all(words, |words| words.note(note))?),
        None => None,
    };
    let (value, lines) = match &row.entry {
        Entry::Choose(value) | Entry::Paste(value) => (Some(value), None),
        Entry::Lines { attribute, lines } => {
            let lines = lines
                .iter()
                .map(|line| context! { contains => &line.contains, gives => &line.gives });
            (Some(attribute), Some(lines.collect::<Vec<_>>()))
        }
        Entry::Missing | Entry::Step | Entry::Tick | Entry::Untick | Entry::Unused => (None, None),
    };
    Ok(context! {
        field => &row.field,
        kind => row.entry.slug(),
        doing => in_all(words, |words| words.doing(&row.entry))?,
        value,
        lines,
        note,
    })
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
