use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::ec::PointConversionForm;

use super::super::test_support::{TestKey, sp_key};
use super::*;
use crate::xml::{Limits, open};

const CURVES: [(Nid, &str); 3] = [
    (Nid::X9_62_PRIME256V1, "urn:oid:1.2.840.10045.3.1.7"),
    (Nid::SECP384R1, "urn:oid:1.3.132.0.34"),
    (Nid::SECP521R1, "urn:oid:1.3.132.0.35"),
];

/// Reads what stands in a `ds:KeyValue`; `e` is the prefix of XML Signature 1.1.
fn read(content: &str) -> Result<VerifyingKey, KeyFault> {
    let xml = format!("<ds:KeyValue xmlns:ds='{DSIG}' xmlns:e='{DSIG11}'>{content}</ds:KeyValue>");
    let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
    VerifyingKey::from_key_value(document.root())
}

fn rsa(modulus: &str, exponent: &str) -> String {
    format!(
        "<ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>{exponent}</ds:Exponent>\
         </ds:RSAKeyValue>"
    )
}

fn modulus(key: &TestKey) -> String {
    STANDARD.encode(key.key.rsa().unwrap().n().to_vec())
}

fn ec(curve: &str, point: &[u8]) -> String {
    format!(
        "<e:ECKeyValue><e:NamedCurve URI='{curve}'/><e:PublicKey>{}</e:PublicKey></e:ECKeyValue>",
        STANDARD.encode(point)
    )
}

fn point(key: &TestKey, form: PointConversionForm) -> Vec<u8> {
    let key = key.key.ec_key().unwrap();
    let mut context = BigNumContext::new().unwrap();
    key.public_key()
        .to_bytes(key.group(), form, &mut context)
        .unwrap()
}

#[test]
fn r92_an_rsa_key_is_read_from_its_numbers_wrapped_or_not() {
    let (head, tail) = {
        let text = modulus(sp_key());
        let (head, tail) = text.split_at(64);
        (head.to_owned(), tail.to_owned())
    };
    for content in [
        rsa(&format!("{head}{tail}"), "AQAB"),
        rsa(&format!("\n  {head}\r\n\t{tail} "), " AQ AB "),
    ] {
        let key = read(&content).unwrap();
        assert!(key.is_same_key(&sp_key().verifying()));
        assert_eq!(
            (key.kind(), key.certificate()),
            (super::super::algorithm::KeyKind::Rsa, None)
        );
    }
}

#[test]
fn r92_a_key_on_each_curve_is_read_from_its_point() {
    for (curve, uri) in CURVES {
        let key = TestKey::ec(curve);
        let whole = point(&key, PointConversionForm::UNCOMPRESSED);
        assert!(
            read(&ec(uri, &whole))
                .unwrap()
                .is_same_key(&key.verifying())
        );
        // The other curves have points of other lengths.
        for (other, _) in CURVES.iter().filter(|(other, _)| *other != curve) {
            let whole = point(&TestKey::ec(*other), PointConversionForm::UNCOMPRESSED);
            assert!(matches!(read(&ec(uri, &whole)), Err(KeyFault::Crypto(_))));
        }
    }
}

#[test]
fn r07_a_bare_key_is_held_to_what_one_in_a_certificate_is() {
    let small = modulus(&TestKey::rsa(1024));
    let good = modulus(sp_key());
    let other_curve = TestKey::ec(Nid::SECP224R1);
    let other_curve = point(&other_curve, PointConversionForm::UNCOMPRESSED);
    for weak in [
        rsa(&small, "AQAB"),
        // Exponents of 1, 2 and 65536.
        rsa(&good, "AQ=="),
        rsa(&good, "Ag=="),
        rsa(&good, "AQAA"),
        rsa(&good, ""),
        ec("urn:oid:1.3.132.0.33", &other_curve),
        ec("", &other_curve),
    ] {
        assert!(
            matches!(read(&weak), Err(KeyFault::UnsupportedSize)),
            "{weak}"
        );
    }
}

#[test]
fn r07_what_is_no_point_of_its_curve_is_no_key() {
    let (curve, uri) = CURVES[0];
    let key = TestKey::ec(curve);
    let whole = point(&key, PointConversionForm::UNCOMPRESSED);
    let mut beside = whole.clone();
    *beside.last_mut().unwrap() ^= 1;
    let longer = [&whole[..], &[0]].concat();
    for bad in [&beside, &longer, &whole[..64].to_vec(), &vec![4]] {
        assert!(
            matches!(read(&ec(uri, bad)), Err(KeyFault::Crypto(_))),
            "{bad:?}"
        );
    }
    let compressed = point(&key, PointConversionForm::COMPRESSED);
    let hybrid = point(&key, PointConversionForm::HYBRID);
    for other_form in [&compressed, &hybrid, &vec![0], &Vec::new()] {
        assert!(
            matches!(read(&ec(uri, other_form)), Err(KeyFault::KeyValue)),
            "{other_form:?}"
        );
    }
}

#[test]
fn r02_what_does_not_have_the_shape_is_no_key() {
    let good = rsa(&modulus(sp_key()), "AQAB");
    let exponent = "<ds:Exponent>AQAB</ds:Exponent>";
    let written_out =
        "<e:ECKeyValue><e:ECParameters/><e:PublicKey>BA==</e:PublicKey></e:ECKeyValue>";
    for bad in [
        String::new(),
        good.repeat(2),
        good.replace(exponent, ""),
        good.replace(exponent, &exponent.repeat(2)),
        good.replace("AQAB", "AQ<x/>AB"),
        good.replace("AQAB", "?"),
        good.replace("AQAB", "AQA"),
        // In the other namespace.
        good.replace("ds:Exponent", "e:Exponent"),
        written_out.to_owned(),
        written_out.replace("<e:ECParameters/>", "<e:NamedCurve/>"),
    ] {
        assert!(matches!(read(&bad), Err(KeyFault::KeyValue)), "{bad}");
    }
    for other_kind in [
        "<ds:DSAKeyValue/>".to_owned(),
        good.replace("ds:RSAKeyValue", "e:RSAKeyValue"),
        written_out.replace("e:ECKeyValue", "ds:ECKeyValue"),
    ] {
        assert!(
            matches!(read(&other_kind), Err(KeyFault::UnsupportedKind)),
            "{other_kind}"
        );
    }
}

#[test]
fn r06_a_number_that_no_key_needs_is_not_decoded() {
    let good = modulus(sp_key());
    let filled = |length: usize| {
        rsa(
            &format!("{good}{}", " ".repeat(length - good.len())),
            "AQAB",
        )
    };
    assert!(read(&filled(MAX_CHARS)).is_ok());
    assert!(matches!(
        read(&filled(MAX_CHARS + 1)),
        Err(KeyFault::KeyValue)
    ));
}
