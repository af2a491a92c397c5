//! PKCS#11 URIs (RFC 7512): the name of a key in a token, where the path of a key file may stand.
//!
//! Reads no file and asks no token. What does not name one key for good is refused: a slot has another number at
//! the next start. So is a PIN, which is a secret and stands in a file.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::model::text::is_misleading;

/// What such a URI begins with.
const SCHEME: &str = "pkcs11:";

/// The longest URI, in bytes.
const MAX_BYTES: usize = 2048;

/// The longest label of an object, and the longest `CKA_ID`, in bytes. The standard has no bound for either.
const MAX_OBJECT_BYTES: usize = 255;

/// By what a token is known (`CK_TOKEN_INFO`, PKCS#11 2.40 §3.2): all that is said must be so.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TokenName {
    /// Its label.
    pub label: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Who made it.
    pub manufacturer: Option<String>,
    /// Its model.
    pub model: Option<String>,
}

/// What a URI names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct TokenUri {
    /// The token.
    pub(super) token: TokenName,
    /// The label of the private key (`CKA_LABEL`).
    pub(super) object: Option<String>,
    /// The `CKA_ID` of the private key.
    pub(super) id: Option<Vec<u8>>,
    /// The library that speaks to the token.
    pub(super) module: PathBuf,
    /// The file with the PIN, as the configuration would name it.
    pub(super) pin: Option<PathBuf>,
    /// The file with the certificate, where the token holds none.
    pub(super) certificate: Option<PathBuf>,
}

/// What is wrong with a URI. Echoes nothing of it: it may hold a PIN.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum UriFault {
    #[error(
        "is a PKCS#11 URI with a character that must be written as %XX, or with a % that begins none"
    )]
    Encoding,
    #[error("is a PKCS#11 URI of more than {MAX_BYTES} bytes")]
    Long,
    #[error("is a PKCS#11 URI whose module-path is no absolute path")]
    ModulePath,
    #[error("is a PKCS#11 URI that names no module")]
    NoModule,
    #[error("is a PKCS#11 URI that names no key")]
    NoObject,
    #[error("is a PKCS#11 URI that names no token")]
    NoToken,
    #[error("is a PKCS#11 URI whose {0} names no file")]
    NotAFile(&'static str),
    #[error("is a PKCS#11 URI with a PIN in it")]
    PinValue,
    #[error("is a PKCS#11 URI that says {0} twice")]
    Twice(&'static str),
    #[error("is a PKCS#11 URI whose type is not private")]
    Type,
    #[error("is a PKCS#11 URI with an attribute before the ? that is not used here")]
    UnknownInPath,
    #[error("is a PKCS#11 URI with an attribute after the ? that is not used here")]
    UnknownInQuery,
    #[error("is a PKCS#11 URI whose {0} is empty, too long, or no plain text")]
    Value(&'static str),
}

impl UriFault {
    /// What to do about it.
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::Encoding => "a space is %20, a semicolon %3B",
            Self::Long | Self::Twice(_) => {
                "pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/…/module.so&pin-source=file:/path"
            }
            Self::ModulePath | Self::NoModule => "add ?module-path=/usr/lib/…/module.so",
            Self::NoObject => {
                "add object=LABEL, or id=%01, of the private key; `pkcs11-tool -O -l` lists them"
            }
            Self::NoToken => "add token=LABEL or serial=NUMBER; `pkcs11-tool -L` lists them",
            Self::NotAFile(_) => "write file:/path/to/the/file, or credential:NAME",
            Self::PinValue => {
                "the PIN stands in a file of mode 0400, or a credential: pin-source=file:/path. Take it for known \
                 where others have read this line"
            }
            Self::Type => "leave type out, or write type=private",
            Self::UnknownInPath => {
                "token, serial, manufacturer and model name the token; object and id the key. A slot has another number \
                 at the next start"
            }
            Self::UnknownInQuery => "module-path, pin-source and x-certificate",
            Self::Value(_) => "write it as `pkcs11-tool -L` and `pkcs11-tool -O -l` show it",
        }
    }
}

