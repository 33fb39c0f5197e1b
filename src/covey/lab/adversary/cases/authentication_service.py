"""RFC 9420 §5.3.1: when the Authentication Service is asked. May import the forge.

It is the application's policy here: the victims have one that refuses a name, or trusts one
authority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from covey.errors import PolicyError
from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.certificates import Authority
from covey.lab.adversary.forge.leaves import proposed_add
from covey.lab.adversary.taking_out import altering, always
from covey.lab.adversary.victims import (
    JoinerVictim,
    MemberVictim,
    OutsiderVictim,
    SenderVictim,
    Trial,
)
from covey.lab.conformance.generate.scenes import NOW
from covey.lab.conformance.verify.passive import Trusting
from covey.mls.group.group import Group
from covey.mls.group.identity import identity
from covey.mls.group.member import Member
from covey.mls.group.policy import Policy
from covey.mls.structs.credentials import BasicCredential, Credential
from covey.mls.structs.extensions import Extension, ExternalSender, ExternalSenders
from covey.mls.wire.code_points import ExtensionType

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.core import Ports
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.structs.tree import LeafNode

IMPOSTOR: Final = b"impostor"


# --- what applications think of credentials ---------------------------------------------------


class Careful(Trusting):
    """Believes every credential but that of the impostor."""

    def validate_credential(
        self, credential: Credential, signature_key: bytes, now: int | None
    ) -> None:
        """Refuse the impostor."""
        del signature_key, now
        if credential == BasicCredential(IMPOSTOR):
            msg = "this is not who it says"
            raise PolicyError(msg)


class Faithful(Trusting):
    """Believes every credential, and that nobody becomes somebody else."""

    def is_successor(self, old: LeafNode, new: LeafNode) -> bool:
        """Only who is the same by name is the same."""
        return identity(old.credential) == identity(new.credential)


def _careful_ports(stage: Stage) -> Ports:
    ports = stage.ports()
    ports.policy = Careful(handshake=forge.PUBLIC, threads=1)
    return ports


def _victor(stage: Stage, policy: type[Policy] = Careful, **options: Any) -> MemberVictim:  # noqa: ANN401
    """Victor, whose application has an opinion."""
    stage.victor.ports.policy = policy(handshake=forge.PUBLIC, threads=1, **options)
    return stage.victim()


def _joiner(stage: Stage, client: Member, package: PrivateKeyPackage) -> JoinerVictim:
    return JoinerVictim(client, package, _careful_ports(stage))


def _impostor(stage: Stage) -> Member:
    return Member.basic(
        IMPOSTOR, stage.suite.code, policy=Trusting(threads=1), entropy=stage.entropy
    )


def _unasked(check: str) -> Callable[[], Any]:
    """An engine that does not ask the Authentication Service on one occasion."""

    def change(original: Callable[..., None]) -> Callable[..., None]:
        def validate(
            checker: object, credential: Credential, key: bytes, rule: str, *section: str
        ) -> None:
            if rule != check:
                original(checker, credential, key, rule, *section)

        return validate

    return altering(("group.verify:Checker.validate", change))


# --- VAL-019 to VAL-024: the Authentication Service is asked ----------------------------------


def _propose(group: Group, package: bytes) -> object:
    return group.propose_add(package)


def _commit(group: Group, package: bytes) -> object:
    return group.commit(add=[package])


def _sender(stage: Stage, ask: Callable[[Group, Any], object]) -> SenderVictim:
    _victor(stage)
    return stage.sender(ask)


@breaks("VAL-019", instead=_unasked("VAL-019"), portable=False)
def we_are_asked_to_propose_an_impostor(stage: Stage) -> Trial:
    """Our application adds by proposal whom the Authentication Service does not know."""
    bad = _impostor(stage).key_package(now=NOW)
    _, good = stage.newcomer()
    return Trial(_sender(stage, _propose), bad.message, good.message)


@breaks("VAL-019", instead=_unasked("VAL-019"), portable=False)
def we_are_asked_to_commit_an_impostor(stage: Stage) -> Trial:
    """Our application adds by commit whom the Authentication Service does not know."""
    bad = _impostor(stage).key_package(now=NOW)
    _, good = stage.newcomer()
    return Trial(_sender(stage, _commit), bad.message, good.message)


@breaks("VAL-020", instead=_unasked("VAL-020"), portable=False)
def a_welcome_among_impostors(stage: Stage) -> Trial:
    """A newcomer is welcomed into a group with somebody whom it does not believe."""
    client, package = stage.newcomer()
    impostor = _impostor(stage).key_package(now=NOW)
    bad = forge.committed(stage.mallory, add=[impostor.message, package.message])
    good = stage.mallory.commit(add=[package.message])
    return Trial(_joiner(stage, client, package), bad.welcome, good.welcome)


@breaks("VAL-020", instead=_unasked("VAL-020"), portable=False)
def a_group_info_of_impostors(stage: Stage) -> Trial:
    """An external joiner sees somebody in the group whom it does not believe."""
    good = stage.mallory.group_info()
    impostor = _impostor(stage).key_package(now=NOW)
    stage.commit(stage.mallory, add=[impostor.message])
    victim = OutsiderVictim(stage.member(), _careful_ports(stage))
    return Trial(victim, stage.mallory.group_info(), good)


@breaks("VAL-021", instead=_unasked("VAL-021"), portable=False)
def a_proposal_to_add_an_impostor(stage: Stage) -> Trial:
    """A member proposes to add somebody whom the Authentication Service does not know."""
    _, good = stage.newcomer()
    bad = _impostor(stage).key_package(now=NOW)
    _victor(stage)
    return proposed_add(stage, bad.package, good.package)


@breaks("VAL-021", instead=_unasked("VAL-021"), portable=False)
def a_commit_that_adds_an_impostor(stage: Stage) -> Trial:
    """A member adds by value whom the Authentication Service does not know."""
    _, good = stage.newcomer()
    bad = _impostor(stage).key_package(now=NOW)
    commit = forge.committed(stage.mallory, add=[bad.message])
    return Trial(_victor(stage), commit.message, stage.mallory.commit(add=[good.message]).message)


@breaks("VAL-021", instead=_unasked("VAL-021"), portable=False)
def a_newcomer_whom_nobody_has_certified(stage: Stage) -> Trial:
    """The authority that has signed a newcomer's certificate is not the one that is trusted."""
    _, package = stage.newcomer()
    key = package.package.leaf_node.signature_key
    scheme = stage.suite.signature
    trusted, other = (Authority("authority", stage.entropy) for _ in range(2))
    bad, good = (
        forge.repackaged(package, leaf={"credential": each.credential("newcomer", scheme, key)})
        for each in (other, trusted)
    )
    _victor(stage, Policy, trust_anchors=(trusted.root,))
    return proposed_add(stage, bad.package, good.package)


