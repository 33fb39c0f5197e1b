"""RFC 9420 §6, §6.1: who may send what, whose key signs it, for which group and epoch.

May import the forge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.outside import (
    JOINER,
    STRANGER,
    as_listed,
    from_server,
    list_server,
    listing,
    server,
)
from covey.lab.adversary.forge.proposals import Welcoming, agree_on, external_senders
from covey.lab.adversary.forge.signed import PRIVATE
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.proof import refused
from covey.lab.adversary.taking_out import altered, altering, always, together, without
from covey.lab.adversary.victims import MemberVictim, Trial
from covey.lab.conformance.generate.scenes import NOW
from covey.lab.conformance.verify.passive import Trusting
from covey.mls.group.core import Ports
from covey.mls.group.epoch import past
from covey.mls.group.events import MessageReceived
from covey.mls.group.group import Group
from covey.mls.group.member import Member
from covey.mls.rules.messages import epoch_is_current
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import Add, Remove, SelfRemove, UnknownProposal, Update
from covey.mls.wire.code_points import SenderType

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.epoch import PublicState
    from covey.mls.group.state import State
    from covey.mls.structs.extensions import ExternalSender
    from covey.mls.structs.framing import FramedContent
    from covey.mls.structs.schedule import GroupContext

_NO_SIGNATURE = altering(("group.receiving:verify_signature", always(None)))


# --- whose key --------------------------------------------------------------------------


@breaks("VAL-089", instead=_NO_SIGNATURE)
def a_member_signs_with_a_key_that_is_not_in_its_leaf(stage: Stage) -> Trial:
    """A member signs with a new key that it has told nobody."""
    content = forge.proposal_content(stage.mallory, Remove(stage.dave.own_index))
    bad = forge.public_message(stage.mallory, content, signer=stage.member().signer)
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-089", instead=_NO_SIGNATURE)
def a_member_speaks_in_the_name_of_another(stage: Stage) -> Trial:
    """A member, who has the membership key as all have, says that it is Carol."""
    carol = Sender(SenderType.member, leaf_index=stage.carol.own_index)
    proposal = Remove(stage.dave.own_index)
    content = forge.proposal_content(stage.mallory, proposal, sender=carol)
    bad = forge.public_message(stage.mallory, content)
    return Trial(stage.victim(), bad, forge.public_message(stage.carol, content))


@breaks("VAL-089", instead=_NO_SIGNATURE)
def a_server_signs_with_a_key_that_is_not_listed(stage: Stage) -> Trial:
    """A server that the group does not list says that it is the one that it lists."""
    listed = list_server(stage)
    content = from_server(stage.mallory, Remove(stage.dave.own_index))
    bad = forge.public_message(stage.mallory, content, signer=server(stage.suite.code, 1).signer)
    good = forge.public_message(stage.mallory, content, signer=listed.signer)
    return Trial(stage.victim(), bad, good)


@breaks("VAL-089", instead=_NO_SIGNATURE)
def an_external_joiner_signs_with_another_key(stage: Stage) -> Trial:
    """An external commit is not signed with the key of the leaf in its path."""
    info, other = stage.alice.group_info(), stage.member().signer

    def change(sign: Callable[..., bytes]) -> Callable[..., bytes]:
        return lambda suite, _, tbs: sign(suite, other, tbs)

    with altered("framing.authenticate:sign", change):
        bad = Group.join_externally(stage.member(), info, ports=stage.ports())
    good = Group.join_externally(stage.member(), info, ports=stage.ports())
    return Trial(stage.victim(), bad.commit, good.commit)


@breaks("VAL-089", instead=_NO_SIGNATURE, portable=False)
def a_stranger_signs_with_another_key(stage: Stage) -> Trial:
    """Somebody asks to add the KeyPackage of somebody else in that one's name."""
    agree_on(stage, Welcoming)
    client, package = stage.newcomer()
    proposal = Add(package.package)
    content = forge.proposal_content(stage.mallory, proposal, sender=STRANGER)
    bad = forge.public_message(stage.mallory, content, signer=stage.member().signer)
    good = forge.public_message(stage.mallory, content, signer=client.signer)
    return Trial(stage.victim(), bad, good)


# --- external senders -------------------------------------------------------------------


@breaks("VAL-092", instead=without("VAL-092", "VAL-116"))
def a_server_proposes_an_update(stage: Stage) -> Trial:
    """A listed server sends an Update, though it has no leaf.

    No Update of a server is right: what is good is a Remove of the same one.
    """
    signer = list_server(stage).signer
    proposal = stage.mallory.tree.leaf(stage.mallory.own_index)
    assert proposal is not None
    update = from_server(stage.mallory, Update(proposal))
    remove = from_server(stage.mallory, Remove(stage.dave.own_index))
    bad = forge.public_message(stage.mallory, update, signer=signer)
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, remove, signer=signer))


_CUSTOM = 0xF0AA
"""A proposal type for private use."""


