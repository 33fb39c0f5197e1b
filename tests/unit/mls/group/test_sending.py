"""What a member sends besides commits."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import LocalProtocolError
from covey.mls.rules.trees import find_extension
from covey.mls.structs.framing import PrivateMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import GroupInfo
from covey.mls.wire.code_points import ExtensionType, PSKType, ResumptionPSKUsage
from group_samples import ALL_SUITES, extension, found

SUITES = pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")


@SUITES
def test_messages_are_read_with_what_is_beside_them(suite: int) -> None:
    alice, bob = found("ab", suite)
    for number, data in enumerate((b"", b"x", bytes(70_000))):
        event = bob.receive(alice.protect(data, b"beside"))
        assert event == mls.MessageReceived(alice.members[0], data, b"beside", 1, number)


@pytest.mark.parametrize(
    ("padding", "sizes"),
    [(mls.no_padding, 5), (mls.padme, 3), (mls.steps(1000), 1)],
    ids=["none", "padme", "steps"],
)
def test_padding_hides_the_size(padding: object, sizes: int) -> None:
    policy = mls.Policy(padding=padding)  # type: ignore[arg-type]
    alice, bob = found("ab", policy=policy)
    lengths = set()
    for size in (200, 201, 202, 204, 207):
        message = alice.protect(bytes(size))
        inner = MLSMessage.decode(message).message
        assert isinstance(inner, PrivateMessage)
        lengths.add(len(inner.ciphertext))
        assert bob.receive(message).data == bytes(size)  # type: ignore[union-attr]
    assert len(lengths) <= sizes


def test_val_112_proposals_are_committed_first() -> None:
    alice, bob = found("ab")
    bob.receive(alice.propose_update())
    for group in (alice, bob):
        with pytest.raises(LocalProtocolError, match="VAL-112"):
            group.protect(b"x")
    pending = bob.commit()
    bob.accept(pending)
    bob.protect(b"x")


def test_a_group_info_carries_what_is_asked_for() -> None:
    alice = found("ab")[0]
    for with_tree, external in ((True, True), (False, True), (True, False), (False, False)):
        info = MLSMessage.decode(
            alice.group_info(
                with_tree=with_tree, external=external, extensions=[extension(0x6A6A, b"x")]
            )
        ).message
        assert isinstance(info, GroupInfo)
        tree = find_extension(info.extensions, ExtensionType.ratchet_tree)
        assert (tree == alice.ratchet_tree) is with_tree
        pub = find_extension(info.extensions, ExtensionType.external_pub)
        assert (pub is not None) is external
        assert (info.group_context, info.signer) == (alice.context, 0)
        assert find_extension(info.extensions, 0x6A6A) == b"x"


@SUITES
def test_uses_of_psks(suite: int) -> None:
    alice = found("ab", suite)[0]
    external = alice.psk_id(b"psk")
    assert (external.psktype, external.psk_id) == (PSKType.external, b"psk")
    assert len(external.psk_nonce) == alice.suite.Nh
    assert alice.psk_id(external) is external
    assert alice.psk_id(b"psk") != external
    resumed = alice.resumption_psk_id(1)
    assert (resumed.usage, resumed.psk_group_id, resumed.psk_epoch) == (
        ResumptionPSKUsage.application,
        b"group",
        1,
    )
    assert alice.resumption_psk_id(3, b"other").psk_group_id == b"other"
