"""RFC 9420 §7.2, §7.3: what a leaf must list for itself. May import the forge.

What it must list for the group is in :mod:`.leaf_compatibility`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from covey.errors import PolicyError
from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge.leaves import (
    UNHEARD_OF,
    changing,
    in_add,
    in_external_path,
    in_path,
    in_update,
    in_welcome,
    listing,
    packaged,
    proposed_add,
    with_fields,
)
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, together, without
from covey.mls.group.events import EpochChanged
from covey.mls.structs.extensions import Extension
from covey.mls.wire.code_points import (
    DEFAULT_EXTENSION_TYPES,
    DEFAULT_PROPOSAL_TYPES,
    GREASE,
    CredentialType,
    ExtensionType,
    ProposalType,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.lab.adversary.victims import Trial
    from covey.mls.group.verify import Checker
    from covey.mls.structs.tree import Capabilities, LeafNode

_NO_BASIC: Final = listing(credentials=(CredentialType.x509,))

# --- VAL-039: its extensions ------------------------------------------------------------

_UNLISTED: Final = with_fields(extensions=(Extension(UNHEARD_OF, b""),))


def _unlisted_grease(leaf: LeafNode) -> LeafNode:
    listed = leaf.capabilities.extensions
    value = next(each for each in GREASE if each not in listed)
    return leaf.replace(extensions=(Extension(value, b"grease"),))


@breaks("VAL-039")
def an_add_with_an_unlisted_leaf_extension(stage: Stage) -> Trial:
    """Mallory adds a client whose leaf has an extension that it does not list."""
    return in_add(stage, _UNLISTED, "VAL-039")


@breaks("VAL-039")
def an_add_with_unlisted_grease(stage: Stage) -> Trial:
    """Mallory adds a client whose leaf has a GREASE extension that it does not list."""
    return in_add(stage, _unlisted_grease, "VAL-039")


@breaks("VAL-039")
def an_update_with_an_unlisted_leaf_extension(stage: Stage) -> Trial:
    """Mallory proposes an Update with an extension that its leaf does not list."""
    return in_update(stage, changing(_UNLISTED))


@breaks("VAL-039")
def a_path_with_an_unlisted_leaf_extension(stage: Stage) -> Trial:
    """Mallory commits a path with an extension that its leaf does not list."""
    return in_path(stage, changing(_UNLISTED), "VAL-039")


@breaks("VAL-039")
def an_external_path_with_an_unlisted_leaf_extension(stage: Stage) -> Trial:
    """A stranger joins with an extension that its leaf does not list."""
    return in_external_path(stage, changing(_UNLISTED), "VAL-039")


@breaks("VAL-039")
def a_welcome_with_an_unlisted_leaf_extension(stage: Stage) -> Trial:
    """In the tree of a Welcome a leaf has an extension that it does not list."""
    return in_welcome(stage, changing(_UNLISTED), "VAL-039")


# --- VAL-040: its own credential type ---------------------------------------------------

# In a tree, who does not list its own credential type is also a member who does not support a
# type in use; proposals are judged by themselves.
_WITHOUT_CREDENTIALS: Final = without("VAL-040", "VAL-044")


@breaks("VAL-040")
def an_update_without_its_own_credential_type(stage: Stage) -> Trial:
    """Mallory proposes an Update whose leaf does not list its own credential type."""
    return in_update(stage, changing(_NO_BASIC))


@breaks("VAL-040")
def an_add_without_its_own_credential_type(stage: Stage) -> Trial:
    """Mallory proposes to add a client that does not list its own credential type."""
    _, package = stage.newcomer()
    return proposed_add(stage, packaged(package, _NO_BASIC).package, package.package)


@breaks("VAL-040", instead=_WITHOUT_CREDENTIALS)
def a_path_without_its_own_credential_type(stage: Stage) -> Trial:
    """Mallory commits a path whose leaf does not list its own credential type."""
    return in_path(stage, changing(_NO_BASIC), "VAL-040", "VAL-044")


@breaks("VAL-040", instead=_WITHOUT_CREDENTIALS, named="VAL-044")
def a_welcome_with_a_leaf_without_its_own_credential_type(stage: Stage) -> Trial:
    """In the tree of a Welcome a leaf does not list its own credential type."""
    return in_welcome(stage, changing(_NO_BASIC), "VAL-040", "VAL-044")


# --- VAL-041: defaults are not listed ---------------------------------------------------


def _listing_defaults(leaf: LeafNode) -> LeafNode:
    extensions = (*leaf.capabilities.extensions, ExtensionType.required_capabilities)
    return listing(extensions=extensions)(leaf)


def _listing_default_proposals(leaf: LeafNode) -> LeafNode:
    return listing(proposals=(*leaf.capabilities.proposals, ProposalType.add))(leaf)


@breaks("VAL-041", portable=False)
def an_add_that_lists_a_default_extension_type(stage: Stage) -> Trial:
    """Mallory adds a client that lists a default extension type; Victor is strict."""
    return in_add(stage, _listing_defaults, "VAL-041")


@breaks("VAL-041", portable=False)
def a_path_that_lists_a_default_proposal_type(stage: Stage) -> Trial:
    """Mallory commits a path whose leaf lists a default proposal type; Victor is strict."""
    return in_path(stage, changing(_listing_default_proposals), "VAL-041")


def _always_strict(enforce: Callable[..., None]) -> Callable[..., None]:
    return lambda rules, subject, blame, **_: enforce(rules, subject, blame)


@shows("VAL-041", instead=altering(("rules.registry:enforce", _always_strict)), named="VAL-041")
def who_is_not_strict_bears_listed_defaults(stage: Stage) -> None:
    """A client that lists a default extension type is added where the policy is not strict."""
    ports = stage.victor.ports
    ports.policy = dataclasses.replace(ports.policy, strict=False)
    trial = in_add(stage, _listing_defaults, "VAL-041")
    ensure(isinstance(trial.victim.attempt(trial.bad), EpochChanged), "it is borne")


def _with_defaults(capabilities: Callable[[Any], Capabilities]) -> Callable[[Any], Capabilities]:
    def listed(member: object) -> Capabilities:
        own = capabilities(member)
        return own.replace(proposals=(*own.proposals, ProposalType.add))

    return listed


@shows(
    "VAL-041",
    instead=together(
        without("VAL-041"), altering(("group.member:Member.capabilities", _with_defaults))
    ),
)
def no_default_is_listed(stage: Stage) -> None:
    """A new client lists no default extension or proposal type."""
    _, package = stage.newcomer()
    listed = package.package.leaf_node.capabilities
    ensure(DEFAULT_EXTENSION_TYPES.isdisjoint(listed.extensions), "no default extension types")
    ensure(DEFAULT_PROPOSAL_TYPES.isdisjoint(listed.proposals), "no default proposal types")


# --- VAL-042: unknown values are ignored ------------------------------------------------


def _listing_unknown(leaf: LeafNode) -> LeafNode:
    own = leaf.capabilities
    return listing(
        versions=(*own.versions, UNHEARD_OF),
        cipher_suites=(*own.cipher_suites, UNHEARD_OF),
        extensions=(*own.extensions, UNHEARD_OF),
        proposals=(*own.proposals, UNHEARD_OF),
        credentials=(*own.credentials, UNHEARD_OF),
    )(leaf)


def _picky(check: Callable[..., None]) -> Callable[..., None]:
    def leaf(checker: Checker, node: LeafNode, *given: Any, **how: Any) -> None:  # noqa: ANN401 - those of the check
        if UNHEARD_OF in node.capabilities.extensions:
            msg = "it lists what nobody has heard of"
            raise PolicyError(msg).of(rule="VAL-042", section="7.2")
        check(checker, node, *given, **how)

    return leaf


@shows("VAL-042", instead=altering(("group.verify:Checker.leaf", _picky)), named="VAL-042")
def unknown_capabilities_are_ignored(stage: Stage) -> None:
    """A client that lists what nobody has heard of is added, joins, and is understood."""
    client, package = stage.newcomer()
    listed = packaged(package, _listing_unknown)
    stage.epoch(stage.mallory, (), [(client, listed)], add=[listed])
    ensure(len(stage.victor.members) == len(stage.all), "it is a member")
