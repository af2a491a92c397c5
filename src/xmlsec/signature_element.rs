//! Reads a `ds:Signature`, as far as it keeps to the profile (saml-core-2.0 §5.4): every part is compared with
//! what is allowed, and what is left over is a fault. Whether it is true is found out in `verify`.

use super::algorithm::{
    Allowed, DSIG, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, EXCLUSIVE_C14N_WITH_COMMENTS,
    INCLUSIVE_C14N, INCLUSIVE_C14N_11, INCLUSIVE_C14N_11_WITH_COMMENTS,
    INCLUSIVE_C14N_WITH_COMMENTS, KeyKind, PeerAlgorithm, PeerDigest, Sha1,
};
use super::signature::decode_base64;
use super::signature_fault::{Part, SignatureFault};
use crate::xml::c14n::{C14nFault, ExclusiveC14n, InclusiveC14n};
use crate::xml::text::is_xml_space;
use crate::xml::{Element, is_ncname};

/// What a signature may do that not every signature may.
#[derive(Clone, Copy, Default)]
pub(super) struct Leave<'a> {
    /// Use inclusive canonicalisation.
    pub(super) inclusive: bool,
    pub(super) allowed: Allowed<'a>,
}

/// A `ds:Signature` that keeps to the profile.
pub(super) struct ReadSignature<'t, 'i> {
    pub(super) signed_info: Element<'t, 'i>,
    pub(super) c14n: C14n,
    pub(super) algorithm: PeerAlgorithm,
    pub(super) reference: ReadReference<'t>,
    pub(super) value: Vec<u8>,
}

pub(super) struct ReadReference<'t> {
    pub(super) uri: &'t str,
    pub(super) c14n: C14n,
    pub(super) digest: PeerDigest,
    pub(super) value: Vec<u8>,
}

impl<'t, 'i> ReadSignature<'t, 'i> {
    pub(super) fn read(
        signature: Element<'t, 'i>,
        leave: Leave<'_>,
    ) -> Result<Self, SignatureFault> {
        expect_attributes(signature, &["Id"], Part::Signature)?;
        let [signed_info, value, rest @ ..] = &*children(signature, Part::Signature)? else {
            return Err(SignatureFault::Shape(Part::Signature));
        };
        expect(*signed_info, "SignedInfo", Part::Signature)?;
        expect(*value, "SignatureValue", Part::Signature)?;
        match rest {
            [] => {}
            // Not read: which keys are trusted was settled before.
            [key_info] => expect(*key_info, "KeyInfo", Part::Signature)?,
            [_, _, ..] => return Err(SignatureFault::Shape(Part::Signature)),
        }
        expect_attributes(*value, &["Id"], Part::SignatureValue)?;
        expect_attributes(*signed_info, &["Id"], Part::SignedInfo)?;
        let [c14n_method, signature_method, reference] =
            &*children(*signed_info, Part::SignedInfo)?
        else {
            return Err(SignatureFault::Shape(Part::SignedInfo));
        };
        expect(*c14n_method, "CanonicalizationMethod", Part::SignedInfo)?;
        expect(*signature_method, "SignatureMethod", Part::SignedInfo)?;
        expect(*reference, "Reference", Part::SignedInfo)?;
        // No children: `HMACOutputLength` is one.
        expect_empty(*signature_method, Part::SignatureMethod)?;
        let method = algorithm(*signature_method, Part::SignatureMethod)?;
        let algorithm = peer_algorithm(method, leave.allowed)?;
        let reference = ReadReference::read(*reference, leave)?;
        if (algorithm.key_kind(), reference.digest) == (KeyKind::Ec, PeerDigest::Sha1) {
            return Err(SignatureFault::Algorithm(Part::DigestMethod));
        }
        Ok(Self {
            signed_info: *signed_info,
            c14n: C14n::read(*c14n_method, Part::CanonicalizationMethod, leave)?,
            algorithm,
            reference,
            value: base64_of(*value, Part::SignatureValue)?,
        })
    }
}

