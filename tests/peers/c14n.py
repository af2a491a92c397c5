"""Canonical forms as libxml2 writes them: a list of tasks from standard input, their results printed.

A task names a document, an element of it by its place in document order, and the form. The element goes
to libxml2 as a signature hands it over: as the set of its nodes in the document around it. lxml cannot:
it copies the element first, and drops `#default` from lists of prefixes.
"""

import ctypes
import json
import sys

NO_NETWORK = 1 << 11
FORMS = {"c14n": 0, "exclusive": 1, "c14n11": 2}

xml2 = ctypes.CDLL("libxml2.so.2")
for maker in (xml2.xmlReadMemory, xml2.xmlXPathNewContext, xml2.xmlXPathEvalExpression):
    maker.restype = ctypes.c_void_p


class Found(ctypes.Structure):
    """The beginning of libxml2's xmlXPathObject."""

    _fields_ = [("kind", ctypes.c_int), ("nodes", ctypes.c_void_p)]


def canonical(task):
    xml = task["xml"].encode()
    document = ctypes.c_void_p(xml2.xmlReadMemory(xml, len(xml), None, None, NO_NETWORK))
    context = ctypes.c_void_p(xml2.xmlXPathNewContext(document))
    element = f"(//*)[{task['place'] + 1}]/descendant-or-self::"
    nodes = f"{element}node() | {element}*/@* | {element}*/namespace::*"
    found = ctypes.c_void_p(xml2.xmlXPathEvalExpression(nodes.encode(), context))
    names = [name.encode() for name in task["prefixes"]]
    prefixes = (ctypes.c_char_p * (len(names) + 1))(*names, None)
    out = ctypes.c_char_p()
    length = xml2.xmlC14NDocDumpMemory(
        document,
        ctypes.c_void_p(Found.from_address(found.value).nodes),
        FORMS[task["form"]],
        prefixes if names else None,
        int(task["with_comments"]),
        ctypes.byref(out),
    )
    if length < 0:
        raise SystemExit(f"no canonical form: {task}")
    form = ctypes.string_at(out, length).decode()
    xml2.xmlXPathFreeObject(found)
    xml2.xmlXPathFreeContext(context)
    xml2.xmlFreeDoc(document)
    return form


json.dump([canonical(task) for task in json.load(sys.stdin)], sys.stdout)
