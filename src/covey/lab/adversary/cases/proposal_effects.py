"""RFC 9420 §12.2 to §12.4: what a list of proposals leads to. May import the forge.

The tree after it, the application's opinion of it, the order in which it is applied, and the
references in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from covey.errors import CoveyError, PolicyError
from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.proposals import (
    UNKNOWN,
    by_value,
    psk_of,
    required,
    sent,
    unable,
    update_of,
)
from covey.lab.adversary.forge.signed import committed
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, always, without
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import PSK_ID
from covey.lab.conformance.verify.passive import Trusting
from covey.mls.structs.commit import ProposalOrRef
from covey.mls.structs.extensions import Extension
from covey.mls.structs.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    Remove,
    UnknownProposal,
    Update,
)
from covey.mls.wire.code_points import ExtensionType, ProposalOrRefType, ProposalType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.epoch import PublicState
    from covey.mls.group.events import Changed
    from covey.mls.group.group import Group
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.structs.commit import Commit
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.tree import LeafNode
    from covey.mls.tree.ratchet_tree import Edited, RatchetTree

# --- VAL-144: the tree afterwards -------------------------------------------------------

_ANY_TREE: Final = altering(("group.staging:check_result", always(None)))


def _add_with(stage: Stage, **leaf: Any) -> Trial:  # noqa: ANN401 - any field of a leaf
    """Mallory adds a client whose leaf has some changes, and instead the client as it was."""
    _, package = stage.newcomer()
    bad = forge.repackaged(package, leaf=leaf)
    return by_value(stage, [Add(bad.package)], [Add(package.package)], under=_ANY_TREE)


@breaks("VAL-144", instead=_ANY_TREE, named="VAL-049")
def an_add_with_the_encryption_key_of_a_member(stage: Stage) -> Trial:
    """Mallory adds a client with the encryption key of Dave's leaf."""
    return _add_with(stage, encryption_key=_leaf(stage.dave).encryption_key)


@breaks("VAL-144", instead=_ANY_TREE, named="VAL-047")
def an_add_without_support_of_the_suite(stage: Stage) -> Trial:
    """Mallory adds a client that does not list the suite of the group."""
    capabilities = _leaf(stage.dave).capabilities
    others = tuple(code for code in capabilities.cipher_suites if code != stage.suite.code)
    return _add_with(stage, capabilities=capabilities.replace(cipher_suites=others))


@breaks("VAL-144", instead=_ANY_TREE, named="VAL-043")
def an_add_without_a_required_capability(stage: Stage) -> Trial:
    """Mallory adds a client that does not support what the group requires."""
    stage.commit(stage.alice, proposals=[required((), (ProposalType.self_remove,))])
    return _add_with(stage, capabilities=_leaf(stage.dave).capabilities.replace(proposals=()))


@breaks("VAL-144", instead=_ANY_TREE, named="VAL-048")
def an_update_with_the_signature_key_of_a_member(stage: Stage) -> Trial:
    """Mallory commits Carol's Update to the signature key of Dave."""
    carol, dave = stage.carol, stage.dave
    leaf = update_of(carol).leaf_node.replace(signature_key=_leaf(dave).signature_key)
    signer = forge.epoch_of(dave).signer
    signed = forge.signed_leaf(stage.suite, signer, leaf, carol.group_id, carol.own_index)
    reference = sent(stage, forge.proposed(carol, Update(signed)))
    bad = committed(stage.mallory, under=_ANY_TREE, references=[reference])
    return Trial(stage.victim(), bad.message, stage.mallory.commit(references=[]).message)


def _leaf(group: Group) -> LeafNode:
    leaf = group.tree.leaf(group.own_index)
    assert leaf is not None
    return leaf


# --- VAL-145: the application -----------------------------------------------------------

_UNASKED: Final = altering(("group.staging:ask_policy", always(None)))


class Keeping(Trusting):
    """Lets nobody be removed."""

    def accept_commit(self, changed: Changed, state: PublicState) -> None:
        """Refuse it if it removes somebody."""
        del state
        if changed.removed:
            msg = "nobody is removed here"
            raise PolicyError(msg)


@breaks("VAL-145", instead=_UNASKED, portable=False)
def a_commit_that_the_application_does_not_want(stage: Stage) -> Trial:
    """Mallory removes Dave, which Victor's application does not allow."""
    stage.victor.ports.policy = Keeping(threads=1)
    return by_value(stage, [Remove(stage.dave.own_index)])


