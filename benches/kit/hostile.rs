//! Inputs that are made to cost much, of the two requirements that bound it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compress, Compression, FlushCompress};
use passerelle::{
    saml::binding::{inflate::Wrapping, inflate::inflate, redirect},
    xml::{self, Limits},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// One input.
pub(crate) struct Hostile {
    /// What is odd about it.
    pub(crate) name: String,
    /// The bytes, as they would come.
    pub(crate) bytes: Vec<u8>,
    /// Who reads them: gives whether they are refused.
    pub(crate) is_refused: fn(&[u8]) -> bool,
}

/// All of them.
///
/// # Errors
///
/// A bomb could not be deflated.
pub(crate) fn inputs() -> anyhow::Result<Vec<Hostile>> {
    let mut inputs = Vec::new();
    // Just as large as is looked at.
    for (limits, kind, is_refused) in [
        (
            Limits::MESSAGE,
            "a message",
            as_message as fn(&[u8]) -> bool,
        ),
        (Limits::METADATA, "metadata", as_metadata),
    ] {
        for (name, xml) in documents(limits.bytes) {
            // People write comments into metadata, as long as they like.
            if name != "a comment" || limits.only_elements_and_text {
                inputs.push(Hostile {
                    name: format!("{kind} of {name}"),
                    bytes: xml.into_bytes(),
                    is_refused,
                });
            }
        }
        inputs.push(Hostile {
            name: format!("{kind} that is longer"),
            bytes: vec![b'<'; limits.bytes + 1],
            is_refused,
        });
    }
    let bomb = bomb(1 << 10)?;
    let query = |deflated: &[u8]| {
        let text = STANDARD.encode(deflated);
        format!(
            "SAMLRequest={}",
            utf8_percent_encode(&text, NON_ALPHANUMERIC)
        )
        .into_bytes()
    };
    let longest = (0..redirect::MAX_QUERY_BYTES * 3 / 4)
        .rev()
        .step_by(30)
        .filter_map(|length| bomb.get(..length).map(query))
        .find(|query| query.len() <= redirect::MAX_QUERY_BYTES);
    inputs.extend(
        [
            (
                "a query that inflates to 1 GiB",
                Some(query(&bomb)),
                as_query as fn(&[u8]) -> bool,
            ),
            (
                "the longest query, which inflates to 30 MB",
                longest,
                as_query,
            ),
            ("DEFLATE that inflates to 1 GiB", Some(bomb), as_deflate),
        ]
        .into_iter()
        .filter_map(|(name, bytes, is_refused)| {
            Some(Hostile {
                name: name.to_owned(),
                bytes: bytes?,
                is_refused,
            })
        }),
    );
    Ok(inputs)
}

/// Documents of so many bytes that are all of one thing.
fn documents(bytes: usize) -> Vec<(&'static str, String)> {
    let count = |start: &str, part: &dyn Fn(usize) -> String, end: &str| {
        let mut xml = start.to_owned();
        for number in 0.. {
            let part = part(number);
            if xml.len() + part.len() + end.len() > bytes {
                break;
            }
            xml.push_str(&part);
        }
        xml + end
    };
    let repeat = |start: &str, part: &str, end: &str| {
        let times = (bytes - start.len() - end.len()) / part.len();
        [start, &part.repeat(times), end].concat()
    };
    let attribute = |number| format!(" a{number}=\"\"");
    let namespace = |number| format!(" xmlns:a{number}=\"u\"");
    let entity = |number| format!("<!ENTITY e{} \"&e{number};&e{number};\">", number + 1);
    let depth = bytes / 7;
    vec![
        ("attributes of one tag", count("<a", &attribute, "/>")),
        ("namespaces of one tag", count("<a", &namespace, "/>")),
        (
            "one in another",
            "<a>".repeat(depth) + &"</a>".repeat(depth),
        ),
        ("begun and never ended", repeat("", "<a>", "")),
        ("side by side", repeat("<a>", "<b/>", "</a>")),
        ("one text", repeat("<a>", "text", "</a>")),
        ("references", repeat("<a>", "&amp;", "</a>")),
        (
            "references in short texts",
            count(
                "<a>",
                &|_| format!("<b>{}</b>", "&amp;".repeat(100)),
                "</a>",
            ),
        ),
        ("one attribute", repeat("<a b=\"", "text", "\"/>")),
        ("one name", repeat("<a", "a", "/>")),
        ("a comment", repeat("<a><!--", "- ", "--></a>")),
        (
            "entities in one another",
            count("<!DOCTYPE a [", &entity, "]><a/>"),
        ),
    ]
}

/// A whole mebibyte, that many times: each ends where a byte does, and needs nothing before it.
fn bomb(mebibytes: usize) -> anyhow::Result<Vec<u8>> {
    let mut one = Vec::with_capacity(1 << 16);
    Compress::new(Compression::best(), false).compress_vec(
        &vec![b' '; 1 << 20],
        &mut one,
        FlushCompress::Full,
    )?;
    // An empty last block.
    Ok([one.repeat(mebibytes), vec![3, 0]].concat())
}

fn as_message(bytes: &[u8]) -> bool {
    xml::open(bytes, &Limits::MESSAGE).is_err()
}

fn as_metadata(bytes: &[u8]) -> bool {
    xml::open(bytes, &Limits::METADATA).is_err()
}

fn as_query(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|query| redirect::decode_request(query).is_err())
}

fn as_deflate(bytes: &[u8]) -> bool {
    inflate(bytes, Wrapping::None, redirect::MAX_MESSAGE_BYTES).is_err()
}
