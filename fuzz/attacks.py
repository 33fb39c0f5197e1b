"""Inputs that are signed, tagged and encrypted as they have to be, and say something odd.

An input is a plan: which message to begin with, how to send it, and the edits to do to it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from covey import mls
from covey.errors import CoveyError
from covey.lab.adversary.forge import signed as forge
from covey.mls.framing import authenticate
from covey.mls.group.join import _open_info, _open_secrets, _our_entry
from covey.mls.group.seal import own_sender
from covey.mls.group.welcome import WELCOME_LABEL
from covey.mls.schedule import key_schedule
from covey.mls.structs.commit import Commit
from covey.mls.structs.extensions import Extension
from covey.mls.structs.framing import FramedContent, PublicMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Add
from covey.mls.structs.tree import (
    HPKECiphertext,
    LeafNode,
    ParentNode,
    RatchetTreeNodes,
    UpdatePath,
)
from covey.mls.structs.welcome import EncryptedGroupSecrets, GroupInfo, GroupSecrets, Welcome
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import ExtensionType, LeafNodeSource
from fuzz.mutate import mutated
from fuzz.scene import scene

if TYPE_CHECKING:
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.proposals import Proposal
    from covey.mls.wire.struct import WireStruct

PLAN: Final = 42
"""Bytes of a plan that are worth trying; more edits only take longer."""

_HEAD: Final = 2
"""Bytes of a plan before its edits: the message to begin with, and how to go about it."""

_WHOLE, _PRIVATE, _OLD_SIGNATURES = 1, 2, 4
_CONTEXT, _NODE, _SHAPE, _SECRETS, _INFO = 1, 2, 4, 8, 16
_WHAT: Final = (_NODE,) * 9 + (_CONTEXT,) * 3 + (_CONTEXT | _NODE, _SHAPE, _SECRETS, _INFO)
"""What is edited; most often what is looked at only after the signature."""
_AS_INFO, _OLD_HASH = 16, 0xE0


@cache
def _contents() -> list[tuple[FramedContent, bytes | None]]:
    """Contents of the founder, with the confirmation tags of commits."""
    here = scene()
    group = here.founder
    found: list[tuple[FramedContent, bytes | None]] = []
    for options in here.commits():
        pending = group.commit(handshake=mls.WireFormat.mls_public_message, **options)
        group.discard(pending)
        inner = MLSMessage.decode(pending.message).message
        assert isinstance(inner, PublicMessage)
        found.append((inner.content, inner.auth.confirmation_tag))
    proposals: list[Proposal] = [
        mls.Remove(2),
        Add(here.package.package),
        mls.GroupContextExtensions(()),
        mls.PreSharedKey(group.psk_id(b"known to all")),
        mls.ReInit(b"next", 1, 1, ()),
        mls.SelfRemove(),
    ]
    found += [(forge.proposal_content(group, each), None) for each in proposals]
    data = authenticate.application_content(
        group.group_id, group.epoch, own_sender(forge.epoch_of(group)), b"beside", b"hello"
    )
    return [*found, (data, None)]


def message(plan: bytes) -> bytes | None:
    """A message of the founder as a plan says, signed and protected; None if it has no encoding."""
    if len(plan) < _HEAD:
        return None
    contents = _contents()
    content, tag = contents[plan[0] % len(contents)]
    how, edits = plan[1], plan[_HEAD:]
    try:
        changed = _content(content, how, edits)
        changed.encode()
        founder = scene().founder
        if how & _PRIVATE:  # always of the same generation, so that a plan says all
            return forge.private_message(founder, changed, confirmation_tag=tag, spend=False)
        return forge.public_message(founder, changed, confirmation_tag=tag)
    except (CoveyError, ValueError, AssertionError):
        return None


def _content(content: FramedContent, how: int, edits: bytes) -> FramedContent:
    if how & _WHOLE:
        whole = mutated(content.replace(), edits)
        assert isinstance(whole, FramedContent)
        return whole
    arm = content.commit or content.proposal
    if arm is None:
        return content.replace(application_data=edits)
    changed = mutated(arm, edits)
    if not how & _OLD_SIGNATURES:
        changed = _resigned(changed)
    name = "commit" if isinstance(changed, Commit) else "proposal"
    return content.replace(**{name: changed})


def _resigned(arm: WireStruct) -> WireStruct:
    """The same with new signatures on the leaf of a path and on a KeyPackage."""
    if isinstance(arm, Add):
        return arm.replace(key_package=_package(arm.key_package))
    if isinstance(arm, Commit) and arm.path is not None:
        return arm.replace(path=_path(arm.path))
    return arm


def _package(package: KeyPackage) -> KeyPackage:
    here = scene()
    suite, signer = here.founder.suite, here.package.signer
    changed = package.replace(leaf_node=forge.signed_leaf(suite, signer, package.leaf_node))
    unsigned = changed.replace(signature=b"")
    return changed.replace(signature=forge.package_signature(suite, signer, unsigned))


def _path(path: UpdatePath) -> UpdatePath:
    group = scene().founder
    if path.leaf_node.leaf_node_source is not LeafNodeSource.commit:
        return path
    signer = forge.epoch_of(group).signer
    leaf = forge.signed_leaf(group.suite, signer, path.leaf_node, group.group_id, group.own_index)
    return path.replace(leaf_node=leaf)


# --- for who joins ----------------------------------------------------------------------


@cache
def _welcome() -> tuple[Welcome, GroupSecrets, GroupInfo]:
    """A Welcome for the outsider, and what is in it."""
    here = scene()
    pending = here.founder.commit(add=[here.package.message], psks=[b"known to all"])
    here.founder.discard(pending)
    welcome = MLSMessage.decode(pending.welcome).message
    assert isinstance(welcome, Welcome)
    suite, package = here.founder.suite, here.package
    secrets = _open_secrets(package, suite, welcome, _our_entry(package, suite, welcome))
    psk_secret = forge.psk_secret(here.founder, secrets.psks)
    return welcome, secrets, _open_info(suite, welcome, secrets.joiner_secret, psk_secret)


def invitation(plan: bytes) -> bytes | None:
    """A Welcome or a GroupInfo as a plan says; None if it has no encoding."""
    if len(plan) < _HEAD:
        return None
    how, edits = plan[1], plan[_HEAD:]
    what = _WHAT[how % len(_WHAT)]
    try:
        info = _info(what, edits, old_hash=how & _OLD_HASH == _OLD_HASH)
        if how & _AS_INFO:
            return MLSMessage(1, info).encode()
        return _sealed(info, what, edits)
    except (CoveyError, ValueError, AssertionError):
        return None


def _info(what: int, edits: bytes, *, old_hash: bool) -> GroupInfo:
    """The GroupInfo with edits, its tree hash and its signature renewed."""
    *_, info = _welcome()
    group = scene().founder
    array = _array(info)
    if what & (_NODE | _SHAPE):
        array = _other_tree(array, what, edits)
    context: Any = info.group_context
    if what & _CONTEXT:
        context = mutated(context, edits)
    if not old_hash:
        context = context.replace(tree_hash=_tree_hash(array))
    info = info.replace(group_context=context, extensions=_with_tree(info, array))
    if what & _INFO:
        edited = mutated(info, edits)
        assert isinstance(edited, GroupInfo)
        info = edited
    return forge.signed_info(group.suite, forge.epoch_of(group).signer, info)


def _other_tree(array: RatchetTreeNodes, what: int, edits: bytes) -> RatchetTreeNodes:
    """The array with edits, or with edits to one of its nodes, which keep its shape."""
    nodes = array.ratchet_tree
    at = edits[0] % len(nodes) if edits else 0
    node = nodes[at]
    if what & _SHAPE or node is None:
        changed = mutated(array, edits)
        assert isinstance(changed, RatchetTreeNodes)
        return changed
    other = mutated(node, edits[1:])
    assert isinstance(other, LeafNode | ParentNode)
    return RatchetTreeNodes((*nodes[:at], other, *nodes[at + 1 :]))


def _array(info: GroupInfo) -> RatchetTreeNodes:
    tree = next(
        each for each in info.extensions if each.extension_type == ExtensionType.ratchet_tree
    )
    return RatchetTreeNodes.decode(tree.extension_data)


def _tree_hash(array: RatchetTreeNodes) -> bytes:
    return RatchetTree.from_nodes(scene().founder.suite, array.ratchet_tree).tree_hash


def _with_tree(info: GroupInfo, array: RatchetTreeNodes) -> tuple[Extension, ...]:
    return tuple(
        Extension(each.extension_type, array.encode())
        if each.extension_type == ExtensionType.ratchet_tree
        else each
        for each in info.extensions
    )


def _sealed(info: GroupInfo, what: int, edits: bytes) -> bytes:
    """A Welcome with a GroupInfo and GroupSecrets, encrypted as they have to be."""
    here = scene()
    welcome, secrets, _ = _welcome()
    suite = here.founder.suite
    told = mutated(secrets, edits) if what & _SECRETS else secrets
    assert isinstance(told, GroupSecrets)
    psk_secret = forge.psk_secret(here.founder, secrets.psks)
    secret = key_schedule.welcome_secret(suite, told.joiner_secret, psk_secret)
    key, nonce = key_schedule.welcome_key_nonce(suite, secret)
    encrypted = suite.seal_aead(key, nonce, b"", info.encode())
    encryption = suite.encryption(WELCOME_LABEL, encrypted)
    sealed = encryption.seal(here.package.package.init_key, told.encode(), here.entropy)
    entry = EncryptedGroupSecrets(welcome.secrets[0].new_member, HPKECiphertext(*sealed))
    return MLSMessage(1, Welcome(suite.code, (entry,), encrypted)).encode()
