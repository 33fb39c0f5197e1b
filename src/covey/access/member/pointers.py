"""Pointers: how a joiner learns that it was let in, and everything it needs to come in.

May import the structs and the engine. A committer makes them before it sends its commit: the
list of all of them goes along with the commit, sealed for the members of the next epoch, so that
any of them can post what the committer did not live to post.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.member import envelopes, sealing
from covey.access.member.addresses import inbox_of, log_epoch
from covey.access.member.parcels import open_parcel, seal_parcel, split_welcome, whole_welcome
from covey.access.structs.sealed import (
    Pointer,
    PointerContext,
    PointerList,
    Posting,
    Purpose,
    SealedPointer,
)
from covey.errors import DecodeError, StateError
from covey.mls.crypto.dialects import get_suite
from covey.mls.group.group import Group
from covey.mls.group.member import key_package_ref
from covey.mls.structs.welcome import EncryptedGroupSecrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.access.member.epochs import EpochAccess
    from covey.access.structs.extensions import InboxAddress
    from covey.access.structs.log import Parcel
    from covey.access.structs.sealed import Door, ParcelKey, WayBack
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.core import Ports
    from covey.mls.group.group import StagedWelcome
    from covey.mls.group.member import Member, PrivateKeyPackage
    from covey.mls.group.pending import PendingCommit
    from covey.mls.group.results import Membership
    from covey.mls.structs.key_package import KeyPackage


NOWHERE: Final = bytes(32)
"""In the place of an inbox, for who has none: its pointer goes by hand, whichever way."""


class LettingIn(NamedTuple):
    """What lets in those whom a commit adds.

    Attributes:
        parcels: For the commit's request.
        pointers: Likewise: the PointerList, sealed for the next epoch; empty for nobody.
        postings: To be posted once the commit is accepted.
    """

    parcels: tuple[Parcel, ...]
    pointers: bytes
    postings: tuple[Posting, ...]


def letting_in(
    pending: PendingCommit,
    invitees: Sequence[KeyPackage],
    access: EpochAccess,
    doors: tuple[Door, ...],
    idem: bytes,
    entropy: Entropy,
    *,
    ways_back: tuple[WayBack, ...] = (),
    by_hand: bool = False,
) -> LettingIn:
    """Make the parcels and the pointers of a commit.

    Args:
        pending: The commit, made with ``welcome_tree=False``: the tree travels by itself.
        invitees: The KeyPackages that it adds.
        access: The keys of the epoch that the commit opens.
        doors: The group's doors, for the joiners to open what is left there.
        idem: Of the commit.
        entropy: Where keys come from.
        ways_back: The seeds of the group's recovery capabilities, for the joiners to know.
        by_hand: Whether those may be let in who name no inbox; their pointers, which say NOWHERE,
            are to be given to them, and are not in the list that others post.

    Raises:
        StateError: The commit does not add one of them, or that one names no inbox at the
            group's broker, so that nobody could tell it where the group is.
        DecodeError: A KeyPackage names its inbox in bytes that nobody can read.
        ValueError: There are too many for one commit, or too many doors for a pointer.
    """
    if not invitees:
        return LettingIn((), b"", ())
    split = [split_welcome(each.message) for each in pending.welcomes]
    secrets = {ref: each for welcome in split for ref, each in welcome.secrets.items()}
    if not split:
        msg = "the commit adds nobody, so that there is nobody to let in"
        raise StateError(msg)
    welcome = seal_parcel(access.gid, split[0].common, entropy)
    tree = seal_parcel(access.gid, pending.ratchet_tree, entropy)
    broker_id = access.broker_id
    addressed = [_Addressed(each, _inbox(each, broker_id, by_hand=by_hand)) for each in invitees]
    found = partial(_pointer, access, (welcome.key, tree.key), secrets, doors, ways_back)
    postings = tuple(_posting(each, found(each), entropy) for each in addressed)
    listed = PointerList(tuple(each for each in postings if each.inbox != NOWHERE)).encode()
    sealed = envelopes.seal(access, Purpose.pointers, idem, listed, entropy)
    return LettingIn((welcome.parcel, tree.parcel), sealed, postings)


def open_pointer_list(access: EpochAccess, idem: bytes, sealed: bytes) -> tuple[Posting, ...]:
    """All pointers of the commit that opened an epoch.

    Args:
        access: The keys of that epoch.
        idem: Of the commit.
        sealed: As the committer sealed them; empty when it let nobody in.

    Raises:
        DecodeError: It is no PointerList.
        AuthenticationError: It was sealed for another epoch or commit, or changed.
    """
    if not sealed:
        return ()
    opened = envelopes.unseal(access, Purpose.pointers, idem, sealed)
    return PointerList.decode(opened).postings


def open_pointer(package: PrivateKeyPackage, address: InboxAddress, sealed: bytes) -> Pointer:
    """The pointer that was left for one of our KeyPackages.

    Args:
        package: The KeyPackage with its private keys.
        address: The inbox in which it was found.
        sealed: The encoded SealedPointer.

    Raises:
        DecodeError: It is none, or is for a broker or a suite that the KeyPackage is not for.
        AuthenticationError: It is for another KeyPackage or inbox, or was changed.
    """
    suite = get_suite(package.package.cipher_suite)
    context = PointerContext(address.inbox, package.reference)
    outer = SealedPointer.decode(sealed)
    opened = sealing.unseal(suite, package.init_private, sealing.POINTER, context, outer)
    pointer = Pointer.decode(opened)
    if (pointer.broker_id, pointer.cipher_suite) != (address.broker_id, suite.code):
        msg = "the pointer names another broker or cipher suite than the KeyPackage"
        raise DecodeError(msg)
    return pointer


def let_in(
    member: Member,
    package: PrivateKeyPackage,
    pointer: Pointer,
    parcels: Iterable[Parcel],
    *,
    groups: Iterable[bytes] = (),
    ports: Ports | None = None,
    successor_of: Group | Membership | None = None,
) -> StagedWelcome:
    """Verify what a pointer leads to, to look at before joining.

    Args:
        member: Who joins.
        package: The KeyPackage that was added, with its private keys.
        pointer: What was found in the inbox.
        parcels: Those that the pointer names.
        groups: The group_ids of the groups that we are in (RFC 9420 VAL-188).
        ports: What the group will use; the member's policy by default.
        successor_of: Our group that the new one may go on from, or what was kept of an epoch of it
            (RFC 9420 §11.3).

    Raises:
        StateError: A parcel is missing, the Welcome is for somebody else, or we are in the
            group already.
        DecodeError: Something is not what the pointer says it is.
        ProtocolError: A rule of the RFC is broken.
        AuthenticationError: Something does not verify.
        MissingKeyError: A PSK is not known.
    """
    by_id = {each.id: each for each in parcels}
    common = _opened(pointer.gid, by_id, pointer.welcome)
    tree = _opened(pointer.gid, by_id, pointer.ratchet_tree)
    secrets = EncryptedGroupSecrets.decode(pointer.group_secrets)
    message = whole_welcome(common, secrets)
    staged = Group.stage_welcome(
        member,
        package,
        message,
        ratchet_tree=tree,
        successor_of=successor_of,
        groups=groups,
        ports=ports,
    )
    context = staged.joined.info.group_context
    epoch = log_epoch(context.extensions, context.epoch)
    if epoch != pointer.epoch:
        msg = f"the pointer says epoch {pointer.epoch}, the Welcome {epoch}"
        raise DecodeError(msg)
    return staged


def _opened(gid: bytes, parcels: dict[bytes, Parcel], key: ParcelKey) -> bytes:
    parcel = parcels.get(key.id)
    if parcel is None:
        msg = "a parcel that the pointer names is missing: fetch both"
        raise StateError(msg)
    return open_parcel(gid, parcel, key)


class _Addressed(NamedTuple):
    """A joiner's KeyPackage, its KeyPackageRef, and its inbox."""

    package: KeyPackage
    inbox: bytes

    @property
    def suite(self) -> Suite:
        return get_suite(self.package.cipher_suite)

    @property
    def reference(self) -> bytes:
        return key_package_ref(self.suite, self.package)


