"""Values of vectors, read by compiled codecs."""

from __future__ import annotations

import pytest

from covey.errors import DecodeError
from covey.mls.structs.credentials import BasicCredential, Credential
from covey.mls.structs.proposals import Proposal, Remove, UnknownProposal
from covey.mls.structs.tree import Node, ParentNode
from covey.mls.wire.skimming import skim


@pytest.mark.parametrize(
    ("hint", "text", "value"),
    [
        (Credential, "0001 01 61", BasicCredential(b"a")),
        (Proposal, "0003 00000007", Remove(7)),
        (Proposal, "f001 01 61", UnknownProposal(0xF001, b"a")),
        (Node | None, "00", None),
        (Node | None, "01 02 00 00 00", ParentNode(b"", b"", ())),
    ],
)
def test_a_value_is_read_where_it_stands(hint: object, text: str, value: object) -> None:
    data = bytes.fromhex(text)
    assert skim(hint, b"x" + data + b"y", 1) == (value, 1 + len(data))


@pytest.mark.parametrize("text", ["", "02", "01 03", "01 02 05"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises((DecodeError, IndexError)):
        skim(Node | None, bytes.fromhex(text), 0)
