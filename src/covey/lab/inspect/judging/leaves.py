"""LeafNodes and KeyPackages (RFC 9420 §7.2, §7.3, §10.1). May import rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.inspect.judging.verdicts import (
    AFTER,
    APPLICATION,
    GROUP,
    SENDER,
    STAND_IN,
    SUITE,
    known_suite,
)
from covey.mls.group.verify import key_package_job, leaf_job
from covey.mls.rules import key_packages, leaves
from covey.mls.wire.code_points import LeafNodeSource, ProtocolVersion

if TYPE_CHECKING:
    from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
    from covey.mls.crypto.suite import Suite
    from covey.mls.rules.registry import Rule
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.tree import LeafNode

LEAF_SIGNATURE: Final = ("VAL-029", "7.3", "The signature of a LeafNode verifies under its key.")
"""A check of signatures: its id, its section, and what it says."""
PACKAGE_SIGNATURE: Final = (
    "VAL-055",
    "10.1",
    "The signature of a KeyPackage verifies under the key of its leaf.",
)
ARRIVALS: Final = {
    LeafNodeSource.key_package: "VAL-021",
    LeafNodeSource.update: "VAL-022",
    LeafNodeSource.commit: "VAL-023",
}
"""The check that asks for a credential to be validated, by how its leaf comes in."""
_CREDENTIAL: Final = "The credential of a LeafNode is one that the application accepts."
ANYWHERE: Final = -1
"""The index of a leaf whose place is not known."""
JOINING: Final = -2
"""The index of a leaf that comes with its member: its place is found after the proposals."""

_OF_PACKAGE: Final = tuple(
    rule for rule in key_packages.KEY_PACKAGE if rule is not key_packages.suite_and_version_match
)
_BY_SUITE: Final = (
    leaves.encryption_key_is_valid,
    leaves.signature_key_is_valid,
    leaves.certificate_has_the_signature_key,
)
_BY_SOURCE: Final[dict[LeafNodeSource, tuple[Rule, Rule | None]]] = {
    LeafNodeSource.key_package: (leaves.key_package_source, None),
    LeafNodeSource.update: (leaves.update_source, leaves.update_changes_the_key),
    LeafNodeSource.commit: (leaves.commit_source, leaves.path_changes_the_key),
}
BY_ITSELF: Final = (
    leaves.leaf_extensions_are_unique,
    leaves.leaf_app_data_decodes,
    leaves.certificate_chain_is_not_empty,
    leaves.certificates_are_der,
    leaves.credential_type_is_not_grease,
    leaves.leaf_extensions_are_listed,
    leaves.own_credential_type_is_listed,
    leaves.defaults_are_not_listed,
)
"""What a leaf satisfies whatever its suite, and wherever it stands."""
IN_TREE: Final = (*_BY_SUITE, *BY_ITSELF)
"""What a leaf satisfies in a tree; lifetimes there are over at some time, and may be (§7.3)."""


def key_package(into: Verdicts, package: KeyPackage, around: Surroundings, where: str = "") -> None:
    """Judge a KeyPackage (§10.1): its keys and signatures by the suite that it says itself."""
    _suite_and_version(into, package, around, where)
    code = package.cipher_suite
    suite = known_suite(code)
    if suite is None:
        needs = f"an implementation of suite 0x{code:04x}"
        into.unknown(_OF_PACKAGE, needs, where)
        into.open(*PACKAGE_SIGNATURE, needs, where)
    else:
        into.judge(_OF_PACKAGE, key_packages.KeyPackageSubject(package, suite), where)
        holds = suite.verify_with_label(*key_package_job(package))
        into.fact(*PACKAGE_SIGNATURE, None if holds else "it does not", where)
    inner = f"{where}.leaf_node" if where else "leaf_node"
    leaf(into, package.leaf_node, suite, around, inner, source=LeafNodeSource.key_package)


def _suite_and_version(
    into: Verdicts, package: KeyPackage, around: Surroundings, where: str
) -> None:
    """Whether it is for the group, which has to be known for that."""
    rule = key_packages.suite_and_version_match
    wanted = None if around.group_suite is None else known_suite(around.group_suite)
    if wanted is not None:
        into.ask(rule, key_packages.KeyPackageSubject(package, wanted), where)
    elif package.version != ProtocolVersion.mls10:
        into.fact(rule.id, rule.section, rule.statement, f"version {package.version}", where)
    else:
        into.unknown((rule,), f"the suite of the group (--suite), or {GROUP}", where)


def leaf(
    into: Verdicts,
    node: LeafNode,
    suite: Suite | None,
    around: Surroundings,
    where: str = "",
    *,
    source: LeafNodeSource | None = None,
    replaced: LeafNode | None = None,
    index: int = ANYWHERE,
) -> None:
    """Judge a leaf by itself, outside of a tree (§7.3).

    Args:
        into: Where verdicts go.
        node: The leaf.
        suite: The suite, where it is known.
        around: What is known besides.
        where: Its place.
        source: Where it has to come from; what it says itself by default.
        replaced: The leaf whose place it takes, where that is known.
        index: The leaf index, where that is known; ``JOINING`` of one that has none yet.
    """
    source = node.leaf_node_source if source is None else source
    subject = leaves.LeafSubject(
        node,
        suite or STAND_IN,
        source,
        around.now,
        0,
        replaced,
    )
    if suite is None:
        into.unknown(_BY_SUITE, SUITE, where)
    else:
        into.judge(_BY_SUITE, subject, where)
    from_there, changes = _BY_SOURCE[source]
    into.ask(from_there, subject, where)
    if changes is not None and replaced is not None:
        into.ask(changes, subject, where)
    elif changes is not None and index != JOINING:
        needs = GROUP if around.group is None else SENDER
        into.unknown((changes,), f"the leaf that it replaces: {needs}", where)
    into.judge(BY_ITSELF, subject, where)
    _lifetime(into, subject, where)
    _signature(into, node, suite, around, where, index)
    into.open(ARRIVALS[source], "5.3.1", _CREDENTIAL, APPLICATION, where)


def _lifetime(into: Verdicts, subject: leaves.LeafSubject, where: str) -> None:
    lifetime = subject.leaf.lifetime
    if lifetime is None:
        return
    if subject.now is None:
        into.unknown((leaves.lifetime_contains_now,), "a time to judge by (--at)", where)
    else:
        into.ask(leaves.lifetime_contains_now, subject, where)
    days = (lifetime.not_after - lifetime.not_before) // 86_400
    needs = f"the application's maximum; it is {days} days"
    into.unknown((leaves.lifetime_is_not_too_long,), needs, where)


def _signature(
    into: Verdicts,
    node: LeafNode,
    suite: Suite | None,
    around: Surroundings,
    where: str,
    index: int,
) -> None:
    bare = node.leaf_node_source is LeafNodeSource.key_package
    if suite is None:
        into.open(*LEAF_SIGNATURE, SUITE, where)
    elif not bare and (around.group_id is None or index < 0):
        needs = f"the group_id and the leaf index, which are signed: {GROUP}"
        if around.group is not None:
            needs = AFTER if index == JOINING else f"the leaf index, which is signed: {SENDER}"
        into.open(*LEAF_SIGNATURE, needs, where)
    else:
        job = leaf_job(node, around.group_id or b"", max(index, 0))
        holds = suite.verify_with_label(*job)
        into.fact(*LEAF_SIGNATURE, None if holds else "it does not", where)
