"""What is wanted of a group, until a commit of ours has won that does it.

May import the showing of names. Wishes name people by identity and never by leaf index, which
means something else after another commit; so a wish is rebased onto whatever won by reading it
again.
"""

from __future__ import annotations

from typing import Final

import msgspec

from covey.client.words import suites
from covey.client.words.showing import name_of


class Invite(msgspec.Struct, frozen=True, tag="invite"):
    """Add people.

    Attributes:
        packages: Their KeyPackages, as MLSMessages: claimed once, and used again in a rebase.
        recovers: Whether they take the place of old leaves of their identities.
        answered: The knocks that this deals with.
        anew: The encryption keys of leaves whose owners never came, and whose place they take.
        by_card: Whether they come by a card.
    """

    packages: tuple[bytes, ...]
    recovers: bool = False
    answered: tuple[bytes, ...] = ()
    anew: tuple[bytes, ...] = ()
    by_card: bool = False

    @property
    def of_strangers(self) -> bool:
        """Whether they come by a link or a card: nobody vouches for the names in those."""
        return self.by_card or (bool(self.answered) and not self.recovers)


class Expel(msgspec.Struct, frozen=True, tag="remove"):
    """Remove people, with all of their devices.

    Attributes:
        identities: Whom.
        keys: Or single devices, by signature key.
    """

    identities: tuple[bytes, ...] = ()
    keys: tuple[bytes, ...] = ()


class Describe(msgspec.Struct, frozen=True, tag="describe"):
    """Change what the group's profile says; None leaves it.

    Attributes:
        name: Its name.
        expires_after: After how many seconds messages disappear; 0 for never.
        inviting: Who may invite.
        roles: New roles, by identity in UTF-8.
        quantum_safe: Whether it refuses every suite that is not.
    """

    name: str | None = None
    expires_after: int | None = None
    inviting: int | None = None
    roles: dict[str, int] = msgspec.field(default_factory=dict)
    quantum_safe: bool | None = None

    def __repr__(self) -> str:
        shown = "".join(f"{name}={value!r}, " for name, value in self.__rich_repr__())
        return f"Describe({shown}…)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        names = ("expires_after", "inviting", "roles", "quantum_safe")
        return [(name, getattr(self, name)) for name in names]


class OpenDoor(msgspec.Struct, frozen=True, tag="door"):
    """State a capability, so that who has its seed may knock.

    Attributes:
        seed: Its seed (32 bytes).
        right: What it is for.
        not_after: Until when, in hours since the epoch.
    """

    seed: bytes
    right: int
    not_after: int

    def __repr__(self) -> str:
        return "OpenDoor(…)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class CloseDoor(msgspec.Struct, frozen=True, tag="close"):
    """Withdraw a capability.

    Attributes:
        key: Its public key.
    """

    key: bytes


class GoOn(msgspec.Struct, frozen=True, tag="go on"):
    """Begin a branch: the first commit of a group that goes on from a broken one.

    Attributes:
        packages: KeyPackages of the members, as MLSMessages.
        group_id: The broken group's.
        epoch: Its last epoch.
        keys: The signature keys of its members.
    """

    packages: tuple[bytes, ...]
    group_id: bytes
    epoch: int
    keys: tuple[bytes, ...]


class Subgroup(msgspec.Struct, frozen=True, tag="subgroup"):
    """Begin a subgroup: the first commit of a group of some members of another one.

    Attributes:
        packages: KeyPackages of all but us, as MLSMessages.
    """

    packages: tuple[bytes, ...]


class Renew(msgspec.Struct, frozen=True, tag="renew"):
    """Renew the keys of our leaf, with a new signature key if asked for."""


class Upgrade(msgspec.Struct, frozen=True, tag="upgrade"):
    """Move the group to another cipher suite, with everybody who is in it.

    Attributes:
        suite: To which.
        packages: KeyPackages of the others for it, as MLSMessages.
    """

    suite: int
    packages: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Upgrade(0x{self.suite:04x}, …)"


Wish = Invite | Expel | Describe | OpenDoor | CloseDoor | Renew | GoOn | Subgroup | Upgrade
"""Something wanted."""

_decoder: Final[msgspec.json.Decoder[Wish]] = msgspec.json.Decoder(Wish)


def encode(wish: Wish) -> bytes:
    """A wish as it is kept.

    Raises:
        TypeError: A field has another type than it says: what is kept has to be read again.
    """
    fields = msgspec.to_builtins(wish, builtin_types=(bytes,))
    try:
        msgspec.convert(fields, type(wish), strict=True, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise TypeError(str(error)) from error
    return msgspec.json.encode(wish)


def decode(encoded: bytes) -> Wish:
    """A wish that was kept."""
    return _decoder.decode(encoded)


def sentence(wish: Wish) -> str:
    """What was wanted, for people."""
    match wish:
        case Invite(packages=packages):
            said = f"add {len(packages)} device{'s' if len(packages) > 1 else ''}"
        case Expel(identities=identities, keys=keys):
            named = map(name_of, identities)
            said = f"remove {', '.join([*named, *(each.hex()[:8] for each in keys)])}"
        case Describe(name=name):
            said = f"rename the group to {name}" if name else "change what the group's profile says"
        case OpenDoor() | CloseDoor():
            said = "change who may knock"
        case GoOn():
            said = "go on in a branch"
        case Subgroup():
            said = "make this subgroup"
        case Upgrade(suite=suite):
            said = f"move the group to {suites.name(suite)}"
        case _:
            said = "renew our keys"
    return said
