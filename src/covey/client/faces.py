"""Calls handed over to an event loop in a thread: of what the blocking client is made.

May import anyio.
"""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    overload,
)

import anyio
from anyio.from_thread import start_blocking_portal

from covey.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextlib import AbstractContextManager

    from anyio.from_thread import BlockingPortal

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")


class Portal:
    """Hands calls over to the thread of the event loop."""

    def __init__(self) -> None:
        self._opening: AbstractContextManager[BlockingPortal] | None = None
        self._portal: BlockingPortal | None = None

    @property
    def is_open(self) -> bool:
        """Whether the thread runs."""
        return self._opening is not None

    def open(self) -> BlockingPortal:
        """Begin the thread."""
        if self._opening is not None:
            msg = "the client is open already"
            raise StateError(msg)
        self._opening = start_blocking_portal()
        self._portal = self._opening.__enter__()
        return self._portal

    def close(self) -> None:
        """End it."""
        opening, self._opening, self._portal = self._opening, None, None
        if opening is not None:
            opening.__exit__(None, None, None)

    def wait(self, work: Callable[[], Awaitable[T]]) -> T:
        """Wait for a coroutine."""
        return self._result(work)

    def plain(self, work: Callable[[], T]) -> T:
        """Do something that does not wait."""

        async def done() -> T:
            return work()

        return self._result(done)

    def _result(self, work: Callable[[], Awaitable[T]]) -> T:
        if self._portal is None:
            msg = (
                "the client is not open: use it within `with Client.open(…) as client`, or start it"
            )
            raise StateError(msg)
        future = self._portal.start_task_soon(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise


class Face(Generic[S]):
    """The blocking face of something asynchronous.

    Args:
        portal: Hands calls over.
        inner: What they are handed to.
    """

    def __init__(self, portal: Portal, inner: S) -> None:
        self._portal = portal
        self._inner = inner

    def __repr__(self) -> str:
        return f"blocking.{self._inner!r}"


class Method(Generic[P, T]):
    """A method that is handed over; a descriptor."""

    def __init__(
        self,
        method: Callable[..., Any],
        *,
        waits: bool,
        faced: Callable[[Portal, Any], T] = lambda _, result: result,
    ) -> None:
        self._method = method
        self._waits = waits
        self._faced = faced
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: Face[Any], owner: type) -> Callable[P, T]: ...

    def __get__(self, instance: Face[Any] | None, owner: type) -> Self | Callable[P, T]:
        if instance is None:
            return self
        method, portal, inner = self._method, instance._portal, instance._inner  # noqa: SLF001
        over = portal.wait if self._waits else portal.plain
        faced = self._faced

        def handed_over(*args: P.args, **kwargs: P.kwargs) -> T:
            return faced(portal, over(partial(method, inner, *args, **kwargs)))

        update_wrapper(handed_over, method)
        return handed_over


def waited(method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> Method[P, T]:
    """A coroutine method, as a plain one."""
    return Method(method, waits=True)


def plain(method: Callable[Concatenate[Any, P], T]) -> Method[P, T]:
    """A method that does not wait, called in the thread of the event loop."""
    return Method(method, waits=False)


def alone(function: Callable[P, Coroutine[Any, Any, T]]) -> staticmethod[P, T]:
    """A coroutine function that needs no client, as a plain one."""

    def ran(*args: P.args, **kwargs: P.kwargs) -> T:
        return anyio.run(partial(function, *args, **kwargs))

    return staticmethod(update_wrapper(ran, function))
