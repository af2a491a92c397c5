#!/usr/bin/env python3
"""An OpenLDAP server with eduPerson and SupAnn, for the people of LDIF files.

It listens on 127.0.0.1 only, in the clear with StartTLS on one port and with TLS at once on the
other, and runs in the foreground until it is killed: this program becomes slapd. All it needs lies
in the folder that it is given, readable for its owner alone:

    ca.crt             whom clients trust; server.crt is for 127.0.0.1, localhost and ldap.lab.test,
                       wrong-name.crt, of the same authority, for another machine
    reader.password    that of cn=reader,dc=univ,dc=example, which reads all but passwords
    admin.password     that of cn=admin,dc=univ,dc=example, which may do everything
    db                 the entries; a folder that holds them already is taken as it is, and the LDIF
                       files are not read again

The LDIF files add entries below ou=people, ou=structures, ou=groups and ou=policies, which are
there. After three wrong passwords in a row an account is locked for five minutes.
"""

import argparse
import base64
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

SUFFIX = "dc=univ,dc=example"
SCHEMA = Path(__file__).parent.parent / "fixtures/directory/edu-supann.schema"
HINT = "run scripts/install test"

# Where distributions keep slapd, its modules and the schemas that it comes with.
PROGRAMS = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/lib/openldap"]
MODULES = [
    "/usr/lib/ldap",
    "/usr/lib64/openldap",
    "/usr/lib/openldap",
    "/usr/local/libexec/openldap",
]
SCHEMAS = ["/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema"]

CERTIFICATES = {
    "server": "IP:127.0.0.1,DNS:localhost,DNS:ldap.lab.test",
    "wrong-name": "DNS:elsewhere.lab.test",
}

BASE = f"""\
dn: {SUFFIX}
objectClass: domain
dc: univ

dn: cn=reader,{SUFFIX}
objectClass: device
objectClass: simpleSecurityObject
cn: reader
userPassword: @READER@

dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people

dn: ou=structures,{SUFFIX}
objectClass: organizationalUnit
ou: structures

dn: ou=groups,{SUFFIX}
objectClass: organizationalUnit
ou: groups

dn: ou=policies,{SUFFIX}
objectClass: organizationalUnit
ou: policies

dn: cn=default,ou=policies,{SUFFIX}
objectClass: device
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 3
pwdLockoutDuration: 300
pwdFailureCountInterval: 300
pwdMustChange: TRUE
"""


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True, help="where all its files go")
    parser.add_argument("--port", type=int, required=True, help="TCP port, with StartTLS")
    parser.add_argument("--tls-port", type=int, required=True, help="TCP port, with TLS at once")
    parser.add_argument("--ldif", type=Path, nargs="+", default=[], help="the entries, in LDIF")
    parser.add_argument("--certificate", choices=CERTIFICATES, default="server")
    parser.add_argument(
        "--lax",
        action="store_true",
        help="a name with an empty password is let in as nobody, and nobody may read people",
    )
    return parser.parse_args()


def first(paths: list[str], holds: str) -> Path | None:
    """The first of the folders in which there is such a file."""
    return next((folder for folder in map(Path, paths) if any(folder.glob(holds))), None)


def needed(what: str, found: Path | str | None) -> Path:
    """What was found; ends the program where nothing was."""
    if found is None:
        sys.exit(f"{what} is not installed: {HINT}")
    return Path(found)


def secret(file: Path) -> str:
    """The password in this file, which is made where there is none."""
    if not file.exists():
        # No line end: the OpenLDAP tools take all of the file for the password.
        file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return file.read_text(encoding="ascii")


def hashed(password: str) -> str:
    """The password as slapd keeps it."""
    salt = secrets.token_bytes(8)
    digest = hashlib.sha1(password.encode() + salt).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


