"""What must be refused, and that nothing else is wrong with it (docs/negative-vectors.md).

May import :mod:`.passive`. A case of the first two families is one of the official
passive-client kind which succeeds to its end, and says where to put what must be refused. A
client refuses it, names the check, is the same as before, and goes on to the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import CoveyError, cited
from covey.lab.conformance.case import CaseError, ensure
from covey.lab.conformance.verify.passive import PassiveClient, Trusting, commit, propose
from covey.mls.group.core import Ports
from covey.mls.group.events import MessageReceived, ProposalReceived
from covey.mls.group.group import Group
from covey.mls.group.member import Member
from covey.mls.rules.checks import section_of
from covey.mls.structs.credentials import BasicCredential

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.conformance.case import Case

_KINDS: Final = ("proposal", "commit", "application", "welcome", "group_info")

POLICY: Final = Trusting(threads=1)
"""Strict: what RFC 9420 does not allow fails a vector."""


def must_be_refused(case: Case) -> None:
    """Refuse what must be refused, and take what comes in its place."""
    bad = case.part("negative")
    kind = bad.text("kind")
    ensure(kind in _KINDS, f"{kind!r} is none of the kinds {', '.join(_KINDS)}")
    if kind == "group_info":
        _group_info(case, bad)
    elif kind == "welcome":
        _welcome(case, bad)
    else:
        _follow(case, PassiveClient(case, POLICY), bad, kind)


def _welcome(case: Case, bad: Case) -> None:
    """Refuse a Welcome; then join by another one, and follow the group."""
    client = PassiveClient(case, POLICY)
    welcome, tree = bad.octets("message"), bad.maybe_octets("ratchet_tree")
    _refused(bad, lambda: client.join(welcome, tree))
    _follow(case, client, None, "")


def _group_info(case: Case, bad: Case) -> None:
    """Refuse to join by a GroupInfo; then join by another one."""
    member = Member.from_credential(
        BasicCredential(case.octets("identity")),
        case.suite().code,
        signer=case.octets("signature_priv"),
        policy=POLICY,
    )
    now = case.number("now")
    ports = Ports(POLICY, now=lambda: now)
    info, tree = bad.octets("message"), bad.maybe_octets("ratchet_tree")
    _refused(bad, lambda: Group.join_externally(member, info, ratchet_tree=tree, ports=ports))
    good, tree = case.octets("group_info"), case.maybe_octets("ratchet_tree")
    Group.join_externally(member, good, ratchet_tree=tree, ports=ports)


def _follow(case: Case, client: PassiveClient, bad: Case | None, kind: str) -> None:
    """Join, and follow the group to the end; refuse a message on the way."""
    group = client.join(case.octets("welcome"), case.maybe_octets("ratchet_tree"))
    case.expect("initial_epoch_authenticator", group.epoch_authenticator)
    where = None if bad is None else bad.number("epoch")
    epochs = case.parts("epochs")
    ensure(where is None or where < len(epochs), "there is no such epoch")
    for number, part in enumerate(epochs):
        if bad is None or number != where:
            propose(group, part)
        else:
            _attacked(group, part, bad, kind)
        commit(group, part)


def _attacked(group: Group, part: Case, bad: Case, kind: str) -> None:
    """An epoch in which something must be refused."""
    proposals = part.octets_list("proposals")
    last = [proposals.pop()] if kind == "proposal" else []
    _receive_proposals(group, proposals)
    before, message = group.snapshot(), bad.octets("message")
    _refused(bad, lambda: group.receive(message))
    ensure(group.snapshot() == before, "a refusal changes nothing")
    _receive_proposals(group, last)
    if kind == "application":
        event = group.receive(bad.octets("instead"))
        ensure(isinstance(event, MessageReceived), f"a message is taken for {event}")


def _receive_proposals(group: Group, proposals: list[bytes]) -> None:
    for proposal in proposals:
        event = group.receive(proposal)
        ensure(isinstance(event, ProposalReceived), f"a proposal is taken for {event}")


def _refused(bad: Case, attempt: Callable[[], object]) -> None:
    """Try it, and see that the check is named that must refuse it."""
    names, rule, section = bad.texts("refused_as"), bad.text("rule"), bad.text("section")
    known = section_of(rule)
    ensure(known == section, f"{rule} is of section {known}, not {section}")
    described = f"{rule} ({cited(section)}), {bad.text('name')}: {bad.text('description')}"
    try:
        attempt()
    except CoveyError as error:
        ensure(error.rule in names, f"{described} It is refused for another reason: {error}")
        return
    msg = f"{described} It is accepted."
    raise CaseError(msg)
