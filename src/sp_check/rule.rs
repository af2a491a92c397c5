//! The rules, each with what it costs to break it and where it comes from.
//!
//! One table makes the type, so a rule without severity and basis cannot be written. What people read of a broken one
//! are texts of two languages, which `edge::page::trial` has; they echo nothing of a Response.

/// What a broken rule costs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Severity {
    /// The Response is not taken: no identity is read out of it.
    Refuses,
    /// It is taken; the identity provider should do better all the same.
    Advice,
}

/// How certain a rule is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Basis {
    /// An OASIS or W3C standard says so: certain.
    Standard,
    /// The library says so whose addresses Zoom's are, the Spring Security SAML extension 1.0. What
    /// it does is certain, from its source and by running it; that Zoom runs it is inferred.
    Library,
    /// Other service providers were seen to fail on it: certain for them, unknown for Zoom.
    Field,
    /// A requirement of ours, stricter than what providers refuse.
    House,
}

/// One thing found wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: Rule,
    /// What it costs.
    pub severity: Severity,
}

impl From<Rule> for Finding {
    fn from(rule: Rule) -> Self {
        Self {
            rule,
            severity: rule.severity(),
        }
    }
}

/// Makes [`Rule`] and all that is known of each rule.
macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident: $severity:ident, $basis:ident;)+) => {
        /// A rule that a Response keeps or breaks.
        ///
        /// [`Rule::basis`] says how certain it is; the section of the standard, or what was seen,
        /// stands with each.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Rule {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            const fn row(self) -> (Severity, Basis) {
                match self {
                    $(Self::$name => (Severity::$severity, Basis::$basis),)+
                }
            }
        }
    };
}

impl Rule {
    /// What it costs to break it.
    pub const fn severity(self) -> Severity {
        self.row().0
    }

    /// How certain it is.
    pub const fn basis(self) -> Basis {
        self.row().1
    }
}

