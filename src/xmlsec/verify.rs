//! Verifies signatures on a fixed profile: what saml-core-2.0 §5.4 allows.
//!
//! Everything that a signature could say about itself is compared with the one
//! thing that is allowed, not followed: no reference is resolved, no transform
//! is run that was not expected, and `KeyInfo` is not read. What is handed back
//! is a view that shows the signed element, without the signature and without
//! what is around it (R-01). There is no way to a [`Verified`] but success (R-08).

use super::algorithm::{
    Allowed, DSIG, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, EXCLUSIVE_C14N_WITH_COMMENTS,
    INCLUSIVE_C14N, INCLUSIVE_C14N_11, INCLUSIVE_C14N_11_WITH_COMMENTS,
    INCLUSIVE_C14N_WITH_COMMENTS, KeyKind, PeerAlgorithm, PeerDigest, Sha1,
};
use super::keys::VerifyingKey;
use super::signature::{EcdsaForm, decode_base64, is_signed};
use crate::xml::c14n::{C14nFault, ExclusiveC14n, InclusiveC14n};
use crate::xml::text::is_xml_space;
use crate::xml::{Element, is_ncname};

/// Something that a signature was found to cover.
///
/// Only the functions of this file make one. Whoever is handed one may read it:
///
/// ```
/// use passerelle::xmlsec::Verified;
/// fn read(proven: Verified<u8>) -> u8 { proven.into_inner() }
/// ```
///
/// and nobody else can make one, so as to have something read that is not proven:
///
/// ```compile_fail,E0423
/// use passerelle::xmlsec::Verified;
/// fn read(proven: Verified<u8>) -> u8 { proven.into_inner() }
/// read(Verified(1));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// What was signed.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// What was signed.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// The root of a document in which no signature stands, wherever one could.
///
/// Only [`verify_if_signed`] makes one, and it can be looked at and not made:
///
/// ```
/// use passerelle::xmlsec::NotSigned;
/// fn read(bare: NotSigned<u8>) -> u8 { *bare.get() }
/// ```
///
/// ```compile_fail,E0423
/// use passerelle::xmlsec::NotSigned;
/// fn read(bare: NotSigned<u8>) -> u8 { *bare.get() }
/// read(NotSigned(1));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotSigned<T>(T);

impl<T> NotSigned<T> {
    /// What was not signed.
    pub const fn get(&self) -> &T {
        &self.0
    }
}

/// What a message that need not be signed may be read from: a signature that is there was
/// verified, or there is none. There is no third, so that a bad signature is never passed over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checked<T> {
    /// There is no signature in it.
    NotSigned(NotSigned<T>),
    /// What its signature covers.
    Verified(Verified<T>),
}

impl<T> Checked<T> {
    /// What may be read.
    pub const fn get(&self) -> &T {
        match self {
            Self::NotSigned(bare) => bare.get(),
            Self::Verified(proven) => proven.get(),
        }
    }

    /// Whether a signature in it was verified.
    pub const fn is_signed(&self) -> bool {
        matches!(self, Self::Verified(_))
    }
}

/// Where in a signature something was found that is not allowed there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// `CanonicalizationMethod`.
    CanonicalizationMethod,
    /// `DigestMethod`.
    DigestMethod,
    /// `DigestValue`.
    DigestValue,
    /// `Reference`.
    Reference,
    /// `Signature` itself.
    Signature,
    /// `SignatureMethod`.
    SignatureMethod,
    /// `SignatureValue`.
    SignatureValue,
    /// `SignedInfo`.
    SignedInfo,
    /// `Transforms` or a `Transform`.
    Transforms,
}

/// Why nothing was verified. Except for [`Self::NoKeys`] the peer is at fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignatureFault {
    /// An algorithm that is not allowed there: SHA-1 of an old peer, most likely, or one that the
    /// administrator refuses.
    #[error("an algorithm that is not allowed: {0:?}")]
    Algorithm(Part),
    /// There is no canonical form to verify.
    #[error("no canonical form")]
    Canonicalization(#[from] C14nFault),
    /// The content is not what was signed.
    #[error("the digest is that of other content")]
    Digest,
    /// The signed element's ID is not its alone. Some reader would take the
    /// other element for the signed one.
    #[error("the ID of the signed element occurs twice")]
    DuplicateId,
    /// The element has no `ID`, or one that is no `NCName`.
    #[error("the element has no usable ID")]
    NoId,
    /// No key was given: a peer without registered keys proves nothing.
    #[error("no key to verify with")]
    NoKeys,
    /// No key fits the algorithm, or none made the signature.
    #[error("not signed by any of the keys")]
    NotByTheseKeys,
    /// A signature stands where the profile has none. Wrapped signatures do.
    #[error("a signature stands in another place than directly in the signed element")]
    Misplaced,
    /// The `Reference` names something other than the element around it.
    #[error("the signature refers to something else")]
    OtherReference,
    /// There are more signatures than there may be.
    #[error("more signatures than there may be")]
    Several,
    /// SHA-1, which the peer might use until a day that is over (R-07).
    #[error("SHA-1 was taken of this provider until a day that is over")]
    Sha1Ended,
    /// The signature has parts that are not allowed, or lacks one.
    #[error("a signature off the profile: {0:?}")]
    Shape(Part),
    /// There is no signature.
    #[error("not signed")]
    Unsigned,
}

