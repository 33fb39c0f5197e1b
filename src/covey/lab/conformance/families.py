"""The tables of families, the 16 official ones and ours: how a file is recognised, and verified.

May import :mod:`.verify` and :mod:`.access.verify`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.lab.conformance.access.verify import basics as access_basics
from covey.lab.conformance.access.verify import joining as access_joining
from covey.lab.conformance.access.verify import logs as access_logs
from covey.lab.conformance.verify import (
    basics,
    messages,
    negative,
    passive,
    protection,
    schedules,
    treekem,
    trees,
    welcome,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import PurePath

    from covey.lab.conformance.case import Case


class Family(NamedTuple):
    """One kind of vector file.

    Attributes:
        name: Name of the official file, without ``.json``.
        verify: Checks one case, or raises.
        keys: Keys that every case has and no other family's cases have all of.
    """

    name: str
    verify: Callable[[Case], None]
    keys: frozenset[str]


_PASSIVE: Final = frozenset({"initial_epoch_authenticator", "welcome", "epochs"})

FAMILIES: Final = tuple(
    Family(name, verify, frozenset(keys))
    for name, verify, keys in (
        ("deserialization", basics.deserialization, ("vlbytes_header",)),
        ("tree-math", basics.tree_math, ("n_leaves", "sibling")),
        ("crypto-basics", basics.crypto_basics, ("ref_hash", "expand_with_label")),
        ("key-schedule", schedules.key_schedule_epochs, ("initial_init_secret", "epochs")),
        ("psk_secret", schedules.psk_secret, ("psks", "psk_secret")),
        ("secret-tree", schedules.secret_tree_keys, ("sender_data", "leaves")),
        ("transcript-hashes", schedules.transcript_hashes, ("interim_transcript_hash_before",)),
        ("messages", messages.messages, ("mls_welcome", "private_message")),
        ("message-protection", protection.message_protection, ("proposal_pub", "commit_priv")),
        ("tree-operations", trees.tree_operations, ("tree_before", "tree_after")),
        ("tree-validation", trees.tree_validation, ("tree_hashes", "resolutions")),
        ("treekem", treekem.treekem, ("leaves_private", "update_paths")),
        ("welcome", welcome.welcome, ("signer_pub", "welcome")),
        ("passive-client-welcome", passive.passive_client, _PASSIVE),
        ("passive-client-handling-commit", passive.passive_client, _PASSIVE),
        ("passive-client-random", passive.passive_client, _PASSIVE),
    )
)
"""Every official family, from the bottom of the protocol up."""

NEGATIVE: Final = tuple(
    Family(name, negative.must_be_refused, frozenset({"negative"}))
    for name in ("negative-welcome", "negative-message", "negative-group-info")
)
"""Our own families: what must be refused (docs/negative-vectors.md)."""

ACCESS: Final = tuple(
    Family(name, verify, frozenset(keys))
    for name, verify, keys in (
        ("access-structs", access_basics.structs, ("struct", "fields", "encoding")),
        ("access-signatures", access_basics.signatures, ("label", "signed_bytes")),
        ("access-handles", access_basics.handles, ("name", "handle")),
        ("access-links", access_basics.links_, ("link", "seed")),
        ("access-epochs", access_logs.epochs, ("epoch_context", "s_n")),
        ("access-envelopes", access_logs.sealed, ("envelope_key", "envelope")),
        ("access-chain", access_logs.chains, ("create", "entries")),
        ("access-heads", access_logs.heads, ("broker_private", "signed_head")),
        ("access-parcels", access_joining.sealed_parcels, ("parcel", "content")),
        ("access-pointers", access_joining.pointed, ("sealed_pointer", "sealed_pointers")),
        ("access-knocks", access_joining.knocked, ("knock", "door_key")),
        ("access-notes", access_joining.noted, ("note", "sealed_note")),
    )
)
"""Our own families: the access protocol (docs/broker-protocol.md)."""

_ALL: Final = (*NEGATIVE, *FAMILIES, *ACCESS)
_BY_NAME: Final = {family.name: family for family in _ALL}


def recognise(path: PurePath, keys: Iterable[str]) -> Family | None:
    """Find the family of a file by its name, or else by the keys of its first case.

    Files of the passive-client kind under other names pass as the first family of that kind.

    Returns:
        None when it is no official family.
    """
    named = _BY_NAME.get(path.stem)
    if named is not None:
        return named
    present = frozenset(keys)
    return next((family for family in _ALL if family.keys <= present), None)
