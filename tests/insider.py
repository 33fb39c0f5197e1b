"""A member that breaks the rules: what it signs is authentic and not right."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from covey.lab.adversary.forge import signed as forge
from covey.mls.framing import authenticate, public
from covey.mls.group import proposing, staging, verify, welcome
from covey.mls.structs.framing import FramedContentAuthData, PublicMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.tree import RatchetTreeNodes
from covey.mls.tree.ratchet_tree import RatchetTree
from group_samples import PUBLIC, epoch, public_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from covey import mls
    from covey.mls.structs.framing import FramedContent
    from covey.mls.structs.tree import Node


@contextmanager
def lawless(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Within this, no rule is enforced and nothing is verified: for making bad messages."""
    with monkeypatch.context() as patched:
        for module in (proposing, staging, verify, welcome):
            patched.setattr(module, "enforce", lambda *_, **__: None)
        patched.setattr(verify.Checker, "signatures", lambda *_: None)
        yield


def rewrapped(
    group: mls.Group,
    message: bytes,
    *,
    content: FramedContent | None = None,
    auth: FramedContentAuthData | None = None,
    resign: bool = False,
) -> bytes:
    """A public message of a member, changed, with a membership tag that fits."""
    inner = MLSMessage.decode(message).message
    assert isinstance(inner, PublicMessage)
    content = (content or inner.content).replace()
    auth = auth or inner.auth
    state = public_state(group)
    tbs = authenticate.to_be_signed(PUBLIC, content, state.encoded)
    if resign:
        signature = authenticate.sign(state.suite, epoch(group).signer, tbs)
        auth = FramedContentAuthData(signature, auth.confirmation_tag)
    key = epoch(group).secrets.membership_key
    return MLSMessage(1, public.protect(state.suite, key, content, auth, tbs)).encode()


def said(group: mls.Group, content: FramedContent, form: int = PUBLIC) -> bytes:
    """Any content, signed by a member and protected as it says; its tag is an empty one."""
    send = forge.public_message if form == PUBLIC else forge.private_message
    return send(group, content, confirmation_tag=None if content.commit is None else b"")


def group_info(
    group: mls.Group, nodes: Sequence[Node | None] | None = None, **changes: object
) -> bytes:
    """A GroupInfo that is signed rightly, with any array for a tree and another context."""
    array = group.tree.to_nodes() if nodes is None else tuple(nodes)
    tree_hash = RatchetTree.from_nodes(group.suite, array).tree_hash
    context = {"tree_hash": tree_hash, **changes}
    return forge.group_info(group, tree=RatchetTreeNodes(array).encode(), context=context)
