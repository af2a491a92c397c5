"""A service provider on pysaml2, which verifies with the xmlsec1 program.

Its AuthnRequest goes by POST, with the signature in the XML, or by Redirect (/login?binding=redirect).
/login?signature=URI&digest=URI has it signed by other algorithms.
/login?signed=inside goes by Redirect with the signature in the XML, and none in the query.
/login?ForceAuthn=true asks for a fresh login; subject, comparison and context ask for a person and for a
way to sign in, and with them comes all that a provider may say besides.
"""

import shutil

from flask import Flask, redirect, request
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, ExtensionElement, saml, samlp
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor

from peer import accepted, arguments, refused, serve

NAME = "pysaml2"
BINDINGS = {"post": BINDING_HTTP_POST, "redirect": BINDING_HTTP_REDIRECT}
# Said with every request: its own default is SHA-1, and what the configuration says counts for
# Redirect only.
ALGORITHMS = {
    "sign_alg": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "digest_alg": "http://www.w3.org/2001/04/xmlenc#sha256",
}


def config(args) -> SPConfig:
    """pysaml2's configuration."""
    xmlsec1 = shutil.which("xmlsec1")
    if xmlsec1 is None:
        raise SystemExit("pysaml2 needs the xmlsec1 program")
    pair = {"key_file": args.key, "cert_file": args.cert}
    return SPConfig().load(
        {
            "entityid": args.entity_id,
            "xmlsec_binary": xmlsec1,
            **pair,
            "encryption_keypairs": [pair],
            "allow_unknown_attributes": True,
            "metadata": {"local": [args.idp_metadata]},
            "service": {
                "sp": {
                    "endpoints": {
                        "assertion_consumer_service": [(args.base_url + "/acs", BINDING_HTTP_POST)]
                    },
                    "allow_unsolicited": False,
                    "authn_requests_signed": args.sign == "yes",
                    "want_response_signed": False,
                    "want_assertions_signed": True,
                }
            },
        }
    )


def raw_attributes(response) -> dict[str, list[str]]:
    """The attributes by the name they travelled under, as verified and before any renaming."""
    return {
        attribute.name: [value.text or "" for value in attribute.attribute_value]
        for statement in response.assertion.attribute_statement
        for attribute in statement.attribute
    }


def wishes(asked) -> dict:
    """What /login is asked to ask for, in pysaml2's words; nothing more where it is asked for nothing."""
    if "subject" not in asked:
        return {}
    name = saml.NameID(text=asked["subject"], format=saml.NAMEID_FORMAT_EMAILADDRESS)
    return {
        "subject": saml.Subject(name_id=name),
        "requested_authn_context": {
            "authn_context_class_ref": asked.getlist("context"),
            "comparison": asked["comparison"],
        },
        "nameid_format": saml.NAMEID_FORMAT_EMAILADDRESS,
        "allow_create": "true",
        "conditions": saml.Conditions(not_on_or_after="2001-01-01T00:00:00Z"),
        "scoping": samlp.Scoping(
            proxy_count="0",
            idp_list=samlp.IDPList(idp_entry=[samlp.IDPEntry(provider_id="https://other.example")]),
            requester_id=[samlp.RequesterID(text="https://portal.example")],
        ),
        "extensions": samlp.Extensions(
            extension_elements=[ExtensionElement("Colour", namespace="urn:example", text="blue")]
        ),
        "consent": True,
        "provider_name": "<Zoom> & Co",
    }


def signed_inside(client, idp: str, relay_state: str) -> tuple[str, dict]:
    """A request by Redirect that is signed as one by POST is."""
    destination = client.sso_location(idp, BINDING_HTTP_REDIRECT)
    request_id, xml = client.create_authn_request(destination, sign=True, **ALGORITHMS)
    http = client.apply_binding(BINDING_HTTP_REDIRECT, xml, destination, relay_state, sign=False)
    return request_id, http


def application(args) -> Flask:
    """The web application."""
    app = Flask(NAME)
    own = config(args)
    client = Saml2Client(config=own)
    (idp,) = own.metadata.identity_providers()
    outstanding: dict[str, str] = {}

    @app.get("/metadata")
    def metadata():
        return str(entity_descriptor(own)), 200, {"Content-Type": "application/samlmetadata+xml"}

    @app.get("/login")
    def login():
        if request.args.get("signed") == "inside":
            request_id, http = signed_inside(client, idp, args.relay_state)
            outstanding[request_id] = "/"
            return redirect(dict(http["headers"])["Location"])
        binding = request.args.get("binding", args.binding)
        request_id, http = client.prepare_for_authenticate(
            entityid=idp,
            relay_state=args.relay_state,
            binding=BINDINGS[binding],
            sign=args.sign == "yes",
            force_authn=request.args.get("ForceAuthn"),
            sigalg=request.args.get("signature", ALGORITHMS["sign_alg"]),
            digest_alg=request.args.get("digest", ALGORITHMS["digest_alg"]),
            **wishes(request.args),
        )
        outstanding[request_id] = "/"
        if binding == "redirect":
            return redirect(dict(http["headers"])["Location"])
        return http["data"], 200, {"Content-Type": "text/html; charset=utf-8"}

    @app.post("/acs")
    def acs():
        try:
            response = client.parse_authn_request_response(
                request.form["SAMLResponse"], BINDING_HTTP_POST, outstanding=dict(outstanding)
            )
        except Exception as fault:  # noqa: BLE001: whatever pysaml2 raises is its refusal
            return refused(NAME, f"{type(fault).__name__}: {fault}")
        if response is None or response.assertion is None:
            return refused(NAME, "application: pysaml2 gives no assertion")
        outstanding.pop(response.in_response_to, None)
        return accepted(
            NAME,
            name_id=response.name_id and response.name_id.text,
            name_id_format=response.name_id and response.name_id.format,
            attributes=raw_attributes(response),
            session_index=response.session_info()["session_index"],
            authn_instant=response.assertion.authn_statement[0].authn_instant,
            in_response_to=response.in_response_to,
            relay_state=request.form.get("RelayState"),
        )

    return app


if __name__ == "__main__":
    options = arguments(__doc__, ["post", "redirect"])
    serve(application(options), options.port)
