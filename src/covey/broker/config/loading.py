"""Reading a configuration: flags, then variables, then a file, then defaults.

May import pydantic-settings and the settings. Whatever is wrong is told at once, each with
where it was said, what was there and what would do; a name that is unknown, with the nearest
one that is known.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from covey.broker.addresses import is_loopback
from covey.broker.config.errors import ConfigError, Fault
from covey.broker.config.settings import Config
from covey.broker.config.values import Takes, redacted, size_text, sqlite_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

PREFIX: Final = "COVEY_BROKER_"
FILE_VARIABLE: Final = PREFIX + "CONFIG"
"""Names the TOML file where no flag does."""

FLAGS: Final = {
    "store": "--store",
    "host": "--host",
    "port": "--port",
    "key_file": "--key-file",
    "enrol": "--enrol",
    "create": "--create",
    "metrics.listen": "--metrics",
    "log_level": "--log-level",
}
"""The settings that have a flag of their own on the command line."""

_SHOWN: Final = 60  # characters of a value in an error
_TABLE: Final = re.compile(r"\s*\[\s*([\w.\- ]+?)\s*\]")
_ENTRY: Final = re.compile(r"\s*([\w.\-]+)\s*=")


def load(flags: Mapping[str, object] | None = None, file: Path | None = None) -> Config:
    """Read a configuration.

    Args:
        flags: What the command line says, by the names of settings such as ``limits.handshake``;
            None where a flag was not given.
        file: The TOML file; None for the one that ``COVEY_BROKER_CONFIG`` names, or none.

    Raises:
        ConfigError: It cannot be read, or something in it is wrong.
    """
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    named = os.environ.get(FILE_VARIABLE)
    file = file if file is not None or not named else Path(named)
    tables, lines = _read(file) if file is not None else ({}, {})
    in_file = dict(_flat(tables))
    variables = _variables()
    origins = (
        {key: f"{file}:{lines[key]}" if key in lines else str(file) for key in in_file}
        | {key: f"variable {name}" for key, name in variables.items()}
        | {key: f"flag {_flag(key)}" for key in given}
    )
    unknown = [key for key in origins if key not in known()]
    if unknown:
        raise ConfigError(tuple(_unknown(key, origins[key]) for key in unknown))
    # What is handed to Config comes before variables; a file comes after them.
    behind = {key: value for key, value in in_file.items() if key not in variables}
    try:
        config = Config(**_nested(behind | given))
    except ValidationError as error:
        found = [
            _fault(each["loc"], each["input"], each.get("ctx", {}), origins)
            for each in error.errors(include_url=False)
        ]
        raise ConfigError(tuple(dict.fromkeys(found))) from None
    config._origins.update(origins)  # noqa: SLF001 - it is made here
    faults = tuple(
        Fault(key, origins.get(key, ""), sentence)
        for contradictions in (_contradictions_of_the_store, _contradictions)
        for key, sentence in contradictions(config)
    )
    if faults:
        raise ConfigError(faults)
    return config


def known() -> dict[str, FieldInfo]:
    """Every setting, by its name, in the order of the reference."""
    return dict(_fields(Config, ""))


def variable(key: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + key.upper().replace(".", "__")


def takes(field: FieldInfo) -> str:
    """What a setting takes, as the end of the sentence "it has to be …"."""
    marks = [*field.metadata, *_marks(field.annotation)]
    said = [mark.what for mark in marks if isinstance(mark, Takes)]
    choices = get_args(field.annotation)
    if said:
        return said[0]
    if field.annotation is bool:
        return "true or false"
    if choices and all(isinstance(choice, str) for choice in choices):
        return f"{', '.join(choices[:-1])} or {choices[-1]}"
    return "text"


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting's value is never shown."""
    arms = (field.annotation, *get_args(field.annotation))
    return any(SecretStr in (arm, *get_args(arm)) for arm in arms)


