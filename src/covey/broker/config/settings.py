"""Every setting: its name, its type, its default, and what it means.

May import pydantic-settings and the kinds of values. The text under each setting is its
documentation everywhere: in the reference page, and in what ``--check-config`` prints.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from covey.broker.buckets import Bucket, Rate
from covey.broker.config.values import (
    Header,
    Issuer,
    Limit,
    ListenText,
    Networks,
    RateText,
    Size,
    Stores,
    Takes,
    sqlite_path,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

KiB = 1024
MiB = 1024 * KiB
GiB = 1024 * MiB

Days = Annotated[int, Field(ge=1, le=365), Takes("a whole number from 1 to 365")]
Port = Annotated[int, Field(ge=0, le=65_535), Takes("a whole number from 0 to 65535")]
Wait = Annotated[int, Field(ge=0, le=60_000), Takes("a whole number from 0 to 60000")]


class _Group(BaseModel):
    """Settings that share the first part of their name."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True
    )


class Oidc(_Group):
    """A sign-in elsewhere that entitles to an account. Used when `enrol` is `oidc`."""

    issuer: Issuer | None = None
    """The OpenID issuer, just as its tokens spell it. The broker fetches its keys from there."""

    audience: Annotated[str, Takes("the client id")] | None = None
    """The client id under which the issuer knows this broker's clients."""


class Blobs(_Group):
    """Attachments: opaque files that clients encrypt."""

    at: Annotated[str, Takes("a folder, or s3://bucket/prefix")] | None = None
    """Where they are kept: a folder, or `s3://bucket/prefix`. Without it, the folder
    `<file>.blobs` beside a SQLite file; with PostgreSQL, no blobs are offered."""

    max_bytes: Size = 100 * MiB
    """The largest blob, in bytes."""

    days: Days = 30
    """How long a blob is kept, in days. It is not longer for one that is used."""

    s3_endpoint: Annotated[str, Takes("the URL of an S3 service")] | None = None
    """The URL of an S3 service; without it, Amazon's."""

    s3_region: Annotated[str, Takes("the name of a region")] = "us-east-1"
    """The region of the bucket."""

    s3_access_key_id: Annotated[str, Takes("the id of a key")] | None = None
    """The id of the access key. Without it, credentials come from where the service's own
    tools find them: variables, or the machine's role."""

    s3_secret_access_key: Annotated[SecretStr, Takes("a key")] | None = None
    """The access key. Best given by its environment variable; it is never shown."""


class Metrics(_Group):
    """Counters for operators, in Prometheus's format, on a listener of their own."""

    listen: ListenText | None = None
    """Where they are served, as `host:port`. Off without it."""

    anywhere: bool = False
    """Allow an address that other machines can reach. Counters say how busy a broker is, and
    nobody has to show who he is to read them."""


class Proxy(_Group):
    """A reverse proxy in front of the broker. Set both headers, or neither."""

    connection_header: Header | None = None
    """The header in which the proxy numbers its clients' connections. The proxy must *set* it,
    so that what a client writes there is gone. nginx: `proxy_set_header X-Connection
    "$pid-$connection";`."""

    address_header: Header | None = None
    """The header in which the proxy states a client's address, and that alone. The proxy must
    set it. nginx: `proxy_set_header X-Address $remote_addr;`."""

    peers: Networks = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    """From where the proxy connects. Headers that come from elsewhere are not believed."""


class Limits(_Group):
    """How large, and how many. Clients find those that they need at a well-known address."""

    application_message: Size = 64 * KiB
    """Bytes of an entry that is no commit."""

    handshake: Size = 16 * MiB
    """Bytes of a commit."""

    parcels: Size = 16 * MiB
    """Bytes of all parcels of a commit, and of its pointer list."""

    bodies: Size = 256 * MiB
    """Bytes of all requests together that are being received or worked on. Who comes when there
    is no room is told to try again. Not less than `handshake` and `parcels` together."""

    parcel_count: Limit = 64
    """Parcels of a commit."""

    bundled: Limit = 1_024
    """Pointers that a commit carries, where that is offered."""

    capabilities: Limit = 256
    """Capabilities of a group."""

    key_package: Size = 64 * KiB
    """Bytes of a KeyPackage."""

    key_packages: Limit = 200
    """KeyPackages of a device, or on a shelf, that wait."""

    key_packages_low: Limit = 20
    """A device is told to publish more when fewer wait."""

    key_package_days: Days = 90
    """The longest lifetime of a KeyPackage, in days."""

    devices: Limit = 50
    """Devices of an account."""

    pointer: Size = 8 * KiB
    """Bytes of a pointer in an inbox."""

    note: Size = 4 * KiB
    """Bytes of a note in an inbox."""

    inbox_entries: Limit = 1_000
    """Pointers and notes that wait in an inbox."""

    slots: Limit = 1_000
    """Post tokens that open the note slot of an inbox."""

    knock: Size = 64 * KiB
    """Bytes of a knock."""

    knocks: Limit = 64
    """Knocks that wait at a group."""

    page_entries: Limit = 256
    """Entries in one answer to a reader."""

    page_bytes: Size = 4 * MiB
    """Bytes of entries in one answer; the first entry is always in it."""

    wait_ms: Wait = 25_000
    """How long a reader is kept waiting for something new, in milliseconds."""

    subscriptions: Limit = 256
    """Groups on one WebSocket."""

    credit: Limit = 1_024
    """Entries that are sent on one WebSocket before the client says that it can take more."""


