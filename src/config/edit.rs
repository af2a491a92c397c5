//! Changes the text of the configuration, and nothing in it that is not meant: comments, order and
//! layout stay as somebody wrote them.
//!
//! Reads and writes no file. What comes out is loaded and checked by whoever puts it in its place.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use toml_edit::{Datetime, DocumentMut, Item, TableLike, Value};
use url::Url;

use super::{
    followed::{ADDRESSES, OF_AN_ADDRESS},
    proposal::Proposal,
};
use crate::model::{entity_id::EntityId, short_name::ShortName};

/// Why a text cannot be changed so.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EditFault {
    /// There is a table of this name.
    #[error("there is such a provider already")]
    AlreadyThere,
    /// It is not TOML.
    #[error("the configuration is not TOML")]
    NotToml,
    /// There is no table of this name.
    #[error("there is no such provider")]
    NotThere,
    /// There is no table `[keys]`, or none with such keys in it.
    #[error("there is no [keys] with such keys in it")]
    NoKeys,
}

/// What is written of a new provider.
#[derive(Clone, Debug)]
pub struct NewProvider<'a> {
    /// The file of its metadata, as it is to be written; of what is followed, it is not.
    pub metadata: &'a Path,
    /// Where its metadata is asked for again and again, if it is to be.
    pub follow: Option<&'a Follow>,
    /// Which entity of that file is meant, where somebody has to say it.
    pub entity_id: Option<&'a EntityId>,
    /// What is known of it.
    pub proposal: &'a Proposal,
}

/// An address at which metadata is to be asked for again and again.
#[derive(Clone, Debug)]
pub struct Follow {
    /// The address.
    pub url: Url,
    /// The file of the authorities that may vouch for it, if not those of the system.
    pub ca: Option<PathBuf>,
    /// Whether it may be in a private network.
    pub allows_private: bool,
}