rules! {
    /// The form field is base64 (saml-bindings-2.0 §3.5.4).
    Encoding: Refuses, Standard;
    /// The message keeps to the bounds of a protocol message (256 KiB, 32 levels …; R-06).
    TooLarge: Refuses, House;
    /// No document type declaration (R-04; what it declares is an attack or is lost on the way).
    Doctype: Refuses, House;
    /// No comment: some readers cut a `NameID` off at it (CVE-2017-11427 and others).
    Comment: Refuses, House;
    /// No processing instruction: some readers digest one as text.
    ProcessingInstruction: Refuses, Field;
    /// Well-formed XML 1.0 with namespaces, in UTF-8.
    NotXml: Refuses, Standard;
    /// The root is `samlp:Response` (saml-core-2.0 §3.3.3).
    NotAResponse: Refuses, Standard;
    /// Elements and attributes are those of a sign-on Response, each as often and in the order
    /// that the schemas have. `Extensions`, `Advice` and the like are taken for foreign: the
    /// profile has no use for them, and wrapped content hides there.
    Shape: Refuses, House;
    /// No `xsi:type`: its prefix is lost when exclusive canonicalisation moves an encrypted
    /// assertion, and every reader takes values untyped.
    XsiType: Advice, Field;

    /// `Response/@Version` (saml-core-2.0 §3.2.2).
    ResponseVersion: Refuses, Standard;
    /// `Response/@ID` is an `xs:ID` (saml-core-2.0 §1.3.4), of at most 256 characters.
    ResponseId: Refuses, Standard;
    /// `Response/@IssueInstant`: a time in UTC, not more than 60 s from now.
    ResponseIssueInstant: Refuses, Library;
    /// `Response/@Destination` is the address it was posted to, character by character. The
    /// library asks for it once the Response is signed (saml-bindings-2.0 §3.5.5.2), and is lax on
    /// the case of the host alone; we always state it, exactly.
    Destination: Refuses, House;
    /// `Response/Issuer` is the identity provider, character by character. It may be absent
    /// (saml-profiles-2.0 §4.1.4.2) and yet some providers want it always.
    ResponseIssuer: Refuses, Field;
    /// `Issuer` is of the entity format or of none, and so without qualifiers (saml-core-2.0 §8.3.6).
    IssuerFormat: Refuses, Library;
    /// `Response/@InResponseTo` names the request that was sent; there is none if none was.
    ResponseInResponseTo: Refuses, Library;
    /// An answer that nobody asked for is taken, without any protection against replay.
    Unsolicited: Advice, Library;

    /// The top `StatusCode` is one of the four (saml-core-2.0 §3.2.2.2).
    StatusTop: Refuses, Standard;
    /// An error has one code below the top one and none below that; success has none.
    StatusSecond: Refuses, House;
    /// No `StatusMessage` and no `StatusDetail`: words in a signed message are words that
    /// somebody may have chosen.
    StatusMessage: Advice, House;
    /// An error holds no assertion (saml-profiles-2.0 §4.1.4.2).
    AssertionBesideError: Refuses, Standard;
    /// Success holds exactly one assertion, and the document no other. The library reads one of
    /// several, and which one is its secret.
    OneAssertion: Refuses, House;
    /// Nothing is encrypted: the library cannot read AES-GCM, and AES-CBC is unsafe.
    Encrypted: Refuses, Library;

    /// The Response or its assertion is signed.
    Unsigned: Refuses, Standard;
    /// The content is what was signed. Every signature that is there must hold.
    SignatureDigest: Refuses, Standard;
    /// A key of the identity provider made each signature.
    SignatureKey: Refuses, Standard;
    /// RSA or ECDSA with SHA-256 or better. RSA-PSS crashes the library.
    SignatureAlgorithm: Refuses, Library;
    /// Exclusive canonicalisation, and no transform but it and the enveloped signature.
    Canonicalization: Refuses, Library;
    /// A signature stands in what it signs and covers just that (saml-core-2.0 §5.4.2; R-01).
    SignaturePlace: Refuses, Standard;
    /// A signature has the parts that SAML allows it (saml-core-2.0 §5.4).
    SignatureProfile: Refuses, Standard;
    /// `KeyInfo` holds a certificate that the provider was given. Some refuse another one, be it
    /// of the same key.
    KeyInfo: Advice, Field;

    /// `Assertion/@Version` (saml-core-2.0 §2.3.3).
    AssertionVersion: Refuses, Standard;
    /// `Assertion/@ID` is an `xs:ID` (saml-core-2.0 §1.3.4), of at most 256 characters.
    AssertionId: Refuses, Standard;
    /// No ID occurs twice, under any of the names that some reader takes for one.
    SameId: Refuses, Standard;
    /// An ID looks like `_` and 128 random bits or more (saml-core-2.0 §1.3.4; R-41). Only its
    /// look can be told.
    WeakId: Advice, House;
    /// `Assertion/@IssueInstant`: a time in UTC, not older than 3,000 s, not ahead by over 60 s.
    AssertionIssueInstant: Refuses, Library;
    /// `Assertion/Issuer` is the identity provider, character by character.
    AssertionIssuer: Refuses, Standard;

    /// There is a `NameID` of 1 to 256 characters, with no white space around it.
    NameId: Refuses, Library;
    /// A `NameID` of the e-mail format looks like an address (saml-core-2.0 §8.3.2).
    NameIdAddress: Refuses, Standard;
    /// One `SubjectConfirmation`, of the bearer method (saml-profiles-2.0 §4.1.4.2).
    Bearer: Refuses, House;
    /// `SubjectConfirmationData` has no `NotBefore` (saml-profiles-2.0 §4.1.4.2); Zoom is known to
    /// refuse one.
    SubjectNotBefore: Refuses, Standard;
    /// `SubjectConfirmationData/@NotOnOrAfter` is there and in the future.
    SubjectNotOnOrAfter: Refuses, Standard;
    /// `Recipient` is the address it was posted to, character by character.
    Recipient: Refuses, Standard;
    /// `SubjectConfirmationData/@InResponseTo` names the request that was sent; none if none was.
    SubjectInResponseTo: Refuses, Standard;

    /// `Conditions/@NotBefore`, where stated, is a time not ahead by over 60 s.
    NotBefore: Refuses, Library;
    /// `Conditions/@NotBefore` is stated and lies 60 to 120 s before the assertion's issue:
    /// some providers allow no skew at all.
    NotBeforeMargin: Advice, Field;
    /// `Conditions/@NotOnOrAfter` is there and in the future.
    NotOnOrAfter: Refuses, House;
    /// Neither `NotOnOrAfter` is more than 5 min after the issue.
    Lifetime: Refuses, House;
    /// One `AudienceRestriction` with one `Audience`. All of the former must hold
    /// (saml-core-2.0 §2.5.1.4), and some providers read just the first of the latter.
    AudienceRestriction: Refuses, Field;
    /// `Audience` is the service provider, character by character.
    Audience: Refuses, Standard;
    /// No `OneTimeUse`.
    OneTimeUse: Refuses, Library;
    /// No `ProxyRestriction` and no condition of somebody's own (saml-core-2.0 §2.5.1.1).
    UnknownCondition: Refuses, House;

    /// Exactly one `AuthnStatement`.
    AuthnStatement: Refuses, House;
    /// `AuthnInstant`: not older than 7,200 s, and not ahead by over 60 s.
    AuthnInstant: Refuses, Library;
    /// `SessionNotOnOrAfter`, where stated, is in the future, without any skew.
    SessionNotOnOrAfter: Refuses, Library;
    /// `SessionIndex` is there: a logout has no other way to name the session.
    SessionIndex: Refuses, House;
    /// One `AuthnContextClassRef` (saml-core-2.0 §2.7.2.2).
    AuthnContext: Refuses, House;
    /// At most one `AttributeStatement`.
    AttributeStatement: Refuses, House;
    /// Every `Attribute` has a `Name` (saml-core-2.0 §2.7.3.1) and at least one value.
    Attribute: Refuses, House;
    /// No attribute `Name` occurs twice: some readers keep the first, some the last, some both.
    RepeatedAttribute: Refuses, Field;
    /// A value is text of at most 256 characters (saml2int SDP-G02).
    AttributeValue: Refuses, House;
}
