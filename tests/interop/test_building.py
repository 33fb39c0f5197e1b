"""How harnesses are built; that they work is for the plays to show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from interop import building
from interop.building import BuildError, Peer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVEY_CACHE", str(tmp_path / "cache"))


def test_every_harness_is_there() -> None:
    there = {each.name for each in building.PEERS.iterdir() if each.is_dir()}
    assert {each.name for each in (*building.ALL, building.TS_MLS_2)} == there


@pytest.mark.parametrize("peer", [*building.ALL, building.TS_MLS_2], ids=lambda peer: peer.name)
def test_no_lock_says_where_a_package_is_from(peer: Peer) -> None:
    locks = [*peer.folder.rglob("Cargo.lock.in"), *peer.folder.rglob("package-lock.json")]
    assert locks
    for lock in locks:
        text = lock.read_text()
        assert '"resolved"' not in text
        assert "source = " not in text
        assert "registry" not in text
        assert "checksum" in text or "integrity" in text


def test_a_harness_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []

    def build(_: Path, home: Path) -> list[str]:
        built.append(home)
        return ["run", str(home)]

    peer = Peer("tsmls", build)
    said: list[str] = []
    assert peer.command(said.append) == peer.command(said.append) == ["run", str(built[0])]
    assert said == ["building tsmls"]
    assert len(built) == 1
    monkeypatch.setattr(building, "_digest", lambda _: "another")
    peer.command(said.append)
    assert len(built) == 2


def test_a_build_that_fails_is_tried_again() -> None:
    tried: list[Path] = []

    def build(_: Path, home: Path) -> list[str]:
        tried.append(home)
        if len(tried) == 1:
            msg = "no"
            raise BuildError(msg)
        return ["run"]

    peer = Peer("tsmls", build)
    with pytest.raises(BuildError):
        peer.command()
    assert peer.command() == ["run"]


def test_a_missing_program_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    peer = next(each for each in building.ALL if each.name == "openmls")
    with pytest.raises(BuildError, match=r"cargo is needed .* install Rust 1\.91 or later"):
        peer.command()


def test_a_failed_step_shows_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cargo = tmp_path / "cargo"
    cargo.write_text("#!/bin/sh\necho 'no network today' >&2\nexit 101\n")
    cargo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    peer = next(each for each in building.ALL if each.name == "openmls")
    with pytest.raises(BuildError, match=r"generate-lockfile failed \(101\):\nno network today"):
        peer.command()


def test_a_lock_is_completed_by_what_cargo_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cargo = tmp_path / "cargo"
    cargo.write_text("#!/bin/sh\nprintf '[[package]]\\nsource = \"here\"\\n' > Cargo.lock\n")
    cargo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    folder, made = tmp_path / "harness", tmp_path / "made"
    folder.mkdir()
    locked = '[[package]]\nname = "ours"\n\n[[package]]\nname = "x"\nchecksum = "00"\n'
    (folder / "Cargo.lock.in").write_text(locked)
    building.fill_lock(folder, made)
    expected = locked.replace("checksum", 'source = "here"\nchecksum')
    assert (made / "Cargo.lock").read_text() == expected


def fake_node(folder: Path, version: str) -> Path:
    """A Node.js that says its version, with an npm beside it."""
    node = folder / "bin" / "node"
    node.parent.mkdir(parents=True)
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)
    npm = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.parent.mkdir(parents=True)
    npm.write_text("")
    return node


@pytest.mark.parametrize(
    ("machine", "packaged", "taken"),
    [
        ("v20.19.0", "v24.1.0", "machine"),
        ("v12.22.0", "v24.1.0", "packaged"),
        ("v20.18.9", "v20.19.0", "packaged"),
    ],
)
def test_node_of_the_machine_is_taken_if_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, packaged: str, taken: str
) -> None:
    nodes = {
        "machine": fake_node(tmp_path / "machine", machine),
        "packaged": fake_node(tmp_path / "packaged", packaged),
    }
    monkeypatch.setenv("PATH", f"{nodes['machine'].parent}:/usr/bin:/bin")
    monkeypatch.setattr(building, "_packaged_node", lambda: str(nodes["packaged"]))
    node, npm = building.usable_node()
    assert node == str(nodes[taken])
    assert npm == [str(nodes[taken].parents[1] / "lib/node_modules/npm/bin/npm-cli.js")]


def test_no_node_that_is_new_enough_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = fake_node(tmp_path, "v12.22.0")
    monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")
    monkeypatch.setattr(building, "_packaged_node", lambda: None)
    with pytest.raises(BuildError, match=r"no Node\.js that is new enough: install Node\.js"):
        building.usable_node()


def test_versions_of_a_harness_are_exact() -> None:
    for path in building.PEERS.rglob("package.json"):
        pinned = json.loads(path.read_text())["dependencies"]
        assert all(version[0].isdigit() for version in pinned.values())
    for path in building.PEERS.rglob("Cargo.toml"):
        for line in path.read_text().splitlines():
            if "version = " in line and not line.startswith('version = "0.0.0"'):
                assert '"=' in line
