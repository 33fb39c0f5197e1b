"""Values of the wrong type, as newcomers hand them in: a TypeError that says what is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from covey import mls
from group_samples import found, member

if TYPE_CHECKING:
    from collections.abc import Callable


WRONG: dict[str, tuple[Callable[[Any], object], str]] = {
    "protect": (lambda a: a.protect("hello"), "bytes are needed here, not str"),
    "beside": (lambda a: a.protect(b"hello", "beside"), "bytes are needed here, not str"),
    "add": (lambda a: a.commit(add=["x"]), "a KeyPackage is needed here, not str"),
    "add a member": (lambda a: a.commit(add=[member("x")]), "a KeyPackage is needed here"),
    "psks": (lambda a: a.commit(psks=["x"]), "bytes are needed here, not str"),
    "references": (lambda a: a.commit(references=["zz"]), "bytes are needed here, not str"),
    "references as one": (lambda a: a.commit(references=b"zz"), "bytes are needed here, not int"),
    "proposals": (lambda a: a.commit(proposals=[b"zz"]), "a proposal is needed here, not bytes"),
    "reinit": (lambda a: a.commit(reinit=b"zz"), "a ReInit is needed here, not bytes"),
    "extensions": (lambda a: a.commit(extensions=[(1, b"")]), "an Extension is needed here"),
    "info": (lambda a: a.commit(info_extensions=[1]), "an Extension is needed here, not int"),
    "beside a commit": (lambda a: a.commit(authenticated_data="x"), "bytes are needed here"),
    "propose": (lambda a: a.propose(b"zz"), "a proposal is needed here, not bytes"),
    "beside a proposal": (lambda a: a.propose(mls.Remove(1), authenticated_data=""), "bytes are"),
    "propose_add": (lambda a: a.propose_add(1), "a KeyPackage is needed here, not int"),
    "propose_psk": (lambda a: a.propose_psk("x"), "bytes are needed here, not str"),
    "propose_extensions": (lambda a: a.propose_extensions([b""]), "an Extension is needed here"),
    "group_info": (lambda a: a.group_info(extensions=[b""]), "an Extension is needed here"),
    "label": (lambda a: a.export(b"label", b"", 32), "a str is needed here, not bytes"),
    "context": (lambda a: a.export("label", "", 32), "bytes are needed here, not str"),
    "receive": (lambda a: a.receive("x"), "bytes are needed here, not str"),
    "create": (lambda _: mls.Group.create(b"x"), "a Member is needed here, not bytes"),
    "leaf": (
        lambda _: mls.Group.create(member("x"), leaf_extensions=[1]),
        "an Extension is needed",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_value_of_another_type_is_a_type_error(wrong: str) -> None:
    alice = found("ab")[0]
    before = alice.snapshot()
    call, said = WRONG[wrong]
    with pytest.raises(TypeError, match=said):
        call(alice)
    assert alice.snapshot() == before


def invited() -> tuple[mls.Group, mls.Member, mls.PrivateKeyPackage, mls.PendingCommit]:
    """Alice's group, and Bob, who is about to join it."""
    alice, bob = found("a")[0], member("bob")
    package = bob.key_package()
    return alice, bob, package, alice.commit(add=[package.message])


def test_ports_are_no_policy() -> None:
    alice, bob, package, pending = invited()
    info, snapshot = alice.group_info(), alice.snapshot()
    policy: Any = mls.Policy()
    for call in (
        lambda: mls.Group.create(bob, ports=policy),
        lambda: mls.Group.found(bob, [], ports=policy),
        lambda: mls.Group.join(bob, package, pending.welcome, ports=policy),
        lambda: mls.Group.join_externally(bob, info, ports=policy),
        lambda: mls.Group.restore(snapshot, policy),
        lambda: alice.branch(bob, [], ports=policy),
        lambda: mls.propose_to_join(bob, package, info, ports=policy),
        lambda: mls.PublicGroup(info, ports=policy),
    ):
        with pytest.raises(TypeError, match="a Ports is needed here, not Policy"):
            call()


def test_joining_takes_a_member_and_its_key_package() -> None:
    alice, bob, package, pending = invited()
    wrong: Any = package.message
    with pytest.raises(TypeError, match="a PrivateKeyPackage is needed here, not bytes"):
        mls.Group.join(bob, wrong, pending.welcome)
    wrong = package
    with pytest.raises(TypeError, match="a Member is needed here, not PrivateKeyPackage"):
        mls.Group.join(wrong, wrong, pending.welcome)
    wrong = "beside"
    with pytest.raises(TypeError, match="bytes are needed here, not str"):
        mls.Group.join_externally(bob, alice.group_info(), authenticated_data=wrong)
    with pytest.raises(TypeError, match="bytes are needed here, not str"):
        mls.propose_to_join(bob, package, alice.group_info(), authenticated_data=wrong)
