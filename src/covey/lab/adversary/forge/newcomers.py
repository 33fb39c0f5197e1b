"""Newcomers who support less, or more, than others. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.adversary.forge import signed as forge
from covey.lab.conformance.verify.passive import Trusting
from covey.mls.group.member import Member
from covey.mls.structs.components import AppDataDictionary
from covey.mls.structs.extensions import Extension
from covey.mls.wire.code_points import ExtensionType

if TYPE_CHECKING:
    from covey.lab.adversary.stage import Stage
    from covey.mls.group.member import PrivateKeyPackage

DICTIONARY: Final = Extension(ExtensionType.app_data_dictionary, AppDataDictionary(()).encode())
"""An extension that all members on the stage support."""

UNKNOWN: Final = 0xF0F0
"""A private extension type that covey does not know."""


def unable(package: PrivateKeyPackage, **lists: tuple[int, ...]) -> PrivateKeyPackage:
    """The KeyPackage of somebody whose capabilities have other lists."""
    capabilities = package.package.leaf_node.capabilities.replace(**lists)
    return forge.repackaged(package, leaf={"capabilities": capabilities})


def able_to(stage: Stage, extension_type: int) -> Member:
    """A client whose application supports one more extension type."""
    policy = Trusting(threads=1, extension_types=frozenset({extension_type}))
    name = stage.entropy(8).hex().encode()
    return Member.basic(name, stage.suite.code, policy=policy, entropy=stage.entropy)
