"""Joining by a Welcome, in the RFC's order; what a dishonest committer can send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import AuthenticationError, CoveyError, RemoteProtocolError, StateError
from covey.mls.group import create_commit, welcome
from covey.mls.group.join import not_twice
from group_samples import agree, epoch, found, member

if TYPE_CHECKING:
    from covey.mls.structs.welcome import GroupInfo

Invited = tuple[mls.Member, mls.PrivateKeyPackage]


def invited() -> Invited:
    """Somebody with a KeyPackage."""
    client = member("x")
    return client, client.key_package()


def with_info(
    monkeypatch: pytest.MonkeyPatch,
    group: mls.Group,
    package: mls.PrivateKeyPackage,
    **changes: object,
) -> bytes:
    """A Welcome whose GroupInfo has other fields, signed rightly."""
    make = welcome.group_info

    def forged(*args: object, **options: object) -> GroupInfo:
        info = make(*args, **options).replace(signature=b"", **changes)  # type: ignore[arg-type]
        tbs = info.encode()[:-1]
        label = welcome.GROUP_INFO_LABEL
        return info.replace(signature=group.suite.sign_with_label(epoch(group).signer, label, tbs))

    with monkeypatch.context() as patched:
        patched.setattr(welcome, "group_info", forged)
        pending = group.commit(add=[package.message])
    group.discard(pending)
    return pending.welcome


def refused(invitation: Invited, message: bytes, match: str) -> None:
    """Nobody joins by this Welcome."""
    with pytest.raises((RemoteProtocolError, AuthenticationError), match=match):
        mls.Group.join(*invitation, message)


def test_the_information_in_a_welcome_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = found("ab")[0]
    invitation = invited()
    pending = alice.commit(add=[invitation[1].message])
    context = pending.epoch.public.context
    alice.discard(pending)
    for changes, match in (
        ({"confirmation_tag": b""}, "VAL-195"),
        ({"confirmation_tag": bytes(32)}, "VAL-195"),
        ({"signer": 9}, "VAL-186"),
        ({"signer": 1}, "VAL-186"),
        ({"group_context": context.replace(tree_hash=bytes(32))}, "VAL-066"),
        ({"group_context": context.replace(version=9)}, "VAL-187"),
        ({"group_context": context.replace(cipher_suite=9)}, "VAL-187"),
        ({"group_context": context.replace(epoch=9)}, r"VAL-066|VAL-195"),
    ):
        message = with_info(monkeypatch, alice, invitation[1], **changes)
        refused(invitation, message, match)


def test_val_193_the_tree_has_our_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = found("ab")[0]
    client, package = invited()
    other = client.key_package()
    claimed = other.package.replace(init_key=package.package.init_key)
    mixed = mls.PrivateKeyPackage(claimed, package.init_private, other.leaf_private, other.signer)
    reference = mixed.reference
    monkeypatch.setattr("covey.mls.group.welcome.key_package_ref", lambda *_: reference)
    pending = alice.commit(add=[package.message])
    monkeypatch.undo()
    refused((client, mixed), pending.welcome, "VAL-193")


@pytest.mark.parametrize("secret", [bytes(32), b"short"])
def test_val_194_a_path_secret_that_yields_other_keys(
    secret: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = found("ab")[0]
    invitation = invited()
    make = create_commit.make_path

    def forged(*args: object) -> create_commit.Path:
        path = make(*args)  # type: ignore[arg-type]
        return path._replace(secrets=dict.fromkeys(path.secrets, secret))

    monkeypatch.setattr(create_commit, "make_path", forged)
    pending = alice.commit(add=[invitation[1].message], path=True)
    refused(invitation, pending.welcome, "VAL-194")


def test_val_188_a_group_is_joined_once() -> None:
    not_twice(b"group", [b"other"])
    with pytest.raises(StateError, match="VAL-188"):
        not_twice(b"group", [b"other", b"group"])


def test_a_joiner_without_path_keys_can_follow() -> None:
    groups = found("abcd")
    client, package = invited()
    pending = groups[1].commit(add=[package.message], path=False)
    for group in groups:
        group.receive(pending.message)
    joined = mls.Group.join(client, package, pending.welcome)
    assert epoch(joined).private.path == {}
    everybody = [*groups, joined]
    for committer in everybody:
        message = committer.commit().message
        for group in everybody:
            group.receive(message)
        agree(everybody)


def test_nothing_but_promised_errors() -> None:
    client, package = invited()
    for message in (b"", b"\x00\x01\x00\x03", package.message):
        with pytest.raises(CoveyError):
            mls.Group.join(client, package, message)
