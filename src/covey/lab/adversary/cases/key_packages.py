"""RFC 9420 §10: KeyPackages that may not be used. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.leaves import (
    UNHEARD_OF,
    committed_add,
    packaged,
    proposed_add,
    unread,
    with_fields,
)
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, always
from covey.lab.adversary.victims import Trial
from covey.mls.group.member import PrivateKeyPackage
from covey.mls.structs.extensions import Extension
from covey.mls.structs.key_package import is_last_resort
from covey.mls.wire.code_points import (
    LeafNodeSource,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.group import Group
    from covey.mls.group.join import Joined

SIGNATURE_UNREAD: Final = unread("KeyPackageTBS")
_OTHER_SUITE: Final = {1: 3, 3: 1}
"""Suites with the same kinds of keys: nothing else is wrong with a KeyPackage of the other."""


def _invited(group: Group, package: bytes) -> object:
    """What the application of a member does with a KeyPackage that it has downloaded."""
    return group.commit(add=[package])


def _proposed(stage: Stage, bad: PrivateKeyPackage, good: PrivateKeyPackage) -> Trial:
    return proposed_add(stage, bad.package, good.package)


def _downloaded(stage: Stage, bad: PrivateKeyPackage, good: PrivateKeyPackage) -> Trial:
    return Trial(stage.sender(_invited), bad.message, good.message)


# --- VAL-052, VAL-053: suite and version ------------------------------------------------


@breaks("VAL-052", suites=(1, 3))
def an_add_of_another_suite(stage: Stage) -> Trial:
    """Mallory commits to add a client whose KeyPackage is of another cipher suite."""
    _, package = stage.newcomer()
    bad = forge.repackaged(package, cipher_suite=_OTHER_SUITE[stage.suite.code])
    return committed_add(stage, bad, package, "VAL-052")


@breaks("VAL-052")
def an_add_of_another_version(stage: Stage) -> Trial:
    """Mallory proposes to add a client whose KeyPackage is of another version of MLS."""
    _, package = stage.newcomer()
    return _proposed(stage, forge.repackaged(package, version=2), package)


@breaks("VAL-052", suites=(1, 3))
def a_download_of_another_suite(stage: Stage) -> Trial:
    """Victor's application adds a client whose KeyPackage is of another cipher suite."""
    _, package = stage.newcomer()
    bad = forge.repackaged(package, cipher_suite=_OTHER_SUITE[stage.suite.code])
    return _downloaded(stage, bad, package)


@breaks("VAL-053")
def a_download_of_another_version(stage: Stage) -> Trial:
    """Victor's application adds a client whose KeyPackage has another version than its message."""
    _, package = stage.newcomer()
    return _downloaded(stage, forge.repackaged(package, version=2), package)


# --- VAL-054: the leaf ------------------------------------------------------------------

LEAF_UNSEEN: Final = altering(("group.verify:Checker.leaf", always(None)))


@breaks("VAL-054", instead=LEAF_UNSEEN, named="VAL-039")
def an_add_with_an_invalid_leaf(stage: Stage) -> Trial:
    """Mallory proposes to add a client whose leaf has an extension that it does not list."""
    _, package = stage.newcomer()
    bad = packaged(package, with_fields(extensions=(Extension(UNHEARD_OF, b""),)))
    return _proposed(stage, bad, package)


@breaks("VAL-054", instead=LEAF_UNSEEN, named="VAL-010")
def an_add_with_an_invalid_leaf_key(stage: Stage) -> Trial:
    """Mallory proposes to add a client to whose leaf nobody can encrypt."""
    _, package = stage.newcomer()
    return _proposed(stage, packaged(package, with_fields(encryption_key=b"short")), package)


@breaks("VAL-054", instead=LEAF_UNSEEN, named="VAL-031")
def a_download_with_the_leaf_of_an_update(stage: Stage) -> Trial:
    """Victor's application adds a client whose KeyPackage has a leaf of source update."""
    _, package = stage.newcomer()
    update = with_fields(leaf_node_source=LeafNodeSource.update, lifetime=None)
    return _downloaded(stage, packaged(package, update), package)


# --- VAL-055: the signature -------------------------------------------------------------


def _with_signature(package: PrivateKeyPackage, signature: bytes) -> PrivateKeyPackage:
    changed = package.package.replace(signature=signature)
    return msgspec.structs.replace(package, package=changed)


@breaks("VAL-055", instead=SIGNATURE_UNREAD)
def an_add_that_nobody_has_signed(stage: Stage) -> Trial:
    """Mallory commits to add a client whose KeyPackage nobody has signed."""
    _, package = stage.newcomer()
    unsigned = _with_signature(package, bytes(len(package.package.signature)))
    bad = forge.committed(stage.mallory, under=SIGNATURE_UNREAD, add=[unsigned])
    return Trial(stage.victim(), bad.message, stage.mallory.commit(add=[package]).message)


@breaks("VAL-055", instead=SIGNATURE_UNREAD)
def an_add_that_somebody_else_has_signed(stage: Stage) -> Trial:
    """Mallory proposes to add a client with a KeyPackage that Mallory itself has signed."""
    _, package = stage.newcomer()
    signer = forge.epoch_of(stage.mallory).signer
    signature = forge.package_signature(stage.suite, signer, package.package)
    return _proposed(stage, _with_signature(package, signature), package)


@breaks("VAL-055", instead=SIGNATURE_UNREAD)
def an_add_with_another_init_key_than_was_signed(stage: Stage) -> Trial:
    """Mallory puts its own init_key into a client's KeyPackage, to read the Welcome."""
    _, package = stage.newcomer()
    _, own = stage.suite.generate_key_pair(stage.entropy)
    changed = package.package.replace(init_key=own)
    return proposed_add(stage, changed, package.package)


