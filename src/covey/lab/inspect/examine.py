"""Inspecting one object: what it is, what stands where, which rules it breaks.

May import the other files of this folder. Any bytes yield an :class:`Inspected`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from covey.errors import StateError
from covey.lab.inspect.encodings import candidates
from covey.lab.inspect.inspected import Finding, Form, Inspected
from covey.lab.inspect.judging import commits, leaves, messages, proposals, trees, welcomes
from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts, known_suite, suite_for
from covey.lab.inspect.kinds import KINDS, a, guess
from covey.lab.inspect.payloads import explainer
from covey.mls.crypto.dialects import RFC_9420
from covey.mls.crypto.quantum import safety
from covey.mls.group.epoch import PublicState
from covey.mls.group.member import key_package_ref
from covey.mls.structs.commit import Commit
from covey.mls.structs.framing import (
    AuthenticatedContent,
    FramedContent,
    PrivateMessage,
    PublicMessage,
)
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import (
    Add,
    AppDataUpdate,
    AppEphemeral,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    ProposalFrame,
    ReInit,
    Remove,
    SelfRemove,
    Update,
)
from covey.mls.structs.schedule import GroupContext
from covey.mls.structs.tree import LeafNode, RatchetTreeNodes, UpdatePath
from covey.mls.structs.welcome import GroupInfo, GroupSecrets, Welcome
from covey.mls.wire.code_points import ProtocolVersion
from covey.mls.wire.reading import read

if TYPE_CHECKING:
    from covey.mls.tree.ratchet_tree import RatchetTree
    from covey.mls.wire.struct import WireStruct

FOLD: Final = 16
"""Elements of a vector that are told one by one, unless all are asked for."""

_NAMES: Final = {"RatchetTreeNodes": "RatchetTree", "ProposalFrame": "Proposal"}


def inspect(
    given: bytes,
    *,
    kind: str | None = None,
    around: Surroundings | None = None,
    fold: int | None = FOLD,
) -> Inspected:
    """Inspect what a file or a clipboard held.

    Args:
        given: Bytes, raw or in a text encoding.
        kind: What it is, a key of ``KINDS``; guessed by default.
        around: What is known besides.
        fold: Elements of a vector that are told one by one; None for all.
    """
    found = guess(candidates(given), kind)
    reasons = (found.candidate.reason, found.reason)
    form = Form(found.candidate.encoding, reasons)
    return inspect_as(found.kind, found.candidate.data, form, around, fold)


def inspect_as(
    kind: str,
    data: bytes,
    form: Form,
    around: Surroundings | None = None,
    fold: int | None = FOLD,
    *,
    judged: bool = True,
) -> Inspected:
    """Inspect bytes as a kind of object.

    Args:
        kind: A key of ``KINDS``.
        data: The bytes, in the form of the wire.
        form: How they came.
        around: What is known besides.
        fold: Elements of a vector that are told one by one; None for all.
        judged: Whether to ask what rules it breaks.
    """
    reading = read(KINDS[kind], data, explain=explainer(fold), fold=fold)
    if reading.stop is not None:
        return Inspected(kind, None, data, reading.outline, form, stop=reading.stop)
    into = Verdicts()
    value = reading.value
    if isinstance(value, MLSMessage):
        version = value.version
        broken = None if version == ProtocolVersion.mls10 else f"version {version}"
        into.fact("VAL-008", "6", "The version of an MLSMessage is mls10.", broken)
        value = value.message
    around = around or Surroundings()
    tree = judge(into, value, around) if judged else None
    name = _NAMES.get(type(value).__name__, type(value).__name__)
    facts = _facts(value, tree, around)
    findings = into.findings if judged else ()
    return Inspected(name, value, data, reading.outline, form, tree, findings, facts=facts)


def judge(into: Verdicts, value: WireStruct, around: Surroundings) -> RatchetTree | None:  # noqa: C901, PLR0912 - one arm a kind
    """Judge an object by the rules for its kind; returns the tree that it is or holds."""
    match value:
        case KeyPackage():
            leaves.key_package(into, value, around)
        case GroupInfo():
            return trees.group_info(into, value, around)
        case RatchetTreeNodes(ratchet_tree=nodes):
            return trees.alone(into, nodes, around)
        case Welcome():
            welcomes.welcome(into, value)
        case GroupSecrets():
            welcomes.group_secrets(into, value, around)
        case PublicMessage():
            messages.public_message(into, value, around)
        case PrivateMessage():
            messages.private_message(into, value, around)
        case AuthenticatedContent():
            messages.authenticated_content(into, value, around)
        case FramedContent():
            messages.framed_content(into, value, 0, around)
        case GroupContext():
            trees.group_context(into, value)
        case LeafNode():
            leaves.leaf(into, value, suite_for(value, around), around)
        case Commit():
            commits.commit(into, value, None, around)
        case ProposalFrame(proposal=inner):
            proposals.proposal(into, inner, None, around)
        case UpdatePath():
            commits.update_path(into, value, around)
        case (
            Add()
            | Update()
            | Remove()
            | PreSharedKey()
            | ReInit()
            | ExternalInit()
            | GroupContextExtensions()
            | AppDataUpdate()
            | AppEphemeral()
            | SelfRemove()
        ):
            proposals.proposal(into, value, None, around)
        case _:
            pass
    return None


def _facts(
    value: Any,  # noqa: ANN401 - any struct
    tree: RatchetTree | None,
    around: Surroundings,
) -> tuple[tuple[str, str], ...]:
    """What follows from an object and stands nowhere in it."""
    facts: list[tuple[str, str]] = []
    named = _suite_of(value)
    if named is not None and tree is None:
        facts += _suite_facts(named)
    if isinstance(value, KeyPackage):
        suite = known_suite(value.cipher_suite)
        if suite is not None:
            facts.append(("KeyPackageRef (§5.2)", key_package_ref(suite, value).hex()))
    if isinstance(value, GroupInfo) and around.tree is not None and trees.carries_one(value):
        facts.append(("ratchet tree", "the one that it carries; the one beside it is not used"))
    if tree is not None:
        members = sum(1 for _ in tree.members())
        facts.append(("members", f"{members:,} of {tree.size:,} leaves"))
        facts.append(("tree hash (§7.8)", tree.tree_hash.hex()))
        facts += _suite_facts(tree.suite.code)
    return tuple(facts)


def _suite_of(value: Any) -> int | None:  # noqa: ANN401 - any struct
    """The cipher suite that an object names."""
    match value:
        case KeyPackage() | Welcome() | GroupContext() | ReInit():
            return value.cipher_suite
        case GroupInfo():
            return value.group_context.cipher_suite
    return None


def _suite_facts(code: int) -> list[tuple[str, str]]:
    """What a suite is called, and what of it outlasts a quantum computer."""
    suite = known_suite(code)
    if suite is None:
        return [("cipher suite", f"0x{code:04x}, which is not known here")]
    whose = "" if suite.dialect == RFC_9420 else f", in the dialect {suite.dialect}"
    named = ("cipher suite", f"{suite.name} (0x{suite.code:04x}{whose})")
    return [named, ("quantum computers", str(safety(suite)))]


def group_of(given: bytes, tree: bytes | None) -> PublicState:
    """The group that a GroupInfo describes, so that its messages can be judged.

    Only its tree is checked, so that one can work with it; inspecting it says what it breaks.

    Args:
        given: The GroupInfo, in any encoding.
        tree: Its ratchet tree in any encoding, where it does not carry it.

    Raises:
        StateError: It is no GroupInfo, or there is no tree that one can work with.
    """
    found = inspect(given, fold=0)
    info = found.value
    if not isinstance(info, GroupInfo):
        msg = f"a GroupInfo is needed, this is {a(found.kind)}"
        if found.stop is not None:
            msg = f"a GroupInfo is needed, and this does not decode: {found.stop}"
        raise StateError(msg)
    around = Surroundings(tree=None if tree is None else tree_of(tree))
    nodes, suite = trees.nodes_of(info, around), known_suite(info.group_context.cipher_suite)
    if isinstance(nodes, str) or suite is None:
        msg = "the GroupInfo carries no ratchet tree that can be read; hand it in (--tree)"
        raise StateError(msg)
    made = trees.structure(nodes, suite, info.group_context.extensions)
    if isinstance(made, Finding):
        msg = f"nothing can be judged by this GroupInfo: {made.statement} {made.detail}"
        raise StateError(msg).of(rule=made.rule, section=made.section)
    return PublicState.of(info.group_context, made, info.confirmation_tag)


def tree_of(given: bytes) -> bytes:
    """The bytes of a ratchet tree, in any encoding."""
    return guess(candidates(given), "RatchetTree").candidate.data
