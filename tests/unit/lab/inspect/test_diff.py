"""What differs between two GroupInfos, trees and contexts: what really happened between them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from covey import mls
from covey.lab.inspect.diff import compare
from covey.lab.inspect.inspected import Form, Inspected
from covey.mls.structs.tree import RatchetTreeNodes
from covey.mls.structs.welcome import GroupInfo
from covey.mls.wire.reading import read
from group_samples import UNKNOWN_TYPE, extension, found, key_package, member, required

if TYPE_CHECKING:
    from covey.mls.wire.struct import WireStruct


def inspected(value: WireStruct, kind: str = "", tree: object = None) -> Inspected:
    """A struct as an inspection finds it."""
    encoded = value.encode()
    outline = read(type(value), encoded).outline
    return Inspected(kind or type(value).__name__, value, encoded, outline, Form("raw"), tree)  # type: ignore[arg-type]


def info(group: mls.Group, *, with_tree: bool = True) -> Inspected:
    """The GroupInfo of a group."""
    message = mls.MLSMessage.decode(group.group_info(with_tree=with_tree)).message
    assert isinstance(message, GroupInfo)
    return inspected(message)


def tree(group: mls.Group) -> Inspected:
    """The tree of a group, from out of band: its suite is not known."""
    return inspected(RatchetTreeNodes(group.tree.to_nodes()), "RatchetTree")


def test_what_is_the_same_does_not_differ() -> None:
    group = found("abc")[0]
    one = info(group)
    difference = compare(one, one)
    assert difference.same
    assert difference.lines() == [
        "GroupInfo → GroupInfo",
        "Nothing differs in what both of them hold.",
    ]


def test_a_commit_is_seen_in_two_group_infos() -> None:
    group = found("abcd")[0]
    before, hashes = info(group), [group.context.tree_hash.hex()[:8]]
    group.accept(group.commit(remove=[2], add=[key_package(member("e"))]))
    hashes.append(group.context.tree_hash.hex()[:8])
    difference = compare(before, info(group))
    changed = {each.field: (each.before, each.after) for each in difference.context}
    assert changed["epoch"] == ("1", "2")
    assert changed["tree_hash"] == tuple(f"{each}…" for each in hashes)
    assert set(changed) == {"epoch", "tree_hash", "confirmed_transcript_hash"}
    assert {"confirmation_tag", "signature"} <= {each.field for each in difference.info}
    assert difference.tree is not None
    assert [(each.leaf, each.name) for each in difference.tree.added] == [(2, "e")]
    assert [(each.leaf, each.name) for each in difference.tree.removed] == [(2, "c")]
    assert difference.tree.committer is not None
    assert difference.tree.committer.name == "a"
    assert not difference.notes


def test_extensions_are_named() -> None:
    policy = mls.Policy(extension_types=frozenset({UNKNOWN_TYPE}))
    group = found("ab", policy=policy, extensions=[extension(UNKNOWN_TYPE, b"old")])[0]
    before = info(group)
    extensions = [required(), extension(UNKNOWN_TYPE, b"new")]
    group.accept(group.commit(extensions=extensions))
    after = info(group)
    changed = {each.field: each.values() for each in compare(before, after).context}
    assert changed["extension required_capabilities (3)"] == "added: 000000 (3 bytes)"
    name = "extension private use (0xf0aa)"
    assert changed[name] == f"{b'old'.hex()} (3 bytes) → {b'new'.hex()} (3 bytes)"
    back = {each.field: each.values() for each in compare(after, before).context}
    assert back["extension required_capabilities (3)"] == "removed: 000000 (3 bytes)"


def test_the_signer_of_a_group_info_is_compared() -> None:
    groups = found("abc")
    changed = {each.field: each for each in compare(info(groups[0]), info(groups[1])).info}
    assert changed["signer"].values() == "leaf 0 → leaf 1"
    assert compare(info(groups[0]), info(groups[1])).context == ()


def test_other_groups_are_said_to_be_others() -> None:
    one, other = found("ab")[0], found("ab", group_id=b"other", suite=3)[0]
    difference = compare(info(one), info(other))
    changed = {each.field: each.values() for each in difference.context}
    assert changed["group_id"] == "group → other"
    assert "0x0001" in changed["cipher_suite"]
    assert "They are of different groups." in difference.notes


def test_a_message_around_a_group_info_is_opened() -> None:
    group = found("ab")[0]
    message = mls.MLSMessage.decode(group.group_info())
    assert compare(inspected(message, "GroupInfo"), info(group)).context == ()


def test_group_infos_without_trees_are_compared_without_them() -> None:
    group = found("ab")[0]
    before = info(group, with_tree=False)
    group.accept(group.commit())
    difference = compare(before, info(group))
    assert difference.tree is None
    assert difference.context
    assert difference.notes == ("The first one holds no ratchet tree: trees were not compared.",)


def test_a_tree_that_cannot_be_read_is_not_compared() -> None:
    group = found("ab")[0]
    whole = info(group)
    value = whole.value
    assert isinstance(value, GroupInfo)
    broken = [
        extension(each.extension_type, b"\x05") if each.extension_type == 2 else each
        for each in value.extensions
    ]
    difference = compare(whole, inspected(value.replace(extensions=tuple(broken))))
    assert difference.tree is None
    assert any("second one holds no ratchet tree" in each for each in difference.notes)


def test_two_trees_are_compared_without_their_suite() -> None:
    group = found("abc")[0]
    before = tree(group)
    group.accept(group.commit(remove=[1]))
    difference = compare(before, tree(group))
    assert difference.kinds == ("RatchetTree", "RatchetTree")
    assert difference.tree is not None
    assert [each.name for each in difference.tree.removed] == ["b"]
    assert not difference.context
    assert not difference.notes


def test_an_inspected_tree_is_taken_as_it_is() -> None:
    group = found("abc")[0]
    value = mls.MLSMessage.decode(group.group_info(with_tree=False)).message
    assert compare(inspected(value, tree=group.tree), tree(group)).tree is not None


def test_the_tree_beside_two_group_infos_is_that_of_one_of_them() -> None:
    group = found("abc")[0]
    before = mls.MLSMessage.decode(group.group_info(with_tree=False)).message
    old = group.tree
    group.accept(group.commit(remove=[1]))
    after = mls.MLSMessage.decode(group.group_info(with_tree=False)).message
    difference = compare(inspected(before, tree=old), inspected(after, tree=old))
    assert difference.tree is None
    [note] = difference.notes
    assert note.startswith("The tree that was handed in is not that of the second one")
    assert note.endswith("the tree_hash of epoch 2. Trees were not compared.")
    carrying = mls.MLSMessage.decode(group.group_info()).message
    difference = compare(inspected(before, tree=old), inspected(carrying, tree=old))
    assert difference.tree is not None
    assert [each.name for each in difference.tree.removed] == ["b"]
    assert difference.notes == ()


def test_the_tree_of_a_group_info_is_known_by_its_hash() -> None:
    group = found("abc")[0]
    before = info(group, with_tree=False)
    old = tree(group)
    said = compare(before, old).notes
    assert said[0] == "The hash of the tree is the tree_hash in the GroupContext of epoch 1."
    group.accept(group.commit())
    said = compare(tree(group), before).notes
    assert said[0] == "The hash of the tree is not the tree_hash in the GroupContext of epoch 1."


def test_of_an_unknown_suite_no_hash_is_computed() -> None:
    group = found("ab")[0]
    value = info(group).value
    assert isinstance(value, GroupInfo)
    context = value.group_context.replace(cipher_suite=0x1234)
    said = compare(inspected(context), tree(group)).notes
    assert said[0] == "Suite 0x1234 is unknown: no tree hash was computed."


def test_two_contexts_can_be_compared() -> None:
    context = found("ab")[0].context
    later = context.replace(epoch=9, version=2, confirmed_transcript_hash=b"")
    fields = {
        each.field: each.values() for each in compare(inspected(context), inspected(later)).context
    }
    assert fields["epoch"] == "1 → 9"
    assert fields["version"] == "mls10 (1) → unknown (2)"
    assert fields["confirmed_transcript_hash"].endswith("→ empty")


def test_anything_else_is_refused() -> None:
    group = found("ab")[0]
    package = inspected(key_package(member("x")))
    with pytest.raises(ValueError, match="this KeyPackage is neither"):
        compare(info(group), package)
    broken = msgspec.structs.replace(info(group), value=None)
    with pytest.raises(ValueError, match="this GroupInfo could not be decoded"):
        compare(broken, info(group))


def test_a_difference_can_be_written_as_json() -> None:
    group = found("ab")[0]
    before = info(group)
    group.accept(group.commit(add=[key_package(member("c"))]))
    said = json.loads(msgspec.json.encode(compare(before, info(group))))
    assert said["tree"]["added"] == [{"leaf": 2, "name": "c", "elsewhere": None}]
    assert said["tree"]["members"] == [2, 3]
    assert {"kinds", "context", "info", "tree", "notes"} == set(said)