/// Verifies a message that need not be signed: one that is must be signed well (SDP-IDP05).
///
/// # Errors
///
/// As [`verify_enveloped`], where a signature stands anywhere in the document.
pub fn verify_if_signed<'t, 'i>(
    root: Element<'t, 'i>,
    keys: &[VerifyingKey],
    allowed: Allowed<'_>,
) -> Result<Checked<Element<'t, 'i>>, SignatureFault> {
    if root.parent().is_some() {
        return Err(SignatureFault::Misplaced);
    }
    if signatures_below(root).next().is_none() {
        return Ok(Checked::NotSigned(NotSigned(root)));
    }
    verify_enveloped(root, keys, allowed).map(Checked::Verified)
}

/// Verifies a message or a metadata file that is signed as a whole.
///
/// The strictest way in: `root` is the document's root, and the document holds
/// one signature, directly in the root: as its last child too, where saml2-js puts
/// it and the schema does not. What is read is the root without its signature, so its
/// place says nothing. Any one of `keys` may have made it.
///
/// The one place where inclusive canonicalisation is taken: what it adds over the
/// exclusive one are namespaces of surroundings, and a root has none (R-05).
///
/// # Errors
///
/// The first thing wrong. The message must not be read further.
pub fn verify_enveloped<'t, 'i>(
    root: Element<'t, 'i>,
    keys: &[VerifyingKey],
    allowed: Allowed<'_>,
) -> Result<Verified<Element<'t, 'i>>, SignatureFault> {
    if keys.is_empty() {
        return Err(SignatureFault::NoKeys);
    }
    if root.parent().is_some() {
        return Err(SignatureFault::Misplaced);
    }
    let mut signatures = signatures_below(root);
    let signature = signatures.next().ok_or(SignatureFault::Unsigned)?;
    if signatures.next().is_some() {
        return Err(SignatureFault::Several);
    }
    if signature.parent() != Some(root) {
        return Err(SignatureFault::Misplaced);
    }
    let leave = Leave {
        inclusive: true,
        allowed,
    };
    verify_element(root, root, signature, (keys, leave))
}

/// Verifies one signed element of a `Response`: the root, or a child of it.
///
/// A `Response` and the `Assertion` in it may both be signed. So every signature
/// of the document stands directly in the root or directly in a child of the
/// root, at most one in each, and there are no others. `element` must be one of
/// these and carry one.
///
/// # Errors
///
/// The first thing wrong. The document must not be read further.
pub fn verify_enveloped_element<'t, 'i>(
    root: Element<'t, 'i>,
    element: Element<'t, 'i>,
    keys: &[VerifyingKey],
) -> Result<Verified<Element<'t, 'i>>, SignatureFault> {
    if keys.is_empty() {
        return Err(SignatureFault::NoKeys);
    }
    if root.parent().is_some() || (element != root && element.parent() != Some(root)) {
        return Err(SignatureFault::Misplaced);
    }
    let mut homes: Vec<Element<'t, 'i>> = Vec::new();
    let mut found = None;
    for signature in signatures_below(root) {
        let home = signature.parent().ok_or(SignatureFault::Misplaced)?;
        if home != root && home.parent() != Some(root) {
            return Err(SignatureFault::Misplaced);
        }
        if homes.contains(&home) {
            return Err(SignatureFault::Several);
        }
        homes.push(home);
        if home == element {
            found = Some(signature);
        }
    }
    let signature = found.ok_or(SignatureFault::Unsigned)?;
    verify_element(root, element, signature, (keys, Leave::default()))
}