@breaks("VAL-055", instead=SIGNATURE_UNREAD)
def a_download_that_nobody_has_signed(stage: Stage) -> Trial:
    """Victor's application adds a client whose KeyPackage nobody has signed."""
    _, package = stage.newcomer()
    bad = _with_signature(package, bytes(len(package.package.signature)))
    return _downloaded(stage, bad, package)


# --- VAL-056 … VAL-058: the init_key ----------------------------------------------------


def _one_key(package: PrivateKeyPackage) -> PrivateKeyPackage:
    return forge.repackaged(package, init_key=package.package.leaf_node.encryption_key)


@breaks("VAL-056")
def an_add_with_one_key_for_two_ends(stage: Stage) -> Trial:
    """Mallory commits to add a client whose init_key is its leaf's encryption_key."""
    _, package = stage.newcomer()
    return committed_add(stage, _one_key(package), package, "VAL-056")


@breaks("VAL-056")
def a_download_with_one_key_for_two_ends(stage: Stage) -> Trial:
    """Victor's application adds a client whose init_key is its leaf's encryption_key."""
    _, package = stage.newcomer()
    return _downloaded(stage, _one_key(package), package)


@breaks("VAL-057", suites=(1, 2, 4))
def an_add_with_a_short_init_key(stage: Stage) -> Trial:
    """Mallory proposes to add a client whose init_key lacks a byte."""
    _, package = stage.newcomer()
    bad = forge.repackaged(package, init_key=package.package.init_key[:-1])
    return _proposed(stage, bad, package)


@breaks("VAL-057", suites=(1, 3, 4, 6), portable=False)  # others see when they encrypt
def an_add_with_an_init_key_of_small_order(stage: Stage) -> Trial:
    """Mallory proposes to add a client whose init_key gives the same secret to everybody."""
    _, package = stage.newcomer()
    return _proposed(stage, forge.repackaged(package, init_key=bytes(stage.suite.Npk)), package)


@breaks("VAL-057", suites=(2, 5, 7))
def an_add_with_an_init_key_off_the_curve(stage: Stage) -> Trial:
    """Mallory proposes to add a client whose init_key is no point of the curve."""
    _, package = stage.newcomer()
    key = package.package.init_key
    bad = forge.repackaged(package, init_key=key[:-1] + bytes((key[-1] ^ 1,)))
    return _proposed(stage, bad, package)


@breaks("VAL-057", suites=(2, 5, 7))
def an_add_with_a_compressed_init_key(stage: Stage) -> Trial:
    """Mallory proposes to add a client whose init_key is a compressed point."""
    _, package = stage.newcomer()
    key = package.package.init_key
    compressed = bytes((2 + (key[-1] & 1),)) + key[1 : 1 + len(key) // 2]
    return _proposed(stage, forge.repackaged(package, init_key=compressed), package)


@breaks("VAL-058", portable=False)  # the RFC asks it of one client
def two_adds_with_one_init_key(stage: Stage) -> Trial:
    """Mallory commits to add two clients with the same init_key."""
    (_, one), (_, other) = stage.newcomer(), stage.newcomer()
    same = forge.repackaged(other, init_key=one.package.init_key)
    bad = forge.committed(stage.mallory, "VAL-058", add=[one, same])
    good = stage.mallory.commit(add=[one, other])
    return Trial(stage.victim(), bad.message, good.message)


def _first_again(original: Callable[..., Any]) -> Callable[..., Any]:
    made: list[PrivateKeyPackage] = []

    def key_package(*given: object, **options: object) -> PrivateKeyPackage:
        made.append(original(*given, **options))
        return made[0]

    return key_package


@shows("VAL-058", instead=altering(("group.member:Member.key_package", _first_again)))
def every_key_package_has_its_own_init_key(stage: Stage) -> None:
    """A client makes several KeyPackages; all keys in them are different."""
    client = stage.member()
    packages = [client.key_package().package for _ in range(4)]
    keys = {each.init_key for each in packages}
    keys |= {each.leaf_node.encryption_key for each in packages}
    ensure(len(keys) == 2 * len(packages), "no key is used twice")


# --- VAL-062: used once -----------------------------------------------------------------


@shows("VAL-062", instead=altering(("group.member:_marked", always(()))))
def a_key_package_says_whether_it_is_used_once(stage: Stage) -> None:
    """A KeyPackage is for one use, unless its client and all others see that it is not."""
    client = stage.member()
    for last_resort in (False, True):
        made = client.key_package(last_resort=last_resort)
        kept = PrivateKeyPackage.decode(made.encode())
        ensure(made.last_resort is kept.last_resort is last_resort, "its holder knows it")
        ensure(is_last_resort(kept.package) is last_resort, "everybody sees it")


def _hoarding(join: Callable[..., Joined]) -> Callable[..., Joined]:
    def joined(package: PrivateKeyPackage, *given: object) -> Joined:
        made = join(package, *given)
        keys = made.epoch.private.with_keys({9: package.init_private})
        return made._replace(epoch=msgspec.structs.replace(made.epoch, private=keys))

    return joined


@shows("VAL-062", instead=altering(("group.join:join", _hoarding)))
def a_group_does_not_keep_the_init_key(stage: Stage) -> None:
    """Who has joined, and deletes its KeyPackage, has the private init key nowhere any more."""
    client, package = stage.newcomer()
    pending = stage.mallory.commit(add=[package])
    group = stage.joiner(client, package).attempt(pending.welcome)
    ensure(package.init_private not in group.snapshot(), "the init key is not kept")
