"""What holds a secret shows none of it, to nobody who asks in whatever way."""

from __future__ import annotations

import importlib
import os
import pkgutil
from typing import TYPE_CHECKING

import msgspec
import pytest
from rich.pretty import pretty_repr

import covey.access
import covey.mls
from covey.lab.demo import known_secrets
from covey.mls import CipherSuite, Group, Member
from covey.mls.wire.struct import Unshown, WireStruct

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

SUITE = CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def _classes() -> list[type]:
    return sorted(
        {
            value
            for package in (covey.mls, covey.access)
            for module in _modules(package)
            for value in vars(module).values()
            if isinstance(value, type) and value.__module__ == module.__name__
        },
        key=lambda cls: cls.__qualname__,
    )


def _has_own_repr(cls: type) -> bool:
    """Whether it was written, and not made by NamedTuple."""
    own = vars(cls).get("__repr__")
    return own is not None and "collections" not in own.__code__.co_filename


WITH_REPR = [
    cls
    for cls in _classes()
    if (issubclass(cls, msgspec.Struct) or hasattr(cls, "_fields"))
    and cls is not WireStruct
    and _has_own_repr(cls)
]


@pytest.mark.parametrize("cls", WITH_REPR, ids=lambda cls: cls.__name__)
def test_who_says_what_may_be_seen_says_it_to_rich_too(cls: type) -> None:
    assert issubclass(cls, Unshown) or "__rich_repr__" in vars(cls)


def test_rich_shows_no_secret_of_a_group() -> None:
    alice, bob = Member.basic(b"alice", SUITE), Member.basic(b"bob", SUITE)
    package = bob.key_package()
    group = Group.create(alice)
    pending = group.commit(add=[package])
    shown = pretty_repr([alice, bob, package, group, pending, group._state, pending.epoch])  # noqa: SLF001
    secrets = known_secrets.of_member(alice) | known_secrets.of_key_package(package)
    secrets |= known_secrets.of_group(group)
    assert len(secrets) > 5
    assert not [name for name, secret in secrets.items() if repr(secret)[2:-1] in shown]


def test_a_secret_struct_shows_no_field_to_rich() -> None:
    class Seed(WireStruct):
        secret = True
        seed: bytes

    assert "…" in repr(Seed(os.urandom(4)))
    assert pretty_repr(Seed(b"abcd")) == "Seed()"
