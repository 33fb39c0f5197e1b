"""The group that is fuzzed. It is the same in every run, so that a corpus stays good."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from covey import mls
from covey.lab.conformance.generate.seeded import Seeded
from covey.mls.structs.proposals import Add, GroupContextExtensions, Remove

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUITE: Final = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
_NOW: Final = 1_800_000_000
PSK_ID: Final = b"known to all"


class Scene:
    """A group of four whose second member is fuzzed, and somebody who is outside.

    Attributes:
        founder: The member who attacks.
        victim: The member who is attacked.
        outsider: Who is not in the group, and has a KeyPackage.
    """

    def __init__(self) -> None:
        self.entropy = Seeded(b"fuzz", "scene")
        policy = mls.Policy(threads=1)
        self.psks = mls.MemoryPsks()
        self.psks.add(PSK_ID, bytes(32))
        self.ports = mls.Ports(policy, self.psks, self.entropy, now=lambda: _NOW)
        people = [
            mls.Member.basic(f"member {n}".encode(), _SUITE, policy=policy, entropy=self.entropy)
            for n in range(5)
        ]
        packages = [person.key_package(now=_NOW) for person in people]
        founded = mls.Group.found(
            people[0], [each.message for each in packages[1:4]], group_id=b"f", ports=self.ports
        )
        self.founder = founded.group
        self.welcome = founded.welcome
        self.outsider, self.package = people[4], packages[4]
        self.victim = mls.Group.join(people[1], packages[1], founded.welcome, ports=self.ports)
        self.before = self.victim.snapshot()
        self.founders = self.founder.snapshot()
        self.info = self.founder.group_info()

    def messages(self) -> Iterator[bytes]:
        """Valid messages for the victim, of every kind, public and private."""
        group = self.founder
        yield group.protect(b"hello")
        yield group.group_info()
        for handshake in (mls.WireFormat.mls_public_message, mls.WireFormat.mls_private_message):
            for options in self.commits():
                pending = group.commit(handshake=handshake, **options)
                yield pending.message
                if pending.welcomes:
                    yield pending.welcome
                group.discard(pending)
            for proposal in (Remove(2), Add(self.package.package), GroupContextExtensions(())):
                yield group.propose(proposal, handshake=handshake)
        yield group.leave()
        self.founder = mls.Group.restore(self.founders, self.ports)
        yield mls.Group.join_externally(self.outsider, self.info, ports=self.ports).commit

    def commits(self) -> Iterator[dict[str, Any]]:
        """What the founder commits."""
        yield {}
        yield {"remove": [2]}
        yield {"extensions": []}
        yield {"add": [self.package.message]}
        yield {"add": [self.package.message], "remove": [3], "psks": [PSK_ID]}

    def restore(self) -> None:
        """Bring the victim back to where it began."""
        self.victim = mls.Group.restore(self.before, self.ports)


@cache
def scene() -> Scene:
    """The scene."""
    return Scene()
