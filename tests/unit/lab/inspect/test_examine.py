"""Inspecting one object, whatever it is."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey import mls
from covey.errors import StateError
from covey.lab.inspect.examine import group_of, inspect, inspect_as, tree_of
from covey.lab.inspect.inspected import Form, Inspected
from covey.lab.inspect.judging.verdicts import Surroundings
from covey.lab.inspect.kinds import KINDS
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.message import MLSMessage
from group_samples import PUBLIC, found, key_package, member
from wire_samples import SAMPLES
from wire_strategies import damaged

NOW = Surroundings(now=2_000_000_000)
PACKAGE = member("a").key_package()
GROUPS = found("abc", policy=mls.Policy(handshake=PUBLIC))


def verdicts(found_: Inspected) -> set[str]:
    return {finding.rule for finding in found_.broken}


@pytest.mark.parametrize(
    "text",
    [
        PACKAGE.message,
        PACKAGE.message.hex().encode(),
        b64encode(PACKAGE.message),
        PACKAGE.package.encode(),
    ],
    ids=["raw", "hex", "base64", "bare"],
)
def test_a_key_package_is_one_in_any_encoding(text: bytes) -> None:
    inspected = inspect(text)
    assert inspected.kind == "KeyPackage"
    assert inspected.good
    assert inspected.value == PACKAGE.package
    suite = PACKAGE.package.cipher_suite
    assert dict(inspected.facts) == {
        "cipher suite": f"{get_suite(suite).name} (0x{suite:04x})",
        "quantum computers": "confidentiality not quantum-safe, authentication not quantum-safe",
        "KeyPackageRef (§5.2)": PACKAGE.reference.hex(),
    }
    assert len(inspected.form.reasons) == 2


def test_a_number_that_is_not_of_the_rfc_is_shown_with_whose_it_is() -> None:
    """Others may mean another suite by it."""
    shown = [
        dict(inspect(member("a", suite).key_package().message).facts)["cipher suite"]
        for suite in (0xFC01, 0x004F)
    ]
    name = "MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519"
    assert shown == [
        f"{name} (0xfc01, in the dialect private)",
        f"{name} (0x004f, in the dialect draft-06-openmls)",
    ]


def test_a_tree_is_at_hand_where_one_is_inside() -> None:
    group = GROUPS[0]
    for data in (group.group_info(), group.tree.encode()):
        inspected = inspect(data)
        assert inspected.tree is not None
        assert inspected.tree.tree_hash == group.tree.tree_hash
        assert dict(inspected.facts)["members"] == "3 of 4 leaves"
    assert inspect(PACKAGE.message).tree is None


def test_another_version_is_a_broken_rule() -> None:
    inspected = inspect(MLSMessage(2, PACKAGE.package).encode(), kind="MLSMessage")
    assert verdicts(inspected) == {"VAL-008"}


def test_bytes_that_stop_making_sense_are_told_up_to_there() -> None:
    inspected = inspect(PACKAGE.message[:150])
    assert not inspected.good
    assert inspected.value is None
    assert inspected.stop is not None
    assert inspected.stop.offset == 150
    assert inspected.outline.parts
    assert inspected.findings == ()


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_every_struct_can_be_inspected(number: int) -> None:
    value = SAMPLES[number][0]
    name = type(value).__name__
    inspected = inspect_as(name, value.encode(), Form("raw"), NOW)
    assert inspected.stop is None
    assert inspected.value is not None


@given(data=st.data(), number=st.sampled_from(range(len(SAMPLES))))
def test_damage_never_raises(data: st.DataObject, number: int) -> None:
    value = SAMPLES[number][0]
    encoded = data.draw(damaged(value.encode()))
    around = data.draw(st.sampled_from([NOW, NOW._replace(suite=2), WITH_GROUP]))
    inspected = inspect_as(type(value).__name__, encoded, Form("raw"), around)
    assert (inspected.value is None) == (inspected.stop is not None)


WITH_GROUP = NOW._replace(group=group_of(GROUPS[0].group_info(), None))
REAL = (
    PACKAGE.message,
    GROUPS[0].group_info(),
    GROUPS[0].tree.encode(),
    GROUPS[0].propose_add(key_package(member("d"))),
    found("ab")[0].commit(update=True).message,
    GROUPS[1].commit(add=[member("e").key_package().message]).message,
)


@given(data=st.data(), number=st.sampled_from(range(len(REAL))))
def test_damage_to_what_is_real_never_raises(data: st.DataObject, number: int) -> None:
    around = data.draw(st.sampled_from([NOW, WITH_GROUP]))
    inspected = inspect(data.draw(damaged(REAL[number])), around=around)
    assert inspected.kind
    if inspected.stop is not None:
        assert inspected.stop.expected
        assert inspected.stop.offset >= 0


@given(data=st.binary(max_size=200), kind=st.none() | st.sampled_from(sorted(KINDS)))
def test_any_bytes_never_raise(data: bytes, kind: str | None) -> None:
    inspected = inspect(data, kind=kind, around=NOW)
    if inspected.stop is not None:
        assert inspected.stop.expected


def test_a_group_is_taken_from_its_group_info() -> None:
    group = GROUPS[0]
    state = group_of(group.group_info().hex().encode(), None)
    assert (state.context, state.tree.tree_hash) == (group.context, group.tree.tree_hash)
    bare = group.group_info(with_tree=False)
    state = group_of(bare, group.tree.encode())
    assert state.tree.tree_hash == group.tree.tree_hash
    assert tree_of(group.tree.encode().hex().encode()) == group.tree.encode()


def test_what_describes_no_group_is_refused_in_a_sentence() -> None:
    with pytest.raises(StateError, match="a GroupInfo is needed, this is a KeyPackage"):
        group_of(PACKAGE.message, None)
    with pytest.raises(StateError, match="this does not decode: at offset"):
        group_of(GROUPS[0].group_info()[:99], None)
    with pytest.raises(StateError, match="carries no ratchet tree that can be read"):
        group_of(GROUPS[0].group_info(with_tree=False), None)
    with pytest.raises(StateError, match="nothing can be judged by this GroupInfo: The last node"):
        group_of(GROUPS[0].group_info(with_tree=False), b"\x00")


def test_the_tree_beside_a_group_info_that_carries_one_is_not_used() -> None:
    group, other = GROUPS[0], found("ab")[0].tree.encode()
    assert group_of(group.group_info(), other).tree.tree_hash == group.tree.tree_hash
    inspected = inspect(group.group_info(), around=NOW._replace(tree=other))
    assert inspected.good
    said = dict(inspected.facts)["ratchet tree"]
    assert said == "the one that it carries; the one beside it is not used"
    bare = inspect(group.group_info(with_tree=False), around=NOW._replace(tree=other))
    assert verdicts(bare) == {"VAL-066", "VAL-186"}
