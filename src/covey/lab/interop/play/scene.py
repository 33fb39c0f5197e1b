"""A group of actors: what is done to all of them, and what all of them must then agree on.

May import the actors. After every change of epoch all members are asked for their epoch
authenticator and for an exported secret (RFC 9420 §8.5, §8.7); a difference ends the scene.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from covey.errors import CoveyError
from covey.lab.interop.play.actor import Actor
from covey.lab.interop.proto import mls_client_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.lab.interop.calls import Client
    from covey.lab.interop.play.actor import Committed, Founded

_LABEL: Final = "covey interop"
_LENGTH: Final = 40  # bytes, more than the hash of some suites has


class DisagreementError(CoveyError):
    """Clients that must agree do not."""


class Psk:
    """An external PSK (§8.4)."""

    def __init__(self, random: Random) -> None:
        self.id: bytes = random.randbytes(32)
        self.secret: bytes = random.randbytes(32)


class Scene:
    """A group of actors.

    Args:
        cast: Who plays: the first role is the first client's, the second the second's, and so
            on in turn.
        suite: The cipher suite.
        encrypt: Whether members send their handshakes encrypted.
        seed: Of all that is chosen at random here.

    Attributes:
        members: Who is in the group.
        epoch: Its epoch.
        group_id: Its group_id.
        notes: What was left out because somebody does not offer it, and how often.
    """

    def __init__(self, cast: Sequence[Client], suite: int, *, encrypt: bool, seed: int = 0) -> None:
        self.cast: Sequence[Client] = cast
        self.suite: int = suite
        self.encrypt: bool = encrypt
        self.random: Random = Random(seed)  # noqa: S311 - it chooses what to test
        self.members: list[Actor] = []
        self.epoch: int = 0
        self._engaged: int = 0
        self._freed: list[Actor] = []
        self.group_id: bytes = b""
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
        self.members, self.epoch = [creator], 0
        if others:
            self.commit(creator, joiners=others)

    def commit(
        self,
        committer: Actor,
        *,
        by_reference: Sequence[bytes] = (),
        by_value: Sequence[pb.ProposalDescription] = (),
        joiners: Sequence[Actor] = (),
        welcomed: Sequence[Actor] = (),
        removed: Sequence[Actor] = (),
        force_path: bool = False,
        external_tree: bool = False,
    ) -> Committed:
        """A commit that everybody follows (§12.4).

        Args:
            committer: Who makes it.
            by_reference: Proposals that others, or the committer, have sent.
            by_value: Proposals in the commit itself.
            joiners: Who is added by value, by fresh KeyPackages.
            welcomed: Who is added by a proposal among those by reference.
            removed: Who is removed by it; they are not asked to follow.
            force_path: Whether keys must be renewed.
            external_tree: Whether the Welcome is without the tree.
        """
        values = [*by_value, *(add(each.key_package()) for each in joiners)]
        made = committer.commit(
            by_reference, values, force_path=force_path, external_tree=external_tree
        )
        self.deliver(committer, made, by_reference, removed)
        self.welcome(made, (*joiners, *welcomed), external_tree=external_tree)
        self.agree()
        return made

    def deliver(
        self,
        committer: Actor,
        made: Committed,
        by_reference: Sequence[bytes] = (),
        removed: Sequence[Actor] = (),
    ) -> None:
        """Have a commit applied by its maker and by all other members that stay."""
        self.members = [each for each in self.members if each not in removed]
        for each in self.members:
            if each is committer:
                each.accept()
            else:
                each.receive_commit(made.commit, by_reference)
        self.epoch += 1

    def welcome(
        self, made: Committed, joiners: Iterable[Actor], *, external_tree: bool = False
    ) -> None:
        """Have new members join."""
        for each in joiners:
            each.join(made.welcome, made.ratchet_tree if external_tree else b"")
            self.members.append(each)

    def external_join(
        self,
        helper: Actor,
        joiner: Actor,
        *,
        psks: Sequence[Psk] = (),
        prior: Actor | None = None,
        external_tree: bool = False,
    ) -> None:
        """Somebody joins by an external commit that everybody follows (§12.4.3.2)."""
        published = helper.group_info(external_tree=external_tree)
        keys = [(each.id, each.secret) for each in psks]
        commit, _ = joiner.external_join(published, keys, remove_prior=prior is not None)
        self.members = [each for each in self.members if each is not prior]
        for each in self.members:
            each.receive_commit(commit)
        self.members.append(joiner)
        self.epoch += 1
        self.agree()

    def install_psk(self, *holders: Actor) -> Psk:
        """An external PSK that these hold; all members by default."""
        psk = Psk(self.random)
        for each in holders or self.members:
            each.store_psk(psk.id, psk.secret)
        return psk

    # --- what must hold --------------------------------------------------------------------

    def agree(self) -> None:
        """All members have the same epoch authenticator and exporter.

        Raises:
            DisagreementError: They have not.
        """
        context = self.random.randbytes(8)
        self._same("epoch_authenticator", [each.epoch_authenticator() for each in self.members])
        exported = [each.export(_LABEL, context, _LENGTH) for each in self.members]
        self._same("exported secret", exported)

    def _same(self, what: str, values: Sequence[bytes]) -> None:
        if len(set(values)) == 1 and values[0]:
            return
        said = ", ".join(
            f"{each}: {value.hex()[:16] or 'nothing'}…"
            for each, value in zip(self.members, values, strict=True)
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

    def succeed(self, founder: Actor, founded: Founded, authenticators: Sequence[bytes]) -> None:
        """Check a successor that has been made and joined, whose first epoch is 1 (§11.2, §11.3).

        Raises:
            DisagreementError: Its members differ.
        """
        if set(authenticators) - {founded.epoch_authenticator}:
            msg = f"those who joined differ from {founder} about the new group"
            raise DisagreementError(msg)
        self.epoch = 1
        self.agree()
        self.talk()


def add(key_package: bytes) -> pb.ProposalDescription:
    """An Add by value (§12.1.1)."""
    return pb.ProposalDescription(proposal_type=b"add", key_package=key_package)


def remove(removed: Actor) -> pb.ProposalDescription:
    """A Remove by value (§12.1.3)."""
    return pb.ProposalDescription(proposal_type=b"remove", removed_id=removed.identity)


def external_psk(psk: Psk) -> pb.ProposalDescription:
    """An external PSK by value (§12.1.4)."""
    return pb.ProposalDescription(proposal_type=b"externalPSK", psk_id=psk.id)


def resumption_psk(epoch: int) -> pb.ProposalDescription:
    """The resumption PSK of an epoch by value (§12.1.4)."""
    return pb.ProposalDescription(proposal_type=b"resumptionPSK", epoch_id=epoch)


def extensions(*given: pb.Extension) -> pb.ProposalDescription:
    """GroupContextExtensions by value (§12.1.7)."""
    return pb.ProposalDescription(proposal_type=b"groupContextExtensions", extensions=given)


def reinit(
    suite: int, group_id: bytes, given: Iterable[pb.Extension] = ()
) -> pb.ProposalDescription:
    """A ReInit, which only an external signer can describe (§12.1.5)."""
    return pb.ProposalDescription(
        proposal_type=b"reinit", cipher_suite=suite, group_id=group_id, extensions=given
    )
