"""The code points and the secrecy of structs."""

from __future__ import annotations

import pytest

from covey.mls.structs.credentials import (
    BasicCredential,
    UnknownCredential,
    X509Credential,
    credential_type,
)
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import ProposalFrame, Remove, UnknownProposal, proposal_type
from covey.mls.structs.tree import LeafNode
from covey.mls.structs.welcome import GroupSecrets, PathSecret
from wire_samples import LEAF_IN_PACKAGE, PACKAGE, SAMPLES


def test_a_credential_says_its_type() -> None:
    assert credential_type(BasicCredential(b"")) == 1
    assert credential_type(X509Credential(())) == 2
    assert credential_type(UnknownCredential(0x2A2A, b"")) == 0x2A2A


def test_a_proposal_says_its_type() -> None:
    assert proposal_type(Remove(1)) == 3
    assert proposal_type(UnknownProposal(0xF00D, b"")) == 0xF00D
    for value, encoded in SAMPLES:
        if isinstance(value, ProposalFrame):
            assert proposal_type(value.proposal) == int(encoded[:4], 16)


@pytest.mark.parametrize("secret", [PathSecret(b"hidden"), GroupSecrets(b"hidden", None, ())])
def test_secrets_do_not_show(secret: PathSecret | GroupSecrets) -> None:
    assert repr(secret) == f"{type(secret).__name__}(…)"
    assert "hidden" not in f"{secret} {secret!r}"


def test_nested_structs_keep_their_own_bytes() -> None:
    message = MLSMessage.decode(MLSMessage(1, PACKAGE).encode()).message
    assert type(message) is type(PACKAGE)
    assert message.raw == PACKAGE.encode()
    assert message.leaf_node.raw == LEAF_IN_PACKAGE.encode()


def test_a_leaf_with_unknown_credential_and_grease_survives() -> None:
    leaf = LEAF_IN_PACKAGE.replace(credential=UnknownCredential(0x3A3A, b"grease"))
    decoded = LeafNode.decode(leaf.encode())
    assert decoded.credential == UnknownCredential(0x3A3A, b"grease")
    assert decoded.capabilities.proposals == (0x0A0A,)
    assert decoded.replace(raw=b"").encode() == leaf.encode()
