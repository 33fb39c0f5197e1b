"""Who is let in by a wish to invite, and whose place it takes. May import the engine.

Whoever is in a group is not added once more. But who was let in and never came has to be invited
anew: brokers do not keep a Welcome for ever, or lose it. And who is lost comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access.member.addresses import first_group_id
from covey.client.roles import require_name
from covey.client.sync.rows.wishes import Expel, Invite
from covey.client.words import made_for, profile
from covey.client.words.profile import Role
from covey.client.words.showing import name_of
from covey.errors import DecodeError, PolicyError
from covey.mls.group.identity import identity
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from covey.mls import Group
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.tree import LeafNode


def key_package(message: bytes) -> KeyPackage:
    """The KeyPackage in an MLSMessage.

    Raises:
        DecodeError: It is none.
    """
    package = MLSMessage.decode(message).message
    if not isinstance(package, KeyPackage):
        msg = "this is no KeyPackage"
        raise DecodeError(msg)
    return package


def invitation(group: Group, packages: Iterable[bytes]) -> Invite:
    """The wish to add people, also those who were let in before and never came.

    Args:
        group: The group as whoever wishes for it sees it.
        packages: Their KeyPackages, as MLSMessages.
    """
    given = tuple(packages)
    coming = [key_package(each).leaf_node for each in given]
    anew = tuple(
        standing.encryption_key
        for _, standing in group.tree.members()
        if any(made_for.never_came(standing, each) for each in coming)
    )
    return Invite(given, anew=anew)


def concerns(wish: Expel, package: KeyPackage) -> bool:
    """Whether it is the owner of a KeyPackage who is to be removed."""
    leaf = package.leaf_node
    return identity(leaf.credential) in wish.identities or leaf.signature_key in wish.keys


def invited(
    group: Group, wish: Invite, expelled: Collection[int] = ()
) -> tuple[list[KeyPackage], set[int]]:
    """Those to be added, and the leaves whose place they take.

    Who comes back, or in at last, may keep its signature key: the old leaf goes in the commit that
    adds the new one, so that keys are unique in the tree that comes of it (RFC 9420 §7.3). It is in
    already when its signature key is; who comes back, when the leaf of its KeyPackage is, or a
    later one; and who never came, when its leaf is another one than that which was seen.

    Args:
        group: The group.
        wish: The wish to invite.
        expelled: The leaves of those who are removed at the same time, and do not come back so.
    """
    coming: list[KeyPackage] = []
    old: set[int] = set()
    for package in map(key_package, wish.packages):
        leaf = package.leaf_node
        index = group.tree.keys.signature.get(leaf.signature_key)
        standing = None if index is None else group.tree.leaf(index)
        if index is not None and standing is not None:
            if wish.recovers and index in expelled:
                continue
            if not _makes_room(group, wish, standing, leaf):
                continue
            old.add(index)
        elif wish.recovers:
            continue
        coming.append(package)
    return coming, old


def require_strangers(
    group: Group,
    strangers: Collection[KeyPackage],
    beside: Iterable[KeyPackage] = (),
    after: Sequence[Extension] | None = None,
) -> None:
    """Refuse who comes by a link or a card under a name that the group knows.

    Anybody can write any name into a KeyPackage of its own. Members count as one person by their
    name, with one role; so nobody becomes one of them who is not known to be.

    Args:
        group: The group.
        strangers: Who comes by a link or a card.
        beside: All who come in the same commit.
        after: The extensions of the GroupContext that it makes; by default those that stand.

    Raises:
        PolicyError: A name is none, or is in the group, or has a role in it, or comes twice.
    """
    wanted = {identity(each.leaf_node.credential) for each in strangers}
    if not wanted:
        return
    for who in sorted(wanted):
        require_name(who)
    there = {identity(leaf.credential) for _, leaf in group.tree.members()}
    for who in sorted(wanted & there):
        msg = (
            f"{name_of(who)} is in this group already, and by a link or a card anybody can say so: "
            "a device of one's own is added by add_device (`covey add-device`); who is somebody "
            "else needs another name"
        )
        raise PolicyError(msg)
    for extensions in (group.extensions, after or ()):
        stated = profile.profile_of(extensions)
        for who in sorted(wanted):
            if stated is not None and profile.role_of(stated, who) is not Role.member:
                msg = (
                    f"{name_of(who)} has a role in this group, and by a link or a card anybody can "
                    "be called so: invite them by their name at the broker, or take the role away"
                )
                raise PolicyError(msg)
    coming = {each.leaf_node.signature_key: each for each in (*strangers, *beside)}
    names = [identity(each.leaf_node.credential) for each in coming.values()]
    for who in sorted(wanted):
        if names.count(who) > 1:
            msg = f"two come at once who are both called {name_of(who)}: let them in one by one"
            raise PolicyError(msg)


def _makes_room(group: Group, wish: Invite, standing: LeafNode, leaf: LeafNode) -> bool:
    """Whether a leaf of the tree goes for another one of the same signature key."""
    if identity(standing.credential) != identity(leaf.credential):
        return False
    if wish.recovers:
        known_as = first_group_id(group.group_id, group.extensions)
        return made_for.brings_back(leaf, standing, known_as)
    return standing.encryption_key in wish.anew and made_for.never_came(standing, leaf)