@breaks("VAL-022", instead=_unasked("VAL-022"), portable=False)
def a_member_proposes_to_become_an_impostor(stage: Stage) -> Trial:
    """An Update has a credential that the Authentication Service does not know."""
    bad = stage.mallory.propose_update(_impostor(stage))
    good = stage.mallory.propose_update(stage.member())
    return Trial(_victor(stage), bad, good)


@breaks("VAL-022", instead=_unasked("VAL-022"), portable=False)
def an_impostor_keeps_its_name(stage: Stage) -> Trial:
    """An Update has a new key for the old credential, which is refused by now."""
    impostor = _impostor(stage)
    stage.commit(stage.mallory, update=impostor)
    bad = stage.mallory.propose_update(impostor.rotated())
    good = stage.mallory.propose_update()
    return Trial(_victor(stage), bad, good)


@breaks("VAL-023", instead=_unasked("VAL-023"), portable=False)
def a_committer_becomes_an_impostor(stage: Stage) -> Trial:
    """The leaf of an UpdatePath has a credential that the Authentication Service does not know."""
    bad = forge.committed(stage.mallory, update=_impostor(stage))
    good = stage.mallory.commit(update=stage.member())
    return Trial(_victor(stage), bad.message, good.message)


@breaks("VAL-023", instead=_unasked("VAL-023"), portable=False)
def an_impostor_joins_by_itself(stage: Stage) -> Trial:
    """An external joiner has a credential that the Authentication Service does not know."""
    info = stage.alice.group_info()
    bad, good = (
        Group.join_externally(each, info, ports=stage.ports()).commit
        for each in (_impostor(stage), stage.member())
    )
    return Trial(_victor(stage), bad, good)


