"""A member of the demo: a person of the company, and what it tells the story.

May import the company and the engine. Everything that it says to the broker, it says as any
client would.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from covey.access.structs.log import EpochClosed
from covey.errors import StateError
from covey.lab.company import attachments
from covey.lab.company.commits import Plan
from covey.lab.company.contents import Attachment, Text
from covey.lab.company.person import Person
from covey.lab.demo import known_secrets
from covey.lab.demo.orders import Caught, Changed, Drawing, DrawnNode, Heard, Published
from covey.mls import EpochChanged, Group, MessageReceived, OwnMessage, ProposalReceived
from covey.mls.structs.tree import ParentNode
from covey.mls.tree.math import node_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.lab.company import listening
    from covey.lab.company.commits import Made
    from covey.lab.company.lines import Lines
    from covey.lab.company.seat import Seat


class Conversation:
    """One member.

    Args:
        name: Its identity.
        lines: Opens connections to the broker.
    """

    def __init__(self, name: str, lines: Lines) -> None:
        self.secrets: dict[str, bytes] = {}
        self._name = name
        self._lines = lines
        self._person: Person | None = None
        self._seat: Seat | None = None
        self._made: Made | None = None

    @property
    def seat(self) -> Seat:
        """The place in the group.

        Raises:
            StateError: The member is in none.
        """
        if self._seat is None:
            msg = "not a member of the group"
            raise StateError(msg)
        return self._seat

    @property
    def group(self) -> Group:
        """The group."""
        return self.seat.group

    @property
    def in_group(self) -> bool:
        """Whether the member is in the group, and has not been removed."""
        return self._seat is not None and self.group.is_active

    # --- coming in ---------------------------------------------------------------------

    @property
    def person(self) -> Person:
        """Who it is; begins when it is first needed, for the broker's id is asked for then."""
        if self._person is None:
            self._person = Person(self._name, self._lines)
        return self._person

    def publish(self) -> Published:
        """Begin an account, and leave KeyPackages: one for one use, and a last resort."""
        person = self.person
        person.enrol()
        messages = person.publish()
        device, inbox = person.device, person.inbox
        self.secrets |= known_secrets.of_member(person.member)
        self.secrets |= {"device private key": device.seed, "inbox private key": inbox.seed}
        for package in person.packages:
            self.secrets |= known_secrets.of_key_package(package)
        references = [each.reference for each in person.packages]
        handle = device.handle(person.name)
        return Published(handle, device.key, inbox.address.inbox, messages, references)

    def found(self, invite: Sequence[str]) -> Changed:
        """Create a group, and add its first members with one commit."""
        self._take(self.person.found())
        return self.change(invite=invite)

    def join(self) -> None:
        """Join by the pointer that waits in our inbox."""
        self._take(self.person.join())

    def _take(self, seat: Seat) -> None:
        self._seat = seat
        seat.entered = self._learn
        self._learn()

    def _learn(self) -> None:
        """Note the secrets of a new epoch."""
        self.secrets |= known_secrets.of_group(self.group)
        if self.group.is_active:
            self.secrets |= known_secrets.of_access(self.seat.log.access, self.group)

    # --- reading -----------------------------------------------------------------------

    def catch_up(self, until: int = 0) -> Caught:
        """Read the log to its end, and at least up to a number; return what was not told yet."""
        heard = [self._told(each) for each in self.seat.catch_up(until)]
        group = self.group
        authenticator = group.epoch_authenticator if group.is_active else None
        return Caught(heard, group.epoch, authenticator, removed=not group.is_active)

    def _told(self, heard: listening.Heard) -> Heard:
        say = partial(Heard, heard.seq)
        match heard.event, heard.said:
            case MessageReceived(sender=sender), Text(text=text):
                return say(sender.identity.decode(), "message", text.decode())
            case MessageReceived(sender=sender), Attachment() as attachment:
                file = attachments.fetch(self._lines, attachment)
                name = attachment.name.decode()
                return say(sender.identity.decode(), "attachment", name, file)
            case EpochChanged(changed=changed), _:
                return say(changed.committer.identity.decode(), "commit")
            case ProposalReceived(), _:
                return say("", "proposal")
            case OwnMessage(), _:
                return say("", "own")
            case _:
                return say("", "other", heard.trouble)

    # --- writing -----------------------------------------------------------------------

    def say(self, text: str) -> int:
        """Send a message."""
        return self.seat.say(Text(text.encode()))

    def attach(self, name: str, data: bytes) -> int:
        """Send a file, and a message that names it."""
        attachment = attachments.attach(self.seat, data, name)
        self.secrets |= {f"key of {name}": attachment.key}
        return self.seat.say(attachment)

    def propose_update(self) -> int:
        """Propose fresh keys for our leaf."""
        return self.seat.propose(Group.propose_update)

    def change(self, *, invite: Sequence[str] = (), remove: str = "", die: bool = False) -> Changed:
        """Commit with a path, again until a commit of ours wins its epoch."""
        packages = self.person.claim(invite)
        removed = (remove.encode(),) if remove else ()
        seq = self.seat.commit(Plan(add=packages, remove=removed, die_before_pointers=die))
        return Changed(seq, self.group.epoch, self.seat.gid)

    def post_missing(self) -> int:
        """Post the pointers of the last commit, whoever made it."""
        self.seat.read()
        return self.seat.post_missing()

    def prepare(self) -> int:
        """Make a commit with a path, and keep it back."""
        self._made = self.seat.prepare(Plan())
        return self.group.epoch + 1

    def submit(self) -> tuple[bool, int]:
        """Send the commit that was kept back.

        Returns:
            Whether it won its epoch, and the number of the commit that did.
        """
        made, self._made = self._made, None
        if made is None:
            msg = "no commit was prepared"
            raise StateError(msg)
        answer = self.seat.submit(made)
        if isinstance(answer, EpochClosed):
            return False, answer.commit.seq
        return True, answer.position.seq

    # --- looking -----------------------------------------------------------------------

    def members(self) -> list[str]:
        """The names of all members, by leaf."""
        return self.seat.members

    def draw(self) -> Drawing:
        """Describe the ratchet tree."""
        return Drawing(self.group.epoch, self._node(self.group.tree.height, 0))

    def _node(self, height: int, position: int) -> DrawnNode:
        """Describe the subtree at a place."""
        node = self.group.tree.node_at(node_index(height, position))
        key = "" if node is None else node.encryption_key.hex()[:8]
        if height == 0:
            return DrawnNode(self._name_at(position) if key else "", key)
        unmerged = node.unmerged_leaves if isinstance(node, ParentNode) else ()
        children = [self._node(height - 1, 2 * position + side) for side in (0, 1)]
        return DrawnNode("", key, [self._name_at(each) for each in unmerged], children)

    def _name_at(self, index: int) -> str:
        member = self.group.member_at(index)
        assert member is not None
        return member.identity.decode()
