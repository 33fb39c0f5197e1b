"""``covey broker``, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from broker_process import running_broker
from broker_talk import Device, Group
from broker_thread import place_of
from covey.access.operations import OPERATIONS
from covey.access.refusals import REFUSALS
from covey.access.structs.identity import EvidenceKind
from covey.broker.config.loading import FLAGS, known
from covey.broker.enrolment import invites
from covey.broker.metrics import Metrics
from covey.cli import broker as cli
from covey.cli.main import covey as program
from covey.errors import BrokerError

if TYPE_CHECKING:
    from click.testing import Result


def covey(*arguments: str, cwd: Path | None = None) -> Result:
    """Run the program, in this process."""
    with chdir(cwd or Path()):
        return CliRunner().invoke(program, ["broker", *arguments], prog_name="covey")


def said(*arguments: str, cwd: Path | None = None) -> str:
    """What it prints when all is well."""
    ended = covey(*arguments, cwd=cwd)
    assert ended.exit_code == 0, ended.output
    assert ended.stderr == ""
    return ended.stdout


def refused(code: int, *arguments: str, cwd: Path | None = None) -> str:
    """The sentence with which it refuses."""
    ended = covey(*arguments, cwd=cwd)
    assert isinstance(ended.exception, SystemExit), ended.exception
    assert (ended.exit_code, ended.stdout) == (code, "")
    return ended.stderr.partition("Error: ")[2]


def test_it_says_what_it_takes() -> None:
    shown = said("--help")
    for option in ("--db FILE", "--config", "--check-config", "--stop-on-eof", *FLAGS.values()):
        assert option in shown
    for command in ("migrate", "invite", "begin-anew", "explain-data", "settings"):
        assert command in shown


def test_every_flag_is_a_setting() -> None:
    options = {option for each in cli.command.params for option in each.opts}
    assert set(FLAGS.values()) <= options
    assert set(FLAGS) <= set(known())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--port", "abc"), "flag --port: port is 'abc'; it has to be a whole number"),
        (("--port", "65536"), "it has to be a whole number from 0 to 65535"),
        (("--prot", "1"), "No such option"),
        (("--store", "team.db"), "a store begins with sqlite:/// or postgresql://"),
        (("--store", "postgresql://host/db"), "key_file has to say where"),
        (("--db", "a", "--store", "sqlite:///b"), "give one of them"),
        (("--set", "retention"), "--set takes NAME=VALUE"),
        (("--set", "retention=3"), "did you mean --set retention_days?"),
        (("--set", "limits.note=much"), "a number of bytes, such as"),
        (("--enrol", "everybody"), "it has to be open, invite or oidc"),
        (("--enrol", "oidc"), "it needs oidc.issuer and oidc.audience"),
        (("--metrics", "0.0.0.0:9440"), "flag --metrics: metrics.listen is at 0.0.0.0"),
        (("--config", "none.toml"), "none.toml: cannot read the configuration file"),
        (("--json",), "--json is for --check-config"),
        (("migrat",), "Did you mean 'migrate'?"),
        (("migrate",), "say which database: covey broker --db FILE migrate"),
        (("migrate", "--db", "x"), "put it before migrate, as in `covey broker --db … migrate`"),
        (("invite", "--colour", "x"), "No such option"),
        (("--set", "blobs.at=s3:///prefix"), "or s3://bucket/prefix"),
        (("--set", "wibble=1"), "`covey broker settings` lists all"),
        (("--port", "9440", "--metrics", "127.0.0.1:9440"), "both 9440: choose another"),
        (("--store", "postgresql:///covey?hots=/run"), "did you mean host=…?"),
        (("invite", "--for", "fun"), "'fun' is not one of"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused(2, *arguments, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_passwords_are_not_repeated(tmp_path: Path) -> None:
    for store in ("postgres:/u:hunter2@host/db", "postgresql://u:hunter2@host"):
        told = refused(2, "--store", store, cwd=tmp_path)
        assert "hunter2" not in told
        assert "u:…@host" in told
    store = "postgresql://u:hunter2@host/db"
    arguments = ("--store", store, "--key-file", "key", "--check-config")
    assert "hunter2" not in said(*arguments) + said(*arguments, "--json")


def test_what_is_in_force_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broker.toml").write_text("retention_days = 7\n[limits]\nnote = '8 KiB'\n")
    monkeypatch.setenv("COVEY_BROKER_CREATE", "invite")
    arguments = ("--config", "broker.toml", "--set", "rates.knocks=3 per day", "--check-config")
    lines = dict(each.split(maxsplit=1) for each in said(*arguments, cwd=tmp_path).splitlines())
    assert lines["retention_days"].split() == ["7", "broker.toml:1"]
    assert lines["limits.note"].endswith("broker.toml:3")
    assert lines["create"].endswith("variable COVEY_BROKER_CREATE")
    assert lines["rates.knocks"].endswith("flag --set rates.knocks")
    shown = json.loads(said(*arguments, "--json", cwd=tmp_path))
    assert shown["limits.note"] == {"value": 8192, "origin": "broker.toml:3"}
    assert set(shown) == set(lines) == set(known())


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_database_is_migrated_once(tmp_path: Path, kind: str) -> None:
    with place_of(kind) as place:  # type: ignore[arg-type]
        store = place if kind == "postgres" else f"sqlite:///{place}"
        where = ("--store", store, "--key-file", str(tmp_path / "key"))
        if kind == "postgres":
            assert "covey broker migrate" in refused(1, *where)
        made = said(*where, "migrate")
        assert made.startswith(f"made {place}, applied 0001 ") or kind == "postgres"
        assert ": applied 0001 " in made or kind == "sqlite"
        assert said(*where, "migrate").endswith(": is up to date\n")


def test_invites_are_made_and_used_once(tmp_path: Path) -> None:
    db = str(tmp_path / "db")
    with running_broker(tmp_path / "db", "--enrol", "invite") as broker:
        codes = said("--db", db, "invite", "--count", "2").split()
        assert len({invites.normalise(code) for code in codes}) == 2
        for code, outcome in ((codes[0], ""), (codes[0], "refused"), (codes[1].lower(), "")):
            with broker.line() as line:
                device = Device(line, broker.broker_id)
                evidence = {"kind": EvidenceKind.invite, "evidence": code.encode()}
                if not outcome:
                    device.enrol(**evidence)
                    continue
                with pytest.raises(BrokerError, match="enrolment_refused"):
                    device.enrol(**evidence)


@pytest.mark.parametrize("command", ["invite", "begin-anew"])
def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, command: str) -> None:
    assert "start the broker once" in refused(1, "--db", "typo.db", command, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_restored_copy_begins_anew(tmp_path: Path) -> None:
    def incarnation() -> str:
        with running_broker(tmp_path / "db") as broker, broker.line() as line:
            found: str = line.http.get("/.well-known/covey").json()["incarnation"]
            return found

    before = incarnation()
    assert incarnation() == before
    told = said("--db", str(tmp_path / "db"), "begin-anew")
    after = incarnation()
    assert told == f"incarnation {after}\n"
    assert after != before


def test_one_broker_serves_a_file_and_none_when_it_begins_anew(tmp_path: Path) -> None:
    db = tmp_path / "db"
    with running_broker(db) as broker:
        first = f"{db} is in use by another broker (pid {broker.process.pid}): "
        told = refused(1, "--db", str(db), "--port", "0")
        assert told == f"{first}stop that one, or use PostgreSQL\n"
        assert (
            refused(1, "--db", str(db), "begin-anew") == f"{first}stop it before you begin anew\n"
        )
        assert said("--db", str(db), "invite")
        assert said("--db", str(db), "migrate") == f"{db}: is up to date\n"
    assert said("--db", str(db), "begin-anew").startswith("incarnation ")


@pytest.mark.parametrize("command", [(), ("migrate",), ("begin-anew",)])
def test_what_is_no_file_is_no_database(command: tuple[str, ...]) -> None:
    told = refused(1, "--db", "/dev/null", "--port", "0", *command)
    assert told == "cannot open /dev/null: it is not a file\n"


def test_what_is_stored_is_explained() -> None:
    text = said("explain-data")
    tree = json.loads(said("explain-data", "--json"))
    for name, table in tree.items():
        assert f"\n{name}: " in f"\n{text}"
        assert all(f"  {column} " in text for column in table["columns"])
    assert "No table joins an account with a group" in text


def test_settings_are_listed() -> None:
    page = said("settings")
    assert page.startswith("# Broker settings\n\n")
    assert all(f"### `{name}`" in page for name in known())


def test_the_broker_does_not_load_the_client() -> None:
    """Nothing of the lab is in a broker's process, nor what can hold a secret of a group."""
    source = (
        "import sys, covey.cli.broker\n"
        "far = ('covey.lab', 'covey.mls.group', 'covey.access.member')\n"
        "loaded = [name for name in sys.modules if name.startswith(far)]\n"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr


# --- what the pages say --------------------------------------------------------------------

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```(sh|toml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    """In their order; what would run for ever shows its configuration instead."""
    text = (DOCS / "how-to" / "run-a-broker.md").read_text(encoding="utf-8")
    ran = 0
    for language, block in FENCE.findall(text):
        if language == "toml":
            name = block.partition("\n")[0].removeprefix("# ")
            (tmp_path / name).write_text(block)
            continue
        for line in block.splitlines():
            _, *arguments = shlex.split(line, comments=True)
            if not line.startswith("covey broker"):
                continue
            serves = not set(arguments) & {*cli.command.commands, "--check-config"}
            said(*arguments[1:], *(["--check-config"] if serves else []), cwd=tmp_path)
            ran += 1
    assert ran > 8


PROGRAM = """#!/bin/sh
exec {python} -m covey "$@"
"""
SQLITE = """#!{python}
import sqlite3, sys
source, what = sys.argv[1:]
backup, target = what.split()
assert backup == ".backup"
with sqlite3.connect(source) as one, sqlite3.connect(target) as other:
    one.backup(other)
"""


def as_in_a_shell(script: str, folder: Path) -> None:
    """Run commands in a folder, with ``covey`` and ``sqlite3`` at hand."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name, text in (("covey", PROGRAM), ("sqlite3", SQLITE)):
        (programs / name).write_text(text.format(python=sys.executable))
        (programs / name).chmod(0o755)
    subprocess.run(  # noqa: S603 - our own page
        ["/bin/sh", "-eu", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        check=True,
        timeout=60,
    )


def test_what_was_backed_up_can_be_restored(tmp_path: Path) -> None:
    """By the commands of the page; what came after the copy is gone, and that is told."""
    page = (DOCS / "how-to" / "run-a-broker.md").read_text(encoding="utf-8")
    part = page.partition("## Back up, and restore")[2].partition("\n## ")[0]
    [back_up, restore] = [block for language, block in FENCE.findall(part) if language == "sh"]
    db = tmp_path / "team.db"
    with running_broker(db) as broker, broker.line() as line:
        group = Group(line, broker.broker_id).create()
        before = line.http.get("/.well-known/covey").json()
        (tmp_path / "team.db.blobs" / "kept").write_text("an attachment")
        as_in_a_shell(back_up, tmp_path)
        later = Group(line, broker.broker_id).create()
        (tmp_path / "team.db.blobs" / "later").touch()
        with pytest.raises(subprocess.CalledProcessError):
            as_in_a_shell(restore.splitlines()[-1], tmp_path)  # it runs
    (tmp_path / "team.db.key").unlink()
    as_in_a_shell(restore, tmp_path)
    assert [each.name for each in (tmp_path / "team.db.blobs").glob("[kl]*")] == ["kept"]
    with running_broker(db) as broker, broker.line() as line:
        after = line.http.get("/.well-known/covey").json()
        Group(line, broker.broker_id, group.gid).say()
        with pytest.raises(BrokerError, match="group_unknown"):
            Group(line, broker.broker_id, later.gid).say()
    assert after["incarnation"] != before["incarnation"]
    assert {**after, "incarnation": ""} == {**before, "incarnation": ""}


def test_the_protocol_lists_all_that_a_broker_says_of_itself(tmp_path: Path) -> None:
    page = (DOCS / "broker-protocol.md").read_text(encoding="utf-8")
    [listed] = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    with running_broker(tmp_path / "db") as broker, broker.line() as line:
        told = line.http.get("/.well-known/covey").json()
    of_this_one = {"covey", "broker_id", "broker_key", "incarnation"}
    assert set(listed) == set(told)
    own = of_this_one | {"hour"}
    assert [key for key in told if key not in own and told[key] != listed[key]] == []
    assert all(len(told[key]) == len(listed[key]) for key in of_this_one)


def test_the_reference_has_every_operation_code_and_metric() -> None:
    text = (DOCS / "reference" / "broker.md").read_text(encoding="utf-8")
    for name in OPERATIONS:
        assert f"`{name}`" in text
    for code, refusal in REFUSALS.items():
        [row] = [each for each in text.splitlines() if re.match(rf"\|[^|]*`{code}`", each)]
        assert str(refusal.status) in row
    counted = {each.name for each in Metrics((), ()).registry.collect()}
    listed = set(re.findall(r"^\| `(covey_\w+?)(?:_total)?` ", text, re.MULTILINE))
    assert listed == counted
