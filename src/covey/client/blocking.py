"""The same client with plain calls, for scripts and notebooks: its event loop runs in a thread.

May import the client. Nothing is done here but to hand calls over: each method is one of
the asynchronous class, with its parameters and its docstring.
"""

from __future__ import annotations

import atexit
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Self

from covey.client import client
from covey.client.conversing import conversation
from covey.client.faces import Face, Method, Portal, alone, plain, waited
from covey.client.running import feeds

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path
    from types import TracebackType

    from covey.client.conversing.conversation import MemberView
    from covey.client.events import Event, WishRefused

P = ParamSpec("P")


def faced(portal: Portal, inner: conversation.Conversation) -> Conversation:
    """The blocking face of a group."""
    return Conversation(portal, inner)


def entered(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, conversation.Conversation]],
) -> Method[P, Conversation]:
    """A coroutine method that comes into a group, as a plain one."""
    return Method(method, waits=True, faced=faced)


def found(
    method: Callable[Concatenate[Any, P], conversation.Conversation],
) -> Method[P, Conversation]:
    """A method that finds a group, likewise."""
    return Method(method, waits=False, faced=faced)


def begun(function: Callable[P, client.Client]) -> staticmethod[P, Client]:
    """What makes a client, as what makes its blocking face."""

    def made(*args: P.args, **kwargs: P.kwargs) -> Client:
        return Client(Portal(), function(*args, **kwargs))

    return staticmethod(update_wrapper(made, function))


class Feed(Face[feeds.Feed]):
    """Events, for ``for``."""

    @property
    def number(self) -> int:
        """The number of the event that was handed out last."""
        return self._inner.number

    @property
    def happened_at(self) -> int:
        """When that was, by our clock, in seconds since the epoch."""
        return self._inner.happened_at

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        event = self._portal.wait(self._next)
        if event is None:
            raise StopIteration
        return event

    async def _next(self) -> Event | None:
        return await anext(self._inner, None)


class Conversation(Face[conversation.Conversation]):
    """A group; see :class:`covey.client.conversing.conversation.Conversation`."""

    send: Final = waited(conversation.Conversation.send)
    react: Final = waited(conversation.Conversation.react)
    attach: Final = waited(conversation.Conversation.attach)
    download: Final = waited(conversation.Conversation.download)
    send_bytes: Final = waited(conversation.Conversation.send_bytes)
    send_ephemeral: Final = waited(conversation.Conversation.send_ephemeral)
    history: Final = plain(conversation.Conversation.history)
    message: Final = plain(conversation.Conversation.message)
    reactions: Final = plain(conversation.Conversation.reactions)
    search: Final = plain(conversation.Conversation.search)

    subgroup: Final = entered(conversation.Conversation.subgroup)
    invite: Final = waited(conversation.Conversation.invite)
    invite_card: Final = waited(conversation.Conversation.invite_card)
    link: Final = waited(conversation.Conversation.link)
    close_links: Final = waited(conversation.Conversation.close_links)
    remove: Final = waited(conversation.Conversation.remove)
    remove_device: Final = waited(conversation.Conversation.remove_device)
    leave: Final = waited(conversation.Conversation.leave)
    come_back: Final = waited(conversation.Conversation.come_back)
    rename: Final = waited(conversation.Conversation.rename)
    set_role: Final = waited(conversation.Conversation.set_role)
    set_expiry: Final = waited(conversation.Conversation.set_expiry)
    set_inviting: Final = waited(conversation.Conversation.set_inviting)
    rotate: Final = waited(conversation.Conversation.rotate)
    upgrade: Final = waited(conversation.Conversation.upgrade)
    set_quantum_safe: Final = waited(conversation.Conversation.set_quantum_safe)
    own_devices: Final = plain(conversation.Conversation.own_devices)
    lacking: Final = waited(conversation.Conversation.lacking)
    dry_run: Final = plain(conversation.Conversation.dry_run)

    safety_number: Final = plain(conversation.Conversation.safety_number)
    group_number: Final = plain(conversation.Conversation.group_number)
    verify: Final = waited(conversation.Conversation.verify)
    unverify: Final = waited(conversation.Conversation.unverify)
    export: Final = plain(conversation.Conversation.export)

    def events(self, *, live: bool = True, since: int | None = None) -> Feed:
        """What happens in this group, for ``for``; see the asynchronous one."""
        feed = self._portal.plain(partial(self._inner.events, live=live, since=since))
        return Feed(self._portal, feed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Conversation) and other._inner == self._inner

    def __hash__(self) -> int:
        return hash(self._inner)

    @property
    def id(self) -> str:
        """Its gid, in hex; the same for all members."""
        return self._portal.plain(lambda: self._inner.id)

    @property
    def name(self) -> str:
        """What it is called."""
        return self._portal.plain(lambda: self._inner.name)

    @property
    def status(self) -> str:
        """How we stand to it."""
        return self._portal.plain(lambda: self._inner.status)

    @property
    def is_in(self) -> bool:
        """Whether we are in it."""
        return self._portal.plain(lambda: self._inner.is_in)

    @property
    def trouble(self) -> str:
        """What is in the way, for people; empty when nothing is."""
        return self._portal.plain(lambda: self._inner.trouble)

    @property
    def epoch(self) -> int:
        """The number of its epoch."""
        return self._portal.plain(lambda: self._inner.epoch)

    @property
    def was_moved(self) -> bool:
        """Whether it has had another cipher suite before."""
        return self._portal.plain(lambda: self._inner.was_moved)

    @property
    def quantum_safe(self) -> bool:
        """Whether it refuses every suite that is not."""
        return self._portal.plain(lambda: self._inner.quantum_safe)

    @property
    def suite(self) -> int:
        """The number of its cipher suite."""
        return self._portal.plain(lambda: self._inner.suite)

    @property
    def waiting(self) -> int:
        """How many messages of ours the broker does not have yet."""
        return self._portal.plain(lambda: self._inner.waiting)

    @property
    def inviting(self) -> str:
        """Who may invite: ``members`` or ``admins``; empty when the group does not say."""
        return self._portal.plain(lambda: self._inner.inviting)

    @property
    def expires_after(self) -> int:
        """Seconds after which messages disappear that do not say it themselves; 0 is never."""
        return self._portal.plain(lambda: self._inner.expires_after)

    @property
    def parent(self) -> str:
        """The id of the group of which this is a subgroup; empty when it is none."""
        return self._portal.plain(lambda: self._inner.parent)

    @property
    def members(self) -> list[MemberView]:
        """Who is in it, in the order of the tree; nobody when we are not."""
        return self._portal.plain(lambda: self._inner.members)


