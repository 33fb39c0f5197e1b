"""Who speaks from outside of a group: a server that the group lists, and strangers.

May import the forge. A server's keys follow from its number, so that what an altered engine
takes for granted can name it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.adversary.forge import signed as forge
from covey.lab.conformance.generate.seeded import Seeded
from covey.mls.framing import authenticate
from covey.mls.group.member import Member
from covey.mls.structs.extensions import Extension, ExternalSender, ExternalSenders
from covey.mls.structs.framing import Sender
from covey.mls.wire.code_points import ExtensionType, SenderType

if TYPE_CHECKING:
    from covey.lab.adversary.stage import Stage
    from covey.mls.group.group import Group
    from covey.mls.structs.framing import FramedContent
    from covey.mls.structs.proposals import Proposal

STRANGER = Sender(SenderType.new_member_proposal)
JOINER = Sender(SenderType.new_member_commit)


def server(suite: int, number: int = 0) -> Member:
    """A server; the same arguments give the same one."""
    return Member.basic(b"server", suite, entropy=Seeded(b"server", f"{suite} {number}"))


def as_listed(member: Member) -> ExternalSender:
    """What ``external_senders`` says of a server."""
    return ExternalSender(member.signature_key, member.credential)


def listing(member: Member) -> Extension:
    """The extension that lists one server."""
    data = ExternalSenders((as_listed(member),)).encode()
    return Extension(ExtensionType.external_senders, data)


def list_server(stage: Stage) -> Member:
    """Let the group list a server as its external sender 0."""
    listed = server(stage.suite.code)
    stage.commit(stage.alice, extensions=[listing(listed)])
    return listed


def from_server(group: Group, proposal: Proposal, index: int = 0) -> FramedContent:
    """The content by which an external sender proposes anything."""
    sender = Sender(SenderType.external, sender_index=index)
    return forge.proposal_content(group, proposal, sender=sender)


def signature(
    group: Group, signer: bytes, content: FramedContent, wire_format: int = forge.PUBLIC
) -> bytes:
    """The signature of anybody over a content."""
    state = forge.epoch_of(group).public
    tbs = authenticate.to_be_signed(wire_format, content, state.encoded)
    return authenticate.sign(state.suite, signer, tbs)
