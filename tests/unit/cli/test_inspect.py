"""``covey inspect``."""

from __future__ import annotations

import json
from string import ascii_letters
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from covey import mls
from covey.cli import inputs
from covey.cli.main import covey
from group_samples import PUBLIC, found, member
from vectors_path import vectors_path

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PACKAGE = member("alice").key_package().message
GROUPS = found("abc", policy=mls.Policy(handshake=PUBLIC))


def run(*arguments: str | Path, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(covey, ["inspect", *map(str, arguments)], input=stdin)


@pytest.fixture
def info(tmp_path: Path) -> Path:
    """A GroupInfo with its tree."""
    path = tmp_path / "group-info"
    path.write_bytes(GROUPS[0].group_info())
    return path


def test_standard_input_is_read() -> None:
    result = run("-", stdin=PACKAGE)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"KeyPackage, {len(PACKAGE)} bytes\n")
    assert " broken" in result.output
    assert run("-", stdin=PACKAGE.hex().encode()).exit_code == 0


def test_a_tree_is_drawn(info: Path) -> None:
    result = run(info)
    assert result.exit_code == 0, result.output
    assert "Ratchet tree: 3 members" in result.output
    result = run(info, "--leaf", "1")
    assert "Leaf 1 holds the private keys" in result.output


def test_a_tree_is_drawn_into_a_file(info: Path, tmp_path: Path) -> None:
    svg = tmp_path / "tree.svg"
    assert run(info, "--svg", svg, "--leaf", "0").exit_code == 0
    assert ET.fromstring(svg.read_text()).tag.endswith("svg")  # noqa: S314 - we have made it


def test_what_cannot_be_drawn_is_one_sentence(info: Path, tmp_path: Path) -> None:
    result = run("-", "--svg", tmp_path / "x.svg", stdin=PACKAGE)
    assert (result.exit_code, result.output) == (1, "Error: there is no ratchet tree to draw\n")
    result = run(info, "--svg", tmp_path / "absent" / "x.svg")
    assert result.exit_code == 1
    assert "cannot write" in result.output
    result = run(info, "--leaf", "9")
    assert result.exit_code == 2
    assert "nobody is at leaf 9 of this tree; its members are at leaves 0–2" in result.output


def test_json_is_one_object(info: Path) -> None:
    result = run(info, "--json")
    shown = json.loads(result.output)
    assert (shown["kind"], shown["good"]) == ("GroupInfo", True)
    assert shown["outline"]["parts"]


def test_all_folds_nothing_and_lists_what_holds(info: Path) -> None:
    group = found("abcdefghijkl")[0]
    assert "[16…" in run("-", stdin=group.group_info()).output
    everything = run("-", "--all", stdin=group.group_info()).output
    assert "[16…" not in everything
    assert "  holds  " in everything
    assert "  holds  " not in run(info).output


def test_a_broken_rule_exits_with_1(info: Path) -> None:
    late = run("-", "--at", "2100-01-01", stdin=PACKAGE)
    assert late.exit_code == 1
    assert "BROKEN      VAL-037 §7.3" in late.output
    assert run("-", "--at", "2100-01-01T00:00:00+01:00", stdin=PACKAGE).exit_code == 1
    assert run("-", "--at", "4102444800", stdin=PACKAGE).exit_code == 1
    bad = bytearray(info.read_bytes())
    bad[-1] ^= 1
    result = run("-", stdin=bytes(bad))
    assert result.exit_code == 1
    assert "VAL-186" in result.output


def test_what_does_not_decode_exits_with_1() -> None:
    result = run("-", stdin=PACKAGE[:99])
    assert result.exit_code == 1
    assert "At offset 99, in MLSMessage.message.leaf_node" in result.output
    assert "expected" in result.output


@given(data=st.binary(max_size=120), as_hex=st.booleans())
def test_any_bytes_end_with_0_or_1(data: bytes, as_hex: bool) -> None:  # noqa: FBT001
    result = run("-", stdin=data.hex().encode() if as_hex else data)
    assert result.exit_code in {0, 1}
    assert result.exception is None or isinstance(result.exception, SystemExit)
    if "Rules:" not in result.output:
        assert any(said in result.output for said in ("expected", "JSON: ", "Nothing to inspect: "))


def test_a_kind_can_be_forced() -> None:
    result = run("-", "--as", "welcome", stdin=PACKAGE)
    assert result.exit_code == 1
    assert "it was said to be a Welcome" in result.output
    assert run("-", "--as", "nothing", stdin=PACKAGE).exit_code == 2


