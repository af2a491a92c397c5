// A service provider on samlify (xml-crypto).
//
// It holds messages against the schemas, and verifies signature, Issuer and times; the Audience and the addresses it only hands on, and which
// request is answered is the application's to compare. Its AuthnRequest goes by Redirect, with the
// signature in the query, or by POST, with the signature in the XML. It is told beforehand whether
// assertions come encrypted, and reads no others.

import { commandLine, formPage, lists, load, Outstanding, read, serve } from "./peer.mjs";

const samlify = load("samlify");

const POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

const options = commandLine(["redirect", "post"]);
const outstanding = new Outstanding();

// The library reads nothing without a validator, and brings none along: this one is its author's, libxml2 in
// WebAssembly with the schemas of OASIS.
samlify.setSchemaValidator(load("@authenio/samlify-xmllint-wasm"));

const idp = samlify.IdentityProvider({
  // It signs its requests only where the identity provider's metadata demands it, and refuses to send
  // any where the two metadata differ in this; ours takes signed requests and demands none.
  metadata: read(options.idpMetadata).replace(
    /WantAuthnRequestsSigned="false"/,
    'WantAuthnRequestsSigned="true"',
  ),
  isAssertionEncrypted: options.encryption === "yes",
});
const settings = {
  entityID: options.entityId,
  authnRequestsSigned: true,
  wantAssertionsSigned: true,
  requestSignatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  signingCert: options.cert,
  privateKey: options.key,
  encryptCert: options.cert,
  encPrivateKey: options.key,
  nameIDFormat: ["urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"],
  assertionConsumerService: [{ Binding: POST, Location: options.acs }],
  relayState: options.relayState,
  clockDrifts: [0, 0],
};
const sp = samlify.ServiceProvider(settings);

/** What signs a request by that algorithm, which says the digest, too. */
const signer = (signature) =>
  signature
    ? samlify.ServiceProvider({ ...settings, requestSignatureAlgorithm: signature })
    : sp;

serve("samlify", options, {
  metadata: () => sp.getMetadata(),
  login: (binding, { signature }) => {
    const request = signer(signature).createLoginRequest(idp, binding, { relayState: options.relayState });
    outstanding.add(request.id);
    if (binding === "redirect") return { location: request.context };
    const fields = { SAMLRequest: request.context, RelayState: options.relayState };
    return { page: formPage(request.entityEndpoint, fields) };
  },
  acs: async (form) => {
    const { extract } = await sp.parseLoginResponse(idp, "post", { body: form });
    outstanding.take(extract.response.inResponseTo);
    return {
      name_id: extract.nameID,
      attributes: lists(extract.attributes),
      session_index: extract.sessionIndex.sessionIndex,
      in_response_to: extract.response.inResponseTo,
    };
  },
});
