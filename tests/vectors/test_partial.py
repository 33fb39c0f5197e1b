"""The vectors of draft-ietf-mls-partial, as far as they are of RFC 9420; suites 1 to 10.

Every message in them is opened, verified and followed; suites 8, 9 and 10 are mlspp's
post-quantum ones. With any one value corrupted, the verification must fail.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest

import partial_mls
from corrupting import corrupted, values, with_change
from covey.errors import CoveyError
from covey.mls.crypto.dialects import get_suite
from covey.mls.group.verify import key_package_job
from covey.mls.structs.framing import PrivateMessage
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Add
from covey.mls.structs.schedule import GroupContext
from covey.mls.structs.tree import UpdatePath
from covey.mls.tree import math
from covey.mls.wire.code_points import ProtocolVersion
from partial_epochs import (
    Epoch,
    climbed,
    followed,
    joined,
    opened,
    opened_commit,
    path_secret,
    require_leaf,
    require_same_tree,
    require_signed,
)
from partial_mls import (
    AnnotatedCommit,
    AnnotatedWelcome,
    MembershipProof,
    SenderAuthenticatedGroupInfo,
    SenderAuthenticatedMLSMessage,
    SenderAuthenticatedPublicMessage,
    require_parent_hashes,
)
from vectors_path import vectors_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.mls.crypto.suite import Suite
    from covey.mls.wire.struct import WireStruct

Json = dict[str, Any]
S = TypeVar("S", bound="WireStruct")


def bare(case: Json, name: str) -> bytes:
    """A field that is bytes."""
    return bytes.fromhex(case[name])


def read(kind: type[S], octets: bytes) -> S:
    """A struct, which encodes to what it was decoded from."""
    found = kind.decode(octets)
    assert found.encode() == octets
    return found


# --- what each family says ---------------------------------------------------------------------


def membership_proofs(case: Json) -> None:
    """All proofs are of one tree, whose hash is known."""
    found = [read(MembershipProof, bytes.fromhex(each)) for each in case["proofs"]]
    assert len({each.leaf_index for each in found}) == len(found) > 1
    require_same_tree(get_suite(case["cipher_suite"]), bare(case, "tree_hash"), *found)


def tree_operations(case: Json) -> None:
    """A path makes the sender's nodes, and gives the receiver the commit_secret."""
    suite, path = get_suite(case["cipher_suite"]), read(UpdatePath, bare(case, "update_path"))
    sender = read(MembershipProof, bare(case, "sender_membership_proof_after"))
    receiver = read(MembershipProof, bare(case, "receiver_membership_proof_after"))
    tree_hash = bare(case, "tree_hash_after")
    require_same_tree(suite, tree_hash, sender, receiver)
    require_parent_hashes(suite, sender)
    assert sender.leaf == path.leaf_node
    keys = {each["node"]: _private_key(suite, each) for each in case["receiver_path_state"]}
    above = {math.node_index(height, receiver.leaf_index >> height) for height in range(32)}
    assert keys.keys() <= above
    place = (sender, receiver, case["resolution_index"])
    meeting, secret = path_secret(suite, path, place, keys, tree_hash)
    assert climbed(suite, path, sender, meeting, secret)[0] == bare(case, "commit_secret")


def _private_key(suite: Suite, known: Json) -> bytes:
    """A node's private key, which is that of its path secret, if it has one."""
    if known["path_secret"]:
        node_secret = suite.derive_secret(bare(known, "path_secret"), "node")
        assert suite.derive_key_pair(node_secret)[0] == bare(known, "encryption_priv")
    return bare(known, "encryption_priv")


def annotated_welcome(case: Json) -> None:
    """A Welcome leads into the epoch."""
    epoch, joiner, _ = _joined(case)
    assert joiner == case["joiner_leaf_index"]
    assert epoch.authenticator == bare(case, "epoch_authenticator")


def _joined(case: Json) -> tuple[Epoch, int, dict[int, bytes]]:
    """The epoch, the joiner's leaf index, and its private keys by node."""
    suite, annotated = (
        get_suite(case["cipher_suite"]),
        read(AnnotatedWelcome, bare(case, "annotated_welcome")),
    )
    package = MLSMessage.decode(bare(case, "key_package")).message
    assert isinstance(package, KeyPackage)
    assert case["external_psks"] == []
    leaf, own = package.leaf_node, bare(case, "encryption_priv")
    assert suite.public_key(own) == leaf.encryption_key
    assert suite.signature_public(bare(case, "signature_priv")) == leaf.signature_key
    index = annotated.joiner_membership_proof.leaf_index
    return joined(suite, annotated, package, bare(case, "init_priv")), index, {2 * index: own}


