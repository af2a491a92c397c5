// What the JavaScript service providers of the tests share: the arguments, the packages, and how
// they report. What they serve is what peer.py says, and `/login?binding=…` besides, where the
// library has more than one way to send its AuthnRequest, with `signature=` and `digest=`, URIs of
// algorithms, where it can sign that by others than SHA-256.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";

/** As much as a form may hold; a Response is a tenth of that. */
const LARGEST_FORM = 1 << 20;
const METADATA = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURES = "http://www.w3.org/2000/09/xmldsig#";

/** Loads a package of those that `scripts/install test` put there. */
export const load = createRequire(new URL("../../lab/npm-peers/", import.meta.url));

/** The text of a file. */
export const read = (path) => readFileSync(path, "utf8");

/** Reads the command line. The first of `bindings` is the default one. */
export function commandLine(bindings) {
  const text = { type: "string" };
  const { values } = parseArgs({
    options: {
      port: text,
      "base-url": text,
      "entity-id": text,
      "idp-metadata": text,
      key: text,
      cert: text,
      binding: { type: "string", default: bindings[0] },
      // Whether to refuse an assertion in clear, where that can be said.
      encryption: { type: "string", default: "no" },
      "relay-state": { type: "string", default: "/after" },
    },
  });
  const chosen = {
    port: Number(values.port),
    baseUrl: values["base-url"],
    entityId: values["entity-id"],
    idpMetadata: values["idp-metadata"],
    key: values.key && read(values.key),
    cert: values.cert && read(values.cert),
    binding: values.binding,
    encryption: values.encryption,
    relayState: values["relay-state"],
  };
  for (const [name, value] of Object.entries(chosen)) {
    if (!value) throw new Error(`no ${name}`);
  }
  return { ...chosen, acs: `${chosen.baseUrl}/acs` };
}

/** The identity provider of a metadata file, for libraries that are told of one by hand. */
export function identityProvider(path) {
  const { DOMParser } = load("@xmldom/xmldom");
  const root = new DOMParser().parseFromString(read(path), "text/xml").documentElement;
  const all = (namespace, name) => {
    const list = root.getElementsByTagNameNS(namespace, name);
    return Array.from({ length: list.length }, (_, place) => list.item(place));
  };
  const address = (binding) =>
    all(METADATA, "SingleSignOnService")
      .find((service) => service.getAttribute("Binding").endsWith(binding))
      .getAttribute("Location");
  return {
    entityId: root.getAttribute("entityID"),
    redirect: address("HTTP-Redirect"),
    post: address("HTTP-POST"),
    certificates: all(SIGNATURES, "X509Certificate").map(
      ({ textContent }) =>
        `-----BEGIN CERTIFICATE-----\n${textContent.match(/\S{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`,
    ),
  };
}

/** A page that posts a form, as every service provider writes one for itself. */
export function formPage(action, fields) {
  const quote = (text) =>
    text.replace(/[&<"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", '"': "&quot;" })[sign]);
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${quote(value)}">`,
  );
  return `<!doctype html><form method="post" action="${quote(action)}">${inputs.join("")}<button>Go on</button></form>`;
}

/** Every attribute as a list of values, as the libraries in Python give them. */
export const lists = (attributes) =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, [value].flat()]));

/**
 * The requests that wait for an answer.
 *
 * A library that does not keep them leaves it to the application around it; whether a refusal is
 * the library's or the application's is said in its words.
 */
export class Outstanding {
  #ids = new Set();

  add(id) {
    this.#ids.add(id);
  }

  /** Refuses a Response to none of them, and a second one to the same. */
  take(id) {
    if (!this.#ids.delete(id)) throw new Error("application: InResponseTo names no open request");
  }
}

/**
 * Listens until killed.
 *
 * `metadata()` gives XML; `login(binding, signedBy)`, where that may have the URIs of algorithms, an address to be sent to, or a page; `acs(form)` what was
 * read from a Response, or throws the refusal.
 */
export function serve(peer, { port, baseUrl, binding }, { metadata, login, acs }) {
  const answer = async (request) => {
    const { pathname, searchParams } = new URL(request.url, baseUrl);
    switch (`${request.method} ${pathname}`) {
      case "GET /metadata":
        return { type: "application/samlmetadata+xml", body: await metadata() };
      case "GET /login": {
        const signedBy = {
          signature: searchParams.get("signature") ?? undefined,
          digest: searchParams.get("digest") ?? undefined,
        };
        const next = await login(searchParams.get("binding") ?? binding, signedBy);
        if (next.location) return { status: 302, location: next.location, body: "" };
        return { type: "text/html; charset=utf-8", body: next.page };
      }
      case "POST /acs": {
        const form = Object.fromEntries(new URLSearchParams(await textOf(request)));
        return judge(peer, form, acs);
      }
      default:
        return { status: 404, body: "" };
    }
  };
  const server = createServer(async (request, response) => {
    const { status = 200, type = "text/plain", location, body } = await answer(request).catch(
      (fault) => ({ status: 500, body: String(fault?.stack ?? fault) }),
    );
    if (location) response.setHeader("Location", location);
    response.setHeader("Content-Type", type);
    response.writeHead(status).end(body);
  });
  server.listen(port, "127.0.0.1");
}

async function judge(peer, form, acs) {
  const type = "application/json";
  try {
    const read = { relay_state: form.RelayState, ...(await acs(form)) };
    return { type, body: JSON.stringify({ peer, ok: true, ...read }) };
  } catch (fault) {
    // Whatever the library throws is its refusal; some throw a bare text.
    const error = String(fault?.message ?? fault);
    return { status: 403, type, body: JSON.stringify({ peer, ok: false, error }) };
  }
}

async function textOf(request) {
  let text = "";
  request.setEncoding("utf8");
  for await (const piece of request) {
    text += piece;
    if (text.length > LARGEST_FORM) throw new Error("the form is too long");
  }
  return text;
}
