"""Groups that somebody watches who never says anything (families passive-client-…).

May import the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.conformance.verify.passive import Trusting
from covey.mls.group.core import Ports
from covey.mls.group.events import EpochChanged
from covey.mls.group.group import Group
from covey.mls.group.member import Member
from covey.mls.group.psks import MemoryPsks
from covey.mls.wire.code_points import WireFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.lab.conformance.generate.seeded import Seeded, Vector
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.member import PrivateKeyPackage

NOW: Final = 1_800_000_000
"""When everything happens, in seconds since the epoch."""

PSK_ID: Final = b"known to all"
HANDSHAKES: Final = (WireFormat.mls_public_message, WireFormat.mls_private_message)


class Scene:
    """A group, all of whose members are here.

    Args:
        suite: The suite of the group.
        entropy: Where everything random comes from.
        handshake: How proposals and commits are sent; None for either, member by member.

    Attributes:
        groups: The group as each member sees it, the watcher's excepted.
        watcher: The group as the watcher sees it; None before it joins.
    """

    def __init__(self, suite: Suite, entropy: Seeded, handshake: WireFormat | None = None) -> None:
        self.suite = suite
        self.entropy = entropy
        self.groups: list[Group] = []
        self.watcher: Group | None = None
        self._handshake = handshake
        self._psks = MemoryPsks()
        self._psk = entropy(suite.Nh)
        self._vector: Vector = {}
        self._epochs: list[Vector] = []

    def clear(self) -> None:
        """Let everybody go, for a group that is founded anew."""
        self.groups = []
        self.watcher = None
        self._epochs = []

    def ports(self) -> Ports:
        """What a member's group works with."""
        form = self._handshake or HANDSHAKES[self.entropy.below(2)]
        policy = Trusting(handshake=form, threads=1)
        return Ports(policy, self._psks, self.entropy, now=lambda: NOW)

    def member(self) -> Member:
        """A client that is in no group yet."""
        name = self.entropy(8).hex().encode()
        policy = Trusting(threads=1)
        return Member.basic(name, self.suite.code, policy=policy, entropy=self.entropy)

    def found(self, size: int) -> None:
        """Create the group with some members."""
        clients = [self.member() for _ in range(size)]
        packages = [client.key_package(now=NOW) for client in clients[1:]]
        messages = [package.message for package in packages]
        founded = Group.found(clients[0], messages, ports=self.ports())
        self.groups.append(founded.group)
        for client, package in zip(clients[1:], packages, strict=True):
            self._join(client, package, founded.welcome)

    def _join(self, client: Member, package: PrivateKeyPackage, welcome: bytes) -> None:
        self.groups.append(Group.join(client, package, welcome, ports=self.ports()))

    def welcome_watcher(
        self, *, psk: bool = False, tree_inside: bool = True, path: bool | None = None
    ) -> None:
        """Add the watcher, whose view becomes the case."""
        client = self.member()
        package = client.key_package(now=NOW)
        if psk:
            self._psks.add(PSK_ID, self._psk)
        committer = self.groups[self.entropy.below(len(self.groups))]
        pending = committer.commit(
            add=[package.message],
            psks=[PSK_ID] if psk else (),
            path=path,
            welcome_tree=tree_inside,
        )
        tree = None if tree_inside else pending.ratchet_tree
        self._spread(committer, (), pending.message)
        self.watcher = Group.join(
            client, package, pending.welcome, ratchet_tree=tree, ports=self.ports()
        )
        self._vector = {
            "cipher_suite": self.suite.code,
            "key_package": package.message.hex(),
            "signature_priv": package.signer.hex(),
            "encryption_priv": package.leaf_private.hex(),
            "init_priv": package.init_private.hex(),
            "welcome": pending.welcome.hex(),
            "ratchet_tree": None if tree is None else tree.hex(),
            "initial_epoch_authenticator": committer.epoch_authenticator.hex(),
        }

    def share_psk(self) -> None:
        """Let everybody, the watcher too, know an external PSK."""
        self._psks.add(PSK_ID, self._psk)

    def newcomer(self) -> tuple[Member, PrivateKeyPackage]:
        """A client and its KeyPackage."""
        client = self.member()
        return client, client.key_package(now=NOW)

    def epoch(
        self,
        committer: Group,
        proposals: Sequence[tuple[Group, bytes]] = (),
        newcomers: Sequence[tuple[Member, PrivateKeyPackage]] = (),
        **options: object,
    ) -> None:
        """Send proposals and commit; everybody follows.

        Args:
            committer: Who commits.
            proposals: Messages, and who has sent them.
            newcomers: Whom the commit adds.
            options: Those of :meth:`Group.commit`.
        """
        for sender, message in proposals:
            for group in self._all():
                if group is not sender:
                    group.receive(message)
        pending = committer.commit(**options)  # type: ignore[arg-type]
        self._spread(committer, [message for _, message in proposals], pending.message)
        for client, package in newcomers:
            self._join(client, package, pending.welcome)

    def join_externally(self, resync: Group | None = None) -> None:
        """Somebody joins by an external commit, perhaps in place of their own old leaf."""
        client = self.member()
        info = self.groups[0].group_info()
        if resync is not None:
            self.groups.remove(resync)
            client = self._same(client, resync)
        joined = Group.join_externally(
            client,
            info,
            resync=None if resync is None else resync.own_index,
            ports=self.ports(),
        )
        self._spread(None, (), joined.commit)
        self.groups.append(joined.group)

    def _same(self, client: Member, old: Group) -> Member:
        """The client whose leaf another one of its groups shows, with a new signature key."""
        leaf = old.tree.leaf(old.own_index)
        assert leaf is not None
        return Member.from_credential(
            leaf.credential, self.suite.code, policy=client.policy, entropy=self.entropy
        )

    def _all(self) -> list[Group]:
        return self.groups if self.watcher is None else [*self.groups, self.watcher]

    def _spread(self, committer: Group | None, proposals: Sequence[bytes], commit: bytes) -> None:
        """Everybody processes a commit; whom it removes is gone."""
        staying = []
        for group in self.groups:
            event = group.receive(commit)
            assert isinstance(event, EpochChanged)
            if not event.removed:
                staying.append(group)
        self.groups = staying
        if self.watcher is None:
            return
        self.watcher.receive(commit)
        agreed = {group.epoch_authenticator for group in self._all()}
        assert len(agreed) == 1, "the members do not agree"
        assert committer is None or committer in self.groups
        self._epochs.append(
            {
                "proposals": [proposal.hex() for proposal in proposals],
                "commit": commit.hex(),
                "epoch_authenticator": agreed.pop().hex(),
            }
        )

    def case(self) -> Vector:
        """What the watcher has seen."""
        known = self._psks.external(PSK_ID)
        psks = [] if known is None else [{"psk_id": PSK_ID.hex(), "psk": known.hex()}]
        return {**self._vector, "external_psks": psks, "epochs": self._epochs}
