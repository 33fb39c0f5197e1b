"""A group of actors: what is done to all of them, and what must be so then.

May import the actors and the witness. After every change of epoch all members are asked for their
epoch authenticator and for an exported secret (RFC 9420 §8.5, §8.7), and one of them for a
GroupInfo, which shows whether what was asked for has been done. Who is removed must be shut out.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING, Final

from covey.lab.interop.calls import CallError
from covey.lab.interop.play import witness
from covey.lab.interop.play.actor import Actor
from covey.lab.interop.play.values import EXTENSIONS, Psk, add
from covey.lab.interop.play.witness import DisagreementError
from covey.lab.interop.proto import mls_client_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from covey.lab.interop.calls import Client
    from covey.lab.interop.play.answers import Committed, Founded
    from covey.lab.interop.play.witness import Seen

_LABEL: Final = "covey interop"
_LENGTH: Final = 40  # bytes, more than the hash of some suites has


class Scene:
    """A group of actors.

    Args:
        cast: Who plays: the first role is the first client's, the second the second's, and so
            on in turn.
        suite: The cipher suite.
        encrypt: Whether members send their handshakes encrypted.
        seed: Of all that is chosen at random here.

    Attributes:
        members: Who is in the group, and follows it.
        lost: Who is in its tree, and was not able to follow.
        epoch: Its epoch.
        group_id: Its group_id.
        extensions: Its GroupContext extensions.
        seen: The group as the witness saw it last.
        notes: What was left out because somebody does not offer it, and how often.
    """

    def __init__(self, cast: Sequence[Client], suite: int, *, encrypt: bool, seed: int = 0) -> None:
        self.cast: Sequence[Client] = cast
        self.suite: int = suite
        self.encrypt: bool = encrypt
        self.random: Random = Random(seed)  # noqa: S311 - it chooses what to test
        self.members: list[Actor] = []
        self.lost: list[Actor] = []
        self.epoch: int = 0
        self._engaged: int = 0
        self._freed: list[Actor] = []
        self.group_id: bytes = b""
        self.extensions: list[tuple[int, bytes]] = []
        self.seen: Seen | None = None
        self.notes: dict[str, int] = {}

    def actor(self, name: str) -> Actor:
        """Somebody new, played by the next client."""
        client = self.cast[self._engaged % len(self.cast)]
        self._engaged += 1
        return self.engage(name, client)

    def engage(self, name: str, client: Client) -> Actor:
        """Somebody new, played by a certain client."""
        made = Actor(name, client, self.suite, encrypt=self.encrypt)
        self._freed.append(made)
        return made

    @staticmethod
    def suites_of(client: Client) -> set[int]:
        """The cipher suites that a client has."""
        answer = client.answer("SupportedCiphersuites", pb.SupportedCiphersuitesRequest())
        assert isinstance(answer, pb.SupportedCiphersuitesResponse)
        return set(answer.ciphersuites)

    def close(self) -> None:
        """Have the clients forget everybody."""
        for each in self._freed:
            each.free()
        self._freed.clear()

    def note(self, what: str) -> None:
        """Count something that the table should tell, such as what was left out."""
        self.notes[what] = self.notes.get(what, 0) + 1

    # --- changing the group ----------------------------------------------------------------

    def create(self, creator: Actor, *others: Actor) -> None:
        """A group of these, the others added by one commit of the creator (§11)."""
        self.group_id = self.random.randbytes(16)
        creator.create_group(self.group_id)
        self.members, self.lost, self.epoch, self.extensions = [creator], [], 0, []
        self.agree()
        if others:
            self.commit(creator, joiners=others)

    def commit(  # noqa: PLR0913 - a commit, and all that is expected of it
        self,
        committer: Actor,
        *,
        by_reference: Sequence[bytes] = (),
        by_value: Sequence[pb.ProposalDescription] = (),
        joiners: Sequence[Actor] = (),
        welcomed: Sequence[Actor] = (),
        removed: Sequence[Actor] = (),
        lost: Sequence[Actor] = (),
        renewed: Sequence[Actor] = (),
        extended: Sequence[pb.Extension] | None = None,
        force_path: bool = False,
        external_tree: bool = False,
    ) -> None:
        """A commit that everybody follows (§12.4).

        Args:
            committer: Who makes it.
            by_reference: Proposals that others, or the committer, have sent.
            by_value: Proposals in the commit itself.
            joiners: Who is added by value, by fresh KeyPackages.
            welcomed: Who is added by a proposal among those by reference.
            removed: Who is removed by it; they must be shut out.
            lost: Who must not be able to follow it, or to join by it.
            renewed: Whose keys are updated by proposals among those by reference.
            extended: The extensions that a proposal among those by reference sets.
            force_path: Whether keys must be renewed.
            external_tree: Whether the Welcome is without the tree.
        """
        before = self.seen
        values = [*by_value, *(add(each.key_package()) for each in joiners)]
        made = committer.commit(
            by_reference, values, force_path=force_path, external_tree=external_tree
        )
        self._extend(by_value, extended)
        self._part_from(made, by_reference, removed, lost)
        self.deliver(committer, made, by_reference)
        self.welcome(made, (*joiners, *welcomed), lost, external_tree=external_tree)
        self.agree()
        if force_path or not (by_reference or values):
            renewed = (*renewed, committer)
            witness.require_path(self.look(), committer.identity)
        if before is not None:
            for each in renewed:
                witness.require_new_key(before, self.look(), each.identity)
        for each in removed:
            self.shut_out(each)

    def _extend(
        self,
        by_value: Iterable[pb.ProposalDescription],
        by_reference: Sequence[pb.Extension] | None,
    ) -> None:
        """Remember the extensions that a commit sets."""
        listed = [each.extensions for each in by_value if each.proposal_type == EXTENSIONS]
        for each in (*listed, *([] if by_reference is None else [by_reference])):
            self.extensions = [(one.extension_type, one.extension_data) for one in each]

    def _part_from(
        self,
        made: Committed,
        by_reference: Sequence[bytes],
        removed: Sequence[Actor],
        lost: Sequence[Actor],
    ) -> None:
        """Let those hear of a commit who are out by it, and those who cannot follow it.

        Raises:
            DisagreementError: One of the latter can.
        """
        for each in self.members:
            if each in removed:
                with suppress(CallError):
                    each.receive_commit(made.commit, by_reference)
            elif each in lost:
                self._must_fail(each, "follow", each.receive_commit, made.commit, by_reference)
                self.lost.append(each)
        gone = (*removed, *lost)
        self.members = [each for each in self.members if each not in gone]
        self.lost = [each for each in self.lost if each not in removed]

    @staticmethod
    def _must_fail(who: Actor, what: str, do: Callable[..., object], *given: object) -> None:
        try:
            do(*given)
        except CallError as error:
            if error.code != "UNIMPLEMENTED":
                return
            raise
        msg = f"{who} can {what}, and must not"
        raise DisagreementError(msg)

    def shut_out(self, removed: Actor) -> None:
        """Somebody who has been removed can read nothing any more.

        Raises:
            DisagreementError: It can.
        """
        if len(self.members) > 1:
            message = self.members[0].protect(b"without you")
            self._must_fail(removed, "read on after its removal", removed.unprotect, message)

    def deliver(
        self, committer: Actor, made: Committed, by_reference: Sequence[bytes] = ()
    ) -> None:
        """Have a commit applied by its maker and by all other members."""
        for each in self.members:
            if each is committer:
                each.accept()
            else:
                each.receive_commit(made.commit, by_reference)
        self.epoch += 1

    def welcome(
        self,
        made: Committed,
        joiners: Iterable[Actor],
        lost: Sequence[Actor] = (),
        *,
        external_tree: bool = False,
    ) -> None:
        """Have new members join, those excepted that must not be able to.

        Raises:
            DisagreementError: One of the latter can, or the tree is not where it was asked for.
        """
        if external_tree and not made.ratchet_tree:
            msg = "the tree was asked for beside the Welcome, and is not there"
            raise DisagreementError(msg)
        for each in joiners:
            if each in lost:
                self._must_fail(each, "join", each.join, made.welcome)
                self.lost.append(each)
            else:
                each.join(made.welcome, made.ratchet_tree if external_tree else b"")
                self.members.append(each)

    def external_join(
        self,
        helper: Actor,
        joiner: Actor,
        *,
        psks: Sequence[Psk] = (),
        prior: Actor | None = None,
        lost: Sequence[Actor] = (),
        external_tree: bool = False,
    ) -> None:
        """Somebody joins by an external commit that everybody follows (§12.4.3.2).

        Args:
            helper: Whose GroupInfo it joins by.
            joiner: Who joins.
            psks: PSKs that it mixes in.
            prior: Its older appearance, which it replaces.
            lost: Who must not be able to follow.
            external_tree: Whether the GroupInfo is without the tree.
        """
        before = self.seen
        published = helper.group_info(external_tree=external_tree)
        if witness.seen(published).carries_tree is external_tree:
            msg = f"the tree is not where it was asked for in the GroupInfo of {helper}"
            raise DisagreementError(msg)
        keys = [(each.id, each.secret) for each in psks]
        commit, _ = joiner.external_join(published, keys, remove_prior=prior is not None)
        self.members = [each for each in self.members if each is not prior]
        for each in self.members:
            if each in lost:
                self._must_fail(each, "follow", each.receive_commit, commit)
                self.lost.append(each)
            else:
                each.receive_commit(commit)
        self.members = [*(each for each in self.members if each not in lost), joiner]
        self.epoch += 1
        self.agree()
        if prior is not None and before is not None:
            witness.require_new_key(before, self.look(), joiner.identity)

    def install_psk(self, *holders: Actor) -> Psk:
        """An external PSK that these hold; all members by default."""
        psk = Psk(self.random)
        for each in holders or self.members:
            each.store_psk(psk.id, psk.secret)
        return psk

    # --- what must hold --------------------------------------------------------------------

    def agree(self) -> None:
        """All members have the same secrets, and the group is as it should be.

        Raises:
            DisagreementError: They have not, or it is not.
        """
        context = self.random.randbytes(8)
        authenticators = [each.epoch_authenticator() for each in self.members]
        self._same("epoch_authenticator", authenticators)
        if self.epoch:
            claimed = [each.claimed for each in self.members]
            self._same("epoch_authenticator, answered and asked for", [*authenticators, *claimed])
        exported = [each.export(_LABEL, context, _LENGTH) for each in self.members]
        self._same("exported secret", exported)
        self.seen = None
        if not self.epoch and self._is_peer(self.members[0]):
            return  # alone; what it has made shows when the first other has joined
        witness.require_group(self.look(), self.group_id, self.suite, self.epoch, self.extensions)
        names = [each.identity for each in (*self.members, *self.lost)]
        witness.require_members(self.look(), names)

    def look(self) -> Seen:
        """The group as one of its members shows it.

        Raises:
            CallError: None of them can.
        """
        if self.seen is None:
            turn = self.epoch % len(self.members)
            willing = sorted(self.members[turn:] + self.members[:turn], key=self._is_peer)
            self.seen = witness.seen(willing[0].group_info())
        return self.seen

    def _is_peer(self, actor: Actor) -> bool:
        """Whether an actor is not covey's own: its GroupInfo may be wrong for other reasons."""
        return not actor.client.name.startswith("covey")

    def _same(self, what: str, values: Sequence[bytes]) -> None:
        if len(set(values)) == 1 and values[0]:
            return
        said = ", ".join(
            f"{each}: {value.hex()[:16] or 'nothing'}…"
            for each, value in zip(cycle(self.members), values, strict=False)
        )
        msg = f"not the same {what} in epoch {self.epoch}: {said}"
        raise DisagreementError(msg)

    def say(self, sender: Actor, readers: Iterable[Actor] = ()) -> None:
        """One message, which all others read, or these."""
        plaintext = self.random.randbytes(self.random.randrange(1, 200))
        beside = self.random.randbytes(self.random.randrange(20))
        message = sender.protect(plaintext, beside)
        for each in list(readers) or self.members:
            if each is not sender:
                self.read(each, message, plaintext, beside)

    def read(
        self, reader: Actor, message: bytes, plaintext: bytes, authenticated_data: bytes
    ) -> None:
        """Somebody reads a message.

        Raises:
            DisagreementError: It says something else than was sent.
        """
        if reader.unprotect(message) != (plaintext, authenticated_data):
            msg = f"{reader} reads something else than was sent"
            raise DisagreementError(msg)

    def talk(self) -> None:
        """Everybody says something, which all others read."""
        for each in self.members:
            self.say(each)

    # --- continuing ------------------------------------------------------------------------

    def succeed(self, founder: Actor, founded: Founded, *, force_path: bool = False) -> None:
        """Have the other members check a successor, whose first epoch is 1 (§11.2, §11.3).

        The scene's group_id, suite and extensions are those of the new group by now.

        Args:
            founder: Who made it.
            founded: What was made.
            force_path: Whether the founder had to bring a path.

        Raises:
            DisagreementError: It is not what it should be.
        """
        self._same("epoch_authenticator", [founded.epoch_authenticator, founder.claimed])
        self.epoch, self.lost = 1, []
        self.agree()
        if force_path:
            witness.require_path(self.look(), founder.identity)
        self.talk()
