"""Writes the query of HTTP-Redirect that carries a message, encoded and signed by pysaml2.

The whole query goes to standard output, without a line end.
"""

import argparse
import pathlib
import sys

from saml2.cryptography.asymmetric import load_pem_private_key
from saml2.pack import http_redirect_message
from saml2.sigver import RSACrypto
from saml2.xmldsig import SIG_RSA_SHA256


def main() -> None:
    """Reads one document, and writes one query."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key", type=pathlib.Path, help="the private key, PEM")
    parser.add_argument("document", type=pathlib.Path)
    parser.add_argument("--relay-state", required=True)
    options = parser.parse_args()

    sent = http_redirect_message(
        options.document.read_text(encoding="utf-8"),
        "https://idp.example.org/saml/sso",
        options.relay_state,
        sigalg=SIG_RSA_SHA256,
        sign=True,
        backend=RSACrypto(load_pem_private_key(options.key.read_bytes(), None)),
    )
    [(_, location)] = sent["headers"]
    sys.stdout.write(location.split("?", 1)[1])


main()
