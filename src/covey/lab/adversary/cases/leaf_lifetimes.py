"""RFC 9420 §7.2, §7.3: leaves before and after their time. May import the forge."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.leaves import beside, in_add, packaged
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering
from covey.lab.adversary.victims import JoinerVictim, Trial
from covey.lab.conformance.generate.scenes import NOW
from covey.mls.group.events import EpochChanged
from covey.mls.group.policy import DAY
from covey.mls.structs.tree import LeafNode, Lifetime

if TYPE_CHECKING:
    from covey.lab.adversary.stage import Stage
    from covey.mls.group.core import Ports
    from covey.mls.group.group import Group

# --- VAL-036 … VAL-038: lifetimes -------------------------------------------------------


def _add(group: Group, package: bytes) -> object:
    return group.commit(add=[package])


def _propose_add(group: Group, package: bytes) -> object:
    return group.propose_add(package)


@breaks("VAL-036")
def a_commit_of_an_expired_key_package(stage: Stage) -> Trial:
    """Victor's application commits to add a client whose KeyPackage expired ten days ago."""
    client = stage.member()
    bad = client.key_package(now=NOW - 100 * DAY).message
    return Trial(stage.sender(_add), bad, client.key_package(now=NOW).message)


@breaks("VAL-036")
def a_proposal_of_an_expired_key_package(stage: Stage) -> Trial:
    """Victor's application proposes to add a client whose KeyPackage expired ten days ago."""
    client = stage.member()
    bad = client.key_package(now=NOW - 100 * DAY).message
    return Trial(stage.sender(_propose_add), bad, client.key_package(now=NOW).message)


@breaks("VAL-036")
def a_commit_of_a_key_package_of_the_future(stage: Stage) -> Trial:
    """Victor's application commits to add a client whose KeyPackage is valid from tomorrow."""
    client = stage.member()
    bad = client.key_package(now=NOW + DAY).message
    return Trial(stage.sender(_add), bad, client.key_package(now=NOW).message)


def _judging(ports: Ports) -> Ports:
    """Ports whose policy judges the lifetimes of what is received, too."""
    ports.policy = dataclasses.replace(ports.policy, received_lifetimes=True)
    return ports


@breaks("VAL-037", portable=False)
def an_add_of_an_expired_key_package(stage: Stage) -> Trial:
    """Mallory adds a client whose KeyPackage expired ten days ago; Victor looks at the clock."""
    client = stage.member()
    _judging(stage.victor.ports)
    bad = forge.committed(stage.mallory, "VAL-037", add=[client.key_package(now=NOW - 100 * DAY)])
    good = stage.mallory.commit(add=[client.key_package(now=NOW)])
    return Trial(stage.victim(), bad.message, good.message)


@breaks("VAL-037", portable=False)
def a_welcome_with_an_expired_leaf(stage: Stage) -> Trial:
    """In the tree of a Welcome a leaf has expired; the newcomer looks at the clock."""
    client = stage.member()
    expired, fresh = client.key_package(now=NOW - 100 * DAY), client.key_package(now=NOW)
    trial = beside(stage, expired, fresh, "VAL-037")
    assert isinstance(trial.victim, JoinerVictim)
    _judging(trial.victim.ports)
    return trial


def _always_now(_: object) -> property:
    return property(lambda check: check.now)


@shows(
    "VAL-037", instead=altering(("group.verify:Checker.judged_at", _always_now)), named="VAL-037"
)
def who_comes_late_still_follows(stage: Stage) -> None:
    """A commit whose KeyPackage has expired while it was on its way is taken by default."""
    pending = stage.mallory.commit(add=[stage.member().key_package(now=NOW)])
    stage.victor.ports.now = lambda: NOW + 365 * DAY
    event = stage.victor.receive(pending.message)
    ensure(isinstance(event, EpochChanged), "who comes late follows")


def _endless(leaf: LeafNode) -> LeafNode:
    return leaf.replace(lifetime=Lifetime(0, (1 << 64) - 1))


@breaks("VAL-038", portable=False)
def an_add_with_an_endless_lifetime(stage: Stage) -> Trial:
    """Mallory adds a client whose KeyPackage never expires."""
    return in_add(stage, _endless, "VAL-038")


@breaks("VAL-038", portable=False)
def a_welcome_with_an_endless_lifetime(stage: Stage) -> Trial:
    """In the tree of a Welcome stands a leaf that never expires."""
    _, package = stage.newcomer()
    return beside(stage, packaged(package, _endless), package, "VAL-038")