class Client(Face[client.Client]):
    """One identity; see :class:`covey.client.client.Client`. Begin with :meth:`open`."""

    open: Final = begun(client.Client.open)
    restore: Final = alone(client.Client.restore)

    create_group: Final = entered(client.Client.create_group)
    next_group: Final = entered(client.Client.next_group)
    join: Final = entered(client.Client.join)
    group: Final = found(client.Client.group)
    card: Final = waited(client.Client.card)

    devices: Final = waited(client.Client.devices)
    device_code: Final = waited(client.Client.device_code)
    add_device: Final = waited(client.Client.add_device)
    remove_device: Final = waited(client.Client.remove_device)
    backup: Final = waited(client.Client.backup)
    change_passphrase: Final = waited(client.Client.change_passphrase)
    acknowledge: Final = waited(client.Client.acknowledge)
    forget_consumer: Final = waited(client.Client.forget_consumer)
    search: Final = plain(client.Client.search)
    sync: Final = waited(client.Client.sync)

    def start(self) -> Self:
        """Open it, where there is no ``with``, as over several cells of a notebook.

        What is still open when Python ends is closed then.

        Raises:
            CoveyError: As :meth:`covey.client.client.Client.__aenter__` does.
        """
        portal = self._portal.open()
        self._entered = portal.wrap_async_context_manager(self._inner)
        try:
            self._entered.__enter__()
        except BaseException:
            self._portal.close()
            raise
        atexit.register(self.close)  # else it waits for its thread, which waits for it
        return self

    def close(self) -> None:
        """End what :meth:`start` has begun; what waits stays in the store. Twice is as good."""
        if self._portal.is_open:
            self.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        atexit.unregister(self.close)
        try:
            return bool(self._entered.__exit__(kind, error, trace))
        finally:
            self._portal.close()

    def groups(self) -> list[Conversation]:
        """All groups of the store, the oldest first; also those that we have left."""
        found = self._portal.plain(self._inner.groups)
        return [Conversation(self._portal, each) for each in found]

    def events(self, consumer: str = client.CONSUMER, *, live: bool = True) -> Feed:
        """What happens, for ``for``: each event until it is acknowledged."""
        feed = self._portal.plain(partial(self._inner.events, consumer, live=live))
        return Feed(self._portal, feed)

    @property
    def last_number(self) -> int:
        """The number of the last event that was handed out."""
        return self._inner.last_number

    @property
    def name(self) -> str:
        """Who we are."""
        return self._portal.plain(lambda: self._inner.name)

    @property
    def path(self) -> Path | None:
        """The store's file; None when it is in memory."""
        return self._inner.path

    @property
    def broker(self) -> str | None:
        """The URL of the broker; None without one."""
        return self._portal.plain(lambda: self._inner.broker)

    @property
    def has_account(self) -> bool:
        """Whether we have an account at the broker."""
        return self._portal.plain(lambda: self._inner.has_account)

    @property
    def clock_off(self) -> int:
        """Hours by which this machine's clock is ahead of the broker's; negative for behind."""
        return self._portal.plain(lambda: self._inner.clock_off)

    @property
    def refused(self) -> list[WishRefused]:
        """What turned out since the client was opened to be impossible, the first of it first."""
        return self._portal.plain(lambda: self._inner.refused)

    @property
    def suites(self) -> tuple[int, ...]:
        """The cipher suites for which we have keys, by number; that of new groups is the first."""
        return self._portal.plain(lambda: self._inner.suites)

    @property
    def online(self) -> bool:
        """Whether the broker has answered last time."""
        return self._portal.plain(lambda: self._inner.online)

    @property
    def trouble(self) -> str:
        """What was in the way last time, for people; empty when nothing was."""
        return self._portal.plain(lambda: self._inner.trouble)
