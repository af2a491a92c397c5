// A service provider on saml2-js (Clever's; xml-crypto).
//
// It verifies a signature, the Audience and the times; which request is answered is the application's to
// compare. Its AuthnRequest goes by Redirect, with the signature in the query and by RSA-SHA256 alone, or
// by POST, with the signature last in the XML. It decrypts with the key that it signs with.

import { promisify } from "node:util";

import { commandLine, formPage, identityProvider, load, Outstanding, serve } from "./peer.mjs";

const saml2 = load("saml2-js");

const options = commandLine(["redirect", "post"]);
const outstanding = new Outstanding();
const known = identityProvider(options.idpMetadata);

const idp = new saml2.IdentityProvider({
  sso_login_url: known.redirect,
  sso_logout_url: known.redirect,
  certificates: known.certificates,
});
const sp = new saml2.ServiceProvider({
  entity_id: options.entityId,
  audience: options.entityId,
  private_key: options.key,
  certificate: options.cert,
  assert_endpoint: options.acs,
  sign_get_request: true,
  allow_unencrypted_assertion: options.encryption === "no",
  notbefore_skew: 0,
});
const assert = promisify(sp.post_assert.bind(sp));

/** The address with the request, and the request's ID. */
const request = () =>
  new Promise((done, failed) => {
    sp.create_login_request_url(idp, { relay_state: options.relayState }, (fault, location, id) =>
      fault ? failed(fault) : done({ location, id }),
    );
  });

/** The page that posts a request. */
const form = (signature) => {
  const xml = sp.create_authn_request_xml(idp, { signatureAlgorithm: signature });
  outstanding.add(xml.match(/ ID="([^"]+)"/)[1]);
  const message = Buffer.from(xml).toString("base64");
  return formPage(known.post, { SAMLRequest: message, RelayState: options.relayState });
};

serve("saml2-js", options, {
  metadata: () => sp.create_metadata(),
  login: async (binding, { signature }) => {
    if (binding === "post") return { page: form(signature) };
    const { location, id } = await request();
    outstanding.add(id);
    return { location };
  },
  acs: async (form) => {
    const { response_header: header, user } = await assert(idp, { request_body: form });
    outstanding.take(header.in_response_to);
    return {
      name_id: user.name_id,
      attributes: user.attributes,
      session_index: user.session_index,
      in_response_to: header.in_response_to,
    };
  },
});
