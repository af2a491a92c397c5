"""Prints the Response of an identity provider on pysaml2: signed, or with its assertion encrypted.

    pysaml2_idp.py --key idp.key --cert idp.crt --mail zoe@univ.example --uid zoe [--encrypt]

It stands in for the identity provider that people had before. Nobody asks for the Response, and
nobody takes it.
"""

import argparse
import shutil
from pathlib import Path

from saml2 import saml
from saml2.config import IdPConfig
from saml2.server import Server

# The provider that it sends to: without its metadata the library sends nothing.
METADATA = Path(__file__).parents[2] / "metadata" / "zoom.xml"
IDP = "https://before.univ.example/idp"
SP = "univ-montp3-fr.zoom.us"
ACS = "https://univ-montp3-fr.zoom.us/saml/SSO"


def server(args: argparse.Namespace) -> Server:
    """The identity provider."""
    xmlsec1 = shutil.which("xmlsec1")
    if xmlsec1 is None:
        raise SystemExit("pysaml2 needs the xmlsec1 program")
    config = {
        "entityid": IDP,
        "xmlsec_binary": xmlsec1,
        "key_file": args.key,
        "cert_file": args.cert,
        "metadata": {"local": [str(METADATA)]},
        "service": {"idp": {"endpoints": {"single_sign_on_service": []}}},
    }
    return Server(config=IdPConfig().load(config))


def main() -> None:
    """Prints one Response."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--key", "--cert", "--mail", "--uid"):
        parser.add_argument(name, required=True)
    parser.add_argument("--encrypt", action="store_true")
    args = parser.parse_args()
    with open(args.cert, encoding="ascii") as file:
        certificate = file.read()
    response = server(args).create_authn_response(
        identity={"mail": args.mail, "uid": args.uid, "eduPersonAffiliation": ["member", "staff"]},
        in_response_to="_0",
        destination=ACS,
        sp_entity_id=SP,
        name_id=saml.NameID(format=saml.NAMEID_FORMAT_TRANSIENT, text="_f00d"),
        authn={"class_ref": saml.AUTHN_PASSWORD_PROTECTED, "authn_auth": IDP},
        sign_response=True,
        sign_assertion=True,
        encrypt_assertion=args.encrypt,
        encrypt_cert_assertion=certificate if args.encrypt else None,
        sign_alg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        digest_alg="http://www.w3.org/2001/04/xmlenc#sha256",
    )
    print(response)


if __name__ == "__main__":
    main()