def test_a_message_is_judged_by_its_group(info: Path, tmp_path: Path) -> None:
    message = GROUPS[1].propose_remove(2)
    alone = run("-", stdin=message)
    assert "VAL-089 §6.1  The signature of a message verifies.: needs" in alone.output
    result = run("-", "--group-info", info, stdin=message)
    assert result.exit_code == 0, result.output
    assert "VAL-089" not in result.output
    bare, tree = tmp_path / "bare", tmp_path / "tree"
    bare.write_bytes(GROUPS[0].group_info(with_tree=False))
    tree.write_bytes(GROUPS[0].tree.encode())
    assert run("-", "--group-info", bare, "--tree", tree, stdin=message).exit_code == 0
    assert "VAL-066" in run(bare).output
    assert "VAL-066" not in run(bare, "--tree", tree).output
    result = run("-", "--group-info", bare, stdin=message)
    assert result.exit_code == 1
    assert f"Error: {bare}: the GroupInfo carries no ratchet tree" in result.output


def test_a_case_of_a_file_of_vectors_is_opened() -> None:
    path = vectors_path("mls", "passive-client-welcome.json")
    result = run(path, "--case", "2")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Test vectors, passive-client-welcome: case 2 of 56\n")
    shown = json.loads(run(path, "--case", "2", "--json").output)
    assert shown["case"] == 2
    result = run(path, "--case", "999")
    assert (result.exit_code, result.output) == (
        1,
        "JSON: there is no case 999: the file holds 56\n",
    )


def test_a_difference_is_shown(info: Path, tmp_path: Path) -> None:
    after = tmp_path / "after"
    after.write_bytes(found("abcd")[0].group_info())
    result = run("--diff", info, after)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("GroupInfo → GroupInfo\n")
    assert json.loads(run("--diff", info, after, "--json").output)["kinds"] == ["GroupInfo"] * 2
    package = tmp_path / "package"
    package.write_bytes(PACKAGE)
    result = run("--diff", info, package)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--diff", "-", "-"),
        ("-", "--tree", "-"),
        ("--diff", "a", "b", "--leaf", "1"),
        ("--diff", "a", "b", "--svg", "c"),
        ("--diff", "a", "b", "--case", "1"),
        ("--diff", "a", "b", "--all"),
        (),
        ("a", "--diff", "a", "b"),
        ("a", "--at", "soon"),
        ("",),
        ("a", "--suite", "0x0fff"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_options_that_do_nothing_are_wrong_usage(info: Path) -> None:
    result = run("-", "--leaf", "7", stdin=PACKAGE)
    assert (result.exit_code, "no ratchet tree with a leaf 7" in result.output) == (2, True)
    result = run(info, "--case", "4")
    assert (result.exit_code, "for files of test vectors" in result.output) == (2, True)
    result = run(info, "--json", "--leaf", "99")
    assert (result.exit_code, result.stdout) == (2, "")
    result = run(info, "--as", "keypackag")
    assert (result.exit_code, "did you mean KeyPackage" in result.output) == (2, True)


def test_errors_name_the_file(info: Path, tmp_path: Path) -> None:
    package, cut, words = (tmp_path / name for name in ("package", "cut", "words"))
    package.write_bytes(PACKAGE)
    cut.write_bytes(info.read_bytes()[:50])
    words.write_text("some words")
    result = run(info, "--tree", package)
    assert result.exit_code == 1
    assert f"Error: {package}: a ratchet tree is needed" in result.output
    result = run("--diff", info, cut)
    assert f"Error: {cut}: this does not decode as an MLSMessage: " in result.output
    assert "of 50 bytes could be read; at offset 50, in MLSMessage.message" in result.output
    assert f"{package}: two ratchet trees" in run("--diff", info, package).output
    assert f"{words}: this is text" in run("--diff", words, info).output
    assert (
        f"{words}: a GroupInfo is needed, and this is text"
        in run(info, "--group-info", words).output
    )


def test_an_input_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "LIMIT", 1 << 20)
    result = run("-", stdin=bytes((1 << 20) + 1))
    assert result.exit_code == 1
    assert result.output.startswith("Error: standard input holds more than 1 MiB")


def test_json_has_the_keys_that_a_leaf_holds(info: Path) -> None:
    shown = json.loads(run(info, "--json", "--leaf", "1").output)
    assert shown["tree"]["leaf"]["holds"] == [2, 1, 3]


def test_all_unfolds_the_drawing(tmp_path: Path) -> None:
    info, svg = tmp_path / "info", tmp_path / "svg"
    info.write_bytes(found(ascii_letters[:40])[0].group_info())
    assert "Folded: " in run(info).output
    assert "Folded: " not in run(info, "--all", "--svg", svg).output
    assert "Folded: " not in svg.read_text()


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    result = run(tmp_path / "absent")
    assert result.exit_code == 1
    assert (
        result.output == f"Error: {tmp_path / 'absent'} cannot be read: No such file or directory\n"
    )
