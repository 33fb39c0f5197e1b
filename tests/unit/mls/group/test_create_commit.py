"""Creating a commit: when it has a path, and what it computes."""

from __future__ import annotations

import pytest

from covey import mls
from covey.mls.crypto.suite import Suite
from covey.mls.group.welcome import GROUP_INFO_LABEL
from covey.mls.rules.trees import find_extension
from covey.mls.structs.extensions import ExternalPub
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import GroupInfo
from covey.mls.wire.code_points import ExtensionType
from group_samples import PUBLIC, agree, commit_of, epoch, everyone, found, key_package, member


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, True),
        ({"path": False}, True),
        ({"add": 1}, False),
        ({"add": 1, "path": True}, True),
        ({"add": 1, "update": True}, True),
        ({"psks": 1}, False),
        ({"reinit": mls.ReInit(b"x", 1, 1, ())}, False),
        ({"reinit": mls.ReInit(b"x", 1, 1, ()), "path": True}, True),
        ({"remove": [1], "path": False}, True),
        ({"extensions": (), "path": False}, True),
    ],
)
def test_when_there_is_a_path(options: dict[str, object], *, expected: bool) -> None:
    alice = found("abc")[0]
    if "add" in options:
        options = {**options, "add": [key_package(member("d"))]}
    if "psks" in options:
        options = {**options, "psks": [alice.resumption_psk_id(1)]}
    pending = alice.commit(handshake=PUBLIC, **options)  # type: ignore[arg-type]
    assert pending.changed.with_path is expected
    assert (commit_of(pending.message).path is not None) is expected


def test_the_first_members_come_with_a_path() -> None:
    alice = found("a")[0]
    pending = alice.commit(add=[key_package(member("b"))])
    assert pending.changed.with_path
    alice.discard(pending)
    assert not alice.commit(add=[key_package(member("b"))], path=False).changed.with_path


def test_a_path_renews_every_key_of_the_committer() -> None:
    groups = found("abcde")
    before = epoch(groups[0]).private
    everyone(groups, groups[0].commit().message)
    after = epoch(groups[0]).private
    assert after.leaf != before.leaf
    assert set(after.path) == {1, 2, 3}
    assert not set(after.path.values()) & set(before.path.values())


def test_without_a_path_the_keys_stay() -> None:
    groups = found("abc")
    before = epoch(groups[0]).private
    pending = groups[0].commit(psks=[groups[0].resumption_psk_id(1)])
    everyone(groups, pending.message)
    assert epoch(groups[0]).private == before
    assert pending.epoch_authenticator == groups[2].epoch_authenticator


def test_a_group_info_is_made_only_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = found("ab")[0]
    signed: list[str] = []
    sign = Suite.sign_with_label

    def noted(suite: Suite, private: bytes, label: str, content: bytes) -> bytes:
        signed.append(label)
        return sign(suite, private, label, content)

    monkeypatch.setattr(Suite, "sign_with_label", noted)
    pending = alice.commit()
    assert signed == ["LeafNodeTBS", "FramedContentTBS"]
    signed.clear()
    pending.group_info()
    assert signed == [GROUP_INFO_LABEL]


def test_the_group_info_of_a_pending_commit_is_of_the_next_epoch() -> None:
    alice, bob = found("ab")
    pending = alice.commit()
    info = MLSMessage.decode(pending.group_info(with_tree=False)).message
    assert isinstance(info, GroupInfo)
    assert info.group_context.epoch == 2
    assert find_extension(info.extensions, ExtensionType.ratchet_tree) is None
    everyone([alice, bob], pending.message)
    data = find_extension(info.extensions, ExtensionType.external_pub)
    assert data is not None
    assert len(ExternalPub.decode(data).external_pub) == alice.suite.Npk
    joined = mls.Group.join_externally(
        member("c"), pending.group_info(), ratchet_tree=pending.ratchet_tree
    )
    everyone([alice, bob], joined.commit)
    agree([alice, bob, joined.group])


@pytest.mark.parametrize("position", range(6))
def test_val_167_new_members_learn_the_path_from_their_common_ancestor(position: int) -> None:
    groups = found("abcdef")
    clients = [member(f"x{number}") for number in range(3)]
    packages = [client.key_package() for client in clients]
    gone = 0 if position else 5
    pending = groups[position].commit(
        add=[each.message for each in packages], remove=[gone], path=True
    )
    everyone(groups, pending.message)
    joined = [
        mls.Group.join(client, package, pending.welcome)
        for client, package in zip(clients, packages, strict=True)
    ]
    everybody = [*(group for group in groups if group.is_active), *joined]
    agree(everybody)
    assert all(epoch(group).private.path for group in joined)
    for group in everybody:
        everyone(everybody, group.commit().message)
    agree(everybody)


def test_secrets_do_not_show() -> None:
    alice = found("ab")[0]
    pending = alice.commit()
    for secret in (pending.epoch.signer, pending.epoch.private.leaf):
        assert repr(secret)[2:-1] not in repr(pending) + repr(pending.epoch)
