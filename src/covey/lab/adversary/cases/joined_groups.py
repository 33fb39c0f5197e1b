"""RFC 9420 §12.4.3.1, §13.4: groups and trees that nobody may join. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.newcomers import DICTIONARY, UNKNOWN, able_to, unable
from covey.lab.adversary.forge.welcome import offered, sealed, with_secrets
from covey.lab.adversary.taking_out import altering, always, without
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import NOW
from covey.mls.group.group import Group
from covey.mls.structs.extensions import Extension, RequiredCapabilities
from covey.mls.structs.welcome import GroupInfo, PathSecret
from covey.mls.wire.code_points import (
    CredentialType,
    ExtensionType,
    ProposalType,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage

# --- what the group asks of its members ---------------------------------------------------


@breaks("VAL-189")
def a_group_with_an_extension_that_the_newcomer_does_not_support(stage: Stage) -> Trial:
    """The GroupContext has an extension that all members support but the new one."""
    stage.commit(stage.alice, extensions=[DICTIONARY])
    client, package = stage.newcomer()
    package = unable(package, extensions=())
    bad = forge.committed(stage.mallory, "VAL-046", add=[package.message])
    good = stage.mallory.commit(add=[package.message], extensions=[])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


@breaks("VAL-189")
def an_extension_that_the_stranger_does_not_support(stage: Stage) -> Trial:
    """A stranger is to join a group with an extension that only its members support."""
    return _strangers_group(stage, Extension(UNKNOWN, b""))


def _strangers_group(stage: Stage, extension: Extension) -> Trial:
    """A group of somebody who supports more than others, with an extension and without."""
    able = able_to(stage, UNKNOWN)
    bad, good = (
        Group.create(able, group_id=b"new", extensions=extensions, ports=stage.ports())
        for extensions in ([extension], [])
    )
    return Trial(stage.outsider(), bad.group_info(), good.group_info())


def _requiring(
    extensions: tuple[int, ...] = (),
    proposals: tuple[int, ...] = (),
    credentials: tuple[int, ...] = (),
) -> Extension:
    data = RequiredCapabilities(extensions, proposals, credentials).encode()
    return Extension(ExtensionType.required_capabilities, data)


def _required(stage: Stage, required: Extension, **lists: tuple[int, ...]) -> Trial:
    """A newcomer whose capabilities have other lists than the group asks for."""
    stage.commit(stage.alice, extensions=[required])
    client, package = stage.newcomer()
    package = unable(package, **lists)
    bad = forge.committed(stage.mallory, "VAL-190", add=[package.message])
    good = stage.mallory.commit(add=[package.message], extensions=[])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


@breaks("VAL-190")
def a_group_that_requires_an_extension_type(stage: Stage) -> Trial:
    """The group requires an extension type that the new member does not support."""
    required = _requiring(extensions=(ExtensionType.app_data_dictionary,))
    return _required(stage, required, extensions=())


@breaks("VAL-190")
def a_group_that_requires_a_proposal_type(stage: Stage) -> Trial:
    """The group requires a proposal type that the new member does not support."""
    return _required(stage, _requiring(proposals=(ProposalType.self_remove,)), proposals=())


@breaks("VAL-190")
def a_group_that_requires_a_credential_type(stage: Stage) -> Trial:
    """The group requires a credential type that the new member does not support."""
    required = _requiring(credentials=(CredentialType.x509,))
    return _required(stage, required, credentials=(CredentialType.basic,))


@breaks("VAL-190")
def a_group_that_requires_what_the_stranger_does_not_support(stage: Stage) -> Trial:
    """A stranger is to join a group that requires what only its members support."""
    return _strangers_group(stage, _requiring((UNKNOWN,)))


# --- the tree ----------------------------------------------------------------------------------

_ELSEWHERE: Final[dict[bytes, bytes]] = {}
"""Trees that whoever wants to can find, by their tree hash."""


def _or_elsewhere(original: Callable[..., bytes]) -> Callable[..., bytes]:
    def data(info: GroupInfo, tree: bytes | None) -> bytes:
        return original(info, tree or _ELSEWHERE.get(info.group_context.tree_hash))

    return data


@breaks("VAL-192", instead=altering(("group.join:_tree_data", _or_elsewhere)))
def a_welcome_without_a_tree(stage: Stage) -> Trial:
    """The ratchet tree comes neither in the Welcome nor by another way."""
    client, package = stage.newcomer()
    pending = stage.mallory.commit(add=[package.message], welcome_tree=False)
    tree = pending.ratchet_tree
    _ELSEWHERE[pending.epoch.public.context.tree_hash] = tree
    victim = stage.joiner(client, package)
    return Trial(victim, (pending.welcome, None), (pending.welcome, tree))


@breaks("VAL-192", instead=without("VAL-066"), named="VAL-066")
def a_tree_with_somebody_more(stage: Stage) -> Trial:
    """The tree that comes by another way has a member whom the group does not have."""
    client, package = stage.newcomer()
    mallory = stage.mallory
    add, more = [package.message], stage.newcomer()[1].message
    other = forge.committed(mallory, add=[*add, more], path=False)
    pending = mallory.commit(add=add, path=False, welcome_tree=False)
    bad, good = other.ratchet_tree, pending.ratchet_tree
    victim = stage.joiner(client, package)
    return Trial(victim, (pending.welcome, bad), (pending.welcome, good))


@breaks("VAL-193", instead=altering(("group.join:_is_same_leaf", always(value=True))))
def a_tree_with_another_leaf_of_ours(stage: Stage) -> Trial:
    """The tree has the leaf of another KeyPackage of the newcomer than the Welcome is for."""
    client, package = stage.newcomer()
    other = client.key_package(now=NOW)
    offer = offered(stage.mallory, other, path=False)
    bad = sealed(offer._replace(package=package.package))
    good = stage.mallory.commit(add=[package.message], path=False)
    return Trial(stage.joiner(client, package), bad, good.welcome)


_unchecked_path = altering(("group.join:_has_key", always(value=True)))


@breaks("VAL-194", instead=_unchecked_path)
def a_path_secret_of_no_path(stage: Stage) -> Trial:
    """The path secret yields other keys than the tree has."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package, path=True)
    other = with_secrets(offer, path_secret=PathSecret(bytes(stage.suite.Nh)))
    return Trial(stage.joiner(client, package), sealed(other), sealed(offer))


@breaks("VAL-194", instead=_unchecked_path)
def a_path_secret_though_there_is_no_path(stage: Stage) -> Trial:
    """A commit without a path comes with a path secret."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package, path=False)
    other = with_secrets(offer, path_secret=PathSecret(bytes(stage.suite.Nh)))
    return Trial(stage.joiner(client, package), sealed(other), sealed(offer))
