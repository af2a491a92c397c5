// The AuthnRequest that saml2-js (Clever's; xml-crypto) signs for HTTP-POST, printed: it puts the
// Signature last.

import { load, read } from "./peer.mjs";

const saml2 = load("saml2-js");
const [entityId, acs, sso, key, certificate] = process.argv.slice(2);

const idp = new saml2.IdentityProvider({
  sso_login_url: sso,
  sso_logout_url: sso,
  certificates: [read(certificate)],
});
const sp = new saml2.ServiceProvider({
  entity_id: entityId,
  private_key: read(key),
  certificate: read(certificate),
  assert_endpoint: acs,
});

process.stdout.write(sp.create_authn_request_xml(idp, {}));
