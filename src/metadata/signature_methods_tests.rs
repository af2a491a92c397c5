use std::sync::OnceLock;

use super::*;
use crate::{
    xml::door::{Limits, open},
    xmlsec::keys::{KeyRequest, NewKey, generate},
};

const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const RSA_MD5: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-md5";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// RSA 2048, P-256, P-384.
fn keys() -> &'static [SigningKey] {
    static KEYS: OnceLock<Vec<SigningKey>> = OnceLock::new();
    KEYS.get_or_init(|| {
        [NewKey::Rsa2048, NewKey::EcP256, NewKey::EcP384]
            .map(|key| {
                let made = generate(&KeyRequest {
                    common_name: "idp.example",
                    key,
                    not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
                    not_after: "2056-01-01T00:00:00Z".parse().unwrap(),
                });
                SigningKey::from_pem(made.unwrap().pem().as_bytes()).unwrap()
            })
            .into()
    })
}

fn methods(of_entity: &str, of_role: &str) -> SignatureMethods {
    let extensions = |inner: &str| match inner {
        "" => String::new(),
        inner => format!("<md:Extensions>{inner}</md:Extensions>"),
    };
    let xml = format!(
        "<md:EntityDescriptor xmlns:md=\"{}\" xmlns:alg=\"{}\">{}<md:SPSSODescriptor>{}\
         </md:SPSSODescriptor></md:EntityDescriptor>",
        vocab::MD,
        vocab::ALG,
        extensions(of_entity),
        extensions(of_role)
    );
    let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
    let mut children = document.root().children();
    let role = children.find(|child| child.local_name() == "SPSSODescriptor");
    SignatureMethods::read(document.root(), role.unwrap())
}

fn signing(uri: &str) -> String {
    format!("<alg:SigningMethod Algorithm=\"{uri}\"/>")
}

fn sized(word: &str, sizes: &str) -> String {
    format!("<alg:SigningMethod Algorithm=\"{MORE}{word}\" {sizes}/>")
}

fn digest(uri: &str) -> String {
    format!("<alg:DigestMethod Algorithm=\"{uri}\"/>")
}

type Chosen = Result<(u32, SignatureAlgorithm, DigestAlgorithm), SignatureMethodFault>;

fn chosen_of(methods: &SignatureMethods, wish: Option<Signature>, keys: &[SigningKey]) -> Chosen {
    let key = methods.choose(wish, keys, &[])?;
    Ok((key.bits(), key.algorithm(), key.digest()))
}

/// What is chosen where `declared` stands in the role.
fn chosen(declared: &str) -> Chosen {
    chosen_of(&methods("", declared), None, keys())
}

const RSA_256: Chosen = Ok((2048, SignatureAlgorithm::RsaSha256, DigestAlgorithm::Sha256));
const RSA_512: Chosen = Ok((2048, SignatureAlgorithm::RsaSha512, DigestAlgorithm::Sha512));
const EC_256: Chosen = Ok((
    256,
    SignatureAlgorithm::EcdsaSha256,
    DigestAlgorithm::Sha256,
));

#[test]
fn r07_where_nothing_is_declared_the_first_key_signs_with_sha_256() {
    assert_eq!(chosen(""), RSA_256);
    assert_eq!(chosen("<alg:Other/>"), RSA_256);
    let none = SignatureMethods::default();
    let ec = &keys()[1..];
    assert_eq!(chosen_of(&none, None, ec), EC_256);
    let p384 = (
        384,
        SignatureAlgorithm::EcdsaSha256,
        DigestAlgorithm::Sha256,
    );
    assert_eq!(chosen_of(&none, None, &ec[1..]), Ok(p384));
}

#[test]
fn r07_what_is_declared_is_taken_in_its_order_as_far_as_it_is_used_here() {
    let rsa_512 = signing(&format!("{MORE}rsa-sha512"));
    let rsa_256 = signing(&format!("{MORE}rsa-sha256"));
    let ec_256 = signing(&format!("{MORE}ecdsa-sha256"));
    let (sha1, md5) = (signing(RSA_SHA1), signing(RSA_MD5));
    let pss = signing("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1");
    assert_eq!(chosen(&rsa_512), RSA_512);
    assert_eq!(chosen(&[&*rsa_512, &rsa_256].concat()), RSA_512);
    assert_eq!(chosen(&[&*rsa_256, &rsa_512].concat()), RSA_256);
    assert_eq!(chosen(&[&*ec_256, &rsa_256].concat()), EC_256);
    assert_eq!(chosen(&[&*md5, &sha1, &pss, &rsa_512].concat()), RSA_512);
    // What no key of ours can do gives way to the next.
    let rsa_only = &keys()[..1];
    let both = methods("", &[&*ec_256, &rsa_512].concat());
    assert_eq!(chosen_of(&both, None, rsa_only), RSA_512);
}

#[test]
fn r07_where_nothing_that_is_declared_is_to_be_had_nothing_is_signed() {
    let fault = Err(SignatureMethodFault::Signature);
    assert_eq!(chosen(&signing(RSA_SHA1)), fault);
    assert_eq!(chosen(&signing("")), fault);
    assert_eq!(chosen("<alg:SigningMethod/>"), fault);
    let ec_256 = methods("", &signing(&format!("{MORE}ecdsa-sha256")));
    assert_eq!(chosen_of(&ec_256, None, &keys()[..1]), fault);
    assert_eq!(
        chosen(&digest(SHA1)),
        Err(SignatureMethodFault::Digest),
        "a digest alone"
    );
}

