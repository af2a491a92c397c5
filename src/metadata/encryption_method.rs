//! Chooses how to encrypt to a key, out of what its `KeyDescriptor` says that its owner reads
//! (saml-metadata-2.0 §2.4.1.1, `EncryptionMethod`).
//!
//! The order is ours, whatever the order of the file: AES-256-GCM before AES-128-GCM, and
//! `rsa-oaep-mgf1p` before `rsa-oaep`, since more readers read it and neither is weaker. Where no
//! cipher is listed, or no way to encrypt its key, each of that order may be chosen, with the settings
//! that the standard gives it. What is not allowed here is never chosen, though it be all that is
//! listed, neither is what is not listed where something else is, nor what the administrator
//! refuses (IIP-ALG08). What the administrator asks for comes before all that is listed, and nothing in
//! its place.

use crate::{
    config::{sections, sp::SpConfig},
    model::vocab,
    xml::door::Element,
    xmlsec::encryption_algorithm::{
        BlockEncryption, EncryptionMethods, KeyTransport, OaepDigest, XMLENC, XMLENC11,
    },
};

/// What the administrator says of the encryption to one provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'r> {
    cipher: Option<BlockEncryption>,
    key_transport: Option<KeyTransport>,
    /// The URIs of the algorithms that are never used.
    refused: &'r [&'static str],
}

impl<'r> Wish<'r> {
    /// What stands in the configuration of the provider; `refused` are URIs.
    pub(super) fn of(config: &SpConfig, refused: &'r [&'static str]) -> Self {
        Self {
            cipher: config.cipher.map(wished_cipher),
            key_transport: config.key_transport.map(wished_transport),
            refused,
        }
    }

    /// Where nothing is asked for.
    #[cfg(test)]
    pub(super) const fn refusing(refused: &'r [&'static str]) -> Self {
        Self {
            cipher: None,
            key_transport: None,
            refused,
        }
    }

    /// The same, if nothing were refused.
    pub(super) const fn unrefused(self) -> Self {
        Self {
            refused: &[],
            ..self
        }
    }

    fn allows(&self, uri: &str) -> bool {
        !self.refused.contains(&uri)
    }
}

const fn wished_cipher(cipher: sections::Cipher) -> BlockEncryption {
    match cipher {
        sections::Cipher::Aes128Gcm => BlockEncryption::Aes128Gcm,
        sections::Cipher::Aes256Gcm => BlockEncryption::Aes256Gcm,
    }
}

const fn wished_transport(transport: sections::KeyTransport) -> KeyTransport {
    let digest = match transport {
        sections::KeyTransport::RsaOaepMgf1p => {
            return KeyTransport::RsaOaepMgf1p {
                digest: OaepDigest::Sha1,
            };
        }
        sections::KeyTransport::RsaOaepSha256 => OaepDigest::Sha256,
        sections::KeyTransport::RsaOaepSha384 => OaepDigest::Sha384,
        sections::KeyTransport::RsaOaepSha512 => OaepDigest::Sha512,
    };
    KeyTransport::RsaOaep {
        digest,
        mask: digest,
    }
}

/// Chooses for the key of `descriptor` as the administrator wishes; none where nothing that is asked for,
/// or listed where nothing is, is allowed here.
pub(super) fn choose(descriptor: Element<'_, '_>, wish: Wish<'_>) -> Option<EncryptionMethods> {
    let listed: Vec<_> = descriptor
        .children()
        .filter(|child| child.is(vocab::MD, "EncryptionMethod"))
        .collect();
    Some(EncryptionMethods {
        block: match wish.cipher {
            Some(cipher) => Some(cipher).filter(|cipher| wish.allows(cipher.uri())),
            None => choose_block(&listed, wish.refused),
        }?,
        transport: match wish.key_transport {
            Some(transport) => Some(transport).filter(|transport| {
                let digests = [transport.digest(), transport.mask()];
                wish.allows(transport.uri()) && digests.iter().all(|it| wish.allows(it.uri()))
            }),
            None => choose_transport(&listed, wish.refused),
        }?,
    })
}