@breaks("VAL-092")
def a_server_proposes_what_only_members_may(stage: Stage) -> Trial:
    """A listed server sends a proposal of a type that members know, and it may not send."""
    policy = Trusting(threads=1, proposal_types=frozenset({_CUSTOM}))
    ports, listed = Ports(policy, entropy=stage.entropy, now=lambda: NOW), server(stage.suite.code)
    clients = [
        Member.basic(name, stage.suite.code, policy=policy, entropy=stage.entropy)
        for name in (b"mallory", b"victor")
    ]
    package = clients[1].key_package(now=NOW)
    founded = Group.found(clients[0], [package.message], ports=ports, extensions=[listing(listed)])
    victor = Group.join(clients[1], package, founded.welcome, ports=ports)
    content = from_server(founded.group, UnknownProposal(_CUSTOM, b"\x00"))
    bad = forge.public_message(founded.group, content, signer=listed.signer)
    good = forge.proposed(founded.group, UnknownProposal(_CUSTOM, b"\x00"))
    return Trial(MemberVictim(victor), bad, good)


def _one_more(original: Callable[..., Any]) -> Callable[..., Any]:
    """The list is taken to be longer than it is."""

    def external_senders(context: GroupContext) -> tuple[ExternalSender, ...]:
        listed: tuple[ExternalSender, ...] = original(context)
        return *listed, as_listed(server(context.cipher_suite, len(listed)))

    return external_senders


_LONGER_LIST = altering(("rules.messages:external_senders", _one_more))


@breaks("VAL-093", instead=_LONGER_LIST)
def a_server_beyond_the_list(stage: Stage) -> Trial:
    """An external sender says index 1, and the group lists one."""
    listed, index = list_server(stage), stage.dave.own_index
    other = server(stage.suite.code, 1).signer
    beyond, content = (from_server(stage.mallory, Remove(index), at) for at in (1, 0))
    bad = forge.public_message(stage.mallory, beyond, signer=other)
    return Trial(
        stage.victim(), bad, forge.public_message(stage.mallory, content, signer=listed.signer)
    )


@breaks("VAL-093", instead=_LONGER_LIST)
def a_server_that_is_listed_no_more(stage: Stage) -> Trial:
    """The group has listed two servers, and lists the first one only; the second goes on."""
    first, second = servers = [server(stage.suite.code, each) for each in (0, 1)]
    stage.commit(stage.alice, extensions=[external_senders(*servers)])
    stage.commit(stage.carol, extensions=[external_senders(first)])
    bad, good = (
        forge.public_message(stage.mallory, _remove_dave(stage, index), signer=each.signer)
        for index, each in ((1, second), (0, first))
    )
    return Trial(stage.victim(), bad, good)


def _remove_dave(stage: Stage, index: int) -> FramedContent:
    return from_server(stage.mallory, Remove(stage.dave.own_index), index)


# --- new members ------------------------------------------------------------------------


def _key_of_what_is_added(original: Callable[..., Any]) -> Callable[..., Any]:
    def signature_key(content: FramedContent, state: PublicState) -> bytes | None:
        if isinstance(content.proposal, Add):
            return content.proposal.key_package.leaf_node.signature_key
        key: bytes | None = original(content, state)
        return key

    return signature_key


@breaks(
    "VAL-094",
    instead=together(
        without("VAL-094"), altering(("group.receiving:_signature_key", _key_of_what_is_added))
    ),
)
def an_external_joiner_proposes(stage: Stage) -> Trial:
    """A sender that should commit sends a proposal: the Add of itself.

    Such a sender has no proposal that is right: what is good is the same Add, by a member.
    """
    client, package = stage.newcomer()
    proposal = Add(package.package)
    content = forge.proposal_content(stage.mallory, proposal, sender=JOINER)
    bad = forge.public_message(stage.mallory, content, signer=client.signer)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, proposal))


@breaks("VAL-095", instead=together(without("VAL-095"), _NO_SIGNATURE))
def a_stranger_proposes_a_remove(stage: Stage) -> Trial:
    """A stranger, who may propose to be added, proposes to remove a member.

    No Remove of a stranger is right: what is good is the same Remove, by a member.
    """
    agree_on(stage, Welcoming)
    proposal = Remove(stage.dave.own_index)
    content = forge.proposal_content(stage.mallory, proposal, sender=STRANGER)
    bad = forge.public_message(stage.mallory, content, signer=stage.member().signer)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, proposal))


# --- members ----------------------------------------------------------------------------

_NOBODY_IS_SOMEBODY = together(without("VAL-096"), _NO_SIGNATURE)


@breaks("VAL-096", instead=_NOBODY_IS_SOMEBODY)
def a_sender_outside_of_the_tree(stage: Stage) -> Trial:
    """A member says a leaf_index that the tree has not.

    Nobody is there who could say anything right: what is good is the same by who is somebody.
    """
    nobody = Sender(SenderType.member, leaf_index=4096)
    proposal = Remove(stage.dave.own_index)
    content = forge.proposal_content(stage.mallory, proposal, sender=nobody)
    bad = forge.public_message(stage.mallory, content)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, proposal))


