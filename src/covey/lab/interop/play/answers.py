"""What clients hand to each other, opaque to whoever carries it. Imports nothing."""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """A GroupInfo, and the tree if it is beside it."""

    group_info: bytes
    ratchet_tree: bytes


class Committed(NamedTuple):
    """What a commit sends: to members, to new members, and the tree if it goes beside that."""

    commit: bytes
    welcome: bytes
    ratchet_tree: bytes


class Founded(NamedTuple):
    """What the maker of a successor sends to the others, and its epoch authenticator."""

    welcome: bytes
    ratchet_tree: bytes
    epoch_authenticator: bytes


class Ended(NamedTuple):
    """What a member says once a ReInit has been committed."""

    key_package: bytes
    epoch_authenticator: bytes
