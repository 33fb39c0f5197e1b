"""Groups that continue another, rightly or not (RFC 9420 §11.2, §11.3). May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.crypto.dialects import get_suite
from covey.mls.group import psks
from covey.mls.group.group import Group
from covey.mls.group.member import Member
from covey.mls.wire.code_points import ResumptionPSKUsage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.lab.adversary.stage import Stage
    from covey.lab.adversary.victims import JoinerVictim
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.group.results import Founded
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.schedule import PreSharedKeyID

APPLICATION = ResumptionPSKUsage.application
REINIT = ResumptionPSKUsage.reinit
BRANCH = ResumptionPSKUsage.branch


def again(stage: Stage, group: Group, suite: int | None = None) -> Member:
    """The client whose leaf a group shows, with a fresh signature key for another group."""
    leaf = group.tree.leaf(group.own_index)
    assert leaf is not None
    return Member.from_credential(
        leaf.credential,
        stage.suite.code if suite is None else suite,
        policy=group.ports.policy,
        entropy=stage.entropy,
    )


def linking(
    stage: Stage,
    group: Group,
    usage: ResumptionPSKUsage,
    *,
    epoch: int | None = None,
    suite: int | None = None,
) -> PreSharedKeyID:
    """The resumption PSK of an epoch of a group, by default of the current one.

    Args:
        stage: Where it happens.
        group: Whose PSK it is.
        usage: What it is said to be used for.
        epoch: Which epoch of the group.
        suite: That of the group in which it is used, by default the same.
    """
    nonce = stage.entropy((group.suite if suite is None else get_suite(suite)).Nh)
    return psks.resumption_id(usage, group.group_id, group.epoch if epoch is None else epoch, nonce)


def continuing(stage: Stage, suite: int | None = None) -> JoinerVictim:
    """Victor, who is invited into a group that continues the one of the stage."""
    client = again(stage, stage.victor, suite)
    package = client.key_package(now=stage.victor.ports.now())
    return stage.joiner(client, package)._replace(continues=stage.victor)


def invited(
    stage: Stage, groups: Iterable[Group], suite: int | None = None
) -> list[PrivateKeyPackage]:
    """Fresh KeyPackages of members."""
    return [again(stage, each, suite).key_package(now=each.ports.now()) for each in groups]


def founded(
    stage: Stage,
    packages: Sequence[PrivateKeyPackage],
    links: Sequence[PreSharedKeyID],
    *,
    group_id: bytes = b"successor",
    extensions: Iterable[Extension] = (),
    linked: Group | None = None,
) -> Founded[Group]:
    """A group that Mallory founds; nothing checks whether it continues another rightly.

    Args:
        stage: Where it happens.
        packages: Of the others.
        links: The PSKs of other groups that it is made with.
        group_id: Of the new group.
        extensions: Of its GroupContext.
        linked: Another group of hers, whose PSKs are at hand besides the stage's.
    """
    ports = stage.ports().linked_to(stage.mallory)
    return Group.found(
        again(stage, stage.mallory, packages[0].package.cipher_suite),
        [each.message for each in packages],
        group_id=group_id,
        extensions=extensions,
        psks=links,
        ports=ports if linked is None else ports.linked_to(linked),
        successor=True,
    )
