"""Opening inputs of every form."""

from __future__ import annotations

import json

from covey.lab.inspect.inspected import Inspected
from covey.lab.inspect.opening import Unopened, open_input
from covey.lab.inspect.vector_file import VectorFile
from group_samples import member

PACKAGE = member("alice").key_package().message


def test_bytes_and_what_stands_for_them_are_opened() -> None:
    for given in (PACKAGE, PACKAGE.hex().encode(), json.dumps(list(PACKAGE)).encode()):
        found = open_input(given)
        assert isinstance(found, Inspected)
        assert (found.kind, found.raw) == ("KeyPackage", PACKAGE)


def test_text_is_no_struct() -> None:
    for given in (b"", b"# A title\n\nWords.", PACKAGE.hex().encode()[:-1]):
        found = open_input(given)
        assert isinstance(found, Unopened)
        assert not found.good
    assert isinstance(open_input(b"hello", kind="Welcome"), Unopened)


def test_json_is_opened_or_said_to_hold_nothing() -> None:
    found = open_input(json.dumps({"key_package": PACKAGE.hex()}).encode())
    assert isinstance(found, VectorFile)
    assert found.good
    for given in (b"{}", b"[]", b"[1, 2]"):
        found = open_input(given)
        assert isinstance(found, VectorFile)
        assert "JSON without anything to inspect" in found.problem


def test_a_kind_can_be_said_of_what_an_mls_message_holds() -> None:
    found = open_input(PACKAGE, kind="KeyPackage")
    assert isinstance(found, Inspected)
    assert found.kind == "KeyPackage"