fn choose_block(listed: &[Element<'_, '_>], refused: &[&'static str]) -> Option<BlockEncryption> {
    let named: Vec<_> = listed
        .iter()
        .map(algorithm)
        .filter(|name| !encrypts_a_key(name))
        .collect();
    BlockEncryption::ALL
        .into_iter()
        .filter(|known| !refused.contains(&known.uri()))
        .find(|known| named.is_empty() || named.contains(&known.uri()))
}

fn choose_transport(listed: &[Element<'_, '_>], refused: &[&'static str]) -> Option<KeyTransport> {
    let digests: Vec<_> = OaepDigest::ALL
        .into_iter()
        .filter(|digest| !refused.contains(&digest.uri()))
        .collect();
    let named: Vec<_> = listed
        .iter()
        .filter(|method| encrypts_a_key(algorithm(method)))
        .collect();
    KeyTransport::UNSTATED
        .into_iter()
        .filter(|unstated| !refused.contains(&unstated.uri()))
        .find_map(|unstated| {
            if named.is_empty() {
                let uses = [unstated.digest(), unstated.mask()];
                return Some(unstated).filter(|_| uses.iter().all(|used| digests.contains(used)));
            }
            named
                .iter()
                .filter(|method| algorithm(method) == unstated.uri())
                .find_map(|method| read_transport(method, &digests))
        })
}

/// Whether that is the name of a way to encrypt or agree on a cipher's key (xmlenc-core1 §5.5 to §5.7).
/// Every other name is taken for a cipher's, one that is not known here, too: its owner reads that
/// one, and not ours.
fn encrypts_a_key(name: &str) -> bool {
    let (_, word) = name.rsplit_once('#').unwrap_or_default();
    ["rsa-", "kw-", "dh", "ECDH"]
        .iter()
        .any(|kind| word.starts_with(kind))
}

fn algorithm<'t>(method: &Element<'t, '_>) -> &'t str {
    method.attribute("Algorithm").unwrap_or_default()
}

/// Reads one RSA-OAEP with digests of `allowed`; none where it asks for a setting that is not used
/// here.
fn read_transport(method: &Element<'_, '_>, allowed: &[OaepDigest]) -> Option<KeyTransport> {
    // A label, which nobody uses: SAML knows none.
    if method
        .children()
        .any(|child| child.is(XMLENC, "OAEPparams"))
    {
        return None;
    }
    let read = |name, uri: fn(OaepDigest) -> &'static str| read_digest(method, name, uri, allowed);
    let digest = read((vocab::DS, "DigestMethod"), OaepDigest::uri)?;
    if algorithm(method) == KeyTransport::RSA_OAEP_MGF1P {
        return Some(KeyTransport::RsaOaepMgf1p { digest });
    }
    let mask = read((XMLENC11, "MGF"), OaepDigest::mgf_uri)?;
    Some(KeyTransport::RsaOaep { digest, mask })
}

/// The digest that the children of `name` name: the first one of `allowed`, and the standard's where
/// there is no such child; none where only others are named.
fn read_digest(
    method: &Element<'_, '_>,
    (namespace, local_name): (&str, &str),
    uri: fn(OaepDigest) -> &'static str,
    allowed: &[OaepDigest],
) -> Option<OaepDigest> {
    let mut named = method
        .children()
        .filter(|child| child.is(namespace, local_name))
        .map(|child| algorithm(&child))
        .peekable();
    if named.peek().is_none() {
        let mut digests = allowed.iter().copied();
        return digests.find(|digest| *digest == OaepDigest::default());
    }
    named.find_map(|name| allowed.iter().copied().find(|digest| uri(*digest) == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, open};

    const GCM_256: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    const GCM_192: &str = "http://www.w3.org/2009/xmlenc11#aes192-gcm";
    const GCM_128: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
    const CBC_128: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
    const TRIPLE_DES: &str = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc";
    const MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
    const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
    const RSA_1_5: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
    const SHA_256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
    const SHA_512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";
    const MD5: &str = "http://www.w3.org/2001/04/xmldsig-more#md5";
    const MGF_SHA_384: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha384";

    /// A method with settings of the name and algorithm.
    fn method(algorithm: &str, settings: &[(&str, &str)]) -> String {
        let setting = |(name, value): &(&str, &str)| format!("<{name} Algorithm=\"{value}\"/>");
        let settings = settings.iter().map(setting).collect::<Vec<_>>().concat();
        format!("<md:EncryptionMethod Algorithm=\"{algorithm}\">{settings}</md:EncryptionMethod>")
    }

    fn chosen_of(methods: &str) -> Option<(BlockEncryption, KeyTransport)> {
        chosen_without(&[], methods)
    }

    fn chosen_without(
        refused: &[&'static str],
        methods: &str,
    ) -> Option<(BlockEncryption, KeyTransport)> {
        chosen_by(Wish::refusing(refused), methods)
    }

    fn chosen_by(wish: Wish<'_>, methods: &str) -> Option<(BlockEncryption, KeyTransport)> {
        let xml = format!(
            "<md:KeyDescriptor xmlns:md=\"{}\" xmlns:ds=\"{}\" xmlns:xenc=\"{XMLENC}\" \
             xmlns:xenc11=\"{XMLENC11}\"><ds:KeyInfo/>{methods}</md:KeyDescriptor>",
            vocab::MD,
            vocab::DS
        );
        let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
        let chosen = choose(document.root(), wish)?;
        Some((chosen.block, chosen.transport))
    }

    fn chosen(listed: &[&str]) -> Option<(BlockEncryption, KeyTransport)> {
        let methods: String = listed.iter().map(|name| method(name, &[])).collect();
        chosen_of(&methods)
    }

    const MGF1P_SHA1: KeyTransport = KeyTransport::RsaOaepMgf1p {
        digest: OaepDigest::Sha1,
    };

    #[test]
    fn r45_sdp_alg01_where_nothing_is_listed_it_is_aes_256_gcm_with_rsa_oaep_mgf1p() {
        let first = Some((BlockEncryption::Aes256Gcm, MGF1P_SHA1));
        assert_eq!(chosen(&[]), first);
        assert_eq!(chosen(&[MGF1P]), first, "no cipher is listed");
        assert_eq!(chosen(&[GCM_256]), first, "no way for its key is listed");
    }

    #[test]
    fn r45_what_is_listed_is_honoured_in_our_order_and_not_in_that_of_the_file() {
        let (aes_128, aes_256) = (BlockEncryption::Aes128Gcm, BlockEncryption::Aes256Gcm);
        for (listed, block) in [
            (&[GCM_128][..], aes_128),
            (&[GCM_128, GCM_256], aes_256),
            (&[CBC_128, GCM_192, GCM_128, TRIPLE_DES], aes_128),
            (&[CBC_128, GCM_256, RSA_1_5, MGF1P], aes_256),
            (&[RSA_1_5, OAEP, MGF1P, GCM_128], aes_128),
        ] {
            assert_eq!(chosen(listed), Some((block, MGF1P_SHA1)), "{listed:?}");
        }
    }

    #[test]
    fn r45_breach_of_iip_alg04_sdp_alg01_neither_cbc_nor_rsa_1_5_is_chosen_though_it_be_all_that_is_listed()
     {
        for listed in [
            &[CBC_128][..],
            &[TRIPLE_DES, MGF1P],
            &[GCM_192],
            &[RSA_1_5],
            &[GCM_256, RSA_1_5],
            &["http://www.w3.org/2009/xmlenc11#AES256-gcm", GCM_192],
        ] {
            assert_eq!(chosen(listed), None, "{listed:?}");
        }
    }

    #[test]
    fn r45_where_only_others_are_listed_than_are_known_here_nothing_is_chosen() {
        const ARCFOUR: &str = "http://www.w3.org/2001/04/xmldsig-more#arcfour";
        const CHACHA_20: &str = "http://www.w3.org/2021/04/xmldsig-more#chacha20poly1305";
        const AES_WRAP: &str = "http://www.w3.org/2001/04/xmlenc#kw-aes256";
        const AGREEMENT: &str = "http://www.w3.org/2009/xmlenc11#ECDH-ES";
        for listed in [
            &[ARCFOUR][..],
            &[CHACHA_20],
            &[CHACHA_20, MGF1P],
            &["urn:of-another-kind"],
            &[""],
            &[AES_WRAP],
            &[AGREEMENT],
            &[GCM_256, AGREEMENT, AES_WRAP],
        ] {
            assert_eq!(chosen(listed), None, "{listed:?}");
        }
        let known = [ARCFOUR, CHACHA_20, AES_WRAP, AGREEMENT, GCM_128, MGF1P];
        let expected = Some((BlockEncryption::Aes128Gcm, MGF1P_SHA1));
        assert_eq!(chosen(&known), expected);
    }

    #[test]
    fn r45_the_settings_of_rsa_oaep_are_those_that_are_listed() {
        let transport = |methods: &str| chosen_of(methods).map(|(_, transport)| transport);
        let sha_256 = [("ds:DigestMethod", SHA_256)];
        let both = [("ds:DigestMethod", SHA_256), ("xenc11:MGF", MGF_SHA_384)];
        let several = [("ds:DigestMethod", MD5), ("ds:DigestMethod", SHA_512)];
        let oaep = |digest, mask| Some(KeyTransport::RsaOaep { digest, mask });
        for (methods, expected) in [
            (
                method(MGF1P, &sha_256),
                Some(KeyTransport::RsaOaepMgf1p {
                    digest: OaepDigest::Sha256,
                }),
            ),
            (method(OAEP, &[]), oaep(OaepDigest::Sha1, OaepDigest::Sha1)),
            (
                method(OAEP, &sha_256),
                oaep(OaepDigest::Sha256, OaepDigest::Sha1),
            ),
            (
                method(OAEP, &both),
                oaep(OaepDigest::Sha256, OaepDigest::Sha384),
            ),
            (
                method(OAEP, &several),
                oaep(OaepDigest::Sha512, OaepDigest::Sha1),
            ),
        ] {
            assert_eq!(transport(&methods), expected, "{methods}");
        }
    }

    #[test]
    fn r45_breach_of_iip_alg06_a_method_with_a_setting_that_is_not_used_here_gives_way_to_the_next()
    {
        let md5 = method(MGF1P, &[("ds:DigestMethod", MD5)]);
        let mask = method(OAEP, &[("xenc11:MGF", "urn:mask")]);
        let label = method(OAEP, &[("xenc:OAEPparams", "")]);
        for unusable in [&md5, &mask, &label] {
            assert_eq!(chosen_of(unusable), None, "{unusable}");
            let then = format!("{unusable}{}", method(MGF1P, &[]));
            let expected = Some((BlockEncryption::Aes256Gcm, MGF1P_SHA1));
            assert_eq!(chosen_of(&then), expected, "{then}");
        }
    }

    #[test]
    fn iip_alg08_what_is_refused_is_passed_over_listed_or_not() {
        let gcm_128 = Some((BlockEncryption::Aes128Gcm, MGF1P_SHA1));
        assert_eq!(chosen_without(&[GCM_256], ""), gcm_128);
        let both = [method(GCM_256, &[]), method(GCM_128, &[])].concat();
        assert_eq!(chosen_without(&[GCM_256], &both), gcm_128);
        assert_eq!(chosen_without(&[GCM_256, GCM_128], &both), None);
        let oaep = |digest, mask| {
            let transport = KeyTransport::RsaOaep { digest, mask };
            Some((BlockEncryption::Aes256Gcm, transport))
        };
        // Where no way for the key is listed, none is excluded.
        let unstated = oaep(OaepDigest::Sha1, OaepDigest::Sha1);
        assert_eq!(chosen_without(&[MGF1P], ""), unstated);
        assert_eq!(chosen_without(&[MGF1P], &method(GCM_256, &[])), unstated);
        assert_eq!(chosen_without(&[MGF1P], &method(MGF1P, &[])), None);
        assert_eq!(chosen_without(&[MGF1P, OAEP], ""), None);
        let sha_256 = [("ds:DigestMethod", SHA_256)];
        let both = [method(MGF1P, &[]), method(OAEP, &sha_256)].concat();
        let expected = oaep(OaepDigest::Sha256, OaepDigest::Sha1);
        assert_eq!(chosen_without(&[MGF1P], &both), expected);
        let expected = Some((BlockEncryption::Aes256Gcm, MGF1P_SHA1));
        assert_eq!(chosen_without(&[SHA_256], &both), expected);
        assert_eq!(chosen_without(&[MGF1P, SHA_256], &both), None);
    }

    #[test]
    fn iip_alg08_of_several_digests_the_first_that_is_not_refused_is_chosen() {
        let digests = [("ds:DigestMethod", SHA_256), ("ds:DigestMethod", SHA_512)];
        let masks = [
            ("xenc11:MGF", "http://www.w3.org/2009/xmlenc11#mgf1sha256"),
            ("xenc11:MGF", MGF_SHA_384),
        ];
        let all = method(OAEP, &[digests, masks].concat());
        let transport = |refused: &[&'static str]| {
            chosen_without(refused, &all).map(|(_, transport)| transport)
        };
        let oaep = |digest, mask| Some(KeyTransport::RsaOaep { digest, mask });
        let (sha_256, sha_384) = (OaepDigest::Sha256, OaepDigest::Sha384);
        assert_eq!(transport(&[]), oaep(sha_256, sha_256));
        assert_eq!(transport(&[SHA_256]), oaep(OaepDigest::Sha512, sha_384));
        assert_eq!(transport(&[SHA_256, SHA_512]), None);
        assert_eq!(transport(&[SHA_256, sha_384.uri()]), None);
    }

    #[test]
    fn r45_what_the_administrator_asks_for_comes_before_what_is_listed_and_nothing_in_its_place() {
        let nothing = Wish::refusing(&[]);
        let aes_128 = Wish {
            cipher: Some(wished_cipher(sections::Cipher::Aes128Gcm)),
            ..nothing
        };
        let sha_512 = Wish {
            key_transport: Some(wished_transport(sections::KeyTransport::RsaOaepSha512)),
            ..nothing
        };
        let oaep_512 = KeyTransport::RsaOaep {
            digest: OaepDigest::Sha512,
            mask: OaepDigest::Sha512,
        };
        let listed = [method(GCM_256, &[]), method(MGF1P, &[])].concat();
        for methods in ["", &listed, &method(CBC_128, &[]), &method(RSA_1_5, &[])] {
            let both = Wish {
                cipher: aes_128.cipher,
                ..sha_512
            };
            let expected = Some((BlockEncryption::Aes128Gcm, oaep_512));
            assert_eq!(chosen_by(both, methods), expected, "{methods}");
        }
        // What is not asked for is chosen as ever.
        let expected = Some((BlockEncryption::Aes128Gcm, MGF1P_SHA1));
        assert_eq!(chosen_by(aes_128, &listed), expected);
        assert_eq!(chosen_by(aes_128, &method(RSA_1_5, &[])), None);
        let expected = Some((BlockEncryption::Aes256Gcm, oaep_512));
        assert_eq!(chosen_by(sha_512, &listed), expected);
        assert_eq!(chosen_by(sha_512, &method(CBC_128, &[])), None);
        for (wish, refused) in [
            (aes_128, [GCM_128]),
            (sha_512, [OAEP]),
            (sha_512, [SHA_512]),
        ] {
            let refusing = Wish {
                refused: &refused,
                ..wish
            };
            assert_eq!(chosen_by(refusing, &listed), None, "{refused:?}");
            assert!(chosen_by(refusing.unrefused(), &listed).is_some());
        }
    }
}