/// Whether `text` is meant for one, in whatever case its scheme is written (RFC 3986 §3.1) and with white space around it:
/// taken for a file, it would be told with the PIN that it may hold.
pub(super) fn is_one(text: &str) -> bool {
    let head = text.trim_start().get(..SCHEME.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(SCHEME))
}

/// Reads `text`, which [is one](is_one) without white space around it.
pub(super) fn parse(text: &str) -> Result<TokenUri, UriFault> {
    if text.len() > MAX_BYTES {
        return Err(UriFault::Long);
    }
    let rest = text.get(SCHEME.len()..).unwrap_or_default();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut uri = TokenUri::default();
    let mut kind = None;
    for (name, value) in attributes(path, ';') {
        let token = &mut uri.token;
        match name {
            "token" => set(&mut token.label, "token", text_of("token", value, 32)?)?,
            "serial" => set(&mut token.serial, "serial", text_of("serial", value, 16)?)?,
            "manufacturer" => {
                let manufacturer = text_of("manufacturer", value, 32)?;
                set(&mut token.manufacturer, "manufacturer", manufacturer)?;
            }
            "model" => set(&mut token.model, "model", text_of("model", value, 16)?)?,
            "object" => {
                let label = text_of("object", value, MAX_OBJECT_BYTES)?;
                set(&mut uri.object, "object", label)?;
            }
            "id" => set(&mut uri.id, "id", octets_of("id", value, MAX_OBJECT_BYTES)?)?,
            "type" if value == "private" => set(&mut kind, "type", ())?,
            "type" => return Err(UriFault::Type),
            "pin-value" => return Err(UriFault::PinValue),
            _ => return Err(UriFault::UnknownInPath),
        }
    }
    let module = read_query(query, &mut uri)?;
    if uri.token.label.is_none() && uri.token.serial.is_none() {
        return Err(UriFault::NoToken);
    }
    if uri.object.is_none() && uri.id.is_none() {
        return Err(UriFault::NoObject);
    }
    uri.module = module.ok_or(UriFault::NoModule)?;
    Ok(uri)
}

/// Reads how the token is reached; gives the module.
fn read_query(query: &str, uri: &mut TokenUri) -> Result<Option<PathBuf>, UriFault> {
    let mut module = None;
    for (name, value) in attributes(query, '&') {
        match name {
            "module-path" => {
                let path = PathBuf::from(text_of("module-path", value, MAX_BYTES)?);
                if !path.is_absolute() {
                    return Err(UriFault::ModulePath);
                }
                set(&mut module, "module-path", path)?;
            }
            "pin-source" => set(&mut uri.pin, "pin-source", file_of("pin-source", value)?)?,
            "x-certificate" => {
                let file = file_of("x-certificate", value)?;
                set(&mut uri.certificate, "x-certificate", file)?;
            }
            "pin-value" => return Err(UriFault::PinValue),
            _ => return Err(UriFault::UnknownInQuery),
        }
    }
    Ok(module)
}

/// The part of a URI that names the key, for messages: without what is only needed to reach it.
pub(super) fn shown(text: &str) -> PathBuf {
    let path = text.split('?').next().unwrap_or_default();
    let plain = path.chars().filter(|char| !is_misleading(*char));
    plain.collect::<String>().into()
}

fn attributes(text: &str, separator: char) -> impl Iterator<Item = (&str, &str)> {
    let all = text.split(separator).filter(|_| !text.is_empty());
    all.map(|attribute| attribute.split_once('=').unwrap_or((attribute, "")))
}

fn set<T>(place: &mut Option<T>, name: &'static str, value: T) -> Result<(), UriFault> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(UriFault::Twice(name)),
    }
}