def _marks(annotation: object) -> Iterator[object]:
    """What ``Annotated`` says inside of an ``… | None``."""
    for arm in get_args(annotation):
        yield from getattr(arm, "__metadata__", ())


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _fields(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def _flag(key: str) -> str:
    """The flag that says a setting: one of its own, or the one for all."""
    return FLAGS.get(key, f"--set {key}")


def _read(file: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """A TOML file, and the line of each of its keys, as far as a simple look finds them."""
    try:
        text = file.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        what = f"cannot read the configuration file: {error.strerror or error}"
        raise ConfigError((Fault("", str(file), what),)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError((Fault("", str(file), f"this is not TOML: {error}"),)) from error
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _TABLE.match(line):
            table = found[1] + "."
        elif found := _ENTRY.match(line):
            lines.setdefault(table + found[1], number)
    return tables, lines


def _flat(tables: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _nested(flat: Mapping[str, object]) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for key, value in flat.items():
        *path, name = key.split(".")
        table = tables
        for each in path:
            table = table.setdefault(each, {})
        table[name] = value
    return tables


def _variables() -> dict[str, str]:
    """The broker's variables in the environment, by the name of the setting they are for."""
    return {
        name[len(PREFIX) :].lower().replace("__", "."): name
        for name in sorted(os.environ)
        if name.upper().startswith(PREFIX) and name.upper() != FILE_VARIABLE
    }


def _unknown(key: str, origin: str) -> Fault:
    """That there is no such setting, and which one may be meant."""
    names = list(known())
    inside = [name for name in names if name.startswith(key + ".")]
    if inside:
        return Fault(key, origin, f"{key} is a group of settings: set {' or '.join(inside[:2])}")
    leaf = key.rpartition(".")[2]
    near = difflib.get_close_matches(key, names, 1, 0.7) or [
        name for name in names if name.rpartition(".")[2] == leaf
    ]
    parts = {name.rpartition(".")[2]: name for name in names}
    near = near or [parts[each] for each in difflib.get_close_matches(leaf, parts, 1, 0.6)]
    meant = (
        f"did you mean {_spelt(near[0], origin)}?" if near else "`covey broker settings` lists all"
    )
    return Fault(key, origin, f"there is no setting {key}; {meant}")


def _spelt(key: str, origin: str) -> str:
    """The name of a setting, as it is written where another was."""
    if origin.startswith("variable "):
        return variable(key)
    return _flag(key) if origin.startswith("flag ") else key


def _fault(
    place: tuple[int | str, ...],
    value: object,
    context: Mapping[str, object],
    origins: Mapping[str, str],
) -> Fault:
    """What pydantic says, in our words and with where it was said.

    Args:
        place: The names that lead to a setting, and maybe further into its value.
        value: What was there.
        context: Under ``error``, what one of our own readers says.
        origins: Where each setting was said.
    """
    parts = [str(part) for part in place]
    settings = known()
    key = next(
        (name for end in range(len(parts), 0, -1) if (name := ".".join(parts[:end])) in settings),
        ".".join(parts),
    )
    origin = origins.get(key, "")
    field = settings[key]
    own = context.get("error")
    would_do = str(own) if own is not None else f"it has to be {takes(field)}"
    return Fault(key, origin, f"{key} is {_shown(key, field, value)}; {would_do}")


def _shown(key: str, field: FieldInfo, value: object) -> str:
    """A value in an error: short, and without a password."""
    if is_secret(field):
        return "…"
    if key == "store":
        urls = value.split() if isinstance(value, str) else value
        value = (
            " ".join(redacted(url) if isinstance(url, str) else "…" for url in urls)
            if isinstance(urls, list | tuple)
            else "…"
        )
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"


def _contradictions(config: Config) -> Iterator[tuple[str, str]]:
    """What is right by itself, and wrong together: settings, each with a sentence."""
    if config.enrol == "oidc" and None in (config.oidc.issuer, config.oidc.audience):
        yield "enrol", "enrol is 'oidc': it needs oidc.issuer and oidc.audience"
    blobs = config.blobs.at
    if blobs is not None and not _is_place(blobs):
        sentence = f"blobs.at is {blobs!r}; it has to be a folder, or s3://bucket/prefix"
        yield "blobs.at", sentence
    listen = config.metrics.listen
    if listen is not None and listen.port == config.port > 0 and listen.host == config.host:
        yield "metrics.listen", f"metrics.listen and port are both {listen.port}: choose another"
    if listen is not None and not config.metrics.anywhere and not is_loopback(listen.host):
        reach = f"metrics.listen is at {listen.host}, which others can reach"
        yield "metrics.listen", f"{reach}: choose a loopback address, or set metrics.anywhere"
    if (config.proxy.connection_header is None) != (config.proxy.address_header is None):
        yield (
            "proxy.connection_header",
            "set both proxy.connection_header and proxy.address_header, or neither",
        )
    if (config.blobs.s3_access_key_id is None) != (config.blobs.s3_secret_access_key is None):
        yield (
            "blobs.s3_access_key_id",
            "set both blobs.s3_access_key_id and blobs.s3_secret_access_key, or neither",
        )


def _is_place(blobs: str) -> bool:
    """Whether blobs can be meant to be kept there: a bucket with a name, or a folder."""
    if blobs.startswith("s3://"):
        return bool(blobs.removeprefix("s3://").partition("/")[0])
    return bool(blobs.strip()) and "://" not in blobs


def _contradictions_of_the_store(config: Config) -> Iterator[tuple[str, str]]:
    """The same, for what follows from the kind of store."""
    files = [store for store in config.store if sqlite_path(store)]
    if files and len(config.store) > 1:
        yield "store", "groups can be shared among PostgreSQL databases only: name one file"
    if len(set(config.store)) < len(config.store):
        yield "store", "the same database is named twice"
    limits = config.limits
    if limits.bodies < limits.handshake + limits.parcels + 2**20:
        least = size_text(limits.handshake + limits.parcels + 2**20)
        sentence = f"limits.bodies has to hold a commit with its parcels: at least {least}"
        yield "limits.bodies", sentence
    if config.bundled and len(config.store) > 1:
        yield "bundled", "commits and inboxes have to be in one database: name one, or leave it off"
    if not files and config.key_file is None:
        yield "key_file", "with PostgreSQL, key_file has to say where the broker's key is"
