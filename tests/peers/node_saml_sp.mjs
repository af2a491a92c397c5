// A service provider on node-saml, the core of passport-saml (xml-crypto).
//
// It wants the Response and the Assertion signed, both of them, which is its own default; an Audience,
// a known InResponseTo that is used once, and no clock skew. Its AuthnRequest goes by Redirect, with the
// signature in the query, or by POST, with the signature in the XML. It decrypts what is encrypted, and
// cannot be told to refuse what is not.

import { commandLine, identityProvider, lists, load, serve } from "./peer.mjs";

const { SAML, ValidateInResponseTo } = load("@node-saml/node-saml");

const options = commandLine(["redirect", "post"]);
const idp = identityProvider(options.idpMetadata);

const settings = {
  issuer: options.entityId,
  audience: options.entityId,
  callbackUrl: options.acs,
  idpIssuer: idp.entityId,
  idpCert: idp.certificates,
  privateKey: options.key,
  publicCert: options.cert,
  decryptionPvk: options.key,
  signatureAlgorithm: "sha256",
  digestAlgorithm: "sha256",
  xmlSignatureTransforms: [
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
  ],
  wantAuthnResponseSigned: true,
  wantAssertionsSigned: true,
  validateInResponseTo: ValidateInResponseTo.always,
  acceptedClockSkewMs: 0,
  identifierFormat: null,
  disableRequestedAuthnContext: true,
};
const redirect = new SAML({ ...settings, entryPoint: idp.redirect });
const { cacheProvider } = redirect;

/** The library's word for the hash of an algorithm. */
const hash = (uri) => uri?.match(/sha\d+$/)?.[0] ?? "sha256";

/** What signs a request by these algorithms. */
const signer = (binding, { signature, digest }) =>
  new SAML({
    ...settings,
    cacheProvider,
    signatureAlgorithm: hash(signature),
    digestAlgorithm: hash(digest),
    entryPoint: idp[binding],
    // It deflates what it posts, too, unless it is told not to; no identity provider could read that.
    ...(binding === "post" && { authnRequestBinding: "HTTP-POST", skipRequestCompression: true }),
  });

serve("node-saml", options, {
  metadata: () => redirect.generateServiceProviderMetadata(options.cert, options.cert),
  login: async (binding, signedBy) => {
    const saml = signer(binding, signedBy);
    return binding === "post"
      ? { page: await saml.getAuthorizeFormAsync(options.relayState) }
      : { location: await saml.getAuthorizeUrlAsync(options.relayState, undefined, {}) };
  },
  acs: async (form) => {
    const { profile } = await redirect.validatePostResponseAsync(form);
    return {
      name_id: profile.nameID,
      name_id_format: profile.nameIDFormat,
      attributes: lists(profile.attributes ?? {}),
      session_index: profile.sessionIndex,
      in_response_to: profile.inResponseTo,
    };
  },
});
