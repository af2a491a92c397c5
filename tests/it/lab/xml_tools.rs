//! xmlsec1 and xmllint, as judges of what we write.
//!
//! Both give `Err` with the tool's own words for a document that they refuse.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::process::{repository, run};

/// An element that may carry a signature.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SignedElement {
    /// `samlp:AuthnRequest`.
    AuthnRequest,
    /// `samlp:Response`.
    Response,
    /// `samlp:LogoutRequest`.
    LogoutRequest,
    /// `samlp:LogoutResponse`.
    LogoutResponse,
    /// `saml:Assertion`, at the top or in a Response.
    Assertion,
    /// `md:EntityDescriptor`.
    EntityDescriptor,
}

impl SignedElement {
    /// Namespace and local name.
    pub(crate) const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::AuthnRequest => (PROTOCOL, "AuthnRequest"),
            Self::Response => (PROTOCOL, "Response"),
            Self::LogoutRequest => (PROTOCOL, "LogoutRequest"),
            Self::LogoutResponse => (PROTOCOL, "LogoutResponse"),
            Self::Assertion => (ASSERTION, "Assertion"),
            Self::EntityDescriptor => (METADATA, "EntityDescriptor"),
        }
    }

    /// Every element that can be signed.
    pub(crate) const ALL: [Self; 6] = [
        Self::AuthnRequest,
        Self::Response,
        Self::LogoutRequest,
        Self::LogoutResponse,
        Self::Assertion,
        Self::EntityDescriptor,
    ];
}

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const XMLENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XMLENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// Has xmlsec1 verify the signature that is a child of the one `element` in `xml`, with the key of
/// the PEM file `certificate` and no other.
///
/// Refuses a document in which the element or its signature is not there exactly once, or where
/// the signature covers something else than its parent.
pub(crate) fn xmlsec1_verify(
    xml: &str,
    certificate: &Path,
    element: SignedElement,
) -> Result<(), String> {
    let (namespace, local) = element.name();
    covers_its_parent(xml, namespace, local)?;
    let folder = TempDir::new().unwrap();
    let document = folder.path().join("document.xml");
    std::fs::write(&document, xml).unwrap();
    let signature = format!(
        "//*[local-name()='{local}' and namespace-uri()='{namespace}']\
         /*[local-name()='Signature' and namespace-uri()='{XMLDSIG}']"
    );
    let identifier = format!("{namespace}:{local}");
    let arguments = [
        "--verify",
        // Nothing from KeyInfo: the key is the one that we name.
        "--enabled-key-data",
        "raw-x509-cert",
        "--enabled-reference-uris",
        "same-doc",
        "--id-attr:ID",
        &identifier,
        "--node-xpath",
        &signature,
        "--pubkey-cert-pem",
        certificate.to_str().unwrap(),
        document.to_str().unwrap(),
    ];
    match run("xmlsec1", &arguments, &[]) {
        (true, _) => Ok(()),
        (false, words) => Err(words),
    }
}

/// Has xmlsec1 decrypt the one `EncryptedData` in `xml` with the private key of the PEM file `key`:
/// gives what was encrypted.
pub(crate) fn xmlsec1_decrypt(xml: &str, key: &Path) -> Result<String, String> {
    decrypt(xml, "xmlsec1", &["--decrypt", "--privkey-pem", at(key)])
}

/// The same by the libxmlsec1 that python3-saml brings along: 1.3, which knows XML Encryption 1.1 and
/// not only its AES-GCM, as the program of Debian 12 does.
pub(crate) fn libxmlsec1_decrypt(xml: &str, key: &Path) -> Result<String, String> {
    let python = repository().join("lab/venv-python3-saml/bin/python");
    let script = repository().join("tests/peers/decrypt.py");
    decrypt(xml, at(&python), &["-B", at(&script), at(key)])
}

/// Runs a tool that decrypts, and is given a document that is the `EncryptedData` alone: nothing
/// around it can lend a namespace to what is inside.
fn decrypt(xml: &str, program: &str, arguments: &[&str]) -> Result<String, String> {
    let tree = roxmltree::Document::parse(xml).map_err(|fault| fault.to_string())?;
    let mut found = tree
        .descendants()
        .filter(|node| node.has_tag_name((XMLENC, "EncryptedData")));
    let (Some(data), None) = (found.next(), found.next()) else {
        return Err("not exactly one EncryptedData".to_owned());
    };
    let folder = TempDir::new().unwrap();
    let (document, plain) = (folder.path().join("in.xml"), folder.path().join("out.xml"));
    std::fs::write(&document, xml.get(data.range()).unwrap()).unwrap();
    let files = ["--output", at(&plain), at(&document)];
    match run(program, &[arguments, &files].concat(), &[]) {
        (true, _) => Ok(std::fs::read_to_string(plain).unwrap()),
        (false, words) => Err(words),
    }
}

