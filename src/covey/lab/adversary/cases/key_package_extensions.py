"""RFC 9420 §10, §13: what a KeyPackage says of itself, and extensions. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from covey.errors import PolicyError
from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.leaves import (
    UNHEARD_OF,
    committed_add,
    listing,
    packaged,
    proposed_add,
    with_fields,
)
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, without
from covey.lab.adversary.victims import DecoderVictim, Trial
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.suites import SUITES
from covey.mls.structs.extensions import Extension
from covey.mls.wire.code_points import (
    GREASE,
    CredentialType,
    ExtensionType,
    ProposalType,
    ProtocolVersion,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.group import Group
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.group.verify import Checker
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.tree import Capabilities, LeafNode


def _invited(group: Group, package: bytes) -> object:
    """What the application of a member does with a KeyPackage that it has downloaded."""
    return group.commit(add=[package])


def _silent(package: PrivateKeyPackage) -> PrivateKeyPackage:
    """A KeyPackage of last resort that does not list that extension."""
    listed = listing(extensions=(ExtensionType.app_data_dictionary,))
    return packaged(package, listed, extensions=(Extension(ExtensionType.last_resort, b""),))


@breaks("VAL-059", portable=False)
def an_add_with_an_unlisted_extension(stage: Stage) -> Trial:
    """Mallory commits to add a client with a known extension that it does not list."""
    _, package = stage.newcomer()
    return committed_add(stage, _silent(package), package, "VAL-059")


@breaks("VAL-059")
def a_download_with_an_unlisted_extension(stage: Stage) -> Trial:
    """Victor's application adds a client with a known extension that it does not list."""
    _, package = stage.newcomer()
    return Trial(stage.sender(_invited), _silent(package).message, package.message)


@shows(
    "VAL-059",
    instead=altering(("rules.key_packages:_KNOWN", lambda _: _Everything())),
    named="VAL-059",
)
def an_unknown_extension_that_is_not_listed_is_ignored(stage: Stage) -> None:
    """A client is added whose KeyPackage has an extension that nobody knows, and lists it not."""
    client, package = stage.newcomer()
    unknown = (Extension(UNHEARD_OF, b"what is it?"), Extension(GREASE[5], b"grease"))
    strange = forge.repackaged(package, extensions=unknown)
    stage.epoch(stage.mallory, (), [(client, strange)], add=[strange])
    ensure(len(stage.victor.members) == len(stage.all), "it is a member")


class _Everything:
    """Knows every type of extension."""

    def __contains__(self, code: object) -> bool:
        return True


_GARBLED: Final = (Extension(ExtensionType.app_data_dictionary, b"\xff"),)


@breaks("APP-DATA-1", portable=False)
def an_add_with_a_garbled_app_data_dictionary(stage: Stage) -> Trial:
    """Mallory commits to add a client; no dictionary is in its app_data_dictionary."""
    _, package = stage.newcomer()
    bad = forge.repackaged(package, extensions=_GARBLED)
    return committed_add(stage, bad, package, "APP-DATA-1")


@breaks("APP-DATA-1", portable=False)
def an_add_with_a_garbled_app_data_dictionary_in_the_leaf(stage: Stage) -> Trial:
    """Mallory proposes to add a client; no dictionary is in its leaf's app_data_dictionary."""
    _, package = stage.newcomer()
    bad = packaged(package, with_fields(extensions=_GARBLED))
    return proposed_add(stage, bad.package, package.package)


def _picky(check: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    def key_package(checker: Checker, package: KeyPackage, *given: object) -> list[Any]:
        known = set(ExtensionType)
        if any(each.extension_type not in known for each in package.extensions):
            msg = "it has an extension that nobody has heard of"
            raise PolicyError(msg).of(rule="VAL-060", section="10")
        return check(checker, package, *given)

    return key_package


@shows("VAL-060", instead=altering(("group.verify:Checker.key_package", _picky)), named="VAL-060")
def unknown_extensions_are_ignored(stage: Stage) -> None:
    """A client whose KeyPackage and leaf have extensions that nobody knows is added, and joins."""
    client, package = stage.newcomer()
    unknown = (Extension(UNHEARD_OF, b"what is it?"), Extension(GREASE[3], b"grease"))

    def extended(leaf: LeafNode) -> LeafNode:
        listed = (ExtensionType.app_data_dictionary, UNHEARD_OF, GREASE[3])
        return listing(extensions=listed)(leaf.replace(extensions=unknown))

    strange = packaged(package, extended, extensions=unknown)
    stage.epoch(stage.mallory, (), [(client, strange)], add=[strange])
    ensure(len(stage.victor.members) == len(stage.all), "it is a member")


def _boasting(capabilities: Callable[[Any], Capabilities]) -> Callable[[Any], Capabilities]:
    def listed(member: object) -> Capabilities:
        own = capabilities(member)
        return own.replace(cipher_suites=(*own.cipher_suites, UNHEARD_OF))

    return listed


@shows("VAL-061", instead=altering(("group.member:Member.capabilities", _boasting)))
def a_client_supports_what_it_lists(stage: Stage) -> None:
    """What a new KeyPackage lists is implemented, GREASE aside."""
    _, package = stage.newcomer()
    own = package.package.leaf_node.capabilities
    suites = set(own.cipher_suites).difference(GREASE)
    ensure(suites == set(SUITES), "all suites that are there are listed, and no others")
    for code in suites:
        client = stage.member().from_credential(package.package.leaf_node.credential, code)
        ensure(client.suite is get_suite(code), f"suite 0x{code:04x} works")
    for listed, known in (
        (own.versions, set(ProtocolVersion)),
        (own.extensions, set(ExtensionType)),
        (own.proposals, set(ProposalType)),
        (own.credentials, set(CredentialType)),
    ):
        ensure(known.union(GREASE).issuperset(listed), "what is listed is implemented")


@breaks("VAL-061", instead=without("VAL-039"), named="VAL-039")
def a_client_that_advertises_what_it_does_not_list(stage: Stage) -> Trial:
    """An application asks for a KeyPackage with a leaf extension that its policy does not list."""
    client = stage.member()

    def publish(extension: Extension) -> object:
        return client.key_package(leaf_extensions=[extension])

    bad, good = Extension(UNHEARD_OF, b""), Extension(ExtensionType.application_id, b"\x00")
    return Trial(DecoderVictim(publish), bad, good)


@breaks("VAL-059")
def a_key_package_of_our_own_with_an_unlisted_extension(stage: Stage) -> Trial:
    """An application asks for a KeyPackage with an extension that its policy does not list."""
    client = stage.member()

    def publish(extension: Extension) -> object:
        return client.key_package(extensions=[extension])

    bad, good = Extension(UNHEARD_OF, b""), Extension(ExtensionType.last_resort, b"")
    return Trial(DecoderVictim(publish), bad, good)