def annotated_commit(case: Json) -> None:
    """A commit leads from one epoch to the next."""
    suite, before, after = (
        get_suite(case["cipher_suite"]),
        case["state_before"],
        case["state_after"],
    )
    annotated = read(AnnotatedCommit, bare(case, "annotated_commit"))
    assert annotated.tree_hash_after == bare(case, "tree_hash_after")
    assert case["proposals"] == before["direct_path_secrets"] == []
    epoch = _known(suite, before)
    commits = opened_commit(epoch, annotated)
    receiver = annotated.receiver_membership_proof_after
    assert receiver.leaf_index == before["receiver_leaf_index"] == after["receiver_leaf_index"]
    assert annotated.resolution_index is not None
    sender = annotated.sender_membership_proof_after
    require_parent_hashes(suite, sender)
    known = after["direct_path_secrets"]
    meeting = math.common_height(sender.leaf_index, receiver.leaf_index)
    lowest = bare(known[0], "path_secret")
    secret, keys = climbed(suite, commits.path, sender, meeting, lowest)
    assert secret == bare(case, "commit_secret")
    assert keys == {
        each["node"]: (bare(each, "path_secret"), bare(each, "encryption_priv")) for each in known
    }
    now = followed(epoch, commits, secret)
    assert now.authenticator == bare(case, "epoch_authenticator_after")
    assert now._replace(authenticator=b"") == _known(suite, after)


def _known(suite: Suite, state: Json) -> Epoch:
    """An epoch as a vector knows it."""
    context = GroupContext(
        ProtocolVersion.mls10,
        suite.code,
        bare(state, "group_id"),
        state["epoch"],
        bare(state, "tree_hash"),
        bare(state, "confirmed_transcript_hash"),
        (),
    )
    names = ("interim_transcript_hash", "init_secret", "membership_key")
    more = ("encryption_secret", "sender_data_secret")
    return Epoch(suite, context, *(bare(state, each) for each in (*names, *more)))


def passive_client_scenarios(case: Json) -> None:
    """Join by a Welcome, and follow three commits with their messages."""
    epoch, index, keys = _joined(case)
    assert epoch.authenticator == bare(case, "initial_epoch_authenticator")
    for each in case["epochs"]:
        assert each["proposals"] == []
        annotated = read(AnnotatedCommit, bare(each, "annotated_commit"))
        commits = opened_commit(epoch, annotated)
        sender = annotated.sender_membership_proof_after
        receiver = annotated.receiver_membership_proof_after
        assert receiver.leaf_index == index
        require_parent_hashes(epoch.suite, sender)
        place = (sender, receiver, annotated.resolution_index)
        context = commits.context.encode()
        found = path_secret(epoch.suite, commits.path, place, keys, context)
        secret, known = climbed(epoch.suite, commits.path, sender, *found)
        keys |= {node: private_key for node, (_, private_key) in known.items()}
        epoch = followed(epoch, commits, secret)
        assert epoch.authenticator == bare(each, "epoch_authenticator")
        for message in each["application_messages"]:
            sent = read(SenderAuthenticatedMLSMessage, bytes.fromhex(message))
            assert isinstance(sent.message.message, PrivateMessage)
            what = opened(epoch, sent.message.message, sent.sender_membership_proof)
            assert what.content.application_data is not None


def sender_authenticated_messages(case: Json) -> None:
    """A message and what it brings; its epoch is not known, which its signature would need."""
    suite = get_suite(case["cipher_suite"])
    sent = read(SenderAuthenticatedPublicMessage, bare(case, "sender_authenticated_message"))
    content, proof = sent.message.content, sent.sender_membership_proof
    assert content.sender.leaf_index == proof.leaf_index
    require_leaf(suite, proof.leaf, content.group_id, proof.leaf_index)
    if case["message_type"] == "PublicMessageProposal":
        assert isinstance(content.proposal, Add)
        assert suite.verify_with_label(*key_package_job(content.proposal.key_package))
        return
    assert case["message_type"] == "PublicMessageCommit"
    assert content.commit is not None
    assert content.commit.path is not None
    require_leaf(suite, content.commit.path.leaf_node, content.group_id, proof.leaf_index)