def _listing(client: Member) -> tuple[Extension, ...]:
    """Group extensions that let somebody propose from outside."""
    listed = (ExternalSender(client.signature_key, client.credential),)
    return (Extension(ExtensionType.external_senders, ExternalSenders(listed).encode()),)


@breaks("VAL-024", instead=_unasked("VAL-024"), portable=False)
def an_impostor_may_propose_from_outside(stage: Stage) -> Trial:
    """A member lists an external sender whom the Authentication Service does not know."""
    bad = stage.mallory.propose_extensions(_listing(_impostor(stage)))
    good = stage.mallory.propose_extensions(_listing(stage.member()))
    return Trial(_victor(stage), bad, good)


@breaks("VAL-024", instead=_unasked("VAL-024"), portable=False)
def a_list_of_external_senders_grows_by_an_impostor(stage: Stage) -> Trial:
    """A commit changes the list of external senders to one with an impostor."""
    known = stage.member()
    stage.commit(stage.carol, extensions=_listing(known))
    bad = forge.committed(stage.mallory, extensions=_listing(_impostor(stage)))
    good = stage.mallory.commit(extensions=_listing(stage.member()))
    return Trial(_victor(stage), bad.message, good.message)


@breaks("VAL-024", instead=_unasked("VAL-024"), portable=False)
def a_welcome_to_a_group_that_listens_to_an_impostor(stage: Stage) -> Trial:
    """A newcomer is welcomed into a group with an external sender whom it does not believe."""
    client, package = stage.newcomer()
    added = [package.message]
    bad = forge.committed(stage.mallory, add=added, extensions=_listing(_impostor(stage)))
    good = stage.mallory.commit(add=added, extensions=_listing(stage.member()))
    return Trial(_joiner(stage, client, package), bad.welcome, good.welcome)


# --- VAL-025: who may become whom -------------------------------------------------------------

ANY_SUCCESSOR = altering(("group.verify:Checker.succession", always(None)))


def _again(stage: Stage) -> tuple[Member, Member]:
    """Somebody else than Mallory, and Mallory with another key."""
    leaf = stage.mallory.tree.leaf(stage.mallory.own_index)
    assert leaf is not None
    other = stage.member()
    return other, other.rotated(leaf.credential)


@breaks("VAL-025", instead=ANY_SUCCESSOR, portable=False)
def a_member_proposes_to_become_somebody_else(stage: Stage) -> Trial:
    """An Update has the credential of somebody else, valid by itself."""
    bad, good = (stage.mallory.propose_update(each) for each in _again(stage))
    return Trial(_victor(stage, Faithful), bad, good)


@breaks("VAL-025", instead=ANY_SUCCESSOR, portable=False)
def a_committer_becomes_somebody_else(stage: Stage) -> Trial:
    """The leaf of an UpdatePath has the credential of somebody else, valid by itself."""
    other, same = _again(stage)
    bad = forge.committed(stage.mallory, update=other)
    good = stage.mallory.commit(update=same)
    return Trial(_victor(stage, Faithful), bad.message, good.message)


@breaks("VAL-025", instead=ANY_SUCCESSOR, portable=False)
def somebody_else_comes_back(stage: Stage) -> Trial:
    """An external joiner takes the place of a member who is not the same."""
    info, index = stage.alice.group_info(), stage.mallory.own_index
    bad, good = (
        Group.join_externally(each, info, resync=index, ports=stage.ports()).commit
        for each in _again(stage)
    )
    return Trial(_victor(stage, Faithful), bad, good)
