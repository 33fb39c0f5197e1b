"""The kinds of values that a setting has, and how a person writes them.

May import pydantic, :mod:`covey.broker.buckets` and :mod:`covey.broker.addresses`. Each kind
says in its ``Takes`` what would do; what reads a value raises ValueError where that needs
more words.
"""

from __future__ import annotations

import difflib
import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import BeforeValidator, Field, InstanceOf

from covey.broker.addresses import is_loopback
from covey.broker.buckets import Rate


class Takes(NamedTuple):
    """What a setting takes, for people.

    Attributes:
        what: The end of the sentence "it has to be …".
    """

    what: str


class Listen(NamedTuple):
    """Where to listen."""

    host: str
    port: int


_UNITS: Final = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_SIZE: Final = re.compile(r"(\d+)\s*([a-z]*)", re.IGNORECASE)
_SPANS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE: Final = re.compile(
    r"(?P<amount>.+?)\s*(?:\bper\b|/)\s*(?P<many>\d*)\s*(?P<span>[a-z]+?)s?", re.IGNORECASE
)
_QUERY: Final = (
    *("host", "port", "user", "password", "passfile", "service", "target_session_attrs"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname", "gsslib"),
)  # what asyncpg knows, but for the name of the database, which is in the path
_SECRET: Final = re.compile(r"\b(password|passfile|sslkey|sslpassword)=[^&\s]*", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:/+", re.IGNORECASE)
_NO_PORT: Final = re.compile(r":(?!\d+(?:[/?]|$))[^/?]*")
_HEADER: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 §5.1, in small letters


def read_size(value: object) -> object:
    """A number of bytes, which may have a unit; anything else is left to be refused."""
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value.strip())
    if found is None or found[2].lower() not in _UNITS:
        return value
    return int(found[1]) * _UNITS[found[2].lower()]


def read_rate(value: object) -> object:
    """An amount per a span of time, such as ``60 per hour`` or ``10 GiB per 2 days``."""
    if not isinstance(value, str):
        return value
    found = _RATE.fullmatch(value.strip())
    amount = read_size(found["amount"]) if found is not None else None
    if found is None or not isinstance(amount, int) or found["span"].lower() not in _SPANS:
        return value
    many = int(found["many"] or 1)
    return Rate(amount, many * _SPANS[found["span"].lower()]) if amount and many else value


def read_stores(value: object) -> object:
    """One database, or several; as text, with white space between them."""
    stores = value.split() if isinstance(value, str) else value
    if not isinstance(stores, list | tuple):
        return value
    if not stores:
        msg = "name a database"
        raise ValueError(msg)
    for store in stores:
        _check_store(store)
    return tuple(stores)


def _check_store(store: object) -> None:
    """Refuse what is no database's URL, and never repeat it: a password may be in it."""
    parts = _parts(store)
    if parts.scheme == "sqlite":
        if parts.netloc or not sqlite_path(str(store)) or parts.query or parts.fragment:
            msg = "a SQLite file is sqlite:///file.db (in this folder) or sqlite:////path/file.db"
            raise ValueError(msg)
    elif str(store).startswith(("postgresql://", "postgres://")):
        if not parts.path.strip("/"):
            msg = "a PostgreSQL database is postgresql://user@host:port/database: name the database"
            raise ValueError(msg)
        _check_query(parts.query)
    else:
        msg = "a store begins with sqlite:/// or postgresql://"
        raise ValueError(msg)


def _check_query(query: str) -> None:
    """Refuse what the driver would hand to the server as one of its settings, or not know."""
    for key, _ in parse_qsl(query, keep_blank_values=True):
        if key not in _QUERY:
            near = difflib.get_close_matches(key, _QUERY, 1, 0.5)
            hint = f"did you mean {near[0]}=…?" if near else f"there are {', '.join(_QUERY)}"
            msg = f"there is no {key}= behind the ? of a PostgreSQL database; {hint}"
            raise ValueError(msg)


def _parts(url: object) -> SplitResult:
    try:
        return urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return urlsplit("")


def sqlite_path(store: str) -> str:
    """The path in ``sqlite:///file.db`` (relative) or ``sqlite:////path/file.db``."""
    return store.removeprefix("sqlite:///") if store.startswith("sqlite:///") else ""


def read_listen(value: object) -> object:
    """``host:port`` or ``[host]:port``, or a port alone, at the loopback address."""
    if not isinstance(value, str):
        return Listen("127.0.0.1", value) if type(value) is int and 0 <= value < 2**16 else value
    host, _, port = value.strip().rpartition(":")
    if not port.isdecimal() or int(port) >= 2**16 or (":" in host and not host.startswith("[")):
        return value
    return Listen(host.strip("[]") or "127.0.0.1", int(port))


def read_issuer(value: object) -> object:
    """The URL of an issuer; https, or http to this machine itself."""
    parts = _parts(value)
    host = parts.hostname or ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        msg = "it has to be the issuer's https:// URL, just as its tokens spell it"
        raise ValueError(msg)
    return value


def read_header(value: object) -> object:
    """The name of a header, in small letters."""
    name = value.strip().lower() if isinstance(value, str) else ""
    if not _HEADER.fullmatch(name):
        msg = "it has to be the name of a header, such as x-connection"
        raise ValueError(msg)
    return name


def read_words(value: object) -> object:
    """Several values; as text, with white space between them."""
    return value.split() if isinstance(value, str) else value


SIZE: Final = Takes("a number of bytes, such as 65536 or 64 KiB")

Size = Annotated[int, BeforeValidator(read_size), Field(ge=1), SIZE]
Limit = Annotated[int, Field(ge=1), Takes("a whole number from 1")]
RateText = Annotated[
    InstanceOf[Rate],
    BeforeValidator(read_rate),
    Takes("an amount and a time, such as 60 per hour or 10 GiB per day"),
]
Stores = Annotated[tuple[str, ...], BeforeValidator(read_stores), Takes("a URL, or several")]
ListenText = Annotated[
    InstanceOf[Listen], BeforeValidator(read_listen), Takes("host:port, such as 127.0.0.1:9440")
]
Issuer = Annotated[str, BeforeValidator(read_issuer), Takes("an https:// URL")]
Header = Annotated[str, BeforeValidator(read_header), Takes("the name of a header")]
Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...],
    BeforeValidator(read_words),
    Takes("networks, such as 127.0.0.0/8 ::1/128"),
]


def size_text(size: int) -> str:
    """A size with the largest unit that it is a whole number of."""
    for unit, bytes_ in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size and size % bytes_ == 0:
            return f"{size // bytes_} {unit}"
    return str(size)


def rate_text(rate: Rate) -> str:
    """A rate as it can be written in a file."""
    for span, seconds in reversed(_SPANS.items()):
        if rate.seconds % seconds == 0:
            many = rate.seconds // seconds
            return f"{size_text(rate.amount)} per {span if many == 1 else f'{many} {span}s'}"
    return f"{rate.amount} per {rate.seconds} seconds"


def redacted(url: str) -> str:
    """A database's URL without what may be a password, however odd it is."""
    if url.startswith("sqlite:///"):
        return url
    found = _SCHEME.match(url)
    scheme = found[0] if found else ""
    login, at, where = url[len(scheme) :].rpartition("@")
    if at and found:
        user, colon, _ = login.partition(":")
        login = f"{user}:…" if colon else user
    elif at:
        login = "…"
    elif not where.startswith("["):  # as an address of IPv6 does
        where = _NO_PORT.sub(":…", where)
    return scheme + login + at + _SECRET.sub(r"\1=…", where)