fn at(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// xmlsec1 follows the Reference wherever it points; this sees to it that it points to the parent.
fn covers_its_parent(xml: &str, namespace: &str, local: &str) -> Result<(), String> {
    let tree = roxmltree::Document::parse(xml).map_err(|fault| fault.to_string())?;
    let mut parents = tree
        .descendants()
        .filter(|node| node.has_tag_name((namespace, local)));
    let (Some(parent), None) = (parents.next(), parents.next()) else {
        return Err(format!("not exactly one {local}"));
    };
    let mut signatures = parent
        .children()
        .filter(|node| node.has_tag_name((XMLDSIG, "Signature")));
    let (Some(signature), None) = (signatures.next(), signatures.next()) else {
        return Err(format!("not exactly one Signature in {local}"));
    };
    let references: Vec<&str> = signature
        .descendants()
        .filter(|node| node.has_tag_name((XMLDSIG, "Reference")))
        .filter_map(|node| node.attribute("URI"))
        .collect();
    let own = format!("#{}", parent.attribute("ID").unwrap_or_default());
    if references == [own.as_str()] {
        Ok(())
    } else {
        Err(format!(
            "{local} is {own}, its signature covers {references:?}"
        ))
    }
}

/// An OASIS schema, and that of XML Encryption 1.1, which those of OASIS do not import.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Schema {
    /// Requests and Responses: saml-schema-protocol-2.0.xsd.
    Protocol,
    /// Metadata: saml-schema-metadata-2.0.xsd.
    Metadata,
}

const SAML_SCHEMAS: &str = "/usr/share/xml/opensaml";
const XML_SCHEMAS: &str = "/usr/share/xml/xmltooling";

/// Has xmllint check `xml` against `schema`, without the network.
pub(crate) fn xmllint_schema(xml: &str, schema: Schema) -> Result<(), String> {
    let (namespace, file) = match schema {
        Schema::Protocol => (PROTOCOL, "saml-schema-protocol-2.0.xsd"),
        Schema::Metadata => (METADATA, "saml-schema-metadata-2.0.xsd"),
    };
    let imports = [
        (namespace, Path::new(SAML_SCHEMAS).join(file)),
        (XMLENC11, Path::new(XML_SCHEMAS).join("xenc11-schema.xsd")),
    ];
    let imports = imports.map(|(namespace, file)| {
        let address = installed(&file);
        format!(r#"<import namespace="{namespace}" schemaLocation="{address}"/>"#)
    });
    let folder = TempDir::new().unwrap();
    let (schema, document) = ["schema.xsd", "document.xml"]
        .map(|name| folder.path().join(name))
        .into();
    let both = imports.concat();
    let both = format!(r#"<schema xmlns="http://www.w3.org/2001/XMLSchema">{both}</schema>"#);
    std::fs::write(&schema, both).unwrap();
    std::fs::write(&document, xml).unwrap();
    let catalog = catalog(folder.path());
    let arguments = [
        "--nonet",
        "--noout",
        "--schema",
        schema.to_str().unwrap(),
        document.to_str().unwrap(),
    ];
    match run("xmllint", &arguments, &[("XML_CATALOG_FILES", &catalog)]) {
        (true, _) => Ok(()),
        (false, words) => Err(words),
    }
}

/// The address of a file that has to be there.
fn installed(file: &Path) -> String {
    assert!(
        file.exists(),
        "{} is missing: run scripts/install test",
        file.display()
    );
    format!("file://{}", file.display())
}

/// The schemas name those of the W3C by their addresses; the catalog says where they lie here.
fn catalog(folder: &Path) -> PathBuf {
    let entries: String = [
        (
            "http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd",
            "xmldsig-core-schema.xsd",
        ),
        (
            "http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd",
            "xenc-schema.xsd",
        ),
        ("http://www.w3.org/2001/xml.xsd", "xml.xsd"),
    ]
    .map(|(address, file)| {
        let here = installed(&Path::new(XML_SCHEMAS).join(file));
        format!(r#"<system systemId="{address}" uri="{here}"/>"#)
    })
    .concat();
    let file = folder.join("catalog.xml");
    std::fs::write(
        &file,
        format!(
            r#"<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">{entries}</catalog>"#
        ),
    )
    .unwrap();
    file
}