#[test]
fn r07_the_sizes_that_are_declared_hold() {
    for (sizes, expected) in [
        ("MinKeySize=\"2048\"", RSA_256),
        ("MaxKeySize=\"2048\"", RSA_256),
        ("MinKeySize=\" 1024 \" MaxKeySize=\"4096\"", RSA_256),
    ] {
        assert_eq!(chosen(&sized("rsa-sha256", sizes)), expected, "{sizes}");
    }
    let p384 = chosen(&sized("ecdsa-sha256", "MinKeySize=\"384\""));
    assert_eq!(p384.map(|(bits, ..)| bits), Ok(384));
    for sizes in [
        "MinKeySize=\"2049\"",
        "MaxKeySize=\"2047\"",
        "MinKeySize=\"many\"",
        "MaxKeySize=\"-1\"",
    ] {
        let fault = Err(SignatureMethodFault::Signature);
        assert_eq!(chosen(&sized("rsa-sha256", sizes)), fault, "{sizes}");
    }
}

#[test]
fn r07_the_digest_is_the_signatures_own_or_else_one_that_is_declared() {
    let (sha_256, sha_384) = (DigestAlgorithm::Sha256, DigestAlgorithm::Sha384);
    let rsa_512 = signing(&format!("{MORE}rsa-sha512"));
    let of = |digests: &[&str]| {
        let digests: String = digests.iter().map(|uri| digest(uri)).collect();
        chosen(&format!("{digests}{rsa_512}")).map(|(.., digest)| digest)
    };
    assert_eq!(
        of(&[sha_256.uri(), DigestAlgorithm::Sha512.uri()]),
        Ok(DigestAlgorithm::Sha512)
    );
    assert_eq!(of(&[SHA1, sha_384.uri(), sha_256.uri()]), Ok(sha_384));
    assert_eq!(of(&[SHA1]), Err(SignatureMethodFault::Digest));
}

#[test]
fn r07_what_the_role_declares_wins_over_what_the_entity_does() {
    let rsa_512 = signing(&format!("{MORE}rsa-sha512"));
    let ec_256 = signing(&format!("{MORE}ecdsa-sha256"));
    let chosen = |entity: &str, role: &str| chosen_of(&methods(entity, role), None, keys());
    assert_eq!(chosen(&rsa_512, ""), RSA_512);
    assert_eq!(chosen(&rsa_512, "<alg:Other/>"), RSA_512);
    assert_eq!(chosen(&rsa_512, &ec_256), EC_256);
    // It does not fall back on what the role does not declare.
    let fault = Err(SignatureMethodFault::Signature);
    assert_eq!(chosen(&rsa_512, &signing(RSA_SHA1)), fault);
}

#[test]
fn r07_the_administrators_word_wins_and_is_kept_or_refused() {
    let rsa_512 = methods("", &signing(&format!("{MORE}rsa-sha512")));
    let chosen = |wish, keys| chosen_of(&rsa_512, Some(wish), keys);
    assert_eq!(chosen(Signature::RsaSha256, keys()), RSA_256);
    assert_eq!(chosen(Signature::RsaSha512, keys()), RSA_512);
    assert_eq!(chosen(Signature::EcdsaSha256, keys()), EC_256);
    let fault = Err(SignatureMethodFault::NoSuchKey);
    assert_eq!(chosen(Signature::EcdsaSha384, &keys()[..1]), fault);
    assert_eq!(chosen(Signature::RsaSha256, &keys()[1..]), fault);
}

#[test]
fn breach_of_iip_alg08_what_is_refused_gives_way_to_the_next_and_signs_nothing() {
    use SignatureAlgorithm::{EcdsaSha256, RsaSha256, RsaSha384, RsaSha512};
    let none = methods("", "");
    let by = |word: &str| format!("{MORE}{word}");
    let rsa_512_then_256 = methods(
        "",
        &[signing(&by("rsa-sha512")), signing(&by("rsa-sha256"))].concat(),
    );
    let without = |refused: &[SignatureAlgorithm], of: &SignatureMethods, keys: &[SigningKey]| {
        let refused: Vec<_> = refused.iter().map(|algorithm| algorithm.uri()).collect();
        of.choose(None, keys, &refused).map(|key| key.algorithm())
    };
    assert_eq!(without(&[RsaSha256], &none, keys()), Ok(RsaSha384));
    assert_eq!(
        without(&[RsaSha512], &rsa_512_then_256, keys()),
        Ok(RsaSha256)
    );
    let rsa = [RsaSha256, RsaSha384, RsaSha512];
    assert_eq!(without(&rsa, &none, keys()), Ok(EcdsaSha256));
    let fault = Err(SignatureMethodFault::Refused);
    assert_eq!(without(&rsa, &none, &keys()[..1]), fault);
    let fault = Err(SignatureMethodFault::Signature);
    assert_eq!(without(&rsa, &rsa_512_then_256, keys()), fault);

    // The digest likewise, declared or not.
    let sha_256 = DigestAlgorithm::Sha256.uri();
    let chosen = none
        .choose(None, keys(), &[sha_256])
        .map(|key| key.digest());
    assert_eq!(chosen, Ok(DigestAlgorithm::Sha384));
    let declared = methods("", &digest(sha_256));
    let fault = SignatureMethodFault::Digest;
    assert_eq!(declared.choose(None, keys(), &[sha_256]).err(), Some(fault));
    let all = DigestAlgorithm::ALL.map(DigestAlgorithm::uri);
    let fault = SignatureMethodFault::Refused;
    assert_eq!(none.choose(None, keys(), &all).err(), Some(fault));
    // What the administrator asks for gives way to nothing.
    for refused in [RsaSha256.uri(), sha_256] {
        let wish = Some(Signature::RsaSha256);
        assert_eq!(none.choose(wish, keys(), &[refused]).err(), Some(fault));
    }
}
