"""What the Python service providers of the tests share: arguments, and how they report.

Each one plays Zoom with a foreign SAML library. It listens on 127.0.0.1 only, runs in the
foreground until it is killed, and serves

    GET  /metadata   its SP metadata
    GET  /login      sends the browser off with an AuthnRequest
    POST /acs        reads the Response, and says what it read, as JSON

A Response that the library takes gives status 200 and `"ok": true`; one that it refuses gives
403 and the library's own words under `error`.
"""

import argparse
from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.serving import run_simple


def arguments(description: str, bindings: list[str]) -> argparse.Namespace:
    """Reads the command line. The first of `bindings` is the default one."""
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    parser.add_argument("--base-url", required=True, help="how the browser names this server, no final slash")
    parser.add_argument("--entity-id", required=True, help="the entity ID to play")
    parser.add_argument("--idp-metadata", required=True, help="file with the identity provider's metadata")
    parser.add_argument("--key", required=True, help="our private key, PEM")
    parser.add_argument("--cert", required=True, help="our certificate, PEM")
    parser.add_argument("--binding", choices=bindings, default=bindings[0], help="how the AuthnRequest travels")
    parser.add_argument("--sign", choices=["yes", "no"], default="yes", help="sign the AuthnRequest")
    parser.add_argument("--encryption", choices=["yes", "no"], default="no", help="refuse an assertion in clear, where that can be said")
    parser.add_argument("--relay-state", default="/after", help="RelayState to send along")
    return parser.parse_args()


def read(path: str) -> str:
    """The text of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def accepted(peer: str, **facts: Any) -> Response:
    """The page after a Response that was taken."""
    return jsonify(peer=peer, ok=True, **facts)


def refused(peer: str, error: str) -> tuple[Response, int]:
    """The page after a Response that was not."""
    return jsonify(peer=peer, ok=False, error=error), 403


def serve(app: Flask, port: int) -> None:
    """Listens until killed."""
    run_simple("127.0.0.1", port, app, threaded=True, use_reloader=False, use_debugger=False)
