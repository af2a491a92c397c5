"""Decrypts a document that is one EncryptedData, with libxmlsec1 as the wheel of xmlsec brings it.

What was encrypted goes to the file after --output, as a document.
"""

import argparse
import pathlib

import xmlsec
from lxml import etree


def main() -> None:
    """Reads one document, and writes one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key", help="the private key, PEM")
    parser.add_argument("document")
    parser.add_argument("--output", required=True, type=pathlib.Path)
    options = parser.parse_args()

    # The decrypted element takes the place of the encrypted one, which needs a parent for that.
    place = etree.Element("place")
    place.append(etree.parse(options.document).getroot())
    keys = xmlsec.KeysManager()
    keys.add_key(xmlsec.Key.from_file(options.key, xmlsec.constants.KeyDataFormatPem))
    xmlsec.EncryptionContext(keys).decrypt(place[0])
    options.output.write_bytes(etree.tostring(place[0], encoding="UTF-8", xml_declaration=True))


main()