impl<'t> ReadReference<'t> {
    /// Of the transforms only those are known that leave what is signed as it is read here: the
    /// signature is taken out, then the rest is written in canonical form. Where the second is left
    /// out it is Canonical XML 1.0 (xmldsig-core1 §4.4.3.2), and so for a root only. There is no
    /// other order, and no canonical form alone: it would cover the very digest that it holds.
    fn read(reference: Element<'t, '_>, leave: Leave<'_>) -> Result<Self, SignatureFault> {
        expect_attributes(reference, &["Id", "URI"], Part::Reference)?;
        let uri = reference
            .attribute("URI")
            .ok_or(SignatureFault::OtherReference)?;
        let [transforms, digest_method, digest_value] = &*children(reference, Part::Reference)?
        else {
            return Err(SignatureFault::Shape(Part::Reference));
        };
        expect(*transforms, "Transforms", Part::Reference)?;
        expect(*digest_method, "DigestMethod", Part::Reference)?;
        expect(*digest_value, "DigestValue", Part::Reference)?;
        expect_attributes(*transforms, &[], Part::Transforms)?;
        let (enveloped, c14n) = match &*children(*transforms, Part::Transforms)? {
            [enveloped, c14n] => (*enveloped, Some(*c14n)),
            [enveloped] if leave.inclusive => (*enveloped, None),
            [] | [_] | [_, _, ..] => return Err(SignatureFault::Shape(Part::Transforms)),
        };
        expect(enveloped, "Transform", Part::Transforms)?;
        expect_empty(enveloped, Part::Transforms)?;
        if algorithm(enveloped, Part::Transforms)? != ENVELOPED_SIGNATURE {
            return Err(SignatureFault::Algorithm(Part::Transforms));
        }
        let c14n = match c14n {
            Some(c14n) => {
                expect(c14n, "Transform", Part::Transforms)?;
                C14n::read(c14n, Part::Transforms, leave)?.without_comments()
            }
            None => C14n::Inclusive(InclusiveC14n::default()),
        };
        expect_empty(*digest_method, Part::DigestMethod)?;
        expect_attributes(*digest_value, &[], Part::DigestValue)?;
        let digest = algorithm(*digest_method, Part::DigestMethod)?;
        let digest = peer_digest(digest, leave.allowed)?;
        Ok(Self {
            uri,
            c14n,
            digest,
            value: base64_of(*digest_value, Part::DigestValue)?,
        })
    }
}

fn expect(element: Element<'_, '_>, name: &str, part: Part) -> Result<(), SignatureFault> {
    if element.is(DSIG, name) {
        Ok(())
    } else {
        Err(SignatureFault::Shape(part))
    }
}

/// The children of an element that holds elements only.
fn children<'t, 'i>(
    element: Element<'t, 'i>,
    part: Part,
) -> Result<Vec<Element<'t, 'i>>, SignatureFault> {
    if element.has_own_text() {
        return Err(SignatureFault::Shape(part));
    }
    Ok(element.children().collect())
}

fn expect_empty(element: Element<'_, '_>, part: Part) -> Result<(), SignatureFault> {
    if children(element, part)?.is_empty() {
        Ok(())
    } else {
        Err(SignatureFault::Shape(part))
    }
}

/// Refuses attributes other than those that are known not to matter.
fn expect_attributes(
    element: Element<'_, '_>,
    allowed: &[&str],
    part: Part,
) -> Result<(), SignatureFault> {
    let is_allowed = |ns: &str, name: &str| ns.is_empty() && allowed.contains(&name);
    if element
        .attributes()
        .all(|(ns, name, _)| is_allowed(ns, name))
    {
        Ok(())
    } else {
        Err(SignatureFault::Shape(part))
    }
}

fn algorithm<'t>(element: Element<'t, '_>, part: Part) -> Result<&'t str, SignatureFault> {
    expect_attributes(element, &["Algorithm"], part)?;
    element
        .attribute("Algorithm")
        .ok_or(SignatureFault::Shape(part))
}

/// How something that is signed was written.
pub(super) enum C14n {
    Exclusive(ExclusiveC14n),
    Inclusive(InclusiveC14n),
}

impl C14n {
    /// Reads a `CanonicalizationMethod`, or a `Transform` that names a canonical form.
    fn read(method: Element<'_, '_>, part: Part, leave: Leave<'_>) -> Result<Self, SignatureFault> {
        let inclusive = |with_comments| {
            if !leave.inclusive {
                return Err(SignatureFault::Algorithm(part));
            }
            expect_empty(method, part)?;
            Ok(Self::Inclusive(InclusiveC14n { with_comments }))
        };
        match algorithm(method, part)? {
            EXCLUSIVE_C14N => exclusive_c14n(method, part, false).map(Self::Exclusive),
            EXCLUSIVE_C14N_WITH_COMMENTS => exclusive_c14n(method, part, true).map(Self::Exclusive),
            INCLUSIVE_C14N | INCLUSIVE_C14N_11 => inclusive(false),
            INCLUSIVE_C14N_WITH_COMMENTS | INCLUSIVE_C14N_11_WITH_COMMENTS => inclusive(true),
            _ => Err(SignatureFault::Algorithm(part)),
        }
    }

