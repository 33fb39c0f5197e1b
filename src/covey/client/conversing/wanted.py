"""What people want, in words and names, as wishes and the engine have it.

May import the cards, the profile and the roles.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from covey.client import roles
from covey.client.conversing import whom
from covey.client.sync.group import inviting, proposed
from covey.client.sync.rows.wishes import Invite
from covey.client.words import cards, profile, suites, typed
from covey.client.words.cards import Card
from covey.client.words.names import named
from covey.client.words.profile import Inviting, Role
from covey.client.words.showing import line, name_of
from covey.errors import DecodeError, PolicyError, StateError
from covey.mls.group.identity import identity
from covey.mls.wire.code_points import LeafNodeSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.client.roles import Judged
    from covey.client.sync.log.place import Place
    from covey.client.sync.rows.wishes import Describe
    from covey.mls import Group

_MOST_SECONDS: Final = (1 << 32) - 1
_MOST_HOURS: Final = 24 * 365
_LONGEST_SIGN: Final = 64  # bytes: the longest emoji take some forty
_SHORT: Final = 1024
"""Bytes of a name or a type beside a file: more would not fit into a message, or on a screen."""

_SHOWN: Final = 10
"""How many devices are named to who has named none."""

_JOINERS: Final = str.maketrans("", "", "\u200c\u200d")
"""Characters inside of words and emoji, which show nothing of their own."""


def group_name(given: object) -> str:
    """The name of a group as it is kept: in normal form C, without white space around it.

    Raises:
        TypeError: It is no text.
        StateError: It is empty, too long, or holds what cannot be printed.
    """
    written = normalize("NFC", typed.text("the name of a group", given).decode()).strip()
    seen = written.translate(_JOINERS)
    if not seen or not seen.isprintable() or len(written.encode()) > profile.LONGEST_NAME:
        msg = (
            f"the name of a group is printable text of 1 to {profile.LONGEST_NAME} bytes: "
            "choose another"
        )
        raise StateError(msg)
    return written


def expiry(seconds: object) -> int:
    """After how many seconds messages disappear; 0 is never.

    Raises:
        TypeError: It is no whole number.
        StateError: It is less than nothing, or too long.
    """
    return _whole("messages disappear after a number of seconds", seconds, 0, _MOST_SECONDS)


def hours(given: object) -> int:
    """For how many hours a link is good.

    Raises:
        TypeError: It is no whole number.
        StateError: It is none, or too many.
    """
    return _whole("a link is good for a number of hours", given, 1, _MOST_HOURS)


def said(text: object) -> bytes:
    """What is said.

    Raises:
        TypeError: It is no text.
        StateError: There is nothing in it.
    """
    encoded = typed.text("what is said", text)
    if not encoded.decode().strip():
        msg = "there is nothing to say: type a text"
        raise StateError(msg)
    return encoded


def sign(emoji: object) -> bytes:
    """The sign of a reaction.

    Raises:
        TypeError: It is no text.
        StateError: It is empty, or too long for a sign.
    """
    encoded = typed.text("the sign of a reaction", emoji)
    if len(encoded) > _LONGEST_SIGN:
        msg = f"a sign takes at most {_LONGEST_SIGN} bytes: say it in an answer instead (reply_to)"
        raise StateError(msg)
    if not encoded.strip():
        msg = "a reaction needs a sign, such as \N{THUMBS UP SIGN}"
        raise StateError(msg)
    return encoded


def content_type(given: object) -> bytes:
    """The type by which an application knows its bytes.

    Raises:
        TypeError: It is no text.
        ValueError: It has no slash in it.
    """
    encoded = typed.text("a content type", given)
    if b"/" not in encoded:
        msg = f"a content type has a slash in it, as in application/json: {given!r} has none"
        raise ValueError(msg)
    return encoded


def suite_for(given: int | str | None, *, safe: bool) -> int | None:
    """The suite of a new group; None for the usual one.

    Raises:
        StateError: There is no such suite, or it is to be quantum-safe, and is not.
    """
    chosen = None if given is None else suites.parse(given)
    known = suites.safety_of(chosen or suites.CLASSICAL)
    if safe and not (known and known.confidentiality):
        msg = "a group that is to be quantum-safe needs such a suite: say one, such as x-wing"
        raise StateError(msg)
    return chosen


def short(what: str, given: object) -> bytes:
    """What is written beside a file: its name, its type.

    Raises:
        TypeError: It is no text.
        ValueError: It is too long.
    """
    encoded = typed.text(what, given)
    if len(encoded) > _SHORT:
        msg = f"{what} takes at most {_SHORT} bytes, not {len(encoded)}"
        raise ValueError(msg)
    return encoded


def _whole(what: str, given: object, least: int, most: int) -> int:
    found = typed.number(what, given)
    if not least <= found <= most:
        msg = f"{what}: {least} to {most}, not {found}"
        raise StateError(msg)
    return found


def inviting_by(who: str) -> int:
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
    if typed.string("who may invite", who) not in Inviting.__members__:
        msg = f"who may invite is members or admins, not {who}"
        raise StateError(msg)
    return Inviting[who]


def role_of(role: str) -> int:
    """A role by its name.

    Raises:
        StateError: There is none called so.
    """
    if typed.string("a role", role) not in Role.__members__:
        msg = f"a role is owner, admin or member, not {role}"
        raise StateError(msg)
    return Role[role]


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


def require_stranger(card: Card, _: Place, group: Group) -> None:
    """Refuse early who hands us a card of another suite, or under a name that the group knows.

    Raises:
        PolicyError: The name is in the group, or has a role in it.
        StateError: The card is for groups of another suite.
    """
    package = inviting.key_package(card.key_package)
    ours = group.suite
    if package.cipher_suite != ours.code:
        msg = (
            f"this card is for groups with {suites.name(package.cipher_suite)}, and this one has"
            f" {ours.name}: ask for a card with that (suite=, or covey join --card FILE --suite"
            f" 0x{ours.code:04x})"
        )
        raise StateError(msg)
    inviting.require_strangers(group, (package,))


def require_another_owner(_: Place, group: Group, *, everywhere: bool) -> None:
    """Refuse early that the last owner leaves a group of several people.

    Args:
        group: The group.
        everywhere: Whether all devices of ours leave, and not only this one.

    Raises:
        PolicyError: It would be without an owner.
    """
    stated = profile.profile_of(group.extensions)
    us = group.member_at(group.own_index)
    assert us is not None
    others = {each.identity for each in group.members if each.index != us.index}
    if everywhere:
        others.discard(us.identity)
    if stated is None or not others or profile.role_of(stated, us.identity) < Role.owner:
        return
    if not any(profile.role_of(stated, each) is Role.owner for each in others):
        msg = "the group would be without an owner: make somebody else owner first"
        raise PolicyError(msg)


def people(names: Sequence[str]) -> tuple[str, ...]:
    """Names of people, each of them once.

    Raises:
        StateError: One of them is none, or is there twice.
    """
    found: list[str] = []
    for name in map(named, names):
        if name in found:
            msg = f"{name} is named twice: once is enough"
            raise StateError(msg)
        found.append(name)
    return tuple(found)


def devices_of(name: str, again: bool, _: Place, group: Group) -> tuple[bool, frozenset[bytes]]:  # noqa: FBT001 - bound by partial
    """Whether somebody is in a group, and the signature keys of all that are and stay.

    Args:
        name: Whose.
        again: Whether those who have not come yet are left out.
        group: The group.
    """
    there = any(each.identity == name.encode() for each in group.members)
    keys = frozenset(
        leaf.signature_key
        for _, leaf in group.tree.members()
        if not again or leaf.leaf_node_source is not LeafNodeSource.key_package
    )
    return there, keys - proposed.leaving(group)


def invitation(packages: Sequence[bytes], again: bool, _: Place, group: Group) -> Invite:  # noqa: FBT001 - likewise
    """The wish to let people in, also again."""
    return inviting.invitation(group, packages) if again else Invite(tuple(packages))


def device_of(key: str, _: Place, group: Group) -> bytes:
    """The signature key of a device in a group.

    Args:
        key: It, in hex.
        group: The group.

    Raises:
        TypeError: It is no text.
        StateError: No device there has it.
    """
    typed.text("a signature key", key)
    there = {each.signature_key.hex(): each for each in group.members}
    found = there.get(key.strip().lower())
    if found is not None:
        return found.signature_key
    shown = [f"{name_of(each.identity)} {has}" for has, each in islice(there.items(), _SHOWN)]
    known = ", ".join(shown) + (" and others" if len(there) > _SHOWN else "")
    msg = f"no device in this group has the signature key {line(key)}; there are {known}"
    raise StateError(msg)


def judged(
    place: Place,
    group: Group,
    *,
    add: list[bytes],
    remove: tuple[str, ...],
    described: Describe,
) -> Judged:
    """What a commit would do.

    Args:
        place: The group.
        group: The engine's.
        add: KeyPackages.
        remove: Names of members.
        described: What its profile shall say.

    Raises:
        StateError: Somebody to be removed, or to have a role, is no member.
    """
    leaving = set(whom.identities_of(remove, place, group))
    coming = [identity(inviting.key_package(each).leaf_node.credential) for each in add]
    before = profile.profile_of(group.extensions)
    extensions = None
    if before is not None:
        after = profile.changed(
            before,
            name=described.name,
            expires_after=described.expires_after,
            inviting=described.inviting,
            roles=whom.foreseen(described.roles, coming, group),
            quantum_safe=described.quantum_safe,
        )
        if after != before:
            extensions = profile.with_profile(group.extensions, after)
    return roles.dry_run(
        group,
        add=add,
        remove=[each for each in group.members if each.identity in leaving],
        extensions=extensions,
    )
