//! Our XML security against programs that share no line with it: libxml2's
//! canonicaliser (itself, and `xmllint`) and xmlsec1, as signer and as verifier.
//!
//! Debian packages `libxml2-utils` and `xmlsec1`, and a Python that calls libxml2. A missing program fails the
//! run. Documents are made by a seeded generator, so a failure repeats.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use passerelle::xml::c14n::{C14nFault, ExclusiveC14n, InclusiveC14n};
use passerelle::xml::{Canonical, Element, Limits, Writer, open};
use passerelle::xmlsec::keys::{KeyRequest, NewKey, generate};
use passerelle::xmlsec::{
    Allowed, SigningKey, VerifyingKey, sign, verify_enveloped, verify_enveloped_element,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use tempfile::TempDir;

const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const INCLUSIVE: [&str; 4] = [
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2006/12/xml-c14n11#WithComments",
];
const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Makes elements of every shape that canonicalisation treats in its own way.
struct Generator {
    random: StdRng,
    /// Prefixes and their namespaces, innermost last; no prefix is the default.
    scope: Vec<(&'static str, &'static str)>,
    has_comments: bool,
}

impl Generator {
    fn new(seed: u64, has_comments: bool) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            scope: Vec::new(),
            has_comments,
        }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.random_range(0..from.len())]
    }

    fn namespace_of(&self, prefix: &str) -> Option<&'static str> {
        let found = self.scope.iter().rev().find(|(name, _)| *name == prefix);
        found.map(|(_, uri)| *uri)
    }

    fn usable_prefix(&mut self) -> &'static str {
        let prefix = self.pick(&["", "p", "q", "r", "é"]);
        self.namespace_of(prefix).map_or("", |_| prefix)
    }

    fn declarations(&mut self, out: &mut String) {
        let mut declared: Vec<&str> = Vec::new();
        for _ in 0..self.random.random_range(0..4) {
            let prefix = self.pick(&["", "p", "q", "r", "é"]);
            if declared.contains(&prefix) {
                continue;
            }
            declared.push(prefix);
            let mut uri = self.pick(&["urn:1", "urn:2", "http://a.example/b?c=d", "x-y:+z.1%20"]);
            if prefix.is_empty() {
                uri = self.pick(&[uri, ""]);
                write!(out, " xmlns='{uri}'").unwrap();
            } else {
                write!(out, " xmlns:{prefix}=\"{uri}\"").unwrap();
            }
            self.scope.push((prefix, uri));
        }
    }

    fn attributes(&mut self, out: &mut String) {
        let mut taken: Vec<(&str, &str)> = Vec::new();
        for _ in 0..self.random.random_range(0..5) {
            let local_name = self.pick(&["a", "b", "Z", "é", "a-b", "lang"]);
            let mut prefix = self.usable_prefix();
            if local_name == "lang" {
                prefix = "xml";
            }
            let namespace = match prefix {
                "" => "",
                "xml" => "xml",
                prefix => self.namespace_of(prefix).unwrap(),
            };
            if taken.contains(&(namespace, local_name)) {
                continue;
            }
            taken.push((namespace, local_name));
            let colon = if prefix.is_empty() { "" } else { ":" };
            write!(
                out,
                "{}{prefix}{colon}{local_name} = '",
                self.pick(&[" ", "\n\t"])
            )
            .unwrap();
            for _ in 0..self.random.random_range(0..4) {
                out.push_str(self.pick(&[
                    "v",
                    "\t",
                    "\n",
                    "\r\n",
                    "\r.",
                    "&#9;",
                    "&#10;",
                    "&#xD;",
                    "&#13;&#10;",
                    "\"",
                    "&quot;",
                    "&apos;",
                    "&lt;",
                    "&gt;",
                    ">",
                    "&amp;",
                    "é",
                    "\u{1F600}",
                    "  ",
                ]));
            }
            out.push('\'');
        }
    }

    fn element(&mut self, depth: usize, out: &mut String) {
        let outer = self.scope.len();
        let mut declarations = String::new();
        self.declarations(&mut declarations);
        let prefix = self.usable_prefix();
        let colon = if prefix.is_empty() { "" } else { ":" };
        let local_name = self.pick(&["e", "f", "G-1", "été"]);
        let name = format!("{prefix}{colon}{local_name}");
        let mut attributes = String::new();
        self.attributes(&mut attributes);
        if self.random.random_bool(0.5) {
            write!(out, "<{name}{declarations}{attributes}").unwrap();
        } else {
            write!(out, "<{name}{attributes}{declarations}").unwrap();
        }
        if self.random.random_bool(0.2) {
            out.push_str("\n/>");
        } else {
            out.push('>');
            self.content(depth, out);
            write!(out, "</{name}>").unwrap();
        }
        self.scope.truncate(outer);
    }

    fn content(&mut self, depth: usize, out: &mut String) {
        for _ in 0..self.random.random_range(0..6) {
            match self.random.random_range(0..6) {
                0 | 1 if depth > 0 => self.element(depth - 1, out),
                2 if self.has_comments => {
                    out.push_str(self.pick(&[
                        "<!-- a\r\nb -->",
                        "<!---->",
                        "<?pi?>",
                        "<?pi a > b ?>",
                    ]));
                }
                3 => out.push_str(self.pick(&[
                    "<![CDATA[]]>",
                    "<![CDATA[<a>&amp;\r\n]]>",
                    "<![CDATA[\r]]>",
                ])),
                _ => out.push_str(self.pick(&[
                    "text",
                    "\n",
                    "\r\n",
                    "a\rb",
                    "\t",
                    " ",
                    "&#xD;",
                    "&#10;",
                    "&lt;",
                    "&gt;",
                    ">",
                    "&amp;",
                    "&quot;",
                    "\"'",
                    "é\u{1F600}",
                    "&#x1F600;",
                    "]]&gt;",
                ])),
            }
        }
    }
}