class Rates(_Group):
    """How often. Counted in memory, by each process for itself.

    Each is the size of a bucket and how fast it fills: of `60 per hour`, 60 can be had at once,
    and one more each minute.
    """

    creations: RateText = Rate(120, 3600)
    """Groups created from one network (IPv4 /24, IPv6 /48)."""

    enrolments: RateText = Rate(60, 3600)
    """Accounts begun from one network."""

    claims_of_target: RateText = Rate(200, 3600)
    """KeyPackages claimed of one account."""

    claims_by_caller: RateText = Rate(12_000, 3600)
    """KeyPackages claimed by one account. To add 10,000 people at once takes as many."""

    inboxes: RateText = Rate(1_000, 86_400)
    """Inboxes begun by one account."""

    shelvings: RateText = Rate(2_000, 86_400)
    """KeyPackages laid on shelves by one account."""

    claims_of_pair: RateText = Rate(60, 3600)
    """KeyPackages claimed of one account by one other."""

    attempts: RateText = Rate(6_000, 600)
    """Pointers, notes and knocks that are tried from one network, taken or not."""

    expectations: RateText = Rate(10_000, 86_400)
    """KeyPackages that one inbox expects pointers for."""

    postings: RateText = Rate(1_000, 3600)
    """Pointers and notes posted to one inbox."""

    appends: RateText = Rate(6_000, 60)
    """Entries appended to one group."""

    log_bytes: RateText = Rate(2 * GiB, 86_400)
    """Bytes appended to one group, parcels and pointer lists too."""

    appends_of_epoch: RateText = Rate(12_000, 60)
    """Appends that are tried in one epoch of a group, late ones too."""

    knocks: RateText = Rate(60, 3600)
    """Knocks left at one group."""

    blob_bytes: RateText = Rate(10 * GiB, 86_400)
    """Bytes of blobs begun by one group."""

    def by_bucket(self) -> dict[Bucket, Rate]:
        """The rate of every bucket."""
        return {name: getattr(self, name.value) for name in Bucket}


class Config(BaseSettings):
    """How a broker runs."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="COVEY_BROKER_",
        env_nested_delimiter="__",
        enable_decoding=False,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    host: Annotated[str, Takes("a name or an address")] = "127.0.0.1"
    """The address to listen at."""

    port: Port = 8440
    """The port to listen at; 0 for any that is free."""

    store: Stores = Field(default=("sqlite:///covey-broker.db",), repr=False)
    """The database: `sqlite:///file.db` (in the folder where the broker starts),
    `sqlite:////path/file.db`, or `postgresql://user:password@host:port/database`. Several of
    PostgreSQL, with white space between them or as a list, share the groups among them; then
    their order matters, and stays as it is for as long as they hold anything."""

    key_file: Annotated[Path, Takes("a file")] | None = None
    """The broker's long-term key: a file of 32 bytes that nobody else may read, begun if it is
    not there. Clients know the broker by it, so keep a copy. Without this, `<file>.key` beside
    a SQLite file; with PostgreSQL it has to be set, and the same for every process."""

    retention_days: Days = 30
    """How long a group's log is kept, in days. Who was away for longer asks to be let in anew."""

    create: Literal["open", "invite"] = "open"
    """Who may create groups: anybody, or who has an invite code for it."""

    enrol: Literal["open", "invite", "oidc"] = "open"
    """Who may begin an account: anybody, who has an invite code for it, or who can sign in at
    the issuer in `oidc`."""

    bundled: bool = False
    """Let commits carry the pointers for those whom they add, so that these arrive together.
    This is *not blind*: the broker then sees which inboxes a group invites."""

    combine: bool = True
    """On PostgreSQL, write what comes in for one group at the same time in one transaction.
    It is faster for busy groups, and nothing depends on it."""

    blur: bool = True
    """On PostgreSQL, write the rows of accounts and inboxes anew each hour, so that what the
    database notes in them does not tell in which order things happened. Writes to them wait while
    it lasts, which is a second for some hundred thousand rows."""

    migrate: bool = False
    """Bring a PostgreSQL database up to date at start, instead of by `covey broker migrate`.
    A SQLite file is always brought up to date."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged, to standard error. No level logs more of a request than its kind and its
    outcome."""

    oidc: Oidc = Oidc()
    blobs: Blobs = Blobs()
    metrics: Metrics = Metrics()
    proxy: Proxy = Proxy()
    limits: Limits = Limits()
    rates: Rates = Rates()

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each setting was said, by its name; what is not in it has its default."""
        return self._origins

    @property
    def sqlite_file(self) -> Path | None:
        """The SQLite file; None with PostgreSQL."""
        path = sqlite_path(self.store[0])
        return Path(path) if path else None

    @property
    def key_path(self) -> Path:
        """Where the broker's key is: ``key_file``, or beside the SQLite file."""
        if self.key_file is not None:
            return self.key_file
        assert self.sqlite_file is not None  # `load` has seen to it
        return self.sqlite_file.with_name(self.sqlite_file.name + ".key")

    @property
    def blobs_at(self) -> str | None:
        """Where blobs are kept; None when they are not offered."""
        if self.blobs.at is not None or self.sqlite_file is None:
            return self.blobs.at
        return str(self.sqlite_file.with_name(self.sqlite_file.name + ".blobs"))
