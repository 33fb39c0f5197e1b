"""A group on a log, made by the public API, and a broker that has nothing but the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey import mls
from covey.access import chain, heads
from covey.access.member.addresses import EXTENSION_TYPES, extension, with_capabilities
from covey.access.member.epochs import EpochAccess
from covey.access.structs.basics import Kind
from covey.access.structs.extensions import GroupCapabilities, InboxAddress
from covey.access.structs.log import Create, Entries, Entry
from covey.lab.conformance.generate.seeded import Seeded

if TYPE_CHECKING:
    from covey.access.structs.heads import Position, SignedHead

RANDOM = Seeded(b"tests of covey.access", "samples")
BROKER_SEED = RANDOM(32)
SIGNER = heads.HeadSigner(BROKER_SEED, 500_000, RANDOM)
BROKER = SIGNER.broker_id
GID = RANDOM(32)
INCARNATION = RANDOM(16)
POLICY = mls.Policy(extension_types=EXTENSION_TYPES)
ALL_SUITES = tuple(mls.CipherSuite)


def access_of(group: mls.Group | mls.PendingCommit, gid: bytes = GID) -> EpochAccess:
    """The keys of a group's epoch, or of the one that a commit opens."""
    epoch = group.changed.epoch if isinstance(group, mls.PendingCommit) else group.epoch
    return EpochAccess.derive(group.export, BROKER, gid, epoch)


def any_access(epoch: int = 7, gid: bytes = GID, broker: bytes = BROKER) -> EpochAccess:
    """Keys of an epoch of no group: the exporter gives the same whatever it is asked."""
    return EpochAccess.derive(lambda *_: bytes(range(32)), broker, gid, epoch)


class Person(NamedTuple):
    """A client with a KeyPackage that names its inbox."""

    member: mls.Member
    package: mls.PrivateKeyPackage
    address: InboxAddress


def person(name: str, suite: int = 1, broker: bytes = BROKER) -> Person:
    """Somebody who can be let in."""
    member = mls.Member.basic(name.encode(), suite, policy=POLICY)
    address = InboxAddress(broker, RANDOM(32))
    return Person(member, member.key_package(extensions=[extension(address)]), address)


def begun(suite: int = 1, capabilities: GroupCapabilities | None = None) -> mls.Group:
    """A group of one, which takes only members that know this protocol."""
    stated = capabilities or GroupCapabilities(())
    alice = mls.Member.basic(b"alice", suite, policy=POLICY)
    return mls.Group.create(alice, extensions=with_capabilities((), stated))


class Log:
    """A log, as an honest broker keeps it. Epochs begin with 0."""

    def __init__(self) -> None:
        self.gid: bytes = GID
        self.create: Create = Create(BROKER, GID, 0, RANDOM(32), b"")
        self.entries: list[Entry] = []
        self.positions: list[Position] = [chain.start(self.create)]
        self.epoch: int = 0

    def append(self, kind: Kind = Kind.other) -> Entry:
        """Something is appended."""
        entry = Entry(len(self.entries) + 1, self.epoch, kind, RANDOM(16), RANDOM(40))
        self.entries.append(entry)
        self.positions.append(chain.link(self.positions[-1], GID, entry))
        self.epoch += kind is Kind.commit
        return entry

    def fill(self, kinds: str) -> Log:
        """Append an other for each ``o``, a commit for each ``c``."""
        for kind in kinds:
            self.append(Kind.commit if kind == "c" else Kind.other)
        return self

    def signed(self, position: Position, incarnation: bytes = INCARNATION) -> SignedHead:
        """A head of this log at a place."""
        return SIGNER.sign(GID, position, incarnation)

    def answer(self, epoch: int, after: int, most: int = 100) -> Entries:
        """What an honest broker answers to a read."""
        mine = [each for each in self.entries if each.epoch == epoch]
        fresh = [each for each in mine if each.seq > after]
        end = mine[-1].seq if mine else self.positions[-1].seq
        begin = fresh[0].seq - 1 if fresh else end
        return Entries(
            self.positions[begin],
            tuple(fresh[:most]),
            self.signed(self.positions[end]),
            int(len(fresh) <= most),
            b"",
        )


def changed(data: bytes, at: int) -> bytes:
    """Bytes with one bit of one of them turned."""
    at %= len(data)
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def joined(person: Person, welcome: bytes, tree: bytes) -> mls.Group:
    """The group of somebody who was added."""
    return mls.Group.join(person.member, person.package, welcome, ratchet_tree=tree)