struct Lab {
    folder: TempDir,
    key: SigningKey,
    verifying: [VerifyingKey; 1],
    key_file: PathBuf,
    certificate_file: PathBuf,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = generate(&KeyRequest {
            common_name: "idp.example",
            key: NewKey::Rsa2048,
            not_before: "2020-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2090-01-01T00:00:00Z".parse().unwrap(),
        })
        .unwrap();
        let key = SigningKey::from_pem(made.pem().as_bytes()).unwrap();
        let verifying = [VerifyingKey::from_certificate_der(key.certificate_der()).unwrap()];
        let key_file = folder.path().join("key.pem");
        std::fs::write(&key_file, made.pem()).unwrap();
        let certificate_file = folder.path().join("certificate.der");
        std::fs::write(&certificate_file, key.certificate_der()).unwrap();
        Self {
            folder,
            key,
            verifying,
            key_file,
            certificate_file,
        }
    }

    fn write(&self, name: &str, xml: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, xml).unwrap();
        path
    }

    fn xmlsec1(&self, command: &str, files: &[PathBuf]) -> Output {
        let mut xmlsec1 = Command::new("xmlsec1");
        xmlsec1.arg(command);
        for name in ["AuthnRequest", "Response"] {
            xmlsec1.args(["--id-attr:ID", &format!("{SAMLP}:{name}")]);
        }
        xmlsec1.args(["--id-attr:ID", &format!("{SAML}:Assertion")]);
        // The key is the one given, whatever `KeyInfo` holds.
        xmlsec1.args(["--enabled-key-data", "rsa"]);
        if command == "--sign" {
            xmlsec1.arg("--privkey-pem").arg(&self.key_file);
        } else {
            xmlsec1.arg("--pubkey-cert-der").arg(&self.certificate_file);
        }
        run(xmlsec1.args(files))
    }
}