/// Verifies a signature over octets: that of an HTTP-Redirect query
/// (saml-bindings-2.0 §3.4.4.1).
///
/// # Errors
///
/// The algorithm is not allowed, or none of `keys` made the signature.
pub fn verify_detached(
    algorithm_uri: &str,
    signed_octets: &[u8],
    signature: &[u8],
    keys: &[VerifyingKey],
    allowed: Allowed<'_>,
) -> Result<Verified<()>, SignatureFault> {
    let algorithm = peer_algorithm(algorithm_uri, allowed)?;
    check_keys(
        algorithm,
        signed_octets,
        signature,
        keys,
        EcdsaForm::RawOrDer,
    )?;
    Ok(Verified(()))
}

fn signatures_below<'t, 'i>(
    root: Element<'t, 'i>,
) -> impl Iterator<Item = Element<'t, 'i>> + use<'t, 'i> {
    root.descendants()
        .filter(|element| element.is(DSIG, "Signature"))
}

/// What a signature may do that not every signature may.
#[derive(Clone, Copy, Default)]
struct Leave<'a> {
    /// Use inclusive canonicalisation.
    inclusive: bool,
    allowed: Allowed<'a>,
}

/// Verifies that `signature`, a child of `element`, covers `element`.
fn verify_element<'t, 'i>(
    root: Element<'t, 'i>,
    element: Element<'t, 'i>,
    signature: Element<'t, 'i>,
    (keys, leave): (&[VerifyingKey], Leave<'_>),
) -> Result<Verified<Element<'t, 'i>>, SignatureFault> {
    let id = own_id(root, element)?;
    let read = ReadSignature::read(signature, leave)?;
    if read.reference.uri.strip_prefix('#') != Some(id) {
        return Err(SignatureFault::OtherReference);
    }
    // First who speaks, then what was said: nothing is done on the word of a
    // `Reference` that nobody signed.
    let signed_info = read.c14n.canonicalize(read.signed_info, None)?;
    check_keys(
        read.algorithm,
        signed_info.as_bytes(),
        &read.value,
        keys,
        EcdsaForm::Raw,
    )?;
    let content = read.reference.c14n.canonicalize(element, Some(signature))?;
    if !read
        .reference
        .digest
        .matches(content.as_bytes(), &read.reference.value)
    {
        return Err(SignatureFault::Digest);
    }
    Ok(Verified(element.alone_without(signature)))
}

fn check_keys(
    algorithm: PeerAlgorithm,
    octets: &[u8],
    signature: &[u8],
    keys: &[VerifyingKey],
    form: EcdsaForm,
) -> Result<(), SignatureFault> {
    if keys.is_empty() {
        return Err(SignatureFault::NoKeys);
    }
    let is_by = |key: &&VerifyingKey| is_signed(algorithm, key.key(), octets, signature, form);
    keys.iter()
        .filter(|key| key.kind() == algorithm.key_kind())
        .find(is_by)
        .map(|_| ())
        .ok_or(SignatureFault::NotByTheseKeys)
}

fn peer_algorithm(uri: &str, allowed: Allowed<'_>) -> Result<PeerAlgorithm, SignatureFault> {
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

/// The `ID` of `element`, if nothing else in the document has that ID under any
/// name that some reader takes for one: `ID`, `Id`, `id`, `xml:id`, `wsu:Id`.
fn own_id<'t>(root: Element<'t, '_>, element: Element<'t, '_>) -> Result<&'t str, SignatureFault> {
    let id = element
        .attribute("ID")
        .filter(|id| is_ncname(id))
        .ok_or(SignatureFault::NoId)?;
    let bearers = root
        .descendants()
        .flat_map(|other| other.attributes())
        .filter(|(_, name, value)| name.eq_ignore_ascii_case("id") && is_same_id(value, id))
        .count();
    if bearers == 1 {
        Ok(id)
    } else {
        Err(SignatureFault::DuplicateId)
    }
}

/// Whether a reader with a schema, which trims `xs:ID`, sees the same ID.
fn is_same_id(value: &str, id: &str) -> bool {
    value.trim_matches(is_xml_space) == id
}

/// A `ds:Signature` that keeps to the profile.
struct ReadSignature<'t, 'i> {
    signed_info: Element<'t, 'i>,
    c14n: C14n,
    algorithm: PeerAlgorithm,
    reference: ReadReference<'t>,
    value: Vec<u8>,
}

struct ReadReference<'t> {
    uri: &'t str,
    c14n: C14n,
    digest: PeerDigest,
    value: Vec<u8>,
}

impl<'t, 'i> ReadSignature<'t, 'i> {
    fn read(signature: Element<'t, 'i>, leave: Leave<'_>) -> Result<Self, SignatureFault> {
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
enum C14n {
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

    fn canonicalize(
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

#[cfg(test)]
#[path = "verify_algorithm_tests.rs"]
mod algorithm_tests;

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "verify_wrapping_tests.rs"]
mod wrapping_tests;