    /// For what a `Reference` points to by its ID: comments are no part of that, whatever form it is
    /// written in (xmldsig-core1 §4.4.3.3, and so does xmlsec1).
    fn without_comments(self) -> Self {
        match self {
            Self::Exclusive(exclusive) => Self::Exclusive(ExclusiveC14n {
                with_comments: false,
                ..exclusive
            }),
            Self::Inclusive(InclusiveC14n { with_comments: _ }) => {
                Self::Inclusive(InclusiveC14n::default())
            }
        }
    }

    pub(super) fn canonicalize(
        &self,
        apex: Element<'_, '_>,
        left_out: Option<Element<'_, '_>>,
    ) -> Result<String, C14nFault> {
        match self {
            Self::Exclusive(exclusive) => exclusive.canonicalize(apex, left_out),
            Self::Inclusive(inclusive) => inclusive.canonicalize(apex, left_out),
        }
    }
}

/// Exclusive canonicalisation with its prefix list, if it has one.
fn exclusive_c14n(
    method: Element<'_, '_>,
    part: Part,
    with_comments: bool,
) -> Result<ExclusiveC14n, SignatureFault> {
    let inclusive_prefixes = match &*children(method, part)? {
        [] => Vec::new(),
        [list] if list.is(EXCLUSIVE_C14N, "InclusiveNamespaces") => {
            expect_empty(*list, part)?;
            expect_attributes(*list, &["PrefixList"], part)?;
            prefix_list(list.attribute("PrefixList").unwrap_or_default(), part)?
        }
        [_, ..] => return Err(SignatureFault::Shape(part)),
    };
    Ok(ExclusiveC14n {
        with_comments,
        inclusive_prefixes,
    })
}

fn prefix_list(list: &str, part: Part) -> Result<Vec<String>, SignatureFault> {
    let mut prefixes = Vec::new();
    for word in list.split(is_xml_space).filter(|word| !word.is_empty()) {
        match word {
            "#default" => prefixes.push(String::new()),
            name if is_ncname(name) => prefixes.push(name.to_owned()),
            _ => return Err(SignatureFault::Shape(part)),
        }
        // Each costs a look-up on every element.
        if prefixes.len() > 32 {
            return Err(SignatureFault::Shape(part));
        }
    }
    Ok(prefixes)
}

/// The octets of `DigestValue` or `SignatureValue`.
///
/// A comment in there has let one value be digested and another be compared
/// (CVE-2025-29775); here it ends the matter.
fn base64_of(element: Element<'_, '_>, part: Part) -> Result<Vec<u8>, SignatureFault> {
    if element.has_interruptions() {
        return Err(SignatureFault::Shape(part));
    }
    let Ok(text) = element.text() else {
        return Err(SignatureFault::Shape(part));
    };
    decode_base64(&text).ok_or(SignatureFault::Shape(part))
}

pub(super) fn peer_algorithm(
    uri: &str,
    allowed: Allowed<'_>,
) -> Result<PeerAlgorithm, SignatureFault> {
    let part = Part::SignatureMethod;
    match PeerAlgorithm::from_uri(uri) {
        Some(PeerAlgorithm::RsaSha1) => demand(allowed.sha1, part).map(|()| PeerAlgorithm::RsaSha1),
        Some(listed @ PeerAlgorithm::Listed(_)) if !allowed.refused.contains(&uri) => Ok(listed),
        Some(PeerAlgorithm::Listed(_)) | None => Err(SignatureFault::Algorithm(part)),
    }
}

fn peer_digest(uri: &str, allowed: Allowed<'_>) -> Result<PeerDigest, SignatureFault> {
    let part = Part::DigestMethod;
    match PeerDigest::from_uri(uri) {
        Some(PeerDigest::Sha1) => demand(allowed.sha1, part).map(|()| PeerDigest::Sha1),
        Some(listed @ PeerDigest::Listed(_)) if !allowed.refused.contains(&uri) => Ok(listed),
        Some(PeerDigest::Listed(_)) | None => Err(SignatureFault::Algorithm(part)),
    }
}

/// Refuses SHA-1 in `part` where it may not stand.
const fn demand(sha1: Sha1, part: Part) -> Result<(), SignatureFault> {
    match sha1 {
        Sha1::Refused => Err(SignatureFault::Algorithm(part)),
        Sha1::Ended => Err(SignatureFault::Sha1Ended),
        Sha1::Taken => Ok(()),
    }
}
