"""Every operation of the protocol: its plane, its structs, and who signs it.

May import the structs. Over HTTP an operation is ``POST /v1/<name>``, with its request as the
body and its answer, or an error, back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.structs import basics, blobs, identity, joining, log

if TYPE_CHECKING:
    from covey.mls.wire.struct import WireStruct


class Plane(StrEnum):
    """Who speaks on a connection."""

    identity = "identity"
    """A device, by its key: accounts, KeyPackages, the creation of inboxes."""
    group = "group"
    """Nobody: somebody in an epoch, the reader of an inbox, the holder of a capability."""
    both = "both"
    """Says nothing about who speaks."""


class Operation(NamedTuple):
    """One operation.

    Attributes:
        plane: On which connections it may be asked for.
        request: The struct of its request.
        answer: The struct of its answer.
        label: Under which its request is signed, as Signed; empty when it is not.
        token: Whether it needs a device's token.
    """

    plane: Plane
    request: type[WireStruct]
    answer: type[WireStruct]
    label: str = ""
    token: bool = False


def _of_device(request: type[WireStruct], answer: type[WireStruct]) -> Operation:
    return Operation(Plane.identity, request, answer, token=True)


def _of_nobody(request: type[WireStruct], answer: type[WireStruct], label: str = "") -> Operation:
    return Operation(Plane.group, request, answer, label)


OPERATIONS: Final = {
    "challenge": Operation(Plane.both, basics.Nothing, basics.Challenge),
    # --- the identity plane
    "enrol": Operation(Plane.identity, identity.Enrol, identity.Token, "enrol"),
    "authenticate": Operation(
        Plane.identity, identity.Authenticate, identity.Token, "authenticate"
    ),
    "add_device": _of_device(identity.AddDevice, identity.Devices),
    "remove_device": _of_device(identity.RemoveDevice, identity.Devices),
    "devices": _of_device(basics.Nothing, identity.Devices),
    "publish": _of_device(identity.Publish, identity.Stock),
    "stock": _of_device(identity.FetchStock, identity.Stock),
    "claim": _of_device(identity.Claim, identity.Claimed),
    "create_inbox": _of_device(identity.CreateInbox, basics.Nothing),
    "put_on_shelf": _of_device(identity.PutOnShelf, identity.Shelved),
    # --- the group plane: logs
    "create": _of_nobody(log.Create, log.Created, "create"),
    "append": _of_nobody(log.Append, log.Appended, "append"),
    "read": _of_nobody(log.Read, log.Entries),
    "heads": _of_nobody(log.Heads, log.HeadsMoved),
    # --- the group plane: joining
    "parcels": _of_nobody(joining.FetchParcels, joining.Parcels),
    "pointers": _of_nobody(joining.FetchPointers, joining.Pointers),
    "take_from_shelf": _of_nobody(identity.TakeFromShelf, identity.TakenFromShelf),
    "post": _of_nobody(joining.Post, basics.Nothing),
    "post_note": _of_nobody(joining.PostNote, basics.Nothing),
    "fetch": _of_nobody(joining.Fetch, joining.Fetched),
    "expect": _of_nobody(joining.Expect, basics.Nothing),
    "set_slots": _of_nobody(joining.SetSlots, basics.Nothing),
    "knock": _of_nobody(joining.Knock, basics.Nothing, "knock"),
    "knocks": _of_nobody(joining.FetchKnocks, joining.Knocks),
    # --- the group plane: attachments
    "begin_blob": _of_nobody(blobs.BeginBlob, blobs.BlobBegun, "begin blob"),
}
"""Every operation, by name."""

PROVE: Final = "prove"
"""The label of a GroupProof."""

PROVE_INBOX: Final = "prove inbox"
"""The label of an InboxProof."""

ADD_DEVICE: Final = "add device"
"""The label of a NewDevice."""
