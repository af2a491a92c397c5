#!/usr/bin/env python3
"""Says as JSON what mod_auth_mellon put into the environment, or what it wrote to its log.

Apache runs it as a CGI program: behind mellon's door as `show.py`, and as `error.py` for the
page of a refused request.
"""

import base64
import json
import os
import pathlib
import sys
import xml.etree.ElementTree as tree

ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
# What mellon sets that is not an attribute.
NOT_ATTRIBUTES = {"ASSERTION_ID", "IDP", "NAME_ID", "SAML_RESPONSE", "SESSION"}


def identity() -> dict:
    """What mellon and lasso read from the Response that they took."""
    ours = {
        name.removeprefix("MELLON_"): value
        for name, value in os.environ.items()
        if name.startswith("MELLON_")
    }
    # Lasso's record of the session: it was written after the signature was verified, and after
    # decryption.
    session = tree.fromstring(base64.b64decode(ours["SESSION"]))
    entries = [entry for entry in session.iter() if "SessionIndex" in entry.attrib]
    response = tree.fromstring(base64.b64decode(ours["SAML_RESPONSE"]))
    name_id = next(session.iter(ASSERTION + "NameID"), None)
    # Of an encrypted assertion there is none to be seen.
    statements = [found.get("AuthnInstant") for found in response.iter(ASSERTION + "AuthnStatement")]
    return {
        "peer": "mellon",
        "ok": True,
        "name_id": ours.get("NAME_ID"),
        "name_id_format": None if name_id is None else name_id.get("Format"),
        "attributes": attributes(ours),
        "session_index": entries[0].get("SessionIndex"),
        "authn_instant": statements[0] if statements else None,
        "in_response_to": response.get("InResponseTo"),
        # Mellon returns to the address that it sent as RelayState.
        "relay_state": os.environ["REQUEST_URI"],
        "idp": ours.get("IDP"),
    }


def attributes(ours: dict[str, str]) -> dict[str, list[str]]:
    """The attributes; Apache has turned what is no letter or digit of their names into `_`.

    Mellon sets the first value under the plain name and each value under name_0, name_1, …
    """
    return {
        name: [ours[f"{name}_{place}"] for place in range(len(ours)) if f"{name}_{place}" in ours]
        for name in ours
        if name not in NOT_ATTRIBUTES and f"{name}_0" in ours
    }


def refusal() -> dict:
    """The last lines of the log."""
    log = pathlib.Path(os.environ["PEER_ERROR_LOG"]).read_text(encoding="utf-8", errors="replace")
    lines = [line for line in log.splitlines() if "auth_mellon" in line]
    return {"peer": "mellon", "ok": False, "error": "\n".join(lines[-8:])}


def main() -> None:
    """Prints the CGI answer."""
    if pathlib.Path(sys.argv[0]).name == "error.py":
        status, body = os.environ.get("REDIRECT_STATUS", "500"), refusal()
    else:
        status, body = "200", identity()
    sys.stdout.write(f"Status: {status}\r\nContent-Type: application/json\r\n\r\n")
    sys.stdout.write(json.dumps(body))


main()