impl NewProvider<'_> {
    /// The table `[sp.NAME]`.
    pub fn table(&self, name: &ShortName) -> String {
        let Proposal {
            preset,
            aliases,
            sign_in_link,
            require_signed_requests,
        } = self.proposal;
        let aliases: Vec<_> = aliases.iter().map(|alias| quoted(alias.as_str())).collect();
        let of_path = |path: &Path| quoted(&path.to_string_lossy());
        let (follow, ca) = (self.follow, self.follow.and_then(|it| it.ca.as_deref()));
        let lines = [
            follow
                .is_none()
                .then(|| ("metadata", of_path(self.metadata))),
            follow.map(|it| ("metadata-url", quoted(it.url.as_str()))),
            ca.map(|path| ("metadata-ca", of_path(path))),
            follow
                .filter(|it| it.allows_private)
                .map(|_| ("metadata-private", true.to_string())),
            self.entity_id.map(|it| ("entity-id", quoted(it.as_str()))),
            Some(("preset", quoted(preset))),
            (!aliases.is_empty()).then(|| ("aliases", format!("[{}]", aliases.join(", ")))),
            sign_in_link
                .as_ref()
                .map(|link| ("sign-in-link", quoted(link.as_str()))),
            require_signed_requests.map(|it| ("require-signed-requests", it.to_string())),
        ];
        let mut table = format!("[sp.{name}]\n");
        for (key, value) in lines.into_iter().flatten() {
            // Writing to a String cannot fail.
            let _ = writeln!(table, "{key} = {value}");
        }
        table
    }
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The text with `table`, that of the provider `name`, at its end.
///
/// # Errors
///
/// There is one of this name, or it is no TOML.
pub fn add(text: &str, name: &ShortName, table: &str) -> Result<String, EditFault> {
    let document = parse(text)?;
    if provider(&document, name).is_some() {
        return Err(EditFault::AlreadyThere);
    }
    let gap = match text {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    Ok(format!("{text}{gap}{table}"))
}

/// The text in which the provider `name` is switched off; the same one where it is already.
///
/// # Errors
///
/// There is none of this name, or it is no TOML.
pub fn retire(text: &str, name: &ShortName) -> Result<String, EditFault> {
    set(text, name, "enabled", false)
}

/// The text in which the metadata of the provider `name` is in the file `path`, and followed nowhere.
///
/// # Errors
///
/// There is none of this name, or it is no TOML.
pub fn set_metadata(text: &str, name: &ShortName, path: &Path) -> Result<String, EditFault> {
    changed(text, |document| {
        let sp = table_of(document, name)?;
        put(sp, "metadata", (&*path.to_string_lossy()).into());
        for key in OF_AN_ADDRESS.into_iter().chain(ADDRESSES) {
            sp.remove(key);
        }
        Ok(())
    })
}

/// The text in which the key in the file `path`, as it is to be written, is the next one.
///
/// # Errors
///
/// There is no `[keys]`, or it is no TOML.
pub fn set_next_key(text: &str, path: &Path) -> Result<String, EditFault> {
    changed(text, |document| {
        let keys = table(document.get_mut("keys")).ok_or(EditFault::NoKeys)?;
        put(keys, "next", (&*path.to_string_lossy()).into());
        Ok(())
    })
}

/// The text in which the next key signs for the provider `name` from then on, to the second; where nothing is
/// said of it, the present one does.
///
/// # Errors
///
/// There is none of this name, or it is no TOML.
pub fn set_next_key_from(
    text: &str,
    name: &ShortName,
    from: Option<Timestamp>,
) -> Result<String, EditFault> {
    changed(text, |document| {
        let sp = table_of(document, name)?;
        match from {
            None => {
                sp.remove(NEXT_KEY_FROM);
            }
            Some(from) => {
                let written = format!("{from:.0}").parse::<Datetime>();
                let written = written.map_err(|_never| EditFault::NotToml)?;
                put(sp, NEXT_KEY_FROM, written.into());
            }
        }
        Ok(())
    })
}

/// The text in which the next key has the place `place` among the signing keys, and there is no other next one.
///
/// # Errors
///
/// `[keys]` has no next key, or no such place, or it is no TOML.
pub fn take_next_key(text: &str, place: usize) -> Result<String, EditFault> {
    changed(text, |document| {
        let keys = table(document.get_mut("keys")).ok_or(EditFault::NoKeys)?;
        let next = keys.remove("next").and_then(|next| next.into_value().ok());
        let signing = keys.get_mut("signing").and_then(Item::as_array_mut);
        let taken = signing.and_then(|signing| signing.get_mut(place)).zip(next);
        let (old, mut next) = taken.ok_or(EditFault::NoKeys)?;
        *next.decor_mut() = old.decor().clone();
        *old = next;
        let providers = table(document.get_mut("sp"));
        for (_, provider) in providers.into_iter().flat_map(TableLike::iter_mut) {
            if let Some(provider) = provider.as_table_like_mut() {
                provider.remove(NEXT_KEY_FROM);
            }
        }
        Ok(())
    })
}

/// The file of the first signing key, as it is written: new ones come to it.
pub fn first_signing_key(text: &str) -> Option<PathBuf> {
    let document = parse(text).ok()?;
    let keys = document.get("keys")?.as_table_like()?;
    let first = keys.get("signing")?.as_array()?.get(0)?;
    Some(PathBuf::from(first.as_str()?))
}

/// The folder of the metadata of the provider that comes last, as it is written: new ones come to it.
pub fn metadata_folder(text: &str) -> Option<PathBuf> {
    let document = parse(text).ok()?;
    let providers = document.get("sp")?.as_table_like()?;
    let written = providers.iter().filter_map(|(_, provider)| {
        let metadata = provider.as_table_like()?.get("metadata")?.as_str()?;
        Some(Path::new(metadata).parent()?.to_owned())
    });
    written.last()
}

/// The key that says from when on the next key signs for a provider.
const NEXT_KEY_FROM: &str = "next-key-from";

fn set(
    text: &str,
    name: &ShortName,
    key: &str,
    value: impl Into<Value>,
) -> Result<String, EditFault> {
    changed(text, |document| {
        put(table_of(document, name)?, key, value.into());
        Ok(())
    })
}

fn table(item: Option<&mut Item>) -> Option<&mut dyn TableLike> {
    item.and_then(Item::as_table_like_mut)
}

fn table_of<'d>(
    document: &'d mut DocumentMut,
    name: &ShortName,
) -> Result<&'d mut dyn TableLike, EditFault> {
    table(document.get_mut("sp"))
        .and_then(|providers| table(providers.get_mut(name.as_str())))
        .ok_or(EditFault::NotThere)
}

