"""Verifies parcels, pointers, knocks and notes; a joiner comes in by its pointer.

May import all of :mod:`covey.access` and :mod:`covey.mls`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access import signing
from covey.access.member import knocks, parcels, pointers
from covey.access.member.addresses import EXTENSION_TYPES
from covey.access.member.epochs import EpochAccess
from covey.access.member.notes import open_note
from covey.access.operations import OPERATIONS
from covey.access.structs.basics import Signed
from covey.access.structs.extensions import InboxAddress
from covey.access.structs.joining import Knock, WaitingKnock
from covey.access.structs.log import Parcel
from covey.access.structs.sealed import NoteContext, ParcelKey, Pointer, PointerList
from covey.lab.conformance.case import CaseError, ensure
from covey.mls.group.member import Member, PrivateKeyPackage
from covey.mls.group.policy import Policy
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import EncryptedGroupSecrets

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case

POLICY: Final = Policy(extension_types=EXTENSION_TYPES, threads=1)


def sealed_parcels(case: Case) -> None:
    """The parcel holds that content, and is sealed so."""
    gid, number, key = case.octets("gid"), case.octets("id"), case.octets("key")
    parcel = Parcel.decode(case.octets("parcel"))
    case.expect("content", parcels.open_parcel(gid, parcel, ParcelKey(number, key)))
    draws = iter((number, key))
    made = parcels.seal_parcel(gid, case.octets("content"), lambda _: next(draws))
    case.expect("parcel", made.parcel.encode())


def pointed(case: Case) -> None:
    """The joiner comes in by its pointer, and reads the pointers of the others."""
    package = _package(case)
    address = InboxAddress(case.octets("broker_id"), case.octets("inbox"))
    pointer = pointers.open_pointer(package, address, case.octets("sealed_pointer"))
    case.expect("pointer", pointer.encode())
    fetched = [Parcel.decode(each) for each in case.octets_list("parcels")]
    ensure(len(fetched) == 2, "a pointer names two parcels")
    _compare(case, pointer, fetched)
    leaf = package.package.leaf_node
    member = Member.from_credential(
        leaf.credential, case.suite().code, signer=package.signer, policy=POLICY
    )
    group = pointers.let_in(member, package, pointer, fetched).accept()
    case.expect("epoch_authenticator", group.epoch_authenticator)
    access = EpochAccess.derive(group.export, address.broker_id, pointer.gid, group.epoch)
    case.expect("access_key", access.access_key)
    idem, sealed = case.octets("commit_idem"), case.octets("sealed_pointers")
    listed = PointerList(pointers.open_pointer_list(access, idem, sealed))
    case.expect("pointers", listed.encode())


def _compare(case: Case, pointer: Pointer, fetched: list[Parcel]) -> None:
    """The parcels hold the parts of the Welcome, and the tree."""
    common = parcels.open_parcel(pointer.gid, fetched[0], pointer.welcome)
    secrets = EncryptedGroupSecrets.decode(pointer.group_secrets)
    case.expect("welcome", parcels.whole_welcome(common, secrets))
    tree = parcels.open_parcel(pointer.gid, fetched[1], pointer.ratchet_tree)
    case.expect("ratchet_tree", tree)


def _package(case: Case) -> PrivateKeyPackage:
    package = MLSMessage.decode(case.octets("key_package")).message
    if not isinstance(package, KeyPackage):
        msg = f"key_package is a {type(package).__name__}"
        raise CaseError(msg)
    suite, init, leaf = case.suite(), case.octets("init_priv"), case.octets("encryption_priv")
    ensure(suite.public_key(init) == package.init_key, "init_priv is of another key")
    own = suite.public_key(leaf) == package.leaf_node.encryption_key
    ensure(own, "encryption_priv is of another key")
    signer = case.octets("signature_priv")
    own = suite.signature_public(signer) == package.leaf_node.signature_key
    ensure(own, "signature_priv is of another key")
    return PrivateKeyPackage(package, init, leaf, signer)


def knocked(case: Case) -> None:
    """The keys follow from the seed; the knock is signed, and opens at the door."""
    suite, broker_id, gid = case.suite(), case.octets("broker_id"), case.octets("gid")
    keys = knocks.capability_keys(case.octets("seed"), suite)
    case.expect("capability", keys.key)
    case.expect("door_key", keys.door_key)
    case.expect("door_private", keys.door_private)
    signed = Signed.decode(case.octets("knock"))
    label = OPERATIONS["knock"].label
    verified = signing.verify(keys.key, label, signed.request, signed.signature)
    ensure(verified, "the knock is not signed with the capability's key")
    request = Knock.decode(signed.request)
    named = (request.broker_id, request.gid, request.capability)
    ensure(named == (broker_id, gid, keys.key), "the knock is for another door")
    waiting = WaitingKnock(request.id, request.capability, request.sealed)
    case.expect("waiting", waiting.encode())
    content = knocks.open_knock(broker_id, gid, [keys.door], waiting)
    case.expect("content", content.encode())


def noted(case: Case) -> None:
    """The note opens with the private key of the leaf."""
    suite, private = case.suite(), case.octets("encryption_priv")
    case.expect("encryption_key", suite.public_key(private))
    inbox, group_id, epoch = case.octets("inbox"), case.octets("group_id"), case.number("epoch")
    context = NoteContext(inbox, group_id, epoch)
    case.expect("note", open_note(suite, private, context, case.octets("sealed_note")))