def make_certificates(openssl: Path, folder: Path) -> None:
    """An authority, and a certificate of it for each name."""

    def run(*words: str) -> None:
        done = subprocess.run([openssl, *words], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"openssl {words[0]}: {done.stderr}")

    if (folder / "wrong-name.crt").exists():
        return
    (folder / "openssl.cnf").write_text(
        "[req]\ndistinguished_name = name\n[name]\n"
        "[ca]\ndefault_ca = lab\n"
        "[lab]\ndatabase = issued\nrand_serial = yes\nnew_certs_dir = .\n"
        "policy = any\ndefault_md = sha256\n"
        "[any]\ncommonName = supplied\n"
        "[authority]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\n"
        "subjectKeyIdentifier = hash\n"
        + "".join(
            f"[{name}]\nbasicConstraints = CA:FALSE\nkeyUsage = digitalSignature\n"
            f"extendedKeyUsage = serverAuth\nsubjectAltName = {names}\n"
            for name, names in CERTIFICATES.items()
        ),
        encoding="ascii",
    )
    # One that was begun and not finished is begun anew.
    (folder / "issued").write_text("", encoding="ascii")
    # A client's clock may be behind.
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    request = ["req", "-config", "openssl.cnf", *key]
    issue = ["ca", "-batch", "-notext", "-config", "openssl.cnf"]
    issue += ["-startdate", yesterday.strftime("%y%m%d%H%M%SZ"), "-days", "3650"]
    of_itself = ["-selfsign", "-extensions", "authority"]
    run(*request, "-subj", "/CN=lab authority", "-keyout", "ca.key", "-out", "ca.csr")
    run(*issue, *of_itself, "-keyfile", "ca.key", "-in", "ca.csr", "-out", "ca.crt")
    for name in CERTIFICATES:
        run(*request, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        by_authority = ["-cert", "ca.crt", "-keyfile", "ca.key", "-extensions", name]
        run(*issue, *by_authority, "-in", f"{name}.csr", "-out", f"{name}.crt")


def configuration(folder: Path, certificate: str, lax: bool, admin: str) -> str:
    """The file slapd.conf."""
    schemas = needed("the schema of OpenLDAP", first(SCHEMAS, "inetorgperson.schema"))
    modules = first(MODULES, "ppolicy.*")
    wanted = ["back_mdb", "ppolicy", "memberof", "argon2"] if modules else []
    lines = [f"include {schemas}/{name}.schema" for name in ("core", "cosine", "inetorgperson")]
    lines.append(f"include {SCHEMA.resolve()}")
    if modules:
        lines.append(f"modulepath {modules}")
    # What is no module here is part of slapd.
    lines += [f"moduleload {name}" for name in wanted if any(modules.glob(f"{name}.*"))]
    if lax:
        lines.append("allow bind_anon_dn")
    anonymous = "by anonymous read " if lax else ""
    lines.append(f"""\
TLSCertificateFile {folder}/{certificate}.crt
TLSCertificateKeyFile {folder}/{certificate}.key
password-hash {{ARGON2}}
access to attrs=userPassword by self write by anonymous auth by * none
access to dn.base="" by * read
access to dn.base="cn=subschema" by * read
access to * by dn.exact="cn=reader,{SUFFIX}" read by self read {anonymous}by * none
database mdb
suffix "{SUFFIX}"
rootdn "cn=admin,{SUFFIX}"
rootpw {hashed(admin)}
directory {folder}/db
maxsize 1073741824
dbnosync
index objectClass,uid,mail,eduPersonPrincipalName,supannCodeEntite,supannAliasLogin,member eq
overlay ppolicy
ppolicy_default "cn=default,ou=policies,{SUFFIX}"
ppolicy_use_lockout
overlay memberof
""")
    return "\n".join(lines)


def load(slapd: Path, folder: Path, reader: str, files: list[Path]) -> None:
    """Fills the database, unless that was done before."""
    done = folder / "loaded"
    if done.exists():
        return
    database = folder / "db"
    if database.exists():
        # Of somebody who was stopped half-way.
        shutil.rmtree(database)
    database.mkdir()
    entries = [
        BASE.replace("@READER@", hashed(reader)).encode(),
        *(file.read_bytes() for file in files),
    ]
    add = [slapd, "-T", "add", "-q", "-f", folder / "slapd.conf"]
    if subprocess.run(add, input=b"\n".join(entries), stdout=sys.stderr).returncode != 0:
        sys.exit("slapd does not take these entries")
    done.touch()


def main() -> None:
    """Makes what is missing in the folder, and becomes slapd."""
    args = arguments()
    os.umask(0o077)
    args.folder.mkdir(parents=True, exist_ok=True)
    folder = args.folder.resolve()
    slapd = needed(
        "slapd", shutil.which("slapd", path=os.pathsep.join([os.environ["PATH"], *PROGRAMS]))
    )
    make_certificates(needed("openssl", shutil.which("openssl")), folder)
    reader, admin = (secret(folder / f"{name}.password") for name in ("reader", "admin"))
    text = configuration(folder, args.certificate, args.lax, admin)
    (folder / "slapd.conf").write_text(text, encoding="utf-8")
    load(slapd, folder, reader, args.ldif)
    urls = f"ldap://127.0.0.1:{args.port} ldaps://127.0.0.1:{args.tls_port}"
    # With a line for each operation in the log: who was asked for, never a password.
    os.execv(slapd, ["slapd", "-d", "stats", "-f", folder / "slapd.conf", "-h", urls])


if __name__ == "__main__":
    main()