fn run(command: &mut Command) -> Output {
    let program = command.get_program().to_owned();
    match command.output() {
        Ok(output) => output,
        Err(error) => panic!("{}: {error}", Path::new(&program).display()),
    }
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// One canonical form of one element, to be made by libxml2 and by us.
#[derive(Debug, Serialize)]
struct Task {
    xml: String,
    /// The element, by its place in document order.
    place: usize,
    form: &'static str,
    with_comments: bool,
    /// The `PrefixList` of the exclusive form.
    prefixes: Vec<&'static str>,
}

impl Task {
    /// Of the whole document or of any element in it, in any of the forms.
    fn random(seed: u64) -> Self {
        let mut generator = Generator::new(seed, true);
        let (mut around, mut inside) = (String::new(), String::new());
        generator.declarations(&mut around);
        for _ in 0..3 {
            generator.element(4, &mut inside);
        }
        let xml = format!("<around{around}>{inside}</around>");
        let document = open(xml.as_bytes(), &Limits::METADATA).unwrap();
        let elements = document.root().descendants().count();
        let form = generator.pick(&["c14n", "c14n11", "exclusive", "exclusive"]);
        let random = &mut generator.random;
        let listed = ["#default", "p", "q", "r", "é", "absent"].into_iter();
        Self {
            xml: xml.clone(),
            place: random.random_range(0..elements),
            form,
            with_comments: random.random_bool(0.5),
            prefixes: listed
                .filter(|_| form == "exclusive" && random.random_bool(0.3))
                .collect(),
        }
    }

    fn ours(&self) -> Result<String, C14nFault> {
        let document = open(self.xml.as_bytes(), &Limits::METADATA).unwrap();
        let element = document.root().descendants().nth(self.place).unwrap();
        let with_comments = self.with_comments;
        if self.form != "exclusive" {
            return InclusiveC14n { with_comments }.canonicalize(element, None);
        }
        let named = |prefix: &&str| prefix.replace("#default", "");
        ExclusiveC14n {
            with_comments,
            inclusive_prefixes: self.prefixes.iter().map(named).collect(),
        }
        .canonicalize(element, None)
    }
}

#[test]
fn r02_c14n_of_documents_and_of_elements_in_them_is_that_of_libxml2() {
    const DOCUMENTS: u64 = 6_000;
    let tasks: Vec<_> = (0..DOCUMENTS).map(Task::random).collect();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("tasks.json");
    std::fs::write(&input, serde_json::to_vec(&tasks).unwrap()).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = run(Command::new(root.join("lab/venv-python3-saml/bin/python"))
        .arg("-B")
        .arg(root.join("tests/peers/c14n.py"))
        .stdin(File::open(input).unwrap()));
    assert!(output.status.success(), "{}", said(&output));
    let theirs: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(theirs.len(), tasks.len());
    let (mut of_roots, mut refused) = (0, 0);
    for (seed, (task, theirs)) in tasks.iter().zip(&theirs).enumerate() {
        match task.ours() {
            Ok(ours) => assert_eq!(&ours, theirs, "seed {seed}: {task:?}"),
            // Where the two inclusive forms part, there is none of ours.
            Err(C14nFault::InheritedXmlAttribute) => {
                assert!(task.form != "exclusive" && task.place > 0, "seed {seed}");
                assert!(task.xml.contains("xml:lang"), "seed {seed}: {task:?}");
                refused += 1;
            }
            Err(fault) => panic!("seed {seed}: {fault}: {task:?}"),
        }
        of_roots += usize::from(task.place == 0);
    }
    assert!(tasks.len() - refused >= 5_000, "{refused}");
    assert!((500..2_500).contains(&of_roots), "{of_roots}");
}

/// A signature for xmlsec1 to fill in.
fn template(form: &str, list: Option<&str>, method: &str, digest: &str) -> String {
    let list = list.map_or_else(String::new, |list| {
        format!("<e:InclusiveNamespaces xmlns:e=\"{C14N}\" PrefixList=\"{list}\"/>")
    });
    format!(
        "<ds:Signature xmlns:ds=\"{DS}\">\n<ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"{form}\">{list}</ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#{method}\"/>\
         <ds:Reference URI=\"#_it\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{DS}enveloped-signature\"/>\
         <ds:Transform Algorithm=\"{form}\">{list}</ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/{digest}\"/>\
         <ds:DigestValue/></ds:Reference></ds:SignedInfo>\n<ds:SignatureValue/></ds:Signature>"
    )
}

/// Wraps random content: a request that is signed, or an assertion that is
/// signed inside a response whose declarations it inherits.
fn unsigned(seed: u64) -> String {
    let mut generator = Generator::new(seed, false);
    let lists = [
        None,
        Some("p"),
        Some("#default p q"),
        Some("r é absent xs"),
        Some(""),
    ];
    let mut list = generator.pick(&lists);
    let mut form = C14N;
    // What is signed as a whole may be signed inclusively.
    if seed % 8 == 2 {
        list = None;
        form = generator.pick(&INCLUSIVE);
    }
    let method = generator.pick(&["rsa-sha256", "rsa-sha384", "rsa-sha512"]);
    let digest = generator.pick(&["xmlenc#sha256", "xmldsig-more#sha384", "xmlenc#sha512"]);
    let signature = template(form, list, method, digest);
    let mut around = String::new();
    generator.declarations(&mut around);
    let mut inside = String::new();
    generator.declarations(&mut inside);
    let mut content = String::new();
    generator.element(4, &mut content);
    if seed.is_multiple_of(2) {
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"{SAMLP}\" xmlns:xs=\"urn:xs\" ID=\"_it\"{around}>\
             {signature}<samlp:Extensions{inside}>{content}</samlp:Extensions></samlp:AuthnRequest>"
        )
    } else {
        format!(
            "<samlp:Response xmlns:samlp=\"{SAMLP}\" xmlns:saml=\"{SAML}\" xmlns:xs=\"urn:xs\" \
             ID=\"_r\" xml:lang=\"fr\"{around}>\n<samlp:Status/>\
             <saml:Assertion ID=\"_it\"{inside}>{signature}{content}</saml:Assertion>\
             </samlp:Response>"
        )
    }
}