def _inbox(package: KeyPackage, broker_id: bytes, *, by_hand: bool) -> bytes:
    address = inbox_of(package)
    if address is None and by_hand:
        return NOWHERE
    if address is None or address.broker_id != broker_id:
        msg = "a KeyPackage names no inbox at this broker: its owner could not be told"
        raise StateError(msg)
    return address.inbox


def _pointer(
    access: EpochAccess,
    parcels: tuple[ParcelKey, ParcelKey],
    secrets: dict[bytes, EncryptedGroupSecrets],
    doors: tuple[Door, ...],
    ways_back: tuple[WayBack, ...],
    joiner: _Addressed,
) -> Pointer:
    own = secrets.get(joiner.reference)
    if own is None:
        msg = f"the commit does not add the KeyPackage {joiner.reference.hex()}"
        raise StateError(msg)
    broker, gid, epoch, suite = access.broker_id, access.gid, access.epoch, joiner.suite.code
    return Pointer(broker, gid, epoch, suite, *parcels, own.encode(), doors, ways_back)


def _posting(joiner: _Addressed, pointer: Pointer, entropy: Entropy) -> Posting:
    context = PointerContext(joiner.inbox, joiner.reference)
    key, content = joiner.package.init_key, pointer.encode()
    sealed = sealing.seal(joiner.suite, key, sealing.POINTER, context, content, entropy)
    return Posting(joiner.inbox, joiner.reference, SealedPointer(*sealed).encode())
