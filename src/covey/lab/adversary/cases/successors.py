"""RFC 9420 §11.2, §11.3: groups that do not continue another rightly. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge.signed import committed
from covey.lab.adversary.forge.successors import (
    APPLICATION,
    BRANCH,
    REINIT,
    again,
    continuing,
    founded,
    invited,
    linking,
)
from covey.lab.adversary.taking_out import without, without_rules
from covey.lab.adversary.victims import Trial
from covey.mls.structs.components import AppDataDictionary
from covey.mls.structs.extensions import Extension
from covey.mls.structs.proposals import ReInit
from covey.mls.wire.code_points import ExtensionType, ProtocolVersion

if TYPE_CHECKING:
    from covey.lab.adversary.stage import Stage
    from covey.lab.adversary.victims import JoinerVictim
    from covey.mls.group.group import Group
    from covey.mls.group.member import PrivateKeyPackage

NEXT: Final = b"successor"
"""The group_id of the group that continues the one on the stage."""


# --- reinitialization ------------------------------------------------------------------------


def _end(stage: Stage, **changes: Any) -> None:  # noqa: ANN401 - any field of a ReInit
    """Let Alice end the group by a ReInit."""
    reinit = ReInit(NEXT, ProtocolVersion.mls10, stage.suite.code, ())
    with without_rules("VAL-122"):
        stage.commit(stage.alice, reinit=reinit.replace(**changes))


def _everybody(
    stage: Stage, suite: int | None = None
) -> tuple[JoinerVictim, list[PrivateKeyPackage]]:
    """Victor, and the KeyPackages of everybody but Mallory, his own first."""
    victim = continuing(stage, suite)
    rest = [group for group in stage.groups if group is not stage.mallory]
    return victim, [victim.package, *invited(stage, rest, suite)]


@breaks("VAL-202", portable=False)
def a_successor_with_another_group_id(stage: Stage) -> Trial:
    """The group that continues ours after a ReInit has another group_id than the ReInit says."""
    _end(stage)
    victim, packages = _everybody(stage)
    links = [linking(stage, stage.mallory, REINIT)]
    bad = founded(stage, packages, links, group_id=b"another")
    return Trial(victim, bad.welcome, founded(stage, packages, links).welcome)


@breaks("VAL-202", portable=False)
def a_successor_with_other_extensions(stage: Stage) -> Trial:
    """The group that continues ours after a ReInit has other extensions than the ReInit says."""
    _end(stage)
    victim, packages = _everybody(stage)
    links = [linking(stage, stage.mallory, REINIT)]
    more = Extension(ExtensionType.app_data_dictionary, AppDataDictionary(()).encode())
    bad = founded(stage, packages, links, extensions=[more])
    return Trial(victim, bad.welcome, founded(stage, packages, links).welcome)


def _continued_or_not(stage: Stage) -> Trial:
    """A new group of all members, which says that it continues the old one; and a branch."""
    victim, packages = _everybody(stage)
    bad, good = (
        founded(stage, packages, [linking(stage, stage.mallory, usage)])
        for usage in (REINIT, BRANCH)
    )
    return Trial(victim, bad.welcome, good.welcome)


@breaks("VAL-202", portable=False)
def a_successor_of_another_suite(stage: Stage) -> Trial:
    """The group that continues ours after a ReInit has another suite than the ReInit says."""
    _end(stage, cipher_suite=3 if stage.suite.code != 3 else 1)
    return _continued_or_not(stage)


@breaks("VAL-202", portable=False)
def a_successor_of_another_version(stage: Stage) -> Trial:
    """The group that continues ours after a ReInit has another version than the ReInit says."""
    _end(stage, version=2)
    return _continued_or_not(stage)


@breaks("VAL-203", portable=False)
def a_successor_of_an_earlier_epoch(stage: Stage) -> Trial:
    """The reinit PSK is of the epoch before the commit with the ReInit."""
    _end(stage)
    victim, packages = _everybody(stage)
    earlier = linking(stage, stage.mallory, REINIT, epoch=stage.mallory.epoch - 1)
    right = linking(stage, stage.mallory, REINIT)
    bad, good = (founded(stage, packages, [each]) for each in (earlier, right))
    return Trial(victim, bad.welcome, good.welcome)


@breaks("VAL-203", portable=False)
def a_successor_that_is_not_linked(stage: Stage) -> Trial:
    """The group that is said to continue ours after a ReInit names no PSK of that."""
    _end(stage)
    victim, packages = _everybody(stage)
    bad, good = (
        founded(stage, packages, [linking(stage, stage.mallory, usage)])
        for usage in (APPLICATION, REINIT)
    )
    return Trial(victim, bad.welcome, good.welcome)


@breaks("VAL-203", portable=False)
def a_branch_of_another_group(stage: Stage) -> Trial:
    """The PSK is of another group than the one that is said to be continued."""
    victim = continuing(stage)
    ours, theirs = _side_group(stage)
    ports = victim.ports.linked_to(theirs)
    links = [linking(stage, each, BRANCH) for each in (ours, stage.mallory)]
    bad, good = (founded(stage, [victim.package], [each], linked=ours) for each in links)
    return Trial(victim._replace(ports=ports), bad.welcome, good.welcome)


def _side_group(stage: Stage) -> tuple[Group, Group]:
    """Another group of Mallory and Victor: as she sees it, and as he does."""
    victor = continuing(stage)
    link = linking(stage, stage.mallory, BRANCH)
    side = founded(stage, [victor.package], [link], group_id=b"side")
    return side.group, victor.attempt(side.welcome)


@breaks("VAL-204", portable=False)
def a_reinitialization_that_nobody_has_committed(stage: Stage) -> Trial:
    """A new group of all members continues the old one, in which there was no ReInit."""
    victim, packages = _everybody(stage)
    bad, good = (
        founded(stage, packages, [linking(stage, stage.mallory, usage)])
        for usage in (REINIT, BRANCH)
    )
    return Trial(victim, bad.welcome, good.welcome)


@breaks("VAL-196", portable=False)
def a_successor_that_has_gone_on(stage: Stage) -> Trial:
    """The last of the old members is invited into the successor when it is in epoch 2."""
    _end(stage)
    victim, packages = _everybody(stage)
    links = [linking(stage, stage.mallory, REINIT)]
    begun = founded(stage, packages[1:], links).group
    bad = committed(begun, "VAL-206", add=[victim.package.message], psks=links)
    return Trial(victim, bad.welcome, founded(stage, packages, links).welcome)


@breaks("VAL-205", portable=False)
def a_successor_without_one_of_the_members(stage: Stage) -> Trial:
    """One of the old members is not in the group that continues the old one."""
    _end(stage)
    victim, packages = _everybody(stage)
    links = [linking(stage, stage.mallory, REINIT)]
    bad = founded(stage, packages[:-1], links)
    return Trial(victim, bad.welcome, founded(stage, packages, links).welcome)


@breaks("VAL-205")
def leaving_one_of_the_members_behind(stage: Stage) -> Trial:
    """The application reinitializes the group without one of its members."""
    _end(stage)
    packages = invited(stage, stage.groups)

    def ask(group: Group, chosen: list[PrivateKeyPackage]) -> object:
        return group.reinitialize(again(stage, stage.victor), [each.message for each in chosen])

    return Trial(stage.sender(ask), packages[1:], packages)


# --- branching ----------------------------------------------------------------------------------


@breaks("VAL-207", portable=False)
def a_branch_of_another_suite(stage: Stage) -> Trial:
    """A branch has another suite than the group that it continues."""
    suite = 3 if stage.suite.code != 3 else 1
    victim = continuing(stage, suite)
    bad, good = (
        founded(stage, [victim.package], [linking(stage, stage.mallory, usage, suite=suite)])
        for usage in (BRANCH, APPLICATION)
    )
    return Trial(victim, bad.welcome, good.welcome)


@breaks("VAL-208", portable=False)
def a_branch_with_a_stranger(stage: Stage) -> Trial:
    """A branch has a member who was not in the group that it continues."""
    victim = continuing(stage)
    stranger = stage.newcomer()[1]
    links = [linking(stage, stage.mallory, BRANCH)]
    bad = founded(stage, [victim.package, stranger], links)
    return Trial(victim, bad.welcome, founded(stage, [victim.package], links).welcome)


@breaks("VAL-208")
def inviting_a_stranger_into_a_branch(stage: Stage) -> Trial:
    """The application branches the group with somebody who is no member."""
    [member], stranger = invited(stage, [stage.dave]), stage.newcomer()[1]

    def ask(group: Group, package: PrivateKeyPackage) -> object:
        return group.branch(again(stage, stage.victor), [package.message])

    return Trial(stage.sender(ask), stranger, member)


@breaks("VAL-199", instead=without("VAL-120"), portable=False)
def a_nonce_as_long_as_in_the_old_group(stage: Stage) -> Trial:
    """The nonce of a reinit PSK has the length of the old group's hash, not of the new one's."""
    suite = 7 if stage.suite.Nh != 48 else 1
    _end(stage, cipher_suite=suite)
    victim, packages = _everybody(stage, suite)
    link = linking(stage, stage.mallory, REINIT)
    right = linking(stage, stage.mallory, REINIT, suite=suite)
    with without_rules("VAL-120"):
        bad = founded(stage, packages, [link])
    return Trial(victim, bad.welcome, founded(stage, packages, [right]).welcome)
