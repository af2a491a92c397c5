//! The names that the standards gave: URNs and namespaces, and no other literal anywhere.

/// Namespace of assertions (saml-core-2.0 §1.1), prefix `saml`.
pub const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Namespace of protocol messages (saml-core-2.0 §1.1), prefix `samlp`.
pub const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// Namespace of metadata (saml-metadata-2.0 §1.1), prefix `md`.
pub const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// Namespace of metadata for user interfaces (sstc-saml-metadata-ui-v1.0), prefix `mdui`.
pub const MDUI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
/// Namespace of metadata for algorithms (sstc-saml-metadata-algsupport-v1.0), prefix `alg`.
pub const ALG: &str = "urn:oasis:names:tc:SAML:metadata:algsupport";
/// Metadata: attributes of an entity (sstc-metadata-attr-v1.0).
pub const MDATTR: &str = "urn:oasis:names:tc:SAML:metadata:attribute";
/// Namespace of Shibboleth's metadata extensions, prefix `shibmd`.
pub const SHIBMD: &str = "urn:mace:shibboleth:metadata:1.0";
/// Namespace of XML signatures (xmldsig-core1), prefix `ds`.
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Namespace of the attributes that XML itself gives a meaning, such as `xml:lang`.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// HTTP-Redirect binding (saml-bindings-2.0 §3.4).
pub const BINDING_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// HTTP-POST binding (saml-bindings-2.0 §3.5).
pub const BINDING_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// Bearer subject confirmation (saml-profiles-2.0 §3.3).
pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// NameID: an e-mail address (saml-core-2.0 §8.3.2).
pub const NAME_ID_EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
/// NameID: opaque, the same at every sign-in to one provider (saml-core-2.0 §8.3.7).
pub const NAME_ID_PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
/// NameID: opaque, new at every sign-in (saml-core-2.0 §8.3.8).
pub const NAME_ID_TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
/// NameID: no claim about the format (saml-core-2.0 §8.3.1).
pub const NAME_ID_UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
/// NameID of a SAML entity (saml-core-2.0 §8.3.6).
pub const NAME_ID_ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
/// NameID asked encrypted (saml-core-2.0 §3.4.1.1).
pub const NAME_ID_ENCRYPTED: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted";

/// Attribute names that are URIs (saml-core-2.0 §8.2.2).
pub const ATTRNAME_URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
/// Attribute names that are simple words (saml-core-2.0 §8.2.3).
pub const ATTRNAME_BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
/// Attribute names of no stated kind (saml-core-2.0 §8.2.1).
pub const ATTRNAME_UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";
/// Entity attribute: which subject identifier a provider requires (saml-subject-id-attr-v1.0 §2.3).
pub const ENTITY_ATTR_SUBJECT_ID_REQ: &str = "urn:oasis:names:tc:SAML:profiles:subject-id:req";
/// Attribute: a name for the person, the same at every provider (saml-subject-id-attr-v1.0 §3.3).
pub const ATTR_SUBJECT_ID: &str = "urn:oasis:names:tc:SAML:attribute:subject-id";
/// Attribute: a name for the person, another at every provider (saml-subject-id-attr-v1.0 §3.4).
pub const ATTR_PAIRWISE_ID: &str = "urn:oasis:names:tc:SAML:attribute:pairwise-id";

/// A password typed over TLS (saml-authn-context-2.0 §3.4.4).
pub const AC_PASSWORD_PROTECTED_TRANSPORT: &str =
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
/// A password typed over a bare connection (saml-authn-context-2.0 §3.4.3).
pub const AC_PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
/// No claim about the means (saml-authn-context-2.0 §3.4.28).
pub const AC_UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";

/// One factor of a stated quality (REFEDS SFA profile 1.0).
pub const AC_REFEDS_SFA: &str = "https://refeds.org/profile/sfa";
/// Two factors (REFEDS MFA profile 1.0).
pub const AC_REFEDS_MFA: &str = "https://refeds.org/profile/mfa";

/// The request was answered (saml-core-2.0 §3.2.2.2, like all that follow).
pub const STATUS_SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// The fault lies in the request.
pub const STATUS_REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";
/// The fault lies on our side, or in what happened here.
pub const STATUS_RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
/// The request was of another version.
pub const STATUS_VERSION_MISMATCH: &str = "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch";
/// The person could not prove who they are.
pub const STATUS_AUTHN_FAILED: &str = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed";
/// The `NameIDPolicy` cannot be met.
pub const STATUS_INVALID_NAME_ID_POLICY: &str =
    "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy";
/// The `RequestedAuthnContext` cannot be met.
pub const STATUS_NO_AUTHN_CONTEXT: &str = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext";
/// The person would have to be asked, and must not be.
pub const STATUS_NO_PASSIVE: &str = "urn:oasis:names:tc:SAML:2.0:status:NoPassive";
/// The request is understood and will not be answered.
pub const STATUS_REQUEST_DENIED: &str = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied";
/// What was asked is not built here.
pub const STATUS_REQUEST_UNSUPPORTED: &str =
    "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported";
/// The `Subject` asked for is not the person who is here.
pub const STATUS_UNKNOWN_PRINCIPAL: &str = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal";
/// The binding asked for is not offered.
pub const STATUS_UNSUPPORTED_BINDING: &str =
    "urn:oasis:names:tc:SAML:2.0:status:UnsupportedBinding";
/// A request version that is too high.
pub const STATUS_VERSION_TOO_HIGH: &str =
    "urn:oasis:names:tc:SAML:2.0:status:RequestVersionTooHigh";
/// A request version that is too low.
pub const STATUS_VERSION_TOO_LOW: &str = "urn:oasis:names:tc:SAML:2.0:status:RequestVersionTooLow";
