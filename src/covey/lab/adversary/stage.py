"""The group in which a case plays. May import the scenes of the vectors, and the forge.

Alice has founded it; Mallory, Carol and Dave are members, and so is Victor, who is usually
the victim: what he has seen since he joined is kept in the form of the official
passive-client vectors, so that other implementations can take his place.
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from covey.errors import StateError
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.victims import (
    JoinerVictim,
    MemberVictim,
    ObserverVictim,
    OutsiderVictim,
    SenderVictim,
)
from covey.lab.conformance.generate.scenes import Scene
from covey.mls.group.events import OwnMessage
from covey.mls.group.external import decode_group_info
from covey.mls.group.group import Group
from covey.mls.group.public_group import PublicGroup
from covey.mls.group.results import JoinedExternally
from covey.mls.wire.code_points import WireFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from covey.lab.adversary.victims import Trial
    from covey.lab.conformance.generate.seeded import Seeded
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.core import Ports
    from covey.mls.group.member import Member, PrivateKeyPackage
    from covey.mls.group.policy import Updating

PUBLIC: Final = WireFormat.mls_public_message
PRIVATE: Final = WireFormat.mls_private_message
_FOUNDERS: Final = 4
_NOTHING: Final[Mapping[int, Updating | None]] = MappingProxyType({})


class Stage(Scene):
    """A group of five, in which one of them misbehaves.

    Args:
        suite: The suite of the group.
        entropy: Where everything random comes from; the same gives the same stage.

    Attributes:
        victor: The group as the victim sees it; its leaf is 4.
    """

    victor: Group

    def __init__(self, suite: Suite, entropy: Seeded) -> None:
        super().__init__(suite, entropy, PUBLIC)
        self.waiting: list[bytes] = []
        self.begin()

    def begin(
        self, *proposal_types: int, components: Mapping[int, Updating | None] = _NOTHING
    ) -> None:
        """Set the stage anew, with members that support further proposals, or components."""
        self._supported: dict[str, Any] = {
            "proposal_types": frozenset(proposal_types),
            "components": components,
        }
        self.clear()
        self.waiting = []
        self.found(_FOUNDERS)
        self.welcome_watcher(path=True)
        assert self.watcher is not None
        self.victor = self.watcher
        self.epoch(self.carol)

    def member(self) -> Member:
        """A client that is in no group yet."""
        client = super().member()
        policy = dataclasses.replace(client.policy, **self._supported)
        return msgspec.structs.replace(client, policy=policy)

    def ports(self) -> Ports:
        """What a member's group works with."""
        ports = super().ports()
        ports.policy = dataclasses.replace(ports.policy, **self._supported)
        return ports

    # --- who is there ------------------------------------------------------------------

    @property
    def alice(self) -> Group:
        """The founder's view; leaf 0."""
        return self.groups[0]

    @property
    def mallory(self) -> Group:
        """The view of the member who misbehaves; leaf 1."""
        return self.groups[1]

    @property
    def carol(self) -> Group:
        """A member's view; leaf 2, and the last one who has committed."""
        return self.groups[2]

    @property
    def dave(self) -> Group:
        """A member's view; leaf 3."""
        return self.groups[3]

    @property
    def all(self) -> list[Group]:
        """All views."""
        return [*self.groups, self.victor]

    # --- what happens before -----------------------------------------------------------

    def send(self, message: bytes) -> None:
        """Let everybody receive a proposal, its sender too."""
        for group in self.all:
            group.receive(message)
        self.waiting.append(message)

    def commit(self, committer: Group, **options: Any) -> None:  # noqa: ANN401 - Group.commit's
        """Let a member commit, what has been sent included; everybody follows."""
        pending = committer.commit(**options)
        self._spread(committer, self.waiting, pending.message)
        self.waiting = []

    # --- who is attacked ---------------------------------------------------------------

    def victim(self) -> MemberVictim:
        """Victor, who receives messages."""
        return MemberVictim(self.victor)

    def sender(self, ask: Callable[[Group, Any], object]) -> SenderVictim:
        """Victor, whose application asks him for something."""
        return SenderVictim(self.victor, ask)

    def joiner(
        self, client: Member, package: PrivateKeyPackage, tree: bytes | None = None
    ) -> JoinerVictim:
        """A newcomer, who receives a Welcome."""
        return JoinerVictim(client, package, self.ports(), tree)

    def outsider(self) -> OutsiderVictim:
        """A stranger, who receives a GroupInfo."""
        return OutsiderVictim(self.member(), self.ports())

    def observer(self) -> ObserverVictim:
        """An observer of the group."""
        info, ports = self.alice.group_info(), self.ports()

        def again() -> PublicGroup:
            observed = PublicGroup(info, ports=ports)
            for message in self.waiting:
                observed.receive(message)
            return observed

        return ObserverVictim(again(), again)

    # --- what happens afterwards -------------------------------------------------------

    def _take_in(self, info: bytes, joined: JoinedExternally[Group]) -> None:
        """See that the members whose GroupInfo it was take in who has joined by it."""
        context = decode_group_info(info).group_context
        for each in self.all:
            if each.context == context:
                each.receive(joined.commit)
                same = each.epoch_authenticator == joined.group.epoch_authenticator
                ensure(same, "the members agree with who has joined")
        _works(joined.group)

    def goes_on(self, trial: Trial, event: object) -> bytes | None:
        """See that the group goes on after the victim has taken the good message.

        Args:
            trial: What was tried.
            event: What the victim made of the good message.

        Returns:
            The commit by which it went on; None when there is none, since the victim is not
            Victor, or his group has ended.

        Raises:
            Unkept: It does not.
        """
        victim = trial.victim
        if isinstance(victim, JoinerVictim) and isinstance(event, Group):
            _works(event)
        if isinstance(victim, OutsiderVictim) and isinstance(event, JoinedExternally):
            info = trial.good[0] if isinstance(trial.good, tuple) else trial.good
            self._take_in(info, event)
        if not isinstance(victim, MemberVictim) or victim.group is not self.victor:
            return None
        groups = [*(each for each in self.groups if _follows(each, trial.good)), self.victor]
        active = [each for each in groups if each.is_active and each.reinit is None]
        if self.victor not in active:
            return None
        committer = next(each for each in active if not _is_leaving(each))
        pending = committer.commit(path=True)
        for group in active:
            group.receive(pending.message)
        staying = [each for each in active if each.is_active or each.reinit is not None]
        agreed = {group.epoch_authenticator for group in staying}
        ensure(len(agreed) == 1, "the members agree after one more commit")
        return pending.message


def _works(group: Group) -> None:
    """See that a group that was just joined can be used."""
    ensure(group.protect(b"hello"), "whoever has joined can speak")
    before = group.epoch
    group.accept(group.commit(path=True))
    ensure(group.epoch == before + 1, "whoever has joined can commit")


def _is_leaving(group: Group) -> bool:
    own = group.own_index
    return any(each.sender.leaf_index == own for each in group.proposals)


def _follows(group: Group, message: bytes) -> bool:
    """Let another member have what the victim has taken.

    Who has forged it by hand has not kept what an honest sender keeps, and stays behind.
    """
    if group.pending is not None and group.pending.message != message:
        group.discard(group.pending)
    try:
        event = group.receive(message)
    except StateError:
        return False
    return not isinstance(event, OwnMessage) or bool(group.proposals)
