"""Proposals from outside of a group (RFC 9420 §12.1.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.interop.play import values
from covey.lab.interop.play.scenarios.commit import PRIVATE, REQUIRED
from covey.lab.interop.play.scenarios.registry import scenario
from covey.lab.interop.play.scenarios.reinit import follow
from covey.lab.interop.proto import mls_client_pb2 as pb
from covey.mls.structs.extensions import ExternalSender, ExternalSenders
from covey.mls.wire.code_points import ExtensionType

if TYPE_CHECKING:
    from covey.lab.interop.play.actor import Actor
    from covey.lab.interop.play.scene import Scene


@scenario
def new_member(scene: Scene) -> None:
    """Somebody new asks to be added."""
    alice, bob = scene.actor("alice"), scene.actor("bob")
    scene.create(alice, bob)
    for committer, name in ((bob, "carol"), (alice, "dave")):  # of another stack each
        joiner = scene.actor(name)
        proposal = joiner.propose_to_join(committer.group_info())
        scene.commit(committer, by_reference=[proposal], welcomed=[joiner])
    scene.talk()


class _Office:
    """A group with an external signer: its members, and the signer."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.alice, self.bob, self.carol = (scene.actor(name) for name in ("alice", "bob", "carol"))
        scene.create(self.alice, self.bob, self.carol)
        self.signer = scene.actor("signer")
        sender = self.signer.become_signer()
        senders = ExternalSenders((ExternalSender.decode(sender),)).encode()
        kind = ExtensionType.external_senders
        listed = pb.Extension(extension_type=kind, extension_data=senders)
        proposal = self.bob.propose_external_signer(sender)
        scene.commit(self.alice, by_reference=[proposal], extended=[listed])

    def propose(self, description: pb.ProposalDescription) -> bytes:
        """A proposal of the signer."""
        return self.signer.propose_as_signer(self.carol.group_info(external_tree=True), description)

    def commit(
        self,
        committer: Actor,
        description: pb.ProposalDescription,
        *,
        welcomed: tuple[Actor, ...] = (),
        removed: tuple[Actor, ...] = (),
        lost: tuple[Actor, ...] = (),
    ) -> None:
        """A proposal of the signer, committed."""
        proposal = self.propose(description)
        sets_extensions = description.proposal_type == b"groupContextExtensions"
        self.scene.commit(
            committer,
            by_reference=[proposal],
            welcomed=welcomed,
            removed=removed,
            lost=lost,
            extended=description.extensions if sets_extensions else None,
        )


@scenario
def signer_add(scene: Scene) -> None:
    """An external signer proposes to add somebody."""
    office = _Office(scene)
    for committer, name in ((office.bob, "dave"), (office.alice, "erin")):
        joiner = scene.actor(name)
        office.commit(committer, values.add(joiner.key_package()), welcomed=(joiner,))
    scene.talk()


@scenario
def signer_remove(scene: Scene) -> None:
    """An external signer proposes to remove somebody."""
    office = _Office(scene)
    office.commit(office.bob, values.remove(office.alice), removed=(office.alice,))
    scene.talk()


@scenario
def signer_external_psk(scene: Scene) -> None:
    """An external signer proposes an external PSK."""
    office = _Office(scene)
    for committer, without in (
        (office.alice, scene.actor("dave")),
        (office.bob, scene.actor("erin")),
    ):
        scene.commit(committer, joiners=[without])
        psk = scene.install_psk(office.alice, office.bob, office.carol)
        office.commit(committer, values.external_psk(psk), lost=(without,))
        scene.commit(committer, by_value=[values.remove(without)], removed=[without])
    scene.talk()


@scenario
def signer_resumption_psk(scene: Scene) -> None:
    """An external signer proposes the PSK of a past epoch."""
    office = _Office(scene)
    for committer, without in (
        (office.alice, scene.actor("dave")),
        (office.bob, scene.actor("erin")),
    ):
        scene.commit(committer, joiners=[without])
        office.commit(committer, values.resumption_psk(scene.epoch - 1), lost=(without,))
        scene.commit(committer, by_value=[values.remove(without)], removed=[without])
    scene.talk()


@scenario
def signer_extensions(scene: Scene) -> None:
    """An external signer proposes other extensions."""
    office = _Office(scene)
    office.commit(office.bob, values.extensions(REQUIRED, PRIVATE))
    scene.talk()


@scenario
def signer_reinit(scene: Scene) -> None:
    """An external signer proposes a ReInit."""
    office = _Office(scene)
    scene.group_id, scene.extensions = scene.random.randbytes(16), []
    proposal = office.propose(values.reinit(scene.suite, scene.group_id))
    follow(scene, office.bob, office.alice, proposal)
