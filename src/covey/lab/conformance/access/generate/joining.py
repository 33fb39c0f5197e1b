"""Parcels, pointers, knocks and notes: how people come in, with real groups.

May import all of :mod:`covey.access` and :mod:`covey.mls`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member import addresses, knocks, parcels, pointers
from covey.access.member.epochs import EpochAccess
from covey.access.member.notes import seal_note
from covey.access.structs.extensions import GroupCapabilities, InboxAddress
from covey.access.structs.joining import Knock, WaitingKnock
from covey.access.structs.sealed import KnockContent, Link, NoteContext, PointerList
from covey.lab.conformance.generate.scenes import NOW
from covey.mls.group.core import Ports
from covey.mls.group.group import Group
from covey.mls.group.member import Member
from covey.mls.group.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.lab.conformance.generate.seeded import Seeded, Vector
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.member import PrivateKeyPackage

POLICY: Final = Policy(extension_types=addresses.EXTENSION_TYPES, threads=1)
"""What everybody in the vectors supports."""


def sealed_parcels(entropy: Seeded) -> Iterator[Vector]:
    """Parcels around the sizes of headers."""
    for length in (0, 46, 47, 63, 64, 1000, 16_384):
        gid, content = entropy(32), entropy(length)
        parcel, key = parcels.seal_parcel(gid, content, entropy)
        yield {
            "gid": gid.hex(),
            "id": key.id.hex(),
            "key": key.key.hex(),
            "content": content.hex(),
            "parcel": parcel.encode().hex(),
        }


def ports(entropy: Seeded) -> Ports:
    """What the groups work with; the same seed makes the same groups."""
    return Ports(POLICY, entropy=entropy, now=lambda: NOW)


def _client(suite: Suite, entropy: Seeded, name: str) -> Member:
    return Member.basic(name.encode(), suite.code, policy=POLICY, entropy=entropy)


def _package(client: Member, address: InboxAddress) -> PrivateKeyPackage:
    return client.key_package(extensions=[addresses.extension(address)], now=NOW)


def pointed(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """A commit that adds three, as the second of them comes in."""
    broker_id, gid = entropy(32), entropy(32)
    extensions = addresses.with_capabilities((), GroupCapabilities(()))
    creator = _client(suite, entropy, "alice")
    group = Group.create(creator, extensions=extensions, ports=ports(entropy))
    inboxes = [InboxAddress(broker_id, entropy(32)) for _ in range(3)]
    packages = [
        _package(_client(suite, entropy, f"joiner {index}"), address)
        for index, address in enumerate(inboxes)
    ]
    doors = (knocks.capability_keys(entropy(32), suite).door,)
    pending = group.commit(add=packages, welcome_tree=False)
    access = EpochAccess.derive(pending.export, broker_id, gid, pending.changed.epoch)
    idem, added = entropy(16), [each.package for each in packages]
    made = pointers.letting_in(pending, added, access, doors, idem, entropy)
    package, address, sealed = packages[1], inboxes[1], made.postings[1].pointer
    pointer = pointers.open_pointer(package, address, sealed)
    split = parcels.split_welcome(pending.welcome)
    listed = PointerList(made.postings)
    yield {
        "cipher_suite": suite.code,
        "key_package": package.message.hex(),
        "init_priv": package.init_private.hex(),
        "encryption_priv": package.leaf_private.hex(),
        "signature_priv": package.signer.hex(),
        "broker_id": broker_id.hex(),
        "inbox": address.inbox.hex(),
        "sealed_pointer": sealed.hex(),
        "pointer": pointer.encode().hex(),
        "parcels": [each.encode().hex() for each in made.parcels],
        "welcome": parcels.whole_welcome(split.common, split.secrets[package.reference]).hex(),
        "ratchet_tree": pending.ratchet_tree.hex(),
        "epoch_authenticator": pending.epoch_authenticator.hex(),
        "access_key": access.access_key.hex(),
        "commit_idem": idem.hex(),
        "sealed_pointers": made.pointers.hex(),
        "pointers": listed.encode().hex(),
    }


def knocked(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """Knocks of a link and of a recovery code."""
    for recovers in (False, True):
        link = Link(1, entropy(32), entropy(32), suite.code, entropy(32))
        keys = knocks.capability_keys(link.seed, suite)
        holder = _client(suite, entropy, "holder")
        package = _package(holder, InboxAddress(link.broker_id, entropy(32)))
        signed = knocks.knock(link, package.message, entropy, recovers=recovers)
        request = Knock.decode(signed.request)
        waiting = WaitingKnock(request.id, request.capability, request.sealed)
        yield {
            "cipher_suite": suite.code,
            "broker_id": link.broker_id.hex(),
            "gid": link.gid.hex(),
            "seed": link.seed.hex(),
            "capability": keys.key.hex(),
            "door_key": keys.door_key.hex(),
            "door_private": keys.door_private.hex(),
            "knock": signed.encode().hex(),
            "waiting": waiting.encode().hex(),
            "content": KnockContent(package.message, int(recovers)).encode().hex(),
        }


def noted(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """A note to a leaf."""
    package = _client(suite, entropy, "reader").key_package(now=NOW)
    context = NoteContext(entropy(32), entropy.some(), entropy.below(1 << 32))
    note = entropy.some(200)
    yield {
        "cipher_suite": suite.code,
        "encryption_priv": package.leaf_private.hex(),
        "encryption_key": package.package.leaf_node.encryption_key.hex(),
        "inbox": context.inbox.hex(),
        "group_id": context.group_id.hex(),
        "epoch": context.epoch,
        "note": note.hex(),
        "sealed_note": seal_note(suite, package.package.leaf_node, context, note, entropy).hex(),
    }