fn signed_element<'t, 'i>(root: Element<'t, 'i>) -> Element<'t, 'i> {
    root.descendants()
        .find(|e| e.attribute("ID") == Some("_it"))
        .unwrap()
}

#[test]
fn r02_iip_alg01_iip_alg02_what_xmlsec1_signs_in_each_form_with_and_without_prefix_list_verifies() {
    const DOCUMENTS: u64 = 5_000;
    let lab = Lab::new();
    let files: Vec<_> = (0..DOCUMENTS)
        .map(|seed| lab.write(&format!("{seed}.xml"), &unsigned(seed)))
        .collect();
    let output = lab.xmlsec1("--sign", &files);
    assert!(output.status.success(), "{}", said(&output));
    let declaration = "<?xml version=\"1.0\"";
    let signed = String::from_utf8(output.stdout).unwrap();
    let signed: Vec<_> = signed.split(declaration).skip(1).collect();
    assert_eq!(signed.len(), files.len());
    for (seed, rest) in signed.iter().enumerate() {
        let xml = format!("{declaration}{rest}");
        let document = open(xml.as_bytes(), &Limits::MESSAGE).unwrap();
        let root = document.root();
        let element = signed_element(root);
        if seed % 8 != 2 {
            let result = verify_enveloped_element(root, element, &lab.verifying);
            assert_eq!(result.unwrap().get(), &element, "seed {seed}: {xml}");
        }
        assert_eq!(
            verify_enveloped(root, &lab.verifying, Allowed::default()).is_ok(),
            seed % 2 == 0,
            "seed {seed}: {xml}"
        );
    }
}

const TABLE: &[(&str, &str)] = &[("samlp", SAMLP), ("saml", SAML), ("xs", "urn:xs")];

