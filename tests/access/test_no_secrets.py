"""What strangers, brokers and observers see of a group holds none of this protocol's secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from access_samples import BROKER, GID, RANDOM, access_of, begun, joined, person
from covey.access.member.addresses import extension, with_capabilities
from covey.access.member.epochs import EpochAccess
from covey.access.member.knocks import capability_keys
from covey.access.structs.extensions import GroupCapabilities, GroupCapability, NoteSlot, Right
from covey.access.structs.sealed import EpochContext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey import mls

SEEDS = {right: RANDOM(32) for right in Right}


def secrets_of(group: mls.Group) -> Iterator[bytes]:
    """Everything that must not be found."""
    access = access_of(group)
    context = EpochContext(BROKER, GID, group.epoch).encode()
    yield group.export("covey access 1", context, 32)
    yield from (access.signing_key, access.envelope_key, access.idem_key)
    for seed in SEEDS.values():
        keys = capability_keys(seed, group.suite)
        yield from (seed, keys.signing_key, keys.door_private)


def shown_of(group: mls.Group) -> Iterator[bytes]:
    """Everything that others may see."""
    yield group.context.encode()
    yield group.group_info()
    yield from (leaf.encode() for _, leaf in group.tree.members())
    yield repr(group).encode()


def test_no_secret_stands_where_others_look() -> None:
    suite = begun().suite
    stated = GroupCapabilities(
        tuple(
            GroupCapability(capability_keys(seed, suite).key, bytes(32), 600_000, right)
            for right, seed in SEEDS.items()
        )
    )
    alice, people = begun(capabilities=stated), [person(name) for name in ("bob", "carol")]
    secrets, shown = [*secrets_of(alice)], [*shown_of(alice)]
    groups = [alice]
    for each in people:
        slot = NoteSlot(BROKER, each.address.inbox, RANDOM(16))
        package = each.member.key_package(
            extensions=[extension(each.address)], leaf_extensions=[extension(slot)]
        )
        shown.append(package.message)
        pending = alice.commit(add=[package], update=True)
        shown += [pending.message, pending.group_info(), repr(pending).encode()]
        for group in groups[1:]:
            group.receive(pending.message)
        alice.accept(pending)
        newcomer = each._replace(package=package)
        groups.append(joined(newcomer, pending.welcome, pending.ratchet_tree))
        secrets += secrets_of(alice)
        shown += shown_of(alice)
    removal = alice.commit(
        remove=[groups[1].own_index], extensions=with_capabilities(alice.extensions, stated)
    )
    alice.accept(removal)
    secrets += secrets_of(alice)
    shown += [removal.message, *shown_of(alice)]
    seen = b"".join(shown)
    assert all(len(secret) >= 32 for secret in secrets)
    assert not [secret for secret in secrets if secret in seen or secret.hex().encode() in seen]
    assert stated.capabilities[0].key in seen  # what is public is found, so the search works


def test_the_access_key_is_all_that_a_broker_gets() -> None:
    group = begun()
    access = access_of(group)
    sent = access.create().encode() + access.append(bytes(16), b"body").encode()
    sent += access.begin_blob(bytes(32), 5).encode() + access.prove(b"nonce").encode()
    assert access.access_key in sent
    assert not [secret for secret in secrets_of(group) if secret in sent]
    assert isinstance(access, EpochAccess)
