"""Groups in every post-quantum suite: their whole life, moved there, and what does not fit."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import CoveyError, StorageError
from covey.mls.crypto.dialects import OPENMLS_0_9, PRIVATE, SPOKEN, TS_MLS_2, get_suite, speak
from covey.mls.group import identities
from group_samples import agree, everyone, found, member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covey.mls.crypto.dialects import Dialect
    from covey.mls.structs.key_package import KeyPackage

X_WING, MLDSA44, PURE = 0xFC01, 0xFC09, 0xFC0B
SUITES = pytest.mark.parametrize(
    "suite", [*PRIVATE.suites, *TS_MLS_2.suites], ids=lambda code: get_suite(code).name
)


@contextmanager
def speaking(*dialects: Dialect) -> Iterator[None]:
    """Speak these for a while."""
    speak(*dialects)
    try:
        yield
    finally:
        speak(*SPOKEN)


@SUITES
def test_a_group_lives(suite: int) -> None:
    groups = found("abc", suite)
    agree(groups)
    alice, bob, carol = groups
    for sender in groups:
        sent = sender.protect(b"hello from " + bytes([sender.own_index]))
        for other in groups:
            if other is not sender:
                event = other.receive(sent)
                assert isinstance(event, mls.MessageReceived)
                assert event.data == b"hello from " + bytes([sender.own_index])
    everyone(groups, bob.propose_update())
    pending = alice.commit()
    everyone(groups, pending.message)
    agree(groups)
    dave = member("d", suite)
    package = dave.key_package()
    pending = carol.commit(add=[package.message], path=True)
    everyone(groups, pending.message)
    newcomer = mls.Group.join(dave, package, pending.welcome)
    everyone([alice, carol, newcomer], alice.commit(remove=[bob.own_index]).message)
    agree([alice, carol, newcomer])
    erin = member("e", suite)
    joined = mls.Group.join_externally(erin, carol.group_info())
    everyone([alice, carol, newcomer], joined.commit)
    agree([alice, carol, newcomer, joined.group])


def test_a_group_lives_in_the_suite_that_openmls_had_before_the_draft() -> None:
    with speaking(OPENMLS_0_9):
        test_a_group_lives(0x004D)


@SUITES
def test_a_stored_group_is_the_same(suite: int) -> None:
    alice, bob = found("ab", suite)
    again = mls.Group.restore(alice.snapshot())
    event = bob.receive(again.protect(b"from the store"))
    assert isinstance(event, mls.MessageReceived)
    assert mls.Member.decode(member("x", suite).encode()).suite is get_suite(suite)


def test_a_stored_group_names_its_dialect() -> None:
    with speaking(OPENMLS_0_9):
        kept = found("a", 0x004F)[0].snapshot()
    with pytest.raises(StorageError, match=r"0x004f of the dialect 'openmls-0.9'.*'draft-06-openm"):
        mls.Group.restore(kept)
    with speaking(PRIVATE), pytest.raises(StorageError, match=r"'openmls-0.9'.* not known here"):
        mls.Group.restore(kept)
    with speaking(OPENMLS_0_9):
        again = mls.Group.restore(kept)
        assert (again.suite.dialect, again.snapshot()) == ("openmls-0.9", kept)


@pytest.mark.parametrize("kind", [mls.Member, mls.PrivateKeyPackage])
def test_what_is_stored_of_a_client_names_its_dialect(
    kind: type[mls.Member | mls.PrivateKeyPackage],
) -> None:
    with speaking(OPENMLS_0_9):
        alice = member("a", 0x004F)
        made = alice if kind is mls.Member else alice.key_package()
        kept = made.encode()
    with pytest.raises(StorageError, match=r"0x004f of the dialect 'openmls-0.9'.*'draft-06-openm"):
        kind.decode(kept)
    with speaking(PRIVATE), pytest.raises(StorageError, match=r"'openmls-0.9'.*not known here"):
        kind.decode(kept)
    with speaking(OPENMLS_0_9):
        assert kind.decode(kept).encode() == kept
    name = kept.index(b"openmls-0.9")
    for broken in (kept[:-1], kept[:name] + b"\xff" + kept[name + 1 :], kept[:2]):
        with speaking(OPENMLS_0_9), pytest.raises(StorageError, match="this is no stored"):
            kind.decode(broken)


def test_what_was_stored_of_a_client_before_it_named_its_dialect_is_read() -> None:
    alice = member("a", X_WING)
    stored = identities.StoredMember(1, X_WING, alice.credential, alice.signer).encode()
    assert mls.Member.decode(stored).suite is get_suite(X_WING)
    with speaking(TS_MLS_2), pytest.raises(StorageError, match="of no use"):
        mls.Member.decode(stored)
    classical = member("a")
    plain = identities.StoredMember(1, 1, classical.credential, classical.signer).encode()
    assert classical.encode() == plain


def test_a_group_of_before_it_named_its_dialect_is_read() -> None:
    [alice] = found("a", X_WING)
    put = dict(alice.changes().put)
    assert put.pop(b"L") == b"private"
    assert mls.Group.load(put).suite is get_suite(X_WING)
    with speaking(TS_MLS_2), pytest.raises(StorageError, match="suite 0xfc01, and that number"):
        mls.Group.load(put)
    with pytest.raises(StorageError, match="damaged"):
        mls.Group.load({**put, b"L": b"\xff"})


def test_a_group_of_the_rfcs_suites_names_no_dialect() -> None:
    [alice] = found("a", 1)
    put = dict(alice.changes().put)
    assert b"L" not in put
    with speaking():
        assert mls.Group.load(put).suite is get_suite(1)
    with pytest.raises(StorageError, match="of the dialect 'private'"):
        mls.Group.load({**put, b"L": b"private"})


@pytest.mark.parametrize("old", [1, X_WING])
@pytest.mark.parametrize("new", [X_WING, MLDSA44, PURE])
def test_a_group_is_continued_in_a_post_quantum_suite(old: int, new: int) -> None:
    alice, bob = found("ab", old)
    everyone([alice, bob], alice.commit(reinit=mls.ReInit(b"next", 1, new, ())).message)
    first, second = member("a", new), member("b", new)
    package = second.key_package()
    begun = alice.reinitialize(first, [package.message])
    joined = mls.Group.join(second, package, begun.welcome, successor_of=bob)
    agree([begun.group, joined])
    assert joined.suite is get_suite(new)


def test_a_key_package_of_another_suite_is_no_member() -> None:
    """Not even of one whose keys have the same form."""
    [alice] = found("a", X_WING)
    for other in (1, 0xFC02, 0x004F, 0x0008, 0xF00D, MLDSA44):
        package = member("b", other).key_package()
        with pytest.raises(CoveyError, match="VAL-0"):
            alice.commit(add=[package.message])


def test_what_was_changed_is_refused() -> None:
    alice, bob = found("ab", MLDSA44)
    before = bob.snapshot()
    message = alice.commit(path=True).message
    for place in (40, len(message) // 2, len(message) - 1):
        bad = bytearray(message)
        bad[place] ^= 1
        with pytest.raises(CoveyError) as refused:
            bob.receive(bytes(bad))
        assert refused.value.rule
        assert bob.snapshot() == before
    bob.receive(message)
    assert bob.epoch == 2


@pytest.mark.parametrize("suite", [X_WING, MLDSA44, 0xFC05, 0xFC0B])
def test_a_welcome_that_was_changed_is_refused(suite: int) -> None:
    carol = member("c", suite)
    package = carol.key_package()
    welcome = found("ab", suite)[0].commit(add=[package.message]).welcome
    assert welcome is not None
    for place in (6, 60, len(welcome) // 2, len(welcome) - 1):
        bad = bytearray(welcome)
        bad[place] ^= 1
        with pytest.raises(CoveyError) as refused:
            mls.Group.join(carol, package, bytes(bad))
        assert refused.value.rule, place
    assert mls.Group.join(carol, package, welcome).epoch == 2


def test_what_a_client_supports_is_listed() -> None:
    assert member("a", X_WING, mls.Policy(grease=False)).capabilities().cipher_suites == (
        *range(1, 8),
        X_WING,
    )
    policy = mls.Policy(grease=False, suites=(X_WING, 1, MLDSA44))
    listed = member("a", 1, policy).capabilities().cipher_suites
    assert listed == (*range(1, 8), X_WING, MLDSA44)


def _bent(field: str, bend: Callable[[bytes], bytes]) -> KeyPackage:
    package = member("c", MLDSA44).key_package().package
    return package.replace(**{field: bend(getattr(package, field))})


@pytest.mark.parametrize(
    ("package", "rule"),
    [
        (lambda: member("c", 1).key_package().package, "VAL-052"),
        (lambda: member("c", X_WING).key_package().package, "VAL-052"),
        (lambda: _bent("init_key", lambda key: b"\xff" * len(key)), "VAL-057"),
        (lambda: _bent("init_key", lambda key: key[:-1]), "VAL-057"),
        (lambda: _bent("signature", lambda made: bytes(len(made))), "VAL-055"),
        (lambda: _bent("signature", lambda made: made[:-1]), "VAL-055"),
    ],
    ids=["classical", "hybrid", "no key", "half a key", "no signature", "half a signature"],
)
def test_who_is_not_of_the_suite_is_refused_by_its_rule(
    package: Callable[[], KeyPackage], rule: str
) -> None:
    [alice] = found("a", MLDSA44)
    with pytest.raises(CoveyError) as refused:
        alice.commit(add=[package()])
    assert refused.value.rule == rule


@pytest.mark.parametrize("suite", [1, MLDSA44], ids=["classical", "another hybrid"])
def test_a_group_that_continues_another_is_not_downgraded(suite: int) -> None:
    """Who makes it, or brings it, does not choose its suite: the ReInit has."""
    alice, bob = found("ab", X_WING)
    everyone([alice, bob], alice.commit(reinit=mls.ReInit(b"next", 1, PURE, ())).message)
    first, second = member("a", suite), member("b", suite)
    package = second.key_package()
    with pytest.raises(CoveyError) as refused:
        alice.reinitialize(first, [package.message])
    assert refused.value.rule == "VAL-202"
