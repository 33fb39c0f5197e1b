"""A member of the demo: the engine, a connection to the broker, and where it stands in the log.

May import the engine. Everything goes through the log in its order, one's own messages too: a
commit of one's own takes effect when it comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.broker.messages import EpochClosed, Kind
from covey.errors import StateError, TransportError
from covey.lab.demo import known_secrets
from covey.lab.demo.orders import Caught, Changed, Drawing, DrawnNode, Heard
from covey.mls import (
    CipherSuite,
    EpochChanged,
    Extension,
    Group,
    Member,
    MessageReceived,
    OwnMessage,
    ProposalReceived,
)
from covey.mls.crypto.entropy import system_entropy
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.tree import ParentNode
from covey.mls.structs.welcome import Welcome
from covey.mls.tree.math import node_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.broker.messages import Appended, Entry
    from covey.lab.demo.broker_client import BrokerClient
    from covey.lab.demo.orders import Invitee
    from covey.mls import Event, PendingCommit, PrivateKeyPackage

SUITE: Final = CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
"""Of the group. Any other would do."""

GID_EXTENSION: Final = 0xF0C0
"""The type (of those for private use) of the GroupInfo extension that says where the log is.

The GroupInfo is encrypted in the Welcome, so the broker cannot tell which inbox goes with
which log.
"""

_PATIENCE: Final = 5_000  # milliseconds to wait for something that is known to be there


class Conversation:
    """One member.

    Args:
        name: Its identity.
        broker: The broker.
    """

    def __init__(self, name: str, broker: BrokerClient) -> None:
        self.member: Member = Member.basic(name.encode(), SUITE)
        self.broker: BrokerClient = broker
        self.inbox: bytes = system_entropy(32)
        self.gid: bytes = b""
        self.cursor: int = 0
        self.secrets: dict[str, bytes] = known_secrets.of_member(self.member)
        self._packages: list[PrivateKeyPackage] = []
        self._group: Group | None = None
        self._prepared: PendingCommit | None = None
        self._heard: list[Heard] = []

    @property
    def group(self) -> Group:
        """The group.

        Raises:
            StateError: The member is in none.
        """
        if self._group is None:
            msg = "not a member of the group"
            raise StateError(msg)
        return self._group

    @property
    def in_group(self) -> bool:
        """Whether the member is in the group, and has not been removed."""
        return self._group is not None and self._group.is_active

    # --- coming in ---------------------------------------------------------------------

    def publish(self) -> list[bytes]:
        """Leave KeyPackages in our inbox: one for one use, and a last resort."""
        self._packages = [
            self.member.key_package(),
            self.member.key_package(last_resort=True),
        ]
        for package in self._packages:
            self.secrets |= known_secrets.of_key_package(package)
        messages = [package.message for package in self._packages]
        self.broker.publish(self.inbox, system_entropy(16), tuple(messages))
        return messages

    def found(self, invitees: Sequence[Invitee]) -> Changed:
        """Create a group, and add its first members with one commit."""
        self.gid = system_entropy(32)
        self._group = Group.create(self.member)
        self.broker.create(self.gid, system_entropy(16), self.group.epoch)
        self._learn()
        return self.change(invite=invitees)

    def join(self) -> None:
        """Join by the Welcome that waits in our inbox."""
        [waiting, *_] = self.broker.fetch(self.inbox, wait=_PATIENCE)
        staged = Group.stage_welcome(
            self.member, self._package_for(waiting.message), waiting.message
        )
        [self.gid] = [
            each.extension_data
            for each in staged.extensions
            if each.extension_type == GID_EXTENSION
        ]
        self._group = staged.accept()
        self.broker.fetch(self.inbox, after=waiting.seq)
        self._learn()

    def _package_for(self, message: bytes) -> PrivateKeyPackage:
        """The KeyPackage that a Welcome is for; it is used once, unless it is a last resort."""
        welcome = MLSMessage.decode(message).message
        assert isinstance(welcome, Welcome)
        references = {each.new_member for each in welcome.secrets}
        package = next(each for each in self._packages if each.reference in references)
        if not package.last_resort:
            self._packages.remove(package)
        return package

    # --- reading -----------------------------------------------------------------------

    def catch_up(self, until: int = 0) -> Caught:
        """Read the log to its end, and at least up to a number; return what was not told yet."""
        self._read(until)
        heard, self._heard = self._heard, []
        group = self.group
        authenticator = group.epoch_authenticator if group.is_active else None
        return Caught(heard, group.epoch, authenticator, removed=not group.is_active)

    def _read(self, until: int = 0) -> None:
        while self.in_group:
            wait = _PATIENCE if self.cursor < until else 0
            entries = self.broker.read(self.gid, self.group.epoch, self.cursor, wait)
            if not entries and wait:
                msg = f"entry {until} of the log did not come"
                raise TransportError(msg)
            if not entries:
                break
            for entry in entries:
                self._heard.append(self._receive(entry))
                self.cursor = entry.seq

    def _receive(self, entry: Entry) -> Heard:
        event = self.group.receive(entry.body)
        if isinstance(event, EpochChanged):
            self._learn()
        return _heard(entry.seq, event)

    def _learn(self) -> None:
        """Note the secrets of a new epoch."""
        self.secrets |= known_secrets.of_group(self.group)

    # --- writing -----------------------------------------------------------------------

    def say(self, text: str) -> int:
        """Send a message; encrypt it again if its epoch closes before it gets there."""
        while True:
            self._read()
            body = self.group.protect(text.encode())
            answer = self._append(Kind.other, body)
            if not isinstance(answer, EpochClosed):
                return answer.seq

    def propose_update(self) -> int:
        """Propose fresh keys for our leaf."""
        self._read()
        answer = self._append(Kind.other, self.group.propose_update())
        if isinstance(answer, EpochClosed):
            msg = "the epoch closed before the proposal got there"
            raise StateError(msg)
        return answer.seq

    def change(self, *, invite: Sequence[Invitee] = (), remove: str = "") -> Changed:
        """Commit with a path, again until a commit of ours wins its epoch.

        A KeyPackage that was claimed for a commit that lost goes into the next.
        """
        packages = [self.broker.claim(each.inbox, SUITE) for each in invite]
        while True:
            self._read()
            pending = self._commit(packages, remove)
            answer = self._append(Kind.commit, pending.message)
            if isinstance(answer, EpochClosed):
                continue
            self._read(answer.seq)
            for each in invite:
                self.broker.deliver(each.inbox, system_entropy(16), pending.welcome)
            return Changed(answer.seq, self.group.epoch, self.gid)

    def prepare(self) -> int:
        """Make a commit with a path, and keep it back."""
        self._read()
        self._prepared = self._commit((), "")
        return self._prepared.changed.epoch

    def submit(self) -> tuple[bool, int]:
        """Send the commit that was kept back.

        Returns:
            Whether it won its epoch, and the number of the commit that did.
        """
        pending = self._prepared
        if pending is None:
            msg = "no commit was prepared"
            raise StateError(msg)
        self._prepared = None
        answer = self._append(Kind.commit, pending.message)
        if isinstance(answer, EpochClosed):
            return False, answer.commit.seq
        return True, answer.seq

    def _commit(self, packages: Sequence[bytes], remove: str) -> PendingCommit:
        group = self.group
        return group.commit(
            add=packages,
            remove=[self._leaf(remove)] if remove else [],
            path=True,
            info_extensions=[Extension(GID_EXTENSION, self.gid)],
        )

    def _leaf(self, name: str) -> int:
        found = self.group.find(name.encode())
        if found is None:
            msg = f"{name} is not a member"
            raise StateError(msg)
        return found.index

    def _append(self, kind: Kind, body: bytes) -> Appended | EpochClosed:
        return self.broker.append(self.gid, self.group.epoch, kind, system_entropy(16), body)

    # --- looking -----------------------------------------------------------------------

    def members(self) -> list[str]:
        """The names of all members, by leaf."""
        return [each.identity.decode() for each in self.group.members]

    def draw(self) -> Drawing:
        """Describe the ratchet tree."""
        return Drawing(self.group.epoch, self._node(self.group.tree.height, 0))

    def _node(self, height: int, position: int) -> DrawnNode:
        """Describe the subtree at a place."""
        node = self.group.tree.node_at(node_index(height, position))
        key = "" if node is None else node.encryption_key.hex()[:8]
        if height == 0:
            return DrawnNode(self._name(position) if key else "", key)
        unmerged = node.unmerged_leaves if isinstance(node, ParentNode) else ()
        children = [self._node(height - 1, 2 * position + side) for side in (0, 1)]
        return DrawnNode("", key, [self._name(each) for each in unmerged], children)

    def _name(self, index: int) -> str:
        member = self.group.member_at(index)
        assert member is not None
        return member.identity.decode()


def _heard(seq: int, event: Event) -> Heard:
    match event:
        case MessageReceived(sender=sender, data=data):
            return Heard(seq, sender.identity.decode(), "message", data.decode())
        case EpochChanged(changed=changed):
            return Heard(seq, changed.committer.identity.decode(), "commit")
        case ProposalReceived():
            return Heard(seq, "", "proposal")
        case OwnMessage():
            return Heard(seq, "", "own")
