"""RFC 9420 §11, §13.5: groups as they begin, and values that mean nothing. May import the forge."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.newcomers import DICTIONARY, able_to, unable
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, always, without, without_rules
from covey.lab.adversary.victims import DecoderVictim, MemberVictim, Trial
from covey.lab.conformance.generate.scenes import NOW
from covey.mls.crypto import suites
from covey.mls.group.group import Group
from covey.mls.group.member import Member
from covey.mls.structs.extensions import Extension
from covey.mls.tree.census import Kind
from covey.mls.wire.code_points import GREASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covey.lab.adversary.stage import Stage
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.member import PrivateKeyPackage

GREASED = Extension(GREASE[3], b"")
"""An extension that means nothing."""


# --- how a group begins ---------------------------------------------------------------------


def _from_nothing(original: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda suite, _, *given: original(suite, b"", *given)


_no_first_interim = altering(("schedule.transcript:confirmed", _from_nothing))


@breaks("VAL-219", instead=_no_first_interim, named="VAL-157")
def a_first_transcript_that_begins_with_nothing(stage: Stage) -> Trial:
    """The first commit goes on from an empty interim hash, as it was in early drafts of MLS."""
    group = Group.create(stage.member(), ports=stage.ports())
    info, client = group.group_info(), stage.member()
    with _no_first_interim():
        bad = Group.join_externally(client, info, ports=stage.ports())
    good = Group.join_externally(client, info, ports=stage.ports())
    return Trial(MemberVictim(group), bad.commit, good.commit)


def _from_zeros(original: Callable[..., Any]) -> Callable[..., Any]:
    def from_epoch_secret(suite: Suite, _: bytes) -> object:
        return original(suite, suite.zero)

    return from_epoch_secret


@shows("VAL-219", instead=altering(("schedule.key_schedule:from_epoch_secret", _from_zeros)))
def a_group_begins_with_random_secrets(stage: Stage) -> None:
    """A new group is in epoch 0, without a transcript; its secrets are those of no other group."""
    client = stage.member()
    one, other = (Group.create(client, group_id=b"new", ports=stage.ports()) for _ in range(2))
    ensure(one.epoch == 0, "the first epoch is 0")
    ensure(one.context.confirmed_transcript_hash == b"", "nothing has been confirmed")
    ensure(len(one.members) == 1, "it has one member")
    ensure(one.epoch_authenticator != other.epoch_authenticator, "the epoch_secret is random")


_any_suite = altering(("group.founding:check_suite_is_best", always(value=None)))


@breaks("VAL-220", instead=_any_suite)
def a_suite_that_is_not_the_best(stage: Stage) -> Trial:
    """The application founds a group though all members support a suite that it likes better."""
    founder, ports = stage.member(), stage.ports()
    better = 3 if stage.suite.code != 3 else 1
    ports.policy = replace(ports.policy, suites=(better, stage.suite.code))
    able, lacking = stage.newcomer()[1], stage.newcomer()[1]
    lacking = unable(lacking, cipher_suites=(stage.suite.code,))

    def found(packages: list[PrivateKeyPackage]) -> object:
        return Group.found(founder, [each.message for each in packages], ports=ports)

    return Trial(DecoderVictim(found), [able], [able, lacking])


# --- what new members support ---------------------------------------------------------------


@breaks("VAL-221")
def adding_somebody_without_the_extensions_of_the_group(stage: Stage) -> Trial:
    """The application adds a client that does not support an extension of the group."""
    stage.commit(stage.alice, extensions=[DICTIONARY])
    able, lacking = stage.newcomer()[1], unable(stage.newcomer()[1], extensions=())
    victim = stage.sender(lambda group, package: group.commit(add=[package.message]))
    return Trial(victim, lacking, able)


@breaks("VAL-221")
def somebody_is_added_without_the_extensions_of_the_group(stage: Stage) -> Trial:
    """A commit adds a client that does not support an extension of the group."""
    stage.commit(stage.alice, extensions=[DICTIONARY])
    able, lacking = stage.newcomer()[1], unable(stage.newcomer()[1], extensions=())
    bad = forge.committed(stage.mallory, "VAL-221", add=[lacking.message])
    return Trial(stage.victim(), bad.message, stage.mallory.commit(add=[able.message]).message)


# --- GREASE -----------------------------------------------------------------------------------


def _or_grease(original: Callable[..., str | None]) -> Callable[..., str | None]:
    def duplicate_types(extensions: tuple[Extension, ...]) -> str | None:
        if any(each.extension_type in GREASE for each in extensions):
            return "GREASE"
        return original(extensions)

    return duplicate_types


@shows("VAL-222", instead=altering(("rules.leaves:duplicate_types", _or_grease)), named="VAL-014")
def grease_is_taken_like_any_unknown_value(stage: Stage) -> None:
    """A client whose KeyPackage and leaf are full of GREASE joins like any other."""
    client, package = stage.newcomer()
    capabilities = package.package.leaf_node.capabilities
    greased = {
        name: (*getattr(capabilities, name), *GREASE)
        for name in ("versions", "cipher_suites", "extensions", "proposals", "credentials")
    }
    leaf = {
        "capabilities": capabilities.replace(**{**greased, "extensions": (6, *GREASE)}),
        "extensions": tuple(Extension(each, b"?") for each in GREASE[:2]),
    }
    package = forge.repackaged(package, leaf=leaf, extensions=(Extension(GREASE[2], b"?"),))
    pending = stage.mallory.commit(add=[package.message], info_extensions=[GREASED])
    stage.victor.receive(pending.message)
    joined = stage.joiner(client, package).attempt(pending.welcome)
    ensure(joined.epoch_authenticator == stage.victor.epoch_authenticator, "they agree")


def _listing_all(_: object) -> Callable[[Any], Counter[int]]:
    """Counts GREASE like any other value."""

    def listed(tally: Any) -> Counter[int]:  # noqa: ANN401 - what counts in a census
        counted = Counter[int]()
        for (kind, codes), times in tally._lists.items():  # noqa: SLF001 - in its place
            for code in set(codes):
                counted[kind << 16 | code] += times
        return counted

    return listed


_counting_grease = altering(("tree.census:_Tally.listed", _listing_all))


@shows("VAL-222", instead=_counting_grease)
def grease_is_support_for_nothing(stage: Stage) -> None:
    """What all members list does not count as supported when it is GREASE."""
    founder = able_to(stage, GREASE[3])
    group = Group.create(founder, ports=stage.ports())
    leaf = group.tree.leaf(0)
    assert leaf is not None
    ensure(GREASE[3] in leaf.capabilities.extensions, "the only member lists it")
    supported = group.tree.census.all_support(Kind.extension, GREASE[3])
    ensure(not supported, "GREASE stands for no extension")


_unsupported = without("VAL-223", "VAL-046")


@contextmanager
def _like_any_other() -> Iterator[None]:
    with without_rules("VAL-223"), _counting_grease():
        yield


@breaks("VAL-223", instead=_like_any_other)
def a_group_with_an_extension_of_grease(stage: Stage) -> Trial:
    """The GroupContext has an extension of a GREASE type, which all members list."""
    founder, client = able_to(stage, GREASE[3]), able_to(stage, GREASE[3])
    package = client.key_package(now=NOW)
    with _like_any_other():
        group = Group.create(founder, extensions=[GREASED], ports=stage.ports())
        bad = group.commit(add=[package.message])
    group.discard(bad)
    good = group.commit(add=[package.message], extensions=[])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


@breaks("VAL-223", instead=_unsupported)
def grease_among_the_new_extensions_of_a_group(stage: Stage) -> Trial:
    """A commit sets an extension of a GREASE type, which nobody can support."""
    bad = forge.committed(stage.mallory, "VAL-223", "VAL-046", extensions=[GREASED])
    good = stage.mallory.commit(extensions=[DICTIONARY])
    return Trial(stage.victim(), bad.message, good.message)


@breaks("VAL-223", instead=_unsupported)
def a_group_info_with_an_extension_of_grease(stage: Stage) -> Trial:
    """A stranger is to join a group with an extension of a GREASE type."""
    bad = forge.committed(stage.mallory, "VAL-223", "VAL-046", extensions=[GREASED])
    good = forge.committed(stage.mallory, extensions=[])
    return Trial(stage.outsider(), bad.group_info(), good.group_info())


@breaks("VAL-223", instead=_unsupported)
def asking_for_an_extension_of_grease(stage: Stage) -> Trial:
    """The application sets an extension of a GREASE type."""
    victim = stage.sender(lambda group, extension: group.commit(extensions=[extension]))
    return Trial(victim, GREASED, DICTIONARY)


# --- what every client implements -----------------------------------------------------------


def _without_the_first(suites: dict[int, Suite]) -> dict[int, Suite]:
    return {code: suite for code, suite in suites.items() if code != 1}


@shows("VAL-224", instead=altering(("crypto.suites:SUITES", _without_the_first)))
def the_first_suite_is_implemented(stage: Stage) -> None:
    """Two clients with suite 0x0001 make a group and agree."""
    ensure(1 in suites.SUITES, "it is there")
    founder, client = (Member.basic(each, 1, entropy=stage.entropy) for each in (b"one", b"two"))
    package = client.key_package(now=NOW)
    founded = Group.found(founder, [package.message], ports=stage.ports())
    joined = stage.joiner(client, package).attempt(founded.welcome)
    ensure(joined.epoch_authenticator == founded.group.epoch_authenticator, "they agree")
