"""What became of a script: its answer, or what it raised. May import nothing of covey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType

T = TypeVar("T")


class Outcome(Generic[T]):
    """An answer or an error; as a context, it keeps what its block raises.

    Attributes:
        error: What was raised; None when there is an answer.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._answers: list[T] = []

    def keep(self, answer: T) -> None:
        """The script returned this."""
        self._answers = [answer]

    def fail(self, error: Exception) -> None:
        """What the script has done was undone, or it has done nothing."""
        self.error = error

    def answer(self) -> T:
        """What the script returned; raises what it raised."""
        if self.error is not None:
            raise self.error
        [answer] = self._answers
        return answer

    def settle(self, waiting: asyncio.Future[T]) -> None:
        """Tell whoever waits, unless they have given up."""
        if waiting.done():
            return
        if self.error is not None:
            waiting.set_exception(self.error)
        else:
            waiting.set_result(self.answer())

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):  # nothing, or a cancellation, which is not for us
            return False
        self.error = error
        return True
