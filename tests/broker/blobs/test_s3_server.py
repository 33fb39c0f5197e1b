"""The S3-compatible server of the tests: named, or built, or a failure that says what to do."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

import s3

if TYPE_CHECKING:
    from pathlib import Path


def test_a_server_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVEY_TEST_S3", "https://me:secret@s3.example:9000/bucket")
    with s3.running_s3() as server:
        assert server == s3.Server("https://s3.example:9000", "me", "secret", "bucket")


@pytest.mark.parametrize("named", ["host", "http://host/bucket", "http://a:b@host"])
def test_a_name_that_says_too_little(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("COVEY_TEST_S3", named)
    with pytest.raises(s3.S3Error, match="not of the form"), s3.running_s3():
        pass


@pytest.mark.parametrize("go", ["here", "not here"])
def test_what_cannot_be_built_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, go: str
) -> None:
    """No step works, whether there is a Go on this machine or not."""

    def fails(command: list[str], **_: object) -> None:
        if command[1:] == ["version"]:
            return subprocess.CompletedProcess(command, 0, "go version go1.99.0 x/y", "")
        raise subprocess.CalledProcessError(1, command, stderr="there is no network")

    monkeypatch.delenv("COVEY_TEST_S3", raising=False)
    monkeypatch.setenv("COVEY_CACHE", str(tmp_path))
    monkeypatch.setattr(s3.shutil, "which", lambda _: "go" if go == "here" else None)
    monkeypatch.setattr(s3.subprocess, "run", fails)
    with pytest.raises(s3.S3Error, match="Install Go") as error, s3.running_s3():
        pass
    assert "COVEY_TEST_S3" in str(error.value)
    assert "there is no network" in str(error.value)
    assert sorted(path.name for path in (tmp_path / "s3").iterdir()) == ["lock"]


def test_another_module_under_the_same_version_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COVEY_CACHE", str(tmp_path))
    monkeypatch.setattr(s3, "_go", lambda _: "go")
    monkeypatch.setattr(s3, "_run", lambda *_: '{"Sum": "h1:other", "Dir": "x"}')
    with pytest.raises(s3.S3Error, match="do not use it"):
        s3.built()