/// Octets, percent-decoded (RFC 3986 §2.1): each `%` begins one, and nothing stands bare that RFC 7512 §2.3 does not let.
fn octets_of(name: &'static str, value: &str, max: usize) -> Result<Vec<u8>, UriFault> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]@!$'()*+,=/".contains(&byte);
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                after
            }
            (byte, after) if is_plain(*byte) => after,
            (_, _) => return Err(UriFault::Encoding),
        };
    }
    let octets: Vec<u8> = percent_decode_str(value).collect();
    if octets.is_empty() || octets.len() > max {
        return Err(UriFault::Value(name));
    }
    Ok(octets)
}

fn text_of(name: &'static str, value: &str, max: usize) -> Result<String, UriFault> {
    let octets = octets_of(name, value, max)?;
    let text = String::from_utf8(octets).map_err(|_not| UriFault::Value(name))?;
    if text.chars().any(is_misleading) {
        return Err(UriFault::Value(name));
    }
    Ok(text)
}

/// A file, as the configuration would name it: `file:` before its path is the form of RFC 7512 §2.4, and programs
/// (`|…`) are not run.
fn file_of(name: &'static str, value: &str) -> Result<PathBuf, UriFault> {
    if value.starts_with('|') {
        return Err(UriFault::NotAFile(name));
    }
    let text = text_of(name, value, MAX_BYTES)?;
    let path = text.strip_prefix("file:").unwrap_or(&text);
    // An authority is the name of a machine; an empty one is this machine (RFC 8089 §2).
    let path = match path.strip_prefix("//") {
        Some(after) if after.starts_with('/') => after,
        Some(_) => return Err(UriFault::NotAFile(name)),
        None => path,
    };
    if path.is_empty() || path.starts_with('|') {
        return Err(UriFault::NotAFile(name));
    }
    Ok(Path::new(path).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = "module-path=/usr/lib/softhsm/libsofthsm2.so";

    #[test]
    fn r100_a_uri_names_the_token_the_key_the_module_and_where_the_pin_is() {
        let uri = parse(&format!(
            "pkcs11:token=The%20Token;manufacturer=SoftHSM%20project;model=SoftHSM%20v2;serial=058d033952c28e72;\
             object=idp%3B1;id=%01%fF;type=private?{MODULE}&pin-source=file:certs/pin&x-certificate=file:///etc/idp.crt"
        ));
        let expected = TokenUri {
            token: TokenName {
                label: Some("The Token".to_owned()),
                serial: Some("058d033952c28e72".to_owned()),
                manufacturer: Some("SoftHSM project".to_owned()),
                model: Some("SoftHSM v2".to_owned()),
            },
            object: Some("idp;1".to_owned()),
            id: Some(vec![1, 0xff]),
            module: "/usr/lib/softhsm/libsofthsm2.so".into(),
            pin: Some("certs/pin".into()),
            certificate: Some("/etc/idp.crt".into()),
        };
        assert_eq!(uri, Ok(expected));
        for (source, path) in [
            ("credential:hsm-pin", "credential:hsm-pin"),
            ("/etc/pin", "/etc/pin"),
            ("file:/etc/a%20pin", "/etc/a pin"),
        ] {
            let uri = parse(&format!(
                "pkcs11:serial=1;id=%02?pin-source={source}&{MODULE}"
            ));
            assert_eq!(uri.unwrap().pin, Some(path.into()), "{source}");
        }
    }

    #[test]
    fn r100_a_uri_that_does_not_name_one_key_for_good_or_holds_a_pin_is_refused() {
        let long = format!("pkcs11:token=a;object={}?{MODULE}", "o".repeat(256));
        let too_long = "pkcs11:token=a;".repeat(200);
        for (text, fault) in [
            ("pkcs11:", UriFault::NoToken),
            ("pkcs11:object=b?MODULE", UriFault::NoToken),
            ("pkcs11:token=a?MODULE", UriFault::NoObject),
            ("pkcs11:token=a;object=b", UriFault::NoModule),
            ("pkcs11:token=a;object=b?pin-source=/p", UriFault::NoModule),
            (
                "pkcs11:token=a;object=b?module-path=softhsm.so",
                UriFault::ModulePath,
            ),
            (
                "pkcs11:token=a;object=b?module-name=softhsm&MODULE",
                UriFault::UnknownInQuery,
            ),
            (
                "pkcs11:token=a;object=b?MODULE&pin-value=1234",
                UriFault::PinValue,
            ),
            (
                "pkcs11:token=a;object=b;pin-value=1234?MODULE",
                UriFault::PinValue,
            ),
            (
                "pkcs11:token=a;object=b?MODULE&pin-source=%7Ccat",
                UriFault::NotAFile("pin-source"),
            ),
            (
                "pkcs11:token=a;object=b?MODULE&pin-source=|cat",
                UriFault::NotAFile("pin-source"),
            ),
            (
                "pkcs11:token=a;object=b?MODULE&pin-source=file://host/p",
                UriFault::NotAFile("pin-source"),
            ),
            (
                "pkcs11:token=a;object=b?MODULE&pin-source=",
                UriFault::Value("pin-source"),
            ),
            ("pkcs11:slot-id=0;object=b?MODULE", UriFault::UnknownInPath),
            ("pkcs11:token=a;;object=b?MODULE", UriFault::UnknownInPath),
            ("pkcs11:token=a;TOKEN=b?MODULE", UriFault::UnknownInPath),
            ("pkcs11:token=a;token=b?MODULE", UriFault::Twice("token")),
            (
                "pkcs11:token=a;object=b;type=private;type=private?MODULE",
                UriFault::Twice("type"),
            ),
            (
                "pkcs11:token=a;object=b?MODULE&MODULE",
                UriFault::Twice("module-path"),
            ),
            ("pkcs11:token=a;object=b;type=cert?MODULE", UriFault::Type),
            ("pkcs11:token=a b;object=b?MODULE", UriFault::Encoding),
            ("pkcs11:token=a%2;object=b?MODULE", UriFault::Encoding),
            ("pkcs11:token=a%zz;object=b?MODULE", UriFault::Encoding),
            ("pkcs11:token=é;object=b?MODULE", UriFault::Encoding),
            ("pkcs11:token=%ff;object=b?MODULE", UriFault::Value("token")),
            ("pkcs11:token=%00;object=b?MODULE", UriFault::Value("token")),
            (
                "pkcs11:token=%E2%80%AEa;object=b?MODULE",
                UriFault::Value("token"),
            ),
            ("pkcs11:token=;object=b?MODULE", UriFault::Value("token")),
            (
                "pkcs11:token=123456789012345678901234567890123;object=b?MODULE",
                UriFault::Value("token"),
            ),
            (&*long, UriFault::Value("object")),
            (&*too_long, UriFault::Long),
        ] {
            let text = text.replace("MODULE", MODULE);
            assert_eq!(parse(&text), Err(fault), "{text}");
            let told = format!("{fault} {}", fault.hint());
            assert!(!told.contains("1234"), "{told}");
        }
    }

    #[test]
    fn r100_a_uri_is_known_in_any_case_and_behind_white_space_and_so_never_told_as_a_file() {
        for text in [
            "pkcs11:token=a",
            "PKCS11:token=a",
            " \tPkcs11:pin-value=1234",
        ] {
            assert!(is_one(text), "{text}");
        }
        for text in ["pkcs11", "certs/pkcs11:a", "file:pkcs11:", "pkcs1é:", ""] {
            assert!(!is_one(text), "{text}");
        }
        let text = format!("PKCS11:token=a;object=b?{MODULE}");
        let lower = text.replace("PKCS11:", "pkcs11:");
        assert!(parse(&text).is_ok());
        assert_eq!(parse(&text), parse(&lower));
    }

    #[test]
    fn a_message_shows_the_key_and_nothing_of_how_it_is_reached() {
        let shown = shown("pkcs11:token=a;object=b?module-path=/x&pin-source=/y");
        assert_eq!(shown, Path::new("pkcs11:token=a;object=b"));
    }
}
