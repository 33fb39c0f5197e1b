"""Showing a configuration: what is in force and why, and what can be set at all.

May import the settings and how they are read. No password is ever shown.
"""

from __future__ import annotations

import json
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pydantic import BaseModel

from covey.broker.buckets import Rate
from covey.broker.config.loading import is_secret, known, takes, variable
from covey.broker.config.settings import Config
from covey.broker.config.values import SIZE, Listen, rate_text, redacted, size_text

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_DEFAULT = "default"

Shown: TypeAlias = bool | int | str | list[str] | None


class Described(NamedTuple):
    """A setting that is in force.

    Attributes:
        key: Its name.
        value: Its value, as it can be written in a file; passwords are left out.
        origin: Where it was said: a flag, a variable, a file and its line, or ``default``.
    """

    key: str
    value: Shown
    origin: str


def describe(config: Config) -> tuple[Described, ...]:
    """Every setting of a configuration, in the order of the reference."""
    return tuple(
        Described(key, _value(config, key, field), config.origins.get(key, _DEFAULT))
        for key, field in known().items()
    )


def as_text(config: Config) -> str:
    """A configuration for people: one line a setting."""
    settings = known()
    rows = [
        (each.key, _written(settings[each.key], each.value), each.origin)
        for each in describe(config)
    ]
    key, value = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"{row[0]:<{key}}  {row[1]:<{value}}  {row[2]}" for row in rows)


def as_json(config: Config) -> str:
    """A configuration for programs: ``{key: {"value": …, "origin": …}}``."""
    table = {each.key: {"value": each.value, "origin": each.origin} for each in describe(config)}
    return json.dumps(table, indent=2, ensure_ascii=False)


def reference_markdown() -> str:
    """The reference of all settings, as Markdown below a heading of the first level."""
    parts: list[str] = []
    for name, field in Config.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            parts.append(f"## `[{name}]`\n\n{_prose(group.__doc__)}")
            parts.extend(
                _entry(f"{name}.{each}", info) for each, info in group.model_fields.items()
            )
        else:
            parts.append(_entry(name, field))
    return "\n\n".join(parts) + "\n"


def _entry(key: str, field: FieldInfo) -> str:
    default = _plain(field, field.get_default(call_default_factory=True))
    facts = [
        f"`{variable(key)}`",
        takes(field),
        "not set by default" if default is None else f"default `{_written(field, default)}`",
    ]
    return f"### `{key}`\n\n{' · '.join(facts)}\n\n{_prose(field.description)}"


def _prose(text: str | None) -> str:
    return " ".join((text or "").split())


def _written(field: FieldInfo, value: Shown) -> str:
    """A value as it stands in a TOML file, and ``-`` where there is none."""
    if SIZE in field.metadata and isinstance(value, int):
        value = size_text(value)
    return "-" if value is None else json.dumps(value, ensure_ascii=False)


def _value(config: Config, key: str, field: FieldInfo) -> Shown:
    """The value in force, also where it follows from other settings."""
    if key == "key_file":
        return str(config.key_path)
    if key == "blobs.at":
        return config.blobs_at
    value: object = config
    for part in key.split("."):
        value = getattr(value, part)
    return _plain(field, value)


def _plain(field: FieldInfo, value: object) -> Shown:
    """A value as it can be written in a file."""
    if value is None or isinstance(value, bool | int):
        return value
    if is_secret(field):
        return "…"
    if isinstance(value, Listen):
        return f"[{value.host}]:{value.port}" if ":" in value.host else f"{value.host}:{value.port}"
    if isinstance(value, Rate):
        return rate_text(value)
    if isinstance(value, tuple):
        return [_item(item) for item in value]
    return str(value)


def _item(item: object) -> str:
    return str(item) if isinstance(item, IPv4Network | IPv6Network) else redacted(str(item))
