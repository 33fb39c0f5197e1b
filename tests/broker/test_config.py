"""The configuration: where it is read from, what is refused and how, and what is shown."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from covey.broker.buckets import Bucket, Rate
from covey.broker.config import (
    Config,
    ConfigError,
    as_json,
    as_text,
    describe,
    known,
    load,
    reference_markdown,
    seed_of,
    takes,
)
from covey.broker.config.loading import FLAGS
from covey.errors import StorageError

POSTGRES = "postgresql://covey:s3cr3t@db.example:5432/covey"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("COVEY_BROKER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "broker.toml"


def refusal(flags: dict[str, Any] | None = None, file: Path | None = None) -> list[str]:
    """The sentences of a refusal."""
    with pytest.raises(ConfigError) as refused:
        load(flags, file)
    assert str(refused.value) == "\n".join(map(str, refused.value.faults))
    return [str(fault) for fault in refused.value.faults]


def test_the_defaults_are_a_blind_broker_on_this_machine() -> None:
    config = load()
    assert (config.host, config.port) == ("127.0.0.1", 8440)
    assert config.store == ("sqlite:///covey-broker.db",)
    assert config.sqlite_file == Path("covey-broker.db")
    assert config.key_path == Path("covey-broker.db.key")
    assert config.blobs_at == "covey-broker.db.blobs"
    assert (config.retention_days, config.create, config.enrol) == (30, "open", "open")
    assert not config.bundled
    assert config.combine
    assert config.metrics.listen is None
    assert config.proxy.connection_header is None
    assert (config.limits.application_message, config.limits.handshake) == (65_536, 2**24)
    assert {each.origin for each in describe(config)} == {"default"}


def test_a_flag_comes_before_a_variable_before_a_file_before_the_default(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("port = 1\nretention_days = 1\n\n[limits]\nhandshake = 1\nnote = 1\n")
    monkeypatch.setenv("COVEY_BROKER_PORT", "2")
    monkeypatch.setenv("COVEY_BROKER_LIMITS__HANDSHAKE", "2")
    config = load({"port": 3, "host": None}, file)
    assert (config.port, config.retention_days) == (3, 1)
    assert (config.limits.handshake, config.limits.note) == (2, 1)
    assert config.limits.pointer == 8192
    origins = {each.key: each.origin for each in describe(config)}
    assert origins["port"] == "flag --port"
    assert origins["limits.handshake"] == "variable COVEY_BROKER_LIMITS__HANDSHAKE"
    assert origins["limits.note"] == f"{file}:6"
    assert origins["host"] == "default"


def test_a_variable_can_name_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("port = 1")
    monkeypatch.setenv("COVEY_BROKER_CONFIG", str(file))
    assert load().port == 1


VALUES = [
    ("limits.handshake", "64 KiB", 65_536),
    ("limits.handshake", "3MiB", 3 * 2**20),
    ("limits.handshake", 7, 7),
    ("rates.knocks", "5 per hour", Rate(5, 3600)),
    ("rates.knocks", "5/minute", Rate(5, 60)),
    ("rates.blob_bytes", "1 GiB per 2 days", Rate(2**30, 172_800)),
    ("metrics.listen", "127.0.0.1:9440", ("127.0.0.1", 9440)),
    ("metrics.listen", "[::1]:9440", ("::1", 9440)),
    ("metrics.listen", ":9440", ("127.0.0.1", 9440)),
    ("metrics.listen", 9440, ("127.0.0.1", 9440)),
    ("proxy.peers", "10.0.0.0/8 ::1", (ip_network("10.0.0.0/8"), ip_network("::1"))),
    ("proxy.peers", ["10.0.0.0/8"], (ip_network("10.0.0.0/8"),)),
    ("oidc.issuer", "https://id.example/realm", "https://id.example/realm"),
    ("oidc.issuer", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("store", "sqlite:////var/lib/covey.db", ("sqlite:////var/lib/covey.db",)),
    ("bundled", "yes", True),
    ("retention_days", "365", 365),
]


@pytest.mark.parametrize(("key", "said", "meant"), VALUES)
def test_values_are_read_as_people_write_them(key: str, said: object, meant: object) -> None:
    value: object = load({key: said})
    for part in key.split("."):
        value = getattr(value, part)
    assert value == meant


def test_several_databases_share_the_groups(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    both = (POSTGRES, POSTGRES.replace("db.", "db2."))
    monkeypatch.setenv("COVEY_BROKER_STORE", "\n".join(both))
    config = load({"key_file": "/keys/broker"})
    assert config.store == both
    assert config.key_path == Path("/keys/broker")
    assert config.sqlite_file is None
    assert config.blobs_at is None
    monkeypatch.delenv("COVEY_BROKER_STORE")
    file.write_text(f"store = {json.dumps(both)}\nkey_file = 'k'")
    assert load(None, file).store == both


WRONG = [
    ("port", "x", "port is 'x'; it has to be a whole number from 0 to 65535"),
    ("retention_days", 366, "retention_days is 366; it has to be a whole number from 1 to 365"),
    ("retention_days", 0, "retention_days is 0; it has to be a whole number from 1 to 365"),
    ("create", "closed", "create is 'closed'; it has to be open or invite"),
    ("enrol", "ldap", "enrol is 'ldap'; it has to be open, invite or oidc"),
    ("bundled", "perhaps", "bundled is 'perhaps'; it has to be true or false"),
    (
        "limits.note",
        "4 KB",
        "limits.note is '4 KB'; it has to be a number of bytes, such as 65536 or 64 KiB",
    ),
    ("limits.knocks", 0, "limits.knocks is 0; it has to be a whole number from 1"),
    (
        "rates.knocks",
        "5 per fortnight",
        "it has to be an amount and a time, such as 60 per hour or 10 GiB per day",
    ),
    ("rates.knocks", "0 per hour", "rates.knocks is '0 per hour'; it has to be an amount"),
    ("rates.knocks", 5, "rates.knocks is 5; it has to be an amount"),
    ("metrics.listen", "here", "metrics.listen is 'here'; it has to be host:port"),
    ("metrics.listen", "::1:9440", "metrics.listen is '::1:9440'; it has to be host:port"),
    ("metrics.listen", 99_999, "metrics.listen is 99999; it has to be host:port"),
    ("proxy.peers", "10.0.0.0/99", "proxy.peers is '10.0.0.0/99'; it has to be networks"),
    ("proxy.address_header", "a b", "proxy.address_header is 'a b'; it has to be the name of a"),
    ("oidc.issuer", "http://id.example", "oidc.issuer is 'http://id.example'; it has to be the"),
    ("store", "sqlite://covey.db", "a SQLite file is sqlite:///file.db (in this folder) or"),
    (
        "store",
        "mysql://u:s3cr3t@h/db",
        "store is 'mysql://u:…@h/db'; a store begins with sqlite:/// or",
    ),
    ("store", "postgresql://u:s3cr3t@h", "store is 'postgresql://u:…@h'; a PostgreSQL database is"),
    ("store", "postgresql://me@/covey?hots=/run", "did you mean host=…?"),
    ("store", "postgresql://me@/covey?colour=red", "there is no colour= behind the ?"),
    ("store", "postgres:/u:s3cr3t@h/db", "store is 'postgres:/u:…@h/db'; a store begins with"),
    ("store", "postgresql://u:s3cr3t", "store is 'postgresql://u:…'; a PostgreSQL database is"),
    ("store", "host=h password=s3cr3t", "store is 'host=h password=…'; a store begins with"),
    ("store", "s3cr3t@h/db", "store is '…@h/db'; a store begins with"),
    ("store", 7, "store is '…'; it has to be a URL, or several"),
    ("store", [], "store is ''; name a database"),
    ("store", " ", "store is ''; name a database"),
    ("log_level", "x" * 500, "log_level is '" + "x" * 58 + "…; it has to be debug, info, warning"),
]


@pytest.mark.parametrize(("key", "said", "sentence"), WRONG)
def test_a_refusal_says_what_was_there_and_what_would_do(
    key: str, said: object, sentence: str
) -> None:
    refused = refusal({key: said})
    assert len(refused) == 1
    flag = FLAGS.get(key, f"--set {key}")
    assert refused[0].startswith(f"flag {flag}: ")
    assert sentence in refused[0]
    assert "s3cr3t" not in refused[0]


def test_everything_that_is_wrong_is_told_with_its_place(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("# first\nport = 'x'\n\n[ limits ]\nnote = 0\n")
    monkeypatch.setenv("COVEY_BROKER_RETENTION_DAYS", "never")
    origins = [sentence.partition(": ")[0] for sentence in refusal({"create": "?"}, file)]
    assert sorted(origins) == sorted(
        [f"{file}:2", f"{file}:5", "variable COVEY_BROKER_RETENTION_DAYS", "flag --create"]
    )


UNKNOWN = [
    ("handshke = 1\n", ":1: there is no setting handshke; did you mean limits.handshake?"),
    ("[limits]\nhandshke = 1\n", ":2: there is no setting limits.handshke; did you mean limits."),
    ("retenton_days = 1\n", ":1: there is no setting retenton_days; did you mean retention_days?"),
    ("[oidc]\nclient.id = 1\n", ":2: there is no setting oidc.client.id; `covey broker settings`"),
    ("[port]\nx = 1\n", ":2: there is no setting port.x; did you mean port?"),
    ("limits = 3\n", ":1: limits is a group of settings: set limits.application_message or"),
    ("qqq = 1\n", ":1: there is no setting qqq; `covey broker settings` lists all"),
]


@pytest.mark.parametrize(("text", "sentence"), UNKNOWN)
def test_a_name_that_is_unknown_is_refused_with_the_nearest(
    file: Path, text: str, sentence: str
) -> None:
    file.write_text(text)
    (refused,) = refusal(None, file)
    assert refused.startswith(f"{file}{sentence}")


def test_an_unknown_variable_is_refused_as_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVEY_BROKER_LIMITS_HANDSHAKE", "1 MiB")
    (refused,) = refusal()
    assert refused.startswith("variable COVEY_BROKER_LIMITS_HANDSHAKE: ")
    assert refused.endswith("did you mean COVEY_BROKER_LIMITS__HANDSHAKE?")


def test_an_unknown_flag_is_refused_as_a_flag() -> None:
    (refused,) = refusal({"retention": 3})
    assert refused.endswith("did you mean --set retention_days?")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, file: Path) -> None:
    assert refusal(None, tmp_path / "none")[0].startswith(f"{tmp_path / 'none'}: cannot read")
    file.write_text("port = \n")
    assert re.search(r"broker.toml: this is not TOML: .*line 1", refusal(None, file)[0])
    file.write_bytes(b"\xff")
    assert "this is not TOML" in refusal(None, file)[0]


CONTRADICTIONS = [
    ({"store": POSTGRES}, "with PostgreSQL, key_file has to say"),
    ({"store": "sqlite:///a sqlite:///b"}, "among PostgreSQL databases only"),
    ({"store": f"sqlite:///a {POSTGRES}"}, "among PostgreSQL databases only"),
    ({"store": f"{POSTGRES} {POSTGRES}", "key_file": "k"}, "the same database is named twice"),
    (
        {"store": f"{POSTGRES} {POSTGRES}2", "key_file": "k", "bundled": True},
        "commits and inboxes have to be in one database",
    ),
    ({"limits.bodies": "16 MiB"}, "has to hold a commit with its parcels: at least 33 MiB"),
    ({"enrol": "oidc"}, "it needs oidc.issuer and oidc.audience"),
    ({"enrol": "oidc", "oidc.issuer": "https://x.example"}, "it needs oidc.issuer and"),
    ({"blobs.at": "s3://"}, "blobs.at is 's3://'; it has to be a folder, or s3://bucket/prefix"),
    ({"blobs.at": "s3:///prefix"}, "it has to be a folder, or s3://bucket/prefix"),
    ({"blobs.at": "https://bucket"}, "it has to be a folder, or s3://bucket/prefix"),
    ({"blobs.at": ""}, "it has to be a folder, or s3://bucket/prefix"),
    ({"metrics.listen": 8440}, "metrics.listen and port are both 8440: choose another"),
    ({"metrics.listen": "0.0.0.0:9440"}, "which others can reach: choose a loopback address"),
    ({"proxy.connection_header": "x-connection"}, "set both proxy.connection_header and"),
    ({"proxy.address_header": "x-address"}, "set both proxy.connection_header and"),
    ({"blobs.s3_access_key_id": "me"}, "set both blobs.s3_access_key_id and"),
    ({"blobs.s3_secret_access_key": "s3cr3t"}, "set both blobs.s3_access_key_id and"),
]


@pytest.mark.parametrize(("flags", "sentence"), CONTRADICTIONS)
def test_what_is_wrong_together_is_refused(flags: dict[str, Any], sentence: str) -> None:
    (refused,) = refusal(flags)
    assert sentence in refused
    assert "s3cr3t" not in refused


FINE = [
    {"metrics.listen": "0.0.0.0:9440", "metrics.anywhere": True},
    {"store": "postgresql://postgres@/covey?host=/run/postgresql", "key_file": "k"},
    {"blobs.at": "s3://bucket/prefix"},
    {"blobs.at": "/var/lib/covey/blobs"},
    {"enrol": "oidc", "oidc.issuer": "https://x.example", "oidc.audience": "covey"},
    {"proxy.connection_header": "X-Connection", "proxy.address_header": "X-Address"},
]


@pytest.mark.parametrize("flags", FINE)
def test_what_fits_together_is_taken(flags: dict[str, Any]) -> None:
    config = load(flags)
    assert {each.key for each in describe(config) if each.origin != "default"} == set(flags)


def test_no_password_is_ever_shown() -> None:
    config = load(
        {
            "store": f"{POSTGRES}?sslmode=require&password=s3cr3t postgres://a:s3c@r3t@h/d",
            "key_file": "k",
            "blobs.s3_access_key_id": "me",
            "blobs.s3_secret_access_key": "s3cr3t",
        }
    )
    for shown in (repr(config), str(config), as_text(config), as_json(config)):
        assert "s3c" not in shown
        assert "r3t" not in shown
    stores = json.loads(as_json(config))["store"]["value"]
    assert stores == [
        "postgresql://covey:…@db.example:5432/covey?sslmode=require&password=…",
        "postgres://a:…@h/d",
    ]
    secret = config.blobs.s3_secret_access_key
    assert secret is not None
    assert secret.get_secret_value() == "s3cr3t"


def test_it_is_shown_for_people_and_for_programs() -> None:
    config = load({"limits.note": "1 KiB"})
    assert re.search(
        r'^limits\.note +"1 KiB" +flag --set limits.note$', as_text(config), re.MULTILINE
    )
    shown = json.loads(as_json(config))
    assert shown["limits.note"] == {"value": 1024, "origin": "flag --set limits.note"}
    assert shown["key_file"] == {"value": "covey-broker.db.key", "origin": "default"}
    assert list(shown) == list(known())


def test_what_is_shown_can_be_read_again() -> None:
    """Each value, as it is shown, is taken again and means the same."""
    config = load({"metrics.listen": "[::1]:1", "rates.knocks": "7 per 90 seconds"})
    shown = {each.key: each.value for each in describe(config)}
    again = load(shown)
    assert {each.key: each.value for each in describe(again)} == shown


def test_it_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1  # type: ignore[misc]


def test_the_reference_has_every_setting() -> None:
    reference = reference_markdown()
    for key, setting in known().items():
        assert f"### `{key}`\n\n`COVEY_BROKER_{key.upper().replace('.', '__')}` · " in reference
        assert setting.description, key
        assert takes(setting) != "text", key
    assert reference.count("\n### ") + 1 == len(known())
    assert 'default `"16 MiB"`' in reference
    assert "This is *not blind*" in reference


def test_every_bucket_has_its_rate() -> None:
    rates = load().rates
    assert set(rates.by_bucket()) == set(Bucket)
    assert rates.by_bucket()[Bucket.knocks] == rates.knocks


def test_a_configuration_is_read_by_load_alone() -> None:
    assert load().origins == {}
    assert isinstance(load(), Config)


def test_a_key_is_begun_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "broker.key"
    seed = seed_of(path)
    assert len(seed) == 32
    assert seed_of(path) == seed == path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["broker.key"]
    assert seed_of(tmp_path / "other.key") != seed


def test_processes_that_begin_together_have_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        seeds = pool.map(seed_of, [tmp_path / "broker.key"] * 20, chunksize=1)
    assert len(set(seeds)) == 1


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)])
def test_a_file_that_holds_no_key_is_refused_and_left(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broker.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StorageError, match="holds no key of 32 bytes"):
        seed_of(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "broker.key"
    seed_of(path)
    path.chmod(mode)
    with pytest.raises(StorageError, match="chmod 600"):
        seed_of(path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot use the key file"):
        seed_of(tmp_path / "none" / "broker.key")