/// An assertion with values of every kind, signed; sometimes in a signed response.
fn ours(lab: &Lab, seed: u64) -> Canonical {
    let mut generator = Generator::new(seed, false);
    let mut value = || {
        let parts = [
            "a",
            "é",
            "<",
            ">",
            "&",
            "\"",
            "'",
            "\r",
            "\n",
            "\t",
            "]]>",
            "\u{1F600}",
            " ",
        ];
        (0..8).map(|_| generator.pick(&parts)).collect::<String>()
    };
    let mut w = Writer::new(TABLE);
    w.start(
        "saml",
        "Assertion",
        &[("Version", "2.0"), ("ID", "_a"), ("Other", &value())],
    );
    w.leaf("saml", "Issuer", &[("Format", &value())], &value());
    w.signature_slot();
    for _ in 0..6 {
        w.start(
            "saml",
            "Attribute",
            &[("Name", &value()), ("xml:lang", "fr")],
        );
        w.leaf("xs", "v", &[("xs:b", &value()), ("a", &value())], &value());
        w.end();
    }
    w.end();
    let assertion = sign(&w.finish().unwrap(), "_a", &lab.key).unwrap();
    if seed.is_multiple_of(2) {
        return assertion;
    }
    let mut w = Writer::new(TABLE);
    w.start(
        "samlp",
        "Response",
        &[("ID", "_r"), ("InResponseTo", &value())],
    );
    w.leaf("saml", "Issuer", &[], &value());
    w.signature_slot();
    w.embed(&assertion);
    w.end();
    sign(&w.finish().unwrap(), "_r", &lab.key).unwrap()
}

#[test]
fn iip_alg01_iip_alg02_what_we_sign_verifies_in_xmlsec1() {
    const DOCUMENTS: u64 = 60;
    let lab = Lab::new();
    let signed: Vec<_> = (0..DOCUMENTS).map(|seed| ours(&lab, seed)).collect();
    let files: Vec<_> = signed
        .iter()
        .enumerate()
        .map(|(seed, xml)| lab.write(&format!("{seed}.xml"), xml.as_str()))
        .collect();
    let output = lab.xmlsec1("--verify", &files);
    assert!(output.status.success(), "{}", said(&output));
    let count = said(&output).lines().filter(|line| *line == "OK").count();
    assert_eq!(count, files.len(), "{}", said(&output));
}

#[test]
fn the_assertion_inside_our_response_verifies_in_xmlsec1_too() {
    let lab = Lab::new();
    let response = ours(&lab, 1);
    let file = lab.write("response.xml", response.as_str());
    let mut xmlsec1 = Command::new("xmlsec1");
    xmlsec1.args(["--verify", "--id-attr:ID", &format!("{SAML}:Assertion")]);
    xmlsec1.args(["--enabled-key-data", "rsa", "--node-xpath"]);
    xmlsec1.arg("//*[local-name()='Assertion']/*[local-name()='Signature']");
    xmlsec1
        .arg("--pubkey-cert-der")
        .arg(&lab.certificate_file)
        .arg(file);
    let output = run(&mut xmlsec1);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn what_we_write_is_canonical_to_libxml2() {
    let lab = Lab::new();
    for seed in 0..4 {
        let xml = ours(&lab, seed);
        let file = lab.write("ours.xml", xml.as_str());
        let output = run(Command::new("xmllint").arg("--exc-c14n").arg(file));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), xml.as_str());
    }
}

#[test]
fn xmlsec1_would_tell_a_broken_signature_of_ours() {
    let lab = Lab::new();
    let xml = ours(&lab, 0).into_string();
    let changed = xml.replacen("Version=\"2.0\"", "Version=\"2.1\"", 1);
    assert_ne!(changed, xml);
    let file = lab.write("changed.xml", &changed);
    assert!(!lab.xmlsec1("--verify", &[file]).status.success());
}