@breaks("VAL-145", instead=_UNASKED)
def our_own_commit_that_the_application_does_not_want(stage: Stage) -> Trial:
    """Victor is asked to remove Dave, which his policy does not allow."""
    stage.victor.ports.policy = Keeping(threads=1)
    ask = stage.sender(lambda group, leaves: group.commit(remove=leaves))
    return Trial(ask, [stage.dave.own_index], [])


# --- VAL-146: the order of application --------------------------------------------------


def _adds_first(original: Callable[..., Edited]) -> Callable[..., Edited]:
    def edited(
        tree: RatchetTree,
        updated: Mapping[int, LeafNode] | None = None,
        removed: Sequence[int] = (),
        added: Sequence[LeafNode] = (),
    ) -> Edited:
        grown = original(tree, None, (), added)
        return original(grown.tree, updated, removed)._replace(added=grown.added)

    return edited


def _last_add_first(original: Callable[..., Edited]) -> Callable[..., Edited]:
    def edited(
        tree: RatchetTree,
        updated: Mapping[int, LeafNode] | None = None,
        removed: Sequence[int] = (),
        added: Sequence[LeafNode] = (),
    ) -> Edited:
        return original(tree, updated, removed, tuple(reversed(added)))

    return edited


_ADDS_FIRST: Final = altering(("tree.ratchet_tree:RatchetTree.edited", _adds_first))
_LAST_ADD_FIRST: Final = altering(("tree.ratchet_tree:RatchetTree.edited", _last_add_first))


@breaks("VAL-146", instead=_ADDS_FIRST, named="VAL-081")
def an_add_before_a_remove(stage: Stage) -> Trial:
    """Mallory puts a new member beside Dave, and then removes Dave."""
    _, package = stage.newcomer()
    items: list[Proposal] = [Remove(stage.dave.own_index), Add(package.package)]
    return by_value(stage, items, items, under=_ADDS_FIRST)


@breaks("VAL-146", instead=_LAST_ADD_FIRST, named="VAL-157")
def adds_in_another_order(stage: Stage) -> Trial:
    """Mallory puts the last one of two new members into the first free place."""
    items = [Add(stage.newcomer()[1].package) for _ in range(2)]
    return by_value(stage, items, items, under=_LAST_ADD_FIRST)


