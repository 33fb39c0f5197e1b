"""What people want, in words and names, as wishes and the engine have it.

May import the cards, the profile and the roles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client import cards, profile, roles
from covey.client.cards import Card
from covey.client.opening import named
from covey.client.profile import Inviting, Role
from covey.errors import DecodeError, PolicyError, StateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.client.roles import Judged
    from covey.client.sync.place import Place
    from covey.client.sync.wishes import Describe
    from covey.mls import Group


def inviting(who: str) -> int:
    """Who may invite, by name.

    Raises:
        StateError: It is neither ``members`` nor ``admins``.
    """
    found = maybe_inviting(who)
    assert found is not None
    return found


def maybe_inviting(who: str | None) -> int | None:
    """Likewise; None when nobody said.

    Raises:
        StateError: It is neither ``members`` nor ``admins``.
    """
    if who is None:
        return None
    if who not in Inviting.__members__:
        msg = f"who may invite is members or admins, not {who}"
        raise StateError(msg)
    return Inviting[who]


def role_of(role: str) -> int:
    """A role by its name.

    Raises:
        StateError: There is none called so.
    """
    if role not in Role.__members__:
        msg = f"a role is owner, admin or member, not {role}"
        raise StateError(msg)
    return Role[role]


def roles_of(given: Mapping[str, str]) -> dict[str, int]:
    """Roles by the names of members.

    Raises:
        StateError: There is no such role.
    """
    return {named(name): role_of(role) for name, role in given.items()}


def key_package_of(text: str) -> bytes:
    """The KeyPackage of a card.

    Raises:
        DecodeError: It is none.
    """
    paper = cards.from_text(text)
    if not isinstance(paper, Card):
        msg = "this is an invitation, and no card"
        raise DecodeError(msg)
    return paper.key_package


def require_may_invite(_: Place, group: Group) -> None:
    """Refuse early, before KeyPackages are claimed in vain.

    Raises:
        PolicyError: We may not invite.
    """
    stated = profile.profile_of(group.extensions)
    us = group.member_at(group.own_index)
    assert us is not None
    if (
        stated is not None
        and stated.inviting is Inviting.admins
        and profile.role_of(stated, us.identity) < Role.admin
    ):
        msg = "in this group admins invite: ask one of them"
        raise PolicyError(msg)


def identities_of(names: Sequence[str], _: Place, group: Group) -> tuple[bytes, ...]:
    """The identities of members, by name.

    Raises:
        StateError: One of them is none.
    """
    there = {each.identity for each in group.members}
    wanted = tuple(named(each).encode() for each in names)
    for identity in wanted:
        if identity not in there:
            known = ", ".join(sorted(each.decode(errors="replace") for each in there))
            msg = f"{identity.decode()} is not in this group; its members are {known}"
            raise StateError(msg)
    return wanted


def judged(
    place: Place, group: Group, *, add: list[bytes], remove: tuple[str, ...], described: Describe
) -> Judged:
    """What a commit would do.

    Args:
        place: The group.
        group: The engine's.
        add: KeyPackages.
        remove: Names of members.
        described: What its profile shall say.

    Raises:
        StateError: Somebody to be removed is no member.
    """
    leaving = set(identities_of(remove, place, group))
    before = profile.profile_of(group.extensions)
    extensions = None
    if before is not None:
        after = profile.changed(
            before,
            name=described.name,
            expires_after=described.expires_after,
            inviting=described.inviting,
            roles=described.roles,
        )
        if after != before:
            extensions = profile.with_profile(group.extensions, after)
    return roles.dry_run(
        group,
        add=add,
        remove=[each for each in group.members if each.identity in leaving],
        extensions=extensions,
    )
