"""Who of a group is meant by what somebody has typed. May import the names, and the engine.

What a credential says is taken as it is, and as it is shown, before anything is made of it: so a
member whose name is none can be named, and nobody else is meant by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client.words import typed
from covey.client.words.names import named
from covey.client.words.showing import name_of
from covey.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from covey.client.sync.log.place import Place
    from covey.mls import Group


def identity_of(name: str, there: Collection[bytes]) -> bytes:
    """The identity that is meant.

    Args:
        name: As it is, as ``name_of`` shows it, or in another normal form.
        there: Whose identities can be meant.

    Raises:
        StateError: It is none of them, or could be two.
    """
    meant = _meant(name, there)
    if len(meant) > 1:
        shown = " and ".join(sorted(map(name_of, meant)))
        msg = f"this could be two of them: {shown}; say which device, by its key"
        raise StateError(msg)
    if not meant:
        known = ", ".join(sorted(map(name_of, there)))
        written = name_of(name.encode(errors="surrogatepass"))
        msg = f"{written} is not in this group; its members are {known}"
        raise StateError(msg)
    return meant.pop()


def identities_of(names: Sequence[str], _: Place, group: Group) -> tuple[bytes, ...]:
    """The identities of members, by name.

    Raises:
        StateError: One of them is none.
    """
    there = identities(group)
    return tuple(identity_of(each, there) for each in names)


def roles_of(given: Mapping[str, int], _: Place, group: Group) -> dict[str, int]:
    """New roles, by the names of members, as a wish has them.

    Raises:
        StateError: One of them is none, or is called in a way that nobody with a role can be.
    """
    there = identities(group)
    return {_of_role(identity_of(name, there)): role for name, role in given.items()}


def identities(group: Group) -> set[bytes]:
    """Who is in a group."""
    return {each.identity for each in group.members}


def _of_role(who: bytes) -> str:
    """An identity as a wish has it.

    Raises:
        StateError: It is no text.
    """
    try:
        return who.decode()
    except UnicodeDecodeError:
        msg = f"{name_of(who)} is no name, so it can have no role"
        raise StateError(msg) from None


def foreseen(given: Mapping[str, int], coming: Iterable[bytes], group: Group) -> dict[bytes, int]:
    """New roles by identity, also of who is to be added.

    Raises:
        StateError: Somebody is neither in the group, nor to be added.
    """
    there = identities(group) | set(coming)
    return {identity_of(name, there): role for name, role in given.items()}


def _meant(name: str, there: Collection[bytes]) -> set[bytes]:
    found = _so_called(name, there)
    if found:
        return found
    try:
        return _so_called(named(name), there)
    except StateError:
        return set()


def _so_called(name: str, there: Collection[bytes]) -> set[bytes]:
    typed.string("a name", name)
    try:
        exact = name.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        exact = None
    return {each for each in there if each == exact or name_of(each) == name}