def _last_psk_first(original: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda suite, ids, *sources: original(suite, ids[::-1], *sources)


_LAST_PSK_FIRST: Final = altering(("group.psks:combine", _last_psk_first))


@breaks("VAL-146", instead=_LAST_PSK_FIRST, named="VAL-157")
def psks_in_another_order(stage: Stage) -> Trial:
    """Mallory mixes in the last one of two PSKs first."""
    items = [PreSharedKey(psk_of(stage)), PreSharedKey(stage.mallory.psk_id(PSK_ID))]
    return by_value(stage, items, items, under=_LAST_PSK_FIRST)


# --- VAL-147: the new extensions count --------------------------------------------------


def _old_extensions(original: Callable[..., None]) -> Callable[..., None]:
    def check(before: PublicState, tree: RatchetTree, _: object, check: object) -> None:
        original(before, tree, before.context.extensions, check)

    return check


_BY_THE_OLD: Final = altering(("group.staging:check_result", _old_extensions))
_SUPPORTED: Final = ExtensionType.app_data_dictionary
_SELF_REMOVE: Final = required((), (ProposalType.self_remove,))


@breaks("VAL-147", instead=_BY_THE_OLD, named="VAL-046")
def an_add_that_does_not_fit_the_new_extensions(stage: Stage) -> Trial:
    """Mallory adds a client, and with it an extension that the client does not support."""
    _, package = stage.newcomer()
    extended = GroupContextExtensions((Extension(_SUPPORTED, b"\x00"),))
    bad: list[Proposal] = [Add(unable(package).package), extended]
    return by_value(stage, bad, [Add(package.package), *bad[1:]], under=_BY_THE_OLD)


@breaks("VAL-147", instead=_BY_THE_OLD, named="VAL-043")
def an_add_without_a_newly_required_capability(stage: Stage) -> Trial:
    """Mallory adds a client, and with it requires what the client does not support."""
    _, package = stage.newcomer()
    bad: list[Proposal] = [Add(unable(package).package), _SELF_REMOVE]
    return by_value(stage, bad, [Add(package.package), _SELF_REMOVE], under=_BY_THE_OLD)


@shows("VAL-147", instead=_BY_THE_OLD, named="VAL-043")
def an_add_that_fits_the_new_extensions_only(stage: Stage) -> None:
    """Mallory adds a client that lacks what the group required until this commit."""
    stage.commit(stage.alice, proposals=[_SELF_REMOVE])
    add = Add(unable(stage.newcomer()[1]).package)
    stage.victor.receive(stage.mallory.commit(proposals=[add, required()]).message)
    ensure(len(stage.victor.members) == len(stage.all) + 1, "it is a member")


# --- VAL-148, VAL-149: references -------------------------------------------------------


def _known_only(original: Callable[..., tuple[Sent, ...]]) -> Callable[..., tuple[Sent, ...]]:
    def resolve(
        commit: Commit, authenticated: object, known: Mapping[bytes, Sent]
    ) -> tuple[Sent, ...]:
        found = (each for each in commit.proposals if each.reference in (None, *known))
        return original(commit.replace(proposals=tuple(found)), authenticated, known)

    return resolve


_KNOWN_ONLY: Final = altering(("group.process_commit:resolve", _known_only))


def _refers_to(stage: Stage, reference: bytes) -> Trial:
    """Mallory commits a reference, and computes the rest as if it were not there."""

    def change(commit_of: Callable[..., Commit]) -> Callable[..., Commit]:
        def referring(*given: object) -> Commit:
            commit = commit_of(*given)
            added = ProposalOrRef(ProposalOrRefType.reference, reference=reference)
            return commit.replace(proposals=(*commit.proposals, added))

        return referring

    under = altering(("group.create_commit:commit_of", change))
    bad = committed(stage.mallory, under=under, path=True).message
    return Trial(stage.victim(), bad, stage.mallory.commit(path=True).message)


@breaks("VAL-148", instead=_KNOWN_ONLY)
def a_reference_to_nothing(stage: Stage) -> Trial:
    """Mallory commits a proposal by a reference that names none."""
    return _refers_to(stage, stage.entropy(stage.suite.Nh))


@breaks("VAL-148", instead=_KNOWN_ONLY)
def a_reference_into_the_epoch_before(stage: Stage) -> Trial:
    """Mallory commits a proposal that Alice has sent in the epoch before."""
    reference = sent(stage, stage.alice.propose_remove(stage.dave.own_index))
    stage.commit(stage.carol, references=[])
    return _refers_to(stage, reference)


@shows("VAL-148", instead=_KNOWN_ONLY)
def a_commit_that_comes_before_its_proposal(stage: Stage) -> None:
    """Victor cannot follow a commit before he has its proposal, and can as soon as he has."""
    proposal = stage.alice.propose_remove(stage.dave.own_index)
    stage.mallory.receive(proposal)
    commit = stage.mallory.commit().message
    try:
        stage.victor.receive(commit)
    except CoveyError as error:
        ensure(error.rule == "VAL-148", "it is the proposal that is missing")
    else:
        ensure(kept=False, what="the proposal is missed")
    stage.victor.receive(proposal)
    stage.victor.receive(commit)


@breaks("VAL-149", portable=False)
def a_reference_twice(stage: Stage) -> Trial:
    """Mallory commits Alice's proposal of a type that may be proposed often, twice."""
    stage.begin(UNKNOWN)
    reference = sent(stage, stage.alice.propose(UnknownProposal(UNKNOWN, b"")))
    return _twice(stage, reference, "VAL-149")


@breaks("VAL-149", instead=without("VAL-139", "VAL-149"), named=("VAL-139", "VAL-149"))
def a_reference_to_a_psk_twice(stage: Stage) -> Trial:
    """Mallory commits Alice's PSK by its reference, twice."""
    reference = sent(stage, stage.alice.propose_psk(psk_of(stage)))
    return _twice(stage, reference, "VAL-139", "VAL-149")


def _twice(stage: Stage, reference: bytes, *lacking: str) -> Trial:
    bad = committed(stage.mallory, *lacking, references=[reference, reference]).message
    return Trial(stage.victim(), bad, stage.mallory.commit(references=[reference]).message)
