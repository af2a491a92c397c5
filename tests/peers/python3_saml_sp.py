"""A service provider on python3-saml (OneLogin's toolkit; libxmlsec1 through lxml).

It validates against the schemas, refuses SHA-1, and wants a Destination, a Recipient, an
Audience and an AuthnStatement. Its AuthnRequest goes by Redirect, with the signature in the
query *before* SigAlg; /login?signature=URI has it signed by another algorithm. It takes a Response that answers no request, as it does by default.
"""

from flask import Flask, redirect, request
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from urllib.parse import urlsplit

from peer import accepted, arguments, read, refused, serve

NAME = "python3-saml"


def settings(args) -> dict:
    """python3-saml's settings: the identity provider from its metadata, the rest ours."""
    own = {
        "strict": True,
        "debug": True,
        "sp": {
            "entityId": args.entity_id,
            "assertionConsumerService": {"url": args.base_url + "/acs"},
            "NameIDFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            "x509cert": read(args.cert),
            "privateKey": read(args.key),
        },
        "security": {
            "authnRequestsSigned": args.sign == "yes",
            "wantAssertionsSigned": True,
            # It publishes its key for encryption only where it demands encryption.
            "wantAssertionsEncrypted": args.encryption == "yes",
            "rejectDeprecatedAlgorithm": True,
            "requestedAuthnContext": False,
            "signatureAlgorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "digestAlgorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
        },
    }
    idp = OneLogin_Saml2_IdPMetadataParser.parse(read(args.idp_metadata))
    # What the metadata says of the service provider's side is not asked: ours is given above.
    return {**own, "idp": idp["idp"]}


def application(args) -> Flask:
    """The web application."""
    app = Flask(NAME)
    config = settings(args)
    host = urlsplit(args.base_url).netloc
    sent: set[str] = set()

    def auth(signature: str | None = None) -> OneLogin_Saml2_Auth:
        message = {
            "https": "on" if args.base_url.startswith("https:") else "off",
            "http_host": host,
            "script_name": request.path,
            "get_data": request.args.copy(),
            "post_data": request.form.copy(),
            "query_string": request.query_string.decode(),
        }
        security = dict(config["security"])
        if signature:
            security["signatureAlgorithm"] = signature
        return OneLogin_Saml2_Auth(message, old_settings={**config, "security": security})

    @app.get("/metadata")
    def metadata():
        own = OneLogin_Saml2_Settings(config, sp_validation_only=True)
        return own.get_sp_metadata(), 200, {"Content-Type": "application/samlmetadata+xml"}

    @app.get("/login")
    def login():
        one = auth(request.args.get("signature"))
        # With a subject it also says how that is to be confirmed, which the profile forbids.
        subject = request.args.get("subject")
        target = one.login(return_to=args.relay_state, name_id_value_req=subject)
        sent.add(one.get_last_request_id())
        return redirect(target)

    @app.post("/acs")
    def acs():
        one = auth()
        try:
            # The toolkit compares with one request; which of ours it answers is looked up first,
            # and a Response that answers none of ours is compared with a name that cannot match.
            one.process_response(request_id=answered(one, sent))
        except Exception as fault:  # noqa: BLE001: whatever the toolkit raises is its refusal
            return refused(NAME, f"{type(fault).__name__}: {fault}")
        if not one.is_authenticated():
            return refused(NAME, f"{one.get_errors()}: {one.get_last_error_reason()}")
        sent.discard(one.get_last_response_in_response_to())
        return accepted(
            NAME,
            name_id=one.get_nameid(),
            name_id_format=one.get_nameid_format(),
            attributes=one.get_attributes(),
            session_index=one.get_session_index(),
            in_response_to=one.get_last_response_in_response_to(),
            relay_state=request.form.get("RelayState"),
        )

    return app


def answered(one: OneLogin_Saml2_Auth, sent: set[str]) -> str | None:
    """The ID of our request that the posted Response claims to answer; none where it claims nothing."""
    from onelogin.saml2.response import OneLogin_Saml2_Response

    posted = OneLogin_Saml2_Response(one.get_settings(), request.form.get("SAMLResponse", ""))
    claimed = posted.get_in_response_to()
    if claimed is None:
        return None
    return claimed if claimed in sent else "no-request-of-ours"


if __name__ == "__main__":
    options = arguments(__doc__, ["redirect"])
    serve(application(options), options.port)