SYNTAX: Final[dict[str, type[WireStruct]]] = {
    "copath_hash": partial_mls.CopathHash,
    "membership_proof": MembershipProof,
    "sender_authenticated_welcome": partial_mls.SenderAuthenticatedWelcome,
    "sender_authenticated_group_info": SenderAuthenticatedGroupInfo,
    "sender_authenticated_public_message": SenderAuthenticatedPublicMessage,
    "sender_authenticated_private_message": partial_mls.SenderAuthenticatedPrivateMessage,
    "annotated_welcome": AnnotatedWelcome,
    "annotated_commit": AnnotatedCommit,
}


def message_syntax(case: Json) -> None:
    """Every struct encodes to what it was decoded from, and the GroupInfo is signed."""
    assert case.keys() == {"cipher_suite", *SYNTAX}
    for name, kind in SYNTAX.items():
        read(kind, bare(case, name))
    found = SenderAuthenticatedGroupInfo.decode(bare(case, "sender_authenticated_group_info"))
    suite = get_suite(case["cipher_suite"])
    require_signed(suite, found.message, found.sender_membership_proof)


# --- all of them -------------------------------------------------------------------------------

FAMILIES: Final[dict[str, Callable[[Json], None]]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        membership_proofs,
        tree_operations,
        annotated_welcome,
        annotated_commit,
        passive_client_scenarios,
        sender_authenticated_messages,
        message_syntax,
    )
}
COUNTS: Final = {
    "membership-proofs": 80,
    "tree-operations": 40,
    "annotated-welcome": 10,
    "annotated-commit": 10,
    "passive-client-scenarios": 10,
    "sender-authenticated-messages": 20,
    "message-syntax": 10,
}


@cache
def cases(family: str) -> list[Json]:
    """The cases of a family."""
    path = vectors_path("partial", f"test-vector-partial-{family}.json")
    found: list[Json] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("code", range(1, 11))
@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_family_says_is_so(family: str, code: int) -> None:
    found = [each for each in cases(family) if each["cipher_suite"] == code]
    assert len(found) == COUNTS[family] // 10
    for each in found:
        FAMILIES[family](each)


def test_every_file_is_looked_at() -> None:
    folder = vectors_path("partial", "test-vector-partial-membership-proofs.json").parent
    assert {each.name for each in folder.iterdir()} == {
        f"test-vector-partial-{family}.json" for family in FAMILIES
    }


# --- and what they say matters -----------------------------------------------------------------

CUT: Final = {
    *(("message-syntax", name) for name in SYNTAX),
    ("sender-authenticated-messages", "sender_authenticated_message"),
}
"""Whole messages of an unknown epoch: that they decode and encode is all that is checked."""

UNUSED: Final = {
    ("annotated-commit", "state_before.encryption_secret"),
    ("annotated-commit", "state_before.sender_data_secret"),
}
"""What would open a PrivateMessage; all commits of this family are PublicMessages."""

SEEN_SOMEWHERE: Final = {
    ("tree-operations", "update_path"),
    ("tree-operations", "receiver_path_state.[].node"),
    ("tree-operations", "receiver_path_state.[].encryption_priv"),
}
"""What is encrypted for others, and keys of nodes that no path secret is encrypted for."""

WRONG: Final = (AssertionError, CoveyError, ValueError, IndexError, KeyError)


def _kinds() -> list[tuple[str, str]]:
    found = {
        (family, value.kind): None
        for family in FAMILIES
        for value in values(cases(family)[0])
        if not isinstance(value.value, list)
    }
    return [each for each in found if each not in UNUSED]


@pytest.mark.parametrize("code", [1, 8])
@pytest.mark.parametrize(("family", "kind"), _kinds())
def test_a_corrupted_value_is_seen(family: str, kind: str, code: int) -> None:
    change = _change(family, kind)
    seen = [
        _fails(family, with_change(case, value.path, change))
        for case in cases(family)
        for value in values(case)
        if case["cipher_suite"] == code and value.kind == kind
    ]
    assert any(seen)
    assert all(seen) or (family, kind) in SEEN_SOMEWHERE


def _change(family: str, kind: str) -> Callable[[Any], Any]:
    if kind == "cipher_suite":
        return _suite_of_another_hash
    return _cut if (family, kind) in CUT else corrupted


def _suite_of_another_hash(_: int) -> int:
    return 4


def _cut(value: str) -> str:
    return value[:-2]


def _fails(family: str, case: Json) -> bool:
    try:
        FAMILIES[family](copy.deepcopy(case))
    except WRONG:
        return True
    return False