fn put(table: &mut dyn TableLike, key: &str, mut value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(written) => {
            // What stands behind it on its line is somebody's comment.
            *value.decor_mut() = written.decor().clone();
            *written = value;
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

fn changed(
    text: &str,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), EditFault>,
) -> Result<String, EditFault> {
    let mut document = parse(text)?;
    change(&mut document)?;
    let changed = document.to_string();
    // The library writes all lines with the one end.
    Ok(if text.contains("\r\n") {
        changed.replace('\n', "\r\n")
    } else {
        changed
    })
}

fn parse(text: &str) -> Result<DocumentMut, EditFault> {
    text.parse().map_err(|_unread| EditFault::NotToml)
}

fn provider<'d>(document: &'d DocumentMut, name: &ShortName) -> Option<&'d dyn TableLike> {
    let providers = document.get("sp")?.as_table_like()?;
    providers.get(name.as_str())?.as_table_like()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint::{EndpointUrl, Schemes};

    const EXAMPLE: &str = crate::config::draft::EXPLANATION;
    const UNIV_MONTP3: &str = include_str!("../../config/univ-montp3.toml");

    fn name(text: &str) -> ShortName {
        ShortName::parse(text).unwrap()
    }

    /// The lines that are only in the one, and only in the other.
    fn changed<'t>(old: &'t str, new: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
        let same = old
            .lines()
            .zip(new.lines())
            .take_while(|(one, other)| one == other)
            .count();
        let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
        let tail = old[same..]
            .iter()
            .rev()
            .zip(new[same..].iter().rev())
            .take_while(|(one, other)| one == other)
            .count();
        let cut = |lines: &[&'t str]| lines[same..lines.len() - tail].to_vec();
        (cut(&old), cut(&new))
    }

    #[test]
    fn a_table_comes_behind_all_that_is_there_and_holds_what_is_proposed() {
        let proposal = Proposal {
            preset: "zoom".into(),
            aliases: vec![EntityId::parse("https://a\"b").unwrap()],
            sign_in_link: EndpointUrl::parse("https://a.example/login", Schemes::HttpsOnly).ok(),
            require_signed_requests: Some(false),
        };
        let meant = EntityId::parse("a\\b").unwrap();
        let new = NewProvider {
            metadata: Path::new("../metadata/new.xml"),
            follow: None,
            entity_id: Some(&meant),
            proposal: &proposal,
        };
        let table = new.table(&name("new"));
        assert_eq!(
            table,
            "[sp.new]\nmetadata = \"../metadata/new.xml\"\nentity-id = 'a\\b'\npreset = \"zoom\"\n\
             aliases = ['https://a\"b']\nsign-in-link = \"https://a.example/login\"\n\
             require-signed-requests = false\n"
        );
        for (text, gap) in [
            (EXAMPLE, "\n"),
            ("", ""),
            ("# a\r\n", "\n"),
            ("a = 1", "\n\n"),
        ] {
            let added = add(text, &name("new"), &table).unwrap();
            assert_eq!(added, format!("{text}{gap}{table}"));
            let again = add(&added, &name("new"), &table);
            assert_eq!(again, Err(EditFault::AlreadyThere));
        }
        assert_eq!(add("a = ", &name("new"), &table), Err(EditFault::NotToml));
    }

    #[test]
    fn whoever_is_retired_has_one_line_changed_or_one_more() {
        for (text, provider, old, new) in [
            (EXAMPLE, "zoom", &["enabled = true"][..], "enabled = false"),
            (UNIV_MONTP3, "zoom", &[], "enabled = false"),
            (
                "[sp.a] # one\nx = 1\n[[sp.a.release]]\ny = 1\n# end\n",
                "a",
                &[],
                "enabled = false",
            ),
            (
                "sp.a.enabled=true# why\nsp.a.x = 1\n",
                "a",
                &["sp.a.enabled=true# why"],
                "sp.a.enabled=false# why",
            ),
            (
                "[sp]\na = { x = 1, enabled = true }\n",
                "a",
                &["a = { x = 1, enabled = true }"],
                "a = { x = 1, enabled = false }",
            ),
            (
                "[sp.a]\nenabled =  true # comment\n# more\n",
                "a",
                &["enabled =  true # comment"],
                "enabled =  false # comment",
            ),
        ] {
            let retired = retire(text, &name(provider)).unwrap();
            assert_eq!(changed(text, &retired), (old.to_vec(), vec![new]), "{text}");
            assert_eq!(retire(&retired, &name(provider)).unwrap(), retired);
        }
        for text in ["", "sp = 1", "[sp]\na = 1", "[sp.b]"] {
            assert_eq!(retire(text, &name("a")), Err(EditFault::NotThere), "{text}");
        }
    }

    #[test]
    fn r96_a_roll_over_adds_a_line_for_the_key_and_one_for_each_provider_and_takes_them_out_again()
    {
        let from: Timestamp = "2026-12-01T07:00:00.5Z".parse().unwrap();
        let next = Path::new("../certs/signing-2026-11-28.pem");
        for text in [
            EXAMPLE,
            UNIV_MONTP3,
            "[keys] # ours\r\nsigning = ['a.pem', \"b.pem\"] # both\r\nseal = 'c' # d\r\n\r\n[sp.zoom]\r\nx = 1\r\n",
            "keys = { signing = ['a.pem'] }\nsp.zoom.x = 1\n",
        ] {
            let started = set_next_key(text, next).unwrap();
            let switched = set_next_key_from(&started, &name("zoom"), Some(from)).unwrap();
            let (old, new) = changed(&started, &switched);
            let line = new.concat();
            assert!(
                old.is_empty() && line.ends_with("2026-12-01T07:00:00Z"),
                "{new:?}"
            );
            let back = set_next_key_from(&switched, &name("zoom"), None).unwrap();
            assert_eq!(back, started);
            assert_eq!(set_next_key_from(&back, &name("zoom"), None).unwrap(), back);
            let finished = take_next_key(&switched, 0).unwrap();
            let (old, new) = changed(text, &finished);
            assert_eq!((old.len(), new.len()), (1, 1), "{finished}");
            assert!(new[0].contains("signing-2026-11-28.pem"), "{finished}");
            let first = first_signing_key(text).unwrap();
            let first = first.to_str().unwrap();
            let was = |quote| {
                new[0].replace(
                    &format!("\"{}\"", next.display()),
                    &format!("{quote}{first}{quote}"),
                )
            };
            assert!(
                [was('"'), was('\'')].contains(&old[0].to_owned()),
                "{old:?} {new:?}"
            );
            assert_eq!(first_signing_key(&finished).as_deref(), Some(next));
            assert_eq!(take_next_key(&finished, 0), Err(EditFault::NoKeys));
        }
        assert_eq!(set_next_key("a = 1", next), Err(EditFault::NoKeys));
        let nobody = set_next_key_from(EXAMPLE, &name("nobody"), Some(from));
        assert_eq!(nobody, Err(EditFault::NotThere));
        let started = set_next_key(EXAMPLE, next).unwrap();
        assert_eq!(take_next_key(&started, 1), Err(EditFault::NoKeys));
    }

    #[test]
    fn lines_that_end_in_carriage_returns_stay_so() {
        let text = EXAMPLE.replace('\n', "\r\n");
        let retired = retire(&text, &name("zoom")).unwrap();
        let lines = retired.matches("\r\n").count();
        assert_eq!(lines, text.matches("\r\n").count());
    }

    #[test]
    fn new_files_come_to_where_those_of_the_others_are() {
        for (text, folder) in [
            (EXAMPLE, Some("../metadata")),
            ("[sp.a]\nmetadata = 'a.xml'\n", Some("")),
            (
                "[sp.a]\nmetadata = '/x/a.xml'\n[sp.b]\nmetadata = 'y/b.xml'\n",
                Some("y"),
            ),
            ("[server]\n", None),
        ] {
            assert_eq!(metadata_folder(text), folder.map(PathBuf::from), "{text}");
        }
        let moved = set_metadata(EXAMPLE, &name("zoom"), Path::new("/proc/x")).unwrap();
        let (old, new) = changed(EXAMPLE, &moved);
        assert_eq!(old, ["metadata = \"../metadata/zoom.xml\""]);
        assert_eq!(new, ["metadata = \"/proc/x\""]);
    }
}
