//! Verifies signatures on a fixed profile: what saml-core-2.0 §5.4 allows.
//!
//! Everything that a signature could say about itself is compared with the one
//! thing that is allowed, not followed: no reference is resolved, no transform
//! is run that was not expected, and `KeyInfo` is not read. What is handed back
//! is a view that shows the signed element, without the signature and without
//! what is around it. There is no way to a [`Verified`] but success.

use super::algorithm::{
    DSIG, DigestAlgorithm, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, EXCLUSIVE_C14N_WITH_COMMENTS,
    SignatureAlgorithm,
};
use super::keys::VerifyingKey;
use super::signature::{EcdsaForm, decode_base64, is_signed};
use crate::xml::c14n::{C14nFault, ExclusiveC14n};
use crate::xml::text::is_xml_space;
use crate::xml::{Element, is_ncname};

/// Something that a signature was found to cover.
///
/// Only the functions of this file make one.
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
    /// An algorithm that is not allowed: SHA-1 of an old peer, most likely.
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
    /// The signature has parts that are not allowed, or lacks one.
    #[error("a signature off the profile: {0:?}")]
    Shape(Part),
    /// There is no signature.
    #[error("not signed")]
    Unsigned,
}

/// Whether any signature is in the document, wherever it stands.
///
/// For messages that need not be signed: one that is, is verified all the same.
pub fn carries_signature(root: Element<'_, '_>) -> bool {
    root.descendants()
        .any(|element| element.is(DSIG, "Signature"))
}

/// Verifies a message or a metadata file that is signed as a whole.
///
/// The strictest way in: `root` is the document's root, and the document holds
/// one signature, directly in the root. Any one of `keys` may have made it.
///
/// # Errors
///
/// The first thing wrong. The message must not be read further.
pub fn verify_enveloped<'t, 'i>(
    root: Element<'t, 'i>,
    keys: &[VerifyingKey],
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
    verify_element(root, root, signature, keys)
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
    verify_element(root, element, found.ok_or(SignatureFault::Unsigned)?, keys)
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
) -> Result<Verified<()>, SignatureFault> {
    let algorithm = SignatureAlgorithm::from_uri(algorithm_uri)
        .ok_or(SignatureFault::Algorithm(Part::SignatureMethod))?;
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

/// Verifies that `signature`, a child of `element`, covers `element`.
fn verify_element<'t, 'i>(
    root: Element<'t, 'i>,
    element: Element<'t, 'i>,
    signature: Element<'t, 'i>,
    keys: &[VerifyingKey],
) -> Result<Verified<Element<'t, 'i>>, SignatureFault> {
    let id = own_id(root, element)?;
    let read = ReadSignature::read(signature)?;
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
    algorithm: SignatureAlgorithm,
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
        .filter(|key| key.fits(algorithm))
        .find(is_by)
        .map(|_| ())
        .ok_or(SignatureFault::NotByTheseKeys)
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
    c14n: ExclusiveC14n,
    algorithm: SignatureAlgorithm,
    reference: ReadReference<'t>,
    value: Vec<u8>,
}

struct ReadReference<'t> {
    uri: &'t str,
    c14n: ExclusiveC14n,
    digest: DigestAlgorithm,
    value: Vec<u8>,
}

impl<'t, 'i> ReadSignature<'t, 'i> {
    fn read(signature: Element<'t, 'i>) -> Result<Self, SignatureFault> {
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
        let algorithm = algorithm(*signature_method, Part::SignatureMethod)?;
        Ok(Self {
            signed_info: *signed_info,
            c14n: exclusive_c14n(*c14n_method, Part::CanonicalizationMethod)?,
            algorithm: SignatureAlgorithm::from_uri(algorithm)
                .ok_or(SignatureFault::Algorithm(Part::SignatureMethod))?,
            reference: ReadReference::read(*reference)?,
            value: base64_of(*value, Part::SignatureValue)?,
        })
    }
}

impl<'t> ReadReference<'t> {
    fn read(reference: Element<'t, '_>) -> Result<Self, SignatureFault> {
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
        let [enveloped, c14n] = &*children(*transforms, Part::Transforms)? else {
            return Err(SignatureFault::Shape(Part::Transforms));
        };
        expect(*enveloped, "Transform", Part::Transforms)?;
        expect(*c14n, "Transform", Part::Transforms)?;
        expect_empty(*enveloped, Part::Transforms)?;
        if algorithm(*enveloped, Part::Transforms)? != ENVELOPED_SIGNATURE {
            return Err(SignatureFault::Algorithm(Part::Transforms));
        }
        expect_empty(*digest_method, Part::DigestMethod)?;
        expect_attributes(*digest_value, &[], Part::DigestValue)?;
        let digest = algorithm(*digest_method, Part::DigestMethod)?;
        Ok(Self {
            uri,
            c14n: exclusive_c14n(*c14n, Part::Transforms)?,
            digest: DigestAlgorithm::from_uri(digest)
                .ok_or(SignatureFault::Algorithm(Part::DigestMethod))?,
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

/// Reads a `CanonicalizationMethod` or `Transform` that names exclusive
/// canonicalisation, with its prefix list if it has one.
fn exclusive_c14n(method: Element<'_, '_>, part: Part) -> Result<ExclusiveC14n, SignatureFault> {
    let with_comments = match algorithm(method, part)? {
        EXCLUSIVE_C14N => false,
        EXCLUSIVE_C14N_WITH_COMMENTS => true,
        _ => return Err(SignatureFault::Algorithm(part)),
    };
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
