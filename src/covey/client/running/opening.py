"""Opening a client: its store, who it is, and, when both are new, its account.

May import the store and the flows. What a store remembers of itself: the member with its signature
key, and where its broker is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.refusals import Code
from covey.access.structs.identity import EvidenceKind
from covey.client.roles import GroupPolicy
from covey.client.running.further import further_members, upgrades_of
from covey.client.running.watching import Watched
from covey.client.sync.asking import alone
from covey.client.sync.effects import About, World
from covey.client.sync.identity.home import Home, Pace
from covey.client.words import suites, typed
from covey.client.words.names import named
from covey.errors import BrokerError, StateError, StorageError, TransportError
from covey.mls import CipherSuite, Member, Ports
from covey.mls.group.identity import identity
from covey.store import (
    Passphrase,
    StoreExists,
    StoreMissing,
    memory_store,
    open_store,
    settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

    from covey.client.roles import Change
    from covey.client.sync.effects import Broker, Flow, Lane
    from covey.client.sync.peer import Peer
    from covey.store import Rows, Store, StoreKey

SUITE: Final = CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519

_MEMBER: Final = "member"
_URL: Final = "broker url"
_NO_ACCOUNT: Final = "no account"
_BROKER_ID: Final = "broker id"
_ENROLLED: Final = "enrolled"


class Given(NamedTuple):
    """What a client is opened with; see :meth:`covey.client.client.Client.open`."""

    path: Path | None
    broker: str | None
    name: str | None
    key: StoreKey | None
    create: bool
    new: bool
    enrol: bool
    invite: str
    id_token: str | Callable[[str], str]
    waits: Callable[[BrokerError, float], None] | None
    proxy: str | None
    pace: Pace | None
    policies: Sequence[Callable[[Change], str | None]]
    upgrades: Sequence[int | str]
    transport: Callable[[], httpx.AsyncBaseTransport] | None
    world: World

    def __repr__(self) -> str:
        return f"Given({self.path!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("path", self.path)]


class Opened(NamedTuple):
    """A store that has been opened.

    Attributes:
        store: The store.
        home: What the flows of its identity stand on.
        url: Where its broker is; empty without one.
        is_elsewhere: Whether it was somewhere else until now: that is kept when it answers there.
        is_new: Whether it was begun by this.
        stays_without: Whether it was begun without an account, and is not asked to begin one now.
    """

    store: Watched
    home: Home
    url: str
    is_elsewhere: bool
    is_new: bool
    stays_without: bool


def checked(given: Given) -> Given:
    """What a client is opened with, once its types are looked at.

    Raises:
        StateError: A text is none that UTF-8 can write, or there is no such suite.
        TypeError: Something is of another type.
    """
    for what, text in (
        *(("a name", given.name or ""), ("the URL of a broker", given.broker or "")),
        *(("the URL of a proxy", given.proxy or ""), ("an invite code", given.invite)),
        ("an ID token", "" if callable(given.id_token) else given.id_token),
    ):
        typed.text(what, text)
    if given.pace is not None:
        typed.instance("a pace", (Pace,), given.pace)
    policies = typed.functions("a policy", given.policies)
    upgrades = (given.upgrades,) if isinstance(given.upgrades, str) else tuple(given.upgrades)
    for each in upgrades:
        suites.parse(each)
    return given._replace(policies=policies, upgrades=upgrades)


def key_of(passphrase: str | None, key: StoreKey | None) -> StoreKey | None:
    """What opens a store.

    Raises:
        StateError: Both were given.
        TypeError: The passphrase is no text.
    """
    if passphrase is not None and key is not None:
        msg = "a store is opened by a passphrase or by a key, not by both: give one"
        raise StateError(msg)
    return key if passphrase is None else passphrase_of(passphrase)


def passphrase_of(given: str) -> Passphrase:
    """A passphrase.

    Raises:
        StorageError: It is empty.
        TypeError: It is no text.
    """
    typed.text("a passphrase", given)
    return Passphrase(given)


def opened(given: Given) -> Opened:
    """Open a store, or begin one. It takes its time: not on an event loop.

    Raises:
        StorageError: It cannot be opened; each kind has its own class.
        StateError: It is somebody else's, or it is new and nobody said whose it shall be.
    """
    store, is_new = _store(given)
    try:
        watched = Watched(store)
        upgrades = upgrades_of(watched, map(suites.parse, given.upgrades))
        policy = GroupPolicy(
            functions=tuple(given.policies), suites=tuple(dict.fromkeys((SUITE, *upgrades)))
        )
        member = _member(watched, given, policy)
        without = _is_without_account(watched)
        url, is_elsewhere = _url(watched, given.broker, without=without)
        now = given.world.now
        ports = Ports(
            policy, entropy=given.world.entropy, now=lambda: int(now()), require_reserved=True
        )
        home = Home(
            *(watched, given.world, member, ports, given.pace),
            further=further_members(watched, member, upgrades),
            upgrades=upgrades,
        )
    except BaseException:
        store.close()
        if is_new:
            discard(given.path)
        raise
    return Opened(watched, home, url, is_elsewhere, is_new, without and given.broker is None)


def has_account(path: Path, key: StoreKey) -> bool:
    """Whether an identity has an account, as its store says.

    Raises:
        StorageError: The store cannot be opened.
    """
    return _has(path, key, _ENROLLED)


def may_have_account(path: Path, key: StoreKey) -> bool:
    """Whether a broker has answered, so that it may have begun the account.

    Raises:
        StorageError: The store cannot be opened.
    """
    return _has(path, key, _BROKER_ID)


def has_answered(store: Store) -> bool:
    """Whether a broker has answered to the identity of a store."""
    with store.reading() as rows:
        return settings.get(rows, _BROKER_ID) is not None


def _has(path: Path, key: StoreKey, name: str) -> bool:
    store = open_store(path, key)
    try:
        with store.reading() as rows:
            return settings.get(rows, name) is not None
    finally:
        store.close()


def discard(path: Path | None) -> None:
    """Delete a store of which nothing is worth keeping."""
    if path is not None:
        for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            each.unlink(missing_ok=True)


def _store(given: Given) -> tuple[Store, bool]:
    path, key = given.path, given.key
    if path is None:
        return memory_store(), True
    if key is None:
        msg = f"{path} is, or would be, encrypted: give a passphrase, or a key"
        raise StorageError(msg)
    try:
        if not given.new:
            return open_store(path, key), False
    except StoreMissing:
        if not given.create or path.exists():
            raise
    if given.name is None:
        msg = f"there is no store at {path}; to begin one, give a name"
        raise StoreMissing(msg)
    try:
        return open_store(path, key, create=True), True
    except StoreExists:  # another process was faster
        if given.new:
            raise
        return open_store(path, key), False


def _member(store: Watched, given: Given, policy: GroupPolicy) -> Member:
    """Who we are: as the store says, or as it says from now on."""
    name, entropy = given.name, given.world.entropy
    with store.transaction() as rows:
        kept = settings.get(rows, _MEMBER)
        if kept is None:
            if name is None:
                msg = "this store is new: say whose it shall be, by a name"
                raise StateError(msg)
            member = Member.basic(named(name).encode(), SUITE, policy=policy, entropy=entropy)
            settings.put(rows, _MEMBER, member.encode())
            if given.broker is None:
                settings.put(rows, _NO_ACCOUNT, b"\x01")
            return member
    member = Member.decode(kept, policy=policy, entropy=entropy)
    known = name_in(member)
    if name is not None and named(name) != known:
        msg = f"this store is {known}'s, not {name}'s: open another one, or leave the name out"
        raise StateError(msg)
    return member


def name_in(member: Member) -> str:
    """What a member of ours is called, exactly: a broker knows it by that."""
    return identity(member.credential).decode()


def _is_without_account(store: Watched) -> bool:
    """Whether it was begun without an account, and has none since."""
    with store.reading() as rows:
        return settings.get(rows, _NO_ACCOUNT) is not None and settings.get(rows, _ENROLLED) is None


def _url(store: Watched, url: str | None, *, without: bool) -> tuple[str, bool]:
    """Where the broker is, and whether the store says somewhere else."""
    with store.reading() as rows:
        kept = (settings.get(rows, _URL) or b"").decode()
    if url is None or url == kept:
        return kept, False
    if not kept and not without:  # else its groups go on where they are, until there is an account
        remember_url(store, url)
    return url, bool(kept) and not without


def remember_url(store: Store, url: str) -> None:
    """Keep where the broker is."""
    with store.transaction() as rows:
        settings.put(rows, _URL, url.encode())


def forget_url(store: Watched) -> None:
    """Keep it no more."""
    with store.transaction() as rows:
        settings.drop(rows, _URL)


# --- the account -------------------------------------------------------------------------


def about(home: Home) -> Flow[Broker]:
    """Ask the broker who it is."""

    def ask(lane: Lane) -> Flow[Broker]:
        broker: Broker = yield About(lane)
        return broker

    return (yield from alone(home.world, ask))


def enrolled(peer: Peer, given: Given) -> Flow[None]:
    """Begin the account; done twice, it is done once.

    Raises:
        BrokerError: ``handle_taken``, ``enrolment_refused``, …
        TransportError: The broker does not answer.
        PolicyError: Another broker than before answers there.
    """
    broker = yield from about(peer.home)
    kind, evidence = EvidenceKind.none, b""
    if given.id_token:
        device, _ = peer.new_device(broker.broker_id)
        token = given.id_token
        token = token if isinstance(token, str) else token(device.key.hex())
        kind, evidence = EvidenceKind.oidc, token.encode()
    elif given.invite:
        kind, evidence = EvidenceKind.invite, given.invite.encode()
    yield from peer.enrol(broker.broker_id, name_in(peer.home.member), kind, evidence)
    yield from peer.keep_stock()


def pinned(peer: Peer) -> Flow[None]:
    """Make the keys of a device that is to be added to an account, and remember the broker."""
    broker = yield from about(peer.home)
    peer.new_device(broker.broker_id)


def added(peer: Peer) -> Flow[bool]:
    """Look whether another device has added this one to its account; if so, begin with it.

    Raises:
        BrokerError: The broker refuses.
        TransportError: It does not answer.
    """
    device, inbox = peer.new_device(peer.broker_id)
    try:
        yield from device.authenticate()
    except BrokerError as error:
        if error.code != Code.account_unknown:
            raise
        return False
    yield from peer.begin_inbox(device, inbox)
    yield from peer.keep_stock()
    return True


def at_home(peer: Peer, url: str) -> Flow[bool]:
    """Look who answers at a URL, and keep it if it is our broker: a wrong one is not kept.

    Raises:
        TransportError: Nobody answers there, or another broker does.
    """
    found = yield from about(peer.home)
    if found.broker_id != peer.broker_id:
        msg = f"another broker than ours answers at {url}, which is not kept: see where ours is"
        raise TransportError(msg)
    remember_url(peer.home.store, url)
    return True


def waits_to_be_added(rows: Rows) -> bool:
    """Whether this is a device that no account knows as far as we know."""
    return (
        settings.get(rows, "device") is not None
        and settings.get(rows, "broker id") is not None
        and settings.get(rows, _ENROLLED) is None
    )
