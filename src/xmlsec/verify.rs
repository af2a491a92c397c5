//! Verifies signatures on a fixed profile: what saml-core-2.0 §5.4 allows.
//!
//! Everything that a signature could say about itself is compared with the one
//! thing that is allowed, not followed: no reference is resolved, no transform
//! is run that was not expected, and `KeyInfo` is not read. What is handed back
//! is a view that shows the signed element, without the signature and without
//! what is around it (R-01). There is no way to a [`Verified`] but success (R-08).

use super::algorithm::{Allowed, DSIG, PeerAlgorithm};
use super::keys::VerifyingKey;
use super::signature::{EcdsaForm, is_signed};
use super::signature_element::{Leave, ReadSignature, peer_algorithm};
use super::signature_fault::SignatureFault;
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
    let mut signatures = signatures_below(root);
    let own = signatures.next();
    let others = signatures.count();
    verify_root(root, (own, others), keys, allowed)
}

/// Verifies the signature over the root of a document whose parts may carry signatures of their own: a file of
/// metadata, of which each entity may be signed by itself too (saml-metadata-2.0 §2.3.2, §3.1.1).
///
/// One signature stands directly in the root, and counts. Those of parts are what it signs like all else there: they are
/// neither verified nor do they vouch for anything, as whoever publishes the file vouches for the whole of it
/// (IIP-MD03).
///
/// # Errors
///
/// The first thing wrong. The document must not be read further.
pub fn verify_enveloped_whole<'t, 'i>(
    root: Element<'t, 'i>,
    keys: &[VerifyingKey],
    allowed: Allowed<'_>,
) -> Result<Verified<Element<'t, 'i>>, SignatureFault> {
    let mut direct = root.children().filter(|child| child.is(DSIG, "Signature"));
    let own = direct.next();
    // One in that signature itself goes with it, and is signed by nobody.
    let inside = own.map_or(0, |own| signatures_below(own).skip(1).count());
    let others = direct.count().saturating_add(inside);
    verify_root(root, (own, others), keys, allowed)
}

/// Verifies the document's root by its own signature; how many others there are that may not be.
fn verify_root<'t, 'i>(
    root: Element<'t, 'i>,
    (own, others): (Option<Element<'t, 'i>>, usize),
    keys: &[VerifyingKey],
    allowed: Allowed<'_>,
) -> Result<Verified<Element<'t, 'i>>, SignatureFault> {
    if keys.is_empty() {
        return Err(SignatureFault::NoKeys);
    }
    if root.parent().is_some() {
        return Err(SignatureFault::Misplaced);
    }
    let signature = own.ok_or(SignatureFault::Unsigned)?;
    if others > 0 {
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

#[cfg(test)]
#[path = "verify_algorithm_tests.rs"]
mod algorithm_tests;

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "verify_wrapping_tests.rs"]
mod wrapping_tests;
