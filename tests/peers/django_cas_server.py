"""A CAS server on django-cas-server, for the people of a JSON file.

It listens on 127.0.0.1 only, perhaps with TLS on a second port, serves the CAS protocol below /cas,
and runs in the foreground until it is killed. Its database lies in the folder that it is given; one
that is there already is taken as it is. The file of people holds

    {"zoe": {"password": "secret", "attributes": {"mail": "zoe@univ.example", "sn": ["Zola"]}}}

Applications at any port of 127.0.0.1 and of idp.localhost may ask for tickets, and one at
https://idp.example.org, which is not to be reached from here; they are given all attributes, and
are told of a logout. Tickets live 60 seconds. There are no proxy tickets.
"""

import argparse
import json
import logging
import os
import socket
import ssl
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

APPLICATIONS = {
    "this machine": r"^http://127\.0\.0\.1:[0-9]+/",
    "the bridge": r"^https?://idp\.localhost:[0-9]+/",
    "the bridge behind a proxy": r"^https://idp\.example\.org/",
}

# Where Django looks up addresses; filled once it is set up.
urlpatterns = []


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, so that a slow logout holds nobody up."""

    daemon_threads = True
    # The default of five refuses a test that signs in many people at one time.
    request_queue_size = 128


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    parser.add_argument("--folder", type=Path, required=True, help="where the database goes")
    parser.add_argument("--tls-port", type=int, help="another port, with TLS")
    parser.add_argument("--certificate", type=Path, help="for it, PEM")
    parser.add_argument("--key", type=Path, help="of the certificate, PEM")
    parser.add_argument("--people", type=Path, required=True, help="JSON file with the people")
    return parser.parse_args()


def stay_on_this_machine() -> None:
    """Makes every host below localhost this machine, as in a browser, and no other one reachable.

    The C library asks the network for them.
    """
    look_up = socket.getaddrinfo

    def look_up_here(host, *rest, **more):
        name = host.decode() if isinstance(host, bytes) else host
        if name == "localhost" or name.endswith(".localhost"):
            name = "127.0.0.1"
        if name != "127.0.0.1":
            raise socket.gaierror(f"{name} is not this machine")
        return look_up(name, *rest, **more)

    socket.getaddrinfo = look_up_here
    # A proxy of the surroundings would not find the tests.
    os.environ["no_proxy"] = "*"


def configure(folder: Path) -> None:
    """Django's settings, with as little as django-cas-server can do with."""
    contrib = "django.contrib."
    apps = [contrib + name for name in ("auth", "contenttypes", "messages", "sessions")]
    processors = ["auth.context_processors.auth", "messages.context_processors.messages"]
    apps.append("cas_server")
    settings.configure(
        SECRET_KEY="of no use outside a test",
        ALLOWED_HOSTS=["127.0.0.1", ".localhost"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        STATIC_URL="/static/",
        INSTALLED_APPS=apps,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        # Tables from the models at once: the history of their changes takes seconds.
        MIGRATION_MODULES={app.rpartition(".")[2]: None for app in apps},
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "cas.sqlite3",
                "OPTIONS": {
                    # Writers wait for each other; one that had read first could not.
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 30,
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
                },
            }
        },
        MIDDLEWARE=[
            contrib + "sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            contrib + "auth.middleware.AuthenticationMiddleware",
            contrib + "messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [contrib + name for name in processors]
                    + ["django.template.context_processors.request"]
                },
            }
        ],
        # Cookies know no ports: other servers of 127.0.0.1 have no business with these.
        SESSION_COOKIE_PATH="/cas/",
        CSRF_COOKIE_PATH="/cas/",
        # Everything to the console, which is a test's log file.
        LOGGING_CONFIG=None,
        CAS_TICKET_VALIDITY=60,
        CAS_SLO_TIMEOUT=5,
        # Its pages would fetch these from far away, which a real browser would wait for.
        CAS_COMPONENT_URLS=dict.fromkeys(["bootstrap4_css", "bootstrap4_js", "jquery"], "data:,"),
        # It would ask PyPI.
        CAS_NEW_VERSION_HTML_WARNING=False,
        CAS_NEW_VERSION_EMAIL_WARNING=False,
    )
    logging.basicConfig(level=logging.INFO)
    django.setup()
    urlpatterns.append(path("cas/", include("cas_server.urls", namespace="cas_server")))


def let_in(people: dict[str, Any]) -> None:
    """Makes the server know the people; can be called once Django is set up."""
    from cas_server.auth import AuthUser

    class Person(AuthUser):
        """Someone who gives a name, and perhaps the password that goes with it."""

        def test_password(self, password: str) -> bool:
            """Whether this is one of the people."""
            return self.username in people and people[self.username]["password"] == password

        def attributs(self) -> dict[str, Any]:
            """What applications are told, each value a text or a list of texts."""
            return people.get(self.username, {}).get("attributes", {})

    settings.CAS_AUTH_CLASS = Person


def fill_database() -> None:
    """Makes the tables, and enters the applications, where they are not there yet."""
    from cas_server.models import ReplaceAttributName, ServicePattern

    call_command("migrate", run_syncdb=True, verbosity=0)
    for name, pattern in APPLICATIONS.items():
        known, is_new = ServicePattern.objects.get_or_create(
            name=name, pattern=pattern, single_log_out=True
        )
        if not is_new:
            continue
        # An attribute of this name stands for all.
        ReplaceAttributName.objects.create(name="*", service_pattern=known)


def serve_tls(args: argparse.Namespace) -> None:
    """Listens with TLS, too, on threads of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.certificate, args.key)
    server = make_server("127.0.0.1", args.tls_port, get_wsgi_application(), Server)
    # The handshake is made by the thread of the request.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    """Listens until killed."""
    args = arguments()
    stay_on_this_machine()
    configure(args.folder)
    let_in(json.loads(args.people.read_text(encoding="utf-8")))
    fill_database()
    if args.tls_port:
        serve_tls(args)
    with make_server("127.0.0.1", args.port, get_wsgi_application(), Server) as server:
        print(f"Running on http://127.0.0.1:{args.port}/cas", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
