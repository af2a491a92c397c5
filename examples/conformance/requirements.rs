//! What the profiles demand of an identity provider, in our words, and what is done about it.

/// A profile of SAML 2.0.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its title and edition, and what of it is listed.
    pub(crate) about: &'static str,
    /// What it demands, in its order.
    pub(crate) requirements: &'static [Requirement],
}

/// One demand; where the profile says one thing under several numbers, the first of them stands for all.
#[derive(Debug)]
pub(crate) struct Requirement {
    /// Its number in the profile.
    pub(crate) id: &'static str,
    /// What it asks for.
    pub(crate) asks: &'static str,
    /// Whether it is met.
    pub(crate) state: State,
}

/// Whether a demand is met.
#[derive(Clone, Copy, Debug)]
pub(crate) enum State {
    /// It is, and tests hold us to it.
    Kept,
    /// Not yet; what is missing.
    Awaits(&'static str),
    /// It is not, and will not be; why.
    Excluded(&'static str),
}

const fn kept(id: &'static str, asks: &'static str) -> Requirement {
    Requirement {
        id,
        asks,
        state: State::Kept,
    }
}

const fn awaits(id: &'static str, asks: &'static str, what: &'static str) -> Requirement {
    Requirement {
        id,
        asks,
        state: State::Awaits(what),
    }
}

const fn excluded(id: &'static str, asks: &'static str, why: &'static str) -> Requirement {
    Requirement {
        id,
        asks,
        state: State::Excluded(why),
    }
}

/// The profiles that we hold ourselves to.
pub(crate) const PROFILES: &[Profile] = &[IIP, SDP];

const LOGOUT: &str = "single logout, at us and at the service providers";

const SUBJECT_IDENTIFIERS: &str = "the subject identifiers, subject-id and pairwise-id";

const ECP: &str = "the Enhanced Client is for programs that hold a person's password themselves; people here prove who they are at \
                   CAS, which such a program cannot be sent to. Our metadata names no such endpoint";

const IIP: Profile = Profile {
    name: "Kantara implementation profile (IIP)",
    about: "\"SAML V2.0 Implementation Profile for Federation Interoperability\", Kantara Initiative: what software must be able to do. \
            Listed is what concerns identity providers and says MUST.",
    requirements: &[
        kept("IIP-G01", "clocks may differ by some minutes"),
        kept(
            "IIP-G02",
            "a value of up to 256 characters goes through whole, whatever characters they are",
        ),
        kept("IIP-G03", "no document type declaration is sent or taken"),
        kept(
            "IIP-MD01",
            "metadata is fetched by the Metadata Query protocol",
        ),
        kept(
            "IIP-MD02",
            "metadata of any number of entities is fetched over HTTP by a timetable, and taken over by itself (up to 4 MiB, and to 128 MiB where \
             the administrator asks for it; redirects are followed within one host, and one to another host is told)",
        ),
        kept(
            "IIP-MD03",
            "the signature of metadata is verified with keys that were given for its source",
        ),
        kept(
            "IIP-MD04",
            "metadata can be refused whose validUntil is absent, over or too far ahead",
        ),
        kept(
            "IIP-MD05",
            "metadata is read with its extensions for entity attributes, algorithms and user interfaces; unknown ones do no harm",
        ),
        kept(
            "IIP-MD06",
            "a service provider works from its metadata alone, however many there are",
        ),
        kept(
            "IIP-MD07",
            "a service provider has any number of signing keys, and each is tried",
        ),
        kept(
            "IIP-MD08",
            "a service provider has any number of encryption keys, and one that can be used is",
        ),
        kept("IIP-MD09", "our metadata says which algorithms we have"),
        kept(
            "IIP-MD10",
            "the algorithms that a service provider's metadata lists are honoured",
        ),
        kept(
            "IIP-MD11",
            "a key without a use is for signing and for encryption",
        ),
        kept(
            "IIP-MD12",
            "keys are taken from certificates or bare, and what a certificate says around its key decides nothing: issuer, dates, digest",
        ),
        kept("IIP-ALG01", "SHA-256 digests"),
        kept("IIP-ALG02", "RSA-SHA256 signatures"),
        kept("IIP-ALG04", "AES-128-GCM and AES-256-GCM"),
        kept(
            "IIP-ALG06",
            "RSA-OAEP of XML Encryption 1.0 and 1.1, with the digests SHA-1 and SHA-256",
        ),
        kept(
            "IIP-ALG08",
            "an algorithm can be ruled out by the configuration",
        ),
        kept("IIP-EXT01", "any well-formed extension is survived"),
        kept("IIP-SSO01", "Web Browser SSO"),
        kept(
            "IIP-SSO02",
            "an AuthnRequest by HTTP-Redirect and by HTTP-POST",
        ),
        kept("IIP-SSO03", "a Response by HTTP-POST, an error too"),
        kept(
            "IIP-SSO04",
            "the Assertion is signed, or the Response, or both",
        ),
        kept(
            "IIP-SSO05",
            "persistent and transient NameIDs, as saml-core-2.0 has them",
        ),
        kept(
            "IIP-SSO06",
            "what metadata can say of Web Browser SSO is honoured",
        ),
        kept(
            "IIP-SSO07",
            "what a request may hold and need not is honoured, passed over or refused as saml-core-2.0 says",
        ),
        kept(
            "IIP-IDP01",
            "an attribute goes out under any Name (of up to 256 characters, without white space), with the NameFormat uri or basic; another \
             NameFormat cannot be written yet",
        ),
        kept("IIP-IDP02", "attributes are released by service provider"),
        kept(
            "IIP-IDP03",
            "attributes are released by the entity attributes of the service provider",
        ),
        kept(
            "IIP-IDP04",
            "attributes are released by the RequestedAttribute of its metadata and the AttributeConsumingServiceIndex of its request",
        ),
        kept(
            "IIP-IDP05",
            "a fault is told by an error Response where a safe address for it is known",
        ),
        kept("IIP-IDP06", "ForceAuthn"),
        kept("IIP-IDP07", "IsPassive"),
        kept("IIP-IDP08", "RequestedAuthnContext, the comparison exact"),
        kept("IIP-IDP09", "assertions are encrypted"),
        kept("IIP-IDP10", "NameIDPolicy"),
        kept("IIP-IDP11", "an assertion can do without a NameID"),
        kept(
            "IIP-IDP12",
            "the address for the answer by URL, binding and index",
        ),
        excluded(
            "IIP-IDP13",
            "Enhanced Client or Proxy, with bearer assertions",
            ECP,
        ),
        excluded("IIP-IDP14", "the same with channel bindings", ECP),
        excluded("IIP-IDP15", "the same with HTTP Basic", ECP),
        excluded("IIP-IDP16", "the same with a key of the session", ECP),
        awaits(
            "IIP-IDP17",
            "Single Logout, with the asynchronous extension",
            LOGOUT,
        ),
        awaits("IIP-IDP18", "its messages by HTTP-Redirect", LOGOUT),
        awaits(
            "IIP-IDP19",
            "an EncryptedID in a LogoutRequest is decrypted with any of several keys",
            LOGOUT,
        ),
        awaits(
            "IIP-IDP20",
            "what metadata can say of logout is honoured",
            LOGOUT,
        ),
        kept(
            "IIP-IDP21",
            "no two persistent NameIDs differ by upper and lower case alone",
        ),
    ],
};

const SDP: Profile = Profile {
    name: "saml2int (SDP)",
    about: "\"SAML V2.0 Deployment Profile for Federation Interoperability\", version 2.0 of 2019-12-09: how an identity provider must be set \
            up. Where Zoom asks for something else, the setting of that one provider departs from it, and nothing else does. What it \
            recommends or leaves open is not listed: SDP-IDP17, 19, 22 and 23. SDP-IDP16 and 24 to 31 are told by its draft of \
            2018-11-19: the text of the final version was not at hand for them.",
    requirements: &[
        kept("SDP-G01", "clocks may differ by three to five minutes"),
        kept("SDP-G02", "values are no longer than 256 characters"),
        kept("SDP-G03", "no message holds a document type declaration"),
        kept(
            "SDP-G04",
            "our entityID is an absolute URI of at most 256 characters (of others any name of up to 1,024 is taken, and no URI is demanded: Zoom's is a \
             bare host name)",
        ),
        kept(
            "SDP-MD01",
            "what is done follows the metadata of others, fetched regularly",
        ),
        kept("SDP-MD02", "their origin is verified by signature or TLS"),
        kept(
            "SDP-MD03",
            "metadata without validUntil, or valid for too long, is refused (by setting: Zoom's has none)",
        ),
        kept(
            "SDP-MD04",
            "our metadata says what is true of us, and nothing else",
        ),
        kept("SDP-MD05", "keys stand in metadata as X.509 certificates"),
        kept("SDP-MD06", "RSA keys have 2048 bits or more"),
        kept("SDP-MD07", "keys on elliptic curves have 256 bits or more"),
        kept("SDP-MD08", "our metadata has a key for signing"),
        kept(
            "SDP-MD09",
            "our metadata has names for people (mdui:DisplayName)",
        ),
        kept(
            "SDP-MD10",
            "our metadata has a logo (mdui:Logo), at an https address that is made of base-url",
        ),
        kept("SDP-MD11", "our metadata has a technical contact"),
        kept(
            "SDP-MD12",
            "our metadata has an errorURL, which is a page, at an https address that is made of base-url",
        ),
        kept(
            "SDP-ALG01",
            "by default SHA-256, RSA-SHA256, AES-GCM and RSA-OAEP",
        ),
        kept("SDP-IDP01", "Web Browser SSO"),
        kept("SDP-IDP02", "requests are taken by HTTP-Redirect"),
        kept("SDP-IDP03", "addresses are https"),
        kept(
            "SDP-IDP04",
            "unsigned requests are taken, but not from a provider whose metadata says that it signs them",
        ),
        kept("SDP-IDP05", "a signature that is there must hold"),
        kept(
            "SDP-IDP06",
            "the address for the answer is one of the metadata; without a wish, the default",
        ),
        kept(
            "SDP-IDP07",
            "ForceAuthn is answered with a fresh proof, or with an error",
        ),
        kept("SDP-IDP08", "answers go by HTTP-POST"),
        kept(
            "SDP-IDP09",
            "a Response that tells of somebody is signed itself (by setting: Zoom takes both ways)",
        ),
        kept(
            "SDP-IDP10",
            "one assertion, one AuthnStatement, at most one AttributeStatement",
        ),
        kept(
            "SDP-IDP11",
            "assertions are encrypted; no name or attribute in them is besides",
        ),
        kept(
            "SDP-IDP12",
            "transient NameIDs (by setting: Zoom asks for others)",
        ),
        awaits(
            "SDP-IDP13",
            "subject-id and pairwise-id",
            SUBJECT_IDENTIFIERS,
        ),
        kept(
            "SDP-IDP14",
            "the scopes of what is scoped stand in our metadata (shibmd:Scope), none as a regular expression, and no value goes out with \
             another one (the identifiers themselves come with SDP-IDP13)",
        ),
        awaits(
            "SDP-IDP15",
            "the provider's wish for one of them (subject-id:req) is honoured",
            SUBJECT_IDENTIFIERS,
        ),
        awaits(
            "SDP-IDP16",
            "where that wish cannot be met, the answer goes without it, or is an error",
            SUBJECT_IDENTIFIERS,
        ),
        kept(
            "SDP-IDP18",
            "the NameFormat of attributes is uri (by setting: one of those for Zoom is basic)",
        ),
        kept(
            "SDP-IDP20",
            "each value of an attribute has an AttributeValue of its own",
        ),
        awaits("SDP-IDP21", "Single Logout", LOGOUT),
        awaits(
            "SDP-IDP24",
            "a LogoutRequest is sent by HTTP-Redirect, where we pass logouts on",
            LOGOUT,
        ),
        awaits(
            "SDP-IDP25",
            "a LogoutRequest is taken by HTTP-Redirect",
            LOGOUT,
        ),
        awaits(
            "SDP-IDP26",
            "a LogoutRequest is signed, as that binding signs",
            LOGOUT,
        ),
        awaits(
            "SDP-IDP27",
            "the NameID in a LogoutRequest is not encrypted",
            LOGOUT,
        ),
        awaits(
            "SDP-IDP28",
            "a LogoutResponse is sent by HTTP-Redirect",
            LOGOUT,
        ),
        awaits(
            "SDP-IDP29",
            "a LogoutResponse is taken by HTTP-Redirect, where we pass logouts on",
            LOGOUT,
        ),
        awaits(
            "SDP-IDP30",
            "a LogoutResponse is signed, as that binding signs",
            LOGOUT,
        ),
        awaits(
            "SDP-IDP31",
            "the status of a LogoutResponse says whether the session here has ended",
            LOGOUT,
        ),
        kept(
            "SDP-IDP32",
            "a service provider may have several keys for signing",
        ),
        kept(
            "SDP-IDP33",
            "our metadata is complete: sign-on, key, errorURL, names, scopes, contact (and an address for logout, which comes with SDP-IDP21)",
        ),
    ],
};