@breaks("VAL-096", instead=_NOBODY_IS_SOMEBODY)
def a_sender_that_was_removed(stage: Stage) -> Trial:
    """The key of a member that was removed still signs, and a member adds the tag.

    Nobody is there who could say anything right: what is good is the same by who is somebody.
    """
    index, signer = stage.dave.own_index, forge.epoch_of(stage.dave).signer
    stage.commit(stage.alice, remove=[index])
    gone = Sender(SenderType.member, leaf_index=index)
    proposal = Remove(stage.carol.own_index)
    content = forge.proposal_content(stage.mallory, proposal, sender=gone)
    bad = forge.public_message(stage.mallory, content, signer=signer)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, proposal))


# --- for which group and epoch ----------------------------------------------------------


@breaks("VAL-101")
def a_proposal_of_another_group(stage: Stage) -> Trial:
    """A member says another group_id, and signs that."""
    proposal = Remove(stage.dave.own_index)
    content = forge.proposal_content(stage.mallory, proposal, group_id=b"another group")
    bad = forge.public_message(stage.mallory, content)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, proposal))


@breaks(
    "VAL-101",
    instead=together(
        without("VAL-101"), altering(("group.receiving:_require_group", always(None)))
    ),
)
def a_private_message_of_another_group(stage: Stage) -> Trial:
    """A member says another group_id, signs that, and encrypts with the keys of this group."""
    proposal = Remove(stage.dave.own_index)
    content = forge.proposal_content(stage.mallory, proposal, group_id=b"another group")
    bad = forge.private_message(stage.mallory, content)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, proposal, PRIVATE))


@breaks("VAL-102")
def a_proposal_of_the_next_epoch(stage: Stage) -> Trial:
    """A member says the epoch that has not begun yet, and signs that."""
    proposal, ahead = Remove(stage.dave.own_index), stage.mallory.epoch + 1
    content = forge.proposal_content(stage.mallory, proposal, epoch=ahead)
    bad = forge.public_message(stage.mallory, content)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, proposal))


@breaks("VAL-102")
def a_proposal_that_comes_late(stage: Stage) -> Trial:
    """An encrypted proposal of the last epoch, whose keys are still kept, comes late."""
    proposal = Remove(stage.dave.own_index)
    bad = forge.proposed(stage.mallory, proposal, PRIVATE)
    stage.commit(stage.alice)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, proposal, PRIVATE))


def _keep_all(original: Callable[..., State]) -> Callable[..., State]:
    def advanced(self: State, *given: Any) -> State:  # noqa: ANN401
        kept = (past(self.epoch, self.secret_tree), *self.past)
        return original(self, *given).replace(past=kept)

    return advanced


@shows("VAL-102", instead=altering(("group.state:State.advanced", _keep_all)))
def letters_of_past_epochs(stage: Stage) -> None:
    """Application messages of past epochs are read as long as their keys are kept."""
    victor, kept = stage.victor, stage.victor.ports.policy.past_epochs
    letters = []
    for _ in range(kept + 1):
        letters.append(stage.mallory.protect(b"letter"))
        stage.commit(stage.alice)
    error = refused(stage.victim(), letters.pop(0))
    rule = epoch_is_current
    ensure((error.rule, error.section) == (rule.id, rule.section), "keys that old are gone")
    for letter in letters:
        ensure(isinstance(victor.receive(letter), MessageReceived), "later ones are read")


# --- who leaves -------------------------------------------------------------------------


@breaks("SELF-REMOVE-1", portable=False)
def a_self_remove_in_private(stage: Stage) -> Trial:
    """A member asks to leave in a PrivateMessage, which no external joiner could commit.

    The wire format is what is wrong: what is good is the same in a PublicMessage.
    """
    bad = forge.proposed(stage.mallory, SelfRemove(), PRIVATE)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, SelfRemove()))


def _leaving(original: Callable[..., ProposalList]) -> Callable[..., ProposalList]:
    def items(*given: Any) -> ProposalList:  # noqa: ANN401
        made = original(*given)
        leaving = Sent(SelfRemove(), JOINER)
        return ProposalList((*made.items, leaving), None, made.context, made.tree)

    return items


@breaks("SELF-REMOVE-2", portable=False)
def a_self_remove_by_value(stage: Stage) -> Trial:
    """An external commit has a SelfRemove by value, which nobody has sent."""
    info = stage.alice.group_info()
    with without("SELF-REMOVE-2")(), altered("group.external:_items", _leaving):
        bad = Group.join_externally(stage.member(), info, ports=stage.ports())
    good = Group.join_externally(stage.member(), info, ports=stage.ports())
    return Trial(stage.victim(), bad.commit, good.commit)
